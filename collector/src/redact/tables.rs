//! Tables whose heading says what a column holds: rows of SQL, tables drawn with `|`.
//!
//! In: text and the place of a heading. Out: the places of the values and their kinds. A cell that does not look like what
//! its heading says is left alone.

use std::{cell::Cell, ops::Range};

use super::{
    account::is_account,
    judge::{has_stand_in, is_no_secret, is_path},
    kinds::Kind,
    rows::{line_start_of, rows_below},
    value::line_end,
};

/// More columns are not looked at.
const MOST: usize = 24;
/// Rows of one statement are looked at so far.
const REACH: usize = 1 << 20;
/// A longer row is cut.
const TUPLE: usize = 64 << 10;

/// What the columns of a table hold.
type Columns = [Option<Kind>; MOST];

/// Words in the heading of a column, of which the first that fits decides.
const HEADINGS: &[(&str, Kind)] = &[
    ("password", Kind::PasswordKv),
    ("passwd", Kind::PasswordKv),
    ("passphrase", Kind::PasswordKv),
    ("pwd", Kind::PasswordKv),
    ("密码", Kind::ZhPassword),
    ("口令", Kind::ZhPassword),
    ("secret", Kind::GenericApiKey),
    ("api_key", Kind::GenericApiKey),
    ("apikey", Kind::GenericApiKey),
    ("access_key", Kind::CloudKey),
    ("密钥", Kind::ZhPassword),
    ("community", Kind::Snmp),
    ("serial", Kind::SerialNumber),
    ("序列号", Kind::SerialNumber),
    ("phone", Kind::CnMobile),
    ("mobile", Kind::CnMobile),
    ("手机", Kind::CnMobile),
    ("电话", Kind::CnMobile),
    ("real_name", Kind::PersonName),
    ("realname", Kind::PersonName),
    ("full_name", Kind::PersonName),
    ("姓名", Kind::PersonName),
    ("联系人", Kind::PersonName),
    ("负责人", Kind::PersonName),
    ("id_card", Kind::CnId),
    ("idcard", Kind::CnId),
    ("身份证", Kind::CnId),
    ("银行卡", Kind::BankCard),
    ("工资卡", Kind::BankCard),
    ("卡号", Kind::BankCard),
    ("card_no", Kind::BankCard),
    ("username", Kind::Username),
    ("user_name", Kind::Username),
    ("账号", Kind::Username),
    ("用户名", Kind::Username),
];

/// Headings that hold one of the words but no value of that kind.
const OTHERS: [&str; 8] = ["policy", "expire", "length", "_at", "time", "date", "count", "type"];

/// What a column with this heading holds.
fn heading(cell: &[u8]) -> Option<Kind> {
    if cell.len() > 48 {
        return None;
    }
    let name = cell.to_ascii_lowercase();
    let has = |word: &str| memchr::memmem::find(&name, word.as_bytes()).is_some();
    let found = HEADINGS.iter().find(|(word, _)| has(word))?;
    (!OTHERS.iter().any(|o| has(o))).then_some(found.1)
}

/// Whether a cell looks like a value of this kind.
fn fits(kind: Kind, v: &[u8]) -> bool {
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let person = kind == Kind::PersonName;
    let plain = v.len() >= 3 && v.len() <= 256 && (person || !is_no_secret(v)) && !has_stand_in(v);
    plain
        && match kind {
            Kind::SerialNumber => v.len() >= 5 && digits > 0 && !v.contains(&b' '),
            Kind::CnMobile => digits >= 7,
            Kind::PersonName => v.len() >= 6 && v.len() <= 15 && v.iter().all(|b| *b >= 0x80),
            Kind::CnId => digits >= 15,
            Kind::BankCard => digits >= 12,
            Kind::Username => is_account(v),
            Kind::GenericApiKey => v.len() >= 8 && digits > 0,
            _ => !is_path(v) && !v.iter().all(|b| matches!(b, b'-' | b'=' | b':' | b'|')),
        }
}

