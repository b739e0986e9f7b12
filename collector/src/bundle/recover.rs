//! After a kill: what was whole becomes a signed partial bundle, what was not goes.

#![expect(clippy::disallowed_methods, reason = "bundles that earlier runs left are ours")]

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use oediag_protocol::bundle::{
    manifest::{Item, ItemKind, Outcome, Reason},
    name::BundleName,
};

use super::{
    deflate::{Deflater, Level},
    file::BundleFile,
    journal::{self, Entry, Opening},
    seal::{self, Ending, Rules},
};
use crate::{failpoint, state::Identity};

/// What recovery made of one interrupted run.
#[derive(Debug)]
pub enum Recovered {
    /// A signed partial bundle.
    Bundle {
        /// Where it lies.
        path: PathBuf,
        /// How many members it has.
        members: usize,
    },
    /// Nothing of it was whole; its leftovers are gone.
    Nothing {
        /// The name it would have had.
        name: String,
    },
    /// It could not be ended; its parts are still there.
    Failed {
        /// The bundle's unfinished file.
        path: PathBuf,
        /// Why, outermost first.
        error: Vec<String>,
    },
}

/// Ends every interrupted bundle in `folder` that no run is still working on.
pub fn recover(folder: &Path, identity: &Identity) -> Vec<Recovered> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut journals: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "journal"))
        .collect();
    journals.sort();
    journals.iter().filter_map(|journal| one(journal, identity)).collect()
}

fn one(path: &Path, identity: &Identity) -> Option<Recovered> {
    let name = path.file_stem()?.to_str()?.to_owned();
    // Only files of ours have such names.
    BundleName::parse(&name)?;
    let file = open(path).ok()?;
    // A lock says that the run is alive.
    file.try_lock().ok()?;
    let partial = path.with_extension("partial");
    failpoint::at("recover.locked").ok()?;
    let Some((opening, entries)) = journal::read(&file).filter(|(opening, _)| opening.name == name) else {
        // Killed before the first line was whole: there is nothing else yet.
        seal::tidy(&partial, &name);
        return Some(Recovered::Nothing { name });
    };
    // What another installation left is its own to end.
    if opening.start.host_id != identity.host_id {
        return None;
    }
    match finish(&partial, opening, entries, identity) {
        Ok(Finish::Done(recovered)) => Some(recovered),
        Ok(Finish::Nothing) => {
            seal::tidy(&partial, &name);
            Some(Recovered::Nothing { name })
        }
        Ok(Finish::Named) => {
            seal::tidy(&partial, &name);
            None
        }
        Err(error) => Some(Recovered::Failed { path: partial, error: chain(&error) }),
    }
}

/// What became of an interrupted run.
enum Finish {
    Done(Recovered),
    /// Nothing of it was whole.
    Nothing,
    /// It was killed after the bundle had its name.
    Named,
}

fn finish(partial: &Path, opening: Opening, entries: Vec<Entry>, identity: &Identity) -> Result<Finish, seal::SealError> {
    let file = match open(partial) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Finish::Named),
        Err(error) => return Err(error.into()),
    };
    let length = file.metadata()?.len();
    failpoint::at("recover.read")?;
    if opening.opened > length {
        return Ok(Finish::Nothing);
    }
    let (mut offset, mut items, mut ended) = (opening.opened, opening.items, HashSet::new());
    let own = items.len();
    for entry in entries.into_iter().take_while(|entry| entry.offset <= length) {
        offset = entry.offset;
        ended.insert(entry.task);
        items.extend(entry.items);
    }
    if items.len() == own {
        return Ok(Finish::Nothing);
    }
    let members = items.iter().filter(|item| item.path.is_some()).count();
    // One row for each source of which a task is missing, perhaps beside rows of tasks that are there.
    let mut missing: Vec<&String> = Vec::new();
    for (_, id) in opening.tasks.iter().enumerate().filter(|(task, _)| !ended.contains(task)) {
        if missing.last() != Some(&id) {
            missing.push(id);
        }
    }
    items.extend(missing.into_iter().map(|id| Item {
        outcome: Outcome::Failed,
        reason: Some(Reason::Interrupted),
        ..Item::new(id, ItemKind::Record)
    }));
    let name = opening.name;
    let mut file = BundleFile::new(file, offset, &name, opening.start.started);
    file.cut(offset)?;
    failpoint::at("recover.cut")?;
    // The reserve was taken for just this.
    fs::remove_file(partial.with_extension("reserve")).unwrap_or_default();
    failpoint::at("recover.reserve_freed")?;
    file.unguard();
    let ended = items.iter().filter_map(|item| item.started).max().unwrap_or(opening.start.started);
    let ending = Ending { ended, reason: Some(Reason::Interrupted), map: None, ledger: None };
    let rules = Rules { name: opening.ruleset, sha256: opening.ruleset_sha256, level: opening.level, settings: opening.settings };
    let mut deflater = Deflater::new(Level::Fast);
    let sealed = seal::seal(file, &mut deflater, opening.start, items, rules, ending, &identity.signer)?;
    failpoint::at("recover.sealed")?;
    // Under its own name, whatever file it was to be: that one may be there by now.
    let target = partial.with_file_name(format!("{name}.tar.gz"));
    seal::publish(partial, &target, &sealed.signature)?;
    failpoint::at("recover.published")?;
    seal::tidy(partial, &name);
    Ok(Finish::Done(Recovered::Bundle { path: target, members }))
}

/// Opens a file that only we can have written: the folder may be one that others write to, and whoever could put a journal
/// there would have us sign and rename what they like.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let meta = file.metadata()?;
    let others = meta.mode() & 0o077;
    let ours = meta.uid() == nix::unistd::geteuid().as_raw() && others == 0 && meta.nlink() == 1;
    if meta.is_file() && ours { Ok(file) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn chain(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect()
}
