//! Where one of many literals may begin in a text.
//!
//! In: literals of three bytes or more, then text. Out: places at which four bytes of a literal stand, in any ASCII case, with
//! the literal's number. A table of bits that fits the cache is asked at every second place, and no place waits for the one
//! before. Never here: a look at more than those four bytes; whether it is the literal is the caller's question.

/// Bits of the table: at least, and at most (512 KiB).
const BITS: (u32, u32) = (16, 22);
/// Rows are found by so many leading bits of their hash.
const INDEX: u32 = 12;

/// Four bytes of each literal for either parity of its place.
pub(super) struct Grams {
    table: Box<[u64]>,
    bits: u32,
    rows: Vec<Row>,
    /// For each start of a hash the first row.
    index: Box<[u32]>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    hash: u32,
    literal: u32,
    /// How far behind the start of the literal the four bytes stand: one before to one behind.
    at: i8,
}

/// Four bytes without case. Other characters meet in this way too: it is a filter.
fn fold(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

fn hash(gram: u32, bits: u32) -> u32 {
    gram.wrapping_mul(0x85eb_ca6b) >> (32 - bits)
}

impl Grams {
    /// The beginnings of these literals, each of three bytes or more.
    pub(super) fn new<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Grams {
        let mut grams = Vec::new();
        for (literal, bytes) in literals.enumerate() {
            let mut push = |gram, at| grams.push((fold(gram), literal as u32, at));
            // A literal at an odd place is seen one place later or, if it is short, one earlier.
            match *bytes {
                [a, b, c, d, e, ..] => {
                    push([a, b, c, d], 0);
                    push([b, c, d, e], 1);
                }
                [a, b, c, d] => {
                    push([a, b, c, d], 0);
                    (0..=255).for_each(|any| push([any, a, b, c], -1));
                }
                [a, b, c] => (0..=255).for_each(|any| {
                    push([a, b, c, any], 0);
                    push([any, a, b, c], -1);
                }),
                _ => {}
            }
        }
        grams.sort_unstable();
        grams.dedup();
        // One place in 128 is set at most, as long as the table may grow.
        let bits = (usize::BITS - (grams.len() * 64).leading_zeros()).clamp(BITS.0, BITS.1);
        let mut rows: Vec<Row> =
            grams.into_iter().map(|(gram, literal, at)| Row { hash: hash(gram, bits), literal, at }).collect();
        rows.sort_unstable();
        rows.dedup();
        let mut table = vec![0; 1 << (bits - 6)].into_boxed_slice();
        for Row { hash, .. } in &rows {
            table[(hash >> 6) as usize] |= 1 << (hash & 63);
        }
        let index =
            (0..1_u32 << INDEX).map(|start| rows.partition_point(|row| row.hash >> (bits - INDEX) < start) as u32).collect();
        Grams { table, bits, rows, index }
    }

    /// Calls `hit` with each place where a literal may begin, and its number, in the order of the places but for one. Before and
    /// behind the text are zeros.
    pub(super) fn each(&self, text: &[u8], mut hit: impl FnMut(usize, usize)) {
        let bits = self.bits;
        let mut look = |place: usize, hash: u32| {
            let from = self.index[(hash >> (bits - INDEX)) as usize] as usize;
            for row in self.rows[from..].iter().take_while(|row| row.hash <= hash).filter(|row| row.hash == hash) {
                if let Some(start) = place.checked_add_signed(-isize::from(row.at)) {
                    hit(start, row.literal as usize);
                }
            }
        };
        let has = |hash: u32| self.table.get((hash >> 6) as usize).is_some_and(|word| word >> (hash & 63) & 1 == 1);
        let (pairs, _) = text.as_chunks::<2>();
        for (n, pair) in pairs.array_windows::<2>().enumerate() {
            let hash = hash(fold([pair[0][0], pair[0][1], pair[1][0], pair[1][1]]), bits);
            if has(hash) {
                look(n * 2, hash);
            }
        }
        // Short literals at the very end.
        let from = pairs.len().saturating_sub(1) * 2;
        for place in (from..text.len()).step_by(2) {
            let byte = |n: usize| text.get(place + n).copied().unwrap_or(0);
            let hash = hash(fold([byte(0), byte(1), byte(2), byte(3)]), bits);
            if has(hash) {
                look(place, hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_in_any_case_at_any_place() {
        let literals = [&b"abc"[..], b"wxyz", b"12345", b"zhangwei"];
        let grams = Grams::new(literals.into_iter());
        for before in 0..9 {
            for after in 0..9 {
                for (number, literal) in literals.iter().enumerate() {
                    let text = [&b"-+-+-+-+-"[..before], &literal.to_ascii_uppercase(), &b"-+-+-+-+-"[..after]].concat();
                    let mut found = Vec::new();
                    grams.each(&text, |at, literal| found.push((at, literal)));
                    assert!(found.contains(&(before, number)), "{before} {after} {literal:?}: {found:?}");
                }
            }
        }
        grams.each(b"", |_, _| panic!("nothing is there"));
    }
}
