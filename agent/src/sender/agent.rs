//! `oediag agent`: asks the center for news and hands it to the broker, asks the broker for letters and hands them to the center.
//!
//! In: the transport key, the broker's socket. Out: lines on standard error, the notices of systemd. It keeps nothing but in memory, and
//! that is bounded. Never: believes what the center says (the broker verifies every paper); asks sooner than it was told to; asks at all
//! where the policy forbids it; opens a file: of the broker's bell it only sees the time.

use std::{
    convert::Infallible,
    fs::File,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use oediag_protocol::{
    bundle::manifest::LedgerHead, digest::Sha256, id::ReceiptId, ledger::Reason, signed::Signed, sshsig::Signer, time::Time,
};
use reqwest::Method;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Caller, Line,
    carrier::{self, Carried},
    client::{Client, Hand, Request, ledger_header},
    exchange::{answer, ask, json, no_reply},
    journal::Journal,
    pace,
    poll::{self, Known, Look, MAX_PAPER, Wanted},
    tus::random,
    wire::{Answer as Reply, Fault},
};
use crate::{
    broker::{
        bell::{self, Bell},
        client,
        wire::{self, Answer, Ask, Center, Hello, Kind, Letter, Upload},
    },
    interval::{self, USUAL},
    text,
    texts::Texts,
};

/// How often the broker is asked what there is, and how often while somebody waits. The first leaves it time to end meanwhile.
const TURN: (Duration, Duration) = (Duration::from_secs(90), Duration::from_secs(5));
/// How often it is looked whether the broker has rung.
const LISTEN: Duration = Duration::from_secs(2);
/// Seconds without progress after which a request or an upload is given up for now.
const PATIENCE: u64 = 300;
/// Where a catalogue goes.
const CATALOGUE: &str = "/v1/catalogue";

/// Works until a signal ends it. The first poll is at a random moment within so many seconds.
pub(crate) fn run(key: &Signer, socket: &Path, first: u64, texts: &Texts) -> io::Result<()> {
    // Two, so that one that waits for the broker does not keep the other from ending.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut agent = Agent::new(key, socket, first, texts);
        notify(&[NotifyState::Ready]);
        agent.journal.say(&text!(texts, "agent-started"));
        tokio::select! {
            never = agent.work() => match never {},
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        notify(&[NotifyState::Stopping]);
        agent.journal.say(&text!(texts, "agent-ended"));
        Ok(())
    });
    runtime.shutdown_background();
    ended
}

/// Tells systemd, where it listens; it is none of our business when it does not.
fn notify(states: &[NotifyState<'_>]) {
    sd_notify::notify(states).unwrap_or_default();
}

/// The center of the moment, and what is known of it.
struct At {
    center: Center,
    line: Line,
    client: Client,
    etag: Option<String>,
    known: Known,
    log: Option<Sha256>,
    /// It asked for the catalogue, and has not got it yet.
    catalogue: bool,
}

/// When what may be done again.
struct Times {
    /// The next look into the inbox.
    look: Instant,
    /// Looks that failed in a row.
    failures: u32,
    /// The next letter, after one that failed.
    letter: Instant,
    /// Rounds of letters that failed in a row.
    letters: u32,
    /// Uploads that failed in a row.
    uploads: u32,
    /// The center said not to come before.
    rest: Instant,
}

/// The process.
struct Agent<'a> {
    key: &'a Signer,
    socket: PathBuf,
    journal: Journal<'a>,
    at: Option<At>,
    times: Times,
    carried: Option<Carried>,
}

/// A number that nobody can foresee; without one the longest waits are taken.
fn chance() -> u16 {
    random().unwrap_or(u16::MAX)
}

impl<'a> Agent<'a> {
    fn new(key: &'a Signer, socket: &Path, first: u64, texts: &'a Texts) -> Self {
        let now = Instant::now();
        let look = now + interval::first(first, chance());
        let times = Times { look, failures: 0, letter: now, letters: 0, uploads: 0, rest: now };
        Self { key, socket: socket.to_owned(), journal: Journal::new(texts), at: None, times, carried: None }
    }

