//! A host without a network: everything between it and the center goes as files that somebody carries. In: the real programs. Out: verdicts.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_tests::{HOSTS, built, bundles, center::Center, collected_at, command, folder, root, run};
use serde_json::Value;

/// How long anything may take on a busy machine.
const LONG: Duration = Duration::from_mins(3);

fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are UTF-8")
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
}

/// The center's command line, on the machine of the center.
struct Desk<'a>(&'a Center);

impl Desk<'_> {
    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(built("oediag-center"));
        command.args(words).arg("--data").arg(self.0.data()).output().expect("the program runs")
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    #[track_caller]
    fn refuses(&self, words: &[&str], sentence: &str) {
        let output = self.run(words);
        assert!(!output.status.success() && said(&output).contains(sentence), "{words:?}: {}", said(&output));
    }

    fn kit(&self, tenant: &str, path: &Path) -> String {
        self.done(&["kit", "create", "--tenant", tenant, "--out", text(path)])
    }
}

/// A host, and what was carried to and from it.
struct Host {
    state: PathBuf,
    out: PathBuf,
    socket: PathBuf,
    broker: Option<Child>,
}

impl Host {
    fn new(work: &Path, name: &str) -> Self {
        let (state, out) = (work.join(name), work.join(format!("{name}-out")));
        fs::create_dir_all(&out).expect("the folder can be made");
        // Paths of sockets are short.
        let socket = std::env::temp_dir().join(format!("oediag-carried-{}-{name}.sock", std::process::id()));
        Self { state, out, socket, broker: None }
    }

    /// Joins by a kit; gives what it says.
    fn join(&self, kit: &Path, pin: &str) -> Output {
        run(&self.state, &["import", "kit", text(kit), "--fingerprint", pin, "-o", text(&self.out), "--json"])
    }

