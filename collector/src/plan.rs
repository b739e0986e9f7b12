//! From a request and a host to the exact list of what will be read and run; runs nothing itself.
//!
//! In: names of topics, presets and sources. Out: tasks in catalogue order; a row that gives nothing is a
//! task too, with the reason, so that silence is never ambiguous.

use std::{
    collections::HashSet,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use oediag_analysis::Context;
use oediag_protocol::bundle::manifest::{self, Limits, Reason};

use crate::{
    catalogue::{self, Depth, Over, Preset, Probe, Source, Topic, When},
    host::{Cancel, Host, Refusal},
    packed::Packing,
    window::{self, Found, Question, Window},
};

/// What somebody wants to know, in names of the catalogue only.
#[derive(Clone, Debug)]
pub struct Request {
    /// Named sets of topics and rows; their union.
    pub presets: Vec<String>,
    /// Only these topics; empty: those of the presets.
    pub topics: Vec<String>,
    /// These rows whatever their preset; with no topics named, only these.
    pub sources: Vec<String>,
    /// Not these rows or topics.
    pub skip: Vec<String>,
    /// The time of interest; logs are read for it by their own stamps.
    pub window: manifest::Window,
    /// What the run may cost.
    pub limits: Limits,
    /// Seconds of sampling.
    pub perf_seconds: u64,
}

/// Why a request cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A name the catalogue does not have.
    #[error("there is no {what} called {name:?}{}", nearest.as_deref().map(|name| format!("; did you mean {name:?}?")).unwrap_or_default())]
    Unknown {
        /// `preset`, `topic`, `source`, or `topic or source`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The most similar name there is.
        nearest: Option<String>,
    },
    /// Nothing is left to do.
    #[error("nothing is selected: every source is skipped by the options given")]
    Nothing,
}

/// What will be read and run, in this order.
#[derive(Debug)]
pub struct Plan {
    /// The tasks; every row of the catalogue has at least one.
    pub tasks: Vec<Task>,
    /// What was asked.
    pub request: Request,
}

/// One thing to do for one row.
#[derive(Debug)]
pub struct Task {
    /// The row.
    pub source: &'static Source,
    /// What to do.
    pub look: Look,
}

/// What a task does.
#[derive(Debug)]
pub enum Look {
    /// Reads a file; its size when it was planned.
    File {
        /// Path on the host.
        path: PathBuf,
        /// Size in bytes, where a file has one.
        size: Option<u64>,
        /// Whether it was not found out what a window of time leaves of it.
        unsought: bool,
    },
    /// Runs a program, or reads what was recorded of it.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
        /// The device it is about.
        device: Option<String>,
    },
    /// Runs `journalctl`, or reads what was recorded of it.
    Journal {
        /// Program and arguments.
        argv: Vec<String>,
    },
    /// Runs our own code once.
    Native,
    /// Runs our own code once a second.
    Sample,
    /// Nothing to do, for this reason.
    Absent {
        /// The path it is about, for rows over many.
        path: Option<PathBuf>,
        /// Why.
        refusal: Refusal,
    },
}

impl Task {
    /// The path, or the program with its arguments, as one line.
    pub fn what(&self) -> String {
        match &self.look {
            Look::Command { argv, .. } | Look::Journal { argv } => argv.join(" "),
            Look::File { path, .. } | Look::Absent { path: Some(path), .. } => path.display().to_string(),
            Look::Native | Look::Sample | Look::Absent { .. } => describe(&self.source.probe),
        }
    }

    /// How many bytes it will read, where that is known.
    pub fn estimate(&self) -> Option<u64> {
        match self.look {
            Look::File { size, .. } => size,
            _ => None,
        }
    }

    /// Whether a window of time was asked for and it could not be found out what it leaves of this file.
    pub fn unsought(&self) -> bool {
        matches!(self.look, Look::File { unsought: true, .. })
    }

    /// Whether anything will be read or run.
    pub fn applies(&self) -> bool {
        !matches!(self.look, Look::Absent { .. })
    }
}

