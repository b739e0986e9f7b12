//! Which rows of the catalogue find something on a host of the tests.
//!
//! In: `tests/records` and the fixture hosts in `tests/roots`. Out: ids of rows that find nothing there. `tests/tests/rows.rs`
//! collects from the same hosts and looks at what comes out.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use oediag_collector::{
    catalogue::{self, Probe, Source},
    host::Host,
};

use super::verdict::Folder;
use crate::run;

/// Where the records lie: files of blocks, `== path` and then the content.
const RECORDS: &str = "tests/records";

/// Where the fixture hosts lie.
const ROOTS: &str = "tests/roots";

/// Rows that find nothing on any host of the tests.
pub(crate) fn idle() -> Result<Vec<&'static str>> {
    let root = Folder::new("records")?;
    let records = run::root().join(RECORDS);
    for entry in fs::read_dir(&records).with_context(|| format!("reading {RECORDS}"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        unpack(&text, &root.path)?;
    }
    let mut hosts = vec![Host::at(&root.path, None)?];
    for entry in fs::read_dir(run::root().join(ROOTS)).with_context(|| format!("reading {ROOTS}"))? {
        let path = entry?.path();
        if path.is_dir() {
            hosts.push(Host::at(&path, None)?);
        }
    }
    Ok(catalogue::all().filter(|row| !hosts.iter().any(|host| finds(row, host))).map(|row| row.id).collect())
}

fn finds(row: &Source, host: &Host) -> bool {
    match row.probe {
        Probe::File(path) => host.open(Path::new(path)).is_ok(),
        Probe::Glob { pattern, newest } => !host.expand(pattern, newest).files.is_empty(),
        Probe::Command(_) => host.recorded(row.id, None).is_some(),
        Probe::Each { over, .. } => host.devices(over).iter().any(|device| host.recorded(row.id, Some(device)).is_some()),
        Probe::Journal { .. } => host.exists(&Path::new("/oediag/journal").join(row.id)),
        Probe::Native { member, .. } | Probe::Sample { member, .. } => host.exists(&Path::new("/oediag").join(member)),
    }
}

fn unpack(text: &str, root: &Path) -> Result<()> {
    for block in text.split("\n== ").skip(1) {
        let (path, content) = block.split_once('\n').context("a block begins with its path")?;
        let path = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
