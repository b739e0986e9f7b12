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
        None => match tokio::spawn(whole(gate, id.clone(), caller.sender)).await {
            Ok(ack) => ack?,
            Err(error) => return Err(Fault::Write { id, source: io::Error::other(error) }.into()),
        },
    };
    Ok(headers::json(StatusCode::OK, ack))
}

async fn whole(gate: Gate, id: String, sender: Sender) -> Result<String, Refusal> {
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
    drop((lock, turn));
    let checked = match checked {
        Ok(checked) => checked,
        Err(Wrong::Read(source)) => return Err(Fault::Write { id, source }.into()),
        Err(Wrong::Denied(denied)) => return Err(denied.into()),
        Err(Wrong::Bytes(why)) => {
            gate.store.end_upload(&id, now).await?;
            let object = receipt.bundle.to_string();
            let tenant = Some(receipt.tenant.as_str());
            gate.store.audit(now, Entry { event: "upload_rejected", actor: &sender.name, tenant, object: Some(&object) }).await?;
            return Err(Refusal::Mismatch(why));
        }
    };
    store(&gate, &sender, upload, &receipt, &host, checked, now).await
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
            SealedError::Io(error) => Self::Read(error),
            error => Self::Bytes(chain(&error)),
        }
    }
}

/// Reads the whole file once.
fn check(path: PathBuf, front: &[u8], host: &Host, now: Time) -> Result<(Envelope, Sha256), Wrong> {
    let mut file = BufReader::with_capacity(1 << 20, fs::File::open(path).map_err(Wrong::Read)?);
    let mut begin = vec![0; front.len()];
    file.read_exact(&mut begin).map_err(Wrong::Read)?;
    if begin != front {
        return Err(Wrong::Bytes("the documents are not those that were sent before".to_owned()));
    }
    let reader = Reader::new(io::Read::chain(front, file))?;
    let documents = reader.head().clone();
    let mut payload = reader.into_payload();
    let (envelope, _) = verified(&documents, host, Payload::bytes(&payload), now).map_err(Wrong::Denied)?;
    let mut hasher = sha2::Sha256::new();
    let mut head = Vec::with_capacity(HEAD);
    payload.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(|error| Wrong::Bytes(error.to_string()))?;
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
    now: Time,
) -> Result<String, Refusal> {
    let kept = gate.store.kept(&receipt.tenant, receipt.bundle, receipt.id, envelope.payload.sha256).await?;
    let kept = if let Some(kept) = kept {
        kept
    } else {
        let object = object_of(&upload.id);
        gate.store.objects().keep(&gate.store.upload_path(&upload.id), &object).await?;
        let sealed = Sealed {
            object,
            object_bytes: upload.bytes,
            payload_at: receipt.front.len() as u64,
            payload_bytes: envelope.payload.bytes,
            payload: envelope.payload.sha256,
            head,
        };
        let bundle = row(&envelope, receipt, host, sealed, now);
        gate.store.keep_bundle(&bundle, &upload.id, &sender.name, |audit| sign(gate, &bundle, audit)).await?
    };
    match kept {
        Kept::New(ack) => {
            gate.arrived.notify_one();
            Ok(ack)
        }
        Kept::Known(ack) => {
            gate.store.finish_upload(&upload.id, receipt.bundle, now).await?;
            Ok(ack)
        }
        Kept::Other => {
            gate.store.end_upload(&upload.id, now).await?;
            Err(Denied::StoredOtherwise.into())
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
