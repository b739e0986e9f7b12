//! Keys with real files and processes: roots that three people keep (T17), what hosts must not be told (T16), rotation and
//! revocation (T18).

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use oediag_center::{
    keys::{Keys, Role, read_signer},
    signer::Signer,
    store::Store,
};
use oediag_protocol::{
    id::{RequestId, TenantId},
    keyset::{Keyset, KeysetError},
    request::{
        cancel::{self, Cancel},
        paper::{Person, Role as RequestRole, Words},
        verify::{self, Asked, Refusal},
    },
    signed::Signed,
    sshsig,
    time::Time,
};

use crate::{
    common::{Center, printed, program},
    host::{Host, fresh, line, now},
    ingest::audit,
};

/// A center, and a folder of people who keep root keys.
struct Holders {
    center: Center,
    folder: PathBuf,
}

impl Holders {
    fn new(name: &str, roots: &[&str]) -> Self {
        let center = Center::start(name);
        let folder = center.data().join("holders");
        for root in roots {
            printed(program().args(["keys", "init-root", "--out"]).arg(folder.join(root)));
        }
        Self { center, folder }
    }

    fn key(&self, root: &str) -> PathBuf {
        match root {
            "embedded" => self.center.data().join("keys/root_ed25519"),
            root => self.folder.join(root).join("root_ed25519"),
        }
    }

    /// Prepares the next keyset with these roots, two of which sign; or with those that were.
    fn prepare(&self, file: &str, roots: &[&str]) -> PathBuf {
        let path = self.folder.join(file);
        let mut command = self.run(&["keys", "keyset", "prepare"]);
        command.arg("--output").arg(&path);
        for root in roots {
            command.arg("--root").arg(self.key(root).with_extension("pub"));
        }
        let told = printed(&mut command);
        assert!(told.contains("keyset ") && told.contains("root keys, "), "{told}");
        path
    }

    fn run(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments);
        // Holders have no data folder.
        if !arguments.contains(&"sign") {
            command.arg("--data").arg(self.center.data());
        }
        command
    }

    fn sign(&self, file: &Path, root: &str) {
        printed(self.run(&["keys", "keyset", "sign"]).arg(file).arg("--key").arg(self.key(root)));
    }

    fn import(&self, file: &Path) -> Output {
        self.run(&["keys", "keyset", "import"]).arg(file).output().expect("the program runs")
    }

    fn taken(&self, file: &Path) {
        let output = self.import(file);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn refused(&self, file: &Path) -> String {
        let stored = self.keysets();
        let output = self.import(file);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(self.keysets(), stored, "the old state is kept");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// What hosts of `t-1` are given, oldest first.
    fn keysets(&self) -> Vec<Signed> {
        let data = self.center.data().to_owned();
        let texts = tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            let store = Store::open(&data).await.expect("the store");
            store.keysets(&TenantId::parse("t-1").expect("a tenant")).await.expect("keysets")
        });
        texts.iter().map(|text| Signed::parse(text.as_bytes()).expect("a signed object")).collect()
    }

    /// What a host that knows this keyset goes on with.
    fn forward(&self, keyset: &Keyset) -> Keyset {
        let steps: Vec<Signed> = self.keysets().into_iter().skip(usize::try_from(keyset.version).expect("small")).collect();
        keyset.forward(&steps, now()).expect("a host goes forward")
    }
}

