//! The kernel's and the services' own account of themselves: taint, crash dumps, time, swap, files, connections.

use super::{Memory, Verdict};
use crate::{
    alerts::Severity,
    cut,
    facts::Facts,
    findings::{Event, Findings},
    rules::{Found, Kind, Words, daemons::CLOCK_UNSYNCED},
    tap::Context,
};

/// Percent of a limit from which it is nearly reached.
const NEAR: u64 = 90;
/// Percent of the swap space in use from which it counts as full.
const SWAP: u64 = 95;

static KERNEL_TAINTED: Kind = Kind {
    name: "kernel_tainted",
    severity: Severity::Medium,
    summary: Words { en: "The running kernel is tainted: {what}", zh: "当前内核已被污染（taint）：{what}" },
    advice: Words {
        en: "Something went wrong since the boot: the kernel's log of that time names it. The mark stays until the next boot.",
        zh: "自启动以来内核发生过异常：查看当时的内核日志。该标记保留到下次重启。",
    },
};

pub(crate) static KDUMP_NOT_ARMED: Kind = Kind {
    name: "kdump_not_armed",
    severity: Severity::Medium,
    summary: Words { en: "A crash of the kernel would leave no dump: {what}", zh: "内核崩溃时不会留下转储：{what}" },
    advice: Words {
        en: "Reserve memory (crashkernel=512M on x86_64, crashkernel=1024M,high on aarch64), then enable kdump.service; kdumpctl status tells whether it is armed.",
        zh: "预留内存（x86_64 用 crashkernel=512M，aarch64 用 crashkernel=1024M,high），再启用 kdump.service；用 kdumpctl status 确认。",
    },
};

static SWAP_FULL: Kind = Kind {
    name: "swap_full",
    severity: Severity::Medium,
    summary: Words { en: "{used} % of the swap space is in use", zh: "交换空间已用 {used}%" },
    advice: Words {
        en: "Compare MemAvailable and the memory of the largest processes; vmstat's si and so tell whether pages move now.",
        zh: "对照 MemAvailable 和占用内存最多的进程；用 vmstat 的 si、so 判断当前是否在换页。",
    },
};

static FD_NEAR_LIMIT: Kind = Kind {
    name: "fd_near_limit",
    severity: Severity::High,
    summary: Words {
        en: "{used} of at most {limit} files are open on the host", zh: "系统已打开 {used} 个文件，上限 {limit}"
    },
    advice: Words {
        en: "Find the process with most entries in /proc/PID/fd; raise fs.file-max only when the number is right.",
        zh: "找出 /proc/PID/fd 中条目最多的进程；确认数量合理后再调大 fs.file-max。",
    },
};

static CONNTRACK_NEAR_LIMIT: Kind = Kind {
    name: "conntrack_near_limit",
    severity: Severity::High,
    summary: Words {
        en: "{used} of at most {limit} connections are tracked", zh: "连接跟踪表已用 {used} 条，上限 {limit}"
    },
    advice: Words {
        en: "New connections are dropped when the table is full: raise net.netfilter.nf_conntrack_max and the hash size, shorten the timeouts, or exempt traffic with NOTRACK.",
        zh: "表满后新连接会被丢弃：调大 net.netfilter.nf_conntrack_max 及哈希表，缩短超时，或用 NOTRACK 免除部分流量。",
    },
};

/// Bits of the taint mask that tell of trouble (Documentation/admin-guide/tainted-kernels.rst), the gravest first; modules
/// from elsewhere, live patches and the firmware's faults are facts, no alerts.
const TAINTS: &[(u32, &str, Severity)] = &[
    (7, "it oopsed (D)", Severity::High),
    (5, "it found a bad page (B)", Severity::High),
    (4, "a machine check happened (M)", Severity::High),
    (14, "a soft lockup happened (L)", Severity::Medium),
    (9, "it warned (W)", Severity::Low),
    (1, "a module was forced in (F)", Severity::Low),
    (3, "a module was forced out (R)", Severity::Low),
    (2, "it runs on hardware out of its specification (S)", Severity::Low),
];

