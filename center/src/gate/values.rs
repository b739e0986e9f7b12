//! What the headers of tus say. In: the text of one header, as hostile as can be. Out: its value, or nothing when it is not
//! written as it must be.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A whole number below 2^63, decimal digits and nothing else.
pub fn whole_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && i64::try_from(*number).is_ok())
}

/// The SHA-256 in `sha256 BASE64`.
pub fn checksum(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.strip_prefix("sha256 ")?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits() {
        assert_eq!((whole_number("0"), whole_number("9223372036854775807")), (Some(0), Some(i64::MAX as u64)));
        for bad in ["", "+1", "-1", " 1", "1.0", "0x1", "9223372036854775808", "99999999999999999999"] {
            assert_eq!(whole_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_checksum_is_one_sha256() {
        assert_eq!(checksum("sha256 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), Some([0; 32]));
        for bad in ["", "sha256", "sha256 AAAA", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256  AAAA="] {
            assert_eq!(checksum(bad), None, "{bad}");
        }
    }
}
