//! A bundle made from another one by leaving items out.
//!
//! In: an open, verified bundle of this host, and which rows go. Out: a new bundle with an id of its own, whole, signed, naming the old one;
//! rows that went stay as rows without a member. Facts and alerts are made anew from what stays: nothing that was
//! only in what went is in them. Never: changes the old bundle.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    path::Path,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use oediag_analysis::{Context, Findings, Tap};
use oediag_protocol::{
    bundle::{
        manifest::{Item, Manifest, Outcome, Reason, Start},
        name,
        reader::{CAPS, Entry, ReadError, Reader, open_at},
    },
    digest::Sha256,
    id::BundleId,
    time::Time,
};
use sha2::Digest as _;

use super::{
    Closed, Destination, Ending, NoBundle,
    deflate::{BLOCK, Deflater, Level},
    seal::{self, Rules},
    writer::{Part, Refused, Writer},
};
use crate::{bundle, digested::Digested, packed::Packing, state::Identity};

/// Compression of the new bundle.
const LEVEL: Level = Level::Fast;

/// Why there is no new bundle.
#[derive(Debug, thiserror::Error)]
pub enum WithoutError {
    /// It could not be written.
    #[error(transparent)]
    NoBundle(#[from] NoBundle),
    /// The old bundle cannot be read.
    #[error("reading the bundle that items are left out of")]
    Read(#[from] ReadError),
    /// The old bundle is not what its manifest says any more.
    #[error("{path} differs from the manifest: the bundle changed meanwhile")]
    Changed {
        /// The member.
        path: String,
    },
    /// The new bundle reached a limit or the disk was full.
    #[error("the new bundle found no room")]
    NoRoom,
}

/// Makes a new bundle of `source`, whose verified manifest is `manifest`, in `destination`; rows for which `leave_out` holds go.
pub fn without(
    source: &File,
    manifest: &Manifest,
    leave_out: impl Fn(&Item) -> bool,
    destination: &Destination,
    identity: &Identity,
) -> Result<Closed, WithoutError> {
    let bundle_id = BundleId(uuid::Uuid::new_v4().into_bytes());
    let start = Start { bundle_id, derived_from: Some(manifest.start.bundle_id), ..manifest.start.clone() };
    let tasks = vec![name::OURS.to_owned()];
    let opened = bundle::begin(destination, start, Rules::from(&manifest.redaction), tasks, identity, LEVEL)?;
    let headers = opened.headers();
    // The old bundle kept to its cap, and this one is no larger but for compression.
    let (writer, begun) = opened.into_writer(1, u64::MAX, LEVEL);
    let (partial, top) = (begun.partial.clone(), begun.name.to_string());
    let context = context(source, manifest, &leave_out);
    let mut copy = Copy { writer: &writer, headers, deflater: Deflater::new(LEVEL), context, packed: Vec::new() };
    let copied = copy.all(source, manifest, &leave_out);
    writer.finish(0);
    let packed = copied.and_then(|()| {
        let found = copy.packed.iter().map(|(offset, item)| copy.inside(source, *offset, item));
        found.collect::<Result<Vec<_>, _>>()
    });
    drop(copy);
    let mut gathered = writer.into_gathered();
    let closed = packed.and_then(|packed| {
        if gathered.stopped.is_some() || gathered.full {
            return Err(WithoutError::NoRoom);
        }
        gathered.findings.extend(packed.into_iter().flatten());
        let conclusion = super::concluded(std::mem::take(&mut gathered.findings), &manifest.start.window);
        let redaction = &manifest.redaction;
        // The stand-ins are those of the old bundle, and so is the map.
        let map = redaction.map_kept_on_host.then_some(redaction.map_left_out);
        // As of the run that read the host.
        let ledger = manifest.ledger_head.clone();
        let ending = Ending { ended: manifest.ended, reason: manifest.incomplete_reason, map, ledger };
        Ok(super::close(begun, gathered, &conclusion, None, ending, identity, LEVEL)?)
    });
    closed.inspect_err(|_| seal::tidy(&partial, &top))
}

/// What analysis knows beside the texts, from what stays.
fn context(source: &File, manifest: &Manifest, leave_out: &impl Fn(&Item) -> bool) -> Context {
    let latest = Timestamp::from_second(manifest.ended.0).unwrap_or_default();
    let zone = manifest.start.clock.zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let uptime = manifest.items.iter().find(|item| item.path.as_deref() == Some("proc/uptime") && !leave_out(item));
    let uptime = uptime.and_then(|item| {
        let mut text = String::new();
        let content = open_at(source, item.offset?, item.path.as_deref()?).ok()?;
        content.take(128).read_to_string(&mut text).ok()?;
        SignedDuration::try_from_secs_f64(text.split_ascii_whitespace().next()?.parse().ok()?).ok()
    });
    let started = Timestamp::from_second(manifest.start.started.0).unwrap_or_default();
    Context { latest, zone, booted: uptime.and_then(|uptime| started.checked_sub(uptime).ok()) }
}

/// The copying of what stays.
struct Copy<'a> {
    writer: &'a Writer,
    headers: super::file::Headers,
    deflater: Deflater,
    context: Context,
    /// Where packed members of rows that stay begin in the old bundle.
    packed: Vec<(u64, Item)>,
}

impl Copy<'_> {
    fn all(&mut self, mut source: &File, manifest: &Manifest, leave_out: &impl Fn(&Item) -> bool) -> Result<(), WithoutError> {
        let changed = |path: &str| WithoutError::Changed { path: path.to_owned() };
        source.rewind().map_err(|_| changed("the file"))?;
        let mut reader = Reader::new(std::io::BufReader::with_capacity(1 << 16, source));
        let made_anew = |path: &str| {
            matches!(
                path,
                name::README
                    | name::BUNDLE_JSON
                    | name::FACTS
                    | name::ALERTS
                    | name::OPERATIONS
                    | name::MANIFEST
                    | name::SUMS
                    | name::SUMS_SIG
            )
        };
        for item in manifest.items.iter().filter(|item| !item.path.as_deref().is_some_and(made_anew)) {
            let Some(path) = &item.path else {
                self.hand(Part::Absent { item: Box::new(item.clone()) })?;
                continue;
            };
            // Rows and members have the same order.
            let entry = loop {
                let entry = reader.next_entry()?.ok_or_else(|| changed(path))?;
                if !made_anew(&entry.path) {
                    break entry;
                }
            };
            if entry.path != *path {
                return Err(changed(path));
            }
            if leave_out(item) {
                self.hand(Part::Absent { item: Box::new(gone(item)) })?;
            } else {
                self.member(&mut reader, &entry, item)?;
            }
        }
        // What follows is the old bundle's own end; reading it finds a file that was cut.
        while reader.next_entry()?.is_some() {}
        Ok(())
    }

