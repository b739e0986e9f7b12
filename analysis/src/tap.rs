//! Which members are read, and how.
//!
//! In: the path of a member inside the bundle, its clean bytes in chunks. Out: its [`Findings`].
//! Never opens the member itself: the caller reads, inflates and redacts.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    clock, cut, facts,
    findings::Findings,
    head::{Dialect, Zero},
    lines::Lines,
    objects::Objects,
    operations,
    ras::{self, Ras},
    rules::sentry::{self, Told},
    scan::Scanner,
    state::{self, Check, Judge, Layout, Table},
};

/// What is known of a member besides its bytes.
#[derive(Clone, Debug)]
pub struct Context {
    /// Collection time or the file's modification time, whichever is earlier. Lines without a year are dated back
    /// from here; a day of slack is allowed.
    pub latest: Timestamp,
    /// The host's time zone.
    pub zone: TimeZone,
    /// When the running kernel booted; gives `dmesg` its times.
    pub booted: Option<Timestamp>,
}

#[derive(Clone, Copy)]
enum Way {
    Log(Dialect),
    Ring,
    Crash,
    Pstore,
    Objects(fn(&serde_json::Value) -> Option<Told>),
    Ras,
    Table(Layout),
    State(Judge),
}

impl Way {
    /// Whether it judges the host's state, and reads no log.
    fn is_state(self) -> bool {
        matches!(self, Self::Table(_) | Self::State(_))
    }
}

/// Paths and the way to read them; `*` stands for any text, also across folders. The first match counts.
const ROUTES: &[(&str, Way)] = &[
    ("var/log/messages*", Way::Log(Dialect::Syslog)),
    ("var/log/secure*", Way::Log(Dialect::Syslog)),
    ("oediag/journal/*", Way::Log(Dialect::Syslog)),
    ("var/log/sysmonitor.log*", Way::Log(Dialect::Sysmonitor)),
    ("var/log/logdump/sysmonitor/*", Way::Log(Dialect::Sysmonitor)),
    ("var/log/boot.log*", Way::Log(Dialect::Boot)),
    ("var/log/sysSentry/*", Way::Log(Dialect::Sentry)),
    ("var/log/dnf.log*", Way::Log(Dialect::Dnf)),
    ("var/log/dnf.rpm.log*", Way::Log(Dialect::Dnf)),
    ("var/log/audit/audit.log*", Way::Log(Dialect::Audit)),
    ("var/log/mcelog*", Way::Log(Dialect::Mcelog)),
    ("var/log/gala-gopher/event*", Way::Objects(sentry::gopher)),
    ("oediag/commands/alerts.sentry_alarms*/stdout", Way::Objects(sentry::alarm)),
    ("oediag/commands/services.sentry_alarms/stdout", Way::Objects(sentry::alarm)),
    ("oediag/commands/alerts.bmc_events*/stdout", Way::Log(Dialect::Sel)),
    (ras::SHOWN, Way::Ras),
    ("oediag/commands/kernel.dmesg*/stdout", Way::Ring),
    ("var/log/dmesg", Way::Ring),
    ("var/crash/*/vmcore-dmesg.txt", Way::Crash),
    ("var/crash/*/vmcore-dmesg-incomplete.txt", Way::Crash),
    ("sys/fs/pstore/*", Way::Pstore),
    ("var/lib/systemd/pstore/*", Way::Pstore),
    ("proc/sys/kernel/tainted", Way::State(state::taint)),
    ("sys/kernel/kexec_crash_loaded", Way::State(state::kdump_loaded)),
    ("sys/kernel/kexec_crash_size", Way::State(state::kdump_size)),
    ("oediag/native/services.time.txt", Way::State(state::time)),
    // What earlier versions took.
    ("oediag/commands/services.time/stdout", Way::State(state::time)),
    ("oediag/commands/services.chrony_tracking/stdout", Way::State(state::chrony)),
    ("proc/meminfo", Way::State(state::swap)),
    ("proc/sys/fs/file-nr", Way::State(state::files)),
    ("proc/net/bonding/*", Way::State(state::bond)),
    ("proc/mdstat", Way::State(state::raid)),
    ("oediag/commands/storage.smart*/stdout", Way::State(state::smart)),
    ("oediag/commands/storage.nvme_health*/stdout", Way::State(state::nvme)),
    ("oediag/commands/storage.df/stdout", Way::Table(Layout::Space)),
    ("oediag/commands/storage.df_inodes/stdout", Way::Table(Layout::Inodes)),
    ("oediag/commands/services.failed/stdout", Way::Table(Layout::FailedUnits)),
];

/// Reads one member: bytes in with [`Tap::feed`], findings out with [`Tap::finish`].
#[derive(Debug)]
pub struct Tap {
    path: String,
    lines: Lines,
    readers: Readers,
    empty: Findings,
}

#[derive(Debug, Default)]
struct Readers {
    scanner: Option<Box<Scanner>>,
    objects: Option<Box<Objects>>,
    ras: Option<Box<Ras>>,
    table: Option<Box<Table>>,
    check: Option<Box<Check>>,
    facts: Option<Box<facts::Reader>>,
    operations: Option<Box<operations::Reader>>,
}

