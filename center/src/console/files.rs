//! One member of a bundle, as numbered lines. In: bundle, path, first line. Out: a page of lines, each with its own anchor.
//! Never: a control character, or one that turns the direction of text; those show as the replacement character.

use std::io::{self, BufRead as _, BufReader, Read as _};

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Html,
};
use minijinja::context;
use oediag_protocol::bundle::reader::open_at;
use serde::Deserialize;

use super::{
    Console, pages,
    reply::{NoPage, page, session},
};
use crate::ingest::OpenError;

/// Lines on one page.
const LINES: u64 = 1000;
/// Lines shown before the one asked for.
const BEFORE: u64 = 20;
/// Most bytes shown of one line.
const LINE_BYTES: u64 = 8 << 10;

#[derive(Deserialize)]
pub(super) struct From {
    from: Option<u64>,
}

pub(super) async fn file(
    State(console): State<Console>,
    Path((id, path)): Path<(String, String)>,
    Query(From { from }): Query<From>,
    headers: HeaderMap,
) -> Result<Html<String>, NoPage> {
    let session = session(&console, &headers).await?;
    let (bundle, opened, plain) = pages::open(&console, &session, &id, Some(&path)).await?;
    let offset = opened.item(&path).and_then(|item| item.offset).ok_or(NoPage::NotFound)?;
    let first = from.unwrap_or(1).saturating_sub(BEFORE).max(1);
    let member = path.clone();
    let read = move || open_at(plain, offset, &member).map_err(OpenError::from).and_then(|content| Ok(lines(content, first)?));
    let (lines, more) = tokio::task::spawn_blocking(read).await??;
    let next = more.then_some(first + LINES + BEFORE);
    let previous = (first > 1).then(|| first.saturating_sub(LINES).max(1));
    let (user, csrf, id) = (session.user, session.csrf, bundle.id.to_string());
    page("file.html", context! { user, csrf, id, path, name => bundle.name, lines, next, previous })
}

/// Up to [`LINES`] lines from number `first` on, with their numbers, and whether more follow.
fn lines(content: impl io::Read, first: u64) -> io::Result<(Vec<(u64, String)>, bool)> {
    let mut input = BufReader::with_capacity(64 << 10, content);
    let mut shown = Vec::new();
    for number in 1.. {
        let mut line = Vec::new();
        (&mut input).take(LINE_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok((shown, false));
        }
        if number >= first + LINES {
            return Ok((shown, true));
        }
        let cut = line.last() != Some(&b'\n') && input.skip_until(b'\n')? > 0;
        if number >= first {
            let end = if cut { " [...]" } else { "" };
            shown.push((number, format!("{}{end}", plain(&line))));
        }
    }
    Ok((shown, false))
}

/// Text without its line end and without characters that act.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let acts = |c: char| {
        (c.is_control() && c != '\t') || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.trim_end_matches(['\n', '\r']).chars().map(|c| if acts(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_cut_and_harmless() {
        let text = format!("one\r\n\u{1b}[31mred \u{202e}evil\n{}\nlast", "x".repeat(10_000));
        let (shown, more) = lines(text.as_bytes(), 2).expect("lines");
        assert!(!more);
        assert_eq!(shown[0], (2, "\u{fffd}[31mred \u{fffd}evil".to_owned()));
        assert!(shown[1].0 == 3 && shown[1].1.ends_with("x [...]") && shown[1].1.len() == 8 * 1024 + 6);
        assert_eq!(shown[2], (4, "last".to_owned()));
        let (shown, more) = lines("a\n".repeat(1001).as_bytes(), 1).expect("lines");
        assert!(more && shown.len() == 1000);
    }
}
