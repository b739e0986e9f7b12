//! One stream of the host becomes one member of the bundle, or the reason why not.
//!
//! In: a reader and a half-filled manifest row. Out: parts for the writer, in order: redacted, hashed,
//! read for alerts and facts, deflated. Memory: a few chunks, whatever the stream's length.

use std::{
    cell::Cell,
    collections::VecDeque,
    io::{self, Read},
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use oediag_analysis::{Context, Tap};
use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Kept, Outcome, Reason, Truncated},
    digest::Sha256,
};
use sha2::Digest as _;

use super::worker::{Done, Form, Pool, WorkError, Worker};
use crate::{
    bundle::writer::{Part, Refused, Writer},
    host::Cancel,
    item,
    leak::{self, Found, Gate},
    redact::{Binary, Counts, Raw, RedactError, Redactor},
};

/// Chunks of one member that may be under way at once.
const DEPTH: usize = 3;

/// How the kernel says that a file of /proc or /sys has no value just now: the speed of a link that is down, a process that
/// ended, a counter the driver does not keep.
const HAS_NO_VALUE: [i32; 7] =
    [libc::EINVAL, libc::ESRCH, libc::ENOENT, libc::ENODEV, libc::ENXIO, libc::ENODATA, libc::EOPNOTSUPP];

/// What a lane works with.
#[derive(Debug)]
pub(super) struct Tools<'a> {
    /// Where parts go.
    pub writer: &'a Writer,
    /// What cleans.
    pub redactor: &'a Redactor,
    /// What looks for what is left.
    pub gate: &'a Gate,
    /// Who does chunks of large members.
    pub pool: &'a Pool,
    /// What does small members, on this very thread.
    pub worker: Worker<'a>,
    /// The run's end.
    pub cancel: &'a Cancel,
    /// How to read times in logs.
    pub context: &'a Context,
    /// The task at hand is done before its turn.
    pub early: bool,
}

/// A member to be made.
#[derive(Debug)]
pub(super) struct Member<'a> {
    /// The task it belongs to.
    pub task: usize,
    /// Path inside the bundle.
    pub path: String,
    /// Path on the host, for what is special to some files.
    pub host_path: &'a [u8],
    /// What its bytes are.
    pub form: Form,
    /// When reading must end.
    pub until: Instant,
    /// No line of it is newer than this.
    pub latest: Timestamp,
    /// A stamp before its first line, or in it, where the years are known by that.
    pub start: Option<Timestamp>,
    /// What is known for its row already.
    pub item: Item,
}

impl Member<'_> {
    /// Whether four numbers in it are a version.
    fn versions(&self) -> bool {
        leak::lists_versions(self.host_path) || leak::lists_versions(self.path.as_bytes())
    }
}

/// A reader with a cap that says whether there was more. What is cut ends at a line: half a value at the end would be
/// a value that no rule knows any more.
#[derive(Debug)]
pub(crate) struct Capped<'a, R> {
    inner: R,
    left: u64,
    hit: &'a Cell<bool>,
    /// The last bytes under the cap, read together, and how far they were given out.
    last: Option<(Vec<u8>, usize)>,
}

/// How far before the cap a line's end is looked for.
const LAST: u64 = 64 << 10;

impl<'a, R: Read> Capped<'a, R> {
    /// Lets through at most `cap` bytes; sets `hit` when there was more.
    pub(crate) fn new(inner: R, cap: u64, hit: &'a Cell<bool>) -> Self {
        Self { inner, left: cap, hit, last: None }
    }

    fn read_last(&mut self) -> io::Result<Vec<u8>> {
        let mut last = Vec::new();
        (&mut self.inner).take(self.left).read_to_end(&mut last)?;
        if last.len() as u64 == self.left && self.inner.read(&mut [0])? > 0 {
            self.hit.set(true);
            let whole = last.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            last.truncate(whole);
        }
        Ok(last)
    }
}

