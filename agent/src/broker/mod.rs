//! `oediag broker`: the one process that may examine the host for others, and has no network.
//!
//! `wire` is what is said over its socket, `client` asks, `server` answers, `peer` knows who asks. `take` verifies what comes in, `book`
//! keeps each request and how far it is, `held` makes an index and takes items of what is kept, `decide` is what a person says, `work` collects and seals, `show` is preview and consent,
//! `post` is what goes out, `bell` tells the agent to come for it. `filter` closes the networks. It trusts neither the agent nor what the agent brings: every paper is verified
//! here, from this host's own state. Never: names `sender`, opens a socket of the internet, does for a center what nobody agreed to.

pub mod bell;
pub mod book;
pub mod client;
mod decide;
pub mod filter;
mod held;
mod notify;
pub mod offer;
pub mod peer;
pub mod policy;
mod post;
pub mod server;
mod show;
mod take;
pub mod wire;
mod work;

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    path::PathBuf,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use oediag_collector::{
    catalogue::{self, Source, site},
    config::ConfigError,
    host::{Cancel, Host, HostError},
    ledger::LedgerError,
    plan::PlanError,
    redact::SiteRules,
    rules::{self, RulesError},
    state::{Identity, State, StateError},
};
use oediag_protocol::{
    bundle::manifest::LedgerHead,
    document::DocumentError,
    id::{ReceiptId, RequestId},
    json::JsonError,
    sealed::Frame,
    signed::SignedError,
    time::Time,
};

use self::{
    bell::Bell,
    book::{Book, BookError, Hand},
    peer::Peer,
    take::Refusals,
    wire::{Answer, Ask},
};
use crate::{
    collecting::CollectError,
    enrolment::EnrolmentError,
    release::{
        consent::ConsentError, gate::GateError, outbox::SealError, own::OwnError, receipt::ReceiptError, withdraw::WithdrawError,
        without::LeaveOutError,
    },
};

/// The broker: what it never changes, and what it keeps.
#[derive(Debug)]
pub struct Broker {
    state: State,
    identity: Identity,
    /// A folder that is examined instead of this machine.
    root: Option<PathBuf>,
    /// The catalogue of this installation, as it was at the start.
    rows: Vec<&'static Source>,
    kept: Mutex<Kept>,
    /// What tells the agent that there is something for it.
    bell: Bell,
    /// There may be work.
    wake: Condvar,
    stop: AtomicBool,
}

