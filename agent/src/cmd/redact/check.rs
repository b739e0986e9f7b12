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
    own,
    redact::{Harvest, Key, Level, RedactError, Redactor, SiteProblem, SiteRules, SiteSize},
    state::State,
};
use serde::Serialize;

use crate::{
    failure::{Failure, Kind, exit},
    invocation::{Invocation, home},
    term::{self, Tone},
    text,
    view::Page,
};

/// Most bytes read of a file that lies anywhere.
const BYTES: u64 = 256 << 10;

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
    why: String,
}

/// Runs the command.
pub(super) fn run(named: &[PathBuf], given: &Invocation) -> Result<u8, Failure> {
    let (mut rules, mut report, mut looked) = (SiteRules::default(), Vec::new(), String::new());
    if named.is_empty() {
        let state = State::locate(given.state.as_deref(), &home())
            .map_err(|error| Failure::new(Kind::Usage, text!(given.texts, "error-state")).because(error))?;
        let folder = state.site_rules();
        looked = term::escape(&folder.display().to_string());
        match own::paths(&folder) {
            Err(error) => report.push(file(&folder, Err(unusable(&error)))),
            Ok(paths) => {
                for path in paths {
                    let added = own::read(&path).map_err(|error| unusable(&error)).and_then(|text| rules.add(&text));
                    report.push(file(&path, added));
                }
            }
        }
    }
    for name in named {
        for path in files(name, given)? {
            let added = read(&path, given).map(|text| rules.add(&text))?;
            report.push(file(&path, added));
        }
    }
    if let Some(path) = report.first().map(|file| PathBuf::from(&file.file))
        && report.iter().all(|file| file.ok)
        && let Err(error) = tables(rules)
    {
        report.push(file(&path, Err(unusable(&error))));
    }
    given.show(&report, |page| lines(&report, &looked, page))?;
    Ok(if report.iter().all(|file| file.ok) { exit::OK } else { exit::USAGE })
}

/// Builds what every run builds of them, all together.
fn tables(rules: SiteRules) -> Result<Redactor, RedactError> {
    let harvest = Harvest { rules, ..Harvest::default() };
    Redactor::new(&harvest, &Key::for_bundle(&[0; 32], &[0; 16]), Level::Standard)
}

fn file(path: &Path, added: Result<SiteSize, Vec<SiteProblem>>) -> FileJson {
    let ok = added.is_ok();
    let (size, wrong) = match added {
        Ok(size) => (size, Vec::new()),
        Err(wrong) => (SiteSize::default(), wrong),
    };
    FileJson {
        file: path.display().to_string(),
        ok,
        keywords: size.keywords,
        keys: size.keys,
        patterns: size.patterns,
        wrong: wrong.into_iter().map(|SiteProblem { line, why }| WrongJson { line, why }).collect(),
    }
}

/// The error with what is beneath it, about the file as such.
fn unusable(error: &dyn std::error::Error) -> Vec<SiteProblem> {
    let chain = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>();
    vec![SiteProblem { line: 0, why: chain.join(": ") }]
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
            lines.push(format!("{place}  {}", page.paint.tone(Tone::Bad, &term::escape(&wrong.why))));
        }
    }
    if report.iter().any(|file| !file.ok) {
        lines.push(text!(texts, "redact-check-wrong"));
    }
    lines
}

/// The file itself, or the files of a folder whose names end in `.toml`.
fn files(path: &Path, given: &Invocation) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> =
        entries.map_err(|error| super::unreadable(path, error, given))?.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
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
