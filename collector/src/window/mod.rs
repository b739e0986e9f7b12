//! The window of time inside a log: which of its lines are wanted, by their own stamps.
//!
//! In: an open log, plain or compressed, and the window. Out: [`Found`]: that no line lies in it, that the lines have no stamps
//! we know, or a [`Part`] whose reader gives exactly the lines of the window, byte for byte and in their order. A line
//! without a stamp of its own belongs to the line before it. The log is read twice at most, in buffers of fixed size; a
//! large sorted one is entered near the window by its stamps. Never writes, never seeks in a pipe, never keeps a line.

mod filter;
mod judge;
mod sar;
mod seek;

use std::{
    cell::Cell,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use oediag_analysis::Context;
use oediag_protocol::bundle::manifest::{self, Kept};

pub use self::{filter::Filter, sar::is_sar};
use self::{filter::Survey, judge::Judge};
use crate::{
    catalogue::{Probe, Source, Topic},
    packed::Packing,
};

/// How many times the item cap is read of a log whose lines are in no order, from its end, and of a compressed one.
const SCAN: u64 = 16;
/// Compressed text may inflate to at most this many times its size.
pub const MAX_RATIO: u64 = 200;
/// How long after a moment the same time of the day may come again, when a clock is set back for the winter.
const TWICE: SignedDuration = SignedDuration::from_hours(2);

/// A window of time; its ends belong to it. The default has none: all there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// What a log is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The log's path on the host.
    pub path: &'a str,
    /// The window.
    pub window: Window,
    /// When it was last changed, as the file system says.
    pub changed: Timestamp,
    /// The host's present and its zone.
    pub context: &'a Context,
    /// Most bytes wanted; of more, the newest are taken.
    pub cap: u64,
    /// How it is compressed, if it is.
    pub packing: Option<Packing>,
    /// Asked between reads; false ends the search with [`io::ErrorKind::TimedOut`].
    pub go_on: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("path", &self.path).field("window", &self.window).finish_non_exhaustive()
    }
}

/// What a log has of the window.
#[derive(Debug)]
pub enum Found {
    /// No line has a stamp that we know: the window cannot be applied.
    NoStamps,
    /// No line lies in it.
    Nothing,
    /// No line that was read lies in it, and not all was read: the log is longer than what is read of one in no order, or of
    /// a compressed one.
    OutOfReach,
    /// Lines that lie in it.
    Part(Box<Part>),
}

/// The lines of a log that lie in the window.
#[derive(Debug)]
pub struct Part {
    judge: Judge,
    from: u64,
    to: Option<u64>,
    skip: u64,
    most: u64,
    /// Bytes of the lines, before redaction.
    pub bytes: u64,
    /// Lines before the first one taken, where the log was read from its beginning.
    pub line_offset: Option<u64>,
    /// Which lines of the window there are, when others are left out: the older ones for the cap, or those that come where
    /// reading ended.
    pub cut: Option<Kept>,
    /// The moment of a stamp before or in the first line, by which the years of the following ones are known.
    pub start: Option<Timestamp>,
}

impl Window {
    /// The window of a request, unless it has no ends.
    pub fn of(asked: &manifest::Window) -> Option<Self> {
        let moment = |time: oediag_protocol::time::Time| Timestamp::from_second(time.0).ok();
        let window = Self { since: asked.since.and_then(moment), until: asked.until.and_then(moment) };
        (window.since.is_some() || window.until.is_some()).then_some(window)
    }

    /// Whether a moment lies in it.
    pub fn holds(&self, moment: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= moment) && self.until.is_none_or(|until| moment <= until)
    }

    /// Whether a moment lies in it that may be told by a time of the day in a zone: of one that comes twice, either one. More than
    /// was asked for, rather than less.
    fn may_hold(&self, moment: Timestamp, zone: &TimeZone) -> bool {
        // A stamp without an offset is read as the first of the two.
        let shortly_before = || self.since.is_some_and(|since| moment < since && since.duration_since(moment) <= TWICE);
        let second = || zone.to_ambiguous_timestamp(zone.to_datetime(moment)).later().ok();
        self.holds(moment) || (shortly_before() && second().is_some_and(|second| second > moment && self.holds(second)))
    }

    /// Whether all of it is later than a moment.
    pub fn is_after(&self, moment: Timestamp) -> bool {
        self.since.is_some_and(|since| since > moment)
    }
}

/// Whether a file is a log, whose lines are of different times; a configuration file of last year is today's configuration.
pub fn applies(source: &Source, path: &Path) -> bool {
    match source.probe {
        Probe::Journal { .. } => true,
        Probe::File(_) | Probe::Glob { .. } => {
            path.starts_with("/var/log") || (source.topic == Topic::Logs && !path.starts_with("/etc"))
        }
        _ => false,
    }
}

/// No line of a file is newer than its last change or the collection, whichever came first.
pub fn latest(changed: Timestamp, now: Timestamp) -> Timestamp {
    if has_time(changed) { changed.min(now) } else { now }
}

/// Whether a time of last change is one: copies of a host may carry none at all.
pub fn has_time(changed: Timestamp) -> bool {
    changed.as_second() > 946_684_800
}

/// Looks for the window in a log of `size` bytes. A log without stamps that was last changed before the window has nothing
/// of it.
///
/// # Errors
///
/// What reading gives, broken archives included, and [`io::ErrorKind::TimedOut`].
pub fn look<R: Read + Seek>(input: &mut R, size: u64, question: &Question<'_>) -> io::Result<Found> {
    let context = Context { latest: latest(question.changed, question.context.latest), ..question.context.clone() };
    let question = &Question { context: &context, ..*question };
    let found = search(input, size, question)?;
    let old = has_time(question.changed) && question.window.is_after(question.changed);
    Ok(if old && matches!(found, Found::NoStamps) { Found::Nothing } else { found })
}

