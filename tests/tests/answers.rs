//! Both fixture hosts against their answer files: alerts found, as many as without redaction, paths accounted for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    path::Path,
};

use oediag_analysis::{AlertsJson, Context, Severity, conclude, tap};
use oediag_collector::packed::Packing;
use oediag_protocol::bundle::name;
use oediag_tests::{HOSTS, Run, answer, collect, collected_at, root, rows};
use serde_json::Value;

/// Where an answer file names a file that stands for the output of a command: the source whose record it becomes.
const RECORDS: &[(&str, &str)] = &[("var/lib/oediag-fixture/ipmitool-sel.txt", "alerts.bmc_events")];

/// Names of ours in the closing words of an answer's path: where a host path lies in the unpacked bundle.
fn member(unpacked: &Path, path: &str) -> Option<std::path::PathBuf> {
    // Binary login records are not copied; what they say stands in tables of ours.
    let path = match path {
        "var/log/btmp" => "oediag/native/operations.failed_logins.tsv",
        "var/log/wtmp" => "oediag/native/operations.logins.tsv",
        path => path,
    };
    let ours = path.starts_with("oediag/");
    let plain = unpacked.join(if ours { path.to_owned() } else { name::member_path(format!("/{path}").as_bytes()) });
    if plain.is_file() {
        return Some(plain);
    }
    // An address in a folder's name was replaced; the only folder of crash dumps is still the right one.
    let crash = path.strip_prefix("var/crash/")?.split_once('/')?.1.to_owned();
    let folder = fs::read_dir(unpacked.join("var/crash")).ok()?.next()?.ok()?.path();
    Some(folder.join(crash)).filter(|path| path.is_file())
}

fn share(found: usize, of: usize) -> String {
    format!("{found}/{of} = {:.1} %", 100.0 * found as f64 / of.max(1) as f64)
}

fn run(host: &str, test: &str) -> (Run, std::path::PathBuf) {
    let run = collect(&format!("{test}-{host}"), &root(host), &collected_at(host), &["--preset", "standard"]);
    assert!(matches!(run.code(), 0 | 1), "exit {}: {}", run.code(), String::from_utf8_lossy(&run.output.stderr));
    let unpacked = run.unpack();
    (run, unpacked)
}

