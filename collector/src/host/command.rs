//! Running programs of the host to their end or to a limit.
//!
//! In: arguments, limits, a sink for the output, a token that stops. Out: how it ended. The calling thread pumps the
//! output itself. Whatever the program does (ignores TERM, prints for ever, leaves children that hold the pipes or leave
//! its session, sleeps in the kernel), the call comes back within its time, what the sink took of it, and about 5 seconds
//! (a minute for the package manager, which is never killed), and nothing of it is left alive.

use std::{
    io::{self, Read},
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::ExitStatusExt as _,
    },
    path::Path,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{Signal, killpg},
        stat::SFlag,
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use oediag_protocol::bundle::manifest::Reason;

use super::{
    Cancel, Refusal,
    child::{self, Manners},
    orphans,
    walk::{Last, Root, kind},
};

/// Between TERM and KILL, and between KILL and giving up: a little under 2 s, so that with all our own steps a program
/// that ignores TERM is gone 2 s after its limit.
const GRACE: Duration = Duration::from_millis(1800);
/// The package manager after TERM: killed, it leaves its database locked. It ends at its next safe place; one that does not
/// is left alone.
const LONG_GRACE: Duration = Duration::from_mins(1);
/// The same when the whole run is to end.
const LAST_GRACE: Duration = Duration::from_secs(15);
/// How long after the program's end its output is waited for: a grandchild may hold the pipe for ever.
const LINGER: Duration = Duration::from_millis(500);
/// How long one wait for output lasts at most; the program's end and the token are looked at in between.
const TICK: Duration = Duration::from_millis(20);

/// One program to run.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Absolute path of the program, then its arguments.
    pub argv: &'a [String],
    /// How long it may run; the time that its output spends in the sink does not count.
    pub time: Duration,
    /// Most bytes of its standard output; then it is ended.
    pub stdout_cap: u64,
    /// Most bytes of its standard error that are passed on; the rest is read and thrown away.
    pub stderr_cap: u64,
}

/// Where output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// What a sink says after each piece of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// More, please.
    Go,
    /// End the program.
    Stop,
}

/// How a program ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what happened to a program; more than one may be true")]
pub struct Ran {
    /// Exit status, when it ended by itself.
    pub exit: Option<i32>,
    /// The signal that ended it: its own, or ours when `timed_out`, `cut` or `cancelled`.
    pub signal: Option<i32>,
    /// It ran to its time limit and was ended by us.
    pub timed_out: bool,
    /// It could not be killed and was left behind.
    pub stuck: bool,
    /// The cap of standard output was reached or the sink said stop, and it was ended by us; the head is kept.
    pub cut: bool,
    /// The token said stop while it ran, and it was ended by us.
    pub cancelled: bool,
    /// Its standard error was longer than the cap: the head was passed on. It was not ended for that.
    pub stderr_cut: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// It was not started; then nothing else here means anything.
    pub error: Option<Refusal>,
}

/// Whether `path` may be run: a regular file, executable, and nobody but root could have changed it or its folders.
pub(super) fn program(root: &Root, path: &str) -> Result<(), Refusal> {
    let path = Path::new(path);
    let found = root.walk(path, Last::Follow).map_err(|refusal| Refusal {
        reason: match refusal.reason {
            Reason::NotPresent => Reason::NotInstalled,
            _ => Reason::UntrustedProgram,
        },
        ..refusal
    })?;
    if kind(&found.stat) != SFlag::S_IFREG || found.stat.st_mode & 0o111 == 0 {
        return Err(Refusal::new(Reason::NotInstalled, path, "not a program"));
    }
    if !found.trusted || !root.trusts(&found.stat) {
        return Err(Refusal::new(Reason::UntrustedProgram, path, "others than root could have changed this program"));
    }
    Ok(())
}

/// Runs a program that [`program`] has accepted.
pub(super) fn run(call: &Call<'_>, sink: &mut dyn FnMut(Stream, &[u8]) -> Flow, cancel: &Cancel) -> Ran {
    let begun = Instant::now();
    let mut ran = Ran::default();
    let manners = Manners::of(call.argv);
    match orphans::start(|| child::start(call.argv, call.time, manners)) {
        Ok(mut child) => {
            let pid = Pid::from_raw(child.id() as i32);
            if let Err(error) = pump(&mut child, call, manners, sink, cancel, &mut ran) {
                // Its pipes could not be set up: nothing would ever end it.
                signal(pid, if manners.patient { Signal::SIGTERM } else { Signal::SIGKILL });
                ran.error = Some(not_started(call, &error));
            }
            if ran.stuck || ran.error.is_some() { orphans::leave(pid) } else { orphans::sweep(pid) }
        }
        Err(error) => ran.error = Some(not_started(call, &error)),
    }
    ran.ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    ran
}

