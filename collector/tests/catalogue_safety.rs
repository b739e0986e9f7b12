//! What rows may run, as tables: no scripts, nothing that loads a module, wakes a service, waits for a dead mount, goes to the
//! network or changes the host. A row of a program named here with other words is a failure; so is a missing condition.

use std::collections::BTreeSet;

use oediag_collector::{
    catalogue::{self, Probe, Source, When},
    host,
};

/// Shell scripts, and programs that load modules, start services, open what they only show to write, change hosts, use the
/// network or walk over mounts: never run.
const NEVER_RUN: &[&str] = &[
    "authconfig",
    "biosdevname",
    "chkconfig",
    "cpuid",
    "curl",
    "depmod",
    "dig",
    "dkms",
    "dracut",
    "faillock",
    "fips-mode-setup",
    "fuser",
    "fwupdmgr",
    "getent",
    "grub2-mkconfig",
    "grubby",
    "host",
    "hostnamectl",
    "ibstatus",
    "ibswitches",
    "insmod",
    "kdumpctl",
    "keyctl",
    "kexec",
    "kpatch",
    "ldd",
    "lsb_release",
    "lsinitrd",
    "modprobe",
    "mount",
    "mountpoint",
    "nslookup",
    "package-cleanup",
    "perf",
    "ping",
    "rmmod",
    "rpcinfo",
    "rpm2cpio",
    "service",
    "showmount",
    "sos",
    "sosreport",
    "ras-mc-ctl",
    "ssh",
    "stap",
    "stat",
    "telnet",
    "timedatectl",
    "tcpdump",
    "tracepath",
    "traceroute",
    "turbostat",
    "umount",
    "update-crypto-policies",
    "wget",
    "x86info",
    "xfs_admin",
    "xfs_info",
    "yum",
];

/// Programs that load a kernel module, or wake a service, unless what they ask is there already: the paths that must be
/// conditions of the row.
const CONDITIONS: &[(&str, &str)] = &[
    ("authselect", "/etc/authselect/authselect.conf"),
    ("bootctl", "/sys/firmware/efi"),
    ("bridge", "/sys/module/bridge"),
    ("busctl", "/run/dbus/system_bus_socket"),
    ("conntrack", "/sys/module/nf_conntrack_netlink"),
    ("dmsetup", "/sys/module/dm_mod"),
    ("dmstats", "/sys/module/dm_mod"),
    ("docker", "/run/docker.pid"),
    ("firewall-cmd", "/usr/lib/systemd/system/firewalld.service"),
    ("firewall-cmd", "/run/dbus/system_bus_socket"),
    ("ibv_devinfo", "/sys/class/infiniband"),
    ("ip6tables-save", "/proc/net/ip6_tables_names"),
    ("ipmitool", "/dev/ipmi0"),
    ("iptables-save", "/proc/net/ip_tables_names"),
    ("ipvsadm", "/proc/net/ip_vs"),
    ("iscsiadm", "/sys/class/iscsi_session"),
    ("isula", "/run/isulad.sock"),
    ("lvs", "/sys/module/dm_mod"),
    ("macsec", "/sys/module/macsec"),
    ("mdadm", "/sys/module/md_mod"),
    ("multipath", "/sys/module/dm_multipath"),
    ("multipathd", "/run/multipathd.pid"),
    ("nft", "/sys/module/nf_tables"),
    ("nmcli", "/run/NetworkManager"),
    ("pvs", "/sys/module/dm_mod"),
    ("resolvectl", "/run/systemd/resolve/resolv.conf"),
    ("vgs", "/sys/module/dm_mod"),
    ("virsh", "/run/libvirtd.pid"),
];

