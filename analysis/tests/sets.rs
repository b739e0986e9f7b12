//! What many lines say together: blocks that interleave, boots, a shutdown, one event that several speakers tell of.
//!
//! In: `tests/data/sets.txt`: sets that begin with `== name`; in each, members that begin with `= path` and hold lines as they
//! stand in a bundle, then one line `> severity kind xCOUNT path:first-last ... | summary` for every alert, most severe first.
//! Out: assertions.

use oediag_analysis::{Alert, Context, conclude, tap};

struct Set {
    name: &'static str,
    members: Vec<(&'static str, String)>,
    alerts: Vec<String>,
}

fn sets() -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    for line in include_str!("data/sets.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("== ") {
            sets.push(Set { name, members: Vec::new(), alerts: Vec::new() });
            continue;
        }
        let set = sets.last_mut().expect("a file begins with a set");
        if let Some(path) = line.strip_prefix("= ") {
            set.members.push((path, String::new()));
        } else if let Some(alert) = line.strip_prefix("> ") {
            set.alerts.push(alert.to_owned());
        } else {
            let (_, text) = set.members.last_mut().expect("a set begins with a member");
            text.push_str(line);
            text.push('\n');
        }
    }
    sets
}

fn read(set: &Set, chunk: usize) -> Vec<String> {
    let context = Context {
        latest: "2026-01-02T09:45:30+08:00".parse().expect("a time"),
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        booted: Some("2025-12-30T06:02:11+08:00".parse().expect("a time")),
    };
    let findings = set.members.iter().map(|(path, text)| {
        let mut tap = tap(path, &context).expect("a path that is read");
        text.as_bytes().chunks(chunk).for_each(|chunk| tap.feed(chunk));
        tap.finish()
    });
    conclude(findings.collect()).alerts.iter().map(told).collect()
}

fn told(alert: &Alert) -> String {
    let severity = serde_json::to_value(alert.severity).expect("a word");
    let places: Vec<String> = alert.evidence.iter().map(|at| format!("{}:{}-{}", at.path, at.line, at.end)).collect();
    let severity = severity.as_str().expect("a word");
    format!("{severity} {} x{} {} | {}", alert.kind, alert.count, places.join(" "), alert.summary.en)
}

#[test]
fn sets_of_lines_say_this_and_nothing_else() {
    let wrong: Vec<String> = sets()
        .iter()
        .filter_map(|set| {
            let told = [1 << 20, 61].map(|chunk| read(set, chunk));
            assert_eq!(told[0], told[1], "{}: cut otherwise", set.name);
            (told[0] != set.alerts)
                .then(|| format!("{}:\n  {}\nnot\n  {}", set.name, told[0].join("\n  "), set.alerts.join("\n  ")))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
