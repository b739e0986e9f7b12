//! Units, clock, access control, packages, containers.
//!
//! In: lines of commands and configuration. Out: facts.

use super::reader::{Reader, Row, text};
use crate::cut;

/// Failed units kept.
const UNITS: usize = 64;
/// Services that set packet filters when they start.
const FIREWALLS: [&str; 3] = ["firewalld.service", "iptables.service", "nftables.service"];
pub(super) const ROWS: &[Row] = &[
    Row { path: "oediag/commands/services.failed/stdout", read: failed },
    Row { path: "oediag/commands/services.units/stdout", read: units },
    Row { path: "oediag/native/services.time.txt", read: timedatectl },
    // What earlier versions took.
    Row { path: "oediag/commands/services.time/stdout", read: timedatectl },
    Row { path: "oediag/commands/services.chrony_tracking/stdout", read: chrony },
    Row {
        path: "sys/fs/selinux/enforce",
        read: |it, line| it.facts.selinux = Some(if line.trim() == "1" { "enforcing" } else { "permissive" }.to_owned()),
    },
    Row { path: "etc/selinux/config", read: selinux_config },
    Row { path: "oediag/commands/security.selinux_status/stdout", read: sestatus },
    Row { path: "oediag/commands/boot.secure_boot/stdout", read: secure_boot },
    Row {
        path: "oediag/commands/packages.installed/stdout",
        read: |it, line| {
            let count = it.facts.packages.get_or_insert_default();
            *count = count.saturating_add(u32::from(!line.trim().is_empty() && !line.starts_with("gpg-pubkey")));
        },
    },
    Row { path: "oediag/commands/services.docker/stdout", read: |it, line| containers(it, "docker", line) },
    Row { path: "oediag/commands/services.isulad/stdout", read: |it, line| containers(it, "isulad", line) },
    Row { path: "oediag/native/operations.logins.tsv", read: |it, line| it.hidden.wtmp |= line.starts_with("time\t") },
];

/// `kdump.service loaded failed failed Crash recovery kernel arming`. That the list is empty says nothing: systemctl may have
/// failed. The list of all units says it.
fn failed(it: &mut Reader, line: &str) {
    let mut words = line.trim_start_matches(['●', '*', ' ']).split_whitespace();
    let Some(unit) = words.next().filter(|unit| unit.contains('.')) else { return };
    if words.nth(1) == Some("failed") {
        let units = it.facts.failed_units.get_or_insert_default();
        if units.len() < UNITS {
            units.push(cut::limited(unit, 256));
        }
    }
}

/// `firewalld.service loaded active running ...`
fn units(it: &mut Reader, line: &str) {
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    match words[..] {
        // The header: there is a list, and what is not in it does not run.
        ["UNIT", ..] => {
            it.hidden.firewall.get_or_insert(false);
            it.facts.failed_units.get_or_insert_default();
        }
        [unit, "loaded", "active"] if FIREWALLS.contains(&unit) => it.hidden.firewall = Some(true),
        _ => failed(it, line),
    }
}

fn timedatectl(it: &mut Reader, line: &str) {
    if let Some(value) = line.trim().strip_prefix("NTPSynchronized=") {
        it.facts.clock_synced = match value {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
    }
}

/// `Key     : value` of chronyc tracking.
fn chrony(it: &mut Reader, line: &str) {
    let Some((key, value)) = line.split_once(':') else { return };
    let value = value.trim();
    match key.trim() {
        "Reference ID" => {
            let name = cut::between(value, "(", ")").filter(|name| !name.is_empty());
            it.facts.clock_reference = name.and_then(text);
        }
        "System time" => {
            let mut words = value.split_whitespace();
            let seconds: Option<f64> =
                words.next().and_then(|seconds| seconds.parse().ok()).filter(|seconds: &f64| seconds.is_finite());
            let slow = words.any(|word| word == "slow");
            it.facts.clock_offset_seconds = seconds.map(|seconds| if slow { -seconds } else { seconds });
        }
        "Leap status" => it.facts.clock_synced = Some(value != "Not synchronised"),
        _ => {}
    }
}

fn selinux_config(it: &mut Reader, line: &str) {
    if let Some(mode) = line.trim().strip_prefix("SELINUX=") {
        it.facts.selinux_configured = text(mode);
    }
}

fn sestatus(it: &mut Reader, line: &str) {
    let Some((key, value)) = line.split_once(':') else { return };
    match (key.trim(), value.trim()) {
        ("SELinux status", "disabled") => it.facts.selinux = Some("disabled".to_owned()),
        ("Current mode", mode) => it.facts.selinux = text(mode),
        ("Mode from config file", mode) => it.facts.selinux_configured = text(mode),
        _ => {}
    }
}

fn secure_boot(it: &mut Reader, line: &str) {
    it.facts.secure_boot = match line.trim() {
        "SecureBoot enabled" => Some(true),
        "SecureBoot disabled" => Some(false),
        _ => it.facts.secure_boot,
    };
}

/// One line for each below the header.
fn containers(it: &mut Reader, program: &'static str, line: &str) {
    if line.starts_with("CONTAINER ID") || line.starts_with("ID ") {
        it.hidden.containers.insert(program, 0);
    } else if let Some(count) = it.hidden.containers.get_mut(program).filter(|_| !line.trim().is_empty()) {
        *count = count.saturating_add(1);
    }
}
