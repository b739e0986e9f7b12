//! Signed HTTP requests of a host: RFC 9421 in one fixed profile, so that there is nothing to negotiate.
//!
//! In: the parts of a request and the host's transport key, or the headers of a request as hostile as can be. Out: the two
//! headers to send, or whether the key signed this very request just now. Never: covers fewer parts than the profile's;
//! keeps nonces: who verifies must remember them for [`MEMORY`] seconds.
//!
//! The profile: label `oediag`; components `@method @authority @path @query content-digest oediag-host oediag-ledger`, and
//! `upload-offset` behind them when the request is a PATCH; parameters `created`, `nonce` (32 hex digits), `keyid` (the
//! fingerprint of the transport key) and `tag="oediag-agent-v1"`, in this order. The key is Ed25519 and signs nothing else.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::{
    digest::{Sha256, hex, unhex},
    sshsig::{PublicKey, SigError, Signer},
    time::Time,
};

/// Seconds that a request's `created` may lie before or after the verifier's clock.
pub const WINDOW: i64 = 300;
/// Seconds for which a verifier remembers each nonce: no request is accepted for longer.
pub const MEMORY: i64 = 2 * WINDOW;
/// The header that names the host.
pub const HOST: &str = "oediag-host";
/// The header that tells the head of the host's ledger.
pub const LEDGER: &str = "oediag-ledger";
/// The head of a ledger that has no entry yet.
pub const NO_LEDGER: &str = "0:0000000000000000000000000000000000000000000000000000000000000000";

const LABEL: &str = "oediag=";
const TAG: &str = "oediag-agent-v1";
/// Longest `signature-input` looked at, in bytes.
const MAX_INPUT: usize = 512;

/// The parts of a request that are signed, exactly as they travel.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// `GET`, `POST`, `HEAD`, `PATCH`, `DELETE`.
    pub method: &'a str,
    /// Host name in lower case, with the port unless it is the scheme's own. The center compares with its configured one.
    pub authority: &'a str,
    /// The absolute path.
    pub path: &'a str,
    /// What follows the `?`, if there is one.
    pub query: Option<&'a str>,
    /// The header `content-digest`: [`content_digest`] of the body, an empty one too.
    pub content_digest: &'a str,
    /// The header [`HOST`].
    pub host: &'a str,
    /// The header [`LEDGER`].
    pub ledger: &'a str,
    /// The header `upload-offset`, when the method is `PATCH`.
    pub upload_offset: Option<&'a str>,
}

/// The two headers of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// `signature-input`.
    pub input: String,
    /// `signature`.
    pub signature: String,
}

/// Why a request does not count as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpSignatureError {
    /// Not the profile.
    #[error("signature-input does not follow the profile oediag-agent-v1")]
    Profile,
    /// Not `oediag=:BASE64:` of 64 bytes.
    #[error("signature is not one Ed25519 signature under the label oediag")]
    Signature,
    /// Made too long ago, or in the future.
    #[error("the request was signed {seconds} s away from this clock, {WINDOW} s is the most")]
    Window {
        /// How far, without its sign.
        seconds: u64,
    },
    /// By another key, or over another request.
    #[error("the signature does not match the request")]
    Mismatch,
}

/// The header `content-digest` (RFC 9530) of a body.
pub fn content_digest(sha256: Sha256) -> String {
    format!("sha-256=:{}:", BASE64.encode(sha256.0))
}

/// Reads a `content-digest` of exactly one SHA-256.
pub fn parse_content_digest(header: &str) -> Option<Sha256> {
    let bytes: [u8; 32] = BASE64.decode(header.strip_prefix("sha-256=:")?.strip_suffix(':')?).ok()?.try_into().ok()?;
    (content_digest(Sha256(bytes)) == header).then_some(Sha256(bytes))
}

/// Signs a request. The nonce must come from the system's random source.
pub fn sign(parts: &Parts<'_>, key: &Signer, created: Time, nonce: [u8; 16]) -> Result<Headers, SigError> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    hex(&nonce, &mut text).unwrap_or_default();
    let claim = Claim { created, nonce: text, keyid: key.public().fingerprint() };
    let components = components(parts);
    let signature = key.sign_plain(base(&components, &claim.parameters(&components)).as_bytes())?;
    let input = format!("{LABEL}{}", claim.parameters(&components));
    Ok(Headers { input, signature: format!("{LABEL}:{}:", BASE64.encode(signature)) })
}

