//! Escapes: characters written as several that end in a letter or a digit, which is no part of the word behind.
//!
//! In: text and a place. Out: how much of the word there belongs to an escape that began before it, or how long the colour
//! code there is. Known are JSON's and C's (`\n`, `\u003c`, `\x1b`, `\011`), percent signs, rsyslog's `#012` and
//! the terminal's control sequences in each of these forms. Never more than a few bytes around the place are looked at.

/// How a control sequence begins before its bracket. The shorter ones are not the ends of longer ones.
const ESCAPE: [&[u8]; 10] = [b"\x1b", b"#033", b"\\033", b"\\x1b", b"\\x1B", b"\\u001b", b"\\u001B", b"\\e", b"^[", b"%1B"];
/// Bytes of the longest tail: that of `\u001f`.
const TAIL: usize = 5;

/// What of the word that begins at `start` belongs to an escape before it: its length, and the character that is meant.
pub(super) fn tail(t: &[u8], start: usize) -> Option<(usize, u8)> {
    let last = *t.get(start.checked_sub(1)?)?;
    let rest = &t[start..];
    match last {
        b'\\' => backslash(rest),
        b'%' => percent(t, start),
        b'#' => octal(rest).filter(|(_, meant)| *meant < b' '),
        b'[' | b';' => sequence(t, start),
        b'(' if start >= 2 && t[start - 2] == 0x1b && !rest.is_empty() => Some((1, b' ')),
        _ => None,
    }
}

/// The place behind what [`tail`] finds at `start`.
pub(super) fn past(t: &[u8], start: usize) -> usize {
    start + tail(t, start).map_or(0, |(length, _)| length)
}

/// The place behind an escape that ends within the digits which begin at `i`: `\u002012345`.
pub(super) fn past_digits(t: &[u8], i: usize) -> usize {
    let ends = |n: usize| i.checked_sub(n).map(|start| past(t, start)).filter(|end| *end > i);
    let sign = i > 0 && (t[i - 1].is_ascii_alphabetic() || matches!(t[i - 1], b'\\' | b'%' | b'#'));
    if sign { (0..TAIL).find_map(ends).unwrap_or(i) } else { i }
}

/// Where the escape begins that ends at `i`, if it writes no line end.
pub(super) fn begin(t: &[u8], i: usize) -> usize {
    let colours = before_colours(t, i.saturating_sub(64), i);
    let simple = || (1..=TAIL.min(i)).find(|n| tail(t, i - n).is_some_and(|(length, b)| length == *n && !b"\r\n".contains(&b)));
    if colours < i { colours } else { simple().map_or(i, |n| i - n - 1) }
}

/// The character that an escape means which ends at `i`, if one does.
pub(super) fn before(t: &[u8], i: usize) -> Option<u8> {
    if i == 0 || !t[i - 1].is_ascii_alphanumeric() {
        return None;
    }
    (1..=TAIL.min(i)).find_map(|n| tail(t, i - n).filter(|(length, _)| *length == n)).map(|(_, meant)| meant)
}

/// The character that the escape at `i` means, or what stands there.
pub(super) fn behind(t: &[u8], i: usize) -> u8 {
    let plain = t.get(i).copied().unwrap_or(b'\n');
    let escape = matches!(plain, b'\\' | b'%' | b'#' | 0x1b);
    let meant = if escape { tail(t, i + 1).or_else(|| (colours(t, i) > i).then_some((1, b' '))) } else { None };
    meant.map_or(plain, |(_, meant)| meant)
}

/// The place behind the colour codes at `i`.
pub(super) fn colours(t: &[u8], i: usize) -> usize {
    let mut i = i;
    for _ in 0..4 {
        let rest = t.get(i..).unwrap_or_default();
        if !matches!(rest.first(), Some(0x1b | b'#' | b'\\' | b'^' | b'%')) {
            break;
        }
        if rest.starts_with(b"\x1b(") && rest.len() > 2 {
            i += 3;
            continue;
        }
        let Some(begin) = ESCAPE.iter().find(|e| rest.starts_with(e) && rest.get(e.len()) == Some(&b'[')) else { break };
        let parameters = begin.len() + 1;
        let end = parameters + rest[parameters..].iter().take(20).take_while(|b| is_parameter(**b)).count();
        if !rest.get(end).is_some_and(u8::is_ascii_alphabetic) {
            break;
        }
        i += end + 1;
    }
    i
}

/// The place before the colour codes that end at `end`, not before `from`.
pub(super) fn before_colours(t: &[u8], from: usize, end: usize) -> usize {
    let last = end.checked_sub(1).map_or(0, |i| t[i]);
    if end <= from || !last.is_ascii_alphabetic() {
        return end;
    }
    let near = from.max(end.saturating_sub(48));
    (near..end).find(|i| matches!(t[*i], 0x1b | b'#' | b'\\' | b'^' | b'%') && colours(t, *i) == end).unwrap_or(end)
}

