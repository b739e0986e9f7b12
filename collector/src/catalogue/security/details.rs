//! SELinux in detail, accounts' rules, keys, integrity measurement, audit's own settings.

use super::{row, tally};
use crate::catalogue::{
    Depth::{Deep, Quick, Standard},
    MIB,
    Privacy::{Credentials, Facts, FreeText, Identifying},
    Probe::{Command, File, Native},
    Source, When, every, newest,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("security.selinux_contexts", every("/etc/selinux/*/contexts/**"), Facts, Deep).most(2 * MIB, 10),
    row("security.selinux_settings", every("/etc/selinux/{semanage.conf,restorecond.conf,restorecond_user.conf}"), Facts, Deep),
    row("security.selinux_users", every("/etc/selinux/*/{seusers,setrans.conf,booleans.subs_dist}"), Identifying, Deep),
    row(
        "security.selinux_local",
        every(
            "/var/lib/selinux/*/active/{booleans.local,file_contexts.local,ports.local,users.local,users_extra.local,interfaces.local,nodes.local,seusers.local,commit_num}",
        ),
        Identifying,
        Standard,
    ),
    row("security.selinux_modules", Command(&["/usr/bin/ls", "-lnR", "/var/lib/selinux"]), Facts, Deep)
        .when(&[When::Path("/var/lib/selinux")]),
    row("security.selinux_verbose", Command(&["/usr/sbin/sestatus", "-v"]), Facts, Standard),
    row("security.selinux_switches", Command(&["/usr/sbin/sestatus", "-b"]), Facts, Deep),
    row("security.selinux_state", every("/sys/fs/selinux/{enforce,policyvers,mls,deny_unknown}"), Facts, Quick),
    row("security.selinux_tools", File("/etc/sestatus.conf"), Facts, Deep),
    // Not faillock(8): it opens the files to write, under a lock that a login waits for.
    row(
        "security.login_failures",
        Native { member: "native/security.login_failures.tsv", run: tally::failures },
        Identifying,
        Standard,
    ),
    row("security.auth_profile", Command(&["/usr/bin/authselect", "current"]), Facts, Standard)
        .when(&[When::Path("/etc/authselect/authselect.conf")]),
    row("security.auth_check", Command(&["/usr/bin/authselect", "check"]), Facts, Deep)
        .when(&[When::Path("/etc/authselect/authselect.conf")]),
    row("security.auth_files", every("/etc/authselect/**"), FreeText, Deep),
    row("security.pam_modules", Command(&["/usr/bin/ls", "-lnZ", "/usr/lib64/security"]), Facts, Deep)
        .when(&[When::Path("/usr/lib64/security")]),
    row(
        "security.pam_settings",
        every(
            "/etc/security/{access.conf,faillock.conf,pwquality.conf,pwhistory.conf,group.conf,time.conf,namespace.conf,pam_env.conf,sepermit.conf,chroot.conf}",
        ),
        FreeText,
        Standard,
    ),
    row(
        "security.pam_parts",
        every("/etc/security/{console.apps,namespace.d,pwquality.conf.d,console.perms.d}/*"),
        FreeText,
        Deep,
    ),
    row("security.sshd_effective", Command(&["/usr/sbin/sshd", "-T"]), FreeText, Standard),
    row("security.ssh_parts", every("/etc/ssh/ssh_config.d/*.conf"), FreeText, Standard),
    row("security.sssd_check", Command(&["/usr/sbin/sssctl", "config-check"]), Identifying, Deep)
        .when(&[When::Path("/etc/sssd/sssd.conf")]),
    row("security.sssd_parts", every("/etc/sssd/conf.d/*.conf"), Credentials, Deep),
    row("security.sssd_kerberos", every("/var/lib/sss/pubconf/krb5.include.d/*"), Identifying, Deep),
    row("security.kerberos", every("/etc/{krb5.conf,ldap.conf,nslcd.conf,pam_ldap.conf,aide.conf}"), Credentials, Deep),
    row("security.kerberos_parts", every("/etc/{krb5.conf.d,gssproxy,openldap}/*"), Credentials, Deep),
    row("security.crypto_policy_state", every("/etc/crypto-policies/state/*"), Facts, Standard),
    row("security.crypto_policy_files", every("/etc/crypto-policies/back-ends/*"), Facts, Deep),
    row("security.fips_mark", File("/etc/system-fips"), Facts, Deep),
    row("security.openssl", File("/etc/pki/tls/openssl.cnf"), FreeText, Deep),
    row("security.nss", File("/etc/pki/nssdb/pkcs11.txt"), FreeText, Deep),
    row("security.keys", every("/proc/{keys,key-users}"), Identifying, Deep),
    row("security.sudo_settings", every("/etc/{sudo.conf,sudo-ldap.conf}"), FreeText, Standard),
    row("security.sudo_debug", newest(4, "/var/log/{sudo_debug,sudoers_debug}"), FreeText, Deep).most(16 * MIB, 20),
    row("security.audit_compiled", every("/etc/audit/{audit.rules,audit-stop.rules}"), FreeText, Standard),
    row("security.audit_plugins", every("/etc/audit/plugins.d/**"), FreeText, Deep),
    row("security.audit_dispatcher", every("/etc/audisp/**"), FreeText, Deep),
    row("security.integrity_policy", File("/sys/kernel/security/ima/policy"), Facts, Deep),
    row(
        "security.integrity_memory",
        every("/sys/kernel/security/dim/{runtime_status,interval,measure_log_capacity,measure_schedule,tampered_action}"),
        Facts,
        Standard,
    ),
    row("security.integrity_log", File("/sys/kernel/security/dim/ascii_runtime_measurements"), Facts, Deep).most(4 * MIB, 10),
];
