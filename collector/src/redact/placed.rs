//! Secrets that their place in a call, a login or a record gives away.
//!
//! In: text and the place of a literal. Out: the secret's place. Each look is bounded; those over lines go over few and short
//! ones, which the next chunk is shown as well.

use std::ops::Range;

use super::{
    judge::{has_stand_in, is_no_secret, is_path, is_tokenlike},
    prefixes,
    rows::{line_start_of, lines_above, lines_below, rows_below},
    spoken::{is_strong, secret},
    token::in_token,
    value::{at, line_end, line_start, plain_end, skip_blanks},
};

/// So far from a literal a value is looked for.
const REACH: usize = 256;

fn run(t: &[u8], i: usize, limit: usize, set: impl Fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(limit).take_while(|b| set(**b)).count()
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'')
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
}

/// The last word of a line or of a quoted command, behind a literal in exactly this case: `"PASS x"`, `> PASS x`.
pub(super) fn spelled(t: &[u8], hit: Range<usize>, word: &str) -> Option<Range<usize>> {
    if &t[hit.clone()] != word.as_bytes() {
        return None;
    }
    let mut value = hit.end..plain_end(t, hit.end, true, REACH);
    if word.contains("AUTH") && at(t, value.end) == b' ' {
        // `AUTH name secret`
        value = value.end + 1..plain_end(t, value.end + 1, true, REACH);
    }
    let ends = matches!(at(t, value.end), b'\n' | b'\r' | b'"' | b'\'' | b'\\');
    let ftp = || memchr::memmem::find(&t[line_start(t, hit.start, REACH)..hit.start], b"FTP").is_some();
    (ends && (is_strong(&t[value.clone()]) || ftp())).then_some(value).and_then(|v| secret(t, v))
}

/// The argument with this number of a call whose bracket is before `i`: a string.
pub(super) fn argument(t: &[u8], i: usize, number: u8) -> Option<Range<usize>> {
    let end = line_end(t, i).min(i + 2 * REACH);
    let mut i = i;
    for n in 1..=number {
        i = skip_blanks(t, i).min(end);
        let quote = at(t, i);
        let value = if let Some(string) = prefixes::perl(t, i).filter(|_| n == number) {
            return secret(t, string);
        } else if is_quote(quote) && i < end {
            let mut close = i + 1;
            while close < end && t[close] != quote {
                close += if t[close] == b'\\' { 2 } else { 1 };
            }
            if close >= end {
                return None;
            }
            i + 1..close
        } else {
            i..i + run(t, i, end - i, |b| !matches!(b, b',' | b')' | b'"' | b'\''))
        };
        if n == number {
            let v = &t[value.clone()];
            return (is_quote(quote) && v.len() >= 4 && !v.starts_with(b"$")).then_some(value).and_then(|v| secret(t, v));
        }
        i = skip_blanks(t, value.end + usize::from(is_quote(quote))).min(end);
        if at(t, i) != b',' {
            return None;
        }
        i += 1;
    }
    None
}

/// The secret of `name/secret@database` behind a literal and signs.
pub(super) fn slash_login(t: &[u8], i: usize) -> Option<Range<usize>> {
    let i = i + run(t, i, 4, |b| matches!(b, b' ' | b'\t' | b'=' | b':' | b'"' | b'\''));
    let name = run(t, i, 32, |b| b.is_ascii_alphanumeric() || b"_$#.".contains(&b));
    let start = i + name + 1;
    if name == 0 || at(t, start - 1) != b'/' || !t[i].is_ascii_alphabetic() {
        return None;
    }
    let value =
        start..start + run(t, start, 128, |b| !matches!(b, b'@' | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'/' | b';' | 0));
    let sure = at(t, value.end) == b'@' && is_word(at(t, value.end + 1)) | matches!(at(t, value.end + 1), b'/' | b'(');
    let administrator = || {
        let rest = t.get(value.end..value.end + 7).unwrap_or(b"");
        rest.eq_ignore_ascii_case(b" as sys")
    };
    (!value.is_empty() && (sure || administrator())).then_some(value).and_then(|v| secret(t, v))
}

/// Names before a `:` that announce an address, not a secret.
const SCHEMES: [&[u8]; 12] =
    [b"mailto", b"sip", b"sips", b"xmpp", b"to", b"from", b"cc", b"acct", b"user", b"email", b"git", b"rsync"];

