//! Rows of stored bundles, and the one step in which a bundle is stored and acked. In: a tenant and an id. Out: rows of that
//! tenant only. Never: two rows for the same bytes.

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    id::{BundleId, HostId, ReceiptId, TenantId},
    time::Time,
};
use sqlx::{Row as _, sqlite::SqliteRow};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    on,
    summaries::{Summary, new_summary},
};

/// How far the checks of a bundle are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Stored and acked; nothing of its contents is known yet.
    Received,
    /// Its documents can be shown where they were found; the checks of all of it go on.
    Checking,
    /// Every check passed.
    Ready,
    /// A check failed, for this reason.
    Rejected(String),
    /// Its bytes and all that was found in them are gone; the row says that it was here.
    Deleted,
}

impl State {
    /// The word of its column.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Checking => "checking",
            Self::Ready => "ready",
            Self::Rejected(_) => "rejected",
            Self::Deleted => "deleted",
        }
    }

    fn parse(word: &str, reason: Option<String>) -> Option<Self> {
        match word {
            "received" => Some(Self::Received),
            "checking" => Some(Self::Checking),
            "ready" => Some(Self::Ready),
            "rejected" => Some(Self::Rejected(reason.unwrap_or_default())),
            "deleted" => Some(Self::Deleted),
            _ => None,
        }
    }
}

/// Where the sealed file lies, and which bytes of it are the ciphertext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its name in the object store.
    pub object: String,
    /// Bytes of the whole file.
    pub object_bytes: u64,
    /// Where the ciphertext begins.
    pub payload_at: u64,
    /// Bytes of the ciphertext.
    pub payload_bytes: u64,
    /// Digest of the ciphertext.
    pub payload: Sha256,
    /// Digest of the ciphertext's first 64 KiB: enough to tell at every opening that it is the same one.
    pub head: Sha256,
}

/// A bundle that is in the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its id.
    pub id: BundleId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who made it.
    pub host: HostId,
    /// The receipt under which it may be read.
    pub receipt: ReceiptId,
    /// Its bytes.
    pub sealed: Sealed,
    /// Packed size.
    pub bytes: u64,
    /// When it came in.
    pub received: Time,
    /// Whether the run that made it was finished.
    pub complete: bool,
    /// Fingerprint of the key that signed it.
    pub signer: String,
    /// How far its checks are.
    pub state: State,
    /// Its name, without `.tar.gz`; its id until the manifest was read.
    pub name: String,
    /// Where its manifest begins; none until it was found.
    pub manifest_at: Option<u64>,
    /// When its collection began; when it was sealed until the manifest was read.
    pub started: Time,
    /// How many alerts it holds; 0 until they were read.
    pub alerts: u64,
}

/// What the documents of a bundle tell, for its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name, without `.tar.gz`.
    pub name: String,
    /// Where its manifest begins.
    pub manifest_at: u64,
    /// When its collection began.
    pub started: Time,
    /// How many alerts it holds.
    pub alerts: u64,
    /// What the list shows of it.
    pub summary: Summary,
}

/// What became of a bundle that was to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is stored, and this is its ack.
    New(String),
    /// The same bytes were stored before, under the same receipt, with this ack.
    Known(String),
    /// The tenant has other bytes under this id, or the same ones under another receipt; or the receipt is not what it was.
    Other,
    /// Receipt or host do not count at this moment.
    Closed,
    /// The upload was ended while it was read.
    Ended,
}

