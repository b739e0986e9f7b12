//! `oediag redact`: the redactor of `collect` as a filter, over files, standard input or a folder.
//!
//! In: text of any origin. Out: the same with secrets and identities replaced. With `--in` a file that cannot be redacted
//! is not there in `--out` at all; one that is compressed is read as its text and compressed again as it was. A stream is written while it is read: what came before the place that cannot be
//! redacted is clean, stays written, and the failure says so. Never: text that was not redacted, or a file written over.
//! Beside it, for people: what is found (`list`), what would be replaced (`review`), the customer's own rules (`check`).

mod check;
mod list;
mod review;

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, OpenOptionsExt as _},
    },
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use nix::fcntl::OFlag;
use oediag_collector::{
    host::Host,
    packed::{self, Packing},
    redact::{Choice, Correlate, Counts, Harvest, Key, RedactError, Redactor, Scratch},
    start,
};
use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

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
    if given.json {
        return Err(Failure::new(Kind::Usage, text!(given.texts, "error-redact-json")));
    }
    each(&options.file, given, |file| stream(&redactor, file, given))
}

/// Does one after the other, as long as somebody reads: one that fails is named and does not keep the others.
fn each(files: &[PathBuf], given: &Invocation, mut work: impl FnMut(&Path) -> Result<bool, Failure>) -> Result<u8, Failure> {
    let mut failures = Vec::new();
    for file in files {
        match work(file) {
            Ok(true) => {}
            Ok(false) => break,
            Err(failure) => failures.push(failure),
        }
    }
    let last = if failures.len() == files.len() { failures.pop() } else { None };
    let gaps = !failures.is_empty();
    failures.iter().flat_map(|failure| failure.lines(&given.texts)).for_each(|line| term::note(&line));
    last.map_or(Ok(if gaps { exit::GAPS } else { exit::OK }), Err)
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
        let read = File::open(path).and_then(|file| file.take(selection::HARVEST_FILE as u64 + 1).read_to_end(&mut bytes));
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
    harvest.rules = selection::site_rules(&state, Kind::NoBundle, given)?;
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

/// Every file below `input`, to the same name below `out`, redacted as names in a bundle are.
fn folder(redactor: &Redactor, input: &Path, out: &Path, paths: Option<&Path>, given: &Invocation) -> Result<u8, Failure> {
    let paths = paths.map(|path| host_paths(path, given)).transpose()?.unwrap_or_default();
    if out.symlink_metadata().is_ok() {
        let sentence = text!(given.texts, "error-redact-exists", path = term::escape(&out.display().to_string()));
        return Err(Failure::new(Kind::Usage, sentence));
    }
    let Below { files, mut failures } = below(input, given)?;
    make_folder(out).map_err(|error| unwritable(out, error, given))?;
    let interrupted = on_signal();
    let mut report = Vec::new();
    for file in files {
        let relative = file.strip_prefix(input).unwrap_or(&file);
        let name = relative.to_string_lossy().into_owned();
        let host_path = paths.get(&name).map_or(relative, Path::new);
        // Names tell as much as texts do.
        let clean = redactor.path(relative.as_os_str().as_bytes(), &mut Counts::default());
        let target = out.join(OsStr::from_bytes(&clean));
        match one(redactor, &file, host_path, &target, &interrupted, given) {
            Ok(counts) => report.push(FileJson { file: String::from_utf8_lossy(&clean).into_owned(), replaced: counts.total() }),
            Err(_) if interrupted.load(Ordering::SeqCst) => {}
            Err(failure) => {
                failure.lines(&given.texts).iter().for_each(|line| term::note(line));
                failures += 1;
            }
        }
        if interrupted.load(Ordering::SeqCst) {
            term::note(&text!(given.texts, "note-redact-interrupted", out = term::escape(&out.display().to_string())));
            failures += 1;
            break;
        }
    }
    let (files, replaced) = (report.len(), report.iter().map(|file| file.replaced).sum::<u64>());
    given.show(&report, |_| vec![text!(given.texts, "redact-done", files = files, count = replaced)])?;
    Ok(if failures == 0 { exit::OK } else { exit::GAPS })
}

/// True from the first signal on that wants this to end; a second one ends it at once.
fn on_signal() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // Without a handler the signal ends the program as usual.
        drop(signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag)));
        drop(signal_hook::flag::register(signal, Arc::clone(&flag)));
    }
    flag
}

