//! Who did what on the host, the newest first. In: the records of a bundle, which kind of them, from which one on.
//! Out: some lines for the bundle's page, and a page of all of them with a count for each kind.

use std::collections::BTreeMap;

use axum::{
    Extension,
    extract::{Path, Query as UrlQuery, State},
    response::Html,
};
use minijinja::{Value, context, value::Serde};
use oediag_analysis::{Operation, OperationKind, OperationResult, OperationsJson};
use serde::{Deserialize, Serialize};

use super::{
    Console,
    harmless::harmless,
    open::{find, open},
    reply::{NoPage, page},
    texts::{Texts, code, texts},
    view::View,
    words::{link, local, moment, size},
};
use crate::users::session::Session;

/// Lines on the bundle's page.
const NEWEST: usize = 20;
/// Lines on one page of all of them.
const LISTED: usize = 500;

/// Which records: of one kind, from the `from`th newest on (1 is the newest). What is no number or kind is as good as not given.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Query {
    kind: Option<String>,
    from: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Kind {
    code: String,
    word: String,
    count: u64,
    /// Whether only these are shown.
    chosen: bool,
}

/// The newest records and how many there are, for the bundle's page.
pub(super) fn newest(records: &OperationsJson, t: &Texts) -> Value {
    let rows: Vec<Value> = records.operations.iter().rev().take(NEWEST).map(|one| row(one, t)).collect();
    context! { rows, count => records.operations.len(), kinds => Serde(kinds(records, None, t)) }
}

/// `GET /bundles/{id}/operations`.
pub(super) async fn operations(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Path(id): Path<String>,
    UrlQuery(query): UrlQuery<Query>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let bundle = find(&console, &session, &id).await?;
    let mut open = open(&console, &session, bundle, None).await?;
    let read = move || open.operations().map(|records| (records, open));
    let (records, open) = tokio::task::spawn_blocking(read).await??;
    let records = records.ok_or(NoPage::NotFound)?;
    let host = open.opened.facts.hostname.as_deref().unwrap_or(&open.bundle.name);
    let values = context! {
        id => open.bundle.id.to_string(),
        host,
        started => moment(open.bundle.started),
        read => size(open.read()),
        all => size(open.bundle.sealed.payload_bytes),
        ..listed(&records, &query, texts(view.lang))
    };
    page(&view, Some(&session), "operations.html", values)
}

/// One page of the records that are asked for.
fn listed(records: &OperationsJson, query: &Query, t: &Texts) -> Value {
    let wanted = query.kind.as_deref().filter(|kind| records.operations.iter().any(|one| one.kind.word() == *kind));
    let of_kind = |one: &&Operation| wanted.is_none_or(|kind| one.kind.word() == kind);
    let count = records.operations.iter().filter(of_kind).count();
    let from = query.from.as_deref().and_then(|from| from.parse::<usize>().ok()).unwrap_or(1).clamp(1, count.max(1));
    let rows: Vec<Value> =
        records.operations.iter().rev().filter(of_kind).skip(from - 1).take(LISTED).map(|one| row(one, t)).collect();
    let last = from + rows.len() - usize::from(!rows.is_empty());
    context! {
        count,
        range => t.fill("operations_range", &[&from, &last, &count]),
        previous => (from > 1).then(|| from.saturating_sub(LISTED).max(1)),
        next => (last < count).then_some(last + 1),
        kind => wanted,
        kinds => Serde(kinds(records, wanted, t)),
        left_out => records.left_out.values().fold(0_u64, |sum, count| sum.saturating_add(*count)),
        rows,
    }
}

/// How many there are of each kind, the most frequent first.
fn kinds(records: &OperationsJson, chosen: Option<&str>, t: &Texts) -> Vec<Kind> {
    let mut counts: BTreeMap<OperationKind, u64> = BTreeMap::new();
    for one in &records.operations {
        *counts.entry(one.kind).or_default() += 1;
    }
    let kind = |(kind, count): (OperationKind, u64)| Kind {
        code: kind.word().to_owned(),
        word: t.word("operation", &kind),
        count,
        chosen: chosen == Some(kind.word()),
    };
    let mut kinds: Vec<Kind> = counts.into_iter().map(kind).collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    kinds
}

