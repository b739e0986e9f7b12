//! Operations in audit.log, RAW and ENRICHED.
//!
//! In: lines in order. Out: records. The lines of one command (SYSCALL, EXECVE, PROCTITLE) are put together by their serial.
//! Hex is decoded only where the redactor has looked inside and would have replaced what it found: see [`decode`].
//! What daemons do (no login behind it) is no operation.

use jiff::Timestamp;

use super::{
    OperationKind::{self, Account, Command, Firewall, Login, LoginFailed, Logout, Package, Selinux, Su, Sudo, Unit},
    OperationResult,
    store::{Record, Store},
};
use crate::cut;

/// Events whose lines may still come.
const OPEN: usize = 16;
/// Arguments kept of a command.
const ARGUMENTS: usize = 32;
/// Sessions remembered: USER_LOGIN and USER_START tell of the same login.
const SESSIONS: usize = 64;
/// No login session: `(uid_t) -1`.
const UNSET: [&str; 3] = ["4294967295", "-1", "unset"];

/// One type of record with a program and what it means.
struct Row {
    kinds: &'static [&'static str],
    /// The last part of `exe`; empty for any.
    program: &'static str,
    kind: OperationKind,
    /// The record's text, with the record's own fields.
    what: &'static str,
    /// Who did it: these fields in turn.
    who: &'static [&'static str],
}

const fn row(
    kinds: &'static [&'static str],
    program: &'static str,
    kind: OperationKind,
    what: &'static str,
    who: &'static [&'static str],
) -> Row {
    Row { kinds, program, kind, what, who }
}

/// Whose rights a process has, and who logged in.
const CALLER: &[&str] = &["AUID", "auid"];
const ACCOUNT: &[&str] = &["acct", "ID", "id"];

const ROWS: &[Row] = &[
    row(&["USER_CMD"], "", Sudo, "{cmd}", &["UID", "uid"]),
    row(&["USER_LOGIN", "USER_START"], "sshd", Login, "ssh", ACCOUNT),
    row(&["USER_LOGIN", "USER_START"], "login", Login, "console", ACCOUNT),
    row(&["USER_AUTH", "USER_ERR"], "sshd", LoginFailed, "ssh", ACCOUNT),
    row(&["USER_AUTH"], "login", LoginFailed, "console", ACCOUNT),
    row(&["USER_END", "USER_LOGOUT"], "sshd", Logout, "ssh", ACCOUNT),
    row(&["USER_END", "USER_LOGOUT"], "login", Logout, "console", ACCOUNT),
    row(&["USER_START", "USER_AUTH"], "su", Su, "su {acct}", CALLER),
    row(&["ADD_USER", "DEL_USER", "ADD_GROUP", "DEL_GROUP", "USER_MGMT", "GRP_MGMT"], "", Account, "{op} {acct} {id}", CALLER),
    row(&["USER_CHAUTHTOK", "GRP_CHAUTHTOK", "ACCT_LOCK", "ACCT_UNLOCK"], "", Account, "{op} {acct} {id}", CALLER),
    row(&["SERVICE_START"], "", Unit, "started {unit}", CALLER),
    row(&["SERVICE_STOP"], "", Unit, "stopped {unit}", CALLER),
    row(&["SYSTEM_BOOT"], "", OperationKind::Reboot, "boot", CALLER),
    row(&["SYSTEM_SHUTDOWN"], "", OperationKind::Shutdown, "shutdown", CALLER),
    row(&["SOFTWARE_UPDATE"], "", Package, "{op} {sw}", CALLER),
    row(&["MAC_STATUS"], "", Selinux, "enforcing={enforcing}", CALLER),
    row(&["MAC_CONFIG_CHANGE"], "", Selinux, "{bool}={val}", CALLER),
    row(&["MAC_POLICY_LOAD"], "", Selinux, "policy loaded", CALLER),
    row(&["NETFILTER_CFG"], "", Firewall, "{op} {table} {comm}", CALLER),
    row(&["CONFIG_CHANGE"], "", OperationKind::ConfigChanged, "audit: {op} {key} {audit_enabled}", CALLER),
];

