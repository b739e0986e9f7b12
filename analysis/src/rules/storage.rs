//! Disks and file systems: SCSI, NVMe, block layer, ext4, XFS, space.

use super::{Flow, Found, Kind, Rule, Words};
use crate::{alerts::Severity, cut};

pub(crate) static DISK_MEDIUM_ERROR: Kind = Kind {
    name: "disk_medium_error",
    severity: Severity::Critical,
    summary: Words {
        en: "Medium error on {subject}[, sector {sector}]: the disk cannot read its own data",
        zh: "磁盘 {subject} 介质错误[，扇区 {sector}]：磁盘无法读出数据",
    },
    advice: Words {
        en: "Back up what is still readable and replace the disk; smartctl -a shows pending and reallocated sectors, the RAID tool shows the state of its array.",
        zh: "备份仍可读取的数据并更换磁盘；smartctl -a 可查看待映射和已重映射扇区，RAID 工具可查看阵列状态。",
    },
};

pub(crate) static IO_ERROR: Kind = Kind {
    name: "io_error",
    severity: Severity::High,
    summary: Words {
        en: "I/O error on {subject}[, sector {sector}][ ({operation})]",
        zh: "{subject} I/O 错误[，扇区 {sector}][（{operation}）]",
    },
    advice: Words {
        en: "Look at the lines just before for the transport error, then at smartctl -a, multipath -ll and the HBA or storage array for a failing disk or path.",
        zh: "先看此前几行的传输错误，再用 smartctl -a、multipath -ll 以及 HBA 卡或存储阵列日志确认故障盘或故障链路。",
    },
};

static NVME_TIMEOUT: Kind = Kind {
    name: "nvme_timeout",
    severity: Severity::High,
    summary: Words {
        en: "{subject}: I/O timeout[ on queue {queue}][; the controller is down{down}][; the device was removed{removed}][; {what}]",
        zh: "{subject} I/O 超时[，队列 {queue}][；控制器已失效{down}][；设备已被移除{removed}][；{what}]",
    },
    advice: Words {
        en: "Read nvme smart-log and nvme error-log of the device, compare its firmware with the vendor's notes, and check PCIe errors of its slot.",
        zh: "查看该设备的 nvme smart-log 和 nvme error-log，核对厂商固件说明，并检查其插槽的 PCIe 错误。",
    },
};

pub(crate) static FS_ERROR: Kind = Kind {
    name: "fs_error",
    severity: Severity::Critical,
    summary: Words { en: "{type} error on {subject}[: {what}]", zh: "{subject} 的 {type} 文件系统错误[：{what}]" },
    advice: Words {
        en: "Look for disk errors at the same time first. Then unmount the file system and check it: e2fsck -f for ext4, xfs_repair -n for XFS.",
        zh: "先检查同一时间是否有磁盘错误，再卸载文件系统并检查：ext4 用 e2fsck -f，XFS 用 xfs_repair -n。",
    },
};

pub(crate) static FS_READONLY: Kind = Kind {
    name: "fs_readonly",
    severity: Severity::Critical,
    summary: Words {
        en: "The file system on {subject} was remounted read-only after an error",
        zh: "{subject} 上的文件系统出错后被重新挂载为只读",
    },
    advice: Words {
        en: "Applications can no longer write there. Fix the disk or path error that came before, unmount, run e2fsck -f, and mount again.",
        zh: "应用已无法写入。先排除此前的磁盘或链路错误，卸载后执行 e2fsck -f，再重新挂载。",
    },
};

pub(crate) static DISK_FULL: Kind = Kind {
    name: "disk_full",
    severity: Severity::High,
    summary: Words {
        en: "[File system {subject} is {used} % full][{writer} found no space to write to {subject}]",
        zh: "[文件系统 {subject} 已用 {used}%][{writer} 写入 {subject} 时磁盘空间不足]",
    },
    advice: Words {
        en: "Find the space with du -xh --max-depth=2 and deleted but open files with lsof +L1; then clean, rotate, or grow the volume.",
        zh: "用 du -xh --max-depth=2 找出占用空间的目录，用 lsof +L1 找出已删除但仍打开的文件；然后清理、轮转日志或扩容。",
    },
};

