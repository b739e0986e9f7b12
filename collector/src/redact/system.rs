//! Accounts that are nobody's: those that every system has, and those that say they serve a program.
//!
//! In: a name. Out: a judgement.

/// Accounts that every system has.
const SYSTEM: &[&str] = &[
    "root",
    "bin",
    "daemon",
    "adm",
    "lp",
    "sync",
    "shutdown",
    "halt",
    "mail",
    "operator",
    "games",
    "ftp",
    "nobody",
    "dbus",
    "polkitd",
    "sshd",
    "ntp",
    "chrony",
    "tss",
    "rpc",
    "rpcuser",
    "nfsnobody",
    "postfix",
    "mysql",
    "postgres",
    "redis",
    "nginx",
    "apache",
    "www-data",
    "tomcat",
    "unbound",
    "libvirt",
    "qemu",
    "rpm",
    "tcpdump",
    "gluster",
    "saslauth",
    "radvd",
    "dnsmasq",
    "systemd",
    "systemd-network",
    "systemd-resolve",
    "systemd-coredump",
    "systemd-timesync",
    "cockpit-ws",
    "sssd",
    "setroubleshoot",
    "clevis",
    "pipewire",
    "geoclue",
    "colord",
    "gdm",
    "haldaemon",
    "named",
    "squid",
    "memcached",
    "rabbitmq",
    "zabbix",
    "prometheus",
    "ceph",
    "hacluster",
    "stapdev",
    "oprofile",
    "dhcpd",
    "admin",
    "system",
    "user",
    "users",
    "username",
    "name",
    "unknown",
    "invalid",
    "illegal",
    "none",
    "null",
    "true",
    "false",
    "yes",
    "no",
    "unset",
    "from",
    "with",
    "session",
    "and",
    "the",
    "for",
    "not",
    "has",
    "does",
    "lost",
    "linux",
    "default",
    "any",
    "all",
    "service",
    "manager",
    "__token__",
    "svc",
    "slurm",
    "munge",
    "keepalived",
    "haproxy",
    "etcd",
    "keystone",
    "nova",
    "neutron",
    "cinder",
    "glance",
    "app",
    "web",
    "www",
    "demo",
    "guest",
    "anonymous",
];

/// For each first letter, in lower case, the lengths of the names in [`SYSTEM`]: most words are none.
const LENGTHS: [u32; 128] = {
    let mut lengths = [0; 128];
    let mut row = 0;
    while row < SYSTEM.len() {
        let name = SYSTEM[row].as_bytes();
        lengths[(name[0] | 32) as usize] |= 1 << name.len();
        row += 1;
    }
    lengths
};

pub(super) fn is_system(name: &[u8]) -> bool {
    let fits = name.len() < 32 && name.first().is_some_and(|b| LENGTHS[usize::from((b | 32) & 127)] >> name.len() & 1 == 1);
    fits && SYSTEM.iter().any(|s| name.eq_ignore_ascii_case(s.as_bytes()))
}

/// What accounts of programs are called, before or behind the name of what they serve.
const SERVICES: &[&[u8]] =
    &[b"zbx", b"zabbix", b"robot", b"bot", b"ci", b"nasuser", b"upload", b"monitor", b"repl", b"exporter", b"runner"];

/// Whether the name says that a program, not a person, has the account: `zbx_monitor`, `ci-robot`.
pub(super) fn is_service(name: &[u8]) -> bool {
    let mut parts = name.split(|b| matches!(b, b'_' | b'-' | b'.'));
    parts.any(|part| SERVICES.iter().any(|s| part.eq_ignore_ascii_case(s)))
}
