//! T10 and T11 at every step of a run: killed there, or its write failed there, the next start leaves valid signed bundles or none.
//!
//! The steps are named in the sources of the collector (`failpoint::at`, `failpoint::writing`); this finds them there, so
//! that a new one is tried as well, and complains of one that no run ever meets.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use oediag_tests::{HOSTS, bundles, command_of, folder, oediag_failpoints, root, run, verify};

/// So slow that the journal is written between the members, as in a long run.
const SLOW: &str = "file.begun=sleep(600)";

/// The named steps, and whether bytes are written there.
fn places() -> Vec<(String, bool)> {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the sources can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../collector/src"), &mut files);
    let mut places = BTreeSet::new();
    for text in files.iter().map(|file| fs::read_to_string(file).expect("a source is text")) {
        for (call, writes) in [("failpoint::at(\"", false), ("failpoint::writing(\"", true)] {
            for rest in text.split(call).skip(1) {
                places.insert((rest.split('"').next().expect("a name").to_owned(), writes));
            }
        }
    }
    places.into_iter().collect()
}

/// One small host, two logs that are members of unknown size, and what runs on it.
struct Bench {
    work: PathBuf,
    state: PathBuf,
    out: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Self {
        let work = folder(name);
        let log = fs::read(root(HOSTS[0]).join("var/log/messages")).expect("the fixture has a log");
        let times = (3 << 20) / log.len() + 1;
        fs::create_dir_all(work.join("root/var/log")).expect("the root can be made");
        fs::create_dir_all(work.join("root/etc")).expect("the root can be made");
        fs::write(work.join("root/etc/os-release"), "ID=openEuler\n").expect("a file can be written");
        for name in ["messages", "messages-20251001"] {
            fs::write(work.join("root/var/log").join(name), log.repeat(times)).expect("a log can be written");
        }
        Self { state: work.join("state"), out: work.join("out"), work }
    }

    /// Forgets everything of earlier rounds, the keys too.
    fn clear(&self) {
        for folder in [&self.state, &self.out] {
            if folder.exists() {
                fs::remove_dir_all(folder).expect("it can be removed");
            }
        }
        fs::create_dir(&self.out).expect("it can be made");
    }

    fn collect(&self, failpoints: &str, sources: &[&str]) -> Output {
        let (root, out) = (self.work.join("root"), self.out.to_str().expect("UTF-8").to_owned());
        let mut arguments = vec!["collect", "--root", root.to_str().expect("UTF-8"), "-o", &out];
        for source in sources {
            arguments.extend(["--source", source]);
        }
        let mut command = command_of(oediag_failpoints(), &self.state, &arguments);
        command.env("FAILPOINTS", failpoints).stdin(Stdio::null()).output().expect("it starts")
    }

    fn long(&self, failpoints: &str) -> Output {
        self.collect(failpoints, &["logs.messages", "kernel.os_release"])
    }

    /// The next start, without a fault: it ends well, every bundle there is is valid, and nothing else lies about.
    fn next_start(&self, after: &str) -> usize {
        let next = self.collect("", &["services.failed"]);
        assert!(matches!(next.status.code(), Some(0 | 1)), "after {after}: {}", String::from_utf8_lossy(&next.stderr));
        let found = bundles(&self.out);
        assert!((1..=2).contains(&found.len()), "after {after}: {found:?}");
        let signers = self.state.join("etc/keys/allowed_signers");
        for bundle in &found {
            let verdict = verify(bundle, &signers, &self.state);
            assert!(verdict.status.success(), "after {after}: {}", String::from_utf8_lossy(&verdict.stdout));
        }
        self.nothing_strays(after);
        found.len()
    }

    fn nothing_strays(&self, after: &str) {
        for entry in fs::read_dir(&self.out).expect("it can be read") {
            let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
            let fine = name.strip_suffix(".sig").unwrap_or(&name).ends_with(".tar.gz");
            assert!(fine && self.out.join(name.trim_end_matches(".sig")).exists(), "after {after}: stray {name}");
        }
        let known = ["allowed_signers", "host_ed25519", "host_ed25519.pub", "host_id", "lock", "redact.key"];
        for folder in ["", "etc", "etc/keys", "bundles"] {
            for entry in fs::read_dir(self.state.join(folder)).expect("it can be read").map(|entry| entry.expect("an entry")) {
                let name = entry.file_name().into_string().expect("UTF-8");
                assert!(entry.path().is_dir() || known.contains(&name.as_str()), "after {after}: stray {folder}/{name}");
                assert_eq!(entry.metadata().expect("it can be looked at").permissions().mode() & 0o022, 0, "{name}");
            }
        }
    }
}

