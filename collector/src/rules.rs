//! The customer's own rules of redaction: `redact.d/*.toml` in the configuration folder.
//!
//! In: the folder. Out: the rules, or why they cannot be used, with the file and the line. A file that is not exactly
//! right spoils all of them: a redactor that knows only some of the customer's words must not start.

use std::path::{Path, PathBuf};

use crate::{
    own::{self, OwnError},
    redact::{SiteProblem, SiteRules},
};

/// Why the customer's rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The folder or a file cannot be used.
    #[error(transparent)]
    Own(#[from] OwnError),
    /// A line of a file is wrong: the first of them.
    #[error("{path}: {problem}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: SiteProblem,
    },
}

/// Reads the rules of a folder; no folder is no rules.
///
/// # Errors
/// The first file that cannot be used, and the first line of it that is wrong.
pub fn load(folder: &Path) -> Result<SiteRules, RulesError> {
    let mut rules = SiteRules::default();
    for (path, text) in own::texts(folder)? {
        if let Err(problems) = rules.add(&text)
            && let Some(problem) = problems.into_iter().next()
        {
            return Err(RulesError::Wrong { path, problem });
        }
    }
    Ok(rules)
}
