//! The withdrawal `oediag.withdraw/1`: the customer takes a consent back.
//!
//! In: the receipt. Out: a document to sign with the host key. Never: takes back in part.

use serde::{Deserialize, Serialize};

use crate::{
    document::Document,
    id::{BundleId, HostId, ReceiptId, TenantId},
    sshsig::Namespace,
    text::Line,
    time::Time,
};

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.withdraw/1")]
    V1,
}

/// The whole withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Always the same.
    pub schema: Schema,
    /// The consent that is taken back.
    pub receipt_id: ReceiptId,
    /// The bundle that was sent under it.
    pub bundle_id: BundleId,
    /// The host that gave the consent.
    pub host_id: HostId,
    /// The customer.
    pub tenant_id: TenantId,
    /// When, by the host's clock.
    pub at: Time,
    /// Why, if somebody says so; nobody has to.
    pub reason: Option<Line>,
}

impl Document for Withdrawal {
    const NAMESPACE: Namespace = Namespace::Withdraw;

    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}
