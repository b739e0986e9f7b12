//! How the host starts: boot loader, firmware, start-up times.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Facts, FreeText, Identifying},
    Probe::{self, Command, File},
    SYSTEMD, Source, Topic, When, every, newest,
};

const fn row(id: &'static str, probe: Probe, privacy: Privacy, depth: Depth) -> Source {
    Source::new(id, Topic::Boot, probe, privacy, depth)
}

/// Started by UEFI firmware.
const EFI: &[When] = &[When::Path("/sys/firmware/efi")];

pub(super) const ROWS: &[Source] = &[
    row("boot.id", File("/proc/sys/kernel/random/boot_id"), Identifying, Quick),
    row("boot.uptime", File("/proc/uptime"), Facts, Quick),
    row("boot.log", newest(4, "/var/log/boot.log*"), FreeText, Standard).most(16 * MIB, 20),
    row("boot.list", Command(&["/usr/bin/journalctl", "--no-pager", "--list-boots"]), Identifying, Standard),
    row("boot.time", Command(&["/usr/bin/systemd-analyze", "--no-pager", "time"]), Facts, Standard).when(SYSTEMD),
    row("boot.blame", Command(&["/usr/bin/systemd-analyze", "--no-pager", "blame"]), Facts, Standard).when(SYSTEMD),
    row("boot.critical_chain", Command(&["/usr/bin/systemd-analyze", "--no-pager", "critical-chain"]), Facts, Standard)
        .when(SYSTEMD),
    row("boot.target", Command(&["/usr/bin/systemctl", "--no-pager", "get-default"]), Facts, Standard),
    row("boot.grub", every("/boot/grub2/{grub.cfg,grubenv}"), FreeText, Standard),
    row("boot.grub_efi", every("/boot/efi/EFI/*/{grub.cfg,grubenv}"), FreeText, Standard),
    row("boot.grub_default", File("/etc/default/grub"), FreeText, Standard),
    row("boot.loader_entries", every("/boot/loader/entries/*.conf"), FreeText, Standard),
    row("boot.efi", Command(&["/usr/sbin/efibootmgr", "-v"]), Identifying, Standard).when(EFI),
    row("boot.secure_boot", Command(&["/usr/bin/mokutil", "--sb-state"]), Facts, Standard).when(EFI),
    row("boot.rc_local", File("/etc/rc.d/rc.local"), FreeText, Standard),
    row("boot.files", Command(&["/usr/bin/ls", "-lR", "--time-style=full-iso", "/boot"]), Facts, Standard),
    row("boot.dracut", every("/etc/dracut.conf.d/*.conf"), FreeText, Deep),
];
