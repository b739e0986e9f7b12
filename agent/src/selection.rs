//! From the options of `collect` and `plan` to the collector's request. In: [`cli::Selection`], the host's present and zone.
//! Out: a request in which every limit and the window are plain numbers, and the host to ask.

use std::path::PathBuf;

use jiff::Timestamp;
use oediag_collector::{
    catalogue::{self, Source, site},
    cost::{self, Cost, Costs},
    host::Host,
    plan::{Plan, Request},
    redact::{Harvest, SiteRules},
    rules::{self, RulesError},
    state::State,
};
use oediag_protocol::bundle::manifest::{Estimate, Limits, Window};

use crate::{
    cli::{Preset, Selection},
    failure::{Failure, Kind},
    invocation::{Invocation, home},
    term, text, when,
};

impl Preset {
    /// As people type it and the catalogue knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Standard => "standard",
            Self::Deep => "deep",
            Self::Perf => "perf",
            Self::Net => "net",
            Self::Disk => "disk",
            Self::Crash => "crash",
        }
    }

    /// Seconds of performance samples without `--perf-seconds`: enough for a rate in every preset, a minute where load is the matter.
    pub fn perf_seconds(self) -> u64 {
        match self {
            Self::Quick => 1,
            Self::Crash => 3,
            Self::Standard | Self::Net | Self::Disk => 10,
            Self::Deep | Self::Perf => 60,
        }
    }
}

/// The machine to examine: this one, or the folder of `--root`.
pub fn host(selection: &Selection, given: &Invocation) -> Result<Host, Failure> {
    let opened = match &selection.root {
        None => Host::live(),
        Some(root) => Host::at(root, selection.now.and_then(|now| Timestamp::from_second(now.0).ok())),
    };
    opened.map_err(|error| {
        let path = selection.root.as_deref().unwrap_or(std::path::Path::new("/")).display().to_string();
        Failure::new(Kind::Usage, text!(given.texts, "error-root", path = path)).because(error)
    })
}

/// Most bytes read of each file that tells the redactor who a host is.
pub const HARVEST_FILE: usize = 4 << 20;

/// Who the host is: the names and addresses the redactor looks for.
pub fn harvest(host: &Host) -> Harvest {
    Harvest::of(&mut |path| host.read(path, HARVEST_FILE))
}

/// The customer's own rules of redaction. Without them the redactor must not start. Says what of `redact.d` is not read; `kind` is what
/// it is to the command when they cannot be used.
pub fn site_rules(state: &State, kind: Kind, given: &Invocation) -> Result<SiteRules, Failure> {
    let texts = &given.texts;
    let failed = |error: RulesError| {
        Failure::new(kind, text!(texts, "error-site-rules")).because(error).hint(text!(texts, "hint-redact-check"))
    };
    let listed = rules::list(&state.policy()).map_err(|error| failed(error.into()))?;
    let shown = |path: &PathBuf| term::escape(&path.display().to_string());
    for folder in &listed.closed {
        term::note(&text!(texts, "note-policy-closed", folder = shown(folder)));
    }
    for path in &listed.others {
        term::note(&text!(texts, "note-rules-unread", path = shown(path)));
    }
    rules::load(&listed.files).map_err(failed)
}

/// What is asked of the host.
pub fn request(selection: &Selection, host: &Host, given: &Invocation) -> Result<Request, Failure> {
    let window =
        when::window(selection.since.as_ref(), selection.until.as_ref(), selection.around.as_ref(), host.now(), &host.zone());
    if let Window { since: Some(since), until: Some(until), .. } = window
        && until < since
    {
        let sentence = text!(given.texts, "error-window", since = since.to_string(), until = until.to_string());
        return Err(Failure::new(Kind::Usage, sentence));
    }
    let mut presets = selection.preset.clone();
    presets.sort_unstable();
    presets.dedup();
    Ok(Request {
        presets: presets.iter().map(|preset| preset.name().to_owned()).collect(),
        topics: selection.topic.clone(),
        sources: selection.source.clone(),
        skip: selection.skip.clone(),
        window,
        limits: Limits { bytes: selection.max_bytes.0, item_bytes: selection.max_item_bytes.0, seconds: selection.max_seconds },
        perf_seconds: selection
            .perf_seconds
            .unwrap_or_else(|| presets.iter().map(|preset| preset.perf_seconds()).max().unwrap_or(0)),
    })
}

/// The catalogue of this installation, in order: the built-in rows, then the customer's own. Makes no folder.
pub fn rows(given: &Invocation) -> Result<Vec<&'static Source>, Failure> {
    let state = State::locate(given.state.as_deref(), &home());
    let site = match state {
        Ok(state) => site::load(&state.site_sources())
            .map_err(|error| Failure::new(Kind::Usage, text!(given.texts, "error-site-sources")).because(error))?,
        // Without a place for state there are no rows in it; what needs the state says so itself.
        Err(_) => Vec::new(),
    };
    Ok(catalogue::all().chain(site).collect())
}

/// The request as a plan for the host.
pub fn plan(request: &Request, rows: &[&'static Source], host: &Host, given: &Invocation) -> Result<Plan, Failure> {
    Plan::new(request, rows, host).map_err(|error| {
        Failure::new(Kind::Usage, text!(given.texts, "error-plan")).because(error).hint(text!(given.texts, "hint-sources"))
    })
}

/// What a run of the plan on this machine is expected to take.
pub fn estimate(plan: &Plan, tasks: &[Cost], costs: &Costs) -> Estimate {
    cost::estimate(plan, tasks, costs, std::thread::available_parallelism().map_or(2, usize::from))
}

/// What the sources took in earlier runs on this machine, which says nothing of another root; makes no folder.
pub fn costs(host: &Host, given: &Invocation) -> Costs {
    let state = State::locate(given.state.as_deref(), &home()).ok().filter(|_| host.is_live());
    state.map(|state| state.costs()).unwrap_or_default()
}
