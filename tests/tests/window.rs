//! `--since`, `--until` and `--around` from the command line to the members of the bundle, on both fixture hosts.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::symlink,
    path::Path,
    process::{Output, Stdio},
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use oediag_tests::{HOSTS, Run, bundles, collect, collected_at, command, folder, root, run};
use serde_json::Value;

fn collected(test: &str, host: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["--topic", "logs,alerts"];
    arguments.extend(more);
    let run = collect(&format!("window-{test}-{host}"), &root(host), &collected_at(host), &arguments);
    assert!(matches!(run.code(), 0 | 1), "exit {}: {}", run.code(), String::from_utf8_lossy(&run.output.stderr));
    run
}

/// The row of a file of the host.
fn item<'a>(manifest: &'a Value, src: &str) -> &'a Value {
    let items = manifest["items"].as_array().expect("a manifest has items");
    items.iter().find(|item| item["src"] == src).unwrap_or_else(|| panic!("a row for {src}"))
}

/// What stands before the message of a line: up to and with its second.
fn stamp(line: &str) -> String {
    match line.split_once("msg=audit(") {
        Some((_, rest)) => rest.split_once(')').expect("a stamp of audit ends").0.to_owned(),
        None if line.starts_with(char::is_alphabetic) => line[..15].to_owned(),
        None => line[..19].to_owned(),
    }
}

fn stamps(text: &str) -> Vec<String> {
    text.lines().map(stamp).collect()
}

/// The stamps of the member, and those of the host's lines that lie between two, as texts: those of one log sort as texts
/// within a month.
fn compare(run: &Run, host: &str, log: &str, from: &str, to: &str) -> usize {
    let member = String::from_utf8(run.cat(log)).expect("the member is UTF-8");
    let all = fs::read(root(host).join(log)).expect("the fixture has the log");
    let all = String::from_utf8_lossy(&all).into_owned();
    let wanted: Vec<String> = stamps(&all).into_iter().filter(|stamp| (from..=to).contains(&stamp.as_str())).collect();
    assert_eq!(stamps(&member), wanted, "{host}: {log}");
    assert!(!wanted.is_empty(), "{host}: {log} has lines in the window");
    wanted.len()
}

#[test]
fn around_on_the_first_host() {
    let host = HOSTS[0];
    let run = collected("first", host, &["--around", "2025-11-10 09:30±45m"]);
    let manifest = run.manifest();
    assert_eq!(manifest["window"]["since"], "2025-11-10T00:45:00Z");
    assert_eq!(manifest["window"]["until"], "2025-11-10T02:15:00Z");
    assert_eq!(manifest["window"]["asked"], "--around 2025-11-10 09:30±45m");
    compare(&run, host, "var/log/messages", "Nov 10 08:45:00", "Nov 10 10:15:00");
    compare(&run, host, "var/log/secure", "Nov 10 08:45:00", "Nov 10 10:15:00");
    compare(&run, host, "var/log/sysmonitor.log", "2025-11-10T08:45:00", "2025-11-10T10:15:00");
    compare(&run, host, "var/log/dnf.log", "2025-11-10T00:45:00", "2025-11-10T02:15:00");
    compare(&run, host, "var/log/audit/audit.log", "1762735500.000", "1762740900.000");
    let messages = item(&manifest, "/var/log/messages");
    assert_eq!((&messages["outcome"], &messages["window"]["applied"]), (&"collected".into(), &true.into()));
    assert!(messages["window"]["line_offset"].as_u64().expect("it was counted") > 0);
    for left_out in ["/var/log/messages-20251109.gz", "/var/log/cron"] {
        let row = item(&manifest, left_out);
        assert_eq!((&row["outcome"], &row["reason"], &row["path"]), (&"skipped".into(), &"outside_window".into(), &Value::Null));
    }
}

