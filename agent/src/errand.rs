//! One question to the center on an operator's behalf, asked by the sending child. In: a method, a path, a paper. Out: what the center
//! answered, not checked yet, or a failure in the user's language. Works without agent and broker.

use oediag_collector::{
    ledger,
    state::{Identity, State},
};
use oediag_protocol::signed::Signed;
use serde::Deserialize;

use crate::{
    enrolment::Enrolment,
    failure::{self, Failure, Kind},
    invocation::Invocation,
    sender::{self, Answer, Caller, Fault, Line, Method},
    text,
    way::Way,
};

/// A host that is enrolled, and its center.
#[derive(Debug)]
pub(crate) struct Errand<'a> {
    pub(crate) state: State,
    pub(crate) identity: Identity,
    pub(crate) center: Enrolment,
    way: Way,
    patience: u64,
    given: &'a Invocation,
}

impl<'a> Errand<'a> {
    /// Gets ready to ask; gives up after so many seconds without an answer.
    pub(crate) fn new(patience: u64, given: &'a Invocation) -> Result<Self, Failure> {
        let texts = &given.texts;
        let state = given.state(Kind::Usage)?;
        let center = Enrolment::load(&state)
            .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error))?
            .ok_or_else(|| Failure::new(Kind::Usage, text!(texts, "error-not-enrolled")).hint(text!(texts, "hint-enroll")))?;
        let identity = state.identity().map_err(|error| failure::state(error, texts))?;
        if identity.host_id != center.host_id {
            return Err(Failure::new(Kind::Usage, text!(texts, "error-other-host")).hint(text!(texts, "hint-enroll")));
        }
        let way = crate::way::configured(&center.url, &state, given)?;
        Ok(Self { state, identity, center, way, patience, given })
    }

    /// Asks once. An answer of another status than 2xx is a failure too.
    pub(crate) fn ask(&self, method: Method, path: String, paper: Option<&Signed>) -> Result<Answer, Failure> {
        let texts = &self.given.texts;
        let unmade = |cause: anyhow::Error| Failure::new(Kind::Usage, text!(texts, "error-paper")).because(cause);
        let body = match paper.map(Signed::to_bytes).transpose().map_err(|error| unmade(error.into()))? {
            Some(bytes) => String::from_utf8(bytes).map_err(|error| unmade(error.into()))?,
            None => String::new(),
        };
        let key = self.state.transport_key().map_err(|error| failure::state(error, texts))?;
        let ledger = ledger::head(&self.state).map_err(|error| failure::ledger(error, texts))?;
        let (url, ca) = (self.center.url.clone(), self.center.ca.clone());
        let line = Line { url, ca, way: self.way.clone(), patience: self.patience };
        let caller = Caller { host: self.identity.host_id, key: &key, ledger };
        let answer = sender::exchange(line, &caller, method, path, body).map_err(|fault| self.failed(fault))?;
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(self.refused(&answer)) }
    }

    /// The answer is not what it should be.
    pub(crate) fn invalid(&self, cause: impl Into<anyhow::Error>) -> Failure {
        let texts = &self.given.texts;
        Failure::new(Kind::Verification, text!(texts, "error-answer")).because(cause).hint(text!(texts, "hint-ack"))
    }

    fn failed(&self, fault: Fault) -> Failure {
        let texts = &self.given.texts;
        match fault {
            // The words about sealed files would be wrong here.
            Fault::Network(_) => {
                Failure::new(Kind::Network, text!(texts, "error-no-center")).because(fault).hint(text!(texts, "hint-again"))
            }
            fault => failure::from_fault(fault, None, texts),
        }
    }

    fn refused(&self, answer: &Answer) -> Failure {
        /// What a center says beside its status.
        #[derive(Deserialize)]
        struct Said {
            error: String,
        }
        let texts = &self.given.texts;
        let said = serde_json::from_str::<Said>(&answer.body).map(|said| said.error).unwrap_or_default();
        let cause = anyhow::anyhow!("status {} {}", answer.status, said.chars().take(500).collect::<String>());
        Failure::new(Kind::Refused, text!(texts, "error-center-refuses")).because(cause).hint(text!(texts, "hint-ask-center"))
    }
}
