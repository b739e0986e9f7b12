//! Secrets of Kubernetes: the entries below `data:` and `stringData:`, in YAML and in JSON with a line for each entry.
//!
//! In: lines, and what the lines before have said. Out: the places of the entries' values and what is known after the
//! lines. Where `kind:` comes after the data, as `kubectl` writes it, a value has to show that it is base64 of a text.

use std::ops::Range;

use super::super::judge::is_no_secret;
use super::base64;

/// What the lines so far say of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) struct Document {
    secret: bool,
    generator: bool,
    entries: Entries,
}

/// Which entries the line may belong to, and how far their parent is indented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Entries {
    #[default]
    None,
    Encoded(usize),
    Plain(usize),
    /// Below `chpasswd:` of cloud-init, before its list.
    Chpasswd(usize),
    /// `account:password` in each line.
    Accounts(usize),
    /// `- NAME=secret` below `literals:` of a generator of Secrets.
    Literals(usize),
}

/// Finds the values in `text[from..]` and tells what is known after it.
pub(in super::super) fn walk(text: &[u8], from: usize, document: Document, found: &mut dyn FnMut(Range<usize>)) -> Document {
    let mut document = document;
    let mut start = from;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |n| start + n);
        document.line(&text[start..end], &mut |value| found(start + value.start..start + value.end));
        start = end + 1;
    }
    document
}

impl Document {
    fn line(&mut self, line: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let indent = line.iter().take_while(|b| **b == b' ').count();
        let rest = line[indent..].trim_ascii_end();
        if rest.is_empty() {
            return;
        }
        if rest == b"---" {
            *self = Document::default();
            return;
        }
        let (key, value) = entry(line, indent, indent + rest.len());
        let (plain, parent) = match self.entries {
            Entries::Plain(parent) => (true, parent),
            Entries::Encoded(parent) => (false, parent),
            Entries::Accounts(parent) if indent > parent => return account(line).into_iter().for_each(found),
            Entries::Literals(parent) if indent >= parent && rest.starts_with(b"- ") => {
                let sign = memchr::memchr(b'=', &line[value.clone()]);
                let secret = sign.map(|sign| value.start + sign + 1..value.end);
                return secret.filter(|secret| !is_no_secret(&line[secret.clone()])).into_iter().for_each(found);
            }
            Entries::Chpasswd(parent) if indent > parent => {
                let list = key == b"list" && (value.is_empty() || matches!(line[value.start], b'|' | b'>'));
                self.entries = if list { Entries::Accounts(indent) } else { self.entries };
                return;
            }
            Entries::None | Entries::Accounts(_) | Entries::Chpasswd(_) | Entries::Literals(_) => {
                self.entries = Entries::None;
                return self.outside(line, key, value, indent, found);
            }
        };
        if indent <= parent {
            self.entries = Entries::None;
            return self.outside(line, key, value, indent, found);
        }
        let text = &line[value.clone()];
        let hides = if plain { !text.starts_with(b"{") } else { is_encoded(text, self.secret) };
        if hides && !is_no_secret(text) {
            found(value);
        }
    }

    fn outside(&mut self, line: &[u8], key: &[u8], value: Range<usize>, indent: usize, found: &mut dyn FnMut(Range<usize>)) {
        let place = value.clone();
        let value = &line[value];
        let open = value.is_empty() || value == b"{";
        match key {
            b"apiVersion" => self.secret = false,
            b"kind" => self.secret = value == b"Secret",
            b"data" | b"stringData" if value.starts_with(b"{") && !open => flow(line, place, key == b"data", self.secret, found),
            b"data" if open => self.entries = Entries::Encoded(indent),
            b"stringData" if open => self.entries = Entries::Plain(indent),
            b"chpasswd" if open => self.entries = Entries::Chpasswd(indent),
            b"secretGenerator" if open => self.generator = true,
            b"configMapGenerator" if open => self.generator = false,
            b"literals" if open && self.generator => self.entries = Entries::Literals(indent),
            _ => {}
        }
    }
}

