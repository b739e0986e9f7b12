//! The export format of the journal: a field a line, `NAME=value`; a field with line ends or other binary bytes in it as
//! `NAME`, a line end, the length in eight bytes, the value, a line end.
//!
//! In: the format's bytes, in pieces. Out: a text in which every field is `NAME=value`, and which of its lines belong to
//! binary fields; of the redacted text, the format again with the lengths of the new values. Redaction keeps the number of
//! lines, which is how the fields are found again. Never here: a value that is no text; a mark stands for it.

use std::ops::Range;

use super::{super::token::NO_TEXT, binary, is_text};

/// A field's name is at most this long.
const NAME: usize = 64;
/// The largest binary field that is read: it is redacted in one piece.
pub(in super::super) const MOST: usize = 512 << 10;
/// No field of a journal is so large; such a length is none.
const FIELD_MAX: u64 = 1 << 31;

/// The lines of one binary field: the first one, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Field {
    pub(in super::super) first: usize,
    pub(in super::super) lines: usize,
}

/// What was read and not yet decoded.
#[derive(Debug, Default)]
pub(in super::super) struct Decoder {
    pending: Vec<u8>,
    /// The line that goes on here is no binary field's name.
    midline: bool,
    /// So much of a field that is too large is still to come, its line end included.
    passed_over: u64,
}

fn is_name(line: &[u8]) -> bool {
    (1..=NAME).contains(&line.len())
        && !line[0].is_ascii_digit()
        && line.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
}

/// What stands behind the name of a binary field.
enum Value {
    /// Not all of it is there.
    Partly,
    /// Its place.
    At(Range<usize>),
    /// More than is read, so long.
    TooLarge(u64),
}

/// The value of the binary field whose name ends at `name`.
fn value(rest: &[u8], name: usize) -> Result<Value, ()> {
    let Some(length) = rest.get(name + 1..name + 9) else { return Ok(Value::Partly) };
    let length = length.iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b));
    let Some(fits) = usize::try_from(length).ok().filter(|length| *length <= MOST) else {
        return if length < FIELD_MAX { Ok(Value::TooLarge(length)) } else { Err(()) };
    };
    match rest.get(name + 9 + fits) {
        None => Ok(Value::Partly),
        Some(b'\n') => Ok(Value::At(name + 9..name + 9 + fits)),
        Some(_) => Err(()),
    }
}

/// Whether content begins as an export does: with fields of the journal's own, or with fields up to a binary one.
pub(in super::super) fn begins(head: &[u8]) -> bool {
    let mut i = 0;
    while let Some(end) = memchr::memchr(b'\n', &head[i..]) {
        let line = &head[i..i + end];
        if is_name(line) {
            // Lengths that are read are below 2^24.
            return matches!(head.get(i + end + 1..i + end + 9), Some([_, _, _, 0, 0, 0, 0, 0]));
        }
        let Some(name) = memchr::memchr(b'=', &line[..line.len().min(NAME + 1)]).filter(|n| is_name(&line[..*n])) else {
            return false;
        };
        if line[..name].starts_with(b"__") {
            return true;
        }
        i += end + 1;
    }
    false
}

impl Decoder {
    /// Appends what is whole of the input to `out`, and the places of binary fields there to `fields`. Fails where the input is
    /// no export after all, or a field is too large.
    pub(in super::super) fn take(
        &mut self,
        fresh: &[u8],
        eof: bool,
        out: &mut Vec<u8>,
        fields: &mut Vec<Range<usize>>,
    ) -> Result<(), ()> {
        self.pending.extend_from_slice(fresh);
        let mut i = 0;
        while i < self.pending.len() {
            let rest = &self.pending[i..];
            if self.passed_over > 0 {
                let length = usize::try_from(self.passed_over).unwrap_or(usize::MAX).min(rest.len());
                self.passed_over -= length as u64;
                if self.passed_over == 0 && rest[length - 1] != b'\n' {
                    return Err(());
                }
                i += length;
                continue;
            }
            let end = memchr::memchr(b'\n', rest);
            let line = end.unwrap_or(rest.len());
            if self.midline || !is_name(&rest[..line]) || eof && end.is_none() {
                let length = end.map_or(rest.len(), |end| end + 1);
                out.extend_from_slice(&rest[..length]);
                self.midline = end.is_none();
                i += length;
                continue;
            }
            let (text, behind) = match if end.is_some() { value(rest, line)? } else { Value::Partly } {
                Value::Partly if eof => return Err(()),
                Value::Partly => break,
                Value::At(place) => (&rest[place.clone()], place.end + 1),
                Value::TooLarge(length) => {
                    self.passed_over = length + 1;
                    (NO_TEXT, line + 9)
                }
            };
            let start = out.len();
            out.extend_from_slice(&rest[..line]);
            out.push(b'=');
            let hidden = !is_text(text) && (binary::is_container(text) || std::str::from_utf8(text).is_err());
            out.extend_from_slice(if hidden { NO_TEXT } else { text });
            out.push(b'\n');
            fields.push(start..out.len());
            i += behind;
        }
        self.pending.drain(..i);
        if eof && self.passed_over > 0 { Err(()) } else { Ok(()) }
    }
}

