//! The strings of a row of the manifest: paths, links, arguments, messages; and the records that are made from clean texts.
//!
//! In: a row whose strings are redacted, a record. Out: the same, masked where something is left. Which addresses are stand-ins is
//! not known before the end of a run: then [`LastLook`] looks for them as well, if the run remembers its stand-ins.

use oediag_protocol::bundle::manifest::Item;
use serde::de::IgnoredAny;

use super::{About, Gate, Known, Leaked, StandIns, found::Found, lists_versions};
use crate::redact::{Map, Mask, Redactor};

/// Masks what is left in the strings of a row, and counts it there.
pub fn row(gate: &Gate, redactor: &Redactor, item: &mut Item) {
    let mut found = Found::default();
    let Item { path, src, src_b64, links, argv, error, .. } = item;
    for text in path.iter_mut().chain(src).chain(src_b64).chain(links).chain(argv).chain(error) {
        string(gate, redactor, Known::Unknown, text, &mut found);
    }
    add(item, &found);
}

/// The same for the path of a member before its row is finished; `host_path` is what it was made from.
pub(crate) fn name(gate: &Gate, redactor: &Redactor, path: &mut String, host_path: &[u8], item: &mut Item) {
    let mut found = Found::default();
    string(gate, redactor, Known::Unknown, path, &mut found);
    // An address that the host's own path has as well is no stand-in.
    let about = About { known: Known::Listed(&StandIns::default()), versions: lists_versions(host_path) };
    let mut hits = gate.find(path.as_bytes(), &about);
    hits.retain(|hit| memchr::memmem::find(host_path, &path.as_bytes()[hit.range.clone()]).is_some());
    masked(redactor, hits, path, &mut found);
    add(item, &found);
}

/// The last look at the rows and records of a run.
#[derive(Debug)]
pub struct LastLook<'a> {
    gate: &'a Gate,
    redactor: &'a Redactor,
    stand_ins: Option<StandIns>,
}

impl<'a> LastLook<'a> {
    /// `map`: the stand-ins of the run, if it remembers all of them.
    pub fn new(gate: &'a Gate, redactor: &'a Redactor, map: Option<&Map>) -> LastLook<'a> {
        let stand_ins = map.filter(|map| map.lost() == 0).map(|map| {
            let mut stand_ins = StandIns::default();
            map.iter().for_each(|(token, _)| stand_ins.add(token));
            stand_ins
        });
        LastLook { gate, redactor, stand_ins }
    }

    fn known(&self) -> Known<'_> {
        self.stand_ins.as_ref().map_or(Known::Unknown, Known::Listed)
    }

    /// Masks what is left in the strings of a row, and counts it there. Its path is the name of a member that is written.
    pub fn row(&self, item: &mut Item) {
        let mut found = Found::default();
        let Item { src, src_b64, links, argv, error, .. } = item;
        for text in src.iter_mut().chain(src_b64).chain(links).chain(argv).chain(error) {
            string(self.gate, self.redactor, self.known(), text, &mut found);
        }
        add(item, &found);
    }

    /// The same for a record in JSON.
    ///
    /// # Errors
    /// What was found, if it would be no JSON any more.
    pub fn record(&self, json: Vec<u8>) -> Result<(Vec<u8>, Found), Leaked> {
        let hits = self.gate.find(&json, &About { known: self.known(), versions: false });
        let found = Found::of(&json, &hits);
        if hits.is_empty() {
            return Ok((json, found));
        }
        let mut text = String::from_utf8_lossy(&json).into_owned();
        masked(self.redactor, hits, &mut text, &mut Found::default());
        match serde_json::from_str::<IgnoredAny>(&text) {
            Ok(_) => Ok((text.into_bytes(), found)),
            Err(_) => Err(Leaked(found)),
        }
    }
}

fn string(gate: &Gate, redactor: &Redactor, known: Known<'_>, text: &mut String, found: &mut Found) {
    masked(redactor, gate.find(text.as_bytes(), &About { known, versions: false }), text, found);
}

fn masked(redactor: &Redactor, hits: Vec<super::Hit>, text: &mut String, found: &mut Found) {
    if hits.is_empty() {
        return;
    }
    for hit in &hits {
        found.add(hit.kind, None);
    }
    let masks: Vec<Mask> = hits.into_iter().map(|hit| Mask { range: hit.range, written: hit.written }).collect();
    *text = redactor.mask_text(text, &masks);
}

/// Adds what was found to a row.
pub(crate) fn add(item: &mut Item, found: &Found) {
    if found.leaks().is_empty() {
        return;
    }
    let mut all = Found::default();
    all.merge(&item.leaks, 0);
    all.merge(found.leaks(), 0);
    item.leaks = all.leaks().clone();
}
