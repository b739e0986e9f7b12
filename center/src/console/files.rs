//! One member of a bundle: its lines page by page, or the head of what is no text. In: bundle, path, which line.
//! Out: a page on which each line has its own anchor, with what is known of the file.

use std::io::{BufRead as _, BufReader};

use axum::{
    Extension,
    extract::{Path, Query as UrlQuery, State},
    response::Html,
};
use flate2::bufread::MultiGzDecoder;
use minijinja::{Value, context, value::Serde};
use serde::Deserialize;

use super::{
    Console, card,
    lines::{self, LINES, Page, REACH, Shown, Wanted},
    open::{Open, find, open},
    reply::{NoPage, page},
    texts::{Texts, texts},
    view::View,
    words::{moment, size},
};
use crate::{ingest::OpenError, users::session::Session};

/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Lines shown before the one asked for.
const BEFORE: u64 = 20;

/// Which lines: a page that begins with `from`, one that shows `line` (to `end`), or the `last`.
/// Numbers are read later: one that is none is as good as none given.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Query {
    from: Option<String>,
    line: Option<String>,
    end: Option<String>,
    last: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    from: Option<u64>,
    line: Option<u64>,
    end: Option<u64>,
    last: bool,
}

impl Query {
    fn place(&self) -> Place {
        let number = |text: &Option<String>| text.as_ref()?.parse().ok();
        Place { from: number(&self.from), line: number(&self.line), end: number(&self.end), last: self.last.is_some() }
    }
}

impl Place {
    fn wanted(self) -> Wanted {
        match (self.last, self.line) {
            (true, _) => Wanted::Last,
            (false, Some(line)) => Wanted::From(line.saturating_sub(BEFORE).max(1)),
            (false, None) => Wanted::From(self.from.unwrap_or(1).max(1)),
        }
    }
}

pub(super) async fn file(
    State(console): State<Console>,
    Extension(view): Extension<View>,
    Path((id, path)): Path<(String, String)>,
    UrlQuery(query): UrlQuery<Query>,
    Extension(session): Extension<Session>,
) -> Result<Html<String>, NoPage> {
    let bundle = find(&console, &session, &id).await?;
    let mut open = open(&console, &session, bundle, Some(&path)).await?;
    let (t, place) = (texts(view.lang), query.place());
    let member = path.clone();
    let read = move || shown(&mut open, &member, place.wanted()).map(|shown| (shown, open));
    let (shown, open) = tokio::task::spawn_blocking(read).await??;
    let (Some((shown, inflated)), Some(item)) = (shown, open.opened.item(&path)) else { return Err(NoPage::NotFound) };
    let shown = match shown {
        Shown::Empty => context! { is => "empty" },
        Shown::Binary(rows) => {
            context! { is => "binary", head => size(rows.len() as u64 * 16), whole => size(item.bytes), rows => Serde(rows) }
        }
        Shown::Text(page) => text(&page, place, t),
    };
    let values = context! {
        id => open.bundle.id.to_string(),
        bundle => &open.bundle.name,
        host => open.opened.facts.hostname.as_deref().unwrap_or(&open.bundle.name),
        started => moment(open.bundle.started),
        path,
        size => size(item.bytes),
        about => Serde(card::item(item, t)),
        inflated,
        warning => card::warning(item, t),
        beyond => (item.bytes > REACH).then(|| size(REACH)),
        read => size(open.read()),
        all => size(open.bundle.sealed.payload_bytes),
        ..shown
    };
    page(&view, Some(&session), "file.html", values)
}

/// What is shown of a member, and whether it was inflated for that: alerts count the lines of a compressed log inside it.
fn shown(open: &mut Open, path: &str, wanted: Wanted) -> Result<Option<(Shown, bool)>, OpenError> {
    let Some(content) = open.member(path)? else { return Ok(None) };
    let mut content = BufReader::new(content);
    if content.fill_buf()?.starts_with(&GZIP) {
        if let Ok(inside) = lines::read(MultiGzDecoder::new(content), wanted) {
            return Ok(Some((inside, true)));
        }
        // Broken inside: then its bytes, from the first.
        let Some(again) = open.member(path)? else { return Ok(None) };
        content = BufReader::new(again);
    }
    Ok(Some((lines::read(content, wanted)?, false)))
}

/// The lines of a page, and where its neighbours begin.
fn text(page: &Page, place: Place, t: &Texts) -> Value {
    let first = page.lines.first().map(|line| line.number);
    let last = page.lines.last().map_or(0, |line| line.number);
    let range = match (first, page.total) {
        (Some(first), Some(total)) => t.fill("lines_of", &[&first, &last, &total]),
        (Some(first), None) => t.fill("lines", &[&first, &last]),
        (None, _) => t.fill("no_such_line", &[&place.line.or(place.from).unwrap_or(1)]),
    };
    let hit = place.line.map_or((0, 0), |line| (line, place.end.unwrap_or(line).max(line)));
    context! {
        is => "text",
        lines => Serde(&page.lines),
        range,
        marks => page.marked,
        hit => context! { from => hit.0, to => hit.1 },
        previous => first.filter(|first| *first > 1).map(|first| first.saturating_sub(LINES).max(1)),
        next => page.more.then_some(last + 1),
        at_end => !page.more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_page() {
        let place = |from: &str, line: &str, last: Option<&str>| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Query { from: text(from), line: text(line), end: None, last: last.and_then(text) }.place().wanted()
        };
        assert_eq!(place("", "", None), Wanted::From(1));
        assert_eq!(place("0", "-1", None), Wanted::From(1));
        assert_eq!(place("7", "1000", None), Wanted::From(980));
        assert_eq!(place("x", "3", None), Wanted::From(1));
        assert_eq!(place("7", "3", Some("1")), Wanted::Last);
    }
}
