//! The leak gate over a finished bundle, for `verify --redaction` and before an upload.
//!
//! In: the bytes of a bundle, its manifest, where this host keeps its state. Out: what is left in it, and what was known for the
//! looking: this host's names where the bundle is of the system that runs here, the map where it is kept here. Never: values.

use std::io::Read;

use oediag_collector::{
    host::Host,
    leak::{self, CheckError, Checked, Gate, Known, StandIns},
    map::{self, Row},
    state::State,
};
use oediag_protocol::bundle::manifest::Manifest;
use serde::Serialize;

use crate::{selection, term, text, texts::Texts, view::Page};

/// What is found by its shape: kinds whose rows of a map are addresses.
const ADDRESSES: [&str; 3] = ["ipv4", "ipv6", "mac"];
/// Where the running system says when it began.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What is left in a bundle; also `verify --redaction --json`.
#[derive(Debug, Serialize)]
pub struct Rechecked {
    /// Whether nothing is left.
    pub ok: bool,
    /// Whether the names of this host were looked for.
    pub names: bool,
    /// Whether addresses were looked for: the map tells which are stand-ins.
    pub map: bool,
    /// Places beyond those that are named.
    pub unnamed: u64,
    /// What was found.
    #[serde(flatten)]
    pub checked: Checked,
}

/// Looks for what is left in a bundle of any origin. A state that cannot be read means that less is known.
pub fn recheck(input: impl Read, manifest: &Manifest, state: Option<&State>) -> Result<Rechecked, CheckError> {
    let start = &manifest.start;
    let ours = state.filter(|state| state.known().ok().flatten().is_some_and(|(host, _)| host == start.host_id));
    let rows = ours.and_then(|state| rows(state, manifest));
    let harvest = ours.and_then(|_| Host::live().ok()).and_then(|host| {
        let harvest = selection::harvest(&host);
        let boot = host.read(BOOT_ID, 64).map(|id| String::from_utf8_lossy(&id).trim().to_owned());
        // After a start of the system the map still tells that it is the same one.
        let listed = |row: &Row| row.kind == "system_uuid" && harvest.uuids.contains(&row.value);
        let same = boot.is_some() && boot == start.clock.boot_id || rows.iter().flatten().any(listed);
        same.then_some(harvest)
    });
    let mut stand_ins = StandIns::default();
    for row in rows.iter().flatten().filter(|row| ADDRESSES.contains(&row.kind.as_str())) {
        stand_ins.add(&row.token);
    }
    // A map that had no room for some would make leaks of stand-ins.
    let map = rows.is_some() && manifest.redaction.map_left_out == 0;
    let known = if map { Known::Listed(&stand_ins) } else { Known::Unknown };
    let kept = manifest.redaction.settings.as_ref().map(|settings| settings.readable()).unwrap_or_default();
    let names = harvest.is_some();
    let gate = Gate::new(&harvest.unwrap_or_default(), kept);
    let checked = leak::check(input, &gate, known)?;
    Ok(Rechecked { ok: checked.is_clean(), names, map, unnamed: checked.unnamed(), checked })
}

/// The rows of addresses and machines in the map of a bundle; none where there is no map, or it is encrypted.
fn rows(state: &State, manifest: &Manifest) -> Option<Vec<Row>> {
    let maps = map::all(&state.maps()).ok()?;
    let map = maps.iter().find(|map| map.bundle == manifest.start.bundle_id)?;
    map.rows(None, |row| row.kind == "system_uuid" || ADDRESSES.contains(&row.kind.as_str())).ok()
}

impl Rechecked {
    /// What was found and what was known, line by line.
    pub fn lines(&self, page: &Page<'_>) -> Vec<String> {
        let texts = page.texts;
        let rows: Vec<_> = self
            .checked
            .places
            .iter()
            .map(|spot| {
                let line =
                    spot.line.map_or_else(|| text!(texts, "recheck-name"), |line| text!(texts, "recheck-line", line = line));
                vec![term::cell(&spot.path), term::cell(line), term::cell(spot.kind)]
            })
            .collect();
        let broken = self.checked.broken.iter().map(|path| vec![term::cell(path), term::cell(text!(texts, "recheck-broken"))]);
        let rows: Vec<_> = rows.into_iter().chain(broken).collect();
        let mut lines = term::table(&rows, page.columns, page.paint);
        if self.unnamed > 0 {
            lines.push(text!(texts, "recheck-more", count = self.unnamed));
        }
        lines.extend(self.known(texts));
        if self.ok {
            lines.push(page.paint.tone(term::Tone::Good, &text!(texts, "recheck-clean", count = self.checked.members)));
        }
        lines
    }

    fn known(&self, texts: &Texts) -> [String; 2] {
        let said = |id: &str, used: bool| texts.named(&format!("recheck-{id}-{}", if used { "used" } else { "unused" }));
        [said("names", self.names), said("map", self.map)]
    }
}
