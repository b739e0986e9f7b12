//! Single lines and short blocks of kernel 4.19 and 5.10, and lines that only look like alerts.
//!
//! In: text as one member. Out: the kinds that were found, and the numbers in their summaries.

use oediag_analysis::{Alert, Conclusion, Context, Severity, conclude, tap};

fn context() -> Context {
    Context {
        latest: "2026-01-02T09:45:30+08:00".parse().expect("a time"),
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        booted: Some("2025-12-30T06:02:11+08:00".parse().expect("a time")),
    }
}

fn read(members: &[(&str, &str)]) -> Conclusion {
    let findings = members.iter().map(|(path, text)| {
        let mut tap = tap(path, &context()).expect("a path that is read");
        tap.feed(text.as_bytes());
        tap.finish()
    });
    conclude(findings.collect())
}

/// The kernel's message in the four dialects that carry it.
fn kernel(text: &str) -> Vec<Vec<Alert>> {
    let each = |head: &str| text.lines().flat_map(|line| [head, line, "\n"]).collect::<String>();
    [
        ("var/log/messages", each("Jan  1 03:20:00 host kernel: [163069.000000] ")),
        ("var/log/messages-20260101.gz", each("2026-01-01T03:20:00.123456+08:00 host kernel: ")),
        ("oediag/journal/logs.journal", each("2026-01-01T03:20:00+0800 host kernel: ")),
        ("oediag/commands/kernel.dmesg/stdout", each("[163069.000000] ")),
        ("oediag/commands/kernel.dmesg/stdout", each("2026-01-01T03:20:00,123456+08:00 ")),
        ("var/crash/127.0.0.1-2026-01-01-03:20:00/vmcore-dmesg.txt", each("[163069.000000][  T123] ")),
        ("sys/fs/pstore/dmesg-erst-1", each("<4>[163069.000000][ C38] ")),
    ]
    .into_iter()
    .map(|(path, text)| read(&[(path, &text)]).alerts)
    .collect()
}

