//! Values as lines of text. In: what a command found out, and how the page looks. Out: lines, safe for a terminal.
//! Pure: nothing is read, asked or printed here.

pub mod alerts;
pub mod card;
pub mod cases;
pub mod consent;
pub mod leaks;
pub mod ledger;
pub mod ls;
pub mod operations;
pub mod plan;
pub mod policy;
pub mod preview;
pub mod redaction;
pub mod requests;
pub mod reveal;
pub mod sources;
pub mod status;
pub mod verify;

use std::collections::BTreeMap;

use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Outcome},
    time::Time,
};

use crate::{
    term::{self, Paint, Tone},
    text,
    texts::Texts,
};

/// How the page looks: language, colours, width.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The texts.
    pub texts: &'a Texts,
    /// Whether there are colours.
    pub paint: Paint,
    /// Columns of a line; tables are cut there.
    pub columns: usize,
}

impl Page<'_> {
    /// A heading.
    fn bold(&self, text: &str) -> String {
        self.paint.tone(Tone::Bold, text)
    }

    /// A heading row of a table.
    fn heads(&self, ids: &[&str]) -> Vec<term::Cell> {
        ids.iter().map(|id| term::cell(self.texts.named(id)).tone(Tone::Dim)).collect()
    }
}

/// The tone of an outcome.
fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Collected => Tone::Plain,
        Outcome::Truncated | Outcome::TimedOut => Tone::Warn,
        Outcome::Skipped => Tone::Dim,
        Outcome::Failed => Tone::Bad,
    }
}

/// Whether an item is something looked for on the host, and not a record of ours about it.
fn looked_for(item: &Item) -> bool {
    !matches!(item.kind, ItemKind::Record | ItemKind::CommandRecord)
}

/// The words counted, most frequent first, then by name.
fn by_count(words: impl IntoIterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut counts = BTreeMap::<String, u64>::new();
    for (word, count) in words {
        *counts.entry(word).or_default() += count;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// A time as people at the host know it: `2026-11-23 09:02:03 +08:00`; in UTC where the zone is not known.
pub(crate) fn moment(time: Time, zone: Option<&str>) -> String {
    let Ok(moment) = jiff::Timestamp::from_second(time.0) else { return time.to_string() };
    let zone = zone.and_then(|name| jiff::tz::TimeZone::get(name).ok()).unwrap_or(jiff::tz::TimeZone::UTC);
    moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// A length of time as people say it: `3 days 4 h`, `4 h 5 min`, `5 min`.
fn span(seconds: u64, texts: &Texts) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let hours_text = text!(texts, "span-hours", count = hours);
    let minutes_text = text!(texts, "span-minutes", count = minutes);
    match (days, hours) {
        (0, 0) => minutes_text,
        (0, _) => format!("{hours_text} {minutes_text}"),
        (days, 0) => text!(texts, "span-days", count = days),
        (days, _) => format!("{} {hours_text}", text!(texts, "span-days", count = days)),
    }
}

/// Seconds with one digit behind the point: `0.3`, `12.0`.
fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1000, ms % 1000 / 100)
}

/// What stands between two parts of a list in this language.
pub(crate) fn comma(texts: &Texts) -> &'static str {
    match texts.language {
        crate::cli::Language::En => ", ",
        crate::cli::Language::ZhCn => "，",
    }
}

/// What stands between a name and its value in this language.
fn colon(texts: &Texts) -> &'static str {
    match texts.language {
        crate::cli::Language::En => ": ",
        crate::cli::Language::ZhCn => "：",
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! A small bundle's manifest and alerts for the tests of the views.

    use oediag_analysis::{Alert, Evidence, Severity, Text};
    use oediag_protocol::{
        bundle::manifest::{
            Agent, Clock, Item, ItemKind, Limits, Manifest, Os, Outcome, Reason, Redaction, SCHEMA, Start, Window,
        },
        digest::Sha256,
        id::{BundleId, HostId},
        time::Time,
    };

    pub(crate) fn item(id: &str, path: Option<&str>, outcome: Outcome, reason: Option<Reason>) -> Item {
        Item {
            path: path.map(str::to_owned),
            offset: path.map(|_| 512),
            outcome,
            reason,
            src: path.map(|path| format!("/{path}")),
            bytes_seen: 2048,
            bytes: if path.is_some() { 2048 } else { 0 },
            ..Item::new(id, ItemKind::File)
        }
    }

    pub(crate) fn manifest(items: Vec<Item>) -> Manifest {
        Manifest {
            schema: SCHEMA.to_owned(),
            start: Start {
                bundle_id: BundleId([0xb7; 16]),
                host_id: HostId([0x9f; 16]),
                tenant_id: None,
                agent: Agent { name: "oediag".into(), version: "0.1.0".into(), catalogue_sha256: Sha256([0; 32]) },
                os: Os {
                    id: "openEuler".into(),
                    version: "22.03 (LTS-SP3)".into(),
                    kernel: "5.10.0-182.0.0.95.oe2203sp3.x86_64".into(),
                    arch: "x86_64".into(),
                },
                started: Time(1_795_395_723),
                clock: Clock { synced: Some(true), boot_id: None, zone: Some("Asia/Shanghai".into()) },
                request_id: None,
                case: Some("C-20261123-7".into()),
                severity: Some("P1".into()),
                preset: "standard".into(),
                window: Window::default(),
                limits: Limits { bytes: 512 << 20, item_bytes: 64 << 20, seconds: 900 },
                derived_from: None,
                estimate: None,
            },
            ended: Time(1_795_395_790),
            complete: true,
            incomplete_reason: None,
            redaction: Redaction {
                ruleset: "default-1".into(),
                ruleset_sha256: Sha256([0; 32]),
                level: "standard".into(),
                total: 418,
                counts: [
                    ("ipv4".to_owned(), 212),
                    ("username".to_owned(), 98),
                    ("password_kv".to_owned(), 3),
                    ("odd_kind".to_owned(), 105),
                ]
                .into(),
                leaks: std::collections::BTreeMap::new(),
                map_kept_on_host: false,
                map_left_out: 0,
                settings: None,
            },
            ledger_head: None,
            items,
        }
    }

    pub(crate) fn alert(severity: Severity, kind: &str, summary: &str, count: u64) -> Alert {
        Alert {
            kind: kind.to_owned(),
            severity,
            first: Some("2026-11-23T08:00:00+08:00".to_owned()),
            last: Some("2026-11-23T09:00:00+08:00".to_owned()),
            ended: None,
            state: false,
            count,
            evidence: vec![Evidence { path: "var/log/messages".to_owned(), line: 442, end: 459 }],
            summary: Text { en: summary.to_owned(), zh: format!("中文：{summary}") },
            advice: Text { en: "Look at memory use.".to_owned(), zh: "请查看内存使用情况。".to_owned() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Language;

    #[test]
    fn times_and_spans_read_well() {
        let time = Time::parse("2026-11-23T01:02:03Z").expect("a time");
        assert_eq!(moment(time, Some("Asia/Shanghai")), "2026-11-23 09:02:03 +08:00");
        assert_eq!(moment(time, Some("No/Where")), "2026-11-23 01:02:03 +00:00");
        let texts = Texts::new(Language::En);
        assert_eq!(span(3 * 86_400 + 4 * 3600, &texts), "3 days 4 h");
        assert_eq!(span(86_400, &texts), "1 day");
        assert_eq!(span(3661, &texts), "1 h 1 min");
        assert_eq!(span(59, &texts), "0 min");
    }
}
