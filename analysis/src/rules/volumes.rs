//! Disks that stop answering, and volumes built of several: software RAID, thin pools, swap, FAT.
//!
//! In: lines of the kernel, LVM and smartd. Out: what was found. The first signs of an I/O error are in `storage`.

use super::{
    Flow, Found, Kind, Rule, Words,
    devices::{DISK_SMART, RAID_DEGRADED, array, disk},
    storage::{DISK_MEDIUM_ERROR, FS_ERROR, IO_ERROR},
};
use crate::{alerts::Severity, cut};

static POOL_FULL: Kind = Kind {
    name: "pool_full",
    severity: Severity::High,
    summary: Words {
        en: "Thin pool or snapshot {subject} runs out of space or failed: {what}",
        zh: "精简池或快照 {subject} 空间不足或失效：{what}",
    },
    advice: Words {
        en: "lvs -a shows data and metadata in percent. Extend the pool (lvextend, lvextend --poolmetadatasize) before writes fail; a pool that went read-only needs lvconvert --repair.",
        zh: "用 lvs -a 查看数据和元数据使用率。在写入失败前扩容（lvextend、lvextend --poolmetadatasize）；已转为只读的池需 lvconvert --repair。",
    },
};

/// What the driver of thin pools says when a pool is in need; the first is only a warning.
const POOL: &[(&str, Severity)] = &[
    ("reached low water mark for ", Severity::High),
    ("switching pool to out-of-", Severity::Critical),
    ("switching pool to read-only mode", Severity::Critical),
    ("switching pool to fail mode", Severity::Critical),
    ("no free data space available", Severity::Critical),
    ("no free metadata space available", Severity::Critical),
    ("metadata operation '", Severity::Critical),
];

/// Percent of a pool or snapshot in use.
const NEARLY: f64 = 80.0;

/// What md says of one array, and how bad it is.
const ARRAY: &[(&str, Severity)] = &[
    ("Cannot continue operation", Severity::Critical),
    ("unrecoverable I/O read error for block", Severity::Critical),
    ("not enough operational ", Severity::Critical),
    ("cannot start dirty degraded array", Severity::Critical),
    ("read error not correctable", Severity::High),
];

