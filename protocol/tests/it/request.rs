//! Requests and cancellations: round trips (T14), what is refused and with which word (T15, T18, T22, T23), clocks (T24 as far
//! as it is about one request), and what fits a catalogue (T20).

use oediag_protocol::{
    consent::Level,
    document,
    id::{HostId, RequestId, TenantId},
    json,
    keyset::{Keyset, Revoked, Severity},
    request::{
        cancel::Cancel,
        catalogue::{Catalogue, Misfit, Param, Range, Row, fits},
        paper::{Ask, Nonce, Request, Role},
        value::{Name, Span, Value},
        verify::{self, Clock, Refusal, Verified},
    },
    sshsig::Namespace,
    text::Line,
    time::Time,
};
use proptest::{collection::btree_map, option, prelude::*, sample::select};

use crate::{
    documents::{broken, refuses_strangers},
    papers::{GIVEN, ack, key, line},
    request_papers::{DAY, MADE, asked, at, cancel, extended, items, keys, name, person, request, source, value, wrapped},
};

/// What is changed, and the word it is refused with.
type Edit = (fn(&mut Request), Refusal);

fn judge(bytes: &[u8], keyset: &Keyset, clock: Clock) -> Result<Verified, Refusal> {
    asked(keyset, |host| verify::request(bytes, host, clock))
}

fn refused(bytes: &[u8], keyset: &Keyset, clock: Clock) -> Refusal {
    judge(bytes, keyset, clock).expect_err("refused")
}

/// Signed bytes that our own writer would not write.
fn raw(payload: &[u8], seed: u8) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let sshsig = key(seed).sign(Namespace::Request, payload).expect("signing");
    let sig = serde_json::json!({ "keyid": key(seed).public().fingerprint(), "sshsig": sshsig });
    let wire = serde_json::json!({
        "schema": "oediag.signed/1", "type": "oediag-request-v1", "payload": STANDARD.encode(payload), "sigs": [sig]
    });
    wire.to_string().into_bytes()
}

fn with(edit: impl FnOnce(&mut Request)) -> Request {
    let mut request = request();
    edit(&mut request);
    request
}

#[test]
fn t15_a_good_request_is_listened_to_and_others_are_refused_with_their_word() {
    let good = wrapped(&request(), &[20]);
    let found = judge(&good, &keys(), at(MADE)).expect("good");
    assert_eq!((found.request, found.clock_trusted), (request(), true));
    let payload = document::to_bytes(&request()).expect("good");
    assert_eq!(found.payload_sha256, oediag_protocol::digest::Sha256::of(&payload));

    // Tampered: the payload, the signature; unsigned; signed by nobody's key, another role's, the root's.
    let text = String::from_utf8(good.clone()).expect("UTF-8");
    let start = text.find("\"payload\": \"").expect("a payload") + 40;
    let mut edited = good.clone();
    edited[start] = if edited[start] == b'A' { b'B' } else { b'A' };
    assert_eq!(refused(&edited, &keys(), at(MADE)), Refusal::BadSig);
    assert_eq!(refused(&payload, &keys(), at(MADE)), Refusal::NotADocument);
    assert_eq!(refused(b"", &keys(), at(MADE)), Refusal::NotADocument);
    for seed in [99, 10, 30, 40] {
        assert_eq!(refused(&wrapped(&request(), &[seed]), &keys(), at(MADE)), Refusal::BadSig, "{seed}");
    }
    // Another type, whoever signed it.
    assert_eq!(refused(&wrapped(&ack(), &[20]), &keys(), at(MADE)), Refusal::NotADocument);
    assert_eq!(refused(&wrapped(&cancel(), &[20]), &keys(), at(MADE)), Refusal::NotADocument);
    // Well signed, and not a request: a field more, a path for a name, a control character in the reason.
    let text = String::from_utf8(payload).expect("UTF-8");
    for (from, to) in [
        ("\"case\"", "\"command\": \"id\", \"case\""),
        ("logs.messages", "/etc/shadow"),
        ("logs.messages", "logs.*"),
        ("24h", "../x"),
        ("Locate", "\\u001b[2J"),
        ("Locate", "\\u202e"),
    ] {
        let bent = text.replacen(from, to, 1);
        assert_ne!(bent, text);
        assert_eq!(refused(&raw(bent.as_bytes(), 20), &keys(), at(MADE)), Refusal::NotADocument, "{to}");
    }
    judge(&raw(text.as_bytes(), 20), &keys(), at(MADE)).expect("unchanged");
}

