//! `oediag reveal`: what stand-ins mean, from the maps of this host. In: stand-ins, or a text on standard input. Out: rows, or the text
//! with the meanings in place. Reads maps and nothing else of the host; there is no way to it over a network. Values come from logs, so
//! they are made safe for a terminal.

use std::{
    collections::{BTreeMap, HashSet},
    io::{self, Read as _},
    path::Path,
    time::SystemTime,
};

use oediag_collector::{
    map::{self, MapError, OnDisk, Row},
    state::{self, State},
};
use oediag_protocol::{id::BundleId, sealed::Identity};
use serde::Serialize;

use crate::{
    cli::Reveal,
    failure::{Failure, Kind, exit},
    invocation::{Invocation, home},
    redaction,
    stand_ins::{self, Meaning, StandIn},
    term, text,
    view::reveal,
};

/// Most bytes of a text on standard input.
const MAX_TEXT: u64 = 64 << 20;
/// Most bytes of a file with a key.
const MAX_KEY: u64 = 64 << 10;

/// Runs the command.
pub fn run(options: &Reveal, given: &Invocation) -> Result<u8, Failure> {
    let maps = maps(options, given)?;
    let identity = options.identity.as_deref().map(|path| identity(path, given)).transpose()?;
    if options.token.is_empty() { text(&maps, identity.as_ref(), given) } else { words(options, &maps, identity.as_ref(), given) }
}

/// A row and the bundle whose map has it.
#[derive(Debug, Serialize)]
struct Found {
    #[serde(flatten)]
    row: Row,
    bundle_id: BundleId,
}

/// The maps to ask, after those whose time is over are gone.
fn maps(options: &Reveal, given: &Invocation) -> Result<Vec<OnDisk>, Failure> {
    let state = State::locate(given.state.as_deref(), &home()).map_err(|error| unreadable(error.into(), given))?;
    let days = redaction::config(&state, given)?.map_keep_days;
    map::expire(&state.maps(), days, SystemTime::now()).map_err(|error| unreadable(error, given))?;
    let mut maps = map::all(&state.maps()).map_err(|error| unreadable(error, given))?;
    if let Some(wanted) = &options.bundle {
        maps.retain(|map| map.bundle.to_string().starts_with(wanted));
    }
    if maps.is_empty() {
        let sentence = match &options.bundle {
            Some(id) => text!(given.texts, "error-no-map-of", id = id.as_str()),
            None => text!(given.texts, "error-no-map"),
        };
        return Err(Failure::new(Kind::Usage, sentence).hint(text!(given.texts, "hint-maps", days = days)));
    }
    Ok(maps)
}

/// Says what each word means.
fn words(options: &Reveal, maps: &[OnDisk], identity: Option<&Identity>, given: &Invocation) -> Result<u8, Failure> {
    let asked: Vec<(&String, Vec<StandIn>)> = options.token.iter().map(|word| (word, stand_ins::find(word.as_bytes()))).collect();
    let found = ask(maps, asked.iter().flat_map(|(_, parts)| parts), identity, given)?;
    let known: HashSet<String> = found.iter().map(|one| one.row.token.to_ascii_lowercase()).collect();
    if !found.is_empty() || given.json {
        given.show(&found, |page| reveal::lines(found.iter().map(|one| (&one.row, one.bundle_id)), page))?;
    }
    let mut code = exit::OK;
    for (word, parts) in asked {
        let shown = term::escape(word);
        if parts.iter().any(|part| part.credential) {
            term::note(&text!(given.texts, "reveal-credential", token = shown));
        } else if parts.is_empty() || parts.iter().any(|part| !known.contains(&part.name)) {
            term::note(&text!(given.texts, "reveal-unknown", token = shown));
        } else {
            continue;
        }
        code = Kind::Usage.code();
    }
    Ok(code)
}

/// Writes standard input with meanings in place of stand-ins.
fn text(maps: &[OnDisk], identity: Option<&Identity>, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let mut input = Vec::new();
    let read = io::stdin().lock().take(MAX_TEXT + 1).read_to_end(&mut input);
    read.map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-redact-read", path = "-")).because(error))?;
    if input.len() as u64 > MAX_TEXT {
        return Err(Failure::new(Kind::Usage, text!(texts, "error-reveal-long", size = term::bytes(MAX_TEXT))));
    }
    let parts = stand_ins::find(&input);
    let found = ask(maps, &parts, identity, given)?;
    if given.json {
        given.show(&found, |_| Vec::new())?;
        return Ok(exit::OK);
    }
    let mut meanings = BTreeMap::<String, Meaning>::new();
    for Found { row, .. } in found {
        let value = term::escape(&row.value);
        let meaning = meanings.entry(row.token.to_ascii_lowercase()).or_insert_with(|| Meaning::One(value.clone()));
        if *meaning != Meaning::One(value) {
            *meaning = Meaning::Several;
        }
    }
    let (out, left) = stand_ins::replace(&input, &parts, &meanings);
    let written = if given.terminal { term::write_out(term::escape_lines(&out).as_bytes()) } else { term::write_out(&out) };
    written.map_err(|error| Failure::output(texts, error))?;
    if !left.unknown.is_empty() {
        term::note(&text!(texts, "reveal-left-unknown", count = left.unknown.len()));
    }
    if !left.several.is_empty() {
        term::note(&text!(texts, "reveal-left-several", count = left.several.len()));
    }
    Ok(if left.unknown.is_empty() && left.several.is_empty() { exit::OK } else { exit::GAPS })
}

/// What the maps say about these, the newest map first. A map that cannot be read is named, and the others are asked.
fn ask<'a>(
    maps: &[OnDisk],
    parts: impl IntoIterator<Item = &'a StandIn>,
    identity: Option<&Identity>,
    given: &Invocation,
) -> Result<Vec<Found>, Failure> {
    let wanted: HashSet<String> = parts.into_iter().map(|part| part.name.clone()).collect();
    let (mut found, mut read, mut last) = (Vec::new(), 0, None);
    for map in maps {
        match map.find(&wanted, identity) {
            Ok(rows) => {
                read += 1;
                found.extend(rows.into_iter().map(|row| Found { row, bundle_id: map.bundle }));
            }
            Err(error) => {
                term::note(&text!(given.texts, "reveal-map-left-out", error = term::escape(&chain(&error))));
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if read == 0 => Err(unreadable(error, given)),
        _ => Ok(found),
    }
}

/// The key of encrypted maps, as `age-keygen` writes it: lines with `#` are remarks.
fn identity(path: &Path, given: &Invocation) -> Result<Identity, Failure> {
    let refuse =
        || Failure::new(Kind::Usage, text!(given.texts, "error-reveal-key", path = term::escape(&path.display().to_string())));
    let bytes = state::saved(path, MAX_KEY).map_err(|error| refuse().because(error))?.ok_or_else(refuse)?;
    let text = String::from_utf8_lossy(&bytes);
    let key = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    key.and_then(Identity::parse).ok_or_else(refuse)
}

fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn unreadable(error: MapError, given: &Invocation) -> Failure {
    let hint = match error {
        MapError::Encrypted { .. } | MapError::Age { .. } => text!(given.texts, "hint-reveal-key"),
        _ => text!(given.texts, "hint-root-needed"),
    };
    Failure::new(Kind::Usage, text!(given.texts, "error-maps")).because(error).hint(hint)
}
