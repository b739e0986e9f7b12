//! Requests on a page: safe, in both languages, no wider than the page.

use oediag_protocol::{
    document,
    policy::verdict::Miss,
    request::{catalogue::Misfit, value::Name, verify::Refusal},
    signed::Signed,
    sshsig::Signer,
    text::Line,
};

use super::*;
use crate::{cli::Language, term::Paint};

/// All variants of an enumeration; does not compile when there is one that is not named here.
macro_rules! all {
    ($type:ident: $($name:ident)*) => {{
        const fn _complete(one: $type) {
            match one {
                $($type::$name => {})*
            }
        }
        [$($type::$name),*]
    }};
}

#[test]
fn every_word_has_a_text_in_both_languages() {
    let refusals = all!(Refusal: NotADocument BadSig RevokedKey SeverityNotAllowed LevelNotAllowed NoEngineerSig NoLead
        WrongTenant WrongHost LifetimeTooLong KeysetExpired Clock Expired NotYetValid);
    let misses = all!(Miss: Kept Clock Over TooFarAhead Severity Level Preset Sources Case Days Hours MaxBytes PerDay);
    let name = || Name::parse("x").expect("a name");
    let misfits = [
        Misfit::UnknownPreset(name()),
        Misfit::UnknownSource(name()),
        Misfit::SourceLevel(name()),
        Misfit::UnknownParam(name(), name()),
        Misfit::OutOfRange(name(), name()),
    ];
    // What the broker says beside these: of questions, and of how a request came to its state.
    let told = [
        "approver_sig",
        "busy",
        "center",
        "changed",
        "failed",
        "interactive",
        "keyset",
        "ledger",
        "ledger_conflict",
        "log_conflict",
        "no_payload",
        "no_room",
        "no_slot",
        "no_such_member",
        "not_a_question",
        "not_allowed",
        "not_covered",
        "not_enrolled",
        "not_now",
        "not_shown",
        "not_supported",
        "nothing_left",
        "other_digits",
        "other_receipt",
        "policy",
        "redaction",
        "refused",
        "replay",
        "sealing",
        "separate",
        "too_long",
        "unknown_letter",
        "unknown_receipt",
        "unknown_request",
    ];
    let why: Vec<&str> = refusals.map(Refusal::word).into_iter().chain(misfits.iter().map(Misfit::word)).chain(told).collect();
    for texts in [Texts::new(Language::En), Texts::new(Language::ZhCn)] {
        let worded = |prefix: &str, word: &str| {
            let id = format!("{prefix}-{}", word.replace('_', "-"));
            assert!(texts.has(&id), "{:?}: {id} has no text", texts.language);
            assert!(texts.language == Language::En || !texts.named(&id).is_ascii(), "{id} is not in Chinese");
        };
        for word in &why {
            worded("why", word);
        }
        for miss in &misses {
            worded("miss", miss.word());
        }
        for kind in ["remote", "never", "max_bytes", "max_seconds", "deny", "auto"] {
            worded("rule", kind);
        }
        for state in State::ALL {
            worded("state", state.as_str());
        }
    }
}

const PAPER: &str = r#"{"schema":"oediag.request/1","request_id":"r-5d0e5d0e5d0e5d0e5d0e5d0e5d0e5d0e",
    "nonce":"5d0e5d0e5d0e5d0e5d0e5d0e5d0e5d0e","tenant_id":"t-1042","host_id":"h-9f2c9f2c9f2c9f2c9f2c9f2c9f2c9f2c",
    "created":"2026-11-23T00:50:00Z","not_before":"2026-11-23T00:50:00Z","expires":"2026-11-24T00:50:00Z",
    "case":"INC-20391","severity":"P2","reason":{"zh-CN":"定位磁盘延迟告警","en":"Locate disk latency alerts"},
    "requested_by":{"id":"li.wei","name":"Li Wei","role":"engineer","auth":"oidc+mfa"},
    "approved_by":{"id":"zhao","name":"Zhao","role":"lead","auth":"oidc+mfa"},
    "scope":{"level":"extended","preset":"perf","sources":[{"id":"logs.messages","params":{"since":"24h"}}],"held":null},
    "redaction_min":"standard","max_bytes":268435456,"max_seconds":600,"retention_days":30,
    "recipient":{"name":"openEuler Support Center","country":"CN","processors":["Example Ltd"]},
    "purpose":"incident-diagnosis","deliver":"upload"}"#;

fn paper() -> Request {
    document::parse(PAPER.as_bytes()).expect("a request")
}

fn shown(paper: &Request, state: State) -> Shown {
    let row = Row {
        id: paper.request_id,
        state,
        at: paper.created,
        why: None,
        expires: paper.expires,
        case: paper.case.clone(),
        severity: paper.severity,
        level: paper.scope.level,
        wanted: paper.scope.ask,
        by: paper.requested_by.id.clone(),
        reason: paper.reason.clone(),
    };
    let object = Signed::new(paper, &[&Signer::generate([1; 32])]).expect("signing");
    let rule = crate::broker::wire::Ruled { kind: "never".to_owned(), name: None, missed: Some("kept".to_owned()) };
    Shown {
        row,
        object,
        clock_trusted: false,
        rule: None,
        rules: vec![rule],
        sources: vec!["logs.messages".to_owned()],
        bundle: Some(
            "/var/lib/oediag/requests/r-5d0e5d0e5d0e5d0e5d0e5d0e5d0e5d0e/oediag-9f2c-20261123T010203Z-b7c1e2d3.tar.gz".to_owned(),
        ),
        receipt: None,
    }
}

