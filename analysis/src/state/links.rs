//! Redundancy that is lost: slaves of a bond, members of a software RAID.

use super::{Memory, Verdict};
use crate::{
    alerts::Severity,
    cut,
    rules::{Found, devices::RAID_DEGRADED, network::BOND_DEGRADED},
};

/// `/proc/net/bonding/NAME`.
pub(crate) fn bond(memory: &mut Memory, line: &str) -> Verdict {
    if let Some(slave) = line.strip_prefix("Slave Interface: ") {
        memory.name = Some(cut::limited(slave.trim(), 100));
        return None;
    }
    let down = line.strip_prefix("MII Status: ")?.trim() == "down";
    let slave = memory.name.as_deref();
    let subject = [memory.subject.as_str(), slave.unwrap_or_default()].join(" ");
    let found = Found::about(&subject).with("bond", Some(&memory.subject)).with("slave", slave);
    // The bond's own state stands before its first slave.
    down.then(|| (&BOND_DEGRADED, if slave.is_none() { found.at(Severity::Critical) } else { found }))
}

/// `/proc/mdstat`: `md127 : active raid1 sdb2[1](F) sda2[0]`, then `... [2/1] [U_]`.
pub(crate) fn raid(memory: &mut Memory, line: &str) -> Verdict {
    if let Some((name, members)) = line.split_once(" : ").filter(|(name, _)| name.starts_with("md")) {
        let failed = members.split_whitespace().find_map(|member| member.strip_suffix("(F)")?.split('[').next());
        memory.name = Some(cut::limited(name.trim(), 100));
        memory.other = failed.map(|failed| cut::limited(failed, 100));
        return None;
    }
    let state = line.split_whitespace().find(|word| word.starts_with('[') && word.contains('/') && word.ends_with(']'))?;
    let (wanted, there) = state.trim_matches(['[', ']']).split_once('/')?;
    let (wanted, there): (u64, u64) = (wanted.parse().ok()?, there.parse().ok()?);
    let name = memory.name.take()?;
    let text = format!("{there}/{wanted}");
    let found = Found::about(&name).with("disk", memory.other.as_deref()).with("state", Some(&text));
    (there < wanted).then(|| (&RAID_DEGRADED, if there == 0 { found.at(Severity::Critical) } else { found }))
}
