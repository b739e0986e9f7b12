//! The tenant's own lines of the audit log, oldest first. In: which line to begin with. Out: a page of lines, or a file of them.
//! Never: a line of another tenant.

use axum::{
    Extension,
    extract::{Query as UrlQuery, State},
    http::header,
    response::{Html, IntoResponse as _, Response},
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
use crate::{clock, store::audit::Entry, users::session::Session};

/// Lines on one page.
const LISTED: u32 = 200;

/// Most lines in one file; the number of its last line tells from where to go on.
const FILE: u32 = 50_000;

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

/// `GET /audit/lines`: the tenant's lines as they are chained, one JSON object a line.
pub(super) async fn download(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Response, NoPage> {
    let from = query.from.and_then(|from| from.parse().ok()).unwrap_or(1);
    let (tenant, object) = (session.tenant.as_str(), format!("from {from}"));
    let entry = Entry { event: "audit_downloaded", actor: &session.user, tenant: Some(tenant), object: Some(&object) };
    console.store.audit(clock::now(), entry).await?;
    let mut lines = console.store.tenant_lines(&session.tenant, from, FILE).await?.join("\n");
    lines.push('\n');
    let name = format!("attachment; filename=\"audit-{tenant}-{from}.jsonl\"");
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, lines).into_response())
}
