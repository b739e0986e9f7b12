//! What openEuler's own watchers report: sysSentry's plug-ins and xalarm, gala-gopher.
//!
//! In: a line of a plug-in's log, or one JSON object. Out: what was found. Never believes an object it cannot parse.

use serde_json::Value;

use super::{Found, Kind, Rule, Words};
use crate::{alerts::Severity, cut};

static SLOW_IO: Kind = Kind {
    name: "slow_io",
    severity: Severity::High,
    summary: Words {
        en: "Slow I/O on {subject}[: {operation}][, reason {reason}][: {what}]",
        zh: "{subject} 慢 I/O[：{operation}][，原因 {reason}][：{what}]",
    },
    advice: Words {
        en: "Compare await and %util in iostat -x or sar -d for that time. A reason of IO press means load; a driver or disk reason calls for a look at smartctl or nvme smart-log.",
        zh: "对照该时间 iostat -x 或 sar -d 中的 await 和 %util。原因为 IO press 表示负载高；原因为驱动或磁盘时，检查 smartctl 或 nvme smart-log。",
    },
};

static SENTRY_ALARM: Kind = Kind {
    name: "sentry_alarm",
    severity: Severity::Medium,
    summary: Words {
        en: "sysSentry raised alarm {id} ({level})[ from {source}][ on {device}][, reason {reason}]",
        zh: "sysSentry 告警 {id}（{level}）[，来源 {source}][，设备 {device}][，原因 {reason}]",
    },
    advice: Words {
        en: "sentryctl get_result of this plug-in shows its last verdict; alarm 1001 is memory, 1002 slow I/O, 1128 means that sysSentry itself stopped.",
        zh: "用 sentryctl get_result 查看该插件最近的结论；1001 为内存，1002 为慢 I/O，1128 表示 sysSentry 自身停止。",
    },
};

static SENTRY_FAULT: Kind = Kind {
    name: "sentry_fault",
    severity: Severity::Low,
    summary: Words { en: "sysSentry reported an error in {subject}[: {what}]", zh: "sysSentry 的 {subject} 报错[：{what}]" },
    advice: Words {
        en: "sentryctl status of this plug-in and its log in /var/log/sysSentry show whether it found a fault or failed itself.",
        zh: "用 sentryctl status 和 /var/log/sysSentry 下的日志确认该插件是发现了故障，还是自身运行失败。",
    },
};

static GOPHER_EVENT: Kind = Kind {
    name: "gopher_event",
    severity: Severity::Medium,
    summary: Words { en: "gala-gopher: {subject}[: {what}]", zh: "gala-gopher 事件：{subject}[：{what}]" },
    advice: Words {
        en: "The metric named in the event is in gala-gopher's metrics of that time; compare it with sar and with the alerts around it.",
        zh: "事件中的指标可在 gala-gopher 当时的指标数据中查看；与 sar 及前后的告警对照。",
    },
};

/// Logs of sysSentry's plug-ins; the text begins with the level.
pub(crate) static LOG: &[Rule] = &[
    Rule::line(&SLOW_IO, "sentry", &["[SLOW IO]"], |text| {
        if !(text.starts_with("WARN") || text.starts_with("ERROR") || text.starts_with("CRITICAL")) {
            return None;
        }
        let alarm = cut::after(text, "[SLOW IO]")?;
        let field = |name: &str| {
            cut::after(alarm, &format!("{name}: "))
                .or_else(|| cut::after(alarm, &format!("'{name}': '")))
                .map(|rest| rest.split([',', '\'', '}']).next().unwrap_or(rest).trim())
        };
        let disk = field("disk").or_else(|| field("driver_name"))?;
        let operation = field("iotype").or_else(|| field("io_type"));
        Some(Found::about(disk).with("operation", operation).with("reason", field("reason")))
    }),
    Rule::line(&SENTRY_FAULT, "sentry", &["- ERROR - ", "- CRITICAL - "], |text| {
        let (place, what) = cut::after(text, " - [")?.split_once("] - ")?;
        let level = text.starts_with("ERROR - ") || text.starts_with("CRITICAL - ");
        (level && is_fault(what)).then(|| Found::about(place.split(':').next().unwrap_or(place)).with("what", Some(what)))
    }),
    Rule::line(&SENTRY_FAULT, "sentry", &["isolate CPU core", "isolated cpu", "isolate cpu"], |text| {
        let (place, what) = cut::after(text.strip_prefix("WARN")?, " - [")?.split_once("] - ")?;
        let found = Found::about(place.split(':').next().unwrap_or(place)).with("what", Some(what));
        Some(found.at(Severity::Medium))
    }),
];

