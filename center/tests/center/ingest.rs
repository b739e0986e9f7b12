//! What happens behind the ack: good bundles become ready, hostile ones are rejected with the reason, and the next one is checked.

use std::time::Duration;

use oediag_center::store::{
    Store,
    bundles::{Bundle as Row, State},
};
use oediag_protocol::{
    bundle::{
        manifest::{Item, ItemKind, Outcome},
        name::BundleName,
    },
    digest::Sha256,
    id::BundleId,
};

use crate::{
    bundle::{self, Bundle, File, gzip, header, packed},
    common::Center,
    host::Host,
    pages::{get, log_in},
};

/// The row of a bundle, when its checks are over.
pub(crate) fn checked(center: &Center, id: BundleId) -> Row {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(center.data()).await.expect("the store");
        for _ in 0..600 {
            let row = store.bundle("t-1", id).await.expect("an answer").expect("the bundle has a row");
            if matches!(row.state, State::Ready | State::Rejected(_)) {
                return row;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the bundle was not checked in a minute");
    })
}

/// Sends a bundle and waits for the end of its checks.
fn sent(center: &Center, host: &Host, bundle: &Bundle) -> State {
    let sealed = bundle.seal(host);
    host.ack(&host.upload(center, &sealed), &sealed);
    checked(center, bundle.id).state
}

/// The lines of the audit log, as the database holds them.
pub(crate) fn audit(center: &Center) -> String {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(center.data()).await.expect("the store");
        assert!(matches!(store.audit_chain().await, Ok(oediag_center::store::audit::Chain::Whole(..))));
        store.audit_lines(1, 10_000).await.expect("the log").join("\n")
    })
}

#[test]
fn a_good_bundle_becomes_ready_with_what_it_tells() {
    let center = Center::start("ready");
    let host = Host::enrol(&center, "t-1");
    let bundle = bundle::real(&host);
    assert_eq!(sent(&center, &host, &bundle), State::Ready);
    let row = checked(&center, bundle.id);
    assert_eq!((row.name, row.bytes), (bundle.name.to_string(), bundle.bytes.len() as u64));
    assert!(row.alerts > 0 && row.manifest_at.is_some() && row.started == bundle.name.started());
}

/// T40, second half: the ciphertext is the one of the envelope, what it decrypts to is not the one of the receipt.
#[test]
fn t40_a_bundle_that_decrypts_to_other_bytes_is_rejected_and_raises_an_alert() {
    let center = Center::start("other-bytes");
    let host = Host::enrol(&center, "t-1");
    let (named, sent) = (bundle::real(&host), bundle::real(&host));
    let mut consent = host.consent(&named.bytes, named.id, named.manifest);
    consent.bundle.bytes = sent.bytes.len() as u64;
    let sealed = host.seal(&sent.bytes, consent.clone());
    host.ack(&host.upload(&center, &sealed), &sealed);
    let State::Rejected(reason) = checked(&center, named.id).state else { panic!("it must be rejected") };
    assert!(reason.contains("its digest differs"), "{reason}");
    // Its page says why, and shows nothing of it.
    let cookie = log_in(&center, "admin", center.password());
    let page = get(&center, &cookie, &format!("/bundles/{}", named.id)).body;
    assert!(page.contains("its digest differs") && !page.contains("openEuler"), "{page}");
    let page = get(&center, &cookie, &format!("/bundles/{}/files/etc/os-release", named.id));
    assert_eq!(page.status, 403, "{}", page.body);
    let log = audit(&center);
    assert!(log.lines().any(|line| line.contains("\"event\":\"alert\"") && line.contains(&named.id.to_string())), "{log}");

    // Another size than the receipt's shows before anything is read.
    let mut consent = host.consent(&sent.bytes, sent.id, sent.manifest);
    consent.bundle.bytes -= 1;
    let sealed = host.seal(&sent.bytes, consent);
    host.ack(&host.upload(&center, &sealed), &sealed);
    let State::Rejected(reason) = checked(&center, sent.id).state else { panic!("it must be rejected") };
    assert!(reason.contains("another size"), "{reason}");
}

#[test]
fn t40_a_manifest_that_was_not_shown_is_rejected() {
    let center = Center::start("other-manifest");
    let host = Host::enrol(&center, "t-1");
    let mut bundle = bundle::real(&host);
    bundle.manifest = Sha256([7; 32]);
    let State::Rejected(reason) = sent(&center, &host, &bundle) else { panic!("it must be rejected") };
    assert!(reason.contains("not the one that was shown"), "{reason}");
}

