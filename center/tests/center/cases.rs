//! Service requests that a host opens: once for each key, seen by its host alone, confirmed when they are solved.

use oediag_center::store::{Store, cases::Step};
use oediag_protocol::{
    case::{Confirm, ConfirmSchema, Open, OpenSchema, Standing, Standings, State},
    id::CaseKey,
    keyset::Severity,
    text::Line,
};

use crate::{
    common::Center,
    host::{Host, fresh, now},
};

fn line(text: &str) -> Line {
    Line::parse(text).expect("a line")
}

fn open(host: &Host, title: &str) -> Open {
    Open {
        schema: OpenSchema::V1,
        key: CaseKey(fresh()),
        host_id: host.id,
        tenant_id: host.tenant.clone(),
        at: now(),
        severity: Severity::P2,
        title: line(title),
        description: line(""),
        contact: line("ops@example.cn"),
    }
}

fn step(center: &Center, case: &str, step: Step) -> bool {
    let tenant = oediag_protocol::id::TenantId::parse("t-1").expect("a tenant");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let store = Store::open(center.data()).await.expect("the store");
        store.step_case(&tenant, case, step, "li.wei", now()).await.expect("an answer")
    })
}

#[test]
fn a_case_is_opened_once_and_confirmed_when_it_is_solved() {
    let center = Center::start("cases");
    let (host, other) = (Host::enrol(&center, "t-1"), Host::enrol(&center, "t-1"));
    let send = |host: &Host, open: &Open| host.send(&center, "POST", "/v1/cases", &[], &host.signed(open));
    let first = open(&host, "磁盘延迟告警");
    let reply = send(&host, &first);
    assert_eq!(reply.status, 201, "{reply:?}");
    let case = Standing::parse(reply.body.as_bytes()).expect("a case");
    assert_eq!((case.case.as_str(), case.state, case.respond_by.0 - case.opened.0), ("SR-10001", State::Open, 3600));
    assert_eq!(send(&host, &first).body, reply.body, "the reply was lost: the same one");
    assert_eq!(send(&host, &open(&host, "another")).status, 201);
    assert_eq!(send(&other, &first).status, 403, "signed by another host than the one that it names");
    let reply = host.send(&center, "POST", "/v1/cases", &[], &host.signed(&Open { host_id: other.id, ..first.clone() }));
    assert_eq!((reply.status, reply.reason().as_str()), (403, "other_host"));
    let list = |host: &Host| {
        let reply = host.send(&center, "GET", "/v1/cases", &[], b"");
        Standings::parse(reply.body.as_bytes()).expect("cases").cases
    };
    assert_eq!((list(&host).len(), list(&other).len()), (2, 0));

    let confirm = |host: &Host, solved| {
        let note = line("");
        let (host_id, tenant_id) = (host.id, host.tenant.clone());
        let confirm = Confirm { schema: ConfirmSchema::V1, case: case.case.clone(), host_id, tenant_id, at: now(), solved, note };
        host.send(&center, "POST", "/v1/cases/SR-10001/confirm", &[], &host.signed(&confirm))
    };
    assert_eq!(confirm(&host, true).reason(), "not_resolved");
    assert!(!step(&center, "SR-10001", Step::Resolve), "nobody has taken it");
    assert!(step(&center, "SR-10001", Step::Accept) && step(&center, "SR-10001", Step::Resolve));
    assert_eq!(confirm(&other, true).status, 404);
    let state = |reply: &crate::common::Reply| Standing::parse(reply.body.as_bytes()).expect("a case").state;
    assert_eq!(state(&confirm(&host, false)), State::Accepted, "it is not solved");
    assert!(step(&center, "SR-10001", Step::Resolve));
    assert_eq!(state(&confirm(&host, true)), State::Confirmed);
    assert_eq!(state(&confirm(&host, true)), State::Confirmed, "again is no harm");
    assert!(step(&center, "SR-10001", Step::Close) && !step(&center, "SR-10001", Step::Close));
}

#[test]
fn a_host_opens_so_many_cases_a_day() {
    let center = Center::start("cases-limit");
    let host = Host::enrol(&center, "t-1");
    let send = || host.send(&center, "POST", "/v1/cases", &[], &host.signed(&open(&host, "again")));
    assert!((0..50).all(|_| send().status == 201));
    let reply = send();
    assert_eq!((reply.status, reply.reason().as_str()), (429, "quota"));
}
