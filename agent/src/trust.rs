//! Whose signature a bundle should carry. In: `--allowed-signers`, or the file this host keeps of its own key.
//! Out: the key file and the host it is asked about; for commands that only look, one note when nothing vouches for a bundle.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;
use oediag_collector::{bundle::signature, state::State};
use oediag_protocol::{
    bundle::verify::{Trust, verify_detached},
    id::HostId,
    sshsig::AllowedSigners,
};

use crate::{
    failure::{Failure, Kind},
    invocation::{Invocation, home},
    opened::OnDisk,
    term, text,
};

/// The keys that may have signed, and the hosts the file lists.
#[derive(Debug)]
pub struct Signers {
    /// The parsed file.
    pub allowed: AllowedSigners,
    /// Its principals that are host ids, in the file's order.
    pub hosts: Vec<HostId>,
}

impl Signers {
    /// Reads an allowed-signers file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path)?;
        let allowed = AllowedSigners::parse(&text)?;
        let words = String::from_utf8_lossy(&text);
        let hosts = words.lines().filter_map(|line| HostId::parse(line.split_whitespace().next()?)).collect();
        Ok(Self { allowed, hosts })
    }

    /// What to hold a bundle against that says it is of `claimed`. The claim only picks a line of the verifier's own file.
    pub fn trust(&self, claimed: Option<HostId>) -> Option<Trust<'_>> {
        let listed = claimed.filter(|host| self.hosts.contains(host));
        listed.or(self.hosts.first().copied()).map(|host| Trust::Signers(&self.allowed, host))
    }
}

/// The file to trust: the one that was named, else this host's own, else one that lies beside the bundle is *not* taken.
pub fn default_signers(given: &Invocation) -> Option<PathBuf> {
    let state = State::locate(given.state.as_deref(), &home()).ok()?;
    Some(state.allowed_signers()).filter(|path| path.is_file())
}

/// The content of a bundle's `.sig` file; none when it is not there.
pub fn detached(bundle: &Path) -> io::Result<Option<Vec<u8>>> {
    // Not to wait for the other end of a FIFO.
    match File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(signature(bundle)) {
        Ok(file) if !file.metadata()?.is_file() => Err(io::Error::other("the .sig is not a regular file")),
        Ok(file) => {
            // A signature is a few hundred bytes; what is longer is refused by whoever reads it.
            let mut bytes = Vec::new();
            file.take(64 << 10).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a bundle to look into it; says on standard error when no known key vouches for it.
pub fn open(path: &Path, given: &Invocation) -> Result<OnDisk, Failure> {
    let shown = term::escape(&path.display().to_string());
    let bundle = OnDisk::open(path).map_err(|error| {
        let sentence = match error {
            crate::opened::OpenError::Io { .. } => text!(given.texts, "error-bundle-open", path = shown),
            _ => text!(given.texts, "error-bundle-read", path = shown),
        };
        Failure::new(Kind::Usage, sentence).because(error)
    })?;
    if let Err(why) = vouched(&bundle, given) {
        term::note(&text!(given.texts, "note-unverified", why = term::escape(&why)));
    }
    Ok(bundle)
}

/// Whether this host's own key signed the file.
fn vouched(bundle: &OnDisk, given: &Invocation) -> Result<(), String> {
    let no_key = || text!(given.texts, "why-no-key");
    let signers = default_signers(given).and_then(|path| Signers::read(&path).ok()).ok_or_else(no_key)?;
    let trust = signers.trust(Some(bundle.manifest.start.host_id)).ok_or_else(no_key)?;
    let detached = detached(&bundle.path).map_err(|error| error.to_string())?;
    let file = File::open(&bundle.path).map_err(|error| error.to_string())?;
    verify_detached(file, detached.as_deref(), trust).map(drop)
}
