//! Text without characters that act: on a terminal, on the direction of what follows, or unseen. In: bytes of a line.
//! Out: characters that stand for themselves. HTML is escaped by the templates, not here.

/// A line without its end, and whether something in it was replaced: control characters by their pictures, sequences that
/// colour or move by one `␛`, characters that turn the direction or cannot be seen by `�`.
pub(super) fn harmless(line: &[u8]) -> (String, bool) {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    let (mut plain, mut replaced) = (String::with_capacity(text.len()), false);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let shown = match c {
            '\t' => '\t',
            '\u{1b}' => {
                rest = sequence(rest.as_str()).chars();
                '␛'
            }
            '\0'..' ' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '␡',
            c if c.is_control() || unseen(c) => '\u{fffd}',
            c => c,
        };
        replaced |= shown != c;
        plain.push(shown);
    }
    (plain, replaced)
}

/// What follows a sequence that an escape character began (ECMA-48): parameters and one letter behind `[`, or a string behind
/// `]`, `P`, `^`, `_`. Anything else stands.
fn sequence(text: &str) -> &str {
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

    #[test]
    fn nothing_acts() {
        let cases: [(&[u8], &str); 10] = [
            (b"plain\ttext\r\n", "plain\ttext"),
            (b"\x1b[31mred\x1b[0m", "␛red␛"),
            (b"\x1b]0;title\x07x", "␛x"),
            (b"\x1b]8;;http://x\x1b\\y", "␛y"),
            (b"\x1b]never ended", "␛]never ended"),
            (b"\x1b[", "␛"),
            (b"a\x08\x00b\x7f", "a␈␀b␡"),
            ("\u{202e}evil\u{2066}\u{200b}".as_bytes(), "\u{fffd}evil\u{fffd}\u{fffd}"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            ("中文\u{9b}31m".as_bytes(), "中文\u{fffd}31m"),
        ];
        for (line, shown) in cases {
            assert_eq!(harmless(line).0, shown, "{line:?}");
        }
        assert_eq!(harmless(b"a\r\n"), ("a".to_owned(), false));
        assert_eq!(harmless("\u{1b}[12;\u{4e2d}x".as_bytes()).0, "␛中x");
    }
}
