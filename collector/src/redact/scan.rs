//! Scan A: literals that announce a value, and the names of this host.
//!
//! In: text. Out: spans. One automaton over all literals; each hit starts a verifier at its place, which looks at most a
//! few KiB around and never at more than the line and the next. Words in Chinese have an automaton of their own, run only
//! where there are bytes beyond ASCII.

use std::{cell::RefCell, ops::Range};

use aho_corasick::{Anchored, Input};

use super::{
    Redactor,
    account::{self, is_account},
    commands,
    given::Given,
    identity::{self, Field},
    kinds::Kind,
    names::{Entry, Names},
    rules::{Bound, Rule, Test, Verify},
    shapes,
    span::{Form, Span},
    structure::{
        base64::{self, Content},
        execve, is_text, numbers, percent, siblings, xml,
    },
    value::{self, Between, Style, Value, at, is_name, is_no_secret, is_path, is_tokenlike, line_end, skip_blanks},
};

/// What scan A looks at.
pub(super) struct Literals<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) text: &'a [u8],
    /// The last line goes on in the next chunk.
    pub(super) open_end: bool,
    /// How often hexadecimal may still be decoded: commands in commands in commands are not read.
    pub(super) depth: u8,
    /// What was given out in texts inside of this one.
    pub(super) given: &'a RefCell<Given>,
}

/// Where programs' options have been looked at, so that hostile repetition stays linear.
#[derive(Default)]
struct Walked {
    until: usize,
    nested: u8,
    /// The same for the arguments of audit records.
    arguments: usize,
}

