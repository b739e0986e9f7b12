//! Starting a child process under our rules. The one module with unsafe code: what runs between fork and exec, and descriptors that others opened.
//!
//! In: an absolute program with its arguments and a time limit. Out: a running child with pipes on its output.
//! The child has its own session, no way to read from us, an environment made by us, limits on all it could use up,
//! and cannot outlive the thread that started it. Never a shell: the arguments reach the program as they are.

#![expect(clippy::disallowed_methods, reason = "host is what runs programs")]

use std::{
    ffi::CStr,
    io::{self, IoSliceMut},
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::{net::UnixStream, process::CommandExt as _},
    },
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

use super::orphans::MARK;

/// The whole environment of a child, beside the mark of whose child it is.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
    ("LC_ALL", "C"),
    ("LANG", "C"),
    ("HOME", "/"),
    ("TERM", "dumb"),
    ("PAGER", "cat"),
    ("SYSTEMD_PAGER", ""),
    ("SYSTEMD_COLORS", "0"),
];

/// `ss` asks the kernel through modules that this would load. Where one is not loaded, `ss` is told to read the kernel's table
/// in `/proc` instead: the module, the variable, the table (ss(8), and the source of iproute2).
const INSTEAD_OF_MODULES: [(&str, &str, &str); 6] = [
    ("/sys/module/tcp_diag", "PROC_NET_TCP", "/proc/net/tcp"),
    ("/sys/module/udp_diag", "PROC_NET_UDP", "/proc/net/udp"),
    ("/sys/module/raw_diag", "PROC_NET_RAW", "/proc/net/raw"),
    ("/sys/module/unix_diag", "PROC_NET_UNIX", "/proc/net/unix"),
    ("/sys/module/af_packet_diag", "PROC_NET_PACKET", "/proc/net/packet"),
    ("/sys/module/netlink_diag", "PROC_NET_NETLINK", "/proc/net/netlink"),
];

/// Address space. journalctl maps each journal file in windows of megabytes and rpm its database: 1 GiB is too little
/// on hosts with many journals. Memory in use is bounded by the unit's `MemoryMax`, not by this.
const ADDRESS_SPACE: u64 = 4 << 30;
/// Open files.
const FILES: u64 = 256;

/// Programs that work on the package database. Killed in the middle they may leave it locked or damaged.
const PACKAGE_MANAGERS: [&str; 7] = ["rpm", "rpmdb", "rpmkeys", "dnf", "dnf-3", "yum", "needs-restarting"];
/// A user and group that nobody is. Not `nobody`: others run as that one, and could reach into our child.
const NOBODY: u32 = 65_533;

/// Those of them that cannot work without a folder to write to: their log, and a lock of their own.
const WITH_A_SCRATCH: [&str; 4] = ["dnf", "dnf-3", "yum", "needs-restarting"];
/// That folder.
pub(super) const SCRATCH: &str = "/var/tmp";
const SCRATCH_C: &CStr = c"/var/tmp";
/// Most bytes of a file in that folder.
const SCRATCH_FILE: u64 = 16 << 20;

/// How a program is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manners {
    /// It works on the package database: it is asked to end, and never killed; and it runs as a user that nobody is, who may
    /// read everything and write nothing. As root it would open the database read-write, take the locks of the database
    /// and of the metadata, and write its log; for such a user it reads privately, and prints the same.
    pub(super) patient: bool,
    /// `/var/tmp`, where it keeps its log and lock as such a user, is an empty one in memory, seen by it alone and gone with it.
    pub(super) scratch: bool,
}

impl Manners {
    /// By the program's name.
    pub(super) fn of(argv: &[String]) -> Self {
        let name = argv.first().and_then(|program| program.rsplit('/').next()).unwrap_or_default();
        Self { patient: PACKAGE_MANAGERS.contains(&name), scratch: WITH_A_SCRATCH.contains(&name) }
    }
}

