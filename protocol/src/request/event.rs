//! The status event `oediag.event/1`: what became of a request, in the host's own words to the center.
//!
//! In: a state that the host's broker reached. Out: a document to sign with the host key. Never: says what was collected.

use serde::{Deserialize, Serialize};

use super::life::State;
use crate::{
    document::Document,
    id::{BundleId, HostId, ReceiptId, RequestId, TenantId},
    ledger::Reason,
    sshsig::Namespace,
    time::Time,
};

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.event/1")]
    V1,
}

/// The whole event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusEvent {
    /// Always the same.
    pub schema: Schema,
    /// The request.
    pub request_id: RequestId,
    /// The customer.
    pub tenant_id: TenantId,
    /// The host.
    pub host_id: HostId,
    /// Number of the event among those of its request, from 1. Some may be missing: a host can be silent.
    pub seq: u64,
    /// When, by the host's clock.
    pub at: Time,
    /// What the request is now.
    pub state: State,
    /// Why, where the state has a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The bundle, from [`State::Released`] on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_id: Option<BundleId>,
    /// The consent, from [`State::Released`] on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_id: Option<ReceiptId>,
}

impl Document for StatusEvent {
    const NAMESPACE: Namespace = Namespace::Event;

    fn check(&self) -> Result<(), &'static str> {
        let sent = matches!(
            self.state,
            State::Released | State::Sealing | State::Uploading | State::Stored | State::Deleted | State::Withdrawn
        );
        if self.seq == 0 {
            Err("events of a request are numbered from 1")
        } else if sent && (self.receipt_id.is_none() || self.bundle_id.is_none()) {
            Err("from the consent on an event names bundle and receipt")
        } else {
            Ok(())
        }
    }
}
