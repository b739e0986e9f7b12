//! The upload ack `oediag.ack/1`: the center's word that it stores exactly these bytes under this receipt.
//!
//! In: what was stored, or a verified ack and what was sent. Out: a document to sign, or whether it answers what was sent.
//! Never: stands for another upload: every name and digest in it is compared.

use serde::{Deserialize, Serialize};

use crate::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    document::Document,
    envelope::Envelope,
    id::{BundleId, HostId, ReceiptId, TenantId},
    sshsig::Namespace,
    time::Time,
};

/// The value of `schema`. It tells acks from the other documents of the namespace `oediag-ack-v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.ack/1")]
    V1,
}

/// The ciphertext that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Digest of `bundle.tar.gz.age`.
    pub sha256: Sha256,
    /// Bytes of `bundle.tar.gz.age`.
    pub bytes: u64,
}

/// The whole ack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ack {
    /// Always the same.
    pub schema: Schema,
    /// The bundle.
    pub bundle_id: BundleId,
    /// The host that made and sealed it.
    pub host_id: HostId,
    /// The customer it belongs to.
    pub tenant_id: TenantId,
    /// The consent under which it is kept.
    pub receipt_id: ReceiptId,
    /// The ciphertext.
    pub payload: Stored,
    /// When it was safely stored, by the center's clock. Sending the same bytes again gets the same ack.
    pub stored_at: Time,
    /// Head of the center's audit log behind the entry of this ack.
    pub audit: LedgerHead,
}

/// Why an ack does not answer an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswer {
    /// For another bundle.
    #[error("the ack is for another bundle")]
    OtherBundle,
    /// For another host or customer.
    #[error("the ack is for another host or tenant")]
    OtherHost,
    /// Under another consent receipt.
    #[error("the ack names another consent receipt")]
    OtherReceipt,
    /// The center has other bytes than were sent.
    #[error("the ack is for other bytes than were sent")]
    OtherBytes,
}

impl Ack {
    /// Whether this ack, whose signature was checked, says that what `envelope` holds is stored under `receipt`.
    pub fn answers(&self, envelope: &Envelope, receipt: ReceiptId) -> Result<(), NotAnswer> {
        if self.bundle_id != envelope.bundle_id {
            Err(NotAnswer::OtherBundle)
        } else if self.host_id != envelope.host_id || self.tenant_id != envelope.tenant_id {
            Err(NotAnswer::OtherHost)
        } else if self.receipt_id != receipt {
            Err(NotAnswer::OtherReceipt)
        } else if (self.payload.sha256, self.payload.bytes) != (envelope.payload.sha256, envelope.payload.bytes) {
            Err(NotAnswer::OtherBytes)
        } else {
            Ok(())
        }
    }
}

impl Document for Ack {
    const NAMESPACE: Namespace = Namespace::Ack;

    fn check(&self) -> Result<(), &'static str> {
        if self.audit.seq == 0 { Err("entries of the audit log are numbered from 1") } else { Ok(()) }
    }
}
