//! The request `oediag.request/1`: who asks which host for which sources of its catalogue, why, for whom and until when.
//!
//! In: what an engineer composed. Out: a document to sign. Never: names anything but sources, presets and typed parameters
//! of the host's own catalogue, or items of a bundle that the host already holds, by their numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::{Name, Value};
use crate::{
    consent::{Level, MAX_RETENTION_DAYS},
    digest::{Sha256, hex, unhex},
    document::Document,
    id::{BundleId, HostId, RequestId, TenantId},
    keyset::Severity,
    sshsig::Namespace,
    text::Line,
    time::Time,
};

/// Most seconds between `created` and `expires`: 7 days.
pub const MAX_LIFETIME: i64 = 7 * 86_400;
/// Most bytes that may be asked for: what a center takes at most.
pub const MAX_BYTES: u64 = 2 << 30;
/// Most seconds of collecting that may be asked for.
pub const MAX_SECONDS: u64 = 3600;
/// Most sources, and most items of a held bundle.
const MAX_LIST: usize = 1000;
/// Most parameters of a source.
const MAX_PARAMS: usize = 8;
/// Most companies that process for the recipient.
const MAX_PROCESSORS: usize = 20;

/// The rule about the time that a request lives.
pub(super) const LIFETIME: &str = "a request lives at most 7 days";
/// The rule about who stands behind an extended request.
pub(super) const LEAD: &str = "a request of level extended is approved by a lead who is not the one that asks";

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.request/1")]
    V1,
}

/// A random number that is never used twice, written as 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce(pub [u8; 16]);

/// Why it is asked, in both languages. Each is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: Line,
    /// In English.
    pub en: Line,
}

/// What somebody is at the center.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on cases.
    Engineer,
    /// Approves what goes further.
    Lead,
}

/// Somebody at the center. The center says so; only its signature vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Account.
    pub id: Line,
    /// Name.
    pub name: Line,
    /// What the person is.
    pub role: Role,
    /// How the person signed in, such as `oidc+mfa`.
    pub auth: Line,
}

/// What is to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A bundle of the sources.
    #[default]
    Bundle,
    /// Its manifest only; the host keeps the bundle.
    Index,
    /// Single items of a bundle that the host keeps.
    Items,
}

/// A source and its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its id in the host's catalogue.
    pub id: Name,
    /// Parameters by name.
    pub params: BTreeMap<Name, Value>,
}

/// Items of a bundle that the host keeps.
///
/// An answer to [`Ask::Index`] is a bundle of its own: the manifest of the one that the host keeps, with every member of the host's left
/// out. What the center knows is that index, and so it is the index that is named here: its id, the digest of its manifest, and
/// places in its list of items. The host finds the bundle behind it, whose rows have the same order, and makes another bundle of those
/// items, which is shown and agreed to by itself. A host that does not keep it (any more), or whose index is another one, refuses with
/// `unknown_bundle`; a place without an item that was left out, with `out_of_range`; one that needs a higher level, with `source_level`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The index that was sent.
    pub bundle_id: BundleId,
    /// Digest of its manifest, in which the items are counted.
    pub manifest_sha256: Sha256,
    /// Their places in the manifest's list of items, from 0, rising.
    pub items: Vec<u64>,
}

/// How far a request goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Whether sensitive sources are meant too. A preset gives its sources of this level only.
    pub level: Level,
    /// What is to come back.
    #[serde(default)]
    pub ask: Ask,
    /// A named set of sources.
    pub preset: Option<Name>,
    /// Sources beside it, or with parameters of their own; ids rise.
    pub sources: Vec<Source>,
    /// For [`Ask::Items`] and for nothing else.
    pub held: Option<Held>,
}

/// How much is replaced before anything leaves; the later is the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// Less than standard.
    Reduced,
    /// The usual.
    #[default]
    Standard,
    /// More than standard.
    Strict,
}

/// Who is to read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// Name.
    pub name: Line,
    /// Country.
    pub country: Line,
    /// Companies that process for it.
    pub processors: Vec<Line>,
}

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deliver {
    /// The host sends it.
    Upload,
    /// Somebody carries the sealed file.
    Carry,
}