    fn member<R: std::io::Read>(&mut self, reader: &mut Reader<R>, entry: &Entry, item: &Item) -> Result<(), WithoutError> {
        // What is packed is read again when all is copied.
        let is_packed = packing(&entry.path).is_some();
        if is_packed {
            self.packed.push((entry.offset, item.clone()));
        }
        let mut tap = if is_packed { None } else { self.tap(&entry.path, item) };
        let mut hasher = sha2::Sha256::new();
        let mut item = Box::new(item.clone());
        item.offset = None;
        let small = entry.size < BLOCK as u64;
        if !small {
            self.hand(Part::Begin { path: entry.path.clone() })?;
        }
        let mut block = vec![0; BLOCK.min(entry.size as usize)];
        loop {
            let count = fill(reader, &mut block)?;
            hasher.update(&block[..count]);
            if let Some(tap) = &mut tap {
                tap.feed(&block[..count]);
            }
            if small || count == 0 {
                block.truncate(count);
                break;
            }
            let mut packed = Vec::new();
            self.deflater.members(&block[..count], &mut packed);
            self.hand(Part::Data { packed, bytes: count as u64 })?;
        }
        if item.sha256 != Some(Sha256(hasher.finalize().into())) || item.bytes != entry.size {
            return Err(WithoutError::Changed { path: entry.path.clone() });
        }
        let findings = tap.map(Tap::finish);
        if small {
            let header =
                self.headers.header(&entry.path, entry.size).map_err(|_| WithoutError::Changed { path: entry.path.clone() })?;
            let packed = self.deflater.entry(&header, &block);
            self.hand(Part::Entry { packed, item, findings })
        } else {
            self.hand(Part::End { item, findings })
        }
    }

    /// What reads a member for facts and alerts.
    fn tap(&self, path: &str, item: &Item) -> Option<Tap> {
        let moment = |time: Option<Time>| time.and_then(|time| Timestamp::from_second(time.0).ok());
        let latest = moment(item.mtime).map_or(self.context.latest, |mtime| mtime.min(self.context.latest));
        let tap = oediag_analysis::tap(path, &Context { latest, ..self.context.clone() })?;
        Some(tap.starting(moment(item.first_stamp)))
    }

    /// What the packed member of a row that stays says; nothing if nobody asks it.
    fn inside(&self, source: &File, offset: u64, item: &Item) -> Result<Option<Findings>, WithoutError> {
        let Some(path) = &item.path else { return Ok(None) };
        let (Some(packing), Some(mut tap)) = (packing(path), self.tap(path, item)) else { return Ok(None) };
        let changed = || WithoutError::Changed { path: path.clone() };
        let mut content = Digested::new(open_at(source, offset, path)?);
        {
            let mut text = packing.reader(&mut content).map_err(|_| changed())?.take(CAPS.inflated);
            let mut block = vec![0; BLOCK];
            loop {
                match text.read(&mut block) {
                    Ok(0) => break,
                    Ok(count) => tap.feed(&block[..count]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // We wrote it ourselves; if it cannot be read to its end, the rest just tells nothing.
                    Err(_) => break,
                }
            }
        }
        io::copy(&mut content, &mut io::sink()).map_err(|_| changed())?;
        if item.sha256 != Some(content.digest()) {
            return Err(changed());
        }
        Ok(Some(tap.finish()))
    }

    fn hand(&self, part: Part) -> Result<(), WithoutError> {
        self.writer.put(0, part, false).map_err(|(Refused::Full | Refused::Stopped)| WithoutError::NoRoom)
    }
}

/// How a member is packed besides the bundle itself.
fn packing(path: &str) -> Option<Packing> {
    Packing::of(Path::new(path))
}

/// Fills the block, or as much of it as there is.
fn fill<R: std::io::Read>(reader: &mut Reader<R>, block: &mut [u8]) -> Result<usize, ReadError> {
    let mut filled = 0;
    while filled < block.len() {
        match reader.content(&mut block[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// The row of an item that was left out: what it was, and nothing that was in it.
fn gone(item: &Item) -> Item {
    let mut row = Item::new(&item.id, item.kind);
    row.outcome = Outcome::Skipped;
    row.reason = Some(Reason::LeftOut);
    row.src.clone_from(&item.src);
    row.src_b64.clone_from(&item.src_b64);
    row.bytes_seen = item.bytes_seen;
    row
}