const POSITIVE: &[(&str, &str)] = &[
    ("oom_kill", "java invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, oom_score_adj=0"),
    (
        "oom_kill",
        "Out of memory: Kill process 5515 (java) score 912 or sacrifice child\nKilled process 5515 (java) total-vm:22022692kB, anon-rss:10875852kB, file-rss:0kB, shmem-rss:0kB\noom_reaper: reaped process 5515 (java), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
    ),
    (
        "oom_kill",
        "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/user.slice,task=a.out,pid=5515,uid=0\nOut of memory: Killed process 5515 (a.out) total-vm:22022692kB, anon-rss:10875852kB, file-rss:1336kB, shmem-rss:0kB, UID:0 pgtables:41296kB oom_score_adj:0",
    ),
    ("memcg_oom", "Memory cgroup out of memory: Kill process 4321 (python3) score 1901 or sacrifice child"),
    (
        "memcg_oom",
        "python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=985\nCPU: 3 PID: 4321 Comm: python3 Kdump: loaded Not tainted\nCall trace:\n dump_backtrace+0x0/0x1e4\nmemory: usage 524288kB, limit 524288kB, failcnt 12\noom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=python3,pid=4321,uid=0\nMemory cgroup out of memory: Killed process 4321 (python3) total-vm:912344kB, anon-rss:511232kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1312kB oom_score_adj:0",
    ),
    ("hung_task", "INFO: task jbd2/dm-0-8:612 blocked for more than 120 seconds."),
    ("soft_lockup", "watchdog: BUG: soft lockup - CPU#12 stuck for 22s! [kworker/12:1:234]"),
    ("hard_lockup", "NMI watchdog: Watchdog detected hard LOCKUP on cpu 5"),
    ("workqueue_lockup", "BUG: workqueue lockup - pool cpus=12 node=0 flags=0x0 nice=0 stuck for 33s!"),
    (
        "rcu_stall",
        "rcu: INFO: rcu_sched self-detected stall on CPU\nrcu: \t12-....: (59999 ticks this GP) idle=91e/1/0x4000000000000002 softirq=1/2 fqs=1",
    ),
    ("rcu_stall", "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:"),
    ("mce", "mce: [Hardware Error]: Machine check events logged"),
    ("mce", "mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 7: 8c00004000010090"),
    ("mce", "mce: [Hardware Error]: CPU 3: Machine Check Exception: 5 Bank 1: be00000000800400"),
    (
        "edac_ce",
        "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_MC#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x1f3c4a offset:0x7c0 grain:32 syndrome:0x0 -  err_code:0x0101:0x0090)",
    ),
    ("edac_ue", "EDAC MC0: 1 UE memory read error on CPU_SrcID#0_MC#0_Chan#1_DIMM#0 (channel:1 slot:0)"),
    (
        "ghes_pcie",
        "{3}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 4\n{3}[Hardware Error]: event severity: corrected\n{3}[Hardware Error]:  Error 0, type: corrected\n{3}[Hardware Error]:   section_type: PCIe error\n{3}[Hardware Error]:   device_id: 0000:80:02.0",
    ),
    (
        "ghes_processor",
        "{4}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 4\n{4}[Hardware Error]: event severity: recoverable\n{4}[Hardware Error]:   section_type: ARM processor error",
    ),
    (
        "ghes_other",
        "{5}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 0\n{5}[Hardware Error]: event severity: fatal\n{5}[Hardware Error]:   section_type: unknown, 1f8161e1-55d6-41e6-bd10-7afd1dc5f7c5",
    ),
    ("memory_failure", "Memory failure: 0x1f3c4: recovery action for dirty LRU page: Recovered"),
    (
        "kernel_panic",
        "SError Interrupt on CPU12, code 0xbe000011 -- SError\nKernel panic - not syncing: Asynchronous SError Interrupt",
    ),
    ("kernel_panic", "Kernel panic - not syncing: Fatal exception"),
    ("kernel_oops", "BUG: unable to handle kernel NULL pointer dereference at 0000000000000010"),
    ("kernel_oops", "BUG: kernel NULL pointer dereference, address: 0000000000000010"),
    ("kernel_oops", "BUG: unable to handle kernel paging request at ffff888012345678"),
    ("kernel_oops", "BUG: unable to handle page fault for address: ffff888012345678"),
    (
        "kernel_oops",
        "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010\nMem abort info:\n  ESR = 0x96000004\nInternal error: Oops: 96000004 [#1] SMP\npc : hclge_cmd_send+0x118/0x2d0 [hclge]",
    ),
    ("kernel_oops", "Internal error: Oops - Undefined instruction: 0 [#1] SMP"),
    (
        "kernel_bug",
        "------------[ cut here ]------------\nkernel BUG at mm/slub.c:306!\ninvalid opcode: 0000 [#1] SMP PTI\nRIP: 0010:kfree+0x1f0/0x200\n---[ end trace 0123456789abcdef ]---",
    ),
    (
        "page_alloc_failure",
        "kworker/u64:2: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null),cpuset=/,mems_allowed=0-3",
    ),
    ("io_error", "print_req_error: I/O error, dev sdb, sector 20480"),
    ("io_error", "blk_update_request: I/O error, dev sdb, sector 20480 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 0"),
    ("io_error", "Buffer I/O error on dev sdb1, logical block 2560, async page read"),
    (
        "disk_medium_error",
        "sd 0:0:1:0: [sdb] tag#12 FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_SENSE cmd_age=0s\nsd 0:0:1:0: [sdb] tag#12 Sense Key : Medium Error [current]\nsd 0:0:1:0: [sdb] tag#12 Add. Sense: Unrecovered read error",
    ),
    (
        "disk_medium_error",
        "blk_update_request: critical medium error, dev sdb, sector 20480 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0",
    ),
    ("fs_error", "EXT4-fs error (device dm-3): ext4_find_entry:1455: inode #2: comm ls: reading directory lblock 0"),
    ("fs_readonly", "Aborting journal on device dm-3-8."),
    (
        "fs_readonly",
        "EXT4-fs error (device dm-3): ext4_journal_check_start:61: Detected aborted journal\nEXT4-fs (dm-3): Remounting filesystem read-only",
    ),
    ("fs_error", "XFS (sdb1): metadata I/O error in \"xfs_trans_read_buf_map\" at daddr 0x2a0 len 8 error 5"),
    (
        "fs_error",
        "XFS (sdb1): xfs_do_force_shutdown(0x2) called from line 1234 of file fs/xfs/xfs_log.c. Return address = 00000000c0ffee11",
    ),
    ("fs_error", "XFS (sdb1): Log I/O Error Detected. Shutting down filesystem"),
    ("fs_error", "XFS (sdb1): log I/O error -5"),
    ("fs_error", "XFS (sdb1): Corruption of in-memory data detected.  Shutting down filesystem"),
    ("nic_tx_timeout", "NETDEV WATCHDOG: enp125s0f0 (hns3): transmit queue 3 timed out"),
    ("nic_tx_timeout", "ixgbe 0000:3b:00.0 ens1f0: Detected Tx Unit Hang"),
    ("nic_link_down", "hns3 0000:7d:00.0 enp125s0f0: link down"),
    ("nic_link_down", "ixgbe 0000:3b:00.1 ens1f1: NIC Link is Down"),
    ("nic_link_down", "bond0: link status definitely down for interface ens1f0, disabling it"),
    ("nic_link_down", "bond0: (slave ens1f0): link status definitely down, disabling slave"),
    ("nic_link_down", "mlx5_core 0000:3b:00.0 ens1f0: Link down"),
    ("nic_reset", "hns3 0000:7d:00.0: received reset event, reset type is 5"),
    ("conntrack_full", "nf_conntrack: nf_conntrack: table full, dropping packet"),
    ("neigh_overflow", "neighbour: arp_cache: neighbor table overflow!"),
    ("tcp_memory", "TCP: out of memory -- consider tuning tcp_mem"),
    ("syn_flood", "TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.  Check SNMP counters."),
    ("segfault", "nginx[2345]: segfault at 10 ip 000055d0c0ffee10 sp 00007ffd12345678 error 4 in nginx[55d0c0fe0000+f4000]"),
    ("segfault", "app[1234]: unhandled level 2 translation fault (11) at 0x00000010, esr 0x92000006, in app[400000+1000]"),
    ("segfault", "traps: app[1234] general protection ip:55d0c0ffee10 sp:7ffd12345678 error:0 in app[55d0c0fe0000+f4000]"),
    ("nvme_timeout", "nvme nvme0: I/O 123 QID 4 timeout, aborting"),
    ("nvme_timeout", "nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10"),
    ("nvme_timeout", "nvme nvme0: Removing after probe failure status: -19"),
    ("thermal", "CPU3: Core temperature above threshold, cpu clock throttled (total events = 1)"),
    ("thermal", "mce: CPU3: Package temperature is above threshold, cpu clock is throttled (total events = 1)"),
    ("pcie_aer", "pcieport 0000:00:02.0: AER: Corrected error received: 0000:03:00.0"),
    ("pcie_aer", "nvme 0000:03:00.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer, (Receiver ID)"),
];

