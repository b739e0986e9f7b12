//! Level extended through the pages: an engineer writes, a lead approves, the engineer signs; items of an index; leave to read;
//! the tenant's part of the audit log; conflicts of ledgers where they must be seen.

use std::{fs, process::Command};

use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Outcome, Reason},
    consent::Level,
    id::RequestId,
    request::verify::{self, Asked, Clock},
    sshsig::{self, Namespace},
};

use crate::{
    bundle,
    common::Center,
    console::{Scene, post},
    host::{key, now},
    ingest::audit,
    pages::{PLAIN, get, log_in},
};

fn user(center: &Center, name: &str, role: &str) -> String {
    let password = center.user_as(name, "t-1", role);
    log_in(center, name, &password)
}

/// A signature as a form sends it.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The signature that `ssh-keygen` makes of these bytes, or our own where there is no such program.
fn signature(center: &Center, key: &sshsig::Signer, payload: &str) -> String {
    let folder = center.data().join("engineer");
    fs::create_dir_all(&folder).expect("a folder");
    let (private, file) = (folder.join("key"), folder.join("request.json"));
    fs::write(&private, key.to_openssh().expect("a key").as_bytes()).expect("written");
    fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
    fs::write(&file, payload).expect("written");
    drop(fs::remove_file(folder.join("request.json.sig")));
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "sign", "-n", "oediag-request-v1", "-f"]).arg(&private).arg(&file);
    match command.output() {
        Ok(output) if output.status.success() => {
            fs::read_to_string(folder.join("request.json.sig")).expect("a signature").replace('\n', "\r\n")
        }
        _ => key.sign(Namespace::Request, payload.as_bytes()).expect("a signature"),
    }
}

#[test]
fn an_extended_request_needs_a_lead_and_the_engineers_own_key() {
    let scene = Scene::new("extended");
    let (center, host) = (&scene.center, &scene.host);
    let own = key();
    let public = center.data().join("li.pub");
    fs::write(&public, format!("{}\n", own.public())).expect("written");
    center.command(&["keys", "engineer", "add", "li.wei", public.to_str().expect("a path")]).expect("listed");
    let (li, lead) = (user(center, "li.wei", "engineer"), log_in(center, "admin", center.password()));
    let path = scene.propose(&li);
    let page = get(center, &lead, &path).body;
    for part in ["crash.core", "核心转储", "core dumps", "扩展", "Approve</button>", "li.wei (li.wei), engineer, password"]
    {
        assert!(page.contains(part), "no {part} in {page}");
    }
    assert!(get(center, &lead, "/requests").body.contains("href=\"/approvals\""));
    assert!(get(center, &lead, "/approvals").body.contains("waits for a lead"));
    assert!(!get(center, &li, &path).body.contains("Approve</button>"));
    assert_eq!(get(center, &li, &format!("{path}/payload")).status, 404, "nothing to sign before a lead agreed");
    assert_eq!(post(center, &li, &format!("{path}/sign"), "signature=x").status, 409);
    assert_eq!(post(center, &li, &format!("{path}/approve"), "").status, 403);
    assert_eq!(post(center, &lead, &format!("{path}/approve"), "").header("location"), path);
    assert_eq!(post(center, &lead, &format!("{path}/approve"), "").status, 409, "once");

    let payload = get(center, &li, &format!("{path}/payload"));
    assert!(payload.header("content-disposition").starts_with("attachment; "));
    let signed = signature(center, &own, &payload.body);
    for (bad, why) in [
        (signature(center, &key(), &payload.body), "by a key that is not listed"),
        (signature(center, &own, &payload.body.replace("Locate", "locate")), "over other bytes"),
        ("-----BEGIN SSH SIGNATURE-----".to_owned(), "none at all"),
    ] {
        assert_eq!(post(center, &li, &format!("{path}/sign"), &format!("signature={}", encoded(&bad))).status, 409, "{why}");
    }
    assert_eq!(center.count("SELECT COUNT(*) FROM requests"), 0);
    let reply = post(center, &li, &format!("{path}/sign"), &format!("signature={}", encoded(&signed)));
    assert!(reply.header("location").starts_with("/requests/"), "{reply:?}");
    let id = reply.header("location").rsplit('/').next().and_then(RequestId::parse).expect("its id");
    assert_eq!(get(center, &li, &path).status, 404, "it waits no more");

    // The host takes it by its newest keyset.
    let reply = host.send(center, "GET", &format!("/v1/requests/{id}"), &[], b"");
    let next = host.send(center, "GET", "/v1/keysets/2", &[], b"");
    let next = oediag_protocol::signed::Signed::parse(next.body.as_bytes()).expect("the keyset with the engineer's key");
    let keyset = host.keyset.next(&next).expect("it follows");
    let asked = Asked { keyset: &keyset, host_id: host.id, tenant_id: &host.tenant };
    let clock = Clock { now: now(), floor: None, trusted: true };
    let verified = verify::request(reply.body.as_bytes(), asked, clock).expect("a good request");
    assert_eq!(verified.request.scope.level, Level::Extended);
    assert_eq!(verified.request.approved_by.expect("a lead").id.as_str(), "admin");

    // A lead neither approves what they wrote, nor is anything left of what was refused.
    let own = scene.propose(&lead);
    assert!(!get(center, &lead, &own).body.contains("Approve</button>"));
    assert_eq!(post(center, &lead, &format!("{own}/approve"), "").status, 409);
    assert_eq!(post(center, &lead, &format!("{own}/refuse"), "").header("location"), "/approvals");
    assert_eq!(get(center, &lead, &own).status, 404);
    let log = audit(center);
    for event in ["request_proposed", "request_approved", "request_not_approved", "request_signed"] {
        assert!(log.contains(&format!("\"event\":\"{event}\"")), "{event}: {log}");
    }
}

