//! `oediag preview` and `release`: what was collected for a request is shown, somebody agrees, the broker signs and sends. The bundle
//! is read here once more: what is shown is what lies there, and the broker sends nothing else.

use std::path::Path;

use oediag_collector::{catalogue::Source, state::Identity};
use oediag_protocol::{
    digest::Sha256,
    id::RequestId,
    request::paper::{Deliver, Request},
    time::Time,
};
use serde::Serialize;

use super::requests::{ask, heard, known, paper, strange};
use crate::{
    broker::wire::{self, Answer, Ask, Shown},
    cli::{Language, OneRequest, Release},
    enrolment::Enrolment,
    failure::{self, Failure, Kind, exit},
    invocation::Invocation,
    release::{
        ask::{self as terminal, Listening},
        notice::Terms,
        own::Own,
        preview::{self, Preview},
        separate::Separate,
        who,
    },
    selection,
    term::{self, Tone},
    text, view,
};

/// What is needed to show a bundle of a request.
struct Desk<'a> {
    one: &'a OneRequest,
    given: &'a Invocation,
    identity: Identity,
    center: Enrolment,
    rows: Vec<&'static Source>,
    shown: Shown,
    paper: Request,
}

/// A bundle as it lies there, and what the broker says of it.
struct Seen {
    told: wire::Preview,
    own: Own,
    members: Preview,
    separate: Vec<Separate>,
}

/// `preview --json`.
#[derive(Serialize)]
struct PreviewJson<'a> {
    request_id: RequestId,
    #[serde(flatten)]
    told: &'a wire::Preview,
    preview: &'a Preview,
}

/// `release --json`.
#[derive(Serialize)]
struct ReleaseJson {
    request_id: RequestId,
    receipt_id: String,
}

/// Runs `oediag preview`.
pub fn preview(options: &OneRequest, given: &Invocation) -> Result<u8, Failure> {
    let desk = Desk::new(options, given)?;
    let seen = desk.look()?;
    let json = PreviewJson { request_id: desk.shown.row.id, told: &seen.told, preview: &seen.members };
    given.show(&json, |page| {
        let mut lines = view::preview::lines(&seen.own, &seen.members, &desk.terms(&seen.own), page);
        lines.push(String::new());
        lines.extend(seen.told.notice.lines().map(term::escape));
        lines.push(String::new());
        let (path, id) = (term::escape(&seen.told.path), view::requests::short(&desk.shown.row));
        let next = [
            ("next-ls", format!("oediag ls {path}")),
            ("next-cat", format!("oediag cat {path} MEMBER")),
            ("next-release", format!("oediag release {id}")),
            ("next-decline", format!("oediag decline {id}")),
        ];
        // A path is to be copied whole.
        lines.extend(view::requests::commands(&next, &view::Page { columns: 4096, ..*page }));
        lines
    })?;
    Ok(exit::OK)
}

/// Runs `oediag release`.
pub fn run(options: &Release, given: &Invocation) -> Result<u8, Failure> {
    let texts = &given.texts;
    let desk = Desk::new(&options.one, given)?;
    if !options.without.is_empty() {
        desk.leave_out(options.without.clone())?;
    }
    let no = || Failure::new(Kind::Refused, text!(texts, "error-no-consent"));
    let mut seen = desk.look()?;
    match &options.consent {
        Some(digits) if *digits != seen.told.digits => return Err(no()),
        None if !terminal::can_ask() => return Err(no().hint(text!(texts, "hint-consent-request", digits = seen.told.digits))),
        _ => {}
    }
    let listening = Listening::begin().map_err(|error| no().because(error))?;
    loop {
        let page = view::Page { columns: term::error_columns(), paint: term::Paint(false), ..given.page() };
        let lines = view::preview::lines(&seen.own, &seen.members, &desk.terms(&seen.own), &page);
        terminal::show(&lines, &seen.told.notice);
        let answer = match &options.consent {
            Some(_) => terminal::Answer::Yes,
            None => listening.answer(&seen.told.digits, texts),
        };
        match answer {
            terminal::Answer::Yes => break,
            terminal::Answer::No => return Err(no()),
            terminal::Answer::Without(names) => desk.leave_out(names)?,
        }
        seen = desk.look()?;
    }
    for one in &seen.separate {
        let yes = if options.consent.is_some() { options.agree.contains(one) } else { listening.separately(*one, texts) };
        if !yes {
            return Err(no().hint(text!(texts, "hint-separate", word = one.word())));
        }
    }
    // From here on a signal ends the program; one that came before this was a no, whatever was typed or given.
    if listening.end() {
        return Err(no());
    }
    let question = Ask::Release {
        id: desk.shown.row.id,
        digits: seen.told.digits,
        notice_sha256: seen.told.notice_sha256,
        lang: desk.lang(),
        columns: columns(),
        separate: seen.told.separate,
        sudo_uid: who::sudo_uid(),
    };
    let Answer::Released { receipt } = ask(&options.one.asking, &question, given)? else { return Err(strange(given)) };
    let json = ReleaseJson { request_id: desk.shown.row.id, receipt_id: receipt.to_string() };
    given.show(&json, |page| {
        let id = view::requests::short(&desk.shown.row);
        let said = text!(page.texts, "request-released", receipt = receipt.to_string());
        let mut lines = view::requests::said(&said, Tone::Plain, page);
        let first = match desk.paper.deliver {
            Deliver::Upload => ("next-look", format!("oediag requests show {id}")),
            Deliver::Carry => ("next-export", format!("oediag export {id}")),
        };
        let next = [first, ("next-withdraw", format!("oediag consent withdraw {receipt}"))];
        lines.extend(view::requests::commands(&next, page));
        lines
    })?;
    Ok(exit::OK)
}

