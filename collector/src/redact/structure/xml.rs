//! XML where the value is not directly behind its key: attributes between, CDATA, an element inside, the value before.
//!
//! In: text and the place of a key. Out: the value's place.

use std::ops::Range;

/// A tag is at most this long.
const REACH: usize = 512;

fn blanks(t: &[u8], i: usize) -> usize {
    i + t[i.min(t.len())..].iter().take(64).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// The text of the element whose tag's `>` is just before `i`.
pub(in super::super) fn text(t: &[u8], i: usize) -> Option<Range<usize>> {
    let end = t.len().min(i + 4096);
    let end = i + memchr::memchr(b'\n', &t[i..end]).unwrap_or(end - i);
    let rest = &t[i..end];
    if let Some(data) = rest.strip_prefix(b"<![CDATA[") {
        let start = end - data.len();
        return Some(start..start + memchr::memmem::find(data, b"]]>")?);
    }
    for inner in [&b"<string>"[..], b"<value>"] {
        let begin = blanks(t, i);
        if t[begin..].starts_with(inner) {
            return text(t, begin + inner.len());
        }
    }
    let length = memchr::memchr(b'<', rest)?;
    rest[length..].starts_with(b"</").then(|| i..i + length)
}

/// The text of an element whose signs are written as numbers, as Go writes them in JSON: `\u003etext\u003c/key`.
pub(in super::super) fn coded(t: &[u8], i: usize) -> Option<Range<usize>> {
    let start = i + t.get(i..)?.strip_prefix(b"\\u003e").map(|_| 6)?;
    let length = memchr::memmem::find(&t[start..t.len().min(start + REACH)], b"\\u003c")?;
    let text = &t[start..start + length];
    (!text.iter().any(|b| matches!(b, b'\n' | b'"'))).then_some(start..start + length)
}

/// The text of `<key attribute="x">text</key>`, from behind the key.
pub(in super::super) fn behind_attributes(t: &[u8], i: usize) -> Option<Range<usize>> {
    let mut i = i;
    let limit = t.len().min(i + REACH);
    loop {
        let next = blanks(t, i);
        if t.get(next) == Some(&b'>') {
            return text(t, next + 1);
        }
        if next == i {
            return None;
        }
        let name = t[next..limit].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-')).count();
        let quote = next + name + 1;
        if name == 0 || t.get(quote - 1) != Some(&b'=') || !matches!(t.get(quote), Some(b'"' | b'\'')) {
            return None;
        }
        i = quote + 2 + memchr::memchr2(t[quote], b'\n', t.get(quote + 1..limit)?)?;
    }
}

/// The value of `<x value="v" name="key"`: the key begins at `start`, behind its quote.
pub(in super::super) fn before(t: &[u8], start: usize) -> Option<Range<usize>> {
    let from = start.saturating_sub(REACH);
    let head = t[from..start].strip_suffix(b"name=\"").or(t[from..start].strip_suffix(b"key=\""))?;
    let open = memchr::memrchr2(b'<', b'\n', head).filter(|n| head[*n] == b'<')?;
    let tag = &head[open..];
    let value = open + memchr::memmem::find(tag, b" value=\"")? + 8;
    let length = memchr::memchr(b'"', &head[value..])?;
    (length > 0).then(|| from + value..from + value + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_elements() {
        let behind = |t: &'static str| behind_attributes(t.as_bytes(), 0).map(|r| &t[r]);
        assert_eq!(behind(" Type=\"http://x#Text\">v</wsse:Password>"), Some("v"));
        assert_eq!(behind(" a='1' b=\"2\" ><![CDATA[v<]]></p>"), Some("v<"));
        assert_eq!(behind(" is wrong > 3</b>"), None);
        assert_eq!(text(b"<string>v</string></void>", 0), Some(8..9));
        let t = "<property value=\"v\" name=\"password\"/>";
        assert_eq!(before(t.as_bytes(), 26).map(|r| &t[r]), Some("v"));
        assert_eq!(before(b"value=\"v\" name=\"password\"", 16), None);
    }
}