/// What it keeps; one at a time changes it.
#[derive(Debug)]
struct Kept {
    book: Book,
    refusals: Refusals,
    /// Somebody waits until then.
    session: Option<Time>,
    /// The request that is collected for, and the way to stop it.
    running: Option<(RequestId, Cancel)>,
    /// What surrounds the payload of sealed files.
    frames: BTreeMap<ReceiptId, Frame>,
    /// The ledger head that was offered for sending last.
    offered: Option<LedgerHead>,
}

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each names what failed; the cause says the rest")]
pub enum Trouble {
    /// For a reason of our own: a word for programs.
    #[error("{0}")]
    No(&'static str),
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Enrolment(#[from] EnrolmentError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Signed(#[from] SignedError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error(transparent)]
    Own(#[from] OwnError),
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    #[error(transparent)]
    Consent(#[from] ConsentError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error("the customer's own rows")]
    Site(#[from] site::SiteError),
    #[error("the customer's settings")]
    Config(#[from] ConfigError),
    #[error("the host")]
    Host(#[from] HostError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("the customer's own rules of redaction")]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Collect(#[from] CollectError),
    #[error(transparent)]
    Withdraw(#[from] WithdrawError),
    #[error(transparent)]
    Gate(#[from] GateError),
    #[error(transparent)]
    LeaveOut(#[from] LeaveOutError),
    #[error("a file")]
    Io(#[from] std::io::Error),
}

impl Trouble {
    fn answer(&self) -> Answer {
        let word = match self {
            Self::No(word) => word,
            Self::Book(BookError::Unknown(_)) => "unknown_request",
            Self::Book(BookError::NotNow { .. }) => "not_now",
            Self::Own(_) | Self::Seal(SealError::Changed { .. }) => "changed",
            Self::Seal(SealError::NoRoom { .. }) => "no_room",
            Self::Consent(ConsentError::Separate(_)) => "separate",
            Self::LeaveOut(LeaveOutError::Unknown(_)) => "no_such_member",
            Self::Gate(GateError::Floor { .. }) => "redaction",
            Self::Gate(GateError::Leaks(_)) => "leaks",
            Self::Gate(GateError::Doubts(_)) => "doubts",
            Self::Ledger(_)
            | Self::Book(BookError::Ledger(_))
            | Self::Receipt(ReceiptError::Ledger(_))
            | Self::Seal(SealError::Ledger(_)) => "ledger",
            _ => "failed",
        };
        let detail = match self {
            Self::No(_) => None,
            other => Some(chain(other)),
        };
        Answer::refused(word, detail)
    }
}

/// An error and what is beneath it, in one line.
fn chain(error: &dyn Error) -> String {
    let (mut all, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        all = format!("{all}: {error}");
        cause = error.source();
    }
    all
}

impl Broker {
    /// Opens the book, and brings in order what an earlier run that was killed left.
    ///
    /// # Errors
    /// Book or ledger cannot be used.
    pub fn open(state: State, identity: Identity, root: Option<PathBuf>, bell: Bell) -> Result<Self, Trouble> {
        let (book, damaged) = Book::open(&state, bell.clone())?;
        for error in &damaged {
            notify::trouble(error);
        }
        let (refusals, frames) = (Refusals::default(), BTreeMap::new());
        let kept = Kept { book, refusals, session: None, running: None, frames, offered: None };
        let (wake, stop) = (Condvar::new(), AtomicBool::new(false));
        let rows = catalogue::all().chain(site::load(&state.site_sources())?).collect();
        let this = Self { state, identity, root, rows, kept: Mutex::new(kept), bell, wake, stop };
        this.resume(&mut this.kept())?;
        Ok(this)
    }

    /// Answers one question.
    pub fn answer(&self, ask: Ask, peer: Peer) -> (Answer, Option<File>) {
        let kept = &mut *self.kept();
        let done = |result: Result<(), Trouble>| result.map(|()| Answer::Done);
        let answer = match ask {
            Ask::Hello => self.hello(kept),
            Ask::Take { kind, object } => self.take(kept, kind, &object),
            Ask::Outgoing { catalogue } => self.outgoing(kept, catalogue),
            Ask::Payload { receipt } => match self.payload(kept, receipt) {
                Ok((answer, file)) => return (answer, Some(file)),
                Err(error) => Err(error),
            },
            Ask::Sent { id, status, body } => done(self.sent(kept, &id, status, body.as_ref())),
            Ask::Slot { receipt, slot } => done(self.slot(kept, receipt, slot)),
            Ask::Ack { receipt, object } => done(self.ack(kept, receipt, &object)),
            Ask::UploadFailed { receipt, word, not_before } => done(self.upload_failed(kept, receipt, word, not_before)),
            Ask::List => Ok(self.list(kept)),
            Ask::Show { id } => kept.book.shown(id).map(|shown| Answer::Request(Box::new(shown))).map_err(Into::into),
            Ask::Approve { id, sudo_uid: _ } => done(self.approve(kept, id)),
            Ask::Deny { id, reason, silent } => done(self.deny(kept, id, reason, silent)),
            Ask::Preview { id, lang, columns } => self.preview(kept, id, lang, columns),
            Ask::Without { id, names } => done(self.without(kept, id, &names)),
            Ask::Release { id, digits, notice_sha256, separate, sudo_uid, .. } => {
                self.release(kept, id, &digits, notice_sha256, &separate, peer, sudo_uid)
            }
            Ask::Decline { id, reason } => done(self.decline(kept, id, reason)),
            Ask::Session { minutes } => done(self.session(kept, minutes)),
            Ask::ApproverSig { .. } => Err(Trouble::No("not_supported")),
        };
        (answer.unwrap_or_else(|error| error.answer()), None)
    }

    /// Ends the work: what is being collected is stopped and kept.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some((_, cancel)) = &self.kept().running {
            cancel.cancel();
        }
        self.wake.notify_all();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What a thread that panicked left is on the disk as it was before: memory follows the disk, not the other way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hand(&self) -> Hand<'_> {
        Hand { place: &self.state, identity: &self.identity, now: Timestamp::now().into() }
    }

    /// The customer's own rules of redaction.
    fn site_rules(&self) -> Result<SiteRules, Trouble> {
        Ok(rules::load(&rules::list(&self.state.policy()).map_err(RulesError::from)?.files)?)
    }

    fn host(&self) -> Result<Host, Trouble> {
        Ok(self.root.as_ref().map_or_else(Host::live, |root| Host::at(root, None))?)
    }
}
