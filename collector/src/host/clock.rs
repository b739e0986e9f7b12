//! Stopping and ticking: one token that ends a run, and the one-second grid samplers step on.
//!
//! In: a deadline, a number of seconds. Out: whether to go on, moments by the examined host's clock.
//! Reads the monotonic clock; never blocks longer than a tenth of a second past a cancellation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// How often a sleeper looks at the flag; a flag may be set by a signal handler, which cannot wake anyone.
const LOOK: Duration = Duration::from_millis(100);

/// The token that ends a run: a flag anyone may raise, and a moment at which it counts as raised. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Cancel {
    /// A token that is raised by hand, or at `deadline` by itself.
    pub fn new(deadline: Option<Instant>) -> Self {
        Self { flag: Arc::default(), deadline }
    }

    /// Whether to stop: raised, or the deadline has passed.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed) || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The moment at which the token counts as raised.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Raises the flag for every clone.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// The flag itself, for a signal handler to set.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Sleeps until `until`; false when the token was raised before.
    pub fn sleep_until(&self, until: Instant) -> bool {
        loop {
            if self.is_cancelled() {
                return false;
            }
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { return true };
            thread::sleep(left.min(LOOK));
        }
    }
}

/// Moments one second apart: the first at once, then one per second, `seconds` + 1 in all.
///
/// They lie on a grid fixed when this was made, so work between ticks does not make them drift; points missed
/// because the work took longer are left out. Clones step on the same grid. Ends early when the token is raised.
#[derive(Debug, Clone)]
pub struct Ticks {
    start: Instant,
    first: Timestamp,
    next: u32,
    last: u32,
    cancel: Cancel,
}

impl Ticks {
    /// A grid that begins now, which the examined host's clock calls `first`.
    pub fn new(first: Timestamp, seconds: u32, cancel: Cancel) -> Self {
        Self { start: Instant::now(), first, next: 0, last: seconds, cancel }
    }
}

impl Iterator for Ticks {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        let passed = self.start.elapsed();
        // A point less than a second late is still taken; older ones are lost.
        let point = self.next.max(u32::try_from(passed.as_secs()).ok()?);
        if point > self.last || !self.cancel.sleep_until(self.start + Duration::from_secs(point.into())) {
            return None;
        }
        self.next = point + 1;
        self.first.checked_add(SignedDuration::from_secs(point.into())).ok()
    }
}
