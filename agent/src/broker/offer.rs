//! What this host can be asked for: its catalogue in the words of requests.
//!
//! In: rows of the installed catalogue, a request. Out: the catalogue for the center, whether the request fits it, which sources it
//! reaches, a plan. Never: lets a request name what has no row.

use oediag_collector::{
    catalogue::{PRESETS, Preset, Privacy, Probe, Source, Topic, preset},
    plan,
};
use oediag_protocol::{
    bundle::manifest::{Limits, Window},
    catalogue::{Offer, Parameter, Range, Schema, Source as Offered},
    consent::Level,
    policy::{file, verdict::Reach},
    request::{
        paper::{Request, Words},
        value::{Name, Value},
    },
    text::Line,
    time::Time,
};

use crate::{
    cli::{Language, Preset as Named},
    release::separate::Separate,
    texts::Texts,
    view::sources,
};

/// The least and the most seconds that logs go back: a minute, 30 days.
const SINCE: (u64, u64) = (60, 30 * 86_400);
/// The least and the most seconds of samples.
const SAMPLES: (u64, u64) = (1, 600);
/// How far logs go back.
const SINCE_NAME: &str = "since";
/// How long it is sampled.
const SECONDS_NAME: &str = "seconds";
/// Most bytes of one item, as `collect` has it where nothing else is said.
const ITEM_BYTES: u64 = 64 << 20;

/// The level that is needed to ask for a row.
pub fn level(row: &Source) -> Level {
    let apart = match row.probe {
        Probe::File(path) | Probe::Glob { pattern: path, .. } => Separate::of_path(path).is_some(),
        _ => false,
    };
    if apart || row.privacy == Privacy::Credentials { Level::Extended } else { Level::Basic }
}

/// What a row takes.
fn params(row: &Source) -> Vec<Parameter> {
    let param = |name, range| Name::parse(name).map(|name| Parameter { name, range });
    let found = match row.probe {
        Probe::Sample { .. } => param(SECONDS_NAME, Range::Number(SAMPLES.0, SAMPLES.1)),
        Probe::Journal { .. } => param(SINCE_NAME, Range::Span(SINCE.0, SINCE.1)),
        Probe::File(_) | Probe::Glob { .. } if row.topic == Topic::Logs => param(SINCE_NAME, Range::Span(SINCE.0, SINCE.1)),
        _ => None,
    };
    found.into_iter().collect()
}

/// The catalogue as a center is told it. Rows of the site whose names cannot travel are left out: nobody can ask for them.
pub fn offer(rows: &[&'static Source]) -> Offer {
    let (en, zh) = (Texts::new(Language::En), Texts::new(Language::ZhCn));
    let line = |text: String| Line::parse(&text.chars().take(300).collect::<String>()).unwrap_or_default();
    let source = |row: &&'static Source| {
        let words = Words { zh_cn: line(sources::what(row, &zh)), en: line(sources::what(row, &en)) };
        let (id, topic) = (Name::parse(row.id)?, Name::parse(row.topic.name())?);
        Some(Offered { id, topic, level: level(row), words, params: params(row) })
    };
    Offer {
        schema: Schema::V1,
        version: line(env!("CARGO_PKG_VERSION").to_owned()),
        presets: PRESETS.iter().filter_map(|preset| Name::parse(preset.name)).collect(),
        sources: rows.iter().filter_map(source).collect(),
    }
}

/// The sources that a request reaches. A preset gives what its level allows.
pub fn reach(request: &Request, rows: &[&'static Source]) -> Vec<Reach> {
    let scope = &request.scope;
    let asked: Option<&Preset> = scope.preset.as_ref().and_then(|name| preset(name.as_str()));
    let of = |row: &&'static Source| {
        let named = scope.sources.iter().any(|source| source.id.as_str() == row.id);
        let level = level(row);
        let by_preset = !named && level <= scope.level && asked.is_some_and(|preset| preset.takes(row));
        let source = Name::parse(row.id)?;
        (named || by_preset).then_some(Reach { source, level, by_preset })
    };
    rows.iter().filter_map(of).collect()
}

/// What is collected for a request: the stricter of what it asks and of what the policy allows. None when nothing is left.
pub fn plan(request: &Request, reach: &[Reach], limits: &file::Limits, now: Time) -> Option<plan::Request> {
    let never = |reach: &&Reach| !limits.never.contains(&reach.source);
    let sources: Vec<String> = reach.iter().filter(never).map(|reach| reach.source.to_string()).collect();
    let given = |name: &'static str| {
        let values = request.scope.sources.iter().flat_map(|source| &source.params);
        values.filter(move |(key, _)| key.as_str() == name).filter_map(|(_, value)| match value {
            Value::Number(number) => Some(*number),
            Value::Span(span) => Some(span.seconds()),
            Value::Moment(_) | Value::Word(_) => None,
        })
    };
    let preset = request.scope.preset.as_ref().map(Name::as_str);
    let usual = preset.and_then(|name| <Named as clap::ValueEnum>::from_str(name, false).ok()).map_or(1, Named::perf_seconds);
    let since = given(SINCE_NAME).max().map(|seconds| Time(now.0.saturating_sub_unsigned(seconds)));
    let bytes = request.max_bytes.min(limits.max_bytes.0);
    (!sources.is_empty()).then(|| plan::Request {
        presets: preset.map(str::to_owned).into_iter().collect(),
        topics: Vec::new(),
        sources,
        skip: Vec::new(),
        window: Window { since, ..Window::default() },
        limits: Limits { bytes, item_bytes: ITEM_BYTES.min(bytes), seconds: request.max_seconds.min(limits.max_seconds) },
        perf_seconds: given(SECONDS_NAME).max().unwrap_or(usual),
    })
}

#[cfg(test)]
mod tests {
    use oediag_collector::catalogue;

    use super::*;

    #[test]
    fn the_whole_catalogue_can_be_told_and_read_again() {
        let rows: Vec<&'static Source> = catalogue::all().collect();
        let offer = offer(&rows);
        assert_eq!(offer.sources.len(), rows.len());
        assert_eq!(offer.presets.len(), PRESETS.len());
        let bytes = serde_json::to_vec(&offer).expect("JSON");
        assert_eq!(Offer::parse(&bytes), Ok(offer));
    }
}
