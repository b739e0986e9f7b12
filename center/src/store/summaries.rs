//! What the list of bundles shows of each: host name, system, alerts by severity. In: values found when it came in.
//! Out: the same, of one tenant. A summary is deleted with its bundle.

use std::collections::HashMap;

use oediag_protocol::id::BundleId;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, on};

/// What is known of a bundle without opening it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Name of the host, as redacted.
    pub host_name: Option<String>,
    /// Name and version of its system.
    pub system: Option<String>,
    /// How many alerts are critical, high, medium, low.
    pub alerts: [u64; 4],
}

type Row = (String, Option<String>, Option<String>, i64, i64, i64, i64);

/// Keeps the summary of a bundle that is there; an earlier one stays.
pub(super) async fn new_summary(
    tx: &mut Transaction<'static, Sqlite>,
    tenant: &str,
    bundle: BundleId,
    new: &Summary,
) -> Result<(), StoreError> {
    let mut query = sqlx::query(
        "INSERT INTO summaries (tenant, bundle, host_name, system, critical, high, medium, low) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant, bundle) DO NOTHING",
    )
    .bind(tenant)
    .bind(bundle.to_string())
    .bind(&new.host_name)
    .bind(&new.system);
    for count in new.alerts {
        query = query.bind(count as i64);
    }
    query.execute(&mut **tx).await.map_err(on("adding a summary"))?;
    Ok(())
}

impl Store {
    /// The summaries of the tenant's bundles, by bundle.
    pub async fn summaries(&self, tenant: &str) -> Result<HashMap<BundleId, Summary>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT bundle, host_name, system, critical, high, medium, low FROM summaries WHERE tenant = $1")
                .bind(tenant)
                .fetch_all(&self.db)
                .await
                .map_err(on("reading summaries"))?;
        rows.into_iter()
            .map(|(bundle, host_name, system, critical, high, medium, low)| {
                let bundle = BundleId::parse(&bundle).ok_or(StoreError::Row { table: "summaries" })?;
                let alerts = [critical, high, medium, low].map(|count| count as u64);
                Ok((bundle, Summary { host_name, system, alerts }))
            })
            .collect()
    }
}
