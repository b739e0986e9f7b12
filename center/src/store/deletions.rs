//! What is to be deleted, and the receipts of what was. In: withdrawals as they were signed, orders, signed deletion receipts.
//! Out: what is still to do; the receipts.
//!
//! Each receipt also lies as a file beside the database, so that a database from an older backup can be told what was deleted
//! since. Never: deletes a consent receipt or a line of the audit log; takes an order back.

use std::{fs, io, os::unix::fs::OpenOptionsExt as _, path::PathBuf};

use oediag_protocol::{
    deletion::Trigger,
    id::{BundleId, HostId, ReceiptId, TenantId},
    time::Time,
};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    bundles::State,
    inboxes::bump,
    on,
};

/// Most withdrawals of one host within a day: each has a receipt, and those are bounded too.
const DAILY: i64 = 512;
const DAY: i64 = 24 * 3600;

/// What is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The customer.
    pub tenant: TenantId,
    /// The receipt, which may not have come yet.
    pub receipt: ReceiptId,
    /// The bundle that it names.
    pub bundle: BundleId,
    /// The host that gave it.
    pub host: HostId,
}

/// A deletion that was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub of: Subject,
    /// Why.
    pub cause: Trigger,
    /// When it was ordered.
    pub ordered: Time,
    /// The signed deletion receipt, once it is done.
    pub signed: Option<String>,
}

/// Who orders a deletion, and why.
#[derive(Clone, Copy, Debug)]
pub struct By<'a> {
    /// Who, as the audit log names it.
    pub actor: &'a str,
    /// Why.
    pub cause: Trigger,
    /// The signed withdrawal, where there is one.
    pub withdrawal: Option<&'a str>,
}

const CAUSES: [(Trigger, &str); 4] = [
    (Trigger::Withdrawn, "withdrawn"),
    (Trigger::Retention, "retention"),
    (Trigger::Customer, "customer"),
    (Trigger::Lead, "lead"),
];

fn word(cause: Trigger) -> &'static str {
    CAUSES.iter().find(|(known, _)| *known == cause).map_or("", |(_, word)| word)
}

type Row = (String, String, String, String, String, i64, Option<String>);

fn order((tenant, receipt, bundle, host, cause, ordered, signed): Row) -> Result<Order, StoreError> {
    let bad = || StoreError::Row { table: "deletions" };
    Ok(Order {
        of: Subject {
            tenant: TenantId::parse(&tenant).ok_or_else(bad)?,
            receipt: ReceiptId::parse(&receipt).ok_or_else(bad)?,
            bundle: BundleId::parse(&bundle).ok_or_else(bad)?,
            host: HostId::parse(&host).ok_or_else(bad)?,
        },
        cause: CAUSES.iter().find(|(_, known)| *known == cause).map(|(cause, _)| *cause).ok_or_else(bad)?,
        ordered: Time(ordered),
        signed,
    })
}

