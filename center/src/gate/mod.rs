//! The way in: who asks, what waits for them, what they may send, and the bytes they send (tus 1.0.0).
//!
//! In: HTTP requests under `/v1`. Out: enrolled hosts, signed requests, events, receipts, sealed bundles in the store and their acks,
//! withdrawals and deletion receipts, cases; and what is carried here as files. Never: decrypts, or
//! holds a key that does.

mod asker;
mod caller;
mod carried;
mod cases;
mod consents;
mod enroll;
mod finish;
mod headers;
mod heads;
mod inbox;
mod memory;
mod metadata;
mod refusal;
mod requests;
mod tus;
mod values;
mod withdrawals;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, options, patch, post, put},
};
use tokio::sync::{Notify, Semaphore};

pub(crate) use self::carried::{Carried, Carrier, admit, carry};
pub use self::{
    finish::HEAD,
    memory::Memory,
    metadata::{Metadata, MetadataError},
    values::{checksum, ledger_head, whole_number},
};
use crate::{settings::Limits, signer::Signer, store::Store};

/// What each request needs.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Rows and bytes.
    pub store: Store,
    /// What one sender may take.
    pub limits: Limits,
    /// Signs acks and keysets.
    pub signer: Arc<Signer>,
    /// The name by which hosts reach the center, as their signatures hold it; from settings, never from a request.
    pub authority: Arc<str>,
    /// How many uploads are read from end to end at a time; others wait.
    pub finishing: Arc<Semaphore>,
    /// Hosts that poll.
    pub memory: Arc<Memory>,
    /// Rung when a bundle was stored.
    pub arrived: Arc<Notify>,
}

/// The routes of hosts and of programs that upload.
pub fn router(gate: Gate) -> Router {
    Router::new()
        .route("/v1/enroll", post(enroll::enroll))
        .route("/v1/hosts/{host}/inbox", get(inbox::get))
        .route("/v1/requests/{id}", get(requests::get))
        .route("/v1/requests/{id}/cancel", get(requests::cancel))
        .route("/v1/requests/{id}/events", post(requests::event))
        .route("/v1/keysets/{version}", get(requests::keyset))
        .route("/v1/catalogue", put(requests::catalogue))
        .route("/v1/ledger/head", post(heads::post))
        .route("/v1/log/{seq}", get(withdrawals::head))
        .route("/v1/withdrawals", post(withdrawals::withdraw))
        .route("/v1/deletions/{receipt}", get(withdrawals::deletion))
        .route("/v1/receipts/{id}/views", get(withdrawals::views))
        .route("/v1/cases", get(cases::list).post(cases::open))
        .route("/v1/cases/{id}/confirm", post(cases::confirm))
        .route("/v1/consents", post(consents::receive))
        .route("/v1/uploads", options(tus::options).post(tus::create))
        .route(
            "/v1/uploads/{id}",
            patch(tus::patch).head(tus::head).delete(tus::delete).options(tus::options).post(tus::overridden),
        )
        .route("/v1/uploads/{id}/finish", post(finish::finish))
        // Each handler has a limit of its own.
        .layer(DefaultBodyLimit::disable())
        .with_state(gate)
}
