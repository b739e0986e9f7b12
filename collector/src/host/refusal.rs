//! Why something of the host is not read or not run, and why a root cannot be examined at all.

use std::{
    io,
    path::{Path, PathBuf},
};

use nix::{errno::Errno, unistd::geteuid};
use oediag_protocol::bundle::manifest::Reason;

/// Why a root cannot be examined.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The root cannot be opened.
    #[error("cannot open {path} as the root of a host")]
    Root {
        /// The folder asked for.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
}

/// Why something of the host is not read or not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason programs branch on.
    pub reason: Reason,
    /// The chain of errors, outermost first; it may name paths of the host, so it is redacted like any text.
    pub error: Vec<String>,
}

/// For readers that write text: what is not there stays `NotFound`, so that the row is absent and not broken.
impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        let kind = if refusal.reason == Reason::NotPresent { io::ErrorKind::NotFound } else { io::ErrorKind::Other };
        Self::new(kind, refusal.error.join(": "))
    }
}

impl Refusal {
    pub(super) fn new(reason: Reason, path: &Path, why: &str) -> Self {
        Self { reason, error: vec![format!("{}: {why}", path.display())] }
    }

    /// A system call on `path` failed.
    pub(super) fn errno(path: &Path, doing: &str, errno: Errno) -> Self {
        let reason = match errno {
            Errno::ENOENT | Errno::ENOTDIR | Errno::ENXIO | Errno::ENODEV | Errno::ESRCH => Reason::NotPresent,
            // As root a refusal is the host's own (an LSM, a read-protected file); else more rights would help.
            Errno::EACCES | Errno::EPERM if geteuid().is_root() => Reason::NoPermission,
            Errno::EACCES | Errno::EPERM => Reason::NeedsRoot,
            _ => Reason::ReadError,
        };
        Self { reason, error: vec![format!("cannot {doing} {}", path.display()), errno.desc().to_owned()] }
    }
}