impl Store {
    /// Orders the deletion of what came, or would come, under a receipt. From the moment this returns nobody reads it. Gives the
    /// order, the earlier one when it was ordered before; none when the host ordered too much within a day.
    pub async fn order_deletion(&self, of: &Subject, by: By<'_>, now: Time) -> Result<Option<Order>, StoreError> {
        let what = "ordering a deletion";
        let mut tx = self.write().await?;
        let (tenant, id, host) = (&of.tenant, of.receipt.to_string(), of.host.to_string());
        let (today,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM deletions WHERE host = $1 AND ordered > $2 AND receipt <> $3")
                .bind(&host)
                .bind(now.0 - DAY)
                .bind(&id)
                .fetch_one(&mut *tx)
                .await
                .map_err(on(what))?;
        if by.cause == Trigger::Withdrawn && today >= DAILY {
            return Ok(None);
        }
        // A retention that ends is no withdrawal: it stands in the receipt itself.
        if by.cause != Trigger::Retention {
            sqlx::query("UPDATE receipts SET withdrawn = $1 WHERE tenant = $2 AND id = $3 AND withdrawn IS NULL")
                .bind(now.0)
                .bind(tenant.as_str())
                .bind(&id)
                .execute(&mut *tx)
                .await
                .map_err(on(what))?;
        }
        if let Some(withdrawal) = by.withdrawal {
            sqlx::query(
                "INSERT INTO withdrawals (tenant, receipt, signed, received) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (tenant, receipt) DO NOTHING",
            )
            .bind(tenant.as_str())
            .bind(&id)
            .bind(withdrawal)
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        }
        let done = sqlx::query(
            "INSERT INTO deletions (tenant, receipt, bundle, host, cause, actor, ordered) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (tenant, receipt) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(&id)
        .bind(of.bundle.to_string())
        .bind(host)
        .bind(word(by.cause))
        .bind(by.actor)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        if done.rows_affected() == 1 {
            let event = if by.cause == Trigger::Withdrawn { "consent_withdrawn" } else { "deletion_ordered" };
            let object = format!("{id} {}", word(by.cause));
            append(&mut tx, now, Entry { event, actor: by.actor, tenant: Some(tenant.as_str()), object: Some(&object) }).await?;
        }
        tx.commit().await.map_err(on(what))?;
        self.deletion(tenant, of.receipt).await
    }

    /// The deletion of what came under a receipt, ordered or done.
    pub async fn deletion(&self, tenant: &TenantId, receipt: ReceiptId) -> Result<Option<Order>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT tenant, receipt, bundle, host, cause, ordered, signed FROM deletions WHERE tenant = $1 AND receipt = $2",
        )
        .bind(tenant.as_str())
        .bind(receipt.to_string())
        .fetch_optional(&self.db)
        .await
        .map_err(on("looking for a deletion"))?;
        row.map(order).transpose()
    }