impl<R: Read> Read for Capped<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left > LAST {
            let most = buffer.len().min(usize::try_from(self.left - LAST).unwrap_or(usize::MAX));
            let read = self.inner.read(&mut buffer[..most])?;
            self.left -= read as u64;
            return Ok(read);
        }
        if self.last.is_none() {
            self.last = Some((self.read_last()?, 0));
        }
        let Some((last, given)) = &mut self.last else { return Ok(0) };
        let rest = &last[*given..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        *given += len;
        Ok(len)
    }
}

/// How a stream ended, as far as the member sees it.
enum End {
    Whole,
    Full,
    Late,
    Cancelled,
    Unreadable(io::Error),
}

/// What is known of a member while it is made.
struct Progress {
    tap: Option<Tap>,
    sha: sha2::Sha256,
    bytes: u64,
    counts: Counts,
    found: Found,
    /// How long the writer had no room: not the source's fault, and not counted against its time.
    waited: Duration,
}

impl Progress {
    fn take(&mut self, done: &Done) {
        self.sha.update(done.content());
        self.bytes += done.content().len() as u64;
        self.counts.add(&done.counts);
        self.found.append(&done.found);
        if let Some(tap) = &mut self.tap {
            tap.feed(done.text.as_bytes());
        }
    }
}

