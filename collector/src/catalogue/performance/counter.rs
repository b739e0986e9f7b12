//! What all samplers share: files of `/proc` as words and numbers, rates of counters, cells of CSV.
//!
//! In: text of the kernel. Out: numbers, and cells that are empty where there is no honest number.
//!
//! Why not sysinfo here: the samplers want the kernel's own counters at known moments, one read for each file and
//! second, through the same guarded way of opening files as all else. sysinfo keeps a model of the whole machine,
//! refreshes more than is asked for, and gives rates already made.

use std::{
    fmt,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::host::Host;

/// Reads a file of `/proc` as text; empty when it cannot be read. 4 MiB hold `/proc/stat` of the largest machines.
pub(super) fn text(host: &Host, path: &str) -> String {
    String::from_utf8_lossy(&host.read(path, 4 << 20).unwrap_or_default()).into_owned()
}

/// The time column: RFC 3339, UTC, whole seconds.
pub(super) fn stamp(moment: Timestamp) -> impl fmt::Display {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ")
}

/// A cell: the number with one decimal, or nothing.
pub(super) struct Cell(pub(super) Option<f64>);

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) if number.is_finite() => write!(f, "{number:.1}"),
            _ => Ok(()),
        }
    }
}

/// How far a counter went; nothing when it went back: it wrapped, was reset, or belongs to a new device of the old name.
pub(super) fn gone(before: Option<u64>, after: Option<u64>) -> Option<f64> {
    Some(after?.checked_sub(before?)? as f64)
}

/// What a sampler read last, and when; rates are over the time really passed, not over the nominal second.
pub(super) struct Last<T>(Option<(Instant, T)>);

impl<T> Last<T> {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Puts what was read now in place of what was read before; gives the latter and the seconds between.
    pub(super) fn replace(&mut self, now: T) -> Option<(T, f64, &T)> {
        let moment = Instant::now();
        let before = self.0.replace((moment, now));
        let (_, now) = self.0.as_ref()?;
        let (then, before) = before?;
        Some((before, moment.duration_since(then).as_secs_f64().max(0.001), now))
    }
}

/// Keeps a sampler below a twentieth of one processor: after a look that took long, some seconds pass without one. Rates
/// stay true, as they are over the time really passed.
pub(super) struct Pace {
    rest: u32,
}

impl Pace {
    /// The share of a second that one look may take.
    const SHARE: Duration = Duration::from_millis(50);

    pub(super) fn new() -> Self {
        Self { rest: 0 }
    }

    /// Looks, if it is time to.
    pub(super) fn look<T>(&mut self, look: impl FnOnce() -> T) -> Option<T> {
        if let Some(rest) = self.rest.checked_sub(1) {
            self.rest = rest;
            return None;
        }
        let started = Instant::now();
        let seen = look();
        self.rest = (started.elapsed().as_millis() / Self::SHARE.as_millis()) as u32;
        Some(seen)
    }
}

/// A name that the host chose, as one cell: nothing in it ends a cell or a line.
pub(super) fn name(bytes: &[u8]) -> String {
    let odd = |c: char| c.is_control() || matches!(c, ',' | '"');
    String::from_utf8_lossy(bytes).chars().map(|c| if odd(c) { '?' } else { c }).collect()
}

/// The numbers of a line, those that are none as nothing.
pub(super) fn numbers(line: &str) -> Vec<Option<u64>> {
    line.split_ascii_whitespace().map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_goes_back_gives_an_empty_cell() {
        assert_eq!(Cell(gone(Some(10), Some(25))).to_string(), "15.0");
        assert_eq!(Cell(gone(Some(u64::MAX), Some(3))).to_string(), "");
        assert_eq!(Cell(gone(None, Some(3))).to_string(), "");
        assert_eq!(Cell(Some(f64::NAN)).to_string(), "");
    }

    #[test]
    fn a_look_that_takes_long_is_followed_by_seconds_without_one() {
        let mut pace = Pace::new();
        assert_eq!(pace.look(|| std::thread::sleep(Duration::from_millis(160))), Some(()));
        let skipped = std::iter::from_fn(|| pace.look(|| ()).is_none().then_some(())).count();
        assert!(skipped >= 3, "{skipped}");
    }
}