/// A row with all columns.
fn bundle(row: &SqliteRow) -> Result<Bundle, StoreError> {
    let bad = || StoreError::Row { table: "bundles" };
    let text = |name: &str| row.try_get::<String, _>(name).map_err(|_| bad());
    let number = |name: &str| row.try_get::<i64, _>(name).map_err(|_| bad());
    let perhaps = |name: &str| row.try_get::<Option<i64>, _>(name).map_err(|_| bad());
    let digest = |name: &str| Sha256::parse(&text(name)?).ok_or_else(bad);
    let words = |name: &str| row.try_get::<Option<String>, _>(name).map_err(|_| bad());
    let id = text("id")?;
    Ok(Bundle {
        id: BundleId::parse(&id).ok_or_else(bad)?,
        tenant: TenantId::parse(&text("tenant")?).ok_or_else(bad)?,
        host: HostId::parse(&text("host")?).ok_or_else(bad)?,
        receipt: ReceiptId::parse(&text("receipt")?).ok_or_else(bad)?,
        sealed: Sealed {
            object: text("object")?,
            object_bytes: number("object_bytes")? as u64,
            payload_at: number("payload_at")? as u64,
            payload_bytes: number("payload_bytes")? as u64,
            payload: digest("payload")?,
            head: digest("head")?,
        },
        bytes: number("bytes")? as u64,
        received: Time(number("received")?),
        complete: number("complete")? != 0,
        signer: text("signer")?,
        state: State::parse(&text("state")?, words("reason")?).ok_or_else(bad)?,
        name: words("name")?.unwrap_or(id),
        manifest_at: perhaps("manifest_at")?.map(|at| at as u64),
        started: Time(perhaps("started")?.unwrap_or(number("sealed")?)),
        alerts: perhaps("alerts")?.unwrap_or_default() as u64,
    })
}

/// Receipt, payload, ack and state of a bundle.
type Known = (String, String, String, String);

/// What it means that a bundle comes again.
fn again((under, stored, ack, state): Known, receipt: ReceiptId, payload: Sha256) -> Kept {
    if state == State::Deleted.word() {
        Kept::Closed
    } else if under == receipt.to_string() && stored == payload.to_string() {
        Kept::Known(ack)
    } else {
        Kept::Other
    }
}

impl Store {
    /// Stores a bundle whose bytes are in the object store: its row, the audit line, the end of its upload, and the ack that
    /// `sign` makes of the audit log's head, all or nothing.
    pub async fn keep_bundle<E: From<StoreError>>(
        &self,
        new: &Bundle,
        upload: &str,
        actor: &str,
        sign: impl FnOnce(LedgerHead) -> Result<String, E>,
    ) -> Result<Kept, E> {
        let what = "storing a bundle";
        let mut tx = self.write().await?;
        let (id, tenant, now) = (new.id.to_string(), new.tenant.as_str(), new.received);
        let known: Option<Known> =
            sqlx::query_as("SELECT receipt, payload, ack, state FROM bundles WHERE tenant = $1 AND id = $2")
                .bind(tenant)
                .bind(&id)
                .fetch_optional(&mut *tx)
                .await
                .map_err(on(what))?;
        if let Some(known) = known {
            return Ok(again(known, new.receipt, new.sealed.payload));
        }
        // As the documents are at this moment: they are what every later opening is judged by.
        let receipt: Option<(String,)> = sqlx::query_as(
            "SELECT receipts.payload FROM receipts JOIN hosts ON hosts.id = receipts.host WHERE receipts.tenant = $1 \
             AND receipts.id = $2 AND receipts.withdrawn IS NULL AND receipts.delete_by > $3 AND hosts.revoked IS NULL",
        )
        .bind(tenant)
        .bind(new.receipt.to_string())
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(on(what))?;
        let Some((payload,)) = receipt else { return Ok(Kept::Closed) };
        if payload != new.sealed.payload.to_string() {
            return Ok(Kept::Other);
        }
        let ended = sqlx::query("UPDATE uploads SET ended = $1, bundle = $2 WHERE id = $3 AND ended IS NULL")
            .bind(now.0)
            .bind(&id)
            .bind(upload)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        // Whoever ended it deletes its bytes.
        if ended.rows_affected() != 1 {
            return Ok(Kept::Ended);
        }
        let entry = Entry { event: "bundle_stored", actor, tenant: Some(tenant), object: Some(&id) };
        let ack = sign(append(&mut tx, now, entry).await?)?;
        sqlx::query(
            "INSERT INTO bundles (id, tenant, host, receipt, object, object_bytes, payload_at, payload_bytes, payload, head, bytes, \
             sealed, received, complete, signer, state, ack) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        )
        .bind(&id)
        .bind(tenant)
        .bind(new.host.to_string())
        .bind(new.receipt.to_string())
        .bind(&new.sealed.object)
        .bind(new.sealed.object_bytes as i64)
        .bind(new.sealed.payload_at as i64)
        .bind(new.sealed.payload_bytes as i64)
        .bind(new.sealed.payload.to_string())
        .bind(new.sealed.head.to_string())
        .bind(new.bytes as i64)
        .bind(new.started.0)
        .bind(now.0)
        .bind(i64::from(new.complete))
        .bind(&new.signer)
        .bind(new.state.word())
        .bind(&ack)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        // A host without a network tells no events: what it answers is known by its receipt.
        sqlx::query(
            "UPDATE requests SET receipt = COALESCE(receipt, $1), state = COALESCE(state, 'stored'), changed = $2 \
             WHERE id = (SELECT request FROM receipts WHERE tenant = $3 AND id = $1)",
        )
        .bind(new.receipt.to_string())
        .bind(now.0)
        .bind(tenant)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        tx.commit().await.map_err(on(what))?;
        self.delete_upload_file(upload).await?;
        Ok(Kept::New(ack))
    }

    /// The ack of these bytes, when they are stored under this receipt; [`Kept::Other`] when the id is taken by others.
    pub async fn kept(
        &self,
        tenant: &TenantId,
        id: BundleId,
        receipt: ReceiptId,
        payload: Sha256,
    ) -> Result<Option<Kept>, StoreError> {
        let row: Option<Known> = sqlx::query_as("SELECT receipt, payload, ack, state FROM bundles WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for an ack"))?;
        Ok(row.map(|known| again(known, receipt, payload)))
    }

