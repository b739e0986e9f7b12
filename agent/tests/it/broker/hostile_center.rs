//! A compromised center (T14 to T16, T18 to T20, T22, T23, T27): whatever it signs, forges and repeats, nothing is collected or sent.
//! In: rows of hostile papers, through the real agent where it passes them on, else on the broker's socket. Out: a table and verdicts.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_protocol::{
    document,
    inbox::{self, Inbox},
    json,
};

use super::{
    with_agent::{agent, end, wait},
    *,
};

/// A paper, where it is offered, and the reason in the ledger; none where it is no news, or no paper at all.
struct Hostile {
    name: &'static str,
    kind: Kind,
    paper: Signed,
    word: Option<&'static str>,
}

/// Signs bytes that need not be a good document.
fn raw<T: Document>(payload: &[u8], seeds: &[u8]) -> Signed {
    let signature = |seed: &u8| {
        let key = key(*seed);
        let sshsig = key.sign(T::NAMESPACE, payload).expect("signing");
        serde_json::json!({"keyid": key.public().fingerprint(), "sshsig": sshsig})
    };
    let signatures: Vec<_> = seeds.iter().map(signature).collect();
    wrapped::<T>(payload, &serde_json::Value::Array(signatures))
}

fn wrapped<T: Document>(payload: &[u8], signatures: &serde_json::Value) -> Signed {
    let object = serde_json::json!({
        "schema": "oediag.signed/1", "type": T::NAMESPACE.as_str(), "payload": BASE64.encode(payload), "sigs": signatures,
    });
    serde_json::from_value(object).expect("the wrapper")
}

/// Other bytes under the signatures of a good paper.
fn moved<T: Document>(good: &Signed, payload: &[u8]) -> Signed {
    let object = serde_json::to_value(good).expect("JSON");
    wrapped::<T>(payload, &object["sigs"])
}

/// A good request with a piece of its text changed, and signed as it is then.
fn bent(good: &Request, from: &str, to: &str, seeds: &[u8]) -> Signed {
    let text = String::from_utf8(document::to_bytes(good).expect("a good document")).expect("text");
    assert!(text.contains(from), "{from} is not in {text}");
    raw::<Request>(text.replacen(from, to, 1).as_bytes(), seeds)
}

fn extended(request: Request) -> Request {
    let lead = Person { id: line("zhao.min"), role: Role::Lead, ..request.requested_by.clone() };
    Request { scope: Scope { level: Level::Extended, ..request.scope.clone() }, approved_by: Some(lead), ..request }
}

