//! What this installation of oediag keeps: its key, its name, its redaction key, its bundles.
//!
//! In: nothing, or a folder named by the operator. Out: paths and keys, made at first use, never overwritten,
//! refused when others could have read or changed them. A session's `HOME` is never used by root.

#![expect(clippy::disallowed_methods, reason = "keys and state are ours")]

mod transport;

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::{fcntl::OFlag, unistd::geteuid};
use oediag_protocol::{
    id::HostId,
    sshsig::{Namespace, PublicKey, Signer, allowed_line},
};
use zeroize::Zeroizing;

use crate::{cost::Costs, disk, failpoint};

/// What the names of drafts begin with; the name of what they become and the pid of who makes them follow, each after a dot.
const DRAFT: &str = ".oediag-draft";
/// The kernel gives no larger pid (`PID_MAX_LIMIT`).
const MAX_PID: u32 = 1 << 22;
/// Most bytes of the figures of earlier runs.
const COSTS_BYTES: u64 = 1 << 20;

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file or folder could not be made or read.
    #[error("{path}: {doing}")]
    Io {
        /// The path.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is open to others, or not ours.
    #[error("{path}: {why}; oediag does not start with keys that others may know or replace")]
    Exposed {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file does not hold what it should.
    #[error("{path}: {why}; it is left as it is: restore it from a backup, or remove it to become a new host")]
    Damaged {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another run holds the lock.
    #[error("another run of oediag is at work ({path}); wait for it to end")]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// An ordinary user without a home.
    #[error("neither XDG_STATE_HOME nor HOME is set: say with --state where to keep keys and bundles")]
    NoHome,
}

/// Where this installation keeps its things.
#[derive(Debug)]
pub struct State {
    config: PathBuf,
    data: PathBuf,
}

/// Who signs.
#[derive(Debug)]
pub struct Identity {
    /// The host's name in bundles.
    pub host_id: HostId,
    /// The host's key.
    pub signer: Signer,
    /// Whether both were made just now.
    pub created: bool,
}

/// Held by the one run at work.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held open: closing it gives the lock back")] File);

impl State {
    /// The operator's folder, else the system's for root, else the user's own. Makes nothing: for those who only look.
    pub fn locate(folder: Option<&Path>, home: &Home) -> Result<Self, StateError> {
        match (folder, home) {
            (Some(folder), _) => Ok(Self { config: folder.join("etc"), data: folder.to_owned() }),
            (None, Home::Root) => Ok(Self { config: "/etc/oediag".into(), data: "/var/lib/oediag".into() }),
            (None, Home::User(Some(folder))) => Ok(Self { config: folder.join("etc"), data: folder.clone() }),
            (None, Home::User(None)) => Err(StateError::NoHome),
        }
    }

    /// The same place with its folders made; refused when others own or may write them.
    pub fn open(folder: Option<&Path>, home: &Home) -> Result<Self, StateError> {
        let state = Self::locate(folder, home)?;
        // Each is looked at before anything is made in it.
        for folder in [&state.data, &state.config] {
            make_folder(folder)?;
            ours(folder)?;
        }
        make_folder(&state.keys())?;
        private(&state.keys())?;
        make_folder(&state.bundles())?;
        Ok(state)
    }

    /// Takes the lock that lets one run at a time work, and removes what killed runs left half made.
    pub fn lock(&self) -> Result<Lock, StateError> {
        let lock = lock(self.data.join("lock"))?;
        for folder in [&self.data, &self.config, &self.keys(), &self.maps(), &self.agent()] {
            remove_drafts(folder);
        }
        Ok(lock)
    }

    /// The host's key and id; made at first use.
    pub fn identity(&self) -> Result<Identity, StateError> {
        let (key_path, id_path) = (self.keys().join("host_ed25519"), self.config.join("host_id"));
        let signer = match secret(&key_path)? {
            Some(text) => Signer::from_openssh(text.as_bytes())
                .map_err(|error| StateError::Damaged { path: key_path.clone(), why: error.to_string() })?,
            None => return self.create_identity(&key_path, &id_path),
        };
        let damaged = |why: &str| StateError::Damaged { path: id_path.clone(), why: why.to_owned() };
        let id = secret(&id_path)?.ok_or_else(|| damaged("is missing beside the host's key"))?;
        let host_id = HostId::parse(id.trim_end()).ok_or_else(|| damaged("holds no host id"))?;
        Ok(Identity { host_id, signer, created: false })
    }

    /// The host's id and the public half of its key, where there are any: for those who only look.
    pub fn known(&self) -> Result<Option<(HostId, PublicKey)>, StateError> {
        if secret(&self.keys().join("host_ed25519"))?.is_none() {
            return Ok(None);
        }
        self.identity().map(|identity| Some((identity.host_id, identity.signer.public())))
    }

    fn create_identity(&self, key_path: &Path, id_path: &Path) -> Result<Identity, StateError> {
        let signer = Signer::generate(random(key_path)?);
        // An id may be there from a run that was killed between the two files.
        let host_id = if let Some(id) = secret(id_path)?.and_then(|id| HostId::parse(id.trim_end())) {
            id
        } else {
            let id = HostId(random(id_path)?);
            place(id_path, format!("{id}\n").as_bytes())?;
            id
        };
        let text =
            signer.to_openssh().map_err(|error| StateError::Damaged { path: key_path.to_owned(), why: error.to_string() })?;
        let public = signer.public();
        let allowed = allowed_line(&host_id.to_string(), Namespace::HOST, &public);
        replace(&self.keys().join("host_ed25519.pub"), format!("{public}\n").as_bytes())?;
        replace(&self.allowed_signers(), format!("{allowed}\n").as_bytes())?;
        place(key_path, text.as_bytes())?;
        Ok(Identity { host_id, signer, created: true })
    }

    /// The file that `ssh-keygen -Y verify -f` and `oediag verify` take.
    pub fn allowed_signers(&self) -> PathBuf {
        self.keys().join("allowed_signers")
    }

    /// The key that pseudonyms are made with; made at first use, never in a bundle.
    pub fn redaction_key(&self) -> Result<Zeroizing<[u8; 32]>, StateError> {
        let path = self.data.join("redact.key");
        if !path.exists() {
            match place(&path, &*Zeroizing::new(random::<32>(&path)?)) {
                // Another first run was faster: the key is the one it made.
                Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
        }
        let mut key = Zeroizing::new([0; 32]);
        let io = |source| StateError::Io { path: path.clone(), doing: "reading the key", source };
        let mut file = open_private(&path)?;
        if file.metadata().map_err(io)?.len() != 32 {
            return Err(StateError::Damaged { path, why: "is not 32 bytes long".into() });
        }
        file.read_exact(&mut *key).map_err(io)?;
        Ok(key)
    }

    /// Where bundles go when the operator names no place.
    pub fn bundles(&self) -> PathBuf {
        self.data.join("bundles")
    }

    /// Where the customer's own rows lie.
    pub fn site_sources(&self) -> PathBuf {
        self.config.join("sources.d")
    }

    /// The folders whose policy binds a run, its own first: then the system's, wherever the operator keeps keys and bundles. Their
    /// `oediag.toml` has a floor, their `redact.d` has rules.
    pub fn policy(&self) -> Vec<PathBuf> {
        let (own, system) = (self.config.clone(), failpoint::system());
        let same = own == system || fs::canonicalize(&own).is_ok_and(|own| fs::canonicalize(&system).is_ok_and(|it| it == own));
        if same { vec![own] } else { vec![own, system] }
    }

    /// Where maps from stand-ins back to identities lie.
    pub fn maps(&self) -> PathBuf {
        self.data.join("maps")
    }

    /// The center this host is enrolled with: a file that is there once it is.
    pub fn center(&self) -> PathBuf {
        self.config.join("center.json")
    }

    /// Where receipts lie, each in a folder of its own.
    pub fn consents(&self) -> PathBuf {
        self.data.join("consents")
    }

    /// Where sealed bundles wait until the center has them.
    pub fn outbox(&self) -> PathBuf {
        self.data.join("outbox")
    }

    /// The folder that keeps everything but keys and configuration.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What the sources took in earlier runs; as if there had been none when that cannot be read.
    pub fn costs(&self) -> Costs {
        saved(&self.costs_file(), COSTS_BYTES).ok().flatten().map(|bytes| Costs::parse(&bytes)).unwrap_or_default()
    }

    /// Keeps what the sources took, for the plans to come.
    pub fn keep_costs(&self, costs: &Costs) -> Result<(), StateError> {
        save(&self.costs_file(), &costs.text())
    }

    fn costs_file(&self) -> PathBuf {
        self.data.join("costs.json")
    }

    /// The folder of the process that speaks with the center: whoever owns it is that process's user.
    pub fn agent(&self) -> PathBuf {
        self.data.join("agent")
    }

    /// Takes the lock that lets one upload at a time work; collecting goes on beside it.
    pub fn lock_outbox(&self) -> Result<Lock, StateError> {
        private_folder(&self.outbox())?;
        lock(self.outbox().join("lock"))
    }

    fn keys(&self) -> PathBuf {
        self.config.join("keys")
    }
}

/// Whose state it is, when the operator does not say.
#[derive(Debug)]
pub enum Home {
    /// The system's.
    Root,
    /// A user's own folder for state, where one is known.
    User(Option<PathBuf>),
}

fn lock(path: PathBuf) -> Result<Lock, StateError> {
    let io = |source| StateError::Io { path: path.clone(), doing: "taking the lock", source };
    let mut options = File::options();
    options.create(true).truncate(false).write(true).mode(0o600).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    // A FIFO in its place does not hold us up.
    let file = options.open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => failpoint::at("state.locked").map_err(io).map(|()| Lock(file)),
        Err(fs::TryLockError::WouldBlock) => Err(StateError::Busy { path }),
        Err(fs::TryLockError::Error(source)) => Err(io(source)),
    }
}

/// Makes a folder of the state that nobody else may enter; refused when others can.
pub fn private_folder(folder: &Path) -> Result<(), StateError> {
    make_folder(folder)?;
    private(folder)
}

/// Puts a private file in place whole or not at all, over an older one; it outlives a power cut.
pub fn save(path: &Path, content: &[u8]) -> Result<(), StateError> {
    replace(path, content)
}

/// Reads a private file of at most `max` bytes; none when it is not there, refused when others could have written it.
pub fn saved(path: &Path, max: u64) -> Result<Option<Vec<u8>>, StateError> {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let mut content = Vec::new();
    let read = open_private(path)?.take(max + 1).read_to_end(&mut content);
    read.map_err(|source| StateError::Io { path: path.to_owned(), doing: "reading it", source })?;
    if content.len() as u64 > max {
        return Err(StateError::Damaged { path: path.to_owned(), why: format!("has more than {max} bytes") });
    }
    Ok(Some(content))
}

/// Reads a small private text file; none when it is not there.
fn secret(path: &Path) -> Result<Option<Zeroizing<String>>, StateError> {
    secret_of(path, geteuid().as_raw())
}

/// The same of a file that belongs to a certain user.
fn secret_of(path: &Path, owner: u32) -> Result<Option<Zeroizing<String>>, StateError> {
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let mut text = Zeroizing::new(String::new());
    let read = open_private_of(path, owner)?.take(64 << 10).read_to_string(&mut text);
    read.map_err(|source| StateError::Io { path: path.to_owned(), doing: "reading it", source })?;
    Ok(Some(text))
}

/// Opens a private file. What else stands at its place is refused, and a FIFO is not waited for.
fn open_private(path: &Path) -> Result<File, StateError> {
    open_private_of(path, geteuid().as_raw())
}

/// The same of a file that belongs to a certain user.
fn open_private_of(path: &Path, owner: u32) -> Result<File, StateError> {
    private_of(path, owner)?;
    let io = |source| StateError::Io { path: path.to_owned(), doing: "opening it", source };
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(io)?;
    if file.metadata().map_err(io)?.is_file() {
        return Ok(file);
    }
    Err(StateError::Exposed { path: path.to_owned(), why: "is not a regular file".into() })
}

fn make_folder(folder: &Path) -> Result<(), StateError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.and_then(|()| failpoint::at("state.folder")).map_err(|source| StateError::Io {
        path: folder.to_owned(),
        doing: "making the folder",
        source,
    })
}

/// Refuses a folder that belongs to another user or that others may write; they may look into it.
fn ours(folder: &Path) -> Result<(), StateError> {
    let meta =
        fs::metadata(folder).map_err(|source| StateError::Io { path: folder.to_owned(), doing: "looking at it", source })?;
    let me = geteuid().as_raw();
    let why = if meta.uid() != me {
        format!("belongs to uid {} and not to uid {me}", meta.uid())
    } else if meta.mode() & 0o022 != 0 {
        format!("has mode {:04o}, which lets others write", meta.mode() & 0o7777)
    } else {
        return Ok(());
    };
    Err(StateError::Exposed { path: folder.to_owned(), why })
}

/// Refuses what belongs to another user, is a link, or lets others in.
fn private(path: &Path) -> Result<(), StateError> {
    private_of(path, geteuid().as_raw())
}

fn private_of(path: &Path, owner: u32) -> Result<(), StateError> {
    let meta = looked_at(path)?;
    open_to_others_than(owner, &meta).map_or(Ok(()), |why| Err(StateError::Exposed { path: path.to_owned(), why }))
}

fn looked_at(path: &Path) -> Result<fs::Metadata, StateError> {
    fs::symlink_metadata(path).map_err(|source| StateError::Io { path: path.to_owned(), doing: "looking at it", source })
}

/// Why others than this user could know or replace what this describes.
pub(crate) fn open_to_others(meta: &fs::Metadata) -> Option<String> {
    open_to_others_than(geteuid().as_raw(), meta)
}

fn open_to_others_than(owner: u32, meta: &fs::Metadata) -> Option<String> {
    if meta.file_type().is_symlink() {
        Some("is a link".to_owned())
    } else if meta.uid() != owner {
        Some(format!("belongs to uid {} and not to uid {owner}", meta.uid()))
    } else if meta.mode() & 0o077 != 0 {
        Some(format!("has mode {:04o}, which lets others in", meta.mode() & 0o7777))
    } else {
        None
    }
}

/// Puts a new file in place whole or not at all; never over one that is there.
fn place(path: &Path, content: &[u8]) -> Result<(), StateError> {
    put(path, content, |from, to| {
        fs::hard_link(from, to)?;
        failpoint::at("state.linked")?;
        fs::remove_file(from)
    })
}

/// Puts a file in place whole or not at all, over an older one.
fn replace(path: &Path, content: &[u8]) -> Result<(), StateError> {
    put(path, content, |from, to| fs::rename(from, to))
}

fn put(path: &Path, content: &[u8], publish: impl Fn(&Path, &Path) -> io::Result<()>) -> Result<(), StateError> {
    // A name of this process alone: two runs may make the same file at once.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!("{DRAFT}.{name}.{}", std::process::id()));
    let write = || {
        if draft.symlink_metadata().is_ok() {
            fs::remove_file(&draft)?;
        }
        let mut file = disk::create(&draft)?;
        failpoint::at("state.draft")?;
        failpoint::writing("state.write", content, |half| (&file).write_all(half))?;
        file.write_all(content)?;
        failpoint::at("state.written")?;
        file.sync_all()?;
        failpoint::at("state.synced")?;
        publish(&draft, path)?;
        failpoint::at("state.published")?;
        path.parent().map_or(Ok(()), disk::sync_folder)
    };
    write().map_err(|source| {
        // Gone already when it was published; a draft that cannot be removed is replaced by a later one.
        fs::remove_file(&draft).unwrap_or_default();
        StateError::Io { path: path.to_owned(), doing: "making it", source }
    })
}

/// Removes drafts of processes that are no more: one may hold half a key. One whose pid is in use again stays until later.
/// The folders are the customer's too: only what [`put`] can have made is removed.
fn remove_drafts(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(pid) = drafted_by(&name) else { continue };
        let made_by_us =
            fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.uid() == nix::unistd::geteuid().as_raw());
        if made_by_us && !Path::new("/proc").join(pid.to_string()).exists() {
            fs::remove_file(&path).unwrap_or_default();
        }
    }
}

/// The pid in the name of a draft.
fn drafted_by(name: &str) -> Option<u32> {
    let (of, pid) = name.strip_prefix(DRAFT)?.strip_prefix('.')?.rsplit_once('.')?;
    let digits = !pid.starts_with('0') && pid.bytes().all(|byte| byte.is_ascii_digit());
    pid.parse().ok().filter(|pid| digits && !of.is_empty() && *pid <= MAX_PID)
}

fn random<const N: usize>(path: &Path) -> Result<[u8; N], StateError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StateError::Io {
        path: path.to_owned(),
        doing: "asking the kernel for random bytes",
        source: error.into(),
    })?;
    Ok(bytes)
}
