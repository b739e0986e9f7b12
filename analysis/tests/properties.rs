//! What holds for any bytes: no panic, no dependence on how they are cut, bounded lists.

use oediag_analysis::{Conclusion, Context, conclude, tap};
use proptest::prelude::*;

const PATHS: &[&str] = &[
    "var/log/messages",
    "var/log/secure",
    "oediag/journal/logs.journal",
    "oediag/commands/kernel.dmesg/stdout",
    "var/crash/127.0.0.1-2026-01-01-03:20:00/vmcore-dmesg.txt",
    "sys/fs/pstore/dmesg-erst-1",
    "var/log/sysmonitor.log",
    "var/log/boot.log",
    "var/log/sysSentry/avg_block_io.log",
    "var/log/dnf.log",
    "var/log/audit/audit.log",
    "var/log/gala-gopher/event/event.log",
    "oediag/commands/alerts.bmc_events/stdout",
    "oediag/commands/alerts.sentry_alarms_avg_block_io/stdout",
    "oediag/native/alerts.rasdaemon_events.txt",
    "var/log/mcelog",
    "oediag/commands/storage.smart/sda/stdout",
    "oediag/commands/storage.nvme_health/nvme0/stdout",
    "oediag/native/services.time.txt",
    "oediag/commands/services.time/stdout",
    "oediag/commands/services.chrony_tracking/stdout",
    "proc/mdstat",
    "proc/net/bonding/bond0",
    "proc/sys/fs/file-nr",
    "sys/kernel/kexec_crash_loaded",
    "oediag/commands/storage.df/stdout",
    "oediag/commands/storage.df_inodes/stdout",
    "oediag/commands/services.failed/stdout",
    "oediag/commands/kernel.uname/stdout",
    "etc/os-release",
    "proc/cpuinfo",
    "proc/meminfo",
    "proc/swaps",
    "proc/loadavg",
    "proc/sys/kernel/tainted",
];

/// Heads and pieces of lines that lead far into the rules.
const PIECES: &[&str] = &[
    "Jan  1 03:20:00 host kernel: ",
    "2026-01-01T03:20:00+08:00 h kernel: ",
    "Feb 29 00:00:00 h systemd[1]: ",
    "[163069.000000] ",
    "[  T12] ",
    "<4>",
    "x invoked oom-killer: ",
    "Out of memory: Killed process 1 (a) total-vm:1kB, anon-rss:2kB, ",
    "oom_reaper: reaped process 1",
    "Kernel panic - not syncing: ",
    "INFO: task a:1 blocked for more than 1 seconds.",
    " schedule+0x1/0x2",
    "Call Trace:",
    "BUG: soft lockup - CPU#",
    "EDAC MC0: 1 CE e on l (",
    "{1}[Hardware Error]: event severity: ",
    "{1}[Hardware Error]:   section_type: memory error",
    "[sdb] tag#1 FAILED Result: ",
    ": [sdb] ",
    "I/O error, dev ",
    "EXT4-fs error (device ",
    "Aborting journal on device ",
    "XFS (a): Shutting down filesystem",
    "NIC Link is Down",
    "NETDEV WATCHDOG: ",
    "received reset event",
    "a[1]: segfault at ",
    ": Failed with result '",
    "Failed password for a from b ",
    "sshd[9]: message repeated 18446744073709551615 times: [ Failed password for x from 192.0.2.9 port 1 ssh2]\n",
    "Jan  1 03:20:00 h sshd[9]: message repeated 18446744073709551615 times: [ Failed password for x from 192.0.2.9 port 1 ssh2]\n",
    "[sdc] tag#2 Sense Key : Hardware Error",
    "Buffer I/O error on dev sdb1, ",
    "EDAC skx MC2: HANDLING MCE MEMORY ERROR",
    "BERT: Error records from previous boot:",
    "[Hardware Error]: event severity: fatal",
    "Linux version 5.10",
    "Jan  1 03:20:00 h systemd-logind[1]: System is rebooting.\n",
    "Jan  1 03:20:00 h systemd[1]: a.service: Main process exited, code=killed\n",
    "Jan  1 03:20:00 h systemd[1]: b.service: Failed with result 'signal'.\n",
    "mc_event:",
    " used:",
    "report disk alarm, ",
    "sysmonitor[1]: ",
    "[UTC 2026-01-01:00:00:00]",
    "\u{1b}[1;31mFAILED\u{1b}[0m] ",
    "[FAILED] Failed to start ",
    "avc:  denied  {",
    "type=AVC msg=audit(1.2:3): ",
    "[SLOW IO] disk: ",
    "\n",
    "\n",
    "\n",
    "\r\n",
    "Filesystem Type 1024-blocks Used Available Capacity Mounted on\n",
    "/dev/a xfs 1 2 3 99% /\n",
    "Started x.",
    "x.service: Scheduled restart job, restart counter is at 1.",
    "Stopped x.",
    ": link up",
    "md/raid1:md0: Disk failure on a, ",
    "md: md0: recovery done",
    "ata1.00: exception Emask ",
    "WARNING: CPU: 1 PID: 2 at a/b.c:3 f+0x1/0x2",
    "type=ANOM_PROMISCUOUS msg=audit(1.2:3): dev=a prom=256 ",
    "Hardware event. ",
    "TIME 1767209998",
    "CPU 1 BANK 2",
    "   1 | 12/31/2025 | 15:59:58 | Memory #0x53 | Correctable ECC | Asserted",
    "SEL Record ID          : 0001\n",
    " Description           : Uncorrectable ECC\n",
    "mc_event\tid=1\ttimestamp=2025-11-11 20:01:33 +0800\terr_type=Corrected",
    "disk_errors\tid=99999999999\tdev=8:16",
    "{\"Timestamp\": 1767060685000, ",
    "\"SeverityText\": \"WARN\", \"Body\": \"Entity(a) \\\" b\"}",
    "{\"alarm_id\":1002,\"alarm_type\":\"ALARM_TYPE_RECOVER\",\"alarm_level\":\"MINOR_ALM\"}",
    "md0 : active raid1 a[1](F)\n",
    "[2/1]",
    "Slave Interface: a\n",
    "MII Status: down\n",
    "SwapTotal: 9 kB\nSwapFree: 0 kB\n",
    "197 Current_Pending_Sector -O--CK 100 100 000 - 24",
    "Leap status : Not synchronised",
    "é汉",
    "\0",
    "99999999999999999999",
    "%",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    " ",
];

