//! Rows of ingested bundles. In: a tenant and an id. Out: rows of that tenant only.

use oediag_protocol::{
    id::{BundleId, HostId},
    time::Time,
};

use super::{Store, StoreError, on};

/// A bundle that was verified and is in the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its id.
    pub id: BundleId,
    /// Whose it is.
    pub tenant: String,
    /// Who made it.
    pub host: HostId,
    /// Its name, without `.tar.gz`.
    pub name: String,
    /// Its name in the object store.
    pub object: String,
    /// Packed size.
    pub bytes: u64,
    /// Where its manifest begins.
    pub manifest_at: u64,
    /// When its collection began.
    pub started: Time,
    /// When it came in.
    pub received: Time,
    /// Whether the run that made it was finished.
    pub complete: bool,
    /// How many alerts it holds.
    pub alerts: u64,
    /// Fingerprint of the key that signed it.
    pub signer: String,
}

type Row = (String, String, String, String, String, i64, i64, i64, i64, i64, i64, String);

fn bundle(row: Row) -> Result<Bundle, StoreError> {
    let (id, tenant, host, name, object, bytes, manifest_at, started, received, complete, alerts, signer) = row;
    let (Some(id), Some(host)) = (BundleId::parse(&id), HostId::parse(&host)) else {
        return Err(StoreError::Row { table: "bundles" });
    };
    Ok(Bundle {
        id,
        tenant,
        host,
        name,
        object,
        bytes: bytes as u64,
        manifest_at: manifest_at as u64,
        started: Time(started),
        received: Time(received),
        complete: complete != 0,
        alerts: alerts as u64,
        signer,
    })
}

impl Store {
    /// Adds a bundle; false when the tenant has one of this id.
    pub async fn new_bundle(&self, new: &Bundle) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO bundles (id, tenant, host, name, object, bytes, manifest_at, started, received, complete, alerts, signer) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (tenant, id) DO NOTHING",
        )
        .bind(new.id.to_string())
        .bind(&new.tenant)
        .bind(new.host.to_string())
        .bind(&new.name)
        .bind(&new.object)
        .bind(new.bytes as i64)
        .bind(new.manifest_at as i64)
        .bind(new.started.0)
        .bind(new.received.0)
        .bind(i64::from(new.complete))
        .bind(new.alerts as i64)
        .bind(&new.signer)
        .execute(&self.db)
        .await
        .map_err(on("adding a bundle"))?;
        Ok(done.rows_affected() == 1)
    }

    /// The tenant's bundle of this id.
    pub async fn bundle(&self, tenant: &str, id: BundleId) -> Result<Option<Bundle>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, tenant, host, name, object, bytes, manifest_at, started, received, complete, alerts, signer \
             FROM bundles WHERE tenant = $1 AND id = $2",
        )
        .bind(tenant)
        .bind(id.to_string())
        .fetch_optional(&self.db)
        .await
        .map_err(on("looking for a bundle"))?;
        row.map(bundle).transpose()
    }

    /// The tenant's newest bundles, at most `most`.
    pub async fn bundles(&self, tenant: &str, most: u32) -> Result<Vec<Bundle>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, tenant, host, name, object, bytes, manifest_at, started, received, complete, alerts, signer \
             FROM bundles WHERE tenant = $1 ORDER BY received DESC, id LIMIT $2",
        )
        .bind(tenant)
        .bind(i64::from(most))
        .fetch_all(&self.db)
        .await
        .map_err(on("listing bundles"))?;
        rows.into_iter().map(bundle).collect()
    }
}
