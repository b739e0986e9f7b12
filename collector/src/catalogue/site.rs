//! Rows of the customer's own: `sources.d/*.toml` in the configuration folder.
//!
//! In: files that only root (or the user who runs oediag) can write, in folders of the same kind up to `/`. Out: rows like the built-in ones, of
//! the kinds File, Glob and Command only. A file that is not exactly right is refused as a whole, with the
//! file and the key: half a site catalogue would be a surprise at the worst moment.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::{Depth, Limit, Privacy, Probe, Source, Topic, Words};
use crate::own::{self, OwnError};

/// Why the site's rows cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder or a file cannot be used.
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
    /// A row says something that a row may not say.
    #[error("{path}: source {id:?}: {why}")]
    Row {
        /// The path.
        path: PathBuf,
        /// The row.
        id: String,
        /// What is wrong.
        why: &'static str,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileShape {
    source: Vec<RowShape>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowShape {
    id: String,
    topic: String,
    en: String,
    zh: String,
    privacy: PrivacyShape,
    file: Option<String>,
    glob: Option<String>,
    newest: Option<usize>,
    command: Option<Vec<String>>,
    bytes: Option<u64>,
    seconds: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PrivacyShape {
    Facts,
    Identifying,
    FreeText,
    Credentials,
}

/// Reads the rows of a folder, files in the order of their names; no folder is no rows.
pub fn load(folder: &Path) -> Result<Vec<&'static Source>, SiteError> {
    let mut rows: Vec<&'static Source> = Vec::new();
    for (path, text) in own::texts(folder)? {
        let shape: FileShape =
            toml::from_str(&text).map_err(|error| SiteError::Shape { path: path.clone(), message: error.to_string() })?;
        for row in shape.source {
            let id = row.id.clone();
            let refuse = |why| SiteError::Row { path: path.clone(), id: id.clone(), why };
            if rows.iter().any(|known| known.id == row.id) {
                return Err(refuse("is there twice"));
            }
            rows.push(self::row(row).map_err(refuse)?);
        }
    }
    Ok(rows)
}

fn row(row: RowShape) -> Result<&'static Source, &'static str> {
    let name = row.id.strip_prefix("site.").ok_or("the id must begin with \"site.\"")?;
    if name.is_empty()
        || name.len() > 60
        || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    {
        return Err("the id may hold a-z, 0-9, - and _ after \"site.\", at most 60 of them");
    }
    let topic = Topic::parse(&row.topic).ok_or("the topic is not one of the catalogue's")?;
    let clean = |path: &str| path.starts_with('/') && !path.split('/').any(|part| part == "..") && !path.contains('\0');
    let probe = match (row.file, row.glob, row.command) {
        (Some(path), None, None) if clean(&path) => Probe::File(keep(path)),
        (None, Some(pattern), None) if clean(&pattern) => {
            Probe::Glob { pattern: keep(pattern), newest: row.newest.unwrap_or(100) }
        }
        (None, None, Some(argv)) if argv.first().is_some_and(|program| clean(program)) => {
            // What is never read is told from paths; a way back up would hide one.
            let goes_up = |word: &String| word.split(|c: char| !c.is_alphanumeric() && c != '.').any(|part| part == "..");
            if argv.iter().any(goes_up) {
                return Err("no argument may hold \"..\" as a folder");
            }
            let words: Vec<&'static str> = argv.into_iter().map(keep).collect();
            Probe::Command(Box::leak(words.into_boxed_slice()))
        }
        _ => return Err("say exactly one of file, glob and command, with an absolute path without \"..\""),
    };
    let (bytes, seconds) = (row.bytes.unwrap_or(16 << 20), row.seconds.unwrap_or(30));
    if !(1..=1 << 32).contains(&bytes) || !(1..=600).contains(&seconds) {
        return Err("bytes must be 1 to 4294967296, seconds 1 to 600");
    }
    let privacy = match row.privacy {
        PrivacyShape::Facts => Privacy::Facts,
        PrivacyShape::Identifying => Privacy::Identifying,
        PrivacyShape::FreeText => Privacy::FreeText,
        PrivacyShape::Credentials => Privacy::Credentials,
    };
    let source = Source {
        id: keep(row.id),
        topic,
        when: &[],
        probe,
        privacy,
        limit: Limit { bytes, time: Duration::from_secs(seconds) },
        depth: Depth::Standard,
        words: Some(Words { en: keep(row.en), zh: keep(row.zh) }),
    };
    Ok(Box::leak(Box::new(source)))
}

/// Rows live as long as the program, like the built-in ones; they are read once.
fn keep(text: String) -> &'static str {
    text.leak()
}