/// A header that the profile would not write: this path as it is, this type, a check sum that fits.
fn raw(name: BundleName, path: &[u8], kind: tar::EntryType, size: u64) -> [u8; 512] {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(name.started().0 as u64);
    let bytes = header.as_mut_bytes();
    bytes[..path.len()].copy_from_slice(path);
    header.set_cksum();
    *header.as_bytes()
}

/// What is put in front of the first honest member.
type Before = fn(BundleName) -> Vec<u8>;

/// T64: each is signed by its host, agreed to, sealed and acked; and none gets through.
#[test]
fn t64_archives_outside_the_profile_are_rejected() {
    let center = Center::start("profile");
    let host = Host::enrol(&center, "t-1");
    let cases: [(&str, Before); 9] = [
        ("traversal", |name| {
            packed(&raw(name, format!("{name}/../../etc/cron.d/x").as_bytes(), tar::EntryType::Regular, 1), b"x")
        }),
        ("absolute", |name| packed(&raw(name, b"/etc/cron.d/x", tar::EntryType::Regular, 1), b"x")),
        ("NUL in the name", |name| packed(&raw(name, format!("{name}/etc\0x").as_bytes(), tar::EntryType::Regular, 1), b"x")),
        ("symbolic link", |name| packed(&raw(name, format!("{name}/etc/x").as_bytes(), tar::EntryType::Symlink, 0), b"")),
        ("hard link", |name| packed(&raw(name, format!("{name}/etc/x").as_bytes(), tar::EntryType::Link, 0), b"")),
        ("PAX", |name| packed(&raw(name, format!("{name}/etc/x").as_bytes(), tar::EntryType::XHeader, 11), b"11 path=/x\n")),
        ("GNU long name", |name| packed(&raw(name, b"././@LongLink", tar::EntryType::GNULongName, 4), b"/x\0\0")),
        ("name that comes twice", |name| packed(&header(name, "etc/os-release", b"x"), b"x")),
        ("bad check sum", |name| {
            let mut header = header(name, "etc/x", b"x");
            header[150] ^= 1;
            packed(&header, b"x")
        }),
    ];
    for (case, before) in cases {
        let mut bundle = bundle::real(&host);
        bundle.bytes = [before(bundle.name), bundle.bytes].concat();
        let State::Rejected(reason) = sent(&center, &host, &bundle) else { panic!("{case} must be rejected") };
        let reason = reason.to_lowercase();
        assert!(["profile", "twice"].iter().any(|word| reason.contains(word)), "{case}: {reason}");
    }
    // A member that the manifest does not know, and one whose records lie.
    let unknown = bundle::with(&host, &[File::Unlisted("etc/unlisted", b"x")]);
    assert!(matches!(sent(&center, &host, &unknown), State::Rejected(_)));
    let liar = bundle::edited(&host, &[File::Plain("etc/x", b"x")], |manifest| {
        manifest.items.last_mut().expect("items").bytes += 1;
    });
    assert!(matches!(sent(&center, &host, &liar), State::Rejected(_)));
    assert_eq!(sent(&center, &host, &bundle::real(&host)), State::Ready, "the worker is free for the next one");
}

/// A page is made of a manifest before all of it is verified: then its paths are as hostile as its sender likes.
#[test]
fn t64_a_path_of_very_many_folders_is_never_shown() {
    let center = Center::start("deep");
    let host = Host::enrol(&center, "t-1");
    let deep = bundle::edited(&host, &[], |manifest| {
        let mut item = Item::new("deep", ItemKind::File);
        item.path = Some("a/".repeat(200_000) + "b");
        manifest.items.push(item);
    });
    let sealed = deep.seal(&host);
    host.ack(&host.upload(&center, &sealed), &sealed);
    assert!(matches!(checked(&center, deep.id).state, State::Rejected(_)));
    // As it was while its checks went on.
    center.change("UPDATE bundles SET state = 'checking', reason = NULL");
    let cookie = log_in(&center, "admin", center.password());
    let page = get(&center, &cookie, &format!("/bundles/{}", deep.id));
    assert!(page.status == 200 && !page.body.contains("openEuler"), "{}", page.body);
    assert_eq!(center.send_as(None, "GET", "/healthz", &[], b"").status, 200);
}

