//! Signatures and keys of OpenSSH. In: any bytes, as armored text, and as the blob inside of good armor.
#![no_main]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use oediag_fuzz::samples::signer;
use oediag_protocol::sshsig::{AllowedSigners, Namespace, Prehash, PublicKey, Signer, verify};

fuzz_target!(|data: &[u8]| {
    let key = signer().public();
    // Nobody signed these words.
    let forged = |armored: &[u8]| verify(armored, Namespace::File, &key, Prehash::of(b"nobody's words")).is_ok();
    assert!(!forged(data));
    let body = STANDARD.encode([&b"SSHSIG"[..], data].concat());
    assert!(!forged(armor("SSH SIGNATURE", &body).as_bytes()));
    Signer::from_openssh(data).ok();
    let body = STANDARD.encode([&b"openssh-key-v1\0"[..], data].concat());
    Signer::from_openssh(armor("OPENSSH PRIVATE KEY", &body).as_bytes()).ok();
    AllowedSigners::parse(data).ok();
    if let Ok(text) = std::str::from_utf8(data) {
        public(text);
    }
    for kind in ["ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ecdsa-sha2-nistp256"] {
        let blob = [&(kind.len() as u32).to_be_bytes()[..], kind.as_bytes(), data].concat();
        public(&format!("{kind} {}", STANDARD.encode(blob)));
    }
});

fn public(line: &str) {
    if let Ok(key) = PublicKey::parse(line) {
        assert_eq!(PublicKey::parse(&key.to_string()), Ok(key));
    }
}

fn armor(kind: &str, body: &str) -> String {
    let lines: Vec<_> = body.as_bytes().chunks(70).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}