#[test]
fn t17_two_of_three_roots_change_in_three_steps_and_the_embedded_root_is_out() {
    let holders = Holders::new("keys-roots", &["a", "b", "c", "d", "e"]);
    // Enrolled when only the embedded root key was known.
    let old = Host::enrol(&holders.center, "t-1");
    assert_eq!((old.keyset.version, old.keyset.root.threshold), (1, 1));

    let two = holders.prepare("2.json", &["a", "b", "c"]);
    holders.sign(&two, "a");
    holders.sign(&two, "b");
    assert!(holders.refused(&two).contains("0 of the expected keys signed"), "only new roots signed");
    fs::remove_file(holders.folder.join("2.json")).expect("gone");
    for entry in fs::read_dir(&holders.folder).expect("the folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_file() {
            fs::remove_file(entry).expect("gone");
        }
    }
    let two = holders.prepare("2.json", &["a", "b", "c"]);
    holders.sign(&two, "embedded");
    holders.sign(&two, "a");
    assert!(holders.refused(&two).contains("1 of the expected keys signed, 2 are needed"), "one of the new roots signed");
    holders.sign(&two, "c");
    holders.taken(&two);

    let three = holders.prepare("3.json", &["b", "c", "d"]);
    holders.sign(&three, "embedded");
    assert!(holders.refused(&three).contains("signature 1 is not by a root key"), "the embedded root is nobody now");
    fs::remove_file(signature_of(&three, 0)).expect("gone");
    holders.sign(&three, "b");
    holders.sign(&three, "c");
    holders.taken(&three);
    let four = holders.prepare("4.json", &["c", "d", "e"]);
    holders.sign(&four, "d");
    holders.sign(&four, "e");
    assert!(holders.refused(&four).contains("1 of the expected keys signed, 2 are needed"), "d alone was a root before");
    holders.sign(&four, "b");
    holders.taken(&four);

    let newest = holders.forward(&old.keyset);
    assert_eq!((newest.version, newest.root.threshold, newest.root.keys.len()), (4, 2, 3));
    // One who skips a step, or is offered the end alone, stays where it is.
    assert!(matches!(old.keyset.forward(&holders.keysets()[2..], now()), Err(KeysetError::Signed(_))));
    // A new host goes the same way.
    assert_eq!(Host::enrol(&holders.center, "t-1").keyset, newest);
    // A rotation waits for the holders; a new tenant does as well, and its tokens pin its own roots.
    assert!(printed(&mut holders.run(&["keys", "rotate", "ack"])).contains("hosts of t-1 do not know yet"));
    let token = holders.run(&["token", "create", "--tenant", "t-9"]).output().expect("the program runs");
    assert!(!token.status.success() && String::from_utf8_lossy(&token.stderr).contains("offline"), "{token:?}");
    let path = holders.folder.join("t-9.json");
    let mut prepare = holders.run(&["keys", "keyset", "prepare", "--tenant", "t-9"]);
    prepare.arg("--output").arg(&path);
    for root in ["a", "b", "c"] {
        prepare.arg("--root").arg(holders.key(root).with_extension("pub"));
    }
    printed(&mut prepare);
    holders.sign(&path, "a");
    holders.sign(&path, "b");
    holders.taken(&path);
    let host = Host::enrol(&holders.center, "t-9");
    assert_eq!((host.keyset.version, host.keyset.root.threshold), (1, 2));
    assert!(audit(&holders.center).contains("keyset_imported"));
}

fn signature_of(file: &Path, number: usize) -> PathBuf {
    let name = file.file_name().expect("a name").to_string_lossy().into_owned() + ".sig";
    let all = fs::read_dir(file.parent().expect("a folder")).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> =
        all.filter(|path| path.file_name().is_some_and(|one| one.to_string_lossy().starts_with(&name))).collect();
    found.sort();
    found.swap_remove(number)
}

#[test]
fn t16_an_old_edited_or_repeated_keyset_is_not_taken() {
    let holders = Holders::new("keys-stale", &["a", "b"]);
    Host::enrol(&holders.center, "t-1");
    let first = holders.prepare("first.json", &["a", "b"]);
    let second = holders.prepare("second.json", &["a", "b"]);
    for file in [&first, &second] {
        for root in ["embedded", "a", "b"] {
            holders.sign(file, root);
        }
    }
    // What was signed is not what lies there.
    let bytes = fs::read(&first).expect("the keyset");
    fs::write(&first, [bytes.as_slice(), b"\n"].concat()).expect("edited");
    assert!(holders.refused(&first).contains("is not by a root key"));
    fs::write(&first, &bytes).expect("as it was");
    holders.taken(&first);
    for file in [&first, &second] {
        assert!(holders.refused(file).contains("the keyset was not taken"), "{}", file.display());
    }
    // Prepared before the lists changed.
    let stale = holders.prepare("stale.json", &[]);
    holders.sign(&stale, "a");
    holders.sign(&stale, "b");
    printed(&mut holders.run(&["keys", "rotate", "request"]));
    assert!(holders.refused(&stale).contains("prepare it again"));
    // No file is written over.
    let again = holders.run(&["keys", "keyset", "prepare"]).arg("--output").arg(&stale).output().expect("the program runs");
    assert!(!again.status.success());
}

