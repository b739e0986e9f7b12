//! Recall and false alarms on the two fixture hosts, kind by kind, against their answer files.
//!
//! In: `tests/data/<host>/{root.tar.gz,rasdaemon.txt,alerts.tsv,meta.json}`. Out: a table (`--nocapture`), and assertions.
//! Every row of the answers counts: `rasdaemon.txt` is what the collector makes of the database (an end-to-end test sees to
//! that), and the file that stands for a command's output is read as that command's. Checks of the host's state are not in
//! the answers; they are listed apart.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use oediag_analysis::{AlertsJson, Conclusion, Context, Evidence, Severity, conclude, is_state, tap};

/// Where the bundle has what a fixture keeps elsewhere.
fn in_bundle(path: &str) -> String {
    match path {
        "var/lib/oediag-fixture/ipmitool-sel.txt" => "oediag/commands/alerts.bmc_events/stdout".to_owned(),
        _ => path.to_owned(),
    }
}

/// Steps between two severities.
fn steps(ours: Severity, theirs: &str) -> u8 {
    let theirs: Severity = serde_json::from_value(theirs.into()).expect("a severity");
    (ours as u8).abs_diff(theirs as u8)
}

struct Row {
    path: String,
    line: u64,
    end: u64,
    kind: String,
    severity: String,
    time: String,
}

struct Host {
    members: Vec<(String, Vec<u8>)>,
    rows: Vec<Row>,
    context: Context,
}

fn host(name: &str) -> Host {
    let folder = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read(format!("{folder}/{file}")).expect("a file of the test data");
    let packed = read("root.tar.gz");
    let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
    let members = archive.entries().expect("a tar archive").map(|entry| {
        let mut entry = entry.expect("an entry");
        let path = in_bundle(entry.path().expect("a path").to_str().expect("UTF-8"));
        let mut bytes = Vec::new();
        if path.strip_suffix(".gz").is_some() {
            GzDecoder::new(entry).read_to_end(&mut bytes).expect("a rotated log");
        } else {
            entry.read_to_end(&mut bytes).expect("a member");
        }
        (path, bytes)
    });
    let mut members: Vec<_> = members.collect();
    members.push(("oediag/native/alerts.rasdaemon_events.txt".to_owned(), read("rasdaemon.txt")));
    let table = String::from_utf8(read("alerts.tsv")).expect("UTF-8");
    let rows = table.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        Row {
            path: in_bundle(fields[0]),
            line: fields[1].parse().expect("a line"),
            kind: fields[2].to_owned(),
            severity: fields[3].to_owned(),
            time: fields[5].to_owned(),
            end: fields[6].parse().expect("a line"),
        }
    });
    let rows = rows.collect();
    let meta: serde_json::Value = serde_json::from_slice(&read("meta.json")).expect("JSON");
    let moment = |key: &str| meta[key].as_str().expect("a time").parse().expect("RFC 3339");
    let context = Context {
        latest: moment("collected_at"),
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        booted: Some(moment("booted_at")),
    };
    Host { members, rows, context }
}

fn analyse(host: &Host, chunk: usize, reverse: bool) -> Conclusion {
    let mut findings = Vec::new();
    for (path, bytes) in &host.members {
        let Some(mut tap) = tap(path, &host.context) else { continue };
        bytes.chunks(chunk).for_each(|chunk| tap.feed(chunk));
        findings.push(tap.finish());
    }
    if reverse {
        findings.reverse();
    }
    conclude(findings)
}

fn overlaps(evidence: &Evidence, row: &Row) -> bool {
    evidence.path == row.path && evidence.line <= row.end && row.line <= evidence.end
}

fn inside(evidence: &Evidence, row: &Row) -> bool {
    evidence.path == row.path && evidence.line >= row.line && evidence.end <= row.end
}

/// rasdaemon's line of 11:07 says that the error happened the evening before; our time is that of the error.
fn is_late(row: &Row) -> bool {
    (row.path.as_str(), row.line) == ("var/log/messages", 3279) && row.kind == "edac_ce"
}

