//! Requests of level extended on their way: a lead looks at what the customer will read and approves or refuses; then the engineer
//! takes the bytes away, signs them with a key of their own and brings the signature back.
//!
//! In: proposals, a lead's word, an armored SSH signature. Out: pages, the bytes to sign, a request in the host's inbox.
//! Never: bytes to sign that no lead approved.

use axum::{
    Extension,
    extract::{Path, State},
    http::header,
    response::{Html, IntoResponse, Redirect, Response},
};
use minijinja::{Value, context, value::Serde};
use oediag_analysis::Lang;
use oediag_protocol::id::RequestId;

use super::{
    Console,
    reply::{NoPage, page},
    requests::{desk, person},
    routes::Fields,
    screen::screen,
    view::View,
    words::moment,
};
use crate::{
    requests::proposed,
    store::proposals::Proposal,
    users::{Action, may, session::Session},
};

async fn find(console: &Console, session: &Session, id: &str) -> Result<Proposal, NoPage> {
    let id = RequestId::parse(id).ok_or(NoPage::NotFound)?;
    console.store.proposal(&session.tenant, id).await?.ok_or(NoPage::NotFound)
}

/// `GET /approvals`.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let mut rows: Vec<Value> = Vec::new();
    for proposal in console.store.proposals(&session.tenant).await? {
        let request = proposed(&proposal)?;
        rows.push(context! {
            id => proposal.id.to_string(),
            case => request.case.as_str(),
            severity => format!("{:?}", request.severity),
            host => proposal.host.to_string(),
            by => proposal.composed_by,
            approved_by => proposal.approved_by,
            changed => moment(proposal.changed),
        });
    }
    page(&view, Some(&session), "approvals.html", context! { rows })
}

/// `GET /approvals/{approval}`.
pub(super) async fn one(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let proposal = find(&console, &session, &id).await?;
    let (request, offer) = (proposed(&proposal)?, console.store.catalogue(proposal.host).await?);
    let both = [Lang::Zh, Lang::En]
        .map(|lang| context! { lang => lang.pick("en", "zh-CN"), screen => Serde(screen(&request, offer.as_ref(), lang)) });
    let open = proposal.approved_by.is_none();
    let values = context! {
        id => proposal.id.to_string(),
        host => proposal.host.to_string(),
        both => both.to_vec(),
        by => &proposal.composed_by,
        approved_by => &proposal.approved_by,
        approves => open && may(session.role, Action::ApproveExtended, true) && proposal.composed_by != session.user,
        refuses => may(session.role, Action::ApproveExtended, true),
        signs => !open && may(session.role, Action::AskBasic, true) && proposal.composed_by == session.user,
    };
    page(&view, Some(&session), "approval.html", values)
}

/// `GET /approvals/{approval}/payload`: the bytes to sign.
pub(super) async fn payload(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let proposal = find(&console, &session, &id).await?;
    if proposal.approved_by.is_none() {
        return Err(NoPage::NotFound);
    }
    let name = format!("attachment; filename=\"{}.json\"", proposal.id);
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, proposal.paper).into_response())
}

/// `POST /approvals/{approval}/approve`.
pub(super) async fn approve(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let proposal = find(&console, &session, &id).await?;
    desk(&console, &session).approve(proposal.id, person(&session)?).await?;
    Ok(Redirect::to(&format!("/approvals/{}", proposal.id)).into_response())
}

/// `POST /approvals/{approval}/refuse`.
pub(super) async fn refuse(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let proposal = find(&console, &session, &id).await?;
    desk(&console, &session).refuse(proposal.id, &session.user).await?;
    Ok(Redirect::to("/approvals").into_response())
}

/// `POST /approvals/{approval}/sign`: the engineer's signature, as `ssh-keygen -Y sign` writes it.
pub(super) async fn sign(
    State(console): State<Console>,
    Extension(session): Extension<Session>,
    Extension(fields): Extension<Fields>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let proposal = find(&console, &session, &id).await?;
    // A browser ends the lines of a form with CR LF; of base64 and its frame, none is part.
    let signature = format!("{}\n", fields.get("signature").replace('\r', ""));
    let asked = desk(&console, &session).gathered(proposal.id, &signature).await?;
    Ok(Redirect::to(&format!("/requests/{}", asked.id)).into_response())
}