/// Writes the format again. None if the lines are not what they were.
pub(in super::super) fn encode(text: &[u8], fields: &[Field]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() + fields.len() * 8);
    let (mut at, mut line) = (0, 0);
    let mut ends = memchr::memchr_iter(b'\n', text);
    let mut skip = |lines: usize| if lines == 0 { None } else { ends.nth(lines - 1).map(|end| end + 1) };
    for field in fields {
        let start = if field.first > line { skip(field.first - line)? } else { at };
        let end = skip(field.lines)?;
        out.extend_from_slice(&text[at..start]);
        let whole = &text[start..end - 1];
        let name = memchr::memchr(b'=', whole).filter(|name| is_name(&whole[..*name]))?;
        out.extend_from_slice(&whole[..name]);
        out.push(b'\n');
        out.extend_from_slice(&((whole.len() - name - 1) as u64).to_le_bytes());
        out.extend_from_slice(&whole[name + 1..]);
        out.push(b'\n');
        (at, line) = (end, field.first + field.lines);
    }
    out.extend_from_slice(&text[at..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &[u8] = b"__CURSOR=s=1\nMESSAGE\n\x0a\0\0\0\0\0\0\0one\ntwo\n\xff=\nPRIORITY=6\n\nX\n\0\0\0\0\0\0\0\0\nEND=1\n";

    fn decode(input: &[u8], piece: usize) -> Result<(Vec<u8>, Vec<Range<usize>>), ()> {
        let (mut decoder, mut out, mut fields) = (Decoder::default(), Vec::new(), Vec::new());
        for piece in input.chunks(piece) {
            decoder.take(piece, false, &mut out, &mut fields)?;
        }
        decoder.take(b"", true, &mut out, &mut fields).map(|()| (out, fields))
    }

    #[test]
    fn binary_fields_become_lines_and_fields_again() {
        let text = b"__CURSOR=s=1\nMESSAGE=one\ntwo\n\xff=\nPRIORITY=6\n\nX=\nEND=1\n";
        for piece in 1..=EXPORT.len() {
            let (out, fields) = decode(EXPORT, piece).expect("an export");
            assert_eq!((out.as_slice(), fields), (&text[..], vec![13..32, 44..47]), "{piece}");
        }
        let fields = [Field { first: 1, lines: 3 }, Field { first: 6, lines: 1 }];
        assert_eq!(encode(text, &fields).as_deref(), Some(EXPORT));
        assert_eq!(encode(b"__CURSOR=s=1\nMESSAGE=one\n", &fields), None);
    }

    #[test]
    fn a_field_that_is_too_large_costs_itself() {
        let large = [b"CORE\n", &(MOST as u64 + 1).to_le_bytes()[..], &vec![b'x'; MOST + 1], b"\n"].concat();
        let export = [b"__CURSOR=s=1\n", &large[..], b"END=1\n"].concat();
        for piece in [1 << 16, export.len()] {
            let (out, fields) = decode(&export, piece).expect("an export");
            assert_eq!(out, b"__CURSOR=s=1\nCORE=OEr-journal-bin\nEND=1\n", "{piece}");
            assert!(fields.len() == 1 && fields[0] == (13..34), "{piece}");
        }
        assert!(decode(&export[..export.len() / 2], 999).is_err());
        assert!(decode(&[&large[..large.len() - 1], b"x"].concat(), 999).is_err());
    }

    #[test]
    fn what_is_no_export_is_refused() {
        for input in
            [&b"MESSAGE\n\xff\xff\xff\xff\0\0\0\0x"[..], b"MESSAGE\n\x05\0\0\0\0\0\0\0ab\n", b"MESSAGE\n\x01\0\0\0\0\0\0\0abc\n"]
        {
            assert!(decode(input, 7).is_err(), "{input:?}");
        }
        assert!(begins(EXPORT) && begins(b"_TRANSPORT=stdout\nMESSAGE\n/\0\0\0\0\0\0\0line one\n"));
        assert!(!begins(b"PATH=/usr/bin\nHOME=/root\n") && !begins(b"MESSAGE\nabcdefghi\n") && !begins(b"Jan 18 a=b\n"));
        let (out, _) = decode(b"CORE\n\x07\0\0\0\0\0\0\0\x7fELF\x02\x01\xff\n", 9).expect("an export");
        assert_eq!(out, b"CORE=OEr-journal-bin\n");
    }
}