/// What a request says of its signature. Nothing in it is true before [`Claim::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// When it was signed.
    pub created: Time,
    /// 32 hex digits; the same request is not accepted twice.
    pub nonce: String,
    /// Fingerprint of the key that is to be looked up; the host follows from it.
    pub keyid: String,
}

impl Claim {
    /// Reads the header `signature-input`. The profile leaves one spelling for each claim and method.
    pub fn parse(input: &str, parts: &Parts<'_>) -> Result<Self, HttpSignatureError> {
        let claim = Self::split(input).ok_or(HttpSignatureError::Profile)?;
        let expected = format!("{LABEL}{}", claim.parameters(&components(parts)));
        if input.len() <= MAX_INPUT && expected == input { Ok(claim) } else { Err(HttpSignatureError::Profile) }
    }

    fn split(input: &str) -> Option<Self> {
        let (_, rest) = input.split_once(");created=")?;
        let (created, rest) = rest.split_once(";nonce=\"")?;
        let (nonce, rest) = rest.split_once("\";keyid=\"")?;
        let (keyid, _) = rest.split_once('"')?;
        let plain = unhex(nonce, &mut [0; 16]) && keyid.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let created = Time(created.parse().ok()?);
        plain.then(|| Self { created, nonce: nonce.to_owned(), keyid: keyid.to_owned() })
    }

    /// Whether `key`, which is the one of this claim's `keyid`, signed these parts within [`WINDOW`] of `now`. The caller
    /// refuses a nonce that it has seen, and a body whose digest is not `content-digest`.
    pub fn verify(&self, parts: &Parts<'_>, signature: &str, key: &PublicKey, now: Time) -> Result<(), HttpSignatureError> {
        let signature =
            signature.strip_prefix(LABEL).and_then(|text| text.strip_prefix(':')).and_then(|text| text.strip_suffix(':'));
        let signature = signature.and_then(|text| BASE64.decode(text).ok()).filter(|bytes| bytes.len() == 64);
        let signature = signature.ok_or(HttpSignatureError::Signature)?;
        let seconds = now.0.abs_diff(self.created.0);
        if seconds > WINDOW.unsigned_abs() {
            return Err(HttpSignatureError::Window { seconds });
        }
        let components = components(parts);
        let base = base(&components, &self.parameters(&components));
        let ours = key.fingerprint() == self.keyid && key.verifies_plain(base.as_bytes(), &signature);
        if ours { Ok(()) } else { Err(HttpSignatureError::Mismatch) }
    }

    fn parameters(&self, components: &[(&str, String)]) -> String {
        let Self { created, nonce, keyid } = self;
        let names: Vec<_> = components.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("({});created={};nonce=\"{nonce}\";keyid=\"{keyid}\";tag=\"{TAG}\"", names.join(" "), created.0)
    }
}

fn components(parts: &Parts<'_>) -> Vec<(&'static str, String)> {
    let query = format!("?{}", parts.query.unwrap_or_default());
    let mut components = vec![
        ("@method", parts.method.to_owned()),
        ("@authority", parts.authority.to_owned()),
        ("@path", parts.path.to_owned()),
        ("@query", query),
        ("content-digest", parts.content_digest.to_owned()),
        (HOST, parts.host.to_owned()),
        (LEDGER, parts.ledger.to_owned()),
    ];
    if parts.method == "PATCH" {
        components.push(("upload-offset", parts.upload_offset.unwrap_or_default().to_owned()));
    }
    components
}

