//! Cases and their clocks as lines. What a center wrote is made safe here.

use oediag_protocol::{
    case::{Standing, State},
    time::Time,
};

use super::{Page, span};
use crate::{
    term::{self, Tone, cell},
    text,
    texts::Texts,
};

/// The list; one case is a list too.
pub fn list(cases: &[Standing], now: Time, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if cases.is_empty() {
        return vec![text!(texts, "cases-none")];
    }
    let heads = ["table-case", "table-severity", "table-state", "table-clock", "table-engineer", "table-title"];
    let mut rows = vec![page.heads(&heads)];
    for case in cases {
        let (clock, tone) = clock(case, now, texts);
        rows.push(vec![
            cell(case.case.as_str()),
            cell(format!("{:?}", case.severity)),
            cell(texts.named(word(case.state))),
            cell(clock).tone(tone),
            cell(case.engineer.as_ref().map(ToString::to_string).unwrap_or_default()),
            cell(case.title.as_str()),
        ]);
    }
    term::table(&rows, page.columns, page.paint)
}

/// How long the first answer may still take, or how long it took.
fn clock(case: &Standing, now: Time, texts: &Texts) -> (String, Tone) {
    let seconds = |from: Time, to: Time| u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
    match case.accepted {
        Some(accepted) => {
            let late = accepted > case.respond_by;
            let took = text!(texts, "clock-answered", span = span(seconds(case.opened, accepted), texts));
            (took, if late { Tone::Warn } else { Tone::Good })
        }
        None if now < case.respond_by => {
            (text!(texts, "clock-left", span = span(seconds(now, case.respond_by), texts)), Tone::Plain)
        }
        None => (text!(texts, "clock-late", span = span(seconds(case.respond_by, now), texts)), Tone::Bad),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Open => "case-open",
        State::Accepted => "case-accepted",
        State::Resolved => "case-resolved",
        State::Confirmed => "case-confirmed",
        State::Closed => "case-closed",
    }
}