impl Literals<'_> {
    /// Finds spans in `text[from..to]`; both ends are line ends or delimiters.
    pub(super) fn scan(&self, from: usize, to: usize, spans: &mut Vec<Span>, arena: &mut Vec<u8>) {
        let mut i = from;
        let mut walked = Walked::default();
        while let Some(start) = self.redactor.starts.next(&self.text[..to], i) {
            i = start + 1;
            let Some(hit) = self.redactor.literals.find(Input::new(self.text).range(start..to).anchored(Anchored::Yes)) else {
                continue;
            };
            let at = hit.start()..hit.end();
            let next = match Names::entry(hit.pattern().as_usize()) {
                Entry::Rule(rule) => self.rule(rule, at.clone(), spans, arena, &mut walked).max(at.end),
                // A name that is only a part of a word may hide one that begins later in it.
                Entry::Name(index) => {
                    if self.name(index, at.clone(), spans) {
                        at.end
                    } else {
                        i
                    }
                }
            };
            i = next.min(to).max(i);
        }
        for sign in memchr::memchr_iter(b'@', &self.text[from..to]) {
            if let Some(range) = account::email(self.text, from + sign) {
                spans.push(Span::new(&range, Kind::Email, Form::Email((from + sign) as u32)));
            }
        }
        if self.depth > 0 {
            base64::runs(self.text, from, to, &mut |run| self.base64(run, spans, arena));
        }
        if !self.text[from..to].is_ascii() {
            self.wide(from, to, spans);
        }
    }

    /// Applies one rule at a hit and tells where to go on.
    fn rule(&self, rule: &Rule, hit: Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>, walked: &mut Walked) -> usize {
        let t = self.text;
        match rule.verify {
            Verify::Key(bound, test) => self.key(rule, hit, bound, test, spans),
            Verify::Directive(words) => {
                words.iter().map(|word| self.directive(rule.kind, hit.clone(), *word, spans)).max().unwrap_or(hit.end)
            }
            Verify::Header => self.header(hit, spans),
            Verify::Follows(least) => push_if(shapes::follows(t, hit.end, least), rule.kind, hit.end, spans),
            Verify::Prefix(least) => push_if(shapes::prefixed(t, hit.start, rule.word, least), rule.kind, hit.end, spans),
            Verify::Hash => push_if(shapes::hash(t, hit.start), rule.kind, hit.end, spans),
            Verify::Jwt => push_if(shapes::jwt(t, hit.start), rule.kind, hit.end, spans),
            Verify::Userinfo => self.userinfo(hit, spans),
            Verify::DsnLeft => push_if(shapes::before_host(t, hit.start), rule.kind, hit.end, spans),
            Verify::Account => {
                if let Some(range) = account::named(t, hit.end) {
                    push(range, rule.kind, spans);
                }
                hit.end
            }
            Verify::BindDn => {
                if let Some(dn) = value::after_key(t, hit.end, Between::SignOrBlank, false) {
                    let start = dn.range.start + if t[dn.range.clone()].starts_with(b"uid=") { 4 } else { 3 };
                    if let Some(range) = account::named(t, start) {
                        push(range, rule.kind, spans);
                    }
                }
                hit.end
            }
            Verify::Hex => self.hex(rule.kind, hit, spans, arena),
            Verify::Arguments => {
                if hit.start >= walked.arguments {
                    walked.arguments = self.arguments(rule.kind, &hit, spans, arena);
                }
                hit.end
            }
            Verify::Numbers => self.numbers(rule.kind, &hit, spans, arena),
            Verify::PercentUserinfo => {
                let value = percent::userinfo(t, hit.end).filter(|v| !is_no_secret(&t[v.clone()]));
                push_if(value, rule.kind, hit.end, spans)
            }
            Verify::Field(field) => {
                let end = hit.end;
                self.field(field, rule.kind, hit, spans);
                end
            }
            Verify::Program(options) => {
                if hit.start >= walked.until {
                    walked.nested = 0;
                }
                if walked.nested < 4 {
                    walked.nested += 1;
                    walked.until = walked.until.max(commands::options(t, hit.clone(), options, spans));
                }
                hit.end
            }
        }
    }

    /// A literal that ends a key.
    pub(super) fn key(&self, rule: &Rule, hit: Range<usize>, bound: Bound, test: Test, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let literal = &t[hit.clone()];
        // Some literals hold their sign or quote, so that short words are not hit everywhere.
        let mut end = hit.start + literal.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |n| n + 1);
        if bound == Bound::Word && !begins_word(t, hit.start) {
            return hit.end;
        }
        let numbered = t[end.min(t.len())..].iter().take(2).take_while(|b| b.is_ascii_digit()).count();
        end += numbered;
        if is_name(at(t, end)) {
            return hit.end;
        }
        let mut start = hit.start;
        while start > 0 && is_name(t[start - 1]) && hit.start - start < 64 {
            start -= 1;
        }
        let option = t[start] == b'-' && at(t, start + 1) != b' ';
        let between = if option && test != Test::Account { Between::SignOrBlank } else { Between::Sign };
        let found = value::after_key(t, end, between, self.open_end).or_else(|| self.beside(start, end));
        let Some(found) = found else { return hit.end };
        let v = &t[found.range.clone()];
        let before = if start == 0 { b'\n' } else { t[start - 1] };
        let prefix = &t[start..hit.start];
        let refused = (found.sign == b':' && before == b'/')
            || prefix.eq_ignore_ascii_case(b"no")
            || (found.sign == b' ' && v.starts_with(b"-"))
            // `existingSecret: name`, the map of `db_pw: {file: ..}` and `pam_unix(passwd:chauthtok)` hold no value.
            || prefix.eq_ignore_ascii_case(b"existing")
            || (v.starts_with(b"{") && v.ends_with(b":"))
            || (before == b'(' && v.starts_with(b"chauthtok"))
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
            Test::Token => is_tokenlike(v) && !is_path(v),
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

    /// A value that is not directly behind its key.
    fn beside(&self, start: usize, end: usize) -> Option<Value> {
        let t = self.text;
        let quoted = matches!(at(t, end), b'"' | b'\'');
        if let Some(range) = xml::before(t, start) {
            return Some(Value::marked(range));
        }
        let begin = siblings::value(t, start, end + usize::from(quoted))?;
        value::scalar(t, begin, b':', if quoted { Style::Json } else { Style::Plain }, self.open_end)
    }

    /// `requirepass x`, `com2sec name source community`.
    fn directive(&self, kind: Kind, hit: Range<usize>, word: u8, spans: &mut Vec<Span>) -> usize {
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
                if t[i..].starts_with(b"-Cn") {
                    i = skip_blanks(t, value::plain_end(t, skip_blanks(t, i + 3), false, 64));
                }
                // Lists such as `log,execute,net` are one word here.
                i += t[i..line_end(t, i)].iter().take_while(|b| !b.is_ascii_whitespace()).count();
            }
            let i = skip_blanks(t, i);
            value::scalar(t, i, b' ', Style::Plain, self.open_end)
        };
        match found {
            Some(found) if !is_no_secret(&t[found.range.clone()]) => push(found.full(t), kind, spans),
            _ => hit.end,
        }
    }

    /// `Authorization: scheme value`, in a header, an option or JSON.
    fn header(&self, hit: Range<usize>, spans: &mut Vec<Span>) -> usize {
        let t = self.text;
        let end = line_end(t, hit.end);
        let mut i = hit.end;
        let skip = |i: usize, set: &[u8]| i + t[i.min(end)..end].iter().take(16).take_while(|b| set.contains(b)).count();
        i = skip(i, b"\"'\\ ");
        if !matches!(at(t, i), b':' | b'=') {
            return hit.end;
        }
        i = skip(i + 1, b"\"'\\ \t>=");
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
        if scheme.len() < 16
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
    fn userinfo(&self, hit: Range<usize>, spans: &mut Vec<Span>) -> usize {
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
                if is_no_secret(&t[value.clone()]) { hit.end } else { push(value, Kind::UrlUserinfo, spans) }
            }
            None if sign >= 16 && is_tokenlike(&authority[..sign]) => push(start..start + sign, Kind::UrlUserinfo, spans),
            _ => hit.end,
        }
    }

    /// A command line in hexadecimal: decoded, redacted, encoded again.
    fn hex(&self, kind: Kind, hit: Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) -> usize {
        let t = self.text;
        let start = hit.end;
        let run = t[start..line_end(t, start)].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let end = start + run;
        // A rule that begins with a blank says itself where a word begins: an argument may follow one in hex.
        let before = if hit.start == 0 || t[hit.start] == b' ' { b' ' } else { t[hit.start - 1] };
        if run < 8 || run % 2 == 1 || self.depth == 0 || is_name(at(t, end)) || before.is_ascii_alphanumeric() {
            return hit.end;
        }
        let Some(plain) = execve::unhex(&t[start..end]) else { return hit.end };
        // What was typed at a terminal has all the control characters.
        if !is_text(&plain) && !t[hit.clone()].eq_ignore_ascii_case(b"data=") {
            return hit.end;
        }
        let (clean, _) = self.redactor.decoded(&plain, self.depth - 1, self.given);
        if clean == plain {
            return end;
        }
        let made = arena.len();
        push_hex(&clean, arena);
        spans.push(Span::new(&(start..end), kind, Form::Made(made as u32, arena.len() as u32)));
        end
    }

    /// A run of base64: one that holds a credential goes as a whole, in others identities are replaced.
    fn base64(&self, run: Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) {
        let t = self.text;
        match base64::content(&t[run.clone()]) {
            Some(Content::PrivateKey) => {
                push(run, Kind::PrivateKey, spans);
            }
            Some(Content::Text(plain)) => {
                let (clean, credential) = self.redactor.decoded(&plain, self.depth - 1, self.given);
                if credential && run.len() < WRAPPED_MAX {
                    push(run, Kind::Base64Wrapped, spans);
                } else if clean != plain {
                    let made = arena.len();
                    base64::encode(&clean, &t[run.clone()], arena);
                    spans.push(Span::new(&run, Kind::Base64Wrapped, Form::Made(made as u32, arena.len() as u32)));
                }
            }
            None => {}
        }
    }

    /// Bytes as numbers: decoded, redacted, written as numbers again.
    fn numbers(&self, kind: Kind, hit: &Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) -> usize {
        let Some((place, plain)) = numbers::read(self.text, hit.end).filter(|(_, plain)| self.depth > 0 && is_text(plain)) else {
            return hit.end;
        };
        let (clean, _) = self.redactor.decoded(&plain, self.depth - 1, self.given);
        let end = place.end;
        if clean != plain {
            let made = arena.len();
            numbers::write(&clean, &self.text[place.clone()], arena);
            spans.push(Span::new(&place, kind, Form::Made(made as u32, arena.len() as u32)));
        }
        end
    }

    /// The arguments of a command in an audit record, seen as one command line. Tells how far it looked.
    fn arguments(&self, kind: Kind, hit: &Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) -> usize {
        if self.depth == 0 {
            return hit.end;
        }
        let (line, arguments, end) = execve::read(self.text, hit.end);
        let (clean, _) = self.redactor.decoded(&line, self.depth - 1, self.given);
        let plain = line.split(|b| *b == 0);
        if clean == line || memchr::memchr_iter(0, &clean).count() + 1 != arguments.len() {
            return end;
        }
        for ((argument, before), after) in arguments.iter().zip(plain).zip(clean.split(|b| *b == 0)) {
            if before == after {
                continue;
            }
            let made = arena.len();
            if argument.hex {
                push_hex(after, arena);
            } else {
                arena.extend_from_slice(after);
            }
            spans.push(Span::new(&argument.place, kind, Form::Made(made as u32, arena.len() as u32)));
        }
        end
    }

    /// A name of this host. Gives whether it was one.
    fn name(&self, index: usize, hit: Range<usize>, spans: &mut Vec<Span>) -> bool {
        let t = self.text;
        let name = self.redactor.names.get(index);
        let before = if hit.start == 0 { b'\n' } else { t[hit.start - 1] };
        let after = at(t, hit.end);
        let short = hit.len() < 6;
        let joins = |b: u8| b.is_ascii_alphanumeric() || short && matches!(b, b'-' | b'_');
        let token = hit.start >= 4 && t[hit.start - 4..hit.start].eq_ignore_ascii_case(b"OEr-");
        let stands = match name.kind {
            Kind::Keyword => true,
            Kind::PersonName => !t[hit.start].is_ascii() || !joins(before) && !joins(after),
            Kind::Username => !joins(before) && !joins(after) && before != b'_' && after != b'_',
            Kind::Domain => {
                let longer = after == b'.' && at(t, hit.end + 1).is_ascii_alphanumeric();
                !(after.is_ascii_alphanumeric()
                    || matches!(after, b'-' | b'_')
                    || longer
                    || before.is_ascii_alphanumeric()
                    || matches!(before, b'-' | b'_'))
            }
            _ => !joins(before) && !joins(after),
        };
        if !stands || token {
            return false;
        }
        spans.push(Span::new(&hit, name.kind, Form::Named(index as u32)));
        if name.kind == Kind::Domain && before == b'.' {
            let run = t[..hit.start - 1].iter().rev().take(190).take_while(|b| is_name(**b)).count();
            let mut start = hit.start - 1 - run;
            while start < hit.start - 1 && !t[start].is_ascii_alphanumeric() {
                start += 1;
            }
            if start < hit.start - 1 && !t[start..hit.start - 1].to_ascii_lowercase().starts_with(b"oer-") {
                spans.push(Span::new(&(start..hit.start - 1), Kind::Hostname, Form::Tag));
            }
        }
        true
    }

    /// Keys in Chinese, and others whose value may be Chinese.
    fn wide(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        for hit in self.redactor.wide.find_iter(Input::new(t).range(from..to)) {
            let (word, kind) = Redactor::wide_rule(hit.pattern().as_usize());
            // The key itself may be in quotes.
            let mut i = hit.end() + usize::from(matches!(at(t, hit.end()), b'"' | b'\''));
            let mut signed = false;
            loop {
                let rest = &t[i.min(t.len())..];
                let Some(sign) = WIDE_SIGNS.iter().find(|s| rest.starts_with(s)) else { break };
                i += sign.len();
                signed |= !sign[0].is_ascii_whitespace();
                if i > hit.end() + 32 {
                    break;
                }
            }
            match kind {
                Kind::PersonName => person(t, hit.end(), i, signed, word, spans),
                Kind::CnMobile => self.field(Field::Phone, kind, hit.range(), spans),
                Kind::BankCard => self.field(Field::Card, kind, hit.range(), spans),
                Kind::Gps => self.field(Field::Degrees, kind, hit.range(), spans),
                Kind::Username if !at(t, i).is_ascii() || matches!(at(t, i), b'"' | b'\'') => {
                    person(t, hit.end(), i, signed, word, spans);
                }
                Kind::Username if i > hit.end() => {
                    if let Some(range) = account::named(t, i)
                        && is_account(&t[range.clone()])
                    {
                        push(range, kind, spans);
                    }
                }
                _ if i > hit.end() && at(t, i).is_ascii_graphic() => self.spoken_secret(i, signed, kind, spans),
                _ => {}
            }
        }
    }

    /// The secret behind a key in a sentence: it ends where the sentence goes on.
    fn spoken_secret(&self, i: usize, signed: bool, kind: Kind, spans: &mut Vec<Span>) {
        let t = self.text;
        let Some(found) = value::scalar(t, i, b' ', Style::Plain, self.open_end) else { return };
        let full = found.full(t);
        let length = t[full.clone()].iter().position(|b| !b.is_ascii()).unwrap_or(full.len());
        let range = full.start..full.start + length;
        if identity::is_spoken_secret(&t[range.clone()], signed) {
            push(range, kind, spans);
        }
    }

    /// An identity behind its key.
    fn field(&self, field: Field, kind: Kind, hit: Range<usize>, spans: &mut Vec<Span>) {
        if let Some((range, form)) = identity::find(self.text, field, hit) {
            spans.push(Span::new(&range, kind, form));
        }
    }
}

