//! `oediag case open`, `list` and `confirm`: the customer asks for help, sees how long an answer may take, and says whether the fix
//! holds. Nothing of the host travels with it but its name.

use std::path::PathBuf;

use oediag_collector::state::{self, State};
use oediag_protocol::{
    case::{Confirm, ConfirmSchema, Open, OpenSchema, Standing, Standings},
    document::{Document, MAX_BYTES},
    id::CaseKey,
    keyset::Severity,
    signed::Signed,
    text::Line,
    time::Time,
};

use crate::{
    cli::{self, Case, CaseAction, CaseConfirm, CaseOpen},
    errand::Errand,
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    sender::Method,
    text, view,
};

/// The case that was opened last and that no center has answered for.
const UNANSWERED: &str = "case.json";

/// Runs the command.
pub fn run(options: &Case, given: &Invocation) -> Result<u8, Failure> {
    match &options.action {
        CaseAction::Open(options) => open(options, given),
        CaseAction::List(options) => {
            let errand = Errand::new(options.patience, given)?;
            let answer = errand.ask(Method::Get, "/v1/cases".to_owned(), None)?;
            let all = Standings::parse(answer.body.as_bytes()).map_err(|error| errand.invalid(error))?;
            given.show(&all, |page| view::cases::list(&all.cases, now(), page))?;
            Ok(exit::OK)
        }
        CaseAction::Confirm(options) => confirm(options, given),
    }
}

fn open(options: &CaseOpen, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let errand = Errand::new(options.patience, given)?;
    // One at a time: the one that waits for an answer is kept in one place.
    let _lock = errand.state.lock_outbox().map_err(|error| failure::state(error, texts))?;
    // Sent again it is still one case.
    let paper = if let Some(signed) = unanswered(&errand.state, options, &errand) {
        signed
    } else {
        let paper = paper(options, &errand, given)?;
        let signed = sign(&paper, &errand, given)?;
        let bytes = signed.to_bytes().map_err(|error| unmade(error.into(), given))?;
        state::save(&place(&errand.state), &bytes).map_err(|error| failure::state(error, texts))?;
        signed
    };
    let answer = errand.ask(Method::Post, "/v1/cases".to_owned(), Some(&paper))?;
    let standing = Standing::parse(answer.body.as_bytes()).map_err(|error| errand.invalid(error))?;
    // One that stays is sent again with the same words only, and is the same case then.
    std::fs::remove_file(place(&errand.state)).unwrap_or_default();
    show(&standing, given)
}

fn confirm(options: &CaseConfirm, given: &Invocation) -> Result<u8, Failure> {
    let errand = Errand::new(options.patience, given)?;
    let paper = Confirm {
        schema: ConfirmSchema::V1,
        case: Line::parse(&options.case).unwrap_or_default(),
        host_id: errand.center.host_id,
        tenant_id: errand.center.tenant.clone(),
        at: now(),
        solved: !options.unsolved,
        note: options.note.clone().unwrap_or_default(),
    };
    let signed = sign(&paper, &errand, given)?;
    let answer = errand.ask(Method::Post, format!("/v1/cases/{}/confirm", options.case), Some(&signed))?;
    let standing = Standing::parse(answer.body.as_bytes()).map_err(|error| errand.invalid(error))?;
    show(&standing, given)
}

fn show(standing: &Standing, given: &Invocation) -> Result<u8, Failure> {
    given.show(standing, |page| view::cases::list(std::slice::from_ref(standing), now(), page))?;
    Ok(exit::OK)
}

fn paper(options: &CaseOpen, errand: &Errand<'_>, given: &Invocation) -> Result<Open, Failure> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| unmade(error.into(), given))?;
    Ok(Open {
        schema: OpenSchema::V1,
        key: CaseKey(key),
        host_id: errand.center.host_id,
        tenant_id: errand.center.tenant.clone(),
        at: now(),
        severity: severity(options.severity),
        title: options.title.clone(),
        description: options.description.clone().unwrap_or_default(),
        contact: options.contact.clone().unwrap_or_default(),
    })
}

/// The same case, as it was signed when no answer came.
fn unanswered(state: &State, options: &CaseOpen, errand: &Errand<'_>) -> Option<Signed> {
    let bytes = state::saved(&place(state), 4 * MAX_BYTES as u64).ok()??;
    let signed = Signed::parse(&bytes).ok()?;
    let paper: Open = signed.open(&[errand.identity.signer.public()], 1).ok()?;
    let same = paper.title == options.title
        && paper.severity == severity(options.severity)
        && paper.description == options.description.clone().unwrap_or_default()
        && paper.contact == options.contact.clone().unwrap_or_default()
        && paper.tenant_id == errand.center.tenant;
    same.then_some(signed)
}

fn place(state: &State) -> PathBuf {
    state.data().join(UNANSWERED)
}

fn sign<T: Document>(paper: &T, errand: &Errand<'_>, given: &Invocation) -> Result<Signed, Failure> {
    Signed::new(paper, &[&errand.identity.signer]).map_err(|error| unmade(error.into(), given))
}

fn unmade(cause: anyhow::Error, given: &Invocation) -> Failure {
    Failure::new(Kind::Usage, text!(given.texts, "error-paper")).because(cause)
}

fn severity(severity: cli::Severity) -> Severity {
    match severity {
        cli::Severity::P1 => Severity::P1,
        cli::Severity::P2 => Severity::P2,
        cli::Severity::P3 => Severity::P3,
        cli::Severity::P4 => Severity::P4,
    }
}

fn now() -> Time {
    jiff::Timestamp::now().into()
}
