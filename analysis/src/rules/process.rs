//! Programs and services that fail: segmentation faults, core dumps, systemd units.

use super::{Flow, Found, Kind, Rule, Turn, Words, dump};
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
    Rule {
        turn: Turn::Low,
        ..Rule::block(
            &SERVICE_FAILED,
            "systemd[1]",
            &[" process exited, code=", ": Failed with result '", "Failed to start ", "Failed to mount "],
            |text| {
                if let Some((unit, exit)) =
                    text.split_once(": ").filter(|(_, what)| EXITS.iter().any(|exit| what.starts_with(exit)))
                {
                    return Some(Found::about(unit).with("exit", cut::after(exit, "exited, ")).unsure());
                }
                if let Some(unit) = cut::before(text, ": Failed with result '") {
                    return Some(Found::about(unit).with("result", cut::between(text, "Failed with result '", "'")));
                }
                Some(Found::about(named(job(text)?)))
            },
            service,
        )
    },
    Rule::recovery(&SERVICE_FAILED, "systemd[1]", &["Started ", "Mounted "], |text| {
        let unit = text.strip_prefix("Started ").or_else(|| text.strip_prefix("Mounted "))?;
        if unit.starts_with("Session ") {
            return None;
        }
        Some(Found::about(named(unit)))
    }),
];

/// How systemd begins to tell of the end of a unit's process.
pub(crate) const EXITS: &[&str] =
    &["Main process exited, code=", "Control process exited, code=", "Mount process exited, code=", "Swap process exited, code="];

/// What systemd says of one unit after it failed, between its lines about others. A restart is part of the story, but no
/// evidence of the failure.
pub(crate) fn service(found: &mut Found, text: &str) -> Flow {
    let Some(rest) = text.strip_prefix(found.subject.as_str()).and_then(|rest| rest.strip_prefix(": ")) else {
        return elsewhere(found, text);
    };
    let restart = rest.contains("scheduling restart") || rest.starts_with("Scheduled restart job");
    if found.sure {
        found.settled |= restart;
        // Else it is the next run of the same unit.
        return if restart || rest.starts_with("Consumed ") { Flow::Aside } else { Flow::Over };
    }
    if let Some(result) = cut::between(rest, "Failed with result '", "'") {
        found.sure = true;
        found.set("result", Some(result));
        return Flow::More;
    }
    let same = EXITS.iter().any(|exit| rest.starts_with(exit))
        || rest.starts_with("Killing process")
        || rest.starts_with("Unit entered failed state");
    if same { Flow::More } else { Flow::Over }
}

/// A line without the unit's name: of its start job, of its restart, or of another unit.
fn elsewhere(found: &mut Found, text: &str) -> Flow {
    if !found.sure {
        return Flow::Other;
    }
    if found.settled {
        if let (Some(what), None) = (text.strip_prefix("Stopped "), &found.alias) {
            found.alias = Some(cut::limited(named(what), 200));
        }
        let started = text.strip_prefix("Started ").map(named);
        found.over = started.is_some() && started == found.alias.as_deref();
        return Flow::Other;
    }
    // The end of the start job is told directly after that of the unit.
    match job(text) {
        Some(what) => {
            found.alias = Some(cut::limited(named(what), 200));
            Flow::Last
        }
        None => Flow::Over,
    }
}

/// What a start job that failed was to start.
fn job(text: &str) -> Option<&str> {
    text.strip_prefix("Failed to start ").or_else(|| text.strip_prefix("Failed to mount "))
}

/// The unit or its description: systemd 250 and later write `unit - description`.
fn named(what: &str) -> &str {
    what.split_once(" - ").map_or(what, |(unit, _)| unit).trim_end_matches('.')
}

/// `boot.log`: the console of the boot.
pub(crate) static BOOT: &[Rule] = &[Rule::block(
    &SERVICE_FAILED,
    "boot",
    &["FAILED", "DEPEND", "TIME"],
    |text| {
        let (mark, rest) = text.trim_start().strip_prefix('[')?.split_once("] ")?;
        let starts: &[&str] = match mark.trim() {
            "FAILED" => &["Failed to start ", "Failed to mount ", "Failed to activate swap ", "Failed to listen on "],
            "DEPEND" => &["Dependency failed for "],
            "TIME" => &["Timed out waiting for device ", "Timed out starting "],
            _ => return None,
        };
        Some(Found::about(named(starts.iter().find_map(|start| rest.strip_prefix(start))?)))
    },
    |found, text| {
        // The hint names the unit; it is no evidence itself.
        if let Some(unit) = cut::between(text, "See 'systemctl status ", "'") {
            found.subject = cut::limited(unit, 200);
        }
        Flow::Over
    },
)];
