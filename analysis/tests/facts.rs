//! The card of a host: every member that holds a fact, and the reasons of reboots.
//!
//! In: members as a host has them. Out: the facts they say, and no others.

use oediag_analysis::{Context, Facts, Why, conclude, tap};

fn facts(members: &[(&str, &str)]) -> Facts {
    let context = Context {
        latest: "2026-01-02T09:45:30+08:00".parse().expect("a time"),
        zone: jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"),
        booted: None,
    };
    let findings = members.iter().map(|(path, text)| {
        let mut tap = tap(path, &context).expect("a path that is read");
        tap.feed(text.as_bytes());
        tap.finish()
    });
    conclude(findings.collect()).facts
}

/// The facts as JSON, without those that are unknown.
fn known(members: &[(&str, &str)]) -> serde_json::Value {
    let mut value = serde_json::to_value(facts(members)).expect("JSON");
    let object = value.as_object_mut().expect("an object");
    object.retain(|key, value| !value.is_null() && !matches!(key.as_str(), "schema" | "collected" | "time_zone"));
    value
}

#[test]
fn each_member_says_its_facts_and_no_others() {
    let cases: &[(&str, &str, serde_json::Value)] = &[
        (
            "etc/openEuler-release",
            "openEuler release 20.03 (LTS-SP1)\n",
            serde_json::json!({"os_name": "openEuler", "os_version": "20.03 (LTS-SP1)", "edition": "LTS-SP1"}),
        ),
        (
            "etc/openEuler-latest",
            "openeulerversion=openEuler-22.03-LTS-SP3\ncompiletime=x\n",
            serde_json::json!({"os_name": "openEuler", "os_version": "22.03 (LTS-SP3)", "edition": "LTS-SP3"}),
        ),
        (
            "oediag/commands/packages.kernels/stdout",
            "kernel-4.19.90-2112.8.0.0131.oe1.x86_64\nkernel-4.19.90-2112.10.0.0131.oe1.x86_64\npackage kernel-core is not installed\n",
            serde_json::json!({"kernels_installed": ["4.19.90-2112.10.0.0131.oe1.x86_64", "4.19.90-2112.8.0.0131.oe1.x86_64"]}),
        ),
        (
            "boot/grub2/grubenv",
            "# GRUB Environment Block\nsaved_entry=openEuler (5.10.0-182.0.0.95.oe2203sp3.aarch64) 22.03 (LTS-SP3)\n###",
            serde_json::json!({"kernel_default": "5.10.0-182.0.0.95.oe2203sp3.aarch64"}),
        ),
        (
            "boot/efi/EFI/openEuler/grubenv",
            "saved_entry=0123456789abcdef0123456789abcdef-5.10.0-182.0.0.95.oe2203sp3.aarch64\n",
            serde_json::json!({"kernel_default": "5.10.0-182.0.0.95.oe2203sp3.aarch64"}),
        ),
        ("boot/grub2/grubenv", "saved_entry=0\n", serde_json::json!({})),
        (
            "oediag/commands/kernel.syscare/stdout",
            "Uuid                                     Name   Status      \n1f2e3d4c-5b6a-4789-8899-aabbccddeeff     kernel-5.10.0/SGL_CVE_2024_1086-1-1/vmlinux ACTIVED     \n",
            serde_json::json!({"hot_patches": {"kernel-5.10.0/SGL_CVE_2024_1086-1-1/vmlinux": "ACTIVED"}}),
        ),
        ("oediag/commands/kernel.syscare/stdout", "Uuid   Name   Status\n", serde_json::json!({"hot_patches": {}})),
        ("sys/kernel/livepatch/klp_a/enabled", "1\n", serde_json::json!({"hot_patches": {"klp_a": "enabled"}})),
        (
            "oediag/commands/hardware.lscpu/stdout",
            "CPU(s):              96\nThread(s) per core:  1\nCore(s) per socket:  48\nSocket(s):           2\nNUMA node(s):        4\n",
            serde_json::json!({"threads_per_core": 1, "cores": 96, "sockets": 2, "numa_nodes": 4}),
        ),
        ("oediag/commands/hardware.virtualization/stdout", "none\n", serde_json::json!({"virtualization": "none"})),
        (
            "sys/block/sda/size",
            "7814037168\n",
            serde_json::json!({"disks": {"sda": {"bytes": 4_000_787_030_016_u64, "model": null, "rotational": null}}}),
        ),
        ("sys/block/loop0/size", "1\n", serde_json::json!({})),
        (
            "sys/class/net/eth0/speed",
            "-1\n",
            serde_json::json!({"interfaces": {"eth0": {"state": null, "speed_mbits": null, "mtu": null}}}),
        ),
        ("sys/class/net/lo/mtu", "65536\n", serde_json::json!({})),
        (
            "oediag/commands/network.address/stdout",
            "1: lo: <LOOPBACK>\n    inet 127.0.0.1/8 scope host lo\n2: eth0.7@eth0: <UP>\n    link/ether 00:00:5e:00:53:01\n    inet 192.0.2.1/24 brd 192.0.2.255\n",
            serde_json::json!({"interfaces": {"eth0.7": {"state": null, "speed_mbits": null, "mtu": null, "addresses": ["192.0.2.1/24"]}}}),
        ),
        (
            "proc/net/route",
            "Iface\tDestination\tGateway\neth0\t00000000\t011F140A\t0003\neth1\t00000000\t021F140A\t0003\n",
            serde_json::json!({"default_route": "via 10.20.31.1 dev eth0"}),
        ),
        (
            "oediag/commands/network.routes/stdout",
            "default via 192.0.2.254 dev eth0 proto static metric 100\n192.0.2.0/24 dev eth0\n",
            serde_json::json!({"default_route": "via 192.0.2.254 dev eth0"}),
        ),
        ("etc/resolv.conf", "# x\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n", serde_json::json!({"dns_servers": 2})),
        (
            "oediag/commands/services.failed/stdout",
            "kdump.service loaded failed failed Crash recovery kernel arming\n",
            serde_json::json!({"failed_units": ["kdump.service"]}),
        ),
        ("oediag/commands/services.failed/stdout", "", serde_json::json!({})),
        (
            "oediag/commands/services.units/stdout",
            "UNIT LOAD ACTIVE SUB DESCRIPTION\nfirewalld.service loaded active running x\nkdump.service loaded failed failed y\n",
            serde_json::json!({"firewall": true, "failed_units": ["kdump.service"]}),
        ),
        (
            "oediag/commands/services.units/stdout",
            "UNIT LOAD ACTIVE SUB DESCRIPTION\nfirewalld.service loaded inactive dead x\n",
            serde_json::json!({"firewall": false, "failed_units": []}),
        ),
        (
            "oediag/native/services.time.txt",
            "Timezone=Asia/Shanghai\nNTPSynchronized=yes\nLocalRTC=no\n",
            serde_json::json!({"clock_synced": true}),
        ),
        (
            "oediag/commands/services.time/stdout",
            "Timezone=Asia/Shanghai\nNTPSynchronized=no\n",
            serde_json::json!({"clock_synced": false}),
        ),
        (
            "oediag/commands/services.chrony_tracking/stdout",
            "Reference ID    : C0000205 (192.0.2.5)\nSystem time     : 0.000020390 seconds slow of NTP time\nLeap status     : Normal\n",
            serde_json::json!({"clock_synced": true, "clock_reference": "192.0.2.5", "clock_offset_seconds": -0.000_020_390}),
        ),
        (
            "oediag/commands/services.chrony_tracking/stdout",
            "Reference ID    : 00000000 ()\nLeap status     : Not synchronised\n",
            serde_json::json!({"clock_synced": false}),
        ),
        ("oediag/commands/services.chrony_tracking/stdout", "506 Cannot talk to daemon\n", serde_json::json!({})),
        (
            "oediag/commands/security.selinux_status/stdout",
            "SELinux status:                 disabled\n",
            serde_json::json!({"selinux": "disabled"}),
        ),
        (
            "oediag/commands/security.selinux_status/stdout",
            "SELinux status:                 enabled\nCurrent mode:                   enforcing\nMode from config file:          permissive\n",
            serde_json::json!({"selinux": "enforcing", "selinux_configured": "permissive"}),
        ),
        ("oediag/commands/boot.secure_boot/stdout", "SecureBoot enabled\n", serde_json::json!({"secure_boot": true})),
        ("oediag/commands/boot.secure_boot/stdout", "EFI variables are not supported on this system\n", serde_json::json!({})),
        ("proc/sys/crypto/fips_enabled", "0\n", serde_json::json!({"fips": false})),
        ("sys/kernel/kexec_crash_loaded", "1\n", serde_json::json!({"kdump_armed": true})),
        (
            "proc/self/mounts",
            "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n",
            serde_json::json!({"cgroup_version": 1}),
        ),
        ("proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", serde_json::json!({"cgroup_version": 2})),
        ("oediag/commands/packages.installed/stdout", "a\t0\t1\nb\t0\t1\ngpg-pubkey\t0\t1\n", serde_json::json!({"packages": 2})),
        (
            "oediag/commands/services.docker/stdout",
            "CONTAINER ID   IMAGE\nabc   x\ndef   y\n",
            serde_json::json!({"containers": 2}),
        ),
        ("oediag/commands/services.docker/stdout", "Cannot connect to the Docker daemon\n", serde_json::json!({})),
    ];
    for (path, text, expected) in cases {
        assert_eq!(&known(&[(path, text)]), expected, "{path}: {text}");
    }
}