/// What a row looks at, as one line.
pub fn describe(probe: &Probe) -> String {
    match probe {
        Probe::File(path) => (*path).to_owned(),
        Probe::Glob { pattern, .. } => (*pattern).to_owned(),
        Probe::Command(argv) | Probe::Each { argv, .. } => argv.join(" "),
        Probe::Journal { select } => format!("{JOURNALCTL} {}", select.join(" ")).trim_end().to_owned(),
        Probe::Native { member, .. } | Probe::Sample { member, .. } => format!("oediag/{member}"),
    }
}

/// How long the logs are looked into for a plan, all together.
const LOOKING: Duration = Duration::from_secs(10);
/// The program behind journal rows.
const JOURNALCTL: &str = "/usr/bin/journalctl";

impl Plan {
    /// Works out what to do. Reads folders and file sizes of the host, runs nothing.
    pub fn new(request: &Request, rows: &[&'static Source], host: &Host) -> Result<Self, PlanError> {
        let selection = Selection::new(request, rows)?;
        let mut seen = HashSet::new();
        let mut tasks = Vec::new();
        for &source in rows {
            if !selection.takes(source) {
                tasks.push(absent(source, None, Reason::NotSelected));
                continue;
            }
            let before = tasks.len();
            expand(source, request, host, &mut seen, &mut tasks);
            if tasks.len() == before {
                tasks.push(absent(source, None, Reason::NotPresent));
            }
        }
        if tasks.iter().all(|task| matches!(&task.look, Look::Absent { refusal, .. } if refusal.reason == Reason::NotSelected)) {
            return Err(PlanError::Nothing);
        }
        Ok(Self { tasks, request: request.clone() })
    }

    /// Looks into the logs: those without a line in the window are left out, the others have the size of their part. A run
    /// finds the same as it reads them. What cannot be read, and what there is no time for, is left as it is, and says so.
    #[must_use]
    pub fn within(mut self, host: &Host, cancel: &Cancel) -> Self {
        if let Some(looks) = self.windowed(host, cancel) {
            for (task, look) in self.tasks.iter_mut().zip(looks) {
                task.look = look.unwrap_or_else(|| std::mem::replace(&mut task.look, Look::Native));
            }
        }
        self
    }

    /// What a window leaves of each task, where it leaves something else; none without a window. Takes [`LOOKING`] at most.
    pub(crate) fn windowed(&self, host: &Host, cancel: &Cancel) -> Option<Vec<Option<Look>>> {
        let window = Window::of(&self.request.window)?;
        let until = Instant::now() + LOOKING;
        let context = Context { latest: host.now(), zone: host.zone(), booted: None };
        let go_on = || Instant::now() < until && !cancel.is_cancelled();
        Some(self.tasks.iter().map(|task| within(task, window, self.request.limits, host, &context, &go_on)).collect())
    }
}

/// Which rows are wanted.
struct Selection {
    presets: Vec<&'static Preset>,
    /// Only these, where some are named.
    topics: Vec<Topic>,
    /// How deep the presets go together.
    deepest: Depth,
    named: Vec<String>,
    only_named: bool,
    skip: Vec<String>,
}

impl Selection {
    fn new(request: &Request, rows: &[&'static Source]) -> Result<Self, PlanError> {
        let ids: Vec<&str> = rows.iter().map(|row| row.id).collect();
        let topics: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
        let presets: Vec<&str> = catalogue::PRESETS.iter().map(|preset| preset.name).collect();
        let find = |name: &String| catalogue::preset(name).ok_or_else(|| unknown("preset", name, &presets));
        let chosen = request.presets.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let parse = |name: &String| Topic::parse(name).ok_or_else(|| unknown("topic", name, &topics));
        let wanted = request.topics.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        if let Some(name) = request.sources.iter().find(|name| !ids.contains(&name.as_str())) {
            return Err(unknown("source", name, &ids));
        }
        let both: Vec<&str> = ids.iter().chain(&topics).copied().collect();
        if let Some(name) = request.skip.iter().find(|name| !both.contains(&name.as_str())) {
            return Err(unknown("topic or source", name, &both));
        }
        Ok(Self {
            only_named: wanted.is_empty() && !request.sources.is_empty(),
            deepest: chosen.iter().map(|preset| preset.depth).max().unwrap_or(Depth::Quick),
            presets: chosen,
            topics: wanted,
            named: request.sources.clone(),
            skip: request.skip.clone(),
        })
    }

    fn takes(&self, source: &Source) -> bool {
        let skipped = self.skip.iter().any(|name| name == source.id || name == source.topic.name());
        let named = self.named.iter().any(|name| name == source.id);
        let asked = if self.topics.is_empty() {
            self.presets.iter().any(|preset| preset.takes(source))
        } else {
            source.depth <= self.deepest && self.topics.contains(&source.topic)
        };
        !skipped && (named || (!self.only_named && asked))
    }
}

fn unknown(what: &'static str, name: &str, names: &[&str]) -> PlanError {
    let nearest = names.iter().map(|known| (distance(name, known), *known)).min().filter(|(far, _)| *far <= 3);
    PlanError::Unknown { what, name: name.to_owned(), nearest: nearest.map(|(_, known)| known.to_owned()) }
}

/// Levenshtein distance in bytes, over names of the catalogue: short by construction, and cut for what a user typed.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (&a.as_bytes()[..a.len().min(64)], &b.as_bytes()[..b.len().min(64)]);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

fn expand(source: &'static Source, request: &Request, host: &Host, seen: &mut HashSet<PathBuf>, tasks: &mut Vec<Task>) {
    if let Some(recorded) = recorded(source, host) {
        tasks.push(recorded);
        return;
    }
    // What a row needs of a live host is no question where its output was recorded.
    let replays = !host.is_live() && matches!(source.probe, Probe::Command(_) | Probe::Each { .. } | Probe::Journal { .. });
    for when in source.when.iter().filter(|_| !replays) {
        let missing = match when {
            When::Path(path) => (!host.exists(Path::new(path))).then_some(refusal(Reason::NotPresent)),
            When::Program(program) if host.is_live() => host.program(program).err(),
            When::Program(_) => None,
        };
        if let Some(refusal) = missing {
            tasks.push(Task { source, look: Look::Absent { path: None, refusal } });
            return;
        }
    }
    match &source.probe {
        Probe::File(path) => {
            let path = PathBuf::from(path);
            if seen.insert(path.clone()) {
                tasks.push(file(source, path, host));
            } else {
                tasks.push(absent(source, Some(path), Reason::Duplicate));
            }
        }
        Probe::Glob { pattern, newest } => {
            // Which of many logs have the window, their content tells.
            let all = request.window != manifest::Window::default() && window::applies(source, Path::new(pattern));
            let found = host.expand(pattern, if all { 0 } else { *newest });
            let mut duplicates = 0;
            for path in found.files {
                if seen.insert(path.clone()) {
                    tasks.push(file(source, path, host));
                } else {
                    duplicates += 1;
                }
            }
            for path in found.older {
                tasks.push(absent(source, Some(path), Reason::OlderFile));
            }
            for (path, refusal) in found.refused {
                tasks.push(Task { source, look: Look::Absent { path: Some(path), refusal } });
            }
            if found.cut {
                tasks.push(absent(source, Some(PathBuf::from(pattern)), Reason::TooMany));
            }
            if duplicates > 0 {
                tasks.push(absent(source, Some(PathBuf::from(pattern)), Reason::Duplicate));
            }
        }
        Probe::Command(argv) => tasks.push(command(source, argv, None, host)),
        Probe::Each { over, argv } => {
            for device in devices(source, *over, host) {
                tasks.push(command(source, argv, Some(device), host));
            }
        }
        Probe::Journal { select } => tasks.push(journal(source, select, request, host)),
        Probe::Native { .. } => tasks.push(Task { source, look: Look::Native }),
        Probe::Sample { .. } if host.is_live() => tasks.push(Task { source, look: Look::Sample }),
        Probe::Sample { .. } => tasks.push(absent(source, None, Reason::NotLive)),
    }
}

/// What an unpacked bundle holds of a row whose output is a member of ours.
fn recorded(source: &'static Source, host: &Host) -> Option<Task> {
    let path = match source.probe {
        Probe::Native { member, .. } | Probe::Sample { member, .. } => Path::new("/oediag").join(member),
        Probe::Journal { .. } => Path::new("/oediag/journal").join(source.id),
        _ => return None,
    };
    let found = !host.is_live() && host.exists(&path);
    found.then(|| Task { source, look: Look::File { size: size(host, &path), path, unsought: false } })
}

fn file(source: &'static Source, path: PathBuf, host: &Host) -> Task {
    match host.open(&path) {
        Err(refusal) => Task { source, look: Look::Absent { path: Some(path), refusal } },
        Ok(open) => {
            let size = (open.size > 0).then_some(open.size);
            Task { source, look: Look::File { path, size, unsought: false } }
        }
    }
}

/// What a window of time leaves of a task; none when it changes nothing.
fn within(task: &Task, window: Window, limits: Limits, host: &Host, context: &Context, go_on: &dyn Fn() -> bool) -> Option<Look> {
    let Look::File { path, size, .. } = &task.look else { return None };
    if !window::applies(task.source, path) {
        return None;
    }
    let absent = |refusal| Some(Look::Absent { path: Some(path.clone()), refusal });
    let unsought = Some(Look::File { path: path.clone(), size: *size, unsought: true });
    if !go_on() {
        return unsought;
    }
    let mut open = match host.open(path) {
        Ok(open) => open,
        Err(refusal) => return absent(refusal),
    };
    let question = Question {
        path: &path.to_string_lossy(),
        window,
        changed: open.mtime,
        context,
        cap: task.source.cap(limits.item_bytes),
        packing: Packing::of(path),
        go_on,
    };
    let size = open.size;
    match window::look(&mut open, size, &question) {
        Err(_) => unsought,
        Ok(Found::NoStamps) => None,
        Ok(Found::Nothing) => absent(refusal(Reason::OutsideWindow)),
        Ok(Found::OutOfReach) => absent(refusal(Reason::ItemLimit)),
        Ok(Found::Part(part)) => Some(Look::File { path: path.clone(), size: Some(part.bytes), unsought: false }),
    }
}

fn size(host: &Host, path: &Path) -> Option<u64> {
    host.open(path).ok().map(|open| open.size)
}

fn command(source: &'static Source, argv: &[&str], device: Option<String>, host: &Host) -> Task {
    let mut argv: Vec<String> =
        argv.iter().map(|word| device.as_ref().map_or_else(|| (*word).to_owned(), |device| word.replace("{}", device))).collect();
    let refusal = if host.is_live() {
        match host.call(argv.clone()) {
            Ok(call) => {
                argv = call;
                None
            }
            Err(refusal) => Some(refusal),
        }
    } else if let Some(recorded) = host.recorded(source.id, device.as_deref()) {
        // What was run there, which may not be what would be run today.
        argv = if recorded.argv.is_empty() { argv } else { recorded.argv };
        None
    } else {
        Some(refusal(Reason::NotRecorded))
    };
    match refusal {
        Some(refusal) => Task { source, look: Look::Absent { path: None, refusal } },
        None => Task { source, look: Look::Command { argv, device } },
    }
}

/// The devices of an `Each` row: those of the host, and below another root those recorded.
fn devices(source: &Source, over: Over, host: &Host) -> Vec<String> {
    let mut devices = host.devices(over);
    if !host.is_live() {
        devices.extend(host.recorded_devices(source.id));
        devices.sort_unstable();
        devices.dedup();
        devices.retain(|device| host.recorded(source.id, Some(device)).is_some());
    }
    devices
}

fn journal(source: &'static Source, select: &[&str], request: &Request, host: &Host) -> Task {
    if !host.is_live() {
        return absent(source, None, Reason::NotRecorded);
    }
    if let Err(refusal) = host.program(JOURNALCTL) {
        return Task { source, look: Look::Absent { path: None, refusal } };
    }
    let mut argv = vec![JOURNALCTL.to_owned(), "--no-pager".into(), "--quiet".into(), "--output=short-iso-precise".into()];
    argv.extend(select.iter().map(|&word| word.to_owned()));
    if let Some(since) = request.window.since {
        argv.push(format!("--since=@{}", since.0));
    }
    if let Some(until) = request.window.until {
        argv.push(format!("--until=@{}", until.0));
    }
    Task { source, look: Look::Journal { argv } }
}

fn absent(source: &'static Source, path: Option<PathBuf>, reason: Reason) -> Task {
    Task { source, look: Look::Absent { path, refusal: refusal(reason) } }
}

fn refusal(reason: Reason) -> Refusal {
    Refusal { reason, error: Vec::new() }
}

/// A path as the redactor and the name encoding take it.
pub fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