#[test]
fn t15_a_request_has_its_time() {
    let good = wrapped(&request(), &[20]);
    let found = |now: i64| judge(&good, &keys(), at(Time(now))).map(|found| found.clock_trusted);
    assert_eq!(found(MADE.0 - 601), Err(Refusal::NotYetValid));
    assert_eq!(found(MADE.0 - 600), Ok(true));
    assert_eq!(found(MADE.0 + DAY - 1), Ok(true));
    assert_eq!(found(MADE.0 + DAY), Err(Refusal::Expired));
    let week = |more: i64| {
        let bytes = json::to_bytes(&with(|request| request.expires = Time(MADE.0 + 7 * DAY + more))).expect("JSON");
        judge(&raw(&bytes, 20), &keys(), at(MADE)).map(|found| found.clock_trusted)
    };
    assert_eq!(week(0), Ok(true));
    assert_eq!(week(1), Err(Refusal::LifetimeTooLong));
    assert_eq!(found(keys().expires.0), Err(Refusal::KeysetExpired));
    let old = Keyset { expires: Time(MADE.0 + 10), ..keys() };
    assert_eq!(refused(&good, &old, at(Time(MADE.0 + 10))), Refusal::KeysetExpired);
}

#[test]
fn t24_a_clock_that_is_behind_opens_no_window() {
    let good = wrapped(&request(), &[20]);
    let found = |now: i64, floor: Option<i64>, trusted| {
        let clock = Clock { now: Time(now), floor: floor.map(Time), trusted };
        judge(&good, &keys(), clock).map(|found| found.clock_trusted)
    };
    // Before the keyset was made: a person may still decide.
    assert_eq!(found(0, None, true), Ok(false));
    assert_eq!(found(GIVEN.0 - 365 * DAY, None, true), Ok(false));
    assert_eq!(found(MADE.0, None, false), Ok(false));
    // Ahead by a year.
    assert_eq!(found(MADE.0 + 365 * DAY, None, true), Err(Refusal::KeysetExpired));
    // Set back behind what was seen.
    assert_eq!(found(MADE.0 + 10, Some(MADE.0 + 610), true), Ok(true));
    assert_eq!(found(MADE.0 + 10, Some(MADE.0 + 611), true), Err(Refusal::Clock));
    assert_eq!(found(0, Some(MADE.0), false), Err(Refusal::Clock));
    // A doubtful clock does not make an expired request young.
    assert_eq!(found(MADE.0 + DAY - 1, Some(MADE.0 + DAY), false), Err(Refusal::Expired));
    let old = Keyset { issued: Time(MADE.0 + DAY), ..keys() };
    assert_eq!(refused(&good, &old, at(Time(0))), Refusal::Expired);
}

#[test]
fn t18_revoked_keys_and_thresholds() {
    let revoke = |seed: u8| {
        let mut keyset = keys();
        keyset.revoked.push(Revoked { keyid: line(&key(seed).public().fingerprint()), since: GIVEN });
        keyset
    };
    let good = wrapped(&request(), &[20]);
    assert_eq!(refused(&good, &revoke(20), at(MADE)), Refusal::RevokedKey);
    judge(&good, &revoke(22), at(MADE)).expect("another key's");
    judge(&wrapped(&request(), &[20, 22]), &revoke(20), at(MADE)).expect("the other one signed too");
    assert_eq!(refused(&wrapped(&extended(), &[20, 40]), &revoke(40), at(MADE)), Refusal::RevokedKey);
    let cancelled = asked(&revoke(20), |host| verify::cancel(&wrapped(&cancel(), &[20]), host));
    assert_eq!(cancelled, Err(Refusal::RevokedKey));
    let mut two = keys();
    two.request.threshold = 2;
    assert_eq!(refused(&good, &two, at(MADE)), Refusal::BadSig);
    judge(&wrapped(&request(), &[22, 20]), &two, at(MADE)).expect("two signed");
    // Both must go as far as the request does.
    assert_eq!(refused(&wrapped(&request(), &[21, 20]), &two, at(MADE)), Refusal::SeverityNotAllowed);
}

