//! Rows of many hosts. In: a number, the center's data folder. Out: who they are and their keys. They are written into the database
//! at once: enrolling each by its own request would take most of an hour.

use std::path::Path;

use anyhow::{Context as _, Result};
use oediag_protocol::{id::HostId, sshsig::Signer};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

/// A host that asks.
#[derive(Debug)]
pub(crate) struct Host {
    /// Who it is.
    pub(crate) id: HostId,
    /// Signs its questions.
    pub(crate) key: Signer,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Hosts(pub(crate) Vec<Host>);

impl Hosts {
    /// Makes hosts of the tenant that the data folder has an enrolment of.
    pub(crate) async fn enrol(count: usize, data: &Path) -> Result<Self> {
        let mut rows = SqliteConnectOptions::new().filename(data.join("center.db")).connect().await.context("the database")?;
        let (enrolment, tenant): (String, String) =
            sqlx::query_as("SELECT id, tenant FROM enrolments").fetch_one(&mut rows).await?;
        let mut tx = rows.begin().await?;
        let mut hosts = Vec::with_capacity(count);
        for number in 0..count as u64 {
            let (id, key) = (HostId(bytes(number, 1)), Signer::generate(bytes(number, 2)));
            let public = key.public();
            sqlx::query(
                "INSERT INTO hosts (id, tenant, host_key, transport_key, transport_keyid, os, enrolment, enrolled) \
                 VALUES ($1, $2, $3, $3, $4, '{}', $5, 0)",
            )
            .bind(id.to_string())
            .bind(&tenant)
            .bind(public.to_string())
            .bind(public.fingerprint())
            .bind(&enrolment)
            .execute(&mut *tx)
            .await?;
            hosts.push(Host { id, key });
        }
        tx.commit().await?;
        Ok(Self(hosts))
    }
}

/// Other bytes for each number and use; nothing rests on their being secret here.
fn bytes<const N: usize>(number: u64, what: u8) -> [u8; N] {
    let mut bytes = [what; N];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes
}
