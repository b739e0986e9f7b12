//! From a pattern of the catalogue to the files it stands for.
//!
//! In: an absolute pattern. Out: names of regular files, and the matches that will not be read with the reason.
//! A segment may hold `*`, `?`, `[a-b]`, or be a choice as a whole: `{a,b*}`; `**` as the last is a whole tree.
//! Names are bytes. Folders are listed, no file is opened. Bounded: entries looked at, depth of `**`, one device.

use std::{
    cmp::Reverse,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use nix::{dir::Type, sys::stat::SFlag};
use oediag_protocol::bundle::manifest::Reason;

use super::{
    Refusal,
    file::{Folder, kind_name},
    walk::{Last, Root, kind},
};

/// Entries of folders looked at for one pattern.
pub(super) const ENTRIES: usize = 10_000;
/// How deep `**` goes.
const DEPTH: usize = 8;

/// What a pattern stands for.
#[derive(Debug, Default)]
pub struct Expansion {
    /// Regular files, and links that lead to one, sorted bytewise.
    pub files: Vec<PathBuf>,
    /// Files that were left for newer ones, sorted bytewise.
    pub older: Vec<PathBuf>,
    /// Matches that will not be read, with the reason, sorted bytewise.
    pub refused: Vec<(PathBuf, Refusal)>,
    /// Whether the walk ended at one of its limits.
    pub cut: bool,
}

/// The state of one expansion.
struct Search<'a> {
    root: &'a Root,
    left: usize,
    /// Seconds and nanoseconds of the last change, and the path.
    files: Vec<(i64, i64, PathBuf)>,
    refused: Vec<(PathBuf, Refusal)>,
    cut: bool,
}

/// Expands `pattern`; keeps the `newest` newest files, or all when that is 0.
pub(super) fn expand(root: &Root, pattern: &str, newest: usize) -> Expansion {
    let parts: Vec<&[u8]> = pattern.as_bytes().split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    let fixed = parts.iter().take_while(|part| !is_pattern(part)).count().min(parts.len().saturating_sub(1));
    let start: PathBuf =
        std::iter::once(OsStr::new("/")).chain(parts[..fixed].iter().map(|part| OsStr::from_bytes(part))).collect();
    let mut search = Search { root, left: ENTRIES, files: Vec::new(), refused: Vec::new(), cut: false };
    match Folder::open(root, &start) {
        Ok(folder) => {
            let device = folder.stat().map_or(0, |stat| stat.st_dev);
            drop(folder);
            search.segment(&start, &parts[fixed..], device);
        }
        Err(refusal) => search.refuse(start, refusal),
    }
    let Search { mut files, mut refused, cut, .. } = search;
    files.sort_unstable_by(|a, b| (Reverse((a.0, a.1)), &a.2).cmp(&(Reverse((b.0, b.1)), &b.2)));
    let keep = if newest > 0 { newest.min(files.len()) } else { files.len() };
    let older = paths(files.split_off(keep));
    let files = paths(files);
    refused.sort_unstable_by(|a, b| a.0.as_os_str().as_bytes().cmp(b.0.as_os_str().as_bytes()));
    Expansion { files, older, refused, cut }
}

fn paths<T>(found: Vec<(T, T, PathBuf)>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = found.into_iter().map(|(_, _, path)| path).collect();
    paths.sort_unstable_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    paths
}