#[test]
fn a_key_goes_as_far_as_the_keyset_says() {
    let by_small = |edit: fn(&mut Request), keyset: &Keyset| {
        judge(&wrapped(&with(edit), &[21, 40]), keyset, at(MADE)).map(|found| found.clock_trusted)
    };
    assert_eq!(by_small(|request| request.severity = Severity::P3, &keys()), Ok(true));
    assert_eq!(by_small(|request| request.severity = Severity::P4, &keys()), Ok(true));
    assert_eq!(by_small(|_| {}, &keys()), Err(Refusal::SeverityNotAllowed));
    let far = |request: &mut Request| {
        *request = extended();
        request.severity = Severity::P3;
    };
    assert_eq!(by_small(far, &keys()), Err(Refusal::LevelNotAllowed));
    let mut wider = keys();
    wider.request.keys[1].scopes.push(Level::Extended);
    assert_eq!(by_small(far, &wider), Ok(true));
}

#[test]
fn t22_extended_needs_a_lead_and_the_engineer() {
    judge(&wrapped(&extended(), &[20, 40]), &keys(), at(MADE)).expect("both");
    assert_eq!(refused(&wrapped(&extended(), &[20]), &keys(), at(MADE)), Refusal::NoEngineerSig);
    assert_eq!(refused(&wrapped(&extended(), &[20, 41]), &keys(), at(MADE)), Refusal::NoEngineerSig, "another engineer");
    assert_eq!(refused(&wrapped(&extended(), &[20, 99]), &keys(), at(MADE)), Refusal::NoEngineerSig, "nobody's key");
    assert_eq!(refused(&wrapped(&extended(), &[40]), &keys(), at(MADE)), Refusal::BadSig, "not by the center");
    let edits: [fn(&mut Request); 3] = [
        |request| request.approved_by = None,
        |request| request.approved_by = Some(person("zhao.min", Role::Engineer)),
        |request| request.approved_by = Some(person("li.wei", Role::Lead)),
    ];
    for edit in edits {
        let mut paper = extended();
        edit(&mut paper);
        let bytes = json::to_bytes(&paper).expect("JSON");
        assert_eq!(refused(&raw(&bytes, 20), &keys(), at(MADE)), Refusal::NoLead);
    }
}

#[test]
fn t23_a_request_for_another_host_or_tenant_is_refused() {
    let edits: [Edit; 2] = [
        (|request| request.host_id = HostId([1; 16]), Refusal::WrongHost),
        (|request| request.tenant_id = TenantId::parse("t-1").expect("a tenant"), Refusal::WrongTenant),
    ];
    for (edit, refusal) in edits {
        assert_eq!(refused(&wrapped(&with(edit), &[20]), &keys(), at(MADE)), refusal);
    }
    let cancelled = |cancel: &Cancel| asked(&keys(), |host| verify::cancel(&wrapped(cancel, &[20]), host));
    assert_eq!(cancelled(&cancel()), Ok(cancel()));
    assert_eq!(cancelled(&Cancel { host_id: HostId([1; 16]), ..cancel() }), Err(Refusal::WrongHost));
    let tenant_id = TenantId::parse("t-1").expect("a tenant");
    assert_eq!(cancelled(&Cancel { tenant_id, ..cancel() }), Err(Refusal::WrongTenant));
    // It takes away, so it counts under an expired keyset too, but not by anybody's key.
    let old = Keyset { expires: Time(GIVEN.0 + 1), ..keys() };
    asked(&old, |host| verify::cancel(&wrapped(&cancel(), &[20]), host)).expect("still");
    let stranger = asked(&keys(), |host| verify::cancel(&wrapped(&cancel(), &[40]), host));
    assert_eq!(stranger, Err(Refusal::BadSig));
    let request = asked(&keys(), |host| verify::cancel(&wrapped(&request(), &[20]), host));
    assert_eq!(request, Err(Refusal::NotADocument));
}

