//! One page of a file. In: its bytes, which page. Out: numbered lines, or the head of what is no text. Memory is bounded
//! whatever the file holds; what lies before the page is read and not kept, what lies behind it is not read.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
};

use serde::Serialize;

use super::harmless::{Part, harmless};

/// Lines on one page.
pub(super) const LINES: u64 = 1000;
/// Most bytes of the lines of one page.
const PAGE: usize = 1 << 20;
/// Most bytes shown of one line.
const LINE: u64 = 4 << 10;
/// Most parts of one line: more than that are no words with colours between them, and of such a line as many bytes are shown.
const PARTS: usize = 1000;
/// Most parts of one page but its last line: more than those of the lines shown before the one that was asked for, so that
/// the page reaches it.
const PAGE_PARTS: usize = 25_000;
/// Most bytes of a file that are gone through.
pub(super) const REACH: u64 = 1 << 30;
/// Bytes shown of what is no text.
const HEAD: usize = 4 << 10;

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The one that begins with this line, counted from 1.
    From(u64),
    /// The last one.
    Last,
}

/// What a file holds, as far as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing.
    Empty,
    /// Lines.
    Text(Page),
    /// Rows of 16 bytes.
    Binary(Vec<Row>),
}

/// Some lines of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The lines, in order.
    pub(super) lines: Vec<Line>,
    /// Whether lines follow.
    pub(super) more: bool,
    /// How many lines there are, when the end was seen.
    pub(super) total: Option<u64>,
    /// Whether a character is shown by its name.
    pub(super) marked: bool,
    /// Parts of all lines.
    parts: usize,
}

/// One line.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What it says.
    pub(super) parts: Vec<Part>,
    /// Bytes that are not shown.
    pub(super) cut: u64,
}

/// 16 bytes.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    /// Place of the first one, in hexadecimal.
    pub(super) place: String,
    /// The bytes in hexadecimal.
    pub(super) bytes: String,
    /// Those of them that are letters, digits or marks.
    pub(super) text: String,
}

/// Reads as far as needed.
pub(super) fn read(content: impl Read, wanted: Wanted) -> io::Result<Shown> {
    let mut input = BufReader::with_capacity(64 << 10, content.take(REACH));
    let head = input.fill_buf()?;
    if head.is_empty() {
        return Ok(Shown::Empty);
    }
    if is_binary(&head[..head.len().min(HEAD)]) {
        let mut head = Vec::new();
        input.take(HEAD as u64).read_to_end(&mut head)?;
        return Ok(Shown::Binary(rows(&head)));
    }
    let page = match wanted {
        Wanted::From(first) => from(input, first.max(1))?,
        Wanted::Last => last(input)?,
    };
    Ok(Shown::Text(page))
}

/// A zero byte, or more than one of ten characters that are none.
fn is_binary(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    head.contains(&0) || text.matches('\u{fffd}').count() * 10 > text.chars().count().max(20)
}

fn from(mut input: impl BufRead, first: u64) -> io::Result<Page> {
    for number in 1..first {
        if input.skip_until(b'\n')? == 0 {
            return Ok(Page { total: Some(number - 1), ..Page::default() });
        }
    }
    let (mut page, mut room, mut number) = (Page::default(), PAGE, first);
    while number < first + LINES && room > 0 && page.parts < PAGE_PARTS {
        let Some((bytes, cut)) = line(&mut input)? else { break };
        room = room.saturating_sub(bytes.len());
        page.push(number, &bytes, cut);
        number += 1;
    }
    page.more = !input.fill_buf()?.is_empty();
    page.total = (!page.more).then_some(number - 1);
    Ok(page)
}

fn last(mut input: impl BufRead) -> io::Result<Page> {
    let (mut kept, mut bytes_kept, mut number) = (VecDeque::new(), 0, 0);
    while let Some((bytes, cut)) = line(&mut input)? {
        number += 1;
        bytes_kept += bytes.len();
        kept.push_back((number, bytes, cut));
        while kept.len() as u64 > LINES || (bytes_kept > PAGE && kept.len() > 1) {
            bytes_kept -= kept.pop_front().map_or(0, |(_, bytes, _)| bytes.len());
        }
    }
    let mut page = Page { total: Some(number), ..Page::default() };
    // From the end, which is what was asked for.
    while let Some((number, bytes, cut)) = kept.pop_back()
        && page.parts < PAGE_PARTS
    {
        page.push(number, &bytes, cut);
    }
    page.lines.reverse();
    Ok(page)
}

/// The next line, at most [`LINE`] bytes of it, and how many more it has; none at the end.
fn line(input: &mut impl BufRead) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut bytes = Vec::new();
    input.take(LINE).read_until(b'\n', &mut bytes)?;
    let whole = bytes.last() == Some(&b'\n') || (bytes.len() as u64) < LINE;
    let mut cut = 0;
    if !whole {
        // The line's end does not count.
        cut = skip(input)?;
    }
    Ok((!bytes.is_empty()).then_some((bytes, cut)))
}

