//! Signatures in OpenSSH's SSHSIG format, one namespace per type of object.
//!
//! In: messages, keys as OpenSSH text. Out: armored signatures, verdicts. Stock `ssh-keygen -Y` reads and makes the same.
//! Never: takes the expected key from the signed object, accepts RSA, accepts two spellings of one signature, prints a secret.

mod allowed;
mod key;

use std::io::{self, Read};

use sha2::{Digest as _, Sha512};
use signature::Verifier as _;
use ssh_key::{Algorithm, HashAlg, LineEnding, SshSig};

pub use self::{
    allowed::{AllowedError, AllowedSigners, allowed_line},
    key::{KeyError, PublicKey, Signer},
};

/// Most bytes of one armored signature.
pub const MAX_SIGNATURE: usize = 16 * 1024;

macro_rules! namespaces {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// What a signature is for. A signature made for one namespace is worthless in every other.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Namespace {
            $($(#[$doc])* $variant,)*
        }

        impl Namespace {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name as SSHSIG carries it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}
namespaces! {
    /// `SHA256SUMS` inside a bundle, by the host key.
    Bundle => "oediag-bundle-v1",
    /// The whole `NAME.tar.gz`, by the host key.
    File => "oediag-file-v1",
    /// `envelope.json`, by the host key.
    Envelope => "oediag-envelope-v1",
    /// `consent.json`, by the host key and perhaps the approver's own.
    Consent => "oediag-consent-v1",
    /// A ledger head, by the host key.
    Ledger => "oediag-ledger-v1",
    /// An enrolment, by the host key.
    Enroll => "oediag-enroll-v1",
    /// A rotation of the host key, by the old and the new one.
    HostKey => "oediag-hostkey-v1",
    /// A withdrawal, by the host key or the customer administrator's.
    Withdraw => "oediag-withdraw-v1",
    /// What became of a request, by the host key.
    Event => "oediag-event-v1",
    /// The opening or the confirmation of a case, by the host key.
    Case => "oediag-case-v1",
    /// The center's keyset, by its root keys.
    Keyset => "oediag-keyset-v1",
    /// A request, by the center's request key and perhaps an engineer's.
    Request => "oediag-request-v1",
    /// The cancellation of a request, by the same keys.
    Cancel => "oediag-cancel-v1",
    /// Upload acknowledgement, deletion receipt, log checkpoint: by the center's ack key.
    Ack => "oediag-ack-v1",
}

impl Namespace {
    /// What a host key signs that stock tools check; what goes to the center alone is not among it.
    pub const HOST: &[Self] =
        &[Self::Bundle, Self::File, Self::Envelope, Self::Consent, Self::Ledger, Self::Enroll, Self::HostKey, Self::Withdraw];

    /// The namespace of this exact name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|namespace| namespace.as_str() == text)
    }
}

/// Why a signature was refused or could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigError {
    /// Longer than [`MAX_SIGNATURE`].
    #[error("signature of {bytes} bytes, {MAX_SIGNATURE} is the most")]
    TooLarge {
        /// Bytes found.
        bytes: usize,
    },
    /// Not one SSH signature in its only allowed spelling: lines end in LF alone, nothing before BEGIN or after END.
    #[error("not exactly one SSH signature in plain form (LF line ends, nothing before or after it): {why}")]
    Format {
        /// What does not fit.
        why: String,
    },
    /// Made for another type of object.
    #[error("signature is for {found:?}, {expected:?} is needed")]
    Namespace {
        /// Namespace in the signature.
        found: String,
        /// Namespace that is needed.
        expected: &'static str,
    },
    /// The message digest is not SHA-512.
    #[error("signature uses the hash {found}, only sha512 is accepted")]
    Hash {
        /// Hash in the signature.
        found: String,
    },
    /// RSA, DSA and all else that is not accepted.
    #[error("signature by a key of type {found}, accepted are: {}", key::ACCEPTED)]
    Algorithm {
        /// Type of key in the signature.
        found: String,
    },
    /// Made with another key than the expected one.
    #[error("signature is by key {found}, expected is {expected}")]
    WrongKey {
        /// Fingerprint of the key in the signature.
        found: String,
        /// Fingerprint of the expected key.
        expected: String,
    },
    /// Key and namespace fit, but the signed bytes are others.
    #[error("signature does not fit the signed bytes")]
    Mismatch,
    /// The private key could not sign.
    #[error("signing failed: {why}")]
    Sign {
        /// The library's words.
        why: String,
    },
}

