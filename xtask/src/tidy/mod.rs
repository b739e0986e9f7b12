//! Rules of the house that the compiler does not hold. In: the repository's files. Out: findings, each with its place and the rule.
//! The rules are ordinary tests as well: `cargo test` runs them.

mod crates;
mod files;
mod modules;
mod texts;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::run;

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// File, relative to the repository.
    place: String,
    /// The rule and how it is broken.
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// A text file of the repository.
struct Text {
    /// Relative to the repository, with `/`.
    path: String,
    text: String,
}

impl Text {
    /// Whether the file's name ends in this extension.
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

/// A rule: what it is called, and what breaks it.
type Rule = (&'static str, fn(&[Text]) -> Vec<Finding>);

const RULES: &[Rule] = &[
    ("crates depend only on what stands left of them", crates::direction),
    ("the collector has no network in it", crates::no_network),
    ("modules of the collector and the center name only what stands left of them", modules::order),
    ("only the redactor makes raw and clean values", modules::carriers),
    ("unsafe code has one place", modules::no_unsafe),
    ("in the agent only the sender has a network", modules::one_sender),
    ("files stay small", files::size),
    ("every file opens with what it is for", files::opening),
    ("no path of a build machine", files::machine_paths),
    ("links in documents lead somewhere", files::links),
    ("both languages have the same messages", texts::same_ids),
    ("the pages of sources are those of the catalogue", texts::pages_of_sources),
    ("the pages of coverage are those of the catalogue", texts::pages_of_coverage),
];

/// Prints every finding; fails when there is one.
pub(crate) fn run() -> Result<()> {
    let texts = texts_of(run::root())?;
    let mut count = 0;
    for (name, rule) in RULES {
        let findings = rule(&texts);
        run::say(&format!("{}  {name}", if findings.is_empty() { "ok    " } else { "BROKEN" }));
        for finding in &findings {
            run::say(&format!("          {finding}"));
        }
        count += findings.len();
    }
    if count > 0 {
        bail!("{count} findings");
    }
    Ok(())
}

/// Every text file but build output, git's own files and the fixture hosts.
fn texts_of(root: &Path) -> Result<Vec<Text>> {
    let mut texts = Vec::new();
    collect(root, root, &mut texts)?;
    texts.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(texts)
}

fn collect(root: &Path, folder: &Path, texts: &mut Vec<Text>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = relative(root, &path);
        if matches!(name.as_str(), "target" | ".git" | "tests/roots") || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, texts)?;
        } else if let Ok(text) = fs::read_to_string(&path) {
            texts.push(Text { path: name, text });
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    let path: PathBuf = path.strip_prefix(root).unwrap_or(path).into();
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(name: &str) {
        let texts = texts_of(run::root()).expect("the repository can be read");
        let (name, rule) = RULES.iter().find(|(rule, _)| rule.contains(name)).expect("a rule of that name");
        let findings = rule(&texts);
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{name}:\n{}", lines.join("\n"));
    }

    #[test]
    fn crates_depend_only_leftwards() {
        holds("crates depend");
    }

    #[test]
    fn the_collector_has_no_network() {
        holds("no network");
    }

    #[test]
    fn modules_of_the_collector_name_only_what_stands_left() {
        holds("modules of the collector");
    }

    #[test]
    fn only_the_redactor_makes_raw_and_clean() {
        holds("only the redactor");
    }

    #[test]
    fn unsafe_code_has_one_place() {
        holds("unsafe code");
    }

    #[test]
    fn only_the_sender_has_a_network() {
        holds("only the sender");
    }

    #[test]
    fn files_stay_small() {
        holds("files stay small");
    }

    #[test]
    fn every_file_opens_with_what_it_is_for() {
        holds("every file opens");
    }

    #[test]
    fn no_file_names_a_build_machine() {
        holds("build machine");
    }

    #[test]
    fn links_lead_somewhere() {
        holds("links in documents");
    }

    #[test]
    fn both_languages_have_the_same_messages() {
        holds("both languages");
    }

    #[test]
    fn the_pages_of_sources_are_those_of_the_catalogue() {
        holds("pages of sources");
    }

    #[test]
    fn the_pages_of_coverage_are_those_of_the_catalogue() {
        holds("pages of coverage");
    }

    #[test]
    fn every_rule_has_its_test() {
        // One test above for each rule; a new rule without one fails here.
        assert_eq!(RULES.len(), 13);
    }
}
