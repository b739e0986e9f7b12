//! One lane: takes tasks in order, looks at the host, and hands what it found to the writer.

use std::{
    cell::Cell,
    io::{self, BufRead as _, BufReader, Cursor, Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use oediag_protocol::{
    bundle::{
        manifest::{Item, ItemKind, Kept, Limits, Outcome, Reason, Truncated, Within},
        name,
    },
    time::Time,
};

use super::{
    List, command,
    log::Log,
    member::{Capped, Member, Tools},
    shares::Share,
    worker::Form,
};
use crate::{
    bundle::writer::{Part, Refused},
    catalogue::{Probe, Source},
    host::{Host, OpenFile, Recorded, Refusal, Ticks},
    item,
    plan::{self, Look, Task},
    window::{self, Found, MAX_RATIO},
};

/// After so many programs that not even SIGKILL ends, no more are started: the machine has enough to do.
const MAX_STUCK: usize = 2;

/// Most bytes of a line that a file keeps when it is cut to its end.
const FIRST_LINE: u64 = 1024;

/// What all lanes share.
#[derive(Debug)]
pub(super) struct Run<'a> {
    /// The examined host.
    pub host: &'a Host,
    /// All tasks.
    pub tasks: &'a [Task],
    /// What each task may take of the bundle.
    pub shares: &'a [Share],
    /// The run's limits.
    pub limits: Limits,
    /// The window of time, if one was asked for.
    pub window: Option<window::Window>,
    /// Seconds of sampling.
    pub perf_seconds: u64,
    /// The only moment of a reproducible run.
    pub fixed: Option<Time>,
    /// Programs that could not be killed so far.
    pub stuck: AtomicUsize,
}

/// What became of a task, for progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    /// The worst outcome of its members.
    pub outcome: Outcome,
    /// Bytes of its members.
    pub bytes: u64,
}

