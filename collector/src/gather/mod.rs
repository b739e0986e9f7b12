//! Carries out a plan: lanes look at the host side by side, one writer keeps catalogue order.
//!
//! In: a plan, a host, a redactor, an opened bundle. Out: a signed bundle whose manifest names every row of
//! the catalogue with what became of it. A source that fails is a row, never the end of the run.

mod command;
mod lane;
mod log;
mod member;
mod shares;
mod told;
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
    bundle::manifest::{Item, LedgerHead, Manifest, Outcome, Reason},
    time::Time,
};

use self::{
    lane::{Run, Summary},
    member::Tools,
    worker::{Pool, Worker},
};
use crate::{
    bundle::{self, Ending, NoBundle, Opened, deflate::Level, file::WriteError, writer::Writer},
    catalogue::Depth,
    cost::{COMMAND_LANES, Cost},
    host::{Cancel, Host, Refusal},
    item,
    leak::{self, Gate, LastLook},
    map,
    plan::{Look, Plan},
    redact::Redactor,
    state::Identity,
    window::Window,
};

/// Most threads that redact and compress; more would not fit the memory limit with their buffers.
const MAX_WORKERS: usize = 8;
/// Most files that are read side by side.
const MAX_FILE_LANES: usize = 3;

/// What is expected to give no more than this, in no more time, and could not give more than that, is done first.
const CHEAP_BYTES: u64 = 256 << 10;
const CHEAP_MS: u64 = 500;
const FIRST_BYTES: u64 = 4 << 20;

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
    /// What looks for what is left behind it.
    pub gate: &'a Gate,
    /// The bundle, begun.
    pub opened: Opened,
    /// What each task of the plan is expected to take.
    pub costs: &'a [Cost],
    /// How hard to compress.
    pub level: Level,
    /// The only moment of a reproducible run (`SOURCE_DATE_EPOCH`).
    pub fixed: Option<Time>,
    /// Ends the process: called when a read hangs in the kernel long after the run should have ended. What is whole is
    /// in the journal by then, and the next run makes a bundle of it.
    pub abandon: fn(),
    /// Where to keep what the stand-ins mean, if the redactor remembers it.
    pub map: Option<map::Place>,
    /// The head of the host's ledger, for the manifest; none in a run that must not depend on others.
    pub ledger: Option<LedgerHead>,
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
    /// Why the map could not be kept, outermost first.
    pub map_trouble: Vec<String>,
}

