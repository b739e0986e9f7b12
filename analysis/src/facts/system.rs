//! Release, kernel, its patches, its state.
//!
//! In: lines. Out: facts.

use super::reader::{Reader, Row, number, text};
use crate::cut;

/// Kernels kept.
const KERNELS: usize = 16;
/// Hot patches kept.
const PATCHES: usize = 64;

pub(super) const ROWS: &[Row] = &[
    Row { path: "etc/os-release", read: os_release },
    Row { path: "usr/lib/os-release", read: os_release },
    Row { path: "etc/openEuler-release", read: release },
    Row { path: "etc/system-release", read: release },
    Row { path: "etc/openEuler-latest", read: latest },
    Row { path: "oediag/commands/kernel.uname/stdout", read: |it, line| uname(it, line, true) },
    Row { path: "proc/version", read: |it, line| uname(it, line, false) },
    Row { path: "proc/uptime", read: |it, line| it.facts.uptime_seconds = cut::digits(line).and_then(number) },
    Row { path: "proc/loadavg", read: loadavg },
    Row { path: "proc/cmdline", read: |it, line| it.facts.command_line = text(line) },
    Row { path: "proc/sys/kernel/osrelease", read: kernel },
    Row { path: "proc/sys/kernel/hostname", read: |it, line| it.facts.hostname = text(line) },
    Row { path: "proc/sys/kernel/tainted", read: |it, line| it.facts.taint = number(line).map(taint) },
    Row { path: "proc/sys/net/netfilter/nf_conntrack_count", read: |it, line| it.facts.conntrack_count = number(line) },
    Row { path: "proc/sys/net/netfilter/nf_conntrack_max", read: |it, line| it.facts.conntrack_max = number(line) },
    Row { path: "oediag/commands/packages.kernels/stdout", read: installed },
    Row { path: "boot/grub2/grubenv", read: grubenv },
    Row { path: "boot/efi/EFI/*/grubenv", read: grubenv },
    Row { path: "oediag/commands/kernel.syscare/stdout", read: syscare },
    Row { path: "sys/kernel/livepatch/*/enabled", read: livepatch },
    Row { path: "sys/kernel/kexec_crash_loaded", read: |it, line| it.facts.kdump_armed = switch(line) },
    Row { path: "proc/sys/crypto/fips_enabled", read: |it, line| it.facts.fips = switch(line) },
    Row { path: "proc/self/mounts", read: cgroup },
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

fn os_release(it: &mut Reader, line: &str) {
    let Some((key, value)) = line.split_once('=') else { return };
    let value = text(value.trim().trim_matches('"'));
    match key {
        "NAME" => it.facts.os_name = value,
        "VERSION" => it.facts.os_version = value,
        _ => {}
    }
}

/// `openEuler release 22.03 (LTS-SP3)`
fn release(it: &mut Reader, line: &str) {
    if let Some((name, version)) = line.trim().split_once(" release ") {
        let release = (cut::limited(name, 256), cut::limited(version, 256));
        it.hidden.releases.entry(1).or_insert(release);
    }
}

/// `openeulerversion=openEuler-22.03-LTS-SP3`
fn latest(it: &mut Reader, line: &str) {
    let parts = line.trim().strip_prefix("openeulerversion=").map(|version| version.splitn(3, '-').collect::<Vec<_>>());
    if let Some([name, version, edition]) = parts.as_deref() {
        let release = (cut::limited(name, 256), cut::limited(&format!("{version} ({edition})"), 256));
        it.hidden.releases.entry(2).or_insert(release);
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

fn loadavg(it: &mut Reader, line: &str) {
    let mut numbers = line.split_whitespace().map_while(|word| word.parse::<f64>().ok().filter(|value| value.is_finite()));
    if let (Some(one), Some(five), Some(fifteen)) = (numbers.next(), numbers.next(), numbers.next()) {
        it.facts.load = Some([one, five, fifteen]);
    }
}

fn taint(bits: u64) -> Vec<String> {
    let name = |bit: usize| TAINT.get(bit).map_or_else(|| format!("bit {bit}"), |name| (*name).to_owned());
    (0..64).filter(|bit| bits >> bit & 1 == 1).map(name).collect()
}

/// `0` or `1`.
pub(super) fn switch(line: &str) -> Option<bool> {
    match line.trim() {
        "1" | "Y" => Some(true),
        "0" | "N" => Some(false),
        _ => None,
    }
}

/// `kernel-5.10.0-182.0.0.95.oe2203sp3.aarch64`, one line for each.
fn installed(it: &mut Reader, line: &str) {
    let name = line.trim();
    let release = name.strip_prefix("kernel-core-").or_else(|| name.strip_prefix("kernel-"));
    let Some(release) = release.filter(|release| release.starts_with(|c: char| c.is_ascii_digit())) else { return };
    let kernels = it.facts.kernels_installed.get_or_insert_default();
    if kernels.len() < KERNELS && !kernels.iter().any(|known| known == release) {
        kernels.push(cut::limited(release, 256));
        kernels.sort_by_cached_key(|kernel| std::cmp::Reverse(numbers(kernel)));
    }
}

/// The numbers in a version, to put versions in order.
fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// `saved_entry=openEuler (5.10.0-182.0.0.95.oe2203sp3.aarch64) 22.03 (LTS-SP3)`, or `saved_entry=MACHINE-RELEASE`.
fn grubenv(it: &mut Reader, line: &str) {
    let Some(entry) = line.trim().strip_prefix("saved_entry=") else { return };
    let words = entry.split(['(', ')', ' ']).chain(entry.split_once('-').map(|(_, release)| release));
    let release = |word: &&str| {
        let major = word.split_once('.').map_or("", |(major, _)| major);
        (1..=2).contains(&major.len()) && major.bytes().all(|byte| byte.is_ascii_digit()) && word.contains('-')
    };
    let mut words = words.filter(release);
    it.facts.kernel_default = words.next().and_then(text);
}

fn patch(it: &mut Reader, name: &str, state: &str) {
    let patches = it.facts.hot_patches.get_or_insert_default();
    if patches.len() < PATCHES {
        patches.insert(cut::limited(name, 256), cut::limited(state, 64));
    }
}

/// `Uuid Name Status`, of every patch; the header says that there is a list.
fn syscare(it: &mut Reader, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["Uuid", "Name", "Status"] => drop(it.facts.hot_patches.get_or_insert_default()),
        [uuid, name, status] if uuid.len() == 36 => patch(it, name, status),
        _ => {}
    }
}

fn livepatch(it: &mut Reader, line: &str) {
    let name = it.path.split('/').nth(3).unwrap_or_default().to_owned();
    if let Some(enabled) = switch(line) {
        patch(it, &name, if enabled { "enabled" } else { "disabled" });
    }
}

/// Version 1 counts when both are mounted: controllers are there.
fn cgroup(it: &mut Reader, line: &str) {
    match line.split(' ').nth(2) {
        Some("cgroup") => it.facts.cgroup_version = Some(1),
        Some("cgroup2") if it.facts.cgroup_version.is_none() => it.facts.cgroup_version = Some(2),
        _ => {}
    }
}
