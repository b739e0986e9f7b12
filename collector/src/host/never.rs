//! What is never read, whatever a row or a site's own row asks for: secrets, memory images, and files whose reading
//! takes something from the host, holds the reader up, or makes the hardware do something.
//!
//! In: an absolute path of the host. Out: why it is never read, or none. Looks at names only, touches nothing.
//! Rows are the allow-list; this is the wall behind them, asked before a link is followed and again after.
//! Files of the kernel that have no reading side are known by their mode (`file.rs`), not by name.

use super::expand::matches;

/// Patterns of absolute paths: segments as in the catalogue, `**` for any number of segments.
struct Row {
    why: &'static str,
    paths: &'static [&'static str],
}

const NEVER: &[Row] = &[
    Row {
        why: "password hashes",
        paths: &["/etc/shadow*", "/etc/gshadow*", "/etc/security/opasswd*", "/boot/grub2/user.cfg", "/boot/efi/EFI/*/user.cfg"],
    },
    Row {
        why: "passwords, or keys that stand for one",
        paths: &[
            "/etc/ppp/*-secrets",
            "/etc/ipsec.secrets",
            "/etc/ipsec.d/*.secrets",
            "/etc/kubernetes/*.conf",
            "/proc/sys/net/ipv4/tcp_fastopen_key",
            "/proc/sys/net/ipv6/conf/*/stable_secret",
            "/**/.pgpass",
            "/**/.my.cnf",
            "/**/.netrc",
            "/**/.git-credentials",
            "/**/.aws/credentials",
            "/**/.kube/config",
            "/**/.docker/config.json",
            "/var/lib/NetworkManager/secret_key",
            "/var/lib/systemd/credential.secret",
            "/var/lib/systemd/random-seed",
        ],
    },
    Row {
        why: "a private key or a ticket",
        paths: &[
            "/etc/ssh/**/*_key",
            "/**/*.keytab",
            "/**/krb5cc*",
            "/**/id_rsa",
            "/**/id_dsa",
            "/**/id_ecdsa",
            "/**/id_ed25519",
            "/**/id_ecdsa_sk",
            "/**/id_ed25519_sk",
        ],
    },
    // Wherever the operator keeps the state.
    Row { why: "what stand-ins are made with and mean", paths: &["/**/redact.key", "/**/maps/*.map"] },
    Row { why: "a folder of keys", paths: &["/**/.ssh/**", "/**/.gnupg/**", "/**/.pki/**"] },
    Row {
        why: "everything in this folder stays on the host",
        paths: &[
            "/dev/**",
            "/etc/ipsec.d/private/**",
            "/etc/kubernetes/pki/**",
            "/etc/libvirt/secrets/**",
            "/etc/oediag/keys/**",
            "/etc/pki/CA/private/**",
            "/etc/pki/tls/private/**",
            "/etc/ssl/private/**",
            "/run/credentials/**",
            "/run/secrets/**",
            "/var/kerberos/krb5kdc/**",
            "/var/lib/kubelet/pki/**",
            "/var/lib/libvirt/secrets/**",
            "/var/lib/oediag/**",
            "/var/lib/samba/private/**",
            "/var/lib/sss/db/**",
            "/var/lib/sss/secrets/**",
            "/var/lib/systemd/coredump/*",
            "/var/spool/mail/**",
        ],
    },
    Row {
        why: "an image of memory, or where the kernel lies in it",
        paths: &[
            "/proc/kcore",
            "/proc/vmcore",
            "/proc/kpagecount",
            "/proc/kpageflags",
            "/proc/kpagecgroup",
            "/sys/kernel/mm/page_idle/bitmap",
            "/sys/module/*/sections/*",
        ],
    },
    Row {
        why: "reading it takes it from others",
        paths: &[
            "/proc/kmsg",
            "/proc/acpi/event",
            "/sys/**/trace_pipe*",
            "/sys/**/snapshot_raw",
            "/sys/kernel/debug/hns3/**/mac_tnl_status",
        ],
    },
    Row {
        why: "reading it waits for something to happen",
        paths: &[
            "/proc/net/rpc/*/channel",
            "/proc/*/net/rpc/*/channel",
            "/proc/xen/xenbus",
            "/sys/power/wakeup_count",
            "/sys/class/firmware/**",
            "/sys/devices/virtual/firmware/**",
            "/sys/kernel/debug/usb/usbmon/**",
            "/sys/kernel/debug/usbmon/**",
            "/sys/kernel/debug/hid/*/events",
            "/sys/kernel/debug/dri/**/crc/**",
            "/sys/kernel/debug/block/*/trace*",
        ],
    },
    Row {
        why: "reading it makes the kernel or the hardware do something",
        paths: &[
            "/proc/sysrq-trigger",
            "/proc/bus/usb/**",
            "/proc/bus/pci/*/*",
            "/proc/driver/nvram",
            "/proc/fs/nfsd/filehandle",
            "/proc/fs/nfsd/unlock_*",
            "/proc/fs/nfsd/v4_end_grace",
            "/proc/sys/vm/stat_refresh",
            "/proc/sys/vm/compact_memory",
            "/proc/sys/net/*/route/flush",
            "/sys/**/resource[0-9]*",
            "/sys/**/rom",
            "/sys/**/vpd",
            "/sys/**/eeprom",
            "/sys/**/nvmem",
            "/sys/kernel/debug/provoke-crash/**",
            "/sys/kernel/debug/mce-inject/**",
            "/sys/kernel/debug/regmap/**",
            "/sys/kernel/debug/ec/**",
            "/sys/kernel/debug/kmemleak",
            "/sys/kernel/debug/qla2xxx/*/fce",
            "/sys/kernel/debug/lpfc/**/iDiag/**",
            "/sys/kernel/debug/hisi_*/**/regs",
        ],
    },
];

