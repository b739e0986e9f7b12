//! From a path of the host to an open handle, one component at a time, without leaving the root.
//!
//! In: an absolute path. Out: an `O_PATH` handle and what was met on the way. Such a handle cannot be read from:
//! a FIFO or a device is looked at without being opened. The kernel's own link following is never used (there is no
//! `openat2` on 4.19): links are read and resolved by hand, against this root.

use std::{
    ffi::{OsStr, OsString},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Component, Path, PathBuf},
};

use nix::{
    fcntl::{AT_FDCWD, OFlag, openat, readlinkat},
    sys::stat::{FileStat, Mode, SFlag, fstat},
};
use oediag_protocol::bundle::manifest::Reason;

use super::{Refusal, mounts::Mounts, mounts::bytes, never::never};

/// Links followed on one path at most.
const HOPS: usize = 8;
/// Components of one path at most, links included: far more than any real path has.
const COMPONENTS: usize = 256;

/// How every component is opened: a handle to look at, never the content.
const LOOK: OFlag = OFlag::O_PATH.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// The root of the examined host and whom to trust below it.
#[derive(Debug)]
pub(super) struct Root {
    fd: OwnedFd,
    /// Owner of trusted folders and links: root on a live host, DIR's owner with `--root DIR`.
    uid: u32,
    /// Whether the root folder itself is trusted.
    trusted: bool,
    /// A group that may write to trusted folders: the one that may write to DIR itself, since it may replace all of it.
    gid: Option<u32>,
    /// Where the mount table says what may hang; a live host only.
    mounts: Option<Mounts>,
}

/// What a path leads to.
#[derive(Debug)]
pub(super) struct Found {
    /// An `O_PATH` handle.
    pub(super) fd: OwnedFd,
    pub(super) stat: FileStat,
    /// Whether nobody but the trusted owner could have changed a folder on the way.
    pub(super) trusted: bool,
    /// Where it lies after all links, in the host's own paths.
    pub(super) path: PathBuf,
    /// Links passed, outermost first.
    pub(super) links: Vec<PathBuf>,
}

/// What to do with a link in the last place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Follow,
    Keep,
}

/// A folder on the way down; `..` in a link goes back to the one before.
struct Step {
    fd: OwnedFd,
    trusted: bool,
}

impl Root {
    pub(super) fn open(path: &Path, live: bool) -> std::io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = openat(AT_FDCWD, path, flags, Mode::empty())?;
        let stat = fstat(&fd)?;
        let gid = (!live && stat.st_mode & 0o020 != 0).then_some(stat.st_gid);
        let mounts = if live { Some(Mounts::open()?) } else { None };
        let mut root = Self { fd, uid: if live { 0 } else { stat.st_uid }, trusted: false, gid, mounts };
        root.trusted = root.trusts(&stat);
        Ok(root)
    }

    /// The uid whose files and links are trusted.
    pub(super) fn uid(&self) -> u32 {
        self.uid
    }

    /// Mount points of a live host that may hang, with the type.
    pub(super) fn may_hang(&self) -> Vec<(PathBuf, String)> {
        self.mounts.as_ref().map(Mounts::points).unwrap_or_default()
    }

    /// Whether nobody but the trusted owner may change what this describes.
    pub(super) fn trusts(&self, stat: &FileStat) -> bool {
        let group_writes = stat.st_mode & 0o020 != 0 && Some(stat.st_gid) != self.gid;
        stat.st_uid == self.uid && !group_writes && stat.st_mode & 0o002 == 0
    }

    /// Walks to `path`, unless it, or where its links lead, is on the list of what is never read.
    pub(super) fn walk(&self, path: &Path, last: Last) -> Result<Found, Refusal> {
        let allowed = |place: &Path| match never(bytes(place)) {
            Some(why) => Err(Refusal::new(Reason::NeverCollected, path, why)),
            None => Ok(()),
        };
        allowed(path)?;
        let found = self.reach(path, last)?;
        allowed(&found.path)?;
        Ok(found)
    }

    /// Walks to `path`, to look at it only.
    pub(super) fn reach(&self, path: &Path, last: Last) -> Result<Found, Refusal> {
        let no = |reason, why: &str| Refusal::new(reason, path, why);
        let failed = |doing, errno| Refusal::errno(path, doing, errno);
        if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
            return Err(no(Reason::UntrustedPath, "not an absolute path without `..`"));
        }

        let mut pending: Vec<OsString> = parts(path);
        let mut steps: Vec<Step> = Vec::new();
        let mut place = PathBuf::from("/");
        let mut links = Vec::new();
        let mut taken = 0;
        while let Some(part) = pending.pop() {
            if part == ".." {
                // The root's own parent is the root.
                steps.pop();
                place.pop();
                continue;
            }
            taken += 1;
            if taken > COMPONENTS {
                return Err(no(Reason::UntrustedPath, "too many folders and links on the way"));
            }
            place.push(&part);
            if let Some(kind) = self.mounts.as_ref().and_then(|mounts| mounts.may_hang(&place)) {
                return Err(no(Reason::UnsafeFilesystem, &format!("on a file system {kind}, which may hang")));
            }
            let (parent, trusted) = match steps.last() {
                Some(step) => (step.fd.as_fd(), step.trusted),
                None => (self.fd.as_fd(), self.trusted),
            };
            let fd = openat(parent, part.as_os_str(), LOOK, Mode::empty()).map_err(|errno| failed("look at", errno))?;
            let stat = fstat(&fd).map_err(|errno| failed("look at", errno))?;
            match kind(&stat) {
                SFlag::S_IFLNK if !pending.is_empty() || last == Last::Follow => {
                    if !trusted || stat.st_uid != self.uid {
                        return Err(no(Reason::UntrustedPath, "a link that others than the owner of the root could have made"));
                    }
                    if magic(&place) {
                        return Err(no(Reason::UntrustedPath, "a link of a process, which may lead anywhere"));
                    }
                    links.push(place.clone());
                    if links.len() > HOPS {
                        return Err(no(Reason::UntrustedPath, "more than 8 links on the way, or links in a circle"));
                    }
                    let target = PathBuf::from(readlinkat(fd.as_fd(), "").map_err(|errno| failed("read the link", errno))?);
                    place.pop();
                    if target.is_absolute() {
                        steps.clear();
                        place = PathBuf::from("/");
                    }
                    pending.extend(parts(&target));
                }
                SFlag::S_IFDIR if !pending.is_empty() => {
                    let trusted = trusted && self.trusts(&stat);
                    steps.push(Step { fd, trusted });
                }
                _ if !pending.is_empty() => return Err(no(Reason::NotPresent, "a folder on the way is not a folder")),
                _ => return Ok(Found { fd, stat, trusted, path: place, links }),
            }
        }
        // The path was `/`, or a link led back to a folder already passed.
        let (fd, trusted) = match steps.pop() {
            Some(step) => (step.fd, step.trusted),
            None => (self.fd.try_clone().map_err(|error| io_refusal(path, &error))?, self.trusted),
        };
        let stat = fstat(&fd).map_err(|errno| failed("look at", errno))?;
        Ok(Found { fd, stat, trusted, path: place, links })
    }
}

