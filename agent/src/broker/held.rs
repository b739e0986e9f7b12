//! Index first: what was collected stays here, a list of it is sent, and single items of it can be asked for later.
//!
//! In: a bundle that was collected; numbers of rows of an index that was sent. Out: the index; a bundle with those items and no others.
//! Never: hands out an item of a bundle whose index the center does not have, or keeps more than a few bundles.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use oediag_collector::{redact::Level as Redacted, state};
use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Manifest, Reason},
    consent::Level,
    id::RequestId,
    policy::verdict::Reach,
    request::{
        life::{Move, State},
        paper::{Held, Request},
        value::Name,
    },
};

use super::{
    Broker, Kept, Trouble,
    book::{Entry, Made, Step, Whole},
    offer,
    policy::Standing,
    work,
};
use crate::release::{own::Own, without};

/// Most whole bundles that are kept beside their index.
const MAX_WHOLE: usize = 4;

/// Where an index and its whole bundle lie.
pub(super) struct Source {
    index: PathBuf,
    made: Made,
    folder: PathBuf,
    whole: Whole,
}

/// Rows that are about the host: an index and its bundle have the same ones in the same order.
fn rows(manifest: &Manifest) -> impl Iterator<Item = (usize, &Item)> {
    manifest.items.iter().enumerate().filter(|(_, item)| item.kind != ItemKind::Record)
}

impl Broker {
    /// The sources that a request reaches; of items, those that they come from.
    pub(super) fn reach(&self, kept: &Kept, request: &Request) -> Result<Vec<Reach>, Trouble> {
        let Some(held) = &request.scope.held else { return Ok(offer::reach(request, &self.rows)) };
        let index = self.index_of(&Self::source(kept, held)?, held)?;
        let mut sources = BTreeSet::new();
        for item in &held.items {
            let row = usize::try_from(*item).ok().and_then(|place| index.items.get(place));
            // What is left out of an index is what its bundle has.
            let row = row.filter(|row| row.kind != ItemKind::Record && row.reason == Some(Reason::LeftOut));
            sources.insert(row.ok_or(Trouble::No("out_of_range"))?.id.clone());
        }
        let reach = |id: &String| {
            let row = self.rows.iter().find(|row| row.id == id);
            let level = row.map_or(Level::Extended, |row| offer::level(row));
            let source = Name::parse(id).filter(|_| level <= request.scope.level).ok_or(Trouble::No("source_level"))?;
            Ok(Reach { source, level, by_preset: false })
        };
        sources.iter().map(reach).collect()
    }

    /// The bundle that somebody asks items of: its index is at the center, and it is still here.
    pub(super) fn source(kept: &Kept, held: &Held) -> Result<Source, Trouble> {
        let named = |entry: &&Entry| {
            let sent = entry.bundle.as_ref().is_some_and(|made| made.bundle_id == held.bundle_id);
            let same = entry.whole.as_ref().is_some_and(|whole| whole.manifest_sha256 == held.manifest_sha256);
            sent && same && entry.row.state == State::Stored
        };
        let found = kept.book.entries().find(named).and_then(|entry| {
            let (id, made, whole) = (entry.row.id, entry.bundle.clone()?, entry.whole.clone()?);
            Some(Source { index: kept.book.bundles(id).join(&made.name), made, folder: kept.book.whole(id), whole })
        });
        found.ok_or(Trouble::No("unknown_bundle"))
    }

    fn index_of(&self, source: &Source, held: &Held) -> Result<Manifest, Trouble> {
        let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        let whole = source.folder.join(&source.whole.made.name);
        if source.index.symlink_metadata().is_err_and(|error| gone(&error))
            || whole.symlink_metadata().is_err_and(|error| gone(&error))
        {
            return Err(Trouble::No("unknown_bundle"));
        }
        let index = Own::open(&source.index, &self.identity)?;
        let same = index.bundle.sha256 == source.made.sha256 && index.bundle.manifest_sha256 == held.manifest_sha256;
        if same { Ok(index.manifest) } else { Err(Trouble::No("unknown_bundle")) }
    }

    /// A bundle of the items that are asked for.
    pub(super) fn items(&self, source: &Source, request: &Request, folder: &Path) -> Result<Own, Trouble> {
        let held = request.scope.held.as_ref().ok_or(Trouble::No("unknown_bundle"))?;
        let index = self.index_of(source, held)?;
        let whole = Own::open(&source.folder.join(&source.whole.made.name), &self.identity)?;
        if whole.bundle.sha256 != source.whole.made.sha256 {
            return Err(Trouble::No("changed"));
        }
        let limits = Standing::read(&self.state).policy.limits;
        let least = work::level(request.redaction_min.max(limits.redaction_floor));
        if Redacted::parse(&whole.manifest.redaction.level).is_none_or(|level| level < least) {
            return Err(Trouble::No("redaction"));
        }
        let mut paths = BTreeSet::new();
        if rows(&index).count() != rows(&whole.manifest).count() {
            return Err(Trouble::No("changed"));
        }
        for ((place, row), (_, item)) in rows(&index).zip(rows(&whole.manifest)) {
            if row.id != item.id || row.src != item.src {
                return Err(Trouble::No("changed"));
            }
            if held.items.binary_search(&(place as u64)).is_ok() {
                paths.insert(item.path.as_deref().ok_or(Trouble::No("out_of_range"))?);
            }
        }
        Self::afresh(folder)?;
        let own = Own::open(&without::only(&whole, &paths, folder, &self.identity)?, &self.identity)?;
        if own.bundle.bytes > request.max_bytes.min(limits.max_bytes.0) {
            fs::remove_dir_all(folder)?;
            return Err(Trouble::No("too_large"));
        }
        Ok(own)
    }

    /// The index of a bundle that was collected, and what is to be known to find the bundle again.
    pub(super) fn index(&self, whole: &Own, folder: &Path) -> Result<(Own, Whole), Trouble> {
        Self::afresh(folder)?;
        let own = Own::open(&without::only(whole, &BTreeSet::new(), folder, &self.identity)?, &self.identity)?;
        let manifest_sha256 = own.bundle.manifest_sha256;
        Ok((own, Whole { made: work::of(whole), manifest_sha256 }))
    }

    /// An empty folder: what a run that was killed left half-made is made again.
    fn afresh(folder: &Path) -> Result<(), Trouble> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        Ok(state::private_folder(folder)?)
    }

    /// Makes room: of whole bundles whose index is at the center, the oldest go.
    pub(super) fn keep_few(&self, kept: &mut Kept) -> Result<(), Trouble> {
        let whole = |entry: &&Entry| entry.whole.is_some() && entry.row.state == State::Stored;
        let mut all: Vec<_> = kept.book.entries().filter(whole).map(|entry| (entry.row.at, entry.row.id)).collect();
        all.sort_unstable();
        let many = all.len().saturating_sub(MAX_WHOLE);
        for (_, id) in all.into_iter().take(many) {
            self.delete(kept, id)?;
        }
        Ok(())
    }

    /// Removes the host's own copy of what the center has.
    pub(super) fn delete(&self, kept: &mut Kept, id: RequestId) -> Result<(), Trouble> {
        let obj = kept.book.entry(id)?.bundle.as_ref().map(|made| made.sha256);
        kept.book.step(id, Step { obj, ..Move::Delete.into() }, self.hand(), |_| {})?;
        self.remove(kept, id)
    }
}
