//! Verifying a bundle without unpacking it: signatures, profile, digests, and that all records agree.
//!
//! In: the bundle's bytes, its detached signature, the keys that may have signed. Out: a report that names every check.
//! Never: inflates a byte before the signature over the file was checked, stops at the first fault where going on is safe,
//! takes a key or an expectation from the bundle itself.

use std::io::{Read, Seek, SeekFrom};

use serde::Serialize;
use sha2::{Digest as _, Sha256 as Hasher};

use super::{
    manifest::{BUNDLE_SCHEMA, BundleJson, Item, Manifest, SCHEMA},
    name::{BUNDLE_JSON, BundleName, MANIFEST, README, SUMS, SUMS_SIG},
    reader::{Entry, ReadError, Reader},
    sums,
};
use crate::{
    digest::Sha256,
    id::{BundleId, HostId},
    json,
    sshsig::{self, AllowedSigners, MAX_SIGNATURE, Namespace, Prehash, PublicKey, SigError},
};

/// Most bytes of a manifest.
pub const MAX_MANIFEST: usize = 32 << 20;
/// Most bytes of `bundle.json`.
pub const MAX_BUNDLE_JSON: usize = 64 << 10;

/// Whose signature is expected. It comes from the verifier's own state, never from the bundle.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// This key, whatever host it says it is.
    Key(&'a PublicKey),
    /// Any key that the file lists for this host and the namespace at hand; the manifest must name the same host.
    Signers(&'a AllowedSigners, HostId),
}

/// One thing that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The detached signature over the whole file.
    DetachedSignature,
    /// Gzip members, tar headers, caps, order of the first and last members.
    Profile,
    /// The manifest can be read and is of a known schema.
    Manifest,
    /// The top folder is the name that the manifest's ids and time give, and the name and host that were expected.
    Name,
    /// The signature over `SHA256SUMS`.
    InnerSignature,
    /// `SHA256SUMS` lists every member but itself and its signature, with the right digest, and no other.
    Sums,
    /// The manifest lists every member but the closing ones, in order, with the right place, size and digest, and no other.
    Members,
    /// `bundle.json` agrees with the manifest.
    BundleJson,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which check.
    pub name: CheckName,
    /// Whether it passed.
    pub ok: bool,
    /// Why it did not, in English; or, when it passed, what was found. Safe to print on a terminal.
    pub detail: String,
}

/// What is known of a bundle after verification. When `ok` is false, nothing else in here can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every check passed.
    pub ok: bool,
    /// All checks, in the order they were made.
    pub checks: Vec<Check>,
    /// The bundle's name, from its top folder.
    pub name: Option<String>,
    /// From the manifest.
    pub bundle_id: Option<BundleId>,
    /// From the manifest.
    pub host_id: Option<HostId>,
    /// Whether the run that made it was finished; false also when there is no manifest.
    pub complete: bool,
    /// Members that were read.
    pub items: u64,
    /// Bytes of their contents.
    pub bytes: u64,
    /// The manifest, where it can be read.
    pub manifest: Option<Manifest>,
    /// Digest of the manifest's bytes: what a consent receipt names.
    pub manifest_sha256: Option<Sha256>,
}

/// Checks only the signature over the whole file, and leaves `bundle` at its end. The error says why it is not valid.
///
/// For those who must not inflate anything before this has passed.
pub fn verify_detached(bundle: impl Read, signature: Option<&[u8]>, trust: Trust<'_>) -> Result<String, String> {
    let signature = signature.ok_or("the bundle's .sig file is missing")?;
    let prehash = Prehash::of_reader(bundle).map_err(|error| format!("reading the bundle failed: {error}"))?;
    signed_by(signature, Namespace::File, trust, &prehash)
}