/// SMART attributes whose fall means lost sectors or a failing mechanism; rates of errors go up and down by themselves.
const ATTRIBUTES: &[&str] = &[
    " Reallocated_Sector_Ct changed from ",
    " Reallocated_Event_Count changed from ",
    " Current_Pending_Sector changed from ",
    " Offline_Uncorrectable changed from ",
    " Reported_Uncorrect changed from ",
    " End-to-End_Error changed from ",
    " Spin_Retry_Count changed from ",
];

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &IO_ERROR,
        "kernel",
        &["rejecting I/O to offline device", "Device offlined - ", "attempting task abort", "timing out command, waited "],
        |text| {
            let address = cut::before(text.strip_prefix("sd ")?, ": ")?;
            let mut found = Found::about(address).with("address", Some(address));
            name(&mut found, text);
            Some(found)
        },
        |found, text| {
            // The block layer then fails each request, by the disk's name.
            let failed = cut::after(text, " error, dev ").and_then(cut::word);
            let unnamed = found.get("address") == Some(&found.subject);
            if let Some(device) = failed.filter(|device| unnamed || *device == found.subject) {
                found.subject = device.to_owned();
                return Flow::More;
            }
            let same = text.strip_prefix("sd ").and_then(|rest| cut::before(rest, ": ")) == found.get("address");
            if !same || text.contains(" FAILED Result: ") {
                return Flow::Over;
            }
            name(found, text);
            Flow::More
        },
    ),
    Rule::block(
        &IO_ERROR,
        "kernel",
        &[": I/O Cmd(", ": Admin Cmd("],
        |text| {
            let (device, what) = text.split_once(": ").filter(|(device, _)| device.starts_with("nvme"))?;
            what.contains(" Error (sct ")
                .then(|| Found::about(device).with("sector", cut::after(what, " LBA ").and_then(cut::digits)))
        },
        |found, text| {
            let same = cut::after(text, " error, dev ").and_then(cut::word) == Some(&found.subject);
            if same && text.contains("critical medium error") {
                found.kind = Some(&DISK_MEDIUM_ERROR);
            }
            if same { Flow::More } else { Flow::Over }
        },
    ),
    Rule::line(&IO_ERROR, "kernel", &["-error on swap-device ("], |text| {
        let (operation, rest) = text.split_once("-error on swap-device (")?;
        let mut numbers = rest.splitn(3, ':');
        let device = format!("{}:{}", numbers.next()?, numbers.next()?);
        Some(Found::about(&disk(&device)).with("operation", Some(&format!("swap {operation}"))))
    }),
    Rule::line(&IO_ERROR, "kernel", &[" result -"], |text| {
        let (device, what) = text.strip_prefix("rbd: ")?.split_once(": ")?;
        Some(Found::about(device).with("operation", cut::word(what)))
    }),
    Rule::line(
        &RAID_DEGRADED,
        "kernel",
        &[
            "Cannot continue operation",
            "unrecoverable I/O read error",
            "not enough operational ",
            "cannot start dirty",
            "read error not correctable",
        ],
        |text| {
            let (_, severity) = ARRAY.iter().find(|(mark, _)| text.contains(mark))?;
            let what = text.splitn(3, ':').nth(2)?.trim();
            Some(Found::about(array(text)?).with("state", Some(what)).at(*severity))
        },
    ),
    Rule::line(&RAID_DEGRADED, "kernel", &[" active with "], |text| {
        let array = array(text)?;
        let (there, wanted) = cut::after(text, " active with ")?.split_once(" out of ")?;
        let (there, wanted): (u32, u32) = (there.parse().ok()?, cut::digits(wanted)?.parse().ok()?);
        (there < wanted).then(|| Found::about(array).with("state", Some(&format!("{there}/{wanted}"))))
    }),
    Rule::line(&RAID_DEGRADED, "kernel", &["md: super_written gets error"], |text| {
        text.starts_with("md: ").then(|| Found::about("md").with("state", Some("super_written error")))
    }),
    Rule::block(
        &POOL_FULL,
        "kernel",
        &[
            "reached low water mark for ",
            "switching pool to ",
            "no free data space",
            "no free metadata space",
            "metadata operation '",
            "Invalidating snapshot: ",
        ],
        pool,
        |found, text| {
            let Some(next) = pool(text).filter(|next| next.subject == found.subject) else { return Flow::Over };
            if next.severity > found.severity {
                *found = next;
            }
            Flow::More
        },
    ),
    Rule::recovery(&POOL_FULL, "kernel", &["switching pool to write mode"], |text| {
        Some(Found::about(cut::before(text.strip_prefix("device-mapper: thin: ")?, ": ")?))
    }),
    Rule::line(&POOL_FULL, "lvm", &["% full."], monitored),
    Rule::line(&POOL_FULL, "dmeventd", &["% full."], monitored),
    Rule::line(&FS_ERROR, "kernel", &["Volume was not properly unmounted"], |text| {
        let device = cut::before(text.strip_prefix("FAT-fs (")?, ")")?;
        Some(Found::about(device).with("type", Some("FAT")).with("what", cut::after(text, "): ")).at(Severity::Low))
    }),
    Rule::line(&FS_ERROR, "kernel", &["possible memory allocation deadlock"], |text| {
        let (task, what) = text.strip_prefix("XFS: ")?.split_once(' ')?;
        let found = Found::about(task.split('(').next()?);
        Some(found.with("type", Some("XFS")).with("what", Some(what)).at(Severity::High))
    }),
    Rule::line(&DISK_SMART, "smartd", ATTRIBUTES, |text| {
        let (device, what) = text.strip_prefix("Device: /dev/")?.split_once(", ")?;
        let change = ATTRIBUTES.iter().find_map(|mark| cut::after(what, mark))?;
        let (old, new) = change.split_once(" to ")?;
        let (old, new): (u32, u32) = (cut::digits(old)?.parse().ok()?, cut::digits(new)?.parse().ok()?);
        let device = device.split([' ', '[']).next()?;
        (new < old).then(|| Found::about(device).with("what", Some(what)).at(Severity::High))
    }),
    Rule::line(
        &DISK_SMART,
        "smartd",
        &["ATA error count increased from ", " reached critical limit of ", "Self-Test Log error "],
        |text| {
            let (device, what) = text.strip_prefix("Device: /dev/")?.split_once(", ")?;
            let found = Found::about(device.split([' ', '[']).next()?).with("what", Some(what));
            Some(if what.starts_with("ATA error count") { found } else { found.at(Severity::High) })
        },
    ),
];

/// Once a line names the disk, the name is the subject.
fn name(found: &mut Found, text: &str) {
    if let Some(name) = cut::between(text, ": [", "] ") {
        found.subject = cut::limited(name, 100);
    }
}

/// `device-mapper: thin: 253:4: switching pool to out-of-data-space (queue IO) mode`.
fn pool(text: &str) -> Option<Found> {
    if let Some(reason) = cut::after(text, "Invalidating snapshot: ") {
        let ours = text.starts_with("device-mapper: snapshots: ");
        return ours.then(|| Found::about("snapshot").with("what", Some(reason)).at(Severity::Critical));
    }
    let (device, what) = text.strip_prefix("device-mapper: thin: ")?.split_once(": ")?;
    let (_, severity) = POOL.iter().find(|(mark, _)| what.starts_with(mark))?;
    Some(Found::about(device).with("what", Some(what)).at(*severity))
}

/// `WARNING: Thin pool vg0-pool-tpool data is now 85.01% full.`
fn monitored(text: &str) -> Option<Found> {
    let text = text.trim_start().strip_prefix("WARNING: ")?;
    let name = text.strip_prefix("Thin pool ").or_else(|| text.strip_prefix("Snapshot "))?;
    // dmeventd warns from 80 on; a line below it says that there is room again.
    let used: f64 = cut::between(text, " is now ", "%")?.parse().ok()?;
    (used >= NEARLY).then(|| Found::about(name.split(' ').next().unwrap_or(name)).with("what", Some(text)))
}
