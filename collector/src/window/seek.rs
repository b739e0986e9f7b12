//! Where in a large sorted log the window lies, by looking at a few of its lines.
//!
//! In: a reader that can be moved, its size, the window. Out: a range of whole lines outside of which no line of the window
//! lies, or that the log has no stamps we know. A fixed number of lines spread over the file is looked at, then the
//! interval with each end of the window is halved until it is small: reads grow with the logarithm of the size.
//!
//! A log is sorted here when no line is more than [`SLACK`] older than any line before it. Then a line older than the
//! window by more than that proves that the window begins behind it, and a line so much newer that it ends before it. Lines
//! written with a clock set back by an hour, or in two time zones an hour apart, do not change that. When the lines
//! looked at are not sorted, the range is the whole file. What lies between them is believed: a few lines of a clock that
//! was off by more, inside a large log, are found only where they were looked at or lie in the range anyway.

use std::io::{self, Read, Seek, SeekFrom};

use jiff::{SignedDuration, Timestamp};
use oediag_analysis::{HEAD, Moments};

use super::Question;

/// A log of up to this size is read from its beginning to its end.
pub(super) const SMALL: u64 = 16 << 20;
/// Lines looked at all over the file.
const PROBES: u64 = 128;
/// Bytes read to find a line with a stamp; then so much more, up to the most.
const PROBE: usize = 4 << 10;
const PROBE_MOST: usize = 64 << 10;
/// How much older than the line before a line of a sorted log may be.
pub(super) const SLACK: SignedDuration = SignedDuration::from_hours(2);
/// An interval this small is not halved any more.
const CLOSE: u64 = 256 << 10;

/// A range of whole lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// Where it begins.
    pub from: u64,
    /// Where it ends; none: at the end of the file, wherever that will be.
    pub to: Option<u64>,
    /// The moment of a stamp near its beginning.
    pub start: Option<Timestamp>,
}

/// A line that was looked at.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: u64,
    moment: Timestamp,
    /// The moment as the years were counted.
    former: Option<Timestamp>,
}

/// Where the window lies; none when no line that was looked at has a stamp.
pub(super) fn range<R: Read + Seek>(input: &mut R, size: u64, question: &Question<'_>) -> io::Result<Option<Range>> {
    let marks = marks(input, size, question)?;
    let Some(first) = marks.first() else { return Ok(None) };
    let (since, until) = (question.window.since, question.window.until);
    let before = |moment: Timestamp| since.is_some_and(|since| since.duration_since(moment) > SLACK);
    let behind = |moment: Timestamp| until.is_some_and(|until| moment.duration_since(until) > SLACK);
    let mut range = Range { from: 0, to: None, start: first.former };
    if !sorted(&marks) {
        return Ok(Some(range));
    }
    if let Some(index) = marks.iter().rposition(|mark| before(mark.moment)) {
        let mut low = marks[index];
        let mut high = marks.get(index + 1).map_or(size, |mark| mark.at);
        while high - low.at > CLOSE {
            let middle = low.at + (high - low.at) / 2;
            match mark(input, middle..high, low.former, question)? {
                Some(found) if before(found.moment) => low = found,
                _ => high = middle,
            }
        }
        (range.from, range.start) = (low.at, low.former);
    }
    if let Some(index) = marks.iter().position(|mark| behind(mark.moment)) {
        let mut to = marks[index].at;
        let mut high = to;
        let mut low = index.checked_sub(1).map_or(*first, |index| marks[index]);
        while high - low.at > CLOSE {
            let middle = low.at + (high - low.at) / 2;
            match mark(input, middle..high, low.former, question)? {
                Some(found) if !behind(found.moment) => low = found,
                found => {
                    to = found.map_or(to, |found| found.at);
                    high = middle;
                }
            }
        }
        range.to = Some(to.max(range.from));
    }
    Ok(Some(range))
}