/// Verifies a whole bundle: `bundle` from its first byte, `detached` the content of its `.sig` file.
///
/// `expected` is the name the bundle was given by its file name or a request; none when there is nothing to compare.
/// All that is wrong is told in the report, reading errors too. The checks after the first go on when it fails, since the
/// reader is made for hostile bytes; call [`verify_detached`] before, and stop, where that is not wanted.
pub fn verify(mut bundle: impl Read + Seek, detached: Option<&[u8]>, trust: Trust<'_>, expected: Option<BundleName>) -> Report {
    let mut checks = Vec::new();
    let mut check = |name, found: Result<String, String>| {
        let (ok, detail) = match found {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        checks.push(Check { name, ok, detail });
    };

    check(CheckName::DetachedSignature, verify_detached(&mut bundle, detached, trust));

    let mut seen = Seen::default();
    let profile = match bundle.seek(SeekFrom::Start(0)) {
        Ok(_) => seen.read(bundle).map_err(|error| chain(&error)).and_then(|()| seen.order()),
        Err(error) => Err(format!("reading the bundle failed: {error}")),
    };
    check(CheckName::Profile, profile);

    let manifest = document::<Manifest>(seen.manifest.as_deref(), MANIFEST, MAX_MANIFEST)
        .and_then(|manifest| of_schema(manifest, |manifest| &manifest.schema, SCHEMA));
    check(CheckName::Manifest, manifest.as_ref().map(|_| SCHEMA.to_owned()).map_err(Clone::clone));
    let manifest = manifest.ok();
    let against = |compare: &dyn Fn(&Manifest) -> Result<String, String>| match &manifest {
        Some(manifest) => compare(manifest),
        None => Err("there is no manifest to compare with".to_owned()),
    };

    check(CheckName::Name, against(&|manifest| named(manifest, seen.name, trust, expected)));
    check(CheckName::InnerSignature, seen.inner_signature(trust));
    check(CheckName::Sums, seen.sums());
    check(CheckName::Members, against(&|manifest| seen.members(&manifest.items)));
    check(
        CheckName::BundleJson,
        against(&|manifest| {
            document::<BundleJson>(seen.bundle_json.as_deref(), BUNDLE_JSON, MAX_BUNDLE_JSON)
                .and_then(|begun| of_schema(begun, |begun| &begun.schema, BUNDLE_SCHEMA))
                .and_then(|begun| {
                    if begun.start == manifest.start {
                        Ok(BUNDLE_SCHEMA.to_owned())
                    } else {
                        Err(format!("{BUNDLE_JSON} and the manifest differ"))
                    }
                })
        }),
    );

    Report {
        ok: checks.iter().all(|check| check.ok),
        checks,
        name: seen.name.map(|name| name.to_string()),
        bundle_id: manifest.as_ref().map(|manifest| manifest.start.bundle_id),
        host_id: manifest.as_ref().map(|manifest| manifest.start.host_id),
        complete: manifest.as_ref().is_some_and(|manifest| manifest.complete),
        items: seen.members.len() as u64,
        bytes: seen.members.iter().map(|member| member.entry.size).sum(),
        manifest_sha256: manifest.as_ref().and(seen.manifest.as_deref()).map(Sha256::of),
        manifest,
    }
}

/// What one pass over the bundle leaves in memory: a line per member, and the few documents that are needed.
#[derive(Default)]
struct Seen {
    name: Option<BundleName>,
    members: Vec<Member>,
    bundle_json: Option<Vec<u8>>,
    manifest: Option<Vec<u8>>,
    sums: Option<Vec<u8>>,
    sums_sig: Option<Vec<u8>>,
}

struct Member {
    entry: Entry,
    sha256: Sha256,
}

impl Seen {
    fn read(&mut self, bundle: impl Read) -> Result<(), ReadError> {
        let mut reader = Reader::new(bundle);
        while let Some(entry) = reader.next_entry()? {
            self.name = reader.name();
            let (max, keep) = match entry.path.as_str() {
                BUNDLE_JSON => (MAX_BUNDLE_JSON, Some(&mut self.bundle_json)),
                MANIFEST => (MAX_MANIFEST, Some(&mut self.manifest)),
                SUMS => (sums::MAX_BYTES, Some(&mut self.sums)),
                SUMS_SIG => (MAX_SIGNATURE, Some(&mut self.sums_sig)),
                _ => (0, None),
            };
            let mut kept = Vec::new();
            // One byte more than allowed is kept, so that the document's own check tells that it is too long.
            let sha256 = digest(&mut reader, &mut kept, keep.as_ref().map_or(0, |_| max + 1))?;
            if let Some(keep) = keep {
                *keep = Some(kept);
            }
            self.members.push(Member { entry, sha256 });
        }
        Ok(())
    }

    /// The members that every bundle has, at the places where they belong.
    fn order(&self) -> Result<String, String> {
        let path = |at: usize| self.members.get(at).map(|member| member.entry.path.as_str());
        let count = self.members.len();
        let last = |back: usize| count.checked_sub(back).and_then(path);
        let found = [path(0), path(1), last(3), last(2), last(1)];
        if count >= 5 && found == [README, BUNDLE_JSON, MANIFEST, SUMS, SUMS_SIG].map(Some) {
            Ok(format!("{count} members"))
        } else {
            Err(format!("not {README} and {BUNDLE_JSON} first and {MANIFEST}, {SUMS}, {SUMS_SIG} last"))
        }
    }

    fn inner_signature(&self, trust: Trust<'_>) -> Result<String, String> {
        let sums = self.sums.as_deref().ok_or(format!("{SUMS} is missing"))?;
        let sig = self.sums_sig.as_deref().ok_or(format!("{SUMS_SIG} is missing"))?;
        signed_by(sig, Namespace::Bundle, trust, &Prehash::of(sums))
    }

    fn sums(&self) -> Result<String, String> {
        let listed = sums::parse(self.sums.as_deref().ok_or(format!("{SUMS} is missing"))?).map_err(|error| error.to_string())?;
        let members = self.members.iter().filter(|member| ![SUMS, SUMS_SIG].contains(&member.entry.path.as_str()));
        let mut found: Vec<_> = members.map(|member| (member.entry.path.as_str(), member.sha256)).collect();
        found.sort_unstable();
        if let Some((path, _)) = found.iter().find(|member| listed.binary_search(member).is_err()) {
            return Err(format!("{path} is not in {SUMS}, or with another digest"));
        }
        if let Some((path, _)) = listed.iter().find(|member| found.binary_search(member).is_err()) {
            return Err(format!("{path} is in {SUMS} but not in the bundle"));
        }
        Ok(format!("{} files", listed.len()))
    }

    fn members(&self, items: &[Item]) -> Result<String, String> {
        let members = self.members.iter().filter(|member| ![MANIFEST, SUMS, SUMS_SIG].contains(&member.entry.path.as_str()));
        let mut members = members.peekable();
        for item in items {
            let Some(path) = &item.path else {
                if item.offset.is_some() || item.sha256.is_some() || item.bytes != 0 {
                    return Err("the manifest gives a place, size or digest to an item that has no member".to_owned());
                }
                continue;
            };
            let told = (path.as_str(), item.offset, item.bytes, item.sha256);
            let found = members.next().map(|member| {
                let Entry { path, offset, size } = &member.entry;
                (path.as_str(), Some(*offset), *size, Some(member.sha256))
            });
            match found {
                Some(found) if found == told => {}
                Some((path, ..)) => {
                    return Err(format!("{path}: the manifest has another name, place, size or digest here"));
                }
                None => return Err("the manifest lists more members than the bundle has".to_owned()),
            }
        }
        match members.next() {
            Some(member) => Err(format!("{} is not in the manifest", member.entry.path)),
            None => Ok(format!("{} items", items.len())),
        }
    }
}

/// Reads a member's content to its end; leaves its first `max` bytes in `kept`.
fn digest<R: Read>(reader: &mut Reader<R>, kept: &mut Vec<u8>, max: usize) -> Result<Sha256, ReadError> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.content(&mut buffer)? {
            0 => return Ok(Sha256(hasher.finalize().into())),
            count => {
                hasher.update(&buffer[..count]);
                kept.extend_from_slice(&buffer[..count.min(max - kept.len())]);
            }
        }
    }
}

