//! Keys in Chinese, and keys whose value may be Chinese: a part of scan A that runs only where there are bytes beyond ASCII.
//!
//! In: text in UTF-8 or GB18030. Out: spans. The words are looked for in both encodings.

use std::{borrow::Cow, ops::Range};

use aho_corasick::{AhoCorasick, Anchored, BuildError, Input, MatchKind, StartKind};
use encoding_rs::GB18030;

use super::{
    account::{self, is_account},
    identity::{self, Field},
    kinds::Kind,
    lists, people, phrase,
    rows::lines_below,
    rules::WIDE_RULES,
    scan::{Literals, push},
    span::Span,
    spoken, tables,
    value::{self, Style, at, is_name},
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

/// Words that stand before a secret as well, but do not say that one follows: `密码已重新`.
const FILLERS: &[&str] = &[
    "已", "被", "重", "新", "统", "一", "置", "初", "始", "化", "认", "暂", "时", "仍", "还", "就", "都", "均", "了", "该", "目",
    "前", "现", "在", "当", "原", "来", "那", "这", "个", "分", "别", "从", "由", "应", "】", "]", "」", "”", "的", "先", "将",
    "修", "更", "变", "写", "也",
];
/// Words that do, but belong to names of people elsewhere.
const SAYING: &[&str] = &["成", "用", "叫", "做", "填", "设", "改", "换", "『", "《"];

/// The tables of words, each in UTF-8 and in GB18030.
pub(super) struct Wide {
    keys: AhoCorasick,
    signs: AhoCorasick,
    fillers: AhoCorasick,
}

/// What stands between a key in Chinese and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Between {
    /// Where the value begins.
    pub(super) start: usize,
    /// More than blanks and words that say nothing.
    pub(super) signed: bool,
    /// A colon, `=` or an opening quote is the last of it: the value may be Chinese too.
    opened: bool,
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
            fillers: build(&mut FILLERS.iter().chain(SAYING).flat_map(|word| both(word)), StartKind::Anchored)?,
        })
    }
}

