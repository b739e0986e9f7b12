//! `oediag show`: a bundle on one screen.

use std::path::Path;

use oediag_analysis::{Alert, Facts};
use oediag_protocol::bundle::manifest::Manifest;
use serde::Serialize;

use crate::{
    cli::Bundle,
    failure::{Failure, exit},
    invocation::Invocation,
    trust,
    view::card::{self, Card},
};

/// Runs the command.
pub fn run(options: &Bundle, given: &Invocation) -> Result<u8, Failure> {
    let bundle = trust::open(&options.bundle, given)?;
    let alerts = &bundle.alerts[..];
    let json = ShowJson { path: &bundle.path, bytes: bundle.bytes, manifest: &bundle.manifest, facts: &bundle.facts, alerts };
    given.show(&json, |page| {
        card::lines(
            &Card {
                manifest: &bundle.manifest,
                facts: &bundle.facts,
                alerts,
                operations: &bundle.operations,
                path: &bundle.path,
                bytes: bundle.bytes,
            },
            page,
        )
    })?;
    Ok(exit::OK)
}

/// `show --json`.
#[derive(Serialize)]
struct ShowJson<'a> {
    path: &'a Path,
    bytes: u64,
    manifest: &'a Manifest,
    facts: &'a Facts,
    alerts: &'a [Alert],
}
