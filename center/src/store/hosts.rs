//! Enrolled hosts, and the requests they signed. In: ids, fingerprints, nonces. Out: a host with its keys.
//! Never: forgets a nonce before it is worthless.

use oediag_protocol::{
    id::{HostId, TenantId},
    sshsig::PublicKey,
    time::Time,
};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    inboxes::bump,
    on,
};

/// Most nonces of one host that are remembered at a time; a host that sends its largest file in its smallest chunks needs half.
const NONCES: i64 = 20_000;

/// A host that enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its id.
    pub id: HostId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The key that signs bundles and consent.
    pub key: PublicKey,
    /// The key that signs requests.
    pub transport_key: PublicKey,
    /// What it said of its system, as JSON: text of a stranger.
    pub os: String,
    /// When it enrolled.
    pub enrolled: Time,
    /// Since when nothing of it counts.
    pub revoked: Option<Time>,
}

/// What became of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonce {
    /// It is new and now remembered.
    New,
    /// It was used before.
    Used,
    /// The host has too many that must be remembered.
    TooMany,
}

type Row = (String, String, String, String, String, i64, Option<i64>);

fn host((id, tenant, key, transport_key, os, enrolled, revoked): Row) -> Result<Host, StoreError> {
    let bad = || StoreError::Row { table: "hosts" };
    Ok(Host {
        id: HostId::parse(&id).ok_or_else(bad)?,
        tenant: TenantId::parse(&tenant).ok_or_else(bad)?,
        key: PublicKey::parse(&key).map_err(|_| bad())?,
        transport_key: PublicKey::parse(&transport_key).map_err(|_| bad())?,
        os,
        enrolled: Time(enrolled),
        revoked: revoked.map(Time),
    })
}

impl Store {
    /// The host of this id, whatever its tenant.
    pub async fn host(&self, id: HostId) -> Result<Option<Host>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as("SELECT id, tenant, host_key, transport_key, os, enrolled, revoked FROM hosts WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(&self.db)
                .await
                .map_err(on("looking for a host"))?;
        row.map(host).transpose()
    }

    /// The host whose transport key has this fingerprint.
    pub async fn host_by_key(&self, keyid: &str) -> Result<Option<Host>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, tenant, host_key, transport_key, os, enrolled, revoked FROM hosts WHERE transport_keyid = $1",
        )
        .bind(keyid)
        .fetch_optional(&self.db)
        .await
        .map_err(on("looking for a host's key"))?;
        row.map(host).transpose()
    }

    /// From now on nothing of this host of the tenant's counts. False when it is not there, or was revoked before.
    pub async fn revoke_host(&self, tenant: &TenantId, id: HostId, actor: &str, now: Time) -> Result<bool, StoreError> {
        let what = "revoking a host";
        let mut tx = self.write().await?;
        let done = sqlx::query("UPDATE hosts SET revoked = $1 WHERE id = $2 AND tenant = $3 AND revoked IS NULL")
            .bind(now.0)
            .bind(id.to_string())
            .bind(tenant.as_str())
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        bump(&mut tx, id).await?;
        let object = id.to_string();
        append(&mut tx, now, Entry { event: "host_revoked", actor, tenant: Some(tenant.as_str()), object: Some(&object) })
            .await?;
        tx.commit().await.map_err(on(what))?;
        Ok(true)
    }

    /// Remembers a nonce until a moment after which no request with it can count.
    pub async fn remember_nonce(&self, host: HostId, nonce: &str, until: Time) -> Result<Nonce, StoreError> {
        let what = "remembering a nonce";
        let mut tx = self.write().await?;
        let host = host.to_string();
        let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM nonces WHERE host = $1")
            .bind(&host)
            .fetch_one(&mut *tx)
            .await
            .map_err(on(what))?;
        if count >= NONCES {
            return Ok(Nonce::TooMany);
        }
        let done =
            sqlx::query("INSERT INTO nonces (host, nonce, until) VALUES ($1, $2, $3) ON CONFLICT (host, nonce) DO NOTHING")
                .bind(&host)
                .bind(nonce)
                .bind(until.0)
                .execute(&mut *tx)
                .await
                .map_err(on(what))?;
        tx.commit().await.map_err(on(what))?;
        Ok(if done.rows_affected() == 1 { Nonce::New } else { Nonce::Used })
    }

    /// Forgets nonces with which nothing counts any more.
    pub async fn sweep_nonces(&self, now: Time) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM nonces WHERE until < $1")
            .bind(now.0)
            .execute(&self.db)
            .await
            .map_err(on("forgetting nonces"))?;
        Ok(())
    }
}
