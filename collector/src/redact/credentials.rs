//! Files of which the place in a line says what is a credential: shadow, htpasswd, chap-secrets, ipsec.secrets, netrc.
//!
//! In: whole lines of such a file. Out: the spans of hashes, secrets and the accounts they belong to. Never here: how a secret
//! looks; what is there stands there to be one, unless it says that there is none.

use super::{
    by_path,
    judge::is_no_secret,
    kinds::Kind,
    span::{Form, Span},
};

/// Calls `each` with the place of every line that is no comment.
fn lines(text: &[u8], from: usize, to: usize, mut each: impl FnMut(usize, usize)) {
    let mut start = from;
    while start < to {
        let end = memchr::memchr(b'\n', &text[start..to]).map_or(to, |n| start + n);
        if !text[start..end].trim_ascii_start().starts_with(b"#") {
            each(start, end);
        }
        start = end + 1;
    }
}

/// Calls `each` with the place of every word.
pub(super) fn words(text: &[u8], from: usize, to: usize, mut each: impl FnMut(usize, usize)) {
    let mut i = from;
    while i < to {
        let length = text[i..to].iter().take_while(|b| !b.is_ascii_whitespace()).count();
        if length > 0 {
            each(i, i + length);
        }
        i += length + 1;
    }
}

/// The field after the first colon, behind the signs of a locked account. Of `htdigest`, the last field.
pub(super) fn hashes(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    lines(text, from, to, |start, end| {
        let line = &text[start..end];
        let Some(name) = memchr::memchr(b':', line) else { return };
        let signs = line[name + 1..].iter().take_while(|b| matches!(b, b'!' | b'*')).count();
        let begin = start + name + 1 + signs;
        let field = |begin: usize| begin + text[begin..end].iter().take_while(|b| !matches!(b, b':' | b'\r')).count();
        let mut place = begin..field(begin);
        // user:realm:hash
        let rest = &text[place.end..end];
        if rest.len() == 33 && rest[1..].iter().all(u8::is_ascii_hexdigit) {
            place = place.end + 1..end;
        }
        // A hash is never this short; `x` says that it is elsewhere.
        if place.len() >= 8 && !is_no_secret(&text[place.clone()]) {
            spans.push(Span::new(&place, Kind::PwHash, Form::Tag));
        }
    });
}

/// The third field of a line is the secret, the first the name of an account.
pub(super) fn chap(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    lines(text, from, to, |start, end| {
        for (field, word) in by_path::words(&text[start..end]).take(3).enumerate() {
            let place = start + word.start..start + word.end;
            let kind = match field {
                0 => Kind::Username,
                2 => Kind::VpnSecret,
                _ => continue,
            };
            if !is_no_secret(&text[place.clone()]) {
                spans.push(Span::new(&place, kind, Form::Tag));
            }
        }
    });
}

/// `selectors : PSK "secret"`: the last word of a line behind the type, in quotes or not.
pub(super) fn ipsec(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    const TYPES: [&[u8]; 9] = [b"PSK", b"RSA", b"ECDSA", b"P12", b"EAP", b"XAUTH", b"NTLM", b"PIN", b"PKCS8"];
    lines(text, from, to, |start, end| {
        let line = text[start..end].trim_ascii_end();
        let end = start + line.len();
        let colon = match line.first() {
            Some(b':') => 0,
            _ => match memchr::memmem::find(line, b" :") {
                Some(place) => place + 1,
                None => return,
            },
        };
        let rest = line[colon + 1..].trim_ascii_start();
        let typed = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        // A key's file may have a password, or none.
        let file = matches!(&rest[..typed], b"RSA" | b"ECDSA" | b"P12" | b"PKCS8");
        let value = rest[typed..].trim_ascii_start();
        if value.is_empty() || !TYPES.contains(&&rest[..typed]) {
            return;
        }
        let begin = end - value.len();
        let quoted = value.last().filter(|b| matches!(b, b'"' | b'\'')).and_then(|q| {
            let open = memchr::memrchr(*q, &value[..value.len() - 1])?;
            Some((begin + open + 1..end - 1, open > 0))
        });
        let word = memchr::memrchr2(b' ', b'\t', value).map_or(0, |n| n + 1);
        let (place, second) = quoted.unwrap_or((begin + word..end, word > 0));
        if (second || !file) && !is_no_secret(&text[place.clone()]) {
            spans.push(Span::new(&place, Kind::VpnSecret, Form::Tag));
        }
    });
}

/// The words behind `password`. Who logs in is a name like others, known by the harvest.
pub(super) fn netrc(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    lines(text, from, to, |start, end| {
        let mut before: &[u8] = b"";
        words(text, start, end, |a, b| {
            let word = &text[a..b];
            let secret = before == b"password";
            if secret && !is_no_secret(word) {
                spans.push(Span::new(&(a..b), Kind::UrlUserinfo, Form::Tag));
            }
            // A value is no key, whatever it says.
            before = if secret || matches!(before, b"login" | b"machine" | b"account") { b"" } else { word };
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_quotes_may_hold_blanks() {
        let text = b"# client server secret\nbranch7 * \"n0w You See\" *\n";
        let mut spans = Vec::new();
        chap(text, 0, text.len(), &mut spans);
        let found: Vec<_> = spans.iter().map(|s| &text[s.start as usize..s.end as usize]).collect();
        assert_eq!(found, [&b"branch7"[..], b"n0w You See"]);
    }
}
