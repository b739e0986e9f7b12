//! The redactor's kinds and its replacements as text. In: rows of the listing, places of a review. Out: lines; control
//! characters of logs become visible, Chinese characters count as two columns.

use oediag_collector::redact::{Found, KindRow, ListedForm};

use super::{Page, colon, comma};
use crate::{
    term::{self, Tone},
    text,
    texts::Texts,
};

/// Columns of a value and of a stand-in in a review.
const VALUE: usize = 72;
/// Columns between two cells of a table.
const GAP: usize = 2;
/// Least columns for the words, on however small a terminal.
const LEAST: usize = 20;

/// What the kind is, in words.
pub fn what(row: &KindRow, texts: &Texts) -> String {
    texts.named(&format!("what-{}", row.name.replace('_', "-")))
}

/// What a value becomes, in words.
pub fn stand_in(row: &KindRow, texts: &Texts) -> String {
    match row.form {
        ListedForm::Token => format!("OEr-{}-…", row.token),
        ListedForm::Domain => "OEr-dom-….invalid".to_owned(),
        ListedForm::Email => "OEr-user-…@OEr-dom-….invalid".to_owned(),
        form => texts.named(&format!("form-{}", form.name())),
    }
}

/// How it is found, in words.
pub fn found_by(row: &KindRow, texts: &Texts) -> String {
    let ways: Vec<String> = row.ways.iter().map(|way| texts.named(&format!("way-{}", way.name()))).collect();
    ways.join(comma(texts))
}

/// All kinds, credentials first.
pub fn table(rows: &[KindRow], page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let mut table = vec![page.heads(&["table-kind", "table-becomes", "table-what"])];
    let facts = |row: &KindRow| [row.name.to_owned(), stand_in(row, texts)];
    let taken: usize = (0..2)
        .map(|at| {
            let head = term::width(&texts.named(["table-kind", "table-becomes"][at]));
            rows.iter().map(|row| term::width(&facts(row)[at])).max().unwrap_or(0).max(head) + GAP
        })
        .sum();
    let room = page.columns.saturating_sub(taken).max(LEAST);
    // A heading in the table would make its first column as wide.
    let mut headings = Vec::new();
    for (credential, heading) in [(true, "redact-list-credentials"), (false, "redact-list-identities")] {
        headings.push((table.len(), page.bold(&texts.named(heading))));
        for row in rows.iter().filter(|row| row.credential == credential) {
            let mut cells: Vec<_> = facts(row).map(term::cell).into();
            for words in term::wrap(&what(row, texts), room) {
                cells.push(term::cell(words));
                table.push(std::mem::replace(&mut cells, vec![term::cell(""); 2]));
            }
        }
    }
    let mut lines = term::table(&table, page.columns.max(taken + LEAST), page.paint);
    for (at, heading) in headings.into_iter().rev() {
        lines.splice(at..at, [String::new(), heading]);
    }
    lines.push(String::new());
    let more = text!(texts, "redact-list-more", count = rows.len());
    lines.extend(term::wrap(&more, page.columns).iter().map(|line| page.paint.tone(Tone::Dim, line)));
    lines
}

/// One kind with all that is known of it.
pub fn one(row: &KindRow, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let line = |id: &str, words: &str| format!("{}{}{words}", texts.named(id), colon(texts));
    let class = if row.credential { "redact-list-gone" } else { "redact-list-mapped" };
    let mut lines = vec![page.bold(row.name), what(row, texts), String::new()];
    lines.push(line("redact-list-becomes", &stand_in(row, texts)));
    lines.push(line("redact-list-class", &texts.named(class)));
    lines.push(line("redact-list-found", &found_by(row, texts)));
    lines.push(line("redact-list-level", row.level.as_str()));
    if !row.literals.is_empty() {
        let literals = row.literals.iter().map(|literal| term::escape(literal)).collect::<Vec<_>>().join("  ");
        lines.extend(term::wrap(&line("redact-list-starts", &literals), page.columns));
    }
    lines.extend([String::new(), page.bold(&texts.named("redact-list-examples"))]);
    for example in &row.examples {
        let after = page.paint.tone(Tone::Good, &term::escape(&example.after));
        lines.extend([format!("  {}", term::escape(&example.before)), format!("  → {after}")]);
    }
    lines.extend([String::new(), page.bold(&texts.named("redact-list-counter-examples"))]);
    lines.extend(row.counter_examples.iter().map(|example| format!("  {}", term::escape(&example.text))));
    lines
}