/// One file of a folder: to a draft beside its target, which gets its name only when all of it is clean.
fn one(
    redactor: &Redactor,
    file: &Path,
    host_path: &Path,
    target: &Path,
    interrupted: &AtomicBool,
    given: &Invocation,
) -> Result<Counts, Failure> {
    let mut draft = target.as_os_str().to_owned();
    draft.push(".partial");
    let draft = PathBuf::from(draft);
    let write = |error| unwritable(target, error, given);
    if let Some(folder) = target.parent() {
        make_folder(folder).map_err(write)?;
    }
    let mut input = content_below(file, given)?;
    let mut output = new_file(&draft).map_err(write)?;
    let packing = Packing::of(file);
    let mut pack = |piece: &[u8]| {
        if interrupted.load(Ordering::SeqCst) {
            return Err(io::Error::from(nix::errno::Errno::EINTR));
        }
        match packing {
            None => output.write_all(piece),
            Some(Packing::Gzip) => output.write_all(&packed::gzip(piece)?),
            Some(Packing::Xz) => output.write_all(&packed::xz(piece)?),
            Some(Packing::Zstd) => output.write_all(&packed::zstd(piece)?),
            Some(Packing::Bzip2) => output.write_all(&packed::bzip2(piece)?),
        }
    };
    let mut empty = true;
    let mut counts = clean(redactor, &mut input, host_path, |piece| {
        empty = false;
        pack(piece)
    });
    // A compressed file without text is no file without bytes.
    if empty && let Err(error) = pack(b"") {
        counts = counts.and(Err(CleanError::Write(error)));
    }
    let counts = counts.map_err(|error| {
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
        // A panic in a rule must cost this file, not those behind it.
        let done = raw.and_then(|raw| {
            catch_unwind(AssertUnwindSafe(|| redactor.clean(raw, &mut scratch))).unwrap_or(Err(RedactError::Panicked))
        });
        let (clean, counts) = done.map_err(CleanError::Redact)?;
        total.add(&counts);
        write(clean.as_bytes()).map_err(CleanError::Write)?;
    }
    Ok(total)
}

/// What lies below a folder.
struct Below {
    /// Regular files, sorted.
    files: Vec<PathBuf>,
    /// How many things were named that are left out.
    failures: usize,
}

/// Looks below a folder. Links and what is no file are named and left out, and so is a folder that cannot be read.
fn below(folder: &Path, given: &Invocation) -> Result<Below, Failure> {
    let mut below = Below { files: Vec::new(), failures: 0 };
    walk(folder, &mut below, given).map_err(|error| unreadable(folder, error, given))?;
    below.files.sort();
    Ok(below)
}

fn walk(folder: &Path, below: &mut Below, given: &Invocation) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let shown = || term::escape(&path.display().to_string());
        if kind.is_file() {
            below.files.push(path);
            continue;
        }
        let left_out = if kind.is_dir() {
            walk(&path, below, given).err().map(|error| unreadable(&path, error, given))
        } else if kind.is_symlink() {
            Some(Failure::new(Kind::Usage, text!(given.texts, "error-redact-link", path = shown())))
        } else {
            Some(Failure::new(Kind::Usage, text!(given.texts, "error-redact-no-file", path = shown())))
        };
        if let Some(failure) = left_out {
            failure.lines(&given.texts).iter().for_each(|line| term::note(line));
            below.failures += 1;
        }
    }
    Ok(())
}

/// Opens a regular file that was found below a folder: a link or a FIFO that took its place meanwhile is none.
fn open_below(path: &Path) -> io::Result<File> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
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
    if path.as_os_str() == "-" { Ok(Box::new(io::stdin().lock())) } else { content(path, given) }
}

/// The text of a file, which may be compressed.
fn content(path: &Path, given: &Invocation) -> Result<Box<dyn Read>, Failure> {
    text_of(File::open(path), path, given)
}

/// The same for a file that was found below a folder.
fn content_below(path: &Path, given: &Invocation) -> Result<Box<dyn Read>, Failure> {
    text_of(open_below(path), path, given)
}

fn text_of(file: io::Result<File>, path: &Path, given: &Invocation) -> Result<Box<dyn Read>, Failure> {
    let text = file.and_then(|file| match Packing::of(path) {
        Some(packing) => packing.reader(file),
        None => Ok(Box::new(file) as Box<dyn Read>),
    });
    text.map_err(|error| unreadable(path, error, given))
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
