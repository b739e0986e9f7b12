//! Operation records on the two fixture hosts, on single lines, and on any bytes.
//!
//! In: `tests/data/<host>/{root,operations}.tar.gz` with `operations.tsv` (records found by reading those logs),
//! `tests/data/operations.tsv` (lines and their record), `tests/data/operations-none.tsv` (lines that are none).

use std::{collections::BTreeMap, fmt::Write as _, io::Read as _};

use flate2::read::GzDecoder;
use oediag_analysis::{Conclusion, Context, Operation, OperationKind, OperationsJson, conclude, tap};
use proptest::prelude::*;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn context(latest: &str, booted: Option<&str>) -> Context {
    Context {
        latest: latest.parse().expect("a time"),
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        booted: booted.map(|booted| booted.parse().expect("a time")),
    }
}

struct Host {
    members: Vec<(String, Vec<u8>)>,
    context: Context,
}

fn host(name: &str) -> Host {
    let read = |file: &str| std::fs::read(format!("{DATA}/{name}/{file}")).expect("a file of the test data");
    let mut members = Vec::new();
    for archive in ["root.tar.gz", "operations.tar.gz"] {
        let packed = read(archive);
        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        for entry in archive.entries().expect("a tar archive") {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").to_str().expect("UTF-8").to_owned();
            let mut bytes = Vec::new();
            if path.strip_suffix(".gz").is_some() {
                GzDecoder::new(entry).read_to_end(&mut bytes).expect("a rotated log");
            } else {
                entry.read_to_end(&mut bytes).expect("a member");
            }
            members.push((path, bytes));
        }
    }
    let meta: serde_json::Value = serde_json::from_slice(&read("meta.json")).expect("JSON");
    let text = |key: &str| meta[key].as_str().expect("a time");
    Host { members, context: context(text("collected_at"), Some(text("booted_at"))) }
}

fn analyse(host: &Host, chunk: usize, reverse: bool) -> Conclusion {
    let mut findings = Vec::new();
    for (path, bytes) in &host.members {
        let Some(mut tap) = tap(path, &host.context) else { continue };
        bytes.chunks(chunk).for_each(|chunk| tap.feed(chunk));
        findings.push(tap.finish());
    }
    if reverse {
        findings.reverse();
    }
    conclude(findings)
}

fn rows(file: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(format!("{DATA}/{file}")).expect("a table");
    let plain = |field: &str| field.replace("\\n", "\n").replace("\\t", "\t").replace("\\g", "\u{1d}").replace("\\\\", "\\");
    text.lines().skip(1).map(|line| line.split('\t').map(plain).collect()).collect()
}

fn word(kind: impl serde::Serialize) -> String {
    serde_json::to_value(kind).expect("JSON").as_str().unwrap_or("-").to_owned()
}

fn or_dash(text: Option<&String>) -> &str {
    text.map_or("-", String::as_str)
}

#[expect(clippy::print_stdout, reason = "the table is what a person runs this test for")]
fn judge(name: &str, quiet: &[&str]) {
    let conclusion = analyse(&host(name), 1 << 20, false);
    let found = &conclusion.operations;
    let mut missed = Vec::new();
    let mut order = Vec::new();
    let rows = rows(&format!("{name}/operations.tsv"));
    for row in &rows {
        let [path, line, kind, time, who, from, what, result, count] = &row[..] else { panic!("a row of nine fields") };
        let line: u64 = line.parse().expect("a line");
        let matches = |one: &Operation| {
            one.evidence.iter().any(|place| place.path == *path && place.line <= line && line <= place.end)
                && one.kind.word() == kind
                && one.time.as_deref() == Some(time)
                && or_dash(one.who.as_ref()) == who
                && (or_dash(one.from.as_ref()) == from || from == "-")
                && one.what.starts_with(what.as_str())
                && word(one.result) == *result
                && one.count.to_string() == *count
        };
        if let Some(at) = found.iter().position(matches) {
            order.push((time.clone(), at));
        } else {
            let near: Vec<&Operation> = found.iter().filter(|one| one.time.as_ref() == Some(time)).collect();
            missed.push(format!("{row:?}\n    near: {near:?}"));
        }
    }
    let mut table: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for one in found {
        let cell = table.entry(one.kind.word()).or_default();
        *cell = (cell.0 + 1, cell.1 + one.count);
    }
    println!("{name}: {} of {} answers found, {} records: {table:?}", rows.len() - missed.len(), rows.len(), found.len());
    assert!(missed.is_empty(), "missed:\n{}", missed.join("\n"));
    order.sort();
    assert!(order.windows(2).all(|pair| pair[0].0 == pair[1].0 || pair[0].1 < pair[1].1), "not oldest first");
    assert!(found.windows(2).all(|pair| pair[0].time <= pair[1].time));
    // What machines do all day is a few records.
    let units: Vec<&str> = found.iter().filter(|one| one.kind == OperationKind::Unit).map(|one| one.what.as_str()).collect();
    assert_eq!(units, quiet, "units");
    assert!(conclusion.operations_left_out.is_empty());
    let file = OperationsJson::new(found.clone(), BTreeMap::new());
    let text = serde_json::to_string(&file).expect("JSON");
    assert!(text.starts_with("{\"schema\":\"oediag.operations/1\",\"operations\":[{\"time\":\""));
    assert_eq!(serde_json::from_str::<OperationsJson>(&text).expect("our own JSON"), file);
}

