//! Tokens in a text: where one stands and of which kind it is.
//!
//! In: text that was redacted before, perhaps. Out: the length of the token at its beginning, whether a place lies in one, what a
//! text is without them. Only the whole form counts: who writes `OEr-` before a secret hides nothing. Addresses have no such form:
//! nobody can tell a stand-in of one by its looks.

use std::borrow::Cow;

use super::{
    kinds::Kind,
    tag::{ALPHABET, TAG_LEN},
};

/// A token in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Bytes of it, without the `.invalid` behind a domain.
    pub len: usize,
    /// What it stands for is gone for good.
    pub credential: bool,
}

/// The token with which the text begins, in any case.
pub fn token_at(text: &[u8]) -> Option<Token> {
    let rest = strip(text, b"oer-")?;
    Kind::all().find_map(|kind| {
        let tag = strip(strip(rest, kind.token().as_bytes())?, b"-")?.get(..TAG_LEN)?;
        let whole = tag.iter().all(|byte| ALPHABET.contains(&byte.to_ascii_lowercase()));
        let len = 4 + kind.token().len() + 1 + TAG_LEN;
        whole.then_some(Token { len, credential: kind.is_credential() })
    })
}

/// What the leak gate writes, of whatever kind.
pub(super) const LEAK: &str = "leak";
/// What the reader of the journal writes for a value that is no text.
pub(super) const NO_TEXT: &[u8] = b"OEr-journal-bin";
/// Bytes of the longest token: `OEr-generic-api-key-` and the tag.
const LONGEST: usize = 20 + TAG_LEN;

/// Bytes of the token with which the text begins, of the leak gate's too.
fn length(text: &[u8]) -> Option<usize> {
    if !text.get(..4)?.eq_ignore_ascii_case(b"oer-") {
        return None;
    }
    let leak = || {
        let tag = strip(strip(text, b"oer-leak")?, b"-")?.get(..TAG_LEN)?;
        tag.iter().all(|byte| ALPHABET.contains(&byte.to_ascii_lowercase())).then_some(4 + LEAK.len() + 1 + TAG_LEN)
    };
    token_at(text).map(|token| token.len).or_else(leak)
}

/// Whether the place lies in a token, or begins one.
pub fn in_token(text: &[u8], place: usize) -> bool {
    let first = text.get(place).is_some_and(|b| b.eq_ignore_ascii_case(&b'o'));
    let joined = place.checked_sub(1).and_then(|i| text.get(i)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
    (first || joined)
        && (place.saturating_sub(LONGEST)..=place)
            .any(|i| text.get(i..).and_then(length).is_some_and(|length| i + length > place))
}

/// Whether a token is in the text.
pub(super) fn is_in(text: &[u8]) -> bool {
    first(text).is_some()
}

/// Place and length of the first token; names in capitals have theirs in capitals.
fn first(text: &[u8]) -> Option<(usize, usize)> {
    memchr::memchr_iter(b'O', text).find_map(|n| length(&text[n..]).map(|length| (n, length)))
}

/// The text without its tokens.
pub(super) fn without(text: &[u8]) -> Cow<'_, [u8]> {
    let mut rest = text;
    let mut kept = Vec::new();
    while let Some((start, length)) = first(rest) {
        kept.extend_from_slice(&rest[..start]);
        rest = &rest[start + length..];
        rest = rest.strip_prefix(b".invalid").unwrap_or(rest);
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    kept.extend_from_slice(rest);
    Cow::Owned(kept)
}

/// Whether the text is a token, or some of them with signs between: what it was is replaced.
pub(super) fn is_replaced(text: &[u8]) -> bool {
    length(text).is_some() && !without(text).iter().any(u8::is_ascii_alphanumeric) || text == NO_TEXT
}

fn strip<'a>(text: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_every_kind_are_known() {
        for kind in Kind::all() {
            let text = format!("OEr-{}-abcdefgh2345 and more", kind.token());
            let token = token_at(text.as_bytes()).expect("a token");
            assert_eq!((token.len, token.credential), (text.len() - 9, kind.is_credential()), "{text}");
            assert_eq!(token_at(text.to_uppercase().as_bytes()), Some(token));
            assert!(token.len <= LONGEST && is_replaced(&text.as_bytes()[..token.len]), "{text}");
            assert!((0..token.len).all(|place| in_token(text.as_bytes(), place)) && !in_token(text.as_bytes(), token.len));
        }
        for none in ["", "OEr-", "OEr-host", "OEr-host-abcdefgh234", "OEr-host-abcdefgh2341", "OEr-colour-abcdefgh2345", "x"] {
            assert_eq!(token_at(none.as_bytes()), None, "{none}");
        }
    }
    #[test]
    fn only_whole_tokens_are_replaced_values() {
        for yes in [
            "OEr-host-abcdefgh2345",
            "OER-HOST-ABCDEFGH2345",
            "OEr-leak-abcdefgh2345",
            "OEr-journal-bin",
            "OEr-user-abcdefgh2345@OEr-dom-abcdefgh2345.invalid",
            "OEr-password-kv-abcdefgh2345OEr-key-abcdefgh2345,",
        ] {
            assert!(is_replaced(yes.as_bytes()), "{yes}");
        }
        for no in ["", "OEr-MyRealSecret123", "OEr-host-abcdefgh234", "OEr-host-abcdefgh2345-Real9876", "xOEr-host-abcdefgh2345"]
        {
            assert!(!is_replaced(no.as_bytes()), "{no}");
        }
        assert_eq!(&*without(b"a OEr-dom-abcdefgh2345.invalid:OEr-b OEr-key-abcdefgh2345x"), b"a :OEr-b x");
    }
}
