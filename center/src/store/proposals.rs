//! Requests of level extended that wait for a lead, or for the signature of the engineer who asks.
//!
//! In: requests as JSON. Out: rows of one tenant. Never: a change of what was approved.

use oediag_protocol::{
    id::{HostId, RequestId, TenantId},
    time::Time,
};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    on,
};

/// Most that a page shows.
const LISTED: i64 = 500;

/// A request that is not signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The id that it will have.
    pub id: RequestId,
    /// The customer.
    pub tenant: TenantId,
    /// The host that is to be asked.
    pub host: HostId,
    /// The request; once approved, the bytes that are signed.
    pub paper: String,
    /// Who wrote it.
    pub composed_by: String,
    /// The lead who approved; none while it waits for one.
    pub approved_by: Option<String>,
    /// When it was written or approved.
    pub changed: Time,
}

type Row = (String, String, String, String, String, Option<String>, i64);

fn proposal((id, tenant, host, paper, composed_by, approved_by, changed): Row) -> Result<Proposal, StoreError> {
    let bad = || StoreError::Row { table: "proposals" };
    Ok(Proposal {
        id: RequestId::parse(&id).ok_or_else(bad)?,
        tenant: TenantId::parse(&tenant).ok_or_else(bad)?,
        host: HostId::parse(&host).ok_or_else(bad)?,
        paper,
        composed_by,
        approved_by,
        changed: Time(changed),
    })
}

impl Store {
    /// Keeps a request that a lead has to approve.
    pub async fn propose(&self, new: &Proposal) -> Result<(), StoreError> {
        let what = "keeping a request for a lead";
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO proposals (id, tenant, host, paper, composed_by, changed) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(new.id.to_string())
            .bind(new.tenant.as_str())
            .bind(new.host.to_string())
            .bind(&new.paper)
            .bind(&new.composed_by)
            .bind(new.changed.0)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        let object = format!("{} {}", new.id, new.host);
        let tenant = Some(new.tenant.as_str());
        append(&mut tx, new.changed, Entry { event: "request_proposed", actor: &new.composed_by, tenant, object: Some(&object) })
            .await?;
        tx.commit().await.map_err(on(what))
    }

    /// Notes a lead's approval of exactly this paper; false when it does not wait for one any more.
    pub async fn approve(
        &self,
        tenant: &TenantId,
        id: RequestId,
        lead: &str,
        paper: &str,
        now: Time,
    ) -> Result<bool, StoreError> {
        let what = "noting an approval";
        let mut tx = self.write().await?;
        let done = sqlx::query(
            "UPDATE proposals SET approved_by = $1, paper = $2, changed = $3 WHERE tenant = $4 AND id = $5 AND approved_by IS NULL",
        )
        .bind(lead)
        .bind(paper)
        .bind(now.0)
        .bind(tenant.as_str())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let object = id.to_string();
        let entry = Entry { event: "request_approved", actor: lead, tenant: Some(tenant.as_str()), object: Some(&object) };
        append(&mut tx, now, entry).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(true)
    }

    /// Takes a request out of those that wait, because a lead refused it (`by`), or because it was signed; false when it is not there.
    pub async fn drop_proposal(&self, tenant: &TenantId, id: RequestId, by: Option<&str>, now: Time) -> Result<bool, StoreError> {
        let what = "taking a request out of those that wait";
        let mut tx = self.write().await?;
        let done = sqlx::query("DELETE FROM proposals WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(by) = by {
            let object = id.to_string();
            let entry = Entry { event: "request_not_approved", actor: by, tenant: Some(tenant.as_str()), object: Some(&object) };
            append(&mut tx, now, entry).await?;
        }
        tx.commit().await.map_err(on(what))?;
        Ok(true)
    }

    /// One that waits.
    pub async fn proposal(&self, tenant: &TenantId, id: RequestId) -> Result<Option<Proposal>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, tenant, host, paper, composed_by, approved_by, changed FROM proposals WHERE tenant = $1 AND id = $2",
        )
        .bind(tenant.as_str())
        .bind(id.to_string())
        .fetch_optional(&self.db)
        .await
        .map_err(on("looking for a request that waits"))?;
        row.map(proposal).transpose()
    }

    /// All that wait, the oldest first.
    pub async fn proposals(&self, tenant: &TenantId) -> Result<Vec<Proposal>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, tenant, host, paper, composed_by, approved_by, changed FROM proposals WHERE tenant = $1 \
             ORDER BY changed, id LIMIT $2",
        )
        .bind(tenant.as_str())
        .bind(LISTED)
        .fetch_all(&self.db)
        .await
        .map_err(on("listing requests that wait"))?;
        rows.into_iter().map(proposal).collect()
    }
}
