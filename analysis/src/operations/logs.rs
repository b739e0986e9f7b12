//! What programs write into logs when somebody does something, as rows.
//!
//! In: nothing. Out: [`SYSTEM`] for syslog lines and the journal, [`DNF`] for dnf's own logs. A row counts only for
//! lines of the speaker it names, so a line that quotes another is none.

use super::{
    OperationKind::{
        self, Account, Command, ConfigChanged, Cron, Login, LoginFailed, Logout, Package, Reboot, Selinux, Shutdown, Su, Sudo,
        TimeChanged, Unit,
    },
    OperationResult::{self, Failed, Ok},
    pattern::From::{self, Left, Right},
};

/// One message and what it means. Values of the names `who`, `from` and `as` fill the record; `times` counts.
#[derive(Debug)]
pub(super) struct Row {
    /// The speaker as in `Line::is_from`; `*` is any program whose tag is the account itself, as `logger` writes it.
    pub from: &'static str,
    pub pattern: &'static str,
    pub order: From,
    pub kind: OperationKind,
    /// The record's text, with values; empty when the line only tells how the record before it ended.
    pub what: &'static str,
    pub result: Option<OperationResult>,
}

const fn row(
    from: &'static str,
    pattern: &'static str,
    order: From,
    kind: OperationKind,
    what: &'static str,
    result: Option<OperationResult>,
) -> Row {
    Row { from, pattern, order, kind, what, result }
}

/// Lines of a program that say something was done.
const fn done(from: &'static str, pattern: &'static str, kind: OperationKind, what: &'static str) -> Row {
    row(from, pattern, Left, kind, what, Some(Ok))
}

/// The same, of something that was refused.
const fn refused(from: &'static str, pattern: &'static str, kind: OperationKind, what: &'static str) -> Row {
    row(from, pattern, Left, kind, what, Some(Failed))
}

