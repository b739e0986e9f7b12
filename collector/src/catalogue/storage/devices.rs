//! SCSI hosts and disks, partitions, loops, file systems' own counters, network storage.

use super::row;
use crate::catalogue::{
    Depth::{Deep, Quick, Standard},
    Privacy::{Credentials, Facts, FreeText, Identifying},
    Probe::{Command, File},
    Source, When, every,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("storage.lsblk_all", Command(&["/usr/bin/lsblk", "-O", "-P"]), Identifying, Standard),
    row("storage.mount_tree", Command(&["/usr/bin/findmnt", "--json"]), Identifying, Standard),
    row("storage.mount_options", File("/run/mount/utab"), Identifying, Standard),
    row(
        "storage.tables",
        every("/etc/{crypttab,stinit.def,mdadm.conf,idmapd.conf,nfs.conf,nfsmount.conf,auto*}"),
        FreeText,
        Standard,
    ),
    row(
        "storage.device_nodes",
        Command(&["/usr/bin/ls", "-lnR", "--time-style=full-iso", "/dev/disk", "/dev/mapper"]),
        Identifying,
        Deep,
    )
    .when(&[When::Path("/dev/disk"), When::Path("/dev/mapper")]),
    row("storage.block_paths", Command(&["/usr/bin/ls", "-ln", "/sys/block"]), Facts, Standard),
    row("storage.block_scheduler", every("/sys/block/*/queue/iosched/*"), Facts, Deep),
    row("storage.loops", every("/sys/block/loop*/loop/**"), Identifying, Standard),
    row(
        "storage.scsi_hosts",
        every(
            "/sys/class/scsi_host/*/{state,proc_name,active_mode,host_busy,can_queue,cmd_per_lun,sg_tablesize,link_power_management_policy}",
        ),
        Facts,
        Standard,
    ),
    row(
        "storage.scsi_devices",
        every(
            "/sys/class/scsi_device/*/device/{state,type,vendor,model,rev,timeout,eh_timeout,queue_depth,queue_type,ioerr_cnt,iodone_cnt,iorequest_cnt}",
        ),
        Identifying,
        Standard,
    ),
    row(
        "storage.scsi_disks",
        every("/sys/class/scsi_disk/*/{cache_type,FUA,provisioning_mode,thin_provisioning,max_retries}"),
        Facts,
        Deep,
    ),
    row("storage.scsi_proc", every("/proc/scsi/**"), Identifying, Standard),
    row("storage.scsi_adapters", Command(&["/usr/bin/lsscsi", "-H"]), Facts, Deep),
    row("storage.scsi_attributes", Command(&["/usr/bin/lsscsi", "-L"]), Identifying, Deep),
    row("storage.scsi_transport", Command(&["/usr/bin/lsscsi", "-t"]), Identifying, Deep),
    row("storage.scsi_names", Command(&["/usr/bin/lsscsi", "-dgisw"]), Identifying, Deep),
    row("storage.scsi_modules", every("/sys/bus/scsi/drivers/*/module/{refcnt,version}"), Facts, Deep),
    row(
        "storage.ext4_state",
        every(
            "/sys/fs/ext4/*/{lifetime_write_kbytes,session_write_kbytes,reserved_clusters,delayed_allocation_blocks,extent_max_zeroout_kb,err_ratelimit_burst,mb_stream_req,msg_count}",
        ),
        Facts,
        Standard,
    ),
    row("storage.ext4_options", every("/proc/fs/ext4/*/{options,es_shrinker_info,fc_info}"), Facts, Standard),
    row("storage.journals", every("/proc/fs/jbd2/*/info"), Facts, Standard),
    row("storage.xfs_counters", every("/proc/fs/xfs/**"), Facts, Standard),
    row("storage.xfs_state", every("/sys/fs/xfs/*/{log,error}/**"), Facts, Standard),
    row("storage.nfs_calls", every("/proc/net/rpc/{nfs,nfsd}"), Facts, Standard),
    row("storage.nfs_exports", every("/var/lib/nfs/{etab,rmtab,xtab}"), Identifying, Deep),
    row("storage.exports_parts", every("/etc/exports.d/**"), FreeText, Deep),
    row("storage.rpc_clients", every("/sys/kernel/debug/sunrpc/*/*/{tasks,info}"), Identifying, Deep),
    row("storage.cifs", every("/proc/fs/cifs/{DebugData,Stats}"), Identifying, Deep),
    row(
        "storage.raid_state",
        every("/sys/block/md*/md/{array_state,degraded,sync_action,mismatch_cnt,raid_disks,level}"),
        Facts,
        Quick,
    ),
    row("storage.raid_members", every("/sys/block/md*/md/*/{state,errors,slot}"), Facts, Standard),
    row("storage.raid_detail", Command(&["/usr/sbin/mdadm", "--detail", "--scan", "--verbose"]), Identifying, Deep)
        .when(&[When::Path("/sys/module/md_mod")]),
    row("storage.raid_speed", every("/proc/sys/dev/raid/*"), Facts, Deep),
    row("storage.btrfs", every("/sys/fs/btrfs/*/{label,metadata_uuid,nodesize,quota_override}"), Identifying, Deep),
    row("storage.fibre_statistics", every("/sys/class/fc_host/*/statistics/*"), Facts, Standard),
    row(
        "storage.fibre_remote",
        every("/sys/class/fc_remote_ports/*/{port_state,port_name,roles,dev_loss_tmo,fast_io_fail_tmo}"),
        Identifying,
        Standard,
    ),
    // By name: opening some files beside them stops a trace of the adapter or talks to its firmware.
    row("storage.fibre_debug", every("/sys/kernel/debug/qla2xxx/*/{fw_resource_count,tgt_counters,tgt_sess}"), Identifying, Deep),
    row("storage.fibre_emulex", every("/sys/kernel/debug/lpfc/*/*/{nodelist,scsistat,nvmestat}"), Identifying, Deep),
    row("storage.fibre_cisco", every("/sys/kernel/debug/fnic/statistics/*/stats"), Facts, Deep),
    row("storage.iscsi_files", every("/etc/iscsi/{iscsid.conf,initiatorname.iscsi}"), Credentials, Deep),
    row("storage.iscsi_nodes", every("/var/lib/iscsi/**"), Credentials, Deep),
    row("storage.iscsi_state", every("/sys/class/iscsi_session/*/{state,targetname,recovery_tmo,tpgt}"), Identifying, Standard),
    row("storage.multipath_files", every("/etc/multipath/**"), Identifying, Standard),
    row("storage.udisks", every("/etc/udisks2/**"), FreeText, Deep),
    row("storage.fcoe", every("/etc/fcoe/**"), FreeText, Deep),
];