/// T63: what inflates or counts beyond the caps is stopped there.
#[test]
fn t63_bombs_are_stopped_at_the_caps() {
    let center = Center::start("bombs");
    let host = Host::enrol(&center, "t-1");
    let cases: [(&str, Before, &str); 3] = [
        ("ratio", |_| gzip(&vec![0; 64 << 20]), "inflates to nothing, or to more than"),
        ("empty members", |_| gzip(b"").repeat(100_000), "inflates to nothing"),
        (
            "many entries",
            |name| (0..=50_000).flat_map(|at| packed(&header(name, &format!("etc/{at}"), b""), b"")).collect(),
            "more than 50000 members",
        ),
    ];
    for (case, before, expected) in cases {
        let mut bundle = bundle::real(&host);
        bundle.bytes = [before(bundle.name), bundle.bytes].concat();
        let State::Rejected(reason) = sent(&center, &host, &bundle) else { panic!("{case} must be rejected") };
        assert!(reason.contains(expected), "{case}: {reason}");
    }
    // Many rows of a manifest are no bomb; it is still found from the end.
    let wide = bundle::edited(&host, &[], |manifest| {
        let absent = |at: u32| Item::new(&Sha256::of(&at.to_be_bytes()).to_string(), ItemKind::File);
        manifest.items.extend((0..40_000).map(|at| Item { outcome: Outcome::Skipped, ..absent(at) }));
    });
    assert_eq!(sent(&center, &host, &wide), State::Ready);
    // A bomb inside a file is a file: nothing unpacks it.
    let nested = bundle::with(&host, &[File::Plain("var/log/nested.gz", &gzip(&gzip(&vec![0; 8 << 20])))]);
    assert_eq!(sent(&center, &host, &nested), State::Ready);
}

/// A restart between ack and check loses nothing.
#[test]
fn t76_a_center_killed_after_the_ack_checks_the_bundle_when_it_is_back() {
    let mut center = Center::start("killed-after-ack");
    let host = Host::enrol(&center, "t-1");
    let bundle = bundle::with(&host, &[File::Repeated("var/log/big", &vec![b'x'; 512 << 10], 60)]);
    let sealed = bundle.seal(&host);
    let reply = host.upload(&center, &sealed);
    center.kill();
    host.ack(&reply, &sealed);
    center.restart();
    assert_eq!(checked(&center, bundle.id).state, State::Ready);
}

/// Withdrawn consent is no fault of the bundle: its checks wait, without a word to anybody.
#[test]
fn a_bundle_whose_receipt_does_not_count_waits_and_is_not_rejected() {
    let mut center = Center::start("waits");
    let host = Host::enrol(&center, "t-1");
    let bundle = bundle::real(&host);
    assert_eq!(sent(&center, &host, &bundle), State::Ready);
    center.kill();
    center.change("UPDATE receipts SET withdrawn = 1");
    center.change("UPDATE bundles SET state = 'received'");
    center.restart();
    assert_eq!(sent(&center, &host, &bundle::real(&host)), State::Ready, "others are checked");
    assert_eq!(center.count("SELECT COUNT(*) FROM bundles WHERE state = 'received'"), 1);
    assert!(!audit(&center).contains("\"event\":\"alert\"") && !audit(&center).contains("open_refused"));
    center.kill();
    center.change("UPDATE receipts SET withdrawn = NULL");
    center.restart();
    assert_eq!(checked(&center, bundle.id).state, State::Ready);
}

/// A fault of ours with some bundles keeps nobody else's from being checked.
#[test]
fn bundles_that_cannot_be_read_hold_up_no_other() {
    let mut center = Center::start("held-up");
    let host = Host::enrol(&center, "t-1");
    let lost: Vec<_> = (0..16).map(|_| host.seal_some(10)).collect();
    for sealed in &lost {
        host.ack(&host.upload(&center, sealed), sealed);
    }
    center.kill();
    center.change("UPDATE bundles SET state = 'received', reason = NULL");
    center.change("UPDATE bundles SET received = received - 60");
    for object in std::fs::read_dir(center.data().join("objects/bundles")).expect("the folder") {
        std::fs::remove_file(object.expect("an entry").path()).expect("deleted");
    }
    center.restart();
    assert_eq!(sent(&center, &host, &bundle::real(&host)), State::Ready);
    assert_eq!(center.count("SELECT COUNT(*) FROM bundles WHERE state = 'received'"), 16);
}
