//! What the gate found, without the values: kinds, and lines.

use oediag_protocol::bundle::manifest::{Leaks, Place};

use super::{Hit, Kind};

/// So many places of one item are named; all are counted.
pub(super) const PLACES_MAX: usize = 100;

/// What was found in a chunk, or in all chunks of an item so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    leaks: Leaks,
    lines: u64,
}

/// Something was found that cannot be masked.
#[derive(Debug, thiserror::Error)]
#[error("something is left in it that cannot be masked")]
pub struct Leaked(pub Found);

impl Found {
    pub(super) fn of(text: &[u8], hits: &[Hit]) -> Found {
        let mut found = Found::default();
        let mut at = 0;
        for hit in hits {
            found.lines += lines(&text[at..hit.range.start]);
            at = hit.range.start;
            found.add(hit.kind, Some(found.lines + 1));
        }
        found.lines += lines(&text[at..]);
        found
    }

    /// One more, at a line or, if there is none, in a name or another string of the row.
    pub(super) fn add(&mut self, kind: Kind, line: Option<u64>) {
        *self.leaks.counts.entry(kind.name().to_owned()).or_default() += 1;
        if self.leaks.places.len() < PLACES_MAX {
            self.leaks.places.push(Place { line, kind: kind.name().to_owned() });
        }
    }

    /// Adds what the next chunk of the item had.
    pub fn append(&mut self, next: &Found) {
        self.merge(&next.leaks, self.lines);
        self.lines += next.lines;
    }

    /// Adds what was found elsewhere in the same item.
    pub(super) fn merge(&mut self, other: &Leaks, lines: u64) {
        for (kind, number) in &other.counts {
            *self.leaks.counts.entry(kind.clone()).or_default() += number;
        }
        let room = PLACES_MAX - self.leaks.places.len().min(PLACES_MAX);
        let moved = |place: &Place| Place { line: place.line.map(|line| line + lines), kind: place.kind.clone() };
        self.leaks.places.extend(other.places.iter().take(room).map(moved));
    }

    /// Kinds and places, for the row of the item.
    pub fn leaks(&self) -> &Leaks {
        &self.leaks
    }
}

fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}
