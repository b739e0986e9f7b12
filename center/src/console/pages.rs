//! Log-in, the list of bundles, one bundle. In: requests. Out: pages; for one bundle, after the audit line was written.

use std::net::SocketAddr;

use axum::{
    Form,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use minijinja::context;
use oediag_protocol::id::BundleId;
use serde::Deserialize;

use super::{
    Console,
    reply::{NoPage, from_our_page, page, session},
    views,
};
use crate::{
    clock,
    ingest::Opened,
    secret,
    store::{audit::Entry, bundles::Bundle},
    users::{
        password,
        session::{self as sessions, Session},
    },
    vault::Plain,
};

/// Most bundles on one page.
const LISTED: u32 = 200;

#[derive(Deserialize)]
pub(super) struct LogIn {
    name: String,
    password: String,
}

#[derive(Deserialize)]
pub(super) struct LogOut {
    csrf: String,
}

pub(super) async fn login_form() -> Result<Html<String>, NoPage> {
    page("login.html", context! { wrong => "" })
}

/// Begins a session. Whether the name or the password was wrong is not told, by words or by time.
pub(super) async fn login(
    State(console): State<Console>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(LogIn { name, password }): Form<LogIn>,
) -> Result<Response, NoPage> {
    from_our_page(&headers)?;
    let now = clock::now();
    if !console.throttle.allows(&name, address.ip(), now) {
        return Ok(page("login.html", context! { wrong => "Too many attempts. Wait a minute." })?.into_response());
    }
    let stored = console.store.password_of(&name).await?;
    let known = stored.is_some();
    let fits = password::fits(password, stored).await;
    let event = if fits { "login" } else { "login_refused" };
    // A name that is no user may be a password typed into the wrong field.
    let actor = if known { name.as_str() } else { "unknown" };
    console.store.audit(now, Entry { event, actor, tenant: None, object: None }).await?;
    if !fits {
        return Ok(page("login.html", context! { wrong => "Name or password is wrong." })?.into_response());
    }
    let cookie = sessions::begin(&console.store, &name, now).await?;
    let mut reply = Redirect::to("/").into_response();
    reply.headers_mut().insert(header::SET_COOKIE, set_cookie(console.tls, &cookie)?);
    Ok(reply)
}

pub(super) async fn logout(
    State(console): State<Console>,
    headers: HeaderMap,
    Form(LogOut { csrf }): Form<LogOut>,
) -> Result<Response, NoPage> {
    from_our_page(&headers)?;
    let session = session(&console, &headers).await?;
    if !secret::same(&csrf, &session.csrf) {
        return Err(NoPage::Forged);
    }
    sessions::end(&console.store, &session).await?;
    Ok(Redirect::to("/login").into_response())
}

pub(super) async fn bundles(State(console): State<Console>, headers: HeaderMap) -> Result<Html<String>, NoPage> {
    let session = session(&console, &headers).await?;
    let bundles = console.store.bundles(&session.tenant, LISTED).await?;
    let rows: Vec<_> = bundles.iter().map(views::row).collect();
    page("bundles.html", context! { user => session.user, csrf => session.csrf, rows })
}

pub(super) async fn bundle(
    State(console): State<Console>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Html<String>, NoPage> {
    let session = session(&console, &headers).await?;
    let (bundle, opened, _) = open(&console, &session, &id, None).await?;
    page(
        "bundle.html",
        context! { user => session.user, csrf => session.csrf, row => views::row(&bundle), ..views::bundle(&opened) },
    )
}

/// Opens a bundle of the session's tenant, after the audit log says so.
pub(super) async fn open(
    console: &Console,
    session: &Session,
    id: &str,
    path: Option<&str>,
) -> Result<(Bundle, Opened, Plain), NoPage> {
    let id = BundleId::parse(id).ok_or(NoPage::NotFound)?;
    let bundle = console.store.bundle(&session.tenant, id).await?.ok_or(NoPage::NotFound)?;
    let mut plain = console.vault.open(&bundle, &session.user, path, clock::now()).await?;
    let place = bundle.manifest_at.ok_or(NoPage::Checking)?;
    let read = move || Opened::of(&mut plain, place).map(|opened| (opened, plain));
    let (opened, plain) = tokio::task::spawn_blocking(read).await??;
    Ok((bundle, opened, plain))
}

fn set_cookie(tls: bool, value: &str) -> Result<HeaderValue, NoPage> {
    let secure = if tls { "; Secure" } else { "" };
    let name = sessions::cookie_name(tls);
    Ok(HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}"))?)
}
