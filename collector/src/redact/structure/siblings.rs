//! A value that stands beside its key's name, not behind the key: `- name: X` and `value: ..`, blocks of YAML.
//!
//! In: text and the place behind the name. Out: where the value begins. At most one line end is between.

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
