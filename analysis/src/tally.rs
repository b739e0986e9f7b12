//! Events that matter only in numbers: many of one subject within a short time.
//!
//! In: single events of one rule with time and line. Out: one [`Burst`] per subject and attack. Never keeps more than
//! [`SUBJECTS`] subjects.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

/// Subjects watched at once; beyond it the quiet ones are forgotten, then new ones are not watched.
const SUBJECTS: usize = 1024;

/// How many events within how many seconds make a burst; it ends after as long a pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threshold {
    pub events: usize,
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

#[derive(Debug, Default)]
struct Watched {
    recent: VecDeque<(Timestamp, u64)>,
    count: u64,
    hot: Option<((Timestamp, u64), (Timestamp, u64))>,
}

/// The subjects of one rule in one member.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    watched: BTreeMap<String, Watched>,
}

impl Tally {
    /// Takes `weight` events of a subject; gives the burst that ended before them, if any.
    pub(crate) fn add(&mut self, subject: &str, time: Timestamp, line: u64, weight: u64, threshold: Threshold) -> Option<Burst> {
        let soon = |earlier: Timestamp| (time.as_second() - earlier.as_second()).abs() <= threshold.seconds;
        if !self.watched.contains_key(subject) && self.watched.len() >= SUBJECTS {
            self.watched.retain(|_, watched| watched.hot.is_some() || watched.recent.back().is_some_and(|(time, _)| soon(*time)));
            if self.watched.len() >= SUBJECTS {
                return None;
            }
        }
        let watched = self.watched.entry(subject.to_owned()).or_default();
        let mut ended = None;
        if let Some((first, last)) = watched.hot {
            if soon(last.0) {
                watched.count += weight;
                watched.hot = Some((first, (time, line)));
                return None;
            }
            ended = Some(Burst { subject: subject.to_owned(), count: watched.count, first, last });
            *watched = Watched::default();
        }
        watched.recent.retain(|(earlier, _)| soon(*earlier));
        let copies = usize::try_from(weight).unwrap_or(usize::MAX).min(threshold.events);
        watched.recent.extend(std::iter::repeat_n((time, line), copies));
        if let (Some(first), true) = (watched.recent.front(), watched.recent.len() >= threshold.events) {
            watched.hot = Some((*first, (time, line)));
            watched.count = watched.recent.len() as u64;
            watched.recent.clear();
        }
        ended
    }

    /// The bursts still going on at the end of the member.
    pub(crate) fn finish(self) -> impl Iterator<Item = Burst> {
        self.watched.into_iter().filter_map(|(subject, watched)| {
            let (first, last) = watched.hot?;
            Some(Burst { subject, count: watched.count, first, last })
        })
    }
}
