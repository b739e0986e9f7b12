//! Operation records as `oediag/operations.json` carries them: who did what on the host.
//!
//! In: clean lines of logs, audit records, tables of logins and of changed files, stamped shell histories. Out: serde
//! types, and for `fold` the [`Records`] of each member. Never holds text that was not in the clean member, but hex
//! that the redactor has looked into ([`audit`] says which).

mod audit;
mod logs;
mod merge;
mod pattern;
mod reader;
mod store;
mod tables;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alerts::Evidence;

pub(crate) use self::{merge::merge, reader::Reader, store::Records};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// A session of a person or a program began.
    Login,
    /// Somebody was not let in.
    LoginFailed,
    /// A session ended.
    Logout,
    /// A command through sudo.
    Sudo,
    /// Another account was taken on with su.
    Su,
    /// A command, as the audit log or a stamped shell history has it.
    Command,
    /// Software was installed, upgraded or removed.
    Package,
    /// A systemd unit was started, stopped or reloaded.
    Unit,
    /// A scheduled command ran, or a schedule was changed.
    Cron,
    /// A file below `/etc` was changed.
    ConfigChanged,
    /// The host came up.
    Reboot,
    /// The host went down, or was told to.
    Shutdown,
    /// The kernel crashed.
    Crash,
    /// An account or a group was made, changed or removed.
    Account,
    /// The clock or the time zone was set.
    TimeChanged,
    /// Packet filter rules were changed.
    Firewall,
    /// SELinux's mode, policy or switches were changed.
    Selinux,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationResult {
    /// It was done.
    Ok,
    /// It was refused, or went wrong.
    Failed,
}

/// One operation, or repeats of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// When, RFC 3339 with the host's offset; `None` when no source has a time. Of repeats, the first.
    pub time: Option<String>,
    /// The last of the repeats; equal to `time` when there was one.
    pub last: Option<String>,
    /// How many repeats were folded; an operation told by two members counts once.
    pub count: u64,
    /// What sort of thing was done.
    pub kind: OperationKind,
    /// The account that did it, as redacted; a number when no source has its name, `None` when unknown.
    pub who: Option<String>,
    /// Address or terminal it came from, as redacted.
    pub from: Option<String>,
    /// The account whose rights were used, for sudo and su.
    pub run_as: Option<String>,
    /// Command line, package, unit or file, as redacted; at most 400 bytes.
    pub what: String,
    /// How it ended; `None` when the source does not tell.
    pub result: Option<OperationResult>,
    /// Where to look, at most 10 ranges, ordered by path and line.
    pub evidence: Vec<Evidence>,
}

/// The file `oediag/operations.json`, schema `oediag.operations/1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationsJson {
    /// Always `oediag.operations/1`.
    pub schema: String,
    /// At most 5,000 records, oldest first; those without a time come before all others.
    pub operations: Vec<Operation>,
    /// Operations that found no room, counted by kind; the key is absent when there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<OperationKind, u64>,
}

impl OperationsJson {
    /// The schema's name.
    pub const SCHEMA: &str = "oediag.operations/1";

    /// Wraps the records of one bundle and the counts of what found no room.
    pub fn new(operations: Vec<Operation>, left_out: BTreeMap<OperationKind, u64>) -> Self {
        Self { schema: Self::SCHEMA.to_owned(), operations, left_out }
    }
}

impl Operation {
    /// Whether some of it lies in a window of time; what has no time does.
    pub fn within(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> bool {
        let moment = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        let (first, last) = (moment(&self.time), moment(&self.last));
        !(last.is_some_and(|last| since.is_some_and(|since| last < since))
            || first.is_some_and(|first| until.is_some_and(|until| first > until)))
    }
}

impl OperationKind {
    /// All kinds, in the order of their sort.
    pub const ALL: [Self; 17] = [
        Self::Login,
        Self::LoginFailed,
        Self::Logout,
        Self::Sudo,
        Self::Su,
        Self::Command,
        Self::Package,
        Self::Unit,
        Self::Cron,
        Self::ConfigChanged,
        Self::Reboot,
        Self::Shutdown,
        Self::Crash,
        Self::Account,
        Self::TimeChanged,
        Self::Firewall,
        Self::Selinux,
    ];

    /// Its word in the file, such as `login_failed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::LoginFailed => "login_failed",
            Self::Logout => "logout",
            Self::Sudo => "sudo",
            Self::Su => "su",
            Self::Command => "command",
            Self::Package => "package",
            Self::Unit => "unit",
            Self::Cron => "cron",
            Self::ConfigChanged => "config_changed",
            Self::Reboot => "reboot",
            Self::Shutdown => "shutdown",
            Self::Crash => "crash",
            Self::Account => "account",
            Self::TimeChanged => "time_changed",
            Self::Firewall => "firewall",
            Self::Selinux => "selinux",
        }
    }

    /// Repeats no further apart than so many seconds are one record. What machines do all day is folded by the day,
    /// what people do stays apart.
    fn gap(self) -> i64 {
        match self {
            Self::Cron | Self::Unit => 24 * 3600,
            Self::LoginFailed | Self::Firewall => 3600,
            _ => 60,
        }
    }

    /// Two sources tell of the same operation when their times differ by no more seconds than this: dnf's history has
    /// whole minutes, a boot takes its time from the first daemon to the last.
    fn slack(self) -> i64 {
        match self {
            Self::Reboot | Self::Package => 120,
            _ => 2,
        }
    }
}
