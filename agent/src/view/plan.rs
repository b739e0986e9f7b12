//! What a run would read and run, and what it would leave out and why.

use oediag_collector::{
    cost::Cost,
    plan::{Look, Plan, Task},
};
use oediag_protocol::bundle::manifest::{Estimate, Reason};

use super::{Page, by_count, card::window, comma, seconds, sources};
use crate::{
    term::{self, Tone},
    text,
};

/// The table of tasks, the gaps, the window, the topics, the sums; times in the host's zone.
pub fn lines(plan: &Plan, costs: &[Cost], estimate: &Estimate, zone: Option<&str>, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let tasks: Vec<(&Task, &Cost)> = plan.tasks.iter().zip(costs).filter(|(task, _)| task.applies()).collect();
    let mut rows = vec![page.heads(&["table-id", "table-data", "table-size", "table-reads"])];
    for (task, cost) in &tasks {
        // What only this host's runs or those of others tell is not known, but about so much.
        let size = task.estimate().map_or_else(|| format!("~{}", term::bytes(cost.bytes)), term::bytes);
        rows.push(vec![
            term::cell(task.source.id),
            term::cell(sources::privacy(task.source.privacy, texts)).tone(sources::tone(task.source.privacy)),
            term::cell(size).right(),
            term::cell(if task.unsought() { text!(texts, "plan-unsought", what = task.what()) } else { task.what() }),
        ]);
    }
    let mut lines = term::table(&rows, page.columns, page.paint);
    let mut skipped = Vec::new();
    let mut rows = Vec::new();
    for task in &plan.tasks {
        let Look::Absent { refusal, .. } = &task.look else { continue };
        skipped.push((texts.reason(refusal.reason), 1));
        if !matches!(refusal.reason, Reason::NotSelected | Reason::Duplicate) {
            let reason = texts.reason(refusal.reason);
            rows.push(vec![term::cell(task.source.id), term::cell(reason).tone(Tone::Dim), term::cell(task.what())]);
        }
    }
    let left_out = skipped.len();
    let reasons: Vec<String> = by_count(skipped).into_iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    if !reasons.is_empty() {
        lines.push(String::new());
        lines.push(format!("{} {}", page.bold(&text!(texts, "plan-skipped")), reasons.join(comma(texts))));
        lines.extend(term::table(&rows, page.columns, page.paint));
    }
    lines.push(String::new());
    lines.extend(window(&plan.request.window, 0, zone, page));
    lines.extend(topics(estimate, page));
    if tasks.iter().any(|(task, _)| matches!(task.look, Look::Sample)) {
        lines.push(text!(texts, "plan-samples", seconds = plan.request.perf_seconds));
    }
    lines.push(page.bold(&text!(texts, "plan-count", tasks = tasks.len(), skipped = left_out)));
    lines
}

/// What each topic will take, and the whole.
fn topics(estimate: &Estimate, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let mut rows = vec![page.heads(&["table-topic", "table-size", "table-time"])];
    for topic in &estimate.topics {
        let name = texts.named(&format!("topic-{}", topic.topic));
        rows.push(vec![
            term::cell(name),
            term::cell(term::bytes(topic.bytes)).right(),
            term::cell(text!(texts, "span-seconds", count = seconds(topic.ms))).right(),
        ]);
    }
    let mut lines = term::table(&rows, page.columns, page.paint);
    let read = term::bytes(estimate.topics.iter().map(|topic| topic.bytes).sum());
    let (packed, time) = (term::bytes(estimate.packed), text!(texts, "span-seconds", count = seconds(estimate.ms)));
    lines.push(text!(texts, "plan-estimate", read = read, packed = packed, time = time));
    lines
}
