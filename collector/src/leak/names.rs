//! The names of the host as they may be written.
//!
//! In: the harvest. Out: literals: each name plain, and in hexadecimal, base64 at its three offsets, percent signs, UTF-16 and GB18030;
//! then, for a place where a literal stands, whether it is the name and not a part of a longer word.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use encoding_rs::GB18030;

use super::{Kind, Literal, escapes};
use crate::redact::{Harvest, Written, in_token, stands_for_itself};

/// Shorter names mean nothing in a row of hexadecimal digits.
const HEX_MIN: usize = 5;
/// Characters of base64 that mean something.
const BASE64_MIN: usize = 7;
/// Characters of the quad before the first that belongs to the name alone, for each offset.
const BASE64_SKIP: [usize; 3] = [0, 2, 3];

/// A name in one of its forms.
pub(super) struct Name {
    pub(super) kind: Kind,
    pub(super) form: Form,
    /// Bytes of the name itself.
    len: usize,
    /// The name holds characters beyond ASCII: these have no words with spaces around them.
    wide: bool,
}

/// How a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Hex,
    /// Behind so many bytes of its group of three.
    Base64(usize),
    Percent,
    Utf16Le,
    Utf16Be,
    Gb18030,
}

impl Form {
    /// How a stand-in is written in its place.
    pub(super) fn written(self) -> Written {
        match self {
            Form::Plain | Form::Percent | Form::Gb18030 => Written::Plain,
            Form::Hex => Written::Hex,
            Form::Base64(_) => Written::Base64,
            Form::Utf16Le => Written::Utf16Le,
            Form::Utf16Be => Written::Utf16Be,
        }
    }
}

/// All literals of a harvest.
pub(super) fn literals(harvest: &Harvest) -> Vec<(Literal, Name)> {
    let lists = [
        (&harvest.keywords, Kind::Keyword),
        (&harvest.hosts, Kind::Hostname),
        (&harvest.domains, Kind::Domain),
        (&harvest.users, Kind::Username),
        (&harvest.names, Kind::PersonName),
        (&harvest.uuids, Kind::SystemUuid),
        (&harvest.serials, Kind::SerialNumber),
    ];
    let mut literals = Vec::new();
    for word in harvest.rules.keywords().map(str::trim).filter(|word| (3..=256).contains(&word.len())) {
        one(word, Kind::Keyword, &mut literals);
    }
    for (names, kind) in lists {
        for name in names {
            let name = name.trim();
            // Names that are also words say nothing in free text.
            if (3..=256).contains(&name.len()) && (kind == Kind::Keyword || stands_for_itself(name)) {
                one(name, kind, &mut literals);
            }
        }
    }
    literals
}

fn one(name: &str, kind: Kind, out: &mut Vec<(Literal, Name)>) {
    let (len, wide) = (name.len(), !name.is_ascii());
    let mut push = |bytes: Vec<u8>, any_case, form| {
        out.push((Literal { bytes, any_case }, Name { kind, form, len, wide }));
    };
    push(name.as_bytes().to_vec(), true, Form::Plain);
    if wide && let (gb, _, false) = GB18030.encode(name) {
        push(gb.into_owned(), false, Form::Gb18030);
    }
    // Where a dash has a meaning of its own, and where a domain has parts.
    if name.contains('-') {
        push(name.replace('-', "--").into_bytes(), true, Form::Plain);
        push(name.replace('-', "\\x2d").into_bytes(), true, Form::Plain);
    }
    if kind == Kind::Domain {
        push(format!("dc={}", name.replace('.', ",dc=")).into_bytes(), true, Form::Plain);
    }
    let mut spellings = vec![name.to_owned()];
    if name.to_lowercase() != name {
        spellings.push(name.to_lowercase());
    }
    for name in spellings {
        let bytes = name.as_bytes();
        let each = |format: fn(&u8) -> String| bytes.iter().map(format).collect::<String>().into_bytes();
        if len >= HEX_MIN {
            push(each(|b| format!("{b:02x}")), true, Form::Hex);
        }
        push(each(|b| format!("%{b:02x}")), true, Form::Percent);
        let usual =
            each(|b| if b.is_ascii_alphanumeric() || b"-._~".contains(b) { char::from(*b).into() } else { format!("%{b:02x}") });
        if usual != bytes {
            push(usual, true, Form::Percent);
        }
        push(name.encode_utf16().flat_map(u16::to_le_bytes).collect(), false, Form::Utf16Le);
        push(name.encode_utf16().flat_map(u16::to_be_bytes).collect(), false, Form::Utf16Be);
        for (offset, skip) in BASE64_SKIP.into_iter().enumerate() {
            let shifted = [&[0; 2][..offset], bytes].concat();
            let whole = shifted.len() * 8 / 6;
            if whole >= skip + BASE64_MIN {
                let usual = BASE64_STANDARD_NO_PAD.encode(&shifted);
                let safe = BASE64_URL_SAFE_NO_PAD.encode(&shifted);
                if safe[skip..whole] != usual[skip..whole] {
                    push(safe.as_bytes()[skip..whole].to_vec(), false, Form::Base64(offset));
                }
                push(usual.as_bytes()[skip..whole].to_vec(), false, Form::Base64(offset));
            }
        }
    }
}

