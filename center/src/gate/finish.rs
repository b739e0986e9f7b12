//! `POST /v1/uploads/{id}/finish`: from a whole upload to a stored bundle and its ack.
//!
//! In: an upload of which every byte is there. Out: the signed ack, the same one each time. Never: acks bytes that are not those
//! of the receipt, decrypts any, copies a file that a link can keep.

use std::{
    fs,
    io::{self, BufReader, Read},
    path::PathBuf,
};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use oediag_protocol::{
    ack::{self, Ack, Stored},
    bundle::manifest::LedgerHead,
    consent::NotCovered,
    digest::Sha256,
    envelope::Envelope,
    id::ReceiptId,
    sealed::{Payload, Reader, SealedError},
    time::Time,
};
use sha2::Digest as _;

use super::{
    Gate,
    caller::{Caller, Sender},
    consents::{chain, verified},
    headers,
    refusal::{Denied, Fault, Refusal},
    tus::{found, locked},
};
use crate::{
    clock,
    signer::SignError,
    store::{
        audit::Entry,
        bundles::{Bundle, Kept, Sealed, State as Checks},
        hosts::Host,
        receipts::Receipt,
        uploads::{Upload, object_of},
    },
};

/// How much of the ciphertext has a digest of its own.
pub const HEAD: usize = 64 << 10;

/// Finishes an upload.
pub(super) async fn finish(State(gate): State<Gate>, Path(id): Path<String>, caller: Caller) -> Result<Response, Refusal> {
    caller.nothing_sent()?;
    let ack = match gate.store.upload_ack(&id, &caller.sender.name).await? {
        Some(ack) => ack,
        // A task of its own: a client that goes away does not stop it half-way.
        None => match tokio::spawn(whole(gate.clone(), id.clone(), caller.sender.clone())).await {
            Ok(Ok(ack)) => ack,
            // Another request may have finished it in between, and this one not have found it any more.
            Ok(Err(refusal)) => gate.store.upload_ack(&id, &caller.sender.name).await?.ok_or(refusal)?,
            Err(error) => return Err(Fault::Write { id, source: io::Error::other(error) }.into()),
        },
    };
    Ok(headers::json(StatusCode::OK, ack))
}

/// From the last byte of an upload to its ack.
pub(super) async fn whole(gate: Gate, id: String, sender: Sender) -> Result<String, Refusal> {
    let now = clock::now();
    found(&gate, &id, &sender, now).await?;
    let lock = locked(&gate, &id)?;
    let upload = found(&gate, &id, &sender, now).await?;
    if upload.place < upload.bytes {
        return Err(Refusal::Incomplete);
    }
    let (receipt, host) = permitted(&gate, &sender, upload.receipt).await?;
    let path = gate.store.upload_path(&id);
    // It is never closed.
    let turn = gate.finishing.acquire().await.ok();
    let (front, key_of) = (receipt.front.clone(), host.clone());
    let checked = tokio::task::spawn_blocking(move || check(path, &front, &key_of, now)).await;
    let checked = checked.map_err(|error| Fault::Write { id: id.clone(), source: io::Error::other(error) })?;
    drop(turn);
    let checked = match checked {
        Ok(checked) => checked,
        Err(Wrong::Read(source)) => return Err(Fault::Write { id, source }.into()),
        Err(Wrong::Denied(denied)) => return Err(denied.into()),
        Err(Wrong::Bytes(why)) => {
            reject(&gate, &sender, &id, &receipt).await?;
            return Err(Refusal::Mismatch(why));
        }
    };
    let ack = store(&gate, &sender, upload, &receipt, &host, checked).await;
    // Until here, no other request finds the upload half stored.
    drop(lock);
    ack
}

/// Ends an upload that is not what it should be, and writes that down.
async fn reject(gate: &Gate, sender: &Sender, id: &str, receipt: &Receipt) -> Result<(), Refusal> {
    let (object, tenant) = (receipt.bundle.to_string(), Some(receipt.tenant.as_str()));
    let entry = Entry { event: "upload_rejected", actor: &sender.name, tenant, object: Some(&object) };
    gate.store.end_upload(id, clock::now(), entry).await?;
    Ok(())
}

/// The receipt of an upload or of a slot for one, with its host, when both still count.
pub(super) async fn permitted(gate: &Gate, sender: &Sender, id: ReceiptId) -> Result<(Receipt, Host), Refusal> {
    let receipt = gate.store.receipt(&sender.tenant, id).await?.ok_or(Denied::NoReceipt)?;
    let host = gate.store.host(receipt.host).await?.ok_or(Denied::NoReceipt)?;
    if sender.host.as_ref().is_some_and(|sender| sender.id != host.id) {
        return Err(Denied::NotCovered(NotCovered::OtherHost).into());
    }
    if host.revoked.is_some() {
        return Err(Refusal::Revoked);
    }
    if receipt.withdrawn.is_some() {
        return Err(Denied::NotCovered(NotCovered::Withdrawn).into());
    }
    if clock::now() >= receipt.delete_by {
        return Err(Denied::NotCovered(NotCovered::Expired).into());
    }
    let asked = match receipt.request {
        Some(id) => gate.store.request(&receipt.tenant, id).await?,
        None => None,
    };
    if asked.is_some_and(|asked| asked.cancel.is_some()) {
        return Err(Denied::Cancelled.into());
    }
    Ok((receipt, host))
}