/// The secret of `name:secret@host:port`, `name:secret@(host)/db` or `name/secret@host:port` whose `@` is at `sign`.
pub(super) fn before_host(t: &[u8], sign: usize) -> Option<Range<usize>> {
    let inner = usize::from(at(t, sign + 1) == b'(');
    let host = run(t, sign + 1 + inner, 128, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let behind = sign + 1 + inner + host;
    let port = run(t, behind + 1, 6, |b| b.is_ascii_digit());
    let ported = at(t, behind) == b':' && (1..6).contains(&port) && !is_word(at(t, behind + 1 + port));
    let named = at(t, behind) == b'/' && at(t, behind + 1).is_ascii_alphabetic();
    // The digest of an image: `name:1.2@sha256:..`.
    let digest = t[sign + 1..].starts_with(b"sha");
    if host == 0 || digest || !(ported || named) {
        return None;
    }
    let local = t[..sign]
        .iter()
        .rev()
        .take(128)
        .take_while(|b| {
            !b.is_ascii_whitespace()
                && !matches!(b, b'"' | b'\'' | b'=' | b'/' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';')
                && !matches!(b, b'|' | b'&' | b'\\' | b'`' | 0 | 128..)
        })
        .count();
    let start = sign - local;
    let account = |name: &[u8]| {
        name.first().is_some_and(u8::is_ascii_alphabetic)
            && name.len() <= 32
            && name.iter().all(|b| is_word(*b))
            && !SCHEMES.iter().any(|s| name.eq_ignore_ascii_case(s))
    };
    let value = match memchr::memchr(b':', &t[start..sign]) {
        Some(colon) if account(&t[start..start + colon]) => start + colon + 1..sign,
        None if ported && start > 0 && t[start - 1] == b'/' => {
            let name = t[..start - 1].iter().rev().take(33).take_while(|b| is_word(**b)).count();
            let from = start - 1 - name;
            let free = from == 0 || matches!(t[from - 1], b' ' | b'\t' | b'\n' | b'"' | b'\'' | b'=' | b'(' | b':');
            if !(free && account(&t[from..start - 1])) {
                return None;
            }
            start..sign
        }
        _ => return None,
    };
    is_strong(&t[value.clone()]).then_some(value).and_then(|v| secret(t, v))
}

/// The value of `NAME=value` behind an option that says that all such values are secret.
pub(super) fn entry(t: &[u8], i: usize) -> Option<Range<usize>> {
    let i = i + run(t, i, 4, |b| matches!(b, b' ' | b'=' | b'"' | b'\''));
    let sign = i + run(t, i, 128, is_word);
    if sign == i || at(t, sign) != b'=' {
        return None;
    }
    let start = sign + 1 + run(t, sign + 1, 1, is_quote);
    secret(t, start..plain_end(t, start, false, REACH))
}

/// Exactly so many digits of hexadecimal behind a literal.
pub(super) fn digits(t: &[u8], i: usize, count: usize) -> Option<Range<usize>> {
    let found = run(t, i, count + 1, |b| b.is_ascii_hexdigit());
    (found == count && (!is_word(at(t, i + count)) || at(t, i + count) == b'-')).then_some(i..i + count)
}

/// What is behind a directive that begins its line, to the line's end or to a comment: more than one word.
pub(super) fn rest(t: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let lead = &t[line_start_of(t, hit.start)?..hit.start];
    let start = skip_blanks(t, hit.end);
    if !lead.trim_ascii().is_empty() || start == hit.end {
        return None;
    }
    let line = &t[start..line_end(t, start)];
    let line = line[..memchr::memmem::find(line, b" #").unwrap_or(line.len())].trim_ascii_end();
    let words = line.split(|b| matches!(b, b' ' | b'\t')).filter(|w| !w.is_empty()).count();
    let plain = !line.iter().any(|b| matches!(b, b'"' | b'\'' | b'=' | b':' | b'{'));
    let first = line.split(|b| matches!(b, b' ' | b'\t')).next().unwrap_or(b"");
    ((2..5).contains(&words) && plain && !is_no_secret(first)).then_some(start..start + line.len()).and_then(|v| secret(t, v))
}

/// The hashes of a record of Samba or of a dump of accounts, which end where the literal begins: one or two of 32 digits.
pub(super) fn hashes_before(t: &[u8], end: usize) -> Option<Range<usize>> {
    let hash = |end: usize| {
        let start = end.checked_sub(32)?;
        let v = &t[start..end];
        let digits = v.iter().all(u8::is_ascii_hexdigit) && v.iter().any(u8::is_ascii_digit);
        (digits && start > 0 && t[start - 1] == b':').then_some(start)
    };
    let start = hash(end)?;
    Some(hash(start - 1).unwrap_or(start)..end)
}

/// The secret of the account in `user_NAME="secret"`, as logins of ZooKeeper and Kafka list them.
pub(super) fn listed_account(t: &[u8], i: usize) -> Option<Range<usize>> {
    const OTHERS: [&[u8]; 14] = [
        b"agent",
        b"name",
        b"id",
        b"group",
        b"type",
        b"role",
        b"email",
        b"home",
        b"dir",
        b"base",
        b"filter",
        b"class",
        b"attr",
        b"attribute",
    ];
    let sign = i + run(t, i, 64, is_word);
    let quote = at(t, sign + 1);
    if sign == i || at(t, sign) != b'=' || !is_quote(quote) || OTHERS.contains(&&t[i..sign]) {
        return None;
    }
    let start = sign + 2;
    let end = start + memchr::memchr(quote, &t[start.min(t.len())..line_end(t, start).min(t.len())])?;
    let lead = &t[line_start(t, i, 2 * REACH)..i - 5];
    let rest = t[end + 1..line_end(t, end + 1)].trim_ascii();
    let alone = lead.iter().all(|b| matches!(b, b' ' | b'\t')) && lead.len() > 1 && matches!(rest, b"" | b";");
    let module = memchr::memmem::find(lead, b"oginModule").is_some();
    let value = start..end;
    ((alone || module) && end - start >= 4 && !t[value.clone()].contains(&b' ')).then_some(value).and_then(|v| secret(t, v))
}

/// What a script sends where it was asked for a password: `send "x\r"` behind `expect "assword"`.
pub(super) fn sent(t: &[u8], hit: Range<usize>) -> Option<Range<usize>> {
    let quote = t[hit.end - 1];
    let asked = lines_above(t, hit.start, 2)
        .is_some_and(|from| [&b"assword"[..], b"assphrase"].iter().any(|w| says(&t[from..hit.start], w)));
    if !asked {
        return None;
    }
    let start = hit.end;
    let end = start + memchr::memchr(quote, &t[start..line_end(t, start).min(start + REACH)])?;
    let length = memchr::memmem::find(&t[start..end], b"\\").unwrap_or(end - start);
    let v = &t[start..start + length];
    (v.len() >= 4 && !v.starts_with(b"$")).then_some(start..start + length).and_then(|v| secret(t, v))
}

/// Whether the word is in the text, not as a part of a stand-in.
fn says(t: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find_iter(t, word).any(|n| !in_token(t, n))
}

/// The password that a program asks for when it has read the line of `i`: in a script the next line, or so many below, or what
/// is written as the next line in the same one.
pub(super) fn line_below(t: &[u8], i: usize, number: u8) -> Option<Range<usize>> {
    const PROMPTS: [&[u8]; 4] = [b"Password", b"ktutil:", b"addent", b"#"];
    let rest = &t[i..line_end(t, i).min(i + REACH)];
    let same = memchr::memmem::find(rest, b"\\n").map(|n| n + 2).or_else(|| memchr::memmem::find(rest, b"\" '").map(|n| n + 3));
    if let Some(start) = same {
        let length = rest[start..].iter().take_while(|b| !matches!(b, b'\\' | b'"' | b'\'')).count();
        return secret(t, i + start..i + start + length);
    }
    let line = lines_below(t, i).nth(usize::from(number) - 1)?;
    let v = &t[line.clone()];
    (v.len() >= 4 && !v.starts_with(b"<") && !PROMPTS.iter().any(|p| v.starts_with(p))).then_some(line).and_then(|v| secret(t, v))
}

/// The secrets of `name:secret` in the lines below. Tells how far it looked.
pub(super) fn accounts_below(t: &[u8], i: usize, found: &mut dyn FnMut(Range<usize>)) -> usize {
    let mut seen = i;
    for line in rows_below(t, i) {
        seen = line.end;
        let name = run(t, line.start, 33, |b| is_word(b) || b == b'$');
        let start = line.start + name + 1;
        if name == 0 || at(t, start - 1) != b':' || t[line.clone()].contains(&b' ') {
            break;
        }
        if let Some(value) = secret(t, start..line.end) {
            found(value);
        }
    }
    seen
}

/// The part with this number of the value behind a literal, which a sign parts.
pub(super) fn part(t: &[u8], i: usize, sign: u8, number: u8) -> Option<Range<usize>> {
    let start = i + run(t, i, 8, |b| matches!(b, b' ' | b'\t' | b'='));
    let end = line_end(t, i).min(i + REACH);
    let mut parts = start..start;
    for n in 1..=number {
        let from = if n == 1 { start } else { parts.end + 1 };
        if from > end {
            return None;
        }
        parts = from..memchr::memchr(sign, &t[from..end]).map_or(end, |n| from + n);
    }
    let v = &t[parts.clone()];
    let lead = v.len() - v.trim_ascii_start().len();
    let length = v.trim_ascii().split(|b| *b == b';').next().unwrap_or(b"").len();
    secret(t, parts.start + lead..parts.start + lead + length)
}

/// The new word of a statement that replaces a password: `identified by x replace y`.
pub(super) fn replaced(t: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let lead = t[line_start(t, hit.start, REACH)..hit.start].to_ascii_lowercase();
    memchr::memmem::find(&lead, b"identified by")?;
    let start = hit.end + run(t, hit.end, 1, is_quote);
    secret(t, start..plain_end(t, start, false, REACH)).map(|v| {
        let length = t[v.clone()].iter().rposition(|b| *b != b';').map_or(0, |n| n + 1);
        v.start..v.start + length
    })
}

/// The secret in quotes behind `*` in a line `client * "secret" addresses`.
pub(super) fn chap(t: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let lead = t[line_start(t, hit.start, REACH)..hit.start].trim_ascii();
    let client = !lead.is_empty() && !lead.iter().any(u8::is_ascii_whitespace);
    let close = hit.end + memchr::memchr(b'"', &t[hit.end..line_end(t, hit.end)])?;
    let rest = t[close + 1..line_end(t, close + 1)].trim_ascii();
    let addresses = rest.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'*' | b'.' | b':' | b'/' | b' ' | b'-'));
    (client && addresses).then_some(hit.end..close).and_then(|v| secret(t, v))
}

