//! The book of requests: one folder each, kept until a week after its time, so that none is answered twice.
//!
//! In: moves of `request::life`. Out: for each a line in the ledger, a signed event for the center, the new state on the disk: in this
//! order. Never: goes a way that `request::life` does not know; forgets a request while it could be offered again.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use oediag_collector::{
    ledger::{self, LedgerError},
    state::{self, Identity, State as Place, StateError},
};
use oediag_protocol::{
    consent::PolicyRef,
    digest::Sha256,
    id::{BundleId, ReceiptId, RequestId, TenantId},
    json::{self, JsonError},
    ledger::{Event, Note, Reason, chain::Anchors},
    request::{
        event::{self, StatusEvent},
        life::{Move, State},
        paper::{Deliver, Nonce, Request},
        verify::Verified,
    },
    signed::{Signed, SignedError},
    time::Time,
};
use serde::{Deserialize, Serialize};

use super::{
    bell::Bell,
    wire::{Row, Ruled, Shown},
};

/// The signed paper as it came.
const PAPER: &str = "request.json";
/// How far it is.
const STATE: &str = "state.json";
/// What waits to be told to the center.
const EVENTS: &str = "events";
/// Most bytes of `state.json`: a request of 64 KiB and what became of it.
const MAX_STATE: usize = 512 << 10;
/// Seconds for which a request is remembered after its time.
const REMEMBERED: i64 = 7 * 86_400;
/// Most requests that wait for somebody or something.
pub const MAX_OPEN: usize = 200;
/// Most requests that are remembered.
pub const MAX_KEPT: usize = 10_000;

/// Why the book could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// There is no such request.
    #[error("there is no request {0}")]
    Unknown(RequestId),
    /// It is not where this leads on from.
    #[error("request {id} is {state}", state = .state.as_str())]
    NotNow {
        /// The request.
        id: RequestId,
        /// How far it is.
        state: State,
    },
    /// A file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The ledger, which has every move first.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An event could not be signed.
    #[error("signing an event")]
    Sign(#[from] SignedError),
    /// A file could not be written or read.
    #[error("{path}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: JsonError,
    },
    /// The folder.
    #[error("{path}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[serde(rename = "oediag.asked/1")]
    V1,
}

/// A rule of the policy that agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    /// The rule, for the receipt.
    pub rule: PolicyRef,
    /// The local day on which it agreed.
    pub day: String,
    /// Whether it agrees to send, too.
    pub release: bool,
}

/// A request and what became of it: `state.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    schema: Schema,
    /// What a list shows.
    pub row: Row,
    /// The customer at the time.
    pub tenant_id: TenantId,
    /// Its nonce.
    pub nonce: Nonce,
    /// Digest of its signed bytes.
    pub payload_sha256: Sha256,
    /// What `verify` found of the clock.
    pub clock_trusted: bool,
    /// The request while anything can still be done for it.
    pub request: Option<Request>,
    /// What the policy's rules said.
    pub rules: Vec<Ruled>,
    /// The rule that agreed.
    pub agreed: Option<Agreed>,
    /// The sources that are read for it.
    pub sources: Vec<String>,
    /// The center is told nothing more.
    pub silent: bool,
    /// How many events there were.
    pub events: u64,
    /// The bundle.
    pub bundle: Option<Made>,
    /// The bundle that the one of the request is an index of.
    pub whole: Option<Whole>,
    /// The consent.
    pub receipt: Option<ReceiptId>,
}

/// A bundle that stays here while its index is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whole {
    /// The bundle.
    pub made: Made,
    /// Digest of the manifest of its index.
    pub manifest_sha256: Sha256,
}

/// A bundle that was made for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Its file's name.
    pub name: String,
    /// Its id.
    pub bundle_id: BundleId,
    /// Digest of its file.
    pub sha256: Sha256,
}

/// A move, and what is said of it.
#[derive(Debug)]
pub struct Step {
    /// The move.
    pub by: Move,
    /// Why.
    pub why: Option<Reason>,
    /// What it is about, where that is not the request itself.
    pub obj: Option<Sha256>,
    /// Whether the ledger has the line already.
    pub written: bool,
}

impl From<Move> for Step {
    fn from(by: Move) -> Self {
        Self { by, why: None, obj: None, written: false }
    }
}

/// Who writes: the state's place, and the key for ledger and events.
#[derive(Clone, Copy, Debug)]
pub struct Hand<'a> {
    /// Where things lie.
    pub place: &'a Place,
    /// Who signs.
    pub identity: &'a Identity,
    /// The present.
    pub now: Time,
}

/// All requests that are remembered.
#[derive(Debug)]
pub struct Book {
    folder: PathBuf,
    bell: Bell,
    entries: BTreeMap<RequestId, Entry>,
    /// The last line that the ledger had of each at the start: of a move that a kill cut short it is there already.
    lines: BTreeMap<RequestId, (Event, Option<Sha256>)>,
}