/// The values of `{a: x, "b": "y"}`, the entries of a Secret in one line.
fn flow(line: &[u8], map: Range<usize>, encoded: bool, secret: bool, found: &mut dyn FnMut(Range<usize>)) {
    let mut i = map.start + 1;
    while let Some(colon) = line.get(i..map.end).and_then(|rest| memchr::memchr(b':', rest)) {
        let start = i + colon + 1 + line[i + colon + 1..map.end].iter().take_while(|b| **b == b' ').count();
        let quote = line.get(start).copied().filter(|b| matches!(b, b'"' | b'\''));
        let from = start + usize::from(quote.is_some());
        let ends = |b: &u8| quote.map_or(matches!(b, b',' | b'}' | b' '), |quote| *b == quote);
        let to = from + line[from.min(map.end)..map.end].iter().take_while(|b| !ends(b)).count();
        let value = &line[from.min(to)..to];
        if (if encoded { is_encoded(value, secret) } else { secret }) && !is_no_secret(value) {
            found(from..to);
        }
        i = to + 1;
    }
}

/// The password of `account:password`, perhaps as an item of a list; not `RANDOM`, which asks for one.
fn account(line: &[u8]) -> Option<Range<usize>> {
    let colon = memchr::memchr(b':', line)?;
    let value = line[colon + 1..].trim_ascii_end();
    let quoted = usize::from(value.last().is_some_and(|b| matches!(b, b'"' | b'\'') && line[..colon].contains(b)));
    let value = &value[..value.len() - quoted];
    let hides = !value.is_empty() && !matches!(value, b"RANDOM" | b"R") && !is_no_secret(value);
    hides.then(|| colon + 1..colon + 1 + value.len())
}

/// Whether a text without a path that says so holds a manifest of a Secret, as a saved output of `kubectl` does.
pub(in super::super) fn is_manifest(head: &[u8]) -> bool {
    [&b"kind: Secret"[..], b"\"kind\": \"Secret\"", b"secretGenerator:", b"#cloud-config"]
        .iter()
        .any(|mark| memchr::memmem::find(head, mark).is_some())
}

/// Finds the values of Secrets that are written in one line of JSON, as in logs and annotations, where quotes may be escaped.
pub(in super::super) fn inline(text: &[u8], from: usize, found: &mut dyn FnMut(Range<usize>)) {
    let mut passed = from;
    for hit in memchr::memmem::find_iter(&text[from..], b"\"Secret") {
        let hit = from + hit;
        if hit < passed {
            continue;
        }
        let before = &text[passed..hit];
        let before = before.strip_suffix(b"\\").unwrap_or(before).trim_ascii_end();
        let named = before.strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        if !named.is_some_and(|named| named.ends_with(b"kind\"") || named.ends_with(b"kind\\\"")) {
            continue;
        }
        let start = passed + memchr::memrchr(b'\n', &text[passed..hit]).map_or(0, |n| n + 1);
        let end = memchr::memchr(b'\n', &text[hit..]).map_or(text.len(), |n| hit + n);
        for (word, encoded) in [(&b"\"data"[..], true), (b"\"stringData", false)] {
            for object in memchr::memmem::find_iter(&text[start..end], word) {
                values(&text[..end], start + object + word.len(), encoded, found);
            }
        }
        passed = end;
    }
}

/// The values of the flat object that begins behind the quote of its key at `i`.
fn values(text: &[u8], i: usize, encoded: bool, found: &mut dyn FnMut(Range<usize>)) {
    let opening = |b: &u8| matches!(b, b'"' | b'\\' | b':' | b' ' | b'\t');
    let mut i = i + text[i..].iter().take(16).take_while(|b| opening(b)).count();
    if text.get(i) != Some(&b'{') {
        return;
    }
    i += 1;
    let mut is_value = false;
    while let Some(b) = text.get(i) {
        match b {
            b'}' | b'{' | b'[' => return,
            b':' => is_value = true,
            b',' => is_value = false,
            b'"' => {
                let escape = text[..i].ends_with(b"\\");
                let Some(length) = closing(&text[i + 1..], escape) else { return };
                let value = &text[i + 1..i + 1 + length];
                if is_value && (if encoded { is_encoded(value, true) } else { !is_no_secret(value) }) {
                    found(i + 1..i + 1 + length);
                }
                i += length + 1 + usize::from(escape);
            }
            _ => {}
        }
        i += 1;
    }
}