fn not_started(call: &Call<'_>, error: &io::Error) -> Refusal {
    let program = call.argv.first().map_or("", String::as_str);
    Refusal { reason: Reason::SpawnError, error: vec![format!("cannot run {program}"), error.to_string()] }
}

/// One of the two pipes.
struct Pipe<R> {
    stream: Stream,
    reader: Option<R>,
    left: u64,
}

/// What became of one read.
#[derive(Default)]
struct Drained {
    /// There was more than the cap allows; that was thrown away.
    over: bool,
    /// The sink said stop.
    stop: bool,
    /// How long the sink took.
    in_sink: Duration,
}

impl<R: Read + AsFd> Pipe<R> {
    /// Passes on what is there, up to the cap. Without `deliver`, reads and forgets.
    fn drain(&mut self, buffer: &mut [u8], deliver: bool, sink: &mut dyn FnMut(Stream, &[u8]) -> Flow) -> Drained {
        let mut drained = Drained::default();
        let Some(reader) = self.reader.as_mut() else { return drained };
        match reader.read(buffer) {
            Ok(0) => self.reader = None,
            Ok(got) if deliver => {
                let kept = got.min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= kept as u64;
                drained.over = kept < got;
                if kept > 0 {
                    let begun = Instant::now();
                    drained.stop = sink(self.stream, &buffer[..kept]) == Flow::Stop;
                    drained.in_sink = begun.elapsed();
                }
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.reader = None,
        }
        drained
    }
}

/// Where the ending of a program stands.
#[derive(Clone, Copy)]
enum Phase {
    Running,
    /// TERM was sent at this moment.
    Asked(Instant),
    /// KILL was sent; given up at this moment.
    Killed(Instant),
    /// It ended; its output is waited for until this moment.
    Ended(Instant),
}

fn pump(
    child: &mut Child,
    call: &Call<'_>,
    manners: Manners,
    sink: &mut dyn FnMut(Stream, &[u8]) -> Flow,
    cancel: &Cancel,
    ran: &mut Ran,
) -> io::Result<()> {
    let pid = Pid::from_raw(child.id() as i32);
    let mut limit = Instant::now() + call.time;
    let reader = |pipe: Option<OwnedFd>| pipe.map(nonblocking).transpose();
    let mut out = Pipe { stream: Stream::Out, reader: reader(child.stdout.take().map(OwnedFd::from))?, left: call.stdout_cap };
    let mut err = Pipe { stream: Stream::Err, reader: reader(child.stderr.take().map(OwnedFd::from))?, left: call.stderr_cap };
    let mut buffer = vec![0; 64 * 1024];
    let mut phase = Phase::Running;
    let mut pause = Duration::from_millis(1);
    loop {
        wait_for_output([&out, &err], &mut pause);
        for pipe in [&mut out, &mut err] {
            let drained = pipe.drain(&mut buffer, !ran.cut, sink);
            // A sink that is slow on purpose holds the program up; that is not the program's fault.
            limit += drained.in_sink;
            ran.cut |= drained.stop || (drained.over && pipe.stream == Stream::Out);
            ran.stderr_cut |= drained.over && pipe.stream == Stream::Err;
        }
        let now = Instant::now();
        if !matches!(phase, Phase::Ended(_)) && ended(pid) {
            phase = Phase::Ended(now + LINGER);
        }
        let grace = match (manners.patient, cancel.is_cancelled()) {
            (false, _) => GRACE,
            (true, false) => LONG_GRACE,
            (true, true) => LAST_GRACE,
        };
        phase = match phase {
            Phase::Running if ran.cut => ask(pid, now),
            Phase::Running if cancel.is_cancelled() => {
                ran.cancelled = true;
                ask(pid, now)
            }
            Phase::Running if now >= limit => {
                ran.timed_out = true;
                ask(pid, now)
            }
            Phase::Asked(since) if now >= since + grace && manners.patient => {
                ran.stuck = true;
                return Ok(());
            }
            Phase::Asked(since) if now >= since + grace => {
                signal(pid, Signal::SIGKILL);
                Phase::Killed(now + GRACE)
            }
            Phase::Killed(until) if now >= until => {
                // Asleep in the kernel. It is not waited for; the kernel ends it when it wakes, and it if we are gone.
                ran.stuck = true;
                return Ok(());
            }
            Phase::Ended(until) if now >= until || ran.cut || (out.reader.is_none() && err.reader.is_none()) => break,
            other => other,
        };
    }
    // What it left behind in its group. It is not yet reaped, so its pid cannot mean another group.
    signal(pid, Signal::SIGKILL);
    let status = child.wait()?;
    ran.exit = status.code();
    ran.signal = status.signal();
    Ok(())
}

fn ask(pid: Pid, now: Instant) -> Phase {
    signal(pid, Signal::SIGTERM);
    Phase::Asked(now)
}

/// Signals the whole group; a group that is gone is what was wanted.
fn signal(group: Pid, signal: Signal) {
    match killpg(group, signal) {
        Ok(()) | Err(_) => {}
    }
}

/// Whether the program has ended; it stays a zombie, so that its pid is not given to another.
fn ended(pid: Pid) -> bool {
    match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) {
        Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => false,
        Ok(_) | Err(_) => true,
    }
}

