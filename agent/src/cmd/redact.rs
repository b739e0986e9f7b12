//! `oediag redact`: the redactor of `collect` as a filter, over files, standard input or a folder.
//!
//! In: text of any origin. Out: the same with secrets and identities replaced. With `--in` a file that cannot be redacted
//! is not there in `--out` at all. A stream is written while it is read: what came before the place that cannot be
//! redacted is clean, stays written, and the failure says so. Never: text that was not redacted, or a file written over.
//! Beside it, for people: what is found (`list`), what would be replaced (`review`), the customer's own rules (`check`).

mod check;
mod list;
mod review;

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use oediag_collector::{
    host::Host,
    redact::{Choice, Correlate, Counts, Harvest, Key, RedactError, Redactor, Scratch},
    start,
};
use serde::Serialize;

use crate::{
    cli::Redact,
    failure::{Failure, Kind, exit},
    invocation::Invocation,
    redaction, selection, term, text,
};

/// Runs the command.
pub fn run(options: &Redact, given: &Invocation) -> Result<u8, Failure> {
    if let Some(kind) = &options.list {
        return list::run(kind.as_deref(), given);
    }
    if options.check {
        return check::run(&options.file, given);
    }
    let redactor = redactor(options, given)?;
    if options.review {
        return review::run(&redactor, options, given);
    }
    if let (Some(input), Some(out)) = (&options.input, &options.out) {
        return folder(&redactor, input, out, options.paths.as_deref(), given);
    }
    for file in &options.file {
        if !stream(&redactor, file, given)? {
            break;
        }
    }
    Ok(exit::OK)
}

/// One file of `redact --in --json`.
#[derive(Serialize)]
struct FileJson {
    file: String,
    replaced: u64,
}

/// A redactor that knows the names of the context file, or of this host when there is none.
fn redactor(options: &Redact, given: &Invocation) -> Result<Redactor, Failure> {
    let texts = &given.texts;
    let mut harvest = if let Some(path) = &options.context {
        let mut bytes = Vec::new();
        let read = open(path, given)?.take(selection::HARVEST_FILE as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(path, error, given))?;
        let wrong = |error: anyhow::Error| {
            let path = term::escape(&path.display().to_string());
            Failure::new(Kind::Usage, text!(texts, "error-redact-context", path = path)).because(error)
        };
        if bytes.len() > selection::HARVEST_FILE {
            return Err(wrong(anyhow::anyhow!("longer than {} bytes", selection::HARVEST_FILE)));
        }
        Harvest::from_context(&bytes).map_err(|error| wrong(error.into()))?
    } else {
        let host =
            Host::live().map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-root", path = "/")).because(error))?;
        selection::harvest(&host)
    };
    let state = given.state(Kind::NoBundle)?;
    harvest.rules = selection::site_rules(&state, given)?;
    // There is no bundle: what is redacted piece by piece belongs together where nobody says otherwise.
    let usual = Choice { correlate: Some(Correlate::Host), ..Choice::default() };
    let settings = redaction::settings(&usual, &redaction::config(&state, given)?, &options.redaction, given)?;
    let key = state.redaction_key().map_err(|error| {
        Failure::new(Kind::NoBundle, text!(texts, "error-state")).because(error).hint(text!(texts, "hint-root-needed"))
    })?;
    let key = match settings.correlate {
        Correlate::Host => Key::for_host(&key),
        Correlate::Bundle => Key::for_bundle(&key, &start::bundle_id(&key, None).0),
    };
    Redactor::new(&harvest, &key, settings)
        .map_err(|error| Failure::new(Kind::NoBundle, text!(texts, "error-redactor")).because(error))
}

