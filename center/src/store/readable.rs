//! Which bundles may be read now, as far as rows tell: what their pages and the list may show of them, and who was let read one of
//! another case. In: a tenant, the moment.
//! Out: ids. Never: leave to open one; that is the vault's to give, which checks signatures too.

use std::collections::HashSet;

use oediag_protocol::{
    id::{BundleId, TenantId},
    time::Time,
};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    on,
};

/// Leave for one who does not work on a bundle's case.
#[derive(Clone, Copy, Debug)]
pub struct Leave<'a> {
    /// Who may read it.
    pub reader: &'a str,
    /// Who says so.
    pub by: &'a str,
    /// Until when.
    pub until: Time,
}

impl Store {
    /// The tenant's bundles whose receipt counts at this moment and whose host is not revoked.
    pub async fn readable(&self, tenant: &str, now: Time) -> Result<HashSet<BundleId>, StoreError> {
        let ids: Vec<(String,)> = sqlx::query_as(
            "SELECT bundles.id FROM bundles \
             JOIN receipts ON receipts.tenant = bundles.tenant AND receipts.id = bundles.receipt \
             JOIN hosts ON hosts.id = bundles.host \
             WHERE bundles.tenant = $1 AND receipts.withdrawn IS NULL AND receipts.delete_by > $2 AND hosts.revoked IS NULL",
        )
        .bind(tenant)
        .bind(now.0)
        .fetch_all(&self.db)
        .await
        .map_err(on("looking for bundles that may be read"))?;
        ids.into_iter().map(|(id,)| BundleId::parse(&id).ok_or(StoreError::Row { table: "bundles" })).collect()
    }

    /// Lets a reader read a bundle of another case until a moment.
    pub async fn grant(&self, tenant: &TenantId, bundle: BundleId, leave: Leave<'_>, now: Time) -> Result<(), StoreError> {
        let what = "granting leave to read a bundle";
        let mut tx = self.write().await?;
        let (id, Leave { reader, by, until }) = (bundle.to_string(), leave);
        sqlx::query(
            "INSERT INTO grants (tenant, bundle, reader, granted_by, created, until) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (tenant, bundle, reader) DO UPDATE SET granted_by = $4, created = $5, until = $6",
        )
        .bind(tenant.as_str())
        .bind(&id)
        .bind(reader)
        .bind(by)
        .bind(now.0)
        .bind(until.0)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        let object = format!("{id} for {reader} until {until}");
        append(&mut tx, now, Entry { event: "grant", actor: by, tenant: Some(tenant.as_str()), object: Some(&object) }).await?;
        tx.commit().await.map_err(on(what))
    }

    /// Who was let read a bundle, by whom and until when; the last to end first.
    pub async fn grants(&self, tenant: &TenantId, bundle: BundleId) -> Result<Vec<(String, String, Time)>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT reader, granted_by, until FROM grants WHERE tenant = $1 AND bundle = $2 ORDER BY until DESC, reader",
        )
        .bind(tenant.as_str())
        .bind(bundle.to_string())
        .fetch_all(&self.db)
        .await
        .map_err(on("listing who may read a bundle"))?;
        Ok(rows.into_iter().map(|(reader, by, until)| (reader, by, Time(until))).collect())
    }

    /// Whether a reader was let read a bundle of another case.
    pub async fn granted(&self, tenant: &TenantId, bundle: BundleId, reader: &str, now: Time) -> Result<bool, StoreError> {
        let row: Option<(i64,)> =
            sqlx::query_as("SELECT until FROM grants WHERE tenant = $1 AND bundle = $2 AND reader = $3 AND until > $4")
                .bind(tenant.as_str())
                .bind(bundle.to_string())
                .bind(reader)
                .bind(now.0)
                .fetch_optional(&self.db)
                .await
                .map_err(on("looking for leave to read a bundle"))?;
        Ok(row.is_some())
    }
}
