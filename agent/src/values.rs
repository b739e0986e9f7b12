//! The values of options as types: sizes, lengths of time, moments. In: one word of the command line.
//! Out: a number with a unit, or an error that says how the word should look. Reads no clock: a moment
//! such as "2 h ago" stays relative until [`Moment::at`] is told what time it is.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use oediag_protocol::{consent::MAX_RETENTION_DAYS, id::ReceiptId, text::Line, time::Time};

/// A number of bytes: `4096`, `512K`, `64M`, `4G` (powers of 1024; a trailing `B` or `iB` is allowed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// A length of time in whole seconds: `90`, `90s`, `30m`, `2h`, `3d`, `1w`, or several of them as in `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub u64);

/// A moment: so long ago, or an RFC 3339 time with its offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This many seconds before the examined host's present.
    Ago(u64),
    /// At this time.
    At(Time),
}

/// A window around a moment: `2026-11-23T09:00:00+08:00±30m`; `+-` is read as `±`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Around {
    /// The middle of the window.
    pub middle: Time,
    /// Seconds before and after the middle.
    pub reach: u64,
}

/// What was wrong with a value. The text shown to people is the message [`ValueError::message`] names, in their language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueError {
    /// Not a [`Size`].
    Size,
    /// Not a [`Span`].
    Span,
    /// Not an RFC 3339 time.
    Time,
    /// Not a [`Moment`].
    Moment,
    /// Not an [`Around`].
    Around,
    /// Not a number of seconds of at least 1.
    Seconds,
    /// Not the id of a case.
    Case,
    /// Not the address of a center.
    Address,
    /// A center elsewhere, without TLS.
    PlainHttp,
    /// Not the code of a country.
    Country,
    /// Not a line of text.
    Line,
    /// Not a number of days that data may be kept.
    Days,
    /// Not a bandwidth.
    Rate,
    /// Not the id of a receipt.
    Receipt,
}

impl ValueError {
    /// The id of the message that tells how the value must look.
    pub fn message(&self) -> &'static str {
        match self {
            Self::Size => "value-size",
            Self::Span => "value-span",
            Self::Time => "value-time",
            Self::Moment => "value-moment",
            Self::Around => "value-around",
            Self::Seconds => "value-seconds",
            Self::Case => "value-case",
            Self::Address => "value-address",
            Self::PlainHttp => "value-plain-http",
            Self::Country => "value-country",
            Self::Line => "value-line",
            Self::Days => "value-days",
            Self::Rate => "value-rate",
            Self::Receipt => "value-receipt",
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for ValueError {}

impl FromStr for Size {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let shift = match unit.to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
            "" => 0,
            "K" => 10,
            "M" => 20,
            "G" => 30,
            "T" => 40,
            _ => return Err(ValueError::Size),
        };
        let number: u64 = number.parse().map_err(|_| ValueError::Size)?;
        number.checked_mul(1 << shift).filter(|bytes| *bytes > 0).map(Self).ok_or(ValueError::Size)
    }
}

impl FromStr for Span {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut rest = text;
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().map_err(|_| ValueError::Span)?;
            let unit = match rest.as_bytes().get(digits) {
                None if rest.len() == text.len() => 1,
                Some(b's') => 1,
                Some(b'm') => 60,
                Some(b'h') => 3600,
                Some(b'd') => 86_400,
                Some(b'w') => 604_800,
                _ => return Err(ValueError::Span),
            };
            total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or(ValueError::Span)?;
            rest = rest.get(digits + 1..).unwrap_or_default();
        }
        // A century: far beyond any log, and sums with a present stay in range.
        if total == 0 || total > 3_155_760_000 { Err(ValueError::Span) } else { Ok(Self(total)) }
    }
}

/// Reads an RFC 3339 time with its offset (`Z` or `+08:00`); fractions of a second are dropped.
pub fn time(text: &str) -> Result<Time, ValueError> {
    let moment: Timestamp = text.parse().map_err(|_| ValueError::Time)?;
    if moment.as_second() < 0 { Err(ValueError::Time) } else { Ok(Time::from(moment)) }
}

/// Reads a country: two capital letters of ISO 3166-1.
pub fn country(text: &str) -> Result<Line, ValueError> {
    let code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    Line::parse(text).filter(|_| code).ok_or(ValueError::Country)
}

/// Reads a line of text that is not empty.
pub fn line(text: &str) -> Result<Line, ValueError> {
    Line::parse(text.trim()).filter(|line| !line.as_str().is_empty()).ok_or(ValueError::Line)
}

/// Reads a number of days that data may be kept.
pub fn days(text: &str) -> Result<u32, ValueError> {
    text.parse().ok().filter(|days| (1..=MAX_RETENTION_DAYS).contains(days)).ok_or(ValueError::Days)
}

