//! The catalogue as data: what every row must keep to, and what the rows together must cover.
//!
//! `data/*.paths` list the files of two openEuler hosts; each is named by a row or by the list of exceptions here.

#![expect(clippy::disallowed_methods, reason = "tests make the folders they examine")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use oediag_collector::{
    catalogue::{self, CATALOGUE, Depth, PRESETS, Privacy, Probe, Source, Topic, When},
    host::{Cancel, Host, Ticks},
};
use oediag_protocol::bundle::manifest::Reason;

const TOPICS: [(Topic, &str); 15] = [
    (Topic::Kernel, "kernel"),
    (Topic::Boot, "boot"),
    (Topic::Hardware, "hardware"),
    (Topic::Storage, "storage"),
    (Topic::Network, "network"),
    (Topic::Memory, "memory"),
    (Topic::Process, "process"),
    (Topic::Services, "services"),
    (Topic::Packages, "packages"),
    (Topic::Security, "security"),
    (Topic::Logs, "logs"),
    (Topic::Alerts, "alerts"),
    (Topic::Performance, "performance"),
    (Topic::Operations, "operations"),
    (Topic::Crash, "crash"),
];

/// Left out on purpose, with the reason. A `*` at the end stands for any rest.
const NOT_COLLECTED: [(&str, &str); 27] = [
    ("/boot/grub2/user.cfg", "a password hash and nothing else"),
    ("/etc/ceph/ceph.client.admin.keyring", "a key"),
    ("/etc/localtime", "binary; its meaning is in bundle.json"),
    ("/etc/machine-id", "an identity that tells nothing about a fault"),
    ("/etc/my.cnf.d/client.cnf", "an application's passwords"),
    ("/etc/pki/*", "keys and certificates"),
    ("/etc/ppp/chap-secrets", "passwords"),
    ("/etc/redis.conf", "an application's configuration"),
    ("/etc/shadow", "password hashes"),
    ("/etc/ssh/ssh_host_ed25519_key", "a private key"),
    ("/etc/ssh/ssh_host_ed25519_key.pub", "an identity that tells nothing about a fault"),
    ("/opt/*", "an application's configuration"),
    ("/proc/mounts", "a link to self/mounts, which is collected"),
    ("/root/.docker/config.json", "registry passwords"),
    ("/root/.ssh/*", "keys"),
    ("/root/anaconda-ks.cfg", "the installation's password hashes"),
    ("/usr/local/*", "an application's configuration"),
    ("/var/lib/oediag-fixture/*", "made for tests"),
    ("/var/lib/rasdaemon/ras-mc_event.db", "binary; a native row prints it"),
    ("/var/lib/rpm/*", "binary; rpm prints it"),
    ("/var/log/btmp", "binary; a native row prints it"),
    ("/var/log/wtmp", "binary; a native row prints it"),
    ("/var/log/escape.log", "a trap for collectors"),
    ("cmdline", "a native row prints it"),
    ("environ", "never collected"),
    ("exe", "a link of the kernel"),
    ("maps", "a native row prints it"),
];

fn name(topic: Topic) -> &'static str {
    TOPICS.iter().find(|(known, _)| *known == topic).expect("every topic has a name").1
}

fn argv(row: &Source) -> &'static [&'static str] {
    match row.probe {
        Probe::Command(argv) | Probe::Each { argv, .. } => argv,
        _ => &[],
    }
}

#[test]
fn ids_are_unique_and_say_their_topic() {
    let mut seen = BTreeSet::new();
    for rows in CATALOGUE {
        let (topic, prefix) =
            *TOPICS.iter().find(|(topic, _)| rows.first().is_some_and(|row| row.topic == *topic)).expect("rows");
        for row in *rows {
            assert_eq!(row.topic, topic, "{}", row.id);
            let (head, tail) = row.id.split_once('.').expect("topic.name");
            assert_eq!(head, prefix, "{}", row.id);
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(!tail.is_empty() && tail.bytes().all(plain), "{}", row.id);
            assert!(seen.insert(row.id), "{} twice", row.id);
            assert_eq!(catalogue::find(row.id).map(|found| found.id), Some(row.id));
        }
    }
    // Topic by topic, none left out.
    let mut topics: Vec<Topic> = catalogue::all().map(|row| row.topic).collect();
    assert!(topics.is_sorted());
    topics.dedup();
    assert_eq!(topics, TOPICS.map(|(topic, _)| topic));
    assert!(seen.len() >= 110, "only {} rows", seen.len());
    for id in ["kernel.dmesg", "logs.journal", "logs.messages", "storage.df", "storage.df_inodes", "services.failed"] {
        assert!(seen.contains(id), "{id} is what others rely on");
    }
}

