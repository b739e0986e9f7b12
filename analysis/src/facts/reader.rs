//! Which members hold facts, and who reads their lines.
//!
//! In: a member's path and its lines. Out: the [`Facts`] of that member. Never keeps lines.

use std::collections::BTreeSet;

use super::{Facts, Hidden, Partial, devices, hardware, services, system};
use crate::{cut, lines, state::Columns, tap::matches};

/// Bytes kept of a value; the boot command line of a kernel is at most 4096.
const VALUE: usize = 4096;

/// One member that holds facts.
pub(super) struct Row {
    /// Path inside the bundle; `*` stands for any text, as in `tap`.
    pub path: &'static str,
    /// Reads one line.
    pub read: fn(&mut Reader, &str),
}

/// The tables of rows.
const TABLES: &[&[Row]] = &[system::ROWS, hardware::ROWS, devices::ROWS, services::ROWS];

/// The state of reading one member for facts.
pub(crate) struct Reader {
    read: fn(&mut Self, &str),
    /// The member's path, for those that are named after a device.
    pub(super) path: String,
    pub(super) facts: Facts,
    pub(super) hidden: Hidden,
    pub(super) packages: BTreeSet<u16>,
    pub(super) implementer: Option<String>,
    pub(super) columns: Option<Columns>,
    pub(super) current: Option<String>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({:?})", self.facts)
    }
}

impl Reader {
    /// A reader when the member holds facts.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let row = TABLES.iter().copied().flatten().find(|row| matches(row.path, path))?;
        Some(Self {
            read: row.read,
            path: path.to_owned(),
            facts: Facts::default(),
            hidden: Hidden::default(),
            packages: BTreeSet::new(),
            implementer: None,
            columns: None,
            current: None,
        })
    }

    pub(crate) fn batch(&mut self, batch: &[u8]) {
        for line in lines::each(batch) {
            (self.read)(self, &String::from_utf8_lossy(line));
        }
    }

    pub(crate) fn finish(mut self) -> Partial {
        if !self.packages.is_empty() {
            self.facts.sockets = u32::try_from(self.packages.len()).ok();
        }
        Partial { facts: self.facts, hidden: self.hidden }
    }
}

/// What the line says, if anything.
pub(super) fn text(line: &str) -> Option<String> {
    let line = line.trim();
    (!line.is_empty()).then(|| cut::limited(line, VALUE))
}

/// The number the line is.
pub(super) fn number<T: std::str::FromStr>(line: &str) -> Option<T> {
    line.trim().parse().ok()
}
