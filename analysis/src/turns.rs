//! When the host starts and when it stops, as the lines of one member tell.
//!
//! In: the lines that hold a mark of either. Out: whether another line was written in the first minutes of a boot or the last
//! of a shutdown, when links go up and down and services end without anything being wrong.

use jiff::Timestamp;

use crate::head::Line;

/// Links settle in the first seconds after the boot.
const STARTING: i64 = 300;
/// A host that was told to stop does so within so many seconds.
const STOPPING: i64 = 120;
/// The first line of a boot.
const BOOT: &str = "Linux version ";
/// Who says that the host stops, and how: systemd 243 and 249 name their targets differently. A user's systemd says the
/// same at the end of a session.
const STOPS: &[(&str, &str, &[&str])] = &[
    ("systemd-logind", "System is ", &["rebooting", "powering down", "halting"]),
    ("systemd[1]", "Reached target ", &["Reboot", "Shutdown", "Power-Off", "Halt"]),
    ("systemd[1]", "Reached target ", &["System Reboot", "System Shutdown", "System Power Off", "System Halt"]),
];

/// The newest boot and the newest shutdown.
#[derive(Debug)]
pub(crate) struct Turns {
    /// The boot of the running kernel, as other members tell.
    running: Option<Timestamp>,
    started: Option<Timestamp>,
    stopping: Option<Timestamp>,
}

impl Turns {
    pub(crate) fn new(running: Option<Timestamp>) -> Self {
        Self { running, started: None, stopping: None }
    }

    /// A line without any of these need not be shown to [`Turns::note`].
    pub(crate) fn marks() -> impl Iterator<Item = &'static str> {
        std::iter::once(BOOT).chain(STOPS.iter().map(|(_, start, _)| *start))
    }

    /// Takes a line that may say that the host starts or stops.
    pub(crate) fn note(&mut self, line: &Line<'_>) {
        if line.tag == "kernel" && line.text.starts_with(BOOT) {
            (self.started, self.stopping) = (line.time, None);
        }
        let stops = STOPS.iter().any(|(from, start, words)| {
            let rest = line.text.strip_prefix(start).filter(|_| line.is_from(from));
            let rest = rest.map(|rest| rest.split_once(".target - ").map_or(rest, |(_, name)| name));
            words
                .iter()
                .any(|word| rest.and_then(|rest| rest.strip_prefix(word)).is_some_and(|rest| rest.starts_with(['.', ' '])))
        });
        if stops {
            self.stopping = line.time;
        }
    }

    /// Whether the line was written in the first minutes after a boot.
    pub(crate) fn is_starting(&self, line: &Line<'_>) -> bool {
        match (line.stamp, line.time) {
            (Some(stamp), _) => stamp < STARTING as u64 * 1_000_000,
            (None, Some(time)) => [self.started, self.running].into_iter().any(|since| within(since, time, STARTING)),
            _ => false,
        }
    }

    /// Whether the line was written while the host stops.
    pub(crate) fn is_stopping(&self, line: &Line<'_>) -> bool {
        line.time.is_some_and(|time| within(self.stopping, time, STOPPING))
    }
}

/// Whether `time` is less than so many seconds after `since`.
fn within(since: Option<Timestamp>, time: Timestamp, seconds: i64) -> bool {
    since.is_some_and(|since| (0..seconds).contains(&(time.as_second() - since.as_second())))
}
