//! Moments and windows as people type them, in the forms journalctl takes too. In: one word of the command line. Out: a
//! [`Moment`] or [`Around`], or an error that says how the word should look. Reads no clock: what is relative, or has no
//! zone, waits for the examined host's present and its zone.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil, tz::TimeZone};
use oediag_protocol::{bundle::manifest::Window, time::Time};

use crate::values::{Span, ValueError};

/// A moment as it was typed:
///
/// * `2h`, `-2h`, `1h30min`, `2 hours ago`: so long before now; a number alone could be anything and is refused;
/// * `now`, `today`, `yesterday`, `tomorrow`: the days at midnight;
/// * `10:11`, `10:11:20`: today at that time;
/// * `2025-12-31`, `2025-12-31 10:11`, `2025-12-31T10:11:20.5`: in the host's zone;
/// * `2025-12-31T10:11:20+08:00`, `...Z`, `@1767147080`: the same wherever it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    typed: String,
    when: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Ago(u64),
    Midnight { days: i32 },
    Today(civil::Time),
    Local(civil::DateTime),
    At(Timestamp),
}

/// A window around a moment: `2025-12-31 10:11±30m`; `+-`, `+/-` and `,` are read as `±`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    typed: String,
    middle: When,
    /// Seconds before and after the middle.
    reach: u64,
}

impl FromStr for Moment {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        When::read(text.trim()).map(|when| Self { typed: text.trim().to_owned(), when }).ok_or(ValueError::Moment)
    }
}

impl When {
    fn read(text: &str) -> Option<Self> {
        match text {
            "now" => return Some(Self::Ago(0)),
            "today" => return Some(Self::Midnight { days: 0 }),
            "yesterday" => return Some(Self::Midnight { days: -1 }),
            "tomorrow" => return Some(Self::Midnight { days: 1 }),
            _ => {}
        }
        if let Some(ago) = ago(text) {
            return Some(Self::Ago(ago));
        }
        if let Some(epoch) = text.strip_prefix('@') {
            let digits = epoch.bytes().all(|byte| byte.is_ascii_digit());
            return Timestamp::from_second(epoch.parse().ok().filter(|_| digits)?).ok().map(Self::At);
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return (moment.as_second() >= 0).then_some(Self::At(moment));
        }
        // No zone, no other calendar: nothing that would be read and then forgotten.
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-: T.".contains(&byte));
        let (dashes, colon) = (text.matches('-').count(), text.contains(':'));
        match dashes {
            2 if plain => text.parse::<civil::DateTime>().ok().filter(|local| local.year() >= 1970).map(Self::Local),
            0 if plain && colon => text.parse::<civil::Time>().ok().map(Self::Today),
            _ => None,
        }
    }

    /// The moment; of a local time that comes twice, the first, or the second where it ends something.
    fn at(self, now: Timestamp, zone: &TimeZone, ends: bool) -> Timestamp {
        let local = |local: civil::DateTime| {
            let either = zone.to_ambiguous_timestamp(local);
            if ends { either.later() } else { either.compatible() }.unwrap_or(now)
        };
        let today = zone.to_datetime(now).date();
        match self {
            Self::Ago(seconds) => now.checked_sub(seconds_of(seconds)).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::Midnight { days } => {
                local(today.checked_add(days.days()).unwrap_or(today).to_datetime(civil::Time::midnight()))
            }
            Self::Today(time) => local(today.to_datetime(time)),
            Self::Local(moment) => local(moment),
            Self::At(moment) => moment,
        }
    }
}

/// `2h`, `-2h`, `2 hours ago`.
fn ago(text: &str) -> Option<u64> {
    let length = text.strip_suffix("ago").map(str::trim_end).or_else(|| text.strip_prefix('-')).unwrap_or(text);
    let marked = length.len() < text.len();
    if !marked && length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let Span(seconds) = if marked { length.replace(' ', "") } else { length.to_owned() }.parse().ok()?;
    Some(seconds)
}

impl FromStr for Around {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let split = ["±", "+-", "+/-", ","].iter().find_map(|mark| text.rsplit_once(mark));
        let (middle, reach) = split.ok_or(ValueError::Around)?;
        let middle = When::read(middle.trim()).ok_or(ValueError::Around)?;
        let Span(reach) = reach.trim().parse().map_err(|_| ValueError::Around)?;
        Ok(Self { typed: text.trim().to_owned(), middle, reach })
    }
}

/// The window that these options ask for; whole seconds, never less than was asked.
pub fn window(
    since: Option<&Moment>,
    until: Option<&Moment>,
    around: Option<&Around>,
    now: Timestamp,
    zone: &TimeZone,
) -> Window {
    if let Some(around) = around {
        let middle = |ends| around.middle.at(now, zone, ends);
        let since = middle(false).checked_sub(seconds_of(around.reach)).unwrap_or(Timestamp::UNIX_EPOCH);
        let until = middle(true).checked_add(seconds_of(around.reach)).unwrap_or(Timestamp::MAX);
        let asked = Some(format!("--around {}", around.typed));
        return Window { since: Some(floor(since)), until: Some(ceiling(until)), asked };
    }
    let ends = [("--since", since), ("--until", until)];
    let asked: Vec<String> =
        ends.iter().filter_map(|(option, moment)| moment.map(|moment| format!("{option} {}", moment.typed))).collect();
    Window {
        since: since.map(|moment| floor(moment.when.at(now, zone, false))),
        until: until.map(|moment| ceiling(moment.when.at(now, zone, true))),
        asked: Some(asked.join(" ")).filter(|asked| !asked.is_empty()),
    }
}

