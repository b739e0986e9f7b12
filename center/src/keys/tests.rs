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
    let (root, vault) = (keys.root_public().expect("a key"), keys.vault(&tenant()).expect("an identity").recipient());
    let again = Keys::open(&folder.0).expect("the same keys");
    assert_eq!(again.root_public().expect("a key"), root);
    assert_eq!(again.root().expect("a key").public(), root);
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
    assert!(matches!(keys.signers(Role::Ack), Err(KeyError::File(FileError::Unsafe { .. }))));
    fs::remove_file(&ack).expect("gone");
    std::os::unix::fs::symlink("/etc/hostname", &ack).expect("a link");
    assert!(matches!(keys.signers(Role::Ack), Err(KeyError::File(FileError::Io { .. }))));
    fs::remove_file(&ack).expect("gone");
    let keys = Keys::open(&folder.0).expect("the public half is there");
    assert!(matches!(keys.signers(Role::Ack), Err(KeyError::Away { .. })));
    fs::write(&ack, "-----BEGIN").expect("half a key");
    fs::set_permissions(&ack, fs::Permissions::from_mode(0o600)).expect("a mode");
    assert!(matches!(keys.signers(Role::Ack), Err(KeyError::Content { .. })));
}

#[test]
fn the_newest_two_keys_of_a_role_count_and_a_revoked_one_is_gone() {
    let folder = fresh("rotated");
    let keys = Keys::open(&folder.0).expect("keys");
    let first = keys.public(Role::Request).expect("a key");
    let second = keys.rotate(Role::Request).expect("the next key");
    assert_eq!(keys.public(Role::Request).expect("keys"), [first[0].clone(), second.clone()]);
    let third = keys.rotate(Role::Request).expect("the next key");
    assert_eq!(keys.public(Role::Request).expect("keys"), [second.clone(), third.clone()]);
    assert_eq!(keys.public(Role::Ack).expect("a key").len(), 1);
    let signers = |keys: &Keys| keys.signers(Role::Request).expect("keys").iter().map(Signer::public).collect::<Vec<_>>();
    assert_eq!(signers(&keys), [second.clone(), third.clone()]);
    assert!(keys.forget(&third.fingerprint()).expect("gone"));
    assert!(!keys.forget("SHA256:none").expect("not ours"));
    // Opened again, the lost key is not made anew.
    assert_eq!(signers(&Keys::open(&folder.0).expect("keys")), [second]);
}

#[test]
fn a_root_key_is_made_once() {
    let folder = fresh("root");
    let public = make_root(&folder.0).expect("a root key");
    let path = folder.0.join("root_ed25519");
    assert_eq!(read_signer(&path).expect("its private half").public(), public);
    assert!(matches!(make_root(&folder.0), Err(KeyError::Taken { .. })));
    assert_eq!(read_signer(&path).expect("as it was").public(), public);
}
