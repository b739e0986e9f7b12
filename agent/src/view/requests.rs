//! Requests of the center's as lines: the list, and one with all that is known of it. Whatever a center wrote is made safe here.

#[cfg(test)]
mod tests;

use oediag_protocol::{
    consent::Level,
    ledger::Entry,
    request::{
        life::State,
        paper::{Ask, Deliver, Person, Redaction, Request, Role, Source},
        value::Value,
    },
    time::Time,
};

use super::{Page, comma, policy, span};
use crate::{
    broker::wire::{Row, Shown},
    term::{self, Cell, Tone, cell},
    text,
    texts::Texts,
};

/// Hex digits of an id that a list shows and people type.
const SHORT: usize = 8;
/// Most lines of the ledger that are shown.
const HISTORY: usize = 20;
/// Least columns for a value, on however small a terminal.
const LEAST: usize = 20;

/// One request, and what this host knows of it.
#[derive(Debug)]
pub struct One<'a> {
    /// What the broker says.
    pub shown: &'a Shown,
    /// The paper itself; none when it cannot be read any more.
    pub paper: Option<&'a Request>,
    /// Its lines of the ledger, oldest first.
    pub history: &'a [Entry],
}

/// The first hex digits of a request's id.
pub fn short(row: &Row) -> String {
    row.id.to_string().chars().skip("r-".len()).take(SHORT).collect()
}

/// The list.
pub fn list(rows: &[Row], now: Time, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if rows.is_empty() {
        return vec![text!(texts, "requests-none")];
    }
    let heads = ["table-request", "table-case", "table-severity", "table-level", "table-state", "table-left", "table-by"];
    let mut cells = vec![page.heads(&heads)];
    for row in rows {
        let (left, urgent) = left(row, now, texts);
        cells.push(vec![
            cell(short(row)),
            cell(row.case.as_str()),
            cell(format!("{:?}", row.severity)),
            cell(level(row.level, texts)),
            cell(texts.state(row.state)).tone(tone(row.state)),
            cell(left).tone(urgent),
            cell(row.by.as_str()),
        ]);
    }
    term::table(&cells, page.columns, page.paint)
}

/// How much time there is to decide; nothing where nothing is left to decide.
fn left(row: &Row, now: Time, texts: &Texts) -> (String, Tone) {
    if is_settled(row.state) {
        return (String::new(), Tone::Plain);
    }
    match u64::try_from(row.expires.0.saturating_sub(now.0)) {
        Ok(seconds @ 1..) => (span(seconds, texts), Tone::Plain),
        _ => (text!(texts, "request-over"), Tone::Bad),
    }
}

/// One request.
pub fn one(one: &One<'_>, now: Time, page: &Page<'_>) -> Vec<String> {
    let (texts, Shown { row, .. }) = (page.texts, one.shown);
    let mut facts = vec![
        fact("request-id", row.id.to_string(), texts),
        fact("request-case", format!("{}  {:?}", row.case, row.severity), texts),
        Fact { tone: tone(row.state), ..fact("request-state", standing(row, texts), texts) },
    ];
    if !is_settled(row.state) {
        let (value, tone) = left(row, now, texts);
        facts.push(Fact { tone, ..fact("request-left", value, texts) });
    }
    match one.paper {
        Some(paper) => facts.extend(of_paper(paper, texts)),
        None => facts.push(fact("request-by", row.by.to_string(), texts)),
    }
    facts.push(fact("request-reason-zh", row.reason.zh_cn.to_string(), texts));
    facts.push(fact("request-reason-en", row.reason.en.to_string(), texts));
    facts.extend(one.shown.bundle.iter().map(|path| fact("request-bundle", path.clone(), texts)));
    facts.extend(one.shown.receipt.iter().map(|receipt| fact("request-receipt", receipt.to_string(), texts)));
    let mut lines = wrapped(&facts, page);
    if !one.shown.clock_trusted {
        lines.extend(said(&text!(texts, "request-clock"), Tone::Bad, page));
    }
    if let Some(paper) = one.paper {
        lines.extend(sources(paper, one.shown.sources.len(), page));
    }
    if !one.shown.rules.is_empty() {
        lines.push(String::new());
        let rule = one.shown.rule.as_ref().map(|rule| text!(texts, "request-rule", rule = term::escape(rule.as_str())));
        lines.extend(said(&rule.unwrap_or_else(|| text!(texts, "request-rules")), Tone::Plain, page));
        lines.extend(policy::rules(&one.shown.rules, page));
    }
    lines.extend(history(one.history, page));
    let next = next(one.shown, page);
    if !next.is_empty() {
        lines.push(String::new());
        lines.extend(next);
    }
    lines
}

