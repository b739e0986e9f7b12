//! `cargo xtask demo`: one bundle of this machine, from collection to verification, with everything it does shown.
//! Keys and bundle lie below the target folder; nothing of the machine is changed and nothing is sent.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::run;

/// Runs the demo.
pub(crate) fn run() -> Result<()> {
    run::shown(&mut run::cargo(&["build", "--quiet", "--package", "oediag"]))?;
    let program = run::built()?.join("oediag");
    let folder = run::built()?.with_file_name("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let demo = Demo { program, state: folder.join("state"), out: folder.join("out"), unpacked: folder.join("unpacked") };
    fs::create_dir_all(&demo.out).and_then(|()| fs::create_dir_all(&demo.unpacked)).context("making the demo's folders")?;
    demo.walk()
}

struct Demo {
    program: PathBuf,
    state: PathBuf,
    out: PathBuf,
    unpacked: PathBuf,
}

impl Demo {
    fn walk(&self) -> Result<()> {
        title("Collect this machine");
        let bundle = self.collect()?;
        let about = self.json("show", &bundle)?;
        let host = about["manifest"]["host_id"].as_str().context("the manifest names no host")?.to_owned();

        title("Verify with stock tools");
        self.verify_with_stock_tools(&bundle, &host)?;
        title("Verify with oediag");
        self.shown(&["verify"], &bundle)?;

        title("The bundle on one screen");
        self.shown(&["show"], &bundle)?;
        title("Alerts");
        self.shown(&["alerts"], &bundle)?;
        title("What is not there, and why");
        absent(&self.json("ls", &bundle)?);
        title("What was redacted");
        redacted(&about["manifest"]["redaction"]);

        title("The bundle");
        run::say(&format!("{}", bundle.display()));
        run::say(&format!("Look inside: {} ls {}", self.program.display(), bundle.display()));
        Ok(())
    }

    fn collect(&self) -> Result<PathBuf> {
        let mut command = self.oediag(&["collect"]);
        command.arg("-o").arg(&self.out);
        run::say(&format!("$ {}", run::words(&command)));
        let begin = Instant::now();
        let status = command.stdout(Stdio::null()).status().context("starting oediag")?;
        // 1 is a bundle with gaps, as most machines give one.
        ensure!(matches!(status.code(), Some(0 | 1)), "oediag collect ended with {status}");
        run::say(&format!("done in {:.1} s", begin.elapsed().as_secs_f64()));
        let entries = fs::read_dir(&self.out).context("reading the output folder")?;
        let mut paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        paths.find(|path| path.to_string_lossy().ends_with(".tar.gz")).context("no bundle was made")
    }

    /// The steps of the bundle's own README, one process each.
    fn verify_with_stock_tools(&self, bundle: &Path, host: &str) -> Result<()> {
        let signers = self.state.join("etc/keys/allowed_signers");
        let name = bundle.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".tar.gz"));
        let signature = bundle.with_file_name(format!("{}.tar.gz.sig", name.context("the bundle has no name")?));
        signed(&signers, host, "oediag-file-v1", &signature, bundle)?;
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(bundle).args(["--no-same-owner", "--no-same-permissions", "-C"]).arg(&self.unpacked);
        run::shown(&mut tar)?;
        let inside = self.unpacked.join(name.unwrap_or_default());
        signed(&signers, host, "oediag-bundle-v1", &inside.join("SHA256SUMS.sig"), &inside.join("SHA256SUMS"))?;
        run::shown(Command::new("sha256sum").args(["--quiet", "--strict", "-c", "SHA256SUMS"]).current_dir(&inside))?;
        // sha256sum does not notice files that were added; comparing the names does.
        let sums = fs::read_to_string(inside.join("SHA256SUMS")).context("reading SHA256SUMS")?;
        let mut listed: Vec<String> = sums.lines().filter_map(|line| line.get(66..)).map(str::to_owned).collect();
        listed.extend(["SHA256SUMS".to_owned(), "SHA256SUMS.sig".to_owned()]);
        listed.sort();
        let mut there = Vec::new();
        names(&inside, &inside, &mut there)?;
        there.sort();
        ensure!(listed == there, "the unpacked files are not those that SHA256SUMS lists");
        run::say(&format!("{} files, each listed and as signed", there.len()));
        Ok(())
    }

    fn oediag(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--state").arg(&self.state);
        command
    }

    fn shown(&self, arguments: &[&str], bundle: &Path) -> Result<()> {
        run::shown(self.oediag(arguments).arg(bundle))
    }

    fn json(&self, command: &str, bundle: &Path) -> Result<Value> {
        let output = run::output(self.oediag(&[command, "--json"]).arg(bundle), &[0])?;
        serde_json::from_slice(&output.stdout).with_context(|| format!("reading what oediag {command} --json printed"))
    }
}

fn title(text: &str) {
    run::say(&format!("\n== {text}"));
}

fn signed(signers: &Path, host: &str, namespace: &str, signature: &Path, file: &Path) -> Result<()> {
    let mut verify = Command::new("ssh-keygen");
    verify.args(["-Y", "verify", "-f"]).arg(signers).args(["-I", host, "-n", namespace, "-s"]).arg(signature);
    verify.stdin(File::open(file).with_context(|| format!("opening {}", file.display()))?);
    run::shown(&mut verify)
}

/// Paths of all regular files below a folder.
fn names(top: &Path, folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            names(top, &path, found)?;
        } else if let Some(name) = path.strip_prefix(top)?.to_str() {
            found.push(name.to_owned());
        } else {
            bail!("{} is no name that a bundle holds", path.display());
        }
    }
    Ok(())
}

/// Items that are not whole, by outcome and reason, with their sources.
fn absent(items: &Value) {
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for item in items.as_array().into_iter().flatten() {
        let of = |key: &str| item[key].as_str().unwrap_or("-");
        if of("outcome") != "collected" {
            groups.entry((of("outcome"), of("reason"))).or_default().push(of("id"));
        }
    }
    for ((outcome, reason), mut ids) in groups {
        let count = ids.len();
        ids.dedup();
        run::say(&format!("{outcome}, {reason}: {count}  ({})", ids.join(" ")));
    }
}

fn redacted(redaction: &Value) {
    run::say(&format!("{} values, rules {}, level {}", redaction["total"], redaction["ruleset"], redaction["level"]));
    for (kind, count) in redaction["counts"].as_object().into_iter().flatten() {
        run::say(&format!("  {kind}: {count}"));
    }
}
