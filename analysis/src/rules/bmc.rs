//! The BMC's event log: `ipmitool sel elist`, `sel list` and `sel list -v`.
//!
//! The BMC's clock may run in any zone, so these events have no time and stay apart from what the host logged.

use super::{Flow, Found, Kind, Rule, Words};
use crate::{alerts::Severity, cut};

static BMC_SEL: Kind = Kind {
    name: "bmc_sel",
    severity: Severity::Medium,
    summary: Words { en: "BMC event log: {subject}", zh: "BMC 事件日志：{subject}" },
    advice: Words {
        en: "Open the BMC event log for the details of the sensor, and replace the part if the event is uncorrectable or repeats. The time in it is the BMC's clock.",
        zh: "在 BMC 事件日志中查看该传感器的详情；若为不可纠正或反复出现，更换部件。日志时间为 BMC 时钟。",
    },
};

/// Words of the IPMI event tables and what they mean; the first that the event has as whole words counts. `None` is no alert.
const EVENTS: &[(&str, Option<Severity>)] = &[
    ("uncorrectable", Some(Severity::Critical)),
    ("non-recoverable", Some(Severity::Critical)),
    ("ierr", Some(Severity::Critical)),
    ("thermal trip", Some(Severity::Critical)),
    ("fatal", Some(Severity::Critical)),
    ("non-fatal", Some(Severity::High)),
    ("run-time critical stop", Some(Severity::Critical)),
    ("machine check", Some(Severity::Critical)),
    ("failed array", Some(Severity::Critical)),
    ("predictive", Some(Severity::High)),
    ("failure", Some(Severity::Critical)),
    ("failed", Some(Severity::Critical)),
    ("drive fault", Some(Severity::Critical)),
    ("redundancy lost", Some(Severity::High)),
    ("fault", Some(Severity::Critical)),
    ("critical array", Some(Severity::High)),
    ("non-critical", Some(Severity::Medium)),
    ("critical", Some(Severity::High)),
    ("ac lost", Some(Severity::High)),
    ("redundancy degraded", Some(Severity::High)),
    ("configuration error", Some(Severity::High)),
    ("parity", Some(Severity::High)),
    ("pci serr", Some(Severity::High)),
    ("pci perr", Some(Severity::High)),
    ("bus timeout", Some(Severity::High)),
    ("log area reset", None),
    ("sel full", Some(Severity::Low)),
    ("correctable ecc logging limit", Some(Severity::High)),
    ("correctable", Some(Severity::Medium)),
    ("throttled", Some(Severity::Medium)),
    ("watchdog", Some(Severity::High)),
    ("hard reset", Some(Severity::High)),
    ("degraded", Some(Severity::High)),
];

fn weigh(what: &str) -> Option<Severity> {
    let what = what.to_lowercase();
    EVENTS.iter().find(|(words, _)| has(&what, words)).and_then(|(_, severity)| *severity)
}

/// Whether the words stand in `text` whole: "fault" does not stand in "default", nor "fatal" in "non-fatal".
fn has(text: &str, words: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-';
    text.match_indices(words).any(|(at, _)| !text[..at].ends_with(part) && !text[at + words.len()..].starts_with(part))
}

/// The BMC's event log.
pub(crate) static SEL: &[Rule] = &[
    Rule::line(&BMC_SEL, "sel", &["|"], |text| {
        let fields: Vec<&str> = text.split('|').map(str::trim).collect();
        let number = fields.first().is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if !number || fields.contains(&"Deasserted") {
            return None;
        }
        // `sel list` of old versions ends without a word for the state.
        let end = fields.iter().position(|field| *field == "Asserted").unwrap_or(fields.len());
        let what = fields.get(end.checked_sub(1)?).filter(|_| end >= 4)?;
        let sensor = fields.get(end - 2)?;
        weigh(what).map(|severity| Found::about(&format!("{sensor} {what}")).at(severity))
    }),
    Rule::block(
        &BMC_SEL,
        "sel",
        &["SEL Record ID "],
        |text| text.trim_start().starts_with("SEL Record ID").then(|| Found::about("").unsure()),
        |found, text| {
            let Some((name, value)) = text.split_once(" : ") else { return Flow::Over };
            match name.trim() {
                "SEL Record ID" => return Flow::Over,
                "Sensor Type" => found.subject = cut::limited(value.trim(), 100),
                "Sensor Number" => found.subject = format!("{} #0x{}", found.subject, cut::limited(value.trim(), 8)),
                "Event Direction" => found.settled = value.contains("Assertion") && !value.contains("Deassertion"),
                "Description" => {
                    found.subject = format!("{} {}", found.subject, cut::limited(value.trim(), 100));
                    found.severity = weigh(value);
                    found.sure = found.settled && found.severity.is_some();
                }
                _ => {}
            }
            Flow::More
        },
    ),
];
