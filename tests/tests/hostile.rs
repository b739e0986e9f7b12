//! A host whose users want our reader to leak, hang or lie: T49 to T53, T56 and T58 of `docs/security-tests.md`, through the program.
//!
//! Files below a folder of an ordinary user, named by rows of the customer's own; only root can make such a host.

#![expect(clippy::print_stdout, reason = "the figures are what a person runs these tests for")]

use std::{
    fs,
    io::Write as _,
    os::unix::{
        fs::{PermissionsExt as _, chown, lchown, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::stat::{Mode, SFlag, makedev, mknod},
    unistd::mkfifo,
};
use oediag_tests::{bundles, command, folder, oediag, run, verify};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";
/// Whose files they are.
const USER: u32 = 65534;
/// What must never be in a bundle.
const CANARY: &str = "canary-4711-of-root";

/// A user's folder, root's secrets beside it, and rows that look below the former.
struct Trap {
    work: PathBuf,
    user: PathBuf,
    state: PathBuf,
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

impl Trap {
    /// None where we are not root.
    fn new(name: &str) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            println!("needs root to make files of others; not run");
            return None;
        }
        let work = folder(name);
        let (user, secret, rows) = (work.join("home"), work.join("secret"), work.join("state/etc/sources.d"));
        for folder in [&user, &secret, &rows] {
            fs::create_dir_all(folder).expect("the folder can be made");
        }
        fs::write(secret.join("a.log"), CANARY).expect("the secret can be written");
        mode(&secret, 0o700);
        mode(&secret.join("a.log"), 0o600);
        chown(&user, Some(USER), Some(USER)).expect("the folder can be given away");
        let glob = |id: &str, pattern: &str| {
            format!(
                "[[source]]\nid = \"site.{id}\"\ntopic = \"logs\"\nen = \"x\"\nzh = \"x\"\nprivacy = \"facts\"\nbytes = 1048576\nglob = \"{}/{pattern}\"\n",
                user.display()
            )
        };
        fs::write(rows.join("test.toml"), glob("flat", "*.log") + &glob("below", "*/*.log")).expect("the rows can be written");
        for path in [work.join("state"), work.join("state/etc"), rows] {
            mode(&path, 0o700);
        }
        Some(Self { state: work.join("state"), user, work })
    }

    fn out(&self) -> PathBuf {
        let out = self.work.join("out");
        if out.exists() {
            fs::remove_dir_all(&out).expect("it can be removed");
        }
        fs::create_dir(&out).expect("it can be made");
        out
    }

    /// Collects the two rows; gives the manifest's rows and the text of all members.
    fn collect(&self) -> (Vec<Value>, Vec<u8>) {
        let out = self.out();
        let sources = ["--source", "site.flat", "--source", "site.below"];
        let words: Vec<&str> = ["collect", "-o", out.to_str().expect(UTF8)].into_iter().chain(sources).collect();
        let output = run(&self.state, &words);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        let bundle = &bundles(&out)[0];
        assert!(verify(bundle, &self.state.join("etc/keys/allowed_signers"), &self.state).status.success());
        let text = Command::new("tar").arg("-xzOf").arg(bundle).output().expect("tar runs").stdout;
        let listed = run(&self.state, &["ls", bundle.to_str().expect(UTF8), "--json"]);
        let items: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
        (items.as_array().expect("a list").clone(), text)
    }

    fn own(&self, name: &str, text: &str) -> PathBuf {
        let path = self.user.join(name);
        fs::write(&path, text).expect("the file can be written");
        chown(&path, Some(USER), Some(USER)).expect("it can be given away");
        path
    }
}

fn holds(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Outcome and reason of the row for a file.
fn of<'a>(items: &'a [Value], name: &str) -> (&'a str, &'a str) {
    let item = items.iter().find(|item| item["src"].as_str().is_some_and(|src| src.ends_with(name)));
    let item = item.unwrap_or_else(|| panic!("{name} is named"));
    (item["outcome"].as_str().expect("an outcome"), item["reason"].as_str().unwrap_or_default())
}

#[test]
fn t49_t51_t52_links_and_special_files_of_a_user_give_nothing_foreign() {
    let Some(trap) = Trap::new("t49") else { return };
    trap.own("own.log", "of the user\n");
    let at = |name: &str| trap.user.join(name);
    symlink("/etc/shadow", at("shadow.log")).expect("a link can be made");
    symlink(trap.work.join("secret/a.log"), at("leaf.log")).expect("a link can be made");
    symlink(trap.work.join("secret"), at("parent")).expect("a link can be made");
    symlink("/proc/self/environ", at("environ.log")).expect("a link can be made");
    symlink("/proc/kmsg", at("kmsg.log")).expect("a link can be made");
    symlink("/sys/kernel/tracing/trace_pipe", at("trace.log")).expect("a link can be made");
    for link in ["shadow.log", "leaf.log", "parent"] {
        lchown(at(link), Some(USER), Some(USER)).expect("it can be given away");
    }
    fs::hard_link(trap.work.join("secret/a.log"), at("hard.log")).expect("a hard link can be made");
    mkfifo(&at("fifo.log"), Mode::from_bits_truncate(0o666)).expect("a FIFO can be made");
    let _socket = UnixListener::bind(at("socket.log")).expect("a socket can be made");
    for (name, kind, number) in [("zero.log", SFlag::S_IFCHR, makedev(1, 5)), ("disk.log", SFlag::S_IFBLK, makedev(7, 0))] {
        mknod(&at(name), kind, Mode::from_bits_truncate(0o666), number).expect("a device can be made");
    }
    let begun = Instant::now();
    let (items, text) = trap.collect();
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    assert!(!holds(&text, CANARY));
    assert_eq!(of(&items, "own.log"), ("collected", ""));
    for (names, reason) in [
        (&["shadow.log", "leaf.log", "hard.log", "environ.log", "kmsg.log", "trace.log", "parent"][..], "untrusted_path"),
        (&["fifo.log", "socket.log", "zero.log", "disk.log"][..], "not_regular"),
    ] {
        for name in names {
            assert_eq!(of(&items, name), ("skipped", reason), "{name}");
        }
    }
    println!("t49, t51, t52: {} rows in {:?}, nothing foreign", items.len(), begun.elapsed());
}

/// A folder and a link to root's folder, a file and a link, a FIFO and a file: exchanged as fast as the machine can, while the
/// program reads. Some seconds here; `OEDIAG_SWAP_SECONDS=600` for the ten minutes of the list.
#[test]
fn t50_paths_that_change_all_the_time_give_nothing_foreign() {
    let Some(trap) = Trap::new("t50") else { return };
    let seconds = std::env::var("OEDIAG_SWAP_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let at = |name: &str| trap.user.join(name);
    fs::create_dir(at("in")).expect("a folder can be made");
    trap.own("in/a.log", "of the user\n");
    trap.own("b.log", "of the user\n");
    symlink(trap.work.join("secret"), at("in.other")).expect("a link can be made");
    symlink(trap.work.join("secret/a.log"), at("b.log.other")).expect("a link can be made");
    for name in ["in", "in.other", "b.log.other"] {
        lchown(at(name), Some(USER), Some(USER)).expect("it can be given away");
    }
    fs::hard_link(trap.work.join("secret/a.log"), at("c.log.other")).expect("a hard link can be made");
    trap.own("c.log", "of the user\n");
    let stop = AtomicBool::new(false);
    let (mut rounds, mut read) = (0, 0);
    let swaps = thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let mut swaps = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                for name in ["in", "b.log", "c.log"] {
                    exchange(&at(name), &at(&format!("{name}.other")));
                    swaps += 1;
                }
            }
            swaps
        });
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            let (items, text) = trap.collect();
            if holds(&text, CANARY) {
                stop.store(true, Ordering::Relaxed);
                panic!("a foreign byte in round {rounds}");
            }
            rounds += 1;
            read += items.iter().filter(|item| item["outcome"] == "collected" && item["id"] != "oediag").count();
        }
        stop.store(true, Ordering::Relaxed);
        swapper.join().expect("it ends")
    });
    println!("t50: {rounds} runs in {seconds} s, {swaps} exchanges, {read} files read, nothing foreign");
    assert!(rounds > 0 && swaps > 100);
}

