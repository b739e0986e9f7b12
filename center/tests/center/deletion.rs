//! T44, T69, T71, T77: what was withdrawn or is over is read no more and gone; the customer sees who read it, and what the log was.

use std::fs;

use oediag_center::{
    keys::Keys,
    store::{
        Store,
        bundles::{Bundle as Row, State},
        readable::Leave,
    },
    vault::{Closed, Reach, Vault, VaultError, Who},
};
use oediag_protocol::{
    audit::Head,
    deletion::{Deletion, Trigger},
    id::{BundleId, ReceiptId},
    inbox::Inbox,
    signed::Signed,
    text::Line,
    time::Time,
    views::Views,
    withdrawal::{Schema, Withdrawal},
};

use crate::{
    bundle,
    common::{Center, Reply},
    host::{Host, Sealed, fresh, now},
    ingest::{audit, checked},
    pages::{get, log_in},
};

/// A stored and checked bundle of a case.
fn stored(center: &Center, host: &Host, case: Option<&str>) -> (Row, Sealed) {
    let bundle = bundle::real(host);
    let mut consent = host.consent(&bundle.bytes, bundle.id, bundle.manifest);
    consent.case = case.and_then(Line::parse);
    let sealed = host.seal(&bundle.bytes, consent);
    host.ack(&host.upload(center, &sealed), &sealed);
    let row = checked(center, bundle.id);
    assert_eq!(row.state, State::Ready);
    (row, sealed)
}

fn withdraw(center: &Center, host: &Host, receipt_id: ReceiptId, bundle_id: BundleId) -> Reply {
    let withdrawal = Withdrawal {
        schema: Schema::V1,
        receipt_id,
        bundle_id,
        host_id: host.id,
        tenant_id: host.tenant.clone(),
        at: now(),
        reason: None,
    };
    host.send(center, "POST", "/v1/withdrawals", &[], &host.signed(&withdrawal))
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work)
}

fn open(center: &Center, row: &Row, who: Who<'_>) -> Result<(), VaultError> {
    block(async {
        let store = Store::open(center.data()).await.expect("the store");
        let vault = Vault::new(store, Keys::open(center.data()).expect("the keys"));
        vault.open(row, who, None, now()).await.map(drop)
    })
}

fn objects(center: &Center) -> usize {
    fs::read_dir(center.data().join("objects/bundles")).expect("the folder").count()
}

#[test]
fn t44_what_is_withdrawn_is_gone_at_once_and_a_receipt_says_so() {
    let center = Center::start("withdraw");
    let (host, other) = (Host::enrol(&center, "t-1"), Host::enrol(&center, "t-1"));
    let (row, sealed) = stored(&center, &host, None);
    let receipt = sealed.consent.receipt_id;
    let cookie = log_in(&center, "admin", center.password());
    let page = format!("/bundles/{}", row.id);
    assert_eq!((get(&center, &cookie, &page).status, objects(&center)), (200, 1));

    // Nobody else withdraws it, and it is named as a whole.
    assert_eq!(withdraw(&center, &other, receipt, row.id).status, 404);
    assert_eq!(withdraw(&center, &host, receipt, BundleId(fresh())).status, 400);
    assert_eq!((get(&center, &cookie, &page).status, objects(&center)), (200, 1));

    let reply = withdraw(&center, &host, receipt, row.id);
    let deletion: Deletion = host.by_ack(&reply);
    assert!(deletion.answers(receipt, row.id, host.id) && deletion.trigger == Trigger::Withdrawn);
    let line = audit(&center).lines().nth(deletion.log_index as usize - 1).expect("the line").to_owned();
    assert!(line.contains("bundle_deleted") && line.contains(&row.id.to_string()), "{line}");
    assert_eq!(withdraw(&center, &host, receipt, row.id).body, reply.body, "again: the same receipt");
    let fetched = host.send(&center, "GET", &format!("/v1/deletions/{receipt}"), &[], b"");
    assert_eq!((fetched.status, &fetched.body), (200, &reply.body));
    assert_eq!(other.send(&center, "GET", &format!("/v1/deletions/{receipt}"), &[], b"").status, 404);
    let inbox = Inbox::parse(host.poll(&center, "").body.as_bytes()).expect("an inbox");
    assert_eq!(inbox.deletions, [receipt]);

    // Nothing of it is left, and its page says that it is gone for good.
    assert_eq!((objects(&center), center.count("SELECT COUNT(*) FROM summaries")), (0, 0));
    assert_eq!(center.count("SELECT COUNT(*) FROM bundles WHERE state = 'deleted' AND name IS NULL AND alerts IS NULL"), 1);
    for page in [page.clone(), format!("{page}/files/etc/os-release")] {
        let reply = get(&center, &cookie, &page);
        assert_eq!(reply.status, 410, "{}", reply.body);
        assert!(!reply.body.contains("openEuler"), "{}", reply.body);
    }
    let list = get(&center, &cookie, "/");
    assert!(list.status == 200 && !list.body.contains("openEuler"), "{}", list.body);
    let who = Who { name: "li", reach: Reach::Tenant };
    assert!(matches!(open(&center, &row, who), Err(VaultError::Closed(Closed::Withdrawn))));
    // It does not come back by being sent again.
    let reply = host.send(&center, "POST", "/v1/consents", &[], &sealed.front);
    assert_eq!((reply.status, reply.reason().as_str()), (403, "withdrawn"));
}

