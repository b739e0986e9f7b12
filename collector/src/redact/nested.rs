//! Quotes of strings in strings: JSON in a string of JSON, a quoted argument in a command that is quoted itself.
//!
//! In: text and a place. Out: which quote opens there, and where the string ends that it opens. A quote in a string has a
//! backslash before it, one in a string in a string has three, one a level further down seven.

use std::ops::Range;

use super::value::at;

/// The double quote that is furthest down: three strings around its own.
const DEEPEST: &[u8] = b"\\\\\\\\\\\\\\\"";

/// The double quote with backslashes before it that opens at `i`, if one does.
pub(super) fn quote(t: &[u8], i: usize) -> Option<&'static [u8]> {
    let slashes = t.get(i..)?.iter().take(DEEPEST.len()).take_while(|b| **b == b'\\').count();
    (slashes > 0 && slashes < DEEPEST.len() && at(t, i + slashes) == b'"').then(|| &DEEPEST[DEEPEST.len() - 1 - slashes..])
}

/// How many backslashes stand before `i`, not before `from`.
pub(super) fn slashes(t: &[u8], from: usize, i: usize) -> usize {
    t[from..i].iter().rev().take(64).take_while(|b| **b == b'\\').count()
}

/// Where the string in `t[start..end]` ends that `quote` has opened: at a quote of the same level. None where a string around
/// it ends before.
pub(super) fn closing(t: &[u8], start: usize, end: usize, quote: &[u8]) -> Option<usize> {
    let mut i = start;
    while let Some(n) = memchr::memchr(b'"', t.get(i..end)?) {
        let sign = i + n;
        // In so many signs the quote itself is written; more are backslashes and quotes of the string.
        let signs = slashes(t, start, sign) + 1;
        if signs < quote.len() {
            return None;
        }
        if signs.is_multiple_of(quote.len()) && (signs / quote.len()) % 2 == 1 {
            return Some(sign + 1 - quote.len());
        }
        i = sign + 1;
    }
    None
}

/// Whether so many backslashes before `i` begin a control character of the string around, such as `\n`, and are none of its own:
/// the quote that opens that string tells.
pub(super) fn begins_control(t: &[u8], i: usize, count: usize) -> bool {
    let from = i.saturating_sub(512);
    memchr::memrchr(b'"', &t[from..i]).is_some_and(|n| slashes(t, from, from + n) + 1 == count)
}

/// The quote of an argument at `i`, plain or of a string in a string.
fn argument_quote(t: &[u8], i: usize) -> Option<&'static [u8]> {
    match at(t, i) {
        b'"' => Some(b"\""),
        b'\'' => Some(b"'"),
        _ => quote(t, i),
    }
}

/// The end of a quoted piece of an argument that begins at `i`, and its text.
fn piece(t: &[u8], i: usize, end: usize) -> Option<(usize, Range<usize>)> {
    let quote = argument_quote(t, i)?;
    let start = i + quote.len();
    let close = match quote {
        b"'" => start + memchr::memchr(b'\'', t.get(start..end)?)?,
        _ => closing(t, start, end, quote)?,
    };
    Some((close + quote.len(), start..close))
}

/// The end of a command's argument: a blank outside of quotes.
pub(super) fn argument_end(t: &[u8], start: usize, end: usize) -> usize {
    let mut i = start;
    while i < end && !matches!(t[i], b' ' | b'\t' | 0 | b'\r') {
        match argument_quote(t, i) {
            None if t[i..end].starts_with(b"\\'") => i += 2,
            Some(_) => {
                let Some((next, _)) = piece(t, i, end) else { break };
                i = next;
            }
            None => i += 1,
        }
    }
    i.min(end).max(start)
}

/// What the quoted text at the start of an argument is: without its quotes, or with them where more pieces belong to it.
pub(super) fn quoted(t: &[u8], argument: Range<usize>) -> Option<Range<usize>> {
    let Range { start, end } = argument;
    // Quotes that are doubled, for a string of YAML around.
    if t[start..end].starts_with(b"''") && t[start + 2..end].ends_with(b"''") && end - start > 4 {
        return Some(start + 2..end - 2);
    }
    if let Some(string) = t[start..end].strip_prefix(b"\\'") {
        return memchr::memmem::find(string, b"\\'").map(|n| start + 2..start + 2 + n);
    }
    let (mut i, first) = piece(t, start, end)?;
    let begin = i;
    while i < end {
        let word = t[i].is_ascii_alphanumeric() || b"_-.@#%+=:/!$^*~".contains(&t[i]);
        if word {
            i += 1;
        } else if t[i] == b'\\' && matches!(at(t, i + 1), b'\'') {
            i += 2;
        } else if let Some((next, inner)) = piece(t, i, end).filter(|(_, inner)| at(t, inner.start).is_ascii_alphanumeric()) {
            debug_assert!(inner.end < next, "the quote is behind");
            i = next;
        } else {
            break;
        }
    }
    Some(if i == begin { first } else { start..i })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_their_own_quote() {
        for (text, wanted) in [
            (r#"\"ab\",\"x"#, Some("ab")),
            (r#"\"a\\\"b\" x"#, Some(r#"a\\\"b"#)),
            (r#"\\\"ab\\\",\\\""#, Some("ab")),
            (r#"\\\"a\\\\\\\"b\\\""#, Some(r#"a\\\\\\\"b"#)),
            (r#"\\\\\\\"ab\\\\\\\""#, Some("ab")),
            (r#"\"ab\\\\\" x"#, Some(r"ab\\\\")),
            (r#"\"ab" x\""#, None),
            (r#"\\\"ab\" x"#, None),
        ] {
            let t = text.as_bytes();
            let open = quote(t, 0).expect("a quote");
            assert_eq!(closing(t, open.len(), t.len(), open).map(|end| &text[open.len()..end]), wanted, "{text}");
        }
        assert_eq!(quote(b"\\x", 0), None);
        assert_eq!(quote(&[b'\\'; 9], 0), None);
    }

    #[test]
    fn arguments_in_quotes() {
        for (text, argument, inner) in [
            ("'a b' c", "'a b'", "a b"),
            (r#""a\"b c" d"#, r#""a\"b c""#, r#"a\"b c"#),
            (r#"\"a b\" d"#, r#"\"a b\""#, "a b"),
            (r#"'ab'"cd" e"#, r#"'ab'"cd""#, r#"'ab'"cd""#),
            (r"'it'\''s a' e", r"'it'\''s a'", r"'it'\''s a'"),
            ("''ab'' c", "''ab''", "ab"),
            (r#""ab"; c"#, r#""ab";"#, "ab"),
            (r#""ab"' c"#, r#""ab""#, "ab"),
        ] {
            let end = argument_end(text.as_bytes(), 0, text.len());
            assert_eq!(&text[..end], argument);
            assert_eq!(quoted(text.as_bytes(), 0..end).map(|range| &text[range]), Some(inner), "{text}");
        }
    }
}
