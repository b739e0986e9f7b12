//! All findings of a bundle become one list of alerts and one card of facts.
//!
//! In: the [`Findings`] of every member, in any order. Out: one [`Conclusion`], the same for every order.
//! The same event seen in two members counts once; repeats of an event are one alert.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    alerts::{Alert, Evidence, Severity, Text},
    facts::{Facts, Partial},
    findings::{Entry, Findings, RANGES},
    operations::{self, Operation, OperationKind},
    state,
    tap::{Context, is_state},
};

/// Alerts kept; the rest is counted by kind.
const ALERTS: usize = 500;
/// Two members tell of the same event when their times differ by no more seconds than this.
const SAME: i64 = 2;
/// Kinds whose log lines tell of a state that comes and goes by itself: once it is over there is nothing to do.
const PASSING: &[&str] = &["clock_unsynced"];
/// Repeats of the same subject within so many seconds of each other are one alert.
const REPEAT: i64 = 24 * 3600;

/// What a bundle says.
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// At most 500 alerts, most severe first, then newest first.
    pub alerts: Vec<Alert>,
    /// Events that found no room in `alerts` or in the memory of their member, counted by kind.
    pub left_out: BTreeMap<String, u64>,
    /// What the host is.
    pub facts: Facts,
    /// What was done on the host, at most 5,000 records, oldest first.
    pub operations: Vec<Operation>,
    /// Operations that found no room, counted by kind.
    pub operations_left_out: BTreeMap<OperationKind, u64>,
}

/// Draws the conclusion from the findings of all members of one bundle.
pub fn conclude(mut findings: Vec<Findings>) -> Conclusion {
    findings.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| format!("{:?}", a.facts).cmp(&format!("{:?}", b.facts))));
    let zone = findings.first().map_or(TimeZone::UTC, |first| first.zone.clone());
    let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
    let mut groups: BTreeMap<(&'static str, String), BTreeSet<Seen>> = BTreeMap::new();
    let mut recoveries: Recoveries = BTreeMap::new();
    let mut facts = Partial::default();
    let mut done = Vec::new();
    let latest = findings.iter().map(|findings| findings.latest).max();
    for one in &mut findings {
        facts = std::mem::take(&mut facts).or(std::mem::take(&mut one.facts));
    }
    let names = Names::of_running(&facts, latest);
    if let Some(latest) = latest {
        let context = Context { latest, zone: zone.clone(), booted: None };
        findings.extend(state::conntrack(&facts.facts, &context));
    }
    for one in findings {
        for (kind, count) in one.left_out {
            *left_out.entry(kind.to_owned()).or_default() += count;
        }
        for (kind, known) in one.recoveries {
            for (subject, time) in known {
                let subject = names.of(&subject, Some(time)).map_or(subject.clone(), str::to_owned);
                recoveries.entry((kind, subject)).or_default().insert(time);
            }
        }
        for mut entry in one.entries.into_values().flatten() {
            names.give(&mut entry);
            let place = if one.tables { format!("{}#{}", one.path, entry.from) } else { one.path.clone() };
            let seen = Seen::new(place, one.state, &entry);
            groups.entry((entry.kind.name, entry.subject)).or_default().insert(seen);
        }
        done.push((one.path, one.operations));
    }
    let mut episodes: Vec<Episode> = groups
        .into_iter()
        .flat_map(|((kind, subject), seen)| {
            episodes(seen).into_iter().map(move |episode| Episode { kind, subject: subject.clone(), ..episode })
        })
        .map(|episode| Episode { ended: episode.recovered(&recoveries), ..episode })
        .filter(|episode| !episode.has_passed())
        .collect();
    episodes.sort_by(|a, b| {
        let newest = b.last.cmp(&a.last).then_with(|| b.first.cmp(&a.first));
        b.severity.cmp(&a.severity).then(newest).then_with(|| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)))
    });
    for episode in episodes.drain(ALERTS.min(episodes.len())..) {
        *left_out.entry(episode.kind.to_owned()).or_default() += episode.count;
    }
    let (operations, operations_left_out) = operations::merge(done, &zone);
    let facts = latest.map(|latest| facts.complete(latest, &zone, &operations)).unwrap_or_default();
    let alerts = episodes.into_iter().map(|episode| episode.alert(&zone)).collect();
    Conclusion { alerts, left_out, facts, operations, operations_left_out }
}

