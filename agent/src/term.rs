//! Text on a terminal. In: text from anywhere, hostile logs included. Out: text that cannot move the cursor,
//! change colours or hide itself; columns measured as a terminal shows them (a Chinese character takes two).
//! Writing to a closed pipe is a quiet end, as `oediag ls X | head` wants it.

use std::io::{self, Write as _};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a piece of text is meant; becomes colour where colour is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As is.
    Plain,
    /// A heading.
    Bold,
    /// Of less importance.
    Dim,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
}

/// Whether tones become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint(pub bool);

impl Paint {
    /// `text`, which must be safe already, in its tone.
    pub fn tone(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => "",
            Tone::Bold => "1",
            Tone::Dim => "2",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31;1",
        };
        if !self.0 || code.is_empty() || text.is_empty() { text.to_owned() } else { format!("\u{1b}[{code}m{text}\u{1b}[0m") }
    }
}

/// Makes text safe for one line of a terminal: control characters (C0, DEL, C1), line and paragraph separators,
/// bidirectional controls, zero-width and other invisible format characters become visible escapes such as `\x1b`, `\n`, `\u{202e}`.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0'..='\x1f' | '\x7f' => safe.extend((c as u8).escape_ascii().map(char::from)),
            '\u{80}'..='\u{9f}' => safe.extend(c.escape_unicode()),
            c if invisible(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    safe
}

/// Bytes of a log as one safe line: bytes that are not UTF-8 become `\xNN`.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        safe.push_str(&escape(chunk.valid()));
        safe.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    safe
}

/// Whole text with its line ends and tabs kept, everything else as [`escape`] does: for `cat` on a terminal.
pub fn escape_lines(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\t')) {
        match piece.split_last() {
            Some((end @ (b'\n' | b'\t'), rest)) => {
                safe.push_str(&escape_bytes(rest));
                safe.push(char::from(*end));
            }
            _ => safe.push_str(&escape_bytes(piece)),
        }
    }
    safe
}

/// Makes JSON safe for a terminal: what [`escape`] would show otherwise becomes `\u` and four digits, which
/// means the same to every reader of JSON. Such characters stand in strings only; C0 is escaped there already.
pub fn escape_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}') || invisible(c) {
            safe.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Characters that show nothing and change how others show: bidi controls, zero-width characters, separators, tags, BOM.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Columns of the terminal that standard output is; 80 where it does not tell.
pub fn columns() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(80, |(columns, _)| columns.0.into())
}

/// Columns that safe text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts safe text to at most `columns`, with `…` where something is missing.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// Fills safe text with spaces up to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Breaks safe text into lines of at most `columns`, at spaces where there are any, between wide characters otherwise.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive([' ', '，', '。', '、', '；', '：']) {
        let line = lines.last_mut().map_or(0, |line| width(line));
        if line > 0 && line + width(word.trim_end()) > columns {
            lines.push(String::new());
        }
        for c in word.chars() {
            let Some(line) = lines.last_mut() else { break };
            if width(line) + c.width().unwrap_or(0) > columns && c != ' ' {
                lines.push(c.to_string());
            } else {
                line.push(c);
            }
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// One cell of a table: safe text and its tone.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
    right: bool,
}

/// A cell of untrusted text, made safe here.
pub fn cell(text: impl AsRef<str>) -> Cell {
    Cell { text: escape(text.as_ref()), tone: Tone::Plain, right: false }
}

impl Cell {
    /// The same in a tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The same set to the right, for numbers.
    #[must_use]
    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// Lays rows out in columns two spaces apart. The last column takes what `columns` leaves and is cut there; the others are as wide
/// as their widest cell, but never wider than half of `columns`.
pub fn table(rows: &[Vec<Cell>], columns: usize, paint: Paint) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| width(&cell.text)).max().unwrap_or(0).min(columns / 2))
        .collect();
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            let mut used = 0;
            for (at, cell) in row.iter().enumerate() {
                let last = at + 1 == count;
                let room = if last { columns.saturating_sub(used).max(8) } else { widths[at] };
                let text = cut(&cell.text, room);
                let fill = " ".repeat(if last && !cell.right { 0 } else { room.min(widths[at]).saturating_sub(width(&text)) });
                let text = paint.tone(cell.tone, &text);
                line.extend(if cell.right { [fill, text] } else { [text, fill] });
                if !last {
                    line.push_str("  ");
                }
                used += widths[at] + 2;
            }
            line.trim_end().to_owned()
        })
        .collect()
}

/// A number of bytes as people read it: `812 B`, `1.4 KiB`, `64 MiB`.
pub fn bytes(number: u64) -> String {
    let mut value = number as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" || value >= 10.0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// Writes bytes to standard output. A reader that closed its end is no error: the answer is then false, and the caller stops.
pub fn write_out(bytes: &[u8]) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes lines to standard output, as [`write_out`] does.
pub fn print(lines: &[String]) -> io::Result<()> {
    let mut text = lines.join("\n");
    text.push('\n');
    write_out(text.as_bytes()).map(drop)
}

/// Writes a question to standard error and leaves the cursor behind it.
pub fn prompt(question: &str) {
    let mut error = io::stderr().lock();
    drop(write!(error, "{question} ").and_then(|()| error.flush()));
}

/// Columns of the terminal that standard error is, within what people read; a fixed number where it is none.
pub fn error_columns() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(100, |(columns, _)| usize::from(columns.0).clamp(40, 120))
}

/// Writes one line to standard error; with nobody there to read it, nothing can be done about a failure.
pub fn note(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_visible() {
        for (hostile, safe) in [
            ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
            ("a\nb\tc\rd\0", "a\\nb\\tc\\rd\\x00"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("abc\u{202e}txt.exe", "abc\\u{202e}txt.exe"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("内存不足 é", "内存不足 é"),
        ] {
            assert_eq!(escape(hostile), safe);
        }
        assert_eq!(escape_bytes(b"ok \xff\xfe\x1b"), "ok \\xff\\xfe\\x1b");
        assert_eq!(escape_lines(b"a\x1b\n\tb\xff"), "a\\x1b\n\tb\\xff");
        assert_eq!(escape_lines(b""), "");
    }

    #[test]
    fn no_character_of_unicode_controls_the_terminal() {
        for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let safe = escape(&c.to_string());
            assert!(!safe.chars().any(|c| c.is_control() || invisible(c)), "{:x}", u32::from(c));
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width("内存"), 4);
        assert_eq!(cut("内存不足", 5), "内存…");
        assert_eq!(cut("memory", 6), "memory");
        assert_eq!(pad("内", 4), "内  ");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert!(wrap(&"很长".repeat(40), 20).iter().all(|line| width(line) <= 20));
    }

    #[test]
    fn tables_line_up() {
        let rows = vec![
            vec![cell("内存"), cell("1").right(), cell("the last column is cut")],
            vec![cell("cpu"), cell("12").right(), cell("x")],
        ];
        assert_eq!(table(&rows, 22, Paint(false)), ["内存   1  the last co…", "cpu   12  x"]);
    }

    #[test]
    fn sizes_read_well() {
        for (number, text) in
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (1536, "1.5 KiB"), (64 << 20, "64 MiB"), (4 << 30, "4.0 GiB")]
        {
            assert_eq!(bytes(number), text);
        }
    }
}
