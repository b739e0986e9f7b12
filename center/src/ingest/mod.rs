//! What happens to a bundle after its ack: its documents are found soon, then all of it is verified.
//!
//! In: rows of stored bundles, one after the other. Out: the same rows, `ready` or `rejected` with the reason. The row's state is
//! the queue, so that a restart goes on where it was. Never: unpacks to a disk, checks more than two bundles at a time, shows a
//! document that the receipt does not name.

mod check;
mod limit;
pub mod opened;
mod place;

use std::{collections::HashMap, sync::Arc, time::Duration};

use oediag_protocol::id::{BundleId, TenantId};
use tokio::{sync::Notify, task::spawn_blocking, time::Instant};
use tracing::{error, info, warn};

pub use self::opened::{OpenError, Opened};
use crate::{
    clock,
    store::{
        Store, StoreError,
        audit::Entry,
        bundles::{Bundle, State, Told},
    },
    vault::{Closed, Reach, Vault, VaultError, Who},
};

/// Rows looked at in one go.
const ROWS: usize = 16;
/// When to look again without being rung for, and after a fault of ours.
const AGAIN: Duration = Duration::from_mins(1);
/// When to look again at a bundle that may not be opened; each try is a line of the audit log.
const CLOSED: Duration = Duration::from_hours(1);
/// The center itself, as the one who reads all to check it.
const CHECKER: Who<'_> = Who { name: "ingest", reach: Reach::Tenant };
/// Most characters of a reason.
const REASON: usize = 500;

/// Checks bundles until it is stopped: one lane finds documents, one verifies, so that a large or hostile bundle in the second
/// keeps nobody's page waiting.
pub async fn run(store: Store, vault: Vault, arrived: Arc<Notify>) {
    let ingest = Ingest { store, vault };
    let found = Notify::new();
    tokio::join!(ingest.lane(&State::Received, &arrived, Some(&found)), ingest.lane(&State::Checking, &found, None));
}

struct Ingest {
    store: Store,
    vault: Vault,
}

impl Ingest {
    async fn lane(&self, state: &State, rung: &Notify, ring: Option<&Notify>) {
        // Bundles that failed, and until when: they must not stand in the way of those behind them.
        let mut resting: HashMap<(TenantId, BundleId), Instant> = HashMap::new();
        loop {
            resting.retain(|_, until| *until > Instant::now());
            let bundles = self.store.bundles_in(state, clock::now(), ROWS + resting.len()).await.unwrap_or_else(|error| {
                error!(%error, "bundles to check cannot be listed");
                Vec::new()
            });
            let mut moved = false;
            for bundle in &bundles {
                let name = (bundle.tenant.clone(), bundle.id);
                if resting.contains_key(&name) {
                    continue;
                }
                match self.step(bundle).await {
                    Ok(()) => {
                        moved = true;
                        ring.inspect(|next| next.notify_one());
                    }
                    // A fault of ours, or consent that ends, says nothing of the bundle: it stays where it is.
                    Err(error) => {
                        error!(%error, bundle = %bundle.id, "a bundle could not be checked; it will be tried again");
                        let rest = if matches!(error, VaultError::Closed(_)) { CLOSED } else { AGAIN };
                        resting.insert(name, Instant::now() + rest);
                    }
                }
            }
            if !moved {
                drop(tokio::time::timeout(AGAIN, rung.notified()).await);
            }
        }
    }

    /// Moves a bundle to its next state.
    async fn step(&self, bundle: &Bundle) -> Result<(), VaultError> {
        let plain = match self.vault.open(bundle, CHECKER, None, clock::now()).await {
            Ok(plain) => plain,
            Err(VaultError::Closed(closed @ Closed::Changed(_))) => return Ok(self.reject(bundle, closed.to_string()).await?),
            Err(error) => return Err(error),
        };
        if bundle.state == State::Received {
            let told = spawn_blocking(move || check::documents(plain)).await.unwrap_or_else(|error| {
                warn!(%error, "looking for documents ended before its time");
                None
            });
            return Ok(self.store.bundle_checked(bundle, &State::Checking, told.as_ref()).await?);
        }
        let (host, place) = (self.store.host(bundle.host).await?, bundle.manifest_at);
        let signers = host.map(|host| check::signers(&host)).unwrap_or_default();
        match spawn_blocking(move || check::whole(plain, &signers, place)).await {
            Ok(Ok(told)) => self.ready(bundle, &told).await?,
            Ok(Err(check::Wrong::Rejected(reason))) => self.reject(bundle, reason).await?,
            Ok(Err(check::Wrong::Fault(source))) => return Err(source.into()),
            // It would do the same the next time.
            Err(_) => self.reject(bundle, "checking it ended before its time".to_owned()).await?,
        }
        Ok(())
    }

    async fn ready(&self, bundle: &Bundle, told: &Told) -> Result<(), StoreError> {
        let object = bundle.id.to_string();
        let entry = Entry { event: "bundle_ready", actor: "ingest", tenant: Some(bundle.tenant.as_str()), object: Some(&object) };
        self.store.audit(clock::now(), entry).await?;
        self.store.bundle_checked(bundle, &State::Ready, Some(told)).await?;
        info!(bundle = %bundle.id, "ready");
        Ok(())
    }

    /// Somebody must look at this: a host signed for bytes that it did not send, or sent what is no bundle.
    async fn reject(&self, bundle: &Bundle, reason: String) -> Result<(), StoreError> {
        let reason: String = reason.chars().take(REASON).collect();
        let object = format!("{} rejected: {reason}", bundle.id);
        let entry = Entry { event: "alert", actor: "ingest", tenant: Some(bundle.tenant.as_str()), object: Some(&object) };
        self.store.audit(clock::now(), entry).await?;
        self.store.bundle_checked(bundle, &State::Rejected(reason), None).await?;
        warn!(bundle = %bundle.id, "rejected");
        Ok(())
    }
}
