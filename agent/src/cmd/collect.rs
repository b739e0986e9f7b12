//! `oediag collect`: examine, redact, pack, sign; then one screen about it. Sends nothing. The work is [`crate::collecting`]'s.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use oediag_collector::{
    bundle::{Destination, Recovered, deflate},
    cost,
    host::Cancel,
    redact::Choice,
    start::About,
    state::{State, StateError},
};
use oediag_protocol::{
    bundle::manifest::{Item, Manifest, Outcome, Reason},
    time::Time,
};
use serde::Serialize;

use crate::{
    cli::{Collect, Level},
    collecting::{self, CollectError, Task, Told},
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
    let fixed = fixed_moment(given)?;
    let rules = selection::site_rules(&state, Kind::NoBundle, given)?;
    let cancel = Cancel::new(Instant::now().checked_add(Duration::from_secs(request.limits.seconds)));
    on_signal(&cancel);
    let severity = options.severity.map(|severity| format!("{severity:?}"));
    let task = Task {
        plan,
        rows: &rows,
        host: &host,
        state: &state,
        config: &config,
        rules,
        settings,
        destination,
        about: About { request_id: None, case: options.case.clone(), severity },
        level: match options.level {
            Level::Fast => deflate::Level::Fast,
            Level::Small => deflate::Level::Small,
        },
        fixed,
        abandon,
    };
    let progress = Progress::new(texts, given.progress);
    let finished = collecting::collect(task, &|told| note(told, &progress, given), &cancel);
    let finished = finished.map_err(|error| no_bundle(error, given))?;
    if !finished.trouble.is_empty() {
        term::note(&text!(texts, "note-trouble", error = term::escape(&finished.trouble.join(": "))));
    }
    if !finished.map_trouble.is_empty() {
        term::note(&text!(texts, "note-map", error = term::escape(&finished.map_trouble.join(": "))));
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

/// Says what happens while it is collected.
fn note(told: Told, progress: &Progress<'_>, given: &Invocation) {
    let texts = &given.texts;
    let shown = |path: &Path| term::escape(&path.display().to_string());
    let line = match told {
        Told::Step(event) => return progress.take(event),
        Told::Worked => return progress.done(),
        Told::Recovered(Recovered::Bundle { path, members }) => {
            text!(texts, "note-recovered", path = shown(&path), items = members)
        }
        Told::Recovered(Recovered::Nothing { name }) => text!(texts, "note-nothing-recovered", name = term::escape(&name)),
        Told::Recovered(Recovered::Failed { path, error }) => {
            let error = term::escape(&error.join(": "));
            text!(texts, "note-not-recovered", path = shown(&path), error = error)
        }
        Told::OldMaps(error) => text!(texts, "note-maps", error = term::escape(&error.to_string())),
        Told::NotRoot => text!(texts, "note-not-root"),
        Told::Costs(error) => text!(texts, "note-costs", error = term::escape(&error.to_string())),
    };
    term::note(&line);
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

fn no_bundle(error: CollectError, given: &Invocation) -> Failure {
    let texts = &given.texts;
    let failed = |cause: anyhow::Error| Failure::new(Kind::NoBundle, text!(texts, "error-collect")).because(cause);
    match error {
        CollectError::State(error) => {
            let hint = match error {
                StateError::Busy { .. } => text!(texts, "hint-busy"),
                _ => text!(texts, "hint-root-needed"),
            };
            Failure::new(Kind::NoBundle, text!(texts, "error-state")).because(error).hint(hint)
        }
        CollectError::Redactor(error) => failed(error.into()),
        CollectError::Bundle(error) => failed(error.into()).hint(text!(texts, "hint-output")),
    }
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
