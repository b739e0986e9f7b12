//! Keys and directives with their values: a part of scan A.
//!
//! In: the place of a literal. Out: spans, and where to go on.

use std::ops::Range;

use super::{
    account,
    below::{self, Place},
    judge::{has_stand_in, is_no_secret, is_path, is_tokenlike},
    kinds::Kind,
    lists,
    rules::{Bound, Rule, Test},
    scalar,
    scan::{Literals, begins_word, push},
    span::Span,
    spoken::{is_strong, secret},
    structure::{base64, siblings, xml},
    tables,
    value::{self, Between, Style, Value, at, is_name, line_end, skip_blanks},
};
use crate::failpoint;

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
        let Some(found) = found else {
            if credential {
                tables::below(t, start, &mut |value| {
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
        if credential && found.sign == b':' && between.get(signs) == Some(&b'[') {
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
            Test::Token => is_tokenlike(v) && !is_path(v),
            Test::Base64 if found.quoted && start == hit.start && v.len() >= 24 => {
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
                return match account::named(t, found.range.start) {
                    Some(range) if signed => push(range, rule.kind, spans).max(hit.end),
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
        if before.is_ascii_alphanumeric() || is_name(at(t, hit.end)) {
            return hit.end;
        }
        let found = if word == 1 {
            value::after_key(t, hit.end, Between::SignOrBlank, self.open_end)
        } else {
            let mut i = hit.end;
            for _ in 1..word {
                i = skip_blanks(t, i);
                if t[i..].starts_with(b"-Cn") || t[i..].starts_with(b"-e ") {
                    i = skip_blanks(t, value::plain_end(t, skip_blanks(t, i + 3), false, 64));
                }
                // Lists such as `log,execute,net` are one word here.
                i = value::word_end(t, i);
            }
            let i = skip_blanks(t, i);
            value::scalar(t, i, b' ', Style::Plain, self.open_end)
        };
        let found = found.and_then(|found| value::behind_fillers(t, found, self.open_end));
        match found {
            Some(found) if !is_no_secret(&t[found.range.clone()]) => push(found.full(t), kind, spans),
            _ => hit.end,
        }
    }

    /// `Authorization: scheme value`, in a header, an option or JSON.
    pub(super) fn header(&self, hit: Range<usize>, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let end = line_end(t, hit.end);
        let mut i = hit.end;
        let skip = |i: usize, set: &[u8]| i + t[i.min(end)..end].iter().take(16).take_while(|b| set.contains(b)).count();
        i = skip(i, b"\"'\\ ");
        // `header("Authorization", "Basic x")`, `set-header Authorization "Basic x"`
        if matches!(at(t, i), b':' | b'=' | b',') {
            i = skip(i + 1, b"\"'\\ \t>=[");
        } else if i < hit.end + 2 || !matches!(t[i - 1], b'"' | b'\'') {
            return hit.end;
        }
        let run = |i: usize| {
            t[i..end]
                .iter()
                .take_while(|b| !matches!(b, b' ' | b'\t' | b'"' | b'\'' | b'\\' | b',' | b';' | b'&' | b'<' | b'}' | b'\r' | 0))
                .count()
        };
        let first = i..i + run(i);
        let scheme = &t[first.clone()];
        let second = skip_blanks(t, first.end);
        let value = second..second + run(second.min(end));
        if scheme.len() < 24
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && second > first.end
            && second < end
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
                return push(value, kind, spans);
            }
            return hit.end;
        }
        if is_tokenlike(scheme) && !is_no_secret(scheme) {
            return push(first, Kind::AuthBearer, spans);
        }
        hit.end
    }

    /// `scheme://user:password@host`, also `scheme://token@host`.
    pub(super) fn userinfo(&self, hit: Range<usize>, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let start = hit.end;
        let limit = t.len().min(start + 512);
        let run = t[start..limit]
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
                // The name before may be one of the host's: the scan goes on behind the scheme.
                if !is_no_secret(&t[value.clone()]) {
                    push(value, Kind::UrlUserinfo, spans);
                }
                hit.end
            }
            None if sign >= 16 && is_tokenlike(&authority[..sign]) => push(start..start + sign, Kind::UrlUserinfo, spans),
            _ => hit.end,
        }
    }
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