fn search<R: Read + Seek>(input: &mut R, size: u64, question: &Question<'_>) -> io::Result<Found> {
    let Question { path, window, context, cap, packing, .. } = *question;
    let packed = packing.is_some();
    let judge = |start| Judge::new(path, window, context, start);
    let most = if packed { cap.saturating_mul(SCAN).min(size.saturating_mul(MAX_RATIO)) } else { cap.saturating_mul(SCAN) };
    let mut part =
        Part { judge: judge(None), from: 0, to: None, skip: 0, most, bytes: 0, line_offset: None, cut: None, start: None };
    if !packed && size > seek::SMALL && part.judge.enters_anywhere() {
        let Some(range) = seek::range(input, size, question)? else { return Ok(Found::NoStamps) };
        (part.from, part.to) = (range.from, range.to);
        let end = range.to.unwrap_or(size);
        if end - part.from > most {
            part.from = seek::line_at(input, end - most)?;
            part.cut = Some(Kept::Tail);
        }
        part.judge = judge(range.start);
    }
    let mut reading = part.survey(input, packing, question)?;
    if part.from == 0
        && let Some(start) = reading.survey.start
    {
        // The years of the first reading were wrong: only its end told.
        part.judge = judge(Some(start));
        reading = part.survey(input, packing, question)?;
    }
    let Reading { survey, broken, more } = reading;
    // What is that much newer than the window is behind it, as in a large plain log.
    let behind = |last: Timestamp| window.until.is_some_and(|until| last.duration_since(until) > seek::SLACK);
    let missed = more && !survey.last.is_some_and(behind);
    if survey.stamped == 0 && survey.lines > 0 && part.from == 0 && part.to.is_none() {
        return Ok(Found::NoStamps);
    }
    // The second reading gives what the first one saw, however the log grows in between; it ends with a whole line.
    let (read, bytes) = if more { survey.whole } else { (survey.read, survey.bytes) };
    if survey.hits == 0 || bytes == 0 {
        return match broken {
            Some(error) => Err(error),
            None if missed || part.cut.is_some() => Ok(Found::OutOfReach),
            None => Ok(Found::Nothing),
        };
    }
    if broken.is_none() && packed {
        part.most = read;
    } else if broken.is_none() {
        part.to = Some(part.from + read);
    }
    part.start = survey.first;
    part.bytes = bytes.min(cap);
    if missed {
        part.cut = Some(Kept::Head);
    } else if bytes > cap {
        part.skip = bytes - cap;
        part.cut = Some(Kept::Tail);
    }
    if part.from == 0 && part.skip == 0 {
        part.line_offset = Some(survey.before);
    }
    Ok(Found::Part(Box::new(part)))
}

/// Of a log that is read from `place` on, what [`oediag_analysis::Tap::starting`] wants to know: a look at lines all over
/// a plain log tells of which years they are.
///
/// # Errors
///
/// What reading gives.
pub fn start<R: Read + Seek>(input: &mut R, size: u64, place: u64, question: &Question<'_>) -> io::Result<Option<Timestamp>> {
    let context = Context { latest: latest(question.changed, question.context.latest), ..question.context.clone() };
    seek::start(input, size, place, &Question { context: &context, ..*question })
}

impl Part {
    /// Reads the lines; `input` is what [`look`] looked at.
    ///
    /// # Errors
    ///
    /// When the input cannot be moved to where the lines begin.
    pub fn reader<R: Read + Seek + 'static>(&self, mut input: R, packing: Option<Packing>) -> io::Result<Filter<Box<dyn Read>>> {
        input.seek(SeekFrom::Start(self.from))?;
        let input: Box<dyn Read> = match packing {
            Some(packing) => Box::new(packing.reader(input)?.take(self.most)),
            None => Box::new(input.take(self.length())),
        };
        Ok(Filter::new(input, self.judge.clone(), self.skip))
    }

    fn survey<R: Read + Seek>(&self, input: &mut R, packing: Option<Packing>, question: &Question<'_>) -> io::Result<Reading> {
        input.seek(SeekFrom::Start(self.from))?;
        let more = Cell::new(false);
        let (survey, broken) = if let Some(packing) = packing {
            let inflated = Limited { inner: packing.reader(input)?, left: self.most, more: &more };
            Filter::new(inflated, self.judge.clone(), 0).survey(question.go_on)?
        } else {
            Filter::new(input.take(self.length()), self.judge.clone(), 0).survey(question.go_on)?
        };
        Ok(Reading { survey, broken, more: more.get() })
    }

    fn length(&self) -> u64 {
        self.to.map_or(u64::MAX, |to| to - self.from)
    }
}

/// What a whole reading told.
struct Reading {
    survey: Survey,
    /// Why it ended early.
    broken: Option<io::Error>,
    /// Whether there is more than was read.
    more: bool,
}

/// Reads up to a limit, and says whether there is more.
struct Limited<'a, R> {
    inner: R,
    left: u64,
    more: &'a Cell<bool>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.more.set(self.inner.read(&mut [0])? > 0);
            return Ok(0);
        }
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let got = self.inner.read(&mut buffer[..most])?;
        self.left -= got as u64;
        Ok(got)
    }
}

#[cfg(test)]
mod tests;