/// A copy of a fixture host in which files that stand for the output of commands are records of them.
fn with_records(host: &str, test: &str) -> std::path::PathBuf {
    let to = oediag_tests::folder(&format!("{test}-root-{host}")).join("root");
    copy(&root(host), &to);
    for (file, source) in RECORDS {
        let file = to.join(file);
        if file.is_file() {
            let folder = to.join("oediag/commands").join(source);
            fs::create_dir_all(&folder).expect("a folder for the record");
            fs::copy(&file, folder.join("stdout")).expect("the record can be written");
            fs::write(folder.join("status"), "exit 0\n").expect("the record can be written");
        }
    }
    to
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder of the copy");
    for entry in fs::read_dir(from).expect("a folder of the fixture") {
        let entry = entry.expect("an entry");
        let (kind, to) = (entry.file_type().expect("its kind"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            std::os::unix::fs::symlink(target, to).expect("a link of the copy");
        } else {
            fs::copy(entry.path(), to).expect("a file of the copy");
        }
    }
}

/// What an alert says of one place.
struct Told {
    kind: String,
    severity: Severity,
    path: String,
    lines: (u64, u64),
    alert: usize,
}

/// What an answer wants.
struct Answer {
    kind: String,
    severity: Severity,
    path: String,
    lines: (u64, u64),
}

fn severity(word: &str) -> Severity {
    serde_json::from_value(word.into()).expect("a severity")
}

#[test]
fn alerts_are_found_and_none_is_false() {
    for host in HOSTS {
        let root = with_records(host, "alerts");
        let run = collect(&format!("alerts-{host}"), &root, &collected_at(host), &["--preset", "standard"]);
        assert!(matches!(run.code(), 0 | 1), "exit {}: {}", run.code(), String::from_utf8_lossy(&run.output.stderr));
        let alerts: AlertsJson = serde_json::from_slice(&run.cat("oediag/alerts.json")).expect("alerts.json is what it says");
        let manifest = run.manifest();
        let told: Vec<Told> = alerts
            .alerts
            .iter()
            .enumerate()
            .flat_map(|(at, alert)| {
                alert.evidence.iter().map(move |place| Told {
                    kind: alert.kind.clone(),
                    severity: alert.severity,
                    path: place.path.clone(),
                    lines: (place.line, place.end),
                    alert: at,
                })
            })
            .collect();
        let answers: Vec<Answer> = rows(host, "alerts.tsv")
            .into_iter()
            .map(|row| {
                let line = |at: usize| row[at].parse().expect("a line number");
                let record = RECORDS.iter().find(|(file, _)| *file == row[0]);
                let path = match record {
                    Some((_, source)) => format!("oediag/commands/{source}/stdout"),
                    None if row[0].contains('#') => row[0].clone(),
                    None => in_bundle(&manifest, &row[0]),
                };
                Answer { kind: row[2].clone(), severity: severity(&row[3]), path, lines: (line(1), line(6)) }
            })
            .collect();
        let fits = |told: &Told, answer: &Answer| {
            let inside = told.lines.0 >= answer.lines.0 && told.lines.1 <= answer.lines.1;
            let near = (told.severity as u8).abs_diff(answer.severity as u8) <= 1;
            told.kind == answer.kind && told.path == answer.path && inside && near
        };
        let mut table: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
        let mut missed = Vec::new();
        for answer in &answers {
            let found = told.iter().any(|told| fits(told, answer));
            let entry = table.entry(&answer.kind).or_default();
            *entry = (entry.0 + usize::from(found), entry.1 + 1, entry.2);
            if !found {
                missed.push(format!("{} {}:{}", answer.kind, answer.path, answer.lines.0));
            }
        }
        let covered = |told: &Told| {
            let meets = |answer: &Answer| told.lines.0 <= answer.lines.1 && answer.lines.0 <= told.lines.1;
            answers.iter().any(|answer| told.path == answer.path && meets(answer))
        };
        let (states, logs): (Vec<_>, Vec<_>) =
            told.iter().filter(|told| !covered(told)).partition(|told| oediag_analysis::is_state(&told.path));
        for told in &logs {
            table.entry(&told.kind).or_default().2 += 1;
        }
        println!("{host}: alerts by kind, found/of, false");
        for (kind, (found, of, wrong)) in &table {
            println!("  {kind:<20} {}  {wrong}", share(*found, *of));
        }
        let state = states.iter().map(|told| format!("{} {}:{}", told.kind, told.path, told.lines.0));
        println!("  missed: {missed:?}\n  state of the host: {:?}", state.collect::<Vec<_>>());
        let logs: Vec<_> = logs.iter().map(|told| format!("{} {}:{}", told.kind, told.path, told.lines.0)).collect();
        assert!(missed.is_empty(), "{host}: missed {missed:?}");
        assert!(logs.is_empty(), "{host}: false alarms {logs:?}");
        // One event in two files is one alert that counts it once.
        for told in told.iter().filter(|told| told.path.contains('#')) {
            let alert = &alerts.alerts[told.alert];
            let others = alert.evidence.iter().filter(|place| place.path != told.path).count() as u64;
            assert!(alert.count <= others.max(1), "{host}: {alert:?}");
        }
        assert_eq!(
            run.cat("oediag/native/alerts.rasdaemon_events.txt"),
            rasdaemon(host),
            "{host}: the analysis is tested with this"
        );
    }
}

/// An alert but for its words: kind, severity, how often, when and where.
type Seen = (String, Severity, u64, [Option<String>; 3], Vec<(String, u64, u64)>);

/// What the analysis finds in these members.
fn seen(members: &[(String, Vec<u8>)], context: &Context) -> Vec<Seen> {
    let findings = members.iter().filter_map(|(path, bytes)| {
        let mut tap = tap(path, context)?;
        tap.feed(bytes);
        Some(tap.finish())
    });
    let alerts = conclude(findings.collect()).alerts.into_iter().map(|alert| {
        let places = alert.evidence.into_iter().map(|place| (place.path, place.line, place.end));
        (alert.kind, alert.severity, alert.count, [alert.first, alert.last, alert.ended], places.collect())
    });
    alerts.collect()
}

#[test]
fn redaction_takes_no_alert_away_and_adds_none() {
    for host in HOSTS {
        let (run, unpacked) = run(host, "before");
        let meta: BTreeMap<String, String> =
            serde_json::from_slice(&fs::read(answer(host, "meta.json")).expect("it is there")).expect("a flat object");
        let moment = |key: &str| meta[key].parse().expect("a time");
        let zone = jiff::tz::TimeZone::get(&meta["timezone"]).expect("a zone");
        let context = Context { latest: moment("collected_at"), zone, booted: Some(moment("booted_at")) };
        let manifest = run.manifest();
        let items = manifest["items"].as_array().expect("items");
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for item in items {
            let Some(path) = item["path"].as_str() else { continue };
            let source = item["src"].as_str().and_then(|src| fs::read(root(host).join(&src[1..])).ok());
            let clean = fs::read(unpacked.join(path)).expect("a member can be read");
            // What a row of ours says was written by us: before redaction there is no such text.
            let raw = source.filter(|_| !path.starts_with("oediag/")).unwrap_or_else(|| clean.clone());
            before.push((path.to_owned(), plain(path, raw)));
            after.push((path.to_owned(), plain(path, clean)));
        }
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert!(changed > 20, "{host}: only {changed} members were redacted");
        let (before, after) = (seen(&before, &context), seen(&after, &context));
        assert!(before.len() > 25, "{host}: {before:#?}");
        assert_eq!(before, after, "{host}");
    }
}

/// The text of a member, unpacked if it is packed.
fn plain(path: &str, bytes: Vec<u8>) -> Vec<u8> {
    let Some(packing) = Packing::of(Path::new(path)) else { return bytes };
    let mut text = Vec::new();
    packing.reader(bytes.as_slice()).and_then(|mut reader| reader.read_to_end(&mut text)).expect("it unpacks");
    text
}

/// What the tests of the analysis take for the text of the database.
fn rasdaemon(host: &str) -> Vec<u8> {
    let folder = if host.contains("20.03") { "2003" } else { "2203" };
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../analysis/tests/data").join(folder);
    fs::read(data.join("rasdaemon.txt")).expect("the test data of the analysis")
}

/// The path in the bundle of a host path: what the manifest says, where redaction changed it.
fn in_bundle(manifest: &Value, path: &str) -> String {
    let tail = path.rsplit('/').next().unwrap_or(path);
    let items = manifest["items"].as_array().expect("items");
    let paths = items.iter().filter_map(|item| item["path"].as_str());
    let plain = name::member_path(format!("/{path}").as_bytes());
    let mut candidates: Vec<&str> =
        paths.filter(|found| *found == plain || (path.starts_with("var/crash/") && found.ends_with(tail))).collect();
    candidates.sort_by_key(|found| *found != plain);
    candidates.first().map_or(plain.clone(), |found| (*found).to_owned())
}

#[test]
fn every_row_is_in_the_manifest_and_every_named_path_accounted_for() {
    for host in HOSTS {
        let (run, unpacked) = run(host, "rows");
        let manifest = run.manifest();
        let items = manifest["items"].as_array().expect("items");
        let ids: BTreeSet<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
        for source in oediag_collector::catalogue::all() {
            assert!(ids.contains(source.id), "{host}: no row for {} in the manifest", source.id);
        }
        for item in items {
            let whole = item["outcome"] == "collected";
            assert!(whole || item["reason"].is_string(), "{host}: {item} gives no reason");
            assert!(item["path"].is_null() || item["sha256"].is_string(), "{host}: {item} has no digest");
        }
        // What a pattern of the catalogue matches in the fixture is in the bundle or named with its reason.
        let named: BTreeSet<&str> = items.iter().filter_map(|item| item["src"].as_str()).collect();
        let examined = oediag_collector::host::Host::at(&root(host), None).expect("the fixture is a host");
        for source in oediag_collector::catalogue::all() {
            use oediag_collector::catalogue::Probe;
            let files = match source.probe {
                Probe::File(path) if examined.exists(Path::new(path)) => vec![path.into()],
                Probe::Glob { pattern, .. } => {
                    let found = examined.expand(pattern, 0);
                    found.files.into_iter().chain(found.refused.into_iter().map(|(path, _)| path)).collect()
                }
                _ => Vec::new(),
            };
            let selected = items.iter().any(|item| item["id"] == source.id && item["reason"] != "not_selected");
            for path in files.iter().filter(|_| selected) {
                let path = path.to_str().expect("fixture paths are UTF-8");
                let there = member(&unpacked, &path[1..]).is_some() || named.contains(path);
                let crash = path.starts_with("/var/crash/") && named.iter().any(|src| src.starts_with("/var/crash/"));
                let row = items.iter().any(|item| item["id"] == source.id && item["outcome"] != "collected");
                assert!(there || crash || row, "{host}: {path} of {} is not accounted for", source.id);
            }
        }
        let passwd = fs::read("/etc/passwd").expect("this machine has users");
        let escaped = unpacked.join("var/log/escape.log");
        assert!(!escaped.exists() || fs::read(&escaped).expect("it can be read") != passwd, "{host}: a link led out of the root");
        let escape = items.iter().find(|item| item["src"] == "/var/log/escape.log");
        assert!(escape.is_none_or(|item| item["path"].is_null()), "{host}: {escape:?}");
    }
}
