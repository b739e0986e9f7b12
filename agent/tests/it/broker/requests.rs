//! Requests on the command line, before the real broker: listed, shown, answered, released on a terminal (T42, T47, T48), and a policy
//! tried on them. In: papers of a center of our own. Out: verdicts.

use std::{fs, path::Path};

use oediag_protocol::{document, id::RequestId};

use super::*;
use crate::{consent::Session, host::Run};

impl Broker {
    fn words<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        arguments.iter().copied().chain(["--socket", self.socket.to_str().expect("UTF-8")]).collect()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.host.run(&self.words(arguments))
    }

    fn receipts(&self) -> usize {
        self.host.receipts()
    }
}

/// The digits that people type for a request.
fn short(id: RequestId) -> String {
    id.to_string()[2..10].to_owned()
}

#[test]
fn an_operator_sees_collects_previews_and_releases() {
    let broker = Broker::new("cli-story");
    let request = broker.request(1);
    let (id, digits) = (request.request_id, short(request.request_id));
    assert!(broker.run(&["requests"]).ends(0).out.contains("No center has asked"));
    broker.done(&Broker::take(&request));
    let list = broker.run(&["requests"]).ends(0).out;
    assert!(list.contains(&digits) && list.contains("INC-20391") && list.contains("waits for you"), "{list}");
    assert_eq!(broker.run(&["requests", "--json"]).ends(0).json()[0]["state"], "pending");
    let page = broker.run(&["requests", "show", &digits]).ends(0).out;
    for told in ["Li Wei (li.wei)", "定位磁盘延迟告警", "Locate disk latency alerts", "kernel.cmdline", "request received"]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(page.contains(&format!("oediag approve {digits}")), "{page}");
    let chinese = broker.run(&["requests", "show", &digits, "--lang", "zh-CN"]).ends(0).out;
    assert!(chinese.contains("等待您决定") && chinese.contains("内核"), "{chinese}");

    // Not before it was collected.
    let early = broker.run(&["preview", &digits]).ends(3);
    assert!(early.err.contains("not at the point"), "{}", early.err);
    broker.run(&["approve", &id.to_string()]).ends(0);
    broker.becomes(id, State::Preview);
    let seen = broker.run(&["preview", &digits]).ends(0).out;
    assert!(seen.contains("Notice on consent") && seen.contains("oediag cat /"), "{seen}");
    let json = broker.run(&["preview", &digits, "--json"]).ends(0).json();
    let (consent, path) =
        (json["digits"].as_str().expect("digits").to_owned(), json["path"].as_str().expect("a path").to_owned());
    assert!(json["preview"]["members"].as_array().is_some_and(|members| !members.is_empty()), "{json}");
    broker.host.run(&["ls", &path]).ends(0);

    // Without a terminal, and with other digits, nothing is agreed to.
    let asked = broker.run(&["release", &digits]).ends(3);
    assert!(asked.err.contains(&consent), "it says how to agree: {}", asked.err);
    broker.run(&["release", &digits, "--consent", "00000000"]).ends(3);
    assert_eq!((broker.receipts(), broker.state(id)), (0, State::Preview));
    let given = broker.run(&["release", &digits, "--consent", &consent, "--json"]).ends(0).json();
    let receipt = given["receipt_id"].as_str().expect("a receipt").to_owned();
    assert_eq!(broker.receipts(), 1);
    broker.becomes(id, State::Uploading);
    let kept = broker.host.run(&["consent", "show", &receipt, "--json"]).ends(0).json();
    assert_eq!(kept["consent"]["request"]["request_id"], id.to_string());
    assert_eq!(kept["consent"]["case"], "INC-20391");
    assert_eq!(kept["consent"]["rights"]["withdraw"], format!("oediag consent withdraw {receipt}"));
    // What answers a request is the broker's to send.
    broker.host.run(&["upload", "--unfinished"]).ends(0);
    assert_eq!(broker.state(id), State::Uploading);
}

/// What somebody does at the question.
type Deed = fn(&mut Session);