#[test]
fn finds_what_was_done_on_the_20_03_host() {
    judge(
        "2003",
        &["started system activity accounting tool", "started dnf-makecache", "started logrotate", "started sysstat-collect"],
    );
}

#[test]
fn finds_what_was_done_on_the_22_03_host() {
    judge(
        "2203",
        &["started system activity accounting tool", "started dnf-makecache", "started sysstat-collect", "started logrotate"],
    );
}

#[test]
fn does_not_depend_on_chunks_or_on_the_order_of_members() {
    for name in ["2003", "2203"] {
        let host = host(name);
        let whole = analyse(&host, 1 << 20, false).operations;
        assert_eq!(whole, analyse(&host, 7919, true).operations);
        assert_eq!(whole, analyse(&host, 61, false).operations);
    }
}

fn read(path: &str, text: &[u8], chunk: usize) -> Conclusion {
    let mut tap = tap(path, &context("2026-01-02T09:45:30+08:00", None)).expect("a path that is read");
    text.chunks(chunk).for_each(|chunk| tap.feed(chunk));
    conclude(vec![tap.finish()])
}

#[test]
fn every_example_is_one_record() {
    let rows = rows("operations.tsv");
    assert!(rows.len() >= 55, "{}", rows.len());
    for row in rows {
        let [path, kind, who, from, run_as, what, result, lines] = &row[..] else { panic!("a row of eight fields") };
        let found = read(path, lines.as_bytes(), 1 << 20).operations;
        assert_eq!(found.len(), 1, "{lines}\n{found:?}");
        let one = &found[0];
        let is = [
            one.kind.word(),
            or_dash(one.who.as_ref()),
            or_dash(one.from.as_ref()),
            or_dash(one.run_as.as_ref()),
            &one.what,
            &word(one.result),
        ];
        assert_eq!(is.map(str::to_owned), [kind, who, from, run_as, what, result].map(Clone::clone), "{lines}");
        assert!(one.time.is_some(), "{lines}");
    }
}

#[test]
fn counter_examples_are_none() {
    let rows = rows("operations-none.tsv");
    assert!(rows.len() >= 50, "{}", rows.len());
    for row in rows {
        let found = read(&row[0], row[1].as_bytes(), 1 << 20).operations;
        assert!(found.is_empty(), "{}\n{found:?}", row[1]);
    }
}

/// Members read side by side.
fn together(members: &[(&str, &str)]) -> Vec<Operation> {
    let context = context("2026-01-02T09:45:30+08:00", None);
    let findings = members.iter().map(|(path, text)| {
        let mut tap = tap(path, &context).expect("a path that is read");
        tap.feed(text.as_bytes());
        tap.finish()
    });
    conclude(findings.collect()).operations
}

#[test]
fn one_sudo_in_three_logs_is_one_record() {
    let syslog = "Jan  1 08:05:00 h sudo[5]: ops : TTY=pts/3 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/ls -l /x\n";
    let audit = "type=USER_CMD msg=audit(1767225900.412:9): pid=5 uid=1000 auid=1000 ses=4 msg='cwd=\"/\" cmd=6C73202D6C202F78 exe=\"/usr/bin/sudo\" terminal=pts/3 res=success'\n\
        type=SYSCALL msg=audit(1767225900.500:10): arch=c000003e syscall=59 success=yes auid=1000 uid=0 tty=pts3 exe=\"/usr/bin/ls\"\n\
        type=EXECVE msg=audit(1767225900.500:10): argc=3 a0=\"ls\" a1=\"-l\" a2=\"/x\"\n";
    let members = [
        ("var/log/secure", syslog),
        ("oediag/journal/logs.journal", &syslog.replace("Jan  1 08:05:00", "2026-01-01T08:05:00.123456+0800")),
        ("var/log/audit/audit.log", audit),
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\n"),
    ];
    let found = together(&members);
    assert_eq!(found.len(), 1, "{found:?}");
    let one = &found[0];
    assert_eq!(
        (one.kind, one.count, one.who.as_deref(), one.what.as_str()),
        (OperationKind::Sudo, 1, Some("ops"), "/usr/bin/ls -l /x")
    );
    assert_eq!(one.evidence.len(), 4, "{:?}", one.evidence);
}

