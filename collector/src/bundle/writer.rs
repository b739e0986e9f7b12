//! The bundle while it is made: lanes hand in parts of tasks in any order, the file gets them in task order.
//!
//! The first unfinished task writes straight to the file; parts of later tasks wait in memory, compressed,
//! up to a cap, and their lanes wait beyond it. So output order is catalogue order whatever the threads
//! do, memory is bounded, and nothing is written twice or to a temporary file.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use oediag_analysis::Findings;
use oediag_protocol::bundle::{
    manifest::{Item, Leaks, Outcome, Reason},
    reader, ustar,
};

use super::{
    deflate::{Deflater, Level},
    file::{BundleFile, OpenMember, WriteError},
    journal::{Entry, Journal},
};

/// Most bytes of compressed parts that wait for their turn.
const WAITING_BYTES: u64 = 24 << 20;
/// Room under the bundle's cap that is kept for facts, alerts, manifest, sums and signature: an eighth, between these.
const CLOSING_BYTES: (u64, u64) = (256 << 10, 2 << 20);

/// What a member takes before its content: a header that can be written over.
const BEGIN_BYTES: usize = 535;

/// A piece of a task's result.
#[derive(Debug)]
pub(crate) enum Part {
    /// A whole small member: header, content and padding already compressed.
    Entry {
        /// The gzip members.
        packed: Vec<u8>,
        /// Its row in the manifest.
        item: Box<Item>,
        /// What its text means.
        findings: Option<Findings>,
    },
    /// A member whose content follows.
    Begin {
        /// Path inside the bundle.
        path: String,
    },
    /// Content of the begun member.
    Data {
        /// The gzip members.
        packed: Vec<u8>,
        /// Bytes they inflate to.
        bytes: u64,
    },
    /// The begun member is whole.
    End {
        /// Its row in the manifest.
        item: Box<Item>,
        /// What its text means.
        findings: Option<Findings>,
    },
    /// The begun member must not stay.
    Abort {
        /// Its row in the manifest, without a path.
        item: Box<Item>,
    },
    /// There is no member.
    Absent {
        /// Its row in the manifest.
        item: Box<Item>,
    },
}

impl Part {
    fn weight(&self) -> u64 {
        match self {
            Self::Entry { packed, .. } | Self::Data { packed, .. } => packed.len() as u64 + 512,
            _ => 512,
        }
    }
}

/// Members and inflated bytes that a reader takes at most, less what closes a bundle.
const MEMBERS: usize = reader::MAX_MEMBERS - 16;
const INFLATED: u64 = reader::CAPS.inflated - (256 << 20);

/// Why a part was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The bundle's cap is reached: end the member, hand in nothing more.
    Full,
    /// Nothing more can be written at all.
    Stopped,
}

/// What a run came to.
#[derive(Debug)]
pub struct Gathered {
    /// The file up to the last whole item.
    pub file: BundleFile,
    /// Rows of the manifest, in order.
    pub items: Vec<Item>,
    /// What the texts mean.
    pub findings: Vec<Findings>,
    /// Tasks that handed in nothing.
    pub missing: Vec<usize>,
    /// The bundle's cap was reached.
    pub full: bool,
    /// What ended the writing early.
    pub stopped: Option<WriteError>,
}

/// The bundle while it is made; shared by all lanes.
#[derive(Debug)]
pub(crate) struct Writer {
    inner: Mutex<Inner>,
    turned: Condvar,
    tasks: usize,
}

#[derive(Debug)]
struct Inner {
    file: BundleFile,
    journal: Journal,
    deflater: Deflater,
    cap: u64,
    /// Bytes of all members, headers and padding.
    inflated: u64,
    /// Bytes each task may take; empty: as many as there are.
    shares: Vec<u64>,
    /// Bytes beyond the shares: what tasks before left of theirs.
    spare: u64,
    /// Bytes that the first unfinished task took.
    used: u64,
    head: usize,
    open: Option<OpenMember>,
    /// Why the last member was not begun.
    unbegun: Reason,
    waiting: BTreeMap<usize, Vec<Part>>,
    waiting_bytes: u64,
    finished: BTreeSet<usize>,
    /// Rows by task, for what the journal has not yet.
    fresh: Vec<Item>,
    items: Vec<Item>,
    paths: BTreeSet<String>,
    findings: Vec<Findings>,
    missing: Vec<usize>,
    said: bool,
    full: bool,
    stopped: Option<WriteError>,
    /// End of the last whole item.
    whole: u64,
}

