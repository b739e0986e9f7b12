//! Where a value begins and ends, and whether it is one.
//!
//! In: text and the place after a key. Out: the place of the value: quoted, escaped, in XML, in a list of
//! options, at the end of a line. Values that are already masked, and words that are no values, are none.

use std::ops::Range;

use super::{
    escape,
    judge::has_stand_in,
    rows::lines_below,
    scalar::quote,
    structure::{percent, xml},
};

pub(super) use super::scalar::{plain_end, scalar};

/// A value lies at most this far from the line end a verifier may look at.
const REACH: usize = 4096;
/// So much of a value without quotes decides whether it is one: a failed look is short.
pub(super) const LOOK: usize = 256;

/// What may stand between a key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// `=`, `:`, `=>`, an XML tag or attribute.
    Sign,
    /// As `Sign`, or blanks: `requirepass x`, `--password x`.
    SignOrBlank,
}

/// How the value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Json,
    Xml,
    Plain,
}

/// A value's place and style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) range: Range<usize>,
    pub(super) style: Style,
    pub(super) quoted: bool,
    /// `=` or `:` or blank or `>`.
    pub(super) sign: u8,
    /// It may reach to the line's end, as in a configuration file.
    pub(super) whole_line: bool,
}

impl Value {
    /// A value that markup ends.
    pub(super) fn marked(range: Range<usize>) -> Value {
        Value { range, style: Style::Xml, quoted: true, sign: b'>', whole_line: false }
    }

    /// The value's place. One without quotes has been looked at as far as [`LOOK`] only; here it is taken whole.
    pub(super) fn full(&self, t: &[u8]) -> Range<usize> {
        if self.quoted || self.range.len() < LOOK {
            return self.range.clone();
        }
        self.range.start..plain_end(t, self.range.start, self.whole_line, usize::MAX)
    }
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | 0)
}

pub(super) fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// Byte at `i`, or a line end.
pub(super) fn at(t: &[u8], i: usize) -> u8 {
    t.get(i).copied().unwrap_or(b'\n')
}

/// The end of the line that `i` is in, at most [`REACH`] away.
pub(super) fn line_end(t: &[u8], i: usize) -> usize {
    let limit = t.len().min(i + REACH);
    memchr::memchr(b'\n', &t[i..limit]).map_or(limit, |n| i + n)
}

/// The start of the line that `i` is in, at most `reach` away.
pub(super) fn line_start(t: &[u8], i: usize, reach: usize) -> usize {
    let from = i.saturating_sub(reach);
    memchr::memrchr(b'\n', &t[from..i]).map_or(from, |n| from + n + 1)
}

/// Words behind a key that tell which of its values it is.
const SUFFIXES: &[&str] = &[
    "prod",
    "test",
    "dev",
    "stage",
    "staging",
    "uat",
    "pre",
    "prd",
    "old",
    "new",
    "confirm",
    "confirmation",
    "again",
    "repeat",
    "retype",
    "current",
    "root",
    "admin",
    "db",
    "master",
    "slave",
    "replica",
    "primary",
    "standby",
    "backup",
    "ro",
    "rw",
    "value",
    "plain",
    "plaintext",
    "text",
    "clear",
    "cleartext",
    "raw",
    "hash",
    "hashed",
    "md5",
    "encrypted",
    "base64",
    "b64",
    "string",
    "base",
    "1",
    "2",
    "3",
    "4",
    "5",
];

/// The length of a word that is joined to a key: `_PROD`, `.old`, `Confirm`.
pub(super) fn suffix(t: &[u8], i: usize) -> usize {
    let joined = usize::from(matches!(at(t, i), b'_' | b'.' | b'-'));
    let start = i + joined;
    let number = t[start.min(t.len())..].iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    if joined == 1 && (1..3).contains(&number) {
        return joined + number;
    }
    let word = start + t[start.min(t.len())..].iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
    let fits = (joined == 1 || at(t, i).is_ascii_uppercase())
        && SUFFIXES.iter().any(|s| t[start..word].eq_ignore_ascii_case(s.as_bytes()));
    if fits { word - i } else { 0 }
}

