//! When the lines of a log were written, whatever wrote it.
//!
//! In: the lines of one file in its order, of each at least the first [`HEAD`] bytes. Out: a line's moment, or none when
//! it has no stamp of its own and so belongs to the line before it. A stamp is looked for where that kind of log has
//! it, never in the middle of a message. Stamps without a zone are in the host's, but chrony's own are in UTC.
//!
//! A stamp without a year is of the year that puts it nearest to the stamp before it in the file: the newest that is not
//! more than half a year after that. The year of the first one is such that the last one is as late as it can be without
//! being more than a day after `latest`; a reader that has not seen the end assumes the same of the first one. A moment
//! that would still be more than a day after `latest` is a year earlier.

use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};

use crate::{
    clock::{self, Yearless},
    cut,
    head::epoch,
    tap::Context,
};

/// Bytes at the beginning of a line that are looked at.
pub const HEAD: usize = 1024;
/// The same for stamps that are the very first thing.
const FRONT: usize = 72;
const HALF_A_YEAR: i64 = 182;
const YEAR_SECONDS: i64 = 31_556_952;

/// Tells the moments of the lines of one file.
#[derive(Clone, Debug)]
pub struct Moments {
    latest: Timestamp,
    zone: TimeZone,
    json: bool,
    /// The stamp before; as the years were counted, even if it lies after `latest`.
    former: Option<Timestamp>,
    /// The first stamp without a year, as long as its year is only assumed.
    assumed: Option<Timestamp>,
    /// By how many years that was wrong, once a stamp with a year has told.
    told: Option<i64>,
    /// The last stamp without a year and what it meant: many lines of a second have the same.
    memo: Option<(Yearless, Timestamp)>,
}

enum Stamp {
    Dated(Timestamp),
    Yearless(Yearless),
}

impl Moments {
    /// For the file at this path of the host or member of a bundle. `start` is the moment of a stamp before the first line that will be shown, or
    /// what [`Moments::start`] said after an earlier reading.
    pub fn new(path: &str, context: &Context, start: Option<Timestamp>) -> Self {
        let zone = if path.contains("/log/chrony/") { TimeZone::UTC } else { context.zone.clone() };
        let json = path.contains("/log/gala-gopher/");
        Self { latest: context.latest, zone, json, former: start, assumed: None, told: None, memo: None }
    }

    /// When the line was written.
    pub fn of(&mut self, line: &[u8]) -> Option<Timestamp> {
        match read(line, &self.zone)? {
            Stamp::Dated(moment) => {
                self.dated(moment);
                Some(moment)
            }
            Stamp::Yearless(stamp) => self.yearless(stamp),
        }
    }

    /// Whether the line begins an object whose stamp comes in a later line.
    pub fn opens(&self, line: &[u8]) -> bool {
        self.json && line.trim_ascii() == b"{"
    }

    /// Where another reading of the same file has to start from, after all of it was shown: near the moment of its first
    /// stamp. None when this reading had the years right.
    pub fn start(&self) -> Option<Timestamp> {
        let assumed = self.assumed?;
        let years = if let Some(years) = self.told {
            years
        } else {
            let former = self.former?;
            years_between(former, Yearless::of(former, &self.zone).newest(self.day_after(), &self.zone)?)
        };
        if years == 0 { None } else { assumed.checked_add(jiff::SignedDuration::from_secs(years * YEAR_SECONDS)).ok() }
    }

    /// The stamp before the next line, if there was one.
    pub fn former(&self) -> Option<Timestamp> {
        self.former
    }

    /// A stamp without a year is not more than a day after this.
    pub(crate) fn limit(&self) -> Timestamp {
        self.half_a_year_on()
            .and_then(|limit| limit.checked_sub(24.hours()).ok())
            .map_or(self.latest, |limit| limit.min(self.latest))
    }

    fn day_after(&self) -> Timestamp {
        self.latest.checked_add(24.hours()).unwrap_or(Timestamp::MAX)
    }

    fn half_a_year_on(&self) -> Option<Timestamp> {
        self.former?.checked_add((24 * HALF_A_YEAR).hours()).ok()
    }

