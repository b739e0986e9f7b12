//! Forms of writing that hide a value from rules that look at a line: one file per form.
//!
//! In: text and the place of a key or of the form's start. Out: the place of a value, or the plain text that was encoded.
//! Never here: rules of what is a secret, nor stand-ins.

pub(super) mod base64;
pub(super) mod binary;
pub(super) mod execve;
pub(super) mod export;
pub(super) mod gb18030;
pub(super) mod hex;
pub(super) mod layer;
pub(super) mod numbers;
pub(super) mod percent;
pub(super) mod secret;
pub(super) mod siblings;
pub(super) mod wrapped;
pub(super) mod xml;

/// Whether the bytes are a text: no control characters but those that texts have.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| *b >= 32 && *b != 127 || matches!(b, 0 | b'\t' | b'\n' | b'\r' | 27))
}
