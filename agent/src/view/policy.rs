//! The policy's rules and what each says to a request, as lines.

use oediag_protocol::{
    policy::{
        field::{Date, Local},
        file::{Gate, Policy},
        verdict::MAX_DAYS_AHEAD,
    },
    request::paper::Redaction,
};

use super::{Page, comma};
use crate::{
    broker::wire::Ruled,
    cmd::policy::{Said, Tested},
    term::{self, Tone, cell},
    text,
    texts::Texts,
};

/// A policy that can be used: its rules in order of precedence, and what holds for every request.
pub fn summary(policy: &Policy, local: Local, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let (deny, auto) = (policy.deny.len(), policy.auto.len());
    let mut lines = vec![page.paint.tone(Tone::Good, &text!(texts, "policy-good", deny = deny, auto = auto))];
    if !policy.remote.enabled {
        lines.push(page.paint.tone(Tone::Warn, &text!(texts, "policy-off")));
    }
    let mut rows = vec![page.heads(&["table-rule", "table-does", "table-valid"])];
    rows.extend(policy.deny.iter().map(|rule| vec![cell(rule.name.as_str()), cell(text!(texts, "policy-does-deny")), cell("")]));
    rows.extend(policy.auto.iter().map(|rule| {
        let (until, tone) = valid(rule.valid_until, local, texts);
        vec![cell(rule.name.as_str()), cell(does(rule.collect, rule.release, texts)), cell(until).tone(tone)]
    }));
    if rows.len() > 1 {
        lines.extend(term::table(&rows, page.columns, page.paint));
    }
    let limits = &policy.limits;
    let never: Vec<&str> = limits.never.iter().map(oediag_protocol::request::value::Name::as_str).collect();
    let floor = match limits.redaction_floor {
        Redaction::Reduced => "reduced",
        Redaction::Standard => "standard",
        Redaction::Strict => "strict",
    };
    let signed = if limits.require_approver_sig { "word-yes" } else { "word-no" };
    let facts = [
        ("policy-never", never.join(comma(texts))),
        ("policy-floor", floor.to_owned()),
        ("policy-most", text!(texts, "policy-most-are", size = term::bytes(limits.max_bytes.0), seconds = limits.max_seconds)),
        ("policy-approver", texts.named(signed)),
        ("policy-keep", text!(texts, "span-days", count = limits.keep_local_days)),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let facts: Vec<_> = facts.map(|(label, value)| vec![cell(texts.named(label)), cell(value)]).collect();
    lines.extend(term::table(&facts, page.columns, page.paint));
    lines
}

/// A rule's last day, and whether it counts today.
fn valid(until: Date, local: Local, texts: &Texts) -> (String, Tone) {
    let left = local.date().days_to(until);
    if left < 0 {
        (text!(texts, "policy-over", day = until.to_string()), Tone::Bad)
    } else if left > MAX_DAYS_AHEAD {
        (text!(texts, "policy-too-far", day = until.to_string()), Tone::Bad)
    } else {
        (until.to_string(), Tone::Plain)
    }
}

fn does(collect: Gate, release: Gate, texts: &Texts) -> String {
    match (collect, release) {
        (Gate::Approve, Gate::Approve) => text!(texts, "policy-does-both"),
        (Gate::Approve, Gate::Ask) => text!(texts, "policy-does-collect"),
        (Gate::Ask, Gate::Approve) => text!(texts, "policy-does-release"),
        (Gate::Ask, Gate::Ask) => text!(texts, "policy-does-ask"),
    }
}

/// The verdict on a request, rule by rule.
pub fn tested(tested: &Tested, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let (tone, verdict) = match &tested.verdict {
        Said::Rejected { word } => (Tone::Bad, text!(texts, "policy-rejected", why = texts.why(word))),
        Said::Deny => (Tone::Bad, text!(texts, "policy-denied")),
        Said::Ask => (Tone::Warn, text!(texts, "policy-asks")),
        Said::Auto { rule, collect, release } => {
            (Tone::Good, text!(texts, "policy-agrees", rule = rule.clone(), does = does(*collect, *release, texts)))
        }
    };
    let mut lines = vec![page.paint.tone(tone, &verdict)];
    lines.extend(rules(&tested.rules, page));
    if !tested.signed {
        lines.push(page.paint.tone(Tone::Dim, &text!(texts, "policy-unsigned")));
    }
    if tested.rules.iter().any(|rule| rule.kind == "auto") {
        lines.push(page.paint.tone(Tone::Dim, &text!(texts, "policy-unused")));
    }
    lines
}

/// Each rule and why it does not apply, if it does not.
pub fn rules(rules: &[Ruled], page: &Page<'_>) -> Vec<String> {
    if rules.is_empty() {
        return Vec::new();
    }
    let texts = page.texts;
    let mut rows = vec![page.heads(&["table-rule", "table-applies"])];
    for Ruled { kind, name, missed } in rules {
        let words = texts.rule(kind);
        let name = name.as_ref().map_or_else(|| words.clone(), |name| format!("{words} {name}"));
        let (tone, applies) = match missed {
            None => (if kind == "auto" { Tone::Good } else { Tone::Bad }, text!(texts, "policy-applies")),
            Some(miss) => (Tone::Dim, texts.miss(miss)),
        };
        rows.push(vec![cell(name), cell(applies).tone(tone)]);
    }
    term::table(&rows, page.columns, page.paint)
}
