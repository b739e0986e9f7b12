//! The running kernel, its settings, its modules and what it says.

mod loaded;
pub(super) mod modules;
mod settings;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File, Native},
    Source, Topic, every, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Kernel, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row("kernel.os_release", File("/etc/os-release"), Facts, Quick),
    row("kernel.os_release_vendor", File("/usr/lib/os-release"), Facts, Quick),
    row("kernel.release_files", every("/etc/{openEuler-release,openEuler-latest,system-release,euleros-release}"), Facts, Quick),
    row("kernel.version", File("/proc/version"), Facts, Quick),
    row("kernel.cmdline", File("/proc/cmdline"), Identifying, Quick),
    row("kernel.taint", File("/proc/sys/kernel/tainted"), Facts, Quick),
    row("kernel.modules", File("/proc/modules"), Facts, Quick),
    row(
        "kernel.parameters",
        every(
            "/proc/sys/kernel/{osrelease,hostname,hung_task_timeout_secs,hung_task_panic,panic,panic_on_oops,panic_on_warn,pid_max,\
             threads-max,printk,softlockup_panic,hardlockup_panic,watchdog_thresh,sysrq,numa_balancing,core_pattern,dmesg_restrict,\
             randomize_va_space,sched_*}",
        ),
        Identifying,
        Quick,
    ),
    row("kernel.file_limits", every("/proc/sys/fs/{file-nr,file-max,inode-nr,nr_open,aio-nr,aio-max-nr}"), Facts, Quick),
    row("kernel.interrupts", every("/proc/{interrupts,softirqs}"), Facts, Quick).most(4 * MIB, 10),
    row("kernel.dmesg", Command(&["/usr/bin/dmesg", "--time-format=iso"]), FreeText, Quick).most(16 * MIB, 20),
    row("kernel.livepatch", every("/sys/kernel/livepatch/*/{enabled,transition}"), Facts, Quick),
    row("kernel.syscare", Command(&["/usr/bin/syscare", "list"]), Facts, Standard),
    row("kernel.registries", every("/proc/{devices,filesystems,cgroups,misc,consoles,crypto}"), Facts, Standard),
    row("kernel.locks", File("/proc/locks"), Facts, Standard),
    row(
        "kernel.clocksource",
        every("/sys/devices/system/clocksource/clocksource0/{available_clocksource,current_clocksource}"),
        Facts,
        Standard,
    ),
    row("kernel.config", newest(2, "/boot/config-*"), Facts, Standard),
    // Not sysctl(8): it enters what is mounted on demand, makes the kernel gather its counters, and prints keys.
    row("kernel.sysctl", Native { member: "native/kernel.sysctl.txt", run: settings::all }, Identifying, Standard),
    row("kernel.sysctl_conf", File("/etc/sysctl.conf"), FreeText, Standard),
    row("kernel.sysctl_site", every("/etc/sysctl.d/**"), FreeText, Standard),
    row("kernel.sysctl_vendor", every("/usr/lib/sysctl.d/**"), Facts, Deep),
    row("kernel.modprobe", every("/etc/modprobe.d/**"), FreeText, Standard),
    row(
        "kernel.module_parameters",
        every("/sys/module/{nvme_core,scsi_mod,dm_multipath,kvm,kvm_intel,bonding,zswap}/parameters/*"),
        Facts,
        Deep,
    ),
    row("kernel.bpf_programs", Command(&["/usr/sbin/bpftool", "prog", "list"]), Identifying, Deep),
    row("kernel.iomem", every("/proc/{iomem,ioports,dma}"), Facts, Deep),
];
