//! Bundles of a host of these tests: a real one signed anew, and small ones with every knob an attacker has.

use std::{
    io::{Read as _, Write as _},
    path::Path,
};

use flate2::{Compression, Crc, write::DeflateEncoder};
use oediag_protocol::{
    bundle::{
        gzip::MEMBER_HEADER,
        manifest::{BundleJson, Item, ItemKind, Manifest, Outcome},
        name::{self, BundleName},
        reader::Reader,
        sums, ustar,
    },
    digest::Sha256,
    id::BundleId,
    json,
    sshsig::Namespace,
};

use sha2::Digest as _;

use crate::host::{Host, Sealed, fresh};

/// Contents are cut into gzip members of this size.
const CHUNK: usize = 512 << 10;
const REAL: &str = "oediag-2c5b9ddd-20261123T050853Z-7f008a21.tar.gz";

/// A bundle and what its receipt must say of it.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) id: BundleId,
    pub(crate) name: BundleName,
    pub(crate) bytes: Vec<u8>,
    pub(crate) manifest: Sha256,
}

impl Bundle {
    /// The sealed file under a consent that names these very bytes.
    pub(crate) fn seal(&self, host: &Host) -> Sealed {
        host.seal(&self.bytes, host.consent(&self.bytes, self.id, self.manifest))
    }
}

/// A file that a bundle is to hold besides those of the real one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum File<'a> {
    /// Path inside `NAME/`, and content.
    Plain(&'a str, &'a [u8]),
    /// A chunk, a multiple of 512 bytes, so many times.
    Repeated(&'a str, &'a [u8], usize),
    /// A member that the manifest does not tell of.
    Unlisted(&'a str, &'a [u8]),
}

/// A member as it lies in the archive.
struct Packed {
    path: String,
    size: u64,
    sha256: Sha256,
    bytes: Vec<u8>,
}

impl Packed {
    fn new(name: BundleName, path: &str, content: &[u8]) -> Self {
        let bytes = packed(&header(name, path, content), content);
        Self { path: path.to_owned(), size: content.len() as u64, sha256: Sha256::of(content), bytes }
    }

    fn repeated(name: BundleName, path: &str, chunk: &[u8], count: usize) -> Self {
        let size = (chunk.len() * count) as u64;
        let header = ustar::header(&format!("{name}/{path}"), size, name.started()).expect("a path of the profile");
        let mut hasher = sha2::Sha256::new();
        (0..count).for_each(|_| hasher.update(chunk));
        let bytes = [gzip(&header), gzip(chunk).repeat(count)].concat();
        Self { path: path.to_owned(), size, sha256: Sha256(hasher.finalize().into()), bytes }
    }
}

/// The members of a bundle that a real run made, but the closing ones, and its manifest.
fn members_of(file: &str) -> (Vec<(String, Vec<u8>)>, Manifest) {
    let file = std::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)).expect("the bundle");
    let mut reader = Reader::new(file);
    let mut members = Vec::new();
    let mut manifest = None;
    while let Some(entry) = reader.next_entry().expect("a good bundle") {
        let mut content = Vec::new();
        reader.read_to_end(&mut content).expect("a good bundle");
        match entry.path.as_str() {
            name::MANIFEST => manifest = Some(json::parse(&content, 32 << 20).expect("a manifest")),
            name::SUMS | name::SUMS_SIG => {}
            _ => members.push((entry.path, content)),
        }
    }
    (members, manifest.expect("a manifest"))
}

/// A real bundle, as if this host had made it.
pub(crate) fn real(host: &Host) -> Bundle {
    with(host, &[])
}

/// A real bundle with more files.
pub(crate) fn with(host: &Host, files: &[File<'_>]) -> Bundle {
    edited(host, files, |_| {})
}

/// The same with a manifest that was changed before the sums were made of it and signed.
pub(crate) fn edited(host: &Host, files: &[File<'_>], edit: impl FnOnce(&mut Manifest)) -> Bundle {
    made(host, REAL, files, edit)
}

/// A bundle of the test data, as if this host had made it.
pub(crate) fn signed_anew(host: &Host, file: &str) -> Bundle {
    made(host, file, &[], |_| {})
}

fn made(host: &Host, file: &str, files: &[File<'_>], edit: impl FnOnce(&mut Manifest)) -> Bundle {
    let (members, mut manifest) = members_of(file);
    let start = &mut manifest.start;
    (start.bundle_id, start.host_id) = (BundleId(fresh()), host.id);
    let (id, name) = (start.bundle_id, BundleName::new(start.host_id, start.started, start.bundle_id));
    let begun = BundleJson { schema: "oediag.bundle/1".to_owned(), start: start.clone() };
    let begun = json::to_bytes(&begun).expect("bundle.json");
    let content = |path: &str, content: Vec<u8>| if path == name::BUNDLE_JSON { begun.clone() } else { content };
    let real = members.into_iter().map(|(path, bytes)| Packed::new(name, &path, &content(&path, bytes)));
    let more = files.iter().map(|file| match file {
        File::Plain(path, content) | File::Unlisted(path, content) => Packed::new(name, path, content),
        File::Repeated(path, chunk, count) => Packed::repeated(name, path, chunk, *count),
    });
    let mut members: Vec<Packed> = real.chain(more).collect();
    for file in files {
        if let File::Plain(path, _) | File::Repeated(path, ..) = file {
            let item = Item { path: Some((*path).to_owned()), outcome: Outcome::Collected, ..Item::new("test", ItemKind::File) };
            manifest.items.push(item);
        }
    }
    let mut at = 0;
    for member in &members {
        if let Some(item) = manifest.items.iter_mut().find(|item| item.path.as_ref() == Some(&member.path)) {
            (item.offset, item.bytes, item.sha256) = (Some(at), member.size, Some(member.sha256));
        }
        at += member.bytes.len() as u64;
    }
    edit(&mut manifest);
    let manifest = json::to_bytes(&manifest).expect("manifest.json");
    members.push(Packed::new(name, name::MANIFEST, &manifest));
    let sums = sums::format(members.iter().map(|member| (member.path.as_str(), member.sha256)));
    let signature = host.key.sign(Namespace::Bundle, sums.as_bytes()).expect("a signature");
    members.push(Packed::new(name, name::SUMS, sums.as_bytes()));
    members.push(Packed::new(name, name::SUMS_SIG, signature.as_bytes()));
    let mut bytes: Vec<u8> = members.into_iter().flat_map(|member| member.bytes).collect();
    bytes.extend(gzip(&ustar::END));
    Bundle { id, name, bytes, manifest: Sha256::of(&manifest) }
}

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(MEMBER_HEADER.to_vec(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    let mut out = encoder.finish().expect("memory");
    let mut crc = Crc::new();
    crc.update(bytes);
    out.extend(crc.sum().to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

/// A tar member as gzip members: header, content, padding.
pub(crate) fn packed(header: &[u8; 512], content: &[u8]) -> Vec<u8> {
    let mut tar = header.to_vec();
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
    tar.chunks(CHUNK).flat_map(gzip).collect()
}

/// The header of a member of the profile.
pub(crate) fn header(name: BundleName, path: &str, content: &[u8]) -> [u8; 512] {
    ustar::header(&format!("{name}/{path}"), content.len() as u64, name.started()).expect("a path of the profile")
}