    /// Deletions that were ordered and are not done, oldest first.
    pub async fn ordered_deletions(&self, most: u32) -> Result<Vec<Order>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT tenant, receipt, bundle, host, cause, ordered, signed FROM deletions WHERE done IS NULL ORDER BY ordered LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.db)
        .await
        .map_err(on("listing deletions to do"))?;
        rows.into_iter().map(order).collect()
    }

    /// Receipts of a host whose bundles were deleted since a moment, the newest first.
    pub async fn deleted(&self, host: HostId, since: Time, most: usize) -> Result<Vec<ReceiptId>, StoreError> {
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT receipt FROM deletions WHERE host = $1 AND done > $2 ORDER BY done DESC, receipt LIMIT $3")
                .bind(host.to_string())
                .bind(since.0)
                .bind(most as i64)
                .fetch_all(&self.db)
                .await
                .map_err(on("listing deletions of a host"))?;
        rows.into_iter().map(|(id,)| ReceiptId::parse(&id).ok_or(StoreError::Row { table: "deletions" })).collect()
    }

    /// Receipts whose time is over and whose bundle is still here.
    pub async fn kept_too_long(&self, now: Time, most: u32) -> Result<Vec<Subject>, StoreError> {
        let rows: Vec<(String, String, String, String)> = sqlx::query_as(
            "SELECT receipts.tenant, receipts.id, receipts.bundle, receipts.host FROM receipts \
             JOIN bundles ON bundles.tenant = receipts.tenant AND bundles.receipt = receipts.id \
             WHERE receipts.delete_by <= $1 AND bundles.state <> 'deleted' AND NOT EXISTS (SELECT 1 FROM deletions \
             WHERE deletions.tenant = receipts.tenant AND deletions.receipt = receipts.id) LIMIT $2",
        )
        .bind(now.0)
        .bind(i64::from(most))
        .fetch_all(&self.db)
        .await
        .map_err(on("looking for receipts whose time is over"))?;
        let read = |(tenant, id, bundle, host): (String, String, String, String)| {
            let (tenant, receipt) = (TenantId::parse(&tenant)?, ReceiptId::parse(&id)?);
            Some(Subject { tenant, receipt, bundle: BundleId::parse(&bundle)?, host: HostId::parse(&host)? })
        };
        rows.into_iter().map(read).collect::<Option<_>>().ok_or(StoreError::Row { table: "receipts" })
    }

    /// Names in the object store, and unfinished uploads, of what came under a receipt.
    pub async fn bytes_under(&self, tenant: &TenantId, receipt: ReceiptId) -> Result<(Vec<String>, Vec<String>), StoreError> {
        let what = "looking for what came under a receipt";
        let list = async |sql| {
            let rows: Vec<(String,)> = sqlx::query_as(sql)
                .bind(tenant.as_str())
                .bind(receipt.to_string())
                .fetch_all(&self.db)
                .await
                .map_err(on(what))?;
            Ok::<Vec<String>, StoreError>(rows.into_iter().map(|(name,)| name).collect())
        };
        let objects = list("SELECT object FROM bundles WHERE tenant = $1 AND receipt = $2").await?;
        let uploads = list("SELECT id FROM uploads WHERE tenant = $1 AND receipt = $2 AND ended IS NULL").await?;
        Ok((objects, uploads))
    }

    /// Writes down that all bytes under a receipt are gone: what was found in them goes here, and `sign` makes the deletion receipt
    /// of the number of the audit line. Call it after the bytes were deleted. Gives the receipt, the earlier one if there is one.
    pub async fn deletion_done<E: From<StoreError>>(
        &self,
        order: &Order,
        now: Time,
        sign: impl FnOnce(u64) -> Result<String, E>,
    ) -> Result<String, E> {
        let what = "writing down a deletion";
        let mut tx = self.write().await?;
        let (tenant, receipt) = (order.of.tenant.as_str(), order.of.receipt.to_string());
        let known: Option<(Option<String>,)> = sqlx::query_as("SELECT signed FROM deletions WHERE tenant = $1 AND receipt = $2")
            .bind(tenant)
            .bind(&receipt)
            .fetch_optional(&mut *tx)
            .await
            .map_err(on(what))?;
        if let Some((Some(signed),)) = known {
            return Ok(signed);
        }
        let steps = [
            "DELETE FROM summaries WHERE tenant = $1 AND bundle IN (SELECT id FROM bundles WHERE tenant = $1 AND receipt = $2)",
            "DELETE FROM grants WHERE tenant = $1 AND bundle IN (SELECT id FROM bundles WHERE tenant = $1 AND receipt = $2)",
            "UPDATE bundles SET state = 'deleted', reason = NULL, name = NULL, manifest_at = NULL, started = NULL, alerts = NULL \
             WHERE tenant = $1 AND receipt = $2",
        ];
        for step in steps {
            sqlx::query(step).bind(tenant).bind(&receipt).execute(&mut *tx).await.map_err(on(what))?;
        }
        let object = order.of.bundle.to_string();
        let entry = Entry { event: "bundle_deleted", actor: "center", tenant: Some(tenant), object: Some(&object) };
        let signed = sign(append(&mut tx, now, entry).await?.seq)?;
        sqlx::query("UPDATE deletions SET done = $1, signed = $2 WHERE tenant = $3 AND receipt = $4")
            .bind(now.0)
            .bind(&signed)
            .bind(tenant)
            .bind(&receipt)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        bump(&mut tx, order.of.host).await?;
        self.remember_deletion(order, &signed)?;
        tx.commit().await.map_err(on(what))?;
        Ok(signed)
    }

    fn deletion_folder(&self) -> PathBuf {
        self.data.join("deletions")
    }

    /// Puts a deletion receipt beside the database.
    fn remember_deletion(&self, order: &Order, signed: &str) -> Result<(), StoreError> {
        let folder = self.deletion_folder();
        let path = folder.join(format!("{}.{}.json", order.of.tenant, order.of.receipt));
        let write = || {
            fs::create_dir_all(&folder)?;
            let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            io::Write::write_all(&mut file, signed.as_bytes())?;
            file.sync_all()?;
            fs::File::open(&folder)?.sync_all()
        };
        write().map_err(|source| StoreError::Io { path: path.clone(), source })
    }

    /// The signed receipts of all deletions that were ever done here, by the files beside the database.
    pub fn remembered_deletions(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.deletion_folder();
        let io = |source| StoreError::Io { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(io)?,
        };
        entries.map(|entry| fs::read_to_string(entry.map_err(io)?.path()).map_err(io)).collect()
    }

    /// Whether a bundle is here that was deleted before: what a restored backup brings back.
    pub async fn came_back(&self, tenant: &TenantId, receipt: ReceiptId) -> Result<bool, StoreError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT state FROM bundles WHERE tenant = $1 AND receipt = $2")
            .bind(tenant.as_str())
            .bind(receipt.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for a bundle that was deleted"))?;
        Ok(row.is_some_and(|(state,)| state != State::Deleted.word()))
    }
}
