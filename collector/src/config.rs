//! The customer's own settings: `oediag.toml` in the configuration folder.
//!
//! In: the file's path. Out: what it says, with the usual where it says nothing; no file is the usual. A file that is not
//! exactly right is refused as a whole: a floor that was misspelt must not become none.

use std::path::{Path, PathBuf};

use oediag_protocol::sealed::Recipient;
use serde::Deserialize;

use crate::{
    own::{self, OwnError},
    redact::Choice,
};

/// Most days a map may be kept.
const MAX_DAYS: u32 = 3650;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be used.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// It is not TOML of the right shape.
    #[error("{path}: {message}")]
    Shape {
        /// The path.
        path: PathBuf,
        /// What is wrong, with the line.
        message: String,
    },
}

/// The customer's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Days after which the map of a bundle is removed; 0 keeps none.
    pub map_keep_days: u32,
    /// To whom maps are encrypted; without one they are kept as text that root alone can read.
    pub map_recipient: Option<Recipient>,
    /// What is chosen about the redactor, and its floor.
    pub redaction: Choice,
}

impl Default for Config {
    fn default() -> Self {
        Self { map_keep_days: 30, map_recipient: None, redaction: Choice::default() }
    }
}

/// Reads the settings; no file is the usual.
///
/// # Errors
/// Others could change the file, or it says something that settings may not say.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let Some(text) = own::text(path)? else { return Ok(Config::default()) };
    let shape = |message: String| ConfigError::Shape { path: path.to_owned(), message };
    let config: Config = toml::from_str(&text).map_err(|error| shape(error.to_string()))?;
    if config.map_keep_days > MAX_DAYS {
        return Err(shape(format!("map_keep_days is at most {MAX_DAYS}")));
    }
    Ok(config)
}