fn signed_by(signature: &[u8], namespace: Namespace, trust: Trust<'_>, prehash: &Prehash) -> Result<String, String> {
    let try_key = |key: &PublicKey| sshsig::verify(signature, namespace, key, prehash.clone()).map(|()| key.fingerprint());
    match trust {
        Trust::Key(key) => try_key(key).map_err(|error| error.to_string()),
        Trust::Signers(signers, host) => {
            let host = host.to_string();
            let mut last = format!("allowed_signers has no key of {host} for {}", namespace.as_str());
            for key in signers.keys(&host, namespace) {
                match try_key(key) {
                    Ok(fingerprint) => return Ok(fingerprint),
                    Err(error @ SigError::WrongKey { .. }) => last = error.to_string(),
                    // Any other fault is the signature's own, whatever the key.
                    Err(error) => return Err(error.to_string()),
                }
            }
            Err(last)
        }
    }
}

fn named(
    manifest: &Manifest,
    found: Option<BundleName>,
    trust: Trust<'_>,
    expected: Option<BundleName>,
) -> Result<String, String> {
    let start = &manifest.start;
    let name = BundleName::new(start.host_id, start.started, start.bundle_id);
    if found != Some(name) {
        return Err(format!("the top folder is not {name}, as the manifest's ids and time give it"));
    }
    if let Some(expected) = expected.filter(|expected| *expected != name) {
        return Err(format!("this is {name}, expected is {expected}"));
    }
    match trust {
        Trust::Signers(_, host) if host != start.host_id => Err(format!("made by {}, expected is {host}", start.host_id)),
        _ => Ok(name.to_string()),
    }
}

fn document<T>(bytes: Option<&[u8]>, path: &str, max: usize) -> Result<T, String>
where
    T: serde::de::DeserializeOwned + Serialize,
{
    let bytes = bytes.ok_or(format!("{path} is missing"))?;
    json::parse(bytes, max).map_err(|error| format!("{path}: {error}"))
}

fn of_schema<T>(document: T, schema: impl Fn(&T) -> &String, known: &str) -> Result<T, String> {
    if schema(&document) == known { Ok(document) } else { Err(format!("not of schema {known}")) }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
