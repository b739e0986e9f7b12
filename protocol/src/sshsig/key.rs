//! Keys: the public ones we accept, and the Ed25519 private key that signs.
//!
//! In: OpenSSH text, or a seed. Out: keys that can be compared, named by fingerprint, and used.
//! Never: makes randomness of its own, reads a file, shows a private key in `Debug`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use signature::Verifier as _;
use ssh_key::{
    Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey, SigningKey, SshSig,
    private::{Ed25519Keypair, KeypairData},
    public::KeyData,
};
use zeroize::Zeroizing;

use super::{Namespace, Prehash, SigError};

/// The types of keys that may sign.
pub(super) const ACCEPTED: &str = "ssh-ed25519, sk-ssh-ed25519@openssh.com, ecdsa-sha2-nistp256";

/// Longest line of a public key.
const MAX_LINE: usize = 1024;

/// Why a key was refused. It never repeats the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a key in OpenSSH's text form.
    #[error("not a key in OpenSSH form: {why}")]
    Format {
        /// The library's words.
        why: String,
    },
    /// A type of key that is not accepted.
    #[error("key of type {found}, accepted are: {accepted}")]
    Algorithm {
        /// Type found.
        found: String,
        /// Types accepted here.
        accepted: &'static str,
    },
    /// A private key locked with a passphrase, which a service cannot type.
    #[error("the private key is locked with a passphrase; oediag needs one without")]
    Encrypted,
}

/// A public key of a type we accept: ssh-ed25519, sk-ssh-ed25519 or ecdsa-sha2-nistp256.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(ssh_key::PublicKey);

impl PublicKey {
    /// Reads one line `type base64 [comment]`; the comment is dropped.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        let format = |why: &str| KeyError::Format { why: why.to_owned() };
        let line = line.strip_suffix('\n').unwrap_or(line);
        if line.len() > MAX_LINE || line.contains(['\n', '\r', '\0']) {
            return Err(format("more than one line, or too long"));
        }
        let mut key = ssh_key::PublicKey::from_openssh(line).map_err(|error| format(&error.to_string()))?;
        if !accepted(&key.algorithm()) {
            return Err(KeyError::Algorithm { found: shown(key.algorithm().as_str()), accepted: ACCEPTED });
        }
        key.set_comment("");
        Ok(Self(key))
    }

    /// `SHA256:` and 43 characters of base64, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    pub(super) fn data(&self) -> &KeyData {
        self.0.key_data()
    }

    /// Whether this key is Ed25519 and made this plain signature (RFC 8032) over exactly these bytes.
    pub(crate) fn verifies_plain(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let Some(signature) = ssh_key::Signature::new(Algorithm::Ed25519, signature).ok() else { return false };
        matches!(self.0.key_data(), KeyData::Ed25519(_)) && self.0.key_data().verify(bytes, &signature).is_ok()
    }
}

/// `type base64`, without comment or line end.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_openssh().map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// An Ed25519 private key. It is wiped from memory when dropped.
pub struct Signer(PrivateKey);

impl Signer {
    /// Makes the key of a seed. The seed must come from the system's random source and must be forgotten afterwards.
    pub fn generate(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        Self(PrivateKey::from(Ed25519Keypair::from_seed(&seed)))
    }

    /// Reads an unencrypted Ed25519 key in OpenSSH's private key format, as `ssh-keygen -t ed25519 -N ''` writes it.
    pub fn from_openssh(text: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateKey::from_openssh(text).map_err(|error| KeyError::Format { why: error.to_string() })?;
        match key.key_data() {
            KeypairData::Ed25519(_) => Ok(Self(key)),
            KeypairData::Encrypted(_) => Err(KeyError::Encrypted),
            _ => Err(KeyError::Algorithm { found: shown(key.algorithm().as_str()), accepted: "ssh-ed25519" }),
        }
    }

    /// The private key as text for a file of mode 0600; the text is wiped when dropped.
    pub fn to_openssh(&self) -> Result<Zeroizing<String>, KeyError> {
        self.0.to_openssh(LineEnding::LF).map_err(|error| KeyError::Format { why: error.to_string() })
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(ssh_key::PublicKey::from(self.0.public_key().key_data().clone()))
    }

    /// Signs a message that lies in memory; the result is the armored text of a `.sig` file.
    pub fn sign(&self, namespace: Namespace, message: &[u8]) -> Result<String, SigError> {
        self.sign_prehashed(namespace, Prehash::of(message))
    }

    /// Signs a message that was fed to `prehash`; the result is the same as that of [`Signer::sign`].
    pub fn sign_prehashed(&self, namespace: Namespace, prehash: Prehash) -> Result<String, SigError> {
        let failed = |why: &dyn fmt::Display| SigError::Sign { why: why.to_string() };
        let signature = try_sign(&self.0, &prehash.signed_bytes(namespace)).map_err(|error| failed(&error))?;
        SshSig::new(self.0.public_key().key_data().clone(), namespace.as_str(), HashAlg::Sha512, signature)
            .and_then(|sig| sig.to_pem(LineEnding::LF))
            .map_err(|error| failed(&error))
    }

    /// A plain Ed25519 signature (RFC 8032) of 64 bytes. It has no namespace: only for a key that signs nothing else.
    pub(crate) fn sign_plain(&self, bytes: &[u8]) -> Result<Vec<u8>, SigError> {
        let signature = try_sign(&self.0, bytes).map_err(|error| SigError::Sign { why: error.to_string() })?;
        Ok(signature.as_bytes().to_vec())
    }
}

fn try_sign(key: &impl SigningKey, bytes: &[u8]) -> Result<ssh_key::Signature, signature::Error> {
    key.try_sign(bytes)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.0.fingerprint(HashAlg::Sha256))
    }
}

pub(super) fn accepted(algorithm: &Algorithm) -> bool {
    matches!(algorithm, Algorithm::Ed25519 | Algorithm::SkEd25519 | Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })
}

/// Hostile text made short and safe for a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_default).collect()
}
