//! Keys and directives with their values: a part of scan A.
//!
//! In: the place of a literal. Out: spans, and where to go on.

use std::ops::Range;

use super::{
    account,
    below::{self, Place},
    escape,
    judge::{has_stand_in, is_grouped, is_no_secret, is_path, is_tokenlike},
    kinds::Kind,
    listed, lists,
    rules::{Bound, Rule, Test},
    scalar,
    scan::{Literals, begins_word, push},
    span::Span,
    spoken::{is_strong, secret},
    structure::{base64, percent, siblings, xml},
    system, tables,
    value::{self, Between, Style, Value, at, is_name, line_end, skip_blanks},
};
use crate::failpoint;

/// So much of a token in a header shows that it is one.
const SHOWN: usize = 96;

impl Literals<'_> {
    /// A literal that ends a key.
    pub(super) fn key(&self, rule: &Rule, hit: Range<usize>, bound: Bound, test: Test, spans: &mut Vec<Span>) -> usize {
        failpoint::panics("redact.key");
        let t = self.text;
        let literal = &t[hit.clone()];
        // Some literals hold their sign or quote, so that short words are not hit everywhere.
        let mut end = hit.start + literal.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |n| n + 1);
        if bound == Bound::Word && !begins_word(t, hit.start) {
            return hit.end;
        }
        let numbered = t[end.min(t.len())..].iter().take(2).take_while(|b| b.is_ascii_digit()).count();
        end += numbered;
        let credential = !matches!(test, Test::Account | Test::Degrees | Test::Login);
        if rule.word.ends_with('.') {
            // `account.key.NAME.windows.net`
            end += t[end.min(t.len())..].iter().take(128).take_while(|b| is_name(**b)).count();
        }
        if is_name(at(t, end)) {
            end += if credential { value::suffix(t, end) } else { 0 };
            if is_name(at(t, end)) {
                return hit.end;
            }
        }
        let mut start = hit.start;
        while start > 0 && is_name(t[start - 1]) && hit.start - start < 64 {
            start -= 1;
        }
        start = escape::past(t, start).min(hit.start);
        let option = t[start] == b'-' && at(t, start + 1) != b' ';
        // `define('KEY', 'x')`, `setProperty("key", "x")`
        let call = start >= 2 && matches!(t[start - 1], b'"' | b'\'') && matches!(t[start - 2], b'(' | b' ') && {
            let comma = end + 1;
            at(t, end) == t[start - 1]
                && at(t, comma) == b','
                && credential
                && (t[start - 2] == b'(' || t[..start - 2].ends_with(b"("))
                && matches!(at(t, skip_blanks(t, comma + 1)), b'"' | b'\'')
        };
        // `name: &db_password "x"` in YAML
        let anchor =
            credential && start >= 2 && t[start - 1] == b'&' && t[start - 2] == b' ' && !matches!(at(t, end), b'=' | b':');
        let between = if call || anchor || option && test != Test::Account { Between::SignOrBlank } else { Between::Sign };
        // A short word and a colon announce a name only in quotes.
        if test == Test::Account && literal.len() <= 5 && at(t, end) == b':' {
            return hit.end;
        }
        // `user=user=user=`: the next one is looked at, not all of them from each.
        if (!credential || test == Test::Base64)
            && t[(end + 1).min(t.len())..].get(..literal.len()).is_some_and(|next| next.eq_ignore_ascii_case(literal))
        {
            return hit.end;
        }
        if credential
            && below::values(t, start, end, false, &mut |range, quoted, place| {
                self.lower(rule.kind, test, range, quoted, place, spans);
            })
        {
            return hit.end;
        }
        let found = value::after_key(t, end, between, self.open_end)
            .or_else(|| self.beside(start, end))
            .or_else(|| if credential { value::spaced(t, start, end, self.open_end) } else { None });
        let found = found.and_then(|found| if found.sign == b'=' { in_struct(t, found) } else { Some(found) });
        let Some(found) = found else {
            if credential {
                tables::below(t, start, &self.table, &mut |value| {
                    push(value, rule.kind, spans);
                });
            }
            // `User zhang logged in`
            let actor =
                if test == Test::Account && literal.eq_ignore_ascii_case(b"user") { account::actor(t, end) } else { None };
            return actor.map_or(hit.end, |range| push(range, rule.kind, spans));
        };
        // The value may also stand before its key.
        let between = t.get(end..found.range.start).unwrap_or_default();
        let signs = between.iter().take_while(|b| matches!(b, b'"' | b'\'' | b' ' | b':' | b'=')).count();
        let opened = between.get(signs) == Some(&b'[') && !between[signs..].contains(&b']');
        if credential && found.sign == b':' && opened {
            return self.list(rule.kind, test, end + signs, spans).max(hit.end);
        }
        let open = found.range.start;
        if credential && found.sign == b':' && !found.quoted && lists::is_flow(t, open) {
            return self.list(rule.kind, test, open, spans).max(hit.end);
        }
        if credential && !found.quoted && matches!(t[open], b'|' | b'>') {
            below::block_at(t, open, &mut |range, quoted, place| {
                self.lower(rule.kind, test, range, quoted, place, spans);
            });
        }
        let quote = at(t, open.wrapping_sub(1));
        if credential && found.sign == b':' && !found.quoted && matches!(quote, b'"' | b'\'') {
            below::string(t, start, open, quote, &mut |range, quoted, place| {
                self.lower(rule.kind, test, range, quoted, place, spans);
            });
        }
        let v = &t[found.range.clone()];
        let before = if start == 0 { b'\n' } else { t[start - 1] };
        let prefix = &t[start..hit.start];
        let refused = (found.sign == b':' && before == b'/' && !literal.contains(&b'/'))
            || prefix.eq_ignore_ascii_case(b"no")
            || (found.sign == b' ' && v.starts_with(b"-"))
            // `existingSecret: name`, the map of `db_pw: {file: ..}` and `pam_unix(passwd:chauthtok)` hold no value.
            || prefix.eq_ignore_ascii_case(b"existing")
            || is_public_key(t, start, hit.start)
            || is_complaint(t, start, found.sign, v)
            || (v.starts_with(b"{") && v.ends_with(b":"))
            || (before == b'(' && v.starts_with(b"chauthtok"))
            // `rd.luks.key=/keyfile` says where it is.
            || (rule.kind == Kind::LuksKey && v.starts_with(b"/"))
            || is_verdict(t, start..end, found.sign)
            || is_no_secret(v);
        if refused {
            return hit.end;
        }
        let fits = match test {
            Test::Secret => {
                let count = found.sign == b':' && v.len() <= 5 && v.iter().all(u8::is_ascii_digit);
                let directory = literal.eq_ignore_ascii_case(b"pwd") && v[0] == b'/';
                !(is_path(v) || directory || bound == Bound::Word && count)
            }
            Test::Line => {
                // `profile::snmp::ro_community: x`
                let lead = &t[value::line_start(t, start, 160)..start];
                let begins = lead.iter().all(|b| matches!(b, b' ' | b'-' | b'\t'))
                    || lead.ends_with(b"::") && lead.iter().all(|b| is_name(*b) || *b == b':');
                let number = v.iter().all(|b| b.is_ascii_digit() || *b == b':');
                (begins && end == hit.end || found.style != Style::Plain || found.sign == b'=') && !number && !is_path(v)
            }
            // `License: BSD-3-Clause` is the name of one.
            Test::Token if literal.eq_ignore_ascii_case(b"license") => {
                v.len() >= 12 && v.iter().filter(|b| b.is_ascii_digit()).count() >= 3 && is_tokenlike(v) && !is_path(v)
            }
            Test::Token => (is_tokenlike(v) || is_grouped(v)) && !is_path(v),
            Test::Base64 if (found.quoted && start == hit.start || option) && v.len() >= 24 => {
                let any = |f: fn(&u8) -> bool| v.iter().any(f);
                let mixed = any(u8::is_ascii_digit) && any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase);
                mixed && v.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)) && !has_stand_in(v)
            }
            Test::Base64 => {
                v.len() >= 32
                    && v.ends_with(b"=")
                    && is_tokenlike(v)
                    && v.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b))
            }
            Test::KeyPart => {
                v.len() >= 40
                    && v.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                    && !v.iter().all(u8::is_ascii_hexdigit)
            }
            Test::Login => base64::is_login(v),
            Test::Degrees => {
                v.split(|b| *b == b'.').nth(1).is_some_and(|d| d.len() >= 4)
                    && v.iter().all(|b| b.is_ascii_digit() || b".-+".contains(b))
            }
            Test::Account => {
                let alone =
                    t[value::line_start(t, start, 160)..start].iter().all(|b| matches!(b, b' ' | b'-' | b'\t' | b'"' | b'\''));
                let signed = found.sign == b'=' || found.sign == b'>' || found.style == Style::Json || alone && literal.len() > 5;
                // `user=CORP/zhang%secret`, as options of mounts have it.
                if let Some(range) = behind_percent(t, &found).filter(|_| found.sign == b'=') {
                    push(range, Kind::PasswordKv, spans);
                }
                return match account::named(t, found.range.start) {
                    Some(range) if system::is_service(&t[range.clone()]) => range.end.max(hit.end),
                    // Of `"login": "curl -u ..."` the word is a program, whose options have rules of their own.
                    Some(range) if signed && !t[range.end..].starts_with(b" -") => push(range, rule.kind, spans).max(hit.end),
                    _ => hit.end,
                };
            }
        };
        if !fits {
            return hit.end;
        }
        let kind = match (rule.kind, found.style) {
            (Kind::PasswordKv, Style::Json) => Kind::PasswordJson,
            (Kind::PasswordKv, Style::Xml) => Kind::PasswordXml,
            (Kind::PasswordKv, Style::Plain) if option => Kind::PasswordCli,
            (kind, _) => kind,
        };
        push(found.full(t), kind, spans)
    }

    /// Every item of the list behind a key. Gives the end of the last that was a secret.
    fn list(&self, kind: Kind, test: Test, open: usize, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let mut last = open;
        let kind = if kind == Kind::PasswordKv { Kind::PasswordJson } else { kind };
        lists::items(t, open, Style::Json, self.open_end, &mut |item| {
            let v = &t[item.range.clone()];
            let token = matches!(test, Test::Secret | Test::Line) || is_tokenlike(v);
            if token && (item.quoted || is_strong(v)) && !is_no_secret(v) && !is_path(v) {
                last = push(item.range, kind, spans);
            }
        });
        last
    }

    /// A value in the lines below its key.
    pub(super) fn lower(&self, kind: Kind, test: Test, range: Range<usize>, quoted: bool, place: Place, spans: &mut Vec<Span>) {
        let v = &self.text[range.clone()];
        let strong = is_strong(v) && (quoted || !v.iter().all(|b| b.is_ascii_digit() || *b == b'.'));
        let fits = match (test, place) {
            (Test::Secret | Test::Line, Place::Line) => true,
            (Test::Secret | Test::Line, Place::Item) => quoted || strong,
            (Test::Secret | Test::Line, Place::Entry) => strong,
            (Test::Token, _) => is_tokenlike(v),
            _ => false,
        };
        if let Some(range) = secret(self.text, range).filter(|_| fits) {
            push(range, kind, spans);
        }
    }

    /// A value that is not directly behind its key.
    pub(super) fn beside(&self, start: usize, end: usize) -> Option<Value> {
        let t = self.text;
        let quote = scalar::quote(t, end);
        if let Some(range) = xml::before(t, start).or_else(|| below::before_name(t, start)) {
            return Some(Value::marked(range));
        }
        let begin = siblings::value(t, start, end + quote.map_or(0, <[u8]>::len))?;
        let style = if quote.is_some() { Style::Json } else { Style::Plain };
        if matches!(at(t, begin), b'|' | b'>') {
            return Some(Value { range: begin..begin + 1, style, quoted: false, sign: b':', whole_line: true });
        }
        value::scalar(t, begin, b':', style, self.open_end)
    }

    /// `requirepass x`, `com2sec name source community`.
    pub(super) fn directive(&self, kind: Kind, hit: Range<usize>, word: u8, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let before = if hit.start == 0 { b'\n' } else { t[hit.start - 1] };
        if before.is_ascii_alphanumeric() && t[hit.start].is_ascii_alphanumeric() || is_name(at(t, hit.end)) {
            return hit.end;
        }
        if let Some(value) = listed::next_entry(t, hit.end, 1) {
            return push(value, kind, spans);
        }
        let found = if word == 1 {
            value::after_key(t, hit.end, Between::SignOrBlank, self.open_end)
        } else {
            let mut i = hit.end;
            for _ in 1..word {
                i = skip_blanks(t, i);
                if t[i..].starts_with(b"-m ") || t[i..].starts_with(b"-l ") {
                    // The key itself, not a word from which it is made.
                    i = skip_blanks(t, i + 3);
                }
                if t[i..].starts_with(b"-Cn") || t[i..].starts_with(b"-e ") {
                    i = skip_blanks(t, value::plain_end(t, skip_blanks(t, i + 3), false, 64));
                }
                // Lists such as `log,execute,net` are one word here.
                i = value::word_end(t, i);
            }
            let i = skip_blanks(t, i);
            let marked = t[i..].starts_with(b"-m ") || t[i..].starts_with(b"-l ");
            value::scalar(t, if marked { skip_blanks(t, i + 3) } else { i }, b' ', Style::Plain, self.open_end)
        };
        let found = found.and_then(|found| value::behind_fillers(t, found, self.open_end));
        match found {
            Some(found) if !found.quoted && is_told(t, &hit) => hit.end,
            Some(found) if !is_no_secret(&t[found.range.clone()]) => push(found.full(t), kind, spans),
            _ => hit.end,
        }
    }

    /// `Authorization: scheme value`, in a header, an option or JSON.
    pub(super) fn header(&self, hit: Range<usize>, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let mut i = hit.end;
        let skip = |i: usize, set: &[u8]| {
            let i = i + t[i.min(t.len())..].iter().take(16).take_while(|b| set.contains(b)).count();
            escape::colours(t, escape::past(t, i))
        };
        i = skip(i, b"\"'\\ ");
        // `header("Authorization", "Basic x")`, `set-header Authorization "Basic x"`
        if let Some(range) = percent::header(t, i) {
            let value = &t[range.clone()];
            return if is_no_secret(value) { hit.end } else { push(range, Kind::AuthBearer, spans) };
        }
        if matches!(at(t, i), b':' | b'=' | b',') {
            i = skip(i + 1, b"\"'\\ \t>=[");
        } else if i < hit.end + 2 || !matches!(t[i - 1], b'"' | b'\'') {
            return hit.end;
        }
        let again = t[i.min(t.len())..].get(..hit.len()).is_some_and(|next| next.eq_ignore_ascii_case(&t[hit.clone()]));
        if again {
            return hit.end;
        }
        let run = |i: usize, limit: usize| {
            let stop = |b: &u8| {
                matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'\\' | b',' | b';' | b'&' | b'<' | b'}' | b'\r' | b'\n' | 0x1b | 0)
            };
            i + t[i.min(t.len())..].iter().take(limit).take_while(|b| !stop(b)).count()
        };
        // A failed look is short; what is a secret goes to its end.
        let first = i..run(i, SHOWN);
        let scheme = &t[first.clone()];
        let second = skip_blanks(t, first.end);
        // `Bearer "x"`
        let second = second + usize::from(second > first.end && matches!(at(t, second), b'"' | b'\''));
        let value = second..run(second, SHOWN);
        if scheme.len() < 24
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && second > first.end
            && at(t, second) != b'\n'
        {
            let v = &t[value.clone()];
            let basic = scheme.eq_ignore_ascii_case(b"basic");
            let kind = if basic || scheme.eq_ignore_ascii_case(b"digest") { Kind::AuthBasic } else { Kind::AuthBearer };
            let known = basic || scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"token");
            if !is_no_secret(v)
                && (known
                    && v.len() >= 4
                    && (v.iter().any(u8::is_ascii_digit) || v.iter().any(u8::is_ascii_uppercase) || v.len() > 12)
                    || is_tokenlike(v))
            {
                return push(value.start..run(value.start, usize::MAX), kind, spans);
            }
            return hit.end;
        }
        if is_tokenlike(scheme) && !is_no_secret(scheme) {
            return push(first.start..run(first.start, usize::MAX), Kind::AuthBearer, spans);
        }
        hit.end
    }

    /// `scheme://user:password@host`, also `scheme://token@host`.
    pub(super) fn userinfo(&self, hit: Range<usize>, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let start = hit.end;
        // Behind another scheme's slashes the next look begins: each byte is looked at once.
        let run = t[start..]
            .iter()
            .take_while(|b| !matches!(b, b'/' | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'<' | b'>' | b'\\' | b'`' | 0))
            .count();
        let authority = &t[start..start + run];
        let Some(sign) = memchr::memrchr(b'@', authority) else { return hit.end };
        let host = authority
            .get(sign + 1)
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'[' | b'_' | b'$' | b'*' | b'{' | b'-'));
        if !host {
            return hit.end;
        }
        match memchr::memchr(b':', &authority[..sign]) {
            Some(colon) if !authority[..colon].iter().any(|b| matches!(b, b'?' | b'=' | b'#' | b'\'')) => {
                let value = start + colon + 1..start + sign;
                if !is_no_secret(&t[value.clone()]) {
                    push(value, Kind::UrlUserinfo, spans);
                    if let Some(name) = account::named(t, start).filter(|name| *name == (start..start + colon)) {
                        push(name, Kind::Username, spans);
                    }
                }
                // The name may also be one of the host's: the scan goes on behind the scheme.
                hit.end
            }
            None if sign >= 16 && is_tokenlike(&authority[..sign]) => push(start..start + sign, Kind::UrlUserinfo, spans),
            _ => hit.end,
        }
    }
}

