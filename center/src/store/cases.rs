//! Service requests that customers opened. In: signed openings and confirmations, what the center did. Out: how cases stand.
//! Never: a state that does not follow from the one before.

use oediag_protocol::{
    case::{Confirm, Open, Standing, State},
    id::{HostId, TenantId},
    keyset::Severity,
    text::Line,
    time::Time,
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    on,
    requests::{severity, severity_of},
};

/// Most cases of one host within a day.
const DAILY: i64 = 50;
const DAY: i64 = 24 * 3600;
/// Most cases that a host or a page is shown.
const LISTED: i64 = 200;
/// Number of the first case: every id has the same length for long.
const FIRST: i64 = 10_001;

/// What became of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It is open, now or since the same document came before.
    As(Standing),
    /// The host opened too many within a day.
    TooMany,
}

/// What happens to a case at the center.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An engineer takes it.
    Accept,
    /// The engineer thinks that it is solved.
    Resolve,
    /// It ends otherwise.
    Close,
}

/// A case with what only the center sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The customer.
    pub tenant: TenantId,
    /// The host it was opened on.
    pub host: HostId,
    /// What else the customer said.
    pub description: String,
    /// How to reach who opened it.
    pub contact: String,
    /// How it stands.
    pub standing: Standing,
}

/// The moment until which the first answer is due: 30 min, 60 min, 2 h; the same time of the next working day for P4.
fn respond_by(severity: Severity, opened: Time) -> Time {
    let after = |seconds: i64| Time(opened.0 + seconds);
    match severity {
        Severity::P1 => after(30 * 60),
        Severity::P2 => after(60 * 60),
        Severity::P3 => after(2 * 3600),
        // 1970-01-01 was a Thursday: Friday is the second day of that week, Saturday the third.
        Severity::P4 => match (opened.0 / DAY).rem_euclid(7) {
            1 => after(3 * DAY),
            2 => after(2 * DAY),
            _ => after(DAY),
        },
    }
}

fn case(row: &SqliteRow) -> Result<Case, StoreError> {
    let bad = || StoreError::Row { table: "cases" };
    let text = |name: &str| row.try_get::<String, _>(name).map_err(|_| bad());
    let line = |name: &str| Line::parse(&text(name)?).ok_or_else(bad);
    let time = |name: &str| row.try_get::<i64, _>(name).map(Time).map_err(|_| bad());
    let perhaps = |name: &str| row.try_get::<Option<i64>, _>(name).map(|time| time.map(Time)).map_err(|_| bad());
    let engineer = row.try_get::<Option<String>, _>("engineer").map_err(|_| bad())?;
    Ok(Case {
        tenant: TenantId::parse(&text("tenant")?).ok_or_else(bad)?,
        host: HostId::parse(&text("host")?).ok_or_else(bad)?,
        description: text("description")?,
        contact: text("contact")?,
        standing: Standing {
            case: line("id")?,
            severity: severity_of(&text("severity")?).ok_or_else(bad)?,
            title: line("title")?,
            state: state_of(&text("state")?).ok_or_else(bad)?,
            opened: time("opened")?,
            accepted: perhaps("accepted")?,
            respond_by: time("respond_by")?,
            engineer: engineer.map(|name| Line::parse(&name).ok_or_else(bad)).transpose()?,
            resolved: perhaps("resolved")?,
            confirmed: perhaps("confirmed")?,
        },
    })
}

const STATES: [(State, &str); 5] = [
    (State::Open, "open"),
    (State::Accepted, "accepted"),
    (State::Resolved, "resolved"),
    (State::Confirmed, "confirmed"),
    (State::Closed, "closed"),
];

fn state_of(word: &str) -> Option<State> {
    STATES.iter().find(|(_, known)| *known == word).map(|(state, _)| *state)
}

