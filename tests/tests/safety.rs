//! What collecting does to a host, watched from outside: programs it starts, files it opens for writing, modules, time and
//! memory beside a mount that hangs; and what is left of it where there is nothing to run.

#![expect(clippy::print_stdout, reason = "a test that cannot be run here says so, and figures are for people")]

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

/// A program that `cargo xtask test` installs, where this test can use it. Root without it is a test that was not prepared, and
/// must not pass for one that was run.
fn needed(program: &str) -> Option<PathBuf> {
    let found = installed(program);
    assert!(found.is_some() || !is_root(), "{program} is not installed; `cargo xtask test` installs it");
    if !is_root() {
        println!("needs root; not run");
    }
    found.filter(|_| is_root())
}

/// Says that this machine does not let root do something, which is so in a container; else the test has failed.
fn refused(what: &str, capability: u32, said: &str) {
    let status = fs::read_to_string("/proc/self/status").expect("it can be read");
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("it has a set");
    let set = u64::from_str_radix(set.trim(), 16).expect("it is a number");
    assert!(set >> capability & 1 == 0, "{what} failed, and nothing forbids it: {said}");
    println!("{what} is not allowed here; not run: {said}");
}

/// capabilities(7).
const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;

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
    let Some(strace) = needed("strace") else { return };
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
        return refused("tracing", CAP_SYS_PTRACE, &said);
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
    beside_what_hangs("standard");
}

#[test]
fn t54_a_mount_that_hangs_does_not_hold_up_the_deepest_look_either() {
    let Some(refused) = beside_what_hangs("deep") else { return };
    // They work in a `/var/tmp` of their own, which would be mounted over the one that hangs.
    assert!(needed("dnf").is_some() && refused.iter().any(|id| id.starts_with("packages.")), "{refused:?}");
}

/// Collects twice, the second time beside mounts that hang and giant files; the rows that were refused for the mounts.
fn beside_what_hangs(preset: &str) -> Option<BTreeSet<String>> {
    let (python, unshare) = (needed("python3")?, needed("unshare")?);
    if !Path::new("/dev/fuse").exists() {
        println!("needs /dev/fuse, which only the kernel can give; not run");
        return None;
    }
    let work = folder(&format!("safety-hung-{preset}"));
    let state = work.join("state");
    let logs = root(HOSTS[0]).join("var/log");
    let run_in = |out: &str| -> Vec<String> {
        let out = work.join(out);
        fs::create_dir(&out).expect("the folder can be made");
        let (out, state) = (out.to_str().expect(UTF8), state.to_str().expect(UTF8));
        let words = ["collect", "--preset", preset, "--perf-seconds", "1", "-o", out, "--state", state];
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
        refused("mounting", CAP_SYS_ADMIN, &said);
        return None;
    }
    let text = String::from_utf8_lossy(&done.stdout);
    let runs: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(runs.len(), 2, "{text} {said}");
    let number = |run: usize, key: &str| runs[run][key].as_f64().expect("a number");
    println!(
        "{preset}: without: {:.1} s, {:.0} MiB; with hung FUSE mounts and 1 TiB: {:.1} s, {:.0} MiB",
        number(0, "seconds"),
        number(0, "kib") / 1024.0,
        number(1, "seconds"),
        number(1, "kib") / 1024.0
    );
    assert!(runs.iter().all(|run| matches!(run["exit"].as_i64(), Some(0 | 1))), "{text}");
    // The aim is 2 s and a few MiB more. These bounds are looser because tests run side by side on machines several times slower,
    // and still tell: a touch of a mount costs a row's whole time limit, 30 s and more, and a giant read whole all memory.
    assert!(number(1, "seconds") - number(0, "seconds") < 15.0, "{text}");
    assert!(number(1, "kib") - number(0, "kib") < 96.0 * 1024.0, "{text}");
    let found = items(&state, &bundles(&work.join("with"))[0]);
    let refused = found.iter().filter(|item| item["reason"] == "unsafe_filesystem");
    let refused: BTreeSet<String> = refused.filter_map(|item| Some(item["id"].as_str()?.to_owned())).collect();
    println!("skipped because of the mounts: {refused:?}");
    assert!(!refused.is_empty());
    assert!(found.iter().all(|item| item["reason"] != "stuck"), "nothing hangs");
    let giant = found.iter().find(|item| item["src"] == "/var/log/messages-20240101").expect("the giant is named");
    assert_eq!(giant["reason"], "item_limit", "{giant}");
    assert!(giant["bytes"].as_u64().expect("a number") <= 65 << 20, "{giant}");
    Some(refused)
}

#[test]
fn a_host_without_a_single_program_still_gives_a_bundle() {
    let Some(unshare) = needed("unshare") else { return };
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
        return refused("mounting", CAP_SYS_ADMIN, &said);
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
