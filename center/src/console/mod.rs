//! The pages for engineers: log-in, bundles, what is in them.
//!
//! In: requests of a browser. Out: HTML without a script, every text escaped, under a strict content security policy.
//! Never: text of a bundle as anything but text, a page of another tenant (404), a bundle's bytes before the audit line.

mod files;
mod pages;
mod reply;
mod views;

use std::sync::Arc;

use axum::{
    Router,
    http::HeaderValue,
    middleware,
    response::Response,
    routing::{get, post},
};

use crate::{store::Store, users::throttle::Throttle, vault::Vault};

/// What each request needs.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    store: Store,
    vault: Vault,
    throttle: Arc<Throttle>,
    /// Whether browsers reach the center by https.
    tls: bool,
}

/// Headers of every page. No script at all: there is none yet.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// The routes of the pages.
pub fn router(store: Store, vault: Vault, tls: bool) -> Router {
    Router::new()
        .route("/", get(pages::bundles))
        .route("/login", get(pages::login_form).post(pages::login))
        .route("/logout", post(pages::logout))
        .route("/bundles/{id}", get(pages::bundle))
        .route("/bundles/{id}/files/{*path}", get(files::file))
        .route("/style.css", get(reply::style))
        .layer(middleware::map_response(guarded))
        .with_state(Console { store, vault, throttle: Arc::default(), tls })
}

async fn guarded(mut reply: Response) -> Response {
    for (name, value) in HEADERS {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}