/// Whether its time to be answered plays no part any more.
fn is_settled(state: State) -> bool {
    state.is_over() || matches!(state, State::Stored | State::Deleted | State::Withdrawn)
}

/// A label and what it is about.
struct Fact {
    label: String,
    value: String,
    tone: Tone,
}

fn fact(label: &str, value: String, texts: &Texts) -> Fact {
    Fact { label: texts.named(label), value, tone: Tone::Plain }
}

/// A state, since when, and why.
fn standing(row: &Row, texts: &Texts) -> String {
    let since = text!(texts, "request-since", at = row.at.to_string());
    let why = row.why.as_ref().map(|why| texts.why(why.as_str()));
    let parts = [Some(texts.state(row.state)), Some(since), why];
    parts.into_iter().flatten().collect::<Vec<_>>().join(comma(texts))
}

/// What the paper says of who asks, for whom and how far.
fn of_paper(paper: &Request, texts: &Texts) -> Vec<Fact> {
    let scope = &paper.scope;
    let wanted = match scope.ask {
        Ask::Bundle => text!(texts, "request-wants-bundle"),
        Ask::Index => text!(texts, "request-wants-index"),
        Ask::Items => {
            let (count, bundle) =
                scope.held.as_ref().map_or((0, String::new()), |held| (held.items.len(), held.bundle_id.short()));
            text!(texts, "request-wants-items", count = count, bundle = bundle)
        }
    };
    let redaction = match paper.redaction_min {
        Redaction::Reduced => "reduced",
        Redaction::Standard => "standard",
        Redaction::Strict => "strict",
    };
    let deliver = match paper.deliver {
        Deliver::Upload => text!(texts, "request-delivers-upload"),
        Deliver::Carry => text!(texts, "request-delivers-carry"),
    };
    let limits = text!(texts, "request-most-are", size = term::bytes(paper.max_bytes), seconds = paper.max_seconds);
    let recipient = [Some(&paper.recipient.name), Some(&paper.recipient.country)];
    let recipient = recipient.into_iter().flatten().chain(&paper.recipient.processors).map(ToString::to_string);
    let purpose = texts.named(&format!("purpose-{}", paper.purpose));
    let purpose = if purpose.starts_with("purpose-") { paper.purpose.to_string() } else { purpose };
    let mut facts = vec![fact("request-by", person(&paper.requested_by, texts), texts)];
    facts.extend(paper.approved_by.iter().map(|lead| fact("request-lead", person(lead, texts), texts)));
    facts.extend([
        fact("request-wants", wanted, texts),
        fact("request-level", level(scope.level, texts), texts),
        fact("request-purpose", purpose, texts),
        fact("request-recipient", recipient.collect::<Vec<_>>().join(comma(texts)), texts),
        fact("request-keep", text!(texts, "span-days", count = paper.retention_days), texts),
        fact("request-redaction", redaction.to_owned(), texts),
        fact("request-most", limits, texts),
        fact("request-delivers", deliver, texts),
        fact("request-expires", paper.expires.to_string(), texts),
    ]);
    facts
}

fn person(person: &Person, texts: &Texts) -> String {
    let role = match person.role {
        Role::Engineer => text!(texts, "role-engineer"),
        Role::Lead => text!(texts, "role-lead"),
    };
    let Person { id, name, auth, .. } = person;
    [format!("{name} ({id})"), role, auth.to_string()].join(comma(texts))
}

/// The preset and the sources that are named, in words.
fn sources(paper: &Request, reached: usize, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let mut lines = vec![String::new()];
    if let Some(preset) = &paper.scope.preset {
        let words = texts.named(&format!("preset-{preset}"));
        let preset = term::escape(preset.as_str());
        lines.extend(said(&text!(texts, "request-preset", preset = preset, words = words, count = reached), Tone::Plain, page));
    }
    let mut rows: Vec<Vec<Cell>> = paper.scope.sources.iter().map(|source| of_source(source, texts)).collect();
    if !rows.is_empty() {
        rows.insert(0, page.heads(&["table-id", "table-params", "table-what"]));
        lines.extend(term::table(&rows, page.columns, page.paint));
    }
    if lines.len() == 1 { Vec::new() } else { lines }
}

