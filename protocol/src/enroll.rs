//! Enrolment: a host shows that it holds a one-time token, and gets its tenant and the center's keys.
//!
//! In: a token that a person carried; then the center's reply. Out: a signed request; then a keyset that the token confirms.
//! Never: sends the token's secret, so that who reads the connection cannot enrol another host; trusts a key on first use.

use std::fmt;

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    bundle::manifest::Os,
    digest::{Sha256, hex, unhex},
    document::{self, Document},
    id::{HostId, TenantId},
    json::{self, JsonError},
    keyset::{Keyset, KeysetError, RootPin},
    signed::{Signed, SignedError},
    sshsig::{Namespace, PublicKey},
    time::Time,
};

/// Most bytes of a reply: a first keyset and all steps up to the newest.
pub const MAX_REPLY: usize = 8 << 20;

/// `oed1.<tenant>.<secret>.<pin>`: what the center gives to who may enrol a host. It is good for one host and one day.
#[derive(Clone)]
pub struct Token {
    tenant: TenantId,
    secret: Zeroizing<[u8; 16]>,
    pin: RootPin,
}

impl Token {
    /// Makes the token of a secret. The secret must come from the system's random source and must be forgotten afterwards.
    pub fn new(tenant: TenantId, secret: [u8; 16], pin: RootPin) -> Self {
        Self { tenant, secret: Zeroizing::new(secret), pin }
    }

    /// Reads a token; the secret is 32, the pin 20 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("oed1.")?.split('.');
        let (tenant, secret, pin) = (parts.next()?, parts.next()?, parts.next()?);
        let mut token = Self { tenant: TenantId::parse(tenant)?, secret: Zeroizing::default(), pin: RootPin::parse(pin)? };
        (parts.next().is_none() && unhex(secret, &mut *token.secret)).then_some(token)
    }

    /// The token as text for a person; the text is wiped when dropped.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut secret = Zeroizing::new(String::with_capacity(32));
        hex(&*self.secret, &mut *secret).ok();
        Zeroizing::new(format!("oed1.{}.{}.{}", self.tenant, *secret, self.pin))
    }

    /// The tenant it enrols with.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The root keys that the center must show.
    pub fn pin(&self) -> RootPin {
        self.pin
    }

    /// What the center stores instead of the token.
    pub fn verifier(&self) -> Verifier {
        Verifier(Sha256::of(&*self.secret))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, {})", self.tenant, self.pin)
    }
}

/// The digest of a token's secret: it checks proofs and does not give the secret back. It is kept like a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier(Sha256);

impl Verifier {
    /// The name by which the center finds it: a digest of the digest.
    pub fn id(&self) -> Sha256 {
        Sha256::of(&self.0.0)
    }

    /// Whether the request was made by who holds the token, for these very keys.
    pub fn accepts(&self, request: &EnrollRequest) -> bool {
        request.token == self.id() && self.mac(request).is_some_and(|mac| mac.verify_slice(&request.proof.0).is_ok())
    }

    fn mac(&self, request: &EnrollRequest) -> Option<Hmac<sha2::Sha256>> {
        let EnrollRequest { host_id, host_key, transport_key, nonce, .. } = request;
        let message = format!("oediag-enroll-v1\n{host_id}\n{host_key}\n{transport_key}\n{nonce}\n");
        Some(Hmac::new_from_slice(&self.0.0).ok()?.chain_update(message))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

/// The value of `schema` in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestSchema {
    /// The only one so far.
    #[serde(rename = "oediag.enroll/1")]
    V1,
}

/// What a host sends, signed by the host key that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrollRequest {
    /// Always the same.
    pub schema: RequestSchema,
    /// The host's random id.
    pub host_id: HostId,
    /// The key that signs bundles and consent.
    pub host_key: PublicKey,
    /// The key that signs HTTP requests.
    pub transport_key: PublicKey,
    /// The system, for people.
    pub os: Os,
    /// 32 random bytes.
    pub nonce: Sha256,
    /// Which token: [`Verifier::id`].
    pub token: Sha256,
    /// HMAC-SHA256, under the digest of the token's secret, of host id, both keys and nonce.
    pub proof: Sha256,
}