    async fn work(&mut self) -> Infallible {
        let bell = Bell::beside(&self.socket);
        loop {
            // What rings during a turn may have come too late for it.
            let rang = bell.rang();
            let wait = self.turn().await;
            notify(&[NotifyState::Watchdog]);
            tokio::select! {
                biased;
                (receipt, ended) = carrier::ended(&mut self.carried) => {
                    self.carried = None;
                    self.carried(receipt, ended).await;
                }
                () = silence(&bell, rang, wait) => {}
            }
        }
    }

    /// Does what is due; gives how long nothing will be.
    async fn turn(&mut self) -> Duration {
        let (usual, fast) = TURN;
        let Some((Answer::Hello(hello), _)) = self.broker(Ask::Hello).await else { return usual };
        let Hello { center, remote, ledger, fast_until } = *hello;
        let texts = self.journal.texts;
        let Some(center) = center else {
            self.journal.say(&text!(texts, "agent-not-enrolled"));
            self.at = None;
            return usual;
        };
        if let Err(fault) = self.meet(center) {
            self.journal.say(&text!(texts, "agent-center-unusable", why = fault.to_string()));
            return usual;
        }
        if let Some(hand) = self.at.as_mut().and_then(|at| at.client.hand.as_mut()) {
            hand.ledger = ledger_header(ledger.as_ref());
        }
        let waited_for = fast_until.is_some_and(|until| clock() < until);
        if waited_for && self.times.failures == 0 {
            self.times.look = self.times.look.min(Instant::now() + interval::fast(chance()));
        }
        if !remote {
            self.journal.say(&text!(texts, "agent-not-remote"));
        } else if Instant::now() >= self.times.look.max(self.times.rest) {
            self.look(waited_for).await;
        }
        let catalogue = self.at.as_ref().is_some_and(|at| at.catalogue);
        if let Some((Answer::Outgoing { letters, uploads }, _)) = self.broker(Ask::Outgoing { catalogue }).await {
            self.letters(letters).await;
            self.uploads(uploads, ledger).await;
        }
        let next = if waited_for { fast } else { usual };
        if remote { next.min(self.times.look.max(self.times.rest).saturating_duration_since(Instant::now())) } else { next }
    }

    /// Asks the broker; says why where it does not answer.
    async fn broker(&mut self, question: Ask) -> Option<(Answer, Option<File>)> {
        let socket = self.socket.clone();
        let asked = tokio::task::spawn_blocking(move || client::ask(&socket, &question)).await;
        let why = match asked {
            Ok(Ok((Answer::Refused { word, detail }, _))) => {
                let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
                text!(self.journal.texts, "agent-broker-refuses", word = format!("{word}{detail}"))
            }
            Ok(Ok(answered)) => return Some(answered),
            Ok(Err(error)) => text!(self.journal.texts, "agent-no-broker", why = chain(&error)),
            Err(error) => text!(self.journal.texts, "agent-no-broker", why = error.to_string()),
        };
        self.journal.say(&why);
        None
    }

    /// Makes the connection to a center that was not the last one, or is reached in another way now. The keyset's version changes often.
    fn meet(&mut self, center: Center) -> Result<(), Fault> {
        if let Some(at) =
            self.at.as_mut().filter(|at| Center { keyset_version: center.keyset_version, ..at.center.clone() } == center)
        {
            at.center = center;
            return Ok(());
        }
        let line = Line { url: center.url.clone(), ca: center.ca.clone(), way: center.way.clone(), patience: PATIENCE };
        let who = Caller { host: center.host_id, key: self.key, ledger: None }.who()?;
        let client = Client::new(&line, Some(Hand::try_from(&who)?)).map_err(no_reply)?;
        self.journal.say(&text!(self.journal.texts, "agent-center", url = center.url.to_string()));
        let known = Known::default();
        self.at = Some(At { center, line, client, etag: None, known, log: None, catalogue: false });
        Ok(())
    }