/// Waits a moment for either pipe. When both are closed, sleeps: short at first, for programs that are just ending.
fn wait_for_output<R: AsFd>(pipes: [&Pipe<R>; 2], pause: &mut Duration) {
    let mut open: Vec<PollFd<'_>> = pipes
        .iter()
        .filter_map(|pipe| pipe.reader.as_ref())
        .map(|reader| PollFd::new(reader.as_fd(), PollFlags::POLLIN))
        .collect();
    if open.is_empty() {
        thread::sleep(*pause);
        *pause = (*pause * 2).min(TICK);
        return;
    }
    // A failure (a signal came) only makes the next look come sooner.
    match poll(&mut open, PollTimeout::try_from(TICK).unwrap_or(PollTimeout::ZERO)) {
        Ok(_) | Err(_) => {}
    }
}

fn nonblocking(pipe: OwnedFd) -> io::Result<std::fs::File> {
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok(std::fs::File::from(pipe))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

    use nix::sys::signal::kill;

    use super::*;

    /// A script called `rpm` in a folder of its own.
    fn rpm(name: &str, text: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("oediag-{name}-{}", std::process::id()));
        fs::create_dir(&folder).expect("folder");
        fs::write(folder.join("rpm"), format!("#!/bin/sh\n{text}")).expect("script");
        fs::set_permissions(folder.join("rpm"), fs::Permissions::from_mode(0o755)).expect("mode");
        folder
    }

    fn run_rpm(folder: &Path, time: Duration, cancel: &Cancel) -> (Ran, String) {
        let argv = [folder.join("rpm").to_str().expect("UTF-8").to_owned(), "-Va".to_owned()];
        let call = Call { argv: &argv, time, stdout_cap: 1 << 20, stderr_cap: 1 << 20 };
        let mut out = Vec::new();
        let mut sink = |_, bytes: &[u8]| {
            out.extend_from_slice(bytes);
            Flow::Go
        };
        let ran = run(&call, &mut sink, cancel);
        (ran, String::from_utf8(out).expect("UTF-8"))
    }

    /// Longer than other programs get before KILL.
    #[test]
    fn the_package_manager_ends_in_its_own_time() {
        let folder = rpm("slow", "trap 'sleep 4; echo closed the database; exit 7' TERM\nwhile :; do sleep 0.1; done\n");
        let (ran, out) = run_rpm(&folder, Duration::from_secs(1), &Cancel::default());
        fs::remove_dir_all(folder).expect("remove");
        assert!(ran.timed_out && !ran.stuck, "{ran:?}");
        assert_eq!((ran.exit, ran.signal), (Some(7), None));
        // The shell may say before that its own child was ended.
        assert!(out.ends_with("closed the database\n"), "{out}");
    }

    #[test]
    fn the_package_manager_is_left_alone_rather_than_killed() {
        let folder = rpm("deaf", "trap '' TERM PIPE\necho $$\nwhile :; do sleep 0.1; done\n");
        let cancel = Cancel::new(Some(Instant::now() + Duration::from_secs(1)));
        let begun = Instant::now();
        let (ran, out) = run_rpm(&folder, Duration::from_mins(10), &cancel);
        fs::remove_dir_all(folder).expect("remove");
        assert!(ran.cancelled && ran.stuck, "{ran:?}");
        assert!(begun.elapsed() >= LAST_GRACE, "{ran:?}");
        let pid = Pid::from_raw(out.trim().parse().expect("it says its pid"));
        assert_eq!(kill(pid, None), Ok(()), "it is alive");
        kill(pid, Signal::SIGKILL).expect("ours to end");
    }

    #[test]
    fn programs_are_treated_by_their_names() {
        let manners = |words: &[&str]| Manners::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(manners(&["/usr/bin/rpm", "-qa"]), Manners { patient: true, scratch: false });
        assert_eq!(manners(&["/usr/bin/dnf", "-C", "repolist"]), Manners { patient: true, scratch: true });
        assert_eq!(manners(&["/usr/bin/ls", "-q"]), Manners { patient: false, scratch: false });
    }
}
