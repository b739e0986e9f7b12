//! The kernel stops or nearly does: panic, oops, BUG.

use super::{Flow, Found, Kind, Rule, Words, dump};
use crate::{alerts::Severity, cut};

/// The arm64 headline of an error that is not tied to an instruction.
const SERROR: &str = "SError Interrupt on CPU";

static KERNEL_PANIC: Kind = Kind {
    name: "kernel_panic",
    severity: Severity::Critical,
    summary: Words {
        en: "Kernel panic: {subject}[ (after {cause})]", zh: "内核崩溃（panic）：{subject}[（此前为 {cause}）]"
    },
    advice: Words {
        en: "Look for the matching folder in /var/crash and analyse its vmcore with crash and the kernel-debuginfo of this kernel; the lines before the panic name the cause.",
        zh: "在 /var/crash 中找到对应目录，用 crash 和该内核的 kernel-debuginfo 分析 vmcore；panic 之前的日志行说明原因。",
    },
};

static KERNEL_OOPS: Kind = Kind {
    name: "kernel_oops",
    severity: Severity::Critical,
    summary: Words {
        en: "Kernel oops: {what}[ in {function}][, process {process}]",
        zh: "内核异常（oops）：{what}[，位于 {function}][，进程 {process}]",
    },
    advice: Words {
        en: "Match the function at the top of the stack with known defects of this kernel version, and check out-of-tree modules (taint flags O, E). Keep the vmcore in /var/crash if there is one.",
        zh: "用栈顶函数比对该内核版本的已知缺陷，并检查第三方模块（污染标志 O、E）。若 /var/crash 有 vmcore，请保留。",
    },
};

static KERNEL_BUG: Kind = Kind {
    name: "kernel_bug",
    severity: Severity::Critical,
    summary: Words { en: "Kernel bug: {what}[ in {function}]", zh: "内核 BUG：{what}[，位于 {function}]" },
    advice: Words {
        en: "The kernel found its own data inconsistent: match the source line with known defects of this version, rule out bad memory (EDAC, BMC), and plan a restart.",
        zh: "内核发现自身数据不一致：用源码行比对该版本的已知缺陷，排除内存故障（EDAC、BMC），并安排重启。",
    },
};