/// The signature base (RFC 9421, 2.5). A line end inside a value would forge another component; no value of a request that
/// HTTP lets through has one.
fn base(components: &[(&str, String)], parameters: &str) -> String {
    let mut lines: Vec<_> = components.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    lines.push(format!("\"@signature-params\": {parameters}"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_763_860_000);

    fn parts<'a>() -> Parts<'a> {
        Parts {
            method: "PATCH",
            authority: "support.example.cn:8443",
            path: "/v1/uploads/ab",
            query: None,
            content_digest: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
            host: "h-00000000000000000000000000000001",
            ledger: NO_LEDGER,
            upload_offset: Some("8388608"),
        }
    }

    fn accepted(parts: &Parts<'_>, headers: &Headers, key: &PublicKey, now: Time) -> Result<(), HttpSignatureError> {
        Claim::parse(&headers.input, parts)?.verify(parts, &headers.signature, key, now)
    }

    /// RFC 9421, appendix B.2.6, with the key of B.1.4.
    #[test]
    fn published_vector() {
        let seed = BASE64.decode("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=").expect("base64").try_into().expect("32 bytes");
        let components = [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT".to_owned()),
            ("@method", "POST".to_owned()),
            ("@path", "/foo".to_owned()),
            ("@authority", "example.com".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("content-length", "18".to_owned()),
        ];
        let parameters = "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
            ;created=1618884473;keyid=\"test-key-ed25519\"";
        let key = Signer::generate(seed);
        let signature = key.sign_plain(base(&components, parameters).as_bytes()).expect("signed");
        let published = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
        assert_eq!(BASE64.encode(&signature), published);
        assert!(key.public().verifies_plain(base(&components, parameters).as_bytes(), &signature));
    }

    #[test]
    fn what_was_signed_is_accepted_within_the_window_only() {
        let key = Signer::generate([7; 32]);
        let headers = sign(&parts(), &key, NOW, [1; 16]).expect("signed");
        for shift in [-WINDOW, 0, WINDOW] {
            assert_eq!(accepted(&parts(), &headers, &key.public(), Time(NOW.0 + shift)), Ok(()), "{shift}");
        }
        for shift in [-WINDOW - 1, WINDOW + 1] {
            let result = accepted(&parts(), &headers, &key.public(), Time(NOW.0 + shift));
            assert_eq!(result, Err(HttpSignatureError::Window { seconds: 301 }), "{shift}");
        }
    }

    /// T31: whatever is changed on the way, the signature does not count.
    #[test]
    fn t31_each_changed_part_is_refused() {
        let key = Signer::generate([7; 32]);
        let headers = sign(&parts(), &key, NOW, [1; 16]).expect("signed");
        let changed = [
            Parts { method: "POST", ..parts() },
            Parts { authority: "evil.example.cn:8443", ..parts() },
            Parts { path: "/v1/uploads/ac", ..parts() },
            Parts { query: Some("x"), ..parts() },
            Parts { content_digest: "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", ..parts() },
            Parts { host: "h-00000000000000000000000000000002", ..parts() },
            Parts { ledger: "1:0000000000000000000000000000000000000000000000000000000000000000", ..parts() },
            Parts { upload_offset: Some("0"), ..parts() },
            Parts { upload_offset: None, ..parts() },
        ];
        for parts in changed {
            let result = accepted(&parts, &headers, &key.public(), NOW);
            assert!(matches!(result, Err(HttpSignatureError::Mismatch | HttpSignatureError::Profile)), "{parts:?}");
        }
        let other = Signer::generate([8; 32]);
        assert_eq!(accepted(&parts(), &headers, &other.public(), NOW), Err(HttpSignatureError::Mismatch));
        let nonce = Headers { input: headers.input.replace("0101", "0102"), ..headers.clone() };
        assert_eq!(accepted(&parts(), &nonce, &key.public(), NOW), Err(HttpSignatureError::Mismatch));
    }

    /// T31: there is one spelling; whatever else says nearly the same is refused.
    #[test]
    fn t31_other_spellings_are_refused() {
        let key = Signer::generate([7; 32]);
        let headers = sign(&parts(), &key, NOW, [1; 16]).expect("signed");
        let edits: [(&str, &str); 8] = [
            ("oediag=", "sig1="),
            (" \"@query\"", ""),
            (";tag=\"oediag-agent-v1\"", ""),
            (";tag", ";alg=\"ed25519\";tag"),
            (";created=", ";created=+"),
            (";nonce", ";expires=9;nonce"),
            ("\"upload-offset\"", "\"upload-offset\" \"date\""),
            ("0101", "01A1"),
        ];
        for (from, to) in edits {
            let input = headers.input.replacen(from, to, 1);
            assert_eq!(Claim::parse(&input, &parts()), Err(HttpSignatureError::Profile), "{input}");
        }
        for signature in ["", "oediag=::", "oediag=:AAAA:", &headers.signature.replace("oediag=", "a=")] {
            let headers = Headers { signature: signature.to_owned(), ..headers.clone() };
            assert_eq!(accepted(&parts(), &headers, &key.public(), NOW), Err(HttpSignatureError::Signature), "{signature}");
        }
    }

    #[test]
    fn digests_have_one_spelling() {
        let digest = Sha256::of(b"");
        assert_eq!(content_digest(digest), parts().content_digest);
        assert_eq!(parse_content_digest(parts().content_digest), Some(digest));
        for other in
            ["", "sha-256=::", "sha-512=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", "sha-256=:47DEQpj8:, md5=:AA==:"]
        {
            assert_eq!(parse_content_digest(other), None, "{other}");
        }
    }
}
