//! On the running machine: every row has its outcome, hostile programs and files do not hold the run up, and an ordinary user
//! gets a bundle that names what was not readable.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use oediag_tests::{bundles, folder, oediag, run, verify, verify_sh};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";

/// A state folder with rows of the customer's own.
fn state_with(work: &Path, sources: &str) -> PathBuf {
    let state = work.join("state");
    let rows = state.join("etc/sources.d");
    fs::create_dir_all(&rows).expect("the folder can be made");
    fs::write(rows.join("test.toml"), sources).expect("the rows can be written");
    for path in [&state, &state.join("etc"), &rows] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("the mode can be set");
    }
    fs::set_permissions(rows.join("test.toml"), fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    state
}

fn items(state: &Path, bundle: &Path) -> Vec<Value> {
    let output = run(state, &["ls", bundle.to_str().expect(UTF8), "--json"]);
    let items: Value = serde_json::from_slice(&output.stdout).expect("ls --json is JSON");
    items.as_array().expect("a list").clone()
}

/// Whether a process with exactly this argument runs.
fn runs(argument: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("/proc can be read").filter_map(Result::ok);
    processes
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| line.split(|&byte| byte == 0).any(|word| word == argument.as_bytes()))
}

#[test]
fn a_program_that_ignores_term_and_a_fifo_do_not_hold_the_run_up() {
    let work = folder("live-hostile");
    let logs = work.join("logs");
    fs::create_dir(&logs).expect("the folder can be made");
    fs::write(logs.join("real.log"), "a line\n").expect("the log can be written");
    nix::unistd::mkfifo(&logs.join("pipe.log"), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO can be made");
    let rows = format!(
        r#"
[[source]]
id = "site.stubborn"
topic = "process"
en = "ignores TERM"
zh = "忽略 TERM"
privacy = "facts"
command = ["/usr/bin/env", "--ignore-signal=TERM", "/usr/bin/sleep", "6173"]
seconds = 3

[[source]]
id = "site.logs"
topic = "logs"
en = "a folder with a FIFO"
zh = "含 FIFO 的目录"
privacy = "free_text"
glob = "{}/*.log"
"#,
        logs.display()
    );
    let state = state_with(&work, &rows);
    let out = work.join("out");
    fs::create_dir(&out).expect("the folder can be made");
    let output = run(&state, &["collect", "-o", out.to_str().expect(UTF8), "--source", "site.stubborn", "--source", "site.logs"]);
    assert_eq!(output.status.code(), Some(1), "gaps: {}", String::from_utf8_lossy(&output.stderr));
    assert!(!runs("6173"), "the program is gone");
    let items = items(&state, &bundles(&out)[0]);
    let row =
        |id: &str, kind: &str| items.iter().filter(|item| item["id"] == id && item["kind"] == kind).cloned().collect::<Vec<_>>();
    let stubborn = &row("site.stubborn", "command")[0];
    assert_eq!((&stubborn["outcome"], &stubborn["reason"]), (&Value::from("timed_out"), &Value::from("time_limit")));
    let took = stubborn["ms"].as_u64().expect("it says how long it took");
    println!("a program that ignores TERM with a limit of 3 s took {took} ms");
    // Limit 3 s, TERM, KILL 1.8 s later; what is above is the machine being busy, not the program being alive.
    assert!((3000..=13_000).contains(&took), "{took} ms");
    let logs = row("site.logs", "file");
    let real = logs.iter().find(|item| item["path"].is_string()).expect("the real log is there");
    assert_eq!(real["outcome"], "collected");
    let fifo =
        logs.iter().find(|item| item["src"].as_str().is_some_and(|src| src.ends_with("pipe.log"))).expect("the FIFO is named");
    assert_eq!((&fifo["outcome"], &fifo["reason"]), (&Value::from("skipped"), &Value::from("not_regular")));
    // The rows speak for themselves, in the reader's language.
    let chinese = run(&state, &["sources", "--lang", "zh-CN"]);
    assert!(String::from_utf8_lossy(&chinese.stdout).contains("含 FIFO 的目录"));
}

#[test]
fn rows_of_the_customer_s_own_are_refused_as_a_whole_when_one_is_wrong() {
    for (number, (rows, says)) in [
        ("[[source]]\nid = \"mine\"\ntopic = \"logs\"\nen = \"\"\nzh = \"\"\nprivacy = \"facts\"\nfile = \"/x\"\n", "site."),
        ("[[source]]\nid = \"site.a\"\ntopic = \"logs\"\nen = \"\"\nzh = \"\"\nprivacy = \"facts\"\nfile = \"/x/../etc/shadow\"\n", "absolute"),
        ("[[source]]\nid = \"site.a\"\ntopic = \"logs\"\nen = \"\"\nzh = \"\"\nprivacy = \"facts\"\nshell = \"rm -rf /\"\n", "shell"),
        ("[[source]]\nid = \"site.a\"\ntopic = \"logs\"\nen = \"\"\nzh = \"\"\nprivacy = \"facts\"\ncommand = [\"/usr/bin/md5sum\", \"--tag=/etc/../etc/shadow\"]\n", "no argument"),
        ("this is not toml", "test.toml"),
    ]
    .into_iter()
    .enumerate()
    {
        let work = folder(&format!("live-wrong-{number}"));
        let state = state_with(&work, rows);
        let output = run(&state, &["collect", "-o", work.to_str().expect(UTF8), "--source", "kernel.version"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
        assert!(bundles(&work).is_empty());
    }
    let work = folder("live-exposed");
    let state = state_with(&work, "source = []\n");
    fs::set_permissions(state.join("etc/sources.d/test.toml"), fs::Permissions::from_mode(0o666)).expect("the mode can be set");
    let output = run(&state, &["plan"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn rows_of_the_customer_s_own_that_others_could_turn_elsewhere_are_refused() {
    type Harm<'a> = (&'a str, &'a str, &'a dyn Fn(&Path));
    let plan = |state: &Path| {
        let output = run(state, &["plan"]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
    let file = |state: &Path| state.join("etc/sources.d/test.toml");
    let harms: [Harm<'_>; 6] = [
        ("link", "is a link", &|state| {
            fs::rename(file(state), state.join("rows")).expect("the file can be moved");
            std::os::unix::fs::symlink(state.join("rows"), file(state)).expect("a link can be made");
        }),
        ("fifo", "not a regular file", &|state| {
            fs::remove_file(file(state)).expect("the file can be removed");
            nix::unistd::mkfifo(&file(state), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO can be made");
        }),
        ("long", "is longer than", &|state| fs::write(file(state), vec![b'#'; (256 << 10) + 1]).expect("it can be written")),
        ("folder", "lets others write", &|state| mode(&state.join("etc/sources.d"), 0o770)),
        ("above", "lets others write", &|state| mode(&state.join("etc"), 0o777)),
        ("top", "lets others write", &|state| mode(state.parent().expect("a folder"), 0o777)),
    ];
    for (name, says, harm) in harms {
        let work = folder(&format!("live-way-{name}"));
        let state = state_with(&work, "source = []\n");
        let (code, said) = plan(&state);
        assert_eq!(code, Some(0), "{name}: {said}");
        harm(&state);
        let (code, said) = plan(&state);
        assert_eq!(code, Some(2), "{name}: {said}");
        assert!(said.contains(says), "{name}: {said}");
    }
    // Below a sticky folder that all may write: only in a private folder.
    let sticky = folder("live-way-sticky");
    let work = sticky.join("work");
    fs::create_dir(&work).expect("the folder can be made");
    let state = state_with(&work, "source = []\n");
    mode(&sticky, 0o1777);
    assert_eq!(plan(&state).0, Some(0));
    for path in [&state, &state.join("etc"), &state.join("etc/sources.d")] {
        mode(path, 0o755);
    }
    let (code, said) = plan(&state);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("1777"), "{said}");
}

#[test]
fn every_row_has_its_outcome_and_the_plan_names_the_same_rows() {
    let work = folder("live-rows");
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir(&out).expect("the folder can be made");
    let output = run(&state, &["collect", "-o", out.to_str().expect(UTF8), "--perf-seconds", "2"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let bundle = &bundles(&out)[0];
    let items = items(&state, bundle);
    let ids = |items: &[Value]| -> BTreeSet<String> {
        items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).filter(|id| id != "oediag").collect()
    };
    let all: BTreeSet<String> = oediag_collector::catalogue::all().map(|row| row.id.to_owned()).collect();
    assert_eq!(ids(&items), all, "the manifest has the rows of the catalogue");
    assert!(items.iter().all(|item| item["outcome"] == "collected" || item["reason"].is_string()));
    let plan = run(&state, &["plan", "--json"]);
    let plan: Value = serde_json::from_slice(&plan.stdout).expect("plan --json is JSON");
    let list = |key: &str| plan[key].as_array().expect("a list").clone();
    let tasks = [list("tasks"), list("left_out")].concat();
    assert_eq!(ids(&tasks), all, "the plan names the same rows");
    let signers = state.join("etc/keys/allowed_signers");
    assert!(verify(bundle, &signers, &state).status.success(), "our verdict");
    assert!(verify_sh(bundle, &signers, &work.join("check")), "the verdict of stock tools");
    // Samples: one baseline and two differences, under a header.
    let cpu = run(&state, &["cat", bundle.to_str().expect(UTF8), "oediag/perf/cpu.csv"]);
    let cpu = String::from_utf8(cpu.stdout).expect("CSV is text");
    assert!(cpu.starts_with("time,"), "{cpu}");
    assert!(cpu.lines().count() > 2, "{cpu}");
}

#[test]
fn an_ordinary_user_gets_a_bundle_that_names_what_was_not_readable() {
    if !nix::unistd::geteuid().is_root() {
        println!("needs root to become another user; not run");
        return;
    }
    // Outside of root's own folders, where that user may go.
    let work = std::env::temp_dir().join(format!("oediag-test-user-{}", std::process::id()));
    fs::create_dir(&work).expect("the folder can be made");
    let binary = work.join("oediag");
    fs::copy(oediag(), &binary).expect("the binary can be copied");
    let nobody = 65534;
    std::os::unix::fs::chown(&work, Some(nobody), Some(nobody)).expect("the folder can be given away");
    let done = |arguments: &[&str]| {
        Command::new(&binary)
            .args(arguments)
            .args(["--state", work.join("state").to_str().expect(UTF8)])
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .current_dir(&work)
            .uid(nobody)
            .gid(nobody)
            .output()
            .expect("oediag starts")
    };
    let target = work.to_str().expect(UTF8);
    let collected = done(&["collect", "--preset", "quick", "--perf-seconds", "1", "-o", target]);
    let said = String::from_utf8_lossy(&collected.stderr).into_owned();
    let bundle = bundles(&work).first().cloned();
    let listed = bundle.as_ref().map(|bundle| done(&["ls", bundle.to_str().expect(UTF8), "--json"]).stdout);
    let verdict = bundle.as_ref().map(|bundle| done(&["verify", bundle.to_str().expect(UTF8)]).status.success());
    fs::remove_dir_all(&work).expect("the folder can be removed");
    assert_eq!(collected.status.code(), Some(1), "{said}");
    assert_eq!(verdict, Some(true));
    let items: Vec<Value> = serde_json::from_slice(&listed.expect("a bundle")).expect("ls --json is JSON");
    let denied: Vec<_> = items.iter().filter(|item| item["reason"] == "needs_root").collect();
    assert!(!denied.is_empty(), "what needs root is named");
    assert!(items.iter().filter(|item| item["outcome"] == "collected").count() > 50, "the rest is there");
}
