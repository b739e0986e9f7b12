//! Consent receipts that were found good, with all of the sealed file that stands before its payload.
//!
//! In: verified documents. Out: the same bytes. Never: forgets or changes a receipt; a receipt's text may only come again, and
//! goes when it ended and no bundle came.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oediag_protocol::{
    digest::Sha256,
    id::{BundleId, HostId, ReceiptId, RequestId, TenantId},
    time::Time,
};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    on,
};

/// Most receipts of one host for which no bundle has come.
const WAITING: i64 = 64;
/// Most new receipts of one host within a day, whether they still count or not.
const DAILY: i64 = 256;
const DAY: i64 = 24 * 3600;

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Who gave it.
    pub host: HostId,
    /// For which bundle.
    pub bundle: BundleId,
    /// Digest of `consent.json`.
    pub consent: Sha256,
    /// The sealed file up to its payload.
    pub front: Vec<u8>,
    /// Bytes of the whole sealed file.
    pub bytes: u64,
    /// Digest of the payload.
    pub payload: Sha256,
    /// When it ends.
    pub delete_by: Time,
    /// When it was withdrawn.
    pub withdrawn: Option<Time>,
    /// The case that it names.
    pub case: Option<String>,
    /// The request that its bundle answers.
    pub request: Option<RequestId>,
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is stored.
    Stored,
    /// Another receipt has this id.
    Other,
    /// A bundle is stored under it.
    Used,
    /// It was withdrawn.
    Withdrawn,
    /// The host has too many receipts without a bundle, or sent too many within a day.
    TooMany,
}

impl Store {
    /// Stores a receipt and says so in the audit log. The same consent in another envelope replaces the one before,
    /// as long as no bundle is stored under it: sealing again makes other bytes.
    pub async fn new_receipt(&self, new: &Receipt, actor: &str, now: Time) -> Result<Received, StoreError> {
        let what = "storing a receipt";
        let mut tx = self.write().await?;
        let (id, tenant, host) = (new.id.to_string(), new.tenant.as_str(), new.host.to_string());
        let known: Option<(String, Option<i64>)> =
            sqlx::query_as("SELECT consent, withdrawn FROM receipts WHERE tenant = $1 AND id = $2")
                .bind(tenant)
                .bind(&id)
                .fetch_optional(&mut *tx)
                .await
                .map_err(on(what))?;
        let (ended,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM deletions WHERE tenant = $1 AND receipt = $2")
            .bind(tenant)
            .bind(&id)
            .fetch_one(&mut *tx)
            .await
            .map_err(on(what))?;
        match &known {
            Some((_, Some(_))) => return Ok(Received::Withdrawn),
            _ if ended > 0 => return Ok(Received::Withdrawn),
            Some((consent, None)) if *consent != new.consent.to_string() => return Ok(Received::Other),
            Some(_) => {
                let stored: Option<(String,)> = sqlx::query_as("SELECT id FROM bundles WHERE tenant = $1 AND receipt = $2")
                    .bind(tenant)
                    .bind(&id)
                    .fetch_optional(&mut *tx)
                    .await
                    .map_err(on(what))?;
                if stored.is_some() {
                    return Ok(Received::Used);
                }
            }
            None => {
                let (waiting,): (i64,) = sqlx::query_as(
                    "SELECT COUNT(*) FROM receipts WHERE host = $1 AND delete_by > $2 AND withdrawn IS NULL AND id NOT IN \
                     (SELECT receipt FROM bundles WHERE bundles.tenant = receipts.tenant)",
                )
                .bind(&host)
                .bind(now.0)
                .fetch_one(&mut *tx)
                .await
                .map_err(on(what))?;
                let (today,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM receipts WHERE host = $1 AND received > $2")
                    .bind(&host)
                    .bind(now.0 - DAY)
                    .fetch_one(&mut *tx)
                    .await
                    .map_err(on(what))?;
                if waiting >= WAITING || today >= DAILY {
                    return Ok(Received::TooMany);
                }
            }
        }
        sqlx::query(
            "INSERT INTO receipts (id, tenant, host, bundle, consent, front, bytes, payload, delete_by, received, subject, request) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (tenant, id) DO UPDATE SET front = $6, bytes = $7, payload = $8",
        )
        .bind(&id)
        .bind(tenant)
        .bind(&host)
        .bind(new.bundle.to_string())
        .bind(new.consent.to_string())
        .bind(STANDARD.encode(&new.front))
        .bind(new.bytes as i64)
        .bind(new.payload.to_string())
        .bind(new.delete_by.0)
        .bind(now.0)
        .bind(&new.case)
        .bind(new.request.map(|id| id.to_string()))
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        append(&mut tx, now, Entry { event: "consent_received", actor, tenant: Some(tenant), object: Some(&id) }).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(Received::Stored)
    }

    /// Empties the documents of receipts that ended before a bundle came: nothing will ever be judged by them. Gives their number.
    pub async fn sweep_receipts(&self, now: Time) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE receipts SET front = '' WHERE (delete_by <= $1 OR withdrawn IS NOT NULL) AND front <> '' AND NOT EXISTS \
             (SELECT 1 FROM bundles WHERE bundles.tenant = receipts.tenant AND bundles.receipt = receipts.id)",
        )
        .bind(now.0)
        .execute(&self.db)
        .await
        .map_err(on("emptying receipts that ended"))?;
        Ok(done.rows_affected())
    }

    /// The tenant's receipt of this id.
    pub async fn receipt(&self, tenant: &TenantId, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
        type Row = (String, String, String, String, i64, String, i64, Option<i64>, Option<String>, Option<String>);
        let row: Option<Row> = sqlx::query_as(
            "SELECT host, bundle, consent, front, bytes, payload, delete_by, withdrawn, subject, request FROM receipts \
             WHERE tenant = $1 AND id = $2",
        )
        .bind(tenant.as_str())
        .bind(id.to_string())
        .fetch_optional(&self.db)
        .await
        .map_err(on("looking for a receipt"))?;
        let Some((host, bundle, consent, front, bytes, payload, delete_by, withdrawn, case, request)) = row else {
            return Ok(None);
        };
        let bad = || StoreError::Row { table: "receipts" };
        Ok(Some(Receipt {
            id,
            tenant: tenant.clone(),
            host: HostId::parse(&host).ok_or_else(bad)?,
            bundle: BundleId::parse(&bundle).ok_or_else(bad)?,
            consent: Sha256::parse(&consent).ok_or_else(bad)?,
            front: STANDARD.decode(front).map_err(|_| bad())?,
            bytes: bytes as u64,
            payload: Sha256::parse(&payload).ok_or_else(bad)?,
            delete_by: Time(delete_by),
            withdrawn: withdrawn.map(Time),
            case,
            request: request.map(|id| RequestId::parse(&id).ok_or_else(bad)).transpose()?,
        }))
    }
}
