//! What the center keeps: rows in a database, bundles in an object store, unfinished uploads in a folder.
//!
//! In: a data folder. Out: rows and bytes. Never: SQL that only one of SQLite and PostgreSQL understands, a name in the
//! object store that a sender chose.

pub mod audit;
pub mod bundles;
pub mod cases;
pub mod catalogues;
pub mod deletions;
pub mod enrolments;
pub mod hosts;
pub mod inboxes;
pub mod key_lists;
pub mod keysets;
pub mod ledger;
pub mod listing;
pub mod objects;
pub mod own;
pub mod proposals;
pub mod readable;
pub mod receipts;
pub mod requests;
pub mod summaries;
pub mod tokens;
pub mod uploads;
pub mod users;

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use oediag_protocol::time::Time;
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// The steps that lead from an empty database to the present one. Steps are added, never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_receiving.sql"),
    include_str!("../../migrations/0003_summaries.sql"),
    include_str!("../../migrations/0004_indexes.sql"),
    include_str!("../../migrations/0005_requests.sql"),
    include_str!("../../migrations/0006_cases.sql"),
    include_str!("../../migrations/0007_deletions.sql"),
    include_str!("../../migrations/0010_keys_and_roles.sql"),
    include_str!("../../migrations/0011_proposals.sql"),
];

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database.
    #[error("the database, on {what}")]
    Database {
        /// What was being done.
        what: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A file or folder.
    #[error("{path}")]
    Io {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A newer version has been here.
    #[error("the database is of version {found}, this program knows {known}: run the newer program")]
    Newer {
        /// Version of the database.
        found: i64,
        /// Newest version this program knows.
        known: usize,
    },
    /// A row does not hold what it should.
    #[error("a row of {table} is not as this program writes it")]
    Row {
        /// The table.
        table: &'static str,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] crate::secret::NoRandom),
}

/// Puts the words "what was being done" to a database error.
fn on(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { what, source }
}

/// All that is kept, for one data folder. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    db: SqlitePool,
    objects: objects::Objects,
    data: PathBuf,
}

impl Store {
    /// Opens the data folder; makes it, readable for its owner only, when it is not there, and brings the database up to date.
    pub async fn open(data: &Path) -> Result<Self, StoreError> {
        let uploads = data.join("uploads");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&uploads)
            .map_err(|source| StoreError::Io { path: uploads, source })?;
        let options = SqliteConnectOptions::new()
            .filename(data.join("center.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An audit line must be on the disk before the reply to what it tells goes out.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let db = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.map_err(on("opening"))?;
        let objects = objects::Objects::folder(&data.join("objects"))?;
        // The entries of both folders and of the database.
        fs::File::open(data)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| StoreError::Io { path: data.to_owned(), source })?;
        let store = Self { db, objects, data: data.to_owned() };
        store.migrate().await?;
        Ok(store)
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.db).await.map_err(on("asking whether it is there"))?;
        Ok(())
    }

    /// The bundles' bytes.
    pub fn objects(&self) -> &objects::Objects {
        &self.objects
    }

    /// The folder of unfinished and finished uploads.
    pub fn upload_folder(&self) -> PathBuf {
        self.data.join("uploads")
    }

    /// Makes the tenant unless it is there.
    pub async fn ensure_tenant(&self, id: &str, now: Time) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO tenants (id, created) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
            .bind(id)
            .bind(now.0)
            .execute(&self.db)
            .await
            .map_err(on("making a tenant"))?;
        Ok(())
    }

    /// A setting that an earlier run left.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT value FROM settings WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.db)
            .await
            .map_err(on("reading a setting"))?;
        Ok(row.map(|(value,)| value))
    }

    /// Leaves a setting for later runs.
    pub async fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2")
            .bind(name)
            .bind(value)
            .execute(&self.db)
            .await
            .map_err(on("leaving a setting"))?;
        Ok(())
    }

    /// A transaction that holds the right to write from its first statement, so that it cannot fail half-way for the want of it.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.db.begin_with("BEGIN IMMEDIATE").await.map_err(on("beginning to write"))
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let what = "bringing its tables up to date";
        let mut tx = self.write().await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS versions (version BIGINT NOT NULL PRIMARY KEY)")
            .execute(&mut *tx)
            .await
            .map_err(on(what))?;
        let (found,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM versions").fetch_one(&mut *tx).await.map_err(on(what))?;
        let known = MIGRATIONS.len();
        let done = usize::try_from(found).unwrap_or(usize::MAX);
        let steps = MIGRATIONS.get(done..).ok_or(StoreError::Newer { found, known })?;
        for (step, version) in steps.iter().zip(found + 1..) {
            sqlx::raw_sql(*step).execute(&mut *tx).await.map_err(on(what))?;
            let row = sqlx::query("INSERT INTO versions (version) VALUES ($1)").bind(version);
            row.execute(&mut *tx).await.map_err(on(what))?;
        }
        tx.commit().await.map_err(on(what))
    }
}

#[cfg(test)]
mod tests;
