//! Unfinished uploads: a row that says how far each is, and a file with its bytes.
//!
//! In: who sends what, and chunks. Out: places that hold after a crash: the row moves only after the bytes are on the disk.
//! Never: gives an upload to another sender than the one who made it, names a file by anything a sender chose.

use std::{fs, io, path::PathBuf, time::Duration};

use oediag_protocol::{
    id::{BundleId, ReceiptId},
    time::Time,
};

use super::{Store, StoreError, on};
use crate::secret;

/// One upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// 32 random hex digits; knowing them is not enough to use it.
    pub id: String,
    /// Whose it is.
    pub tenant: String,
    /// Who may go on with it.
    pub sender: String,
    /// Its announced length.
    pub bytes: u64,
    /// How much of it is on the disk.
    pub place: u64,
    /// The `Upload-Metadata` it was made with, as it came.
    pub metadata: String,
    /// The receipt under which it comes.
    pub receipt: ReceiptId,
    /// When it will be deleted unless it is whole.
    pub expires: Time,
}

/// What a new upload is.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// Who sends it.
    pub sender: &'a str,
    /// Its length.
    pub bytes: u64,
    /// The `Upload-Metadata` header.
    pub metadata: &'a str,
    /// The receipt that lets it come.
    pub receipt: ReceiptId,
    /// When it is made.
    pub now: Time,
    /// When it is deleted unless it is whole.
    pub expires: Time,
}

/// What one sender may have.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Unfinished uploads at one time.
    pub open: u64,
    /// Bytes announced within a day.
    pub day_bytes: u64,
}

/// Whether an upload was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// Under this id.
    As(String),
    /// The sender has as many unfinished ones as it may.
    TooManyOpen,
    /// The sender announced as much as it may within a day.
    TooMuchToday,
}

/// The object's name of a bundle that came in this upload: random, as the upload's id is.
pub fn object_of(id: &str) -> String {
    format!("bundles/{id}")
}

const DAY: Duration = Duration::from_hours(24);

type Row = (String, String, String, i64, i64, String, String, i64);

const COLUMNS: &str = "SELECT id, tenant, sender, bytes, place, metadata, receipt, expires FROM uploads WHERE id = $1 AND sender = $2 AND ended IS NULL";

impl Store {
    /// Where the bytes of an upload lie.
    pub fn upload_path(&self, id: &str) -> PathBuf {
        self.upload_folder().join(id)
    }

    /// Makes an upload with an empty file, unless the quota forbids it.
    pub async fn new_upload(&self, new: New<'_>, quota: Quota) -> Result<Made, StoreError> {
        let what = "making an upload";
        let mut tx = self.write().await?;
        let (open,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM uploads WHERE sender = $1 AND ended IS NULL AND place < bytes AND expires > $2")
                .bind(new.sender)
                .bind(new.now.0)
                .fetch_one(&mut *tx)
                .await
                .map_err(on(what))?;
        if open as u64 >= quota.open {
            return Ok(Made::TooManyOpen);
        }
        // A deleted upload counts as well: otherwise making and deleting would go round the quota.
        let sizes: Vec<(i64,)> = sqlx::query_as("SELECT bytes FROM uploads WHERE sender = $1 AND created > $2")
            .bind(new.sender)
            .bind(new.now.0 - DAY.as_secs() as i64)
            .fetch_all(&mut *tx)
            .await
            .map_err(on(what))?;
        let today = sizes.iter().fold(new.bytes, |sum, (bytes,)| sum.saturating_add(*bytes as u64));
        if today > quota.day_bytes {
            return Ok(Made::TooMuchToday);
        }
        let id = secret::random_hex::<16>()?;
        let path = self.upload_path(&id);
        let made = fs::File::create_new(&path).and_then(|file| file.sync_all());
        made.and_then(|()| fs::File::open(self.upload_folder())?.sync_all())
            .map_err(|source| StoreError::Io { path: path.clone(), source })?;
        sqlx::query(
            "INSERT INTO uploads (id, tenant, sender, bytes, place, metadata, receipt, created, expires) \
             VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)",
        )
        .bind(&id)
        .bind(new.tenant)
        .bind(new.sender)
        .bind(new.bytes as i64)
        .bind(new.metadata)
        .bind(new.receipt.to_string())
        .bind(new.now.0)
        .bind(new.expires.0)
        .execute(&mut *tx)
        .await
        .map_err(on(what))?;
        tx.commit().await.map_err(on(what))?;
        Ok(Made::As(id))
    }

    /// The sender's upload of this id; none when there is none, or another's, or a deleted one.
    pub async fn upload(&self, id: &str, sender: &str) -> Result<Option<Upload>, StoreError> {
        let row: Option<Row> =
            sqlx::query_as(COLUMNS).bind(id).bind(sender).fetch_optional(&self.db).await.map_err(on("looking for an upload"))?;
        let Some((id, tenant, sender, bytes, place, metadata, receipt, expires)) = row else { return Ok(None) };
        let receipt = ReceiptId::parse(&receipt).ok_or(StoreError::Row { table: "uploads" })?;
        let (bytes, place, expires) = (bytes as u64, place as u64, Time(expires));
        Ok(Some(Upload { id, tenant, sender, bytes, place, metadata, receipt, expires }))
    }

    /// The ack of the bundle as which the sender's finished upload was stored.
    pub async fn upload_ack(&self, id: &str, sender: &str) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as(
            "SELECT bundles.ack FROM uploads JOIN bundles ON bundles.tenant = uploads.tenant AND bundles.id = uploads.bundle \
             WHERE uploads.id = $1 AND uploads.sender = $2",
        )
        .bind(id)
        .bind(sender)
        .fetch_optional(&self.db)
        .await
        .map_err(on("looking for an ack"))?;
        Ok(row.map(|(ack,)| ack))
    }

