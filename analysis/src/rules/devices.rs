//! The ways to the disks: SATA links, host adapters, Fibre Channel, multipath, software RAID, SMART, and DMA faults.

use super::{Flow, Found, Kind, Rule, Words};
use crate::{alerts::Severity, cut};

static ATA_ERROR: Kind = Kind {
    name: "ata_error",
    severity: Severity::High,
    summary: Words {
        en: "{subject}: the SATA device or its link failed[: {what}]",
        zh: "{subject}：SATA 设备或链路出错[：{what}]",
    },
    advice: Words {
        en: "Look at smartctl -a of the disk behind this port. UDMA CRC errors that grow point to cable or backplane, pending sectors to the disk.",
        zh: "用 smartctl -a 查看该端口的磁盘。UDMA CRC 错误增长说明线缆或背板有问题，待映射扇区增长说明磁盘有问题。",
    },
};

static FC_PORT_LOST: Kind = Kind {
    name: "fc_port_lost",
    severity: Severity::High,
    summary: Words {
        en: "{subject}: Fibre Channel link or port was lost ({what})",
        zh: "{subject}：光纤通道链路或端口丢失（{what}）",
    },
    advice: Words {
        en: "Check optics, cable and zoning of this port on the switch, and multipath -ll for the paths that are left.",
        zh: "检查该端口的光模块、光纤和交换机分区（zoning），并用 multipath -ll 查看剩余路径。",
    },
};

static PATH_FAILED: Kind = Kind {
    name: "path_failed",
    severity: Severity::High,
    summary: Words {
        en: "Multipath: path {subject} failed[; {left} paths are left]",
        zh: "多路径：路径 {subject} 失效[，剩余 {left} 条]",
    },
    advice: Words {
        en: "multipath -ll shows the paths that are left. Look for link, switch or array errors at the same time; plan before the last path goes.",
        zh: "用 multipath -ll 查看剩余路径。检查同一时间的链路、交换机或阵列错误，并在最后一条路径失效前处理。",
    },
};

pub(crate) static RAID_DEGRADED: Kind = Kind {
    name: "raid_degraded",
    severity: Severity::High,
    summary: Words {
        en: "RAID {subject} is degraded[: {disk} failed][ ({state})]",
        zh: "RAID {subject} 已降级[：{disk} 故障][（{state}）]",
    },
    advice: Words {
        en: "mdadm --detail, or the controller's own tool, shows the failed member. Back up, replace the disk, and add it with mdadm --manage --add; watch the rebuild in /proc/mdstat.",
        zh: "用 mdadm --detail 或 RAID 卡工具查看故障成员。备份后更换磁盘，用 mdadm --manage --add 加入，并在 /proc/mdstat 观察重建。",
    },
};

pub(crate) static DISK_SMART: Kind = Kind {
    name: "disk_smart",
    severity: Severity::Medium,
    summary: Words { en: "SMART of {subject}: {what}", zh: "磁盘 {subject} 的 SMART：{what}" },
    advice: Words {
        en: "Run smartctl -t long and read smartctl -a again. A failed self-assessment, or unreadable sectors that grow, call for a new disk after a backup.",
        zh: "执行 smartctl -t long 后再次查看 smartctl -a。自检失败，或不可读扇区持续增长时，备份后更换磁盘。",
    },
};