pub(crate) static INODE_FULL: Kind = Kind {
    name: "inode_full",
    severity: Severity::Medium,
    summary: Words {
        en: "File system {subject} has used {used} % of its inodes",
        zh: "文件系统 {subject} 的 inode 已用 {used}%",
    },
    advice: Words {
        en: "Find the folder with very many small files (du --inodes -x) and clean it up, or make the file system anew with more inodes.",
        zh: "用 du --inodes -x 找到小文件极多的目录并清理，或重建 inode 更多的文件系统。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &IO_ERROR,
        "kernel",
        &[
            " FAILED Result: ",
            "Sense Key : Medium Error",
            "Sense Key : Hardware Error",
            "critical medium error, dev ",
            "Unrecovered read error",
        ],
        |text| {
            let (disk, tag) = command(text).or_else(|| Some((failed(text)?, "")))?;
            let mut found = Found::about(disk).with("tag", Some(tag)).unsure();
            scsi(&mut found, text);
            is_disk(disk).then_some(found)
        },
        |found, text| match (command(text), failed(text)) {
            (Some(next), _) if next != (found.subject.as_str(), found.get("tag").unwrap_or_default()) => Flow::Other,
            (Some(_), _) if text.contains(" FAILED Result: ") => Flow::Over,
            (None, Some(device)) if is_buffer(text) => {
                if holds(&found.subject, device) {
                    Flow::More
                } else {
                    Flow::Other
                }
            }
            (None, Some(device)) if found.settled || device != found.subject => Flow::Other,
            // Between a command's failure and its reason, its adapter may have something to say.
            (None, None) => {
                if found.sure {
                    Flow::Over
                } else {
                    Flow::Other
                }
            }
            _ => {
                scsi(found, text);
                Flow::More
            }
        },
    ),
    Rule::block(
        &IO_ERROR,
        "kernel",
        &[
            "I/O error, dev ",
            "critical target error, dev ",
            "critical space allocation error, dev ",
            "recoverable transport error, dev ",
            "timeout error, dev ",
            "Buffer I/O error on dev",
        ],
        io_error,
        |found, text| match failed(text) {
            Some(device) if device == found.subject || (is_buffer(text) && holds(&found.subject, device)) => Flow::More,
            Some(_) => Flow::Other,
            None => Flow::Over,
        },
    ),
    Rule::block(
        &NVME_TIMEOUT,
        "kernel",
        &[
            "timeout, aborting",
            "timeout, reset controller",
            "timeout, disable controller",
            "controller is down; will reset",
            "timeout, completion polled",
            "Removing after probe failure",
            "Device not ready; aborting",
            "Identify Controller failed",
            "Disabling device after reset failure",
            "state error detected, reset controller",
        ],
        |text| {
            let device = cut::before(text.strip_prefix("nvme ")?, ":")?;
            let mut found = Found::about(device);
            nvme(&mut found, text);
            Some(found)
        },
        |found, text| match text.strip_prefix("nvme ").and_then(|rest| cut::before(rest, ":")) {
            Some(device) if device == found.subject => {
                nvme(found, text);
                Flow::More
            }
            Some(_) => Flow::Other,
            None => Flow::Over,
        },
    ),
    Rule::block(
        &FS_ERROR,
        "kernel",
        &[
            "EXT4-fs error (device ",
            "EXT4-fs warning (device ",
            "Aborting journal on device ",
            "): Remounting filesystem read-only",
            "JBD2: Detected IO errors",
            "JBD2: Error -",
            "JBD2: I/O error ",
            "JBD2: recovery failed",
            "Delayed block allocation failed for inode ",
            "This should not happen!! Data will be lost",
            "I/O error while writing superblock",
            "I/O error to superblock detected",
            "potential data loss!",
            "group descriptors corrupted",
            "ext4_check_descriptors: ",
            "error loading journal",
            "error count since last fsck: ",
        ],
        |text| {
            if text.starts_with("EXT4-fs warning") && !text.contains("I/O error") {
                return None;
            }
            let mut found = Found::about(ext4_device(text)?).with("type", Some("ext4"));
            ext4(&mut found, text);
            if text.starts_with("EXT4-fs (") && found.kind.is_none() {
                found.set("what", cut::after(text, "): "));
            }
            // What the superblock remembers; the error itself may be old.
            if text.contains("error count since last fsck: ") {
                found.severity = Some(Severity::High);
            }
            Some(found)
        },
        |found, text| match ext4_device(text) {
            Some(device) if device == found.subject => {
                ext4(found, text);
                Flow::More
            }
            Some(_) => Flow::Other,
            None => Flow::Over,
        },
    ),
    Rule::line(&FS_ERROR, "kernel", &["BTRFS error (device ", "BTRFS critical (device "], |text| {
        let (device, what) = cut::after(text.strip_prefix("BTRFS ")?, "(device ")?.split_once("): ")?;
        let harmless = what.contains(" errs: wr 0, rd 0, flush 0, corrupt 0, gen 0");
        (!harmless).then(|| Found::about(device).with("type", Some("btrfs")).with("what", Some(what)))
    }),
    Rule::block(
        &FS_ERROR,
        "kernel",
        &[
            "metadata I/O error",
            "xfs_do_force_shutdown",
            "Shutting down filesystem",
            "Metadata corruption detected",
            "Metadata CRC error detected",
            "Internal error ",
            "log I/O error",
            "Filesystem has been shut down",
            "nmount and run xfs_repair",
            "and rectify the problem",
            "writeback error on sector",
            "page discard on page",
            "Failing async write on buffer block",
            "log mount/recovery failed",
        ],
        |text| {
            let device = text.strip_prefix("XFS (").and_then(|rest| cut::before(rest, ")"))?;
            let mut found = Found::about(device).with("type", Some("XFS")).at(Severity::High);
            xfs(&mut found, text);
            Some(found)
        },
        |found, text| {
            let Some(device) = text.strip_prefix("XFS (").and_then(|rest| cut::before(rest, ")")) else {
                let stack = text.starts_with(' ') || text.starts_with("CPU: ") || text.starts_with("Call ");
                return if stack { Flow::More } else { Flow::Over };
            };
            if device != found.subject {
                return Flow::Other;
            }
            // A dead log says so twice a minute until the file system is unmounted.
            if text.ends_with("Ending clean mount") || text.contains("Mounting V") || text.contains("xfs_log_force: error ") {
                return Flow::Over;
            }
            xfs(found, text);
            Flow::More
        },
    ),
];

