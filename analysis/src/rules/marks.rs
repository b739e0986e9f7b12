//! Events that one phrase of one speaker tells, as rows.
//!
//! In: rows, and the message of a line such as `driver device: what`. Out: what was [`Found`] about the device. Never
//! looks further than the first row that fits.

use super::{Flow, Found, Kind};
use crate::{alerts::Severity, cut};

/// One phrase.
#[derive(Debug)]
pub(crate) struct Mark {
    /// How the message begins.
    pub start: &'static str,
    /// What it holds after that.
    pub phrase: &'static str,
    pub kind: &'static Kind,
    pub severity: Severity,
}

impl Mark {
    pub(crate) const fn new(start: &'static str, phrase: &'static str, kind: &'static Kind, severity: Severity) -> Self {
        Self { start, phrase, kind, severity }
    }
}

/// The phrases of `marks`: the anchors of their rule.
pub(crate) const fn phrases<const N: usize>(marks: &[Mark]) -> [&'static str; N] {
    let mut phrases = [""; N];
    let mut at = 0;
    while at < N {
        phrases[at] = marks[at].phrase;
        at += 1;
    }
    phrases
}

/// What the first mark that fits says of the device before the first colon.
pub(crate) fn read(marks: &[Mark], text: &str) -> Option<Found> {
    let text = text.trim_start();
    let mark = marks.iter().find(|mark| text.strip_prefix(mark.start).is_some_and(|rest| rest.contains(mark.phrase)))?;
    let (head, what) = text.split_once(": ")?;
    let device = cut::between(head, "[", "]").or_else(|| cut::last_word(head))?;
    // mlx5 puts function, line and process before its words, QLogic the number of the message into the head.
    let what = what.split_once(":(pid ").and_then(|(_, rest)| cut::after(rest, "): ")).unwrap_or(what);
    let what = what.split('{').next().unwrap_or(what).trim_end_matches(['!', '.', ' ']);
    Some(Found::about(device).of(mark.kind).at(mark.severity).with("what", Some(what)))
}

/// Lines of the same kind about the same device that follow each other are one event.
pub(crate) fn follow(marks: &[Mark], found: &mut Found, text: &str) -> Flow {
    let Some(next) = read(marks, text).filter(|next| next.subject == found.subject) else { return Flow::Over };
    if next.kind.map(|kind| kind.name) != found.kind.map(|kind| kind.name) {
        return Flow::Over;
    }
    found.severity = found.severity.max(next.severity);
    Flow::More
}
