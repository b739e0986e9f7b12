//! T45 and T72, the center's part: each head of a host's ledger is compared with all that was told before.

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    http_signature::NO_LEDGER,
    ledger::{Head, Schema},
    time::Time,
};

use crate::{
    common::{Center, Reply},
    host::{Host, key, now},
    ingest::audit,
};

fn head(seq: u64, text: &str) -> LedgerHead {
    LedgerHead { seq, hash: Sha256::of(text.as_bytes()) }
}

/// A poll that tells this head, signed so many seconds from now.
fn poll(center: &Center, host: &Host, head: Option<&LedgerHead>, later: i64) -> Reply {
    let ledger = head.map_or(NO_LEDGER.to_owned(), |head| format!("{}:{}", head.seq, head.hash));
    let path = format!("/v1/hosts/{}/inbox", host.id);
    let created = Time(now().0 + later);
    host.request_with(center.address(), (created, &ledger), "GET", &path, &[], b"").send(center)
}

fn conflicts(center: &Center) -> i64 {
    center.count("SELECT COUNT(*) FROM ledger_conflicts")
}

fn post(center: &Center, host: &Host, head: LedgerHead) -> (u16, String) {
    post_later(center, host, head, 0)
}

/// A head whose last line was written so many seconds from now.
fn post_later(center: &Center, host: &Host, head: LedgerHead, later: i64) -> (u16, String) {
    let document = Head { schema: Schema::V1, host_id: host.id, at: Time(now().0 + later), head };
    let reply = host.send(center, "POST", "/v1/ledger/head", &[], &host.signed(&document));
    (reply.status, reply.reason())
}

#[test]
fn t72_a_fork_and_a_rollback_show_with_one_poll() {
    let center = Center::start("ledger");
    let host = Host::enrol(&center, "t-1");
    assert_eq!(poll(&center, &host, None, 0).status, 200);
    for seq in 1..=3 {
        assert_eq!(poll(&center, &host, Some(&head(seq, "a")), 0).status, 200);
    }
    assert_eq!((conflicts(&center), center.count("SELECT COUNT(*) FROM ledger_heads")), (0, 3));
    // One that was overtaken by a later one on the way is no rollback.
    assert_eq!(poll(&center, &host, Some(&head(2, "a")), 0).status, 200);
    assert_eq!(conflicts(&center), 0);
    // A machine that was set back tells an old head as its newest; polls are answered all the same.
    assert_eq!(poll(&center, &host, Some(&head(2, "a")), 60).status, 200);
    assert_eq!(conflicts(&center), 1);
    // Another line of a known number: a clone, or an edit.
    assert_eq!(poll(&center, &host, Some(&head(3, "b")), 61).status, 200);
    assert_eq!(conflicts(&center), 2);
    // The whole ledger is gone.
    assert_eq!(poll(&center, &host, None, 120).status, 200);
    assert_eq!(conflicts(&center), 3);
    // Told once more, each is in the log once.
    for _ in 0..2 {
        assert_eq!(poll(&center, &host, Some(&head(3, "b")), 61).status, 200);
    }
    let log = audit(&center);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("\"event\":\"ledger_conflict\"")).collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert!(
        lines[0].contains("rollback: told 2:") && lines[1].contains("fork: told 3:") && lines[2].contains("rollback: told 0:")
    );
    assert!(lines.iter().all(|line| line.contains(&host.id.to_string()) && line.contains("\"tenant\":\"t-1\"")));
}

#[test]
fn t45_a_posted_head_that_does_not_fit_is_refused_and_kept() {
    let center = Center::start("ledger-post");
    let host = Host::enrol(&center, "t-1");
    assert_eq!(post(&center, &host, head(5, "a")), (204, String::new()));
    assert_eq!(post(&center, &host, head(5, "a")), (204, String::new()), "again is no harm");
    assert_eq!(post(&center, &host, head(5, "b")), (409, "ledger_conflict".to_owned()));
    assert_eq!(post(&center, &host, head(5, "b")), (409, "ledger_conflict".to_owned()), "it stays one");
    assert_eq!(post(&center, &host, head(6, "a")), (204, String::new()));
    assert_eq!(center.count("SELECT COUNT(*) FROM ledger_heads WHERE signed IS NOT NULL"), 3);
    // One that waited for a network; and one of a ledger that was set back and goes on.
    assert_eq!(post_later(&center, &host, head(4, "a"), -60), (204, String::new()));
    assert_eq!(post_later(&center, &host, head(3, "c"), 60), (409, "ledger_conflict".to_owned()));
    // An upload that goes on with the head it began with is no rollback; another line of a known number is a fork there too.
    let old = |text: &str| {
        let ledger = format!("5:{}", Sha256::of(text.as_bytes()));
        let created = Time(now().0 + 60);
        host.request_with(center.address(), (created, &ledger), "HEAD", "/v1/uploads/00", &[crate::host::TUS], b"").send(&center)
    };
    assert_eq!((old("a").status, conflicts(&center)), (404, 2));
    let created = Time(now().0 + 60);
    let list = host.request_with(center.address(), (created, NO_LEDGER), "GET", "/v1/cases", &[], b"").send(&center);
    assert_eq!((list.status, conflicts(&center)), (200, 2), "nor is a question of a program without the ledger");
    assert_eq!((old("c").status, conflicts(&center)), (404, 3));

    // Another host's head, another key's, and no head at all.
    let other = Host::enrol(&center, "t-1");
    let foreign = Head { schema: Schema::V1, host_id: other.id, at: now(), head: head(1, "a") };
    let send = |body: &[u8]| host.send(&center, "POST", "/v1/ledger/head", &[], body);
    let reply = send(&host.signed(&foreign));
    assert_eq!((reply.status, reply.reason().as_str()), (403, "other_host"));
    assert_eq!(send(&other.signed(&foreign)).status, 400);
    let forged = oediag_protocol::signed::Signed::new(&foreign, &[&key()]).and_then(|signed| signed.to_bytes()).expect("bytes");
    assert_eq!(send(&forged).status, 400);
    assert_eq!(send(b"{}").status, 400);
    // A token may not speak for a host, and a head is one number and one digest.
    let reply = center.send("POST", "/v1/ledger/head", &[], &host.signed(&foreign));
    assert_eq!((reply.status, reply.reason().as_str()), (401, "unauthenticated"));
    let path = format!("/v1/hosts/{}/inbox", host.id);
    let strange = host.request_with(center.address(), (now(), "1"), "GET", &path, &[], b"").send(&center);
    assert_eq!(strange.status, 400, "{strange:?}");
}
