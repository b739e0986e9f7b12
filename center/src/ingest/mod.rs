//! From received bytes to a bundle that can be shown: verify, then store, then list.
//!
//! In: a file that came in, its signature, and the keys that may have signed. Out: a row of the bundles, or why not.
//! Never: inflates a byte before the signature was checked, unpacks to disk, names anything by a member's name.

pub mod opened;

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use oediag_protocol::{
    bundle::verify::{Report, Trust, verify, verify_detached},
    id::HostId,
    sshsig::AllowedSigners,
};
pub use opened::{OpenError, Opened, manifest_place};

use crate::{
    clock,
    store::{Store, StoreError, audit::Entry, bundles::Bundle},
};

/// What came in, and whose signature is expected.
#[derive(Clone, Debug)]
pub struct Received {
    /// Whose it is.
    pub tenant: String,
    /// The `.tar.gz`.
    pub file: PathBuf,
    /// The content of its `.sig`.
    pub signature: Vec<u8>,
    /// The host that sent it, as the center knows it.
    pub host: HostId,
    /// That host's keys.
    pub signers: AllowedSigners,
}

/// Why a bundle was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not what a host of ours signed, or not a bundle.
    #[error("the bundle is rejected: {0}")]
    Rejected(String),
    /// The file that came in.
    #[error("{path}")]
    Io {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its records.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that verified it died.
    #[error("verifying ended before its time")]
    Thread(#[source] tokio::task::JoinError),
}

/// Takes a bundle in. The same bundle again is the same row.
pub async fn take(store: &Store, received: Received) -> Result<Bundle, IngestError> {
    let Received { tenant, file, signature, host, signers } = received;
    let path = file.clone();
    // Hashing and inflating block.
    let checked = move || check(&path, &signature, &signers, host);
    let (report, signer, bytes) = tokio::task::spawn_blocking(checked).await.map_err(IngestError::Thread)??;
    let (Some(manifest), Some(name)) = (report.manifest, report.name) else {
        return Err(IngestError::Rejected("there is no manifest".to_owned()));
    };
    let start = &manifest.start;
    if let Some(known) = store.bundle(&tenant, start.bundle_id).await? {
        return Ok(known);
    }
    let object = store.objects().keep(&file).await?;
    let reader = store.objects().open(&object, bytes);
    // Read back from where it will be read from now on.
    let open = move || manifest_place(BufReader::new(reader.clone())).and_then(|at| Ok((at, Opened::of(reader, at)?)));
    let (manifest_at, opened) = tokio::task::spawn_blocking(open).await.map_err(IngestError::Thread)??;
    let now = clock::now();
    let bundle = Bundle {
        id: start.bundle_id,
        tenant,
        host: start.host_id,
        name,
        object,
        bytes,
        manifest_at,
        started: start.started,
        received: now,
        complete: manifest.complete,
        alerts: opened.alerts.len() as u64,
        signer,
    };
    let object = start.bundle_id.to_string();
    let entry = Entry { event: "bundle_ingested", actor: "ingest", tenant: Some(&bundle.tenant), object: Some(&object) };
    store.audit(now, entry).await?;
    if !store.new_bundle(&bundle).await? {
        // Somebody else was faster with the same one.
        store.objects().delete(&bundle.object).await?;
    }
    store.new_summary(&bundle.tenant, bundle.id, &opened.summary()).await?;
    Ok(store.bundle(&bundle.tenant, bundle.id).await?.unwrap_or(bundle))
}

fn check(path: &Path, signature: &[u8], signers: &AllowedSigners, host: HostId) -> Result<(Report, String, u64), IngestError> {
    let io = |source| IngestError::Io { path: path.to_owned(), source };
    let trust = Trust::Signers(signers, host);
    let file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let signer = verify_detached(file, Some(signature), trust).map_err(IngestError::Rejected)?;
    let report = verify(File::open(path).map_err(io)?, Some(signature), trust, None);
    let wrong: Vec<&str> = report.checks.iter().filter(|check| !check.ok).map(|check| check.detail.as_str()).collect();
    if wrong.is_empty() { Ok((report, signer, bytes)) } else { Err(IngestError::Rejected(wrong.join("; "))) }
}
