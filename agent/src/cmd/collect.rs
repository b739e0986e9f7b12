//! `oediag collect`: examine, redact, pack, sign; then one screen about it. Sends nothing.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use jiff::Timestamp;
use oediag_collector::{
    bundle::{self, Destination, NoBundle, Opened, Recovered, Rules, deflate},
    catalogue::{self, Source},
    cost::{self, Costs},
    gather::{self, Job},
    host::{self, Cancel, Host},
    leak::{self, Gate},
    ledger, map,
    plan::Plan,
    redact::{Choice, Correlate, Harvest, Key, Redactor, Settings},
    start::{self, About},
    state::{Identity, State, StateError},
};
use oediag_protocol::{
    bundle::manifest::{Estimate, Item, Manifest, Outcome, Reason, Window},
    time::Time,
};
use serde::Serialize;

use crate::{
    cli::{Collect, Level},
    failure::{Failure, Kind, exit},
    invocation::Invocation,
    progress::Progress,
    redaction, selection, term, text,
    view::card::{self, Card},
};

/// Runs the command.
pub fn run(options: &Collect, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let host = selection::host(&options.selection, given)?;
    let request = selection::request(&options.selection, &host, given)?;
    let rows = selection::rows(given)?;
    let plan = selection::plan(&request, &rows, &host, given)?;
    let state = given.state(Kind::NoBundle)?;
    let config = redaction::config(&state, given)?;
    let settings = redaction::settings(&Choice::default(), &config, &options.redaction, given)?;
    let destination = destination(options.output.as_deref(), &state, given)?;
    let _lock = state.lock().map_err(|error| unusable(error, given))?;
    let identity = state.identity().map_err(|error| unusable(error, given))?;
    recover(&destination, &state, &identity, given);
    if let Err(error) = map::expire(&state.maps(), config.map_keep_days, SystemTime::now()) {
        term::note(&text!(texts, "note-maps", error = term::escape(&error.to_string())));
    }
    host::adopt_orphans();
    if nix::unistd::geteuid().is_root() {
        host::lower_priority();
    } else if host.is_live() {
        term::note(&text!(texts, "note-not-root"));
    }
    let cancel = Cancel::new(Instant::now().checked_add(Duration::from_secs(request.limits.seconds)));
    on_signal(&cancel);
    let fixed = fixed_moment(given)?;
    let level = level(options);
    // A reproducible run must not depend on runs before it.
    let mut known = if fixed.is_some() { Costs::default() } else { selection::costs(&host, given) };
    let costs = cost::of_tasks(&plan, &known);
    let estimate = selection::estimate(&plan, &costs, &known);
    let (redactor, gate, opened, harvest) =
        begin(options, settings, &plan, &rows, &host, &state, &identity, &destination, fixed, estimate, given)?;
    let recipient = config.map_recipient.clone();
    let keep = (config.map_keep_days > 0).then(|| map::Place { folder: state.maps(), recipient, harvest });
    let redactor = if keep.is_some() { redactor.with_map() } else { redactor };
    let progress = Progress::new(texts, given.progress);
    // A bundle without the head is better than none.
    let ledger = if fixed.is_some() { None } else { ledger::head(&state).unwrap_or_default() };
    let job = Job {
        plan,
        host: &host,
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
    let finished = gather::collect(job, &|event| progress.take(event), &cancel);
    progress.done();
    let finished = finished.map_err(|error| no_bundle(error, given))?;
    if !finished.trouble.is_empty() {
        term::note(&text!(texts, "note-trouble", error = term::escape(&finished.trouble.join(": "))));
    }
    if !finished.map_trouble.is_empty() {
        term::note(&text!(texts, "note-map", error = term::escape(&finished.map_trouble.join(": "))));
    }
    // Figures of another host, or of a part of its logs, would mislead.
    if host.is_live() && fixed.is_none() && request.window == Window::default() {
        known.learn(&finished.manifest, finished.bytes, request.perf_seconds);
        if let Err(error) = state.keep_costs(&known) {
            term::note(&text!(texts, "note-costs", error = term::escape(&error.to_string())));
        }
    }
    let compared = cost::compared(&finished.manifest);
    let json = CollectJson { path: &finished.path, bytes: finished.bytes, compared, manifest: &finished.manifest };
    given.show(&json, |page| {
        let conclusion = &finished.conclusion;
        let card = Card {
            manifest: &finished.manifest,
            facts: &conclusion.facts,
            alerts: &conclusion.alerts,
            operations: &conclusion.operations,
            path: &finished.path,
            bytes: finished.bytes,
        };
        card::lines(&card, page)
    })?;
    Ok(if has_gaps(&finished.manifest) { exit::GAPS } else { exit::OK })
}

/// Ends the process when a read hangs in the kernel: the lanes cannot be waited for, and the next run closes the bundle.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "threads that hang in the kernel cannot be joined")]
fn abandon() {
    term::note(
        "error: a read of the host does not come back from the kernel; the next `oediag collect` in the same folder closes this bundle.",
    );
    term::note("错误：有一项读取卡在内核中无法返回；在同一目录再次运行 `oediag collect` 会完成此诊断包。");
    std::process::exit(i32::from(exit::NO_BUNDLE));
}

/// `collect --json`.
#[derive(Serialize)]
struct CollectJson<'a> {
    path: &'a Path,
    bytes: u64,
    compared: Vec<cost::Compared>,
    manifest: &'a Manifest,
}

