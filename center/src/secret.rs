//! Random secrets and what is stored of them. In: the system's random bytes. Out: tokens as text, and their digests.
//! Never: stores or logs a secret itself.

use oediag_protocol::digest::Sha256;

/// The system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandom(#[source] getrandom::Error);

/// `N` random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoRandom)?;
    Ok(bytes)
}

/// `N` random bytes as lower-case hex digits.
pub fn random_hex<const N: usize>() -> Result<String, NoRandom> {
    let bytes = random::<N>()?;
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    Ok(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// What the database holds in place of a secret. The secrets are random and long, so a plain digest is enough.
pub fn digest(secret: &str) -> String {
    Sha256::of(secret.as_bytes()).to_string()
}

/// Compares without telling by time where two texts differ.
pub fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let (a, b) = (random_hex::<16>().expect("random"), random_hex::<16>().expect("random"));
        assert_eq!((a.len(), b.len()), (32, 32));
        assert!(same(&a, &a) && !same(&a, &b) && !same(&a, &a[1..]));
    }
}