#[test]
fn t44_a_withdrawal_before_or_during_the_upload_ends_it() {
    let center = Center::start("withdraw-early");
    let host = Host::enrol(&center, "t-1");
    // The withdrawal was faster than the carried file.
    let sealed = host.seal_some(1000);
    let (receipt, bundle) = (sealed.consent.receipt_id, sealed.consent.bundle.bundle_id);
    assert_eq!(withdraw(&center, &host, receipt, bundle).status, 200);
    let reply = host.send(&center, "POST", "/v1/consents", &[], &sealed.front);
    assert_eq!((reply.status, reply.reason().as_str()), (403, "withdrawn"));
    // Half of it was here.
    let sealed = host.seal_some(100_000);
    let url = host.slot(&center, &sealed);
    assert_eq!(host.patch(&center, &url, 0, &sealed.bytes[..50_000]).status, 204);
    assert_eq!(withdraw(&center, &host, sealed.consent.receipt_id, sealed.consent.bundle.bundle_id).status, 200);
    assert_eq!(host.patch(&center, &url, 50_000, &sealed.bytes[50_000..]).status, 404);
    assert_eq!(fs::read_dir(center.data().join("uploads")).expect("the folder").count(), 0);
}

/// A deletion that fails is promised, refused to readers all the same, and done later.
#[test]
fn t44_a_deletion_that_fails_is_done_after_a_restart() {
    let mut center = Center::start("withdraw-later");
    let host = Host::enrol(&center, "t-1");
    let (row, sealed) = stored(&center, &host, None);
    let object = center.data().join("objects").join(&row.sealed.object);
    // What is no file cannot be deleted as one.
    fs::remove_file(&object).and_then(|()| fs::create_dir_all(object.join("in the way"))).expect("a folder in its place");
    let receipt = sealed.consent.receipt_id;
    assert_eq!(withdraw(&center, &host, receipt, row.id).status, 202);
    let who = Who { name: "li", reach: Reach::Tenant };
    assert!(matches!(open(&center, &row, who), Err(VaultError::Closed(Closed::Withdrawn))));
    let path = format!("/v1/deletions/{receipt}");
    assert_eq!(host.send(&center, "GET", &path, &[], b"").status, 404, "nobody says that it is gone");
    center.kill();
    fs::remove_dir_all(&object).expect("out of the way");
    center.restart();
    until(|| center.count("SELECT COUNT(*) FROM deletions WHERE done IS NOT NULL") == 1);
    let deletion: Deletion = host.by_ack(&host.send(&center, "GET", &path, &[], b""));
    assert!(deletion.answers(receipt, row.id, host.id));
}

/// A host withdraws no more in a day than it may have receipts.
#[test]
fn a_host_that_withdraws_too_much_has_to_wait() {
    let center = Center::start("withdraw-limit");
    let host = Host::enrol(&center, "t-1");
    center.change(&format!(
        "INSERT INTO deletions (tenant, receipt, bundle, host, cause, actor, ordered, done) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 512) \
         SELECT 't-1', 'c' || i, '', '{}', 'withdrawn', '', {1}, {1} FROM n",
        host.id,
        now().0
    ));
    let reply = withdraw(&center, &host, ReceiptId(fresh()), BundleId(fresh()));
    assert_eq!((reply.status, reply.reason().as_str()), (429, "quota"));
}

