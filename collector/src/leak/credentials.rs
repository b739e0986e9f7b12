//! Credentials that are known by how they begin: what issuers give out, and hashes of passwords.
//!
//! In: a place where one of the beginnings stands. Out: where the credential ends, if length and alphabet are right.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use super::Kind;

/// Checks what stands behind a beginning: text, start of the beginning, its end. Gives the end of the value.
type Check = fn(&[u8], usize, usize) -> Option<usize>;

/// Beginning, kind, check.
pub(super) const ROWS: &[(&str, Kind, Check)] = &[
    ("AKIA", Kind::ProviderToken, |t, start, i| exactly(t, start, i, 16, upper)),
    ("ASIA", Kind::ProviderToken, |t, start, i| exactly(t, start, i, 16, upper)),
    ("LTAI", Kind::ProviderToken, |t, start, i| between(t, start, i, 12, 28, alnum)),
    ("AKID", Kind::ProviderToken, |t, start, i| between(t, start, i, 28, 48, alnum)),
    ("AIza", Kind::ProviderToken, |t, start, i| exactly(t, start, i, 35, url)),
    ("ghp_", Kind::ProviderToken, |t, start, i| between(t, start, i, 36, 255, alnum)),
    ("gho_", Kind::ProviderToken, |t, start, i| between(t, start, i, 36, 255, alnum)),
    ("ghu_", Kind::ProviderToken, |t, start, i| between(t, start, i, 36, 255, alnum)),
    ("ghs_", Kind::ProviderToken, |t, start, i| between(t, start, i, 36, 255, alnum)),
    ("ghr_", Kind::ProviderToken, |t, start, i| between(t, start, i, 36, 255, alnum)),
    ("github_pat_", Kind::ProviderToken, |t, start, i| between(t, start, i, 40, 255, word)),
    ("glpat-", Kind::ProviderToken, |t, start, i| between(t, start, i, 20, 300, url)),
    ("xoxb-", Kind::ProviderToken, |t, start, i| between(t, start, i, 20, 255, url)),
    ("xoxa-", Kind::ProviderToken, |t, start, i| between(t, start, i, 20, 255, url)),
    ("xoxp-", Kind::ProviderToken, |t, start, i| between(t, start, i, 20, 255, url)),
    ("sk-", Kind::ProviderToken, |t, start, i| between(t, start, i, 32, 255, alnum)),
    ("sk-ant-", Kind::ProviderToken, |t, start, i| between(t, start, i, 24, 255, url)),
    ("sk-proj-", Kind::ProviderToken, |t, start, i| between(t, start, i, 24, 255, url)),
    ("hvs.", Kind::ProviderToken, |t, start, i| between(t, start, i, 24, 255, url)),
    ("npm_", Kind::ProviderToken, |t, start, i| exactly(t, start, i, 36, alnum)),
    ("pypi-", Kind::ProviderToken, |t, start, i| between(t, start, i, 50, 500, url)),
    ("SG.", Kind::ProviderToken, sendgrid),
    ("eyJ", Kind::ProviderToken, jwt),
    ("LS0tLS1CRUdJTi", Kind::PrivateKey, wrapped_key),
    ("$1$", Kind::PwHash, |t, _, i| crypt(t, i, 22)),
    ("$5$", Kind::PwHash, |t, _, i| crypt(t, i, 43)),
    ("$6$", Kind::PwHash, |t, _, i| crypt(t, i, 86)),
    ("$y$", Kind::PwHash, |t, _, i| crypt(t, i, 43)),
    ("$apr1$", Kind::PwHash, |t, _, i| crypt(t, i, 22)),
    ("$2a$", Kind::PwHash, |t, _, i| crypt(t, i, 53)),
    ("$2b$", Kind::PwHash, |t, _, i| crypt(t, i, 53)),
    ("$2y$", Kind::PwHash, |t, _, i| crypt(t, i, 53)),
    ("{SSHA}", Kind::PwHash, |t, _, i| digest(t, i)),
    ("{SSHA256}", Kind::PwHash, |t, _, i| digest(t, i)),
    ("{SSHA512}", Kind::PwHash, |t, _, i| digest(t, i)),
    ("{SMD5}", Kind::PwHash, |t, _, i| digest(t, i)),
    ("grub.pbkdf2.sha512.", Kind::PwHash, grub),
];

