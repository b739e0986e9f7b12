//! Binary logs of days gone by: which of them are printed, and that what was printed can be taken from an unpacked bundle.

#![expect(clippy::disallowed_methods, reason = "tests make the folders they examine")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use oediag_collector::{
    catalogue::{self, Over},
    cost::{self, Costs},
    host::Host,
    plan::{Look, Plan, Request},
};
use oediag_protocol::bundle::manifest::{Limits, Window};

fn root(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("history-{name}-{}", std::process::id()));
    if path.exists() {
        fs::remove_dir_all(&path).expect("an old folder can be removed");
    }
    fs::create_dir_all(&path).expect("a folder can be made");
    path
}

/// A file that was changed so many days ago.
fn put(root: &Path, path: &str, days: u64) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
    fs::write(&path, "x\n").expect("a file can be written");
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    File::options().write(true).open(&path).and_then(|file| file.set_modified(then)).expect("its time can be set");
}

#[test]
fn only_the_newest_days_without_a_report_are_printed() {
    let root = root("days");
    for (name, days) in
        [("sa30", 5), ("sa01", 3), ("sa02", 2), ("sa03", 1), ("sar01", 3), ("sar02", 1), ("sa;03", 0), ("sadc", 0)]
    {
        put(&root, &format!("var/log/sa/{name}"), days);
    }
    let host = Host::at(&root, None).expect("a root");
    // 02 has its report; 01 has too; the day of today has none yet.
    assert_eq!(host.devices(Over::ActivityFile), ["sa03"]);
    assert!(host.devices(Over::AtopLog).is_empty());
    for days in 0..9_u64 {
        put(&root, &format!("var/log/atop/atop_2026110{}", 9 - days), days);
    }
    assert_eq!(host.devices(Over::AtopLog), ["atop_20261107", "atop_20261108", "atop_20261109"]);
}

fn request(perf_seconds: u64) -> Request {
    Request {
        presets: vec!["standard".to_owned()],
        topics: vec![],
        sources: vec![],
        skip: vec![],
        window: Window::default(),
        limits: Limits { bytes: 512 << 20, item_bytes: 64 << 20, seconds: 900 },
        perf_seconds,
    }
}

#[test]
fn what_was_printed_is_found_in_an_unpacked_bundle_without_the_binary_file() {
    let root = root("replay");
    for file in ["argv", "stdout", "status"] {
        put(&root, &format!("oediag/commands/performance.history_binary/sa03/{file}"), 0);
    }
    let host = Host::at(&root, None).expect("a root");
    let rows: Vec<_> = catalogue::all().collect();
    let plan = Plan::new(&request(10), &rows, &host).expect("a plan");
    let tasks: Vec<_> = plan.tasks.iter().filter(|task| task.source.id == "performance.history_binary").collect();
    let [task] = tasks[..] else { panic!("{tasks:?}") };
    assert!(matches!(&task.look, Look::Command { device: Some(device), .. } if device == "sa03"), "{task:?}");
}

#[test]
fn earlier_figures_are_taken_or_left_and_never_trusted() {
    let root = root("costs");
    put(&root, "var/log/messages", 0);
    let host = Host::at(&root, None).expect("a root");
    let rows: Vec<_> = catalogue::all().collect();
    let plan = Plan::new(&request(10), &rows, &host).expect("a plan");
    let usual = cost::of_tasks(&plan, &Costs::default());
    assert_eq!(usual.len(), plan.tasks.len());
    assert!(plan.tasks.iter().zip(&usual).all(|(task, cost)| task.applies() == (cost.ms > 0)));
    for text in ["", "{}", "[]", "{\"schema\":\"oediag.costs/2\",\"perf_seconds\":0,\"packed_permille\":1,\"sources\":{}}"] {
        assert_eq!(Costs::parse(text.as_bytes()), Costs::default(), "{text}");
    }
    let huge = "{\"schema\":\"oediag.costs/1\",\"perf_seconds\":0,\"packed_permille\":18446744073709551615,\"sources\":{\"logs.messages\":{\"bytes\":1,\"ms\":18446744073709551615}}}";
    let costs = Costs::parse(huge.as_bytes());
    let tasks = cost::of_tasks(&plan, &costs);
    let estimate = cost::estimate(&plan, &tasks, &costs, 0);
    assert!(estimate.ms > 0);
    assert_eq!(Costs::parse(&costs.text()), costs);
}