/// Programs that could change the host, hang or call out: every word they may be given. Devices and formats are no words.
const WORDS: &[(&str, &str)] = &[
    ("auditctl", "-l -s"),
    ("bpftool", "prog map net cgroup list tree"),
    ("bridge", "-s -d -t link fdb mdb vlan show"),
    ("busctl", "list --no-pager"),
    ("chronyc", "-c -n -m -v tracking sources activity sourcestats serverstats clients selectdata authdata"),
    ("conntrack", "-L -S -o extended"),
    ("df", "-PT -PTi -l"),
    ("dmesg", "--time-format=iso"),
    ("dmsetup", "table status --noflush info -c ls --tree"),
    ("dmstats", "list print --allregions"),
    (
        "dnf",
        "-C -q repolist -v updateinfo hot-updateinfo list info cves --security history extras repoquery --duplicates --unsatisfied \
         needs-restarting -r module",
    ),
    ("docker", "ps -a --no-trunc info images stats --no-stream system df"),
    ("dumpe2fs", "-h"),
    ("ethtool", "-i -S -k -g -a -l -c -m -T -P --show-eee --show-fec --show-priv-flags --phy-statistics -n -x"),
    ("fdisk", "-l"),
    ("firewall-cmd", "--list-all-zones --direct --get-all-rules --state"),
    (
        "ip",
        "-d -s -6 -j -netns address addr link route rule neighbour netns macsec maddr mroute show list table cache all nud exec -tunapeom -zas -c -e net.*",
    ),
    ("hiraidadm", "show allctrl c0 pdlist vdlist"),
    ("ipmitool", "mc info sensor list fru sel elist last 1000 chassis status lan print 1"),
    ("ipvsadm", "-Ln --stats --connection --rate --timeout --thresholds --persistent-conn"),
    ("iscsiadm", "-m session -P 1 3"),
    ("isula", "ps -a info images"),
    ("ldconfig", "-p -N -X"),
    ("lsof", "-b -n -l -w"),
    ("mdadm", "--detail --scan --verbose"),
    ("lspci", "-nn -nnv -vmmkD -tv"),
    ("multipath", "-l -t"),
    ("multipathd", "show topology"),
    ("nft", "-a list ruleset"),
    ("nmcli", "-c no -f all device connection general status show --active"),
    ("nvme", "list smart-log error-log id-ctrl -H fw-log list-ns"),
    ("rpm", "-qa -q --qf -Va --nofiledigest --noscripts --root --showrc kernel kernel-core gpg-pubkey openEuler-release"),
    ("sg_persist", "--in --readonly -r -k -s -d"),
    ("smartctl", "-n standby -x"),
    ("storcli64", "show all nolog"),
    (
        "systemctl",
        "--no-pager --full --all --plain --no-legend --state=failed --state=activating,deactivating,auto-restart list-units \
         list-unit-files list-timers list-jobs list-dependencies show show-environment status get-default *.service kdump.service",
    ),
    ("tc", "-s -p qdisc filter show dev ingress"),
    ("udevadm", "info --export-db"),
    ("virsh", "-r list --all"),
];

/// Folders that may be listed whole: local ones of the system.
const LISTED: &[&str] = &[
    "/boot",
    "/dev/disk",
    "/dev/mapper",
    "/sys/block",
    "/sys/firmware",
    "/sys/kernel/slab",
    "/usr/lib/dracut/modules.d",
    "/usr/lib/systemd/system",
    "/usr/lib64/security",
    "/var/crash",
    "/var/lib/selinux",
    "/var/log",
];

/// Program and arguments of a row that runs one.
fn argv(row: &Source) -> Option<&'static [&'static str]> {
    match row.probe {
        Probe::Command(argv) | Probe::Each { argv, .. } => Some(argv),
        _ => None,
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[test]
fn no_row_runs_what_is_never_run() {
    for row in catalogue::all() {
        for word in argv(row).unwrap_or_default().iter().filter(|word| word.starts_with('/')) {
            assert!(!NEVER_RUN.contains(&name(word)), "{} runs {word}", row.id);
        }
    }
}

#[test]
fn what_loads_modules_or_wakes_services_runs_only_where_they_are() {
    for row in catalogue::all() {
        for word in argv(row).unwrap_or_default() {
            for (_, wanted) in CONDITIONS.iter().filter(|(program, _)| name(word) == *program) {
                let there = row.when.iter().any(|when| matches!(when, When::Path(path) if path == wanted));
                assert!(there, "{} runs {word} without asking for {wanted}", row.id);
            }
        }
    }
}

#[test]
fn programs_that_could_do_more_are_given_only_words_that_look() {
    let mut seen = BTreeSet::new();
    for row in catalogue::all() {
        let Some([program, arguments @ ..]) = argv(row) else { continue };
        let Some((known, words)) = WORDS.iter().find(|(known, _)| *known == name(program)) else { continue };
        seen.insert(*known);
        let words: Vec<&str> = words.split_whitespace().collect();
        for word in arguments {
            let data = word.contains("{}") || word.contains('%') || word.starts_with('/');
            let listed = |known: &&str| known.strip_suffix('*').map_or(known == word, |start| word.starts_with(start));
            assert!(data || words.iter().any(listed), "{}: {program} {word}", row.id);
        }
    }
    let idle: Vec<&str> = WORDS.iter().map(|(program, _)| *program).filter(|program| !seen.contains(program)).collect();
    assert!(idle.is_empty(), "no row runs {idle:?}");
}

#[test]
fn what_can_hang_or_lock_has_the_words_that_prevent_it() {
    for row in catalogue::all() {
        let Some([program, arguments @ ..]) = argv(row) else { continue };
        let needs: &[&str] = match name(program) {
            "df" => &["-l"],
            "lsof" => &["-b"],
            "dnf" => &["-C"],
            "pvs" | "vgs" | "lvs" => &["--readonly", "devices{hints=none}"],
            "dmsetup" if arguments.contains(&"status") => &["--noflush"],
            "rpm" if arguments.contains(&"-Va") => &["--root", "/"],
            "sg_persist" => &["--in", "--readonly"],
            "smartctl" => &["-n", "standby"],
            "storcli64" => &["nolog"],
            "chronyc" => &["-n"],
            "ldconfig" => &["-N", "-X", "-p"],
            "nstat" => &["-zas"],
            "virsh" => &["-r"],
            "swapon" => &["--show"],
            _ => &[],
        };
        assert!(needs.iter().all(|word| arguments.contains(word)), "{} lacks one of {needs:?}", row.id);
    }
}

/// A name of an owner may be asked of a directory over the network, and the answer may never come.
#[test]
fn owners_are_numbers() {
    for row in catalogue::all() {
        let Some([program, arguments @ ..]) = argv(row) else { continue };
        let short =
            |letter: char| arguments.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter));
        match name(program) {
            "ls" => assert!(!short('l') || short('n'), "{}", row.id),
            "ps" => {
                let columns: Vec<&str> = arguments.iter().flat_map(|word| word.split(',')).collect();
                let names = ["user", "group", "euser", "egroup", "ruser", "rgroup", "fuser", "fgroup", "supgrp"];
                assert!(!names.iter().any(|name| columns.contains(name)), "{}", row.id);
            }
            _ => {}
        }
    }
}

