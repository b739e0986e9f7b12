//! Scan B: values that are known by their shape: addresses, hardware addresses, numbers of people and cards.
//!
//! In: text. Out: spans. From each `.`, `:` or `-` that joins digits, the word around it (`[0-9A-Za-z_.:-]`) is counted; only
//! words whose counts allow it are looked at by a validator. Long numbers are found by their length. Every validator is plain code, linear in the word.

mod address;
mod mac;
mod number;
mod signs;
mod version;

use std::ops::Range;

use self::signs::{Block, Counts, STEP, is_of_word};
pub(super) use self::{
    address::quad,
    number::{is_card, is_mobile},
};
use super::{
    Redactor, escape,
    files::{File, socket_pair},
    kinds::Kind,
    span::{Form, Span},
};

/// What scan B looks at.
pub(super) struct Words<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) text: &'a [u8],
    /// No character in it is beyond ASCII.
    pub(super) ascii: bool,
    pub(super) file: File,
}

impl Words<'_> {
    /// Finds spans in `text[from..to]`; both ends are between words.
    pub(super) fn scan(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut done = from;
        if self.file != File::NoAddresses {
            // All addresses have two of their characters around one of three signs.
            let mut next = from;
            while next < to {
                let block = Block::new(t, next);
                for (i, near) in block.signs(to) {
                    if i < done {
                        continue;
                    }
                    if !near {
                        // `0A141F01:0050 0804630A:C822` in a table of sockets
                        if self.file == File::Text && i >= from + 8 {
                            socket_pair(t, i - 8, spans);
                        }
                        continue;
                    }
                    done = clock(t, i).unwrap_or_else(|| self.around(i, &block, done..to, spans));
                }
                next = done.max(next + STEP);
            }
        }
        self.numbers(from, to, spans);
    }

    /// Looks at the word around the sign at `i`, and tells where it ends.
    fn around(&self, i: usize, block: &Block, within: Range<usize>, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let seen = block.word(i).filter(|(start, end)| *start >= within.start && *end <= within.end);
        let (start, end) = seen.unwrap_or_else(|| {
            let before = t[within.start..i].iter().rev().take_while(|b| is_of_word(**b)).count();
            (i - before, i + t[i..within.end].iter().take_while(|b| is_of_word(**b)).count())
        });
        // An escape before the word ends with its first bytes.
        let start = escape::past(t, start).min(end);
        if end - start >= 7 {
            let counts = if seen.is_some() { block.counts(start, end) } else { Counts::of(&t[start..end]) };
            self.word(start, end, counts, spans);
        }
        end
    }

    /// Finds long numbers, and such in three groups, in `text[from..to]`.
    fn numbers(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        let t = &self.text[..to];
        let (mut i, mut done) = (from, from);
        // Both cover six bytes from every sixth place on: most places are ruled out at once.
        while i + 6 <= to {
            let all = match t[i..].first_chunk() {
                Some(eight) => are_digits(u64::from_le_bytes(*eight)),
                None => t[i..i + 6].iter().all(|b| matches!(b, b' ' | b'0'..=b'9')),
            };
            if !all {
                i += 6;
                continue;
            }
            let start = i - t[done..i].iter().rev().take_while(|b| b.is_ascii_digit()).count();
            let start = start + usize::from(t[start] == b' ');
            let end = start + t[start..].iter().take_while(|b| b.is_ascii_digit()).count();
            if end - start >= 11 {
                self.number(start, end - start, spans);
            } else if matches!(end - start, 3 | 4) {
                self.mobile_in_words(start, end, spans);
            }
            done = end;
            i = end.max(i + 6);
        }
    }

    fn word(&self, start: usize, end: usize, counts: Counts, spans: &mut Vec<Span>) {
        let length = end - start;
        let Counts { digits, dots, colons, dashes } = counts;
        if dots >= 3 && digits >= 4 {
            self.ipv4(start, end, spans);
        }
        if colons >= 2 && digits >= 1 {
            if colons >= 5 {
                self.mac(start, end, b':', spans);
            }
            self.ipv6(start, end, spans);
        }
        if dashes >= 5 && length >= 17 {
            self.mac(start, end, b'-', spans);
        }
        if (dots == 2 || dashes == 2) && (14..=16).contains(&length) {
            self.mac_in_threes(start, end, spans);
        }
        if dots >= 33 && length >= 72 {
            self.ipv6_reversed(start, end, spans);
        }
        if dashes == 3 && (16..=19).contains(&digits) && length < 24 {
            self.card_in_parts(start, end, spans);
        }
        if dashes >= 4 && digits >= 4 && length >= 10 {
            self.ipv4_in_name(start, end, spans);
        }
        if dashes >= 2 && digits >= 11 {
            self.mobile_in_parts(start, end, spans);
        }
    }
}

/// Whether the first six bytes are digits and blanks.
fn are_digits(eight: u64) -> bool {
    const SIX: u64 = 0x0000_ffff_ffff_ffff;
    // Of 0x20 the lower half is nothing, of 0x30 to 0x39 it is at most nine: a carry into the bit above tells.
    let low = eight & 0x0f0f_0f0f_0f0f_0f0f;
    let (above_nine, above_none) = (low + 0x0606_0606_0606_0606, low + 0x0f0f_0f0f_0f0f_0f0f);
    let other = (above_nine | above_none & !eight) & 0x1010_1010_1010_1010;
    ((eight & 0xe0e0_e0e0_e0e0_e0e0 ^ 0x2020_2020_2020_2020) | other) & SIX == 0
}

/// Where a time of day ends whose first colon is at `i`: a word of its own that nothing else looks at.
fn clock(t: &[u8], i: usize) -> Option<usize> {
    let time = t.get(i.checked_sub(3)?..i + 7)?;
    let digits = [1, 2, 4, 5, 7, 8].iter().all(|n| time[*n].is_ascii_digit());
    (digits && time[3] == b':' && time[6] == b':' && !is_of_word(time[0]) && !is_of_word(time[9])).then_some(i + 6)
}

fn push(start: usize, end: usize, kind: Kind, form: Form, spans: &mut Vec<Span>) {
    spans.push(Span::new(&(start..end), kind, form));
}

#[cfg(test)]
mod tests {
    use super::are_digits;

    #[test]
    fn six_digits_and_blanks_are_told_from_all_else() {
        for place in 0..6 {
            for byte in 0..=255 {
                let mut eight = *b"0 9 5 xx";
                eight[place] = byte;
                assert_eq!(are_digits(u64::from_le_bytes(eight)), byte == b' ' || byte.is_ascii_digit(), "{byte} at {place}");
            }
        }
    }
}
