//! Maps on the disk: which stand-in of a bundle means what, for people on this host and nobody else.
//!
//! In: the map of a run; later, stand-ins that somebody asks about. Out: `maps/<bundle id>.map`, readable by its owner alone,
//! one JSON object on each line; rows of it. A map whose time is over is removed. Never here: credentials, and a way for a
//! source to reach a map (the list of what is never read has them).

#![expect(clippy::disallowed_methods, reason = "maps are ours")]

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    io::{self, BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use oediag_protocol::{
    id::BundleId,
    sealed::{AgeError, Identity, Opener, Recipient, Sealer},
};
use serde::{Deserialize, Serialize};

use crate::{
    redact::{self, Harvest},
    state::{self, StateError},
};

/// What the names of maps end in.
const EXTENSION: &str = "map";
/// How an encrypted map begins.
const AGE: &[u8] = b"age-encryption.org/";
/// Most bytes of a map: more than one of a run can have.
const MAX_BYTES: u64 = 256 << 20;
/// Most bytes of a row.
const MAX_ROW: u64 = 1 << 20;
/// Most rows that are given for one question.
const MAX_FOUND: usize = 100_000;

/// Why a map could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// A file or folder of the state.
    #[error(transparent)]
    State(#[from] StateError),
    /// It could not be read.
    #[error("{path}: reading the map")]
    Read {
        /// The map.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no row.
    #[error("{path}: line {line} is not a row of a map")]
    Row {
        /// The map.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It could not be encrypted or decrypted.
    #[error("{path}")]
    Age {
        /// The map.
        path: PathBuf,
        /// Why.
        source: AgeError,
    },
    /// It is encrypted, and nobody gave a key.
    #[error("{path}: the map is encrypted")]
    Encrypted {
        /// The map.
        path: PathBuf,
    },
}

/// One stand-in and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The stand-in: a token or an address.
    pub token: String,
    /// The kind of the value.
    pub kind: String,
    /// The value.
    pub value: String,
    /// A member in which it was met early; none if it was a part of a path, of arguments or of a message.
    pub file: Option<String>,
    /// Whether it was known as a name of the host before the first byte was redacted: such a value is nowhere in the bundle, while
    /// one that only its place told may stand elsewhere as a word.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub harvested: bool,
}

impl Row {
    /// Adds the value to those that are looked for, if it was known as a name.
    pub fn teach(&self, harvest: &mut Harvest) {
        if let Some(names) = names(harvest, &self.kind).filter(|_| self.harvested) {
            names.insert(self.value.clone());
        }
    }
}

/// Kinds of names that are learned of a host.
const NAMES: [&str; 7] = ["hostname", "domain", "username", "person_name", "keyword", "serial_number", "system_uuid"];

/// The names of a kind.
fn names<'a>(harvest: &'a mut Harvest, kind: &str) -> Option<&'a mut BTreeSet<String>> {
    let of = NAMES.iter().position(|name| *name == kind)?;
    let Harvest { hosts, domains, users, names, keywords, serials, uuids, .. } = harvest;
    [hosts, domains, users, names, keywords, serials, uuids].into_iter().nth(of)
}

/// A map on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDisk {
    /// Whose stand-ins it holds.
    pub bundle: BundleId,
    /// Where it lies.
    pub path: PathBuf,
}

/// Where maps are kept, and for whom.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder of maps.
    pub folder: PathBuf,
    /// To whom they are encrypted; without one root alone can read them.
    pub recipient: Option<Recipient>,
    /// What was known of the host beforehand.
    pub harvest: Harvest,
}

impl Place {
    /// Writes the map of a bundle.
    ///
    /// # Errors
    /// The folder or file cannot be made, or is open to others.
    pub fn keep(mut self, bundle: BundleId, map: &redact::Map) -> Result<(), MapError> {
        state::private_folder(&self.folder)?;
        // Values are equal in lower case.
        for kind in NAMES {
            if let Some(names) = names(&mut self.harvest, kind) {
                *names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
            }
        }
        let path = self.folder.join(format!("{bundle}.{EXTENSION}"));
        let mut text = Vec::new();
        for (token, meaning) in map.iter() {
            let known = names(&mut self.harvest, meaning.kind);
            let row = Row {
                token: token.to_owned(),
                kind: meaning.kind.to_owned(),
                value: meaning.value.clone(),
                file: meaning.file.as_deref().map(str::to_owned),
                harvested: known.is_some_and(|names| names.contains(&meaning.value.to_ascii_lowercase())),
            };
            let wrote = serde_json::to_writer(&mut text, &row).map_err(io::Error::from);
            wrote.map_err(|source| MapError::Read { path: path.clone(), source })?;
            text.push(b'\n');
        }
        if let Some(recipient) = &self.recipient {
            let age = |source| MapError::Age { path: path.clone(), source };
            let mut sealer = Sealer::new(Vec::new(), std::slice::from_ref(recipient)).map_err(age)?;
            sealer.write_all(&text).map_err(|source| MapError::Read { path: path.clone(), source })?;
            text = sealer.finish().map_err(age)?.0;
        }
        Ok(state::save(&path, &text)?)
    }
}