/// Exchanges two names in one step: at no moment is either missing.
fn exchange(one: &Path, other: &Path) {
    let here = nix::fcntl::AT_FDCWD;
    let done = nix::fcntl::renameat2(here, one, here, other, nix::fcntl::RenameFlags::RENAME_EXCHANGE);
    done.expect("this file system can exchange names");
}

#[test]
fn t53_files_that_grow_shrink_turn_or_are_huge_are_kept_to_the_caps() {
    let Some(trap) = Trap::new("t53") else { return };
    let grows = trap.own("grows.log", "begin\n");
    let shrinks = trap.own("shrinks.log", "");
    let turns = trap.own("turns.log", "");
    let sparse = trap.own("sparse.log", "");
    let huge = fs::File::options().write(true).open(sparse).expect("it opens").set_len(1 << 40).is_ok();
    let line = [&[b'x'; 99][..], b"\n"].concat();
    let megabyte = line.repeat(9_000);
    let stop = AtomicBool::new(false);
    let (items, took) = thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::File::options().append(true).open(&grows).expect("it opens");
            while !stop.load(Ordering::Relaxed) {
                // Its size is kept in bounds for the sake of this machine; nobody reads that far.
                if file.metadata().expect("it can be asked").len() > 1 << 30 {
                    file.set_len(6).expect("it can be cut");
                }
                file.write_all(&megabyte).expect("it can be written");
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::write(&shrinks, &megabyte).expect("it can be written");
                fs::write(&shrinks, b"").expect("it can be cut");
                fs::write(turns.with_extension("new"), &line).expect("it can be written");
                chown(turns.with_extension("new"), Some(USER), Some(USER)).expect("it can be given away");
                fs::rename(turns.with_extension("new"), &turns).expect("it can be turned");
            }
        });
        let begun = Instant::now();
        let (items, _) = trap.collect();
        let took = begun.elapsed();
        stop.store(true, Ordering::Relaxed);
        (items, took)
    });
    let kept = |name: &str| {
        let item = items.iter().find(|item| item["src"].as_str().is_some_and(|src| src.ends_with(name)));
        item.unwrap_or_else(|| panic!("{name} is named"))["bytes"].as_u64().expect("a number")
    };
    for name in ["grows.log", "shrinks.log", "turns.log", "sparse.log"] {
        assert!(kept(name) <= (1 << 20) + (64 << 10), "{name}: {}", kept(name));
    }
    if huge {
        assert_eq!(of(&items, "sparse.log"), ("truncated", "item_limit"));
    }
    println!("t53: {took:?}; a growing file gave {} bytes, a sparse one {}", kept("grows.log"), kept("sparse.log"));
    assert!(took < Duration::from_secs(90), "{took:?}");
}