#[test]
fn t59_what_a_center_wrote_is_neutral_on_a_terminal() {
    // Controls and bidi are refused in a paper; what else shows nothing, or is long, must not fool who reads.
    let hostile = format!("a\u{200b}b\u{2060}c\u{e0041}d\u{ad}e {}", "很长的理由".repeat(60));
    let hostile = Line::parse(&hostile).expect("a line");
    let mut paper = paper();
    paper.reason.en = hostile.clone();
    paper.reason.zh_cn = hostile.clone();
    paper.requested_by.name = Line::parse("Li\u{200b}Wei\u{fff9}").expect("a line");
    paper.case = Line::parse("INC\u{2060}1").expect("a line");
    paper.purpose = Line::parse("x\u{180e}y").expect("a line");
    let shown = shown(&paper, State::Pending);
    for texts in [Texts::new(Language::En), Texts::new(Language::ZhCn)] {
        for columns in [60, 80, 120] {
            let page = Page { texts: &texts, paint: Paint(false), columns };
            let one = One { shown: &shown, paper: Some(&paper), history: &[] };
            let lines = super::one(&one, paper.created, &page);
            let lines = lines.into_iter().chain(list(std::slice::from_ref(&shown.row), paper.created, &page));
            for line in lines {
                assert_eq!(term::escape(&line), line, "nothing is left to escape");
            }
        }
    }
}

#[test]
fn the_page_fits_and_says_what_can_be_done() {
    let paper = paper();
    for (state, next) in [(State::Pending, "oediag approve 5d0e5d0e"), (State::Preview, "oediag release 5d0e5d0e")] {
        let shown = shown(&paper, state);
        for texts in [Texts::new(Language::En), Texts::new(Language::ZhCn)] {
            let page = Page { texts: &texts, paint: Paint(false), columns: 80 };
            let lines = one(&One { shown: &shown, paper: Some(&paper), history: &[] }, paper.created, &page);
            assert!(lines.iter().any(|line| line.contains(next)), "{lines:#?}");
            for text in [paper.reason.zh_cn.as_str(), "Locate disk latency alerts", "since=24h", "Zhao", "Example Ltd"] {
                assert!(lines.iter().any(|line| line.contains(text)), "{text}: {lines:#?}");
            }
            assert!(lines.iter().all(|line| term::width(line) <= 80), "{lines:#?}");
        }
    }
}

#[test]
fn time_left_is_told_as_long_as_it_plays_a_part() {
    let texts = Texts::new(Language::En);
    let (paper, later) = (paper(), |seconds| Time(paper().created.0 + seconds));
    let told = |state, now| left(&shown(&paper, state).row, now, &texts).0;
    assert_eq!(told(State::Pending, later(3600)), "23 h 0 min");
    assert_eq!(told(State::Pending, later(86_400)), "over");
    assert_eq!(told(State::Stored, later(3600)), "");
    assert_eq!(told(State::Denied, later(3600)), "");
    assert_eq!(short(&shown(&paper, State::Pending).row), "5d0e5d0e");
}

/// The center's composer shows this screen before it asks; its own test compares with the same files.
#[test]
fn the_center_knows_what_is_shown() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/request-screen");
    for name in ["extended", "items"] {
        let paper = std::fs::read(folder.join(format!("{name}.json"))).expect("a request");
        let paper: Request = document::parse(paper.trim_ascii_end()).expect("a request");
        let shown = shown(&paper, State::Pending);
        for (language, file) in [(Language::En, "en"), (Language::ZhCn, "zh-CN")] {
            let texts = Texts::new(language);
            let page = Page { texts: &texts, paint: Paint(false), columns: 1000 };
            let lines = one(&One { shown: &shown, paper: Some(&paper), history: &[] }, paper.created, &page);
            let labels = ["request-id", "request-state", "request-left", "request-bundle"].map(|label| texts.named(label));
            let known_here = |line: &&String| labels.iter().all(|label| !line.starts_with(&format!("{label} ")));
            let lines = lines.iter().filter(known_here).map(|line| line.trim_end());
            let expected = std::fs::read_to_string(folder.join(format!("{name}.{file}.txt"))).expect("its screen");
            let expected: Vec<(&str, &str)> = expected.lines().filter_map(|line| line.split_once('\t')).collect();
            for ((label, value), line) in expected.iter().zip(lines.clone()) {
                let rest = line.strip_prefix(label).unwrap_or_default();
                assert_eq!(rest.trim_start(), *value, "{name} {file} {label}: {line}");
            }
            assert!(lines.clone().nth(expected.len()).is_some_and(|line| line == text!(texts, "request-clock")), "{name} {file}");
        }
    }
}
