//! The whole story over a bad network, with real processes in namespaces of their own: a case, a request, a person who decides, a proxy
//! that wants a password, a link that loses every fifth packet, two kills; then who read it, and that it is gone.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oediag_tests::{
    built, command, folder, noise,
    space::{CENTER, Spaces},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

/// How long anything may take on a busy machine behind a bad link.
const LONG: Duration = Duration::from_mins(4);
const REASON: &str = "定位磁盘延迟告警";

/// The host's people and programs, in their namespace.
struct Host<'a> {
    spaces: &'a Spaces,
    state: PathBuf,
    socket: PathBuf,
    root: PathBuf,
    log: PathBuf,
}

impl Host<'_> {
    fn command(&self, words: &[&str]) -> Command {
        Spaces::within(&self.spaces.host(), &command(&self.state, words))
    }

    /// What somebody types again while the network lets nothing through.
    fn insist(&self, words: &[&str]) -> String {
        let begun = Instant::now();
        loop {
            let output = self.command(words).output().expect("oediag runs");
            match output.status.code() {
                Some(0) => return String::from_utf8(output.stdout).expect("text"),
                Some(1 | 5) if begun.elapsed() < LONG => {}
                _ => panic!("{words:?}: {}", said(&output)),
            }
        }
    }

    /// What somebody types who talks to the broker.
    fn ask(&self, words: &[&str]) -> Output {
        let socket = self.socket.to_str().expect("UTF-8");
        self.command(&[words, &["--socket", socket, "--json"]].concat()).output().expect("oediag runs")
    }

    fn asked(&self, words: &[&str]) -> Value {
        let output = self.ask(words);
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    fn start(&self, words: &[&str]) -> Running {
        let log = || Stdio::from(File::options().create(true).append(true).open(&self.log).expect("a log"));
        self.command(words).stdout(log()).stderr(log()).spawn().map(Running).expect("oediag starts")
    }

    fn agent(&self) -> Running {
        self.start(&["agent", "--socket", self.socket.to_str().expect("UTF-8"), "--first-poll-within", "1"])
    }

    fn broker(&self) -> Running {
        let (socket, root) = (self.socket.to_str().expect("UTF-8"), self.root.to_str().expect("UTF-8"));
        let child = self.start(&["broker", "--socket", socket, "--root", root]);
        wait("the broker's socket", self, || self.socket.exists());
        child
    }

    fn state_of(&self, id: &str) -> String {
        let rows = self.asked(&["requests"]);
        let row = rows.as_array().and_then(|rows| rows.iter().find(|row| row["id"] == id));
        row.and_then(|row| row["state"].as_str()).unwrap_or_default().to_owned()
    }

    /// Bytes of an open upload that the center has.
    fn events(&self, event: &str) -> usize {
        let ledger = fs::read_to_string(self.state.join("ledger.jsonl")).expect("a ledger");
        ledger.matches(&format!("\"ev\":\"{event}\"")).count()
    }
}

/// A program of the story, ended with the value: also where the test fails.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        // `ip netns exec` becomes the program itself.
        self.0.kill().and_then(|()| self.0.wait()).expect("it can be ended");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn wait(what: &str, host: &Host<'_>, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        let log = || fs::read_to_string(&host.log).unwrap_or_default();
        assert!(begun.elapsed() < LONG, "{what} did not come:\n{}", log());
        thread::sleep(Duration::from_millis(100));
    }
}

/// Who vouches for the center's address; and the center's own certificate with its key.
fn certificates(work: &Path) -> [PathBuf; 3] {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([CENTER.to_owned()]).expect("a name");
    let made = params.signed_by(&key, &authority).expect("a certificate");
    let texts = [("ca.pem", authority.pem()), ("tls.pem", made.pem()), ("tls.key", key.serialize_pem())];
    texts.map(|(name, text)| {
        let path = work.join(name);
        fs::write(&path, text).expect("it can be written");
        path
    })
}

fn center(words: &[&str], data: &Path) -> String {
    let output = Command::new(built("oediag-center")).args(words).arg("--data").arg(data).output().expect("it runs");
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Bytes of uploads that lie at the center.
fn received(data: &Path) -> u64 {
    let entries = fs::read_dir(data.join("uploads")).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|data| data.len()).sum()
}

