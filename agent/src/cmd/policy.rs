//! `oediag policy check` and `test`: whether a file is a policy, and what it says to a request, rule by rule. Decides nothing, keeps
//! nothing.

use std::{collections::BTreeMap, path::Path};

use oediag_collector::state::State;
use oediag_protocol::{
    document,
    policy::{
        field::Local,
        file::{Gate, MAX_FILE, Policy as Rules},
        verdict::{self, Facts, Rule, Verdict},
    },
    request::{
        paper::Request,
        verify::{self, Asked, Clock},
    },
    signed::Signed,
    time::Time,
};
use serde::Serialize;

use crate::{
    broker::{
        offer,
        policy::{Standing, StandingError},
        wire::Ruled,
    },
    cli::{Policy, PolicyAction, PolicyCheck, PolicyTest},
    enrolment::Enrolment,
    failure::{self, Failure, Kind, exit},
    invocation::{Invocation, home},
    selection, term, text, view,
};

/// Most bytes of a request's file: a signed paper and its wrapper.
const MAX_PAPER: u64 = 256 << 10;

/// What would become of a request.
#[derive(Debug, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Said {
    /// Refused before any rule is asked.
    Rejected {
        /// The word in the ledger.
        word: &'static str,
    },
    /// Refused by a rule.
    Deny,
    /// A person decides.
    Ask,
    /// A rule agrees.
    Auto {
        /// The rule.
        rule: String,
        /// Whether it collects without asking.
        #[serde(serialize_with = "gate")]
        collect: Gate,
        /// Whether it sends without asking.
        #[serde(serialize_with = "gate")]
        release: Gate,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn gate<S: serde::Serializer>(gate: &Gate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match gate {
        Gate::Approve => "approve",
        Gate::Ask => "ask",
    })
}

/// `policy test --json`.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// What becomes of it.
    #[serde(flatten)]
    pub verdict: Said,
    /// Each rule, in order of precedence, with the first condition that is not met.
    pub rules: Vec<Ruled>,
    /// Whether it was signed; then the signatures were checked too.
    pub signed: bool,
}

/// Runs the command.
pub fn run(options: &Policy, given: &Invocation) -> Result<u8, Failure> {
    match &options.action {
        PolicyAction::Check(options) => check(options, given),
        PolicyAction::Test(options) => test(options, given),
    }
}

fn check(options: &PolicyCheck, given: &Invocation) -> Result<u8, Failure> {
    let policy = read(&options.policy, given)?;
    let (deny, auto) = (policy.deny.len(), policy.auto.len());
    given.show(&serde_json::json!({ "ok": true, "deny": deny, "auto": auto }), |page| {
        view::policy::summary(&policy, local(jiff::Timestamp::now().into()), page)
    })?;
    Ok(exit::OK)
}

fn test(options: &PolicyTest, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let state = State::locate(given.state.as_deref(), &home()).map_err(|error| failure::state(error, texts))?;
    let policy = match &options.policy {
        Some(path) => read(path, given)?,
        None => match Standing::read(&state) {
            Standing { damaged: Some(StandingError::Shape { path, source }), .. } => {
                return Err(unusable(&path, source.into(), given));
            }
            Standing { damaged: Some(StandingError::Own(error)), .. } => {
                let failure = Failure::new(Kind::Usage, text!(texts, "error-policy-own")).because(error);
                return Err(failure);
            }
            Standing { policy, .. } => policy,
        },
    };
    let now = options.now.unwrap_or_else(|| jiff::Timestamp::now().into());
    let bytes = contents(&options.paper, MAX_PAPER, given)?;
    let tested = match paper(&bytes, &state, now, options, given)? {
        Ok((request, clock_trusted, signed)) => {
            let rows = selection::rows(given)?;
            let (verdict, rules) = if let Err(misfit) = offer::offer(&rows).fits(&request) {
                (Said::Rejected { word: misfit.word() }, Vec::new())
            } else {
                let (reach, uses) = (offer::reach(&request, &rows), BTreeMap::new());
                let facts = Facts { local: local(now), clock_trusted, uses: &uses, reach: &reach };
                let explained = policy.decide(&request, facts);
                (said(explained.verdict), explained.rows.iter().map(ruled).collect())
            };
            Tested { verdict, rules, signed }
        }
        Err(word) => Tested { verdict: Said::Rejected { word }, rules: Vec::new(), signed: true },
    };
    given.show(&tested, |page| view::policy::tested(&tested, page))?;
    Ok(exit::OK)
}

