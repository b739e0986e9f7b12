//! Every setting of the kernel as one text, `key = value`.
//!
//! In: `/proc/sys` (proc(5)). Out: lines sorted by path; a value of several lines has its key on each, as sysctl(8) prints it.
//! A setting that cannot be read, or is never read (`host/never.rs`), is left out. Every folder is reached by the walker, so
//! that a place where something is mounted on demand is not entered. Of many folders of one kind only the first are read.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::host::{Folder, Host, PASSING};

/// Where the settings lie.
const ROOT: &str = "/proc/sys";
/// Longest value: a bitmap or a list of a few KiB.
const VALUE: usize = 16 << 10;
/// Folders of one folder that are entered: one for each network interface, processor, session.
const FOLDERS: usize = 64;
/// Folders in each other; the deepest known are six.
const DEPTH: usize = 8;

pub(super) fn all(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    let top = host.folder(Path::new(ROOT))?;
    folder(host, &top, "", DEPTH, out)
}

/// Writes what is in a folder; `prefix` is its path below the top, with a slash at the end.
fn folder(host: &Host, here: &Folder<'_>, prefix: &str, depth: usize, out: &mut dyn Write) -> io::Result<()> {
    let mut folders = Vec::new();
    for name in here.names() {
        if here.folder(&name).is_some() {
            folders.push(name);
        } else if let Some(value) = here.read(&name, VALUE) {
            setting(&format!("{prefix}{name}"), &value, out)?;
        }
    }
    // Interfaces of containers and guests have the settings of `default`.
    folders.retain(|name| !PASSING.iter().any(|passing| name.starts_with(passing)));
    if folders.len() > FOLDERS {
        writeln!(out, "# {prefix}: the first {FOLDERS} of {} folders", folders.len())?;
    }
    for name in folders.iter().take(FOLDERS).filter(|_| depth > 0) {
        let path = format!("{prefix}{name}");
        if let Ok(below) = host.folder(&Path::new(ROOT).join(&path)) {
            folder(host, &below, &format!("{path}/"), depth - 1, out)?;
        }
    }
    Ok(())
}

fn setting(path: &str, value: &[u8], out: &mut dyn Write) -> io::Result<()> {
    // As sysctl(8) writes names: parts are parted by dots, a dot in a part (`eth0.100`) is a slash.
    let key: String = path
        .chars()
        .map(|c| {
            if c == '/' {
                '.'
            } else if c == '.' {
                '/'
            } else {
                c
            }
        })
        .collect();
    let key = clean(&key);
    let text = String::from_utf8_lossy(value);
    if text.trim().is_empty() {
        return writeln!(out, "{key} =");
    }
    text.trim_end().lines().try_for_each(|line| writeln!(out, "{key} = {}", clean(line)))
}

fn clean(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\t', "?")
}
