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
    routing::{MethodRouter, get, options, patch, post, put},
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

/// One route with its methods.
struct Route {
    methods: &'static [&'static str],
    path: &'static str,
    handler: fn() -> MethodRouter<Gate>,
}

const fn route(methods: &'static [&'static str], path: &'static str, handler: fn() -> MethodRouter<Gate>) -> Route {
    Route { methods, path, handler }
}

const ROUTES: &[Route] = &[
    route(&["POST"], "/v1/enroll", || post(enroll::enroll)),
    route(&["GET"], "/v1/hosts/{host}/inbox", || get(inbox::get)),
    route(&["GET"], "/v1/requests/{id}", || get(requests::get)),
    route(&["GET"], "/v1/requests/{id}/cancel", || get(requests::cancel)),
    route(&["POST"], "/v1/requests/{id}/events", || post(requests::event)),
    route(&["GET"], "/v1/keysets/{version}", || get(requests::keyset)),
    route(&["PUT"], "/v1/catalogue", || put(requests::catalogue)),
    route(&["POST"], "/v1/ledger/head", || post(heads::post)),
    route(&["GET"], "/v1/log/{seq}", || get(withdrawals::head)),
    route(&["POST"], "/v1/withdrawals", || post(withdrawals::withdraw)),
    route(&["GET"], "/v1/deletions/{receipt}", || get(withdrawals::deletion)),
    route(&["GET"], "/v1/receipts/{id}/views", || get(withdrawals::views)),
    route(&["GET", "POST"], "/v1/cases", || get(cases::list).post(cases::open)),
    route(&["POST"], "/v1/cases/{id}/confirm", || post(cases::confirm)),
    route(&["POST"], "/v1/consents", || post(consents::receive)),
    route(&["OPTIONS", "POST"], "/v1/uploads", || options(tus::options).post(tus::create)),
    route(&["OPTIONS", "PATCH", "HEAD", "DELETE", "POST"], "/v1/uploads/{id}", || {
        patch(tus::patch).head(tus::head).delete(tus::delete).options(tus::options).post(tus::overridden)
    }),
    route(&["POST"], "/v1/uploads/{id}/finish", || post(finish::finish)),
];

/// Method and path of every route, for those who test them all.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().flat_map(|route| route.methods.iter().map(|method| (*method, route.path)))
}

/// The routes of hosts and of programs that upload.
pub fn router(gate: Gate) -> Router {
    let routes = ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    // Each handler has a limit of its own.
    routes.layer(DefaultBodyLimit::disable()).with_state(gate)
}