/// The value of a cookie in a line of a browser's file, behind the field that says whether it needs encryption.
pub(super) fn kept_cookie(t: &[u8], i: usize) -> Option<Range<usize>> {
    let number = run(t, i, 16, |b| b.is_ascii_digit());
    let name = i + number + 1;
    let length = run(t, name, 64, is_word);
    let start = name + length + 1;
    if number == 0 || at(t, name - 1) != b'\t' || length == 0 || at(t, start - 1) != b'\t' {
        return None;
    }
    let end = line_end(t, start);
    let value = start..start + t[start.min(end)..end].trim_ascii_end().len();
    let v = &t[value.clone()];
    (v.len() >= 16 && is_tokenlike(v) && !is_harmless(&t[name..name + length])).then_some(value).and_then(|v| secret(t, v))
}

/// The value of a numbered key: `Unseal Key 1: x`.
pub(super) fn numbered(t: &[u8], i: usize) -> Option<Range<usize>> {
    let i = skip_blanks(t, i);
    let i = i + run(t, i, 2, |b| b.is_ascii_digit());
    if at(t, i) != b':' {
        return None;
    }
    let start = skip_blanks(t, i + 1);
    let value = start..plain_end(t, start, false, REACH);
    is_tokenlike(&t[value.clone()]).then_some(value).and_then(|v| secret(t, v))
}

