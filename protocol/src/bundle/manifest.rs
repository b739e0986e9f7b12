//! `oediag/manifest.json` and `oediag/bundle.json`: what was asked, what each source gave, and why not.
//!
//! Unknown fields are refused by [`crate::json`], which compares what was read with what was understood
//! (serde's own `deny_unknown_fields` does not work together with `flatten`).
//! Strings in a manifest come from the redactor (`oediag_collector::redact::Text`) or from our own code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    digest::Sha256,
    id::{BundleId, HostId},
    time::Time,
};

/// The value of `schema` in a manifest.
pub const SCHEMA: &str = "oediag.manifest/1";
/// The value of `schema` in `oediag/bundle.json`.
pub const BUNDLE_SCHEMA: &str = "oediag.bundle/1";

/// What is known when a bundle is begun; stored as the bundle's `oediag/bundle.json` and repeated in its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Random id of this bundle.
    pub bundle_id: BundleId,
    /// Who collected and signed.
    pub host_id: HostId,
    /// The tenant this host is enrolled with.
    pub tenant_id: Option<String>,
    /// Who made the bundle.
    pub agent: Agent,
    /// What was examined.
    pub os: Os,
    /// When collection began, by the examined host's clock.
    pub started: Time,
    /// What is known of that clock.
    pub clock: Clock,
    /// The remote request this answers; none for an operator's own run.
    pub request_id: Option<String>,
    /// The case the operator named with `--case`.
    pub case: Option<String>,
    /// The severity the operator named with `--severity`: `P1` to `P4`.
    pub severity: Option<String>,
    /// Name of the preset; of several, which are a union, the names with commas between them, as they are typed.
    pub preset: String,
    /// The window of time asked for.
    pub window: Window,
    /// The limits this run kept to.
    pub limits: Limits,
    /// The bundle this one was made from by leaving items out.
    pub derived_from: Option<BundleId>,
    /// What the plan expected the run to cost; what it did cost is in `started`, `ended`, and in `bytes` and `ms` of the items.
    pub estimate: Option<Estimate>,
}

/// What a run was expected to cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// Milliseconds of the whole run, whose items are done side by side.
    pub ms: u64,
    /// Bytes of the packed bundle.
    pub packed: u64,
    /// The topics of which something was to be collected, in catalogue order.
    pub topics: Vec<TopicEstimate>,
}

/// What a topic was expected to cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicEstimate {
    /// What stands before the point in the ids of its sources.
    pub topic: String,
    /// Bytes of its members.
    pub bytes: u64,
    /// Milliseconds of its items one after the other; of its samplers, which run beside each other, of the longest.
    pub ms: u64,
}

/// The whole of `oediag/bundle.json`: the first item of a bundle after its README.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleJson {
    /// Always [`BUNDLE_SCHEMA`].
    pub schema: String,
    /// The facts of the start.
    #[serde(flatten)]
    pub start: Start,
}

/// The whole of `oediag/manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Same facts as in `oediag/bundle.json`.
    #[serde(flatten)]
    pub start: Start,
    /// When the last item was finished.
    pub ended: Time,
    /// False when the run was cut short; what is there is whole all the same.
    pub complete: bool,
    /// Why it was cut short: interrupted, cancelled, run deadline, disk full or bundle limit.
    pub incomplete_reason: Option<Reason>,
    /// What the redactor did.
    pub redaction: Redaction,
    /// Head of the host's ledger when the bundle was made.
    pub ledger_head: Option<LedgerHead>,
    /// Every member of the bundle but the closing ones, and every source that gave none, in catalogue order.
    pub items: Vec<Item>,
}

/// The program that made a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Always `oediag`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Digest over every row of the catalogue it used.
    pub catalogue_sha256: Sha256,
}

/// The examined system, as its own files tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Os {
    /// `ID` of os-release.
    pub id: String,
    /// `VERSION` of os-release.
    pub version: String,
    /// Release of the running kernel.
    pub kernel: String,
    /// Machine architecture: `x86_64` or `aarch64`, empty when not known.
    pub arch: String,
}

/// The examined host's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Whether the kernel says the clock is synchronised; none when it could not be asked.
    pub synced: Option<bool>,
    /// The kernel's boot id.
    pub boot_id: Option<String>,
    /// The host's time zone, an IANA name where known.
    pub zone: Option<String>,
}

/// The window of time asked for; none means all there is. Both ends belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Nothing older than this was asked for.
    pub since: Option<Time>,
    /// Nothing newer than this was asked for.
    pub until: Option<Time>,
    /// The words it was asked for with, such as `--around 2025-12-31 10:11±5m`; a time without a zone is in the host's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asked: Option<String>,
}

