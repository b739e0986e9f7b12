//! Disks and network interfaces.
//!
//! In: members that hold one value of one device, and the text of `ip`. Out: facts. Names are those of the kernel.

use std::collections::BTreeMap;

use super::{
    Disk, Interface,
    reader::{Reader, Row, number, text},
    system::switch,
};
use crate::cut;

/// Disks, and interfaces, kept.
const DEVICES: usize = 64;
/// Addresses kept of one interface.
const ADDRESSES: usize = 8;
/// Block devices that are no disks, and interfaces that come and go with containers and guests.
const OTHERS: [&str; 15] =
    ["loop", "ram", "dm-", "md", "zram", "sr", "fd", "nbd", "zd", "veth", "cali", "lxc", "tap", "vnet", "vif"];
/// Numbers of block devices kept.
const NUMBERS: usize = 4096;
/// What /sys/block counts in.
const SECTOR: u64 = 512;

pub(super) const ROWS: &[Row] = &[
    Row {
        path: "sys/block/*/size",
        read: |it, line| disk(it, |disk| disk.bytes = number::<u64>(line).and_then(|sectors| sectors.checked_mul(SECTOR))),
    },
    Row { path: "proc/partitions", read: number_of },
    Row { path: "sys/block/*/device/model", read: |it, line| disk(it, |disk| disk.model = text(line)) },
    Row { path: "sys/block/*/queue/rotational", read: |it, line| disk(it, |disk| disk.rotational = switch(line)) },
    Row { path: "sys/class/net/*/operstate", read: |it, line| interface(it, |one| one.state = text(line)) },
    // The kernel says -1 when there is no link.
    Row { path: "sys/class/net/*/speed", read: |it, line| interface(it, |one| one.speed_mbits = number(line)) },
    Row { path: "sys/class/net/*/mtu", read: |it, line| interface(it, |one| one.mtu = number(line)) },
    Row { path: "oediag/commands/network.address/stdout", read: address },
    Row { path: "oediag/commands/network.routes/stdout", read: route },
    Row { path: "proc/net/route", read: route_table },
    Row { path: "etc/resolv.conf", read: resolver },
];

/// The device of a map that a path or a line names.
fn of<'a, T: Default>(map: &'a mut Option<BTreeMap<String, T>>, name: &str) -> Option<&'a mut T> {
    if name.is_empty() || name == "lo" || OTHERS.iter().any(|start| name.starts_with(start)) {
        return None;
    }
    let map = map.get_or_insert_default();
    (map.len() < DEVICES || map.contains_key(name)).then(|| map.entry(cut::limited(name, 64)).or_default())
}

/// ` 259        0  937692504 nvme0n1`
fn number_of(it: &mut Reader, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [major, minor, _, name] = words[..] else { return };
    let numbers = major.parse::<u32>().is_ok() && minor.parse::<u32>().is_ok();
    if numbers && it.hidden.devices.len() < NUMBERS {
        it.hidden.devices.insert(format!("{major}:{minor}"), cut::limited(name, 64));
    }
}

fn disk(it: &mut Reader, set: impl Fn(&mut Disk)) {
    let name = it.path.split('/').nth(2).unwrap_or_default();
    if let Some(disk) = of(&mut it.facts.disks, name) {
        set(disk);
    }
}

fn interface(it: &mut Reader, set: impl Fn(&mut Interface)) {
    let name = it.path.split('/').nth(3).unwrap_or_default();
    if let Some(interface) = of(&mut it.facts.interfaces, name) {
        set(interface);
    }
}

/// `2: eth0: <UP> mtu 1500 ...`, then `    inet 192.0.2.1/24 ...`.
fn address(it: &mut Reader, line: &str) {
    let mut words = line.split_whitespace();
    if !line.starts_with(' ') {
        let name = words.nth(1).map(|name| name.trim_end_matches(':'));
        // `eth0.7@eth0`: the part behind the sign is what it lies on.
        it.current = name.map(|name| name.split('@').next().unwrap_or(name).to_owned());
        return;
    }
    let (Some("inet" | "inet6"), Some(address), Some(name)) = (words.next(), words.next(), it.current.as_deref()) else { return };
    if let Some(interface) = of(&mut it.facts.interfaces, name)
        && interface.addresses.len() < ADDRESSES
    {
        interface.addresses.push(cut::limited(address, 64));
    }
}

/// `default via 192.0.2.254 dev eth0 ...`; the first one has the lowest metric.
fn route(it: &mut Reader, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let behind = |key: &str| words.iter().position(|word| *word == key).and_then(|at| words.get(at + 1));
    if it.facts.default_route.is_none() && words.first() == Some(&"default") {
        let parts = [("via", behind("via")), ("dev", behind("dev"))];
        let parts: Vec<String> = parts.into_iter().filter_map(|(key, value)| Some(format!("{key} {}", value?))).collect();
        it.facts.default_route = text(&parts.join(" "));
    }
}

/// The same from the kernel's own table: destination, gateway and flags in hexadecimal, least byte first.
fn route_table(it: &mut Reader, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [device, "00000000", gateway, ..] = words[..] else { return };
    if let Ok(bits) = u32::from_str_radix(gateway, 16)
        && it.facts.default_route.is_none()
    {
        let [a, b, c, d] = bits.to_le_bytes();
        it.facts.default_route = text(&format!("via {a}.{b}.{c}.{d} dev {device}"));
    }
}

fn resolver(it: &mut Reader, line: &str) {
    let servers = it.facts.dns_servers.get_or_insert_default();
    if line.trim_start().starts_with("nameserver") {
        *servers = servers.saturating_add(1);
    }
}
