//! A bundle of this very host, held open from the first look to the sealing.
//!
//! In: a path, the host's identity. Out: the open file, its digest, its verified manifest. Never: opens the path a second time:
//! whatever is put there meanwhile is another file; and bytes that change in the open file are noticed when they are sealed.

use std::{
    fs::File,
    io::{self, Read, Seek as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;
use oediag_collector::state::Identity;
use oediag_protocol::{
    bundle::{
        manifest::Manifest,
        verify::{Check, Trust, verify, verify_detached},
    },
    consent::{BundleDigest, BundleRef},
    digest::Sha256,
};
use sha2::Digest as _;

use crate::trust;

/// Why a bundle cannot be released.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The file.
    #[error("{path}")]
    Io {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not whole, or not signed by this host.
    #[error("{path}: {}", failed(.checks))]
    NotOurs {
        /// Its path.
        path: PathBuf,
        /// What was checked.
        checks: Vec<Check>,
    },
    /// It changed while it was looked at.
    #[error("{path} changed while it was read")]
    Changed {
        /// Its path.
        path: PathBuf,
    },
}

fn failed(checks: &[Check]) -> String {
    checks.iter().find(|check| !check.ok).map(|check| check.detail.clone()).unwrap_or_default()
}

/// An open bundle of this host.
#[derive(Debug)]
pub struct Own {
    /// Where it was opened.
    pub path: PathBuf,
    /// The bytes, as the receipt names them.
    pub bundle: BundleRef,
    /// What is in it.
    pub manifest: Manifest,
    file: File,
}

impl Own {
    /// Opens and verifies a bundle.
    pub fn open(path: &Path, identity: &Identity) -> Result<Self, OwnError> {
        let io = |source| OwnError::Io { path: path.to_owned(), source };
        // Not to wait for the other end of a FIFO.
        let mut file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).map_err(io)?;
        if !file.metadata().map_err(io)?.is_file() {
            return Err(io(io::Error::other("not a regular file")));
        }
        let detached = trust::detached(path).map_err(io)?;
        let key = identity.signer.public();
        let trust = Trust::Key(&key);
        let mut before = Hashing::new(&file);
        // The whole report names what is wrong; this pass is for the digest of the very bytes that are signed.
        let signed = verify_detached(&mut before, detached.as_deref(), trust);
        let before = before.finish().map_err(io)?;
        file.rewind().map_err(io)?;
        let report = verify(&file, detached.as_deref(), trust, None);
        file.rewind().map_err(io)?;
        let after = Hashing::new(&file).finish().map_err(io)?;
        file.rewind().map_err(io)?;
        let (Some(manifest), Some(manifest_sha256), true, true) =
            (report.manifest, report.manifest_sha256, report.ok, signed.is_ok())
        else {
            return Err(OwnError::NotOurs { path: path.to_owned(), checks: report.checks });
        };
        if before != after {
            return Err(OwnError::Changed { path: path.to_owned() });
        }
        if manifest.start.host_id != identity.host_id {
            let detail = format!("made by {}, this host is {}", manifest.start.host_id, identity.host_id);
            let check = Check { name: oediag_protocol::bundle::verify::CheckName::Name, ok: false, detail };
            return Err(OwnError::NotOurs { path: path.to_owned(), checks: vec![check] });
        }
        let (sha256, bytes) = before;
        let bundle = BundleRef { bundle_id: manifest.start.bundle_id, sha256, bytes, manifest_sha256 };
        Ok(Self { path: path.to_owned(), bundle, manifest, file })
    }

    /// What a receipt must cover.
    pub fn digest(&self) -> BundleDigest {
        let BundleRef { bundle_id, sha256, bytes, .. } = self.bundle;
        BundleDigest { bundle_id, sha256, bytes }
    }

    /// The open file, from its first byte.
    pub fn read(&self) -> io::Result<&File> {
        (&self.file).rewind()?;
        Ok(&self.file)
    }
}

/// Counts and digests what is read through it.
#[derive(Debug)]
pub(super) struct Hashing<R> {
    input: R,
    bytes: u64,
    hasher: sha2::Sha256,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, bytes: 0, hasher: sha2::Sha256::new() }
    }

    /// Reads what is left; gives digest and size of all.
    pub(super) fn finish(mut self) -> io::Result<(Sha256, u64)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok((Sha256(self.hasher.finalize().into()), self.bytes))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buf)?;
        self.hasher.update(&buf[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}
