//! The host's ledger: one line of JSON for each event of consent, each naming the line before it by its digest.
//!
//! In: events, or the bytes of lines. Out: lines, the head behind them, that head as a document to sign; [`chain`] reads a whole
//! ledger. Never: opens the file, or takes a line that is not spelt as [`Entry::line`] spells it.

pub mod chain;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    document::Document,
    id::{HostId, RequestId},
    json::{self, JsonError, MAX_INTEGER},
    sshsig::Namespace,
    time::Time,
};

/// Most bytes of one line with its line feed.
pub const MAX_LINE: usize = 512;
/// What the first line names as the line before it.
pub const NOTHING: Sha256 = Sha256([0; 32]);
/// Most characters of a [`Reason`].
const MAX_REASON: usize = 32;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident => $text:literal,)*) => {
        /// What happened. The words are stable: programs branch on them, people read their translation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl Event {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in the line.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}
events! {
    /// The host enrolled; `obj` is the signed document with which it asked.
    Enrolled => "enrolled",
    /// A keyset of the center was accepted; `obj` is that keyset.
    Keyset => "keyset",
    /// Another policy is in force; `obj` is its file.
    Policy => "policy",
    /// A request came; `obj` is that document, as for all events of a request where nothing else is said.
    Received => "received",
    /// A request was refused by rule, `why` says by which.
    Rejected => "rejected",
    /// A person is asked whether to collect.
    Pending => "pending",
    /// Collecting for a request was agreed to, by a person or by the policy.
    Approved => "approved",
    /// Collecting for a request was not agreed to.
    Denied => "denied",
    /// Nobody decided in time.
    Expired => "expired",
    /// Ended by the center, or by the customer before all was sent; `obj` is the receipt where there is one.
    Cancelled => "cancelled",
    /// Collecting began.
    Collecting => "collecting",
    /// Collecting ended; `obj` is the bundle.
    Collected => "collected",
    /// Collecting or sending ended in an error, `why` says in which.
    Failed => "failed",
    /// A bundle was shown to who decides; `obj` is the bundle.
    Previewed => "previewed",
    /// Consent was given to send a bundle; `obj` is the receipt.
    Released => "released",
    /// Consent was not given; `obj` is the bundle.
    Declined => "declined",
    /// Encryption began; `obj` is the receipt.
    Sealing => "sealing",
    /// Sending began; `obj` is the ciphertext.
    Uploading => "uploading",
    /// The center has all; `obj` is its signed ack.
    Stored => "stored",
    /// The host's copy was removed; `obj` is the bundle.
    Deleted => "deleted",
    /// Consent was withdrawn; `obj` is the withdrawal.
    Withdrawn => "withdrawn",
    /// The center deleted its copy; `obj` is its signed receipt of that.
    DeletionConfirmed => "deletion_confirmed",
    /// The center told the head of its audit log; `obj` is the signed document that did.
    CenterHead => "center_head",
    /// A line that was being written when the host stopped was cut off; `obj` is what there was of it.
    Recovered => "recovered",
}

/// Why something was refused or failed: 1 to 32 of `[a-z0-9_]`, a word of the closed list of who writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(String);

impl Reason {
    /// Takes a word that is a reason.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        ((1..=MAX_REASON).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a reason of 1 to 32 of [a-z0-9_]"))
    }
}

/// What is to be written, before it has its place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What happened.
    pub ev: Event,
    /// SHA-256 of what it happened to: of a document the signed bytes, else the whole file.
    pub obj: Option<Sha256>,
    /// The request it belongs to.
    pub rid: Option<RequestId>,
    /// Why, where the event has a reason.
    pub why: Option<Reason>,
}

impl Note {
    /// An event with the object it is about.
    pub fn of(ev: Event, obj: Sha256) -> Self {
        Self { ev, obj: Some(obj), rid: None, why: None }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Number of the line, from 1.
    pub seq: u64,
    /// SHA-256 of the line before it with its line feed, as `sha256sum` of that line gives it; [`NOTHING`] in the first.
    pub prev: Sha256,
    /// When, by the host's clock. Nothing follows from the order of these: clocks are set back.
    pub at: Time,
    /// What happened.
    pub ev: Event,
    /// SHA-256 of what it happened to: of a document the signed bytes, else the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obj: Option<Sha256>,
    /// The request it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rid: Option<RequestId>,
    /// Why, where the event has a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Reason>,
}

/// Why some bytes are not a line of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not the JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The same object, but not in the one way in which it is spelt.
    #[error("not spelt as a ledger line is")]
    Spelling,
}

impl Entry {
    /// The entry that follows a head; the first one follows none.
    pub fn after(head: Option<&LedgerHead>, at: Time, note: Note) -> Self {
        let (seq, prev) = head.map_or((0, NOTHING), |head| (head.seq, head.hash));
        let Note { ev, obj, rid, why } = note;
        Self { seq: seq + 1, prev, at, ev, obj, rid, why }
    }

    /// The line, with its line feed; never more than [`MAX_LINE`] bytes.
    ///
    /// # Errors
    /// A number that no signed object may carry.
    pub fn line(&self) -> Result<Vec<u8>, LineError> {
        if self.seq == 0 || self.seq >= MAX_INTEGER {
            return Err(JsonError::Number { path: "seq".to_owned() }.into());
        }
        let shape = |error: serde_json::Error| JsonError::Shape { why: error.to_string() };
        let mut line = serde_json::to_vec(self).map_err(shape)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads one line with its line feed.
    ///
    /// # Errors
    /// Anything but the one spelling of an entry.
    pub fn parse(line: &[u8]) -> Result<Self, LineError> {
        let entry: Self = json::parse(line, MAX_LINE)?;
        if entry.line()? == line { Ok(entry) } else { Err(LineError::Spelling) }
    }

    /// The head of a ledger that ends with this line, whose bytes are `line`.
    pub fn head(&self, line: &[u8]) -> LedgerHead {
        LedgerHead { seq: self.seq, hash: Sha256::of(line) }
    }
}

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.ledger/1")]
    V1,
}

/// The head of a host's ledger as the host signs it: whoever holds it sees when a line up to it is changed later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Always the same.
    pub schema: Schema,
    /// Whose ledger.
    pub host_id: HostId,
    /// When its last line was written, by the host's clock.
    pub at: Time,
    /// The last line.
    pub head: LedgerHead,
}

impl Document for Head {
    const NAMESPACE: Namespace = Namespace::Ledger;

    fn check(&self) -> Result<(), &'static str> {
        if self.head.seq == 0 { Err("lines of a ledger are numbered from 1") } else { Ok(()) }
    }
}