impl Search<'_> {
    /// Looks for the rest of the pattern below a folder, named as the pattern names it.
    fn segment(&mut self, folder: &Path, rest: &[&[u8]], device: u64) {
        match rest {
            [] => {}
            [b"**"] => self.tree(folder, device, DEPTH),
            [[b'{', names @ .., b'}'], rest @ ..] => {
                for name in names.split(|byte| *byte == b',') {
                    self.segment(folder, &[&[name], rest].concat(), device);
                }
            }
            [name, rest @ ..] if !is_pattern(name) => {
                let path = folder.join(OsStr::from_bytes(name));
                if rest.is_empty() { self.leaf(path) } else { self.segment(&path, rest, device) }
            }
            [name, rest @ ..] => {
                for (path, kind) in self.list(folder, device) {
                    let matched = path.file_name().is_some_and(|entry| matches(name, entry.as_bytes()));
                    match kind {
                        _ if !matched => {}
                        Some(Type::Directory) if rest.is_empty() => {}
                        _ if rest.is_empty() => self.leaf(path),
                        Some(Type::Directory | Type::Symlink) | None => self.segment(&path, rest, device),
                        Some(_) => {}
                    }
                }
            }
        }
    }

    /// Every file below a folder; links to folders are not followed, so there are no circles.
    fn tree(&mut self, folder: &Path, device: u64, depth: usize) {
        for (path, kind) in self.list(folder, device) {
            match kind {
                Some(Type::Directory) if depth == 0 => self.cut = true,
                Some(Type::Directory) => self.tree(&path, device, depth - 1),
                _ => self.leaf(path),
            }
        }
    }

    /// The entries of a folder; nothing when it is not there, not a folder, or on another device, which is told.
    fn list(&mut self, path: &Path, device: u64) -> Vec<(PathBuf, Option<Type>)> {
        let folder = match Folder::open(self.root, path) {
            Ok(folder) => folder,
            Err(refusal) => {
                self.refuse(path.to_owned(), refusal);
                return Vec::new();
            }
        };
        if folder.stat().is_ok_and(|stat| stat.st_dev != device) {
            let refusal = Refusal::new(Reason::OtherFilesystem, path, "on another file system than the folder of the pattern");
            self.refuse(path.to_owned(), refusal);
            return Vec::new();
        }
        match folder.entries(self.left) {
            Ok((entries, more)) => {
                self.left -= entries.len();
                self.cut |= more;
                entries.into_iter().map(|entry| (path.join(entry.name), entry.kind)).collect()
            }
            Err(errno) => {
                self.refuse(path.to_owned(), Refusal::errno(path, "list", errno));
                Vec::new()
            }
        }
    }

    fn leaf(&mut self, path: PathBuf) {
        match self.root.walk(&path, Last::Follow) {
            Ok(found) => match kind(&found.stat) {
                SFlag::S_IFREG => self.files.push((found.stat.st_mtime, found.stat.st_mtime_nsec, path)),
                SFlag::S_IFDIR => {}
                _ => {
                    let refusal = Refusal::new(Reason::NotRegular, &path, kind_name(&found.stat));
                    self.refused.push((path, refusal));
                }
            },
            Err(refusal) => {
                // A name that is there and leads nowhere is told; a name that is not there is no match.
                let dangling = refusal.reason == Reason::NotPresent && self.root.walk(&path, Last::Keep).is_ok();
                if dangling { self.refused.push((path, refusal)) } else { self.refuse(path, refusal) }
            }
        }
    }

    /// Keeps a refusal, unless it only says that there is nothing.
    fn refuse(&mut self, path: PathBuf, refusal: Refusal) {
        if refusal.reason != Reason::NotPresent {
            self.refused.push((path, refusal));
        }
    }
}

fn is_pattern(part: &[u8]) -> bool {
    part.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'{'))
}

/// Whether a name matches one segment: `*` any bytes, `?` one byte, `[a-b]` one byte of a range. In linear space, in
/// time of name times pattern: only the last `*` is ever gone back to.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p..).unwrap_or_default() {
            [b'*', ..] => {
                star = Some((p, n));
                p += 1;
            }
            [b'[', low, b'-', high, b']', ..] if (*low..=*high).contains(&name[n]) => {
                p += 5;
                n += 1;
            }
            [b'?', ..] => {
                p += 1;
                n += 1;
            }
            [byte, ..] if *byte != b'[' && *byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn segments_match_as_people_expect() {
        for (pattern, name, want) in [
            ("messages*", "messages", true),
            ("messages*", "messages-20251109.gz", true),
            ("messages*", "message", false),
            ("[0-9]*", "8842", true),
            ("[0-9]*", "self", false),
            ("*.log", "a.log.log", true),
            ("*.log", ".lo", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_name_takes_no_longer_than_name_times_pattern() {
        let name = vec![b'a'; 255];
        let pattern = b"*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab".as_slice();
        assert!(!matches(pattern, &name));
    }
}
