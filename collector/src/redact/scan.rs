//! Scan A: literals that announce a value, and the names of this host.
//!
//! In: text. Out: spans. One table of all literals; each hit starts a verifier at its place, which looks at most a
//! few KiB around and never at more than the line and the next. Words in Chinese have an automaton of their own, run only
//! where there are bytes beyond ASCII.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
};

use super::{
    Redactor, account, below, commands, escape,
    given::Given,
    identity::{self, Field},
    judge::is_no_secret,
    kinds::Kind,
    listed,
    names::{Entry, Names},
    placed,
    rules::{How, Opt, Rule, Test, Verify},
    shapes, sign,
    span::{Form, Span},
    spoken,
    structure::{base64, percent},
    tables, token,
    value::{self, Between, at, is_name},
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
    /// Where the table was looked at last, and how far: its heading begins there.
    pub(super) table: Cell<(usize, usize)>,
    /// The same for headings in Chinese, which are looked for later.
    pub(super) wide_table: Cell<(usize, usize)>,
}

/// Where programs' options have been looked at, so that hostile repetition stays linear.
#[derive(Default)]
struct Walked {
    until: usize,
    nested: u8,
    /// The walk that was the last: over which text and with which options.
    program: Range<usize>,
    options: &'static [Opt],
    /// The same for the arguments of audit records, for the rows of statements, for lists, and for what is fed to programs.
    arguments: usize,
    statement: usize,
    list: usize,
    fed: usize,
}

impl Walked {
    /// Whether the last walk has looked at what stands behind this program as well: it takes the same options, and nothing
    /// between them is in quotes or for the last argument only.
    fn covers(&self, t: &[u8], hit: &Range<usize>, options: &'static [Opt]) -> bool {
        std::ptr::eq(self.options, options)
            && self.program.contains(&hit.start)
            && !options.iter().any(|option| option.how == How::Last)
            && memchr::memchr3(b'"', b'\'', b'`', &t[self.program.start..hit.start]).is_none()
            && matches!(at(t, hit.end), b' ' | b'\t')
            && matches!(t[hit.start - 1], b' ' | b'\t' | b'/')
    }
}

