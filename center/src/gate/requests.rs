//! Requests as hosts fetch them, with their cancellations, keysets and what hosts can be asked for; and what hosts tell of requests.
//!
//! In: ids; status events that the host's key signed. Out: objects as they were signed. Never: another host's.

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use oediag_protocol::{
    catalogue::{self, Offer},
    document::{Document, MAX_BYTES},
    id::RequestId,
    request::event::StatusEvent,
    signed::Signed,
};

use super::{
    Gate,
    asker::Asker,
    caller::Caller,
    headers::{json, with_headers},
    refusal::Refusal,
    values::whole_number,
};
use crate::{
    clock,
    store::{
        hosts::Host,
        requests::{Asked, Told},
    },
};

/// A document that the host signed, from the body of a request.
pub(super) fn opened<T: Document>(body: &[u8], host: &Host) -> Result<T, Refusal> {
    let signed = Signed::parse(body).map_err(|error| Refusal::Bad(error.to_string()))?;
    signed.open(std::slice::from_ref(&host.key), 1).map_err(|error| Refusal::Bad(error.to_string()))
}

async fn asked(gate: &Gate, asker: &Asker, id: &str) -> Result<Asked, Refusal> {
    let id = RequestId::parse(id).ok_or(Refusal::NoSuch)?;
    let asked = gate.store.request(asker.tenant(), id).await?;
    asked.filter(|asked| asked.host == asker.host).ok_or(Refusal::NoSuch)
}

/// `GET /v1/requests/{id}`.
pub(super) async fn get(State(gate): State<Gate>, Path(id): Path<String>, asker: Asker) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, asked(&gate, &asker, &id).await?.signed))
}

/// `GET /v1/requests/{id}/cancel`.
pub(super) async fn cancel(State(gate): State<Gate>, Path(id): Path<String>, asker: Asker) -> Result<Response, Refusal> {
    Ok(json(StatusCode::OK, asked(&gate, &asker, &id).await?.cancel.ok_or(Refusal::NoSuch)?))
}

/// `GET /v1/keysets/{version}`.
pub(super) async fn keyset(State(gate): State<Gate>, Path(version): Path<String>, asker: Asker) -> Result<Response, Refusal> {
    let version = whole_number(&version).ok_or(Refusal::NoSuch)?;
    Ok(json(StatusCode::OK, gate.store.keyset(asker.tenant(), version).await?.ok_or(Refusal::NoSuch)?))
}

/// `POST /v1/requests/{id}/events`.
pub(super) async fn event(
    State(gate): State<Gate>,
    Path(id): Path<String>,
    caller: Caller,
    body: Body,
) -> Result<Response, Refusal> {
    let body = caller.body(&gate, body, MAX_BYTES).await?;
    let host = caller.host()?;
    let event: StatusEvent = opened(&body, host)?;
    if event.host_id != host.id || event.tenant_id != host.tenant {
        return Err(Refusal::OtherHost("the event"));
    }
    if event.request_id.to_string() != id {
        return Err(Refusal::Bad("the event is about another request than the path".to_owned()));
    }
    match gate.store.new_event(&event, &String::from_utf8_lossy(&body), clock::now()).await? {
        Told::Stored => Ok(with_headers::<String>(StatusCode::NO_CONTENT, [])),
        Told::Other => Err(Refusal::OtherEvent),
        Told::NoSuch => Err(Refusal::NoSuch),
        Told::TooMany => Err(Refusal::TooManyRequests),
    }
}

/// `PUT /v1/catalogue`.
pub(super) async fn catalogue(State(gate): State<Gate>, caller: Caller, body: Body) -> Result<Response, Refusal> {
    let body = caller.body(&gate, body, catalogue::MAX_BYTES).await?;
    let host = caller.host()?;
    let offer = Offer::parse(&body).map_err(|error| Refusal::Bad(format!("not a catalogue: {error}")))?;
    gate.store.keep_catalogue(host.id, &offer, &String::from_utf8_lossy(&body), clock::now()).await?;
    Ok(with_headers::<String>(StatusCode::NO_CONTENT, []))
}
