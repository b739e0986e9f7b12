//! Starting programs and saying so. In: a program and its arguments. Out: nothing, or an error that names the command.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result, bail};

/// Prints one line; when nobody reads it, nothing is lost.
pub(crate) fn say(line: &str) {
    drop(writeln!(io::stdout().lock(), "{line}"));
}

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Cargo, in the repository's folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(root());
    cargo
}

/// The folder this program was built into; its neighbours are the workspace's other programs.
pub(crate) fn built() -> Result<PathBuf> {
    let here = std::env::current_exe().context("asking where xtask lies")?;
    Ok(here.parent().context("xtask lies in no folder")?.to_owned())
}

/// Says the command, runs it, and fails when it fails.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    say(&format!("$ {}", words(command)));
    let status = command.status().with_context(|| format!("starting {}", words(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", words(command));
    }
    Ok(())
}

/// Runs a command and gives what it printed; fails when its status is none of `fine`.
pub(crate) fn output(command: &mut Command, fine: &[i32]) -> Result<Output> {
    let output = command.output().with_context(|| format!("starting {}", words(command)))?;
    if !output.status.code().is_some_and(|code| fine.contains(&code)) {
        bail!("{} ended with {}: {}", words(command), output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output)
}

/// A command as a person would type it.
pub(crate) fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(std::ffi::OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
