//! The peers: a fast compressor, and the redactor that is in use today.
//!
//! In: a log. Out: the CPU time each took. A program that is not on this machine is left out.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::measure;

/// Compresses it as `zstd -1` does, throwing the result away.
pub(crate) fn library(log: &[u8]) -> Result<()> {
    let mut encoder = zstd::Encoder::new(io::sink(), 1)?;
    encoder.write_all(log)?;
    encoder.finish()?;
    Ok(())
}

/// The best of some runs of the program `zstd -1`, in one thread.
pub(crate) fn program(runs: u32, file: &Path) -> Result<Option<Duration>> {
    let mut least = None;
    for _ in 0..runs {
        let mut zstd = Command::new("zstd");
        zstd.args(["-1", "--single-thread", "-q", "-f", "-o", "/dev/null"]).arg(file);
        let Some(took) = run(&mut zstd)? else { break };
        least = Some(least.map_or(took, |least: Duration| least.min(took)));
    }
    Ok(least)
}

/// A folder that is gone when this is.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Result<Folder> {
        Ok(Folder(tempfile::tempdir().context("making a folder")?))
    }

    pub(crate) fn write(&self, name: &str, log: &[u8]) -> Result<PathBuf> {
        let path = self.0.path().join(name);
        fs::write(&path, log).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// What `sos clean` takes for a report with this log in it, and with nothing else.
    pub(crate) fn sos_clean(&self, log: &[u8]) -> Result<Option<Duration>> {
        let report = self.0.path().join("report");
        for folder in ["var/log", "sos_commands", "sos_logs"] {
            fs::create_dir_all(report.join(folder)).context("making a report for sos clean")?;
        }
        fs::write(report.join("sos_logs/sos.log"), "").context("making a report for sos clean")?;
        fs::write(report.join("var/log/messages"), log).context("making a report for sos clean")?;
        let out = self.0.path().join("cleaned");
        fs::create_dir(&out).context("making a folder for sos clean")?;
        let map = self.0.path().join("map");
        let mut sos = Command::new("sos");
        sos.args(["clean", "--batch", "--no-update", "--tmp-dir"]).arg(&out).arg("--map").arg(&map).arg(&report);
        let took = run(&mut sos)?;
        let cleaned = out.join("report/var/log/messages");
        if took.is_some() && fs::read(&cleaned).with_context(|| format!("reading {}", cleaned.display()))? == log {
            bail!("sos clean changed nothing: it measured something else");
        }
        Ok(took)
    }
}

/// The CPU time of a program and its children; none if there is no such program.
fn run(command: &mut Command) -> Result<Option<Duration>> {
    let before = measure::children()?;
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(Some(measure::children()?.saturating_sub(before))),
        Ok(output) => {
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            bail!("{} ended with {}: {}", command.get_program().display(), output.status, said.trim())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("starting {}", command.get_program().display())),
    }
}
