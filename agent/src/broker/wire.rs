//! What is said over the broker's socket: one exchange a connection, one line of JSON each way.
//!
//! In: hostile lines. Out: typed questions and answers, or nothing. Never: takes a field, a verb or a length it does not know.

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    consent::Level,
    digest::Sha256,
    id::{BundleId, HostId, ReceiptId, RequestId, TenantId},
    json::{self, JsonError},
    keyset::Severity,
    ledger::Reason,
    request::{
        life::State,
        paper::{Ask as Wanted, Words},
    },
    signed::Signed,
    text::Line,
    time::Time,
};
use serde::{Deserialize, Serialize};

use crate::{address::Address, way::Way};

/// Most bytes of a question with its line feed.
pub const MAX_ASK: usize = 64 << 10;
/// Most bytes of an answer with its line feed.
pub const MAX_ANSWER: usize = 4 << 20;
/// Seconds within which a question must be there whole.
pub const PATIENCE: u64 = 5;
/// The socket's path where neither systemd nor the operator names another one.
pub const SOCKET: &str = "/run/oediag/broker.sock";
/// Most minutes of a session.
pub const MAX_SESSION: u64 = 60;

/// What is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A request of the center's.
    Request,
    /// A cancellation of one.
    Cancel,
    /// The keyset that follows.
    Keyset,
    /// A deletion receipt.
    Deletion,
    /// The head of the center's audit log.
    Log,
}

/// The language of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Lang {
    #[serde(rename = "en")]
    En,
    #[serde(rename = "zh-CN")]
    ZhCn,
}

/// A question. Those of the agent come first; an operator may hand over papers and look, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Agent: with whom to speak, as whom. Answer: [`Answer::Hello`].
    Hello,
    /// Agent, operator: here is a signed paper. Answer: [`Answer::Done`], also when it is known; or a refusal.
    Take {
        /// What it is said to be.
        kind: Kind,
        /// The paper.
        object: Signed,
    },
    /// Agent: what is to be sent. Answer: [`Answer::Outgoing`].
    Outgoing {
        /// The center said that it wants the catalogue.
        catalogue: bool,
    },
    /// Agent: the payload under a receipt. Answer: [`Answer::Payload`], its open file beside it.
    Payload {
        /// The receipt.
        receipt: ReceiptId,
    },
    /// Agent: the center answered a letter. 2xx, and 4xx but 401, 408, 409, 425 and 429, take it off the list.
    Sent {
        /// The letter.
        id: String,
        /// The center's HTTP status.
        status: u16,
        /// The signed paper in the answer, where there is one.
        body: Option<Signed>,
    },
    /// Agent: the center takes the file of a receipt at this path. It is on the disk when the answer comes.
    Slot {
        /// The receipt.
        receipt: ReceiptId,
        /// The path.
        slot: String,
    },
    /// Agent: the center's ack.
    Ack {
        /// The receipt.
        receipt: ReceiptId,
        /// The ack.
        object: Signed,
    },
    /// Agent: an upload came to nothing; it is offered again, not before the moment, as long as consent and request allow.
    UploadFailed {
        /// The receipt.
        receipt: ReceiptId,
        /// Why.
        word: Reason,
        /// When to try again at the earliest.
        not_before: Option<Time>,
    },
    /// Operator: all requests that are kept. Answer: [`Answer::Requests`].
    List,
    /// Operator: one request. Answer: [`Answer::Request`].
    Show {
        /// The request.
        id: RequestId,
    },
    /// Operator: collect for it.
    Approve {
        /// The request.
        id: RequestId,
        /// `SUDO_UID`, as told.
        sudo_uid: Option<u32>,
    },
    /// Operator: do not collect for it.
    Deny {
        /// The request.
        id: RequestId,
        /// A word why.
        reason: Option<Reason>,
        /// The center is told nothing.
        silent: bool,
    },
    /// Operator: what would leave, and the notice. Answer: [`Answer::Preview`].
    Preview {
        /// The request.
        id: RequestId,
        /// The notice's language.
        lang: Lang,
        /// Columns of the screen.
        columns: u16,
    },
    /// Operator: make the bundle anew without these sources or members.
    Without {
        /// The request.
        id: RequestId,
        /// Their names.
        names: Vec<String>,
    },
    /// Operator: send what was shown. Answer: [`Answer::Released`].
    Release {
        /// The request.
        id: RequestId,
        /// The first 8 hex digits of the bundle's id.
        digits: String,
        /// Digest of the notice that was shown.
        notice_sha256: Sha256,
        /// Its language.
        lang: Lang,
        /// Columns it was laid out for.
        columns: u16,
        /// What was asked one by one, and agreed to.
        separate: Vec<Line>,
        /// `SUDO_UID`, as told.
        sudo_uid: Option<u32>,
    },
    /// Operator: do not send it.
    Decline {
        /// The request.
        id: RequestId,
        /// A word why.
        reason: Option<Reason>,
    },
    /// Operator: somebody waits; the agent asks the center often. 0 ends it.
    Session {
        /// For so many minutes, up to [`MAX_SESSION`].
        minutes: u64,
    },
    /// Operator: the approver's own signature over the receipt of a request.
    ApproverSig {
        /// The request.
        id: RequestId,
        /// The armored signature.
        sig: String,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// It is done, or was done before.
    Done,
    /// It is not done.
    Refused {
        /// A word that programs branch on.
        word: Reason,
        /// What there is to say beside it, for logs.
        detail: Option<String>,
    },
    /// To [`Ask::Hello`].
    Hello(Box<Hello>),
    /// To [`Ask::Outgoing`].
    Outgoing {
        /// In the order in which they are to be sent.
        letters: Vec<Letter>,
        /// Sealed files to send after them.
        uploads: Vec<Upload>,
    },
    /// To [`Ask::Payload`]; the open file comes with the first byte.
    Payload {
        /// Its length.
        bytes: u64,
    },
    /// To [`Ask::List`].
    Requests {
        /// The newest first.
        rows: Vec<Row>,
        /// Why the policy file cannot be used; then everything asks.
        policy: Option<String>,
    },
    /// To [`Ask::Show`].
    Request(Box<Shown>),
    /// To [`Ask::Preview`].
    Preview(Box<Preview>),
    /// To [`Ask::Release`].
    Released {
        /// The receipt.
        receipt: ReceiptId,
    },
}