impl Run<'_> {
    /// Takes the tasks of `list` one after another until none is left.
    pub(super) fn lane(&self, list: &List, tools: &mut Tools<'_>, report: &dyn Fn(usize, Option<Summary>)) {
        while let Some((index, early)) = list.next(!tools.writer.is_laden()) {
            tools.early = early;
            report(index, None);
            let done = catch_unwind(AssertUnwindSafe(|| self.task(index, tools)));
            let summary = match done {
                Ok(Ok(summary)) => Some(summary),
                Ok(Err(_)) => None,
                Err(_) => Some(self.panicked(index, tools)),
            };
            tools.writer.finish(index);
            report(index, Some(summary.unwrap_or(Summary { outcome: Outcome::Failed, bytes: 0 })));
        }
    }

    fn panicked(&self, index: usize, tools: &Tools<'_>) -> Summary {
        let source = self.tasks[index].source;
        let refusal = Refusal { reason: Reason::Panicked, error: Vec::new() };
        let part = Part::Abort { item: Box::new(item::absent(source, None, &refusal, tools.redactor)) };
        // A stopped writer will list the task as missing.
        tools.hand(index, part).unwrap_or_default();
        Summary { outcome: Outcome::Failed, bytes: 0 }
    }

    fn task(&self, index: usize, tools: &mut Tools<'_>) -> Result<Summary, Refused> {
        let task = &self.tasks[index];
        if task.applies() && tools.cancel.is_cancelled() {
            let refusal = Refusal { reason: item::why_cancelled(tools.cancel), error: Vec::new() };
            return Self::absent(index, task.source, None, &refusal, tools);
        }
        match &task.look {
            Look::Absent { path, refusal } => Self::absent(index, task.source, path.as_deref(), refusal, tools),
            Look::File { path, .. } => self.file(index, task.source, path, tools),
            Look::Command { argv, device } => self.command(index, task.source, argv, device.as_deref(), tools),
            Look::Journal { argv } => self.journal(index, task.source, argv, tools),
            Look::Native | Look::Sample => self.native(index, task.source, tools),
        }
    }

    pub(super) fn absent(
        index: usize,
        source: &Source,
        path: Option<&Path>,
        refusal: &Refusal,
        tools: &Tools<'_>,
    ) -> Result<Summary, Refused> {
        let item = item::absent(source, path, refusal, tools.redactor);
        let summary = summary(&item);
        tools.hand(index, Part::Absent { item: Box::new(item) })?;
        Ok(summary)
    }

    fn file(&self, index: usize, source: &'static Source, path: &Path, tools: &mut Tools<'_>) -> Result<Summary, Refused> {
        let mut open = match self.host.open(path) {
            Ok(open) => open,
            Err(refusal) => return Self::absent(index, source, Some(path), &refusal, tools),
        };
        let mut row = self.begin(source, item::kind(source));
        let member = member_path(source, path, tools, &mut row);
        item::name(&mut row, plan::bytes(path), tools.redactor);
        item::file(&mut row, &open, tools.redactor);
        let started = Instant::now();
        let (cap, why) = self.cap(index, source);
        if cap == 0 {
            let refusal = Refusal { reason: why, error: Vec::new() };
            return Self::absent(index, source, Some(path), &refusal, tools);
        }
        let form = Form::of(path);
        let mut start = None;
        if window::applies(source, path) {
            let log = Log { task: index, source, path, window: self.window.unwrap_or_default(), cap, why, form, started };
            if self.window.is_some() {
                match log.look(&mut open, self, tools) {
                    Ok(Found::Part(part)) => return self.part(&log, &part, open, member, row, tools),
                    Ok(Found::NoStamps) => row.window = Some(Within { applied: false, line_offset: None }),
                    Ok(none @ (Found::Nothing | Found::OutOfReach)) => {
                        let reason = match none {
                            _ if open.shrank().load(Ordering::Relaxed) => Reason::Changed,
                            Found::OutOfReach => why,
                            _ => Reason::OutsideWindow,
                        };
                        let refusal = Refusal { reason, error: Vec::new() };
                        return Self::absent(index, source, Some(path), &refusal, tools);
                    }
                    Err(refusal) => return Self::absent(index, source, Some(path), &refusal, tools),
                }
            } else if form == Form::Plain {
                start = log.start(&mut open, self, tools);
            }
        }
        let cut = form == Form::Plain && open.size > cap;
        let mut first = Vec::new();
        if cut {
            let mut tail = |open: &mut OpenFile| {
                if window::is_sar(&path.to_string_lossy()) {
                    first = first_line(open)?;
                }
                open.tail(cap.saturating_sub(first.len() as u64))
            };
            if let Err(error) = tail(&mut open) {
                let refusal = Refusal { reason: Reason::ReadError, error: vec![error.to_string()] };
                return Self::absent(index, source, Some(path), &refusal, tools);
            }
            row.truncated = Some(Truncated { how: Kept::Tail, limit: cap, line_offset: None });
            (row.outcome, row.reason) = (Outcome::Truncated, Some(why));
        }
        let (hit, shrank) = (Cell::new(false), open.shrank());
        // Files of /proc have no size to compare with.
        let ratio = if open.size == 0 { u64::MAX } else { open.size.saturating_mul(MAX_RATIO) };
        let most = if form == Form::Plain { cap } else { cap.saturating_mul(4).min(ratio) };
        let member = Member {
            task: index,
            path: member,
            host_path: plan::bytes(path),
            form,
            until: started + source.time(self.limits.item_bytes),
            latest: window::latest(open.mtime, self.host.now()),
            start,
            item: row,
        };
        let learn = |row: &mut Item| {
            self.took(row, started);
            if hit.get() {
                row.truncated.get_or_insert(Truncated { how: Kept::Head, limit: most, line_offset: None });
                (row.outcome, row.reason) = (Outcome::Truncated, Some(why));
            }
            if shrank.load(Ordering::Relaxed) {
                (row.outcome, row.reason) = (Outcome::Truncated, Some(Reason::Changed));
            }
        };
        let item = if let Some(packing) = form.packing() {
            let text = match packing.reader(open) {
                Ok(text) => text,
                Err(error) => {
                    let refusal = Refusal { reason: Reason::ReadError, error: vec![error.to_string()] };
                    return Self::absent(index, source, Some(path), &refusal, tools);
                }
            };
            tools.stream(member, Capped::new(text, most, &hit), learn)?
        } else {
            let mut input = BufReader::with_capacity(64 << 10, open);
            if cut {
                // An error here is met again by the reader below, which names it.
                input.skip_until(b'\n').unwrap_or_default();
            }
            tools.stream(member, Capped::new(Cursor::new(first).chain(input), most, &hit), learn)?
        };
        Ok(summary(&item))
    }

    /// How much of a file is read, and what limits it: the item's cap, or the task's share of the bundle.
    fn cap(&self, index: usize, source: &Source) -> (u64, Reason) {
        let cap = source.cap(self.limits.item_bytes);
        match self.shares.get(index) {
            Some(share) if share.read < cap => (share.read, Reason::BundleLimit),
            _ => (cap, Reason::ItemLimit),
        }
    }

    fn command(
        &self,
        index: usize,
        source: &'static Source,
        argv: &[String],
        device: Option<&str>,
        tools: &mut Tools<'_>,
    ) -> Result<Summary, Refused> {
        if self.stuck.load(Ordering::Relaxed) >= MAX_STUCK {
            let refusal = Refusal { reason: Reason::Stuck, error: Vec::new() };
            return Self::absent(index, source, None, &refusal, tools);
        }
        let clean = item::argv(argv, tools.redactor);
        let folder = folder(source, device, tools);
        // Redacted as one command line: over lines, `-p` and its value would look like strangers.
        let lines = format!("{}\n", clean.join("\n"));
        self.record(index, source, format!("{folder}/argv"), lines.into_bytes(), &clean, tools)?;
        let started = Instant::now();
        let mut row = self.begin(source, ItemKind::Command);
        row.argv.clone_from(&clean);
        let cap = source.cap(self.limits.item_bytes);
        let member = Member {
            task: index,
            path: format!("{folder}/stdout"),
            host_path: b"",
            form: Form::Plain,
            until: started + source.time(self.limits.item_bytes) + Duration::from_secs(10),
            latest: self.host.now(),
            start: None,
            item: row,
        };
        let (item, stderr, status) = if self.host.is_live() {
            self.run_live(source, argv, cap, member, started, tools)?
        } else {
            let recorded = self.host.recorded(source.id, device);
            self.replay(recorded, cap, member, started, tools)?
        };
        if !stderr.is_empty() {
            self.record(index, source, format!("{folder}/stderr"), stderr, &clean, tools)?;
        }
        self.record(index, source, format!("{folder}/status"), format!("{status}\n").into_bytes(), &clean, tools)?;
        Ok(summary(&item))
    }

    fn run_live(
        &self,
        source: &'static Source,
        argv: &[String],
        cap: u64,
        member: Member<'_>,
        started: Instant,
        tools: &mut Tools<'_>,
    ) -> Result<(Item, Vec<u8>, String), Refused> {
        std::thread::scope(|scope| {
            let call = command::Owned { argv: argv.to_vec(), time: source.time(self.limits.item_bytes), bytes: cap };
            let (output, thread) = command::start(scope, self.host, call, tools.cancel);
            let ended = Cell::new(None);
            let (redactor, cancel) = (tools.redactor, tools.cancel);
            let item = tools.stream(member, output, |row| {
                if let Ok(end) = thread.join() {
                    self.stuck.fetch_add(usize::from(end.ran.stuck), Ordering::Relaxed);
                    ran(row, &end, cap, item::why_cancelled(cancel), redactor);
                    ended.set(Some(end));
                }
                self.took(row, started);
            })?;
            let Some(end) = ended.into_inner() else { return Ok((item, Vec::new(), "unknown".to_owned())) };
            Ok((item, end.stderr, status(&end.ran)))
        })
    }

    fn replay(
        &self,
        recorded: Option<Recorded>,
        cap: u64,
        mut member: Member<'_>,
        started: Instant,
        tools: &mut Tools<'_>,
    ) -> Result<(Item, Vec<u8>, String), Refused> {
        let Some(recorded) = recorded else {
            let refusal = Reason::NotRecorded;
            (member.item.outcome, member.item.reason) = (item::outcome(refusal), Some(refusal));
            tools.hand(member.task, Part::Absent { item: Box::new(member.item.clone()) })?;
            return Ok((member.item, Vec::new(), "unknown".to_owned()));
        };
        replayed(&mut member.item, &recorded.status);
        let mut stderr = Vec::new();
        let read = recorded.stderr.map(|open| open.take(command::STDERR_BYTES).read_to_end(&mut stderr));
        if let Some(Err(error)) = read {
            member.item.error.extend(item::chain(&[format!("stderr: {error}")], tools.redactor));
        }
        let hit = Cell::new(false);
        let learn = |row: &mut Item| {
            self.took(row, started);
            if row.exit.is_some_and(|exit| exit != 0) && row.bytes_seen == 0 {
                (row.outcome, row.reason) = (Outcome::Failed, Some(Reason::ExitStatus));
            }
            if hit.get() {
                row.truncated = Some(Truncated { how: Kept::Head, limit: cap, line_offset: None });
                (row.outcome, row.reason) = (Outcome::Truncated, Some(Reason::ItemLimit));
            }
        };
        let item = match recorded.stdout {
            Some(open) => tools.stream(member, Capped::new(open, cap, &hit), learn)?,
            None => tools.stream(member, io::empty(), learn)?,
        };
        Ok((item, stderr, recorded.status))
    }

    fn journal(&self, index: usize, source: &'static Source, argv: &[String], tools: &mut Tools<'_>) -> Result<Summary, Refused> {
        let started = Instant::now();
        let cap = source.cap(self.limits.item_bytes);
        let mut row = self.begin(source, ItemKind::Journal);
        row.argv = item::argv(argv, tools.redactor);
        let member = Member {
            task: index,
            path: format!("oediag/journal/{}", source.id),
            host_path: b"",
            form: Form::Plain,
            until: started + source.time(self.limits.item_bytes) + Duration::from_secs(10),
            latest: self.host.now(),
            start: None,
            item: row,
        };
        let (item, ..) = self.run_live(source, argv, cap, member, started, tools)?;
        Ok(summary(&item))
    }

    fn native(&self, index: usize, source: &'static Source, tools: &mut Tools<'_>) -> Result<Summary, Refused> {
        let started = Instant::now();
        let cap = source.cap(self.limits.item_bytes);
        let mut text = CappedText { text: Vec::new(), cap };
        let (member, read) = match source.probe {
            Probe::Native { member, run } => (member, run(self.host, &mut text)),
            Probe::Sample { member, run } => {
                let seconds = u32::try_from(self.perf_seconds).unwrap_or(u32::MAX);
                (member, run(self.host, Ticks::new(self.host.now(), seconds, tools.cancel.clone()), &mut text))
            }
            _ => return Ok(Summary { outcome: Outcome::Failed, bytes: 0 }),
        };
        let mut row = self.begin(source, ItemKind::Native);
        if matches!(source.probe, Probe::Sample { .. }) && tools.cancel.is_cancelled() {
            row.truncated = Some(Truncated { how: Kept::Head, limit: 0, line_offset: None });
            (row.outcome, row.reason) = (Outcome::Truncated, Some(item::why_cancelled(tools.cancel)));
        }
        if let Err(error) = read {
            if error.kind() == io::ErrorKind::StorageFull {
                row.truncated = Some(Truncated { how: Kept::Head, limit: cap, line_offset: None });
                (row.outcome, row.reason) = (Outcome::Truncated, Some(Reason::ItemLimit));
            } else if error.kind() == io::ErrorKind::NotFound && text.text.is_empty() {
                let refusal = Refusal { reason: Reason::NotPresent, error: vec![error.to_string()] };
                return Self::absent(index, source, None, &refusal, tools);
            } else {
                row.error = item::chain(&[error.to_string()], tools.redactor);
                (row.outcome, row.reason) = (Outcome::Failed, Some(Reason::ReadError));
            }
        }
        let member = Member {
            task: index,
            path: format!("oediag/{member}"),
            host_path: b"",
            form: Form::Plain,
            until: started + source.time(self.limits.item_bytes),
            latest: self.host.now(),
            start: None,
            item: row,
        };
        let item = tools.stream(member, Cursor::new(text.text), |row| self.took(row, started))?;
        Ok(summary(&item))
    }

    /// A small text of ours about a command: arguments, standard error, status.
    fn record(
        &self,
        index: usize,
        source: &'static Source,
        path: String,
        text: Vec<u8>,
        argv: &[String],
        tools: &mut Tools<'_>,
    ) -> Result<(), Refused> {
        let mut item = self.begin(source, ItemKind::CommandRecord);
        item.argv = argv.to_vec();
        let until = Instant::now() + Duration::from_secs(10);
        let latest = self.host.now();
        let member = Member { task: index, path, host_path: b"", form: Form::Plain, until, latest, start: None, item };
        tools.stream(member, Cursor::new(text), |_| ()).map(|_| ())
    }

    fn begin(&self, source: &Source, kind: ItemKind) -> Item {
        let mut item = Item::new(source.id, kind);
        item.started = Some(self.fixed.unwrap_or_else(|| self.host.now().into()));
        item
    }

    pub(super) fn took(&self, item: &mut Item, started: Instant) {
        item.ms = Some(if self.fixed.is_some() { 0 } else { started.elapsed().as_millis() as u64 });
    }
}

