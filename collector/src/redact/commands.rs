//! Options of programs that carry secrets.
//!
//! In: text, the place of a program's name, the program's options. Out: spans of the options' values. Arguments are
//! separated by blanks or by NUL, quoted as in a shell.

use std::ops::Range;

use super::{
    account::is_account,
    judge::is_no_secret,
    kinds::Kind,
    nested,
    rows::lines_below,
    rules::{How, Opt},
    span::{self, Span},
    value::{at, line_end, line_start, plain_end, skip_blanks},
};

/// So far behind a program's name its options are looked for.
const REACH: usize = 1024;

/// How the arguments are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    /// As the kernel keeps them: NUL behind each, blanks are theirs.
    Nul,
    /// `[program, -p, x]`
    Flow,
    /// `- program` and `- x` in lines of their own.
    Block,
}

/// Finds the values of the program's options; tells where it stopped.
pub(super) fn options(t: &[u8], program: Range<usize>, options: &[Opt], spans: &mut Vec<Span>) -> usize {
    let before = if program.start == 0 { b' ' } else { t[program.start - 1] };
    let bounded = matches!(
        before,
        b' ' | b'\t' | b'\n' | 0 | b'/' | b'"' | b'\'' | b'(' | b'`' | b';' | b'|' | b'&' | b'=' | b':' | b',' | b'['
    );
    let blank = |b: u8| matches!(b, b' ' | b'\t' | 0);
    // `["program","-p","x"]`, `[program, -p, x]`
    let mark = program.end + usize::from(matches!(at(t, program.end), b'"' | b'\''));
    // `program,PID -p x` in a tree of processes
    let process = t[mark.min(t.len())..].iter().skip(1).take(8).take_while(|b| b.is_ascii_digit()).count();
    let process = if at(t, mark) == b',' && process > 0 && at(t, mark + 1 + process) == b' ' { process + 1 } else { 0 };
    let form = match at(t, mark + process) {
        b',' => Form::Flow,
        0 => Form::Nul,
        b'\n' if is_item(t, program.start) => Form::Block,
        _ => Form::Line,
    };
    let bounded = bounded || process > 0 && before == b'-';
    if !bounded
        || !(!matches!(form, Form::Line | Form::Nul) || process > 0 || blank(at(t, program.end)) || blank(t[program.end - 1]))
    {
        return program.end;
    }
    let end = match form {
        Form::Block => {
            let items = lines_below(t, program.end).take_while(|line| t[line.clone()].starts_with(b"- "));
            items.last().map_or(program.end, |line| line.end)
        }
        Form::Line | Form::Nul | Form::Flow => line_end(t, program.end).min(program.end + REACH),
    };
    let mut i = program.end + process;
    let mut wanted: Option<&Opt> = None;
    let mut last: Option<(&Opt, Range<usize>)> = None;
    let mut only = options.iter().find(|o| o.how == How::Last && o.flag.is_empty());
    for _ in 0..48 {
        i = match form {
            Form::Line => skip_blanks(t, i),
            Form::Nul => i + t[i.min(end)..end].iter().take_while(|b| **b == 0).count(),
            Form::Flow => skip_marks(t, i, end),
            Form::Block => skip_item(t, i, end),
        };
        if i >= end || form == Form::Flow && t[i] == b']' {
            break;
        }
        let argument = i..match form {
            Form::Line => {
                let stop = nested::argument_end(t, i, end);
                // A longer one goes on to its own end.
                let whole = stop < end && !matches!(t[stop], b'"' | b'\'' | b'\\');
                if whole { stop } else { nested::argument_end(t, i, memchr::memchr(b'\n', &t[i..]).map_or(t.len(), |n| i + n)) }
            }
            Form::Nul => memchr::memchr2(0, b'\n', &t[i..]).map_or(t.len(), |n| i + n),
            Form::Flow | Form::Block => element_end(t, i, end),
        };
        let text = &t[argument.clone()];
        if matches!(text, b"|" | b";" | b"&&" | b"||" | b">" | b">>" | b"2>&1") {
            break;
        }
        // Behind an option that lacks its value the next option follows.
        let value = wanted.take().filter(|_| !text.starts_with(b"-"));
        let number = text.len() == 1 && text[0].is_ascii_digit();
        if let Some(option) = value.filter(|option| number && !option.flag.starts_with('-')) {
            wanted = Some(option);
        } else if let Some(option) = value {
            push(t, argument.clone(), option, form, spans);
        } else {
            if text.starts_with(b"-") {
                only = only.or_else(|| options.iter().find(|o| o.how == How::Last && is_among(text, o.flag)));
            } else if let Some(option) = only {
                last = Some((option, argument.clone()));
            }
            let led = text.len() > 2 && options.iter().any(|o| text.starts_with(o.flag.as_bytes()) && !o.flag.is_empty());
            for option in options {
                let flag = option.flag.as_bytes();
                if option.how == How::AfterSlash {
                    if !text.starts_with(b"-") {
                        push(t, argument.clone(), option, form, spans);
                    }
                    continue;
                }
                if option.how == How::Last || flag.first() != text.first() {
                    continue;
                }
                // Letters that need no value may stand before: `curl -sku a:b`.
                let letters = match option.how {
                    How::AfterColon => 8,
                    // `unzip -oP x`
                    How::Next | How::Either if flag.len() == 2 => 5,
                    _ => 0,
                };
                if text.len() < letters && text.len() > 2 && text.ends_with(&flag[1..]) && is_among(text, option.flag) && !led {
                    wanted = Some(option);
                    break;
                }
                if text == flag {
                    if option.how != How::Attached {
                        wanted = Some(option);
                    }
                    break;
                }
                let sign = usize::from(flag.starts_with(b"--"));
                if option.how != How::Next && text.starts_with(flag) && (sign == 0 || at(t, argument.start + flag.len()) == b'=')
                {
                    push(t, argument.start + flag.len() + sign..argument.end, option, form, spans);
                    break;
                }
            }
        }
        i = argument.end.max(i + 1);
    }
    if let Some((option, argument)) = last {
        push(t, argument, option, form, spans);
    }
    i
}

