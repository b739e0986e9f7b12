//! The end of a bundle: manifest, sums, inner signature, end of archive, detached signature, name.

#![expect(clippy::disallowed_methods, reason = "the bundle being written is ours")]

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Seek as _, Write as _},
    path::Path,
};

use oediag_protocol::{
    bundle::{
        manifest::{Item, ItemKind, LedgerHead, Manifest, Reason, Redaction, RedactionSettings, SCHEMA, Start},
        name, sums, ustar,
    },
    digest::Sha256,
    json::JsonError,
    sshsig::{Namespace, Prehash, SigError, Signer},
    time::Time,
};
use serde::Serialize;

use super::{
    deflate::Deflater,
    file::{BundleFile, WriteError},
    signature,
};
use crate::{disk, failpoint, redact::Redactor};

/// Most places of leaks that a manifest names; all are counted.
const LEAK_PLACES: usize = 1000;

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// When.
    pub ended: Time,
    /// Why early, if early.
    pub reason: Option<Reason>,
    /// How often a stand-in was met that is not in the map, where a map is kept.
    pub map: Option<u64>,
    /// The head of the host's ledger at the time, where that is known.
    pub ledger: Option<LedgerHead>,
}

/// What cleans the members, as the manifest names it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Name of the rule set.
    pub name: String,
    /// Its digest.
    pub sha256: Sha256,
    /// The level.
    pub level: String,
    /// What was chosen, where that is known.
    pub settings: Option<RedactionSettings>,
}

impl From<&Redaction> for Rules {
    fn from(Redaction { ruleset, ruleset_sha256, level, settings, .. }: &Redaction) -> Rules {
        Rules { name: ruleset.clone(), sha256: *ruleset_sha256, level: level.clone(), settings: settings.clone() }
    }
}

impl Rules {
    /// Those that this redactor follows.
    pub fn of(redactor: &Redactor) -> Self {
        let (name, sha256) = redactor.ruleset();
        let settings = redactor.settings();
        let chosen = RedactionSettings {
            ip: settings.ip.as_str().to_owned(),
            mac: settings.mac.as_str().to_owned(),
            binary: settings.binary.as_str().to_owned(),
            correlate: settings.correlate.as_str().to_owned(),
            kept: settings.kept().map(str::to_owned).collect(),
        };
        let level = settings.level().as_str().to_owned();
        Self { name: name.to_owned(), sha256: Sha256(sha256), level, settings: Some(chosen) }
    }
}

