//! sysmonitor's alarms. The severity word of its lines is not the severity of the alarm: the text decides.

use super::{
    Flow, Found, Kind, Rule, Words,
    storage::{DISK_FULL, FS_ERROR, FS_READONLY, INODE_FULL},
};
use crate::{alerts::Severity, cut};

/// Percent of a full file system from which the alert is critical.
const NEARLY_FULL: f64 = 95.0;

static CPU_HIGH: Kind = Kind {
    name: "cpu_high",
    severity: Severity::Medium,
    summary: Words { en: "{subject} usage reached {used}", zh: "{subject} 使用率达到 {used}" },
    advice: Words {
        en: "Use top or pidstat -u to find the processes, and sar -u for the course of that time.",
        zh: "用 top 或 pidstat -u 找出占用进程，用 sar -u 查看当时的变化。",
    },
};

static MEM_HIGH: Kind = Kind {
    name: "mem_high",
    severity: Severity::High,
    summary: Words { en: "Memory usage reached {used}", zh: "内存使用率达到 {used}" },
    advice: Words {
        en: "Look at MemAvailable and Slab in /proc/meminfo and sort processes by RSS (ps aux --sort=-rss); check for an OOM kill soon after.",
        zh: "查看 /proc/meminfo 的 MemAvailable 和 Slab，按 RSS 排序进程（ps aux --sort=-rss）；检查随后是否发生 OOM。",
    },
};

static IO_DELAY: Kind = Kind {
    name: "io_delay",
    severity: Severity::High,
    summary: Words {
        en: "I/O delay of {subject} is above {limit} ms[: {samples}]",
        zh: "磁盘 {subject} 的 I/O 时延超过 {limit} 毫秒[：{samples}]",
    },
    advice: Words {
        en: "Compare await in iostat -x or sar -d and look for I/O errors of the disk at the same time.",
        zh: "对照 iostat -x 或 sar -d 的 await，并检查同一时间该磁盘的 I/O 错误。",
    },
};

static PROCESS_DOWN: Kind = Kind {
    name: "process_down",
    severity: Severity::High,
    summary: Words { en: "Key process {subject} is abnormal[, {what}]", zh: "关键进程 {subject} 异常[，{what}]" },
    advice: Words {
        en: "Check systemctl status of the service and its log; the recovery command is set in /etc/sysmonitor/process/.",
        zh: "查看该服务的 systemctl status 和日志；恢复命令在 /etc/sysmonitor/process/ 中配置。",
    },
};

static NIC_DOWN: Kind = Kind {
    name: "nic_down",
    severity: Severity::Medium,
    summary: Words {
        en: "Network device {subject} went down[, by {by}]", zh: "网络设备 {subject} 被置为 down[，操作者 {by}]"
    },
    advice: Words {
        en: "The command named in the line did it: ip or ifdown means a person or script, kworker means the link was lost.",
        zh: "日志中的 comm 是操作者：ip、ifdown 表示人为或脚本操作，kworker 表示链路断开。",
    },
};

pub(crate) static FD_HIGH: Kind = Kind {
    name: "fd_high",
    severity: Severity::High,
    summary: Words { en: "{used} file descriptors are open on the host", zh: "系统已打开 {used} 个文件描述符" },
    advice: Words {
        en: "Compare /proc/sys/fs/file-nr with fs.file-max; the next line lists the processes with most open files.",
        zh: "比较 /proc/sys/fs/file-nr 与 fs.file-max；下一行列出打开文件最多的进程。",
    },
};

static ZOMBIE_HIGH: Kind = Kind {
    name: "zombie_high",
    severity: Severity::Medium,
    summary: Words { en: "{used} zombie processes", zh: "僵尸进程数 {used}" },
    advice: Words {
        en: "ps -eo ppid,stat with state Z shows the parent that does not reap them; fix or restart the parent.",
        zh: "用 ps -eo ppid,stat 查看 Z 状态进程的父进程；修复或重启未回收子进程的父进程。",
    },
};

static PSCNT_HIGH: Kind = Kind {
    name: "pscnt_high",
    severity: Severity::High,
    summary: Words {
        en: "[{processes} processes on the host][{threads} threads on the host]",
        zh: "[系统进程数达到 {processes}][系统线程数达到 {threads}]",
    },
    advice: Words {
        en: "Count by name with ps -e -o comm, look for fork loops and thread leaks, and compare with kernel.pid_max and threads-max.",
        zh: "用 ps -e -o comm 按名称统计，检查循环 fork 和线程泄漏，并与 kernel.pid_max、threads-max 比较。",
    },
};