fn killed(output: &Output) -> bool {
    output.status.signal() == Some(9)
}

#[test]
fn t10_a_kill_at_every_step_leaves_valid_bundles_or_nothing() {
    let bench = Bench::new("t10-steps");
    let places = places();
    assert!(places.len() >= 40, "{places:?}");
    let (mut kills, mut nothing, mut bundle, mut never) = (0, 0, 0, Vec::new());
    for (place, writes) in &places {
        // The first time it is met, and later ones; and in the middle of what is written there.
        let mut ways = vec!["return(kill)", "3*off->return(kill)"];
        if *writes {
            ways.extend(["return(half-kill)", "6*off->return(half-kill)"]);
        }
        let before = kills;
        for way in ways {
            let point = format!("{place}={way}");
            for recovering in [false, true] {
                bench.clear();
                if recovering {
                    assert!(killed(&bench.long(&format!("{SLOW};close.begun=return(kill)"))), "what is to be recovered");
                }
                let failpoints = if place == "file.begun" { point.clone() } else { format!("{SLOW};{point}") };
                let died = if recovering { bench.collect(&point, &["services.failed"]) } else { bench.long(&failpoints) };
                if !killed(&died) {
                    continue;
                }
                kills += 1;
                match bench.next_start(&format!("{point} (recovering: {recovering})")) {
                    1 => nothing += 1,
                    _ => bundle += 1,
                }
                break;
            }
        }
        if kills == before {
            never.push(place);
        }
    }
    println!(
        "t10: {} steps, {kills} kills: {nothing} left nothing, {bundle} a bundle; the next start was clean after each",
        places.len()
    );
    assert!(never.is_empty(), "no run meets {never:?}");
}

#[test]
fn t11_an_error_of_every_write_leaves_a_signed_bundle_or_a_clean_failure() {
    let bench = Bench::new("t11-steps");
    let (mut faults, mut whole, mut partial, mut refused) = (0, 0, 0, 0);
    for (number, (place, writes)) in places().into_iter().enumerate() {
        let errors = ["ENOSPC", "EDQUOT", "EIO"];
        // Each error at the places where bytes are written, in the middle too, at once and later; elsewhere one of them.
        let mut ways: Vec<String> = vec![format!("return({})", errors[number % 3])];
        if writes {
            for error in errors {
                ways.extend([
                    format!("return({error})"),
                    format!("4*off->return({error})"),
                    format!("4*off->1*return(half-{error})"),
                ]);
            }
        }
        for way in ways {
            bench.clear();
            let point = format!("{place}={way}");
            let output = bench.long(&if place == "file.begun" { point.clone() } else { format!("{SLOW};{point}") });
            faults += 1;
            let code = output.status.code();
            let said = String::from_utf8_lossy(&output.stderr);
            let found = bundles(&bench.out);
            assert!(found.len() <= 1, "{point}: {found:?}");
            // A bundle under its name has its signature, whatever failed.
            let signers = bench.state.join("etc/keys/allowed_signers");
            for bundle in &found {
                assert!(verify(bundle, &signers, &bench.state).status.success(), "{point}");
                let shown = run(&bench.state, &["cat", bundle.to_str().expect("UTF-8"), "oediag/manifest.json"]);
                let manifest: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("the manifest is JSON");
                if manifest["complete"] == true {
                    whole += 1;
                } else {
                    assert_eq!(code, Some(1), "{point}: {said}");
                    partial += 1;
                }
            }
            if found.is_empty() {
                // A sentence and its exit status, no panic.
                assert!(matches!(code, Some(6)), "{point}: {code:?} {said}");
                assert!(!said.contains("panicked"), "{point}: {said}");
                refused += 1;
            }
            bench.next_start(&point);
        }
    }
    println!("t11: {faults} faults: {whole} whole bundles, {partial} signed partial ones, {refused} clean refusals");
    assert!(partial > 0 && refused > 0);
}
