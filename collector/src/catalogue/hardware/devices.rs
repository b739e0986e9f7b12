//! Buses, interrupts, firmware tables, accelerators, BMC details, RAS settings.

use super::row;
use crate::catalogue::{
    Depth::{Deep, Quick, Standard},
    MIB,
    Privacy::{Credentials, Facts, FreeText, Identifying},
    Probe::{Command, File},
    Source, When, every,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("hardware.cpu_list", Command(&["/usr/bin/lscpu", "-ae"]), Facts, Standard),
    row("hardware.cpu_idle", every("/sys/devices/system/cpu/cpuidle/*"), Facts, Deep),
    row(
        "hardware.cpu_idle_states",
        every("/sys/devices/system/cpu/cpu0/cpuidle/*/{name,latency,residency,usage,time,disable}"),
        Facts,
        Deep,
    ),
    row("hardware.topology", Command(&["/usr/bin/lstopo-no-graphics", "--whole-io", "--of", "console"]), Facts, Deep),
    row(
        "hardware.interrupt_affinity",
        every("/proc/irq/*/{smp_affinity_list,effective_affinity_list,node,spurious}"),
        Facts,
        Standard,
    ),
    row(
        "hardware.usb_devices",
        every("/sys/bus/usb/devices/*/{idVendor,idProduct,manufacturer,product,speed,bDeviceClass,authorized}"),
        Identifying,
        Standard,
    ),
    row("hardware.usb_verbose", Command(&["/usr/bin/lsusb", "-v"]), Identifying, Deep).most(4 * MIB, 30),
    row("hardware.udev", File("/etc/udev/udev.conf"), FreeText, Deep),
    row("hardware.udev_rules_vendor", every("/usr/lib/udev/rules.d/**"), Facts, Deep),
    row("hardware.udev_database", Command(&["/usr/sbin/udevadm", "info", "--export-db"]), Identifying, Deep).most(16 * MIB, 30),
    row("hardware.pci_machine", Command(&["/usr/sbin/lspci", "-vmmkD"]), Facts, Standard),
    row("hardware.pci_tree", Command(&["/usr/sbin/lspci", "-tv"]), Facts, Deep),
    row(
        "hardware.pci_errors",
        every(
            "/sys/bus/pci/devices/*/{aer_dev_correctable,aer_dev_fatal,aer_dev_nonfatal,current_link_speed,current_link_width,max_link_speed,max_link_width}",
        ),
        Facts,
        Standard,
    ),
    row("hardware.device_tree", every("/proc/device-tree/{compatible,model}"), Facts, Standard),
    row("hardware.platform", every("/sys/hypervisor/{type,uuid}"), Facts, Quick),
    row("hardware.acpi_events", every("/sys/firmware/acpi/interrupts/{gpe_all,sci,sci_not,error}"), Facts, Standard),
    row("hardware.acpi", every("/sys/firmware/acpi/*/**"), Facts, Deep).most(2 * MIB, 10),
    row("hardware.firmware_files", Command(&["/usr/bin/ls", "-lnR", "/sys/firmware"]), Facts, Deep),
    row("hardware.displays", every("/sys/class/drm/*/{status,enabled,modes}"), Facts, Deep),
    row("hardware.edac", every("/sys/devices/system/edac/pci/*"), Facts, Standard),
    row("hardware.ras", every("/etc/{ras,rasdaemon}/**"), FreeText, Standard),
    row("hardware.accelerator_devices", every("/sys/class/uacce/*/device/{numa_node,vendor,device}"), Facts, Deep),
    row(
        "hardware.clock_devices",
        every("/sys/class/ptp/*/{clock_name,max_adjustment,n_alarms,n_external_timestamps,pps_available}"),
        Facts,
        Deep,
    ),
    row("hardware.bmc_chassis", Command(&["/usr/bin/ipmitool", "chassis", "status"]), Facts, Standard)
        .when(&[When::Path("/dev/ipmi0")]),
    row("hardware.bmc_network", Command(&["/usr/bin/ipmitool", "lan", "print", "1"]), Credentials, Deep)
        .when(&[When::Path("/dev/ipmi0")]),
    row("hardware.bmc_log_size", Command(&["/usr/bin/ipmitool", "sel", "info"]), Facts, Standard)
        .when(&[When::Path("/dev/ipmi0")]),
    row("hardware.persistent_memory", Command(&["/usr/bin/ndctl", "list", "-iBDFHMNRX"]), Identifying, Deep)
        .when(&[When::Path("/sys/bus/nd")]),
    row("hardware.nvme_multipath", every("/sys/block/nvme*/ana_state"), Facts, Deep),
    row(
        "hardware.nvme_subsystems",
        every("/sys/class/nvme-subsystem/nvme-subsys*/{model,firmware_rev,iopolicy,subsysnqn}"),
        Identifying,
        Deep,
    ),
    row("hardware.nvme_files", every("/etc/nvme/{hostnqn,discovery.conf}"), Identifying, Deep),
    row(
        "hardware.infiniband",
        every("/sys/class/infiniband/*/ports/*/{state,phys_state,rate,lid,link_layer}"),
        Identifying,
        Standard,
    ),
    row("hardware.infiniband_counters", every("/sys/class/infiniband/*/ports/*/counters/*"), Facts, Deep),
    row("hardware.infiniband_devices", Command(&["/usr/bin/ibv_devinfo", "-v"]), Identifying, Deep)
        .when(&[When::Path("/sys/class/infiniband")]),
    // What the driver keeps itself: other files there ask the firmware for each queue, or empty a list as they are read.
    row("hardware.hns3_debug", every("/sys/kernel/debug/hns3/*/{reset_info,interrupt_info,service_task_info}"), Facts, Deep),
    row("hardware.hns3_queues", every("/sys/kernel/debug/hns3/*/queue/queue_map"), Facts, Deep),
];