/// The type bits.
pub(super) fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

/// A handle on an entry of an open folder, to look at.
pub(super) fn look(folder: BorrowedFd<'_>, name: &OsStr) -> nix::Result<(OwnedFd, FileStat)> {
    let fd = openat(folder, name, LOOK, Mode::empty())?;
    let stat = fstat(&fd)?;
    Ok((fd, stat))
}

/// Links in `/proc/PID/` are made by the kernel and lead to open files, other roots, deleted programs.
fn magic(place: &Path) -> bool {
    let mut parts = place.components().skip(1);
    parts.next().is_some_and(|part| part.as_os_str() == "proc") && parts.count() >= 2
}

/// Names in a path, last first, `..` kept.
fn parts(path: &Path) -> Vec<OsString> {
    let mut parts: Vec<OsString> = path
        .as_os_str()
        .as_bytes()
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .map(|part| OsStr::from_bytes(part).to_owned())
        .collect();
    parts.reverse();
    parts
}

fn io_refusal(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::errno(path, "look at", nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_below_a_mount_that_may_hang_is_touched() {
        let mut root = Root::open(Path::new("/"), true).expect("root");
        let table =
            b"36 22 0:40 / /proc/sys rw - nfs4 192.0.2.1:/x rw\n37 22 0:41 / /usr/no-such-folder rw - fuse.sshfs a:/ rw\n";
        root.mounts = Some(Mounts::of(table));
        let reason = |path: &str| root.walk(Path::new(path), Last::Follow).expect_err("refused").reason;
        assert_eq!(reason("/proc/sys/kernel/osrelease"), Reason::UnsafeFilesystem);
        assert_eq!(reason("/proc/sys"), Reason::UnsafeFilesystem);
        // Looking at it first would have said that it is not there.
        assert_eq!(reason("/usr/no-such-folder/file"), Reason::UnsafeFilesystem);
        assert!(root.walk(Path::new("/proc/version"), Last::Follow).is_ok());
    }

    /// A program that says it looks at everything is not run where some of that may hang.
    #[test]
    fn programs_that_walk_the_whole_tree_are_not_run_beside_a_mount_that_may_hang() {
        let mut host = super::super::Host::live().expect("live");
        let call = |host: &super::super::Host, words: &[&str]| host.call(words.iter().map(|word| (*word).to_owned()).collect());
        host.root.mounts = Some(Mounts::of(b"36 22 0:40 / /mnt/far rw - nfs4 192.0.2.1:/x rw\n"));
        assert_eq!(call(&host, &["/usr/bin/ls", "--root", "/"]).expect_err("refused").reason, Reason::UnsafeFilesystem);
        assert!(call(&host, &["/usr/bin/ls", "--root", "/usr"]).is_ok());
        host.root.mounts = Some(Mounts::of(b""));
        assert!(call(&host, &["/usr/bin/ls", "--root", "/"]).is_ok());
    }
}
