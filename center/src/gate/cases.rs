//! Service requests of a host: opened, listed, confirmed. In: documents that the host's key signed. Out: how cases stand.
//! Never: another host's case.

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use oediag_protocol::{
    case::{Confirm, Open, Standing, Standings},
    document::MAX_BYTES,
    json,
};
use serde::Serialize;

use super::{Gate, asker::Asker, caller::Caller, headers, refusal::Refusal, requests::opened};
use crate::{clock, store::cases::Opened};

fn reply(status: StatusCode, told: &impl Serialize) -> Result<Response, Refusal> {
    Ok(headers::json(status, json::to_bytes(told).map_err(|error| Refusal::Bad(error.to_string()))?))
}

/// `POST /v1/cases`.
pub(super) async fn open(State(gate): State<Gate>, caller: Caller, body: Body) -> Result<Response, Refusal> {
    let body = caller.body(&gate, body, MAX_BYTES).await?;
    let host = caller.host()?;
    let open: Open = opened(&body, host)?;
    if open.host_id != host.id || open.tenant_id != host.tenant {
        return Err(Refusal::OtherHost("the case"));
    }
    match gate.store.open_case(&open, &String::from_utf8_lossy(&body), clock::now()).await? {
        Opened::As(standing) => reply(StatusCode::CREATED, &standing),
        Opened::TooMany => Err(Refusal::TooMuchToday),
    }
}

/// `GET /v1/cases`.
pub(super) async fn list(State(gate): State<Gate>, asker: Asker) -> Result<Response, Refusal> {
    let cases = gate.store.cases(asker.tenant(), Some(asker.host)).await?;
    let cases: Vec<Standing> = cases.into_iter().map(|case| case.standing).collect();
    reply(StatusCode::OK, &Standings { cases })
}

/// `POST /v1/cases/{id}/confirm`.
pub(super) async fn confirm(
    State(gate): State<Gate>,
    Path(id): Path<String>,
    caller: Caller,
    body: Body,
) -> Result<Response, Refusal> {
    let body = caller.body(&gate, body, MAX_BYTES).await?;
    let host = caller.host()?;
    let confirm: Confirm = opened(&body, host)?;
    if confirm.host_id != host.id || confirm.tenant_id != host.tenant {
        return Err(Refusal::OtherHost("the confirmation"));
    }
    if confirm.case.as_str() != id {
        return Err(Refusal::Bad("the confirmation is about another case than the path".to_owned()));
    }
    if gate.store.case(&host.tenant, &id).await?.is_none_or(|case| case.host != host.id) {
        return Err(Refusal::NoSuch);
    }
    let standing = gate.store.confirm_case(&confirm, &String::from_utf8_lossy(&body), clock::now()).await?;
    reply(StatusCode::OK, &standing.ok_or(Refusal::NotResolved)?)
}