/// Learns who the host is, makes the redactor, and begins the bundle.
#[expect(clippy::too_many_arguments, reason = "each is one of the values that `run` made, used once here")]
fn begin(
    options: &Collect,
    settings: Settings,
    plan: &Plan,
    rows: &[&'static Source],
    host: &Host,
    state: &State,
    identity: &Identity,
    destination: &Destination,
    fixed: Option<Time>,
    estimate: Estimate,
    given: &Invocation,
) -> Result<(Redactor, Gate, Opened, Harvest), Failure> {
    let key = state.redaction_key().map_err(|error| unusable(error, given))?;
    let id = start::bundle_id(&key, fixed);
    let mut harvest = selection::harvest(host);
    harvest.rules = selection::site_rules(state, Kind::NoBundle, given)?;
    let key = match settings.correlate {
        Correlate::Bundle => Key::for_bundle(&key, &id.0),
        Correlate::Host => Key::for_host(&key),
    };
    let redactor = Redactor::new(&harvest, &key, settings)
        .map_err(|error| Failure::new(Kind::NoBundle, text!(given.texts, "error-collect")).because(error))?;
    let severity = options.severity.map(|severity| format!("{severity:?}"));
    let about = About { case: options.case.clone(), severity };
    let started = fixed.unwrap_or_else(|| host.now().into());
    let start = start::start(
        host,
        identity,
        &plan.request,
        &redactor,
        id,
        started,
        about,
        catalogue::sha256(rows.iter().copied()),
        estimate,
    );
    let tasks = plan.tasks.iter().map(|task| task.source.id.to_owned()).collect();
    let opened = bundle::begin(destination, start, Rules::of(&redactor), tasks, identity, level(options))
        .map_err(|error| no_bundle(error, given))?;
    let gate = Gate::new(&harvest, leak::stays(redactor.settings()));
    Ok((redactor, gate, opened, harvest))
}

fn level(options: &Collect) -> deflate::Level {
    match options.level {
        Level::Fast => deflate::Level::Fast,
        Level::Small => deflate::Level::Small,
    }
}

/// Whether something that applied is not whole: the difference between exit codes 0 and 1.
fn has_gaps(manifest: &Manifest) -> bool {
    let gap = |item: &Item| {
        let cut = matches!(item.reason, Some(Reason::TooMany | Reason::BundleLimit | Reason::RunDeadline | Reason::Cancelled));
        cut || !matches!(item.outcome, Outcome::Collected | Outcome::Skipped)
    };
    !manifest.complete || !manifest.redaction.leaks.is_empty() || manifest.items.iter().any(gap)
}

/// A folder, or a file whose name says that it is a bundle; without `-o` the state's own folder.
fn destination(output: Option<&Path>, state: &State, given: &Invocation) -> Result<Destination, Failure> {
    let Some(output) = output else { return Ok(Destination::Folder(state.bundles())) };
    if output.is_dir() {
        return Ok(Destination::Folder(output.to_owned()));
    }
    if output.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".tar.gz")) {
        return Ok(Destination::File(output.to_owned()));
    }
    let sentence = text!(given.texts, "error-output-name", path = output.display().to_string());
    Err(Failure::new(Kind::Usage, sentence).hint(text!(given.texts, "hint-output")))
}

