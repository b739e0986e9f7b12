//! What the end-to-end tests share: the real binary, the fixture hosts, and the stock tools beside ours.
//!
//! In: names of fixture hosts and arguments. Out: finished runs. Nothing here knows what a right answer is.

#![expect(clippy::missing_panics_doc, reason = "a test that cannot go on panics; that is what all of this is for")]

pub mod center;
pub mod forms;
pub mod proxy;
pub mod space;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

/// The fixture hosts: invented openEuler machines with answer files beside them.
pub const HOSTS: [&str; 2] = ["openeuler-20.03-sp4-x86_64", "openeuler-22.03-sp3-aarch64"];

/// The `oediag` binary of this build, built if need be.
pub fn oediag() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("oediag"))
}

/// `oediag` with places where a test can kill it or fail its writes, named in `FAILPOINTS`. Built if need be.
pub fn oediag_failpoints() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("oediag-failpoints", &["--workspace", "--features", "oediag-tests/failpoints"]))
}

/// A program of this build; its package has the same name. Built if need be: `cargo test --workspace` has built all
/// programs before the first test runs, and says so through `cargo xtask test`.
pub fn built(program: &str) -> PathBuf {
    build(program, &["--package", program])
}

fn build(program: &str, package: &[&str]) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    if std::env::var_os("OEDIAG_BUILT").is_some() && folder.join(program).exists() {
        return folder.join(program);
    }
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--bin", program]).args(package);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    if let Some(target) = folder.parent() {
        build.env("CARGO_TARGET_DIR", target);
    }
    assert!(build.status().expect("cargo runs").success(), "{program} builds");
    folder.join(program)
}

/// The folder of a fixture host.
pub fn root(host: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("roots").join(host)
}

/// When a fixture host was collected, RFC 3339.
pub fn collected_at(host: &str) -> String {
    let meta = fs::read(answer(host, "meta.json")).expect("a fixture has its meta.json");
    let meta: BTreeMap<String, String> = serde_json::from_slice(&meta).expect("meta.json is a flat object");
    meta["collected_at"].clone()
}

/// An answer file of a fixture host.
pub fn answer(host: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("roots").join(format!("{host}.{name}"))
}

/// The rows of a tab-separated answer file, without its heading; `\\` and `\t` are escaped in it.
pub fn rows(host: &str, name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(answer(host, name)).expect("a fixture has its answer files");
    let cell = |cell: &str| cell.replace("\\t", "\t").replace("\\\\", "\\");
    text.lines().skip(1).map(|line| line.split('\t').map(cell).collect()).collect()
}

/// A finished run of `oediag collect`.
#[derive(Debug)]
pub struct Run {
    /// What it printed, and its exit status.
    pub output: Output,
    /// The folder it was told to put the bundle in.
    pub out: PathBuf,
    /// The folder with its keys.
    pub state: PathBuf,
}

/// A new empty folder of this test, removed when the test process starts anew.
pub fn folder(name: &str) -> PathBuf {
    let target = oediag().parent().and_then(Path::parent).expect("the binary lies in target/PROFILE");
    let folder = target.join("tmp").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old test folder can be removed");
    }
    fs::create_dir_all(&folder).expect("a test folder can be made");
    folder
}

/// Runs `oediag` with arguments, English texts, and a state of its own.
pub fn run(state: &Path, arguments: &[&str]) -> Output {
    command(state, arguments).output().expect("oediag starts")
}

/// The same, not started yet.
pub fn command(state: &Path, arguments: &[&str]) -> Command {
    command_of(oediag(), state, arguments)
}

