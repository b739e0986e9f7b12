//! Events that matter only in numbers: many of one subject within a short time.
//!
//! In: single events of one rule with time and line. Out: one [`Burst`] per subject and attack. Never keeps more than
//! [`SUBJECTS`] subjects.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

/// Subjects watched at once; beyond it the quiet ones are forgotten, then new ones are not watched.
const SUBJECTS: usize = 1024;
/// The most events one line stands for: the number in `message repeated n times` is whatever the line says.
pub(crate) const REPEATS: u64 = 10_000;

/// How many events within how many seconds make a burst; it ends after as long a pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threshold {
    pub events: u64,
    pub seconds: i64,
}

/// A finished burst.
#[derive(Debug)]
pub(crate) struct Burst {
    pub subject: String,
    pub count: u64,
    pub first: (Timestamp, u64),
    pub last: (Timestamp, u64),
}

/// One event or more of a line.
#[derive(Clone, Copy, Debug)]
struct Seen {
    time: Timestamp,
    line: u64,
    weight: u64,
}

#[derive(Debug, Default)]
struct Watched {
    /// Fewer than make a burst.
    recent: VecDeque<Seen>,
    /// A burst's first and last line, and its events.
    hot: Option<(Seen, Seen, u64)>,
}

impl Watched {
    fn last(&self) -> Option<Timestamp> {
        self.hot.map(|(_, last, _)| last).or(self.recent.back().copied()).map(|last| last.time)
    }

    fn burst(&self, subject: &str) -> Option<Burst> {
        let (first, last, count) = self.hot?;
        Some(Burst { subject: subject.to_owned(), count, first: (first.time, first.line), last: (last.time, last.line) })
    }
}

/// The subjects of one rule in one member.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    watched: BTreeMap<String, Watched>,
    /// The second in which room was last sought: once in a second is enough.
    swept: Option<i64>,
}

impl Tally {
    /// Takes `weight` events of a subject; gives the bursts that ended before them.
    pub(crate) fn add(&mut self, subject: &str, time: Timestamp, line: u64, weight: u64, threshold: Threshold) -> Vec<Burst> {
        let soon = |earlier: Timestamp| (time.as_second() - earlier.as_second()).abs() <= threshold.seconds;
        let mut ended = Vec::new();
        if !self.watched.contains_key(subject) && self.watched.len() >= SUBJECTS {
            if self.swept != Some(time.as_second()) {
                self.swept = Some(time.as_second());
                self.watched.retain(|subject, watched| {
                    let keep = watched.last().is_some_and(soon);
                    ended.extend(watched.burst(subject).filter(|_| !keep));
                    keep
                });
            }
            if self.watched.len() >= SUBJECTS {
                return ended;
            }
        }
        let seen = Seen { time, line, weight: weight.min(REPEATS) };
        let watched = self.watched.entry(subject.to_owned()).or_default();
        if let Some((_, last, count)) = &mut watched.hot {
            if soon(last.time) {
                *last = seen;
                *count = count.saturating_add(seen.weight);
                return ended;
            }
            ended.extend(watched.burst(subject));
            *watched = Watched::default();
        }
        watched.recent.retain(|earlier| soon(earlier.time));
        watched.recent.push_back(seen);
        let count = watched.recent.iter().fold(0, |count: u64, seen| count.saturating_add(seen.weight));
        if let (Some(first), true) = (watched.recent.front(), count >= threshold.events) {
            watched.hot = Some((*first, seen, count));
            watched.recent.clear();
        }
        ended
    }

    /// The bursts still going on at the end of the member.
    pub(crate) fn finish(self) -> impl Iterator<Item = Burst> {
        self.watched.into_iter().filter_map(|(subject, watched)| watched.burst(&subject))
    }
}
