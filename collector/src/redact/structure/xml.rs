//! XML where the value is not directly behind its key: attributes between, CDATA, an element inside, the value before.
//!
//! In: text and the place of a key. Out: the value's place.

use std::ops::Range;

use super::super::rows::lines_below;

/// A longer text is looked at with more care.
const LONG: usize = 4096;
/// A tag is at most this long.
const REACH: usize = 512;

fn blanks(t: &[u8], i: usize) -> usize {
    i + t[i.min(t.len())..].iter().take(64).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// The text of the element whose tag's `>` is just before `i`.
pub(in super::super) fn text(t: &[u8], i: usize) -> Option<Range<usize>> {
    let line = memchr::memchr(b'\n', &t[i..t.len().min(i + REACH)]);
    if line.is_some_and(|n| t[i..i + n].trim_ascii().is_empty()) {
        // The text has a line of its own, and the next one closes the element.
        let mut lines = lines_below(t, i);
        let (line, close) = lines.next().zip(lines.next())?;
        let fits = !line.is_empty() && !t[line.clone()].contains(&b'<') && t[close].starts_with(b"</");
        return fits.then_some(line);
    }
    if t[i..].starts_with(b"<![CDATA[") {
        let start = i + 9;
        return Some(start..end_of_data(t, start)?);
    }
    let mut i = i;
    if let Some(inner) = [&b"<string>"[..], b"<value>"].iter().find(|inner| t[blanks(t, i)..].starts_with(inner)) {
        i = blanks(t, i) + inner.len();
    }
    let end = before_tag(t, i);
    t[end..].starts_with(b"</").then_some(i..end)
}

/// Where the text ends that begins at `i`. A long one holds no `>`, so that hostile repetition stays linear.
fn before_tag(t: &[u8], i: usize) -> usize {
    let near = t.len().min(i + LONG);
    memchr::memchr2(b'<', b'\n', &t[i..near])
        .or_else(|| memchr::memchr3(b'<', b'\n', b'>', &t[near..]).map(|n| near - i + n))
        .map_or(t.len(), |n| i + n)
}

/// Where `]]>` ends the data that begin at `i`, in the same line and before other data.
fn end_of_data(t: &[u8], i: usize) -> Option<usize> {
    let mut i = i;
    loop {
        i += memchr::memchr3(b'<', b'\n', b']', &t[i..])?;
        if t[i] == b'\n' || t[i..].starts_with(b"<![CDATA[") {
            return None;
        }
        if t[i..].starts_with(b"]]>") {
            return Some(i);
        }
        i += 1;
    }
}

/// The text of an element whose signs are written as entities: `&gt;text&lt;/key`.
pub(in super::super) fn escaped(t: &[u8], i: usize) -> Option<Range<usize>> {
    let start = i + t.get(i..)?.strip_prefix(b"&gt;").map(|_| 4)?;
    let length = memchr::memmem::find(&t[start..t.len().min(start + REACH)], b"&lt;/")?;
    (!t[start..start + length].contains(&b'\n')).then_some(start..start + length)
}

/// Where `=` ends in `value="v"`, which may stand behind other attributes.
pub(in super::super) fn value_attribute(t: &[u8], i: usize) -> Option<usize> {
    let limit = t.len().min(i + REACH);
    let mut i = i;
    for _ in 0..6 {
        i = blanks(t, i);
        if t.get(i..i + 6)?.eq_ignore_ascii_case(b"value=") {
            return Some(i + 6);
        }
        let name = t[i..limit].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-')).count();
        let quote = i + name + 1;
        if name == 0 || t.get(quote - 1) != Some(&b'=') || !matches!(t.get(quote), Some(b'"' | b'\'')) {
            return None;
        }
        i = quote + 2 + memchr::memchr2(t[quote], b'\n', t.get(quote + 1..limit)?)?;
    }
    None
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
        let name =
            t.get(next..limit)?.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-')).count();
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
        // Nothing of the tag is left to look at behind its blanks.
        for length in REACH - 70..REACH + 8 {
            let tag = format!(" a=\"{}\"  b=\"c\">v</p>", "X".repeat(length));
            let fits = tag.find(">v").is_some_and(|end| end <= REACH);
            assert!(behind_attributes(tag.as_bytes(), 0).is_some() || !fits, "{length}");
        }
        assert_eq!(text(b"<string>v</string></void>", 0), Some(8..9));
        let t = "<property value=\"v\" name=\"password\"/>";
        assert_eq!(before(t.as_bytes(), 26).map(|r| &t[r]), Some("v"));
        let deep = "<string>".repeat(99_999);
        assert_eq!(text(deep.as_bytes(), 0), None);
        let long = format!("{}</p>", "v".repeat(9_999));
        assert_eq!(text(long.as_bytes(), 0), Some(0..9_999));
        let long = format!("<![CDATA[{}]]></p>", "]v".repeat(9_999));
        assert_eq!(text(long.as_bytes(), 0), Some(9..20_007));
        assert_eq!(before(b"value=\"v\" name=\"password\"", 16), None);
    }
}
