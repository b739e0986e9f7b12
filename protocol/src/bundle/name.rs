//! Names: of a bundle, and of the members that carry a host's files.
//!
//! In: paths of the host, any bytes. Out: names of a small alphabet that no shell, terminal, unpacker or sum file can misread.
//! Never: yields `.` or `..`, a leading `-`, an absolute path, or one of our own names for a file of the host.

use std::fmt;

use crate::{
    digest::{Sha256, hex, unhex},
    id::{BundleId, HostId},
    time::Time,
};

/// Folder of everything of ours.
pub const OURS: &str = "oediag";
/// How to verify, for people.
pub const README: &str = "README.txt";
/// Digests of all members.
pub const SUMS: &str = "SHA256SUMS";
/// Signature over the digests.
pub const SUMS_SIG: &str = "SHA256SUMS.sig";
/// What is known when a bundle is begun.
pub const BUNDLE_JSON: &str = "oediag/bundle.json";
/// What was found out about the host.
pub const FACTS: &str = "oediag/facts.json";
/// Alerts found in what was collected.
pub const ALERTS: &str = "oediag/alerts.json";
/// What was done on the host.
pub const OPERATIONS: &str = "oediag/operations.json";
/// What was asked, what each source gave, and why not.
pub const MANIFEST: &str = "oediag/manifest.json";

/// Longest encoded segment of a path, in bytes.
const SEGMENT_MAX: usize = 80;
/// Longest end of a name that is kept when a path is too long for ustar: 33 bytes of digest and this fit its 100.
const TAIL_MAX: usize = 60;
/// What ustar gives to the last part of a path, and to the part before.
const USTAR: (usize, usize) = (100, 155);

/// `oediag-<host8>-<YYYYMMDDTHHMMSSZ>-<bundle8>`: the top folder of a bundle, and its file's name before `.tar.gz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleName {
    host: [u8; 4],
    started: Time,
    bundle: [u8; 4],
}

impl BundleName {
    /// Bytes of every bundle's name.
    pub const LEN: usize = 41;

    /// The name of the bundle `bundle` that `host` began at `started`.
    pub fn new(host: HostId, started: Time, bundle: BundleId) -> Self {
        let first = |id: [u8; 16]| [id[0], id[1], id[2], id[3]];
        Self { host: first(host.0), started, bundle: first(bundle.0) }
    }

    /// Reads exactly what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("oediag-")?.split('-');
        let (host, started, bundle) = (parts.next()?, parts.next()?, parts.next()?);
        let mut name = Self { host: [0; 4], started: Time::parse_compact(started)?, bundle: [0; 4] };
        (parts.next().is_none() && unhex(host, &mut name.host) && unhex(bundle, &mut name.bundle)).then_some(name)
    }

    /// When collection began; the modification time of every member.
    pub fn started(self) -> Time {
        self.started
    }
}

impl fmt::Display for BundleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("oediag-")?;
        hex(&self.host, f)?;
        write!(f, "-{}-", self.started.compact())?;
        hex(&self.bundle, f)
    }
}

/// The path inside `NAME/` of a file of the host, whose path is given without or with its leading `/`.
///
/// Two different absolute paths get different names, but for collisions of 32 bits of SHA-256 between segments of over
/// 80 bytes: a writer that meets a name twice uses [`long_path`] for the second.
pub fn member_path(host_path: &[u8]) -> String {
    let path = host_path.strip_prefix(b"/").unwrap_or(host_path);
    let mut parts: Vec<String> = split(path).into_iter().map(segment).collect();
    if let Some(first) = parts.first_mut()
        && [OURS, README, SUMS, SUMS_SIG].contains(&first.as_str())
    {
        let rest = first.split_off(1);
        *first = first.bytes().flat_map(escape).chain(rest.chars()).collect();
    }
    let whole = parts.join("/");
    if fits_ustar(&whole) { whole } else { long_path(host_path) }
}