/// What the agent must know. It is told again at each start and when it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The center; none when the host is not enrolled.
    pub center: Option<Center>,
    /// Whether the policy lets the center ask at all; if not, the agent does not poll.
    pub remote: bool,
    /// The head of the host's ledger, for `oediag-ledger`.
    pub ledger: Option<LedgerHead>,
    /// Ask often until then: a session, or a request at work.
    pub fast_until: Option<Time>,
}

/// The center, and this host's place there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Center {
    /// Where.
    pub url: Address,
    /// PEM of the authorities that may vouch for its TLS key; none for the system's.
    pub ca: Option<String>,
    /// How it is reached from here.
    pub way: Way,
    /// This host.
    pub host_id: HostId,
    /// Its customer.
    pub tenant_id: TenantId,
    /// Version of the keyset that it goes by.
    pub keyset_version: u64,
}

/// Something to send whose answer is short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// Its name, for [`Ask::Sent`].
    pub id: String,
    /// The HTTP method.
    pub method: Method,
    /// The path at the center.
    pub path: String,
    /// The exact body: JSON.
    pub body: String,
}

/// The HTTP method of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Post,
    Put,
}

/// A sealed file to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The receipt that allows it.
    pub receipt: ReceiptId,
    /// All before the payload: documents and tar headers, so text and zeros.
    pub front: String,
    /// Bytes of the payload.
    pub payload: u64,
    /// Zeros behind the payload.
    pub back: u64,
    /// Where an earlier run began to send.
    pub slot: Option<String>,
    /// Not before this moment.
    pub not_before: Option<Time>,
}

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The request.
    pub id: RequestId,
    /// How far it is.
    pub state: State,
    /// Since when.
    pub at: Time,
    /// Why, where the state has a reason.
    pub why: Option<Reason>,
    /// It is not answered after this moment.
    pub expires: Time,
    /// The case.
    pub case: Line,
    /// Severity of the case.
    pub severity: Severity,
    /// How far it goes.
    pub level: Level,
    /// What is to come back.
    pub wanted: Wanted,
    /// Who asks.
    pub by: Line,
    /// Why it is asked.
    pub reason: Words,
}

/// A request, and all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// As in the list.
    pub row: Row,
    /// The signed paper, which was verified when it came.
    pub object: Signed,
    /// False: whoever decides is warned.
    pub clock_trusted: bool,
    /// The policy's rule that agreed to collect.
    pub rule: Option<Line>,
    /// What became of each rule when it came: its name and the condition that is not met, if any.
    pub rules: Vec<Ruled>,
    /// Sources that it reaches.
    pub sources: Vec<String>,
    /// The bundle that was made.
    pub bundle: Option<String>,
    /// The consent.
    pub receipt: Option<ReceiptId>,
}

