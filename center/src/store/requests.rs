//! Requests as they were signed, their cancellations, and what hosts tell of them.
//!
//! In: signed objects of the signer's, verified events of hosts. Out: rows of one tenant or one host. Never: changes what was signed.

use oediag_protocol::{
    digest::Sha256,
    id::{HostId, ReceiptId, RequestId, TenantId},
    keyset::Severity,
    ledger::Reason,
    request::{event::StatusEvent, life::State},
    time::Time,
};
use sqlx::{FromRow as _, Row as _, sqlite::SqliteRow};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    inboxes::bump,
    on,
};

/// Most events of one request: its life has fewer steps.
const EVENTS: i64 = 100;
/// Most of a list that a page shows.
const LISTED: i64 = 500;
/// Seconds after a change of an open request in which its host asks often.
const BRISK: i64 = 3600;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: RequestId,
    /// The customer.
    pub tenant: TenantId,
    /// The host that is asked.
    pub host: HostId,
    /// The case.
    pub case: String,
    /// Its severity.
    pub severity: Severity,
    /// Digest of its signed bytes.
    pub digest: Sha256,
    /// As it was signed.
    pub signed: String,
    /// Its cancellation, as that was signed.
    pub cancel: Option<String>,
    /// Who composed it.
    pub composed_by: String,
    /// When.
    pub created: Time,
    /// From when on it is not answered.
    pub expires: Time,
    /// What the host told last; none while it said nothing.
    pub state: Option<State>,
    /// Why, where the host gave a reason.
    pub reason: Option<String>,
    /// The receipt of the bundle that answers it.
    pub receipt: Option<ReceiptId>,
    /// When anything changed.
    pub changed: Time,
}

impl Asked {
    /// How it stands at a moment, as a word: the host's last state, or `asked`, `cancelled`, `expired` while it said nothing.
    pub fn standing(&self, now: Time) -> &'static str {
        match self.state {
            Some(state) if state.is_over() || self.cancel.is_none() => state.as_str(),
            _ if self.cancel.is_some() => "cancelled",
            _ if now >= self.expires => "expired",
            _ => "asked",
        }
    }
}

impl Asked {
    /// Whether nothing more is expected of the host.
    fn is_settled(&self) -> bool {
        match self.state {
            Some(State::Stored | State::Deleted | State::Withdrawn) => true,
            Some(state) => state.is_over(),
            None => false,
        }
    }
}

/// What became of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It is stored.
    Done,
    /// It was cancelled before.
    Before,
    /// Nothing is left to cancel: its time is over, or the host ended it.
    Over,
    /// No such request.
    NoSuch,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is stored, now or before.
    Stored,
    /// Another event has its number.
    Other,
    /// The host was not asked this.
    NoSuch,
    /// The request has too many events.
    TooMany,
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// The state.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
    /// When, by the host's clock.
    pub at: Time,
    /// When it came in.
    pub received: Time,
    /// As the host signed it.
    pub signed: String,
}

/// The word of a severity.
pub(super) fn severity(severity: Severity) -> String {
    format!("{severity:?}")
}

/// The severity of a word.
pub(super) fn severity_of(word: &str) -> Option<Severity> {
    [Severity::P1, Severity::P2, Severity::P3, Severity::P4].into_iter().find(|known| severity(*known) == word)
}

fn asked(row: &SqliteRow) -> Result<Asked, StoreError> {
    let bad = || StoreError::Row { table: "requests" };
    let text = |name: &str| row.try_get::<String, _>(name).map_err(|_| bad());
    let words = |name: &str| row.try_get::<Option<String>, _>(name).map_err(|_| bad());
    let time = |name: &str| row.try_get::<i64, _>(name).map(Time).map_err(|_| bad());
    let state = |word: String| State::ALL.iter().copied().find(|state| state.as_str() == word).ok_or_else(bad);
    Ok(Asked {
        id: RequestId::parse(&text("id")?).ok_or_else(bad)?,
        tenant: TenantId::parse(&text("tenant")?).ok_or_else(bad)?,
        host: HostId::parse(&text("host")?).ok_or_else(bad)?,
        case: text("subject")?,
        severity: severity_of(&text("severity")?).ok_or_else(bad)?,
        digest: Sha256::parse(&text("digest")?).ok_or_else(bad)?,
        signed: text("signed")?,
        cancel: words("cancel")?,
        composed_by: text("composed_by")?,
        created: time("created")?,
        expires: time("expires")?,
        state: words("state")?.map(state).transpose()?,
        reason: words("reason")?,
        receipt: words("receipt")?.map(|id| ReceiptId::parse(&id).ok_or_else(bad)).transpose()?,
        changed: time("changed")?,
    })
}