/// Whether alerts of this member tell of the host's state when it was examined, and not of an event.
pub fn is_state(path: &str) -> bool {
    let way = ROUTES.iter().find(|(pattern, _)| matches(pattern, path)).map(|(_, way)| *way);
    way.is_some_and(Way::is_state) || path.starts_with("proc/sys/net/netfilter/")
}

/// The member in which a piece of evidence can be looked at: its own path, but for a row of a database the text that
/// shows the database. There the line is no line but the row's id.
pub fn shown_in(path: &str) -> &str {
    match path.split_once('#') {
        Some((ras::DATABASE, _)) => ras::SHOWN,
        _ => path,
    }
}

/// Chooses how to read a member by its path inside the bundle; `None` when nobody wants it.
pub fn tap(path: &str, context: &Context) -> Option<Tap> {
    let way = ROUTES.iter().find(|(pattern, _)| matches(pattern, path)).map(|(_, way)| *way);
    let log = |dialect, zero, crash| Some(Box::new(Scanner::new(dialect, path, context, zero, crash)));
    let mut readers = Readers {
        facts: facts::Reader::of(path).map(Box::new),
        operations: operations::Reader::of(path, context).map(Box::new),
        ..Readers::default()
    };
    match way {
        Some(Way::Log(dialect)) => readers.scanner = log(dialect, Zero::Unknown, None),
        Some(Way::Ring) => readers.scanner = log(Dialect::Kmsg, context.booted.map_or(Zero::Unknown, Zero::At), None),
        // Compressed by the kernel: `dmesg-efi-...-1.enc.z`.
        Some(Way::Pstore) if path.strip_suffix(".z").is_some() => return None,
        Some(Way::Pstore) => readers.scanner = log(Dialect::Kmsg, Zero::Unknown, None),
        Some(Way::Crash) => {
            let folder = path.rsplit('/').nth(1).and_then(|folder| clock::crash_folder(folder, &context.zone));
            let zero = if folder.is_some() { Zero::At(Timestamp::UNIX_EPOCH) } else { Zero::Unknown };
            readers.scanner = log(Dialect::Kmsg, zero, folder);
        }
        Some(Way::Objects(read)) => readers.objects = Some(Box::new(Objects::new(read, path, context))),
        Some(Way::Ras) => readers.ras = Some(Box::new(Ras::new(context))),
        Some(Way::State(judge)) => readers.check = Some(Box::new(Check::new(judge, path, context))),
        Some(Way::Table(layout)) => readers.table = Some(Box::new(Table::new(layout, path, context))),
        None if readers.facts.is_none() && readers.operations.is_none() => return None,
        None => {}
    }
    let empty = Findings::new(path, &context.zone, context.latest);
    Some(Tap { path: path.to_owned(), lines: Lines::default(), readers, empty })
}

impl Tap {
    /// Says when a stamp before the first line was written, or what [`crate::Moments::start`] said: with it the years of
    /// stamps that have none are right in a file of many years too.
    #[must_use]
    pub fn starting(mut self, moment: Option<Timestamp>) -> Self {
        if let (Some(scanner), Some(moment)) = (&mut self.readers.scanner, moment) {
            scanner.starts_at(moment, &self.path);
        }
        self
    }

    /// Takes the next bytes of the member; they may be cut anywhere.
    pub fn feed(&mut self, clean: &[u8]) {
        let readers = &mut self.readers;
        self.lines.feed(clean, |batch| readers.batch(batch));
    }

    /// Ends the member.
    pub fn finish(mut self) -> Findings {
        let readers = &mut self.readers;
        self.lines.finish(|batch| readers.batch(batch));
        let Readers { scanner, objects, ras, table, check, facts, operations } = self.readers;
        let found = scanner
            .map(|scanner| scanner.finish())
            .or_else(|| objects.map(|objects| objects.finish()))
            .or_else(|| ras.map(|ras| ras.finish()))
            .or_else(|| table.map(|table| table.finish()))
            .or_else(|| check.map(|check| check.finish()));
        let facts = facts.map(|reader| reader.finish()).unwrap_or_default();
        let operations = operations.map(|reader| reader.finish()).unwrap_or_default();
        Findings { facts, operations, ..found.unwrap_or(self.empty) }
    }
}

impl Readers {
    fn batch(&mut self, batch: &[u8]) {
        if let Some(scanner) = &mut self.scanner {
            scanner.batch(batch);
        }
        if let Some(objects) = &mut self.objects {
            objects.batch(batch);
        }
        if let Some(ras) = &mut self.ras {
            ras.batch(batch);
        }
        if let Some(table) = &mut self.table {
            table.batch(batch);
        }
        if let Some(check) = &mut self.check {
            check.batch(batch);
        }
        if let Some(facts) = &mut self.facts {
            facts.batch(batch);
        }
        if let Some(operations) = &mut self.operations {
            operations.batch(batch);
        }
    }
}

/// Whether `path` has the form of `pattern`: each `*` takes the shortest text, the last one the longest.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| path.strip_prefix(start)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(end) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match cut::after(rest, part) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(end)
}
