//! tus 1.0.0 by the letter, in raw requests to the real program, which is killed and started again.

use crate::common::{Center, Reply};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

const CHUNK: &str = "application/offset+octet-stream";
const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");

fn create(center: &Center, bytes: usize) -> String {
    let reply = center.send("POST", "/v1/uploads", &[TUS, ("Upload-Length", &bytes.to_string())], b"");
    assert_eq!(reply.status, 201, "{reply:?}");
    assert!(reply.header("upload-expires").ends_with("GMT"));
    reply.header("location").to_owned()
}

fn patch(center: &Center, url: &str, place: usize, bytes: &[u8], more: &[(&str, &str)]) -> Reply {
    let place = place.to_string();
    let mut headers = vec![TUS, ("Upload-Offset", place.as_str()), ("Content-Type", CHUNK)];
    headers.extend(more);
    center.send("PATCH", url, &headers, bytes)
}

fn place(center: &Center, url: &str) -> String {
    let reply = center.send("HEAD", url, &[TUS], b"");
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{reply:?}");
    reply.header("upload-offset").to_owned()
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
    assert_eq!(reply.header("tus-max-size"), (2_u64 << 30).to_string());
}

#[test]
fn chunks_arrive_in_order_and_what_is_wrong_changes_nothing() {
    let center = Center::start("chunks");
    let url = create(&center, 10);
    assert_eq!(place(&center, &url), "0");
    let reply = patch(&center, &url, 0, b"01234", &[("Upload-Checksum", &sum(b"01234"))]);
    assert_eq!((reply.status, reply.header("upload-offset")), (204, "5"));

    let wrong = sum(b"56780");
    let cases: [(&str, u16, Reply); 6] = [
        ("bad checksum", 460, patch(&center, &url, 5, b"56789", &[("Upload-Checksum", &wrong)])),
        ("unknown algorithm", 400, patch(&center, &url, 5, b"56789", &[("Upload-Checksum", "md5 AAAA")])),
        ("wrong offset", 409, patch(&center, &url, 4, b"45678", &[])),
        (
            "offset that is no number",
            400,
            center.send("PATCH", &url, &[TUS, ("Upload-Offset", "+5"), ("Content-Type", CHUNK)], b"5"),
        ),
        ("too long", 400, patch(&center, &url, 5, b"56789A", &[])),
        ("wrong type", 415, center.send("PATCH", &url, &[TUS, ("Upload-Offset", "5"), ("Content-Type", "text/plain")], b"5")),
    ];
    for (case, status, reply) in cases {
        assert_eq!(reply.status, status, "{case}: {reply:?}");
        assert_eq!(place(&center, &url), "5", "{case}");
    }
    let headers = [TUS, ("X-HTTP-Method-Override", "PATCH"), ("Upload-Offset", "5"), ("Content-Type", CHUNK)];
    assert_eq!(center.send("POST", &url, &headers, b"56789").status, 204);
    assert_eq!(center.stored(&url), b"0123456789");
}

#[test]
fn requests_that_are_not_tus_or_not_allowed_are_refused() {
    let center = Center::start("refused");
    let url = create(&center, 10);
    let send = |method: &str, url: &str, headers: &[(&str, &str)]| center.send(method, url, headers, b"").status;
    assert_eq!(send("HEAD", &url, &[]), 412);
    assert_eq!(send("HEAD", &url, &[("Tus-Resumable", "0.2.2")]), 412);
    assert_eq!(send("POST", "/v1/uploads", &[TUS]), 400, "no length");
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Defer-Length", "1")]), 400);
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "-1")]), 400);
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "99999999999")]), 413);
    assert_eq!(send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "1"), ("Upload-Metadata", "a b c")]), 400);
    assert_eq!(send("HEAD", "/v1/uploads/00000000000000000000000000000000", &[TUS]), 404);
    assert_eq!(send("HEAD", "/v1/uploads/..%2f..%2fcenter.db", &[TUS]), 404);

    let other = center.token("other");
    assert_eq!(center.send_as(Some(&other), "HEAD", &url, &[TUS], b"").status, 404, "another sender's upload");
    assert_eq!(center.send_as(Some("oedt_no"), "HEAD", &url, &[TUS], b"").status, 401);
    assert_eq!(center.send_as(None, "POST", "/v1/uploads", &[TUS, ("Upload-Length", "1")], b"").status, 401);
}

#[test]
fn a_deleted_upload_is_gone_and_open_ones_are_counted() {
    let center = Center::start("deleted");
    let urls: Vec<String> = (0..4).map(|_| create(&center, 10)).collect();
    let reply = center.send("POST", "/v1/uploads", &[TUS, ("Upload-Length", "10")], b"");
    assert_eq!((reply.status, reply.header("retry-after")), (429, "600"));
    assert_eq!(center.send("DELETE", &urls[0], &[TUS], b"").status, 204);
    assert_eq!(center.send("HEAD", &urls[0], &[TUS], b"").status, 404);
    assert_eq!(patch(&center, &urls[0], 0, b"0", &[]).status, 404);
    create(&center, 10);
}

#[test]
fn a_killed_center_goes_on_where_it_was() {
    let mut center = Center::start("killed");
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let url = create(&center, content.len());
    for at in [0, 1_000_000] {
        let chunk = &content[at..at + 1_000_000];
        assert_eq!(patch(&center, &url, at, chunk, &[("Upload-Checksum", &sum(chunk))]).status, 204);
        // Less than half a chunk, then the power goes.
        let next = at + chunk.len();
        let place = next.to_string();
        let headers = [TUS, ("Upload-Offset", place.as_str()), ("Content-Type", CHUNK)];
        let open = center.half("PATCH", &url, &headers, &content[next..next + 400_000], 1_000_000);
        center.kill();
        drop(open);
        center.restart();
    }
    let at: usize = place(&center, &url).parse().expect("a number");
    assert_eq!(at, 2_000_000, "what was not acknowledged does not count");
    assert_eq!(patch(&center, &url, at, &content[at..], &[]).status, 204);
    assert!(center.stored(&url) == content, "the stored bytes are those that were sent");
}

#[test]
fn a_client_that_breaks_off_loses_nothing_that_arrived() {
    let center = Center::start("broken");
    let url = create(&center, 1_000_000);
    let headers = [TUS, ("Upload-Offset", "0"), ("Content-Type", CHUNK)];
    drop(center.half("PATCH", &url, &headers, &vec![7; 400_000], 1_000_000));
    let arrived = (0..100).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        Some(place(&center, &url)).filter(|place| place != "0")
    });
    assert_eq!(arrived.as_deref(), Some("400000"));

    let wrong = sum(b"something else");
    let headers = [TUS, ("Upload-Offset", "400000"), ("Content-Type", CHUNK), ("Upload-Checksum", &wrong)];
    drop(center.half("PATCH", &url, &headers, &vec![7; 100_000], 200_000));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(place(&center, &url), "400000", "a chunk with a checksum counts whole or not at all");
}

#[test]
fn two_requests_never_write_one_upload() {
    let center = Center::start("busy");
    let url = create(&center, 10);
    let open = center.half("PATCH", &url, &[TUS, ("Upload-Offset", "0"), ("Content-Type", CHUNK)], b"012", 10);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let reply = patch(&center, &url, 0, b"abcdefghij", &[]);
    assert_eq!((reply.status, reply.header("retry-after")), (423, "1"));
    drop(open);
    let arrived = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        place(&center, &url) == "3"
    });
    assert!(arrived);
    assert_eq!(patch(&center, &url, 3, b"3456789", &[]).status, 204);
    assert_eq!(center.stored(&url), b"0123456789");
}
