//! What programs leave behind: a child that left its session, whose parent ended. No signal to a group reaches it.
//!
//! In: the pids of the programs we run, as they begin and end. Out: nothing of theirs is alive. The kernel hands such
//! children to this process once it has asked for them; they are told from all others by their parent (this process),
//! their session (not ours: every program begins one of its own), their age, and the mark that our programs have in their
//! environment and hand down. Ends nothing else, ever: neither children this process had before it became oediag, nor what
//! they leave to it, nor what any process leaves to it as the first of a container. On a kernel without
//! `/proc/PID/task/TID/children`, and of children that wiped their environment, nothing is found, and nothing ended.

#![expect(clippy::disallowed_methods, reason = "host looks at the running machine's processes")]

use std::{
    fs,
    io::{self, Read as _},
    process::Child,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::{
        prctl,
        signal::{Signal, kill},
        wait::{WaitPidFlag, waitpid},
    },
    unistd::{Pid, getsid},
};

/// How long what was killed is waited for; what sleeps in the kernel is then left alone for good.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// The variable that marks our programs; its value is our pid.
pub(super) const MARK: &str = "OEDIAG_STARTED_BY";
/// Most bytes of an environment.
const ENVIRONMENT: u64 = 1 << 20;

/// A program of ours, something that cannot be ended, or something that was there before us.
struct Known {
    pid: Pid,
    /// In clock ticks since boot, by `/proc/PID/stat`.
    begun: u64,
    /// Nobody waits for it any more.
    left: bool,
}

static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

/// Has the kernel hand us what our programs leave behind, so that it can be ended. The first call counts.
pub fn adopt_orphans() {
    static FIRST: Once = Once::new();
    FIRST.call_once(|| {
        // A shell that starts something and then becomes us makes it our child. It may be stuck for all we know: not even
        // its environment is looked at.
        let there = children().into_iter().filter_map(|pid| Some(Known { pid, begun: look(pid)?.begun, left: true }));
        known().extend(there);
        // Refused by no kernel since 3.4; without it such children are the init process's, as ever.
        prctl::set_child_subreaper(true).unwrap_or_default();
    });
}

/// Starts a program and knows of it, in one step: no other thread takes it for something left behind.
pub(super) fn start(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    let mut known = known();
    let child = start()?;
    let pid = Pid::from_raw(child.id() as i32);
    known.push(Known { pid, begun: look(pid).map_or(0, |process| process.begun), left: false });
    Ok(child)
}

/// Forgets a program that could not be ended, but for leaving it alone.
pub(super) fn leave(pid: Pid) {
    if let Some(one) = known().iter_mut().find(|one| one.pid == pid) {
        one.left = true;
    }
}

/// Forgets a program that has ended and was waited for, and ends what it left behind. What another program that still
/// runs may have started is left until that one ends.
pub(super) fn sweep(ended: Pid) {
    let mut known = known();
    known.retain(|one| one.pid != ended);
    let until = Instant::now() + PATIENCE;
    loop {
        let found = orphans(&known);
        if found.is_empty() {
            return;
        }
        for (pid, _) in &found {
            // It is ours and not waited for: its pid cannot mean another process.
            match (kill(*pid, Signal::SIGKILL), waitpid(*pid, Some(WaitPidFlag::WNOHANG))) {
                (Ok(()) | Err(_), Ok(_) | Err(_)) => {}
            }
        }
        if Instant::now() >= until {
            known.extend(found.into_iter().map(|(pid, begun)| Known { pid, begun, left: true }));
            return;
        }
        thread::sleep(PAUSE);
    }
}

fn known() -> MutexGuard<'static, Vec<Known>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pid and begin of each child that was left behind by programs that have all ended.
fn orphans(known: &[Known]) -> Vec<(Pid, u64)> {
    let Ok(own) = getsid(None) else { return Vec::new() };
    let orphan = |pid: Pid| {
        let process = look(pid).filter(|process| process.session != own)?;
        let of_ours = known.iter().any(|one| one.pid == pid);
        let of_a_running_one = known.iter().any(|one| !one.left && one.begun <= process.begun);
        // Asked last: the environment lies in the memory of the other process.
        (!of_ours && !of_a_running_one && is_marked(pid)).then_some((pid, process.begun))
    };
    children().into_iter().filter_map(orphan).collect()
}

/// Children of this process, by whichever thread.
fn children() -> Vec<Pid> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw).collect::<Vec<_>>())
        .collect()
}

/// Whether a process was started by a program of ours, or by one that was. It is ours and not waited for: its pid cannot mean
/// another process.
fn is_marked(pid: Pid) -> bool {
    let mark = format!("{MARK}={}", std::process::id());
    let mut environment = Vec::new();
    let read =
        fs::File::open(format!("/proc/{pid}/environ")).and_then(|file| file.take(ENVIRONMENT).read_to_end(&mut environment));
    read.is_ok() && environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
}

/// What `/proc/PID/stat` says of a process.
struct Process {
    session: Pid,
    begun: u64,
}

fn look(pid: Pid) -> Option<Process> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, blanks and brackets too; the fields after it are numbers (proc(5)), the third its state.
    let after = stat.iter().rposition(|byte| *byte == b')')?;
    let fields: Vec<&str> = std::str::from_utf8(&stat[after + 1..]).ok()?.split_ascii_whitespace().collect();
    Some(Process { session: Pid::from_raw(fields.get(3)?.parse().ok()?), begun: fields.get(19)?.parse().ok()? })
}
