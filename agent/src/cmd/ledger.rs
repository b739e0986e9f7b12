//! `oediag ledger show` and `verify`: what happened on this host in matters of consent, and whether no line of that was changed
//! since. Makes nothing. Exit code 0 or 4.

use std::collections::VecDeque;

use oediag_collector::{ledger, state::State};
use oediag_protocol::{
    bundle::manifest::LedgerHead,
    ledger::{
        Entry,
        chain::{Anchors, ChainError, Flaw},
    },
    sshsig::PublicKey,
};
use serde::Serialize;

use crate::{
    cli::{Ledger, LedgerAction},
    failure::{self, Failure, Kind, exit},
    invocation::{Invocation, home},
    release::receipt::Receipt,
    text, view,
};

/// Runs the command.
pub fn run(options: &Ledger, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let state = State::locate(given.state.as_deref(), &home()).map_err(|error| failure::state(error, texts))?;
    let known = state.known().map_err(|error| failure::state(error, texts))?;
    let heads = known.map_or_else(|| Ok(Vec::new()), |(_, key)| heads(&state, &key, given))?;
    let vouched = heads.len();
    let anchors: Anchors = heads.into_iter().collect();
    let most = match &options.action {
        LedgerAction::Show(options) => options.last,
        LedgerAction::Verify => 0,
    };
    let mut last = VecDeque::new();
    let walked = ledger::walk(&state, &anchors, |entry| {
        last.push_back(entry.clone());
        if last.len() > most {
            last.pop_front();
        }
    });
    let walked = walked.map_err(|error| failure::ledger(error, texts))?;
    let (head, bad) = match walked {
        Ok(head) => (head, None),
        Err(ChainError::Bad { seq, flaw }) => (None, Some(FirstBad { seq, flaw })),
        Err(error @ ChainError::Io(_)) => return Err(Failure::new(Kind::Usage, text!(texts, "error-ledger")).because(error)),
    };
    match &options.action {
        LedgerAction::Show(_) => {
            let last: Vec<Entry> = last.into();
            given.show(&last, |page| view::ledger::list(&last, page))?;
        }
        LedgerAction::Verify => {
            let verdict = Verdict { ok: bad.is_none(), head, vouched, first_bad: bad };
            given.show(&verdict, |page| view::ledger::verdict(&verdict, page))?;
        }
    }
    bad.map_or(Ok(exit::OK), |bad| {
        let sentence = view::ledger::flaw(bad.seq, bad.flaw, texts);
        Err(Failure::new(Kind::Verification, sentence).hint(text!(texts, "hint-ledger-bad")))
    })
}

/// All heads of the ledger that this host signed: the last one, and those in receipts and envelopes.
fn heads(state: &State, key: &PublicKey, given: &Invocation) -> Result<Vec<LedgerHead>, Failure> {
    let texts = &given.texts;
    let signed = ledger::signed_head(state, key).map_err(|error| failure::ledger(error, texts))?;
    let receipts =
        Receipt::all(state, key).map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error))?;
    let named = receipts.into_iter().flat_map(|receipt| {
        let envelope = receipt.envelope(key).and_then(|(envelope, ..)| envelope.ledger_head);
        receipt.consent.prev_ledger.into_iter().chain(envelope)
    });
    Ok(signed.map(|signed| signed.head).into_iter().chain(named).collect())
}

/// `ledger verify --json`.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Whether every line is what it was.
    pub ok: bool,
    /// The last line; none of an empty or a changed ledger.
    pub head: Option<LedgerHead>,
    /// How many heads that this host signed at the time were compared.
    pub vouched: usize,
    /// The first line that is not what it was.
    pub first_bad: Option<FirstBad>,
}

/// A line that is not what it was.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FirstBad {
    /// Its number.
    pub seq: u64,
    /// What is wrong with it.
    pub flaw: Flaw,
}