impl Tools<'_> {
    /// Reads `input` to its end and hands the member in. `learn` completes the row with what is known only
    /// once the input was read and let go. Gives the row as it was handed in, or the writer's refusal when
    /// nothing more can be written.
    pub(super) fn stream(
        &mut self,
        mut member: Member<'_>,
        input: impl Read,
        learn: impl FnOnce(&mut Item),
    ) -> Result<Item, Refused> {
        leak::name(self.gate, self.redactor, &mut member.path, member.host_path, &mut member.item);
        member.item.first_stamp = member.start.filter(|start| start.as_second() >= 0).map(Into::into);
        let mut chunks = self.redactor.reader(input, member.host_path).with_member(&member.path);
        let mut progress = Progress {
            tap: oediag_analysis::tap(&member.path, &Context { latest: member.latest, ..self.context.clone() })
                .map(|tap| tap.starting(member.start)),
            sha: sha2::Sha256::new(),
            bytes: 0,
            counts: Counts::default(),
            found: Found::default(),
            waited: Duration::ZERO,
        };
        let first = match chunks.next() {
            Some(Err(error)) => {
                drop(chunks);
                learn(&mut member.item);
                return self.refuse(member, &error);
            }
            first => first.and_then(Result::ok),
        };
        let second = if first.is_some() { chunks.next() } else { None };
        let Some(second) = second else {
            member.item.bytes_seen = member.item.bytes_seen.max(chunks.bytes_seen());
            drop(chunks);
            learn(&mut member.item);
            return self.whole(member, first, progress);
        };
        self.hand(member.task, Part::Begin { path: member.path.clone() })?;
        let ended = self.flow(&member, first, second, &mut chunks, &mut progress)?;
        member.item.bytes_seen = member.item.bytes_seen.max(chunks.bytes_seen());
        drop(chunks);
        learn(&mut member.item);
        self.close(member, ended, progress)
    }

    /// A member of one chunk, or of none.
    fn whole(&mut self, member: Member<'_>, raw: Option<Raw>, mut progress: Progress) -> Result<Item, Refused> {
        let done = match self.worker.whole(raw, member.form, member.versions(), &member.path) {
            Ok(done) => done,
            Err(error) => return self.spoilt(member.task, member.item, member.form, &error, progress.found),
        };
        progress.take(&done);
        if says_nothing(&member.item, &progress) {
            self.hand(member.task, Part::Absent { item: Box::new(member.item.clone()) })?;
            return Ok(member.item);
        }
        let item = finished(member.item, member.path, &mut progress);
        let findings = progress.tap.map(Tap::finish);
        self.hand(member.task, Part::Entry { packed: done.packed, item: Box::new(item.clone()), findings })?;
        Ok(item)
    }

    /// Sends chunk after chunk through the pool and takes the results back in order.
    fn flow(
        &mut self,
        member: &Member<'_>,
        first: Option<Raw>,
        second: Result<Raw, RedactError>,
        rest: &mut impl Iterator<Item = Result<Raw, RedactError>>,
        progress: &mut Progress,
    ) -> Result<Result<End, WorkError>, Refused> {
        let mut under_way: VecDeque<Receiver<Result<Done, WorkError>>> = VecDeque::new();
        let mut end = End::Whole;
        let versions = member.versions();
        for raw in first.map(Ok).into_iter().chain([second]).chain(rest) {
            match raw {
                Ok(raw) => under_way.push_back(self.pool.submit(raw, member.form, versions)),
                Err(RedactError::Read(error)) => {
                    end = End::Unreadable(error);
                    break;
                }
                Err(error) => return Ok(Err(error.into())),
            }
            if under_way.len() >= DEPTH
                && let Some(ended) = self.deliver(member.task, under_way.pop_front(), progress)?
            {
                match ended {
                    Ok(()) => {
                        end = End::Full;
                        break;
                    }
                    Err(error) => return Ok(Err(error)),
                }
            }
            if self.cancel.is_cancelled() {
                end = End::Cancelled;
                break;
            }
            if Instant::now() > member.until + progress.waited {
                end = End::Late;
                break;
            }
        }
        if !matches!(end, End::Full) {
            while let Some(receiver) = under_way.pop_front() {
                match self.deliver(member.task, Some(receiver), progress)? {
                    Some(Ok(())) => return Ok(Ok(End::Full)),
                    Some(Err(error)) => return Ok(Err(error)),
                    None => {}
                }
            }
        }
        Ok(Ok(end))
    }

    /// Hands in one finished chunk. `Some(Ok)`: the bundle is full; `Some(Err)`: the chunk could not be done.
    fn deliver(
        &self,
        task: usize,
        receiver: Option<Receiver<Result<Done, WorkError>>>,
        progress: &mut Progress,
    ) -> Result<Option<Result<(), WorkError>>, Refused> {
        let done = receiver.and_then(|receiver| receiver.recv().ok());
        let mut done = match done.unwrap_or(Err(WorkError::Redact(RedactError::SelfTest("worker")))) {
            Ok(done) => done,
            Err(error) => return Ok(Some(Err(error))),
        };
        let part = Part::Data { packed: std::mem::take(&mut done.packed), bytes: done.content().len() as u64 };
        let asked = Instant::now();
        let taken = self.writer.put(task, part, self.early);
        progress.waited += asked.elapsed();
        match taken {
            Ok(()) => {
                progress.take(&done);
                Ok(None)
            }
            Err(Refused::Full) => Ok(Some(Ok(()))),
            Err(Refused::Stopped) => Err(Refused::Stopped),
        }
    }

    fn close(&self, member: Member<'_>, ended: Result<End, WorkError>, mut progress: Progress) -> Result<Item, Refused> {
        let mut item = member.item;
        let end = match ended {
            Ok(end) => end,
            Err(error) => return self.spoilt(member.task, item, member.form, &error, progress.found),
        };
        let (outcome, reason) = match &end {
            End::Whole => (item.outcome, item.reason),
            End::Full => (Outcome::Truncated, Some(Reason::BundleLimit)),
            End::Late => (Outcome::TimedOut, Some(Reason::TimeLimit)),
            End::Cancelled => (Outcome::Truncated, Some(item::why_cancelled(self.cancel))),
            End::Unreadable(error) => {
                item.error.push(self.writer_text(error));
                (Outcome::Failed, Some(unreadable(error, member.form)))
            }
        };
        (item.outcome, item.reason) = (outcome, reason);
        if !matches!(end, End::Whole) {
            item.truncated.get_or_insert(Truncated { how: Kept::Head, limit: 0, line_offset: None });
        }
        let item = finished(item, member.path, &mut progress);
        let findings = progress.tap.map(Tap::finish);
        self.hand(member.task, Part::End { item: Box::new(item.clone()), findings })?;
        Ok(item)
    }

    /// The first look at the content already said no.
    fn refuse(&self, member: Member<'_>, error: &RedactError) -> Result<Item, Refused> {
        let item = failed(member.item, error, member.form, &self.writer_text(error), self.drops_binary());
        self.hand(member.task, Part::Absent { item: Box::new(item.clone()) })?;
        Ok(item)
    }

    /// The content cannot be redacted after all: fail closed, leave the whole member out.
    fn spoilt(&self, task: usize, mut item: Item, form: Form, error: &WorkError, mut found: Found) -> Result<Item, Refused> {
        if let WorkError::Leak(leaked) = error {
            found.append(&leaked.0);
        }
        leak::add(&mut item, &found);
        let item = match error {
            WorkError::Redact(error) => failed(item, error, form, &self.writer_text(error), self.drops_binary()),
            WorkError::Leak(_) => Item { outcome: Outcome::Failed, reason: Some(Reason::Leak), truncated: None, ..item },
            WorkError::Header(_) | WorkError::Pack(_) => Item {
                outcome: Outcome::Failed,
                reason: Some(Reason::RedactionFailed),
                error: vec![self.writer_text(error)],
                truncated: None,
                ..item
            },
        };
        self.hand(task, Part::Abort { item: Box::new(item.clone()) })?;
        Ok(item)
    }

    /// Whether somebody chose to leave binary content out.
    fn drops_binary(&self) -> bool {
        self.redactor.settings().binary == Binary::Drop
    }

    /// Error texts name paths of the host, so they are redacted like everything else.
    fn writer_text(&self, error: &dyn std::error::Error) -> String {
        self.redactor.text(error.to_string().as_bytes(), &mut Counts::default()).into_string()
    }

    /// Hands a part in; a full bundle is not the lane's end: the row says it.
    pub(super) fn hand(&self, task: usize, mut part: Part) -> Result<(), Refused> {
        if let Part::Entry { item, .. } | Part::End { item, .. } | Part::Abort { item } | Part::Absent { item } = &mut part {
            leak::row(self.gate, self.redactor, item);
        }
        match self.writer.put(task, part, self.early) {
            Err(Refused::Stopped) => Err(Refused::Stopped),
            Ok(()) | Err(Refused::Full) => Ok(()),
        }
    }
}

