//! Whether a line lies in the window of time.
//!
//! In: the lines of one file in its order. Out: a verdict on each. A line without a stamp of its own belongs to the line
//! before it; before the first stamp there is no such line, and it is left out.

use jiff::{Timestamp, tz::TimeZone};
use oediag_analysis::{Context, HEAD, Moments};

use super::{Window, sar::Sar};

/// So much of a line is enough to judge it.
pub(super) const ENOUGH: usize = HEAD;

/// What is to become of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its own stamp decides: it lies in the window, or not.
    Stamped(bool),
    /// It shares the fate of the line before.
    Follows,
    /// It shares the fate of the next line with a stamp.
    Opens,
    /// It belongs to the frame of what is kept, and says nothing of time.
    Frame,
}

/// What is known of how the lines of one file tell their time.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    window: Window,
    zone: TimeZone,
    reader: Reader,
}

#[derive(Clone, Debug)]
enum Reader {
    Log(Moments),
    Sar(Sar),
}

impl Judge {
    /// For the file at this path of the host; `start` as [`Moments::new`] takes it.
    pub(super) fn new(path: &str, window: Window, context: &Context, start: Option<Timestamp>) -> Self {
        let reader = match Sar::of(path, &context.zone) {
            Some(sar) => Reader::Sar(sar),
            None => Reader::Log(Moments::new(path, context, start)),
        };
        Self { window, zone: context.zone.clone(), reader }
    }

    /// Whether lines are judged by stamps of their own only, so that the file can be entered anywhere.
    pub(super) fn enters_anywhere(&self) -> bool {
        matches!(self.reader, Reader::Log(_))
    }

    /// What is to become of the next line; its first [`ENOUGH`] bytes are looked at.
    pub(super) fn verdict(&mut self, line: &[u8]) -> Verdict {
        match &mut self.reader {
            Reader::Sar(sar) => sar.verdict(line, &self.window),
            Reader::Log(moments) => match moments.of(line) {
                Some(moment) => Verdict::Stamped(self.window.may_hold(moment, &self.zone)),
                None if moments.opens(line) => Verdict::Opens,
                None => Verdict::Follows,
            },
        }
    }

    /// The stamp before the next line.
    pub(super) fn former(&self) -> Option<Timestamp> {
        match &self.reader {
            Reader::Log(moments) => moments.former(),
            Reader::Sar(_) => None,
        }
    }

    /// Where another reading has to start: see [`Moments::start`].
    pub(super) fn start(&self) -> Option<Timestamp> {
        match &self.reader {
            Reader::Log(moments) => moments.start(),
            Reader::Sar(_) => None,
        }
    }
}
