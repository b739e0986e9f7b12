//! Hardware that reports errors: machine checks, EDAC, APEI (GHES), poisoned pages, heat, PCIe.

use super::{Flow, Found, Kind, Rule, Words};
use crate::{alerts::Severity, cut};

pub(crate) static MCE: Kind = Kind {
    name: "mce",
    severity: Severity::Medium,
    summary: Words { en: "Machine check[: {what}]", zh: "机器检查异常（MCE）[：{what}]" },
    advice: Words {
        en: "Decode it with ras-mc-ctl --errors or rasdaemon's log, and compare with the BMC event log. Uncorrected errors call for replacing the part.",
        zh: "用 ras-mc-ctl --errors 或 rasdaemon 日志解码，并与 BMC 事件日志对照。出现不可纠正错误时应更换部件。",
    },
};

pub(crate) static EDAC_CE: Kind = Kind {
    name: "edac_ce",
    severity: Severity::Medium,
    summary: Words { en: "Corrected memory error on {subject}[: {what}]", zh: "内存可纠正错误：{subject}[，{what}]" },
    advice: Words {
        en: "Watch the count with ras-mc-ctl --error-count. If the same DIMM goes on, plan to replace it.",
        zh: "用 ras-mc-ctl --error-count 观察计数。若同一内存条持续报错，计划更换。",
    },
};

pub(crate) static EDAC_UE: Kind = Kind {
    name: "edac_ue",
    severity: Severity::Critical,
    summary: Words {
        en: "Uncorrected memory error on {subject}[: {what}]", zh: "内存不可纠正错误：{subject}[，{what}]"
    },
    advice: Words {
        en: "Move the load away and replace the DIMM; check the BMC event log for its slot.",
        zh: "迁移业务并更换该内存条；在 BMC 事件日志中确认槽位。",
    },
};

static GHES_MEMORY: Kind = Kind {
    name: "ghes_memory",
    severity: Severity::Medium,
    summary: Words {
        en: "Firmware reported a {severity} memory error[ ({what})][ at {address}][, {place}][; page {action}]",
        zh: "固件上报内存错误，级别 {severity}[（{what}）][，地址 {address}][，{place}][；页处理结果 {action}]",
    },
    advice: Words {
        en: "Find the DIMM from node and card (or the BMC event log). Replace it after any recoverable or fatal error, or when corrected ones repeat.",
        zh: "根据 node、card（或 BMC 事件日志）确定内存条。出现 recoverable 或 fatal 错误，或可纠正错误反复出现时，更换内存条。",
    },
};

static GHES_PCIE: Kind = Kind {
    name: "ghes_pcie",
    severity: Severity::Medium,
    summary: Words {
        en: "Firmware reported a {severity} PCIe error[ on {device}]",
        zh: "固件上报 PCIe 错误，级别 {severity}[，设备 {device}]",
    },
    advice: Words {
        en: "Identify the device with lspci -vv -s, check its slot, cable and firmware, and whether its driver logged a reset.",
        zh: "用 lspci -vv -s 确认设备，检查其插槽、线缆和固件，以及驱动是否记录了复位。",
    },
};

pub(crate) static GHES_PROCESSOR: Kind = Kind {
    name: "ghes_processor",
    severity: Severity::Medium,
    summary: Words {
        en: "Firmware reported a {severity} processor error[ ({what})]",
        zh: "固件上报处理器错误，级别 {severity}[（{what}）]",
    },
    advice: Words {
        en: "Compare with the BMC event log; repeated or uncorrected errors of one CPU call for its replacement.",
        zh: "与 BMC 事件日志对照；同一 CPU 反复出现或出现不可纠正错误时应更换。",
    },
};

pub(crate) static GHES_OTHER: Kind = Kind {
    name: "ghes_other",
    severity: Severity::Medium,
    summary: Words {
        en: "Firmware reported a {severity} hardware error[ ({section})]",
        zh: "固件上报硬件错误，级别 {severity}[（{section}）]",
    },
    advice: Words {
        en: "Decode the section with rasdaemon (ras-mc-ctl --errors) and compare with the BMC event log.",
        zh: "用 rasdaemon（ras-mc-ctl --errors）解码该段，并与 BMC 事件日志对照。",
    },
};

pub(crate) static MEMORY_FAILURE: Kind = Kind {
    name: "memory_failure",
    severity: Severity::High,
    summary: Words {
        en: "Poisoned memory page {subject}[ ({page}: {action})][; {killed} was killed for it]",
        zh: "内存页 {subject} 已损坏[（{page}，处理结果：{action}）][；进程 {killed} 因此被终止]",
    },
    advice: Words {
        en: "An uncorrected memory error hit this page: find the DIMM in the EDAC, GHES or BMC log and replace it. Restart the process whose page was lost.",
        zh: "该页发生不可纠正内存错误：在 EDAC、GHES 或 BMC 日志中确定内存条并更换。重启丢失内存页的进程。",
    },
};

