//! Running programs that behave badly, for real.

#![expect(clippy::disallowed_methods, reason = "tests make the folders they examine")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use nix::{
    sys::{
        signal::{Signal, kill},
        wait::waitpid,
    },
    unistd::Pid,
};
use oediag_collector::host::{Call, Cancel, Flow, Host, Ran, Stream, adopt_orphans};
use oediag_protocol::bundle::manifest::Reason;

const MANY: u64 = 1 << 20;

/// So many seconds, and what a busy machine may add: these tests tell an end from a hang, they do not measure speed.
fn soon(seconds: u64) -> Duration {
    Duration::from_secs(seconds + 8)
}

/// A script in a file of its own, run by `/bin/sh` (the catalogue has no shells; the runner does not care).
fn script(text: &str) -> (PathBuf, Vec<String>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("script-{}-{}.sh", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("script");
    (path.clone(), vec!["/bin/sh".to_owned(), path.to_str().expect("UTF-8").to_owned()])
}

struct Result {
    ran: Ran,
    out: String,
    err: String,
    took: Duration,
}

fn run_with(argv: &[String], time: Duration, cap: u64, cancel: &Cancel) -> Result {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut sink = |stream, bytes: &[u8]| {
        match stream {
            Stream::Out => out.extend_from_slice(bytes),
            Stream::Err => err.extend_from_slice(bytes),
        }
        Flow::Go
    };
    let begun = Instant::now();
    let call = Call { argv, time, stdout_cap: cap, stderr_cap: cap };
    let ran = Host::live().expect("live").run(&call, &mut sink, cancel);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Result { ran, took: begun.elapsed(), out: text(out), err: text(err) }
}

fn run(text: &str, seconds: u64, cap: u64) -> Result {
    let (path, argv) = script(text);
    let result = run_with(&argv, Duration::from_secs(seconds), cap, &Cancel::default());
    fs::remove_file(path).expect("remove");
    result
}

#[test]
fn output_and_status_are_kept_apart() {
    let done = run("echo out; echo err >&2; exit 3", 10, MANY);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("out\n", "err\n"));
    assert_eq!((done.ran.exit, done.ran.signal, done.ran.timed_out, done.ran.cut), (Some(3), None, false, false));
    assert!(done.took < soon(2), "{:?}", done.took);
}

#[test]
fn a_program_that_ignores_term_is_gone_in_time() {
    let done = run("trap '' TERM; echo begun; while :; do sleep 0.2; done", 3, MANY);
    assert!(done.ran.timed_out && !done.ran.stuck && !done.ran.cancelled);
    assert_eq!((done.ran.signal, done.out.as_str()), (Some(9), "begun\n"));
    assert!(done.took < soon(5), "{:?}", done.took);
}

#[test]
fn a_program_that_heeds_term_may_say_goodbye() {
    let done = run("trap 'echo bye; exit 7' TERM; while :; do sleep 0.1; done", 1, MANY);
    assert!(done.ran.timed_out);
    assert_eq!((done.ran.exit, done.out.as_str()), (Some(7), "bye\n"));
    assert!(done.took < soon(3), "{:?}", done.took);
}

#[test]
fn endless_output_is_cut() {
    let done = run("while :; do echo 0123456789abcdef; done", 20, 100_000);
    assert!(done.ran.cut && !done.ran.timed_out);
    assert_eq!(done.out.len(), 100_000);
    assert!(done.took < soon(5), "{:?}", done.took);
}

#[test]
fn standard_error_beyond_its_cap_is_thrown_away() {
    let done = run("head -c 300000 /dev/zero | tr '\\0' e >&2; echo went on; exit 5", 20, 100_000);
    assert_eq!((done.ran.exit, done.ran.cut, done.ran.stderr_cut), (Some(5), false, true));
    assert_eq!((done.out.as_str(), done.err.len()), ("went on\n", 100_000));
    let done = run("echo little >&2", 20, 100_000);
    assert!(!done.ran.stderr_cut);
}

