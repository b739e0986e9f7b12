//! Hosts that ask again and again, in memory: a poll with nothing new costs no look at the disk.
//!
//! In: hosts as the store gave them, nonces, heads of ledgers. Out: the same, fast. What another program changed about a host is
//! forgotten here within [`FOLLOW`]. Nonces of requests that change nothing are kept here only: after a restart such a request
//! could be played back for five minutes, and would get what its host got. Never: a host that is not enrolled.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::BuildHasher as _,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    http_signature::MEMORY,
    id::{HostId, TenantId},
    sshsig::PublicKey,
    time::Time,
};
use tracing::error;

use crate::store::{Store, StoreError, hosts::Nonce, inboxes::Changes};

/// How often changes are looked for.
const FOLLOW: Duration = Duration::from_secs(1);
/// Most requests of one host, in the time that one half of the memory spans, that change nothing.
const MOST: u32 = 2000;

/// What a poll needs to know of its host.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) tenant: TenantId,
    pub(super) transport_key: PublicKey,
    pub(super) revoked: bool,
    /// Another number each time that something changed for the host.
    pub(super) generation: u64,
    /// Until when it is told to ask again soon.
    pub(super) brisk: Time,
}

/// Memory of the hosts that ask.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
    /// Nonces are kept as numbers that nobody outside can foresee: 8 bytes for each.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Inner {
    hosts: HashMap<HostId, Arc<Known>>,
    /// The newest head that each host told.
    heads: HashMap<HostId, LedgerHead>,
    /// The last change that was followed.
    change: i64,
    /// Nonces of now and of before, and since when the first are gathered. Each half spans [`MEMORY`] at least.
    now: HashSet<u64>,
    before: HashSet<u64>,
    since: Option<Time>,
    asked: HashMap<HostId, u32>,
}

impl Memory {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // What a thread that died left is whole: every change here is one step.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host, from memory or from the store.
    pub(super) async fn host(&self, store: &Store, id: HostId) -> Result<Option<Arc<Known>>, StoreError> {
        let change = {
            let inner = self.inner();
            if let Some(known) = inner.hosts.get(&id) {
                return Ok(Some(known.clone()));
            }
            inner.change
        };
        let Some(host) = store.host(id).await? else { return Ok(None) };
        let known = Arc::new(Known {
            tenant: host.tenant,
            transport_key: host.transport_key,
            revoked: host.revoked.is_some(),
            generation: store.generation(id).await?,
            brisk: store.brisk(id).await?,
        });
        let mut inner = self.inner();
        // A change that came while this was read may be about this host.
        if inner.change == change {
            inner.hosts.insert(id, known.clone());
        }
        Ok(Some(known))
    }

    /// Remembers the nonce of a request that changes nothing.
    pub(super) fn remember(&self, host: HostId, nonce: &str, now: Time) -> Nonce {
        let key = self.hasher.hash_one((host, nonce));
        let mut inner = self.inner();
        let since = *inner.since.get_or_insert(now);
        if now.0 > since.0.saturating_add(MEMORY) {
            let gathered = mem::take(&mut inner.now);
            inner.before = gathered;
            inner.asked.clear();
            inner.since = Some(now);
        }
        if inner.before.contains(&key) || inner.now.contains(&key) {
            return Nonce::Used;
        }
        let asked = inner.asked.entry(host).or_default();
        if *asked >= MOST {
            return Nonce::TooMany;
        }
        *asked += 1;
        inner.now.insert(key);
        Nonce::New
    }

    /// Whether this is the head that the host told last.
    pub(super) fn is_last_head(&self, host: HostId, head: &LedgerHead) -> bool {
        self.inner().heads.get(&host) == Some(head)
    }

    /// Keeps the head that the host told last. One that a longer one overtook on the way is not the last, unless it is `sure`.
    pub(super) fn last_head(&self, host: HostId, head: LedgerHead, sure: bool) {
        let mut inner = self.inner();
        if sure || inner.heads.get(&host).is_none_or(|last| last.seq <= head.seq) {
            inner.heads.insert(host, head);
        }
    }

    fn forget(&self, changes: &Changes) {
        let mut inner = self.inner();
        for host in &changes.hosts {
            inner.hosts.remove(host);
        }
        inner.change = changes.last;
    }

    /// Looks for changes that any program made, until it is stopped.
    pub async fn follow(&self, store: &Store) {
        match store.last_change().await {
            Ok(change) => {
                let mut inner = self.inner();
                // Of a host that was read before, a change may have been missed.
                inner.hosts.clear();
                inner.change = change;
            }
            Err(error) => error!(%error, "all changes about hosts are read"),
        }
        let mut every = tokio::time::interval(FOLLOW);
        loop {
            every.tick().await;
            let since = self.inner().change;
            match store.changes(since).await {
                Ok(changes) if changes.last == since => {}
                Ok(changes) => self.forget(&changes),
                Err(error) => error!(%error, "changes about hosts cannot be read"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: HostId = HostId([1; 16]);

    #[test]
    fn a_nonce_is_known_for_as_long_as_its_request_counts() {
        let memory = Memory::default();
        assert_eq!(memory.remember(HOST, "a", Time(1000)), Nonce::New);
        for later in [0, MEMORY / 2, MEMORY] {
            assert_eq!(memory.remember(HOST, "a", Time(1000 + later)), Nonce::Used, "{later}");
        }
        assert_eq!(memory.remember(HostId([2; 16]), "a", Time(1000)), Nonce::New, "another host's");
        // At the end of one half, and just before the end of the next.
        assert_eq!(memory.remember(HOST, "b", Time(1000 + MEMORY)), Nonce::New);
        assert_eq!(memory.remember(HOST, "c", Time(1001 + MEMORY)), Nonce::New);
        assert_eq!(memory.remember(HOST, "b", Time(1000 + 2 * MEMORY)), Nonce::Used);
        assert_eq!(memory.remember(HOST, "d", Time(1002 + 2 * MEMORY)), Nonce::New);
        assert_eq!(memory.remember(HOST, "a", Time(1002 + 2 * MEMORY)), Nonce::New, "forgotten in the end");
    }

    #[test]
    fn one_host_does_not_fill_the_memory() {
        let memory = Memory::default();
        for nonce in 0..MOST {
            assert_eq!(memory.remember(HOST, &nonce.to_string(), Time(1000)), Nonce::New);
        }
        assert_eq!(memory.remember(HOST, "one more", Time(1000)), Nonce::TooMany);
        assert_eq!(memory.remember(HostId([2; 16]), "another's", Time(1000)), Nonce::New);
        assert_eq!(memory.remember(HOST, "later", Time(1001 + MEMORY)), Nonce::New);
    }
}