#[test]
fn programs_are_absolute_and_no_interpreters() {
    const SHELLS: [&str; 17] = [
        "sh", "bash", "dash", "zsh", "ksh", "busybox", "env", "xargs", "find", "awk", "gawk", "sed", "perl", "python", "python3",
        "sudo", "nsenter",
    ];
    for row in catalogue::all() {
        let [program, arguments @ ..] = argv(row) else { continue };
        let name = program.rsplit('/').next().expect("split gives one at least");
        assert!(program.starts_with('/') && !program.contains(".."), "{}", row.id);
        assert!(!SHELLS.contains(&name), "{} runs {name}", row.id);
        let holes = arguments.iter().filter(|argument| argument.contains("{}")).count();
        let each = matches!(row.probe, Probe::Each { .. });
        assert_eq!(holes, usize::from(each), "{}", row.id);
        assert!(!program.contains("{}"));
    }
}

#[test]
fn patterns_and_members_are_well_formed() {
    let mut members = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for row in catalogue::all() {
        let kind = match row.probe {
            Probe::File(path) => {
                assert!(path.starts_with('/') && !path.contains(['*', '?', '[', '{']), "{}", row.id);
                "file"
            }
            Probe::Glob { pattern, .. } => {
                assert!(pattern.starts_with('/') && !pattern.contains(".."), "{}", row.id);
                assert!(pattern.contains(['*', '?', '[', '{']) && !pattern.contains(char::is_whitespace), "{}", row.id);
                for part in pattern.split('/') {
                    assert!(!part.contains(['{', '}']) || (part.starts_with('{') && part.ends_with('}')), "{}: {part}", row.id);
                }
                assert!(!pattern.trim_end_matches("/**").contains("**"), "{}", row.id);
                "glob"
            }
            Probe::Command(_) => "command",
            Probe::Each { .. } => "each",
            Probe::Journal { select } => {
                assert!(select.iter().all(|argument| !argument.starts_with("--output") && *argument != "-o"), "{}", row.id);
                "journal"
            }
            Probe::Native { member, .. } => {
                assert!(
                    ["tsv", "txt"].iter().any(|kind| member == format!("native/{}.{kind}", row.id)) && members.insert(member),
                    "{}",
                    row.id
                );
                "native"
            }
            Probe::Sample { member, .. } => {
                assert!(
                    member == format!("perf/{}.csv", row.id.trim_start_matches("performance.sample_")) && members.insert(member),
                    "{}",
                    row.id
                );
                "sample"
            }
        };
        kinds.insert(kind);
        for when in row.when {
            let (When::Path(path) | When::Program(path)) = when;
            assert!(path.starts_with('/'), "{}", row.id);
        }
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    let native = catalogue::all().filter(|row| matches!(row.probe, Probe::Native { .. })).count();
    assert!(native * 10 <= catalogue::all().count(), "native rows are the last resort");
}

#[test]
fn costs_stay_within_the_topic_s_budget() {
    for row in catalogue::all() {
        let (mib, seconds) = match row.topic {
            Topic::Logs | Topic::Alerts => (64, 60),
            _ => (16, 60),
        };
        assert!(row.limit.bytes > 0 && row.limit.bytes <= mib << 20, "{}", row.id);
        assert!(!row.limit.time.is_zero() && row.limit.time <= Duration::from_secs(seconds), "{}", row.id);
    }
}

#[test]
fn credentials_are_asked_for_by_deep_or_by_name_only() {
    for row in catalogue::all().filter(|row| row.privacy == Privacy::Credentials) {
        assert_eq!(row.depth, Depth::Deep, "{}", row.id);
    }
}

#[test]
fn presets_choose_something() {
    let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    assert_eq!(names, ["quick", "standard", "deep", "perf", "net", "disk", "crash"]);
    for preset in PRESETS {
        let count = catalogue::all().filter(|row| preset.takes(row)).count();
        assert!(count >= 20, "{} has {count} rows", preset.name);
        assert!(preset.topics.is_sorted(), "{}", preset.name);
        assert_eq!(catalogue::preset(preset.name).map(|found| found.name), Some(preset.name));
        assert_eq!(preset.topics.iter().map(|topic| name(*topic)).collect::<BTreeSet<_>>().len(), preset.topics.len());
    }
    assert!(catalogue::preset("Quick").is_none());
}

#[test]
fn the_digest_names_the_catalogue() {
    assert_eq!(catalogue::sha256(catalogue::all()), catalogue::sha256(catalogue::all()));
    assert_eq!(catalogue::sha256(catalogue::all()).to_string().len(), 64);
}

/// A tree of small files with the given paths, and what the rows find in it.
fn found_in(label: &str, paths: &str) -> (PathBuf, BTreeMap<PathBuf, &'static str>) {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{label}-{}", std::process::id()));
    for path in paths.lines() {
        let path = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("absolute")).expect("folder");
        fs::write(path, "x").expect("file");
    }
    let host = Host::at(&root, None).expect("root");
    let mut found = BTreeMap::new();
    for row in catalogue::all() {
        match row.probe {
            Probe::File(path) if host.exists(Path::new(path)) => {
                found.insert(PathBuf::from(path), row.id);
            }
            Probe::Glob { pattern, newest } => {
                let expansion = host.expand(pattern, newest);
                assert!(!expansion.cut, "{}", row.id);
                let never = expansion.refused.iter().find(|(_, refusal)| refusal.reason == Reason::NeverCollected);
                assert!(never.is_none(), "{} asks for what is never collected: {never:?}", row.id);
                // A whole folder may be asked for again, deeper than some of its files.
                let whole = row.depth == Depth::Deep && pattern.ends_with("/**");
                for path in expansion.files {
                    let before = found.insert(path.clone(), row.id);
                    assert!(whole || before.is_none(), "{} and {before:?} both give {}", row.id, path.display());
                }
            }
            _ => {}
        }
    }
    for path in found.keys() {
        assert!(host.open(path).is_ok(), "{}", path.display());
    }
    (root, found)
}

