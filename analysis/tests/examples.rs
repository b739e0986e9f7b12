//! What each kind of alert looks like, and what only looks like it, as data.
//!
//! In: `tests/data/recoveries.tsv`: an event, what says that it is over, and what says so of something else; and
//! `tests/data/{examples,blind}.tsv`: yes or no, the kind, where the text stands (`kernel`: in every dialect that
//! carries the kernel's lines; else one member, or more parted by blanks, with their texts parted by `\f`), the text. An
//! alert has the severity that `tests/data/severities.tsv` gives its kind, or the row itself, as `kind:severity`, and its
//! evidence begins with the first line, or with that of `kind@line`. Out: assertions, and the score of each file
//! (`--nocapture`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use oediag_analysis::{Alert, Context, conclude, tap};

struct Row {
    wanted: bool,
    kind: String,
    severity: String,
    line: u64,
    place: String,
    text: String,
}

/// The severity of each kind where its row does not say otherwise.
fn severities() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("data/severities.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split_once('\t').expect("a kind and its severity")).collect()
}

fn rows(file: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = fs::read_to_string(path).expect("the examples can be read");
    let usual = severities();
    let rows = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let fields: Vec<&str> = line.splitn(4, '\t').collect();
        let [verdict @ ("yes" | "no"), kind, place, text] = fields[..] else { panic!("not a row: {line}") };
        let text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\e", "\u{1b}").replace("\\f", "\u{c}");
        let (kind, line) = kind.split_once('@').unwrap_or((kind, "1"));
        let (kind, severity) = kind.split_once(':').unwrap_or((kind, usual.get(kind).copied().unwrap_or_default()));
        Row {
            wanted: verdict == "yes",
            kind: kind.to_owned(),
            severity: severity.to_owned(),
            line: line.parse().expect("a line"),
            place: place.to_owned(),
            text,
        }
    });
    rows.collect()
}

fn read(path: &str, text: &str) -> Vec<Alert> {
    let context = Context {
        latest: "2026-01-02T09:45:30+08:00".parse().expect("a time"),
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        booted: Some("2025-12-30T06:02:11+08:00".parse().expect("a time")),
    };
    let members = path.split(' ').zip(text.split(FILE));
    let findings = members.filter_map(|(path, text)| {
        let mut tap = tap(path, &context)?;
        tap.feed(text.as_bytes());
        Some(tap.finish())
    });
    conclude(findings.collect()).alerts
}

/// What parts the texts of a row whose place names more than one member.
const FILE: char = '\u{c}';

/// The alerts of a row, once for each dialect its text can stand in.
fn readings(row: &Row) -> Vec<Vec<Alert>> {
    if row.place != "kernel" {
        return vec![read(&row.place, &row.text)];
    }
    let dialects = [
        ("var/log/messages", "Jan  1 03:20:00 host kernel: [163069.000000] "),
        ("var/log/messages", "Jan  1 03:20:00 host kernel: [163069.000000][  T123] "),
        ("var/log/messages-20260101.gz", "2026-01-01T03:20:00.123456+08:00 host kernel: "),
        ("oediag/journal/logs.journal", "2026-01-01T03:20:00+0800 host kernel: "),
        ("oediag/commands/kernel.dmesg/stdout", "[163069.000000] "),
        ("oediag/commands/kernel.dmesg/stdout", "2026-01-01T03:20:00,123456+08:00 "),
        ("var/crash/127.0.0.1-2026-01-01-03:20:00/vmcore-dmesg.txt", "[163069.000000][  T123] "),
        ("sys/fs/pstore/dmesg-erst-1", "<4>[163069.000000][ C38] "),
    ];
    let each = |head: &str| row.text.lines().flat_map(|line| [head, line, "\n"]).collect::<String>();
    dialects.into_iter().map(|(path, head)| read(path, &each(head))).collect()
}

/// What is wrong with a row; none when all is well.
fn judge(row: &Row) -> Option<String> {
    let lines = row.text.lines().count() as u64;
    readings(row).into_iter().find_map(|alerts| {
        let kinds: Vec<&str> = alerts.iter().map(|alert| alert.kind.as_str()).collect();
        let wrong = |what: &str| Some(format!("{what}: {} in {}: {kinds:?} for {}", row.kind, row.place, row.text));
        match (row.wanted, &alerts[..]) {
            (false, []) => None,
            (false, _) => wrong("false alarm"),
            (true, [alert]) if alert.kind == row.kind => {
                let at = &alert.evidence[0];
                let severity = serde_json::to_value(alert.severity).expect("a word");
                if severity != row.severity.as_str() {
                    return wrong(&format!("{severity}, not {:?}", row.severity));
                }
                let placed = alert.count == 1 && alert.evidence.len() == 1 && at.line == row.line && at.end <= lines;
                let said = [&alert.summary, &alert.advice]
                    .into_iter()
                    .all(|words| [&words.en, &words.zh].into_iter().all(|text| !text.is_empty() && !text.contains(['{', '?'])));
                if placed && said { None } else { Some(format!("badly told: {alert:?}")) }
            }
            (true, _) => wrong("not found"),
        }
    })
}

