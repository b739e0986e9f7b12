//! Tokens in a text: where one stands and of which kind it is.
//!
//! In: text that was redacted before. Out: the length of the token at its beginning. Addresses have no such form: nobody can
//! tell a stand-in of one by its looks.

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
        }
        for none in ["", "OEr-", "OEr-host", "OEr-host-abcdefgh234", "OEr-host-abcdefgh2341", "OEr-colour-abcdefgh2345", "x"] {
            assert_eq!(token_at(none.as_bytes()), None, "{none}");
        }
    }
}
