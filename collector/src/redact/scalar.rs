//! Where a value that begins here ends: at its quote, at a separator behind which the next thing begins, at the line's end.
//!
//! In: text and the place where a value begins. Out: its place. A failed look is short.

use super::{
    escape,
    judge::{has_stand_in, is_no_secret},
    nested, prefixes, unquoted,
    value::{LOOK, Style, Value, at, is_name, line_end, line_start, nonempty},
};

/// The quote that opens at `i`, if one does: plain, escaped or an entity.
pub(super) fn quote(t: &[u8], i: usize) -> Option<&'static [u8]> {
    const QUOTES: [&[u8]; 11] =
        [b"\"\"\"", b"'''", b"\"", b"'", b"\\'", b"`", b"&quot;", b"&#34;", b"&#39;", b"&apos;", b"&#x27;"];
    let rest = &t[i.min(t.len())..];
    if rest.first() == Some(&b'\\')
        && let Some(quote) = nested::quote(t, i)
    {
        return Some(quote);
    }
    QUOTES.into_iter().find(|q| rest.starts_with(q))
}

/// The value that starts at `i`, quoted or not.
pub(super) fn scalar(t: &[u8], i: usize, sign: u8, style: Style, open_end: bool) -> Option<Value> {
    let i = prefixes::skip(t, escape::colours(t, i), sign);
    if sign == b'='
        && let Some(range) = prefixes::braced(t, i)
    {
        return Some(Value { range, style, quoted: true, sign, whole_line: false });
    }
    if sign == b'='
        && let Some(range) = prefixes::perl(t, i).or_else(|| prefixes::doubled(t, i))
    {
        return nonempty(Value { range, style, quoted: true, sign, whole_line: false });
    }
    if let Some(q) = quote(t, i) {
        let start = escape::colours(t, i + q.len());
        let closed = closing(t, start, q, open_end).map(|end| escape::before_colours(t, start, end));
        let end = closed.unwrap_or_else(|| plain_end(t, start, false, LOOK));
        return nonempty(Value { range: start..end, style, quoted: closed.is_some(), sign, whole_line: false });
    }
    if sign == b'='
        && let Some(end) = unquoted::closed_end(t, i)
    {
        return nonempty(Value { range: i..end, style, quoted: true, sign, whole_line: false });
    }
    let whole_line = sign != b' ' && begins_line(t, i);
    if whole_line && (i >= 3 && t[i - 3..i] == *b" = " || unquoted::is_setting(t, i, sign)) {
        let end = setting_end(t, i);
        return nonempty(Value { range: i..end, style, quoted: end < i + LOOK, sign, whole_line });
    }
    nonempty(Value { range: i..plain_end(t, i, whole_line, LOOK), style, quoted: false, sign, whole_line })
}

/// Where the value of `key = value` in a configuration file ends: signs are a part of it, and so are a few words.
fn setting_end(t: &[u8], i: usize) -> usize {
    let line = &t[i..line_end(t, i).min(i + LOOK)];
    let word = line.iter().take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'"' | b'`' | 0)).count();
    let rest = line[word..].trim_ascii();
    let words = rest.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).count();
    let option = rest.starts_with(b"-") || memchr::memmem::find(rest, b" -").is_some();
    let sentence =
        option || is_no_secret(&line[..word]) || rest.iter().any(|b| b"\"'`=:#;,({<".contains(b)) || has_stand_in(rest);
    let length = if words > 3 || sentence || line.len() == LOOK { word } else { line.trim_ascii_end().len() };
    i + line[..length].iter().rposition(|b| !matches!(b, b',' | b';')).map_or(0, |n| n + 1)
}

/// Whether the quote behind the backslash at `i` is a part of a string in single quotes: it goes on, and is closed later.
fn is_escaped(t: &[u8], i: usize, end: usize) -> bool {
    let on = !matches!(at(t, i + 2), b' ' | b',' | b';' | b')' | b']' | b'}' | b'\n' | b'\r' | b'"' | b'\'');
    let close = memchr::memchr(b'\'', &t[(i + 2).min(end)..end]).map(|n| i + 2 + n);
    on && close.is_some_and(|close| matches!(at(t, close + 1), b',' | b';' | b')' | b']' | b'}' | b'\n' | b' '))
}

/// Whether the quote at `i` and the one behind it are one in the string: it goes on, and is closed later.
fn is_doubled(t: &[u8], i: usize, end: usize) -> bool {
    at(t, i + 1) == b'\'' && at(t, i + 2).is_ascii_alphanumeric() && {
        let close = memchr::memchr(b'\'', &t[(i + 2).min(end)..end]).map(|n| i + 2 + n);
        close.is_some_and(|close| matches!(at(t, close + 1), b',' | b';' | b')' | b']' | b'}' | b'\n' | b'\r' | b' '))
    }
}