#[test]
fn t77_what_is_over_or_comes_back_with_a_backup_is_deleted() {
    let mut center = Center::start("retention");
    let host = Host::enrol(&center, "t-1");
    let ((row, sealed), (kept, _)) = (stored(&center, &host, None), stored(&center, &host, None));
    // A backup of the database and of the objects, a withdrawal, and then the backup again.
    center.kill();
    let (data, backup) = (center.data().to_owned(), center.data().with_extension("backup"));
    drop(fs::remove_dir_all(&backup));
    copy(&data, &backup);
    center.restart();
    let reply = withdraw(&center, &host, sealed.consent.receipt_id, row.id);
    assert_eq!((reply.status, objects(&center)), (200, 1));
    center.kill();
    for folder in ["objects", "uploads"] {
        fs::remove_dir_all(data.join(folder)).expect("removed");
        copy(&backup.join(folder), &data.join(folder));
    }
    for file in ["center.db", "center.db-wal", "center.db-shm"] {
        drop(fs::remove_file(data.join(file)));
        if backup.join(file).exists() {
            fs::copy(backup.join(file), data.join(file)).expect("copied");
        }
    }
    assert_eq!(objects(&center), 2);
    center.restart();
    until(|| objects(&center) == 1 && center.count("SELECT COUNT(*) FROM bundles WHERE state = 'deleted'") == 1);
    let who = Who { name: "li", reach: Reach::Tenant };
    assert!(matches!(open(&center, &row, who), Err(VaultError::Closed(Closed::Withdrawn))));
    assert!(open(&center, &kept, who).is_ok(), "the other one is what it was");

    // The clock: after a restart, which looks at once.
    center.kill();
    center.change("UPDATE receipts SET delete_by = 1 WHERE withdrawn IS NULL");
    center.restart();
    until(|| objects(&center) == 0);
    let fetched = host.send(&center, "GET", &format!("/v1/deletions/{}", kept.receipt), &[], b"");
    assert_eq!(host.by_ack::<Deletion>(&fetched).trigger, Trigger::Retention);
    drop(fs::remove_dir_all(&backup));
}

fn until(done: impl Fn() -> bool) {
    for _ in 0..300 {
        if done() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("it was not done in half a minute");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn t69_an_engineer_reads_bundles_of_own_cases_and_granted_ones() {
    let center = Center::start("reach");
    let host = Host::enrol(&center, "t-1");
    let ((mine, sealed), (nobodys, _)) = (stored(&center, &host, Some("INC-1")), stored(&center, &host, None));
    let cases = ["INC-1".to_owned(), "INC-2".to_owned()];
    let li = Who { name: "li", reach: Reach::Cases(&cases) };
    let zhao = Who { name: "zhao", reach: Reach::Cases(&cases[1..]) };
    assert!(open(&center, &mine, li).is_ok());
    assert!(matches!(open(&center, &nobodys, li), Err(VaultError::Closed(Closed::OtherCase))));
    assert!(matches!(open(&center, &mine, zhao), Err(VaultError::Closed(Closed::OtherCase))));
    block(async {
        let store = Store::open(center.data()).await.expect("the store");
        let leave = |until| Leave { reader: "zhao", by: "wang", until };
        store.grant(&host.tenant, mine.id, leave(Time(now().0 - 1)), now()).await.expect("a grant");
        assert!(!store.granted(&host.tenant, mine.id, "zhao", now()).await.expect("an answer"), "it is over");
        store.grant(&host.tenant, mine.id, leave(Time(now().0 + 1000)), now()).await.expect("a grant");
    });
    assert!(open(&center, &mine, zhao).is_ok());

    // The customer sees each of them, refused or not, and nobody else does.
    let receipt = sealed.consent.receipt_id;
    let path = format!("/v1/receipts/{receipt}/views");
    let views: Views = host.by_ack(&host.send(&center, "GET", &path, &[], b""));
    let told: Vec<(&str, &str)> = views.views.iter().map(|view| (view.who.as_str(), view.event.as_str())).collect();
    assert_eq!(
        told.iter().filter(|(who, _)| *who != "ingest").copied().collect::<Vec<_>>(),
        [("li", "bundle_opened"), ("zhao", "open_refused"), ("zhao", "bundle_opened")]
    );
    assert_eq!((views.receipt_id, views.total), (receipt, views.views.len() as u64));
    let other = Host::enrol(&center, "t-1");
    assert_eq!(other.send(&center, "GET", &path, &[], b"").status, 404);
}

/// T71, the center's part: the head that an inbox tells is the one that the log gives for that line, until the log is changed.
#[test]
fn t71_a_changed_log_has_another_head_at_a_line_that_was_told() {
    let center = Center::start("log-heads");
    let host = Host::enrol(&center, "t-1");
    let told = |log: Signed| log.open::<Head>(&host.keyset.ack_keys(), 1).expect("a head of the ack key").head;
    let inbox = Inbox::parse(host.poll(&center, "").body.as_bytes()).expect("an inbox");
    let held = told(inbox.log.expect("a head"));
    let at = |seq: u64| host.send(&center, "GET", &format!("/v1/log/{seq}"), &[], b"");
    let head = |seq| told(Signed::parse(at(seq).body.as_bytes()).expect("a signed object"));
    assert_eq!(head(held.seq), held);
    assert_eq!((at(held.seq + 100).status, at(0).status), (404, 404));
    center.change(&format!("UPDATE audit SET line = replace(line, 'event', 'Event') WHERE seq = {}", held.seq));
    assert_ne!(head(held.seq), held, "and the host says so");
    // A tenant gets its own lines, as they are in the log.
    let lines = block(async {
        let store = Store::open(center.data()).await.expect("the store");
        store.tenant_lines(&host.tenant, 1, 1000).await.expect("lines")
    });
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("\"tenant\":\"t-1\"")));
}
