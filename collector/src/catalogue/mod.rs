//! The catalogue: every way oediag may look at a host, as rows.
//!
//! A request names rows, topics or presets; it can never name a path, a command or an argument.
//! One file per topic; a row is the only thing an author of a new source writes.

use std::{fmt, io, time::Duration};

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

/// A condition of a row.
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
    /// Most bytes read for each item of the row; the run's own item cap also holds.
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
    /// Files by pattern: `*` and `?` within one path segment, `**` as last segment for a whole tree; newest first, at most `newest`.
    Glob {
        /// Absolute pattern.
        pattern: &'static str,
        /// How many files at most, the newest by modification time; 0 is all (the walk's own limits hold).
        newest: usize,
    },
    /// A program by absolute path, with its arguments; never a shell.
    Command(&'static [&'static str]),
    /// Entries of the journal through `journalctl -o export` ... as text; the window comes from the plan.
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

/// The devices an [`Probe::Each`] row runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Entries of `/sys/class/net` but `lo`.
    NetDevice,
    /// Entries of `/sys/block` that are real disks (not loop, ram, dm, md, zram, sr).
    BlockDevice,
}
