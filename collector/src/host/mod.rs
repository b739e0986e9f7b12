//! The examined machine: its files, its clock, its devices and its commands, live or below a folder.
//!
//! In: paths, patterns and argument lists from the catalogue. Out: open files, names, output of children,
//! or a [`Refusal`] that says why not. Never follows a link out of the root, never blocks on a FIFO or a device,
//! never runs a shell, never touches a file system that may hang, never opens what is on the list in `never`.

#![expect(clippy::disallowed_methods, reason = "host is what asks the clock and reads the host")]

mod changed;
mod child;
mod clock;
mod command;
mod expand;
mod file;
mod mounts;
mod never;
mod orphans;
mod owner;
mod recorded;
mod refusal;
mod walk;
mod zone;

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::Instant,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use oediag_protocol::bundle::{manifest::Reason, name::of_segment};

use self::walk::{Last, Root};
pub(crate) use self::{changed::Changed, file::Folder};
pub use self::{
    child::{handed_socket, lower_priority, receive},
    clock::{Cancel, Ticks},
    command::{Call, Flow, Ran, Stream},
    expand::Expansion,
    file::OpenFile,
    orphans::adopt_orphans,
    recorded::Recorded,
    refusal::{HostError, Refusal},
};

/// The kinds of devices that a row of the catalogue can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Entries of `/sys/class/net` but `lo` and the passing ones of containers and guests (veth, tap, ...).
    NetDevice,
    /// Entries of `/sys/block` that are real disks (not loop, ram, dm, md, zram, sr).
    BlockDevice,
    /// Entries of `/sys/class/nvme`.
    NvmeController,
    /// The newest days of `/var/log/sa/saDD` of which there is no report as text.
    ActivityFile,
    /// The newest files `/var/log/atop/atop_*`.
    AtopLog,
    /// Entries of `/sys/block` that speak SCSI.
    ScsiDisk,
    /// Block devices that hold a mounted ext4 file system: entries of `/sys/fs/ext4`.
    Ext4,
    /// Named network namespaces: entries of `/run/netns`.
    NetNamespace,
}

/// Names of network devices that containers and virtual machines come and go with: thousands, and nothing to ask of them.
pub(crate) const PASSING: [&str; 6] = ["veth", "cali", "lxc", "tap", "vnet", "vif"];
/// Names of block devices that are not disks.
const NOT_DISKS: [&str; 9] = ["loop", "ram", "dm-", "md", "zram", "sr", "fd", "nbd", "zd"];
/// Days of binary logs that are printed.
const DAYS: usize = 3;
/// Devices of one kind at most.
const DEVICES: usize = 64;

/// The examined machine.
#[derive(Debug)]
pub struct Host {
    root: Root,
    live: bool,
    /// What `--now` said, and when it was said.
    clock: Option<(Timestamp, Instant)>,
}

/// Why a path, or an argument that holds one, is never read nor handed to a program, whatever a row says; devices are what
/// some programs are made for.
pub fn never_handed(argument: &str) -> Option<&'static str> {
    never::never_handed(argument.as_bytes())
}

impl Host {
    /// The running machine.
    pub fn live() -> Result<Self, HostError> {
        Self::new(Path::new("/"), true, None)
    }

    /// A folder that looks like a host's root: a fixture, an unpacked bundle, a mounted disk. `now` is the moment its
    /// clock shows, from which it goes on; without it, its clock is the real one.
    pub fn at(root: &Path, now: Option<Timestamp>) -> Result<Self, HostError> {
        Self::new(root, false, now)
    }

    fn new(path: &Path, live: bool, now: Option<Timestamp>) -> Result<Self, HostError> {
        let root = Root::open(path, live).map_err(|source| HostError::Root { path: path.to_owned(), source })?;
        Ok(Self { root, live, clock: now.map(|now| (now, Instant::now())) })
    }

    /// Whether this is the running machine: only there are commands run and samples taken.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// The examined host's clock.
    pub fn now(&self) -> Timestamp {
        let Some((now, said)) = self.clock else { return Timestamp::now() };
        SignedDuration::try_from(said.elapsed()).ok().and_then(|passed| now.checked_add(passed).ok()).unwrap_or(now)
    }

    /// The examined host's time zone: from `/etc/localtime` below the root, else what a bundle recorded, else UTC.
    pub fn zone(&self) -> TimeZone {
        zone::zone(self).0
    }

