//! The values of options as types: sizes, lengths of time, ids. In: one word of the command line.
//! Out: a number with a unit, or an error that says how the word should look. Moments and windows: [`crate::when`].

use std::{fmt, str::FromStr};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use oediag_collector::redact::{Binary, Correlate, Ip, Mac};
use oediag_protocol::{consent::MAX_RETENTION_DAYS, id::ReceiptId, ledger::Reason, text::Line, time::Time};

/// A number of bytes: `4096`, `512K`, `64M`, `4G` (powers of 1024; a trailing `B` or `iB` is allowed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// A length of time in whole seconds: `90`, `90s`, `30m`, `2h`, `3d`, `1w`, or several of them as in `1h30m`;
/// `min`, `hours` and the like are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub u64);

/// What was wrong with a value. The text shown to people is the message [`ValueError::message`] names, in their language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueError {
    /// Not a [`Size`].
    Size,
    /// Too small for a bundle.
    Bundle,
    /// Not a [`Span`].
    Span,
    /// Not an RFC 3339 time.
    Time,
    /// Not a [`crate::when::Moment`].
    Moment,
    /// Not an [`crate::when::Around`].
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
    /// Not a number of lines to show.
    Lines,
    /// Not a number of days that data may be kept.
    Days,
    /// Not a bandwidth.
    Rate,
    /// Not the id of a receipt.
    Receipt,
    /// Not the beginning of a bundle's id.
    BundleId,
    /// Not the beginning of a request's id.
    Request,
    /// Not a reason.
    Reason,
    /// Not one of the words that are listed.
    Word,
}

impl ValueError {
    /// The id of the message that tells how the value must look.
    pub fn message(&self) -> &'static str {
        match self {
            Self::Size => "value-size",
            Self::Bundle => "value-bundle",
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
            Self::Lines => "value-lines",
            Self::Rate => "value-rate",
            Self::Receipt => "value-receipt",
            Self::BundleId => "value-bundle-id",
            Self::Request => "value-request",
            Self::Reason => "value-reason",
            Self::Word => "value-word",
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
            let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = match &rest[digits..digits + letters] {
                "" if digits == text.len() => 1,
                "s" | "sec" | "second" | "seconds" => 1,
                "m" | "min" | "minute" | "minutes" => 60,
                "h" | "hr" | "hour" | "hours" => 3600,
                "d" | "day" | "days" => 86_400,
                "w" | "week" | "weeks" => 604_800,
                _ => return Err(ValueError::Span),
            };
            total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or(ValueError::Span)?;
            rest = &rest[digits + letters..];
        }
        // A century: far beyond any log, and sums with a present stay in range.
        if total == 0 || total > 3_155_760_000 { Err(ValueError::Span) } else { Ok(Self(total)) }
    }
}

/// Most lines of the ledger that are shown at once.
const MAX_LINES: usize = 100_000;
/// Fewest bytes of a bundle: what closes it takes a quarter of that.
const SMALLEST_BUNDLE: u64 = 1 << 20;

/// Reads the most bytes that a bundle may have.
pub fn bundle_size(text: &str) -> Result<Size, ValueError> {
    let size: Size = text.parse()?;
    if size.0 < SMALLEST_BUNDLE { Err(ValueError::Bundle) } else { Ok(size) }
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

/// Reads a number of lines to show.
pub fn lines(text: &str) -> Result<usize, ValueError> {
    text.parse().ok().filter(|lines| (1..=MAX_LINES).contains(lines)).ok_or(ValueError::Lines)
}

/// Reads a bandwidth in KiB per second.
pub fn rate(text: &str) -> Result<u64, ValueError> {
    text.parse().ok().filter(|rate| (1..=1 << 30).contains(rate)).ok_or(ValueError::Rate)
}

/// Reads the id of a receipt.
pub fn receipt(text: &str) -> Result<ReceiptId, ValueError> {
    ReceiptId::parse(text).ok_or(ValueError::Receipt)
}

/// Reads the beginning of a bundle's id, at least 8 hex digits.
pub fn bundle_id(text: &str) -> Result<String, ValueError> {
    let hex = (8..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex { Ok(text.to_ascii_lowercase()) } else { Err(ValueError::BundleId) }
}

/// Reads a request's id, or its first hex digits, at least 8; gives the digits.
pub fn request(text: &str) -> Result<String, ValueError> {
    bundle_id(text.strip_prefix("r-").unwrap_or(text)).map_err(|_| ValueError::Request)
}

/// Reads a reason: a word that goes into the ledger and to the center.
pub fn reason(text: &str) -> Result<Reason, ValueError> {
    Reason::parse(text).ok_or(ValueError::Reason)
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident $type:ident),+ $(,)?) => {
        $($(#[$doc])*
        pub fn $name() -> impl TypedValueParser<Value = $type> {
            PossibleValuesParser::new($type::ALL.iter().map(|one| one.as_str()))
                .try_map(|word| $type::parse(&word).ok_or(ValueError::Word))
        })+
    };
}

words! {
    /// What becomes of IP addresses.
    ip Ip,
    /// What becomes of hardware addresses.
    mac Mac,
    /// What becomes of binary content.
    binary Binary,
    /// Between which bundles stand-ins are the same.
    correlate Correlate,
}

/// Reads the id of a case: at most 64 letters, digits and `-._/#`.
pub fn case(text: &str) -> Result<String, ValueError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/#".contains(&byte);
    let ok = (1..=64).contains(&text.len()) && text.bytes().all(fits);
    if ok { Ok(text.to_owned()) } else { Err(ValueError::Case) }
}

/// Reads the id of a case as a part of a path: at most 64 letters, digits and `-._`, of which the first is no dot.
pub fn case_path(text: &str) -> Result<String, ValueError> {
    case(text).ok().filter(|text| !text.contains(['/', '#']) && !text.starts_with('.')).ok_or(ValueError::Case)
}

/// Reads a number of seconds of at least 1, as `900` or `15m`.
pub fn seconds(text: &str) -> Result<u64, ValueError> {
    text.parse::<Span>().map(|span| span.0).map_err(|_| ValueError::Seconds)
}

/// Reads a number of seconds as [`seconds`] does, or 0 for none at all.
pub fn seconds_or_none(text: &str) -> Result<u64, ValueError> {
    if text == "0" { Ok(0) } else { seconds(text) }
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
    fn a_bundle_has_a_least_size() {
        assert_eq!(bundle_size("1M"), Ok(Size(1 << 20)));
        assert_eq!(bundle_size("1023K"), Err(ValueError::Bundle));
        assert_eq!(bundle_size("lots"), Err(ValueError::Size));
    }

    #[test]
    fn spans() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("30m", 1800),
            ("2h", 7200),
            ("1h30m", 5400),
            ("3d", 259_200),
            ("1w", 604_800),
            ("1hour30min", 5400),
        ] {
            assert_eq!(text.parse(), Ok(Span(seconds)), "{text}");
        }
        for text in ["", "0", "0h", "h", "2", "2x", "1h30", "-2h", "2 h", "2h ", "99999999999w", "时"]
            .into_iter()
            .filter(|text| *text != "2")
        {
            assert_eq!(text.parse::<Span>(), Err(ValueError::Span), "{text}");
        }
    }
}