    /// Looks into the inbox and hands over what is new.
    async fn look(&mut self, waited_for: bool) {
        let Some(at) = self.at.as_mut() else { return };
        let looked = poll::look(&mut at.client, at.center.host_id, at.etag.as_deref()).await;
        let next = match looked {
            Ok(Look::Same(next)) => Ok(next.unwrap_or(USUAL)),
            Ok(Look::News(inbox, etag)) => {
                at.catalogue |= inbox.wants_catalogue;
                let (wanted, whole) = poll::wanted(&inbox, at.center.keyset_version, &at.known);
                let seconds = inbox.next_poll_s;
                let log = inbox.log.filter(|log| at.log != Some(log.digest()));
                let handed = self.hand_over(wanted, log).await;
                // What is still to come is asked for again: an inbox that has not changed would not be told twice.
                let complete = whole && handed.is_ok();
                if let Some(at) = self.at.as_mut() {
                    at.etag = etag.filter(|_| complete);
                }
                handed.map(|()| seconds)
            }
            Err(fault) => Err(fault),
        };
        let now = Instant::now();
        match next {
            Ok(seconds) => {
                self.times.failures = 0;
                let usual = interval::interval(seconds, chance());
                self.times.look = now + if waited_for { usual.min(interval::fast(chance())) } else { usual };
            }
            Err(fault) => {
                self.times.failures = self.times.failures.saturating_add(1);
                let wait = interval::failed(self.times.failures, chance());
                self.times.look = now + wait;
                self.rest(&fault);
                let seconds = self.times.look.max(self.times.rest).saturating_duration_since(now).as_secs();
                self.journal.say(&text!(self.journal.texts, "agent-look-failed", why = fault.to_string(), seconds = seconds));
            }
        }
    }

    /// Fetches papers one by one and lets the broker judge each. Ends at the first that does not come.
    async fn hand_over(&mut self, wanted: Vec<Wanted>, log: Option<Signed>) -> Result<(), Fault> {
        if let Some(log) = log {
            let digest = log.digest();
            self.take(Kind::Log, "", log).await;
            self.at.iter_mut().for_each(|at| at.log = Some(digest));
        }
        for paper in wanted {
            let Some(at) = self.at.as_mut() else { break };
            let fetched = poll::fetch(&mut at.client, &paper.path).await?;
            notify(&[NotifyState::Watchdog]);
            let Some(object) = fetched else { continue };
            let taken = self.take(paper.kind, &paper.name, object).await;
            match (paper.kind, taken) {
                // The next one only counts behind this one.
                (Kind::Keyset, false) => return Err(Fault::Local("the broker does not take a keyset".to_owned())),
                (Kind::Keyset, true) => {}
                _ => self.at.iter_mut().for_each(|at| at.known.keep(&paper)),
            }
        }
        Ok(())
    }

    /// Hands one paper to the broker; whether it took it.
    async fn take(&mut self, kind: Kind, name: &str, object: Signed) -> bool {
        let taken = self.broker(Ask::Take { kind, object }).await.is_some();
        let what = format!("{} {name}", word(kind));
        let texts = self.journal.texts;
        let line = if taken { text!(texts, "agent-taken", what = what) } else { text!(texts, "agent-not-taken", what = what) };
        self.journal.say(&line);
        taken
    }

    /// The center said when to come again: then, and a little later, so that not all hosts come at once.
    fn rest(&mut self, fault: &Fault) {
        if let Fault::Later { at, .. } = fault {
            let seconds = at.0.saturating_sub(clock().0).max(0).unsigned_abs();
            self.times.rest = self.times.rest.max(Instant::now() + pace::told(seconds, chance()));
        }
    }

    /// Sends what the broker wants to be sent, in its order.
    async fn letters(&mut self, letters: Vec<Letter>) {
        let mut failed = false;
        for letter in letters {
            if Instant::now() < self.times.letter.max(self.times.rest) {
                return;
            }
            let Some(at) = self.at.as_mut() else { return };
            let Letter { id, method, path, body } = letter;
            let method = match method {
                wire::Method::Post => Method::POST,
                wire::Method::Put => Method::PUT,
            };
            let request = Request { method, path: &path, headers: json(&body), body: body.into_bytes(), most: MAX_PAPER };
            let answered = ask(&mut at.client, request).await.map_err(no_reply).and_then(|reply| answer(&reply));
            notify(&[NotifyState::Watchdog]);
            let texts = self.journal.texts;
            match answered {
                Ok(Reply { status, body }) => {
                    at.catalogue &= path != CATALOGUE;
                    let good = (200..300).contains(&status);
                    failed |= !good;
                    self.journal.say(&text!(texts, "agent-sent", path = path, status = status));
                    let body = Some(body).filter(|_| good).and_then(|body| Signed::parse(body.as_bytes()).ok());
                    self.broker(Ask::Sent { id, status, body }).await;
                }
                Err(fault) => {
                    self.journal.say(&text!(texts, "agent-not-sent", path = path, why = fault.to_string()));
                    self.rest(&fault);
                    failed = true;
                    // Those behind it may only count after it.
                    break;
                }
            }
        }
        self.times.letters = if failed { self.times.letters.saturating_add(1) } else { 0 };
        if failed {
            self.times.letter = Instant::now() + interval::failed(self.times.letters, chance());
        }
    }

