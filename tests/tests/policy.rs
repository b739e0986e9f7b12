//! What binds every run on a host: the floor and the rules of the system hold whatever an operator or a user says about the place of
//! keys and bundles; what cannot be read of them refuses; what is not read is named.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use oediag_tests::{bundles, center::Center, command_of, folder, oediag_failpoints};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";
const WORDS: &str = "keywords = [\"Project Falcon\"]\n";
const LINE: &str = "peer 203.0.113.9 of Project Falcon is up\n";

/// A system's configuration, a state elsewhere, and a host of one log.
struct Bench {
    work: PathBuf,
    system: PathBuf,
    state: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Bench {
        let work = folder(name);
        let bench = Bench { system: work.join("system"), state: work.join("state"), work };
        for folder in [&bench.system, &bench.state, &bench.state.join("etc")] {
            fs::create_dir_all(folder).expect("the folder can be made");
            mode(folder, 0o700);
        }
        let root = bench.work.join("root");
        for (path, text) in [("etc/os-release", "ID=openEuler\n"), ("var/log/messages", LINE)] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("the folder can be made");
            fs::write(path, text).expect("the file can be written");
        }
        bench
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command_of(oediag_failpoints(), &self.state, arguments);
        command.env("FAILPOINTS_SYSTEM", &self.system);
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        said(&self.command(arguments).output().expect("it starts"))
    }

    /// The line behind `redact`.
    fn redact(&self, more: &[&str]) -> (i32, String, String) {
        let mut command = self.command(&[&["redact"], more, &["-"]].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        // It may refuse before it reads.
        child.stdin.take().expect("a pipe").write_all(LINE.as_bytes()).unwrap_or_default();
        said(&child.wait_with_output().expect("it ends"))
    }

    fn collect(&self, out: &str, more: &[&str]) -> (i32, String, String) {
        let (root, out) = (self.work.join("root"), self.work.join(out));
        fs::create_dir_all(&out).expect("the folder can be made");
        let root = root.to_str().expect(UTF8);
        let arguments = ["collect", "--root", root, "-o", out.to_str().expect(UTF8), "--source", "logs.messages"];
        self.run(&[&arguments, more].concat())
    }
}

fn rules(folder: &Path, name: &str, text: &str) -> PathBuf {
    let folder = folder.join("redact.d");
    fs::create_dir_all(&folder).expect("the folder can be made");
    mode(&folder, 0o700);
    let path = folder.join(name);
    fs::write(&path, text).expect("the rules can be written");
    mode(&path, 0o600);
    path
}

