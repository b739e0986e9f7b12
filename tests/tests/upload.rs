//! From a host to a real center and back: what breaks on the way, what is killed, and what is refused.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use oediag_tests::{
    bundles,
    center::{Center, free_port},
    command, folder, noise,
    proxy::{Fault, Proxy, When},
    run,
};
use serde_json::Value;

/// Most bytes of one chunk of an upload.
const CHUNK: u64 = 16 << 20;
/// Room for the heads of requests and the documents of one try.
const HEADS: u64 = 256 << 10;

/// An enrolled host with one bundle.
struct Host {
    state: PathBuf,
    bundle: PathBuf,
    short: String,
}

impl Host {
    /// Collects a bundle of about `mib` MiB: logs of letters without sense, which do not compress well.
    fn with_logs(work: &Path, center: &Center, mib: usize) -> Self {
        let (state, root, out) = (work.join("state"), work.join("root"), work.join("out"));
        fs::create_dir_all(root.join("var/log")).expect("the root can be made");
        fs::create_dir_all(&out).expect("the folder can be made");
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for day in 0..mib.div_ceil(20) {
            let log = noise(&mut seed, mib.min(20) << 20);
            fs::write(root.join(format!("var/log/messages-202510{day:02}")), log).expect("a log can be written");
        }
        let (root, target) = (root.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
        let now = "2025-11-12T18:30:05+08:00";
        let output = run(&state, &["collect", "--root", root, "--now", now, "-o", target, "--source", "logs.messages"]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        Self::enrolled(state, &out, center)
    }

    fn enrolled(state: PathBuf, out: &Path, center: &Center) -> Self {
        let output = center.enrol(&state);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let bundle = bundles(out).remove(0);
        let name = bundle.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        let short = name.rsplit('-').next().and_then(|end| end.get(..8)).expect("a name ends in the id").to_owned();
        Self { state, bundle, short }
    }

    fn arguments(&self) -> Vec<&str> {
        vec!["upload", self.bundle.to_str().expect("UTF-8"), "--consent", &self.short, "--json"]
    }

    fn upload(&self, more: &[&str]) -> Output {
        run(&self.state, &[&self.arguments(), more].concat())
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(output)))
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Waits until the center has checked the bundle; gives the last state its page told.
fn checked(center: &Center, id: &str) -> String {
    let cookie = center.log_in();
    let begin = Instant::now();
    loop {
        let page = center.request("GET", &format!("/bundles/{id}"), &[&cookie, "Accept-Language: en"], b"").text();
        let state = page.split("data-state=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
        if !matches!(&*state, "received" | "checking") || begin.elapsed() > Duration::from_mins(3) {
            return state;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The stored objects of a center.
fn objects(center: &Center) -> usize {
    fn files(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
        entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
    }
    files(&center.data().join("objects"))
}

#[test]
fn t28_a_connection_that_breaks_at_any_phase_costs_at_most_one_chunk() {
    let work = folder("t28");
    let port = free_port();
    let center = Center::start_behind(&work, free_port(), &format!("http://127.0.0.1:{port}"));
    let proxy = Proxy::start(port, center.port(), []);
    let host = Host::with_logs(&work, &center, 40);
    let mut faults = vec![(When::Connected, Fault::Duplicate)];
    for phase in ["POST /v1/consents", "POST /v1/uploads ", "PATCH /v1/uploads/", "/finish"] {
        // The cut reply last: the center has done its part then, and may be asked for the next.
        for fault in [Fault::Cut, Fault::Stall, Fault::CutReply] {
            faults.push((When::Seen(phase), fault));
            if phase != "/finish" {
                faults.push((When::Connected, Fault::Duplicate));
            }
        }
        if phase == "PATCH /v1/uploads/" {
            // In the middle of chunks, too.
            faults.extend((1..4).map(|n| (When::Bytes(n * (7 << 20)), Fault::Cut)));
        }
    }
    let count = faults.len() as u64;
    proxy.plan(faults);
    let before = proxy.passed();
    let mut tries = 0;
    let stored = loop {
        tries += 1;
        let output = host.upload(&["--patience", "3"]);
        match output.status.code() {
            Some(0) => break json(&output),
            Some(5) if tries < 40 => {}
            _ => panic!("try {tries}: {}", said(&output)),
        }
    };
    assert_eq!(proxy.left(), 0, "every fault struck");
    let sent = proxy.passed() - before;
    let whole = stored["ack"]["payload"]["bytes"].as_u64().expect("the ack names the size");
    println!("{count} faults, {tries} starts, {whole} bytes, {sent} sent");
    assert!(sent <= whole + count * (CHUNK + HEADS), "{sent} of {whole} bytes");
    assert_eq!(checked(&center, stored["bundle_id"].as_str().expect("an id")), "ready");
    assert_eq!(objects(&center), 1);
}

#[test]
fn t29_client_and_server_may_be_killed_at_any_moment() {
    let kills = if std::env::var_os("OEDIAG_LONG").is_some() { 200 } else { 20 };
    let work = folder("t29");
    let mut center = Center::start(&work);
    let host = Host::with_logs(&work, &center, 200);
    let size = fs::metadata(&host.bundle).expect("the bundle").len();
    // So slow that all kills find it under way.
    let rate = (size / 1024 * 3 / 2 / kills).max(1024).to_string();
    let mut child = None;
    for kill in 0..kills {
        let running = child.get_or_insert_with(|| {
            let mut command =
                command(&host.state, &[&host.arguments()[..], &["--limit-kib-s", &rate, "--patience", "60"]].concat());
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("oediag starts")
        });
        thread::sleep(Duration::from_millis(150 + kill * 37 % 400));
        if kill % 2 == 0 {
            running.kill().and_then(|()| running.wait()).expect("the client can be killed");
            child = None;
        } else {
            center.kill();
            drop(center.restart());
        }
    }
    if let Some(mut child) = child {
        child.wait().expect("the client ends");
    }
    let begin = Instant::now();
    let output = host.upload(&["--patience", "60"]);
    assert!(output.status.success(), "{}", said(&output));
    let stored = json(&output);
    println!("{kills} kills, {size} bytes, the last start took {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!(checked(&center, stored["bundle_id"].as_str().expect("an id")), "ready");
    assert_eq!(objects(&center), 1);
}

#[test]
fn t37_an_upload_goes_on_after_a_reboot_even_where_the_center_forgot_it() {
    let work = folder("t37");
    let mut center = Center::start(&work);
    let host = Host::with_logs(&work, &center, 40);
    let nothing = run(&host.state, &["upload", "--unfinished", "--json"]);
    assert_eq!((nothing.status.code(), json(&nothing)), (Some(0), Value::Array(Vec::new())), "{}", said(&nothing));
    // What a backup of the center would hold: this host, and nothing of the upload.
    center.kill();
    let backup = work.join("backup");
    copy(center.data(), &backup);
    drop(center.restart());

    for forgets in [false, true] {
        let begun = received(&center);
        let slow = command(&host.state, &[&host.arguments()[..], &["--limit-kib-s", "4096"]].concat());
        let mut child = { slow }.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("oediag starts");
        while received(&center) <= begun {
            assert!(child.try_wait().expect("it can be asked for").is_none(), "the upload ended before its time");
            thread::sleep(Duration::from_millis(20));
        }
        child.kill().and_then(|()| child.wait()).expect("the client can be killed");
        if forgets {
            center.kill();
            fs::remove_dir_all(center.data()).expect("the folder can be removed");
            copy(&backup, center.data());
            drop(center.restart());
        }
    }
    // As the unit of the package does it at boot: no bundle is named, nobody is asked.
    fs::remove_file(&host.bundle).expect("the bundle can be removed: the sealed file is enough");
    let output = run(&host.state, &["upload", "--unfinished", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let stored = json(&output);
    assert_eq!(stored.as_array().map(Vec::len), Some(1), "{stored}");
    assert_eq!(checked(&center, stored[0]["bundle_id"].as_str().expect("an id")), "ready");
    let again = run(&host.state, &["upload", "--unfinished", "--json"]);
    assert_eq!(json(&again), Value::Array(Vec::new()));
}

/// Bytes of uploads that lie at the center.
fn received(center: &Center) -> u64 {
    let entries = fs::read_dir(center.data().join("uploads")).into_iter().flatten();
    entries.map(|entry| entry.expect("an entry").metadata().map_or(0, |data| data.len())).sum()
}

/// A folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read").map(|entry| entry.expect("an entry")) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
    let mode = fs::metadata(from).expect("the folder").permissions();
    fs::set_permissions(to, mode).expect("its mode can be set");
}