/// The moment of a stamp at or before a place, or of the first one: by it the years of stamps without one are known there.
/// None where the first stamp has a year.
pub(super) fn start<R: Read + Seek>(
    input: &mut R,
    size: u64,
    place: u64,
    question: &Question<'_>,
) -> io::Result<Option<Timestamp>> {
    let first = stamped(input, 0..size, question)?;
    if !first.is_some_and(|(_, line)| line.first().is_some_and(u8::is_ascii_uppercase)) {
        return Ok(None);
    }
    let marks = marks(input, size, question)?;
    let mark = marks.iter().rfind(|mark| mark.at <= place).or(marks.first());
    Ok(mark.and_then(|mark| mark.former))
}

fn sorted(marks: &[Mark]) -> bool {
    let mut newest = Timestamp::MIN;
    marks.iter().all(|mark| {
        newest = newest.max(mark.moment);
        newest.duration_since(mark.moment) <= SLACK
    })
}

/// The lines looked at, in the file's order, each once.
fn marks<R: Read + Seek>(input: &mut R, size: u64, question: &Question<'_>) -> io::Result<Vec<Mark>> {
    let places = (0..PROBES).map(|part| size.saturating_mul(part) / PROBES).chain([size.saturating_sub(PROBE_MOST as u64)]);
    let mut lines: Vec<(u64, Vec<u8>)> = Vec::new();
    for place in places {
        if !(question.go_on)() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let limit = size.max(place);
        if let Some(line) = stamped(input, place..limit, question)?
            && lines.last().is_none_or(|(at, _)| *at < line.0)
        {
            lines.push(line);
        }
    }
    let moments = |start| Moments::new(question.path, question.context, start);
    let mut years = moments(None);
    for (_, line) in &lines {
        years.of(line);
    }
    let mut years = moments(years.start());
    let marks = lines.iter().filter_map(|(at, line)| {
        let moment = years.of(line)?;
        Some(Mark { at: *at, moment, former: years.former() })
    });
    Ok(marks.collect())
}

/// The first line with a stamp that begins in this interval, within reach of its beginning.
fn mark<R: Read + Seek>(
    input: &mut R,
    interval: std::ops::Range<u64>,
    former: Option<Timestamp>,
    question: &Question<'_>,
) -> io::Result<Option<Mark>> {
    if !(question.go_on)() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let Some((at, line)) = stamped(input, interval, question)? else { return Ok(None) };
    let mut years = Moments::new(question.path, question.context, former);
    let moment = years.of(&line);
    Ok(moment.map(|moment| Mark { at, moment, former: years.former() }))
}

fn stamped<R: Read + Seek>(
    input: &mut R,
    interval: std::ops::Range<u64>,
    question: &Question<'_>,
) -> io::Result<Option<(u64, Vec<u8>)>> {
    // The byte before tells whether a line begins right here.
    let from = interval.start.saturating_sub(1);
    input.seek(SeekFrom::Start(from))?;
    let mut text = Vec::with_capacity(PROBE);
    for most in [PROBE, PROBE_MOST] {
        let more = most - text.len();
        let got = input.by_ref().take(more as u64).read_to_end(&mut text)?;
        let whole = got < more;
        let mut at = if interval.start == 0 { Some(0) } else { after_line(&text, 0) };
        while let Some(begin) = at.filter(|begin| from + (*begin as u64) < interval.end) {
            let rest = &text[begin..];
            at = after_line(&text, begin);
            // A stamp at the end of what was read may be cut.
            if at.is_none() && !whole && rest.len() < HEAD {
                break;
            }
            let line = &rest[..at.map_or(rest.len(), |next| next - begin - 1).min(HEAD)];
            if Moments::new(question.path, question.context, None).of(line).is_some() {
                return Ok(Some((from + begin as u64, line.to_vec())));
            }
        }
        if whole {
            break;
        }
    }
    Ok(None)
}

/// Where the next line begins, if it does in this text.
fn after_line(text: &[u8], from: usize) -> Option<usize> {
    let next = memchr::memchr(b'\n', &text[from..])? + from + 1;
    (next < text.len()).then_some(next)
}

/// Where the first line begins at or behind a place, within a MiB; else that place.
pub(super) fn line_at<R: Read + Seek>(input: &mut R, place: u64) -> io::Result<u64> {
    let from = place.saturating_sub(1);
    input.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    input.by_ref().take(1 << 20).read_to_end(&mut text)?;
    Ok(if place == 0 { 0 } else { after_line(&text, 0).map_or(place, |next| from + next as u64) })
}
