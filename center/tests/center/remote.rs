//! Requests from the center's side: composed by the rules, found in the inbox, answered by signed events, taken back.

use oediag_center::{keys::Keys, signer::Signer, store::Store};
use oediag_protocol::{
    catalogue::{Offer, Parameter, Range, Schema as OfferSchema, Source},
    consent::{Level, RequestRef},
    id::{BundleId, RequestId},
    inbox::Inbox,
    keyset::Keyset,
    ledger::Reason,
    request::{
        event::{Schema, StatusEvent},
        life::State,
        paper::Words,
        value::Name,
        verify::{self, Asked, Clock, Verified},
    },
    signed::Signed,
    text::Line,
    time::Time,
};

use crate::{
    common::{Center, Reply},
    host::{Host, fresh, now},
    ingest::audit,
};

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn line(text: &str) -> Line {
    Line::parse(text).expect("a line")
}

/// What the hosts of these tests can be asked for.
fn offer() -> Offer {
    let words = Words { zh_cn: line("内核日志"), en: line("kernel log") };
    let source = |id: &str, level, params| Source { id: name(id), topic: name("kernel"), level, words: words.clone(), params };
    let since = Parameter { name: name("since"), range: Range::Span(60, 86_400) };
    Offer {
        schema: OfferSchema::V1,
        version: line("1.0.0"),
        presets: vec![name("perf")],
        sources: vec![source("kernel.dmesg", Level::Basic, vec![since]), source("crash.core", Level::Extended, Vec::new())],
    }
}

/// Tells the center what the host can be asked for.
pub(crate) fn tell(center: &Center, host: &Host) {
    let body = oediag_protocol::json::to_bytes(&offer()).expect("JSON");
    assert_eq!(host.send(center, "PUT", "/v1/catalogue", &[], &body).status, 204);
}

/// Makes a request; an error is what the program says.
pub(crate) fn create(center: &Center, host: &Host, more: &[&str]) -> Result<RequestId, String> {
    let id = host.id.to_string();
    let fixed =
        ["request", "create", "--host", &id, "--case", "INC-1", "--severity", "P2", "--reason-zh", "磁盘", "--reason-en", "disk"];
    let printed = center.command(&[&fixed, more].concat())?;
    Ok(RequestId::parse(&printed).expect("it prints the id"))
}

fn inbox(reply: &Reply) -> Inbox {
    assert_eq!(reply.status, 200, "{reply:?}");
    Inbox::parse(reply.body.as_bytes()).expect("an inbox")
}

