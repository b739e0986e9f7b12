//! Finds events in the lines of one member.
//!
//! In: batches of whole lines. Out: events into `Findings`. One automaton over all anchors passes over lines nobody
//! wants; a line with an anchor is taken apart and shown to the rules of its speaker; a rule may then claim the
//! lines that follow from the same speaker. Never holds lines, only what rules made of them.

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use jiff::{SignedDuration, Timestamp};

use crate::{
    alerts::Severity,
    clock,
    findings::{Event, Findings},
    head::{Dialect, Line, Zero},
    lines,
    moments::Moments,
    rules::{self, Flow, Found, Rule, Turn},
    tally::{Burst, Tally},
    tap::Context,
    turns::Turns,
};

/// Lines of other speakers between two lines of a block.
const FOREIGN: u32 = 1000;
/// Seconds between two lines of a block; a slow serial console stretches a dump.
const PAUSE: i64 = 30;
/// Lines of one block; the task table of an OOM report has one per process.
const BLOCK: u32 = 50_000;
/// Blocks open at once for lines of one speaker: the oldest ends when one more begins.
const OPEN: usize = 8;
/// The mark before a warning's headline, so that the evidence starts with it.
const CUT_HERE: &str = "------------[ cut here ]------------";
/// Rules of one kind of member, with their automaton.
#[derive(Debug)]
struct Book {
    rules: Vec<&'static Rule>,
    anchors: AhoCorasick,
    /// The rule of each anchor; those after them are [`CUT_HERE`] and the marks of [`Turns`].
    owners: Vec<usize>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rule({} from {})", self.kind.name, self.from)
    }
}

impl Book {
    fn new(tables: &[&'static [Rule]]) -> Self {
        let rules: Vec<&Rule> = tables.iter().flat_map(|table| table.iter()).collect();
        let rows = rules.iter().enumerate().flat_map(|(owner, rule)| rule.anchors.iter().map(move |anchor| (owner, *anchor)));
        let (owners, mut anchors): (Vec<usize>, Vec<&str>) = rows.unzip();
        anchors.push(CUT_HERE);
        anchors.extend(Turns::marks());
        let anchors = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(anchors);
        #[expect(clippy::expect_used, reason = "the anchors are constants, and far below the limits of an automaton")]
        let anchors = anchors.expect("an automaton over a few hundred constant strings");
        Self { rules, anchors, owners }
    }

    fn of(dialect: Dialect) -> &'static Self {
        static SYSTEM: LazyLock<Book> = LazyLock::new(|| {
            Book::new(&[
                rules::memory::RULES,
                rules::lockup::RULES,
                rules::crash::RULES,
                rules::hardware::RULES,
                rules::storage::RULES,
                rules::devices::RULES,
                rules::adapters::RULES,
                rules::volumes::RULES,
                rules::remote::RULES,
                rules::limits::RULES,
                rules::network::RULES,
                rules::process::RULES,
                rules::units::RULES,
                rules::daemons::RULES,
                rules::access::RULES,
            ])
        });
        static SYSMONITOR: LazyLock<Book> = LazyLock::new(|| Book::new(&[rules::sysmonitor::RULES]));
        static BOOT: LazyLock<Book> = LazyLock::new(|| Book::new(&[rules::process::BOOT]));
        static SENTRY: LazyLock<Book> = LazyLock::new(|| Book::new(&[rules::sentry::LOG]));
        static DNF: LazyLock<Book> = LazyLock::new(|| Book::new(&[rules::packages::DNF]));
        static AUDIT: LazyLock<Book> = LazyLock::new(|| Book::new(&[rules::access::AUDIT]));
        static SEL: LazyLock<Book> = LazyLock::new(|| Book::new(&[rules::bmc::SEL]));
        static MCELOG: LazyLock<Book> = LazyLock::new(|| Book::new(&[rules::mcelog::MCELOG]));
        match dialect {
            Dialect::Syslog | Dialect::Kmsg => &SYSTEM,
            Dialect::Sysmonitor => &SYSMONITOR,
            Dialect::Boot => &BOOT,
            Dialect::Sentry => &SENTRY,
            Dialect::Dnf => &DNF,
            Dialect::Audit => &AUDIT,
            Dialect::Sel => &SEL,
            Dialect::Mcelog => &MCELOG,
        }
    }
}

