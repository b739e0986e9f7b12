//! The cancellation `oediag.cancel/1`: the center does not want a request answered any more.
//!
//! In: the request and who takes it back. Out: a document to sign. Never: asks for anything.

use serde::{Deserialize, Serialize};

use super::paper::{Person, Words};
use crate::{
    document::Document,
    id::{HostId, RequestId, TenantId},
    sshsig::Namespace,
    time::Time,
};

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.cancel/1")]
    V1,
}

/// The whole cancellation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Always the same.
    pub schema: Schema,
    /// The request that is taken back.
    pub request_id: RequestId,
    /// The customer.
    pub tenant_id: TenantId,
    /// The host.
    pub host_id: HostId,
    /// When, by the center's clock.
    pub created: Time,
    /// Why.
    pub reason: Words,
    /// Who takes it back.
    pub cancelled_by: Person,
}

impl Document for Cancel {
    const NAMESPACE: Namespace = Namespace::Cancel;

    fn check(&self) -> Result<(), &'static str> {
        if self.reason.are_given() { Ok(()) } else { Err("the reason is given in both languages") }
    }
}
