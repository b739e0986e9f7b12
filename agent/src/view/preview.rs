//! What would leave the host, on one screen: sums first, then the most sensitive and the largest members.

use oediag_protocol::time::Time;

use super::{Page, by_count, colon, comma, moment};
use crate::{
    release::{
        notice::Terms,
        own::Own,
        preview::{Preview, Sensitivity},
    },
    term::{self, Tone, cell},
    text,
    texts::Texts,
};

/// Most members listed; `--json` has all.
const MOST: usize = 15;
/// Most kinds of redacted values listed.
const KINDS: usize = 8;

/// The screen.
pub fn lines(own: &Own, seen: &Preview, terms: &Terms<'_>, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let start = &own.manifest.start;
    let row = |label: &str, value: String| vec![cell(texts.named(label)), cell(value)];
    let url = terms.center.url.to_string();
    let recipient = [terms.center.keyset.center.to_string(), url, terms.center.tenant.to_string()].join("  ");
    let made = moment(start.started, start.clock.zone.as_deref());
    let made = [Some(made), Some(start.preset.clone()), terms.case.map(str::to_owned)].into_iter().flatten().collect::<Vec<_>>();
    let kept: Time = oediag_protocol::consent::delete_by(terms.now, terms.days);
    let mut lines = vec![text!(texts, "preview-title")];
    let mut facts = vec![
        row("preview-bundle", own.path.display().to_string()),
        row("preview-id", own.bundle.bundle_id.to_string()),
        row(
            "preview-size",
            text!(texts, "preview-sizes", packed = term::bytes(own.bundle.bytes), plain = term::bytes(seen.bytes)),
        ),
        row("preview-made", made.join(comma(texts))),
        row("preview-recipient", recipient),
        row("preview-kept", text!(texts, "preview-days", days = terms.days, until = moment(kept, terms.zone))),
        row("preview-redacted", redacted(seen, &own.manifest.redaction.level, texts)),
    ];
    if !seen.kept.is_empty() {
        let kinds: Vec<String> = seen.kept.iter().map(|kind| texts.kind(kind)).collect();
        let said = text!(texts, "redaction-kept", kinds = kinds.join(comma(texts)));
        facts.push(vec![cell(texts.named("preview-kept-kinds")), cell(said).tone(Tone::Warn)]);
    }
    if let Some(leaks) = &seen.leaks {
        facts.push(vec![cell(texts.named("preview-leaks")), cell(leaks.words(texts)).tone(Tone::Bad)]);
    }
    lines.extend(term::table(&facts, page.columns, page.paint));
    lines.push(String::new());
    let mut rows = vec![page.heads(&["table-data", "table-size", "table-members"])];
    for (class, count, bytes) in &seen.by_sensitivity {
        rows.push(vec![cell(words(*class, texts)), cell(term::bytes(*bytes)).right(), cell(count.to_string())]);
    }
    lines.extend(term::table(&rows, page.columns, page.paint));
    lines.push(String::new());
    let mut rows = vec![page.heads(&["table-data", "table-size", "table-replaced", "table-member"])];
    for member in seen.members.iter().take(MOST) {
        let redacted = if member.redacted == 0 { String::new() } else { member.redacted.to_string() };
        rows.push(vec![
            cell(words(member.sensitivity, texts)),
            cell(term::bytes(member.bytes)).right(),
            cell(redacted).right(),
            cell(&member.path),
        ]);
    }
    lines.extend(term::table(&rows, page.columns, page.paint));
    let more = seen.members.len().saturating_sub(MOST);
    if more > 0 {
        lines.push(text!(texts, "preview-more", count = more, path = term::escape(&own.path.display().to_string())));
    }
    lines
}

/// The redactor's level and what it replaced.
fn redacted(seen: &Preview, level: &str, texts: &Texts) -> String {
    let counts = by_count(seen.redacted.iter().map(|(kind, count)| (texts.kind(kind), *count)));
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let mut parts: Vec<String> = counts.iter().take(KINDS).map(|(kind, count)| format!("{kind} {count}")).collect();
    if counts.len() > KINDS {
        let others: u64 = counts[KINDS..].iter().map(|(_, count)| count).sum();
        parts.push(text!(texts, "card-other-kinds", count = others));
    }
    let sum = text!(texts, "preview-values", level = level, count = total);
    if parts.is_empty() { sum } else { format!("{sum}{}{}", colon(texts), parts.join(comma(texts))) }
}

fn words(class: Sensitivity, texts: &Texts) -> String {
    texts.named(match class {
        Sensitivity::Facts => "privacy-facts",
        Sensitivity::Identifying => "privacy-identifying",
        Sensitivity::FreeText => "privacy-free-text",
        Sensitivity::Credentials => "privacy-credentials",
    })
}
