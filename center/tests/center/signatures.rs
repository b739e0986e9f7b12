//! T31: what a host signed is accepted once, soon, and as it was; nothing else is.

use oediag_protocol::time::Time;

use crate::{
    common::Center,
    host::{CHUNK, Host, TUS, now},
};

#[test]
fn t31_replayed_stale_and_edited_requests_change_nothing() {
    let center = Center::start("signed");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(3000);
    let url = host.slot(&center, &file);
    let (bytes, address) = (&file.bytes[..1000], center.address().to_owned());
    let headers = [TUS, CHUNK, ("Upload-Offset", "0")];
    let patch = || host.request(&center, "PATCH", &url, &headers, bytes);
    let at = |created: i64| host.request_at(&address, Time(created), "PATCH", &url, &headers, bytes);

    let stranger = Host::enrol(&center, "t-1");
    let mut body = patch();
    body.body[7] ^= 1;
    let mut path = patch();
    path.path = format!("{url}?x=1");
    let mut other_path = patch();
    other_path.path = format!("{}x", &url[..url.len() - 1]);
    let mut method = patch();
    method.method = "POST".to_owned();
    let signature = patch().headers.iter().find(|(name, _)| name == "signature").expect("signed").1.clone();
    let mut nobody = patch();
    nobody.headers.retain(|(name, _)| !name.starts_with("signature"));
    let cases = [
        ("body", body, "digest"),
        (
            "body and its digest",
            patch().with("content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
            "signature",
        ),
        ("query", path, "signature"),
        ("path", other_path, "signature"),
        ("method", method, "signature"),
        ("offset", patch().with("Upload-Offset", "1"), "signature"),
        ("host", patch().with("oediag-host", &stranger.id.to_string()), "signature"),
        ("ledger", patch().with("oediag-ledger", &format!("1:{}", "0".repeat(64))), "signature"),
        ("another request's signature", patch().with("signature", &signature), "signature"),
        ("no signature", patch().with("signature", ""), "signature"),
        ("no signature and no token", nobody, "unauthenticated"),
        ("authority", host.request_at("evil.example", now(), "PATCH", &url, &headers, bytes), "signature"),
        ("stale", at(now().0 - 400), "stale"),
        ("from the future", at(now().0 + 400), "stale"),
    ];
    for (case, request, reason) in cases {
        let reply = request.send(&center);
        assert_eq!((reply.status, reply.reason().as_str()), (401, reason), "{case}: {reply:?}");
        assert_eq!(host.place(&center, &url), "0", "{case}");
    }

    let request = patch();
    assert_eq!(request.send(&center).status, 204);
    // The same again where it would fit, were it not a replay: at the offset that it names lies nothing.
    let empty = host.request(&center, "HEAD", &url, &[TUS], b"");
    assert_eq!(empty.send(&center).status, 200);
    assert_eq!(empty.send(&center).status, 401);
    let reply = request.send(&center);
    assert_eq!((reply.status, reply.reason().as_str()), (401, "replayed"), "{reply:?}");
    assert_eq!(host.place(&center, &url), "1000");
}

/// T31: the memory of nonces outlives the program. Here the name that hosts sign stays the same.
#[test]
fn t31_a_replay_after_a_restart_is_known() {
    let mut center = Center::start_as("replay", &["--public-url", "https://center.example"]);
    let host = Host::enrol(&center, "t-1");
    let sign = || host.request_at("center.example", now(), "HEAD", "/v1/uploads/00", &[TUS], b"");
    let request = sign();
    assert_eq!(request.send(&center).status, 404, "signed, but there is no such upload");
    center.kill();
    center.restart();
    assert_eq!(request.send(&center).status, 401);
    assert_eq!(sign().send(&center).status, 404);
    // What the client calls the center does not matter.
    assert_eq!(host.request(&center, "HEAD", "/v1/uploads/00", &[TUS], b"").send(&center).status, 401);
}

/// T18: whatever a revoked host signs.
#[test]
fn t18_a_revoked_host_is_refused() {
    let center = Center::start("revoked");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(1000);
    let url = host.slot(&center, &file);
    center.change("UPDATE hosts SET revoked = 1");
    for reply in [
        host.patch(&center, &url, 0, &file.bytes),
        host.finish(&center, &url),
        host.send(&center, "POST", "/v1/consents", &[], &file.front),
    ] {
        assert_eq!((reply.status, reply.reason().as_str()), (403, "revoked"));
    }
    // Nor does a token of its tenant help.
    let reply = center.send("POST", "/v1/consents", &[], &file.front);
    assert_eq!((reply.status, reply.reason().as_str()), (403, "revoked"));
}
