//! The bundle: begun, filled by lanes, closed with its signatures, or ended in order after a kill.
//!
//! In: members that are already redacted. Out: `NAME.tar.gz` and `NAME.tar.gz.sig`, whole or not at all.

#![expect(clippy::disallowed_methods, reason = "the bundle being written is ours")]

pub mod deflate;
pub(crate) mod file;
mod journal;
mod recover;
mod seal;
mod without;
pub(crate) mod writer;

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use oediag_analysis::{AlertsJson, Conclusion, Findings, OperationsJson};
use oediag_protocol::{
    bundle::{
        manifest::{BUNDLE_SCHEMA, BundleJson, Item, ItemKind, Manifest, Outcome, Reason, Start, Window},
        name::{self, BundleName},
        readme,
    },
    id::BundleId,
    time::Time,
};

use self::{
    deflate::{Deflater, Level},
    file::{BundleFile, Headers, WriteError},
    journal::{Journal, Opening},
    writer::{Gathered, Writer},
};
pub use self::{
    recover::{Recovered, recover},
    seal::{Ending, Rules},
    without::{WithoutError, without},
};
use crate::{
    disk::{self, Reserve},
    failpoint,
    leak::{self, Found, LastLook, Leaked},
    state::Identity,
};

/// Where a bundle shall lie.
#[derive(Clone, Debug)]
pub enum Destination {
    /// In this folder, under its own name.
    Folder(PathBuf),
    /// At this path.
    File(PathBuf),
}

