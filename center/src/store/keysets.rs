//! The keysets of each tenant, as hosts get them. In: signed objects of the signer's. Out: the same, oldest first.
//! Never: replaces a version.

use oediag_protocol::{id::TenantId, time::Time};

use super::{Store, StoreError, on};

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

    /// Adds a keyset, unless the version is there, and the tenant where that is new.
    pub async fn new_keyset(&self, tenant: &TenantId, version: u64, signed: &str, now: Time) -> Result<(), StoreError> {
        self.ensure_tenant(tenant.as_str(), now).await?;
        sqlx::query("INSERT INTO keysets (tenant, version, signed) VALUES ($1, $2, $3) ON CONFLICT (tenant, version) DO NOTHING")
            .bind(tenant.as_str())
            .bind(version as i64)
            .bind(signed)
            .execute(&self.db)
            .await
            .map_err(on("adding a keyset"))?;
        Ok(())
    }
}
