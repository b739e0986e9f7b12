//! Taking consent back: the signed withdrawal, kept beside the receipt until the center has confirmed that the data is gone.
//!
//! In: a receipt. Out: the withdrawal, the same one each time; what waits to be sent; the center's confirmation, where its keys signed
//! it. Never: sends; forgets a withdrawal that was not confirmed; lets anything more go under the receipt.

use oediag_collector::{
    ledger::append,
    state::{Identity, State},
};
use oediag_protocol::{
    deletion::Deletion,
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

/// Why consent could not be taken back.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// The receipt, or the ledger.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
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
    if let Some(signed) = receipt.withdrawal(&identity.signer.public()) {
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
    receipt.withdraw(&signed)?;
    Ok(signed)
}

/// The center's word that the data is gone, where one of these keys signed it and it is about this receipt.
pub fn deletion(receipt: &Receipt, keys: &[PublicKey]) -> Result<Option<Deletion>, WithdrawError> {
    receipt.deletion().map(|signed| about(receipt, &signed, keys)).transpose()
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
    if receipt.deletion().is_none() {
        let rid = receipt.consent.request.map(|request| request.request_id);
        let note = Note { rid, ..Note::of(Event::DeletionConfirmed, signed.digest()) };
        append(state, identity, now, note).map_err(ReceiptError::from)?;
        receipt.confirm(signed)?;
    }
    Ok(deletion)
}

fn about(receipt: &Receipt, signed: &Signed, keys: &[PublicKey]) -> Result<Deletion, WithdrawError> {
    let deletion: Deletion = signed.open(keys, 1)?;
    let consent = &receipt.consent;
    if deletion.answers(consent.receipt_id, consent.bundle.bundle_id, consent.host_id) {
        Ok(deletion)
    } else {
        Err(WithdrawError::OtherDeletion)
    }
}
