//! Carries out a plan: lanes look at the host side by side, one writer keeps catalogue order.
//!
//! In: a plan, a host, a redactor, an opened bundle. Out: a signed bundle whose manifest names every row of
//! the catalogue with what became of it. A source that fails is a row, never the end of the run.

mod command;
mod lane;
mod member;
mod worker;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use oediag_analysis::{Conclusion, Context};
use oediag_protocol::{
    bundle::manifest::{Item, Manifest, Outcome, Reason},
    time::Time,
};

use self::{
    lane::{Run, Summary},
    member::Tools,
    worker::{Pool, Worker},
};
use crate::{
    bundle::{self, Ending, NoBundle, Opened, deflate::Level, file::WriteError, writer::Writer},
    host::{Cancel, Host, Refusal},
    item,
    plan::{Look, Plan},
    redact::Redactor,
    state::Identity,
};

/// Programs that run side by side.
const COMMAND_LANES: usize = 4;
/// Most threads that redact and compress; more would not fit the memory limit with their buffers.
const MAX_WORKERS: usize = 8;
/// Most files that are read side by side.
const MAX_FILE_LANES: usize = 3;

/// What happens while a plan is carried out; for progress only.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// There are this many tasks that will read or run something.
    Planned {
        /// Their number.
        tasks: usize,
    },
    /// A task was begun.
    Started {
        /// Its place in the plan.
        task: usize,
        /// Its row.
        id: &'static str,
    },
    /// A task ended.
    Finished {
        /// Its place in the plan.
        task: usize,
        /// Its row.
        id: &'static str,
        /// The worst that happened to it.
        outcome: Outcome,
        /// Bytes it gave, after redaction.
        bytes: u64,
    },
    /// A second of sampling passed.
    Sampling {
        /// Seconds so far.
        second: u64,
        /// Seconds in all.
        of: u64,
    },
    /// The bundle is being signed.
    Sealing,
}

/// Everything a run needs.
#[derive(Debug)]
pub struct Job<'a> {
    /// What to do.
    pub plan: Plan,
    /// Where to look.
    pub host: &'a Host,
    /// Who signs.
    pub identity: &'a Identity,
    /// What cleans.
    pub redactor: &'a Redactor,
    /// The bundle, begun.
    pub opened: Opened,
    /// How hard to compress.
    pub level: Level,
    /// The only moment of a reproducible run (`SOURCE_DATE_EPOCH`).
    pub fixed: Option<Time>,
    /// Ends the process: called when a read hangs in the kernel long after the run should have ended. What is whole is
    /// in the journal by then, and the next run makes a bundle of it.
    pub abandon: fn(),
}

/// A finished bundle.
#[derive(Debug)]
pub struct Finished {
    /// Where it lies; its signature lies beside it.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its manifest.
    pub manifest: Manifest,
    /// What its texts mean.
    pub conclusion: Conclusion,
    /// Why writing ended early, outermost first, if it did for another reason than a limit.
    pub trouble: Vec<String>,
}