#[test]
fn t48_a_release_needs_a_yes_on_the_terminal() {
    let broker = Broker::new("cli-release");
    let request = broker.request(2);
    let (id, digits) = (request.request_id, short(request.request_id));
    broker.done(&Broker::take(&request));
    broker.collected(id);
    let first = broker.preview(id);
    let arguments = ["release", digits.as_str()];
    let deeds: [(&str, Deed); 3] = [
        ("enter", |session| session.type_in("\n")),
        ("end of input", |session| session.type_in("\u{4}")),
        ("yes is not the digits", |session| {
            for question in 1..=3 {
                session.asked(question);
                session.type_in("yes\n");
            }
        }),
    ];
    for (what, deed) in deeds {
        let mut session = Session::start(&broker.host, &broker.words(&arguments));
        session.asked(1);
        deed(&mut session);
        let (code, screen) = session.end();
        assert_eq!((code, broker.receipts(), broker.state(id)), (Some(3), 0, State::Preview), "{what}: {screen}");
    }
    // T42, T43: what is left out is another bundle and another question; what is on the screen is what is digested.
    let mut session = Session::start(&broker.host, &broker.words(&arguments));
    session.asked(1);
    session.type_in("without kernel.cmdline\n");
    session.asked(2);
    let second = broker.bundle_digits(id, &first.digits);
    session.type_in(&format!("{second}\n"));
    let (code, screen) = session.end();
    assert_eq!((code, broker.receipts()), (Some(0), 1), "{screen}");
    let folder = fs::read_dir(broker.host.state().join("consents")).expect("receipts").next().expect("one").expect("one").path();
    let notice = fs::read_to_string(folder.join("notice.txt")).expect("the notice");
    assert!(screen.contains(notice.trim_end()), "{screen}");
    let consent = fs::read_to_string(folder.join("consent.json")).expect("the receipt");
    assert!(consent.contains(&Sha256::of(notice.as_bytes()).to_string()), "{consent}");
    assert!(!consent.contains("kernel.cmdline"), "{consent}");
}

impl Broker {
    /// The digits of the newest bundle of a request, which is not this one.
    fn bundle_digits(&self, id: RequestId, not: &str) -> String {
        let folder = self.host.state().join("requests").join(id.to_string()).join("bundles");
        let names = fs::read_dir(folder).expect("bundles").map(|entry| entry.expect("one").path());
        let bundles = names.filter(|path| path.to_string_lossy().ends_with(".tar.gz"));
        bundles.map(|path| Host::digits(&path)).find(|digits| digits != not).expect("another bundle")
    }
}

#[test]
fn a_request_is_denied_aloud_or_silently_and_named_without_doubt() {
    let broker = Broker::new("cli-deny");
    let (one, mut two) = (broker.request(3), broker.request(3));
    two.request_id.0[15] = 4;
    two.nonce.0[15] = 4;
    for request in [&one, &two] {
        broker.done(&Broker::take(request));
    }
    let alike = broker.run(&["deny", &short(one.request_id)]).ends(2);
    assert!(alike.err.contains("More than one"), "{}", alike.err);
    broker.run(&["deny", &one.request_id.to_string(), "--reason", "maintenance_window"]).ends(0);
    assert_eq!(broker.state(one.request_id), State::Denied);
    let rows = broker.rows();
    let why = rows.iter().find(|row| row.id == one.request_id).and_then(|row| row.why.clone());
    assert_eq!(why.as_ref().map(ToString::to_string).as_deref(), Some("maintenance_window"));
    let said = broker.run(&["deny", &two.request_id.to_string(), "--silent"]).ends(0).out;
    assert!(said.contains("told nothing"), "{said}");
    // Once is enough; what is not there cannot be answered.
    broker.run(&["approve", &two.request_id.to_string()]).ends(3);
    let none = broker.run(&["approve", "deadbeef"]).ends(2);
    assert!(none.err.contains("no request"), "{}", none.err);
    for wrong in [
        &["deny", "03030303", "--reason", "Because of you"][..],
        &["deny", "03", "--silent"],
        &["session", "start", "--minutes", "61"],
    ] {
        broker.run(wrong).ends(2);
    }
    broker.run(&["session", "start", "--minutes", "5"]).ends(0);
    let third = broker.request(5);
    broker.done(&Broker::take(&third));
    broker.collected(third.request_id);
    broker.run(&["decline", &short(third.request_id)]).ends(0);
    assert_eq!((broker.state(third.request_id), broker.receipts()), (State::Declined, 0));
}

