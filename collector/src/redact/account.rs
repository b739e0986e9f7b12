//! Names of accounts and addresses of mail.
//!
//! In: text and a place. Out: the place of a name that is neither the system's nor a word.

use std::ops::Range;

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
];

/// Whether this may be the name of a person's or a program's account.
pub(super) fn is_account(name: &[u8]) -> bool {
    name.len() >= 3
        && name.len() <= 64
        && (name[0].is_ascii_alphabetic() || name[0] == b'_')
        && !SYSTEM.iter().any(|s| name.eq_ignore_ascii_case(s.as_bytes()))
        && !name.get(..4).is_some_and(|p| p.eq_ignore_ascii_case(b"oer-"))
}

/// The account whose name begins at `i`.
pub(super) fn named(t: &[u8], i: usize) -> Option<Range<usize>> {
    let rest = t.get(i..)?;
    let mut run = rest.iter().take(65).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
    while run > 0 && matches!(rest[run - 1], b'.' | b'-') {
        run -= 1;
    }
    // `$USER`, `%u`, `user(name)` and paths are no names.
    let after = rest.get(run).copied().unwrap_or(b'\n');
    (is_account(&rest[..run]) && !matches!(after, b'(' | b'{' | b'%' | b'$')).then_some(i..i + run)
}

/// Endings of unit names, which hold an `@` as well.
const UNITS: &[&str] =
    &["service", "socket", "slice", "timer", "mount", "automount", "target", "path", "scope", "device", "swap"];

/// The e-mail address around the `@` at `sign`.
pub(super) fn email(t: &[u8], sign: usize) -> Option<Range<usize>> {
    let local = t[..sign].iter().rev().take(65).take_while(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(b)).count();
    let mut start = sign - local;
    while start < sign && matches!(t[start], b'.' | b'-' | b'%' | b'+') {
        start += 1;
    }
    let domain = t[sign + 1..].iter().take(254).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    let mut end = sign + 1 + domain;
    while end > sign + 1 && matches!(t[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let name = &t[start..sign];
    let domain = &t[sign + 1..end];
    let dot = memchr::memrchr(b'.', domain)?;
    let top = &domain[dot + 1..];
    let fits = (1..=64).contains(&name.len())
        && name != b"git"
        && !name.get(..4).is_some_and(|p| p.eq_ignore_ascii_case(b"oer-"))
        && dot > 0
        && top.len() >= 2
        && top.iter().all(u8::is_ascii_alphabetic)
        && !UNITS.iter().any(|u| top == u.as_bytes())
        // `name@REALM.COM` is a Kerberos principal.
        && domain.iter().any(u8::is_ascii_lowercase);
    fits.then_some(start..end)
}
