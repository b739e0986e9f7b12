//! Credentials that are known by how they begin: what issuers give out, and hashes of passwords.
//!
//! In: a place where one of the beginnings stands. Out: where the credential ends, if length and alphabet are right.

use std::ops::Range;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use super::Kind;
use crate::redact::in_token;

/// Checks what stands behind a beginning: start of the beginning, its end. Gives the end of the value.
type Check = fn(&mut Walk<'_>, usize, usize) -> Option<usize>;

/// Beginning, kind, check.
pub(super) const ROWS: &[(&str, Kind, Check)] = &[
    ("AKIA", Kind::ProviderToken, |w, start, i| exactly(w, start, i, 16, Upper)),
    ("ASIA", Kind::ProviderToken, |w, start, i| exactly(w, start, i, 16, Upper)),
    ("LTAI", Kind::ProviderToken, |w, start, i| between(w, start, i, 12, 28, Alnum)),
    ("AKID", Kind::ProviderToken, |w, start, i| between(w, start, i, 28, 48, Alnum)),
    ("AIza", Kind::ProviderToken, |w, start, i| exactly(w, start, i, 35, Url)),
    ("ghp_", Kind::ProviderToken, |w, start, i| between(w, start, i, 36, 255, Alnum)),
    ("gho_", Kind::ProviderToken, |w, start, i| between(w, start, i, 36, 255, Alnum)),
    ("ghu_", Kind::ProviderToken, |w, start, i| between(w, start, i, 36, 255, Alnum)),
    ("ghs_", Kind::ProviderToken, |w, start, i| between(w, start, i, 36, 255, Alnum)),
    ("ghr_", Kind::ProviderToken, |w, start, i| between(w, start, i, 36, 255, Alnum)),
    ("github_pat_", Kind::ProviderToken, |w, start, i| between(w, start, i, 40, 255, Word)),
    ("glpat-", Kind::ProviderToken, |w, start, i| between(w, start, i, 20, 300, Url)),
    ("xoxb-", Kind::ProviderToken, |w, start, i| between(w, start, i, 20, 255, Url)),
    ("xoxa-", Kind::ProviderToken, |w, start, i| between(w, start, i, 20, 255, Url)),
    ("xoxp-", Kind::ProviderToken, |w, start, i| between(w, start, i, 20, 255, Url)),
    ("sk-", Kind::ProviderToken, |w, start, i| between(w, start, i, 32, 255, Alnum)),
    ("sk-ant-", Kind::ProviderToken, |w, start, i| between(w, start, i, 24, 255, Url)),
    ("sk-proj-", Kind::ProviderToken, |w, start, i| between(w, start, i, 24, 255, Url)),
    ("hvs.", Kind::ProviderToken, |w, start, i| between(w, start, i, 24, 255, Url)),
    ("npm_", Kind::ProviderToken, |w, start, i| exactly(w, start, i, 36, Alnum)),
    ("pypi-", Kind::ProviderToken, |w, start, i| between(w, start, i, 50, 500, Url)),
    ("SG.", Kind::ProviderToken, sendgrid),
    ("eyJ", Kind::ProviderToken, jwt),
    ("LS0tLS1CRUdJTi", Kind::PrivateKey, wrapped_key),
    ("$1$", Kind::PwHash, |w, _, i| crypt(w, i, 22)),
    ("$5$", Kind::PwHash, |w, _, i| crypt(w, i, 43)),
    ("$6$", Kind::PwHash, |w, _, i| crypt(w, i, 86)),
    ("$y$", Kind::PwHash, |w, _, i| crypt(w, i, 43)),
    ("$apr1$", Kind::PwHash, |w, _, i| crypt(w, i, 22)),
    ("$2a$", Kind::PwHash, |w, _, i| crypt(w, i, 53)),
    ("$2b$", Kind::PwHash, |w, _, i| crypt(w, i, 53)),
    ("$2y$", Kind::PwHash, |w, _, i| crypt(w, i, 53)),
    ("{SSHA}", Kind::PwHash, |w, _, i| digest(w, i)),
    ("{SSHA256}", Kind::PwHash, |w, _, i| digest(w, i)),
    ("{SSHA512}", Kind::PwHash, |w, _, i| digest(w, i)),
    ("{SMD5}", Kind::PwHash, |w, _, i| digest(w, i)),
    ("grub.pbkdf2.sha512.", Kind::PwHash, grub),
];

/// Alphabets of values.
#[derive(Clone, Copy)]
enum Set {
    Upper,
    Alnum,
    Word,
    /// That of base64 in URLs.
    Url,
    Base64,
    Crypt,
    Digits,
    HexDots,
}
use Set::{Alnum, Base64, Crypt, Digits, HexDots, Upper, Url, Word};

impl Set {
    fn holds(self, b: u8) -> bool {
        match self {
            Upper => b.is_ascii_uppercase() || b.is_ascii_digit(),
            Alnum => alnum(b),
            Word => alnum(b) || b == b'_',
            Url => alnum(b) || matches!(b, b'_' | b'-'),
            Base64 => alnum(b) || matches!(b, b'+' | b'/' | b'='),
            Crypt => alnum(b) || matches!(b, b'.' | b'/' | b'$' | b'=' | b','),
            Digits => b.is_ascii_digit(),
            HexDots => b.is_ascii_hexdigit() || b == b'.',
        }
    }
}

fn alnum(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

/// A text on the way from left to right, and what was measured of it: where beginnings follow each other in one run of an
/// alphabet, its end is looked for once.
pub(super) struct Walk<'a> {
    t: &'a [u8],
    /// The runs of each alphabet measured last; a value has three parts at most.
    runs: [[Range<usize>; 3]; HexDots as usize + 1],
    /// Up to here there is no digit, or no letter, and no look finds one.
    plain: Range<usize>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(t: &'a [u8]) -> Walk<'a> {
        Walk { t, runs: Default::default(), plain: 0..0 }
    }

    /// Where the bytes of an alphabet end that begin at `i`.
    fn end(&mut self, i: usize, set: Set) -> usize {
        let runs = &mut self.runs[set as usize];
        if let Some(run) = runs.iter().find(|run| run.contains(&i)) {
            return run.end;
        }
        let rest = self.t.get(i..).unwrap_or_default();
        let run = i..i + rest.iter().take_while(|b| set.holds(**b)).count();
        let end = run.end;
        if let Some(first) = runs.iter_mut().min_by_key(|run| run.end) {
            *first = run;
        }
        end
    }

    /// Whether a value that begins at `start` is no part of a longer word.
    fn begins(&self, start: usize) -> bool {
        start == 0 || !alnum(self.t[start - 1])
    }

    fn is(&self, i: usize, b: u8) -> bool {
        self.t.get(i) == Some(&b)
    }

    /// Letters and digits, as random characters are, and none of our stand-ins.
    fn is_mixed(&mut self, value: Range<usize>) -> bool {
        if self.plain.contains(&value.start) && value.end <= self.plain.end {
            return false;
        }
        let bytes = &self.t[value.clone()];
        let mixed = bytes.iter().any(u8::is_ascii_digit) && bytes.iter().any(u8::is_ascii_alphabetic);
        if !mixed {
            self.plain = value;
            return false;
        }
        !memchr::memmem::find_iter(bytes, b"OEr-").any(|n| in_token(bytes, n))
    }
}

fn exactly(w: &mut Walk<'_>, start: usize, i: usize, length: usize, set: Set) -> Option<usize> {
    let end = if w.begins(start) { w.end(i, set) } else { return None };
    let ends = !w.t.get(end).is_some_and(|b| alnum(*b));
    (end == i + length && ends && w.is_mixed(i..end)).then_some(end)
}

fn between(w: &mut Walk<'_>, start: usize, i: usize, least: usize, most: usize, set: Set) -> Option<usize> {
    let end = if w.begins(start) { w.end(i, set) } else { return None };
    ((least..=most).contains(&(end - i)) && w.is_mixed(i..end)).then_some(end)
}

fn sendgrid(w: &mut Walk<'_>, start: usize, i: usize) -> Option<usize> {
    let first = if w.begins(start) { w.end(i, Url) } else { return None };
    if first - i != 22 || !w.is(first, b'.') {
        return None;
    }
    let second = w.end(first + 1, Url);
    (second - first == 44).then_some(second)
}

/// Three parts, of which the first two are JSON objects.
fn jwt(w: &mut Walk<'_>, start: usize, i: usize) -> Option<usize> {
    if !w.begins(start) {
        return None;
    }
    let second = w.end(i, Url);
    if second - i < 12 || !w.t[second..].starts_with(b".eyJ") {
        return None;
    }
    let third = w.end(second + 1, Url);
    if !w.is(third, b'.') {
        return None;
    }
    let end = w.end(third + 1, Url);
    (end >= third + 11).then_some(end)
}

/// A key with its label in base64, as kubeconfig files hold it.
fn wrapped_key(w: &mut Walk<'_>, start: usize, i: usize) -> Option<usize> {
    let end = w.end(i, Base64);
    let head = w.t.get(start..end.min(start + 80))?;
    let plain = BASE64_STANDARD_NO_PAD.decode(&head[..head.len() / 4 * 4]).ok()?;
    memchr::memmem::find(&plain, b"PRIVATE KEY").map(|_| end)
}

/// Salt and cost, then the last part, in the alphabet of crypt.
fn crypt(w: &mut Walk<'_>, i: usize, length: usize) -> Option<usize> {
    let end = w.end(i, Crypt);
    let last = end.checked_sub(length).filter(|last| *last > i)?;
    (w.t[last - 1] == b'$' && !w.t[last..end].contains(&b'$')).then_some(end)
}

fn digest(w: &mut Walk<'_>, i: usize) -> Option<usize> {
    let end = w.end(i, Base64);
    (end >= i + 24 && w.is_mixed(i..end)).then_some(end)
}

/// Rounds, salt, hash.
fn grub(w: &mut Walk<'_>, _: usize, i: usize) -> Option<usize> {
    let rounds = w.end(i, Digits);
    if rounds == i || !w.is(rounds, b'.') {
        return None;
    }
    let end = w.end(rounds + 1, HexDots);
    (end >= rounds + 65).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_measured_once_for_all_beginnings_in_it() {
        let text = b"-eyJ".repeat(5000);
        let mut walk = Walk::new(&text);
        for start in (1..text.len()).step_by(4) {
            assert_eq!(jwt(&mut walk, start, start + 3), None);
        }
        assert!(walk.runs[Url as usize].contains(&(4..text.len())), "the first look has seen it all");
    }
}