/// Starts the program; `argv` is not empty.
#[expect(unsafe_code, reason = "pre_exec is the only way to set limits in the child; see the safety comments")]
pub(super) fn start(argv: &[String], time: Duration, manners: Manners) -> io::Result<Child> {
    let [program, arguments @ ..] = argv else { return Err(io::ErrorKind::InvalidInput.into()) };
    // Who has used up its processor time is killed.
    let cpu = if manners.patient { libc::RLIM_INFINITY } else { time.as_secs().saturating_add(2) };
    let limits = [
        (libc::RLIMIT_AS, ADDRESS_SPACE),
        (libc::RLIMIT_CPU, cpu),
        (libc::RLIMIT_NOFILE, FILES),
        (libc::RLIMIT_CORE, 0),
        // No tool that only looks needs to write a file; pipes are not counted.
        (libc::RLIMIT_FSIZE, if manners.scratch { SCRATCH_FILE } else { 0 }),
    ];
    let parent = std::process::id();
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(ENVIRONMENT).env(MARK, parent.to_string()).current_dir("/");
    let not_loaded = INSTEAD_OF_MODULES.iter().filter(|(module, ..)| !std::path::Path::new(module).exists());
    command.envs(not_loaded.map(|(_, variable, table)| (variable, table)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let root = nix::unistd::geteuid().is_root();
    // SAFETY: the closure runs in the forked child before exec, where other threads' locks may be held for ever. It
    // makes system calls only (all async-signal-safe), allocates nothing, and touches nothing but its own copies.
    unsafe { command.pre_exec(move || prepare(&limits, parent, manners, root)) };
    command.spawn()
}

/// What the child does to itself before it becomes the program. Async-signal-safe: system calls only, no allocation.
#[expect(unsafe_code, reason = "the system calls have no safe form that promises to be async-signal-safe")]
fn prepare(limits: &[(libc::__rlimit_resource_t, u64); 5], parent: u32, manners: Manners, root: bool) -> io::Result<()> {
    // SAFETY: `setsid`, `prctl`, `getppid`, `signal`, `setrlimit`, `syscall` and `fcntl` take numbers and, for
    // `setrlimit`, a pointer to a live value on this stack; none keeps a pointer.
    unsafe {
        // Own session and group: killed as a whole, no controlling terminal to ask a password on.
        checked(libc::setsid())?;
        if manners.scratch {
            scratch()?;
        }
        if manners.patient && root {
            become_nobody()?;
        }
        // After the change of user, which would take it back.
        checked(libc::prctl(libc::PR_SET_PDEATHSIG, if manners.patient { libc::SIGTERM } else { libc::SIGKILL }))?;
        if libc::getppid() as u32 != parent {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        // With FSIZE 0, a tool that writes its own log gets an error and goes on, instead of a deadly signal.
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        for (resource, most) in limits {
            // A hard limit that is lower already stays.
            let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            checked(libc::getrlimit(*resource, &raw mut now))?;
            let most = (*most).min(now.rlim_max);
            checked(libc::setrlimit(*resource, &libc::rlimit { rlim_cur: most, rlim_max: most }))?;
        }
        // Whatever mask we were started with.
        libc::umask(0o077);
        // Every file of ours is close-on-exec already; this covers what libraries or our own parent left open.
        // 4.19 has no close_range: there the low numbers are marked one by one.
        let rest = libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        if rest != 0 {
            for fd in 3..FILES as i32 {
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            }
        }
    }
    Ok(())
}

/// Gives the child a mount table of its own, in which `/var/tmp` is empty and in memory. Touches no other file system.
#[expect(unsafe_code, reason = "called between fork and exec, where the safe forms may allocate")]
fn scratch() -> io::Result<()> {
    let none = std::ptr::null();
    let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    // SAFETY: the strings are constants that end in NUL; the kernel copies them.
    unsafe {
        checked(libc::unshare(libc::CLONE_NEWNS))?;
        // What is mounted here is not passed on to the host.
        checked(libc::mount(c"none".as_ptr(), c"/".as_ptr(), none, libc::MS_REC | libc::MS_SLAVE, none.cast()))?;
        let data = c"size=32m,mode=1777".as_ptr();
        checked(libc::mount(c"none".as_ptr(), SCRATCH_C.as_ptr(), c"tmpfs".as_ptr(), flags, data.cast()))
    }
}

/// Gives up root but for reading: another user, no groups, and of all capabilities the one to read any file.
#[expect(unsafe_code, reason = "called between fork and exec, where the safe forms may allocate")]
fn become_nobody() -> io::Result<()> {
    /// capabilities(7): `CAP_DAC_READ_SEARCH`, and version 3 of the interface.
    const READ_ANY: libc::c_ulong = 2;
    const VERSION: u32 = 0x2008_0522;
    let header: [u32; 2] = [VERSION, 0];
    let sets: [u32; 6] = [1 << READ_ANY, 1 << READ_ANY, 1 << READ_ANY, 0, 0, 0];
    // SAFETY: numbers, and pointers to live values on this stack of the size that version 3 has; none is kept. The calls go
    // to the kernel directly: only this thread is left after the fork.
    unsafe {
        checked(libc::prctl(libc::PR_SET_KEEPCAPS, 1))?;
        checked(libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()) as i32)?;
        checked(libc::syscall(libc::SYS_setresgid, NOBODY, NOBODY, NOBODY) as i32)?;
        checked(libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY) as i32)?;
        // Where we were not given that capability, the program sees what every user may see.
        if libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) == 0 {
            libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, READ_ANY, 0, 0);
        }
    }
    Ok(())
}