pub(super) fn skip_blanks(t: &[u8], mut i: usize) -> usize {
    let limit = t.len().min(i + 256);
    while i < limit {
        i = match t[i] {
            b' ' | b'\t' | 0 => i + 1,
            // Colours change nothing of what is said.
            0x1b | b'#' | b'\\' | b'^' if escape::colours(t, i) > i => escape::colours(t, i),
            _ => break,
        };
    }
    i
}

/// The value after the key that ends at `key_end`.
pub(super) fn after_key(t: &[u8], key_end: usize, between: Between, open_end: bool) -> Option<Value> {
    let mut i = escape::colours(t, key_end);
    let mut key_quote = None;
    if let Some(q) = quote(t, i) {
        key_quote = Some(q);
        i = escape::colours(t, i + q.len());
    }
    if at(t, i) == b']' && key_quote.is_some() {
        i += 1;
    }
    if at(t, i) == b'>' {
        return xml::text(t, i + 1).and_then(|range| nonempty(Value::marked(range)));
    }
    if let Some(range) = xml::escaped(t, i).or_else(|| xml::coded(t, i)) {
        return nonempty(Value::marked(range));
    }
    if let Some(range) = percent::after_key(t, i) {
        return Some(Value { range, style: Style::Plain, quoted: true, sign: b'=', whole_line: false });
    }
    if t[i.min(t.len())..].starts_with(b"</") {
        return sibling(t, i);
    }
    let after_name = i;
    if at(t, i) == b' '
        && let Some(range) = xml::behind_attributes(t, i)
    {
        return nonempty(Value::marked(range));
    }
    i = skip_blanks(t, i);
    // `Secret Access Key [None]: x`, `{$SNMP_COMMUNITY}=x`
    let note = t[i.min(t.len())..].iter().take(24).take_while(|b| !matches!(b, b']' | b'\n' | b'"' | b'=')).count();
    if i > after_name && at(t, i) == b'[' && t.get(i + note..).is_some_and(|rest| rest.starts_with(b"]:")) {
        i += note + 1;
    } else if at(t, i) == b'}' && i == key_end {
        i = skip_blanks(t, i + 1);
    }
    if key_quote.is_some()
        && let Some(start) = xml::value_attribute(t, i)
    {
        return scalar(t, start, b'=', Style::Xml, open_end);
    }
    // `<PASSWORD value="x"/>`
    if i > after_name && t[i.min(t.len())..].get(..7).is_some_and(|rest| rest.eq_ignore_ascii_case(b"value=\"")) {
        return scalar(t, i + 6, b'=', Style::Xml, open_end);
    }
    if i > after_name && t[i.min(t.len())..].starts_with(b"-> ") {
        return scalar(t, skip_blanks(t, i + 2), b'=', Style::Plain, open_end);
    }
    // `"--password","x"` in JSON, `--password, x` in a list of YAML.
    if between == Between::SignOrBlank && at(t, i) == b',' && (key_quote.is_some() || at(t, i + 1) == b' ') {
        let start = skip_blanks(t, i + 1);
        return scalar(t, of_pointer(t, start).unwrap_or(start), b' ', Style::Plain, open_end);
    }
    // `- --password` and `- x` in lines of their own.
    if between == Between::SignOrBlank && at(t, i) == b'\n' && i == key_end {
        let item = lines_below(t, key_end).next().filter(|line| t[line.clone()].starts_with(b"- "));
        let listed = t[line_start(t, key_end, 160)..key_end].trim_ascii_start().starts_with(b"- -");
        return item.filter(|_| listed).and_then(|line| scalar(t, skip_blanks(t, line.start + 2), b' ', Style::Plain, open_end));
    }
    // `$token != "x"`, `password == "x"`
    if matches!(at(t, i), b'=' | b'!') && at(t, i + 1) == b'=' {
        let start = skip_blanks(t, i + 2 + usize::from(at(t, i + 2) == b'='));
        let compared = if matches!(at(t, start), b'"' | b'\'') { scalar(t, start, b'=', Style::Plain, open_end) } else { None };
        return compared.filter(|found| super::spoken::is_strong(&t[found.range.clone()]));
    }
    let sign = at(t, i);
    match sign {
        b'=' | b':' => {
            let next = at(t, i + 1);
            // In LDIF `::` announces base64.
            let ldif = sign == b':' && next == b':' && at(t, i + 2) == b' ';
            if (sign == b'=' && next == b'=') || (sign == b':' && matches!(next, b':' | b'/' | b'?') && !ldif) {
                return None;
            }
            i += 1 + usize::from(ldif);
            if (sign == b'=' && next == b'>') || (sign == b':' && next == b'=') {
                i += 1;
            }
            let style = if key_quote.is_some() && sign == b':' { Style::Json } else { Style::Plain };
            let start = skip_blanks(t, i);
            // `KEY= NEXT=value`: an empty value, the next setting follows.
            let word = t[start..t.len().min(start + 64)].iter().take_while(|b| is_name(**b)).count();
            if sign == b'=' && start > i && after_name + 1 == i && word > 0 && at(t, start + word) == b'=' {
                return None;
            }
            if key_quote.is_some() && at(t, start) == b'[' {
                let mut item = scalar(t, first_item(t, start)?, sign, style, open_end)?;
                let next = memchr::memchr(b',', &t[item.range.clone()]).filter(|_| !item.quoted);
                item.range.end = next.map_or(item.range.end, |n| item.range.start + n);
                return nonempty(item);
            }
            let start = of_pointer(t, start).unwrap_or(start);
            scalar(t, start, sign, style, open_end)
        }
        _ if between == Between::SignOrBlank && i > after_name => scalar(t, i, b' ', Style::Plain, open_end),
        _ => None,
    }
}

