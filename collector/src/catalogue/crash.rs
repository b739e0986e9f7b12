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
    row("crash.pstore", every("/sys/fs/pstore/**"), FreeText, Quick),
    row("crash.pstore_saved", newest(32, "/var/lib/systemd/pstore/**"), FreeText, Quick),
    row("crash.dumps", Command(&["/usr/bin/ls", "-lnR", "--time-style=full-iso", "/var/crash"]), Identifying, Quick)
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
    row("crash.status", Command(&["/usr/bin/systemctl", "--no-pager", "status", "kdump.service"]), FreeText, Standard)
        .when(&[When::Path("/run/systemd/system"), When::Path("/usr/lib/systemd/system/kdump.service")]),
    row("crash.journal", Journal { select: &["-u", "kdump.service"] }, FreeText, Standard).most(4 * MIB, 30),
    row("crash.kdump_log", every("/var/log/{kdump.log,kdump-dmesg.log}"), FreeText, Standard),
    row("crash.creation", every("/var/crash/*/vmcore-creation.status"), Facts, Standard),
    row("crash.reserved", every("/sys/kernel/{fadump_enabled,fadump_registered,fadump_mem_reserved}"), Facts, Quick),
    row("crash.fadump", every("/sys/kernel/fadump/**"), Facts, Standard),
    row("crash.core_dump_conf", every("/etc/systemd/coredump.conf.d/**"), FreeText, Standard),
    row("crash.core_dump_vendor", every("/usr/lib/systemd/coredump.conf.d/**"), Facts, Deep),
    row("crash.core_dump_run", every("/run/systemd/coredump.conf.d/**"), FreeText, Deep),
    row(
        "crash.core_dump_files",
        Command(&["/usr/bin/ls", "-ln", "--time-style=full-iso", "/var/lib/systemd/coredump"]),
        Identifying,
        Standard,
    )
    .when(&[When::Path("/var/lib/systemd/coredump")]),
    row(
        "crash.panic",
        every(
            "/proc/sys/kernel/{panic_on_io_nmi,panic_on_unrecovered_nmi,panic_on_rcu_stall,panic_print,unknown_nmi_panic,softlockup_all_cpu_backtrace,hardlockup_all_cpu_backtrace}",
        ),
        Facts,
        Quick,
    ),
];
