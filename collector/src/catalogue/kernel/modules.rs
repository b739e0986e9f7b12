//! Modules and their settings, vendor defaults, tracing, patches, accelerators' counters.

use super::{loaded, row};
use crate::catalogue::{
    Depth::{Deep, Quick, Standard},
    MIB,
    Privacy::{Facts, FreeText, Identifying},
    Probe::{Command, File, Native},
    Source, every, newest,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("kernel.module_state", Native { member: "native/kernel.module_state.tsv", run: loaded::state }, Facts, Standard),
    row("kernel.module_settings", Native { member: "native/kernel.module_settings.tsv", run: loaded::settings }, Facts, Standard),
    row("kernel.module_dependencies", newest(2, "/usr/lib/modules/*/modules.dep"), Facts, Deep),
    row("kernel.module_lists", every("/etc/{conf.modules,modprobe.conf,modules.conf,request-key.conf}"), FreeText, Standard),
    row("kernel.modules_load", every("/etc/modules-load.d/*"), FreeText, Standard),
    row("kernel.request_key", every("/etc/request-key.d/**"), FreeText, Deep),
    row("kernel.modprobe_vendor", every("/usr/lib/modprobe.d/**"), Facts, Deep),
    row("kernel.modprobe_site", every("/usr/local/lib/modprobe.d/**"), FreeText, Deep),
    row("kernel.modprobe_run", every("/run/modprobe.d/**"), FreeText, Deep),
    row("kernel.sysctl_local", every("/usr/local/lib/sysctl.d/**"), FreeText, Deep),
    row("kernel.sysctl_run", every("/run/sysctl.d/**"), FreeText, Deep),
    row("kernel.events", every("/sys/kernel/{hardlockup_count,softlockup_count,oops_count,warn_count}"), Facts, Quick),
    row(
        "kernel.tracing",
        every(
            "/sys/kernel/debug/tracing/{current_tracer,available_tracers,tracing_on,trace_clock,buffer_size_kb,set_event,kprobe_events,uprobe_events,set_ftrace_filter,tracing_cpumask}",
        ),
        Facts,
        Deep,
    ),
    // Where newer systemd mounts the same.
    row(
        "kernel.tracing_folder",
        every(
            "/sys/kernel/tracing/{current_tracer,available_tracers,tracing_on,trace_clock,buffer_size_kb,set_event,kprobe_events,uprobe_events,set_ftrace_filter,tracing_cpumask}",
        ),
        Facts,
        Deep,
    ),
    row("kernel.dynamic_debug", File("/sys/kernel/debug/dynamic_debug/control"), Facts, Deep).most(4 * MIB, 10),
    row("kernel.balloon", File("/sys/kernel/debug/hv-balloon"), Facts, Deep),
    row("kernel.drivers", every("/proc/driver/**"), Facts, Deep),
    row("kernel.rtc", every("/sys/class/rtc/*/{name,date,time,since_epoch,hctosys,max_user_freq}"), Facts, Standard),
    row("kernel.dkms_builds", every("/var/lib/dkms/*/*/*/*/log/make.log"), FreeText, Deep),
    row("kernel.bpf_maps", Command(&["/usr/sbin/bpftool", "map", "list"]), Identifying, Deep),
    row("kernel.bpf_network", Command(&["/usr/sbin/bpftool", "net", "list"]), Identifying, Deep),
    row("kernel.bpf_groups", Command(&["/usr/sbin/bpftool", "cgroup", "tree"]), Identifying, Deep),
    row("kernel.livepatch_state", every("/proc/livepatch/*"), Facts, Standard),
    row("kernel.syscare_patches", every("/usr/lib/syscare/patches/*/patch_info"), Facts, Standard),
    row("kernel.hisi_pmu", every("/sys/bus/event_source/devices/hisi_*/{type,cpumask,identifier}"), Facts, Deep),
    // Counters of the driver by name: the registers beside them can be set to clear when they are read.
    row(
        "kernel.hisi_debug",
        every(
            "/sys/kernel/debug/{hisi_hpre,hisi_sec2,hisi_zip}/*/{hpre_dfx,sec_dfx,zip_dfx,qm}/{send_cnt,recv_cnt,send_fail_cnt,send_busy_cnt,recv_busy_cnt,err_bd_cnt,invalid_req_cnt,done_flag_cnt,over_thrhld_cnt,err_irq,aeq_irq,abnormal_irq,create_qp_err,mb_err,status}",
        ),
        Facts,
        Deep,
    ),
];
