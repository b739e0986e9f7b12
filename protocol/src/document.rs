//! What the signed documents have in common: each kind has one namespace, one size limit, and rules that its types do not hold.
//!
//! In: the exact bytes of a document, its signature, the keys that may have signed. Out: a typed document, or why not.
//! Never: parses what is not signed by an expected key (but for [`parse`], which says so), signs what it would refuse.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    json::{self, JsonError},
    sshsig::{self, Namespace, Prehash, PublicKey, SigError, Signer},
};

/// Most bytes of a signed document, alone or in its wrapper.
pub const MAX_BYTES: usize = 64 << 10;

/// A kind of signed document.
pub trait Document: Serialize + DeserializeOwned {
    /// The only namespace in which its signatures count.
    const NAMESPACE: Namespace;

    /// The rules beside those of its types; the error says what is wrong.
    fn check(&self) -> Result<(), &'static str>;
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not signed as it must be.
    #[error(transparent)]
    Signature(#[from] SigError),
    /// There is no key that may sign it.
    #[error("no key is known that may sign for {}", namespace.as_str())]
    NoKey {
        /// What it would sign.
        namespace: Namespace,
    },
    /// Not a document of this kind.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A rule of this kind of document is broken.
    #[error("the document breaks a rule: {rule}")]
    Rule {
        /// The rule.
        rule: &'static str,
    },
}

/// Reads a document whose signature was checked before, or that is one's own.
pub fn parse<T: Document>(bytes: &[u8]) -> Result<T, DocumentError> {
    let document: T = json::parse(bytes, MAX_BYTES)?;
    document.check().map_err(|rule| DocumentError::Rule { rule })?;
    Ok(document)
}

/// Writes the bytes to sign. What [`parse`] would refuse is not written.
pub fn to_bytes<T: Document>(document: &T) -> Result<Vec<u8>, DocumentError> {
    let bytes = json::to_bytes(document)?;
    parse::<T>(&bytes)?;
    Ok(bytes)
}

/// Writes a document and its armored signature: what lies on disk as `X` and `X.sig`.
pub fn sign<T: Document>(document: &T, key: &Signer) -> Result<(Vec<u8>, String), DocumentError> {
    let bytes = to_bytes(document)?;
    let signature = key.sign(T::NAMESPACE, &bytes)?;
    Ok((bytes, signature))
}

/// Reads `X` after checking that `X.sig` is by one of `keys`: the keys of the signer's role, from the caller's own state.
pub fn open<T: Document>(bytes: &[u8], signature: &[u8], keys: &[PublicKey]) -> Result<T, DocumentError> {
    signed_by(bytes, signature, T::NAMESPACE, keys)?;
    parse(bytes)
}

/// Which of `keys` signed these bytes in this namespace.
pub fn signed_by<'a>(
    bytes: &[u8],
    signature: &[u8],
    namespace: Namespace,
    keys: &'a [PublicKey],
) -> Result<&'a PublicKey, DocumentError> {
    let prehash = Prehash::of(bytes);
    let mut last = DocumentError::NoKey { namespace };
    for key in keys {
        match sshsig::verify(signature, namespace, key, prehash.clone()) {
            Ok(()) => return Ok(key),
            Err(error @ SigError::WrongKey { .. }) => last = error.into(),
            // Any other fault is the signature's own, whatever the key.
            Err(error) => return Err(error.into()),
        }
    }
    Err(last)
}
