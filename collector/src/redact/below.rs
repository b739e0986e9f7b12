//! Values in the lines below their key: blocks, lists and maps of YAML, lists and maps of JSON that are written out over lines.
//!
//! In: text and the place of a key. Out: the values' places. Only the few short lines below are looked at, which the next chunk
//! is shown as well; lines that are indented less, or in another form, end the look. Frames of keys are not touched.

use std::ops::Range;

use super::{
    judge::{has_stand_in, is_no_secret},
    lists, nested,
    rows::{SHORT, line_start_of, lines_below},
    scalar::{quote, scalar},
    value::{Style, Value, at, is_name, line_end, line_start, skip_blanks},
};

/// What was found below a key, or in the brackets behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A line of a block: the value, or a part of it.
    Line,
    /// The one value below, or an item of a list.
    Item,
    /// The value of an entry that has a name of its own.
    Entry,
}

/// A string goes on over so many lines below its first.
const STRING: usize = 3;

type Found<'a> = &'a mut dyn FnMut(Range<usize>, bool, Place);

/// Finds the values of the key in `t[start..end]`; with `plural` those of any entry, else those named `value`. Gives whether
/// they are below: behind the key itself there is none then.
pub(super) fn values(t: &[u8], start: usize, end: usize, plural: bool, found: Found<'_>) -> bool {
    let i = skip_blanks(t, end + quote(t, end).map_or(0, <[u8]>::len));
    let sign = at(t, i);
    if !matches!(sign, b':' | b'=') {
        return false;
    }
    let begin = skip_blanks(t, i + 1);
    let i = behind_anchor(t, begin);
    let ends = ends_line(t, i);
    match at(t, i) {
        b'[' if plural || !t[i..line_end(t, i)].contains(&b']') => {
            list(t, i, found);
            true
        }
        b'{' if plural || ends_line(t, i + 1) => {
            map(t, i, plural, found);
            true
        }
        b'|' | b'>' if sign == b':' && is_block(t, i) => {
            let Some(column) = column(t, start) else { return false };
            block(t, i, column, found);
            true
        }
        _ if ends && sign == b':' => {
            let Some(column) = column(t, start) else { return value_below(t, end, i, found) };
            lines(t, i, column, plural, found);
            // An anchor is no value.
            i > begin
        }
        _ => false,
    }
}

/// The lines of the block whose sign is at `i`, behind a key that stands in its line as `value:` does.
pub(super) fn block_at(t: &[u8], i: usize, found: Found<'_>) {
    if let Some(start) = line_start_of(t, i).filter(|_| is_block(t, i)) {
        let lead = t[start..i].iter().take_while(|b| matches!(b, b' ' | b'-')).count();
        block(t, i, lead, found);
    }
}

/// The parts of a string that `quote` has opened before `i` and that a line below closes.
pub(super) fn string(t: &[u8], start: usize, i: usize, quote: u8, found: Found<'_>) {
    if column(t, start).is_none() {
        return;
    }
    let mut parts = Vec::new();
    for line in lines_below(t, i).take(STRING) {
        match memchr::memchr(quote, &t[line.clone()]) {
            None => parts.push(line),
            Some(n) if line.start + n + 1 == line.end => {
                parts.push(line.start..line.start + n);
                return parts.into_iter().for_each(|part| found(part, true, Place::Line));
            }
            Some(_) => return,
        }
    }
}

/// Whether a string that a line before `end` has opened may be closed in the line behind it.
pub(super) fn is_string_open(t: &[u8], end: usize) -> bool {
    let (mut end, mut closes) = (end, [false; 2]);
    for _ in 0..STRING {
        let Some(last) = end.checked_sub(1) else { return false };
        let start = line_start(t, last, SHORT);
        if start > 0 && t[start - 1] != b'\n' {
            return false;
        }
        let line = &t[start..last];
        for (quote, closes) in [b'"', b'\''].into_iter().zip(&mut closes) {
            let last = memchr::memrchr(quote, line);
            if !*closes && last.is_some_and(|last| line[..last].trim_ascii_end().ends_with(b":")) {
                return true;
            }
            *closes |= last.is_some();
        }
        end = start;
    }
    false
}

