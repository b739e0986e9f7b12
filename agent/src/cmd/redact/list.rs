//! `oediag redact --list`: what the redactor finds, and what becomes of it. In: nothing of the host. Out: rows.

use oediag_collector::redact::{self, KindRow};
use serde::Serialize;

use crate::{
    failure::{Failure, Kind, exit},
    invocation::Invocation,
    term, text,
    view::redaction,
};

/// One kind of `--list --json`.
#[derive(Serialize)]
struct KindJson<'a> {
    kind: &'a str,
    what: String,
    class: &'static str,
    reversible: bool,
    level: &'a str,
    found_by: Vec<&'a str>,
    starts_with: &'a [&'a str],
    becomes: &'static str,
    stand_in: String,
    examples: Vec<ExampleJson<'a>>,
    counter_examples: Vec<CounterExampleJson<'a>>,
}

/// What goes.
#[derive(Serialize)]
struct ExampleJson<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'a str,
    before: &'a str,
    after: &'a str,
}

/// What stays.
#[derive(Serialize)]
struct CounterExampleJson<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'a str,
    text: &'a str,
}

/// Runs the command: all kinds, or one with all that is known of it.
pub(super) fn run(kind: Option<&str>, given: &Invocation) -> Result<u8, Failure> {
    let mut rows =
        redact::kinds().map_err(|error| Failure::new(Kind::NoBundle, text!(given.texts, "error-redactor")).because(error))?;
    if let Some(kind) = kind {
        let wanted = kind.replace('-', "_");
        rows.retain(|row| row.name == wanted);
        if rows.is_empty() {
            let sentence = text!(given.texts, "error-no-such-kind", kind = term::escape(kind));
            return Err(Failure::new(Kind::Usage, sentence).hint(text!(given.texts, "hint-redact-list")));
        }
    }
    let json: Vec<_> = rows.iter().map(|row| to_json(row, given)).collect();
    given.show(&json, |page| match (kind, rows.first()) {
        (Some(_), Some(row)) => redaction::one(row, page),
        _ => redaction::table(&rows, page),
    })?;
    Ok(exit::OK)
}

fn to_json<'a>(row: &'a KindRow, given: &Invocation) -> KindJson<'a> {
    KindJson {
        kind: row.name,
        what: redaction::what(row, &given.texts),
        class: if row.credential { "credential" } else { "identity" },
        reversible: !row.credential,
        level: row.level.as_str(),
        found_by: row.ways.iter().map(|way| way.name()).collect(),
        starts_with: &row.literals,
        becomes: row.form.name(),
        stand_in: redaction::stand_in(row, &given.texts),
        examples: row
            .examples
            .iter()
            .map(|example| ExampleJson { path: example.path, before: &example.before, after: &example.after })
            .collect(),
        counter_examples: row
            .counter_examples
            .iter()
            .map(|example| CounterExampleJson { path: example.path, text: &example.text })
            .collect(),
    }
}