/// A sense key decides what a failed command means; commands refused as illegal are not a fault of the disk.
fn scsi(found: &mut Found, text: &str) {
    let medium =
        text.contains("Medium Error") || text.contains("critical medium error") || text.contains("Unrecovered read error");
    let broken =
        ["Sense Key : Hardware Error", "Sense Key : Aborted Command", "error, dev "].iter().any(|mark| text.contains(mark));
    let lost = text.contains("hostbyte=DID_") && !text.contains("hostbyte=DID_OK");
    if medium {
        found.kind = Some(&DISK_MEDIUM_ERROR);
    }
    found.sure |= medium || broken || lost;
    if let Some(sector) = cut::after(text, ", sector ").and_then(cut::digits) {
        found.set("sector", Some(sector));
        found.settled = true;
    }
}

/// The disk and the tag of `sd 0:0:1:0: [sdb] tag#12 ...`.
fn command(text: &str) -> Option<(&str, &str)> {
    let (disk, rest) = cut::after(text, ": [")?.split_once("] ")?;
    Some((disk, rest.strip_prefix("tag#").and_then(cut::digits).unwrap_or_default()))
}

/// The device of `I/O error, dev sdb, sector ...` and `Buffer I/O error on dev sdb1, ...`.
fn failed(text: &str) -> Option<&str> {
    let rest = match text.strip_prefix("Buffer I/O error on dev") {
        Some(rest) => rest.strip_prefix("ice").unwrap_or(rest),
        None => cut::after(text, " error, dev")?,
    };
    cut::word(rest)
}

