//! The window against a plain reading of the same lines, on files that hosts really have.

use std::{
    cell::Cell,
    io::{self, Cursor, Read, Seek, SeekFrom, Write as _},
};

use flate2::{Compression, write::GzEncoder};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::packed;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn context(now: &str) -> Context {
    Context { latest: at(now), zone: TimeZone::get("Asia/Shanghai").expect("the zone is built in"), booted: None }
}

/// What the window takes of a text; none when it cannot be applied.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    NoStamps,
    Nothing,
    OutOfReach,
    Lines(Vec<u8>),
}

fn take_of<R: Read + Seek + 'static>(mut input: R, size: u64, question: &Question<'_>) -> (Taken, Option<Box<Part>>) {
    match look(&mut input, size, question).expect("it is read") {
        Found::NoStamps => (Taken::NoStamps, None),
        Found::Nothing => (Taken::Nothing, None),
        Found::OutOfReach => (Taken::OutOfReach, None),
        Found::Part(part) => {
            let mut lines = Vec::new();
            let mut reader = part.reader(input, question.packing).expect("it is moved");
            reader.read_to_end(&mut lines).expect("it is read");
            drop(reader);
            (Taken::Lines(lines), Some(part))
        }
    }
}

fn question<'a>(path: &'a str, since: &str, until: &str, context: &'a Context) -> Question<'a> {
    let window = Window { since: Some(at(since)), until: Some(at(until)) };
    let (packing, changed) = (Packing::of(Path::new(path)), context.latest);
    Question { path, window, changed, context, cap: 64 << 20, packing, go_on: &|| true }
}

fn take(path: &str, since: &str, until: &str, now: &str, text: &[u8]) -> Taken {
    let context = context(now);
    take_of(Cursor::new(text.to_vec()), text.len() as u64, &question(path, since, until, &context)).0
}

fn lines(text: &str) -> Taken {
    Taken::Lines(text.as_bytes().to_vec())
}

const MESSAGES: &str = "/var/log/messages";
/// The same log plain and as rotations pack it.
const PACKED: [&str; 5] =
    [MESSAGES, "/var/log/messages-20251231.gz", "/var/log/messages-2.xz", "/var/log/messages-3.zst", "/var/log/messages-4.bz2"];
const NOW: &str = "2026-01-02T12:00:00+08:00";

#[test]
fn lines_without_a_stamp_belong_to_the_line_before() {
    let text = "  of a line that is gone\nDec 31 10:00:00 h a: 1\nDec 31 10:10:00 h a: 2\n\tat b\n\n\0\0\0Dec 31 10:11:00 h a: 3\nDec 31 10:12:00 h a: 4\n more of 4\nJan  1 00:00:01 h a: 5\nend without a newline";
    let got = take(MESSAGES, "2025-12-31T10:10:00+08:00", "2025-12-31T10:11:00+08:00", NOW, text.as_bytes());
    assert_eq!(got, lines("Dec 31 10:10:00 h a: 2\n\tat b\n\n\0\0\0Dec 31 10:11:00 h a: 3\n"));
    let got = take(MESSAGES, "2026-01-01T00:00:00+08:00", "2026-01-02T00:00:00+08:00", NOW, text.as_bytes());
    assert_eq!(got, lines("Jan  1 00:00:01 h a: 5\nend without a newline"));
}

#[test]
fn nothing_is_told_from_no_stamps() {
    let (since, until) = ("2025-12-31T10:10:00+08:00", "2025-12-31T10:11:00+08:00");
    assert_eq!(take(MESSAGES, since, until, NOW, b"Dec 30 10:00:00 h a: 1\n"), Taken::Nothing);
    assert_eq!(take(MESSAGES, since, until, NOW, b""), Taken::Nothing);
    assert_eq!(take("/var/log/boot.log", since, until, NOW, b"[  OK  ] Started x.\n"), Taken::NoStamps);
    assert_eq!(take("/var/log/boot.log", since, until, NOW, &[0; 5000]), Taken::NoStamps);
    // Last changed before the window: whatever it says, it was not said in it.
    assert_eq!(take("/var/log/boot.log", since, until, "2025-12-30T00:00:00Z", b"[  OK  ] Started x.\n"), Taken::Nothing);
}

