//! The real broker on its socket: what it takes and refuses, that it collects once, that only what was shown and agreed to is handed out.
//! (T15, T18 to T24, T27, T61.) In: papers of a center of our own. Out: verdicts.

mod requests;
mod with_agent;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use oediag::{
    broker::{
        client,
        wire::{Answer, Ask, Kind, Lang, Letter, Preview, Row, Upload},
    },
    enrolment::{Enrolment, Said},
    release::{receipt::Receipt, withdraw},
};
use oediag_collector::state::{Home, State as Place};
use oediag_protocol::{
    ack::{self, Ack, Stored},
    audit,
    bundle::manifest::LedgerHead,
    consent::Level,
    deletion::{self, Deletion},
    digest::Sha256,
    document::Document,
    envelope::Envelope,
    id::{HostId, ReceiptId, RequestId, TenantId},
    keyset::{Keyset, RequestKey, Revoked, Severity},
    ledger::{Entry, Event, Reason},
    request::{
        cancel::{self, Cancel},
        event::StatusEvent,
        life::State,
        paper::{self, Ask as Wanted, Deliver, Nonce, Person, Recipient, Redaction, Request, Role, Scope, Source, Words},
        value::{Name, Value},
    },
    signed::Signed,
    text::Line,
    time::Time,
};

use crate::{
    center::{key, keyset, now, tenant},
    host::Host,
};

/// How long anything may take on a busy machine.
const LONG: Duration = Duration::from_mins(3);

