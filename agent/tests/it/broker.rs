//! The real broker on its socket: what it takes and refuses, that it collects once, that only what was shown and agreed to is handed out.
//! (T15, T18 to T24, T27, T61.) In: papers of a center of our own. Out: verdicts.

mod ends;
mod gate;
mod held;
mod hostile_agent;
mod hostile_center;
mod refusals;
mod requests;
mod story;
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
    release::{own::Own, receipt::Receipt, withdraw},
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
    id::{BundleId, HostId, ReceiptId, RequestId, TenantId},
    keyset::{EngineerKey, Keyset, RequestKey, Revoked, Severity},
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
    center::{Center, key, keyset, now, tenant},
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
    keys.engineer.keys = vec![EngineerKey { id: line("li.wei"), key: key(40).public() }];
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
        Self::with(test, &keys(1))
    }

    /// A host that goes by this keyset.
    fn with(test: &str, keyset: &Keyset) -> Self {
        Self::examining(test, fixture(), keyset)
    }

    /// A host that enrolled at a center.
    fn enrolled(test: &str, center: &Center) -> Self {
        let host = Host::enrolled(test, center);
        let id = fs::read_to_string(host.state().join("etc/host_id")).expect("an id");
        let host_id = HostId::parse(id.trim()).expect("an id");
        let mut this = Self { host, root: fixture(), socket: socket(test), child: None, host_id };
        this.start();
        this
    }

    /// A host whose log takes a while to read.
    fn slow(test: &str) -> Self {
        let root = Host::new(&format!("{test}-root")).folder;
        fs::create_dir_all(root.join("var/log")).expect("the folder can be made");
        fs::create_dir_all(root.join("etc")).expect("the folder can be made");
        fs::write(root.join("etc/os-release"), "ID=openEuler\nVERSION=\"22.03\"\n").expect("it can be written");
        let log = "Nov 23 01:02:03 host app: request from 192.0.2.17 by user li took 17 ms\n".repeat(150_000);
        fs::write(root.join("var/log/messages"), log).expect("it can be written");
        Self::examining(test, root, &keys(1))
    }

    fn examining(test: &str, root: PathBuf, keyset: &Keyset) -> Self {
        let host = Host::new(test);
        let place = Place::open(Some(&host.state()), &Home::Root).expect("a state");
        let host_id = place.identity().expect("an identity").host_id;
        // The folder whose owner is the agent.
        place.transport_key().expect("a key");
        let first = keyset.clone();
        let pin = first.root.pin();
        let signed = vec![by(&first, &[10, 11])];
        let url = "https://support.example.cn".parse().expect("an address");
        let enrolment = Enrolment::new(now(), url, None, host_id, tenant(), pin, Said::default(), first, signed);
        enrolment.store(&place).expect("it is stored");
        let mut this = Self { host, root, socket: socket(test), child: None, host_id };
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

/// Where a broker listens; paths of sockets are short.
fn socket(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("oediag-{}-{test}.sock", std::process::id()))
}

/// The host that is examined.
fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/roots/openeuler-22.03-sp3-aarch64")
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
