//! The lines around one: above it, below it, and below a heading as far as they look alike, as in lists, tables and texts fed to a program.
//!
//! In: text and the place of a heading, or a line. Out: the lines below. Never: more than 64 KiB, which the cutter keeps together.

use std::ops::Range;

use super::value::{at, line_end, line_start};

/// A line that is looked at together with others is at most this long.
pub(super) const SHORT: usize = 400;
/// So many lines below a heading belong to it whatever they look like.
pub(super) const BELOW: usize = 7;

/// So far below its heading it goes on.
pub(super) const FAR: usize = 64 << 10;

/// Whether a line is one of many that look alike: of a table, a list, names with their secrets. The cutter keeps them together.
pub(super) fn is_row(line: &[u8]) -> bool {
    let line = if line.len() <= SHORT { line.trim_ascii() } else { return false };
    let account = || {
        let name =
            line.iter().take(33).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$')).count();
        name > 0 && at(line, name) == b':' && !line.contains(&b' ')
    };
    let quoted = || line.starts_with(b"\"") && (line.ends_with(b"\"") || line.ends_with(b"\","));
    let tuple = line.starts_with(b"(") && (line.ends_with(b"),") || line.ends_with(b");"));
    tuple || [&b"|"[..], b"+-", b"- "].iter().any(|begin| line.starts_with(begin)) || quoted() || account()
}

/// The first lines below the line of `i`, if that and they are short, and those behind them as long as they are rows: their
/// places without blanks around.
pub(super) fn rows_below(t: &[u8], i: usize) -> impl Iterator<Item = Range<usize>> {
    let goes_on = move |n: usize, line: &Range<usize>| n < BELOW || line.start < i + FAR && is_row(&t[line.clone()]);
    short_lines_below(t, i).enumerate().take_while(move |(n, line)| goes_on(*n, line)).map(|(_, line)| line)
}

/// Where the lines begin that are above the line of `i`, so many at most, if they are short.
pub(super) fn lines_above(t: &[u8], i: usize, count: usize) -> Option<usize> {
    let mut from = line_start(t, i, SHORT);
    for _ in 0..count {
        if from == 0 {
            break;
        }
        if t[from - 1] != b'\n' {
            return None;
        }
        let above = line_start(t, from - 1, SHORT);
        if above > 0 && t[above - 1] != b'\n' {
            break;
        }
        from = above;
    }
    Some(from)
}

/// Where the line of `i` begins, if it is short up to there.
pub(super) fn line_start_of(t: &[u8], i: usize) -> Option<usize> {
    let start = line_start(t, i, SHORT);
    (start == 0 || t[start - 1] == b'\n').then_some(start)
}

/// The first lines below the line of `i`, if that and they are short: their places without blanks around.
pub(super) fn lines_below(t: &[u8], i: usize) -> impl Iterator<Item = Range<usize>> {
    short_lines_below(t, i).take(BELOW)
}

/// All lines below the line of `i` that are short.
fn short_lines_below(t: &[u8], i: usize) -> impl Iterator<Item = Range<usize>> {
    let heading = line_end(t, i);
    let short = line_start_of(t, i).is_some_and(|from| heading - from <= SHORT);
    let mut next = if short && heading < t.len() { Some(heading + 1) } else { None };
    std::iter::from_fn(move || {
        let start = next.filter(|n| *n < t.len())?;
        let end = line_end(t, start);
        if end - start > SHORT {
            return None;
        }
        next = Some(end + 1);
        let line = &t[start..end];
        let lead = line.len() - line.trim_ascii_start().len();
        Some(start + lead..start + lead + line.trim_ascii().len())
    })
}
