//! The card of a host: what it is, as a few values.
//!
//! In: lines of small members such as `etc/os-release` and `proc/meminfo`. Out: [`Facts`].
//! A value that no member has stays `None`; nothing is guessed but the product name of an arm64 CPU from its ids.

mod devices;
mod hardware;
mod reader;
mod services;
mod system;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

pub(crate) use self::reader::Reader;
use crate::{
    cut,
    operations::{Operation, OperationKind},
};

/// Boots that are told, the newest.
const BOOTS: usize = 10;
/// A crash or a shutdown explains the boot that follows within so many hours.
const EXPLAINS: i64 = 24;

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
    /// What stands in brackets in `os_version`: `LTS-SP3`, or `LTS` of the base release. Never read from a kernel's or a
    /// package's name: all of 20.03 up to SP3 share the tag `oe1`.
    pub edition: Option<String>,
    /// Kernels that are installed, as `uname -r` would call them, the newest first; at most 16.
    pub kernels_installed: Option<Vec<String>>,
    /// The kernel the boot loader takes next, as `uname -r` would call it.
    pub kernel_default: Option<String>,
    /// Hot patches of syscare and of the kernel, by name, with their state; at most 64.
    pub hot_patches: Option<BTreeMap<String, String>>,
    /// Date of the BIOS, as DMI writes it.
    pub bios_date: Option<String>,
    /// The hypervisor or container this runs in, such as `kvm`; `none` on a machine.
    pub virtualization: Option<String>,
    /// CPU cores of all packages.
    pub cores: Option<u32>,
    /// Threads of one core.
    pub threads_per_core: Option<u32>,
    /// NUMA nodes.
    pub numa_nodes: Option<u32>,
    /// Disks by name, at most 64; no partitions, loop or device-mapper devices.
    pub disks: Option<BTreeMap<String, Disk>>,
    /// Network interfaces by name, at most 64; not `lo`, nor those of containers.
    pub interfaces: Option<BTreeMap<String, Interface>>,
    /// The way out: `via ADDRESS dev NAME`, as redacted.
    pub default_route: Option<String>,
    /// Name servers in resolv.conf.
    pub dns_servers: Option<u32>,
    /// When the running kernel booted, RFC 3339 with the host's offset.
    pub booted: Option<String>,
    /// The newest boots, newest first, at most 10.
    pub boots: Option<Vec<Boot>>,
    /// systemd units that failed; at most 64. Empty when none did.
    pub failed_units: Option<Vec<String>>,
    /// Whether the clock follows a time source.
    pub clock_synced: Option<bool>,
    /// The time source chrony follows, as redacted.
    pub clock_reference: Option<String>,
    /// Seconds by which the clock is off, as chrony says it; positive when it is ahead.
    pub clock_offset_seconds: Option<f64>,
    /// Whether the firmware checked the boot loader's signature.
    pub secure_boot: Option<bool>,
    /// Whether a service that sets packet filters runs: firewalld, iptables or nftables.
    pub firewall: Option<bool>,
    /// Whether the kernel keeps to FIPS 140 algorithms.
    pub fips: Option<bool>,
    /// Whether a crash kernel is loaded.
    pub kdump_armed: Option<bool>,
    /// cgroup version in use: 1 (also when both are mounted) or 2.
    pub cgroup_version: Option<u8>,
    /// Installed packages.
    pub packages: Option<u32>,
    /// Containers of docker and iSulad, running or not.
    pub containers: Option<u32>,
}

/// Facts in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partial {
    pub facts: Facts,
    pub hidden: Hidden,
}

/// What is read on the way to a fact and is none itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hidden {
    /// Name and version of the release files, by rank: os-release first, then openEuler-release, then openEuler-latest.
    pub releases: BTreeMap<u8, (String, String)>,
    /// Numbers of NUMA nodes.
    pub nodes: std::collections::BTreeSet<u32>,
    /// Containers by the program that lists them.
    pub containers: BTreeMap<&'static str, u32>,
    /// Firewall services that run; a list of units was read.
    pub firewall: Option<bool>,
    /// wtmp was read: it has a record of every orderly shutdown.
    pub wtmp: bool,
    /// Names of block devices by `major:minor`, as they are since the boot.
    pub devices: BTreeMap<String, String>,
}

/// One disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Size in bytes.
    pub bytes: Option<u64>,
    /// Model, as the device names itself.
    pub model: Option<String>,
    /// Whether it has turning plates.
    pub rotational: Option<bool>,
}

/// One network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// `up`, `down` or another word of the kernel's.
    pub state: Option<String>,
    /// Megabits per second; `None` also when there is no link.
    pub speed_mbits: Option<u64>,
    /// Largest packet in bytes.
    pub mtu: Option<u64>,
    /// Addresses with their prefix lengths, as redacted; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// One boot of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// When, RFC 3339 with the host's offset.
    pub time: String,
    /// Why the host went down before; `None` when no source tells.
    pub why: Option<Why>,
}

/// Why a host went down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// It was shut down or restarted in order.
    Shutdown,
    /// Its kernel crashed, and a dump was written.
    Crash,
    /// wtmp knows of no shutdown and nothing of a crash: power, reset or a hang.
    Unclean,
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

impl Facts {
    /// The schema's name.
    pub const SCHEMA: &str = "oediag.facts/1";

