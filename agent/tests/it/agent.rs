//! `oediag agent` between a center and a broker of our own making. The process is real, and so are its requests and their signatures.

use std::{
    fs::{self, File},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use oediag::{
    broker::wire::{self, Ask, Hello, Kind, Letter, Method, Upload},
    enrolment::Enrolment,
    release::{outbox, receipt::Receipt},
    way::Way,
};
use oediag_collector::state::{Home, State};
use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    id::{HostId, ReceiptId, RequestId},
    inbox::{Inbox, Schema},
    signed::Signed,
    time::Time,
};

use crate::{
    center::{Center, Lie, key, keyset, now, refusal, tenant},
    fake_broker::Broker,
    host::Host,
    http::Action,
};

/// The agent; it ends with this value.
struct Agent {
    child: Child,
    log: std::path::PathBuf,
}

impl Agent {
    fn start(host: &Host, broker: &Broker) -> Self {
        let log = host.folder.join("agent.log");
        let socket = broker.socket.to_str().expect("UTF-8");
        let mut command = host.command(&["agent", "--socket", socket, "--first-poll-within", "0"]);
        let out = File::options().create(true).append(true).open(&log).expect("a log");
        let child = command.stdout(Stdio::null()).stderr(out).spawn().expect("oediag starts");
        Self { child, log }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
    }

    /// Ends it as systemd does; gives all its lines.
    fn end(mut self) -> String {
        self.signal(Signal::SIGTERM);
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
        fs::read_to_string(&self.log).expect("text")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Gone already is as good.
        self.child.kill().unwrap_or_default();
        drop(self.child.wait());
    }
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_mins(5), "{what} did not come");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Somebody waits, so that it asks often.
fn hello(host: &Host, center: &Center) -> Hello {
    let id = fs::read_to_string(host.state().join("etc/host_id")).expect("an id");
    let center = wire::Center {
        url: center.url().parse().expect("an address"),
        ca: None,
        way: Way::default(),
        host_id: HostId::parse(id.trim()).expect("an id"),
        tenant_id: tenant(),
        keyset_version: 2,
    };
    let ledger = Some(LedgerHead { seq: 7, hash: Sha256([9; 32]) });
    Hello { center: Some(center), remote: true, ledger, fast_until: Some(Time(now().0 + 3600)) }
}

fn inbox() -> Inbox {
    let (requests, cancels, deletions) = (Vec::new(), Vec::new(), Vec::new());
    Inbox {
        schema: Schema::V1,
        next_poll_s: 5,
        requests,
        cancels,
        keyset_version: 2,
        deletions,
        wants_catalogue: false,
        log: None,
    }
}

/// Some signed paper: the agent does not look into it.
fn paper() -> Signed {
    Signed::new(&keyset(3), &[&key(10), &key(11)]).expect("signing")
}

fn letter(id: &str, path: &str) -> Letter {
    Letter { id: id.to_owned(), method: Method::Post, path: path.to_owned(), body: format!("{{\"id\":\"{id}\"}}") }
}

#[test]
fn an_agent_carries_both_ways() {
    let center = Center::honest();
    let host = Host::enrolled("agent-both", &center);
    let broker = Broker::start(&host.folder, hello(&host, &center));
    let (request, cancel, deletion) = (RequestId([1; 16]), RequestId([2; 16]), ReceiptId([3; 16]));
    {
        let mut known = center.known();
        known.inbox = (
            1,
            Some(Inbox {
                requests: vec![request],
                cancels: vec![cancel],
                keyset_version: 3,
                deletions: vec![deletion],
                wants_catalogue: true,
                log: Some(paper()),
                ..inbox()
            }),
        );
        let bytes = paper().to_bytes().expect("JSON");
        for path in [
            "/v1/keysets/3".to_owned(),
            format!("/v1/requests/{request}"),
            format!("/v1/requests/{cancel}/cancel"),
            format!("/v1/deletions/{deletion}"),
        ] {
            known.papers.insert(path, bytes.clone());
        }
    }
    broker.said().letters = vec![letter("1", "/v1/requests/r-1/events"), letter("2", "/v1/catalogue")];
    let agent = Agent::start(&host, &broker);
    wait("the request", || broker.heard(|asked| matches!(asked, Ask::Take { kind: Kind::Request, .. })));
    let taken = |broker: &Broker| -> Vec<Kind> {
        let kind = |asked: &Ask| if let Ask::Take { kind, .. } = asked { Some(*kind) } else { None };
        broker.said().asked.iter().filter_map(kind).collect()
    };
    assert_eq!(taken(&broker), [Kind::Log, Kind::Keyset, Kind::Cancel, Kind::Deletion, Kind::Request]);
    wait("the letters", || center.known().letters.len() == 2 && broker.said().letters.is_empty());
    assert!(broker.heard(|asked| matches!(asked, Ask::Outgoing { catalogue: true })));
    wait("a question without the catalogue", || {
        matches!(
            broker.said().asked.iter().rfind(|asked| matches!(asked, Ask::Outgoing { .. })),
            Some(Ask::Outgoing { catalogue: false })
        )
    });
    // Nothing is new: nothing is fetched.
    let (looks, fetched) = (center.count("inbox"), center.count("fetch"));
    wait("more looks", || center.count("inbox") >= looks + 2);
    assert_eq!((center.count("fetch"), taken(&broker).len()), (fetched, 5));
    let head = format!("7:{}", Sha256([9; 32]));
    assert!(center.known().heads_told.iter().all(|told| *told == head), "{:?}", center.known().heads_told);
    let log = agent.end();
    assert!(log.contains("The broker has taken: request r-") && log.contains("The agent was ended."), "{log}");
}

