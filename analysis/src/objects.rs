//! JSON objects one after the other, on one line each or over many, alone or in a list: gala-gopher's events, xalarm's alarms.
//!
//! In: lines of a member. Out: events into `Findings`, with the lines of their object. Never holds more than one object of
//! 64 KiB; a longer or broken one is passed over, and the next that begins a line is read again.

use jiff::Timestamp;

use crate::{
    clock,
    findings::{Event, Findings},
    lines,
    rules::sentry::{Told, When},
    tap::Context,
};

/// Bytes of one object.
const OBJECT: usize = 64 * 1024;

/// Reads one object.
type Read = fn(&serde_json::Value) -> Option<Told>;

/// The state of reading one member.
#[derive(Debug)]
pub(crate) struct Objects {
    read: Read,
    context: Context,
    number: u64,
    /// The object that has begun, without what was too much.
    text: Vec<u8>,
    begin: u64,
    depth: u32,
    quoted: bool,
    escaped: bool,
    findings: Findings,
}

impl Objects {
    pub(crate) fn new(read: Read, path: &str, context: &Context) -> Self {
        Self {
            read,
            context: context.clone(),
            number: 0,
            text: Vec::new(),
            begin: 0,
            depth: 0,
            quoted: false,
            escaped: false,
            findings: Findings::new(path, &context.zone, context.latest),
        }
    }

    pub(crate) fn batch(&mut self, batch: &[u8]) {
        for line in lines::each(batch) {
            self.number += 1;
            // A brace in the first column begins anew: what was before it lost its end.
            if line.first() == Some(&b'{') {
                self.drop_object();
            }
            for &byte in line {
                self.byte(byte);
            }
            self.byte(b'\n');
        }
    }

    pub(crate) fn finish(self) -> Findings {
        self.findings
    }

    fn drop_object(&mut self) {
        self.text.clear();
        (self.depth, self.quoted, self.escaped) = (0, false, false);
    }

    fn byte(&mut self, byte: u8) {
        if self.depth == 0 && byte != b'{' {
            return;
        }
        if self.text.len() < OBJECT {
            self.text.push(byte);
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.quoted => self.escaped = true,
            b'"' => self.quoted = !self.quoted,
            b'{' if !self.quoted => {
                if self.depth == 0 {
                    self.begin = self.number;
                }
                self.depth += 1;
            }
            b'}' if !self.quoted => {
                self.depth -= 1;
                if self.depth == 0 {
                    self.object();
                    self.drop_object();
                }
            }
            _ => {}
        }
    }

    fn object(&mut self) {
        let Ok(value) = serde_json::from_slice(&self.text) else { return };
        let Some(Told { kind, found, time, recovery }) = (self.read)(&value) else { return };
        let time = match time {
            Some(When::Millis(millis)) => Timestamp::from_millisecond(millis).ok(),
            Some(When::Local(text)) => clock::civil(&text, &self.context.zone).map(|(time, _)| time),
            None => None,
        };
        if recovery {
            if let Some(time) = time {
                self.findings.recover(kind, found.subject, time);
            }
            return;
        }
        let (line, end) = (self.begin, self.number);
        self.findings.add(Event { kind, from: "", found, time, last: time, stamp: None, ended: None, line, end, copy: None });
    }
}