#[test]
fn around_the_turn_of_the_year_on_the_second_host() {
    let host = HOSTS[1];
    let run = collected("second", host, &["--around", "2026-01-01T00:00:00+08:00+-6h"]);
    let manifest = run.manifest();
    let text = String::from_utf8(run.cat("var/log/messages")).expect("the member is UTF-8");
    let all = String::from_utf8_lossy(&fs::read(root(host).join("var/log/messages")).expect("the fixture has it")).into_owned();
    let wanted = |stamp: &String| {
        ("Dec 31 18:00:00".."Dec 32").contains(&stamp.as_str())
            || ("Jan  1 00:00:00"..="Jan  1 06:00:00").contains(&stamp.as_str())
    };
    let wanted: Vec<String> = stamps(&all).into_iter().filter(wanted).collect();
    assert_eq!(stamps(&text), wanted);
    assert!(
        wanted.first().is_some_and(|stamp| stamp.starts_with("Dec 31"))
            && wanted.last().is_some_and(|stamp| stamp.starts_with("Jan  1"))
    );
    compare(&run, host, "var/log/audit/audit.log", "1767175200.000", "1767218400.000");
    compare(&run, host, "var/log/dnf.log", "2026-01-01T02:22:10", "2026-01-01T02:22:40");
    compare(&run, host, "var/log/sysmonitor.log", "2025-12-31T18:00:00", "2026-01-01T06:00:00");
    // Console text has no times: all of it is there, and its row says so.
    let boot = manifest["items"].as_array().expect("items").iter().find(|item| item["window"]["applied"] == false);
    assert!(boot.is_none_or(|boot| boot["path"] == "var/log/boot.log"), "{boot:?}");
    assert_eq!(item(&manifest, "/var/log/sysSentry/xalarm.log")["reason"], "outside_window");
    // Alerts are those of the window.
    let alerts: Value = serde_json::from_slice(&run.cat("oediag/alerts.json")).expect("alerts are JSON");
    for alert in alerts["alerts"].as_array().expect("a list") {
        for evidence in
            alert["evidence"].as_array().expect("a list").iter().filter(|evidence| evidence["path"] == "var/log/messages")
        {
            let line = evidence["line"].as_u64().expect("a number") as usize;
            assert!(line >= 1 && line <= wanted.len(), "evidence counts the lines of the member: {evidence}");
        }
    }
}

/// Names that say nothing of the time, in the order of their lines.
const ROTATIONS: [&str; 8] = [
    "messages-9.gz",
    "messages-2.gz",
    "messages-7.gz",
    "messages-1.gz",
    "messages-5.gz",
    "messages-3.gz",
    "messages-8.gz",
    "messages",
];

#[test]
fn rotations_are_chosen_by_what_is_in_them() {
    let host = HOSTS[1];
    let all = fs::read(root(host).join("var/log/messages")).expect("the fixture has it");
    let text = String::from_utf8_lossy(&all).into_owned();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let made = folder("window-rotations-root").join("root");
    let logs = made.join("var/log");
    fs::create_dir_all(&logs).expect("the folder can be made");
    fs::create_dir_all(made.join("etc")).expect("the folder can be made");
    symlink("../usr/share/zoneinfo/Asia/Shanghai", made.join("etc/localtime")).expect("the link can be made");
    // Times of change that are all alike.
    for (part, name) in lines.chunks(600).zip(ROTATIONS) {
        let part = part.concat();
        let mut bytes = part.clone().into_bytes();
        if Path::new(name).extension().is_some() {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(part.as_bytes()).expect("it is written");
            bytes = encoder.finish().expect("it is finished");
        }
        fs::write(logs.join(name), bytes).expect("the log can be written");
    }
    let run = collect(
        "window-rotations",
        &made,
        &collected_at(host),
        &["--source", "logs.messages", "--since", "2025-12-31 20:00", "--until", "2026-01-01 10:00"],
    );
    assert_eq!(run.code(), 0, "{}", String::from_utf8_lossy(&run.output.stderr));
    let mut got = Vec::new();
    let mut members = 0;
    for name in ROTATIONS {
        let manifest = run.manifest();
        let row = item(&manifest, &format!("/var/log/{name}"));
        if row["path"].is_null() {
            assert_eq!(row["reason"], "outside_window", "{row}");
            continue;
        }
        members += 1;
        let bytes = run.cat(row["path"].as_str().expect("a path"));
        let mut text = String::new();
        if Path::new(name).extension().is_some() {
            MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("it inflates");
        } else {
            text = String::from_utf8(bytes).expect("it is UTF-8");
        }
        got.extend(stamps(&text));
    }
    let wanted = |stamp: &String| {
        ("Dec 31 20:00:00".."Dec 32").contains(&stamp.as_str())
            || ("Jan  1 00:00:00"..="Jan  1 10:00:00").contains(&stamp.as_str())
    };
    let wanted: Vec<String> = stamps(&text).into_iter().filter(wanted).collect();
    assert_eq!(got, wanted);
    assert!((2..7).contains(&members), "{members} of 8 files have lines of the window");
}

