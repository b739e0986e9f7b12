//! Where a literal may begin: a filter in front of the automaton.
//!
//! In: the literals. Out: for a place in the text, whether its first bytes, in any case, are those of a literal: three of
//! them at every place, then as many as the literal has, up to six. The tables fit the first-level cache and the places do
//! not wait for each other, which a table of states does not give: the automaton runs on the few places that are left.

/// Bits of a table.
const BITS: usize = 16;
/// Most bytes that are looked at.
const MOST: usize = 6;
/// All of these bytes' bits that tell upper from lower case.
const CASE: u64 = 0x0000_2020_2020_2020;

/// A set of hashes.
type Set = Box<[u64; 1 << (BITS - 6)]>;

/// Sets of hashes of beginnings.
pub(super) struct Starts {
    three: Set,
    /// Of literals of three bytes, of four or five, of six and more: their first three, four and six bytes.
    exact: [Set; 3],
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
        let mut starts = Starts { three: empty(), exact: [empty(), empty(), empty()] };
        let set = |set: &mut Set, hash: usize| set[hash >> 6] |= 1 << (hash & 63);
        for literal in literals {
            let all = (0..MOST).fold(0, |all, i| all | u64::from(literal.get(i).copied().unwrap_or(0)) << (8 * i));
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
        self.exact.iter().zip([3, 4, MOST]).any(|(set, n)| has(set, hash(fold(bytes, n))))
    }

    /// The first place from `i` on where a literal may begin.
    pub(super) fn next(&self, t: &[u8], i: usize) -> Option<usize> {
        let rest = t.get(i..)?;
        let whole = rest.array_windows::<8>().position(|w| {
            let bytes = u64::from_le_bytes(*w);
            has(&self.three, hash(fold(bytes, 3))) && self.goes_on(bytes)
        });
        let tail = || {
            let from = rest.len().saturating_sub(7);
            (from..rest.len()).find(|n| {
                let bytes = (0..8).fold(0, |all, k| all | u64::from(rest.get(n + k).copied().unwrap_or(0)) << (8 * k));
                has(&self.three, hash(fold(bytes, 3))) && self.goes_on(bytes)
            })
        };
        whole.or_else(tail).map(|n| i + n)
    }
}