/// The name of a person behind a key.
fn person(t: &[u8], key_end: usize, i: usize, signed: bool, word: &str, spans: &mut Vec<Span>) {
    let quotes = t[i.min(t.len())..].iter().take(2).take_while(|b| matches!(b, b'"' | b'\'' | b'\\')).count();
    if let Some(range) = identity::person(t, i + quotes, i > key_end, signed, word) {
        push(range, Kind::PersonName, spans);
    }
}

/// Adds a value; tells where it ends.
fn push(range: Range<usize>, kind: Kind, spans: &mut Vec<Span>) -> usize {
    let end = range.end;
    spans.push(Span::new(&range, kind, Form::Tag));
    end
}

/// Where to go on: behind the value if there is one, else at `next`.
fn push_if(range: Option<Range<usize>>, kind: Kind, next: usize, spans: &mut Vec<Span>) -> usize {
    range.map_or(next, |range| push(range, kind, spans).max(next))
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// In a longer run of base64 only what is secret goes: it is a file.
const WRAPPED_MAX: usize = 4096;

fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for b in bytes {
        out.extend_from_slice(&[HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
    }
}

/// What stands between a key in Chinese and its value, longer ones first; then the same in GB18030.
const WIDE_SIGNS: [&[u8]; 85] = [
    "统一为".as_bytes(),
    &[0xcd, 0xb3, 0xd2, 0xbb, 0xce, 0xaa],
    "都是".as_bytes(),
    &[0xb6, 0xbc, 0xca, 0xc7],
    "均为".as_bytes(),
    &[0xbe, 0xf9, 0xce, 0xaa],
    "暂为".as_bytes(),
    &[0xd4, 0xdd, 0xce, 0xaa],
    "初始化为".as_bytes(),
    &[0xb3, 0xf5, 0xca, 0xbc, 0xbb, 0xaf, 0xce, 0xaa],
    "置为".as_bytes(),
    &[0xd6, 0xc3, 0xce, 0xaa],
    "已经改为".as_bytes(),
    &[0xd2, 0xd1, 0xbe, 0xad, 0xb8, 0xc4, 0xce, 0xaa],
    "被重置为".as_bytes(),
    &[0xb1, 0xbb, 0xd6, 0xd8, 0xd6, 0xc3, 0xce, 0xaa],
    "恢复为".as_bytes(),
    &[0xbb, 0xd6, 0xb8, 0xb4, 0xce, 0xaa],
    "修改成".as_bytes(),
    &[0xd0, 0xde, 0xb8, 0xc4, 0xb3, 0xc9],
    b">",
    b"|",
    b"*",
    "已重置为".as_bytes(),
    "已修改为".as_bytes(),
    "已更新为".as_bytes(),
    "重置为".as_bytes(),
    "重置成".as_bytes(),
    "已改为".as_bytes(),
    "修改为".as_bytes(),
    "设置为".as_bytes(),
    "变更为".as_bytes(),
    "更新为".as_bytes(),
    "已设为".as_bytes(),
    "初始值".as_bytes(),
    "默认为".as_bytes(),
    b"->",
    "改为".as_bytes(),
    "改成".as_bytes(),
    "设为".as_bytes(),
    "默认".as_bytes(),
    "等于".as_bytes(),
    "：".as_bytes(),
    b":",
    b"=",
    b" ",
    "是".as_bytes(),
    "为".as_bytes(),
    "“".as_bytes(),
    b"\t",
    "　".as_bytes(),
    "（".as_bytes(),
    b"(",
    "【".as_bytes(),
    "「".as_bytes(),
    "‘".as_bytes(),
    "→".as_bytes(),
    &[0xd2, 0xd1, 0xd6, 0xd8, 0xd6, 0xc3, 0xce, 0xaa],
    &[0xd2, 0xd1, 0xd0, 0xde, 0xb8, 0xc4, 0xce, 0xaa],
    &[0xd2, 0xd1, 0xb8, 0xfc, 0xd0, 0xc2, 0xce, 0xaa],
    &[0xd6, 0xd8, 0xd6, 0xc3, 0xce, 0xaa],
    &[0xd6, 0xd8, 0xd6, 0xc3, 0xb3, 0xc9],
    &[0xd2, 0xd1, 0xb8, 0xc4, 0xce, 0xaa],
    &[0xd0, 0xde, 0xb8, 0xc4, 0xce, 0xaa],
    &[0xc9, 0xe8, 0xd6, 0xc3, 0xce, 0xaa],
    &[0xb1, 0xe4, 0xb8, 0xfc, 0xce, 0xaa],
    &[0xb8, 0xfc, 0xd0, 0xc2, 0xce, 0xaa],
    &[0xd2, 0xd1, 0xc9, 0xe8, 0xce, 0xaa],
    &[0xb3, 0xf5, 0xca, 0xbc, 0xd6, 0xb5],
    &[0xc4, 0xac, 0xc8, 0xcf, 0xce, 0xaa],
    &[0xb8, 0xc4, 0xce, 0xaa],
    &[0xb8, 0xc4, 0xb3, 0xc9],
    &[0xc9, 0xe8, 0xce, 0xaa],
    &[0xc4, 0xac, 0xc8, 0xcf],
    &[0xb5, 0xc8, 0xd3, 0xda],
    &[0xa3, 0xba],
    &[0xca, 0xc7],
    &[0xce, 0xaa],
    &[0xa1, 0xb0],
    &[0xa1, 0xa1],
    &[0xa3, 0xa8],
    &[0xa1, 0xbe],
    &[0xa1, 0xb8],
    &[0xa1, 0xae],
    &[0xa1, 0xfa],
];

/// Whether a short key begins here: not in the middle of a word such as `bypass`.
pub(super) fn begins_word(t: &[u8], start: usize) -> bool {
    if start == 0 {
        return true;
    }
    let before = t[start - 1];
    let here = t[start];
    if !before.is_ascii_alphanumeric() || !here.is_ascii_alphanumeric() {
        return true;
    }
    let capital = here.is_ascii_uppercase();
    capital && (before.is_ascii_lowercase() || before.is_ascii_digit() || at(t, start + 1).is_ascii_lowercase())
}
