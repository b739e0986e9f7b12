//! Reads operations out of one member.
//!
//! In: the member's path and batches of whole lines. Out: its [`Records`]. One automaton passes over lines nobody wants.
//! Never keeps a line; what it remembers of the past is bounded.

use std::{collections::VecDeque, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use jiff::Timestamp;

use super::{
    OperationKind,
    audit::Audit,
    logs::{self, Row},
    pattern,
    store::{Record, Records, Store},
    tables::{self, Table},
};
use crate::{
    clock, cut,
    head::{Dialect, Line, Zero},
    lines,
    tally::REPEATS,
    tap::{Context, matches},
};

/// Units come up by themselves so many seconds after a boot, and go down so many before the next.
const SETTLING: i64 = 300;
/// Sessions remembered, so that the second line about one is not a second login.
const SESSIONS: usize = 64;

/// How to read a member.
#[derive(Clone, Copy, Debug)]
enum Way {
    System,
    Dnf,
    Audit,
    Table(Table),
    /// The folder's name holds the time of the crash.
    Crash,
}

/// Paths and the way to read them, as in `tap`; the first match counts.
const ROUTES: &[(&str, Way)] = &[
    ("var/log/messages*", Way::System),
    ("var/log/secure*", Way::System),
    ("var/log/cron*", Way::System),
    ("oediag/journal/*", Way::System),
    ("var/log/dnf.log*", Way::Dnf),
    ("var/log/dnf.rpm.log*", Way::Dnf),
    ("var/log/audit/audit.log*", Way::Audit),
    ("oediag/native/operations.logins.tsv", Way::Table(tables::LOGINS)),
    ("oediag/native/operations.failed_logins.tsv", Way::Table(tables::FAILED)),
    ("oediag/native/operations.changed_files.tsv", Way::Table(tables::FILES)),
    ("oediag/commands/operations.package_history/stdout", Way::Table(tables::HISTORY)),
    ("root/.*_history", Way::Table(tables::SHELL)),
    ("home/*/.*_history", Way::Table(tables::SHELL)),
    ("etc/passwd", Way::Table(tables::ACCOUNTS)),
    ("var/crash/*/vmcore-dmesg.txt", Way::Crash),
];

/// Rows of one kind of log with the automaton over their anchors.
#[derive(Debug)]
struct Book {
    rows: &'static [Row],
    anchors: AhoCorasick,
}

impl Book {
    fn new(rows: &'static [Row]) -> Self {
        let anchors = rows.iter().map(|row| pattern::anchor(row.pattern));
        let anchors = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(anchors);
        #[expect(clippy::expect_used, reason = "the anchors are constants, and far below the limits of an automaton")]
        let anchors = anchors.expect("an automaton over a hundred constant strings");
        Self { rows, anchors }
    }

    fn system() -> &'static Self {
        static BOOK: LazyLock<Book> = LazyLock::new(|| Book::new(logs::SYSTEM));
        &BOOK
    }

    fn dnf() -> &'static Self {
        static BOOK: LazyLock<Book> = LazyLock::new(|| Book::new(logs::DNF));
        &BOOK
    }
}

/// The state of reading one member.
#[derive(Debug)]
pub(crate) struct Reader {
    path: String,
    context: Context,
    state: State,
    number: u64,
    store: Store,
}

#[derive(Debug)]
enum State {
    Log { book: &'static Book, dialect: Dialect, settling: Option<Timestamp>, sessions: VecDeque<String> },
    Audit(Box<Audit>),
    Table(Table, tables::Memory),
    Crash,
}

impl Reader {
    /// A reader when the member tells of operations.
    pub(crate) fn of(path: &str, context: &Context) -> Option<Self> {
        let (_, way) = ROUTES.iter().find(|(pattern, _)| matches(pattern, path))?;
        let log = |book, dialect| State::Log { book, dialect, settling: None, sessions: VecDeque::new() };
        let state = match way {
            Way::System => log(Book::system(), Dialect::Syslog),
            Way::Dnf => log(Book::dnf(), Dialect::Dnf),
            Way::Audit => State::Audit(Box::default()),
            Way::Table(table) => State::Table(*table, tables::Memory::default()),
            Way::Crash => State::Crash,
        };
        Some(Self { path: path.to_owned(), context: context.clone(), state, number: 0, store: Store::default() })
    }

    /// Takes whole lines.
    pub(crate) fn batch(&mut self, batch: &[u8]) {
        match &mut self.state {
            State::Log { book, .. } => {
                let book = *book;
                self.log(book, batch);
            }
            State::Audit(audit) => {
                for line in lines::each(batch) {
                    self.number += 1;
                    audit.line(&String::from_utf8_lossy(line), self.number, &mut self.store);
                }
            }
            State::Table(table, memory) => {
                for line in lines::each(batch) {
                    self.number += 1;
                    let place = tables::Place { path: &self.path, context: &self.context, number: self.number };
                    (table.read)(&String::from_utf8_lossy(line), place, memory, &mut self.store);
                }
            }
            State::Crash => self.number = 1,
        }
    }