fn of_source(source: &Source, texts: &Texts) -> Vec<Cell> {
    let value = |value: &Value| match value {
        Value::Number(number) => number.to_string(),
        Value::Span(span) => span.to_string(),
        Value::Moment(time) => time.to_string(),
        Value::Word(word) => word.to_string(),
    };
    let params: Vec<String> = source.params.iter().map(|(name, given)| format!("{name}={}", value(given))).collect();
    vec![cell(source.id.as_str()), cell(params.join(" ")), cell(texts.source(source.id.as_str()))]
}

fn history(entries: &[Entry], page: &Page<'_>) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    let texts = page.texts;
    let mut rows = vec![page.heads(&["table-seq", "table-when", "table-event", "table-about"])];
    for entry in entries.iter().skip(entries.len().saturating_sub(HISTORY)) {
        rows.push(vec![
            cell(entry.seq.to_string()).right(),
            cell(entry.at.to_string()),
            cell(texts.named(&format!("event-{}", entry.ev.as_str()))),
            cell(entry.why.as_ref().map(|why| texts.why(why.as_str())).unwrap_or_default()),
        ]);
    }
    std::iter::once(String::new()).chain(term::table(&rows, page.columns, page.paint)).collect()
}

/// What can be done with it now.
fn next(shown: &Shown, page: &Page<'_>) -> Vec<String> {
    let id = short(&shown.row);
    let command = |verb: &str| format!("oediag {verb} {id}");
    match shown.row.state {
        State::Pending => commands(&[("next-approve", command("approve")), ("next-deny", command("deny"))], page),
        State::Preview => {
            let all = [("next-preview", "preview"), ("next-release", "release"), ("next-decline", "decline")];
            commands(&all.map(|(label, verb)| (label, command(verb))), page)
        }
        State::Stored | State::Deleted => {
            let withdraw = shown.receipt.map(|receipt| ("next-withdraw", format!("oediag consent withdraw {receipt}")));
            commands(withdraw.as_slice(), page)
        }
        _ => Vec::new(),
    }
}

/// What to type for what.
pub fn commands(all: &[(&str, String)], page: &Page<'_>) -> Vec<String> {
    let rows: Vec<_> = all.iter().map(|(label, command)| vec![cell(page.texts.named(label)), cell(command)]).collect();
    term::table(&rows, page.columns, page.paint)
}

/// How far it goes, in words.
fn level(level: Level, texts: &Texts) -> String {
    match level {
        Level::Basic => text!(texts, "level-basic"),
        Level::Extended => text!(texts, "level-extended"),
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::Pending | State::Preview => Tone::Warn,
        State::Stored | State::Deleted | State::DeletionConfirmed => Tone::Good,
        State::Failed | State::Rejected => Tone::Bad,
        state if state.is_over() => Tone::Dim,
        _ => Tone::Plain,
    }
}

/// A sentence on as many lines as it needs.
pub fn said(sentence: &str, tone: Tone, page: &Page<'_>) -> Vec<String> {
    term::wrap(sentence, page.columns).iter().map(|line| page.paint.tone(tone, line)).collect()
}

/// Labels and values, the values on as many lines as they need.
fn wrapped(facts: &[Fact], page: &Page<'_>) -> Vec<String> {
    let widest = facts.iter().map(|fact| term::width(&fact.label)).max().unwrap_or(0);
    let room = page.columns.saturating_sub(widest + 2).max(LEAST);
    let mut rows = Vec::new();
    for Fact { label, value, tone } in facts {
        for (at, line) in term::wrap(&term::escape(value), room).into_iter().enumerate() {
            // Safe already: what is escaped once stays as it is.
            rows.push(vec![cell(if at == 0 { label.as_str() } else { "" }), cell(line).tone(*tone)]);
        }
    }
    term::table(&rows, page.columns.max(widest + 2 + LEAST), page.paint)
}
