//! Characters of GB18030: a rule looks at bytes, and the second byte of a character may look like a sign or a letter.
//!
//! In: text that is GB18030, and spans in their order. Out: the spans, none of which begins or ends within a character, so that
//! what is written is GB18030 again; whether text is of this encoding.

use super::super::span::Span;

/// The length of the character at the beginning; 1 for what is none.
fn length(t: &[u8]) -> usize {
    match t {
        [0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe, ..] => 2,
        [0x81..=0xfe, 0x30..=0x39, 0x81..=0xfe, 0x30..=0x39, ..] => 4,
        _ => 1,
    }
}

/// Widens spans to whole characters; `from` is where a character begins.
pub(in super::super) fn widen(text: &[u8], from: usize, spans: &mut Vec<Span>) {
    let (mut begin, mut end) = (from, from);
    // Walks to the character that holds the byte at `place`.
    let mut character = |place: usize| {
        while end <= place && end < text.len() {
            begin = end;
            end += match text[end] {
                0..0x80 => 1,
                _ => length(&text[end..]),
            };
        }
        (begin, end.min(text.len()))
    };
    let mut free = from;
    spans.retain_mut(|span| {
        if (span.start as usize) < from || span.start == span.end {
            return true;
        }
        let start = character(span.start as usize).0.max(free);
        let end = character(span.end as usize - 1).1;
        free = end;
        (span.start, span.end) = (start as u32, end as u32);
        start < end
    });
}

/// Whether all bytes beyond ASCII form characters of GB18030, and some are in the rows of Han characters.
pub(in super::super) fn is_text(t: &[u8], whole: bool) -> bool {
    let mut i = 0;
    let mut han = 0;
    while i < t.len() {
        let rest = &t[i..];
        let step = length(rest);
        match rest {
            [0..=0x7f, ..] => {}
            [lead, trail, ..] if step == 2 => han += usize::from((0xb0..=0xf7).contains(lead) && *trail >= 0xa1),
            _ if step == 4 => {}
            _ if rest.len() < 4 && !whole => return han > 0,
            _ => return false,
        }
        i += step;
    }
    han > 0
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{kinds::Kind, span::Form},
        *,
    };

    #[test]
    fn spans_hold_whole_characters() {
        // Two characters whose second byte is a letter and a bar, between ASCII, and one of four bytes.
        let text = b"a\x81Ab\xa6|c\x81\x30\x81\x37d";
        for (range, wanted) in
            [(2..3, 1..3), (2..4, 1..4), (4..5, 4..6), (3..5, 3..6), (8..9, 7..11), (0..12, 0..12), (11..12, 11..12)]
        {
            let mut spans = vec![Span::new(&range, Kind::Username, Form::Tag)];
            widen(text, 0, &mut spans);
            assert_eq!((spans[0].start as usize)..(spans[0].end as usize), wanted, "{range:?}");
        }
        let mut spans = [1..2, 2..5, 5..6].map(|range| Span::new(&range, Kind::Username, Form::Tag)).to_vec();
        widen(text, 0, &mut spans);
        assert_eq!(spans.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>(), [(1, 3), (3, 6)]);
    }

    #[test]
    fn text_in_han_characters_and_other_bytes() {
        assert!(is_text(b"\xc3\xdc\xc2\xeb:x", true) && is_text(b"\xc3\xdc\xc2", false));
        assert!(!is_text(b"\xc3\xdc\xc2", true) && !is_text(b"plain", true) && !is_text(b"caf\xe9 au lait", true));
    }
}
