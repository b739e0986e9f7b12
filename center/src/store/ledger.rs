//! Heads of hosts' ledgers, all of them, and those that do not fit together.
//!
//! In: heads as hosts tell them with each request, or sign. Out: whether a head fits to what was told before. Never: forgets a head;
//! believes that a host's clock is right: its moments are compared with each other only.

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    id::{HostId, TenantId},
    time::Time,
};
use serde::Serialize;
use sqlx::{Sqlite, Transaction};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    on,
};

/// Most new heads of one host within a day.
const DAILY: i64 = 5000;
const DAY: i64 = 24 * 3600;
/// Seconds by which requests of one host may overtake each other.
const OVERTAKE: i64 = 10;

/// A head as a host tells it.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The head; number 0 for a ledger without a line.
    pub head: &'a LedgerHead,
    /// When the host said so, by its own clock.
    pub told: Time,
    /// Whether the host had to tell the newest it has. An upload that takes hours goes on with the head it began with.
    pub newest: bool,
    /// The document with the host's signature.
    pub signed: Option<&'a str>,
}

/// How a head does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The line of this number was another one before: an edit, or two hosts with one key.
    Fork,
    /// The ledger was longer before: cut off, or a machine that was set back.
    Rollback,
}

impl Kind {
    /// The word of its column.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Rollback => "rollback",
        }
    }
}

/// Two heads of one host that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The host.
    pub host: HostId,
    /// How they do not fit.
    pub kind: Kind,
    /// The head that was told.
    pub told: LedgerHead,
    /// The head that was known.
    pub known: LedgerHead,
    /// When it showed.
    pub at: Time,
}

/// What became of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It fits.
    Fits,
    /// It does not, now or before.
    Conflict,
    /// The host told too many within a day.
    TooMany,
}

type Row = (i64, String, i64);

/// The longest ledger that a host told of.
const LONGEST: &str = "SELECT seq, hash, told FROM ledger_heads WHERE host = $1 ORDER BY seq DESC, told DESC LIMIT 1";