/// Ends what runs before this one left, in the state's folder and in this run's.
fn recover(destination: &Destination, state: &State, identity: &Identity, given: &Invocation) {
    let here = match destination {
        Destination::Folder(folder) => folder.clone(),
        Destination::File(file) => file.parent().map(Path::to_owned).unwrap_or_default(),
    };
    let mut folders = vec![state.bundles()];
    if here != folders[0] {
        folders.push(if here.as_os_str().is_empty() { PathBuf::from(".") } else { here });
    }
    for found in folders.iter().flat_map(|folder| bundle::recover(folder, identity)) {
        let line = match found {
            Recovered::Bundle { path, members } => {
                text!(given.texts, "note-recovered", path = term::escape(&path.display().to_string()), items = members)
            }
            Recovered::Nothing { name } => text!(given.texts, "note-nothing-recovered", name = term::escape(&name)),
            Recovered::Failed { path, error } => {
                let error = term::escape(&error.join(": "));
                text!(given.texts, "note-not-recovered", path = term::escape(&path.display().to_string()), error = error)
            }
        };
        term::note(&line);
    }
}

/// SIGINT, SIGTERM and SIGHUP end the run in order: what is there is signed. A second SIGINT or SIGTERM ends it at once.
fn on_signal(cancel: &Cancel) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let flag = cancel.flag();
        // Without a handler the signal ends the program as usual, and the next run closes the bundle.
        if signal != SIGHUP {
            drop(signal_hook::flag::register_conditional_shutdown(signal, i32::from(exit::NO_BUNDLE), Arc::clone(&flag)));
        }
        drop(signal_hook::flag::register(signal, flag));
    }
}

/// `SOURCE_DATE_EPOCH`: the only moment of a reproducible run.
fn fixed_moment(given: &Invocation) -> Result<Option<Time>, Failure> {
    let Some(value) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = value.to_str().and_then(|text| text.parse().ok()).filter(|seconds| *seconds >= 0);
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let refuse = || Failure::new(Kind::Usage, text!(given.texts, "error-epoch", value = term::escape(&value.to_string_lossy())));
    moment.map(|moment| Some(Time::from(moment))).ok_or_else(refuse)
}

fn unusable(error: StateError, given: &Invocation) -> Failure {
    let hint = match error {
        StateError::Busy { .. } => text!(given.texts, "hint-busy"),
        _ => text!(given.texts, "hint-root-needed"),
    };
    Failure::new(Kind::NoBundle, text!(given.texts, "error-state")).because(error).hint(hint)
}

fn no_bundle(error: NoBundle, given: &Invocation) -> Failure {
    Failure::new(Kind::NoBundle, text!(given.texts, "error-collect")).because(error).hint(text!(given.texts, "hint-output"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::{item, manifest};

    #[test]
    fn what_redaction_missed_or_could_not_do_is_a_gap() {
        let of = |outcome, reason| has_gaps(&manifest(vec![item("logs.x", None, outcome, reason)]));
        assert!(!of(Outcome::Collected, None) && !of(Outcome::Skipped, Some(Reason::NotPresent)));
        for reason in [Reason::Binary, Reason::RedactionFailed, Reason::Leak, Reason::BadArchive] {
            assert!(of(Outcome::Failed, Some(reason)), "{reason:?}");
        }
        // Masked, and nothing else is wrong.
        let mut masked = manifest(vec![item("logs.x", Some("var/log/x"), Outcome::Collected, None)]);
        assert!(!has_gaps(&masked));
        masked.redaction.leaks.insert("hostname".to_owned(), 1);
        assert!(has_gaps(&masked));
    }
}
