//! What the host and its services wrote. Rotated files too; the newest first where there are many.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, FreeText, Identifying},
    Probe::{self, Command, Journal},
    Source, Topic, newest,
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
    row("logs.sizes", Command(&["/usr/bin/ls", "-lR", "--time-style=full-iso", "/var/log"]), Identifying, Standard),
];
