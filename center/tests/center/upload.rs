//! From consent to ack, over the wire; and each way in which it must not go.

use oediag_protocol::{
    consent::{Event, delete_by},
    digest::Sha256,
    id::{BundleId, ReceiptId},
    time::Time,
};

use crate::{
    common::{Center, Reply},
    host::{Host, Sealed, TUS, fresh, metadata, now},
    ingest::audit,
};

fn consents(center: &Center, host: &Host, file: &Sealed) -> Reply {
    host.send(center, "POST", "/v1/consents", &[], &file.front)
}

fn is(reply: &Reply, status: u16, reason: &str) {
    assert_eq!((reply.status, reply.reason().as_str()), (status, reason), "{reply:?}");
}

fn nothing_stored(center: &Center) {
    assert_eq!(center.count("SELECT COUNT(*) FROM bundles"), 0);
    let objects = center.data().join("objects/bundles");
    assert!(!objects.exists() || std::fs::read_dir(objects).expect("the folder").next().is_none());
}

#[test]
fn a_sealed_file_goes_from_consent_to_its_ack() {
    let center = Center::start("ack");
    let host = Host::enrol(&center, "t-1");
    let sealed = host.seal_some(3_000_000);
    let ack = host.ack(&host.upload(&center, &sealed), &sealed);
    // The ack anchors the audit log: its line is there, and is the one with this digest.
    let line = audit(&center).lines().nth(ack.audit.seq as usize - 1).expect("the line").to_owned();
    assert_eq!(Sha256::of(line.as_bytes()), ack.audit.hash);
    assert!(line.contains("bundle_stored") && line.contains(&sealed.envelope.bundle_id.to_string()), "{line}");
    // What is kept is the ciphertext, once.
    assert!(std::fs::read_dir(center.data().join("uploads")).expect("the folder").next().is_none());
    let objects: Vec<_> = std::fs::read_dir(center.data().join("objects/bundles")).expect("the folder").collect();
    assert_eq!(objects.len(), 1);
    assert!(std::fs::read(objects[0].as_ref().expect("an entry").path()).expect("the object") == sealed.bytes);
}

#[test]
fn t38_the_same_bytes_again_are_one_copy_with_one_ack() {
    let mut center = Center::start("twice");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(100_000);
    // Two slots before either is finished: one of the host, one of a program of its tenant.
    let (first, second) = (host.slot(&center, &file), {
        let length = file.bytes.len().to_string();
        let receipt = metadata(file.consent.receipt_id);
        let headers = [TUS, ("Upload-Length", length.as_str()), ("Upload-Metadata", receipt.as_str())];
        center.send("POST", "/v1/uploads", &headers, b"").header("location").to_owned()
    });
    assert_eq!(host.patch(&center, &first, 0, &file.bytes).status, 204);
    let headers = [TUS, crate::host::CHUNK, ("Upload-Offset", "0")];
    assert_eq!(center.send("PATCH", &second, &headers, &file.bytes).status, 204);
    let ack = host.finish(&center, &first);
    host.ack(&ack, &file);
    let again = [
        host.finish(&center, &first),
        center.send("POST", &format!("{second}/finish"), &[TUS], b""),
        consents(&center, &host, &file),
        center.send("POST", "/v1/consents", &[], &file.front),
    ];
    assert!(again.iter().all(|reply| (reply.status, &reply.body) == (200, &ack.body)), "{again:?}");
    center.kill();
    center.restart();
    assert_eq!(consents(&center, &host, &file).body, ack.body);
    assert_eq!(center.count("SELECT COUNT(*) FROM bundles"), 1);
    assert_eq!(std::fs::read_dir(center.data().join("objects/bundles")).expect("the folder").count(), 1);

    // The same bundle sealed again is other bytes: one of the two would have no receipt of its own.
    let resealed = host.seal(&vec![1; 100_000], file.consent.clone());
    is(&consents(&center, &host, &resealed), 403, "stored_otherwise");
}

