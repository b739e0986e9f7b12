//! The operation records of a bundle as a table: when, who, from where, what, how it ended, where it is written.

use std::collections::BTreeMap;

use oediag_analysis::{Operation, OperationKind, OperationResult};

use super::{Page, by_count, comma};
use crate::{
    term::{self, Tone, cell},
    text,
    texts::Texts,
};

/// Columns of a time without its offset: `2026-11-23T08:00:00`.
const MOMENT: usize = 19;
/// Most columns of what was done, so that the place stays in sight.
const WHAT: usize = 60;

/// The whole list.
pub fn lines(operations: &[Operation], page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if operations.is_empty() {
        return vec![text!(texts, "operations-none")];
    }
    let heads = ["table-when", "table-who", "table-from", "table-kind", "table-done", "table-result", "table-place"];
    let mut rows = vec![heads.map(|head| cell(texts.named(head)).tone(Tone::Dim)).to_vec()];
    rows.extend(operations.iter().map(|one| row(one, texts)));
    let mut lines = vec![page.bold(&summary(operations, texts)), String::new()];
    lines.extend(term::table(&rows, page.columns, page.paint));
    lines
}

fn row(one: &Operation, texts: &Texts) -> Vec<term::Cell> {
    let known = |text: Option<&String>| term::escape(text.map_or("-", String::as_str));
    let time = one.time.as_deref().and_then(|time| time.get(..MOMENT)).unwrap_or("-").replace('T', " ");
    let times = if one.count > 1 { format!(" ×{}", one.count) } else { String::new() };
    let rights = one.run_as.as_ref().filter(|account| *account != "root").map(|account| format!(" ({account})"));
    let what = term::cut(&term::escape(&format!("{}{}", one.what, rights.unwrap_or_default())), WHAT);
    let (result, tone) = match one.result {
        Some(OperationResult::Ok) => (texts.named("operation-ok"), None),
        Some(OperationResult::Failed) => (texts.named("operation-failed"), Some(Tone::Bad)),
        None => ("-".to_owned(), None),
    };
    let result = tone.map_or_else(|| cell(&result), |tone| cell(&result).tone(tone));
    let place = one.evidence.first().map(|place| format!("{}:{}", place.path, place.line)).unwrap_or_default();
    vec![
        cell(term::escape(&time)),
        cell(known(one.who.as_ref())),
        cell(known(one.from.as_ref())),
        cell(kind(one.kind, texts)),
        cell(format!("{what}{times}")),
        result,
        cell(term::escape(&place)).tone(Tone::Dim),
    ]
}

/// How many there are, and of which kinds.
pub fn summary(operations: &[Operation], texts: &Texts) -> String {
    let mut counts: BTreeMap<OperationKind, u64> = BTreeMap::new();
    for one in operations {
        *counts.entry(one.kind).or_default() += one.count;
    }
    let counts = by_count(counts.into_iter().map(|(of, count)| (kind(of, texts), count)));
    let kinds: Vec<String> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    text!(texts, "operations-count", records = operations.len(), kinds = kinds.join(comma(texts)))
}

/// A kind in words.
fn kind(kind: OperationKind, texts: &Texts) -> String {
    texts.named(&format!("operation-{}", kind.word().replace('_', "-")))
}

#[cfg(test)]
mod tests {
    use oediag_analysis::Evidence;

    use super::*;
    use crate::{cli::Language, term::Paint};

    fn sudo(what: &str) -> Operation {
        Operation {
            time: Some("2026-11-23T08:00:00+08:00".to_owned()),
            last: Some("2026-11-23T08:00:30+08:00".to_owned()),
            count: 2,
            kind: OperationKind::Sudo,
            who: Some("ops".to_owned()),
            from: Some("pts/0".to_owned()),
            run_as: Some("db2".to_owned()),
            what: what.to_owned(),
            result: Some(OperationResult::Failed),
            evidence: vec![Evidence { path: "var/log/secure".to_owned(), line: 7, end: 7 }],
        }
    }

    #[test]
    fn a_record_is_one_line_and_cannot_break_it() {
        let texts = Texts::new(Language::En);
        let page = Page { texts: &texts, paint: Paint(false), columns: 200 };
        let lines = lines(&[sudo("/bin/ls \u{1b}[2J\nx")], &page);
        assert_eq!(lines[0], "1 record: sudo commands 2");
        assert_eq!(
            lines[3].split_whitespace().collect::<Vec<_>>().join(" "),
            "2026-11-23 08:00:00 ops pts/0 sudo commands /bin/ls \\x1b[2J\\nx (db2) ×2 failed var/log/secure:7"
        );
        assert_eq!(super::lines(&[], &page), ["This bundle has no operation records."]);
    }

    #[test]
    fn every_kind_has_words_in_both_languages() {
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            assert!(OperationKind::ALL.into_iter().all(|of| !kind(of, &texts).starts_with("operation-")));
        }
    }
}
