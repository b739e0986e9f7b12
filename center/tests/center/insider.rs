//! What holds against people of the center and strangers at its door: T68 for `/v1`, T73 (an audit line for every opening), T74
//! (passwords are not tried out), T75 (no secret in logs, arguments, environment and database).

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use oediag_center::{
    gate,
    store::{Store, audit::Chain},
};

use crate::{
    common::Center,
    console::Scene,
    host::Host,
    pages::{FORM, OURS, get, log_in},
};

/// Who may ask a route of `/v1`: hosts by a signature, programs by an upload token, anybody.
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "/v1/enroll", "anybody"),
    ("GET", "/v1/hosts/{host}/inbox", "host"),
    ("GET", "/v1/requests/{id}", "host"),
    ("GET", "/v1/requests/{id}/cancel", "host"),
    ("POST", "/v1/requests/{id}/events", "host"),
    ("GET", "/v1/keysets/{version}", "host"),
    ("PUT", "/v1/catalogue", "host"),
    ("POST", "/v1/ledger/head", "host"),
    ("GET", "/v1/log/{seq}", "host"),
    ("POST", "/v1/withdrawals", "host"),
    ("GET", "/v1/deletions/{receipt}", "host"),
    ("GET", "/v1/receipts/{id}/views", "host"),
    ("GET", "/v1/cases", "host"),
    ("POST", "/v1/cases", "host"),
    ("POST", "/v1/cases/{id}/confirm", "host"),
    ("POST", "/v1/consents", "host token"),
    ("OPTIONS", "/v1/uploads", "anybody"),
    ("POST", "/v1/uploads", "host token"),
    ("OPTIONS", "/v1/uploads/{id}", "anybody"),
    ("PATCH", "/v1/uploads/{id}", "host token"),
    ("HEAD", "/v1/uploads/{id}", "host token"),
    ("DELETE", "/v1/uploads/{id}", "host token"),
    ("POST", "/v1/uploads/{id}", "host token"),
    ("POST", "/v1/uploads/{id}/finish", "host token"),
];

#[test]
fn t68_each_route_of_hosts_is_for_those_that_the_table_names() {
    let scene = Scene::new("gate-matrix");
    let center = &scene.center;
    let (other, token) = (Host::enrol(center, "t-2"), center.token("t-2"));
    let request = scene.ask(&log_in(center, "admin", center.password()));
    let mut left: Vec<(&str, &str)> = ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect();
    for (method, route) in gate::routes() {
        let row = ROUTES.iter().find(|(known, path, _)| (*known, *path) == (method, route));
        let (.., who) = row.unwrap_or_else(|| panic!("{method} {route} has no line in the table"));
        left.retain(|one| *one != (method, route));
        let id = match route {
            route if route.contains("/receipts/") => scene.receipt.clone(),
            route if route.contains("/cases/") => scene.case.clone(),
            route if route.contains("/uploads/") => "0".repeat(32),
            _ => request.clone(),
        };
        let path = route.replace("{host}", &scene.host.id.to_string()).replace("{receipt}", &scene.receipt);
        let path = path.replace("{version}", "1").replace("{seq}", "1").replace("{id}", &id);
        let none = center.send_as(None, method, &path, &[], b"");
        let by_token = center.send(method, &path, &[], b"");
        let foreign_token = center.send_as(Some(&token), method, &path, &[], b"");
        let what = format!("{method} {path}");
        if *who == "anybody" {
            assert_ne!(none.status, 401, "{what}");
            continue;
        }
        assert_eq!(none.status, 401, "{what} by nobody");
        let forged = scene.host.request(center, method, &path, &[], b"").with("oediag-host", &other.id.to_string());
        assert_eq!(forged.send(center).status, 401, "{what} by a host that says it is another");
        assert_eq!(by_token.status == 401, !who.contains("token"), "{what} by a token: {by_token:?}");
        // What it has to send is missing: refused for that, and for nothing before. A POST to an upload names no other method here.
        let refused = |status: u16| status == 401 || status == 405 && (method, route) != ("POST", "/v1/uploads/{id}");
        let by_host = scene.host.send(center, method, &path, &[], b"");
        assert!(!refused(by_host.status), "{what} by its host: {by_host:?}");
        let by_other = other.send(center, method, &path, &[], b"");
        assert!(!refused(by_other.status), "{what} by another host: {by_other:?}");
        for (reply, asks) in [(&by_other, "a host"), (&foreign_token, "a token")] {
            let own = matches!(route, "/v1/keysets/{version}" | "/v1/log/{seq}" | "/v1/cases");
            assert!(!(200..300).contains(&reply.status) || own, "{what} by {asks} of another tenant: {reply:?}");
            assert!(!reply.body.contains(&scene.case) && !reply.body.contains(&scene.bundle), "{what} by {asks}: {reply:?}");
        }
    }
    assert!(left.is_empty(), "lines of the table without a route: {left:?}");
    // What the list does not name is not there, whoever asks.
    assert_eq!(scene.host.send(center, "DELETE", "/v1/catalogue", &[], b"").status, 405);
    assert_eq!(scene.host.send(center, "GET", "/v1/none", &[], b"").status, 404);
}

