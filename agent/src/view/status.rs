//! Who this host is, with whom it is enrolled, and how far things are, as lines.

use super::{Page, comma};
use crate::{
    cmd::status::StatusJson,
    enrolment::Enrolment,
    term::{self, Tone, cell},
    text,
};

/// What an enrolment came to.
pub fn enrolled(enrolment: &Enrolment, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let keyset = &enrolment.keyset;
    let rows: Vec<_> = [
        ("status-center", format!("{}  {}", keyset.center, enrolment.url)),
        ("status-tenant", enrolment.tenant.to_string()),
        ("status-host", enrolment.host_id.to_string()),
        ("status-keyset", text!(texts, "status-keyset-of", version = keyset.version, expires = keyset.expires.to_string())),
    ]
    .into_iter()
    .map(|(label, value)| vec![cell(texts.named(label)), cell(value)])
    .collect();
    let mut lines = vec![page.paint.tone(Tone::Good, &text!(texts, "enrolled"))];
    lines.extend(term::table(&rows, page.columns, page.paint));
    lines
}

/// The whole status.
pub fn lines(status: &StatusJson, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let row = |label: &str, value: String| vec![cell(texts.named(label)), cell(value)];
    let mut rows = vec![row("status-host", status.host_id.clone().unwrap_or_else(|| text!(texts, "status-no-host")))];
    match &status.center {
        None => rows.push(row("status-center", text!(texts, "status-not-enrolled"))),
        Some(center) => {
            rows.push(row("status-center", format!("{}  {}", center.name, center.url)));
            rows.push(row("status-tenant", center.tenant_id.clone()));
            let version = center.keyset_version;
            let expires = center.keyset_expires.to_string();
            rows.push(if center.keyset_expired {
                vec![
                    cell(texts.named("status-keyset")),
                    cell(text!(texts, "status-keyset-over", version = version, expires = expires)).tone(Tone::Warn),
                ]
            } else {
                row("status-keyset", text!(texts, "status-keyset-of", version = version, expires = expires))
            });
        }
    }
    let bundles = text!(texts, "status-bundles-are", count = status.bundles.count, size = term::bytes(status.bundles.bytes));
    rows.push(row("status-bundles", bundles));
    let used = [
        text!(texts, "status-used-bundles", size = term::bytes(status.bundles.bytes)),
        text!(texts, "status-used-outbox", size = term::bytes(status.outbox_bytes)),
    ];
    rows.push(row("status-used", used.join(comma(texts))));
    let mut lines = term::table(&rows, page.columns, page.paint);
    if !status.unfinished.is_empty() {
        lines.push(String::new());
        lines.push(page.paint.tone(Tone::Warn, &text!(texts, "status-unfinished")));
        for upload in &status.unfinished {
            let percent = upload.total.filter(|total| *total > 0).map_or(0, |total| upload.at * 100 / total);
            let line = text!(
                texts,
                "status-upload",
                receipt = upload.receipt_id.clone(),
                bundle = upload.bundle_id.chars().take(8).collect::<String>(),
                percent = percent
            );
            lines.push(format!("  {line}"));
            if let Some(at) = upload.not_before {
                lines.push(format!("  {}", text!(texts, "status-not-before", at = at.to_string())));
            }
        }
    }
    if !status.acks.is_empty() {
        lines.push(String::new());
        lines.push(page.bold(&text!(texts, "status-acks")));
        for ack in &status.acks {
            let bundle: String = ack.bundle_id.to_string().chars().take(8).collect();
            lines.push(format!("  {}  {bundle}  {}", ack.stored_at, ack.receipt_id));
        }
    }
    lines
}
