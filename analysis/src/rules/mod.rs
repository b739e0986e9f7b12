//! What we know of log lines: kinds of alerts, and rules that recognise them, as rows.
//!
//! In: the message of one line, without its head. Out: what was [`Found`]: subject, values, how far the block goes on.
//! Rules see only lines of the speaker they name; they never look at times or other members.

pub(crate) mod access;
pub(crate) mod adapters;
pub(crate) mod bmc;
pub(crate) mod crash;
pub(crate) mod daemons;
pub(crate) mod devices;
pub(crate) mod dump;
pub(crate) mod hardware;
pub(crate) mod limits;
pub(crate) mod lockup;
pub(crate) mod marks;
pub(crate) mod mcelog;
pub(crate) mod memory;
pub(crate) mod network;
pub(crate) mod packages;
pub(crate) mod process;
pub(crate) mod remote;
pub(crate) mod sentry;
pub(crate) mod storage;
pub(crate) mod sysmonitor;
pub(crate) mod units;
pub(crate) mod volumes;

use std::borrow::Cow;

use crate::{
    alerts::{Severity, Text},
    cut,
    tally::Threshold,
};

/// Bytes of a subject or a value that are kept.
const VALUE: usize = 200;

/// The same statement in both languages; `{name}` stands for a value, `[...]` is dropped when a value in it is missing.
#[derive(Debug)]
pub(crate) struct Words {
    pub en: &'static str,
    pub zh: &'static str,
}

/// A kind of alert.
#[derive(Debug)]
pub(crate) struct Kind {
    pub name: &'static str,
    pub severity: Severity,
    pub summary: Words,
    pub advice: Words,
}

/// One way to recognise a kind.
pub(crate) struct Rule {
    pub kind: &'static Kind,
    /// Who must have written the line: a tag as in `Line::is_from`.
    pub from: &'static str,
    /// A line without any of these is not looked at.
    pub anchors: &'static [&'static str],
    /// Reads the first line; `None` when it only resembles the event.
    pub read: fn(&str) -> Option<Found>,
    /// Reads the next lines of the same speaker; `None` for events of one line.
    pub follow: Option<fn(&mut Found, &str) -> Flow>,
    /// What the line means while the host starts or stops.
    pub turn: Turn,
    /// Only so many make an event.
    pub threshold: Option<Threshold>,
    /// The line is no event: it says that the last one of this kind and subject is over.
    pub recovery: bool,
}

impl Rule {
    /// A rule for an event of one line; the other fields are given with `..`.
    pub(crate) const fn line(
        kind: &'static Kind,
        from: &'static str,
        anchors: &'static [&'static str],
        read: fn(&str) -> Option<Found>,
    ) -> Self {
        Self { kind, from, anchors, read, follow: None, turn: Turn::Same, threshold: None, recovery: false }
    }

    /// A rule for a line that says that an event of this kind and subject is over.
    pub(crate) const fn recovery(
        kind: &'static Kind,
        from: &'static str,
        anchors: &'static [&'static str],
        read: fn(&str) -> Option<Found>,
    ) -> Self {
        Self { recovery: true, ..Self::line(kind, from, anchors, read) }
    }

    /// A rule for an event of one or more lines of the same speaker.
    pub(crate) const fn block(
        kind: &'static Kind,
        from: &'static str,
        anchors: &'static [&'static str],
        read: fn(&str) -> Option<Found>,
        follow: fn(&mut Found, &str) -> Flow,
    ) -> Self {
        Self { kind, from, anchors, read, follow: Some(follow), ..Self::line(kind, from, anchors, read) }
    }
}

/// What an event means while the host starts or stops in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The same as ever.
    Same,
    /// Nothing, in either case.
    Nothing,
    /// Little, while it stops.
    Low,
}

/// Whether a line belongs to the open block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It does, and more may come.
    More,
    /// It does, and is the last one.
    Last,
    /// It is part of the story but no evidence, and more may come.
    Aside,
    /// It does not, but more may come: it tells of another thing of the same sort.
    Other,
    /// It does not; the block ended before it.
    Over,
}

/// What a rule read so far.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// What the event is about: repeats with the same kind and subject are one alert.
    pub subject: String,
    /// Values for the summary.
    pub values: Vec<(&'static str, String)>,
    /// In place of the rule's kind.
    pub kind: Option<&'static Kind>,
    /// In place of the kind's severity.
    pub severity: Option<Severity>,
    /// The block has shown enough to be an alert.
    pub sure: bool,
    /// The block has shown what it is about; used by the rule itself.
    pub settled: bool,
    /// How many events the line stands for.
    pub weight: u64,
    /// The line just read says that the event is over.
    pub over: bool,
    /// Another name of the subject, by which a recovery may call it.
    pub alias: Option<String>,
}

impl Found {
    /// An event about `subject`.
    pub(crate) fn about(subject: &str) -> Self {
        Self {
            subject: cut::limited(subject.trim(), VALUE),
            values: Vec::new(),
            kind: None,
            severity: None,
            sure: true,
            settled: false,
            weight: 1,
            over: false,
            alias: None,
        }
    }

    /// With one more value; nothing changes when the line did not have it.
    pub(crate) fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.set(name, value);
        self
    }

    /// With a severity in place of the kind's.
    pub(crate) fn at(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// With a kind in place of the rule's.
    pub(crate) fn of(mut self, kind: &'static Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Not yet an alert.
    pub(crate) fn unsure(mut self) -> Self {
        self.sure = false;
        self
    }

    /// Sets or replaces a value.
    pub(crate) fn set(&mut self, name: &'static str, value: Option<&str>) {
        let Some(value) = value else { return };
        let value = cut::limited(value.trim(), VALUE);
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.values.push((name, value)),
        }
    }

    /// The value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        if name == "subject" {
            return Some(&self.subject);
        }
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

impl Words {
    /// The statement with the values of `found`.
    pub(crate) fn fill(&self, found: &Found) -> Text {
        Text { en: fill(self.en, found).into_owned(), zh: fill(self.zh, found).into_owned() }
    }
}

/// Optional parts first, then the values outside them; a value that is missing there becomes `?`.
fn fill<'a>(template: &'a str, found: &Found) -> Cow<'a, str> {
    if !template.contains(['[', '{']) {
        return template.into();
    }
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((plain, tail)) = rest.split_once('[') {
        let Some((part, tail)) = tail.split_once(']') else { break };
        values(plain, found, &mut out);
        let start = out.len();
        if !values(part, found, &mut out) {
            out.truncate(start);
        }
        rest = tail;
    }
    values(rest, found, &mut out);
    out.into()
}

/// Appends `template` with its values; false when one was missing.
fn values(template: &str, found: &Found, out: &mut String) -> bool {
    let mut whole = true;
    let mut rest = template;
    while let Some((plain, tail)) = rest.split_once('{') {
        let Some((name, tail)) = tail.split_once('}') else { break };
        out.push_str(plain);
        whole &= found.get(name).is_some();
        out.push_str(found.get(name).unwrap_or("?"));
        rest = tail;
    }
    out.push_str(rest);
    whole
}