fn is_buffer(text: &str) -> bool {
    text.starts_with("Buffer I/O error")
}

/// Drives without a medium fail by nature, and what is kept in a file or in memory is no disk.
fn is_disk(name: &str) -> bool {
    let numbered = |start: &&str| name.strip_prefix(*start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    !["sr", "fd", "loop", "ram", "zram"].iter().any(numbered)
}

/// Whether a buffer of `device` can fail because `disk` does: it is the disk, a partition of it, or a map over disks.
fn holds(disk: &str, device: &str) -> bool {
    let part = device.strip_prefix(disk).map(|part| part.strip_prefix('p').unwrap_or(part));
    let part = part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    part || device.starts_with("dm-") || device.starts_with("md")
}

fn io_error(text: &str) -> Option<Found> {
    let device = failed(text).filter(|device| is_disk(device) && !text.contains("critical medium error"))?;
    let sector = cut::after(text, ", sector ").and_then(cut::digits);
    let operation = cut::between(text, ":(", ")").or_else(|| text.contains("async page write").then_some("WRITE"));
    Some(Found::about(device).with("sector", sector).with("operation", operation))
}

fn nvme(found: &mut Found, text: &str) {
    found.set("queue", cut::after(text, " QID ").and_then(cut::digits));
    let lost = ["Device not ready; aborting", "Identify Controller failed", "Disabling device after reset failure"];
    if lost.iter().any(|mark| text.contains(mark)) {
        found.severity = Some(Severity::Critical);
        found.set("what", cut::after(text, ": "));
    }
    for (mark, state) in [("controller is down", "down"), ("Removing after probe failure", "removed")] {
        if text.contains(mark) {
            found.severity = Some(Severity::Critical);
            found.set(state, Some(""));
        }
    }
}

fn ext4_device(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix("Aborting journal on device ") {
        return rest.trim_end_matches('.').rsplit_once('-').map(|(device, _)| device);
    }
    if let Some(rest) = text.strip_prefix("JBD2: ") {
        let rest = cut::after(rest, " on ").or_else(|| cut::after(rest, " for "))?.trim_end_matches('.');
        return rest.rsplit_once('-').map(|(device, _)| device);
    }
    let rest = text.strip_prefix("EXT4-fs ")?;
    cut::between(rest, "(device ", ")").or_else(|| rest.strip_prefix('(').and_then(|rest| cut::before(rest, ")")))
}

fn ext4(found: &mut Found, text: &str) {
    if text.starts_with("Aborting journal") || text.contains("Remounting filesystem read-only") {
        found.kind = Some(&FS_READONLY);
    }
    if (text.starts_with("EXT4-fs error") || text.starts_with("EXT4-fs warning")) && found.get("what").is_none() {
        found.set("what", cut::after(text, "): "));
    }
}

/// Words of XFS after which data or the file system are lost.
const LOST: &[&str] = &[
    "hutting down filesystem",
    "xfs_do_force_shutdown",
    "has been shut down",
    "and run xfs_repair",
    "and rectify the problem",
    "writeback error",
    "page discard",
    "Failing async write",
    "log mount/recovery failed",
];

fn xfs(found: &mut Found, text: &str) {
    if LOST.iter().any(|mark| text.contains(mark)) {
        found.severity = Some(Severity::Critical);
    }
    if found.get("what").is_none() {
        found.set("what", cut::after(text, "): "));
    }
}
