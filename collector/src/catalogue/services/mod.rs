//! Services, timers, clocks, containers, and the configuration of all these.

mod clock;
pub(super) mod host;
pub(super) mod systemd;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Credentials, Facts, FreeText, Identifying},
    Probe::{self, Command, File, Native},
    SYSTEMD, Source, Topic, When, every,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Services, probe, privacy, depth)
}

pub(super) const ROWS: &[Source] = &[
    row(
        "services.failed",
        Command(&["/usr/bin/systemctl", "list-units", "--state=failed", "--no-legend", "--plain", "--no-pager", "--all"]),
        Identifying,
        Quick,
    )
    .when(SYSTEMD),
    row(
        "services.units",
        Command(&["/usr/bin/systemctl", "list-units", "--all", "--no-pager", "--plain"]),
        Identifying,
        Standard,
    )
    .when(SYSTEMD),
    row("services.unit_files", Command(&["/usr/bin/systemctl", "list-unit-files", "--no-pager"]), Facts, Standard),
    row("services.timers", Command(&["/usr/bin/systemctl", "list-timers", "--all", "--no-pager"]), Facts, Standard).when(SYSTEMD),
    row("services.jobs", Command(&["/usr/bin/systemctl", "list-jobs", "--no-pager"]), Facts, Quick).when(SYSTEMD),
    row("services.properties", Command(&["/usr/bin/systemctl", "show", "--all", "--no-pager", "*.service"]), Credentials, Deep)
        .when(SYSTEMD)
        .most(16 * MIB, 60),
    row("services.systemd_conf", every("/etc/systemd/*.conf"), FreeText, Standard),
    row("services.local_units", every("/etc/systemd/system/**"), FreeText, Standard),
    // Not timedatectl(1): it starts a service to ask.
    row("services.time", Native { member: "native/services.time.txt", run: clock::settings }, Facts, Quick),
    row("services.chrony_tracking", Command(&["/usr/bin/chronyc", "-n", "tracking"]), Identifying, Quick),
    row("services.chrony_sources", Command(&["/usr/bin/chronyc", "-n", "sources", "-v"]), Identifying, Standard),
    row("services.chrony_conf", File("/etc/chrony.conf"), FreeText, Standard),
    row("services.crontab", every("/etc/{crontab,anacrontab}"), FreeText, Standard),
    row("services.cron_folder", every("/etc/cron.d/**"), FreeText, Standard),
    row("services.rsyslog", every("/etc/rsyslog.d/**"), FreeText, Standard),
    row("services.rsyslog_conf", File("/etc/rsyslog.conf"), FreeText, Standard),
    row("services.logrotate", every("/etc/logrotate.d/*"), FreeText, Standard),
    row("services.logrotate_conf", File("/etc/logrotate.conf"), FreeText, Standard),
    row("services.tuned", Command(&["/usr/sbin/tuned-adm", "active"]), Facts, Standard),
    row("services.locale", every("/etc/{locale.conf,vconsole.conf,adjtime}"), Facts, Standard),
    row("services.sysmonitor", every("/etc/{sysmonitor,sysmonitor.d}/**"), FreeText, Standard),
    row("services.sysmonitor_switches", File("/etc/sysconfig/sysmonitor"), FreeText, Standard),
    row("services.sys_sentry", every("/etc/sysSentry/**"), FreeText, Standard),
    row("services.gala_gopher", every("/etc/gala-gopher/**"), FreeText, Deep),
    row("services.aops", every("/etc/aops/**"), Credentials, Deep),
    row("services.oeaware", Command(&["/usr/bin/oeawarectl", "-q"]), Facts, Standard),
    row("services.atune", Command(&["/usr/bin/atune-adm", "list"]), Facts, Deep),
    row("services.docker", Command(&["/usr/bin/docker", "ps", "-a", "--no-trunc"]), FreeText, Standard)
        .when(&[When::Path("/run/docker.pid")]),
    row("services.docker_info", Command(&["/usr/bin/docker", "info"]), Identifying, Standard)
        .when(&[When::Path("/run/docker.pid")]),
    row("services.isulad", Command(&["/usr/bin/isula", "ps", "-a"]), FreeText, Standard).when(&[When::Path("/run/isulad.sock")]),
    row("services.isulad_info", Command(&["/usr/bin/isula", "info"]), Identifying, Standard)
        .when(&[When::Path("/run/isulad.sock")]),
    row("services.container_conf", every("/etc/{docker,isulad}/daemon.json"), Credentials, Deep),
    row("services.guests", Command(&["/usr/bin/virsh", "-r", "list", "--all"]), Identifying, Standard)
        .when(&[When::Path("/run/libvirtd.pid")]),
    row("services.snmpd", File("/etc/snmp/snmpd.conf"), Credentials, Deep),
    row("services.sssd", File("/etc/sssd/sssd.conf"), Credentials, Deep),
];