#[test]
fn a_clock_that_was_set_back_and_a_zone_that_changes_lose_no_line() {
    let text = "Dec 31 10:30:00 h a: 1\nDec 31 11:00:00 h a: 2\nDec 31 10:01:00 h chronyd: set back\nDec 31 10:30:30 h a: 3\nDec 31 11:30:00 h a: 4\n";
    let got = take(MESSAGES, "2025-12-31T10:29:00+08:00", "2025-12-31T10:31:00+08:00", NOW, text.as_bytes());
    assert_eq!(got, lines("Dec 31 10:30:00 h a: 1\nDec 31 10:30:30 h a: 3\n"));
    // The hour that comes twice, and a line with its own offset among them.
    let zone = TimeZone::get("Europe/Berlin").expect("the zone is built in");
    let context = Context { latest: at("2025-11-01T00:00:00Z"), zone, booted: None };
    let text = b"Oct 26 01:59:59 h a: 1\nOct 26 02:30:00 h a: 2\n2025-10-26T02:30:00+01:00 h a: 3\nOct 26 02:30:00 h a: 4\nOct 26 03:00:00 h a: 5\n";
    let asked = question(MESSAGES, "2025-10-26T00:00:00Z", "2025-10-26T01:30:00Z", &context);
    let (got, _) = take_of(Cursor::new(text.to_vec()), text.len() as u64, &asked);
    assert_eq!(got, lines("Oct 26 02:30:00 h a: 2\n2025-10-26T02:30:00+01:00 h a: 3\nOct 26 02:30:00 h a: 4\n"));
}

#[test]
fn a_leap_day_and_a_log_of_two_years() {
    let text = b"Feb 28 23:59:59 h a: 1\nFeb 29 12:00:00 h a: 2\nMar  1 00:00:00 h a: 3\n";
    let got = take(MESSAGES, "2024-02-29T00:00:00+08:00", "2024-02-29T23:59:59+08:00", "2024-03-02T00:00:00Z", text);
    assert_eq!(got, lines("Feb 29 12:00:00 h a: 2\n"));
    let text = b"Dec 31 10:00:00 h a: 2024\nMay  1 10:00:00 h a: 2025\nAug  1 10:00:00 h a: 2025\nDec 31 10:00:00 h a: 2025\nJan  2 00:00:00 h a: 2026\n";
    let got = take("/var/log/secure", "2025-12-31T09:00:00+08:00", "2025-12-31T11:00:00+08:00", NOW, text);
    assert_eq!(got, lines("Dec 31 10:00:00 h a: 2025\n"));
    let got = take("/var/log/secure", "2024-12-31T09:00:00+08:00", "2024-12-31T11:00:00+08:00", NOW, text);
    assert_eq!(got, lines("Dec 31 10:00:00 h a: 2024\n"));
}

#[test]
fn an_object_over_many_lines_is_taken_whole() {
    let text = b"{\n  \"event_id\": \"a\",\n  \"Timestamp\": 1767147080000,\n  \"Body\": \"x\"\n}\n{\n  \"Timestamp\": 1767150680000\n}\n{\n\"never\": 1";
    let path = "/var/log/gala-gopher/event/event.log";
    let got = take(path, "2025-12-31T02:00:00Z", "2025-12-31T02:30:00Z", NOW, text);
    assert_eq!(got, lines("{\n  \"event_id\": \"a\",\n  \"Timestamp\": 1767147080000,\n  \"Body\": \"x\"\n}\n"));
    let got = take(path, "2025-12-31T03:00:00Z", "2025-12-31T03:30:00Z", NOW, text);
    assert_eq!(got, lines("{\n  \"Timestamp\": 1767150680000\n}\n{\n\"never\": 1"));
}