/// The cells of a row: between commas, perhaps in quotes.
fn cells(row: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut i = 0;
    std::iter::from_fn(move || {
        if i > row.len() {
            return None;
        }
        let start = i + row[i..].iter().take_while(|b| **b == b' ').count();
        let quote = row.get(start).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
        let cell = match quote {
            Some(quote) => start + 1..closing(row, start + 1, quote),
            None => start..row[start..].iter().position(|b| *b == b',').map_or(row.len(), |n| start + n),
        };
        i = row[cell.end..].iter().position(|b| *b == b',').map_or(row.len() + 1, |n| cell.end + n + 1);
        let blanks = row[cell.clone()].iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
        Some(cell.start..cell.end - blanks)
    })
}

/// The quote that ends a cell; one that is doubled or escaped is a part of it.
fn closing(row: &[u8], start: usize, quote: u8) -> usize {
    let mut i = start;
    while i < row.len() {
        match row[i] {
            b'\\' => i += 1,
            b if b == quote && row.get(i + 1) == Some(&quote) => i += 1,
            b if b == quote => return i,
            _ => {}
        }
        i += 1;
    }
    row.len()
}

/// What the columns hold, by their names.
fn columns(head: &[u8]) -> Columns {
    let line = &head[..memchr::memchr(b'\n', head).unwrap_or(head.len())];
    let mut columns = [None; MOST];
    for (column, cell) in columns.iter_mut().zip(cells(line)) {
        *column = heading(&line[cell]);
    }
    columns
}

/// The values of one row.
fn row(t: &[u8], place: Range<usize>, columns: &Columns, found: &mut dyn FnMut(Range<usize>, Kind)) {
    for (column, cell) in columns.iter().zip(cells(&t[place.clone()])) {
        let cell = place.start + cell.start..place.start + cell.end;
        if let Some(kind) = column.filter(|kind| fits(*kind, &t[cell.clone()])) {
            found(cell, kind);
        }
    }
}

/// The values of `INSERT INTO table (columns) VALUES (..), (..)`, from behind `INTO`. Tells where it stopped.
pub(super) fn insert(t: &[u8], i: usize, found: &mut dyn FnMut(Range<usize>, Kind)) -> usize {
    // The line's end is not looked for: a statement may be one of thousands in a line.
    let near = t.len().min(i + 2048);
    let near = memchr::memchr(b'\n', &t[i..near]).map_or(near, |n| i + n);
    let list = memchr::memchr(b'(', &t[i..near]).and_then(|open| {
        let close = memchr::memchr(b')', &t[i + open..near])?;
        Some(i + open + 1..i + open + close)
    });
    let Some(list) = list else { return i };
    let columns = columns(&t[list.clone()]);
    let values = t[list.end + 1..near].trim_ascii_start();
    if !values.get(..6).is_some_and(|word| word.eq_ignore_ascii_case(b"values")) || columns.iter().all(Option::is_none) {
        return list.end;
    }
    let mut i = near - values.len() + 6;
    if values[6..].trim_ascii().is_empty() {
        return below_statement(t, i, &columns, found);
    }
    let last = i + REACH;
    while i < last
        && let Some(open) = memchr::memchr2(b'(', b'\n', &t[i..t.len().min(i + 8)])
        && t[i + open] == b'('
    {
        let start = i + open + 1;
        let close = tuple(t, start, t.len().min(start + TUPLE));
        if memchr::memchr(b'\n', &t[start..close]).is_some() {
            break;
        }
        row(t, start..close, &columns, found);
        i = (close + 1).min(t.len());
    }
    i
}

/// The values of rows that have lines of their own below a statement that ends at `i`. Tells where they end.
fn below_statement(t: &[u8], i: usize, columns: &Columns, found: &mut dyn FnMut(Range<usize>, Kind)) -> usize {
    let mut last = i;
    for line in rows_below(t, i).take_while(|line| t[line.clone()].starts_with(b"(")) {
        row(t, line.start + 1..tuple(t, line.start + 1, line.end), columns, found);
        last = line.end;
        if t[line.end - 1] != b',' {
            break;
        }
    }
    last
}