/// Whether the letter of a short flag is among those of this argument.
fn is_among(text: &[u8], flag: &str) -> bool {
    let [b'-', letter] = flag.as_bytes() else { return false };
    text.len() >= 2 && text[0] == b'-' && text[1..].iter().all(u8::is_ascii_alphabetic) && text.contains(letter)
}

/// Whether an item of a list in YAML begins here, but for the path of a program.
fn is_item(t: &[u8], i: usize) -> bool {
    let lead = &t[line_start(t, i, 128)..i];
    let path =
        lead.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'.' | b'"' | b'\'')).count();
    lead[..lead.len() - path].trim_ascii() == b"-"
}

/// To the text of the next item, behind its quote.
fn skip_item(t: &[u8], i: usize, end: usize) -> usize {
    let blanks =
        |i: usize| i + t[i.min(end)..end].iter().take(64).take_while(|b| b.is_ascii_whitespace() || is_quote(**b)).count();
    let i = blanks(i);
    if t[i.min(end)..end].starts_with(b"- ") { blanks(i + 2) } else { i }
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'')
}

/// To the next element of a list.
fn skip_marks(t: &[u8], i: usize, end: usize) -> usize {
    i + t[i.min(end)..end].iter().take(64).take_while(|b| matches!(b, b' ' | b'\t' | b',' | b'"' | b'\'' | b'\\')).count()
}

/// The end of an element of a list, in quotes or not.
fn element_end(t: &[u8], start: usize, end: usize) -> usize {
    let before = t[start - 1];
    let quoted = matches!(before, b'"' | b'\'');
    let stop = |b: u8| if quoted { b == before } else { matches!(b, b',' | b']' | b'\n') };
    let mut close = start + t[start..end].iter().take_while(|b| !stop(**b)).count();
    if quoted && close > start && t[close - 1] == b'\\' {
        close -= 1;
    }
    close
}

fn push(t: &[u8], argument: Range<usize>, option: &Opt, form: Form, spans: &mut Vec<Span>) {
    let plain = || argument.start..plain_end(t, argument.start, false, usize::MAX).min(argument.end);
    let mut range = match form {
        Form::Nul => argument,
        Form::Line | Form::Flow | Form::Block => nested::quoted(t, argument.clone()).unwrap_or_else(plain),
    };
    let part = match option.how {
        How::AfterColon => b':',
        How::AfterComma => b',',
        How::AfterPercent => b'%',
        How::AfterSlash => b'/',
        How::Next | How::Attached | How::Either | How::Last => 0,
    };
    if part != 0 {
        let Some(sign) = memchr::memchr(part, &t[range.clone()]) else { return };
        if t[range.start + sign..].starts_with(b"://") {
            return;
        }
        if option.how == How::AfterSlash {
            let name = &t[range.start..range.start + sign];
            let account = !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_$#=".contains(b));
            if !account {
                return;
            }
            if let Some(host) = memchr::memrchr(b'@', &t[range.clone()]) {
                range.end = range.start + host;
            }
        }
        range.start = (range.start + sign + 1).min(range.end);
    }
    let value = &t[range.clone()];
    let fits = if option.kind == Kind::Username { is_account(value) } else { !is_no_secret(value) };
    if fits {
        spans.push(Span::new(&range, option.kind, span::Form::Tag));
    }
}
