//! Taking consent back: the signed withdrawal, kept beside the receipt until the center has confirmed that the data is gone.
//!
//! In: a receipt. Out: the withdrawal, the same one each time; what waits to be sent; the center's confirmation, where its keys signed
//! it. Never: sends; forgets a withdrawal that was not confirmed; lets anything more go under the receipt.

use oediag_collector::{
    ledger::append,
    state::{self, Identity, State, StateError},
};
use oediag_protocol::{
    deletion::Deletion,
    document::MAX_BYTES,
    ledger::{Event, Note},
    signed::{Signed, SignedError},
    sshsig::PublicKey,
    text::Line,
    time::Time,
    withdrawal::{Schema, Withdrawal},
};

use super::{
    outbox,
    receipt::{Receipt, ReceiptError},
};

const WITHDRAWAL: &str = "withdrawal.json";
const DELETION: &str = "deletion.json";
/// Most bytes of a signed paper in its wrapper.
const MAX_PAPER: u64 = 4 * MAX_BYTES as u64;

/// Why consent could not be taken back.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// The receipt, or the ledger.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The files.
    #[error(transparent)]
    State(#[from] StateError),
    /// The withdrawal could not be signed.
    #[error("making a signed document")]
    Signed(#[from] SignedError),
    /// The sealed file is still there.
    #[error("removing the sealed file")]
    Sealed(#[source] std::io::Error),
    /// What the center says was deleted is something else.
    #[error("the center's deletion receipt is not about this consent")]
    OtherDeletion,
}

/// Takes consent back: nothing more goes under the receipt, and the withdrawal waits for the center. Again gives the same one.
pub fn withdraw(
    receipt: &Receipt,
    reason: Option<Line>,
    state: &State,
    identity: &Identity,
    now: Time,
) -> Result<Signed, WithdrawError> {
    let key = identity.signer.public();
    if let Some((signed, _)) = withdrawal(receipt, &key)? {
        return Ok(signed);
    }
    let consent = &receipt.consent;
    receipt.cancel(now)?;
    outbox::discard(state, consent.receipt_id).map_err(WithdrawError::Sealed)?;
    let paper = Withdrawal {
        schema: Schema::V1,
        receipt_id: consent.receipt_id,
        bundle_id: consent.bundle.bundle_id,
        host_id: consent.host_id,
        tenant_id: consent.tenant_id.clone(),
        at: now,
        reason,
    };
    let signed = Signed::new(&paper, &[&identity.signer])?;
    let rid = consent.request.map(|request| request.request_id);
    append(state, identity, now, Note { rid, ..Note::of(Event::Withdrawn, signed.digest()) }).map_err(ReceiptError::from)?;
    state::save(&receipt.file(WITHDRAWAL), &signed.to_bytes()?)?;
    Ok(signed)
}

/// The withdrawal of a receipt that this host signed; none when consent stands.
pub fn withdrawal(receipt: &Receipt, key: &PublicKey) -> Result<Option<(Signed, Withdrawal)>, WithdrawError> {
    let Some(bytes) = state::saved(&receipt.file(WITHDRAWAL), MAX_PAPER)? else { return Ok(None) };
    let signed = Signed::parse(&bytes)?;
    let paper: Withdrawal = signed.open(std::slice::from_ref(key), 1)?;
    Ok((paper.receipt_id == receipt.consent.receipt_id).then_some((signed, paper)))
}

/// Whether the withdrawal of a receipt waits for the center's confirmation.
pub fn waits(receipt: &Receipt, key: &PublicKey) -> Result<bool, WithdrawError> {
    Ok(withdrawal(receipt, key)?.is_some() && !is_confirmed(receipt)?)
}

/// The center's word that the data is gone, where one of these keys signed it and it is about this receipt.
pub fn deletion(receipt: &Receipt, keys: &[PublicKey]) -> Result<Option<Deletion>, WithdrawError> {
    let Some(bytes) = state::saved(&receipt.file(DELETION), MAX_PAPER)? else { return Ok(None) };
    about(receipt, &Signed::parse(&bytes)?, keys).map(Some)
}

/// Keeps the center's word that the data is gone; the ledger has it first.
pub fn confirm(
    receipt: &Receipt,
    signed: &Signed,
    keys: &[PublicKey],
    state: &State,
    identity: &Identity,
    now: Time,
) -> Result<Deletion, WithdrawError> {
    let deletion = about(receipt, signed, keys)?;
    if !is_confirmed(receipt)? {
        let rid = receipt.consent.request.map(|request| request.request_id);
        let note = Note { rid, ..Note::of(Event::DeletionConfirmed, signed.digest()) };
        append(state, identity, now, note).map_err(ReceiptError::from)?;
        keep(receipt, signed)?;
    }
    Ok(deletion)
}

/// Whether the center's word that the data is gone was kept.
pub fn is_confirmed(receipt: &Receipt) -> Result<bool, WithdrawError> {
    Ok(state::saved(&receipt.file(DELETION), MAX_PAPER)?.is_some())
}

/// Keeps the center's word, which [`about`] has checked and the ledger has already.
pub fn keep(receipt: &Receipt, signed: &Signed) -> Result<(), WithdrawError> {
    Ok(state::save(&receipt.file(DELETION), &signed.to_bytes()?)?)
}

/// The center's word about this receipt, where one of these keys signed it.
pub fn about(receipt: &Receipt, signed: &Signed, keys: &[PublicKey]) -> Result<Deletion, WithdrawError> {
    let deletion: Deletion = signed.open(keys, 1)?;
    let consent = &receipt.consent;
    if deletion.answers(consent.receipt_id, consent.bundle.bundle_id, consent.host_id) {
        Ok(deletion)
    } else {
        Err(WithdrawError::OtherDeletion)
    }
}
