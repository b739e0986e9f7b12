//! The redactor fails closed, at the level of the program: what cannot be redacted is left out and named, a redactor that does
//! not know the customer's rules or cannot be trusted does not start, and never is there a plain byte in a bundle.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use oediag_tests::{bundles, command_of, folder, oediag_failpoints};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";
/// What must not be in any bundle.
const SECRET: &str = "Tg7mQ2vLx81kkPq";
const RIGHT: &str = "keywords = [\"Project Falcon\"]\n";

/// A host of a few files, and a state with rows that name them.
struct Bench {
    work: PathBuf,
    state: PathBuf,
    out: PathBuf,
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

impl Bench {
    /// The host has these files in `/srv/app`, beside two that are in order.
    fn new(name: &str, files: &[(&str, Vec<u8>)]) -> Bench {
        let work = folder(name);
        let bench = Bench { state: work.join("state"), out: work.join("out"), work };
        let app = bench.work.join("root/srv/app");
        for folder in [
            &app,
            &bench.work.join("root/etc"),
            &bench.state.join("etc/sources.d"),
            &bench.state.join("etc/redact.d"),
            &bench.out,
        ] {
            fs::create_dir_all(folder).expect("the folder can be made");
        }
        fs::write(bench.work.join("root/etc/os-release"), "ID=openEuler\n").expect("the file can be written");
        let fine = format!("good line\npassword = {SECRET}\nlast line of Project Falcon\n");
        for (name, content) in
            files.iter().map(|(n, c)| (*n, c.as_slice())).chain([("a.log", fine.as_bytes()), ("z.log", fine.as_bytes())])
        {
            fs::write(app.join(name), content).expect("the file can be written");
        }
        let row = "[[source]]\nid = \"site.app\"\ntopic = \"logs\"\nen = \"x\"\nzh = \"x\"\nprivacy = \"free_text\"\nglob = \"/srv/app/*.log\"\n";
        fs::write(bench.state.join("etc/sources.d/test.toml"), row).expect("the row can be written");
        for path in ["", "etc", "etc/sources.d", "etc/redact.d"] {
            mode(&bench.state.join(path), 0o700);
        }
        bench
    }

    fn run(&self, failpoints: &str, arguments: &[&str]) -> Output {
        let mut command = command_of(oediag_failpoints(), &self.state, arguments);
        command.env("FAILPOINTS", failpoints).stdin(Stdio::null()).output().expect("it starts")
    }

