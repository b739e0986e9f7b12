//! tus 1.0.0 by the letter, in raw requests to the real program, which is killed and started again.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    common::{Center, Reply},
    host::{CHUNK, Host, Sealed, TUS, metadata},
};

/// A slot of a token's for this file, whose consent its host posts.
fn create(center: &Center, host: &Host, file: &Sealed) -> String {
    let reply = host.send(center, "POST", "/v1/consents", &[], &file.front);
    assert_eq!(reply.status, 201, "{reply:?}");
    let reply = ask(center, file);
    assert_eq!(reply.status, 201, "{reply:?}");
    assert!(reply.header("upload-expires").ends_with("GMT"));
    reply.header("location").to_owned()
}

fn ask(center: &Center, file: &Sealed) -> Reply {
    let (length, receipt) = (file.bytes.len().to_string(), metadata(file.consent.receipt_id));
    center.send("POST", "/v1/uploads", &[TUS, ("Upload-Length", &length), ("Upload-Metadata", &receipt)], b"")
}

fn begun(name: &str, bytes: usize) -> (Center, Host, Sealed, String) {
    let center = Center::start(name);
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(bytes);
    let url = create(&center, &host, &file);
    (center, host, file, url)
}

fn patch(center: &Center, url: &str, place: usize, bytes: &[u8], more: &[(&str, &str)]) -> Reply {
    let place = place.to_string();
    let mut headers = vec![TUS, ("Upload-Offset", place.as_str()), CHUNK];
    headers.extend(more);
    center.send("PATCH", url, &headers, bytes)
}

fn place(center: &Center, url: &str) -> usize {
    let reply = center.send("HEAD", url, &[TUS], b"");
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    reply.header("upload-offset").parse().expect("a number")
}

/// Waits until the center has written down what was sent before the connection broke.
fn arrives(center: &Center, url: &str, expected: usize) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        place(center, url) == expected
    })
}

/// Waits until so many bytes of the upload lie on the disk, written down or not.
fn lies(center: &Center, url: &str, expected: usize) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        center.stored(url).len() == expected
    })
}

fn sum(bytes: &[u8]) -> String {
    format!("sha256 {}", STANDARD.encode(Sha256::digest(bytes)))
}

#[test]
fn options_tell_what_is_spoken() {
    let center = Center::start("options");
    let reply = center.send("OPTIONS", "/v1/uploads", &[], b"");
    assert_eq!((reply.status, reply.header("tus-version")), (204, "1.0.0"));
    assert_eq!(reply.header("tus-extension"), "creation,expiration,checksum,termination");
    assert_eq!(reply.header("tus-checksum-algorithm"), "sha256");
    let most: u64 = reply.header("tus-max-size").parse().expect("a number");
    assert!(most > oediag_protocol::envelope::MAX_PAYLOAD);
}

#[test]
fn t30_chunks_arrive_in_order_and_what_is_wrong_changes_nothing() {
    let (center, _, file, url) = begun("chunks", 3000);
    let (first, rest) = file.bytes.split_at(1000);
    assert_eq!(place(&center, &url), 0);
    let reply = patch(&center, &url, 0, first, &[("Upload-Checksum", &sum(first))]);
    assert_eq!((reply.status, reply.header("upload-offset")), (204, "1000"));

    let wrong = sum(first);
    let long = [rest, b"x"].concat();
    let cases: [(&str, u16, Reply); 6] = [
        ("bad checksum", 460, patch(&center, &url, 1000, rest, &[("Upload-Checksum", &wrong)])),
        ("unknown algorithm", 400, patch(&center, &url, 1000, rest, &[("Upload-Checksum", "md5 AAAA")])),
        ("wrong offset", 409, patch(&center, &url, 999, rest, &[])),
        ("offset that is no number", 400, center.send("PATCH", &url, &[TUS, ("Upload-Offset", "+1000"), CHUNK], b"5")),
        ("too long", 400, patch(&center, &url, 1000, &long, &[])),
        ("wrong type", 415, center.send("PATCH", &url, &[TUS, ("Upload-Offset", "1000"), ("Content-Type", "text/plain")], b"5")),
    ];
    for (case, status, reply) in cases {
        assert_eq!(reply.status, status, "{case}: {reply:?}");
        assert_eq!(place(&center, &url), 1000, "{case}");
    }
    let headers = [TUS, ("X-HTTP-Method-Override", "PATCH"), ("Upload-Offset", "1000"), CHUNK];
    assert_eq!(center.send("POST", &url, &headers, rest).status, 204);
    assert!(center.stored(&url) == file.bytes);
}

