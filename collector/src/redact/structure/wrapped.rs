//! Base64 wrapped over lines: a value that crosses a line's end is seen by no rule for a single line.
//!
//! In: text that holds each such run whole (the cutter sees to it). Out: the runs, decoded, and the text for each of a run's lines.
//! Never here: runs that are larger than any setting; certificates and keys, whose first bytes are no text.

use std::ops::Range;

use super::base64::{self, Content};

/// A longer run is a file.
pub(in super::super) const REACH: usize = 64 << 10;
/// Shorter and longer lines are no wrapped text.
const LINE: std::ops::RangeInclusive<usize> = 20..=256;

/// The characters of a line that is all base64 but for blanks around.
fn digits(line: &[u8]) -> Option<Range<usize>> {
    let trimmed = if line.len() <= 2 * LINE.end() { line.trim_ascii_start() } else { return None };
    // Most lines are none: a few characters tell.
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    if !trimmed.iter().take(12).all(fits) {
        return None;
    }
    let start = line.len() - trimmed.len();
    let text = trimmed.trim_ascii_end();
    ((4..=*LINE.end()).contains(&text.len()) && text.iter().all(fits)).then(|| start..start + text.len())
}

/// Whether a line may be one of a run.
pub(in super::super) fn is_line(line: &[u8]) -> bool {
    digits(line).is_some()
}

/// Calls `found` with the lines of every run of two or more that begins at `from` or behind, and with what they say together.
pub(in super::super) fn walk(text: &[u8], from: usize, found: &mut dyn FnMut(&[Range<usize>], Content)) {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    loop {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |n| start + n);
        match digits(&text[start..end]) {
            Some(line) => lines.push(start + line.start..start + line.end),
            None if lines.is_empty() => {}
            None => {
                runs(text, from, &lines, found);
                lines.clear();
            }
        }
        if end == text.len() {
            break;
        }
        start = end + 1;
    }
    runs(text, from, &lines, found);
}

/// Lines next to each other: a line that is shorter than the first one, or padded, ends a run.
fn runs(text: &[u8], from: usize, lines: &[Range<usize>], found: &mut dyn FnMut(&[Range<usize>], Content)) {
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return };
    // What goes on from the chunk before is longer than any run that is looked at.
    if first.start < from || last.end - first.start > REACH {
        return;
    }
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let full = rest.iter().take_while(|line| line.len() == first.len() && text[line.end - 1] != b'=').count();
        let short = rest.get(full).is_some_and(|line| line.len() <= first.len());
        let (run, behind) = rest.split_at((full + usize::from(short)).max(1));
        rest = behind;
        if run.len() > 1 && LINE.contains(&first.len()) && first.len().is_multiple_of(4) {
            let whole: Vec<u8> = run.iter().flat_map(|line| &text[line.clone()]).copied().collect();
            if let Some(content) = base64::content(&whole) {
                found(run, content);
            }
        }
    }
}

/// The text of each line when so many lines have to hold the encoded bytes.
pub(in super::super) fn wrap(bytes: &[u8], text: &[u8], run: &[Range<usize>]) -> Vec<Vec<u8>> {
    let mut whole = Vec::new();
    let like: Vec<u8> = run.iter().flat_map(|line| &text[line.clone()]).copied().collect();
    base64::encode(bytes, &like, &mut whole);
    let width = whole.len().div_ceil(run.len()).next_multiple_of(4).max(run[0].len());
    (0..run.len()).map(|n| whole[(n * width).min(whole.len())..((n + 1) * width).min(whole.len())].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, from: usize) -> Vec<(usize, Option<String>)> {
        let mut out = Vec::new();
        walk(text.as_bytes(), from, &mut |lines, content| {
            let text = match content {
                Content::Text(text) => Some(String::from_utf8(text).expect("text")),
                Content::PrivateKey => None,
            };
            out.push((lines.len(), text));
        });
        out
    }

    #[test]
    fn runs_are_joined_and_others_are_not() {
        let text = "content: |\n  REJfSE9TVD1sb2NhbGhvc3QKREJf\n  VVNFUj1hcHAKREJfUEFTU1dPUkQ9\n  V3IxdGUtZmlsZXMh\nmode: 1\n";
        let plain = "DB_HOST=localhost\nDB_USER=app\nDB_PASSWORD=Wr1te-files!";
        assert_eq!(texts(text, 0), [(3, Some(plain.to_owned()))]);
        assert_eq!(texts(text.trim_start_matches("content: |\n"), 4), []);
        assert_eq!(texts("MIIBfTCCASOgAwIBAgIUHI5G2Hhz\nMIIBfTCCASOgAwIBAgIUHI5G2Hhz\n", 0), []);
        assert_eq!(texts("REJfSE9TVD1sb2NhbGhvc3QKREJf\n\nVVNFUj1hcHAKREJfUEFTU1dPUkQ9\n", 0), []);
    }

    #[test]
    fn lines_stay_as_many() {
        let text = b"REJfSE9TVD1sb2NhbGhvc3QKREJf\nVVNFUj1hcHAK";
        let run = [0..28, 29..41];
        for length in [1, 20, 30, 90] {
            let lines = wrap(&vec![b'x'; length], text, &run);
            assert_eq!(lines.len(), 2);
            assert_eq!(lines.concat().len(), length.div_ceil(3) * 4);
        }
        assert_eq!(wrap(b"DB_HOST=localhost\nDB_USER=app\n", text, &run).join(&b'\n'), text);
    }
}
