//! The alerts of a bundle: grouped as the analysis folded them, most severe first, each with its places and advice.

use oediag_analysis::{Alert, Severity, Text, shown_in};

use super::{Page, comma};
use crate::{
    cli::Language,
    term::{self, Tone},
    text,
    texts::Texts,
};

/// Places shown for one alert; the rest is counted.
const PLACES: usize = 3;

/// Columns of the widest severity.
const MARK: usize = 8;

/// The whole list.
pub fn lines(alerts: &[Alert], page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    if alerts.is_empty() {
        return vec![text!(texts, "alerts-none")];
    }
    let events: u64 = alerts.iter().map(|alert| alert.count).sum();
    let mut lines = vec![page.bold(&text!(texts, "alerts-count", alerts = events, groups = alerts.len()))];
    for alert in alerts {
        lines.push(String::new());
        lines.push(format!("{}  {}", mark(alert.severity, page), page.bold(&term::escape(said(&alert.summary, texts)))));
        let mut about = vec![term::escape(&alert.kind), text!(texts, "alerts-seen", count = alert.count)];
        about.extend(if alert.state { Some(text!(texts, "alerts-state")) } else { when(alert, texts) });
        about.extend(alert.ended.as_deref().map(|ended| text!(texts, "alerts-ended", time = term::escape(ended))));
        lines.push(format!("    {}", page.paint.tone(Tone::Dim, &about.join(comma(texts)))));
        for place in alert.evidence.iter().take(PLACES) {
            let end = if place.end > place.line { format!("-{}", place.end) } else { String::new() };
            lines.push(format!("    {}:{}{end}", term::escape(&place.path), place.line));
        }
        if alert.evidence.len() > PLACES {
            let more = alert.evidence.len() - PLACES;
            lines.push(format!("    {}", text!(texts, "alerts-more", count = more)));
        }
        let advice = term::escape(said(&alert.advice, texts));
        lines.extend(
            term::wrap(&advice, page.columns.saturating_sub(6).max(20))
                .into_iter()
                .filter(|line| !line.is_empty())
                .map(|line| format!("    > {line}")),
        );
    }
    lines
}

/// One alert in one line, for the card.
pub fn brief(alert: &Alert, page: &Page<'_>) -> String {
    // A line that can be opened says more than a row of a database.
    let lines = alert.evidence.iter().find(|place| shown_in(&place.path) == place.path);
    let place = lines.or(alert.evidence.first()).map(|place| format!("{}:{}", place.path, place.line)).unwrap_or_default();
    let times = if alert.count > 1 { format!(" ×{}", alert.count) } else { String::new() };
    let place = term::cut(&term::escape(&place), 40);
    let room = page.columns.saturating_sub(MARK + 2 + term::width(&times) + 2 + term::width(&place));
    let summary = term::cut(&term::escape(said(&alert.summary, page.texts)), room);
    format!("{}  {summary}{times}  {}", mark(alert.severity, page), page.paint.tone(Tone::Dim, &place))
}

/// A severity in words.
pub fn severity(severity: Severity, texts: &Texts) -> String {
    texts.named(match severity {
        Severity::Critical => "severity-critical",
        Severity::High => "severity-high",
        Severity::Medium => "severity-medium",
        Severity::Low => "severity-low",
    })
}

/// The severity, coloured, as wide as the widest.
fn mark(of: Severity, page: &Page<'_>) -> String {
    let tone = match of {
        Severity::Critical | Severity::High => Tone::Bad,
        Severity::Medium => Tone::Warn,
        Severity::Low => Tone::Dim,
    };
    page.paint.tone(tone, &term::pad(&severity(of, page.texts), MARK))
}

/// A statement in the page's language.
fn said<'a>(text: &'a Text, texts: &Texts) -> &'a str {
    match texts.language {
        Language::En => &text.en,
        Language::ZhCn => &text.zh,
    }
}

/// When the alert was seen; none when no source has a time.
fn when(alert: &Alert, texts: &Texts) -> Option<String> {
    let first = term::escape(alert.first.as_deref()?);
    let last = term::escape(alert.last.as_deref().unwrap_or(&first));
    Some(if first == last { first } else { text!(texts, "alerts-between", first = first, last = last) })
}

#[cfg(test)]
mod tests {
    use oediag_analysis::Evidence;

    use super::*;
    use crate::{
        term::{Paint, width},
        view::sample,
    };

    #[test]
    fn an_alert_says_what_where_when_and_what_to_do() {
        let texts = Texts::new(Language::En);
        let page = Page { texts: &texts, paint: Paint(false), columns: 100 };
        let alert = sample::alert(Severity::Critical, "oom_kill", "OOM killer killed \u{1b}[2Jjava", 3);
        assert_eq!(
            lines(&[alert], &page),
            [
                "3 alerts in 1 groups.",
                "",
                "critical  OOM killer killed \\x1b[2Jjava",
                "    oom_kill, 3 times, 2026-11-23T08:00:00+08:00 to 2026-11-23T09:00:00+08:00",
                "    var/log/messages:442-459",
                "    > Look at memory use.",
            ]
        );
        let over = Alert { ended: Some("2026-11-23T09:30:00+08:00".to_owned()), ..sample::alert(Severity::Low, "x", "x", 1) };
        assert!(lines(&[over], &page)[3].ends_with(" to 2026-11-23T09:00:00+08:00, over 2026-11-23T09:30:00+08:00"));
        let state = Alert { state: true, first: None, last: None, ..sample::alert(Severity::Low, "x", "x", 1) };
        assert_eq!(lines(&[state], &page)[3], "    x, once, when collected");
        assert_eq!(lines(&[], &page), ["No alerts were found in this bundle."]);
    }

    #[test]
    fn a_brief_alert_names_a_line_before_a_row_of_a_database() {
        let texts = Texts::new(Language::En);
        let page = Page { texts: &texts, paint: Paint(false), columns: 100 };
        let mut alert = sample::alert(Severity::Low, "x", "x", 1);
        let row = Evidence { path: "var/lib/rasdaemon/ras-mc_event.db#mc_event".to_owned(), line: 5, end: 5 };
        alert.evidence.insert(0, row);
        assert!(brief(&alert, &page).ends_with("var/log/messages:442"));
        alert.evidence.truncate(1);
        assert!(brief(&alert, &page).contains("ras-mc_event.db"));
    }

    #[test]
    fn a_brief_alert_fits_the_line() {
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            let page = Page { texts: &texts, paint: Paint(false), columns: 100 };
            let line = brief(&sample::alert(Severity::Low, "x", &"很长的摘要 long ".repeat(20), 12), &page);
            assert!(width(&line) <= 100, "{} {line}", width(&line));
        }
    }
}
