//! Lists for pages: a tenant's hosts and receipts. In: a tenant. Out: rows, the newest first, as many as a page shows.
//! Never: a row of another tenant.

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    id::{BundleId, HostId, ReceiptId, TenantId},
    time::Time,
};

use super::{Store, StoreError, on};

/// A host in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRow {
    /// Its id.
    pub id: HostId,
    /// What it said of its system, as JSON: text of a stranger.
    pub os: String,
    /// When it enrolled.
    pub enrolled: Time,
    /// Since when nothing of it counts.
    pub revoked: Option<Time>,
    /// When it told a ledger head last.
    pub heard: Option<Time>,
    /// Heads that do not fit together.
    pub conflicts: u64,
}

/// A receipt in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Its id.
    pub id: ReceiptId,
    /// Who gave it.
    pub host: HostId,
    /// For which bundle.
    pub bundle: BundleId,
    /// The case that it names.
    pub case: Option<String>,
    /// When it came.
    pub received: Time,
    /// When it ends.
    pub delete_by: Time,
    /// When it was withdrawn.
    pub withdrawn: Option<Time>,
    /// When what came under it was deleted.
    pub deleted: Option<Time>,
}

impl Store {
    /// The tenant's newest hosts, at most `most`.
    pub async fn hosts(&self, tenant: &TenantId, most: u32) -> Result<Vec<HostRow>, StoreError> {
        type Row = (String, String, i64, Option<i64>, Option<i64>, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, os, enrolled, revoked, (SELECT MAX(at) FROM ledger_heads WHERE ledger_heads.host = hosts.id), \
             (SELECT COUNT(*) FROM ledger_conflicts WHERE ledger_conflicts.host = hosts.id) \
             FROM hosts WHERE tenant = $1 ORDER BY enrolled DESC, id LIMIT $2",
        )
        .bind(tenant.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.db)
        .await
        .map_err(on("listing hosts"))?;
        let read = |(id, os, enrolled, revoked, heard, conflicts): Row| {
            Some(HostRow {
                id: HostId::parse(&id)?,
                os,
                enrolled: Time(enrolled),
                revoked: revoked.map(Time),
                heard: heard.map(Time),
                conflicts: conflicts as u64,
            })
        };
        rows.into_iter().map(read).collect::<Option<_>>().ok_or(StoreError::Row { table: "hosts" })
    }

    /// The head that a host told last.
    pub async fn last_head(&self, host: HostId) -> Result<Option<(LedgerHead, Time)>, StoreError> {
        let row: Option<(i64, String, i64)> =
            sqlx::query_as("SELECT seq, hash, at FROM ledger_heads WHERE host = $1 ORDER BY at DESC, seq DESC LIMIT 1")
                .bind(host.to_string())
                .fetch_optional(&self.db)
                .await
                .map_err(on("looking for a host's last ledger head"))?;
        let read = |(seq, hash, at): (i64, String, i64)| {
            let hash = Sha256::parse(&hash).ok_or(StoreError::Row { table: "ledger_heads" })?;
            Ok((LedgerHead { seq: seq as u64, hash }, Time(at)))
        };
        row.map(read).transpose()
    }

    /// The tenant's newest receipts, at most `most`; of one host where it is named.
    pub async fn receipts(&self, tenant: &TenantId, host: Option<HostId>, most: u32) -> Result<Vec<ReceiptRow>, StoreError> {
        type Row = (String, String, String, Option<String>, i64, i64, Option<i64>, Option<i64>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, host, bundle, subject, received, delete_by, withdrawn, (SELECT done FROM deletions \
             WHERE deletions.tenant = receipts.tenant AND deletions.receipt = receipts.id) \
             FROM receipts WHERE tenant = $1 AND ($2 IS NULL OR host = $2) ORDER BY received DESC, id LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(host.map(|host| host.to_string()))
        .bind(i64::from(most))
        .fetch_all(&self.db)
        .await
        .map_err(on("listing receipts"))?;
        let read = |(id, host, bundle, case, received, delete_by, withdrawn, deleted): Row| {
            Some(ReceiptRow {
                id: ReceiptId::parse(&id)?,
                host: HostId::parse(&host)?,
                bundle: BundleId::parse(&bundle)?,
                case,
                received: Time(received),
                delete_by: Time(delete_by),
                withdrawn: withdrawn.map(Time),
                deleted: deleted.map(Time),
            })
        };
        rows.into_iter().map(read).collect::<Option<_>>().ok_or(StoreError::Row { table: "receipts" })
    }
}
