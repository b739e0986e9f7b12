//! Tests of the store: what is kept survives, and what was changed behind its back shows.

use oediag_protocol::{
    digest::Sha256,
    id::{BundleId, HostId, ReceiptId, TenantId},
};

use super::{
    audit::{Chain, Entry},
    bundles::{Bundle, Kept, Sealed, State},
    receipts::{Receipt, Received},
    tokens::{self, Scope},
    uploads::{Made, New, Quota, object_of},
    *,
};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A store in a fresh folder.
async fn fresh(name: &str) -> (Store, Folder) {
    let folder = Folder(std::env::temp_dir().join(format!("oediag-center-{name}-{}", std::process::id())));
    drop(fs::remove_dir_all(&folder.0));
    (Store::open(&folder.0).await.expect("a store"), folder)
}

#[tokio::test]
async fn a_token_is_known_until_it_expires_and_after_a_restart() {
    let (store, folder) = fresh("token").await;
    let (id, token) = tokens::create(&store, "t-1", "ci", Scope::Upload, Time(100), Time(200)).await.expect("a token");
    drop(store);
    let store = Store::open(&folder.0).await.expect("the store again");
    let holder = tokens::holder(&store, &token, Scope::Upload, Time(150)).await.expect("an answer");
    assert_eq!(holder.map(|holder| (holder.id, holder.tenant)), Some((id, "t-1".to_owned())));
    assert_eq!(tokens::holder(&store, &token, Scope::Upload, Time(200)).await.expect("an answer"), None);
    assert_eq!(tokens::holder(&store, "oedt_0", Scope::Upload, Time(150)).await.expect("an answer"), None);
}

#[tokio::test]
async fn a_changed_audit_line_shows() {
    let (store, _folder) = fresh("audit").await;
    for object in ["a", "b", "c"] {
        let entry = Entry { event: "test", actor: "me", tenant: None, object: Some(object) };
        store.audit(Time(1), entry).await.expect("a line");
    }
    assert!(matches!(store.audit_chain().await, Ok(Chain::Whole(3, _))));
    sqlx::query("UPDATE audit SET line = replace(line, 'b', 'd') WHERE seq = 2").execute(&store.db).await.expect("a change");
    assert!(matches!(store.audit_chain().await, Ok(Chain::BrokenAt(2 | 3))));
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let (store, folder) = fresh("newer").await;
    sqlx::query("INSERT INTO versions (version) VALUES (99)").execute(&store.db).await.expect("a row");
    drop(store);
    assert!(matches!(Store::open(&folder.0).await, Err(StoreError::Newer { .. })));
}

#[tokio::test]
async fn an_expired_upload_is_deleted_but_counts_for_its_day() {
    let (store, _folder) = fresh("expired").await;
    store.ensure_tenant("t-1", Time(0)).await.expect("a tenant");
    let new = |now: i64| New {
        tenant: "t-1",
        sender: "token a",
        bytes: 60,
        metadata: "",
        receipt: ReceiptId([1; 16]),
        now: Time(now),
        expires: Time(now + 1000),
    };
    let quota = Quota { open: 1, day_bytes: 100, disk_bytes: 1000 };
    let make = async |now: i64| store.new_upload(new(now), quota).await.expect("an answer");
    let Made::As(id) = make(100_000).await else { panic!("the first is within the quota") };
    assert!(store.move_upload(&id, 0, 10).await.expect("moved"));
    assert!(!store.move_upload(&id, 0, 10).await.expect("an answer"), "it is no longer at 0");
    assert_eq!(make(100_001).await, Made::TooManyOpen);

    assert_eq!(store.sweep_uploads(Time(100_999)).await.expect("a count"), 0);
    assert_eq!(store.sweep_uploads(Time(101_000)).await.expect("a count"), 1);
    assert!(!store.upload_path(&id).exists());
    assert_eq!(store.upload(&id, "token a").await.expect("an answer"), None);
    assert_eq!(make(101_000).await, Made::TooMuchToday);
    assert!(matches!(make(100_000 + 24 * 3600).await, Made::As(_)), "a day later");
}

/// A store with a host `[1; 16]`.
async fn with_host(name: &str) -> (Store, Folder) {
    let (store, folder) = fresh(name).await;
    store.ensure_tenant("t-1", Time(0)).await.expect("a tenant");
    let host = format!(
        "INSERT INTO enrolments VALUES ('e', 't-1', 'v', 1, 1, 0, 9); \
         INSERT INTO hosts VALUES ('{}', 't-1', 'k', 'k', 'k', '{{}}', 'e', 0, NULL)",
        HostId([1; 16])
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(host)).execute(&store.db).await.expect("a host");
    (store, folder)
}