#[test]
fn kernel_signatures_are_found_in_every_dialect() {
    for (kind, text) in POSITIVE {
        for alerts in kernel(text) {
            let kinds: Vec<&str> = alerts.iter().map(|alert| alert.kind.as_str()).collect();
            assert_eq!(kinds, [*kind], "{text}");
            let alert = &alerts[0];
            assert_eq!((alert.count, alert.evidence.len(), alert.evidence[0].line), (1, 1, 1), "{text}");
            assert_eq!(alert.evidence[0].end, text.lines().count() as u64, "{text}");
            for words in [&alert.summary, &alert.advice] {
                assert!(!words.en.contains(['?', '{']) && !words.en.is_empty(), "{}", words.en);
                assert!(!words.zh.contains(['{', '?']) && !words.zh.is_empty(), "{}", words.zh);
            }
        }
    }
}

/// Lines of the kernel that are no alerts.
const NOISE: &[&str] = &[
    "EDAC MC: Ver: 3.0.0",
    "EDAC MC0: Giving out device to module skx_edac controller Skylake Socket#0 IMC#0: DEV 0000:3a:0a.0 (INTERRUPT)",
    "mce: CPU supports 20 MCE banks",
    "rcu: Hierarchical RCU implementation.",
    "rcu: \tRCU restricting CPUs from NR_CPUS=4096 to nr_cpu_ids=96.",
    "SDEI NMI watchdog: SDEI Watchdog registered successfully",
    "ERST: Error Record Serialization Table (ERST) support is initialized.",
    "GHES: APEI firmware first mode is enabled by APEI bit and WHEA _OSC.",
    "hns3 0000:7d:00.1 enp125s0f1: link up",
    "ixgbe 0000:3b:00.1 ens1f1: NIC Link is Up 10 Gbps, Flow Control: RX/TX",
    "IPv6: ADDRCONF(NETDEV_UP): ens1f0: link is not ready",
    "ata3: SATA link down (SStatus 0 SControl 300)",
    "blk_update_request: I/O error, dev sr0, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0",
    "print_req_error: I/O error, dev fd0, sector 0",
    "Buffer I/O error on dev fd0, logical block 0, async page read",
    "sd 0:0:1:0: [sdb] tag#12 FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_SENSE\nsd 0:0:1:0: [sdb] tag#12 Sense Key : Illegal Request [current]\nsd 0:0:1:0: [sdb] tag#12 CDB: Write same(16) 93 08 00",
    "CPU3: Core temperature/speed normal",
    "EXT4-fs (dm-0): mounted filesystem with ordered data mode. Opts: (null)",
    "XFS (sdb1): Ending clean mount",
    "nvme nvme0: 96/0/0 default/read/poll queues",
    "audit: type=1400 audit(1700000000.123:4): text with oom-killer: in it",
    "systemd-journald[812]: Received client request to flush runtime journal: segfault at nothing",
    "perf: interrupt took too long (2501 > 2500), lowering kernel.perf_event_max_sample_rate to 79000",
];

