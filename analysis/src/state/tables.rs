//! Alerts from the tables that commands print: `df`, `systemctl list-units --state=failed`.
//!
//! In: lines of such a table. Out: events into `Findings`; the tables have no times.
//! Never trusts a column's position beyond what the header says.

use crate::{
    alerts::Severity,
    findings::{Event, Findings},
    lines,
    rules::{Found, Kind, process::SERVICE_FAILED, storage},
    state::{Verdict, host::KDUMP_NOT_ARMED},
    tap::Context,
};

/// Percent used from which a file system is an alert, and a critical one.
const FULL: (u64, u64) = (90, 95);
/// Types that are always full by nature, or show another file system's numbers.
const IGNORED: &[&str] = &["squashfs", "iso9660", "udf", "devtmpfs", "overlay", "erofs", "cramfs"];

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `df -PT`.
    Space,
    /// `df -PTi`.
    Inodes,
    /// `systemctl list-units --state=failed --no-legend --plain`.
    FailedUnits,
}

/// The state of reading one table.
#[derive(Debug)]
pub(crate) struct Table {
    layout: Layout,
    number: u64,
    columns: Option<Columns>,
    devices: Vec<String>,
    findings: Findings,
}

impl Table {
    pub(crate) fn new(layout: Layout, path: &str, context: &Context) -> Self {
        let findings = Findings { state: true, ..Findings::new(path, &context.zone, context.latest) };
        Self { layout, number: 0, columns: None, devices: Vec::new(), findings }
    }

    pub(crate) fn batch(&mut self, batch: &[u8]) {
        for line in lines::each(batch) {
            self.number += 1;
            let text = String::from_utf8_lossy(line);
            let event = match self.layout {
                Layout::Space => self.usage(&text, &storage::DISK_FULL),
                Layout::Inodes => self.usage(&text, &storage::INODE_FULL),
                Layout::FailedUnits => failed_unit(&text).map(|found| (&SERVICE_FAILED, found)),
            };
            let dump = event.as_ref().filter(|_| self.layout == Layout::FailedUnits).and_then(|(_, found)| unarmed(found));
            for (kind, found) in event.into_iter().chain(dump) {
                let (line, end) = (self.number, self.number);
                self.findings.add(Event { line, end, ..Event::now(kind, found) });
            }
        }
    }

    pub(crate) fn finish(self) -> Findings {
        self.findings
    }

    fn usage(&mut self, text: &str, kind: &'static Kind) -> Verdict {
        let Some(columns) = self.columns else {
            self.columns = Columns::of(text);
            return None;
        };
        let row = columns.row(text)?;
        if row.used_percent < FULL.0 || IGNORED.contains(&row.kind) || self.devices.iter().any(|known| known == row.device) {
            return None;
        }
        if row.device.starts_with('/') && self.devices.len() < 4096 {
            self.devices.push(row.device.to_owned());
        }
        let found = Found::about(row.mount).with("used", Some(&row.used_percent.to_string()));
        let nearly = row.used_percent >= FULL.1;
        let severity = match self.layout {
            Layout::Inodes if row.used_percent >= 100 => Severity::Critical,
            Layout::Inodes if nearly => Severity::High,
            Layout::Space if nearly => Severity::Critical,
            _ => kind.severity,
        };
        Some((kind, found.at(severity)))
    }
}

/// Where the columns of a `df` table stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    kind: Option<usize>,
    percent: usize,
    /// Bytes in the unit of the size columns; 0 when they count inodes.
    unit: u64,
}

/// One row of a `df` table.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub device: &'a str,
    pub kind: &'a str,
    pub total: u64,
    pub used: u64,
    pub available: u64,
    pub used_percent: u64,
    pub mount: &'a str,
}

impl Columns {
    /// Reads the header; `None` when the line is not one.
    pub(crate) fn of(header: &str) -> Option<Self> {
        let names: Vec<&str> = header.split_whitespace().collect();
        let percent = names.iter().position(|name| matches!(*name, "Capacity" | "Use%" | "IUse%"))?;
        let kind = names.iter().position(|name| *name == "Type");
        let unit = match *names.get(percent.checked_sub(3)?)? {
            "1024-blocks" | "1K-blocks" | "1024-Blocks" => 1024,
            "1-blocks" | "1B-blocks" => 1,
            "512-blocks" => 512,
            "Inodes" => 0,
            _ => return None,
        };
        (names.first() == Some(&"Filesystem")).then_some(Self { kind, percent, unit })
    }

    /// Reads a row; the mount point is all that follows the percentage.
    pub(crate) fn row<'a>(&self, text: &'a str) -> Option<Row<'a>> {
        let mut rest = text.trim_end();
        let mut fields: Vec<&str> = Vec::with_capacity(self.percent + 1);
        for _ in 0..=self.percent {
            rest = rest.trim_start();
            let end = rest.find(' ')?;
            fields.push(&rest[..end]);
            rest = &rest[end..];
        }
        let number = |back: usize| fields.get(self.percent.checked_sub(back)?)?.parse::<u64>().ok();
        Some(Row {
            device: fields.first()?,
            kind: self.kind.and_then(|at| fields.get(at).copied()).unwrap_or_default(),
            total: number(3)?,
            used: number(2)?,
            available: number(1)?,
            used_percent: fields.last()?.strip_suffix('%')?.parse().ok()?,
            mount: rest.trim_start(),
        })
    }

    /// The size columns in KiB.
    pub(crate) fn kib(&self, value: u64) -> u64 {
        (u128::from(value) * u128::from(self.unit) / 1024).try_into().unwrap_or(u64::MAX)
    }
}

/// A kdump that failed is two things: a unit, and a crash that would leave nothing.
fn unarmed(found: &Found) -> Verdict {
    let dump = Found::about("kdump").with("what", Some("kdump.service failed"));
    (found.subject == "kdump.service").then_some((&KDUMP_NOT_ARMED, dump))
}

/// `kdump.service loaded failed failed Crash recovery kernel arming`
fn failed_unit(text: &str) -> Option<Found> {
    let mut words = text.trim_start_matches(['●', '*', ' ']).split_whitespace();
    let unit = words.next().filter(|unit| unit.contains('.'))?;
    let failed = words.nth(1) == Some("failed");
    failed.then(|| Found::about(unit))
}
