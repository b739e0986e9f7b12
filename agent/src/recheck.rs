//! The leak gate over a finished bundle, for `verify --redaction` and before an upload.
//!
//! In: the bytes of a bundle, its manifest, where this host keeps its state, the customer's own rules. Out: what is left in it, and what
//! was known for the looking: this host's names where the bundle is of the system that runs here, the names and addresses of its map
//! where that is kept here, the customer's words. Never: values, or trust in a manifest that says that credentials stay.

use std::{collections::BTreeMap, io::Read};

use oediag_collector::{
    host::Host,
    leak::{self, CheckError, Checked, Gate, Known, StandIns},
    map::{self, Row},
    redact::{Settings, SiteRules},
    state::State,
};
use oediag_protocol::{bundle::manifest::Manifest, digest::Sha256};
use serde::Serialize;

use crate::{
    selection, term, text,
    texts::Texts,
    view::{Page, comma},
};

/// What is found by its shape: kinds whose rows of a map are addresses.
const ADDRESSES: [&str; 3] = ["ipv4", "ipv6", "mac"];
/// Where the running system says when it began.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What is left in a bundle; also `verify --redaction --json`.
#[derive(Debug, Serialize)]
pub struct Rechecked {
    /// Whether nothing is left, and everything could be judged.
    pub ok: bool,
    /// Whether the names of this host were looked for.
    pub names: bool,
    /// How many names of the bundle's map were looked for.
    pub mapped_names: usize,
    /// Whether addresses were looked for: the map tells which are stand-ins.
    pub map: bool,
    /// How many words of the customer's own were looked for.
    pub words: usize,
    /// Kinds of identities that were not looked for: the manifest says that they stay by choice.
    pub kept: Vec<String>,
    /// Places beyond those that are named.
    pub unnamed: u64,
    /// What was found.
    #[serde(flatten)]
    pub checked: Checked,
}

/// Looks for what is left in a bundle of any origin. A state that cannot be read means that less is known.
pub fn recheck(input: impl Read, manifest: &Manifest, state: Option<&State>, rules: SiteRules) -> Result<Rechecked, CheckError> {
    let start = &manifest.start;
    let ours = state.filter(|state| state.known().ok().flatten().is_some_and(|(host, _)| host == start.host_id));
    let rows = ours.and_then(|state| rows(state, manifest));
    let live = ours.and_then(|_| Host::live().ok()).and_then(|host| {
        let harvest = selection::harvest(&host);
        let boot = host.read(BOOT_ID, 64).map(|id| String::from_utf8_lossy(&id).trim().to_owned());
        // After a start of the system the map still tells that it is the same one.
        let listed = |row: &Row| row.kind == "system_uuid" && harvest.uuids.contains(&row.value);
        let same = boot.is_some() && boot == start.clock.boot_id || rows.iter().flatten().any(listed);
        same.then_some(harvest)
    });
    let (names, words) = (live.is_some(), rules.keywords().count());
    let mut harvest = live.unwrap_or_default();
    let (mut stand_ins, mut mapped_names) = (StandIns::default(), 0);
    for row in rows.iter().flatten() {
        if ADDRESSES.contains(&row.kind.as_str()) {
            stand_ins.add(&row.token);
        } else {
            row.teach(&mut harvest);
            mapped_names += usize::from(row.harvested);
        }
    }
    harvest.rules = rules;
    // A map that had no room for some would make leaks of stand-ins.
    let map = rows.is_some() && manifest.redaction.map_left_out == 0;
    let known = if map { Known::Listed(&stand_ins) } else { Known::Unknown };
    let said = manifest.redaction.settings.as_ref().map(|settings| settings.readable()).unwrap_or_default();
    // Nobody can choose that anything else stays, whatever a manifest says.
    let kept: Vec<&str> = Settings::kinds().filter(|kind| said.contains(kind)).collect();
    let gate = Gate::new(&harvest, kept.iter().copied());
    let listed: BTreeMap<&str, Sha256> =
        manifest.items.iter().filter_map(|item| Some((item.path.as_deref()?, item.sha256?))).collect();
    let checked = leak::check(input, &gate, known, &listed)?;
    let kept = kept.into_iter().map(str::to_owned).collect();
    Ok(Rechecked { ok: checked.is_clean(), names, mapped_names, map, words, kept, unnamed: checked.unnamed(), checked })
}

/// The rows of names, addresses and machines in the map of a bundle, or of the one it was made from; none where there is no map, or it
/// is encrypted.
fn rows(state: &State, manifest: &Manifest) -> Option<Vec<Row>> {
    let maps = map::all(&state.maps()).ok()?;
    let start = &manifest.start;
    let of = [Some(start.bundle_id), start.derived_from];
    let map = maps.iter().find(|map| of.contains(&Some(map.bundle)))?;
    map.rows(None, |row| row.harvested || row.kind == "system_uuid" || ADDRESSES.contains(&row.kind.as_str())).ok()
}

impl Rechecked {
    /// What was found and what was known, line by line.
    pub fn lines(&self, page: &Page<'_>) -> Vec<String> {
        let texts = page.texts;
        let places = self.checked.places.iter().map(|spot| {
            let line = spot.line.map_or_else(|| text!(texts, "recheck-name"), |line| text!(texts, "recheck-line", line = line));
            vec![term::cell(&spot.path), term::cell(line), term::cell(spot.kind)]
        });
        let mut lines = term::table(&places.collect::<Vec<_>>(), page.columns, page.paint);
        if self.unnamed > 0 {
            lines.push(text!(texts, "recheck-more", count = self.unnamed));
        }
        for doubt in &self.checked.doubts {
            let why = texts.named(&format!("recheck-doubt-{}", doubt.why.as_str().replace('_', "-")));
            lines.push(format!("{}  {}", term::escape(&doubt.path), page.paint.tone(term::Tone::Bad, &why)));
        }
        lines.push(match (self.names, self.mapped_names) {
            (true, _) => text!(texts, "recheck-names-used"),
            (false, 0) => text!(texts, "recheck-names-unused"),
            (false, count) => text!(texts, "recheck-names-mapped", count = count),
        });
        if self.words > 0 {
            lines.push(text!(texts, "recheck-words", count = self.words));
        }
        lines.push(if self.map { text!(texts, "recheck-map-used") } else { text!(texts, "recheck-map-unused") });
        lines.extend(self.kept(texts));
        if self.ok {
            lines.push(page.paint.tone(term::Tone::Good, &text!(texts, "recheck-clean", count = self.checked.members)));
        }
        lines
    }

    /// What was not looked for, line by line: for who is about to send the bundle.
    pub fn not_looked_for(&self, texts: &Texts) -> Vec<String> {
        let names = (!self.names && self.mapped_names == 0).then(|| text!(texts, "recheck-names-unused"));
        let addresses = (!self.map).then(|| text!(texts, "recheck-map-unused"));
        names.into_iter().chain(addresses).chain(self.kept(texts)).collect()
    }

    fn kept(&self, texts: &Texts) -> Option<String> {
        let kinds: Vec<String> = self.kept.iter().map(|kind| texts.kind(kind)).collect();
        (!kinds.is_empty()).then(|| text!(texts, "recheck-kept", kinds = kinds.join(comma(texts))))
    }
}