#[test]
fn t18_a_rotated_request_key_counts_and_a_revoked_one_is_refused() {
    let holders = Holders::new("keys-revoked", &[]);
    let host = Host::enrol(&holders.center, "t-1");
    let data = holders.center.data().to_owned();
    let keys = Keys::open(&data).expect("keys");
    let stolen = read_signer(&data.join("keys/request_ed25519")).expect("the first key");
    let first = stolen.public().fingerprint();

    printed(&mut holders.run(&["keys", "rotate", "request"]));
    // The embedded root key signs the next keyset by itself.
    let rotated = holders.forward(&host.keyset);
    assert_eq!((rotated.version, rotated.request.keys.len()), (2, 2));
    let cancel = Cancel {
        schema: cancel::Schema::V1,
        request_id: RequestId(fresh()),
        host_id: host.id,
        tenant_id: host.tenant.clone(),
        created: now(),
        reason: Words { zh_cn: line("不再需要"), en: line("not needed any more") },
        cancelled_by: Person { id: line("li.wei"), name: line("Li Wei"), role: RequestRole::Engineer, auth: line("password") },
    };
    let judge = |bytes: &[u8], keyset: &Keyset| {
        verify::cancel(bytes, Asked { keyset, host_id: host.id, tenant_id: &host.tenant }).map(|_| ())
    };
    let ours = || Signer::new(keys.clone()).expect("a signer").sign(Role::Request, &cancel).expect("signed");
    let by = |key: &sshsig::Signer| Signed::new(&cancel, &[key]).and_then(|signed| signed.to_bytes()).expect("signed");
    // Hosts that know the rotation and hosts that do not.
    assert_eq!((judge(&ours(), &host.keyset), judge(&ours(), &rotated)), (Ok(()), Ok(())));
    assert_eq!((judge(&by(&stolen), &host.keyset), judge(&by(&stolen), &rotated)), (Ok(()), Ok(())));

    printed(&mut holders.run(&["keys", "revoke", &first, "--since", "2026-01-02T03:04:05Z"]));
    let revoked = holders.forward(&host.keyset);
    assert_eq!((revoked.version, revoked.revoked[0].since), (3, Time::parse("2026-01-02T03:04:05Z").expect("a time")));
    assert_eq!(judge(&by(&stolen), &revoked), Err(Refusal::RevokedKey));
    assert_eq!(judge(&ours(), &revoked), Ok(()));
    assert!(!data.join("keys/request_ed25519").exists(), "a revoked key signs no more");

    // An engineer's key is listed, and revoked like any other.
    let engineer = sshsig::Signer::generate([7; 32]).public();
    let file = data.join("li.pub");
    fs::write(&file, format!("{engineer} li@desk\n")).expect("a public key");
    printed(holders.run(&["keys", "engineer", "add", "li.wei"]).arg(&file));
    let listed = holders.forward(&host.keyset);
    assert_eq!((listed.engineer.keys.len(), listed.engineer.keys[0].id.as_str()), (1, "li.wei"));
    printed(&mut holders.run(&["keys", "revoke", &engineer.fingerprint()]));
    assert_eq!(holders.forward(&host.keyset).engineer.keys.len(), 0);
    let wrong = holders.run(&["keys", "revoke", "li.wei"]).output().expect("the program runs");
    assert!(!wrong.status.success());
}