impl Store {
    /// Stores a request; its host hears of it with the next poll.
    pub async fn new_request(&self, new: &Asked, now: Time) -> Result<(), StoreError> {
        let what = "storing a request";
        let mut tx = self.write().await?;
        let (id, tenant) = (new.id.to_string(), new.tenant.as_str());
        sqlx::query(
            "INSERT INTO requests (id, tenant, host, subject, severity, digest, signed, composed_by, created, expires, seq, changed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)",
        )
        .bind(&id)
        .bind(tenant)
        .bind(new.host.to_string())
        .bind(&new.case)
        .bind(severity(new.severity))
        .bind(new.digest.to_string())
        .bind(&new.signed)
        .bind(&new.composed_by)
        .bind(new.created.0)
        .bind(new.expires.0)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        let object = format!("{id} {} {}", new.host, new.digest);
        let entry = Entry { event: "request_signed", actor: &new.composed_by, tenant: Some(tenant), object: Some(&object) };
        append(&mut tx, now, entry).await?;
        bump(&mut tx, new.host).await?;
        tx.commit().await.map_err(on(what))
    }

    /// Stores the signed cancellation of a request that is not over.
    pub async fn cancel_request(
        &self,
        tenant: &TenantId,
        id: RequestId,
        signed: &str,
        actor: &str,
        now: Time,
    ) -> Result<Cancelled, StoreError> {
        let what = "cancelling a request";
        let mut tx = self.write().await?;
        let row = sqlx::query("SELECT * FROM requests WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(on(what))?;
        let Some(known) = row.as_ref().map(asked).transpose()? else { return Ok(Cancelled::NoSuch) };
        let sent = matches!(known.state, Some(State::Stored | State::Deleted | State::Withdrawn));
        if known.cancel.is_some() {
            return Ok(Cancelled::Before);
        } else if known.state.is_some_and(State::is_over) || sent || (known.state.is_none() && now >= known.expires) {
            return Ok(Cancelled::Over);
        }
        sqlx::query("UPDATE requests SET cancel = $1, changed = $2 WHERE id = $3")
            .bind(signed)
            .bind(now.0)
            .bind(id.to_string())
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        let object = id.to_string();
        let entry = Entry { event: "request_cancelled", actor, tenant: Some(tenant.as_str()), object: Some(&object) };
        append(&mut tx, now, entry).await?;
        bump(&mut tx, known.host).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(Cancelled::Done)
    }

    /// Stores what a host, which signed it, tells of a request. The state of the request is that of the highest number.
    pub async fn new_event(&self, event: &StatusEvent, signed: &str, now: Time) -> Result<Told, StoreError> {
        let what = "storing a status event";
        let mut tx = self.write().await?;
        let (id, host, seq) = (event.request_id.to_string(), event.host_id.to_string(), event.seq as i64);
        let newest: Option<(i64,)> = sqlx::query_as("SELECT seq FROM requests WHERE id = $1 AND host = $2 AND tenant = $3")
            .bind(&id)
            .bind(&host)
            .bind(event.tenant_id.as_str())
            .fetch_optional(&mut *tx)
            .await
            .map_err(on(what))?;
        let Some((newest,)) = newest else { return Ok(Told::NoSuch) };
        let known: Option<(String,)> = sqlx::query_as("SELECT signed FROM request_events WHERE request = $1 AND seq = $2")
            .bind(&id)
            .bind(seq)
            .fetch_optional(&mut *tx)
            .await
            .map_err(on(what))?;
        if let Some((known,)) = known {
            return Ok(if known == signed { Told::Stored } else { Told::Other });
        }
        let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM request_events WHERE request = $1")
            .bind(&id)
            .fetch_one(&mut *tx)
            .await
            .map_err(on(what))?;
        if count >= EVENTS {
            return Ok(Told::TooMany);
        }
        let (state, reason) = (event.state.as_str(), event.reason.as_ref().map(Reason::as_str));
        let receipt = event.receipt_id.map(|id| id.to_string());
        sqlx::query(
            "INSERT INTO request_events (request, seq, state, reason, receipt, at, received, signed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&id)
        .bind(seq)
        .bind(state)
        .bind(reason)
        .bind(&receipt)
        .bind(event.at.0)
        .bind(now.0)
        .bind(signed)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        if seq > newest {
            sqlx::query(
                "UPDATE requests SET state = $1, reason = $2, receipt = COALESCE($3, receipt), seq = $4, changed = $5 WHERE id = $6",
            )
            .bind(state)
            .bind(reason)
            .bind(&receipt)
            .bind(seq)
            .bind(now.0)
            .bind(&id)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        }
        // How soon the host is to ask again depends on it.
        bump(&mut tx, event.host_id).await?;
        let (actor, object) = (format!("host {host}"), format!("{id} {seq} {state}"));
        let tenant = Some(event.tenant_id.as_str());
        append(&mut tx, now, Entry { event: "request_event", actor: &actor, tenant, object: Some(&object) }).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(Told::Stored)
    }

    /// The tenant's request of this id.
    pub async fn request(&self, tenant: &TenantId, id: RequestId) -> Result<Option<Asked>, StoreError> {
        let row = sqlx::query("SELECT * FROM requests WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for a request"))?;
        row.as_ref().map(asked).transpose()
    }

    /// The tenant's newest requests, of one host or one case where they are named.
    pub async fn requests(&self, tenant: &TenantId, host: Option<HostId>, case: Option<&str>) -> Result<Vec<Asked>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM requests WHERE tenant = $1 AND ($2 IS NULL OR host = $2) AND ($3 IS NULL OR subject = $3) \
             ORDER BY created DESC, id LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(host.map(|host| host.to_string()))
        .bind(case)
        .bind(LISTED)
        .fetch_all(&self.db)
        .await
        .map_err(on("listing requests"))?;
        rows.iter().map(asked).collect()
    }

