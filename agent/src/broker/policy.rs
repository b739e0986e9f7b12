//! The standing policy as this host has it: `policy.toml` in the configuration folder.
//!
//! In: the file, which root alone may have written. Out: the policy and the digest of its file; or the usual one, under which a person
//! decides about everything, and why the file cannot be used. Never: takes a file in part.

use std::path::PathBuf;

use oediag_collector::{
    own::{self, OwnError},
    state::State,
};
use oediag_protocol::{
    digest::Sha256,
    policy::file::{Policy, PolicyError},
};

/// The file's name.
const NAME: &str = "policy.toml";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// It cannot be read, or others could have written it.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// It says something that a policy may not say.
    #[error("{path}: line {line}: {message}", line = .source.line, message = .source.message)]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PolicyError,
    },
}

/// The policy in force.
#[derive(Debug, Default)]
pub struct Standing {
    /// What it says.
    pub policy: Policy,
    /// Digest of the file; none when there is none.
    pub sha256: Option<Sha256>,
    /// Why the file is not what is in force.
    pub damaged: Option<StandingError>,
}

impl Standing {
    /// Reads the file of this host. One that cannot be used lets nothing pass without a person.
    pub fn read(state: &State) -> Self {
        let Some(path) = state.policy().into_iter().next().map(|folder| folder.join(NAME)) else { return Self::default() };
        let damaged = |error| Self { damaged: Some(error), ..Self::default() };
        match own::text(&path) {
            Ok(None) => Self::default(),
            Err(error) => damaged(error.into()),
            Ok(Some(text)) => match Policy::parse(&text) {
                Ok(policy) => Self { policy, sha256: Some(Sha256::of(text.as_bytes())), damaged: None },
                Err(source) => damaged(StandingError::Shape { path, source }),
            },
        }
    }
}