/// The bracket that ends a tuple.
fn tuple(t: &[u8], start: usize, end: usize) -> usize {
    let mut i = start;
    while i < end && !matches!(t[i], b')' | b'\n') {
        if matches!(t[i], b'\'' | b'"') {
            i = closing(&t[..end], i + 1, t[i]);
        }
        i += 1;
    }
    i.min(end)
}

/// Whether the cell around `place` heads a column of secrets: a few words, and not the names of values beside it.
fn heads(line: &[u8], place: usize) -> bool {
    const VALUES: [&[u8]; 5] = [b"value", b"meaning", b"description", "值".as_bytes(), "说明".as_bytes()];
    let open = memchr::memrchr(b'|', &line[..place]).map_or(0, |n| n + 1);
    let mut cells = line[open..].split(|b| *b == b'|').map(<[u8]>::trim_ascii);
    let (cell, beside) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let words = cell.split(|b| *b == b' ').filter(|word| !word.is_empty()).count();
    let names = [&b"key"[..], b"token"].iter().any(|word| cell.eq_ignore_ascii_case(word));
    words <= 3 && !(names && VALUES.iter().any(|word| beside.eq_ignore_ascii_case(word)))
}

/// The cells below a heading at `i` in a table drawn with `|`, in the lines below. `seen` is the table looked at last: its
/// cells are no headings.
pub(super) fn below(t: &[u8], i: usize, seen: &Cell<(usize, usize)>, found: &mut dyn FnMut(Range<usize>)) {
    if memchr::memchr2(b'|', b'\n', &t[i..t.len().min(i + 48)]).is_none_or(|n| t[i + n] != b'|') {
        return;
    }
    let Some(start) = line_start_of(t, i) else { return };
    let (heading, last) = seen.get();
    if start > heading && start < last {
        return;
    }
    let line = &t[start..line_end(t, i)];
    let number = memchr::memchr_iter(b'|', &line[..i - start]).count();
    if !line.trim_ascii_start().starts_with(b"|") || !line.trim_ascii_end().ends_with(b"|") || number == 0 {
        return;
    }
    if !heads(line, i - start) {
        return;
    }
    for place in rows_below(t, i) {
        seen.set((start, place.end));
        let line = &t[place.clone()];
        if line.starts_with(b"+-") {
            continue;
        }
        if !line.starts_with(b"|") {
            break;
        }
        let mut marks = memchr::memchr_iter(b'|', line);
        let Some((open, close)) = marks.nth(number - 1).zip(marks.next()) else { break };
        let cell = &line[open + 1..close];
        let lead = cell.len() - cell.trim_ascii_start().len();
        let value = place.start + open + 1 + lead..place.start + open + 1 + lead + cell.trim_ascii().len();
        if fits(Kind::PasswordKv, &t[value.clone()]) {
            found(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_statements() {
        let text = "`t` (`id`,`real_name`,`password`) VALUES (1,'王芳','n0w\\'You)'),(2,NULL,'see');\n";
        let mut values = Vec::new();
        insert(text.as_bytes(), 0, &mut |range, _| values.push(&text[range]));
        assert_eq!(values, ["王芳", "n0w\\'You)", "see"]);
        insert(b"t SELECT (a) FROM (b)", 0, &mut |_, _| unreachable!());
    }

    #[test]
    fn cells_below_a_heading() {
        let text = "| a | password |\n|---|---|\n| x | n0wYou |\n| y |  |\nend";
        let mut values = Vec::new();
        below(text.as_bytes(), 6, &Cell::default(), &mut |range| values.push(&text[range]));
        assert_eq!(values, ["n0wYou"]);
        below(b"a | password |\n| x | y |", 4, &Cell::default(), &mut |_| unreachable!());
    }
}
