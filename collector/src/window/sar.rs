//! The text that `sar` made of a day: which rows lie in the window.
//!
//! In: the lines of `/var/log/sa/sarDD`. The first one has the date; rows begin with a time of day, `HH:MM:SS` with
//! or without `AM`/`PM`, in the host's zone. Out: a verdict on each line. The first line, the headings of blocks, blank
//! lines and averages stay as the frame of what is kept. Never guesses a date: without one no row has a moment.

use jiff::{Timestamp, civil, tz::TimeZone};

use super::{Window, judge::Verdict};

/// The state of reading one day.
#[derive(Clone, Debug)]
pub(super) struct Sar {
    zone: TimeZone,
    date: Option<civil::Date>,
    /// The row before in this block: what is much earlier than that is of the next day.
    before: Option<civil::Time>,
    heading: bool,
}

/// Whether a path of the host is such a text's: without its first line, nobody knows of which day it is.
pub fn is_sar(path: &str) -> bool {
    path.strip_prefix("/var/log/sa/").is_some_and(|name| name.starts_with("sar"))
}

impl Sar {
    /// The reader for this path of the host, where it is such a text.
    pub(super) fn of(path: &str, zone: &TimeZone) -> Option<Self> {
        is_sar(path).then(|| Self { zone: zone.clone(), date: None, before: None, heading: false })
    }

    pub(super) fn verdict(&mut self, line: &[u8], window: &Window) -> Verdict {
        let line = &line[..line.len().min(160)];
        let text = String::from_utf8_lossy(line);
        if text.trim().is_empty() {
            (self.heading, self.before) = (true, None);
            return Verdict::Frame;
        }
        if text.starts_with("Linux ") {
            self.date = text.split_whitespace().find_map(date);
            return Verdict::Frame;
        }
        let (Some(time), Some(date)) = (time_of_day(&text), self.date) else { return Verdict::Frame };
        if std::mem::take(&mut self.heading) && !text.contains("RESTART") {
            return Verdict::Frame;
        }
        let midnight = self.before.is_some_and(|before| before.hour() >= 12 && time.hour() < 12);
        let date = if midnight { date.tomorrow().unwrap_or(date) } else { date };
        if !midnight {
            self.before = Some(time);
        }
        let moment: Option<Timestamp> = self.zone.to_timestamp(date.to_datetime(time)).ok();
        moment.map_or(Verdict::Frame, |moment| Verdict::Stamped(window.may_hold(moment, &self.zone)))
    }
}

/// `11/30/2025`, `30/11/2025` where the first number is no month, `11/30/25`, `2025-11-30`, `2025年11月30日`.
fn date(word: &str) -> Option<civil::Date> {
    let fields: Vec<i16> = word
        .split(|c: char| !c.is_ascii_digit())
        .filter(|field| !field.is_empty())
        .map(|field| field.parse().ok())
        .collect::<Option<_>>()?;
    let separated = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '/' | '-' | '年' | '月' | '日'));
    let &[a, b, c] = fields.as_slice() else { return None };
    let (year, month, day) = match (a, b, c) {
        (1000.., ..) => (a, b, c),
        (13.., ..) => (c, b, a),
        _ => (c, a, b),
    };
    let year = if year < 100 { year + 2000 } else { year };
    civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| separated)
}

/// `HH:MM:SS`, `HH:MM:SS AM`, `HH时MM分SS秒` at the start of a row.
fn time_of_day(text: &str) -> Option<civil::Time> {
    let mut words = text.split_whitespace();
    let fields: Vec<i8> = words
        .next()?
        .split([':', '时', '分', '秒'])
        .filter(|field| !field.is_empty())
        .map(|field| field.parse().ok())
        .collect::<Option<_>>()?;
    let &[hour, minute, second] = fields.as_slice() else { return None };
    let hour = match words.next() {
        Some("AM" | "上午") => hour % 12,
        Some("PM" | "下午") => hour % 12 + 12,
        _ => hour,
    };
    civil::Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(since: &str, until: &str, text: &str) -> Vec<String> {
        let window = Window { since: Some(since.parse().expect("a time")), until: Some(until.parse().expect("a time")) };
        let zone = TimeZone::get("Asia/Shanghai").expect("the zone is built in");
        let mut sar = Sar::of("/var/log/sa/sar11", &zone).expect("it is such a text");
        let stays = |line: &&str| matches!(sar.verdict(line.as_bytes(), &window), Verdict::Stamped(true));
        text.lines().filter(stays).map(|line| line.split("  ").next().expect("a word").to_owned()).collect()
    }

    const TWELVE: &str = "Linux 4.19.90 (h) \t11/11/2025 \t_x86_64_\t(32 CPU)\n\n12:00:01 AM     CPU     %user\n12:10:01 AM     all     1\n11:50:01 AM     all     2\n12:10:01 PM     all     3\n11:50:01 PM     all     4\n12:00:01 AM     all     5\nAverage:        all     3\n";

    #[test]
    fn rows_are_chosen_by_day_and_time() {
        assert_eq!(kept("2025-11-11T11:45:00+08:00", "2025-11-11T12:15:00+08:00", TWELVE), ["11:50:01 AM", "12:10:01 PM"]);
        assert_eq!(kept("2025-11-11T23:55:00+08:00", "2025-11-12T01:00:00+08:00", TWELVE), ["12:00:01 AM"], "of the next day");
        assert_eq!(kept("2025-11-10T00:00:00+08:00", "2025-11-10T23:59:59+08:00", TWELVE), Vec::<String>::new());
        let plain = "Linux 5.10.0 (h) \t2025-12-31 \t_aarch64_\t(96 CPU)\n\n00:00:01        CPU\n00:10:01        all\n12:31:07  LINUX RESTART\t(96 CPU)\n";
        assert_eq!(kept("2025-12-31T12:00:00+08:00", "2025-12-31T13:00:00+08:00", plain), ["12:31:07"]);
    }

    #[test]
    fn dates_of_all_locales_are_read() {
        let day = civil::date(2025, 11, 30);
        for word in ["11/30/2025", "11/30/25", "30/11/2025", "2025-11-30", "2025年11月30日"] {
            assert_eq!(date(word), Some(day), "{word}");
        }
        for word in ["4.19.90", "(h)", "_x86_64_", "32", "13/13/2025", "0/0/0", "1/2", "99999/1/1"] {
            assert_eq!(date(word), None, "{word}");
        }
    }
}
