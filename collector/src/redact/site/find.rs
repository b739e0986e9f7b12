//! The customer's rules at work: a table of their own, so that they only add to what the built-in rules
//! find and never hide it.
//!
//! In: rows, then text. Out: spans. Without rows nothing is looked at.

use std::ops::Range;

use encoding_rs::GB18030;

use super::{
    SiteRules,
    expression::{self, Expression},
};
use crate::redact::{
    RedactError,
    judge::is_no_secret,
    kinds::Kind,
    rules::{Bound, Rule, Test, Verify},
    scan::Literals,
    span::{Form, Span},
    starts::Starts,
    tag::{Prf, push_token},
    token::in_token,
    value::{self, Style},
};

/// What a literal stands for.
#[derive(Clone, Copy)]
enum Row {
    Word,
    /// In GB18030, by its number: its stand-in is that of the same word in UTF-8.
    Gb(usize),
    Key,
    Pattern(usize),
}

/// The tables of a run.
pub(in crate::redact) struct Site {
    starts: Option<Starts>,
    rows: Vec<Row>,
    /// Stand-ins of words in GB18030.
    tokens: Vec<Vec<u8>>,
    expressions: Vec<(Expression, Kind)>,
}

/// Bytes that expressions look at in each line at most, and for each of its bytes: one in 128 may be a beginning.
const LINE_WORK: usize = 8 << 10;
const BYTE_WORK: usize = 8;

/// A key of the customer's is looked at as the built-in ones are.
const KEY: Rule = Rule { word: "", kind: Kind::SiteSecret, verify: Verify::Key(Bound::Word, Test::Secret) };
impl Site {
    /// Builds the tables.
    pub(in crate::redact) fn new(rules: &SiteRules, prf: &Prf) -> Result<Site, RedactError> {
        let mut literals: Vec<(Vec<u8>, Row)> = Vec::new();
        let mut tokens = Vec::new();
        literals.extend(rules.words.iter().map(|word| (word.as_bytes().to_vec(), Row::Word)));
        literals.extend(rules.keys.iter().map(|key| (key.as_bytes().to_vec(), Row::Key)));
        for word in rules.words.iter().filter(|word| !word.is_ascii()) {
            let mut token = Vec::new();
            push_token(prf, Kind::Keyword, word.to_ascii_lowercase().as_bytes(), &mut token);
            literals.push((GB18030.encode(word).0.into_owned(), Row::Gb(tokens.len())));
            tokens.push(token);
        }
        literals
            .extend(rules.keys.iter().filter(|key| !key.is_ascii()).map(|key| (GB18030.encode(key).0.into_owned(), Row::Key)));
        let mut expressions = Vec::new();
        for pattern in &rules.patterns {
            let expression = Expression::new(&pattern.regex).map_err(|why| RedactError::Tables(why.to_string()))?;
            literals.extend(expression.beginnings.iter().map(|begin| (begin.clone(), Row::Pattern(expressions.len()))));
            expressions.push((expression, if pattern.secret { Kind::SiteSecret } else { Kind::Keyword }));
        }
        let rows = literals.iter().map(|(_, row)| *row).collect();
        let starts = (!literals.is_empty()).then(|| Starts::new(literals.iter().map(|(literal, _)| literal.as_slice())));
        Ok(Site { starts, rows, tokens, expressions })
    }

    /// Whether nothing is looked for.
    pub(in crate::redact) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Finds spans in `text[from..to]`; both ends are line ends or delimiters.
    pub(in crate::redact) fn scan(
        &self,
        literals: &Literals<'_>,
        from: usize,
        to: usize,
        spans: &mut Vec<Span>,
        arena: &mut Vec<u8>,
    ) {
        let Some(starts) = &self.starts else { return };
        let t = literals.text;
        let mut i = from;
        let mut places = starts.places(&t[..to], from);
        let mut line = Line { end: from, left: 0 };
        while let Some(start) = places.next(i) {
            i = start + 1;
            // All literals that begin here: a longer one must not hide a shorter one.
            for (literal, end) in starts.at(t, start, to) {
                let hit = start..end;
                let found = match self.rows[literal] {
                    Row::Word => Some((hit, Kind::Keyword)).filter(|(range, _)| stands(t, range)),
                    Row::Gb(index) => {
                        let made = arena.len();
                        arena.extend_from_slice(&self.tokens[index]);
                        spans.push(Span::new(&hit, Kind::Keyword, Form::Made(made as u32, arena.len() as u32)));
                        None
                    }
                    Row::Key if t[hit.clone()].is_ascii() => {
                        literals.key(&KEY, hit, Bound::Word, Test::Secret, spans);
                        None
                    }
                    Row::Key => behind_wide(literals, end).map(|range| (range, Kind::SiteSecret)),
                    Row::Pattern(index) => {
                        let (expression, kind) = &self.expressions[index];
                        match expression::reach(t, start) {
                            // Nobody writes so many beginnings but to hide something: it goes without a further look.
                            Some(end) if !line.take(t, start, end - start) => Some((start..end, *kind)),
                            _ => expression.at(t, start).map(|range| (range, *kind)),
                        }
                    }
                };
                if let Some((range, kind)) = found.filter(|(range, _)| !in_token(t, range.start)) {
                    i = i.max(range.end.min(to));
                    spans.push(Span::new(&range, kind, Form::Tag));
                }
            }
        }
    }
}

/// The work that a line may still be to the expressions: some beginnings for any line, more for a long one.
struct Line {
    end: usize,
    left: usize,
}

impl Line {
    /// Takes the work for so many bytes from `at` on; false where it is used up.
    fn take(&mut self, t: &[u8], at: usize, bytes: usize) -> bool {
        if at >= self.end {
            let start = memchr::memrchr(b'\n', &t[self.end..at]).map_or(self.end, |n| self.end + n + 1);
            self.end = memchr::memchr(b'\n', &t[at..]).map_or(t.len(), |n| at + n + 1);
            self.left = LINE_WORK + (self.end - start) * BYTE_WORK;
        }
        let enough = self.left >= bytes;
        self.left = self.left.saturating_sub(bytes);
        enough
    }
}

/// Whether no letter or digit joins the range to what is before or behind it.
pub(super) fn stands(t: &[u8], range: &Range<usize>) -> bool {
    let word = |i: usize| t.get(i).is_some_and(u8::is_ascii_alphanumeric);
    let joined = |left: Option<usize>, right: usize| left.is_some_and(word) && word(right);
    !joined(range.start.checked_sub(1), range.start) && !joined(range.end.checked_sub(1), range.end)
}

/// The value behind a key in Chinese: up to a blank, or to where the sentence goes on in Chinese.
fn behind_wide(literals: &Literals<'_>, end: usize) -> Option<Range<usize>> {
    let t = literals.text;
    let start = literals.behind_wide(end).start;
    if start == end {
        return None;
    }
    let value = value::scalar(t, start, b' ', Style::Plain, literals.open_end)?.full(t);
    let length = t[value.clone()].iter().position(|b| !b.is_ascii()).unwrap_or(value.len());
    let range = value.start..value.start + length;
    (!is_no_secret(&t[range.clone()])).then_some(range)
}
