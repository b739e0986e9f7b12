//! What collecting does to a host, watched from outside: programs it starts, files it opens for writing, modules, time and
//! memory beside a mount that hangs; and what is left of it where there is nothing to run.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use oediag_tests::{HOSTS, bundles, folder, oediag, root, run, verify};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn installed(program: &str) -> Option<PathBuf> {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists())
}

fn items(state: &Path, bundle: &Path) -> Vec<Value> {
    let output = run(state, &["ls", bundle.to_str().expect(UTF8), "--json"]);
    let items: Value = serde_json::from_slice(&output.stdout).expect("ls --json is JSON");
    items.as_array().expect("a list").clone()
}

/// Names of the kernel modules that are loaded.
fn modules() -> BTreeSet<String> {
    let text = fs::read_to_string("/proc/modules").unwrap_or_default();
    text.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
}

/// One successful call in the output of `strace -ff -y`.
struct Opened<'a> {
    line: &'a str,
    path: &'a str,
}

/// What was opened for writing: the path that the new descriptor has.
fn opened_for_writing(trace: &str) -> Vec<Opened<'_>> {
    let writes = |line: &&str| {
        let opens = ["open(", "openat(", "creat("].iter().any(|call| line.starts_with(call));
        let flags = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "creat("];
        opens && flags.iter().any(|flag| line.contains(flag))
    };
    let done = |line| {
        let (_, result) = str::rsplit_once(line, " = ")?;
        let path = result.split_once('<')?.1.trim_end().strip_suffix('>')?;
        Some(Opened { line, path })
    };
    trace.lines().filter(writes).filter_map(done).collect()
}

/// Programs that were started.
fn started(trace: &str) -> Vec<String> {
    let done = |line: &&str| line.ends_with(" = 0");
    let program = |line: &str| Some(line.split_once("execve(\"")?.1.split('"').next()?.to_owned());
    trace.lines().filter(done).filter_map(program).collect()
}