/// Suffixes of files that hold private keys or tickets, in any case.
const SECRET_SUFFIXES: &[&[u8]] =
    &[b".key", b".keytab", b".p12", b".pfx", b".jks", b".jceks", b".keystore", b".kdbx", b".keyring", b".ppk"];

/// Files of one process that show its memory, its environment or its open files.
const OF_A_PROCESS: &[&[u8]] = &[b"auxv", b"cwd", b"environ", b"exe", b"fd", b"map_files", b"mem", b"pagemap", b"root"];

/// Says why a path is never read; the path is absolute, without `.` and `..`.
pub(super) fn never(path: &[u8]) -> Option<&'static str> {
    let parts = parts(path);
    let (name, parents) = parts.split_last()?;
    if let Some(row) = NEVER.iter().find(|row| row.paths.iter().any(|pattern| fits(&self::parts(pattern.as_bytes()), &parts))) {
        return Some(row.why);
    }
    // `/proc/PID/x`, `/proc/PID/task/TID/x`, and what lies below `fd`.
    if parts.len() > 2 && parts[0] == b"proc" && parts[2..].iter().any(|part| OF_A_PROCESS.contains(part)) && !sysctl(&parts) {
        return Some("memory, environment or open files of a process");
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with(b"vmcore") && !lower.starts_with(b"vmcore-dmesg") && lower != b"vmcore-creation.status" {
        return Some("an image of memory");
    }
    if SECRET_SUFFIXES.iter().any(|suffix| lower.ends_with(suffix)) {
        return Some("a private key");
    }
    let pem = lower.ends_with(b".pem") || lower.ends_with(b".der");
    if pem && (contains(&lower, b"key") || contains(&lower, b"priv") || parents.contains(&b"private".as_slice())) {
        return Some("a private key");
    }
    None
}

/// Says why a program is not handed this argument: it names a path that is never read. Devices are what some tools are made
/// for.
pub(super) fn never_handed(argument: &[u8]) -> Option<&'static str> {
    let named = named(argument);
    named.iter().filter(|path| !path.starts_with(b"/dev/")).find_map(|path| never(path))
}

/// The absolute paths that an argument may name for a program whose working folder is `/`: without `.` and `..`, as if no
/// part of them were a link. Words that are no path give paths that are nowhere.
pub(super) fn named(argument: &[u8]) -> Vec<Vec<u8>> {
    // `--file=/x`, `if=/x`, `@/x`, `/x:/y`: what a path may stand behind.
    let words = argument.split(|byte| byte.is_ascii_whitespace() || b"'\"=,;:@|&<>()`".contains(byte));
    let mut paths: Vec<Vec<u8>> = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        // `-f/x` and `-fx`; and the whole word, which is a path from the working folder.
        let behind_letters = word.iter().position(|byte| *byte == b'/').map(|at| &word[at..]);
        let behind_option = match word {
            [b'-', letter, rest @ ..] if *letter != b'-' && !rest.is_empty() => Some(rest),
            _ => None,
        };
        paths.extend([Some(word), behind_letters, behind_option].into_iter().flatten().map(resolved));
    }
    paths.sort_unstable();
    paths.dedup();
    // A slash of a format names nothing.
    let means_root = |word: &[u8]| word.starts_with(b"/") || word.starts_with(b".");
    let value = argument.rsplit(|byte| *byte == b'=').next().unwrap_or_default();
    paths.retain(|path| path.as_slice() != b"/" || (means_root(value) && resolved(value) == b"/"));
    paths
}