/// Lines that other programs wrote about alerts.
const QUOTES: &[(&str, &str)] = &[
    (
        "var/log/secure",
        "Jan  1 03:20:00 host sudo[7123]: ops : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/grep invoked oom-killer: /var/log/messages",
    ),
    (
        "var/log/messages",
        "Jan  1 03:20:00 host logger[812]: kernel: Out of memory: Killed process 1 (x) total-vm:1kB, anon-rss:1kB, file-rss:0kB",
    ),
    ("var/log/messages", "Jan  1 03:20:00 host kernel[7]: watchdog: BUG: soft lockup - CPU#12 stuck for 22s! [x:1]"),
    ("var/log/messages", "Jan  1 03:20:00 host root: watchdog: BUG: soft lockup - CPU#12 stuck for 22s! [x:1]"),
    ("var/log/messages", "Jan  1 03:20:00 host app[1]: kernel: [1.000000] Kernel panic - not syncing: quoted"),
    ("var/log/messages", "Jan  1 03:20:00 host systemd[4321]: foo.service: Failed with result 'exit-code'."),
    ("var/log/messages", "Jan  1 03:20:00 host bash[1]: systemd[1]: foo.service: Failed with result 'exit-code'."),
    ("var/log/messages", "Jan  1 03:20:00 host systemd[1]: foo.service: Main process exited, code=killed, status=15/TERM"),
    ("var/log/messages", "Kernel panic - not syncing: a line without a head"),
    (
        "var/log/audit/audit.log",
        "type=EXECVE msg=audit(1767286801.005:4685): argc=2 a0=\"grep\" a1=\"type=ANOM_ABEND avc:  denied  {\"",
    ),
    (
        "var/log/sysmonitor.log",
        "2026-01-01T07:00:00+08:00|info|sysmonitor[2417]: CPU usage resume: 61.0%\n2026-01-01T07:00:00+08:00|info|sysmonitor[2417]: report disk recovered, /var/log used:44% resume:80%\n2026-01-01T07:00:00+08:00|info|sysmonitor[2417]: sshd is recovered",
    ),
    (
        "var/log/sysSentry/avg_block_io.log",
        "2025-12-31 10:11:20,114 - INFO - [utils.py:96] - [abnormal_period] disk: nvme1n1, stage: rq_driver",
    ),
    ("var/log/dnf.log", "2026-01-01T02:22:10+0800 DDEBUG Command: dnf install Error: x"),
    ("var/log/boot.log", "[  OK  ] Started OpenSSH server daemon.\nNotice: FAILED] Failed to start quoted"),
];

