//! `POST /v1/enroll`: a host with a token gets its tenant and the center's keys.
//!
//! In: a signed request with the proof of a token. Out: the tenant's keysets. Never: stores anything of a request that fails.

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use oediag_protocol::{
    document,
    enroll::{EnrollRequest, Enrolled, ReplySchema},
    json,
    signed::Signed,
};

use super::{Gate, caller::small, headers, refusal::Refusal};
use crate::{
    clock,
    store::{audit::Entry, enrolments::Enrol},
};

/// Enrols the host.
pub(super) async fn enroll(State(gate): State<Gate>, body: Body) -> Result<Response, Refusal> {
    let body = small(&gate, body, document::MAX_BYTES).await?;
    let now = clock::now();
    let bad = |error: &dyn std::error::Error| Refusal::Bad(format!("not an enrolment: {error}"));
    let request = Signed::parse(&body).map_err(|error| bad(&error))?;
    let request = EnrollRequest::open(&request).map_err(|error| bad(&error))?;
    let known = gate.store.enrolment(&request).await?.filter(|known| known.verifier.accepts(&request));
    let enrol = match &known {
        Some(_) => gate.store.enrol(&request, now).await?,
        None => Enrol::TokenOver,
    };
    let (Enrol::Done, Some(known)) = (enrol, &known) else {
        // Only of those who hold a token of ours: a stranger must not be able to fill the log.
        if let Some(known) = &known {
            let id = request.host_id.to_string();
            let tenant = Some(known.tenant.as_str());
            gate.store
                .audit(now, Entry { event: "enrolment_refused", actor: "holder of a token", tenant, object: Some(&id) })
                .await?;
        }
        return Err(match enrol {
            Enrol::Known => Refusal::KnownHost,
            Enrol::Revoked => Refusal::Revoked,
            Enrol::Done | Enrol::TokenOver => Refusal::EnrolToken,
        });
    };
    let keysets = gate.signer.keysets(&gate.store, &known.tenant, now).await?;
    let reply = Enrolled { schema: ReplySchema::V1, host_id: request.host_id, tenant_id: known.tenant.clone(), keysets };
    let reply = json::to_bytes(&reply).map_err(|error| Refusal::Bad(error.to_string()))?;
    Ok(headers::json(StatusCode::OK, reply))
}
