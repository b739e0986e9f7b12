//! Opening a file with no more right than its owner has.
//!
//! In: an owner and a closure. Out: what the closure gave while this thread's file checks were those of the owner.
//! Only files that someone but the trusted owner controls are opened so: whatever trick lies on the way, it yields
//! nothing its author could not read.
//!
//! The design asks for a child process that has switched to the owner. `setfsuid` and `setfsgid` are the simpler
//! equal: they act on the calling thread alone, the kernel checks opening against them, and it takes away the
//! capabilities that override file permissions (`CAP_DAC_READ_SEARCH` and its like) while the file system uid is not 0.
//! Supplementary groups stay those of this process; the file is already held by handle and has one name only, so they
//! can open nothing but that very file.

use nix::unistd::{Gid, Uid, geteuid, setfsgid, setfsuid};

/// Gives the thread its own identity back, also when the closure panics.
struct Back {
    uid: Uid,
    gid: Gid,
}

impl Drop for Back {
    fn drop(&mut self) {
        setfsuid(self.uid);
        setfsgid(self.gid);
    }
}

/// Runs `open` as `uid` and `gid`; as the caller itself when it is not root, who cannot switch and needs not.
/// None when the switch did not take, as in some containers.
pub(super) fn as_owner<T>(uid: u32, gid: u32, open: impl FnOnce() -> T) -> Option<T> {
    if !geteuid().is_root() {
        return Some(open());
    }
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    let _back = Back { gid: setfsgid(gid), uid: setfsuid(uid) };
    // Neither call reports failure; asking for the same again returns what is in force.
    (setfsuid(uid) == uid && setfsgid(gid) == gid).then(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_comes_back() {
        if !geteuid().is_root() {
            return; // An ordinary user has no identity to switch to.
        }
        let current = || (setfsuid(Uid::from_raw(u32::MAX)), setfsgid(Gid::from_raw(u32::MAX)));
        let before = current();
        let during = as_owner(65534, 65534, current);
        assert_eq!(during, Some((Uid::from_raw(65534), Gid::from_raw(65534))));
        assert_eq!(current(), before);
    }
}
