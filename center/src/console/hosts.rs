//! Hosts: the list, one host with its ledger and its requests, and the way to let it count no more.
//! In: a tenant's rows. Out: pages; what hosts said of themselves only as text.

use axum::{
    Extension,
    extract::{Path, State},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use minijinja::{Value, context, value::Serde};
use oediag_protocol::{bundle::manifest::Os, id::HostId};

use super::{
    Console, card,
    reply::{NoPage, page},
    requests,
    texts::{Texts, texts},
    view::View,
    words::moment,
};
use crate::{
    clock,
    store::{hosts::Host, listing::HostRow},
    users::{Action, may, session::Session},
};

/// Most hosts, and most of anything of one host, on a page.
pub(super) const LISTED: u32 = 500;

/// The host of the session's tenant.
pub(super) async fn find(console: &Console, session: &Session, id: &str) -> Result<Host, NoPage> {
    let id = HostId::parse(id).ok_or(NoPage::NotFound)?;
    console.store.host(id).await?.filter(|host| host.tenant == session.tenant).ok_or(NoPage::NotFound)
}

/// What a host said of its system, for people.
pub(super) fn system(os: &str) -> String {
    let os: Os = serde_json::from_str(os).unwrap_or_default();
    format!("{} {} {}", os.id, os.version, os.arch).trim().to_owned()
}

/// `GET /hosts`.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let row = |host: &HostRow| {
        context! {
            id => host.id.to_string(),
            system => system(&host.os),
            enrolled => moment(host.enrolled),
            heard => host.heard.map(moment),
            revoked => host.revoked.map(moment),
            conflicts => host.conflicts,
        }
    };
    let rows: Vec<Value> = console.store.hosts(&session.tenant, LISTED).await?.iter().map(row).collect();
    let full = rows.len() == LISTED as usize;
    let asks = may(session.role, Action::AskBasic, true);
    page(&view, Some(&session), "hosts.html", context! { rows, full, most => LISTED, asks })
}

/// `GET /hosts/{host}`.
pub(super) async fn one(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let (host, t) = (find(&console, &session, &id).await?, texts(view.lang));
    let head = console.store.last_head(host.id).await?;
    let offer = console.store.catalogue(host.id).await?;
    let mut topics = std::collections::BTreeMap::<&str, usize>::new();
    for source in offer.iter().flat_map(|offer| &offer.sources) {
        *topics.entry(source.topic.as_str()).or_default() += 1;
    }
    let conflicts = console.store.ledger_conflicts(session.tenant.as_str(), LISTED).await?;
    let conflicts: Vec<Value> = conflicts
        .iter()
        .filter(|conflict| conflict.host == host.id)
        .map(|conflict| {
            let head = |seq: u64, hash: &dyn std::fmt::Display| format!("{seq}:{}", &hash.to_string()[..16]);
            context! {
                at => moment(conflict.at),
                kind => t.word("conflict", &conflict.kind),
                told => head(conflict.told.seq, &conflict.told.hash),
                known => head(conflict.known.seq, &conflict.known.hash),
            }
        })
        .collect();
    let sees_requests = may(session.role, Action::SeeRequests, true);
    let now = clock::now();
    let asked = if sees_requests { console.store.requests(&session.tenant, Some(host.id), None).await? } else { Vec::new() };
    let requests: Vec<Value> = asked.iter().map(|asked| requests::row(asked, now, t)).collect();
    let values = context! {
        id => host.id.to_string(),
        system => system(&host.os),
        card => Serde(rows(&host, head.as_ref().map(|(_, at)| moment(*at)), t)),
        head => head.map(|(head, _)| format!("{}:{}", head.seq, head.hash)),
        conflicts,
        offer => offer.as_ref().map(|offer| context! {
            version => offer.version.as_str(),
            presets => offer.presets.iter().map(ToString::to_string).collect::<Vec<_>>(),
            count => offer.sources.len(),
            topics => Serde(topics.iter().map(|(name, count)| (t.word("topic", name), *count)).collect::<Vec<_>>()),
        }),
        sees_requests,
        requests,
        revoked => host.revoked.is_some(),
        asks => may(session.role, Action::AskBasic, true) && offer.is_some() && host.revoked.is_none(),
        revokes => may(session.role, Action::RevokeHost, true) && host.revoked.is_none(),
    };
    page(&view, Some(&session), "host.html", values)
}

fn rows(host: &Host, heard: Option<String>, t: &Texts) -> Vec<card::Row> {
    let row = |key, value: String| card::Row { name: t.get(key), value };
    let mut rows = vec![
        row("card_host_id", host.id.to_string()),
        row("card_system", system(&host.os)),
        row("enrolled", moment(host.enrolled)),
        row("host_key", host.key.fingerprint()),
        row("transport_key", host.transport_key.fingerprint()),
        row("last_heard", heard.unwrap_or_else(|| t.get("unknown").to_owned())),
    ];
    rows.extend(host.revoked.map(|at| row("revoked", moment(at))));
    rows
}

/// `GET /hosts/{host}/revoke`: asks once more.
pub(super) async fn sure(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let (host, t) = (find(&console, &session, &id).await?, texts(view.lang));
    let back = format!("/hosts/{}", host.id);
    let values = context! {
        title => t.get("revoke_title"),
        text => t.get("revoke_text"),
        what => host.id.to_string(),
        action => format!("{back}/revoke"),
        back,
        button => t.get("revoke"),
    };
    page(&view, Some(&session), "confirm.html", values)
}

/// `POST /hosts/{host}/revoke`.
pub(super) async fn revoke(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let host = find(&console, &session, &id).await?;
    // Revoked before is as good.
    console.store.revoke_host(&session.tenant, host.id, &session.user, clock::now()).await?;
    Ok(Redirect::to(&format!("/hosts/{}", host.id)).into_response())
}