/// The limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Most bytes of the packed bundle.
    pub bytes: u64,
    /// Most bytes read for one item.
    pub item_bytes: u64,
    /// Most seconds of the whole run.
    pub seconds: u64,
}

/// What the redactor was and did: counts only, never a value, a length or a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Name of the rule set.
    pub ruleset: String,
    /// Digest of the rule set.
    pub ruleset_sha256: Sha256,
    /// `reduced`, `standard` or `strict`.
    pub level: String,
    /// How many values were replaced in the whole bundle.
    pub total: u64,
    /// The same by kind.
    pub counts: BTreeMap<String, u64>,
    /// What the leak gate found after redaction and masked, by kind; the items say where.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub leaks: BTreeMap<String, u64>,
    /// Whether a map from pseudonyms back to identities stays on the host.
    pub map_kept_on_host: bool,
    /// How often a pseudonym was met that the map has no room for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub map_left_out: u64,
    /// What was chosen; not in bundles from before there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<RedactionSettings>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What was chosen about the redactor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactionSettings {
    /// What became of IP addresses: `map`, `tokens` or `keep`.
    pub ip: String,
    /// What became of hardware addresses: `vendor` or `full`.
    pub mac: String,
    /// What became of binary content: `strings` or `drop`.
    pub binary: String,
    /// Between which bundles a value has the same pseudonym: `bundle` or `host`.
    pub correlate: String,
    /// Kinds of identities that stay as they are, beside what `ip` says.
    pub kept: Vec<String>,
}

impl RedactionSettings {
    /// What stays readable because somebody chose so, as kinds of values.
    pub fn readable(&self) -> Vec<&str> {
        let addresses = if self.ip == "keep" { &["ipv4", "ipv6"][..] } else { &[] };
        let kept = self.kept.iter().map(String::as_str).filter(|kind| !addresses.contains(kind));
        addresses.iter().copied().chain(kept).collect()
    }
}

/// A point in a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerHead {
    /// Number of the line, from 1.
    pub seq: u64,
    /// SHA-256 of that line.
    pub hash: Sha256,
}

/// What became of one thing a source was to yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Read to the end, perhaps 0 bytes.
    Collected,
    /// Read in part; `truncated` says how.
    Truncated,
    /// Not read: it does not apply here, or must not be read; `reason` says which.
    Skipped,
    /// Not finished within its time; what came before is kept.
    TimedOut,
    /// It applied and could not be read; `reason` and `error` say why.
    Failed,
}

/// Why something is not there, or not whole. A closed list: programs branch on it, people read its translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not selected by preset, topics or options.
    NotSelected,
    /// The file, device or folder is not there.
    NotPresent,
    /// The program is not installed.
    NotInstalled,
    /// The program's path could be changed by others than root.
    UntrustedProgram,
    /// A folder on the way could be changed by others, or a link led where it must not.
    UntrustedPath,
    /// Not a regular file: a FIFO, socket, device or folder.
    NotRegular,
    /// On a file system that may hang: network, FUSE, autofs.
    UnsafeFilesystem,
    /// A folder on another file system than the one where its pattern begins; it is not gone into.
    OtherFilesystem,
    /// On the list of what is never read.
    NeverCollected,
    /// An unpacked bundle or fixture holds no record of this command.
    NotRecorded,
    /// Works on the running host only, and another root was asked for.
    NotLive,
    /// The kernel or the file system refused: no permission.
    NoPermission,
    /// Needs root, and the run had no such right.
    NeedsRoot,
    /// Reading failed.
    ReadError,
    /// The program could not be started.
    SpawnError,
    /// The program ended with a status that is not zero.
    ExitStatus,
    /// The program was ended by a signal of its own.
    Signal,
    /// Its time was over.
    TimeLimit,
    /// It could not be killed and was left behind.
    Stuck,
    /// The cap on one item was reached.
    ItemLimit,
    /// The cap on the bundle was reached.
    BundleLimit,
    /// The whole run's time was over.
    RunDeadline,
    /// The operator stopped the run.
    Cancelled,
    /// The operator left it out of what was to be sent: the bundle is made from another one.
    LeftOut,
    /// No room left on the disk that takes the bundle.
    DiskFull,
    /// The bundle could not be written on, for another reason than a full disk.
    WriteError,
    /// The host went down or the program was killed in the middle.
    Interrupted,
    /// Binary content of a kind that cannot be redacted.
    Binary,
    /// Compressed in a way that cannot be read, or broken, or far too large inside.
    BadArchive,
    /// The redactor failed on it, so it was left out.
    RedactionFailed,
    /// The leak gate found something in it that could not be masked, so it was left out.
    Leak,
    /// More entries than the limit of a folder walk.
    TooMany,
    /// Another row of the catalogue already collects it.
    Duplicate,
    /// The row takes the newest files of its pattern only, and this is an older one.
    OlderFile,
    /// Outside the window of time asked for.
    OutsideWindow,
    /// The file was cut or written anew while it was read; what came before is kept.
    Changed,
    /// Probe code panicked.
    Panicked,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A file of the host, at its own path.
    File,
    /// What a command printed to its standard output.
    Command,
    /// The arguments, standard error or exit status that belong to a command.
    CommandRecord,
    /// Entries of the journal.
    Journal,
    /// What a native probe found.
    Native,
    /// Ours: README, bundle.json, facts, alerts.
    Record,
}

