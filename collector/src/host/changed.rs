//! Which files below a folder were changed, and when: names and stat(2) only, nothing is opened for reading.
//!
//! In: a folder. Out: [`Changed`], oldest first. Names of files that are never read are told too: that `shadow` was
//! changed is worth knowing. Bounded: entries looked at, depth, one device; links are not followed.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::sys::stat::SFlag;

use super::{
    expand::ENTRIES,
    file::Folder,
    walk::{Last, Root, kind},
};

/// How deep the walk goes.
const DEPTH: usize = 8;

/// A regular file that was looked at.
#[derive(Debug)]
pub(crate) struct Changed {
    /// Last change of the content.
    pub(crate) mtime: Timestamp,
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) bytes: i64,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Its owner's number.
    pub(crate) uid: u32,
}

/// The `newest` files below `folder`; nothing when it is not there.
pub(super) fn changed(root: &Root, folder: &Path, newest: usize) -> Vec<Changed> {
    let mut found = Vec::new();
    let mut left = ENTRIES;
    let Ok(start) = root.reach(folder, Last::Keep) else { return found };
    tree(root, folder, start.stat.st_dev, DEPTH, &mut left, &mut found);
    found.sort_unstable_by(|a, b| (a.mtime, &a.path).cmp(&(b.mtime, &b.path)));
    found.split_off(found.len().saturating_sub(newest))
}

fn tree(root: &Root, path: &Path, device: u64, depth: usize, left: &mut usize, found: &mut Vec<Changed>) {
    // Listing asks the never-list: a folder on it keeps its names to itself.
    let Ok(folder) = Folder::open(root, path) else { return };
    let Ok((entries, _)) = folder.entries(*left) else { return };
    drop(folder);
    *left -= entries.len();
    for entry in entries {
        let path = path.join(entry.name);
        let Ok(place) = root.reach(&path, Last::Keep) else { continue };
        match kind(&place.stat) {
            SFlag::S_IFDIR if depth > 0 && place.stat.st_dev == device => tree(root, &path, device, depth - 1, left, found),
            SFlag::S_IFREG => found.push(Changed {
                mtime: Timestamp::from_second(place.stat.st_mtime).unwrap_or_default(),
                path,
                bytes: place.stat.st_size,
                mode: place.stat.st_mode & 0o7777,
                uid: place.stat.st_uid,
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        os::unix::fs::symlink,
        time::{Duration, SystemTime},
    };

    use super::*;

    #[test]
    fn the_newest_names_are_told_oldest_first_and_no_link_is_followed() {
        let root = std::env::temp_dir().join(format!("oediag-changed-{}", std::process::id()));
        fs::create_dir_all(root.join("etc/ssh")).expect("folders");
        fs::create_dir_all(root.join("elsewhere")).expect("folders");
        for (name, second) in [("etc/old", 1), ("etc/shadow", 30), ("etc/ssh/sshd_config", 20), ("elsewhere/file", 40)] {
            let file = File::create(root.join(name)).expect("a file");
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).expect("a time");
        }
        symlink("../elsewhere", root.join("etc/folder")).expect("a link");
        symlink("../elsewhere/file", root.join("etc/link")).expect("a link");
        let host = super::super::Host::at(&root, None).expect("a root");
        let names = |newest| {
            let found = host.changed(Path::new("/etc"), newest);
            found.iter().map(|file| (file.path.display().to_string(), file.mtime.as_second())).collect::<Vec<_>>()
        };
        let all =
            [("/etc/old", 1), ("/etc/ssh/sshd_config", 20), ("/etc/shadow", 30)].map(|(path, time)| (path.to_owned(), time));
        assert_eq!(names(9), all);
        assert_eq!(names(2), all[1..]);
        assert!(host.changed(Path::new("/none"), 9).is_empty());
        fs::remove_dir_all(&root).expect("removed");
    }
}
