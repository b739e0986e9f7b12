//! Who sends. In: the headers of a request. Out: the sender, from its key alone.
//!
//! For now a sender is who holds an API token; hosts will sign their requests (RFC 9421), and become senders here.
//! Never: believes a tenant or a host that a request names.

use axum::http::{HeaderMap, header};
use oediag_protocol::time::Time;

use super::refusal::Refusal;
use crate::store::{
    Store,
    tokens::{self, Scope},
};

/// Who sends, and for whom.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// As rows name it.
    pub(super) name: String,
    pub(super) tenant: String,
}

/// The sender of a request.
pub(super) async fn of(headers: &HeaderMap, store: &Store, now: Time) -> Result<Sender, Refusal> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Refusal::NoToken)?;
    let holder = tokens::holder(store, token, Scope::Upload, now).await?.ok_or(Refusal::NoToken)?;
    Ok(Sender { name: format!("token {}", holder.id), tenant: holder.tenant })
}