pub(crate) fn line(text: &str) -> Line {
    Line::parse(text).expect("a line")
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// The keys of the center: request keys 20, and 21 for P3 and basic; engineer 40.
fn keys(version: u64) -> Keyset {
    let mut keys = keyset(version);
    let both = vec![Level::Basic, Level::Extended];
    keys.request.keys = vec![
        RequestKey { key: key(20).public(), max_severity: Severity::P1, scopes: both },
        RequestKey { key: key(21).public(), max_severity: Severity::P3, scopes: vec![Level::Basic] },
        RequestKey { key: key(22).public(), max_severity: Severity::P1, scopes: vec![Level::Basic] },
    ];
    keys.revoked = vec![Revoked { keyid: line(&key(22).public().fingerprint()), since: Time(0) }];
    keys
}

fn by<T: Document>(document: &T, seeds: &[u8]) -> Signed {
    let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
    Signed::new(document, &keys.iter().collect::<Vec<_>>()).expect("signing")
}

/// A host with a broker.
struct Broker {
    host: Host,
    root: PathBuf,
    socket: PathBuf,
    child: Option<Child>,
    host_id: HostId,
}

impl Broker {
    fn new(test: &str) -> Self {
        Self::examining(test, PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/roots/openeuler-22.03-sp3-aarch64"))
    }

    /// A host whose log takes a while to read.
    fn slow(test: &str) -> Self {
        let root = Host::new(&format!("{test}-root")).folder;
        fs::create_dir_all(root.join("var/log")).expect("the folder can be made");
        fs::create_dir_all(root.join("etc")).expect("the folder can be made");
        fs::write(root.join("etc/os-release"), "ID=openEuler\nVERSION=\"22.03\"\n").expect("it can be written");
        let log = "Nov 23 01:02:03 host app: request from 192.0.2.17 by user li took 17 ms\n".repeat(150_000);
        fs::write(root.join("var/log/messages"), log).expect("it can be written");
        Self::examining(test, root)
    }

    fn examining(test: &str, root: PathBuf) -> Self {
        let host = Host::new(test);
        let place = Place::open(Some(&host.state()), &Home::Root).expect("a state");
        let host_id = place.identity().expect("an identity").host_id;
        // The folder whose owner is the agent.
        place.transport_key().expect("a key");
        let first = keys(1);
        let pin = first.root.pin();
        let signed = vec![by(&first, &[10, 11])];
        let url = "https://support.example.cn".parse().expect("an address");
        let enrolment = Enrolment::new(now(), url, None, host_id, tenant(), pin, Said::default(), first, signed);
        enrolment.store(&place).expect("it is stored");
        // Paths of sockets are short.
        let socket = std::env::temp_dir().join(format!("oediag-{}-{test}.sock", std::process::id()));
        let mut this = Self { host, root, socket, child: None, host_id };
        this.start();
        this
    }

    fn start(&mut self) {
        let (socket, root) = (self.socket.to_str().expect("UTF-8"), self.root.to_str().expect("UTF-8"));
        let mut command = self.host.command(&["broker", "--socket", socket, "--root", root]);
        let log = fs::File::options().create(true).append(true).open(self.host.folder.join("broker.log")).expect("a log");
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("the broker starts");
        self.child = Some(child);
        let begun = Instant::now();
        while UnixStream::connect(&self.socket).is_err() {
            assert!(begun.elapsed() < LONG, "{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut child) = self.child.take() else { return };
        kill(Pid::from_raw(child.id().cast_signed()), signal).expect("it runs");
        child.wait().expect("it ends");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.host.folder.join("broker.log")).unwrap_or_default()
    }

    fn ask(&self, ask: &Ask) -> Answer {
        client::ask(&self.socket, ask).unwrap_or_else(|error| panic!("{ask:?}: {error:?}\n{}", self.log())).0
    }

    #[track_caller]
    fn done(&self, ask: &Ask) {
        assert_eq!(self.ask(ask), Answer::Done, "{ask:?}\n{}", self.log());
    }

    #[track_caller]
    fn refuses(&self, ask: &Ask, expected: &str) {
        match self.ask(ask) {
            Answer::Refused { word, .. } => assert_eq!(word.as_str(), expected, "{ask:?}"),
            other => panic!("{ask:?}: {other:?}, not {expected}"),
        }
    }

    fn take(request: &Request) -> Ask {
        Ask::Take { kind: Kind::Request, object: by(request, &[20]) }
    }

    fn rows(&self) -> Vec<Row> {
        match self.ask(&Ask::List) {
            Answer::Requests { rows, .. } => rows,
            other => panic!("{other:?}"),
        }
    }

    fn state(&self, id: RequestId) -> State {
        self.rows().iter().find(|row| row.id == id).expect("it is there").state
    }

    #[track_caller]
    fn becomes(&self, id: RequestId, state: State) {
        let begun = Instant::now();
        while self.state(id) != state {
            assert!(begun.elapsed() < LONG, "{:?}, not {state:?}\n{}", self.state(id), self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ledger(&self) -> Vec<Entry> {
        let text = fs::read(self.host.state().join("ledger.jsonl")).unwrap_or_default();
        text.split_inclusive(|byte| *byte == b'\n').map(|line| Entry::parse(line).expect("a line")).collect()
    }

    fn count(&self, ev: Event) -> usize {
        self.ledger().iter().filter(|entry| entry.ev == ev).count()
    }

    fn request(&self, seed: u8) -> Request {
        let made = now();
        Request {
            schema: paper::Schema::V1,
            request_id: RequestId([seed; 16]),
            nonce: Nonce([seed; 16]),
            tenant_id: tenant(),
            host_id: self.host_id,
            created: made,
            not_before: made,
            expires: Time(made.0 + 86_400),
            case: line("INC-20391"),
            severity: Severity::P2,
            reason: Words { zh_cn: line("定位磁盘延迟告警"), en: line("Locate disk latency alerts") },
            requested_by: Person { id: line("li.wei"), name: line("Li Wei"), role: Role::Engineer, auth: line("oidc+mfa") },
            approved_by: None,
            scope: Scope {
                level: Level::Basic,
                ask: Wanted::Bundle,
                preset: None,
                sources: vec![source("kernel.cmdline"), source("logs.messages")],
                held: None,
            },
            redaction_min: Redaction::Standard,
            max_bytes: 256 << 20,
            max_seconds: 600,
            retention_days: 30,
            recipient: Recipient { name: line("openEuler Support Center"), country: line("CN"), processors: Vec::new() },
            purpose: line("incident-diagnosis"),
            deliver: Deliver::Upload,
        }
    }

    fn cancel(&self, id: RequestId) -> Ask {
        let cancel = Cancel {
            schema: cancel::Schema::V1,
            request_id: id,
            tenant_id: tenant(),
            host_id: self.host_id,
            created: now(),
            reason: self.request(0).reason,
            cancelled_by: self.request(0).requested_by,
        };
        Ask::Take { kind: Kind::Cancel, object: by(&cancel, &[20]) }
    }

    fn outgoing(&self) -> (Vec<Letter>, Vec<Upload>) {
        match self.ask(&Ask::Outgoing { catalogue: false }) {
            Answer::Outgoing { letters, uploads } => (letters, uploads),
            other => panic!("{other:?}"),
        }
    }

    /// Collects for a request that waits.
    fn collected(&self, id: RequestId) {
        self.done(&Ask::Approve { id, sudo_uid: None });
        self.becomes(id, State::Preview);
    }

    fn preview(&self, id: RequestId) -> Preview {
        match self.ask(&Ask::Preview { id, lang: Lang::ZhCn, columns: 80 }) {
            Answer::Preview(preview) => *preview,
            other => panic!("{other:?}"),
        }
    }

    fn release(id: RequestId, seen: &Preview) -> Ask {
        Ask::Release {
            id,
            digits: seen.digits.clone(),
            notice_sha256: seen.notice_sha256,
            lang: Lang::ZhCn,
            columns: 80,
            separate: seen.separate.clone(),
            sudo_uid: Some(1000),
        }
    }

    fn released(&self, id: RequestId) -> ReceiptId {
        match self.ask(&Self::release(id, &self.preview(id))) {
            Answer::Released { receipt } => receipt,
            other => panic!("{other:?}\n{}", self.log()),
        }
    }

    /// The bundles that lie below the folder of a request.
    fn bundles(&self, id: RequestId) -> usize {
        let folder = self.host.state().join("requests").join(id.to_string()).join("bundles");
        let names = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".tar.gz")).count()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap_or_default();
            drop(child.wait());
        }
        fs::remove_file(&self.socket).unwrap_or_default();
    }
}

fn source(id: &str) -> Source {
    Source { id: name(id), params: [].into() }
}

/// What the center says when it has a sealed file.
fn ack(upload: &Upload, payload: &[u8], broker: &Broker) -> Ack {
    let begin = upload.front.find("{\n").expect("the envelope");
    let end = begin + upload.front[begin..].find("\n}\n").expect("its end") + 3;
    let envelope: Envelope = serde_json::from_str(&upload.front[begin..end]).expect("the envelope");
    assert_eq!(envelope.payload.sha256, Sha256::of(payload));
    Ack {
        schema: ack::Schema::V1,
        bundle_id: envelope.bundle_id,
        host_id: broker.host_id,
        tenant_id: tenant(),
        receipt_id: upload.receipt,
        payload: Stored { sha256: envelope.payload.sha256, bytes: envelope.payload.bytes },
        stored_at: now(),
        audit: LedgerHead { seq: 7, hash: Sha256([7; 32]) },
    }
}

#[test]
fn a_request_is_answered_from_the_taking_to_the_ack() {
    let broker = Broker::new("broker-story");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    // The same again is no news.
    broker.done(&Broker::take(&request));
    assert_eq!((broker.rows().len(), broker.state(id)), (1, State::Pending));
    broker.refuses(&Ask::Preview { id, lang: Lang::En, columns: 80 }, "not_now");
    broker.collected(id);
    broker.refuses(&Ask::Approve { id, sudo_uid: None }, "not_now");

    let seen = broker.preview(id);
    assert!(seen.notice.contains("INC-20391") && seen.notice.contains("Li Wei"), "{}", seen.notice);
    assert_eq!(Sha256::of(seen.notice.as_bytes()), seen.notice_sha256);
    let wrong = Preview { digits: "00000000".to_owned(), ..seen.clone() };
    broker.refuses(&Broker::release(id, &wrong), "other_digits");
    let other = Preview { notice_sha256: Sha256([1; 32]), ..seen.clone() };
    broker.refuses(&Broker::release(id, &other), "not_shown");
    // Without a source it is another bundle, which has to be shown.
    broker.refuses(&Ask::Without { id, names: vec!["no.such".to_owned()] }, "no_such_member");
    broker.done(&Ask::Without { id, names: vec!["kernel.cmdline".to_owned()] });
    broker.refuses(&Broker::release(id, &seen), "not_shown");
    let receipt = broker.released(id);
    broker.becomes(id, State::Uploading);
    assert_eq!(broker.bundles(id), 1);

    let (letters, uploads) = broker.outgoing();
    let host = Place::open(Some(&broker.host.state()), &Home::Root).and_then(|place| place.identity()).expect("an identity");
    let states: Vec<State> = letters
        .iter()
        .filter(|letter| letter.path.ends_with("/events"))
        .map(|letter| {
            let signed = Signed::parse(letter.body.as_bytes()).expect("signed");
            signed.open::<StatusEvent>(&[host.signer.public()], 1).expect("an event").state
        })
        .collect();
    let all = [
        State::Pending,
        State::Approved,
        State::Collecting,
        State::Collected,
        State::Preview,
        State::Released,
        State::Sealing,
        State::Uploading,
    ];
    assert_eq!(states, all);
    for letter in &letters {
        broker.done(&Ask::Sent { id: letter.id.clone(), status: 204, body: None });
    }
    let (letters, _) = broker.outgoing();
    assert_eq!(letters, []);

    let [upload] = &uploads[..] else { panic!("{uploads:?}") };
    assert_eq!(upload.receipt, receipt);
    let (answer, file) = client::ask(&broker.socket, &Ask::Payload { receipt }).expect("the payload");
    let mut payload = Vec::new();
    file.expect("an open file").read_to_end(&mut payload).expect("it can be read");
    assert_eq!(answer, Answer::Payload { bytes: payload.len() as u64 });
    assert_eq!(payload.len() as u64, upload.payload);
    broker.refuses(&Ask::Slot { receipt, slot: "/v1/uploads/../x".to_owned() }, "no_slot");
    broker.done(&Ask::Slot { receipt, slot: "/v1/uploads/5d0e".to_owned() });
    let word = Reason::parse("network").expect("a word");
    broker.done(&Ask::UploadFailed { receipt, word, not_before: Some(Time(now().0 + 60)) });
    assert_eq!(broker.outgoing().1[0].slot.as_deref(), Some("/v1/uploads/5d0e"));

    let good = ack(upload, &payload, &broker);
    let forged = by(&good, &[31]);
    broker.refuses(&Ask::Ack { receipt, object: forged }, "bad_sig");
    let other = Ack { receipt_id: ReceiptId([1; 16]), ..good.clone() };
    broker.refuses(&Ask::Ack { receipt, object: by(&other, &[30]) }, "other_receipt");
    broker.done(&Ask::Ack { receipt, object: by(&good, &[30]) });
    broker.done(&Ask::Ack { receipt, object: by(&good, &[30]) });
    assert_eq!(broker.state(id), State::Stored);
    assert_eq!(broker.host.outbox(), Vec::<String>::new());
    broker.refuses(&Ask::Payload { receipt }, "unknown_receipt");
    // A withdrawal that somebody signed goes out until the center's signature says that all is gone.
    let place = Place::open(Some(&broker.host.state()), &Home::Root).expect("a state");
    let found = Receipt::read(&place, receipt, &host.signer.public()).expect("it is read").expect("it is there");
    let identity = place.identity().expect("a host key");
    withdraw::withdraw(&found, None, &place, &identity, now()).expect("it is signed and kept");
    let letter = |broker: &Broker| broker.outgoing().0.into_iter().find(|letter| letter.path == "/v1/withdrawals");
    let told = letter(&broker).expect("it goes out").id;
    assert_eq!(broker.state(id), State::Withdrawn);
    broker.done(&Ask::Sent { id: told.clone(), status: 202, body: None });
    let deletion = |receipt_id: ReceiptId| Deletion {
        schema: deletion::Schema::V1,
        receipt_id,
        bundle_id: good.bundle_id,
        host_id: broker.host_id,
        tenant_id: tenant(),
        trigger: deletion::Trigger::Withdrawn,
        deleted_at: now(),
        stores: vec![deletion::Store::Object],
        backups_gone_by: now(),
        kept: vec![deletion::Store::Receipt],
        log_index: 8,
    };
    let take = |object: Signed| Ask::Take { kind: Kind::Deletion, object };
    broker.refuses(&take(by(&deletion(receipt), &[20])), "bad_sig");
    broker.refuses(&take(by(&deletion(ReceiptId([3; 16])), &[30])), "unknown_receipt");
    assert!(letter(&broker).is_some());
    broker.done(&Ask::Sent { id: told, status: 200, body: Some(by(&deletion(receipt), &[30])) });
    broker.done(&take(by(&deletion(receipt), &[30])));
    assert_eq!((broker.state(id), letter(&broker)), (State::DeletionConfirmed, None));
    // Each step has its one line, all of this request.
    let lines: Vec<Event> = broker.ledger().iter().filter(|entry| entry.rid == Some(id)).map(|entry| entry.ev).collect();
    let expected = [
        Event::Received,
        Event::Pending,
        Event::Approved,
        Event::Collecting,
        Event::Collected,
        Event::Previewed,
        Event::Collected,
        Event::Released,
        Event::Sealing,
        Event::Uploading,
        Event::Stored,
        Event::DeletionConfirmed,
    ];
    assert_eq!(lines, expected);
    broker.host.run(&["ledger", "verify"]).ends(0);
}

/// What a test changes in a good request before it is signed, by whom it is signed, and the word that comes back.
type Row3 = (&'static str, fn(&mut Request), &'static [u8]);

#[test]
fn t15_t18_t20_t22_t23_what_is_not_right_is_refused_with_its_word_in_the_ledger() {
    let broker = Broker::new("broker-refusals");
    let rows: &[Row3] = &[
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
    let misfits: &[(&str, fn(&mut Request))] = &[
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
fn t19_a_request_is_executed_once_across_restarts() {
    let mut broker = Broker::new("broker-replay");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    // The same id with other bytes, or another id with the same nonce, is no new request.
    let other = Request { case: line("INC-1"), ..request.clone() };
    let again = Request { request_id: RequestId([2; 16]), ..request.clone() };
    for round in 0..2 {
        broker.done(&Broker::take(&request));
        broker.refuses(&Broker::take(&other), "replay");
        broker.refuses(&Broker::take(&again), "replay");
        assert_eq!((broker.state(id), broker.rows().len()), (State::Preview, 1), "{round}");
        broker.end(if round == 0 { Signal::SIGTERM } else { Signal::SIGKILL });
        broker.start();
    }
    assert_eq!(broker.count(Event::Collecting), 1);
    broker.done(&Ask::Decline { id, reason: None });
    assert_eq!((broker.state(id), broker.bundles(id)), (State::Declined, 0));
    broker.done(&Broker::take(&request));
    assert_eq!((broker.state(id), broker.count(Event::Collecting)), (State::Declined, 1));
    // A denial in silence looks like nothing at all.
    let quiet = broker.request(3);
    broker.done(&Broker::take(&quiet));
    broker.done(&Ask::Deny { id: quiet.request_id, reason: None, silent: true });
    assert_eq!(broker.state(quiet.request_id), State::Denied);
    let told = |letters: &[Letter]| letters.iter().filter(|letter| letter.path.contains(&quiet.request_id.to_string())).count();
    assert_eq!(told(&broker.outgoing().0), 1, "that it came was told before");
}

#[test]
fn t19_a_kill_while_collecting_leads_to_no_second_run() {
    let mut broker = Broker::slow("broker-killed");
    let mut request = broker.request(1);
    request.scope.sources = vec![source("logs.messages")];
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.done(&Ask::Approve { id, sudo_uid: None });
    broker.becomes(id, State::Collecting);
    broker.end(Signal::SIGKILL);
    broker.start();
    // With what there was, or with nothing; never from the beginning.
    let state = broker.state(id);
    assert!(matches!(state, State::Preview | State::Failed), "{state:?}");
    assert_eq!(broker.bundles(id), usize::from(state == State::Preview));
    thread::sleep(Duration::from_secs(1));
    assert_eq!((broker.state(id), broker.count(Event::Collecting)), (state, 1));
    broker.host.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn t27_a_cancel_reaches_its_state_wherever_the_request_is() {
    let broker = Broker::slow("broker-cancel");
    let mut requests: Vec<Request> = (1..=4).map(|seed| broker.request(seed)).collect();
    for request in &mut requests {
        request.scope.sources = vec![source("logs.messages")];
    }
    requests[1].scope.sources = vec![source("kernel.cmdline")];
    let [pending, preview, collecting, _] = &requests[..] else { panic!("four") };
    for request in [pending, preview, collecting] {
        broker.done(&Broker::take(request));
    }
    broker.refuses(&broker.cancel(requests[3].request_id), "unknown_request");
    let gone = |request: &Request| {
        let id = request.request_id;
        let paper = broker.cancel(id);
        broker.done(&paper);
        broker.done(&paper);
        assert_eq!(broker.state(id), State::Cancelled);
        let begun = Instant::now();
        while broker.bundles(id) > 0 || broker.host.state().join("requests").join(id.to_string()).join("bundles").exists() {
            assert!(begun.elapsed() < LONG, "{}", broker.log());
            thread::sleep(Duration::from_millis(20));
        }
        broker.refuses(&Ask::Approve { id, sudo_uid: None }, "not_now");
    };
    gone(pending);
    broker.done(&Ask::Approve { id: collecting.request_id, sudo_uid: None });
    broker.becomes(collecting.request_id, State::Collecting);
    gone(collecting);
    broker.collected(preview.request_id);
    gone(preview);
    assert_eq!(broker.outgoing().1, []);
}

#[test]
fn t27_a_cancel_stops_what_is_on_its_way() {
    let broker = Broker::new("broker-cancel-late");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    let receipt = broker.released(id);
    broker.becomes(id, State::Uploading);
    broker.done(&broker.cancel(id));
    assert_eq!((broker.state(id), broker.host.outbox(), broker.bundles(id)), (State::Cancelled, Vec::new(), 0));
    broker.refuses(&Ask::Payload { receipt }, "unknown_receipt");
}

#[test]
fn a_rule_agrees_within_its_bounds_and_no_further() {
    let mut broker = Broker::new("broker-policy");
    let policy = broker.host.state().join("etc/policy.toml");
    let rule = |per_day: u32| {
        format!(
            "[[auto]]\nname = \"p2\"\nseverity = [\"P2\"]\nlevel = \"basic\"\npresets = []\n\
             sources = [\"kernel.cmdline\", \"logs.messages\"]\nmax_bytes = \"256M\"\nper_day = {per_day}\n\
             collect = \"approve\"\nrelease = \"approve\"\nvalid_until = \"{}\"\n",
            &Time(now().0 + 30 * 86_400).to_string()[..10]
        )
    };
    fs::write(&policy, rule(1)).expect("it can be written");
    let request = broker.request(1);
    broker.done(&Broker::take(&request));
    broker.becomes(request.request_id, State::Uploading);
    assert_eq!(broker.outgoing().1.len(), 1);
    // Its uses of the day are over, also for a broker that begins anew.
    broker.end(Signal::SIGTERM);
    broker.start();
    let second = broker.request(2);
    broker.done(&Broker::take(&second));
    assert_eq!(broker.state(second.request_id), State::Pending);
    // One that cannot be read lets nothing pass, and says so.
    fs::write(&policy, rule(9).replace("per_day", "per_hour")).expect("it can be written");
    let third = broker.request(3);
    broker.done(&Broker::take(&third));
    assert_eq!(broker.state(third.request_id), State::Pending);
    let Answer::Requests { policy: why, .. } = broker.ask(&Ask::List) else { panic!("a list") };
    assert!(why.is_some_and(|why| why.contains("per_hour")));
    fs::write(&policy, "[remote]\nenabled = false\n").expect("it can be written");
    let fourth = broker.request(4);
    broker.done(&Broker::take(&fourth));
    assert_eq!(broker.state(fourth.request_id), State::Rejected);
    let Answer::Hello(hello) = broker.ask(&Ask::Hello) else { panic!("hello") };
    assert!(!hello.remote);
}

#[test]
fn keysets_go_forward_and_a_log_is_not_rewritten() {
    let mut broker = Broker::new("broker-keyset");
    let version = |broker: &Broker| match broker.ask(&Ask::Hello) {
        Answer::Hello(hello) => hello.center.expect("a center").keyset_version,
        other => panic!("{other:?}"),
    };
    let keyset = |keyset: &Keyset, seeds: &[u8]| Ask::Take { kind: Kind::Keyset, object: by(keyset, seeds) };
    broker.refuses(&keyset(&keys(3), &[10, 11]), "keyset");
    broker.refuses(&keyset(&keys(2), &[10]), "keyset");
    assert_eq!(version(&broker), 1);
    let second = keyset(&keys(2), &[10, 12]);
    broker.done(&second);
    broker.done(&second);
    assert_eq!((version(&broker), broker.count(Event::Keyset)), (2, 1));
    broker.end(Signal::SIGTERM);
    broker.start();
    assert_eq!(version(&broker), 2);

    let head = |seq: u64, byte: u8| audit::Head {
        schema: audit::Schema::V1,
        at: now(),
        head: LedgerHead { seq, hash: Sha256([byte; 32]) },
    };
    let log = |head: audit::Head| Ask::Take { kind: Kind::Log, object: by(&head, &[30]) };
    broker.done(&log(head(5, 1)));
    broker.done(&log(head(5, 1)));
    broker.done(&log(head(9, 2)));
    broker.refuses(&log(head(9, 3)), "log_conflict");
    broker.refuses(&log(head(4, 1)), "log_conflict");
    assert_eq!(broker.count(Event::CenterHead), 2);

    // What the center signed a year ahead closes the door to what is older: a clock that was set back opens nothing.
    let later = audit::Head { at: Time(now().0 + 365 * 86_400), ..head(10, 4) };
    broker.done(&log(later));
    broker.refuses(&Broker::take(&broker.request(1)), "clock");
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
