//! A value that stands beside its key's name, not behind the key: `- name: X` and `value: ..`, blocks of YAML.
//!
//! In: text and the place behind the name. Out: where the value begins. At most one line end is between.

use std::ops::Range;

/// So far the value's key may be.
const REACH: usize = 256;

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

/// Where the value begins in `name: KEY` `value: ..`, from behind `KEY` and its quote. `start` is where `KEY` begins.
pub(in super::super) fn value(t: &[u8], start: usize, end: usize) -> Option<usize> {
    let before = t[start.saturating_sub(16)..start].trim_ascii_end();
    let before = before.strip_suffix(b"\"").or(before.strip_suffix(b"'")).unwrap_or(before).trim_ascii_end();
    let named = before.strip_suffix(b":").or(before.strip_suffix(b"="))?.trim_ascii_end();
    let named = named.strip_suffix(b"\"").or(named.strip_suffix(b"'")).unwrap_or(named);
    if ![&b"name"[..], b"key"].iter().any(|n| named.len() >= n.len() && named[named.len() - n.len()..].eq_ignore_ascii_case(n)) {
        return None;
    }
    let mut i = blanks(t, end);
    if t.get(i) == Some(&b',') {
        i += 1;
    }
    i = gap(t, i);
    let quoted = matches!(t.get(i), Some(b'"' | b'\''));
    i += usize::from(quoted);
    if !t.get(i..i + 5)?.eq_ignore_ascii_case(b"value") {
        return None;
    }
    i = blanks(t, i + 5 + usize::from(quoted));
    matches!(t.get(i), Some(b':' | b'=')).then(|| blanks(t, i + 1))
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

/// Where the text of a block begins whose `|` or `>` is at `i`: in the next line, indented.
pub(in super::super) fn block(t: &[u8], i: usize) -> Option<usize> {
    if !matches!(t.get(i), Some(b'|' | b'>')) {
        return None;
    }
    let sign = i + 1 + t[i + 1..].iter().take(2).take_while(|b| matches!(b, b'-' | b'+' | b'1'..=b'9')).count();
    let end = blanks(t, sign);
    let next = gap(t, end);
    (t.get(end..next)?.contains(&b'\n') && next > end + 1).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn blocks_of_one_line() {
        assert_eq!(block(b"|\n  x", 0), Some(4));
        assert_eq!(block(b">-\n  x", 0), Some(5));
        assert_eq!(block(b"|\nx", 0), None);
        assert_eq!(block(b"| grep x", 0), None);
    }
}
