//! The center's keyset `oediag.keyset/1`: which keys may do what, signed by root keys that are kept offline.
//!
//! In: the keyset a host has, and signed ones from the center. Out: the keyset to go on with, or why the old one stays.
//! Never: goes back, skips a step, or takes root keys that neither the old roots nor a pin confirm.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    consent::Level,
    digest::{Sha256, hex, unhex},
    document::{self, Document, DocumentError},
    id::TenantId,
    sealed::Recipient,
    signed::{Signed, SignedError},
    sshsig::{Namespace, PublicKey},
    text::Line,
    time::Time,
};

/// Most versions that a host goes forward at once.
pub const MAX_STEPS: usize = 100;
/// Most keys of one role.
const MAX_KEYS: usize = 16;

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.keyset/1")]
    V1,
}

/// Severity of a case; `P1` is the gravest and the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "P1 to P4 are the names themselves")]
pub enum Severity {
    P1,
    P2,
    P3,
    P4,
}

/// The keys that sign keysets, and how many of them must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// How many must sign: 1 of 1, or at least 2 of more.
    pub threshold: u64,
    /// The keys.
    pub keys: Vec<PublicKey>,
}

/// The keys that sign requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRole {
    /// How many must sign.
    pub threshold: u64,
    /// The keys.
    pub keys: Vec<RequestKey>,
}

/// One key that signs requests, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestKey {
    /// The key.
    pub key: PublicKey,
    /// The gravest severity it may name.
    pub max_severity: Severity,
    /// The levels it may ask for.
    pub scopes: Vec<Level>,
}

/// The keys of engineers, who sign beside the request key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineerRole {
    /// The keys.
    pub keys: Vec<EngineerKey>,
}

/// One engineer's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineerKey {
    /// Who.
    pub id: Line,
    /// The key.
    pub key: PublicKey,
}

/// The keys that sign acks, deletion receipts and log heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AckRole {
    /// The keys; any one of them signs.
    pub keys: Vec<PublicKey>,
}

/// A key that counts no more, whatever role it still has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Its fingerprint.
    pub keyid: Line,
    /// Since when; to judge what it signed before. It is refused in every case.
    pub since: Time,
}

/// The whole keyset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyset {
    /// Always the same.
    pub schema: Schema,
    /// 1, then one more each time.
    pub version: u64,
    /// When it was made, by the center's clock.
    pub issued: Time,
    /// From this moment on no request is accepted under it.
    pub expires: Time,
    /// The center's host name.
    pub center: Line,
    /// Who signs keysets.
    pub root: Root,
    /// Who signs requests.
    pub request: RequestRole,
    /// Who signs beside them.
    pub engineer: EngineerRole,
    /// Who signs acks.
    pub ack: AckRole,
    /// To whom bundles are encrypted, by tenant.
    pub vault: BTreeMap<TenantId, Vec<Recipient>>,
    /// To whom they are encrypted beside that: the center's offline key.
    pub recovery: Vec<Recipient>,
    /// Keys that count no more.
    pub revoked: Vec<Revoked>,
    /// Pins of the center's TLS keys; none means no pinning.
    pub spki_pins: Vec<Line>,
}

/// The first 80 bits of the SHA-256 of a root list, written as 20 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootPin(pub [u8; 10]);

/// What a keyset may be used for at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// For everything.
    Current,
    /// The clock is before `issued`, so it is wrong: no standing policy; a person may still decide.
    ClockBehind,
    /// No remote request is accepted; sealing is allowed, with a warning.
    Expired,
}

/// Why a keyset was refused. The caller keeps the one it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysetError {
    /// Not signed as it must be, or not a keyset.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Its root keys are not the pinned ones.
    #[error("the keyset's root keys are not the ones that the enrolment token names")]
    Pin,
    /// Older than the one at hand.
    #[error("keyset version {found} is older than {have}: a rollback")]
    Rollback {
        /// The version at hand.
        have: u64,
        /// The version offered.
        found: u64,
    },
    /// The version at hand with other contents.
    #[error("keyset version {version} was changed without a new number")]
    Changed {
        /// The version.
        version: u64,
    },
    /// Not the next version.
    #[error("keyset version {found} does not follow {have}: every step is needed, in order")]
    Skipped {
        /// The version at hand.
        have: u64,
        /// The version offered.
        found: u64,
    },
    /// More than [`MAX_STEPS`] versions ahead.
    #[error("{steps} keysets at once, {MAX_STEPS} is the most: enrol again")]
    Gap {
        /// How many are offered.
        steps: usize,
    },
    /// The newest one offered is expired.
    #[error("the newest keyset offered, version {version}, is expired")]
    Expired {
        /// Its version.
        version: u64,
    },
}

impl RootPin {
    /// Reads exactly 20 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 10];
        unhex(text, &mut bytes).then_some(Self(bytes))
    }
}

impl std::fmt::Display for RootPin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        hex(&self.0, f)
    }
}

impl Root {
    /// What tokens pin: the start of the digest of the threshold and the keys, each on a line, in the document's order.
    pub fn pin(&self) -> RootPin {
        let keys = self.keys.iter().map(|key| format!("{key}\n"));
        let list: String = std::iter::once(format!("{}\n", self.threshold)).chain(keys).collect();
        let mut pin = [0; 10];
        pin.copy_from_slice(&Sha256::of(list.as_bytes()).0[..10]);
        RootPin(pin)
    }