#[test]
fn refusals_have_words_of_their_own() {
    use Refusal as R;
    let all = [
        R::NotADocument,
        R::BadSig,
        R::RevokedKey,
        R::SeverityNotAllowed,
        R::LevelNotAllowed,
        R::NoEngineerSig,
        R::NoLead,
        R::WrongTenant,
        R::WrongHost,
        R::LifetimeTooLong,
        R::KeysetExpired,
        R::Clock,
        R::Expired,
        R::NotYetValid,
    ];
    let words: std::collections::BTreeSet<_> = all.iter().map(|refusal| refusal.word()).collect();
    assert_eq!(words.len(), all.len());
    assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
}

const ROWS: &[Row<'_>] = &[
    Row { id: "crash.core", level: Level::Extended, params: &[] },
    Row {
        id: "logs.messages",
        level: Level::Basic,
        params: &[
            Param { name: "since", range: Range::Span(60, 7 * 86_400) },
            Param { name: "until", range: Range::Moment },
            Param { name: "part", range: Range::Word(&["head", "tail"]) },
        ],
    },
    Row { id: "performance.sample", level: Level::Basic, params: &[Param { name: "seconds", range: Range::Number(1, 300) }] },
];

#[test]
fn t20_what_the_catalogue_does_not_have_rejects_the_whole_request() {
    let catalogue = Catalogue { presets: &["perf", "quick"], rows: ROWS };
    let one = |id: &str, params: &[(&str, Value)]| {
        let scoped = with(|request| request.scope.sources = vec![source(id, params)]);
        fits(&scoped, catalogue).map_err(|misfit| misfit.word())
    };
    assert_eq!(fits(&request(), catalogue), Ok(()));
    assert_eq!(fits(&items(), catalogue), Ok(()));
    let logs = |key, value| one("logs.messages", &[(key, value)]);
    for (key, good) in [("since", "60s"), ("since", "7d"), ("until", "2026-11-23T00:50:00Z"), ("part", "tail")] {
        assert_eq!(logs(key, value(good)), Ok(()), "{key} {good}");
    }
    for (key, bad) in [
        ("since", "59s"),
        ("since", "8d"),
        ("since", "tail"),
        ("since", "2026-11-23T00:50:00Z"),
        ("until", "24h"),
        ("part", "middle"),
    ] {
        assert_eq!(logs(key, value(bad)), Err("out_of_range"), "{key} {bad}");
    }
    assert_eq!(logs("since", Value::Number(60)), Err("out_of_range"));
    assert_eq!(one("performance.sample", &[("seconds", Value::Number(300))]), Ok(()));
    for bad in [0, 301] {
        assert_eq!(one("performance.sample", &[("seconds", Value::Number(bad))]), Err("out_of_range"));
    }
    assert_eq!(logs("path", value("24h")), Err("unknown_param"));
    assert_eq!(one("logs.other", &[]), Err("unknown_source"));
    assert_eq!(one("crash.core", &[]), Err("source_level"));
    let mut far = extended();
    far.scope.sources = vec![source("crash.core", &[])];
    assert_eq!(fits(&far, catalogue), Ok(()));
    let other = with(|request| request.scope.preset = Some(name("deep")));
    let misfit = Misfit::UnknownPreset(name("deep"));
    assert_eq!(misfit.word(), "unknown_preset");
    assert_eq!(fits(&other, catalogue), Err(misfit));
    // One bad source among good ones is enough.
    let mixed = with(|request| request.scope.sources.push(source("zzz", &[])));
    assert_eq!(fits(&mixed, catalogue), Err(Misfit::UnknownSource(name("zzz"))));
}