/// The secret behind the account in `name%secret`, which is no escape of an address.
fn behind_percent(t: &[u8], found: &Value) -> Option<Range<usize>> {
    let v = &t[found.range.clone()];
    let sign = memchr::memchr(b'%', v)?;
    let name = v[..sign].iter().all(|b| is_name(*b) || matches!(b, b'/' | b'\\'));
    let rest = &v[sign + 1..];
    let escape = rest.get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)) && rest.contains(&b'%');
    (sign > 0 && name && rest.len() >= 4 && !escape && !is_no_secret(rest))
        .then_some(found.range.start + sign + 1..found.range.end)
}

/// The string in what a debugger prints of an object: `password = {npos = 18446744073709551615, _M_p = 0x55d0 "x"}`.
fn in_struct(t: &[u8], found: Value) -> Option<Value> {
    let i = found.range.start;
    if found.quoted || at(t, i) != b'{' || !(at(t, i + 1).is_ascii_lowercase() || at(t, i + 1) == b'_') {
        return Some(found);
    }
    let line = &t[i..line_end(t, i).min(i + 256)];
    if memchr::memmem::find(line, b" = ").is_none() {
        return Some(found);
    }
    let open = i + memchr::memchr(b'"', line)? + 1;
    let close = open + memchr::memchr(b'"', &t[open..line_end(t, open)])?;
    (close > open).then_some(Value { range: open..close, quoted: true, ..found })
}