    /// Moves an upload's place; false when it is no longer where it was, or is gone. Call it after the bytes are on the disk.
    pub async fn move_upload(&self, id: &str, from: u64, to: u64) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE uploads SET place = $1 WHERE id = $2 AND place = $3 AND ended IS NULL")
            .bind(to as i64)
            .bind(id)
            .bind(from as i64)
            .execute(&self.db)
            .await
            .map_err(on("moving an upload's place"))?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends an upload and deletes its bytes. The row stays for the day's quota.
    pub async fn end_upload(&self, id: &str, now: Time) -> Result<(), StoreError> {
        sqlx::query("UPDATE uploads SET ended = $1 WHERE id = $2 AND ended IS NULL")
            .bind(now.0)
            .bind(id)
            .execute(&self.db)
            .await
            .map_err(on("ending an upload"))?;
        self.delete_upload_file(id)?;
        // A finish that was killed before the bundle had its row.
        self.objects.delete(&object_of(id)).await
    }

    /// Ends an upload whose bytes are stored as this bundle already, and deletes them here.
    pub async fn finish_upload(&self, id: &str, bundle: BundleId, now: Time) -> Result<(), StoreError> {
        sqlx::query("UPDATE uploads SET ended = $1, bundle = $2 WHERE id = $3 AND ended IS NULL")
            .bind(now.0)
            .bind(bundle.to_string())
            .bind(id)
            .execute(&self.db)
            .await
            .map_err(on("finishing an upload"))?;
        self.delete_upload_file(id)
    }

    /// Ends every upload whose time is over and forgets rows that no quota needs any more. Gives the number of those ended.
    pub async fn sweep_uploads(&self, now: Time) -> Result<usize, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT id FROM uploads WHERE ended IS NULL AND expires <= $1")
            .bind(now.0)
            .fetch_all(&self.db)
            .await
            .map_err(on("looking for expired uploads"))?;
        for (id,) in &rows {
            self.end_upload(id, now).await?;
        }
        sqlx::query("DELETE FROM uploads WHERE ended IS NOT NULL AND created < $1")
            .bind(now.0 - DAY.as_secs() as i64)
            .execute(&self.db)
            .await
            .map_err(on("forgetting old uploads"))?;
        Ok(rows.len())
    }

    pub(super) fn delete_upload_file(&self, id: &str) -> Result<(), StoreError> {
        let path = self.upload_path(id);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::Io { path, source }),
            _ => Ok(()),
        }
    }
}
