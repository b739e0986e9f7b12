//! What the center signs: acks and the like with its ack keys, requests with its request keys, and keysets (see [`keyset`]).
//!
//! In: documents of the gate's and the console's. Out: signed objects as they go over the wire, signed by every key of the role
//! that counts, so that a host knows one of them. Never: signs what came in from outside; opens bundles.

pub mod keyset;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oediag_protocol::{
    ack::Ack,
    document::{self, Document, DocumentError},
    id::TenantId,
    keyset::KeysetError,
    request::paper::Request,
    signed::{Signed, SignedError},
    sshsig::{self, Namespace, PublicKey},
};

use crate::{
    keys::{KeyError, Keys, Role},
    store::StoreError,
};

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
    /// A signature.
    #[error(transparent)]
    Signature(#[from] sshsig::SigError),
    /// A keyset does not follow from the one before.
    #[error(transparent)]
    Keyset(#[from] KeysetError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tenant without a vault key.
    #[error("there is no vault key for {0}")]
    NoVault(TenantId),
    /// The center's root keys are kept elsewhere, and only they make a tenant's first keyset.
    #[error("{0} has no keyset, and this center's root keys are offline: prepare one, let the holders sign it, and import it")]
    Offline(TenantId),
    /// All keys of a role are revoked.
    #[error("every {0} key is revoked: rotate it first")]
    AllRevoked(&'static str),
    /// A key of the last rotation is not in a keyset yet.
    #[error("the key of the last rotation is not in the keyset of {0}: import that first")]
    NotListed(TenantId),
    /// A keyset for import is not the one that would be prepared now.
    #[error("this is not what the center would prepare now: prepare it again, and let the holders sign that")]
    Stale,
    /// A signature by nobody who may sign.
    #[error("signature {0} is not by a root key of the keyset before or of this one, over exactly this file")]
    Stranger(usize),
}

/// Signs in the center's name.
#[derive(Debug)]
pub struct Signer {
    keys: Keys,
}

impl Signer {
    /// Takes the keys, of which an ack key must be at hand.
    pub fn new(keys: Keys) -> Result<Self, KeyError> {
        keys.signers(Role::Ack)?;
        Ok(Self { keys })
    }

    /// An ack as hosts get it.
    pub fn ack(&self, ack: &Ack) -> Result<Vec<u8>, SignError> {
        self.sign(Role::Ack, ack)
    }

    /// A document as hosts get it, signed by every key of the role that counts. Key files are read each time: a rotation counts at once.
    pub fn sign<T: Document>(&self, role: Role, document: &T) -> Result<Vec<u8>, SignError> {
        let signers = self.keys.signers(role)?;
        let signers: Vec<&sshsig::Signer> = signers.iter().collect();
        Ok(Signed::new(document, &signers)?.to_bytes()?)
    }

    /// A request, signed by the request keys and, where it is given, by the engineer's own.
    pub fn request(&self, request: &Request, engineer: Option<&sshsig::Signer>) -> Result<Vec<u8>, SignError> {
        let ours = self.keys.signers(Role::Request)?;
        let signers: Vec<&sshsig::Signer> = ours.iter().chain(engineer).collect();
        Ok(Signed::new(request, &signers)?.to_bytes()?)
    }

    /// The request keys' signatures over a request that an engineer signs beside them.
    pub fn request_signatures(&self, payload: &[u8]) -> Result<Vec<(PublicKey, String)>, SignError> {
        document::parse::<Request>(payload)?;
        let sign = |key: &sshsig::Signer| Ok((key.public(), key.sign(Namespace::Request, payload)?));
        self.keys.signers(Role::Request)?.iter().map(sign).collect()
    }
}

/// A document that the center signed and stored itself.
pub fn own<T: Document>(signed: &str) -> Option<T> {
    let wrapper: serde_json::Value = serde_json::from_str(signed).ok()?;
    document::parse(&STANDARD.decode(wrapper["payload"].as_str()?).ok()?).ok()
}
