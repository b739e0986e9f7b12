//! `oediag consent list`, `show` and `drop`: what was agreed to on this host, what became of it, and an end to what is under way.

use oediag_collector::{ledger, state::State};
use oediag_protocol::{
    digest::Sha256,
    id::ReceiptId,
    ledger::{Event, Note},
    sshsig::PublicKey,
    time::Time,
};
use serde::Serialize;

use crate::{
    cli::{Consent, ConsentAction},
    failure::{self, Failure, Kind, exit},
    invocation::{Invocation, home},
    release::{
        outbox,
        receipt::{Receipt, ReceiptError},
    },
    text, view,
    view::consent::{Row, Standing},
};

/// Runs the command.
pub fn run(options: &Consent, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let state = State::locate(given.state.as_deref(), &home()).map_err(|error| failure::state(error, texts))?;
    let known = state.known().map_err(|error| failure::state(error, texts))?;
    let Some((_, key)) = known else {
        // Nothing is made for somebody who only looks: without a key of this host there is no receipt of it.
        return match &options.action {
            ConsentAction::List => {
                given.show(&Vec::<Row>::new(), |page| view::consent::list(&[], page))?;
                Ok(exit::OK)
            }
            ConsentAction::Show(options) | ConsentAction::Drop(options) => Err(none(options.receipt, given)),
        };
    };
    let failed = |error: ReceiptError| Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error);
    match &options.action {
        ConsentAction::List => {
            let receipts = Receipt::all(&state, &key).map_err(failed)?;
            let rows: Vec<Row> = receipts.iter().map(|receipt| row(receipt, &key)).collect();
            given.show(&rows, |page| view::consent::list(&rows, page))?;
        }
        ConsentAction::Show(options) => {
            let receipt = one(&state, options.receipt, &key, given)?;
            let (row, notice) = (row(&receipt, &key), receipt.notice());
            let json = ShowJson { row: &row, notice: notice.as_deref() };
            given.show(&json, |page| view::consent::one(&row, notice.as_deref(), page))?;
        }
        ConsentAction::Drop(options) => {
            // Not beside an upload, which would go on.
            let _lock = state.lock_outbox().map_err(|error| failure::state(error, texts))?;
            let receipt = one(&state, options.receipt, &key, given)?;
            if receipt.ack(&key).is_some() {
                let contact = receipt.consent.recipient.contact.to_string();
                let failure = Failure::new(Kind::Refused, text!(texts, "error-drop-stored"));
                return Err(failure.hint(text!(texts, "hint-withdraw", contact = contact)));
            }
            // All answers about this bundle, so that none of them sends it after all.
            let bundle = receipt.consent.bundle.bundle_id;
            let (mut rows, now) = (Vec::new(), Time::from(jiff::Timestamp::now()));
            let identity = state.identity().map_err(|error| failure::state(error, texts))?;
            for receipt in Receipt::all(&state, &key).map_err(failed)? {
                if receipt.consent.bundle.bundle_id == bundle && receipt.ack(&key).is_none() {
                    receipt.cancel(now).map_err(failed)?;
                    outbox::discard(&state, receipt.consent.receipt_id)
                        .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error))?;
                    // Nothing more goes, whether or not this can be written down.
                    let ended = Note::of(Event::Cancelled, Sha256::of(&receipt.bytes));
                    ledger::append(&state, &identity, now, ended).map_err(|error| failure::ledger(error, texts))?;
                    rows.push(row(&receipt, &key));
                }
            }
            given.show(&rows, |_| vec![text!(texts, "dropped", bundle = bundle.short())])?;
        }
    }
    Ok(exit::OK)
}

/// The receipt that was named.
fn one(state: &State, id: ReceiptId, key: &PublicKey, given: &Invocation) -> Result<Receipt, Failure> {
    let texts = &given.texts;
    let found = Receipt::read(state, id, key)
        .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error))?;
    found.ok_or_else(|| none(id, given))
}

fn none(id: ReceiptId, given: &Invocation) -> Failure {
    let texts = &given.texts;
    Failure::new(Kind::Usage, text!(texts, "error-no-receipt", id = id.to_string())).hint(text!(texts, "hint-receipts"))
}

/// `consent show --json`.
#[derive(Serialize)]
struct ShowJson<'a> {
    #[serde(flatten)]
    row: &'a Row,
    notice: Option<&'a str>,
}

/// A receipt and what became of it.
pub(super) fn row(receipt: &Receipt, key: &PublicKey) -> Row {
    let ack = receipt.ack(key);
    let standing = if Time::from(jiff::Timestamp::now()) >= receipt.consent.delete_by {
        Standing::Over
    } else if ack.is_some() {
        Standing::Stored
    } else if receipt.cancelled() {
        Standing::Dropped
    } else if receipt.envelope(key).is_some() {
        Standing::Unfinished
    } else {
        Standing::Given
    };
    Row { consent: receipt.consent.clone(), standing, ack }
}
