//! Many hosts that ask one center on loopback, and a restart of the center in the middle: `cargo xtask load` (T70).
//!
//! In: how many hosts, how long. Out: requests per second of one core, waits, memory for each host, and how evenly the hosts come, on
//! standard output. The center is the real program with rows of that many hosts; the hosts wait as real ones do
//! (`oediag::interval`), sign as real ones do and open a connection for each question. Never: a verdict; who reads the figures judges.

mod center;
mod hosts;
mod load;
mod report;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    time::Duration,
};

use anyhow::Result;
use clap::Parser;

use crate::{center::Center, hosts::Hosts, load::Load, report::Phase};

/// Let many hosts poll one center.
#[derive(Debug, Parser)]
struct Options {
    /// How many hosts.
    #[arg(long, default_value_t = 100_000)]
    hosts: usize,
    /// Seconds of each half, before and after the restart.
    #[arg(long, default_value_t = 150)]
    seconds: u64,
    /// Seconds for which the center is away in between.
    #[arg(long, default_value_t = 10)]
    away: u64,
    /// The program `oediag-center`.
    #[arg(long)]
    center: PathBuf,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(run(&options, folder.path().join("data")))
}

async fn run(options: &Options, data: PathBuf) -> Result<()> {
    let half = Duration::from_secs(options.seconds);
    let mut center = Center::new(&options.center, &data)?;
    let hosts = Hosts::enrol(options.hosts, &data).await?;
    say(&format!("{} hosts are enrolled", options.hosts))?;
    center.start().await?;
    let empty = center.usage()?;
    let load = Load::start(hosts, center.address());
    let first = phase("before the restart", &center, &load, half).await?;
    say(&first.lines())?;
    center.stop().await?;
    tokio::time::sleep(Duration::from_secs(options.away)).await;
    load.take();
    center.start().await?;
    let second = phase("after the restart", &center, &load, half).await?;
    say(&second.lines())?;
    let memory = second.usage.resident.max(first.usage.resident).saturating_sub(empty.resident);
    say(&format!(
        "memory of the center: {} KiB without hosts, {} bytes for each host more",
        empty.resident / 1024,
        memory / options.hosts as u64
    ))
}

/// What is seen in so much time.
async fn phase(name: &'static str, center: &Center, load: &Load, length: Duration) -> Result<Phase> {
    let before = center.usage()?;
    tokio::time::sleep(length).await;
    let usage = center.usage()?;
    Ok(Phase { name, length, asked: load.take(), cpu: usage.cpu.saturating_sub(before.cpu), usage })
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
