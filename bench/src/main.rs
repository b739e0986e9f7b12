//! How fast the redactor is, as ratios beside peers measured in the same run: `cargo xtask bench`.
//!
//! In: sizes. Out: a table on standard output. Figures are CPU time of one thread, ours and the peer's taken in turns, the best
//! of some runs of each, because a shared machine only ever makes a run slower. Never: a verdict; who reads the table judges.

mod engine;
mod measure;
mod messages;
mod peers;

use std::{
    io::{self, Write as _},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::{
    engine::Engine,
    measure::{best, turns},
    messages::{FAMILIES, Family},
    peers::Folder,
};

/// Measure the redactor beside its peers.
#[derive(Debug, Parser)]
struct Options {
    /// Megabytes of the messages file; the other logs are a quarter, hostile ones an eighth of it.
    #[arg(long, default_value_t = 300)]
    megabytes: usize,
    /// Runs of each, of which the best counts.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Only the first line: the messages file.
    #[arg(long)]
    quick: bool,
}

/// So much of the messages is enough for a peer that takes seconds for each megabyte.
const SLOW_PEER: usize = 4 << 20;

fn main() -> Result<()> {
    let options = Options::parse();
    let size = options.megabytes << 20;
    let engine = Engine::new()?;
    let messages = messages::make(Family::Messages, size, 1);
    if options.quick {
        let normal = best(options.runs, || engine.redact(&messages))?;
        return say(&format!("messages, {} MB: redaction {}", options.megabytes, speed(size, normal)));
    }
    let folder = Folder::new()?;
    let path = folder.write("messages", &messages)?;

    say(&format!("messages, {} MB, CPU time of one thread:", options.megabytes))?;
    let (normal, zstd) = turns(options.runs, || engine.redact(&messages), || peers::library(&messages))?;
    say(&format!("  redaction {}", speed(size, normal)))?;
    say(&format!("  zstd -1, the library built in: {}, ratio {:.2}", speed(size, zstd), ratio(zstd, normal)))?;
    let gated = best(options.runs, || engine.redact_and_search(&messages))?;
    say(&format!("  redaction and leak gate {}, ratio to that library {:.2}", speed(size, gated), ratio(zstd, gated)))?;
    match peers::program(options.runs, &path)? {
        Some(took) => say(&format!(
            "  zstd -1, the program of this machine: {}, ratio {:.2}, with leak gate {:.2}",
            speed(size, took),
            ratio(took, normal),
            ratio(took, gated)
        ))?,
        None => say("  zstd -1, the program: not on this machine")?,
    }

    let mut walls = [Duration::MAX; 2];
    for _ in 0..options.runs {
        for (workers, wall) in walls.iter_mut().enumerate() {
            *wall = engine.crowd(&messages, workers + 1)?.min(*wall);
        }
    }
    let [one, two] = walls.map(|wall| wall.as_secs_f64());
    say(&format!("  wall, one thread {one:.2} s, two {two:.2} s, ratio {:.2}", one / two))?;
    let some = messages::make(Family::Messages, SLOW_PEER, 3);
    drop(messages);
    measure::forget_peak()?;
    engine.redact_file(&path)?;
    say(&format!("  peak memory, read from the file with two threads and the gate: {} MiB", measure::peak()? >> 10))?;

    let ours = best(options.runs, || engine.redact(&some))?;
    match folder.sos_clean(&some)? {
        Some(theirs) => say(&format!(
            "4 MB of it: redaction {}, sos clean {:.2} MB/s, ratio {:.0}",
            speed(some.len(), ours),
            some.len() as f64 / 1e6 / theirs.as_secs_f64(),
            ratio(theirs, ours)
        ))?,
        None => say("sos clean: not on this machine")?,
    }
    for (family, name) in FAMILIES {
        let log = messages::make(family, size / 4, 2);
        let (ours, theirs) = turns(options.runs, || engine.redact(&log), || peers::library(&log))?;
        say(&format!(
            "{name}: redaction {}, zstd -1 (library) {}, ratio {:.2}",
            speed(log.len(), ours),
            speed(log.len(), theirs),
            ratio(theirs, ours)
        ))?;
    }
    let per_byte = normal.as_secs_f64() / size as f64;
    for (name, text) in messages::hostile(size / 8) {
        let took = best(1, || engine.redact(&text))?;
        say(&format!("hostile {name}: {:.2} of the normal rate", per_byte * text.len() as f64 / took.as_secs_f64()))?;
    }
    Ok(())
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
