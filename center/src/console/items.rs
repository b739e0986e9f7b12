//! What an index names and the host still holds: its rows to tick, so that exactly those are asked for.
//! In: a bundle's manifest. Out: a page whose form leads to the composer with bundle, manifest and places filled in.
//! Never: a row that came with the bundle; asking, which is the composer's.

use axum::{
    Extension,
    extract::{Path, State},
    response::Html,
};
use minijinja::{Value, context};
use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Reason},
    text::Line,
};

use super::{
    Console,
    open::{find, open},
    reply::{NoPage, page},
    view::View,
    words::size,
};
use crate::users::{Action, may, session::Session};

/// Most rows on the page: a form of as many boxes stays far below what a form may hold.
const LISTED: usize = 5000;

/// Whether a row stands for something that was collected and stayed on the host.
fn is_held(item: &Item) -> bool {
    item.kind != ItemKind::Record && item.reason == Some(Reason::LeftOut)
}

/// `GET /bundles/{id}/items`.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let bundle = find(&console, &session, &id).await?;
    let host = bundle.host;
    let asks = may(session.role, Action::AskBasic, true) && console.store.catalogue(host).await?.is_some();
    let open = open(&console, &session, bundle, None).await?;
    let items = &open.opened.manifest.items;
    let held = items.iter().enumerate().filter(|(_, item)| is_held(item));
    let row = |(place, item): (usize, &Item)| {
        context! {
            place,
            id => &item.id,
            what => item.src.as_ref().or(item.path.as_ref()),
            argv => item.argv.join(" "),
            size => size(item.bytes_seen),
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
