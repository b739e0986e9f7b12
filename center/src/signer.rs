//! What the center signs: acks with its ack key, a tenant's first keyset with its root key.
//!
//! In: documents of the gate's. Out: signed objects as they go over the wire. Never: signs what came in from outside; opens bundles.

use std::collections::BTreeMap;

use oediag_protocol::{
    ack::Ack,
    consent::Level,
    document::DocumentError,
    id::TenantId,
    keyset::{self, AckRole, EngineerRole, Keyset, RequestKey, RequestRole, Root, RootPin, Severity},
    sealed::Recipient,
    signed::{Signed, SignedError},
    sshsig,
    text::Line,
    time::Time,
};

use crate::{
    keys::{KeyError, Keys, Role},
    store::{Store, StoreError},
};

/// Seconds for which a first keyset is good.
const KEYSET_LIFE: i64 = 365 * 24 * 3600;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signed object.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tenant without a vault key.
    #[error("there is no vault key for {0}")]
    NoVault(TenantId),
}

/// Signs in the center's name.
#[derive(Debug)]
pub struct Signer {
    keys: Keys,
    ack: sshsig::Signer,
}

impl Signer {
    /// Takes the keys that must be at hand.
    pub fn new(keys: Keys) -> Result<Self, KeyError> {
        Ok(Self { ack: keys.signer(Role::Ack)?, keys })
    }

    /// An ack as hosts get it.
    pub fn ack(&self, ack: &Ack) -> Result<Vec<u8>, SignError> {
        Ok(Signed::new(ack, &[&self.ack])?.to_bytes()?)
    }

    /// All keysets of a tenant, oldest first. A tenant that has none gets its first one, for which the root key must be here.
    pub async fn keysets(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<Vec<Signed>, SignError> {
        let mut all = store.keysets(tenant).await?;
        if all.is_empty() {
            let first = self.first(tenant, store.setting("name").await?, now)?;
            store.new_keyset(tenant, 1, &first, now).await?;
            // As it is stored: another process may have been faster.
            all = store.keysets(tenant).await?;
        }
        all.iter().map(|signed| Ok(Signed::parse(signed.as_bytes())?)).collect()
    }

    /// The newest keyset of a tenant that has one.
    pub async fn newest(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<Keyset, SignError> {
        let all = self.keysets(store, tenant, now).await?;
        let newest = all.last().ok_or(SignError::NoVault(tenant.clone()))?;
        // Ours: what was stored was signed here, or brought in after it was checked.
        let root = self.keys.public(Role::Root)?;
        Ok(newest.open(&[root], 1)?)
    }

    /// What an enrolment token of this tenant pins: the root list of its first keyset.
    pub async fn pin(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<RootPin, SignError> {
        // There is one keyset as long as nothing renews it, so that the newest is the first.
        Ok(self.newest(store, tenant, now).await?.root.pin())
    }

    fn first(&self, tenant: &TenantId, name: Option<String>, now: Time) -> Result<String, SignError> {
        let vault = self.keys.vault(tenant)?.recipient().ok_or(SignError::NoVault(tenant.clone()))?;
        let keyset = self.keyset(tenant, vault, name, now)?;
        let bytes = Signed::new(&keyset, &[&self.keys.signer(Role::Root)?])?.to_bytes()?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn keyset(&self, tenant: &TenantId, vault: Recipient, name: Option<String>, now: Time) -> Result<Keyset, SignError> {
        let request = RequestKey {
            key: self.keys.public(Role::Request)?,
            max_severity: Severity::P1,
            scopes: vec![Level::Basic, Level::Extended],
        };
        let name = name.unwrap_or_else(|| "localhost".to_owned());
        Ok(Keyset {
            schema: keyset::Schema::V1,
            version: 1,
            issued: now,
            expires: Time(now.0 + KEYSET_LIFE),
            center: Line::parse(&name).unwrap_or_default(),
            root: Root { threshold: 1, keys: vec![self.keys.public(Role::Root)?] },
            request: RequestRole { threshold: 1, keys: vec![request] },
            engineer: EngineerRole { keys: Vec::new() },
            ack: AckRole { keys: vec![self.ack.public()] },
            vault: BTreeMap::from([(tenant.clone(), vec![vault])]),
            recovery: vec![self.keys.recovery()?],
            revoked: Vec::new(),
            spki_pins: Vec::new(),
        })
    }
}
