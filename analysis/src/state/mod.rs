//! Checks on the state of the host when it was examined: what is wrong now, whatever the logs say.
//!
//! In: lines of a small file or of a command's output. Out: events without a time, in `Findings` marked as state.
//! Thresholds are constants here; a value that cannot be read is no alert.

mod disks;
mod host;
mod links;
mod tables;

pub(crate) use self::{
    disks::{nvme, smart},
    host::{chrony, conntrack, files, kdump_loaded, kdump_size, swap, taint, time},
    links::{bond, raid},
    tables::{Columns, Layout, Table},
};

use crate::{
    findings::{Event, Findings},
    lines,
    rules::{Found, Kind},
    tap::Context,
};

/// What a check says of one line.
pub(crate) type Verdict = Option<(&'static Kind, Found)>;

/// Judges one line; what earlier lines said is in the memory.
pub(crate) type Judge = fn(&mut Memory, &str) -> Verdict;

/// What a check remembers of the lines before.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The device or file the member is about: its last folder for the output of a command, else its name.
    pub subject: String,
    /// A name given by an earlier line.
    pub name: Option<String>,
    /// Another one.
    pub other: Option<String>,
    /// A number given by an earlier line.
    pub number: Option<u64>,
}

/// The state of reading one member.
#[derive(Debug)]
pub(crate) struct Check {
    judge: Judge,
    memory: Memory,
    number: u64,
    findings: Findings,
}

impl Check {
    pub(crate) fn new(judge: Judge, path: &str, context: &Context) -> Self {
        let path_of = path.strip_suffix("/stdout").unwrap_or(path);
        let subject = path_of.rsplit('/').next().unwrap_or_default().to_owned();
        let findings = Findings { state: true, ..Findings::new(path, &context.zone, context.latest) };
        Self { judge, memory: Memory { subject, ..Memory::default() }, number: 0, findings }
    }

    pub(crate) fn batch(&mut self, batch: &[u8]) {
        for line in lines::each(batch) {
            self.number += 1;
            let text = String::from_utf8_lossy(line);
            if let Some((kind, found)) = (self.judge)(&mut self.memory, &text) {
                let (line, end) = (self.number, self.number);
                self.findings.add(Event { line, end, ..Event::now(kind, found) });
            }
        }
    }

    pub(crate) fn finish(self) -> Findings {
        self.findings
    }
}
