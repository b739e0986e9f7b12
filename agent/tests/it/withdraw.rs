//! Taking consent back, looking at who opened what, and cases: with a center that answers, is away, or lies (T44). In: nothing.
//! Out: verdicts.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_protocol::{
    case::{Standing, Standings, State},
    deletion::{self, Deletion, Store, Trigger},
    document::Document,
    id::ReceiptId,
    json,
    keyset::Severity,
    ledger::{Entry, Event},
    signed::Signed,
    text::Line,
    time::Time,
    views::{self, View, Views},
    withdrawal::Withdrawal,
};

use crate::{
    center::{Center, Lie, key, now, refusal},
    host::Host,
    http::{Action, Request},
};

fn line(text: &str) -> Line {
    Line::parse(text).expect("a line")
}

fn reply(status: u16, body: Vec<u8>) -> Action {
    Action::Reply(status, Vec::new(), body)
}

fn signed<T: Document>(document: &T, seed: u8) -> Vec<u8> {
    Signed::new(document, &[&key(seed)]).expect("signing").to_bytes().expect("bytes")
}

/// What a host posted, whoever signed it.
fn payload<T: serde::de::DeserializeOwned>(body: &[u8]) -> T {
    let wrapper: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    let bytes = BASE64.decode(wrapper["payload"].as_str().expect("a payload")).expect("base64");
    serde_json::from_slice(&bytes).expect("the paper")
}

fn gone(request: &Request) -> Deletion {
    let paper: Withdrawal = payload(&request.body);
    Deletion {
        schema: deletion::Schema::V1,
        receipt_id: paper.receipt_id,
        bundle_id: paper.bundle_id,
        host_id: paper.host_id,
        tenant_id: paper.tenant_id,
        trigger: Trigger::Withdrawn,
        deleted_at: now(),
        stores: vec![Store::Object, Store::Index, Store::Cache],
        backups_gone_by: Time(now().0 + 30 * 86_400),
        kept: vec![Store::Receipt, Store::Audit],
        log_index: 90_211,
    }
}

/// A host whose bundle the center has; the receipt.
fn sent(test: &str, center: &Center) -> (Host, String) {
    let host = Host::enrolled(test, center);
    let bundle = host.bundle();
    host.upload(&bundle, &[]).ends(0);
    let receipt = host.run(&["consent", "list", "--json"]).ends(0).json()[0]["consent"]["receipt_id"].clone();
    (host, receipt.as_str().expect("a receipt").to_owned())
}

fn standing(host: &Host) -> String {
    let list = host.run(&["consent", "list", "--json"]).ends(0).json();
    list[0]["standing"].as_str().expect("a standing").to_owned()
}

fn events(host: &Host, event: Event) -> usize {
    let text = fs::read(host.state().join("ledger.jsonl")).unwrap_or_default();
    let entries = text.split_inclusive(|byte| *byte == b'\n').map(|line| Entry::parse(line).expect("a line"));
    entries.filter(|entry| entry.ev == event).count()
}

fn is_withdrawal(request: &Request) -> bool {
    request.path == "/v1/withdrawals"
}