/// Goes to the next line and tells how many bytes of this one that were.
fn skip(input: &mut impl BufRead) -> io::Result<u64> {
    let mut count = 0;
    loop {
        let bytes = input.fill_buf()?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (used, done) = (end.map_or(bytes.len(), |end| end + 1), end.is_some() || bytes.is_empty());
        count += end.unwrap_or(bytes.len()) as u64;
        input.consume(used);
        if done {
            return Ok(count);
        }
    }
}

impl Page {
    fn push(&mut self, number: u64, bytes: &[u8], mut cut: u64) {
        let mut parts = harmless(bytes);
        if parts.len() > PARTS {
            // A part is at least one byte.
            let (shown, rest) = bytes.split_at(PARTS);
            cut += rest.strip_suffix(b"\n").unwrap_or(rest).len() as u64;
            parts = harmless(shown);
        }
        self.parts += parts.len();
        self.marked |= parts.iter().any(|part| part.mark);
        self.lines.push(Line { number, parts, cut });
    }
}

fn rows(head: &[u8]) -> Vec<Row> {
    let row = |(number, bytes): (usize, &[u8])| Row {
        place: format!("{:08x}", number * 16),
        bytes: bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
        text: bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect(),
    };
    head.chunks(16).enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str, wanted: Wanted) -> Page {
        match read(text.as_bytes(), wanted).expect("readable") {
            Shown::Text(page) => page,
            other => panic!("{other:?}"),
        }
    }

    fn text(line: &Line) -> String {
        line.parts.iter().map(|part| part.text.as_str()).collect()
    }

    #[test]
    fn lines_are_numbered_cut_and_harmless() {
        let long = format!("one\r\n\u{1b}[31mred \u{202e}evil\n{}\nlast", "x".repeat(10_000));
        let shown = page(&long, Wanted::From(2));
        assert!(!shown.more && shown.total == Some(4) && shown.marked);
        assert_eq!((shown.lines[0].number, text(&shown.lines[0]).as_str()), (2, "ESCred U+202Eevil"));
        assert_eq!((text(&shown.lines[1]).len(), shown.lines[1].cut), (4096, 10_000 - 4096));
        assert_eq!((shown.lines[2].number, text(&shown.lines[2]).as_str()), (4, "last"));
    }

    #[test]
    fn pages_follow_one_another_and_the_last_is_found() {
        let lines: String = (1..=2500).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
        let first = page(&lines, Wanted::From(0));
        assert!(first.more && first.lines.len() == 1000 && first.total.is_none() && !first.marked);
        let third = page(&lines, Wanted::From(2001));
        assert!(!third.more && third.lines.len() == 500 && third.total == Some(2500));
        let last = page(&lines, Wanted::Last);
        assert_eq!((last.lines[0].number, text(&last.lines[999]).as_str(), last.total), (1501, "line 2500", Some(2500)));
        let beyond = page(&lines, Wanted::From(9999));
        assert!(beyond.lines.is_empty() && beyond.total == Some(2500));
        assert_eq!(page("a\n", Wanted::From(1)).total, Some(1));
    }

    #[test]
    fn a_page_of_long_lines_is_bounded() {
        let long = format!("{}\n", "y".repeat(9000)).repeat(2000);
        for wanted in [Wanted::From(1), Wanted::Last] {
            let shown = page(&long, wanted);
            assert!((200..=257).contains(&shown.lines.len()), "{}", shown.lines.len());
        }
    }

    #[test]
    fn a_page_of_control_characters_is_bounded() {
        let evil = format!("{}\n", "\u{1}".repeat(3000)).repeat(500);
        for wanted in [Wanted::From(3), Wanted::Last] {
            let shown = page(&evil, wanted);
            let parts: usize = shown.lines.iter().map(|line| line.parts.len()).sum();
            assert!((21_000..=26_000).contains(&parts), "{parts}");
            assert_eq!((shown.lines[0].parts.len(), shown.lines[0].cut), (1000, 2000));
            assert!(shown.lines.is_sorted_by_key(|line| line.number));
            let last = shown.lines.last().expect("lines").number;
            assert_eq!((shown.more, last == 500), (wanted == Wanted::From(3), wanted == Wanted::Last));
        }
        // Colours between words are no reason to cut.
        let log = page(&"\u{1b}[31mred\u{1b}[0m\n".repeat(900), Wanted::From(1));
        assert_eq!((log.lines.len(), log.lines[0].cut), (900, 0));
    }

    #[test]
    fn what_is_no_text_is_hexadecimal() {
        assert_eq!(read(&b""[..], Wanted::Last).expect("readable"), Shown::Empty);
        let Shown::Binary(rows) = read(&b"\x7fELF\0<b>"[..], Wanted::From(1)).expect("readable") else { panic!("not binary") };
        let row = Row { place: "00000000".into(), bytes: "7f 45 4c 46 00 3c 62 3e".into(), text: ".ELF.<b>".into() };
        assert_eq!(rows, [row]);
        assert!(is_binary(&[0xff; 100]) && !is_binary("中文日志".as_bytes()));
    }
}
