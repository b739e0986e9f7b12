//! The sealed file `.oeb.tar`: envelope, consent and an encrypted bundle in one plain ustar archive, for upload and for carrying.
//!
//! In: signed documents and a bundle; or a sealed file from anywhere. Out: the file's bytes; or its parts.
//! Never: holds the payload in memory, accepts another order, another member or a second spelling of the same file.

mod age;
mod reader;
mod writer;

use crate::{
    bundle::ustar::{self, BLOCK, HeaderError},
    document::MAX_BYTES,
    sshsig::MAX_SIGNATURE,
    time::Time,
};

pub use self::{
    age::{AgeError, Identity, Opener, Recipient, Sealed, Sealer, SeekOpener},
    reader::{Payload, Reader},
    writer::{Frame, Writer},
};

/// What the file holds and who made it.
pub const ENVELOPE: &str = "envelope.json";
/// The host's signature over it.
pub const ENVELOPE_SIG: &str = "envelope.json.sig";
/// The consent receipt.
pub const CONSENT: &str = "consent.json";
/// The host's signature over it.
pub const CONSENT_SIG: &str = "consent.json.sig";
/// The approver's own signature over it; may be absent.
pub const APPROVER_SIG: &str = "consent.json.approver.sig";
/// The encrypted bundle.
pub const PAYLOAD: &str = "bundle.tar.gz.age";

/// All members, in the only order; the most bytes of each but the payload.
const MEMBERS: [(&str, u64); 6] = [
    (ENVELOPE, MAX_BYTES as u64),
    (ENVELOPE_SIG, MAX_SIGNATURE as u64),
    (CONSENT, MAX_BYTES as u64),
    (CONSENT_SIG, MAX_SIGNATURE as u64),
    (APPROVER_SIG, MAX_SIGNATURE as u64),
    (PAYLOAD, crate::envelope::MAX_PAYLOAD),
];

/// All of a sealed file but its payload, as exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// `envelope.json`.
    pub envelope: Vec<u8>,
    /// `envelope.json.sig`.
    pub envelope_sig: Vec<u8>,
    /// `consent.json`.
    pub consent: Vec<u8>,
    /// `consent.json.sig`.
    pub consent_sig: Vec<u8>,
    /// `consent.json.approver.sig`, where the customer's rules ask for it.
    pub approver_sig: Option<Vec<u8>>,
    /// The time of every member: the envelope's `created`.
    pub created: Time,
}

/// Why a sealed file was not made or not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// Reading or writing failed.
    #[error("reading or writing the sealed file failed")]
    Io(#[from] std::io::Error),
    /// A tar header.
    #[error("at byte {at} of the sealed file")]
    Header {
        /// Where the header begins.
        at: u64,
        /// Why.
        source: HeaderError,
    },
    /// Another member than the one that comes next.
    #[error("{found:?} in the sealed file where {expected:?} belongs")]
    Order {
        /// The member there.
        found: String,
        /// The member that belongs there.
        expected: &'static str,
    },
    /// A member of no bytes or of too many.
    #[error("{member} of {bytes} bytes, it must have 1 to {max}")]
    Size {
        /// The member.
        member: &'static str,
        /// Its size.
        bytes: u64,
        /// The most.
        max: u64,
    },
    /// Members of different times, or of another time than the envelope's.
    #[error("{member} has another time than the envelope")]
    Time {
        /// The member.
        member: &'static str,
    },
    /// The payload has another size than was announced.
    #[error("payload of {found} bytes, announced were {expected}")]
    Length {
        /// Bytes written or announced by the envelope.
        found: u64,
        /// Bytes announced by the file.
        expected: u64,
    },
    /// The file ends too early.
    #[error("the sealed file ends inside {member}")]
    Cut {
        /// The member, or what follows the last one.
        member: &'static str,
    },
    /// A member is not padded with zeros, the end mark is not two blocks of zeros, or something follows it.
    #[error("after {member} the sealed file has other bytes than it must")]
    Trailing {
        /// The member before.
        member: &'static str,
    },
    /// A signed document in it.
    #[error("{member}")]
    Document {
        /// The member.
        member: &'static str,
        /// Why.
        source: crate::document::DocumentError,
    },
    /// The documents do not belong together, or do not cover the payload.
    #[error(transparent)]
    Disagree(#[from] crate::envelope::EnvelopeError),
    /// The payload's digest is not the envelope's.
    #[error("the payload is not the one that the envelope names")]
    OtherPayload,
}

/// The header of one of [`MEMBERS`]; no other path is allowed.
fn header(path: &str, size: u64, mtime: Time) -> Result<[u8; BLOCK], HeaderError> {
    if MEMBERS.iter().any(|(name, _)| *name == path) {
        ustar::unnamed(path, size, mtime)
    } else {
        Err(HeaderError::Path { path: path.to_owned() })
    }
}

fn fits(member: &'static str, bytes: u64) -> Result<(), SealedError> {
    let max = MEMBERS.iter().find(|(name, _)| *name == member).map_or(0, |(_, max)| *max);
    if (1..=max).contains(&bytes) { Ok(()) } else { Err(SealedError::Size { member, bytes, max }) }
}