static THERMAL: Kind = Kind {
    name: "thermal",
    severity: Severity::Medium,
    summary: Words {
        en: "{cpu}: {subject} temperature above threshold, clock throttled",
        zh: "{cpu}：{subject} 温度超过阈值，已降频",
    },
    advice: Words {
        en: "Check fans, inlet temperature and heat sinks in the BMC (ipmitool sdr type temperature).",
        zh: "在 BMC 中检查风扇、进风温度和散热器（ipmitool sdr type temperature）。",
    },
};

pub(crate) static PCIE_AER: Kind = Kind {
    name: "pcie_aer",
    severity: Severity::Low,
    summary: Words { en: "PCIe error on {subject}: {what}", zh: "PCIe 错误：{subject}，{what}" },
    advice: Words {
        en: "Look at lspci -vv for the device; reseat the card or its riser if the errors go on.",
        zh: "用 lspci -vv 查看该设备；若错误持续，重新插拔板卡或转接卡。",
    },
};

static NMI: Kind = Kind {
    name: "nmi",
    severity: Severity::High,
    summary: Words {
        en: "The hardware raised a non-maskable interrupt: {what}", zh: "硬件触发不可屏蔽中断（NMI）：{what}"
    },
    advice: Words {
        en: "Look for the same moment in the BMC event log: a PCIe or memory error, or somebody who pressed the NMI button. Compare the BIOS with the vendor's list.",
        zh: "查看 BMC 事件日志同一时刻的记录：PCIe 或内存错误，或有人触发了 NMI 按钮；并核对 BIOS 版本。",
    },
};

static USB_ERROR: Kind = Kind {
    name: "usb_error",
    severity: Severity::Low,
    summary: Words { en: "USB device {subject} does not answer: {what}", zh: "USB 设备 {subject} 无响应：{what}" },
    advice: Words {
        en: "Try another port or cable; on a server it is often the BMC's virtual keyboard or media, which a restart of the BMC brings back.",
        zh: "更换端口或线缆；服务器上多为 BMC 虚拟键盘或介质，重启 BMC 可恢复。",
    },
};

