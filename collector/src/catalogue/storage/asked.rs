//! Programs that ask a device itself. Last of the topic: one that hangs on a dying disk holds up nothing that is easy to have.

use super::{MAPPER, row};
use crate::catalogue::{
    Depth::{Deep, Standard},
    MIB,
    Over::{BlockDevice, Ext4, NvmeController, ScsiDisk},
    Privacy::{Facts, FreeText, Identifying},
    Probe::{Command, Each},
    Source, When,
};

/// Its programs load the module; where it is not loaded there is nothing to ask.
const MULTIPATH: &[When] = &[When::Path("/sys/module/dm_multipath")];

pub(in crate::catalogue) const ROWS: &[Source] = &[
    // Without locks, and without the file of hints that LVM keeps for itself. How full pools are is asked of the mapper:
    // without locks, LVM does not say it.
    row(
        "storage.physical_volumes",
        Command(&["/usr/sbin/pvs", "--readonly", "--config", "devices{hints=none}", "-a", "-v"]),
        Identifying,
        Standard,
    )
    .when(MAPPER),
    row(
        "storage.volume_groups",
        Command(&["/usr/sbin/vgs", "--readonly", "--config", "devices{hints=none}", "-v"]),
        Identifying,
        Standard,
    )
    .when(MAPPER),
    row(
        "storage.logical_volumes",
        Command(&["/usr/sbin/lvs", "--readonly", "--config", "devices{hints=none}", "-a", "-o", "+devices"]),
        Identifying,
        Standard,
    )
    .when(MAPPER),
    row("storage.nvme_list", Command(&["/usr/sbin/nvme", "list"]), Identifying, Standard),
    row("storage.nvme_health", Each { over: NvmeController, argv: &["/usr/sbin/nvme", "smart-log", "/dev/{}"] }, Facts, Standard),
    row("storage.nvme_errors", Each { over: NvmeController, argv: &["/usr/sbin/nvme", "error-log", "/dev/{}"] }, Facts, Standard),
    // A disk that sleeps is left asleep.
    row(
        "storage.smart",
        Each { over: BlockDevice, argv: &["/usr/sbin/smartctl", "-n", "standby", "-x", "/dev/{}"] },
        Identifying,
        Standard,
    ),
    // The daemon says what it knows; the program by itself is kept from asking the paths.
    row("storage.multipath", Command(&["/usr/sbin/multipathd", "show", "topology"]), Identifying, Standard)
        .when(&[When::Path("/run/multipathd.pid")]),
    row("storage.multipath_kernel", Command(&["/usr/sbin/multipath", "-l"]), Identifying, Standard).when(MULTIPATH),
    row("storage.multipath_settings", Command(&["/usr/sbin/multipath", "-t"]), FreeText, Deep).when(MULTIPATH),
    row("storage.partition_tables", Each { over: BlockDevice, argv: &["/usr/sbin/fdisk", "-l", "/dev/{}"] }, Facts, Deep),
    row("storage.ext4_header", Each { over: Ext4, argv: &["/usr/sbin/dumpe2fs", "-h", "/dev/{}"] }, Identifying, Deep),
    row("storage.scsi_inquiry", Each { over: ScsiDisk, argv: &["/usr/bin/sg_inq", "/dev/{}"] }, Identifying, Deep),
    row(
        "storage.scsi_reservations",
        Each { over: ScsiDisk, argv: &["/usr/bin/sg_persist", "--in", "--readonly", "-r", "-d", "/dev/{}"] },
        Identifying,
        Deep,
    ),
    row(
        "storage.scsi_keys",
        Each { over: ScsiDisk, argv: &["/usr/bin/sg_persist", "--in", "--readonly", "-k", "-d", "/dev/{}"] },
        Identifying,
        Deep,
    ),
    row(
        "storage.scsi_status",
        Each { over: ScsiDisk, argv: &["/usr/bin/sg_persist", "--in", "--readonly", "-s", "-d", "/dev/{}"] },
        Identifying,
        Deep,
    ),
    row(
        "storage.nvme_identity",
        Each { over: NvmeController, argv: &["/usr/sbin/nvme", "id-ctrl", "-H", "/dev/{}"] },
        Identifying,
        Deep,
    ),
    row("storage.nvme_firmware", Each { over: NvmeController, argv: &["/usr/sbin/nvme", "fw-log", "/dev/{}"] }, Facts, Deep),
    row("storage.nvme_namespaces", Each { over: NvmeController, argv: &["/usr/sbin/nvme", "list-ns", "/dev/{}"] }, Facts, Deep),
    // `nolog`: or it writes a log into its working folder.
    row(
        "storage.raid_controller",
        Command(&["/opt/MegaRAID/storcli/storcli64", "/call", "show", "all", "nolog"]),
        Identifying,
        Deep,
    )
    .most(8 * MIB, 60),
    row("storage.raid_huawei", Command(&["/usr/sbin/hiraidadm", "show", "allctrl"]), Identifying, Deep),
    row("storage.raid_huawei_disks", Command(&["/usr/sbin/hiraidadm", "c0", "show", "pdlist"]), Identifying, Deep),
    row("storage.raid_huawei_volumes", Command(&["/usr/sbin/hiraidadm", "c0", "show", "vdlist"]), Identifying, Deep),
];
