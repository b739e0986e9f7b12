//! The window of time on both fixture hosts: exactly the lines that a plain filter finds, which shares no code with ours.

#![expect(clippy::disallowed_methods, reason = "the tests read the fixtures, not the host")]

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use jiff::{Timestamp, tz::TimeZone};
use oediag_analysis::Context;
use oediag_collector::{
    packed::Packing,
    window::{self, Found, Question, Window},
};
use oediag_protocol::{bundle::manifest, time::Time};
use proptest::prelude::*;

/// Host, its clock, and the logs whose lines are compared.
const HOSTS: [(&str, &str, &[&str]); 2] = [
    (
        "openeuler-20.03-sp4-x86_64",
        "2025-11-12T18:30:05+08:00",
        &[
            "messages",
            "messages-20251109.gz",
            "secure",
            "cron",
            "audit/audit.log",
            "dnf.log",
            "sysmonitor.log",
            "nginx/access.log",
        ],
    ),
    (
        "openeuler-22.03-sp3-aarch64",
        "2026-01-02T09:45:30+08:00",
        &[
            "messages",
            "secure",
            "audit/audit.log",
            "dnf.log",
            "sysmonitor.log",
            "sysSentry/avg_block_io.log",
            "gala-gopher/event/event.log",
        ],
    ),
];

fn log(host: &str, name: &str) -> (PathBuf, Vec<u8>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/roots").join(host);
    let bytes = fs::read(root.join("var/log").join(name)).expect("the fixture has this log");
    (Path::new("/var/log").join(name), bytes)
}

/// The plain filter: every stamp of these logs by the bytes where it stands, Shanghai being 8 hours ahead all year, and the
/// months of these logs from October on being of 2025. Microseconds since 1970.
fn plain_moment(line: &str) -> Option<i64> {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month_of = |name: &str| months.find(name).filter(|at| at % 3 == 0 && name.len() == 3).map(|at| at as i64 / 3 + 1);
    if let Some(at) = line.find("msg=audit(") {
        let (seconds, rest) = line[at + 10..].split_once('.')?;
        return Some(number(seconds)? * 1_000_000 + number(&rest[..3])? * 1000);
    }
    if let Some(rest) = line.strip_prefix("{\"Timestamp\": ") {
        return number(rest.split_once(',')?.0).map(|millis| millis * 1000);
    }
    if let Some(at) = line.find(" [")
        && line.contains("HTTP/")
    {
        let stamp = line.get(at + 2..at + 22)?;
        return Some(
            days(number(&stamp[7..11])?, month_of(&stamp[3..6])?, number(&stamp[..2])?) + clock(&stamp[12..])?
                - 8 * 3_600_000_000,
        );
    }
    if let Some(month) = line.get(..3).and_then(month_of) {
        let year = if month >= 10 { 2025 } else { 2026 };
        return Some(days(year, month, number(line.get(4..6)?)?) + clock(line.get(7..15)?)? - 8 * 3_600_000_000);
    }
    let date = line.get(..10).filter(|date| date.as_bytes()[4] == b'-')?;
    let day = days(number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?);
    let moment = day + clock(line.get(11..19)?)?;
    let fraction = line.get(19..).filter(|rest| rest.starts_with(['.', ','])).map_or(0, |rest| {
        let digits: String = rest[1..].chars().take_while(char::is_ascii_digit).chain("00000".chars()).take(6).collect();
        digits.parse().expect("digits")
    });
    let utc = line.as_bytes().get(19) == Some(&b'Z');
    Some(moment + fraction - if utc { 0 } else { 8 * 3_600_000_000 })
}

fn clock(text: &str) -> Option<i64> {
    let mut fields = text.get(..8)?.split(':').map(|field| field.parse::<i64>().ok());
    let (hours, minutes, seconds) = (fields.next()??, fields.next()??, fields.next()??);
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000)
}

/// Microseconds of the days from 1970 to a date, counted one year and one month after the other.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let leap = |year: i64| i64::from((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
    let years: i64 = (1970..year).map(|year| 365 + leap(year)).sum();
    let lengths = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = lengths.iter().take(month as usize - 1).sum();
    (years + months + day - 1) * 86_400_000_000
}

fn plain(text: &[u8], since: i64, until: i64) -> Vec<u8> {
    let mut keeps = false;
    let mut out = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        if let Some(moment) = plain_moment(&String::from_utf8_lossy(line)) {
            keeps = (since * 1_000_000..=until * 1_000_000).contains(&moment);
        }
        if keeps {
            out.extend_from_slice(line);
        }
    }
    out
}

