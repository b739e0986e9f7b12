//! The card of a host: what it is, as a few values.
//!
//! In: lines of small members such as `etc/os-release` and `proc/meminfo`. Out: [`Facts`].
//! A value that no member has stays `None`; nothing is guessed but the product name of an arm64 CPU from its ids.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{cut, lines, state::Columns};

/// File systems kept; hosts with thousands of container mounts exist.
const FILE_SYSTEMS: usize = 256;
/// Bytes kept of a value; the boot command line of a kernel is at most 4096.
const VALUE: usize = 4096;

/// What a host is, schema `oediag.facts/1`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Always `oediag.facts/1` once concluded.
    pub schema: String,
    /// `NAME` of os-release, such as `openEuler`.
    pub os_name: Option<String>,
    /// `VERSION` of os-release, such as `22.03 (LTS-SP3)`.
    pub os_version: Option<String>,
    /// Kernel release, as `uname -r`.
    pub kernel: Option<String>,
    /// The machine part of the kernel release: `x86_64` or `aarch64`.
    pub arch: Option<String>,
    /// Host name, as redacted.
    pub hostname: Option<String>,
    /// CPU model; on arm64 from implementer and part number.
    pub cpu_model: Option<String>,
    /// Logical CPUs.
    pub cpus: Option<u32>,
    /// CPU packages; arm64's cpuinfo does not tell.
    pub sockets: Option<u32>,
    /// `MemTotal` in KiB.
    pub memory_total_kib: Option<u64>,
    /// `MemAvailable` in KiB.
    pub memory_available_kib: Option<u64>,
    /// `SwapTotal` in KiB.
    pub swap_total_kib: Option<u64>,
    /// `SwapFree` in KiB.
    pub swap_free_kib: Option<u64>,
    /// Seconds since the boot.
    pub uptime_seconds: Option<u64>,
    /// Load averages of 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Maker of the machine, from DMI.
    pub vendor: Option<String>,
    /// Product name, from DMI.
    pub product: Option<String>,
    /// BIOS version, from DMI.
    pub bios: Option<String>,
    /// Why the kernel is tainted, by name; empty when it is not, `None` when unknown.
    pub taint: Option<Vec<String>>,
    /// Boot command line, as redacted.
    pub command_line: Option<String>,
    /// Newest moment known of the collection, RFC 3339 with the host's offset.
    pub collected: Option<String>,
    /// IANA name of the host's zone, or its offset.
    pub time_zone: Option<String>,
    /// Mounted file systems of `df`, at most 256.
    pub file_systems: Option<Vec<FileSystem>>,
    /// Connections tracked now.
    pub conntrack_count: Option<u64>,
    /// Connections that can be tracked.
    pub conntrack_max: Option<u64>,
    /// SELinux mode now: `enforcing`, `permissive`.
    pub selinux: Option<String>,
    /// SELinux mode configured for the next boot.
    pub selinux_configured: Option<String>,
}

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSystem {
    /// Device or remote name, as redacted.
    pub device: String,
    /// Type such as `ext4`; empty when the table has none.
    pub kind: String,
    /// Size in KiB.
    pub total_kib: u64,
    /// Used KiB.
    pub used_kib: u64,
    /// KiB available to ordinary users.
    pub available_kib: u64,
    /// Used percent as `df` rounds it.
    pub used_percent: u64,
    /// Mount point, as redacted.
    pub mount: String,
}

/// One member that holds facts.
struct Row {
    path: &'static str,
    /// Reads one line.
    read: fn(&mut Reader, &str),
}

