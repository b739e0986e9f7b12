//! Where one of many literals begins in a text.
//!
//! In: literals of three bytes or more, then text. Out: each place where the first four bytes of a literal stand, in any ASCII
//! case, with the literal's number. A table of bits that fits the cache is asked at every place, and no place waits for the
//! one before. Never here: a look at more than those four bytes; whether it is the literal is the caller's question.

/// Bits of the table: at least, and at most (512 KiB).
const BITS: (u32, u32) = (16, 22);

/// The beginnings of the literals.
pub(super) struct Grams {
    table: Box<[u64]>,
    shift: u32,
    /// Hash of a beginning and the literal it belongs to, sorted.
    rows: Vec<(u32, u32)>,
}

/// Four bytes without case. Other characters meet in this way too: it is a filter.
fn fold(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

impl Grams {
    /// The beginnings of these literals, each of three bytes or more.
    pub(super) fn new<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Grams {
        let mut grams = Vec::new();
        for (number, literal) in literals.enumerate() {
            match *literal {
                [a, b, c, d, ..] => grams.push((fold([a, b, c, d]), number as u32)),
                [a, b, c] => grams.extend((0..=255).map(|d| (fold([a, b, c, d]), number as u32))),
                _ => {}
            }
        }
        grams.sort_unstable();
        grams.dedup();
        // One place in 64 is set at most, as long as the table may grow.
        let bits = (usize::BITS - (grams.len() * 32).leading_zeros()).clamp(BITS.0, BITS.1);
        let mut made = Grams { table: vec![0; 1 << (bits - 6)].into_boxed_slice(), shift: 32 - bits, rows: Vec::new() };
        for (gram, number) in grams {
            let hash = made.hash(gram);
            made.table[(hash >> 6) as usize] |= 1 << (hash & 63);
            made.rows.push((hash, number));
        }
        made.rows.sort_unstable();
        made.rows.dedup();
        made
    }

    fn hash(&self, gram: u32) -> u32 {
        gram.wrapping_mul(0x85eb_ca6b) >> self.shift
    }

    fn may(&self, bytes: [u8; 4]) -> bool {
        let hash = self.hash(fold(bytes));
        self.table.get((hash >> 6) as usize).is_some_and(|word| word >> (hash & 63) & 1 == 1)
    }

    /// Calls `hit` with each place where a literal may begin, and its number. Behind the end of the text are zeros.
    pub(super) fn each(&self, text: &[u8], mut hit: impl FnMut(usize, usize)) {
        let mut look = |at: usize, bytes: [u8; 4]| {
            let hash = self.hash(fold(bytes));
            let from = self.rows.partition_point(|(known, _)| *known < hash);
            for (_, number) in self.rows[from..].iter().take_while(|(known, _)| *known == hash) {
                hit(at, *number as usize);
            }
        };
        for (at, bytes) in text.array_windows::<4>().enumerate() {
            if self.may(*bytes) {
                look(at, *bytes);
            }
        }
        // A literal of three bytes may be the last of the text.
        if let Some(&[a, b, c]) = text.last_chunk::<3>()
            && self.may([a, b, c, 0])
        {
            look(text.len() - 3, [a, b, c, 0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_in_any_case_and_at_the_end() {
        let grams = Grams::new([&b"abc"[..], b"wxyz12"].into_iter());
        let found = |text: &[u8]| {
            let mut found = Vec::new();
            grams.each(text, |at, number| found.push((at, number)));
            found
        };
        assert_eq!(found(b"--ABC"), [(2, 0)]);
        assert_eq!(found(b"abcd WxYz12 abc"), [(0, 0), (5, 1), (12, 0)]);
        assert_eq!(found(b"ab"), []);
        assert_eq!(found(b""), []);
    }
}