/// T36: neither the inbox nor a letter is tried before the stated time, however much somebody waits.
#[test]
fn t36_a_center_that_says_later_is_left_alone() {
    for (status, step) in [(429, "inbox"), (503, "letter")] {
        let center = Center::lying(move |request, _| {
            (request.step() == step)
                .then(|| Lie::Instead(Action::Reply(status, vec![("retry-after", "86400".to_owned())], Vec::new())))
        });
        center.known().inbox = (1, Some(inbox()));
        let host = Host::enrolled(&format!("agent-later-{status}"), &center);
        let broker = Broker::start(&host.folder, hello(&host, &center));
        broker.said().letters = vec![letter("1", "/v1/requests/r-1/events")];
        let agent = Agent::start(&host, &broker);
        wait("the refusal", || center.count(step) == 1);
        let (inbox, turns) = (center.count("inbox"), broker.said().asked.len());
        // Some turns of the agent, each of which would have asked.
        wait("three turns", || broker.said().asked.len() >= turns + 6);
        assert_eq!((center.count("inbox"), center.count(step)), (inbox, 1), "{status}");
        agent.end();
    }
}

/// After an outage, and with a clock that is an hour wrong, the news comes all the same.
#[test]
fn an_outage_and_a_wrong_clock_are_gone_past() {
    let center = Center::lying(|request, before| (request.step() == "inbox" && before < 2).then(|| Lie::Instead(Action::Hang)));
    let host = Host::enrolled("agent-outage", &center);
    {
        let mut known = center.known();
        known.ahead = 3600;
        known.inbox = (1, Some(Inbox { requests: vec![RequestId([1; 16])], ..inbox() }));
        known.papers.insert(format!("/v1/requests/{}", RequestId([1; 16])), paper().to_bytes().expect("JSON"));
    }
    let broker = Broker::start(&host.folder, hello(&host, &center));
    let agent = Agent::start(&host, &broker);
    wait("the request", || broker.heard(|asked| matches!(asked, Ask::Take { kind: Kind::Request, .. })));
    assert!(agent.end().contains("The center could not be asked"));
}

