//! Enrolment tokens, and the one step in which a token is used up and a host is stored.
//!
//! In: verifiers; verified requests. Out: whether the host is enrolled. Never: stores a token, counts the same host twice.

use oediag_protocol::{
    enroll::{EnrollRequest, Verifier},
    id::TenantId,
    time::Time,
};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    on,
};

/// What an enrolment token is good for.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// With whom it enrols.
    pub tenant: TenantId,
    /// What checks the proof in a request.
    pub verifier: Verifier,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrol {
    /// The host is enrolled, now or since an earlier request of the same keys with the same token.
    Done,
    /// The token is used up, expired, or not there.
    TokenOver,
    /// The id or the transport key is another host's, or the host's keys are others.
    Known,
    /// The host was revoked.
    Revoked,
}

impl Store {
    /// Stores a token's verifier, good for `hosts` hosts until `until`.
    pub async fn new_enrolment(
        &self,
        tenant: &TenantId,
        verifier: &Verifier,
        hosts: u32,
        now: Time,
        until: Time,
    ) -> Result<(), StoreError> {
        self.ensure_tenant(tenant.as_str(), now).await?;
        let text = serde_json::to_string(verifier).map_err(|_| StoreError::Row { table: "enrolments" })?;
        sqlx::query(
            "INSERT INTO enrolments (id, tenant, verifier, hosts_most, hosts_used, created, expires) VALUES ($1, $2, $3, $4, 0, $5, $6)",
        )
        .bind(verifier.id().to_string())
        .bind(tenant.as_str())
        .bind(text)
        .bind(i64::from(hosts))
        .bind(now.0)
        .bind(until.0)
        .execute(&self.db)
        .await
        .map_err(on("storing an enrolment token"))?;
        Ok(())
    }

    /// The token that a request names, used up or not.
    pub async fn enrolment(&self, request: &EnrollRequest) -> Result<Option<Enrolment>, StoreError> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT tenant, verifier FROM enrolments WHERE id = $1")
            .bind(request.token.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for an enrolment token"))?;
        let Some((tenant, verifier)) = row else { return Ok(None) };
        let bad = || StoreError::Row { table: "enrolments" };
        let verifier = serde_json::from_str(&verifier).map_err(|_| bad())?;
        Ok(Some(Enrolment { tenant: TenantId::parse(&tenant).ok_or_else(bad)?, verifier }))
    }

    /// Enrols a host whose request was verified, in one step with its token and the audit log.
    pub async fn enrol(&self, request: &EnrollRequest, now: Time) -> Result<Enrol, StoreError> {
        let what = "enrolling a host";
        let mut tx = self.write().await?;
        let (id, token) = (request.host_id.to_string(), request.token.to_string());
        let keyid = request.transport_key.fingerprint();
        let known: Vec<(String, String, String, String, Option<i64>)> = sqlx::query_as(
            "SELECT id, host_key, transport_key, enrolment, revoked FROM hosts WHERE id = $1 OR transport_keyid = $2",
        )
        .bind(&id)
        .bind(&keyid)
        .fetch_all(&mut *tx)
        .await
        .map_err(on(what))?;
        let token_row: Option<(String, i64, i64, i64)> =
            sqlx::query_as("SELECT tenant, hosts_most, hosts_used, expires FROM enrolments WHERE id = $1")
                .bind(&token)
                .fetch_optional(&mut *tx)
                .await
                .map_err(on(what))?;
        let Some((tenant, most, used, _)) = token_row.filter(|(.., expires)| now.0 < *expires) else {
            return Ok(Enrol::TokenOver);
        };
        if !known.is_empty() {
            let asked = (&id, &request.host_key.to_string(), &request.transport_key.to_string(), &token);
            let same = known.iter().all(|(id, key, transport, enrolment, _)| (id, key, transport, enrolment) == asked);
            let revoked = known.iter().any(|(.., revoked)| revoked.is_some());
            return Ok(if !same {
                Enrol::Known
            } else if revoked {
                Enrol::Revoked
            } else {
                Enrol::Done
            });
        }
        if used >= most {
            return Ok(Enrol::TokenOver);
        }
        let os = serde_json::to_string(&request.os).map_err(|_| StoreError::Row { table: "hosts" })?;
        sqlx::query("UPDATE enrolments SET hosts_used = hosts_used + 1 WHERE id = $1")
            .bind(&token)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        sqlx::query(
            "INSERT INTO hosts (id, tenant, host_key, transport_key, transport_keyid, os, enrolment, enrolled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&id)
        .bind(&tenant)
        .bind(request.host_key.to_string())
        .bind(request.transport_key.to_string())
        .bind(&keyid)
        .bind(os)
        .bind(&token)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        let actor = format!("host {id}");
        append(&mut tx, now, Entry { event: "host_enrolled", actor: &actor, tenant: Some(&tenant), object: Some(&id) }).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(Enrol::Done)
    }
}
