//! The units of hosts and of the center. In: the files as they are installed. Out: verdicts on what they say, not on what systemd does.

use std::{collections::BTreeMap, fs, path::Path};

/// Each directive in use with the version of systemd that it came with, where that is 230 or later.
const SINCE: &[(&str, u32)] = &[
    ("BindReadOnlyPaths", 233),
    ("CPUQuota", 0),
    ("IPAddressDeny", 235),
    ("LockPersonality", 235),
    ("MemoryDenyWriteExecute", 231),
    ("MemoryMax", 231),
    ("ProtectControlGroups", 232),
    ("ProtectHostname", 242),
    ("ProtectKernelModules", 232),
    ("ProtectKernelTunables", 232),
    ("ReadWritePaths", 231),
    ("RestrictNamespaces", 233),
    ("RestrictRealtime", 231),
    ("RestrictSUIDSGID", 242),
    ("StartLimitIntervalSec", 230),
    ("StateDirectory", 235),
    ("StateDirectoryMode", 235),
    ("TemporaryFileSystem", 238),
];
/// Directives older than 230.
const OLD: &str = "After CapabilityBoundingSet ConditionDirectoryNotEmpty Description DirectoryMode EnvironmentFile ExecStart Group \
    IOSchedulingClass KillMode LimitCORE LimitNOFILE ListenStream Nice NoNewPrivileges OOMScoreAdjust PrivateDevices PrivateTmp \
    ProtectHome ProtectSystem RemoveOnStop Requires Restart RestartSec RestrictAddressFamilies RuntimeMaxSec SocketGroup SocketMode \
    SocketUser SuccessExitStatus SystemCallArchitectures SystemCallFilter TasksMax TimeoutStartSec TimeoutStopSec Type UMask User \
    WantedBy Wants WatchdogSec";
/// openEuler 20.03 has this one.
const SYSTEMD: u32 = 243;

fn units() -> BTreeMap<String, Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/usr/lib/systemd/system");
    let files = fs::read_dir(folder).expect("the folder of units").map(|entry| entry.expect("an entry").path());
    files
        .map(|path| {
            let text = fs::read_to_string(&path).expect("text");
            let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
            let pairs = lines.map(|line| line.split_once('=').expect("a directive"));
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
        })
        .collect()
}

#[test]
fn t79_no_unit_needs_a_newer_systemd() {
    let units = units();
    assert!(units.len() >= 5, "{:?}", units.keys());
    for (unit, directives) in &units {
        for (directive, _) in directives {
            let since = SINCE.iter().find(|(known, _)| known == directive).map(|(_, since)| *since);
            let since = since.or_else(|| OLD.split_whitespace().any(|known| known == directive).then_some(0));
            assert!(since.is_some_and(|since| since <= SYSTEMD), "{unit}: {directive} is not in the table, or too new");
        }
    }
}

/// What the design says of the two processes of a host, word by word.
#[test]
fn t78_the_broker_has_no_network_and_the_agent_has_no_host() {
    let units = units();
    let says = |unit: &str, directive: &str| -> Vec<String> {
        let all = units.get(unit).unwrap_or_else(|| panic!("there is no {unit}"));
        all.iter().filter(|(key, _)| key == directive).map(|(_, value)| value.clone()).collect()
    };
    for (directive, value) in [
        ("RestrictAddressFamilies", "AF_UNIX AF_NETLINK"),
        ("IPAddressDeny", "any"),
        ("ReadWritePaths", "/var/lib/oediag /etc/oediag /run/oediag"),
        ("CapabilityBoundingSet", "CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_SYSLOG CAP_SETUID CAP_SETGID CAP_KILL"),
    ] {
        assert_eq!(says("oediag-broker.service", directive), [value], "{directive}");
    }
    for (directive, value) in [
        ("User", "oediag"),
        ("CapabilityBoundingSet", ""),
        ("ProtectHome", "yes"),
        ("TemporaryFileSystem", "/var/lib:ro"),
        ("BindReadOnlyPaths", "/var/lib/oediag/agent"),
        ("MemoryMax", "64M"),
    ] {
        assert_eq!(says("oediag-agent.service", directive), [value], "{directive}");
    }
    assert_eq!(says("oediag-agent.service", "ReadWritePaths"), Vec::<String>::new());
    for unit in ["oediag-agent.service", "oediag-broker.service"] {
        assert_eq!(says(unit, "ProtectSystem"), ["strict"], "{unit}");
        assert_eq!(says(unit, "NoNewPrivileges"), ["yes"], "{unit}");
    }
}