impl Entry {
    /// A request that has just come.
    pub fn new(verified: &Verified, sources: Vec<String>, now: Time) -> Self {
        let request = &verified.request;
        let row = Row {
            id: request.request_id,
            state: State::Received,
            at: now,
            why: None,
            expires: request.expires,
            case: request.case.clone(),
            severity: request.severity,
            level: request.scope.level,
            wanted: request.scope.ask,
            by: request.requested_by.id.clone(),
            reason: request.reason.clone(),
        };
        Self {
            schema: Schema::V1,
            row,
            tenant_id: request.tenant_id.clone(),
            nonce: request.nonce,
            payload_sha256: verified.payload_sha256,
            clock_trusted: verified.clock_trusted,
            request: Some(request.clone()),
            rules: Vec::new(),
            agreed: None,
            sources,
            silent: false,
            events: 0,
            bundle: None,
            whole: None,
            receipt: None,
        }
    }

    /// The request as it was verified; none when it is over.
    pub fn verified(&self) -> Option<Verified> {
        let (payload_sha256, clock_trusted) = (self.payload_sha256, self.clock_trusted);
        self.request.clone().map(|request| Verified { request, payload_sha256, clock_trusted })
    }

    /// Whether somebody carries what answers it: then it is not sent.
    pub fn carried(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.deliver == Deliver::Carry)
    }

    /// Whether it waits for somebody or something.
    pub fn is_open(&self) -> bool {
        self.row.state < State::Stored && !self.row.state.is_over()
    }
}

