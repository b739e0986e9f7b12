//! `oediag requests`, `approve`, `deny`, `decline` and `session`: what the center asks for, and the customer's answers. The broker does
//! what is answered; here somebody is only told and heard.

use oediag_collector::{ledger, state::State};
use oediag_protocol::{
    id::RequestId,
    ledger::{Entry, Reason, chain::Anchors},
    request::paper::Request,
};
use serde::Serialize;

use crate::{
    broker::{
        client,
        wire::{Answer, Ask, Row, Shown},
    },
    cli::{Asking, Decline, Deny, OneRequest, Requests, RequestsAction, Session, SessionAction},
    enrolment::Enrolment,
    failure::{Failure, Kind, exit},
    invocation::{Invocation, home},
    release::who,
    term::{self, Tone},
    text, view,
};

/// Runs the command.
pub fn run(options: &Requests, given: &Invocation) -> Result<u8, Failure> {
    match &options.action {
        Some(RequestsAction::Show(options)) => show(options, given),
        None => {
            let rows = all(&options.asking, given)?;
            given.show(&rows, |page| view::requests::list(&rows, jiff::Timestamp::now().into(), page))?;
            Ok(exit::OK)
        }
    }
}

/// `requests show --json`.
#[derive(Serialize)]
struct ShowJson<'a> {
    #[serde(flatten)]
    shown: &'a Shown,
    paper: Option<&'a Request>,
    history: &'a [Entry],
}

fn show(options: &OneRequest, given: &Invocation) -> Result<u8, Failure> {
    let shown = known(options, given)?;
    let state = State::locate(given.state.as_deref(), &home()).ok();
    let paper = state.as_ref().and_then(|state| paper(&shown, state));
    let history = state.map(|state| history(shown.row.id, &state)).unwrap_or_default();
    let json = ShowJson { shown: &shown, paper: paper.as_ref(), history: &history };
    given.show(&json, |page| {
        let one = view::requests::One { shown: &shown, paper: paper.as_ref(), history: &history };
        view::requests::one(&one, jiff::Timestamp::now().into(), page)
    })?;
    Ok(exit::OK)
}

/// The paper, if keys that this host knows signed it.
pub(super) fn paper(shown: &Shown, state: &State) -> Option<Request> {
    let center = Enrolment::load(state).ok()??;
    let keys: Vec<_> = center.keyset.request.keys.iter().map(|role| role.key.clone()).collect();
    shown.object.open(&keys, 1).ok()
}

/// What the ledger has of it, as far as it can be read.
fn history(id: RequestId, state: &State) -> Vec<Entry> {
    let mut found = Vec::new();
    let walked = ledger::walk(state, &Anchors::default(), |entry| {
        if entry.rid == Some(id) {
            found.push(entry.clone());
        }
    });
    if walked.is_ok() { found } else { Vec::new() }
}

/// Runs `oediag approve`.
pub fn approve(options: &OneRequest, given: &Invocation) -> Result<u8, Failure> {
    let shown = known(options, given)?;
    if !shown.clock_trusted {
        term::note(&text!(given.texts, "request-clock"));
    }
    let question = Ask::Approve { id: shown.row.id, sudo_uid: who::sudo_uid() };
    done(&options.asking, &question, "request-approved", &shown.row, given)
}

/// Runs `oediag deny`.
pub fn deny(options: &Deny, given: &Invocation) -> Result<u8, Failure> {
    let row = find(&options.one, given)?;
    let question = Ask::Deny { id: row.id, reason: options.reason.clone(), silent: options.silent };
    let said = if options.silent { "request-denied-silently" } else { "request-denied" };
    done(&options.one.asking, &question, said, &row, given)
}

/// Runs `oediag decline`.
pub fn decline(options: &Decline, given: &Invocation) -> Result<u8, Failure> {
    let row = find(&options.one, given)?;
    let question = Ask::Decline { id: row.id, reason: options.reason.clone() };
    done(&options.one.asking, &question, "request-declined", &row, given)
}

