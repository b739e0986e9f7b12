//! Both fixture hosts against their answer files: alerts found, planted values gone, kept texts kept, paths accounted for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
    path::Path,
};

use oediag_protocol::bundle::name;
use oediag_tests::{HOSTS, Run, collect, collected_at, root, rows};
use serde_json::Value;

/// The kinds of the first set (one event each): all of them must be found where the answers have them.
const FIRST_SET: &[&str] = &[
    "oom_kill",
    "memcg_oom",
    "hung_task",
    "soft_lockup",
    "hard_lockup",
    "workqueue_lockup",
    "rcu_stall",
    "kernel_panic",
    "kernel_oops",
    "kernel_bug",
    "mce",
    "edac_ce",
    "edac_ue",
    "ghes_memory",
    "memory_failure",
    "io_error",
    "disk_medium_error",
    "fs_error",
    "fs_readonly",
    "nic_reset",
    "nic_link_down",
    "nic_tx_timeout",
    "conntrack_full",
    "segfault",
    "service_failed",
    "disk_full",
];

/// Planted kinds that this version promises to find, and the recall it must reach for each.
const DOZEN: &[&str] = &[
    "private_key",
    "password",
    "url_credential",
    "basic_auth",
    "basic_auth_b64",
    "token",
    "jwt",
    "password_hash",
    "email",
    "ipv4",
    "ipv4_hex",
    "ipv4_in_path",
    "ipv6",
    "ipv6_hex",
    "mac",
    "hostname",
    "username",
    "username_host",
    "id_cn",
    "phone",
    "password_hex",
    "token_hex",
];

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

fn text(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("a member can be read");
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut text = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).expect("a .gz member inflates");
        return text;
    }
    bytes
}

/// Whether `value` stands in `text` as a word of its own: not inside a longer run of letters and digits.
fn stands(text: &[u8], value: &[u8]) -> bool {
    let edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    text.windows(value.len()).enumerate().any(|(at, window)| {
        window.eq_ignore_ascii_case(value)
            && edge(at.checked_sub(1).and_then(|at| text.get(at)))
            && edge(text.get(at + value.len()))
    })
}

fn share(found: usize, of: usize) -> String {
    format!("{found}/{of} = {:.1} %", 100.0 * found as f64 / of.max(1) as f64)
}

fn run(host: &str, test: &str) -> (Run, std::path::PathBuf) {
    run_preset(host, test, "standard")
}

fn run_preset(host: &str, test: &str, preset: &str) -> (Run, std::path::PathBuf) {
    let run = collect(&format!("{test}-{preset}-{host}"), &root(host), &collected_at(host), &["--preset", preset]);
    assert!(matches!(run.code(), 0 | 1), "exit {}: {}", run.code(), String::from_utf8_lossy(&run.output.stderr));
    let unpacked = run.unpack();
    (run, unpacked)
}

#[test]
fn alerts_of_the_first_set_are_found_and_none_is_false() {
    for host in HOSTS {
        let (run, _) = run(host, "alerts");
        let alerts: Value = serde_json::from_slice(&run.cat("oediag/alerts.json")).expect("alerts.json is JSON");
        let manifest = run.manifest();
        let evidence: Vec<(String, String, u64, u64)> = alerts["alerts"]
            .as_array()
            .expect("alerts is a list")
            .iter()
            .flat_map(|alert| {
                let kind = alert["kind"].as_str().expect("kind").to_owned();
                alert["evidence"].as_array().expect("evidence").iter().map(move |at| {
                    let line = |key: &str| at[key].as_u64().expect("a line number");
                    (kind.clone(), at["path"].as_str().expect("path").to_owned(), line("line"), line("end"))
                })
            })
            .collect();
        let answers: Vec<(String, String, u64, u64)> = rows(host, "alerts.tsv")
            .into_iter()
            .filter(|row| !row[0].contains('#'))
            .map(|row| {
                let line = |at: usize| row[at].parse().expect("a line number");
                (row[2].clone(), in_bundle(&manifest, &row[0]), line(1), line(6))
            })
            .collect();
        let mut recall: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut missed = Vec::new();
        for (kind, path, line, end) in &answers {
            let found = evidence.iter().any(|(k, p, l, e)| k == kind && p == path && l >= line && e <= end);
            let entry = recall.entry(kind).or_default();
            *entry = (entry.0 + usize::from(found), entry.1 + 1);
            if !found {
                missed.push(format!("{kind} {path}:{line}"));
            }
        }
        let uncovered: Vec<_> = evidence
            .iter()
            .filter(|(_, p, l, e)| !answers.iter().any(|(_, path, line, end)| p == path && l >= line && e <= end))
            .collect();
        println!("{host}: alerts by kind, found/of");
        for (kind, (found, of)) in &recall {
            println!("  {kind:<20} {}{}", share(*found, *of), if FIRST_SET.contains(kind) { "" } else { "   (later set)" });
        }
        println!("  missed: {missed:?}\n  evidence no answer covers: {uncovered:?}");
        assert!(recall.iter().all(|(kind, (found, of))| !FIRST_SET.contains(kind) || found == of), "{host}: missed {missed:?}");
        assert!(uncovered.is_empty(), "{host}: false alarms {uncovered:?}");
    }
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
fn planted_values_are_gone_and_kept_texts_stay() {
    let mut all: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut left = Vec::new();
    // `deep` also takes the configuration that holds credentials.
    for (host, preset) in HOSTS.into_iter().flat_map(|host| [(host, "standard"), (host, "deep")]) {
        let (_, unpacked) = run_preset(host, "planted", preset);
        for row in rows(host, "planted.tsv") {
            let (path, kind, value) = (&row[0], &row[2], &row[3]);
            let gone = if kind == "ipv4_in_path" {
                let list = fs::read_dir(unpacked.join("var/crash")).map(|entries| {
                    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect::<Vec<_>>()
                });
                !list.unwrap_or_default().iter().any(|name| name.contains(value.as_str()))
            } else {
                // A file that was not collected gives nothing away.
                member(&unpacked, path).is_none_or(|member| !stands(&text(&member), value.as_bytes()))
            };
            let entry = all.entry(kind.clone()).or_default();
            *entry = (entry.0 + usize::from(gone), entry.1 + 1);
            if !gone {
                left.push(format!("{host} {preset} {path}:{} {kind} {value}", row[1]));
            }
        }
        for row in rows(host, "keep.tsv") {
            if let Some(member) = member(&unpacked, &row[0]) {
                let kept = text(&member);
                let value = row[1].as_bytes();
                assert!(kept.windows(value.len()).any(|window| window == value), "{host} {}: {} was not kept", row[0], row[1]);
            }
        }
    }
    let dozen = all.iter().filter(|(kind, _)| DOZEN.contains(&kind.as_str()));
    let (gone, of) = dozen.fold((0, 0), |sum, (_, n)| (sum.0 + n.0, sum.1 + n.1));
    println!("planted values gone, by kind");
    for (kind, (gone, of)) in &all {
        println!("  {kind:<16} {}{}", share(*gone, *of), if DOZEN.contains(&kind.as_str()) { "" } else { "   (later kind)" });
    }
    println!("  the dozen: {}\n  left: {left:#?}", share(gone, of));
    assert!(gone * 100 >= of * 95, "{}", share(gone, of));
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