    /// Writes down how far a bundle's checks are, and what its documents tell, where they were read; nothing of one that was deleted.
    pub async fn bundle_checked(&self, bundle: &Bundle, state: &State, told: Option<&Told>) -> Result<(), StoreError> {
        let what = "writing down the checks of a bundle";
        let mut tx = self.write().await?;
        let reason = if let State::Rejected(reason) = state { Some(reason.as_str()) } else { None };
        let done = sqlx::query(
            "UPDATE bundles SET state = $1, reason = $2, name = COALESCE($3, name), manifest_at = COALESCE($4, manifest_at), \
             started = COALESCE($5, started), alerts = COALESCE($6, alerts) WHERE tenant = $7 AND id = $8 AND state <> 'deleted'",
        )
        .bind(state.word())
        .bind(reason)
        .bind(told.map(|told| told.name.as_str()))
        .bind(told.map(|told| told.manifest_at as i64))
        .bind(told.map(|told| told.started.0))
        .bind(told.map(|told| told.alerts as i64))
        .bind(bundle.tenant.as_str())
        .bind(bundle.id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        if let Some(told) = told.filter(|_| done.rows_affected() == 1) {
            new_summary(&mut tx, bundle.tenant.as_str(), bundle.id, &told.summary).await?;
        }
        tx.commit().await.map_err(on(what))
    }

    /// All tenants' bundles in this state whose receipt and host count now, oldest first, at most `most`.
    pub async fn bundles_in(&self, state: &State, now: Time, most: usize) -> Result<Vec<Bundle>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM bundles WHERE state = $1 AND EXISTS (SELECT 1 FROM receipts JOIN hosts ON hosts.id = receipts.host \
             WHERE receipts.tenant = bundles.tenant AND receipts.id = bundles.receipt AND receipts.withdrawn IS NULL \
             AND receipts.delete_by > $2 AND hosts.revoked IS NULL) ORDER BY received, id LIMIT $3",
        )
        .bind(state.word())
        .bind(now.0)
        .bind(most as i64)
        .fetch_all(&self.db)
        .await
        .map_err(on("listing bundles to check"))?;
        rows.iter().map(bundle).collect()
    }

    /// The tenant's bundle of this id.
    pub async fn bundle(&self, tenant: &str, id: BundleId) -> Result<Option<Bundle>, StoreError> {
        let row = sqlx::query("SELECT * FROM bundles WHERE tenant = $1 AND id = $2")
            .bind(tenant)
            .bind(id.to_string())
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for a bundle"))?;
        row.as_ref().map(bundle).transpose()
    }

    /// The tenant's newest bundles, at most `most`.
    pub async fn bundles(&self, tenant: &str, most: u32) -> Result<Vec<Bundle>, StoreError> {
        let rows = sqlx::query("SELECT * FROM bundles WHERE tenant = $1 ORDER BY received DESC, id LIMIT $2")
            .bind(tenant)
            .bind(i64::from(most))
            .fetch_all(&self.db)
            .await
            .map_err(on("listing bundles"))?;
        rows.iter().map(bundle).collect()
    }
}