#[test]
fn without_a_broker_nothing_is_done() {
    let host = Host::new("cli-no-broker");
    for arguments in [&["requests"][..], &["approve", "01010101"], &["release", "01010101"], &["session", "start"]] {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--socket", "/nonexistent/broker.sock"]).collect();
        let run = host.run(&arguments).ends(2);
        assert!(run.err.contains("broker") && run.err.contains("hint"), "{run:?}");
    }
}

const POLICY: &str = r#"
[[deny]]
name = "not-net"
presets = ["net"]
[[auto]]
name = "p2"
severity = ["P2"]
level = "basic"
presets = ["quick"]
sources = ["kernel.cmdline", "logs.messages"]
max_bytes = "256M"
per_day = 1
collect = "approve"
release = "ask"
valid_until = "2027-06-30"
"#;

#[test]
fn a_policy_is_checked_and_tried() {
    let broker = Broker::new("cli-policy");
    let folder = broker.host.folder.clone();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("it can be written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let policy = write("policy.toml", POLICY.as_bytes());
    assert_eq!(broker.host.run(&["policy", "check", &policy, "--json"]).ends(0).json()["auto"], 1);
    // What is shipped is a policy, under which everything is asked.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/etc/oediag/policy.toml");
    broker.host.run(&["policy", "check", shipped.to_str().expect("UTF-8")]).ends(0);
    let uncommented = fs::read_to_string(&shipped).expect("it is there");
    let uncommented: String = uncommented
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n")
        .collect();
    broker.host.run(&["policy", "check", &write("shipped.toml", uncommented.as_bytes())]).ends(0);

    let wrong = broker.host.run(&["policy", "check", &write("wrong.toml", b"[remote]\nenabeld = true\n")]).ends(2);
    assert!(wrong.err.contains("line 2"), "{}", wrong.err);
    broker.host.run(&["policy", "check", &write("bytes.toml", b"\xff\xfe")]).ends(2);
    broker.host.run(&["policy", "check", "/nonexistent/policy.toml"]).ends(2);

    let request = broker.request(6);
    let plain = write("request.json", &document::to_bytes(&request).expect("bytes"));
    let signed = write("signed.json", &by(&request, &[20]).to_bytes().expect("bytes"));
    let forged = write("forged.json", &by(&request, &[21]).to_bytes().expect("bytes"));
    let mut unknown = request.clone();
    unknown.scope.sources = vec![source("kernel.nothing")];
    let unknown = write("unknown.json", &document::to_bytes(&unknown).expect("bytes"));
    let test = |paper: &str, more: &[&str]| {
        let arguments: Vec<&str> = ["policy", "test", paper, "--json"].into_iter().chain(more.iter().copied()).collect();
        broker.host.run(&arguments).ends(0).json()
    };
    for paper in [&plain, &signed] {
        let told = test(paper, &["--policy", &policy]);
        assert_eq!((told["verdict"].as_str(), told["rule"].as_str()), (Some("auto"), Some("p2")), "{told}");
        assert_eq!(test(paper, &[])["verdict"], "ask");
    }
    let late = test(&plain, &["--policy", &policy, "--now", "2027-07-02T00:00:00Z"]);
    assert_eq!((late["verdict"].as_str(), late["rules"][5]["missed"].as_str()), (Some("ask"), Some("over")), "{late}");
    assert_eq!(test(&unknown, &[])["word"], "unknown_source");
    assert_eq!(test(&forged, &[])["word"], "severity_not_allowed");
    let page = broker.host.run(&["policy", "test", &plain, "--policy", &policy]).ends(0).out;
    assert!(page.contains("Rule p2 agrees") && page.contains("no: another preset"), "{page}");
    // T59: a reason full of controls is no request, and does not reach the terminal.
    let text = String::from_utf8(document::to_bytes(&request).expect("bytes")).expect("text");
    for hostile in ["\\u001b[2J", "\\u202e", "\u{202e}"] {
        let paper = write("hostile.json", text.replace("Locate disk", &format!("Locate{hostile}disk")).as_bytes());
        let run = broker.host.run(&["policy", "test", &paper]).ends(2);
        assert!(!run.err.contains(['\u{1b}', '\u{202e}']), "{run:?}");
    }
}
