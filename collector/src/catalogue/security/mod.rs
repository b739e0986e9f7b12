//! Access, hardening and audit settings; never a secret itself.

pub(super) mod details;
mod tally;

use super::{
    Depth::{self, Deep, Quick, Standard},
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File},
    Source, Topic, every,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Security, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row("security.selinux", File("/etc/selinux/config"), Facts, Quick),
    row("security.selinux_status", Command(&["/usr/sbin/sestatus"]), Facts, Quick),
    row("security.selinux_booleans", Command(&["/usr/sbin/getsebool", "-a"]), Facts, Deep),
    row("security.vulnerabilities", every("/sys/devices/system/cpu/vulnerabilities/*"), Facts, Quick),
    row("security.kernel_modules", every("/sys/kernel/security/{lsm,lockdown}"), Facts, Standard),
    row("security.integrity", every("/sys/kernel/security/ima/{runtime_measurements_count,violations}"), Facts, Standard),
    row("security.fips", File("/proc/sys/crypto/fips_enabled"), Facts, Standard),
    row("security.crypto_policy", File("/etc/crypto-policies/config"), Facts, Standard),
    row("security.sshd", File("/etc/ssh/sshd_config"), FreeText, Standard),
    row("security.sshd_parts", every("/etc/ssh/sshd_config.d/*"), FreeText, Standard),
    row("security.ssh", File("/etc/ssh/ssh_config"), FreeText, Standard),
    row("security.pam", every("/etc/pam.d/**"), FreeText, Standard),
    row("security.limits", File("/etc/security/limits.conf"), FreeText, Standard),
    row("security.limits_parts", every("/etc/security/limits.d/*.conf"), FreeText, Standard),
    row("security.login", every("/etc/{login.defs,issue.net,securetty,hosts.allow,hosts.deny}"), FreeText, Standard),
    row("security.accounts", every("/etc/{passwd,group}"), Identifying, Standard),
    row("security.sudoers", File("/etc/sudoers"), FreeText, Standard),
    row("security.sudoers_parts", every("/etc/sudoers.d/*"), FreeText, Standard),
    row("security.audit_conf", File("/etc/audit/auditd.conf"), FreeText, Standard),
    row("security.audit_rules", every("/etc/audit/rules.d/**"), FreeText, Standard),
    row("security.audit_status", Command(&["/usr/sbin/auditctl", "-s"]), Facts, Standard),
    row("security.audit_loaded_rules", Command(&["/usr/sbin/auditctl", "-l"]), Identifying, Standard),
    row("security.hardening_log", File("/var/log/openEuler-security.log"), FreeText, Deep),
];
