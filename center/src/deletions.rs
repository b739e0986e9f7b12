//! Deletion of what came under a receipt: at once when consent is withdrawn, by the clock when its time is over, on demand.
//!
//! In: orders. Out: no bytes, nothing that was found in them, and a signed deletion receipt. An order that is not done goes on after
//! a restart. Never: deletes before the order is on the disk; signs before the bytes are gone.

use std::{sync::Arc, time::Duration};

use oediag_protocol::{
    deletion::{Deletion, Schema, Store as Where, Trigger},
    time::Time,
};
use tokio::task::JoinError;
use tracing::{error, info};

use crate::{
    clock,
    keys::Role,
    signer::{SignError, Signer, own},
    store::{
        Store, StoreError,
        audit::Entry,
        deletions::{By, Order, Subject},
    },
};

/// How often orders and receipts whose time is over are looked for.
const EVERY: Duration = Duration::from_mins(1);
/// Most that are looked at in one round.
const ROUND: u32 = 200;
/// Seconds after which no backup holds a deleted bundle any more: what operators are told to keep (docs/center-api.md).
const BACKUPS: i64 = 30 * 24 * 3600;

/// Why a deletion is not done yet.
#[derive(Debug, thiserror::Error)]
pub enum DeletionError {
    /// Rows or bytes.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The deletion receipt.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The task died.
    #[error("deleting ended before its time")]
    Task(#[from] JoinError),
}

/// How far a deletion is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// All is gone; the signed deletion receipt.
    Done(String),
    /// Nobody reads it any more; the bytes follow.
    Ordered,
    /// The host withdrew too much within a day.
    TooMany,
}

/// Orders a deletion and does it. What fails behind the order is done later by [`run`].
pub async fn delete(store: &Store, signer: &Arc<Signer>, of: &Subject, by: By<'_>, now: Time) -> Result<Deleted, StoreError> {
    let Some(order) = store.order_deletion(of, by, now).await? else { return Ok(Deleted::TooMany) };
    let (store, signer) = (store.clone(), signer.clone());
    // A task of its own: a client that goes away does not stop it half-way.
    let done = tokio::spawn(async move { carry_out(&store, &signer, &order).await }).await;
    Ok(match done.map_err(DeletionError::from).flatten() {
        Ok(signed) => Deleted::Done(signed),
        Err(error) => {
            error!(%error, receipt = %of.receipt, "a deletion is not done; it will be tried again");
            Deleted::Ordered
        }
    })
}

/// Deletes what an order names. Gives the signed deletion receipt.
async fn carry_out(store: &Store, signer: &Signer, order: &Order) -> Result<String, DeletionError> {
    if let Some(signed) = &order.signed {
        return Ok(signed.clone());
    }
    let (tenant, receipt) = (&order.of.tenant, order.of.receipt);
    let (objects, uploads) = store.bytes_under(tenant, receipt).await?;
    let object = receipt.to_string();
    for upload in uploads {
        let entry = Entry { event: "upload_deleted", actor: "center", tenant: Some(tenant.as_str()), object: Some(&object) };
        store.end_upload(&upload, clock::now(), entry).await?;
    }
    for object in objects {
        store.objects().delete(&object).await?;
    }
    let now = clock::now();
    let sign = |log_index| {
        let deletion = Deletion {
            schema: Schema::V1,
            receipt_id: receipt,
            bundle_id: order.of.bundle,
            host_id: order.of.host,
            tenant_id: tenant.clone(),
            trigger: order.cause,
            deleted_at: now,
            stores: vec![Where::Object, Where::Index, Where::Cache],
            backups_gone_by: Time(now.0 + BACKUPS),
            kept: vec![Where::Receipt, Where::Audit],
            log_index,
        };
        Ok::<_, DeletionError>(String::from_utf8_lossy(&signer.sign(Role::Ack, &deletion)?).into_owned())
    };
    let signed = store.deletion_done(order, now, sign).await?;
    info!(%receipt, "deleted");
    Ok(signed)
}

/// Deletes until it is stopped: what was ordered, what is kept too long, and first what a restored backup brought back.
pub async fn run(store: Store, signer: Arc<Signer>) {
    if let Err(error) = restored(&store).await {
        error!(%error, "what was deleted before could not be compared with what is here");
    }
    let mut every = tokio::time::interval(EVERY);
    loop {
        every.tick().await;
        if let Err(error) = round(&store, &signer).await {
            error!(%error, "deletions are not done; they will be tried again");
        }
    }
}

/// Orders once more what the files beside the database say was deleted, and what is here nevertheless.
async fn restored(store: &Store) -> Result<(), StoreError> {
    for signed in store.remembered_deletions()? {
        let Some(Deletion { tenant_id, receipt_id, bundle_id, host_id, trigger, .. }) = own(&signed) else {
            error!("a file of the folder deletions is no deletion receipt");
            continue;
        };
        if store.came_back(&tenant_id, receipt_id).await? {
            info!(receipt = %receipt_id, "was deleted before, and is deleted again");
            let of = Subject { tenant: tenant_id, receipt: receipt_id, bundle: bundle_id, host: host_id };
            store.order_deletion(&of, By { actor: "center", cause: trigger, withdrawal: None }, clock::now()).await?;
        }
    }
    Ok(())
}

async fn round(store: &Store, signer: &Signer) -> Result<(), DeletionError> {
    let now = clock::now();
    for of in store.kept_too_long(now, ROUND).await? {
        store.order_deletion(&of, By { actor: "center", cause: Trigger::Retention, withdrawal: None }, now).await?;
    }
    for order in store.ordered_deletions(ROUND).await? {
        // One that fails must not stand in the way of the others.
        if let Err(error) = carry_out(store, signer, &order).await {
            error!(%error, receipt = %order.of.receipt, "a deletion is not done; it will be tried again");
        }
    }
    Ok(())
}
