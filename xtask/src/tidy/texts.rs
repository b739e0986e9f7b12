//! The message files of both languages have the same ids, each once; the pages made from them are up to date.
//! In: `agent/i18n`, `docs`, the catalogue. Out: findings.

use std::collections::BTreeSet;

use super::{Finding, Text};
use crate::{coverage, docs};

const LANGUAGES: [&str; 2] = ["agent/i18n/en/", "agent/i18n/zh-CN/"];

/// Every id is in the file of the same name in the other language.
pub(super) fn same_ids(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: [BTreeSet<(String, String)>; 2] = Default::default();
    for text in texts.iter().filter(|text| text.is("ftl")) {
        for (language, seen) in LANGUAGES.iter().zip(&mut seen) {
            let Some(file) = text.path.strip_prefix(language) else { continue };
            for id in ids(&text.text) {
                if !seen.insert((file.to_owned(), id.to_owned())) {
                    findings.push(Finding { place: text.path.clone(), what: format!("{id} is there twice") });
                }
            }
        }
    }
    let missing = |from: usize, to: usize| {
        seen[from]
            .difference(&seen[to])
            .map(move |(file, id)| Finding { place: format!("{}{file}", LANGUAGES[to]), what: format!("lacks {id}") })
    };
    findings.extend(missing(0, 1).chain(missing(1, 0)));
    findings
}

/// `docs/sources*.md` are what `cargo xtask docs` would write.
pub(super) fn pages_of_sources(texts: &[Text]) -> Vec<Finding> {
    docs::pages()
        .into_iter()
        .filter(|(path, wanted)| !texts.iter().any(|text| text.path == *path && text.text == *wanted))
        .map(|(path, _)| Finding { place: path.to_owned(), what: "is not what `cargo xtask docs` writes; run it".to_owned() })
        .collect()
}

/// `docs/coverage*.md` are what `cargo xtask coverage` would write.
pub(super) fn pages_of_coverage(texts: &[Text]) -> Vec<Finding> {
    let old = |place: &str, what: String| Finding { place: place.to_owned(), what };
    match coverage::pages() {
        Err(error) => vec![old("xtask/coverage", format!("{error:#}"))],
        Ok(pages) => pages
            .into_iter()
            .filter(|(path, wanted)| !texts.iter().any(|text| text.path == *path && text.text == *wanted))
            .map(|(path, _)| old(path, "is not what `cargo xtask coverage` writes; run it".to_owned()))
            .collect(),
    }
}

/// The ids that begin a line.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once('='))
        .map(|(id, _)| id.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_page_is_found() {
        let text = |(path, text): (&str, String)| Text { path: path.to_owned(), text };
        let mut texts: Vec<Text> = docs::pages().into_iter().map(text).collect();
        assert_eq!(pages_of_sources(&texts), []);
        texts[1].text.push('x');
        assert_eq!(pages_of_sources(&texts).len(), 1);
    }

    #[test]
    fn a_missing_message_is_found() {
        let text = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let texts = [
            text("agent/i18n/en/a.ftl", "# x\none = 1\ntwo = { $n ->\n    [one] x\n  }\none = 2\n"),
            text("agent/i18n/zh-CN/a.ftl", "one = 一\n"),
        ];
        let found: Vec<String> = same_ids(&texts).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["agent/i18n/en/a.ftl: one is there twice", "agent/i18n/zh-CN/a.ftl: lacks two"]);
    }
}