fn context() -> Context {
    Context {
        latest: "2026-01-02T09:45:30+08:00".parse().expect("a time"),
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        booted: Some("2025-12-30T06:02:11+08:00".parse().expect("a time")),
    }
}

fn read(path: &str, chunks: &[&[u8]]) -> Conclusion {
    let mut tap = tap(path, &context()).expect("a path that is read");
    for chunk in chunks {
        tap.feed(chunk);
    }
    conclude(vec![tap.finish()])
}

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_cut_anywhere_say_the_same(path in prop::sample::select(PATHS), bytes in hostile(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let whole = read(path, &[&bytes]);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        ends.extend([0, bytes.len()]);
        ends.sort_unstable();
        let chunks: Vec<&[u8]> = ends.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(&whole, &read(path, &chunks));
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        let in_text = |evidence: &&oediag_analysis::Evidence| !evidence.path.contains('#');
        for evidence in whole.alerts.iter().flat_map(|alert| &alert.evidence).filter(in_text) {
            prop_assert!(1 <= evidence.line && evidence.line <= evidence.end && evidence.end <= lines);
        }
        prop_assert!(whole.alerts.iter().all(|alert| alert.count >= 1 && alert.first <= alert.last && alert.ended.as_ref().is_none_or(|ended| alert.last.as_ref() <= Some(ended))));
    }
}

#[test]
fn a_line_longer_than_any_buffer_is_cut_alike_in_every_chunking() {
    let mut text = b"Jan  1 03:20:00 host kernel: nf_conntrack: nf_conntrack: table full, dropping packet ".to_vec();
    text.extend(std::iter::repeat_n(b'x', 200_000));
    text.extend(
        b" Kernel panic - not syncing: far\nJan  1 03:20:00 host kernel: neighbour: arp_cache: neighbor table overflow!\n",
    );
    let whole = read("var/log/messages", &[&text]);
    assert_eq!(
        whole.alerts.iter().map(|alert| (alert.kind.as_str(), alert.evidence[0].line)).collect::<Vec<_>>(),
        [("conntrack_full", 1), ("neigh_overflow", 2)]
    );
    for size in [1, 4096, 65_535, 65_536, 65_537, 150_000] {
        assert_eq!(whole, read("var/log/messages", &text.chunks(size).collect::<Vec<_>>()));
    }
}

#[test]
fn taps_and_findings_move_between_threads() {
    fn moves<T: Send + 'static>() {}
    moves::<oediag_analysis::Tap>();
    moves::<oediag_analysis::Findings>();
}

#[test]
fn members_nobody_wants_are_refused() {
    for path in
        ["var/log/nginx/access.log", "etc/group", "proc/1/status", "", "var/crash/x/vmcore", "sys/fs/pstore/dmesg-efi-1.enc.z"]
    {
        assert!(tap(path, &context()).is_none(), "{path}");
    }
}
