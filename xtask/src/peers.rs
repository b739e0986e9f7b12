//! The official tus client and server, which ours must understand. In: tests/peers, npm, Python. Out: a folder below the target
//! folder that tests/tests/peers.rs finds through `OEDIAG_PEERS`, or a line that says why those tests are left out.

use std::{fs, path::Path, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::run;

/// Files that say what is installed, and those that use it.
const FILES: [&str; 6] = ["package.json", "package-lock.json", "requirements.txt", "server.mjs", "upload.mjs", "upload.py"];

/// The folder with everything in it; none when it cannot be had here.
pub(crate) fn install() -> Option<PathBuf> {
    match installed() {
        Ok(folder) => Some(folder),
        Err(error) => {
            run::say(&format!("Left out: the tests with the official tus client and server, for {error:#}"));
            None
        }
    }
}

fn installed() -> Result<PathBuf> {
    let folder = run::built()?.with_file_name("peers");
    let from = run::root().join("tests/peers");
    let changed = ["package-lock.json", "requirements.txt"].iter().any(|name| !same(&from.join(name), &folder.join(name)));
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let done = folder.join("installed");
    if changed && done.exists() {
        fs::remove_file(&done).with_context(|| format!("removing {}", done.display()))?;
    }
    for name in FILES {
        fs::copy(from.join(name), folder.join(name)).with_context(|| format!("copying tests/peers/{name}"))?;
    }
    if !done.exists() {
        // Without a network this is to say so soon.
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--no-audit", "--no-fund", "--fetch-timeout=20000", "--fetch-retries=1"]);
        run::shown(npm.current_dir(&folder))?;
        run::shown(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(&folder))?;
        let mut pip = Command::new(folder.join("venv/bin/pip"));
        run::shown(
            pip.args(["install", "--quiet", "--timeout=20", "--retries=1", "--requirement", "requirements.txt"])
                .current_dir(&folder),
        )?;
        fs::write(&done, "").with_context(|| format!("writing {}", done.display()))?;
    }
    Ok(folder)
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}