#[test]
fn one_line_of_100_mb_flows_through() {
    let long = io::repeat(b'x').take(100 << 20);
    let text = Cursor::new(&b"Dec 31 10:10:00 h a: "[..]).chain(long).chain(&b"\nDec 31 11:00:00 h a: end\n"[..]);
    let window = Window { since: Some(at("2025-12-31T10:00:00+08:00")), until: Some(at("2025-12-31T10:30:00+08:00")) };
    let judge = Judge::new(MESSAGES, window, &context(NOW), None);
    let mut filter = Filter::new(text, judge, 0);
    let mut most = 0;
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let got = filter.read(&mut buffer).expect("it is read");
        (bytes, most) = (bytes + got, most.max(filter.memory()));
        if got == 0 {
            break;
        }
    }
    assert_eq!(bytes, 21 + (100 << 20) + 1);
    assert!(most < 256 << 10, "{most} bytes of buffers");
}

#[test]
fn of_more_than_the_cap_the_newest_lines_are_taken() {
    // Digits that do not repeat: nobody's log packs better than what may be read of it.
    let digits =
        |second: u32| (1..1000).map(|n| format!("{:08}", n * n * (second + 7) % 99_999_989)).collect::<Vec<_>>().concat();
    let line = |second: u32| format!("Dec 31 10:10:{second:02} h a: {second}{}\n", digits(second));
    let text = (0..60).map(line).collect::<Vec<_>>().concat();
    for path in PACKED {
        let context = context(NOW);
        let asked =
            Question { cap: 200_000, ..question(path, "2025-12-31T10:10:10+08:00", "2025-12-31T10:10:50+08:00", &context) };
        let bytes = file(asked.packing, text.as_bytes());
        let size = bytes.len() as u64;
        let (Taken::Lines(got), Some(part)) = take_of(Cursor::new(bytes), size, &asked) else { panic!("there are lines") };
        assert!(part.cut == Some(Kept::Tail) && got.len() <= 200_000 && got.len() > 100_000, "{path}: {}", got.len());
        let got = String::from_utf8(got).expect("it is text");
        assert!(got.starts_with("Dec 31 10:10:") && got.lines().last().expect("a line").starts_with("Dec 31 10:10:50"), "{path}");
    }
}