/// Words of a fault of the host.
const FAULTS: &[&str] = &["fault", "faults", "faulty", "isolate", "isolated", "isolating", "isolation", "repair", "repaired"];
/// What a plug-in watches, and what happens to it.
const PARTS: &[&str] = &["cpu", "core", "cores", "hbm", "page", "memory", "ring", "disk"];
const FAILED: &[&str] = &["fail", "failed", "failure", "error", "errors", "offline"];
/// Words of a plug-in that could not run, or does not have to.
const OWN: &[&str] =
    &["optional", "skip", "skipped", "config", "configuration", "socket", "open", "load", "connect", "parse", "invalid"];

/// Whether a plug-in speaks of the host, and not of its own files and settings.
fn is_fault(what: &str) -> bool {
    let what = what.to_lowercase();
    let words: Vec<&str> = what.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let some = |known: &[&str]| words.iter().any(|word| known.contains(word));
    (some(FAULTS) || (some(PARTS) && some(FAILED))) && !some(OWN)
}

/// Something an object tells.
#[derive(Debug)]
pub(crate) struct Told {
    pub kind: &'static Kind,
    pub found: Found,
    pub time: Option<When>,
    /// It is over, not begun.
    pub recovery: bool,
}

/// A time as objects give it.
#[derive(Debug)]
pub(crate) enum When {
    /// Milliseconds since 1970.
    Millis(i64),
    /// Date and time of day in the host's zone.
    Local(String),
}

/// One event of gala-gopher.
pub(crate) fn gopher(object: &Value) -> Option<Told> {
    let severity = object["SeverityText"].as_str()?;
    let metric = object["Resource"]["metrics"].as_str().unwrap_or_default();
    let body = object["Body"].as_str().unwrap_or_default();
    let entity = cut::between(body, "Entity(", ")").unwrap_or("?");
    let what = cut::after(body, "Entity(").and_then(|rest| cut::after(rest, ")")).map(str::trim);
    let disk = metric.starts_with("gala_gopher_disk_") || metric.starts_with("gala_gopher_block_");
    let (kind, low, high) =
        if disk { (&SLOW_IO, Severity::Medium, Severity::High) } else { (&GOPHER_EVENT, Severity::Low, Severity::Medium) };
    let severity = match severity {
        "WARN" => low,
        "ERROR" => high,
        "FATAL" => Severity::High,
        _ => return None,
    };
    let subject = if disk { entity.to_owned() } else { format!("{metric} {entity}") };
    let time = object["Timestamp"].as_i64().map(When::Millis);
    Some(Told { kind, found: Found::about(subject.trim()).with("what", what).at(severity), time, recovery: false })
}

/// One alarm of `sentryctl get_alarm`.
pub(crate) fn alarm(object: &Value) -> Option<Told> {
    let id = object["alarm_id"].as_u64()?;
    let info = &object["alarm_info"];
    let text = |name: &str| info[name].as_str().filter(|value| !value.is_empty());
    let level = object["alarm_level"].as_str()?;
    let severity = match level {
        "MINOR_ALM" => Severity::Medium,
        "MAJOR_ALM" => Severity::High,
        "CRITICAL_ALM" => Severity::Critical,
        _ => return None,
    };
    let recovery = match object["alarm_type"].as_str()? {
        "ALARM_TYPE_OCCUR" => false,
        "ALARM_TYPE_RECOVER" => true,
        _ => return None,
    };
    let device = text("driver_name");
    let subject = format!("{id} {} {}", text("alarm_source").unwrap_or_default(), device.unwrap_or_default());
    let found = Found::about(&subject)
        .at(severity)
        .with("id", Some(&id.to_string()))
        .with("level", Some(level))
        .with("source", text("alarm_source"))
        .with("device", device)
        .with("reason", text("reason"));
    let time = object["timestamp"].as_str().map(|time| When::Local(time.to_owned()));
    Some(Told { kind: &SENTRY_ALARM, found, time, recovery })
}
