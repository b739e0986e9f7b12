//! How memory is used, split over nodes, and bounded.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File},
    Source, Topic, every,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Memory, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row("memory.meminfo", File("/proc/meminfo"), Facts, Quick),
    row("memory.vmstat", File("/proc/vmstat"), Facts, Quick),
    row("memory.buddyinfo", File("/proc/buddyinfo"), Facts, Quick),
    row("memory.pagetypeinfo", File("/proc/pagetypeinfo"), Facts, Standard),
    row("memory.zoneinfo", File("/proc/zoneinfo"), Facts, Standard).most(4 * MIB, 10),
    row("memory.slabinfo", File("/proc/slabinfo"), Facts, Quick),
    row("memory.nodes", every("/sys/devices/system/node/node*/{cpulist,distance,meminfo,numastat}"), Facts, Quick),
    row("memory.numa", Command(&["/usr/bin/numactl", "--hardware"]), Facts, Standard),
    row("memory.numastat", Command(&["/usr/bin/numastat", "-m"]), Facts, Deep),
    row(
        "memory.huge_pages",
        every(
            "/sys/kernel/mm/hugepages/*/{nr_hugepages,free_hugepages,resv_hugepages,surplus_hugepages,\
             nr_overcommit_hugepages}",
        ),
        Facts,
        Standard,
    ),
    row(
        "memory.transparent_huge_pages",
        every("/sys/kernel/mm/transparent_hugepage/{enabled,defrag,shmem_enabled}"),
        Facts,
        Quick,
    ),
    row(
        "memory.settings",
        every(
            "/proc/sys/vm/{swappiness,overcommit_memory,overcommit_ratio,min_free_kbytes,\
             watermark_scale_factor,dirty_ratio,dirty_background_ratio,zone_reclaim_mode,max_map_count,\
             nr_hugepages,panic_on_oom,oom_kill_allocating_task,vfs_cache_pressure,extra_free_kbytes}",
        ),
        Facts,
        Quick,
    ),
    row(
        "memory.cgroup_root",
        every(
            "/sys/fs/cgroup/memory/{memory.limit_in_bytes,memory.usage_in_bytes,memory.failcnt,memory.stat,\
             memory.oom_control}",
        ),
        Facts,
        Standard,
    ),
    row(
        "memory.cgroup_slices",
        every(
            "/sys/fs/cgroup/memory/*.slice/{memory.limit_in_bytes,memory.usage_in_bytes,\
             memory.max_usage_in_bytes,memory.failcnt}",
        ),
        Facts,
        Standard,
    ),
    row(
        "memory.cgroup2_slices",
        every("/sys/fs/cgroup/*.slice/{memory.current,memory.max,memory.high,memory.events,memory.pressure}"),
        Facts,
        Standard,
    ),
    row(
        "memory.cgroup_services",
        every("/sys/fs/cgroup/memory/system.slice/*/{memory.limit_in_bytes,memory.max_usage_in_bytes,memory.failcnt}"),
        Facts,
        Deep,
    ),
    row("memory.swap", Command(&["/usr/sbin/swapon", "--show", "--bytes"]), Identifying, Standard),
    row("memory.ipc", every("/proc/sysvipc/{msg,sem,shm}"), Facts, Standard),
    row("memory.etmem", every("/etc/etmem/**"), FreeText, Deep),
    row("memory.vmalloc", File("/proc/vmallocinfo"), Facts, Deep).most(8 * MIB, 10),
    row("memory.fragmentation", every("/sys/kernel/debug/extfrag/{extfrag_index,unusable_index}"), Facts, Deep),
    row("memory.generations", every("/sys/kernel/mm/lru_gen/*"), Facts, Deep),
    row("memory.same_pages", every("/sys/kernel/mm/ksm/**"), Facts, Standard),
    row("memory.huge_page_daemon", every("/sys/kernel/mm/transparent_hugepage/khugepaged/*"), Facts, Standard),
    row("memory.huge_page_options", every("/sys/kernel/mm/transparent_hugepage/{use_zero_page,hpage_pmd_size}"), Facts, Deep),
    row("memory.node_huge_pages", every("/sys/devices/system/node/node*/hugepages/hugepages-*/*"), Facts, Standard),
    row("memory.node_events", every("/sys/devices/system/node/node*/vmstat"), Facts, Standard),
    row(
        "memory.blocks",
        Command(&["/usr/bin/lsmem", "-a", "-o", "RANGE,SIZE,STATE,REMOVABLE,ZONES,NODE,BLOCK"]),
        Facts,
        Standard,
    ),
    row("memory.slab_aliases", Command(&["/usr/bin/ls", "-ln", "/sys/kernel/slab"]), Facts, Deep),
    row(
        "memory.groups_conf",
        every("/etc/{cgconfig.conf,cgrules.conf,cgsnapshot_blacklist.conf,numad.conf,tuned.conf}"),
        FreeText,
        Standard,
    ),
    row(
        "memory.group_services",
        every("/sys/fs/cgroup/memory/system.slice/*/{memory.usage_in_bytes,memory.stat,memory.oom_control,memory.swappiness}"),
        Facts,
        Deep,
    ),
    row(
        "memory.group_pods",
        every(
            "/sys/fs/cgroup/memory/{docker,kubepods,isulad}/*/{memory.limit_in_bytes,memory.usage_in_bytes,memory.max_usage_in_bytes,memory.failcnt,memory.oom_control}",
        ),
        Facts,
        Deep,
    ),
    row("memory.group_processes", every("/sys/fs/cgroup/pids/*.slice/{pids.current,pids.max,pids.events}"), Facts, Deep),
    row(
        "memory.group_tree2",
        every(
            "/sys/fs/cgroup/*.slice/*/{memory.current,memory.max,memory.events,memory.stat,memory.pressure,cpu.stat,cpu.pressure,io.pressure,pids.current}",
        ),
        Facts,
        Deep,
    ),
    row("memory.group_totals", every("/sys/fs/cgroup/{cgroup.controllers,cgroup.stat,cgroup.max.descendants}"), Facts, Standard),
];