#[test]
fn t39_receipts_that_do_not_cover_open_no_slot() {
    let center = Center::start("uncovered");
    let (host, other) = (Host::enrol(&center, "t-1"), Host::enrol(&center, "t-1"));
    let foreign = Host::enrol(&center, "t-2");
    let good = host.seal_some(1000);
    is(&host.create(&center, ReceiptId(fresh()), 1000), 403, "no_receipt");
    is(&host.create(&center, good.consent.receipt_id, good.bytes.len()), 403, "no_receipt");

    let content = vec![5; 1000];
    let seal = |edit: &dyn Fn(&mut oediag_protocol::consent::Consent)| {
        let mut consent = host.consent(&content, BundleId(fresh()), Sha256([3; 32]));
        edit(&mut consent);
        host.seal(&content, consent)
    };
    let old = Time(now().0 - 31 * 86_400);
    let expired = seal(&|consent| (consent.given_at, consent.delete_by) = (old, delete_by(old, 30)));
    is(&consents(&center, &host, &expired), 403, "expired");
    let early = Time(now().0 + 3600);
    let early = seal(&|consent| (consent.given_at, consent.delete_by) = (early, delete_by(early, 30)));
    is(&consents(&center, &host, &early), 403, "not_yet");
    let withdrawn = seal(&|consent| (consent.version, consent.event) = (2, Event::Withdrawn));
    is(&consents(&center, &host, &withdrawn), 403, "withdrawn");
    let consent = host.consent(&content, BundleId(fresh()), Sha256([3; 32]));
    let other_bundle = host.seal_with(&content, consent.clone(), &host.key, |envelope| envelope.bundle_id = BundleId(fresh()));
    is(&consents(&center, &host, &other_bundle), 403, "other_bundle");
    let other_receipt =
        host.seal_with(&content, consent.clone(), &host.key, |envelope| envelope.consent_sha256 = Sha256([1; 32]));
    is(&consents(&center, &host, &other_receipt), 403, "other_receipt");
    let strangers = host.seal_with(&content, consent.clone(), &host.key, |envelope| envelope.payload.recipients.truncate(1));
    is(&consents(&center, &host, &strangers), 403, "old_keys");

    // Another host's: its own signature, or one in the other's name.
    is(&consents(&center, &other, &good), 403, "document");
    is(&consents(&center, &foreign, &good), 403, "document");
    is(&consents(&center, &other, &host.seal_with(&content, consent.clone(), &other.key, |_| ())), 403, "other_host");
    let mut mine = other.consent(&content, BundleId(fresh()), Sha256([3; 32]));
    mine.tenant_id = foreign.tenant.clone();
    is(&consents(&center, &other, &other.seal(&content, mine)), 403, "other_tenant");

    // Edited after it was signed.
    let text = String::from_utf8_lossy(&good.front).into_owned();
    let edited = text.replace("incident-diagnosis", "incident-Diagnosis");
    assert_ne!(text, edited);
    let reply = host.send(&center, "POST", "/v1/consents", &[], edited.as_bytes());
    is(&reply, 403, "document");
    for broken in [&good.front[..good.front.len() - 1], &[good.front.as_slice(), b"x"].concat(), &good.bytes, b""] {
        assert_eq!(host.send(&center, "POST", "/v1/consents", &[], broken).status, 400);
    }

    assert_eq!(consents(&center, &host, &good).status, 201);
    is(&host.create(&center, good.consent.receipt_id, good.bytes.len() + 512), 403, "other_length");
    is(&other.create(&center, good.consent.receipt_id, good.bytes.len()), 403, "other_host");
    is(&foreign.create(&center, good.consent.receipt_id, good.bytes.len()), 403, "no_receipt");
    assert_eq!(center.count("SELECT COUNT(*) FROM receipts"), 1);
    assert_eq!(center.count("SELECT COUNT(*) FROM uploads"), 0);
    nothing_stored(&center);
}

#[test]
fn t39_a_receipt_that_ends_while_the_bytes_come_is_no_receipt() {
    let center = Center::start("ended");
    let host = Host::enrol(&center, "t-1");
    for (change, reason) in [("withdrawn = 1", "withdrawn"), ("delete_by = 1", "expired")] {
        let file = host.seal_some(1000);
        let url = host.slot(&center, &file);
        assert_eq!(host.patch(&center, &url, 0, &file.bytes).status, 204);
        center.change(&format!("UPDATE receipts SET {change} WHERE id = '{}'", file.consent.receipt_id));
        is(&host.finish(&center, &url), 403, reason);
        is(&host.create(&center, file.consent.receipt_id, file.bytes.len()), 403, reason);
    }
    nothing_stored(&center);
}

/// What happens to a file on its way.
type Change = fn(&mut Sealed);

