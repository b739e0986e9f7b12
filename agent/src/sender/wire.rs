//! What the two processes say to each other: JSON, one value a line. In: values. Out: lines; and back, of bounded length.
//! The child is told all it needs in one line, the private key of its requests among it; it is told nothing else but `"stored"`.

use std::io::{self, BufRead, Read as _, Write};

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    id::{HostId, ReceiptId},
    time::Time,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Line;

/// Most bytes of a line: an enrolment's reply inside JSON.
const MAX_LINE: u64 = 24 << 20;

/// What the child is to do.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    /// The center.
    pub(crate) line: Line,
    /// The work.
    pub(crate) task: Task,
}

/// The kinds of work.
#[derive(Serialize, Deserialize)]
pub(crate) enum Task {
    /// Send this signed request for enrolment once.
    Enroll(String),
    /// Send a sealed file whose payload is standard input.
    Upload(Box<Upload>),
    /// Ask once, signed.
    Exchange(Box<Exchange>),
}

/// Who signs requests.
#[derive(Serialize, Deserialize)]
pub(crate) struct Who {
    /// The host.
    pub(crate) host: HostId,
    /// The private half of the transport key, in OpenSSH's form.
    pub(crate) key: String,
    /// The head of the host's ledger.
    pub(crate) ledger: Option<LedgerHead>,
}

/// The methods of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    Get,
    Put,
    Post,
}

/// One request of a host.
#[derive(Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// Who asks.
    pub(crate) who: Who,
    /// How.
    pub(crate) method: Method,
    /// An absolute path.
    pub(crate) path: String,
    /// JSON, or nothing.
    pub(crate) body: String,
}

/// The center's answer. Nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

/// An upload.
#[derive(Serialize, Deserialize)]
pub(crate) struct Upload {
    /// Who sends.
    pub(crate) who: Who,
    /// The receipt that allows it.
    pub(crate) receipt: ReceiptId,
    /// All before the payload: documents and tar headers, so text and zeros.
    pub(crate) front: String,
    /// Bytes of the payload.
    pub(crate) payload: u64,
    /// Zeros behind the payload.
    pub(crate) back: u64,
    /// Where an earlier run began to send.
    pub(crate) slot: Option<String>,
}

/// What the child tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The center takes the file at this path. Nothing is sent before the parent says [`STORED`].
    Slot(String),
    /// So many bytes are stored there.
    At(u64),
    /// Nothing is sent for so many seconds, because of this.
    Waiting(u64, String),
    /// The center's last word: an enrolment's reply, an ack, what was asked for. It is not checked yet.
    Done(Answer),
    /// It came to nothing.
    Failed(Fault),
}

/// The parent's answer to [`Event::Slot`]: it is on the disk.
pub(crate) const STORED: &str = "stored";

/// Why it came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum Fault {
    /// No progress for too long; what was tried last.
    #[error("{0}")]
    Network(String),
    /// What answers there does not do what a center does.
    #[error("{0}")]
    NotACenter(String),
    /// The center does not take requests of this key; how many seconds its clock is ahead, where it tells.
    #[error("{why}")]
    Unknown {
        /// The center's words.
        why: String,
        /// Seconds that its clock is ahead of this host's.
        ahead: Option<i64>,
    },
    /// The center refuses, and will refuse again.
    #[error("{0}")]
    Refused(String),
    /// The center says that the bytes are not those of the receipt.
    #[error("{0}")]
    OtherBytes(String),
    /// The center is not to be asked again before.
    #[error("{why}")]
    Later {
        /// When.
        at: Time,
        /// The center's words.
        why: String,
    },
    /// Something on this host.
    #[error("{0}")]
    Local(String),
}

impl Fault {
    /// A word that programs branch on.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::NotACenter(_) => "not_a_center",
            Self::Unknown { .. } => "unknown_host",
            Self::Refused(_) => "refused",
            Self::OtherBytes(_) => "other_bytes",
            Self::Later { .. } => "later",
            Self::Local(_) => "local",
        }
    }
}

/// Writes a line.
pub(crate) fn put(mut output: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    output.write_all(&line)
}

/// Reads a line; none when the other side has ended.
pub(crate) fn take<T: DeserializeOwned>(input: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    input.take(MAX_LINE).read_until(b'\n', &mut line)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(serde_json::from_slice(&line)?)),
        Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
