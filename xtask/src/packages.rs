//! Programs the tests need, and the packages that hold them. In: what is installed. Out: everything needed, or a line
//! that says what is missing: the tests that need it then fail and say so too.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::run;

/// A program and the package it comes in.
struct Need {
    program: &'static str,
    debian: &'static str,
    openeuler: &'static str,
}

const NEEDS: &[Need] = &[
    Need { program: "ssh-keygen", debian: "openssh-client", openeuler: "openssh" },
    Need { program: "tar", debian: "tar", openeuler: "tar" },
    Need { program: "gzip", debian: "gzip", openeuler: "gzip" },
    Need { program: "sha256sum", debian: "coreutils", openeuler: "coreutils" },
    Need { program: "bsdtar", debian: "libarchive-tools", openeuler: "bsdtar" },
    Need { program: "python3", debian: "python3", openeuler: "python3" },
    Need { program: "mkfs.ext4", debian: "e2fsprogs", openeuler: "e2fsprogs" },
    Need { program: "mount", debian: "mount", openeuler: "util-linux" },
    Need { program: "strace", debian: "strace", openeuler: "strace" },
    Need { program: "dnf", debian: "dnf", openeuler: "dnf" },
    Need { program: "rpm", debian: "rpm", openeuler: "rpm" },
    Need { program: "chromium", debian: "chromium", openeuler: "chromium" },
    Need { program: "git", debian: "git", openeuler: "git" },
];

/// Installs what is missing, as root; otherwise names it.
pub(crate) fn install() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !installed(need.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let apt = installed("apt-get");
    let names: Vec<&str> = missing.iter().map(|need| if apt { need.debian } else { need.openeuler }).collect();
    if !nix::unistd::geteuid().is_root() {
        run::say(&format!("Not installed, and the tests need it (install as root): {}", names.join(" ")));
        return Ok(());
    }
    if apt {
        run::shown(apt_get().args(["update", "-qq"]))?;
    }
    let mut install = if apt { apt_get() } else { Command::new("dnf") };
    install
        .args(if apt { &["install", "-qq", "-y", "--no-install-recommends"][..] } else { &["install", "-y", "-q"] })
        .args(names);
    // A package that was broken before makes every later run of apt-get fail: the programs count, not the status.
    if let Err(error) = run::shown(&mut install) {
        run::say(&format!("{error:#}"));
    }
    for need in missing.iter().filter(|need| !installed(need.program)) {
        run::say(&format!("Still not installed: {}; the tests that need it will fail.", need.program));
    }
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}

fn installed(program: &str) -> bool {
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}
