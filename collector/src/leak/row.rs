//! The strings of a row of the manifest: paths, links, arguments, messages.
//!
//! In: a row whose strings are redacted. Out: the same, masked where something is left. Which addresses are stand-ins is not known
//! here, so they are not looked for; `verify --redaction` does, with the map.

use oediag_protocol::bundle::manifest::Item;

use super::{About, Gate, Known, found::Found};
use crate::redact::{Mask, Redactor};

/// Masks what is left in the strings of a row, and counts it there.
pub fn row(gate: &Gate, redactor: &Redactor, item: &mut Item) {
    let mut found = Found::default();
    let Item { path, src, src_b64, links, argv, error, .. } = item;
    for text in path.iter_mut().chain(src).chain(src_b64).chain(links).chain(argv).chain(error) {
        string(gate, redactor, text, &mut found);
    }
    add(item, &found);
}

/// The same for the path of a member before its row is finished.
pub(crate) fn name(gate: &Gate, redactor: &Redactor, path: &mut String, item: &mut Item) {
    let mut found = Found::default();
    string(gate, redactor, path, &mut found);
    add(item, &found);
}

fn string(gate: &Gate, redactor: &Redactor, text: &mut String, found: &mut Found) {
    let hits = gate.find(text.as_bytes(), &About { known: Known::Unknown, versions: false });
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