impl Writer {
    /// Begins with the items already in `file`; `cap` is the most bytes of the finished bundle.
    pub(crate) fn new(file: BundleFile, journal: Journal, items: Vec<Item>, tasks: usize, cap: u64, level: Level) -> Self {
        let whole = file.offset();
        let paths = items.iter().filter_map(|item| item.path.clone()).collect();
        let inner = Inner {
            file,
            journal,
            deflater: Deflater::new(level),
            cap: cap.min(reader::CAPS.packed).saturating_sub((cap / 8).clamp(CLOSING_BYTES.0, CLOSING_BYTES.1)),
            inflated: 0,
            shares: Vec::new(),
            spare: u64::MAX,
            used: 0,
            head: 0,
            open: None,
            unbegun: Reason::Duplicate,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            finished: BTreeSet::new(),
            fresh: Vec::new(),
            items,
            paths,
            findings: Vec::new(),
            missing: Vec::new(),
            said: false,
            full: false,
            stopped: None,
            whole,
        };
        Self { inner: Mutex::new(inner), turned: Condvar::new(), tasks }
    }

    /// Bytes that the tasks can take together.
    pub(crate) fn room(&self) -> u64 {
        let inner = self.lock();
        inner.cap.saturating_sub(inner.file.offset())
    }

    /// Gives each task its share of the room; what a task leaves of it, later ones may take.
    pub(crate) fn allot(&self, shares: Vec<u64>) {
        let room = self.room();
        let mut inner = self.lock();
        inner.spare = room.saturating_sub(shares.iter().sum());
        inner.shares = shares;
    }

    /// Whether so much is waiting that no task should be done before its turn.
    pub(crate) fn is_laden(&self) -> bool {
        self.lock().waiting_bytes > WAITING_BYTES / 2
    }