fn excepted(path: &str) -> bool {
    NOT_COLLECTED.iter().any(|(known, _)| match known.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None if known.starts_with('/') => path == *known,
        // Of a process: `/proc/PID/name` or deeper.
        None => path.starts_with("/proc/") && path.matches('/').count() > 2 && path.rsplit('/').next() == Some(known),
    })
}

#[test]
fn every_file_of_two_hosts_is_named_by_a_row_or_left_out_on_purpose() {
    for (label, paths) in [
        ("2003", include_str!("data/openeuler-20.03-sp4-x86_64.paths")),
        ("2203", include_str!("data/openeuler-22.03-sp3-aarch64.paths")),
    ] {
        let (root, found) = found_in(label, paths);
        let missing: Vec<&str> = paths.lines().filter(|path| !found.contains_key(Path::new(path)) && !excepted(path)).collect();
        let both: Vec<&PathBuf> = found.keys().filter(|path| excepted(path.to_str().expect("UTF-8"))).collect();
        fs::remove_dir_all(root).expect("remove");
        assert!(both.is_empty(), "left out on purpose, yet named by a row: {both:?}");
        assert!(missing.is_empty(), "no row names {missing:#?}");
        assert!(found.len() > 200);
    }
}

fn columns(text: &str, by: char) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split(by).collect()).collect()
}

#[test]
fn samplers_write_one_table_each() {
    let host = Host::live().expect("live");
    let ticks = Ticks::new(host.now(), 2, Cancel::default());
    let rows: Vec<&Source> = catalogue::all().filter(|row| matches!(row.probe, Probe::Sample { .. })).collect();
    assert_eq!(rows.len(), 14);
    std::thread::scope(|scope| {
        for row in rows {
            let (host, ticks) = (&host, ticks.clone());
            scope.spawn(move || {
                let Probe::Sample { run, .. } = row.probe else { return };
                let mut out = Vec::new();
                if let Err(error) = run(host, ticks, &mut out) {
                    assert!(row.id == "performance.sample_slab" && !nix::unistd::geteuid().is_root(), "{}: {error}", row.id);
                    return;
                }
                let text = String::from_utf8(out).expect("UTF-8");
                let table = columns(&text, ',');
                assert_eq!(table[0][0], "time", "{}", row.id);
                assert!(table.iter().all(|line| line.len() == table[0].len()), "{}: {text}", row.id);
                let times: BTreeSet<&str> = table[1..].iter().map(|line| line[0]).collect();
                assert!(times.iter().all(|time| time.len() == 20 && time.ends_with('Z')), "{}: {times:?}", row.id);
                let there = row.when.iter().all(|when| matches!(when, When::Path(path) if host.exists(Path::new(path))));
                // A machine under test may have no disks or interfaces to speak of, but it has these.
                let sure = [
                    "performance.sample_cpu",
                    "performance.sample_load",
                    "performance.sample_memory",
                    "performance.sample_vmstat",
                ];
                if there && sure.contains(&row.id) {
                    assert!(times.len() >= 2, "{}: {text}", row.id);
                }
            });
        }
    });
}

