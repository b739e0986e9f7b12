//! Tokens with which programs log in: `oedt_` and 64 hex digits. In: who wants one. Out: the token, once.
//! Never: stores the token itself.

use oediag_protocol::time::Time;

use super::{Store, StoreError, on};
use crate::secret;

/// What a token begins with, so that a leaked one is recognised.
pub const PREFIX: &str = "oedt_";

/// What a token allows. A closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// To upload for its tenant.
    Upload,
}

impl Scope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
        }
    }
}

/// A token that was shown and is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The token's id, which is no secret.
    pub id: String,
    /// Its tenant.
    pub tenant: String,
}

/// Makes a token, valid until `until`, and its tenant where that is new. Gives the token's id and the token.
pub async fn create(
    store: &Store,
    tenant: &str,
    name: &str,
    scope: Scope,
    now: Time,
    until: Time,
) -> Result<(String, String), StoreError> {
    store.ensure_tenant(tenant, now).await?;
    let id = secret::random_hex::<8>()?;
    let token = format!("{PREFIX}{}", secret::random_hex::<32>()?);
    sqlx::query("INSERT INTO tokens (id, tenant, name, scope, digest, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(&id)
        .bind(tenant)
        .bind(name)
        .bind(scope.as_str())
        .bind(secret::digest(&token))
        .bind(now.0)
        .bind(until.0)
        .execute(&store.db)
        .await
        .map_err(on("storing a token"))?;
    Ok((id, token))
}

/// Whose valid token this is.
pub async fn holder(store: &Store, token: &str, scope: Scope, now: Time) -> Result<Option<Holder>, StoreError> {
    let row: Option<(String, String)> =
        sqlx::query_as("SELECT id, tenant FROM tokens WHERE digest = $1 AND scope = $2 AND expires > $3")
            .bind(secret::digest(token))
            .bind(scope.as_str())
            .bind(now.0)
            .fetch_optional(&store.db)
            .await
            .map_err(on("looking for a token"))?;
    Ok(row.map(|(id, tenant)| Holder { id, tenant }))
}
