//! Enrolment tokens, and the one step in which a token is used up and a host is stored.
//!
//! In: verifiers; verified requests. Out: whether the host is enrolled. Never: stores a token, counts the same host twice.

use oediag_protocol::{
    bundle::manifest::Os,
    digest::Sha256,
    enroll::{EnrollRequest, Verifier},
    id::TenantId,
    kit::Admission,
    sshsig::PublicKey,
    time::Time,
};
use sqlx::{Sqlite, Transaction};

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
        sqlx::query("UPDATE enrolments SET hosts_used = hosts_used + 1 WHERE id = $1")
            .bind(&token)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        let keys = (&request.host_key, &request.transport_key);
        insert(&mut tx, Newcomer { id: &id, tenant: &tenant, keys, os: &request.os, enrolment: &token }, now).await?;
        let actor = format!("host {id}");
        append(&mut tx, now, Entry { event: "host_enrolled", actor: &actor, tenant: Some(&tenant), object: Some(&id) }).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(Enrol::Done)
    }

    /// Admits a host whose admission was verified and whose key `actor` compared. It stands for a token that was good for this host alone.
    pub async fn admit(&self, admission: &Admission, paper: Sha256, actor: &str, now: Time) -> Result<Enrol, StoreError> {
        let what = "admitting a host";
        let mut tx = self.write().await?;
        let (id, tenant) = (admission.host_id.to_string(), admission.tenant_id.as_str());
        let keys = (&admission.host_key, &admission.transport_key);
        let known: Vec<(String, String, String, String, Option<i64>)> = sqlx::query_as(
            "SELECT id, tenant, host_key, transport_key, revoked FROM hosts WHERE id = $1 OR transport_keyid = $2",
        )
        .bind(&id)
        .bind(keys.1.fingerprint())
        .fetch_all(&mut *tx)
        .await
        .map_err(on(what))?;
        if !known.is_empty() {
            let told = (id.clone(), tenant.to_owned(), keys.0.to_string(), keys.1.to_string());
            let same = known
                .iter()
                .all(|(id, tenant, key, transport, _)| (id, tenant, key, transport) == (&told.0, &told.1, &told.2, &told.3));
            let revoked = known.iter().any(|(.., revoked)| revoked.is_some());
            return Ok(match (same, revoked) {
                (false, _) => Enrol::Known,
                (true, true) => Enrol::Revoked,
                (true, false) => Enrol::Done,
            });
        }
        let enrolment = format!("admission {paper}");
        sqlx::query(
            "INSERT INTO enrolments (id, tenant, verifier, hosts_most, hosts_used, created, expires) VALUES ($1, $2, '', 1, 1, $3, $3)",
        )
        .bind(&enrolment)
        .bind(tenant)
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        insert(&mut tx, Newcomer { id: &id, tenant, keys, os: &admission.os, enrolment: &enrolment }, now).await?;
        append(&mut tx, now, Entry { event: "host_admitted", actor, tenant: Some(tenant), object: Some(&id) }).await?;
        tx.commit().await.map_err(on(what))?;
        Ok(Enrol::Done)
    }
}

/// A host that is not known yet.
struct Newcomer<'a> {
    id: &'a str,
    tenant: &'a str,
    /// Host key and transport key.
    keys: (&'a PublicKey, &'a PublicKey),
    os: &'a Os,
    enrolment: &'a str,
}

async fn insert(tx: &mut Transaction<'_, Sqlite>, host: Newcomer<'_>, now: Time) -> Result<(), StoreError> {
    let Newcomer { id, tenant, keys: (host_key, transport_key), os, enrolment } = host;
    let os = serde_json::to_string(os).map_err(|_| StoreError::Row { table: "hosts" })?;
    sqlx::query(
        "INSERT INTO hosts (id, tenant, host_key, transport_key, transport_keyid, os, enrolment, enrolled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id)
    .bind(tenant)
    .bind(host_key.to_string())
    .bind(transport_key.to_string())
    .bind(transport_key.fingerprint())
    .bind(os)
    .bind(enrolment)
    .bind(now.0)
    .execute(&mut **tx)
    .await
    .map_err(on("storing a host"))?;
    Ok(())
}
