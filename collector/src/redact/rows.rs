//! Lists, tables and texts fed to a program, which go on below their heading in many lines that look alike.
//!
//! In: text and the place of a heading, or a line. Out: the lines below. Never: more than 64 KiB, which the cutter keeps together.

use std::ops::Range;

use super::{
    placed::{BELOW, SHORT, short_lines_below},
    value::at,
};

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
