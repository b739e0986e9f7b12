//! The composer: what a host can be asked for, ticked; then the request as the customer will read it; then signed and sent.
//! In: the host's own catalogue, an engineer's form. Out: the form once more, the text to look at, or a request in the host's inbox.
//! Never: signs what was not shown; asks at level extended, which waits for a lead and for a key that no browser holds.

use std::collections::BTreeMap;

use axum::{
    Extension,
    extract::{Path, Query as UrlQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use minijinja::{Value, context, value::Serde};
use oediag_protocol::{
    catalogue::{Offer, Parameter, Range, Source as Offered},
    consent::Level,
    digest::Sha256,
    id::BundleId,
    keyset::Severity,
    request::{
        paper::{Ask, Deliver, Held, Redaction, Scope, Words},
        value::Name,
    },
    text::Line,
};
use serde::Deserialize;

use super::{
    Console,
    hosts::{find, system},
    reply::{NoPage, page},
    requests::{desk, person},
    routes::Fields,
    screen::screen,
    texts::{Texts, texts},
    view::View,
};
use crate::{
    requests::{Draft, source},
    store::hosts::Host,
    users::session::Session,
};

/// What the form holds at first.
const USUAL: [(&str, &str); 5] = [("severity", "P3"), ("retention", "30"), ("mib", "512"), ("seconds", "900"), ("ask", "bundle")];
const SEVERITIES: [(&str, Severity); 4] =
    [("P1", Severity::P1), ("P2", Severity::P2), ("P3", Severity::P3), ("P4", Severity::P4)];

/// The case that the form is opened for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Query {
    case: Option<String>,
    severity: Option<String>,
}

/// Why a form is no request: the key of a text.
type Wrong = &'static str;

/// `GET /hosts/{host}/ask`.
pub(super) async fn form(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Response, NoPage> {
    let host = find(&console, &session, &id).await?;
    let offer = console.store.catalogue(host.id).await?.ok_or(NoPage::NotFound)?;
    let mut values: BTreeMap<String, String> = USUAL.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    values.extend(query.case.map(|case| ("case".to_owned(), case)));
    values.extend(query.severity.map(|severity| ("severity".to_owned(), severity)));
    compose(&view, &session, &host, &offer, &values, "")
}

/// `POST /hosts/{host}/ask`: to the review, back to the form, or signed and sent.
pub(super) async fn step(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Extension(session): Extension<Session>,
    Extension(fields): Extension<Fields>,
    Path(id): Path<String>,
) -> Result<Response, NoPage> {
    let (host, t) = (find(&console, &session, &id).await?, texts(view.lang));
    let offer = console.store.catalogue(host.id).await?.ok_or(NoPage::NotFound)?;
    let mut values: BTreeMap<String, String> = fields.pairs().iter().cloned().collect();
    if !matches!(fields.get("step"), "review" | "send") {
        // From the review back to the form, or from an index with rows ticked: nothing is to be complained of yet.
        let ticked: Vec<&str> = fields.all("i:").map(|(place, _)| place).collect();
        if !ticked.is_empty() {
            values.insert("items".to_owned(), ticked.join(", "));
        }
        for (name, value) in USUAL {
            values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        return compose(&view, &session, &host, &offer, &values, "");
    }
    let again = |wrong: &str| compose(&view, &session, &host, &offer, &values, wrong);
    let draft = match draft(&fields, &session)? {
        Ok(draft) => draft,
        Err(wrong) => return again(t.get(wrong)),
    };
    let desk = desk(&console, &session);
    match fields.get("step") {
        "send" if draft.scope.level == Level::Extended => match desk.propose(host.id, draft).await {
            Ok(id) => Ok(Redirect::to(&format!("/approvals/{id}")).into_response()),
            Err(error) => again(&error.to_string()),
        },
        "send" => match desk.compose(host.id, draft, None).await {
            Ok(asked) => Ok(Redirect::to(&format!("/requests/{}", asked.id)).into_response()),
            Err(error) => again(&error.to_string()),
        },
        _ => match desk.preview(host.id, draft).await {
            Ok(request) => {
                let kept: Vec<&(String, String)> =
                    fields.pairs().iter().filter(|(name, _)| name != "csrf" && name != "step").collect();
                let both = [oediag_analysis::Lang::Zh, oediag_analysis::Lang::En].map(|lang| {
                    context! { lang => lang.pick("en", "zh-CN"), screen => Serde(screen(&request, Some(&offer), lang)) }
                });
                let values = context! {
                    id => host.id.to_string(), system => system(&host.os),
                    extended => request.scope.level == Level::Extended, both => both.to_vec(), kept => Serde(kept),
                };
                Ok(page(&view, Some(&session), "review.html", values)?.into_response())
            }
            Err(error) => again(&error.to_string()),
        },
    }
}

fn compose(
    view: &View,
    session: &Session,
    host: &Host,
    offer: &Offer,
    values: &BTreeMap<String, String>,
    wrong: &str,
) -> Result<Response, NoPage> {
    let t = texts(view.lang);
    let value = |name: &str| values.get(name).cloned().unwrap_or_default();
    let param = |source: &Offered, one: &Parameter| {
        let name = format!("p:{}:{}", source.id, one.name);
        context! { value => value(&name), field => name, name => one.name.as_str(), takes => takes(&one.range, t) }
    };
    let source = |one: &Offered| {
        let ticked = format!("s:{}", one.id);
        context! {
            id => one.id.as_str(),
            on => values.contains_key(&ticked),
            extended => one.level == Level::Extended,
            words => view.lang.pick(one.words.en.as_str(), one.words.zh_cn.as_str()),
            params => one.params.iter().map(|each| param(one, each)).collect::<Vec<_>>(),
        }
    };
    let mut topics: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for one in &offer.sources {
        topics.entry(one.topic.as_str()).or_default().push(source(one));
    }
    let topics: Vec<Value> = topics
        .into_iter()
        .map(|(name, sources)| {
            let open = sources.iter().any(|one| one.get_attr("on").is_ok_and(|on| on.is_true()));
            context! { name => t.word("topic", &name), sources, open }
        })
        .collect();
    let values = context! {
        id => host.id.to_string(),
        system => system(&host.os),
        wrong,
        presets => offer.presets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        severities => SEVERITIES.map(|(word, _)| word).to_vec(),
        topics,
        v => Serde(FIELDS.map(|name| (name, value(name))).into_iter().collect::<BTreeMap<_, _>>()),
    };
    Ok(page(view, Some(session), "ask.html", values)?.into_response())
}

/// The fields of the form beside sources and their parameters.
const FIELDS: [&str; 15] = [
    "case",
    "severity",
    "level",
    "preset",
    "reason_zh",
    "reason_en",
    "ask",
    "held",
    "manifest",
    "items",
    "hours",
    "retention",
    "mib",
    "seconds",
    "purpose",
];

/// What a parameter takes, for people.
fn takes(range: &Range, t: &Texts) -> String {
    match range {
        Range::Number(least, most) => format!("{least}-{most}"),
        Range::Span(least, most) => t.fill("takes_span", &[&format!("{least}s"), &format!("{most}s")]),
        Range::Moment => "2026-01-31T08:00:00Z".to_owned(),
        Range::Word(words) => words.iter().map(Name::as_str).collect::<Vec<_>>().join(" | "),
    }
}

/// The request that a form describes.
fn draft(fields: &Fields, session: &Session) -> Result<Result<Draft, Wrong>, NoPage> {
    let by = person(session)?;
    let read = || {
        let line = |name, wrong| Line::parse(fields.get(name)).filter(|line| !line.as_str().is_empty()).ok_or(wrong);
        let number = |name: &str, wrong: Wrong| fields.get(name).parse::<u64>().map_err(|_| wrong);
        let severity = SEVERITIES.iter().find(|(word, _)| *word == fields.get("severity")).ok_or("ask_wrong_severity")?.1;
        let days = number("retention", "ask_wrong_number")?;
        Ok(Draft {
            case: line("case", "ask_wrong_case")?,
            severity,
            reason: Words { zh_cn: line("reason_zh", "ask_wrong_reason")?, en: line("reason_en", "ask_wrong_reason")? },
            requested_by: by,
            approved_by: None,
            scope: scope(fields)?,
            redaction_min: Redaction::Standard,
            max_bytes: number("mib", "ask_wrong_number")?.saturating_mul(1 << 20),
            max_seconds: number("seconds", "ask_wrong_number")?,
            retention_days: u32::try_from(days).map_err(|_| "ask_wrong_number")?,
            hours: match fields.get("hours") {
                "" => None,
                hours => Some(hours.parse().map_err(|_| "ask_wrong_number")?),
            },
            purpose: Line::parse(fields.get("purpose")).filter(|line| !line.as_str().is_empty()).unwrap_or(usual_purpose()),
            deliver: Deliver::Upload,
        })
    };
    Ok(read())
}

fn usual_purpose() -> Line {
    Line::parse("incident-diagnosis").unwrap_or_default()
}

fn scope(fields: &Fields) -> Result<Scope, Wrong> {
    let ask = match fields.get("ask") {
        "index" => Ask::Index,
        "items" => Ask::Items,
        _ => Ask::Bundle,
    };
    let level = if fields.get("level") == "extended" { Level::Extended } else { Level::Basic };
    if ask == Ask::Items {
        let mut items: Vec<u64> = Vec::new();
        for number in fields.get("items").split([',', ' ']).filter(|number| !number.is_empty()) {
            items.push(number.parse().map_err(|_| "ask_wrong_items")?);
        }
        items.sort_unstable();
        items.dedup();
        let held = Held {
            bundle_id: BundleId::parse(fields.get("held")).ok_or("ask_wrong_items")?,
            manifest_sha256: Sha256::parse(fields.get("manifest")).ok_or("ask_wrong_items")?,
            items,
        };
        return Ok(Scope { level, ask, preset: None, sources: Vec::new(), held: Some(held) });
    }
    let preset = match fields.get("preset") {
        "" => None,
        name => Some(Name::parse(name).ok_or("ask_wrong_sources")?),
    };
    let mut sources = Vec::new();
    for (id, _) in fields.all("s:") {
        let start = format!("p:{id}:");
        let given = fields.all(&start).filter(|(_, value)| !value.is_empty());
        let params: Vec<String> = given.map(|(name, value)| format!("{name}={value}")).collect();
        let text = if params.is_empty() { id.to_owned() } else { format!("{id}:{}", params.join(",")) };
        sources.push(source(&text).map_err(|_| "ask_wrong_params")?);
    }
    if preset.is_none() && sources.is_empty() {
        return Err("ask_wrong_sources");
    }
    Ok(Scope { level, ask, preset, sources, held: None })
}