#[test]
fn noise_and_quotes_are_no_alerts() {
    for text in NOISE {
        assert!(kernel(text).concat().is_empty(), "{text}");
    }
    for (path, text) in QUOTES {
        assert_eq!(read(&[(path, text)]).alerts, [], "{text}");
    }
}

#[test]
fn links_that_settle_during_the_boot_are_no_alerts() {
    let line = "Jan  1 03:20:00 host kernel: [   12.000000] hns3 0000:7d:00.0 enp125s0f0: link down\n";
    assert_eq!(read(&[("var/log/messages", line)]).alerts, []);
    let line = "2025-12-30T06:03:00+08:00 host kernel: hns3 0000:7d:00.0 enp125s0f0: link down\n";
    assert_eq!(read(&[("var/log/messages", line)]).alerts, []);
}

#[test]
fn a_block_goes_on_over_the_lines_of_others_and_only_over_them() {
    let text = "Jan  1 03:20:00 host kernel: [163069.000000] INFO: task a:1 blocked for more than 122 seconds.\n\
                Jan  1 03:20:00 host sshd[1]: Call trace: of nobody\n\
                Jan  1 03:20:00 host kernel: [163069.000010] Call trace:\n\
                Jan  1 03:20:01 host systemd[1]: Started x.\n\
                Jan  1 03:20:01 host kernel: [163069.000020]  schedule+0x50/0xe0\n\
                Jan  1 03:20:01 host kernel: [163070.000000] device veth0 entered promiscuous mode\n\
                Jan  1 03:20:01 host kernel: [163070.000010]  stray+0x1/0x2\n";
    let alerts = read(&[("var/log/messages", text)]).alerts;
    assert_eq!((alerts.len(), alerts[0].evidence[0].line, alerts[0].evidence[0].end), (1, 1, 5));
}

#[test]
fn the_year_is_found_backwards() {
    let text = "Dec 31 23:59:59 host kernel: nf_conntrack: nf_conntrack: table full, dropping packet\n\
                Jan  1 00:00:01 host kernel: nf_conntrack: nf_conntrack: table full, dropping packet\n\
                Jan  2 10:00:00 host kernel: neighbour: arp_cache: neighbor table overflow!\n\
                Jan  4 10:00:00 host kernel: TCP: out of memory -- consider tuning tcp_mem\n";
    let alerts = read(&[("var/log/messages", text)]).alerts;
    let times: Vec<_> =
        alerts.iter().map(|alert| (alert.first.as_deref().unwrap_or("-"), alert.last.as_deref().unwrap_or("-"))).collect();
    // The last line is more than a day ahead of the collection: it is a year old.
    assert!(times.contains(&("2025-12-31T23:59:59+08:00", "2026-01-01T00:00:01+08:00")), "{times:?}");
    assert!(times.contains(&("2026-01-02T10:00:00+08:00", "2026-01-02T10:00:00+08:00")), "{times:?}");
    assert!(times.contains(&("2025-01-04T10:00:00+08:00", "2025-01-04T10:00:00+08:00")), "{times:?}");
}