/// `disk identified by label=DATA` is a sentence; a statement says whose password it sets, perhaps in the line before.
fn is_told(t: &[u8], hit: &Range<usize>) -> bool {
    const SUBJECTS: [&[u8]; 4] = [b"user", b"role", b"grant", b"link"];
    let lead = t[value::line_start(t, hit.start, 256)..hit.start].trim_ascii();
    let says = |word: &[u8]| lead.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    t[hit.clone()].eq_ignore_ascii_case(b"identified by") && !lead.is_empty() && !SUBJECTS.iter().any(|word| says(word))
}

/// `PublicKey =`, `public key:` hold what everybody may know.
fn is_public_key(t: &[u8], start: usize, literal: usize) -> bool {
    let from = value::line_start(t, start, 16);
    let mut before = &t[from..literal];
    while let [rest @ .., b' ' | b'_' | b'-' | b'.'] = before {
        before = rest;
    }
    before.len() >= 6 && before[before.len() - 6..].eq_ignore_ascii_case(b"public")
}

/// `Invalid password: it must contain`, `bad password: Permission denied`: a sentence goes on, no value follows.
fn is_complaint(t: &[u8], key: usize, sign: u8, v: &[u8]) -> bool {
    const SAYS: [&[u8]; 6] = [b"invalid", b"incorrect", b"wrong", b"bad", b"weak", b"failed"];
    let before = t[value::line_start(t, key, 16)..key].trim_ascii_end();
    sign == b':'
        && v.iter().all(u8::is_ascii_alphabetic)
        && SAYS.iter().any(|w| before.len() >= w.len() && before[before.len() - w.len()..].eq_ignore_ascii_case(w))
}

/// `PASS: name` as suites of tests report, at the start of a line or behind dashes.
fn is_verdict(t: &[u8], key: Range<usize>, sign: u8) -> bool {
    let lead = &t[value::line_start(t, key.start, 16)..key.start];
    sign == b':' && &t[key] == b"PASS" && lead.iter().all(|b| matches!(b, b' ' | b'-'))
}