/// Reads a bandwidth in KiB per second.
pub fn rate(text: &str) -> Result<u64, ValueError> {
    text.parse().ok().filter(|rate| (1..=1 << 30).contains(rate)).ok_or(ValueError::Rate)
}

/// Reads the id of a receipt.
pub fn receipt(text: &str) -> Result<ReceiptId, ValueError> {
    ReceiptId::parse(text).ok_or(ValueError::Receipt)
}

/// Reads the id of a case: at most 64 letters, digits and `-._/#`.
pub fn case(text: &str) -> Result<String, ValueError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/#".contains(&byte);
    let ok = (1..=64).contains(&text.len()) && text.bytes().all(fits);
    if ok { Ok(text.to_owned()) } else { Err(ValueError::Case) }
}

/// Reads a number of seconds of at least 1, as `900` or `15m`.
pub fn seconds(text: &str) -> Result<u64, ValueError> {
    text.parse::<Span>().map(|span| span.0).map_err(|_| ValueError::Seconds)
}

/// Reads a number of seconds as [`seconds`] does, or 0 for none at all.
pub fn seconds_or_none(text: &str) -> Result<u64, ValueError> {
    if text == "0" { Ok(0) } else { seconds(text) }
}

impl FromStr for Moment {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Ok(Span(ago)) = text.parse() {
            return Ok(Self::Ago(ago));
        }
        time(text).map(Self::At).map_err(|_| ValueError::Moment)
    }
}

impl Moment {
    /// The moment as a time, given the examined host's present.
    pub fn at(self, now: Time) -> Time {
        match self {
            Self::Ago(seconds) => Time(now.0.saturating_sub(seconds as i64).max(0)),
            Self::At(time) => time,
        }
    }
}

impl FromStr for Around {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (middle, reach) = text.split_once('±').or_else(|| text.split_once("+-")).ok_or(ValueError::Around)?;
        let middle = time(middle.trim_end()).map_err(|_| ValueError::Around)?;
        let Span(reach) = reach.trim_start().parse().map_err(|_| ValueError::Around)?;
        Ok(Self { middle, reach })
    }
}

impl Around {
    /// Beginning and end of the window.
    pub fn window(self) -> (Time, Time) {
        (Time(self.middle.0.saturating_sub(self.reach as i64).max(0)), Time(self.middle.0.saturating_add(self.reach as i64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("1", 1),
            ("4096", 4096),
            ("512K", 512 << 10),
            ("64m", 64 << 20),
            ("4G", 4 << 30),
            ("4GiB", 4 << 30),
            ("2TB", 2 << 40),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "0", "M", "-1", "1.5G", "1X", "99999999999999999999", "99999999999T", "４G"] {
            assert_eq!(text.parse::<Size>(), Err(ValueError::Size), "{text}");
        }
    }

    #[test]
    fn spans() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("3d", 259_200), ("1w", 604_800)]
        {
            assert_eq!(text.parse(), Ok(Span(seconds)), "{text}");
        }
        for text in ["", "0", "0h", "h", "2", "2x", "1h30", "-2h", "2 h", "2h ", "99999999999w", "时"]
            .into_iter()
            .filter(|text| *text != "2")
        {
            assert_eq!(text.parse::<Span>(), Err(ValueError::Span), "{text}");
        }
    }

    #[test]
    fn moments() {
        let now = Time::parse("2026-11-23T02:00:00Z").expect("a time");
        let at = |text: &str| text.parse::<Moment>().map(|moment| moment.at(now).to_string());
        assert_eq!(at("2h").as_deref(), Ok("2026-11-23T00:00:00Z"));
        assert_eq!(at("2026-11-23T09:00:00+08:00").as_deref(), Ok("2026-11-23T01:00:00Z"));
        assert_eq!(at("2026-11-23T09:00:00"), Err(ValueError::Moment));
        assert_eq!(at("yesterday"), Err(ValueError::Moment));
    }

    #[test]
    fn windows() {
        for text in ["2026-11-23T09:00:00+08:00±30m", "2026-11-23T01:00:00Z+-30m", "2026-11-23T01:00:00Z ± 30m"] {
            let (from, to) = text.parse::<Around>().expect(text).window();
            assert_eq!((from.to_string().as_str(), to.to_string().as_str()), ("2026-11-23T00:30:00Z", "2026-11-23T01:30:00Z"));
        }
        for text in ["", "±", "2026-11-23T01:00:00Z", "±30m", "2026-11-23T01:00:00Z±", "2026-11-23T01:00:00Z±x"] {
            assert_eq!(text.parse::<Around>(), Err(ValueError::Around), "{text}");
        }
    }
}
