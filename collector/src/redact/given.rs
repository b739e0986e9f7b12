//! What stands for what: the stand-ins that were given out, remembered for the leak gate and for the map on the host.
//!
//! In: an identity and its stand-in, each time one is made anew. Out: for each worker the addresses it has written ([`Given`]),
//! for the whole run which stand-in means which value ([`Map`]). Never here: credentials, files; nothing is done for a value
//! that a worker already knows.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    hash::BuildHasherDefault,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use super::{kinds::Kind, tag::FastHash};

/// Stand-ins of addresses one worker remembers beyond the chunk it works on.
const ADDRESSES_MAX: usize = 65_536;
/// Bytes a map may hold: it lives beside the workers' buffers. More identities than fit are counted.
const MAP_BYTES: usize = 32 << 20;
/// What an entry takes beside its texts.
const ENTRY_BYTES: usize = 128;

/// One stand-in and what it stands for.
#[derive(Clone)]
struct Entry {
    token: String,
    kind: Kind,
    value: Vec<u8>,
    file: Option<Arc<str>>,
}

/// Stand-ins, which nobody outside can choose: a hash needs no secrecy.
type Set<T> = HashSet<T, BuildHasherDefault<FastHash>>;

/// What one worker has given out. Every address in the chunk it cleaned last is known here.
#[derive(Default)]
pub struct Given {
    v4: Set<[u8; 4]>,
    v6: Set<[u8; 16]>,
    mac: Set<[u8; 6]>,
    /// Names of the dictionary that were met, by number.
    named: Vec<bool>,
    /// What the map does not know yet.
    fresh: Vec<Entry>,
    /// There is no map: what stands for what is not noted.
    unmapped: bool,
    /// The member that is worked on.
    file: Option<Arc<str>>,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given")
    }
}

impl Given {
    /// Whether this IPv4 address, in this or the opposite order of its bytes, is a stand-in that was written.
    pub fn gave_v4(&self, address: [u8; 4]) -> bool {
        let [a, b, c, d] = address;
        self.v4.contains(&address) || self.v4.contains(&[d, c, b, a])
    }

    /// Whether this IPv6 address, as one number or as four words of a little-endian host, is a stand-in that was written.
    pub fn gave_v6(&self, address: [u8; 16]) -> bool {
        let mut words = address;
        words.chunks_mut(4).for_each(<[u8]>::reverse);
        self.v6.contains(&address) || self.v6.contains(&words)
    }

    /// Whether this hardware address is a stand-in that was written. One inside an IPv6 address belongs to that.
    pub fn gave_mac(&self, address: [u8; 6]) -> bool {
        self.mac.contains(&address)
    }

    /// Whether the addresses should be forgotten before the next chunk.
    pub(super) fn is_full(&self) -> bool {
        self.v4.len() + self.v6.len() + self.mac.len() > ADDRESSES_MAX
    }

    /// Forgets the addresses: who does so forgets them in the cache as well.
    pub(super) fn forget_addresses(&mut self) {
        self.v4.clear();
        self.v6.clear();
        self.mac.clear();
    }

    /// From now on values are met in this member; none for a path, an argument, a text of the manifest.
    pub(super) fn enter(&mut self, file: Option<Arc<str>>) {
        self.file = file;
    }

    /// Says whether there is a map.
    pub(super) fn note(&mut self, mapped: bool) {
        self.unmapped = !mapped;
    }

    /// An identity got a token.
    pub(super) fn identity(&mut self, kind: Kind, token: impl FnOnce() -> String, value: &[u8]) {
        if !kind.is_credential() && !self.unmapped {
            self.fresh.push(Entry { token: token(), kind, value: value.to_vec(), file: self.file.clone() });
        }
    }

    /// A name of the dictionary was written; `token` only if it is met for the first time.
    pub(super) fn name(&mut self, number: usize, kind: Kind, token: &[u8], value: &[u8]) {
        if self.named.get(number) == Some(&true) {
            return;
        }
        if self.named.len() <= number {
            self.named.resize(number + 1, false);
        }
        self.named[number] = true;
        let token = token.strip_suffix(b".invalid").unwrap_or(token);
        // A domain in LDAP's form is remembered in the usual one.
        let dn = token.strip_prefix(b"dc=").and_then(|token| token.strip_suffix(b",dc=invalid"));
        let mut value = String::from_utf8_lossy(value).to_ascii_lowercase();
        if dn.is_some() {
            value = value.trim_start_matches("dc=").replace(", dc=", ".").replace(",dc=", ".");
        }
        self.identity(kind, || String::from_utf8_lossy(dn.unwrap_or(token)).into_owned(), value.as_bytes());
    }

