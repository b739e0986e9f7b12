//! Masks for what is found in clean bytes after all.
//!
//! In: clean bytes and the places that the leak gate names. Out: the same with `OEr-leak-<tag>` in these places, written as the
//! place is: so that hexadecimal digits stay such. Nothing but stand-ins is ever written.

use std::ops::Range;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};

use super::{Clean, Redactor, tag};

/// How a place is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// As it is.
    Plain,
    /// In hexadecimal digits.
    Hex,
    /// In base64: the whole run of it.
    Base64,
    /// In UTF-16, little endian.
    Utf16Le,
    /// In UTF-16, big endian.
    Utf16Be,
}

/// A place to be masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Its bytes.
    pub range: Range<usize>,
    /// How it is written.
    pub written: Written,
}

impl Redactor {
    /// The same bytes with these places masked, which are sorted and apart from each other.
    pub fn mask(&self, clean: &Clean, masks: &[Mask]) -> Clean {
        Clean(self.masked(clean.as_bytes(), masks))
    }

    /// The same for a string of the manifest.
    pub fn mask_text(&self, text: &str, masks: &[Mask]) -> String {
        String::from_utf8_lossy(&self.masked(text.as_bytes(), masks)).into_owned()
    }

    fn masked(&self, bytes: &[u8], masks: &[Mask]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 32 * masks.len());
        let mut done = 0;
        for Mask { range, written } in masks {
            let (Some(before), Some(value)) = (bytes.get(done..range.start), bytes.get(range.clone())) else { continue };
            out.extend_from_slice(before);
            let token = tag::leak(&self.prf, value);
            match written {
                Written::Plain => out.extend_from_slice(token.as_bytes()),
                Written::Hex => {
                    out.extend(token.bytes().flat_map(|b| [b >> 4, b & 15]).map(|n| b"0123456789abcdef"[usize::from(n)]));
                }
                Written::Base64 => out.extend_from_slice(BASE64_STANDARD_NO_PAD.encode(token).as_bytes()),
                Written::Utf16Le => out.extend(token.encode_utf16().flat_map(u16::to_le_bytes)),
                Written::Utf16Be => out.extend(token.encode_utf16().flat_map(u16::to_be_bytes)),
            }
            done = range.end;
        }
        out.extend_from_slice(&bytes[done..]);
        out
    }
}
