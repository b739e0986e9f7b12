//! Private keys over many lines, of PEM, PGP, OpenVPN and PuTTY: found by their header, or at the head of a file by their shape.
//!
//! In: text and the state its first line is in. Out: the places of the key's lines and the state after the text.
//! Header and footer lines stay, so that line numbers hold.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::{self, Finder};

use super::{escape, token::in_token};

/// Lines that are no part of a key but stand between its lines, before the key counts as cut off.
const STRAY_MAX: u8 = 8;

/// Whether the next line is inside a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Outside.
    #[default]
    Outside,
    /// Inside; so many lines since the last line of the key were something else.
    Inside { stray: u8 },
}

/// A word that is looked for in many lines.
type Word = LazyLock<Finder<'static>>;

static BEGIN: Word = LazyLock::new(|| Finder::new("-----BEGIN"));
static END: Word = LazyLock::new(|| Finder::new("-----END"));
/// SSH2 (RFC 4716) has four signs and blanks.
static SSH2: Word = LazyLock::new(|| Finder::new("---- BEGIN SSH2 "));
static SSH2_END: Word = LazyLock::new(|| Finder::new("---- END SSH2 "));
/// What both beginnings have that is rare.
static RARE: Word = LazyLock::new(|| Finder::new("BEGIN"));
/// PuTTY counts the lines of the key and signs them in the line behind.
static PUTTY: Word = LazyLock::new(|| Finder::new("Private-Lines: "));
/// A part of a key that was replaced before.
static REPLACED: Word = LazyLock::new(|| Finder::new("OEr-key-"));
const PUTTY_END: [&[u8]; 2] = [b"Private-MAC:", b"Private-Hash:"];
/// What a header says of a key that is to stay secret.
const LABELS: [&[u8]; 2] = [b"PRIVATE KEY", b"Static key"];
/// Lines of an armoured key that are not its body.
const HEADERS: [&[u8]; 5] = [b"Proc-Type:", b"DEK-Info:", b"Comment:", b"Version:", b"Hash:"];

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')
}

/// Where a private key's header ends in this line.
fn header_end(line: &[u8]) -> Option<usize> {
    if line.starts_with(PUTTY.needle()) {
        return Some(line.len());
    }
    if let Some(begin) = SSH2.find(line)
        && let Some(label) = memmem::find(&line[begin..line.len().min(begin + 64)], b"PRIVATE KEY ----")
    {
        return Some(begin + label + 16);
    }
    BEGIN.find_iter(line).find_map(|at| {
        let begin = at + BEGIN.needle().len();
        let near = &line[begin..line.len().min(begin + 64)];
        let label = near.windows(5).position(|part| part == b"-----")?;
        LABELS.iter().any(|l| has_label(&near[..label], l)).then_some(begin + label + 5)
    })
}

/// Whether this is in the label, whose blanks may be written as `+` or `%20`.
fn has_label(label: &[u8], words: &[u8]) -> bool {
    let mut plain = Vec::with_capacity(label.len());
    let mut rest = label;
    while let Some((first, behind)) = rest.split_first() {
        let escaped = rest.starts_with(b"%20");
        plain.push(if escaped || *first == b'+' { b' ' } else { *first });
        rest = if escaped { &rest[3..] } else { behind };
    }
    memmem::find(&plain, words).is_some()
}

/// Finds the key lines in `text[from..]` and tells the state after it.
pub(super) fn walk(text: &[u8], from: usize, state: State, found: &mut dyn FnMut(Range<usize>)) -> State {
    let mut state = state;
    let mut start = from;
    let (mut begin, mut putty) = (None, None);
    while start < text.len() {
        if state == State::Outside {
            let next = next_place(text, start, &RARE, &mut begin).min(next_place(text, start, &PUTTY, &mut putty));
            let Some(next) = next.checked_sub(start).filter(|n| start + n < text.len()) else { break };
            start = memchr::memrchr(b'\n', &text[from..start + next]).map_or(from, |n| from + n + 1).max(start);
        }
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |n| start + n);
        state = line(text, start..end, state, found);
        start = end + 1;
    }
    state
}

/// The next place of `word` that may be a header's, looked for only when the last one is passed; the text's end if there is
/// none.
fn next_place(text: &[u8], start: usize, word: &Finder, next: &mut Option<usize>) -> usize {
    let headed = |place: &usize| text[..*place].ends_with(b"-----") || text[..*place].ends_with(b"---- ");
    match *next {
        Some(place) if place >= start => place,
        _ => {
            let mut places = word.find_iter(&text[start..]).map(|n| start + n);
            let place = if word.needle() == RARE.needle() { places.find(headed) } else { places.next() };
            *next.insert(place.unwrap_or(text.len()))
        }
    }
}

