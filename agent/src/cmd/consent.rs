//! `oediag consent list`, `show`, `drop` and `withdraw`: what was agreed to on this host, what became of it, who read it, an end to what
//! is under way, and the taking back of what was sent.

use oediag_collector::{
    ledger,
    state::{self, State},
};
use oediag_protocol::{
    deletion::Deletion,
    digest::Sha256,
    id::ReceiptId,
    ledger::{Event, Note},
    signed::Signed,
    sshsig::PublicKey,
    time::Time,
    views::Views,
};
use serde::Serialize;

use crate::{
    broker::{
        client,
        wire::{self, Ask},
    },
    cli::{Consent, ConsentAction, WithdrawReceipt},
    errand::Errand,
    failure::{self, Failure, Kind, exit},
    invocation::{Invocation, home},
    release::{
        outbox,
        receipt::{Receipt, ReceiptError},
        withdraw::{self, WithdrawError},
    },
    sender::Method,
    term, text, view,
    view::consent::{Row, Standing},
};

/// The status of a center that has a withdrawal and is not done with it.
const ACCEPTED: u16 = 202;

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
            ConsentAction::Show(options) => Err(none(options.one.receipt, given)),
            ConsentAction::Drop(options) => Err(none(options.receipt, given)),
            ConsentAction::Withdraw(options) => Err(none(options.one.receipt, given)),
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
            let receipt = one(&state, options.one.receipt, &key, given)?;
            let (row, notice) = (row(&receipt, &key), receipt.notice());
            let views = if options.views { Some(views(&receipt, options.patience, given)?) } else { None };
            let json = ShowJson { row: &row, notice: notice.as_deref(), views: views.as_ref() };
            given.show(&json, |page| match &views {
                Some(views) => view::consent::views(views, page),
                None => view::consent::one(&row, notice.as_deref(), page),
            })?;
        }
        ConsentAction::Withdraw(options) => return withdraw(options, given),
        ConsentAction::Drop(options) => {
            // Not beside an upload, which would go on.
            let _lock = state.lock_outbox().map_err(|error| failure::state(error, texts))?;
            let receipt = one(&state, options.receipt, &key, given)?;
            if receipt.ack(&key).is_some() {
                let failure = Failure::new(Kind::Refused, text!(texts, "error-drop-stored"));
                return Err(failure.hint(text!(texts, "hint-withdraw", receipt = options.receipt.to_string())));
            }
            // All answers about this bundle, so that none of them sends it after all.
            let bundle = receipt.consent.bundle.bundle_id;
            let (mut rows, now) = (Vec::new(), now());
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

/// Takes consent back. The withdrawal is signed and kept first; the center is told if it can be reached.
fn withdraw(options: &WithdrawReceipt, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let errand = Errand::new(options.patience, given)?;
    let Errand { state, identity, center, .. } = &errand;
    // Not beside an upload, which would go on.
    let lock = state.lock_outbox().map_err(|error| failure::state(error, texts))?;
    let receipt = one(state, options.one.receipt, &identity.signer.public(), given)?;
    let id = receipt.consent.receipt_id;
    if receipt.consent.tenant_id != center.tenant {
        let contact = receipt.consent.recipient.contact.to_string();
        let failure = Failure::new(Kind::Refused, text!(texts, "error-other-center"));
        return Err(failure.hint(text!(texts, "hint-other-center", contact = contact)));
    }
    let failed = |error: WithdrawError| match error {
        WithdrawError::Receipt(ReceiptError::Ledger(error)) => failure::ledger(error, texts),
        error => Failure::new(Kind::Usage, text!(texts, "error-receipts")).because(error),
    };
    let keys = center.keyset.ack_keys();
    let paper = withdraw::withdraw(&receipt, options.reason.clone(), state, identity, now()).map_err(failed)?;
    drop(lock);
    let told = |deletion: Option<&Deletion>, sent: bool| {
        let json = WithdrawnJson { receipt_id: id.to_string(), sent, deletion };
        given.show(&json, |page| view::consent::withdrawn(id, deletion, sent, page))
    };
    if let Some(deletion) = withdraw::deletion(&receipt, &keys).map_err(failed)? {
        told(Some(&deletion), true)?;
        return Ok(exit::OK);
    }
    if let Some(folder) = &options.output {
        let path = folder.join(format!("withdrawal-{id}.json"));
        let bytes = paper.to_bytes().map_err(|error| failed(error.into()))?;
        state::save(&path, &bytes).map_err(|error| failure::state(error, texts))?;
        let path = path.display().to_string();
        let json = serde_json::json!({ "receipt_id": id.to_string(), "path": path });
        given.show(&json, |page| vec![text!(page.texts, "withdrawn-carry", path = term::escape(&path))])?;
        return Ok(exit::OK);
    }
    match errand.ask(Method::Post, "/v1/withdrawals".to_owned(), Some(&paper)) {
        // It is kept, and the agent tries again; so does this command.
        Err(failure) if failure.kind == Kind::Network => {
            told(None, false)?;
            term::note(&failure.lines(texts).join("\n"));
            Ok(exit::GAPS)
        }
        Err(failure) => Err(failure),
        Ok(answer) if answer.status == ACCEPTED => {
            told(None, true)?;
            Ok(exit::OK)
        }
        Ok(answer) => {
            let signed = Signed::parse(answer.body.as_bytes()).map_err(|error| errand.invalid(error))?;
            if receipt.consent.request.is_some() {
                // It keeps the confirmation and moves the request on; where nobody listens, it is kept here.
                let question = Ask::Take { kind: wire::Kind::Deletion, object: signed.clone() };
                drop(client::ask(&options.asking.socket, &question));
            }
            let deletion = withdraw::confirm(&receipt, &signed, &keys, state, identity, now()).map_err(|error| match error {
                WithdrawError::Signed(_) | WithdrawError::OtherDeletion => errand.invalid(error),
                error => failed(error),
            })?;
            told(Some(&deletion), true)?;
            Ok(exit::OK)
        }
    }
}

/// Who opened what came under the receipt, as the center signs it.
fn views(receipt: &Receipt, patience: u64, given: &Invocation) -> Result<Views, Failure> {
    let errand = Errand::new(patience, given)?;
    let id = receipt.consent.receipt_id;
    let answer = errand.ask(Method::Get, format!("/v1/receipts/{id}/views"), None)?;
    let signed = Signed::parse(answer.body.as_bytes()).map_err(|error| errand.invalid(error))?;
    let views: Views = signed.open(&errand.center.keyset.ack_keys(), 1).map_err(|error| errand.invalid(error))?;
    if views.receipt_id == id { Ok(views) } else { Err(errand.invalid(anyhow::anyhow!("it is about another receipt"))) }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    views: Option<&'a Views>,
}

/// `consent withdraw --json`.
#[derive(Serialize)]
struct WithdrawnJson<'a> {
    receipt_id: String,
    /// Whether the center has the withdrawal.
    sent: bool,
    /// Its word that the data is gone.
    deletion: Option<&'a Deletion>,
}

fn now() -> Time {
    jiff::Timestamp::now().into()
}

/// A receipt and what became of it.
pub(super) fn row(receipt: &Receipt, key: &PublicKey) -> Row {
    let ack = receipt.ack(key);
    let standing = if withdraw::withdrawal(receipt, key).is_ok_and(|paper| paper.is_some()) {
        // What cannot be looked at is told as waiting.
        if withdraw::waits(receipt, key).unwrap_or(true) { Standing::Withdrawn } else { Standing::Deleted }
    } else if now() >= receipt.consent.delete_by {
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