/// Runs `oediag session`.
pub fn session(options: &Session, given: &Invocation) -> Result<u8, Failure> {
    let SessionAction::Start(options) = &options.action;
    heard(&ask(&options.asking, &Ask::Session { minutes: options.minutes }, given)?, given)?;
    let minutes = options.minutes;
    given.show(&serde_json::json!({ "minutes": minutes }), |page| {
        vec![if minutes == 0 {
            text!(page.texts, "session-over")
        } else {
            text!(page.texts, "session-started", minutes = minutes)
        }]
    })?;
    Ok(exit::OK)
}

/// What a command tells that only has the broker do something.
#[derive(Serialize)]
struct DoneJson<'a> {
    id: RequestId,
    done: &'a str,
}

fn done(asking: &Asking, question: &Ask, said: &str, row: &Row, given: &Invocation) -> Result<u8, Failure> {
    heard(&ask(asking, question, given)?, given)?;
    let id = view::requests::short(row);
    given.show(&DoneJson { id: row.id, done: said.trim_start_matches("request-") }, |page| {
        let mut lines = view::requests::said(&page.texts.named(said), Tone::Plain, page);
        lines.extend(view::requests::commands(&[("next-look", format!("oediag requests show {id}"))], page));
        lines
    })?;
    Ok(exit::OK)
}

/// Asks the broker; a refusal is a failure.
pub(super) fn ask(asking: &Asking, question: &Ask, given: &Invocation) -> Result<Answer, Failure> {
    let texts = &given.texts;
    let (answer, _) = client::ask(&asking.socket, question).map_err(|error| {
        Failure::new(Kind::Usage, text!(texts, "error-broker-silent")).because(error).hint(text!(texts, "hint-broker"))
    })?;
    match answer {
        Answer::Refused { word, detail } => Err(refused(&word, detail, given)),
        answer => Ok(answer),
    }
}

fn refused(word: &Reason, detail: Option<String>, given: &Invocation) -> Failure {
    let texts = &given.texts;
    let failure = Failure::new(Kind::Refused, text!(texts, "error-broker-refuses", why = texts.why(word.as_str())));
    match detail {
        Some(detail) => failure.because(anyhow::anyhow!("{detail}")),
        None => failure,
    }
}

/// Another answer than the question has.
pub(super) fn strange(given: &Invocation) -> Failure {
    Failure::new(Kind::Usage, text!(given.texts, "error-broker-silent")).hint(text!(given.texts, "hint-broker-old"))
}

/// An answer that only says that it is done.
pub(super) fn heard(answer: &Answer, given: &Invocation) -> Result<(), Failure> {
    if matches!(answer, Answer::Done) { Ok(()) } else { Err(strange(given)) }
}

/// All requests; says when the policy cannot be used.
fn all(asking: &Asking, given: &Invocation) -> Result<Vec<Row>, Failure> {
    let Answer::Requests { rows, policy } = ask(asking, &Ask::List, given)? else { return Err(strange(given)) };
    if let Some(why) = policy {
        term::note(&text!(given.texts, "note-policy-damaged", why = term::escape(&why)));
    }
    Ok(rows)
}

/// The one request whose id begins with what was typed.
pub(super) fn find(options: &OneRequest, given: &Invocation) -> Result<Row, Failure> {
    let texts = &given.texts;
    let mut rows = all(&options.asking, given)?;
    rows.retain(|row| row.id.to_string().strip_prefix("r-").is_some_and(|id| id.starts_with(&options.request)));
    let many = rows.len() > 1;
    match rows.pop().filter(|_| !many) {
        Some(row) => Ok(row),
        None if many => Err(Failure::new(Kind::Usage, text!(texts, "error-requests-alike", id = options.request.clone()))),
        None => {
            let sentence = text!(texts, "error-no-request", id = options.request.clone());
            Err(Failure::new(Kind::Usage, sentence).hint(text!(texts, "hint-requests")))
        }
    }
}

/// All that the broker knows of it.
pub(super) fn known(options: &OneRequest, given: &Invocation) -> Result<Shown, Failure> {
    let row = find(options, given)?;
    match ask(&options.asking, &Ask::Show { id: row.id }, given)? {
        Answer::Request(shown) => Ok(*shown),
        _ => Err(strange(given)),
    }
}
