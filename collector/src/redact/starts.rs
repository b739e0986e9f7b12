//! The literals of a scan: where one begins, and which.
//!
//! In: the literals. Out: for a place in the text, whether its first bytes, in any case, are those of a literal. Of each
//! literal the three bytes that are rarest in logs are looked for at every place; where they stand, as many of the first as
//! the literal has, up to eight. The tables fit the first-level cache and the places do not wait for each other, which an
//! automaton's table of states does not give. For the few places that are left: the literals there, the longest first, found
//! by halving a sorted list, so that ten thousand names that begin alike cost little.

use std::{cmp::Ordering, iter};

use super::rare::Rarity;

/// Bits of a table's hash, and of the smaller table's that every place is looked up in.
const BITS: usize = 16;
const RARE: usize = 14;
/// All of eight bytes' bits that tell upper from lower case.
const CASE: u64 = 0x2020_2020_2020_2020;
/// So many first bytes of a literal are looked at, as many as it has.
const SIZES: [usize; 4] = [8, 6, 4, 3];
/// The rarest three bytes begin at one of so many places of a literal.
const OFFSETS: usize = 8;

/// A set of hashes.
type Set = Box<[u64; 1 << (BITS - 6)]>;

/// Places that are looked at together.
const BLOCK: usize = 64;
/// Rare bytes stand less than so far into a literal.
const AHEAD: usize = 8;
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

/// Sets of hashes of parts, and the literals.
pub(super) struct Starts {
    /// By the hash of three bytes, whether they are the rarest of a literal: 1 or 0.
    rare: Box<[u8; 1 << RARE]>,
    /// How far into literals those stand: the bit of the offset from the highest one down.
    offsets: Box<[u8; 1 << RARE]>,
    /// The first bytes of literals, by how many of them there are.
    first: [Set; SIZES.len()],
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

fn add(set: &mut Set, hash: usize) {
    set[hash >> 6] |= 1 << (hash & 63);
}

/// The hash of the first three of four bytes, which are without case.
fn hash3(four: u64) -> usize {
    // The product loses the fourth byte: it is out of reach of the hash's bits.
    ((four as u32).wrapping_mul(0x9e37_7900) >> (32 - RARE)) as usize
}

/// The first `n` bytes without case. Other characters meet in this way too: it is a filter.
fn fold(bytes: u64, n: usize) -> u64 {
    (bytes | CASE) & (u64::MAX >> (64 - 8 * n))
}

impl Starts {
    /// The filter for literals of at least three bytes.
    pub(super) fn new<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Starts {
        let empty = || Box::new([0_u64; 1 << (BITS - 6)]);
        let (rows, buckets) = list(literals);
        let rarity = Rarity::new(|part| hash3(bytes(part) | CASE));
        let table = || Box::new([0; 1 << RARE]);
        let mut starts = Starts { rare: table(), offsets: table(), first: SIZES.map(|_| empty()), rows, buckets };
        for row in &starts.rows {
            let literal = &row.literal;
            let offset = rarity.rarest(literal, OFFSETS);
            let rare = hash3(bytes(&literal[offset..]) | CASE);
            starts.rare[rare] = 1;
            starts.offsets[rare] |= 0x80 >> offset;
            if let Some((size, set)) = SIZES.iter().zip(&mut starts.first).find(|(size, _)| literal.len() >= **size) {
                add(set, hash(fold(bytes(literal), *size)));
            }
        }
        starts
    }

    /// Whether a literal may begin with these bytes.
    fn goes_on(&self, bytes: u64) -> bool {
        // All are asked: none of the answers can be foretold.
        SIZES.iter().zip(&self.first).fold(false, |any, (size, set)| any | has(set, hash(fold(bytes, *size))))
    }

    /// The places of `t` from `from` on where a literal may begin.
    pub(super) fn places<'a>(&'a self, t: &'a [u8], from: usize) -> Places<'a> {
        Places { starts: self, t, block: from, ready: 0, ahead: 0, next: from }
    }

