//! What people did: sessions, package changes, scheduled and typed commands.

mod changed;
mod utmp;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Credentials, FreeText, Identifying},
    Probe::{self, Command, Native},
    SYSTEMD, Source, Topic, When, every, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Operations, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row("operations.logins", Native { member: "native/operations.logins.tsv", run: utmp::logins }, Identifying, Quick)
        .when(&[When::Path("/var/log/wtmp")]),
    row(
        "operations.failed_logins",
        Native { member: "native/operations.failed_logins.tsv", run: utmp::failed },
        Identifying,
        Standard,
    )
    .when(&[When::Path("/var/log/btmp")]),
    row(
        "operations.changed_files",
        Native { member: "native/operations.changed_files.tsv", run: changed::files },
        Identifying,
        Standard,
    )
    .when(&[When::Path("/etc")]),
    row("operations.who", Command(&["/usr/bin/who", "-a"]), Identifying, Quick),
    row("operations.last", Command(&["/usr/bin/last", "-F", "-n", "200"]), Identifying, Standard),
    row("operations.last_failed", Command(&["/usr/bin/lastb", "-F", "-n", "200"]), Identifying, Standard),
    row(
        "operations.sessions",
        Command(&["/usr/bin/loginctl", "list-sessions", "--no-legend", "--no-pager"]),
        Identifying,
        Standard,
    )
    .when(SYSTEMD),
    row("operations.package_history", Command(&["/usr/bin/dnf", "-C", "-q", "history", "list"]), FreeText, Quick)
        .most(4 * MIB, 60),
    row("operations.crontabs", every("/var/spool/cron/*"), FreeText, Standard),
    row("operations.at_jobs", Command(&["/usr/bin/atq"]), Identifying, Deep),
    row("operations.sudo_log", newest(2, "/var/log/sudo*.log"), FreeText, Standard).most(16 * MIB, 20),
    row("operations.root_history", every("/root/.*_history"), Credentials, Deep),
    row("operations.user_histories", every("/home/*/.*_history"), Credentials, Deep),
];
