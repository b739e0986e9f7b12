//! The values of `policy.toml`: each is bounded, and has one meaning.
//!
//! In: text of the file. Out: typed values, or a sentence that says what is wrong. Never: takes a value in part.

use std::fmt;

use regex_automata::meta;
use serde::Deserialize;

use crate::{request::paper::MAX_BYTES, time::Time};

/// Most characters of a rule's name.
const MAX_NAME: usize = 64;
/// Most bytes of an expression.
const MAX_EXPRESSION: usize = 200;
/// Bytes of a compiled expression.
const COMPILED: usize = 512 << 10;
/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;

/// A rule's name: 1 to 64 of `[a-z0-9-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct RuleName(String);

/// A number of bytes from 1 to 2 GiB, such as `256M`; the units `K`, `M`, `G` are powers of 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Size(pub u64);

/// A regular expression over a whole text or a part of it, in linear time.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Expression {
    text: String,
    regex: meta::Regex,
}

/// Hours of the local day, `HH:MM-HH:MM`: from the first minute up to the last, which does not belong to it. `22:00-06:00` goes
/// over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Hours {
    from: u16,
    to: u16,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// A date `YYYY-MM-DD` of the host's calendar, counted in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Date(i64);

/// A moment as the clock on the wall shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The moment.
    pub now: Time,
    /// Seconds by which the wall is ahead of UTC at that moment.
    pub utc_offset: i32,
}

impl RuleName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Expression {
    /// Whether it matches somewhere in the text; `^` and `$` are the ends of the text.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl Hours {
    /// Whether the minute of the moment belongs to them.
    pub fn holds(self, local: Local) -> bool {
        let minute = (local.seconds().rem_euclid(DAY_SECONDS) / 60) as u16;
        if self.from < self.to { (self.from..self.to).contains(&minute) } else { minute >= self.from || minute < self.to }
    }
}

impl Date {
    /// Days from this one to `later`; less than 0 if that is earlier.
    pub fn days_to(self, later: Date) -> i64 {
        later.0 - self.0
    }

    /// Its last second where the wall is ahead of UTC by so much.
    pub fn last_second(self, utc_offset: i32) -> Time {
        Time((self.0 + 1) * DAY_SECONDS - 1 - i64::from(utc_offset))
    }
}

impl Local {
    fn seconds(self) -> i64 {
        self.now.0.saturating_add(i64::from(self.utc_offset))
    }

    /// The date on the wall.
    pub fn date(self) -> Date {
        Date(self.seconds().div_euclid(DAY_SECONDS))
    }

    /// The day of the week on the wall.
    pub fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        match self.date().0.rem_euclid(7) {
            0 => Weekday::Thu,
            1 => Weekday::Fri,
            2 => Weekday::Sat,
            3 => Weekday::Sun,
            4 => Weekday::Mon,
            5 => Weekday::Tue,
            _ => Weekday::Wed,
        }
    }
}

impl TryFrom<String> for RuleName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain);
        if good { Ok(Self(text)) } else { Err("a rule's name is 1 to 64 of [a-z0-9-]") }
    }
}

impl TryFrom<String> for Size {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (digits, unit) = match text.as_bytes().last() {
            Some(b'K') => (&text[..text.len() - 1], 10),
            Some(b'M') => (&text[..text.len() - 1], 20),
            Some(b'G') => (&text[..text.len() - 1], 30),
            _ => (text.as_str(), 0),
        };
        let plain = (1..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let bytes = digits.parse::<u64>().ok().filter(|_| plain).map(|count| count << unit);
        bytes
            .filter(|bytes| (1..=MAX_BYTES).contains(bytes))
            .map(Self)
            .ok_or("a size is a number and K, M or G or none, up to 2G")
    }
}

impl TryFrom<String> for Expression {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() > MAX_EXPRESSION {
            return Err("an expression has at most 200 bytes");
        }
        let config = meta::Config::new().nfa_size_limit(Some(COMPILED)).onepass(false).backtrack(false);
        let regex = meta::Builder::new().configure(config).build(&text);
        let regex = regex.map_err(|_| "not a regular expression, or one that is too large")?;
        Ok(Self { text, regex })
    }
}

impl TryFrom<String> for Hours {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let two = |text: &str| text.parse::<u16>().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()));
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let (hour, minute) = (two(hour)?, two(minute)?);
            Some(hour * 60 + minute).filter(|all| minute < 60 && *all <= DAY)
        };
        let read = || {
            let (from, to) = text.split_once('-')?;
            Some(Self { from: minute(from)?, to: minute(to)? })
        };
        read().filter(|hours| hours.from != hours.to && hours.from < DAY).ok_or("hours are HH:MM-HH:MM, such as 08:00-18:00")
    }
}

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let midnight = Time::parse(&format!("{text}T00:00:00Z"));
        midnight.map(|time| Self(time.0 / DAY_SECONDS)).ok_or("a date is YYYY-MM-DD")
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Time(self.0 * DAY_SECONDS).to_string()[..10])
    }
}
