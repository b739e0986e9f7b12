//! Operations in tables of ours, in dnf's history and in shell histories.
//!
//! In: one line and what was remembered of the lines before. Out: records. The members are small; every line is read.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    OperationKind::{Command, ConfigChanged, Login, LoginFailed, Logout, Package, Reboot, Shutdown, TimeChanged},
    OperationResult, reader,
    store::{Record, Store},
};
use crate::{clock, cut, tap::Context};

/// Terminals whose session is remembered.
const TERMINALS: usize = 1024;

/// One line's place.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub path: &'a str,
    pub context: &'a Context,
    pub number: u64,
}

/// What is remembered between lines.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Who sits at a terminal.
    sessions: BTreeMap<String, (String, String)>,
    /// When the next command of a shell history was typed.
    typed: Option<Timestamp>,
}

/// One form of table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub read: fn(&str, Place<'_>, &mut Memory, &mut Store),
}

pub(super) const LOGINS: Table = Table { read: |text, place, memory, store| session(text, place, false, memory, store) };
pub(super) const FAILED: Table = Table { read: |text, place, memory, store| session(text, place, true, memory, store) };
pub(super) const FILES: Table = Table { read: file };
pub(super) const HISTORY: Table = Table { read: history };
pub(super) const SHELL: Table = Table { read: shell };
pub(super) const ACCOUNTS: Table = Table { read: account };

/// `time type user=NAME line host pid`, from wtmp or btmp.
fn session(text: &str, place: Place<'_>, failed: bool, memory: &mut Memory, store: &mut Store) {
    let fields: Vec<&str> = text.split('\t').collect();
    let [time, kind, user, line, host, ..] = fields[..] else { return };
    let Some((time, _)) = clock::iso(time) else { return };
    let user = user.strip_prefix("user=").unwrap_or(user);
    let record = |kind| Record::new(kind, Some(time), place.number, "utmp");
    let from = if host.is_empty() { line } else { host };
    let how = if line.starts_with("tty") { "console" } else { "ssh" };
    if failed {
        if matches!(kind, "login" | "user") {
            store.add(record(LoginFailed).by(Some(user)).from(Some(from)).what(how).ended(Some(OperationResult::Failed)));
        }
        return;
    }
    let ended = match kind {
        "user" => {
            if memory.sessions.len() < TERMINALS {
                memory.sessions.insert(line.to_owned(), (user.to_owned(), from.to_owned()));
            }
            record(Login).by(Some(user)).from(Some(from)).what(how).ended(Some(OperationResult::Ok))
        }
        "dead" => {
            let Some((user, from)) = memory.sessions.remove(line) else { return };
            record(Logout).by(Some(&user)).from(Some(&from)).what(how).ended(Some(OperationResult::Ok))
        }
        "boot" => {
            memory.sessions.clear();
            record(Reboot).what(if host.is_empty() { "boot".to_owned() } else { format!("boot, kernel {host}") }.as_str())
        }
        "runlevel" if user == "shutdown" => record(Shutdown).what("shutdown"),
        "clock-new" => record(TimeChanged).what("clock changed"),
        _ => return,
    };
    store.add(ended);
}

/// `modified path bytes mode owner`, files below /etc.
fn file(text: &str, place: Place<'_>, _: &mut Memory, store: &mut Store) {
    let mut fields = text.split('\t');
    let (Some(time), Some(path)) = (fields.next(), fields.next()) else { return };
    let Some((time, _)) = clock::iso(time) else { return };
    store.add(Record::new(ConfigChanged, Some(time), place.number, "files").what(path));
}

/// `ID | Command line | Date and time | Action(s) | Altered` of `dnf history list`.
fn history(text: &str, place: Place<'_>, _: &mut Memory, store: &mut Store) {
    let fields: Vec<&str> = text.split('|').map(str::trim).collect();
    let [id, command @ .., date, action, altered] = &fields[..] else { return };
    let Some(time) = reader::minute(date, place.context).filter(|_| id.parse::<u64>().is_ok()) else { return };
    let command = command.join(" | ");
    // E: rpm said something; <, >: the database was changed by others before or after.
    let failed = altered.contains('E') && altered.starts_with('0');
    let what = if command.is_empty() { format!("dnf {action} ({altered})") } else { format!("dnf {command}") };
    let result = if failed { OperationResult::Failed } else { OperationResult::Ok };
    store.add(Record::new(Package, Some(time), place.number, "history").what(&what).ended(Some(result)));
}

/// A command below a `#SECONDS` stamp (bash with HISTTIMEFORMAT), or `: SECONDS:0;command` (zsh).
fn shell(text: &str, place: Place<'_>, memory: &mut Memory, store: &mut Store) {
    let stamp = |digits: &str| digits.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    if let Some(digits) =
        text.strip_prefix('#').filter(|digits| digits.len() >= 9 && digits.bytes().all(|byte| byte.is_ascii_digit()))
    {
        memory.typed = stamp(digits);
        return;
    }
    let zsh = text.strip_prefix(": ").and_then(|rest| {
        let (head, command) = rest.split_once(';')?;
        Some((stamp(cut::before(head, ":")?)?, command))
    });
    // A command of several lines has one stamp; its first line tells enough.
    let Some((time, command)) = zsh.or_else(|| memory.typed.take().map(|time| (time, text))) else { return };
    let mut folders = place.path.split('/');
    let who = match (folders.next(), folders.next()) {
        (Some("home"), Some(owner)) => owner,
        _ => "root",
    };
    let line = if zsh.is_some() { place.number } else { place.number - 1 };
    let mut record = Record::new(Command, Some(time), line, "history").by(Some(who)).what(command);
    record.ranges = vec![(line, place.number)];
    store.add(record);
}

/// `name:x:1000:...`
fn account(text: &str, _: Place<'_>, _: &mut Memory, store: &mut Store) {
    let mut fields = text.split(':');
    if let (Some(name), Some(number)) = (fields.next(), fields.nth(1).and_then(|number| number.parse().ok())) {
        store.account(number, name);
    }
}