fn started(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("oediag starts")
}

#[test]
fn t56_a_hostile_environment_is_refused_or_harmless() {
    let work = folder("t56");
    let (state, out, evil) = (work.join("state"), work.join("out"), work.join("evil"));
    for folder in [&out, &evil, &state.join("etc/sources.d")] {
        fs::create_dir_all(folder).expect("the folder can be made");
    }
    let row = "[[source]]\nid = \"site.env\"\ntopic = \"process\"\nen = \"x\"\nzh = \"x\"\nprivacy = \"facts\"\ncommand = [\"/usr/bin/env\"]\n\
        [[source]]\nid = \"site.links\"\ntopic = \"process\"\nen = \"x\"\nzh = \"x\"\nprivacy = \"facts\"\ncommand = [\"/usr/bin/ls\", \"-l\", \"/proc/self/fd/\", \"/proc/self/cwd\"]\n";
    fs::write(state.join("etc/sources.d/test.toml"), row).expect("the row can be written");
    for path in [state.clone(), state.join("etc"), state.join("etc/sources.d")] {
        mode(&path, 0o700);
    }
    // Programs and libraries in a folder that PATH and the rest name first.
    for name in ["env", "ls", "journalctl"] {
        fs::write(evil.join(name), "#!/bin/sh\ntouch \"$0.ran\"\n").expect("it can be written");
        mode(&evil.join(name), 0o755);
    }
    let path = |folder: &Path| folder.to_str().expect(UTF8).to_owned();
    let mut hostile = Command::new("sh");
    // Standard input, output and error closed, a mask that takes nothing away.
    hostile.arg("-c").arg("umask 000; exec \"$@\" <&- >&- 2>&-").arg("sh").arg(oediag());
    hostile.args([
        "collect",
        "--source",
        "site.env",
        "--source",
        "site.links",
        "--source",
        "kernel.version",
        "-o",
        &path(&out),
        "--state",
        &path(&state),
    ]);
    hostile.current_dir(&evil).envs([
        ("PATH", format!("{}:/usr/bin:/bin", path(&evil))),
        ("TMPDIR", path(&evil)),
        ("HOME", path(&evil)),
        ("XDG_STATE_HOME", path(&evil)),
        ("LD_PRELOAD", path(&evil.join("no-such.so"))),
        ("LD_LIBRARY_PATH", path(&evil)),
        ("IFS", "/".to_owned()),
        ("BASH_ENV", path(&evil.join("ls"))),
        ("PAGER", path(&evil.join("ls"))),
        ("LESSOPEN", format!("|{}", path(&evil.join("ls")))),
        ("TZ", "../../../../etc/shadow".to_owned()),
        ("LANG", "../../evil".to_owned()),
        ("RUST_LOG", "trace".to_owned()),
        ("FAILPOINTS", "file.append=return(kill)".to_owned()),
    ]);
    let code = started(&mut hostile).status.code();
    assert!(matches!(code, Some(0 | 1)), "{code:?}");
    let mut left: Vec<_> =
        fs::read_dir(&evil).expect("it can be read").map(|entry| entry.expect("an entry").file_name()).collect();
    left.sort();
    assert_eq!(left, ["env", "journalctl", "ls"], "nothing was run or made there");
    let bundle = &bundles(&out)[0];
    assert!(verify(bundle, &state.join("etc/keys/allowed_signers"), &state).status.success());
    let cat = |member: &str| String::from_utf8(run(&state, &["cat", &path(bundle), member]).stdout).expect("UTF-8");
    let environment = cat("oediag/commands/site.env/stdout");
    assert!(!environment.contains("evil") && !environment.contains("LD_") && environment.contains("HOME=/"), "{environment}");
    // Whatever the mask: keys and bundles are ours alone.
    for file in [bundle.clone(), state.join("etc/keys/host_ed25519"), state.join("redact.key"), state.join("etc/host_id")] {
        let bits = fs::metadata(&file).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(bits & 0o077, 0, "{} has {bits:o}", file.display());
    }

    // State that was there before us, made by others or turned elsewhere.
    let refused = |what: &str, make: &dyn Fn(&Path)| {
        let state = work.join(format!("state-{what}"));
        fs::create_dir_all(&state).expect("it can be made");
        mode(&state, 0o700);
        make(&state);
        let output = started(&mut command(&state, &["collect", "--source", "kernel.version", "-o", &path(&out)]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{what}: {said}");
        assert!(!said.contains("panicked"), "{what}: {said}");
    };
    let made = |path: &Path, bits| {
        fs::create_dir_all(path).expect("it can be made");
        mode(path, bits);
    };
    refused("open", &|state| mode(state, 0o777));
    refused("keys", &|state| made(&state.join("etc/keys"), 0o777));
    refused("etc", &|state| made(&state.join("etc"), 0o777));
    refused("link", &|state| {
        made(&state.join("etc"), 0o700);
        symlink(&evil, state.join("etc/keys")).expect("a link can be made");
    });
    refused("lock", &|state| symlink(evil.join("ls"), state.join("lock")).expect("a link can be made"));
    refused("fifo", &|state| mkfifo(&state.join("lock"), Mode::S_IRWXU).expect("a FIFO can be made"));
    refused("redact", &|state| symlink(evil.join("ls"), state.join("redact.key")).expect("a link can be made"));
    refused("id", &|state| {
        made(&state.join("etc"), 0o700);
        symlink(evil.join("ls"), state.join("etc/host_id")).expect("a link can be made");
    });
    if nix::unistd::geteuid().is_root() {
        refused("owner", &|state| chown(state, Some(USER), Some(USER)).expect("it can be given away"));
    }
}

/// A process that calls itself what it likes, and a log with lines and escape codes of another's making.
#[test]
fn t58_names_and_lines_of_others_forge_nothing() {
    let work = folder("t58");
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir(&out).expect("the folder can be made");
    // PR_SET_NAME takes 15 bytes; the arguments may be anything.
    let script =
        "import ctypes, time\nctypes.CDLL(None).prctl(15, b'x)\\n1 R\\t0\\x1b[2J', 0, 0, 0)\nprint(flush=True)\ntime.sleep(600)";
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", script, "\u{1b}[2J\n1\tforged\u{202e}"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let pid = child.id().to_string();
    let mut said = [0; 1];
    std::io::Read::read_exact(child.stdout.as_mut().expect("piped"), &mut said).expect("it is renamed");
    let path = out.to_str().expect(UTF8).to_owned();
    let output = run(&state, &["collect", "-o", &path, "--source", "process.table", "--source", "process.commands"]);
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let bundle = bundles(&out)[0].to_str().expect(UTF8).to_owned();
    for (member, fields) in [("oediag/native/process.table.tsv", 9), ("oediag/native/process.commands.tsv", 2)] {
        let table = String::from_utf8(run(&state, &["cat", &bundle, member]).stdout).expect("UTF-8");
        assert!(!table.contains('\u{1b}'), "{member}");
        let mut pids: Vec<&str> = table.lines().map(|line| line.split('\t').next().expect("a field")).collect();
        assert!(table.lines().all(|line| line.split('\t').count() == fields), "{member}: {table}");
        assert_eq!(pids.iter().filter(|&&one| one == pid).count(), 1, "{member}: one line for it");
        let before = pids.len();
        pids.sort_unstable();
        pids.dedup();
        assert_eq!(pids.len(), before, "{member}: no line twice");
    }

    // What `logger` writes for anybody, in messages; the kernel's own line beside it raises an alert with the name in it.
    let host = work.join("root");
    fs::create_dir_all(host.join("var/log")).expect("the root can be made");
    let log = "Nov 10 03:00:00 host root: hello\u{1b}]0;owned\u{7}\u{1b}[2J {\"outcome\":\"collected\"}\n\
        Nov 10 03:00:01 host kernel: Out of memory: Killed process 4711 (ev\u{1b}[31mil\u{202e}x) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB\n\
        \"}],\"items\":[{\"id\":\"forged\"}]\n";
    fs::write(host.join("var/log/messages"), log).expect("the log can be written");
    fs::write(host.join("var/log/messages-\u{1b}[31mred\n.log"), "x\n").expect("a file with such a name can be made");
    let out = work.join("second");
    fs::create_dir(&out).expect("the folder can be made");
    let words =
        ["collect", "--root", host.to_str().expect(UTF8), "--now", "2025-11-11T00:00:00Z", "-o", out.to_str().expect(UTF8)];
    let collected = run(&state, &words);
    let bundle = bundles(&out)[0].to_str().expect(UTF8).to_owned();
    let mut pages = vec![collected];
    for words in [&["show"][..], &["alerts"], &["ls"], &["verify"], &["ls", "--json"], &["alerts", "--json"]] {
        let (command, rest) = words.split_first().expect("a command");
        let signers = state.join("etc/keys/allowed_signers");
        let mut words = vec![*command, bundle.as_str()];
        words.extend(rest);
        if *command == "verify" {
            words.extend(["--allowed-signers", signers.to_str().expect(UTF8)]);
        }
        let page = run(&state, &words);
        assert!(page.status.success(), "{words:?}: {}", String::from_utf8_lossy(&page.stderr));
        pages.push(page);
    }
    for page in &pages {
        for text in [&page.stdout, &page.stderr] {
            let text = String::from_utf8_lossy(text);
            let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!text.contains(bad), "{:?}", text.chars().find(|c| bad(*c)));
        }
    }
    let listed = run(&state, &["ls", &bundle, "--json"]);
    let items: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert!(items.as_array().expect("a list").iter().all(|item| item["id"] != "forged"));
    let alerts = String::from_utf8_lossy(&pages[2].stdout).into_owned();
    println!("t58: {}", alerts.lines().find(|line| line.contains("4711") || line.contains("il")).unwrap_or_default());
}

#[test]
fn t51_a_user_s_own_files_are_read_as_the_user() {
    let Some(trap) = Trap::new("t51") else { return };
    let closed = trap.own("closed.log", "closed to its owner\n");
    mode(&closed, 0o000);
    trap.own("own.log", "of the user\n");
    let (items, text) = trap.collect();
    assert_eq!(of(&items, "closed.log"), ("failed", "no_permission"));
    assert_eq!(of(&items, "own.log"), ("collected", ""));
    assert!(holds(&text, "of the user") && !holds(&text, "closed to its owner"));
}