static IOMMU_FAULT: Kind = Kind {
    name: "iommu_fault",
    severity: Severity::Medium,
    summary: Words { en: "{subject} reported a DMA fault[ ({what})]", zh: "{subject} 上报 DMA 异常[（{what}）]" },
    advice: Words {
        en: "A device read or wrote memory it was not given: find it by the stream or PCI address, and compare its driver and firmware with known defects.",
        zh: "设备访问了未授权的内存：根据 StreamID 或 PCI 地址确定设备，并核对其驱动和固件的已知缺陷。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &ATA_ERROR,
        "kernel",
        &[": exception Emask ", ": failed command: ", ": COMRESET failed ", ": disabled", ": qc timeout ("],
        |text| {
            let mut found = Found::about(port(text)?);
            ata(&mut found, text);
            // Ports without a disk are disabled too: only that of a device counts.
            (!text.ends_with(": disabled") || text.split(": ").next()?.contains('.')).then_some(found)
        },
        |found, text| {
            // The dump of the command is indented and has no port.
            if port(text) != Some(&found.subject) {
                return if text.starts_with("        ") { Flow::More } else { Flow::Over };
            }
            ata(found, text);
            if text.ends_with(": EH complete") { Flow::Last } else { Flow::More }
        },
    ),
    Rule::line(
        &FC_PORT_LOST,
        "kernel",
        &["blocked FC remote port time out", "LOOP DOWN detected", "Link Down Event", "Devloss timeout on WWPN"],
        |text| {
            let (device, what) = fibre(text)?;
            Some(Found::about(device).with("what", Some(what)))
        },
    ),
    Rule::recovery(&FC_PORT_LOST, "kernel", &["LOOP UP detected", "Link Up Event"], |text| Some(Found::about(fibre(text)?.0))),
    Rule::line(&PATH_FAILED, "kernel", &["multipath: Failing path "], |text| {
        let path = cut::after(text, "Failing path ").filter(|_| text.starts_with("device-mapper: multipath"))?;
        Some(Found::about(&disk(path.trim_end_matches('.'))))
    }),
    Rule::recovery(&PATH_FAILED, "kernel", &["Reinstating path "], |text| {
        Some(Found::about(&disk(cut::after(text, "Reinstating path ")?.trim_end_matches('.'))))
    }),
    Rule::block(
        &PATH_FAILED,
        "multipathd",
        &[
            "checker reports path is down",
            "checker failed path ",
            "remaining active paths: 0",
            ": mark as failed",
            " - path offline",
            ": Entering recovery mode",
        ],
        multipath,
        |found, text| match multipath(text) {
            Some(next) if next.subject == found.subject => Flow::More,
            _ => Flow::Over,
        },
    ),
    Rule::recovery(&PATH_FAILED, "multipathd", &[": reinstated", "checker reports path is up"], |text| {
        let head = cut::before(text, ": reinstated").or_else(|| cut::before(text, " - "))?;
        Some(Found::about(&disk(cut::last_word(head)?)))
    }),
    Rule::block(
        &RAID_DEGRADED,
        "kernel",
        &[": Disk failure on "],
        |text| Some(Found::about(array(text)?).with("disk", cut::between(text, "Disk failure on ", ","))),
        |found, text| {
            let same = array(text) == Some(&found.subject);
            if same && text.contains("Cannot continue operation") {
                found.severity = Some(Severity::Critical);
            }
            let state = text.contains("Operation continuing") || text.contains("Cannot continue operation");
            if same && state { Flow::Last } else { Flow::Over }
        },
    ),
    Rule::recovery(&RAID_DEGRADED, "kernel", &[": recovery done", ": resync done"], |text| {
        Some(Found::about(cut::before(text.strip_prefix("md: ")?, ":")?))
    }),
    Rule::line(
        &RAID_DEGRADED,
        "mdadm",
        &[
            "Fail event detected on md device ",
            "FailSpare event detected on md device ",
            "DegradedArray event detected on md device ",
        ],
        |text| {
            let array = cut::word(cut::after(text, "on md device ")?)?;
            let part = cut::after(text, "component device ").and_then(cut::word).map(|part| part.trim_start_matches("/dev/"));
            Some(Found::about(array.trim_start_matches("/dev/")).with("disk", part))
        },
    ),
    Rule::line(
        &DISK_SMART,
        "smartd",
        &[
            "unreadable (pending) sectors",
            "offline uncorrectable sectors",
            "FAILED SMART",
            "SMART Failure",
            "Failed SMART usage",
            "Critical Warning",
        ],
        |text| {
            let (device, what) = text.strip_prefix("Device: /dev/")?.split_once(", ")?;
            if cut::digits(what) == Some("0") {
                return None;
            }
            let device = device.split([' ', '[']).next()?;
            let found = Found::about(device).with("what", Some(what));
            Some(if what.contains("FAILED") || what.contains("Failure") { found.at(Severity::Critical) } else { found })
        },
    ),
    Rule::block(
        &IOMMU_FAULT,
        "kernel",
        &[" received:", "DMAR: [DMA ", "DMAR:[DMA "],
        |text| {
            if text.starts_with("DMAR:") {
                let device = cut::between(text, "Request device [", "]").unwrap_or("DMAR");
                return Some(Found::about(device).with("what", cut::after(text, "fault reason ")));
            }
            let (device, event) = text.strip_prefix("arm-smmu-v3 ")?.split_once(": event ")?;
            Some(Found::about(device).with("what", cut::before(event, " received")))
        },
        |found, text| {
            let same = text.strip_prefix("arm-smmu-v3 ").is_some_and(|rest| rest.starts_with(&found.subject));
            if same && text.contains(": \t0x") { Flow::More } else { Flow::Over }
        },
    ),
];

