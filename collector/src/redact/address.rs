//! Stand-ins for addresses: keyed permutations that keep what diagnosis needs.
//!
//! In: an IPv4, IPv6 or hardware address. Out: another one. Two addresses that share their first k bits share
//! them afterwards; special blocks map onto themselves; a hardware address keeps its vendor.

use std::sync::OnceLock;

use super::tag::Prf;

/// Blocks that map onto themselves and into which nothing else maps: network and prefix length.
const V4_BLOCKS: &[([u8; 4], u8)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// 2000::/3 is here so that a global address stays global, fe80::/64 so that a link-local one looks like it.
const V6_BLOCKS: &[([u8; 8], u8)] = &[
    ([0; 8], 8),
    ([0x20, 0, 0, 0, 0, 0, 0, 0], 3),
    ([0xfc, 0, 0, 0, 0, 0, 0, 0], 7),
    ([0xfe, 0x80, 0, 0, 0, 0, 0, 0], 10),
    ([0xfe, 0x80, 0, 0, 0, 0, 0, 0], 64),
    ([0xff, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// The bit at which the mark of an embedded hardware address stands: it is never made, never destroyed.
const MARK: usize = 88;

/// The permutations of one bundle.
pub(super) struct Addresses {
    v4: Tree,
    v6: Tree,
    mac: Prf,
    /// Hardware addresses do not keep their vendor.
    whole: bool,
    subnets: Vec<([u8; 4], u8)>,
}

/// Bit `i` of `bytes`, counted from the left.
fn bit(bytes: &[u8], i: usize) -> u8 {
    bytes[i / 8] >> (7 - i % 8) & 1
}

/// How many leading bits are equal, at most `limit`.
fn shared(a: &[u8], b: &[u8], limit: usize) -> usize {
    let mut equal = 0;
    for (x, y) in a.iter().zip(b) {
        equal += (x ^ y).leading_zeros() as usize;
        if x != y || equal >= limit {
            break;
        }
    }
    equal.min(limit)
}

/// Whether this is one of the addresses that name no host: unspecified, loopback, multicast, masks, broadcast.
pub(super) fn v4_is_public_knowledge(a: [u8; 4]) -> bool {
    matches!(a[0], 0 | 127 | 224..=255)
}

/// As for IPv4: everything outside of the blocks in which hosts have addresses, and the discard and multicast blocks.
pub(super) fn v6_names_a_host(a: [u8; 16]) -> bool {
    let mapped = a[..10] == [0; 10] && a[10..12] == [0xff, 0xff] && !v4_is_public_knowledge([a[12], a[13], a[14], a[15]]);
    mapped || a[0] & 0xe0 == 0x20 || a[0] & 0xfe == 0xfc || (a[0] == 0xfe && a[1] & 0xc0 == 0x80)
}

/// Whether the address lies in the block.
pub(super) fn v4_in(a: [u8; 4], (network, length): ([u8; 4], u8)) -> bool {
    shared(&a, &network, usize::from(length.min(32))) == usize::from(length.min(32))
}

/// Which bits flip, by the bytes before; what follows the first byte is asked for all the time and remembered.
struct Tree {
    prf: Prf,
    early: Box<[OnceLock<[u8; 32]>]>,
}

impl Tree {
    fn new(prf: Prf) -> Tree {
        Tree { prf, early: std::iter::repeat_with(OnceLock::new).take(257).collect() }
    }

    fn flips(&self, before: &[u8]) -> [u8; 32] {
        let early = match before {
            [] => &self.early[256],
            [first] => &self.early[usize::from(*first)],
            _ => return self.prf.of(&[before]),
        };
        *early.get_or_init(|| self.prf.of(&[before]))
    }
}

impl Addresses {
    pub(super) fn new(key: &super::Key, whole: bool, subnets: Vec<([u8; 4], u8)>) -> Addresses {
        let tree = |label| Tree::new(Prf::new(key, label));
        Addresses { v4: tree(b"ipv4"), v6: tree(b"ipv6"), mac: Prf::new(key, b"mac"), whole, subnets }
    }

    /// Whether the address is in a subnet of this host.
    pub(super) fn is_ours(&self, a: [u8; 4]) -> bool {
        self.subnets.iter().any(|s| s.1 > 0 && v4_in(a, *s))
    }

    /// The stand-in of an IPv4 address.
    pub(super) fn v4(&self, a: [u8; 4]) -> [u8; 4] {
        if v4_is_public_knowledge(a) {
            return a;
        }
        let known = self.subnets.iter().copied().filter(|s| s.1 > 0 && v4_in(a, *s)).max_by_key(|s| s.1);
        let keep = |depth: usize| {
            let block = V4_BLOCKS.iter().any(|(net, len)| depth < usize::from(*len) && shared(&a, net, depth) == depth);
            // On the way to the first and the last address of a known subnet nothing flips, so they keep their roles.
            let role = known.is_some_and(|(_, len)| {
                let host = usize::from(len)..depth;
                depth >= usize::from(len) && (host.clone().all(|i| bit(&a, i) == 0) || host.clone().all(|i| bit(&a, i) == 1))
            });
            block || role
        };
        let mut out = a;
        permute(&self.v4, &a, &mut out, &keep);
        out
    }

    /// The stand-in of an IPv6 address. A hardware address inside follows that address's own stand-in.
    pub(super) fn v6(&self, a: [u8; 16]) -> [u8; 16] {
        if !v6_names_a_host(a) {
            return a;
        }
        let mut out = a;
        if a[0] == 0 {
            out[12..].copy_from_slice(&self.v4([a[12], a[13], a[14], a[15]]));
            return out;
        }
        let mark = [0xff, 0xfe];
        let keep = |depth: usize| {
            let block = V6_BLOCKS.iter().any(|(net, len)| depth < usize::from(*len) && shared(&a, net, depth) == depth);
            block || (MARK..MARK + 16).contains(&depth) && (MARK..depth).all(|i| bit(&a, i) == bit(&mark, i - MARK))
        };
        permute(&self.v6, &a, &mut out, &keep);
        if a[11..13] == mark {
            let mac = self.mac([a[8] ^ 2, a[9], a[10], a[13], a[14], a[15]]);
            out[8..].copy_from_slice(&[mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]]);
        }
        out
    }

    /// The stand-in of a hardware address: vendor kept, the other 24 bits permuted by four Feistel rounds, or all bits
    /// keyed and locally administered.
    pub(super) fn mac(&self, a: [u8; 6]) -> [u8; 6] {
        if self.whole {
            let digest = self.mac.of(&[b"full", &a]);
            return [digest[0] & 0xfc | 2, digest[1], digest[2], digest[3], digest[4], digest[5]];
        }
        let mut left = u16::from(a[3]) << 4 | u16::from(a[4]) >> 4;
        let mut right = (u16::from(a[4]) & 15) << 8 | u16::from(a[5]);
        for round in 0..4_u8 {
            let digest = self.mac.of(&[&a[..3], &[round], &right.to_be_bytes()]);
            let mixed = left ^ (u16::from_be_bytes([digest[0], digest[1]]) & 0xfff);
            left = right;
            right = mixed;
        }
        [a[0], a[1], a[2], (left >> 4) as u8, (left << 4) as u8 | (right >> 8) as u8, right as u8]
    }
}

/// Prefix-preserving permutation after the construction of Crypto-PAn, a byte at a time: the 256 bits that the keyed
/// function gives for the bytes before are the flips at the 255 inner nodes of the byte's binary tree.
fn permute(tree: &Tree, a: &[u8], out: &mut [u8], keep: &dyn Fn(usize) -> bool) {
    for index in 0..a.len() {
        let flips = tree.flips(&a[..index]);
        let mut node = 1_usize;
        for level in 0..8 {
            let one = bit(a, index * 8 + level);
            if bit(&flips, node) == 1 && !keep(index * 8 + level) {
                out[index] ^= 0x80 >> level;
            }
            node = node << 1 | usize::from(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Key;

    fn addresses() -> Addresses {
        Addresses::new(&Key::for_bundle(&[3; 32], &[4; 16]), false, vec![([10, 20, 31, 0], 24)])
    }

    /// The same numbers at every run, so that a failure can be repeated.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    }

    #[test]
    fn addresses_share_as_many_bits_as_before() {
        let map = addresses();
        let mut random = numbers();
        for _ in 0..10_000 {
            let a = (random.next().unwrap_or(0) as u32).to_be_bytes();
            let mut b = (random.next().unwrap_or(0) as u32).to_be_bytes();
            // Random pairs share hardly a bit: let half of them share more.
            let keep = random.next().unwrap_or(0) as usize % 5;
            b[..keep.min(4)].copy_from_slice(&a[..keep.min(4)]);
            if !v4_is_public_knowledge(a) && !v4_is_public_knowledge(b) {
                assert_eq!(shared(&a, &b, 32), shared(&map.v4(a), &map.v4(b), 32), "{a:?} {b:?}");
            }
        }
        for _ in 0..1_000 {
            let word =
                |r: &mut dyn Iterator<Item = u64>| u128::from(r.next().unwrap_or(0)) << 64 | u128::from(r.next().unwrap_or(0));
            let mut a = word(&mut random).to_be_bytes();
            let mut b = word(&mut random).to_be_bytes();
            a[0] = 0x20 | a[0] & 0x1f;
            b[0] = 0x20 | b[0] & 0x1f;
            let keep = random.next().unwrap_or(0) as usize % 16;
            b[..keep].copy_from_slice(&a[..keep]);
            assert_eq!(shared(&a, &b, 128), shared(&map.v6(a), &map.v6(b), 128), "{a:?} {b:?}");
        }
    }

    #[test]
    fn special_blocks_map_onto_themselves() {
        let map = addresses();
        for number in numbers().take(4_000) {
            let a = (number as u32).to_be_bytes();
            let b = map.v4(a);
            for block in V4_BLOCKS {
                assert_eq!(v4_in(a, *block), v4_in(b, *block), "{a:?} -> {b:?}");
            }
            let mut six = (u128::from(number) << 64 | u128::from(number)).to_be_bytes();
            for first in [[0x20, 0x01], [0xfd, 0x00], [0xfe, 0x80], [0xff, 0x02]] {
                six[..2].copy_from_slice(&first);
                let out = map.v6(six);
                for (net, len) in V6_BLOCKS {
                    let inside = |x: &[u8; 16]| shared(x, net, usize::from(*len)) == usize::from(*len);
                    assert_eq!(inside(&six), inside(&out));
                }
            }
        }
        for fixed in [[0, 0, 0, 0], [127, 0, 0, 1], [255, 255, 255, 0], [224, 0, 0, 1], [255, 255, 255, 255]] {
            assert_eq!(map.v4(fixed), fixed);
        }
    }

    #[test]
    fn an_address_inside_follows_its_hardware_address() {
        let map = addresses();
        let mac = map.mac([0x52, 0x54, 0, 0x3a, 0x91, 0xc2]);
        assert_eq!(mac[..3], [0x52, 0x54, 0]);
        let six = map.v6([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, 0x3a, 0x91, 0xc2]);
        assert_eq!(six, [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0, 0xff, 0xfe, mac[3], mac[4], mac[5]]);
    }

    #[test]
    fn hardware_addresses_are_permuted() {
        let map = addresses();
        let seen: std::collections::BTreeSet<_> =
            (0..4_096_u32).map(|n| map.mac([0, 0, 0, 0, (n >> 8) as u8, n as u8])).collect();
        assert_eq!(seen.len(), 4_096);
    }

    #[test]
    fn roles_in_a_known_subnet_stay() {
        let map = addresses();
        for last in [0, 1, 254, 255] {
            assert_eq!(map.v4([10, 20, 31, last])[3], last);
        }
    }
}
