//! Log-in, the list of bundles, one bundle. In: requests. Out: pages; for one bundle, after the audit line was written.

use std::net::SocketAddr;

use axum::{
    Extension, Form,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use minijinja::context;
use oediag_protocol::request::paper::Ask;
use serde::Deserialize;

use super::{
    Console,
    open::{find, open},
    reply::{NoPage, from_our_page, page},
    texts::texts,
    view::View,
    views,
    words::size,
};
use crate::{
    clock,
    requests::paper,
    store::{audit::Entry, bundles::Bundle},
    users::{
        Action, may, password,
        session::{self as sessions, Session},
    },
};

/// Most bundles on one page.
const LISTED: u32 = 200;

#[derive(Deserialize)]
pub(super) struct LogIn {
    name: String,
    password: String,
}

pub(super) async fn login_form(Extension(view): Extension<View>) -> Result<Html<String>, NoPage> {
    page(&view, None, "login.html", context! { wrong => "" })
}

/// Begins a session. Whether the name or the password was wrong is not told, by words or by time.
pub(super) async fn login(
    State(console): State<Console>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(view): Extension<View>,
    headers: HeaderMap,
    Form(LogIn { name, password }): Form<LogIn>,
) -> Result<Response, NoPage> {
    from_our_page(&headers)?;
    let refused = |key| page(&view, None, "login.html", context! { wrong => texts(view.lang).get(key) });
    let now = clock::now();
    if !console.throttle.allows(&name, address.ip(), now) {
        return Ok(refused("too_many")?.into_response());
    }
    let stored = console.store.password_of(&name).await?;
    let known = stored.is_some();
    let fits = password::fits(password, stored).await;
    let event = if fits { "login" } else { "login_refused" };
    // A name that is no user may be a password typed into the wrong field.
    let actor = if known { name.as_str() } else { "unknown" };
    console.store.audit(now, Entry { event, actor, tenant: None, object: None }).await?;
    if !fits {
        return Ok(refused("wrong")?.into_response());
    }
    let cookie = sessions::begin(&console.store, &name, now).await?;
    let mut reply = Redirect::to("/").into_response();
    reply.headers_mut().insert(header::SET_COOKIE, set_cookie(console.tls, &cookie)?);
    Ok(reply)
}

pub(super) async fn logout(State(console): State<Console>, Extension(session): Extension<Session>) -> Result<Response, NoPage> {
    sessions::end(&console.store, &session).await?;
    Ok(Redirect::to("/login").into_response())
}

pub(super) async fn bundles(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let (t, now) = (texts(view.lang), clock::now());
    let bundles = console.store.bundles(session.tenant.as_str(), LISTED).await?;
    let summaries = console.store.summaries(session.tenant.as_str()).await?;
    let readable = console.store.readable(session.tenant.as_str(), now).await?;
    let own = console.store.own_bundles(&session.tenant, &session.user, now).await?;
    let row = |bundle: &Bundle| {
        // What was found inside is shown only where it may be read now, and by this user.
        let mine = may(session.role, Action::ReadContents, own.contains(&bundle.id));
        let summary = summaries.get(&bundle.id).filter(|_| mine && views::opens(bundle) && readable.contains(&bundle.id));
        views::row(bundle, summary, t)
    };
    let rows: Vec<_> = bundles.iter().map(row).collect();
    let full = rows.len() == LISTED as usize;
    page(&view, Some(&session), "bundles.html", context! { rows, most => LISTED, full })
}

pub(super) async fn bundle(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Path(id): Path<String>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let (bundle, lang) = (find(&console, &session, &id).await?, view.lang);
    if !views::opens(&bundle) {
        let row = views::row(&bundle, None, texts(lang));
        return page(&view, Some(&session), "bundle.html", context! { row, lets => false, index => false });
    }
    let mut open = open(&console, &session, bundle, None).await?;
    // Members are read and pictures drawn.
    let (shown, open) = tokio::task::spawn_blocking(move || views::bundle(&mut open, lang).map(|shown| (shown, open))).await??;
    let row = views::row(&open.bundle, Some(&open.opened.summary()), texts(lang));
    let lets = may(session.role, Action::GrantReading, true);
    let index = match open.consent.request {
        Some(named) => console.store.request(&session.tenant, named.request_id).await?,
        None => None,
    };
    let index = index.map(|asked| paper(&asked)).transpose()?.is_some_and(|paper| paper.scope.ask == Ask::Index);
    let (read, all) = (size(open.read()), size(open.bundle.sealed.payload_bytes));
    page(&view, Some(&session), "bundle.html", context! { row, read, all, lets, index, ..shown })
}

fn set_cookie(tls: bool, value: &str) -> Result<HeaderValue, NoPage> {
    let secure = if tls { "; Secure" } else { "" };
    let name = sessions::cookie_name(tls);
    Ok(HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}"))?)
}
