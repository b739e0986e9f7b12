//! Stand-ins: keyed functions of kind and value.
//!
//! In: a kind and a value. Out: `OEr-<kind>-<tag>`, the same for the same value under the same key.
//! Never a plain hash: telephone numbers and names can be enumerated.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{
    given::Given,
    key::Key,
    kinds::Kind,
    token::{LEAK, token_at},
};

pub(super) const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
pub(super) const TAG_LEN: usize = 12;
/// Values one worker remembers.
const CACHE_MAX: usize = 65_536;

/// A keyed function: HMAC-SHA-256 with the key already absorbed.
#[derive(Clone)]
pub(super) struct Prf(Hmac<Sha256>);

impl Prf {
    /// The function for one use of the key; `label` keeps uses apart.
    pub(super) fn new(key: &Key, label: &[u8]) -> Prf {
        // A key shorter than a block is padded with zeros: HMAC's own definition.
        let mut padded = zeroize::Zeroizing::new([0_u8; 64]);
        padded[..32].copy_from_slice(&key.0);
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new((&*padded).into());
        // Padded to one block, so that the label is absorbed once and not at every call.
        let mut block = [0_u8; 64];
        let n = label.len().min(block.len());
        block[..n].copy_from_slice(&label[..n]);
        mac.update(&block);
        Prf(mac)
    }

    /// 32 bytes for this input.
    pub(super) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The tag of a value whose form is already canonical.
pub(super) fn tag(prf: &Prf, kind: Kind, canonical: &[u8]) -> [u8; TAG_LEN] {
    tag_of(prf, kind.token(), canonical)
}

/// The stand-in of what the leak gate found, of whatever kind.
pub(super) fn leak(prf: &Prf, value: &[u8]) -> String {
    let tag = tag_of(prf, LEAK, &value.to_ascii_lowercase());
    format!("OEr-{LEAK}-{}", tag.map(char::from).iter().collect::<String>())
}

fn tag_of(prf: &Prf, word: &str, canonical: &[u8]) -> [u8; TAG_LEN] {
    let digest = prf.of(&[word.as_bytes(), &[0], canonical]);
    let bits = u64::from_be_bytes([digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]]);
    std::array::from_fn(|i| ALPHABET[(bits >> (59 - 5 * i)) as usize & 31])
}

/// Appends `OEr-<kind>-<tag>`.
pub(super) fn push_token(prf: &Prf, kind: Kind, canonical: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"OEr-");
    out.extend_from_slice(kind.token().as_bytes());
    out.push(b'-');
    out.extend_from_slice(&tag(prf, kind, canonical));
}

/// Whether a name in lower case is made of stand-ins only: what an unpacked bundle calls its host. It stays as it is, so that
/// the same name is the same in both bundles. Who gives his host such a name shows no more than that name.
pub(super) fn is_stand_in(name: &str) -> bool {
    let token = |label: &str| token_at(label.as_bytes()).is_some_and(|token| token.len == label.len());
    name.split('.').any(token) && name.split('.').all(|label| label == "invalid" || token(label))
}

/// The form under which equal values are equal: lower case for names, digits only for numbers.
pub(super) fn canonical(kind: Kind, value: &[u8], out: &mut Vec<u8>) {
    out.clear();
    match kind {
        Kind::Hostname | Kind::Domain | Kind::Email | Kind::SystemUuid | Kind::Username | Kind::Mac | Kind::Keyword => {
            out.extend(value.iter().map(u8::to_ascii_lowercase));
        }
        Kind::CnMobile => {
            out.extend(value.iter().filter(|b| b.is_ascii_digit()));
            if out.len() == 13 && out.starts_with(b"86") {
                out.drain(..2);
            }
        }
        Kind::BankCard => out.extend(value.iter().filter(|b| b.is_ascii_digit())),
        Kind::CnId => out.extend(value.iter().map(u8::to_ascii_uppercase)),
        _ => out.extend_from_slice(value),
    }
}

const MULTIPLIER: u64 = 0x517c_c1b7_2722_0a95;

/// Multiply and rotate over 8 bytes at a time: the cache needs speed, not secrecy.
#[derive(Default)]
pub(super) struct FastHash(u64);

impl Hasher for FastHash {
    fn finish(&self) -> u64 {
        // A product knows nothing of its factors' high bits in its low ones, which pick the place in the table.
        let mixed = (self.0 ^ self.0 >> 32).wrapping_mul(MULTIPLIER);
        mixed ^ mixed >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER);
        }
    }
}

/// One worker's memory of tags, bounded. Holds values of the host.
#[derive(Default)]
pub(super) struct TagCache {
    known: HashMap<Vec<u8>, [u8; TAG_LEN], BuildHasherDefault<FastHash>>,
    wanted: Vec<u8>,
    addresses: HashMap<[u8; 16], [u8; 16], BuildHasherDefault<FastHash>>,
    /// What was given out; told of what is new to the cache only.
    pub(super) given: Given,
}

impl TagCache {
    /// Makes room before a chunk: all of its addresses are told to `given`.
    pub(super) fn begin_chunk(&mut self) {
        if self.given.is_full() {
            self.given.forget_addresses();
            self.addresses.clear();
        }
    }

    /// The stand-in of an address, made by `make` if it is new. Addresses of all families share the memory: shorter
    /// ones are padded, and their first byte says of which family they are.
    pub(super) fn address<const N: usize>(&mut self, family: u8, address: [u8; N], make: impl FnOnce() -> [u8; N]) -> [u8; N] {
        let mut key = [0; 16];
        // An IPv6 address fills the key; the others are told apart from it by a first half that no host has.
        let at = 16 - N;
        key[at..].copy_from_slice(&address);
        if at > 0 {
            key[0] = 0xff;
            key[1] = family;
        }
        if let Some(known) = self.addresses.get(&key) {
            return std::array::from_fn(|i| known[at + i]);
        }
        let made = make();
        let mut value = [0; 16];
        value[at..].copy_from_slice(&made);
        if self.addresses.len() >= CACHE_MAX {
            self.addresses.clear();
        }
        self.addresses.insert(key, value);
        self.given.address(address, made);
        made
    }

    /// Appends the stand-in of `value`.
    pub(super) fn push(&mut self, prf: &Prf, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        canonical(kind, value, &mut self.wanted);
        self.wanted.push(kind as u8);
        let tag = if let Some(tag) = self.known.get(&self.wanted) {
            *tag
        } else {
            let value = &self.wanted[..self.wanted.len() - 1];
            let tag = tag(prf, kind, value);
            self.given.identity(kind, || format!("OEr-{}-{}", kind.token(), tag.escape_ascii()), value);
            if self.known.len() >= CACHE_MAX {
                self.known.clear();
            }
            self.known.insert(self.wanted.clone(), tag);
            tag
        };
        out.extend_from_slice(b"OEr-");
        out.extend_from_slice(kind.token().as_bytes());
        out.push(b'-');
        out.extend_from_slice(&tag);
    }
}