/// An event whose lines may go on.
#[derive(Debug)]
struct Block {
    rule: &'static Rule,
    found: Found,
    /// The speaker, with process id.
    tag: String,
    time: Option<Timestamp>,
    last: Option<Timestamp>,
    stamp: Option<u64>,
    ended: Option<Timestamp>,
    line: u64,
    end: u64,
    foreign: u32,
    length: u32,
    copy: Option<Vec<u8>>,
}

/// The state of reading one member.
#[derive(Debug)]
pub(crate) struct Scanner {
    dialect: Dialect,
    book: &'static Book,
    context: Context,
    zero: Zero,
    /// For a crash dump: the moment of its last line, and that line's clock so far.
    crash: Option<(Timestamp, Option<u64>)>,
    number: u64,
    cut_here: Option<u64>,
    turns: Turns,
    /// Blocks that may go on, the one that got a line last at the end.
    open: Vec<Block>,
    tallies: Vec<(usize, Tally)>,
    /// The years of stamps that have none, and the beginning of the last stamp it was shown.
    years: Option<(Moments, [u8; 7])>,
    findings: Findings,
}

impl Scanner {
    pub(crate) fn new(dialect: Dialect, path: &str, context: &Context, zero: Zero, crash: Option<Timestamp>) -> Self {
        Self {
            dialect,
            book: Book::of(dialect),
            context: context.clone(),
            zero,
            crash: crash.map(|moment| (moment, None)),
            number: 0,
            cut_here: None,
            turns: Turns::new(context.booted),
            open: Vec::new(),
            tallies: Vec::new(),
            years: matches!(dialect, Dialect::Syslog | Dialect::Sysmonitor).then(|| (Moments::new(path, context, None), [0; 7])),
            findings: Findings::new(path, &context.zone, context.latest),
        }
    }

    /// Says when a stamp before the first line was written, or the first one where it has no year.
    pub(crate) fn starts_at(&mut self, moment: Timestamp, path: &str) {
        if let Some((moments, _)) = &mut self.years {
            *moments = Moments::new(path, &self.context, Some(moment));
        }
    }

    /// Takes whole lines.
    pub(crate) fn batch(&mut self, batch: &[u8]) {
        let mut at = 0;
        while at < batch.len() {
            if self.open.is_empty() {
                let Some(hit) = self.book.anchors.find(Input::new(batch).span(at..batch.len())) else { break };
                let start = memchr::memrchr(b'\n', &batch[at..hit.start()]).map_or(at, |end| at + end + 1);
                self.number += newlines(&batch[at..start]);
                self.count_years(&batch[at..start]);
                at = start;
            }
            let (line, length) = lines::first(&batch[at..]);
            self.count_years(&batch[at..at + length]);
            at += length;
            self.number += 1;
            self.line(line);
        }
        if at < batch.len() {
            self.number += newlines(&batch[at..]);
            self.count_years(&batch[at..]);
        }
        if self.crash.is_some() {
            self.note_clock(batch);
        }
    }

    /// Ends the member.
    pub(crate) fn finish(mut self) -> Findings {
        for block in std::mem::take(&mut self.open) {
            self.close(block);
        }
        for (rule, tally) in std::mem::take(&mut self.tallies) {
            for burst in tally.finish() {
                self.burst(rule, &burst);
            }
        }
        if let Some((moment, clock)) = self.crash {
            // The folder's name has whole seconds: the middle of that second is the best estimate.
            let since = clock.and_then(|clock| i64::try_from(clock).ok()).map(|clock| moment.as_microsecond() + 500_000 - clock);
            self.findings.shift(since.map(SignedDuration::from_micros));
        }
        self.findings
    }