const ROWS: &[Row] = &[
    Row { path: "etc/os-release", read: os_release },
    Row { path: "usr/lib/os-release", read: os_release },
    Row { path: "oediag/commands/kernel.uname/stdout", read: |it, line| uname(it, line, true) },
    Row { path: "oediag/commands/storage.df/stdout", read: df },
    Row { path: "proc/version", read: |it, line| uname(it, line, false) },
    Row { path: "proc/cpuinfo", read: cpuinfo },
    Row { path: "proc/meminfo", read: meminfo },
    Row {
        path: "proc/uptime",
        read: |it, line| it.facts.uptime_seconds = cut::digits(line).and_then(|digits| digits.parse().ok()),
    },
    Row { path: "proc/loadavg", read: loadavg },
    Row { path: "proc/cmdline", read: |it, line| it.facts.command_line = text(line) },
    Row { path: "proc/swaps", read: swaps },
    Row { path: "proc/sys/kernel/osrelease", read: |it, line| kernel(it, line) },
    Row { path: "proc/sys/kernel/hostname", read: |it, line| it.facts.hostname = text(line) },
    Row { path: "proc/sys/kernel/tainted", read: |it, line| it.facts.taint = line.trim().parse().ok().map(taint) },
    Row {
        path: "proc/sys/net/netfilter/nf_conntrack_count",
        read: |it, line| it.facts.conntrack_count = line.trim().parse().ok(),
    },
    Row { path: "proc/sys/net/netfilter/nf_conntrack_max", read: |it, line| it.facts.conntrack_max = line.trim().parse().ok() },
    Row { path: "sys/class/dmi/id/sys_vendor", read: |it, line| it.facts.vendor = text(line) },
    Row { path: "sys/class/dmi/id/product_name", read: |it, line| it.facts.product = text(line) },
    Row { path: "sys/class/dmi/id/bios_version", read: |it, line| it.facts.bios = text(line) },
    Row {
        path: "sys/fs/selinux/enforce",
        read: |it, line| it.facts.selinux = Some(if line.trim() == "1" { "enforcing" } else { "permissive" }.to_owned()),
    },
    Row { path: "etc/selinux/config", read: selinux_config },
];

/// Names of the kernel's taint bits, from 0 (openEuler 4.19 and 5.10: Documentation/admin-guide/tainted-kernels.rst).
const TAINT: &[&str] = &[
    "proprietary module (P)",
    "module forced to load (F)",
    "kernel out of its specification (S)",
    "module forced to unload (R)",
    "machine check seen (M)",
    "bad memory page (B)",
    "tainted by user request (U)",
    "kernel died before: oops or BUG (D)",
    "ACPI table overridden (A)",
    "kernel warned before (W)",
    "staging driver (C)",
    "firmware bug worked around (I)",
    "out-of-tree module (O)",
    "unsigned module (E)",
    "soft lockup seen (L)",
    "kernel live patched (K)",
    "auxiliary taint (X)",
    "struct randomisation (T)",
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

/// The state of reading one member for facts.
pub(crate) struct Reader {
    read: fn(&mut Self, &str),
    facts: Facts,
    packages: BTreeSet<u16>,
    implementer: Option<String>,
    columns: Option<Columns>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({:?})", self.facts)
    }
}

impl Reader {
    /// A reader when the member holds facts.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let row = ROWS.iter().find(|row| row.path == path)?;
        Some(Self { read: row.read, facts: Facts::default(), packages: BTreeSet::new(), implementer: None, columns: None })
    }

    pub(crate) fn batch(&mut self, batch: &[u8]) {
        for line in lines::each(batch) {
            (self.read)(self, &String::from_utf8_lossy(line));
        }
    }

    pub(crate) fn finish(mut self) -> Facts {
        if !self.packages.is_empty() {
            self.facts.sockets = u32::try_from(self.packages.len()).ok();
        }
        self.facts
    }
}

impl Facts {
    /// The schema's name.
    pub const SCHEMA: &str = "oediag.facts/1";

