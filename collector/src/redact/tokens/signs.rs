//! Which signs may join the parts of an address, asked of many places at once.
//!
//! In: text. Out: for a block of it one word of bits for each class of characters, and what those say together. There are no
//! branches but for each place found: in logs none could be foretold.

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// Places of a block that are judged: one before them and five behind are seen too.
pub(super) const STEP: usize = BLOCK - 1 - FELLOW;
/// The same sign follows as near as this in every shape that is looked for: groups have at most four characters.
const FELLOW: usize = 5;

const DOT: u64 = 1;
const COLON: u64 = 1 << 8;
const DASH: u64 = 1 << 16;
const HEX: u64 = 1 << 24;
const DIGIT: u64 = 1 << 32;
const WORD: u64 = 1 << 40;
const BLANK: u64 = 1 << 48;

/// For each class that a byte is of, the lowest bit of one of eight bytes.
const CLASS: [u64; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'0'..=b'9' => WORD | HEX | DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => WORD | HEX,
            b'g'..=b'z' | b'G'..=b'Z' | b'_' => WORD,
            b'.' => WORD | DOT,
            b':' => WORD | COLON,
            b'-' => WORD | DASH,
            b' ' => BLANK,
            _ => 0,
        };
        b += 1;
    }
    table
};

/// Whether a byte is of a word of addresses: `[0-9A-Za-z_.:-]`.
pub(super) fn is_of_word(b: u8) -> bool {
    CLASS[usize::from(b)] & WORD != 0
}

/// How many of what is in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) digits: usize,
    pub(super) dots: usize,
    pub(super) colons: usize,
    pub(super) dashes: usize,
}

impl Counts {
    /// Of all bytes of a word.
    pub(super) fn of(word: &[u8]) -> Counts {
        let count = |class: u64| word.iter().filter(|b| CLASS[usize::from(**b)] & class != 0).count();
        Counts { digits: count(DIGIT), dots: count(DOT), colons: count(COLON), dashes: count(DASH) }
    }
}

/// The classes of the bytes around some places.
pub(super) struct Block {
    /// Bit 1 is the first place.
    from: usize,
    dot: u64,
    colon: u64,
    dash: u64,
    hex: u64,
    digit: u64,
    word: u64,
    blank: u64,
}

impl Block {
    /// Of the places of `t` from `from` on.
    pub(super) fn new(t: &[u8], from: usize) -> Block {
        let mut cut = [0; BLOCK];
        let whole = from.checked_sub(1).and_then(|before| t[before..].first_chunk());
        let bytes = whole.unwrap_or_else(|| {
            let ahead = usize::from(from == 0);
            let rest = &t[(from + ahead).saturating_sub(1).min(t.len())..];
            let rest = &rest[..rest.len().min(BLOCK - ahead)];
            cut[ahead..ahead + rest.len()].copy_from_slice(rest);
            &cut
        });
        let mut groups = [0; BLOCK / 8];
        for (group, bytes) in groups.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *group = bytes.iter().enumerate().fold(0, |bits, (n, b)| bits | CLASS[usize::from(*b)] << n);
        }
        let of = |class: u64| {
            let shift = class.trailing_zeros();
            groups.iter().enumerate().fold(0, |bits, (n, group)| bits | (group >> shift & 0xff) << (8 * n))
        };
        Block {
            from,
            dot: of(DOT),
            colon: of(COLON),
            dash: of(DASH),
            hex: of(HEX),
            digit: of(DIGIT),
            word: of(WORD),
            blank: of(BLANK),
        }
    }

    /// The places before `to` where a sign stands between two characters of an address and the same sign follows near; and
    /// colons without a fellow, with a blank five places on, as in a table of sockets.
    pub(super) fn signs(&self, to: usize) -> Signs {
        let joined = self.hex << 1 & self.hex >> 1;
        let part = self.hex | self.colon;
        let colons = part << 1 & part >> 1 | self.colon >> 1;
        let fellow = |sign: u64| (1..=FELLOW).fold(0, |bits, n| bits | sign >> n);
        let near = |sign: u64| sign & fellow(sign);
        let lone = self.colon & colons & !fellow(self.colon) & self.blank >> FELLOW;
        let places = STEP.min(to.saturating_sub(self.from));
        let judged = (u64::MAX >> (BLOCK - places)) << 1;
        let found = (near(self.dot) | near(self.dash)) & joined | near(self.colon) & colons;
        Signs { from: self.from, near: found & judged, lone: lone & judged }
    }

    /// Where the word around `i` begins and ends, if both can be seen, and its counts.
    pub(super) fn word(&self, i: usize) -> Option<(usize, usize)> {
        let bit = i + 1 - self.from;
        let before = !self.word & ((1 << bit) - 1);
        let behind = !self.word >> bit;
        (before != 0 && behind != 0).then(|| {
            let start = u64::BITS - before.leading_zeros();
            (self.from + start as usize - 1, i + behind.trailing_zeros() as usize)
        })
    }

    /// The counts of a part that [`Block::word`] has seen.
    pub(super) fn counts(&self, start: usize, end: usize) -> Counts {
        let bits = ((1_u64 << (end - start)) - 1) << (start + 1 - self.from);
        let count = |class: u64| (class & bits).count_ones() as usize;
        Counts { digits: count(self.digit), dots: count(self.dot), colons: count(self.colon), dashes: count(self.dash) }
    }
}

