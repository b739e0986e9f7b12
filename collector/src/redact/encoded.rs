//! Values in another form: hexadecimal, base64, numbers, the arguments of audit records. A part of scan A.
//!
//! In: the place of a literal or a run. Out: spans whose stand-ins are written in that same form.

use std::ops::Range;

use super::{
    kinds::Kind,
    scan::{Literals, push},
    span::{Form, Span},
    structure::{
        base64::{self, Content},
        execve, is_text, numbers,
    },
    value::{at, is_name},
};

impl Literals<'_> {
    /// A command line in hexadecimal: decoded, redacted, encoded again.
    pub(super) fn hex(&self, kind: Kind, hit: Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) -> usize {
        let t = self.text;
        let start = hit.end;
        let run = t[start..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
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
    pub(super) fn base64(&self, run: Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) {
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
    pub(super) fn numbers(&self, kind: Kind, hit: &Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) -> usize {
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
    pub(super) fn arguments(&self, kind: Kind, hit: &Range<usize>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) -> usize {
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
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// In a longer run of base64 only what is secret goes: it is a file.
const WRAPPED_MAX: usize = 4096;

fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for b in bytes {
        out.extend_from_slice(&[HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
    }
}
