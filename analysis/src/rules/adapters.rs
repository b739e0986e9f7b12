//! Adapters that report a fault of their own: storage controllers, network cards, the slots they sit in.
//!
//! In: what their drivers write into the kernel's log. Out: what was found. The marks are those of the drivers in 4.19 and
//! 5.10.

use super::{Found, Kind, Rule, Words, devices::RAID_DEGRADED, marks, marks::Mark};
use crate::{alerts::Severity, cut};

static HBA_RESET: Kind = Kind {
    name: "hba_reset",
    severity: Severity::High,
    summary: Words {
        en: "{subject}: the storage adapter failed or was reset ({what})",
        zh: "存储卡 {subject} 发生故障或复位（{what}）",
    },
    advice: Words {
        en: "I/O stalls during a reset. Compare driver and firmware of the adapter with the vendor's list, and look for failing disks or PCIe errors before it.",
        zh: "复位期间 I/O 会停顿。核对存储卡的驱动和固件版本，并检查此前是否有磁盘故障或 PCIe 错误。",
    },
};

static RAID_EVENT: Kind = Kind {
    name: "raid_event",
    severity: Severity::High,
    summary: Words { en: "RAID controller {subject} reported: {what}", zh: "RAID 卡 {subject} 上报：{what}" },
    advice: Words {
        en: "Read the controller's own log and the state of its disks, battery and cache with the vendor's tool (storcli, for instance); replace what it names.",
        zh: "用厂商工具（如 storcli）查看控制器日志以及磁盘、电池和缓存状态，更换其指出的部件。",
    },
};

static NIC_FAULT: Kind = Kind {
    name: "nic_fault",
    severity: Severity::High,
    summary: Words {
        en: "{subject}: the network adapter reported a fault ({what})", zh: "网卡 {subject} 上报故障（{what}）"
    },
    advice: Words {
        en: "Check module and cable (ethtool -m), temperature and PCIe errors of the card, and compare driver and firmware (ethtool -i) with known defects.",
        zh: "检查光模块和线缆（ethtool -m）、网卡温度及其 PCIe 错误，并用 ethtool -i 核对驱动和固件的已知缺陷。",
    },
};

static PCIE_DEVICE_LOST: Kind = Kind {
    name: "pcie_device_lost",
    severity: Severity::High,
    summary: Words { en: "PCIe {subject}: the device is gone ({what})", zh: "PCIe {subject} 的设备已丢失（{what}）" },
    advice: Words {
        en: "Unless somebody pulled it, check seat, riser, power and the BMC event log of this slot; lspci shows what is still there.",
        zh: "若非人为拔出，检查该槽位的插接、转接卡、供电和 BMC 事件日志；用 lspci 确认仍存在的设备。",
    },
};

const MARKS: &[Mark] = &[
    Mark::new("megaraid_sas ", "resetting fusion adapter", &HBA_RESET, Severity::High),
    Mark::new("megaraid_sas ", "Adapter is not operational after reset", &HBA_RESET, Severity::High),
    Mark::new("megaraid_sas ", "FW in FAULT state", &HBA_RESET, Severity::High),
    Mark::new("megaraid_sas ", "FW detected to be in fault", &HBA_RESET, Severity::High),
    Mark::new("megaraid_sas ", "killing adapter", &HBA_RESET, Severity::Critical),
    Mark::new("megaraid_sas ", "Failed to transition controller to ready", &HBA_RESET, Severity::Critical),
    Mark::new("mpt", "fault_state(", &HBA_RESET, Severity::High),
    Mark::new("mpt", "sending diag reset", &HBA_RESET, Severity::High),
    Mark::new("mpt", "diag reset: FAILED", &HBA_RESET, Severity::Critical),
    Mark::new("mpt", "attempting host reset", &HBA_RESET, Severity::High),
    Mark::new("mpt", "SAS host is non-operational", &HBA_RESET, Severity::Critical),
    Mark::new("hisi_sas", "controller resetting", &HBA_RESET, Severity::High),
    Mark::new("hisi_sas", "controller reset failed", &HBA_RESET, Severity::Critical),
    Mark::new("hisi_sas", "task abort: timeout", &HBA_RESET, Severity::High),
    Mark::new("hisi_sas", "erroneous completion", &HBA_RESET, Severity::High),
    Mark::new("hisi_sas", "found: mem addr is", &HBA_RESET, Severity::High),
    Mark::new("smartpqi ", "controller is offline", &HBA_RESET, Severity::Critical),
    Mark::new("smartpqi ", ": resetting ", &HBA_RESET, Severity::High),
    Mark::new("hpsa ", "controller lockup detected", &HBA_RESET, Severity::Critical),
    Mark::new("hpsa ", ": resetting ", &HBA_RESET, Severity::High),
    Mark::new("aacraid", "SCSI hang", &HBA_RESET, Severity::High),
    Mark::new("qla2xxx ", "ISP System Error", &HBA_RESET, Severity::High),
    Mark::new("qla2xxx ", "Performing ISP error recovery", &HBA_RESET, Severity::High),
    Mark::new("lpfc ", "Adapter heartbeat failure", &HBA_RESET, Severity::Critical),
    Mark::new("hinic ", "Fault event report received", &NIC_FAULT, Severity::High),
    Mark::new("hinic ", "eartbeat lost", &NIC_FAULT, Severity::High),
    Mark::new("mlx5_core ", "Error cqe on cqn", &NIC_FAULT, Severity::High),
    Mark::new("mlx5_core ", "Port module event[error]", &NIC_FAULT, Severity::High),
    Mark::new("mlx5_core ", "ill cause a leak of a command resource", &NIC_FAULT, Severity::High),
    Mark::new("mlx5_core ", "High temperature on sensors", &NIC_FAULT, Severity::Medium),
    Mark::new("bnxt_en ", "Error (timeout: ", &NIC_FAULT, Severity::High),
    Mark::new("ixgbe ", "Adapter removed", &NIC_FAULT, Severity::High),
    Mark::new("ixgbe ", "Fan has stopped", &NIC_FAULT, Severity::High),
    Mark::new("", "because it has over heated", &NIC_FAULT, Severity::High),
    Mark::new("", "PCIe link lost", &NIC_FAULT, Severity::High),
    Mark::new("virtio_net ", " is not a head!", &NIC_FAULT, Severity::High),
];