/// Syslog files and the journal.
pub(super) const SYSTEM: &[Row] = &[
    row("sshd", "Accepted {how} for {who} from {from} port {}", Right, Login, "ssh {how}", Some(Ok)),
    row("sshd", "Failed {how} for invalid user {who} from {from} port {}", Right, LoginFailed, "ssh {how}", Some(Failed)),
    row("sshd", "Failed {how} for {who} from {from} port {}", Right, LoginFailed, "ssh {how}", Some(Failed)),
    row(
        "sshd",
        "message repeated {times} times: [ Failed {how} for {who} from {from} port {}]",
        Right,
        LoginFailed,
        "ssh {how}",
        Some(Failed),
    ),
    done("sshd", "pam_unix(sshd:session): session opened for user {who} by {}", Login, "ssh"),
    done("sshd", "pam_unix(sshd:session): session closed for user {who}", Logout, "ssh"),
    done("login", "pam_unix(login:session): session opened for user {who} by {}", Login, "console"),
    done("login", "pam_unix(login:session): session closed for user {who}", Logout, "console"),
    refused("login", "FAILED LOGIN {} FROM {from} FOR {who}, {}", LoginFailed, "console"),
    done("gdm-password]", "pam_unix(gdm-password:session): session opened for user {who} by {}", Login, "desktop"),
    done("cockpit-session", "pam_unix(cockpit:session): session opened for user {who} by {}", Login, "cockpit"),
    // First what was done: its command may hold the words of one that was refused, the reason of a refusal none of these.
    done("sudo", "{who} : TTY={from} ; PWD={} ; USER={as} ; COMMAND={what}", Sudo, "{what}"),
    refused("sudo", "{who} : {why} ; TTY={from} ; PWD={} ; USER={as} ; COMMAND={what}", Sudo, "{what} ({why})"),
    done("su", "pam_unix(su:session): session opened for user {as}(uid={}) by {who}(uid={}", Su, "su {as}"),
    done("su", "pam_unix(su:session): session opened for user {as} by {who}(uid={}", Su, "su {as}"),
    done("su", "pam_unix(su-l:session): session opened for user {as}(uid={}) by {who}(uid={}", Su, "su {as}"),
    done("su", "pam_unix(su-l:session): session opened for user {as} by {who}(uid={}", Su, "su {as}"),
    done("su", "(to {as}) {who} on {from}", Su, "su {as}"),
    refused("su", "FAILED SU (to {as}) {who} on {from}", Su, "su {as}"),
    refused(
        "su",
        "pam_unix(su:auth): authentication failure; logname={} uid={} euid={} tty={from} ruser={who} rhost={} user={as}",
        Su,
        "su {as}",
    ),
    refused(
        "su",
        "pam_unix(su-l:auth): authentication failure; logname={} uid={} euid={} tty={from} ruser={who} rhost={} user={as}",
        Su,
        "su {as}",
    ),
    done("useradd", "new user: name={name}, UID={uid}, {}", Account, "new user {name} (UID {uid})"),
    done("useradd", "new group: name={name}, GID={gid}", Account, "new group {name} (GID {gid})"),
    done("useradd", "add '{name}' to group '{group}'", Account, "{name} added to group {group}"),
    refused("useradd", "failed adding user '{name}', {}", Account, "new user {name}"),
    done("groupadd", "new group: name={name}, GID={gid}", Account, "new group {name} (GID {gid})"),
    done("groupdel", "group '{name}' removed", Account, "group {name} removed"),
    done("groupmod", "group changed in {} (group {name})", Account, "group {name} changed"),
    done("userdel", "delete user '{name}'", Account, "user {name} removed"),
    done("userdel", "delete '{name}' from group '{group}'", Account, "{name} removed from group {group}"),
    done("usermod", "add '{name}' to group '{group}'", Account, "{name} added to group {group}"),
    done("usermod", "delete '{name}' from group '{group}'", Account, "{name} removed from group {group}"),
    done("usermod", "change user '{name}' {how}", Account, "user {name}: change {how}"),
    done("usermod", "lock user '{name}' password", Account, "password of {name} locked"),
    done("usermod", "unlock user '{name}' password", Account, "password of {name} unlocked"),
    done("gpasswd", "user {name} added by {who} to group {group}", Account, "{name} added to group {group}"),
    done("gpasswd", "user {name} removed by {who} from group {group}", Account, "{name} removed from group {group}"),
    done("passwd", "pam_unix(passwd:chauthtok): password changed for {name}", Account, "password of {name} changed"),
    done("chpasswd", "pam_unix(chpasswd:chauthtok): password changed for {name}", Account, "password of {name} changed"),
    done("chage", "changed password expiry for {name}", Account, "password expiry of {name} changed"),
    done("chsh", "changed user '{name}' shell to '{shell}'", Account, "shell of {name} set to {shell}"),
    row("CROND", "({who}) CMD ({what})", Left, Cron, "{what}", None),
    row("crond", "({who}) CMD ({what})", Left, Cron, "{what}", None),
    done("crontab", "({who}) REPLACE ({of})", Cron, "crontab of {of} replaced"),
    done("crontab", "({who}) DELETE ({of})", Cron, "crontab of {of} deleted"),
    row("anacron", "Job `{job}' started", Left, Cron, "anacron {job}", None),
    row("atd", "Starting job {job} for user '{who}' {}", Left, Cron, "at job {job}", None),
    done("systemd[1]", "Started {unit}.", Unit, "started {unit}"),
    // From systemd 245 on, of units that run and end.
    done("systemd[1]", "Finished {unit}.", Unit, "started {unit}"),
    done("systemd[1]", "Stopped {unit}.", Unit, "stopped {unit}"),
    done("systemd[1]", "Reloaded {unit}.", Unit, "reloaded {unit}"),
    done("systemd[1]", "Reloading.", Unit, "reloaded systemd"),
    refused("systemd[1]", "Failed to start {unit}.", Unit, "started {unit}"),
    done("systemd[1]", "Time has been changed", TimeChanged, "clock changed"),
    done("systemd-timedated", "Changed local time to {time}", TimeChanged, "clock set to {time}"),
    done("systemd-timedated", "Changed time zone to '{zone}'{}", TimeChanged, "time zone set to {zone}"),
    done("systemd-timedated", "Set NTP to {state}.", TimeChanged, "NTP {state}"),
    row("chronyd", "System clock was stepped by {by} seconds", Left, TimeChanged, "clock stepped by {by} s", Some(Ok)),
    done("systemd-hostnamed", "Changed static host name to '{name}'", ConfigChanged, "host name set to {name}"),
    row("kernel", "Linux version {release} ({}", Left, Reboot, "boot, kernel {release}", None),
    row("systemd-logind", "System is rebooting.", Left, Shutdown, "reboot", None),
    row("systemd-logind", "System is powering down.", Left, Shutdown, "power off", None),
    row("systemd-logind", "Power key pressed.", Left, Shutdown, "power key pressed", None),
    row("systemd[1]", "Reached target Reboot.", Left, Shutdown, "reboot", None),
    row("systemd[1]", "Reached target Power-Off.", Left, Shutdown, "power off", None),
    row("systemd[1]", "Reached target Halt.", Left, Shutdown, "halt", None),
    done("dbus-daemon", "avc:  op=setenforce lsm=selinux enforcing={mode} {}", Selinux, "enforcing={mode}"),
    done("dbus-daemon", "avc:  received setenforce notice (enforcing={mode})", Selinux, "enforcing={mode}"),
    // bash built with SYSLOG_HISTORY, and the forms of PROMPT_COMMAND that administrators copy from one another.
    row("bash", "HISTORY: PID={} UID={who} {what}", Left, Command, "{what}", None),
    row("-bash", "HISTORY: PID={} UID={who} {what}", Left, Command, "{what}", None),
    row("bash", "user={who},ppid={},from={from},pwd={},command:{what}", Left, Command, "{what}", None),
    row("*", "{who} [{}]: {what} [0]", Right, Command, "{what}", Some(Ok)),
    row("*", "{who} [{}]: {what} [1]", Right, Command, "{what}", Some(Failed)),
    row("*", "{who} [{}]: {what} [2]", Right, Command, "{what}", Some(Failed)),
    row("*", "{who} [{}]: {what} [126]", Right, Command, "{what}", Some(Failed)),
    row("*", "{who} [{}]: {what} [127]", Right, Command, "{what}", Some(Failed)),
    row("*", "{who} [{}]: {what} [130]", Right, Command, "{what}", Some(Failed)),
    done("yum", "Installed: {package}", Package, "installed {package}"),
    done("yum", "Updated: {package}", Package, "upgraded {package}"),
    done("yum", "Erased: {package}", Package, "removed {package}"),
];