/// Why there is no bundle at all.
#[derive(Debug, thiserror::Error)]
pub enum NoBundle {
    /// There is something already.
    #[error("{path} is already there; nothing was overwritten")]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Too little room to begin.
    #[error(
        "{folder}: too little free space to begin a bundle: at least a tenth of the file system (at most 1 GiB) stays free, and 3 MiB are needed"
    )]
    NoRoom {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// Something of the bundle could not be written.
    #[error("{path}: {doing}")]
    Io {
        /// The path.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The bundle could not be ended.
    #[error("{path}: the bundle could not be ended")]
    Close {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: seal::SealError,
    },
}

/// A bundle that holds its README and its `bundle.json`.
#[derive(Debug)]
pub struct Opened {
    begun: Begun,
    file: BundleFile,
    journal: Journal,
    items: Vec<Item>,
}

/// What stays of an opened bundle while it is filled.
#[derive(Debug)]
pub struct Begun {
    start: Start,
    rules: Rules,
    name: BundleName,
    partial: PathBuf,
    target: PathBuf,
    reserve: Reserve,
}

impl Begun {
    /// The id of the bundle.
    pub(crate) fn bundle_id(&self) -> BundleId {
        self.start.bundle_id
    }
}

/// A closed bundle.
#[derive(Debug)]
pub struct Closed {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its manifest.
    pub manifest: Manifest,
}

/// Begins a bundle; `tasks` are the ids of the sources of all tasks, for a manifest after a kill.
pub fn begin(
    destination: &Destination,
    start: Start,
    rules: Rules,
    tasks: Vec<String>,
    identity: &Identity,
    level: Level,
) -> Result<Opened, NoBundle> {
    let name = BundleName::new(start.host_id, start.started, start.bundle_id);
    let target = match destination {
        Destination::Folder(folder) => folder.join(format!("{name}.tar.gz")),
        Destination::File(path) => path.clone(),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    if let Some(path) = [target.clone(), signature(&target)].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(NoBundle::Exists { path });
    }
    let at = |suffix: &str| folder.join(format!("{name}.{suffix}"));
    let io = |path: &Path, doing| {
        let path = path.to_owned();
        move |source| NoBundle::Io { path, doing, source }
    };
    let (partial, journal_path, reserve_path) = (at("partial"), at("journal"), at("reserve"));
    let journal_file = disk::create(&journal_path).map_err(io(&journal_path, "making the journal"))?;
    let clean_up = |error: NoBundle| {
        for path in [&partial, &reserve_path, &journal_path] {
            // What was never made cannot be removed; the error that matters is the first one.
            std::fs::remove_file(path).unwrap_or_default();
        }
        error
    };
    let make = || {
        failpoint::at("begin.journal").map_err(io(&journal_path, "making the journal"))?;
        journal_file.try_lock().map_err(|error| NoBundle::Io {
            path: journal_path.clone(),
            doing: "locking the journal",
            source: error.into(),
        })?;
        match disk::has_room(&journal_file, disk::RESERVE + (2 << 20)) {
            Ok(true) => {}
            Ok(false) => return Err(NoBundle::NoRoom { folder: folder.clone() }),
            Err(source) => return Err(NoBundle::Io { path: folder.clone(), doing: "looking at the free space", source }),
        }
        let reserve = Reserve::take(&reserve_path).map_err(io(&reserve_path, "reserving space"))?;
        let file = disk::create(&partial).map_err(io(&partial, "making the bundle"))?;
        failpoint::at("begin.partial").map_err(io(&partial, "making the bundle"))?;
        Ok((reserve, file))
    };
    let (reserve, file) = make().map_err(clean_up)?;
    let mut file = BundleFile::new(file, 0, &name.to_string(), start.started);
    let mut deflater = Deflater::new(level);
    let items = opening_items(&mut file, &mut deflater, &name, &start, identity)
        .map_err(|source| clean_up(NoBundle::Close { path: partial.clone(), source }))?;
    let opening = Opening {
        name: name.to_string(),
        start: start.clone(),
        tasks,
        ruleset: rules.name.clone(),
        ruleset_sha256: rules.sha256,
        level: rules.level.clone(),
        settings: rules.settings.clone(),
        opened: file.offset(),
        items: items.clone(),
    };
    let journal = Journal::begin(journal_file, &opening)
        .map_err(|source| clean_up(NoBundle::Io { path: journal_path.clone(), doing: "writing the journal", source }))?;
    Ok(Opened { begun: Begun { start, rules, name, partial, target, reserve }, file, journal, items })
}

fn opening_items(
    file: &mut BundleFile,
    deflater: &mut Deflater,
    name: &BundleName,
    start: &Start,
    identity: &Identity,
) -> Result<Vec<Item>, seal::SealError> {
    let readme = readme::readme(*name, start.host_id, &identity.signer.public());
    let json = BundleJson { schema: BUNDLE_SCHEMA.to_owned(), start: start.clone() };
    Ok(vec![
        seal::record(file, deflater, name::README, readme.as_bytes())?,
        seal::record(file, deflater, name::BUNDLE_JSON, &seal::json(&json)?)?,
    ])
}

impl Opened {
    /// What makes headers, for other threads.
    pub(crate) fn headers(&self) -> Headers {
        self.file.headers()
    }

    pub(crate) fn into_writer(self, tasks: usize, cap: u64, level: Level) -> (Writer, Begun) {
        (Writer::new(self.file, self.journal, self.items, tasks, cap, level), self.begun)
    }
}

/// What the members say. Tables of logins and of changed files reach beyond the window that was asked for; the record of
/// operations does not.
pub(crate) fn concluded(findings: Vec<Findings>, window: &Window) -> Conclusion {
    let moment = |time: Option<Time>| time.and_then(|time| Timestamp::from_second(time.0).ok());
    let mut conclusion = oediag_analysis::conclude(findings);
    conclusion.operations.retain(|operation| operation.within(moment(window.since), moment(window.until)));
    conclusion
}

/// Ends a bundle: facts, alerts, manifest, sums, signatures; then it appears under its name. `look`: what looks through the
/// records; none where they are made from a bundle that was looked through.
pub fn close(
    begun: Begun,
    gathered: Gathered,
    conclusion: &Conclusion,
    look: Option<&LastLook<'_>>,
    ending: Ending,
    identity: &Identity,
    level: Level,
) -> Result<Closed, NoBundle> {
    let Begun { start, rules, name, partial, target, reserve } = begun;
    let Gathered { mut file, mut items, stopped, .. } = gathered;
    // From here on only a few megabytes come, for which the reserve was taken: better a bundle than a floor kept to the byte.
    drop(reserve);
    file.unguard();
    let mut deflater = Deflater::new(level);
    let end = || -> Result<_, seal::SealError> {
        failpoint::at("close.begun")?;
        let mut ending = ending;
        if stopped.is_none() {
            let (offset, before) = (file.offset(), items.len());
            let alerts = AlertsJson::new(conclusion.alerts.clone(), conclusion.left_out.clone());
            let operations = OperationsJson::new(conclusion.operations.clone(), conclusion.operations_left_out.clone());
            let records = [
                (name::FACTS, seal::json(&conclusion.facts)?),
                (name::ALERTS, seal::json(&alerts)?),
                (name::OPERATIONS, seal::json(&operations)?),
            ];
            for (path, content) in records {
                let looked = match look {
                    Some(look) => look.record(content),
                    None => Ok((content, Found::default())),
                };
                let (content, found) = match looked {
                    Ok(clean) => clean,
                    Err(Leaked(found)) => {
                        let mut item = Item::new("oediag", ItemKind::Record);
                        (item.outcome, item.reason) = (Outcome::Failed, Some(Reason::Leak));
                        leak::add(&mut item, &found);
                        items.push(item);
                        continue;
                    }
                };
                match seal::record(&mut file, &mut deflater, path, &content) {
                    Ok(mut item) => {
                        leak::add(&mut item, &found);
                        items.push(item);
                    }
                    // The manifest matters more than they do.
                    Err(seal::SealError::Write(WriteError::DiskFull)) => {
                        file.cut(offset)?;
                        items.truncate(before);
                        ending.reason = Some(Reason::DiskFull);
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        failpoint::at("close.records")?;
        seal::seal(file, &mut deflater, start, items, rules, ending, &identity.signer)
    };
    let sealed = end().map_err(|source| NoBundle::Close { path: partial.clone(), source })?;
    seal::publish(&partial, &target, &sealed.signature).map_err(|source| NoBundle::Io {
        path: target.clone(),
        doing: "putting the finished bundle in place",
        source,
    })?;
    seal::tidy(&partial, &name.to_string());
    Ok(Closed { path: target, bytes: sealed.bytes, manifest: sealed.manifest })
}

/// Where the detached signature of a bundle lies.
pub fn signature(bundle: &Path) -> PathBuf {
    let mut path = bundle.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}
