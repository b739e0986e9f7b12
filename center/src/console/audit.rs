//! The tenant's own lines of the audit log, the newest first. In: which line to begin with. Out: a page of lines as they are chained.

use axum::{
    Extension,
    extract::{Query as UrlQuery, State},
    response::Html,
};
use minijinja::{Value, context};
use oediag_protocol::time::Time;
use serde::Deserialize;

use super::{
    Console,
    reply::{NoPage, page},
    view::View,
    words::moment,
};
use crate::users::session::Session;

/// Lines on one page.
const LISTED: u32 = 200;

/// From which line on; what is no number is as good as not given.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Query {
    from: Option<String>,
}

/// What a line tells.
#[derive(Debug, Deserialize)]
struct Line {
    seq: u64,
    at: Time,
    event: String,
    actor: String,
    object: Option<String>,
}

/// `GET /audit`.
pub(super) async fn lines(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Html<String>, NoPage> {
    let from = query.from.and_then(|from| from.parse().ok()).unwrap_or(1);
    let lines = console.store.tenant_lines(&session.tenant, from, LISTED).await?;
    let full = lines.len() == LISTED as usize;
    let lines: Vec<Line> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let next = lines.last().filter(|_| full).map(|line| line.seq + 1);
    let row = |line: &Line| {
        context! { seq => line.seq, at => moment(line.at), event => &line.event, actor => &line.actor, object => &line.object }
    };
    let rows: Vec<Value> = lines.iter().map(row).collect();
    page(&view, Some(&session), "audit.html", context! { rows, next, first => from <= 1 })
}