/// Where the first item of a list begins, however deep, if it is no object: a list is no value.
fn first_item(t: &[u8], i: usize) -> Option<usize> {
    let mut i = i;
    for _ in 0..8 {
        if at(t, i) != b'[' {
            return (!matches!(at(t, i), b']' | b'{')).then_some(i);
        }
        i = skip_blanks(t, i + 1);
    }
    None
}

/// A debugger shows where a string is before the string: `password=0x61c0 "x"`.
fn of_pointer(t: &[u8], i: usize) -> Option<usize> {
    let digits = t.get(i..)?.strip_prefix(b"0x")?.iter().take(17).take_while(|b| b.is_ascii_hexdigit()).count();
    let end = i + 2 + digits;
    (digits > 0 && t[end..].starts_with(b" \"")).then_some(end + 1)
}

/// The end of the word at `i`, which may be in quotes.
pub(super) fn word_end(t: &[u8], i: usize) -> usize {
    let end = line_end(t, i);
    if matches!(at(t, i), b'"' | b'\'')
        && let Some(close) = memchr::memchr(t[i], &t[i + 1..end])
    {
        return i + close + 2;
    }
    i + t[i..end].iter().take_while(|b| !b.is_ascii_whitespace()).count()
}

/// Words between a directive and its value, which tell how it is written.
const FILLERS: &[&str] = &[
    "cipher",
    "simple",
    "plain",
    "plaintext",
    "irreversible-cipher",
    "encrypted",
    "hash",
    "read",
    "write",
    "password",
    "values",
    "md5",
    "sha",
    "sha1",
    "sha2-256",
    "sha-256",
    "aes128",
    "aes256",
    "des56",
    "auth",
    "priv",
    "enc",
    "des",
    "aes",
    "sha256",
    "128",
    "192",
    "256",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
];

/// The value behind words that are none, and behind long options.
pub(super) fn behind_fillers(t: &[u8], found: Value, open_end: bool) -> Option<Value> {
    let mut found = found;
    for _ in 0..3 {
        let v = &t[found.range.clone()];
        let filler = v.starts_with(b"--") || FILLERS.iter().any(|w| v.eq_ignore_ascii_case(w.as_bytes()));
        if found.quoted || !filler {
            break;
        }
        let next = skip_blanks(t, found.range.end);
        if next == found.range.end || at(t, next) == b'\n' {
            return if v.starts_with(b"--") { None } else { Some(found) };
        }
        found = scalar(t, next, b' ', Style::Plain, open_end)?;
    }
    Some(found)
}