#[test]
fn t73_every_opening_is_in_the_audit_log_whatever_is_cut() {
    let mut scene = Scene::new("cut");
    let cookie = log_in(&scene.center, "admin", scene.center.password());
    let path = format!("/bundles/{}/files/README.txt", scene.bundle);
    assert_eq!(get(&scene.center, &cookie, &path).status, 200);
    let lines = "SELECT COUNT(*) FROM audit WHERE event = 'item_opened'";
    let mut seen = 1;
    assert_eq!(scene.center.count(lines), seen);
    // Only the first bytes of the reply are read: the line is on the disk before them.
    for _ in 0..5 {
        assert!(read(scene.center.address(), &path, &cookie).is_some());
        seen += 1;
        assert_eq!(scene.center.count(lines), seen);
    }
    for round in 0..3 {
        let before = scene.center.count(lines);
        let (center, told) = (&scene.center, AtomicU64::new(0));
        let (address, pid) = (center.address().to_owned(), center.pid());
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some(reply) = read(&address, &path, &cookie) {
                        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
                        told.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            thread::sleep(Duration::from_millis(700 + 331 * round));
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.cast_signed()), nix::sys::signal::SIGKILL).expect("killed");
        });
        scene.center.kill();
        scene.center.restart();
        let (told, after) = (told.load(Ordering::Relaxed), scene.center.count(lines));
        assert!(told > 0 && after - before >= told.cast_signed(), "{told} replies, {before} lines before, {after} after");
        let data = scene.center.data();
        let chain = tokio::runtime::Runtime::new()
            .expect("a runtime")
            .block_on(async { Store::open(data).await.expect("the store").audit_chain().await.expect("the log") });
        assert!(matches!(chain, Chain::Whole(..)), "{chain:?}");
    }
}

/// The first bytes of a reply; none when the center is gone.
fn read(address: &str, path: &str, cookie: &str) -> Option<String> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n").ok()?;
    let mut first = [0; 12];
    stream.read_exact(&mut first).ok()?;
    String::from_utf8(first.to_vec()).ok()
}

#[test]
fn t74_passwords_are_not_tried_out() {
    let center = &Center::start("brute");
    let try_one = |name: &str| {
        let body = format!("name={name}&password=wrong+horse+battery");
        let begun = Instant::now();
        let reply = center.send_as(None, "POST", "/login", &[FORM, OURS], body.as_bytes());
        assert!(reply.status != 303 && reply.header("set-cookie").is_empty(), "{reply:?}");
        (begun.elapsed(), reply.body)
    };
    let names = ["a.one", "b.one", "c.one", "d.one"];
    for name in names {
        center.user(name, "t-1");
    }
    // The same page and, but for what else the machine does, the same time.
    let (known, unknown): (Vec<_>, Vec<_>) = names.iter().map(|name| (try_one(name), try_one(&format!("no.{name}")))).unzip();
    for ((_, page), (_, other)) in known.iter().zip(&unknown) {
        assert_eq!(page, other, "nobody is told which of the two was wrong");
    }
    let least = |tries: &[(Duration, String)]| tries.iter().map(|(time, _)| *time).min().unwrap_or_default();
    let (known, unknown) = (least(&known), least(&unknown));
    println!("a wrong password: {known:?}, an unknown user: {unknown:?}");
    assert!(unknown > known / 3 && known > unknown / 3, "{known:?}, {unknown:?}");
    // Within a minute the sixth attempt is not looked at, right or wrong; of an unknown name neither.
    for name in ["admin", "nobody"] {
        let pages: Vec<String> = (0..6).map(|_| try_one(name).1).collect();
        assert_ne!(pages[4], pages[5], "{name} has to wait");
    }
    let right = format!("name=admin&password={}", center.password());
    let reply = center.send_as(None, "POST", "/login", &[FORM, OURS], right.as_bytes());
    assert_ne!(reply.status, 303, "the right one has to wait, too");
    assert!(center.count("SELECT COUNT(*) FROM audit WHERE event = 'login_refused'") >= 8);
    let other = center.user("e.one", "t-1");
    log_in(center, "e.one", &other);
}

#[test]
fn t75_no_secret_is_in_logs_arguments_environment_or_the_database() {
    let scene = Scene::new("secrets");
    let center = &scene.center;
    let cookie = log_in(center, "admin", center.password());
    let token = center.token("t-1");
    let enrol = center.enrol_token("t-1", 1);
    center.send_as(Some(&token), "POST", "/v1/consents", &[], b"no consent");
    center.send_as(None, "POST", "/v1/enroll", &[], enrol.as_bytes());
    for path in ["", "/operations", "/files/README.txt"] {
        assert!(matches!(get(center, &cookie, &format!("/bundles/{}{path}", scene.bundle)).status, 200 | 404));
    }
    let process = |file: &str| fs::read(format!("/proc/{}/{file}", center.pid())).expect("its process");
    let mut places = vec![
        ("the log".to_owned(), fs::read(center.data().with_extension("log")).expect("the log")),
        ("arguments".to_owned(), process("cmdline")),
        ("environment".to_owned(), process("environ")),
    ];
    for folder in [".", "objects/bundles", "uploads", "deletions"] {
        for entry in fs::read_dir(center.data().join(folder)).into_iter().flatten().flatten() {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            places.push((entry.path().display().to_string(), bytes));
        }
    }
    assert!(places.iter().any(|(name, bytes)| name.ends_with("center.db") && !bytes.is_empty()));
    let (_, session) = cookie.split_once('=').expect("a cookie");
    let secrets = [
        (center.password(), "a password"),
        (session, "a cookie"),
        (token.as_str(), "an upload token"),
        (enrol.as_str(), "an enrolment token"),
        ("AGE-SECRET-KEY-", "a key of the vault"),
        ("BEGIN OPENSSH PRIVATE KEY", "a private key"),
        // From a log within the bundle.
        ("XFS error on sdb1", "words of a bundle"),
        ("XFS (sdb1)", "a line of a bundle"),
    ];
    for (name, bytes) in &places {
        for (secret, what) in secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{name} holds {what}");
        }
    }
    assert!(String::from_utf8_lossy(&places[0].1).contains("listening"), "the log was read");
}
