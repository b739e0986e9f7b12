//! What an index names and the host still holds: its rows to tick, so that exactly those are asked for.
//! In: a bundle's manifest. Out: a page whose form leads to the composer with bundle, manifest and places filled in.
//! Never: a row that came with the bundle; asking, which is the composer's.

use axum::{
    Extension,
    extract::{Path, State},
    response::Html,
};
use minijinja::{Value, context};
use oediag_protocol::text::Line;

use super::{
    Console,
    open::{find, open},
    reply::{NoPage, page},
    texts::texts,
    view::View,
    words::size,
};
use crate::users::{Action, may, session::Session};

/// Most rows on the page: a form of as many boxes stays far below what a form may hold.
const LISTED: usize = 5000;

/// `GET /bundles/{id}/items`.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let bundle = find(&console, &session, &id).await?;
    let (host, t) = (bundle.host, texts(view.lang));
    let asks = may(session.role, Action::AskBasic, true) && console.store.catalogue(host).await?.is_some();
    let open = open(&console, &session, bundle, None).await?;
    let items = &open.opened.manifest.items;
    let held = items.iter().enumerate().filter(|(_, item)| item.offset.is_none());
    let row = |(place, item): (usize, &oediag_protocol::bundle::manifest::Item)| {
        context! {
            place,
            id => &item.id,
            what => item.src.as_ref().or(item.path.as_ref()),
            argv => item.argv.join(" "),
            size => size(item.bytes_seen),
            outcome => t.word("outcome", &item.outcome),
            reason => item.reason.as_ref().map(|reason| t.word("reason", reason)),
        }
    };
    let rows: Vec<Value> = held.clone().take(LISTED).map(row).collect();
    let values = context! {
        id => open.bundle.id.to_string(),
        name => &open.bundle.name,
        host => host.to_string(),
        manifest => open.opened.manifest_sha256.to_string(),
        case => open.consent.case.as_ref().map(Line::as_str),
        left_out => held.count().saturating_sub(rows.len()),
        rows,
        asks,
    };
    page(&view, Some(&session), "items.html", values)
}
