//! Tests of the store: what is kept survives, and what was changed behind its back shows.

use super::{
    audit::{Chain, Entry},
    tokens::{self, Scope},
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
