//! What the host and its services wrote. Rotated files too; the newest first where there are many.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, Journal},
    Source, Topic, When, every, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Logs, probe, privacy, depth)
}

/// Most of one log file; the run's own item cap also holds.
const LOG: u64 = 64 * MIB;

pub(super) const ROWS: &[Source] = &[
    row("logs.journal_errors", Journal { select: &["-p", "err"] }, FreeText, Quick).most(16 * MIB, 30),
    row("logs.journal", Journal { select: &[] }, FreeText, Standard),
    row("logs.messages", newest(32, "/var/log/messages*"), FreeText, Quick).most(LOG, 60),
    row("logs.secure", newest(32, "/var/log/secure*"), FreeText, Standard).most(LOG, 60),
    row("logs.cron", newest(32, "/var/log/cron*"), FreeText, Standard).most(LOG, 60),
    row("logs.audit", newest(16, "/var/log/audit/audit.log*"), FreeText, Standard).most(LOG, 60),
    row("logs.dnf", newest(8, "/var/log/{dnf*.log*,hawkey.log*}"), FreeText, Standard).most(LOG, 60),
    row("logs.mail", newest(2, "/var/log/maillog*"), FreeText, Deep).most(LOG, 60),
    row("logs.tuned", newest(2, "/var/log/tuned/*.log*"), FreeText, Standard).most(LOG, 60),
    row("logs.firewalld", newest(2, "/var/log/firewalld*"), FreeText, Standard).most(LOG, 60),
    row("logs.chrony", newest(8, "/var/log/chrony/*.log"), FreeText, Deep).most(LOG, 60),
    row("logs.sssd", newest(8, "/var/log/sssd/*.log"), FreeText, Deep).most(LOG, 60),
    row("logs.syscare", newest(8, "/var/log/syscare/*"), FreeText, Standard).most(LOG, 60),
    row("logs.oeaware", newest(4, "/var/log/oeAware/*"), FreeText, Standard).most(LOG, 60),
    row("logs.aops", newest(4, "/var/log/aops/*"), FreeText, Standard).most(LOG, 60),
    row("logs.isulad", newest(4, "/var/log/iSulad/*"), FreeText, Deep).most(LOG, 60),
    row("logs.guests", newest(16, "/var/log/libvirt/qemu/*.log"), FreeText, Deep).most(LOG, 60),
    row("logs.nginx", newest(4, "/var/log/nginx/*.log"), FreeText, Deep).most(LOG, 60),
    row("logs.httpd", newest(4, "/var/log/httpd/*_log"), FreeText, Deep).most(LOG, 60),
    row("logs.installation", newest(16, "/var/log/anaconda/*.log"), FreeText, Deep).most(LOG, 60),
    row("logs.sizes", Command(&["/usr/bin/ls", "-lnR", "--time-style=full-iso", "/var/log"]), Identifying, Standard),
    row("logs.disk_usage", Command(&["/usr/bin/journalctl", "--no-pager", "--disk-usage"]), Facts, Standard),
    row("logs.journal_verify", Command(&["/usr/bin/journalctl", "--no-pager", "--verify"]), Facts, Deep).most(4 * MIB, 60),
    row("logs.previous_errors", Journal { select: &["-p", "err", "-b", "-1"] }, FreeText, Standard)
        .most(16 * MIB, 30)
        .when(&[When::Path("/var/log/journal")]),
    row("logs.spooler", newest(2, "/var/log/spooler*"), FreeText, Deep).most(16 * MIB, 20),
    row("logs.other_names", newest(12, "/var/log/{syslog*,kern.log*,auth.log*,daemon.log*}"), FreeText, Standard)
        .most(64 * MIB, 60),
    row("logs.boot_messages", every("/var/log/{dmesg,dmesg.old,udev}"), FreeText, Standard).most(16 * MIB, 20),
    row("logs.numad", newest(2, "/var/log/numad.log*"), FreeText, Deep).most(16 * MIB, 20),
    row("logs.old_installation", every("/var/log/anaconda.*"), FreeText, Deep).most(16 * MIB, 20),
    row("logs.stratovirt", newest(8, "/var/log/stratovirt/*"), FreeText, Deep).most(64 * MIB, 60),
    row("logs.cloud", newest(4, "/var/log/cloud-init*"), FreeText, Deep).most(16 * MIB, 20),
    row("logs.vmware", newest(8, "/var/log/vmware-*"), FreeText, Deep).most(16 * MIB, 20),
    row("logs.directory", newest(6, "/var/log/{kadmind.log,krb5kdc.log,opensm*,fapolicyd-access.log}"), FreeText, Deep)
        .most(16 * MIB, 20),
    row("logs.isulad_journal", Journal { select: &["-u", "isulad.service"] }, FreeText, Deep).most(16 * MIB, 30),
    row("logs.a_tune", Journal { select: &["-u", "atuned.service"] }, FreeText, Deep).most(16 * MIB, 30),
];