fn receipt(id: u8, delete_by: i64) -> Receipt {
    Receipt {
        id: ReceiptId([id; 16]),
        tenant: TenantId::parse("t-1").expect("an id"),
        host: HostId([1; 16]),
        bundle: BundleId([id; 16]),
        consent: Sha256::of(&[id]),
        front: vec![id; 100],
        bytes: 60,
        payload: Sha256([id; 32]),
        delete_by: Time(delete_by),
        withdrawn: None,
        case: None,
        request: None,
    }
}

/// A receipt, its upload with its file, and the object as `finish` links it; then the row that `finish` would write.
async fn linked(store: &Store, id: u8) -> (String, Bundle) {
    let receipt = receipt(id, 10_000);
    assert_eq!(store.new_receipt(&receipt, "me", Time(100)).await.expect("an answer"), Received::Stored);
    let new =
        New { tenant: "t-1", sender: "me", bytes: 60, metadata: "", receipt: receipt.id, now: Time(100), expires: Time(1000) };
    let Made::As(upload) =
        store.new_upload(new, Quota { open: 9, day_bytes: 10_000, disk_bytes: 10_000 }).await.expect("an answer")
    else {
        panic!("it is within the quota")
    };
    store.objects().keep(&store.upload_path(&upload), &object_of(&upload)).await.expect("an object");
    let sealed = Sealed {
        object: object_of(&upload),
        object_bytes: 60,
        payload_at: 10,
        payload_bytes: 50,
        payload: receipt.payload,
        head: receipt.payload,
    };
    let bundle = Bundle {
        id: receipt.bundle,
        tenant: receipt.tenant,
        host: receipt.host,
        receipt: receipt.id,
        sealed,
        bytes: 50,
        received: Time(200),
        complete: true,
        signer: String::new(),
        state: State::Received,
        name: String::new(),
        manifest_at: None,
        started: Time(0),
        alerts: 0,
    };
    (upload, bundle)
}

async fn keep(store: &Store, upload: &str, bundle: &Bundle) -> Kept {
    store.keep_bundle(bundle, upload, "me", |_| Ok::<_, StoreError>("ack".to_owned())).await.expect("an answer")
}

async fn events(store: &Store, event: &str) -> usize {
    store.audit_lines(1, 1000).await.expect("the log").iter().filter(|line| line.contains(event)).count()
}

const DELETED: Entry<'_> = Entry { event: "upload_deleted", actor: "me", tenant: None, object: None };

#[tokio::test]
async fn what_was_acked_outlives_a_delete_and_a_sweep_that_saw_it_open() {
    let (store, _folder) = with_host("acked").await;
    let (upload, bundle) = linked(&store, 1).await;
    let object = store.objects().path(&bundle.sealed.object);
    assert_eq!(keep(&store, &upload, &bundle).await, Kept::New("ack".to_owned()));
    assert!(!store.end_upload(&upload, Time(300), DELETED).await.expect("an answer"));
    assert_eq!(store.sweep_uploads(Time(2000)).await.expect("a count"), 0);
    assert_eq!((store.reap().await.expect("a count"), events(&store, "upload_deleted").await), (0, 0));
    assert!(object.exists() && !store.upload_path(&upload).exists());
}

#[tokio::test]
async fn what_was_deleted_or_swept_under_way_is_not_acked() {
    let (store, _folder) = with_host("ended").await;
    for (id, swept) in [(1, false), (2, true)] {
        let (upload, bundle) = linked(&store, id).await;
        if swept {
            assert_eq!(store.sweep_uploads(Time(1000)).await.expect("a count"), 1);
        } else {
            assert!(store.end_upload(&upload, Time(300), DELETED).await.expect("an answer"));
        }
        assert_eq!(keep(&store, &upload, &bundle).await, Kept::Ended);
        assert_eq!(store.bundle("t-1", bundle.id).await.expect("an answer"), None);
        assert!(!store.objects().path(&bundle.sealed.object).exists() && !store.upload_path(&upload).exists());
    }
    assert_eq!((events(&store, "bundle_stored").await, events(&store, "upload_expired").await), (0, 1));
    assert_eq!((events(&store, "upload_created").await, events(&store, "upload_deleted").await), (2, 1));
}

#[tokio::test]
async fn finish_and_delete_at_once_leave_a_whole_bundle_or_none() {
    let (store, _folder) = with_host("race").await;
    for id in 1..30 {
        let (upload, bundle) = linked(&store, id).await;
        let (delete, other) = (upload.clone(), store.clone());
        let deleting = tokio::spawn(async move { other.end_upload(&delete, Time(300), DELETED).await });
        let acked = keep(&store, &upload, &bundle).await == Kept::New("ack".to_owned());
        assert_eq!(deleting.await.expect("it ran").expect("an answer"), !acked);
        assert_eq!(store.objects().path(&bundle.sealed.object).exists(), acked);
    }
}

