//! The catalogue: every way oediag may look at a host, as rows.
//!
//! A request names rows, topics or presets; it can never name a path, a command or an argument.
//! One file per topic; a row is the only thing an author of a new source writes.

mod alerts;
mod boot;
mod crash;
mod database;
mod digest;
mod hardware;
mod kernel;
mod logs;
mod memory;
mod network;
mod operations;
mod packages;
mod performance;
mod presets;
mod process;
mod security;
mod services;
pub mod site;
mod storage;
mod topic;

use std::{fmt, io, time::Duration};

pub use self::{
    digest::sha256,
    presets::{PRESETS, Preset, preset},
};

pub use crate::host::Over;
use crate::host::{Host, Ticks};

/// One row: where to look, whether it applies, and what it may cost.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Stable name in requests, bundle folders and docs: `topic.name`.
    pub id: &'static str,
    /// What the row belongs to.
    pub topic: Topic,
    /// All must hold, else the row is skipped with the reason.
    pub when: &'static [When],
    /// How to look.
    pub probe: Probe,
    /// What kind of data may come out; shown before anything leaves.
    pub privacy: Privacy,
    /// What it may cost.
    pub limit: Limit,
    /// Which presets ask for it.
    pub depth: Depth,
    /// What a row of the customer's own says of itself; the program has the words of the others.
    pub words: Option<Words>,
}

/// One line about a row, in both languages.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

/// The topics, in catalogue order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Topic {
    Kernel,
    Boot,
    Hardware,
    Storage,
    Network,
    Memory,
    Process,
    Services,
    Packages,
    Security,
    Logs,
    Alerts,
    Performance,
    Operations,
    Crash,
}

/// A condition of a row. It is asked of the host's files; where a root holds the record of a command, the record counts.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// This path is there.
    Path(&'static str),
    /// This program is installed (any of the row's own programs is checked without being named here).
    Program(&'static str),
}

/// What kind of data a row may yield before redaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Privacy {
    /// Technical facts only.
    Facts,
    /// Names, addresses, serial numbers.
    Identifying,
    /// Text written by programs and people: anything may be in it.
    FreeText,
    /// Configuration that may hold credentials.
    Credentials,
}

/// What a row may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Most bytes read for each item of the row; the run's own item cap also holds. A row that allows as much as that cap's
    /// default (64 MiB) follows the cap when an operator raises it.
    pub bytes: u64,
    /// Most time for each item of the row.
    pub time: Duration,
}

/// From which preset on a row is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// In `quick` and all larger presets.
    Quick,
    /// In `standard` and `deep`.
    Standard,
    /// Only in `deep`, or by name.
    Deep,
}

/// Closed set of ways to look. A new way is a new variant and a reviewed decision.
#[derive(Clone, Copy)]
pub enum Probe {
    /// One file.
    File(&'static str),
    /// Files by pattern: within one path segment `*`, `?` and `[a-b]`, a segment that is a choice `{a,b*}`, and `**` as
    /// last segment for a whole tree; at most the `newest` newest.
    Glob {
        /// Absolute pattern.
        pattern: &'static str,
        /// How many files at most, the newest by modification time; 0 is all (the walk's own limits hold).
        newest: usize,
    },
    /// A program by absolute path, with its arguments; never a shell.
    Command(&'static [&'static str]),
    /// Entries of the journal as lines of text, `journalctl --output=short-iso-precise`; the window comes from the plan.
    Journal {
        /// Arguments that select: `["-k"]`, `["-u", "sshd"]`.
        select: &'static [&'static str],
    },
    /// A program once for each device; `{}` is the device's name.
    Each {
        /// The devices.
        over: Over,
        /// Absolute program and arguments.
        argv: &'static [&'static str],
    },
    /// Code that reads the host and writes text; last resort.
    Native {
        /// Path of the member under `oediag/`, such as `native/process.table.tsv`.
        member: &'static str,
        /// The code.
        run: fn(&Host, &mut dyn io::Write) -> io::Result<()>,
    },
    /// Code that reads the live host once a second and writes CSV, beside everything else.
    Sample {
        /// Path of the member under `oediag/`, such as `perf/cpu.csv`.
        member: &'static str,
        /// The code; ends when the ticks end.
        run: fn(&Host, Ticks, &mut dyn io::Write) -> io::Result<()>,
    },
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Glob { pattern, newest } => f.debug_struct("Glob").field("pattern", pattern).field("newest", newest).finish(),
            Self::Command(argv) => f.debug_tuple("Command").field(argv).finish(),
            Self::Journal { select } => f.debug_struct("Journal").field("select", select).finish(),
            Self::Each { over, argv } => f.debug_struct("Each").field("over", over).field("argv", argv).finish(),
            Self::Native { member, .. } => f.debug_struct("Native").field("member", member).finish_non_exhaustive(),
            Self::Sample { member, .. } => f.debug_struct("Sample").field("member", member).finish_non_exhaustive(),
        }
    }
}