/// A path from `/`, with `.` and `..` worked off.
fn resolved(path: &[u8]) -> Vec<u8> {
    let mut steps: Vec<&[u8]> = Vec::new();
    for part in parts(path) {
        match part {
            b"." => {}
            b".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    let mut path = b"/".to_vec();
    path.extend(steps.join(&b'/'));
    path
}

/// The segments of a path or pattern.
fn parts(path: &[u8]) -> Vec<&[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect()
}

/// Whether a path is one a pattern stands for. A pattern holds `**` twice at most, so the time is the square of the depth.
fn fits(pattern: &[&[u8]], path: &[&[u8]]) -> bool {
    match pattern {
        [] => path.is_empty(),
        [b"**"] => true,
        [b"**", rest @ ..] => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        [first, rest @ ..] => path.split_first().is_some_and(|(head, tail)| matches(first, head) && fits(rest, tail)),
    }
}

/// `/proc/sys` has no processes: a setting may well be called `exe`.
fn sysctl(parts: &[&[u8]]) -> bool {
    parts[1] == b"sys" || parts[1] == b"fs" || parts[1] == b"driver"
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::{named, never, never_handed};

    #[test]
    fn secrets_are_never_read() {
        for path in [
            "/etc/shadow",
            "/etc/shadow-",
            "/etc/shadow.rpmnew",
            "/etc/gshadow",
            "/etc/gshadow-",
            "/etc/security/opasswd",
            "/etc/ssh/ssh_host_ed25519_key",
            "/etc/ssh/keys/host_key",
            "/etc/pki/tls/private/billing.key",
            "/etc/pki/tls/private/readme",
            "/etc/pki/nginx/server.KEY",
            "/etc/pki/nginx/server-key.pem",
            "/etc/app/private/server.pem",
            "/etc/krb5.keytab",
            "/etc/ceph/ceph.client.admin.keyring",
            "/etc/ppp/chap-secrets",
            "/proc/1/environ",
            "/proc/self/environ",
            "/proc/1/task/1/environ",
            "/proc/1/mem",
            "/proc/1/exe",
            "/proc/1/fd/3",
            "/proc/1/map_files/400000-401000",
            "/proc/1/root/etc/passwd",
            "/proc/kcore",
            "/proc/kmsg",
            "/sys/kernel/debug/tracing/trace_pipe",
            "/sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw",
            "/var/lib/oediag/host.key",
            "/var/lib/oediag",
            "/etc/oediag/keys/host",
            "/var/lib/oediag/redact.key",
            "/var/lib/oediag/maps/0d4f6a2e-93b1-4c57-8a3e-5f1b2c7d9e80.map",
            "/home/a/.local/state/oediag/redact.key",
            "/srv/state/maps/0d4f6a2e-93b1-4c57-8a3e-5f1b2c7d9e80.map",
            "/root/.ssh/authorized_keys",
            "/home/a/.ssh/config",
            "/home/a/id_ed25519",
            "/dev/sda",
            "/var/crash/127.0.0.1-2025-11-09-23:58:12/vmcore",
            "/var/crash/x/vmcore-incomplete",
            "/var/lib/systemd/coredump/core.x.1.zst",
            "/boot/grub2/user.cfg",
            "/etc/ipsec.secrets",
            "/etc/kubernetes/admin.conf",
            "/root/.pgpass",
            "/home/a/.docker/config.json",
            "/tmp/krb5cc_0",
            "/var/kerberos/krb5kdc/.k5.EXAMPLE",
            "/run/secrets/token",
            "/proc/sys/net/ipv6/conf/all/stable_secret",
            "/sys/module/ext4/sections/.text",
        ] {
            assert!(never(path.as_bytes()).is_some(), "{path} must be on the list");
        }
    }

    #[test]
    fn what_blocks_or_acts_when_it_is_read_is_never_read() {
        for path in [
            "/proc/kmsg",
            "/proc/acpi/event",
            "/proc/sysrq-trigger",
            "/proc/net/rpc/auth.unix.ip/channel",
            "/proc/1/net/rpc/nfsd.fh/channel",
            "/proc/fs/nfsd/unlock_filesystem",
            "/proc/bus/usb/001/001",
            "/proc/bus/pci/00/1f.0",
            "/proc/driver/nvram",
            "/proc/sys/vm/stat_refresh",
            "/proc/xen/xenbus",
            "/sys/power/wakeup_count",
            "/sys/kernel/debug/tracing/trace_pipe",
            "/sys/kernel/tracing/per_cpu/cpu3/trace_pipe_raw",
            "/sys/kernel/tracing/per_cpu/cpu3/snapshot_raw",
            "/sys/kernel/debug/usb/usbmon/0u",
            "/sys/kernel/debug/hid/0003:046D/events",
            "/sys/kernel/debug/block/sda/trace0",
            "/sys/kernel/debug/kmemleak",
            "/sys/kernel/debug/qla2xxx/qla2xxx_7/fce",
            "/sys/kernel/debug/lpfc/fn0/iDiag/pciCfg",
            "/sys/kernel/debug/hns3/0000:7d:00.0/mac_tnl_status",
            "/sys/kernel/debug/hisi_zip/0000:75:00.0/qm/regs",
            "/sys/kernel/debug/regmap/0-0048/registers",
            "/sys/class/firmware/x/data",
            "/sys/bus/pci/devices/0000:00:1f.0/rom",
            "/sys/devices/pci0000:00/0000:00:1f.0/resource0",
            "/sys/devices/pci0000:00/0000:00:1f.0/resource0_wc",
            "/sys/devices/pci0000:00/0000:00:1f.0/vpd",
            "/sys/bus/i2c/devices/0-0050/eeprom",
        ] {
            assert!(never(path.as_bytes()).is_some(), "{path} must be on the list");
        }
    }

    #[test]
    fn programs_are_not_handed_what_is_never_read() {
        for argument in [
            "/etc/shadow",
            "--file=/etc/shadow",
            "if=/proc/kcore",
            "@/root/.ssh/id_rsa",
            "/var/lib/oediag",
            "cat /etc/hosts /etc/shadow",
            "etc/shadow",
            "./etc/shadow",
            "/etc/../etc/shadow",
            "//etc/./shadow",
            "/dev/../etc/shadow",
            "/../../etc/shadow",
            "--file=etc/shadow",
            "--file=/dev/shm/../../etc/shadow",
            "-f/etc/shadow",
            "-fetc/shadow",
            "/etc/hosts:/etc/x/../shadow",
        ] {
            assert!(never_handed(argument.as_bytes()).is_some(), "{argument}");
        }
        for argument in ["-a", "/dev/sda", "dev/sda", "/var/log", "--time-style=full-iso", "and/or", "", "/", "..", "a..b"] {
            assert_eq!(never_handed(argument.as_bytes()), None, "{argument}");
        }
    }

    #[test]
    fn an_argument_names_paths_from_the_root() {
        let named = |argument: &str| -> Vec<String> {
            let paths = named(argument.as_bytes()).into_iter();
            paths.map(|path| String::from_utf8(path).expect("UTF-8")).collect()
        };
        assert_eq!(named("mnt/data/../nfs"), ["/mnt/nfs", "/nfs"]);
        assert_eq!(named("--root=/mnt/nfs/"), ["/--root", "/mnt/nfs"]);
        assert_eq!(named("-C/mnt/nfs"), ["/-C/mnt/nfs", "/mnt/nfs"]);
        for root in ["/", ".", "..", "/..", "--root=/", "//."] {
            assert!(named(root).contains(&"/".to_owned()), "{root}");
        }
        for no_root in ["", "%a / %b", "a/", "%{NAME}/%{VERSION}\\n"] {
            assert!(!named(no_root).contains(&"/".to_owned()), "{no_root}: {:?}", named(no_root));
        }
    }

    #[test]
    fn neighbours_of_secrets_are_read() {
        for path in [
            "/etc/passwd",
            "/etc/ssh/sshd_config",
            "/etc/ssh/ssh_host_ed25519_key.pub",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/pki/tls/certs/site.pem",
            "/etc/oediag/agent.toml",
            "/proc/1/status",
            "/proc/1/oom_score",
            "/proc/mounts",
            "/proc/sys/fs/file-nr",
            "/proc/keys",
            "/sys/kernel/debug/tracing/trace",
            "/var/crash/x/vmcore-dmesg.txt",
            "/var/crash/x/vmcore-creation.status",
            "/var/log/devel.log",
            "/proc/fs/nfsd/threads",
            "/var/lib/systemd/coredump",
            "/proc/net/rpc/nfs",
            "/proc/sys/net/ipv4/tcp_fastopen",
            "/sys/bus/pci/devices/0000:00:1f.0/resource",
            "/sys/bus/pci/devices/0000:00:1f.0/config",
            "/sys/devices/system/cpu/online",
            "/sys/block/sda/uevent",
            "/sys/block/sda/trace",
            "/",
        ] {
            assert_eq!(never(path.as_bytes()), None, "{path}");
        }
    }
}