/// Polls until a change shows: what another program changed is seen within a second.
pub(crate) fn changed(center: &Center, host: &Host, tag: &str) -> Reply {
    for _ in 0..300 {
        let reply = host.poll(center, tag);
        if reply.status != 304 {
            return reply;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the inbox did not change");
}

/// Fetches a request and judges it as a host does.
pub(crate) fn fetch(center: &Center, host: &Host, id: RequestId) -> Verified {
    let reply = host.send(center, "GET", &format!("/v1/requests/{id}"), &[], b"");
    assert_eq!(reply.status, 200, "{reply:?}");
    let asked = Asked { keyset: &host.keyset, host_id: host.id, tenant_id: &host.tenant };
    verify::request(reply.body.as_bytes(), asked, Clock { now: now(), floor: None, trusted: true }).expect("a good request")
}

fn event(host: &Host, id: RequestId, seq: u64, state: State) -> StatusEvent {
    StatusEvent {
        schema: Schema::V1,
        request_id: id,
        tenant_id: host.tenant.clone(),
        host_id: host.id,
        seq,
        at: now(),
        state,
        reason: None,
        bundle_id: None,
        receipt_id: None,
    }
}

fn post(center: &Center, host: &Host, event: &StatusEvent) -> (u16, String) {
    let path = format!("/v1/requests/{}/events", event.request_id);
    let reply = host.send(center, "POST", &path, &[], &host.signed(event));
    (reply.status, reply.reason())
}

fn standing(center: &Center, id: RequestId) -> String {
    let shown = center.command(&["request", "show", &id.to_string()]).expect("the request");
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    shown["standing"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_request_reaches_its_host_and_events_come_back() {
    let mut center = Center::start("remote");
    let (host, other) = (Host::enrol(&center, "t-1"), Host::enrol(&center, "t-1"));
    let first = host.poll(&center, "");
    assert!(inbox(&first).wants_catalogue && inbox(&first).requests.is_empty());
    assert_eq!((inbox(&first).next_poll_s, inbox(&first).keyset_version), (300, 1));
    let refused = create(&center, &host, &["--preset", "perf"]).expect_err("nothing is known of the host");
    assert!(refused.contains("has not told yet"), "{refused}");
    tell(&center, &host);
    let again = host.poll(&center, first.header("etag"));
    assert_eq!((again.status, again.header("oediag-next-poll"), again.body.as_str()), (304, "300", ""), "{again:?}");
    assert!(!inbox(&host.poll(&center, "")).wants_catalogue);

    let id = create(&center, &host, &["--preset", "perf", "--source", "kernel.dmesg:since=24h"]).expect("a request");
    let reply = changed(&center, &host, first.header("etag"));
    assert_eq!(inbox(&reply).requests, [id]);
    assert_eq!(inbox(&reply).next_poll_s, 10, "while something is under way it asks often");
    assert_eq!(host.poll(&center, reply.header("etag")).header("oediag-next-poll"), "10");
    assert!(inbox(&other.poll(&center, "")).requests.is_empty(), "another host's");
    let verified = fetch(&center, &host, id);
    assert_eq!(verified.request.scope.sources.len(), 1);
    assert_eq!(verified.request.expires, Time(verified.request.created.0 + 24 * 3600));
    // The other host gets nothing by the id, and cannot speak for this one.
    for path in [format!("/v1/requests/{id}"), format!("/v1/requests/{id}/cancel"), format!("/v1/hosts/{}/inbox", host.id)] {
        assert!(matches!(other.send(&center, "GET", &path, &[], b"").status, 403 | 404), "{path}");
    }
    assert_eq!(host.send(&center, "GET", &format!("/v1/requests/{id}/cancel"), &[], b"").status, 404);
    assert_eq!(
        post(&center, &other, &event(&host, id, 1, State::Pending)).0,
        403,
        "signed by another host than the one it names"
    );
    assert_eq!(post(&center, &other, &event(&other, id, 1, State::Pending)), (404, "not_found".to_owned()));

    assert_eq!(standing(&center, id), "asked");
    let pending = event(&host, id, 1, State::Pending);
    assert_eq!(post(&center, &host, &pending).0, 204);
    assert_eq!(post(&center, &host, &pending).0, 204, "the same again is no harm");
    assert_eq!(post(&center, &host, &event(&host, id, 1, State::Denied)), (409, "event".to_owned()));
    assert_eq!(standing(&center, id), "pending");
    let denied = StatusEvent { reason: Reason::parse("no_time"), ..event(&host, id, 3, State::Denied) };
    assert_eq!(post(&center, &host, &denied).0, 204, "some may be missing");
    assert_eq!(post(&center, &host, &event(&host, id, 2, State::Approved)).0, 204, "and may come late");
    assert_eq!(standing(&center, id), "denied");
    assert!(inbox(&host.poll(&center, "")).requests.is_empty());
    let settled = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        inbox(&host.poll(&center, "")).next_poll_s == 300
    });
    assert!(settled, "and not when it is over");

    // What is over is asked anew under another id.
    let anew = center.command(&["request", "reissue", &id.to_string()]).expect("a request");
    let anew = RequestId::parse(&anew).expect("an id");
    assert_ne!(anew, id);
    let twice = center.command(&["request", "reissue", &anew.to_string()]).expect_err("it is open");
    assert!(twice.contains("still open"), "{twice}");
    assert_eq!(fetch(&center, &host, anew).request.scope, verified.request.scope);
    // A restart changes nothing for a host that has seen all: no storm follows it.
    let tag = changed(&center, &host, reply.header("etag")).header("etag").to_owned();
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let tag = if host.poll(&center, &tag).status == 304 { tag } else { host.poll(&center, "").header("etag").to_owned() };
    center.kill();
    center.restart();
    assert_eq!(host.poll(&center, &tag).status, 304);
    let log = audit(&center);
    for event in ["request_signed", "request_event"] {
        assert!(log.contains(&format!("\"event\":\"{event}\"")), "{log}");
    }
}

#[test]
fn the_center_signs_nothing_that_a_host_would_refuse() {
    let center = Center::start("remote-rules");
    let host = Host::enrol(&center, "t-1");
    tell(&center, &host);
    let cases: [(&[&str], &str); 9] = [
        (&["--preset", "deep"], "no preset deep"),
        (&["--source", "kernel.log"], "no source kernel.log"),
        (&["--source", "kernel.dmesg:until=1h"], "no parameter until"),
        (&["--source", "kernel.dmesg:since=30d"], "does not take this value"),
        (&["--source", "crash.core"], "level extended only"),
        (&[], "names a preset or sources"),
        (&["--preset", "perf", "--hours", "169"], "1 to 168 hours"),
        (&["--preset", "perf", "--extended"], "approved by a lead"),
        (&["--source", "crash.core", "--extended", "--approved-by", "wang.fang"], "engineer"),
    ];
    for (more, expected) in cases {
        let said = create(&center, &host, more).expect_err("it must be refused");
        assert!(said.contains(expected), "{more:?}: {said}");
    }
    let id = host.id.to_string();
    let said = center
        .command(&[
            "request",
            "create",
            "--host",
            &id,
            "--case",
            "SR-1",
            "--severity",
            "P1",
            "--reason-zh",
            "a",
            "--reason-en",
            "b",
            "--preset",
            "perf",
        ])
        .expect_err("there is no such case");
    assert!(said.contains("no case SR-1"), "{said}");
    assert_eq!(center.count("SELECT COUNT(*) FROM requests"), 0);
    center.change("UPDATE hosts SET revoked = 1");
    assert!(create(&center, &host, &["--preset", "perf"]).expect_err("revoked").contains("revoked"));
}

#[test]
fn a_cancelled_request_is_told_until_its_host_ends_it() {
    let center = Center::start("remote-cancel");
    let host = Host::enrol(&center, "t-1");
    tell(&center, &host);
    let id = create(&center, &host, &["--preset", "perf"]).expect("a request");
    let tag = changed(&center, &host, "").header("etag").to_owned();
    let cancel = || center.command(&["request", "cancel", &id.to_string(), "--reason-zh", "不用了", "--reason-en", "solved"]);
    cancel().expect("cancelled");
    cancel().expect("again is no harm");
    let reply = changed(&center, &host, &tag);
    let told =
        if inbox(&reply).cancels.is_empty() { inbox(&changed(&center, &host, reply.header("etag"))) } else { inbox(&reply) };
    assert_eq!((told.requests, told.cancels), (Vec::new(), vec![id]));
    let reply = host.send(&center, "GET", &format!("/v1/requests/{id}/cancel"), &[], b"");
    let asked = Asked { keyset: &host.keyset, host_id: host.id, tenant_id: &host.tenant };
    let cancel = verify::cancel(reply.body.as_bytes(), asked).expect("a good cancellation");
    assert_eq!((cancel.request_id, cancel.reason.en.as_str()), (id, "solved"));
    assert_eq!(standing(&center, id), "cancelled");
    assert_eq!(post(&center, &host, &event(&host, id, 1, State::Cancelled)).0, 204);
    assert!(inbox(&host.poll(&center, "")).cancels.is_empty());
}

/// T18, T31: a host that was revoked is not answered, and each question is asked once.
#[test]
fn t31_a_question_is_answered_once_and_to_its_host_only() {
    let center = Center::start("remote-nonce");
    let host = Host::enrol(&center, "t-1");
    let path = format!("/v1/hosts/{}/inbox", host.id);
    let poll = host.request(&center, "GET", &path, &[], b"");
    assert_eq!(poll.send(&center).status, 200);
    let reply = poll.send(&center);
    assert_eq!((reply.status, reply.reason().as_str()), (401, "replayed"));
    assert_eq!(center.count("SELECT COUNT(*) FROM nonces"), 0, "a poll touches no disk");
    let stale = host.request_at(center.address(), Time(now().0 - 400), "GET", &path, &[], b"").send(&center);
    assert_eq!((stale.status, stale.reason().as_str()), (401, "stale"));
    let reply = center.send("GET", &path, &[], b"");
    assert_eq!((reply.status, reply.reason().as_str()), (401, "unauthenticated"), "a token is no host");
    let foreign = Host::enrol(&center, "t-1");
    let reply = host.request(&center, "GET", &path, &[], b"").with("oediag-host", &foreign.id.to_string()).send(&center);
    assert_eq!(reply.status, 401);

    // Revoked by another program: forgotten here within a second or so.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(center.data()).await.expect("the store");
        assert!(store.revoke_host(&host.tenant, host.id, "lead", now()).await.expect("an answer"));
        assert!(!store.revoke_host(&host.tenant, host.id, "lead", now()).await.expect("an answer"), "once");
    });
    for _ in 0..300 {
        let reply = host.send(&center, "GET", &path, &[], b"");
        if reply.status == 403 {
            assert_eq!(reply.reason(), "revoked");
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("a revoked host is still answered");
}

#[test]
fn keysets_are_fetched_step_by_step() {
    let center = Center::start("remote-keyset");
    let host = Host::enrol(&center, "t-1");
    let get = |version: &str| host.send(&center, "GET", &format!("/v1/keysets/{version}"), &[], b"");
    let signed = Signed::parse(get("1").body.as_bytes()).expect("a signed object");
    assert_eq!(signed.open::<Keyset>(&host.keyset.root.keys, 1).expect("a keyset"), host.keyset);
    assert_eq!((get("2").status, get("0").status, get("x").status), (404, 404, 404));
    // The next one, made by another program when the first ends soon, is told to hosts that have seen all else.
    let tag = host.poll(&center, "").header("etag").to_owned();
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let store = Store::open(center.data()).await.expect("the store");
        let signer = Signer::new(Keys::open(center.data()).expect("keys")).expect("a signer");
        let soon = Time(host.keyset.expires.0 - 1);
        assert_eq!(signer.keysets(&store, &host.tenant, soon).await.expect("keysets").len(), 2);
    });
    assert_eq!(inbox(&changed(&center, &host, &tag)).keyset_version, 2);
    let next = Signed::parse(get("2").body.as_bytes()).expect("a signed object");
    assert_eq!(host.keyset.next(&next).expect("it follows").version, 2);
}

