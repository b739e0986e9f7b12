//! Tasks and CPUs that do not move: hung tasks, lockups, stalls.

use super::{Flow, Found, Kind, Rule, Words, dump};
use crate::{alerts::Severity, cut};

static HUNG_TASK: Kind = Kind {
    name: "hung_task",
    severity: Severity::High,
    summary: Words {
        en: "Task {task} (pid {pid}) was blocked for more than {seconds} seconds",
        zh: "任务 {task}（PID {pid}）阻塞超过 {seconds} 秒",
    },
    advice: Words {
        en: "The stack in the evidence shows what it waits for. If it is storage, look for I/O errors and slow disks at the same time (iostat -x, multipath -ll); otherwise look for the holder of the lock.",
        zh: "证据中的调用栈显示它在等待什么。若在等待存储，检查同一时间的 I/O 错误和慢盘（iostat -x、multipath -ll）；否则查找持锁的任务。",
    },
};

static SOFT_LOCKUP: Kind = Kind {
    name: "soft_lockup",
    severity: Severity::High,
    summary: Words {
        en: "Soft lockup: {subject} was stuck for {seconds} s[ in {task}]",
        zh: "软死锁：{subject} 卡住 {seconds} 秒[，当时运行 {task}]",
    },
    advice: Words {
        en: "Read the stack in the evidence. On a virtual machine, check steal time (sar -u ALL) first; on hardware, check the driver or module at the top of the stack.",
        zh: "查看证据中的调用栈。虚拟机先检查被窃取的 CPU 时间（sar -u ALL）；物理机检查栈顶的驱动或模块。",
    },
};

static HARD_LOCKUP: Kind = Kind {
    name: "hard_lockup",
    severity: Severity::Critical,
    summary: Words {
        en: "Hard lockup: CPU {subject} no longer took interrupts", zh: "硬死锁：CPU {subject} 不再响应中断"
    },
    advice: Words {
        en: "Collect the stack in the evidence and any vmcore in /var/crash, and check the BMC event log for hardware faults of that CPU.",
        zh: "收集证据中的调用栈和 /var/crash 中的 vmcore，并检查 BMC 事件日志中该 CPU 的硬件故障。",
    },
};

static WORKQUEUE_LOCKUP: Kind = Kind {
    name: "workqueue_lockup",
    severity: Severity::High,
    summary: Words {
        en: "Workqueue lockup: the pool of cpus={subject} was stuck for {seconds} s",
        zh: "工作队列死锁：cpus={subject} 的工作池卡住 {seconds} 秒",
    },
    advice: Words {
        en: "The list of busy work items in the evidence names the function that does not return; look for a soft lockup or RCU stall of the same CPU.",
        zh: "证据中的工作项列表给出了未返回的函数；检查同一 CPU 是否有软死锁或 RCU 停顿。",
    },
};

static RCU_STALL: Kind = Kind {
    name: "rcu_stall",
    severity: Severity::High,
    summary: Words {
        en: "RCU stall[ on CPU {cpu}]: a CPU did not pass a quiescent state[ for {jiffies} jiffies]",
        zh: "RCU 停顿[（CPU {cpu}）]：有 CPU 未经过静止状态[，持续 {jiffies} 个节拍]",
    },
    advice: Words {
        en: "Look at the CPU's stack in the evidence: endless loops with preemption off, interrupt storms (/proc/interrupts) and starved virtual CPUs are the usual causes.",
        zh: "查看证据中该 CPU 的调用栈：常见原因是关抢占的长循环、中断风暴（/proc/interrupts）和虚拟 CPU 得不到调度。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &HUNG_TASK,
        "kernel",
        &[" blocked for more than "],
        |text| {
            let task = text.strip_prefix("INFO: task ")?;
            let (name, pid) = cut::before(task, " blocked for more than ")?.rsplit_once(':')?;
            let seconds = cut::digits(cut::after(task, " blocked for more than ")?);
            Some(Found::about(&format!("{name}:{pid}")).with("task", Some(name)).with("pid", Some(pid)).with("seconds", seconds))
        },
        |found, text| {
            let state = found.get("task").is_some_and(|task| text.starts_with(task)) || text.starts_with("\"echo 0 >");
            if state { Flow::More } else { dump::follow(found, text) }
        },
    ),
    Rule::block(
        &SOFT_LOCKUP,
        "kernel",
        &["BUG: soft lockup - CPU#"],
        |text| {
            let cpu = cut::digits(cut::after(text, "soft lockup - CPU#")?)?;
            let task = cut::after(text, "! [").and_then(|rest| rest.strip_suffix(']'));
            let seconds = cut::after(text, "stuck for ").and_then(cut::digits);
            Some(Found::about(&format!("CPU#{cpu}")).with("seconds", seconds).with("task", task))
        },
        dump::follow,
    ),
    Rule::block(
        &HARD_LOCKUP,
        "kernel",
        &["detected hard LOCKUP on cpu "],
        |text| Some(Found::about(cut::digits(cut::after(text, "hard LOCKUP on cpu ")?)?)),
        dump::follow,
    ),
    Rule::block(
        &WORKQUEUE_LOCKUP,
        "kernel",
        &["BUG: workqueue lockup - pool"],
        |text| {
            let cpus = cut::between(text, " cpus=", " ")?;
            Some(Found::about(cpus).with("seconds", cut::after(text, "stuck for ").and_then(cut::digits)))
        },
        dump::follow,
    ),
    Rule::block(
        &RCU_STALL,
        "kernel",
        &["detected stall on CPU", "detected stalls on CPUs", "detected expedited stalls", "kthread starved for "],
        |text| {
            if let Some(jiffies) = cut::after(text, " kthread starved for ").and_then(cut::digits) {
                let flavour = cut::word(text.strip_prefix("rcu: ").unwrap_or(text))?;
                return flavour.starts_with("rcu").then(|| Found::about(flavour).with("jiffies", Some(jiffies)));
            }
            let reports = text.starts_with("rcu: INFO:") || text.starts_with("INFO: rcu");
            let flavour = cut::between(text, "INFO: ", " ").unwrap_or("rcu");
            reports.then(|| Found::about(flavour))
        },
        |found, text| {
            let detail = text.strip_prefix("rcu: ").unwrap_or(text);
            let stalled = cut::digits(detail.trim_start()).filter(|_| detail.starts_with('\t') && detail.contains("-."));
            if let (Some(cpu), false) = (stalled, found.settled) {
                found.subject = format!("{}:{cpu}", found.subject);
                found.set("cpu", Some(cpu));
                found.settled = true;
            }
            found.set("jiffies", cut::after(detail, "t=").and_then(cut::digits));
            if text.starts_with("rcu: ") && !text.contains("INFO:") { Flow::More } else { dump::follow(found, text) }
        },
    ),
];
