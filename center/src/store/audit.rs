//! The audit log: a hash chain of lines, one for each thing done to or with customers' data.
//!
//! In: what happened. Out: a line on the disk before the call returns. Never: changes or deletes a line.

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    id::{BundleId, TenantId},
    time::Time,
};
use serde::{Deserialize, Serialize};
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, on};

/// What is written down.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Entry<'a> {
    /// What happened: a fixed word.
    pub event: &'static str,
    /// Who did it.
    pub actor: &'a str,
    /// Whose data it concerns.
    pub tenant: Option<&'a str>,
    /// What it was done to.
    pub object: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    seq: i64,
    /// SHA-256 of the line before; of nothing for the first.
    prev: Sha256,
    at: Time,
    #[serde(flatten)]
    entry: Entry<'a>,
}

/// What a line tells of an opening.
#[derive(Deserialize)]
struct Told {
    at: Time,
    event: String,
    actor: String,
    object: String,
}

/// An opening of a bundle or of one item, or one that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Number of the line.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub who: String,
    /// The line's word.
    pub event: String,
    /// The item, where it was one.
    pub item: Option<String>,
}

/// Whether the log is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// This many lines, the last of this digest.
    Whole(u64, Sha256),
    /// The first line that does not follow from the one before.
    BrokenAt(i64),
}

impl Store {
    /// Appends a line.
    pub async fn audit(&self, now: Time, entry: Entry<'_>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        append(&mut tx, now, entry).await?;
        tx.commit().await.map_err(on("writing the audit log"))
    }

    /// The lines from number `from` on, at most `most`, oldest first.
    pub async fn audit_lines(&self, from: u64, most: u32) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT line FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2")
            .bind(from as i64)
            .bind(i64::from(most))
            .fetch_all(&self.db)
            .await
            .map_err(on("reading the audit log"))?;
        Ok(rows.into_iter().map(|(line,)| line).collect())
    }

    /// The tenant's own lines from number `from` on, at most `most`, oldest first, each as the log holds it.
    pub async fn tenant_lines(&self, tenant: &TenantId, from: u64, most: u32) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT line FROM audit WHERE tenant = $1 AND seq >= $2 ORDER BY seq LIMIT $3")
            .bind(tenant.as_str())
            .bind(i64::try_from(from).unwrap_or(i64::MAX))
            .bind(i64::from(most))
            .fetch_all(&self.db)
            .await
            .map_err(on("reading a tenant's part of the audit log"))?;
        Ok(rows.into_iter().map(|(line,)| line).collect())
    }

    /// Who opened a bundle or tried to: how often in all, and the last `most`, oldest first.
    pub async fn openings(&self, tenant: &TenantId, bundle: BundleId, most: usize) -> Result<(u64, Vec<Opening>), StoreError> {
        let what = "looking for who opened a bundle";
        let id = bundle.to_string();
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT seq, line FROM audit WHERE tenant = $1 AND object >= $2 AND object < $3 \
             AND event IN ('bundle_opened', 'item_opened', 'open_refused') ORDER BY seq",
        )
        .bind(tenant.as_str())
        .bind(&id)
        // Behind the id comes nothing, or a blank and an item.
        .bind(format!("{id}!"))
        .fetch_all(&self.db)
        .await
        .map_err(on(what))?;
        let total = rows.len();
        let last = rows.into_iter().skip(total.saturating_sub(most));
        let read = |(seq, line): (i64, String)| {
            let Told { at, event, actor, object } = serde_json::from_str(&line).ok()?;
            let item = object.split_once(' ').map(|(_, item)| item.to_owned());
            Some(Opening { seq: seq as u64, at, who: actor, event, item })
        };
        let openings = last.map(read).collect::<Option<_>>().ok_or(StoreError::Row { table: "audit" })?;
        Ok((total as u64, openings))
    }

    /// The head of the log at a number of its lines, the last one when none is given; none where there is no such line.
    pub async fn audit_head(&self, seq: Option<u64>) -> Result<Option<LedgerHead>, StoreError> {
        let row: Option<(i64, String)> =
            sqlx::query_as("SELECT seq, line FROM audit WHERE $1 IS NULL OR seq = $1 ORDER BY seq DESC LIMIT 1")
                .bind(seq.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX)))
                .fetch_optional(&self.db)
                .await
                .map_err(on("reading a head of the audit log"))?;
        Ok(row.map(|(seq, line)| LedgerHead { seq: seq as u64, hash: Sha256::of(line.as_bytes()) }))
    }

    /// Reads the whole log and compares each line with the one before.
    pub async fn audit_chain(&self) -> Result<Chain, StoreError> {
        let rows: Vec<(i64, String)> = sqlx::query_as("SELECT seq, line FROM audit ORDER BY seq")
            .fetch_all(&self.db)
            .await
            .map_err(on("reading the audit log"))?;
        let mut head = Sha256::of(b"");
        for ((seq, line), expected) in rows.iter().zip(1..) {
            let told: Option<serde_json::Value> = serde_json::from_str(line).ok();
            let follows = told.is_some_and(|told| told["seq"] == expected && told["prev"] == head.to_string());
            if *seq != expected || !follows {
                return Ok(Chain::BrokenAt(expected));
            }
            head = Sha256::of(line.as_bytes());
        }
        Ok(Chain::Whole(rows.len() as u64, head))
    }
}

/// Appends a line within a transaction that does what the line tells. Gives the head of the log behind it.
pub(super) async fn append(tx: &mut Transaction<'static, Sqlite>, now: Time, entry: Entry<'_>) -> Result<LedgerHead, StoreError> {
    let what = "writing the audit log";
    let last: Option<(i64, String)> = sqlx::query_as("SELECT seq, line FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut **tx)
        .await
        .map_err(on(what))?;
    let (seq, prev) = last.map_or((1, Sha256::of(b"")), |(seq, line)| (seq + 1, Sha256::of(line.as_bytes())));
    let line = Line { seq, prev, at: now, entry };
    let line = serde_json::to_string(&line).map_err(|_| StoreError::Row { table: "audit" })?;
    let hash = Sha256::of(line.as_bytes());
    sqlx::query("INSERT INTO audit (seq, line, event, tenant, object) VALUES ($1, $2, $3, $4, $5)")
        .bind(seq)
        .bind(line)
        .bind(entry.event)
        .bind(entry.tenant)
        .bind(entry.object)
        .execute(&mut **tx)
        .await
        .map_err(on(what))?;
    Ok(LedgerHead { seq: seq as u64, hash })
}
