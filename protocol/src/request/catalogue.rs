//! Whether a request fits the catalogue that is installed on the host.
//!
//! In: a request, and the host's catalogue as plain rows. Out: nothing, or the first thing that does not fit; then nothing of
//! the request is done. Never: guesses what was meant, leaves out what is unknown.

use super::{
    paper::Request,
    value::{Name, Value},
};
use crate::consent::Level;

/// What a host can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue<'a> {
    /// Names of its presets.
    pub presets: &'a [&'a str],
    /// Its sources.
    pub rows: &'a [Row<'a>],
}

/// A source.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its id.
    pub id: &'a str,
    /// The level that is needed to ask for it.
    pub level: Level,
    /// Its parameters.
    pub params: &'a [Param<'a>],
}

/// A parameter of a source.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it takes.
    pub range: Range<'a>,
}

/// What a parameter takes; both ends belong to it.
#[derive(Clone, Copy, Debug)]
pub enum Range<'a> {
    /// A number.
    Number(u64, u64),
    /// A span of so many seconds.
    Span(u64, u64),
    /// Any moment.
    Moment,
    /// One of these words.
    Word(&'a [&'a str]),
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// No such preset.
    #[error("this host has no preset {0}")]
    UnknownPreset(Name),
    /// No such source.
    #[error("this host has no source {0}")]
    UnknownSource(Name),
    /// The source needs another level.
    #[error("source {0} is asked for at level extended only")]
    SourceLevel(Name),
    /// No such parameter.
    #[error("source {0} has no parameter {1}")]
    UnknownParam(Name, Name),
    /// A value of another kind, or one that the parameter does not take.
    #[error("parameter {1} of source {0} does not take this value")]
    OutOfRange(Name, Name),
}

impl Misfit {
    /// The word for ledgers and status events.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::UnknownPreset(_) => "unknown_preset",
            Self::UnknownSource(_) => "unknown_source",
            Self::SourceLevel(_) => "source_level",
            Self::UnknownParam(..) => "unknown_param",
            Self::OutOfRange(..) => "out_of_range",
        }
    }
}

impl Range<'_> {
    fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number(least, most), Value::Number(number)) => (least..=most).contains(number),
            (Self::Span(least, most), Value::Span(span)) => (least..=most).contains(&span.seconds()),
            (Self::Moment, Value::Moment(_)) => true,
            (Self::Word(words), Value::Word(word)) => words.contains(&word.as_str()),
            _ => false,
        }
    }
}

/// Whether everything that the request names is in the catalogue, at its level, with values that are taken.
pub fn fits(request: &Request, catalogue: Catalogue<'_>) -> Result<(), Misfit> {
    let scope = &request.scope;
    if let Some(preset) = scope.preset.as_ref().filter(|preset| !catalogue.presets.contains(&preset.as_str())) {
        return Err(Misfit::UnknownPreset(preset.clone()));
    }
    for source in &scope.sources {
        let id = || source.id.clone();
        let row = catalogue.rows.iter().find(|row| row.id == source.id.as_str()).ok_or_else(|| Misfit::UnknownSource(id()))?;
        if row.level > scope.level {
            return Err(Misfit::SourceLevel(id()));
        }
        for (name, value) in &source.params {
            let param = row.params.iter().find(|param| param.name == name.as_str());
            let param = param.ok_or_else(|| Misfit::UnknownParam(id(), name.clone()))?;
            if !param.range.takes(value) {
                return Err(Misfit::OutOfRange(id(), name.clone()));
            }
        }
    }
    Ok(())
}
