//! The catalogue as a table under topics: what each row is, from which preset on it is asked for, and what kind of data may be in it.
//! In: rows in catalogue order. Out: lines; the last column is wrapped, never cut.

use oediag_collector::{
    catalogue::{Depth, Privacy, Source, Topic},
    plan,
};

use super::{Page, colon};
use crate::{
    cli::Language,
    term::{self, Tone},
    text,
    texts::Texts,
};

/// Columns between two cells of a table.
const GAP: usize = 2;
/// Least columns for the words, on however small a terminal.
const LEAST: usize = 20;

/// The table.
pub fn lines(rows: &[&'static Source], page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let heads = ["table-id", "table-preset", "table-data", "table-what"];
    let facts = |row: &Source| [row.id.to_owned(), depth(row.depth).to_owned(), privacy(row.privacy, texts)];
    let taken: usize = (0..3)
        .map(|at| {
            let widest = rows.iter().map(|row| term::width(&facts(row)[at])).max().unwrap_or(0);
            widest.max(term::width(&texts.named(heads[at]))) + GAP
        })
        .sum();
    let room = page.columns.saturating_sub(taken).max(LEAST);
    let mut table = vec![page.heads(&heads)];
    let mut topic = None;
    for row in rows {
        if topic.replace(row.topic) != Some(row.topic) {
            let name = topic_name(row.topic, texts);
            table.extend([vec![term::cell("")], vec![term::cell(name).tone(Tone::Bold)]]);
        }
        let [id, depth, privacy] = facts(row).map(term::cell);
        let mut cells = vec![id, depth, privacy.tone(tone(row.privacy))];
        for words in term::wrap(&what(row, texts), room) {
            cells.push(term::cell(words));
            table.push(std::mem::replace(&mut cells, vec![term::cell(""); 3]));
        }
    }
    let mut lines = term::table(&table, page.columns.max(taken + LEAST), page.paint);
    lines.push(String::new());
    let count = text!(texts, "sources-count", count = rows.len());
    lines.extend(term::wrap(&count, page.columns).iter().map(|line| page.paint.tone(Tone::Dim, line)));
    lines
}

/// The topic as people type it, with its words where they say more.
pub fn topic_name(topic: Topic, texts: &Texts) -> String {
    let (name, words) = (topic.name(), texts.named(&format!("topic-{}", topic.name())));
    if name == words { words } else { format!("{name}{}{words}", colon(texts)) }
}

/// The row's summary in words, or what it looks at where there are none.
pub fn what(row: &Source, texts: &Texts) -> String {
    if let Some(words) = row.words {
        return term::escape(if texts.language == Language::ZhCn { words.zh } else { words.en });
    }
    Some(texts.source(row.id)).filter(|text| !text.is_empty()).unwrap_or_else(|| plan::describe(&row.probe))
}

/// The kind of data in words.
pub fn privacy(privacy: Privacy, texts: &Texts) -> String {
    texts.named(&format!("privacy-{}", privacy_name(privacy)))
}

/// The kind of data as `--json` names it, in every language.
pub fn privacy_name(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Facts => "facts",
        Privacy::Identifying => "identifying",
        Privacy::FreeText => "free-text",
        Privacy::Credentials => "credentials",
    }
}

/// The smallest of the presets that asks for it, as people type it.
pub fn depth(depth: Depth) -> &'static str {
    match depth {
        Depth::Quick => "quick",
        Depth::Standard => "standard",
        Depth::Deep => "deep",
    }
}

/// How much care the data needs.
pub fn tone(privacy: Privacy) -> Tone {
    match privacy {
        Privacy::Facts => Tone::Plain,
        Privacy::Identifying | Privacy::FreeText => Tone::Warn,
        Privacy::Credentials => Tone::Bad,
    }
}

#[cfg(test)]
mod tests {
    use oediag_collector::catalogue;

    use super::*;
    use crate::{cli::Language, term::Paint};

    #[test]
    fn nothing_is_cut_or_too_wide() {
        let rows: Vec<_> = catalogue::all().collect();
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            for columns in [80, 100, 120, 4096] {
                let lines = lines(&rows, &Page { texts: &texts, paint: Paint(false), columns });
                for line in &lines {
                    assert!(term::width(line) <= columns && !line.contains('…'), "{columns}: {line}");
                }
                let starts = |id: &str| lines.iter().filter(|line| line.split(' ').next() == Some(id)).count();
                for row in &rows {
                    assert_eq!(starts(row.id), 1, "{}", row.id);
                }
            }
        }
    }
}
