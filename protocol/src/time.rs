//! Moments as signed objects carry them: `YYYY-MM-DDTHH:MM:SSZ`, whole seconds, UTC.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 9999-12-30T22:00:00Z, jiff's last whole second.
const LAST: i64 = 253_402_207_200;

/// A moment in whole seconds since 1970-01-01T00:00:00Z, written `YYYY-MM-DDTHH:MM:SSZ` (years 1970 to 9999;
/// a moment outside of these is written as the nearest one inside).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`: no fraction, no offset, no leap second.
    pub fn parse(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        let time = Self(moment.as_second());
        (time.0 >= 0 && time.to_string() == text).then_some(time)
    }

    /// Reads exactly `YYYYMMDDTHHMMSSZ`, as bundle names carry it.
    pub fn parse_compact(text: &str) -> Option<Self> {
        if text.len() != 16 || !text.is_ascii() {
            return None;
        }
        let part = |from: usize, to: usize| &text[from..to];
        let time = Self::parse(&format!(
            "{}-{}-{}T{}:{}:{}Z",
            part(0, 4),
            part(4, 6),
            part(6, 8),
            part(9, 11),
            part(11, 13),
            part(13, 15)
        ))?;
        (time.compact() == text).then_some(time)
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
        let moment = jiff::Timestamp::from_second(self.0.clamp(0, LAST)).map_err(|_| fmt::Error)?;
        write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
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