    fn start(&mut self) {
        let root = root(HOSTS[1]);
        let mut command = command(&self.state, &["broker", "--socket", text(&self.socket), "--root", text(&root)]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the broker starts");
        self.broker = Some(child);
        let begun = Instant::now();
        while UnixStream::connect(&self.socket).is_err() {
            assert!(begun.elapsed() < LONG, "the broker does not listen");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&self, words: &[&str]) -> Output {
        run(&self.state, &[words, &["--socket", text(&self.socket), "--json"]].concat())
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> Value {
        let output = self.ask(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", said(&output));
        json(&output)
    }

    #[track_caller]
    fn refuses(&self, words: &[&str], code: i32, sentence: &str) {
        let output = self.ask(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", said(&output));
        assert!(said(&output).contains(sentence), "{words:?}: {}", said(&output));
    }

    #[track_caller]
    fn becomes(&self, request: &str, state: &str) -> Value {
        let begun = Instant::now();
        loop {
            let shown = self.done(&["requests", "show", request]);
            if shown["row"]["state"] == state {
                return shown;
            }
            assert!(begun.elapsed() < LONG, "{}, not {state}", shown["row"]);
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut child) = self.broker.take() {
            child.kill().unwrap_or_default();
            drop(child.wait());
        }
        fs::remove_file(&self.socket).unwrap_or_default();
    }
}

fn path(value: &Value) -> PathBuf {
    PathBuf::from(value.as_str().expect("a path"))
}

/// A copy of a file with one byte changed.
fn edited(file: &Path, at: usize) -> PathBuf {
    let mut bytes = fs::read(file).expect("the file");
    bytes[at] ^= 1;
    let copy = file.with_extension("edited");
    fs::write(&copy, bytes).expect("it can be written");
    copy
}

/// The payload of a signed object, and its first signature: what stock tools want.
fn unwrapped(file: &Path) -> (Vec<u8>, String) {
    let object: Value = serde_json::from_slice(&fs::read(file).expect("the file")).expect("JSON");
    let payload = BASE64.decode(object["payload"].as_str().expect("a payload")).expect("base64");
    (payload, object["sigs"][0]["sshsig"].as_str().expect("a signature").to_owned())
}

/// Whether stock ssh-keygen finds the signature of a center's paper good, by the ack keys of its kit.
fn ssh_keygen(paper: &Path, kit: &Path, work: &Path) -> bool {
    let kit: Value = serde_json::from_slice(&fs::read(kit).expect("the kit")).expect("JSON");
    let keyset = kit["keysets"].as_array().and_then(|all| all.last()).expect("a keyset");
    let keyset = BASE64.decode(keyset["payload"].as_str().expect("a payload")).expect("base64");
    let keyset: Value = serde_json::from_slice(&keyset).expect("JSON");
    let keys = keyset["ack"]["keys"].as_array().expect("ack keys");
    let line = |key: &Value| format!("ack {}\n", key.as_str().expect("a key"));
    let (signers, signature) = (work.join("allowed_signers"), work.join("paper.sig"));
    fs::write(&signers, keys.iter().map(line).collect::<String>()).expect("it can be written");
    let (payload, sshsig) = unwrapped(paper);
    fs::write(&signature, sshsig).expect("it can be written");
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-I", "ack", "-n", "oediag-ack-v1", "-f"]).arg(&signers).arg("-s").arg(&signature);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("ssh-keygen");
    child.stdin.take().expect("its input").write_all(&payload).expect("it reads");
    child.wait().expect("it ends").success()
}

/// A center, its kit and the kit's fingerprint.
fn begin(name: &str) -> (PathBuf, Center, PathBuf, String) {
    let work = folder(name);
    let center = Center::start(&work);
    let kit = work.join("kit.json");
    let pin = Desk(&center).kit("t-1", &kit);
    (work, center, kit, pin)
}

/// A host that joined and was admitted; its id.
fn admitted(host: &Host, desk: &Desk<'_>, kit: &Path, pin: &str) -> String {
    let joined = host.join(kit, pin);
    assert_eq!(joined.status.code(), Some(0), "{}", said(&joined));
    let joined = json(&joined);
    let words = |fingerprint| {
        let (admission, catalogue) = (joined["admission"].as_str(), joined["catalogue"].as_str());
        let (admission, catalogue) = (admission.expect("a path"), catalogue.expect("a path"));
        ["host", "admit", "--file", admission, "--catalogue", catalogue, "--fingerprint", fingerprint]
    };
    let other = format!("SHA256:{}", "A".repeat(43));
    desk.refuses(&words(&other), "this is not the fingerprint of the key in the admission");
    let id = desk.done(&words(joined["fingerprint"].as_str().expect("a fingerprint")));
    assert_eq!(id, joined["host_id"]);
    // Once more is the same host.
    assert_eq!(desk.done(&words(joined["fingerprint"].as_str().expect("a fingerprint"))), id);
    id
}

fn request(desk: &Desk<'_>, host: &str, file: &Path) -> String {
    let words = ["--case", "INC-20391", "--severity", "P2", "--reason-zh", "定位磁盘延迟告警", "--reason-en", "Disk latency"];
    let scope = ["--source", "kernel.cmdline", "--source", "logs.messages", "--carry"];
    let id = desk.done(&[&["request", "create", "--host", host], &words[..], &scope].concat());
    desk.done(&["request", "export", &id, "--out", text(file)]);
    id
}

#[test]
fn a_request_is_answered_and_withdrawn_by_carried_files_only() {
    let (work, center, kit, pin) = begin("carried");
    let desk = Desk(&center);
    let mut host = Host::new(&work, "host");
    let wrong = host.join(&kit, &"0".repeat(20));
    assert_eq!(wrong.status.code(), Some(4), "{}", said(&wrong));
    assert!(said(&wrong).contains("This is no kit of the center whose fingerprint was given"), "{}", said(&wrong));
    let id = admitted(&host, &desk, &kit, &pin);
    host.start();

    // Another host's request, an edited one, then its own.
    let other = Host::new(&work, "other");
    let other = admitted(&other, &desk, &kit, &pin);
    let theirs = work.join("theirs.json");
    request(&desk, &other, &theirs);
    host.refuses(&["import", "request", text(&theirs)], 3, "it is for another host");
    let paper = work.join("request.json");
    let asked = request(&desk, &id, &paper);
    let (asked, whole) = (asked.trim_start_matches("r-"), asked.as_str());
    host.refuses(&["import", "cancel", text(&paper)], 3, "breaks a rule of its form");
    host.done(&["import", "request", text(&paper)]);
    host.becomes(asked, "pending");
    host.done(&["approve", asked]);
    host.becomes(asked, "preview");
    host.refuses(&["export", asked, "-o", text(&host.out)], 3, "nothing to carry");

    // One item is left out; what was shown then is released.
    let before = host.done(&["preview", asked]);
    host.refuses(&["release", asked, "--without", "kernel.cmdline"], 3, "consent");
    let seen = host.done(&["preview", asked]);
    assert_ne!(seen["bundle_id"], before["bundle_id"]);
    let digits = seen["digits"].as_str().expect("digits");
    let released = host.done(&["release", asked, "--consent", digits]);
    let receipt = released["receipt_id"].as_str().expect("a receipt");
    host.becomes(asked, "uploading");
    let sealed = path(&host.done(&["export", asked, "-o", text(&host.out)])["path"]);
    assert!(text(&sealed).ends_with(".oeb.tar"), "{}", sealed.display());
    assert_eq!(fs::metadata(&sealed).expect("the file").permissions().mode() & 0o777, 0o600);
    host.refuses(&["export", asked, "-o", text(&host.out)], 2, "could not be written");

    // Edited in the payload, in the documents, cut off: nothing is stored.
    let back = work.join("back");
    fs::create_dir(&back).expect("the folder can be made");
    let carry = |file: &Path| vec!["carry".to_owned(), text(file).to_owned(), "--out".to_owned(), text(&back).to_owned()];
    let refuses = |file: &Path, sentence: &str| {
        let words = carry(file);
        desk.refuses(&words.iter().map(String::as_str).collect::<Vec<_>>(), sentence);
    };
    let bring = |file: &Path| {
        let words = carry(file);
        PathBuf::from(desk.done(&words.iter().map(String::as_str).collect::<Vec<_>>()))
    };
    let bytes = fs::metadata(&sealed).expect("the file").len() as usize;
    refuses(&edited(&sealed, bytes - 4096), "the bytes are not those of the receipt");
    refuses(&edited(&sealed, 700), "a document is not good");
    let cut = work.join("cut.oeb.tar");
    fs::write(&cut, &fs::read(&sealed).expect("the file")[..bytes - 2048]).expect("it can be written");
    refuses(&cut, "was cut off");
    let ack = bring(&sealed);
    assert_eq!(bring(&sealed), ack, "the same file gets the same answer");
    assert!(ssh_keygen(&ack, &kit, &work));
    host.refuses(&["import", "receipt", text(&paper)], 4, "neither an ack nor a deletion receipt");
    host.done(&["import", "receipt", text(&ack)]);
    let stored = host.becomes(asked, "stored");
    assert_eq!(stored["receipt"], receipt);
    assert!(desk.done(&["request", "show", whole]).contains(receipt));

    // Consent is taken back by a file, and so is the center's word that the data is gone.
    let withdrawn = host.done(&["consent", "withdraw", receipt, "-o", text(&host.out)]);
    let deletion = bring(&path(&withdrawn["path"]));
    assert!(ssh_keygen(&deletion, &kit, &work));
    host.done(&["import", "receipt", text(&deletion)]);
    host.becomes(asked, "deletion_confirmed");
    refuses(&sealed, "withdrawn");
    let ledger = run(&host.state, &["ledger", "verify"]);
    assert_eq!(ledger.status.code(), Some(0), "{}", said(&ledger));
}

#[test]
fn a_bundle_of_ones_own_is_carried_after_the_same_question() {
    let (work, center, kit, pin) = begin("carried-own");
    let desk = Desk(&center);
    let host = Host::new(&work, "own");
    let root = root(HOSTS[0]);
    let now = collected_at(HOSTS[0]);
    let words = ["collect", "--root", text(&root), "--now", &now, "-o", text(&host.out), "--source", "logs.messages"];
    let made = run(&host.state, &words);
    assert!(matches!(made.status.code(), Some(0 | 1)), "{}", said(&made));
    let joined = host.join(&kit, &pin);
    assert_eq!(joined.status.code(), Some(0), "{}", said(&joined));
    let joined = json(&joined);
    let bundle = bundles(&host.out).remove(0);
    let name = bundle.file_name().and_then(|name| name.to_str()).expect("UTF-8");
    let digits = name.rsplit('-').next().and_then(|end| end.get(..8)).expect("a name ends in the id");
    let export = ["export", text(&bundle), "-o", text(&host.out)];
    host.refuses(&export, 3, "consent");
    let sealed = path(&host.done(&[&export[..], &["--consent", digits]].concat())["path"]);
    assert_eq!(sealed, bundle.with_file_name(name.replace(".tar.gz", ".oeb.tar")));

    // A host that nobody admitted, a kit of another tenant's, then the way it is meant.
    let back = text(&work).to_owned();
    let carry = ["carry", text(&sealed), "--out", &back];
    desk.refuses(&carry, "is admitted here: first admit it by its admission file");
    let other = work.join("other.json");
    let other_pin = desk.kit("t-2", &other);
    let refused = host.join(&other, &other_pin);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("is enrolled with"), "{}", said(&refused));
    let fingerprint = joined["fingerprint"].as_str().expect("a fingerprint");
    let admit = ["host", "admit", "--file", joined["admission"].as_str().expect("a path"), "--fingerprint", fingerprint];
    desk.refuses(&[&admit[..], &["--tenant", "t-2"]].concat(), "the host has another tenant's kit");
    desk.done(&admit);
    let ack = PathBuf::from(desk.done(&carry));

    // What was agreed to for carrying is not sent.
    assert_eq!(json(&run(&host.state, &["upload", "--unfinished", "--json"])), Value::Array(Vec::new()));
    host.refuses(&["import", "receipt", text(&edited(&ack, 120))], 4, "");
    host.done(&["import", "receipt", text(&ack)]);
    let list = json(&run(&host.state, &["consent", "list", "--json"]));
    assert_eq!((&list[0]["standing"], &list[0]["consent"]["basis"]), (&"stored".into(), &"offline".into()), "{list}");
    let receipt = list[0]["consent"]["receipt_id"].as_str().expect("a receipt");
    let withdrawn = path(&host.done(&["consent", "withdraw", receipt, "-o", text(&host.out)])["path"]);
    let deletion = desk.done(&["carry", text(&withdrawn), "--out", &back]);
    host.done(&["import", "receipt", &deletion]);
    let list = json(&run(&host.state, &["consent", "list", "--json"]));
    assert_eq!(list[0]["standing"], "deleted", "{list}");
}