impl Book {
    /// Reads the book. What was cut off before it was accepted is removed; what cannot be read is named, and stays.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(place: &Place, bell: Bell) -> Result<(Self, Vec<BookError>), BookError> {
        let folder = place.data().join("requests");
        state::private_folder(&folder)?;
        let io = |source| BookError::Io { path: folder.clone(), source };
        let (mut entries, mut damaged) = (BTreeMap::new(), Vec::new());
        for found in fs::read_dir(&folder).map_err(io)? {
            let path = found.map_err(io)?.path();
            let Some(id) = path.file_name().and_then(|name| RequestId::parse(name.to_str()?)) else { continue };
            match read(&path.join(STATE)) {
                Ok(Some(entry)) => drop(entries.insert(id, entry)),
                // It was never accepted: the ledger may know that it came, nothing was done.
                Ok(None) => fs::remove_dir_all(&path).map_err(io)?,
                Err(error) => damaged.push(error),
            }
        }
        let mut lines = BTreeMap::new();
        let walked = ledger::walk(place, &Anchors::default(), |line| {
            if let Some(id) = line.rid.filter(|id| entries.contains_key(id)) {
                lines.insert(id, (line.ev, line.obj));
            }
        })?;
        // What is wrong with the ledger is said when the next line is to be written, or by who verifies it.
        drop(walked);
        Ok((Self { folder, bell, entries, lines }, damaged))
    }

    /// All, by id.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// One of them.
    ///
    /// # Errors
    /// There is none.
    pub fn entry(&self, id: RequestId) -> Result<&Entry, BookError> {
        self.entries.get(&id).ok_or(BookError::Unknown(id))
    }

    /// Whether a request of this id is there, readable or not.
    pub fn knows(&self, id: RequestId) -> bool {
        self.entries.contains_key(&id) || self.folder.join(id.to_string()).symlink_metadata().is_ok()
    }

    /// The folder of one.
    pub fn folder(&self, id: RequestId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Where its bundle is made.
    pub fn bundles(&self, id: RequestId) -> PathBuf {
        self.folder(id).join("bundles")
    }

    /// Where the bundle is kept that its own one is an index of.
    pub fn whole(&self, id: RequestId) -> PathBuf {
        self.folder(id).join("whole")
    }

    /// Takes a request that was verified: it is on the disk before anything is done for it.
    ///
    /// # Errors
    /// It is not.
    pub fn accept(&mut self, entry: Entry, paper: &Signed, hand: Hand<'_>) -> Result<(), BookError> {
        let id = entry.row.id;
        let folder = self.folder(id);
        state::private_folder(&folder)?;
        state::private_folder(&folder.join(EVENTS))?;
        state::save(&folder.join(PAPER), &paper.to_bytes()?)?;
        let note = Note { rid: Some(id), ..Note::of(Event::Received, entry.payload_sha256) };
        ledger::append(hand.place, hand.identity, hand.now, note)?;
        write(&folder.join(STATE), &entry)?;
        self.entries.insert(id, entry);
        Ok(())
    }

    /// Goes one step: ledger, event, state. `change` notes what the step brought.
    ///
    /// # Errors
    /// It is not possible from where the request is, or could not be written down; then it is not done.
    pub fn step(
        &mut self,
        id: RequestId,
        step: impl Into<Step>,
        hand: Hand<'_>,
        change: impl FnOnce(&mut Entry),
    ) -> Result<State, BookError> {
        let Step { by, why, obj, written } = step.into();
        let mut entry = self.entry(id)?.clone();
        let state = entry.row.state;
        let next = state.after(by).ok_or(BookError::NotNow { id, state })?;
        change(&mut entry);
        (entry.row.state, entry.row.at, entry.row.why) = (next, hand.now, why.clone());
        if next.is_over() {
            entry.request = None;
        }
        let obj = obj.or(Some(entry.payload_sha256));
        let cut_short = self.lines.remove(&id) == Some((by.line(), obj));
        if !(written || cut_short) {
            let note = Note { ev: by.line(), obj, rid: Some(id), why };
            ledger::append(hand.place, hand.identity, hand.now, note)?;
        }
        let folder = self.folder(id);
        if !entry.silent {
            entry.events += 1;
            let told = tell(&entry, hand)?;
            state::save(&folder.join(EVENTS).join(format!("{:03}.json", entry.events)), &told.to_bytes()?)?;
        }
        write(&folder.join(STATE), &entry)?;
        let tells = !entry.silent || next == State::Uploading;
        self.entries.insert(id, entry);
        if tells {
            self.bell.ring();
        }
        Ok(next)
    }

    /// Notes something that is no move.
    ///
    /// # Errors
    /// It could not be written down.
    pub fn note(&mut self, id: RequestId, change: impl FnOnce(&mut Entry)) -> Result<(), BookError> {
        let mut entry = self.entry(id)?.clone();
        change(&mut entry);
        write(&self.folder(id).join(STATE), &entry)?;
        self.entries.insert(id, entry);
        Ok(())
    }

    /// Forgets what is long over.
    pub fn forget(&mut self, now: Time) {
        let over =
            |entry: &Entry| !entry.is_open() && entry.bundle.is_none() && now.0 > entry.row.expires.0.saturating_add(REMEMBERED);
        let old: Vec<RequestId> = self.entries().filter(|entry| over(entry)).map(|entry| entry.row.id).collect();
        for id in old {
            // What cannot be removed stays known, and is tried again.
            if fs::remove_dir_all(self.folder(id)).is_ok() {
                self.entries.remove(&id);
            }
        }
    }

    /// All that is known of one.
    ///
    /// # Errors
    /// There is none, or its paper cannot be read.
    pub fn shown(&self, id: RequestId) -> Result<Shown, BookError> {
        let entry = self.entry(id)?;
        let path = self.folder(id).join(PAPER);
        let bytes = state::saved(&path, oediag_protocol::document::MAX_BYTES as u64)?.unwrap_or_default();
        Ok(Shown {
            row: entry.row.clone(),
            object: Signed::parse(&bytes)?,
            clock_trusted: entry.clock_trusted,
            rule: entry.agreed.as_ref().map(|agreed| agreed.rule.rule.clone()),
            rules: entry.rules.clone(),
            sources: entry.sources.clone(),
            bundle: entry.bundle.as_ref().map(|made| self.bundles(id).join(&made.name).display().to_string()),
            receipt: entry.receipt,
        })
    }

    /// Events that wait, in their order: the file's name and the signed paper.
    pub fn waiting(&self, id: RequestId) -> Vec<(String, Signed)> {
        let found = fs::read_dir(self.folder(id).join(EVENTS)).into_iter().flatten().filter_map(Result::ok);
        let read = |path: &Path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            let bytes = state::saved(path, oediag_protocol::document::MAX_BYTES as u64).ok()??;
            Some((name, Signed::parse(&bytes).ok()?))
        };
        let mut all: Vec<_> = found.filter_map(|entry| read(&entry.path())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// An event was told: it waits no more.
    pub fn told(&self, id: RequestId, name: &str) {
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        if plain {
            // One that is gone was told before.
            fs::remove_file(self.folder(id).join(EVENTS).join(format!("{name}.json"))).unwrap_or_default();
        }
    }
}

fn tell(entry: &Entry, hand: Hand<'_>) -> Result<Signed, SignedError> {
    let event = StatusEvent {
        schema: event::Schema::V1,
        request_id: entry.row.id,
        tenant_id: entry.tenant_id.clone(),
        host_id: hand.identity.host_id,
        seq: entry.events,
        at: hand.now,
        state: entry.row.state,
        reason: entry.row.why.clone(),
        bundle_id: entry.receipt.and(entry.bundle.as_ref()).map(|made| made.bundle_id),
        receipt_id: entry.receipt,
    };
    Signed::new(&event, &[&hand.identity.signer])
}

fn read(path: &Path) -> Result<Option<Entry>, BookError> {
    let Some(bytes) = state::saved(path, MAX_STATE as u64)? else { return Ok(None) };
    let json = |source| BookError::Json { path: path.to_owned(), source };
    json::parse(&bytes, MAX_STATE).map(Some).map_err(json)
}

fn write(path: &Path, entry: &Entry) -> Result<(), BookError> {
    let bytes = json::to_bytes(entry).map_err(|source| BookError::Json { path: path.to_owned(), source })?;
    Ok(state::save(path, &bytes)?)
}
