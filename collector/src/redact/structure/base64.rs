//! Base64 in a text: where it is, and what it says.
//!
//! In: text. Out: places of long runs, the decoded text, the encoded one. Certificates, checksums and images do not
//! decode to a text and are left alone; of binary content only private keys are known, by how they begin.

use std::ops::Range;

use super::is_text;

/// Shorter runs are words.
const LEAST: usize = 20;
/// As long as a line that is not cut.
const MOST: usize = 1 << 20;

/// Value of a character, 64 for others. Both alphabets.
const VALUE: [u8; 256] = {
    let mut table = [64; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        table[b] = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => 64,
        };
        b += 1;
    }
    table
};

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn fits(b: u8) -> bool {
    VALUE[usize::from(b)] < 64
}

/// What a run of base64 holds.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Content {
    /// A text, to be looked at by the rules.
    Text(Vec<u8>),
    /// A private key in binary form.
    PrivateKey,
}

/// Calls `found` with runs of the alphabet in `t[from..to]` of at least [`LEAST`] characters, padding included.
pub(in super::super) fn runs(t: &[u8], from: usize, to: usize, found: &mut dyn FnMut(Range<usize>)) {
    // Such a run covers eight bytes from every thirteenth place on: blanks and quotes rule out most places at once.
    let mut i = from;
    while let Some(eight) = t[..to].get(i..i + 8).and_then(<[u8]>::as_array::<8>) {
        // One question for all eight: the answer for each could not be foretold.
        if eight.iter().fold(0, |all, b| all | VALUE[usize::from(*b)]) >= 64 {
            i += LEAST - 7;
            continue;
        }
        let mut start = i - t[from..i].iter().rev().take_while(|b| fits(**b)).count();
        let mut end = i + t[i..to].iter().take_while(|b| fits(**b)).count();
        if start > from && t[start - 1] == b'\\' {
            // The letter of an escape: `\neyJ`.
            start += 1;
        }
        let length = end - start;
        end += t[end..to].iter().take(2).take_while(|b| **b == b'=').count();
        if (LEAST..MOST).contains(&length) {
            found(start..end);
        }
        i = end;
    }
}

/// What the run holds, if it is a text or a key.
pub(in super::super) fn content(run: &[u8]) -> Option<Content> {
    let padding = run.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let digits = &run[..run.len() - padding];
    if digits.len() < 16 || digits.len() % 4 == 1 {
        return None;
    }
    let head = plain(&digits[..16]);
    if is_private_key(&head) {
        return Some(Content::PrivateKey);
    }
    let signs = head.iter().filter(|b| b.is_ascii_graphic()).count();
    if !is_text(&head) || signs < 5 {
        return None;
    }
    let mut text = plain(digits);
    let wide = head.iter().skip(1).step_by(2).all(|b| *b == 0);
    if wide {
        // UTF-16, as PowerShell encodes its commands.
        text = text.iter().step_by(2).copied().collect();
    } else if signs < 9 && head.is_ascii() {
        return None;
    }
    (is_text(&text) && std::str::from_utf8(&text).is_ok()).then_some(Content::Text(text))
}

/// Whether there is nothing but the standard alphabet, and padding at the end.
pub(in super::super) fn is_padded(value: &[u8]) -> bool {
    let padding = value.iter().rev().take(2).take_while(|b| **b == b'=').count();
    value[..value.len() - padding].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// Whether the value is base64 of printable characters.
pub(in super::super) fn is_words(value: &[u8]) -> bool {
    let digits = &value[..value.len() - value.iter().rev().take(2).take_while(|b| **b == b'=').count()];
    digits.iter().all(|b| fits(*b)) && plain(digits).iter().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
}

/// Whether the value is base64 of `user:password`.
pub(in super::super) fn is_login(value: &[u8]) -> bool {
    let digits = &value[..value.len() - value.iter().rev().take(2).take_while(|b| **b == b'=').count()];
    value.len() >= 8 && is_padded(value) && is_words(value) && memchr::memchr(b':', &plain(digits)).is_some_and(|n| n > 0)
}

/// The decoded bytes of characters that are all of the alphabet.
fn plain(digits: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 3);
    for four in digits.chunks(4) {
        let bits = four.iter().fold(0_u32, |n, b| n << 6 | u32::from(VALUE[usize::from(*b)])) << (6 * (4 - four.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    out
}

/// A sequence that begins with the version number of a private key (PKCS#1, PKCS#8, SEC1), or OpenSSH's own form.
fn is_private_key(head: &[u8]) -> bool {
    let ([0x30, 0x82, _, _, body @ ..] | [0x30, 0x81, _, body @ ..] | [0x30, 0x20..=0x7f, body @ ..]) = head else {
        return head.starts_with(b"openssh-key-");
    };
    body.starts_with(&[2, 1, 0]) || body.starts_with(&[2, 1, 1, 4])
}

/// Encodes in the alphabet and with the padding of `like`.
pub(in super::super) fn encode(bytes: &[u8], like: &[u8], out: &mut Vec<u8>) {
    let url = like.iter().any(|b| matches!(b, b'-' | b'_'));
    let padded = like.ends_with(b"=") || like.len().is_multiple_of(4);
    let alphabet = if url { URL } else { STANDARD };
    out.reserve(bytes.len() / 3 * 4 + 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        let four = [18, 12, 6, 0].map(|shift| alphabet[(bits >> shift & 63) as usize]);
        out.extend_from_slice(&four[..=three.len()]);
        if padded {
            out.extend_from_slice(&b"=="[..3 - three.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_and_written_again() {
        for (run, text) in [
            ("eyJ1c2VyIjoiYXBwIiwicGFzcyI6IngifQ==", "{\"user\":\"app\",\"pass\":\"x\"}"),
            ("REJfUEFTU1dPUkQ9YWJjZGVmZ2g", "DB_PASSWORD=abcdefgh"),
        ] {
            assert_eq!(content(run.as_bytes()), Some(Content::Text(text.as_bytes().to_vec())), "{run}");
            let mut out = Vec::new();
            encode(text.as_bytes(), run.as_bytes(), &mut out);
            assert_eq!(out, run.as_bytes());
        }
    }

    #[test]
    fn keys_are_known_and_certificates_are_not() {
        assert_eq!(content(b"MIIEvgIBADANBgkqhkiG9w0BAQEFAASC"), Some(Content::PrivateKey));
        assert_eq!(content(b"MHcCAQEEIBsZbYT9kq0a5l0hYw0b1o5z"), Some(Content::PrivateKey));
        assert_eq!(content(b"MIIBfTCCASOgAwIBAgIUHI5G2Hhzwxvv"), None);
        assert_eq!(content(b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"), None);
        assert_eq!(content(b"lib64/security/pam_unix/session0"), None);
    }

    #[test]
    fn every_long_run_is_found() {
        for before in 0..25 {
            for length in 18..40 {
                let text = format!("{}{} x", " ".repeat(before), "a".repeat(length));
                let mut seen = Vec::new();
                runs(text.as_bytes(), 0, text.len(), &mut |run| seen.push((run.start, run.end)));
                let wanted = if length < LEAST { None } else { Some((before, before + length)) };
                assert_eq!(seen, wanted.into_iter().collect::<Vec<_>>(), "{before} {length}");
            }
        }
    }
}
