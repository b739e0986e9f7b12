//! `oediag cat`: members of a bundle, byte for byte; on a terminal with control characters made visible.
//! What was printed is compared with the manifest's digest at the end: a difference is exit code 4.

use std::io::{BufRead as _, BufReader, Read as _};

use oediag_protocol::{bundle::manifest::Item, digest::Sha256};
use serde::Serialize;
use sha2::Digest as _;

use crate::{
    cli::Cat,
    failure::{Failure, Kind, exit},
    invocation::Invocation,
    opened::OnDisk,
    term, text, trust,
};

/// Longest line held in memory while it is made safe for a terminal.
const LINE: u64 = 64 << 10;

/// Runs the command.
pub fn run(options: &Cat, given: &Invocation) -> Result<u8, Failure> {
    let bundle = trust::open(&options.bundle, given)?;
    let items = options.member.iter().map(|member| find(&bundle, member, given)).collect::<Result<Vec<_>, _>>()?;
    if given.json {
        let contents = items.iter().flatten().map(|item| json(&bundle, item, given)).collect::<Result<Vec<_>, _>>()?;
        given.show(&contents, |_| Vec::new())?;
        return Ok(exit::OK);
    }
    for item in items.into_iter().flatten() {
        if !print(&bundle, item, given)? {
            break;
        }
    }
    Ok(exit::OK)
}

/// One member of `cat --json`; bytes that are not UTF-8 are shown as U+FFFD.
#[derive(Serialize)]
struct CatJson<'a> {
    path: Option<&'a str>,
    text: String,
}

/// The members a word names: one by its path, or all of a source.
fn find<'a>(bundle: &'a OnDisk, word: &str, given: &Invocation) -> Result<Vec<&'a Item>, Failure> {
    let plain = word.trim_start_matches('/');
    let mut found: Vec<&Item> = bundle.items().filter(|item| item.path.as_deref() == Some(plain)).collect();
    if found.is_empty() {
        found = bundle.items().filter(|item| item.id == word || item.src.as_deref() == Some(word)).collect();
    }
    let named = || term::escape(word);
    let Some(first) = found.first() else {
        let sentence = text!(given.texts, "error-no-such-member", member = named());
        return Err(Failure::new(Kind::Usage, sentence).hint(text!(given.texts, "hint-ls")));
    };
    if found.iter().all(|item| item.path.is_none()) {
        let outcome = given.texts.outcome(first.outcome);
        let reason = first.reason.map(|reason| given.texts.reason(reason)).unwrap_or_default();
        let sentence = text!(given.texts, "error-member-absent", member = named(), outcome = outcome, reason = reason);
        return Err(Failure::new(Kind::Usage, sentence));
    }
    found.retain(|item| item.path.is_some());
    Ok(found)
}

/// Prints one member; false when nobody reads any more.
fn print(bundle: &OnDisk, item: &Item, given: &Invocation) -> Result<bool, Failure> {
    let unreadable = |error: anyhow::Error| unreadable(item, error, given);
    let mut content = BufReader::with_capacity(1 << 16, bundle.content(item).map_err(|error| unreadable(error.into()))?);
    let mut hash = sha2::Sha256::new();
    let mut piece = Vec::new();
    loop {
        piece.clear();
        if given.terminal {
            (&mut content).take(LINE).read_until(b'\n', &mut piece).map_err(|error| unreadable(error.into()))?;
        } else {
            piece.extend_from_slice(content.fill_buf().map_err(|error| unreadable(error.into()))?);
            content.consume(piece.len());
        }
        if piece.is_empty() {
            break;
        }
        hash.update(&piece);
        let wanted =
            if given.terminal { term::write_out(term::escape_lines(&piece).as_bytes()) } else { term::write_out(&piece) };
        if !wanted.map_err(|error| Failure::output(&given.texts, error))? {
            return Ok(false);
        }
    }
    if item.sha256 == Some(Sha256(hash.finalize().into())) {
        Ok(true)
    } else {
        Err(unreadable(anyhow::anyhow!("its SHA-256 is not the one in the manifest")))
    }
}

fn json<'a>(bundle: &OnDisk, item: &'a Item, given: &Invocation) -> Result<CatJson<'a>, Failure> {
    let mut bytes = Vec::new();
    bundle
        .content(item)
        .map_err(anyhow::Error::from)
        .and_then(|mut content| Ok(content.read_to_end(&mut bytes)?))
        .map_err(|error| unreadable(item, error, given))?;
    if item.sha256 != Some(Sha256::of(&bytes)) {
        return Err(unreadable(item, anyhow::anyhow!("its SHA-256 is not the one in the manifest"), given));
    }
    Ok(CatJson { path: item.path.as_deref(), text: String::from_utf8_lossy(&bytes).into_owned() })
}

fn unreadable(item: &Item, error: anyhow::Error, given: &Invocation) -> Failure {
    let member = term::escape(item.path.as_deref().unwrap_or(&item.id));
    Failure::new(Kind::Verification, text!(given.texts, "error-member-read", member = member)).because(error)
}