#[test]
fn time_in_the_sink_is_not_the_program_s() {
    let (path, argv) = script("for i in 1 2 3 4; do echo $i; sleep 0.1; done; exit 3");
    let slow = |seconds, cancel: &Cancel| {
        let call = Call { argv: &argv, time: Duration::from_secs(seconds), stdout_cap: MANY, stderr_cap: MANY };
        let mut out = Vec::new();
        let mut sink = |_, bytes: &[u8]| {
            std::thread::sleep(Duration::from_millis(700));
            out.extend_from_slice(bytes);
            Flow::Go
        };
        let ran = Host::live().expect("live").run(&call, &mut sink, cancel);
        (ran, out)
    };
    let (ran, out) = slow(1, &Cancel::default());
    assert_eq!((ran.exit, ran.timed_out, out.as_slice()), (Some(3), false, b"1\n2\n3\n4\n".as_slice()));
    assert!(ran.ms > 1_000, "the sink took longer than the limit: {} ms", ran.ms);
    fs::remove_file(path).expect("remove");
    // A slow sink does not keep the token from being looked at.
    let (path, argv) = script("while :; do echo y; sleep 0.1; done");
    let call = Call { argv: &argv, time: Duration::from_secs(20), stdout_cap: MANY, stderr_cap: MANY };
    let cancel = Cancel::new(Some(Instant::now() + Duration::from_millis(300)));
    let mut sink = |_, _: &[u8]| {
        std::thread::sleep(Duration::from_millis(500));
        Flow::Go
    };
    let ran = Host::live().expect("live").run(&call, &mut sink, &cancel);
    fs::remove_file(path).expect("remove");
    assert!(ran.cancelled && ran.ms < 2_500, "{ran:?}");
}

#[test]
fn a_sink_that_has_enough_ends_it() {
    let (path, argv) = script("while :; do echo y; done");
    let call = Call { argv: &argv, time: Duration::from_secs(20), stdout_cap: MANY, stderr_cap: MANY };
    let mut pieces = 0;
    let mut sink = |_, _: &[u8]| {
        pieces += 1;
        Flow::Stop
    };
    let ran = Host::live().expect("live").run(&call, &mut sink, &Cancel::default());
    fs::remove_file(path).expect("remove");
    assert!(ran.cut);
    assert_eq!(pieces, 1);
}

#[test]
fn a_child_left_behind_does_not_hold_us() {
    let done = run("sleep 30 & echo parent", 20, MANY);
    assert_eq!((done.ran.exit, done.out.as_str()), (Some(0), "parent\n"));
    assert!(done.took < soon(3), "{:?}", done.took);
    // It left our session as well, so that no signal to the group reaches it.
    let done = run("setsid sleep 20 & echo parent", 20, MANY);
    assert_eq!((done.ran.exit, done.out.as_str()), (Some(0), "parent\n"));
    assert!(done.took < soon(2), "{:?}", done.took);
}

#[test]
fn the_whole_group_is_ended() {
    let mark = format!("{}.25", 600 + std::process::id() % 300);
    let done = run(&format!("trap '' TERM; sleep {mark} & sleep {mark} & wait; wait"), 1, MANY);
    assert!(done.ran.timed_out);
    std::thread::sleep(Duration::from_millis(200));
    let left = fs::read_dir("/proc").expect("proc").flatten().filter(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line == format!("sleep\0{mark}\0").into_bytes()
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn closed_output_is_not_the_end() {
    let done = run("exec >&- 2>&-; sleep 1; exit 4", 10, MANY);
    assert_eq!(done.ran.exit, Some(4));
    assert!(done.took >= Duration::from_secs(1) && done.took < soon(3), "{:?}", done.took);
    let done = run("exec >&- 2>&-; sleep 30", 1, MANY);
    assert!(done.ran.timed_out);
    assert!(done.took < soon(4), "{:?}", done.took);
}

#[test]
fn its_own_signal_is_told() {
    let done = run("kill -SEGV $$", 10, MANY);
    assert_eq!((done.ran.exit, done.ran.signal, done.ran.timed_out), (None, Some(11), false));
}

#[test]
fn cancelling_ends_it() {
    let (path, argv) = script("sleep 30");
    let cancel = Cancel::new(Some(Instant::now() + Duration::from_millis(500)));
    let done = run_with(&argv, Duration::from_secs(20), MANY, &cancel);
    assert!(!done.ran.timed_out && done.took < soon(2), "{:?}", done.took);
    assert_eq!((done.ran.signal, done.ran.cancelled, done.ran.cut), (Some(15), true, false));
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            cancel.cancel();
        });
        let done = run_with(&argv, Duration::from_secs(20), MANY, &cancel);
        assert!(done.ran.cancelled && done.took < soon(2), "{:?}", done.took);
    });
    fs::remove_file(path).expect("remove");
}

