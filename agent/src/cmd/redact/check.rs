//! `oediag redact --check`: whether the customer's own rules can be used.
//!
//! In: files and folders, or nothing for the rules of this installation, of which owner and mode are looked at too.
//! Out: for each file how many rows it has, or every line that is wrong and why. Their examples are tried.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use oediag_collector::{
    own::{self, Listed},
    redact::{Harvest, Key, Level, RedactError, Redactor, SiteProblem, SiteRules, SiteSize},
    rules,
    state::State,
};
use serde::Serialize;

use crate::{
    causes,
    failure::{Failure, Kind, exit},
    invocation::{Invocation, home},
    term::{self, Tone},
    text,
    texts::Texts,
    view::Page,
};

/// Most bytes read of a file that lies anywhere.
const BYTES: u64 = 256 << 10;

/// What was looked at so far.
#[derive(Default)]
struct Report {
    rules: SiteRules,
    /// The texts that were added: the same file may lie in several folders.
    known: Vec<String>,
    files: Vec<FileJson>,
    /// Where files were looked for.
    looked: Vec<String>,
    others: Vec<PathBuf>,
}

impl Report {
    /// Adds the text of a file, or why there is none.
    fn add(&mut self, path: &Path, text: Result<String, Vec<WrongJson>>, texts: &Texts) {
        let added = text.and_then(|text| {
            // Rows that are known are counted, and not added a second time.
            let known = self.known.contains(&text);
            let size = if known { SiteRules::default().add(&text) } else { self.rules.add(&text) };
            self.known.push(text);
            size.map_err(|problems| problems.into_iter().map(|problem| WrongJson::of(problem, texts)).collect())
        });
        self.files.push(file(path, added));
    }
}

/// One file of `--check --json`.
#[derive(Serialize)]
struct FileJson {
    file: String,
    ok: bool,
    keywords: usize,
    keys: usize,
    patterns: usize,
    wrong: Vec<WrongJson>,
}

/// One line that is wrong; line 0 is the file as such.
#[derive(Serialize)]
struct WrongJson {
    line: usize,
    /// In English.
    why: String,
    /// For people.
    #[serde(skip)]
    words: String,
}

impl WrongJson {
    fn of(problem: SiteProblem, texts: &Texts) -> Self {
        let SiteProblem { line, why } = problem;
        Self { line, why: why.to_string(), words: causes::site(&why, texts) }
    }

    /// The error with what is beneath it, about the file as such.
    fn of_file(error: &(dyn std::error::Error + 'static), texts: &Texts) -> Vec<Self> {
        let chain = || anyhow::Chain::new(error);
        let why = chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
        let words = chain().map(|error| causes::words(error, texts)).collect::<Vec<_>>().join(": ");
        vec![Self { line: 0, why, words }]
    }
}

/// Runs the command.
pub(super) fn run(named: &[PathBuf], given: &Invocation) -> Result<u8, Failure> {
    let mut report = Report::default();
    if named.is_empty() {
        let state = State::locate(given.state.as_deref(), &home())
            .map_err(|error| Failure::new(Kind::Usage, text!(given.texts, "error-state")).because(error))?;
        for folder in state.policy().iter().map(|folder| folder.join(rules::FOLDER)) {
            report.looked.push(folder.display().to_string());
            match own::list(&folder) {
                Err(error) if error.is_closed() => {
                    let folder = term::escape(&folder.display().to_string());
                    term::note(&text!(given.texts, "note-policy-closed", folder = folder));
                }
                Err(error) => report.files.push(file(&folder, Err(WrongJson::of_file(&error, &given.texts)))),
                Ok(listed) => {
                    for path in &listed.files {
                        let text = own::read(path).map_err(|error| WrongJson::of_file(&error, &given.texts));
                        report.add(path, text, &given.texts);
                    }
                    report.others.extend(listed.others);
                }
            }
        }
    }
    for name in named {
        report.looked.push(name.display().to_string());
        let listed = files(name, given)?;
        for path in &listed.files {
            report.add(path, Ok(read(path, given)?), &given.texts);
        }
        report.others.extend(listed.others);
    }
    if let Some(path) = report.files.first().map(|file| PathBuf::from(&file.file))
        && report.files.iter().all(|file| file.ok)
        && let Err(error) = tables(std::mem::take(&mut report.rules))
    {
        report.files.push(file(&path, Err(WrongJson::of_file(&error, &given.texts))));
    }
    for path in &report.others {
        term::note(&text!(given.texts, "note-rules-unread", path = term::escape(&path.display().to_string())));
    }
    let Report { files: report, looked, .. } = report;
    given.show(&report, |page| lines(&report, &term::escape(&looked.join(", ")), page))?;
    Ok(if report.iter().all(|file| file.ok) { exit::OK } else { exit::USAGE })
}

/// Builds what every run builds of them, all together.
fn tables(rules: SiteRules) -> Result<Redactor, RedactError> {
    let harvest = Harvest { rules, ..Harvest::default() };
    Redactor::new(&harvest, &Key::for_bundle(&[0; 32], &[0; 16]), Level::Standard)
}

fn file(path: &Path, added: Result<SiteSize, Vec<WrongJson>>) -> FileJson {
    let ok = added.is_ok();
    let (size, wrong) = match added {
        Ok(size) => (size, Vec::new()),
        Err(wrong) => (SiteSize::default(), wrong),
    };
    FileJson { file: path.display().to_string(), ok, keywords: size.keywords, keys: size.keys, patterns: size.patterns, wrong }
}

/// What was found in each file, or that there is none where they were `looked` for.
fn lines(report: &[FileJson], looked: &str, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if report.is_empty() {
        return vec![text!(texts, "redact-check-none", folder = looked)];
    }
    let mut lines = Vec::new();
    for file in report {
        let name = term::escape(&file.file);
        if file.ok {
            let size = text!(texts, "redact-check-size", keywords = file.keywords, keys = file.keys, patterns = file.patterns);
            lines.push(format!("{name}  {}  {size}", page.paint.tone(Tone::Good, &text!(texts, "redact-check-ok"))));
        }
        for wrong in &file.wrong {
            let place = if wrong.line == 0 { name.clone() } else { format!("{name}:{}", wrong.line) };
            lines.push(format!("{place}  {}", page.paint.tone(Tone::Bad, &term::escape(&wrong.words))));
        }
    }
    if report.iter().any(|file| !file.ok) {
        lines.push(text!(texts, "redact-check-wrong"));
    }
    lines
}

/// The file itself, or what lies in the folder.
fn files(path: &Path, given: &Invocation) -> Result<Listed, Failure> {
    if !path.is_dir() {
        return Ok(Listed { files: vec![path.to_owned()], ..Listed::default() });
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> =
        entries.map_err(|error| super::unreadable(path, error, given))?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let (files, others) = paths.into_iter().partition(|path| own::is_read(path));
    Ok(Listed { files, others, ..Listed::default() })
}

fn read(path: &Path, given: &Invocation) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(BYTES + 1).read_to_string(&mut text));
    match read {
        Err(error) => Err(super::unreadable(path, error, given)),
        Ok(length) if length as u64 > BYTES => {
            let long = std::io::Error::from(std::io::ErrorKind::FileTooLarge);
            Err(super::unreadable(path, long, given))
        }
        Ok(_) => Ok(text),
    }
}
