//! The keysets of each tenant: made and signed by the embedded root key, or prepared here and signed by holders of keys that
//! are kept elsewhere.
//!
//! In: the center's keys, the lists of engineers and of revoked keys, what holders signed. Out: stored keysets, each the next
//! version of the one before. Never: stores one that a host of the tenant would refuse; lets the database say who the roots are.

use std::collections::BTreeMap;

use oediag_protocol::{
    consent::Level,
    document::{self, signed_by},
    id::TenantId,
    keyset::{AckRole, EngineerRole, Keyset, RequestKey, RequestRole, Root, RootPin, Schema, Severity},
    signed::Signed,
    sshsig::{Namespace, PublicKey},
    text::Line,
    time::Time,
};
use tracing::{error, warn};

use super::{SignError, Signer};
use crate::{
    keys::{KeyError, Role},
    store::{Store, audit::Entry},
};

/// Seconds for which a keyset is good.
const LIFE: i64 = 365 * 24 * 3600;
/// Seconds before its end in which the next one is made.
const RENEWAL: i64 = 30 * 24 * 3600;
/// Who signs keysets: kept from the first import of offline roots on.
const ROOTS: &str = "roots";
const OFFLINE: &str = "offline";

/// A tenant's keysets, oldest first, and what the newest says.
#[derive(Clone, Debug)]
struct Chain {
    all: Vec<Signed>,
    newest: Option<Keyset>,
}

