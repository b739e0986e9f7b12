//! What stands before every consent, whoever is asked: the host's floor of redaction, and the leak gate once more over the finished bundle.
//!
//! In: an open bundle of this host, the floor, the customer's own rules. Out: what was looked for; or why the bundle stays here.
//! Never: lets a bundle through in which something is left.

use std::io::BufReader;

use oediag_collector::{
    config::Config,
    leak::CheckError,
    redact::{Level, SiteRules},
    state::State,
};
use oediag_protocol::bundle::manifest::Manifest;

use super::own::Own;
use crate::recheck::{self, Rechecked};

/// Bytes that are read at once.
const BLOCK: usize = 64 << 10;

/// Why a bundle does not leave this host.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// It was redacted less than the host's settings want.
    #[error("the floor of redaction is {}, the bundle says {level:?}", .floor.as_str())]
    Floor {
        /// The least that is wanted.
        floor: Level,
        /// What its manifest says.
        level: String,
    },
    /// So many places hold what redaction should have replaced.
    #[error("{0} places hold what redaction should have replaced")]
    Leaks(u64),
    /// So many members cannot be judged.
    #[error("{0} members cannot be judged")]
    Doubts(usize),
    /// It cannot be read.
    #[error("reading the bundle")]
    Io(#[from] std::io::Error),
    /// It is no bundle any more.
    #[error("reading the bundle")]
    Check(#[from] CheckError),
}

/// Whether the level of a bundle is enough for this host's settings.
///
/// # Errors
/// [`GateError::Floor`].
pub fn floor(manifest: &Manifest, config: &Config) -> Result<(), GateError> {
    let floor = config.redaction.floor.unwrap_or(Level::Reduced);
    let level = manifest.redaction.level.as_str();
    if Level::parse(level).is_some_and(|level| level >= floor) {
        return Ok(());
    }
    Err(GateError::Floor { floor, level: level.to_owned() })
}

/// Looks at a bundle before somebody is asked about it, or a rule agrees to it. Gives what was looked for.
///
/// # Errors
/// It must not leave.
pub fn gate(own: &Own, config: &Config, rules: SiteRules, state: &State) -> Result<Rechecked, GateError> {
    floor(&own.manifest, config)?;
    let input = BufReader::with_capacity(BLOCK, own.read()?);
    let found = recheck::recheck(input, &own.manifest, Some(state), rules)?;
    let leaks = found.checked.counts.values().sum::<u64>();
    if found.ok {
        Ok(found)
    } else if leaks == 0 {
        Err(GateError::Doubts(found.checked.doubts.len()))
    } else {
        Err(GateError::Leaks(leaks))
    }
}
