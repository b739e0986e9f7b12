//! One small secret file: made once and whole, read only when it is for us alone.
//!
//! In: a path and a text. Out: the text. Never: follows a link, replaces a file, leaves half of one under its name.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::{fcntl::OFlag, unistd::geteuid};
use zeroize::Zeroizing;

use crate::secret::{self, NoRandom};

/// Most bytes of a key file.
const MAX: u64 = 16 << 10;

/// Why a key file was not made or not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// What the system said.
    #[error("the key file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a plain file of this user that nobody else may read.
    #[error("{path} is not a plain file of this user with mode 0600: nobody else may read or change a key")]
    Unsafe {
        /// The file.
        path: PathBuf,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

/// Whether only this user may do anything with it.
fn alone(about: &fs::Metadata) -> bool {
    let of_others = about.mode() & 0o077;
    about.uid() == geteuid().as_raw() && of_others == 0
}

/// Makes a folder for this user only, unless it is there.
pub(super) fn folder(path: &Path) -> Result<(), FileError> {
    let io = |source| FileError::Io { path: path.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
    let about = fs::symlink_metadata(path).map_err(io)?;
    if about.is_dir() && alone(&about) { Ok(()) } else { Err(FileError::Unsafe { path: path.to_owned() }) }
}

/// Makes a file of mode 0600, durable and whole, unless there is one of this name.
pub(super) fn make(path: &Path, text: &str) -> Result<(), FileError> {
    let io = |source| FileError::Io { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let begun = folder.join(format!("new-{}", secret::random_hex::<8>()?));
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&begun).map_err(io)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A link never replaces what is there.
    let named = written.and_then(|()| match fs::hard_link(&begun, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&begun).map_err(io)?;
    named.and_then(|()| fs::File::open(folder)?.sync_all()).map_err(io)
}

/// Reads a file; none when it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, FileError> {
    let io = |source| FileError::Io { path: path.to_owned(), source };
    let opened = fs::File::options().read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let about = file.metadata().map_err(io)?;
    if !about.is_file() || !alone(&about) {
        return Err(FileError::Unsafe { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX).read_to_string(&mut text).map_err(io)?;
    Ok(Some(text))
}