/// SHA-512 over a message, fed piece by piece, so that a file of any size is signed in constant memory.
#[derive(Clone, Debug, Default)]
pub struct Prehash(Sha512);

impl Prehash {
    /// Nothing fed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The whole of a message that lies in memory.
    pub fn of(message: &[u8]) -> Self {
        let mut prehash = Self::new();
        prehash.update(message);
        prehash
    }

    /// The whole of what a reader yields.
    pub fn of_reader(mut reader: impl Read) -> io::Result<Self> {
        let mut prehash = Self::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(prehash),
                Ok(count) => prehash.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Feeds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// What the key really signs: the preamble, the namespace, an empty reserved field, the hash's name and value,
    /// each but the first preceded by its length (PROTOCOL.sshsig of OpenSSH).
    fn signed_bytes(self, namespace: Namespace) -> Vec<u8> {
        let hash = self.0.finalize();
        let mut bytes = b"SSHSIG".to_vec();
        for field in [namespace.as_str().as_bytes(), b"", b"sha512", &hash] {
            bytes.extend((field.len() as u32).to_be_bytes());
            bytes.extend(field);
        }
        bytes
    }
}

/// Checks that `armored` is a signature by `key`, for `namespace`, over the message of `prehash`.
///
/// Only the exact spelling that ssh-keygen writes passes; so of one signature there is one form only.
pub fn verify(armored: &[u8], namespace: Namespace, key: &PublicKey, prehash: Prehash) -> Result<(), SigError> {
    let sig = parse(armored)?;
    if sig.namespace() != namespace.as_str() {
        return Err(SigError::Namespace { found: key::shown(sig.namespace()), expected: namespace.as_str() });
    }
    if sig.hash_alg() != HashAlg::Sha512 {
        return Err(SigError::Hash { found: sig.hash_alg().to_string() });
    }
    for algorithm in [sig.public_key().algorithm(), sig.algorithm()] {
        if !key::accepted(&algorithm) {
            return Err(SigError::Algorithm { found: key::shown(algorithm.as_str()) });
        }
    }
    if sig.public_key() != key.data() {
        return Err(SigError::WrongKey {
            found: sig.public_key().fingerprint(HashAlg::Sha256).to_string(),
            expected: key.fingerprint(),
        });
    }
    key.data().verify(&prehash.signed_bytes(namespace), sig.signature()).map_err(|_| SigError::Mismatch)
}

fn parse(armored: &[u8]) -> Result<SshSig, SigError> {
    if armored.len() > MAX_SIGNATURE {
        return Err(SigError::TooLarge { bytes: armored.len() });
    }
    let format = |why: &str| SigError::Format { why: why.to_owned() };
    let sig = SshSig::from_pem(armored).map_err(|error| format(&error.to_string()))?;
    if sig.version() != SshSig::VERSION || !sig.reserved().is_empty() {
        return Err(format("unknown version, or reserved field in use"));
    }
    // The algorithm goes first: the library cannot write every type that it can read.
    if let algorithm @ (Algorithm::Rsa { .. } | Algorithm::Dsa | Algorithm::Other(_)) = sig.algorithm() {
        return Err(SigError::Algorithm { found: key::shown(algorithm.as_str()) });
    }
    // Writing it again is the whole of the strictness: CRLF, blanks, other line widths, slack bits and junk all differ.
    let again = sig.to_pem(LineEnding::LF).map_err(|error| format(&error.to_string()))?;
    if again.as_bytes() == armored { Ok(sig) } else { Err(format("not spelt as ssh-keygen spells it")) }
}
