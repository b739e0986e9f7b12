//! systemd itself in need: jobs that time out or depend on what failed, watchdogs, emergency mode, its own crash.
//!
//! In: lines of process 1. Out: what was found. Units whose process failed are in `process`.

use super::{
    Flow, Found, Kind, Rule, Turn, Words,
    process::{EXITS, SERVICE_FAILED, service},
};
use crate::alerts::Severity;

static EMERGENCY_MODE: Kind = Kind {
    name: "emergency_mode",
    severity: Severity::Critical,
    summary: Words {
        en: "The host came up in emergency mode: only a console is left", zh: "主机进入紧急模式，仅控制台可用"
    },
    advice: Words {
        en: "Look for the mount or device that failed just before (a line of /etc/fstab, a missing disk or volume), repair it and boot again.",
        zh: "查找此前失败的挂载或设备（/etc/fstab 中的某行、缺失的磁盘或卷），修复后重新启动。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &SERVICE_FAILED,
        "systemd[1]",
        &["/start timed out.", "Timed out waiting for device "],
        |text| {
            if let Some(device) = text.strip_prefix("Timed out waiting for device ") {
                return Some(timed_out(device.split_once(" - ").map_or(device, |(unit, _)| unit).trim_end_matches('.')));
            }
            let (unit, job) = text.split_once(": Job ")?;
            job.ends_with("/start timed out.").then(|| timed_out(unit))
        },
        |found, text| {
            let device = text.starts_with("Timed out waiting for device ") && found.subject.ends_with(".device");
            let same = text.strip_prefix(found.subject.as_str()).is_some_and(|rest| rest.starts_with(": Job "));
            if device || same { Flow::More } else { Flow::Over }
        },
    ),
    Rule::block(
        &SERVICE_FAILED,
        "systemd[1]",
        &["Dependency failed for "],
        |text| {
            let unit = text.strip_prefix("Dependency failed for ")?;
            Some(Found::about(unit.trim_end_matches('.')).with("result", Some("dependency")))
        },
        |_, text| {
            // What depends on it in turn, and the jobs that are given up for it.
            let chain = text.starts_with("Dependency failed for ") || text.contains(" failed with result 'dependency'");
            if chain { Flow::More } else { Flow::Over }
        },
    ),
    Rule {
        turn: Turn::Low,
        ..Rule::block(
            &SERVICE_FAILED,
            "systemd[1]",
            &[": Watchdog timeout (", " timed out. Killing", " timed out. Terminating", " timed out. Stopping"],
            |text| {
                let (unit, what) = text.split_once(": ").filter(|(unit, _)| !unit.contains(' '))?;
                let watchdog = what.starts_with("Watchdog timeout (");
                Some(if watchdog {
                    Found::about(unit).with("result", Some("watchdog"))
                } else {
                    timed_out(unit).at(Severity::Medium)
                })
            },
            ending,
        )
    },
    Rule::block(&SERVICE_FAILED, "systemd[1]", &["Caught <", "Freezing execution"], process_one, |_, text| {
        if process_one(text).is_some() { Flow::More } else { Flow::Over }
    }),
    Rule::block(
        &EMERGENCY_MODE,
        "systemd[1]",
        &["Reached target Emergency Mode", "Started Emergency Shell"],
        emergency,
        |_, text| if emergency(text).is_some() { Flow::More } else { Flow::Over },
    ),
];

/// systemd kills the processes of the unit, then tells of their end and of the unit's.
fn ending(found: &mut Found, text: &str) -> Flow {
    let rest = text.strip_prefix(found.subject.as_str()).and_then(|rest| rest.strip_prefix(": "));
    let Some(rest) = rest.filter(|_| !found.settled) else { return service(found, text) };
    let failed = rest.starts_with("Failed with result '");
    if failed && found.severity == Some(Severity::Medium) {
        found.severity = None;
    }
    let own = failed || rest.starts_with("Killing process") || EXITS.iter().any(|exit| rest.starts_with(exit));
    if own { Flow::More } else { service(found, text) }
}

fn timed_out(unit: &str) -> Found {
    Found::about(unit).with("result", Some("timeout"))
}

fn process_one(text: &str) -> Option<Found> {
    let crashed = text.starts_with("Caught <") || text.starts_with("Freezing execution");
    crashed.then(|| Found::about("systemd[1]").with("exit", Some(text.trim_end_matches('.'))).at(Severity::Critical))
}

fn emergency(text: &str) -> Option<Found> {
    let here = text.starts_with("Reached target Emergency Mode") || text.starts_with("Started Emergency Shell");
    here.then(|| Found::about("emergency"))
}