/// Why a bundle could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Signing failed.
    #[error("signing")]
    Sign(#[from] SigError),
    /// A record could not be written as JSON.
    #[error("writing a record as JSON")]
    Json(#[from] JsonError),
    /// The file could not be read back or synced.
    #[error("reading the bundle back")]
    Io(#[from] io::Error),
}

/// A bundle that is whole but not yet under its name.
#[derive(Debug)]
pub(super) struct Sealed {
    /// The detached signature.
    pub signature: String,
    /// The size of the bundle.
    pub bytes: u64,
    /// Its manifest.
    pub manifest: Manifest,
}

/// JSON of one of our records.
pub(super) fn json(value: &impl Serialize) -> Result<Vec<u8>, SealError> {
    Ok(oediag_protocol::json::to_bytes(value)?)
}

/// Writes one of our own records as a member and gives its row.
pub(super) fn record(file: &mut BundleFile, deflater: &mut Deflater, path: &str, content: &[u8]) -> Result<Item, SealError> {
    let mut item = Item::new("oediag", ItemKind::Record);
    item.path = Some(path.to_owned());
    item.offset = Some(file.offset());
    item.bytes = content.len() as u64;
    item.bytes_seen = item.bytes;
    item.sha256 = Some(Sha256::of(content));
    let header = file.header(path, item.bytes)?;
    file.append(&deflater.entry(&header, content))?;
    Ok(item)
}

/// Ends a bundle whose items are all written.
pub(super) fn seal(
    mut file: BundleFile,
    deflater: &mut Deflater,
    start: Start,
    items: Vec<Item>,
    rules: Rules,
    ending: Ending,
    signer: &Signer,
) -> Result<Sealed, SealError> {
    let manifest = manifest(start, items, rules, ending);
    let manifest_row = record(&mut file, deflater, name::MANIFEST, &json(&manifest)?)?;
    failpoint::at("seal.manifest")?;
    let rows = manifest.items.iter().chain([&manifest_row]);
    let sums = sums::format(rows.filter_map(|item| Some((item.path.as_deref()?, item.sha256?))));
    record(&mut file, deflater, name::SUMS, sums.as_bytes())?;
    failpoint::at("seal.sums")?;
    let inner = signer.sign(Namespace::Bundle, sums.as_bytes())?;
    record(&mut file, deflater, name::SUMS_SIG, inner.as_bytes())?;
    failpoint::at("seal.signature")?;
    let mut end = Vec::new();
    deflater.members(&ustar::END, &mut end);
    file.append(&end)?;
    failpoint::at("seal.end")?;
    let bytes = file.offset();
    let mut file = file.into_file()?;
    file.rewind()?;
    failpoint::at("seal.read_back")?;
    let signature = signer.sign_prehashed(Namespace::File, Prehash::of_reader(file)?)?;
    Ok(Sealed { signature, bytes, manifest })
}

fn manifest(start: Start, mut items: Vec<Item>, rules: Rules, ending: Ending) -> Manifest {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (kind, number) in items.iter().flat_map(|item| &item.redactions) {
        *counts.entry(kind.clone()).or_default() += number;
    }
    let mut leaks: BTreeMap<String, u64> = BTreeMap::new();
    let mut room = LEAK_PLACES;
    for item in &mut items {
        for (kind, number) in &item.leaks.counts {
            *leaks.entry(kind.clone()).or_default() += number;
        }
        item.leaks.places.truncate(room);
        room -= item.leaks.places.len();
    }
    let redaction = Redaction {
        ruleset: rules.name,
        ruleset_sha256: rules.sha256,
        level: rules.level,
        total: counts.values().sum(),
        counts,
        leaks,
        map_kept_on_host: ending.map.is_some(),
        map_left_out: ending.map.unwrap_or(0),
        settings: rules.settings,
    };
    Manifest {
        schema: SCHEMA.to_owned(),
        start,
        ended: ending.ended,
        complete: ending.reason.is_none(),
        incomplete_reason: ending.reason,
        redaction,
        ledger_head: ending.ledger,
        items,
    }
}

/// Gives a sealed bundle its name, signature first: a bundle under its name always has one.
pub(super) fn publish(partial: &Path, target: &Path, armored: &str) -> io::Result<()> {
    let draft = signature(partial);
    if draft.symlink_metadata().is_ok() {
        fs::remove_file(&draft)?;
    }
    let mut file = disk::create(&draft)?;
    failpoint::writing("publish.draft", armored.as_bytes(), |half| (&file).write_all(half))?;
    file.write_all(armored.as_bytes())?;
    failpoint::at("publish.draft_written")?;
    file.sync_all()?;
    failpoint::at("publish.draft_synced")?;
    if target.symlink_metadata().is_ok() {
        fs::remove_file(&draft)?;
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(&draft, signature(target))?;
    failpoint::at("publish.signature")?;
    fs::rename(partial, target)?;
    failpoint::at("publish.named")?;
    disk::sync_folder(target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Removes what only a bundle in the making needs.
pub(super) fn tidy(partial: &Path, name: &str) {
    for suffix in ["partial", "partial.sig", "reserve", "journal"] {
        // Most are gone already; what cannot be removed now is removed by the next recovery.
        fs::remove_file(partial.with_file_name(format!("{name}.{suffix}"))).unwrap_or_default();
        // Only a kill matters here.
        failpoint::at("tidy.removed").unwrap_or_default();
    }
}
