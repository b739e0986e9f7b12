//! Bytes written as a list of numbers, as the journal does in JSON where a message is no plain text: in one line, or in
//! pretty form a number a line.
//!
//! In: text and the place behind `[`. Out: the bytes and the list's place; the list of other bytes in as many lines.

use std::ops::Range;

/// A shorter list is a list of numbers.
const LEAST: usize = 8;
/// A line of a list in pretty form is at most this long.
const LINE: usize = 256;
/// A longer text is no list of bytes that a line of a log would be.
pub(in super::super) const REACH: usize = 64 << 10;

/// Whether a list over lines has one number in each, so that the cutter knows all of them.
fn is_whole(list: &[u8]) -> bool {
    let mut lines = list.split(|b| *b == b'\n');
    let Some(first) = lines.next().filter(|first| first.len() < list.len()) else { return true };
    let Some(last) = lines.next_back() else { return false };
    first.trim_ascii().is_empty() && last.trim_ascii().is_empty() && lines.all(is_line)
}

/// Whether a line can be one of a list in pretty form.
pub(in super::super) fn is_line(line: &[u8]) -> bool {
    let number = if line.len() <= LINE { line.trim_ascii() } else { b"" };
    let number = number.strip_suffix(b",").unwrap_or(number);
    (1..=3).contains(&number.len()) && number.iter().all(u8::is_ascii_digit)
}

/// The bytes of the list that begins at `start`, up to its `]`.
pub(in super::super) fn read(t: &[u8], start: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut number: Option<u8> = None;
    let mut ended = false;
    for (n, b) in t[start..].iter().enumerate().take(REACH) {
        match b {
            b'0'..=b'9' if !ended => number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(b - b'0')?),
            b',' => {
                bytes.push(number.take()?);
                ended = false;
            }
            b' ' | b'\t' | b'\r' | b'\n' => ended = number.is_some(),
            b']' if bytes.len() + 1 >= LEAST => {
                bytes.push(number?);
                let place = start..start + n;
                return is_whole(&t[place.clone()]).then_some((place, bytes));
            }
            _ => return None,
        }
    }
    None
}

/// Writes the list in the manner of `like`, blank for blank as far as it goes: lines have to stay where they are.
pub(in super::super) fn write(bytes: &[u8], like: &[u8], out: &mut Vec<u8>) {
    let mut number = like.iter().position(u8::is_ascii_digit).unwrap_or(0);
    out.extend_from_slice(&like[..number]);
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 {
            out.push(b',');
            number += like[number..].iter().take_while(|b| b.is_ascii_digit()).count();
            let gap = like[number..].iter().take_while(|b| !b.is_ascii_digit()).count();
            out.extend(like[number..number + gap].iter().filter(|b| b.is_ascii_whitespace()));
            number += gap;
        }
        out.extend_from_slice(byte.to_string().as_bytes());
    }
    let rest = &like[number..];
    if let Some(last) = memchr::memrchr(b'\n', rest) {
        out.extend(rest[..last].iter().filter(|b| **b == b'\n'));
        out.extend_from_slice(&rest[last..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_bytes_and_other_lists() {
        let text = b"[27,91,51,49,109,112,97,115]";
        let (place, bytes) = read(text, 1).expect("bytes");
        assert_eq!((place, bytes.as_slice()), (1..27, &b"\x1b[31mpas"[..]));
        let pretty = b"[\n\t\t112,\n\t\t97,\n\t\t115,\n\t\t115,\n\t\t61,\n\t\t97,\n\t\t98,\n\t\t99\n\t]";
        let (place, bytes) = read(pretty, 1).expect("bytes");
        assert_eq!((place.clone(), bytes.as_slice()), (1..pretty.len() - 1, &b"pass=abc"[..]));
        for (other, wanted) in [
            (&b"pass=abc"[..], &pretty[1..pretty.len() - 1]),
            (b"pa", b"\n\t\t112,\n\t\t97\n\n\n\n\n\n\n\t"),
            (b"pass=abcde", b"\n\t\t112,\n\t\t97,\n\t\t115,\n\t\t115,\n\t\t61,\n\t\t97,\n\t\t98,\n\t\t99,\n\t100,101"),
        ] {
            let mut out = Vec::new();
            write(other, &pretty[place.clone()], &mut out);
            assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(wanted));
        }
        for other in [
            "1,2,3]",
            "1 2,2,3,4,5,6,7,8,9]",
            "1,2,3,4,5,6,7,8,256]",
            "1,2,3,4,5,6,7,8",
            "1,,2,3,4,5,6,7,8,9]",
            "-1,2,3,4,5,6,7,8,9]",
        ] {
            assert!(read(other.as_bytes(), 0).is_none(), "{other}");
        }
    }
}
