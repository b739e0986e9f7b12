//! Unfinished uploads: a row that says how far each is, and a file with its bytes.
//!
//! In: who sends what, and chunks. Out: places that hold after a crash: the row moves only after the bytes are on the disk.
//! Never: gives an upload to another sender than the one who made it, names a file by anything a sender chose.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use oediag_protocol::{
    id::{BundleId, ReceiptId},
    time::Time,
};

use super::{
    Store, StoreError,
    audit::{Entry, append},
    objects::BUNDLES,
    on,
};
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
    /// Bytes that all senders together may still write to the disk.
    pub disk_bytes: u64,
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
    /// The disk has no room for it beside what was promised to others.
    NoRoom,
}

/// The object's name of a bundle that came in this upload: random, as the upload's id is.
pub fn object_of(id: &str) -> String {
    format!("{BUNDLES}/{id}")
}

const DAY: Duration = Duration::from_hours(24);

type Row = (String, String, String, i64, i64, String, String, i64);

const COLUMNS: &str = "SELECT id, tenant, sender, bytes, place, metadata, receipt, expires FROM uploads WHERE id = $1 AND sender = $2 AND ended IS NULL";

impl Store {
    /// Where the bytes of an upload lie.
    pub fn upload_path(&self, id: &str) -> PathBuf {
        self.upload_folder().join(id)
    }

    /// Makes an upload with an empty file and says so in the audit log, unless the quota forbids it.
    pub async fn new_upload(&self, new: New<'_>, quota: Quota) -> Result<Made, StoreError> {
        let what = "making an upload";
        let mut tx = self.write().await?;
        let (open,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM uploads WHERE sender = $1 AND ended IS NULL AND expires > $2")
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
        let (promised,): (i64,) =
            sqlx::query_as("SELECT CAST(COALESCE(SUM(bytes - place), 0) AS BIGINT) FROM uploads WHERE ended IS NULL")
                .fetch_one(&mut *tx)
                .await
                .map_err(on(what))?;
        if new.bytes.saturating_add(promised as u64) > quota.disk_bytes {
            return Ok(Made::NoRoom);
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
        let entry = Entry { event: "upload_created", actor: new.sender, tenant: Some(new.tenant), object: Some(&id) };
        append(&mut tx, new.now, entry).await?;
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

    /// The ack of the bundle as which the sender's finished upload was stored, as long as that is here.
    pub async fn upload_ack(&self, id: &str, sender: &str) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as(
            "SELECT bundles.ack FROM uploads JOIN bundles ON bundles.tenant = uploads.tenant AND bundles.id = uploads.bundle \
             WHERE uploads.id = $1 AND uploads.sender = $2 AND bundles.state <> 'deleted'",
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

    /// Ends an upload with this line of the audit log, and deletes its bytes. The row stays for the day's quota. False, and
    /// nothing is touched, when it had ended before: then its bytes may be those of a bundle that was acked.
    pub async fn end_upload(&self, id: &str, now: Time, entry: Entry<'_>) -> Result<bool, StoreError> {
        let what = "ending an upload";
        let mut tx = self.write().await?;
        let done = sqlx::query("UPDATE uploads SET ended = $1 WHERE id = $2 AND ended IS NULL")
            .bind(now.0)
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        append(&mut tx, now, entry).await?;
        tx.commit().await.map_err(on(what))?;
        self.delete_upload_file(id).await?;
        // A finish that has not given the bundle its row yet, and now will not.
        self.objects.delete(&object_of(id)).await?;
        Ok(true)
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
        self.delete_upload_file(id).await
    }

    /// Ends every upload whose time is over and forgets rows a day after their end, when neither a quota nor a repeated finish
    /// needs them any more. Gives the number of those ended.
    pub async fn sweep_uploads(&self, now: Time) -> Result<usize, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT id, tenant FROM uploads WHERE ended IS NULL AND expires <= $1")
            .bind(now.0)
            .fetch_all(&self.db)
            .await
            .map_err(on("looking for expired uploads"))?;
        let mut count = 0;
        for (id, tenant) in &rows {
            let entry = Entry { event: "upload_expired", actor: "sweep", tenant: Some(tenant), object: Some(id) };
            count += usize::from(self.end_upload(id, now, entry).await?);
        }
        sqlx::query("DELETE FROM uploads WHERE ended < $1")
            .bind(now.0 - DAY.as_secs() as i64)
            .execute(&self.db)
            .await
            .map_err(on("forgetting old uploads"))?;
        Ok(count)
    }

    /// Deletes files that no open upload and no bundle owns: what a kill between the database and the disk left. Gives their number.
    pub async fn reap(&self) -> Result<usize, StoreError> {
        let what = "looking for files without a row";
        // As long as nobody else writes rows, every file that is being made or linked has a row or will never get one.
        let mut tx = self.write().await?;
        let open: Vec<(String,)> =
            sqlx::query_as("SELECT id FROM uploads WHERE ended IS NULL").fetch_all(&mut *tx).await.map_err(on(what))?;
        let kept: Vec<(String,)> =
            sqlx::query_as("SELECT object FROM bundles WHERE state <> 'deleted'").fetch_all(&mut *tx).await.map_err(on(what))?;
        let uploads: HashSet<PathBuf> = open.iter().map(|(id,)| self.upload_path(id)).collect();
        let linked = open.iter().map(|(id,)| object_of(id)).chain(kept.into_iter().map(|(object,)| object));
        let objects: HashSet<PathBuf> = linked.map(|name| self.objects.path(&name)).collect();
        let mut lost = unowned(&self.upload_folder(), &uploads)?;
        lost.extend(unowned(&self.objects.path(BUNDLES), &objects)?);
        tx.rollback().await.map_err(on(what))?;
        for path in &lost {
            remove(path.clone()).await?;
        }
        Ok(lost.len())
    }

    pub(super) async fn delete_upload_file(&self, id: &str) -> Result<(), StoreError> {
        remove(self.upload_path(id)).await
    }
}

/// The files of a folder that are not among the owned ones. A copy under way has the owner's name, `#` and a number.
fn unowned(folder: &Path, owned: &HashSet<PathBuf>) -> Result<Vec<PathBuf>, StoreError> {
    let io = |source| StoreError::Io { path: folder.to_owned(), source };
    let mut lost = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let owner = folder.join(name.split('#').next().unwrap_or_default());
        if !owned.contains(&owner) {
            lost.push(path);
        }
    }
    Ok(lost)
}

/// Deletes a file, if it is there, on a thread that may wait for it.
async fn remove(path: PathBuf) -> Result<(), StoreError> {
    match tokio::fs::remove_file(&path).await {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::Io { path, source }),
        _ => Ok(()),
    }
}
