//! The customer's rules at work: a table of their own, so that they only add to what the built-in rules
//! find and never hide it.
//!
//! In: rows, then text. Out: spans. Without rows nothing is looked at.

use std::ops::Range;

use encoding_rs::GB18030;

use super::{SiteRules, expression::Expression};
use crate::redact::{
    RedactError,
    judge::is_no_secret,
    kinds::Kind,
    rules::{Bound, Rule, Test, Verify},
    scan::Literals,
    span::{Form, Span},
    starts::Starts,
    tag::{Prf, push_token},
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
                        expression.at(t, start).map(|range| (range, *kind))
                    }
                };
                if let Some((range, kind)) = found.filter(|(range, _)| !in_stand_in(t, range.start)) {
                    i = i.max(range.end.min(to));
                    spans.push(Span::new(&range, kind, Form::Tag));
                }
            }
        }
    }
}

/// Whether no letter or digit joins the range to what is before or behind it.
pub(super) fn stands(t: &[u8], range: &Range<usize>) -> bool {
    let word = |i: usize| t.get(i).is_some_and(u8::is_ascii_alphanumeric);
    let joined = |left: Option<usize>, right: usize| left.is_some_and(word) && word(right);
    !joined(range.start.checked_sub(1), range.start) && !joined(range.end.checked_sub(1), range.end)
}

/// Whether the place is inside of a stand-in, whose words may be the customer's too.
fn in_stand_in(t: &[u8], start: usize) -> bool {
    let reach = start.saturating_sub(48);
    let length = t[reach..start].iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    t[start - length..].get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"OEr-"))
}

/// The value behind a key in Chinese: up to a blank, or to where the sentence goes on in Chinese.
fn behind_wide(literals: &Literals<'_>, end: usize) -> Option<Range<usize>> {
    let t = literals.text;
    let (start, _) = literals.behind_wide(end);
    if start == end {
        return None;
    }
    let value = value::scalar(t, start, b' ', Style::Plain, literals.open_end)?.full(t);
    let length = t[value.clone()].iter().position(|b| !b.is_ascii()).unwrap_or(value.len());
    let range = value.start..value.start + length;
    (!is_no_secret(&t[range.clone()])).then_some(range)
}