/// The system calls that start a program: execve and execveat on x86_64 and aarch64.
const EXEC: [(&str, &str); 4] = [("c000003e", "59"), ("c000003e", "322"), ("c00000b7", "221"), ("c00000b7", "281")];

/// One command in the making.
#[derive(Debug, Default)]
struct Event {
    serial: String,
    time: Option<Timestamp>,
    line: u64,
    end: u64,
    syscall: bool,
    exec: bool,
    who: Option<String>,
    tty: Option<String>,
    exe: Option<String>,
    failed: bool,
    arguments: Vec<String>,
    title: Option<String>,
}

/// The state of reading one audit log.
#[derive(Debug, Default)]
pub(super) struct Audit {
    open: Vec<Event>,
    sessions: Vec<String>,
}

impl Audit {
    /// Takes one line.
    pub(super) fn line(&mut self, text: &str, number: u64, store: &mut Store) {
        // `log_format = ENRICHED` adds names behind a 0x1d byte; `ausearch` and some forwarders put a node in front.
        let text = match text.strip_prefix("node=").and_then(|rest| rest.split_once(' ')) {
            Some((_, rest)) => rest,
            None => text,
        };
        let Some((kind, rest)) = text.strip_prefix("type=").and_then(|rest| rest.split_once(' ')) else { return };
        let Some((stamp, fields)) = rest.strip_prefix("msg=audit(").and_then(|rest| rest.split_once("):")) else { return };
        let Some((time, serial)) = stamp.split_once(':') else { return };
        let time = moment(time);
        match kind {
            "SYSCALL" | "EXECVE" | "PROCTITLE" => self.part(kind, fields, time, serial, number, store),
            "EOE" => self.close(serial, store),
            _ => {
                if let Some(row) = ROWS.iter().find(|row| row.is_for(kind, fields))
                    && let Some(record) = self.record(kind, row, fields, time, number)
                {
                    store.add(record);
                }
            }
        }
    }

    /// Ends the log.
    pub(super) fn finish(self, store: &mut Store) {
        for event in self.open {
            event.close(store);
        }
    }

    /// A record of one line; none when it is about daemons, or only repeats another.
    fn record(&mut self, kind: &str, row: &Row, fields: &str, time: Option<Timestamp>, line: u64) -> Option<Record> {
        let op = field(fields, "op").map(|value| value.text);
        let result = match field(fields, "res").map(|value| value.text) {
            Some("success" | "1") => Some(OperationResult::Ok),
            Some("failed" | "0") => Some(OperationResult::Failed),
            _ => None,
        };
        let failed = result == Some(OperationResult::Failed);
        match row.kind {
            Login if failed || (kind == "USER_START" && op != Some("PAM:session_open")) => return None,
            LoginFailed if !failed || op != Some("PAM:authentication") => return None,
            Su if (kind == "USER_AUTH") != failed => return None,
            Login => {
                let session = field(fields, "ses").map(|value| value.text).filter(|session| !UNSET.contains(session));
                if let Some(session) = session {
                    if self.sessions.iter().any(|known| known == session) {
                        return None;
                    }
                    if self.sessions.len() >= SESSIONS {
                        self.sessions.remove(0);
                    }
                    self.sessions.push(session.to_owned());
                }
            }
            _ => {}
        }
        let who = row.who.iter().find_map(|name| known(fields, name));
        if row.kind == OperationKind::ConfigChanged && who.is_none() {
            return None;
        }
        let from = ["addr", "terminal", "tty"].iter().find_map(|name| known(fields, name)).map(terminal);
        let record = Record::new(row.kind, time, line, row.kinds[0])
            .by(who)
            .from(from.as_deref().filter(|from| !matches!(*from, "ssh" | "cron")))
            .run_as(if row.kind == Su { known(fields, "acct") } else { None })
            .what(&fill(row.what, fields))
            .ended(result);
        Some(record)
    }

