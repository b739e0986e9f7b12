//! The values that may travel in a request: numbers, spans, moments and names. There is no type for a path or a pattern.
//!
//! In: text or numbers of a request. Out: typed values, or nothing. Never: takes a text with a slash, a star or a blank.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Time;

/// Most bytes of a [`Name`].
const MAX_NAME: usize = 64;

/// A name of the catalogue or a word: a letter, then at most 63 of `[A-Za-z0-9._@:-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// The unit of a [`Span`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
}

/// A length of time such as `24h`: 1 to 99999 of a unit, written as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    count: u32,
    unit: Unit,
}

/// The value of a parameter. A text has one meaning: spans and moments begin with a digit, names with a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum Value {
    /// A number; its unit is the parameter's.
    Number(u64),
    /// A length of time.
    Span(Span),
    /// A moment.
    Moment(Time),
    /// A word, of those that the parameter takes.
    Word(Name),
}

/// A value as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Number(u64),
    Text(String),
}

const UNITS: [(Unit, char, u64); 4] =
    [(Unit::Seconds, 's', 1), (Unit::Minutes, 'm', 60), (Unit::Hours, 'h', 3600), (Unit::Days, 'd', 86_400)];

impl Name {
    /// Takes a text that is a name.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@:-".contains(&byte);
        let good = text.len() <= MAX_NAME && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(plain);
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Span {
    /// Reads a number of 1 to 5 digits without leading zeros, and one of `s`, `m`, `h`, `d`.
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, letter, _) = UNITS.into_iter().find(|(_, letter, _)| text.ends_with(*letter))?;
        let digits = text.strip_suffix(letter)?;
        let good = (1..=5).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        Some(Self { count: digits.parse().ok().filter(|_| good)?, unit })
    }

    /// Its length in seconds.
    pub fn seconds(self) -> u64 {
        let each = UNITS.iter().find(|(unit, _, _)| *unit == self.unit).map_or(1, |(_, _, seconds)| *seconds);
        u64::from(self.count) * each
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = UNITS.iter().find(|(unit, _, _)| *unit == self.unit).map_or('s', |(_, letter, _)| *letter);
        write!(f, "{}{letter}", self.count)
    }
}

impl TryFrom<Wire> for Value {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let text = match wire {
            Wire::Number(number) => return Ok(Self::Number(number)),
            Wire::Text(text) => text,
        };
        let span = || Span::parse(&text).map(Self::Span);
        let moment = || Time::parse(&text).map(Self::Moment);
        let word = || Name::parse(&text).map(Self::Word);
        span().or_else(moment).or_else(word).ok_or("not a number, a span such as 24h, a time, or a name")
    }
}

impl From<Value> for Wire {
    fn from(value: Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(number),
            Value::Span(span) => Self::Text(span.to_string()),
            Value::Moment(time) => Self::Text(time.to_string()),
            Value::Word(name) => Self::Text(name.to_string()),
        }
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a name: a letter, then at most 63 of [A-Za-z0-9._@:-]"))
    }
}
