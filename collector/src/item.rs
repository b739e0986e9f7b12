//! Rows of the manifest: from a task and what became of it to an [`Item`], every string of it redacted.

use std::{collections::BTreeMap, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use oediag_protocol::bundle::manifest::{Item, ItemKind, Outcome, Reason};

use crate::{
    catalogue::{Probe, Source},
    host::{Cancel, OpenFile, Refusal},
    plan,
    redact::{Counts, Redactor, Text},
};

/// What kind of item a source yields.
pub(crate) fn kind(source: &Source) -> ItemKind {
    match source.probe {
        Probe::File(_) | Probe::Glob { .. } => ItemKind::File,
        Probe::Command(_) | Probe::Each { .. } => ItemKind::Command,
        Probe::Journal { .. } => ItemKind::Journal,
        Probe::Native { .. } | Probe::Sample { .. } => ItemKind::Native,
    }
}

/// The row of something that was not read.
pub(crate) fn absent(source: &Source, path: Option<&Path>, refusal: &Refusal, redactor: &Redactor) -> Item {
    let mut item = Item::new(source.id, kind(source));
    item.outcome = outcome(refusal.reason);
    item.reason = Some(refusal.reason);
    item.error = chain(&refusal.error, redactor);
    if let Some(path) = path {
        name(&mut item, plan::bytes(path), redactor);
    }
    item
}

/// Puts the host's path into a row, redacted.
pub(crate) fn name(item: &mut Item, path: &[u8], redactor: &Redactor) {
    let mut counts = Counts::default();
    let clean = redactor.path(path, &mut counts);
    count(&mut item.redactions, &counts);
    match String::from_utf8(clean) {
        Ok(text) => item.src = Some(text),
        Err(error) => item.src_b64 = Some(BASE64_STANDARD.encode(error.as_bytes())),
    }
}

/// Puts what the file system knows of a file into a row.
pub(crate) fn file(item: &mut Item, open: &OpenFile, redactor: &Redactor) {
    item.mode = Some(format!("{:04o}", open.mode & 0o7777));
    item.owner = Some(open.uid);
    item.mtime = (open.mtime.as_second() >= 0).then(|| open.mtime.into());
    item.bytes_seen = open.size;
    let mut counts = Counts::default();
    item.links = open
        .links
        .iter()
        .map(|link| String::from_utf8_lossy(&redactor.path(plan::bytes(link), &mut counts)).into_owned())
        .collect();
}

/// Arguments of a command, redacted as one command line.
pub fn argv(argv: &[String], redactor: &Redactor) -> Vec<String> {
    let words: Vec<&[u8]> = argv.iter().map(String::as_bytes).collect();
    redactor.argv(&words, &mut Counts::default()).into_iter().map(Text::into_string).collect()
}

/// An error chain, redacted.
pub(crate) fn chain(error: &[String], redactor: &Redactor) -> Vec<String> {
    let mut counts = Counts::default();
    error.iter().map(|text| redactor.text(text.as_bytes(), &mut counts).into_string()).collect()
}

/// Adds counts to a row.
pub(crate) fn count(redactions: &mut BTreeMap<String, u64>, counts: &Counts) {
    for (kind, number) in counts.iter() {
        *redactions.entry(kind.to_owned()).or_default() += number;
    }
}

/// What a reason means for the row: not there to read, or there and not read.
pub(crate) fn outcome(reason: Reason) -> Outcome {
    match reason {
        Reason::NoPermission
        | Reason::NeedsRoot
        | Reason::ReadError
        | Reason::SpawnError
        | Reason::ExitStatus
        | Reason::Signal
        | Reason::Stuck
        | Reason::BadArchive
        | Reason::RedactionFailed
        | Reason::Leak
        | Reason::Interrupted
        | Reason::DiskFull
        | Reason::Panicked => Outcome::Failed,
        Reason::TimeLimit => Outcome::TimedOut,
        Reason::ItemLimit | Reason::Changed => Outcome::Truncated,
        _ => Outcome::Skipped,
    }
}

/// Why a run was ended from outside.
pub(crate) fn why_cancelled(cancel: &Cancel) -> Reason {
    if cancel.deadline().is_some_and(|deadline| std::time::Instant::now() >= deadline) {
        Reason::RunDeadline
    } else {
        Reason::Cancelled
    }
}