    /// One line of a system call.
    fn part(&mut self, kind: &str, fields: &str, time: Option<Timestamp>, serial: &str, number: u64, store: &mut Store) {
        let known = self.open.iter().position(|event| event.serial == serial);
        let at = known.unwrap_or_else(|| {
            if self.open.len() >= OPEN {
                self.open.remove(0).close(store);
            }
            let event = Event { serial: serial.to_owned(), time, line: number, ..Event::default() };
            self.open.push(event);
            self.open.len() - 1
        });
        let event = &mut self.open[at];
        event.end = number;
        match kind {
            "SYSCALL" => event.syscall(fields),
            "EXECVE" => event.arguments = arguments(fields),
            _ => {
                event.title = field(fields, "proctitle").map(|value| value.decoded(true));
                // It is the last line but EOE, which the log does not keep.
                self.close(serial, store);
            }
        }
    }

    fn close(&mut self, serial: &str, store: &mut Store) {
        if let Some(at) = self.open.iter().position(|event| event.serial == serial) {
            self.open.remove(at).close(store);
        }
    }
}

impl Row {
    fn is_for(&self, kind: &str, fields: &str) -> bool {
        let program = || field(fields, "exe").and_then(|exe| exe.text.rsplit('/').next());
        self.kinds.contains(&kind) && (self.program.is_empty() || program() == Some(self.program))
    }
}

impl Event {
    fn syscall(&mut self, fields: &str) {
        let text = |name| field(fields, name).map(|value| value.text);
        self.syscall = true;
        let (arch, call) = (text("arch").unwrap_or_default(), text("syscall").unwrap_or_default());
        self.exec = matches!(text("SYSCALL"), Some("execve" | "execveat")) || EXEC.contains(&(arch, call));
        self.who = CALLER.iter().find_map(|name| known(fields, name)).map(str::to_owned);
        self.tty = known(fields, "tty").map(terminal);
        self.exe = text("exe").map(str::to_owned);
        self.failed = text("success") == Some("no");
    }

    fn close(self, store: &mut Store) {
        // Without its SYSCALL line nobody knows whose it was; daemons have no login behind them.
        if self.syscall && (!self.exec || self.who.is_none()) {
            return;
        }
        let arguments = (!self.arguments.is_empty()).then(|| self.arguments.join(" "));
        let Some(what) = arguments.or(self.title).or(self.exe).filter(|what| !what.trim().is_empty()) else { return };
        let result = self.syscall.then_some(if self.failed { OperationResult::Failed } else { OperationResult::Ok });
        let record = Record::new(Command, self.time, self.line, "SYSCALL").by(self.who.as_deref()).from(self.tty.as_deref());
        let mut record = record.what(&what).ended(result);
        record.ranges = vec![(self.line, self.end)];
        store.add(record);
    }
}

/// One value of a record.
#[derive(Clone, Copy, Debug)]
struct Value<'a> {
    text: &'a str,
    quoted: bool,
}

impl Value<'_> {
    /// As text; `looked_into`: the redactor decodes this field.
    fn decoded(self, looked_into: bool) -> String {
        let plain = if self.quoted || !looked_into { None } else { decode(self.text) };
        plain.unwrap_or_else(|| self.text.to_owned())
    }
}

/// The value of a field, not of one whose name ends alike.
fn field<'a>(fields: &'a str, name: &str) -> Option<Value<'a>> {
    let mut rest = fields;
    loop {
        let at = rest.find(name)?;
        let before = rest[..at].chars().next_back();
        let after = &rest[at + name.len()..];
        if let (None | Some(' ' | '\'' | '\u{1d}'), Some(value)) = (before, after.strip_prefix('=')) {
            return Some(Value::at(value));
        }
        rest = after;
    }
}

impl<'a> Value<'a> {
    fn at(text: &'a str) -> Self {
        // `op=adding user id=1009`: a value may have more words; they hold no `=`.
        let words = text.split(' ').skip(1).take_while(|word| !word.contains(['=', '\'', '\u{1d}']) && !word.is_empty());
        let more: usize = words.map(|word| word.len() + 1).sum();
        if more > 0 && !text.starts_with('"') {
            let first = text.split(' ').next().unwrap_or_default();
            if first.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
                return Self { text: &text[..first.len() + more], quoted: false };
            }
        }
        let (text, quoted, ends): (_, _, &[char]) = match text.strip_prefix('"') {
            Some(text) => (text, true, &['"']),
            None => (text, false, &[' ', '\'', '\u{1d}']),
        };
        Self { text: text.split(ends).next().unwrap_or_default(), quoted }
    }
}

