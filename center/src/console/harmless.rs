//! Text without characters that act: on a terminal, on the direction of what follows, or unseen. In: bytes of a line.
//! Out: parts that stand for themselves, and names of what was there. HTML is escaped by the templates, not here.

use serde::Serialize;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    /// Whether this is the name of a character that was there, not text of the line.
    pub(super) mark: bool,
    /// The text, or the name.
    pub(super) text: String,
}

/// Names of the control characters from 0 up (ECMA-48, RFC 20).
const NAMES: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI", "DLE", "DC1", "DC2",
    "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
];

/// A line without its end. Control characters and those that turn the direction or cannot be seen become marks with their
/// names; a sequence that colours, moves or titles becomes one mark `ESC`; bytes that are no UTF-8 become `�`.
pub(super) fn harmless(line: &[u8]) -> Vec<Part> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let Some(name) = name(c) else {
            plain.push(c);
            continue;
        };
        if c == '\u{1b}' {
            rest = after_sequence(rest.as_str()).chars();
        }
        if !plain.is_empty() {
            parts.push(Part { mark: false, text: std::mem::take(&mut plain) });
        }
        parts.push(Part { mark: true, text: name });
    }
    if !plain.is_empty() {
        parts.push(Part { mark: false, text: plain });
    }
    parts
}

/// The name of a character that must not be shown as it is.
fn name(c: char) -> Option<String> {
    match c {
        '\t' => None,
        '\0'..' ' => NAMES.get(c as usize).map(|name| (*name).to_owned()),
        '\u{7f}' => Some("DEL".to_owned()),
        c if c.is_control() || unseen(c) => Some(format!("U+{:04X}", c as u32)),
        _ => None,
    }
}

/// What follows a sequence that an escape character began (ECMA-48): parameters and one letter behind `[`, or a string behind
/// `]`, `P`, `^`, `_`. Anything else stands.
fn after_sequence(text: &str) -> &str {
    let Some(first) = text.chars().next() else { return text };
    match first {
        '[' => {
            let end = text[1..].find(|c: char| !matches!(c, '0'..='?' | ' '..='/')).map_or(text.len(), |at| at + 1);
            let after = &text[end..];
            if after.starts_with(|c: char| matches!(c, '@'..='~')) { &after[1..] } else { after }
        }
        ']' | 'P' | '^' | '_' => match text.find(['\u{7}', '\u{1b}']) {
            Some(end) if text[end..].starts_with("\u{1b}\\") => &text[end + 2..],
            Some(end) if text[end..].starts_with('\u{7}') => &text[end + 1..],
            // Not ended, or ended by another sequence: its words stay words.
            _ => text,
        },
        _ => text,
    }
}

/// Characters that turn the direction of text, or that nobody sees.
fn unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks in angle brackets.
    fn sketch(line: &[u8]) -> String {
        harmless(line).into_iter().map(|part| if part.mark { format!("<{}>", part.text) } else { part.text }).collect()
    }

    #[test]
    fn nothing_acts() {
        let cases: [(&[u8], &str); 12] = [
            (b"plain\ttext\r\n", "plain\ttext"),
            (b"\n", ""),
            (b"\x1b[31mred\x1b[0m", "<ESC>red<ESC>"),
            (b"\x1b]0;title\x07x", "<ESC>x"),
            (b"\x1b]8;;http://x\x1b\\y", "<ESC>y"),
            (b"\x1b]never ended", "<ESC>]never ended"),
            (b"\x1b[", "<ESC>"),
            (b"a\x08\x00b\rc\x7f", "a<BS><NUL>b<CR>c<DEL>"),
            ("\u{202e}evil\u{2066}\u{200b}".as_bytes(), "<U+202E>evil<U+2066><U+200B>"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            ("中文\u{9b}31m".as_bytes(), "中文<U+009B>31m"),
            ("\u{1b}[12;\u{4e2d}x".as_bytes(), "<ESC>中x"),
        ];
        for (line, shown) in cases {
            assert_eq!(sketch(line), shown, "{line:?}");
        }
    }
}