#[test]
fn the_whole_story_over_a_bad_link() {
    let Some(spaces) = Spaces::new("0.2") else { return };
    let work = folder("story");
    let data = work.join("center");
    let [authority, cert, key] = certificates(&work);
    let url = format!("https://{CENTER}:8443");
    let mut serve = Command::new(built("oediag-center"));
    serve.args(["serve", "--listen", &format!("{CENTER}:8443"), "--public-url", &url, "--poll", "5", "--data"]).arg(&data);
    serve.arg("--tls-cert").arg(&cert).arg("--tls-key").arg(&key).env("RUST_LOG", "info").env("NO_COLOR", "1");
    let out = work.join("center.out");
    let _serve = Spaces::within(&spaces.center(), &serve)
        .stdout(File::create(&out).expect("a file"))
        .stderr(File::create(work.join("center.log")).expect("a log"))
        .spawn()
        .map(Running)
        .expect("the center starts");
    let _proxy = spaces.proxy();

    // A root of its own: two logs that pack badly, so that the upload takes its time.
    let root = work.join("root");
    fs::create_dir_all(root.join("var/log")).expect("the root can be made");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for name in ["messages", "messages-20251001"] {
        fs::write(root.join("var/log").join(name), noise(&mut seed, 3 << 20)).expect("a log can be written");
    }
    let (state, socket) = (work.join("state"), std::env::temp_dir().join(format!("oediag-story-{}.sock", std::process::id())));
    let host = Host { spaces: &spaces, state, socket, root, log: work.join("host.log") };
    wait("the center", &host, || fs::read_to_string(work.join("center.log")).unwrap_or_default().contains("listening on"));
    let printed = fs::read_to_string(&out).expect("it printed");
    let password = printed.trim().rsplit(' ').next().unwrap_or_default().to_owned();

    // Enrolment, through the proxy.
    let credentials = host.state.join("etc/proxy");
    fs::create_dir_all(host.state.join("etc")).expect("the configuration can be made");
    fs::write(&credentials, "oediag:3cret\n").expect("it can be written");
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).expect("its mode");
    let toml = format!(
        "[network]\nproxy = \"http://{CENTER}:3128\"\nproxy_credentials_file = \"{}\"\nkib_s = 256\n",
        credentials.display()
    );
    fs::write(host.state.join("etc/oediag.toml"), toml).expect("it can be written");
    let token = work.join("token");
    fs::write(&token, center(&["token", "create"], &data)).expect("it can be written");
    let words =
        ["enroll", "--url", &url, "--token-file", token.to_str().expect("UTF-8"), "--ca", authority.to_str().expect("UTF-8")];
    // A token is good once: an enrolment whose answer was lost has to be looked at by people, so it is asked for once.
    let enrolled = host.command(&words).output().expect("oediag runs");
    assert!(enrolled.status.success(), "{}", said(&enrolled));

    // A case, opened by the customer; the center's people answer it with a request.
    let opened =
        host.command(&["case", "open", "--severity", "P2", "--title", "disk latency", "--json"]).output().expect("it runs");
    assert!(opened.status.success(), "{}", said(&opened));
    let case: Value = serde_json::from_slice(&opened.stdout).expect("JSON");
    let case = case["case"].as_str().expect("a case has a name").to_owned();

    let _broker = host.broker();
    host.asked(&["session", "start", "--minutes", "30"]);
    let mut agent = host.agent();
    wait("the catalogue", &host, || fs::read_to_string(&host.log).unwrap_or_default().contains("/v1/catalogue: status 204"));
    let enrolled: Value =
        serde_json::from_slice(&fs::read(host.state.join("etc/center.json")).expect("it is there")).expect("JSON");
    let host_id = enrolled["host_id"].as_str().expect("an id");
    let request = center(
        &[
            "request",
            "create",
            "--host",
            host_id,
            "--case",
            &case,
            "--severity",
            "P2",
            "--source",
            "logs.messages",
            "--reason-zh",
            REASON,
            "--reason-en",
            "Locate disk latency alerts",
        ],
        &data,
    );
    // No policy: it waits for a person, and nothing was collected.
    wait("the request", &host, || host.state_of(&request) == "pending");
    assert_eq!(host.events("collecting"), 0);
    host.asked(&["approve", &request]);
    wait("the bundle", &host, || host.state_of(&request) == "preview");

    // One log stays here; what is shown then is another bundle.
    let before = host.asked(&["preview", &request]);
    let output = host.ask(&["release", &request, "--without", "var/log/messages-20251001"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let shown = host.asked(&["preview", &request]);
    assert_ne!(shown["digits"], before["digits"], "another bundle");
    let digits = shown["digits"].as_str().expect("digits");
    let released = host.asked(&["release", &request, "--consent", digits]);
    let receipt = released["receipt"].as_str().or(released["receipt_id"].as_str()).expect("a receipt").to_owned();

    // Twice the agent dies while bytes are on their way.
    for part in [1, 2] {
        wait("bytes at the center", &host, || received(&data) > part * (256 << 10));
        assert_eq!(host.state_of(&request), "uploading");
        agent.end();
        agent = host.agent();
    }
    wait("the ack", &host, || host.state_of(&request) == "stored");
    assert_eq!((host.events("collecting"), host.events("released"), host.events("stored")), (1, 1, 1));

    // The engineer reads; the customer sees that.
    let consent: Value =
        serde_json::from_slice(&fs::read(host.state.join("consents").join(&receipt).join("consent.json")).expect("it is there"))
            .expect("JSON");
    let bundle = consent["bundle"]["bundle_id"].as_str().expect("an id");
    let page = format!("/bundles/{bundle}");
    wait("the page", &host, || spaces.browse(&url, &password, &page).1.contains("data-state=\"ready\""));
    let file = |name: &str| spaces.browse(&url, &password, &format!("{page}/files/var/log/{name}"));
    let (status, text) = file("messages");
    assert!(status == 200 && text.contains("app[1]"), "{status}: {text}");
    assert_eq!(file("messages-20251001").0, 404, "what was dropped never came");
    assert!(host.insist(&["consent", "show", &receipt, "--views", "--json"]).contains("admin"), "the customer sees who read");

    // Taken back: closed at once, gone, and proved by stock tools.
    host.insist(&["consent", "withdraw", &receipt]);
    assert_eq!(spaces.browse(&url, &password, &page).0, 410);
    let paper = host.state.join("consents").join(&receipt).join("deletion.json");
    wait("the deletion receipt", &host, || paper.exists());
    wait("the end", &host, || host.state_of(&request) == "deletion_confirmed");
    stock_tools_agree(&work, &paper, &enrolled);
    let verified = host.command(&["ledger", "verify"]).output().expect("it runs");
    assert!(verified.status.success(), "{}", said(&verified));
}

/// The deletion receipt, checked with ssh-keygen and the ack key that the host knows.
fn stock_tools_agree(work: &Path, paper: &Path, enrolled: &Value) {
    let decoded =
        |signed: &Value| -> Vec<u8> { STANDARD.decode(signed["payload"].as_str().expect("a payload")).expect("base64") };
    let signed: Value = serde_json::from_slice(&fs::read(paper).expect("it is there")).expect("JSON");
    let newest = enrolled["keysets"].as_array().and_then(|all| all.last()).expect("a keyset");
    let keyset: Value = serde_json::from_slice(&decoded(newest)).expect("JSON");
    let keys: Vec<&str> = keyset["ack"]["keys"].as_array().expect("keys").iter().filter_map(Value::as_str).collect();
    let lines: Vec<String> = keys.iter().map(|key| format!("center namespaces=\"oediag-ack-v1\" {key}")).collect();
    let signature = signed["sigs"][0]["sshsig"].as_str().expect("a signature");
    fs::write(work.join("ack_signers"), lines.join("\n") + "\n").expect("it can be written");
    fs::write(work.join("deletion.sig"), signature).expect("it can be written");
    fs::write(work.join("deletion.payload"), decoded(&signed)).expect("it can be written");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-Y", "verify", "-f", "ack_signers", "-I", "center", "-n", "oediag-ack-v1", "-s", "deletion.sig"]);
    keygen.current_dir(work).stdin(File::open(work.join("deletion.payload")).expect("it is there"));
    let output = keygen.output().expect("ssh-keygen runs");
    assert!(output.status.success(), "{}", said(&output));
}