#[test]
fn collecting_starts_no_shell_loads_no_module_and_writes_nowhere_else() {
    let Some(strace) = installed("strace").filter(|_| is_root()) else {
        println!("needs root and strace; not run");
        return;
    };
    let work = folder("safety-strace");
    let (state, out, trace) = (work.join("state"), work.join("out"), work.join("trace"));
    fs::create_dir(&out).expect("the folder can be made");
    let before = modules();
    let traced = Command::new(strace)
        .args([
            "-ff",
            "-qq",
            "-y",
            "-s",
            "4096",
            "-e",
            "trace=execve,open,openat,creat,init_module,finit_module,delete_module",
            "-o",
        ])
        .arg(&trace)
        .arg(oediag())
        .args(["collect", "--preset", "deep", "--perf-seconds", "1", "-o"])
        .arg(&out)
        .arg("--state")
        .arg(&state)
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .expect("strace starts");
    let said = String::from_utf8_lossy(&traced.stderr);
    // One file for each thread and process; the first is ours, the one with the smallest number.
    let traces = fs::read_dir(&work).expect("it can be read").map(|entry| entry.expect("an entry").path());
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("trace.")?.parse::<u32>().ok();
    let mut traces: Vec<(u32, PathBuf)> = traces.filter_map(|path| Some((number(&path)?, path))).collect();
    traces.sort();
    if traces.is_empty() || said.contains("ptrace") {
        println!("nothing may be traced here; not run: {said}");
        return;
    }
    assert!(matches!(traced.status.code(), Some(0 | 1)), "{said}");
    let read = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).expect("the trace is there")).into_owned();
    let trace: String = traces.iter().map(|(_, path)| read(path)).collect();

    let programs = started(&trace);
    let rows: BTreeSet<&str> = oediag_collector::catalogue::all()
        .filter_map(|row| match row.probe {
            oediag_collector::catalogue::Probe::Command(argv) | oediag_collector::catalogue::Probe::Each { argv, .. } => {
                Some(argv[0])
            }
            _ => None,
        })
        .chain(["/usr/bin/journalctl"])
        .collect();
    let (ours, theirs): (Vec<&String>, Vec<&String>) = programs[1..].iter().partition(|program| rows.contains(program.as_str()));
    for program in &ours {
        let name = program.rsplit('/').next().unwrap_or_default();
        assert!(!["sh", "bash", "dash", "zsh", "ksh", "busybox"].contains(&name), "{program}");
        let text = fs::read(program).expect("it can be read");
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let script = text.starts_with(b"#!").then(|| String::from_utf8_lossy(first).into_owned());
        let shell = script.filter(|line| ["/sh", "/bash", "/dash"].iter().any(|shell| line.contains(shell)));
        assert!(shell.is_none(), "{program} is a script of a shell: {shell:?}");
    }
    assert!(!trace.contains("init_module("), "a module was loaded");
    assert_eq!(modules(), before, "the same modules");

    // The package manager writes to a `/var/tmp` of its own; the host's has nothing of it.
    let kept = fs::read_dir("/var/tmp").expect("it can be read").map(|entry| entry.expect("an entry").file_name());
    assert_eq!(kept.filter(|name| name.to_string_lossy().starts_with("dnf-65533-")).count(), 0);
    // A link on the way may have given the folders another name.
    let own: Vec<PathBuf> = [&state, &out].iter().map(|folder| fs::canonicalize(folder).expect("it is there")).collect();
    let harmless = |path: &str| {
        let path = path.trim_end_matches(" (deleted)");
        matches!(path.split('<').next(), Some("/dev/null" | "/dev/tty"))
            || path.starts_with("/var/tmp/dnf-65533-")
            || own.iter().any(|folder| Path::new(path).starts_with(folder))
    };
    let opened = opened_for_writing(&trace);
    assert!(opened.iter().any(|one| one.path.ends_with(".partial")), "the trace shows how the bundle is made");
    let elsewhere: Vec<&str> = opened.iter().filter(|one| !harmless(one.path)).map(|one| one.line).collect();
    println!(
        "{} programs of ours, {} they started themselves {theirs:?}, {} files opened for writing, elsewhere: {elsewhere:#?}",
        ours.len(),
        theirs.len(),
        opened.len()
    );
    assert!(elsewhere.is_empty(), "opened for writing outside: {elsewhere:#?}");
}

#[test]
fn t54_a_mount_that_hangs_and_a_giant_file_change_neither_time_nor_memory() {
    let (Some(python), Some(unshare)) = (installed("python3"), installed("unshare")) else {
        println!("needs python3 and unshare; not run");
        return;
    };
    if !is_root() || !Path::new("/dev/fuse").exists() {
        println!("needs root and /dev/fuse; not run");
        return;
    }
    let work = folder("safety-hung");
    let state = work.join("state");
    let logs = root(HOSTS[0]).join("var/log");
    let run_in = |out: &str| -> Vec<String> {
        let out = work.join(out);
        fs::create_dir(&out).expect("the folder can be made");
        let words = ["collect", "--perf-seconds", "1", "-o", out.to_str().expect(UTF8), "--state", state.to_str().expect(UTF8)];
        [oediag().to_str().expect(UTF8)].into_iter().chain(words).map(str::to_owned).collect()
    };
    // Keys are made before anything is measured.
    run(&state, &["collect", "--source", "kernel.version", "-o", work.to_str().expect(UTF8)]);
    let done = Command::new(unshare)
        .args(["--mount", "--propagation", "private"])
        .arg(python)
        .arg(script("hung_mount.py"))
        .arg(logs)
        .args(run_in("without"))
        .args(run_in("with"))
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .expect("unshare starts");
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.code() == Some(77) || said.contains("unshare") {
        println!("nothing may be mounted here; not run: {said}");
        return;
    }
    let text = String::from_utf8_lossy(&done.stdout);
    let runs: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(runs.len(), 2, "{text} {said}");
    let number = |run: usize, key: &str| runs[run][key].as_f64().expect("a number");
    println!(
        "without: {:.1} s, {:.0} MiB; with a hung FUSE mount and 1 TiB: {:.1} s, {:.0} MiB",
        number(0, "seconds"),
        number(0, "kib") / 1024.0,
        number(1, "seconds"),
        number(1, "kib") / 1024.0
    );
    assert!(runs.iter().all(|run| matches!(run["exit"].as_i64(), Some(0 | 1))), "{text}");
    // Loose: the machine may be busy. A touch of the mount would cost a row's whole time limit and more.
    assert!(number(1, "seconds") - number(0, "seconds") < 15.0, "{text}");
    assert!(number(1, "kib") - number(0, "kib") < 96.0 * 1024.0, "{text}");
    let found = items(&state, &bundles(&work.join("with"))[0]);
    let refused: BTreeSet<&str> =
        found.iter().filter(|item| item["reason"] == "unsafe_filesystem").filter_map(|item| item["id"].as_str()).collect();
    println!("skipped because of the mount: {refused:?}");
    assert!(!refused.is_empty());
    assert!(found.iter().all(|item| item["reason"] != "stuck"), "nothing hangs");
    let giant = found.iter().find(|item| item["src"] == "/var/log/messages-20240101").expect("the giant is named");
    assert_eq!(giant["reason"], "item_limit", "{giant}");
    assert!(giant["bytes"].as_u64().expect("a number") <= 65 << 20, "{giant}");
}

