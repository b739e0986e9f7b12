//! `NAME.journal`: what of `NAME.partial` is whole, so that a killed run still ends as a signed bundle.
//!
//! One JSON line for the start, one for each finished task. Lines are appended only after the bytes
//! they speak of are on the disk, so a line never promises what a power cut took away.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    time::{Duration, Instant},
};

use oediag_protocol::bundle::manifest::{Item, RedactionSettings, Start};
use serde::{Deserialize, Serialize};

use super::file::BundleFile;
use crate::failpoint;

/// Most bytes that may be lost to a power cut.
const SYNC_BYTES: u64 = 16 << 20;
/// Most time whose work may be lost to a kill or a power cut.
const SYNC_TIME: Duration = Duration::from_millis(500);
/// A journal larger than this is not one of ours.
const MAX_BYTES: u64 = 256 << 20;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Opening {
    /// The bundle's name.
    pub name: String,
    /// Everything the manifest needs that is not in items.
    pub start: Start,
    /// The source's id for each task of the plan.
    pub tasks: Vec<String>,
    /// Bytes of the file when the first task began.
    pub opened: u64,
    /// The items before the first task.
    pub items: Vec<Item>,
    /// Name of the redactor's rule set.
    pub ruleset: String,
    /// Its digest.
    pub ruleset_sha256: oediag_protocol::digest::Sha256,
    /// The redactor's level: an older program knew only one.
    #[serde(default = "standard")]
    pub level: String,
    /// What was chosen about the redactor.
    #[serde(default)]
    pub settings: Option<RedactionSettings>,
}

fn standard() -> String {
    "standard".to_owned()
}

/// Every other line: up to `offset` the file is whole, and holds these items in addition.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Bytes of `NAME.partial`.
    pub offset: u64,
    /// The task that ended there.
    pub task: usize,
    /// Its items.
    pub items: Vec<Item>,
}

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    pending: Vec<u8>,
    noted: u64,
    synced: u64,
    at: Instant,
}

impl Journal {
    /// Begins a journal with its opening, on the disk at once.
    pub(crate) fn begin(mut file: File, opening: &Opening) -> io::Result<Self> {
        let line = line(opening)?;
        failpoint::writing("journal.opening", &line, |half| (&file).write_all(half))?;
        file.write_all(&line)?;
        failpoint::at("journal.opening_written")?;
        file.sync_data()?;
        failpoint::at("journal.opened")?;
        Ok(Self { file, pending: Vec::new(), noted: 0, synced: 0, at: Instant::now() })
    }

    /// Notes a finished task; it is on the disk after one of the next calls of `flush`.
    pub(crate) fn note(&mut self, entry: &Entry) -> io::Result<()> {
        self.noted = entry.offset;
        self.pending.extend_from_slice(&line(entry)?);
        Ok(())
    }

    /// Writes what was noted, once enough bytes or time have gathered.
    pub(crate) fn flush(&mut self, bundle: &BundleFile) -> io::Result<()> {
        let due = self.noted - self.synced >= SYNC_BYTES || self.at.elapsed() >= SYNC_TIME;
        if due && !self.pending.is_empty() {
            bundle.sync()?;
            failpoint::writing("journal.entry", &self.pending, |half| (&self.file).write_all(half))?;
            self.file.write_all(&self.pending)?;
            failpoint::at("journal.entry_written")?;
            self.file.sync_data()?;
            failpoint::at("journal.entry_synced")?;
            self.pending.clear();
            self.synced = self.noted;
            self.at = Instant::now();
        }
        Ok(())
    }
}

/// Reads a journal back as far as it is whole: the opening, and the entries.
pub(super) fn read(file: impl Read) -> Option<(Opening, Vec<Entry>)> {
    let mut lines = BufReader::new(file.take(MAX_BYTES)).lines().map_while(Result::ok);
    let opening: Opening = serde_json::from_str(&lines.next()?).ok()?;
    let entries: Vec<Entry> = lines.map_while(|line| serde_json::from_str(&line).ok()).collect();
    Some((opening, entries))
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}