/// T40, first half: the bytes are not those of the envelope.
#[test]
fn t40_other_ciphertext_is_deleted_and_written_down() {
    let center = Center::start("mismatch");
    let host = Host::enrol(&center, "t-1");
    let changes: [(&str, Change); 4] = [
        ("a bit of the ciphertext", |file| {
            let at = file.bytes.len() - 2000;
            file.bytes[at] ^= 1;
        }),
        ("a bit of the documents", |file| file.bytes[600] ^= 1),
        ("a bit of the padding", |file| {
            let at = file.bytes.len() - 1;
            file.bytes[at] ^= 1;
        }),
        ("a header", |file| {
            let at = file.front.len() - 400;
            file.bytes[at] ^= 1;
        }),
    ];
    for (case, change) in changes {
        let mut file = host.seal_some(10_000);
        let url = host.slot(&center, &file);
        change(&mut file);
        assert_eq!(host.patch(&center, &url, 0, &file.bytes[..5000]).status, 204);
        is(&host.finish(&center, &url), 409, "incomplete");
        assert_eq!(host.patch(&center, &url, 5000, &file.bytes[5000..]).status, 204, "{case}");
        is(&host.finish(&center, &url), 422, "mismatch");
        is(&host.finish(&center, &url), 404, "not_found");
    }
    assert_eq!(audit(&center).matches("upload_rejected").count(), 4);
    nothing_stored(&center);
}

#[test]
fn receipts_without_bundles_are_counted() {
    let center = Center::start("waiting");
    let host = Host::enrol(&center, "t-1");
    let mut replies = (0..65).map(|_| consents(&center, &host, &host.seal_some(10)));
    assert!((&mut replies).take(64).all(|reply| reply.status == 201));
    is(&replies.next().expect("the last"), 429, "receipts");
}

/// What a kill leaves between the database and the disk is gone after the next start; what counts stays.
#[test]
fn files_without_a_row_are_gone_after_a_restart() {
    let mut center = Center::start("reaped");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(1000);
    let url = host.slot(&center, &file);
    assert_eq!(host.patch(&center, &url, 0, &file.bytes[..500]).status, 204);
    center.kill();
    let lost = ["uploads", "objects/bundles"].map(|folder| center.data().join(folder).join("0".repeat(32)));
    for path in &lost {
        std::fs::write(path, b"lost").expect("a file");
    }
    center.restart();
    for _ in 0..600 {
        if lost.iter().all(|path| !path.exists()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(lost.iter().all(|path| !path.exists()));
    assert_eq!(host.patch(&center, &url, 500, &file.bytes[500..]).status, 204);
    host.ack(&host.finish(&center, &url), &file);
}

/// Two slots of the same bytes: the one that comes second leaves no object, also when it had linked one before it was killed.
#[test]
fn the_second_of_two_slots_leaves_no_object() {
    let center = Center::start("loser");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(1000);
    let urls = [host.slot(&center, &file), host.slot(&center, &file)];
    for url in &urls {
        assert_eq!(host.patch(&center, url, 0, &file.bytes).status, 204);
    }
    let id = urls[1].rsplit('/').next().unwrap_or_default();
    let object = center.data().join("objects/bundles").join(id);
    std::fs::hard_link(center.data().join("uploads").join(id), &object).expect("a link");
    for url in &urls {
        host.ack(&host.finish(&center, url), &file);
    }
    assert!(!object.exists());
}

#[test]
fn a_file_shorter_than_its_documents_is_a_mismatch() {
    let center = Center::start("short");
    let host = Host::enrol(&center, "t-1");
    let file = host.seal_some(1000);
    let url = host.slot(&center, &file);
    assert_eq!(host.patch(&center, &url, 0, &file.bytes).status, 204);
    let path = center.data().join("uploads").join(url.rsplit('/').next().unwrap_or_default());
    std::fs::write(path, &file.bytes[..100]).expect("a short file");
    is(&host.finish(&center, &url), 422, "mismatch");
}

/// Whoever asks while another finishes gets the same ack, or is told to come again; never a fault, never "no such upload".
#[test]
fn finishes_at_once_agree() {
    let center = Center::start("at-once");
    let host = Host::enrol(&center, "t-1");
    for _ in 0..8 {
        let file = host.seal_some(100_000);
        let url = host.slot(&center, &file);
        assert_eq!(host.patch(&center, &url, 0, &file.bytes).status, 204);
        let replies: Vec<Reply> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| host.finish(&center, &url))).collect();
            asked.into_iter().map(|asked| asked.join().expect("a reply")).collect()
        });
        let ack = host.finish(&center, &url);
        host.ack(&ack, &file);
        assert!(replies.iter().any(|reply| reply.status == 200), "{replies:?}");
        for reply in replies {
            if reply.status == 200 { assert_eq!(reply.body, ack.body) } else { is(&reply, 423, "busy") }
        }
    }
}