fn seconds_of(seconds: u64) -> SignedDuration {
    // A span is a century at most.
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn floor(moment: Timestamp) -> Time {
    Time(moment.as_second() - i64::from(moment.subsec_nanosecond() < 0)).max(Time(0))
}

fn ceiling(moment: Timestamp) -> Time {
    Time(moment.as_second() + i64::from(moment.subsec_nanosecond() > 0)).max(Time(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-02T01:45:30Z";

    fn shanghai() -> TimeZone {
        TimeZone::get("Asia/Shanghai").expect("the zone is built in")
    }

    fn since(text: &str) -> Result<String, ValueError> {
        let moment: Moment = text.parse()?;
        let window = window(Some(&moment), None, None, NOW.parse().expect("a time"), &shanghai());
        Ok(window.since.expect("it was asked for").to_string())
    }

    #[test]
    fn moments() {
        for (text, expected) in [
            ("2h", "2026-01-01T23:45:30Z"),
            ("-2h", "2026-01-01T23:45:30Z"),
            ("2 hours ago", "2026-01-01T23:45:30Z"),
            ("30min ago", "2026-01-02T01:15:30Z"),
            ("-90", "2026-01-02T01:44:00Z"),
            ("90s", "2026-01-02T01:44:00Z"),
            ("-1h30min", "2026-01-02T00:15:30Z"),
            ("now", "2026-01-02T01:45:30Z"),
            ("today", "2026-01-01T16:00:00Z"),
            ("yesterday", "2025-12-31T16:00:00Z"),
            ("tomorrow", "2026-01-02T16:00:00Z"),
            ("09:10", "2026-01-02T01:10:00Z"),
            ("09:10:11", "2026-01-02T01:10:11Z"),
            ("2025-12-31", "2025-12-30T16:00:00Z"),
            ("2025-12-31 10:11", "2025-12-31T02:11:00Z"),
            (" 2025-12-31T10:11:20 ", "2025-12-31T02:11:20Z"),
            ("2025-12-31 10:11:20.9", "2025-12-31T02:11:20Z"),
            ("2025-12-31T10:11:20+08:00", "2025-12-31T02:11:20Z"),
            ("2025-12-31T10:11:20+0900", "2025-12-31T01:11:20Z"),
            ("2025-12-31 02:11:20Z", "2025-12-31T02:11:20Z"),
            ("@1767147080", "2025-12-31T02:11:20Z"),
        ] {
            assert_eq!(since(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "-",
            "ago",
            "last week",
            "2025-12-32",
            "2025-13-01 10:11",
            "10",
            "2025",
            "20251231",
            "1767147080",
            "10:61",
            "25:00",
            "1969-12-31T00:00:00Z",
            "1960-01-01",
            "@",
            "@-5",
            "@x",
            "2025-12-31 10:11 CST",
            "2025-12-31 10:11[Asia/Tokyo]",
            "--until",
            "明天",
        ] {
            assert_eq!(since(text), Err(ValueError::Moment), "{text}");
        }
    }

    #[test]
    fn windows() {
        let asked = |text: &str| {
            let around: Around = text.parse()?;
            let window = window(None, None, Some(&around), NOW.parse().expect("a time"), &shanghai());
            let ends = [window.since, window.until].map(|end| end.expect("both are there").to_string());
            Ok::<_, ValueError>((ends, window.asked.expect("it is told")))
        };
        let half_past = ["2025-12-31T01:41:00Z", "2025-12-31T02:41:00Z"].map(str::to_owned);
        for text in [
            "2025-12-31T10:11:00+08:00±30m",
            "2025-12-31T02:11:00Z+-30m",
            "2025-12-31 10:11 ± 30min",
            "2025-12-31 10:11,30m",
            "2025-12-31T10:11+/-1800",
        ] {
            assert_eq!(asked(text), Ok((half_past.clone(), format!("--around {text}"))), "{text}");
        }
        let (ends, _) = asked("2025-12-31 10:11:20.114±1s").expect("it is a window");
        assert_eq!(ends, ["2025-12-31T02:11:19Z", "2025-12-31T02:11:22Z"].map(str::to_owned), "never less than was asked");
        for text in [
            "",
            "±",
            "20251231±30m",
            "1767147080±30m",
            "2025-12-31 10:11",
            "±30m",
            "2025-12-31 10:11±",
            "2025-12-31 10:11±x",
            "x±30m",
            "2025-12-31 10:11±0",
        ] {
            assert_eq!(asked(text), Err(ValueError::Around), "{text}");
        }
    }

    #[test]
    fn of_a_time_that_comes_twice_a_window_has_both() {
        let zone = TimeZone::get("America/New_York").expect("the zone is built in");
        let now = NOW.parse().expect("a time");
        let ends = |window: Window| [window.since, window.until].map(|end| end.expect("both are there").to_string());
        let moment: Moment = "2025-11-02 01:30".parse().expect("a moment");
        let both = window(Some(&moment), Some(&moment), None, now, &zone);
        assert_eq!(ends(both), ["2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z"]);
        let around: Around = "2025-11-02 01:30±5m".parse().expect("a window");
        assert_eq!(ends(window(None, None, Some(&around), now, &zone)), ["2025-11-02T05:25:00Z", "2025-11-02T06:35:00Z"]);
    }

    #[test]
    fn what_was_asked_is_told() {
        let (from, to): (Moment, Moment) = ("2h".parse().expect("a moment"), "now".parse().expect("a moment"));
        let now = NOW.parse().expect("a time");
        assert_eq!(window(Some(&from), Some(&to), None, now, &shanghai()).asked.as_deref(), Some("--since 2h --until now"));
        assert_eq!(window(None, None, None, now, &shanghai()), Window::default());
    }
}
