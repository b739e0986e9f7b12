//! How the clock is set, as `key=value`: zone, whether it follows a time source, the hardware clock.
//!
//! In: where `/etc/localtime` leads, what the kernel says (adjtimex(2), on a live host only), `/etc/adjtime`, `/sys/class/rtc`.
//! Out: lines of which `Timezone` and `NTPSynchronized` are called as timedatectl(1) calls them. What cannot be known has no
//! line. Below another root, what an earlier bundle recorded of that program is passed on. Asks no service.

use std::io::{self, Read as _, Write};

use crate::host::Host;

/// Most bytes of one of the small files.
const SMALL: usize = 4096;

pub(super) fn settings(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    if let Some(mut recorded) = host.recorded("services.time", None).and_then(|recorded| recorded.stdout) {
        let mut text = Vec::new();
        recorded.by_ref().take(SMALL as u64).read_to_end(&mut text)?;
        return out.write_all(&text);
    }
    let yes_no = |value: bool| if value { "yes" } else { "no" };
    let first_line = |path: &str| {
        let text = host.read(path, SMALL)?;
        Some(String::from_utf8_lossy(text.trim_ascii()).lines().next()?.to_owned())
    };
    if let Some(zone) = host.zone_name() {
        writeln!(out, "Timezone={zone}")?;
    }
    if let Some(synced) = host.clock_synced() {
        writeln!(out, "NTPSynchronized={}", yes_no(synced))?;
    }
    // The third line says what time the hardware clock keeps; without the file it is UTC (hwclock(8)).
    let adjusted = host.read("/etc/adjtime", SMALL).unwrap_or_default();
    let local = String::from_utf8_lossy(&adjusted).lines().nth(2).is_some_and(|line| line.trim() == "LOCAL");
    writeln!(out, "LocalRTC={}", yes_no(local))?;
    writeln!(out, "TimeUTC={}", host.now().strftime("%Y-%m-%dT%H:%M:%SZ"))?;
    for (key, file) in [("RTCDate", "date"), ("RTCTime", "time"), ("RTCSetsClockAtBoot", "hctosys")] {
        if let Some(value) = first_line(&format!("/sys/class/rtc/rtc0/{file}")) {
            writeln!(out, "{key}={value}")?;
        }
    }
    Ok(())
}
