//! The arguments of a command in an audit record: `a0="curl" a1="-u" a2=6F70733A78`, each in quotes or in hexadecimal.
//!
//! In: text and the place where arguments begin. Out: the command line, its arguments separated by NUL as in
//! `/proc/PID/cmdline`, and where each argument stands.

use std::ops::Range;

/// An audit record is at most this long.
const REACH: usize = 16 << 10;
/// More arguments are not looked at.
const MOST: usize = 256;

/// One argument.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Argument {
    pub(in super::super) place: Range<usize>,
    pub(in super::super) hex: bool,
}

/// The bytes of hexadecimal digits, if there are only such.
pub(in super::super) fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// The command line of the record that `from` is in, from there on; and how far was looked.
pub(in super::super) fn read(t: &[u8], from: usize) -> (Vec<u8>, Vec<Argument>, usize) {
    let limit = t.len().min(from + REACH);
    let end = from + memchr::memchr(b'\n', &t[from..limit]).unwrap_or(limit - from);
    let (mut line, mut arguments) = (Vec::new(), Vec::new());
    let mut i = from;
    while let Some(next) = memchr::memmem::find(&t[i..end], b" a").filter(|_| arguments.len() < MOST) {
        i += next + 2;
        let name = t[i..end].iter().take_while(|b| b.is_ascii_digit() || matches!(b, b'[' | b']')).count();
        if name == 0 || t.get(i + name) != Some(&b'=') {
            continue;
        }
        let start = i + name + 1;
        let (place, plain) = if t.get(start) == Some(&b'"') {
            let Some(length) = memchr::memchr(b'"', &t[start + 1..end]) else { break };
            let place = start + 1..start + 1 + length;
            (place.clone(), Some(t[place].to_vec()))
        } else {
            let place = start..start + t[start..end].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
            (place.clone(), unhex(&t[place]))
        };
        i = place.end;
        if let Some(plain) = plain.filter(|p| !p.contains(&0)) {
            if !arguments.is_empty() {
                line.push(0);
            }
            line.extend_from_slice(&plain);
            arguments.push(Argument { hex: t[place.start - 1] != b'"', place });
        }
    }
    (line, arguments, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_in_quotes_and_in_hexadecimal() {
        let (line, arguments, _) = read(b" argc=3 a0=\"curl\" a1=\"-u\" a2_len=9 a2=6F70733A78\na3=\"y\"", 0);
        assert_eq!(line, b"curl\0-u\0ops:x");
        assert_eq!(arguments.iter().map(|a| a.hex).collect::<Vec<_>>(), [false, false, true]);
    }
}