/// What is wrong with an upload.
enum Wrong {
    Read(io::Error),
    Denied(Denied),
    Bytes(String),
}

impl From<SealedError> for Wrong {
    fn from(error: SealedError) -> Self {
        match error {
            SealedError::Io(error) => error.into(),
            error => Self::Bytes(chain(&error)),
        }
    }
}

impl From<io::Error> for Wrong {
    /// Only bytes that were read can be wrong; a disk that does not read is no fault of the sender's.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Bytes(error.to_string()),
            _ => Self::Read(error),
        }
    }
}

/// Reads the whole file once.
fn check(path: PathBuf, front: &[u8], host: &Host, now: Time) -> Result<(Envelope, Sha256), Wrong> {
    let mut file = BufReader::with_capacity(1 << 20, fs::File::open(path).map_err(Wrong::Read)?);
    let mut begin = vec![0; front.len()];
    file.read_exact(&mut begin)?;
    if begin != front {
        return Err(Wrong::Bytes("the documents are not those that were sent before".to_owned()));
    }
    let reader = Reader::new(io::Read::chain(front, file))?;
    let documents = reader.head().clone();
    let mut payload = reader.into_payload();
    let (envelope, _) = verified(&documents, host, Payload::bytes(&payload), now).map_err(Wrong::Denied)?;
    let mut hasher = sha2::Sha256::new();
    let mut head = Vec::with_capacity(HEAD);
    payload.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    hasher.update(&head);
    payload.finish(&envelope)?;
    Ok((envelope, Sha256(hasher.finalize().into())))
}

/// Keeps the file, and writes bundle, audit line and ack in one step.
async fn store(
    gate: &Gate,
    sender: &Sender,
    upload: Upload,
    receipt: &Receipt,
    host: &Host,
    (envelope, head): (Envelope, Sha256),
) -> Result<String, Refusal> {
    let kept = gate.store.kept(&receipt.tenant, receipt.bundle, receipt.id, envelope.payload.sha256).await?;
    let object = object_of(&upload.id);
    let kept = if let Some(kept) = kept {
        kept
    } else {
        gate.store.objects().keep(&gate.store.upload_path(&upload.id), &object).await?;
        let sealed = Sealed {
            object: object.clone(),
            object_bytes: upload.bytes,
            payload_at: receipt.front.len() as u64,
            payload_bytes: envelope.payload.bytes,
            payload: envelope.payload.sha256,
            head,
        };
        // Only now, after the wait for a turn and the reading, is it safely stored.
        let bundle = row(&envelope, receipt, host, sealed, clock::now());
        gate.store.keep_bundle(&bundle, &upload.id, &sender.name, |audit| sign(gate, &bundle, audit)).await?
    };
    match kept {
        Kept::New(ack) => {
            gate.arrived.notify_one();
            Ok(ack)
        }
        Kept::Known(ack) => {
            gate.store.finish_upload(&upload.id, receipt.bundle, clock::now()).await?;
            // The other upload's object is the bundle's, and this one's, if there is any, nobody's.
            gate.store.objects().delete(&object).await?;
            Ok(ack)
        }
        Kept::Other => {
            reject(gate, sender, &upload.id, receipt).await?;
            Err(Denied::StoredOtherwise.into())
        }
        Kept::Closed => {
            permitted(gate, sender, receipt.id).await?;
            Err(Denied::NoReceipt.into())
        }
        Kept::Ended => {
            gate.store.objects().delete(&object).await?;
            Err(Refusal::NotFound)
        }
    }
}

fn row(envelope: &Envelope, receipt: &Receipt, host: &Host, sealed: Sealed, now: Time) -> Bundle {
    Bundle {
        id: envelope.bundle_id,
        tenant: host.tenant.clone(),
        host: host.id,
        receipt: receipt.id,
        sealed,
        bytes: envelope.bundle.bytes,
        received: now,
        complete: envelope.bundle.complete,
        signer: host.key.fingerprint(),
        state: Checks::Received,
        name: envelope.bundle_id.to_string(),
        manifest_at: None,
        started: envelope.created,
        alerts: 0,
    }
}

fn sign(gate: &Gate, bundle: &Bundle, audit: LedgerHead) -> Result<String, SignError> {
    let ack = Ack {
        schema: ack::Schema::V1,
        bundle_id: bundle.id,
        host_id: bundle.host,
        tenant_id: bundle.tenant.clone(),
        receipt_id: bundle.receipt,
        payload: Stored { sha256: bundle.sealed.payload, bytes: bundle.sealed.payload_bytes },
        stored_at: bundle.received,
        audit,
    };
    Ok(String::from_utf8_lossy(&gate.signer.ack(&ack)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bytes_that_were_read_are_wrong() {
        assert!(matches!(Wrong::from(io::Error::from_raw_os_error(5)), Wrong::Read(_)));
        for kind in [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof] {
            assert!(matches!(Wrong::from(io::Error::from(kind)), Wrong::Bytes(_)));
            assert!(matches!(Wrong::from(SealedError::Io(kind.into())), Wrong::Bytes(_)));
        }
    }
}
