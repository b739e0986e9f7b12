//! The center's ack, whichever way it came back: it counts when a key of the center's signed it, and when it is about what was sealed.
//!
//! In: a signed paper, the receipt and the envelope it answers. Out: the ack, kept beside the receipt. Never: keeps what was not verified.

use oediag_collector::{
    ledger,
    state::{Identity, State},
};
use oediag_protocol::{
    ack::{Ack, NotAnswer},
    digest::Sha256,
    envelope::Envelope,
    ledger::{Event, Note},
    signed::{Signed, SignedError},
    sshsig::PublicKey,
    time::Time,
};

use super::{
    outbox,
    receipt::{Receipt, ReceiptError},
};

/// Why a paper is no ack of what was sealed.
#[derive(Debug, thiserror::Error)]
pub enum NotStored {
    /// No key of the center's signed it as an ack.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is about something else.
    #[error(transparent)]
    Answer(#[from] NotAnswer),
}

/// An ack that counts.
#[derive(Debug)]
pub struct Verified {
    /// What it says.
    pub ack: Ack,
    /// The key that signed it.
    pub signer: PublicKey,
    /// Digest of the signed bytes.
    pub digest: Sha256,
}

/// Whether one of these keys signed it about this envelope under this receipt.
///
/// # Errors
/// Why it does not count.
pub fn verify(signed: &Signed, receipt: &Receipt, envelope: &Envelope, keys: &[PublicKey]) -> Result<Verified, NotStored> {
    // All keys at once for the error that tells most; then the one that it was.
    let ack: Ack = signed.open(keys, 1)?;
    ack.answers(envelope, receipt.consent.receipt_id)?;
    let signer = keys.iter().find(|key| signed.open::<Ack>(std::slice::from_ref(*key), 1).is_ok());
    let signer = signer.cloned().ok_or(SignedError::TooFew { found: 0, needed: 1 })?;
    Ok(Verified { ack, signer, digest: signed.digest() })
}

/// Keeps it as it came; only then does the sealed file go.
///
/// # Errors
/// The ledger or the receipt's folder cannot be written.
pub fn keep(
    bytes: &[u8],
    verified: &Verified,
    receipt: &Receipt,
    state: &State,
    identity: &Identity,
    now: Time,
) -> Result<(), ReceiptError> {
    ledger::append(state, identity, now, Note::of(Event::Stored, verified.digest))?;
    receipt.acknowledge(bytes, &verified.signer)?;
    // A sealed file that cannot be removed now does no harm.
    outbox::discard(state, receipt.consent.receipt_id).unwrap_or_default();
    Ok(())
}