    /// Follows the months, line by line: between two lines that anybody reads there may lie a year.
    fn count_years(&mut self, lines: &[u8]) {
        let Some((moments, last)) = &mut self.years else { return };
        for line in lines::each(lines) {
            let Some(begin) = line.first_chunk::<7>() else { continue };
            // The month is the first word of a stamp without a year, and ends at the seventh byte of one with a year.
            let same = if begin[4] == b'-' { begin == last } else { begin[..3] == last[..3] };
            if !same && moments.of(line).is_some() {
                *last = *begin;
                self.context.latest = moments.limit();
            }
        }
    }

    /// Remembers printk's clock of the last line that has one. Every line of a crash log is asked, so that the answer does
    /// not depend on where the chunks were cut; such logs are small.
    fn note_clock(&mut self, batch: &[u8]) {
        let Some((_, clock)) = &mut self.crash else { return };
        for raw in batch.split(|&byte| byte == b'\n') {
            let text = String::from_utf8_lossy(lines::first(raw).0);
            let line = Line::read(self.dialect, &text, &self.context, Zero::Unknown);
            *clock = line.and_then(|line| line.stamp).or(*clock);
        }
    }

    fn line(&mut self, raw: &[u8]) {
        let text = plain(raw);
        let Some(line) = Line::read(self.dialect, &text, &self.context, self.zero) else {
            return self.pass_by(None);
        };
        // From the newest on: what follows directly belongs to what was just said.
        for at in (0..self.open.len()).rev() {
            if self.open[at].tag == line.tag && self.go_on(at, &line) {
                return self.pass_by(Some(line.tag));
            }
        }
        self.pass_by(Some(line.tag));
        self.start(raw, &text, &line);
    }

    /// Shows a line to the open block at `at`; whether the line belongs to it.
    fn go_on(&mut self, at: usize, line: &Line<'_>) -> bool {
        let mut block = self.open.remove(at);
        let flow = if block.goes_on(line) {
            block.rule.follow.map_or(Flow::Over, |follow| follow(&mut block.found, line.text))
        } else {
            Flow::Over
        };
        if matches!(flow, Flow::More | Flow::Last) {
            block.end = self.number;
            block.last = line.time.or(block.last);
        }
        let taken = !matches!(flow, Flow::Over | Flow::Other);
        if taken {
            block.length += 1;
            block.foreign = 0;
        }
        if block.found.over {
            block.ended = line.time;
        }
        match flow {
            Flow::Other if !block.found.over => self.open.insert(at, block),
            Flow::More | Flow::Aside if !block.found.over => self.open.push(block),
            _ => self.close(block),
        }
        taken
    }

    /// Counts a line for the blocks of other speakers, and ends those that waited too long.
    fn pass_by(&mut self, tag: Option<&str>) {
        if self.open.is_empty() {
            return;
        }
        for block in std::mem::take(&mut self.open) {
            let foreign = block.foreign + u32::from(tag != Some(block.tag.as_str()));
            let block = Block { foreign, ..block };
            if foreign > FOREIGN || block.length > BLOCK { self.close(block) } else { self.open.push(block) }
        }
    }

