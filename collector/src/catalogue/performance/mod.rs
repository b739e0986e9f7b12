//! How busy the host is: once, over the last days, and second by second while the rest is collected.

mod counter;
mod cpu;
mod disks;
mod gauges;
mod network;
mod processes;
pub(super) mod stat;
mod vmstat;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, File, Sample},
    Source, Topic, When, every, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Performance, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row("performance.load", File("/proc/loadavg"), Facts, Quick),
    row("performance.stat", File("/proc/stat"), Facts, Quick),
    row("performance.disks", File("/proc/diskstats"), Facts, Quick),
    row("performance.scheduler", File("/proc/schedstat"), Facts, Deep),
    // Absent unless booted with psi=1.
    row("performance.pressure", every("/proc/pressure/{cpu,io,memory}"), Facts, Quick),
    row("performance.pressure_of_slices", every("/sys/fs/cgroup/*.slice/{cpu.pressure,io.pressure}"), Facts, Standard),
    // The text reports; the binary files change with the version of sysstat.
    row("performance.history", newest(7, "/var/log/sa/sar[0-9]*"), FreeText, Standard).most(16 * MIB, 20),
    row("performance.sample_cpu", Sample { member: "perf/cpu.csv", run: cpu::sample }, Facts, Quick),
    row("performance.sample_load", Sample { member: "perf/load.csv", run: gauges::load }, Facts, Quick),
    row("performance.sample_memory", Sample { member: "perf/memory.csv", run: gauges::memory }, Facts, Quick),
    row("performance.sample_vmstat", Sample { member: "perf/vmstat.csv", run: vmstat::sample }, Facts, Quick),
    row("performance.sample_pressure", Sample { member: "perf/pressure.csv", run: gauges::pressure }, Facts, Quick)
        .when(&[When::Path("/proc/pressure/cpu")]),
    row("performance.sample_disks", Sample { member: "perf/disks.csv", run: disks::sample }, Facts, Quick),
    row("performance.sample_network", Sample { member: "perf/network.csv", run: network::sample }, Facts, Quick),
    row("performance.sample_processes", Sample { member: "perf/processes.csv", run: processes::sample }, Identifying, Quick),
];