#[test]
fn samplers_end_when_told() {
    let host = Host::live().expect("live");
    let cancel = Cancel::default();
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            cancel.cancel();
        });
        let ticks = Ticks::new(host.now(), 60, cancel.clone());
        assert!(ticks.count() <= 1);
    });
    assert!(begun.elapsed() < Duration::from_secs(10));
}

fn native(host: &Host, id: &str) -> String {
    let Some(Source { probe: Probe::Native { run, .. }, .. }) = catalogue::find(id) else { panic!("{id} is a native row") };
    let mut out = Vec::new();
    run(host, &mut out).expect("runs");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn the_process_table_names_this_process() {
    let host = Host::live().expect("live");
    let text = native(&host, "process.table");
    let table = columns(&text, '\t');
    assert_eq!(table[0], ["pid", "ppid", "state", "comm", "wchan", "threads", "rss_kb", "uid", "start"]);
    assert!(table.iter().all(|line| line.len() == 9));
    let own = std::process::id().to_string();
    let line = table.iter().find(|line| line[0] == own).expect("this process");
    assert_eq!(line[1], std::os::unix::process::parent_id().to_string());
    assert!(line[6].parse::<u64>().expect("a number") > 100);
    assert!(native(&host, "process.commands").lines().any(|line| line.starts_with(&format!("{own}\t/"))));
}

#[test]
fn hostile_names_stay_in_their_cell() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("names-{}", std::process::id()));
    for (path, text) in [
        ("7/stat", "7 (a\tb\n9 (x) R) S 1 7 7 0 -1 0 1 2 3 4 150 50 0 0 20 0 3 0 12345 1000000 250 0\n"),
        ("7/status", "Name:\ta\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t    1000 kB\n"),
        ("7/cmdline", "a\tb\0c\nd\0"),
        ("8/stat", "8 (broken"),
    ] {
        let path = root.join("proc").join(path);
        fs::create_dir_all(path.parent().expect("absolute")).expect("folder");
        fs::write(path, text).expect("file");
    }
    fs::create_dir_all(root.join("proc/sys")).expect("folder");
    let host = Host::at(&root, None).expect("root");
    let table = native(&host, "process.table");
    let commands = native(&host, "process.commands");
    fs::remove_dir_all(&root).expect("remove");
    assert_eq!(table.lines().collect::<Vec<_>>()[1..], ["7\t1\tS\ta?b?9 (x) R\t\t3\t1000\t1000\t12345"]);
    assert_eq!(commands, "pid\tcommand\n7\ta?b c?d\n8\t[?] not read: a thread of it sleeps uninterruptibly\n");
}

/// A folder of files that looks like a host, and a link beside them.
fn host_of(label: &str, files: &[(&str, &[u8])], link: Option<(&str, &str)>) -> (PathBuf, Host) {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{label}-{}", std::process::id()));
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("absolute")).expect("folder");
        fs::write(path, text).expect("file");
    }
    if let Some((target, path)) = link {
        std::os::unix::fs::symlink(target, root.join(path)).expect("link");
    }
    let host = Host::at(&root, None).expect("root");
    (root, host)
}

