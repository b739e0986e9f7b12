//! How many values of each kind were replaced: the only thing a report says about them.

use super::kinds::{KINDS, Kind};

/// Replaced values per kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts([u64; KINDS]);

impl Default for Counts {
    fn default() -> Counts {
        Counts([0; KINDS])
    }
}

impl Counts {
    pub(super) fn one(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }

    /// Adds the counts of another part of the same item.
    pub fn add(&mut self, other: &Counts) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// Kinds that occurred, by name, in table order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, n)| (Kind::name_at(i), *n))
    }

    /// Whether one of the values was a credential.
    pub(super) fn has_credential(&self) -> bool {
        self.0.iter().enumerate().any(|(i, n)| *n > 0 && Kind::is_credential_at(i))
    }

    /// All replaced values.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}
