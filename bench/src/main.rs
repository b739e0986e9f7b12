//! How fast the redactor is, as ratios beside peers measured in the same run: `cargo xtask bench`.
//!
//! In: sizes. Out: a table on standard output. Figures are CPU time of one thread, the best of some runs, because a shared
//! machine only ever makes a run slower. Never: a verdict; who reads the table judges.

mod messages;

use std::{
    fs,
    hint::black_box,
    io::{self, Write as _},
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use clap::Parser;
use nix::time::{ClockId, clock_gettime};
use oediag_collector::redact::{Harvest, Key, Level, Raw, Redactor, Scratch};

use crate::messages::{FAMILIES, Family};

/// Measure the redactor beside its peers.
#[derive(Debug, Parser)]
struct Options {
    /// Megabytes of each log.
    #[arg(long, default_value_t = 300)]
    megabytes: usize,
    /// Runs of each, of which the best counts.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Only the first line: the messages file.
    #[arg(long)]
    quick: bool,
}

/// Who the made-up host is.
const CONTEXT: &str = r#"{"hostname":"db-prod-07","domain":"corp.example.cn","fqdn":"db-prod-07.corp.example.cn",
"hosts":["web-prod-02","app-prod-11","bastion-01"],"users":["liwei","zhang.min","deploy01"],"names":["李伟"],"keywords":["Falcon"]}"#;

fn main() -> Result<()> {
    let options = Options::parse();
    let size = options.megabytes << 20;
    let redactor = redactor()?;
    let messages = messages::make(Family::Messages, size, 1);
    let before = peak()?;
    let normal = best(options.runs, || redact(&redactor, &messages))?;
    let after = peak()?;
    say(&format!("messages, {} MB: redaction {}", options.megabytes, speed(size, normal)))?;
    say(&format!("peak memory of it: {} KiB over the log itself", after.saturating_sub(before)))?;
    if options.quick {
        return Ok(());
    }
    let zstd = best(options.runs, || squeeze(&messages))?;
    say(&format!("zstd -1 {}, ratio {:.2}", speed(size, zstd), ratio(zstd, normal)))?;
    for workers in [1, 2] {
        let wall = (0..options.runs).map(|_| crowd(&redactor, &messages, workers)).min().unwrap_or_default();
        say(&format!("{workers} threads, wall {:.2} s", wall.as_secs_f64()))?;
    }
    drop(messages);
    for (family, name) in FAMILIES {
        let log = messages::make(family, size / 4, 2);
        let ours = best(options.runs, || redact(&redactor, &log))?;
        let theirs = best(options.runs, || squeeze(&log))?;
        say(&format!(
            "{name}: redaction {}, zstd -1 {}, ratio {:.2}",
            speed(log.len(), ours),
            speed(log.len(), theirs),
            ratio(theirs, ours)
        ))?;
    }
    let per_byte = normal.as_secs_f64() / size as f64;
    for (name, text) in messages::hostile(size / 2) {
        let took = best(1, || redact(&redactor, &text))?;
        say(&format!(
            "hostile {name}: {} of the normal rate",
            format_args!("{:.2}", per_byte * text.len() as f64 / took.as_secs_f64())
        ))?;
    }
    Ok(())
}

fn redactor() -> Result<Redactor> {
    let harvest = Harvest::from_context(CONTEXT.as_bytes()).context("the context of the bench")?;
    Redactor::new(&harvest, &Key::for_host(&[7; 32]), Level::Standard).context("building the redactor")
}

/// The CPU time of this thread for the best of some runs.
fn best(runs: u32, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut least = Duration::MAX;
    for _ in 0..runs {
        let start = cpu()?;
        work()?;
        least = least.min(cpu()?.saturating_sub(start));
    }
    Ok(least)
}

fn cpu() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).context("asking for the thread's CPU time")?.into())
}

/// Redacts all of it, as a lane does.
fn redact(redactor: &Redactor, log: &[u8]) -> Result<()> {
    let mut scratch = Scratch::default();
    for raw in redactor.reader(log, b"/var/log/messages") {
        black_box(redactor.clean(raw?, &mut scratch)?);
    }
    Ok(())
}

/// Compresses it as `zstd -1` does, throwing the result away.
fn squeeze(log: &[u8]) -> Result<()> {
    let mut encoder = zstd::Encoder::new(io::sink(), 1)?;
    encoder.write_all(log)?;
    encoder.finish()?;
    Ok(())
}

/// Redacts all of it with so many threads, one of which cuts; tells how long that took.
fn crowd(redactor: &Redactor, log: &[u8], workers: usize) -> Duration {
    let start = Instant::now();
    let (give, take) = mpsc::sync_channel::<Raw>(4);
    let take = Mutex::new(take);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut scratch = Scratch::default();
                while let Some(raw) = take.lock().ok().and_then(|take| take.recv().ok()) {
                    black_box(redactor.clean(raw, &mut scratch).is_ok());
                }
            });
        }
        for raw in redactor.reader(log, b"/var/log/messages").flatten() {
            if give.send(raw).is_err() {
                break;
            }
        }
        drop(give);
    });
    start.elapsed()
}

/// The most memory this process has had, in KiB (`VmHWM` of /proc/self/status).
fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    line.trim().trim_end_matches(" kB").parse().context("VmHWM is no number")
}

fn speed(bytes: usize, took: Duration) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / took.as_secs_f64())
}

fn ratio(theirs: Duration, ours: Duration) -> f64 {
    theirs.as_secs_f64() / ours.as_secs_f64()
}

fn say(line: &str) -> Result<()> {
    writeln!(io::stdout().lock(), "{line}").context("writing to standard output")
}