/// A field that says something. A name that the audit system had to write in hex is left out: the redactor has not seen it.
fn known<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let value = field(fields, name)?;
    let hidden = matches!(value.text, "" | "?" | "(none)" | "(unknown)") || UNSET.contains(&value.text);
    let hex = name == "acct" && !value.quoted;
    (!hidden && !hex).then_some(value.text)
}

/// The terminal as other logs write it: `pts0` is `pts/0`, `/dev/tty1` is `tty1`.
fn terminal(text: &str) -> String {
    let text = text.strip_prefix("/dev/").unwrap_or(text);
    match text.strip_prefix("pts") {
        Some(number) if number.starts_with(|c: char| c.is_ascii_digit()) => format!("pts/{number}"),
        _ => text.to_owned(),
    }
}

/// `template` with the record's fields; what is missing leaves nothing.
fn fill(template: &str, fields: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((plain, tail)) = rest.split_once('{') {
        let Some((name, tail)) = tail.split_once('}') else { break };
        out.push_str(plain);
        let value = field(fields, name).filter(|value| !matches!(value.text, "?" | "(null)"));
        out.push_str(&value.map(|value| value.decoded(name == "cmd")).unwrap_or_default());
        rest = tail;
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The arguments of EXECVE, those with blanks in quotes.
fn arguments(fields: &str) -> Vec<String> {
    let mut rest = fields;
    let mut found = Vec::new();
    for number in 0..ARGUMENTS {
        let Some(after) = cut::after(rest, &format!(" a{number}=")) else { break };
        rest = after;
        let argument = Value::at(after).decoded(number < DECODED_ARGUMENTS);
        found.push(if argument.contains(char::is_whitespace) { format!("'{argument}'") } else { argument });
    }
    found
}

/// The redactor looks into so many arguments of a command (its rows ` a0=` to ` a15=`).
const DECODED_ARGUMENTS: usize = 16;
/// The redactor takes longer lines in pieces, and a piece of hex is not what the whole is. The kernel's records are shorter.
const SAFE: usize = 16 << 10;

/// Hex as text. Exactly what the redactor decodes, redacts and encodes again (`collector`: `redact/scan.rs`, `Literals::hex`):
/// 4 bytes at least, whole bytes, no control characters but NUL, tab, line ends and escape. All else stays hex: nobody
/// has looked into it.
fn decode(hex: &str) -> Option<String> {
    if !(8..=SAFE).contains(&hex.len()) || !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    let plain: Vec<u8> = hex.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    if plain.iter().any(|byte| *byte < 32 && !matches!(byte, 0 | b'\t' | b'\n' | b'\r' | 27) || *byte == 127) {
        return None;
    }
    let text = String::from_utf8_lossy(&plain);
    Some(text.split('\0').collect::<Vec<_>>().join(" ").trim_end().to_owned())
}

/// Seconds and milliseconds since 1970: `1762885809.077`.
fn moment(text: &str) -> Option<Timestamp> {
    let (seconds, millis) = text.split_once('.')?;
    let whole: i64 = seconds.parse().ok()?;
    Timestamp::from_millisecond(whole.checked_mul(1000)?.checked_add(millis.parse().ok()?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_decoded_only_as_the_redactor_does() {
        assert_eq!(decode("6C73002D6C00").as_deref(), Some("ls -l"));
        for left in ["6C73", "6C73002D6", "6C7300016C", "6C73007F6C00", "ls -l -a", ""] {
            assert_eq!(decode(left), None, "{left}");
        }
    }

    #[test]
    fn a_field_is_not_one_that_ends_alike() {
        let fields = "pid=1 uid=0 auid=1000 msg='op=login acct=\"ops\" res=success'\u{1d}UID=\"root\"";
        let text = |name| field(fields, name).map(|value| value.text);
        assert_eq!(
            (text("uid"), text("UID"), text("res"), text("acct")),
            (Some("0"), Some("root"), Some("success"), Some("ops"))
        );
        assert_eq!(text("id"), None);
    }
}
