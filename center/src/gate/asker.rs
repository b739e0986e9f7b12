//! A host that asks and changes nothing: its key and the nonces of its requests are in memory. In: the head of a `GET`. Out: the host.
//! Never: touches the disk for a host that is known, with a ledger head that it told before.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use oediag_protocol::{
    digest::Sha256,
    id::{HostId, TenantId},
};

use super::{Gate, caller::Asked, headers::text, heads, memory::Known, refusal::Refusal};
use crate::{
    clock,
    store::{hosts::Nonce, ledger::Told},
};

/// The host that asks.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) host: HostId,
    pub(super) known: Arc<Known>,
    pub(super) headers: HeaderMap,
}

impl Asker {
    /// Its tenant.
    pub(super) fn tenant(&self) -> &TenantId {
        &self.known.tenant
    }
}

impl FromRequestParts<Gate> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, gate: &Gate) -> Result<Self, Refusal> {
        let now = clock::now();
        let input = text(&parts.headers, "signature-input")?.ok_or(Refusal::Unsigned)?;
        let asked = Asked::parse(parts, input, gate)?;
        let host = asked.host().ok_or(Refusal::UnknownKey)?;
        let known = gate.memory.host(&gate.store, host).await?.ok_or(Refusal::UnknownKey)?;
        let (head, digest) = asked.verify(&known.transport_key, now)?;
        if known.revoked {
            return Err(Refusal::Revoked);
        }
        if digest != Sha256::of(b"") {
            return Err(Refusal::Digest);
        }
        match gate.memory.remember(host, &asked.claim.nonce, now) {
            Nonce::New => {}
            Nonce::Used => return Err(Refusal::Replayed),
            Nonce::TooMany => return Err(Refusal::TooManyRequests),
        }
        // Only a poll must tell the newest: other programs of the host ask with the head that they began with.
        let newest = parts.uri.path().ends_with("/inbox");
        let told = Told { head: &head, told: asked.claim.created, newest, signed: None };
        heads::heard(gate, host, &known.tenant, told, now).await?;
        Ok(Self { host, headers: parts.headers.clone(), known })
    }
}