impl Literals<'_> {
    /// Finds spans in `text[from..to]`; both ends are line ends or delimiters.
    pub(super) fn scan(&self, from: usize, to: usize, spans: &mut Vec<Span>, arena: &mut Vec<u8>) {
        let mut i = from;
        let mut walked = Walked::default();
        let mut places = self.redactor.starts.places(&self.text[..to], from);
        while let Some(start) = places.next(i) {
            i = start + 1;
            let mut next = i;
            // Where a literal announces nothing, a shorter one at its place may: `auth` in `auth: `.
            for (literal, end) in self.redactor.starts.at(self.text, start, to) {
                let at = start..end;
                next = match Names::entry(literal) {
                    // In a literal that announced nothing another may begin: `auth_pass` in `auth_password`.
                    Entry::Rule(rule) => {
                        let next = self.rule(rule, at.clone(), spans, arena, &mut walked);
                        // `--user=1000:1000` is looked at as a whole.
                        if next > at.end || rule.verify.is_final(rule.word) { next.max(at.end) } else { i }
                    }
                    // A name that is only a part of a word may hide one that begins later in it.
                    Entry::Name(index) => {
                        if self.name(index, at.clone(), spans) {
                            at.end
                        } else {
                            i
                        }
                    }
                };
                if next > i {
                    break;
                }
            }
            i = next.min(to).max(i);
        }
        for at in memchr::memchr_iter(b'@', &self.text[from..to]) {
            sign::around(self.text, from + at, spans);
            if let Some(range) = placed::before_host(self.text, from + at) {
                push(range, Kind::UrlUserinfo, spans);
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
            Verify::Rest => match placed::rest(t, &hit) {
                Some(range) => push(range, rule.kind, spans),
                None => self.directive(rule.kind, hit, 1, spans),
            },
            Verify::Header => self.header(hit, spans),
            Verify::Follows(least) => push_if(shapes::follows(t, hit.end, least), rule.kind, hit.end, spans),
            Verify::Prefix(least) => {
                let token = shapes::prefixed(t, hit.start, rule.word, least);
                if let Some(id) = token.as_ref().filter(|_| rule.kind == Kind::CloudKey)
                    && let Some(key) = shapes::beside_id(t, id.end)
                {
                    push(key, rule.kind, spans);
                }
                push_if(token, rule.kind, hit.end, spans)
            }
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
            Verify::PercentMail => {
                sign::percent(t, hit.clone(), spans);
                hit.end
            }
            Verify::Named(place) => {
                account::find(t, place, hit.clone(), &mut |range| {
                    push(range, rule.kind, spans);
                });
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
            Verify::Piped => entered(spoken::piped(t, hit.end), rule.kind, hit.end, spans),
            Verify::Here => {
                // What is fed to a program is text, whatever signs are in it.
                if hit.start >= walked.fed {
                    walked.fed = spoken::here(t, hit.clone(), &mut |value, disk| {
                        push(value, if disk { Kind::LuksKey } else { rule.kind }, spans);
                    });
                }
                // More of them in a row feed nothing.
                hit.end + t[hit.end..].iter().take_while(|b| **b == b'<').count()
            }
            Verify::Spelled => push_if(placed::spelled(t, hit.clone(), rule.word), rule.kind, hit.end, spans),
            Verify::Argument(number) => push_if(placed::argument(t, hit.end, number), rule.kind, hit.end, spans),
            Verify::SlashLogin => push_if(placed::slash_login(t, hit.end), rule.kind, hit.end, spans),
            Verify::Entry => push_if(placed::entry(t, hit.end), rule.kind, hit.end, spans),
            Verify::Digits(count) => push_if(placed::digits(t, hit.end, count), rule.kind, hit.end, spans),
            Verify::HashesBefore => {
                // Of a row of colons only the first can have a hash before it.
                let same = t[hit.end..].iter().take_while(|b| **b == b':').count();
                push_if(placed::hashes_before(t, hit.start), rule.kind, hit.end + same, spans)
            }
            Verify::ListedAccount => push_if(placed::listed_account(t, hit.end), rule.kind, hit.end, spans),
            Verify::Sent => push_if(placed::sent(t, hit.clone()), rule.kind, hit.end, spans),
            Verify::AccountsBelow => {
                if hit.start >= walked.list {
                    walked.list = placed::accounts_below(t, hit.end, &mut |value| {
                        push(value, rule.kind, spans);
                    });
                }
                hit.end
            }
            Verify::Part(sign, number) => push_if(placed::part(t, hit.end, sign, number), rule.kind, hit.end, spans),
            Verify::Replaced => push_if(placed::replaced(t, &hit), rule.kind, hit.end, spans),
            Verify::Chap => push_if(placed::chap(t, &hit), rule.kind, hit.end, spans),
            Verify::NextEntry(most) => push_if(listed::next_entry(t, hit.end, most), rule.kind, hit.end, spans),
            Verify::Hook => push_if(shapes::hook(t, hit.end), rule.kind, hit.end, spans),
            Verify::Printed => push_if(listed::printed(t, hit.end), rule.kind, hit.end, spans),
            Verify::KeptCookie => push_if(placed::kept_cookie(t, hit.end), rule.kind, hit.end, spans),
            Verify::Insert => {
                if hit.start >= walked.statement {
                    walked.statement = tables::insert(t, hit.end, &mut |value, kind| {
                        push(value, kind, spans);
                    });
                }
                hit.end
            }
            Verify::LineBelow(number) => {
                if let Some(line) = placed::line_below(t, hit.end, number) {
                    push(line, rule.kind, spans);
                }
                hit.end
            }
            Verify::Numbered => push_if(placed::numbered(t, hit.end), rule.kind, hit.end, spans),
            Verify::WifiCode => push_if(placed::wifi_code(t, hit.end), rule.kind, hit.end, spans),
            Verify::Cookies => {
                placed::cookies(t, hit.end, &mut |value| {
                    push(value, rule.kind, spans);
                });
                hit.end
            }
            Verify::Tokens => {
                if hit.start >= walked.list {
                    walked.list = placed::tokens(t, hit.end, &mut |value| {
                        push(value, rule.kind, spans);
                    });
                }
                hit.end
            }
            Verify::Each => {
                below::values(t, hit.start, hit.end, true, &mut |range, quoted, place| {
                    self.lower(rule.kind, Test::Secret, range, quoted, place, spans);
                });
                hit.end
            }
            Verify::Direct => push_if(spoken::direct(t, hit.end), rule.kind, hit.end, spans),
            Verify::LastQuoted => push_if(spoken::last_quoted(t, hit.end), rule.kind, hit.end, spans),
            Verify::Announced => push_if(spoken::announced(t, hit.end), rule.kind, hit.end, spans),
            Verify::BehindName => {
                let value = spoken::behind_name(t, hit.end).or_else(|| spoken::basic(t, hit.end));
                if let Some(name) = account::of_login_option(t, hit.clone(), value.as_ref()) {
                    push(name, Kind::Username, spans);
                }
                push_if(value, rule.kind, hit.end, spans)
            }
            Verify::Basic => push_if(spoken::basic(t, hit.end), rule.kind, hit.end, spans),
            Verify::HexWord(least) => push_if(spoken::hex_word(t, hit.end, least), rule.kind, hit.end, spans),
            Verify::Keytab => push_if(spoken::keytab(t, hit.end), rule.kind, hit.end, spans),
            Verify::Dump => {
                spoken::dump(t, hit.end, &mut |range| {
                    push(range, rule.kind, spans);
                });
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
                if walked.nested < 4 && !walked.covers(t, &hit, options) {
                    walked.nested += 1;
                    let end = commands::options(t, hit.clone(), options, spans);
                    walked.program = hit.end..end;
                    walked.options = options;
                    walked.until = walked.until.max(end);
                }
                hit.end
            }
        }
    }

    /// A name of this host. Gives whether it was one.
    fn name(&self, index: usize, hit: Range<usize>, spans: &mut Vec<Span>) -> bool {
        let t = self.text;
        let name = self.redactor.names.get(index);
        let before = if hit.start == 0 { b'\n' } else { escape::before(t, hit.start).unwrap_or(t[hit.start - 1]) };
        let after = at(t, hit.end);
        let short = hit.len() < 6;
        let joins = |b: u8| b.is_ascii_alphanumeric() || short && matches!(b, b'-' | b'_');
        let token = token::in_token(t, hit.start);
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
            let mut start = escape::past(t, hit.start - 1 - run);
            while start < hit.start - 1 && !t[start].is_ascii_alphanumeric() {
                start += 1;
            }
            if start < hit.start - 1 && !token::is_replaced(&t[start..hit.start - 1]) {
                spans.push(Span::new(&(start..hit.start - 1), Kind::Hostname, Form::Tag));
            }
        }
        true
    }

    /// An identity behind its key.
    pub(super) fn field(&self, field: Field, kind: Kind, hit: Range<usize>, spans: &mut Vec<Span>) {
        if let Some((range, form)) = identity::find(self.text, field, hit) {
            spans.push(Span::new(&range, kind, form));
            let mut last = range;
            for _ in 0..identity::LIST_MOST {
                let Some(next) = identity::next_of_list(self.text, field, &last) else { break };
                spans.push(Span::new(&next, kind, form));
                last = next;
            }
        }
    }
}