/// The first line of a file, unless it is longer than such lines are.
fn first_line(open: &mut OpenFile) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(open.take(FIRST_LINE)).read_until(b'\n', &mut line)?;
    Ok(if line.ends_with(b"\n") { line } else { Vec::new() })
}

/// Where a file of the host lies in the bundle. What an unpacked bundle recorded lies where it lay there.
fn member_path(source: &Source, path: &Path, tools: &Tools<'_>, row: &mut Item) -> String {
    if !matches!(source.probe, Probe::File(_) | Probe::Glob { .. }) {
        return plan::bytes(path).iter().skip(1).map(|&byte| char::from(byte)).collect();
    }
    let mut counts = crate::redact::Counts::default();
    let clean = tools.redactor.path(plan::bytes(path), &mut counts);
    item::count(&mut row.redactions, &counts);
    name::member_path(&clean)
}

/// A text that refuses to grow beyond a cap.
struct CappedText {
    text: Vec<u8>,
    cap: u64,
}

impl Write for CappedText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.text.len() + bytes.len()) as u64 > self.cap {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn folder(source: &Source, device: Option<&str>, tools: &Tools<'_>) -> String {
    let mut folder = format!("oediag/commands/{}", source.id);
    if let Some(device) = device {
        let clean = tools.redactor.path(device.as_bytes(), &mut crate::redact::Counts::default());
        folder.push('/');
        folder.push_str(&name::segment(&clean));
    }
    folder
}

pub(super) fn summary(item: &Item) -> Summary {
    Summary { outcome: item.outcome, bytes: item.bytes }
}

/// Puts a program's end into its row.
fn ran(row: &mut Item, end: &command::Ended, cap: u64, why: Reason, redactor: &crate::redact::Redactor) {
    let ran = &end.ran;
    (row.exit, row.signal) = (ran.exit, ran.signal);
    let failed = |row: &mut Item, outcome, reason| {
        (row.outcome, row.reason) = (outcome, Some(reason));
        let first = end.stderr.split(|&byte| byte == b'\n').find(|line| !line.is_empty());
        if let Some(line) = first {
            row.error = item::chain(&[String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned()], redactor);
        }
    };
    if let Some(refusal) = &ran.error {
        (row.outcome, row.reason) = (item::outcome(refusal.reason), Some(refusal.reason));
        row.error = item::chain(&refusal.error, redactor);
    } else if ran.timed_out || ran.stuck {
        failed(row, Outcome::TimedOut, if ran.stuck { Reason::Stuck } else { Reason::TimeLimit });
    } else if ran.cancelled {
        row.truncated = Some(Truncated { how: Kept::Head, limit: 0, line_offset: None });
        failed(row, Outcome::Truncated, why);
    } else if ran.cut {
        row.truncated = Some(Truncated { how: Kept::Head, limit: cap, line_offset: None });
        (row.outcome, row.reason) = (Outcome::Truncated, Some(Reason::ItemLimit));
    } else if ran.signal.is_some() {
        failed(row, Outcome::Failed, Reason::Signal);
    } else if ran.exit != Some(0) && row.bytes_seen == 0 {
        // Many tools answer with their status; only one that also says nothing has failed.
        failed(row, Outcome::Failed, Reason::ExitStatus);
    }
}

/// The text of a `status` file.
fn status(ran: &crate::host::Ran) -> String {
    match (ran.exit, ran.signal) {
        _ if ran.stuck => "stuck".to_owned(),
        _ if ran.timed_out => "timed out".to_owned(),
        (Some(exit), _) => format!("exit {exit}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "not started".to_owned(),
    }
}

/// Reads a `status` file back into a row.
fn replayed(row: &mut Item, status: &str) {
    match status.split_once(' ') {
        Some(("exit", code)) => row.exit = code.parse().ok(),
        Some(("signal", number)) => {
            row.signal = number.parse().ok();
            (row.outcome, row.reason) = (Outcome::Failed, Some(Reason::Signal));
        }
        Some(("timed", _)) => (row.outcome, row.reason) = (Outcome::TimedOut, Some(Reason::TimeLimit)),
        _ if status == "stuck" => (row.outcome, row.reason) = (Outcome::TimedOut, Some(Reason::Stuck)),
        _ => {}
    }
}
