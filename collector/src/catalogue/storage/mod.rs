//! Disks, volumes, file systems and how full they are.

pub(super) mod asked;
pub(super) mod devices;
pub(super) mod volumes;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File},
    Source, Topic, When, every, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Storage, probe, privacy, depth)
}

/// The tools of the device mapper load it; where it is not loaded there is nothing to ask.
const MAPPER: &[When] = &[When::Path("/sys/module/dm_mod")];

pub(super) const ROWS: &[Source] = &[
    row("storage.partitions", File("/proc/partitions"), Facts, Quick),
    row("storage.raid", File("/proc/mdstat"), Facts, Quick),
    row("storage.swaps", File("/proc/swaps"), Identifying, Quick),
    row("storage.mounts", File("/proc/self/mounts"), Identifying, Quick),
    // A sandboxed service has mounts of its own; those of process 1 are the host's.
    row("storage.mountinfo", File("/proc/1/mountinfo"), Identifying, Standard),
    // `-l`: a dead network file system would hold df for ever.
    row("storage.df", Command(&["/usr/bin/df", "-PT", "-l"]), Identifying, Quick),
    row("storage.df_inodes", Command(&["/usr/bin/df", "-PTi", "-l"]), Identifying, Quick),
    row("storage.block", every("/sys/block/*/{size,stat,inflight,ro,removable}"), Facts, Quick),
    row(
        "storage.block_queue",
        every(
            "/sys/block/*/queue/{scheduler,nr_requests,rotational,read_ahead_kb,max_sectors_kb,nomerges,\
             rq_affinity,write_cache,logical_block_size,physical_block_size,wbt_lat_usec}",
        ),
        Facts,
        Standard,
    ),
    row(
        "storage.block_device",
        every("/sys/block/*/device/{model,serial,state,vendor,rev,firmware_rev,timeout,queue_depth,ioerr_cnt}"),
        Identifying,
        Standard,
    ),
    row(
        "storage.lsblk",
        Command(&[
            "/usr/bin/lsblk",
            "-P",
            "-o",
            "NAME,KNAME,PKNAME,TYPE,SIZE,FSTYPE,MOUNTPOINT,MODEL,SERIAL,STATE,ROTA,SCHED,RO,WWN",
        ]),
        Identifying,
        Standard,
    ),
    row("storage.fstab", File("/etc/fstab"), FreeText, Standard),
    row(
        "storage.ext4_errors",
        every("/sys/fs/ext4/*/{errors_count,first_error_time,last_error_time,first_error_func,last_error_func,warning_count}"),
        Facts,
        Quick,
    ),
    // Keys of encrypted volumes are not shown unless asked for.
    row("storage.device_mapper", Command(&["/usr/sbin/dmsetup", "table"]), Identifying, Standard).when(MAPPER),
    // `--noflush`: or a thin pool writes its metadata before it answers.
    row("storage.device_mapper_status", Command(&["/usr/sbin/dmsetup", "status", "--noflush"]), Identifying, Standard)
        .when(MAPPER),
    row("storage.multipath_conf", File("/etc/multipath.conf"), FreeText, Standard),
    row("storage.scsi", Command(&["/usr/bin/lsscsi", "-ils"]), Identifying, Standard),
    row(
        "storage.fibre_channel",
        every("/sys/class/fc_host/*/{port_state,port_type,port_name,node_name,speed,supported_speeds,fabric_name}"),
        Identifying,
        Standard,
    ),
    row("storage.iscsi_sessions", Command(&["/usr/sbin/iscsiadm", "-m", "session", "-P", "1"]), Identifying, Deep)
        .when(&[When::Path("/sys/class/iscsi_session")]),
    row("storage.mountstats", File("/proc/1/mountstats"), Identifying, Deep).most(8 * MIB, 10),
    row("storage.lvm_conf", every("/etc/lvm/{lvm.conf,lvmlocal.conf}"), FreeText, Deep),
    row("storage.lvm_profiles", every("/etc/lvm/profile/*"), Facts, Deep),
    // A file for each change of each group, for ever.
    row("storage.lvm_backups", newest(16, "/etc/lvm/{archive,backup}/*"), Identifying, Deep),
    row("storage.exports", File("/etc/exports"), FreeText, Deep),
    row("storage.tmp", Command(&["/usr/bin/ls", "-ln", "--time-style=full-iso", "/tmp", "/var/tmp"]), Identifying, Deep),
];
