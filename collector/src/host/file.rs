//! Open files of the host.
//!
//! In: a path, or an open folder and a name. Out: a regular file open for reading, with the facts about it.
//! Opening never blocks and never opens a FIFO, socket or device. Reading a regular file on the file systems we
//! allow does not block either; a file of /proc or /sys may take its time in the kernel, so callers look at their
//! clock between reads.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::{
        fd::{AsRawFd, BorrowedFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use nix::{
    dir::{Dir, Type},
    fcntl::{AT_FDCWD, OFlag, openat},
    sys::{
        stat::{FileStat, Mode, SFlag},
        statfs::{
            CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, PROC_SUPER_MAGIC, SECURITYFS_MAGIC, SYSFS_MAGIC,
            TRACEFS_MAGIC, fstatfs,
        },
    },
};
use oediag_protocol::bundle::manifest::Reason;

use super::{
    Refusal,
    owner::as_owner,
    walk::{Found, Last, Root, kind, look},
};

/// A file that grows while it is read is read this much past the size it had when it was opened.
const GROWTH: u64 = 64 * 1024;

/// Handle flags for reading: a FIFO put there in between still cannot block, a terminal cannot become ours.
const READ: OFlag = OFlag::O_RDONLY.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// A regular file of the host, open for reading.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    left: u64,
    /// Bytes that must still come if nobody changes the file; 0 when its size is not known.
    due: u64,
    shrank: Arc<AtomicBool>,
    /// Size in bytes when it was opened; 0 for files the kernel makes up as they are read (/proc, /sys), whose size nobody knows.
    pub size: u64,
    /// Last change of the content.
    pub mtime: Timestamp,
    /// Type and permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Device it lies on.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Links passed on the way, in the host's own paths, outermost first.
    pub links: Vec<PathBuf>,
}

impl OpenFile {
    /// Opens what a walk found; `path` is the path asked for, named in refusals.
    pub(super) fn new(root: &Root, path: &Path, found: Found) -> Result<Self, Refusal> {
        let Found { fd, stat, trusted, links, .. } = found;
        if kind(&stat) != SFlag::S_IFREG {
            return Err(Refusal::new(Reason::NotRegular, path, kind_name(&stat)));
        }
        let size = if made_up(&fd) { None } else { Some(stat.st_size as u64) };
        if size.is_none() && stat.st_mode & 0o444 == 0 {
            // Root could open it for reading all the same; what that does is up to the driver.
            return Err(Refusal::new(Reason::NeverCollected, path, "a file of the kernel to be written only"));
        }
        let handle = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let open = || openat(AT_FDCWD, handle.as_str(), READ, Mode::empty());
        let opened = if trusted && stat.st_uid == root.uid() {
            open()
        } else if stat.st_nlink != 1 {
            // Another name of it may be one its owner could not have read.
            return Err(Refusal::new(Reason::UntrustedPath, path, "a hard link that others could have made"));
        } else {
            as_owner(stat.st_uid, stat.st_gid, open)
                .ok_or_else(|| Refusal::new(Reason::NoPermission, path, "cannot read it with its owner's rights"))?
        };
        let fd = opened.map_err(|errno| Refusal::errno(path, "open", errno))?;
        Ok(Self {
            file: File::from(fd),
            due: size.unwrap_or(0),
            shrank: Arc::default(),
            left: size.map_or(u64::MAX, |size| size.saturating_add(GROWTH)),
            size: size.unwrap_or(0),
            mtime: Timestamp::new(stat.st_mtime, stat.st_mtime_nsec as i32).unwrap_or(Timestamp::UNIX_EPOCH),
            mode: stat.st_mode,
            uid: stat.st_uid,
            dev: stat.st_dev,
            ino: stat.st_ino,
            links,
        })
    }

    /// Moves to `bytes` before the end, so that only the tail is read; returns how many bytes were skipped.
    /// Does nothing to a file whose size is not known.
    pub fn tail(&mut self, bytes: u64) -> io::Result<u64> {
        let skipped = self.size.saturating_sub(bytes);
        if skipped > 0 {
            self.file.seek(SeekFrom::Start(skipped))?;
            self.due = self.size - skipped;
            self.left = self.due.saturating_add(GROWTH);
        }
        Ok(skipped)
    }

