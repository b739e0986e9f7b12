//! The disk a bundle grows on: never filled, and always with room left to end the bundle in order.

#![expect(clippy::disallowed_methods, reason = "files of the bundle being written are ours")]

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use nix::sys::statvfs::{Statvfs, fstatvfs};

use crate::failpoint;

/// Bytes set aside for the manifest, the sums and the signatures of a bundle that met a full disk.
pub(crate) const RESERVE: u64 = 1 << 20;
/// Free space that is left to others: the smaller of 1 GiB and a tenth of the file system (`security.md` §10).
const FLOOR_BYTES: u64 = 1 << 30;
/// Free inodes that are left to others, in percent.
const FLOOR_INODES_PERCENT: u64 = 5;

/// Whether the file system of `file` has `wanted` bytes to give and stays above its floor.
pub fn has_room(file: &File, wanted: u64) -> io::Result<bool> {
    let stat: Statvfs = fstatvfs(file)?;
    let block = stat.fragment_size() as u64;
    let (free, all) = (stat.blocks_available() as u64 * block, stat.blocks() as u64 * block);
    let (inodes_free, inodes) = (stat.files_available() as u64, stat.files() as u64);
    // btrfs and others have no fixed number of inodes and say 0.
    let inodes_ok = inodes == 0 || inodes_free * 100 >= inodes * FLOOR_INODES_PERCENT;
    Ok(inodes_ok && free >= wanted.saturating_add(FLOOR_BYTES.min(all / 10)))
}

/// Space taken before the bundle is begun, given back when the disk turns out to be full.
#[derive(Debug)]
pub(crate) struct Reserve(PathBuf);

impl Reserve {
    /// Takes [`RESERVE`] bytes at `path`, with zeros really written where the file system cannot allocate ahead.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        let mut file = create(path)?;
        let reserve = Self(path.to_owned());
        failpoint::at("reserve.made")?;
        if nix::fcntl::posix_fallocate(&file, 0, RESERVE as i64).is_err() {
            file.write_all(&vec![0; RESERVE as usize])?;
        }
        failpoint::at("reserve.taken")?;
        Ok(reserve)
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        // Already gone is as good as gone; recovery removes what a kill leaves behind.
        std::fs::remove_file(&self.0).unwrap_or_default();
    }
}

/// Makes a new file, mode 0600, that did not exist and is no link.
pub fn create(path: &Path) -> io::Result<File> {
    failpoint::at("disk.create")?;
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a rename or a new file in `folder` outlive a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    failpoint::at("disk.sync_folder")?;
    File::open(folder)?.sync_all()
}
