//! What the place of a value without quotes says of its end: a connection string, a setting of the environment in quotes, a
//! line of a file of settings.
//!
//! In: text and the place where the value begins. Out: where it ends, or whether its line is all its own.

use super::{
    spoken::is_strong,
    value::{at, is_name, line_end, line_start},
};

/// A value is looked at so far.
const REACH: usize = 256;

/// The place of the key before the sign that stands before `i`.
fn key(t: &[u8], i: usize) -> Option<std::ops::Range<usize>> {
    let sign = i.checked_sub(1).filter(|n| t[*n] == b'=')?;
    let length = t[..sign].iter().rev().take(64).take_while(|b| is_name(**b)).count();
    (length > 0).then(|| sign - length..sign)
}

/// Where the value ends that a `;` or a quote closes: `;Password=a b;`, `"DB_PASSWORD=a b"`.
pub(super) fn closed_end(t: &[u8], i: usize) -> Option<usize> {
    let key = key(t, i)?;
    let before = key.start.checked_sub(1).map_or(b'\n', |n| t[n]);
    let end = line_end(t, i).min(i + REACH);
    let close = match before {
        b';' => i + t[i..end].iter().position(|b| matches!(b, b';' | b'"' | b'\'' | b'<' | b'&'))?,
        quote @ (b'"' | b'\'') => {
            let setting = t[key].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
            i + memchr::memchr(quote, &t[i..end]).filter(|_| setting && at(t, i) != quote)?
        }
        _ => return None,
    };
    let value = &t[i..close];
    if is_prose(value) {
        return None;
    }
    // Only where blanks are in it: all else ends at its own signs.
    let words = value.split(|b| *b == b' ').count();
    let plain = !value.iter().any(|b| matches!(b, b'=' | b'{' | b'$' | b'\\' | b'`' | b'"' | b'\'')) && !value.starts_with(b" ");
    ((2..=5).contains(&words) && plain && close > i).then_some(close)
}

/// Whether a word that looks like a secret stands before others that are a sentence: `n0wYouSee repository opened`.
fn is_prose(value: &[u8]) -> bool {
    let mut words = value.trim_ascii().split(|b| *b == b' ');
    let first = words.next().is_some_and(is_strong);
    let mut rest = words.peekable();
    first && rest.peek().is_some() && rest.all(|w| w.len() >= 2 && w.iter().all(|b| b.is_ascii_lowercase() || b",.:".contains(b)))
}

/// Whether nothing but the key and its indentation stand before, as in a file of settings: not of an environment, where a
/// command may follow, and behind a colon only if a digit shows that no sentence does.
pub(super) fn is_setting(t: &[u8], i: usize, sign: u8) -> bool {
    let start = line_start(t, i, 160);
    let lead = t[start..i].trim_ascii();
    let name = lead.strip_suffix(b"=").or(lead.strip_suffix(b":")).unwrap_or(lead);
    let alone = !name.is_empty() && name.iter().all(|b| is_name(*b));
    let lower = name.iter().any(u8::is_ascii_lowercase);
    let line = &t[i..line_end(t, i)];
    // A colour code ends what stands before it.
    if memchr::memchr(0x1b, line).is_some() {
        return false;
    }
    let digits = line.iter().any(u8::is_ascii_digit) && t[start..i].starts_with(b" ");
    // `a=x&b=y` is no line of settings.
    let pairs = line.contains(&b'=') && line.iter().any(|b| matches!(b, b'&' | b';'));
    alone && lower && !pairs && !is_prose(line) && (sign == b'=' && t[i - 1] == b'=' || sign == b':' && digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_by_place() {
        let end = |t: &'static str| {
            let i = t.find("n0w").expect("a value");
            closed_end(t.as_bytes(), i).map(|end| &t[i..end])
        };
        assert_eq!(end("Uid=a;Pwd=n0w you;x"), Some("n0w you"));
        assert_eq!(end("Environment=\"DB_PASS=n0w you\""), Some("n0w you"));
        assert_eq!(end("Uid=a;Pwd=n0w you x=1;"), None);
        assert_eq!(end("\"password=n0w you\""), None);
        assert_eq!(end("Pwd=n0w you;"), None);
        assert_eq!(end("\"DB_PASS=n0wYou7 repository opened\""), None);
        let setting = |t: &'static str, sign| is_setting(t.as_bytes(), t.find("n0w").expect("a value"), sign);
        assert!(setting("x=1\npassword=n0w you", b'='));
        assert!(setting("  password: n0w you", b':'));
        assert!(!setting("PASSWORD=n0w mysql", b'='));
        assert!(!setting("password: n0w you", b':'));
        assert!(!setting("password=n0w&a=1", b'='));
        assert!(!setting("a b password=n0w you", b'='));
    }
}