/// How far the key at `start` is indented, if it begins its line, perhaps as the first of an item.
fn column(t: &[u8], start: usize) -> Option<usize> {
    let lead = &t[line_start_of(t, start)?..start];
    let bare = lead.strip_suffix(b"\"").or(lead.strip_suffix(b"'")).unwrap_or(lead);
    // The key may begin before the word that was found: `db.password`.
    let name = bare.iter().rev().take_while(|b| is_name(**b) && **b != b'-').count();
    let indent = &bare[..bare.len() - name];
    indent.iter().all(|b| matches!(b, b' ' | b'\t' | b'-')).then_some(indent.len())
}

fn indent(t: &[u8], line: &Range<usize>) -> usize {
    t[..line.start].iter().rev().take(400).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Whether nothing but a remark is behind `i` in its line.
fn ends_line(t: &[u8], i: usize) -> bool {
    let i = skip_blanks(t, i);
    matches!(at(t, i), b'\n' | b'#') || at(t, i) == b'\r' && at(t, i + 1) == b'\n'
}

/// Behind anchors and tags of YAML, if nothing else is in the line.
fn behind_anchor(t: &[u8], i: usize) -> usize {
    let name = |i: usize| t[i.min(t.len())..].iter().take(64).take_while(|b| is_name(**b) || **b == b'!').count();
    let tag = at(t, i) == b'!' && at(t, i + 1) == b'!';
    if (at(t, i) == b'&' || tag) && name(i + 1) > 0 {
        let next = skip_blanks(t, i + 1 + name(i + 1));
        if ends_line(t, next) || next > i + 1 + name(i + 1) && matches!(at(t, next), b'|' | b'>') {
            return next;
        }
    }
    i
}

/// Whether the `|` or `>` at `i` begins a block: only how to join its lines may follow.
fn is_block(t: &[u8], i: usize) -> bool {
    matches!(at(t, i), b'|' | b'>') && {
        let signs = t[i + 1..].iter().take(2).take_while(|b| matches!(b, b'-' | b'+' | b'1'..=b'9')).count();
        ends_line(t, i + 1 + signs)
    }
}

fn block(t: &[u8], i: usize, column: usize, found: Found<'_>) {
    let mut first = true;
    for line in lines_below(t, i).filter(|line| !line.is_empty()) {
        let text = &t[line.clone()];
        let word = text.split(u8::is_ascii_whitespace).next().unwrap_or(text);
        // The body of a key has its own reader; a sentence tells what the value is for; what is encrypted stays.
        let sealed = first && (is_no_secret(word) || text.starts_with(b"$ANSIBLE_VAULT"));
        if indent(t, &line) <= column || text.starts_with(b"-----") || sealed && !has_stand_in(word) {
            break;
        }
        first = false;
        found(line, true, Place::Line);
    }
}

/// Below a key that has nothing behind it: one value, items or entries.
fn lines(t: &[u8], i: usize, column: usize, plural: bool, found: Found<'_>) {
    let mut level = None;
    for line in lines_below(t, i) {
        let text = &t[line.clone()];
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        let indent = indent(t, &line);
        let item = text.starts_with(b"- ");
        if indent < column || indent == column && !item || *level.get_or_insert(indent) != indent {
            break;
        }
        if item {
            let begin = skip_blanks(t, line.start + 2);
            if let Some(value) = alone(t, begin, line.end) {
                found(value.range, value.quoted, Place::Item);
            }
        } else if let Some(sign) = memchr::memmem::find(text, b": ").filter(|_| !matches!(text[0], b'"' | b'\'')) {
            let begin = skip_blanks(t, line.start + sign + 1);
            if plural || &text[..sign] == b"value" {
                if is_block(t, begin) {
                    return block(t, begin, indent, found);
                }
                if let Some(value) = alone(t, begin, line.end) {
                    found(value.range, value.quoted, Place::Entry);
                }
            }
        } else {
            if let Some(value) = alone(t, line.start, line.end) {
                found(value.range, value.quoted, Place::Item);
            }
            break;
        }
    }
}

/// The one value from `i` to the line's end, or to a remark.
fn alone(t: &[u8], i: usize, end: usize) -> Option<Value> {
    let value = scalar(t, i, b':', Style::Plain, false)?;
    let close = if value.quoted { value.range.end + quote(t, i).map_or(0, <[u8]>::len) } else { value.range.end };
    let rest = t.get(close..end)?.trim_ascii_start();
    let v = &t[value.range.clone()];
    let name = v.iter().take_while(|b| is_name(**b)).count();
    // `name=value` has a key of its own, and is found by that.
    let entry = matches!(v.get(name), Some(b'=' | b':')) && v[name..].iter().any(|b| *b != b'=') && !value.quoted;
    (!entry && (rest.is_empty() || rest.starts_with(b"#"))).then_some(value)
}

/// `"key" :` and the value in the next line.
fn value_below(t: &[u8], key_end: usize, i: usize, found: Found<'_>) -> bool {
    if at(t, key_end) != b'"' {
        return false;
    }
    if let Some(line) = lines_below(t, i).next()
        && at(t, line.start) == b'"'
        && let Some(value) = scalar(t, line.start, b':', Style::Json, false).filter(|v| v.quoted)
    {
        found(value.range, true, Place::Item);
    }
    false
}

/// The items of the list that opens at `i` and goes on in the lines below.
fn list(t: &[u8], i: usize, found: Found<'_>) {
    let mut each = |item: Value| found(item.range, item.quoted, Place::Item);
    lists::items(t, i, Style::Json, false, &mut each);
    for line in lines_below(t, i) {
        if line.is_empty() || matches!(t[line.start], b']' | b'}' | b'{') {
            break;
        }
        lists::items(t, line.start, Style::Json, false, &mut each);
        if !matches!(t[line.end - 1], b',' | b'[') {
            break;
        }
    }
}

/// The values of the flat map that opens at `i`, in its line or in the lines below.
fn map(t: &[u8], i: usize, plural: bool, found: Found<'_>) {
    if entries(t, i + 1, line_end(t, i), plural, found) {
        return;
    }
    for line in lines_below(t, i) {
        if line.is_empty() || !matches!(t[line.start], b'"' | b'\'') || entries(t, line.start, line.end, plural, found) {
            break;
        }
    }
}

/// The values of `"name": "value", ..`. Gives whether the map ends there.
fn entries(t: &[u8], from: usize, end: usize, plural: bool, found: Found<'_>) -> bool {
    let mut i = from;
    for _ in 0..64 {
        i = skip_blanks(t, i);
        if i >= end {
            return false;
        }
        if at(t, i) == b',' {
            i += 1;
            continue;
        }
        let open = quote(t, i).map_or(0, <[u8]>::len);
        let name = i + open..i + open + t[(i + open).min(end)..end].iter().take(128).take_while(|b| is_name(**b)).count();
        let colon = skip_blanks(t, name.end + open);
        if name.is_empty() || !matches!(at(t, colon), b':' | b'=') {
            return !ends_line(t, i);
        }
        let begin = skip_blanks(t, colon + 1);
        let Some(quote) = quote(t, begin) else {
            // Numbers, words, and maps in the map, whose entries are not meant.
            let length = t[begin.min(end)..end].iter().take_while(|b| !matches!(b, b',' | b'}' | b'{' | b'[')).count();
            i = begin + length;
            if at(t, i) != b',' {
                return i < end;
            }
            continue;
        };
        let Some(value) = scalar(t, begin, b':', Style::Json, false).filter(|v| v.quoted) else {
            // Nothing between the quotes.
            i = begin + 2 * quote.len();
            continue;
        };
        i = value.range.end + quote.len();
        if plural || t[name].eq_ignore_ascii_case(b"value") {
            found(value.range, true, Place::Entry);
        }
    }
    true
}

/// The value in `"value":"v","name":"KEY"`, in one line: `start` is where `KEY` begins.
pub(super) fn before_name(t: &[u8], start: usize) -> Option<Range<usize>> {
    let from = start.saturating_sub(512);
    let head = &t[from..start];
    let level = nested::slashes(head, 0, head.len().checked_sub(1)?);
    let quote = &head[head.len() - 1 - level..];
    let strip = |text: &'_ [u8], end: &[u8]| text.strip_suffix(end).map(|rest| rest.trim_ascii_end().len());
    if quote.last() != Some(&b'"') {
        return None;
    }
    let mut end = strip(head, quote)?;
    end = strip(&head[..end], b":")?;
    end = strip(&head[..end], quote)?;
    end = strip(&head[..end], b"name").or_else(|| strip(&head[..end], b"key"))?;
    end = strip(&head[..end], quote)?;
    end = strip(&head[..end], b",")?;
    let key = [quote, b"value", quote, b":"].concat();
    let key = memchr::memmem::rfind(&head[..end], &key)? + key.len();
    let open = skip_blanks(head, key);
    let value = scalar(head, open, b':', Style::Json, false).filter(|value| value.quoted)?;
    (value.range.end + quote.len() == end).then(|| from + value.range.start..from + value.range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, plural: bool) -> Vec<&str> {
        let start = text.find("KEY").expect("a key");
        let mut all = Vec::new();
        values(text.as_bytes(), start, start + 3, plural, &mut |range, _, _| all.push(&text[range]));
        all
    }

    #[test]
    fn blocks_lists_and_maps() {
        assert_eq!(of("KEY: |- # c\n  x1 b\n\n  c\nd: e", false), ["x1 b", "c"]);
        assert_eq!(of("- KEY: >2\n    x1\n  d: e", false), ["x1"]);
        assert_eq!(of("KEY:\n- a\n- 'b c'\nd:", false), ["a", "b c"]);
        assert_eq!(of("KEY:\n  a\n  b", false), ["a"]);
        assert_eq!(of("KEY: &x\n  value: a\n  other: b", false), ["a"]);
        assert_eq!(of("KEY:\n  x: a\n  y: \"b\" # c\nz: d", true), ["a", "b"]);
        assert_eq!(of("\"KEY\": [\n  \"a\",\n  \"b\"\n], \"c\"", false), ["a", "b"]);
        assert_eq!(of("\"KEY\": {\n  \"x\": \"a\",\n  \"y\": 1\n}", true), ["a"]);
        assert_eq!(of("{\"KEY\":{\"x\":\"a\",\"y\":\"\",\"z\":\"b\"},\"c\":\"d\"}", true), ["a", "b"]);
        assert_eq!(of("{\"a\": 1, \"KEY\" :\n  \"b\"\n}", false), ["b"]);
    }

    #[test]
    fn other_lines_stay() {
        for text in ["KEY: a\n  b", "KEY:\nb", "KEY:\n  a: b", "KEY:\n  a=b", "KEY: | grep\n  b", "see KEY:\n  b", "KEY:\n  a b"]
        {
            assert!(of(text, false).is_empty(), "{text}");
        }
    }

    #[test]
    fn values_before_their_names() {
        let of = |t: &'static str| before_name(t.as_bytes(), t.find("KEY").expect("a key")).map(|range| &t[range]);
        assert_eq!(of("{\"value\":\"a\\\"b\", \"name\": \"KEY\"}"), Some("a\\\"b"));
        assert_eq!(of("{\\\"value\\\":\\\"a\\\",\\\"name\\\":\\\"KEY\\\"}"), Some("a"));
        assert_eq!(of("{\"value\":\"a\"},{\"name\":\"KEY\"}"), None);
        assert_eq!(of("{\"value\":\"a\",\"x\":\"b\",\"name\":\"KEY\"}"), None);
    }
}
