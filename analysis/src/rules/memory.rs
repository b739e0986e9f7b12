//! Memory: the OOM killer, failed allocations.

use super::{Flow, Found, Kind, Rule, Words, dump};
use crate::{alerts::Severity, cut};

static OOM_KILL: Kind = Kind {
    name: "oom_kill",
    severity: Severity::Critical,
    summary: Words {
        en: "The host ran out of memory[: the kernel killed {name} (pid {pid})][, anon-rss {rss}][, score {score}][; the allocation was made by {invoker}]",
        zh: "主机内存耗尽[，内核杀死了 {name}（PID {pid}）][，匿名内存 {rss}][，评分 {score}][；触发分配的进程是 {invoker}]",
    },
    advice: Words {
        en: "Read the task table in the evidence to see who used the memory, and compare with sar -r for the hour before. Limit or move the \
             largest consumer, or add memory.",
        zh: "查看证据行中的进程内存表，确认占用内存的进程，并用 sar -r 对照之前一小时的变化。对占用最大的进程限额、迁移，或扩充内存。",
    },
};

static MEMCG_OOM: Kind = Kind {
    name: "memcg_oom",
    severity: Severity::High,
    summary: Words {
        en: "A memory cgroup reached its limit[ of {limit}][ ({cgroup})][: the kernel killed {name} (pid {pid})][, anon-rss {rss}]",
        zh: "内存 cgroup 达到上限[ {limit}][（{cgroup}）][，内核杀死了 {name}（PID {pid}）][，匿名内存 {rss}]",
    },
    advice: Words {
        en: "Compare the limit of the container or service (memory.limit_in_bytes, MemoryMax=) with what it needs, then raise the limit or \
             look for a leak in the program.",
        zh: "将容器或服务的内存上限（memory.limit_in_bytes、MemoryMax=）与实际需要比较，提高上限，或排查程序的内存泄漏。",
    },
};

static PAGE_ALLOC_FAILURE: Kind = Kind {
    name: "page_alloc_failure",
    severity: Severity::Medium,
    summary: Words {
        en: "[Page allocation of order {order} failed or stalled in {subject}][{subject}: {what}]",
        zh: "[{subject} 申请 {order} 阶连续内存页失败或停顿][{subject}：{what}]",
    },
    advice: Words {
        en: "An order above 3 points to fragmentation: look at /proc/buddyinfo, and consider a larger vm.min_free_kbytes or a smaller ring or MTU of the network driver.",
        zh: "阶数大于 3 说明内存碎片化：查看 /proc/buddyinfo，可考虑调大 vm.min_free_kbytes，或减小网卡驱动的队列深度、MTU。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &OOM_KILL,
        "kernel",
        &[
            " invoked oom-killer:",
            " killed as a result of limit of ",
            "oom-kill:constraint=",
            "Out of memory: Kill",
            "Out of memory (",
            "Memory cgroup out of memory: Kill",
        ],
        |text| {
            let mut found = Found::about("oom").with("invoker", cut::before(text, " invoked oom-killer:"));
            absorb(&mut found, text);
            Some(found)
        },
        oom,
    ),
    Rule::block(
        &PAGE_ALLOC_FAILURE,
        "kernel",
        &[": page allocation failure: order:", ": page allocation stalls for "],
        |text| {
            let comm = cut::before(text, ": page allocation ")?;
            Some(Found::about(comm).with("order", cut::digits(cut::after(text, "order:")?)))
        },
        |_, text| if dump::is_dump(text) || dump::is_memory(text) { Flow::More } else { Flow::Over },
    ),
    Rule::block(
        &PAGE_ALLOC_FAILURE,
        "kernel",
        &["SLUB: Unable to allocate memory on node ", "vmap allocation for size "],
        |text| {
            if text.starts_with("SLUB: ") {
                return Some(Found::about("SLUB").with("what", cut::after(text, "SLUB: ")));
            }
            let failed = text.starts_with("vmap allocation for size ") && text.contains(" failed");
            failed.then(|| Found::about("vmalloc").with("what", Some(text)))
        },
        |_, text| if text.starts_with("  cache: ") || text.starts_with("  node ") { Flow::More } else { Flow::Over },
    ),
];

/// Headlines that no report of the OOM killer holds: they end one that was cut short.
const OTHERS: &[&str] = &[
    "Kernel panic",
    "INFO: task ",
    "watchdog: ",
    "BUG: ",
    "rcu: INFO: ",
    "EXT4-fs ",
    "XFS (",
    "nvme ",
    "NETDEV ",
    "EDAC ",
    "mce: ",
    "{",
];

/// Everything else the kernel prints between the first line and the kill belongs to the report; after the kill only
/// what names the victim does.
fn oom(found: &mut Found, text: &str) -> Flow {
    if text.contains(" invoked oom-killer:") || OTHERS.iter().any(|head| text.starts_with(head)) {
        return Flow::Over;
    }
    if !found.settled {
        absorb(found, text);
        return Flow::More;
    }
    if text.starts_with("oom_reaper: reaped process") {
        return Flow::Last;
    }
    if text.starts_with("Killed process ") {
        absorb(found, text);
        return Flow::More;
    }
    Flow::Over
}

fn absorb(found: &mut Found, text: &str) {
    if text.contains("CONSTRAINT_MEMCG")
        || text.contains("Memory cgroup out of memory")
        || text.contains("killed as a result of limit of")
    {
        found.kind = Some(&MEMCG_OOM);
    }
    found.set("cgroup", cut::after(text, " as a result of limit of ").or_else(|| cut::between(text, "oom_memcg=", ",")));
    if text.starts_with("memory: usage ") {
        found.set("limit", cut::between(text, "limit ", ","));
    }
    let victim = cut::after(text, "Kill process ").or_else(|| cut::after(text, "Killed process "));
    if let Some(victim) = victim {
        let name = cut::after(victim, " (").and_then(|rest| {
            cut::before(rest, ") score").or_else(|| cut::before(rest, ") total-vm")).or_else(|| cut::before(rest, ")"))
        });
        if let (Some(pid), Some(name)) = (cut::digits(victim), name) {
            found.subject = cut::limited(&format!("{name}:{pid}"), 200);
            found.set("pid", Some(pid));
            found.set("name", Some(name));
            found.settled = true;
        }
        found.set("score", cut::after(victim, ") score ").and_then(cut::digits));
        found.set("rss", cut::between(victim, "anon-rss:", ","));
    }
}