#[test]
fn one_event_in_many_members_counts_once() {
    let panic = "Kernel panic - not syncing: Fatal exception";
    let alerts = read(&[
        ("var/log/messages", &format!("Jan  1 03:20:00 host kernel: [163069.000000] {panic}\n")),
        ("oediag/journal/logs.journal", &format!("2026-01-01T03:20:01+0800 host kernel: {panic}\n")),
        ("var/crash/x-2026-01-01-03:20:02/vmcore-dmesg.txt", &format!("[163069.000000] {panic}\n")),
        ("sys/fs/pstore/dmesg-erst-1", &format!("<0>[163069.000000] {panic}\n")),
    ])
    .alerts;
    assert_eq!((alerts.len(), alerts[0].count, alerts[0].evidence.len()), (1, 1, 4));
    let alerts = read(&[
        ("var/log/boot.log", "[\u{1b}[1;31mFAILED\u{1b}[0m] Failed to start Crash recovery kernel arming.\nSee 'systemctl status kdump.service' for details.\n"),
        ("var/log/messages", "Jan  1 03:20:00 host systemd[1]: kdump.service: Failed with result 'exit-code'.\nJan  1 03:20:00 host systemd[1]: Failed to start Crash recovery kernel arming.\n"),
        ("oediag/commands/services.failed/stdout", "kdump.service loaded failed failed Crash recovery kernel arming\n"),
    ])
    .alerts;
    assert_eq!((alerts.len(), alerts[0].count, alerts[0].evidence.len()), (1, 1, 3));
    assert_eq!(alerts[0].summary.en, "kdump.service failed with result exit-code");
}

#[test]
fn copies_of_a_line_count_once_and_repeats_each() {
    let line = "Jan  1 03:20:00 host kernel: [163069.000000] nf_conntrack: nf_conntrack: table full, dropping packet\n";
    assert_eq!(read(&[("var/log/messages", &line.repeat(3))]).alerts[0].count, 1);
    let line = "Jan  1 03:20:00 host kernel: nf_conntrack: nf_conntrack: table full, dropping packet\n";
    let alerts = read(&[("var/log/messages", &line.repeat(3))]).alerts;
    assert_eq!((alerts[0].count, alerts[0].evidence[0].line, alerts[0].evidence[0].end), (3, 1, 3));
}

#[test]
fn five_failures_within_a_minute_make_an_attack() {
    let line = |second: u32| {
        format!(
            "Jan  1 02:{:02}:{:02} host sshd[70100]: Failed password for root from 198.51.100.66 port 50100 ssh2\n",
            second / 60,
            second % 60
        )
    };
    let slow: String = (0..20).map(|n| line(n * 16)).collect();
    assert_eq!(read(&[("var/log/secure", &slow)]).alerts, []);
    let fast: String = (0..5).map(|n| line(n * 15)).collect();
    let alerts = read(&[("var/log/secure", &fast)]).alerts;
    assert_eq!((alerts[0].kind.as_str(), alerts[0].evidence[0].line, alerts[0].evidence[0].end), ("auth_bruteforce", 1, 1));
    let text =
        "Jan  1 02:00:00 host sshd[1]: message repeated 5 times: [ Failed password for root from 198.51.100.66 port 1 ssh2]\n";
    assert_eq!(read(&[("var/log/secure", text)]).alerts[0].summary.en, "5 failed SSH passwords from 198.51.100.66 in a row");
}

#[test]
fn sysmonitor_speaks_in_three_shapes() {
    for line in [
        "2026-01-01T07:00:00.123456+08:00|warning| sysmonitor[2417]: memory usage alarm: 92.4%",
        "[UTC 2025-12-31:23:00:00]sysmonitor[2417]: memory usage alarm: 92.4%",
        "[LOC 2026-01-01:07:00:00]sysmonitor[2417]: memory usage alarm: 92.4%",
    ] {
        let alerts = read(&[("var/log/sysmonitor.log", line)]).alerts;
        assert_eq!(
            (alerts[0].kind.as_str(), alerts[0].first.as_deref()),
            ("mem_high", Some("2026-01-01T07:00:00+08:00")),
            "{line}"
        );
    }
    let old = "info|sysmonitor[127]: local disk sda IO delay is too large, I/O delay threshold is 70.";
    let alerts = read(&[("var/log/sysmonitor.log", old)]).alerts;
    assert_eq!((alerts[0].first.as_deref(), alerts[0].summary.en.as_str()), (None, "I/O delay of sda is above 70 ms"));
}

