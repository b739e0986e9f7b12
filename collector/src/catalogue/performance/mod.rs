//! How busy the host is: once, over the last days, and second by second while the rest is collected.

mod blocked;
mod counter;
mod cpu;
mod disks;
mod gauges;
mod interrupts;
mod network;
mod processes;
mod scheduler;
mod slab;
mod sockets;
mod softnet;
pub(super) mod stat;
mod vmstat;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB, Over,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, Each, File, Sample},
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
    row(
        "performance.cpu_of_slices",
        every("/sys/fs/cgroup/cpu/*.slice/{cpu.stat,cpu.shares,cpu.cfs_quota_us,cpu.cfs_period_us,cpuacct.usage,cpuacct.stat}"),
        Facts,
        Standard,
    ),
    row(
        "performance.memory_of_slices",
        every(
            "/sys/fs/cgroup/memory/*.slice/{memory.usage_in_bytes,memory.max_usage_in_bytes,memory.limit_in_bytes,memory.failcnt,memory.oom_control,memory.stat}",
        ),
        Facts,
        Standard,
    ),
    row("performance.io_of_slices", every("/sys/fs/cgroup/blkio/*.slice/{blkio.throttle.*,blkio.weight}"), Facts, Standard),
    // The text reports; the binary files change with the version of sysstat.
    row("performance.history", newest(7, "/var/log/{sa,sysstat}/sar[0-9]*"), FreeText, Standard).most(16 * MIB, 20),
    // Binary files cannot be redacted: what their own program prints of them can. `logs.sizes` lists the files themselves.
    row(
        "performance.history_binary",
        Each { over: Over::ActivityFile, argv: &["/usr/bin/sar", "-A", "-f", "/var/log/sa/{}"] },
        FreeText,
        Standard,
    )
    .most(16 * MIB, 30),
    row(
        "performance.history_atop",
        Each { over: Over::AtopLog, argv: &["/usr/bin/atop", "-r", "/var/log/atop/{}", "-P", "CPU,CPL,MEM,SWP,PAG,LVM,DSK,NET"] },
        FreeText,
        Standard,
    )
    .most(8 * MIB, 30),
    row("performance.history_ssar", Command(&["/usr/bin/ssar", "-r", "1440", "-i", "10"]), FreeText, Standard),
    row("performance.sample_cpu", Sample { member: "perf/cpu.csv", run: cpu::sample }, Facts, Quick),
    row("performance.sample_load", Sample { member: "perf/load.csv", run: gauges::load }, Facts, Quick),
    row("performance.sample_memory", Sample { member: "perf/memory.csv", run: gauges::memory }, Facts, Quick),
    row("performance.sample_vmstat", Sample { member: "perf/vmstat.csv", run: vmstat::sample }, Facts, Quick),
    row("performance.sample_pressure", Sample { member: "perf/pressure.csv", run: gauges::pressure }, Facts, Quick)
        .when(&[When::Path("/proc/pressure/cpu")]),
    row("performance.sample_scheduler", Sample { member: "perf/scheduler.csv", run: scheduler::sample }, Facts, Standard)
        .when(&[When::Path("/proc/schedstat")]),
    row("performance.sample_interrupts", Sample { member: "perf/interrupts.csv", run: interrupts::sample }, Facts, Standard),
    row("performance.sample_disks", Sample { member: "perf/disks.csv", run: disks::sample }, Facts, Quick),
    row("performance.sample_network", Sample { member: "perf/network.csv", run: network::sample }, Facts, Quick),
    row("performance.sample_softnet", Sample { member: "perf/softnet.csv", run: softnet::sample }, Facts, Standard),
    row("performance.sample_sockets", Sample { member: "perf/sockets.csv", run: sockets::sample }, Facts, Quick),
    row("performance.sample_blocked", Sample { member: "perf/blocked.csv", run: blocked::sample }, Identifying, Quick),
    row("performance.sample_slab", Sample { member: "perf/slab.csv", run: slab::sample }, Facts, Standard)
        .when(&[When::Path("/proc/slabinfo")]),
    row("performance.sample_processes", Sample { member: "perf/processes.csv", run: processes::sample }, Identifying, Quick),
];
