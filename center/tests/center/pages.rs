//! A real bundle, taken in and looked at in the pages of the real program: log-in, list, bundle, file; and who may not.

use std::path::Path;

use crate::common::{Center, Reply};
use oediag_center::{
    ingest::{self, IngestError, Received},
    store::Store,
};
use oediag_protocol::{id::HostId, sshsig::AllowedSigners};

const NAME: &str = "oediag-2c5b9ddd-20261123T050853Z-7f008a21";
const HOST: &str = "h-2c5b9ddde54dec4cb66c911f729cf7d4";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

pub(crate) fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A bundle of the folder, as if it had come in from this host.
pub(crate) fn received(folder: &Path, name: &str, host: &str, tenant: &str) -> Received {
    let signers = std::fs::read(folder.join("allowed_signers")).expect("the host's keys");
    Received {
        tenant: tenant.to_owned(),
        file: folder.join(format!("{name}.tar.gz")),
        signature: std::fs::read(folder.join(format!("{name}.tar.gz.sig"))).expect("the signature"),
        host: HostId::parse(host).expect("a host id"),
        signers: AllowedSigners::parse(&signers).expect("allowed signers"),
    }
}

/// The bundle of an ordinary host.
pub(crate) fn plain(tenant: &str) -> Received {
    received(&data(""), NAME, HOST, tenant)
}

/// Takes the bundle in, in the data folder of a center that runs; gives its id.
pub(crate) fn take(center: &Center, received: Received) -> Result<String, IngestError> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(center.data()).await?;
        ingest::take(&store, received).await.map(|bundle| bundle.id.to_string())
    })
}

/// A page, with the slashes that templates escape written plainly.
fn get(center: &Center, cookie: &str, path: &str) -> Reply {
    let mut reply = center.send_as(None, "GET", path, &[("Cookie", cookie)], b"");
    reply.body = reply.body.replace("&#x2f;", "/");
    reply
}

/// Logs in and gives the cookie.
pub(crate) fn log_in(center: &Center, name: &str, password: &str) -> String {
    let body = format!("name={name}&password={password}");
    let reply = center.send_as(None, "POST", "/login", &[FORM, OURS], body.as_bytes());
    assert_eq!((reply.status, reply.header("location")), (303, "/"), "{reply:?}");
    let cookie = reply.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

#[test]
fn a_bundle_is_taken_in_once_and_shown() {
    let center = Center::start("shown");
    let cookie = log_in(&center, "admin", center.password());
    assert!(get(&center, &cookie, "/").body.contains("No bundle has come in yet."));
    let id = take(&center, plain("t-1")).expect("the bundle is taken in");
    assert_eq!(take(&center, plain("t-1")).expect("again"), id);

    let list = get(&center, &cookie, "/");
    assert_eq!(list.body.matches(&format!("href=\"/bundles/{id}\"")).count(), 1, "{}", list.body);
    let policy = list.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("inline") && !list.body.contains("<script"));

    let page = get(&center, &cookie, &format!("/bundles/{id}"));
    assert_eq!(page.status, 200);
    for part in
        [NAME, "openEuler", "<h2>Alerts</h2>", "not recorded in this folder", "etc/os-release", "values were replaced", "Read "]
    {
        assert!(page.body.contains(part), "no {part} in {}", page.body);
    }
    // Every piece of evidence leads to its line.
    let links: Vec<&str> =
        page.body.split("href=\"").filter_map(|rest| rest.split('"').next()).filter(|link| link.contains("#L")).collect();
    assert!(!links.is_empty(), "no alert names a line");
    for link in links.iter().take(5) {
        let link = link.replace("&amp;", "&");
        let (url, line) = link.split_once('#').expect("an anchor");
        let file = get(&center, &cookie, url);
        assert!(file.status == 200 && file.body.contains(&format!("id=\"{line}\"")), "{link}: {}", file.status);
    }
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}/files/etc/shadow")).status, 404);
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}/files/..%2f..%2fcenter.db")).status, 404);
}

#[test]
fn who_is_not_logged_in_or_of_another_tenant_sees_nothing() {
    let center = Center::start("foreign");
    let id = take(&center, plain("t-1")).expect("the bundle is taken in");
    for path in ["/", &format!("/bundles/{id}"), &format!("/bundles/{id}/files/README.txt")] {
        assert_eq!(get(&center, "oediag=0", path).header("location"), "/login", "{path}");
    }
    let password = center.user("eve", "t-2");
    let cookie = log_in(&center, "eve", &password);
    assert!(!get(&center, &cookie, "/").body.contains(&id));
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}")).status, 404);
    assert_eq!(get(&center, &cookie, &format!("/bundles/{id}/files/README.txt")).status, 404);
}

#[test]
fn forms_of_others_and_guesses_are_refused() {
    let center = Center::start("forms");
    let good = format!("name=admin&password={}", center.password());
    let post = |path: &str, headers: &[(&str, &str)], body: &str| center.send_as(None, "POST", path, headers, body.as_bytes());
    assert_eq!(post("/login", &[FORM], &good).status, 403, "no word of where it comes from");
    assert_eq!(post("/login", &[FORM, ("Sec-Fetch-Site", "cross-site")], &good).status, 403);
    assert_eq!(post("/login", &[FORM, ("Origin", "http://evil.example")], &good).status, 403);

    let cookie = log_in(&center, "admin", center.password());
    assert_eq!(post("/logout", &[FORM, OURS, ("Cookie", &cookie)], "csrf=0").status, 403);
    let page = get(&center, &cookie, "/").body;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    assert_eq!(post("/logout", &[FORM, OURS, ("Cookie", &cookie)], &format!("csrf={csrf}")).status, 303);
    assert_eq!(get(&center, &cookie, "/").header("location"), "/login");

    for name in ["admin", "nobody", "nobody", "nobody"] {
        let reply = post("/login", &[FORM, OURS], &format!("name={name}&password=wrong-wrong-wrong"));
        assert!(reply.status == 200 && reply.body.contains("Name or password is wrong."), "{}", reply.body);
    }
    assert!(post("/login", &[FORM, OURS], &good).body.contains("Too many attempts."));
}

#[test]
fn what_the_host_did_not_sign_is_rejected() {
    let center = Center::start("unsigned");
    let other = "h-00000000000000000000000000000000";
    let mut wrong = plain("t-1");
    wrong.host = HostId::parse(other).expect("a host id");
    assert!(matches!(take(&center, wrong), Err(IngestError::Rejected(_))));

    let mut bytes = std::fs::read(data(&format!("{NAME}.tar.gz"))).expect("the bundle");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let mut wrong = plain("t-1");
    wrong.file = center.data().join("changed.tar.gz");
    std::fs::write(&wrong.file, bytes).expect("a changed bundle");
    assert!(matches!(take(&center, wrong), Err(IngestError::Rejected(_))));
    let cookie = log_in(&center, "admin", center.password());
    assert!(get(&center, &cookie, "/").body.contains("No bundle has come in yet."));
}
