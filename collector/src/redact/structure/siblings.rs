//! A value that stands beside its key's name, not behind the key: `- name: X` and `value: ..`.
//!
//! In: text and the place behind the name. Out: where the value begins. At most a few entries and lines are between.

use std::ops::Range;

use super::super::{
    scalar,
    value::{Style, is_name, line_end},
};

/// So far the value's key may be.
const REACH: usize = 256;
/// So many entries and remarks may be between, with the value's own.
const OTHERS: usize = 4;
/// What names a key.
const NAMES: [&[u8]; 2] = [b"name", b"key"];

fn blanks(t: &[u8], i: usize) -> usize {
    i + t[i.min(t.len())..].iter().take(REACH).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Blanks and at most one line end.
fn gap(t: &[u8], i: usize) -> usize {
    let mut i = blanks(t, i);
    if t.get(i) == Some(&b'\r') {
        i += 1;
    }
    if t.get(i) == Some(&b'\n') { blanks(t, i + 1) } else { i }
}

/// Without the quote at the end, and the backslashes before it.
fn unquoted(text: &[u8]) -> &[u8] {
    let bare = text.strip_suffix(b"\"").or(text.strip_suffix(b"'")).unwrap_or(text);
    &bare[..bare.len() - bare.iter().rev().take(7).take_while(|b| **b == b'\\').count()]
}

/// Where the value begins in `name: KEY` `value: ..`, from behind `KEY` and its quote. `start` is where `KEY` begins.
pub(in super::super) fn value(t: &[u8], start: usize, end: usize) -> Option<usize> {
    let before = t[start.saturating_sub(16)..start].trim_ascii_end();
    let before = unquoted(before).trim_ascii_end();
    let named = before.strip_suffix(b":").or(before.strip_suffix(b"="))?.trim_ascii_end();
    let named = unquoted(named);
    if !NAMES.iter().any(|n| named.len() >= n.len() && named[named.len() - n.len()..].eq_ignore_ascii_case(n)) {
        return None;
    }
    let mut i = end;
    for _ in 0..OTHERS {
        i = blanks(t, i);
        if t.get(i) == Some(&b',') {
            i += 1;
        }
        i = gap(t, i);
        if t.get(i) == Some(&b'#') {
            i = line_end(t, i);
            continue;
        }
        let quote = scalar::quote(t, i).map_or(0, <[u8]>::len);
        let key = i + quote..i + quote + t.get(i + quote..)?.iter().take(32).take_while(|b| is_name(**b) && **b != b'-').count();
        i = blanks(t, key.end + quote);
        if key.is_empty() || !matches!(t.get(i), Some(b':' | b'=')) {
            return None;
        }
        let begin = blanks(t, i + 1);
        if t[key.clone()].eq_ignore_ascii_case(b"value") {
            return Some(begin);
        }
        // Another entry of the same object may be between: it ends with a sign, or with its line.
        let other = scalar::scalar(t, begin, b':', Style::Json, false)?;
        let close = if other.quoted { other.range.end + scalar::quote(t, begin)?.len() } else { other.range.end };
        let named = NAMES.iter().any(|n| t[key.clone()].eq_ignore_ascii_case(n));
        if named || !matches!(t.get(close), Some(b',' | b'\n' | b'\r')) || close - end > REACH {
            return None;
        }
        i = close;
    }
    None
}

/// Whether a line is `value: ..`, perhaps the first of an item.
pub(in super::super) fn is_value(line: &[u8]) -> bool {
    of(line, b"value").is_some()
}

/// The value of a line `KEY: value`, perhaps the first of an item of YAML or in quotes of JSON.
fn of(line: &[u8], key: &[u8]) -> Option<Range<usize>> {
    let quoted = |b: &u8| matches!(b, b'"' | b'\'');
    let trimmed = line.trim_ascii_start();
    let trimmed = trimmed.strip_prefix(b"- ").unwrap_or(trimmed).trim_ascii_start();
    let rest = trimmed.strip_prefix(b"\"").unwrap_or(trimmed).strip_prefix(key)?;
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest).strip_prefix(b":")?;
    let start = line.len() - rest.trim_ascii_start().len();
    let rest = line[start..].trim_ascii_end();
    let rest = rest.strip_suffix(b",").unwrap_or(rest);
    let open = usize::from(rest.first().is_some_and(quoted));
    let close = usize::from(rest.len() > open && open == 1 && rest.last() == rest.first());
    (rest.len() > open + close && rest.len() <= REACH).then(|| start + open..start + rest.len() - close)
}

/// Calls `found` with every value whose name is in the line behind, and with that name.
pub(in super::super) fn before(t: &[u8], found: &mut dyn FnMut(Range<usize>, Range<usize>)) {
    let mut value: Option<Range<usize>> = None;
    let mut start = 0;
    while start < t.len() {
        let end = memchr::memchr(b'\n', &t[start..]).map_or(t.len(), |n| start + n);
        let line = &t[start..end];
        let place = |range: Range<usize>| start + range.start..start + range.end;
        if let Some((value, name)) = value.take().zip(of(line, b"name").or_else(|| of(line, b"key")))
            && !line.trim_ascii_start().starts_with(b"- ")
        {
            found(value, place(name));
        }
        value = of(line, b"value").map(place);
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_beside_their_names() {
        let value = |t: &'static str| {
            let start = t.find("DB_PW").expect("a name");
            super::value(t.as_bytes(), start, start + 5 + usize::from(t.contains("\"DB_PW\""))).map(|i| &t[i..])
        };
        assert_eq!(value("- name: DB_PW\n  value: x"), Some("x"));
        assert_eq!(value("{\"name\":\"DB_PW\",\"value\":\"x\"}"), Some("\"x\"}"));
        assert_eq!(value("\"key\": \"DB_PW\",\n  \"value\": \"x\""), Some("\"x\""));
        assert_eq!(value("- name: DB_PW\n  valueFrom: x"), None);
        assert_eq!(value("- name: DB_PW\n\n  value: x"), None);
        assert_eq!(value("- rule: DB_PW\n  value: x"), None);
    }
}