impl Signer {
    /// All keysets of a tenant, oldest first. Where the embedded root key signs, one that has none gets its first, and one whose
    /// newest ends soon gets the next; without that key the first fails, and the next has to wait.
    pub async fn keysets(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<Vec<Signed>, SignError> {
        let chain = self.chain(store, tenant).await?;
        match &chain.newest {
            Some(newest) if now.0 < newest.expires.0 - RENEWAL => return Ok(chain.all),
            Some(newest) if newest.root != self.embedded()? => {
                warn!(%tenant, "the keyset ends soon: prepare the next one, let the holders of the root keys sign it, and import it");
                return Ok(chain.all);
            }
            Some(_) => match self.issue(store, tenant, now).await {
                Err(SignError::Key(KeyError::Away { .. })) => {
                    warn!(%tenant, "the keyset ends soon, and the root key that signs the next one is not here");
                }
                issued => issued?,
            },
            None if store.setting(ROOTS).await?.as_deref() == Some(OFFLINE) => return Err(SignError::Offline(tenant.clone())),
            None => self.issue(store, tenant, now).await?,
        }
        // As they are stored: another process may have been faster.
        Ok(self.chain(store, tenant).await?.all)
    }

    /// The same for every tenant that has a keyset: its hosts get the next one with any poll. One that fails does not stop the others.
    pub async fn renew(&self, store: &Store, now: Time) -> Result<(), SignError> {
        for tenant in store.tenants_with_keysets().await? {
            if let Err(error) = self.keysets(store, &tenant, now).await {
                error!(%tenant, %error, "a keyset could not be renewed");
            }
        }
        Ok(())
    }

    /// The newest keyset of a tenant.
    pub async fn newest(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<Keyset, SignError> {
        self.keysets(store, tenant, now).await?;
        self.chain(store, tenant).await?.newest.ok_or(SignError::NoVault(tenant.clone()))
    }

    /// What an enrolment token of this tenant pins: the root list of its first keyset, from which hosts go forward.
    pub async fn pin(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<RootPin, SignError> {
        self.keysets(store, tenant, now).await?;
        self.first_pin(tenant)
    }

    /// The keyset that would follow now, unsigned: with these roots, or with those of the one before.
    pub async fn prepare(&self, store: &Store, tenant: &TenantId, root: Option<Root>, now: Time) -> Result<Keyset, SignError> {
        let newest = self.chain(store, tenant).await?.newest;
        let kept = match &newest {
            Some(newest) => newest.root.clone(),
            None => self.embedded()?,
        };
        let revoked = store.revoked_keys().await?;
        let counts = |key: &PublicKey| revoked.iter().all(|revoked| revoked.keyid.as_str() != key.fingerprint());
        let listed = |role, name| {
            let keys = self.keys.public(role)?;
            if keys.iter().any(&counts) { Ok(keys) } else { Err(SignError::AllRevoked(name)) }
        };
        let request = |key| RequestKey { key, max_severity: Severity::P1, scopes: vec![Level::Basic, Level::Extended] };
        let vault = self.keys.vault(tenant)?.recipient().ok_or(SignError::NoVault(tenant.clone()))?;
        let name = store.setting("name").await?.unwrap_or_else(|| "localhost".to_owned());
        Ok(Keyset {
            schema: Schema::V1,
            version: newest.as_ref().map_or(1, |newest| newest.version + 1),
            issued: now,
            expires: Time(now.0 + LIFE),
            center: Line::parse(&name).unwrap_or_default(),
            root: root.unwrap_or(kept),
            request: RequestRole { threshold: 1, keys: listed(Role::Request, "request")?.into_iter().map(request).collect() },
            engineer: EngineerRole {
                keys: store.engineer_keys().await?.into_iter().filter(|engineer| counts(&engineer.key)).collect(),
            },
            ack: AckRole { keys: listed(Role::Ack, "ack")? },
            vault: BTreeMap::from([(tenant.clone(), vec![vault])]),
            recovery: vec![self.keys.recovery()?],
            revoked,
            spki_pins: newest.map(|newest| newest.spki_pins).unwrap_or_default(),
        })
    }

    /// Stores a keyset that was prepared here, with what its holders signed: armored signatures over exactly these bytes.
    pub async fn import(&self, store: &Store, payload: &[u8], signatures: &[String], now: Time) -> Result<Keyset, SignError> {
        let told: Keyset = document::parse(payload)?;
        let (1, Some(tenant)) = (told.vault.len(), told.vault.keys().next()) else { return Err(SignError::Stale) };
        let newest = self.chain(store, tenant).await?.newest;
        let before = newest.iter().flat_map(|newest| &newest.root.keys);
        let roots: Vec<PublicKey> = before.chain(&told.root.keys).cloned().collect();
        let mut by: Vec<(&PublicKey, String)> = Vec::new();
        for (signature, number) in signatures.iter().zip(1..) {
            let key =
                signed_by(payload, signature.as_bytes(), Namespace::Keyset, &roots).map_err(|_| SignError::Stranger(number))?;
            if by.iter().all(|(known, _)| *known != key) {
                by.push((key, signature.clone()));
            }
        }
        let signed = Signed::gathered::<Keyset>(payload, &by)?;
        // As hosts take it: signed by enough of the roots before, and of its own.
        let told = match &newest {
            Some(newest) => newest.forward(std::slice::from_ref(&signed), now)?,
            None => Keyset::first(&signed, told.root.pin())?,
        };
        let due = self.prepare(store, tenant, Some(told.root.clone()), told.issued).await?;
        if (Keyset { expires: told.expires, ..due }) != told {
            return Err(SignError::Stale);
        }
        if newest.is_none() {
            self.keys.keep_pin(tenant, told.root.pin())?;
        }
        if told.root != self.embedded()? {
            store.set(ROOTS, OFFLINE).await?;
        }
        let version = told.version.to_string();
        let entry =
            Entry { event: "keyset_imported", actor: "command line", tenant: Some(tenant.as_str()), object: Some(&version) };
        store.audit(now, entry).await?;
        self.keep(store, tenant, told.version, &signed, now).await?;
        Ok(told)
    }

    /// Issues the next keyset of every tenant after one of the lists has changed. Gives the tenants whose root keys are elsewhere.
    pub async fn reissue(&self, store: &Store, now: Time) -> Result<Vec<TenantId>, SignError> {
        let mut waiting = Vec::new();
        for tenant in store.tenants_with_keysets().await? {
            let newest = self.chain(store, &tenant).await?.newest;
            let embedded = match newest {
                Some(newest) => newest.root == self.embedded()?,
                None => true,
            };
            if !embedded {
                waiting.push(tenant);
                continue;
            }
            match self.issue(store, &tenant, now).await {
                Err(SignError::Key(KeyError::Away { .. })) => waiting.push(tenant),
                issued => issued?,
            }
        }
        Ok(waiting)
    }

    /// Makes the next key of a role, when every tenant's keyset lists the newest there is: a host must always know one of two.
    pub async fn rotate(&self, store: &Store, role: Role) -> Result<PublicKey, SignError> {
        let newest = self.keys.public(role)?.pop();
        for tenant in store.tenants_with_keysets().await? {
            let Some(keyset) = self.chain(store, &tenant).await?.newest else { continue };
            let listed =
                |key: &PublicKey| keyset.ack.keys.contains(key) || keyset.request.keys.iter().any(|role| role.key == *key);
            if newest.as_ref().is_some_and(|key| !listed(key)) {
                return Err(SignError::NotListed(tenant));
            }
        }
        Ok(self.keys.rotate(role)?)
    }

    /// The stored keysets, each checked as a host checks them.
    async fn chain(&self, store: &Store, tenant: &TenantId) -> Result<Chain, SignError> {
        let mut chain = Chain { all: Vec::new(), newest: None };
        for text in store.keysets(tenant).await? {
            let signed = Signed::parse(text.as_bytes())?;
            chain.newest = Some(match &chain.newest {
                None => Keyset::first(&signed, self.first_pin(tenant)?)?,
                Some(newest) => newest.next(&signed)?,
            });
            chain.all.push(signed);
        }
        Ok(chain)
    }

    /// Makes the next keyset and signs it with the embedded root key.
    async fn issue(&self, store: &Store, tenant: &TenantId, now: Time) -> Result<(), SignError> {
        let keyset = self.prepare(store, tenant, None, now).await?;
        let signed = Signed::new(&keyset, &[&self.keys.root()?])?;
        self.keep(store, tenant, keyset.version, &signed, now).await
    }

    async fn keep(&self, store: &Store, tenant: &TenantId, version: u64, signed: &Signed, now: Time) -> Result<(), SignError> {
        let bytes = signed.to_bytes()?;
        Ok(store.new_keyset(tenant, version, &String::from_utf8_lossy(&bytes), now).await?)
    }

    fn first_pin(&self, tenant: &TenantId) -> Result<RootPin, SignError> {
        Ok(match self.keys.pin(tenant)? {
            Some(pin) => pin,
            None => self.embedded()?.pin(),
        })
    }

    fn embedded(&self) -> Result<Root, KeyError> {
        Ok(Root { threshold: 1, keys: vec![self.keys.root_public()?] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;

    #[tokio::test]
    async fn keysets_follow_each_other_as_hosts_want_them() {
        let folder = std::env::temp_dir().join(format!("oediag-keysets-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&folder));
        let store = Store::open(&folder).await.expect("a store");
        let keys = Keys::open(&folder).expect("keys");
        let signer = Signer::new(keys).expect("a signer");
        let tenant = TenantId::parse("t-1").expect("a tenant");
        let start = Time(1_800_000_000);
        let pin = signer.pin(&store, &tenant, start).await.expect("a pin");
        let later = Time(start.0 + LIFE - RENEWAL);
        let before = signer.keysets(&store, &tenant, Time(later.0 - 1)).await.expect("keysets");
        assert_eq!(before.len(), 1, "the first is good for long enough");
        signer.renew(&store, Time(later.0 - 1)).await.expect("nothing to renew");
        assert_eq!(store.keysets(&tenant).await.expect("keysets").len(), 1);
        signer.renew(&store, later).await.expect("renewed without a poll");
        assert_eq!(store.keysets(&tenant).await.expect("keysets").len(), 2);
        let all = signer.keysets(&store, &tenant, later).await.expect("keysets");
        assert_eq!(all.len(), 2);
        assert_eq!(signer.pin(&store, &tenant, later).await.expect("a pin"), pin);
        let first = Keyset::first(&all[0], pin).expect("what the token pins");
        let next = first.forward(&all[1..], later).expect("one step");
        assert_eq!((next.version, next.expires), (2, Time(later.0 + LIFE)));
        assert_eq!(next.recipients(&tenant), first.recipients(&tenant));

        // With the root key carried away, hosts go on with the old one.
        std::fs::remove_file(folder.join("keys/root_ed25519")).expect("carried away");
        let end = Time(later.0 + LIFE);
        assert_eq!(signer.keysets(&store, &tenant, end).await.expect("keysets"), all);
        let new = TenantId::parse("t-2").expect("a tenant");
        assert!(matches!(signer.keysets(&store, &new, end).await, Err(SignError::Key(KeyError::Away { .. }))));
        drop(std::fs::remove_dir_all(&folder));
    }
}
