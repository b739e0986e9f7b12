//! Rows of the customer's own: `sources.d/*.toml` in the configuration folder.
//!
//! In: files that only root (or the user who runs oediag) can write, in folders of the same kind up to `/`. Out: rows like the built-in ones, of
//! the kinds File, Glob and Command only. A file that is not exactly right is refused as a whole, with the
//! file and the key: half a site catalogue would be a surprise at the worst moment.

#![expect(clippy::disallowed_methods, reason = "rows of the site lie in our own configuration")]

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{errno::Errno, fcntl::OFlag, unistd::geteuid};
use serde::Deserialize;

use super::{Depth, Limit, Privacy, Probe, Source, Topic, Words};

/// Most bytes of one file, and most files.
const MAX_BYTES: u64 = 256 << 10;
const MAX_FILES: usize = 64;

/// Why the site's rows cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder or a file could not be read.
    #[error("{path}: cannot be read")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than root and the user could change it, or what stands at its place.
    #[error(
        "{path}: {why}; nobody but root and the user who runs oediag may be able to change what names the files and programs it takes"
    )]
    Exposed {
        /// The path: of a file, or of a folder on the way to it.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
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
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| SiteError::Io { path, source }
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(folder)(error)),
    };
    trusted_way(folder)?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(io(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.len() > MAX_FILES {
        return Err(SiteError::Shape { path: folder.to_owned(), message: format!("more than {MAX_FILES} files") });
    }
    let mut rows: Vec<&'static Source> = Vec::new();
    for path in paths {
        let text = read(&path)?;
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

/// Reads one file through one handle, so that what was looked at is what is read.
fn read(path: &Path) -> Result<String, SiteError> {
    let io = |source| SiteError::Io { path: path.to_owned(), source };
    let exposed = |why: &str| SiteError::Exposed { path: path.to_owned(), why: why.to_owned() };
    // A link ends the opening, a FIFO does not hold it up.
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file =
        File::options().read(true).custom_flags(flags).open(path).map_err(|source| {
            if source.raw_os_error() == Some(Errno::ELOOP as i32) { exposed("is a link") } else { io(source) }
        })?;
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(exposed("is not a regular file"));
    }
    if let Some(why) = open_to_others(&meta) {
        return Err(exposed(&why));
    }
    // One byte more than allowed is enough to know of a file that grows meanwhile.
    let mut text = String::new();
    let read =
        if meta.len() > MAX_BYTES { meta.len() } else { file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(io)? as u64 };
    if read > MAX_BYTES {
        return Err(SiteError::Shape { path: path.to_owned(), message: format!("is longer than {MAX_BYTES} bytes") });
    }
    Ok(text)
}

/// Refuses a folder that is a link, or a way to it that others could turn elsewhere: every folder up to `/`, as named and
/// as links lead.
fn trusted_way(folder: &Path) -> Result<(), SiteError> {
    let io = |source| SiteError::Io { path: folder.to_owned(), source };
    if fs::symlink_metadata(folder).map_err(io)?.is_symlink() {
        return Err(SiteError::Exposed { path: folder.to_owned(), why: "is a link".into() });
    }
    trusted_steps(&std::path::absolute(folder).map_err(io)?)?;
    trusted_steps(&fs::canonicalize(folder).map_err(io)?)
}

/// Looks at `path` and all folders above it, from below. A sticky folder that all may write, such as `/tmp`, keeps others
/// from moving what is not theirs; it is accepted above a private folder of the user's own, and nowhere else.
fn trusted_steps(path: &Path) -> Result<(), SiteError> {
    let me = geteuid().as_raw();
    let mut in_private = false;
    for step in path.ancestors() {
        let meta = fs::symlink_metadata(step).map_err(|source| SiteError::Io { path: step.to_owned(), source })?;
        let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0 && [0, me].contains(&meta.uid());
        match open_to_others(&meta) {
            Some(_) if sticky && in_private => {}
            Some(why) => return Err(SiteError::Exposed { path: step.to_owned(), why }),
            None => {}
        }
        in_private |= meta.is_dir() && meta.uid() == me && meta.mode() & 0o777 == 0o700;
    }
    Ok(())
}

/// Why others than root and the user could change what this describes. The mode of a link says nothing; its owner does.
fn open_to_others(meta: &Metadata) -> Option<String> {
    if meta.uid() != 0 && meta.uid() != geteuid().as_raw() {
        return Some(format!("belongs to uid {}", meta.uid()));
    }
    (!meta.is_symlink() && meta.mode() & 0o022 != 0)
        .then(|| format!("has mode {:04o}, which lets others write", meta.mode() & 0o7777))
}