/// A request and whether the clock can be trusted and whether it was signed; or the word of a signed one that is not listened to.
type Paper = Result<(Request, bool, bool), &'static str>;

/// Reads a request. A signed one is verified as the broker would.
fn paper(bytes: &[u8], state: &State, now: Time, options: &PolicyTest, given: &Invocation) -> Result<Paper, Failure> {
    let texts = &given.texts;
    let shown = || term::escape(&options.paper.display().to_string());
    let unread = || Failure::new(Kind::Usage, text!(texts, "error-request-read", path = shown()));
    if Signed::parse(bytes).is_err() {
        return document::parse::<Request>(bytes)
            .map(|request| Ok((request, true, false)))
            .map_err(|error| unread().because(error));
    }
    let center = Enrolment::load(state)
        .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error))?
        .ok_or_else(|| Failure::new(Kind::Usage, text!(texts, "error-not-enrolled-request")).hint(text!(texts, "hint-enroll")))?;
    let asked = Asked { keyset: &center.keyset, host_id: center.host_id, tenant_id: &center.tenant };
    let verified = verify::request(bytes, asked, Clock { now, floor: None, trusted: true });
    Ok(verified.map(|verified| (verified.request, verified.clock_trusted, true)).map_err(verify::Refusal::word))
}

fn said(verdict: Verdict) -> Said {
    match verdict {
        Verdict::Deny => Said::Deny,
        Verdict::Ask => Said::Ask,
        Verdict::Auto { rule, collect, release, .. } => Said::Auto { rule: rule.to_string(), collect, release },
    }
}

fn ruled(row: &verdict::Row) -> Ruled {
    let (kind, name) = match &row.rule {
        Rule::Remote => ("remote", None),
        Rule::Never => ("never", None),
        Rule::MaxBytes => ("max_bytes", None),
        Rule::MaxSeconds => ("max_seconds", None),
        Rule::Deny(name) => ("deny", Some(name)),
        Rule::Auto(name) => ("auto", Some(name)),
    };
    let missed = row.missed.map(|miss| miss.word().to_owned());
    Ruled { kind: kind.to_owned(), name: name.map(ToString::to_string), missed }
}

/// The clock on the wall of this host.
fn local(now: Time) -> Local {
    let moment = jiff::Timestamp::from_second(now.0).unwrap_or_default();
    Local { now, utc_offset: jiff::tz::TimeZone::system().to_offset(moment).seconds() }
}

/// A policy that somebody names: a draft may lie anywhere and belong to anybody.
fn read(path: &Path, given: &Invocation) -> Result<Rules, Failure> {
    let bytes = contents(path, MAX_FILE as u64, given)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let shown = term::escape(&path.display().to_string());
        Failure::new(Kind::Usage, text!(given.texts, "error-request-read", path = shown)).because(error)
    })?;
    Rules::parse(&text).map_err(|error| unusable(path, error.into(), given))
}

fn unusable(path: &Path, cause: anyhow::Error, given: &Invocation) -> Failure {
    let sentence = text!(given.texts, "error-policy", path = term::escape(&path.display().to_string()));
    Failure::new(Kind::Usage, sentence).because(cause).hint(text!(given.texts, "hint-policy"))
}

/// The bytes of a file of at most `max`; one more where there are more, which no reader takes.
fn contents(path: &Path, max: u64, given: &Invocation) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| {
        let shown = term::escape(&path.display().to_string());
        Failure::new(Kind::Usage, text!(given.texts, "error-request-read", path = shown)).because(error)
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(max + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
