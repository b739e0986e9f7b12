//! The customer's own settings: `oediag.toml` in the configuration folder.
//!
//! In: the folders whose policy binds a run. Out: what the file in the first says, with the usual where it says nothing; of the others
//! only the floor counts, and the highest holds. No file is the usual. A file that is not exactly right is refused as a whole: a floor
//! that was misspelt must not become none.

pub mod network;

use std::path::{Path, PathBuf};

use oediag_protocol::sealed::Recipient;
use serde::Deserialize;

use self::network::Network;
use crate::{
    own::{self, OwnError},
    redact::Choice,
};

/// The file's name.
const NAME: &str = "oediag.toml";
/// Most days a map may be kept.
const MAX_DAYS: u32 = 3650;
/// Most KiB per second that a limit may say: what is more limits nothing.
const MAX_KIB_S: u64 = 4 << 20;

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
    /// How a center is reached.
    pub network: Network,
}

impl Default for Config {
    fn default() -> Self {
        Self { map_keep_days: 30, map_recipient: None, redaction: Choice::default(), network: Network::default() }
    }
}

/// Reads the settings of a run: those of the first folder, with the highest floor of all.
///
/// # Errors
/// Others could change a file, or it says something that settings may not say. What an ordinary user may not read binds them not.
pub fn load(folders: &[PathBuf]) -> Result<Config, ConfigError> {
    let mut folders = folders.iter().map(|folder| folder.join(NAME));
    let mut config = folders.next().map_or_else(|| Ok(Config::default()), |own| read(&own))?;
    for path in folders {
        match read(&path) {
            Ok(other) => config.redaction.floor = config.redaction.floor.max(other.redaction.floor),
            Err(ConfigError::Own(error)) if error.is_closed() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(config)
}

fn read(path: &Path) -> Result<Config, ConfigError> {
    let Some(text) = own::text(path)? else { return Ok(Config::default()) };
    let shape = |message: String| ConfigError::Shape { path: path.to_owned(), message };
    let config: Config = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |at| text.as_bytes()[..at.start.min(text.len())].split(|b| *b == b'\n').count());
        shape(format!("line {line}: {}", error.message()))
    })?;
    if config.map_keep_days > MAX_DAYS {
        return Err(shape(format!("map_keep_days is at most {MAX_DAYS}")));
    }
    let Network { proxy, proxy_credentials_file: credentials, kib_s, .. } = &config.network;
    if kib_s.is_some_and(|rate| rate.get() > MAX_KIB_S) {
        return Err(shape(format!("kib_s is at most {MAX_KIB_S}")));
    }
    if credentials.is_some() && proxy.is_none() {
        return Err(shape("proxy_credentials_file without a proxy".to_owned()));
    }
    if credentials.as_ref().is_some_and(|path| !path.is_absolute()) {
        return Err(shape("proxy_credentials_file is an absolute path".to_owned()));
    }
    Ok(config)
}
