//! Addresses and settings inside of an address, with their signs written as `%3A` (or `%253A`, encoded twice).
//!
//! In: text and the place of a key's end or of an encoded `://`. Out: the value's place.

use std::ops::Range;

/// A value in an address is at most this long.
const REACH: usize = 512;

/// The sign with this code at `i`, encoded once or twice: its length.
fn sign(t: &[u8], i: usize, code: [u8; 2]) -> Option<usize> {
    let rest = t.get(i..)?;
    let (prefix, length) = if rest.starts_with(b"%25") { (3, 5) } else { (1, 3) };
    (rest.first() == Some(&b'%') && rest.get(prefix..length)?.eq_ignore_ascii_case(&code)).then_some(length)
}

fn any_sign(t: &[u8], i: usize, codes: &[[u8; 2]]) -> usize {
    codes.iter().find_map(|code| sign(t, i, *code)).unwrap_or(0)
}

/// How far the address goes that `i` is in.
fn limit(t: &[u8], i: usize) -> usize {
    let stop = |b: u8| b <= b' ' || matches!(b, b'"' | b'\'' | b'<' | b'>' | b'&' | b'\\' | b'`' | b'|' | b'{' | b'}');
    i + t[i..].iter().take(REACH).take_while(|b| !stop(**b)).count()
}

/// The value behind a key that ends at `i`: `password%3Dx%26..`, `password%22%3A%22x%22`.
pub(in super::super) fn after_key(t: &[u8], i: usize) -> Option<Range<usize>> {
    if t.get(i) != Some(&b'%') {
        return None;
    }
    let mut start = i + any_sign(t, i, &[*b"22", *b"27"]);
    let equals = any_sign(t, start, &[*b"3D", *b"3A"]);
    if equals == 0 {
        return None;
    }
    start += equals;
    start += any_sign(t, start, &[*b"20"]) + usize::from(t.get(start) == Some(&b'+'));
    start += any_sign(t, start, &[*b"22", *b"27"]);
    let end = limit(t, start);
    let stops: [[u8; 2]; 8] = [*b"26", *b"22", *b"27", *b"2C", *b"7D", *b"3B", *b"0A", *b"20"];
    let length = (start..end).find(|n| t[*n] == b'%' && any_sign(t, *n, &stops) > 0).unwrap_or(end) - start;
    (length > 0).then(|| start..start + length)
}

/// The token in `%3A%20Bearer%20token`, behind the name of a header.
pub(in super::super) fn header(t: &[u8], i: usize) -> Option<Range<usize>> {
    let colon = any_sign(t, i, &[*b"3A", *b"3D"]);
    let blank = |i: usize| any_sign(t, i, &[*b"20"]) + usize::from(t.get(i) == Some(&b'+'));
    let scheme = i + colon + if colon > 0 { blank(i + colon) } else { return None };
    let word = t[scheme.min(t.len())..].iter().take(16).take_while(|b| b.is_ascii_alphabetic()).count();
    let start = scheme + word + blank(scheme + word);
    let token = |b: &&u8| b.is_ascii_alphanumeric() || b"-_.~+/=".contains(b);
    let mut end = start + t[start.min(t.len())..].iter().take(REACH).take_while(token).count();
    while let padding @ 1.. = any_sign(t, end, &[*b"3D"]) {
        end += padding;
    }
    (start > scheme + word && end >= start + 8).then_some(start..end)
}

/// The password in `scheme%3A%2F%2Fuser%3Apassword%40host`, from behind the slashes.
pub(in super::super) fn userinfo(t: &[u8], i: usize) -> Option<Range<usize>> {
    let end = limit(t, i);
    let path = (i..end).find(|n| sign(t, *n, *b"2F").is_some()).unwrap_or(end);
    let at = (i..path).rev().find(|n| sign(t, *n, *b"40").is_some() || t[*n] == b'@')?;
    let (colon, length) = (i..at).find_map(|n| if t[n] == b':' { Some((n, 1)) } else { Some((n, sign(t, n, *b"3A")?)) })?;
    (colon + length < at).then(|| colon + length..at)
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_in_encoded_addresses() {
        let userinfo = |t: &'static str| super::userinfo(t.as_bytes(), 0).map(|r| &t[r]);
        assert_eq!(userinfo("api%3An0w%7ESee%40h%2Fv1 x"), Some("n0w%7ESee"));
        assert_eq!(userinfo("api%253An0w%2540h%252F"), Some("n0w"));
        assert_eq!(userinfo("h%3A80%2Fa%40b"), None);
        let after = |t: &'static str| super::after_key(t.as_bytes(), 0).map(|r| &t[r]);
        assert_eq!(after("%3Dn0w%2ASee%26x%3D1"), Some("n0w%2ASee"));
        assert_eq!(after("%22%3A%22n0w%22%7D"), Some("n0w"));
        assert_eq!(after("%20and"), None);
        let header = |t: &'static str| super::header(t.as_bytes(), 0).map(|r| &t[r]);
        assert_eq!(header("%3A%20Bearer%20n0wYouSee7&x"), Some("n0wYouSee7"));
        assert_eq!(header("%3A+Basic+bjB3WW91%3D%3D"), Some("bjB3WW91%3D%3D"));
        assert_eq!(header("%3A%20none"), None);
    }
}
