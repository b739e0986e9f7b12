//! Service requests: the customer opens a case, the center tells how it stands, the customer confirms the fix.
//!
//! In: what an operator wrote. Out: documents to sign with the host key; the center's unsigned answer. Never: carries data of the host.

use serde::{Deserialize, Serialize};

use crate::{
    document::Document,
    id::{CaseKey, HostId, TenantId},
    json::{self, JsonError},
    keyset::Severity,
    sshsig::Namespace,
    text::Line,
    time::Time,
};

/// Most bytes of the center's answer.
pub const MAX_BYTES: usize = 256 << 10;

/// The value of `schema` in an opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenSchema {
    /// The only one so far.
    #[serde(rename = "oediag.case/1")]
    V1,
}

/// The value of `schema` in a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfirmSchema {
    /// The only one so far.
    #[serde(rename = "oediag.case-confirm/1")]
    V1,
}

/// A case that is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Always the same.
    pub schema: OpenSchema,
    /// Makes sending it twice harmless.
    pub key: CaseKey,
    /// The host.
    pub host_id: HostId,
    /// The customer.
    pub tenant_id: TenantId,
    /// When, by the host's clock.
    pub at: Time,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub title: Line,
    /// What else there is to say; may be empty.
    pub description: Line,
    /// How to reach who opened it; may be empty.
    pub contact: Line,
}

/// The customer says that the case is solved, or is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Always the same.
    pub schema: ConfirmSchema,
    /// The case, by the center's name.
    pub case: Line,
    /// The host.
    pub host_id: HostId,
    /// The customer.
    pub tenant_id: TenantId,
    /// When, by the host's clock.
    pub at: Time,
    /// False: it is opened again.
    pub solved: bool,
    /// What else there is to say; may be empty.
    pub note: Line,
}

/// How far a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has taken it.
    Open,
    /// An engineer works on it.
    Accepted,
    /// The center thinks that it is solved.
    Resolved,
    /// The customer said so too.
    Confirmed,
    /// It ended otherwise.
    Closed,
}

/// How a case stands, as the center tells; not signed, nothing follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The center's name of it.
    pub case: Line,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub title: Line,
    /// How far it is.
    pub state: State,
    /// When it was opened, by the center's clock.
    pub opened: Time,
    /// When an engineer took it.
    pub accepted: Option<Time>,
    /// When the first answer is due.
    pub respond_by: Time,
    /// Who works on it.
    pub engineer: Option<Line>,
    /// When it was solved.
    pub resolved: Option<Time>,
    /// When the customer confirmed.
    pub confirmed: Option<Time>,
}

/// Cases of the host, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standings {
    /// At most 200.
    pub cases: Vec<Standing>,
}

impl Standings {
    /// Reads the center's answer.
    ///
    /// # Errors
    /// Not such an answer, or one of more than [`MAX_BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        json::parse(bytes, MAX_BYTES)
    }
}

impl Standing {
    /// Reads the center's answer about one case.
    ///
    /// # Errors
    /// Not such an answer, or one of more than [`MAX_BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        json::parse(bytes, MAX_BYTES)
    }
}

impl Document for Open {
    const NAMESPACE: Namespace = Namespace::Case;

    fn check(&self) -> Result<(), &'static str> {
        if self.title.as_str().trim().is_empty() { Err("a case has a title") } else { Ok(()) }
    }
}

impl Document for Confirm {
    const NAMESPACE: Namespace = Namespace::Case;

    fn check(&self) -> Result<(), &'static str> {
        if self.case.as_str().trim().is_empty() { Err("the case is named") } else { Ok(()) }
    }
}