    /// Begins the first upload that may begin, and ends one that is not wanted any more.
    async fn uploads(&mut self, uploads: Vec<Upload>, ledger: Option<LedgerHead>) {
        let texts = self.journal.texts;
        if let Some(carried) = self.carried.take_if(|carried| !uploads.iter().any(|upload| upload.receipt == carried.receipt)) {
            let receipt = carried.receipt.to_string();
            drop(carried);
            self.journal.say(&text!(texts, "agent-upload-dropped", receipt = receipt));
        }
        let due = |upload: &Upload| upload.not_before.is_none_or(|at| at <= clock());
        let Some(upload) = uploads.into_iter().find(due).filter(|_| self.carried.is_none()) else { return };
        if Instant::now() < self.times.rest {
            return;
        }
        let (receipt, payload) = (upload.receipt, upload.payload);
        let Some((Answer::Payload { bytes }, Some(file))) = self.broker(Ask::Payload { receipt }).await else { return };
        let Some(At { center, line, .. }) = self.at.as_ref().filter(|_| bytes == payload) else { return };
        let caller = Caller { host: center.host_id, key: self.key, ledger };
        match Carried::begin(line, &caller, upload, file, &self.socket) {
            Ok(carried) => {
                self.carried = Some(carried);
                self.journal.say(&text!(texts, "agent-upload-begun", receipt = receipt.to_string()));
            }
            Err(fault) => self.failed(receipt, fault).await,
        }
    }

    /// An upload has ended: the broker is told how, and judges the ack.
    async fn carried(&mut self, receipt: ReceiptId, ended: Result<String, Fault>) {
        let texts = self.journal.texts;
        let ack = ended.and_then(|body| Signed::parse(body.as_bytes()).map_err(|error| Fault::NotACenter(error.to_string())));
        let taken = match ack {
            Ok(object) => self.broker(Ask::Ack { receipt, object }).await.map(drop),
            Err(fault) => return self.failed(receipt, fault).await,
        };
        match taken {
            Some(()) => {
                self.times.uploads = 0;
                self.journal.say(&text!(texts, "agent-upload-stored", receipt = receipt.to_string()));
            }
            None => self.failed(receipt, Fault::NotACenter("the broker does not take its ack".to_owned())).await,
        }
    }

    /// An upload came to nothing: it is tried again, each time later.
    async fn failed(&mut self, receipt: ReceiptId, fault: Fault) {
        let texts = self.journal.texts;
        self.times.uploads = self.times.uploads.saturating_add(1);
        self.rest(&fault);
        let wait = interval::failed(self.times.uploads, chance()).as_secs() as i64;
        let not_before = match &fault {
            Fault::Later { at, .. } => *at,
            _ => Time(clock().0.saturating_add(wait)),
        };
        self.journal.say(&text!(texts, "agent-upload-failed", receipt = receipt.to_string(), why = fault.to_string()));
        let Some(word) = Reason::parse(fault.word()) else { return };
        self.broker(Ask::UploadFailed { receipt, word, not_before: Some(not_before) }).await;
    }
}

/// Waits until the broker rings, or until the time is over.
async fn silence(bell: &Bell, before: Option<SystemTime>, most: Duration) {
    let end = Instant::now() + most;
    while !bell::is_new(before, bell.rang()) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LISTEN)).await;
    }
}

fn clock() -> Time {
    jiff::Timestamp::now().into()
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Request => "request",
        Kind::Cancel => "cancel",
        Kind::Keyset => "keyset",
        Kind::Deletion => "deletion",
        Kind::Log => "log",
    }
}

/// An error with what is beneath it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
