//! What is never read, whatever a row or a site's own row asks for: secrets, memory images, and files whose reading
//! takes something from the host.
//!
//! In: an absolute path of the host. Out: why it is never read, or none. Looks at names only, touches nothing.
//! Rows are the allow-list; this is the wall behind them, asked before a link is followed and again after.

/// Suffixes of files that hold private keys or tickets.
const SECRET_SUFFIXES: &[&[u8]] =
    &[b".key", b".keytab", b".p12", b".pfx", b".jks", b".jceks", b".keystore", b".kdbx", b".keyring", b".ppk"];

/// Names of private keys as ssh-keygen gives them.
const SSH_KEYS: &[&[u8]] = &[b"id_rsa", b"id_dsa", b"id_ecdsa", b"id_ed25519", b"id_ecdsa_sk", b"id_ed25519_sk"];

/// Folders whose whole content stays on the host.
const FOLDERS: &[&str] = &[
    "/dev",
    "/etc/oediag/keys",
    "/etc/pki/CA/private",
    "/etc/pki/tls/private",
    "/etc/ssl/private",
    "/var/lib/oediag",
    "/var/lib/sss/db",
    "/var/lib/sss/secrets",
    "/var/lib/systemd/coredump",
    "/var/spool/mail",
];

/// Files of one process that show its memory, its environment or its open files.
const OF_A_PROCESS: &[&[u8]] = &[b"auxv", b"cwd", b"environ", b"exe", b"fd", b"map_files", b"mem", b"pagemap", b"root"];

/// Says why a path is never read; the path is absolute, without `.` and `..`.
pub(super) fn never(path: &[u8]) -> Option<&'static str> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    let (name, parents) = parts.split_last()?;
    let lower = name.to_ascii_lowercase();

    if FOLDERS.iter().any(|folder| inside(path, folder.as_bytes())) {
        return Some("everything in this folder stays on the host");
    }
    if parts.iter().any(|part| matches!(*part, b".ssh" | b".gnupg" | b".pki")) {
        return Some("a folder of keys");
    }
    match parents {
        [b"etc"] if name.starts_with(b"shadow") || name.starts_with(b"gshadow") => return Some("password hashes"),
        [b"etc", b"security"] if name.starts_with(b"opasswd") => return Some("password hashes"),
        [b"etc", b"ppp"] if name.ends_with(b"-secrets") => return Some("passwords"),
        [b"etc", b"ssh", ..] if name.ends_with(b"_key") => return Some("a private key"),
        [b"proc"] if matches!(*name, b"kcore" | b"kmsg" | b"kpagecount" | b"kpageflags" | b"sysrq-trigger") => {
            return Some("memory of the kernel, or reading it takes it from others");
        }
        _ => {}
    }
    // `/proc/PID/x`, `/proc/PID/task/TID/x`, and what lies below `fd`.
    if parts.len() > 2 && parts[0] == b"proc" && parts[2..].iter().any(|part| OF_A_PROCESS.contains(part)) && !sysctl(&parts) {
        return Some("memory, environment or open files of a process");
    }
    if lower.starts_with(b"trace_pipe") {
        return Some("reading it takes it from others");
    }
    if lower.starts_with(b"vmcore") && !lower.starts_with(b"vmcore-dmesg") && lower != b"vmcore-creation.status" {
        return Some("an image of memory");
    }
    if SSH_KEYS.contains(name) || SECRET_SUFFIXES.iter().any(|suffix| lower.ends_with(suffix)) {
        return Some("a private key");
    }
    let pem = lower.ends_with(b".pem") || lower.ends_with(b".der");
    if pem && (contains(&lower, b"key") || contains(&lower, b"priv") || parents.contains(&b"private".as_slice())) {
        return Some("a private key");
    }
    None
}

/// `/proc/sys` has no processes: a setting may well be called `exe`.
fn sysctl(parts: &[&[u8]]) -> bool {
    parts[1] == b"sys" || parts[1] == b"fs" || parts[1] == b"driver"
}

fn inside(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::never;

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
            "/root/.ssh/authorized_keys",
            "/home/a/.ssh/config",
            "/home/a/id_ed25519",
            "/dev/sda",
            "/var/crash/127.0.0.1-2025-11-09-23:58:12/vmcore",
            "/var/crash/x/vmcore-incomplete",
            "/var/lib/systemd/coredump/core.x.1.zst",
        ] {
            assert!(never(path.as_bytes()).is_some(), "{path} must be on the list");
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
            "/",
        ] {
            assert_eq!(never(path.as_bytes()), None, "{path}");
        }
    }
}