/// Names of block devices by number. A number may have been another device's before the boot.
#[derive(Debug)]
struct Names {
    by_number: BTreeMap<String, String>,
    since: Option<Timestamp>,
}

impl Names {
    fn of_running(facts: &Partial, latest: Option<Timestamp>) -> Self {
        let seconds = facts.facts.uptime_seconds.and_then(|seconds| i64::try_from(seconds).ok());
        let since = latest.zip(seconds).and_then(|(latest, seconds)| latest.checked_sub(SignedDuration::from_secs(seconds)).ok());
        Self { by_number: facts.hidden.devices.clone(), since }
    }

    fn of(&self, number: &str, time: Option<Timestamp>) -> Option<&str> {
        self.by_number.get(number).filter(|_| time >= self.since && self.since.is_some()).map(String::as_str)
    }

    /// Gives an event of a number the name that other sources have for it.
    fn give(&self, entry: &mut Entry) {
        let Some(name) = self.of(&entry.subject, entry.first).map(str::to_owned) else { return };
        for text in [&mut entry.summary.en, &mut entry.summary.zh] {
            *text = text.replacen(&entry.subject, &name, 1);
        }
        entry.subject = name;
    }
}

/// When events of a kind and subject were over.
type Recoveries = BTreeMap<(&'static str, String), BTreeSet<Timestamp>>;

/// An entry with its member. The order of the fields is the order in which entries are folded: by time, then place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    first: Option<Timestamp>,
    path: String,
    from: &'static str,
    ranges: Vec<(u64, u64)>,
    last: Option<Timestamp>,
    stamp: Option<u64>,
    count: u64,
    severity: Severity,
    summary: Text,
    advice: (&'static str, &'static str),
    alias: Option<String>,
    state: bool,
}

impl Seen {
    fn new(path: String, state: bool, entry: &Entry) -> Self {
        Self {
            first: entry.first,
            path,
            from: entry.from,
            ranges: entry.ranges.clone(),
            last: entry.last,
            stamp: entry.stamp,
            count: entry.count,
            severity: entry.severity,
            summary: entry.summary.clone(),
            advice: (entry.kind.advice.en, entry.kind.advice.zh),
            alias: entry.alias.clone(),
            state,
        }
    }
}

/// One alert in the making.
#[derive(Debug)]
struct Episode {
    kind: &'static str,
    subject: String,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    stamps: Vec<u64>,
    /// Member and speaker.
    tellers: BTreeSet<(String, &'static str)>,
    count: u64,
    severity: Severity,
    summary: Text,
    advice: (&'static str, &'static str),
    evidence: Vec<Evidence>,
    aliases: BTreeSet<String>,
    state: bool,
    ended: Option<Timestamp>,
}

/// The alerts of one kind and subject, from entries sorted by time.
fn episodes(seen: BTreeSet<Seen>) -> Vec<Episode> {
    let (timeless, timed): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|seen| seen.first.is_none());
    let mut events: Vec<Episode> = Vec::new();
    for seen in timed {
        let twin = events
            .iter_mut()
            .rev()
            .find(|event| !event.tellers.contains(&(seen.path.clone(), seen.from)) && event.is_told_by(&seen));
        match twin {
            Some(event) => event.confirm(seen),
            None => events.push(Episode::new(seen)),
        }
    }
    let mut episodes: Vec<Episode> = Vec::new();
    for event in events {
        let near =
            episodes.last().is_some_and(|episode| seconds_between(episode.last, event.first).is_some_and(|gap| gap <= REPEAT));
        match episodes.last_mut() {
            Some(episode) if near => episode.repeat(event),
            _ => episodes.push(event),
        }
    }
    for seen in timeless {
        match episodes.last_mut() {
            Some(episode) => episode.confirm(seen),
            None => episodes.push(Episode::new(seen)),
        }
    }
    episodes
}