/// The value behind a key and blanks, where the line's form says that it is one: a directive (`secret "x";`), a line of two
/// words, `login NAME password x`, an element with attributes, or a sentence (`password is "x"`).
pub(super) fn spaced(t: &[u8], start: usize, end: usize, open_end: bool) -> Option<Value> {
    const SAYS: [&[u8]; 12] = [b"is", b"was", b"to", b"value", b"now", b"set", b"as", b"of", b"be", b"by", b"has", b"equals"];
    // Commands whose first word is a name and the second its value.
    const SETTERS: [&[u8]; 12] = [
        b"setenv",
        b"env",
        b"fastcgi_param",
        b"set",
        b"config",
        b"proxy_set_header",
        b"-gx",
        b"option",
        b"enable",
        b"ipsec",
        b"obfuscated",
        b"xauth",
    ];
    // `"key" "value"`
    let pair = start > 0 && at(t, end) == b'"' && t[start - 1] == b'"';
    let end = end + usize::from(pair);
    let mut i = skip_blanks(t, end);
    if i == end || at(t, i) == b'\n' || pair && at(t, i) != b'"' {
        return None;
    }
    let stop = line_end(t, i);
    let lead = t[line_start(t, start, 160)..start].trim_ascii_end();
    let last = lead.rsplit(|b| is_blank(*b)).next().unwrap_or(b"");
    let setter = SETTERS.iter().any(|s| last.eq_ignore_ascii_case(s));
    // `iDRAC.Users.2.Password x`
    let dotted = memchr::memchr_iter(b'.', &t[start..end]).count() > 1;
    let first = lead.is_empty() || matches!(lead.last(), Some(b'{' | b';' | b'>')) || setter || dotted;
    let mut words = 0;
    while words < 3 {
        let word = t[i..stop].iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if !SAYS.iter().any(|s| t[i..i + word].eq_ignore_ascii_case(s)) || at(t, i + word) != b' ' {
            break;
        }
        words += 1;
        i = skip_blanks(t, i + word).min(stop);
    }
    let mut found = scalar(t, i, b' ', Style::Plain, open_end)?;
    let close = found.range.end + usize::from(found.quoted);
    let rest = t[close.min(stop)..stop].trim_ascii();
    let ends = rest.is_empty() || matches!(rest[0], b';' | b'}') || setter && rest.starts_with(b"-");
    if !found.quoted && t[found.range.clone()].ends_with(b";") {
        found.range.end -= 1;
    }
    let v = &t[found.range.clone()];
    let strong = super::spoken::is_strong(v);
    let login = {
        let mut before = lead.rsplit(|b| is_blank(*b)).filter(|w| !w.is_empty());
        before.next().is_some() && before.next().is_some_and(|w| w.eq_ignore_ascii_case(b"login"))
    };
    let fits = if words > 0 {
        found.quoted || strong && v.iter().any(u8::is_ascii_digit) && v.len() >= 6
    } else {
        login || first && ends && (found.quoted || strong) || pair && strong
    };
    // What a stand-in was before did not make the value look strong.
    (fits && !has_stand_in(&t[found.range.clone()])).then_some(found).and_then(nonempty)
}

/// `<name>..key</name> <value>..</value>`, the second perhaps on the next line.
fn sibling(t: &[u8], i: usize) -> Option<Value> {
    let window = &t[i..t.len().min(i + 256)];
    let opening = [&b"<value>"[..], b"<string>"];
    let (open, tag) = opening.iter().find_map(|tag| Some((memchr::memmem::find(window, tag)?, tag.len())))?;
    // The end of the key's own tag, which may be missing; no further down than the chunk behind is shown.
    let head = &window[..open];
    let between = &head[memchr::memchr(b'>', head)? + 1..];
    let blank = between.iter().all(u8::is_ascii_whitespace) && memchr::memchr_iter(b'\n', head).count() <= 1;
    if blank { xml::text(t, i + open + tag).and_then(|range| nonempty(Value::marked(range))) } else { None }
}

pub(super) fn nonempty(value: Value) -> Option<Value> {
    (!value.range.is_empty()).then_some(value)
}
