//! The pages: log-in, bundles and what is in them, hosts, cases, requests, receipts, the audit log.
//!
//! In: requests of a browser. Out: HTML without a script, every text escaped, under a strict content security policy.
//! Never: text of a bundle as anything but text, a page of another tenant (404), a bundle's bytes before the audit line.

mod absent;
mod approvals;
mod ask;
mod audit;
mod card;
mod cases;
mod files;
mod harmless;
mod hosts;
mod items;
mod lines;
mod open;
mod operations;
mod pages;
mod readers;
mod receipts;
mod reply;
mod requests;
pub mod routes;
mod screen;
mod texts;
mod tree;
mod view;
mod views;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use reply::NoPage;
use tokio::sync::Semaphore;
use view::View;

use crate::{signer::Signer, store::Store, users::throttle::Throttle, vault::Vault};

/// What each request needs.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    store: Store,
    vault: Vault,
    signer: Arc<Signer>,
    throttle: Arc<Throttle>,
    /// Room for bundles that are open.
    reading: Arc<Semaphore>,
    /// Whether browsers reach the center by https.
    tls: bool,
}

/// Bundles open for pages at a time. Reading one takes two threads of a pool that all of the center shares.
const READING: usize = 8;
/// Most bytes of the log-in form: a name and the longest password, each byte written as three.
const FORM: usize = 8 << 10;

/// Headers of every page. Without a referrer for our own pages, browsers would send their forms with `Origin: null`. No script at all: no page needs one.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// The routes of the pages.
pub fn router(store: Store, vault: Vault, signer: Arc<Signer>, tls: bool) -> Router {
    let console = Console { store, vault, signer, throttle: Arc::default(), reading: Arc::new(Semaphore::new(READING)), tls };
    routes::router(&console)
        .layer(DefaultBodyLimit::max(FORM))
        .layer(middleware::from_fn_with_state(tls, dressed))
        .with_state(console)
}

/// Finds out the page's language before it is made; afterwards puts the reason in place of a page that is missing, and the headers.
async fn dressed(State(tls): State<bool>, mut request: Request, next: Next) -> Response {
    let view = View::of(request.uri(), request.headers());
    request.extensions_mut().insert(view.clone());
    let mut reply = next.run(request).await;
    if let Some(why) = reply.extensions_mut().remove::<NoPage>() {
        let status = reply.status();
        reply = reply::error_page(&why, &view).map_or_else(|_| status.into_response(), |page| (status, page).into_response());
    }
    for (name, value) in HEADERS {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Some(cookie) = view.cookie(tls) {
        reply.headers_mut().append(header::SET_COOKIE, cookie);
    }
    reply
}