    /// What `self` does not know is taken from `other`.
    fn or(mut self, other: Self) -> Self {
        macro_rules! first {
            ($($field:ident)*) => { $(self.$field = self.$field.or(other.$field);)* };
        }
        first!(
            os_name os_version kernel arch hostname cpu_model
            cpus sockets memory_total_kib memory_available_kib swap_total_kib swap_free_kib
            uptime_seconds load vendor product bios taint
            command_line collected time_zone file_systems conntrack_count conntrack_max
            selinux selinux_configured edition kernels_installed kernel_default bios_date
            virtualization cores threads_per_core numa_nodes default_route dns_servers
            booted boots failed_units clock_synced clock_reference clock_offset_seconds
            secure_boot firewall fips kdump_armed cgroup_version packages
            containers
        );
        self.hot_patches = both(self.hot_patches, other.hot_patches, |mine, _| mine);
        self.disks = both(self.disks, other.disks, Disk::or);
        self.interfaces = both(self.interfaces, other.interfaces, Interface::or);
        self
    }

    /// Adds what only the whole bundle knows.
    fn complete(&mut self, hidden: Hidden, latest: Timestamp, zone: &TimeZone, operations: &[Operation]) {
        let written = |moment: Timestamp| moment.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        Self::SCHEMA.clone_into(&mut self.schema);
        let offset = latest.to_zoned(zone.clone()).offset();
        self.time_zone = Some(zone.iana_name().map_or_else(|| offset.to_string(), str::to_owned));
        self.collected = Some(written(latest));
        let up = self.uptime_seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(SignedDuration::from_secs);
        self.booted = up.and_then(|up| latest.checked_sub(up).ok()).map(written);
        if let Some((name, version)) = hidden.releases.into_values().find(|(_, version)| !version.is_empty()) {
            self.os_name = self.os_name.take().or(Some(name));
            self.os_version = self.os_version.take().or(Some(version));
        }
        self.edition = self.os_version.as_deref().and_then(|version| cut::between(version, "(", ")")).map(str::to_owned);
        let nodes = u32::try_from(hidden.nodes.len()).ok().filter(|nodes| *nodes > 0);
        self.numa_nodes = nodes.or(self.numa_nodes);
        self.containers = (!hidden.containers.is_empty()).then(|| hidden.containers.values().sum());
        self.firewall = hidden.firewall;
        self.boots = boots(operations, hidden.wtmp);
    }
}

impl Partial {
    /// What `self` does not know is taken from `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { facts: self.facts.or(other.facts), hidden: self.hidden.or(other.hidden) }
    }

    /// The facts, with what only the whole bundle knows.
    pub(crate) fn complete(self, latest: Timestamp, zone: &TimeZone, operations: &[Operation]) -> Facts {
        let Self { mut facts, hidden } = self;
        facts.complete(hidden, latest, zone, operations);
        facts
    }
}

/// The newest boots, and what came before each: a crash, an orderly end, or, where wtmp would know of one, nothing.
fn boots(operations: &[Operation], wtmp: bool) -> Option<Vec<Boot>> {
    let mut found: Vec<Boot> = Vec::new();
    let mut before: Option<(Timestamp, Why)> = None;
    let mut first = true;
    for operation in operations {
        let Some(time) = operation.time.as_deref() else { continue };
        let Ok(moment) = time.parse::<Timestamp>() else { continue };
        match operation.kind {
            OperationKind::Crash => before = Some((moment, Why::Crash)),
            OperationKind::Shutdown => before = Some((moment, Why::Shutdown)),
            OperationKind::Reboot => {
                let told = before.take().filter(|(end, _)| moment.as_second() - end.as_second() <= EXPLAINS * 3600);
                // Of the first boot that is known, the time before it is not.
                let unclean = (wtmp && !first).then_some(Why::Unclean);
                found.push(Boot { time: time.to_owned(), why: told.map(|(_, why)| why).or(unclean) });
                first = false;
            }
            _ => {}
        }
    }
    found.reverse();
    found.truncate(BOOTS);
    (!found.is_empty()).then_some(found)
}

/// Two maps as one; what both have is put together.
fn both<T>(
    one: Option<BTreeMap<String, T>>,
    two: Option<BTreeMap<String, T>>,
    join: fn(T, T) -> T,
) -> Option<BTreeMap<String, T>> {
    let Some(mut one) = one else { return two };
    for (name, other) in two.into_iter().flatten() {
        let joined = match one.remove(&name) {
            Some(mine) => join(mine, other),
            None => other,
        };
        one.insert(name, joined);
    }
    Some(one)
}

impl Disk {
    fn or(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.or(other.bytes),
            model: self.model.or(other.model),
            rotational: self.rotational.or(other.rotational),
        }
    }
}

impl Interface {
    fn or(self, other: Self) -> Self {
        Self {
            state: self.state.or(other.state),
            speed_mbits: self.speed_mbits.or(other.speed_mbits),
            mtu: self.mtu.or(other.mtu),
            addresses: if self.addresses.is_empty() { other.addresses } else { self.addresses },
        }
    }
}

impl Hidden {
    fn or(mut self, other: Self) -> Self {
        for (rank, release) in other.releases {
            self.releases.entry(rank).or_insert(release);
        }
        self.nodes.extend(other.nodes);
        for (program, count) in other.containers {
            self.containers.entry(program).or_insert(count);
        }
        self.firewall = self.firewall.or(other.firewall);
        self.wtmp |= other.wtmp;
        self.devices.extend(other.devices);
        self
    }
}
