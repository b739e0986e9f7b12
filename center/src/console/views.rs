//! What pages show of a bundle, as plain values for templates. In: rows, documents of a bundle. Out: texts, links, pictures.

use std::{cmp::Reverse, io::Read as _};

use jiff::{Timestamp, tz::TimeZone};
use minijinja::{Value, context, value::Serde};
use oediag_analysis::{Alert, Lang, plots, shown_in};
use oediag_protocol::bundle::{
    manifest::{Redaction, Start},
    verify::CheckName,
};
use serde::Serialize;

use super::{
    absent::{absent, replaced},
    card,
    open::Open,
    operations,
    texts::{Texts, code, texts},
    tree::tree,
    words::{link, local, moment, size, zone},
};
use crate::{
    ingest::OpenError,
    store::{
        bundles::{Bundle, State},
        summaries::Summary,
    },
};

/// Most alerts shown, the worst ones: a bundle may hold as many as fit into 8 MiB.
const ALERTS: usize = 500;
/// Most file systems shown, the fullest ones.
const MOUNTS: usize = 200;
/// Places named of one alert.
const PLACES: usize = 4;
/// What is checked of a bundle behind the digest in its receipt, which stands for a signature of the whole file.
const CHECKS: [CheckName; 7] = [
    CheckName::Profile,
    CheckName::Manifest,
    CheckName::Name,
    CheckName::InnerSignature,
    CheckName::Sums,
    CheckName::Members,
    CheckName::BundleJson,
];
/// Codes of the severities, the worst first: the order of [`Summary::alerts`].
const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];

/// How many alerts are of one severity.
#[derive(Serialize)]
struct Alerts {
    code: &'static str,
    word: String,
    count: u64,
}

/// Whether to ask the vault, which says why one that was deleted stays closed.
pub(super) fn opens(bundle: &Bundle) -> bool {
    bundle.state == State::Deleted || (bundle.manifest_at.is_some() && !matches!(bundle.state, State::Rejected(_)))
}

