//! The documents of a stored bundle, and its members one by one. In: its bytes. Out: manifest, facts, alerts, contents.
//! Its caller compares the manifest's digest with the receipt's; facts and alerts are compared with the manifest here.

use std::io::{self, Read, Seek};

use oediag_analysis::{Alert, AlertsJson, Facts, Severity};
use oediag_protocol::{
    bundle::{
        manifest::{Item, Manifest},
        name,
        reader::{ReadError, Reader, open_at},
        verify::MAX_MANIFEST,
    },
    digest::Sha256,
    json::{self, JsonError},
};

use crate::store::summaries::Summary;

/// Most bytes of `facts.json`, `alerts.json` and `operations.json` each.
const MAX_RECORD: u64 = 8 << 20;

/// Why a stored bundle cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The archive.
    #[error("the archive cannot be read")]
    Read(#[from] ReadError),
    /// A member.
    #[error("a member cannot be read")]
    Io(#[from] io::Error),
    /// The manifest.
    #[error("the manifest cannot be read")]
    Manifest(#[source] JsonError),
    /// A path that no bundle may carry, such as one of 200,000 folders.
    #[error("the manifest names a path that is none of a bundle")]
    Path,
    /// A record of ours.
    #[error("{path} cannot be read")]
    Record {
        /// The member.
        path: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// A record has another digest than the manifest says.
    #[error("{path} is not the one that the manifest names")]
    Other {
        /// The member.
        path: &'static str,
    },
    /// No manifest.
    #[error("the manifest is missing")]
    NoManifest,
}

/// The documents of a bundle.
#[derive(Debug)]
pub struct Opened {
    /// Its manifest.
    pub manifest: Manifest,
    /// The manifest's digest.
    pub manifest_sha256: Sha256,
    /// What is known of the host; empty when the run was cut short.
    pub facts: Facts,
    /// What was found; empty when the run was cut short.
    pub alerts: Vec<Alert>,
}

impl Opened {
    /// Reads the documents of a bundle whose manifest begins at `place`.
    pub fn of(mut bundle: impl Read + Seek, place: u64) -> Result<Self, OpenError> {
        let mut bytes = Vec::new();
        open_at(&mut bundle, place, name::MANIFEST)?.take(MAX_MANIFEST as u64 + 1).read_to_end(&mut bytes)?;
        let manifest: Manifest = json::parse(&bytes, MAX_MANIFEST).map_err(OpenError::Manifest)?;
        // Pages are made of it before all of it is verified.
        if manifest.items.iter().filter_map(|item| item.path.as_deref()).any(|path| !name::is_member_path(path)) {
            return Err(OpenError::Path);
        }
        let manifest_sha256 = Sha256::of(&bytes);
        let facts = record(&mut bundle, &manifest, name::FACTS)?.unwrap_or_default();
        let alerts = record::<AlertsJson>(&mut bundle, &manifest, name::ALERTS)?;
        Ok(Self { facts, alerts: alerts.map(|json| json.alerts).unwrap_or_default(), manifest, manifest_sha256 })
    }

    /// What the list of bundles shows of it.
    pub fn summary(&self) -> Summary {
        let count = |severity| self.alerts.iter().filter(|alert| alert.severity == severity).count() as u64;
        let os = &self.manifest.start.os;
        let system = format!("{} {}", os.id, os.version);
        Summary {
            host_name: self.facts.hostname.clone(),
            system: Some(system.trim().to_owned()).filter(|system| !system.is_empty()),
            alerts: [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].map(count),
        }
    }

    /// A JSON document of ours, compared with the manifest; none when the bundle has none.
    pub fn record<T: serde::de::DeserializeOwned>(
        &self,
        bundle: &mut (impl Read + Seek),
        path: &'static str,
    ) -> Result<Option<T>, OpenError> {
        record(bundle, &self.manifest, path)
    }

    /// The item of this path.
    pub fn item(&self, path: &str) -> Option<&Item> {
        self.manifest.items.iter().find(|item| item.path.as_deref() == Some(path))
    }
}

/// Where the manifest begins: near the end, at a place that nothing before it tells, so the archive is read up to there.
pub fn manifest_place(bundle: impl Read) -> Result<u64, OpenError> {
    let mut reader = Reader::new(bundle);
    while let Some(entry) = reader.next_entry()? {
        if entry.path == name::MANIFEST {
            return Ok(entry.offset);
        }
    }
    Err(OpenError::NoManifest)
}

fn record<T: serde::de::DeserializeOwned>(
    bundle: &mut (impl Read + Seek),
    manifest: &Manifest,
    path: &'static str,
) -> Result<Option<T>, OpenError> {
    let item = manifest.items.iter().find(|item| item.path.as_deref() == Some(path));
    let Some(offset) = item.and_then(|item| item.offset) else { return Ok(None) };
    let mut bytes = Vec::new();
    open_at(bundle, offset, path)?.take(MAX_RECORD).read_to_end(&mut bytes)?;
    if item.and_then(|item| item.sha256) != Some(Sha256::of(&bytes)) {
        return Err(OpenError::Other { path });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|source| OpenError::Record { path, source })
}