/// How a good request is changed before somebody signs it, by whom, and the word.
type Changed = (&'static str, fn(&mut Request), &'static [u8], &'static str);
/// What is replaced in the text of a good request before it is signed, by whom, and the word.
type Bent = (&'static str, &'static str, &'static str, &'static str);

const CHANGED: &[Changed] = &[
    ("signed by nobody we know", |_| {}, &[33], "bad_sig"),
    ("signed with the ack key", |_| {}, &[30], "bad_sig"),
    ("signed with two root keys", |_| {}, &[10, 11], "bad_sig"),
    ("signed by an engineer alone", |_| {}, &[40], "bad_sig"),
    ("signed with a revoked key", |_| {}, &[22], "revoked_key"),
    ("severity above the key", |request| request.severity = Severity::P1, &[21], "severity_not_allowed"),
    (
        "level above the key",
        |request| (*request, request.severity) = (extended(request.clone()), Severity::P3),
        &[21, 40],
        "level_not_allowed",
    ),
    ("extended, no engineer signed", |request| *request = extended(request.clone()), &[20], "no_engineer_sig"),
    ("extended, a stranger signed", |request| *request = extended(request.clone()), &[20, 41], "no_engineer_sig"),
    (
        "extended, another engineer signed",
        |request| {
            *request = extended(request.clone());
            request.requested_by.id = line("wang.fang");
        },
        &[20, 40],
        "no_engineer_sig",
    ),
    ("another host's", |request| request.host_id = HostId([9; 16]), &[20], "wrong_host"),
    ("another tenant's", |request| request.tenant_id = TenantId::parse("t-7").expect("a tenant"), &[20], "wrong_tenant"),
    (
        "expired",
        |request| {
            let made = Time(now().0 - 7200);
            (request.created, request.not_before, request.expires) = (made, made, Time(made.0 + 3600));
        },
        &[20],
        "expired",
    ),
    (
        "not yet valid",
        |request| (request.not_before, request.expires) = (Time(now().0 + 3600), Time(now().0 + 7200)),
        &[20],
        "not_yet_valid",
    ),
    ("unknown collector", |request| request.scope.sources = vec![source("no.such")], &[20], "unknown_source"),
    ("unknown preset", |request| request.scope.preset = Some(name("everything")), &[20], "unknown_preset"),
    (
        "unknown parameter",
        |request| request.scope.sources[0].params = [(name("path"), Value::Number(1))].into(),
        &[20],
        "unknown_param",
    ),
    (
        "parameter out of range",
        |request| {
            let years = serde_json::from_value("99999d".into()).expect("a value");
            request.scope.sources[1].params = [(name("since"), years)].into();
        },
        &[20],
        "out_of_range",
    ),
    ("larger than the policy allows", |request| request.max_bytes = 1 << 30, &[20], "policy"),
    ("the id of a known one", |request| request.request_id = RequestId([1; 16]), &[20], "replay"),
    ("the nonce of a known one", |request| request.nonce = Nonce([1; 16]), &[20], "replay"),
];

const BENT: &[Bent] = &[
    ("extended without a lead", "\"level\": \"basic\"", "\"level\": \"extended\"", "no_lead"),
    ("a path as a source", "\"kernel.cmdline\"", "\"../../etc/shadow\"", "not_a_document"),
    ("a path as a parameter", "\"params\": {}", "\"params\": {\"since\": \"/etc/shadow\"}", "not_a_document"),
    ("a pattern as a parameter", "\"params\": {}", "\"params\": {\"since\": \"x*\"}", "not_a_document"),
    ("a command beside it", "\"case\"", "\"command\": \"id\", \"case\"", "not_a_document"),
    ("a field twice", "\"case\"", "\"case\": \"INC-1\", \"case\"", "not_a_document"),
    ("a newer schema", "oediag.request/1", "oediag.request/2", "not_a_document"),
    ("control characters in the reason", "Locate disk", "\\u001b[2JLocate", "not_a_document"),
    ("a path as its id", "\"r-", "\"../r-", "not_a_document"),
    ("cut in the middle", "\"case\"", "", "not_a_document"),
    ("below the least redaction", "\"standard\"", "\"none\"", "not_a_document"),
];

/// Papers that the agent fetches: what its inbox names.
fn papers(broker: &Broker, known: &Request) -> Vec<Hostile> {
    let mut rows = Vec::new();
    let mut row = |name, kind, paper, word| rows.push(Hostile { name, kind, paper, word });
    let mut seed = 10;
    let mut fresh = || {
        seed += 1;
        broker.request(seed)
    };
    for (name, change, seeds, word) in CHANGED {
        let mut request = fresh();
        change(&mut request);
        row(name, Kind::Request, by(&request, seeds), Some(*word));
    }
    for (name, from, to, word) in BENT {
        row(name, Kind::Request, bent(&fresh(), from, to, &[20]), Some(*word));
    }
    let mut long = fresh();
    long.expires = Time(long.created.0 + 7 * 86_400);
    let later = Time(long.expires.0 + 86_400).to_string();
    let paper = bent(&long, &long.expires.to_string(), &later, &[20]);
    row("lives for eight days", Kind::Request, paper, Some("lifetime_too_long"));
    let good = by(&fresh(), &[20]);
    let mut wider = fresh();
    wider.scope.sources.push(source("logs.secure"));
    let wider = document::to_bytes(&wider).expect("a good document");
    row("widened after signing", Kind::Request, moved::<Request>(&good, &wider), Some("bad_sig"));
    row("signed, but no JSON", Kind::Request, raw::<Request>(b"collect everything", &[20]), Some("not_a_document"));
    row("the same bytes again", Kind::Request, by(known, &[20]), None);
    let cancel = |host_id, id: RequestId, seeds: &[u8]| {
        let Ask::Take { object, .. } = broker.cancel(id) else { panic!("a cancellation") };
        let cancel: Cancel = object.open(&[key(20).public()], 1).expect("a cancellation");
        by(&Cancel { host_id, ..cancel }, seeds)
    };
    let (home, id) = (broker.host_id, known.request_id);
    row("a cancellation as a request", Kind::Request, cancel(home, RequestId([201; 16]), &[20]), Some("not_a_document"));
    row("a request as a cancellation", Kind::Cancel, by(&fresh(), &[20]), Some("not_a_document"));
    row("cancels what never came", Kind::Cancel, cancel(home, RequestId([202; 16]), &[20]), Some("unknown_request"));
    row("cancels for another host", Kind::Cancel, cancel(HostId([9; 16]), id, &[20]), Some("wrong_host"));
    row("a forged cancellation", Kind::Cancel, cancel(home, RequestId([203; 16]), &[31]), Some("bad_sig"));
    let deletion = |receipt_id, tenant_id, seeds: &[u8]| {
        let deletion = Deletion {
            schema: deletion::Schema::V1,
            receipt_id,
            bundle_id: oediag_protocol::id::BundleId([3; 16]),
            host_id: home,
            tenant_id,
            trigger: deletion::Trigger::Withdrawn,
            deleted_at: now(),
            stores: vec![deletion::Store::Object],
            backups_gone_by: now(),
            kept: vec![deletion::Store::Receipt],
            log_index: 8,
        };
        by(&deletion, seeds)
    };
    row(
        "deletion under another's receipt",
        Kind::Deletion,
        deletion(ReceiptId([3; 16]), tenant(), &[30]),
        Some("unknown_receipt"),
    );
    row("deletion signed with the request key", Kind::Deletion, deletion(ReceiptId([4; 16]), tenant(), &[20]), Some("bad_sig"));
    rows
}

/// Papers for the socket: after the first refused keyset the agent gives up for a while, and an inbox has one head.
fn on_the_socket() -> Vec<Hostile> {
    let row = |name, kind, paper, word| Hostile { name, kind, paper, word };
    let head = |seq: u64, byte: u8, seed| {
        let head = LedgerHead { seq, hash: Sha256([byte; 32]) };
        by(&audit::Head { schema: audit::Schema::V1, at: now(), head }, &[seed])
    };
    let changed = Keyset { center: line("elsewhere.example.cn"), ..keys(2) };
    vec![
        row("keyset that skips one", Kind::Keyset, by(&keys(3), &[10, 11]), Some("keyset")),
        row("keyset by one root", Kind::Keyset, by(&Keyset { issued: Time(now().0 - 1), ..keys(2) }, &[10]), Some("keyset")),
        row("keyset by the request key", Kind::Keyset, by(&Keyset { issued: now(), ..keys(2) }, &[20, 21]), Some("keyset")),
        row("the next keyset, which is good", Kind::Keyset, by(&keys(2), &[10, 12]), None),
        row("keyset rolled back", Kind::Keyset, by(&keys(1), &[10, 11]), Some("keyset")),
        row("keyset of the same version, changed", Kind::Keyset, by(&changed, &[10, 11]), Some("keyset")),
        row("a log head, which is good", Kind::Log, head(9, 1, 30), None),
        row("log head that went back", Kind::Log, head(4, 2, 30), Some("log_conflict")),
        row("log head rewritten", Kind::Log, head(9, 3, 30), Some("log_conflict")),
        row("log head by the request key", Kind::Log, head(12, 4, 20), Some("bad_sig")),
    ]
}

/// The inbox with everything, and the papers where it says that they lie.
fn served(center: &Center, version: u64, rows: &[Hostile]) {
    let (mut requests, mut cancels, mut deletions) = (Vec::new(), Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let place = [at as u8 + 1; 16];
        let path = match row.kind {
            Kind::Request => {
                requests.push(RequestId(place));
                format!("/v1/requests/{}", RequestId(place))
            }
            Kind::Cancel => {
                cancels.push(RequestId(place));
                format!("/v1/requests/{}/cancel", RequestId(place))
            }
            Kind::Deletion => {
                deletions.push(ReceiptId(place));
                format!("/v1/deletions/{}", ReceiptId(place))
            }
            Kind::Keyset | Kind::Log => panic!("{} is for the socket", row.name),
        };
        center.known().papers.insert(path, json::to_bytes(&row.paper).expect("JSON"));
    }
    let inbox = Inbox {
        schema: inbox::Schema::V1,
        next_poll_s: 5,
        requests,
        cancels,
        keyset_version: 1,
        deletions,
        wants_catalogue: false,
        log: None,
    };
    center.known().inbox = (version, Some(inbox));
}

#[test]
fn t15_t16_t19_t20_t22_t23_nothing_that_a_hostile_center_says_is_done() {
    let center = Center::new(|_, _| None, |_, _| None, &[keys(1)]);
    let broker = Broker::enrolled("hostile-center", &center);
    // One that waits, one that was taken back: what is genuine at a customer's.
    let (known, gone) = (broker.request(1), broker.request(2));
    for request in [&known, &gone] {
        broker.done(&Broker::take(request));
    }
    broker.done(&broker.cancel(gone.request_id));
    let mut rows = papers(&broker, &known);
    let Ask::Take { object: twice, .. } = broker.cancel(gone.request_id) else { panic!("a cancellation") };
    rows.push(Hostile { name: "cancels twice", kind: Kind::Cancel, paper: twice, word: None });
    let before = broker.ledger().len();

    broker.done(&Ask::Session { minutes: 60 });
    served(&center, 1, &rows);
    let running = agent(&broker);
    let fetched = || center.count("fetch");
    wait(&broker, "the last paper", || fetched() >= rows.len());
    // Longer than any paper may be: the agent does not read it to its end, and what it names beside it is not lost.
    let huge = format!("/v1/requests/{}", RequestId([250; 16]));
    center.known().papers.insert(huge, vec![b' '; 4 << 20]);
    if let (version, Some(inbox)) = &mut center.known().inbox {
        *version = 2;
        inbox.requests = vec![RequestId([250; 16])];
        (inbox.cancels, inbox.deletions) = (Vec::new(), Vec::new());
    }
    wait(&broker, "the huge paper", || fetched() > rows.len());
    let refused = |row: &Hostile| {
        let of = |line: &&Entry| line.ev == Event::Rejected && line.obj == Some(row.paper.digest());
        broker
            .ledger()
            .iter()
            .filter(of)
            .map(|line| line.why.as_ref().map_or(String::new(), ToString::to_string))
            .collect::<Vec<_>>()
    };
    wait(&broker, "the last verdict", || rows.iter().all(|row| refused(row).len() == usize::from(row.word.is_some())));
    end(running, Signal::SIGTERM);

    for row in on_the_socket() {
        let ask = Ask::Take { kind: row.kind, object: row.paper.clone() };
        match row.word {
            Some(word) => broker.refuses(&ask, word),
            None => broker.done(&ask),
        }
        rows.push(row);
    }
    for (at, row) in rows.iter().enumerate() {
        let found = refused(row);
        println!("{:2} {:40} {:9} {}", at + 1, row.name, format!("{:?}", row.kind), found.join(" "));
        assert_eq!(
            found.iter().map(String::as_str).collect::<Vec<_>>(),
            row.word.into_iter().collect::<Vec<_>>(),
            "{}",
            row.name
        );
    }
    // No paper at all: no line either.
    let lines = broker.ledger().len();
    for noise in ["[]", "{\"ask\":\"take\"}", "{\"ask\":\"hello\",\"ask\":\"take\"}", "\u{0}"] {
        let mut stream = UnixStream::connect(&broker.socket).expect("it listens");
        writeln!(stream, "{noise}").expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.contains("not_a_question"), "{noise}: {answer}");
    }
    assert_eq!(broker.ledger().len(), lines);

    assert!(rows.len() >= 30, "{}", rows.len());
    let expected = rows.iter().filter(|row| row.word.is_some()).count();
    let ledger = broker.ledger();
    let count = |ev| ledger[before..].iter().filter(|line| line.ev == ev).count();
    assert_eq!(count(Event::Rejected), expected);
    for never in [Event::Approved, Event::Collecting, Event::Released, Event::Uploading, Event::Cancelled] {
        assert_eq!(count(never), 0, "{never:?}");
    }
    // Nothing was made for anybody, nothing lies there to be sent, nothing but polls, papers and letters went to the center.
    assert_eq!((broker.host.receipts(), broker.host.outbox()), (0, Vec::new()));
    assert!(broker.rows().iter().all(|row| broker.bundles(row.id) == 0));
    assert_eq!((broker.state(known.request_id), broker.state(gone.request_id)), (State::Pending, State::Cancelled));
    for step in ["consent", "create", "send", "finish"] {
        assert_eq!(center.count(step), 0, "{step}");
    }
    broker.host.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn t22_an_extended_request_with_a_lead_and_the_engineer_s_signature_is_taken() {
    let broker = Broker::new("broker-extended");
    let request = extended(broker.request(1));
    broker.done(&Ask::Take { kind: Kind::Request, object: by(&request, &[20, 40]) });
    assert_eq!(broker.state(request.request_id), State::Pending);
    assert_eq!(broker.count(Event::Rejected), 0);
}

#[test]
fn t24_where_the_clock_is_in_doubt_no_rule_decides_and_a_person_is_warned() {
    let year = 365 * 86_400;
    // The same rule agrees under a clock that the keyset bears out.
    for (test, shift, expected) in [("clock-right", 0, State::Uploading), ("clock-behind", year, State::Pending)] {
        let then = Time(now().0 + shift);
        let keyset = Keyset { issued: Time(then.0 - 86_400), expires: Time(then.0 + 86_400), ..keys(1) };
        let broker = Broker::with(test, &keyset);
        let policy = format!(
            "[[auto]]\nname = \"p2\"\nseverity = [\"P2\"]\nlevel = \"basic\"\npresets = []\n\
             sources = [\"kernel.cmdline\", \"logs.messages\"]\nmax_bytes = \"256M\"\nper_day = 9\n\
             collect = \"approve\"\nrelease = \"approve\"\nvalid_until = \"{}\"\n",
            &Time(now().0 + 30 * 86_400).to_string()[..10]
        );
        fs::write(broker.host.state().join("etc/policy.toml"), policy).expect("it can be written");
        let request = Request { created: then, not_before: then, expires: Time(then.0 + 3600), ..broker.request(1) };
        broker.done(&Broker::take(&request));
        broker.becomes(request.request_id, expected);
        let Answer::Request(shown) = broker.ask(&Ask::Show { id: request.request_id }) else { panic!("a request") };
        assert_eq!(shown.clock_trusted, shift == 0);
        let socket = broker.socket.to_str().expect("UTF-8");
        let page = broker.host.run(&["requests", "show", &request.request_id.to_string(), "--socket", socket]).ends(0).out;
        assert_eq!(page.contains("clock of this host"), shift != 0, "{page}");
        if shift != 0 {
            // The keyset is of a year ahead: a clock that is behind it makes no old request young again.
            let made = Time(now().0 - 60);
            let old = Request { created: made, not_before: made, expires: Time(made.0 + 3600), ..broker.request(2) };
            broker.refuses(&Broker::take(&old), "expired");
            assert_eq!(broker.count(Event::Collecting), 0);
        }
    }
    // A year ahead: the keyset's time is over, and nothing is listened to.
    let keyset = Keyset { issued: Time(now().0 - year - 86_400), expires: Time(now().0 - year), ..keys(1) };
    let broker = Broker::with("clock-ahead", &keyset);
    broker.refuses(&Broker::take(&broker.request(1)), "keyset_expired");
}