impl Literals<'_> {
    /// Keys in Chinese, and others whose value may be Chinese.
    pub(super) fn wide(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        for hit in self.redactor.wide.keys.find_iter(Input::new(t).range(from..to)) {
            let (word, kind) = WIDE_RULES[hit.pattern().as_usize() / 2];
            let quoted = matches!(at(t, hit.end()), b'"' | b'\'');
            let between = self.behind_wide(hit.end());
            let (i, signed) = (between.start, between.signed);
            match kind {
                Kind::PersonName => people::at_key(t, hit.range(), between, word, spans),
                // `值班电话：张伟 139..`
                Kind::CnMobile if signed && !at(t, i).is_ascii() => people::at_key(t, hit.range(), between, word, spans),
                Kind::CnMobile => self.field(Field::Phone, kind, hit.range(), spans),
                Kind::BankCard => self.field(Field::Card, kind, hit.range(), spans),
                Kind::Gps if word == "°" => self.field(Field::Minutes, kind, hit.range(), spans),
                Kind::Gps => self.field(Field::Degrees, kind, hit.range(), spans),
                Kind::SerialNumber => self.field(Field::Serial, kind, hit.range(), spans),
                Kind::SystemUuid => self.field(Field::Uuid, kind, hit.range(), spans),
                Kind::Username if !at(t, i).is_ascii() || matches!(at(t, i), b'"' | b'\'') => {
                    people::at_key(t, hit.range(), between, word, spans);
                }
                Kind::Username if i > hit.end() => {
                    if let Some(range) = account::named(t, i)
                        && is_account(&t[range.clone()])
                    {
                        push(range, kind, spans);
                    }
                }
                Kind::ZhPassword => {
                    tables::below(t, hit.start(), &self.wide_table, &mut |value| {
                        push(value, kind, spans);
                    });
                    if signed || !quoted {
                        self.password(hit.range(), word, spans);
                    }
                }
                _ if i > hit.end() && (signed || !quoted) && at(t, i).is_ascii_graphic() => {
                    self.spoken_secret(between, kind, spans);
                }
                _ => {}
            }
        }
    }

    /// What stands behind a key that ends here.
    pub(super) fn behind_wide(&self, end: usize) -> Between {
        let t = self.text;
        // The key itself may be in quotes.
        let mut between = Between { start: end + usize::from(matches!(at(t, end), b'"' | b'\'')), signed: false, opened: false };
        while between.start <= end + 32 && between.start < t.len() {
            let anchored = Input::new(t).range(between.start..).anchored(Anchored::Yes);
            let Some(sign) = self.redactor.wide.signs.find(anchored) else { break };
            between = between.over(t, sign.range(), true);
        }
        between
    }

    /// The same behind a key of secrets, where more words may stand, and a remark in brackets.
    fn behind_secret(&self, end: usize) -> Between {
        let t = self.text;
        let remark = remark(t, end);
        let mut between = self.behind_wide(remark.unwrap_or(end));
        between.signed |= remark.is_some();
        let mut said = between.signed;
        let limit = end + 48;
        while between.start <= limit && between.start < t.len() {
            let anchored = Input::new(t).range(between.start..).anchored(Anchored::Yes);
            let (filler, says) = match self.redactor.wide.signs.find(anchored.clone()) {
                Some(sign) => (sign, true),
                None => match self.redactor.wide.fillers.find(anchored) {
                    Some(filler) => (filler, filler.pattern().as_usize() / 2 >= FILLERS.len()),
                    None => break,
                },
            };
            said |= says && !t[filler.start()].is_ascii_whitespace();
            between = between.over(t, filler.range(), said);
        }
        between.signed = said;
        between
    }

    /// The password behind a key in Chinese, in a sentence or a field.
    fn password(&self, key: Range<usize>, word: &str, spans: &mut Vec<Span>) {
        let t = self.text;
        let between = self.behind_secret(key.end);
        let i = between.start;
        let said = ["密码", "口令", "密 码", "口 令", "密匙"].contains(&word);
        let next = at(t, i);
        if !next.is_ascii() {
            if said && between.opened {
                let value = phrase::secret(t, i, i);
                value.map(|value| push(value, Kind::ZhPassword, spans));
            }
        } else if between.opened && next == b'\n' && said {
            let line = lines_below(t, i).next().filter(|line| spoken::is_strong(&t[line.clone()]));
            let line = line.filter(|line| t[line.clone()].iter().all(u8::is_ascii_graphic));
            if let Some(line) = line.filter(|line| identity::is_spoken_secret(&t[line.clone()], false)) {
                push(line, Kind::ZhPassword, spans);
            }
        } else if next.is_ascii_graphic() {
            let blank = i > key.end && t[key.end..i].is_ascii();
            // With words that say nothing between, or nothing at all, the value itself has to look like one.
            if between.signed || blank {
                let end = self.spoken_secret(between, Kind::ZhPassword, spans);
                self.of_pair(key.start, i, end.unwrap_or(i), spans);
                self.changed_to(end, spans);
            } else if said && phrase::is_mixed(t, i) {
                let end = self.spoken_secret(between, Kind::ZhPassword, spans);
                self.changed_to(end, spans);
            }
        }
    }

    /// `账号和密码为 name / secret`: what was found first is the name.
    fn of_pair(&self, key: usize, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        if !phrase::is_pair(t, key) {
            return;
        }
        let name = start + t[start..].iter().take(64).take_while(|b| is_name(**b)).count();
        let sign = value::skip_blanks(t, name.max(end));
        let sign = if at(t, name) == b'/' { name } else { sign };
        if at(t, sign) == b'/' {
            let second = value::skip_blanks(t, sign + 1);
            self.spoken_secret(Between { start: second, signed: true, opened: false }, Kind::ZhPassword, spans);
        }
    }

    /// `从 old 改成 new`
    fn changed_to(&self, end: Option<usize>, spans: &mut Vec<Span>) {
        let Some(end) = end else { return };
        let between = self.behind_secret(end);
        let text = self.text.get(end..between.start).unwrap_or_default();
        if between.signed && !text.is_ascii() && phrase::is_mixed(self.text, between.start) {
            self.spoken_secret(between, Kind::ZhPassword, spans);
        }
    }

    /// The secret behind a key in a sentence: it ends where the sentence goes on. Tells where.
    fn spoken_secret(&self, between: Between, kind: Kind, spans: &mut Vec<Span>) -> Option<usize> {
        let t = self.text;
        let (i, signed) = (between.start, between.signed);
        if at(t, i) == b'[' {
            lists::items(t, i, Style::Json, self.open_end, &mut |item| {
                if identity::is_spoken_secret(&t[item.range.clone()], signed) {
                    push(item.range, kind, spans);
                }
            });
            return None;
        }
        let found = value::scalar(t, i, b' ', Style::Plain, self.open_end)?;
        let full = found.full(t);
        let length = t[full.clone()].iter().position(|b| !b.is_ascii()).unwrap_or(full.len());
        let mut range = full.start..full.start + length;
        if length < full.len()
            && between.opened
            && let Some(mixed) = phrase::secret(t, full.start, full.start + length)
        {
            range.end = mixed.end;
        }
        range.end = phrase::second_half(t, &range);
        if identity::is_spoken_secret(&t[range.clone()], signed) { Some(push(range, kind, spans)) } else { None }
    }
}

impl Between {
    /// Goes over a sign.
    fn over(self, t: &[u8], sign: Range<usize>, says: bool) -> Between {
        let blank = t[sign.start].is_ascii_whitespace();
        let opens = ["：", ":", "=", "“", "「", "‘", "『", "【"].iter().any(|o| &t[sign.clone()] == o.as_bytes())
            || matches!(t[sign.clone()], [0xa3, 0xba | 0xbd] | [0xa1, 0xb0]);
        Between { start: sign.end, signed: self.signed || says && !blank, opened: opens || blank && self.opened }
    }
}

/// Behind a remark in brackets that a sign follows: `密码（默认）：`, `密码[root]=`.
fn remark(t: &[u8], i: usize) -> Option<usize> {
    const BRACKETS: [(&str, &str); 5] = [("（", "）"), ("(", ")"), ("[", "]"), ("【", "】"), ("<", ">")];
    let rest = &t[i.min(t.len())..t.len().min(i + 48)];
    let (open, close) = BRACKETS.iter().find(|(open, _)| rest.starts_with(open.as_bytes()))?;
    let close = memchr::memmem::find(rest, close.as_bytes())? + close.len();
    let behind = &rest[close..];
    let signed = ["：", ":", "=", " :", " =", "为", "是"].iter().any(|s| behind.starts_with(s.as_bytes()));
    (signed && close > open.len() + 1 && !rest[..close].contains(&b'\n')).then_some(i + close)
}