/// Seconds from `earlier` to `later`; negative when they overlap.
fn seconds_between(earlier: Option<Timestamp>, later: Option<Timestamp>) -> Option<i64> {
    Some(later?.as_second() - earlier?.as_second())
}

impl Episode {
    fn new(seen: Seen) -> Self {
        let Seen { first, path, from, ranges, last, stamp, count, severity, summary, advice, alias, state } = seen;
        let evidence = ranges.into_iter().map(|(line, end)| Evidence { path: path.clone(), line, end }).collect();
        Self {
            kind: "",
            subject: String::new(),
            first,
            last,
            stamps: stamp.into_iter().collect(),
            tellers: BTreeSet::from([(path, from)]),
            count,
            severity,
            summary,
            advice,
            evidence,
            aliases: alias.into_iter().collect(),
            state,
            ended: None,
        }
    }

    /// The first recovery after the last event.
    fn recovered(&self, recoveries: &Recoveries) -> Option<Timestamp> {
        // Some sources have whole seconds only.
        let last = Timestamp::from_second(self.last?.as_second()).ok()?;
        let names = self.aliases.iter().chain([&self.subject]);
        let known = names.filter_map(|name| recoveries.get(&(self.kind, name.clone())));
        known.filter_map(|times| times.range(last..).next().copied()).min()
    }

    /// Whether it is over, and of a kind of which only what lasts is told.
    fn has_passed(&self) -> bool {
        let lasts = self.evidence.iter().any(|evidence| is_state(&evidence.path));
        PASSING.contains(&self.kind) && self.ended.is_some() && !lasts
    }

    /// Whether another member tells of this very event.
    fn is_told_by(&self, seen: &Seen) -> bool {
        let overlap = seconds_between(self.last, seen.first).is_some_and(|gap| gap <= SAME)
            && seconds_between(seen.last, self.first).is_some_and(|gap| gap <= SAME);
        overlap || seen.stamp.is_some_and(|stamp| self.stamps.contains(&stamp))
    }

    /// Takes in what another member tells of the same event.
    fn confirm(&mut self, seen: Seen) {
        self.count = self.count.max(seen.count);
        self.join(Self::new(seen));
    }

    /// Takes in a repeat.
    fn repeat(&mut self, event: Self) {
        self.count += event.count;
        self.join(event);
    }

    /// The text of the most severe event counts, of the newest among equals, of the first member among copies.
    fn join(&mut self, other: Self) {
        let newer = other.last > self.last && seconds_between(self.last, other.last).is_none_or(|gap| gap > SAME);
        if other.severity > self.severity || (other.severity == self.severity && newer) {
            self.summary = other.summary;
        }
        self.severity = self.severity.max(other.severity);
        self.first = self.first.or(other.first).min(other.first.or(self.first));
        self.last = self.last.max(other.last);
        self.stamps.extend(other.stamps);
        self.tellers.extend(other.tellers);
        self.evidence.extend(other.evidence);
        self.aliases.extend(other.aliases);
        self.state &= other.state;
    }

    fn alert(self, zone: &TimeZone) -> Alert {
        let time = |moment: Option<Timestamp>| {
            moment.map(|moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
        };
        Alert {
            kind: self.kind.to_owned(),
            severity: self.severity,
            first: time(self.first),
            last: time(self.last),
            ended: time(self.ended),
            state: self.state,
            count: self.count,
            evidence: capped(self.evidence),
            summary: self.summary,
            advice: Text { en: self.advice.0.to_owned(), zh: self.advice.1.to_owned() },
        }
    }
}

/// At most [`RANGES`] ranges; every member keeps its first ones before any keeps its later ones.
fn capped(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    evidence.sort();
    evidence.dedup();
    let mut rank: BTreeMap<String, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, Evidence)> = evidence
        .into_iter()
        .map(|one| {
            let rank = rank.entry(one.path.clone()).or_default();
            *rank += 1;
            (*rank, one)
        })
        .collect();
    ranked.sort();
    ranked.truncate(RANGES);
    let mut kept: Vec<Evidence> = ranked.into_iter().map(|(_, one)| one).collect();
    kept.sort();
    kept
}
