//! What work costs: CPU time and memory, as the kernel counts them.
//!
//! In: work. Out: times. Never: wall time, which the neighbours on the machine decide.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use nix::{
    sys::resource::{UsageWho, getrusage},
    sys::time::TimeVal,
    time::{ClockId, clock_gettime},
};

/// The CPU time of this thread for the best of some runs.
pub(crate) fn best(runs: u32, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut least = Duration::MAX;
    for _ in 0..runs {
        let start = thread()?;
        work()?;
        least = least.min(thread()?.saturating_sub(start));
    }
    Ok(least)
}

/// The same for two kinds of work in turns, so that both have the same neighbours.
pub(crate) fn turns(
    runs: u32,
    mut ours: impl FnMut() -> Result<()>,
    mut theirs: impl FnMut() -> Result<()>,
) -> Result<(Duration, Duration)> {
    let mut least = (Duration::MAX, Duration::MAX);
    for _ in 0..runs {
        least = (least.0.min(best(1, &mut ours)?), least.1.min(best(1, &mut theirs)?));
    }
    Ok(least)
}

fn thread() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).context("asking for the thread's CPU time")?.into())
}

/// The CPU time, in user space and in the kernel, of all children that have ended.
pub(crate) fn children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("asking for the children's CPU time")?;
    let time = |t: TimeVal| Duration::from_micros((t.tv_sec() * 1_000_000 + t.tv_usec()).unsigned_abs());
    Ok(time(usage.user_time()) + time(usage.system_time()))
}

/// Lets the kernel measure the peak of this process's memory anew (proc(5), `/proc/PID/clear_refs`).
pub(crate) fn forget_peak() -> Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("writing /proc/self/clear_refs")
}

/// The most memory this process has had, in KiB (proc(5), `VmHWM` of `/proc/PID/status`).
pub(crate) fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    line.trim().trim_end_matches(" kB").parse().context("VmHWM is no number")
}