/// Places, from left to right.
pub(super) struct Signs {
    from: usize,
    near: u64,
    lone: u64,
}

impl Iterator for Signs {
    /// The place, and whether the same sign follows near.
    type Item = (usize, bool);

    fn next(&mut self) -> Option<(usize, bool)> {
        let all = self.near | self.lone;
        let bit = all.trailing_zeros();
        let lowest = all & all.wrapping_neg();
        let near = self.near & lowest != 0;
        (self.near, self.lone) = (self.near & !lowest, self.lone & !lowest);
        (lowest != 0).then(|| (self.from + bit as usize - 1, near))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(usize, bool)> {
        let t = text.as_bytes();
        (0..t.len()).step_by(STEP).flat_map(|from| Block::new(t, from).signs(t.len())).collect()
    }

    #[test]
    fn signs_are_found_wherever_they_stand() {
        for (text, places) in [
            ("10.1.2.3", &[2, 4][..]),
            ("a 1.2 b", &[]),
            ("fe80::1", &[4]),
            ("::1", &[0]),
            ("52-54-00", &[2]),
            ("x.1.2.3", &[3]),
            ("0A141F01:0050 x", &[8]),
            ("", &[]),
            (".", &[]),
        ] {
            for far in [0, 1, 50, 56, 57, 58, 59, 63, 64, 65, 200] {
                let line = format!("{}{text}", " ".repeat(far));
                let seen: Vec<usize> = found(&line).iter().map(|(place, _)| place - far).collect();
                assert_eq!(seen, places, "{text} after {far}");
            }
        }
    }

    #[test]
    fn a_word_that_is_seen_whole_is_counted_as_one_by_one() {
        let text = b"at 10.20.30.40:8080, fe80::1-2 end";
        let block = Block::new(text, 0);
        for (place, word) in [(5, &b"10.20.30.40:8080"[..]), (25, b"fe80::1-2")] {
            let (start, end) = block.word(place).unwrap();
            assert_eq!(&text[start..end], word);
            assert_eq!(block.counts(start, end), Counts::of(word));
        }
        assert_eq!(block.word(32), Some((31, 34)));
        let long = b"7".repeat(100);
        assert_eq!(Block::new(&long, 10).word(20), None);
    }

    proptest! {
        /// The same as asking of each place by itself.
        #[test]
        fn a_block_says_what_each_place_says(text in "[0-9a-fx.:\\- ]{0,200}", from in 0_usize..150) {
            let t = text.as_bytes();
            let at = |i: Option<usize>| i.and_then(|i| t.get(i)).copied().unwrap_or(b'\n');
            let judge = |i: usize| {
                let (before, here, after) = (at(i.checked_sub(1)), t[i], at(Some(i + 1)));
                let joins = match here {
                    b'.' | b'-' => before.is_ascii_hexdigit() && after.is_ascii_hexdigit(),
                    b':' => after == b':' || before == b':' && after.is_ascii_hexdigit() || before.is_ascii_hexdigit() && after.is_ascii_hexdigit(),
                    _ => false,
                };
                let near = t[i + 1..].iter().take(FELLOW).any(|b| *b == here);
                let lone = here == b':' && !near && at(Some(i + FELLOW)) == b' ';
                (joins && (near || lone)).then_some((i, near))
            };
            let to = t.len();
            let wanted: Vec<_> = (from.min(to)..to).filter_map(judge).collect();
            let seen: Vec<_> = (from..to).step_by(STEP).flat_map(|from| Block::new(t, from).signs(to)).collect();
            prop_assert_eq!(seen, wanted);
        }
    }
}