/// Adds a value; tells where it ends.
pub(super) fn push(range: Range<usize>, kind: Kind, spans: &mut Vec<Span>) -> usize {
    let end = range.end;
    spans.push(Span::new(&range, kind, Form::Tag));
    end
}

/// Where to go on: behind the value if there is one, else at `next`.
fn push_if(range: Option<Range<usize>>, kind: Kind, next: usize, spans: &mut Vec<Span>) -> usize {
    range.map_or(next, |range| push(range, kind, spans).max(next))
}

/// Whether a short key begins here: not in the middle of a word such as `bypass`.
pub(super) fn begins_word(t: &[u8], start: usize) -> bool {
    if start == 0 {
        return true;
    }
    let before = t[start - 1];
    let here = t[start];
    if escape::before(t, start).is_some() {
        return true;
    }
    if !before.is_ascii_alphanumeric() || !here.is_ascii_alphanumeric() {
        return true;
    }
    let capital = here.is_ascii_uppercase();
    capital && (before.is_ascii_lowercase() || before.is_ascii_digit() || at(t, start + 1).is_ascii_lowercase())
}

/// What was written into a program that reads a secret.
fn entered(found: Option<(Range<usize>, bool)>, kind: Kind, next: usize, spans: &mut Vec<Span>) -> usize {
    match found {
        // Before the secret there may be the name of an account: the scan goes on behind the program.
        Some((range, disk)) => {
            push(range, if disk { Kind::LuksKey } else { kind }, spans);
            next
        }
        None => next,
    }
}
