//! What one member had to say, in bounded memory.
//!
//! In: events in the order of their lines. Out: [`Findings`], entries of repeated events, for `fold`.
//! Never keeps more than [`PER_KIND`] entries of one kind; the weakest and oldest go first, and are counted.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    alerts::{Severity, Text},
    facts::Partial,
    operations::Records,
    rules::{Found, Kind},
};

/// Entries kept of one kind and member.
const PER_KIND: usize = 100;
/// Line ranges kept of one entry.
pub(crate) const RANGES: usize = 20;
/// Repeats of the same subject within so many seconds are one entry.
const BURST: i64 = 60;
/// Recoveries kept of one kind and member: the newest.
const RECOVERIES: usize = 200;
/// Copies of a line are recognised among so many lines of an entry.
const COPIES: usize = 64;

/// What one member had to say; to be handed to [`crate::conclude`] with those of the other members.
#[derive(Clone, Debug)]
pub struct Findings {
    pub(crate) path: String,
    pub(crate) entries: BTreeMap<&'static str, Vec<Entry>>,
    pub(crate) recoveries: BTreeMap<&'static str, VecDeque<(String, Timestamp)>>,
    pub(crate) left_out: BTreeMap<&'static str, u64>,
    pub(crate) facts: Partial,
    pub(crate) operations: Records,
    pub(crate) zone: TimeZone,
    pub(crate) latest: Timestamp,
    /// What the member says is a state when it was read, not an event.
    pub(crate) state: bool,
    /// The member shows a database of the host: each speaker is a table, each line the id of a row.
    pub(crate) tables: bool,
}

/// One event, or a burst of repeats.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub kind: &'static Kind,
    /// The speaker: two of them in one member may tell of one event.
    pub from: &'static str,
    pub subject: String,
    pub severity: Severity,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// printk's clock at the first line: the same in every copy of the log.
    pub stamp: Option<u64>,
    pub count: u64,
    pub ranges: Vec<(u64, u64)>,
    pub summary: Text,
    /// Another name of the subject.
    pub alias: Option<String>,
    copies: Vec<u64>,
}

/// A recognised event with its place.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub kind: &'static Kind,
    pub from: &'static str,
    pub found: Found,
    pub time: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub stamp: Option<u64>,
    /// When a line of the event itself said that it was over.
    pub ended: Option<Timestamp>,
    pub line: u64,
    pub end: u64,
    /// The first line with its head, to recognise copies; `None` when copies cannot be told from repeats.
    pub copy: Option<&'a [u8]>,
}

impl Event<'_> {
    /// Something that is so now, on the first line.
    pub(crate) fn now(kind: &'static Kind, found: Found) -> Self {
        Self { kind, from: "", found, time: None, last: None, stamp: None, ended: None, line: 1, end: 1, copy: None }
    }
}

impl Findings {
    pub(crate) fn new(path: &str, zone: &TimeZone, latest: Timestamp) -> Self {
        Self {
            path: path.to_owned(),
            entries: BTreeMap::new(),
            recoveries: BTreeMap::new(),
            left_out: BTreeMap::new(),
            facts: Partial::default(),
            operations: Records::default(),
            zone: zone.clone(),
            latest,
            state: false,
            tables: false,
        }
    }

    /// Notes that the last event of that kind and subject was over by then.
    pub(crate) fn recover(&mut self, kind: &'static Kind, subject: String, time: Timestamp) {
        let known = self.recoveries.entry(kind.name).or_default();
        if known.len() >= RECOVERIES {
            known.pop_front();
        }
        known.push_back((subject, time));
    }

    /// Whether an event of that kind and subject overlaps that time: another form of the same lines told of it.
    pub(crate) fn covers(&self, kind: &Kind, subject: &str, first: Timestamp, last: Timestamp) -> bool {
        let entries = self.entries.get(kind.name).into_iter().flatten();
        entries
            .filter(|entry| entry.subject == subject)
            .any(|entry| entry.first.is_some_and(|start| start <= last) && entry.last.is_some_and(|end| first <= end))
    }

    /// Adds one event, folding it into a recent entry of the same kind and subject.
    pub(crate) fn add(&mut self, event: Event<'_>) {
        let kind = event.found.kind.unwrap_or(event.kind);
        if let Some(ended) = event.ended {
            self.recover(kind, event.found.subject.clone(), ended);
        }
        let severity = event.found.severity.unwrap_or(kind.severity);
        let summary = kind.summary.fill(&event.found);
        let copy = event.copy.map(|line| {
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            hasher.finish()
        });
        let entries = self.entries.entry(kind.name).or_default();
        let full = entries.len() >= PER_KIND;
        let mut known = entries.iter_mut().rev().filter(|entry| entry.from == event.from && entry.subject == event.found.subject);
        if let Some(entry) = known.find(|entry| full || near(entry, event.time)) {
            entry.fold(&event, severity, summary, copy);
            return;
        }
        if full {
            let weakest = entries.iter().enumerate().min_by_key(|(_, entry)| (entry.severity, entry.ranges.last().copied()));
            if let Some(at) = weakest.map(|(at, _)| at) {
                *self.left_out.entry(kind.name).or_default() += entries.remove(at).count;
            }
        }
        entries.push(Entry {
            kind,
            from: event.from,
            subject: event.found.subject,
            severity,
            first: event.time,
            last: event.last.max(event.time),
            stamp: event.stamp,
            count: 1,
            ranges: vec![(event.line, event.end)],
            summary,
            alias: event.found.alias,
            copies: copy.into_iter().collect(),
        });
    }

    /// Moves all times: a crash dump's clock is known only when its last line is.
    pub(crate) fn shift(&mut self, by: Option<SignedDuration>) {
        let moved = |time: Option<Timestamp>| time?.checked_add(by?).ok();
        for entry in self.entries.values_mut().flatten() {
            (entry.first, entry.last) = (moved(entry.first), moved(entry.last));
        }
        for known in self.recoveries.values_mut() {
            *known = known.drain(..).filter_map(|(subject, time)| Some((subject, moved(Some(time))?))).collect();
        }
    }
}

impl Entry {
    fn fold(&mut self, event: &Event<'_>, severity: Severity, summary: Text, copy: Option<u64>) {
        if let Some(copy) = copy {
            if self.copies.contains(&copy) {
                return;
            }
            if self.copies.len() < COPIES {
                self.copies.push(copy);
            }
        }
        self.count += 1;
        self.first = self.first.min(event.time.or(self.first));
        self.last = self.last.max(event.last).max(event.time);
        self.alias = event.found.alias.clone().or(self.alias.take());
        if severity >= self.severity {
            self.severity = severity;
            self.summary = summary;
        }
        let room = self.ranges.len() < RANGES;
        match self.ranges.last_mut() {
            Some(range) if range.1 + 1 == event.line => range.1 = event.end,
            _ if room => self.ranges.push((event.line, event.end)),
            _ => {}
        }
    }
}

/// Whether an event of that time belongs to the entry's burst.
fn near(entry: &Entry, time: Option<Timestamp>) -> bool {
    match (entry.first, entry.last, time) {
        (Some(first), Some(last), Some(time)) => {
            let time = time.as_second();
            time >= first.as_second() - BURST && time <= last.as_second() + BURST
        }
        (None, _, None) => true,
        _ => false,
    }
}
