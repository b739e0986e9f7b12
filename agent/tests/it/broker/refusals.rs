//! What the broker does not listen to (T15, T18, T20, T22, T23, T61). In: papers and noise. Out: verdicts.

use super::*;

/// What a test changes in a good request before it is signed, by whom it is signed, and the word that comes back.
type Wrong = (&'static str, fn(&mut Request), &'static [u8]);
/// What a test changes in a request that is signed as it must be, and the word that comes back.
type Misfit = (&'static str, fn(&mut Request));

#[test]
fn t15_t18_t20_t22_t23_what_is_not_right_is_refused_with_its_word_in_the_ledger() {
    let broker = Broker::new("broker-refusals");
    let rows: &[Wrong] = &[
        ("bad_sig", |_| {}, &[31]),
        ("bad_sig", |_| {}, &[30]),
        ("bad_sig", |_| {}, &[10, 11]),
        ("revoked_key", |_| {}, &[22]),
        ("severity_not_allowed", |request| request.severity = Severity::P1, &[21]),
        ("wrong_host", |request| request.host_id = HostId([9; 16]), &[20]),
        ("wrong_tenant", |request| request.tenant_id = TenantId::parse("t-7").expect("a tenant"), &[20]),
        (
            "expired",
            |request| {
                let made = Time(now().0 - 7200);
                (request.created, request.not_before, request.expires) = (made, made, Time(made.0 + 3600));
            },
            &[20],
        ),
        ("not_yet_valid", |request| (request.not_before, request.expires) = (Time(now().0 + 3600), Time(now().0 + 7200)), &[20]),
        (
            "no_engineer_sig",
            |request| {
                request.scope.level = Level::Extended;
                request.approved_by = Some(Person { id: line("zhao.min"), role: Role::Lead, ..request.requested_by.clone() });
            },
            &[20],
        ),
    ];
    for (at, (word, change, seeds)) in rows.iter().enumerate() {
        let mut request = broker.request(at as u8 + 1);
        change(&mut request);
        let ask = Ask::Take { kind: Kind::Request, object: by(&request, seeds) };
        broker.refuses(&ask, word);
        let lines = broker.ledger().len();
        // Brought again, it is refused again, and one line is enough.
        broker.refuses(&ask, word);
        let ledger = broker.ledger();
        assert_eq!(ledger.len(), lines);
        let last = ledger.last().expect("a line");
        assert_eq!((last.ev, last.why.as_ref().map(Reason::as_str)), (Event::Rejected, Some(*word)));
    }
    assert_eq!(broker.rows(), []);
    // A paper is what its signature says, not what it is said to be.
    let good = broker.request(99);
    broker.refuses(&Ask::Take { kind: Kind::Cancel, object: by(&good, &[20]) }, "not_a_document");
    broker.refuses(&Ask::Take { kind: Kind::Keyset, object: by(&good, &[20]) }, "keyset");
    broker.refuses(&Ask::Take { kind: Kind::Log, object: by(&good, &[20]) }, "bad_sig");

    // Genuine, but it asks for what is not there, or for more than it may: rejected as a whole, and the center is told.
    let misfits: &[Misfit] = &[
        ("unknown_source", |request| request.scope.sources = vec![source("no.such")]),
        ("unknown_preset", |request| request.scope.preset = Some(name("everything"))),
        ("unknown_param", |request| request.scope.sources[0].params = [(name("path"), Value::Number(1))].into()),
        ("out_of_range", |request| {
            let years = serde_json::from_value("99999d".into()).expect("a value");
            request.scope.sources[1].params = [(name("since"), years)].into();
        }),
        ("policy", |request| request.max_bytes = 1 << 30),
    ];
    for (at, (word, change)) in misfits.iter().enumerate() {
        let mut request = broker.request(at as u8 + 100);
        change(&mut request);
        broker.done(&Broker::take(&request));
        let row = broker.rows().into_iter().find(|row| row.id == request.request_id).expect("it is there");
        assert_eq!((row.state, row.why.as_ref().map(Reason::as_str)), (State::Rejected, Some(*word)));
        broker.refuses(&Ask::Approve { id: request.request_id, sudo_uid: None }, "not_now");
    }
    assert_eq!(broker.outgoing().0.iter().filter(|letter| letter.path.ends_with("/events")).count(), misfits.len());
    assert_eq!(broker.count(Event::Collecting), 0);
}

#[test]
fn t61_noise_on_the_socket_does_nothing() {
    let broker = Broker::new("broker-noise");
    let request = broker.request(1);
    broker.done(&Broker::take(&request));
    let lines = broker.ledger().len();
    // Signed by nobody who may.
    let forged = Ask::Take { kind: Kind::Request, object: by(&broker.request(2), &[31]) };
    let good = serde_json::to_vec(&forged).expect("JSON");
    let mut number = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        number
    };
    let say = |bytes: &[u8]| {
        let mut stream = UnixStream::connect(&broker.socket).expect("it listens");
        // It may close before all is said.
        stream.write_all(bytes).unwrap_or_default();
        stream.shutdown(std::net::Shutdown::Write).unwrap_or_default();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap_or_default();
        answer
    };
    for _ in 0..300 {
        // The verb and the lengths change; the signed bytes inside no longer fit their signature where they are hit.
        let mut bytes = good.clone();
        for _ in 0..=next() % 4 {
            let at = next() as usize % bytes.len();
            bytes[at] = next() as u8;
        }
        bytes.retain(|byte| *byte != b'\n');
        bytes.push(b'\n');
        let answer = String::from_utf8(say(&bytes)).expect("text");
        assert!(answer.contains("refused"), "{answer}");
    }
    for bytes in [&b""[..], b"\n", b"{}\n", b"{\"ask\":\"hello\",\"x\":1}\n", b"{\"ask\":\"hello\",\"ask\":\"list\"}\n", b"[]\n"]
    {
        let answer = String::from_utf8(say(bytes)).expect("text");
        assert!(answer.contains("not_a_question"), "{answer}");
    }
    let long = [vec![b' '; 70_000], b"{\"ask\":\"hello\"}\n".to_vec()].concat();
    assert!(!String::from_utf8_lossy(&say(&long)).contains("hello"));
    // Those who say nothing hold nobody up for longer than their time.
    let silent: Vec<UnixStream> = (0..10).map(|_| UnixStream::connect(&broker.socket).expect("it listens")).collect();
    assert_eq!(broker.rows().len(), 1);
    drop(silent);
    let ledger = broker.ledger();
    assert!(ledger[lines..].iter().all(|entry| entry.ev == Event::Rejected));
    assert_eq!(broker.outgoing().1, []);
}

#[test]
fn t61_the_broker_runs_under_its_own_filter() {
    let broker = Broker::new("broker-filter");
    let pid = broker.child.as_ref().expect("it runs").id();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    // It looked itself whether a socket of a network can be made, and would not have begun otherwise.
    for line in ["Seccomp:\t2", "NoNewPrivs:\t1"] {
        assert!(status.contains(line), "{status}");
    }
    assert!(oediag::broker::filter::holds().is_err(), "here, without the filter, the look says so");
}
