//! The text reports of sysstat's `sar`, read strictly.
//!
//! In: the bytes of a report as `sar` 10 to 12 prints it for one day or several: a line about the host with the date, then
//! tables, each behind an empty line and under a line of names. Times are local, of 24 hours, with AM or PM, or Chinese.
//! Out: each table's names, its lines with their moment, and where the host was started again. Never: an average, a line
//! with more or fewer cells than names, a line longer than [`LINE`], a time without a date.

use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};
use memchr::memchr;

use super::csv::number;

/// Most bytes of a line.
const LINE: usize = 4096;
/// Most columns.
const COLUMNS: usize = 64;
/// A time that goes back by more than this is of the next day.
const HALF_A_DAY: i64 = 43_200;

/// What stands on a line.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'l> {
    /// A table begins: the names of its columns. The answer says whether anybody wants its lines.
    Names(&'l [&'l str]),
    /// A line of the table: seconds since 1970, and its cells.
    Cells(i64, &'l [&'l str]),
    /// The host was started again.
    Restart(i64),
    /// A line of the table that cannot be read.
    Unread,
}

/// Where the reading stands.
struct Reading<'z> {
    zone: &'z TimeZone,
    date: Option<Date>,
    /// Local seconds of the day that were read last in this table, and days since the date.
    last: i64,
    days: i64,
}

/// Reads a report; `take` gets what is on each line, and says for names whether the lines below are wanted.
pub(super) fn read<'b>(bytes: &'b [u8], zone: &TimeZone, mut take: impl FnMut(Line<'_>) -> bool) {
    let mut reading = Reading { zone, date: None, last: 0, days: 0 };
    let (mut names, mut cells): (Vec<&'b str>, Vec<&'b str>) = (Vec::new(), Vec::new());
    let (mut behind_empty, mut wanted) = (true, false);
    let mut rest = bytes;
    while let Some(end) = memchr(b'\n', rest) {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        let first = std::mem::replace(&mut behind_empty, line.trim_ascii().is_empty());
        if behind_empty || !(first || wanted) {
            continue;
        }
        let Some((time, found)) = words(line, &mut cells) else {
            if wanted && !first {
                take(Line::Unread);
            }
            continue;
        };
        let Some(time) = time else {
            if let Some(date) =
                found.first().filter(|word| **word == "Linux").and_then(|_| found.iter().find_map(|word| date(word)))
            {
                reading.date = Some(date);
                wanted = false;
                names.clear();
                // Nothing but the next line tells what follows.
                behind_empty = true;
            }
            continue;
        };
        if found.starts_with(&["LINUX", "RESTART"]) {
            if let Some(at) = reading.at(time).filter(|_| wanted) {
                take(Line::Restart(at));
            }
        } else if first && !found.is_empty() && found.iter().all(|word| number(word).is_none()) {
            if names != found {
                names.clear();
                names.extend_from_slice(found);
                (reading.last, reading.days) = (time, 0);
            }
            wanted = reading.date.is_some() && take(Line::Names(&names));
        } else if wanted {
            match reading.at(time).filter(|_| found.len() == names.len()) {
                Some(at) => take(Line::Cells(at, found)),
                None => take(Line::Unread),
            };
        }
    }
}

impl Reading<'_> {
    /// The moment of a local time in this table.
    fn at(&mut self, time: i64) -> Option<i64> {
        if time < self.last.saturating_sub(HALF_A_DAY) {
            self.days += 1;
        }
        self.last = time;
        let date = self.date?.checked_add(jiff::Span::new().try_days(self.days).ok()?).ok()?;
        let clock = Time::midnight().checked_add(jiff::SignedDuration::from_secs(time)).ok()?;
        Some(date.to_datetime(clock).to_zoned(self.zone.clone()).ok()?.timestamp().as_second())
    }
}