#[test]
fn what_is_no_trusted_program_is_not_run() {
    let refused = |program: &str| {
        let done = run_with(&[program.to_owned()], Duration::from_secs(1), MANY, &Cancel::default());
        done.ran.error.expect("refused").reason
    };
    assert_eq!(refused("/usr/bin/oediag-no-such-program"), Reason::NotInstalled);
    assert_eq!(refused("/etc/passwd"), Reason::NotInstalled);
    assert_eq!(refused("/usr/bin"), Reason::NotInstalled);
    assert_eq!(refused("sh"), Reason::UntrustedProgram);
    assert_eq!(refused(""), Reason::UntrustedProgram);
    // A program in a folder that anybody may write to.
    let folder = std::env::temp_dir().join(format!("oediag-test-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("folder");
    let program = folder.join("ls");
    fs::copy("/bin/ls", &program).expect("copy");
    assert_eq!(refused(program.to_str().expect("UTF-8")), Reason::UntrustedProgram);
    fs::remove_dir_all(folder).expect("remove");
}

#[test]
fn a_child_has_our_environment_and_limits_only() {
    let done = run_with(&["/usr/bin/env".to_owned()], Duration::from_secs(5), MANY, &Cancel::default());
    // Where `ss` is told to read tables instead of loading modules, which depends on the machine.
    let mut lines: Vec<&str> = done.out.lines().filter(|line| !line.starts_with("PROC_NET_")).collect();
    lines.sort_unstable();
    let mark = format!("OEDIAG_STARTED_BY={}", std::process::id());
    let want = [
        "HOME=/",
        "LANG=C",
        "LC_ALL=C",
        mark.as_str(),
        "PAGER=cat",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "SYSTEMD_COLORS=0",
        "SYSTEMD_PAGER=",
        "TERM=dumb",
    ];
    assert_eq!(lines, want);
    let done = run("pwd; ulimit -n; ulimit -c; ulimit -f; ls /proc/self/fd | wc -l; read x || echo nothing", 5, MANY);
    assert_eq!(done.out.split_whitespace().collect::<Vec<_>>(), ["/", "256", "0", "0", "4", "nothing"]);
}

#[test]
fn files_cannot_be_written() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("written-{}", std::process::id()));
    let name = target.to_str().expect("UTF-8");
    let done = run(&format!("echo text > {name}; echo went on"), 5, MANY);
    assert_eq!(done.out, "went on\n");
    assert_eq!(fs::metadata(&target).map_or(0, |facts| facts.len()), 0);
    drop(fs::remove_file(target));
}

/// Whether a process with exactly these words runs.
fn runs(words: &[&str]) -> bool {
    pid_of(words).is_some()
}

fn pid_of(words: &[&str]) -> Option<Pid> {
    let line = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect::<Vec<_>>();
    let mut processes = fs::read_dir("/proc").expect("proc").flatten();
    let found = processes.find(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(|read| read == line))?;
    found.file_name().to_str()?.parse().ok().map(Pid::from_raw)
}

/// A length of sleep that no other test asks for.
fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}.{}", 700 + std::process::id() % 200, 100 + NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits for the end of what may have been started by a program of another test, and so is ended a little later.
fn gone(words: &[&str]) -> bool {
    (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        // Each sweep follows a program.
        run(":", 5, MANY);
        !runs(words)
    })
}

/// T57: children that left the session, twice removed, deaf to TERM, and 10 GiB of output.
#[test]
fn t57_what_leaves_its_session_ends_with_its_program() {
    adopt_orphans();
    let marks = [mark(), mark(), mark()];
    let [one, two, three] = &marks;
    let done = run(
        &format!(
            "setsid sleep {one} &\n(setsid sh -c '(setsid sleep {two} &) ; exit' &)\n\
             (trap '' TERM HUP; exec setsid sleep {three} >/dev/null 2>&1 </dev/null) &\n\
             sleep 0.5; trap '' TERM; yes 0123456789abcdef | head -c 10737418240"
        ),
        20,
        100_000,
    );
    assert!(done.ran.cut && !done.ran.stuck, "{:?}", done.ran);
    assert_eq!(done.out.len(), 100_000);
    assert!(done.took < soon(8), "{:?}", done.took);
    for mark in &marks {
        assert!(gone(&["sleep", mark]), "sleep {mark} is alive");
    }
}

/// T57: a crowd that goes on making children while it is ended.
#[test]
fn t57_a_crowd_is_ended() {
    adopt_orphans();
    let mark = mark();
    let done = run(
        &format!(
            "for i in 1 2 3 4 5 6 7 8 9 10; do setsid sh -c 'setsid sleep {mark} & setsid sleep {mark} & wait' & done; sleep 1"
        ),
        20,
        MANY,
    );
    assert_eq!(done.ran.exit, Some(0));
    assert!(gone(&["sleep", &mark]));
}