/// The file that holds this text.
fn file(packing: Option<Packing>, text: &[u8]) -> Vec<u8> {
    match packing {
        None => text.to_vec(),
        Some(Packing::Gzip) => gzip(text),
        Some(Packing::Xz) => packed::xz(text).expect("packed"),
        Some(Packing::Zstd) => packed::zstd(text).expect("packed"),
        Some(Packing::Bzip2) => packed::bzip2(text).expect("packed"),
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("it is written");
    encoder.finish().expect("it is finished")
}

#[test]
fn a_broken_archive_gives_what_can_be_read() {
    let line = |n: u32| format!("Dec 31 10:{:02}:{:02} h a: {n} {:x}\n", n / 100, n % 60, n * 7919);
    let text = (0..5000).map(line).collect::<Vec<_>>().concat();
    let mut bytes = gzip(text.as_bytes());
    bytes.truncate(bytes.len() / 2);
    let context = context(NOW);
    let size = bytes.len() as u64;
    let mut input = Cursor::new(bytes);
    let early = question("/var/log/messages-1.gz", "2025-12-31T10:00:00+08:00", "2025-12-31T10:01:00+08:00", &context);
    assert!(matches!(look(&mut input, size, &early), Ok(Found::Part(_))));
    let late = question("/var/log/messages-1.gz", "2025-12-31T11:00:00+08:00", "2025-12-31T12:01:00+08:00", &context);
    assert_eq!(look(&mut input, size, &late).expect_err("it is broken").kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_search_ends_when_it_is_told_to() {
    let context = context(NOW);
    let asked = Question { go_on: &|| false, ..question(MESSAGES, "2025-12-31T10:00:00Z", "2025-12-31T11:00:00Z", &context) };
    let text = b"Dec 31 10:10:00 h a: 1\n".repeat(9);
    assert_eq!(look(&mut Cursor::new(&text), 9 * 23, &asked).expect_err("it ends").kind(), io::ErrorKind::TimedOut);
    let mut large = Lines::new(40 << 20, |n| n);
    assert_eq!(look(&mut large, 40 << 20, &asked).expect_err("it ends").kind(), io::ErrorKind::TimedOut);
}

/// A log of any size that is never anywhere: line `n` has the stamp of second `second(n)`. Counts what is read of it.
struct Lines<F> {
    size: u64,
    at: u64,
    second: F,
    read: std::rc::Rc<Cell<u64>>,
}

/// `2025-12-01T00:00:00Z n...n` with a newline.
const WIDTH: u64 = 64;
const BEGIN: i64 = 1_764_547_200;

impl<F: Fn(i64) -> i64> Lines<F> {
    fn new(size: u64, second: F) -> Self {
        Self { size: size / WIDTH * WIDTH, at: 0, second, read: std::rc::Rc::default() }
    }

    fn line(&self, number: u64) -> String {
        let moment = Timestamp::from_second(BEGIN + (self.second)(i64::try_from(number).expect("it fits"))).expect("a time");
        format!("{moment} {number:>42}\n")
    }
}

impl<F: Fn(i64) -> i64> Read for Lines<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() && self.at < self.size {
            let line = self.line(self.at / WIDTH);
            let rest = &line.as_bytes()[usize::try_from(self.at % WIDTH).expect("it fits")..];
            let part = rest.len().min(buffer.len() - done);
            buffer[done..done + part].copy_from_slice(&rest[..part]);
            done += part;
            self.at += part as u64;
        }
        self.read.set(self.read.get() + done as u64);
        Ok(done)
    }
}

impl<F> Seek for Lines<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        self.at = at;
        Ok(at)
    }
}

/// The numbers in the lines taken.
fn numbers(taken: &Taken) -> Vec<u64> {
    let Taken::Lines(lines) = taken else { return Vec::new() };
    let text = std::str::from_utf8(lines).expect("it is text");
    text.lines().map(|line| line.rsplit(' ').next().expect("a word").parse().expect("a number")).collect()
}

