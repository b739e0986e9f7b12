//! A host of the customer's: a state folder of its own, the real binary, bundles of a fixture host. In: arguments. Out: finished runs.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::center::Center;

/// The host.
pub(crate) struct Host {
    pub(crate) folder: PathBuf,
}

/// A run that ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Run {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }
}

impl Host {
    /// A host that nobody knows.
    pub(crate) fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old folder can be removed");
        }
        fs::create_dir_all(&folder).expect("the folder can be made");
        Self { folder }
    }

    /// A host that is enrolled with this center.
    pub(crate) fn enrolled(test: &str, center: &Center) -> Self {
        let host = Self::new(test);
        host.enroll(center, &[]).ends(0);
        host
    }

    pub(crate) fn enroll(&self, center: &Center, more: &[&str]) -> Run {
        let mut command = self.command(&["enroll", "--url", &center.url(), "--token-file", "-", "--patience", "20"]);
        let mut child = command.args(more).stdin(Stdio::piped()).spawn().expect("oediag starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(center.token.to_text().as_bytes()).expect("the token is taken");
        drop(stdin);
        child.wait_with_output().expect("oediag ends").into()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oediag"));
        command.args(arguments).arg("--state").arg(self.state()).env("LANG", "C.UTF-8").env_remove("LC_ALL");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().expect("oediag starts").into()
    }

    /// A small bundle.
    pub(crate) fn bundle(&self) -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/roots/openeuler-22.03-sp3-aarch64");
        self.collect(&root, &["--topic", "kernel,logs"])
    }

    /// A bundle of at least so many MiB when packed.
    pub(crate) fn large_bundle(&self, mib: usize) -> PathBuf {
        let log = self.folder.join("root/var/log");
        fs::create_dir_all(&log).expect("the folder can be made");
        fs::create_dir_all(self.folder.join("root/etc")).expect("the folder can be made");
        fs::write(self.folder.join("root/etc/os-release"), "ID=openEuler\nVERSION=\"22.03\"\n").expect("it can be written");
        let mut file = std::io::BufWriter::new(fs::File::create(log.join("messages")).expect("the log can be made"));
        // Letters that no compressor makes much smaller than three quarters: xorshift, the same each time.
        let mut number = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..mib << 20 >> 6 {
            let mut line = String::from("Nov 23 01:02:03 host app: ");
            for _ in 0..6 {
                number ^= number << 13;
                number ^= number >> 7;
                number ^= number << 17;
                line.extend(number.to_le_bytes().iter().map(|byte| char::from(b'A' + byte % 26)));
                line.extend(number.to_be_bytes().iter().map(|byte| char::from(b'a' + byte % 23)));
            }
            writeln!(file, "{line}").expect("the log can be written");
        }
        file.flush().expect("the log can be written");
        self.collect(&self.folder.join("root"), &["--source", "logs.messages", "--max-item-bytes", "2G"])
    }

    pub(crate) fn collect(&self, root: &Path, more: &[&str]) -> PathBuf {
        let mut arguments = vec!["collect", "--root", root.to_str().expect("UTF-8"), "--json"];
        arguments.extend(more);
        let run = self.run(&arguments);
        assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
        run.json()["path"].as_str().expect("a path").into()
    }

    /// The first 8 hex digits of the id of a bundle under its own name.
    pub(crate) fn digits(bundle: &Path) -> String {
        let name = bundle.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        name.trim_end_matches(".tar.gz").rsplit('-').next().expect("a name").to_owned()
    }

    /// `upload` with consent given.
    pub(crate) fn upload(&self, bundle: &Path, more: &[&str]) -> Run {
        self.upload_command(bundle, more).output().expect("oediag starts").into()
    }

    pub(crate) fn upload_command(&self, bundle: &Path, more: &[&str]) -> Command {
        let digits = Self::digits(bundle);
        let mut command = self.command(&["upload", bundle.to_str().expect("UTF-8"), "--consent", &digits]);
        command.args(more);
        command
    }

    /// What lies in the outbox, but the lock.
    pub(crate) fn outbox(&self) -> Vec<String> {
        let entries = fs::read_dir(self.state().join("outbox")).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name != "lock").collect()
    }

    /// How many receipts there are.
    pub(crate) fn receipts(&self) -> usize {
        fs::read_dir(self.state().join("consents")).map_or(0, Iterator::count)
    }
}