    /// Ends the member.
    pub(crate) fn finish(mut self) -> Records {
        match self.state {
            State::Audit(audit) => audit.finish(&mut self.store),
            State::Crash if self.number > 0 => {
                let folder = self.path.rsplit('/').nth(1).unwrap_or_default();
                let time = clock::crash_folder(folder, &self.context.zone);
                let crash = Record::new(OperationKind::Crash, time, 1, "kdump");
                self.store.add(crash.what(&format!("kernel crash, dump in {folder}")));
            }
            _ => {}
        }
        self.store.finish()
    }

    fn log(&mut self, book: &'static Book, batch: &[u8]) {
        let mut at = 0;
        while let Some(hit) = book.anchors.find(&batch[at..]) {
            let hit = at + hit.start();
            let start = memchr::memrchr(b'\n', &batch[at..hit]).map_or(at, |end| at + end + 1);
            self.number += memchr::memchr_iter(b'\n', &batch[at..start]).count() as u64 + 1;
            let (line, length) = lines::first(&batch[start..]);
            at = start + length;
            self.line(book, &String::from_utf8_lossy(line));
        }
        self.number += memchr::memchr_iter(b'\n', &batch[at..]).count() as u64;
        if batch.len() > at && batch.last() != Some(&b'\n') {
            self.number += 1;
        }
    }

    fn line(&mut self, book: &'static Book, text: &str) {
        let State::Log { dialect, settling, sessions, .. } = &mut self.state else { return };
        let Some(line) = Line::read(*dialect, text, &self.context, Zero::Unknown) else { return };
        let mut rows: Vec<usize> = book.anchors.find_overlapping_iter(text).map(|hit| hit.pattern().as_usize()).collect();
        rows.sort_unstable();
        rows.dedup();
        let program = line.tag.split_once('[').map_or(line.tag, |(program, _)| program);
        let found = rows.into_iter().find_map(|at| {
            let row = &book.rows[at];
            if row.from != "*" && !line.is_from(row.from) {
                return None;
            }
            let values = pattern::read(row.pattern, row.order, line.text)?;
            let plain = |name: &str| values.get(name).map(|name| name.split([';', '(']).next().unwrap_or(name).trim());
            let (who, account) = (values.get("who"), plain("as"));
            let who = if row.order == pattern::From::Left { plain("who") } else { who };
            if row.from == "*" && who != Some(program) {
                return None;
            }
            if row.kind != OperationKind::LoginFailed && who.is_some_and(|who| who.contains(' ')) {
                return None;
            }
            let mut record = Record::new(row.kind, line.time, self.number, row.pattern)
                .by(who)
                .from(values.get("from"))
                .run_as(account)
                .what(&values.fill(row.what))
                .ended(row.result);
            record.count = values.get("times").and_then(|times| times.parse().ok()).unwrap_or(1).clamp(1, REPEATS);
            Some((record, values.get("unit")))
        });
        let Some((record, unit)) = found else { return };
        if record.what.is_empty() {
            self.store.ended(&record);
            return;
        }
        let booted = self.context.booted;
        match record.kind {
            OperationKind::Unit => {
                let session = unit.is_some_and(|unit| logs::SESSION_UNITS.iter().any(|start| unit.starts_with(start)));
                let settles = [*settling, booted].into_iter().flatten().any(|since| {
                    let seconds = line.time.map(|time| time.as_second() - since.as_second());
                    seconds.is_some_and(|seconds| (0..SETTLING).contains(&seconds))
                });
                if session || settles {
                    return;
                }
            }
            OperationKind::Reboot | OperationKind::Shutdown => *settling = line.time,
            OperationKind::Login => {
                // One process of sshd serves one session, and has up to two lines about its beginning.
                let seen = sessions.iter().any(|known| known == line.tag);
                if seen && record.from.is_none() {
                    self.store.confirm(&record);
                    return;
                }
                if sessions.len() >= SESSIONS {
                    sessions.pop_front();
                }
                sessions.push_back(line.tag.to_owned());
            }
            OperationKind::Package if record.what.starts_with(logs::TIMER) => return,
            _ => {}
        }
        self.store.add(record);
    }
}

/// A local moment without seconds, `2026-01-01 02:22`, as dnf's history has it.
pub(super) fn minute(text: &str, context: &Context) -> Option<Timestamp> {
    let text = cut::limited(text.trim(), 16);
    clock::civil(&format!("{text}:00"), &context.zone).map(|(moment, _)| moment)
}