static IPMI_ERROR: Kind = Kind {
    name: "ipmi_error",
    severity: Severity::Low,
    summary: Words { en: "The BMC's interface {subject} is in trouble: {what}", zh: "BMC 接口 {subject} 异常：{what}" },
    advice: Words {
        en: "ipmitool mc info shows whether the BMC answers; if it does not, restart the BMC and compare its firmware with the vendor's list.",
        zh: "用 ipmitool mc info 确认 BMC 是否响应；无响应时重启 BMC 并核对其固件版本。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &GHES_OTHER,
        "kernel",
        &["[Hardware Error]: Hardware error from APEI", "[Hardware Error]: event severity: ", "BERT: Error records from "],
        |text| {
            let boot = text.starts_with("BERT: ");
            let sequence = if boot { "" } else { sequence(text)? };
            let mut found = Found::about("").with("sequence", Some(sequence)).with("severity", Some("unknown"));
            found.sure = !boot;
            ghes_line(&mut found, text);
            Some(found)
        },
        ghes,
    ),
    Rule::block(
        &MCE,
        "kernel",
        &["Machine check events logged", ": Machine Check: ", "Machine Check Exception: "],
        |text| text.contains("[Hardware Error]").then(|| mce_line(Found::about("machine check"), text)),
        |found, text| {
            // The driver of the memory controller takes the event over: its registers again, then the DIMM.
            if edac_driver(text) {
                found.settled = true;
                return Flow::More;
            }
            if let Some(memory) = edac(text).filter(|_| found.settled || found.subject == "machine check") {
                *found = Found { severity: found.severity, ..memory };
                return Flow::Last;
            }
            if text.starts_with("mce: [Hardware Error]") || text.starts_with("[Hardware Error]") {
                *found = mce_line(found.clone(), text);
                return Flow::More;
            }
            Flow::Over
        },
    ),
    Rule::line(&EDAC_CE, "kernel", &["EDAC MC"], edac),
    Rule::line(&EDAC_CE, "rasdaemon", &["mc_event:"], |text| {
        let event = cut::after(text, "mc_event:")?;
        let kind = if event.contains(" Uncorrected error") || event.contains(" Fatal error") { &EDAC_UE } else { &EDAC_CE };
        let what = cut::after(event, " error: ").or_else(|| cut::after(event, " errors: "))?;
        let label = cut::between(what, " on ", " (")?;
        let when = event.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
        Some(Found::about(label).of(kind).with("what", cut::before(what, " on ")).with("when", Some(&when)))
    }),
    Rule::block(
        &MEMORY_FAILURE,
        "kernel",
        &["Memory failure: 0x"],
        |text| {
            let page = cut::before(text.strip_prefix("Memory failure: ")?, ":")?;
            let known = text.contains(" recovery action for ") || text.contains(" due to hardware memory corruption");
            let mut found = Found::about(page);
            memory_failure(&mut found, text);
            known.then_some(found)
        },
        |found, text| {
            let same = text.strip_prefix("Memory failure: ").and_then(|rest| cut::before(rest, ":")) == Some(&found.subject);
            if !same {
                return Flow::Over;
            }
            memory_failure(found, text);
            Flow::More
        },
    ),
    Rule::line(&THERMAL, "kernel", &[" temperature above threshold", " temperature is above threshold"], |text| {
        let (cpu, rest) = text.strip_prefix("mce: ").unwrap_or(text).split_once(": ")?;
        cpu.starts_with("CPU").then(|| Found::about(&cut::word(rest).unwrap_or("core").to_lowercase()).with("cpu", Some(cpu)))
    }),
    Rule::recovery(&THERMAL, "kernel", &[" temperature/speed normal"], |text| {
        let (cpu, rest) = text.strip_prefix("mce: ").unwrap_or(text).split_once(": ")?;
        cpu.starts_with("CPU").then(|| Found::about(&cut::word(rest).unwrap_or("core").to_lowercase()))
    }),
    Rule::line(&PCIE_AER, "kernel", &["containment event, status:", "AER: device recovery failed"], |text| {
        let device = cut::last_word(cut::before(text, ": ")?.split(":DPC").next()?)?;
        let what = if text.contains("recovery failed") { "device recovery failed" } else { "DPC: the link was contained" };
        text.starts_with("pci").then(|| Found::about(device).with("what", Some(what)).at(Severity::Critical))
    }),
    Rule::line(
        &NMI,
        "kernel",
        &["NMI received for unknown reason", "NMI: PCI system error", "NMI: IOCK error", "NMI: Not continuing"],
        |text| {
            let starts = ["Uhhuh. NMI received", "NMI: "].iter().any(|start| text.starts_with(start));
            let what = cut::before(text, " on CPU").unwrap_or(text);
            starts.then(|| Found::about("nmi").with("what", Some(what)))
        },
    ),
    Rule::line(
        &USB_ERROR,
        "kernel",
        &["device descriptor read/", "device not accepting address", "unable to enumerate USB device"],
        |text| {
            let (device, what) = text.strip_prefix("usb ")?.split_once(": ")?;
            let device = cut::word(device)?;
            (text.contains(", error -") || what.starts_with("unable")).then(|| Found::about(device).with("what", Some(what)))
        },
    ),
    Rule::line(
        &IPMI_ERROR,
        "kernel",
        &["in invalid state", "BMC returned incorrect response", "IPMI watchdog: response: Error"],
        |text| {
            let (device, what) = text.strip_prefix("ipmi_si ")?.split_once(": ")?;
            Some(Found::about(device).with("what", Some(what)))
        },
    ),
    Rule::line(&PCIE_AER, "kernel", &["AER: ", "PCIe Bus Error: severity="], |text| {
        if let Some(severity) = cut::after(text, "PCIe Bus Error: severity=") {
            let device = cut::before(text, ": ").and_then(cut::last_word)?;
            return Some(Found::about(device).with("what", Some(severity)).at(aer(severity)));
        }
        let what = cut::after(text, "AER: ")?;
        let received = what.contains("error received: ") || what.contains("error message received from ");
        let device = cut::last_word(what)?;
        let what = what.split(" error").next();
        received.then(|| Found::about(device).with("what", what).at(aer(what.unwrap_or_default())))
    }),
];

/// `0x1f3c4: recovery action for dirty LRU page: Recovered`, `0x1f3c4: Killing qemu-kvm:123 due to ...`.
fn memory_failure(found: &mut Found, text: &str) {
    let action = cut::after(text, "recovery action for ").and_then(|rest| rest.rsplit_once(": "));
    if let Some((page, action)) = action {
        found.set("page", Some(page));
        found.set("action", Some(action));
        if matches!(action, "Failed" | "Ignored") {
            found.severity = Some(Severity::Critical);
        }
    }
    let victim = cut::after(text, ": Killing ").or_else(|| cut::after(text, ": Sending SIGBUS to "));
    found.set("killed", victim.and_then(|rest| cut::before(rest, " due to ")));
}

pub(crate) fn aer(severity: &str) -> Severity {
    if severity.trim_start_matches("Multiple ").starts_with("Corrected") {
        Severity::Low
    } else if severity.contains("Non-Fatal") {
        Severity::High
    } else {
        Severity::Critical
    }
}