/// The passphrase in the text of a code to scan: `WIFI:T:WPA;S:name;P:secret;;`.
pub(super) fn wifi_code(t: &[u8], i: usize) -> Option<Range<usize>> {
    let end = line_end(t, i).min(i + REACH);
    let start = i + memchr::memmem::find(&t[i..end], b";P:")? + 3;
    let mut close = start;
    while close < end && !matches!(t[close], b';' | b'"') {
        close += if t[close] == b'\\' { 2 } else { 1 };
    }
    (close < end).then_some(start..close).and_then(|v| secret(t, v))
}

/// Cookies that say nothing of who is logged in.
const HARMLESS: [&[u8]; 10] = [b"_ga", b"_gid", b"_gat", b"_utm", b"Hm_l", b"expires", b"path", b"domain", b"lang", b"theme"];

fn is_harmless(name: &[u8]) -> bool {
    HARMLESS.iter().any(|h| name.get(..h.len()).is_some_and(|n| n.eq_ignore_ascii_case(h)))
}

/// The values of a header with cookies that look like those of sessions.
pub(super) fn cookies(t: &[u8], i: usize, found: &mut dyn FnMut(Range<usize>)) {
    let end = line_end(t, i).min(i + 2048);
    let mut i = i + run(t, i, 8, |b| matches!(b, b' ' | b'"' | b'\'' | b':' | b'=' | b'\\'));
    while i < end {
        i = skip_blanks(t, i).min(end);
        let name = run(t, i, 64, is_word);
        let sign = i + name;
        if name == 0 || at(t, sign) != b'=' {
            break;
        }
        let start = sign + 1;
        let value = start..start + run(t, start, end - start, |b| b.is_ascii_alphanumeric() || b"+/=_.~%-:!*|".contains(&b));
        let v = &t[value.clone()];
        if !is_harmless(&t[i..sign]) && v.len() >= 16 && is_tokenlike(v) && !is_no_secret(v) && !is_path(v) {
            found(value.clone());
        }
        i = value.end;
        if at(t, i) != b';' {
            break;
        }
        i += 1;
    }
}

