//! T32: whatever a center says, the sealed file stays, the error is told, and once the center is honest the same command goes on.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use oediag_protocol::{ack::Ack, id::BundleId};

use crate::{
    center::{Center, Lie, ack, documents, refusal, sign_ack},
    host::Host,
    http::{Action, Request},
};

fn reply(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Lie {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Lie::Instead(Action::Reply(status, headers, body.to_vec()))
}

/// An ack for what is announced, changed and signed by a key of this seed.
fn forged(request: &Request, seed: u8, change: fn(&mut Ack)) -> Lie {
    let (envelope, consent) = documents(&request.body);
    let mut ack = ack(&envelope, &consent);
    change(&mut ack);
    reply(200, &[], &sign_ack(&ack, seed))
}

/// A lie is told the first time a step is reached; then the center is honest.
struct Case {
    name: &'static str,
    step: &'static str,
    code: i32,
    lie: fn(&Request) -> Lie,
}

const PATIENCE: &str = "3";

fn cases() -> Vec<Case> {
    let case = |name, step, code, lie| Case { name, step, code, lie };
    vec![
        case("junk-for-an-ack", "consent", 4, |_| reply(200, &[], b"<html>welcome</html>")),
        case("ack-by-another-key", "consent", 4, |request| forged(request, 31, |_| {})),
        case("ack-for-another-bundle", "consent", 4, |request| forged(request, 30, |ack| ack.bundle_id = BundleId([9; 16]))),
        case("ack-for-other-bytes", "consent", 4, |request| forged(request, 30, |ack| ack.payload.bytes += 1)),
        case("ack-under-another-receipt", "consent", 4, |request| forged(request, 30, |ack| ack.receipt_id.0[0] ^= 1)),
        case("junk-at-the-end", "finish", 4, |_| reply(200, &[], b"\xff\xfe")),
        case("redirect", "consent", 5, |_| reply(307, &[("location", "http://127.0.0.1:1/")], b"")),
        case("redirect-of-a-chunk", "send", 5, |_| reply(308, &[("location", "http://127.0.0.1:1/")], b"")),
        case("no-slot", "create", 5, |_| reply(201, &[], b"")),
        case("slot-elsewhere", "create", 5, |_| reply(201, &[("location", "http://127.0.0.1:1/other/path")], b"")),
        case("slot-with-tricks", "create", 5, |_| reply(201, &[("location", "/v1/uploads/../../x?y")], b"")),
        case("offset-beyond-the-end", "send", 5, |_| reply(204, &[("upload-offset", "99999999999")], b"")),
        case("offset-behind", "send", 5, |_| reply(204, &[("upload-offset", "0")], b"")),
        case("no-offset", "send", 5, |_| reply(204, &[], b"")),
        case("junk-for-a-chunk", "send", 5, |_| reply(200, &[], b"thanks")),
        case("created-is-not-stored", "consent", 5, |_| reply(202, &[], b"")),
        case("endless-body", "consent", 5, |_| {
            Lie::Instead(Action::Flood(b"HTTP/1.1 201 X\r\ncontent-length: 99999999999\r\n\r\n".to_vec()))
        }),
        case("endless-chunked-body", "finish", 5, |_| {
            Lie::Instead(Action::Flood(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n".to_vec()))
        }),
        case("refused", "consent", 3, |_| Lie::Instead(refusal(403, "no \\u001b[31m such receipt"))),
        case("refused-at-the-end", "finish", 3, |_| Lie::Instead(refusal(403, "the receipt was withdrawn"))),
        case("bytes-denied", "finish", 4, |_| Lie::Instead(refusal(422, "not the bytes of the receipt"))),
        case("stranger", "consent", 4, |_| Lie::Instead(refusal(401, "who are you"))),
        case("too-large", "create", 5, |_| Lie::Instead(refusal(413, "an upload may have at most 1 byte"))),
    ]
}

#[test]
fn t32_no_lie_loses_the_file_or_is_believed() {
    let host_of = |name| format!("t32-{name}");
    for Case { name, step, code, lie } in cases() {
        // A request that is not accepted is signed anew and sent once more.
        let lies = if name == "stranger" { 2 } else { 1 };
        let center = Center::lying(move |request, before| (request.step() == step && before < lies).then(|| lie(request)));
        let host = Host::enrolled(&host_of(name), &center);
        let bundle = host.bundle();
        let run = host.upload(&bundle, &["--patience", PATIENCE]);
        assert_eq!(run.code, Some(code), "{name}: {run:#?}");
        assert!(run.err.starts_with("error: ") || run.err.contains("\nerror: "), "{name}: {run:#?}");
        assert!(!run.err.contains('\u{1b}'), "{name}: {run:#?}");
        assert_eq!(host.outbox().len(), 1, "{name}: the sealed file is kept");
        assert!(center.known().bundles.is_empty(), "{name}");
        // The same command again: no question, the same receipt, to the end.
        let run = host.run(&["upload", bundle.to_str().expect("UTF-8"), "--patience", PATIENCE]);
        assert_eq!(run.code, Some(0), "{name}, again: {run:#?}");
        assert!(run.err.contains("is used again"), "{name}: {run:#?}");
        assert_eq!((host.receipts(), host.outbox().len(), center.known().bundles.len()), (1, 0, 1), "{name}");
    }
}

#[test]
fn t32_silence_and_drips_end_in_time() {
    type Slow = (&'static str, &'static str, fn() -> Action);
    let slow: [Slow; 6] = [
        ("silence", "consent", || Action::Stall(Duration::from_mins(10))),
        ("drip-of-a-head", "consent", || Action::Drip(b"HTTP/1.1 201 X\r\nx-drip: ".to_vec(), 6000)),
        ("drip-of-a-body", "consent", || Action::Drip(b"HTTP/1.1 201 X\r\ncontent-length: 9999\r\n\r\n".to_vec(), 6000)),
        ("endless-head", "consent", || Action::Flood(b"HTTP/1.1 201 X\r\nx-flood: ".to_vec())),
        ("another-protocol", "consent", || Action::Raw(b"220 mail.example.cn ESMTP\r\n".to_vec())),
        ("always-hangs-up", "send", || Action::Hang),
    ];
    for (name, step, action) in slow {
        let center = Center::lying(move |request, _| (request.step() == step).then(|| Lie::Instead(action())));
        let host = Host::enrolled(&format!("t32-{name}"), &center);
        let bundle = host.bundle();
        let begun = Instant::now();
        let run = host.upload(&bundle, &["--patience", PATIENCE]);
        assert_eq!(run.code, Some(5), "{name}: {run:#?}");
        assert!(begun.elapsed() < Duration::from_mins(5), "{name} took {:?}", begun.elapsed());
        assert!(run.err.contains("upload --unfinished") && run.err.contains("consent drop c-"), "{name}: {run:#?}");
        assert_eq!(host.outbox().len(), 1, "{name}: the sealed file is kept");
    }
}

/// The address that a redirect names never hears of us.
#[test]
fn t32_nobody_is_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("non-blocking");
    let url = format!("http://{}/v1/uploads/abc", elsewhere.local_addr().expect("its number"));
    for status in [301, 302, 303, 307, 308] {
        let url = url.clone();
        let center = Center::lying(move |request, _| {
            let followed = matches!(request.step(), "consent" | "create" | "send");
            followed.then(|| Lie::Instead(Action::Reply(status, vec![("location", url.clone())], Vec::new())))
        });
        let host = Host::enrolled(&format!("t32-follow-{status}"), &center);
        host.upload(&host.bundle(), &["--patience", PATIENCE]).ends(5);
    }
    let knocked = elsewhere.accept().expect_err("nobody came");
    assert_eq!(knocked.kind(), std::io::ErrorKind::WouldBlock);
}
