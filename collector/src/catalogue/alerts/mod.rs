//! Alarms that software of the host has raised already: sysmonitor, sysSentry, gala-gopher, rasdaemon, the BMC.

mod rasdaemon;

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, Journal, Native},
    Source, Topic, When, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Alerts, probe, privacy, depth)
}

/// What sysSentry's plug-ins raised through xalarm.
const fn alarms(id: &'static str, argv: &'static [&'static str]) -> Source {
    row(id, Command(argv), FreeText, Standard)
}

/// Seconds that `sentryctl get_alarm` looks back.
const DAY: &str = "86400";

pub(super) const ROWS: &[Source] = &[
    row("alerts.sysmonitor", newest(4, "/var/log/sysmonitor.log*"), FreeText, Quick).most(64 * MIB, 60),
    row("alerts.sysmonitor_dumps", newest(4, "/var/log/logdump/sysmonitor/*"), FreeText, Standard).most(64 * MIB, 60),
    row("alerts.sys_sentry", newest(16, "/var/log/sysSentry/*"), FreeText, Quick).most(64 * MIB, 60),
    row("alerts.sys_sentry_modules", Command(&["/usr/bin/sentryctl", "list"]), Facts, Standard),
    row("alerts.gala_gopher", newest(16, "/var/log/gala-gopher/**"), FreeText, Standard).most(64 * MIB, 60),
    alarms("alerts.sentry_alarms_avg_block_io", &["/usr/bin/sentryctl", "get_alarm", "avg_block_io", "-s", DAY]),
    alarms("alerts.sentry_alarms_ai_block_io", &["/usr/bin/sentryctl", "get_alarm", "ai_block_io", "-s", DAY]),
    alarms("alerts.sentry_alarms_hbm", &["/usr/bin/sentryctl", "get_alarm", "hbm_online_repair", "-s", DAY]),
    alarms("alerts.sentry_alarms_soc_ring", &["/usr/bin/sentryctl", "get_alarm", "soc_ring_sentry", "-s", DAY]),
    row("alerts.rasdaemon_events", Native { member: "native/alerts.rasdaemon_events.txt", run: rasdaemon::events }, Facts, Quick),
    row("alerts.edac", Command(&["/usr/bin/edac-util", "-v"]), Facts, Standard),
    row("alerts.machine_checks", newest(2, "/var/log/mcelog*"), FreeText, Quick).most(64 * MIB, 60),
    // The newest: a BMC takes its time for each, and may hold thousands.
    row("alerts.bmc_events", Command(&["/usr/bin/ipmitool", "sel", "elist", "last", "1000"]), Identifying, Standard)
        .when(&[When::Path("/dev/ipmi0")])
        .most(4 * MIB, 60),
    row("alerts.rasdaemon", Journal { select: &["-u", "rasdaemon.service"] }, FreeText, Standard).most(16 * MIB, 30),
    row("alerts.smartd", Journal { select: &["-u", "smartd.service"] }, FreeText, Standard).most(16 * MIB, 30),
    row("alerts.x_diagnose", newest(8, "/var/log/x-diagnose/**"), FreeText, Deep).most(64 * MIB, 60),
    row("alerts.hardening", newest(4, "/var/log/secScanner/*"), FreeText, Deep).most(64 * MIB, 60),
];