/// One place of a review.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The file as it was named.
    pub file: &'a str,
    /// The line, from 1.
    pub line: u64,
    /// What was found there.
    pub found: &'a Found,
    /// Whether the value itself is shown.
    pub values: bool,
}

/// The place and its kind, then the line as it would leave, with the value before its stand-in.
pub fn place(place: &Place<'_>, page: &Page<'_>) -> Vec<String> {
    let Found { kind, value, stand_in, before, after, .. } = place.found;
    let short = |bytes: &[u8]| term::cut(&term::escape_bytes(bytes), VALUE);
    let head = page.bold(&format!("{}:{}", term::escape(place.file), place.line));
    let kind = page.paint.tone(Tone::Dim, &format!("{kind}{}", comma(page.texts)));
    let value = if place.values { page.paint.tone(Tone::Bad, &short(value)) } else { "…".to_owned() };
    let stand_in = page.paint.tone(Tone::Good, &short(stand_in));
    let words = page.texts.kind(place.found.kind);
    vec![
        format!("{head}  {kind}{words}"),
        format!("    {}[{value} → {stand_in}]{}", term::escape_bytes(before), term::escape_bytes(after)),
    ]
}

#[cfg(test)]
mod tests {
    use oediag_collector::redact::kinds;

    use super::*;
    use crate::{cli::Language, term::Paint};

    #[test]
    fn every_kind_has_words_in_both_languages_and_fits_its_page() {
        let rows = kinds().expect("it starts");
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            for row in &rows {
                assert!(!what(row, &texts).starts_with("what-"), "{language:?}: {}", row.name);
                assert!(!stand_in(row, &texts).starts_with("form-"), "{language:?}: {}", row.name);
                assert!(!found_by(row, &texts).contains("way-"), "{language:?}: {}", row.name);
                assert_ne!(texts.kind(row.name), row.name, "{language:?}: kind-{} has no text", row.name);
                assert!(one(row, &Page { texts: &texts, paint: Paint(false), columns: 80 }).len() > 8);
            }
            for columns in [80, 120] {
                for line in table(&rows, &Page { texts: &texts, paint: Paint(false), columns }) {
                    assert!(term::width(&line) <= columns && !line.contains("……"), "{columns}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_place_is_safe_for_a_terminal_and_shows_its_value_only_where_asked() {
        let found = Found {
            line: 3,
            kind: "person_name",
            value: "欧阳\u{1b}[31m明".into(),
            stand_in: b"OEr-name-abcdefghijkl".to_vec(),
            before: "联系人：".into(),
            after: b" \x07 ok \xff".to_vec(),
        };
        let texts = Texts::new(Language::ZhCn);
        let page = Page { texts: &texts, paint: Paint(false), columns: 80 };
        let with = place(&Place { file: "a\nb", line: 4, found: &found, values: true }, &page);
        assert_eq!(with[0], "a\\nb:4  person_name，人名");
        assert_eq!(with[1], "    联系人：[欧阳\\x1b[31m明 → OEr-name-abcdefghijkl] \\x07 ok \\xff");
        let without = place(&Place { file: "a", line: 4, found: &found, values: false }, &page);
        assert!(!without.join("").contains("欧阳") && without[1].contains("[… → OEr-name"), "{without:?}");
    }
}