/// One line of the list of bundles, and the head of a bundle's page. Without a summary, nothing of its contents is told.
pub(super) fn row(bundle: &Bundle, summary: Option<&Summary>, t: &Texts) -> Value {
    let none = Summary::default();
    let (known, summary) = (summary.is_some(), summary.unwrap_or(&none));
    let count = |(code, count): (&'static str, u64)| Alerts { code, word: t.word("severity", &code), count };
    let counts: Vec<Alerts> = SEVERITIES.into_iter().zip(summary.alerts).filter(|(_, count)| *count > 0).map(count).collect();
    context! {
        id => bundle.id.to_string(),
        name => &bundle.name,
        host => bundle.host.to_string(),
        host_name => &summary.host_name,
        system => &summary.system,
        started => moment(bundle.started),
        received => moment(bundle.received),
        size => size(bundle.bytes),
        known,
        counts => Serde(counts),
        complete => bundle.complete,
        signer => &bundle.signer,
        state => bundle.state.word(),
        reason => if let State::Rejected(reason) = &bundle.state { reason } else { "" },
        open => opens(bundle),
    }
}

/// All of a bundle's page but its head. Reads members: only on a thread that may block.
pub(super) fn bundle(open: &mut Open, lang: Lang) -> Result<Value, OpenError> {
    let t = texts(lang);
    let zone = zone(open.opened.facts.time_zone.as_deref().or(open.opened.manifest.start.clock.zone.as_deref()));
    let pictures = pictures(open, &zone, lang)?;
    let operations = open.operations()?.map(|records| operations::newest(&records, t));
    let (manifest, facts) = (&open.opened.manifest, &open.opened.facts);
    let (start, redaction) = (&manifest.start, &manifest.redaction);
    let (alerts, alerts_left_out) = worst(&open.opened.alerts);
    let timed = alerts.iter().filter(|alert| alert.first.is_some() || alert.last.is_some()).count();
    let timeline = plots::timeline(&alerts, &zone, lang);
    let checks: Vec<String> = CHECKS.iter().map(|check| t.word("check", check)).collect();
    Ok(context! {
        card => Serde(card::host(start, facts, t)),
        mounts => Serde(card::mounts(facts, MOUNTS)),
        alerts => alerts.iter().map(|alert| shown(alert, lang)).collect::<Vec<_>>(),
        alerts_left_out,
        untimed => alerts.len() - timed,
        operations,
        // Made element by element with every text escaped: safe as it is.
        timeline => Value::from_safe_string(timeline),
        plots => pictures.into_iter().map(Value::from_safe_string).collect::<Vec<_>>(),
        perf_command => perf_command(start),
        absent => Serde(absent(&manifest.items, t)),
        replaced => Serde(replaced(redaction, t)),
        redaction => context! {
            total => redaction.total,
            ruleset => &redaction.ruleset,
            level => &redaction.level,
            map => redaction.map_kept_on_host,
            kept => kept(redaction, t),
        },
        consent => Serde(card::consent(&open.consent, t)),
        checks,
        tree => Serde(tree(&manifest.items, &open.opened.alerts, t)),
    })
}

/// Kinds of values that were not replaced because somebody chose so, in words.
fn kept(redaction: &Redaction, t: &Texts) -> Vec<String> {
    let kinds = redaction.settings.as_ref().map(|settings| settings.readable()).unwrap_or_default();
    kinds.into_iter().map(|kind| t.word("kind", &kind)).collect()
}

/// Plots of what was sampled, then of the days before, as far as sysstat kept them.
fn pictures(open: &mut Open, zone: &TimeZone, lang: Lang) -> Result<Vec<String>, OpenError> {
    let mut shown = Vec::new();
    for path in plots::MEMBERS {
        shown.extend(plots::plots(path, &head(open, path)?, lang));
    }
    let members = open.opened.manifest.items.iter().filter_map(|item| item.path.as_deref());
    let days: Vec<String> = plots::reports(members).into_iter().map(str::to_owned).collect();
    let mut history = plots::History::new(zone.clone(), lang);
    for path in days {
        history.read(&head(open, &path)?);
    }
    shown.extend(history.plots());
    Ok(shown.iter().map(|plot| plots::draw(plot, zone, lang)).collect())
}

/// The first bytes of a member, as many as plots look at; none when it is not there.
fn head(open: &mut Open, path: &str) -> Result<Vec<u8>, OpenError> {
    let mut bytes = Vec::new();
    if let Some(content) = open.member(path)? {
        content.take(plots::MOST_BYTES as u64).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The command that brings measurements, for the same case.
fn perf_command(start: &Start) -> String {
    // The case's number is the operator's own text: only one that a shell takes as one word is repeated.
    let plain = |case: &&String| case.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let case = start.case.as_ref().filter(plain).map(|case| format!(" --case {case}")).unwrap_or_default();
    format!("oediag collect --preset perf --perf-seconds 60{case}")
}

/// The worst first, then the newest; those without a time last. At most [`ALERTS`], and how many more there are.
fn worst(alerts: &[Alert]) -> (Vec<Alert>, usize) {
    let mut alerts = alerts.to_vec();
    let last = |alert: &Alert| alert.last.as_ref().and_then(|last| last.parse::<Timestamp>().ok());
    alerts.sort_by_key(|alert| (Reverse(alert.severity), Reverse(last(alert))));
    let left_out = alerts.len().saturating_sub(ALERTS);
    alerts.truncate(ALERTS);
    (alerts, left_out)
}

fn shown(alert: &Alert, lang: Lang) -> Value {
    let t = texts(lang);
    let evidence: Vec<Value> = alert
        .evidence
        .iter()
        .take(PLACES)
        .map(|at| {
            // A row of a database has no line: the link leads to the text that shows the database.
            let link = match shown_in(&at.path) {
                text if text == at.path => format!("{}?line={}&end={}#L{}", link(text), at.line, at.end, at.line),
                text => link(text),
            };
            context! { path => &at.path, line => at.line, link }
        })
        .collect();
    context! {
        code => code(&alert.severity),
        severity => t.word("severity", &alert.severity),
        kind => &alert.kind,
        count => alert.count,
        first => alert.first.as_deref().filter(|first| Some(*first) != alert.last.as_deref()).map(local),
        last => alert.last.as_deref().map(local),
        ended => alert.ended.as_deref().map(local),
        state => alert.state,
        summary => alert.summary.of(lang),
        advice => alert.advice.of(lang),
        more => alert.evidence.len().saturating_sub(PLACES),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use oediag_analysis::{Severity, Text};

    use super::*;

    #[test]
    fn the_worst_and_newest_alert_comes_first() {
        let alert = |kind: &str, severity, last: Option<&str>| Alert {
            kind: kind.into(),
            severity,
            first: None,
            last: last.map(str::to_owned),
            ended: None,
            state: false,
            count: 1,
            evidence: Vec::new(),
            summary: Text { en: String::new(), zh: String::new() },
            advice: Text { en: String::new(), zh: String::new() },
        };
        let all = [
            alert("d", Severity::Low, Some("2026-11-10T09:41:07+08:00")),
            alert("c", Severity::High, None),
            alert("b", Severity::High, Some("2026-11-10T09:41:07+08:00")),
            alert("a", Severity::High, Some("2026-11-10T02:41:07+00:00")),
        ];
        let kinds: Vec<String> = worst(&all).0.into_iter().map(|alert| alert.kind).collect();
        assert_eq!(kinds, ["a", "b", "c", "d"]);
        let mut many = vec![alert("many", Severity::Low, None); ALERTS + 100];
        many.push(alert("one", Severity::Critical, None));
        let (shown, left_out) = worst(&many);
        assert_eq!((shown.len(), shown[0].kind.as_str(), left_out), (ALERTS, "one", 101));
    }
}
