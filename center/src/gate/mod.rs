//! The way in: who a sender is, what it may send, and the bytes it sends (tus 1.0.0).
//!
//! In: HTTP requests under `/v1/uploads`. Out: whole uploads in the store. Never: opens or reads what was uploaded.

mod metadata;
mod refusal;
mod sender;
mod tus;

use axum::{
    Router,
    routing::{options, patch},
};
pub use metadata::{Metadata, MetadataError};

use crate::{settings::Limits, store::Store};

/// What each request needs.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    store: Store,
    limits: Limits,
}

/// The routes of uploads.
pub fn router(store: Store, limits: Limits) -> Router {
    Router::new()
        .route("/v1/uploads", options(tus::options).post(tus::create))
        .route(
            "/v1/uploads/{id}",
            patch(tus::patch).head(tus::head).delete(tus::delete).options(tus::options).post(tus::overridden),
        )
        .with_state(Gate { store, limits })
}