/// `/proc/sys/kernel/tainted`.
pub(crate) fn taint(_: &mut Memory, line: &str) -> Verdict {
    let mask: u64 = line.trim().parse().ok()?;
    let set: Vec<_> = TAINTS.iter().filter(|(bit, ..)| mask >> bit & 1 == 1).collect();
    let severity = set.iter().map(|(.., severity)| *severity).max()?;
    let what: Vec<&str> = set.iter().map(|(_, what, _)| *what).collect();
    Some((&KERNEL_TAINTED, Found::about("kernel").with("what", Some(&what.join(", "))).at(severity)))
}

/// `/sys/kernel/kexec_crash_loaded`.
pub(crate) fn kdump_loaded(_: &mut Memory, line: &str) -> Verdict {
    let found = Found::about("kdump").with("what", Some("no crash kernel is loaded (kexec_crash_loaded is 0)"));
    (line.trim() == "0").then_some((&KDUMP_NOT_ARMED, found))
}

/// `/sys/kernel/kexec_crash_size`.
pub(crate) fn kdump_size(_: &mut Memory, line: &str) -> Verdict {
    let found = Found::about("kdump").with("what", Some("no memory is reserved for it (crashkernel=)"));
    (line.trim() == "0").then_some((&KDUMP_NOT_ARMED, found))
}

/// `timedatectl show`, `timedatectl`, and our own lines of the same names.
pub(crate) fn time(_: &mut Memory, line: &str) -> Verdict {
    let line = line.trim();
    let off = line == "NTPSynchronized=no" || line == "System clock synchronized: no";
    off.then(|| (&CLOCK_UNSYNCED, Found::about("clock").with("what", Some(line))))
}

/// `chronyc tracking`.
pub(crate) fn chrony(_: &mut Memory, line: &str) -> Verdict {
    let (name, value) = line.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let off = match name {
        "Leap status" => value == "Not synchronised",
        // More than a second, in either direction.
        "System time" => value.split(['.', ' ']).next()?.parse::<u64>().ok()? > 0,
        _ => false,
    };
    let what = format!("{name}: {value}");
    off.then(|| (&CLOCK_UNSYNCED, Found::about("clock").with("what", Some(&what))))
}

/// `/proc/meminfo`.
pub(crate) fn swap(memory: &mut Memory, line: &str) -> Verdict {
    let (name, value) = line.split_once(':')?;
    let kib: u64 = cut::digits(value.trim_start())?.parse().ok()?;
    match name {
        "SwapTotal" => memory.number = Some(kib),
        "SwapFree" => {
            let total = memory.number.filter(|total| *total > 0)?;
            let used = percent(total.checked_sub(kib)?, total);
            let found = Found::about("swap").with("used", Some(&used.to_string()));
            return (used >= SWAP).then_some((&SWAP_FULL, found));
        }
        _ => {}
    }
    None
}

/// `/proc/sys/fs/file-nr`: allocated, unused, most.
pub(crate) fn files(_: &mut Memory, line: &str) -> Verdict {
    let mut numbers = line.split_whitespace().map(str::parse::<u64>);
    let (used, unused, limit) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    near(&FD_NEAR_LIMIT, "fd", used.saturating_sub(unused), limit)
}

/// The two numbers of connection tracking, which stand in two files.
pub(crate) fn conntrack(facts: &Facts, context: &Context) -> Option<Findings> {
    let (kind, found) = near(&CONNTRACK_NEAR_LIMIT, "nf_conntrack", facts.conntrack_count?, facts.conntrack_max?)?;
    let path = "proc/sys/net/netfilter/nf_conntrack_count";
    let mut findings = Findings { state: true, ..Findings::new(path, &context.zone, context.latest) };
    findings.add(Event::now(kind, found));
    Some(findings)
}

fn near(kind: &'static Kind, subject: &str, used: u64, limit: u64) -> Verdict {
    let found = Found::about(subject).with("used", Some(&used.to_string())).with("limit", Some(&limit.to_string()));
    (limit > 0 && percent(used, limit) >= NEAR).then_some((kind, found))
}

fn percent(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 100 / u128::from(whole.max(1))).try_into().unwrap_or(u64::MAX)
}
