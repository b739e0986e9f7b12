//! The agent's lines on standard error: one for each event, in the language of the locale, made safe. In: lines, and how long the
//! process runs. Out: those that are worth a line. Never: more than so many, whatever a center does.

use std::time::{Duration, Instant};

use crate::{term, text, texts::Texts};

/// Most lines at once, and seconds for each further one.
const LINES: (f64, f64) = (30.0, 20.0);
/// For how long the same line is not said again.
const SAME: Duration = Duration::from_hours(1);

/// What is said.
#[derive(Debug)]
pub(super) struct Journal<'a> {
    pub(super) texts: &'a Texts,
    begun: Instant,
    limit: Limit,
}

impl<'a> Journal<'a> {
    pub(super) fn new(texts: &'a Texts) -> Self {
        Self { texts, begun: Instant::now(), limit: Limit::new() }
    }

    /// Says a line, unless it was said just now or there were too many.
    pub(super) fn say(&mut self, line: &str) {
        let Some(dropped) = self.limit.lets(line, self.begun.elapsed()) else { return };
        if dropped > 0 {
            term::note(&text!(self.texts, "agent-dropped", count = dropped));
        }
        term::note(&term::escape(line));
    }
}

/// How many lines there may be.
#[derive(Debug)]
struct Limit {
    left: f64,
    at: Duration,
    last: Option<(String, Duration)>,
    dropped: u64,
}

impl Limit {
    fn new() -> Self {
        Self { left: LINES.0, at: Duration::ZERO, last: None, dropped: 0 }
    }

    /// Whether a line may be said at `now`: how many were not since the last one.
    fn lets(&mut self, line: &str, now: Duration) -> Option<u64> {
        if self.last.as_ref().is_some_and(|(last, at)| last == line && now.saturating_sub(*at) < SAME) {
            return None;
        }
        let (most, each) = LINES;
        self.left = (self.left + now.saturating_sub(self.at).as_secs_f64() / each).min(most);
        self.at = self.at.max(now);
        if self.left < 1.0 {
            self.dropped += 1;
            return None;
        }
        self.left -= 1.0;
        self.last = Some((line.to_owned(), now));
        Some(std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_becomes_a_trickle_and_says_so() {
        let mut limit = Limit::new();
        let at = |second| Duration::from_secs(second);
        let said = (0..1000).filter(|number| limit.lets(&number.to_string(), at(1)).is_some()).count();
        assert_eq!(said, 30);
        assert_eq!(limit.lets("later", at(30)), Some(970));
        assert_eq!(limit.lets("later", at(60)), None, "the same");
        assert_eq!(limit.lets("other", at(90)), Some(0));
        assert_eq!(limit.lets("other", at(90 + 3600)), Some(0), "the same, an hour later");
        let said = (0..100_000).filter(|second| limit.lets(&second.to_string(), at(4000 + second)).is_some()).count();
        assert!(said <= 30 + 100_000 / 20, "{said}");
    }
}