/// Where the value quoted by `q` ends. A line that goes on in the next chunk may close it there.
fn closing(t: &[u8], start: usize, q: &[u8], open_end: bool) -> Option<usize> {
    let end = line_end(t, start);
    if q.starts_with(b"\\") && q.ends_with(b"\"") {
        return nested::closing(t, start, end, q);
    }
    let mut i = start;
    while i < end {
        let b = t[i];
        if t[i..].starts_with(q) {
            // YAML and SQL write a quote in a string twice.
            let apostrophe = q == b"'" && t[i..end].starts_with(b"'\\''");
            if !(apostrophe || q == b"'" && i > start && is_doubled(t, i, end)) {
                return Some(i);
            }
            i += if apostrophe { 3 } else { 1 };
        }
        if q == b"\"" || q == b"'" {
            // In a string that is itself quoted, a backslash before the closing quote belongs to the outer one.
            if b == b'\\' && i + 1 < end && (t[i + 1] != b'\'' || q == b"'" && is_escaped(t, i, end)) {
                i += 1;
            }
        }
        i += 1;
    }
    (open_end && end == t.len()).then_some(end)
}

/// Whether only a key, a sign and indentation stand before `i` in its line, as in a configuration file.
fn begins_line(t: &[u8], i: usize) -> bool {
    let start = line_start(t, i, 160);
    if start > 0 && t[start - 1] != b'\n' {
        return false;
    }
    // A stand-in was something else before: without this, redacting twice would see another line.
    if has_stand_in(&t[start..i]) {
        return false;
    }
    let mut words = 0;
    let mut inside = false;
    for &b in &t[start..i] {
        let word = is_name(b) || matches!(b, b'"' | b'\'' | b'/' | b':' | b'_');
        if word && !inside {
            words += 1;
        } else if !word && !matches!(b, b' ' | b'\t' | b'=' | b'#' | b';') {
            return false;
        }
        inside = word;
    }
    words <= 2
}

/// The end of a value without quotes. A separator ends it only if what follows looks like the next thing.
pub(super) fn plain_end(t: &[u8], start: usize, whole_line: bool, limit: usize) -> usize {
    let mut i = start;
    let end = t.len().min(start.saturating_add(limit));
    while i < end {
        let b = t[i];
        match b {
            b'\n' | b'\r' | b' ' | b'\t' | 0 | b'"' | b'`' => break,
            // The frame of a key is no part of a value.
            b'-' if t[i..].starts_with(b"-----") => break,
            b'\'' if !whole_line || matches!(at(t, i + 1), b'\n' | b' ' | b'\r' | b',' | b';' | 0) => break,
            b'\\' if ends_before(t, i) => break,
            0x1b | b'#' | b'\\' | b'^' if escape::ends_value(t, i) => break,
            b'<' | b'>' if !whole_line => break,
            b',' | b';' | b'&' | b'|' if next_begins(t, i + 1, whole_line) => break,
            b')' | b']' | b'}'
                if !whole_line
                    && matches!(
                        at(t, i + 1),
                        b'\n' | b'\r' | b' ' | b',' | b';' | b'.' | b')' | b']' | b'}' | b'"' | b'\'' | 0
                    ) =>
            {
                break;
            }
            // Full-width punctuation and closing quotes in UTF-8.
            0xe3 | 0xef | 0xe2 if is_wide_stop(&t[i..]) => break,
            _ => i += 1,
        }
    }
    i
}

/// Whether a quote or a control character begins with the backslash at `i`, in a string or in a string in a string.
fn ends_before(t: &[u8], i: usize) -> bool {
    let count = t[i..].iter().take(8).take_while(|b| **b == b'\\').count();
    let next = at(t, i + count);
    matches!(next, b'"' | b'\'')
        || count.is_power_of_two() && (matches!(next, b'n' | b'r' | b't') || t[i + count..].starts_with(b"u00"))
}

fn is_wide_stop(t: &[u8]) -> bool {
    const STOPS: [&str; 9] = ["，", "。", "；", "、", "）", "”", "’", "】", "："];
    STOPS.iter().any(|s| t.starts_with(s.as_bytes()))
}

/// Whether the text after a separator is an end or another `name=`.
fn next_begins(t: &[u8], i: usize, whole_line: bool) -> bool {
    let b = at(t, i);
    if matches!(b, b'\n' | b'\r' | b' ' | b'\t' | b'"' | b'\'' | b'}' | b')' | b'&' | b'|' | 0) {
        return true;
    }
    if b == b'\\' && ends_before(t, i) {
        return true;
    }
    let limit = t.len().min(i + 64);
    let mut name = t[i..limit].iter().take_while(|b| is_name(**b)).count();
    // `;Connect Timeout=30`
    while t[i - 1] == b';' && name > 0 && at(t, i + name) == b' ' && at(t, i + name + 1).is_ascii_alphabetic() {
        name += 1 + t[(i + name + 1).min(limit)..limit].iter().take_while(|b| is_name(**b)).count();
    }
    // An option without value, as in `password=x,noauto 0 0`, is all letters.
    let sign = at(t, i + name);
    let letters = name >= 2 && t[i..i + name].iter().all(|b| b.is_ascii_lowercase() || *b == b'_');
    name > 0
        && (sign == b'='
            || sign == b':'
            || (letters && (matches!(sign, b' ' | b',' | b';' | b'"') || sign == b'\n' && !whole_line)))
}
