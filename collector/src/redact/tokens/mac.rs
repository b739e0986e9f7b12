//! Hardware addresses in text, of 48 bits, of 64, and the 20 bytes of InfiniBand.
//!
//! In: a word. Out: spans.

use super::{Words, push};
use crate::redact::{
    kinds::Kind,
    span::{Form, Span},
    value::at,
};

/// Types of frames: IPv4, ARP, VLAN, IPv6.
const ETHERNET: [&[u8]; 4] = [b"08:00", b"08:06", b"81:00", b"86:dd"];

impl Words<'_> {
    /// Hardware addresses of six groups of two digits.
    pub(super) fn mac(&self, start: usize, end: usize, separator: u8, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut i = start;
        while i + 17 <= end {
            let fits = |from: usize| {
                (0..17).all(|n| if n % 3 == 2 { t[from + n] == separator } else { t[from + n].is_ascii_hexdigit() })
            };
            // `word` begins behind an escape.
            let free = i == start
                || !(t[i - 1].is_ascii_alphanumeric() || t[i - 1] == separator && i >= start + 2 && t[i - 2].is_ascii_hexdigit());
            if free && fits(i) {
                let mut stop = i + 17;
                // More groups: a fingerprint or the address of another kind of port.
                while stop + 2 < end && t[stop] == separator && t[stop + 1].is_ascii_hexdigit() && t[stop + 2].is_ascii_hexdigit()
                {
                    stop += 3;
                }
                if !at(t, stop).is_ascii_alphanumeric() {
                    if stop == i + 17 {
                        self.push_mac(i, stop, spans);
                    } else {
                        self.push_long_mac(i, stop, spans);
                    }
                }
                i = stop;
            }
            i += 1;
        }
    }

    /// `2853.4e0e.9100` and `2853-4e0e-9100`, as switches write it.
    pub(super) fn mac_in_threes(&self, start: usize, mut end: usize, spans: &mut Vec<Span>) {
        while end > start + 14 && matches!(self.text[end - 1], b'.' | b':' | b'-') {
            end -= 1;
        }
        let word = &self.text[start..end];
        let sign = if word.len() == 14 { word[4] } else { return };
        let shape = word.iter().enumerate().all(|(i, b)| if i % 5 == 4 { *b == sign } else { b.is_ascii_hexdigit() });
        let letters = word.iter().any(u8::is_ascii_alphabetic);
        // Keys of licences are in groups as well, but in capitals.
        let fits = match sign {
            b'.' => letters || word.starts_with(b"00"),
            b'-' => letters && word.iter().any(u8::is_ascii_digit) && !word.iter().any(u8::is_ascii_uppercase),
            _ => false,
        };
        if shape && fits {
            self.push_mac(start, end, spans);
        }
    }

    /// An address of 64 bits, or the 20 bytes of an InfiniBand interface, of which the last 8 name the port.
    pub(super) fn push_long_mac(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let word = &self.text[start..end];
        match word.len() {
            // Other eight bytes are as well the number of a certificate; the padding in the middle is the mark.
            23 if word[9..14].eq_ignore_ascii_case(b"ff:fe") || &word[9..14] == b"03:00" => {
                push(start, end, Kind::Mac, Form::Tag, spans);
            }
            // A firewall writes receiver, sender and type in a row.
            41 if self.text[..start].ends_with(b"MAC=") || ETHERNET.iter().any(|e| word[36..].eq_ignore_ascii_case(e)) => {
                self.push_mac(start, start + 17, spans);
                self.push_mac(start + 18, start + 35, spans);
            }
            59 if word[12..17].eq_ignore_ascii_case(b"fe:80") => push(end - 23, end, Kind::Mac, Form::Tag, spans),
            // A firewall's line: to, from, and the type of the packet.
            41 => {
                self.push_mac(start, start + 17, spans);
                self.push_mac(start + 18, start + 35, spans);
            }
            // The first byte is the type of the network where a boot loader asks for its file.
            20 if word.starts_with(b"01-") => self.push_mac(start + 3, end, spans),
            _ => {}
        }
    }

    pub(super) fn push_mac(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let mut address = [0_u8; 6];
        let digits = self.text[start..end].iter().filter_map(|b| (*b as char).to_digit(16));
        for (i, digit) in digits.enumerate().take(12) {
            address[i / 2] = address[i / 2] << 4 | digit as u8;
        }
        let zero = address == [0; 6];
        // An odd first byte is a group of receivers, broadcast included.
        if !zero && address[0] & 1 == 0 {
            push(start, end, Kind::Mac, Form::Mac(address), spans);
        }
    }
}
