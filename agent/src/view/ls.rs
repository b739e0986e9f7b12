//! The members of a bundle as a table, and below it what is missing and why.

use oediag_protocol::bundle::manifest::{Item, Manifest, Outcome, Reason};

use super::{Page, tone};
use crate::{
    term::{self, Tone},
    text,
};

/// The table. Rows nobody selected are counted, not listed.
pub fn lines(manifest: &Manifest, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let (members, absent): (Vec<&Item>, Vec<&Item>) = manifest.items.iter().partition(|item| item.path.is_some());
    let mut rows = vec![page.heads(&["table-size", "table-outcome", "table-id", "table-member"])];
    for item in &members {
        rows.push(vec![
            term::cell(term::bytes(item.bytes)).right(),
            term::cell(said(item, page)).tone(tone(item.outcome)),
            term::cell(&item.id),
            term::cell(item.path.as_deref().unwrap_or_default()),
        ]);
    }
    let mut lines = term::table(&rows, page.columns, page.paint);
    let listed = |item: &&&Item| !(item.outcome == Outcome::Skipped && item.reason == Some(Reason::NotSelected));
    let mut rows = vec![page.heads(&["table-outcome", "table-id", "table-why"])];
    for item in absent.iter().filter(listed) {
        let about = item.src.as_deref().unwrap_or_default();
        let error = item.error.join(": ");
        let reason = item.reason.map(|reason| texts.reason(reason)).unwrap_or_default();
        let why: Vec<&str> = [reason.as_str(), about, error.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
        rows.push(vec![
            term::cell(texts.outcome(item.outcome)).tone(tone(item.outcome)),
            term::cell(&item.id),
            term::cell(why.join("  ")),
        ]);
    }
    if rows.len() > 1 {
        lines.push(String::new());
        lines.extend(term::table(&rows, page.columns, page.paint));
    }
    let size = term::bytes(members.iter().map(|item| item.bytes).sum());
    lines
        .push(page.paint.tone(Tone::Dim, &text!(texts, "ls-count", members = members.len(), size = size, absent = absent.len())));
    lines
}

/// Outcome and reason in a few words.
fn said(item: &Item, page: &Page<'_>) -> String {
    match item.reason {
        Some(reason) => format!("{} ({})", page.texts.outcome(item.outcome), page.texts.reason(reason)),
        None => page.texts.outcome(item.outcome),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::Language,
        term::Paint,
        texts::Texts,
        view::sample::{item, manifest},
    };

    #[test]
    fn members_then_gaps() {
        let texts = Texts::new(Language::En);
        let manifest = manifest(vec![
            item("kernel.version", Some("proc/version"), Outcome::Collected, None),
            item("logs.messages", Some("var/log/messages"), Outcome::Truncated, Some(Reason::ItemLimit)),
            item("network.ethtool", None, Outcome::Skipped, Some(Reason::NotInstalled)),
            item("crash.x", None, Outcome::Skipped, Some(Reason::NotSelected)),
        ]);
        assert_eq!(
            lines(&manifest, &Page { texts: &texts, paint: Paint(false), columns: 120 }).join("\n"),
            "\
SIZE     OUTCOME                                   SOURCE          MEMBER
2.0 KiB  collected                                 kernel.version  proc/version
2.0 KiB  cut (larger than the limit for one item)  logs.messages   var/log/messages

OUTCOME  SOURCE           WHY NOT
skipped  network.ethtool  program not installed
2 members, 4.0 KiB; 2 sources gave none."
        );
    }
}
