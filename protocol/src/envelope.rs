//! The envelope `oediag.envelope/1`: what is in a sealed file, for those who carry it and must not open it.
//!
//! In: the digests of a bundle, of its ciphertext and of its consent receipt. Out: a document to sign, and whether all agree.
//! Never: says anything of the bundle's contents.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    bundle::{manifest::LedgerHead, reader::CAPS},
    consent::{BundleDigest, Consent, NotCovered},
    digest::Sha256,
    document::Document,
    id::{BundleId, HostId, RequestId, TenantId},
    sealed::Recipient,
    sshsig::Namespace,
    time::Time,
};

/// Most bytes of a payload: the largest bundle, age's header, and 16 bytes for each 64 KiB.
pub const MAX_PAYLOAD: u64 = CAPS.packed + (1 << 20);
/// Most recipients of one payload.
pub const MAX_RECIPIENTS: usize = 8;

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.envelope/1")]
    V1,
}

/// How the payload is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// The age file format, version 1, with X25519 recipients.
    #[serde(rename = "age-x25519")]
    AgeX25519,
}

/// The bundle before sealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plain {
    /// Bytes of `NAME.tar.gz`.
    pub bytes: u64,
    /// Digest of `NAME.tar.gz`.
    pub sha256: Sha256,
    /// Whether the run that made it was finished.
    pub complete: bool,
}

/// The bundle after sealing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// Bytes of `bundle.tar.gz.age`.
    pub bytes: u64,
    /// Digest of `bundle.tar.gz.age`.
    pub sha256: Sha256,
    /// How it is encrypted.
    pub enc: Encryption,
    /// To whom.
    pub recipients: Vec<Recipient>,
}

/// The whole of `envelope.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Always the same.
    pub schema: Schema,
    /// The bundle.
    pub bundle_id: BundleId,
    /// Who made, sealed and signed it.
    pub host_id: HostId,
    /// The customer it belongs to.
    pub tenant_id: TenantId,
    /// The remote request it answers.
    pub request_id: Option<RequestId>,
    /// When it was sealed, by the host's clock; the time of every member of the sealed file.
    pub created: Time,
    /// The bundle before sealing.
    pub bundle: Plain,
    /// The bundle after sealing.
    pub payload: Payload,
    /// Digest of `consent.json`.
    pub consent_sha256: Sha256,
    /// The keyset that gave the recipients.
    pub keyset_version: u64,
    /// Head of the host's ledger at sealing.
    pub ledger_head: Option<LedgerHead>,
}

/// Why an envelope and the receipt beside it do not belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Another receipt lay there when the envelope was signed.
    #[error("the envelope was signed with another consent receipt")]
    OtherReceipt,
    /// Another customer's.
    #[error("the envelope and the receipt name different tenants")]
    OtherTenant,
    /// The receipt does not cover what the envelope holds.
    #[error(transparent)]
    NotCovered(#[from] NotCovered),
}

impl Envelope {
    /// The bundle inside, as a receipt must name it.
    pub fn digest(&self) -> BundleDigest {
        BundleDigest { bundle_id: self.bundle_id, sha256: self.bundle.sha256, bytes: self.bundle.bytes }
    }

    /// Whether the receipt, of these exact bytes, belongs to this envelope and covers its bundle at `now`. The signatures
    /// of both were checked before.
    pub fn agrees(&self, consent: &Consent, consent_bytes: &[u8], now: Time) -> Result<(), EnvelopeError> {
        if self.consent_sha256 != Sha256::of(consent_bytes) {
            return Err(EnvelopeError::OtherReceipt);
        }
        if self.tenant_id != consent.tenant_id {
            return Err(EnvelopeError::OtherTenant);
        }
        Ok(consent.covers(&self.digest(), self.host_id, self.request_id, now)?)
    }
}

impl Document for Envelope {
    const NAMESPACE: Namespace = Namespace::Envelope;

    fn check(&self) -> Result<(), &'static str> {
        let recipients = &self.payload.recipients;
        if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
            Err("a payload has 1 to 8 recipients")
        } else if recipients.iter().collect::<BTreeSet<_>>().len() < recipients.len() {
            Err("a recipient is named twice")
        } else if self.bundle.bytes == 0 || self.bundle.bytes > CAPS.packed {
            Err("a bundle has 1 byte to 2 GiB")
        } else if self.payload.bytes <= self.bundle.bytes || self.payload.bytes > MAX_PAYLOAD {
            Err("a payload is larger than its bundle, and at most 2 GiB and 1 MiB")
        } else if self.keyset_version == 0 {
            Err("keyset versions begin at 1")
        } else {
            Ok(())
        }
    }
}
