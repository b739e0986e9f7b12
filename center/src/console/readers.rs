//! Leave to read: a lead lets an engineer who does not work on a bundle's case read it, for some days.
//! In: a bundle of the tenant, a reader's name, days. Out: the page with all who were let, a row in `grants`. Never: leave for
//! somebody of another tenant, or whose role reads no contents.

use axum::{
    Extension,
    extract::{Path, State},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use minijinja::{Value, context};
use oediag_protocol::time::Time;

use super::{
    Console,
    open::find,
    reply::{NoPage, page},
    routes::Fields,
    texts::texts,
    view::View,
    words::moment,
};
use crate::{
    clock,
    store::{bundles::Bundle, readable::Leave},
    users::{Action, Role, may, session::Session},
};

/// Days for which leave can be given; the vault asks for the receipt at each opening all the same.
const DAYS: std::ops::RangeInclusive<i64> = 1..=30;
const DAY: i64 = 24 * 3600;

/// `GET /bundles/{id}/readers`.
pub(super) async fn form(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
) -> Result<Html<String>, NoPage> {
    let bundle = find(&console, &session, &id).await?;
    shown(&console, &view, &session, &bundle, None).await
}

/// `POST /bundles/{id}/readers`.
pub(super) async fn grant(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Extension(fields): Extension<Fields>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let (bundle, now) = (find(&console, &session, &id).await?, clock::now());
    let (reader, days) = (fields.get("reader"), fields.get("days").parse().unwrap_or(0));
    let role = console.store.role_of(&session.tenant, reader).await?.as_deref().and_then(Role::parse);
    let wrong = if !role.is_some_and(|role| may(role, Action::ReadContents, true)) {
        Some("reader_unknown")
    } else if !DAYS.contains(&days) {
        Some("reader_days_wrong")
    } else {
        None
    };
    if wrong.is_some() {
        return Ok(shown(&console, &view, &session, &bundle, wrong).await?.into_response());
    }
    let leave = Leave { reader, by: &session.user, until: Time(now.0 + days * DAY) };
    console.store.grant(&session.tenant, bundle.id, leave, now).await?;
    Ok(Redirect::to(&format!("/bundles/{}/readers", bundle.id)).into_response())
}

async fn shown(
    console: &Console,
    view: &View,
    session: &Session,
    bundle: &Bundle,
    wrong: Option<&'static str>,
) -> Result<Html<String>, NoPage> {
    let now = clock::now();
    let row = |(reader, by, until): &(String, String, Time)| {
        context! { reader, by, until => moment(*until), over => *until <= now }
    };
    let rows: Vec<Value> = console.store.grants(&session.tenant, bundle.id).await?.iter().map(row).collect();
    let values = context! {
        id => bundle.id.to_string(),
        name => &bundle.name,
        rows,
        wrong => wrong.map(|key| texts(view.lang).get(key)),
    };
    page(view, Some(session), "readers.html", values)
}
