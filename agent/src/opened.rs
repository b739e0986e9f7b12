//! A bundle that lies on disk. In: its path. Out: manifest, facts, alerts, and members on demand; nothing is unpacked.
//! Every document is compared with the sums inside the bundle before it is used; who signed them is `verify`'s question.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use oediag_analysis::{Alert, AlertsJson, Facts, Operation, OperationsJson};
use oediag_protocol::{
    bundle::{
        manifest::{Item, ItemKind, Manifest},
        name,
        reader::{Content, ReadError, Reader, open_at},
        sums::{self, SumsError},
        verify::MAX_MANIFEST,
    },
    digest::Sha256,
    json::{self, JsonError},
    sshsig::MAX_SIGNATURE,
};

/// Most bytes of `facts.json`, `alerts.json` and `operations.json` each.
const MAX_RECORD: usize = 8 << 20;

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file.
    #[error("{path}")]
    Io {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The archive.
    #[error("the archive is not a bundle")]
    Read(#[from] ReadError),
    /// A document that every finished bundle holds is not there.
    #[error("{0} is missing: the bundle is not finished, or it was changed")]
    Missing(&'static str),
    /// A document differs from the bundle's own sums.
    #[error("{0} differs from its checksum in SHA256SUMS: the bundle was changed or damaged")]
    Changed(String),
    /// The manifest is not what it should be.
    #[error("oediag/manifest.json cannot be read")]
    Manifest(#[source] JsonError),
    /// A record is not what it should be.
    #[error("{path} cannot be read")]
    Record {
        /// The member.
        path: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// `SHA256SUMS` is not what it should be.
    #[error("SHA256SUMS cannot be read")]
    Sums(#[from] SumsError),
}

/// A bundle on disk.
#[derive(Debug)]
pub struct OnDisk {
    /// Where it lies.
    pub path: PathBuf,
    /// Its packed size.
    pub bytes: u64,
    /// Its manifest.
    pub manifest: Manifest,
    /// The members that close it: they come after the manifest was written, so it cannot list them.
    pub closing: Vec<Item>,
    /// What is known of the host; empty when the run was cut short.
    pub facts: Facts,
    /// What was found in its texts; empty when the run was cut short.
    pub alerts: Vec<Alert>,
    /// What was done on the host, oldest first; empty when the run was cut short.
    pub operations: Vec<Operation>,
}

impl OnDisk {
    /// Reads the documents of a bundle in one pass.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let (mut documents, closing) = documents(file)?;
        let sums = documents.remove(name::SUMS).ok_or(OpenError::Missing(name::SUMS))?;
        let sums: BTreeMap<&str, Sha256> = sums::parse(&sums)?.into_iter().collect();
        for (path, content) in &documents {
            if sums.get(path) != Some(&Sha256::of(content)) {
                return Err(OpenError::Changed((*path).to_owned()));
            }
        }
        let manifest = documents.get(name::MANIFEST).ok_or(OpenError::Missing(name::MANIFEST))?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            manifest: json::parse(manifest, MAX_MANIFEST).map_err(OpenError::Manifest)?,
            closing,
            facts: record(&documents, name::FACTS)?.unwrap_or_default(),
            alerts: record::<AlertsJson>(&documents, name::ALERTS)?.map(|json| json.alerts).unwrap_or_default(),
            operations: record::<OperationsJson>(&documents, name::OPERATIONS)?.map(|json| json.operations).unwrap_or_default(),
        })
    }

    /// Every member and every row without one, in the order of the archive.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.manifest.items.iter().chain(&self.closing)
    }

    /// The content of a member, from its own place in the file; not yet compared with its digest.
    pub fn content(&self, item: &Item) -> Result<Content<File>, OpenError> {
        let (Some(path), Some(offset)) = (&item.path, item.offset) else { return Err(OpenError::Missing("the member")) };
        let file = File::open(&self.path).map_err(|source| OpenError::Io { path: self.path.clone(), source })?;
        Ok(open_at(file, offset, path)?)
    }
}

/// One of the records made from the bundle's texts; none when the run was cut short.
fn record<T: serde::de::DeserializeOwned>(
    documents: &BTreeMap<&str, Vec<u8>>,
    path: &'static str,
) -> Result<Option<T>, OpenError> {
    let content = documents.get(path).map(|content| serde_json::from_slice(content));
    content.transpose().map_err(|source| OpenError::Record { path, source })
}

/// The few members that are kept in memory, from one pass over the file.
type Documents = BTreeMap<&'static str, Vec<u8>>;

/// The documents, and rows for the members that close the bundle.
fn documents(file: File) -> Result<(Documents, Vec<Item>), OpenError> {
    let (mut documents, mut closing) = (Documents::new(), Vec::new());
    let mut reader = Reader::new(io::BufReader::with_capacity(1 << 16, file));
    while let Some(entry) = reader.next_entry()? {
        let (path, max) = match entry.path.as_str() {
            name::MANIFEST => (name::MANIFEST, MAX_MANIFEST),
            name::FACTS => (name::FACTS, MAX_RECORD),
            name::ALERTS => (name::ALERTS, MAX_RECORD),
            name::OPERATIONS => (name::OPERATIONS, MAX_RECORD),
            name::SUMS => (name::SUMS, sums::MAX_BYTES),
            name::SUMS_SIG => (name::SUMS_SIG, MAX_SIGNATURE),
            _ => continue,
        };
        let mut content = Vec::new();
        // One byte more than allowed is kept, so that the document's own parser tells that it is too long.
        let source = |source| OpenError::Io { path: PathBuf::from(path), source };
        (&mut reader).take(max as u64 + 1).read_to_end(&mut content).map_err(source)?;
        if matches!(path, name::MANIFEST | name::SUMS | name::SUMS_SIG) {
            let mut item = Item::new(name::OURS, ItemKind::Record);
            item.path = Some(path.to_owned());
            (item.offset, item.bytes, item.bytes_seen) = (Some(entry.offset), entry.size, entry.size);
            item.sha256 = Some(Sha256::of(&content));
            closing.push(item);
        }
        if path != name::SUMS_SIG {
            documents.insert(path, content);
        }
    }
    Ok((documents, closing))
}
