//! The papers around a request: status events, inbox, withdrawal, deletion, views, cases, the catalogue; and the life of a request as rows.

use std::collections::BTreeSet;

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    case, catalogue,
    consent::Level,
    deletion::{self, Deletion, Store, Trigger},
    digest::Sha256,
    document::{self, Document},
    id::{BundleId, CaseKey, ReceiptId, RequestId},
    inbox::{self, Inbox},
    keyset::Severity,
    request::{
        catalogue::Misfit,
        event::{self, StatusEvent},
        life::{Move, STEPS, State},
        paper::Words,
        value::Name,
    },
    time::Time,
    views::{self, MAX_VIEWS, View, Views},
    withdrawal::{self, Withdrawal},
};

use crate::{
    common::host,
    papers::{GIVEN, line, tenant},
    request_papers::{name, request, source, value},
};

fn event(state: State) -> StatusEvent {
    StatusEvent {
        schema: event::Schema::V1,
        request_id: RequestId([1; 16]),
        tenant_id: tenant(),
        host_id: host(),
        seq: 1,
        at: GIVEN,
        state,
        reason: None,
        bundle_id: Some(BundleId([2; 16])),
        receipt_id: Some(ReceiptId([3; 16])),
    }
}

fn deletion() -> Deletion {
    Deletion {
        schema: deletion::Schema::V1,
        receipt_id: ReceiptId([3; 16]),
        bundle_id: BundleId([2; 16]),
        host_id: host(),
        tenant_id: tenant(),
        trigger: Trigger::Withdrawn,
        deleted_at: GIVEN,
        stores: vec![Store::Object, Store::Index, Store::Cache],
        backups_gone_by: Time(GIVEN.0 + 30 * 86_400),
        kept: vec![Store::Receipt, Store::Audit],
        log_index: 90_211,
    }
}

fn withdrawal() -> Withdrawal {
    Withdrawal {
        schema: withdrawal::Schema::V1,
        receipt_id: ReceiptId([3; 16]),
        bundle_id: BundleId([2; 16]),
        host_id: host(),
        tenant_id: tenant(),
        at: GIVEN,
        reason: Some(line("不再需要")),
    }
}

fn views(count: usize) -> Views {
    let view = View { at: GIVEN, who: line("li.wei"), event: line("item_opened"), item: Some(line("var/log/messages")), seq: 9 };
    Views { schema: views::Schema::V1, receipt_id: ReceiptId([3; 16]), at: GIVEN, total: count as u64, views: vec![view; count] }
}

fn opening() -> case::Open {
    case::Open {
        schema: case::OpenSchema::V1,
        key: CaseKey([4; 16]),
        host_id: host(),
        tenant_id: tenant(),
        at: GIVEN,
        severity: Severity::P2,
        title: line("磁盘延迟"),
        description: line(""),
        contact: line(""),
    }
}

fn offer() -> catalogue::Offer {
    let words = Words { zh_cn: line("系统日志"), en: line("System log") };
    let params = vec![
        catalogue::Parameter { name: name("since"), range: catalogue::Range::Span(1, 86_400) },
        catalogue::Parameter { name: name("how"), range: catalogue::Range::Word(vec![name("fast"), name("slow")]) },
    ];
    let source = catalogue::Source { id: name("logs.messages"), topic: name("logs"), level: Level::Basic, words, params };
    catalogue::Offer { schema: catalogue::Schema::V1, version: line("0.1.0"), presets: vec![name("perf")], sources: vec![source] }
}

/// A document comes back as it was; one more field, or one twice, is refused.
fn whole<T: Document + PartialEq + std::fmt::Debug>(document: &T) {
    let bytes = document::to_bytes(document).expect("a good document");
    assert_eq!(&document::parse::<T>(&bytes).expect("the same"), document);
    let text = String::from_utf8(bytes).expect("JSON is text");
    for more in ["{\"x\":1,", "{\"schema\":\"x\","] {
        assert!(document::parse::<T>(text.replacen('{', more, 1).as_bytes()).is_err(), "{more}{text}");
    }
}

#[test]
fn t14_papers_of_a_request_come_back_whole_and_nothing_unknown_is_read() {
    for state in State::ALL {
        whole(&event(*state));
    }
    whole(&deletion());
    whole(&withdrawal());
    whole(&views(MAX_VIEWS));
    whole(&opening());
}

#[test]
fn rules_of_the_papers_are_kept() {
    let refused = |broken: &StatusEvent| document::to_bytes(broken).is_err();
    assert!(refused(&StatusEvent { seq: 0, ..event(State::Pending) }));
    assert!(refused(&StatusEvent { receipt_id: None, ..event(State::Stored) }));
    assert!(!refused(&StatusEvent { receipt_id: None, bundle_id: None, ..event(State::Denied) }));

    let edits: [fn(&mut Deletion); 4] = [
        |deletion| deletion.log_index = 0,
        |deletion| deletion.stores = vec![Store::Index],
        |deletion| deletion.stores = vec![Store::Index, Store::Object],
        |deletion| deletion.kept = vec![Store::Object],
    ];
    for edit in edits {
        let mut broken = deletion();
        edit(&mut broken);
        assert!(document::to_bytes(&broken).is_err(), "{broken:?}");
    }
    assert!(deletion().answers(ReceiptId([3; 16]), BundleId([2; 16]), host()));
    assert!(!deletion().answers(ReceiptId([3; 16]), BundleId([9; 16]), host()));

    assert!(document::to_bytes(&views(MAX_VIEWS + 1)).is_err());
    assert!(document::to_bytes(&Views { total: 0, ..views(1) }).is_err());
    assert!(document::to_bytes(&case::Open { title: line(" "), ..opening() }).is_err());
}

