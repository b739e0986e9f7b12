//! Text of people inside signed objects: one line, bounded, harmless on a root terminal.
//!
//! In: any text. Out: the same text, or nothing. Never: changes what was said; a text with other characters is refused.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most characters of one [`Line`].
pub const MAX_CHARS: usize = 500;

/// One line of at most [`MAX_CHARS`] characters, without control characters and without those that change the direction of
/// writing or break lines (Unicode: Cc, Bidi_Control, U+2028, U+2029, U+FEFF).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(String);

impl Line {
    /// Takes a text that is a line.
    pub fn parse(text: &str) -> Option<Self> {
        (text.chars().take(MAX_CHARS + 1).count() <= MAX_CHARS && text.chars().all(harmless)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not one line of at most 500 harmless characters"))
    }
}