/// One member of the bundle, or one source that gave none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The source's id; `oediag` for our own records.
    pub id: String,
    /// What it is.
    pub kind: ItemKind,
    /// Path inside `NAME/`; none when there is no member.
    pub path: Option<String>,
    /// Where the member's first gzip member begins, in bytes from the start of the `.tar.gz`.
    pub offset: Option<u64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it is not whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// The chain of errors, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub error: Vec<String>,
    /// Path on the host, redacted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub src: Option<String>,
    /// The same in base64, where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub src_b64: Option<String>,
    /// The links that led to it, outermost first, redacted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub links: Vec<String>,
    /// Mode bits of the host's file, four octal digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mode: Option<String>,
    /// Owner's uid.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<u32>,
    /// Last change of the host's file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mtime: Option<Time>,
    /// Program and arguments, redacted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub argv: Vec<String>,
    /// Exit status of the command.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exit: Option<i32>,
    /// Signal that ended the command.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signal: Option<i32>,
    /// When reading began, by the examined host's clock.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started: Option<Time>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ms: Option<u64>,
    /// Bytes that were there to read, as far as known.
    pub bytes_seen: u64,
    /// Bytes of the member, after redaction.
    pub bytes: u64,
    /// Digest of the member's content.
    pub sha256: Option<Sha256>,
    /// How it was cut.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub truncated: Option<Truncated>,
    /// What the window of time meant for it; none when none was asked for, or it is no log.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub window: Option<Within>,
    /// Of a log: a time stamp in its first line or before it, as the collector read it. It tells of which years the stamps
    /// without a year are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_stamp: Option<Time>,
    /// Replaced values by kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub redactions: BTreeMap<String, u64>,
    /// What the leak gate found after redaction, and masked unless the item was left out.
    #[serde(skip_serializing_if = "Leaks::is_empty", default)]
    pub leaks: Leaks,
}

/// What the leak gate found in an item: never the value, its length or its tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaks {
    /// How often, by kind.
    pub counts: BTreeMap<String, u64>,
    /// Where; of many the first.
    pub places: Vec<Place>,
}

impl Leaks {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// Where the leak gate found something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The line of the member, from 1; none: in a path, an argument or a message of the row.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// What it was.
    pub kind: String,
}

impl Item {
    /// A row with nothing in it but whose it is and what it is; `collected` until something else is known.
    pub fn new(id: &str, kind: ItemKind) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            path: None,
            offset: None,
            outcome: Outcome::Collected,
            reason: None,
            error: Vec::new(),
            src: None,
            src_b64: None,
            links: Vec::new(),
            mode: None,
            owner: None,
            mtime: None,
            argv: Vec::new(),
            exit: None,
            signal: None,
            started: None,
            ms: None,
            bytes_seen: 0,
            bytes: 0,
            sha256: None,
            truncated: None,
            window: None,
            first_stamp: None,
            redactions: BTreeMap::new(),
            leaks: Leaks::default(),
        }
    }
}

/// What the window of time meant for a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// Whether the item has only the lines of the window, by their own time stamps. False: they have none that we know, and
    /// the item has all of them.
    pub applied: bool,
    /// The first line's number in the host's file is `line_offset` + 1, where that was counted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line_offset: Option<u64>,
}

/// How an item was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truncated {
    /// Which part was kept.
    pub how: Kept,
    /// The limit in bytes that cut it; 0 when time or space did.
    pub limit: u64,
    /// The first kept line's number in the host's file is `line_offset` + 1, where that was counted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line_offset: Option<u64>,
}

/// Which part of a cut item was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// The beginning.
    Head,
    /// The end.
    Tail,
}
