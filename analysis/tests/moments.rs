//! When lines were written: every form of stamp, and the years of those that have none.

use jiff::{Timestamp, tz::TimeZone};
use oediag_analysis::{Context, Moments};

fn context(latest: &str) -> Context {
    let zone = TimeZone::get("Asia/Shanghai").expect("the zone is built in");
    Context { latest: latest.parse().expect("a time"), zone, booted: None }
}

fn moment(path: &str, line: &str) -> Option<String> {
    let found = Moments::new(path, &context("2026-01-02T12:00:00Z"), None).of(line.as_bytes());
    found.map(|moment: Timestamp| moment.to_string())
}

#[test]
fn every_form_of_stamp_is_read() {
    for (path, line, expected) in [
        ("messages", "Dec 31 10:11:20 host kernel: [1.000000] x", "2025-12-31T02:11:20Z"),
        ("messages", "Jan  2 10:11:20 host a: x", "2026-01-02T02:11:20Z"),
        ("messages", "2025-12-31T10:11:20.123456+08:00 host a: x", "2025-12-31T02:11:20.123456Z"),
        ("messages", "\0\0\0\0Dec 31 10:11:20 host a: after a crash", "2025-12-31T02:11:20Z"),
        ("dnf.log", "2025-12-31T02:11:20Z DEBUG x", "2025-12-31T02:11:20Z"),
        ("dnf.log", "2025-12-31T10:11:20+0800 DEBUG x", "2025-12-31T02:11:20Z"),
        ("sysmonitor.log", "2025-12-31T10:11:20+08:00|info|sysmonitor[1]: x", "2025-12-31T02:11:20Z"),
        ("sysmonitor.log", "[UTC 2025-12-31:02:11:20]sysmonitor[1]: x", "2025-12-31T02:11:20Z"),
        ("sysmonitor.log", "[LOC 2025-12-31:10:11:20]sysmonitor[1]: x", "2025-12-31T02:11:20Z"),
        ("sysSentry/x.log", "2025-12-31 10:11:20,114 - INFO - [a.py:1] - x", "2025-12-31T02:11:20.114Z"),
        ("event.log", r#"{"Timestamp": 1767147080000, "event_id": "x"}"#, "2025-12-31T02:11:20Z"),
        ("event.log", r#"    "Timestamp": 1767147080000,"#, "2025-12-31T02:11:20Z"),
        ("audit.log", "type=SYSCALL msg=audit(1767147080.077:4101): arch=c000003e", "2025-12-31T02:11:20.077Z"),
        ("audit.log", "node=h type=SYSCALL msg=audit(1767147080.077:4101): a", "2025-12-31T02:11:20.077Z"),
        ("tuned.log", "2025-12-31 10:11:20,114 INFO     tuned.daemon: x", "2025-12-31T02:11:20.114Z"),
        ("firewalld", "2025-12-31 10:11:20 WARNING: x", "2025-12-31T02:11:20Z"),
        ("/var/log/chrony/tracking.log", "2025-12-31 02:11:20 192.0.2.1 3 4", "2025-12-31T02:11:20Z"),
        ("sssd.log", "(2025-12-31 10:11:20): [be[x]] [y] (0x1): z", "2025-12-31T02:11:20Z"),
        ("sssd.log", "(2025-12-31 10:11:20:123456): [be[x]] z", "2025-12-31T02:11:20.123456Z"),
        ("sssd.log", "(Wed Dec 31 10:11:20 2025) [sssd] z", "2025-12-31T02:11:20Z"),
        ("sssd.log", "(Wed Dec 31 10:11:20:123456 2025) [sssd] z", "2025-12-31T02:11:20.123456Z"),
        ("qemu/a.log", "2025-12-31 02:11:20.123+0000: starting up libvirt", "2025-12-31T02:11:20.123Z"),
        ("nginx/error.log", "2025/12/31 10:11:20 [error] 12#12: x", "2025-12-31T02:11:20Z"),
        ("access.log", r#"192.0.2.1 - - [31/Dec/2025:10:11:20 +0800] "GET / HTTP/1.1" 200"#, "2025-12-31T02:11:20Z"),
        ("access.log", r#"2001:db8::1 - bob [31/Dec/2025:10:11:20 +0800] "GET /[x]" 200"#, "2025-12-31T02:11:20Z"),
        ("error_log", "[Wed Dec 31 10:11:20.123456 2025] [core:notice] x", "2025-12-31T02:11:20.123456Z"),
        ("syscare", "[2025-12-31 10:11:20.123456] [INFO] x", "2025-12-31T02:11:20.123456Z"),
        ("oeAware", "[2025-12-31 10:11:20] [INFO] x", "2025-12-31T02:11:20Z"),
        ("hawkey.log", "INFO Dec-31 10:11:20 === Started libdnf", "2025-12-31T02:11:20Z"),
        ("docker", "time=\"2025-12-31T10:11:20.5+08:00\" level=info", "2025-12-31T02:11:20.5Z"),
        ("isulad.log", "            isulad 20251231101120.250 INFO   src/a.c", "2025-12-31T02:11:20.25Z"),
    ] {
        assert_eq!(moment(path, line).as_deref(), Some(expected), "{line}");
    }
}

#[test]
fn what_has_no_stamp_of_its_own_has_no_moment() {
    for line in [
        "",
        "\0\0\0",
        " continued at 2025-12-31T02:11:20Z",
        "Traceback (most recent call last):",
        "  File \"a.py\", line 1",
        "10:11:20,114 INFO anaconda: without a date",
        "Dec 32 10:11:20 host a: x",
        "Feb 30 10:11:20 host a: x",
        "Dec 31 24:11:20 host a: x",
        "2025-13-31T10:11:20+08:00 x",
        "2025-12-31",
        "type=SYSCALL audit(17671470",
        "Dec 31 10:11:2",
        "\u{1b}[32m  OK  \u{1b}[0m Started",
        "[    0.000000] Linux version",
        "十二月 31 10:11:20",
        "{\"Timestamp\": \"x\"}",
        "[31/Déc/2025:10:11:20 +0800]",
    ] {
        assert_eq!(moment("messages", line), None, "{line}");
    }
}

/// Reads a file twice, as the collector does: the first reading finds where the second has to start.
fn years(latest: &str, lines: &[&str]) -> Vec<i16> {
    let context = context(latest);
    let mut first = Moments::new("messages", &context, None);
    for line in lines {
        first.of(line.as_bytes());
    }
    let mut second = Moments::new("messages", &context, first.start());
    let year = |moment: Timestamp| moment.to_zoned(context.zone.clone()).year();
    lines.iter().filter_map(|line| second.of(line.as_bytes()).map(year)).collect()
}

#[test]
fn years_go_on_within_a_file() {
    // One turn of the year.
    assert_eq!(years("2026-01-02T01:45:30Z", &["Dec 30 06:02:11 h a: x", "Jan  2 09:42:48 h a: x"]), [2025, 2026]);
    // A quiet log of three years.
    let quiet = [
        "Nov 10 00:00:00",
        "Mar  1 00:00:00",
        "Jul  9 00:00:00",
        "Nov 11 00:00:00",
        "Feb  1 00:00:00",
        "Jul  3 00:00:00",
        "Nov 12 00:00:00",
    ];
    assert_eq!(years("2025-11-12T10:30:05Z", &quiet), [2023, 2024, 2024, 2024, 2025, 2025, 2025]);
    // A rotated file of last year.
    assert_eq!(years("2025-01-05T00:00:00Z", &["Nov 10 00:00:00", "Jan  4 00:00:00"]), [2024, 2025]);
    // A board without a battery starts in January until its clock is set.
    assert_eq!(years("2025-11-12T10:30:05Z", &["Nov 10 00:00:00", "Jan  1 08:00:03", "Nov 10 00:01:00"]), [2025, 2025, 2025]);
    assert_eq!(years("2025-11-12T10:30:05Z", &["Jan  1 08:00:03", "Nov 10 00:01:00"])[1], 2025);
    // Lines with a year tell those around them.
    assert_eq!(
        years(
            "2025-11-12T10:30:05Z",
            &["Nov 10 00:00:00", "2024-11-10T00:00:05+08:00 h a: x", "Nov 11 00:00:00", "Jan  2 00:00:00"]
        ),
        [2024, 2024, 2024, 2025]
    );
    // The leap day is of the last leap year there was.
    assert_eq!(years("2026-01-02T01:45:30Z", &["Feb 29 12:00:00"]), [2024]);
    assert_eq!(years("2024-03-01T01:45:30Z", &["Feb 28 12:00:00", "Feb 29 12:00:00", "Mar  1 00:00:00"]), [2024, 2024, 2024]);
}

#[test]
fn a_clock_ahead_by_hours_is_believed_and_by_days_is_not() {
    assert_eq!(years("2026-01-02T01:45:30Z", &["Jan  2 20:00:00"]), [2026]);
    assert_eq!(years("2026-01-02T01:45:30Z", &["Jan  5 20:00:00"]), [2025]);
}
