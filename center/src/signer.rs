//! What the center signs: acks and the like with its ack key, requests with its request key, a tenant's keysets with its root key.
//!
//! In: documents of the gate's. Out: signed objects as they go over the wire. Never: signs what came in from outside; opens bundles.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oediag_protocol::{
    ack::Ack,
    consent::Level,
    document::{self, Document, DocumentError},
    id::TenantId,
    keyset::{self, AckRole, EngineerRole, Keyset, RequestKey, RequestRole, Root, RootPin, Severity},
    request::paper::Request,
    sealed::Recipient,
    signed::{Signed, SignedError},
    sshsig,
    text::Line,
    time::Time,
};
use tracing::warn;

use crate::{
    keys::{KeyError, Keys, Role},
    store::{Store, StoreError},
};

/// Seconds for which a keyset is good.
const KEYSET_LIFE: i64 = 365 * 24 * 3600;
/// Seconds before its end in which the next one is made.
const KEYSET_RENEWAL: i64 = 30 * 24 * 3600;

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
        self.sign(Role::Ack, ack)
    }

    /// A document as hosts get it, signed by the key of this role.
    pub fn sign<T: Document>(&self, role: Role, document: &T) -> Result<Vec<u8>, SignError> {
        Ok(Signed::new(document, &[&self.keys.signer(role)?])?.to_bytes()?)
    }

    /// A request, signed by the request key and, where it is given, by the engineer's own.
    pub fn request(&self, request: &Request, engineer: Option<&sshsig::Signer>) -> Result<Vec<u8>, SignError> {
        let ours = self.keys.signer(Role::Request)?;
        let signers: Vec<&sshsig::Signer> = std::iter::once(&ours).chain(engineer).collect();
        Ok(Signed::new(request, &signers)?.to_bytes()?)
    }

    /// All keysets of a tenant, oldest first. One that has none gets its first, and one whose newest ends soon gets the next;
    /// for both the root key must be here. Without it the first fails, and the next has to wait.
    pub async fn keysets(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<Vec<Signed>, SignError> {
        let stored = all(store, tenant).await?;
        let newest = stored.last().map(|signed| self.read(signed)).transpose()?;
        let version = match newest {
            None => 1,
            Some(newest) if now.0 < newest.expires.0 - KEYSET_RENEWAL => return Ok(stored),
            Some(newest) => newest.version + 1,
        };
        match self.next(tenant, version, store.setting("name").await?, now) {
            Ok(next) => store.new_keyset(tenant, version, &next, now).await?,
            Err(SignError::Key(KeyError::Away { .. })) if version > 1 => {
                warn!(%tenant, "the keyset ends soon, and the root key that signs the next one is not here");
            }
            Err(error) => return Err(error),
        }
        // As they are stored: another process may have been faster.
        all(store, tenant).await
    }

    /// The newest keyset of a tenant.
    pub async fn newest(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<Keyset, SignError> {
        let all = self.keysets(store, tenant, now).await?;
        self.read(all.last().ok_or(SignError::NoVault(tenant.clone()))?)
    }

    /// What an enrolment token of this tenant pins: the root list of its first keyset, from which hosts go forward.
    pub async fn pin(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<RootPin, SignError> {
        let all = self.keysets(store, tenant, now).await?;
        Ok(self.read(all.first().ok_or(SignError::NoVault(tenant.clone()))?)?.root.pin())
    }

    /// A stored keyset: ours, so that it is signed by the root key.
    fn read(&self, signed: &Signed) -> Result<Keyset, SignError> {
        Ok(signed.open(&[self.keys.public(Role::Root)?], 1)?)
    }

    fn next(&self, tenant: &TenantId, version: u64, name: Option<String>, now: Time) -> Result<String, SignError> {
        let vault = self.keys.vault(tenant)?.recipient().ok_or(SignError::NoVault(tenant.clone()))?;
        let keyset = Keyset { version, ..self.keyset(tenant, vault, name, now)? };
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

/// A document that the center signed and stored itself.
pub fn own<T: Document>(signed: &str) -> Option<T> {
    let wrapper: serde_json::Value = serde_json::from_str(signed).ok()?;
    document::parse(&STANDARD.decode(wrapper["payload"].as_str()?).ok()?).ok()
}

async fn all(store: &Store, tenant: &TenantId) -> Result<Vec<Signed>, SignError> {
    let all = store.keysets(tenant).await?;
    all.iter().map(|signed| Ok(Signed::parse(signed.as_bytes())?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keysets_follow_each_other_as_hosts_want_them() {
        let folder = std::env::temp_dir().join(format!("oediag-signer-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        let store = Store::open(&folder).await.expect("a store");
        let keys = Keys::open(&folder).expect("keys");
        let signer = Signer::new(keys).expect("a signer");
        let tenant = TenantId::parse("t-1").expect("a tenant");
        let start = Time(1_800_000_000);
        let pin = signer.pin(&store, &tenant, start).await.expect("a pin");
        let later = Time(start.0 + KEYSET_LIFE - KEYSET_RENEWAL);
        let before = signer.keysets(&store, &tenant, Time(later.0 - 1)).await.expect("keysets");
        assert_eq!(before.len(), 1, "the first is good for long enough");
        let all = signer.keysets(&store, &tenant, later).await.expect("keysets");
        assert_eq!(all.len(), 2);
        assert_eq!(signer.pin(&store, &tenant, later).await.expect("a pin"), pin);
        let first = Keyset::first(&all[0], pin).expect("what the token pins");
        let next = first.forward(&all[1..], later).expect("one step");
        assert_eq!((next.version, next.expires), (2, Time(later.0 + KEYSET_LIFE)));
        assert_eq!(next.recipients(&tenant), first.recipients(&tenant));

        // With the root key carried away, hosts go on with the old one.
        std::fs::remove_file(folder.join("keys/root_ed25519")).expect("carried away");
        let end = Time(later.0 + KEYSET_LIFE);
        assert_eq!(signer.keysets(&store, &tenant, end).await.expect("keysets"), all);
        let new = TenantId::parse("t-2").expect("a tenant");
        assert!(matches!(signer.keysets(&store, &new, end).await, Err(SignError::Key(KeyError::Away { .. }))));
        drop(std::fs::remove_dir_all(&folder));
    }
}
