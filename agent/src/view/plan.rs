//! What a run would read and run, and what it would leave out and why.

use oediag_collector::plan::{Look, Plan, Task};
use oediag_protocol::bundle::manifest::Reason;

use super::{Page, by_count, card::window, comma, sources};
use crate::{
    term::{self, Tone},
    text,
};

/// The table of tasks, the gaps, the window, the sums; times in the host's zone.
pub fn lines(plan: &Plan, zone: Option<&str>, page: &Page<'_>) -> Vec<String> {
    let texts = page.texts;
    let tasks: Vec<&Task> = plan.tasks.iter().filter(|task| task.applies()).collect();
    let mut rows = vec![page.heads(&["table-id", "table-data", "table-size", "table-reads"])];
    for task in &tasks {
        let size = task.estimate().map(term::bytes).unwrap_or_default();
        rows.push(vec![
            term::cell(task.source.id),
            term::cell(sources::privacy(task.source.privacy, texts)).tone(sources::tone(task.source.privacy)),
            term::cell(size).right(),
            term::cell(task.what()),
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
    if tasks.iter().any(|task| matches!(task.look, Look::Sample)) {
        lines.push(text!(texts, "plan-samples", seconds = plan.request.perf_seconds));
    }
    let size = term::bytes(tasks.iter().filter_map(|task| task.estimate()).sum());
    lines.push(page.bold(&text!(texts, "plan-count", tasks = tasks.len(), size = size, skipped = left_out)));
    lines
}
