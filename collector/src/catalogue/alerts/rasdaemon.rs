//! What rasdaemon stored of hardware errors, table by table as its `ras-record.c` makes them.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::{catalogue::database, host::Host};

/// The database.
const DATABASE: &str = "/var/lib/rasdaemon/ras-mc_event.db";

/// Those of 0.6.6 and 0.6.7, and Kunpeng's; names and columns may differ by version, what is there is told.
const TABLES: &[&str] = &[
    "mc_event",
    "aer_event",
    "mce_record",
    "extlog_event",
    "non_standard_event",
    "arm_event",
    "devlink_event",
    "disk_errors",
    "memory_failure_event",
    "cxl_aer_ue_event",
    "cxl_aer_ce_event",
    "hip08_oem_type1_event_v2",
    "hip08_oem_type2_event_v2",
    "hip08_pcie_local_event_v2",
    "hisi_common_section",
    "hisi_common_section_v2",
];

/// What an unpacked bundle holds in place of the database.
const SHOWN: &str = "/oediag/native/alerts.rasdaemon_events.txt";

pub(super) fn events(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    if !host.is_live()
        && !host.exists(Path::new(DATABASE))
        && let Ok(mut text) = host.open(Path::new(SHOWN))
    {
        return io::copy(&mut text, out).map(|_| ());
    }
    database::tables(host, DATABASE, TABLES, out)
}
