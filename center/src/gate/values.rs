//! What the headers of tus and of hosts say. In: the text of one header, as hostile as can be. Out: its value, or nothing when it is not
//! written as it must be.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oediag_protocol::{bundle::manifest::LedgerHead, digest::Sha256, ledger::NOTHING};

/// A whole number below 2^63, decimal digits and nothing else.
pub fn whole_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && i64::try_from(*number).is_ok())
}

/// The SHA-256 in `sha256 BASE64`.
pub fn checksum(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.strip_prefix("sha256 ")?).ok()?.try_into().ok()
}

/// The head of a ledger in `SEQ:HASH`; number 0 and zeros for a ledger without a line.
pub fn ledger_head(text: &str) -> Option<LedgerHead> {
    let (seq, hash) = text.split_once(':')?;
    let head = LedgerHead { seq: whole_number(seq)?, hash: Sha256::parse(hash)? };
    let plain = seq == head.seq.to_string() && (head.seq > 0 || head.hash == NOTHING);
    plain.then_some(head)
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
    fn a_ledger_head_has_one_spelling() {
        let (zeros, ones) = ("0".repeat(64), "1".repeat(64));
        assert_eq!(ledger_head(&format!("0:{zeros}")), Some(LedgerHead { seq: 0, hash: NOTHING }));
        assert_eq!(ledger_head(&format!("12:{ones}")).map(|head| head.seq), Some(12));
        for bad in ["", "1", "1:", "01:{1}", "0:{1}", "+1:{1}", "1:{1}1", "-1:{1}", "1:{1}:"] {
            assert_eq!(ledger_head(&bad.replace("{1}", &ones)), None, "{bad}");
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
