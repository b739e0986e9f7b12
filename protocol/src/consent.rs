//! The consent receipt `oediag.consent/1`: who agreed to send which exact bytes to whom, for what, and until when.
//!
//! In: what the host asked and was answered. Out: a document to sign, and the answer whether it covers given bytes.
//! Never: covers other bytes than those that were shown, whatever else fits. The receipt names the host beside being signed by it,
//! so that a key that was moved to another host does not move its receipts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    document::Document,
    id::{BundleId, HostId, ReceiptId, RequestId, TenantId},
    sshsig::Namespace,
    text::Line,
    time::Time,
};

/// Seconds that two clocks may differ.
pub const CLOCK_SLACK: i64 = 600;
/// Most days that data may be kept.
pub const MAX_RETENTION_DAYS: u32 = 3650;
/// Most entries of each list in a receipt.
const MAX_LIST: usize = 1000;

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.consent/1")]
    V1,
}

/// What the receipt records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Consent was given.
    Given,
    /// It was withdrawn: a later version of the receipt that gave it.
    Withdrawn,
}

/// How consent came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The operator answered on a terminal or gave `--consent`.
    Interactive,
    /// A rule of the host's standing policy matched.
    StandingPolicy,
    /// The operator made a sealed file to carry.
    Offline,
}

/// How far the sources go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing marked sensitive.
    Basic,
    /// Sensitive sources too.
    Extended,
}

/// The exact bytes that were agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleRef {
    /// The bundle.
    pub bundle_id: BundleId,
    /// Digest of its `NAME.tar.gz`.
    pub sha256: Sha256,
    /// Bytes of its `NAME.tar.gz`.
    pub bytes: u64,
    /// Digest of its manifest: what was shown.
    pub manifest_sha256: Sha256,
}

/// A bundle as its receiver sees it before opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleDigest {
    /// The bundle.
    pub bundle_id: BundleId,
    /// Digest of its `NAME.tar.gz`.
    pub sha256: Sha256,
    /// Bytes of its `NAME.tar.gz`.
    pub bytes: u64,
}

/// The remote request that the bundle answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRef {
    /// The request.
    pub request_id: RequestId,
    /// Digest of its signed bytes.
    pub payload_sha256: Sha256,
}

/// The rule of the standing policy that agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    /// The rule's name.
    pub rule: Line,
    /// Digest of the policy file.
    pub sha256: Sha256,
    /// The rule's last moment.
    pub valid_until: Time,
}

/// Who agreed, as the host's kernel tells it: evidence, not proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// The uid that logged in (`/proc/PID/loginuid`).
    pub loginuid: Option<u32>,
    /// `SUDO_UID`, as told.
    pub sudo_uid: Option<u32>,
    /// Name of the login.
    pub login: Option<Line>,
    /// The uid that answered.
    pub uid: u32,
    /// The audit session.
    pub audit_session: Option<u32>,
    /// The terminal.
    pub tty: Option<Line>,
    /// The words by which authority was declared.
    pub authority: Line,
    /// Fingerprint of the approver's own key, where they sign too.
    pub approver_keyid: Option<Line>,
}

/// What was collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// How far it goes.
    pub level: Level,
    /// Ids of the sources in the bundle.
    pub sources: Vec<Line>,
}

/// What may be in it about people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonalData {
    /// Kinds that may be there.
    pub possible: Vec<Line>,
    /// The redactor's level.
    pub redaction: Line,
    /// Replaced values by kind.
    pub counts: BTreeMap<String, u64>,
    /// Kinds of values that stayed readable because somebody chose so: a mark of sensitivity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Line>,
}

/// Who receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Their name.
    pub name: Line,
    /// How to reach them.
    pub contact: Line,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Line,
    /// Whether the data leaves the customer's country.
    pub cross_border: bool,
}

/// The text that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its name.
    pub id: Line,
    /// Its language: `zh-CN` or `en`.
    pub lang: Line,
    /// Digest of the exact text on the screen.
    pub sha256: Sha256,
    /// What was asked and confirmed one by one beside it.
    pub separate_consents: Vec<Line>,
}

/// What the customer can do later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// The command that withdraws.
    pub withdraw: Line,
    /// Whom to write to.
    pub contact: Line,
}

