//! Keys are made once, kept, and not read when others could have read them.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn fresh(name: &str) -> Folder {
    let folder = Folder(std::env::temp_dir().join(format!("oediag-keys-{name}-{}", std::process::id())));
    drop(fs::remove_dir_all(&folder.0));
    folder
}

fn tenant() -> TenantId {
    TenantId::parse("t-1").expect("a tenant")
}

#[test]
fn t26_keys_are_made_once_and_for_this_user_only() {
    let folder = fresh("once");
    let keys = Keys::open(&folder.0).expect("keys");
    let (root, vault) = (keys.public(Role::Root).expect("a key"), keys.vault(&tenant()).expect("an identity").recipient());
    let again = Keys::open(&folder.0).expect("the same keys");
    assert_eq!(again.public(Role::Root).expect("a key"), root);
    assert_eq!(again.signer(Role::Root).expect("a key").public(), root);
    assert_eq!(again.vault(&tenant()).expect("an identity").recipient(), vault);
    for entry in fs::read_dir(folder.0.join("keys")).expect("the folder") {
        let entry = entry.expect("an entry");
        assert_eq!(entry.metadata().expect("its mode").permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        assert!(!entry.file_name().to_string_lossy().starts_with("new-"));
    }
}

#[test]
fn t26_a_key_that_others_may_read_is_refused_and_a_lost_one_is_not_made_anew() {
    let folder = fresh("refused");
    let keys = Keys::open(&folder.0).expect("keys");
    let ack = folder.0.join("keys/ack_ed25519");
    fs::set_permissions(&ack, fs::Permissions::from_mode(0o644)).expect("a wider mode");
    assert!(matches!(keys.signer(Role::Ack), Err(KeyError::File(FileError::Unsafe { .. }))));
    fs::remove_file(&ack).expect("gone");
    std::os::unix::fs::symlink("/etc/hostname", &ack).expect("a link");
    assert!(matches!(keys.signer(Role::Ack), Err(KeyError::File(FileError::Io { .. }))));
    fs::remove_file(&ack).expect("gone");
    let keys = Keys::open(&folder.0).expect("the public half is there");
    assert!(matches!(keys.signer(Role::Ack), Err(KeyError::Away { .. })));
    fs::write(&ack, "-----BEGIN").expect("half a key");
    fs::set_permissions(&ack, fs::Permissions::from_mode(0o600)).expect("a mode");
    assert!(matches!(keys.signer(Role::Ack), Err(KeyError::Content { .. })));
}