    fn dated(&mut self, moment: Timestamp) {
        if let (Some(_), None, Some(former)) = (self.assumed, self.told, self.former) {
            self.told = Some(years_between(former, moment));
        }
        self.former = Some(moment);
        self.memo = None;
    }

    fn yearless(&mut self, stamp: Yearless) -> Option<Timestamp> {
        if let Some((known, moment)) = self.memo
            && known == stamp
        {
            return Some(moment);
        }
        let day_after = self.day_after();
        let counted = stamp.newest(self.half_a_year_on().unwrap_or(day_after), &self.zone)?;
        if self.former.is_none() {
            self.assumed = Some(counted);
        }
        self.former = Some(counted);
        let moment = if counted > day_after { stamp.newest(day_after, &self.zone)? } else { counted };
        self.memo = Some((stamp, moment));
        Some(moment)
    }
}

/// The whole number of years nearest to the time from one moment to another.
fn years_between(from: Timestamp, to: Timestamp) -> i64 {
    let seconds = to.as_second() - from.as_second();
    (seconds + YEAR_SECONDS / 2).div_euclid(YEAR_SECONDS)
}

/// The stamp a line begins with, in any of the forms that logs of the platform have.
fn read(line: &[u8], zone: &TimeZone) -> Option<Stamp> {
    // A crash leaves zeros where the file was extended and never written.
    let zeros = line.iter().take(HEAD).position(|&byte| byte != 0)?;
    let line = &line[zeros..];
    let front = text(line, FRONT);
    let dated = match front.as_bytes().first()? {
        b'0'..=b'9' => clock::iso(front)
            .map(|(moment, _)| moment)
            .or_else(|| local(front, zone))
            .or_else(|| slashed(front, zone))
            .or_else(|| access(text(line, HEAD))),
        b'A'..=b'Z' => {
            if let Some((stamp, _)) = clock::yearless(front) {
                return Some(Stamp::Yearless(stamp));
            }
            if let Some(stamp) = hawkey(front) {
                return Some(Stamp::Yearless(stamp));
            }
            asctime(front, zone).or_else(|| access(text(line, HEAD)))
        }
        b'[' => {
            let inside = &front[1..];
            if let Some(rest) = inside.strip_prefix("UTC ") {
                local(rest, &TimeZone::UTC)
            } else {
                let inside = inside.strip_prefix("LOC ").unwrap_or(inside);
                local(inside, zone)
                    .or_else(|| clock::iso(inside).map(|(moment, _)| moment))
                    .or_else(|| asctime(inside, zone))
                    .or_else(|| common(inside))
            }
        }
        b'(' => local(&front[1..], zone).or_else(|| asctime(&front[1..], zone)),
        b't' | b'n' => logrus(front).or_else(|| audit(text(line, HEAD))).or_else(|| access(text(line, HEAD))),
        b'{' | b' ' | b'\t' => gopher(text(line, HEAD)).or_else(|| compact(front, zone)),
        b'-' | b'a'..=b'z' | b':' => access(text(line, HEAD)).or_else(|| compact(front, zone)),
        _ => None,
    };
    dated.map(Stamp::Dated)
}

