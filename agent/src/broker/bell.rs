//! The bell: a file beside the socket whose time tells the agent that there is something for it, so that it need not ask often.
//!
//! In: the socket's path; that something is to be sent, or that somebody waits. Out: a newer time of an empty file that everybody may look
//! at. Never: says what there is; fails: an agent that does not see it asks a little later.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use nix::fcntl::OFlag;

/// What stands at the end of its name.
const EXTENSION: &str = "wake";

/// The bell of a broker.
#[derive(Clone, Debug)]
pub struct Bell(PathBuf);

impl Bell {
    /// The one beside a socket.
    pub fn beside(socket: &Path) -> Self {
        Self(socket.with_extension(EXTENSION))
    }

    /// Broker: there is something.
    pub(super) fn ring(&self) {
        // Without it the agent comes when it comes.
        self.touch().unwrap_or_default();
    }

    fn touch(&self) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
        let file = options.open(&self.0)?;
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.set_modified(SystemTime::now())
    }

    /// Agent: when it rang last; none if it never did, or cannot be looked at.
    pub(crate) fn rang(&self) -> Option<SystemTime> {
        fs::symlink_metadata(&self.0).and_then(|meta| meta.modified()).ok()
    }

    /// Broker: nobody rings any more.
    pub(super) fn remove(&self) {
        // Gone already is as good.
        fs::remove_file(&self.0).unwrap_or_default();
    }
}

/// Whether it rang between two looks. A clock that was set back is a ring, too.
pub(crate) fn is_new(before: Option<SystemTime>, now: Option<SystemTime>) -> bool {
    now.is_some() && now != before
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn another_time_is_a_ring_and_the_same_is_none() {
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        for (before, now, expected) in [
            (None, None, false),
            (None, at(5), true),
            (at(5), at(5), false),
            (at(5), at(6), true),
            (at(6), at(5), true),
            (at(5), None, false),
        ] {
            assert_eq!(is_new(before, now), expected, "{before:?} {now:?}");
        }
    }

    #[test]
    fn it_is_seen_by_who_looks() {
        let bell = Bell::beside(&std::env::temp_dir().join(format!("oediag-bell-{}.sock", std::process::id())));
        assert_eq!(bell.rang(), None);
        bell.ring();
        let first = bell.rang();
        assert!(is_new(None, first));
        bell.0.metadata().map(|meta| assert_eq!(meta.permissions().mode() & 0o777, 0o644)).expect("it is there");
        File::options().write(true).open(&bell.0).and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH)).expect("it is set");
        bell.ring();
        assert!(is_new(Some(SystemTime::UNIX_EPOCH), bell.rang()));
        bell.remove();
        assert_eq!(bell.rang(), None);
    }
}