    /// Hands in the next part of a task. Waits while too much is waiting before it, unless the task is done `early`: those before it
    /// may not even have been begun.
    pub(crate) fn put(&self, task: usize, part: Part, early: bool) -> Result<(), Refused> {
        let mut inner = self.lock();
        loop {
            if inner.stopped.is_some() {
                return Err(Refused::Stopped);
            }
            if task == inner.head {
                let written = inner.write(part);
                if written == Err(Refused::Stopped) {
                    self.turned.notify_all();
                }
                return written;
            }
            let weight = part.weight();
            if early || inner.waiting_bytes == 0 || inner.waiting_bytes + weight <= WAITING_BYTES {
                inner.waiting_bytes += weight;
                inner.waiting.entry(task).or_default().push(part);
                return Ok(());
            }
            inner = self.turned.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Puts what is whole into the journal, if it is time. Called from time to time whatever the lanes do: the first
    /// unfinished task may be waiting for a program while others finish.
    pub(crate) fn tick(&self) {
        self.lock().flush();
    }

    /// Says that a task has handed in all it has.
    pub(crate) fn finish(&self, task: usize) {
        let mut inner = self.lock();
        inner.finished.insert(task);
        inner.turn(self.tasks);
        self.turned.notify_all();
    }

    /// Ends the gathering: what is whole stays, what is not goes.
    pub(crate) fn into_gathered(self) -> Gathered {
        let mut inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Tasks that never finished were cut off by a stop.
        let unfinished = inner.head..self.tasks;
        inner.missing.extend(unfinished);
        let whole = inner.whole;
        if let Err(error) = inner.file.cut(whole) {
            inner.stopped.get_or_insert(error);
        }
        Gathered {
            file: inner.file,
            items: inner.items,
            findings: inner.findings,
            missing: inner.missing,
            full: inner.full,
            stopped: inner.stopped,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under this lock can only come from the standard library's own containers.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Moves on to the next tasks as far as they are finished.
    fn turn(&mut self, tasks: usize) {
        while self.finished.remove(&self.head) {
            if !self.said {
                self.missing.push(self.head);
            }
            self.note();
            self.settle();
            self.head += 1;
            self.said = false;
            if self.head < tasks
                && let Some(parts) = self.waiting.remove(&self.head)
            {
                for part in parts {
                    self.waiting_bytes -= part.weight();
                    let begun = matches!(part, Part::Data { .. });
                    // Refused parts leave their trace in the item that ends the member, or in `stopped`.
                    if self.write(part) == Err(Refused::Full) && begun {
                        self.drop_open();
                    }
                }
            }
        }
    }

    fn write(&mut self, part: Part) -> Result<(), Refused> {
        if self.stopped.is_some() {
            return Err(Refused::Stopped);
        }
        let full = self.full || self.paths.len() >= MEMBERS || self.inflated >= INFLATED;
        let offset = self.file.offset();
        let over = |bytes: usize| full || offset + bytes as u64 > self.cap;
        let left = self.share().saturating_add(self.spare).saturating_sub(self.used);
        let refused = |bytes: usize| over(bytes) || bytes as u64 > left;
        let done = match part {
            Part::Absent { item } => {
                self.register(*item, None, None);
                return Ok(());
            }
            Part::Entry { packed, item, findings } => {
                let taken = item.path.as_ref().is_some_and(|path| self.paths.contains(path));
                if taken || refused(packed.len()) {
                    self.full |= over(packed.len());
                    let reason = if taken { Reason::Duplicate } else { Reason::BundleLimit };
                    self.register(without_member(*item, reason), None, None);
                    return Err(Refused::Full);
                }
                self.file.append(&packed).map(|()| self.register(*item, Some(offset), findings))
            }
            Part::Begin { path } => {
                let taken = self.paths.contains(&path);
                if taken || refused(BEGIN_BYTES) {
                    self.unbegun = if taken { Reason::Duplicate } else { Reason::BundleLimit };
                    return Err(Refused::Full);
                }
                self.file.begin(path).map(|member| self.open = Some(member))
            }
            Part::Data { packed, bytes } => {
                let (over, refused) = (over(packed.len()), refused(packed.len()));
                match self.open.as_mut() {
                    // A member over the format's limit, or its share, ends there; the bundle goes on.
                    Some(member) if !refused && member.bytes + bytes <= ustar::MAX_SIZE => {
                        self.file.extend(member, &packed, bytes)
                    }
                    _ => {
                        self.full |= over;
                        return Err(Refused::Full);
                    }
                }
            }
            Part::End { item, findings } => {
                let Some(member) = self.open.take() else {
                    let reason = self.unbegun;
                    self.register(without_member(*item, reason), None, None);
                    return Ok(());
                };
                self.file.end(&member, &mut self.deflater).map(|at| self.register(*item, Some(at), findings))
            }
            Part::Abort { item } => {
                let undone = self.open.take().map_or(Ok(()), |member| self.file.abort(&member));
                undone.map(|()| self.register(*item, None, None))
            }
        };
        self.took_since(offset);
        done.map_err(|error| {
            self.stopped = Some(error);
            Refused::Stopped
        })
    }

    /// What the first unfinished task may take for certain.
    fn share(&self) -> u64 {
        self.shares.get(self.head).copied().unwrap_or(0)
    }

    /// Puts what the finished task left of its share to what all may take, or takes from there what it had beyond.
    fn settle(&mut self) {
        self.spare = self.spare.saturating_add(self.share()).saturating_sub(self.used);
        self.used = 0;
    }

    /// Counts what the file grew or shrank since it ended at `offset`.
    fn took_since(&mut self, offset: u64) {
        self.used = self.used.saturating_add(self.file.offset()).saturating_sub(offset);
    }

    fn drop_open(&mut self) {
        self.unbegun = Reason::BundleLimit;
        let offset = self.file.offset();
        if let Some(member) = self.open.take()
            && let Err(error) = self.file.abort(&member)
        {
            self.stopped = Some(error);
        }
        self.took_since(offset);
    }

    fn register(&mut self, mut item: Item, offset: Option<u64>, findings: Option<Findings>) {
        item.offset = offset;
        self.said = true;
        self.inflated += 1024 + item.bytes;
        self.whole = self.file.offset();
        self.paths.extend(item.path.clone());
        self.fresh.push(item.clone());
        self.items.push(item);
        self.findings.extend(findings);
    }

    /// Puts the finished task's rows into the journal.
    fn note(&mut self) {
        let entry = Entry { offset: self.whole, task: self.head, items: std::mem::take(&mut self.fresh) };
        if let Err(error) = self.journal.note(&entry) {
            self.stopped.get_or_insert(super::file::full(error));
        }
        self.flush();
    }

    fn flush(&mut self) {
        if self.stopped.is_none()
            && let Err(error) = self.journal.flush(&self.file)
        {
            self.stopped = Some(super::file::full(error));
        }
    }
}

/// The row of a member that found no room, or whose name was taken.
fn without_member(mut item: Item, reason: Reason) -> Item {
    item.path = None;
    item.sha256 = None;
    item.bytes = 0;
    item.truncated = None;
    item.redactions.clear();
    item.leaks = Leaks::default();
    item.outcome = Outcome::Skipped;
    item.reason = Some(reason);
    item
}
