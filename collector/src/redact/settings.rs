//! What the operator may choose about the redactor, and the level that follows from it.
//!
//! In: choices of a configuration or a command line, as words. Out: [`Settings`], which are whole at every moment, and the
//! [`Level`] that requests, policies and receipts speak of. Never here: a way to keep credentials.

use serde::Deserialize;

use super::kinds::Kind;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// All of them, in the order of the enum.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word for it on command lines, in configurations and in the manifest.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// What the word means.
            pub fn parse(word: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

choice! {
    /// How much is replaced.
    Level {
        /// Less than standard: IP addresses or a kind of identity stay.
        Reduced "reduced",
        /// Credentials go, identities and addresses get stand-ins that keep prefixes and vendors.
        #[default]
        Standard "standard",
        /// Addresses become opaque tokens, hardware addresses are replaced whole, binary content is left out.
        Strict "strict",
    }
}

choice! {
    /// What becomes of IP addresses.
    Ip {
        /// They stay.
        Keep "keep",
        /// Other addresses that share as many leading bits as before.
        #[default]
        Map "map",
        /// Opaque tokens.
        Tokens "tokens",
    }
}

choice! {
    /// What becomes of hardware addresses.
    Mac {
        /// The vendor's part stays.
        #[default]
        Vendor "vendor",
        /// All of it is replaced.
        Full "full",
    }
}

choice! {
    /// What becomes of binary content that consists of strings.
    Binary {
        /// The strings are redacted in place.
        #[default]
        Strings "strings",
        /// It is left out.
        Drop "drop",
    }
}

choice! {
    /// Between which bundles a value has the same stand-in.
    Correlate {
        /// Within one bundle only.
        #[default]
        Bundle "bundle",
        /// In all bundles of this host.
        Host "host",
    }
}

/// What one place says, a configuration or a command line; what it does not say is left to others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    /// IP addresses.
    pub ip: Option<Ip>,
    /// Hardware addresses.
    pub mac: Option<Mac>,
    /// Binary content.
    pub binary: Option<Binary>,
    /// Where stand-ins are the same.
    pub correlate: Option<Correlate>,
    /// Kinds of identities that stay, by name.
    pub keep_kinds: Vec<String>,
    /// The level below which no choice may go.
    pub floor: Option<Level>,
}

/// Why choices cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// A kind that cannot be kept.
    #[error("{kind:?} cannot be kept: {why}")]
    Keep {
        /// As it was said.
        kind: String,
        /// Why.
        why: KeepError,
    },
    /// Less than the floor.
    #[error("what was chosen is the level {level}, and the configuration allows nothing below {floor}", level = level.as_str(), floor = floor.as_str())]
    Floor {
        /// The floor.
        floor: Level,
        /// The level of what was chosen.
        level: Level,
    },
}

/// Why a kind cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// There is none of this name.
    #[error("there is no kind of this name")]
    Unknown,
    /// Credentials are always removed.
    #[error("it is a credential, and credentials are always removed")]
    Credential,
}

/// All that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// IP addresses.
    pub ip: Ip,
    /// Hardware addresses.
    pub mac: Mac,
    /// Binary content.
    pub binary: Binary,
    /// Where stand-ins are the same. Says which key to take; the redactor itself does not look at it.
    pub correlate: Correlate,
    off: Vec<Kind>,
}

impl From<Level> for Settings {
    /// What a level means where nothing else is said: the least that is called so.
    fn from(level: Level) -> Settings {
        match level {
            Level::Reduced => Settings { ip: Ip::Keep, ..Settings::default() },
            Level::Standard => Settings::default(),
            Level::Strict => Settings { ip: Ip::Tokens, mac: Mac::Full, binary: Binary::Drop, ..Settings::default() },
        }
    }
}

impl Settings {
    /// What follows from several choices, the most general first. Where nothing is chosen the floor holds, or what is usual
    /// where that is more.
    ///
    /// # Errors
    /// `Keep` for a kind that cannot be kept, `Floor` if the result is less than any floor.
    pub fn chosen(choices: &[&Choice]) -> Result<Settings, ChoiceError> {
        let floor = choices.iter().filter_map(|choice| choice.floor).max().unwrap_or(Level::Reduced);
        let mut settings = Settings::from(floor.max(Level::default()));
        for choice in choices {
            settings.ip = choice.ip.unwrap_or(settings.ip);
            settings.mac = choice.mac.unwrap_or(settings.mac);
            settings.binary = choice.binary.unwrap_or(settings.binary);
            settings.correlate = choice.correlate.unwrap_or(settings.correlate);
            for kind in &choice.keep_kinds {
                settings.keep(kind).map_err(|why| ChoiceError::Keep { kind: kind.clone(), why })?;
            }
        }
        let level = settings.level();
        if level < floor { Err(ChoiceError::Floor { floor, level }) } else { Ok(settings) }
    }