impl Name {
    /// The place to be masked if the literal at `start..end` is this name and not a part of a longer word.
    pub(super) fn stands(&self, t: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
        let (before, after, next) = match self.form {
            Form::Plain => (escapes::before(t, start), byte(t, end), byte(t, end + 1)),
            Form::Hex => (hex(t, start.wrapping_sub(2)), hex(t, end), hex(t, end + 2)),
            Form::Percent => (percent_before(t, start), percent(t, end), b'a'),
            Form::Utf16Le => (unit(t, start.wrapping_sub(2), 0), unit(t, end, 0), unit(t, end + 2, 0)),
            Form::Utf16Be => (unit(t, start.wrapping_sub(2), 1), unit(t, end, 1), unit(t, end + 2, 1)),
            Form::Gb18030 if !in_gb18030(t, start, end) => return None,
            Form::Gb18030 => (byte(t, start.wrapping_sub(1)), byte(t, end), byte(t, end + 1)),
            Form::Base64(offset) => {
                let (before, after) = around_base64(t, start, offset, self.len);
                (before, after, b'a')
            }
        };
        (self.free(before, after, next) && !(self.form == Form::Plain && in_token(t, start)))
            .then(|| if matches!(self.form, Form::Base64(_)) { base64_run(t, start, end) } else { (start, end) })
    }

    /// Whether the name is a word of its own between these bytes; `next` stands behind `after`.
    fn free(&self, before: u8, after: u8, next: u8) -> bool {
        let short = self.len < 6;
        let joins = |b: u8| b.is_ascii_alphanumeric() || short && matches!(b, b'-' | b'_');
        match self.kind {
            Kind::Keyword => true,
            Kind::PersonName if self.wide => true,
            Kind::Username => !joins(before) && !joins(after) && before != b'_' && after != b'_',
            Kind::Domain => {
                let longer = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
                !(longer(before) || longer(after) || after == b'.' && next.is_ascii_alphanumeric())
            }
            _ => !joins(before) && !joins(after),
        }
    }
}

/// Whether the bytes at a place can be characters of GB18030: whole ones, and not of UTF-8.
fn in_gb18030(t: &[u8], start: usize, end: usize) -> bool {
    let wide = |b: &&u8| !b.is_ascii();
    let before = t[..start].iter().rev().take(64).take_while(wide).count();
    let after = t[end..].iter().take(64).take_while(wide).count();
    let run = &t[start - before..end + after];
    before % 2 == 0 && std::str::from_utf8(run).is_err_and(|error| error.error_len().is_some())
}

fn byte(t: &[u8], i: usize) -> u8 {
    t.get(i).copied().unwrap_or(b'\n')
}

/// The byte that two hexadecimal digits at `i` mean; a line end where there are none.
fn hex(t: &[u8], i: usize) -> u8 {
    let digit = |i: usize| t.get(i).and_then(|b| char::from(*b).to_digit(16));
    match (digit(i), digit(i.wrapping_add(1))) {
        (Some(high), Some(low)) => (high << 4 | low) as u8,
        _ => b'\n',
    }
}

fn percent(t: &[u8], i: usize) -> u8 {
    if byte(t, i) == b'%' { hex(t, i + 1) } else { byte(t, i) }
}

fn percent_before(t: &[u8], i: usize) -> u8 {
    if i >= 3 && t[i - 3] == b'%' { hex(t, i - 2) } else { byte(t, i.wrapping_sub(1)) }
}

/// The ASCII character of the unit at `i`, whose low byte lies at `low`.
fn unit(t: &[u8], i: usize, low: usize) -> u8 {
    match t.get(i..i.wrapping_add(2)) {
        Some(unit) if unit[1 - low] == 0 => unit[low],
        _ => b'\n',
    }
}

fn sextet(b: u8) -> Option<u32> {
    Some(u32::from(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// The bytes before and behind a name of `len` bytes in base64, whose literal for this offset begins at `start`.
fn around_base64(t: &[u8], start: usize, offset: usize, len: usize) -> (u8, u8) {
    // The byte at `place`, counted from the quad in which the name begins.
    let decoded = |place: isize| {
        let bit = place * 8;
        let mut value = 0;
        for n in [bit.div_euclid(6), bit.div_euclid(6) + 1] {
            let i = (start as isize) - BASE64_SKIP[offset] as isize + n;
            value = value << 6 | usize::try_from(i).ok().and_then(|i| sextet(*t.get(i)?))?;
        }
        Some((value >> (4 - bit.rem_euclid(6)) & 0xff) as u8)
    };
    let at = offset as isize;
    (decoded(at - 1).unwrap_or(b'\n'), decoded(at + len as isize).unwrap_or(b'\n'))
}

/// The whole run of base64 around a place. A stroke outside of it ends it: it may stand in a path.
fn base64_run(t: &[u8], start: usize, end: usize) -> (usize, usize) {
    let fits = |b: &&u8| **b != b'/' && sextet(**b).is_some() || **b == b'=';
    let before = t[..start].iter().rev().take_while(|b| fits(b) && **b != b'=').count();
    let after = t[end..].iter().take_while(fits).count();
    (start - before, end + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_base64_are_decoded() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            let text = BASE64_STANDARD_NO_PAD.encode(format!("{before}zhangwei.x"));
            let offset = before.len() % 3;
            let start = before.len() / 3 * 4 + BASE64_SKIP[offset];
            let expected = before.bytes().last().unwrap_or(b'\n');
            assert_eq!(around_base64(text.as_bytes(), start, offset, 8), (expected, b'.'), "{before}");
        }
    }
}
