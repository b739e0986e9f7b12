//! Where an escape ends: the letter or digit before a word may belong to one.
//!
//! In: text and a place. Out: whether the bytes before it write another character, as JSON, C, percent signs, rsyslog and
//! terminals do. Looks back over two dozen bytes at most.

use std::ops::Range;

/// The longest control sequence that is looked for.
const REACH: usize = 24;

/// Whether an escape ends at `i`.
pub(super) fn ends_at(t: &[u8], i: usize) -> bool {
    let lead = &t[i.saturating_sub(REACH)..i];
    let Some(sign) = lead.iter().rposition(|b| matches!(b, b'\\' | b'%' | b'#' | b'[' | b'(')) else { return false };
    match (lead[sign], &lead[sign + 1..]) {
        (b'\\', [b'n' | b't' | b'r' | b'b' | b'f' | b'v']) => true,
        (b'\\', [b'u', code @ ..]) => code.len() == 4 && is_sign(code),
        (b'\\', [b'x', code @ ..]) | (b'%', [b'2', b'5', code @ ..] | code) if code.len() == 2 => is_sign(code),
        (b'\\' | b'#', [b'0', high @ b'0'..=b'7', low @ b'0'..=b'7']) => {
            !char::from((high - b'0') * 8 + low - b'0').is_alphanumeric()
        }
        (b'(', [b'B' | b'0']) => lead[..sign].ends_with(b"\x1b"),
        (b'[', [parameters @ .., letter]) => {
            let plain = parameters.iter().all(|b| b.is_ascii_digit() || matches!(b, b';' | b'?'));
            let begun = [&b"\x1b"[..], b"033", b"1b", b"1B", b"\\e", b"^["].iter().any(|e| lead[..sign].ends_with(e));
            plain && letter.is_ascii_alphabetic() && (begun || *letter == b'm' && !parameters.is_empty())
        }
        _ => false,
    }
}

/// Whether these hexadecimal digits are the code of a character that is no letter and no digit of ASCII.
fn is_sign(code: &[u8]) -> bool {
    let value = std::str::from_utf8(code).ok().and_then(|code| u32::from_str_radix(code, 16).ok());
    value.and_then(char::from_u32).is_some_and(|c| !c.is_ascii_alphanumeric())
}

/// The word without the end of an escape that it begins with.
pub(super) fn without(t: &[u8], word: Range<usize>) -> Range<usize> {
    let ends = |n: &usize| word.start + n < word.end && t[word.start + n] != b'.' && ends_at(t, word.start + n);
    let begins = word.start > 0 && matches!(t[word.start - 1], b'\\' | b'%' | b'#' | b'(' | b'u' | b'x');
    let length = if begins { (1..=4).rev().find(ends).unwrap_or(0) } else { 0 };
    word.start + length..word.end
}

/// The byte before `i`, or a blank if an escape ends there.
pub(super) fn before(t: &[u8], i: usize) -> u8 {
    match i.checked_sub(1).map(|i| t[i]) {
        None => b'\n',
        Some(b) if b.is_ascii_alphanumeric() && ends_at(t, i) => b' ',
        Some(b) => b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_escapes() {
        for lead in ["\\n", "\\\\t", "\\u003c", "\\x1b[1;31m", "#012", "#033[0m", "\x1b[m", "%3D", "%253a", "\\040", "[32m"] {
            assert!(ends_at(lead.as_bytes(), lead.len()), "{lead}");
        }
        for lead in ["", "n", "\\k", "\\u0061", "#112", "%61", "[m", "\\060", "x1b"] {
            assert!(!ends_at(lead.as_bytes(), lead.len()), "{lead}");
        }
        assert_eq!(without(b"#01210.2.3.4", 1..12), 4..12);
        assert_eq!(without(b"\\u002010.2.3.4", 2..14), 6..14);
        assert_eq!(without(b"%20.30.40.50", 1..12), 1..12);
    }
}
