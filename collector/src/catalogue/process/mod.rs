//! What runs, in which state, waiting for what.

mod mounts;
mod table;

use super::{
    Depth::{self, Deep, Quick, Standard},
    KIB, MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File, Native},
    Source, Topic, When, every,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Process, probe, privacy, depth)
}

/// A host that runs, or a record of one.
const PROC: &[When] = &[When::Path("/proc/1/stat")];

pub(super) const ROWS: &[Source] = &[
    row("process.table", Native { member: "native/process.table.tsv", run: table::processes }, Identifying, Quick).when(PROC),
    row("process.commands", Native { member: "native/process.commands.tsv", run: table::commands }, FreeText, Standard)
        .when(PROC),
    row("process.top", Command(&["/usr/bin/top", "-b", "-n", "1", "-w", "512"]), FreeText, Standard),
    // Thousands of small files on a busy host: the tables above say the same in two. Command lines and maps are there only,
    // because a process that is stuck must not be asked for them.
    row("process.files", every("/proc/[0-9]*/{stat,status,wchan,comm,cgroup,io,limits,oom_*,cpuset,schedstat}"), FreeText, Deep)
        .most(64 * KIB, 2),
    row("process.stacks", every("/proc/[0-9]*/stack"), Facts, Deep).most(64 * KIB, 2),
    row("process.maps", Native { member: "native/process.maps.tsv", run: table::maps }, Identifying, Deep).when(PROC),
    row("process.schedule", File("/proc/sched_debug"), Identifying, Deep).most(8 * MIB, 10),
    row("process.groups", Command(&["/usr/bin/systemd-cgls", "--no-pager", "--full", "-k"]), FreeText, Deep),
    row("process.open_files", Command(&["/usr/bin/lsof", "-b", "-n", "-l", "-w"]), FreeText, Deep).most(16 * MIB, 60),
    row("process.file_locks", Command(&["/usr/bin/lslocks", "--noheadings"]), Identifying, Deep),
    row(
        "process.threads",
        Command(&[
            "/usr/bin/ps",
            "-eLo",
            "pid,tid,ppid,pgid,sid,uid,gid,state,class,pri,ni,psr,pcpu,pmem,vsz,rss,wchan:32,lstart,time,tty,label,comm",
        ]),
        Identifying,
        Deep,
    )
    .most(16 * MIB, 30),
    row("process.mounts", Native { member: "native/process.mounts.tsv", run: mounts::namespaces }, Identifying, Deep),
    row("process.scheduler", every("/sys/kernel/debug/sched/{debug,features}"), Identifying, Deep).most(8 * MIB, 10),
    row("process.features", File("/sys/kernel/debug/sched_features"), Facts, Deep),
];