/// What one host can make the center keep is bounded.
#[test]
fn a_host_that_tells_too_much_has_to_wait() {
    let center = Center::start("remote-limits");
    let host = Host::enrol(&center, "t-1");
    tell(&center, &host);
    let id = create(&center, &host, &["--preset", "perf"]).expect("a request");
    let numbers = |most: u32| format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most})");
    center.change(&format!(
        "INSERT INTO request_events (request, seq, state, at, received, signed) {} SELECT '{id}', i, 'pending', 0, 0, '' FROM n",
        numbers(100)
    ));
    assert_eq!(post(&center, &host, &event(&host, id, 101, State::Pending)), (429, "requests".to_owned()));
    let (host_id, at) = (host.id, now().0);
    center.change(&format!(
        "INSERT INTO ledger_heads (host, seq, hash, told, at) {} SELECT '{host_id}', i, 'x', {at}, {at} FROM n",
        numbers(5000)
    ));
    let ledger = format!("5001:{}", "0".repeat(64));
    let path = format!("/v1/hosts/{host_id}/inbox");
    let reply = host.request_with(center.address(), (now(), &ledger), "GET", &path, &[], b"").send(&center);
    assert_eq!((reply.status, reply.reason().as_str(), reply.header("retry-after")), (429, "requests", "600"));
}

