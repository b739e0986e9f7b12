//! Bodies of private keys.
//!
//! In: a place where a label of a private key, or the line before a body of PuTTY's, stands. Out: the rows of base64 between the
//! labels, or between a label and the end of the chunk that the other one is not in. Stand-ins are no such rows.

use std::ops::Range;

/// What all labels hold.
pub(super) const LABEL: &[u8] = b"PRIVATE KEY";
/// What stands before a body in PuTTY's files.
pub(super) const PUTTY: &[u8] = b"Private-Lines:";

/// No body is longer.
const REACH: usize = 64 << 10;
/// Shorter rows may be words.
const ROW_MIN: usize = 24;

/// What was already looked at, so that labels without end stay linear.
#[derive(Default)]
pub(super) struct Walked(usize);

impl Walked {
    /// Calls `hit` with the rows that belong to the label at `start..end`.
    pub(super) fn label(&mut self, t: &[u8], start: usize, end: usize, hit: &mut impl FnMut(Range<usize>)) {
        let head = &t[start.saturating_sub(32)..start];
        let at = |word: &[u8]| memchr::memmem::rfind(head, word);
        match (at(b"BEGIN "), at(b"END ")) {
            (Some(begin), other) if other.is_none_or(|other| other < begin) => self.forwards(t, end, hit),
            (_, Some(_)) => {
                let from = start.saturating_sub(REACH).max(self.0);
                let mut from = memchr::memmem::rfind(&t[from..start], b"-----BEGIN").map_or(from, |n| from + n);
                if from > 0 && t[from - 1].is_ascii_alphanumeric() {
                    // The walk began in the middle of a row that was looked at before.
                    from += t[from..start].iter().take_while(|b| is_base64(**b)).count();
                }
                rows(t, from..start, hit);
                self.0 = start.max(self.0);
            }
            _ => {}
        }
    }

    /// The same for the line before a body of PuTTY's.
    pub(super) fn putty(&mut self, t: &[u8], end: usize, hit: &mut impl FnMut(Range<usize>)) {
        self.forwards(t, end, hit);
    }

    fn forwards(&mut self, t: &[u8], end: usize, hit: &mut impl FnMut(Range<usize>)) {
        let from = end.max(self.0);
        let reach = t.len().min(end + REACH);
        if from >= reach {
            return;
        }
        let ends = |n: &usize| {
            let rest = &t[from + n..];
            rest.starts_with(b"-----END") || rest.starts_with(b"-----BEGIN") || rest.starts_with(b"-MAC:")
        };
        // One walk that ends at the first of them, so that labels without end stay linear.
        let to = memchr::memchr_iter(b'-', &t[from..reach]).find(ends).map_or(reach, |n| from + n);
        rows(t, from..to, hit);
        self.0 = to;
    }
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

fn rows(t: &[u8], within: Range<usize>, hit: &mut impl FnMut(Range<usize>)) {
    let mut i = within.start;
    while i < within.end {
        let run = t[i..within.end].iter().take_while(|b| is_base64(**b)).count();
        // In escaped text the letter of a line end leads the row.
        let row = i + usize::from(i > 0 && t[i - 1] == b'\\' && matches!(t[i], b'n' | b'r'))..i + run;
        if row.len() >= ROW_MIN {
            hit(row);
        }
        i += run + 1;
    }
}