/// The same with another build of the program.
pub fn command_of(program: &Path, state: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg("--state").arg(state).env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Collects from a folder that looks like a host.
pub fn collect(name: &str, root: &Path, now: &str, more: &[&str]) -> Run {
    let folder = folder(name);
    let (out, state) = (folder.join("out"), folder.join("state"));
    fs::create_dir(&out).expect("the output folder can be made");
    let root = root.to_str().expect("test paths are UTF-8");
    let mut arguments = vec!["collect", "--root", root, "--now", now, "-o", out.to_str().expect("test paths are UTF-8")];
    arguments.extend(more);
    let output = run(&state, &arguments);
    Run { output, out, state }
}

/// Collects from a fixture host.
pub fn collect_fixture(name: &str, host: &str) -> Run {
    collect(name, &root(host), &collected_at(host), &[])
}

impl Run {
    /// The exit status.
    pub fn code(&self) -> i32 {
        self.output.status.code().unwrap_or(-1)
    }

    /// The one bundle in the output folder.
    pub fn bundle(&self) -> PathBuf {
        let bundles = bundles(&self.out);
        assert_eq!(bundles.len(), 1, "one bundle in {}: {}", self.out.display(), String::from_utf8_lossy(&self.output.stderr));
        bundles[0].clone()
    }

    /// The bundle's manifest, as `oediag cat` gives it.
    pub fn manifest(&self) -> serde_json::Value {
        let text = self.cat("oediag/manifest.json");
        serde_json::from_slice(&text).expect("the manifest is JSON")
    }

    /// One member of the bundle.
    pub fn cat(&self, path: &str) -> Vec<u8> {
        let output = run(&self.state, &["cat", self.bundle().to_str().expect("test paths are UTF-8"), path]);
        assert!(output.status.success(), "oediag cat {path}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The `allowed_signers` line of the signing host.
    pub fn allowed_signers(&self) -> PathBuf {
        self.state.join("etc/keys/allowed_signers")
    }

    /// The bundle unpacked by GNU tar; gives the folder `NAME`.
    pub fn unpack(&self) -> PathBuf {
        let into = self.out.with_file_name("unpacked");
        fs::create_dir_all(&into).expect("the folder can be made");
        let tar = Command::new("tar").arg("-xzf").arg(self.bundle()).arg("-C").arg(&into).status().expect("tar runs");
        assert!(tar.success(), "tar unpacks the bundle");
        let mut entries = fs::read_dir(&into).expect("the folder can be read");
        entries.next().expect("the bundle has a folder").expect("it can be read").path()
    }
}

/// Lines of letters and digits by a plain generator (xorshift64): a log that does not pack well.
pub fn noise(seed: &mut u64, bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 128);
    while text.len() < bytes {
        text.extend_from_slice(b"Oct 10 10:00:00 host app[1]: ");
        for _ in 0..12 {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            let letters = b"ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyzGHIJ";
            text.extend((0..10).map(|six| letters[(*seed >> (six * 6) & 63) as usize]));
        }
        text.push(b'\n');
    }
    text
}

/// Every `.tar.gz` in a folder, sorted.
pub fn bundles(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the entry can be read").path())
        .filter(|path| path.to_string_lossy().ends_with(".tar.gz"))
        .collect();
    found.sort();
    found
}

/// Runs the `verify.sh` of the bundle format on a bundle, with stock tools only.
pub fn verify_sh(bundle: &Path, allowed_signers: &Path, work: &Path) -> bool {
    if work.exists() {
        fs::remove_dir_all(work).expect("an old folder can be removed");
    }
    fs::create_dir_all(work).expect("the folder can be made");
    let file = bundle.file_name().and_then(|name| name.to_str()).expect("test paths are UTF-8");
    let name = file.strip_suffix(".tar.gz").expect("a bundle ends in .tar.gz");
    fs::copy(bundle, work.join(file)).expect("the bundle can be copied");
    let signature = format!("{file}.sig");
    fs::copy(bundle.with_file_name(&signature), work.join(&signature)).expect("the signature can be copied");
    fs::copy(allowed_signers, work.join("allowed_signers")).expect("allowed_signers can be copied");
    fs::write(work.join("verify.sh"), oediag_protocol::bundle::readme::verify_sh()).expect("verify.sh can be written");
    let signers = fs::read_to_string(allowed_signers).expect("allowed_signers can be read");
    let host_id = signers.split_whitespace().next().expect("it names the host");
    let status = Command::new("sh")
        .args(["verify.sh", name, host_id])
        .current_dir(work)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("sh runs").success()
}

/// Our own verdict on a bundle.
pub fn verify(bundle: &Path, allowed_signers: &Path, state: &Path) -> Output {
    let signers = allowed_signers.to_str().expect("test paths are UTF-8");
    run(state, &["verify", bundle.to_str().expect("test paths are UTF-8"), "--allowed-signers", signers])
}