/// The time a line begins with, in seconds of the day, and the words behind it; all words where it begins with none.
fn words<'b, 'c>(line: &'b [u8], cells: &'c mut Vec<&'b str>) -> Option<(Option<i64>, &'c [&'b str])> {
    cells.clear();
    let line = std::str::from_utf8(line).ok().filter(|line| line.len() <= LINE)?;
    for word in line.split_ascii_whitespace() {
        if cells.len() == COLUMNS + 2 {
            return None;
        }
        cells.push(word);
    }
    let Some(time) = cells.first().and_then(|word| clock(word)) else { return Some((None, cells)) };
    let (time, behind) = match cells.get(1).copied() {
        Some("AM") => (time % 43_200, 2),
        Some("PM") => (time % 43_200 + 43_200, 2),
        _ => (time, 1),
    };
    Some((Some(time), &cells[behind..]))
}

/// `23:59:01`, `23时59分01秒`: seconds of the day.
fn clock(word: &str) -> Option<i64> {
    let (hours, rest) = word.split_once(':').or_else(|| word.split_once('时'))?;
    let (minutes, seconds) = rest.split_once(':').or_else(|| rest.strip_suffix('秒')?.split_once('分'))?;
    let two = |text: &str, most: i64| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten().filter(|number: &i64| *number <= most)
    };
    Some(two(hours, 23)? * 3600 + two(minutes, 59)? * 60 + two(seconds, 59)?)
}

/// `11/23/2026`, `11/23/26`, `2026-11-23`, `2026年11月23日`: how the locales of openEuler hosts write a date.
fn date(word: &str) -> Option<Date> {
    let number = |text: &str| {
        let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<i16>().ok()).flatten()
    };
    let mut parts = word.split(['/', '-', '年', '月', '日']).filter(|part| !part.is_empty());
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = if word.contains('/') { (third, first, second) } else { (first, second, third) };
    let century = match year.len() {
        2 => 2000,
        4 => 0,
        _ => return None,
    };
    Date::new(century + number(year)?, number(month)?.try_into().ok()?, number(day)?.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        read(text.as_bytes(), &TimeZone::UTC, |line| {
            all.push(match line {
                Line::Names(names) => names.join(" "),
                Line::Cells(at, cells) => format!("{} {}", jiff::Timestamp::from_second(at).expect("a time"), cells.join(" ")),
                Line::Restart(at) => format!("{} restart", jiff::Timestamp::from_second(at).expect("a time")),
                Line::Unread => "unread".to_owned(),
            });
            true
        });
        all
    }

    #[test]
    fn tables_restarts_and_midnight_are_read_and_averages_are_not() {
        let text = "Linux 5.10.0 (h) \t11/23/26 \t_x86_64_\t(2 CPU)\n\n00:00:01        CPU     %user\n\
            00:10:01        all      1.00\n23:50:01        all      2.00\n00:00:01        all      3.00\nAverage:        all      2.00\n\n\
            00:20:00     LINUX RESTART\t(2 CPU)\n\n00:20:00       CPU     %user\n00:30:01       all      4.00\nAverage:  all 4.00\n\n\
            00:00:01    proc/s   cswch/s\n00:10:01      1.00   2.00\n00:20:01      1.00\n";
        assert_eq!(
            lines(text),
            [
                "CPU %user",
                "2026-11-23T00:10:01Z all 1.00",
                "2026-11-23T23:50:01Z all 2.00",
                "2026-11-24T00:00:01Z all 3.00",
                "2026-11-24T00:20:00Z restart",
                "CPU %user",
                "2026-11-24T00:30:01Z all 4.00",
                "proc/s cswch/s",
                "2026-11-23T00:10:01Z 1.00 2.00",
                "unread",
            ]
        );
        assert!(lines("\n00:00:01 CPU %user\n00:10:01 all 1.00\n").is_empty(), "without a date there are no times");
    }

    #[test]
    fn dates_and_times_are_read_as_openeuler_writes_them() {
        for text in ["11/23/2026", "11/23/26", "2026-11-23", "2026年11月23日"] {
            assert_eq!(date(text), Some(jiff::civil::date(2026, 11, 23)), "{text}");
        }
        for text in ["", "23/11/2026", "11/23", "11/23/26/1", "5.10.0-182", "_x86_64_", "11/23/2", "2026-11--", "11/٢٣/26"] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!((clock("23:59:01"), clock("23时59分01秒")), (Some(86_341), Some(86_341)));
        for text in ["", "24:00:00", "1:00:00", "00:00", "00:00:60", "Average:", "00时00:00", "+1:00:00"] {
            assert_eq!(clock(text), None, "{text}");
        }
        let mut cells = Vec::new();
        for (line, time) in [("12:00:01 AM x", 1), ("12:10:01 PM x", 43_801), ("01:00:00 PM x", 46_800), ("13:00:00 x", 46_800)] {
            assert_eq!(words(line.as_bytes(), &mut cells), Some((Some(time), &["x"][..])), "{line}");
        }
    }
}
