//! `cargo xtask test`: what the tests need, then format, lints, and every test; with `--long` the fuzzers too.

use anyhow::Result;

use crate::{fuzz, packages, peers, run};

/// Runs everything; the first failure ends it.
pub(crate) fn run(long: bool) -> Result<()> {
    packages::install()?;
    run::shown(&mut run::cargo(&["fmt", "--all", "--check"]))?;
    run::shown(&mut run::cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    // Beside the program that is shipped, under a name of its own.
    run::shown(&mut run::cargo(&[
        "build",
        "--quiet",
        "--workspace",
        "--features",
        "oediag-tests/failpoints",
        "--bin",
        "oediag-failpoints",
    ]))?;
    let mut tests = run::cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.env("OEDIAG_BUILT", "1");
    if let Some(folder) = peers::install() {
        tests.env("OEDIAG_PEERS", folder);
    }
    if long {
        tests.env("OEDIAG_LONG", "1");
    }
    run::shown(&mut tests)?;
    if long {
        // Without a nightly toolchain it has said so.
        fuzz::run(fuzz::SECONDS, None)?;
    }
    Ok(())
}