impl Store {
    /// Compares a head with all that the host told before, and keeps it. A new conflict is written into the audit log.
    pub async fn heard(&self, host: HostId, tenant: &TenantId, told: Told<'_>, now: Time) -> Result<Heard, StoreError> {
        let what = "keeping a ledger head";
        let (id, seq, hash) = (host.to_string(), told.head.seq as i64, told.head.hash.to_string());
        let longest = || sqlx::query_as::<_, Row>(LONGEST).bind(&id);
        // What is known costs no write: after a restart of the center all hosts tell what they told before.
        let known = longest().fetch_optional(&self.db).await.map_err(on(what))?;
        let same = known.map_or(seq == 0, |(longest, known, _)| (longest, &known) == (seq, &hash));
        if same && told.signed.is_none() {
            return Ok(Heard::Fits);
        }
        let mut tx = self.write().await?;
        let longest = longest().fetch_optional(&mut *tx).await.map_err(on(what))?;
        let same: Vec<(String,)> = sqlx::query_as("SELECT hash FROM ledger_heads WHERE host = $1 AND seq = $2 ORDER BY at")
            .bind(&id)
            .bind(seq)
            .fetch_all(&mut *tx)
            .await
            .map_err(on(what))?;
        let known = same.iter().any(|(known,)| *known == hash);
        let back = |(longest, _, moment): &Row| told.newest && seq < *longest && told.told.0 > moment + OVERTAKE;
        let against = match (same.first(), &longest) {
            (Some((other,)), _) if !known => Some((Kind::Fork, seq, other.clone())),
            (_, Some(longest)) if back(longest) => Some((Kind::Rollback, longest.0, longest.1.clone())),
            _ => None,
        };
        if !known && seq > 0 {
            let (today,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM ledger_heads WHERE host = $1 AND at > $2")
                .bind(&id)
                .bind(now.0 - DAY)
                .fetch_one(&mut *tx)
                .await
                .map_err(on(what))?;
            if today >= DAILY {
                return Ok(Heard::TooMany);
            }
        }
        if seq > 0 {
            sqlx::query(
                "INSERT INTO ledger_heads (host, seq, hash, told, at, signed) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (host, seq, hash) DO UPDATE SET signed = COALESCE(ledger_heads.signed, $6)",
            )
            .bind(&id)
            .bind(seq)
            .bind(&hash)
            .bind(told.told.0)
            .bind(now.0)
            .bind(told.signed)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        }
        if let Some((kind, known_seq, known_hash)) = against {
            let conflict = (kind, known_seq, known_hash.as_str());
            raise(&mut tx, (&id, tenant, seq, &hash), conflict, now).await?;
        }
        let (conflicts,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM ledger_conflicts WHERE host = $1 AND seq = $2 AND hash = $3")
                .bind(&id)
                .bind(seq)
                .bind(&hash)
                .fetch_one(&mut *tx)
                .await
                .map_err(on(what))?;
        tx.commit().await.map_err(on(what))?;
        Ok(if conflicts > 0 { Heard::Conflict } else { Heard::Fits })
    }

    /// How many of a tenant's hosts, but those that were revoked, told heads that do not fit together.
    pub async fn conflicting_hosts(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        let (count,): (i64,) = sqlx::query_as(
            "SELECT COUNT(DISTINCT ledger_conflicts.host) FROM ledger_conflicts JOIN hosts ON hosts.id = ledger_conflicts.host \
             WHERE ledger_conflicts.tenant = $1 AND hosts.revoked IS NULL",
        )
        .bind(tenant.as_str())
        .fetch_one(&self.db)
        .await
        .map_err(on("counting conflicts of ledgers"))?;
        Ok(count as u64)
    }

    /// The conflicts of a tenant's hosts, the newest first.
    pub async fn ledger_conflicts(&self, tenant: &str, most: u32) -> Result<Vec<Conflict>, StoreError> {
        type Row = (String, i64, String, String, i64, String, i64);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT host, seq, hash, kind, known_seq, known_hash, at FROM ledger_conflicts WHERE tenant = $1 \
             ORDER BY at DESC LIMIT $2",
        )
        .bind(tenant)
        .bind(i64::from(most))
        .fetch_all(&self.db)
        .await
        .map_err(on("listing conflicts of ledgers"))?;
        rows.into_iter().map(conflict).collect::<Option<_>>().ok_or(StoreError::Row { table: "ledger_conflicts" })
    }
}

fn conflict(row: (String, i64, String, String, i64, String, i64)) -> Option<Conflict> {
    let (host, seq, hash, kind, known_seq, known_hash, at) = row;
    let head = |seq: i64, hash: &str| Some(LedgerHead { seq: seq as u64, hash: Sha256::parse(hash)? });
    let kind = [Kind::Fork, Kind::Rollback].into_iter().find(|known| known.word() == kind)?;
    let (told, known) = (head(seq, &hash)?, head(known_seq, &known_hash)?);
    Some(Conflict { host: HostId::parse(&host)?, kind, told, known, at: Time(at) })
}

/// Writes a conflict down, unless it is known.
async fn raise(
    tx: &mut Transaction<'static, Sqlite>,
    (host, tenant, seq, hash): (&str, &TenantId, i64, &str),
    (kind, known_seq, known_hash): (Kind, i64, &str),
    now: Time,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "INSERT INTO ledger_conflicts (host, tenant, seq, hash, kind, known_seq, known_hash, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (host, seq, hash) DO NOTHING",
    )
    .bind(host)
    .bind(tenant.as_str())
    .bind(seq)
    .bind(hash)
    .bind(kind.word())
    .bind(known_seq)
    .bind(known_hash)
    .bind(now.0)
    .execute(&mut **tx)
    .await
    .map_err(on("writing down a conflict of ledgers"))?;
    if done.rows_affected() == 1 {
        let object = format!("{host} {}: told {seq}:{hash}, known {known_seq}:{known_hash}", kind.word());
        let actor = format!("host {host}");
        let entry = Entry { event: "ledger_conflict", actor: &actor, tenant: Some(tenant.as_str()), object: Some(&object) };
        append(tx, now, entry).await?;
    }
    Ok(())
}