/// Whether a journal could not be read at all: an empty member would say that it has no entries, to whoever reads the
/// unpacked bundle. A command has its status beside it.
fn says_nothing(item: &Item, progress: &Progress) -> bool {
    item.kind == ItemKind::Journal && item.outcome == Outcome::Failed && progress.bytes == 0
}

fn finished(mut item: Item, path: String, progress: &mut Progress) -> Item {
    item.path = Some(path);
    item.bytes = progress.bytes;
    item.sha256 = Some(Sha256(std::mem::take(&mut progress.sha).finalize().into()));
    item::count(&mut item.redactions, &progress.counts);
    leak::add(&mut item, &progress.found);
    item
}

/// Why reading failed: of a compressed file, mostly because it is broken.
fn unreadable(error: &io::Error, form: Form) -> Reason {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | UnexpectedEof if form != Form::Plain => Reason::BadArchive,
        _ => Reason::ReadError,
    }
}

/// The row of what could not be redacted; `unwanted`: binary content is left out by choice.
fn failed(item: Item, error: &RedactError, form: Form, text: &str, unwanted: bool) -> Item {
    let (outcome, reason) = match error {
        // Rows name texts; one that turns out not to be any is a gap, unless binary content was not wanted.
        RedactError::Binary if unwanted => (Outcome::Skipped, Reason::Binary),
        RedactError::Binary => (Outcome::Failed, Reason::Binary),
        RedactError::Read(error) if error.raw_os_error().is_some_and(|code| HAS_NO_VALUE.contains(&code)) => {
            (Outcome::Skipped, Reason::NotPresent)
        }
        RedactError::Read(error) => (Outcome::Failed, unreadable(error, form)),
        _ => (Outcome::Failed, Reason::RedactionFailed),
    };
    let error = if reason == Reason::Binary { Vec::new() } else { vec![text.to_owned()] };
    Item { outcome, reason: Some(reason), error, truncated: None, ..item }
}