/// The whole request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Always the same.
    pub schema: Schema,
    /// Random id; a host answers it once.
    pub request_id: RequestId,
    /// Makes the signed bytes of two requests differ whatever they ask.
    pub nonce: Nonce,
    /// The customer.
    pub tenant_id: TenantId,
    /// The host.
    pub host_id: HostId,
    /// When it was made, by the center's clock.
    pub created: Time,
    /// It is not answered before.
    pub not_before: Time,
    /// From this moment on it is not answered, at most [`MAX_LIFETIME`] after `created`.
    pub expires: Time,
    /// The case.
    pub case: Line,
    /// Severity of the case.
    pub severity: Severity,
    /// Why.
    pub reason: Words,
    /// Who asks.
    pub requested_by: Person,
    /// The lead who approved; needed for [`Level::Extended`].
    pub approved_by: Option<Person>,
    /// What is asked for.
    pub scope: Scope,
    /// The least redaction; the host may do more.
    pub redaction_min: Redaction,
    /// Most bytes of the packed bundle, up to [`MAX_BYTES`].
    pub max_bytes: u64,
    /// Most seconds of collecting, up to [`MAX_SECONDS`].
    pub max_seconds: u64,
    /// How many days it is to be kept.
    pub retention_days: u32,
    /// Who is to read it. To whom it is encrypted is in the keyset, never here.
    pub recipient: Recipient,
    /// What for.
    pub purpose: Line,
    /// How the answer travels.
    pub deliver: Deliver,
}

impl Words {
    /// Whether both languages say something.
    pub(super) fn are_given(&self) -> bool {
        ![&self.zh_cn, &self.en].iter().any(|words| words.as_str().trim().is_empty())
    }
}

impl TryFrom<String> for Nonce {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 16];
        if unhex(&text, &mut bytes) { Ok(Self(bytes)) } else { Err("not a nonce of 32 lower-case hex digits") }
    }
}

impl From<Nonce> for String {
    fn from(nonce: Nonce) -> Self {
        nonce.to_string()
    }
}

impl std::fmt::Display for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        hex(&self.0, f)
    }
}

impl Scope {
    fn check(&self) -> Result<(), &'static str> {
        let named = self.preset.is_some() || !self.sources.is_empty();
        let held = self.held.as_ref();
        if held.is_some() != (self.ask == Ask::Items) {
            Err("items are asked of a held bundle, and nothing else is")
        } else if named == held.is_some() {
            Err("a request names a preset or sources, or items of a held bundle")
        } else if held.is_some_and(|held| held.items.is_empty() || !held.items.is_sorted_by(|a, b| a < b)) {
            Err("the numbers of items rise, and there is at least one")
        } else if !self.sources.is_sorted_by(|a, b| a.id < b.id) {
            Err("the ids of sources rise, each is there once")
        } else if self.sources.len() > MAX_LIST || held.is_some_and(|held| held.items.len() > MAX_LIST) {
            Err("there are at most 1000 sources or items")
        } else if self.sources.iter().any(|source| source.params.len() > MAX_PARAMS) {
            Err("a source has at most 8 parameters")
        } else {
            Ok(())
        }
    }
}

impl Request {
    fn has_lead(&self) -> bool {
        match &self.approved_by {
            Some(lead) => lead.role == Role::Lead && lead.id != self.requested_by.id,
            None => self.scope.level == Level::Basic,
        }
    }
}

impl Document for Request {
    const NAMESPACE: Namespace = Namespace::Request;

    fn check(&self) -> Result<(), &'static str> {
        self.scope.check()?;
        let empty = |line: &Line| line.as_str().trim().is_empty();
        if self.created > self.not_before || self.not_before >= self.expires {
            Err("created, not_before and expires follow each other")
        } else if self.expires.0.saturating_sub(self.created.0) > MAX_LIFETIME {
            Err(LIFETIME)
        } else if !self.has_lead() {
            Err(LEAD)
        } else if !self.reason.are_given() {
            Err("the reason is given in both languages")
        } else if [&self.case, &self.purpose, &self.recipient.name, &self.requested_by.id].into_iter().any(empty) {
            Err("case, purpose, recipient and the one who asks are named")
        } else if !(1..=MAX_BYTES).contains(&self.max_bytes) {
            Err("max_bytes is between 1 and 2 GiB")
        } else if !(1..=MAX_SECONDS).contains(&self.max_seconds) {
            Err("max_seconds is between 1 and 3600")
        } else if !(1..=MAX_RETENTION_DAYS).contains(&self.retention_days) {
            Err("retention_days is between 1 and 3650")
        } else if self.recipient.processors.len() > MAX_PROCESSORS {
            Err("there are at most 20 processors")
        } else {
            Ok(())
        }
    }
}