    /// Lets the values of one kind of identity stay as they are.
    pub fn keep(&mut self, kind: &str) -> Result<(), KeepError> {
        let kind = Kind::named(kind).ok_or(KeepError::Unknown)?;
        if kind.is_credential() {
            return Err(KeepError::Credential);
        }
        if !self.off.contains(&kind) {
            self.off.push(kind);
            self.off.sort_unstable();
        }
        Ok(())
    }

    /// The kinds that may be kept, by name.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        Kind::all().filter(|kind| !kind.is_credential()).map(Kind::name)
    }

    /// The kinds that stay as they are, by name, beside what `ip` says.
    pub fn kept(&self) -> impl Iterator<Item = &'static str> {
        self.off.iter().map(|kind| kind.name())
    }

    /// What these settings are called.
    pub fn level(&self) -> Level {
        let strict = Settings::from(Level::Strict);
        if self.ip == Ip::Keep || !self.off.is_empty() {
            Level::Reduced
        } else if self.ip >= strict.ip && self.mac >= strict.mac && self.binary >= strict.binary {
            Level::Strict
        } else {
            Level::Standard
        }
    }

    /// Whether values of this kind stay.
    pub(super) fn keeps(&self, kind: Kind) -> bool {
        self.ip == Ip::Keep && matches!(kind, Kind::Ipv4 | Kind::Ipv6) || self.off.contains(&kind)
    }

    /// Whether values of all kinds are replaced.
    pub(super) fn keeps_nothing(&self) -> bool {
        self.ip != Ip::Keep && self.off.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_follows_from_what_was_chosen() {
        for level in Level::ALL {
            assert_eq!(Settings::from(*level).level(), *level);
            assert_eq!(Level::parse(level.as_str()), Some(*level));
        }
        assert_eq!(Settings { mac: Mac::Full, ..Settings::default() }.level(), Level::Standard);
        let mut strict = Settings::from(Level::Strict);
        strict.keep("hostname").expect("it may be kept");
        assert_eq!(strict.level(), Level::Reduced);
        assert_eq!(Ip::parse("none"), None);
    }

    #[test]
    fn no_choice_goes_below_the_floor() {
        let nothing = Choice::default();
        assert_eq!(Settings::chosen(&[&nothing]), Ok(Settings::default()));
        let strict = Choice { floor: Some(Level::Strict), ..nothing.clone() };
        assert_eq!(Settings::chosen(&[&strict, &nothing]), Ok(Settings::from(Level::Strict)));
        let less = Choice { mac: Some(Mac::Vendor), ..nothing.clone() };
        let refused = Err(ChoiceError::Floor { floor: Level::Strict, level: Level::Standard });
        assert_eq!(Settings::chosen(&[&strict, &less]), refused);
        let standard = Choice { floor: Some(Level::Standard), ip: Some(Ip::Tokens), ..nothing.clone() };
        let back = Choice { ip: Some(Ip::Map), ..nothing.clone() };
        assert_eq!(Settings::chosen(&[&standard, &back]), Ok(Settings::default()), "still standard");
        for less in [
            Choice { ip: Some(Ip::Keep), ..nothing.clone() },
            Choice { keep_kinds: vec!["hostname".to_owned()], ..nothing.clone() },
        ] {
            assert!(Settings::chosen(&[&nothing, &less]).is_ok_and(|settings| settings.level() == Level::Reduced));
            let refused = Err(ChoiceError::Floor { floor: Level::Standard, level: Level::Reduced });
            assert_eq!(Settings::chosen(&[&standard, &less]), refused);
        }
    }

    #[test]
    fn credentials_are_never_kept() {
        let mut settings = Settings::default();
        let mut kept = 0;
        for kind in Kind::all() {
            match settings.keep(kind.name()) {
                Ok(()) => kept += 1,
                Err(error) => assert!(error == KeepError::Credential && kind.is_credential() && !settings.keeps(kind)),
            }
        }
        assert_eq!((kept, settings.keep("colour")), (Settings::kinds().count(), Err(KeepError::Unknown)));
        assert_eq!(settings.kept().count(), kept);
    }
}