/// Of settings asked for by name, none holds a key, and none acts when it is read.
#[test]
fn settings_asked_for_by_name_are_harmless() {
    for row in catalogue::all() {
        let words = argv(row).unwrap_or_default();
        let Some(at) = words.iter().position(|word| name(word) == "sysctl") else { continue };
        for word in &words[at + 1..] {
            let file = format!("/proc/sys/{}", word.replace('.', "/"));
            let harmless = word.starts_with("net.") && host::never_handed(&file).is_none();
            assert!(*word == "-e" || harmless, "{}: {word}", row.id);
            assert!(!["key", "secret", "flush"].iter().any(|part| word.contains(part)), "{}: {word}", row.id);
        }
    }
}

/// In debugfs, reading some files empties a list, stops a trace or commands a card: every file is named.
#[test]
fn files_for_debugging_are_named_one_by_one() {
    for row in catalogue::all() {
        let (Probe::Glob { pattern, .. } | Probe::File(pattern)) = row.probe else { continue };
        let Some(rest) = pattern.strip_prefix("/sys/kernel/debug/").or_else(|| pattern.strip_prefix("/sys/kernel/tracing/"))
        else {
            continue;
        };
        let last = rest.rsplit('/').next().unwrap_or_default();
        assert!(!rest.contains("**") && !last.contains(['*', '?', '[']), "{}: {pattern}", row.id);
    }
}

/// Reading these waits, uninterruptibly, for a lock that a process which is stuck may hold.
#[test]
fn memory_of_processes_is_read_by_code_that_looks_first() {
    for row in catalogue::all() {
        let (Probe::Glob { pattern, .. } | Probe::File(pattern)) = row.probe else { continue };
        if !pattern.starts_with("/proc/[0-9]*/") && !pattern.starts_with("/proc/*/") {
            continue;
        }
        let last = pattern.rsplit('/').next().unwrap_or_default();
        for file in last.trim_matches(['{', '}']).split(',') {
            let locked = ["cmdline", "environ", "maps", "numa_maps", "smaps", "smaps_rollup", "*", "**"];
            assert!(!locked.contains(&file), "{}: {file}", row.id);
        }
    }
}

#[test]
fn only_folders_of_the_system_are_listed() {
    for row in catalogue::all() {
        let Some([program, arguments @ ..]) = argv(row) else { continue };
        let deep = arguments.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('R'));
        if name(program) != "ls" || !deep {
            continue;
        }
        for folder in arguments.iter().filter(|word| word.starts_with('/')) {
            assert!(LISTED.iter().any(|known| folder.starts_with(known)), "{} lists {folder}", row.id);
        }
    }
}

#[test]
fn journals_are_only_read() {
    for row in catalogue::all() {
        if let Probe::Journal { select } = row.probe {
            let reads = |word: &&str| !word.starts_with("--") && !matches!(*word, "-f" | "-o" | "-M" | "-D");
            assert!(select.iter().all(reads), "{}", row.id);
        }
        let Some([program, arguments @ ..]) = argv(row) else { continue };
        if name(program) == "journalctl" {
            let fine = ["--no-pager", "--list-boots", "--disk-usage", "--verify", "--quiet"];
            assert!(arguments.iter().all(|word| fine.contains(word)), "{}", row.id);
        }
    }
}

#[test]
fn patterns_never_look_into_every_folder_of_the_root() {
    for row in catalogue::all() {
        if let Probe::Glob { pattern, .. } = row.probe {
            let first = pattern.split('/').nth(1).unwrap_or_default();
            assert!(!first.contains(['*', '?', '[', '{']), "{}: {pattern}", row.id);
            // A home is often a network file system; only files with fixed names are looked for there.
            assert!(!pattern.starts_with("/home/") || pattern.matches('*').count() <= 2, "{}: {pattern}", row.id);
        }
    }
}