    /// What says, once the file was read, whether it ended before the size it had when it was opened: it was cut or written
    /// anew meanwhile.
    pub fn shrank(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shrank)
    }

    /// Reads at most `cap` bytes; none on an error.
    pub(super) fn head(self, cap: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.take(cap as u64).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

impl Read for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let got = self.file.read(&mut buffer[..most])?;
        self.left -= got as u64;
        if got == 0 && most > 0 && self.due > 0 {
            self.shrank.store(true, Ordering::Relaxed);
        }
        self.due = self.due.saturating_sub(got as u64);
        Ok(got)
    }
}

impl Seek for OpenFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.file.seek(to)?;
        if self.size > 0 {
            self.due = self.size.saturating_sub(at);
            self.left = self.due.saturating_add(GROWTH);
        }
        Ok(at)
    }
}

/// An open folder of the host. Files read through it are of that folder, even if its name is given to another
/// meanwhile: a process that ends and whose pid is used again does not lend its facts to the newcomer.
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    root: &'a Root,
    fd: OwnedFd,
    path: PathBuf,
    trusted: bool,
}

/// One name in a folder.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: OsString,
    /// As the folder says it; none where the file system does not.
    pub(super) kind: Option<Type>,
}

impl<'a> Folder<'a> {
    pub(super) fn open(root: &'a Root, path: &Path) -> Result<Self, Refusal> {
        let found = root.walk(path, Last::Follow)?;
        if kind(&found.stat) != SFlag::S_IFDIR {
            return Err(Refusal::new(Reason::NotPresent, path, "not a folder"));
        }
        let trusted = found.trusted && root.trusts(&found.stat);
        Ok(Self { root, fd: found.fd, path: found.path, trusted })
    }

    /// A folder in this one; links are not followed.
    pub(crate) fn folder(&self, name: &str) -> Option<Self> {
        let (fd, stat) = look(self.handle(), OsStr::new(name)).ok()?;
        let trusted = self.trusted && self.root.trusts(&stat);
        (kind(&stat) == SFlag::S_IFDIR).then(|| Self { root: self.root, fd, path: self.path.join(name), trusted })
    }

    /// Reads at most `cap` bytes of a regular file in this folder; links are not followed.
    pub(crate) fn read(&self, name: &str, cap: usize) -> Option<Vec<u8>> {
        let path = self.path.join(name);
        if super::never::never(super::mounts::bytes(&path)).is_some() {
            return None;
        }
        let (fd, stat) = look(self.handle(), OsStr::new(name)).ok()?;
        let found = Found { fd, stat, trusted: self.trusted, path: PathBuf::new(), links: Vec::new() };
        OpenFile::new(self.root, &path, found).ok()?.head(cap)
    }

    /// At most `most` names in the folder, in no order, but `.` and `..`; and whether there are more.
    pub(super) fn entries(&self, most: usize) -> nix::Result<(Vec<Entry>, bool)> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let mut folder = Dir::openat(self.handle(), ".", flags, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in folder.iter() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if entries.len() == most {
                return Ok((entries, true));
            }
            entries.push(Entry { name: OsString::from_vec(name.to_vec()), kind: entry.file_type() });
        }
        Ok((entries, false))
    }

    /// Names in the folder that are UTF-8, sorted bytewise.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = self.entries(super::expand::ENTRIES).map_or_else(|_| Vec::new(), |(entries, _)| entries);
        let mut names: Vec<String> = entries.into_iter().filter_map(|entry| entry.name.into_string().ok()).collect();
        names.sort_unstable_by(|a, b| OsStr::new(a).as_bytes().cmp(OsStr::new(b).as_bytes()));
        names
    }

    pub(super) fn stat(&self) -> nix::Result<FileStat> {
        nix::sys::stat::fstat(&self.fd)
    }

    pub(super) fn handle(&self) -> BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.fd)
    }
}

/// What kind of thing that is not a regular file this is.
pub(super) fn kind_name(stat: &FileStat) -> &'static str {
    match kind(stat) {
        SFlag::S_IFIFO => "a FIFO",
        SFlag::S_IFSOCK => "a socket",
        SFlag::S_IFCHR | SFlag::S_IFBLK => "a device",
        SFlag::S_IFDIR => "a folder",
        SFlag::S_IFLNK => "a link",
        _ => "not a regular file",
    }
}

/// Whether the kernel makes the content up as it is read, so that the size it tells (0 or 4096) means nothing.
fn made_up(fd: &OwnedFd) -> bool {
    const KERNEL: [nix::sys::statfs::FsType; 7] =
        [PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC];
    fstatfs(fd).is_ok_and(|fs| KERNEL.contains(&fs.filesystem_type()))
}
