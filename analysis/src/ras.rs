//! Rows of rasdaemon's database, as the collector writes them out as text.
//!
//! In: lines `table<TAB>id=1<TAB>timestamp=2025-11-11 20:01:33 +0800<TAB>column=value...`. Out: events into `Findings`, whose
//! evidence is the database's own path, the table, and the row's id as line. A column that is not there is no reason to fail.

use crate::{
    alerts::Severity,
    cut,
    findings::{Event, Findings},
    lines,
    rules::{Found, Kind, devices, hardware, storage},
    scan,
    tap::Context,
};

/// The database, as a member's path.
pub(crate) const DATABASE: &str = "var/lib/rasdaemon/ras-mc_event.db";
/// The member that shows it.
pub(crate) const SHOWN: &str = "oediag/native/alerts.rasdaemon_events.txt";

/// Reads the columns of one row.
type Read = fn(&Row<'_>) -> Option<(&'static Kind, Found)>;

/// The tables we know (rasdaemon's ras-record.c), and how to read a row.
const TABLES: &[(&str, Read)] = &[
    ("mc_event", memory),
    ("aer_event", |row| {
        let severity = row.get("err_type")?;
        let found = Found::about(row.get("dev_name")?).at(hardware::aer(severity));
        let what = [severity, row.get("err_msg").unwrap_or_default()].join(" ");
        Some((&hardware::PCIE_AER, found.with("what", Some(&what))))
    }),
    ("mce_record", |row| {
        let subject = format!("CPU {} bank {}", row.get("cpu")?, row.get("bank")?);
        let status = row.get("status").and_then(|status| status.parse::<i64>().ok()).unwrap_or_default();
        let what = row.get("error_msg").filter(|what| !what.is_empty()).or_else(|| row.get("mcastatus_msg"));
        let found = Found::about(&subject).with("what", what);
        // Bit 61 of the status says uncorrected.
        Some((&hardware::MCE, if status >> 61 & 1 == 1 { found.at(Severity::Critical) } else { found }))
    }),
    ("memory_failure_event", |row| {
        let (page, action) = (row.get("page_type"), row.get("action_result"));
        let found = Found::about(row.get("pfn")?).with("page", page).with("action", action);
        let lost = action.is_some_and(|action| action.starts_with("Failed") || action.starts_with("Ignored"));
        Some((&hardware::MEMORY_FAILURE, if lost { found.at(Severity::Critical) } else { found }))
    }),
    ("disk_errors", |row| {
        let error = row.get("error").unwrap_or_default();
        let kind = if error.contains("medium") { &storage::DISK_MEDIUM_ERROR } else { &storage::IO_ERROR };
        let found = Found::about(&devices::disk(row.get("dev")?)).with("sector", row.get("sector"));
        Some((kind, found.with("operation", row.get("rwbs").filter(|operation| !operation.is_empty()))))
    }),
    ("arm_event", |row| {
        let what = format!("affinity {}, MPIDR {}", row.get("affinity")?, row.get("mpidr")?);
        let found = Found::about(&what).with("severity", Some("ARM")).with("what", Some(&what));
        Some((&hardware::GHES_PROCESSOR, found))
    }),
    ("extlog_event", |row| {
        let what = format!("{} {}", row.get("etype").unwrap_or("?"), row.get("fru_text").unwrap_or_default());
        let severity = row.get("severity").unwrap_or("?");
        let found = Found::about(what.trim()).with("severity", Some(severity)).with("section", Some(what.trim()));
        Some((&hardware::GHES_OTHER, firmware(found, severity)))
    }),
    ("non_standard_event", |row| {
        let severity = row.get("severity").unwrap_or("?");
        let section = row.get("fru_text").filter(|text| !text.is_empty()).or_else(|| row.get("sec_type"));
        let found = Found::about(section.unwrap_or("non-standard")).with("severity", Some(severity)).with("section", section);
        Some((&hardware::GHES_OTHER, firmware(found, severity)))
    }),
    ("hip08_oem_type1_event_v2", |row| Some(huawei(row))),
    ("hip08_oem_type2_event_v2", |row| Some(huawei(row))),
    ("hip08_pcie_local_event_v2", |row| Some(huawei(row))),
    ("hisi_common_section", |row| Some(huawei(row))),
];

fn memory(row: &Row<'_>) -> Option<(&'static Kind, Found)> {
    let kind = match row.get("err_type")? {
        "Uncorrected" | "Fatal" | "Deferred" => &hardware::EDAC_UE,
        "Corrected" => &hardware::EDAC_CE,
        _ => return None,
    };
    Some((kind, Found::about(row.get("label").unwrap_or("unknown memory")).with("what", row.get("err_msg"))))
}

/// Kunpeng's own sections: the module says what it is about.
fn huawei(row: &Row<'_>) -> (&'static Kind, Found) {
    let severity = row.get("err_severity").or_else(|| row.get("err_sev")).unwrap_or("?");
    let module = row.get("module_id").or_else(|| row.get("sub_module_id")).unwrap_or(row.table);
    let found = Found::about(module).with("severity", Some(severity)).with("section", Some(module));
    (&hardware::GHES_OTHER, firmware(found, severity))
}

/// The words of rasdaemon and the numbers of CPER (0 recoverable, 1 fatal, 2 corrected, 3 information).
fn firmware(found: Found, severity: &str) -> Found {
    match severity.to_lowercase().as_str() {
        "fatal" | "1" => found.at(Severity::Critical),
        "recoverable" | "uncorrected" | "0" => found.at(Severity::High),
        "informational" | "info" | "none" | "3" => found.at(Severity::Low),
        _ => found,
    }
}

/// One row.
#[derive(Debug)]
struct Row<'a> {
    table: &'static str,
    columns: &'a str,
}

impl<'a> Row<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.columns.split('\t').find_map(|column| column.strip_prefix(name)?.strip_prefix('=')).map(str::trim)
    }
}

/// The state of reading the member.
#[derive(Debug)]
pub(crate) struct Ras {
    findings: Findings,
}

impl Ras {
    pub(crate) fn new(context: &Context) -> Self {
        Self { findings: Findings { tables: true, ..Findings::new(DATABASE, &context.zone, context.latest) } }
    }

    pub(crate) fn batch(&mut self, batch: &[u8]) {
        for line in lines::each(batch) {
            self.row(&String::from_utf8_lossy(line));
        }
    }

    pub(crate) fn finish(self) -> Findings {
        self.findings
    }

    fn row(&mut self, line: &str) -> Option<()> {
        let (table, columns) = line.split_once('\t')?;
        let (table, read) = TABLES.iter().find(|(known, _)| *known == table)?;
        let row = Row { table, columns };
        let id = cut::digits(row.get("id")?)?.parse().ok().filter(|id| *id > 0)?;
        let (kind, found) = read(&row)?;
        let time = scan::event_time(&found.clone().with("when", row.get("timestamp")));
        self.findings.add(Event {
            kind,
            from: table,
            found,
            time,
            last: time,
            stamp: None,
            ended: None,
            line: id,
            end: id,
            copy: None,
        });
        Some(())
    }
}
