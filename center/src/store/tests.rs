//! Tests of the store: what is kept survives, and what was changed behind its back shows.

use oediag_protocol::id::ReceiptId;

use super::{
    audit::{Chain, Entry},
    tokens::{self, Scope},
    uploads::{Made, New, Quota},
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
    let quota = Quota { open: 1, day_bytes: 100 };
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
