//! Which cases are a user's, and which bundles came for them. In: a tenant, a user, the moment. Out: ids.
//! Never: leave to open one; that is the vault's to give.

use std::collections::HashSet;

use oediag_protocol::{
    id::{BundleId, TenantId},
    time::Time,
};

use super::{Store, StoreError, on};

impl Store {
    /// The cases that a user accepted, and those for which the user asked hosts: cases of other systems are nobody's here.
    pub async fn own_cases(&self, tenant: &TenantId, user: &str) -> Result<Vec<String>, StoreError> {
        let cases: Vec<(String,)> = sqlx::query_as(
            "SELECT id FROM cases WHERE tenant = $1 AND engineer = $2 \
             UNION SELECT subject FROM requests WHERE tenant = $1 AND composed_by = $2 AND subject NOT IN (SELECT id FROM cases)",
        )
        .bind(tenant.as_str())
        .bind(user)
        .fetch_all(&self.db)
        .await
        .map_err(on("looking for a user's cases"))?;
        Ok(cases.into_iter().map(|(case,)| case).collect())
    }

    /// The bundles of a user's own cases, and those to which a lead gave leave.
    pub async fn own_bundles(&self, tenant: &TenantId, user: &str, now: Time) -> Result<HashSet<BundleId>, StoreError> {
        let cases = self.own_cases(tenant, user).await?;
        let what = "looking for a user's bundles";
        let of_cases: Vec<(String, String)> = sqlx::query_as(
            "SELECT bundles.id, receipts.subject FROM bundles \
             JOIN receipts ON receipts.tenant = bundles.tenant AND receipts.id = bundles.receipt \
             WHERE bundles.tenant = $1 AND receipts.subject IS NOT NULL",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.db)
        .await
        .map_err(on(what))?;
        let granted: Vec<(String,)> =
            sqlx::query_as("SELECT bundle FROM grants WHERE tenant = $1 AND reader = $2 AND until > $3")
                .bind(tenant.as_str())
                .bind(user)
                .bind(now.0)
                .fetch_all(&self.db)
                .await
                .map_err(on(what))?;
        let of_cases = of_cases.into_iter().filter(|(_, case)| cases.contains(case)).map(|(id, _)| id);
        let ids = of_cases.chain(granted.into_iter().map(|(id,)| id));
        ids.map(|id| BundleId::parse(&id).ok_or(StoreError::Row { table: "bundles" })).collect()
    }
}
