//! The host runs into a limit or loses something it needs: processes, files, network file systems, time.

use super::{Found, Kind, Rule, Words, sysmonitor::FD_HIGH};
use crate::{alerts::Severity, cut};

pub(crate) static PIDS_LIMIT: Kind = Kind {
    name: "pids_limit",
    severity: Severity::High,
    summary: Words { en: "{subject} may not start more processes", zh: "{subject} 的进程数达到上限" },
    advice: Words {
        en: "Count the tasks of this unit with systemctl status. Raise TasksMax= (or the container's pids limit) if the number is right, else look for a leak of threads.",
        zh: "用 systemctl status 查看该单元的任务数。数量合理则调大 TasksMax=（或容器的 pids 限制），否则排查线程泄漏。",
    },
};

pub(crate) static NFS_TIMEOUT: Kind = Kind {
    name: "nfs_timeout",
    severity: Severity::High,
    summary: Words {
        en: "NFS server {subject} does not respond[ ({what})]", zh: "NFS 服务器 {subject} 无响应[（{what}）]"
    },
    advice: Words {
        en: "Processes that touch its mounts wait until it answers. Check the network to the server, its load and its nfsd threads; nfsstat -m shows the mounts.",
        zh: "访问该挂载的进程会一直等待。检查到服务器的网络、服务器负载和 nfsd 线程；用 nfsstat -m 查看挂载。",
    },
};

pub(crate) static CLOCK_UNSTABLE: Kind = Kind {
    name: "clock_unstable",
    severity: Severity::Medium,
    summary: Words {
        en: "The kernel gave up clock source {subject} as unstable", zh: "内核判定时钟源 {subject} 不稳定并停用"
    },
    advice: Words {
        en: "Time calls get slower with the clock source that replaced it (current_clocksource below /sys/devices/system/clocksource). Look for a firmware update; on a virtual machine look at the host's load.",
        zh: "替换后的时钟源会使取时间变慢（见 /sys/devices/system/clocksource 的 current_clocksource）。检查固件更新；虚拟机检查宿主机负载。",
    },
};

static RT_THROTTLED: Kind = Kind {
    name: "rt_throttled",
    severity: Severity::Medium,
    summary: Words {
        en: "Real-time tasks used up their share of a CPU and were held back",
        zh: "实时任务用尽 CPU 配额，已被限制运行",
    },
    advice: Words {
        en: "ps -eLo pid,cls,rtprio,pcpu,comm finds the task with class FF or RR that does not sleep; the kernel says it only once in a boot.",
        zh: "用 ps -eLo pid,cls,rtprio,pcpu,comm 查找不休眠的 FF 或 RR 类任务；内核每次启动只提示一次。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::line(&PIDS_LIMIT, "kernel", &["cgroup: fork rejected by pids controller in "], |text| {
        Some(Found::about(text.strip_prefix("cgroup: fork rejected by pids controller in ")?))
    }),
    Rule::line(&FD_HIGH, "kernel", &["VFS: file-max limit "], |text| {
        let limit = cut::digits(text.strip_prefix("VFS: file-max limit ")?)?;
        Some(Found::about("fd").with("used", Some(limit)).at(Severity::Critical))
    }),
    Rule::line(&NFS_TIMEOUT, "kernel", &[" not responding, "], |text| {
        let (server, what) = text.strip_prefix("nfs: server ")?.split_once(" not responding, ")?;
        Some(Found::about(server).with("what", Some(what)))
    }),
    Rule::recovery(&NFS_TIMEOUT, "kernel", &["nfs: server "], |text| {
        Some(Found::about(text.strip_prefix("nfs: server ")?.strip_suffix(" OK")?))
    }),
    Rule::line(&CLOCK_UNSTABLE, "kernel", &["Marking clocksource '", "Marking TSC unstable due to "], |text| {
        if text.contains("Marking TSC unstable due to ") {
            return text.starts_with("tsc: ").then(|| Found::about("tsc"));
        }
        let starts = text.starts_with("clocksource: ") || text.starts_with("TSC ");
        cut::between(text, "Marking clocksource '", "'").filter(|_| starts).map(Found::about)
    }),
    Rule::line(&RT_THROTTLED, "kernel", &["RT throttling activated"], |text| {
        text.starts_with("sched: RT throttling activated").then(|| Found::about("sched"))
    }),
];
