//! The key of the process that speaks with the center, which may run as another user than root.
//!
//! In: the agent's folder. Out: the key, made at first use, never overwritten, refused when others than the folder's owner could have read
//! it. Never: gives a name to a file that is not yet its owner's, or follows a link that the owner has put in the folder.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::Path,
};

use nix::{
    fcntl::{AT_FDCWD, AtFlags, OFlag},
    unistd::{geteuid, linkat},
};
use oediag_protocol::sshsig::Signer;

use super::{State, StateError, looked_at, make_folder, place, private_of, random, secret_of};

/// The key's name.
const TRANSPORT_KEY: &str = "transport_ed25519";

impl State {
    /// The key that signs HTTP requests and nothing else; made at first use, as carefully as the host's own. It belongs to the owner of
    /// [`State::agent`].
    pub fn transport_key(&self) -> Result<Signer, StateError> {
        let folder = self.agent();
        make_folder(&folder)?;
        if let Some(key) = self.known_transport_key()? {
            return Ok(key);
        }
        let path = folder.join(TRANSPORT_KEY);
        let damaged = |why: String| StateError::Damaged { path: path.clone(), why };
        let text = Signer::generate(random(&path)?).to_openssh().map_err(|error| damaged(error.to_string()))?;
        let owner = agents_owner(&folder)?;
        let made =
            if owner.uid == geteuid().as_raw() { place(&path, text.as_bytes()) } else { hand(&path, text.as_bytes(), owner) };
        match made {
            // Another first run was faster: the key is the one it made.
            Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        self.known_transport_key()?.ok_or_else(|| damaged("is gone again".to_owned()))
    }

    /// The same key where there is one: for those who only send.
    pub fn known_transport_key(&self) -> Result<Option<Signer>, StateError> {
        let folder = self.agent();
        let path = folder.join(TRANSPORT_KEY);
        if fs::symlink_metadata(&folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let text = secret_of(&path, agents_owner(&folder)?.uid)?;
        let key = text.map(|text| Signer::from_openssh(text.as_bytes())).transpose();
        key.map_err(|error| StateError::Damaged { path, why: error.to_string() })
    }
}

/// A user with its group.
#[derive(Debug, Clone, Copy)]
struct Owner {
    uid: u32,
    gid: u32,
}

/// Whose the agent's folder is: this user's, or for root anyone's.
fn agents_owner(folder: &Path) -> Result<Owner, StateError> {
    let meta = looked_at(folder)?;
    let owner = Owner { uid: meta.uid(), gid: meta.gid() };
    private_of(folder, if geteuid().is_root() { owner.uid } else { geteuid().as_raw() })?;
    Ok(owner)
}

/// Puts a new file of another user's in place whole or not at all, in a folder of that user's. It has no name before it is theirs: so
/// they cannot exchange what is given to them.
fn hand(path: &Path, content: &[u8], owner: Owner) -> Result<(), StateError> {
    let io = |source| StateError::Io { path: path.to_owned(), doing: "making it", source };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let flags = OFlag::O_TMPFILE.bits();
    let mut file = File::options().write(true).mode(0o600).custom_flags(flags).open(folder).map_err(io)?;
    std::os::unix::fs::fchown(&file, Some(owner.uid), Some(owner.gid)).map_err(io)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(io)?;
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(AT_FDCWD, unnamed.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW).map_err(|error| io(error.into()))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::state::Home;

    /// The agent's user here.
    const OTHER: u32 = 65534;

    fn state(test: &str) -> (State, PathBuf) {
        let folder = std::env::temp_dir().join(format!("oediag-transport-{test}-{}", std::process::id()));
        fs::remove_dir_all(&folder).unwrap_or_default();
        (State::open(Some(&folder), &Home::User(None)).expect("a state"), folder)
    }

    #[test]
    fn who_only_sends_makes_no_key() {
        let (state, folder) = state("none");
        assert!(state.known_transport_key().expect("nothing is wrong").is_none());
        assert!(!state.agent().exists());
        let made = state.transport_key().expect("a key").public();
        assert_eq!(state.known_transport_key().expect("nothing is wrong").map(|key| key.public()), Some(made));
        fs::remove_dir_all(folder).expect("ours");
    }

    /// Only root can give a file away.
    #[test]
    fn t26_the_key_is_the_agents_users_and_nobody_elses() {
        if !geteuid().is_root() {
            return;
        }
        let (state, folder) = state("other");
        let private = |path: &Path| std::os::unix::fs::chown(path, Some(OTHER), Some(OTHER)).expect("root may");
        fs::create_dir(state.agent()).expect("ours");
        fs::set_permissions(state.agent(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("ours");
        private(&state.agent());
        let made = state.transport_key().expect("a key").public();
        let path = state.agent().join(TRANSPORT_KEY);
        let meta = fs::metadata(&path).expect("a file");
        assert_eq!((meta.uid(), meta.gid(), meta.mode() & 0o7777, meta.nlink()), (OTHER, OTHER, 0o600, 1));
        assert_eq!(state.transport_key().expect("the same").public(), made);
        // A file of root's that the agent's user has linked there is not read for it.
        fs::remove_file(&path).expect("ours");
        fs::write(folder.join("secret"), "root's").expect("ours");
        fs::hard_link(folder.join("secret"), &path).expect("the same file system");
        assert!(matches!(state.transport_key(), Err(StateError::Exposed { .. })));
        fs::remove_file(&path).expect("ours");
        std::os::unix::fs::symlink(folder.join("secret"), &path).expect("ours");
        assert!(matches!(state.transport_key(), Err(StateError::Exposed { .. })));
        fs::remove_dir_all(folder).expect("ours");
    }
}
