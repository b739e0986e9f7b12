//! Processors, boards, buses, sensors, memory errors.

pub(super) mod devices;

use std::io;

use sysinfo::System;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File, Native},
    Source, Topic, When, every,
};

use crate::host::Host;

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Hardware, probe, privacy, depth)
}

/// A BMC answers here.
const IPMI: &[When] = &[When::Path("/dev/ipmi0")];

/// What sysinfo makes of the running machine: figures that stand in no single file.
fn summary(host: &Host, out: &mut dyn io::Write) -> io::Result<()> {
    if !host.is_live() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut system = System::new().map_err(io::Error::other)?;
    system.refresh_memory();
    system.refresh_cpu_all();
    let load = System::load_average().map_err(io::Error::other)?;
    writeln!(out, "os\t{}", System::long_os_version().unwrap_or_default())?;
    writeln!(out, "kernel\t{}", System::kernel_version().unwrap_or_default())?;
    writeln!(out, "arch\t{}", System::cpu_arch())?;
    writeln!(out, "physical_cores\t{}", System::physical_core_count().unwrap_or_default())?;
    writeln!(out, "logical_cpus\t{}", system.cpus().len())?;
    writeln!(out, "memory_total_bytes\t{}", system.total_memory())?;
    writeln!(out, "memory_available_bytes\t{}", system.available_memory())?;
    writeln!(out, "swap_total_bytes\t{}", system.total_swap())?;
    writeln!(out, "swap_free_bytes\t{}", system.free_swap())?;
    writeln!(out, "boot_unix_seconds\t{}", System::boot_time().map_err(io::Error::other)?)?;
    writeln!(out, "uptime_seconds\t{}", System::uptime().map_err(io::Error::other)?)?;
    writeln!(out, "load_average\t{} {} {}", load.one, load.five, load.fifteen)
}

pub(super) const ROWS: &[Source] = &[
    row("hardware.summary", Native { member: "native/hardware.summary.tsv", run: summary }, Facts, Quick),
    row("hardware.cpuinfo", File("/proc/cpuinfo"), Facts, Quick).most(4 * MIB, 10),
    row("hardware.cpus", every("/sys/devices/system/cpu/{online,possible,present,offline,isolated,nohz_full}"), Facts, Quick),
    row("hardware.lscpu", Command(&["/usr/bin/lscpu"]), Facts, Quick),
    row("hardware.virtualization", Command(&["/usr/bin/systemd-detect-virt"]), Facts, Quick),
    row(
        "hardware.memory_errors",
        every(
            "/sys/devices/system/edac/mc/mc*/{mc_name,ce_count,ce_noinfo_count,ue_count,ue_noinfo_count,\
             seconds_since_reset,size_mb}",
        ),
        Facts,
        Quick,
    ),
    row(
        "hardware.dimms",
        every(
            "/sys/devices/system/edac/mc/mc*/{dimm*,rank*}/{dimm_label,dimm_location,dimm_mem_type,\
             dimm_ce_count,dimm_ue_count,size}",
        ),
        Facts,
        Quick,
    ),
    row("hardware.temperature", every("/sys/class/thermal/thermal_zone*/{type,temp}"), Facts, Quick),
    row(
        "hardware.sensors",
        every("/sys/class/hwmon/*/{name,temp*_input,temp*_label,fan*_input,in*_input,power*_input}"),
        Facts,
        Standard,
    ),
    row("hardware.board", every("/sys/class/dmi/id/*"), Identifying, Standard),
    row("hardware.dmidecode", Command(&["/usr/sbin/dmidecode"]), Identifying, Standard),
    row("hardware.pci", Command(&["/usr/sbin/lspci", "-nn"]), Facts, Standard),
    // Not `-vv`: it reads each card's product data, which the card's firmware gives out word by word, and some cards hang.
    row("hardware.pci_verbose", Command(&["/usr/sbin/lspci", "-nnv"]), Identifying, Deep),
    row("hardware.usb", Command(&["/usr/bin/lsusb"]), Facts, Standard),
    row(
        "hardware.frequency",
        every(
            "/sys/devices/system/cpu/cpufreq/policy*/{scaling_driver,scaling_governor,scaling_cur_freq,\
             scaling_min_freq,scaling_max_freq}",
        ),
        Facts,
        Deep,
    ),
    row(
        "hardware.throttling",
        every("/sys/devices/system/cpu/cpu*/thermal_throttle/{core_throttle_count,package_throttle_count}"),
        Facts,
        Deep,
    ),
    row("hardware.accelerators", every("/sys/class/uacce/*/{algorithms,api,available_instances,flags}"), Facts, Deep),
    row("hardware.bmc", Command(&["/usr/bin/ipmitool", "mc", "info"]), Identifying, Standard).when(IPMI),
    row("hardware.bmc_sensors", Command(&["/usr/bin/ipmitool", "sensor", "list"]), Facts, Deep).when(IPMI).most(4 * MIB, 60),
    row("hardware.bmc_parts", Command(&["/usr/bin/ipmitool", "fru"]), Identifying, Deep).when(IPMI),
    row("hardware.udev_rules", every("/etc/udev/rules.d/*"), FreeText, Deep),
];