/// What people and programs wrote, with marks for what would act.
fn text(text: &str) -> Value {
    Value::from(Serde(harmless(text.as_bytes())))
}

fn row(one: &Operation, t: &Texts) -> Value {
    let at = one.evidence.first();
    context! {
        time => one.time.as_deref().map(local),
        last => one.last.as_deref().filter(|last| Some(*last) != one.time.as_deref()).map(local),
        count => one.count,
        kind => t.word("operation", &one.kind),
        who => one.who.as_deref().map(text),
        from => one.from.as_deref().map(text),
        run_as => one.run_as.as_deref().map(text),
        what => text(&one.what),
        failed => one.result == Some(OperationResult::Failed),
        result => one.result.as_ref().map(|result| t.word("operation_result", result)),
        result_code => one.result.as_ref().map(code),
        path => at.map(|at| format!("{}:{}", at.path, at.line)),
        link => at.map(|at| format!("{}?line={}&end={}#L{}", link(&at.path), at.line, at.end, at.line)),
    }
}

#[cfg(test)]
mod tests {
    use oediag_analysis::{Evidence, Lang};

    use super::*;

    fn records(count: usize) -> OperationsJson {
        let one = |at: usize| Operation {
            time: Some(format!("2026-11-10T09:{:02}:{:02}+08:00", at / 60 % 60, at % 60)),
            last: None,
            count: 1,
            kind: if at.is_multiple_of(3) { OperationKind::Sudo } else { OperationKind::Login },
            who: Some("<b>ops</b>".to_owned()),
            from: None,
            run_as: None,
            what: format!("number {at}"),
            result: Some(OperationResult::Ok),
            evidence: vec![Evidence { path: "var/log/secure".to_owned(), line: 7, end: 7 }],
        };
        OperationsJson::new((0..count).map(one).collect(), BTreeMap::new())
    }

    fn shown(records: &OperationsJson, kind: Option<&str>, from: Option<&str>) -> (String, Vec<String>, String, String) {
        let query = Query { kind: kind.map(str::to_owned), from: from.map(str::to_owned) };
        let page = listed(records, &query, texts(Lang::En));
        let attr = |name: &str| page.get_attr(name).expect("a value");
        let what = |row: Value| {
            let parts = row.get_attr("what").expect("what");
            parts.get_item_by_index(0).and_then(|part| part.get_attr("text")).expect("its text").to_string()
        };
        let what = attr("rows").try_iter().expect("rows").map(what).collect();
        (attr("range").to_string(), what, attr("previous").to_string(), attr("next").to_string())
    }

    #[test]
    fn the_newest_come_first_and_pages_join() {
        let all = records(1201);
        let (range, what, previous, next) = shown(&all, None, None);
        assert_eq!((what[0].as_str(), what.len(), previous.as_str(), next.as_str()), ("number 1200", 500, "None", "501"));
        assert!(range.contains("500") && range.contains("1201"), "{range}");
        let (_, what, previous, next) = shown(&all, None, Some("1001"));
        assert_eq!((what[0].as_str(), what.len(), previous.as_str(), next.as_str()), ("number 200", 201, "501", "None"));
        let (_, what, ..) = shown(&all, Some("sudo"), Some("401"));
        assert_eq!((what[0].as_str(), what.len()), ("number 0", 1));
    }

    #[test]
    fn nonsense_shows_the_first_page() {
        let all = records(3);
        for (kind, from) in [(Some("<x>"), None), (None, Some("-1")), (None, Some("99999999999999999999999"))] {
            assert_eq!(shown(&all, kind, from).1[0], "number 2", "{kind:?} {from:?}");
        }
        assert_eq!(shown(&all, None, Some("77")).1, ["number 0"]);
        assert_eq!(shown(&records(0), None, Some("7")).1.len(), 0);
    }

    /// In Chinese, where no word is its code; both tables hold the same keys.
    #[test]
    fn every_kind_and_result_has_words() {
        let t = texts(Lang::Zh);
        assert_eq!(OperationKind::ALL.into_iter().find(|kind| t.word("operation", kind) == kind.word()), None);
        let results = [OperationResult::Ok, OperationResult::Failed];
        assert_eq!(results.into_iter().find(|result| t.word("operation_result", result) == code(result)), None);
    }
}