/// T30: as a host sends it, signed.
#[test]
fn t30_a_chunk_that_changed_on_the_way_is_sent_again() {
    let center = Center::start("corrupt");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(3000);
    let url = host.slot(&center, &file);
    let headers = [TUS, CHUNK, ("Upload-Offset", "0"), ("Upload-Checksum", &sum(&file.bytes))];
    let mut request = host.request(&center, "PATCH", &url, &headers, &file.bytes);
    request.body[100] ^= 1;
    assert_eq!(request.send(&center).status, 460);
    assert_eq!(host.place(&center, &url), "0");
    assert_eq!(host.send(&center, "PATCH", &url, &headers, &file.bytes).status, 204);
    host.ack(&host.finish(&center, &url), &file);
}

#[test]
fn requests_that_are_not_tus_or_not_allowed_are_refused() {
    let (center, _, file, url) = begun("refused", 100);
    let send = |method: &str, url: &str, headers: &[(&str, &str)]| center.send(method, url, headers, b"").status;
    let receipt = metadata(file.consent.receipt_id);
    assert_eq!(send("HEAD", &url, &[]), 412);
    assert_eq!(send("HEAD", &url, &[("Tus-Resumable", "0.2.2")]), 412);
    assert_eq!(send("POST", "/v1/uploads", &[TUS]), 400, "no length");
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Defer-Length", "1")]), 400);
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "-1")]), 400);
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "99999999999")]), 413);
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "1"), ("Upload-Metadata", "a b c")]), 400);
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "1"), ("Upload-Metadata", &receipt)]), 403);
    assert_eq!(send("HEAD", "/v1/uploads/00000000000000000000000000000000", &[TUS]), 404);
    assert_eq!(send("HEAD", "/v1/uploads/..%2f..%2fcenter.db", &[TUS]), 404);

    let other = center.token("t-other");
    assert_eq!(center.send_as(Some(&other), "HEAD", &url, &[TUS], b"").status, 404, "another sender's upload");
    assert_eq!(center.send_as(Some("oedt_no"), "HEAD", &url, &[TUS], b"").status, 401);
    assert_eq!(center.send_as(None, "POST", "/v1/uploads", &[TUS, ("Upload-Length", "1")], b"").status, 401);
}

#[test]
fn a_deleted_upload_is_gone_and_open_ones_are_counted() {
    let (center, host, file, url) = begun("deleted", 100);
    let files: Vec<Sealed> = (0..3).map(|_| host.seal_some(100)).collect();
    let urls: Vec<String> = files.iter().map(|file| create(&center, &host, file)).collect();
    let reply = ask(&center, &file);
    assert_eq!((reply.status, reply.header("retry-after")), (429, "600"));
    assert_eq!(center.send("DELETE", &urls[0], &[TUS], b"").status, 204);
    assert_eq!(center.send("HEAD", &urls[0], &[TUS], b"").status, 404);
    assert_eq!(patch(&center, &urls[0], 0, b"0", &[]).status, 404);
    assert_eq!(ask(&center, &files[0]).status, 201);
    assert_eq!(place(&center, &url), 0);
}

