//! The mounts of every mount namespace, each once: containers and sandboxed services see others than process 1.
//!
//! In: `ns/mnt` and `mountinfo` of every process (proc(5)). Out: tab-separated lines. Touches no mounted file system.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::PathBuf,
};

use crate::host::Host;

/// Namespaces at most: a host of containers has a few hundred.
const NAMESPACES: usize = 256;
/// Most bytes of one table.
const TABLE: usize = 256 << 10;

/// `pid mountinfo`; the pid is the lowest of the namespace.
pub(super) fn namespaces(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "pid\tmountinfo")?;
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    for pid in super::table::pids(host)? {
        let Some(namespace) = host.link(&format!("/proc/{pid}/ns/mnt")) else { continue };
        if !seen.insert(namespace) {
            continue;
        }
        let Some(table) = host.read(&format!("/proc/{pid}/mountinfo"), TABLE) else { continue };
        for line in String::from_utf8_lossy(&table).lines() {
            writeln!(out, "{pid}\t{}", line.replace(|c: char| c.is_control(), "?"))?;
        }
        if seen.len() == NAMESPACES {
            break;
        }
    }
    Ok(())
}
