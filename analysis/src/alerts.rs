//! Alerts as `oediag/alerts.json` carries them.
//!
//! In: values made by `fold`. Out: serde types. Never holds text that was not in the clean member or in our own tables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How urgent an alert is; ordered from `Low` to `Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing when something else is wrong.
    Low,
    /// To be looked at in working hours.
    Medium,
    /// A service or a device is failing now.
    High,
    /// Data or the whole host is at risk.
    Critical,
}

/// One statement in both languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

/// Lines of one member that show the event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Path of the member inside the bundle; for a row of a database of the host `PATH#TABLE`, see [`crate::shown_in`].
    pub path: String,
    /// First line, counted from 1 in the (inflated) member; for a database the row's id.
    pub line: u64,
    /// Last line, at least `line`.
    pub end: u64,
}

/// One event, or repeats of one event, that somebody should know about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// What happened, a stable word such as `oom_kill`.
    pub kind: String,
    /// The highest severity of the folded events.
    pub severity: Severity,
    /// First time seen, RFC 3339 with the host's offset; `None` when no source has a time.
    pub first: Option<String>,
    /// Last time seen, like `first`.
    pub last: Option<String>,
    /// When a recovery said that the last of the events was over, like `first`; the key is absent when nothing said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Whether this is a check of the host's state when it was examined, and no event a log told of; absent when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub state: bool,
    /// How many events were folded; an event seen in two members counts once.
    pub count: u64,
    /// Where to look, at most 20 ranges, ordered by path and line.
    pub evidence: Vec<Evidence>,
    /// What happened, with the values read from the lines.
    pub summary: Text,
    /// What to do next.
    pub advice: Text,
}

/// The file `oediag/alerts.json`, schema `oediag.alerts/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertsJson {
    /// Always `oediag.alerts/1`.
    pub schema: String,
    /// At most 500 alerts, most severe first, then newest first.
    pub alerts: Vec<Alert>,
    /// Events that found no room, counted by kind; the key is absent when there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
}

impl AlertsJson {
    /// The schema's name.
    pub const SCHEMA: &str = "oediag.alerts/1";

    /// Wraps the alerts of one bundle and the counts of what found no room.
    pub fn new(alerts: Vec<Alert>, left_out: BTreeMap<String, u64>) -> Self {
        Self { schema: Self::SCHEMA.to_owned(), alerts, left_out }
    }
}
