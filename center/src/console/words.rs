//! Sizes, moments and paths as pages write them. In: numbers. Out: short texts.

use jiff::{Timestamp, tz::TimeZone};
use oediag_protocol::time::Time;

/// Bytes in the largest unit that leaves a whole number in front of the point.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, 0);
    // What would be rounded to 1024 belongs to the next unit.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    if value < 99.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// A moment as people read it, to the minute: `2026-11-23 05:08 UTC`.
pub(super) fn moment(time: Time) -> String {
    let text = time.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

/// The moment of a record in RFC 3339, with its own offset: `2026-11-10 09:41:07 +08:00`; as it is when it is none.
pub(super) fn local(text: &str) -> String {
    match (text.parse::<Timestamp>(), text.get(..19), text.get(19..)) {
        (Ok(_), Some(moment), Some(offset)) => format!("{} {}", moment.replace('T', " "), offset.trim_start_matches('.')),
        _ => text.to_owned(),
    }
}

/// The zone a record names: an IANA name, or an offset such as `+08`; UTC when it is none.
pub(super) fn zone(name: Option<&str>) -> TimeZone {
    let name = name.unwrap_or("UTC");
    let offset = || format!("1970-01-01T00:00:00{}", if name.len() == 3 { format!("{name}:00") } else { name.to_owned() });
    TimeZone::get(name)
        .ok()
        .or_else(|| {
            let moment: Timestamp = offset().parse().ok()?;
            let seconds = i32::try_from(-moment.as_second()).ok()?;
            Some(TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?))
        })
        .unwrap_or(TimeZone::UTC)
}

/// A member's path as part of a URL. Of what a member's path may hold, only the percent sign means something there.
pub(super) fn link(path: &str) -> String {
    path.replace('%', "%25")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        let sizes = [0, 1023, 1024, 1536, 1_048_575, 480 << 20, u64::MAX].map(size).join(" | ");
        assert_eq!(sizes, "0 B | 1023 B | 1.0 KiB | 1.5 KiB | 1.0 MiB | 480 MiB | 16.0 EiB");
        assert_eq!(moment(Time(0)), "1970-01-01 00:00 UTC");
        assert_eq!(local("2026-11-10T09:41:07+08:00"), "2026-11-10 09:41:07 +08:00");
        assert_eq!((local("<b>"), local("2026-11-10T09:41:07")), ("<b>".into(), "2026-11-10T09:41:07".into()));
    }

    #[test]
    fn zones_have_names_or_offsets() {
        let ahead = |name| zone(name).to_offset(Timestamp::UNIX_EPOCH).seconds();
        assert_eq!(ahead(Some("Asia/Shanghai")), 8 * 3600);
        assert_eq!((ahead(Some("+08")), ahead(Some("-03:30"))), (8 * 3600, -12_600));
        assert_eq!((ahead(None), ahead(Some("../etc")), ahead(Some("中"))), (0, 0, 0));
    }
}
