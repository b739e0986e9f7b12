//! What the manifest of an unpacked bundle tells of its members: that a log was cut, that a program or a table failed halfway.
//!
//! In: the rows of a run below another root. Out: the same rows; what was read here to its end, and was not whole there,
//! says so again. Words about outcomes only, from a manifest nobody has verified: it names no path to read and no program.

use std::{collections::HashMap, path::Path};

use oediag_protocol::{
    bundle::{
        manifest::{Item, Manifest, Outcome},
        name,
        verify::MAX_MANIFEST,
    },
    json,
};

use crate::host::Host;

/// Takes over what is told of members that are not whole; nothing on a live host or where no manifest is.
pub(super) fn take_over(items: &mut [Item], host: &Host) {
    if host.is_live() {
        return;
    }
    let Some(bytes) = host.read(&format!("/{}", name::MANIFEST), MAX_MANIFEST + 1) else { return };
    let Ok(manifest) = json::parse::<Manifest>(&bytes, MAX_MANIFEST) else { return };
    let broken = manifest.items.iter().filter(|item| !matches!(item.outcome, Outcome::Collected | Outcome::Skipped));
    let told: HashMap<&Path, &Item> = broken.filter_map(|item| Some((Path::new(item.path.as_deref()?), item))).collect();
    for item in items.iter_mut().filter(|item| item.outcome == Outcome::Collected) {
        if let Some(former) =
            item.path.as_deref().and_then(|path| told.get(Path::new(path))).filter(|former| former.id == item.id)
        {
            (item.outcome, item.reason) = (former.outcome, former.reason);
            item.truncated.clone_from(&former.truncated);
        }
    }
}
