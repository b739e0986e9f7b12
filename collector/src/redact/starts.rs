//! The literals of a scan: where one begins, and which.
//!
//! In: the literals. Out: for a place in the text, whether its first bytes, in any case, are those of a literal: three of
//! them at every place, then as many as the literal has, up to six. The tables fit the first-level cache and the places do
//! not wait for each other, which an automaton's table of states does not give. For the few places that are left: the
//! literals there, the longest first, found by halving a sorted list, so that ten thousand names that begin alike cost little.

use std::{cmp::Ordering, iter};

/// Bits of a table.
const BITS: usize = 16;
/// Most bytes that are looked at.
const MOST: usize = 6;
/// All of these bytes' bits that tell upper from lower case.
const CASE: u64 = 0x0000_2020_2020_2020;

/// A set of hashes.
type Set = Box<[u64; 1 << (BITS - 6)]>;

/// Places that are looked at together.
const BLOCK: usize = 64;
/// Buckets of the list, by the first three bytes.
const BUCKETS: usize = 1 << 12;

/// A literal in its place in the list.
struct Row {
    /// The first eight bytes in lower case, in the order of texts, and the bits of it that count.
    head: u64,
    mask: u64,
    /// All of it, in lower case.
    literal: Box<[u8]>,
    /// Its number among those given.
    id: usize,
    /// Where the next shorter one stands that is the same up to its end.
    shorter: Option<usize>,
}

/// Sets of hashes of beginnings, and the literals.
pub(super) struct Starts {
    three: Set,
    /// Of literals of three bytes, of four or five, of six and more: their first three, four and six bytes.
    exact: [Set; 3],
    /// Sorted by bucket, then by bytes.
    rows: Vec<Row>,
    /// Where each bucket begins, and the end of the last.
    buckets: Box<[u32]>,
}

fn hash(bytes: u64) -> usize {
    (bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS)) as usize
}

fn has(set: &Set, hash: usize) -> bool {
    set[(hash >> 6) % (1 << (BITS - 6))] >> (hash & 63) & 1 == 1
}

/// The first `n` bytes without case. Other characters meet in this way too: it is a filter.
fn fold(bytes: u64, n: usize) -> u64 {
    (bytes | CASE) & ((1 << (8 * n)) - 1)
}

impl Starts {
    /// The filter for literals of at least three bytes.
    pub(super) fn new<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Starts {
        let empty = || Box::new([0_u64; 1 << (BITS - 6)]);
        let (rows, buckets) = list(literals);
        let mut starts = Starts { three: empty(), exact: [empty(), empty(), empty()], rows, buckets };
        let set = |set: &mut Set, hash: usize| set[hash >> 6] |= 1 << (hash & 63);
        for row in &starts.rows {
            let literal = &row.literal;
            let all = bytes(literal);
            set(&mut starts.three, hash(fold(all, 3)));
            let (size, bytes) = match literal.len() {
                0..=3 => (0, 3),
                4 | 5 => (1, 4),
                _ => (2, MOST),
            };
            set(&mut starts.exact[size], hash(fold(all, bytes)));
        }
        starts
    }

    /// Whether a literal may begin with these bytes, of which the first three are known to fit.
    #[inline(never)]
    fn goes_on(&self, bytes: u64) -> bool {
        let [three, four, most] = &self.exact;
        // All are asked: none of the answers can be foretold.
        has(three, hash(fold(bytes, 3))) | has(four, hash(fold(bytes, 4))) | has(most, hash(fold(bytes, MOST)))
    }

    /// The places of `t` from `from` on where a literal may begin.
    pub(super) fn places<'a>(&'a self, t: &'a [u8], from: usize) -> Places<'a> {
        Places { starts: self, t, from, to: from, bits: 0 }
    }

    /// For each of up to 64 places, a bit: whether the first three bytes are those of a literal.
    fn block(&self, t: &[u8], from: usize) -> u64 {
        let three = |eight: u64| u64::from(has(&self.three, hash(fold(eight, 3))));
        match t.get(from..from + BLOCK + 7).and_then(<[u8]>::as_array::<{ BLOCK + 7 }>) {
            // No branch: no answer can be foretold.
            Some(block) => {
                block.array_windows::<8>().enumerate().fold(0, |bits, (n, w)| bits | three(u64::from_le_bytes(*w)) << n)
            }
            None => (from..t.len()).take(BLOCK).enumerate().fold(0, |bits, (n, at)| bits | three(bytes(&t[at..])) << n),
        }
    }

    /// The literals that begin at `start` and end by `to`: number and end of each, the longest first.
    pub(super) fn at<'a>(&'a self, t: &[u8], start: usize, to: usize) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let rest = t.get(start..to).unwrap_or_default();
        let bucket = bucket(bytes(rest));
        let (from, end) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        let head = head(rest);
        // What begins as the text does stands last among what is not behind the text, or is a shorter form of that.
        let last = from + self.rows[from..end].partition_point(|row| !row.is_behind(head, rest));
        let begins = |row: &usize| self.rows[*row].begins(head, rest);
        let longest =
            iter::successors(last.checked_sub(1).filter(|row| *row >= from), |row| self.rows[*row].shorter).find(begins);
        iter::successors(longest, |row| self.rows[*row].shorter)
            .map(move |row| (self.rows[row].id, start + self.rows[row].literal.len()))
    }
}

