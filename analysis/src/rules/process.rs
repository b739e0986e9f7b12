//! Programs and services that fail: segmentation faults, core dumps, systemd units.

use super::{Flow, Found, Kind, Rule, Words, dump};
use crate::{alerts::Severity, cut};

static SEGFAULT: Kind = Kind {
    name: "segfault",
    severity: Severity::Medium,
    summary: Words {
        en: "{subject} (pid {pid}) crashed: {what}[ at {address}]",
        zh: "{subject}（PID {pid}）崩溃：{what}[，地址 {address}]",
    },
    advice: Words {
        en: "Look for its core with coredumpctl list; the library and offset after `in` tell which code failed. Check rpm -V of its package and recent updates.",
        zh: "用 coredumpctl list 查找 core；`in` 后的库名和偏移指明出错代码。用 rpm -V 校验其软件包，并核对近期更新。",
    },
};

static COREDUMP: Kind = Kind {
    name: "coredump",
    severity: Severity::Medium,
    summary: Words { en: "{subject} (pid {pid}) dumped core", zh: "{subject}（PID {pid}）产生 core 转储" },
    advice: Words {
        en: "coredumpctl info with this pid shows the stack; coredumpctl debug opens it.",
        zh: "用 coredumpctl info 加该 PID 查看调用栈，用 coredumpctl debug 调试。",
    },
};

pub(crate) static SERVICE_FAILED: Kind = Kind {
    name: "service_failed",
    severity: Severity::High,
    summary: Words {
        en: "{subject} failed[ with result {result}][ (main process: {exit})]",
        zh: "{subject} 失败[，结果 {result}][（主进程：{exit}）]",
    },
    advice: Words {
        en: "Read systemctl status and journalctl -u for this unit around that time; after the cause is fixed, systemctl reset-failed clears the state.",
        zh: "查看该单元的 systemctl status 以及当时的 journalctl -u；排除原因后用 systemctl reset-failed 清除失败状态。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &SEGFAULT,
        "kernel",
        &[
            "]: segfault at ",
            "]: unhandled ",
            "] general protection",
            "] trap invalid opcode",
            "] trap divide error",
            "] trap int3",
        ],
        |text| {
            let text = text.strip_prefix("traps: ").unwrap_or(text);
            let (program, rest) = text.split_once('[')?;
            let (pid, rest) = rest.split_once(']')?;
            let pid = cut::digits(pid).filter(|digits| *digits == pid)?;
            let what = rest.trim_start_matches([':', ' ']);
            let known = ["segfault at", "unhandled ", "general protection", "trap "].iter().any(|start| what.starts_with(start));
            let fault = what.split(" at ").next().and_then(|what| what.split(" ip").next());
            let address = cut::after(what, " at ").and_then(cut::word);
            known.then(|| Found::about(program).with("pid", Some(pid)).with("what", fault).with("address", address))
        },
        |_, text| if dump::is_dump(text) && !text.starts_with("---[") { Flow::More } else { Flow::Over },
    ),
    Rule::line(&COREDUMP, "systemd-coredump", &[" dumped core"], |text| {
        let rest = text.strip_prefix("Process ")?;
        let pid = cut::digits(rest)?;
        Some(Found::about(cut::between(rest, "(", ") of user")?).with("pid", Some(pid)))
    }),
    Rule::block(
        &SERVICE_FAILED,
        "systemd[1]",
        &[": Main process exited, code=", ": Failed with result '", "Failed to start ", ": Control process exited, code="],
        |text| {
            if let Some(unit) =
                cut::before(text, ": Main process exited, code=").or_else(|| cut::before(text, ": Control process exited, code="))
            {
                return Some(Found::about(unit).with("exit", cut::after(text, "exited, ")).unsure());
            }
            if let Some(unit) = cut::before(text, ": Failed with result '") {
                return Some(Found::about(unit).with("result", cut::between(text, "Failed with result '", "'")));
            }
            Some(Found::about(text.strip_prefix("Failed to start ")?.trim_end_matches('.')))
        },
        |found, text| {
            if text.starts_with("Failed to start ") {
                return Flow::Last;
            }
            let Some(rest) = text.strip_prefix(found.subject.as_str()).and_then(|rest| rest.strip_prefix(": ")) else {
                return Flow::Over;
            };
            if found.sure {
                // The next run of the same unit.
                return Flow::Over;
            }
            if let Some(result) = cut::between(rest, "Failed with result '", "'") {
                found.sure = true;
                found.set("result", Some(result));
                return Flow::More;
            }
            let same = rest.starts_with("Main process exited")
                || rest.starts_with("Control process exited")
                || rest.starts_with("Killing process")
                || rest.starts_with("Unit entered failed state");
            if same { Flow::More } else { Flow::Over }
        },
    ),
];

/// `boot.log`: the console of the boot.
pub(crate) static BOOT: &[Rule] = &[Rule::block(
    &SERVICE_FAILED,
    "boot",
    &["FAILED"],
    |text| {
        let rest = text.trim_start().strip_prefix("[FAILED] ")?;
        let what = rest.strip_prefix("Failed to start ").or_else(|| rest.strip_prefix("Failed to mount "))?;
        // systemd 250 and later write `unit - description`.
        let name = what.split_once(" - ").map_or(what, |(unit, _)| unit);
        Some(Found::about(name.trim_end_matches('.')))
    },
    |found, text| {
        // The hint names the unit; it is no evidence itself.
        if let Some(unit) = cut::between(text, "See 'systemctl status ", "'") {
            found.subject = cut::limited(unit, 200);
        }
        Flow::Over
    },
)];