/// The path inside `NAME/` of a file whose own path is too long, or whose own name is taken:
/// `oediag/long/<32 hex of SHA-256>~<end of its name>`.
pub fn long_path(host_path: &[u8]) -> String {
    let path = host_path.strip_prefix(b"/").unwrap_or(host_path);
    let digest = Sha256::of(path).to_string();
    let last = split(path).last().map_or_else(String::new, |last| encode(last));
    let mut from = last.len().saturating_sub(TAIL_MAX);
    // Not from the middle of a `%XX`.
    from += (1..=2).find(|back| from >= *back && last.as_bytes()[from - back] == b'%').map_or(0, |back| 3 - back);
    format!("{OURS}/long/{}~{}", &digest[..32], &last[from..])
}

/// One segment of a path: `[A-Za-z0-9._+@=,:-]` stay, other bytes become `%XX`; so do a leading `-` and the dots of `.`
/// and `..`. Over 80 bytes it is cut and gets `~` and 8 hex digits of its SHA-256.
pub fn segment(bytes: &[u8]) -> String {
    let encoded = encode(bytes);
    if encoded.len() <= SEGMENT_MAX {
        return encoded;
    }
    let mut keep = SEGMENT_MAX - 9;
    keep -= (1..=2).find(|back| encoded.as_bytes()[keep - back] == b'%').unwrap_or(0);
    format!("{}~{}", &encoded[..keep], &Sha256::of(bytes).to_string()[..8])
}

/// What [`segment`] made a name of; none of one that was cut, or that it would not have made so.
pub fn of_segment(name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut parts = name.split('%');
    bytes.extend(parts.next()?.bytes());
    for part in parts {
        let mut byte = [0];
        if !unhex(&part.get(..2)?.to_ascii_lowercase(), &mut byte) {
            return None;
        }
        bytes.extend(byte.into_iter().chain(part[2..].bytes()));
    }
    (segment(&bytes) == name).then_some(bytes)
}

/// Whether a path inside `NAME/` is one that a bundle may carry: segments of our alphabet, `%` only before two upper-case
/// hex digits, no `.`, `..` or leading `-`, and short enough for ustar.
pub fn is_member_path(path: &str) -> bool {
    fits_ustar(path) && path.split('/').all(is_segment)
}

fn is_segment(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    !bytes.is_empty()
        && !matches!(segment, "." | "..")
        && bytes[0] != b'-'
        && bytes.iter().enumerate().all(|(at, byte)| match byte {
            b'%' => hex(at + 1) && hex(at + 2),
            b'~' => true,
            byte => plain(*byte),
        })
}

fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._+@=,:-".contains(&byte)
}

fn escape(byte: u8) -> [char; 3] {
    let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value)] as char;
    ['%', digit(byte >> 4), digit(byte & 15)]
}

fn encode(segment: &[u8]) -> String {
    let dots = matches!(segment, b"." | b"..");
    let mut out = String::with_capacity(segment.len());
    for (at, byte) in segment.iter().copied().enumerate() {
        if plain(byte) && !dots && !(at == 0 && byte == b'-') {
            out.push(byte as char);
        } else {
            out.extend(escape(byte));
        }
    }
    out
}

/// Splits at slashes. A slash that would leave an empty segment belongs to the segment beside it and is encoded there, so
/// that `a//b`, `a/b/` and `a/b` stay different names.
fn split(path: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in 1..path.len() {
        if path[at] == b'/' && at > from && at + 1 < path.len() {
            parts.push(&path[from..at]);
            from = at + 1;
        }
    }
    if path.is_empty() {
        vec![b"/"]
    } else {
        parts.push(&path[from..]);
        parts
    }
}

/// Whether `NAME/path` splits at a slash into at most 155 and 100 bytes, in the way the tar crate looks for the place:
/// the longest front part that fits.
fn fits_ustar(path: &str) -> bool {
    let (last, front) = USTAR;
    let len = BundleName::LEN + 1 + path.len();
    if len <= last {
        return true;
    }
    let front = front - BundleName::LEN;
    // `cut` is the length of the front part after NAME; the slash at that place is in neither part.
    let cut = path.as_bytes()[..path.len().min(front)].iter().rposition(|byte| *byte == b'/');
    let rest = cut.map_or(path.len(), |cut| path.len() - cut - 1);
    rest <= last
}
