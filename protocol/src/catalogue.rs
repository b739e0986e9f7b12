//! The catalogue of a host `oediag.catalogue/1`: what it can be asked for, with words for people. Not signed: it helps whoever
//! composes a request, and the host judges each request by its own catalogue again.
//!
//! In: rows of the host, or hostile bytes. Out: the same, bounded; whether a request fits it. Never: names a path or a command.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    consent::Level,
    json::{self, JsonError},
    request::{
        catalogue::{self, Misfit, Param, Row},
        paper::{Request, Words},
        value::Name,
    },
    text::Line,
};

/// Most bytes of it.
pub const MAX_BYTES: usize = 1 << 20;
/// Most sources, and most presets.
const MAX_LIST: usize = 5000;

/// The value of `schema`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Schema {
    /// The only one so far.
    #[serde(rename = "oediag.catalogue/1")]
    V1,
}

/// What a parameter takes; both ends belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Range {
    /// A number.
    Number(u64, u64),
    /// A span of so many seconds.
    Span(u64, u64),
    /// Any moment.
    Moment,
    /// One of these words.
    Word(Vec<Name>),
}

/// A parameter of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub range: Range,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its id.
    pub id: Name,
    /// The topic it belongs to.
    pub topic: Name,
    /// The level that is needed to ask for it.
    pub level: Level,
    /// What it is.
    pub words: Words,
    /// Its parameters.
    pub params: Vec<Parameter>,
}

/// The whole catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Always the same.
    pub schema: Schema,
    /// Version of the program that it is part of.
    pub version: Line,
    /// Names of the presets.
    pub presets: Vec<Name>,
    /// The sources; no id is there twice.
    pub sources: Vec<Source>,
}

impl Offer {
    /// Reads a catalogue of at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// Not a catalogue, too long, or a source is there twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let offer: Self = json::parse(bytes, MAX_BYTES)?;
        let shape = |why: &str| JsonError::Shape { why: why.to_owned() };
        let mut ids = BTreeSet::new();
        if offer.sources.len() > MAX_LIST || offer.presets.len() > MAX_LIST {
            Err(shape("a list has more than 5000 entries"))
        } else if !offer.sources.iter().all(|source| ids.insert(&source.id)) {
            Err(shape("a source is there twice"))
        } else {
            Ok(offer)
        }
    }

    /// Whether the request asks for what is in it.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn fits(&self, request: &Request) -> Result<(), Misfit> {
        let presets: Vec<&str> = self.presets.iter().map(Name::as_str).collect();
        // Only the sources that are named: their words are borrowed row by row.
        let named = |id: &Name| request.scope.sources.iter().any(|source| source.id == *id);
        let sources: Vec<&Source> = self.sources.iter().filter(|source| named(&source.id)).collect();
        let words: Vec<Vec<Vec<&str>>> = sources.iter().map(|source| source.params.iter().map(words_of).collect()).collect();
        let params: Vec<Vec<Param<'_>>> = sources
            .iter()
            .zip(&words)
            .map(|(source, words)| source.params.iter().zip(words).map(|(param, words)| borrowed(param, words)).collect())
            .collect();
        let rows: Vec<Row<'_>> = sources
            .iter()
            .zip(&params)
            .map(|(source, params)| Row { id: source.id.as_str(), level: source.level, params })
            .collect();
        catalogue::fits(request, catalogue::Catalogue { presets: &presets, rows: &rows })
    }
}

fn words_of(param: &Parameter) -> Vec<&str> {
    match &param.range {
        Range::Word(words) => words.iter().map(Name::as_str).collect(),
        Range::Number(..) | Range::Span(..) | Range::Moment => Vec::new(),
    }
}

fn borrowed<'a>(param: &'a Parameter, words: &'a [&'a str]) -> Param<'a> {
    let range = match param.range {
        Range::Number(least, most) => catalogue::Range::Number(least, most),
        Range::Span(least, most) => catalogue::Range::Span(least, most),
        Range::Moment => catalogue::Range::Moment,
        Range::Word(_) => catalogue::Range::Word(words),
    };
    Param { name: param.name.as_str(), range }
}