/// The tokens of the flat map or list that opens behind a key, in one line or below it. Tells how far it looked.
pub(super) fn tokens(t: &[u8], i: usize, found: &mut dyn FnMut(Range<usize>)) -> usize {
    let open = i + run(t, i, 8, |b| matches!(b, b'"' | b'\'' | b' ' | b':' | b'=' | b'\\'));
    let map = match at(t, open) {
        b'{' => true,
        b'[' => false,
        b'\n' | b'\r' if t[..open].ends_with(b":") => return items(t, i, found),
        _ => return i,
    };
    let close = if map { b'}' } else { b']' };
    let mut lines = rows_below(t, open);
    let mut line = open + 1..line_end(t, open).min(open + 1 + 4 * REACH);
    loop {
        // Flat: another bracket ends it too, so that hostile repetition stays linear.
        let end = memchr::memchr3(close, b'[', b'{', &t[line.clone()]).map_or(line.end, |n| line.start + n);
        let mut from = line.start;
        loop {
            let sign =
                if map { t[from..end].iter().position(|b| matches!(b, b':' | b'=')).map(|n| from + n + 1) } else { Some(from) };
            let Some(start) = sign else { break };
            let start = start + run(t, start, 4, |b| matches!(b, b' ' | b'"' | b'\'' | b'\\' | b','));
            let value = start..start + run(t, start, 256, |b| is_word(b) || matches!(b, b'+' | b'/' | b'='));
            // `"js-tokens": {"integrity": "sha512-.."}` is a list of packages.
            let checksum = t[value.clone()].starts_with(b"sha") && t[value.clone()].contains(&b'-');
            if value.len() >= 16
                && is_quote(t[value.start - 1])
                && is_tokenlike(&t[value.clone()])
                && value.end <= end
                && !checksum
            {
                found(value.clone());
            }
            from = value.end.max(start + 1);
            if from >= end {
                break;
            }
        }
        if end < line.end {
            break;
        }
        // Below, a line is one entry and nothing else.
        let Some(next) = lines.next() else { break };
        let quotes = memchr::memchr_iter(b'"', &t[next.clone()]).count();
        let last = t[next.clone()].starts_with(&[close]);
        let whole = t[next.clone()].trim_ascii_end();
        let whole = whole.strip_suffix(b",").unwrap_or(whole);
        if last || !whole.ends_with(b"\"") || quotes > 4 || has_stand_in(&t[next.clone()]) || t[next.clone()].contains(&b'{') {
            break;
        }
        line = next;
    }
    line.end
}

/// The tokens of a list of YAML in the lines below. Tells how far it looked.
fn items(t: &[u8], i: usize, found: &mut dyn FnMut(Range<usize>)) -> usize {
    let mut seen = i;
    for line in rows_below(t, i).take_while(|line| t[line.clone()].starts_with(b"- ")) {
        seen = line.end;
        let start = line.start + 2 + run(t, line.start + 2, 4, |b| matches!(b, b' ' | b'"' | b'\''));
        let value = start..start + run(t, start, 256, |b| is_word(b) || matches!(b, b'+' | b'/' | b'='));
        if value.len() >= 16 && is_tokenlike(&t[value.clone()]) {
            found(value);
        }
    }
    seen
}
