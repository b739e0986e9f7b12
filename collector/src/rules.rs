//! The customer's own rules of redaction: `redact.d/*.toml` in the configuration folder.
//!
//! In: the folders whose policy binds a run. Out: the rules of all, or why they cannot be used, with the file and the line. A file that is
//! not exactly right spoils all of them: a redactor that knows only some of the customer's words must not start.

use std::path::PathBuf;

use crate::{
    own::{self, Listed, OwnError},
    redact::{SiteProblem, SiteRules},
};

/// The folder's name.
pub const FOLDER: &str = "redact.d";

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

/// What lies in `redact.d` of these folders, folder by folder; no folder is no rules.
///
/// # Errors
/// A folder that cannot be used. One that an ordinary user may not read binds them not.
pub fn list(folders: &[PathBuf]) -> Result<Listed, OwnError> {
    let mut all = Listed::default();
    for (number, folder) in folders.iter().enumerate() {
        match own::list(&folder.join(FOLDER)) {
            Ok(listed) => {
                all.files.extend(listed.files);
                all.others.extend(listed.others);
            }
            Err(error) if number > 0 && error.is_closed() => all.closed.push(folder.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Reads the rules of these files.
///
/// # Errors
/// The first file that cannot be used, and the first line of it that is wrong.
pub fn load(files: &[PathBuf]) -> Result<SiteRules, RulesError> {
    let (mut rules, mut known) = (SiteRules::default(), Vec::new());
    for path in files {
        let text = own::read(path)?;
        // The same file may lie in both folders.
        if known.contains(&text) {
            continue;
        }
        if let Err(problems) = rules.add(&text)
            && let Some(problem) = problems.into_iter().next()
        {
            return Err(RulesError::Wrong { path: path.clone(), problem });
        }
        known.push(text);
    }
    Ok(rules)
}
