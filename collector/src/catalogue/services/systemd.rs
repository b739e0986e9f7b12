//! systemd itself: its state, its units, and what it keeps in files.

use super::row;
use crate::catalogue::{
    Depth::{Deep, Quick, Standard},
    MIB,
    Privacy::{Credentials, Facts, FreeText, Identifying},
    Probe::{Command, File},
    SYSTEMD, Source, When, every,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row("services.status", Command(&["/usr/bin/systemctl", "--no-pager", "--full", "status", "--all"]), Credentials, Deep)
        .when(SYSTEMD)
        .most(16 * MIB, 60),
    row("services.manager", Command(&["/usr/bin/systemctl", "--no-pager", "show", "--all"]), FreeText, Standard).when(SYSTEMD),
    row("services.environment", Command(&["/usr/bin/systemctl", "--no-pager", "show-environment"]), Credentials, Deep)
        .when(SYSTEMD),
    row("services.dependencies", Command(&["/usr/bin/systemctl", "--no-pager", "list-dependencies"]), Facts, Deep).when(SYSTEMD),
    row(
        "services.troubled",
        Command(&[
            "/usr/bin/systemctl",
            "--no-pager",
            "list-units",
            "--all",
            "--plain",
            "--no-legend",
            "--state=activating,deactivating,auto-restart",
        ]),
        Identifying,
        Quick,
    )
    .when(SYSTEMD),
    row("services.inhibitors", Command(&["/usr/bin/systemd-inhibit", "--no-pager", "--list"]), Identifying, Deep).when(SYSTEMD),
    row("services.overrides", Command(&["/usr/bin/systemd-delta", "--no-pager", "--diff=no"]), FreeText, Standard),
    row("services.bus", Command(&["/usr/bin/busctl", "list", "--no-pager"]), Identifying, Deep)
        .when(&[When::Path("/run/dbus/system_bus_socket")]),
    row("services.bus_conf", every("/etc/dbus-1/**"), FreeText, Deep),
    row("services.unit_folder", Command(&["/usr/bin/ls", "-lnR", "/usr/lib/systemd/system"]), Facts, Deep),
    row("services.vendor_units", every("/usr/lib/systemd/system/**"), Facts, Deep),
    row("services.vendor_user_units", every("/usr/lib/systemd/user/**"), Facts, Deep),
    row("services.vendor_conf", every("/usr/lib/systemd/*.conf"), Facts, Deep),
    row(
        "services.systemd_parts",
        every(
            "/etc/systemd/{network,user,journald.conf.d,system.conf.d,logind.conf.d,user.conf.d,timesyncd.conf.d,resolved.conf.d}/**",
        ),
        FreeText,
        Standard,
    ),
    row(
        "services.run_units",
        every("/run/systemd/{system,transient,generator,generator.early,generator.late}/**"),
        FreeText,
        Deep,
    ),
    row("services.run_sessions", every("/run/systemd/{sessions,users,seats,machines}/**"), Identifying, Deep),
    row("services.tmpfiles", every("/etc/tmpfiles.d/*.conf"), FreeText, Deep),
    row("services.tmpfiles_vendor", every("/usr/lib/tmpfiles.d/*.conf"), Facts, Deep),
    row("services.tmpfiles_run", every("/run/tmpfiles.d/*.conf"), FreeText, Deep),
    row("services.cron_scripts", every("/etc/{cron.hourly,cron.daily,cron.weekly,cron.monthly}/*"), FreeText, Standard),
    row("services.cron_users", every("/etc/{cron.allow,cron.deny,at.allow,at.deny}"), FreeText, Standard),
    row("services.logrotate_status", every("/var/lib/logrotate/*"), Facts, Standard),
    row("services.logrotate_status_old", File("/var/lib/logrotate.status"), Facts, Standard),
    row("services.syslog_conf", File("/etc/syslog.conf"), FreeText, Deep),
    row("services.environment_file", File("/etc/environment"), FreeText, Standard),
    row("services.defaults", every("/etc/default/**"), FreeText, Deep),
    row("services.sysconfig", every("/etc/sysconfig/**"), Credentials, Deep),
];
