//! `POST /v1/consents`: the documents of a sealed file, before its bytes. In: the file up to its payload. Out: yes, the ack of
//! these very bytes, or the reason why not. Never: takes a receipt of another host or tenant, or one that is over.

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use oediag_protocol::{
    consent::{Consent, NotCovered},
    digest::Sha256,
    document,
    envelope::{Envelope, EnvelopeError},
    sealed::{Frame, Head, Reader, SealedError},
    time::Time,
};

use super::{
    Gate,
    caller::{Caller, Sender},
    headers,
    heads::heard,
    refusal::{Denied, Refusal},
    tus::room,
};
use crate::{
    clock,
    requests::{NotAsked, answered},
    store::{
        bundles::Kept,
        hosts::Host,
        ledger::Told,
        receipts::{Receipt, Received},
    },
};

/// Most bytes of the documents.
pub(super) const MAX_BYTES: usize = 256 << 10;

/// Documents that count.
pub(super) enum Taken {
    /// These very bytes are stored; their ack.
    Stored(String),
    /// They may come.
    Awaited,
}

/// Takes a receipt.
pub(super) async fn receive(State(gate): State<Gate>, caller: Caller, body: Body) -> Result<Response, Refusal> {
    let front = caller.body(&gate, body, MAX_BYTES).await?;
    Ok(match take(&gate, &caller.sender, front).await? {
        Taken::Stored(ack) => headers::json(StatusCode::OK, ack),
        Taken::Awaited => headers::with_headers::<String>(StatusCode::CREATED, []),
    })
}

/// Checks the documents of a sealed file, however they came, and keeps their receipt.
pub(super) async fn take(gate: &Gate, sender: &Sender, front: Vec<u8>) -> Result<Taken, Refusal> {
    let now = clock::now();
    let bad = |error: SealedError| Refusal::Bad(format!("not the beginning of a sealed file: {}", chain(&error)));
    let reader = Reader::new(front.as_slice()).map_err(bad)?;
    let head = reader.head().clone();
    let frame = Frame::new(&head, reader.into_payload().bytes()).map_err(bad)?;
    if frame.front != front {
        return Err(Refusal::Bad("not exactly the sealed file up to its payload".to_owned()));
    }
    let host = host_of(gate, sender, &head).await?;
    let (envelope, consent) = verified(&head, &host, frame.payload, now)?;
    let keyset = gate.signer.newest(&gate.store, &host.tenant, now).await?;
    let needed = keyset.recipients(&host.tenant).unwrap_or_default();
    if needed.is_empty() || needed.iter().any(|key| !envelope.payload.recipients.contains(key)) {
        return Err(Denied::OldKeys.into());
    }
    for head in [&envelope.ledger_head, &consent.prev_ledger].into_iter().flatten() {
        let told = Told { head, told: envelope.created, newest: false, signed: None };
        heard(gate, host.id, &host.tenant, told, now).await?;
    }
    answers(gate, &consent).await?;
    if gate.store.deletion(&host.tenant, consent.receipt_id).await?.is_some() {
        return Err(Denied::NotCovered(NotCovered::Withdrawn).into());
    }
    match gate.store.kept(&host.tenant, envelope.bundle_id, consent.receipt_id, envelope.payload.sha256).await? {
        Some(Kept::Known(ack) | Kept::New(ack)) => return Ok(Taken::Stored(ack)),
        Some(Kept::Other | Kept::Closed | Kept::Ended) => return Err(Denied::StoredOtherwise.into()),
        None => {}
    }
    let receipt = Receipt {
        id: consent.receipt_id,
        tenant: host.tenant.clone(),
        host: host.id,
        bundle: envelope.bundle_id,
        consent: Sha256::of(&head.consent),
        bytes: frame.bytes(),
        front,
        payload: envelope.payload.sha256,
        delete_by: consent.delete_by,
        withdrawn: None,
        case: consent.case.as_ref().map(|case| case.as_str().to_owned()),
        request: consent.request.map(|request| request.request_id),
    };
    if room(gate) < MAX_BYTES as u64 {
        return Err(Refusal::NoRoom);
    }
    match gate.store.new_receipt(&receipt, &sender.name, now).await? {
        Received::Stored => Ok(Taken::Awaited),
        Received::Other => Err(Denied::OtherReceipt.into()),
        Received::Used => Err(Denied::StoredOtherwise.into()),
        Received::Withdrawn => Err(Denied::NotCovered(NotCovered::Withdrawn).into()),
        Received::TooMany => Err(Refusal::TooManyReceipts),
    }
}

/// Whether the request that a receipt names, if it names one, was made to its host and not taken back.
async fn answers(gate: &Gate, consent: &Consent) -> Result<(), Refusal> {
    match answered(&gate.store, consent).await? {
        Ok(Some(asked)) if asked.cancel.is_some() => Err(Denied::Cancelled.into()),
        Ok(_) => Ok(()),
        Err(NotAsked) => Err(Denied::NotCovered(NotCovered::OtherRequest).into()),
    }
}

/// The host whose documents these are: the sender itself, or one of the token's tenant.
async fn host_of(gate: &Gate, sender: &Sender, head: &Head) -> Result<Host, Refusal> {
    if let Some(host) = &sender.host {
        return Ok(host.clone());
    }
    // Only to find the key: the signature is checked with it, and the host it belongs to is compared.
    let claimed: Envelope = document::parse(&head.envelope).map_err(|error| Refusal::Bad(format!("envelope.json: {error}")))?;
    let host = gate.store.host(claimed.host_id).await?.filter(|host| host.tenant == sender.tenant);
    match host.ok_or(Denied::NotCovered(NotCovered::OtherHost))? {
        Host { revoked: Some(_), .. } => Err(Refusal::Revoked),
        host => Ok(host),
    }
}

/// The documents, when that host signed them for these bytes and they count now.
pub(super) fn verified(head: &Head, host: &Host, payload: u64, now: Time) -> Result<(Envelope, Consent), Denied> {
    let (envelope, consent) = head.verify(std::slice::from_ref(&host.key), now).map_err(|error| match error {
        SealedError::Disagree(EnvelopeError::NotCovered(reason)) => Denied::NotCovered(reason),
        SealedError::Disagree(EnvelopeError::OtherTenant) => Denied::OtherTenant,
        SealedError::Disagree(EnvelopeError::OtherReceipt) => Denied::OtherReceipt,
        error => Denied::Document(chain(&error)),
    })?;
    if envelope.host_id != host.id {
        Err(Denied::NotCovered(NotCovered::OtherHost))
    } else if envelope.tenant_id != host.tenant {
        Err(Denied::OtherTenant)
    } else if envelope.payload.bytes != payload {
        Err(Denied::NotCovered(NotCovered::OtherBundle))
    } else {
        Ok((envelope, consent))
    }
}

/// An error with all that caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
