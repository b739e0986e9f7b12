//! Which bundles may be read now, as far as rows tell: what their pages and the list may show of them. In: a tenant, the moment.
//! Out: ids. Never: leave to open one; that is the vault's to give, which checks signatures too.

use std::collections::HashSet;

use oediag_protocol::{id::BundleId, time::Time};

use super::{Store, StoreError, on};

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
}