#[test]
fn a_process_that_is_stuck_is_not_asked_for_its_memory() {
    let stat = |pid: u32, name: &str, state: char, threads: u32| {
        format!("{pid} ({name}) {state} 1 7 7 0 -1 0 1 2 3 4 150 50 0 0 20 0 {threads} 0 12345 1000000 250 0\n").into_bytes()
    };
    let (awake, stuck) = (stat(7, "nginx", 'S', 2), stat(8, "cp", 'D', 1));
    let (leader, sleeper) = (stat(9, "java", 'S', 2), stat(91, "java", 'D', 2));
    let files: &[(&str, &[u8])] = &[
        ("proc/7/stat", &awake),
        ("proc/7/task/7/stat", &awake),
        ("proc/7/task/71/stat", &awake),
        ("proc/7/cmdline", b"nginx\0-g\0"),
        ("proc/7/maps", b"a-b r-xp /usr/sbin/nginx\nc-d rw-p [heap]\n"),
        ("proc/8/stat", &stuck),
        ("proc/8/cmdline", b"cp\0"),
        ("proc/8/maps", b"a-b r-xp /usr/bin/cp\n"),
        ("proc/9/stat", &leader),
        ("proc/9/task/9/stat", &leader),
        ("proc/9/task/91/stat", &sleeper),
        ("proc/9/cmdline", b"java\0"),
        ("proc/9/maps", b"a-b r-xp /usr/bin/java\n"),
    ];
    let (root, host) = host_of("stuck", files, None);
    let (commands, maps) = (native(&host, "process.commands"), native(&host, "process.maps"));
    fs::remove_dir_all(&root).expect("remove");
    let why = "not read: a thread of it sleeps uninterruptibly";
    assert_eq!(commands, format!("pid\tcommand\n7\tnginx -g\n8\t[cp] {why}\n9\t[java] {why}\n"));
    let lines = ["pid\tmap", "7\ta-b r-xp /usr/sbin/nginx", "7\tc-d rw-p [heap]"].map(str::to_owned);
    let lines: Vec<String> = lines.into_iter().chain([format!("8\t[cp] {why}"), format!("9\t[java] {why}")]).collect();
    assert_eq!(maps.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn kernel_settings_are_one_text_without_keys() {
    let many: Vec<String> = (0..70).map(|at| format!("proc/sys/net/ipv4/conf/eth{at:02}/mtu")).collect();
    let mut files: Vec<(&str, &[u8])> = vec![
        ("proc/sys/vm/swappiness", b"30\n"),
        ("proc/sys/vm/stat_refresh", b"1\n"),
        ("proc/sys/kernel/core_pattern", b"|/usr/lib/systemd/systemd-coredump %P\n"),
        ("proc/sys/kernel/empty", b"\n"),
        ("proc/sys/dev/cdrom/info", b"CD-ROM information\n\ndrive name:\t\tsr0\n"),
        ("proc/sys/net/ipv4/tcp_fastopen_key", b"1a2b3c4d-0-0-0\n"),
        ("proc/sys/net/ipv6/conf/eth0.100/stable_secret", b"2001:db8::1\n"),
        ("proc/sys/net/ipv6/conf/eth0.100/mtu", b"1500\n"),
        ("proc/sys/net/ipv6/conf/veth12ab/mtu", b"1500\n"),
    ];
    files.extend(many.iter().map(|path| (path.as_str(), b"9000\n".as_slice())));
    let (root, host) = host_of("settings", &files, Some(("../vm", "proc/sys/kernel/loop")));
    let text = native(&host, "kernel.sysctl");
    fs::remove_dir_all(&root).expect("remove");
    for line in [
        "vm.swappiness = 30",
        "kernel.core_pattern = |/usr/lib/systemd/systemd-coredump %P",
        "kernel.empty =",
        "dev.cdrom.info = drive name:\t\tsr0",
        "net.ipv6.conf.eth0/100.mtu = 1500",
        "net.ipv4.conf.eth63.mtu = 9000",
        "# net/ipv4/conf/: the first 64 of 70 folders",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    for word in ["stat_refresh", "fastopen_key", "stable_secret", "veth", "eth64", "loop"] {
        assert!(!text.contains(word), "{word}\n{text}");
    }
}

#[test]
fn failed_logins_are_read_as_pam_wrote_them() {
    let record = |source: &str, flags: u16, seconds: u64| {
        let mut record = source.as_bytes().to_vec();
        record.resize(52, 0);
        record.extend([0, 0]);
        record.extend(flags.to_le_bytes());
        record.extend(seconds.to_le_bytes());
        record
    };
    let ops = [record("192.0.2.7", 3, 1_767_130_867), record("tty\t1", 5, 1_767_130_900), record("cron", 0, u64::MAX)].concat();
    let cut = &record("192.0.2.9", 3, 1_767_130_867)[..63];
    for (label, folder, settings) in
        [("tally", "run/faillock", ""), ("tally-moved", "var/lib/faillock", "# x\ndir = /var/lib/faillock\n")]
    {
        let (ops_file, cut_file) = (format!("{folder}/ops"), format!("{folder}/root"));
        let files: &[(&str, &[u8])] = &[(&ops_file, &ops), (&cut_file, cut), ("etc/security/faillock.conf", settings.as_bytes())];
        let (root, host) = host_of(label, files, None);
        let text = native(&host, "security.login_failures");
        fs::remove_dir_all(&root).expect("remove");
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "time\ttype\tuser\tsource\tcounts",
                "2025-12-30T21:41:07Z\thost\tuser=ops\t192.0.2.7\tyes",
                "2025-12-30T21:41:40Z\tterminal\tuser=ops\ttty?1\tyes",
                "\tservice\tuser=ops\tcron\tno",
            ]
        );
    }
}

#[test]
fn the_clock_is_told_without_asking_a_service() {
    let files: &[(&str, &[u8])] = &[
        ("etc/adjtime", b"0.0 1767130867 0.0\n1767130867\nLOCAL\n"),
        ("sys/class/rtc/rtc0/date", b"2025-12-31\n"),
        ("sys/class/rtc/rtc0/hctosys", b"1\n"),
    ];
    let (root, host) = host_of("clock", files, Some(("../usr/share/zoneinfo/Asia/Shanghai", "etc/localtime")));
    let text = native(&host, "services.time");
    fs::remove_dir_all(&root).expect("remove");
    for line in ["Timezone=Asia/Shanghai", "LocalRTC=yes", "RTCDate=2025-12-31", "RTCSetsClockAtBoot=1"] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    // Another machine's kernel cannot be asked.
    assert!(!text.contains("NTPSynchronized"), "{text}");
    let live = native(&Host::live().expect("live"), "services.time");
    assert!(live.lines().any(|line| line.starts_with("NTPSynchronized=")), "{live}");
    // What an earlier version recorded of a program.
    let recorded: &[(&str, &[u8])] = &[("oediag/commands/services.time/stdout", b"NTPSynchronized=no\n")];
    let (root, host) = host_of("clock-recorded", recorded, None);
    let text = native(&host, "services.time");
    fs::remove_dir_all(&root).expect("remove");
    assert_eq!(text, "NTPSynchronized=no\n");
}

#[test]
fn modules_and_mount_namespaces_are_told_once_each() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tables-{}", std::process::id()));
    for (path, text) in [
        ("sys/module/hns3/initstate", "live\n"),
        ("sys/module/hns3/refcnt", "2\n"),
        ("sys/module/hns3/version", "21.08\tx\n"),
        ("sys/module/hns3/parameters/debug", "0\n"),
        ("sys/module/builtin/parameters/mode", "a b\n"),
        ("proc/1/mountinfo", "22 1 253:0 / / rw - ext4 /dev/sda1 rw\n"),
        ("proc/2/mountinfo", "22 1 253:0 / / rw - ext4 /dev/sda1 rw\n"),
        ("proc/3/mountinfo", "90 1 0:40 / /box rw - overlay overlay rw\n"),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("absolute")).expect("folder");
        fs::write(path, text).expect("file");
    }
    for (pid, namespace) in [("1", "mnt:[4026531840]"), ("2", "mnt:[4026531840]"), ("3", "mnt:[4026532001]")] {
        let folder = root.join("proc").join(pid).join("ns");
        fs::create_dir_all(&folder).expect("folder");
        std::os::unix::fs::symlink(namespace, folder.join("mnt")).expect("link");
    }
    let host = Host::at(&root, None).expect("root");
    let state = native(&host, "kernel.module_state");
    let settings = native(&host, "kernel.module_settings");
    let mounts = native(&host, "process.mounts");
    fs::remove_dir_all(&root).expect("remove");
    assert_eq!(state.lines().skip(1).collect::<Vec<_>>(), ["builtin\t\t\t\t\t", "hns3\tlive\t2\t\t21.08?x\t"]);
    assert_eq!(settings.lines().skip(1).collect::<Vec<_>>(), ["builtin\tmode\ta b", "hns3\tdebug\t0"]);
    let told: Vec<&str> = mounts.lines().skip(1).collect();
    assert_eq!(told, ["1\t22 1 253:0 / / rw - ext4 /dev/sda1 rw", "3\t90 1 0:40 / /box rw - overlay overlay rw"]);
}