#[test]
fn one_login_in_three_sources_is_one_record() {
    let found = together(&[
        (
            "var/log/secure",
            "Jan  1 08:05:00 h sshd[7]: Accepted publickey for ops from 10.1.1.1 port 9 ssh2\nJan  1 08:05:00 h sshd[7]: pam_unix(sshd:session): session opened for user ops by (uid=0)\n",
        ),
        (
            "var/log/audit/audit.log",
            "type=USER_LOGIN msg=audit(1767225900.412:9): pid=7 uid=0 auid=1000 ses=3 msg='op=login acct=\"ops\" exe=\"/usr/sbin/sshd\" hostname=h addr=10.1.1.1 terminal=/dev/pts/0 res=success'\n",
        ),
        (
            "oediag/native/operations.logins.tsv",
            "2026-01-01T00:05:01Z\tuser\tuser=ops\tpts/0\t10.1.1.1\t7\n2026-01-01T00:09:01Z\tdead\t\tpts/0\t\t7\n",
        ),
    ]);
    let kinds: Vec<_> = found.iter().map(|one| (one.kind.word(), one.count, one.from.as_deref(), one.evidence.len())).collect();
    assert_eq!(kinds, [("login", 1, Some("10.1.1.1"), 3), ("logout", 1, Some("10.1.1.1"), 1)]);
    assert_eq!(found[0].what, "ssh publickey");
}

#[test]
fn machines_are_folded_and_people_are_not() {
    let mut cron = String::new();
    for hour in 0..24 {
        for minute in (0..60).step_by(10) {
            writeln!(cron, "Jan  1 {hour:02}:{minute:02}:01 h CROND[1]: (root) CMD (/usr/lib64/sa/sa1 1 1)").expect("memory");
        }
    }
    let found = together(&[("var/log/cron", &cron)]);
    assert_eq!((found.len(), found[0].count, found[0].evidence.len()), (1, 144, 1));
    assert_eq!(found[0].last.as_deref(), Some("2026-01-01T23:50:01+08:00"));
    let mut guesses = String::new();
    for second in 0..2000 {
        let user = ["root", "admin", "oracle"][second % 3];
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        writeln!(
            guesses,
            "Jan  1 {hour:02}:{minute:02}:{second:02} h sshd[1]: Failed password for {user} from 10.1.1.1 port 1 ssh2"
        )
        .expect("memory");
    }
    let found = together(&[("var/log/secure", &guesses)]);
    assert_eq!((found.len(), found[0].count, found[0].who.as_deref()), (1, 2000, None));
    let sudo = "sudo[5]: ops : TTY=pts/3 ; PWD=/ ; USER=root ; COMMAND=/bin/ls\n";
    let typed = format!("Jan  1 08:00:00 h {sudo}Jan  1 08:20:00 h {sudo}");
    assert_eq!(together(&[("var/log/secure", &typed)]).len(), 2);
}

#[test]
fn units_that_come_up_or_go_down_with_the_host_are_no_operations() {
    let text = "Jan  1 08:00:00 h systemd-logind[9]: System is rebooting.\nJan  1 08:00:05 h systemd[1]: Stopped OpenSSH server daemon.\n\
        Jan  1 08:01:00 h kernel: [    0.000000] Linux version 5.10.0 (a@b) (gcc)\nJan  1 08:01:20 h systemd[1]: Started OpenSSH server daemon.\n\
        Jan  1 09:01:20 h systemd[1]: Stopped OpenSSH server daemon.\n";
    let found = together(&[("var/log/messages", text)]);
    let what: Vec<_> = found.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(what, ["reboot", "boot, kernel 5.10.0", "stopped OpenSSH server daemon"]);
}

