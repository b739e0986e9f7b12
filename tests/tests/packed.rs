//! Logs that the host keeps packed: redacted, readable with the stock tools afterwards; a bomb and a broken one cost themselves only.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use oediag_analysis::AlertsJson;
use oediag_collector::{
    bundle::{self, Destination},
    state::{Home, State},
};
use oediag_protocol::bundle::manifest::{Item, Manifest};
use oediag_tests::{Run, collect, folder};

const SECRET: &str = "Tg7mQ2vLx81kkPq";
/// How logs are packed, and by which program.
const PACKED: [(&str, &str); 4] = [("gz", "gzip"), ("xz", "xz"), ("zst", "zstd"), ("bz2", "bzip2")];

/// Runs a stock tool as a filter; none if it complains.
fn filter(program: &str, option: &str, input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new(program);
    command.arg(option).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the tool starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    // A tool that found a fault reads no further.
    drop(writer.join().expect("it does not panic"));
    output.status.success().then_some(output.stdout)
}

fn host(root: &Path) {
    let (log, etc) = (root.join("var/log"), root.join("etc"));
    fs::create_dir_all(&log).expect("the folder can be made");
    fs::create_dir_all(&etc).expect("the folder can be made");
    fs::write(etc.join("os-release"), "ID=openEuler\n").expect("the file can be written");
}

/// A log of this many lines, each of which is another; so long that it is redacted in chunks.
fn text(lines: usize) -> Vec<u8> {
    let line = |number: usize| format!("Nov 22 08:59:02 app[{number}]: login {number} password={SECRET} failed\n");
    (0..lines).map(line).collect::<String>().into_bytes()
}

#[test]
fn packed_logs_are_redacted_and_the_stock_tools_read_them() {
    let work = folder("packed-host");
    host(&work);
    for lines in [1, 60_000] {
        for (end, program) in PACKED {
            let path = work.join(format!("var/log/messages-{lines}.{end}"));
            fs::write(path, filter(program, "-c", &text(lines)).expect("it is packed")).expect("the log can be written");
        }
    }
    let made = collect("packed", &work, "2026-11-23T09:00:00Z", &["--source", "logs.messages"]);
    assert_eq!(made.code(), 0, "{}", String::from_utf8_lossy(&made.output.stderr));
    for lines in [1, 60_000] {
        for (end, program) in PACKED {
            let member = made.cat(&format!("var/log/messages-{lines}.{end}"));
            let clean = filter(program, "-dc", &member).unwrap_or_else(|| panic!("{program} reads its own format"));
            let clean = String::from_utf8(clean).expect("text");
            assert_eq!(clean.lines().count(), lines, "{end}");
            assert_eq!(clean.matches("password=OEr-password-kv-").count(), lines, "{end}");
            assert!(!clean.contains(SECRET) && clean.contains("app[0]: login 0 pass"), "{end}");
        }
    }
}