static FILE_DELETED: Kind = Kind {
    name: "file_deleted",
    severity: Severity::Medium,
    summary: Words {
        en: "Watched file {subject} was deleted[, by {by}]", zh: "被监控的文件 {subject} 已删除[，操作者 {by}]"
    },
    advice: Words {
        en: "Find out who ran the command (audit log, shell history at that time), and restore the file from its package: rpm -qf, then dnf reinstall.",
        zh: "通过当时的审计日志和命令历史确认操作者，并从软件包恢复文件：rpm -qf 查询后 dnf reinstall。",
    },
};

static IP_DELETED: Kind = Kind {
    name: "ip_deleted",
    severity: Severity::Medium,
    summary: Words {
        en: "Address {address} was taken off {device}[, by {by}]",
        zh: "网卡 {device} 的地址 {address} 被删除[，操作者 {by}]",
    },
    advice: Words {
        en: "Check whether that was intended: the audit log and shell history of that time show who ran the command; ip addr shows what is left.",
        zh: "确认是否为预期操作：当时的审计日志和命令历史可查操作者；用 ip addr 查看剩余地址。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::line(&CPU_HIGH, "sysmonitor", &["usage alarm: "], |text| {
        let subject = cut::before(text, " usage alarm: ").filter(|subject| subject.starts_with("CPU"))?;
        Some(Found::about(subject).with("used", cut::after(text, "usage alarm: ")))
    }),
    Rule::block(
        &MEM_HIGH,
        "sysmonitor",
        &["memory usage alarm: "],
        |text| Some(Found::about("memory").with("used", text.strip_prefix("memory usage alarm: "))),
        |found, text| {
            if text.contains("show_memory_info end") {
                return Flow::Last;
            }
            // The account of memory stands between two ruled lines; anything else ends the event.
            found.settled |= text.contains("show /proc/meminfo:");
            let other = text.contains(" alarm") || text.contains(" resume");
            if found.settled && !other { Flow::More } else { Flow::Over }
        },
    ),
    Rule::line(&DISK_FULL, "sysmonitor", &["report disk alarm, "], |text| space(text.strip_prefix("report disk alarm, ")?)),
    Rule::line(&INODE_FULL, "sysmonitor", &["report disk inode alarm, "], |text| {
        let found = space(text.strip_prefix("report disk inode alarm, ")?)?;
        Some(if found.severity.is_some() { found.at(Severity::High) } else { found })
    }),
    Rule::block(
        &IO_DELAY,
        "sysmonitor",
        &["IO delay is too large"],
        |text| {
            let disk = cut::before(text.strip_prefix("local disk")?.trim_start_matches([':', ' ']), " IO delay")?;
            Some(Found::about(disk).with("limit", cut::after(text, "threshold is ").and_then(cut::digits)))
        },
        |found, text| {
            let samples = cut::after(text, "io delay data: ").filter(|_| text.starts_with("disk is "));
            found.set("samples", samples);
            if samples.is_some() { Flow::Last } else { Flow::Over }
        },
    ),
    Rule::line(&PROCESS_DOWN, "sysmonitor", &[" is abnormal, "], |text| {
        let (process, what) = text.split_once(" is abnormal, ")?;
        what.starts_with("check cmd").then(|| Found::about(process).with("what", Some(what)))
    }),
    Rule::line(&NIC_DOWN, "sysmonitor", &[": device is down"], |text| {
        Some(Found::about(cut::before(text, ": device is down")?).with("by", cut::between(text, "comm: ", ",")))
    }),
    Rule::block(
        &FD_HIGH,
        "sysmonitor",
        &["sys fd count alarm: "],
        |text| Some(Found::about("fd").with("used", cut::digits(text.strip_prefix("sys fd count alarm: ")?))),
        |_, text| if text.starts_with("open fd most") { Flow::Last } else { Flow::Over },
    ),
    Rule::line(&ZOMBIE_HIGH, "sysmonitor", &["zombie process count alarm: "], |text| {
        Some(Found::about("zombies").with("used", cut::digits(text.strip_prefix("zombie process count alarm: ")?)))
    }),
    Rule::line(&PSCNT_HIGH, "sysmonitor", &["process count alarm: ", "threads count alarm: "], |text| {
        let subject = if text.starts_with("process count alarm: ") { "processes" } else { "threads" };
        let used = text.strip_prefix("process count alarm: ").or_else(|| text.strip_prefix("threads count alarm: "))?;
        Some(Found::about(subject).with(subject, Some(cut::digits(used)?)))
    }),
    Rule::block(&FS_ERROR, "sysmonitor", &[" filesystem error."], file_system, |found, text| {
        let Some(next) = file_system(text).filter(|next| next.subject == found.subject) else { return Flow::Over };
        found.kind = found.kind.or(next.kind);
        Flow::More
    }),
    Rule::line(&PROCESS_DOWN, "sysmonitor", &["custom daemon monitor: child process["], |text| {
        let name = cut::between(text, "] name ", " ")?;
        let code = cut::between(text, " exit code[", "]")?;
        let what = format!("exit code {code}");
        (code != "0").then(|| Found::about(name).with("what", Some(&what)).at(Severity::Medium))
    }),
    Rule::line(&IP_DELETED, "sysmonitor", &["] is deleted"], |text| {
        let (device, rest) = text.split_once(": ip[")?;
        let address = cut::before(rest, "]")?;
        let found = Found::about(&format!("{device} {address}")).with("device", Some(device)).with("address", Some(address));
        Some(found.with("by", cut::between(rest, "comm: ", ",")))
    }),
    Rule::recovery(&IP_DELETED, "sysmonitor", &["] is added"], |text| {
        let (device, rest) = text.split_once(": ip[")?;
        Some(Found::about(&format!("{device} {}", cut::before(rest, "]")?)))
    }),
    Rule::recovery(&CPU_HIGH, "sysmonitor", &["usage resume"], |text| {
        cut::before(text, " usage resume").filter(|subject| subject.starts_with("CPU")).map(Found::about)
    }),
    Rule::recovery(&MEM_HIGH, "sysmonitor", &["memory usage resume"], |text| {
        text.starts_with("memory usage resume").then(|| Found::about("memory"))
    }),
    Rule::recovery(&DISK_FULL, "sysmonitor", &["report disk "], |text| {
        let inodes = text.starts_with("report disk inode recovered, ");
        let place =
            text.strip_prefix("report disk recovered, ").or_else(|| text.strip_prefix("report disk inode recovered, "))?;
        let found = Found::about(place.rsplit_once(" used:")?.0);
        Some(if inodes { found.of(&INODE_FULL) } else { found })
    }),
    Rule::recovery(&IO_DELAY, "sysmonitor", &["IO delay is normal"], |text| {
        let disk = cut::before(text.strip_prefix("local disk")?.trim_start_matches([':', ' ']), " IO delay")?;
        Some(Found::about(disk))
    }),
    Rule::recovery(&PROCESS_DOWN, "sysmonitor", &[" is recovered"], |text| {
        Some(Found::about(text.trim_end().strip_suffix(" is recovered")?))
    }),
    Rule::recovery(&NIC_DOWN, "sysmonitor", &[": device is up"], |text| Some(Found::about(cut::before(text, ": device is up")?))),
    Rule::recovery(&FD_HIGH, "sysmonitor", &["sys fd count resume"], |text| {
        text.starts_with("sys fd count resume").then(|| Found::about("fd"))
    }),
    Rule::recovery(&ZOMBIE_HIGH, "sysmonitor", &["zombie process count resume"], |text| {
        text.starts_with("zombie process count resume").then(|| Found::about("zombies"))
    }),
    Rule::recovery(&PSCNT_HIGH, "sysmonitor", &["process count resume", "threads count resume"], |text| {
        let known = [("process count resume", "processes"), ("threads count resume", "threads")];
        known.iter().find(|(start, _)| text.starts_with(start)).map(|(_, subject)| Found::about(subject))
    }),
    Rule::recovery(&FS_READONLY, "sysmonitor", &[" ext-fs resume"], |text| {
        Some(Found::about(cut::before(text, " ext-fs resume")?))
    }),
    Rule::line(&FILE_DELETED, "sysmonitor", &[" was deleted"], |text| {
        let file = text.strip_prefix("File \"").or_else(|| text.strip_prefix("Subfile \""))?;
        Some(Found::about(cut::before(file, "\"")?).with("by", cut::between(text, "comm: ", ",")))
    }),
];

/// `dm-3 filesystem error. Remount filesystem read-only.`, `fs_monitor_ext3_4: dm-3 filesystem error. flag is 1879113728.`
fn file_system(text: &str) -> Option<Found> {
    let text = text.strip_prefix("fs_monitor_ext3_4: ").unwrap_or(text);
    let (device, what) = text.split_once(" filesystem error. ")?;
    let found = Found::about(device).with("type", Some("ext"));
    Some(if what.starts_with("Remount filesystem read-only") { found.of(&FS_READONLY) } else { found })
}

/// `/var/log used:91% alarm:90%`
fn space(text: &str) -> Option<Found> {
    let (mount, rest) = text.rsplit_once(" used:")?;
    let used = cut::before(rest, "%")?;
    let found = Found::about(mount).with("used", Some(used));
    Some(if used.parse::<f64>().ok()? >= NEARLY_FULL { found.at(Severity::Critical) } else { found })
}