    /// What `self` does not know is taken from `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            schema: self.schema,
            os_name: self.os_name.or(other.os_name),
            os_version: self.os_version.or(other.os_version),
            kernel: self.kernel.or(other.kernel),
            arch: self.arch.or(other.arch),
            hostname: self.hostname.or(other.hostname),
            cpu_model: self.cpu_model.or(other.cpu_model),
            cpus: self.cpus.or(other.cpus),
            sockets: self.sockets.or(other.sockets),
            memory_total_kib: self.memory_total_kib.or(other.memory_total_kib),
            memory_available_kib: self.memory_available_kib.or(other.memory_available_kib),
            swap_total_kib: self.swap_total_kib.or(other.swap_total_kib),
            swap_free_kib: self.swap_free_kib.or(other.swap_free_kib),
            uptime_seconds: self.uptime_seconds.or(other.uptime_seconds),
            load: self.load.or(other.load),
            vendor: self.vendor.or(other.vendor),
            product: self.product.or(other.product),
            bios: self.bios.or(other.bios),
            taint: self.taint.or(other.taint),
            command_line: self.command_line.or(other.command_line),
            collected: self.collected.or(other.collected),
            time_zone: self.time_zone.or(other.time_zone),
            file_systems: self.file_systems.or(other.file_systems),
            conntrack_count: self.conntrack_count.or(other.conntrack_count),
            conntrack_max: self.conntrack_max.or(other.conntrack_max),
            selinux: self.selinux.or(other.selinux),
            selinux_configured: self.selinux_configured.or(other.selinux_configured),
        }
    }

    /// Adds what only the whole bundle knows.
    pub(crate) fn complete(&mut self, latest: Timestamp, zone: &TimeZone) {
        Self::SCHEMA.clone_into(&mut self.schema);
        let collected = latest.to_zoned(zone.clone());
        self.time_zone = Some(zone.iana_name().map_or_else(|| collected.offset().to_string(), str::to_owned));
        self.collected = Some(collected.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    }
}

fn text(line: &str) -> Option<String> {
    let line = line.trim();
    (!line.is_empty()).then(|| cut::limited(line, VALUE))
}

fn os_release(it: &mut Reader, line: &str) {
    let Some((key, value)) = line.split_once('=') else { return };
    let value = text(value.trim().trim_matches('"'));
    match key {
        "NAME" => it.facts.os_name = value,
        "VERSION" => it.facts.os_version = value,
        _ => {}
    }
}

/// `Linux version RELEASE (...)` of proc/version, or `Linux HOST RELEASE ...` of uname -a.
fn uname(it: &mut Reader, line: &str, host: bool) {
    let mut words = line.split_whitespace();
    let (first, second, release) = (words.next(), words.next(), words.next());
    if first != Some("Linux") {
        return;
    }
    if host {
        it.facts.hostname = second.and_then(text);
    }
    if let Some(release) = release {
        kernel(it, release);
    }
}

fn kernel(it: &mut Reader, release: &str) {
    it.facts.kernel = text(release);
    let arch = release.trim().rsplit_once('.').map(|(_, arch)| arch);
    it.facts.arch = arch.filter(|arch| matches!(*arch, "x86_64" | "aarch64")).and_then(text);
}

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

fn loadavg(it: &mut Reader, line: &str) {
    let mut numbers = line.split_whitespace().map_while(|word| word.parse::<f64>().ok().filter(|value| value.is_finite()));
    if let (Some(one), Some(five), Some(fifteen)) = (numbers.next(), numbers.next(), numbers.next()) {
        it.facts.load = Some([one, five, fifteen]);
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

fn taint(bits: u64) -> Vec<String> {
    let name = |bit: usize| TAINT.get(bit).map_or_else(|| format!("bit {bit}"), |name| (*name).to_owned());
    (0..64).filter(|bit| bits >> bit & 1 == 1).map(name).collect()
}

fn selinux_config(it: &mut Reader, line: &str) {
    if let Some(mode) = line.trim().strip_prefix("SELINUX=") {
        it.facts.selinux_configured = text(mode);
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
