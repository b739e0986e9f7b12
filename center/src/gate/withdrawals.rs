//! What a customer can do about what was sent: take the consent back, get the deletion receipt, see who opened it, ask what the
//! audit log was at a line.
//!
//! In: withdrawals that the host's key signed; ids. Out: signed objects. Never: another host's receipt.

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use oediag_protocol::{
    deletion::Trigger,
    document::MAX_BYTES,
    id::ReceiptId,
    text::Line,
    views::{MAX_VIEWS, Schema, View, Views},
    withdrawal::Withdrawal,
};

use super::{
    Gate,
    asker::Asker,
    caller::Caller,
    headers::{json, with_headers},
    inbox::log,
    refusal::{Fault, Refusal},
    requests::opened,
    values::whole_number,
};
use crate::{
    clock,
    deletions::{Deleted, delete},
    keys::Role,
    store::{
        audit::Opening,
        deletions::{By, Subject},
        hosts::Host,
    },
};

/// `POST /v1/withdrawals`.
pub(super) async fn withdraw(State(gate): State<Gate>, caller: Caller, body: Body) -> Result<Response, Refusal> {
    let body = caller.body(&gate, body, MAX_BYTES).await?;
    match take(&gate, caller.host()?, &caller.sender.name, &body).await? {
        Deleted::Done(signed) => Ok(json(StatusCode::OK, signed)),
        Deleted::Ordered => Ok(with_headers::<String>(StatusCode::ACCEPTED, [])),
        Deleted::TooMany => Err(Refusal::TooMuchToday),
    }
}

/// Does what a withdrawal of a host says, however it came.
pub(super) async fn take(gate: &Gate, host: &Host, actor: &str, body: &[u8]) -> Result<Deleted, Refusal> {
    let withdrawal: Withdrawal = opened(body, host)?;
    if withdrawal.host_id != host.id || withdrawal.tenant_id != host.tenant {
        return Err(Refusal::OtherHost("the withdrawal"));
    }
    // A receipt that has not come yet is withdrawn too: then it never counts.
    if let Some(receipt) = gate.store.receipt(&host.tenant, withdrawal.receipt_id).await? {
        if receipt.host != host.id {
            return Err(Refusal::NoSuch);
        }
        if receipt.bundle != withdrawal.bundle_id {
            return Err(Refusal::Bad("the withdrawal names another bundle than its receipt".to_owned()));
        }
    }
    let Withdrawal { receipt_id: receipt, bundle_id: bundle, tenant_id: tenant, .. } = withdrawal;
    let of = Subject { tenant, receipt, bundle, host: host.id };
    let text = String::from_utf8_lossy(body);
    let by = By { actor, cause: Trigger::Withdrawn, withdrawal: Some(&text) };
    Ok(delete(&gate.store, &gate.signer, &of, by, clock::now()).await?)
}

/// `GET /v1/deletions/{receipt}`.
pub(super) async fn deletion(State(gate): State<Gate>, Path(id): Path<String>, asker: Asker) -> Result<Response, Refusal> {
    let id = ReceiptId::parse(&id).ok_or(Refusal::NoSuch)?;
    let order = gate.store.deletion(asker.tenant(), id).await?.filter(|order| order.of.host == asker.host);
    Ok(json(StatusCode::OK, order.and_then(|order| order.signed).ok_or(Refusal::NoSuch)?))
}

/// `GET /v1/receipts/{id}/views`.
pub(super) async fn views(State(gate): State<Gate>, Path(id): Path<String>, asker: Asker) -> Result<Response, Refusal> {
    let id = ReceiptId::parse(&id).ok_or(Refusal::NoSuch)?;
    let receipt = gate.store.receipt(asker.tenant(), id).await?.filter(|receipt| receipt.host == asker.host);
    let bundle = receipt.ok_or(Refusal::NoSuch)?.bundle;
    let (total, openings) = gate.store.openings(asker.tenant(), bundle, MAX_VIEWS).await?;
    let at = clock::now();
    let all = openings.into_iter().map(view).collect();
    let mut views = Views { schema: Schema::V1, receipt_id: id, at, total, views: all };
    // As many as a signed object holds: the oldest go first, and the total tells.
    loop {
        match gate.signer.sign(Role::Ack, &views) {
            Ok(signed) => return Ok(json(StatusCode::OK, signed)),
            Err(error) if views.views.is_empty() => return Err(Fault::Sign(error).into()),
            Err(_) => drop(views.views.drain(..views.views.len().div_ceil(2))),
        }
    }
}

fn view(opening: Opening) -> View {
    // Names of accounts and items are plain lines wherever they were made; one that is not is left out, its line is not.
    let line = |text: &str| Line::parse(text).unwrap_or_default();
    let Opening { seq, at, who, event, item } = opening;
    View { at, who: line(&who), event: line(&event), item: item.as_deref().map(line), seq }
}

/// `GET /v1/log/{seq}`.
pub(super) async fn head(State(gate): State<Gate>, Path(seq): Path<String>, _: Asker) -> Result<Response, Refusal> {
    let seq = whole_number(&seq).ok_or(Refusal::NoSuch)?;
    let signed = log(&gate, Some(seq), clock::now()).await?.ok_or(Refusal::NoSuch)?;
    Ok(json(StatusCode::OK, signed.to_bytes().map_err(|error| Fault::Sign(error.into()))?))
}
