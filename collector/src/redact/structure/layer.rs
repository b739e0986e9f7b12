//! Texts inside of a text, in another form: characters of two or four bytes between lines of other text, and characters that
//! JSON writes by their numbers, such as `\u6e2f`.
//!
//! In: bytes. Out: the plain text of all such places, one behind the other, and where in the bytes each part of it stands.
//! Linear: of a row of such characters each is looked at a few times. Never here: rules.

use std::ops::Range;

/// What stands between two texts, so that no rule sees them together.
const APART: &[u8; 8] = b"\n\n\n\n\n\n\n\n";
/// Fewer characters with zeros between them are chance.
const LEAST: usize = 4;
/// So much of a text tells whether it has one byte for each character.
const NEAR: usize = 8;
/// So far lines that hold characters of two bytes are kept together.
pub(in super::super) const REACH: usize = 64 << 10;

/// How characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Numbers of so many bytes, the low one first or last.
    Unit { width: usize, big: bool },
    /// As JSON does it: in ASCII they stand for themselves.
    Escaped,
}

/// From here on plain text and bytes go on together.
#[derive(Debug, Clone, Copy)]
struct Step {
    plain: usize,
    outer: usize,
    form: Form,
}

/// Plain text and its places.
#[derive(Debug, Default)]
pub(in super::super) struct Layer {
    pub(in super::super) plain: Vec<u8>,
    steps: Vec<Step>,
}

impl Layer {
    /// The texts in characters of two or four bytes.
    pub(in super::super) fn units(t: &[u8]) -> Layer {
        let mut layer = Layer::default();
        let mut done = 0;
        for zero in memchr::memchr_iter(0, t) {
            if zero >= done
                && let Some((range, form)) = anchor(t, zero).and_then(|width| row(t, zero, width, done))
            {
                done = range.end;
                layer.plain.extend_from_slice(APART);
                for at in range.clone().step_by(width(form)) {
                    layer.step(at, form);
                    layer.character(unit(t, at, form).unwrap_or(' '));
                }
                layer.step(range.end, form);
            }
        }
        layer
    }

    /// The lines in which characters of other alphabets are escaped.
    pub(in super::super) fn escapes(t: &[u8]) -> Layer {
        let mut layer = Layer::default();
        let mut done = 0;
        for found in memchr::memmem::find_iter(t, b"\\u") {
            if found < done || escaped(t, found).is_none() {
                continue;
            }
            let start = memchr::memrchr(b'\n', &t[done..found]).map_or(done, |n| done + n + 1);
            let end = memchr::memchr(b'\n', &t[found..]).map_or(t.len(), |n| found + n);
            layer.line(t, start..end);
            done = end;
        }
        layer
    }

    fn line(&mut self, t: &[u8], line: Range<usize>) {
        self.plain.extend_from_slice(APART);
        self.step(line.start, Form::Escaped);
        let mut done = line.start;
        for n in memchr::memmem::find_iter(&t[line.clone()], b"\\u") {
            let at = line.start + n;
            if let Some(character) = escaped(t, at) {
                // A text in a text in JSON has its backslashes twice.
                let begin = at - t[done..at].iter().rev().take_while(|b| **b == b'\\').count();
                self.plain.extend_from_slice(&t[done..begin]);
                self.step(begin, Form::Escaped);
                self.character(character);
                done = at + 6;
                self.step(done, Form::Escaped);
            }
        }
        self.plain.extend_from_slice(&t[done..line.end]);
        self.step(line.end, Form::Escaped);
    }

    fn step(&mut self, outer: usize, form: Form) {
        self.steps.push(Step { plain: self.plain.len(), outer, form });
    }

