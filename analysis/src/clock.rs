//! Times as logs write them, turned into moments.
//!
//! In: the text of a time stamp and the [`Context`] of the member. Out: a moment, or `None` when the text is not a
//! time. Never asks the machine what time it is.

use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};

use crate::tap::Context;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A leap day may be eight years back (1896 to 1904 is out of our time, 2096 to 2104 is not).
const YEARS_BACK: i16 = 8;

/// `Nov 10 09:41:07` at the start of `text`: the newest such moment not later than a day after `context.latest`.
/// Gives the moment and what follows the stamp.
pub(crate) fn traditional<'a>(text: &'a str, context: &Context) -> Option<(Timestamp, &'a str)> {
    let (stamp, rest) = yearless(text)?;
    Some((stamp.newest(context.latest.checked_add(24.hours()).ok()?, &context.zone)?, rest))
}

/// A stamp without a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Yearless {
    month: i8,
    day: i8,
    time: civil::Time,
}

/// `Nov 10 09:41:07` at the start of `text`: the stamp and what follows.
pub(crate) fn yearless(text: &str) -> Option<(Yearless, &str)> {
    let stamp = text.get(..15)?;
    let month = MONTHS.iter().position(|name| stamp.starts_with(name))? as i8 + 1;
    let bytes = stamp.as_bytes();
    if bytes[3] != b' ' || bytes[6] != b' ' || bytes[9] != b':' || bytes[12] != b':' {
        return None;
    }
    let day = number(stamp.get(4..6)?.trim_start())?;
    let time = civil::Time::new(number(&stamp[7..9])?, number(&stamp[10..12])?, number(&stamp[13..15])?, 0).ok()?;
    Some((Yearless { month, day, time }, &text[15..]))
}

impl Yearless {
    /// The stamp's month, day and time of another moment.
    pub(crate) fn of(moment: Timestamp, zone: &TimeZone) -> Self {
        let moment = zone.to_datetime(moment);
        Self { month: moment.month(), day: moment.day(), time: moment.time() }
    }

    /// The newest such moment that is not later than `newest`.
    pub(crate) fn newest(self, newest: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let year = zone.to_datetime(newest).year();
        (year - YEARS_BACK..=year).rev().find_map(|year| {
            let date = civil::Date::new(year, self.month, self.day).ok()?;
            let moment = zone.to_timestamp(date.to_datetime(self.time)).ok()?;
            (moment <= newest).then_some(moment)
        })
    }
}

/// The number of a month's English short name at the start of `text`, and what follows it.
pub(crate) fn month(text: &str) -> Option<(i8, &str)> {
    let at = MONTHS.iter().position(|name| text.starts_with(name))?;
    Some((at as i8 + 1, &text[3..]))
}

pub(crate) fn number(text: &str) -> Option<i8> {
    let value: i8 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
    (value <= 59).then_some(value)
}

/// `2025-11-10T09:41:07[.,123456](Z|+08:00|+0800)` at the start of `text`: the moment and what follows.
pub(crate) fn iso(text: &str) -> Option<(Timestamp, &str)> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes[4] != b'-' || bytes[10] != b'T' || !bytes[0].is_ascii_digit() {
        return None;
    }
    let end = bytes
        .iter()
        .take(40)
        .position(|byte| !(byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b':' | b'.' | b',' | b'T' | b'Z')))
        .unwrap_or(bytes.len().min(40));
    let stamp = text.get(..end)?;
    Some((stamp.parse().ok()?, &text[end..]))
}

/// `2025-12-31 10:11:20[,114]` or `2025-11-10:09:41:07` in the given zone: the moment and what follows.
pub(crate) fn civil<'a>(text: &'a str, zone: &TimeZone) -> Option<(Timestamp, &'a str)> {
    let stamp = text.get(..19)?;
    let (date, time) = (stamp.get(..10)?, stamp.get(11..)?);
    if !matches!(stamp.as_bytes()[10], b' ' | b':' | b'-' | b'T') {
        return None;
    }
    let moment = civil_at(date, time, zone)?;
    let rest = &text[19..];
    let fraction = rest.strip_prefix([',', '.']).map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    Some((moment, fraction.unwrap_or(rest)))
}

fn civil_at(date: &str, time: &str, zone: &TimeZone) -> Option<Timestamp> {
    let date: civil::Date = date.parse().ok()?;
    let bytes = time.as_bytes();
    if bytes.get(2) != Some(&b':') || bytes.get(5) != Some(&b':') {
        return None;
    }
    let time = civil::Time::new(number(time.get(..2)?)?, number(time.get(3..5)?)?, number(time.get(6..8)?)?, 0).ok()?;
    zone.to_timestamp(date.to_datetime(time)).ok()
}

/// The moment a crash folder's name ends with: `127.0.0.1-2025-11-09-23:58:12`, local time.
pub(crate) fn crash_folder(name: &str, zone: &TimeZone) -> Option<Timestamp> {
    let start = name.len().checked_sub(19)?;
    let stamp = name.get(start..)?;
    civil(stamp, zone).map(|(moment, _)| moment)
}

/// `base` plus microseconds, saturating at the ends of time.
pub(crate) fn plus_micros(base: Timestamp, micros: u64) -> Option<Timestamp> {
    base.checked_add(jiff::SignedDuration::from_micros(i64::try_from(micros).ok()?)).ok()
}