#[test]
fn an_inbox_is_bounded_in_length_and_time() {
    let inbox = |poll: u64, requests: usize| {
        let ids: Vec<String> = (0..requests).map(|_| RequestId([1; 16]).to_string()).collect();
        serde_json::json!({"schema": "oediag.inbox/1", "next_poll_s": poll, "requests": ids, "cancels": [], "keyset_version": 1,
            "deletions": [], "wants_catalogue": false, "log": null})
        .to_string()
    };
    for (told, kept) in [(0, 5), (5, 5), (300, 300), (9_007_199_254_740_990, 3600)] {
        assert_eq!(Inbox::parse(inbox(told, 1).as_bytes()).expect("an inbox").next_poll_s, kept);
    }
    assert!(Inbox::parse(inbox(300, inbox::MAX_LIST).as_bytes()).is_ok());
    assert!(Inbox::parse(inbox(300, inbox::MAX_LIST + 1).as_bytes()).is_err());
    assert!(Inbox::parse(inbox(300, 0).replace("\"cancels\"", "\"command\":1,\"cancels\"").as_bytes()).is_err());
}

#[test]
fn an_offer_says_what_a_host_can_be_asked_for() {
    let bytes = serde_json::to_vec(&offer()).expect("JSON");
    assert_eq!(catalogue::Offer::parse(&bytes).expect("an offer"), offer());
    let mut twice = offer();
    twice.sources.push(twice.sources[0].clone());
    assert!(catalogue::Offer::parse(&serde_json::to_vec(&twice).expect("JSON")).is_err());

    let asked = |params: &[(&str, &str)]| {
        let mut asked = request();
        asked.scope.preset = Some(name("perf"));
        let params: Vec<(&str, _)> = params.iter().map(|(key, text)| (*key, value(text))).collect();
        asked.scope.sources = vec![source("logs.messages", &params)];
        offer().fits(&asked)
    };
    let both = |param: &str| (Name::parse("logs.messages").expect("a name"), Name::parse(param).expect("a name"));
    assert_eq!(asked(&[("since", "24h"), ("how", "slow")]), Ok(()));
    let (id, since) = both("since");
    assert_eq!(asked(&[("since", "25h")]), Err(Misfit::OutOfRange(id.clone(), since)));
    assert_eq!(asked(&[("how", "otherwise")]), Err(Misfit::OutOfRange(id.clone(), both("how").1)));
    assert_eq!(asked(&[("path", "x")]), Err(Misfit::UnknownParam(id, both("path").1)));
}

/// The state machine of the design, line by line; what is not there cannot happen.
#[test]
fn t27_the_life_of_a_request_is_the_table_of_the_design() {
    let paths = "received rejected / received pending denied / received pending expired / received pending cancelled \
        / received pending approved collecting collected preview released sealing uploading stored deleted withdrawn deletion_confirmed \
        / received approved collecting failed / received approved collecting cancelled / received approved cancelled \
        / received approved expired / received cancelled / received expired / collected cancelled / preview declined / preview expired \
        / preview cancelled / released cancelled / sealing failed / sealing cancelled / uploading cancelled / uploading failed \
        / stored withdrawn / stored deletion_confirmed / deleted deletion_confirmed";
    let mut drawn = BTreeSet::new();
    for path in paths.split('/') {
        let states: Vec<&str> = path.split_whitespace().collect();
        drawn.extend(states.windows(2).map(|pair| (pair[0], pair[1])));
    }
    let built: BTreeSet<_> = STEPS.iter().map(|(from, _, to)| (from.as_str(), to.as_str())).collect();
    assert_eq!(built, drawn);
    let keys: BTreeSet<_> = STEPS.iter().map(|(from, by, _)| (from, by)).collect();
    assert_eq!(keys.len(), STEPS.len(), "a move from one state leads to one state");
    let over: Vec<&str> = State::ALL.iter().filter(|state| state.is_over()).map(|state| state.as_str()).collect();
    assert_eq!(over, ["rejected", "denied", "expired", "cancelled", "failed", "declined", "deletion_confirmed"]);
    // Before anything left, the center can always take a request back; afterwards it cannot.
    for state in State::ALL.iter().filter(|state| !state.is_over()) {
        let sent = matches!(state, State::Stored | State::Deleted | State::Withdrawn);
        assert_eq!(state.after(Move::Cancel).is_none(), sent, "{state:?}");
    }
    // Nothing leads to the bytes but consent.
    let to_sealing: Vec<_> = STEPS.iter().filter(|(_, _, to)| *to == State::Sealing).collect();
    assert_eq!(to_sealing, [&(State::Released, Move::Seal, State::Sealing)]);
    let to_released: Vec<_> = STEPS.iter().filter(|(_, _, to)| *to == State::Released).collect();
    assert_eq!(to_released, [&(State::Preview, Move::Release, State::Released)]);
}

#[test]
fn heads_of_the_audit_log_count_from_one() {
    use oediag_protocol::audit::{Head, Schema};
    let head = |seq| Head { schema: Schema::V1, at: GIVEN, head: LedgerHead { seq, hash: Sha256([1; 32]) } };
    whole(&head(1));
    assert!(document::to_bytes(&head(0)).is_err());
}