/// T39, T69: a receipt that answers a request must name one that was made to this host, in these words, and is not taken back.
#[test]
fn t39_a_receipt_answers_a_request_that_was_made() {
    let center = Center::start("remote-receipt");
    let (host, other) = (Host::enrol(&center, "t-1"), Host::enrol(&center, "t-1"));
    tell(&center, &host);
    tell(&center, &other);
    let (id, foreign) = (create(&center, &host, &["--preset", "perf"]), create(&center, &other, &["--preset", "perf"]));
    let (id, foreign) = (id.expect("a request"), foreign.expect("a request"));
    let digest = fetch(&center, &host, id).payload_sha256;
    let seal = |request_id: RequestId, payload_sha256| {
        let content = fresh().repeat(100);
        let mut consent = host.consent(&content, BundleId(fresh()), oediag_protocol::digest::Sha256([3; 32]));
        consent.request = Some(RequestRef { request_id, payload_sha256 });
        host.seal_with(&content, consent, &host.key, |envelope| envelope.request_id = Some(request_id))
    };
    let post = |front: &[u8]| {
        let reply = host.send(&center, "POST", "/v1/consents", &[], front);
        (reply.status, reply.reason())
    };
    let refused = (403, "other_request".to_owned());
    assert_eq!(post(&seal(foreign, fetch(&center, &other, foreign).payload_sha256).front), refused);
    assert_eq!(post(&seal(id, oediag_protocol::digest::Sha256([1; 32])).front), refused);
    assert_eq!(post(&seal(RequestId(fresh()), digest).front), refused);
    assert_eq!(center.count("SELECT COUNT(*) FROM receipts"), 0);

    let (good, late) = (seal(id, digest), seal(id, digest));
    let url = host.slot(&center, &good);
    assert_eq!(host.patch(&center, &url, 0, &good.bytes).status, 204);
    let cancel = ["request", "cancel", &id.to_string(), "--reason-zh", "不用了", "--reason-en", "solved"];
    center.command(&cancel).expect("cancelled");
    assert_eq!(post(&late.front), (403, "cancelled".to_owned()));
    let reply = host.finish(&center, &url);
    assert_eq!((reply.status, reply.reason().as_str()), (403, "cancelled"), "{reply:?}");
    assert_eq!(center.count("SELECT COUNT(*) FROM bundles"), 0);
}
