//! A bundle of this very host, held open from the first look to the sealing.
//!
//! In: a path, the host's identity. Out: the open file, its digest, its verified manifest. Never: opens the path a second time:
//! whatever is put there meanwhile is another file; and bytes that change in the open file are noticed when they are sealed.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;
use oediag_collector::state::Identity;
use oediag_protocol::{
    bundle::{
        manifest::Manifest,
        reader::CAPS,
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
        let file = File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).map_err(io)?;
        let meta = file.metadata().map_err(io)?;
        if !meta.is_file() {
            return Err(io(io::Error::other("not a regular file")));
        }
        // No center takes more; and whoever may write the file could make it as long as they like.
        if meta.len() > CAPS.packed {
            return Err(io(io::Error::other(format!("it has more than {} bytes, the most a bundle may have", CAPS.packed))));
        }
        let detached = trust::detached(path).map_err(io)?;
        let (bundle, manifest) = examined(&file, meta.len(), detached.as_deref(), identity, path)?;
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

/// What the bytes are whose signature is good, and the manifest from a reading of those same bytes: whoever may write the file could
/// show one bundle to one pass and another one to the next.
fn examined(
    input: impl Read + Seek,
    bytes: u64,
    detached: Option<&[u8]>,
    identity: &Identity,
    path: &Path,
) -> Result<(BundleRef, Manifest), OwnError> {
    let io = |source| OwnError::Io { path: path.to_owned(), source };
    let key = identity.signer.public();
    let trust = Trust::Key(&key);
    // A file that grows is not read for ever.
    let mut input = Hashing::new(input, bytes + 1);
    let signed = verify_detached(&mut input, detached, trust);
    let digested = input.finish().map_err(io)?;
    input.rewind().map_err(io)?;
    // Its last pass is the one that parses; `input` then knows the digest of what was parsed.
    let report = verify(&mut input, detached, trust, None);
    let parsed = input.finish().map_err(io)?;
    let (Some(manifest), Some(manifest_sha256), true, true) =
        (report.manifest, report.manifest_sha256, report.ok, signed.is_ok())
    else {
        return Err(OwnError::NotOurs { path: path.to_owned(), checks: report.checks });
    };
    if digested != parsed {
        return Err(OwnError::Changed { path: path.to_owned() });
    }
    if manifest.start.host_id != identity.host_id {
        let detail = format!("made by {}, this host is {}", manifest.start.host_id, identity.host_id);
        let check = Check { name: oediag_protocol::bundle::verify::CheckName::Name, ok: false, detail };
        return Err(OwnError::NotOurs { path: path.to_owned(), checks: vec![check] });
    }
    let (sha256, bytes) = digested;
    Ok((BundleRef { bundle_id: manifest.start.bundle_id, sha256, bytes, manifest_sha256 }, manifest))
}

/// Counts and digests what is read through it since it was last at the first byte. What lies behind `most` bytes is not read.
#[derive(Debug)]
pub(super) struct Hashing<R> {
    input: R,
    most: u64,
    bytes: u64,
    hasher: sha2::Sha256,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(input: R, most: u64) -> Self {
        Self { input, most, bytes: 0, hasher: sha2::Sha256::new() }
    }

    /// Reads what is left; gives digest and size of all.
    pub(super) fn finish(&mut self) -> io::Result<(Sha256, u64)> {
        io::copy(self, &mut io::sink())?;
        Ok((Sha256(self.hasher.clone().finalize().into()), self.bytes))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.most - self.bytes).unwrap_or(usize::MAX).min(buf.len());
        let count = self.input.read(&mut buf[..room])?;
        self.hasher.update(&buf[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Hashing<R> {
    /// Only to the first byte: then the digest begins anew.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to != SeekFrom::Start(0) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        (self.bytes, self.hasher) = (0, sha2::Sha256::new());
        self.input.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Cursor};

    use oediag_collector::{
        bundle::signature,
        state::{Home, State},
    };

    use super::*;

    /// A file that somebody rewrites between one pass and the next.
    struct Rewritten(Vec<Vec<u8>>, Cursor<Vec<u8>>);

    impl Rewritten {
        fn new(mut passes: Vec<Vec<u8>>) -> Self {
            passes.reverse();
            let first = passes.pop().expect("a first pass");
            Self(passes, Cursor::new(first))
        }
    }

    impl Read for Rewritten {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1.read(buf)
        }
    }

    impl Seek for Rewritten {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.1 = Cursor::new(self.0.pop().expect("another pass"));
            self.1.seek(to)
        }
    }

    /// What is shown comes from the bytes that are agreed to, also when another bundle of this host stands there for one pass.
    #[test]
    fn each_pass_must_see_the_same_bytes() {
        let folder = std::env::temp_dir().join(format!("oediag-own-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/roots/openeuler-22.03-sp3-aarch64");
        let state = folder.join("state");
        let [a, b] = ["a.tar.gz", "b.tar.gz"].map(|name| {
            let path = folder.join(name);
            let words = ["oediag", "collect", "--topic", "kernel", "--root"].map(Into::into);
            let places = [root.clone(), "--output".into(), path.clone(), "--state".into(), state.clone()];
            crate::run(words.into_iter().chain(places.map(Into::into)));
            path
        });
        let identity = State::open(Some(&state), &Home::Root).and_then(|state| state.identity()).expect("an identity");
        let sig = fs::read(signature(&a)).expect("the signature");
        let [a, b] = [a, b].map(|path| fs::read(path).expect("a bundle"));
        let most = a.len().max(b.len()) as u64;
        let found = |passes: Vec<Vec<u8>>| examined(Rewritten::new(passes), most, Some(&sig), &identity, Path::new("a"));
        let (bundle, _) = found(vec![a.clone(), a.clone(), a.clone()]).expect("nothing changed");
        assert_eq!(bundle.sha256, Sha256::of(&a));
        let shown = found(vec![a.clone(), a.clone(), b.clone()]);
        assert!(matches!(shown, Err(OwnError::Changed { .. })), "{shown:?}");
        for passes in [[&b, &a, &a], [&a, &b, &a], [&a, &b, &b]] {
            let other = found(passes.map(Clone::clone).to_vec());
            assert!(matches!(other, Err(OwnError::NotOurs { .. })), "{other:?}");
        }
        fs::remove_dir_all(&folder).expect("it can be removed");
    }
}