/// The beginning of a line, up to what is not UTF-8.
fn text(line: &[u8], most: usize) -> &str {
    let line = &line[..line.len().min(most)];
    match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// `2025-12-31 10:11:20[,114][+0000]` and `2025-11-10:09:41:07`.
fn local(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (moment, rest) = clock::civil(text, zone)?;
    let fraction = fraction(&text[19..]);
    if let Some(offset) = rest.split([' ', ']', ')']).next().filter(|offset| offset.starts_with(['+', '-', 'Z'])) {
        let until = text.len() - rest.len() + offset.trim_end_matches(':').len();
        let with_offset = format!("{}T{}", text.get(..10)?, text.get(11..until)?);
        if let Some((moment, _)) = clock::iso(&with_offset) {
            return Some(moment);
        }
    }
    moment.checked_add(fraction).ok()
}

/// `.123` or `,123456`, also after a colon: sssd.
fn fraction(text: &str) -> jiff::SignedDuration {
    let digits = text.strip_prefix(['.', ',', ':']).map_or("", |rest| cut::digits(rest).unwrap_or(""));
    let nanos = digits.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    jiff::SignedDuration::from_nanos(nanos)
}

/// nginx: `2025/11/12 11:04:00 [error]`.
fn slashed(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let stamp = text.get(..19).filter(|stamp| stamp.as_bytes()[4] == b'/' && stamp.as_bytes()[7] == b'/')?;
    clock::civil(&stamp.replace('/', "-"), zone).map(|(moment, _)| moment)
}

/// httpd's errors and sssd: `Wed Nov 12 11:04:00[.123456] 2025`.
fn asctime(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    const DAYS: [&str; 7] = ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "];
    let rest = DAYS.iter().find_map(|day| text.strip_prefix(day))?;
    let (_, after) = clock::yearless(rest)?;
    let (_, year) = after.split_once(' ')?;
    let year = cut::digits(year).filter(|year| year.len() == 4)?;
    let (month, rest) = clock::month(rest)?;
    let stamp = format!("{year}-{month:02}-{:02} {}", clock::number(rest.get(1..3)?.trim_start())?, rest.get(4..12)?);
    let (moment, _) = clock::civil(&stamp, zone)?;
    moment.checked_add(fraction(after)).ok()
}

/// nginx and httpd: the first `[12/Nov/2025:11:04:00 +0800]` in the line.
fn access(text: &str) -> Option<Timestamp> {
    text.match_indices('[').take(8).find_map(|(at, _)| common(&text[at + 1..]))
}

/// `12/Nov/2025:11:04:00 +0800]`
fn common(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes().get(..27)?;
    if bytes[2] != b'/' || bytes[6] != b'/' || bytes[11] != b':' || bytes[20] != b' ' || bytes[26] != b']' {
        return None;
    }
    let (month, _) = clock::month(text.get(3..)?)?;
    let stamp = format!("{}-{month:02}-{}T{}{}", text.get(7..11)?, text.get(..2)?, text.get(12..20)?, text.get(21..26)?);
    clock::iso(&stamp).map(|(moment, _)| moment)
}

/// `time="2025-11-12T11:04:00+08:00" level=...` of container engines.
fn logrus(text: &str) -> Option<Timestamp> {
    clock::iso(text.strip_prefix("time=\"")?).map(|(moment, _)| moment)
}

/// `[node=N ]type=T msg=audit(1762885809.077:4101): ...`
fn audit(text: &str) -> Option<Timestamp> {
    let record = if text.starts_with("node=") { text.split_once(' ')?.1 } else { text };
    let (_, rest) = record.strip_prefix("type=")?.split_once(' ')?;
    epoch(rest.strip_prefix("msg=audit(")?.split_once(':')?.0)
}

/// gala-gopher: `"Timestamp": 1661088145000`, in the line of its object or in a line of its own.
fn gopher(text: &str) -> Option<Timestamp> {
    let rest = cut::after(text, "\"Timestamp\":").filter(|_| text.trim_start().starts_with(['{', '"']))?;
    Timestamp::from_millisecond(cut::digits(rest.trim_start())?.parse().ok()?).ok()
}

/// hawkey of old: `INFO Nov-10 09:22:10 text`.
fn hawkey(text: &str) -> Option<Yearless> {
    let (level, rest) = text.split_once(' ')?;
    let stamp = rest.get(..15).filter(|stamp| stamp.as_bytes()[3] == b'-')?;
    let upper = level.bytes().all(|byte| byte.is_ascii_uppercase());
    clock::yearless(&stamp.replacen('-', " ", 1)).filter(|_| upper).map(|(stamp, _)| stamp)
}

/// iSulad: `isulad 20200103141516.123 INFO`, indented.
fn compact(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (_, rest) = text.trim_start().split_once(' ')?;
    let digits = cut::digits(rest).filter(|digits| digits.len() == 14)?;
    let date = civil::Date::strptime("%Y%m%d", &digits[..8]).ok()?;
    let time = [&digits[8..10], &digits[10..12], &digits[12..]].map(clock::number);
    let [Some(hour), Some(minute), Some(second)] = time else { return None };
    let time = civil::Time::new(hour, minute, second, 0).ok()?;
    let moment = zone.to_timestamp(date.to_datetime(time)).ok()?;
    moment.checked_add(fraction(&rest[14..])).ok()
}