fn ours(path: &Path, bytes: &[u8], now: &str, since: i64, until: i64) -> Vec<u8> {
    let asked = manifest::Window { since: Some(Time(since)), until: Some(Time(until)), asked: None };
    let latest: Timestamp = now.parse().expect("a time");
    let context = Context { latest, zone: TimeZone::get("Asia/Shanghai").expect("the zone is built in"), booted: None };
    let question = Question {
        path: path.to_str().expect("it is UTF-8"),
        window: Window::of(&asked).expect("it has ends"),
        changed: latest,
        context: &context,
        cap: 64 << 20,
        packing: Packing::of(path),
        go_on: &|| true,
    };
    let mut input = Cursor::new(bytes.to_vec());
    match window::look(&mut input, bytes.len() as u64, &question).expect("it is read") {
        Found::NoStamps => panic!("{} has stamps", path.display()),
        Found::OutOfReach => panic!("{} is small", path.display()),
        Found::Nothing => Vec::new(),
        Found::Part(part) => {
            let mut lines = Vec::new();
            part.reader(input, question.packing).expect("it is moved").read_to_end(&mut lines).expect("it is read");
            assert_eq!(lines.len() as u64, part.bytes);
            lines
        }
    }
}

fn inflated(path: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    if Packing::of(path).is_some() {
        MultiGzDecoder::new(bytes).read_to_end(&mut text).expect("it inflates");
    } else {
        text.extend_from_slice(bytes);
    }
    text
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("it is written");
    encoder.finish().expect("it is finished")
}

/// A middle: mostly of a line of the log, else anywhere in its days; and a reach of seconds to days.
fn windows() -> impl Strategy<Value = (prop::sample::Index, i64, i64)> {
    let reach = prop_oneof![0..2_i64, 1..60_i64, 60..3600_i64, 3600..200_000_i64];
    (any::<prop::sample::Index>(), prop_oneof![Just(0_i64), -5..5_i64, -90_000..90_000_i64], reach)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_lines_of_the_window((at, beside, reach) in windows()) {
        for (host, now, names) in HOSTS {
            for name in names {
                let (path, bytes) = log(host, name);
                let text = inflated(&path, &bytes);
                let moments: Vec<i64> = text.split(|&byte| byte == b'\n').filter_map(|line| plain_moment(&String::from_utf8_lossy(line))).collect();
                let middle = at.get(&moments).div_euclid(1_000_000) + beside;
                let (since, until) = (middle - reach, middle + reach);
                prop_assert_eq!(ours(&path, &bytes, now, since, until), plain(&text, since, until), "{}: {} to {}", name, since, until);
            }
        }
    }

    /// The log of the turn of the year in three rotations, two of them compressed: the parts of the window together are
    /// the part of the whole.
    #[test]
    fn across_rotations_and_the_turn_of_the_year((at, beside, reach) in windows(), cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>())) {
        let (host, now, _) = HOSTS[1];
        let (_, text) = log(host, "messages");
        let ends: Vec<usize> = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end + 1).collect();
        let (a, b) = (*cuts.0.get(&ends), *cuts.1.get(&ends));
        let (a, b) = (a.min(b), a.max(b));
        let moments: Vec<i64> = text.split(|&byte| byte == b'\n').filter_map(|line| plain_moment(&String::from_utf8_lossy(line))).collect();
        let middle = at.get(&moments).div_euclid(1_000_000) + beside;
        let (since, until) = (middle - reach, middle + reach);
        let mut together = Vec::new();
        for (name, part) in [("messages-1.gz", gzip(&text[..a])), ("messages-2.gz", gzip(&text[a..b])), ("messages", text[b..].to_vec())] {
            together.extend(ours(&Path::new("/var/log").join(name), &part, now, since, until));
        }
        prop_assert_eq!(together, plain(&text, since, until));
    }
}

#[test]
fn the_plain_filter_reads_every_line_of_these_logs() {
    let mut lines = 0;
    for (host, _, names) in HOSTS {
        for name in names {
            let (path, bytes) = log(host, name);
            for line in inflated(&path, &bytes).split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                let line = String::from_utf8_lossy(line);
                let moment = plain_moment(&line);
                assert!(
                    moment.is_some_and(|moment| (1_760_000_000_000_000..1_770_000_000_000_000).contains(&moment)),
                    "{name}: {line}"
                );
                lines += 1;
            }
        }
    }
    assert!(lines > 10_000, "{lines}");
}
