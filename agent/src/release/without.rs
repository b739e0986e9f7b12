//! A bundle anew, without some of its sources or members. In: the open bundle, names. Out: another bundle beside it or elsewhere.
//! Never: changes the bundle at hand, or leaves out what nobody named.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use oediag_collector::{
    bundle::{self, Destination, WithoutError},
    state::Identity,
};
use oediag_protocol::bundle::manifest::{Item, ItemKind};

use super::own::Own;

/// Why there is no other bundle.
#[derive(Debug, thiserror::Error)]
pub enum LeaveOutError {
    /// A name of nothing in it.
    #[error("there is no source and no member called {0:?}")]
    Unknown(String),
    /// The bundle at hand cannot be read.
    #[error("reading the bundle")]
    Read(#[from] io::Error),
    /// The other one cannot be made.
    #[error(transparent)]
    Make(#[from] WithoutError),
}

/// Makes a bundle without the items of these names: ids of sources, paths in the bundle, paths on the host. Gives its path.
///
/// # Errors
/// A name that nothing has, or no bundle.
pub fn without(own: &Own, names: &[String], folder: &Path, identity: &Identity) -> Result<PathBuf, LeaveOutError> {
    let plain = |name: &String| name.trim_start_matches('/').to_owned();
    let named = |item: &Item, name: &String| {
        item.kind != ItemKind::Record
            && item.path.as_ref().is_some_and(|path| item.id == *name || *path == plain(name) || item.src.as_ref() == Some(name))
    };
    if let Some(name) = names.iter().find(|name| !own.manifest.items.iter().any(|item| named(item, name))) {
        return Err(LeaveOutError::Unknown(name.clone()));
    }
    let leave_out = |item: &Item| names.iter().any(|name| named(item, name));
    let folder = Destination::Folder(folder.to_owned());
    Ok(bundle::without(own.read()?, &own.manifest, leave_out, &folder, identity)?.path)
}

/// Makes a bundle with the members of these paths and our own records: of all else only the rows stay. Gives its path.
///
/// # Errors
/// No bundle.
pub fn only(own: &Own, paths: &BTreeSet<&str>, folder: &Path, identity: &Identity) -> Result<PathBuf, LeaveOutError> {
    let leave_out = |item: &Item| item.kind != ItemKind::Record && !item.path.as_deref().is_some_and(|path| paths.contains(path));
    let folder = Destination::Folder(folder.to_owned());
    Ok(bundle::without(own.read()?, &own.manifest, leave_out, &folder, identity)?.path)
}