impl EnrollRequest {
    /// Makes the request. The nonce must come from the system's random source.
    pub fn new(token: &Token, host_id: HostId, keys: (PublicKey, PublicKey), os: Os, nonce: [u8; 32]) -> Self {
        let verifier = token.verifier();
        let (host_key, transport_key) = keys;
        let (id, nonce) = (verifier.id(), Sha256(nonce));
        let schema = RequestSchema::V1;
        let mut request = Self { schema, host_id, host_key, transport_key, os, nonce, token: id, proof: Sha256([0; 32]) };
        if let Some(mac) = verifier.mac(&request) {
            request.proof = Sha256(mac.finalize().into_bytes().into());
        }
        request
    }

    /// Reads a request and checks that the key it names has signed it: the host holds that key. Whether it may enrol is
    /// for [`Verifier::accepts`] to say.
    pub fn open(signed: &Signed) -> Result<Self, SignedError> {
        let claimed: Self = document::parse(signed.unverified())?;
        signed.open(&[claimed.host_key], 1)
    }
}

impl Document for EnrollRequest {
    const NAMESPACE: Namespace = Namespace::Enroll;

    fn check(&self) -> Result<(), &'static str> {
        if self.host_key == self.transport_key { Err("host key and transport key are the same") } else { Ok(()) }
    }
}

/// The value of `schema` in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplySchema {
    /// The only one so far.
    #[serde(rename = "oediag.enrolled/1")]
    V1,
}

/// What the center answers. It is not signed: the token confirms the first keyset, and that one all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolled {
    /// Always the same.
    pub schema: ReplySchema,
    /// The host that asked.
    pub host_id: HostId,
    /// The tenant it now belongs to.
    pub tenant_id: TenantId,
    /// The keyset of the token's pin, then every later one up to the newest.
    pub keysets: Vec<Signed>,
}

/// Why a reply was refused; nothing of it is to be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnrollError {
    /// Not a reply.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// For another host or another tenant than the token's.
    #[error("the reply is for another host or tenant")]
    Other,
    /// There is no keyset in it.
    #[error("the reply has no keyset")]
    NoKeyset,
    /// A keyset is refused.
    #[error(transparent)]
    Keyset(#[from] KeysetError),
    /// The newest keyset has no key to encrypt to for this tenant.
    #[error("the keyset has no vault key for this tenant")]
    NoVault,
    /// The newest keyset is expired.
    #[error("the center's newest keyset is expired")]
    Expired,
}

impl Enrolled {
    /// Reads a reply of at most [`MAX_REPLY`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnrollError> {
        Ok(json::parse(bytes, MAX_REPLY)?)
    }

    /// The keyset to store, when the reply answers this host and this token.
    pub fn accept(&self, token: &Token, host: HostId, now: Time) -> Result<Keyset, EnrollError> {
        if self.host_id != host || self.tenant_id != token.tenant {
            return Err(EnrollError::Other);
        }
        newest(&self.keysets, &token.tenant, token.pin, now)
    }
}

/// The last of these keysets, when the pin confirms the first, each confirms the next, and the last can be used for the tenant.
pub(crate) fn newest(keysets: &[Signed], tenant: &TenantId, pin: RootPin, now: Time) -> Result<Keyset, EnrollError> {
    let (first, later) = keysets.split_first().ok_or(EnrollError::NoKeyset)?;
    let keyset = Keyset::first(first, pin)?.forward(later, now).map_err(|error| match error {
        KeysetError::Expired { .. } => EnrollError::Expired,
        error => error.into(),
    })?;
    if keyset.recipients(tenant).is_none() { Err(EnrollError::NoVault) } else { Ok(keyset) }
}