#[expect(clippy::print_stdout, reason = "the table is what a person runs this test for")]
fn judge(name: &str) {
    let host = host(name);
    let conclusion = analyse(&host, 1 << 20, false);
    let mut table: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in &host.rows {
        let cell = table.entry(&row.kind).or_default();
        cell[0] += 1;
        let found = conclusion
            .alerts
            .iter()
            .find(|alert| alert.kind == row.kind && alert.evidence.iter().any(|evidence| inside(evidence, row)));
        match found {
            Some(alert) => {
                cell[1] += 1;
                let timed = alert.first.as_deref() <= Some(&row.time) && Some(row.time.as_str()) <= alert.last.as_deref();
                if !(timed || row.time.is_empty() || alert.first.is_none() || is_late(row)) {
                    wrong.push(format!(
                        "{}:{} {}: time {:?}..{:?}, expected {}",
                        row.path, row.line, row.kind, alert.first, alert.last, row.time
                    ));
                }
                let severity = alert.severity;
                match steps(severity, &row.severity) {
                    0 => {}
                    1 => println!("note: {}:{} {} is {severity:?}, not {}", row.path, row.line, row.kind, row.severity),
                    _ => wrong.push(format!("{}:{} {} is {severity:?}, not {}", row.path, row.line, row.kind, row.severity)),
                }
            }
            None => wrong.push(format!("missed {}:{}-{} {}", row.path, row.line, row.end, row.kind)),
        }
    }
    for alert in &conclusion.alerts {
        assert_eq!(alert.state, alert.evidence.iter().all(|evidence| is_state(&evidence.path)), "{alert:?}");
        for evidence in alert.evidence.iter().filter(|evidence| !is_state(&evidence.path)) {
            if !host.rows.iter().any(|row| row.kind == alert.kind && overlaps(evidence, row)) {
                table.entry(&alert.kind).or_default()[2] += 1;
                wrong.push(format!("false alarm {evidence:?} {}", alert.summary.en));
            }
        }
    }
    println!("\n{name}: {:<20} expected found false", "kind");
    for (kind, [expected, found, alarms]) in &table {
        println!("{name}: {kind:<20} {expected:>8} {found:>5} {alarms:>5}");
    }
    for alert in &conclusion.alerts {
        println!(
            "{}{:?} {}{} x{} {} | {}",
            if alert.state { "state: " } else { "" },
            alert.severity,
            alert.first.as_deref().unwrap_or("-"),
            alert.ended.as_ref().map(|ended| format!(" ended {ended}")).unwrap_or_default(),
            alert.count,
            alert.summary.en,
            alert.summary.zh
        );
        for evidence in &alert.evidence {
            println!("    {}:{}-{}", evidence.path, evidence.line, evidence.end);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(conclusion.left_out.is_empty());
}

#[test]
fn finds_every_alert_of_the_20_03_host_and_no_other() {
    judge("2003");
}

#[test]
fn finds_every_alert_of_the_22_03_host_and_no_other() {
    judge("2203");
}

/// The alerts of a kind: how many events, in which members, and when they ended.
fn told(conclusion: &Conclusion, kind: &str) -> Vec<(u64, Vec<String>, Option<String>)> {
    let alerts = conclusion.alerts.iter().filter(|alert| alert.kind == kind);
    alerts
        .map(|alert| {
            let mut paths: Vec<String> = alert.evidence.iter().map(|evidence| evidence.path.clone()).collect();
            paths.dedup();
            (alert.count, paths, alert.ended.clone())
        })
        .collect()
}

#[test]
fn one_event_in_two_files_counts_once_and_recoveries_end_it() {
    let (messages, database) =
        ("var/log/messages".to_owned(), |table: &str| format!("var/lib/rasdaemon/ras-mc_event.db#{table}"));
    let first = analyse(&host("2003"), 1 << 20, false);
    assert_eq!(told(&first, "disk_medium_error"), [(1, vec![database("disk_errors"), messages.clone()], None)]);
    assert_eq!(told(&first, "edac_ce"), [(1, vec![database("mc_event"), messages.clone()], None)]);
    let ended =
        |conclusion: &Conclusion, kind: &str| told(conclusion, kind).into_iter().map(|(.., ended)| ended).collect::<Vec<_>>();
    assert_eq!(ended(&first, "cpu_high"), [Some("2025-11-10T09:55:12+08:00".to_owned())]);
    assert_eq!(ended(&first, "disk_full"), [Some("2025-11-11T06:00:07+08:00".to_owned())]);
    assert_eq!(ended(&first, "inode_full"), [None]);
    let second = analyse(&host("2203"), 1 << 20, false);
    assert_eq!(told(&second, "fs_readonly"), [(1, vec![messages, "var/log/sysmonitor.log".to_owned()], None)]);
    assert_eq!(ended(&second, "mem_high"), [Some("2025-12-30T21:20:01+08:00".to_owned())]);
    assert_eq!(ended(&second, "process_down"), [Some("2026-01-01T06:00:04+08:00".to_owned())]);
}

#[test]
fn does_not_depend_on_chunks_or_on_the_order_of_members() {
    for name in ["2003", "2203"] {
        let host = host(name);
        let whole = analyse(&host, 1 << 20, false);
        assert_eq!(whole, analyse(&host, 7919, true));
        assert_eq!(whole, analyse(&host, 61, false));
    }
}

#[test]
fn reads_the_facts_of_both_hosts() {
    let facts = analyse(&host("2003"), 4096, false).facts;
    assert_eq!(facts.os_version.as_deref(), Some("20.03 (LTS-SP4)"));
    assert_eq!(facts.kernel.as_deref(), Some("4.19.90-2312.1.0.0255.oe2003sp4.x86_64"));
    assert_eq!((facts.cpus, facts.sockets), (Some(32), Some(2)));
    assert_eq!((facts.memory_total_kib, facts.uptime_seconds), (Some(263_812_344), Some(231_332)));
    assert_eq!(facts.taint.as_deref(), Some(&["out-of-tree module (O)".to_owned(), "unsigned module (E)".to_owned()][..]));
    assert_eq!((facts.conntrack_count, facts.conntrack_max), (Some(262_144), Some(262_144)));
    assert_eq!(facts.collected.as_deref(), Some("2025-11-12T18:30:05+08:00"));
    let facts = analyse(&host("2203"), 4096, false).facts;
    assert_eq!((facts.arch.as_deref(), facts.cpus, facts.sockets), (Some("aarch64"), Some(96), None));
    assert_eq!(facts.cpu_model.as_deref(), Some("HiSilicon Kunpeng-920"));
    assert_eq!(facts.product.as_deref(), Some("TaiShan 200 (Model 2280)"));
    assert_eq!(facts.load, Some([88.1, 79.33, 61.02]));
}

#[test]
fn alerts_survive_json() {
    let conclusion = analyse(&host("2203"), 4096, false);
    let file = AlertsJson::new(conclusion.alerts, conclusion.left_out);
    let text = serde_json::to_string(&file).expect("JSON");
    assert!(text.starts_with("{\"schema\":\"oediag.alerts/1\",\"alerts\":[{\"kind\":\""));
    assert!(!text.contains("left_out"));
    assert_eq!(serde_json::from_str::<AlertsJson>(&text).expect("our own JSON"), file);
}