    fn collect(&self, failpoints: &str, more: &[&str]) -> (i32, String) {
        let (root, out) = (self.work.join("root"), self.out.to_str().expect(UTF8));
        let mut arguments = vec!["collect", "--root", root.to_str().expect(UTF8), "-o", out, "--source", "site.app"];
        arguments.extend(more);
        let output = self.run(failpoints, &arguments);
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// The manifest of the one bundle, after a look through all of its bytes for the secret.
    fn manifest(&self) -> Value {
        let found = bundles(&self.out);
        assert_eq!(found.len(), 1, "{found:?}");
        let mut plain = Vec::new();
        let file = fs::File::open(&found[0]).expect("the bundle is there");
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut plain).expect("it unpacks");
        for form in
            [SECRET.as_bytes().to_vec(), SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect(), b"Project Falcon".to_vec()]
        {
            assert!(!plain.windows(form.len()).any(|w| w == form), "a secret is in the bundle");
        }
        let mut archive = tar::Archive::new(plain.as_slice());
        let mut entries = archive.entries().expect("an archive").map(|entry| entry.expect("an entry"));
        let mut manifest = entries
            .find(|entry| entry.path().is_ok_and(|path| path.ends_with("manifest.json")))
            .expect("a bundle has its manifest");
        let mut text = String::new();
        manifest.read_to_string(&mut text).expect("JSON");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// Outcome and reason of the item whose source path ends so.
fn outcome<'a>(manifest: &'a Value, name: &str) -> (&'a str, &'a str) {
    let items = manifest["items"].as_array().expect("items");
    let ends = |item: &&Value| item["src"].as_str().is_some_and(|src| src.ends_with(name));
    let item = items.iter().find(ends).unwrap_or_else(|| panic!("{name} is named in the manifest"));
    (item["outcome"].as_str().unwrap_or_default(), item["reason"].as_str().unwrap_or_default())
}

/// What spoils a file of rules.
type Break = fn(&Path);

#[test]
fn rules_that_cannot_be_used_keep_the_redactor_from_starting() {
    let bench = Bench::new("redact-rules", &[]);
    let folder = bench.state.join("etc/redact.d");
    let rules = folder.join("own.toml");
    let log = bench.work.join("root/srv/app/a.log");
    let cases: &[(&str, Break, &str)] = &[
        ("no TOML", |path| fs::write(path, "keywords = [\n\"x\"").expect("written"), "own.toml"),
        ("a wrong line", |path| fs::write(path, "keywords = [\n\"ok then\",\n\"x\"]\n").expect("written"), "line 3: too short"),
        ("no text", |path| fs::write(path, b"keywords = [\"\xff\xfe\"]").expect("written"), "own.toml"),
        ("others may write", |path| mode(path, 0o666), "lets others write"),
        (
            "a link",
            |path| {
                fs::remove_file(path).expect("removed");
                symlink("/etc/passwd", path).expect("linked");
            },
            "is a link",
        ),
        (
            "a folder",
            |path| {
                fs::remove_file(path).expect("removed");
                fs::create_dir(path).expect("made");
            },
            "not a regular file",
        ),
        ("too long", |path| fs::write(path, "#".repeat(300 << 10)).expect("written"), "longer than"),
    ];
    for (name, spoil, why) in cases {
        if rules.is_dir() {
            fs::remove_dir(&rules).expect("removed");
        } else {
            fs::remove_file(&rules).unwrap_or_default();
        }
        fs::write(&rules, RIGHT).expect("the rules can be written");
        mode(&rules, 0o600);
        spoil(&rules);
        let (code, said) = bench.collect("", &[]);
        assert!(code == 6 && said.contains(why), "{name}: {code} {said}");
        assert!(
            bundles(&bench.out).is_empty() && fs::read_dir(&bench.out).expect("there").count() == 0,
            "{name}: nothing was made"
        );
        let output = bench.run("", &["redact", log.to_str().expect(UTF8)]);
        assert!(output.status.code() == Some(6) && output.stdout.is_empty(), "{name}: {output:?}");
        let clean = bench.work.join("clean");
        let (input, to) = (bench.work.join("root"), clean.to_str().expect(UTF8));
        let output = bench.run("", &["redact", "--in", input.to_str().expect(UTF8), "--out", to]);
        assert!(output.status.code() == Some(6) && !clean.exists(), "{name}: {output:?}");
        let checked = bench.run("", &["redact", "--check"]);
        assert!(
            checked.status.code() == Some(2) && String::from_utf8_lossy(&checked.stdout).contains("own.toml"),
            "{name}: {checked:?}"
        );
    }
    fs::remove_file(&rules).expect("removed");
    fs::write(&rules, RIGHT).expect("the rules can be written");
    let (code, said) = bench.collect("", &[]);
    assert_eq!(code, 0, "{said}");
    let manifest = bench.manifest();
    assert!(manifest["redaction"]["counts"]["keyword"].as_u64() >= Some(2), "{}", manifest["redaction"]);
    assert_eq!(manifest["redaction"]["ruleset"], "default-1+site");
}

#[test]
fn what_cannot_be_redacted_is_left_out_and_named() {
    // UTF-16 with half a character in its midst; binary content of no kind; a log over the limit, with a key across the cut.
    let mut halved: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(format!("password = {SECRET}\n").encode_utf16().flat_map(u16::to_le_bytes)).collect();
    halved.extend([0x00, 0xd8, 0x41, 0x00]);
    let mut binary = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0];
    binary.extend((0..4096_u32).flat_map(|n| (n.wrapping_mul(0x9e37_79b1)).to_le_bytes()));
    binary.extend(format!("password={SECRET}").bytes());
    let long = format!("password = {SECRET} and more of the line\n").repeat(40_000).into_bytes();
    let bench = Bench::new("redact-left-out", &[("halved.log", halved), ("binary.log", binary), ("long.log", long)]);
    fs::write(bench.state.join("etc/redact.d/own.toml"), RIGHT).expect("the rules can be written");
    let (code, said) = bench.collect("", &["--max-item-bytes", "64K"]);
    assert_eq!(code, 1, "{said}");
    let manifest = bench.manifest();
    assert_eq!(outcome(&manifest, "halved.log"), ("failed", "redaction_failed"));
    // Whoever asked for this file does not get it: a gap, as any other that redaction makes, and no item that was not wanted.
    assert_eq!(outcome(&manifest, "binary.log"), ("failed", "binary"));
    assert_eq!(outcome(&manifest, "long.log"), ("truncated", "item_limit"));
    for name in ["a.log", "z.log"] {
        assert_eq!(outcome(&manifest, name).0, "collected", "the others are there");
    }
}

#[test]
fn a_bundle_that_is_full_holds_no_plain_byte() {
    let noise =
        (0..400_000_u64).map(|n| format!("{:016x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect::<Vec<_>>().concat();
    let bench = Bench::new("redact-full", &[("big.log", format!("{noise}password = {SECRET}\n").into_bytes())]);
    fs::write(bench.state.join("etc/redact.d/own.toml"), RIGHT).expect("the rules can be written");
    let (code, said) = bench.collect("", &["--max-bytes", "1M"]);
    assert_eq!(code, 1, "{said}");
    let manifest = bench.manifest();
    assert_ne!(outcome(&manifest, "big.log").0, "collected");
}

#[test]
fn a_panic_in_a_rule_costs_its_item_and_nothing_else() {
    // So long that it is redacted by the pool's threads, chunk by chunk.
    let long = format!("password = {SECRET} and more of the line\n").repeat(80_000).into_bytes();
    let bench = Bench::new("redact-panic", &[("long.log", long)]);
    fs::write(bench.state.join("etc/redact.d/own.toml"), RIGHT).expect("the rules can be written");
    // The canaries of the start, and the two small files beside it, take far fewer.
    let (code, said) = bench.collect("redact.key=1000*off->1*panic", &[]);
    assert_eq!(code, 1, "{said}");
    let manifest = bench.manifest();
    let (result, reason) = outcome(&manifest, "long.log");
    assert!(result == "failed" && matches!(reason, "redaction_failed" | "panicked"), "{result} {reason}");
    assert_eq!(outcome(&manifest, "a.log").0, "collected");
    assert_eq!(outcome(&manifest, "z.log").0, "collected");
    // In a folder it costs its file.
    let (input, clean) = (bench.work.join("root/srv/app"), bench.work.join("clean"));
    let output = bench.run(
        "redact.key=1000*off->1*panic",
        &["redact", "--in", input.to_str().expect(UTF8), "--out", clean.to_str().expect(UTF8)],
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("long.log"), "{said}");
    let mut names: Vec<_> = fs::read_dir(&clean).expect("there").map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.log", "z.log"], "the others are written, and no draft stays");
    // A rule that always panics is met by the canaries: nothing starts.
    fs::remove_dir_all(&bench.out).expect("removed");
    fs::create_dir(&bench.out).expect("made");
    let (code, said) = bench.collect("redact.key=panic", &[]);
    assert!(code == 6 && bundles(&bench.out).is_empty(), "{code} {said}");
    let log = bench.work.join("root/srv/app/a.log");
    let output = bench.run("redact.key=panic", &["redact", log.to_str().expect(UTF8)]);
    assert!(output.status.code() == Some(6) && output.stdout.is_empty(), "{output:?}");
}