/// The maps in the folder, the newest first; no folder is no map.
///
/// # Errors
/// The folder is open to others or cannot be read.
pub fn all(folder: &Path) -> Result<Vec<OnDisk>, MapError> {
    let mut found: Vec<(SystemTime, OnDisk)> = Vec::new();
    for path in files(folder)? {
        let name = path.file_stem().and_then(|name| name.to_str()).and_then(BundleId::parse);
        let made = fs::symlink_metadata(&path).and_then(|meta| meta.modified());
        if let (Some(bundle), Ok(made)) = (name, made) {
            found.push((made, OnDisk { bundle, path }));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
    Ok(found.into_iter().map(|(_, map)| map).collect())
}

/// Removes maps older than so many days; gives how many are gone.
///
/// # Errors
/// The folder is open to others or cannot be read, or a map cannot be removed.
pub fn expire(folder: &Path, days: u32, now: SystemTime) -> Result<usize, MapError> {
    let age = Duration::from_secs(u64::from(days) * 86_400);
    let mut removed = 0;
    for path in files(folder)? {
        let read = |source| MapError::Read { path: path.clone(), source };
        let meta = fs::symlink_metadata(&path).map_err(read)?;
        match now.duration_since(meta.modified().map_err(read)?) {
            Ok(passed) if passed >= age => {
                fs::remove_file(&path).map_err(read)?;
                removed += 1;
            }
            // The clock was wrong when it was written: its time begins now.
            Err(_) if meta.is_file() => {
                fs::File::options().write(true).open(&path).and_then(|map| map.set_modified(now)).map_err(read)?;
            }
            _ => {}
        }
    }
    Ok(removed)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, MapError> {
    let read = |source| MapError::Read { path: folder.to_owned(), source };
    if folder.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(Vec::new());
    }
    state::private_folder(folder)?;
    let entries = fs::read_dir(folder).map_err(read)?.collect::<Result<Vec<_>, _>>().map_err(read)?;
    let maps = entries.into_iter().map(|entry| entry.path());
    Ok(maps.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION)).collect())
}

impl OnDisk {
    /// The rows of the wanted stand-ins, which are in lower case.
    ///
    /// # Errors
    /// The map is open to others, damaged, or encrypted to somebody else.
    pub fn find(&self, wanted: &HashSet<String>, identity: Option<&Identity>) -> Result<Vec<Row>, MapError> {
        self.rows(identity, |row| wanted.contains(&row.token.to_ascii_lowercase()))
    }

    /// The rows that are wanted.
    ///
    /// # Errors
    /// The map is open to others, damaged, or encrypted to somebody else.
    pub fn rows(&self, identity: Option<&Identity>, wanted: impl Fn(&Row) -> bool) -> Result<Vec<Row>, MapError> {
        let read = |source| MapError::Read { path: self.path.clone(), source };
        let text = state::saved(&self.path, MAX_BYTES)?.unwrap_or_default();
        let plain: Box<dyn Read> = if text.starts_with(AGE) {
            let Some(identity) = identity else { return Err(MapError::Encrypted { path: self.path.clone() }) };
            let opened = Opener::new(io::Cursor::new(text), std::slice::from_ref(identity));
            Box::new(opened.map_err(|source| MapError::Age { path: self.path.clone(), source })?)
        } else {
            Box::new(io::Cursor::new(text))
        };
        let mut lines = BufReader::new(plain);
        let (mut found, mut line, mut number) = (Vec::new(), Vec::new(), 0);
        while found.len() < MAX_FOUND {
            line.clear();
            number += 1;
            if (&mut lines).take(MAX_ROW).read_until(b'\n', &mut line).map_err(read)? == 0 {
                break;
            }
            let row: Row = serde_json::from_slice(&line).map_err(|_| MapError::Row { path: self.path.clone(), line: number })?;
            if wanted(&row) {
                found.push(row);
            }
        }
        Ok(found)
    }
}