/// Nothing longer is looked at.
const REACH: usize = 4096;

fn upper(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit()
}

fn alnum(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn word(b: u8) -> bool {
    alnum(b) || b == b'_'
}

/// The alphabet of base64 in URLs.
fn url(b: u8) -> bool {
    word(b) || b == b'-'
}

fn base64(b: u8) -> bool {
    alnum(b) || matches!(b, b'+' | b'/' | b'=')
}

/// Bytes from `i` on that are of an alphabet.
fn run(t: &[u8], i: usize, set: fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(REACH).take_while(|b| set(**b)).count()
}

/// Whether a value that begins at `start` is no part of a longer word.
fn begins(t: &[u8], start: usize) -> bool {
    start == 0 || !alnum(t[start - 1])
}

fn exactly(t: &[u8], start: usize, i: usize, length: usize, set: fn(u8) -> bool) -> Option<usize> {
    let run = run(t, i, set);
    let ends = !t.get(i + run).is_some_and(|b| alnum(*b));
    (run == length && ends && begins(t, start) && mixed(&t[i..i + run])).then_some(i + run)
}

fn between(t: &[u8], start: usize, i: usize, least: usize, most: usize, set: fn(u8) -> bool) -> Option<usize> {
    let run = run(t, i, set);
    ((least..=most).contains(&run) && begins(t, start) && mixed(&t[i..i + run])).then_some(i + run)
}

/// Letters and digits, as random characters are, and none of our stand-ins.
fn mixed(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
        && memchr::memmem::find(value, b"OEr-").is_none()
}

fn sendgrid(t: &[u8], start: usize, i: usize) -> Option<usize> {
    let first = run(t, i, url);
    let second = run(t, i + first + 1, url);
    let dot = t.get(i + first) == Some(&b'.');
    (begins(t, start) && dot && first == 22 && second == 43).then_some(i + first + 1 + second)
}

/// Three parts, of which the first two are JSON objects.
fn jwt(t: &[u8], start: usize, i: usize) -> Option<usize> {
    let second = i + run(t, i, url);
    let third = second + 1 + run(t, second + 1, url);
    let end = third + 1 + run(t, third + 1, url);
    let dots = t.get(second) == Some(&b'.') && t.get(third) == Some(&b'.');
    let object = t.get(second + 1..).is_some_and(|rest| rest.starts_with(b"eyJ"));
    (begins(t, start) && dots && object && second - i >= 12 && end >= third + 11).then_some(end)
}

/// A key with its label in base64, as kubeconfig files hold it.
fn wrapped_key(t: &[u8], start: usize, i: usize) -> Option<usize> {
    let end = i + run(t, i, base64);
    let head = t.get(start..end.min(start + 80))?;
    let plain = BASE64_STANDARD_NO_PAD.decode(&head[..head.len() / 4 * 4]).ok()?;
    memchr::memmem::find(&plain, b"PRIVATE KEY").map(|_| end)
}

/// Salt and cost, then the last part, in the alphabet of crypt.
fn crypt(t: &[u8], i: usize, length: usize) -> Option<usize> {
    let run = run(t, i, |b| alnum(b) || matches!(b, b'.' | b'/' | b'$' | b'=' | b','));
    let value = &t[i..i + run];
    let last = value.rsplit(|b| *b == b'$').next()?;
    (last.len() == length && run > length).then_some(i + run)
}

fn digest(t: &[u8], i: usize) -> Option<usize> {
    let run = run(t, i, base64);
    (run >= 24 && mixed(&t[i..i + run])).then_some(i + run)
}

/// Rounds, salt, hash.
fn grub(t: &[u8], _: usize, i: usize) -> Option<usize> {
    let rounds = run(t, i, |b| b.is_ascii_digit());
    let rest = run(t, i + rounds + 1, |b| b.is_ascii_hexdigit() || b == b'.');
    (rounds > 0 && t.get(i + rounds) == Some(&b'.') && rest >= 64).then_some(i + rounds + 1 + rest)
}