/// The length of a string up to its closing quote, which has an escape before it where the opening one had.
fn closing(rest: &[u8], escape: bool) -> Option<usize> {
    let mut i = 0;
    while let Some(n) = memchr::memchr(b'"', &rest[i..]) {
        let quote = i + n;
        let slashes = rest[..quote].iter().rev().take_while(|b| **b == b'\\').count();
        if slashes == usize::from(escape) || !escape && slashes % 2 == 0 {
            return Some(quote - usize::from(escape));
        }
        i = quote + 1;
    }
    None
}

/// The key of a line, empty if it has none, and the place of the value without quotes.
fn entry(line: &[u8], start: usize, end: usize) -> (&[u8], Range<usize>) {
    let start = start + if line[start..end].starts_with(b"- ") { 2 } else { 0 };
    let quote = usize::from(line.get(start) == Some(&b'"'));
    let length = line[start + quote..end].iter().take_while(|b| b.is_ascii_alphanumeric() || b"._-/".contains(b)).count();
    let key = start + quote..start + quote + length;
    let colon = key.end + quote;
    let (key, from) = match line.get(colon..(colon + 2).min(end)) {
        Some([b':', b' ' | b'\t']) => (&line[key], colon + 2),
        Some([b':']) => (&line[key], end),
        _ => (&line[..0], start),
    };
    let mut from = from + line[from..end].iter().take_while(|b| **b == b' ').count();
    let mut to = end - usize::from(end > from && line[end - 1] == b',');
    if to >= from + 2 && matches!(line[from], b'"' | b'\'') && line[to - 1] == line[from] {
        from += 1;
        to -= 1;
    }
    (key, from..to.max(from))
}

/// Whether a value below `data:` is one of a Secret. Certificates are public.
fn is_encoded(value: &[u8], secret: bool) -> bool {
    const CERTIFICATE: &[u8] = b"LS0tLS1CRUdJTiBDRVJU";
    value.len() >= 4
        && value.len().is_multiple_of(4)
        && base64::is_padded(value)
        && !value.starts_with(CERTIFICATE)
        && (secret || value.len() >= 8 && base64::is_words(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<&str> {
        let mut out = Vec::new();
        walk(text.as_bytes(), 0, Document::default(), &mut |range| out.push(&text[range]));
        out
    }

    #[test]
    fn entries_of_secrets() {
        let yaml = "apiVersion: v1\ndata:\n  a.b: bjB3WW91U2Vl\n  \"c\": \"MTIzNDU2Nzg=\"\nkind: Secret\nmetadata:\n  name: bjB3WW91U2Vl\n";
        assert_eq!(values(yaml), ["bjB3WW91U2Vl", "MTIzNDU2Nzg="]);
        let first = "kind: Secret\nstringData:\n  dsn: n0w you see\n  f: |\n    n0w=1\ntype: Opaque\n---\nkind: ConfigMap\ndata:\n  a: abcd\n";
        assert_eq!(values(first), ["n0w you see", "n0w=1"]);
        let flow = "kind: Secret\nstringData: {user: app, pin: \"n0w, you\"}\ndata: {a: bjB3, b: x}\n";
        assert_eq!(values(flow), ["app", "n0w, you", "bjB3"]);
        let generator =
            "secretGenerator:\n- name: a\n  literals:\n  - A=n0w=1\n  - B=n0you\nconfigMapGenerator:\n- literals:\n  - C=x\n";
        assert_eq!(values(generator), ["n0w=1", "n0you"]);
        let json = "{\n    \"data\": {\n        \"x\": \"bjB3WW91U2Vl\",\n        \"y\": \"bjB3WW91U2Vl\"\n    },\n    \"kind\": \"Secret\"\n}\n";
        assert_eq!(values(json), ["bjB3WW91U2Vl", "bjB3WW91U2Vl"]);
        assert_eq!(values("kind: Secret\ndata:\n  x: //79/Pv6\n"), ["//79/Pv6"]);
    }

    #[test]
    fn other_data_stays() {
        for text in [
            "kind: ConfigMap\ndata:\n  mode: username\n  n: \"5432\"\n  log: informational\n",
            "data:\n  tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t\n",
            "kind: Secret\nmetadata:\n  name: abcdefgh\n",
        ] {
            assert!(values(text).is_empty(), "{text}");
        }
    }
}
