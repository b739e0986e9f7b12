//! Heads of hosts' ledgers, as each request tells them and as hosts sign them. In: a head. Out: whether it fits to what the host
//! told before. Never: refuses a request for the head in its header: who reads of the conflict decides.

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use oediag_protocol::{
    document::MAX_BYTES,
    id::{HostId, TenantId},
    ledger::Head,
    time::Time,
};

use super::{Gate, caller::Caller, headers::with_headers, refusal::Refusal, requests::opened};
use crate::{
    clock,
    store::ledger::{Heard, Told},
};

/// Compares a head that came with a request.
pub(super) async fn heard(gate: &Gate, host: HostId, tenant: &TenantId, told: Told<'_>, now: Time) -> Result<(), Refusal> {
    // What was told last costs no look at the disk, nor does a request that need not tell anything.
    if gate.memory.is_last_head(host, told.head) || (told.head.seq == 0 && !told.newest) {
        return Ok(());
    }
    match gate.store.heard(host, tenant, told, now).await? {
        Heard::TooMany => return Err(Refusal::TooManyRequests),
        heard if told.newest => gate.memory.last_head(host, told.head.clone(), heard == Heard::Conflict),
        Heard::Fits | Heard::Conflict => {}
    }
    Ok(())
}

/// `POST /v1/ledger/head`: a head with the host's signature.
pub(super) async fn post(State(gate): State<Gate>, caller: Caller, body: Body) -> Result<Response, Refusal> {
    let body = caller.body(&gate, body, MAX_BYTES).await?;
    let host = caller.host()?;
    let document: Head = opened(&body, host)?;
    if document.host_id != host.id {
        return Err(Refusal::OtherHost("the ledger head"));
    }
    let text = String::from_utf8_lossy(&body);
    // One that waited for a network is as old as its last line: what was told since is longer, and no rollback.
    let told = Told { head: &document.head, told: document.at, newest: true, signed: Some(&text) };
    match gate.store.heard(host.id, &host.tenant, told, clock::now()).await? {
        Heard::Fits => Ok(with_headers::<String>(StatusCode::NO_CONTENT, [])),
        Heard::Conflict => Err(Refusal::LedgerConflict),
        Heard::TooMany => Err(Refusal::TooManyRequests),
    }
}