#[test]
fn ticked_items_of_an_index_are_asked_for() {
    let scene = Scene::new("items");
    let (center, cookie) = (&scene.center, log_in(&scene.center, "admin", scene.center.password()));
    // Its rows are skipped for other reasons: none of them is held.
    let page = get(center, &cookie, &format!("/bundles/{}/items", scene.bundle)).body;
    assert!(page.contains("Every row of the manifest came") && !page.contains("name=\"i:"), "{page}");
    let held = |id: &str| Item {
        src: Some(format!("/var/log/<b>{id}")),
        outcome: Outcome::Skipped,
        reason: Some(Reason::LeftOut),
        ..Item::new(id, ItemKind::File)
    };
    let bundle = bundle::edited(&scene.host, &[], |manifest| manifest.items.extend(["logs.messages", "logs.secure"].map(held)));
    let sealed = bundle.seal(&scene.host);
    scene.host.ack(&scene.host.upload(center, &sealed), &sealed);
    crate::ingest::checked(center, bundle.id);
    let bundle = bundle.id.to_string();
    let page = get(center, &cookie, &format!("/bundles/{bundle}/items"));
    assert!(page.status == 200 && page.body.contains("&lt;b&gt;logs.secure"), "{page:?}");
    let places: Vec<&str> = page.body.split("name=\"i:").skip(1).filter_map(|rest| rest.split('"').next()).take(2).collect();
    assert_eq!(places.len(), 2, "{}", page.body);
    let manifest = page.body.split("name=\"manifest\" value=\"").nth(1).and_then(|rest| rest.get(..64)).expect("a digest");
    let (path, held) = (format!("/hosts/{}/ask", scene.host.id), &bundle);
    let ticked = format!("ask=items&held={held}&manifest={manifest}&i:{}=1&i:{}=1&step=items", places[0], places[1]);
    let form = post(center, &cookie, &path, &ticked).body;
    let items = format!("{}, {}", places[0], places[1]);
    assert!(
        form.contains(&format!("value=\"{items}\"")) && form.contains(manifest) && !form.contains("role=\"alert\""),
        "{form}"
    );
    let asked = format!(
        "case=INC-9&severity=P3&level=basic&reason_zh=x&reason_en=y&ask=items&held={held}&manifest={manifest}&items={}&\
         retention=30&mib=5&seconds=60&step=send",
        items.replace(", ", "%2C+")
    );
    let reply = post(center, &cookie, &path, &asked);
    assert_eq!(reply.status, 303, "{reply:?}");
    let id = reply.header("location").rsplit('/').next().unwrap_or_default().to_owned();
    let told: serde_json::Value = serde_json::from_str(&center.command(&["request", "show", &id]).expect("it")).expect("JSON");
    let scope = &told["request"]["scope"]["held"];
    assert_eq!((scope["bundle_id"].as_str(), scope["manifest_sha256"].as_str()), (Some(held.as_str()), Some(manifest)));
    assert_eq!(scope["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_lead_lets_an_engineer_read() {
    let scene = Scene::new("leave");
    let center = &scene.center;
    let (lead, li) = (log_in(center, "admin", center.password()), user(center, "li.wei", "engineer"));
    user(center, "watcher", "auditor");
    let (bundle, path) = (format!("/bundles/{}", scene.bundle), format!("/bundles/{}/readers", scene.bundle));
    assert_eq!(get(center, &li, &bundle).status, 403);
    assert!(get(center, &lead, &bundle).body.contains(&path));
    for (form, why) in [
        ("reader=nobody&days=7", "no such user"),
        ("reader=watcher&days=7", "no such user"),
        ("reader=li.wei&days=31", "1 to 30 days"),
        ("reader=%3Cscript%3E&days=7", "no such user"),
    ] {
        let reply = post(center, &lead, &path, form);
        assert!(reply.status == 200 && reply.body.contains(why) && !reply.body.contains("<script"), "{form}: {reply:?}");
    }
    assert_eq!(center.count("SELECT COUNT(*) FROM grants"), 0);
    assert_eq!(post(center, &lead, &path, "reader=li.wei&days=7").header("location"), path);
    assert!(get(center, &lead, &path).body.contains("li.wei"));
    assert_eq!(get(center, &li, &bundle).status, 200);
    assert!(audit(center).contains("\"event\":\"grant\",\"actor\":\"admin\""));
}

#[test]
fn a_tenant_takes_its_audit_lines_away_and_is_told_of_conflicts() {
    let scene = Scene::new("audit-lines");
    let center = &scene.center;
    let (customer, engineer) = (user(center, "customer", "tenant-admin"), user(center, "li.wei", "engineer"));
    let reply = get(center, &customer, "/audit/lines");
    assert!(reply.header("content-disposition").starts_with("attachment; "), "{reply:?}");
    let lines: Vec<serde_json::Value> = reply.body.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert!(lines.len() > 3 && lines.iter().all(|line| line["tenant"] == "t-1"), "{lines:?}");
    let whole = audit(center);
    assert!(reply.body.lines().all(|line| whole.contains(line)), "each as the log holds it");
    assert!(whole.contains("\"event\":\"audit_downloaded\",\"actor\":\"customer\""));
    let last = lines.last().and_then(|line| line["seq"].as_u64()).expect("a number");
    let rest = get(center, &customer, &format!("/audit/lines?from={}", last + 1)).body;
    assert!(!rest.contains("host_enrolled") && rest.contains("audit_downloaded"), "{rest}");

    let banner = "Hosts whose ledgers do not fit together: 1";
    assert!(!get(center, &customer, "/").body.contains(banner));
    let host = scene.host.id;
    center.change(&format!(
        "INSERT INTO ledger_conflicts (host, tenant, seq, hash, kind, known_seq, known_hash, at) \
         VALUES ('{host}', 't-1', 1, '{}', 'fork', 1, '{}', 1)",
        "0".repeat(64),
        "1".repeat(64)
    ));
    for path in ["/", "/receipts", "/audit"] {
        assert!(get(center, &customer, path).body.contains(banner), "{path}");
    }
    assert!(!get(center, &engineer, "/").body.contains(banner));
    let page = get(center, &engineer, &format!("/hosts/{host}"));
    assert!(page.body.contains("do not fit together"), "{page:?}");
    // A bundle of the same host still opens: it is the host page that tells to be careful.
    assert_eq!(bundle::signed_anew(&scene.host, PLAIN).name.to_string().len(), scene.name.len());
}