/// T53: cut as soon as it is seen that it is being read, which is long before its end.
#[test]
fn t53_a_log_that_is_cut_while_its_window_is_read_says_so() {
    let (host, work) = (folder("window-cut-root"), folder("window-cut"));
    let (log, out) = (host.join("var/log/messages"), work.join("out"));
    for path in [log.parent().expect("a folder"), &out] {
        fs::create_dir_all(path).expect("the folder can be made");
    }
    fs::write(&log, b"Nov 22 03:00:00 host app: a line of the window\n".repeat(300_000)).expect("the log can be written");
    let (root, out_text) = (host.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    let mut arguments = vec!["collect", "--root", root, "--now", "2026-11-22T12:00:00Z", "--source", "logs.messages"];
    arguments.extend(["--since", "2026-11-22T02:00:00Z", "-o", out_text]);
    let mut child = command(&work.join("state"), &arguments).stdout(Stdio::null()).spawn().expect("oediag starts");
    let process = Path::new("/proc").join(child.id().to_string());
    let is_read = || {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        let mut of_log = files.filter(|file| fs::read_link(file.path()).is_ok_and(|path| path == log));
        of_log.any(|file| {
            let info = fs::read_to_string(process.join("fdinfo").join(file.file_name())).unwrap_or_default();
            info.lines().next().and_then(|line| line.strip_prefix("pos:")?.trim().parse().ok()) > Some(0_u64)
        })
    };
    while !is_read() {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended, and was not seen to read the log");
    }
    fs::File::options().write(true).open(&log).and_then(|log| log.set_len(64 << 10)).expect("the log can be cut");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    let bundle = bundles(&out);
    let said = run(&work.join("state"), &["ls", bundle[0].to_str().expect("UTF-8"), "--json"]);
    let items: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    let item = items.as_array().expect("a list").iter().find(|item| item["src"] == "/var/log/messages").expect("a row");
    assert_eq!((&item["outcome"], &item["reason"]), (&Value::from("truncated"), &Value::from("changed")), "{item}");
}

fn planned(host: &str, more: &[&str]) -> Output {
    let state = folder(&format!("window-plan-{}", more.concat().len())).join("state");
    let (root, now) = (root(host), collected_at(host));
    let mut arguments = vec!["plan", "--root", root.to_str().expect("UTF-8"), "--now", now.as_str(), "--topic", "logs"];
    arguments.extend(more);
    run(&state, &arguments)
}

#[test]
fn plan_shows_the_window_and_what_it_leaves_out() {
    let output = planned(HOSTS[0], &["--around", "2025-11-10 09:30±45m"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("2025-11-10 08:45:00 +08:00 to 2025-11-10 10:15:00 +08:00"), "{text}");
    assert!(text.lines().any(|line| line.contains("/var/log/messages-20251109.gz") && line.contains("window")), "{text}");
    let output = planned(HOSTS[0], &["--around", "2025-11-10 09:30±45m", "--json"]);
    let plan: Value = serde_json::from_slice(&output.stdout).expect("plan --json is JSON");
    let messages =
        plan["tasks"].as_array().expect("a list").iter().find(|task| task["what"] == "/var/log/messages").expect("a task");
    let size = fs::metadata(root(HOSTS[0]).join("var/log/messages")).expect("it is there").len();
    assert!(messages["bytes"].as_u64().expect("a number") < size / 4, "{messages}");
}

#[test]
fn wrong_windows_get_one_clear_sentence() {
    for (more, english) in [
        (&["--since", "last week"][..], "give a time such as"),
        (&["--around", "2025-11-10 09:30"], "give a time, ±"),
        (&["--since", "2025-11-10", "--until", "2025-11-09"], "ends (2025-11-08T16:00:00Z) before it begins"),
        (&["--since", "2h", "--around", "now±1h"], "--around"),
    ] {
        let output = planned(HOSTS[0], more);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{more:?}: {text}");
        assert!(text.contains(english), "{more:?}: {text}");
    }
}
