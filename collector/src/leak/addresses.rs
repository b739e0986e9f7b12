//! Addresses that the mapping did not give out.
//!
//! In: text and what was given out. Out: IPv4, IPv6 and hardware addresses that are no stand-ins. The judgement is narrow on
//! purpose: four numbers may be a version, and what is in doubt is none; only an address in a subnet of this host always is one.

use std::{net::Ipv6Addr, ops::Range};

use super::{Kind, Known, escapes};

/// A subnet: network and prefix length.
pub(super) type Subnet = ([u8; 4], u8);

/// So far back a word says that four numbers are a version.
const VERSION_REACH: usize = 24;
const VERSION_WORDS: [&str; 14] =
    ["ver", "firmware", "release", "fw", "rev", "kernel", "driver", "schema", "grade", "bios", "api", "build", "package", "oid"];

/// What is looked for.
pub(super) struct Search<'a> {
    pub(super) text: &'a [u8],
    pub(super) known: Known<'a>,
    pub(super) subnets: &'a [Subnet],
    /// Four numbers are a version here: a list of packages.
    pub(super) versions: bool,
}

impl Search<'_> {
    /// Calls `hit` with every address that is no stand-in.
    pub(super) fn run(&self, mut hit: impl FnMut(Range<usize>, Kind)) {
        let t = self.text;
        let mut i = 0;
        while let Some(n) = t.get(i..).and_then(|rest| memchr::memchr3(b'.', b':', b'-', rest)) {
            let sign = i + n;
            let from = i;
            i = sign + 1;
            let (Some(before), Some(after)) = (sign.checked_sub(1).map(|i| t[i]), t.get(sign + 1).copied()) else { continue };
            match t[sign] {
                b'.' if before.is_ascii_digit() && after.is_ascii_digit() => {
                    let word = around(t, sign, from, |b| b.is_ascii_digit() || b == b'.');
                    i = word.end.max(i);
                    let word = escapes::without(t, word);
                    if self.is_v4(&word) {
                        hit(word, Kind::Ipv4);
                    }
                }
                b':' if (before.is_ascii_hexdigit() || before == b':') && chain(t, sign) => {
                    let mut word = around(t, sign, from, |b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
                    i = word.end.max(i);
                    while word.len() > 2 && matches!(t[word.end - 1], b'.' | b':') && !t[word.clone()].ends_with(b"::") {
                        word.end -= 1;
                    }
                    let word = escapes::without(t, word);
                    if word.len() == 17 && self.is_mac(&word, b':') {
                        hit(word, Kind::Mac);
                    } else if word.len() == 41 && t[..word.start].ends_with(b"MAC=") {
                        // Receiver, sender and type of a frame, as a firewall writes them.
                        for half in [word.start..word.start + 17, word.start + 18..word.start + 35] {
                            if self.is_hardware(&t[half.clone()], b':') {
                                hit(half, Kind::Mac);
                            }
                        }
                    } else if self.is_v6(&word) {
                        hit(word, Kind::Ipv6);
                    }
                }
                b'-' if t.get(sign + 3) == Some(&b'-') && t.get(sign + 6) == Some(&b'-') => {
                    let word = around(t, sign, from, |b| b.is_ascii_hexdigit() || b == b'-');
                    i = word.end.max(i);
                    let word = escapes::without(t, word);
                    if word.len() == 17 && self.is_mac(&word, b'-') {
                        hit(word, Kind::Mac);
                    }
                }
                _ => {}
            }
        }
    }

    fn is_v4(&self, word: &Range<usize>) -> bool {
        let t = self.text;
        let Some(address) = quad(&t[word.clone()]) else { return false };
        if matches!(address[0], 0 | 127 | 224..) || self.known.v4(address) {
            return false;
        }
        let before = escapes::before(t, word.start);
        let after = t.get(word.end).copied().unwrap_or(b'\n');
        if before.is_ascii_alphanumeric() || after.is_ascii_alphanumeric() {
            return false;
        }
        if self.subnets.iter().any(|subnet| lies_in(address, *subnet)) {
            return true;
        }
        // A sign between words binds: `name-1.2.3.4`, `Edg/118.0.2088.61`, `v_1.2.3.4`.
        let bound = |b: u8| matches!(b, b'-' | b'_' | b'/' | b'+' | b'~' | b'^' | b'.' | b'%' | b'\\') || !b.is_ascii();
        let mask = after == b'/' && t.get(word.end + 1).is_some_and(u8::is_ascii_digit);
        let arrow = after == b'-' && t.get(word.end + 1) == Some(&b'>');
        if self.versions || bound(before) || bound(after) && !mask && !arrow || self.after_version_word(word.start) {
            return false;
        }
        let [a, b, c, d] = address;
        let private = matches!((a, b), (10, _) | (172, 16..=31) | (192, 168) | (100, 64..=127));
        let port = after == b':' && t.get(word.end + 1).is_some_and(u8::is_ascii_digit);
        // Versions count from one: four numbers with two large ones are none.
        let large = [a, b, c, d].iter().filter(|octet| **octet >= 64).count();
        (a, b) != (169, 254)
            && (matches!((a, b), (172, 16..=31) | (192, 168)) || private && (port || mask || large > 0) || large > 1)
    }

    fn after_version_word(&self, start: usize) -> bool {
        let window = &self.text[start.saturating_sub(VERSION_REACH)..start];
        let window = &window[memchr::memrchr(b'\n', window).map_or(0, |n| n + 1)..];
        VERSION_WORDS.iter().any(|word| window.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())))
    }

    fn is_v6(&self, word: &Range<usize>) -> bool {
        let t = self.text;
        let bytes = &t[word.clone()];
        let before = escapes::before(t, word.start);
        let after = t.get(word.end).copied().unwrap_or(b'\n');
        let joint = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'<');
        if bytes.len() > 45 || joint(before) || joint(after) {
            return false;
        }
        let Some(address) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Ipv6Addr>().ok()) else { return false };
        let octets = address.octets();
        let named = octets[0] & 0xe0 == 0x20 || octets[0] & 0xfe == 0xfc || octets[0] == 0xfe && octets[1] & 0xc0 == 0x80;
        // A prefix alone names no host: `fe80::`, `fd00::/8`; and `2000::/3` is a rule of routing.
        let host = octets[8..] != [0; 8];
        let groups = bytes.split(|b| *b == b':').filter(|part| !part.is_empty()).count();
        named && host && groups >= 3 && !self.known.v6(octets)
    }

    fn is_mac(&self, word: &Range<usize>, sign: u8) -> bool {
        let t = self.text;
        let bytes = &t[word.clone()];
        let before = escapes::before(t, word.start);
        let after = t.get(word.end).copied().unwrap_or(b'\n');
        let joint = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.');
        let free = !joint(before) && !after.is_ascii_alphanumeric() && !matches!(after, b'_' | b'-' | b':');
        free && self.is_hardware(bytes, sign)
    }

    /// Whether these 17 bytes are the address of a device, and no stand-in.
    fn is_hardware(&self, bytes: &[u8], sign: u8) -> bool {
        if !bytes.iter().enumerate().all(|(n, b)| if n % 3 == 2 { *b == sign } else { b.is_ascii_hexdigit() }) {
            return false;
        }
        let digits = |n: usize| bytes[n * 3..n * 3 + 2].iter().fold(0, |v, b| v << 4 | char::from(*b).to_digit(16).unwrap_or(0));
        let address: [u8; 6] = std::array::from_fn(|n| digits(n) as u8);
        // Groups of receivers have an odd first byte; six small numbers are a time or a list.
        let small = address.iter().all(|b| *b < 0x60 && b & 15 < 10);
        address[0] & 1 == 0 && !small && !self.known.mac(address)
    }
}