#[test]
fn full_file_systems_are_read_from_df() {
    let table = "Filesystem     Type     1024-blocks     Used Available Capacity Mounted on\n\
                 /dev/sda2      xfs         52403200 51000000   1403200      98% /\n\
                 /dev/sdb1      ext4       103081248 92773123  10308125      90% /data/my files\n\
                 /dev/sdb1      ext4       103081248 92773123  10308125      90% /bind\n\
                 overlay        overlay     52403200 51000000   1403200      98% /var/lib/docker/overlay2/x/merged\n\
                 /dev/loop0     squashfs        1024     1024         0     100% /mnt\n\
                 tmpfs          tmpfs         102400        0    102400       0% /run\n";
    let conclusion = read(&[("oediag/commands/storage.df/stdout", table)]);
    let found: Vec<_> =
        conclusion.alerts.iter().map(|alert| (alert.severity, alert.summary.en.as_str(), alert.evidence[0].line)).collect();
    assert_eq!(
        found,
        [(Severity::Critical, "File system / is 98 % full", 2), (Severity::High, "File system /data/my files is 90 % full", 3)]
    );
    let systems = conclusion.facts.file_systems.expect("df was read");
    assert_eq!((systems.len(), systems[1].mount.as_str(), systems[1].total_kib), (6, "/data/my files", 103_081_248));
    let inodes = "Filesystem     Type      Inodes   IUsed   IFree IUse% Mounted on\n/dev/sda2      xfs        1000     950      50   95% /\nnone           tmpfs         0       0       0     - /x\n";
    let alerts = read(&[("oediag/commands/storage.df_inodes/stdout", inodes)]).alerts;
    assert_eq!((alerts.len(), alerts[0].kind.as_str(), alerts[0].severity), (1, "inode_full", Severity::High));
}

#[test]
fn a_flood_is_bounded_and_counted() {
    let flood: Vec<String> = (0..20_000)
        .map(|n| {
            format!(
                "Jan  1 03:{:02}:{:02} host kernel: [{n}.000000] prog{n}[1]: segfault at 10 ip 0 sp 0 error 4 in x\n",
                n / 60 % 60,
                n % 60
            )
        })
        .collect();
    let text = format!("{}Jan  1 04:20:00 host kernel: [30000.000000] Kernel panic - not syncing: x\n", flood.concat());
    let members: Vec<(String, &str)> = (0..8).map(|n| (format!("var/log/messages-{n}"), text.as_str())).collect();
    let members: Vec<(&str, &str)> = members.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let conclusion = read(&members);
    assert!(conclusion.alerts.len() <= 500);
    assert_eq!((conclusion.alerts[0].kind.as_str(), conclusion.alerts[0].evidence.len()), ("kernel_panic", 8));
    let kept: u64 = conclusion.alerts.iter().filter(|alert| alert.kind == "segfault").map(|alert| alert.count).sum();
    assert!(kept + conclusion.left_out["segfault"] >= 20_000);
    let repeated = "Jan  1 03:20:00 host systemd[1]: x.service: Failed with result 'exit-code'.\n\
                    Jan  1 03:20:00 host app[1]: between\n";
    let alert = &read(&[(
        "var/log/messages",
        &(0..100).map(|n| repeated.replace("03:20:00", &format!("03:20:{:02}", n % 60))).collect::<String>(),
    )])
    .alerts[0];
    assert_eq!(alert.evidence.len(), 20);
    assert!(alert.count >= 60);
}