/// The catalogue in topic order; a topic of many rows has several tables.
pub static CATALOGUE: &[&[Source]] = &[
    kernel::ROWS,
    kernel::modules::ROWS,
    boot::ROWS,
    hardware::ROWS,
    hardware::devices::ROWS,
    storage::ROWS,
    storage::devices::ROWS,
    storage::volumes::ROWS,
    storage::asked::ROWS,
    network::ROWS,
    network::devices::ROWS,
    network::files::ROWS,
    memory::ROWS,
    process::ROWS,
    services::ROWS,
    services::systemd::ROWS,
    services::host::ROWS,
    packages::ROWS,
    security::ROWS,
    security::details::ROWS,
    logs::ROWS,
    alerts::ROWS,
    performance::ROWS,
    operations::ROWS,
    crash::ROWS,
];

/// Every row, in catalogue order.
pub fn all() -> impl Iterator<Item = &'static Source> {
    CATALOGUE.iter().copied().flatten()
}

/// The row of that id.
pub fn find(id: &str) -> Option<&'static Source> {
    all().find(|row| row.id == id)
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The run's default cap on one item (`design.md` §6.8).
pub const ITEM_BYTES: u64 = 64 << 20;

impl Source {
    /// Most bytes read for one item of the row in a run with this item cap.
    pub fn cap(&self, item_bytes: u64) -> u64 {
        if self.limit.bytes >= ITEM_BYTES { item_bytes } else { self.limit.bytes.min(item_bytes) }
    }

    /// Most time for one item of the row in a run with this item cap: a cap raised tenfold needs tenfold the time.
    pub fn time(&self, item_bytes: u64) -> Duration {
        let times = self.cap(item_bytes).div_ceil(self.limit.bytes.max(1)).max(1);
        self.limit.time.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
    }

    /// A row with the usual cost of its probe: a small file, or a command that answers within 30 s.
    const fn new(id: &'static str, topic: Topic, probe: Probe, privacy: Privacy, depth: Depth) -> Self {
        let (bytes, seconds) = match probe {
            Probe::File(_) | Probe::Glob { .. } => (MIB, 10),
            Probe::Command(_) | Probe::Each { .. } => (4 * MIB, 30),
            Probe::Journal { .. } => (64 * MIB, 60),
            Probe::Native { .. } | Probe::Sample { .. } => (16 * MIB, 60),
        };
        Self {
            id,
            topic,
            when: &[],
            probe,
            privacy,
            limit: Limit { bytes, time: Duration::from_secs(seconds) },
            depth,
            words: None,
        }
    }

    /// Other costs than usual.
    const fn most(mut self, bytes: u64, seconds: u64) -> Self {
        self.limit = Limit { bytes, time: Duration::from_secs(seconds) };
        self
    }

    /// Conditions.
    const fn when(mut self, when: &'static [When]) -> Self {
        self.when = when;
        self
    }
}

/// systemd runs the host: sd_booted(3).
const SYSTEMD: &[When] = &[When::Path("/run/systemd/system")];

/// A pattern that takes every file it matches.
const fn every(pattern: &'static str) -> Probe {
    Probe::Glob { pattern, newest: 0 }
}

/// A pattern that takes the newest of its files.
const fn newest(newest: usize, pattern: &'static str) -> Probe {
    Probe::Glob { pattern, newest }
}