    fn character(&mut self, character: char) {
        self.plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Where this part of the plain text stands; none if it is more than one text.
    pub(in super::super) fn place(&self, part: &Range<usize>) -> Option<Range<usize>> {
        if memchr::memmem::find(&self.plain[part.clone()], APART).is_some() {
            return None;
        }
        let first = self.steps.partition_point(|step| step.plain <= part.start);
        let last = self.steps.partition_point(|step| step.plain < part.end);
        let start = self.outer(first, part.start)?;
        let end = if self.is_literal(last) { self.outer(last, part.end)? } else { self.steps.get(last)?.outer };
        Some(start..end)
    }

    /// Whether the text before this step stands for itself: plain text and bytes go on together.
    fn is_literal(&self, next: usize) -> bool {
        let between = |n: usize| Some((self.steps.get(n.checked_sub(1)?)?, self.steps.get(n)?));
        between(next).is_some_and(|(before, behind)| behind.outer - before.outer == behind.plain - before.plain)
    }

    /// The place of a part of the plain text before this step.
    fn outer(&self, next: usize, plain: usize) -> Option<usize> {
        let before = self.steps.get(next.checked_sub(1)?)?;
        Some(if self.is_literal(next) { before.outer + plain - before.plain } else { before.outer })
    }

    /// What is written in the place of the plain text at `at`.
    pub(in super::super) fn write(&self, at: usize, text: &[u8], out: &mut Vec<u8>) {
        let next = self.steps.partition_point(|step| step.plain <= at);
        let Some(Step { form, .. }) = next.checked_sub(1).map(|n| self.steps[n]) else { return };
        for character in String::from_utf8_lossy(text).chars() {
            match form {
                Form::Unit { width, big } => {
                    let number = (character as u32).to_le_bytes();
                    out.extend((0..width).map(|n| number[if big { width - 1 - n } else { n }]));
                }
                Form::Escaped if character.is_ascii() => out.push(character as u8),
                Form::Escaped => {
                    let mut units = [0; 2];
                    for unit in character.encode_utf16(&mut units) {
                        out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                    }
                }
            }
        }
    }
}

/// Whether characters of two or four bytes are in a line: what is beside it is read with it.
pub(in super::super) fn is_line(line: &[u8]) -> bool {
    memchr::memchr_iter(0, line).any(|zero| anchor(line, zero).is_some())
}

/// The width of the characters around a zero, if three stand there with as many zeros between them.
fn anchor(t: &[u8], zero: usize) -> Option<usize> {
    let first = zero.checked_sub(1)?;
    [2, 4].into_iter().find(|width| {
        t.get(first..first + 2 * width + 1).is_some_and(|part| {
            part.iter().enumerate().all(|(n, b)| if n % width == 0 { matches!(b, b' '..=b'~') } else { *b == 0 })
        })
    })
}

/// The row of characters around an anchor, in the order of bytes that gives the longer one.
fn row(t: &[u8], zero: usize, width: usize, done: usize) -> Option<(Range<usize>, Form)> {
    let rows = [false, true].map(|big| {
        let form = Form::Unit { width, big };
        let low = if big { width - 1 } else { 0 };
        let first = (zero - 1).checked_sub(low).filter(|first| *first >= done).unwrap_or(zero - 1 + width - low);
        // Two letters in a row are a character of Chinese as well: in a text of one byte each there is nothing but such.
        let plain = |part: Range<usize>| t[part].iter().all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
        let is = |at: usize, near: Range<usize>| unit(t, at, form).is_some() && !plain(near);
        let before = (1..=first / width)
            .take_while(|n| {
                first.checked_sub(n * width).is_some_and(|at| at >= done && is(at, at.saturating_sub(NEAR)..at + width))
            })
            .count();
        let behind = (0..t.len() / width)
            .take_while(|n| is(first + n * width, first + n * width..t.len().min(first + n * width + NEAR)))
            .count();
        (first - before * width..first + behind * width, form)
    });
    let [little, big] = rows;
    let longer = if big.0.len() > little.0.len() { big } else { little };
    (longer.0.len() >= LEAST * width).then_some(longer)
}

fn width(form: Form) -> usize {
    if let Form::Unit { width, .. } = form { width } else { 1 }
}

/// The character at `at`, if it is one that texts in Chinese and English have.
fn unit(t: &[u8], at: usize, form: Form) -> Option<char> {
    let Form::Unit { width, big } = form else { return None };
    let bytes = t.get(at..at + width)?;
    let number =
        bytes.iter().enumerate().fold(0, |number, (n, b)| number | u32::from(*b) << (8 * if big { width - 1 - n } else { n }));
    let usual =
        matches!(number, 9 | 10 | 13 | 0x20..=0x7e | 0x2010..=0x2027 | 0x3000..=0x303f | 0x4e00..=0x9fff | 0xff00..=0xffef);
    char::from_u32(number).filter(|_| usual)
}

/// The character beyond ASCII whose escape begins at `at`.
fn escaped(t: &[u8], at: usize) -> Option<char> {
    let digits = t.get(at + 2..at + 6)?;
    let number = digits.iter().try_fold(0, |number, b| Some(number << 4 | char::from(*b).to_digit(16)?))?;
    char::from_u32(number).filter(|character| !character.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(layer: &Layer) -> Vec<&str> {
        let text = std::str::from_utf8(&layer.plain).expect("UTF-8");
        text.split("\n\n\n\n\n\n\n\n").skip(1).collect()
    }

    /// Every part of the plain text is found again in its place, and what is written there is the same.
    fn goes_back(layer: &Layer, t: &[u8]) {
        let text = std::str::from_utf8(&layer.plain).expect("UTF-8");
        for (start, character) in text.char_indices().filter(|(_, c)| *c != '\n') {
            let part = start..start + character.len_utf8();
            let place = layer.place(&part).expect("one text");
            let mut written = Vec::new();
            layer.write(start, &layer.plain[part], &mut written);
            assert_eq!(written, t[place], "{character} of {text:?}");
        }
    }

    #[test]
    fn characters_of_two_and_four_bytes() {
        let text = "口令：Zx81 end";
        for (width, big) in [(2, false), (2, true), (4, false), (4, true)] {
            let mut t = b"ab\0cd\0\0\0 plain line\n".to_vec();
            for c in text.chars() {
                let number = (c as u32).to_le_bytes();
                t.extend((0..width).map(|n| number[if big { width - 1 - n } else { n }]));
            }
            t.extend_from_slice(b"\n\0next line a\0b\0\x01");
            let layer = Layer::units(&t);
            assert_eq!(found(&layer)[0].trim_end(), text, "{width} {big}");
            goes_back(&layer, &t);
            assert!(is_line(&t));
        }
        for none in [&b"A=1\0B=2\0PATH=/usr\0"[..], b"a\0b\0", b"\0\0\0\0\0\0\0\0", b"x\0\0\0y\0", b""] {
            assert!(Layer::units(none).plain.is_empty(), "{none:?}");
        }
    }

    #[test]
    fn escapes_of_json() {
        let t = br#"plain \n
{"a":"\u5bc6\u7801\uff1aZx81","b":"\\u5f20\n"}
tail \u00e"#;
        let layer = Layer::escapes(t);
        assert_eq!(found(&layer), [r#"{"a":"密码：Zx81","b":"张\n"}"#]);
        let start = memchr::memmem::find(&layer.plain, b"Zx81").expect("it is there");
        assert_eq!(&t[layer.place(&(start..start + 4)).expect("one text")], b"Zx81");
        let start = memchr::memmem::find(&layer.plain, "码：Zx".as_bytes()).expect("it is there");
        assert_eq!(&t[layer.place(&(start..start + 8)).expect("one text")], br"\u7801\uff1aZx");
        assert!(Layer::escapes(br"C:\users \u0041 \ux").plain.is_empty());
    }
}