#[test]
fn what_is_rare_is_not_pushed_out_by_what_is_not() {
    let mut members = Vec::new();
    for file in 0..5 {
        let mut text = String::from("Jan  1 00:00:00 h useradd[1]: new group: name=app, GID=1011\n");
        for second in 0..3000 {
            let (hour, minute, second) = (second / 3600 + file, second / 60 % 60, second % 60);
            writeln!(text, "Jan  1 {hour:02}:{minute:02}:{second:02} h sudo[5]: ops : TTY=pts/3 ; PWD=/ ; USER=root ; COMMAND=/bin/ls {file}{second}{minute}x").expect("memory");
        }
        members.push((format!("var/log/secure-{file}"), text));
    }
    let context = context("2026-01-02T09:45:30+08:00", None);
    let findings = members.iter().map(|(path, text)| {
        let mut tap = tap(path, &context).expect("a path that is read");
        tap.feed(text.as_bytes());
        tap.finish()
    });
    let conclusion = conclude(findings.collect());
    assert_eq!(conclusion.operations.len(), 5000);
    let told: u64 = conclusion.operations.iter().filter(|one| one.kind == OperationKind::Sudo).map(|one| one.count).sum();
    assert_eq!(told + conclusion.operations_left_out[&OperationKind::Sudo], 15_000);
    assert!(conclusion.operations.iter().any(|one| one.kind == OperationKind::Account));
    assert_eq!(conclusion.operations_left_out.len(), 1);
}

/// Pieces of lines that lead far into the readers.
const PIECES: &[&str] = &[
    "Jan  1 03:20:00 host sshd[7]: ",
    "Jan  1 03:20:01 host sudo[7]: ",
    "Jan  1 03:20:00 host systemd[1]: ",
    "Jan  1 03:20:00 host su: ",
    "2026-01-01T03:20:00+08:00 h CROND[1]: ",
    "2026-01-01T02:22:10+0800 ",
    "Accepted password for a from b port 1",
    "Failed password for ",
    " from ",
    " port ",
    "a : TTY=b ; PWD=c ; USER=d ; COMMAND=e",
    " ; COMMAND=",
    "(root) CMD (",
    ")",
    "Started ",
    "Stopped ",
    ".",
    "DDEBUG Command: dnf x",
    "CRITICAL Error: x",
    "SUBDEBUG Erase: ",
    "type=SYSCALL msg=audit(1.2:3): arch=c000003e syscall=59 auid=1 tty=pts1 exe=\"x\"",
    "type=EXECVE msg=audit(1.2:3): argc=1 a0=",
    "type=PROCTITLE msg=audit(1.2:3): proctitle=",
    "6C73002D6C",
    "type=USER_CMD msg=audit(1.2:3): ",
    " cmd=",
    "type=EOE msg=audit(1.2:3): ",
    "type=USER_LOGIN msg=audit(1.2:3): exe=\"/sshd\" acct=\"a\" ses=1",
    " res=success",
    "op=adding user id=1",
    "#1767000001",
    "#",
    ": 1767000001:0;ls",
    "2026-01-01T02:00:00Z\tuser\tuser=a\tpts/0\tb\t7",
    "2026-01-01T02:00:00Z\tdead\t\tpts/0\t\t7",
    "5 | install | 2026-01-01 02:22 | I | 0E",
    "|",
    "a:x:1:1::/:",
    "[0]",
    " [1]: ",
    "\n",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "é汉",
    "\0",
    "\u{1d}",
    "\"",
    "'",
    "99999999999999999999",
    "=",
    " ",
    "\t",
];

const PATHS: &[&str] = &[
    "var/log/messages",
    "var/log/secure",
    "var/log/cron",
    "oediag/journal/logs.journal",
    "var/log/dnf.log",
    "var/log/dnf.rpm.log",
    "var/log/audit/audit.log",
    "oediag/native/operations.logins.tsv",
    "oediag/native/operations.failed_logins.tsv",
    "oediag/native/operations.changed_files.tsv",
    "oediag/commands/operations.package_history/stdout",
    "root/.bash_history",
    "home/ops/.zsh_history",
    "etc/passwd",
    "var/crash/127.0.0.1-2026-01-01-03:20:00/vmcore-dmesg.txt",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_cut_anywhere_say_the_same(path in prop::sample::select(PATHS), pieces in prop::collection::vec(prop_oneof![
        6 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ], 0..60), chunk in 1_usize..300) {
        let bytes = pieces.concat();
        let whole = read(path, &bytes, usize::MAX);
        prop_assert_eq!(&whole.operations, &read(path, &bytes, chunk).operations);
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        for one in &whole.operations {
            prop_assert!(one.count >= 1 && one.time <= one.last && one.what.len() <= 400 && !one.evidence.is_empty());
            prop_assert!(one.evidence.iter().all(|place| 1 <= place.line && place.line <= place.end && place.end <= lines), "{one:?}");
        }
    }
}
