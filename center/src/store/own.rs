//! Which bundles came for a user: of the cases that are theirs, that they asked for, or to which a lead gave leave.
//! In: a tenant, a user, the moment. Out: ids. Never: leave to open one; that is the vault's to give.

use std::collections::HashSet;

use oediag_protocol::{id::BundleId, time::Time};

use super::{Store, StoreError, on};

impl Store {
    /// The tenant's bundles that came for this user.
    pub async fn own_bundles(&self, tenant: &str, user: &str, now: Time) -> Result<HashSet<BundleId>, StoreError> {
        let ids: Vec<(String,)> = sqlx::query_as(
            "SELECT bundles.id FROM bundles JOIN receipts ON receipts.tenant = bundles.tenant AND receipts.id = bundles.receipt \
             WHERE bundles.tenant = $1 AND (receipts.subject IN (SELECT id FROM cases WHERE tenant = $1 AND engineer = $2) \
             OR receipts.id IN (SELECT receipt FROM requests WHERE tenant = $1 AND composed_by = $2) \
             OR bundles.id IN (SELECT bundle FROM grants WHERE tenant = $1 AND reader = $2 AND until > $3))",
        )
        .bind(tenant)
        .bind(user)
        .bind(now.0)
        .fetch_all(&self.db)
        .await
        .map_err(on("looking for a user's bundles"))?;
        ids.into_iter().map(|(id,)| BundleId::parse(&id).ok_or(StoreError::Row { table: "bundles" })).collect()
    }
}