#[test]
fn values_have_one_form() {
    for (text, seconds) in [("1s", 1), ("90m", 5400), ("24h", 86_400), ("99999d", 99_999 * 86_400)] {
        let span = Span::parse(text).expect(text);
        assert_eq!((span.to_string().as_str(), span.seconds()), (text, seconds));
    }
    for bad in ["", "h", "0h", "024h", "24", "24H", "24 h", "-1h", "+1h", "100000s", "1.5h", "２h"] {
        assert_eq!(Span::parse(bad), None, "{bad}");
    }
    for bad in ["", "/etc", "a/b", "a*", "a?", "a b", "../a", ".a", "-rf", "1a", "a\n", "a[b]", "é", "~a", "$a", &"a".repeat(65)]
    {
        assert_eq!(Name::parse(bad), None, "{bad}");
        serde_json::from_value::<Value>(bad.into()).expect_err(bad);
    }
    for bad in [serde_json::json!(null), serde_json::json!(true), serde_json::json!(["a"]), serde_json::json!(-1)] {
        serde_json::from_value::<Value>(bad).expect_err("not a value");
    }
}

#[test]
fn t14_unknown_and_duplicate_fields_are_refused() {
    refuses_strangers(&extended());
    refuses_strangers(&items());
    refuses_strangers(&cancel());
}

#[test]
fn every_rule_of_a_request_is_kept() {
    let rules = [
        broken(&request(), |paper| paper.not_before = Time(MADE.0 - 1)),
        broken(&request(), |paper| paper.expires = paper.not_before),
        broken(&request(), |paper| paper.expires = Time(MADE.0 + 8 * DAY)),
        broken(&request(), |paper| paper.approved_by = Some(person("li.wei", Role::Lead))),
        broken(&extended(), |paper| paper.approved_by = None),
        broken(&request(), |paper| paper.reason.zh_cn = line(" ")),
        broken(&request(), |paper| paper.reason.en = Line::default()),
        broken(&request(), |paper| paper.case = Line::default()),
        broken(&request(), |paper| paper.max_bytes = 0),
        broken(&request(), |paper| paper.max_bytes = (2 << 30) + 1),
        broken(&request(), |paper| paper.max_seconds = 0),
        broken(&request(), |paper| paper.max_seconds = 3601),
        broken(&request(), |paper| paper.retention_days = 0),
        broken(&request(), |paper| paper.retention_days = 3651),
        broken(&request(), |paper| paper.recipient.processors = vec![line("x"); 21]),
        broken(&request(), |paper| paper.scope.sources.reverse()),
        broken(&request(), |paper| paper.scope.sources[1].id = name("logs.messages")),
        broken(&request(), |paper| paper.scope.ask = Ask::Items),
        broken(&items(), |paper| paper.scope.ask = Ask::Index),
        broken(&items(), |paper| paper.scope.preset = Some(name("perf"))),
        broken(&request(), |paper| {
            paper.scope.preset = None;
            paper.scope.sources.clear();
        }),
        broken(&items(), |paper| paper.scope.held.as_mut().expect("held").items.clear()),
        broken(&items(), |paper| paper.scope.held.as_mut().expect("held").items = vec![1, 1]),
        broken(&items(), |paper| paper.scope.held.as_mut().expect("held").items = (0..1001).collect()),
        broken(&request(), |paper| {
            paper.scope.sources[0].params = (0..9).map(|n| (name(&format!("p{n}")), Value::Number(n))).collect();
        }),
        broken(&cancel(), |paper| paper.reason.en = Line::default()),
    ];
    let different: std::collections::BTreeSet<_> = rules.iter().collect();
    assert_eq!(different.len(), 15, "{different:?}");
}