static PHRASES: [&str; MARKS.len()] = marks::phrases(MARKS);

/// Classes of a MegaRAID event that call for somebody, with what they mean.
const CLASSES: &[(&str, Severity)] =
    &[("/CRIT) - ", Severity::High), ("/FATAL) - ", Severity::Critical), ("/DEAD) - ", Severity::Critical)];

/// Events of a lower class that do so too.
const WARNINGS: &[&str] = &[") - Predictive failure: PD ", " to FAILED("];

pub(crate) static RULES: &[Rule] = &[
    Rule::block(&HBA_RESET, "kernel", &PHRASES, |text| marks::read(MARKS, text), |found, text| marks::follow(MARKS, found, text)),
    Rule::line(
        &RAID_EVENT,
        "kernel",
        &["/CRIT) - ", "/FATAL) - ", "/DEAD) - ", ") - Predictive failure: PD ", " to FAILED("],
        |text| {
            let (device, event) = text.strip_prefix("megaraid_sas ")?.split_once(": ")?;
            let class = CLASSES.iter().find(|(class, _)| event.contains(class)).map(|(_, severity)| *severity);
            let warning = WARNINGS.iter().any(|mark| event.contains(mark)).then_some(Severity::High);
            let severity = class.or(warning)?;
            let what = cut::after(event, ") - ")?;
            if let Some((volume, state)) = volume(what).filter(|(_, state)| *state != "OPTIMAL") {
                return Some(Found::about(volume).of(&RAID_DEGRADED).with("state", Some(state)));
            }
            Some(Found::about(device).with("what", Some(what)).at(severity))
        },
    ),
    Rule::recovery(&RAID_DEGRADED, "kernel", &[" is now OPTIMAL"], |text| {
        let (volume, _) = volume(cut::after(text.strip_prefix("megaraid_sas ")?, ") - ")?)?;
        Some(Found::about(volume))
    }),
    Rule::line(&PCIE_DEVICE_LOST, "kernel", &[": Link Down", ": Card not present"], |text| {
        let (slot, what) = cut::after(text.strip_prefix("pcieport ")?, "pciehp: ")?.split_once(": ")?;
        let gone = matches!(what, "Link Down" | "Card not present") && slot.starts_with("Slot(");
        gone.then(|| Found::about(slot).with("what", Some(what)))
    }),
    Rule::recovery(&PCIE_DEVICE_LOST, "kernel", &[": Link Up"], |text| {
        let (slot, _) = cut::after(text.strip_prefix("pcieport ")?, "pciehp: ")?.split_once(": ")?;
        Some(Found::about(slot))
    }),
];

/// `VD 00/0` and `DEGRADED` of `VD 00/0 is now DEGRADED`.
fn volume(event: &str) -> Option<(&str, &str)> {
    event.split_once(" is now ").filter(|(volume, _)| volume.starts_with("VD "))
}
