//! What a run may cost: presets together, estimates beside what became of them, and a bundle that is too small for all it could hold.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use oediag_tests::{bundles, collect, folder, run};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";
const NOW: &str = "2026-11-22T12:00:00Z";
const MIB: u64 = 1 << 20;

fn plan(state: &Path, arguments: &[&str]) -> Value {
    let output = run(state, &[&["plan", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("plan --json is JSON")
}

fn ids(plan: &Value) -> BTreeSet<String> {
    let tasks = plan["tasks"].as_array().expect("a list");
    tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn presets_together_are_their_union() {
    let state = folder("budget-presets").join("state");
    let root = folder("budget-presets-root");
    let root = root.to_str().expect(UTF8);
    let selected = |presets: &[&str]| -> BTreeSet<String> {
        let plan = plan(&state, &[&["--root", root, "--now", NOW], presets].concat());
        let left_out = plan["left_out"].as_array().expect("a list").iter();
        let absent =
            left_out.filter(|row| row["reason"] != "not_selected").map(|row| row["id"].as_str().expect("an id").to_owned());
        ids(&plan).into_iter().chain(absent).collect()
    };
    let (perf, net) = (selected(&["--preset", "perf"]), selected(&["--preset", "net"]));
    let both: BTreeSet<String> = perf.union(&net).cloned().collect();
    assert!(both.len() > perf.len() && both.len() > net.len());
    assert_eq!(selected(&["--preset", "perf,net"]), both);
    assert_eq!(selected(&["--preset", "net", "--preset", "perf"]), both);
    // A preset of all topics and little depth beside one of few topics and more.
    let quick_and_disk: BTreeSet<String> =
        selected(&["--preset", "quick"]).union(&selected(&["--preset", "disk"])).cloned().collect();
    assert_eq!(selected(&["--preset", "quick,disk"]), quick_and_disk);

    let said = plan(&state, &["--root", root, "--now", NOW, "--preset", "net", "--preset", "perf"]);
    assert_eq!((&said["preset"], &said["perf_seconds"]), (&serde_json::json!(["perf", "net"]), &Value::from(60)));
    let run = collect("budget-presets-run", Path::new(root), NOW, &["--preset", "net,crash"]);
    assert_eq!(run.manifest()["preset"], "net,crash");
}

#[test]
fn a_quick_bundle_is_small_and_says_what_was_expected_of_it() {
    let work = folder("budget-quick");
    let state = work.join("state");
    let collected = |number: &str| -> (Value, PathBuf) {
        let out = work.join(number);
        fs::create_dir(&out).expect("the folder can be made");
        let output = run(&state, &["collect", "--preset", "quick", "--json", "-o", out.to_str().expect(UTF8)]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        (serde_json::from_slice(&output.stdout).expect("collect --json is JSON"), bundles(&out)[0].clone())
    };
    let (first, bundle) = collected("first");
    let bytes = fs::metadata(&bundle).expect("the bundle is there").len();
    let items = first["manifest"]["items"].as_array().expect("a list");
    let ms = |item: &Value| item["ms"].as_u64().unwrap_or(0);
    println!("quick: {bytes} bytes packed; the longest item took {} ms", items.iter().map(ms).max().unwrap_or(0));
    assert!(bytes < 5 * MIB, "{bytes} bytes");
    assert_eq!(first["manifest"]["incomplete_reason"], Value::Null);
    assert!(items.iter().all(|item| item["reason"] != "bundle_limit"));

    // The second run knows what the first one took: each topic comes close to what was expected.
    let planned = plan(&state, &["--preset", "quick"]);
    let (second, _) = collected("second");
    let expected = &second["manifest"]["estimate"];
    let names =
        |topics: &Value| topics.as_array().expect("a list").iter().map(|topic| topic["topic"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&expected["topics"]), names(&planned["estimate"]["topics"]));
    let compared = second["compared"].as_array().expect("a list");
    assert_eq!(compared.len(), expected["topics"].as_array().expect("a list").len());
    for topic in compared {
        let (estimated, real) = (topic["estimated_bytes"].as_u64(), topic["bytes"].as_u64());
        let (Some(estimated), Some(real)) = (estimated, real) else { panic!("{topic}") };
        println!("{topic}");
        // Logs of a busy machine grow between the runs.
        let close = estimated.abs_diff(real) <= real / 2 + 64 * 1024;
        assert!(close || topic["topic"] == "logs", "{topic}");
    }
    let text = String::from_utf8(run(&state, &["show", bundle.to_str().expect(UTF8)]).stdout).expect("UTF-8");
    assert!(text.contains("Expected"), "{text}");
}

/// A log that hardly packs: lines of random words, the last of which is `name`'s own.
fn log(name: &str, bytes: usize, seed: u64) -> String {
    let mut text = String::with_capacity(bytes + 200);
    let mut random = seed;
    let mut second = 0_u32;
    while text.len() < bytes {
        let (hour, minute) = (second / 3600 % 12, second / 60 % 60);
        write!(text, "Nov 22 {hour:02}:{minute:02}:{:02} host app:", second % 60).expect("room");
        for _ in 0..12 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let word: String = (0..7).map(|at| char::from(b'a' + (random >> (at * 5) & 31) as u8 % 26)).collect();
            write!(text, " {word}").expect("room");
        }
        text.push('\n');
        second += 1;
    }
    writeln!(text, "Nov 22 11:59:59 host app: the end of {name}").expect("room");
    text
}

/// A host of a few small files and three huge logs.
fn full_host(name: &str) -> PathBuf {
    let root = folder(name);
    let put = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    };
    put("etc/os-release", "ID=openEuler\nVERSION=\"22.03 (LTS-SP3)\"\n");
    put("proc/meminfo", "MemTotal: 16 kB\n");
    put("proc/sys/kernel/osrelease", "5.10.0\n");
    put("proc/loadavg", "0.20 0.18 0.12 1/80 11206\n");
    put("etc/fstab", "/dev/sda1 / ext4 defaults 0 1\n");
    put("var/log/messages", &log("messages", 10 << 20, 0x9e37_79b9_7f4a_7c15));
    put("var/log/secure", &log("secure", 10 << 20, 0xd1b5_4a32_d192_ed03));
    put("var/log/audit/audit.log", &log("audit", 10 << 20, 0x94d0_49bb_1331_11eb));
    put("var/log/cron", "Nov 22 10:00:01 host CROND[1]: (root) CMD (true)\n");
    root
}

#[test]
fn huge_logs_share_a_small_bundle_and_leave_room_for_the_rest() {
    let root = full_host("budget-root");
    let read = |limit: &str, bytes: u64| {
        let run = collect(&format!("budget-{limit}"), &root, NOW, &["--max-bytes", limit]);
        let said = String::from_utf8_lossy(&run.output.stdout).into_owned();
        assert_eq!(run.code(), 1, "{said}{}", String::from_utf8_lossy(&run.output.stderr));
        let packed = fs::metadata(run.bundle()).expect("the bundle is there").len();
        assert!(packed <= bytes, "{packed} bytes are more than {bytes}");
        assert!(said.lines().take(2).any(|line| line.starts_with("CUT to fit")), "{said}");
        let items = run.manifest()["items"].as_array().expect("a list").clone();
        let logs = ["var/log/messages", "var/log/secure", "var/log/audit/audit.log"].map(|path| {
            let item = items.iter().find(|item| item["path"] == path).unwrap_or_else(|| panic!("no {path}"));
            assert_eq!((&item["outcome"], &item["reason"]), (&Value::from("truncated"), &Value::from("bundle_limit")), "{item}");
            assert_eq!(item["truncated"]["how"], "tail");
            let text = String::from_utf8(run.cat(path)).expect("UTF-8");
            assert!(
                text.trim_end()
                    .ends_with(&format!("the end of {}", path.rsplit(['/', '.']).find(|word| *word != "log").expect("a name"))),
                "{path}"
            );
            item["bytes"].as_u64().expect("a number")
        });
        for path in ["etc/os-release", "proc/meminfo", "proc/loadavg", "etc/fstab", "var/log/cron"] {
            let item = items.iter().find(|item| item["path"] == path).unwrap_or_else(|| panic!("no {path}"));
            assert_eq!(item["outcome"], "collected", "{item}");
        }
        println!("{limit}: {packed} bytes; messages, secure, audit: {logs:?}");
        logs
    };
    let small = read("2M", 2 * MIB);
    let large = read("4M", 4 * MIB);
    for [messages, secure, audit] in [small, large] {
        // What every preset asks for counts twice what only larger ones do.
        assert!(messages > secure + secure / 2 && messages < 3 * secure, "{messages} {secure}");
        assert!(secure.abs_diff(audit) < secure / 4, "{secure} {audit}");
    }
    assert!(small.iter().zip(large).all(|(small, large)| large > *small));
    // Nothing is wasted: what is left free is what closing the bundle may take.
    assert!(large.iter().sum::<u64>() > 3 * MIB, "{large:?}");
}

#[test]
fn a_bundle_with_room_for_all_is_not_cut() {
    let root = full_host("budget-ample-root");
    let run = collect("budget-ample", &root, NOW, &[]);
    let said = String::from_utf8_lossy(&run.output.stdout);
    assert!(!said.contains("CUT"), "{said}");
    let manifest = run.manifest();
    let items = manifest["items"].as_array().expect("a list");
    assert!(items.iter().all(|item| item["reason"] != "bundle_limit"));
    let messages = items.iter().find(|item| item["path"] == "var/log/messages").expect("it is there");
    assert_eq!(messages["outcome"], "collected");
}

#[test]
fn a_day_of_sar_that_is_cut_to_its_end_keeps_the_line_with_its_date() {
    let root = folder("budget-sar-root");
    fs::create_dir_all(root.join("var/log/sa")).expect("the folder can be made");
    let first = "Linux 5.10.0 (host) \t2026-11-21 \t_x86_64_\t(4 CPU)\n";
    let mut text = format!("{first}\n00:00:01        CPU     %user     %nice\n");
    for minute in 0..1440 {
        writeln!(text, "{:02}:{:02}:01        all      1.00      0.00", minute / 60, minute % 60).expect("room");
    }
    fs::write(root.join("var/log/sa/sar21"), &text).expect("the file can be written");
    let run = collect("budget-sar", &root, NOW, &["--topic", "performance", "--max-item-bytes", "16K"]);
    let member = String::from_utf8(run.cat("var/log/sa/sar21")).expect("UTF-8");
    assert!(member.starts_with(first) && member.ends_with("23:59:01        all      1.00      0.00\n"), "{member}");
    assert!(member.len() <= 16 << 10 && member.len() > 15 << 10, "{}", member.len());
    assert!(member.lines().skip(1).all(|line| line.len() == 39), "whole lines: {member}");
}

#[test]
fn room_is_shared_among_what_the_window_leaves() {
    let root = full_host("budget-window-root");
    let window = ["--since", "2026-11-22T03:00:00Z", "--until", "2026-11-22T03:10:00Z", "--max-bytes", "2M"];
    let run = collect("budget-window", &root, NOW, &window);
    let items = run.manifest()["items"].as_array().expect("a list").clone();
    for path in ["var/log/messages", "var/log/secure", "var/log/audit/audit.log"] {
        let item = items.iter().find(|item| item["path"] == path).unwrap_or_else(|| panic!("no {path}"));
        assert_eq!(item["outcome"], "collected", "{item}");
        let text = String::from_utf8(run.cat(path)).expect("UTF-8");
        assert!(text.starts_with("Nov 22 03:00:00") && text.contains("Nov 22 03:10:00"), "{path}");
    }
    assert!(items.iter().all(|item| item["reason"] != "bundle_limit"));
}

#[test]
fn far_too_little_room_is_refused_and_a_little_gives_whole_small_items() {
    let root = full_host("budget-small-root");
    let (state, root_text) = (folder("budget-too-small").join("state"), root.to_str().expect(UTF8));
    for (lang, says) in [("en", "at least 1M"), ("zh-CN", "至少需要 1M")] {
        let output = run(&state, &["collect", "--root", root_text, "--max-bytes", "300K", "--lang", lang]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
    }
    let run = collect("budget-least", &root, NOW, &["--max-bytes", "1M"]);
    let packed = fs::metadata(run.bundle()).expect("the bundle is there").len();
    assert!(packed > MIB / 2 && packed <= MIB, "{packed}");
    let items = run.manifest()["items"].as_array().expect("a list").clone();
    for path in ["etc/os-release", "proc/meminfo", "proc/loadavg", "etc/fstab", "var/log/cron"] {
        let item = items.iter().find(|item| item["path"] == path).unwrap_or_else(|| panic!("no {path}"));
        assert_eq!(item["outcome"], "collected", "{item}");
    }
}

#[test]
fn a_log_that_a_plan_could_not_look_into_says_so() {
    let root = folder("budget-unsought-root");
    fs::create_dir_all(root.join("var/log")).expect("the folder can be made");
    fs::write(root.join("var/log/messages"), "Nov 22 03:00:00 host app: x\n").expect("the file can be written");
    fs::write(root.join("var/log/messages-20261121.gz"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken").expect("the file can be written");
    let state = folder("budget-unsought").join("state");
    let asked = ["--root", root.to_str().expect(UTF8), "--now", NOW, "--topic", "logs", "--since", "2026-11-22T02:00:00Z"];
    let plan = plan(&state, &asked);
    let tasks = plan["tasks"].as_array().expect("a list");
    let unsought = |end: &str| {
        let task = tasks.iter().find(|task| task["what"].as_str().expect("a text").ends_with(end));
        task.unwrap_or_else(|| panic!("no {end}"))["not_looked_into"] == true
    };
    assert!(unsought("messages-20261121.gz") && !unsought("/messages"), "{tasks:?}");
    let said = run(&state, &[&["plan"], &asked[..]].concat());
    assert!(String::from_utf8_lossy(&said.stdout).contains("not looked into"), "{}", String::from_utf8_lossy(&said.stdout));
}