/// T32, T33: whatever an inbox or a paper is, the agent lives, the broker hears nothing of it, and the next honest answer counts.
#[test]
fn t32_a_lying_inbox_is_no_news() {
    type Case = (&'static str, &'static str, fn() -> Action);
    let cases: [Case; 8] = [
        ("junk", "inbox", || Action::Reply(200, Vec::new(), b"<html>".to_vec())),
        ("other-fields", "inbox", || Action::Reply(200, Vec::new(), br#"{"schema":"oediag.inbox/1","run":"/bin/sh"}"#.to_vec())),
        ("unasked-304", "inbox", || Action::Reply(304, Vec::new(), Vec::new())),
        ("redirect", "inbox", || Action::Reply(302, vec![("location", "http://127.0.0.1:1/".to_owned())], Vec::new())),
        ("endless", "inbox", || Action::Flood(b"HTTP/1.1 200 X\r\ncontent-length: 99999999999\r\n\r\n".to_vec())),
        ("stranger", "inbox", || refusal(401, "who \\u001b[31m are you")),
        ("junk-paper", "fetch", || Action::Reply(200, Vec::new(), b"\xff\xfe".to_vec())),
        ("endless-paper", "fetch", || Action::Flood(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n".to_vec())),
    ];
    let checks: Vec<_> = cases
        .into_iter()
        .map(|(name, step, action)| {
            thread::spawn(move || {
                let lie = move |request: &crate::http::Request, before| {
                    (request.step() == step && before < 1).then(|| Lie::Instead(action()))
                };
                let center = Center::lying(lie);
                center.known().inbox = (1, Some(Inbox { requests: vec![RequestId([1; 16])], ..inbox() }));
                let path = format!("/v1/requests/{}", RequestId([1; 16]));
                center.known().papers.insert(path, paper().to_bytes().expect("JSON"));
                let host = Host::enrolled(&format!("agent-lie-{name}"), &center);
                let broker = Broker::start(&host.folder, hello(&host, &center));
                let agent = Agent::start(&host, &broker);
                wait(name, || center.count(step) == 1);
                wait(name, || broker.heard(|asked| matches!(asked, Ask::Take { .. })));
                let asked = |asked: &&Ask| matches!(asked, Ask::Take { .. });
                assert_eq!(broker.said().asked.iter().filter(asked).count(), 1, "{name}");
                let peak = fs::read_to_string(format!("/proc/{}/status", agent.child.id())).expect("it runs");
                let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).expect("a peak");
                assert!(peak.parse::<u64>().expect("a number") < 64 << 10, "{name}: {peak} KiB");
                let log = agent.end();
                assert!(log.contains("The center could not be asked") && !log.contains('\u{1b}'), "{name}: {log}");
            })
        })
        .collect();
    for check in checks {
        check.join().expect("the check holds");
    }
}

#[test]
fn where_the_policy_forbids_it_the_center_is_not_asked() {
    let center = Center::honest();
    center.known().inbox = (1, Some(inbox()));
    let host = Host::enrolled("agent-not-remote", &center);
    let broker = Broker::start(&host.folder, Hello { remote: false, ..hello(&host, &center) });
    // What people agreed to is sent all the same.
    broker.said().letters = vec![letter("1", "/v1/withdrawals")];
    let agent = Agent::start(&host, &broker);
    wait("the letter", || broker.said().letters.is_empty());
    let turns = broker.said().asked.len();
    wait("three turns", || broker.said().asked.len() >= turns + 6);
    assert_eq!(center.count("inbox"), 0);
    assert!(agent.end().contains("its inbox is not looked into"));
}

#[test]
fn without_a_broker_it_waits_and_without_a_key_it_does_not_begin() {
    let center = Center::honest();
    let host = Host::new("agent-alone");
    let run = host.run(&["agent", "--socket", "/nonexistent.sock"]).ends(2);
    assert!(run.err.contains("not enrolled"), "{run:#?}");
    assert!(!host.state().exists(), "looking makes nothing");
    host.enroll(&center, &[]).ends(0);
    let broker = Broker::start(&host.folder, hello(&host, &center));
    fs::remove_file(&broker.socket).expect("ours");
    let agent = Agent::start(&host, &broker);
    let said = || fs::read_to_string(&agent.log).unwrap_or_default().contains("The broker does not answer");
    wait("a word about it", said);
    agent.end();
}

/// T29, T37: killed in the middle, it goes on where the center is, from the slot that the broker kept.
#[test]
fn t37_an_upload_is_carried_on_after_a_kill() {
    let center = Center::lying(|request, _| (request.step() == "finish").then(|| Lie::Instead(refusal(403, "not now"))));
    let host = Host::enrolled("agent-upload", &center);
    let bundle = host.large_bundle(2);
    // Consent is given and the file sealed and sent, all but the last word; then another center, which knows nothing of it.
    host.upload(&bundle, &["--patience", "20"]).ends(3);
    let honest = Center::honest();
    honest.known().hosts_of(&center.known());
    let state = State::locate(Some(&host.state()), &Home::User(None)).expect("a state");
    let identity = state.identity().expect("an identity");
    let receipt = Receipt::all(&state, &identity.signer.public()).expect("receipts").remove(0);
    let enrolment = Enrolment::load(&state).expect("readable").expect("enrolled");
    let parcel = outbox::sealed(&receipt, &enrolment, &state, &identity.signer.public()).expect("sealed");
    let total = parcel.frame.bytes() as usize;
    let mut hello = hello(&host, &honest);
    // As slow as it takes for there to be a middle: some seconds for all.
    hello.center.iter_mut().for_each(|center| center.way.kib_s = Some(total as u64 / 1024 / 6));
    let broker = Broker::start(&host.folder, hello);
    let id = receipt.consent.receipt_id;
    broker.said().payload = Some(outbox::place(&state, id));
    broker.said().uploads = vec![Upload {
        receipt: id,
        front: String::from_utf8(parcel.frame.front.clone()).expect("text"),
        payload: parcel.frame.payload,
        back: parcel.frame.back.len() as u64,
        slot: None,
        not_before: None,
    }];
    let agent = Agent::start(&host, &broker);
    wait("some of it", || honest.count("send") >= 1);
    agent.signal(Signal::SIGKILL);
    drop(agent);
    assert!(broker.said().uploads[0].slot.is_some(), "the slot is kept before a byte leaves");
    let agent = Agent::start(&host, &broker);
    wait("the ack", || broker.said().uploads.is_empty());
    assert!(broker.heard(|asked| matches!(asked, Ask::Ack { receipt, .. } if *receipt == id)));
    assert_eq!(honest.known().bundles, [fs::read(&bundle).expect("the bundle")]);
    assert_eq!(honest.count("create"), 1);
    assert!(honest.sent() <= total + (1 << 20), "{} of {total} bytes", honest.sent());
    let log = agent.end();
    assert!(log.contains(&format!("The upload under {id} is stored at the center.")), "{log}");
    let secret = fs::read_to_string(host.state().join("agent/transport_ed25519")).expect("a key");
    assert!(!log.contains(secret.lines().nth(2).expect("its middle")), "no secret is in the log");
}
