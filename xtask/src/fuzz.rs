//! `cargo xtask fuzz`: the parsers under libFuzzer. In: fuzz/targets, cargo-fuzz, a nightly toolchain. Out: a line for each target
//! that says what it did, and where the input lies that broke one. Everything made is below the target folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::run;

/// How long each target runs when nothing is said.
pub(crate) const SECONDS: u64 = 30;

/// How it ended, when nothing was missing but perhaps the toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// No target broke.
    Sound,
    /// Nothing was run: there is no nightly toolchain.
    NoNightly,
}

/// What no input may take: MiB in one piece and in all. libFuzzer and the address sanitizer themselves take about
/// 90 MiB of the latter.
const BOUNDS: [&str; 3] = ["-malloc_limit_mb=64", "-rss_limit_mb=256", "-max_len=65536"];
/// Seconds that no input may take: of the redactor's targets, which measure its pace themselves by one input of many, repeated;
/// and of all others.
const HANG: u32 = 60;
const SLOW: u32 = 1;
const SANITIZER: &str = "quarantine_size_mb=8:detect_odr_violation=0";

/// Runs one target or all of them, each for so many seconds.
pub(crate) fn run(seconds: u64, only: Option<&str>) -> Result<End> {
    if !rustup(&["run", "nightly", "rustc", "--version"]) {
        run::say("Nothing was fuzzed: this needs rustup and a nightly toolchain (rustup toolchain install nightly).");
        return Ok(End::NoNightly);
    }
    let mut targets = targets()?;
    if let Some(only) = only {
        targets.retain(|target| target == only);
        if targets.is_empty() {
            bail!("there is no target {only} in fuzz/targets");
        }
    }
    install()?;
    let folder = run::built()?.with_file_name("fuzz");
    let programs = build(&folder)?;
    let corpus = folder.join("corpus");
    let mut seeds = Command::new(programs.join("seeds"));
    run::shown(seeds.arg(&corpus))?;
    let mut broken = Vec::new();
    for target in &targets {
        let done = one(&programs.join(target), &corpus.join(target), &folder, seconds)?;
        run::say(&done.line(target));
        broken.extend(done.input);
    }
    if let Some(first) = broken.first() {
        bail!("{} of {} targets broke; the first input is {}", broken.len(), targets.len(), first.display());
    }
    Ok(End::Sound)
}

/// The programs in fuzz/targets, by name.
fn targets() -> Result<Vec<String>> {
    let folder = run::root().join("fuzz/targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort();
    Ok(targets)
}

fn install() -> Result<()> {
    if rustup(&["run", "nightly", "cargo", "fuzz", "--version"]) {
        return Ok(());
    }
    run::say("cargo-fuzz is not installed; installing it.");
    run::shown(&mut run::cargo(&["install", "--locked", "cargo-fuzz"]))
}

/// Builds all targets; gives the folder with the programs.
fn build(folder: &Path) -> Result<PathBuf> {
    // The very versions that are shipped; cargo adds what only the fuzzer needs.
    let lock = run::root().join("fuzz/Cargo.lock");
    fs::copy(run::root().join("Cargo.lock"), &lock).with_context(|| format!("writing {}", lock.display()))?;
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut build = Command::new("rustup");
    build.args(["run", "nightly", "cargo", "fuzz", "build", "--target", &triple, "--target-dir"]).arg(folder);
    run::shown(build.current_dir(run::root()).env_remove("CARGO_TARGET_DIR"))?;
    Ok(folder.join(triple).join("release"))
}

/// What became of one target.
struct Done {
    runs: u64,
    corpus: usize,
    slowest: u64,
    peak: u64,
    /// The input on which it broke.
    input: Option<PathBuf>,
    log: PathBuf,
}

impl Done {
    fn line(&self, target: &str) -> String {
        let Self { runs, corpus, slowest, peak, .. } = self;
        let end = match &self.input {
            None => "0 crashes".to_owned(),
            Some(input) => format!("1 crash: {} (see {})", input.display(), self.log.display()),
        };
        format!("{target:<15} {runs:>9} runs  {corpus:>5} inputs kept  slowest {slowest} s  peak {peak} MiB  {end}")
    }
}

fn one(program: &Path, corpus: &Path, folder: &Path, seconds: u64) -> Result<Done> {
    let target = corpus.file_name().unwrap_or_default();
    let log = folder.join("logs").join(target);
    let found = folder.join("found").join(target);
    for folder in [folder.join("logs"), found.clone()] {
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let words = fs::File::create(&log).with_context(|| format!("writing {}", log.display()))?;
    let timeout = if target.to_string_lossy().starts_with("redact") { HANG } else { SLOW };
    // Leaks of one process that ends are nobody's loss, and looking for them takes as long as many inputs.
    let status = Command::new(program)
        .args(BOUNDS)
        .args([
            format!("-timeout={timeout}"),
            format!("-max_total_time={seconds}"),
            format!("-artifact_prefix={}/", found.display()),
        ])
        .args(["-print_final_stats=1", "-detect_leaks=0"])
        .arg(corpus)
        .env("ASAN_OPTIONS", SANITIZER)
        .stdout(Stdio::null())
        .stderr(words)
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    let words = fs::read(&log).with_context(|| format!("reading {}", log.display()))?;
    let words = String::from_utf8_lossy(&words).into_owned();
    let input = words.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| PathBuf::from(path));
    if !status.success() && input.is_none() {
        bail!("{} ended with {status}; see {}", program.display(), log.display());
    }
    let kept = fs::read_dir(corpus).with_context(|| format!("reading {}", corpus.display()))?.count();
    let number = |name| stat(&words, name);
    Ok(Done {
        runs: number("number_of_executed_units"),
        corpus: kept,
        slowest: number("slowest_unit_time_sec"),
        peak: number("peak_rss_mb"),
        input,
        log,
    })
}

/// One of libFuzzer's final numbers; 0 when it is not told.
fn stat(words: &str, name: &str) -> u64 {
    let line = words.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

/// Whether rustup is there and does this.
fn rustup(arguments: &[&str]) -> bool {
    let status = Command::new("rustup").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_numbers_are_read() {
        let words = "INFO: x\nstat::number_of_executed_units: 123\nstat::peak_rss_mb:              77\n";
        assert_eq!((stat(words, "number_of_executed_units"), stat(words, "peak_rss_mb"), stat(words, "other")), (123, 77, 0));
    }

    #[test]
    fn every_target_is_built() {
        let manifest = fs::read_to_string(run::root().join("fuzz/Cargo.toml")).expect("readable");
        let built: Vec<_> = manifest.lines().filter_map(|line| line.strip_prefix("path = \"targets/")).collect();
        let there: Vec<_> = targets().expect("readable").iter().map(|target| format!("{target}.rs\"")).collect();
        assert_eq!(built, there);
    }
}
