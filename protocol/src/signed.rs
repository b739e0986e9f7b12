//! A signed document on the wire: one JSON object with the exact bytes and all their signatures.
//!
//! In: hostile bytes, and the keys of the role that must have signed. Out: the signed document.
//! Never: lets the object choose the key, the number of signatures or the namespace by which it is judged.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use crate::{
    digest::Sha256,
    document::{self, Document, DocumentError, MAX_BYTES},
    json::{self, JsonError},
    sshsig::{self, Namespace, Prehash, PublicKey, SigError, Signer},
};

/// Most signatures of one object.
pub const MAX_SIGNATURES: usize = 16;

/// Why a signed object was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Not the JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// An unknown type, a payload that is not plain base64, no signature, too many, or two by one key.
    #[error("not a signed object: {why}")]
    Form {
        /// What does not fit.
        why: &'static str,
    },
    /// Signed as another type of object.
    #[error("object of type {found:?}, {expected:?} is needed")]
    Type {
        /// The object's type.
        found: &'static str,
        /// The type that is needed.
        expected: &'static str,
    },
    /// A signature in the name of an expected key is not valid.
    #[error("signature in the name of {keyid}")]
    Signature {
        /// Fingerprint of the expected key.
        keyid: String,
        /// Why.
        source: SigError,
    },
    /// Fewer expected keys signed than are needed.
    #[error("{found} of the expected keys signed, {needed} are needed")]
    TooFew {
        /// How many signed.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// Signed, but not a good document.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[serde(rename = "oediag.signed/1")]
    V1,
}

/// The JSON object as it is spelt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    schema: Schema,
    r#type: String,
    payload: String,
    sigs: Vec<Signature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    /// The signer's fingerprint. It only says where to look: the key itself is the verifier's.
    keyid: String,
    sshsig: String,
}

/// The exact bytes of a document, its type, and its signatures. Nothing in it is believed before [`Signed::open`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Signed {
    namespace: Namespace,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

impl Signed {
    /// Wraps a document with a signature by each of `keys`.
    pub fn new<T: Document>(document: &T, keys: &[&Signer]) -> Result<Self, SignedError> {
        let payload = document::to_bytes(document)?;
        let signature = |key: &&Signer| {
            let keyid = key.public().fingerprint();
            match key.sign(T::NAMESPACE, &payload) {
                Ok(sshsig) => Ok(Signature { keyid, sshsig }),
                Err(source) => Err(SignedError::Signature { keyid, source }),
            }
        };
        let signatures = keys.iter().map(signature).collect::<Result<_, _>>()?;
        Self { namespace: T::NAMESPACE, payload, signatures }.formed().map_err(|why| SignedError::Form { why })
    }

    /// Wraps the bytes of a document with signatures that were made elsewhere, each beside the key in whose name it stands:
    /// what holders of offline keys bring. The document's rules are checked here, the signatures when it is opened.
    pub fn gathered<T: Document>(payload: &[u8], signatures: &[(&PublicKey, String)]) -> Result<Self, SignedError> {
        document::parse::<T>(payload)?;
        let signature = |(key, sshsig): &(&PublicKey, String)| Signature { keyid: key.fingerprint(), sshsig: sshsig.clone() };
        let signatures = signatures.iter().map(signature).collect();
        let gathered = Self { namespace: T::NAMESPACE, payload: payload.to_vec(), signatures };
        gathered.formed().map_err(|why| SignedError::Form { why })
    }

    /// Reads the object; it may have [`MAX_BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SignedError> {
        Ok(json::parse(bytes, MAX_BYTES)?)
    }

    /// Writes the object. One that has more than [`MAX_BYTES`] is not written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SignedError> {
        let bytes = json::to_bytes(self)?;
        if bytes.len() > MAX_BYTES {
            return Err(JsonError::TooLarge { bytes: bytes.len(), max: MAX_BYTES }.into());
        }
        Ok(bytes)
    }

    /// The type that the object says it is of.
    pub fn namespace(&self) -> Namespace {
        self.namespace
    }

    /// Reads the document when at least `needed` different keys of `keys` signed it; they are the keys of the signer's role,
    /// from the caller's own state. Signatures by other keys do not count and do no harm; a bad one in the name of an
    /// expected key refuses the object.
    pub fn open<T: Document>(&self, keys: &[PublicKey], needed: usize) -> Result<T, SignedError> {
        self.count::<T>(keys, needed)?;
        Ok(document::parse(&self.payload)?)
    }

    /// The signatures alone, as [`Signed::open`] wants them.
    pub(crate) fn count<T: Document>(&self, keys: &[PublicKey], needed: usize) -> Result<(), SignedError> {
        if self.namespace != T::NAMESPACE {
            return Err(SignedError::Type { found: self.namespace.as_str(), expected: T::NAMESPACE.as_str() });
        }
        let prehash = Prehash::of(&self.payload);
        let mut signers = BTreeSet::new();
        for key in keys {
            let keyid = key.fingerprint();
            if let Some(signature) = self.signatures.iter().find(|signature| signature.keyid == keyid) {
                if let Err(source) = sshsig::verify(signature.sshsig.as_bytes(), self.namespace, key, prehash.clone()) {
                    return Err(SignedError::Signature { keyid, source });
                }
                signers.insert(keyid);
            }
        }
        // Zero would mean that nobody has to sign.
        let needed = needed.max(1);
        if signers.len() < needed { Err(SignedError::TooFew { found: signers.len(), needed }) } else { Ok(()) }
    }

    /// Digest of the signed bytes, whoever signed them: what a ledger names.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(&self.payload)
    }

    /// The bytes, whoever signed them: for a document that brings the keys which a pin then confirms.
    pub(crate) fn unverified(&self) -> &[u8] {
        &self.payload
    }

    fn formed(self) -> Result<Self, &'static str> {
        let keyids: BTreeSet<_> = self.signatures.iter().map(|signature| &signature.keyid).collect();
        if self.signatures.is_empty() || self.signatures.len() > MAX_SIGNATURES {
            Err("between 1 and 16 signatures are needed")
        } else if keyids.len() < self.signatures.len() {
            Err("two signatures in the name of one key")
        } else {
            Ok(self)
        }
    }
}

impl TryFrom<Wire> for Signed {
    type Error = &'static str;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let namespace = Namespace::parse(&wire.r#type).ok_or("unknown type")?;
        let payload = BASE64.decode(&wire.payload).map_err(|_| "payload is not plain base64")?;
        Self { namespace, payload, signatures: wire.sigs }.formed()
    }
}

impl From<Signed> for Wire {
    fn from(signed: Signed) -> Self {
        Self {
            schema: Schema::V1,
            r#type: signed.namespace.as_str().to_owned(),
            payload: BASE64.encode(&signed.payload),
            sigs: signed.signatures,
        }
    }
}