impl Store {
    /// Opens a case; the same key of the same host opens it once.
    pub async fn open_case(&self, open: &Open, signed: &str, now: Time) -> Result<Opened, StoreError> {
        let what = "opening a case";
        let mut tx = self.write().await?;
        let (host, key) = (open.host_id.to_string(), open.key.to_string());
        let known = sqlx::query("SELECT * FROM cases WHERE host = $1 AND opener = $2")
            .bind(&host)
            .bind(&key)
            .fetch_optional(&mut *tx)
            .await
            .map_err(on(what))?;
        if let Some(row) = known {
            return Ok(Opened::As(case(&row)?.standing));
        }
        let (today,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM cases WHERE host = $1 AND opened > $2")
            .bind(&host)
            .bind(now.0 - DAY)
            .fetch_one(&mut *tx)
            .await
            .map_err(on(what))?;
        if today >= DAILY {
            return Ok(Opened::TooMany);
        }
        // No case is ever deleted: their count is the number of the last one.
        let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM cases").fetch_one(&mut *tx).await.map_err(on(what))?;
        let (id, tenant) = (format!("SR-{}", FIRST + count), open.tenant_id.as_str());
        sqlx::query(
            "INSERT INTO cases (id, tenant, host, severity, title, state, description, contact, opener, signed, opened, respond_by) \
             VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10, $11)",
        )
        .bind(&id)
        .bind(tenant)
        .bind(&host)
        .bind(severity(open.severity))
        .bind(open.title.as_str())
        .bind(open.description.as_str())
        .bind(open.contact.as_str())
        .bind(&key)
        .bind(signed)
        .bind(now.0)
        .bind(respond_by(open.severity, now).0)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        let actor = format!("host {host}");
        append(&mut tx, now, Entry { event: "case_opened", actor: &actor, tenant: Some(tenant), object: Some(&id) }).await?;
        let row = sqlx::query("SELECT * FROM cases WHERE id = $1").bind(&id).fetch_one(&mut *tx).await.map_err(on(what))?;
        tx.commit().await.map_err(on(what))?;
        Ok(Opened::As(case(&row)?.standing))
    }

    /// The customer says whether a case of this host is solved. None when there is no such case, or it is not resolved: the
    /// answer to a solution, given once more, is no error.
    pub async fn confirm_case(&self, confirm: &Confirm, signed: &str, now: Time) -> Result<Option<Standing>, StoreError> {
        let what = "confirming a case";
        let mut tx = self.write().await?;
        let (id, host) = (confirm.case.as_str(), confirm.host_id.to_string());
        let find = || sqlx::query("SELECT * FROM cases WHERE id = $1 AND host = $2").bind(id).bind(&host);
        let Some(row) = find().fetch_optional(&mut *tx).await.map_err(on(what))? else { return Ok(None) };
        let known = case(&row)?.standing;
        let (to, word, confirmed) = if confirm.solved {
            (State::Confirmed, "case_confirmed", Some(now.0))
        } else {
            (State::Accepted, "case_reopened", None)
        };
        if known.state == to {
            return Ok(Some(known));
        }
        if known.state != State::Resolved {
            return Ok(None);
        }
        sqlx::query("UPDATE cases SET state = $1, confirmed = $2, confirmation = $3, resolved = CASE WHEN $2 IS NULL THEN NULL ELSE resolved END WHERE id = $4")
            .bind(word_of(to))
            .bind(confirmed)
            .bind(signed)
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        let actor = format!("host {host}");
        let tenant = Some(confirm.tenant_id.as_str());
        append(&mut tx, now, Entry { event: word, actor: &actor, tenant, object: Some(id) }).await?;
        let row = find().fetch_one(&mut *tx).await.map_err(on(what))?;
        tx.commit().await.map_err(on(what))?;
        Ok(Some(case(&row)?.standing))
    }

    /// Takes a case one step further for `engineer`; false when the step does not follow from its state.
    pub async fn step_case(
        &self,
        tenant: &TenantId,
        id: &str,
        step: Step,
        engineer: &str,
        now: Time,
    ) -> Result<bool, StoreError> {
        let what = "taking a case further";
        let mut tx = self.write().await?;
        let (sql, event) = match step {
            Step::Accept => (
                "UPDATE cases SET state = 'accepted', accepted = COALESCE(accepted, $1), engineer = $2 \
                 WHERE id = $3 AND tenant = $4 AND state IN ('open', 'accepted')",
                "case_accepted",
            ),
            Step::Resolve => (
                "UPDATE cases SET state = 'resolved', resolved = $1, engineer = $2 WHERE id = $3 AND tenant = $4 AND state = 'accepted'",
                "case_resolved",
            ),
            Step::Close => (
                "UPDATE cases SET state = 'closed', closed = $1, engineer = COALESCE(engineer, $2) \
                 WHERE id = $3 AND tenant = $4 AND state <> 'closed'",
                "case_closed",
            ),
        };
        let done = sqlx::query(sql)
            .bind(now.0)
            .bind(engineer)
            .bind(id)
            .bind(tenant.as_str())
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        append(&mut tx, now, Entry { event, actor: engineer, tenant: Some(tenant.as_str()), object: Some(id) }).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(true)
    }

    /// The tenant's case of this id.
    pub async fn case(&self, tenant: &TenantId, id: &str) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query("SELECT * FROM cases WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for a case"))?;
        row.as_ref().map(case).transpose()
    }

    /// The tenant's newest cases, of one host where it is named.
    pub async fn cases(&self, tenant: &TenantId, host: Option<HostId>) -> Result<Vec<Case>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM cases WHERE tenant = $1 AND ($2 IS NULL OR host = $2) ORDER BY opened DESC, id DESC LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(host.map(|host| host.to_string()))
        .bind(LISTED)
        .fetch_all(&self.db)
        .await
        .map_err(on("listing cases"))?;
        rows.iter().map(case).collect()
    }
}

fn word_of(state: State) -> &'static str {
    STATES.iter().find(|(known, _)| *known == state).map_or("", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_is_due_on_a_working_day() {
        let due = |severity, opened: &str| respond_by(severity, Time::parse(opened).expect("a time")).to_string();
        assert_eq!(due(Severity::P1, "2026-11-20T10:00:00Z"), "2026-11-20T10:30:00Z");
        assert_eq!(due(Severity::P2, "2026-11-20T10:00:00Z"), "2026-11-20T11:00:00Z");
        assert_eq!(due(Severity::P3, "2026-11-20T10:00:00Z"), "2026-11-20T12:00:00Z");
        for (opened, answer) in [("19", "20"), ("20", "23"), ("21", "23"), ("22", "23"), ("23", "24")] {
            let due = due(Severity::P4, &format!("2026-11-{opened}T10:00:00Z"));
            assert_eq!(due, format!("2026-11-{answer}T10:00:00Z"), "20 November 2026 is a Friday");
        }
    }
}