    /// The IANA name of the zone, where the host tells.
    pub fn zone_name(&self) -> Option<String> {
        zone::zone(self).1
    }

    /// When the examined host was booted: now minus `/proc/uptime`.
    pub fn booted(&self) -> Option<Timestamp> {
        let text = self.read("/proc/uptime", 128)?;
        let seconds: f64 = std::str::from_utf8(&text).ok()?.split_ascii_whitespace().next()?.parse().ok()?;
        self.now().checked_sub(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
    }

    /// Whether the clock follows a time source, as the kernel says; none below another root.
    pub fn clock_synced(&self) -> Option<bool> {
        if self.live { child::clock_synced() } else { None }
    }

    /// Opens a regular file of the host. Never blocks, never leaves the root, never opens what is on the list in `never`;
    /// a file that others than root control is opened with its owner's rights.
    pub fn open(&self, path: &Path) -> Result<OpenFile, Refusal> {
        let found = self.root.walk(path, Last::Follow)?;
        OpenFile::new(&self.root, path, found)
    }

    /// Reads at most `cap` bytes of a small file, by the rules of [`Host::open`]; none when it cannot be read.
    pub fn read(&self, path: &str, cap: usize) -> Option<Vec<u8>> {
        self.open(Path::new(path)).ok()?.head(cap)
    }

    /// Whether a walk by our rules finds anything there: a file, a folder, a device.
    pub fn exists(&self, path: &Path) -> bool {
        self.root.reach(path, Last::Follow).is_ok()
    }

    /// The files a pattern stands for; `newest` keeps that many by modification time, 0 keeps all.
    pub fn expand(&self, pattern: &str, newest: usize) -> Expansion {
        expand::expand(&self.root, pattern, newest)
    }

    /// Names of the devices, sorted bytewise, at most 64.
    pub fn devices(&self, over: Over) -> Vec<String> {
        let (folder, begins, leave_out): (_, _, &[&str]) = match over {
            Over::NetDevice => ("/sys/class/net", "", &PASSING),
            Over::BlockDevice => ("/sys/block", "", &NOT_DISKS),
            Over::NvmeController => ("/sys/class/nvme", "", &[]),
            Over::ScsiDisk => ("/sys/block", "sd", &[]),
            // `features` lies beside the devices.
            Over::Ext4 => ("/sys/fs/ext4", "", &["features"]),
            Over::NetNamespace => ("/run/netns", "", &[]),
            Over::ActivityFile => return self.days("/var/log/sa/sa[0-9]*", Some("/var/log/sa/sar")),
            Over::AtopLog => return self.days("/var/log/atop/atop_[0-9]*", None),
        };
        let Ok(folder) = self.folder(Path::new(folder)) else { return Vec::new() };
        let wanted = |name: &String| {
            // `bonding_masters` is a file beside the devices; names come from the host and go into arguments.
            let plain =
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:@!-".contains(&byte)) && !name.starts_with('-');
            plain
                && name.starts_with(begins)
                && name != "lo"
                && name != "bonding_masters"
                && !leave_out.iter().any(|prefix| name.starts_with(prefix))
        };
        folder.names().into_iter().filter(wanted).take(DEVICES).collect()
    }

    /// Names of the newest [`DAYS`] files of a pattern, in order of the name, but those of which a report lies there: a file
    /// called `report` and the digits the name ends with.
    fn days(&self, pattern: &str, report: Option<&str>) -> Vec<String> {
        let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let printed = |name: &&str| {
            let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            report.is_some_and(|report| self.exists(Path::new(&format!("{report}{digits}"))))
        };
        let files = self.expand(pattern, DAYS).files;
        let names = files.iter().filter_map(|path| path.file_name()?.to_str()).filter(plain);
        let mut names: Vec<String> = names.filter(|name| !printed(name)).map(str::to_owned).collect();
        names.sort_unstable();
        names
    }

    /// Names of the devices of which a bundle below this root recorded a command; none on a live host.
    pub fn recorded_devices(&self, source: &str) -> Vec<String> {
        let folder = Path::new("/oediag/commands").join(source);
        let Ok(folder) = self.folder(&folder) else { return Vec::new() };
        let device = |name: String| of_segment(&name).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(name);
        if self.live { Vec::new() } else { folder.names().into_iter().map(device).collect() }
    }

    /// Whether a program can be run: a live host, there, executable, and nobody but root could have changed it.
    pub fn program(&self, path: &str) -> Result<(), Refusal> {
        if !self.live {
            return Err(Refusal::new(Reason::NotLive, Path::new(path), "programs are run on a live host only"));
        }
        command::program(&self.root, path)
    }

    /// The arguments of a program as it may be run: what [`Host::program`] refuses is refused, and so is an argument that
    /// names what is never read, or a place at, below or above which a file system is mounted that may hang; its words are
    /// looked at as paths from `/`, where programs run, with `..` worked off. `df` is told to leave such file systems out.
    pub fn call(&self, mut argv: Vec<String>) -> Result<Vec<String>, Refusal> {
        let program = argv.first().map_or("", String::as_str);
        self.program(program)?;
        if child::Manners::of(&argv).scratch {
            if !nix::unistd::geteuid().is_root() {
                let why = "would write its log and lock, which only root can keep from the host";
                return Err(Refusal::new(Reason::NeedsRoot, Path::new(program), why));
            }
            // Something is mounted there before the program runs, while nothing limits the time.
            self.root.reach(Path::new(child::SCRATCH), Last::Follow)?;
        }
        if let Some((argument, why)) = argv[1..].iter().find_map(|word| Some((word, never::never_handed(word.as_bytes())?))) {
            return Err(Refusal::new(Reason::NeverCollected, Path::new(argument), why));
        }
        let hanging = self.root.may_hang();
        for argument in &argv[1..] {
            let named = never::named(argument.as_bytes());
            let near = |point: &Path| {
                let paths = named.iter().map(|path| Path::new(OsStr::from_bytes(path)));
                paths.into_iter().any(|path| point.starts_with(path) || path.starts_with(point))
            };
            if let Some((point, kind)) = hanging.iter().find(|(point, _)| near(point)) {
                let why = format!("a file system {kind}, which may hang, is mounted on {}", point.display());
                return Err(Refusal::new(Reason::UnsafeFilesystem, Path::new(argument), &why));
            }
        }
        if program.ends_with("/df") {
            let kinds: std::collections::BTreeSet<String> = hanging.into_iter().map(|(_, kind)| kind).collect();
            argv.extend(kinds.into_iter().map(|kind| format!("--exclude-type={kind}")));
        }
        Ok(argv)
    }

    /// Runs a program to its end or to a limit, passing its output to `sink` as it comes. What [`Host::program`]
    /// refuses is not run. After the time limit, a cap, a stop from the sink or the token: TERM to the whole group,
    /// KILL after 2 s, and after 2 s more it is left behind as `stuck`. The package manager is not killed: it is `stuck`
    /// 60 s after TERM, 15 s when the whole run ends. What a program leaves behind ends with it ([`adopt_orphans`]).
    pub fn run(&self, call: &Call<'_>, sink: &mut dyn FnMut(Stream, &[u8]) -> Flow, cancel: &Cancel) -> Ran {
        match self.program(call.argv.first().map_or("", String::as_str)) {
            Ok(()) => command::run(call, sink, cancel),
            Err(refusal) => Ran { error: Some(refusal), ..Ran::default() },
        }
    }

    /// What a bundle or fixture below this root recorded of a command; none on a live host.
    pub fn recorded(&self, source: &str, device: Option<&str>) -> Option<Recorded> {
        if self.live { None } else { recorded::recorded(self, source, device) }
    }

    /// The `newest` regular files below a folder, oldest first, by names and stat(2) only.
    pub(crate) fn changed(&self, folder: &Path, newest: usize) -> Vec<Changed> {
        changed::changed(&self.root, folder, newest)
    }

    /// Opens a folder, to read small files through it.
    pub(crate) fn folder(&self, path: &Path) -> Result<Folder<'_>, Refusal> {
        Folder::open(&self.root, path)
    }

    /// Where a link leads, as its text says; none when it is not a link.
    pub(crate) fn link(&self, path: &str) -> Option<PathBuf> {
        let found = self.root.walk(Path::new(path), Last::Keep).ok()?;
        nix::fcntl::readlinkat(&found.fd, "").ok().map(PathBuf::from)
    }
}
