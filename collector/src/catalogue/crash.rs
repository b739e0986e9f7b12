//! What a crash left behind: kernel messages of the last minutes, lists of dumps. Never an image of memory.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File, Journal},
    Source, Topic, When, every, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Crash, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row("crash.dmesg", newest(4, "/var/crash/*/{vmcore-dmesg.txt,kexec-dmesg.log}"), FreeText, Quick).most(16 * MIB, 20),
    row("crash.pstore", every("/sys/fs/pstore/*"), FreeText, Quick),
    row("crash.pstore_saved", newest(32, "/var/lib/systemd/pstore/**"), FreeText, Quick),
    row("crash.dumps", Command(&["/usr/bin/ls", "-lR", "--time-style=full-iso", "/var/crash"]), Identifying, Quick)
        .when(&[When::Path("/var/crash")]),
    row("crash.core_dumps", Command(&["/usr/bin/coredumpctl", "list", "--no-pager"]), Identifying, Quick),
    row("crash.kdump_conf", File("/etc/kdump.conf"), FreeText, Standard),
    row("crash.kdump_sysconfig", File("/etc/sysconfig/kdump"), FreeText, Standard),
    row("crash.kdump_state", every("/sys/kernel/{kexec_crash_loaded,kexec_crash_size,kexec_loaded}"), Facts, Quick),
    row("crash.previous_boot", Journal { select: &["-k", "-b", "-1"] }, FreeText, Standard)
        .most(16 * MIB, 30)
        // Only a journal that is kept on disk knows an earlier boot.
        .when(&[When::Path("/var/log/journal")]),
    row("crash.core_dump_journal", Journal { select: &["-t", "systemd-coredump"] }, FreeText, Standard).most(16 * MIB, 30),
    row("crash.abrt", newest(32, "/var/spool/abrt/*/{reason,cmdline,executable,package,time,kernel,count}"), FreeText, Deep),
];