/// dnf.log and dnf.rpm.log: what was asked for, and what rpm then did. `Upgraded:` names what went.
pub(super) const DNF: &[Row] = &[
    row("dnf", "DDEBUG Command: {what}", Left, Package, "{what}", None),
    // The command before it came to nothing.
    row("dnf", "CRITICAL Error: {}", Left, Package, "", Some(Failed)),
    row("dnf", "ERROR Error: {}", Left, Package, "", Some(Failed)),
    done("dnf", "SUBDEBUG Installed: {package}", Package, "installed {package}"),
    done("dnf", "SUBDEBUG Upgrade: {package}", Package, "upgraded {package}"),
    done("dnf", "SUBDEBUG Downgrade: {package}", Package, "downgraded {package}"),
    done("dnf", "SUBDEBUG Reinstall: {package}", Package, "reinstalled {package}"),
    done("dnf", "SUBDEBUG Erase: {package}", Package, "removed {package}"),
];

/// Sessions of accounts are units too, but no operation on one; who logged in is told by others.
pub(super) const SESSION_UNITS: &[&str] =
    &["Session ", "User Manager for ", "User Runtime Directory ", "User runtime directory ", "/run/user/"];

/// dnf's timer refreshes its lists all day.
pub(super) const TIMER: &str = "dnf makecache";