#[test]
fn a_host_without_a_single_program_still_gives_a_bundle() {
    let Some(unshare) = installed("unshare").filter(|_| is_root()) else {
        println!("needs root and unshare; not run");
        return;
    };
    let work = folder("safety-empty");
    let inside = work.join("root");
    fs::create_dir(&inside).expect("the folder can be made");
    let done = Command::new(unshare)
        .args(["--mount", "--propagation", "private", "sh"])
        .arg(script("empty_root.sh"))
        .arg(&inside)
        .arg(root(HOSTS[0]).join("var/log"))
        .arg(oediag())
        .args(["collect", "--perf-seconds", "2", "-o", "/kept", "--state", "/kept/state"])
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .expect("unshare starts");
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.code() == Some(77) || said.contains("unshare failed") {
        println!("nothing may be mounted here; not run: {said}");
        return;
    }
    assert!(matches!(done.status.code(), Some(0 | 1)), "{said}");
    let left = work.join("left");
    fs::create_dir(&left).expect("the folder can be made");
    fs::write(work.join("left.tar"), &done.stdout).expect("it can be written");
    let tar = Command::new("tar").arg("-xf").arg(work.join("left.tar")).arg("-C").arg(&left).status().expect("tar runs");
    assert!(tar.success());
    let bundle = &bundles(&left)[0];
    assert!(verify(bundle, &left.join("state/etc/keys/allowed_signers"), &left.join("state")).status.success());
    let found = items(&left.join("state"), bundle);
    let collected = |prefix: &str| {
        found
            .iter()
            .filter(|item| item["outcome"] == "collected" && item["bytes"].as_u64() > Some(0))
            .filter(|item| item["id"].as_str().is_some_and(|id| id.starts_with(prefix)))
            .count()
    };
    let counts: Vec<(&str, usize)> =
        ["kernel.", "logs.", "performance.", "memory.", "network.", "process."].map(|topic| (topic, collected(topic))).to_vec();
    println!("without any program: {counts:?}");
    assert!(counts.iter().all(|(_, count)| *count > 0), "{counts:?}");
    assert!(found.iter().any(|item| item["reason"] == "not_installed"), "what could not be run is named");
    let alerts = run(&left.join("state"), &["cat", bundle.to_str().expect(UTF8), "oediag/alerts.json"]);
    let alerts: Value = serde_json::from_slice(&alerts.stdout).expect("JSON");
    assert!(alerts["alerts"].as_array().is_some_and(|alerts| !alerts.is_empty()), "the logs raise alerts: {alerts}");
}
