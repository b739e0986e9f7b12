//! What developers run beside cargo: `cargo xtask demo | test | tidy | docs`.
//!
//! In: one subcommand. Out: what the started programs print, and their verdict as the exit code. No shell is involved.

mod demo;
mod docs;
mod packages;
mod run;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::Parser;

/// Tasks of the oediag repository.
#[derive(Debug, Parser)]
enum Task {
    /// Collect this machine, verify the bundle with stock tools, and show what is in it.
    Demo {
        /// End after one round. (For now the demo always does.)
        #[arg(long)]
        once: bool,
        /// Ask nothing. (For now the demo never asks.)
        #[arg(long)]
        yes: bool,
    },
    /// Install what the tests need (as root), then check format and lints, and run all tests.
    Test {
        /// Also the tests that take long.
        #[arg(long)]
        long: bool,
    },
    /// Check what the compiler does not: directions between crates and modules, sizes, links, texts.
    Tidy,
    /// Write docs/sources.md and docs/sources.zh-CN.md anew from the catalogue.
    Docs,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Demo { .. } => demo::run(),
        Task::Test { long } => test::run(long),
        Task::Tidy => tidy::run(),
        Task::Docs => docs::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