#[test]
fn the_release_is_read_from_os_release_first_and_never_from_the_kernel() {
    let kernel = ("proc/version", "Linux version 4.19.90-2003.4.0.0036.oe1.x86_64 (a@b) (gcc)\n");
    assert_eq!(facts(&[kernel]).edition, None);
    let both = facts(&[
        kernel,
        ("etc/openEuler-latest", "openeulerversion=openEuler-20.03-LTS-SP1\n"),
        ("etc/os-release", "NAME=\"openEuler\"\nVERSION=\"20.03 (LTS-SP3)\"\n"),
    ]);
    assert_eq!((both.os_version.as_deref(), both.edition.as_deref()), (Some("20.03 (LTS-SP3)"), Some("LTS-SP3")));
}

#[test]
fn devices_of_several_members_are_one_map() {
    let facts = facts(&[
        ("sys/class/net/eth0/operstate", "up\n"),
        ("sys/class/net/eth0/speed", "25000\n"),
        ("oediag/commands/network.address/stdout", "2: eth0: <UP>\n    inet 192.0.2.1/24\n"),
        ("sys/class/net/veth1/operstate", "up\n"),
        ("sys/devices/system/node/node0/cpulist", "0-3\n"),
        ("sys/devices/system/node/node1/cpulist", "4-7\n"),
    ]);
    let interfaces = facts.interfaces.expect("interfaces");
    assert_eq!(interfaces.len(), 1);
    let one = &interfaces["eth0"];
    assert_eq!(
        (one.state.as_deref(), one.speed_mbits, &one.addresses[..]),
        (Some("up"), Some(25_000), &["192.0.2.1/24".to_owned()][..])
    );
    assert_eq!(facts.numa_nodes, Some(2));
}

