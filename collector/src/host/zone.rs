//! The examined host's time zone.
//!
//! In: `/etc/localtime` of the root, or what a bundle says of the host it came from. Out: a zone and its name.

use std::path::Path;

use jiff::tz::TimeZone;

use super::Host;

/// A TZif file is a few KiB.
const MOST: usize = 64 * 1024;
/// Names that only openEuler's tzdata has, and the same zone in everybody's.
const OWN_NAMES: &[(&str, &str)] = &[("Asia/Beijing", "Asia/Shanghai"), ("Asia/Macao", "Asia/Macau")];
/// Folders of tzdata with the same zones again: as POSIX counts seconds, and with leap seconds.
const AGAIN: &[&str] = &["posix/", "right/"];

/// The zone's name and rules; UTC without a name when nothing tells.
pub(super) fn zone(host: &Host) -> (TimeZone, Option<String>) {
    let name = host.link("/etc/localtime").as_deref().and_then(after_zoneinfo);
    if let Some(found) = name.as_deref().and_then(named) {
        return found;
    }
    if let Some(bytes) = host.read("/etc/localtime", MOST) {
        if let Ok(zone) = TimeZone::tzif("Local", &bytes) {
            return (zone, None);
        }
        // A tree copied or checked out where links cannot be made holds the link's text in a file.
        if let Some(found) = after_zoneinfo(Path::new(&*String::from_utf8_lossy(&bytes))).as_deref().and_then(named) {
            return found;
        }
    }
    // An unpacked bundle has no links and no binary files, but says where it came from.
    recorded(host).as_deref().and_then(named).unwrap_or((TimeZone::UTC, None))
}

fn named(name: &str) -> Option<(TimeZone, Option<String>)> {
    let name = AGAIN.iter().find_map(|folder| name.strip_prefix(folder)).unwrap_or(name);
    let name = OWN_NAMES.iter().find(|(own, _)| *own == name).map_or(name, |(_, common)| common);
    TimeZone::get(name).ok().map(|zone| (zone, Some(name.to_owned())))
}

/// `Asia/Shanghai` of `../usr/share/zoneinfo/Asia/Shanghai`.
fn after_zoneinfo(target: &Path) -> Option<String> {
    let text = target.to_str()?.trim_end();
    let (_, name) = text.split_once("zoneinfo/")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    (!name.is_empty() && name.len() < 64 && name.bytes().all(plain)).then(|| name.to_owned())
}

fn recorded(host: &Host) -> Option<String> {
    if host.is_live() {
        return None;
    }
    let bundle: serde_json::Value = serde_json::from_slice(&host.read("/oediag/bundle.json", MOST)?).ok()?;
    Some(bundle.get("clock")?.get("zone")?.as_str()?.to_owned())
}
