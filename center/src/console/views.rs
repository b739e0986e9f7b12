//! What pages show of a bundle, as plain values. In: rows, manifest, facts, alerts. Out: texts and links for templates.

use std::collections::BTreeMap;

use minijinja::{Value, context};
use oediag_analysis::Alert;
use oediag_protocol::bundle::manifest::Outcome;
use serde::Serialize;

use crate::{ingest::Opened, store::bundles::Bundle};

/// One line of the list of bundles, and the head of a bundle's page.
pub(super) fn row(bundle: &Bundle) -> Value {
    context! {
        id => bundle.id.to_string(),
        name => &bundle.name,
        host => bundle.host.to_string(),
        started => bundle.started.to_string(),
        received => bundle.received.to_string(),
        size => size(bundle.bytes),
        alerts => bundle.alerts,
        complete => bundle.complete,
        signer => &bundle.signer,
    }
}

/// All of a bundle's page but its head.
pub(super) fn bundle(opened: &Opened) -> Value {
    let manifest = &opened.manifest;
    let files: Vec<Value> = manifest
        .items
        .iter()
        .filter_map(|item| {
            let path = item.path.as_deref()?;
            Some(context! { path, link => link(path), size => size(item.bytes), outcome => word(&item.outcome) })
        })
        .collect();
    let mut absent: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for item in manifest.items.iter().filter(|item| item.outcome != Outcome::Collected) {
        let reason = item.reason.as_ref().map(word).unwrap_or_default();
        absent.entry((word(&item.outcome), reason)).or_default().push(&item.id);
    }
    let absent: Vec<Value> = absent
        .into_iter()
        .map(|((outcome, reason), mut ids)| {
            let count = ids.len();
            ids.dedup();
            context! { outcome, reason, count, ids => ids.join(" ") }
        })
        .collect();
    context! {
        card => card(opened),
        alerts_list => opened.alerts.iter().map(alert).collect::<Vec<_>>(),
        absent,
        files,
        redacted => manifest.redaction.total,
    }
}

fn card(opened: &Opened) -> Vec<(&'static str, String)> {
    let (start, facts) = (&opened.manifest.start, &opened.facts);
    let gib = |kib: u64| format!("{:.1} GiB", kib as f64 / f64::from(1 << 20));
    let rows = [
        ("Host name", facts.hostname.clone()),
        ("System", Some(format!("{} {}", start.os.id, start.os.version))),
        ("Kernel", Some(format!("{} {}", start.os.kernel, start.os.arch))),
        ("Machine", facts.vendor.iter().chain(&facts.product).cloned().reduce(|a, b| format!("{a} {b}"))),
        ("CPU", facts.cpu_model.as_ref().map(|model| format!("{model}, {} logical", facts.cpus.unwrap_or_default()))),
        ("Memory", facts.memory_total_kib.map(gib)),
        ("Up", facts.uptime_seconds.map(|seconds| format!("{} d {} h", seconds / 86400, seconds / 3600 % 24))),
        ("Load", facts.load.map(|[one, five, fifteen]| format!("{one} {five} {fifteen}"))),
        ("Kernel taint", facts.taint.as_ref().filter(|taint| !taint.is_empty()).map(|taint| taint.join(", "))),
        ("Case", start.case.clone()),
        ("Severity", start.severity.clone()),
        ("Preset", Some(start.preset.clone())),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn alert(alert: &Alert) -> Value {
    let evidence: Vec<Value> = alert
        .evidence
        .iter()
        .map(|at| context! { path => &at.path, line => at.line, link => format!("{}?from={}#L{}", link(&at.path), at.line, at.line) })
        .collect();
    context! {
        severity => word(&alert.severity),
        kind => &alert.kind,
        count => alert.count,
        last => alert.last.as_deref().unwrap_or(""),
        summary => &alert.summary.en,
        advice => &alert.advice.en,
        evidence,
    }
}

/// The word by which a closed list names a value in JSON.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A member's path as part of a URL. Of what a member's path may hold, only the percent sign means something there.
fn link(path: &str) -> String {
    path.replace('%', "%25")
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
    }
}