#[test]
fn every_boot_has_its_reason_when_a_source_tells() {
    let head = "time\ttype\tuser\tline\thost\tpid\n";
    let boot = |time: &str| format!("{time}\tboot\tuser=reboot\t~\t5.10.0\t0\n");
    let down = |time: &str| format!("{time}\trunlevel\tuser=shutdown\t~\t5.10.0\t0\n");
    let table = [
        head.to_owned(),
        boot("2025-12-01T00:00:00Z"),
        down("2025-12-02T00:00:00Z"),
        boot("2025-12-02T00:02:00Z"),
        boot("2025-12-03T00:00:00Z"),
        boot("2025-12-04T00:10:00Z"),
    ]
    .concat();
    let dump = ("var/crash/127.0.0.1-2025-12-04-08:00:00/vmcore-dmesg.txt", "[    1.000000] x\n");
    let reasons = |members: &[(&str, &str)]| {
        let boots = facts(members).boots.unwrap_or_default();
        boots.into_iter().map(|boot| (boot.time, boot.why)).collect::<Vec<_>>()
    };
    assert_eq!(
        reasons(&[("oediag/native/operations.logins.tsv", &table), dump]),
        [
            ("2025-12-04T08:10:00+08:00".to_owned(), Some(Why::Crash)),
            ("2025-12-03T08:00:00+08:00".to_owned(), Some(Why::Unclean)),
            ("2025-12-02T08:02:00+08:00".to_owned(), Some(Why::Shutdown)),
            ("2025-12-01T08:00:00+08:00".to_owned(), None),
        ]
    );
    // Without wtmp nobody knows whether the host was shut down in order.
    let messages = "Dec  3 08:00:00 h kernel: [    0.000000] Linux version 5.10.0 (a@b)\nDec  4 08:00:00 h kernel: [    0.000000] Linux version 5.10.0 (a@b)\n";
    assert_eq!(reasons(&[("var/log/messages", messages)]).iter().map(|(_, why)| *why).collect::<Vec<_>>(), [None, None]);
}

#[test]
fn facts_survive_json_and_nothing_hidden_is_in_it() {
    let facts = facts(&[("etc/openEuler-release", "openEuler release 20.03 (LTS-SP1)\n"), ("proc/uptime", "60.5 1\n")]);
    let text = serde_json::to_string(&facts).expect("JSON");
    assert!(!text.contains("hidden"));
    assert_eq!(serde_json::from_str::<Facts>(&text).expect("our own JSON"), facts);
    assert_eq!(facts.booted.as_deref(), Some("2026-01-02T09:44:30+08:00"));
}
