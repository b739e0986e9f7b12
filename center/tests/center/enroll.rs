//! T25: enrolment tokens, used, used up, expired, wrong; and the host that did not hear the answer.

use oediag_protocol::{
    enroll::{EnrollError, Enrolled, Token},
    id::HostId,
    keyset::KeysetError,
    sshsig::Signer,
};

use crate::{
    common::Center,
    host::{Host, enroll, enrolment, fresh, key, now},
};

struct New {
    id: HostId,
    key: Signer,
    transport: Signer,
}

fn new() -> New {
    New { id: HostId(fresh()), key: key(), transport: key() }
}

fn ask(center: &Center, token: &str, host: &New) -> (u16, String) {
    let reply = enroll(center, &enrolment(token, host.id, &host.key, &host.transport));
    (reply.status, reply.reason())
}

fn hosts(center: &Center) -> i64 {
    center.count("SELECT COUNT(*) FROM hosts")
}

#[test]
fn t25_a_token_is_good_for_one_host_which_may_ask_again() {
    let center = Center::start("token-once");
    let token = center.enrol_token("t-1", 1);
    let (first, second) = (new(), new());
    // The first answer was lost; then the same request comes, and one that was made anew.
    let request = enrolment(&token, first.id, &first.key, &first.transport);
    let replies: Vec<_> = (0..2).map(|_| enroll(&center, &request)).collect();
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body == replies[0].body), "{replies:?}");
    assert_eq!(ask(&center, &token, &first).0, 200);
    assert_eq!(ask(&center, &token, &second), (403, "token".to_owned()));
    assert_eq!(hosts(&center), 1);
    assert_eq!(center.count("SELECT hosts_used FROM enrolments"), 1);
}

#[test]
fn t25_a_token_for_more_hosts_counts_them() {
    let center = Center::start("token-many");
    let token = center.enrol_token("t-1", 2);
    let answers: Vec<u16> = (0..3).map(|_| ask(&center, &token, &new()).0).collect();
    assert_eq!(answers, [200, 200, 403]);
    assert_eq!(hosts(&center), 2);
}

#[test]
fn t25_wrong_and_expired_tokens_and_edited_requests_store_nothing() {
    let center = Center::start("token-wrong");
    let token = center.enrol_token("t-1", 1);
    let parts: Vec<&str> = token.split('.').collect();
    let guessed = format!("{}.{}.{}.{}", parts[0], parts[1], "0".repeat(32), parts[3]);
    assert_eq!(ask(&center, &guessed, &new()), (403, "token".to_owned()));

    // A proof for other keys than those in the request: who reads the connection cannot enrol itself.
    let (host, thief) = (new(), new());
    let request = String::from_utf8(enrolment(&token, host.id, &host.key, &host.transport)).expect("JSON");
    assert_eq!(enroll(&center, request.replace("oediag-enroll-v1", "oediag-consent-v1").as_bytes()).status, 400);
    let stolen = oediag_protocol::signed::Signed::parse(request.as_bytes()).expect("a request");
    let mut stolen = oediag_protocol::enroll::EnrollRequest::open(&stolen).expect("a request");
    stolen.host_key = thief.key.public();
    let stolen = oediag_protocol::signed::Signed::new(&stolen, &[&thief.key]).and_then(|signed| signed.to_bytes());
    let reply = enroll(&center, &stolen.expect("a request"));
    assert_eq!((reply.status, reply.reason()), (403, "token".to_owned()));
    for body in [Vec::new(), b"{}".to_vec(), vec![b'x'; 100_000]] {
        assert!(matches!(enroll(&center, &body).status, 400 | 413));
    }
    center.change("UPDATE enrolments SET expires = 1");
    assert_eq!(ask(&center, &token, &host), (403, "token".to_owned()));
    assert_eq!(hosts(&center), 0);
}

#[test]
fn t25_a_known_id_or_key_is_not_taken_over() {
    let center = Center::start("token-known");
    let known = Host::enrol(&center, "t-1");
    let token = center.enrol_token("t-1", 9);
    let same_id = New { id: known.id, ..new() };
    assert_eq!(ask(&center, &token, &same_id), (409, "known".to_owned()));
    let same_transport = New { transport: known.transport, ..new() };
    assert_eq!(ask(&center, &token, &same_transport), (409, "known".to_owned()));
    assert_eq!(hosts(&center), 1);
}

/// T25: a center in the middle with a keyset of its own.
#[test]
fn t25_the_token_tells_this_center_from_another() {
    let (center, other) = (Center::start("token-pin"), Center::start("token-other"));
    let (token, foreign) = (center.enrol_token("t-1", 1), other.enrol_token("t-1", 1));
    let host = new();
    let reply = enroll(&other, &enrolment(&foreign, host.id, &host.key, &host.transport));
    let enrolled = Enrolled::parse(reply.body.as_bytes()).expect("a reply");
    let token = Token::parse(&token).expect("a token");
    assert_eq!(enrolled.accept(&token, host.id, now()).err(), Some(EnrollError::Keyset(KeysetError::Pin)));
}
