//! Bundles of a host of these tests: a real one signed anew, and small ones with every knob an attacker has.

use std::{io::Write as _, path::Path};

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

/// Members by path inside `NAME/` and content.
pub(crate) type Members = Vec<(String, Vec<u8>)>;

/// The members of a bundle that a real run made, and its manifest.
fn real_members() -> (Members, Manifest) {
    let file = std::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(REAL)).expect("the bundle");
    let mut reader = Reader::new(file);
    let mut members = Members::new();
    let mut manifest = None;
    while let Some(entry) = reader.next_entry().expect("a good bundle") {
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut content).expect("a good bundle");
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

/// A real bundle with more files of the host.
pub(crate) fn with(host: &Host, files: &[(&str, &[u8])]) -> Bundle {
    make(host, files, |_, _| {}, |archive| archive)
}

/// A real bundle with more files; `edit` changes manifest and members before the sums are made of them, `spoil` the archive
/// behind the sums and before consent is given: what a hostile host can do.
pub(crate) fn make(
    host: &Host,
    files: &[(&str, &[u8])],
    edit: impl FnOnce(&mut Manifest, &mut Members),
    spoil: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> Bundle {
    let (mut members, mut manifest) = real_members();
    let start = &mut manifest.start;
    (start.bundle_id, start.host_id) = (BundleId(fresh()), host.id);
    let (id, name) = (start.bundle_id, BundleName::new(start.host_id, start.started, start.bundle_id));
    let begun = BundleJson { schema: "oediag.bundle/1".to_owned(), start: start.clone() };
    for (path, content) in &mut members {
        if path == name::BUNDLE_JSON {
            *content = json::to_bytes(&begun).expect("bundle.json");
        }
    }
    for (path, content) in files {
        members.push(((*path).to_owned(), content.to_vec()));
        let item = Item { path: Some((*path).to_owned()), outcome: Outcome::Collected, ..Item::new("test", ItemKind::File) };
        manifest.items.push(item);
    }
    let mut archive = Vec::new();
    for (path, content) in &members {
        let item = manifest.items.iter_mut().find(|item| item.path.as_deref() == Some(path)).expect("an item for each member");
        (item.offset, item.bytes, item.sha256) = (Some(archive.len() as u64), content.len() as u64, Some(Sha256::of(content)));
        archive.extend(packed(&header(name, path, content), content));
    }
    let before = members.clone();
    edit(&mut manifest, &mut members);
    if members != before {
        archive = members.iter().flat_map(|(path, content)| packed(&header(name, path, content), content)).collect();
    }
    members.push((name::MANIFEST.to_owned(), json::to_bytes(&manifest).expect("manifest.json")));
    let manifest = Sha256::of(&members[members.len() - 1].1);
    let sums = sums::format(members.iter().map(|(path, content)| (path.as_str(), Sha256::of(content))));
    let signature = host.key.sign(Namespace::Bundle, sums.as_bytes()).expect("a signature");
    members.push((name::SUMS.to_owned(), sums.into_bytes()));
    members.push((name::SUMS_SIG.to_owned(), signature.into_bytes()));
    for (path, content) in &members[members.len() - 3..] {
        archive.extend(packed(&header(name, path, content), content));
    }
    archive.extend(gzip(&ustar::END));
    Bundle { id, name, bytes: spoil(archive), manifest }
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