/// One file, or standard input, to standard output; false when nobody reads any more.
fn stream(redactor: &Redactor, path: &Path, given: &Invocation) -> Result<bool, Failure> {
    let input = input(path, given)?;
    let (mut open, mut begun) = (true, false);
    let done = clean(redactor, input, path, |piece| {
        begun |= !piece.is_empty();
        open = open && term::write_out(piece)?;
        if open { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    });
    match done {
        Ok(_) => Ok(true),
        Err(CleanError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(CleanError::Write(error)) => Err(Failure::output(&given.texts, error)),
        Err(CleanError::Redact(error)) if begun => {
            let path = term::escape(&path.display().to_string());
            Err(Failure::new(Kind::Usage, text!(given.texts, "error-redact-stream", path = path)).because(error))
        }
        Err(CleanError::Redact(error)) => Err(failed(path, error, given)),
    }
}

/// Every file below `input`, to the same name below `out`.
fn folder(redactor: &Redactor, input: &Path, out: &Path, paths: Option<&Path>, given: &Invocation) -> Result<u8, Failure> {
    let paths = paths.map(|path| host_paths(path, given)).transpose()?.unwrap_or_default();
    if out.symlink_metadata().is_ok() {
        let sentence = text!(given.texts, "error-redact-exists", path = term::escape(&out.display().to_string()));
        return Err(Failure::new(Kind::Usage, sentence));
    }
    let mut files = Vec::new();
    walk(input, &mut files).map_err(|(path, error)| unreadable(&path, error, given))?;
    files.sort();
    make_folder(out).map_err(|error| unwritable(out, error, given))?;
    let mut report = Vec::new();
    let mut failures = 0;
    for file in files {
        let relative = file.strip_prefix(input).unwrap_or(&file);
        let name = relative.to_string_lossy().into_owned();
        let host_path = paths.get(&name).map_or(relative, Path::new);
        let target = out.join(relative);
        match one(redactor, &file, host_path, &target, given) {
            Ok(counts) => report.push(FileJson { file: name, replaced: counts.total() }),
            Err(failure) => {
                failure.lines(&given.texts).iter().for_each(|line| term::note(line));
                failures += 1;
            }
        }
    }
    let (files, replaced) = (report.len(), report.iter().map(|file| file.replaced).sum::<u64>());
    given.show(&report, |_| vec![text!(given.texts, "redact-done", files = files, count = replaced)])?;
    Ok(if failures == 0 { exit::OK } else { exit::GAPS })
}

/// One file of a folder: to a draft beside its target, which gets its name only when all of it is clean.
fn one(redactor: &Redactor, file: &Path, host_path: &Path, target: &Path, given: &Invocation) -> Result<Counts, Failure> {
    let mut draft = target.as_os_str().to_owned();
    draft.push(".partial");
    let draft = PathBuf::from(draft);
    let write = |error| unwritable(target, error, given);
    if let Some(folder) = target.parent() {
        make_folder(folder).map_err(write)?;
    }
    let mut output = new_file(&draft).map_err(write)?;
    let counts = clean(redactor, open(file, given)?, host_path, |piece| output.write_all(piece)).map_err(|error| {
        // The draft is clean as far as it goes; a file that is there in part would be taken for the whole.
        drop(fs::remove_file(&draft));
        match error {
            CleanError::Write(error) => unwritable(target, error, given),
            CleanError::Redact(error) => failed(file, error, given),
        }
    })?;
    // The empty file holds the name, so that the rename never replaces a file of someone else.
    new_file(target).and_then(|_| fs::rename(&draft, target)).map_err(|error| {
        drop(fs::remove_file(&draft));
        write(error)
    })?;
    Ok(counts)
}

/// Makes a file that was not there, for the user alone.
fn new_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a folder and those above it that are missing, for the user alone.
fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Why a stream could not be cleaned.
enum CleanError {
    Redact(RedactError),
    Write(io::Error),
}

/// Cleans a whole input, piece by piece.
fn clean(
    redactor: &Redactor,
    input: impl Read,
    host_path: &Path,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<Counts, CleanError> {
    let mut scratch = Scratch::default();
    let mut total = Counts::default();
    for raw in redactor.reader(input, host_path.as_os_str().as_encoded_bytes()) {
        let (clean, counts) = raw.and_then(|raw| redactor.clean(raw, &mut scratch)).map_err(CleanError::Redact)?;
        total.add(&counts);
        write(clean.as_bytes()).map_err(CleanError::Write)?;
    }
    Ok(total)
}

/// Regular files below a folder; links are not followed.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let at = |error| (folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(at)? {
        let entry = entry.map_err(at)?;
        let kind = entry.file_type().map_err(at)?;
        if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// `--paths`: for each name below `--in` the path it had on its host, which is the last column.
fn host_paths(path: &Path, given: &Invocation) -> Result<HashMap<String, String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, error, given))?;
    let pairs: Option<_> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split_once('\t').zip(line.rsplit('\t').next()))
        .map(|columns| columns.map(|((name, _), path)| (name.to_owned(), path.to_owned())))
        .collect();
    pairs.ok_or_else(|| {
        let path = term::escape(&path.display().to_string());
        Failure::new(Kind::Usage, text!(given.texts, "error-redact-paths", path = path))
    })
}

/// A file, or standard input.
fn input(path: &Path, given: &Invocation) -> Result<Box<dyn Read>, Failure> {
    Ok(if path.as_os_str() == "-" { Box::new(io::stdin().lock()) } else { Box::new(open(path, given)?) })
}

fn open(path: &Path, given: &Invocation) -> Result<File, Failure> {
    File::open(path).map_err(|error| unreadable(path, error, given))
}

fn unreadable(path: &Path, error: io::Error, given: &Invocation) -> Failure {
    let path = term::escape(&path.display().to_string());
    Failure::new(Kind::Usage, text!(given.texts, "error-redact-read", path = path)).because(error)
}

fn unwritable(path: &Path, error: io::Error, given: &Invocation) -> Failure {
    let path = term::escape(&path.display().to_string());
    Failure::new(Kind::Usage, text!(given.texts, "error-redact-write", path = path)).because(error)
}

fn failed(path: &Path, error: RedactError, given: &Invocation) -> Failure {
    let path = term::escape(&path.display().to_string());
    Failure::new(Kind::Usage, text!(given.texts, "error-redact", path = path)).because(error)
}
