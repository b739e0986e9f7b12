//! How lines become alerts: blocks, copies, years, floods, tables.
//!
//! In: text as one member. Out: the kinds that were found, and the numbers in their summaries.

use oediag_analysis::{Conclusion, Context, Severity, conclude, tap};

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
    // The failed unit is one event; that a crash would leave no dump is a state of the host, told apart.
    let told: Vec<_> = alerts.iter().map(|alert| (alert.kind.as_str(), alert.state, alert.count, alert.evidence.len())).collect();
    assert_eq!(told, [("service_failed", false, 1, 3), ("kdump_not_armed", true, 1, 1)]);
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
    assert_eq!(read(&[("var/log/secure", text)]).alerts[0].summary.en, "5 failed SSH logins from 198.51.100.66 in a row");
}

#[test]
fn old_attackers_make_room_for_new_ones() {
    let attack = |minute: u32, of: u32| -> String {
        let line = |n: u32| {
            let head = format!("Jan  1 02:{minute:02}:00 host sshd[{n}]: message repeated 5 times: [ ");
            format!("{head}Failed password for root from 198.51.{}.{} port 1 ssh2]\n", n / 256 + minute, n % 256)
        };
        (0..of).map(line).collect()
    };
    let text = attack(0, 1024) + &attack(30, 3);
    let conclusion = read(&[("var/log/secure", &text)]);
    let told: u64 = conclusion.alerts.iter().map(|alert| alert.count).sum();
    assert_eq!(told + conclusion.left_out.get("auth_bruteforce").copied().unwrap_or_default(), 1027);
    let newest = conclusion.alerts.iter().filter(|alert| alert.first.as_deref() == Some("2026-01-01T02:30:00+08:00"));
    assert_eq!(newest.count(), 3);
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