/// A rule of the policy, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruled {
    /// Its kind: `remote`, `never`, `max_bytes`, `max_seconds`, `deny`, `auto`.
    pub kind: String,
    /// Its name, of rules that have one.
    pub name: Option<String>,
    /// The condition that is not met; none if the rule applies.
    pub missed: Option<String>,
}

/// What would leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// The bundle's file.
    pub path: String,
    /// The bundle.
    pub bundle_id: BundleId,
    /// What a person types to consent: the first 8 hex digits of its id.
    pub digits: String,
    /// Its bytes.
    pub bytes: u64,
    /// The exact text of the notice.
    pub notice: String,
    /// Its digest, to be given back.
    pub notice_sha256: Sha256,
    /// What is to be asked one by one; without each of them nothing leaves.
    pub separate: Vec<Line>,
}

impl Answer {
    /// A refusal.
    pub fn refused(word: &str, detail: Option<String>) -> Self {
        // All our words are reasons; one that were not would still be a refusal.
        let word = Reason::parse(word).or_else(|| Reason::parse("refused"));
        word.map_or(Self::Done, |word| Self::Refused { word, detail })
    }
}

/// Reads a question: a line without its line feed.
///
/// # Errors
/// Anything else.
pub fn ask(line: &[u8]) -> Result<Ask, JsonError> {
    json::parse(line, MAX_ASK)
}

/// Reads an answer.
///
/// # Errors
/// Anything else.
pub fn answer(line: &[u8]) -> Result<Answer, JsonError> {
    json::parse(line, MAX_ANSWER)
}

/// Writes a question or an answer as a line.
///
/// # Errors
/// It would be longer than `max`.
pub fn line(value: &impl Serialize, max: usize) -> Result<Vec<u8>, JsonError> {
    let mut bytes = serde_json::to_vec(value).map_err(|error| JsonError::Shape { why: error.to_string() })?;
    bytes.push(b'\n');
    if bytes.len() > max { Err(JsonError::TooLarge { bytes: bytes.len(), max }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_one_spelling_and_nothing_beside_it() {
        assert_eq!(ask(br#"{"ask":"hello"}"#), Ok(Ask::Hello));
        assert_eq!(ask(br#"{"ask":"outgoing","catalogue":true}"#), Ok(Ask::Outgoing { catalogue: true }));
        let id = RequestId([1; 16]);
        let written = line(&Ask::Approve { id, sudo_uid: Some(1000) }, MAX_ASK).expect("a line");
        assert_eq!(ask(&written), Ok(Ask::Approve { id, sudo_uid: Some(1000) }));
        for text in [
            "",
            "null",
            "[]",
            "\"hello\"",
            "{}",
            r#"{"ask":"HELLO"}"#,
            r#"{"ask":"shell"}"#,
            r#"{"ask":"hello","path":"/etc/shadow"}"#,
            r#"{"ask":"hello","ask":"list"}"#,
            r#"{"ask":"outgoing"}"#,
            r#"{"ask":"outgoing","catalogue":1}"#,
            r#"{"ask":"show","id":"../../etc"}"#,
            r#"{"ask":"session","minutes":-1}"#,
            r#"{"ask":"session","minutes":1.5}"#,
            r#"{"ask":"session","minutes":9007199254740993}"#,
            r#"{"ask":"take","kind":"request","object":{"path":"/etc/shadow"}}"#,
            "\u{feff}{\"ask\":\"hello\"}",
        ] {
            assert!(ask(text.as_bytes()).is_err(), "{text}");
        }
        let long = format!("{{\"ask\":\"hello\"{}}}", " ".repeat(MAX_ASK));
        assert!(matches!(ask(long.as_bytes()), Err(JsonError::TooLarge { .. })));
        assert!(matches!(line(&"x".repeat(100), 50), Err(JsonError::TooLarge { .. })));
    }

    #[test]
    fn every_refusal_has_a_word() {
        let word = |answer| match answer {
            Answer::Refused { word, .. } => word.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        assert_eq!(word(Answer::refused("not_now", None)), "not_now");
        assert_eq!(word(Answer::refused("Not a word", None)), "refused");
    }
}
