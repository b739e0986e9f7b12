//! Bytes written as a list of numbers, as the journal does in JSON where a message is no plain text.
//!
//! In: text and the place behind `[`. Out: the bytes and the list's place; the list of other bytes.

use std::ops::Range;

/// A shorter list is a list of numbers.
const LEAST: usize = 8;

/// The bytes of the list that begins at `start`, up to its `]`.
pub(in super::super) fn read(t: &[u8], start: usize) -> Option<(Range<usize>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut number: Option<u8> = None;
    for (n, b) in t[start..].iter().enumerate() {
        match b {
            b'0'..=b'9' => number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(b - b'0')?),
            b',' => bytes.push(number.take()?),
            b' ' if number.is_none() => {}
            b']' if bytes.len() + 1 >= LEAST => {
                bytes.push(number?);
                return Some((start..start + n, bytes));
            }
            _ => return None,
        }
    }
    None
}

/// Writes the list in the manner of `like`.
pub(in super::super) fn write(bytes: &[u8], like: &[u8], out: &mut Vec<u8>) {
    let blank = memchr::memchr(b' ', like).is_some();
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 {
            out.extend_from_slice(if blank { b", " } else { b"," });
        }
        out.extend_from_slice(byte.to_string().as_bytes());
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
        for other in ["1,2,3]", "1,2,3,4,5,6,7,8,256]", "1,2,3,4,5,6,7,8", "1,,2,3,4,5,6,7,8,9]", "-1,2,3,4,5,6,7,8,9]"] {
            assert!(read(other.as_bytes(), 0).is_none(), "{other}");
        }
    }
}