impl<'a> Desk<'a> {
    fn new(one: &'a OneRequest, given: &'a Invocation) -> Result<Self, Failure> {
        let texts = &given.texts;
        let shown = known(one, given)?;
        let state = given.state(Kind::Usage)?;
        let identity = state.identity().map_err(|error| failure::state(error, texts))?;
        let center = Enrolment::load(&state)
            .map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-enrolment")).because(error))?
            .ok_or_else(|| Failure::new(Kind::Usage, text!(texts, "error-not-enrolled")).hint(text!(texts, "hint-enroll")))?;
        let unsigned = || Failure::new(Kind::Verification, text!(texts, "error-request-unsigned"));
        let paper = paper(&shown, &state).ok_or_else(unsigned)?;
        Ok(Self { one, given, identity, center, rows: selection::rows(given)?, shown, paper })
    }

    fn lang(&self) -> wire::Lang {
        match self.given.texts.language {
            Language::En => wire::Lang::En,
            Language::ZhCn => wire::Lang::ZhCn,
        }
    }

    /// What there is, as the broker has it and as it lies there. They are the same, and the notice is the one whose digest counts.
    fn look(&self) -> Result<Seen, Failure> {
        let texts = &self.given.texts;
        let question = Ask::Preview { id: self.shown.row.id, lang: self.lang(), columns: columns() };
        let Answer::Preview(told) = ask(&self.one.asking, &question, self.given)? else { return Err(strange(self.given)) };
        let path = Path::new(&told.path);
        let own = Own::open(path, &self.identity).map_err(|error| {
            let sentence = text!(texts, "error-bundle-open", path = term::escape(&told.path));
            Failure::new(Kind::Verification, sentence).because(error)
        })?;
        let separate: Option<Vec<Separate>> =
            told.separate.iter().map(|line| Separate::ALL.iter().copied().find(|one| one.line() == *line)).collect();
        let same = own.bundle.bundle_id == told.bundle_id && own.bundle.bundle_id.short() == told.digits;
        match separate {
            Some(separate) if same && Sha256::of(told.notice.as_bytes()) == told.notice_sha256 => {
                let members = preview::preview(&own.manifest, &self.rows);
                Ok(Seen { told: *told, own, members, separate })
            }
            _ => Err(strange(self.given)),
        }
    }

    fn leave_out(&self, names: Vec<String>) -> Result<(), Failure> {
        heard(&ask(&self.one.asking, &Ask::Without { id: self.shown.row.id, names }, self.given)?, self.given)
    }

    fn terms<'b>(&'b self, own: &'b Own) -> Terms<'b> {
        let now: Time = jiff::Timestamp::now().into();
        let zone = own.manifest.start.clock.zone.as_deref();
        let (case, days) = (Some(self.paper.case.as_str()), self.paper.retention_days);
        Terms { center: &self.center, case, days, request: None, now, zone }
    }
}

/// What the notice is laid out for.
fn columns() -> u16 {
    u16::try_from(term::error_columns()).unwrap_or(u16::MAX)
}