    /// What its host told of a request, in the order of numbers.
    pub async fn events(&self, id: RequestId) -> Result<Vec<Event>, StoreError> {
        type Row = (i64, String, Option<String>, i64, i64, String);
        let rows =
            sqlx::query("SELECT seq, state, reason, at, received, signed FROM request_events WHERE request = $1 ORDER BY seq")
                .bind(id.to_string())
                .fetch_all(&self.db)
                .await
                .map_err(on("reading the events of a request"))?;
        let read = |row: &SqliteRow| Row::from_row(row).map_err(on("reading the events of a request"));
        let event = |(seq, state, reason, at, received, signed): Row| Event {
            seq: seq as u64,
            state,
            reason,
            at: Time(at),
            received: Time(received),
            signed,
        };
        rows.iter().map(|row| read(row).map(event)).collect()
    }

    /// Until when a host is to ask often: an hour after anything changed about a request of its that is under way, and no longer
    /// than that lives. The distant past where there is none.
    pub async fn brisk(&self, host: HostId) -> Result<Time, StoreError> {
        let what = "looking for what is under way on a host";
        let rows = sqlx::query("SELECT * FROM requests WHERE host = $1 ORDER BY changed DESC LIMIT $2")
            .bind(host.to_string())
            .bind(LISTED)
            .fetch_all(&self.db)
            .await
            .map_err(on(what))?;
        let mut until = Time(0);
        for row in &rows {
            let one = asked(row)?;
            if !one.is_settled() {
                until = Time(until.0.max(one.expires.0.min(one.changed.0 + BRISK)));
            }
        }
        Ok(until)
    }

    /// Ids of a host's requests that it said nothing of and may still answer, and of those that were taken back and that it has
    /// not ended; oldest first, at most `most` of each.
    pub async fn waiting(&self, host: HostId, now: Time, most: usize) -> Result<(Vec<RequestId>, Vec<RequestId>), StoreError> {
        let rows = sqlx::query("SELECT * FROM requests WHERE host = $1 AND (expires > $2 OR cancel IS NOT NULL) AND created > $3 ORDER BY created, id")
            .bind(host.to_string())
            .bind(now.0)
            // Older ones are over on any host: a request lives for 7 days, and a host remembers it for 7 more.
            .bind(now.0 - 14 * 24 * 3600)
            .fetch_all(&self.db)
            .await
            .map_err(on("looking for what waits for a host"))?;
        let rows = rows.iter().map(asked).collect::<Result<Vec<_>, _>>()?;
        let (cancelled, open): (Vec<&Asked>, Vec<&Asked>) = rows.iter().partition(|asked| asked.cancel.is_some());
        let open = open.iter().filter(|asked| asked.state.is_none()).map(|asked| asked.id);
        let cancelled = cancelled.iter().filter(|asked| !asked.state.is_some_and(State::is_over)).map(|asked| asked.id);
        Ok((open.take(most).collect(), cancelled.take(most).collect()))
    }
}
