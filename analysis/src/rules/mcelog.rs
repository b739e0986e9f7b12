//! mcelog's own file: blocks of lines, one for each machine check.

use super::{Flow, Found, Rule, hardware::MCE};
use crate::{alerts::Severity, cut};

/// Bit of the status register that says uncorrected.
const UNCORRECTED: u32 = 61;

/// `/var/log/mcelog`.
pub(crate) static MCELOG: &[Rule] = &[Rule::block(
    &MCE,
    "mcelog",
    &["Hardware event. ", "HARDWARE ERROR. "],
    |text| (text.starts_with("Hardware event. ") || text.starts_with("HARDWARE ERROR. ")).then(|| Found::about("machine check")),
    |found, text| {
        if text.starts_with("Hardware event. ") || text.starts_with("HARDWARE ERROR. ") || text.starts_with("mcelog: ") {
            return Flow::Over;
        }
        let mut words = text.split_whitespace();
        match words.next() {
            Some("CPU") => {
                let bank = cut::after(text, " BANK ").and_then(cut::digits);
                if let (Some(cpu), Some(bank)) = (words.next().and_then(cut::digits), bank) {
                    found.subject = format!("CPU {cpu} bank {bank}");
                }
            }
            Some("TIME") => found.set("when", words.next().and_then(cut::digits)),
            Some("STATUS") => {
                let status = words.next().and_then(|status| u64::from_str_radix(status.trim_start_matches("0x"), 16).ok());
                if status.is_some_and(|status| status >> UNCORRECTED & 1 == 1) {
                    found.severity = Some(Severity::Critical);
                }
            }
            _ if found.get("what").is_none() && (text.starts_with("MCA: ") || text.ends_with("error")) => {
                found.set("what", Some(text));
            }
            _ => {}
        }
        Flow::More
    },
)];