#[test]
fn a_request_in_the_form_of_the_design_is_read() {
    let text = r#"{"schema":"oediag.request/1","request_id":"r-5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d5d",
 "nonce":"0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e","tenant_id":"t-1042","host_id":"h-abababababababababababababababab",
 "created":"2026-11-23T00:50:00Z","not_before":"2026-11-23T00:50:00Z","expires":"2026-11-24T00:50:00Z",
 "case":"INC-20391","severity":"P2","reason":{"zh-CN":"定位磁盘延迟告警","en":"Locate disk latency alerts"},
 "requested_by":{"id":"li.wei","name":"Li Wei","role":"engineer","auth":"oidc+mfa"},"approved_by":null,
 "scope":{"level":"basic","preset":"perf","sources":[{"id":"logs.messages","params":{"since":"24h"}},
  {"id":"performance.sample","params":{"seconds":60}}]},
 "redaction_min":"standard","max_bytes":268435456,"max_seconds":600,"retention_days":30,
 "recipient":{"name":"openEuler Support Center","country":"CN","processors":[]},"purpose":"incident-diagnosis","deliver":"upload"}"#;
    let made = Time::parse("2026-11-23T00:50:00Z").expect("a time");
    let same = with(|request| {
        (request.created, request.not_before, request.expires) = (made, made, Time(made.0 + DAY));
    });
    assert_eq!(document::parse::<Request>(text.as_bytes()), Ok(same));
}

fn values() -> impl Strategy<Value = Value> {
    let span = (1..=99_999_u32, select(vec!['s', 'm', 'h', 'd'])).prop_map(|(count, unit)| value(&format!("{count}{unit}")));
    let moment = (0..4_000_000_000_i64).prop_map(|at| Value::Moment(Time(at)));
    let word = "[A-Za-z][A-Za-z0-9._@:-]{0,63}".prop_map(|text| Value::Word(name(&text)));
    prop_oneof![(0..1_u64 << 53).prop_map(Value::Number), span, moment, word]
}

prop_compose! {
    fn requests()(
        ids in any::<([u8; 16], [u8; 16], [u8; 16])>(),
        (created, wait, life) in (0..4_000_000_000_i64, 0..DAY, 1..6 * DAY),
        texts in proptest::collection::vec("[!-~é中文😀]{1,40}", 5),
        sources in btree_map("[a-z]{1,8}\\.[a-z_]{1,8}", btree_map("[a-z]{1,8}", values(), 0..8), 1..20),
        preset in option::of("[a-z]{1,9}"),
        (far, index, carry) in any::<(bool, bool, bool)>(),
        severity in select(vec![Severity::P1, Severity::P2, Severity::P3, Severity::P4]),
        (bytes, seconds, days) in (1..=2_u64 << 30, 1..=3600_u64, 1..=3650_u32),
    ) -> Request {
        let mut paper = if far { extended() } else { request() };
        (paper.request_id, paper.nonce, paper.host_id) = (RequestId(ids.0), Nonce(ids.1), HostId(ids.2));
        paper.created = Time(created);
        paper.not_before = Time(created + wait);
        paper.expires = Time(created + wait + life);
        [paper.case, paper.reason.zh_cn, paper.reason.en, paper.purpose, paper.requested_by.name] =
            std::array::from_fn(|n| line(&texts[n]));
        let row = |(id, params): (String, std::collections::BTreeMap<String, Value>)| {
            let params: Vec<_> = params.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
            source(&id, &params)
        };
        paper.scope.sources = sources.into_iter().map(row).collect();
        paper.scope.preset = preset.map(|preset| name(&preset));
        paper.scope.ask = if index { Ask::Index } else { Ask::Bundle };
        paper.deliver = if carry { oediag_protocol::request::paper::Deliver::Carry } else { paper.deliver };
        paper.severity = severity;
        (paper.max_bytes, paper.max_seconds, paper.retention_days) = (bytes, seconds, days);
        paper
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// T14 for the request; `PROPTEST_CASES=10000` for the full number.
    #[test]
    fn t14_requests_round_trip(request in requests()) {
        let bytes = document::to_bytes(&request).expect("JSON");
        prop_assert_eq!(document::parse::<Request>(&bytes), Ok(request));
    }

    /// T14 for the cancellation.
    #[test]
    fn t14_cancellations_round_trip(ids in any::<([u8; 16], [u8; 16])>(), at in 0..4_000_000_000_i64, text in "[!-~中文]{1,40}") {
        let mut paper = cancel();
        (paper.request_id, paper.host_id, paper.created) = (RequestId(ids.0), HostId(ids.1), Time(at));
        paper.reason.en = line(&text);
        let bytes = document::to_bytes(&paper).expect("JSON");
        prop_assert_eq!(document::parse::<Cancel>(&bytes), Ok(paper));
    }
}
