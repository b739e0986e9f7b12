//! Which file system a path lies on, asked before the path is touched.
//!
//! In: mountinfo of this process. Out: whether reading there may hang. Looking at a dead NFS or FUSE mount,
//! even with `stat`, can block for ever, so nothing here calls the file system asked about.

#![expect(clippy::disallowed_methods, reason = "host is what reads the host")]

use std::{
    collections::HashMap,
    ffi::OsString,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::{
        fd::AsFd,
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::{Path, PathBuf},
    sync::Mutex,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Types of file systems that are local and answer: disks, memory, and the kernel's own.
/// debugfs and tracefs are here because a row may name a file there; patterns never wander into them (one device).
const SAFE: &[&str] = &[
    "ext2",
    "ext3",
    "ext4",
    "xfs",
    "btrfs",
    "erofs",
    "squashfs",
    "iso9660",
    "vfat",
    "overlay",
    "tmpfs",
    "ramfs",
    "rootfs",
    "devtmpfs",
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "pstore",
    "securityfs",
    "debugfs",
    "tracefs",
];

/// The mount table of this process, read again when the kernel says it has changed.
#[derive(Debug)]
pub(super) struct Mounts(Mutex<Table>);

#[derive(Debug)]
struct Table {
    file: File,
    unsafe_points: HashMap<PathBuf, String>,
}

impl Mounts {
    /// Opens `/proc/self/mountinfo`: the namespace this process reads files in.
    pub(super) fn open() -> io::Result<Self> {
        let mut table = Table { file: File::open("/proc/self/mountinfo")?, unsafe_points: HashMap::new() };
        table.read()?;
        Ok(Self(Mutex::new(table)))
    }

    /// The type of the file system mounted at exactly this path, when it may hang. The path is free of links.
    pub(super) fn may_hang(&self, path: &Path) -> Option<String> {
        let mut table = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if table.changed() && table.read().is_err() {
            return Some("of a mount table that cannot be read".to_owned());
        }
        table.unsafe_points.get(path).cloned()
    }
}

impl Mounts {
    /// Every mount point whose file system may hang, with the type.
    pub(super) fn points(&self) -> Vec<(PathBuf, String)> {
        let mut table = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if table.changed() && table.read().is_err() {
            return vec![(PathBuf::from("/"), "of a mount table that cannot be read".to_owned())];
        }
        table.unsafe_points.iter().map(|(point, kind)| (point.clone(), kind.clone())).collect()
    }
}

impl Table {
    /// The kernel raises `POLLPRI` on the file when a mount has come or gone since it was last asked.
    fn changed(&self) -> bool {
        let mut asked = [PollFd::new(self.file.as_fd(), PollFlags::POLLPRI)];
        !matches!(poll(&mut asked, PollTimeout::ZERO), Ok(0))
    }

    fn read(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut text = Vec::new();
        self.file.read_to_end(&mut text)?;
        self.unsafe_points = unsafe_points(&text);
        Ok(())
    }
}

/// Mount points whose topmost file system may hang, by the text of a mountinfo file (proc(5)).
fn unsafe_points(mountinfo: &[u8]) -> HashMap<PathBuf, String> {
    let mut points = HashMap::new();
    for line in mountinfo.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b' ');
        let Some(point) = fields.nth(4) else { continue };
        let Some(kind) = fields.skip_while(|field| *field != b"-").nth(1) else { continue };
        let point = PathBuf::from(OsString::from_vec(unescape(point)));
        let kind = String::from_utf8_lossy(kind).into_owned();
        // Of two at one point the later line covers the earlier.
        if SAFE.contains(&kind.as_str()) {
            points.remove(&point)
        } else {
            points.insert(point, kind)
        };
    }
    // The root itself is where this program runs from: it answers, whatever it is called (a container's may be odd).
    points.remove(Path::new("/"));
    points
}

/// Blank, tab, newline and backslash are written as a backslash and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) = (first, tail) {
            out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

/// Bytes of a path, for comparisons.
pub(super) fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}

#[cfg(test)]
impl Mounts {
    /// The table of another host, which never changes.
    pub(super) fn of(mountinfo: &[u8]) -> Self {
        let file = File::open("/proc/self/mountinfo").expect("every Linux has it");
        Self(Mutex::new(Table { file, unsafe_points: unsafe_points(mountinfo) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_file_systems_are_safe() {
        let table = b"22 1 253:0 / / rw,relatime shared:1 - fuse.odd /dev/root rw\n\
            23 22 0:21 / /proc rw shared:14 - proc proc rw\n\
            36 22 0:40 / /mnt/nfs\\040share rw,relatime shared:20 - nfs4 192.0.2.1:/x rw,vers=4.2\n\
            37 22 0:41 / /home rw - autofs systemd-1 rw,fd=5\n\
            38 37 253:2 / /home rw - xfs /dev/mapper/home rw\n\
            39 22 0:42 / /srv rw shared:3 master:1 - fuse.sshfs a:/ rw\n\
            broken\n";
        let points = unsafe_points(table);
        let kind = |path: &str| points.get(Path::new(path)).map(String::as_str);
        assert_eq!(kind("/mnt/nfs share"), Some("nfs4"));
        assert_eq!(kind("/srv"), Some("fuse.sshfs"));
        assert_eq!(kind("/home"), None, "an automount point that is mounted answers");
        assert_eq!(kind("/proc"), None);
        assert_eq!(kind("/"), None);
    }

    #[test]
    fn own_table_is_read() {
        let mounts = Mounts::open().expect("every Linux has /proc/self/mountinfo");
        assert_eq!(mounts.may_hang(Path::new("/proc")), None);
    }
}