fn checked(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether the kernel says that its clock follows a time source (adjtimex(2), which needs no rights to ask): by its largest
/// error, which grows while nobody corrects the clock. The flag `STA_UNSYNC` says less: chronyd leaves it set where the kernel is
/// not to set the hardware clock.
#[expect(unsafe_code, reason = "the C library has no safe form of this call")]
pub(super) fn clock_synced() -> Option<bool> {
    /// Microseconds at which the kernel gives the clock up (`NTP_PHASE_LIMIT`).
    const LARGEST_ERROR: libc::c_long = 16_000_000;
    // SAFETY: a `timex` of zeros is a valid one and asks for nothing to be changed (`modes` is 0); the pointer is to a live
    // value on this stack and is not kept.
    let (state, asked) = unsafe {
        let mut asked: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut asked), asked)
    };
    (state >= 0).then_some(asked.maxerror < LARGEST_ERROR)
}

/// Puts this process, and with it every child it will start, behind the host's own work: nice 10, and the last place in
/// the best-effort class of disk I/O (ioprio_set(2)). What cannot be lowered stays as it is: it is a courtesy.
#[expect(unsafe_code, reason = "the C library has no safe form of these calls")]
pub fn lower_priority() {
    /// `IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7)`.
    const LAST_OF_BEST_EFFORT: libc::c_int = 2 << 13 | 7;
    // SAFETY: both calls take numbers only; 0 means this process. `syscall` passes them on as they are.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
        libc::syscall(libc::SYS_ioprio_set, 1, 0, LAST_OF_BEST_EFFORT);
    }
}

/// The first socket that systemd opened for this process, as sd_listen_fds(3) says; none where it opened none. Only the first call
/// is given it.
#[expect(unsafe_code, reason = "the number is told in the environment; a number becomes an owner in no safe way")]
pub fn handed_socket() -> Option<OwnedFd> {
    /// `SD_LISTEN_FDS_START`.
    const FIRST: libc::c_int = 3;
    static GIVEN: AtomicBool = AtomicBool::new(false);
    let number = |name| std::env::var(name).ok()?.parse::<u32>().ok();
    let ours = number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS").is_some_and(|count| count > 0);
    if !ours || GIVEN.swap(true, Ordering::SeqCst) {
        return None;
    }
    // SAFETY: `fcntl` takes numbers. By the protocol this descriptor was opened for this very process before it began, and nobody else
    // here owns it: the flag above lets one caller pass, once. A number that is not open is found by `fcntl`.
    unsafe { (libc::fcntl(FIRST, libc::F_SETFD, libc::FD_CLOEXEC) == 0).then(|| OwnedFd::from_raw_fd(FIRST)) }
}

/// Reads once from a socket, and takes over the descriptor that came with the bytes, if there is one.
///
/// # Errors
/// What the system says.
#[expect(unsafe_code, reason = "the kernel gives numbers; a number becomes an owner in no safe way")]
pub fn receive(socket: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = nix::cmsg_space!([libc::c_int; 4]);
    let mut slices = [IoSliceMut::new(buffer)];
    let got = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let mut handed = Vec::new();
    for message in got.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = message {
            // SAFETY: recvmsg(2) has just opened each of these for this process; nobody else here knows their numbers.
            handed.extend(numbers.into_iter().map(|number| unsafe { OwnedFd::from_raw_fd(number) }));
        }
    }
    Ok((got.bytes, handed.into_iter().next()))
}
