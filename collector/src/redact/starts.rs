//! Where a literal may begin: a filter in front of the automaton.
//!
//! In: the literals. Out: for a place in the text, whether its first three or four bytes, in any case, are those of a
//! literal. The tables fit the first-level cache and the places do not wait for each other, which a table of states
//! does not give: the automaton runs on the few places that are left.

/// Bits of a table.
const BITS: usize = 16;

/// Sets of hashes of beginnings.
pub(super) struct Starts {
    three: Box<[u64]>,
    /// Of these the literal is no longer than three bytes.
    short: Box<[u64]>,
    four: Box<[u64]>,
}

fn hash(bytes: u32) -> usize {
    (bytes.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

fn has(set: &[u64], hash: usize) -> bool {
    set[(hash >> 6) % (1 << (BITS - 6))] >> (hash & 63) & 1 == 1
}

/// Four bytes without case. Other characters meet in this way too: it is a filter.
fn fold(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

impl Starts {
    /// The filter for literals of at least three bytes.
    pub(super) fn new<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Starts {
        let empty = || vec![0_u64; 1 << (BITS - 6)].into_boxed_slice();
        let mut starts = Starts { three: empty(), short: empty(), four: empty() };
        let set = |set: &mut [u64], hash: usize| set[hash >> 6] |= 1 << (hash & 63);
        for literal in literals {
            let byte = |i: usize| literal.get(i).copied().unwrap_or(0);
            let all = fold([byte(0), byte(1), byte(2), byte(3)]);
            let three = hash(all & 0xff_ffff);
            set(&mut starts.three, three);
            if literal.len() > 3 {
                set(&mut starts.four, hash(all));
            } else {
                set(&mut starts.short, three);
            }
        }
        starts
    }

    fn may_begin(&self, bytes: [u8; 4]) -> bool {
        let all = fold(bytes);
        let three = hash(all & 0xff_ffff);
        has(&self.three, three) && (has(&self.short, three) || has(&self.four, hash(all)))
    }

    /// The first place from `i` on where a literal may begin.
    pub(super) fn next(&self, t: &[u8], i: usize) -> Option<usize> {
        let rest = t.get(i..)?;
        let whole = rest.array_windows::<4>().position(|w| self.may_begin(*w));
        let tail = || {
            let from = rest.len().saturating_sub(3);
            (from..rest.len()).find(|n| {
                let byte = |k: usize| rest.get(n + k).copied().unwrap_or(0);
                self.may_begin([byte(0), byte(1), byte(2), byte(3)])
            })
        };
        whole.or_else(tail).map(|n| i + n)
    }
}