/// `EDAC MC0: 1 CE memory read error on LABEL (channel:...`; driver banners have no count and no CE or UE.
fn edac(text: &str) -> Option<Found> {
    let rest = cut::after(text.strip_prefix("EDAC MC")?, ": ")?;
    let rest = rest[cut::digits(rest)?.len()..].trim_start();
    let (kind, what) = match rest.split_once(' ')? {
        ("CE", what) => (&EDAC_CE, what),
        ("UE", what) => (&EDAC_UE, what),
        _ => return None,
    };
    let label = cut::between(what, " on ", " (").or_else(|| cut::after(what, " on ")).unwrap_or("unknown memory");
    Some(Found::about(label).of(kind).with("what", cut::before(what, " on ")))
}

/// `CPU 3: Machine Check: 0 Bank 7: 8c00004000010090`; bit 61 of the status says uncorrected.
fn mce_line(mut found: Found, text: &str) -> Found {
    let Some(check) = cut::after(text, "[Hardware Error]: CPU ") else { return found };
    if let (Some(cpu), Some(bank)) = (cut::digits(check), cut::after(check, " Bank ").and_then(cut::digits)) {
        found.subject = format!("CPU {cpu} bank {bank}");
        found.set("what", Some(check));
        let status = cut::after(check, " Bank ").and_then(|rest| cut::after(rest, ": ")).and_then(cut::word);
        let uncorrected =
            status.and_then(|status| u64::from_str_radix(status, 16).ok()).is_some_and(|status| status >> 61 & 1 == 1);
        if uncorrected || check.contains("Machine Check Exception") {
            found.severity = Some(Severity::Critical);
        }
    }
    found
}

/// `EDAC skx MC2: HANDLING MCE MEMORY ERROR`: a driver's name stands before the controller.
fn edac_driver(text: &str) -> bool {
    let mut words = text.split(' ');
    words.next() == Some("EDAC") && words.next().is_some() && words.next().is_some_and(|word| word.starts_with("MC"))
}

/// The number that lines of one report share; the records of the previous boot have none.
fn sequence(text: &str) -> Option<&str> {
    if text.starts_with("[Hardware Error]: ") {
        return Some("");
    }
    text.strip_prefix('{').and_then(|rest| cut::before(rest, "}[Hardware Error]"))
}

/// Lines of the same sequence number, then what EDAC and the memory failure code say of the same error.
fn ghes(found: &mut Found, text: &str) -> Flow {
    if let Some(sequence) = sequence(text) {
        if found.get("sequence") != Some(sequence) {
            return Flow::Other;
        }
        let again = text.contains("Hardware error from APEI") || (found.settled && text.contains(": event severity: "));
        if again {
            return Flow::Over;
        }
        ghes_line(found, text);
        found.sure |= found.settled;
        return Flow::More;
    }
    if found.get("section") == Some(MEMORY) && edac(text).is_some() {
        return Flow::More;
    }
    if text.starts_with("Memory failure: ") {
        found.set("action", cut::last_word(text));
        return Flow::More;
    }
    Flow::Over
}

/// The section of a report that tells of memory.
const MEMORY: &str = "memory error";

fn ghes_line(found: &mut Found, text: &str) {
    let detail = cut::after(text, "[Hardware Error]:").unwrap_or(text).trim();
    let Some((name, value)) = detail.split_once(": ") else { return };
    match name {
        "event severity" => {
            found.set("severity", Some(value));
            found.settled = true;
        }
        "section_type" => {
            let section = value.split(',').next().unwrap_or(value);
            found.set("section", Some(section));
            found.kind = Some(match section {
                MEMORY => &GHES_MEMORY,
                "PCIe error" => &GHES_PCIE,
                _ if section.contains("processor error") => &GHES_PROCESSOR,
                _ => &GHES_OTHER,
            });
        }
        "physical_address" => found.set("address", Some(value)),
        "node" => found.set("place", detail.split(" rank").next().map(str::trim)),
        "error_type" => found.set("what", value.split_once(", ").map(|(_, what)| what)),
        "device_id" => found.set("device", Some(value)),
        _ => {}
    }
    let severity = found.get("severity").unwrap_or_default().to_owned();
    let memory = found.get("section") == Some(MEMORY);
    found.severity = Some(match severity.as_str() {
        "fatal" => Severity::Critical,
        "recoverable" if memory => Severity::Critical,
        "recoverable" => Severity::High,
        "info" => Severity::Low,
        _ => Severity::Medium,
    });
    let place =
        found.get("place").or_else(|| found.get("address")).or_else(|| found.get("device")).or_else(|| found.get("section"));
    found.subject = format!("{severity} {}", place.unwrap_or_default());
}
