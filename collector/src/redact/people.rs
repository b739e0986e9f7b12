//! Where names of people stand in sentences: behind keys, in lists, before what one calls them.
//!
//! In: text in UTF-8 and the place of a word. Out: spans of names.

use std::ops::Range;

use super::{kinds::Kind, person, scan::push, span::Span, value::at, wide::Between};

/// Words behind a name.
const TITLES: [&str; 6] = ["先生", "女士", "小姐", "同志", "老师", "师傅"];
/// Fields that stand beside a name.
const BESIDE: [&str; 2] = ["男", "女"];
/// What parts the names of a list.
const PARTS: [&str; 8] = ["、", "/", "，", ",", "；", ";", "和", "及"];
/// More names of one list are not looked at.
const MOST: usize = 16;

/// The names at a word that stands beside them.
pub(super) fn at_key(t: &[u8], key: Range<usize>, between: Between, word: &str, spans: &mut Vec<Span>) {
    if TITLES.contains(&word) {
        if let Some(name) = person::ends_at(t, key.start) {
            push(name, Kind::PersonName, spans);
        }
        return;
    }
    if BESIDE.contains(&word) {
        return person::beside(t, key, &mut |name| {
            push(name, Kind::PersonName, spans);
        });
    }
    if word == ":x:" {
        return gecos(t, key.end, spans);
    }
    let i = between.start;
    // Some keys hold their sign.
    let own = ['=', ':', '>', '：'].iter().any(|sign| word.trim_ascii_end().ends_with(*sign));
    let spaced = i > key.end || own || word.ends_with(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric());
    let quotes = t[i.min(t.len())..].iter().take(2).take_while(|b| matches!(b, b'"' | b'\'' | b'\\')).count();
    let Some(mut name) = person::behind_key(t, i + quotes, spaced, between.signed || own, word) else { return };
    for _ in 0..MOST {
        let end = push(name, Kind::PersonName, spans);
        let Some(part) = PARTS.iter().find(|part| t[end..].starts_with(part.as_bytes())) else { break };
        let start = end + part.len();
        let start = start + usize::from(at(t, start) == b' ');
        let Some(next) = person::behind_key(t, start, true, false, "联系人") else { break };
        name = next;
    }
}

/// The name of the holder of an account: `zhang:x:1000:1000:张伟,..:/home/zhang:/bin/bash`.
fn gecos(t: &[u8], i: usize, spans: &mut Vec<Span>) {
    let number = |i: usize| {
        let digits = t[i.min(t.len())..].iter().take(8).take_while(|b| b.is_ascii_digit()).count();
        (digits > 0 && at(t, i + digits) == b':').then_some(i + digits + 1)
    };
    if let Some(holder) = number(i).and_then(number)
        && !at(t, holder).is_ascii()
        && let Some(name) = person::behind_key(t, holder, true, true, "姓名")
    {
        push(name, Kind::PersonName, spans);
    }
}
