//! Secrets that are known by their own shape, from the place a literal gives.
//!
//! In: text and a place. Out: the secret's place. A failed look is short, so that repeated literals cost little.

use std::ops::Range;

use super::{
    escape,
    judge::{has_stand_in, is_no_secret},
    value::{at, skip_blanks},
};

/// So many characters beyond its least length show that a token is one.
const SHOWN: usize = 16;
/// As far as this a secret has to show that it is one.
const LOOK: usize = 256;

/// How many bytes from `i` on are in the set, at most `limit`.
fn run(t: &[u8], i: usize, limit: usize, set: impl Fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(limit).take_while(|b| set(**b)).count()
}

/// Whether nothing joins what begins at `start` to the text before.
fn is_free(t: &[u8], start: usize, joins: &[u8]) -> bool {
    start == 0 || !(t[start - 1].is_ascii_alphanumeric() || joins.contains(&t[start - 1])) || escape::before(t, start).is_some()
}

/// The token behind a literal that announces one: at least so many characters, with a digit or padding.
pub(super) fn follows(t: &[u8], i: usize, least: usize) -> Option<Range<usize>> {
    let start = skip_blanks(t, i);
    let set = |b: u8| b.is_ascii_alphanumeric() || b"+/=_.~%-".contains(&b);
    let value = &t[start.min(t.len())..start + run(t, start, LOOK, set)];
    let fits = value.len() >= least
        && value.iter().any(|b| b.is_ascii_digit() || *b == b'=')
        && !is_no_secret(value)
        && !has_stand_in(value);
    fits.then(|| start..start + run(t, start, usize::MAX, set))
}

/// The token that begins with `word`, in this case, and has at least so many characters.
pub(super) fn prefixed(t: &[u8], start: usize, word: &str, least: usize) -> Option<Range<usize>> {
    if !is_free(t, start, b"_") || !t[start..].starts_with(word.as_bytes()) {
        return None;
    }
    // `sk-sk-sk-`: the last one may begin a token.
    if t[start + word.len()..].starts_with(word.as_bytes()) {
        return None;
    }
    let dots = word.ends_with('.');
    let set = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || dots && b == b'.';
    let look = run(t, start, least + SHOWN, set);
    let value = &t[start + word.len()..start + look.max(word.len())];
    let mixed = value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
    let fits = look >= least && (mixed || value.iter().any(u8::is_ascii_digit));
    fits.then(|| start..start + run(t, start, usize::MAX, set))
}

/// The secret key behind the id of an account of a cloud: `AKIA..:x`, `AKIA.. / x`, `AKIA..,x`.
pub(super) fn beside_id(t: &[u8], i: usize) -> Option<Range<usize>> {
    let between = run(t, i, 4, |b| matches!(b, b' ' | b'\t' | b':' | b'/' | b',' | b'"' | b'\'' | b'|' | b';'));
    let start = i + between;
    let value = start..start + run(t, start, 65, |b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b));
    let any = |f: fn(&u8) -> bool| t[value.clone()].iter().any(f);
    let mixed = any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase) && any(u8::is_ascii_digit);
    (between > 0 && (20..=64).contains(&value.len()) && mixed && !has_stand_in(&t[value.clone()])).then_some(value)
}

/// The rest of a path of which a part is a code of at least 18 letters and digits: `/hooks/id/code`.
pub(super) fn hook(t: &[u8], i: usize) -> Option<Range<usize>> {
    let value = i..i + run(t, i, LOOK, |b| b.is_ascii_alphanumeric() || b == b'/');
    let code = |part: &[u8]| part.len() >= 18 && part.iter().any(u8::is_ascii_digit) && part.iter().any(u8::is_ascii_alphabetic);
    let ends = !matches!(at(t, value.end), b'-' | b'_' | b'.');
    (ends && t[value.clone()].split(|b| *b == b'/').any(code)).then_some(value)
}

/// The hash of a password: `$id$salt$hash` or `{SCHEME}base64`.
pub(super) fn hash(t: &[u8], start: usize) -> Option<Range<usize>> {
    let end = start + run(t, start, LOOK, |b| b.is_ascii_alphanumeric() || b"./$=,+{}-_".contains(&b));
    let value = &t[start..end];
    let salted = at(t, start) == b'{' || memchr::memchr_iter(b'$', value).count() >= 3;
    (value.len() >= 20 && salted).then_some(start..end)
}

/// A JSON web token: three parts, of which the first is the start of a JSON object in base64.
pub(super) fn jwt(t: &[u8], start: usize) -> Option<Range<usize>> {
    if !is_free(t, start, b"_-") || !t[start..].starts_with(b"eyJ") {
        return None;
    }
    let mut end = start;
    for least in [8, 8, 0] {
        // In such a run no other token begins: each is looked at once.
        let part = run(t, end, usize::MAX, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if part < least {
            return None;
        }
        end += part;
        if least > 0 {
            if at(t, end) != b'.' {
                return None;
            }
            end += 1;
        }
    }
    Some(start..end)
}

/// The password of `user:password` that ends at `end`, as in `user:password@tcp(host)`.
pub(super) fn before_host(t: &[u8], end: usize) -> Option<Range<usize>> {
    let length = t[..end]
        .iter()
        .rev()
        .take(LOOK)
        .take_while(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'"' | b'\'' | b'=' | b'/' | 0))
        .count();
    let start = end - length;
    let colon = memchr::memchr(b':', &t[start..end])?;
    (!is_no_secret(&t[start + colon + 1..end])).then_some(start + colon + 1..end)
}
