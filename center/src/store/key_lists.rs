//! What the next keysets list beside the center's own keys: engineers' keys, and keys that count no more. In: public keys,
//! fingerprints. Out: the same, oldest first. Never: takes a key from a list, holds a private one.

use oediag_protocol::{
    id::TenantId,
    keyset::{EngineerKey, Revoked},
    sshsig::PublicKey,
    text::Line,
    time::Time,
};

use super::{Store, StoreError, on};

impl Store {
    /// The tenants that have a keyset.
    pub async fn tenants_with_keysets(&self) -> Result<Vec<TenantId>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT DISTINCT tenant FROM keysets ORDER BY tenant")
            .fetch_all(&self.db)
            .await
            .map_err(on("listing tenants with keysets"))?;
        rows.into_iter().map(|(id,)| TenantId::parse(&id).ok_or(StoreError::Row { table: "keysets" })).collect()
    }

    /// Adds an engineer's key; false when it is listed already.
    pub async fn add_engineer_key(&self, engineer: &Line, key: &PublicKey, now: Time) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO engineer_keys (keyid, engineer, public, added) VALUES ($1, $2, $3, $4) ON CONFLICT (keyid) DO NOTHING",
        )
        .bind(key.fingerprint())
        .bind(engineer.as_str())
        .bind(key.to_string())
        .bind(now.0)
        .execute(&self.db)
        .await
        .map_err(on("adding an engineer's key"))?;
        Ok(done.rows_affected() == 1)
    }

    /// The engineers' keys, revoked or not, oldest first.
    pub async fn engineer_keys(&self) -> Result<Vec<EngineerKey>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT engineer, public FROM engineer_keys ORDER BY added, keyid")
            .fetch_all(&self.db)
            .await
            .map_err(on("reading engineers' keys"))?;
        let bad = || StoreError::Row { table: "engineer_keys" };
        let read = |(engineer, public): (String, String)| {
            Ok(EngineerKey { id: Line::parse(&engineer).ok_or_else(bad)?, key: PublicKey::parse(&public).map_err(|_| bad())? })
        };
        rows.into_iter().map(read).collect()
    }

    /// Notes that a key counts no more since a moment; the first such moment stays.
    pub async fn revoke_key(&self, keyid: &str, since: Time) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO revoked_keys (keyid, since) VALUES ($1, $2) ON CONFLICT (keyid) DO NOTHING")
            .bind(keyid)
            .bind(since.0)
            .execute(&self.db)
            .await
            .map_err(on("revoking a key"))?;
        Ok(())
    }

    /// The keys that count no more.
    pub async fn revoked_keys(&self) -> Result<Vec<Revoked>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as("SELECT keyid, since FROM revoked_keys ORDER BY since, keyid")
            .fetch_all(&self.db)
            .await
            .map_err(on("reading revoked keys"))?;
        let bad = || StoreError::Row { table: "revoked_keys" };
        let read =
            |(keyid, since): (String, i64)| Ok(Revoked { keyid: Line::parse(&keyid).ok_or_else(bad)?, since: Time(since) });
        rows.into_iter().map(read).collect()
    }
}