#[expect(clippy::print_stdout, reason = "the score is what a person runs this test for")]
fn score(file: &str) {
    let rows = rows(file);
    let wrong: Vec<String> = rows.iter().filter_map(judge).collect();
    let count = |wanted| rows.iter().filter(|row| row.wanted == wanted).count();
    println!("{file}: {} examples, {} counter-examples, {} wrong", count(true), count(false), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_is_known_by_its_examples() {
    score("examples.tsv");
}

#[test]
fn what_was_written_before_the_rules_is_told_apart_too() {
    score("blind.tsv");
}

#[test]
fn every_kind_has_an_example_and_a_counter_example() {
    let sources = ["src/rules", "src/state"].into_iter().flat_map(|folder| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        fs::read_dir(folder).expect("the rules can be listed").map(|entry| {
            let path = entry.expect("an entry").path();
            fs::read_to_string(path).expect("a source can be read")
        })
    });
    let sources: Vec<String> = sources.collect();
    let named = |line: &str| line.trim().strip_prefix("name: \"")?.strip_suffix("\",").map(str::to_owned);
    let kinds: BTreeSet<String> = sources.iter().flat_map(|source| source.lines().filter_map(named)).collect();
    let rows: Vec<Row> = ["examples.tsv", "blind.tsv"].into_iter().flat_map(rows).collect();
    let of = |wanted: bool| -> BTreeSet<String> {
        rows.iter().filter(|row| row.wanted == wanted && row.kind != "-").map(|row| row.kind.clone()).collect()
    };
    let (examples, counters) = (of(true), of(false));
    let without = |set: &BTreeSet<String>| kinds.difference(set).cloned().collect::<Vec<_>>();
    assert_eq!((without(&examples), without(&counters)), (Vec::<String>::new(), Vec::<String>::new()));
    let unknown: Vec<_> = examples.union(&counters).filter(|kind| !kinds.contains(*kind)).collect();
    assert!(unknown.is_empty(), "no such kinds: {unknown:?}");
}

/// Lines at a moment of the first of January 2026: seconds after 03:20 in the host's zone.
fn at(place: &str, text: &str, seconds: u32) -> String {
    let time = format!("03:{:02}:{:02}", 20 + seconds / 60, seconds % 60);
    let text = text.replace("\\n", "\n").replace("{T}", &time).replace("{E}", &(1_767_208_800 + u64::from(seconds)).to_string());
    let head =
        if place == "kernel" { format!("Jan  1 {time} host kernel: [{}.000000] ", 163_069 + seconds) } else { String::new() };
    text.lines().flat_map(|line| [&head, line, "\n"]).collect()
}

#[test]
fn a_recovery_ends_what_went_before_of_the_same_thing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recoveries.tsv");
    let text = fs::read_to_string(path).expect("the recoveries can be read");
    for row in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [kind, place, event, over, other] = fields[..] else { panic!("not a row: {row}") };
        let member = if place == "kernel" { "var/log/messages" } else { place };
        let ended = |lines: &[String]| {
            let alerts = read(member, &lines.concat());
            assert_eq!(alerts.iter().map(|alert| alert.kind.as_str()).collect::<Vec<_>>(), [kind], "{row}");
            assert_eq!(alerts[0].evidence.len(), 1, "a recovery is no evidence: {row}");
            alerts[0].ended.clone()
        };
        let event = |seconds| at(place, event, seconds);
        let (over, other) = (|seconds| at(place, over, seconds), |seconds| at(place, other, seconds));
        assert_eq!(ended(&[event(0)]), None, "{row}");
        assert_eq!(ended(&[event(0), over(20)]).as_deref(), Some("2026-01-01T03:20:20+08:00"), "{row}");
        assert_eq!(ended(&[event(0), other(20)]), None, "{row}");
        assert_eq!(ended(&[over(0), event(20)]), None, "{row}");
    }
}
