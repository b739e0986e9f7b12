//! What developers run beside cargo: `cargo xtask demo | test | fuzz | bench | load | tidy | docs | coverage`.
//!
//! In: one subcommand. Out: what the started programs print, and their verdict as the exit code. No shell is involved.

mod coverage;
mod demo;
mod docs;
mod fuzz;
mod packages;
mod peers;
mod redaction;
mod run;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::Parser;

/// Tasks of the oediag repository.
#[derive(Debug, Parser)]
enum Task {
    /// The main job from end to end: a center on loopback, this machine enrolled, a bundle collected, asked for and sent.
    Demo {
        /// Check the page and end, instead of keeping the center until Ctrl-C.
        #[arg(long)]
        once: bool,
        /// Answer the one question with yes.
        #[arg(long)]
        yes: bool,
    },
    /// Install what the tests need (as root), then check format and lints, and run all tests.
    Test {
        /// Also the tests that take long.
        #[arg(long)]
        long: bool,
    },
    /// Feed the parsers with what a fuzzer makes up; exit code 1 when one breaks, 2 without a nightly toolchain.
    Fuzz {
        /// For how long, for each target.
        #[arg(long, default_value_t = fuzz::SECONDS)]
        seconds: u64,
        /// Only this one of fuzz/targets.
        target: Option<String>,
    },
    /// Measure the redactor beside its peers, in a release build; what stands behind is for the bench (--megabytes, --runs, --quick).
    Bench {
        /// Handed on.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Let many simulated hosts poll one center on loopback, with a restart in the middle, in a release build; what stands behind is
    /// for the program that plays them (--hosts, --seconds, --away).
    Load {
        /// Handed on.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Check what the compiler does not: directions between crates and modules, sizes, links, texts.
    Tidy,
    /// Write docs/sources.md and docs/sources.zh-CN.md anew from the catalogue.
    Docs,
    /// Compare the catalogue with what another collector takes; write docs/coverage.md and docs/coverage.zh-CN.md.
    Coverage {
        /// Write nothing; fail when the pages are old.
        #[arg(long)]
        check: bool,
    },
}

fn load(options: &[String]) -> anyhow::Result<()> {
    run::shown(&mut run::cargo(&["build", "--release", "--quiet", "-p", "oediag-bench", "-p", "oediag-center"]))?;
    let release = run::built()?.with_file_name("release");
    let mut polls = std::process::Command::new(release.join("oediag-polls"));
    run::shown(polls.arg("--center").arg(release.join("oediag-center")).args(options))
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Demo { once, yes } => match demo::run(yes, once) {
            Ok(demo::End::Stored) => Ok(()),
            // As `oediag upload` itself ends.
            Ok(demo::End::Refused) => return ExitCode::from(3),
            Err(error) => Err(error),
        },
        Task::Test { long } => test::run(long),
        Task::Fuzz { seconds, target } => match fuzz::run(seconds, target.as_deref()) {
            Ok(fuzz::End::Sound) => Ok(()),
            Ok(fuzz::End::NoNightly) => return ExitCode::from(2),
            Err(error) => Err(error),
        },
        Task::Bench { options } => run::shown(
            run::cargo(&["run", "--release", "--quiet", "-p", "oediag-bench", "--bin", "oediag-bench", "--"]).args(options),
        ),
        Task::Load { options } => load(&options),
        Task::Tidy => tidy::run(),
        Task::Docs => docs::run(),
        Task::Coverage { check } => coverage::run(check),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
