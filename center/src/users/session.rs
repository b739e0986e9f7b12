//! Sessions: a random cookie, 8 hours at most, 30 minutes without use. In: a user, or a cookie. Out: a session.
//! Never: stores the cookie; the database holds its digest.

use oediag_protocol::{id::TenantId, time::Time};

use super::Role;
use crate::{
    secret,
    store::{Store, StoreError, users::SessionRow},
};

/// Seconds from log-in to the end of a session.
const LIFE: i64 = 8 * 3600;
/// Seconds without a request that end a session.
const IDLE: i64 = 30 * 60;

/// Name of the cookie: with TLS browsers keep the prefix's promise (this host only, TLS only, whole site).
pub const fn cookie_name(tls: bool) -> &'static str {
    if tls { "__Host-oediag" } else { "oediag" }
}

/// A user who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Digest of the cookie.
    digest: String,
    /// The user.
    pub user: String,
    /// The user's tenant.
    pub tenant: TenantId,
    /// What the user is.
    pub role: Role,
    /// What every form must send back.
    pub csrf: String,
    /// Hosts whose ledgers do not fit together, for those who are to know; 0 for others.
    pub conflicts: u64,
}

/// Begins a session and gives the cookie's value.
pub async fn begin(store: &Store, user: &str, now: Time) -> Result<String, StoreError> {
    let cookie = secret::random_hex::<32>()?;
    let csrf = secret::random_hex::<32>()?;
    store.new_session(&secret::digest(&cookie), user, &csrf, now).await?;
    Ok(cookie)
}

/// The session of a cookie, unless it is over. Counts as use.
pub async fn of(store: &Store, cookie: &str, now: Time) -> Result<Option<Session>, StoreError> {
    let digest = secret::digest(cookie);
    let Some(SessionRow { user, tenant, role, csrf, created, used }) = store.session(&digest).await? else { return Ok(None) };
    if now.0 - created.0 >= LIFE || now.0 - used.0 >= IDLE {
        store.end_session(&digest).await?;
        return Ok(None);
    }
    // Once a minute is exact enough, and spares a write for each request.
    if now.0 - used.0 >= 60 {
        store.touch_session(&digest, now).await?;
    }
    let bad = || StoreError::Row { table: "users" };
    let (role, tenant) = (Role::parse(&role).ok_or_else(bad)?, TenantId::parse(&tenant).ok_or_else(bad)?);
    Ok(Some(Session { digest, user, tenant, role, csrf, conflicts: 0 }))
}

/// Ends a session.
pub async fn end(store: &Store, session: &Session) -> Result<(), StoreError> {
    store.end_session(&session.digest).await
}

/// Forgets sessions that are over by their age.
pub async fn sweep(store: &Store, now: Time) -> Result<(), StoreError> {
    store.sweep_sessions(Time(now.0 - LIFE)).await
}
