//! Time, tuning, containers and guests, and openEuler's own services.

use super::row;
use crate::catalogue::{
    Depth::{Deep, Standard},
    Privacy::{Credentials, Facts, FreeText, Identifying},
    Probe::{Command, File},
    Source, When, every,
};

pub(in crate::catalogue) const ROWS: &[Source] = &[
    row(
        "services.chrony_details",
        Command(&["/usr/bin/chronyc", "-n", "-m", "activity", "sourcestats", "serverstats"]),
        Identifying,
        Standard,
    ),
    row("services.chrony_exchange", Command(&["/usr/bin/chronyc", "-n", "-m", "clients"]), Identifying, Deep),
    row("services.chrony_selection", Command(&["/usr/bin/chronyc", "-n", "-m", "selectdata", "authdata"]), Identifying, Deep),
    row("services.chrony_drift", File("/var/lib/chrony/drift"), Facts, Standard),
    row("services.ntp_files", every("/etc/{ntp.conf,ptp4l.conf,timemaster.conf,phc2sys.conf}"), FreeText, Deep),
    row("services.ntp_folder", every("/etc/ntp/{ntpservers,step-tickers}"), FreeText, Deep),
    // Asks the daemon of this host by itself; where none answers, that is the answer.
    row("services.ntp_peers", Command(&["/usr/sbin/ntpq", "-pn"]), Identifying, Deep),
    row("services.tuned_files", every("/etc/{tuned,tune-profiles}/**"), FreeText, Standard),
    row("services.tuned_vendor", every("/usr/lib/tuned/**"), Facts, Deep),
    row("services.atune_conf", every("/etc/atuned/**"), FreeText, Deep),
    row("services.oeaware_conf", every("/etc/oeAware/**"), FreeText, Standard),
    row("services.sentry_alarms", Command(&["/usr/bin/sentryctl", "get_alarm", "-s", "86400", "rasdaemon"]), Facts, Standard)
        .when(&[When::Path("/run/xalarm")]),
    row("services.hardening_conf", every("/etc/{openEuler_security,secScanner}/**"), FreeText, Deep),
    row("services.x_diagnose_conf", every("/etc/x-diagnose/*"), FreeText, Deep),
    row("services.isulad_images", Command(&["/usr/bin/isula", "images"]), Identifying, Deep)
        .when(&[When::Path("/run/isulad.sock")]),
    row("services.docker_images", Command(&["/usr/bin/docker", "images"]), Identifying, Deep)
        .when(&[When::Path("/run/docker.pid")]),
    row("services.docker_use", Command(&["/usr/bin/docker", "stats", "--no-stream", "--no-trunc"]), Facts, Deep)
        .when(&[When::Path("/run/docker.pid")]),
    row("services.docker_space", Command(&["/usr/bin/docker", "system", "df"]), Facts, Deep)
        .when(&[When::Path("/run/docker.pid")]),
    row("services.guest_files", every("/etc/libvirt/{libvirtd.conf,qemu.conf}"), Credentials, Deep),
    row("services.cloud", every("/etc/cloud/**"), Credentials, Deep),
    row("services.cloud_run", every("/run/cloud-init/{result.json,status.json,cloud-id,ds-identify.log}"), Identifying, Deep),
    row("services.vmware", every("/etc/vmware-tools/**"), FreeText, Deep),
    row("services.mail", every("/etc/postfix/{main.cf,master.cf}"), FreeText, Deep),
    row("services.watchdog", File("/etc/watchdog.conf"), FreeText, Deep),
];
