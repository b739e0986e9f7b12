//! What is written over more than one line, or in one line where most have many: found in a whole chunk before the scans.
//!
//! In: a chunk. Out: the spans of wrapped base64, of the values of Secrets, of values that stand before their names, of texts in
//! another form.

use std::{cell::RefCell, ops::Range};

use super::{
    Piece, Redactor, Scratch,
    counts::Counts,
    files::File,
    given::Given,
    kinds::Kind,
    span::{Form, Span},
    structure::{base64::Content, layer::Layer, secret, siblings, wrapped},
};

impl Redactor {
    /// Finds them all.
    pub(super) fn blocks(&self, piece: &Piece<'_>, given: &RefCell<Given>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) {
        let text = piece.text;
        let mut entry = |value: Range<usize>| spans.push(Span::new(&value, Kind::K8sSecret, Form::Tag));
        if piece.file == File::Manifest {
            secret::walk(text, piece.first_line, piece.document, &mut entry);
        }
        secret::inline(text, piece.first_line, &mut entry);
        if piece.depth == 0 {
            return;
        }
        if piece.file == File::Manifest {
            siblings::before(text, &mut |value, name| {
                // The rules say whether it is a secret, as if it stood behind its name.
                let line = [&text[name.clone()], b": ", &text[value.clone()]].concat();
                let (clean, credential) = self.decoded(&line, piece.depth - 1, given);
                if credential && clean.starts_with(&line[..name.len() + 2]) {
                    spans.push(Span::new(&value, Kind::PasswordKv, Form::Tag));
                }
            });
        }
        self.wrapped(piece, given, spans, arena);
        for layer in [Layer::units(piece.bytes), Layer::escapes(text)] {
            self.layer(&layer, piece.depth - 1, given, spans, arena);
        }
    }

    /// Texts in another form: what is replaced in them is replaced in that form.
    fn layer(&self, layer: &Layer, depth: u8, given: &RefCell<Given>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) {
        if layer.plain.is_empty() {
            return;
        }
        let mut out = Vec::with_capacity(layer.plain.len() + 32);
        let mut scratch = Scratch { seen: Some(Vec::new()), ..Scratch::default() };
        scratch.cache.given.enter(given.borrow().file());
        self.pass(&Piece::whole(&layer.plain, File::Text, depth), &mut scratch, &mut Counts::default(), &mut out);
        given.borrow_mut().absorb(&mut scratch.cache.given);
        for seen in scratch.seen.unwrap_or_default() {
            if let Some(place) = layer.place(&(seen.start..seen.end)) {
                let made = arena.len();
                layer.write(seen.start, &out[seen.written..seen.written_end], arena);
                spans.push(Span::new(&place, seen.kind, Form::Made(made as u32, arena.len() as u32)));
            }
        }
    }

    /// Runs of base64 over many lines: with a credential in it each line goes, else identities are replaced.
    fn wrapped(&self, piece: &Piece<'_>, given: &RefCell<Given>, spans: &mut Vec<Span>, arena: &mut Vec<u8>) {
        let mut push = |line: &Range<usize>, form| spans.push(Span::new(line, Kind::Base64Wrapped, form));
        wrapped::walk(piece.text, piece.skip, &mut |lines, content| {
            let Content::Text(plain) = content else { return lines.iter().for_each(|line| push(line, Form::Tag)) };
            let (clean, credential) = self.decoded(&plain, piece.depth - 1, given);
            if credential {
                for line in lines {
                    push(line, Form::Tag);
                }
            } else if clean != plain {
                for (line, text) in lines.iter().zip(wrapped::wrap(&clean, piece.text, lines)) {
                    let made = arena.len();
                    arena.extend_from_slice(&text);
                    push(line, Form::Made(made as u32, arena.len() as u32));
                }
            }
        });
    }
}