#[test]
fn a_bomb_and_a_broken_file_are_named_and_the_rest_is_there() {
    let work = folder("packed-hostile-host");
    host(&work);
    let log = |name: String, bytes: &[u8]| fs::write(work.join("var/log").join(name), bytes).expect("the log can be written");
    let bomb = format!("password={SECRET}\n").repeat(8 << 20 >> 3).into_bytes();
    for (end, program) in PACKED {
        log(format!("messages-bomb.{end}"), &filter(program, "-c", &bomb).expect("it is packed"));
        let whole = filter(program, "-c", &text(3_000)).expect("it is packed");
        log(format!("messages-cut.{end}"), &whole[..whole.len() / 2]);
        log(format!("messages-none.{end}"), b"Nov 22 08:59:02 app[1]: no such format\n");
        log(format!("messages-fine.{end}"), &filter(program, "-c", &text(1)).expect("it is packed"));
    }
    let made = collect("packed-hostile", &work, "2026-11-23T09:00:00Z", &["--source", "logs.messages"]);
    assert_eq!(made.code(), 1, "{}", String::from_utf8_lossy(&made.output.stderr));
    let manifest = made.manifest();
    let items = manifest["items"].as_array().expect("items");
    for (end, program) in PACKED {
        let item = |what: &str| {
            let src = format!("/var/log/messages-{what}.{end}");
            items.iter().find(|item| item["src"] == src.as_str()).unwrap_or_else(|| panic!("{src} is named"))
        };
        let told =
            |what: &str| (item(what)["outcome"].as_str().expect("told"), item(what)["reason"].as_str().unwrap_or_default());
        assert_eq!(told("fine"), ("collected", ""), "{end}");
        assert_eq!(told("cut"), ("failed", "bad_archive"), "{end}");
        assert_eq!(told("none"), ("failed", "bad_archive"), "{end}");
        // What a bomb is read of is bounded by its size on the host.
        let bomb = fs::metadata(work.join(format!("var/log/messages-bomb.{end}"))).expect("it is there").len();
        assert!(item("bomb")["bytes_seen"].as_u64() <= Some(bomb * 200), "{end}: {} of {bomb}", item("bomb"));
        for name in ["bomb", "cut"].into_iter().filter(|name| item(name)["path"].is_string()) {
            let member = made.cat(item(name)["path"].as_str().expect("a path"));
            let clean = filter(program, "-dc", &member).unwrap_or_else(|| panic!("{program} reads {name}"));
            assert!(!String::from_utf8_lossy(&clean).contains(SECRET), "{end} {name}");
        }
    }
}

#[test]
fn alerts_of_packed_logs_stay_when_something_else_is_left_out() {
    let work = folder("packed-without-host");
    host(&work);
    fs::write(work.join("etc/sysctl.conf"), "vm.swappiness = 41\n").expect("the file can be written");
    for (number, (end, program)) in PACKED.into_iter().enumerate() {
        let killed = |hour: usize| {
            format!(
                "Nov 22 0{hour}:1{number}:02 h kernel: Out of memory: Killed process 4{hour}{number} (app{number}) total-vm:1kB, anon-rss:1kB\n"
            )
        };
        // Long enough for several chunks, with something to tell at both ends.
        let text = [killed(1).as_bytes(), &text(40_000), killed(9).as_bytes()].concat();
        let path = work.join(format!("var/log/messages-{number}.{end}"));
        fs::write(path, filter(program, "-c", &text).expect("it is packed")).expect("the log can be written");
    }
    let made = collect("packed-without", &work, "2026-11-23T09:00:00Z", &["--source", "logs.messages,kernel.sysctl_conf"]);
    assert_eq!(made.code(), 0, "{}", String::from_utf8_lossy(&made.output.stderr));
    let state = State::open(Some(&made.state), &Home::User(None)).expect("a state");
    let manifest: Manifest = serde_json::from_value(made.manifest()).expect("a manifest");
    let out = made.out.with_file_name("less");
    fs::create_dir(&out).expect("the folder can be made");
    let source = fs::File::open(made.bundle()).expect("it is there");
    let goes = |item: &Item| item.id == "kernel.sysctl_conf";
    assert!(manifest.items.iter().any(|item| goes(item) && item.path.is_some()), "it was there");
    let identity = state.identity().expect("an identity");
    bundle::without(&source, &manifest, goes, &Destination::Folder(out.clone()), &identity).expect("a new bundle");
    let less = Run { out, ..made };
    let alerts = |run: &Run| -> AlertsJson { serde_json::from_slice(&run.cat("oediag/alerts.json")).expect("alerts") };
    let after = alerts(&less);
    let before = alerts(&Run { out: less.out.with_file_name("out"), output: less.output.clone(), state: less.state.clone() });
    let files: std::collections::BTreeSet<_> =
        before.alerts.iter().flat_map(|alert| &alert.evidence).map(|place| place.path.clone()).collect();
    assert_eq!(files.len(), PACKED.len(), "{files:?}");
    assert_eq!(before, after);
    let item =
        less.manifest()["items"].as_array().expect("items").iter().find(|item| item["id"] == "kernel.sysctl_conf").cloned();
    assert_eq!(item.expect("its row stays")["reason"], "left_out");
}