/// Whether the colon at `i` is one of two together, or of five that stand close: a time has two.
fn chain(t: &[u8], i: usize) -> bool {
    let mut at = i;
    for _ in 0..4 {
        match t[at + 1..].iter().take(5).position(|b| *b == b':') {
            Some(0) => return true,
            Some(n) => at += n + 1,
            None => return false,
        }
    }
    true
}

/// The word of this alphabet around a place, not before `done`.
fn around(t: &[u8], place: usize, done: usize, set: impl Fn(u8) -> bool) -> Range<usize> {
    let start = place - t[done..place].iter().rev().take_while(|b| set(**b)).count();
    let end = place + t[place..].iter().take_while(|b| set(**b)).count();
    // A full stop ends a sentence.
    let end = if t[end - 1] == b'.' { end - 1 } else { end };
    start..end.max(place + 1)
}

fn lies_in(address: [u8; 4], (network, length): Subnet) -> bool {
    let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
    length > 0 && (u32::from_be_bytes(address) ^ u32::from_be_bytes(network)) & mask == 0
}

/// Four octets without leading zeros.
fn quad(bytes: &[u8]) -> Option<[u8; 4]> {
    std::str::from_utf8(bytes).ok()?.parse::<std::net::Ipv4Addr>().ok().map(|address| address.octets())
}