    /// Shows a line to the rules whose anchors it has.
    fn start(&mut self, raw: &[u8], text: &str, line: &Line<'_>) {
        let mut candidates: Vec<usize> = Vec::new();
        for hit in self.book.anchors.find_overlapping_iter(text) {
            match self.book.owners.get(hit.pattern().as_usize()) {
                Some(owner) => candidates.push(*owner),
                None if line.text.starts_with(CUT_HERE) => self.cut_here = Some(self.number),
                None => self.turns.note(line),
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let book = self.book;
        let found = candidates.into_iter().find_map(|at| {
            let rule = book.rules[at];
            let found = line.is_from(rule.from).then(|| (rule.read)(line.text))??;
            Some((at, rule, found))
        });
        let Some((at, rule, mut found)) = found else { return };
        match rule.turn {
            Turn::Nothing if self.turns.is_starting(line) || self.turns.is_stopping(line) => return,
            Turn::Low if self.turns.is_stopping(line) => found.severity = Some(Severity::Low),
            _ => {}
        }
        if let Some(threshold) = rule.threshold {
            if !self.tallies.iter().any(|(known, _)| *known == at) {
                self.tallies.push((at, Tally::default()));
            }
            let tally = self.tallies.iter_mut().find(|(known, _)| *known == at).map(|(_, tally)| tally);
            if let (Some(tally), Some(time)) = (tally, line.time) {
                for burst in tally.add(&found.subject, time, self.number, found.weight, threshold) {
                    self.burst(at, &burst);
                }
            }
            return;
        }
        if rule.recovery {
            if let Some(time) = line.time {
                self.findings.recover(found.kind.unwrap_or(rule.kind), found.subject, time);
            }
            return;
        }
        let time = line.time;
        // Without printk's clock, equal kernel lines of one second are as likely repeats as copies.
        let copy = (line.tag != "kernel" || line.stamp.is_some()) && self.dialect == Dialect::Syslog;
        let head = self.cut_here.take().filter(|mark| self.number - mark <= 3);
        let block = Block {
            rule,
            found,
            tag: line.tag.to_owned(),
            time,
            last: time,
            stamp: line.stamp,
            ended: None,
            line: head.unwrap_or(self.number),
            end: self.number,
            foreign: 0,
            length: 1,
            copy: copy.then(|| raw.to_vec()),
        };
        if rule.follow.is_none() {
            return self.close(block);
        }
        self.open.push(block);
        let mut alike = (0..self.open.len()).rev().filter(|at| self.open[*at].tag == line.tag);
        if let Some(oldest) = alike.nth(OPEN) {
            let block = self.open.remove(oldest);
            self.close(block);
        }
    }

    fn close(&mut self, block: Block) {
        if block.found.sure {
            let late = event_time(&block.found);
            self.findings.add(Event {
                kind: block.rule.kind,
                from: block.rule.from,
                found: block.found,
                time: late.or(block.time),
                last: late.or(block.last),
                stamp: block.stamp,
                ended: block.ended,
                line: block.line,
                end: block.end,
                copy: block.copy.as_deref(),
            });
        }
    }

    fn burst(&mut self, rule: usize, burst: &Burst) {
        let kind = self.book.rules[rule].kind;
        if self.findings.covers(kind, &burst.subject, burst.first.0, burst.last.0) {
            return;
        }
        let found = Found::about(&burst.subject).with("failures", Some(&burst.count.to_string()));
        self.findings.add(Event {
            kind,
            from: self.book.rules[rule].from,
            found,
            time: Some(burst.first.0),
            last: Some(burst.last.0),
            stamp: None,
            ended: None,
            // Other programs' lines lie between the first and the last: the first one is the evidence, the count says the rest.
            line: burst.first.1,
            end: burst.first.1,
            copy: None,
        });
    }
}

impl Block {
    fn goes_on(&self, line: &Line<'_>) -> bool {
        match (self.last, line.time) {
            (Some(last), Some(time)) => (time.as_second() - last.as_second()).abs() <= PAUSE,
            _ => true,
        }
    }
}

/// rasdaemon and mcelog write when the error happened into their lines, which may come much later: a date with a zone, or
/// seconds since 1970.
pub(crate) fn event_time(found: &Found) -> Option<Timestamp> {
    let when = found.get("when")?;
    if let Ok(seconds) = when.parse() {
        return Timestamp::from_second(seconds).ok();
    }
    let mut parts = when.split(' ');
    let stamp = format!("{}T{}{}", parts.next()?, parts.next()?, parts.next()?);
    clock::iso(&stamp).map(|(time, _)| time)
}

/// The line as text, without colours.
fn plain(raw: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(raw);
    if !text.contains('\u{1b}') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = match after.strip_prefix('[') {
            Some(code) => code
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .strip_prefix(|c: char| c.is_ascii_alphabetic())
                .unwrap_or(code),
            None => after,
        };
    }
    out.push_str(rest);
    out.into()
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
