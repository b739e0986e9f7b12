//! Rules about files as such: size, opening words, paths of machines, links. In: texts. Out: findings.

use std::path::{Component, Path, PathBuf};

use super::{Finding, Text};
use crate::run;

/// Most lines of a source file.
const LINES: usize = 800;
/// Files that may be longer because they are tables.
const TABLES: &[&str] = &[];

/// Sources stay below [`LINES`].
pub(super) fn size(texts: &[Text]) -> Vec<Finding> {
    rust(texts)
        .filter(|text| !TABLES.contains(&text.path.as_str()))
        .map(|text| (text, text.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(text, lines)| finding(text, format!("{lines} lines; more than {LINES} are two files")))
        .collect()
}

/// Every source says first what it is for.
pub(super) fn opening(texts: &[Text]) -> Vec<Finding> {
    rust(texts)
        .filter(|text| !text.text.starts_with("//! "))
        .map(|text| finding(text, "does not open with `//! `".to_owned()))
        .collect()
}

/// No file holds a path that exists only where it was written.
pub(super) fn machine_paths(texts: &[Text]) -> Vec<Finding> {
    let mut marks = vec![concat!("/wo", "rk/").to_owned(), concat!("/tmp/", "target").to_owned()];
    marks.push(run::root().display().to_string());
    marks.extend(std::env::var("CARGO_HOME").ok().filter(|path| path.len() > 1));
    let mut findings = Vec::new();
    for text in texts {
        for (line, content) in text.text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| content.contains(mark.as_str())) {
                findings.push(finding(text, format!("line {}: names {mark}", line + 1)));
            }
        }
    }
    findings
}

/// Relative links of Markdown files name files that are there.
pub(super) fn links(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.is("md")) {
        for target in targets(&text.text) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = target.contains("://") || target.starts_with("mailto:");
            if !outside && !file.is_empty() && !run::root().join(resolved(&text.path, file)).exists() {
                findings.push(finding(text, format!("links to {target}, which is not there")));
            }
        }
    }
    findings
}

/// What stands in the parentheses of `](…)`.
fn targets(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next()).collect()
}

/// A link, seen from the repository.
fn resolved(document: &str, link: &str) -> PathBuf {
    let mut path = PathBuf::from(document);
    path.pop();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

fn rust(texts: &[Text]) -> impl Iterator<Item = &Text> {
    texts.iter().filter(|text| text.is("rs"))
}

fn finding(text: &Text, what: String) -> Finding {
    Finding { place: text.path.clone(), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaches_are_found() {
        let text = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let long = "x\n".repeat(LINES + 1);
        assert_eq!(size(&[text("a.rs", &long), text("b.rs", "x\n")]).len(), 1);
        assert_eq!(opening(&[text("a.rs", "use x;"), text("b.rs", "//! For x.\n")]).len(), 1);
        let here = format!("see {}/x", run::root().display());
        assert_eq!(machine_paths(&[text("a.md", &here), text("b.md", "/var/log")]).len(), 1);
        let linked = "[a](../Cargo.toml) [b](no.md) [c](https://x.org/y) [d](#here)";
        assert_eq!(links(&[text("docs/a.md", linked)]).len(), 1);
    }
}
