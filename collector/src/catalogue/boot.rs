//! How the host starts: boot loader, firmware, start-up times.

use super::{
    Depth::{self, Deep, Quick, Standard},
    MIB,
    Privacy::{self, Credentials, Facts, FreeText, Identifying},
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
    row("boot.loader_entries", every("/boot/loader/entries/**"), FreeText, Standard),
    row("boot.efi", Command(&["/usr/sbin/efibootmgr", "-v"]), Identifying, Standard).when(EFI),
    row("boot.secure_boot", Command(&["/usr/bin/mokutil", "--sb-state"]), Facts, Standard).when(EFI),
    row("boot.rc_local", File("/etc/rc.d/rc.local"), FreeText, Standard),
    row("boot.files", Command(&["/usr/bin/ls", "-lnR", "--time-style=full-iso", "/boot"]), Facts, Standard),
    row("boot.dracut", every("/etc/dracut.conf.d/**"), FreeText, Deep),
    row("boot.grub_more", every("/boot/grub2/{custom.cfg,device.map}"), FreeText, Standard),
    row("boot.grub_legacy", File("/boot/grub/grub.cfg"), FreeText, Deep),
    row("boot.grub_scripts", every("/etc/grub.d/**"), FreeText, Deep),
    row("boot.dracut_conf", File("/etc/dracut.conf"), FreeText, Deep),
    row("boot.dracut_vendor", every("/usr/lib/dracut/dracut.conf.d/**"), Facts, Deep),
    row("boot.dracut_modules", Command(&["/usr/bin/ls", "/usr/lib/dracut/modules.d"]), Facts, Deep)
        .when(&[When::Path("/usr/lib/dracut/modules.d")]),
    row("boot.emergency", File("/run/initramfs/rdsosreport.txt"), FreeText, Standard).most(4 * MIB, 10),
    row("boot.firmware_log", File("/sys/firmware/efi/ovmf_debug_log"), FreeText, Standard),
    row("boot.loader", Command(&["/usr/bin/bootctl", "status", "--no-pager"]), Facts, Deep)
        .when(&[When::Path("/sys/firmware/efi")]),
    row("boot.init_scripts", every("/etc/rc.d/*/**"), FreeText, Deep),
    row("boot.inittab", File("/etc/inittab"), FreeText, Deep),
    row("boot.installation", every("/root/{install.log,install.log.syslog}"), FreeText, Deep),
    row("boot.verify", Command(&["/usr/bin/systemd-analyze", "--no-pager", "verify", "default.target"]), Facts, Deep)
        .when(SYSTEMD)
        .most(4 * MIB, 60),
    row("boot.dump", Command(&["/usr/bin/systemd-analyze", "--no-pager", "dump"]), Credentials, Deep)
        .when(SYSTEMD)
        .most(16 * MIB, 60),
];
