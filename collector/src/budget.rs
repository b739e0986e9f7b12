//! How the room of a bundle is shared when its items want more than there is.
//!
//! In: what each item wants, and the room. Out: each item's share, in order. Small items are served first and whole: those that
//! count more before the others, of the same the smallest first. What is left is shared among the sources by weight, so that none takes more than its part while another wants; a source gives its
//! part to its newest items. More room never means a smaller share. Pure.

use std::cmp::Reverse;

/// An item that is no larger than this, packed, is small: served before all others.
pub const SMALL: u64 = 32 << 10;

/// What an item wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// The source it belongs to; items of a source stand together.
    pub source: usize,
    /// How much the source counts beside others; at least 1.
    pub weight: u64,
    /// Packed bytes.
    pub bytes: u64,
    /// When it was changed last, for the order within its source.
    pub changed: i64,
}

/// The share of each item: never more than it wants, together never more than `room`.
pub fn shares(wants: &[Want], room: u64) -> Vec<u64> {
    let mut small: Vec<usize> = (0..wants.len()).filter(|at| wants[*at].bytes <= SMALL).collect();
    // A part of each would be worth nothing: where not even these fit, the last of them have none.
    small.sort_by_key(|at| (Reverse(wants[*at].weight), wants[*at].bytes));
    let mut shares = vec![0; wants.len()];
    let mut room = room;
    for at in small {
        shares[at] = wants[at].bytes.min(room);
        room -= shares[at];
    }

    let sources = wants.chunk_by(|a, b| a.source == b.source);
    let large = |want: &&Want| want.bytes > SMALL;
    let needs: Vec<u64> = sources.clone().map(|wants| wants.iter().filter(large).map(|want| want.bytes).sum()).collect();
    let weights: Vec<u64> = sources.clone().filter_map(|wants| Some(wants.first()?.weight)).collect();
    let mut first = 0;
    for (wants, part) in sources.zip(fair(&needs, &weights, room)) {
        let mut newest: Vec<usize> = (0..wants.len()).filter(|at| wants[*at].bytes > SMALL).collect();
        newest.sort_by_key(|at| Reverse(wants[*at].changed));
        let mut left = part;
        for at in newest {
            shares[first + at] = wants[at].bytes.min(left);
            left -= shares[first + at];
        }
        first += wants.len();
    }
    shares
}

/// Shares room by weight: nobody gets more than he needs, and what one does not need is shared among the others.
fn fair(needs: &[u64], weights: &[u64], room: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    // Those who need least for their weight first: what they leave is there for the rest.
    order.sort_by(|a, b| {
        (u128::from(needs[*a]) * u128::from(weights[*b])).cmp(&(u128::from(needs[*b]) * u128::from(weights[*a])))
    });
    let mut left = room;
    let mut weight: u128 = weights.iter().copied().map(u128::from).sum();
    let mut shares = vec![0; needs.len()];
    for at in order {
        let part = u128::from(left) * u128::from(weights[at]) / weight.max(1);
        shares[at] = needs[at].min(u64::try_from(part).unwrap_or(u64::MAX));
        left -= shares[at];
        weight -= u128::from(weights[at]);
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wants() -> impl Strategy<Value = Vec<Want>> {
        let bytes = prop_oneof![3 => 0..SMALL, 2 => SMALL..100 << 20, 1 => any::<u32>().prop_map(|bytes| u64::from(bytes) << 3)];
        let item = (bytes, any::<i32>());
        let source = (prop_oneof![Just(1_u64), Just(2), Just(4)], prop::collection::vec(item, 1..6));
        prop::collection::vec(source, 0..40).prop_map(|sources| {
            let items = |(source, (weight, items)): (usize, (u64, Vec<(u64, i32)>))| {
                items.into_iter().map(move |(bytes, changed)| Want { source, weight, bytes, changed: changed.into() })
            };
            sources.into_iter().enumerate().flat_map(items).collect()
        })
    }

    proptest! {
        #[test]
        fn small_items_are_whole_nothing_is_over_and_more_room_is_never_less(
            wants in wants(),
            room in prop_oneof![0..4_u64 << 20, 0..1_u64 << 31],
            more in 0..1_u64 << 24,
        ) {
            let got = shares(&wants, room);
            prop_assert_eq!(got.len(), wants.len());
            prop_assert!(got.iter().sum::<u64>() <= room);
            prop_assert!(got.iter().zip(&wants).all(|(got, want)| *got <= want.bytes));
            let small: u64 = wants.iter().map(|want| want.bytes).filter(|bytes| *bytes <= SMALL).sum();
            if small <= room {
                prop_assert!(got.iter().zip(&wants).all(|(got, want)| want.bytes > SMALL || *got == want.bytes));
            }
            let in_part = got.iter().zip(&wants).filter(|(got, want)| want.bytes <= SMALL && (1..want.bytes).contains(got));
            prop_assert!(in_part.count() <= 1, "at most one small item is cut: {:?}", got);
            let larger = shares(&wants, room + more);
            prop_assert!(larger.iter().zip(&got).all(|(larger, got)| larger >= got), "{:?} {:?}", got, larger);
            let all: u64 = wants.iter().map(|want| want.bytes).sum();
            if all <= room {
                prop_assert!(got.iter().zip(&wants).all(|(got, want)| *got == want.bytes));
            } else {
                // What is left over is less than the rounding of each part.
                prop_assert!(room - got.iter().sum::<u64>() <= 2 * wants.len() as u64);
            }
        }
    }

    #[test]
    fn a_source_gets_its_part_whatever_the_others_want() {
        let want = |source, weight, bytes, changed| Want { source, weight, bytes, changed };
        let mib = 1 << 20;
        let logs = [want(0, 2, 1000 * mib, 5), want(0, 2, 10 * mib, 9), want(1, 1, 1000 * mib, 1), want(2, 1, 1000, 1)];
        // The small one first, then two parts for one source, newest first, and one for the other.
        assert_eq!(shares(&logs, 30 * mib + 1000), [10 * mib, 10 * mib, 10 * mib, 1000]);
        assert_eq!(shares(&logs, 500), [0, 0, 0, 500]);
    }

    #[test]
    fn too_little_for_the_small_ones_serves_some_of_them_whole() {
        let small = |weight, bytes| Want { source: 0, weight, bytes, changed: 0 };
        assert_eq!(shares(&[small(1, 100), small(4, 300), small(2, 50), small(4, 200)], 560), [10, 300, 50, 200]);
        assert_eq!(shares(&[small(1, 100), small(4, 300), small(2, 50), small(4, 200)], 450), [0, 250, 0, 200]);
    }
}
