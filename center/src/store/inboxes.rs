//! What changed about which host, for programs that keep hosts in memory. In: hosts. Out: a generation for each, and a number that
//! rises with every change. Never: tells what changed; that is read where it lies.

use oediag_protocol::id::{HostId, TenantId};
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, on};

/// Most changes that are read at one time.
const MOST: i64 = 10_000;

/// Changes since a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Hosts about which something changed.
    pub hosts: Vec<HostId>,
    /// The number of the last change.
    pub last: i64,
}

/// Notes a change about a host within a transaction that makes it.
pub(super) async fn bump(tx: &mut Transaction<'static, Sqlite>, host: HostId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO inboxes (host, generation, change) VALUES ($1, 1, (SELECT COALESCE(MAX(change), 0) + 1 FROM inboxes)) \
         ON CONFLICT (host) DO UPDATE SET generation = inboxes.generation + 1, \
         change = (SELECT COALESCE(MAX(change), 0) + 1 FROM inboxes)",
    )
    .bind(host.to_string())
    .execute(&mut **tx)
    .await
    .map_err(on("noting a change about a host"))?;
    Ok(())
}

/// Notes a change about all hosts of a tenant. They share one number: readers take all changes up to a number at once.
pub(super) async fn bump_all(tx: &mut Transaction<'static, Sqlite>, tenant: &TenantId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO inboxes (host, generation, change) \
         SELECT id, 1, (SELECT COALESCE(MAX(change), 0) + 1 FROM inboxes) FROM hosts WHERE tenant = $1 \
         ON CONFLICT (host) DO UPDATE SET generation = inboxes.generation + 1, change = excluded.change",
    )
    .bind(tenant.as_str())
    .execute(&mut **tx)
    .await
    .map_err(on("noting a change about all hosts of a tenant"))?;
    Ok(())
}

impl Store {
    /// The generation of a host's inbox: another one each time that something changed; 0 when nothing ever did.
    pub async fn generation(&self, host: HostId) -> Result<u64, StoreError> {
        let row: Option<(i64,)> = sqlx::query_as("SELECT generation FROM inboxes WHERE host = $1")
            .bind(host.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("reading a host's generation"))?;
        Ok(row.map_or(0, |(generation,)| generation as u64))
    }

    /// The number of the last change.
    pub async fn last_change(&self) -> Result<i64, StoreError> {
        let (last,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(change), 0) FROM inboxes")
            .fetch_one(&self.db)
            .await
            .map_err(on("reading the last change"))?;
        Ok(last)
    }

    /// The changes behind a number, oldest first. Of many, the first ones and all that share the last of their numbers.
    pub async fn changes(&self, since: i64) -> Result<Changes, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT host, change FROM inboxes WHERE change > $1 AND change <= COALESCE((SELECT change FROM inboxes \
             WHERE change > $1 ORDER BY change LIMIT 1 OFFSET $2), (SELECT MAX(change) FROM inboxes)) ORDER BY change",
        )
        .bind(since)
        .bind(MOST)
        .fetch_all(&self.db)
        .await
        .map_err(on("reading changes"))?;
        let last = rows.last().map_or(since, |(_, change)| *change);
        let hosts = rows.iter().map(|(host, _)| HostId::parse(host).ok_or(StoreError::Row { table: "inboxes" }));
        Ok(Changes { hosts: hosts.collect::<Result<_, _>>()?, last })
    }
}
