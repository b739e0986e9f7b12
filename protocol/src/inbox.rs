//! The inbox `oediag.inbox/1`: what a center has for a host, as hints. Nothing here is authority: what it points to is signed.
//!
//! In: hostile bytes of a reply. Out: bounded lists of ids. Never: carries a request itself.

use serde::{Deserialize, Serialize};

use crate::{
    id::{ReceiptId, RequestId},
    json::{self, JsonError},
    signed::Signed,
};

/// Most bytes of an inbox.
pub const MAX_BYTES: usize = 64 << 10;
/// Most entries of each list; the rest comes after these were fetched.
pub const MAX_LIST: usize = 100;
/// Least and most seconds between two polls that a center may set.
pub const POLL: std::ops::RangeInclusive<u64> = 5..=3600;

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.inbox/1")]
    V1,
}

/// The whole inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// Always the same.
    pub schema: Schema,
    /// Seconds until the next poll.
    pub next_poll_s: u64,
    /// Requests that are open.
    pub requests: Vec<RequestId>,
    /// Requests that were taken back.
    pub cancels: Vec<RequestId>,
    /// The newest keyset of the tenant.
    pub keyset_version: u64,
    /// Receipts whose bundles were deleted.
    pub deletions: Vec<ReceiptId>,
    /// Whether the center does not know the host's catalogue.
    pub wants_catalogue: bool,
    /// The head of the center's audit log, an [`crate::audit::Head`].
    pub log: Option<Signed>,
}

impl Inbox {
    /// Reads an inbox. An interval out of [`POLL`] is brought into it; a list that is too long refuses the whole.
    ///
    /// # Errors
    /// Not an inbox.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let mut inbox: Self = json::parse(bytes, MAX_BYTES)?;
        let longest = inbox.requests.len().max(inbox.cancels.len()).max(inbox.deletions.len());
        if longest > MAX_LIST {
            return Err(JsonError::Shape { why: format!("a list of {longest} entries, {MAX_LIST} is the most") });
        }
        inbox.next_poll_s = inbox.next_poll_s.clamp(*POLL.start(), *POLL.end());
        Ok(inbox)
    }
}
