//! Pieces of one line of text: what stands after, before and between marks.
//!
//! In: `&str`. Out: slices of it. Never panics, never allocates but in `limited`.

/// What follows the first `mark`.
pub(crate) fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.find(mark).map(|at| &text[at + mark.len()..])
}

/// What stands before the first `mark`.
pub(crate) fn before<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.find(mark).map(|at| &text[..at])
}

/// What stands between the first `open` and the next `close`.
pub(crate) fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    before(after(text, open)?, close)
}

/// The first word, without the punctuation around it.
pub(crate) fn word(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?.trim_matches(|c| matches!(c, ',' | ';' | ':' | '.' | '!' | '"' | '\''));
    (!word.is_empty()).then_some(word)
}

/// The last word, without the punctuation around it.
pub(crate) fn last_word(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next_back()?.trim_matches(|c| matches!(c, ',' | ';' | ':' | '.' | '!'));
    (!word.is_empty()).then_some(word)
}

/// The decimal digits the text starts with.
pub(crate) fn digits(text: &str) -> Option<&str> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// A copy of at most `bytes` bytes, cut at a character.
pub(crate) fn limited(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)].to_owned()
}
