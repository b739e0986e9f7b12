//! The keysets of each tenant, as hosts get them. In: signed objects of the signer's. Out: the same, oldest first.
//! Never: replaces a version.

use oediag_protocol::{id::TenantId, time::Time};

use super::{Store, StoreError, inboxes::bump_all, on};

impl Store {
    /// All keysets of a tenant, oldest first.
    pub async fn keysets(&self, tenant: &TenantId) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT signed FROM keysets WHERE tenant = $1 ORDER BY version")
            .bind(tenant.as_str())
            .fetch_all(&self.db)
            .await
            .map_err(on("reading keysets"))?;
        Ok(rows.into_iter().map(|(signed,)| signed).collect())
    }

    /// Adds a keyset, unless the version is there, and the tenant where that is new. Its hosts hear of it with their next poll.
    pub async fn new_keyset(&self, tenant: &TenantId, version: u64, signed: &str, now: Time) -> Result<(), StoreError> {
        self.ensure_tenant(tenant.as_str(), now).await?;
        let what = "adding a keyset";
        let mut tx = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO keysets (tenant, version, signed) VALUES ($1, $2, $3) ON CONFLICT (tenant, version) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(version as i64)
        .bind(signed)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        if done.rows_affected() == 1 {
            bump_all(&mut tx, tenant).await?;
        }
        tx.commit().await.map_err(on(what))
    }

    /// One keyset of a tenant.
    pub async fn keyset(&self, tenant: &TenantId, version: u64) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT signed FROM keysets WHERE tenant = $1 AND version = $2")
            .bind(tenant.as_str())
            .bind(i64::try_from(version).unwrap_or(i64::MAX))
            .fetch_optional(&self.db)
            .await
            .map_err(on("reading a keyset"))?;
        Ok(row.map(|(signed,)| signed))
    }
}
