//! The CSV of our samplers, read strictly: a line of names, then cells between commas; no quotes.
//!
//! In: bytes. Out: the cells of each whole line. Never: a line that was cut, one with more or fewer cells than names, or
//! one with a cell longer than [`CELL`]; these are counted.

use jiff::Timestamp;
use memchr::memchr;

/// Most columns.
const COLUMNS: usize = 64;
/// Most bytes of a cell.
const CELL: usize = 128;
/// Most bytes of a line.
const LINE: usize = 4096;
/// Most lines read; the longest run of the largest machine writes fewer.
const LINES: u64 = 1_000_000;

/// A table whose names are known.
pub(super) struct Csv<'a> {
    names: Vec<&'a str>,
    rows: &'a [u8],
}

impl<'a> Csv<'a> {
    /// Reads the names; none when there are none that could be ours.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let end = memchr(b'\n', bytes).filter(|end| *end <= LINE)?;
        let mut names = Vec::new();
        cells(&bytes[..end], &mut names).then_some(())?;
        Some(Self { names, rows: &bytes[end + 1..] })
    }

    /// Where the column of this name is.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|own| *own == name)
    }

    /// Hands each whole line's cells on; tells how many lines were left out.
    pub(super) fn each(&self, mut take: impl FnMut(&[&'a str])) -> u64 {
        let (mut rest, mut found, mut unread) = (self.rows, Vec::new(), 0);
        for _ in 0..LINES {
            let Some(end) = memchr(b'\n', rest) else { break };
            found.clear();
            if end <= LINE && cells(&rest[..end], &mut found) && found.len() == self.names.len() {
                take(&found);
            } else {
                unread += 1;
            }
            rest = &rest[end + 1..];
        }
        unread + u64::from(!rest.is_empty())
    }
}

fn cells<'a>(line: &'a [u8], cells: &mut Vec<&'a str>) -> bool {
    let Ok(line) = std::str::from_utf8(line) else { return false };
    for cell in line.split(',') {
        if cells.len() == COLUMNS || cell.len() > CELL || cell.contains('"') {
            return false;
        }
        cells.push(cell);
    }
    true
}

/// A number of digits and perhaps a point with digits behind it, nothing else; none for an empty cell.
pub(super) fn number(cell: &str) -> Option<f64> {
    let (whole, part) = cell.split_once('.').unwrap_or((cell, "0"));
    let digits = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && digits(part) { cell.parse().ok() } else { None }
}

/// `2026-11-23T05:08:53Z`: seconds since 1970.
pub(super) fn moment(cell: &str) -> Option<i64> {
    let plain = cell.len() == 20 && cell.as_bytes()[10] == b'T' && cell.ends_with('Z') && !cell.starts_with(['-', '+']);
    plain.then(|| cell.parse::<Timestamp>().ok().map(Timestamp::as_second))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Vec<String>>, u64) {
        let mut rows = Vec::new();
        let csv = Csv::of(text.as_bytes()).expect("names");
        let unread = csv.each(|cells| rows.push(cells.iter().map(ToString::to_string).collect()));
        (rows, unread)
    }

    #[test]
    fn only_whole_lines_of_the_right_width_are_read() {
        let (rows, unread) = read("time,a\n1,2\n1,2,3\n1\n\"1\",2\n3,\n4,5");
        assert_eq!(rows, [["1", "2"], ["3", ""]]);
        assert_eq!(unread, 4);
        let long = format!("time,a\n{},2\n", "x".repeat(CELL + 1));
        assert_eq!(read(&long), (vec![], 1));
        assert!(Csv::of(b"no line end").is_none() && Csv::of(&[0xff, b'\n']).is_none());
    }

    #[test]
    fn numbers_and_times_are_strict() {
        assert_eq!((number("12.5"), number("7"), number("0.0")), (Some(12.5), Some(7.0), Some(0.0)));
        for no in ["", "-1", "+1", "1e9", "inf", "NaN", "0x1", " 1", "1.", ".5", "1.2.3", "١", &"9".repeat(21)] {
            assert_eq!(number(no), None, "{no}");
        }
        assert_eq!(moment("1970-01-01T00:01:00Z"), Some(60));
        for no in ["", "1970-01-01T00:01:00", "1970-01-01 00:01:00Z", "1970-13-01T00:01:00Z", "-009999-01-01T00:00Z"] {
            assert_eq!(moment(no), None, "{no}");
        }
    }
}
