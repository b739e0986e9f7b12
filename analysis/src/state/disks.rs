//! What disks say of themselves: `smartctl -a`, `-x` and `-H` of ATA, SCSI and NVMe disks, `nvme smart-log`.

use super::{Memory, Verdict};
use crate::{
    alerts::Severity,
    cut,
    rules::{Found, Kind, devices::DISK_SMART},
};

/// ATA attributes whose raw value counts sectors that were or are lost.
const SECTORS: &[(&str, Severity)] = &[
    ("Current_Pending_Sector", Severity::High),
    ("Offline_Uncorrectable", Severity::High),
    ("Reported_Uncorrect", Severity::Medium),
    ("Reallocated_Sector_Ct", Severity::Low),
];
/// Percent of an SSD's rated life from which it should be replaced.
const WORN: u64 = 90;

/// `smartctl`.
pub(crate) fn smart(memory: &mut Memory, line: &str) -> Verdict {
    let line = line.trim();
    if let Some((name, value)) = line.split_once(':') {
        let (name, value) = (name.trim(), value.trim());
        match name {
            "SMART overall-health self-assessment test result" | "SMART Health Status" => {
                let good = matches!(value, "PASSED" | "OK");
                return (!good).then(|| said(memory, line, Severity::Critical));
            }
            "read" | "write" | "verify" => {
                // The last column of the SCSI error counter log: errors that could not be corrected.
                let columns: Vec<&str> = value.split_whitespace().collect();
                let uncorrected = columns.last().filter(|_| columns.len() == 7)?.parse::<u64>().ok()?;
                return (uncorrected > 0)
                    .then(|| said(memory, &format!("{uncorrected} uncorrected {name} errors"), Severity::High));
            }
            _ => return nvme(memory, line),
        }
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = words.get(1).filter(|_| words.first().is_some_and(|id| cut::digits(id) == Some(id)))?;
    // The long form has type and update columns before the raw value, the brief form has not.
    let at = if words.get(2)?.starts_with("0x") { 9 } else { 7 };
    let raw: u64 = cut::digits(words.get(at)?)?.parse().ok()?;
    let failing = matches!(*words.get(at - 1)?, "FAILING_NOW" | "NOW");
    let severity = SECTORS.iter().find(|(known, _)| known == name).filter(|_| raw > 0).map(|(_, severity)| *severity);
    let severity = if failing { Some(Severity::Critical) } else { severity };
    severity.map(|severity| said(memory, &format!("{name} is {raw}"), severity))
}

/// `nvme smart-log`, and the part of `smartctl` that says the same.
pub(crate) fn nvme(memory: &mut Memory, line: &str) -> Verdict {
    let (name, value) = line.split_once(':')?;
    let name = name.trim().to_lowercase().replace(' ', "_");
    let value = value.trim();
    let number = || cut::digits(value).and_then(|digits| digits.parse::<u64>().ok());
    let severity = match name.as_str() {
        "critical_warning" => {
            let bits = match value.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16).ok()?,
                None => number()?,
            };
            (bits > 0).then_some(Severity::Critical)
        }
        "media_errors" | "media_and_data_integrity_errors" => (number()? > 0).then_some(Severity::High),
        "percentage_used" => (number()? >= WORN).then_some(Severity::Medium),
        "available_spare" => {
            memory.number = number();
            None
        }
        "available_spare_threshold" => {
            let low = memory.number? < number()?;
            low.then_some(Severity::High)
        }
        _ => None,
    };
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    severity.map(|severity| said(memory, &line, severity))
}

fn said(memory: &Memory, what: &str, severity: Severity) -> (&'static Kind, Found) {
    (&DISK_SMART, Found::about(&memory.subject).with("what", Some(what)).at(severity))
}