/// The places where a literal may begin, from left to right.
pub(super) struct Places<'a> {
    starts: &'a Starts,
    t: &'a [u8],
    /// What was looked at last, and which places of it are left.
    from: usize,
    to: usize,
    bits: u64,
}

impl Places<'_> {
    /// The first place from `i` on, which is not before the one asked for last.
    pub(super) fn next(&mut self, i: usize) -> Option<usize> {
        if i >= self.to {
            (self.from, self.to, self.bits) = (i, i, 0);
        }
        let passed = i.saturating_sub(self.from);
        self.bits = self.bits >> passed << passed;
        loop {
            while self.bits != 0 {
                let at = self.from + self.bits.trailing_zeros() as usize;
                self.bits &= self.bits - 1;
                if self.starts.goes_on(bytes(&self.t[at..])) {
                    return Some(at);
                }
            }
            if self.to >= self.t.len() {
                return None;
            }
            self.from = self.to;
            self.bits = self.starts.block(self.t, self.from);
            self.to = self.t.len().min(self.from + BLOCK);
        }
    }
}

/// The first eight bytes as a number.
fn bytes(t: &[u8]) -> u64 {
    if let Some(eight) = t.first_chunk() {
        return u64::from_le_bytes(*eight);
    }
    (0..8).fold(0, |all, i| all | u64::from(t.get(i).copied().unwrap_or(0)) << (8 * i))
}

fn bucket(bytes: u64) -> usize {
    hash(fold(bytes, 3)) % BUCKETS
}

/// The first eight bytes in lower case, as a number that is the greater the further behind the text stands in a list.
fn head(t: &[u8]) -> u64 {
    let eight = t.first_chunk().copied().unwrap_or_else(|| bytes(t).to_le_bytes());
    u64::from_be_bytes(eight.map(|b| b.to_ascii_lowercase()))
}

impl Row {
    fn new(id: usize, literal: &[u8]) -> Row {
        let mask = u64::MAX << (64 - 8 * literal.len().clamp(1, 8));
        Row { head: head(literal), mask, literal: literal.to_ascii_lowercase().into(), id, shorter: None }
    }

    /// Whether it comes behind the text in the list.
    fn is_behind(&self, head: u64, text: &[u8]) -> bool {
        match self.head.cmp(&head) {
            Ordering::Equal => {
                let rest = text.iter().skip(8).take(self.literal.len().saturating_sub(8)).map(u8::to_ascii_lowercase);
                self.literal.iter().skip(8).copied().gt(rest)
            }
            order => order == Ordering::Greater,
        }
    }

    /// Whether the text begins with it.
    fn begins(&self, head: u64, text: &[u8]) -> bool {
        head & self.mask == self.head && text.get(..self.literal.len()).is_some_and(|t| t.eq_ignore_ascii_case(&self.literal))
    }
}

/// The literals in their order.
fn list<'a>(literals: impl Iterator<Item = &'a [u8]>) -> (Vec<Row>, Box<[u32]>) {
    let mut rows: Vec<Row> = literals.enumerate().map(|(id, literal)| Row::new(id, literal)).collect();
    let key = |row: &Row| bucket(bytes(&row.literal));
    // Of two that are the same the first is to be found first.
    rows.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.literal.cmp(&b.literal)).then(b.id.cmp(&a.id)));
    for at in 1..rows.len() {
        let (before, row) = (&rows[..at], &rows[at]);
        rows[at].shorter = iter::successors(Some(at - 1), |row| before[*row].shorter)
            .find(|other| key(&before[*other]) == key(row) && row.literal.starts_with(&before[*other].literal));
    }
    let buckets = (0..=BUCKETS).map(|bucket| rows.partition_point(|row| key(row) < bucket) as u32).collect();
    (rows, buckets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_literals_of_a_place_are_found_the_longest_first() {
        let words = ["auth", "auth_pass", "authorization", "Auth", "authentic", "pwd", "node-1", "node-10", "node-2", "密码"];
        let starts = Starts::new(words.iter().map(|word| word.as_bytes()));
        for (text, place, found) in [
            (" AUTH_password", 1, &[("auth_pass", 10), ("auth", 5), ("Auth", 5)][..]),
            ("authorizer", 0, &[("auth", 4), ("Auth", 4)]),
            ("authe", 0, &[("auth", 4), ("Auth", 4)]),
            ("node-100", 0, &[("node-10", 7), ("node-1", 6)]),
            ("node-3", 0, &[]),
            ("x 密码：", 2, &[("密码", 8)]),
            ("pw", 0, &[]),
        ] {
            let seen: Vec<_> = starts.at(text.as_bytes(), place, text.len()).map(|(id, end)| (words[id], end)).collect();
            assert_eq!(seen, found, "{text}");
            assert_eq!(starts.places(text.as_bytes(), 0).next(0), (!found.is_empty()).then_some(place), "{text}");
        }
        assert_eq!(starts.at(b"node-10", 0, 6).count(), 1, "what goes on behind the end is not looked at");
    }
}
