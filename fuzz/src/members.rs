//! Tables of paths: the first byte of an input chooses one, so that the fuzzer need not spell it.

/// Members that the analysis reads, one for each way in which it does.
pub const READ: &[&str] = &[
    "var/log/messages",
    "var/log/secure",
    "oediag/journal/logs.journal",
    "oediag/commands/kernel.dmesg/stdout",
    "var/log/dmesg",
    "var/crash/127.0.0.1-2026-01-01-03:20:00/vmcore-dmesg.txt",
    "sys/fs/pstore/dmesg-erst-1",
    "var/log/sysmonitor.log",
    "var/log/boot.log",
    "var/log/sysSentry/avg_block_io.log",
    "var/log/dnf.log",
    "var/log/audit/audit.log",
    "var/log/gala-gopher/event/event.log",
    "oediag/commands/hardware.ipmi_sel/stdout",
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

/// Files of a host that the redactor reads each in a way of its own, and one like all others.
pub const REDACTED: &[&str] = &[
    "/var/log/messages",
    "/proc/net/tcp",
    "/proc/net/route",
    "/proc/net/tcp6",
    "/proc/net/if_inet6",
    "/etc/ppp/chap-secrets",
    "/etc/machine-id",
    "/sys/class/dmi/id/product_serial",
    "/var/lib/rpm/packages",
    "/etc/shadow",
    "/etc/ipsec.secrets",
    "/root/.netrc",
    "/etc/postfix/sasl_passwd",
    "/etc/passwd",
];

/// Any text, tables of addresses in hexadecimal, records of sockets.
pub const ADDRESSED: &[&str] =
    &["/var/log/messages", "/proc/net/tcp", "/proc/net/route", "/proc/net/tcp6", "/proc/net/if_inet6", "chrony_tracking"];

/// Documents, and a log that may hold any of them in a line.
pub const DOCUMENTS: &[&str] = &["/etc/app.json", "/etc/app.yaml", "/var/log/any", "/root/kubectl_get"];

/// The path that a byte chooses.
pub fn chosen<'a>(paths: &[&'a str], byte: u8) -> &'a str {
    paths[usize::from(byte) % paths.len()]
}