static KERNEL_WARNING: Kind = Kind {
    name: "kernel_warning",
    severity: Severity::Medium,
    summary: Words {
        en: "Kernel warning at {subject}[ in {function}]", zh: "内核警告（WARNING）：{subject}[，位于 {function}]"
    },
    advice: Words {
        en: "The kernel went on, but a check of its own failed: match the place with known defects of this version, and note what happened just before.",
        zh: "内核继续运行，但自检未通过：用该位置比对此版本的已知缺陷，并查看此前发生的事件。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &KERNEL_PANIC,
        "kernel",
        &["Kernel panic - not syncing: ", SERROR],
        |text| {
            if let Some(reason) = text.strip_prefix("Kernel panic - not syncing: ") {
                return Some(Found::about(reason));
            }
            text.starts_with(SERROR).then(|| Found::about(text).with("cause", cut::before(text, ",").or(Some(text))))
        },
        |found, text| {
            if let Some(reason) = text.strip_prefix("Kernel panic - not syncing: ") {
                found.subject = cut::limited(reason, 200);
                return Flow::More;
            }
            if text.starts_with("---[ end Kernel panic") {
                return Flow::Last;
            }
            // Registers belong to the error before the panic; the panic itself has at most a stack.
            let stack = text.starts_with(' ') || text.eq_ignore_ascii_case("Call trace:");
            if found.subject.starts_with(SERROR) || stack { dump::follow(found, text) } else { Flow::Over }
        },
    ),
    Rule::block(
        &KERNEL_BUG,
        "kernel",
        &[
            "kernel BUG at ",
            "BUG: Bad page ",
            "BUG: Bad rss-counter",
            "BUG: scheduling while atomic",
            "BUG: sleeping function called",
            "BUG: spinlock ",
            "BUG kmalloc-",
            "BUG kmem_cache",
            "): Redzone overwritten",
            "): Poison overwritten",
            "): Object padding overwritten",
            "): Object already free",
            "): Freepointer corrupt",
            "list_del corruption",
            "list_add corruption",
        ],
        |text| {
            if let Some(list) = text.get(..19).filter(|list| matches!(*list, "list_del corruption" | "list_add corruption")) {
                return Some(Found::about(list).with("what", Some(text)));
            }
            if let Some((cache, what)) = text.strip_prefix("BUG ").and_then(|rest| rest.split_once("): ")) {
                return Some(Found::about(cut::word(cache)?).with("what", Some(what)));
            }
            let what = text.strip_prefix("BUG: ").or_else(|| text.starts_with("kernel BUG at ").then_some(text))?;
            let place = text
                .strip_prefix("kernel BUG at ")
                .map_or_else(|| what.split([':', ',']).next(), |place| Some(place.trim_end_matches('!')));
            Some(Found::about(place?).with("what", Some(what.trim_end_matches('!'))))
        },
        |found, text| {
            locate(found, text);
            // A list found broken stops the kernel on the next line.
            let list = found.subject.starts_with("list_")
                && (text.starts_with("kernel BUG at ") || text.ends_with("[ cut here ]------------"));
            let detail = list
                || text.starts_with("page:")
                || text.starts_with("raw: ")
                || text.starts_with("page dumped because")
                || text.starts_with("in_atomic()");
            if detail { Flow::More } else { dump::follow(found, text) }
        },
    ),
    Rule::block(
        &KERNEL_OOPS,
        "kernel",
        &[
            "BUG: unable to handle ",
            "BUG: kernel NULL pointer dereference",
            "Unable to handle kernel ",
            "Internal error: ",
            "general protection fault",
            "SError Interrupt on CPU",
            "Oops: ",
        ],
        |text| {
            let starts = [
                "BUG: unable to handle ",
                "BUG: kernel NULL",
                "Unable to handle kernel ",
                "Internal error: ",
                "general protection fault",
                "Oops: ",
            ];
            let oops = starts.iter().any(|start| text.starts_with(start));
            let numbered = !text.starts_with("general protection fault") || text.contains("[#") || text.contains("non-canonical");
            let what = cut::before(text, " at ").or_else(|| cut::before(text, ", address")).unwrap_or(text);
            let what = what.strip_prefix("BUG: ").unwrap_or(what);
            (oops && numbered).then(|| Found::about(what).with("what", Some(what)))
        },
        |found, text| {
            locate(found, text);
            if let Some(function) = found.get("function") {
                found.subject = function.to_owned();
            }
            dump::follow(found, text)
        },
    ),
    Rule::block(
        &KERNEL_WARNING,
        "kernel",
        &["WARNING: CPU: ", "WARNING: at "],
        |text| {
            let place = text.strip_prefix("WARNING: ").and_then(|rest| {
                rest.strip_prefix("at ").or_else(|| cut::after(rest, " at ").filter(|_| rest.contains(" PID: ")))
            })?;
            let (place, function) = place.split_once(' ').unwrap_or((place, ""));
            let function = function.split('+').next().filter(|function| !function.is_empty());
            Some(Found::about(place).with("function", function))
        },
        dump::follow,
    ),
];

/// Takes the function and the process from `RIP:`, `pc :` and `CPU:` lines; the first of each counts.
fn locate(found: &mut Found, text: &str) {
    let place = text.strip_prefix("RIP: 0010:").or_else(|| text.strip_prefix("pc : "));
    if let (Some(place), None) = (place, found.get("function")) {
        found.set("function", place.split(['+', ' ']).next());
    }
    if text.starts_with("CPU: ") && found.get("process").is_none() {
        found.set("process", cut::after(text, "Comm: ").and_then(cut::word));
    }
}
