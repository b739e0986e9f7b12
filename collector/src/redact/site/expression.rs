//! One regular expression of the customer's, anchored at characters that are known beforehand.
//!
//! In: an expression. Out: the beginnings of all its matches, and whether one stands at a place of a text. Matching takes
//! linear time and bounded memory whatever the expression; it looks at most 1 KiB far and never beyond the line.

use std::ops::Range;

use regex_automata::{Anchored, Input, meta, util::syntax};
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::{BYTES_MAX, BYTES_MIN, SiteWhy, find::stands};

/// A match is at most this long.
const REACH: usize = 1024;
/// Bytes of a compiled expression.
const SIZE: usize = 512 << 10;
/// Bytes of its table of states, where one is worth it.
const TABLE: usize = 256 << 10;
/// An expression has at most so many beginnings.
const BEGINNINGS: usize = 64;

/// A compiled expression.
pub(super) struct Expression {
    regex: meta::Regex,
    /// In lower case: a match begins with one of them, in any case.
    pub(super) beginnings: Vec<Vec<u8>>,
}

impl Expression {
    /// Compiles it.
    pub(super) fn new(pattern: &str) -> Result<Expression, SiteWhy> {
        if pattern.len() > BYTES_MAX {
            return Err(SiteWhy::Long);
        }
        let syntax = syntax::Config::new().utf8(false).multi_line(true).nest_limit(32);
        let hir = syntax::parse_with(pattern, &syntax).map_err(|error| SiteWhy::Syntax(last_line(&error)))?;
        let beginnings = beginnings(&hir).ok_or(SiteWhy::Beginning)?;
        let config = meta::Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(SIZE))
            .onepass(false)
            .backtrack(false)
            .hybrid(false)
            .dfa_size_limit(Some(TABLE))
            .dfa_state_limit(Some(1000));
        let regex = meta::Builder::new().configure(config).build_from_hir(&hir).map_err(|_| SiteWhy::Large)?;
        Ok(Expression { regex, beginnings })
    }

    /// The match that begins at `start`, if it stands alone.
    pub(super) fn at(&self, t: &[u8], start: usize) -> Option<Range<usize>> {
        let found = self.regex.find(Input::new(t).range(start..reach(t, start)?).anchored(Anchored::Yes))?;
        Some(found.range()).filter(|range| !range.is_empty() && stands(t, range))
    }

    /// All matches in a short text, one behind the other.
    pub(super) fn all(&self, t: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for start in 0..t.len() {
            let free = found.last().is_none_or(|last| last.end <= start);
            let begins =
                || self.beginnings.iter().any(|b| t.get(start..start + b.len()).is_some_and(|s| s.eq_ignore_ascii_case(b)));
            if free && begins() {
                found.extend(self.at(t, start));
            }
        }
        found
    }
}

/// How far a match may reach that begins at `start`; none can stand alone whose beginning does not.
pub(super) fn reach(t: &[u8], start: usize) -> Option<usize> {
    if start > 0 && t[start - 1].is_ascii_alphanumeric() && t[start].is_ascii_alphanumeric() {
        return None;
    }
    let limit = t.len().min(start + REACH);
    Some(memchr::memchr(b'\n', &t[start..limit]).map_or(limit, |n| start + n))
}

/// The characters with which every match begins, in lower case; none if they are too few or too many.
fn beginnings(hir: &regex_syntax::hir::Hir) -> Option<Vec<Vec<u8>>> {
    let mut sequence = Extractor::new().kind(ExtractKind::Prefix).limit_class(4).limit_total(256).extract(hir);
    sequence.keep_first_bytes(16);
    let mut found: Vec<Vec<u8>> = sequence.literals()?.iter().map(|l| l.as_bytes().to_ascii_lowercase()).collect();
    found.sort();
    found.dedup();
    let fits = !found.is_empty() && found.len() <= BEGINNINGS && found.iter().all(|b| b.len() >= BYTES_MIN);
    fits.then_some(found)
}

/// The parser draws the place under the expression; its last line is the sentence.
fn last_line(error: &impl ToString) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(pattern: &str) -> Vec<String> {
        let beginnings = Expression::new(pattern).map(|e| e.beginnings).unwrap_or_default();
        beginnings.into_iter().map(|b| String::from_utf8_lossy(&b).into_owned()).collect()
    }

    #[test]
    fn the_beginnings_of_an_expression_are_found() {
        assert_eq!(begins(r"HT-[0-9]{4}"), ["ht-"]);
        assert_eq!(begins(r"\bHT-\d+\b"), ["ht-"]);
        assert_eq!(begins("(?i)ht-[0-9]"), ["ht-"]);
        assert_eq!(begins("(alpha|bravo)-[0-9]"), ["alpha-", "bravo-"]);
        assert_eq!(begins("工单[0-9]+"), ["工单"]);
        for no in ["[0-9]+", ".*HT-", "(HT-)?[0-9]", "a|HT-1", "ab[0-9]"] {
            assert_eq!(begins(no), [""; 0], "{no}");
        }
    }

    #[test]
    fn a_match_stands_alone_in_its_line() {
        let expression = Expression::new("HT-[0-9]+").expect("it compiles");
        assert_eq!(expression.all(b"a HT-12, aHT-12 HT-12b (HT-3)"), [2..7, 24..28]);
        let wide = Expression::new("(?s)HT-.*").expect("it compiles");
        assert_eq!(wide.all(b"HT-1 x\nHT-2"), [0..6, 7..11]);
        let long = [b"HT-".as_slice(), &[b'x'; 5000]].concat();
        assert!(wide.at(&long, 0).is_none(), "cut in the middle of a word it does not stand alone");
    }
}
