//! From a plan to a finished bundle: the one way to make one, for whoever types `collect` and for whoever answers a request.
//!
//! In: a plan, the host, the redactor's settings, a destination, what is known of the matter. Out: a signed bundle. Never: prints,
//! listens to signals, asks anybody; what people should know on the way leaves as [`Told`].

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use oediag_collector::{
    bundle::{self, Destination, NoBundle, Opened, Recovered, Rules, deflate},
    catalogue::{self, Source},
    config::Config,
    cost::{self, Costs},
    gather::{self, Event, Finished, Job},
    host::{self, Cancel, Host},
    leak::{self, Gate},
    ledger,
    map::{self, MapError},
    plan::Plan,
    redact::{Correlate, Harvest, Key, RedactError, Redactor, Settings, SiteRules},
    start::{self, About},
    state::{Identity, State, StateError},
};
use oediag_protocol::{
    bundle::manifest::{Estimate, Window},
    time::Time,
};

use crate::selection;

/// What is to be collected, and how.
#[derive(Debug)]
pub struct Task<'a> {
    /// What to read and run.
    pub plan: Plan,
    /// The catalogue that the plan was made from.
    pub rows: &'a [&'static Source],
    /// The machine to examine.
    pub host: &'a Host,
    /// Where keys, maps and earlier bundles lie.
    pub state: &'a State,
    /// The customer's settings.
    pub config: &'a Config,
    /// The customer's own rules of redaction.
    pub rules: SiteRules,
    /// What the redactor is told.
    pub settings: Settings,
    /// Where the bundle goes.
    pub destination: Destination,
    /// What it is for.
    pub about: About,
    /// How hard to compress.
    pub level: deflate::Level,
    /// The only moment of a reproducible run.
    pub fixed: Option<Time>,
    /// Ends the process when a read hangs in the kernel: the lanes cannot be waited for, and the next run closes the bundle.
    pub abandon: fn(),
}

/// What happens on the way.
#[derive(Debug)]
pub enum Told {
    /// What became of a run before this one that was cut short.
    Recovered(Recovered),
    /// Old maps could not be removed.
    OldMaps(MapError),
    /// Only root may read everything on this machine, and this is not root.
    NotRoot,
    /// A step of the work.
    Step(Event),
    /// The work is over; the bundle is being told about next.
    Worked,
    /// What the sources took could not be kept for later estimates.
    Costs(StateError),
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Keys, or the folder for them.
    #[error(transparent)]
    State(#[from] StateError),
    /// The redactor cannot be made ready.
    #[error(transparent)]
    Redactor(#[from] RedactError),
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] NoBundle),
}

/// Collects. Takes the lock of the state, and first ends what killed runs left there and at the destination.
pub fn collect(task: Task<'_>, tell: &(dyn Fn(Told) + Sync), cancel: &Cancel) -> Result<Finished, CollectError> {
    let Task { plan, rows, host, state, config, rules, settings, destination, about, level, fixed, abandon } = task;
    let _lock = state.lock()?;
    let identity = state.identity()?;
    recover(&destination, state, &identity, tell);
    if let Err(error) = map::expire(&state.maps(), config.map_keep_days, SystemTime::now()) {
        tell(Told::OldMaps(error));
    }
    host::adopt_orphans();
    if nix::unistd::geteuid().is_root() {
        host::lower_priority();
    } else if host.is_live() {
        tell(Told::NotRoot);
    }
    // A reproducible run must not depend on runs before it, nor one of another host on those of this machine.
    let mut known = if host.is_live() && fixed.is_none() { state.costs() } else { Costs::default() };
    let costs = cost::of_tasks(&plan, &known);
    let estimate = selection::estimate(&plan, &costs, &known);
    let start = Begin { settings, rules, plan: &plan, rows, host, state, identity: &identity, about, level, fixed, estimate };
    let (redactor, gate, opened, harvest) = begin(start, &destination)?;
    let recipient = config.map_recipient.clone();
    let keep = (config.map_keep_days > 0).then(|| map::Place { folder: state.maps(), recipient, harvest });
    let redactor = if keep.is_some() { redactor.with_map() } else { redactor };
    // A bundle without the head is better than none.
    let ledger = if fixed.is_some() { None } else { ledger::head(state).unwrap_or_default() };
    let (perf_seconds, whole) = (plan.request.perf_seconds, plan.request.window == Window::default());
    let job = Job {
        plan,
        host,
        identity: &identity,
        redactor: &redactor,
        gate: &gate,
        opened,
        costs: &costs,
        level,
        fixed,
        abandon,
        map: keep,
        ledger,
    };
    let finished = gather::collect(job, &|event| tell(Told::Step(event)), cancel);
    tell(Told::Worked);
    let finished = finished?;
    // Figures of another host, or of a part of its logs, would mislead.
    if host.is_live() && fixed.is_none() && whole {
        known.learn(&finished.manifest, finished.bytes, perf_seconds);
        if let Err(error) = state.keep_costs(&known) {
            tell(Told::Costs(error));
        }
    }
    Ok(finished)
}

/// What a bundle is begun with.
struct Begin<'a> {
    settings: Settings,
    rules: SiteRules,
    plan: &'a Plan,
    rows: &'a [&'static Source],
    host: &'a Host,
    state: &'a State,
    identity: &'a Identity,
    about: About,
    level: deflate::Level,
    fixed: Option<Time>,
    estimate: Estimate,
}

/// Learns who the host is, makes the redactor, and begins the bundle.
fn begin(begin: Begin<'_>, destination: &Destination) -> Result<(Redactor, Gate, Opened, Harvest), CollectError> {
    let Begin { settings, rules, plan, rows, host, state, identity, about, level, fixed, estimate } = begin;
    let key = state.redaction_key()?;
    let id = start::bundle_id(&key, fixed);
    let mut harvest = selection::harvest(host);
    harvest.rules = rules;
    let key = match settings.correlate {
        Correlate::Bundle => Key::for_bundle(&key, &id.0),
        Correlate::Host => Key::for_host(&key),
    };
    let redactor = Redactor::new(&harvest, &key, settings)?;
    let started = fixed.unwrap_or_else(|| host.now().into());
    let catalogue = catalogue::sha256(rows.iter().copied());
    let start = start::start(host, identity, &plan.request, &redactor, id, started, about, catalogue, estimate);
    let tasks = plan.tasks.iter().map(|task| task.source.id.to_owned()).collect();
    let opened = bundle::begin(destination, start, Rules::of(&redactor), tasks, identity, level)?;
    let gate = Gate::new(&harvest, leak::stays(redactor.settings()));
    Ok((redactor, gate, opened, harvest))
}

/// Ends what runs before this one left, in the state's folder and in this run's.
fn recover(destination: &Destination, state: &State, identity: &Identity, tell: &(dyn Fn(Told) + Sync)) {
    let here = match destination {
        Destination::Folder(folder) => folder.clone(),
        Destination::File(file) => file.parent().map(Path::to_owned).unwrap_or_default(),
    };
    let mut folders = vec![state.bundles()];
    if here != folders[0] {
        folders.push(if here.as_os_str().is_empty() { PathBuf::from(".") } else { here });
    }
    for found in folders.iter().flat_map(|folder| bundle::recover(folder, identity)) {
        tell(Told::Recovered(found));
    }
}