/// Children of this process that `Host::run` did not start stay.
#[test]
fn other_children_of_ours_stay() {
    adopt_orphans();
    let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("sleep is there");
    run("setsid sleep 0.1 & sleep 0.3", 5, MANY);
    assert!(child.try_wait().expect("it can be asked").is_none(), "it still runs");
    child.kill().expect("it can be ended");
    child.wait().expect("it ends");
}

/// So do those that began a session of their own: a shell that starts something and then becomes oediag leaves it to oediag
/// as a child, and so does, in a container, every process whose parent ends.
#[test]
fn other_children_of_ours_stay_in_sessions_of_their_own_too() {
    let begin = |words: &[&str]| {
        let mut setsid = std::process::Command::new("setsid");
        setsid.args(words).spawn().expect("setsid is there")
    };
    let marks = [mark(), mark(), mark()];
    let [before, after, orphan] = &marks;
    let mut children = vec![begin(&["sleep", before])];
    adopt_orphans();
    children.push(begin(&["sleep", after]));
    let script = format!("sleep {orphan} </dev/null >/dev/null 2>&1 & exit");
    begin(&["sh", "-c", &script]).wait().expect("it ends and leaves its child to us");
    run("setsid sleep 0.1 & sleep 0.3", 5, MANY);
    for mark in &marks {
        assert!(runs(&["sleep", mark]), "sleep {mark} was ended");
    }
    for mut child in children {
        child.kill().expect("it can be ended");
        child.wait().expect("it ends");
    }
    let orphan = pid_of(&["sleep", orphan]).expect("it runs");
    kill(orphan, Signal::SIGKILL).expect("it can be ended");
    waitpid(orphan, None).expect("it was left to us");
}

#[test]
fn arguments_that_name_what_is_never_read_are_refused() {
    let host = Host::live().expect("live");
    let call = |words: &[&str]| host.call(words.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(call(&["/usr/bin/cat", "/etc/shadow"]).expect_err("refused").reason, Reason::NeverCollected);
    assert_eq!(call(&["/usr/bin/dd", "if=/proc/kcore"]).expect_err("refused").reason, Reason::NeverCollected);
    assert_eq!(call(&["/usr/bin/sh", "-c", "cat /etc/hosts /etc/shadow"]).expect_err("refused").reason, Reason::NeverCollected);
    for words in [
        ["/usr/bin/md5sum", "etc/shadow", "/etc/../etc/shadow"],
        ["/usr/bin/cat", "/etc/hosts", "/dev/../etc/shadow"],
        ["/usr/bin/cat", "-n", "./etc/./ssh/../shadow"],
        ["/usr/bin/grep", "root", "-f/etc/shadow"],
    ] {
        assert_eq!(call(&words).expect_err("refused").reason, Reason::NeverCollected, "{words:?}");
    }
    assert_eq!(call(&["/usr/bin/cat", "/etc/hosts"]).expect("it may run"), ["/usr/bin/cat", "/etc/hosts"]);
    assert_eq!(call(&["/usr/bin/oediag-no-such"]).expect_err("refused").reason, Reason::NotInstalled);
}

/// The package manager runs as a user that nobody is, who may read everything and write nothing.
#[test]
fn the_package_database_is_asked_without_the_right_to_write() {
    let rpm = "/usr/bin/rpm";
    if Host::live().expect("live").program(rpm).is_err() || !nix::unistd::geteuid().is_root() {
        println!("needs root and rpm; not run");
        return;
    }
    let asked = |expression: &str| {
        let words = [rpm, "--eval", expression].map(str::to_owned);
        run_with(&words, Duration::from_secs(20), MANY, &Cancel::default())
    };
    assert_eq!(asked("%(id -u)").out.trim(), "65533");
    assert_eq!(asked("%(id -G)").out.trim(), "65533");
    // CAP_DAC_READ_SEARCH and nothing else, where this machine has it to give.
    let mask = asked("%(grep CapEff /proc/self/status)").out;
    assert!(["CapEff:\t0000000000000004", "CapEff:\t0000000000000000"].contains(&mask.trim()), "{mask}");
    let target = std::env::temp_dir().join(format!("oediag-rpm-{}", std::process::id()));
    fs::write(&target, "").expect("it can be made");
    let done = asked(&format!("%(echo x >> {})", target.display()));
    assert_eq!(fs::metadata(&target).expect("it is there").len(), 0, "{}", done.err);
    fs::remove_file(target).expect("remove");
}