    fn signed(&self, signed: &Signed) -> Result<(), SignedError> {
        signed.count::<Keyset>(&self.keys, usize::try_from(self.threshold).unwrap_or(usize::MAX))
    }
}

impl Keyset {
    /// Takes a first keyset: its root list must be the pinned one, and have signed it. It may be expired: newer ones follow.
    pub fn first(signed: &Signed, pin: RootPin) -> Result<Self, KeysetError> {
        // Read before its signatures are checked, since it brings the keys; nothing of it is used before the pin fits.
        let keyset: Self = document::parse(signed.unverified()).map_err(SignedError::from)?;
        if keyset.root.pin() != pin {
            return Err(KeysetError::Pin);
        }
        keyset.root.signed(signed)?;
        Ok(keyset)
    }

    /// Takes the keyset that follows this one: signed by this one's roots, and by its own.
    pub fn next(&self, signed: &Signed) -> Result<Self, KeysetError> {
        self.root.signed(signed)?;
        let next: Self = document::parse(signed.unverified()).map_err(SignedError::from)?;
        let (have, found) = (self.version, next.version);
        if found < have {
            Err(KeysetError::Rollback { have, found })
        } else if found == have && next != *self {
            Err(KeysetError::Changed { version: have })
        } else if Some(found) != have.checked_add(1) {
            Err(KeysetError::Skipped { have, found })
        } else {
            next.root.signed(signed)?;
            Ok(next)
        }
    }

    /// Goes forward through `steps`, each the next version; only the last must not be expired at `now`. All or nothing.
    pub fn forward(&self, steps: &[Signed], now: Time) -> Result<Self, KeysetError> {
        if steps.len() > MAX_STEPS {
            return Err(KeysetError::Gap { steps: steps.len() });
        }
        let last = steps.iter().try_fold(self.clone(), |keyset, step| keyset.next(step))?;
        if last.freshness(now) == Freshness::Expired { Err(KeysetError::Expired { version: last.version }) } else { Ok(last) }
    }

    /// What it may be used for at `now`.
    pub fn freshness(&self, now: Time) -> Freshness {
        if now >= self.expires {
            Freshness::Expired
        } else if now < self.issued {
            Freshness::ClockBehind
        } else {
            Freshness::Current
        }
    }

    /// To whom a bundle of this tenant is encrypted: its vault keys, then the recovery keys. None for an unknown tenant.
    pub fn recipients(&self, tenant: &TenantId) -> Option<Vec<Recipient>> {
        Some(self.vault.get(tenant)?.iter().chain(&self.recovery).cloned().collect())
    }

    /// The keys that may sign acks.
    pub fn ack_keys(&self) -> Vec<PublicKey> {
        self.ack.keys.iter().filter(|key| !self.is_revoked(key)).cloned().collect()
    }

    /// The keys that may sign requests, and how far each goes.
    pub fn request_keys(&self) -> impl Iterator<Item = &RequestKey> {
        self.request.keys.iter().filter(|role| !self.is_revoked(&role.key))
    }

    /// Whether a key counts no more.
    pub fn is_revoked(&self, key: &PublicKey) -> bool {
        let keyid = key.fingerprint();
        self.revoked.iter().any(|revoked| revoked.keyid.as_str() == keyid)
    }
}

impl From<DocumentError> for KeysetError {
    fn from(error: DocumentError) -> Self {
        Self::Signed(error.into())
    }
}

impl Document for Keyset {
    const NAMESPACE: Namespace = Namespace::Keyset;

    fn check(&self) -> Result<(), &'static str> {
        let request: Vec<_> = self.request.keys.iter().map(|role| &role.key).collect();
        let engineer: Vec<_> = self.engineer.keys.iter().map(|role| &role.key).collect();
        let roles = [self.root.keys.iter().collect(), request, engineer, self.ack.keys.iter().collect()];
        let keys: Vec<String> = roles.iter().flatten().map(|key| key.fingerprint()).collect();
        let roots = self.root.keys.len() as u64;
        let threshold = self.root.threshold;
        let mut lists = self.vault.values().chain([&self.recovery]);
        if self.version == 0 {
            Err("keyset versions begin at 1")
        } else if self.issued >= self.expires {
            Err("a keyset expires after it is issued")
        } else if threshold < roots.clamp(1, 2) || threshold > roots {
            Err("the root threshold is 1 of 1, or at least 2 of the keys")
        } else if self.request.threshold == 0 || self.request.threshold > self.request.keys.len() as u64 {
            Err("the request threshold is between 1 and the number of keys")
        } else if self.ack.keys.is_empty() {
            Err("there is no ack key")
        } else if roles.iter().any(|role| role.len() > MAX_KEYS) {
            Err("a role has at most 16 keys")
        } else if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
            Err("a key is there twice, or has two roles")
        } else if self.root.keys.iter().any(|key| self.is_revoked(key)) {
            Err("a root key is revoked")
        } else if self.vault.values().any(Vec::is_empty) || lists.any(|list| list.len() > MAX_KEYS) {
            Err("a tenant has 1 to 16 vault keys, and there are at most 16 recovery keys")
        } else {
            Ok(())
        }
    }
}
