//! Scan B: values that are known by their shape: addresses, hardware addresses, numbers of people and cards.
//!
//! In: text. Out: spans. From each `.`, `:` or `-` that joins digits, the word around it (`[0-9A-Za-z_.:-]`) is counted by a
//! table of classes; only words whose counts allow it are looked at by a validator. Long numbers are found by their length. Every validator is plain code, linear in the word.

mod address;
mod mac;
mod number;
mod version;

pub(super) use self::{
    address::quad,
    number::{is_card, is_mobile},
};
use super::{
    Redactor, escape,
    files::{File, socket_pair},
    kinds::Kind,
    span::{Form, Span},
    value::at,
};

const DIGIT: u64 = 1;
const DOT: u64 = 1 << 12;
const COLON: u64 = 1 << 24;
const DASH: u64 = 1 << 36;
const LETTER: u64 = 1 << 48;
const MASK: u64 = 0xfff;
/// Counters hold so much; a longer word is looked at in any case.
const COUNTED: usize = 4000;

const CLASS: [u64; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'0'..=b'9' => DIGIT,
            b'.' => DOT,
            b':' => COLON,
            b'-' => DASH,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => LETTER,
            _ => 0,
        };
        b += 1;
    }
    table
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
            for sign in memchr::memchr3_iter(b'.', b':', b'-', &t[from..to]) {
                let i = from + sign;
                if i < done || !joins(t, i) {
                    continue;
                }
                if !has_fellow(t, i) {
                    // `0A141F01:0050 0804630A:C822` in a table of sockets
                    if t[i] == b':' && self.file == File::Text && i >= from + 8 && at(t, i + 5) == b' ' {
                        socket_pair(t, i - 8, spans);
                    }
                    continue;
                }
                if let Some(end) = clock(t, i) {
                    done = end;
                    continue;
                }
                let start = i - t[done..i].iter().rev().take_while(|b| CLASS[**b as usize] != 0).count();
                let mut counts = 0_u64;
                done = to;
                for (n, b) in t[start..to].iter().enumerate() {
                    let class = CLASS[*b as usize];
                    if class == 0 {
                        done = start + n;
                        break;
                    }
                    // Of a word too long to count only the length matters.
                    counts = counts.wrapping_add(class);
                }
                // An escape before the word ends with its first bytes.
                let begin = escape::past(t, start).min(done);
                for b in &t[start..begin] {
                    counts = counts.wrapping_sub(CLASS[*b as usize]);
                }
                if done - begin >= 7 {
                    self.word(begin, done, counts, spans);
                }
            }
        }
        self.numbers(from, to, spans);
    }

    /// Finds long numbers, and such in three groups, in `text[from..to]`.
    fn numbers(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        let t = &self.text[..to];
        let (mut i, mut done) = (from, from);
        // Both cover six bytes from every sixth place on: most places are ruled out at once.
        while i + 6 <= to {
            let all = match t[i..].first_chunk() {
                Some(eight) => may_count(u64::from_le_bytes(*eight)),
                None => true,
            };
            if !all || !t[i..i + 6].iter().all(|b| matches!(b, b' ' | b'0'..=b'9')) {
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

    fn word(&self, start: usize, end: usize, counts: u64, spans: &mut Vec<Span>) {
        let length = end - start;
        let (digits, dots, colons, dashes) = if length > COUNTED {
            (MASK, MASK, MASK, MASK)
        } else {
            (counts & MASK, (counts / DOT) & MASK, (counts / COLON) & MASK, (counts / DASH) & MASK)
        };
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

/// Whether the first six bytes can be digits and blanks, of which all are between 0x20 and 0x3f.
fn may_count(eight: u64) -> bool {
    eight & 0x0000_e0e0_e0e0_e0e0 == 0x0000_2020_2020_2020
}

/// Whether the same sign follows as near as in every shape that is looked for: groups have at most four characters.
fn has_fellow(t: &[u8], i: usize) -> bool {
    match t.get(i..i + 6) {
        Some(w) => {
            u8::from(w[1] == w[0])
                | u8::from(w[2] == w[0])
                | u8::from(w[3] == w[0])
                | u8::from(w[4] == w[0])
                | u8::from(w[5] == w[0])
                == 1
        }
        None => t[i + 1..].contains(&t[i]),
    }
}

/// Where a time of day ends whose first colon is at `i`: a word of its own that nothing else looks at.
fn clock(t: &[u8], i: usize) -> Option<usize> {
    let time = t.get(i.checked_sub(3)?..i + 7)?;
    let digits = [1, 2, 4, 5, 7, 8].iter().all(|n| time[*n].is_ascii_digit());
    let free = |b: u8| CLASS[usize::from(b)] == 0;
    (digits && time[3] == b':' && time[6] == b':' && free(time[0]) && free(time[9])).then_some(i + 6)
}

/// Whether the sign at `i` stands between two characters of an address.
fn joins(t: &[u8], i: usize) -> bool {
    let before = if i == 0 { b' ' } else { t[i - 1] };
    let after = at(t, i + 1);
    if t[i] == b':' {
        return (before == b':' || before.is_ascii_hexdigit() || after == b':') && (after == b':' || after.is_ascii_hexdigit());
    }
    before.is_ascii_hexdigit() && after.is_ascii_hexdigit()
}

fn push(start: usize, end: usize, kind: Kind, form: Form, spans: &mut Vec<Span>) {
    spans.push(Span::new(&(start..end), kind, form));
}
