//! The first half of the demo: one bundle of this machine, verified by stock tools and by `oediag`, and what is in it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{Demo, title};
use crate::run;

/// A bundle, and the first digits of its id: the answer that lets it go.
pub(super) struct Bundle {
    pub(super) path: PathBuf,
    pub(super) short: String,
}

impl Demo {
    pub(super) fn collect_and_look(&self) -> Result<Bundle> {
        title("Collect this machine");
        let bundle = self.collect()?;
        let about = self.json(&["show"], &bundle)?;
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
        absent(&self.json(&["ls"], &bundle)?);
        title("What was redacted");
        redacted(&about["manifest"]["redaction"]);

        let id = about["manifest"]["bundle_id"].as_str().and_then(|id| id.get(..8)).context("the manifest names no bundle")?;
        Ok(Bundle { path: bundle, short: id.to_owned() })
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