    /// For each of up to 64 places, a bit: whether three rare bytes stand there.
    fn block(&self, t: &[u8], from: usize) -> u64 {
        let rare = |four: u64| u64::from(self.rare[hash3(four) % (1 << RARE)]);
        // Four places are in one word. No branch: no answer can be foretold.
        let places = |eight: &[u8; 8]| {
            let word = u64::from_le_bytes(*eight) | CASE;
            (0..4).fold(0, |bits, n| bits | rare(word >> (8 * n)) << n)
        };
        match t.get(from..from + BLOCK + 4).and_then(<[u8]>::as_array::<{ BLOCK + 4 }>) {
            Some(block) => {
                (0..BLOCK / 4).fold(0, |bits, n| bits | places(block[4 * n..].first_chunk().unwrap_or(&[0; 8])) << (4 * n))
            }
            None => (from..t.len()).take(BLOCK).enumerate().fold(0, |bits, (n, at)| bits | rare(bytes(&t[at..]) | CASE) << n),
        }
    }

    /// For each of the eight places before `from` and the 64 from there on, a bit: whether a literal may begin there whose rare
    /// bytes stand in those 64.
    fn begins(&self, t: &[u8], from: usize) -> u128 {
        let mut rare = self.block(t, from);
        let mut begins = 0;
        while rare != 0 {
            let place = rare.trailing_zeros();
            rare &= rare - 1;
            let offsets = self.offsets[hash3(bytes(&t[from + place as usize..]) | CASE) % (1 << RARE)];
            begins |= u128::from(offsets) << 1 << place;
        }
        begins
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
    /// The block that was looked at last.
    block: usize,
    /// Of the eight places before it and all but its last eight, those that are left.
    ready: u64,
    /// Of its last eight, those known so far: the rare bytes of others stand in the next block.
    ahead: u8,
    next: usize,
}

impl Places<'_> {
    /// The first place from `i` on, which is not before the one asked for last.
    pub(super) fn next(&mut self, i: usize) -> Option<usize> {
        if i >= self.next {
            (self.ready, self.ahead, self.next) = (0, 0, i);
        }
        loop {
            let passed = (i + AHEAD).saturating_sub(self.block);
            self.ready = if passed < BLOCK { self.ready >> passed << passed } else { 0 };
            while self.ready != 0 {
                let at = self.block + self.ready.trailing_zeros() as usize - AHEAD;
                self.ready &= self.ready - 1;
                if self.starts.goes_on(bytes(&self.t[at..])) {
                    return Some(at);
                }
            }
            if self.next >= self.t.len() && self.ahead == 0 {
                return None;
            }
            let begins = self.starts.begins(self.t, self.next) | u128::from(self.ahead);
            (self.ready, self.ahead) = (begins as u64, (begins >> BLOCK) as u8);
            (self.block, self.next) = (self.next, self.next + BLOCK);
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
    use proptest::prelude::*;

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
            for far in [0, 1, 55, 56, 57, 63, 64, 121] {
                let text = format!("{}{text}", "=".repeat(far));
                let mut places = starts.places(text.as_bytes(), 0);
                let mut next = 0;
                let seen = std::iter::from_fn(|| {
                    let place = places.next(next)?;
                    next = place + 1;
                    Some(place)
                });
                assert_eq!(seen.last(), (!found.is_empty()).then_some(far + place), "{text}");
            }
        }
        assert_eq!(starts.at(b"node-10", 0, 6).count(), 1, "what goes on behind the end is not looked at");
    }

    proptest! {
        /// The same as comparing at every place, whatever is asked for next.
        #[test]
        fn every_literal_of_a_text_is_found(
            words in prop::collection::vec("[a-d=]{3,10}", 1..8),
            text in "[a-dA-D= ]{0,300}",
            jumps in prop::collection::vec(1_usize..90, 1..4),
        ) {
            let t = text.as_bytes();
            let starts = Starts::new(words.iter().map(String::as_bytes));
            let begins = |at: &usize| {
                words.iter().any(|w| t.get(*at..*at + w.len()).is_some_and(|part| part.eq_ignore_ascii_case(w.as_bytes())))
            };
            let mut places = starts.places(t, 0);
            let (mut next, mut steps) = (0, jumps.iter().cycle());
            while let Some(place) = (next..t.len()).find(begins) {
                let mut found = places.next(next);
                while let Some(other) = found.filter(|found| !begins(found)) {
                    found = places.next(other + 1);
                }
                prop_assert_eq!(found, Some(place));
                next = place + steps.next().copied().unwrap_or(1);
            }
        }
    }
}