fn settings(folder: &Path, text: &str) {
    fs::write(folder.join("oediag.toml"), text).expect("the settings can be written");
    mode(&folder.join("oediag.toml"), 0o600);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn floor_and_rules_of_the_system_bind_a_run_with_a_state_of_its_own() {
    let bench = Bench::new("policy-system");
    let (code, out, err) = bench.redact(&["--ip", "keep"]);
    assert_eq!((code, out.as_str()), (0, LINE), "nothing binds yet: {err}");
    settings(&bench.system, "[redaction]\nfloor = \"strict\"\n");
    rules(&bench.system, "words.toml", WORDS);
    // Not even where the state's own settings and rules say less.
    for own in ["", "[redaction]\nfloor = \"reduced\"\nip = \"keep\"\n"] {
        settings(&bench.state.join("etc"), own);
        let (code, out, err) = bench.redact(&["--ip", "keep"]);
        assert!(code == 2 && out.is_empty() && err.contains("below the level strict"), "{code} {out} {err}");
    }
    settings(&bench.state.join("etc"), "");
    let (code, out, err) = bench.redact(&[]);
    assert!(code == 0 && !out.contains("Falcon") && out.contains("peer OEr-ip4-"), "{code} {out} {err}");
    // The rules of both places hold; the same file in both is no mistake.
    rules(&bench.state.join("etc"), "words.toml", WORDS);
    rules(&bench.state.join("etc"), "more.toml", "keywords = [\"peer\"]\n");
    let (code, out, err) = bench.redact(&[]);
    assert!(code == 0 && !out.contains("Falcon") && !out.contains("peer"), "{code} {out} {err}");
    let (code, out, err) = bench.run(&["redact", "--check", "--json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert!(code == 0 && json.as_array().is_some_and(|files| files.len() == 3), "{code} {out} {err}");
    // A line of it that is wrong keeps every run from starting.
    rules(&bench.system, "words.toml", "keywords = [\"x\"]\n");
    let (code, out, err) = bench.redact(&[]);
    assert!(code == 6 && out.is_empty() && err.contains("words.toml"), "{code} {out} {err}");
    settings(&bench.system, "[redaction]\nflor = \"strict\"\n");
    rules(&bench.system, "words.toml", WORDS);
    let (code, out, err) = bench.redact(&[]);
    assert!(code == 2 && out.is_empty() && err.contains("line 2: unknown field `flor`"), "{code} {out} {err}");
    assert!(!err.contains("\\n") && !err.contains('|'), "one line: {err}");
}

#[test]
fn rules_that_lead_nowhere_refuse_and_what_is_not_read_is_named() {
    let bench = Bench::new("policy-folder");
    let folder = bench.state.join("etc/redact.d");
    symlink("/nonexistent", &folder).expect("linked");
    let (code, out, err) = bench.redact(&[]);
    assert!(code == 6 && out.is_empty() && err.contains("is a link"), "{code} {out} {err}");
    let (code, out, _) = bench.run(&["redact", "--check"]);
    assert!(code == 2 && out.contains("is a link"), "{code} {out}");
    let (code, _, err) = bench.collect("out", &[]);
    assert!(code == 6 && bundles(&bench.work.join("out")).is_empty(), "{code} {err}");
    fs::remove_file(&folder).expect("removed");
    rules(&bench.state.join("etc"), "a.TOML", WORDS);
    rules(&bench.state.join("etc"), "a.toml.bak", WORDS);
    for (code, out, err) in [bench.run(&["redact", "--check"]), bench.collect("out", &[]), bench.redact(&[])] {
        assert!(code == 0 && err.contains("a.TOML is not read") && err.contains("a.toml.bak is not read"), "{code} {out} {err}");
    }
    // An empty folder that is named is named in the answer.
    let empty = bench.work.join("empty");
    fs::create_dir(&empty).expect("made");
    let (code, out, _) = bench.run(&["redact", "--check", empty.to_str().expect(UTF8)]);
    assert!(code == 0 && out.contains(empty.to_str().expect(UTF8)), "{code} {out}");
}

#[test]
fn a_bundle_below_the_floor_of_today_is_not_sent() {
    let bench = Bench::new("policy-upload");
    let (code, _, err) = bench.collect("out", &["--ip", "keep"]);
    assert_eq!(code, 0, "{err}");
    let center = Center::start(&bench.work);
    assert!(center.enrol(&bench.state).status.success());
    let bundle = bundles(&bench.work.join("out")).remove(0);
    let bundle = bundle.to_str().expect(UTF8);
    let (code, _, err) = bench.run(&["upload", bundle, "--preview"]);
    assert!(code == 0 && err.contains("stay by choice: IPv4"), "{code} {err}");
    settings(&bench.system, "[redaction]\nfloor = \"standard\"\n");
    let (code, out, err) = bench.run(&["upload", bundle, "--preview"]);
    assert!(code == 3 && out.is_empty() && err.contains("redacted to the level reduced"), "{code} {out} {err}");
}

#[test]
fn the_customers_words_of_today_are_looked_for_in_a_bundle_of_yesterday() {
    let bench = Bench::new("policy-recheck");
    let (code, _, err) = bench.collect("out", &[]);
    assert_eq!(code, 0, "{err}");
    let bundle = bundles(&bench.work.join("out")).remove(0);
    let verify = |more: &[&str]| bench.run(&[&["verify", "--redaction", bundle.to_str().expect(UTF8)], more].concat());
    assert_eq!(verify(&[]).0, 0);
    let words = rules(&bench.system, "words.toml", WORDS);
    let (code, out, err) = verify(&["--json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &json["counts"]["keyword"], &json["words"]), (4, &1.into(), &1.into()), "{out} {err}");
    for (lang, said) in [("en", "1 words of your own rules were looked for"), ("zh", "1 个词语查找")] {
        assert!(verify(&["--lang", lang]).1.contains(said), "{lang}");
    }
    mode(&words, 0o666);
    let (code, out, err) = verify(&[]);
    assert!(code == 2 && out.is_empty() && err.contains("lets others write"), "{code} {out} {err}");
}
