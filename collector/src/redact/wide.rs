//! Keys in Chinese, and keys whose value may be Chinese: a part of scan A that runs only where there are bytes beyond ASCII.
//!
//! In: text in UTF-8 or GB18030. Out: spans. The words are looked for in both encodings.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, Anchored, BuildError, Input, MatchKind, StartKind};
use encoding_rs::GB18030;

use super::{
    account::{self, is_account},
    identity::{self, Field},
    kinds::Kind,
    lists, person,
    rules::WIDE_RULES,
    scan::{Literals, push},
    span::Span,
    tables,
    value::{self, Style, at},
};

/// What stands between a key in Chinese and its value, one after another.
const SIGNS: &[&str] = &[
    "统一为",
    "统一是",
    "换成",
    "换为",
    "设成",
    "设置成",
    "改成了",
    "改为了",
    "就是",
    "仍为",
    "仍是",
    "—",
    "都是",
    "均为",
    "暂为",
    "初始化为",
    "置为",
    "已经改为",
    "被重置为",
    "恢复为",
    "修改成",
    ">",
    "|",
    "*",
    "已重置为",
    "已修改为",
    "已更新为",
    "重置为",
    "重置成",
    "已改为",
    "修改为",
    "设置为",
    "变更为",
    "更新为",
    "已设为",
    "初始值",
    "默认为",
    "->",
    "改为",
    "改成",
    "设为",
    "默认",
    "等于",
    "：",
    ":",
    "=",
    " ",
    "是",
    "为",
    "“",
    "\t",
    "　",
    "（",
    "(",
    "【",
    "「",
    "‘",
    "→",
];

/// The tables of words, each in UTF-8 and in GB18030.
pub(super) struct Wide {
    keys: AhoCorasick,
    signs: AhoCorasick,
}

impl Wide {
    /// Builds the tables.
    ///
    /// # Errors
    /// If they are too large, which the words here are not.
    pub(super) fn new() -> Result<Wide, BuildError> {
        let build = |words: &mut dyn Iterator<Item = Cow<'static, [u8]>>, start| {
            AhoCorasick::builder().start_kind(start).match_kind(MatchKind::LeftmostLongest).build(words)
        };
        let both = |word: &'static str| [Cow::Borrowed(word.as_bytes()), GB18030.encode(word).0];
        Ok(Wide {
            keys: build(&mut WIDE_RULES.iter().flat_map(|(word, _)| both(word)), StartKind::Unanchored)?,
            signs: build(&mut SIGNS.iter().flat_map(|word| both(word)), StartKind::Anchored)?,
        })
    }
}

impl Literals<'_> {
    /// Keys in Chinese, and others whose value may be Chinese.
    pub(super) fn wide(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        for hit in self.redactor.wide.keys.find_iter(Input::new(t).range(from..to)) {
            let (word, kind) = WIDE_RULES[hit.pattern().as_usize() / 2];
            if kind == Kind::ZhPassword {
                tables::below(t, hit.start(), &self.wide_table, &mut |value| {
                    push(value, kind, spans);
                });
            }
            let quoted = matches!(at(t, hit.end()), b'"' | b'\'');
            let (i, signed) = self.behind_wide(hit.end());
            match kind {
                Kind::PersonName => name(t, hit.end(), i, signed, word, spans),
                Kind::CnMobile => self.field(Field::Phone, kind, hit.range(), spans),
                Kind::BankCard => self.field(Field::Card, kind, hit.range(), spans),
                Kind::Gps if word == "°" => self.field(Field::Minutes, kind, hit.range(), spans),
                Kind::Gps => self.field(Field::Degrees, kind, hit.range(), spans),
                Kind::Username if !at(t, i).is_ascii() || matches!(at(t, i), b'"' | b'\'') => {
                    name(t, hit.end(), i, signed, word, spans);
                }
                Kind::Username if i > hit.end() => {
                    if let Some(range) = account::named(t, i)
                        && is_account(&t[range.clone()])
                    {
                        push(range, kind, spans);
                    }
                }
                _ if i > hit.end() && (signed || !quoted) && at(t, i).is_ascii_graphic() => {
                    self.spoken_secret(i, signed, kind, spans);
                }
                _ => {}
            }
        }
    }

    /// Where the value of a key that ends here begins, and whether a sign stands between them.
    pub(super) fn behind_wide(&self, end: usize) -> (usize, bool) {
        let t = self.text;
        // The key itself may be in quotes.
        let mut i = end + usize::from(matches!(at(t, end), b'"' | b'\''));
        let mut signed = false;
        while i <= end + 32 && i < t.len() {
            let Some(sign) = self.redactor.wide.signs.find(Input::new(t).range(i..).anchored(Anchored::Yes)) else { break };
            i = sign.end();
            signed |= !t[sign.start()].is_ascii_whitespace();
        }
        (i, signed)
    }

    /// The secret behind a key in a sentence: it ends where the sentence goes on.
    fn spoken_secret(&self, i: usize, signed: bool, kind: Kind, spans: &mut Vec<Span>) {
        let t = self.text;
        if t[i] == b'[' {
            lists::items(t, i, Style::Json, self.open_end, &mut |item| {
                if identity::is_spoken_secret(&t[item.range.clone()], signed) {
                    push(item.range, kind, spans);
                }
            });
            return;
        }
        let Some(found) = value::scalar(t, i, b' ', Style::Plain, self.open_end) else { return };
        let full = found.full(t);
        let length = t[full.clone()].iter().position(|b| !b.is_ascii()).unwrap_or(full.len());
        let range = full.start..full.start + length;
        if identity::is_spoken_secret(&t[range.clone()], signed) {
            push(range, kind, spans);
        }
    }
}

/// The name of a person behind a key.
fn name(t: &[u8], key_end: usize, i: usize, signed: bool, word: &str, spans: &mut Vec<Span>) {
    let quotes = t[i.min(t.len())..].iter().take(2).take_while(|b| matches!(b, b'"' | b'\'' | b'\\')).count();
    if let Some(range) = person::behind_key(t, i + quotes, i > key_end, signed, word) {
        push(range, Kind::PersonName, spans);
    }
}