/// T29 in small: killed twice inside a chunk.
#[test]
fn t29_a_killed_center_goes_on_where_it_was() {
    let (mut center, host, file, url) = begun("killed", 3_000_000);
    let content = &file.bytes;
    for at in [0, 1_000_000] {
        let chunk = &content[at..at + 1_000_000];
        assert_eq!(patch(&center, &url, at, chunk, &[("Upload-Checksum", &sum(chunk))]).status, 204);
        // Less than half a chunk, then the power goes.
        let next = at + chunk.len();
        let place = next.to_string();
        let headers = [TUS, ("Upload-Offset", place.as_str()), CHUNK];
        let open = center.half("PATCH", &url, &headers, &content[next..next + 400_000], 1_000_000);
        center.kill();
        drop(open);
        center.restart();
    }
    let at = place(&center, &url);
    assert_eq!(at, 2_000_000, "what was not acknowledged does not count");
    assert_eq!(patch(&center, &url, at, &content[at..], &[]).status, 204);
    assert!(center.stored(&url) == *content, "the stored bytes are those that were sent");
    let reply = center.send("POST", &format!("{url}/finish"), &[TUS], b"");
    host.ack(&reply, &file);
}

#[test]
fn t28_a_client_that_breaks_off_loses_nothing_that_arrived() {
    let (center, _, _, url) = begun("broken", 1_000_000);
    let headers = [TUS, ("Upload-Offset", "0"), CHUNK];
    drop(center.half("PATCH", &url, &headers, &vec![7; 400_000], 1_000_000));
    assert!(arrives(&center, &url, 400_000));

    let wrong = sum(b"something else");
    let headers = [TUS, ("Upload-Offset", "400000"), CHUNK, ("Upload-Checksum", &wrong)];
    let half = center.half("PATCH", &url, &headers, &vec![7; 100_000], 200_000);
    assert!(lies(&center, &url, 500_000), "the chunk is on its way");
    drop(half);
    assert!(lies(&center, &url, 400_000), "the center saw that it broke off");
    assert_eq!(place(&center, &url), 400_000, "a chunk with a checksum counts whole or not at all");
}

/// T28: what a host signed counts whole or not at all, and the same chunk twice is told to be in the wrong place.
#[test]
fn t28_a_signed_chunk_that_breaks_off_or_comes_twice_changes_nothing() {
    let center = Center::start("signed-half");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(500_000);
    let url = host.slot(&center, &file);
    let request = host.request(&center, "PATCH", &url, &[TUS, CHUNK, ("Upload-Offset", "0")], &file.bytes);
    let headers: Vec<(&str, &str)> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    drop(center.half_as(None, "PATCH", &url, &headers, &file.bytes[..200_000], file.bytes.len()));
    // The file is free again when the request has ended.
    let reply = (0..200).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        host.patch(&center, &url, 0, &file.bytes[..300_000])
    });
    let reply = reply.into_iter().find(|reply| reply.status != 423).expect("an answer");
    assert_eq!((reply.status, reply.header("upload-offset")), (204, "300000"));
    assert_eq!(host.patch(&center, &url, 0, &file.bytes[..300_000]).status, 409);
    assert_eq!(host.patch(&center, &url, 300_000, &file.bytes[300_000..]).status, 204);
    host.ack(&host.finish(&center, &url), &file);
}

#[test]
fn two_requests_never_write_one_upload() {
    let (center, _, file, url) = begun("busy", 1000);
    let open = center.half("PATCH", &url, &[TUS, ("Upload-Offset", "0"), CHUNK], &file.bytes[..300], file.bytes.len());
    assert!(lies(&center, &url, 300));
    let reply = patch(&center, &url, 0, &file.bytes, &[]);
    assert_eq!((reply.status, reply.header("retry-after")), (423, "1"));
    drop(open);
    assert!(arrives(&center, &url, 300));
    assert_eq!(patch(&center, &url, 300, &file.bytes[300..], &[]).status, 204);
    assert!(center.stored(&url) == file.bytes);
}