    /// An address got a stand-in of its family.
    pub(super) fn address<const N: usize>(&mut self, address: [u8; N], stand_in: [u8; N]) {
        let kind = if let Ok(v4) = <[u8; 4]>::try_from(&stand_in[..]) {
            self.v4.insert(v4);
            Kind::Ipv4
        } else if let Ok(v6) = <[u8; 16]>::try_from(&stand_in[..]) {
            self.v6.insert(v6);
            // An IPv4 address in it is written as one.
            if v6[..10] == [0; 10] {
                self.v4.insert([v6[12], v6[13], v6[14], v6[15]]);
            }
            Kind::Ipv6
        } else {
            self.mac.extend(<[u8; 6]>::try_from(&stand_in[..]));
            Kind::Mac
        };
        if address != stand_in && !self.unmapped {
            self.identity(kind, || shown(&stand_in), shown(&address).as_bytes());
        }
    }

    /// Takes over the addresses in texts inside of this one.
    pub(super) fn absorb(&mut self, inner: &mut Given) {
        self.v4.extend(inner.v4.drain());
        self.v6.extend(inner.v6.drain());
        self.mac.extend(inner.mac.drain());
    }

    /// The member that is worked on.
    pub(super) fn file(&self) -> Option<Arc<str>> {
        self.file.clone()
    }

    /// Whether there is something that no map knows.
    pub(super) fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Nobody wants to know what the stand-ins mean.
    pub(super) fn forget_fresh(&mut self) {
        self.fresh.clear();
    }
}

/// The usual form of an address of 4, 16 or 6 bytes.
fn shown(address: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(address) {
        return Ipv4Addr::from(v4).to_string();
    }
    if let Ok(v6) = <[u8; 16]>::try_from(address) {
        return Ipv6Addr::from(v6).to_string();
    }
    let mut out = String::with_capacity(17);
    for byte in address {
        let colon = if out.is_empty() { "" } else { ":" };
        // Writing to a string does not fail.
        write!(out, "{colon}{byte:02x}").unwrap_or_default();
    }
    out
}

/// What a stand-in stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The kind of the value, as in the manifest's counts.
    pub kind: &'static str,
    /// The value in the form under which equal values are equal; bytes that are not UTF-8 are escaped.
    pub value: String,
    /// A member in which it was met early; none if it was a part of a path, of arguments or of a message.
    pub file: Option<Arc<str>>,
}

/// The stand-ins of one run and their meanings. Holds identities of the host, no credential.
#[derive(Default)]
pub struct Map {
    meanings: BTreeMap<String, Meaning>,
    bytes: usize,
    lost: u64,
}

impl std::fmt::Debug for Map {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Map").field("len", &self.meanings.len()).finish_non_exhaustive()
    }
}

impl Map {
    /// Takes what is new; what a worker before has told counts.
    pub(super) fn take(&mut self, given: &mut Given) {
        for Entry { token, kind, value, file } in given.fresh.drain(..) {
            if self.meanings.contains_key(&token) {
                continue;
            }
            let bytes = token.len() + value.len() + ENTRY_BYTES;
            if self.bytes + bytes > MAP_BYTES {
                self.lost += 1;
                continue;
            }
            self.bytes += bytes;
            let value = String::from_utf8(value).unwrap_or_else(|wrong| wrong.as_bytes().escape_ascii().to_string());
            self.meanings.insert(token, Meaning { kind: kind.name(), value, file });
        }
    }

    /// Every stand-in with its meaning, in the order of the stand-ins. Of a domain the ending `.invalid` is not told.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Meaning)> {
        self.meanings.iter().map(|(token, meaning)| (token.as_str(), meaning))
    }

    /// How often a stand-in was met for which there was no room.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_in_every_order_they_are_written_in() {
        let mut given = Given::default();
        given.address([192, 0, 2, 1], [192, 0, 2, 77]);
        given.address([2, 0, 0, 0, 0, 1], [2, 0, 0, 9, 9, 9]);
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 7];
        given.address([0x20; 16], mapped);
        assert!(given.gave_v4([192, 0, 2, 77]) && given.gave_v4([77, 2, 0, 192]) && !given.gave_v4([192, 0, 2, 1]));
        assert!(given.gave_v4([198, 51, 100, 7]) && given.gave_v6(mapped));
        assert!(given.gave_v6([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 7, 100, 51, 198]));
        assert!(given.gave_mac([2, 0, 0, 9, 9, 9]) && !given.gave_mac([2, 0, 0, 0, 0, 1]));
        let told: Vec<_> = given.fresh.iter().map(|e| (e.token.as_str(), e.value.as_slice())).collect();
        assert_eq!(told[..2], [("192.0.2.77", &b"192.0.2.1"[..]), ("02:00:00:09:09:09", b"02:00:00:00:00:01")]);
    }

    #[test]
    fn a_map_that_is_full_counts_what_it_does_not_take() {
        let mut map = Map::default();
        let entry =
            |n: u32| Entry { token: format!("OEr-keyword-{n}"), kind: Kind::Keyword, value: vec![b'x'; 1 << 20], file: None };
        map.take(&mut Given { fresh: (0..40).map(entry).collect(), ..Given::default() });
        let kept = map.iter().count();
        assert!((20..40).contains(&kept), "{kept}");
        assert_eq!(map.lost(), 40 - kept as u64);
        map.take(&mut Given { fresh: vec![entry(0)], ..Given::default() });
        assert_eq!(map.lost(), 40 - kept as u64, "it is known");
    }
}