/// Carries out a plan.
pub fn collect(job: Job<'_>, events: &(dyn Fn(Event) + Sync), cancel: &Cancel) -> Result<Finished, NoBundle> {
    let Job { plan, host, identity, redactor, gate, opened, costs, level, fixed, abandon, map, ledger } = job;
    let applying = plan.tasks.iter().filter(|task| task.applies()).count();
    events(Event::Planned { tasks: applying });
    let headers = opened.headers();
    let (writer, begun) = opened.into_writer(plan.tasks.len(), plan.request.limits.bytes, level);
    let shares = shares::shares(&plan, costs, host, writer.room(), level, cancel);
    writer.allot(shares.iter().map(|share| share.packed).collect());
    let run = Run {
        shares: &shares,
        host,
        tasks: &plan.tasks,
        limits: plan.request.limits,
        window: Window::of(&plan.request.window),
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
    let lists = Lists::of(&plan, costs);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let worker = || Worker::new(redactor, gate, headers.clone(), level);
        let (pool, workers) = Pool::start(scope, (0..cores.min(MAX_WORKERS)).map(|_| worker()).collect());
        let tools =
            || Tools { writer: &writer, redactor, gate, pool: &pool, worker: worker(), cancel, context: &context, early: false };
        let lane = |list: &List| run.lane(list, &mut tools(), &report);
        let heart = scope.spawn(|| heartbeat(&writer, cancel, &over, abandon));
        thread::scope(|scope| {
            for sample in &lists.samples {
                let lane = &lane;
                scope.spawn(move || lane(sample));
            }
            for _ in 0..COMMAND_LANES.min(lists.commands.all.len()) {
                scope.spawn(|| lane(&lists.commands));
            }
            for _ in 0..cores.clamp(1, MAX_FILE_LANES) {
                scope.spawn(|| lane(&lists.files));
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
    let trouble = gathered.stopped.as_ref().map(|error| chain(error)).unwrap_or_default();
    for &task in &gathered.missing {
        let refusal = Refusal { reason: reason.unwrap_or(Reason::Interrupted), error: Vec::new() };
        let path = match &plan.tasks[task].look {
            Look::File { path, .. } => Some(path.as_path()),
            _ => None,
        };
        let mut item = item::absent(plan.tasks[task].source, path, &refusal, redactor);
        leak::row(gate, redactor, &mut item);
        gathered.items.push(item);
    }
    // Rows of what is missing go where the plan has them; the others are there already, and the sort keeps their order.
    let order: HashMap<&str, usize> = plan.tasks.iter().enumerate().map(|(at, task)| (task.source.id, at)).collect();
    gathered.items.sort_by_key(|item| order.get(item.id.as_str()).map_or(0, |at| at + 1));
    told::take_over(&mut gathered.items, host);
    let conclusion = bundle::concluded(std::mem::take(&mut gathered.findings), &plan.request.window);
    let ended = fixed.unwrap_or_else(|| host.now().into());
    // Before the manifest says that there is one.
    let stand_ins = redactor.take_map();
    let look = LastLook::new(gate, redactor, stand_ins.as_ref());
    gathered.items.iter_mut().for_each(|item| look.row(item));
    let kept = stand_ins.zip(map).map(|(map, place)| place.keep(begun.bundle_id(), &map).map(|()| map.lost()));
    let (map, map_trouble) = match kept.transpose() {
        Ok(map) => (map, Vec::new()),
        Err(error) => (None, chain(&error)),
    };
    let closed =
        bundle::close(begun, gathered, &conclusion, Some(&look), Ending { ended, reason, map, ledger }, identity, level)?;
    Ok(Finished { path: closed.path, bytes: closed.bytes, manifest: closed.manifest, conclusion, trouble, map_trouble })
}

/// The tasks of one kind of lane. Lanes first take those that are cheap and telling, then all the others in catalogue order:
/// a run that is ended early, or a host that is busy with the run itself, has given them by then.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// In catalogue order.
    all: Vec<usize>,
    /// Whether the task at this place of `all` was taken.
    taken: Vec<AtomicBool>,
    /// Places in `all` of what is taken first.
    first: Vec<usize>,
    next_first: AtomicUsize,
    next: AtomicUsize,
}

impl List {
    fn push(&mut self, task: usize, first: bool) {
        if first {
            self.first.push(self.all.len());
        }
        self.all.push(task);
        self.taken.push(AtomicBool::new(false));
    }

    /// The next task, and whether it is taken before its turn; `hurry` says whether to.
    fn next(&self, hurry: bool) -> Option<(usize, bool)> {
        let take = |at: usize| (!self.taken[at].swap(true, Ordering::Relaxed)).then_some(self.all[at]);
        while hurry && let Some(at) = self.first.get(self.next_first.fetch_add(1, Ordering::Relaxed)) {
            if let Some(task) = take(*at) {
                return Some((task, true));
            }
        }
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.all.len() {
                return None;
            }
            if let Some(task) = take(at) {
                return Some((task, false));
            }
        }
    }
}

/// The tasks of a plan by the kind of lane that does them.
#[derive(Debug, Default)]
struct Lists {
    files: List,
    commands: List,
    samples: Vec<List>,
}

impl Lists {
    fn of(plan: &Plan, costs: &[Cost]) -> Self {
        let mut lists = Self::default();
        for (index, (task, cost)) in plan.tasks.iter().zip(costs).enumerate() {
            // Bounded by what the row may give: what is done before its turn waits in memory.
            let first = task.source.depth == Depth::Quick
                && cost.bytes <= CHEAP_BYTES
                && cost.ms <= CHEAP_MS
                && task.source.limit.bytes <= FIRST_BYTES;
            match task.look {
                Look::Absent { .. } => lists.files.push(index, false),
                Look::File { .. } | Look::Native => lists.files.push(index, first),
                Look::Command { .. } | Look::Journal { .. } => lists.commands.push(index, first),
                Look::Sample => {
                    let mut list = List::default();
                    list.push(index, false);
                    lists.samples.push(list);
                }
            }
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

fn chain(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_first_is_taken_first_the_rest_in_order_and_each_once() {
        let list = || {
            let mut list = List::default();
            for task in 10..16 {
                list.push(task, task % 3 == 0);
            }
            list
        };
        let all = |list: &List, hurry| std::iter::from_fn(|| list.next(hurry)).collect::<Vec<_>>();
        assert_eq!(all(&list(), true), [(12, true), (15, true), (10, false), (11, false), (13, false), (14, false)]);
        assert_eq!(all(&list(), false).iter().map(|(task, _)| *task).collect::<Vec<_>>(), [10, 11, 12, 13, 14, 15]);
        // Memory fills up after the first.
        let list = list();
        assert_eq!((list.next(true), list.next(false)), (Some((12, true)), Some((10, false))));
        assert_eq!(all(&list, false).len(), 4);
    }
}
