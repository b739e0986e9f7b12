//! What would leave: counts and sizes from the manifest and the catalogue, largest and most sensitive first. In: a verified manifest,
//! the rows of this installation. Out: values for a page, for JSON and for the receipt. Pure.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_collector::catalogue::{Privacy, Source, Topic};
use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Manifest},
    consent::{Level, PersonalData, Scope},
    text::Line,
};
use serde::Serialize;

use super::separate::Separate;
use crate::view::leaks::Leaks;

/// Kinds of redacted values that name people or their machines, and what a receipt calls them. A value that was found can have others
/// like it that were not.
const PERSONAL: &[(&str, &[&str])] = &[
    ("ip-address", &["ipv4", "ipv6"]),
    ("hardware-address", &["mac"]),
    ("host-name", &["hostname", "domain"]),
    ("username", &["username"]),
    ("email", &["email"]),
    ("phone-number", &["cn_mobile"]),
    ("identity-number", &["cn_id"]),
    ("bank-card", &["bank_card"]),
    ("person-name", &["person_name"]),
    ("serial-number", &["serial_number", "system_uuid"]),
    ("position", &["gps"]),
];

/// What a member may hold; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of the catalogue")]
pub enum Sensitivity {
    Facts,
    Identifying,
    FreeText,
    Credentials,
}

impl From<Privacy> for Sensitivity {
    fn from(privacy: Privacy) -> Self {
        match privacy {
            Privacy::Facts => Self::Facts,
            Privacy::Identifying => Self::Identifying,
            Privacy::FreeText => Self::FreeText,
            Privacy::Credentials => Self::Credentials,
        }
    }
}

/// A member that would leave.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    /// Id of its source.
    pub source: String,
    /// Path inside the bundle.
    pub path: String,
    /// Bytes after redaction.
    pub bytes: u64,
    /// What the source may yield before redaction.
    pub sensitivity: Sensitivity,
    /// Replaced values.
    pub redacted: u64,
}

/// What would leave.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// All members, the most sensitive first, then the largest.
    pub members: Vec<Member>,
    /// Bytes of all members together.
    pub bytes: u64,
    /// Members and bytes by sensitivity, the worst first.
    pub by_sensitivity: Vec<(Sensitivity, usize, u64)>,
    /// Replaced values by kind.
    pub redacted: BTreeMap<String, u64>,
    /// Kinds of values that stayed readable because somebody chose so.
    pub kept: Vec<String>,
    /// What a second look after redaction found.
    pub leaks: Option<Leaks>,
    /// What may be in it about people.
    pub personal: Vec<&'static str>,
    /// What in it is agreed to by itself.
    pub separate: Vec<Separate>,
    /// Topics of what is in it.
    pub topics: Vec<String>,
}

/// Counts what is in a bundle. A source that this installation does not know may hold anything.
pub fn preview(manifest: &Manifest, rows: &[&'static Source]) -> Preview {
    let row = |item: &Item| rows.iter().find(|row| row.id == item.id);
    let ours = |item: &Item| item.kind == ItemKind::Record;
    let sensitivity = |item: &Item| match row(item) {
        Some(row) => row.privacy.into(),
        None if ours(item) => Sensitivity::Facts,
        None => Sensitivity::FreeText,
    };
    let member = |item: &Item| {
        let path = item.path.clone()?;
        let redacted = item.redactions.values().sum();
        Some(Member { source: item.id.clone(), path, bytes: item.bytes, sensitivity: sensitivity(item), redacted })
    };
    let mut members: Vec<Member> = manifest.items.iter().filter_map(member).collect();
    members.sort_by(|a, b| (b.sensitivity, b.bytes, &a.path).cmp(&(a.sensitivity, a.bytes, &b.path)));
    let mut sums = BTreeMap::<Sensitivity, (usize, u64)>::new();
    for member in &members {
        let sum = sums.entry(member.sensitivity).or_default();
        *sum = (sum.0 + 1, sum.1 + member.bytes);
    }
    let redacted = manifest.redaction.counts.clone();
    let settings = manifest.redaction.settings.as_ref();
    let kept: Vec<String> =
        settings.map(|settings| settings.readable()).unwrap_or_default().into_iter().map(str::to_owned).collect();
    let found = |kinds: &[&str]| kinds.iter().any(|kind| redacted.contains_key(*kind) || kept.iter().any(|one| one == kind));
    let mut personal: Vec<&str> = PERSONAL.iter().filter(|(_, kinds)| found(kinds)).map(|(name, _)| *name).collect();
    // What identifies may be there also where no rule found anything to replace.
    if members.iter().any(|member| member.sensitivity == Sensitivity::Identifying) {
        personal.push("identifying");
    }
    if members.iter().any(|member| member.sensitivity >= Sensitivity::FreeText) {
        personal.push("free-text");
    }
    let topics: BTreeSet<Topic> =
        manifest.items.iter().filter(|item| item.path.is_some()).filter_map(row).map(|row| row.topic).collect();
    let separate: BTreeSet<Separate> =
        manifest.items.iter().filter(|item| item.path.is_some()).filter_map(|item| Separate::of_path(&source(item)?)).collect();
    Preview {
        separate: separate.into_iter().collect(),
        bytes: members.iter().map(|member| member.bytes).sum(),
        by_sensitivity: sums.into_iter().rev().map(|(class, (count, bytes))| (class, count, bytes)).collect(),
        members,
        redacted,
        kept,
        leaks: Leaks::of(manifest),
        personal,
        topics: topics.into_iter().map(|topic| format!("{topic:?}").to_lowercase()).collect(),
    }
}

/// The path on the host that an item was read from.
fn source(item: &Item) -> Option<String> {
    let encoded = || BASE64.decode(item.src_b64.as_ref()?).ok();
    item.src.clone().or_else(|| encoded().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

impl Preview {
    /// The receipt's `scope`: at most what a receipt can list, which is more than the catalogue has.
    pub fn scope(&self) -> Scope {
        let sources: BTreeSet<&str> = self.members.iter().map(|member| member.source.as_str()).collect();
        let sensitive = !self.kept.is_empty()
            || !self.separate.is_empty()
            || self.members.iter().any(|member| member.sensitivity == Sensitivity::Credentials);
        Scope {
            level: if sensitive { Level::Extended } else { Level::Basic },
            sources: sources.into_iter().filter_map(Line::parse).take(1000).collect(),
        }
    }

    /// The receipt's `personal_data`.
    pub fn personal_data(&self, manifest: &Manifest) -> PersonalData {
        PersonalData {
            possible: self.personal.iter().filter_map(|name| Line::parse(name)).collect(),
            redaction: Line::parse(&manifest.redaction.level).unwrap_or_default(),
            counts: self.redacted.clone(),
            kept: self.kept.iter().filter_map(|kind| Line::parse(kind)).collect(),
        }
    }
}
