//! Files of the customer's own: TOML in a folder of the configuration.
//!
//! In: the folder. Out: the text of each file whose name ends in `.toml`, in the order of their names; no folder is no file.
//! Only files that root (or the user who runs oediag) alone can write, in folders of the same kind up to `/`: they say what
//! is read, run and hidden. Bounded in number and size. Never here: what the texts mean.

#![expect(clippy::disallowed_methods, reason = "the customer's files lie in our own configuration")]

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::{errno::Errno, fcntl::OFlag, unistd::geteuid};

/// Most bytes of one file, and most files.
const MAX_BYTES: u64 = 256 << 10;
const MAX_FILES: usize = 64;

/// Why the customer's files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The folder or a file could not be read.
    #[error("{path}: cannot be read")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than root and the user could change it, or what stands at its place.
    #[error("{path}: {why}; nobody but root and the user who runs oediag may be able to change what it takes and hides")]
    Exposed {
        /// The path: of a file, or of a folder on the way to it.
        path: PathBuf,
        /// What is wrong.
        why: Flaw,
    },
    /// Too many files, or one that is too long.
    #[error("{path}: {why}")]
    Size {
        /// The path.
        path: PathBuf,
        /// What is too much.
        why: Flaw,
    },
}

/// What may be wrong with a file or folder of the customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Whoever may change where it leads changes the file.
    #[error("is a link")]
    Link,
    /// A folder, a FIFO, a device.
    #[error("is not a regular file")]
    NotRegular,
    /// Another user's.
    #[error("belongs to uid {0}")]
    Owner(u32),
    /// Its mode.
    #[error("has mode {0:04o}, which lets others write")]
    Mode(u32),
    /// The most files.
    #[error("more than {0} files")]
    Files(usize),
    /// The most bytes.
    #[error("is longer than {0} bytes")]
    Bytes(u64),
}

impl OwnError {
    /// Whether the file is there for other users only: an ordinary user cannot know what it says.
    pub fn is_closed(&self) -> bool {
        !geteuid().is_root() && matches!(self, OwnError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// What lies in a folder of the customer's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The files that are read, in the order of their names.
    pub files: Vec<PathBuf>,
    /// What is not read, since its name does not end in `.toml`.
    pub others: Vec<PathBuf>,
    /// Folders that only root may read.
    pub closed: Vec<PathBuf>,
}

/// The files of a folder that is trusted, in the order of their names; no folder is no file.
///
/// # Errors
/// One file that cannot be used spoils all.
pub fn texts(folder: &Path) -> Result<Vec<(PathBuf, String)>, OwnError> {
    list(folder)?.files.into_iter().map(|path| read(&path).map(|text| (path, text))).collect()
}

/// What lies there: for who wants to say of each file whether it can be used. Nothing at the folder's place is no file.
///
/// # Errors
/// The folder cannot be read, leads nowhere, or others could change it.
pub fn list(folder: &Path) -> Result<Listed, OwnError> {
    if is_absent(folder) {
        return Ok(Listed::default());
    }
    let io = |source| OwnError::Io { path: folder.to_owned(), source };
    trusted_way(folder)?;
    let mut listed = Listed::default();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if is_read(&path) { &mut listed.files } else { &mut listed.others }.push(path);
        if listed.files.len() > MAX_FILES || listed.others.len() > MAX_FILES {
            return Err(OwnError::Size { path: folder.to_owned(), why: Flaw::Files(MAX_FILES) });
        }
    }
    listed.files.sort();
    listed.others.sort();
    Ok(listed)
}

/// Whether a file of this name is read.
pub fn is_read(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

/// Whether nothing is there, not even a link that leads nowhere.
fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The text of one file in a folder that is trusted; none if it is not there.
///
/// # Errors
/// It cannot be read, others could change it, or it is too long.
pub fn text(path: &Path) -> Result<Option<String>, OwnError> {
    if is_absent(path) {
        return Ok(None);
    }
    trusted_way(path.parent().unwrap_or(Path::new("/")))?;
    read(path).map(Some)
}

/// Reads one file through one handle, so that what was looked at is what is read.
///
/// # Errors
/// It cannot be read, others could change it, or it is too long.
pub fn read(path: &Path) -> Result<String, OwnError> {
    let io = |source| OwnError::Io { path: path.to_owned(), source };
    let exposed = |why| OwnError::Exposed { path: path.to_owned(), why };
    // A link ends the opening, a FIFO does not hold it up.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file =
        File::options().read(true).custom_flags(flags).open(path).map_err(|source| {
            if source.raw_os_error() == Some(Errno::ELOOP as i32) { exposed(Flaw::Link) } else { io(source) }
        })?;
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(exposed(Flaw::NotRegular));
    }
    if let Some(why) = open_to_others(&meta) {
        return Err(exposed(why));
    }
    // One byte more than allowed is enough to know of a file that grows meanwhile.
    let mut text = String::new();
    let read =
        if meta.len() > MAX_BYTES { meta.len() } else { file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(io)? as u64 };
    if read > MAX_BYTES {
        return Err(OwnError::Size { path: path.to_owned(), why: Flaw::Bytes(MAX_BYTES) });
    }
    Ok(text)
}

/// Refuses a folder that is a link, or a way to it that others could turn elsewhere: every folder up to `/`, as named and
/// as links lead.
fn trusted_way(folder: &Path) -> Result<(), OwnError> {
    let io = |source| OwnError::Io { path: folder.to_owned(), source };
    if fs::symlink_metadata(folder).map_err(io)?.is_symlink() {
        return Err(OwnError::Exposed { path: folder.to_owned(), why: Flaw::Link });
    }
    trusted_steps(&std::path::absolute(folder).map_err(io)?)?;
    trusted_steps(&fs::canonicalize(folder).map_err(io)?)
}

/// Looks at `path` and all folders above it, from below. A sticky folder that all may write, such as `/tmp`, keeps others
/// from moving what is not theirs; it is accepted above a private folder of the user's own, and nowhere else.
fn trusted_steps(path: &Path) -> Result<(), OwnError> {
    let me = geteuid().as_raw();
    let mut in_private = false;
    for step in path.ancestors() {
        let meta = fs::symlink_metadata(step).map_err(|source| OwnError::Io { path: step.to_owned(), source })?;
        let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0 && [0, me].contains(&meta.uid());
        match open_to_others(&meta) {
            Some(_) if sticky && in_private => {}
            Some(why) => return Err(OwnError::Exposed { path: step.to_owned(), why }),
            None => {}
        }
        in_private |= meta.is_dir() && meta.uid() == me && meta.mode() & 0o777 == 0o700;
    }
    Ok(())
}

/// Why others than root and the user could change what this describes. The mode of a link says nothing; its owner does.
fn open_to_others(meta: &Metadata) -> Option<Flaw> {
    if meta.uid() != 0 && meta.uid() != geteuid().as_raw() {
        return Some(Flaw::Owner(meta.uid()));
    }
    (!meta.is_symlink() && meta.mode() & 0o022 != 0).then(|| Flaw::Mode(meta.mode() & 0o7777))
}