#[test]
fn t44_a_withdrawal_is_signed_sent_and_confirmed() {
    let center = Center::lying(|request, _| is_withdrawal(request).then(|| Lie::After(reply(200, signed(&gone(request), 30)))));
    let (host, receipt) = sent("withdraw", &center);
    assert_eq!(standing(&host), "stored");
    let told = host.run(&["consent", "withdraw", &receipt, "--reason", "no longer needed", "--json"]).ends(0).json();
    assert_eq!((told["sent"].as_bool(), told["deletion"]["trigger"].as_str()), (Some(true), Some("withdrawn")), "{told}");
    let paper: Withdrawal = payload(&center.known().letters[0].1);
    assert_eq!((paper.receipt_id.to_string(), paper.reason), (receipt.clone(), Some(line("no longer needed"))));
    assert_eq!(standing(&host), "deleted");
    // Again is the same, and asks nobody.
    let again = host.run(&["consent", "withdraw", &receipt]).ends(0).out;
    assert!(again.contains("deleted the data"), "{again}");
    assert_eq!(center.count("letter"), 1);
    assert_eq!((events(&host, Event::Withdrawn), events(&host, Event::DeletionConfirmed)), (1, 1));
    // Nothing goes under it any more: the same bytes are asked about anew.
    let bundle = host.state().join("bundles");
    let bundle = fs::read_dir(bundle).expect("bundles").map(|entry| entry.expect("one").path());
    let bundle = bundle.into_iter().find(|path| path.to_string_lossy().ends_with(".tar.gz")).expect("the bundle");
    host.run(&["upload", bundle.to_str().expect("UTF-8")]).ends(3);
    let shown = host.run(&["consent", "show", &receipt, "--lang", "zh-CN"]).ends(0).out;
    assert!(shown.contains("已撤回，支持中心已删除"), "{shown}");
    host.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn t44_a_withdrawal_waits_for_a_center_that_is_away_or_slow() {
    static AWAY: AtomicBool = AtomicBool::new(true);
    let center = Center::lying(|request, before| match (is_withdrawal(request), AWAY.load(Ordering::SeqCst)) {
        (false, _) => None,
        (true, true) => Some(Lie::Instead(Action::Hang)),
        // First it has it, then it is done.
        (true, false) if before < 2 => Some(Lie::After(reply(202, Vec::new()))),
        (true, false) => Some(Lie::After(reply(200, signed(&gone(request), 30)))),
    });
    let (host, receipt) = sent("withdraw-away", &center);
    let withdraw = |code| host.run(&["consent", "withdraw", &receipt, "--patience", "3"]).ends(code);
    let queued = withdraw(1);
    assert!(queued.out.contains("not told yet"), "{queued:?}");
    assert_eq!(standing(&host), "withdrawn");
    let kept = fs::read(host.state().join("consents").join(&receipt).join("withdrawal.json")).expect("it is kept");
    AWAY.store(false, Ordering::SeqCst);
    let told = withdraw(0);
    assert!(told.out.contains("has the withdrawal") || told.out.contains("deleted the data"), "{told:?}");
    withdraw(0);
    withdraw(0);
    assert_eq!(standing(&host), "deleted");
    // It was the same paper each time.
    assert!(center.known().letters.iter().all(|(_, body)| *body == kept));
    assert_eq!((events(&host, Event::Withdrawn), events(&host, Event::DeletionConfirmed)), (1, 1));
}

#[test]
fn t44_what_does_not_confirm_the_deletion_is_not_believed() {
    type Answer = fn(&Request) -> Action;
    let cases: [(&str, i32, Answer); 5] = [
        ("another key", 4, |request| reply(200, signed(&gone(request), 31))),
        ("another receipt", 4, |request| reply(200, signed(&Deletion { receipt_id: ReceiptId([9; 16]), ..gone(request) }, 30))),
        ("another paper", 4, |request| reply(200, request.body.clone())),
        ("nothing", 4, |_| reply(200, Vec::new())),
        ("a refusal", 3, |_| refusal(403, "no such receipt \u{1b}[2J")),
    ];
    for (at, (what, code, answer)) in cases.into_iter().enumerate() {
        let center = Center::lying(move |request, _| is_withdrawal(request).then(|| Lie::Instead(answer(request))));
        let (host, receipt) = sent(&format!("withdraw-lie-{at}"), &center);
        let run = host.run(&["consent", "withdraw", &receipt]);
        assert_eq!(run.code, Some(code), "{what}: {run:?}");
        assert!(!run.err.contains('\u{1b}'), "{what}: {run:?}");
        assert_eq!((standing(&host).as_str(), events(&host, Event::DeletionConfirmed)), ("withdrawn", 0), "{what}");
    }
}

#[test]
fn a_withdrawal_ends_what_is_under_way() {
    let center = Center::lying(|request, _| match request.step() {
        "send" => Some(Lie::Instead(Action::Hang)),
        "letter" => Some(Lie::After(reply(202, Vec::new()))),
        _ => None,
    });
    let host = Host::enrolled("withdraw-underway", &center);
    let bundle = host.bundle();
    host.upload(&bundle, &["--patience", "3"]).ends(5);
    assert_eq!(host.outbox().len(), 1);
    let receipt = host.run(&["consent", "list", "--json"]).ends(0).json()[0]["consent"]["receipt_id"].clone();
    host.run(&["consent", "withdraw", receipt.as_str().expect("a receipt")]).ends(0);
    assert_eq!(host.outbox(), Vec::<String>::new());
    let before = center.count("send");
    host.run(&["upload", "--unfinished"]).ends(0);
    assert_eq!(center.count("send"), before);
    // Another's is not this host's to take back.
    host.run(&["consent", "withdraw", "c-00000000000000000000000000000000"]).ends(2);
}

#[test]
fn who_opened_what_is_shown_when_the_center_signed_it() {
    let center = Center::honest();
    let (host, receipt) = sent("views", &center);
    let id = ReceiptId::parse(&receipt).expect("a receipt");
    let view = View { at: now(), who: line("li.wei"), event: line("item_opened"), item: Some(line("var/log/messages")), seq: 77 };
    let list = Views { schema: views::Schema::V1, receipt_id: id, at: now(), total: 1, views: vec![view] };
    let path = format!("/v1/receipts/{receipt}/views");
    let other = Views { receipt_id: ReceiptId([9; 16]), ..list.clone() };
    let show = |arguments: &[&str]| {
        let all: Vec<&str> = ["consent", "show", &receipt, "--views"].into_iter().chain(arguments.iter().copied()).collect();
        host.run(&all)
    };
    show(&[]).ends(3);
    center.known().papers.insert(path.clone(), signed(&list, 30));
    let shown = show(&[]).ends(0).out;
    assert!(shown.contains("li.wei") && shown.contains("opened a file") && shown.contains("var/log/messages"), "{shown}");
    assert!(show(&["--lang", "zh-CN"]).ends(0).out.contains("打开文件"));
    assert_eq!(show(&["--json"]).ends(0).json()["views"]["total"], 1);
    for wrong in [signed(&list, 31), signed(&other, 30), b"{}".to_vec()] {
        center.known().papers.insert(path.clone(), wrong);
        show(&[]).ends(4);
    }
}

fn case(state: State) -> Standing {
    Standing {
        case: line("INC-20391"),
        severity: Severity::P2,
        title: line("Disk latency"),
        state,
        opened: now(),
        accepted: None,
        respond_by: Time(now().0 + 3600),
        engineer: None,
        resolved: None,
        confirmed: None,
    }
}

#[test]
fn a_case_is_opened_once_listed_and_confirmed() {
    static AWAY: AtomicBool = AtomicBool::new(true);
    let center = Center::lying(|request, _| match request.path.as_str() {
        "/v1/cases" if request.step() == "letter" && AWAY.load(Ordering::SeqCst) => Some(Lie::After(Action::Hang)),
        "/v1/cases" if request.step() == "letter" => {
            Some(Lie::After(reply(201, json::to_bytes(&case(State::Open)).expect("JSON"))))
        }
        "/v1/cases/INC-20391/confirm" => Some(Lie::After(reply(200, json::to_bytes(&case(State::Confirmed)).expect("JSON")))),
        _ => None,
    });
    let host = Host::enrolled("cases", &center);
    let open = ["case", "open", "--severity", "P2", "--title", "Disk latency", "--patience", "3"];
    host.run(&open).ends(5);
    AWAY.store(false, Ordering::SeqCst);
    let told = host.run(&open).ends(0).out;
    assert!(told.contains("INC-20391") && told.contains("within"), "{told}");
    // What was sent again is the same case; what is opened later is another one.
    host.run(&open).ends(0);
    let keys: Vec<String> = {
        let known = center.known();
        let papers = known.letters.iter().map(|(_, body)| payload::<serde_json::Value>(body));
        papers.map(|paper| paper["key"].as_str().expect("a key").to_owned()).collect()
    };
    assert!(keys.len() == 3 && keys[0] == keys[1] && keys[1] != keys[2], "{keys:?}");

    let list = Standings { cases: vec![case(State::Resolved)] };
    host.run(&["case", "list"]).ends(3);
    center.known().papers.insert("/v1/cases".to_owned(), json::to_bytes(&list).expect("JSON"));
    assert!(host.run(&["case", "list", "--lang", "zh-CN"]).ends(0).out.contains("已解决，请确认"));
    assert_eq!(host.run(&["case", "list", "--json"]).ends(0).json()["cases"][0]["case"], "INC-20391");
    center.known().papers.insert("/v1/cases".to_owned(), b"{\"cases\":7}".to_vec());
    host.run(&["case", "list"]).ends(4);

    host.run(&["case", "confirm", "INC-20391", "--note", "holds since Monday"]).ends(0);
    let paper: serde_json::Value = payload(&center.known().letters.last().expect("a letter").1);
    assert_eq!((paper["solved"].as_bool(), paper["note"].as_str()), (Some(true), Some("holds since Monday")));
    for wrong in ["../hosts", "a/b", "a#b", ".."] {
        host.run(&["case", "confirm", wrong]).ends(2);
    }
    host.run(&["case", "open", "--severity", "P2", "--title", " "]).ends(2);
    // Without a center there is nobody to ask.
    Host::new("cases-alone").run(&["case", "list"]).ends(2);
}
