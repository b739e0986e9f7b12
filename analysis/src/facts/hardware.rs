//! Processors, memory, firmware, file systems.
//!
//! In: lines. Out: facts. The product name of an arm64 CPU is told from its ids, nothing else is guessed.

use super::{
    FileSystem,
    reader::{Reader, Row, number, text},
};
use crate::{cut, state::Columns};

/// File systems kept; hosts with thousands of container mounts exist.
const FILE_SYSTEMS: usize = 256;
/// Bytes kept of a device or a mount point.
const VALUE: usize = 4096;

pub(super) const ROWS: &[Row] = &[
    Row { path: "proc/cpuinfo", read: cpuinfo },
    Row { path: "oediag/commands/hardware.lscpu/stdout", read: lscpu },
    Row { path: "proc/meminfo", read: meminfo },
    Row { path: "proc/swaps", read: swaps },
    Row { path: "oediag/commands/storage.df/stdout", read: df },
    Row { path: "sys/class/dmi/id/sys_vendor", read: |it, line| it.facts.vendor = text(line) },
    Row { path: "sys/class/dmi/id/product_name", read: |it, line| it.facts.product = text(line) },
    Row { path: "sys/class/dmi/id/bios_version", read: |it, line| it.facts.bios = text(line) },
    Row { path: "sys/class/dmi/id/bios_date", read: |it, line| it.facts.bios_date = text(line) },
    Row { path: "oediag/commands/hardware.virtualization/stdout", read: |it, line| it.facts.virtualization = text(line) },
    Row { path: "sys/devices/system/node/node*/cpulist", read: node },
];

/// arm64 CPUs by implementer and part, as `lscpu` names them.
const ARM_PARTS: &[(&str, &str, &str)] = &[
    ("0x48", "0xd01", "HiSilicon Kunpeng-920"),
    ("0x48", "0xd02", "HiSilicon TaiShan-v120"),
    ("0x70", "0x660", "Phytium FTC660"),
    ("0x70", "0x661", "Phytium FTC661"),
    ("0x70", "0x662", "Phytium FTC662"),
    ("0x70", "0x663", "Phytium FTC663"),
    ("0x41", "0xd08", "ARM Cortex-A72"),
    ("0x41", "0xd0c", "ARM Neoverse-N1"),
    ("0x41", "0xd49", "ARM Neoverse-N2"),
];

fn cpuinfo(it: &mut Reader, line: &str) {
    let Some((key, value)) = line.split_once(':') else { return };
    let value = value.trim();
    match key.trim() {
        "processor" => it.facts.cpus = Some(it.facts.cpus.unwrap_or(0).saturating_add(1)),
        "model name" if it.facts.cpu_model.is_none() => it.facts.cpu_model = text(value),
        "physical id" => it.packages.extend(value.parse::<u16>()),
        "CPU implementer" => it.implementer = text(value),
        "CPU part" if it.facts.cpu_model.is_none() => {
            let implementer = it.implementer.as_deref().unwrap_or("?");
            let known = ARM_PARTS.iter().find(|(maker, part, _)| *maker == implementer && *part == value);
            let name = known.map_or_else(|| format!("implementer {implementer} part {value}"), |(.., name)| (*name).to_owned());
            it.facts.cpu_model = Some(cut::limited(&name, VALUE));
        }
        _ => {}
    }
}

fn meminfo(it: &mut Reader, line: &str) {
    let Some((key, value)) = line.split_once(':') else { return };
    let value = cut::digits(value.trim()).and_then(|digits| digits.parse().ok());
    match key {
        "MemTotal" => it.facts.memory_total_kib = value,
        "MemAvailable" => it.facts.memory_available_kib = value,
        "SwapTotal" => it.facts.swap_total_kib = value,
        "SwapFree" => it.facts.swap_free_kib = value,
        _ => {}
    }
}

/// Sums the swap areas; meminfo says the same and wins, being earlier in path order.
fn swaps(it: &mut Reader, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |back: usize| words.get(words.len().checked_sub(back)?)?.parse::<u64>().ok();
    if let (5.., Some(total), Some(used)) = (words.len(), number(3), number(2)) {
        it.facts.swap_total_kib = Some(it.facts.swap_total_kib.unwrap_or(0).saturating_add(total));
        it.facts.swap_free_kib = Some(it.facts.swap_free_kib.unwrap_or(0).saturating_add(total.saturating_sub(used)));
    }
}

fn df(it: &mut Reader, line: &str) {
    let Some(columns) = it.columns else {
        it.columns = Columns::of(line);
        return;
    };
    let Some(row) = columns.row(line) else { return };
    let known = it.facts.file_systems.get_or_insert_default();
    if known.len() < FILE_SYSTEMS {
        known.push(FileSystem {
            device: cut::limited(row.device, VALUE),
            kind: cut::limited(row.kind, VALUE),
            total_kib: columns.kib(row.total),
            used_kib: columns.kib(row.used),
            available_kib: columns.kib(row.available),
            used_percent: row.used_percent,
            mount: cut::limited(row.mount, VALUE),
        });
    }
}

/// `Key: value` of lscpu.
fn lscpu(it: &mut Reader, line: &str) {
    let Some((key, value)) = line.split_once(':') else { return };
    let (facts, count) = (&mut it.facts, number::<u32>(value));
    match key.trim() {
        "Thread(s) per core" => facts.threads_per_core = count,
        // Until the sockets are known, these are the cores of one.
        "Core(s) per socket" => facts.cores = count,
        "Socket(s)" => {
            facts.sockets = count;
            facts.cores = facts.cores.zip(count).and_then(|(cores, sockets)| cores.checked_mul(sockets));
        }
        "NUMA node(s)" => facts.numa_nodes = count,
        "Hypervisor vendor" => facts.virtualization = text(value).map(|vendor| vendor.to_lowercase()),
        _ => {}
    }
}

/// One member for each NUMA node.
fn node(it: &mut Reader, _: &str) {
    let name = it.path.split('/').nth(4).and_then(|name| name.strip_prefix("node"));
    it.hidden.nodes.extend(name.and_then(number::<u32>));
}
