//! Moments as signed objects carry them: `YYYY-MM-DDTHH:MM:SSZ`, whole seconds, UTC.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in whole seconds since 1970-01-01T00:00:00Z, written `YYYY-MM-DDTHH:MM:SSZ` (years 1970 to 9999).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`: no fraction, no offset, no leap second.
    pub fn parse(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        let time = Self(moment.as_second());
        (time.0 >= 0 && time.to_string() == text).then_some(time)
    }

    /// The compact form in bundle names: `YYYYMMDDTHHMMSSZ`.
    pub fn compact(self) -> String {
        self.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(moment: jiff::Timestamp) -> Self {
        Self(moment.as_second())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(moment) => write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a time of the form YYYY-MM-DDTHH:MM:SSZ"))
    }
}