fn line(text: &[u8], range: Range<usize>, state: State, found: &mut dyn FnMut(Range<usize>)) -> State {
    let line = &text[range.clone()];
    if let Some(end) = header_end(line) {
        let rest = range.start + end..range.end;
        // A key in one line: its line ends are escaped, or blanks.
        if text[rest.clone()].iter().filter(|b| is_base64(**b)).count() > 8 {
            escaped(text, rest, found);
            return State::Outside;
        }
        return State::Inside { stray: 0 };
    }
    let State::Inside { stray } = state else { return State::Outside };
    if [&END, &SSH2_END].iter().any(|end| end.find(line).is_some()) || PUTTY_END.iter().any(|end| line.starts_with(end)) {
        return State::Outside;
    }
    if let Some(body) = body(line) {
        found(range.start + body.start..range.start + body.end);
        return State::Inside { stray: 0 };
    }
    let trimmed = line.trim_ascii();
    let header = trimmed.is_empty()
        || HEADERS.iter().any(|h| trimmed.starts_with(h))
        || REPLACED.find_iter(line).any(|n| in_token(line, n));
    match stray {
        _ if header && stray == 0 => State::Inside { stray },
        STRAY_MAX.. => State::Outside,
        _ => State::Inside { stray: stray + 1 },
    }
}

/// What a program writes around a piece of a text, which it joins to the next: `+ "piece\n" +`.
fn piece(line: &[u8]) -> Option<Range<usize>> {
    let open = memchr::memchr2(b'"', b'\'', line)?;
    let close = memchr::memrchr(line[open], line)?;
    let around = |part: &[u8]| {
        part.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'+' | b'.' | b'&' | b'\\' | b'(' | b')' | b';' | b','))
    };
    if close == open || !around(&line[..open]) || !around(&line[close + 1..]) {
        return None;
    }
    let mut text = &line[open + 1..close];
    while let [rest @ .., b'\\', b'n' | b'r'] = text {
        text = rest.strip_suffix(b"\\").unwrap_or(rest);
    }
    (text.len() >= 4 && text.iter().all(|b| is_base64(*b))).then(|| open + 1..open + 1 + text.len())
}

/// The key's part of a line: all of it but indentation and quotes, or the long run at the end of a logged line.
fn body(line: &[u8]) -> Option<Range<usize>> {
    let begin = escape::colours(line, line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count());
    let stop = escape::before_colours(line, begin, line.trim_ascii_end().len().max(begin));
    let line = &line[begin..stop];
    if let Some(piece) = piece(line) {
        return Some(begin + piece.start..begin + piece.end);
    }
    // A name and its sign are no part of a key, whose own signs stand at its end: `FIELD=MIIE`.
    let name = line.windows(2).rposition(|w| w[0] == b'=' && w[1] != b'=' && is_base64(w[1])).map_or(0, |n| n + 1);
    let (begin, line) = (begin + name, &line[name..]);
    let from = line.iter().position(|b| is_base64(*b))?;
    let to = line.iter().rposition(|b| is_base64(*b))? + 1;
    let edge =
        |part: &[u8]| part.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'"' | b'\'' | b',' | b'>' | b'|' | b'#' | b'*'));
    if line[from..to].iter().all(|b| is_base64(*b)) && edge(&line[..from]) && edge(&line[to..]) {
        return Some(begin + from..begin + to);
    }
    let run = line[..to].iter().rev().take_while(|b| is_base64(**b)).count();
    let run = to - escape::past(line, to - run).min(to);
    let part = &line[to - run..to];
    // The last line of a key is short, and often padded.
    let mixed = [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase].iter().all(|f| part.iter().any(f));
    (run >= 40 || mixed && (run >= 20 || run >= 8 && part.ends_with(b"="))).then(|| begin + to - run..begin + to)
}

/// The runs of a key whose line ends are written as `\n`, `\\n` or `%0A`, up to its footer.
fn escaped(text: &[u8], range: Range<usize>, found: &mut dyn FnMut(Range<usize>)) {
    let end = END.find(&text[range.clone()]).map_or(range.end, |n| range.start + n);
    let mut i = range.start;
    while i < end {
        if text[i] == b'\\' {
            i += 1 + usize::from(text.get(i + 1).is_some_and(u8::is_ascii_alphabetic));
        } else if text[i] == b'%' {
            i += 1 + text[i + 1..end].iter().take(2).take_while(|b| b.is_ascii_hexdigit()).count();
        } else if is_base64(text[i]) {
            let run = text[i..end].iter().take_while(|b| is_base64(**b)).count();
            if run >= 4 && (i == range.start || text[i - 1] != b'-' || text[..i].ends_with(b"-----")) {
                found(i..i + run);
            }
            i += run;
        } else {
            i += 1;
        }
    }
}

/// Whether a file that was cut at its head begins inside a private key: lines of base64 up to a private key's footer.
pub(super) fn begins_inside(head: &[u8]) -> bool {
    for (lines, line) in head.split(|b| *b == b'\n').enumerate() {
        let trimmed = line.trim_ascii();
        if END.find(trimmed).is_some() {
            return lines > 0 && memmem::find(trimmed, b"PRIVATE KEY").is_some();
        }
        if trimmed.is_empty() || !trimmed.iter().all(|b| is_base64(*b)) {
            return false;
        }
    }
    false
}
