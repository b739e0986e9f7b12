//! The key of one bundle's stand-ins.
//!
//! In: the host's key and the bundle's id. Out: a key that never leaves memory and is wiped when dropped.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroize;

/// The key of one bundle's stand-ins.
pub struct Key(pub(super) [u8; 32]);

impl Key {
    /// The key of one bundle: HKDF-SHA-256 of the host's key, with the bundle's id as salt.
    pub fn for_bundle(host_key: &[u8; 32], bundle_id: &[u8; 16]) -> Key {
        let mut key = [0; 32];
        let expanded = Hkdf::<Sha256>::new(Some(bundle_id), host_key).expand(b"oediag redact bundle key", &mut key);
        debug_assert!(expanded.is_ok(), "32 bytes are within what HKDF can give");
        Key(key)
    }

    /// The host's key itself, for tokens that match across bundles of a host (`--correlate host`).
    pub fn for_host(host_key: &[u8; 32]) -> Key {
        Key::for_bundle(host_key, &[0; 16])
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}
