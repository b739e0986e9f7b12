//! What stands between a sign and a value without belonging to the value: the letter of a string, tags and anchors of YAML,
//! constructors around a string, braces of connection strings.
//!
//! In: text and the place behind the sign. Out: where the value itself is. Each look is bounded and stays in the line.

use std::ops::Range;

use super::value::{at, line_end, skip_blanks};

/// Types that hold a secret and are printed around it.
const CONSTRUCTORS: [&[u8]; 18] = [
    b"md5(",
    b"MD5(",
    b"sha1(",
    b"SHA1(",
    b"crypt(",
    b"encrypt(",
    b"Some(",
    b"Optional[",
    b"Optional(",
    b"SecretStr(",
    b"Secret(",
    b"Password(",
    b"String(",
    b"str(",
    b"bytes(",
    b"&str(",
    b"text(",
    b"Ok(",
];

/// Letters before a quote: strings of Python, of SQL, of C++.
const LETTERS: &[u8] = b"uUbBrRnNeEL";

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'')
}

/// Where the value begins whose prefixes begin at `i`.
pub(super) fn skip(t: &[u8], i: usize, sign: u8) -> usize {
    let mut i = i;
    while sign == b':' && (at(t, i) == b'&' || t[i.min(t.len())..].starts_with(b"!!")) {
        let word =
            t[i..].iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'&' | b'!' | b'_' | b'-')).count();
        let next = skip_blanks(t, i + word);
        if word < 2 || next == i + word || matches!(at(t, next), b'\n' | b'\r') {
            return i;
        }
        i = next;
    }
    let rest = &t[i.min(t.len())..];
    if rest.starts_with(b"{") {
        return in_object(t, i).unwrap_or(i);
    }
    if let Some(constructor) = CONSTRUCTORS.iter().find(|c| rest.starts_with(c)) {
        let inner = i + constructor.len();
        let begin = letters(t, inner);
        return if is_quote(at(t, begin)) { begin } else { i };
    }
    letters(t, i)
}

/// Where the string begins in `{"value": "x"}`.
fn in_object(t: &[u8], i: usize) -> Option<usize> {
    let i = skip_blanks(t, i + 1);
    let escape = usize::from(at(t, i) == b'\\');
    let rest = t.get(i + escape..)?.strip_prefix(b"\"value")?;
    let rest = if escape == 1 { rest.strip_prefix(b"\\")? } else { rest };
    let colon = t.len() - rest.strip_prefix(b"\"")?.len();
    let colon = skip_blanks(t, colon);
    let start = skip_blanks(t, colon + 1);
    (at(t, colon) == b':' && matches!(at(t, start), b'"' | b'\\')).then_some(start)
}

/// Behind the letters of a string, if one begins at `i`.
fn letters(t: &[u8], i: usize) -> usize {
    let count = t[i.min(t.len())..].iter().take(2).take_while(|b| LETTERS.contains(b)).count();
    if is_quote(at(t, i + count)) { i + count } else { i }
}

/// The value in the braces that open at `i`, as ODBC writes one with signs in it: `PWD={a;b};`.
pub(super) fn braced(t: &[u8], i: usize) -> Option<Range<usize>> {
    if at(t, i) != b'{' {
        return None;
    }
    let end = line_end(t, i).min(i + 128);
    let close = i + memchr::memchr(b'}', &t[i..end])?;
    let value = i + 1..close;
    let ends = matches!(at(t, close + 1), b';' | b'"' | b'\'' | b'\n' | b'\r');
    let plain = !t[value.clone()].iter().any(|b| matches!(b, b'{' | b'"' | b'\'' | b':'));
    (ends && plain && !value.is_empty()).then_some(value)
}

/// The string of `q{x}`, `qq(x)`, `%q[x]`, as Perl and Ruby write one with quotes in it.
pub(super) fn perl(t: &[u8], i: usize) -> Option<Range<usize>> {
    let i = i + usize::from(at(t, i) == b'%');
    let rest = t.get(i..)?;
    let letters = if rest.starts_with(b"qq") { 2 } else { 1 };
    if !matches!(at(t, i), b'q' | b'Q') {
        return None;
    }
    let open = i + letters;
    let close = match at(t, open) {
        b'{' => b'}',
        b'(' => b')',
        b'[' => b']',
        b'<' => b'>',
        sign @ (b'|' | b'!' | b'~' | b'/') => sign,
        _ => return None,
    };
    let end = line_end(t, open).min(open + 128);
    let mut depth = 1;
    for (n, b) in t[open + 1..end].iter().enumerate() {
        if *b == close {
            depth -= 1;
        } else if *b == t[open] {
            depth += 1;
        }
        if depth == 0 {
            return (n > 0).then_some(open + 1..open + 1 + n);
        }
    }
    None
}

/// The string in `''x y''`, whose quotes are doubled because it is a part of one in quotes.
pub(super) fn doubled(t: &[u8], i: usize) -> Option<Range<usize>> {
    let begins = t.get(i..i + 3).is_some_and(|v| v.starts_with(b"''") && v[2].is_ascii_graphic() && !b",;)}]'\"".contains(&v[2]));
    let start = i + 2;
    let end = if begins { line_end(t, start).min(start + 128) } else { return None };
    let close = start + memchr::memmem::find(&t[start..end], b"''")?;
    (!t[start..close].contains(&b'=')).then_some(start..close)
}

#[cfg(test)]
mod tests {
    #[test]
    fn prefixes_of_values() {
        let skip = |t: &'static str| &t[super::skip(t.as_bytes(), 0, b':')..];
        assert_eq!(skip("u'x'"), "'x'");
        assert_eq!(skip("N'x'"), "'x'");
        assert_eq!(skip("Some(\"x\")"), "\"x\")");
        assert_eq!(skip("&anchor x"), "x");
        assert_eq!(skip("!!str 'x'"), "'x'");
        assert_eq!(skip("{\"value\": \"x\"}"), "\"x\"}");
        for same in ["{\"value\": 1}", "{x}", "under", "&anchor", "&amp;x y", "Some(x)", "!vault |"] {
            assert_eq!(skip(same), same);
        }
        assert_eq!(super::braced(b"{a;b};x", 0), Some(1..4));
        assert_eq!(super::braced(b"{{ x }}", 0), None);
        assert_eq!(super::braced(b"{SSHA}abc", 0), None);
        assert_eq!(super::perl(b"q{p3rl{DBI}x}) or", 0), Some(2..12));
        assert_eq!(super::perl(b"qq|x y|;", 0), Some(3..6));
        assert_eq!(super::perl(b"queue/x", 0), None);
        assert_eq!(super::doubled(b"''a b'' x", 0), Some(2..5));
        assert_eq!(super::doubled(b"'' x=''", 0), None);
    }
}