/// The whole of `consent.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// Always the same.
    pub schema: Schema,
    /// Random id of this receipt.
    pub receipt_id: ReceiptId,
    /// 1 when given; one more for each later event.
    pub version: u64,
    /// What it records.
    pub event: Event,
    /// When, by the host's clock.
    pub given_at: Time,
    /// The host that holds the bundle and signs this.
    pub host_id: HostId,
    /// The customer it belongs to.
    pub tenant_id: TenantId,
    /// The exact bytes.
    pub bundle: BundleRef,
    /// The remote request it answers; none for an operator's own bundle.
    pub request: Option<RequestRef>,
    /// How consent came about.
    pub basis: Basis,
    /// The rule, for a standing policy and for nothing else.
    pub policy: Option<PolicyRef>,
    /// Who agreed; may be unknown for a standing policy only.
    pub who: Option<Who>,
    /// What for.
    pub purpose: Line,
    /// The case.
    pub case: Option<Line>,
    /// What was collected.
    pub scope: Scope,
    /// Categories of data, for people.
    pub data_categories: Vec<Line>,
    /// What may be in it about people.
    pub personal_data: PersonalData,
    /// Who receives it.
    pub recipient: Recipient,
    /// What is done with it.
    pub processing: Line,
    /// How many days it may be kept.
    pub retention_days: u32,
    /// From this moment on nobody may read it: `given_at` and `retention_days`.
    pub delete_by: Time,
    /// The text that was shown.
    pub notice: Notice,
    /// What the customer can do later.
    pub rights: Rights,
    /// Head of the host's ledger before this.
    pub prev_ledger: Option<LedgerHead>,
}

/// Why a receipt does not cover what it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotCovered {
    /// It records a withdrawal.
    #[error("consent was withdrawn")]
    Withdrawn,
    /// Another host's.
    #[error("the receipt is another host's")]
    OtherHost,
    /// For another bundle, or for other bytes under the same id.
    #[error("the receipt is for another bundle or for other bytes")]
    OtherBundle,
    /// For another request, or for none, or there is no request.
    #[error("the receipt is for another request")]
    OtherRequest,
    /// Given later than now, by more than clocks may differ.
    #[error("the receipt is dated in the future: the host's clock is wrong")]
    NotYet,
    /// The time to keep the data is over.
    #[error("the receipt's time is over")]
    Expired,
    /// The rule that agreed was not valid any more.
    #[error("the policy's rule was not valid any more when it agreed")]
    RuleExpired,
}

/// The moment from which data kept `days` days since `given_at` must be gone.
pub fn delete_by(given_at: Time, days: u32) -> Time {
    Time(given_at.0.saturating_add(i64::from(days) * 86_400))
}

impl Consent {
    /// Whether this receipt, whose signature was checked, lets these bytes of this host be taken or read at `now`.
    pub fn covers(&self, bundle: &BundleDigest, host: HostId, request: Option<RequestId>, now: Time) -> Result<(), NotCovered> {
        let BundleRef { bundle_id, sha256, bytes, .. } = self.bundle;
        let broken = [
            (self.event == Event::Withdrawn, NotCovered::Withdrawn),
            (self.host_id != host, NotCovered::OtherHost),
            (BundleDigest { bundle_id, sha256, bytes } != *bundle, NotCovered::OtherBundle),
            (self.request.map(|request| request.request_id) != request, NotCovered::OtherRequest),
            (self.given_at.0 > now.0.saturating_add(CLOCK_SLACK), NotCovered::NotYet),
            (now >= self.delete_by, NotCovered::Expired),
            (self.policy.as_ref().is_some_and(|rule| rule.valid_until < self.given_at), NotCovered::RuleExpired),
        ];
        broken.iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, reason)| Err(*reason))
    }
}

impl Document for Consent {
    const NAMESPACE: Namespace = Namespace::Consent;

    fn check(&self) -> Result<(), &'static str> {
        let lists = [
            self.scope.sources.len(),
            self.data_categories.len(),
            self.personal_data.possible.len(),
            self.personal_data.counts.len(),
            self.personal_data.kept.len(),
            self.notice.separate_consents.len(),
        ];
        if self.version == 0 || (self.version == 1) != (self.event == Event::Given) {
            Err("version 1 gives consent, later versions withdraw it")
        } else if self.policy.is_some() != (self.basis == Basis::StandingPolicy) {
            Err("a rule of the policy belongs to the basis standing_policy, and to no other")
        } else if self.who.is_none() && self.basis != Basis::StandingPolicy {
            Err("somebody must have agreed: who is missing")
        } else if !(1..=MAX_RETENTION_DAYS).contains(&self.retention_days) {
            Err("retention_days is between 1 and 3650")
        } else if self.delete_by != delete_by(self.given_at, self.retention_days) {
            Err("delete_by is given_at and retention_days")
        } else if lists.iter().any(|len| *len > MAX_LIST) {
            Err("a list has more than 1000 entries")
        } else {
            Ok(())
        }
    }
}
