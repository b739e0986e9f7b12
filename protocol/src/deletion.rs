//! The deletion receipt `oediag.deletion/1`: the center's word that what came under a consent is gone.
//!
//! In: what was deleted and why. Out: a document to sign with the ack key, or whether it answers a receipt. Never: stands for another one.

use serde::{Deserialize, Serialize};

use crate::{
    document::Document,
    id::{BundleId, HostId, ReceiptId, TenantId},
    sshsig::Namespace,
    time::Time,
};

/// The value of `schema`. It tells deletion receipts from the other documents of the namespace `oediag-ack-v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.deletion/1")]
    V1,
}

/// Why it was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The host withdrew its consent.
    Withdrawn,
    /// The time to keep it was over.
    Retention,
    /// The customer's administrator wanted it.
    Customer,
    /// A lead at the center wanted it.
    Lead,
}

/// Where something was deleted, or is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// The encrypted bundle.
    Object,
    /// What was found in it: alerts, facts, summaries.
    Index,
    /// Parts that were decrypted to be shown.
    Cache,
    /// The consent receipt, which proves that it was allowed.
    Receipt,
    /// The audit log, which proves who read it.
    Audit,
}

/// The whole receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    /// Always the same.
    pub schema: Schema,
    /// The consent under which it was kept.
    pub receipt_id: ReceiptId,
    /// The bundle.
    pub bundle_id: BundleId,
    /// The host it came from.
    pub host_id: HostId,
    /// The customer.
    pub tenant_id: TenantId,
    /// Why.
    pub trigger: Trigger,
    /// When, by the center's clock.
    pub deleted_at: Time,
    /// Where it was deleted.
    pub stores: Vec<Store>,
    /// When the last backup that may hold the encrypted bundle is gone.
    pub backups_gone_by: Time,
    /// What stays.
    pub kept: Vec<Store>,
    /// Number of the line in the center's audit log that says so.
    pub log_index: u64,
}

impl Deletion {
    /// Whether this receipt, whose signature was checked, is about that bundle of that host.
    pub fn answers(&self, receipt: ReceiptId, bundle: BundleId, host: HostId) -> bool {
        (self.receipt_id, self.bundle_id, self.host_id) == (receipt, bundle, host)
    }
}

impl Document for Deletion {
    const NAMESPACE: Namespace = Namespace::Ack;

    fn check(&self) -> Result<(), &'static str> {
        let rising = |list: &[Store]| list.windows(2).all(|pair| pair[0] < pair[1]);
        if self.log_index == 0 {
            Err("lines of the audit log are numbered from 1")
        } else if !self.stores.contains(&Store::Object) {
            Err("the encrypted bundle itself is deleted")
        } else if !rising(&self.stores) || !rising(&self.kept) || self.stores.iter().any(|store| self.kept.contains(store)) {
            Err("each store is named once, as deleted or as kept")
        } else {
            Ok(())
        }
    }
}
