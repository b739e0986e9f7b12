//! `oediag sources`: the catalogue.

use oediag_collector::plan;
use serde::Serialize;

use crate::{
    failure::{Failure, exit},
    invocation::Invocation,
    selection,
    view::{self, sources},
};

/// Runs the command.
pub fn run(given: &Invocation) -> Result<u8, Failure> {
    let rows = selection::rows(given)?;
    let json: Vec<_> = rows
        .iter()
        .map(|row| SourceJson {
            id: row.id,
            topic: row.topic.name(),
            what: sources::what(row, &given.texts),
            looks_at: plan::describe(&row.probe),
            privacy: sources::privacy_name(row.privacy),
            preset: sources::depth(row.depth),
            max_bytes: row.limit.bytes,
            max_seconds: row.limit.time.as_secs(),
        })
        .collect();
    given.show(&json, |page| view::sources::lines(&rows, page))?;
    Ok(exit::OK)
}

/// One row of `sources --json`.
#[derive(Serialize)]
struct SourceJson {
    id: &'static str,
    topic: &'static str,
    what: String,
    looks_at: String,
    privacy: &'static str,
    preset: &'static str,
    max_bytes: u64,
    max_seconds: u64,
}
