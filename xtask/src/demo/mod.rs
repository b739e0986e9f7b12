//! `cargo xtask demo`: the main job from end to end on this machine, with everything it does shown. A center on loopback, this machine
//! enrolled with it, a bundle collected, verified and looked at, the question, the upload, and the page in the center's console.
//! Keys, bundle and the center's data lie below the target folder; nothing of the machine is changed, nothing leaves it.

mod browse;
mod bundle;
mod center;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use self::{bundle::Bundle, center::Center};
use crate::run;

/// How long the center may take to check the bundle, when the demo waits for that.
const CHECKED: Duration = Duration::from_mins(2);

/// How the demo ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The bundle is at the center.
    Stored,
    /// The answer was no, so nothing was sent.
    Refused,
}

/// Runs the demo. `yes` answers the one question; `once` ends it after the round trip was checked.
pub(crate) fn run(yes: bool, once: bool) -> Result<End> {
    run::shown(&mut run::cargo(&["build", "--quiet", "--package", "oediag", "--package", "oediag-center"]))?;
    let built = run::built()?;
    let folder = built.with_file_name("demo");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let demo = Demo {
        program: built.join("oediag"),
        state: folder.join("state"),
        out: folder.join("out"),
        unpacked: folder.join("unpacked"),
    };
    for folder in [&demo.out, &demo.unpacked] {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    title("A support center on this machine");
    let center = Center::start(&built.join("oediag-center"), &folder)?;
    title("Enrol this machine with it");
    demo.enrol(&center, &folder)?;
    let bundle = demo.collect_and_look()?;
    title("Ask, then send");
    let Some(receipt) = demo.upload(&bundle, yes)? else {
        run::say("\nThe answer was no: nothing was sent.");
        run::say(&format!("Bundle   {}", bundle.path.display()));
        return Ok(End::Refused);
    };
    let page = format!("{}/bundles/{}", center.url, receipt.bundle);
    if once {
        title("The page, as a browser gets it");
        run::say(&browse::page_of(&center, &receipt.bundle, CHECKED)?);
    }
    title("Done");
    run::say(&format!("Bundle   {}", bundle.path.display()));
    run::say(&format!("Consent  {}", receipt.id));
    run::say(&format!("Page     {page}"));
    run::say(&format!("Log in   {}, password {}", center.user, center.password));
    if !once {
        run::say("\nThe center runs until Ctrl-C.");
        center.wait()?;
    }
    Ok(End::Stored)
}

struct Demo {
    program: PathBuf,
    state: PathBuf,
    out: PathBuf,
    unpacked: PathBuf,
}

/// A consent that was given and acknowledged.
struct Receipt {
    id: String,
    bundle: String,
}

impl Demo {
    fn enrol(&self, center: &Center, folder: &Path) -> Result<()> {
        let token = folder.join("token");
        fs::write(&token, center.token()?).with_context(|| format!("writing {}", token.display()))?;
        run::shown(self.oediag(&["enroll", "--url", &center.url, "--token-file"]).arg(&token))?;
        fs::remove_file(&token).with_context(|| format!("removing {}", token.display()))
    }

    /// The receipt, or nothing when the answer was no.
    fn upload(&self, bundle: &Bundle, yes: bool) -> Result<Option<Receipt>> {
        let mut command = self.oediag(&["upload"]);
        if yes {
            command.args(["--consent", &bundle.short]);
        }
        command.arg(&bundle.path);
        run::say(&format!("$ {}", run::words(&command)));
        let status = command.status().context("starting oediag")?;
        if status.code() == Some(3) {
            return Ok(None);
        }
        ensure!(status.success(), "oediag upload ended with {status}");
        let output = run::output(&mut self.oediag(&["consent", "list", "--json"]), &[0])?;
        let receipts: Value =
            serde_json::from_slice(&output.stdout).context("reading what oediag consent list --json printed")?;
        let receipt = receipts.as_array().into_iter().flatten().find(|row| row["ack"].is_object());
        let receipt = receipt.context("no receipt has an ack, though the upload said so")?;
        let of = |value: &Value| value.as_str().map(str::to_owned).context("the receipt lacks an id");
        Ok(Some(Receipt { id: of(&receipt["consent"]["receipt_id"])?, bundle: of(&receipt["consent"]["bundle"]["bundle_id"])? }))
    }

    fn oediag(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--state").arg(&self.state).args(arguments);
        command
    }

    fn shown(&self, arguments: &[&str], bundle: &Path) -> Result<()> {
        run::shown(self.oediag(arguments).arg(bundle))
    }

    fn json(&self, arguments: &[&str], bundle: &Path) -> Result<Value> {
        let output = run::output(self.oediag(arguments).arg("--json").arg(bundle), &[0])?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("reading what oediag {} --json printed", arguments.join(" ")))
    }
}

fn title(text: &str) {
    run::say(&format!("\n== {text}"));
}