/// `md0` of `md/raid1:md0: ...`.
pub(crate) fn array(text: &str) -> Option<&str> {
    cut::between(text.strip_prefix("md/")?, ":", ":")
}

/// `ata3` of `ata3.00: ...` and `ata3: ...`.
fn port(text: &str) -> Option<&str> {
    let head = cut::before(text, ": ")?;
    let head = head.split('.').next()?;
    let number = head.strip_prefix("ata")?;
    (cut::digits(number) == Some(number)).then_some(head)
}

fn ata(found: &mut Found, text: &str) {
    let what = cut::after(text, ": failed command: ").or_else(|| cut::between(text, ": error: {", "}"));
    let what = what.or_else(|| text.ends_with(": disabled").then_some("disabled"));
    let what = what.or_else(|| text.contains(": COMRESET failed ").then_some("COMRESET failed"));
    let what = what.or_else(|| text.contains(": qc timeout (").then_some("command timeout"));
    if found.get("what").is_none() {
        found.set("what", what);
    }
}

/// What multipathd says of a path, or of a map that has none left.
fn multipath(text: &str) -> Option<Found> {
    if let Some(path) = cut::after(text, "checker failed path ") {
        return Some(Found::about(&disk(cut::word(path)?)));
    }
    if text.contains("remaining active paths: 0") || text.contains(": Entering recovery mode") {
        let map = text.split(": ").next()?;
        return Some(Found::about(map).with("left", Some("0")).at(Severity::Critical));
    }
    let head = cut::before(text, ": mark as failed").or_else(|| cut::before(text, " - "))?;
    Some(Found::about(&disk(cut::last_word(head)?)))
}

/// `qla2xxx [0000:05:00.0]-500b:11: LOOP DOWN detected`, `rport-11:0-3: blocked FC remote port ...`,
/// `lpfc 0000:05:00.0: 0:1305 Link Down Event ...`.
fn fibre(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    if text.starts_with("rport-") {
        return text.split_once(": ");
    }
    let (head, what) = text.rsplit_once(": ").or_else(|| text.split_once(": "))?;
    let device = cut::between(head, "[", "]").or_else(|| head.split([' ', ':']).nth(1).and(cut::after(head, " ")))?;
    Some((device.split(": ").next()?, what))
}

/// The first of the major numbers of SCSI disks, and of each that follows, with the index of its first disk.
const SCSI_DISKS: &[(u32, u32)] = &[(8, 0), (65, 1), (66, 2), (67, 3), (68, 4), (69, 5), (70, 6), (71, 7)];

/// The name of a disk given as `major:minor`, where the numbers tell (Documentation/admin-guide/devices.txt); a partition
/// counts for its disk.
pub(crate) fn disk(name: &str) -> String {
    let numbers = name.split_once(':').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    let index = numbers.and_then(|(major, minor): (u32, u32)| {
        let (_, block) = SCSI_DISKS.iter().find(|(known, _)| *known == major)?;
        (minor < 256).then_some(block * 16 + minor / 16)
    });
    let Some(index) = index else { return cut::limited(name, 100) };
    let letter = |at: u32| char::from_u32('a' as u32 + at % 26);
    let name: String = [if index >= 26 { letter(index / 26 - 1) } else { None }, letter(index)].into_iter().flatten().collect();
    format!("sd{name}")
}

#[cfg(test)]
mod tests {
    use super::disk;

    #[test]
    fn numbers_of_disks_have_names() {
        for (number, name) in
            [("8:0", "sda"), ("8:17", "sdb"), ("65:160", "sdaa"), ("71:240", "sddx"), ("259:1", "259:1"), ("sdc", "sdc")]
        {
            assert_eq!(disk(number), name);
        }
    }
}
