//! `oediag redact --review`: what would be replaced, place by place, for a person at this host.
//!
//! In: files, standard input or a folder. Out: for each place its file and line, the kind, the value and its stand-in, and
//! the redacted line around it. Values are shown on a terminal only: in a pipe, a file and JSON there is no value, and what
//! is left of the output may leave the host as the redacted text itself may. Never: a file written.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Path, PathBuf},
};

use oediag_collector::redact::{Found, RedactError, Redactor, Scratch};
use serde::Serialize;

use super::{Below, below, content_below, each, failed, host_paths, input};
use crate::{
    cli::Redact,
    failure::{Failure, exit},
    invocation::Invocation,
    term, text,
    view::redaction::{self, Place},
};

/// One place of `--review --json`. Without the value: JSON is made to be kept.
#[derive(Serialize)]
struct PlaceJson<'a> {
    file: &'a str,
    line: u64,
    kind: &'a str,
    stand_in: String,
    before: String,
    after: String,
}

/// What was seen so far, and whether anybody still reads.
struct Shown<'a> {
    given: &'a Invocation,
    counts: BTreeMap<&'static str, u64>,
    first: bool,
    open: bool,
}

/// Runs the command.
pub(super) fn run(redactor: &Redactor, options: &Redact, given: &Invocation) -> Result<u8, Failure> {
    let mut shown = Shown { given, counts: BTreeMap::new(), first: true, open: true };
    let mut failures = 0;
    if let Some(folder) = &options.input {
        let paths = options.paths.as_deref().map(|path| host_paths(path, given)).transpose()?.unwrap_or_default();
        let Below { files, failures: left_out } = below(folder, given)?;
        failures = left_out;
        for file in files {
            let relative = file.strip_prefix(folder).unwrap_or(&file).to_owned();
            let host_path = paths.get(&*relative.to_string_lossy()).map_or(relative, PathBuf::from);
            let done = content_below(&file, given).and_then(|content| shown.file(redactor, content, &file, &host_path));
            if let Err(failure) = done {
                failure.lines(&given.texts).iter().for_each(|line| term::note(line));
                failures += 1;
            }
        }
    }
    let done = each(&options.file, given, |file| {
        shown.file(redactor, input(file, given)?, file, file)?;
        Ok(shown.open)
    });
    shown.end()?;
    if failures > 0 { Ok(exit::GAPS) } else { done }
}

impl Shown<'_> {
    /// Shows one file while it is read.
    fn file(&mut self, redactor: &Redactor, content: impl Read, file: &Path, host_path: &Path) -> Result<(), Failure> {
        let name = file.display().to_string();
        let mut scratch = Scratch::default();
        let mut lines = 0;
        for raw in redactor.reader(content, host_path.as_os_str().as_encoded_bytes()) {
            if !self.open {
                break;
            }
            let raw = raw.map_err(|error| self.stopped(file, error))?;
            let review = redactor.review(raw, &mut scratch);
            for found in &review.found {
                *self.counts.entry(found.kind).or_default() += 1;
            }
            self.print(&name, lines, &review.found).map_err(|error| Failure::output(&self.given.texts, error))?;
            lines += review.lines;
        }
        Ok(())
    }

    fn stopped(&self, file: &Path, error: RedactError) -> Failure {
        failed(file, error, self.given)
    }

    fn print(&mut self, file: &str, lines: u64, found: &[Found]) -> io::Result<()> {
        let mut out = String::new();
        for found in found {
            let line = lines + found.line + 1;
            if self.given.json {
                out.push_str(if self.first { "[\n" } else { ",\n" });
                out.push_str(&json(file, line, found)?);
            } else {
                let place = Place { file, line, found, values: self.given.terminal };
                for line in redaction::place(&place, &self.given.page()) {
                    out.push_str(&line);
                    out.push('\n');
                }
            }
            self.first = false;
        }
        self.open = term::write_out(out.as_bytes())?;
        Ok(())
    }

    fn end(&self) -> Result<(), Failure> {
        let texts = &self.given.texts;
        let end = match (self.given.json, self.first) {
            (true, true) => "[]\n".to_owned(),
            (true, false) => "\n]\n".to_owned(),
            (false, _) => {
                let total = self.counts.values().sum::<u64>();
                let mut lines = vec![text!(texts, "redact-review-total", count = total)];
                lines.extend(self.counts.iter().map(|(kind, count)| format!("  {count:>7}  {kind}  {}", texts.kind(kind))));
                if !self.given.terminal && total > 0 {
                    lines.push(text!(texts, "redact-review-no-values"));
                }
                lines.join("\n") + "\n"
            }
        };
        let written = if self.open { term::write_out(end.as_bytes()).map(drop) } else { Ok(()) };
        written.map_err(|error| Failure::output(texts, error))
    }
}

fn json(file: &str, line: u64, found: &Found) -> io::Result<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let place = PlaceJson {
        file,
        line,
        kind: found.kind,
        stand_in: text(&found.stand_in),
        before: text(&found.before),
        after: text(&found.after),
    };
    Ok(term::escape_json(&serde_json::to_string(&place)?))
}