#[test]
fn a_large_sorted_log_is_entered_near_the_window() {
    let context = context("2026-06-01T00:00:00Z");
    let mut reads = Vec::new();
    for shift in [30, 34, 38] {
        // The same days in logs of 1, 16 and 256 GiB; the window has the same number of lines in each.
        let size = 1_u64 << shift;
        let per_second = (size / WIDTH / 4_000_000).max(1);
        let log = Lines::new(size, move |n| n / i64::try_from(per_second).expect("it fits"));
        let read = log.read.clone();
        let middle = BEGIN + 2_000_000;
        let window = Window { since: Timestamp::from_second(middle).ok(), until: Timestamp::from_second(middle).ok() };
        let range = seek::range(
            &mut { log },
            size,
            &Question { window, ..question("/var/log/x.log", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", &context) },
        );
        let range = range.expect("it is read").expect("it has stamps");
        let near = |at: u64| i64::try_from(at / WIDTH / per_second).expect("it fits") - 2_000_000;
        assert!((-7200 - 70_000..-7200).contains(&near(range.from)), "{range:?}");
        assert!((7200..7200 + 70_000).contains(&near(range.to.expect("it ends before the file"))), "{range:?}");
        reads.push(read.get());
    }
    // 129 lines all over the file, then halvings: 4 KiB each, at most 4 more for a file 16 times as large, at both ends.
    assert!(reads[0] < 1 << 20, "{reads:?}");
    assert!(reads[2] - reads[0] < 20 * (4 << 10) && reads[2] < 1 << 20, "{reads:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// A large log with seconds, minutes and once an hour of disorder: exactly the lines a plain filter would find.
    #[test]
    fn a_large_log_in_some_disorder(seed in 0..1000_i64, from in 0..500_000_i64, length in 0..4000_i64) {
        let context = context("2026-06-01T00:00:00Z");
        let second = move |n: i64| {
            let jitter = (n.wrapping_mul(2_654_435_761) >> 7).rem_euclid(120 + seed % 60);
            let set_back = if n > 200_000 + seed * 300 { 3600 } else { 0 };
            n + jitter - set_back
        };
        let log = Lines::new(32 << 20, second);
        let lines = i64::try_from(log.size / WIDTH).expect("it fits");
        let window = Window {
            since: Timestamp::from_second(BEGIN + from).ok(),
            until: Timestamp::from_second(BEGIN + from + length).ok(),
        };
        let (size, read) = (log.size, log.read.clone());
        let asked = Question { window, ..question("/var/log/x.log", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", &context) };
        let (taken, _) = take_of(log, size, &asked);
        let expected: Vec<u64> = (0..lines).filter(|n| (from..=from + length).contains(&second(*n))).map(i64::unsigned_abs).collect();
        prop_assert_eq!(numbers(&taken), expected);
        prop_assert!(read.get() < 8 << 20, "{} bytes read", read.get());
    }
}

#[test]
fn a_log_in_no_order_is_read_from_its_end_to_sixteen_times_the_cap() {
    let context = context("2026-06-01T00:00:00Z");
    // Days that come again and again: nothing can be concluded from a line.
    let second = |n: i64| n.rem_euclid(50_000) * 10;
    let window = Window { since: Timestamp::from_second(BEGIN).ok(), until: Timestamp::from_second(BEGIN).ok() };
    let log = Lines::new(20 << 20, second);
    let size = log.size;
    let asked = Question { window, ..question("/var/log/x.log", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", &context) };
    let (taken, part) = take_of(log, size, &asked);
    assert_eq!(numbers(&taken), [0, 50_000, 100_000, 150_000, 200_000, 250_000, 300_000]);
    assert_eq!(part.expect("it has lines").cut, None);
    let asked = Question { cap: 1 << 20, ..asked };
    let (taken, part) = take_of(Lines::new(20 << 20, second), size, &asked);
    assert_eq!(numbers(&taken), [100_000, 150_000, 200_000, 250_000, 300_000], "of the last 16 MiB");
    assert_eq!(part.expect("it has lines").cut, Some(Kept::Tail));
    // A day that comes only before the end that is read: that there is none cannot be told.
    let early = move |n: i64| if n < 1000 { 5 } else { second(n) + 50 };
    let (taken, _) = take_of(
        Lines::new(20 << 20, early),
        size,
        &Question {
            window: Window { since: Timestamp::from_second(BEGIN + 5).ok(), until: Timestamp::from_second(BEGIN + 5).ok() },
            ..asked
        },
    );
    assert_eq!(taken, Taken::OutOfReach);
}

#[test]
fn of_a_text_of_sar_the_frame_is_never_cut() {
    let row = |minute: u32| format!("{:02}:{:02}:01     all      1.00      0.{minute:03}\n", minute / 60, minute % 60);
    let rows: String = (0..1440).map(row).collect();
    let head = "Linux 5.10.0 (h) \t2025-12-31 \t_aarch64_\t(96 CPU)\n\n00:00:00        CPU     %user     %nice\n";
    let text = format!("{head}{rows}Average:        all      1.00      0.00\n");
    let context = context("2026-01-01T00:00:00+08:00");
    let path = "/var/log/sa/sar31";
    let asked = Question { cap: 4096, ..question(path, "2025-12-31T00:00:00+08:00", "2025-12-31T23:59:59+08:00", &context) };
    let (Taken::Lines(got), Some(part)) = take_of(Cursor::new(text.clone().into_bytes()), text.len() as u64, &asked) else {
        panic!("there are lines")
    };
    assert_eq!(part.cut, Some(Kept::Tail));
    let got = String::from_utf8(got).expect("it is text");
    assert!(got.starts_with(head) && got.ends_with("Average:        all      1.00      0.00\n"), "{got}");
    assert!(
        got.contains("23:59:01") && !got.contains("06:00:01") && got.len() <= 4096 && got.len() > 4000,
        "{} {got}",
        got.len()
    );
}

#[test]
fn a_little_over_the_cap_loses_a_little() {
    let line = |second: u32| format!("Dec 31 10:{:02}:{:02} h a: {}\n", second / 60, second % 60, "x".repeat(40));
    let text: String = (0..1600).map(line).collect();
    let context = context(NOW);
    for path in PACKED {
        let asked =
            Question { cap: 64 << 10, ..question(path, "2025-12-31T10:00:00+08:00", "2025-12-31T11:00:00+08:00", &context) };
        let bytes = file(asked.packing, text.as_bytes());
        let size = bytes.len() as u64;
        let (Taken::Lines(got), Some(part)) = take_of(Cursor::new(bytes), size, &asked) else { panic!("there are lines") };
        assert!(part.bytes == 64 << 10 && part.cut == Some(Kept::Tail), "{path}: {}", part.bytes);
        assert!(got.len() > (64 << 10) - 100 && text.as_bytes().ends_with(&got), "{path}: {}", got.len());
    }
}

#[test]
fn an_archive_that_is_longer_than_what_is_read_of_it_says_so() {
    let line =
        |second: u32| format!("Dec 31 {:02}:{:02}:{:02} h a: {}\n", second / 3600, second / 60 % 60, second % 60, "x".repeat(40));
    let text: String = (0..86_400).map(line).collect();
    let bytes = gzip(text.as_bytes());
    let (context, size) = (context(NOW), bytes.len() as u64);
    let path = "/var/log/messages-20251231.gz";
    let took = |cap: u64, since: &str, until: &str| {
        let asked = Question { cap, ..question(path, since, until, &context) };
        take_of(Cursor::new(bytes.clone()), size, &asked)
    };
    // 16 times this is read: up to about 13:00 of the day.
    let cap = text.len() as u64 * 13 / 24 / 16;
    let (taken, _) = took(cap, "2025-12-31T23:00:00+08:00", "2025-12-31T23:30:00+08:00");
    assert_eq!(taken, Taken::OutOfReach);
    let (Taken::Lines(got), Some(part)) = took(cap, "2025-12-31T12:50:00+08:00", "2025-12-31T13:30:00+08:00") else {
        panic!("there are lines")
    };
    assert_eq!((part.cut, got.last()), (Some(Kept::Head), Some(&b'\n')), "ends with a whole line");
    assert!(got.starts_with(b"Dec 31 12:50:00"));
    let (Taken::Lines(_), Some(part)) = took(cap, "2025-12-31T09:00:00+08:00", "2025-12-31T09:10:00+08:00") else {
        panic!("there are lines")
    };
    assert_eq!(part.cut, None, "reading went well past the window");
    let (taken, _) = took(cap, "2025-12-30T09:00:00+08:00", "2025-12-30T09:10:00+08:00");
    assert_eq!(taken, Taken::Nothing);
    let plain = gzip(&b"no stamp at all\n".repeat(100_000));
    let asked = Question { cap: 1000, ..question(path, "2025-12-31T09:00:00+08:00", "2025-12-31T09:10:00+08:00", &context) };
    let size = plain.len() as u64;
    assert_eq!(take_of(Cursor::new(plain), size, &asked).0, Taken::NoStamps);
}

#[test]
fn of_an_hour_that_comes_twice_either_is_taken() {
    let zone = TimeZone::get("America/New_York").expect("the zone is built in");
    let context = Context { latest: at("2025-11-03T00:00:00Z"), zone, booted: None };
    let text = b"Nov  2 00:30:00 h a: 1\nNov  2 01:30:00 h a: 2\nNov  2 01:30:00 h a: 3\nNov  2 02:30:00 h a: 4\n";
    let take = |path: &str, text: &[u8], since: &str, until: &str| {
        take_of(Cursor::new(text.to_vec()), text.len() as u64, &question(path, since, until, &context)).0
    };
    let both = lines("Nov  2 01:30:00 h a: 2\nNov  2 01:30:00 h a: 3\n");
    assert_eq!(take(MESSAGES, text, "2025-11-02T05:25:00Z", "2025-11-02T05:35:00Z"), both, "the first");
    assert_eq!(take(MESSAGES, text, "2025-11-02T06:25:00Z", "2025-11-02T06:35:00Z"), both, "the second");
    assert_eq!(take(MESSAGES, text, "2025-11-02T07:25:00Z", "2025-11-02T07:35:00Z"), lines("Nov  2 02:30:00 h a: 4\n"));
    let sar = b"Linux 5.10.0 (h) \t2025-11-02 \t_x86_64_\t(4 CPU)\n\n00:00:01        CPU\n01:30:01        all\n";
    let got = take("/var/log/sa/sar02", sar, "2025-11-02T06:25:00Z", "2025-11-02T06:35:00Z");
    assert_eq!(got, Taken::Lines(sar.to_vec()));
}

#[test]
fn the_years_of_a_whole_log_are_known_from_a_look_at_it() {
    // A quiet host: four lines a month for three years, the last of them just now.
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let all =
        (0..36).flat_map(|month| (1..5).map(move |week| format!("{} {:2} 10:00:00 h a: x\n", months[month % 12], week * 6)));
    let text: String = all.collect();
    let context = context("2025-12-24T12:00:00+08:00");
    let asked = question("/var/log/secure", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z", &context);
    let size = text.len() as u64;
    let year = |place| {
        let start = start(&mut Cursor::new(&text), size, place, &asked).expect("it is read").expect("it is told");
        start.to_zoned(context.zone.clone()).year()
    };
    assert_eq!([year(0), year(size / 2), year(size)], [2023, 2024, 2025]);
    let dated = Cursor::new(b"2025-01-01T00:00:00Z x\n");
    assert_eq!(start(&mut { dated }, 23, 0, &asked).expect("it is read"), None);
    assert_eq!(start(&mut Cursor::new(b""), 0, 0, &asked).expect("it is read"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bytes, however they are read: no panic, whole lines of the text in order, and the same lines from both readings.
    #[test]
    fn any_bytes(
        pieces in prop::collection::vec(prop::sample::select(vec![
            &b"Dec 31 10:10:00 h a: x"[..], b"Dec 31 11:10:00 h a: y", b"\n", b"\n", b"\n", b"{", b"\"Timestamp\": 1767147080000", b"\0\0\0",
            b"\xff\xfe", b"type=A msg=audit(1767147080.1:1): x", b" ", b"[31/Dec/2025:10:10:20 +0800]", b"Feb 29 00:00:00 ",
        ]), 0..200),
        path in prop::sample::select(vec!["/var/log/messages", "/var/log/gala-gopher/event", "/var/log/sa/sar31"]),
    ) {
        let text: Vec<u8> = pieces.concat();
        if let Taken::Lines(got) = take(path, "2025-12-31T10:00:00+08:00", "2025-12-31T10:30:00+08:00", NOW, &text) {
            let mut all = text.split_inclusive(|&byte| byte == b'\n');
            for line in got.split_inclusive(|&byte| byte == b'\n') {
                prop_assert!(all.any(|known| known == line));
            }
        }
    }
}