#[tokio::test]
async fn a_receipt_or_host_that_ended_while_the_bytes_were_read_closes() {
    let (store, _folder) = with_host("closed").await;
    let (upload, mut bundle) = linked(&store, 1).await;
    bundle.received = Time(10_000);
    assert_eq!(keep(&store, &upload, &bundle).await, Kept::Closed);
    bundle.received = Time(9_999);
    sqlx::query("UPDATE hosts SET revoked = 1").execute(&store.db).await.expect("a change");
    assert_eq!(keep(&store, &upload, &bundle).await, Kept::Closed);
    sqlx::query("UPDATE hosts SET revoked = NULL").execute(&store.db).await.expect("a change");
    assert_eq!(keep(&store, &upload, &bundle).await, Kept::New("ack".to_owned()));
}

#[tokio::test]
async fn an_ack_is_told_again_for_a_day_after_the_finish() {
    let (store, _folder) = with_host("again").await;
    let (upload, mut bundle) = linked(&store, 1).await;
    // Made at 100, finished more than a day later.
    sqlx::query("UPDATE receipts SET delete_by = 1000000").execute(&store.db).await.expect("a change");
    bundle.received = Time(100_000);
    assert_eq!(keep(&store, &upload, &bundle).await, Kept::New("ack".to_owned()));
    for (now, ack) in [(100_001, Some("ack".to_owned())), (186_400, Some("ack".to_owned())), (186_401, None)] {
        store.sweep_uploads(Time(now)).await.expect("a count");
        assert_eq!(store.upload_ack(&upload, "me").await.expect("an answer"), ack, "at {now}");
    }
}

#[tokio::test]
async fn files_without_a_row_are_reaped_and_others_stay() {
    let (store, _folder) = with_host("reaped").await;
    let (open, _) = linked(&store, 1).await;
    let (stored, bundle) = linked(&store, 2).await;
    assert_eq!(keep(&store, &stored, &bundle).await, Kept::New("ack".to_owned()));
    let objects = |name: &str| store.objects().path(&format!("bundles/{name}"));
    let lost = [store.upload_path("a"), store.upload_path(&stored), objects("a"), objects("a#1")];
    let under_way = objects(&format!("{open}#1"));
    for path in lost.iter().chain([&under_way]) {
        fs::write(path, b"x").expect("a file");
    }
    assert_eq!(store.reap().await.expect("a count"), 4);
    assert!(lost.iter().all(|path| !path.exists()));
    assert!([store.upload_path(&open), objects(&open), objects(&stored), under_way].iter().all(|path| path.exists()));
}

#[tokio::test]
async fn whole_uploads_are_open_and_what_was_promised_is_not_promised_twice() {
    let (store, _folder) = with_host("promised").await;
    let make = async |sender: &str| {
        let new = New {
            tenant: "t-1",
            sender,
            bytes: 60,
            metadata: "",
            receipt: ReceiptId([1; 16]),
            now: Time(100),
            expires: Time(1000),
        };
        store.new_upload(new, Quota { open: 1, day_bytes: 1000, disk_bytes: 100 }).await.expect("an answer")
    };
    let Made::As(id) = make("a").await else { panic!("there is room") };
    assert_eq!(make("b").await, Made::NoRoom);
    assert!(store.move_upload(&id, 0, 60).await.expect("moved"));
    assert_eq!(make("a").await, Made::TooManyOpen, "it is whole, but not finished");
    assert!(matches!(make("b").await, Made::As(_)), "what is on the disk is in what is free there");
}

#[tokio::test]
async fn receipts_that_ended_count_for_their_day_and_lose_their_documents() {
    let (store, _folder) = with_host("receipts").await;
    let new = async |id: u16, now: i64| {
        let mut receipt = receipt(1, now + 5);
        receipt.id.0[..2].copy_from_slice(&id.to_be_bytes());
        (receipt.id, store.new_receipt(&receipt, "me", Time(now)).await.expect("an answer"))
    };
    let (upload, stored) = linked(&store, 8).await;
    assert_eq!(keep(&store, &upload, &stored).await, Kept::New("ack".to_owned()));
    let (_, missing) = linked(&store, 9).await;
    for id in 0..254 {
        assert_eq!(new(id, 1000 + i64::from(id) * 10).await.1, Received::Stored);
    }
    assert_eq!(new(300, 10_000).await.1, Received::TooMany);
    assert_eq!(store.sweep_receipts(Time(10_000)).await.expect("a count"), 255);
    assert_eq!(store.sweep_receipts(Time(10_001)).await.expect("a count"), 0);
    let (counts, last) = new(301, 90_000).await;
    assert_eq!(last, Received::Stored, "a day later");
    for (id, front) in [(stored.receipt, 100), (missing.receipt, 0), (counts, 100)] {
        let receipt = store.receipt(&stored.tenant, id).await.expect("an answer");
        assert_eq!(receipt.map(|receipt| receipt.front.len()), Some(front));
    }
}