/// Whether a value without quotes ends at `i`, at a colour code or a control character as rsyslog writes it.
pub(super) fn ends_value(t: &[u8], i: usize) -> bool {
    match t[i] {
        0x1b => true,
        b'#' => tail(t, i + 1).is_some(),
        b'\\' | b'^' => colours(t, i) > i,
        _ => false,
    }
}

fn is_parameter(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b';' | b'?')
}

/// Whether a character stands between words: an escape of a letter is a part of one.
fn separates(b: u8) -> bool {
    matches!(b, b'\t' | b'\n' | b'\r' | 0 | 0x1b | b' '..=b'~') && !b.is_ascii_alphanumeric()
}

fn hex<const N: usize>(rest: &[u8]) -> Option<u32> {
    rest.get(..N)?.iter().try_fold(0, |n, b| Some(n << 4 | char::from(*b).to_digit(16)?))
}

fn backslash(rest: &[u8]) -> Option<(usize, u8)> {
    let meant = |length, value: u32| match u8::try_from(value) {
        Ok(b) if b.is_ascii() => separates(b).then_some((length, b)),
        // What is beyond ASCII is no part of a word in it.
        _ => Some((length, 0x80)),
    };
    match rest.first()? {
        b'n' => Some((1, b'\n')),
        b't' => Some((1, b'\t')),
        b'r' => Some((1, b'\r')),
        b'b' | b'f' | b'v' => Some((1, b' ')),
        b'u' => hex::<4>(&rest[1..]).and_then(|value| meant(5, value)),
        b'x' => hex::<2>(&rest[1..]).and_then(|value| meant(3, value)),
        _ => octal(rest),
    }
}

/// `011`, `033`, `040`: with a zero before, as no octet of an address is written.
fn octal(rest: &[u8]) -> Option<(usize, u8)> {
    match rest {
        [b'0', high @ b'0'..=b'7', low @ b'0'..=b'7', ..] => {
            let value = (high - b'0') * 8 + low - b'0';
            separates(value).then_some((3, value))
        }
        _ => None,
    }
}

fn percent(t: &[u8], start: usize) -> Option<(usize, u8)> {
    let rest = &t[start..];
    // Encoded twice.
    if rest.starts_with(b"25")
        && let Some(value) = hex::<2>(&rest[2..])
        && separates(value as u8)
    {
        return Some((4, value as u8));
    }
    let value = hex::<2>(rest)? as u8;
    // `%20.30.40.50` has no blank in it; of a character of several bytes another stands before.
    let fits = separates(value) && rest.get(2) != Some(&b'.') || !value.is_ascii() && start >= 4 && t[start - 4] == b'%';
    fits.then_some((2, value))
}

/// The last parameter and the letter of a control sequence: `31m` of `ESC[01;31m`. Colours are known without their first byte.
fn sequence(t: &[u8], start: usize) -> Option<(usize, u8)> {
    let digits = t[start..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let letter = *t.get(start + digits)?;
    if digits > 3 || !matches!(letter, b'm' | b'K' | b'J' | b'H' | b'G' | b'l' | b'h') {
        return None;
    }
    let lead = t[..start].iter().rev().take(20).take_while(|b| is_parameter(**b)).count();
    let open = (start - lead).checked_sub(1).filter(|i| t[*i] == b'[')?;
    let escaped = ESCAPE.iter().any(|e| t[..open].ends_with(e));
    (escaped || letter == b'm' && (1..3).contains(&digits)).then_some((digits + 1, b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_escapes() {
        let past = |t: &'static str, start| &t[past(t.as_bytes(), start)..];
        for (text, start) in [
            ("\\nword", 1),
            ("\\\\tword", 2),
            ("\\u003cword", 1),
            ("\\x1b[0;31mword", 7),
            ("\\040word", 1),
            ("#012word", 1),
            ("#033[1mword", 5),
            ("\x1b[mword", 2),
            ("\x1b(Bword", 2),
            ("[32mword", 1),
            ("%3Dword", 1),
            ("%252Fword", 1),
            ("%84%E7word", 4),
        ] {
            assert_eq!(past(text, start), "word", "{text}");
            assert!(before(text.as_bytes(), text.len() - 4).is_some(), "{text}");
        }
        for (text, start) in [("\\u007aword", 1), ("%7aword", 1), ("%20.30", 1), ("#112word", 1), ("[5d", 1), ("\\word", 1)] {
            assert_eq!(past(text, start).len(), text.len() - start, "{text}");
        }
    }

    #[test]
    fn colour_codes() {
        let text = b"\x1b[01;31m\x1b[Kx\x1b[m\x1b[K";
        assert_eq!(colours(text, 0), 11);
        assert_eq!(before_colours(text, 0, text.len()), 12);
        assert_eq!(colours(b"#033[31mx", 0), 8);
        assert_eq!(colours(b"\\n", 0), 0);
        assert!(ends_value(b"#012", 0) && !ends_value(b"#12", 0));
    }
}