/// Carries out a plan.
pub fn collect(job: Job<'_>, events: &(dyn Fn(Event) + Sync), cancel: &Cancel) -> Result<Finished, NoBundle> {
    let Job { plan, host, identity, redactor, opened, level, fixed, abandon } = job;
    let applying = plan.tasks.iter().filter(|task| task.applies()).count();
    events(Event::Planned { tasks: applying });
    let headers = opened.headers();
    let (writer, begun) = opened.into_writer(plan.tasks.len(), plan.request.limits.bytes, level);
    let run = Run {
        host,
        tasks: &plan.tasks,
        limits: plan.request.limits,
        perf_seconds: plan.request.perf_seconds,
        fixed,
        stuck: AtomicUsize::new(0),
    };
    let context = Context { latest: host.now(), zone: host.zone(), booted: host.booted() };
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let report = |task: usize, done: Option<Summary>| {
        let id = plan.tasks[task].source.id;
        if plan.tasks[task].applies() {
            events(match done {
                None => Event::Started { task, id },
                Some(Summary { outcome, bytes }) => Event::Finished { task, id, outcome, bytes },
            });
        }
    };
    let lists = Lists::of(&plan);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let worker = || Worker::new(redactor, headers.clone(), level);
        let (pool, workers) = Pool::start(scope, (0..cores.min(MAX_WORKERS)).map(|_| worker()).collect());
        let tools = || Tools { writer: &writer, redactor, pool: &pool, worker: worker(), cancel, context: &context };
        let lane = |list: &[usize], next: &AtomicUsize| run.lane(list, next, &mut tools(), &report);
        let heart = scope.spawn(|| heartbeat(&writer, cancel, &over, abandon));
        thread::scope(|scope| {
            for sample in &lists.samples {
                let lane = &lane;
                scope.spawn(move || lane(&[*sample], &AtomicUsize::new(0)));
            }
            for _ in 0..COMMAND_LANES.min(lists.commands.len()) {
                scope.spawn(|| lane(&lists.commands, &lists.next_command));
            }
            for _ in 0..cores.clamp(1, MAX_FILE_LANES) {
                scope.spawn(|| lane(&lists.files, &lists.next_file));
            }
            if !lists.samples.is_empty() {
                scope.spawn(|| count_seconds(plan.request.perf_seconds, events, cancel));
            }
        });
        over.store(true, Ordering::Relaxed);
        heart.thread().unpark();
        drop(pool);
        drop(workers);
    });
    events(Event::Sealing);
    let mut gathered = writer.into_gathered();
    let cut_off = |item: &Item| matches!(item.reason, Some(Reason::Cancelled | Reason::RunDeadline));
    let reason = match (&gathered.stopped, gathered.full) {
        (Some(WriteError::DiskFull), _) => Some(Reason::DiskFull),
        (Some(_), _) => Some(Reason::WriteError),
        (None, true) => Some(Reason::BundleLimit),
        (None, false) => gathered.items.iter().find(|item| cut_off(item)).and_then(|item| item.reason),
    };
    let trouble = gathered.stopped.as_ref().map(chain).unwrap_or_default();
    for &task in &gathered.missing {
        let refusal = Refusal { reason: reason.unwrap_or(Reason::Interrupted), error: Vec::new() };
        let path = match &plan.tasks[task].look {
            Look::File { path, .. } => Some(path.as_path()),
            _ => None,
        };
        gathered.items.push(item::absent(plan.tasks[task].source, path, &refusal, redactor));
    }
    // Rows of what is missing go where the plan has them; the others are there already, and the sort keeps their order.
    let order: HashMap<&str, usize> = plan.tasks.iter().enumerate().map(|(at, task)| (task.source.id, at)).collect();
    gathered.items.sort_by_key(|item| order.get(item.id.as_str()).map_or(0, |at| at + 1));
    let conclusion = bundle::concluded(std::mem::take(&mut gathered.findings), plan.request.window);
    let ended = fixed.unwrap_or_else(|| host.now().into());
    let closed = bundle::close(begun, gathered, &conclusion, Ending { ended, reason }, identity, level)?;
    Ok(Finished { path: closed.path, bytes: closed.bytes, manifest: closed.manifest, conclusion, trouble })
}

/// Tasks by the kind of lane that does them, each in catalogue order.
struct Lists {
    files: Vec<usize>,
    commands: Vec<usize>,
    samples: Vec<usize>,
    next_file: AtomicUsize,
    next_command: AtomicUsize,
}

impl Lists {
    fn of(plan: &Plan) -> Self {
        let mut lists = Self {
            files: Vec::new(),
            commands: Vec::new(),
            samples: Vec::new(),
            next_file: AtomicUsize::new(0),
            next_command: AtomicUsize::new(0),
        };
        for (index, task) in plan.tasks.iter().enumerate() {
            let list = match task.look {
                Look::Absent { .. } | Look::File { .. } | Look::Native => &mut lists.files,
                Look::Command { .. } | Look::Journal { .. } => &mut lists.commands,
                Look::Sample => &mut lists.samples,
            };
            list.push(index);
        }
        lists
    }
}

/// How long after the end of a run its lanes may still be at work: programs get TERM and KILL, a chunk is finished.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the journal is looked after.
const BEAT: Duration = Duration::from_millis(250);

/// Keeps the journal going while lanes wait, and ends the process when one of them hangs in the kernel for good.
fn heartbeat(writer: &Writer, cancel: &Cancel, over: &AtomicBool, abandon: fn()) {
    let mut ended: Option<Instant> = None;
    while !over.load(Ordering::Relaxed) {
        thread::park_timeout(BEAT);
        writer.tick();
        if cancel.is_cancelled() && ended.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            abandon();
            return;
        }
    }
}

fn chain(error: &WriteError) -> Vec<String> {
    std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source()).map(ToString::to_string).collect()
}

fn count_seconds(of: u64, events: &(dyn Fn(Event) + Sync), cancel: &Cancel) {
    let start = Instant::now();
    for second in 1..=of {
        if !cancel.sleep_until(start + Duration::from_secs(second)) {
            return;
        }
        events(Event::Sampling { second, of });
    }
}
