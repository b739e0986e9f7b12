//! Signatures: the same as ssh-keygen's, and stricter.

use std::fs;

use crate::common::{folder, has_ssh_keygen, run, signer};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_protocol::sshsig::{
    AllowedError, AllowedSigners, KeyError, MAX_SIGNATURE, Namespace, Prehash, PublicKey, SigError, Signer, allowed_line, verify,
};
use sha2::{Digest as _, Sha256, Sha512};
use ssh_key::{HashAlg, LineEnding, PrivateKey, SigningKey, SshSig};

/// The base point of P-256, uncompressed (FIPS 186-4, D.1.2.3): a valid public key.
const GENERATOR: [u8; 65] = *b"\x04\
\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

const MESSAGE: &[u8] = b"what is signed\n";

fn check(armored: &[u8], key: &PublicKey) -> Result<(), SigError> {
    verify(armored, Namespace::File, key, Prehash::of(MESSAGE))
}

fn good() -> String {
    signer().sign(Namespace::File, MESSAGE).expect("signing")
}

/// An armored SSHSIG of any fields, as an attacker would make it.
fn armor(fields: &[&[u8]]) -> String {
    let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
    for field in fields {
        blob.extend((field.len() as u32).to_be_bytes());
        blob.extend(*field);
    }
    let text = BASE64.encode(blob);
    let lines: Vec<_> = text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).expect("base64")).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

fn strings(fields: &[&[u8]]) -> Vec<u8> {
    fields.iter().flat_map(|field| [&(field.len() as u32).to_be_bytes()[..], field].concat()).collect()
}

/// A signature by our key whose namespace, reserved field and hash can be chosen.
fn crafted(namespace: &[u8], reserved: &[u8], hash: &str, digest: &[u8]) -> String {
    let key = PrivateKey::from_openssh(signer().to_openssh().expect("key")).expect("key");
    let signed = [b"SSHSIG".to_vec(), strings(&[namespace, reserved, hash.as_bytes(), digest])].concat();
    let signature = raw_sign(&key, &signed);
    let public = key.public_key().to_bytes().expect("key");
    armor(&[&public, namespace, reserved, hash.as_bytes(), &strings(&[b"ssh-ed25519", &signature])])
}

fn raw_sign(key: &impl SigningKey, bytes: &[u8]) -> Vec<u8> {
    key.try_sign(bytes).expect("signing").as_bytes().to_vec()
}

#[test]
fn every_namespace_signs_and_verifies_for_itself_only() {
    let key = signer();
    for namespace in Namespace::ALL {
        let armored = key.sign(*namespace, MESSAGE).expect("signing");
        assert_eq!(Namespace::parse(namespace.as_str()), Some(*namespace));
        for other in Namespace::ALL {
            let found = verify(armored.as_bytes(), *other, &key.public(), Prehash::of(MESSAGE));
            assert_eq!(found.is_ok(), namespace == other, "{namespace:?} {other:?} {found:?}");
        }
    }
}

#[test]
fn a_streamed_message_gives_the_same_signature() {
    let message: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    let whole = signer().sign(Namespace::File, &message).expect("signing");
    let streamed = Prehash::of_reader(&message[..]).expect("reading memory");
    assert_eq!(whole, signer().sign_prehashed(Namespace::File, streamed).expect("signing"));
    let mut pieces = Prehash::new();
    message.chunks(777).for_each(|piece| pieces.update(piece));
    verify(whole.as_bytes(), Namespace::File, &signer().public(), pieces).expect("same message");
}

#[test]
fn ssh_keygen_accepts_ours() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = folder("ssh_keygen_accepts_ours");
    let key = signer();
    let allowed = allowed_line("h-1", &[Namespace::File], &key.public());
    fs::write(folder.join("allowed"), format!("# one key\n\n{allowed}\n")).expect("writing");
    fs::write(folder.join("sig"), good()).expect("writing");
    let keygen = |namespace, message| {
        run(&folder, "ssh-keygen", &["-Y", "verify", "-f", "allowed", "-I", "h-1", "-n", namespace, "-s", "sig"], message)
    };
    let (ok, text) = keygen("oediag-file-v1", MESSAGE);
    assert!(ok, "{text}");
    assert!(text.contains(&key.public().fingerprint()), "{text}");
    assert!(!keygen("oediag-bundle-v1", MESSAGE).0);
    assert!(!keygen("oediag-file-v1", b"something else").0);
}

#[test]
fn ssh_keygen_reads_our_private_key_and_signs_the_same_bytes() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = folder("ssh_keygen_signs_the_same");
    write_private(&folder.join("key"), signer().to_openssh().expect("key").as_bytes());
    fs::write(folder.join("key.pub"), signer().public().to_string()).expect("writing");
    let (ok, text) = run(&folder, "ssh-keygen", &["-Y", "sign", "-f", "key", "-n", "oediag-file-v1"], MESSAGE);
    assert!(ok, "{text}");
    assert!(text.contains(&good()), "{text}");
}

#[test]
fn keys_of_ssh_keygen_sign_for_us_but_rsa() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = folder("keys_of_ssh_keygen");
    for (kind, accepted) in [("ed25519", true), ("ecdsa", true), ("rsa", false)] {
        let (ok, text) = run(&folder, "ssh-keygen", &["-q", "-t", kind, "-N", "", "-C", "a comment", "-f", kind], b"");
        assert!(ok, "{text}");
        fs::write(folder.join("message"), MESSAGE).expect("writing");
        let (ok, text) = run(&folder, "ssh-keygen", &["-q", "-Y", "sign", "-f", kind, "-n", "oediag-file-v1", "message"], b"");
        assert!(ok, "{text}");
        let armored = fs::read(folder.join("message.sig")).expect("signature");
        fs::remove_file(folder.join("message.sig")).expect("removing");
        let line = fs::read_to_string(folder.join(format!("{kind}.pub"))).expect("key");
        let key = PublicKey::parse(&line);
        assert_eq!(key.is_ok(), accepted, "{kind}");
        if let Ok(key) = key {
            check(&armored, &key).expect(kind);
        } else {
            assert!(matches!(key, Err(KeyError::Algorithm { .. })), "{key:?}");
            let found = check(&armored, &signer().public());
            assert!(matches!(found, Err(SigError::Algorithm { .. })), "{found:?}");
        }
        let private = fs::read(folder.join(kind)).expect("key");
        assert_eq!(Signer::from_openssh(&private).is_ok(), kind == "ed25519");
    }
    run(&folder, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "secret words", "-f", "locked"], b"");
    let locked = Signer::from_openssh(&fs::read(folder.join("locked")).expect("key"));
    assert_eq!(locked.err(), Some(KeyError::Encrypted));
}

#[test]
fn a_security_key_signs_for_us_and_for_ssh_keygen() {
    // What a FIDO key signs: digest of the application, flags, counter, digest of the message (PROTOCOL.u2f).
    let key = PrivateKey::from_openssh(signer().to_openssh().expect("key")).expect("key");
    let ed25519 = key.public_key().key_data().ed25519().expect("ed25519").0;
    let public = strings(&[b"sk-ssh-ed25519@openssh.com", &ed25519, b"ssh:"]);
    let digest = Sha512::digest(MESSAGE);
    let blob = [b"SSHSIG".to_vec(), strings(&[b"oediag-file-v1", b"", b"sha512", &digest])].concat();
    let trailer = [1, 0, 0, 0, 9];
    let signed = [&Sha256::digest(b"ssh:")[..], &trailer, &Sha256::digest(&blob)].concat();
    let signature = [strings(&[b"sk-ssh-ed25519@openssh.com", &raw_sign(&key, &signed)]), trailer.to_vec()].concat();
    let armored = armor(&[&public, b"oediag-file-v1", b"", b"sha512", &signature]);
    let line = format!("sk-ssh-ed25519@openssh.com {}", BASE64.encode(&public));
    let parsed = PublicKey::parse(&line).expect("an accepted type");
    check(armored.as_bytes(), &parsed).expect("valid");
    if has_ssh_keygen() {
        let folder = folder("a_security_key");
        fs::write(folder.join("allowed"), allowed_line("me", &[Namespace::File], &parsed) + "\n").expect("writing");
        fs::write(folder.join("sig"), armored).expect("writing");
        let args = ["-Y", "verify", "-f", "allowed", "-I", "me", "-n", "oediag-file-v1", "-s", "sig"];
        let (ok, text) = run(&folder, "ssh-keygen", &args, MESSAGE);
        assert!(ok, "{text}");
    }
}

/// T4: what must not pass although the mathematics fits.
#[test]
fn wrong_namespace_key_hash_and_reserved_field_are_refused() {
    let public = signer().public();
    let digest = Sha512::digest(MESSAGE);
    check(crafted(b"oediag-file-v1", b"", "sha512", &digest).as_bytes(), &public).expect("the crafting itself is right");

    let refused = |armored: String| check(armored.as_bytes(), &public).expect_err("must be refused");
    assert!(matches!(refused(crafted(b"oediag-bundle-v1", b"", "sha512", &digest)), SigError::Namespace { .. }));
    assert!(matches!(refused(crafted(b"", b"", "sha512", &digest)), SigError::Format { .. }));
    assert!(matches!(refused(crafted(b"oediag-file-v1", b"x", "sha512", &digest)), SigError::Format { .. }));
    assert!(matches!(refused(crafted(b"oediag-file-v1", b"", "sha256", &Sha256::digest(MESSAGE))), SigError::Hash { .. }));
    assert!(matches!(refused(crafted(b"oediag-file-v1", b"", "sha512", &Sha512::digest(b"other"))), SigError::Mismatch));
    assert!(
        matches!(refused(crafted(b"file\x1b[31m", b"", "sha512", &digest)), SigError::Namespace { found, .. } if !found.contains('\x1b'))
    );

    let other = Signer::generate([8; 32]);
    let found = check(good().as_bytes(), &other.public()).expect_err("another key");
    assert_eq!(found, SigError::WrongKey { found: public.fingerprint(), expected: other.public().fingerprint() });
    // The expected key is named in the signature, but another one signed.
    let mut forged = SshSig::from_pem(other.sign(Namespace::File, MESSAGE).expect("signing")).expect("sshsig");
    let ours = SshSig::from_pem(good()).expect("sshsig");
    forged =
        SshSig::new(ours.public_key().clone(), "oediag-file-v1", HashAlg::Sha512, forged.signature().clone()).expect("sshsig");
    assert_eq!(refused(forged.to_pem(LineEnding::LF).expect("pem")), SigError::Mismatch);
}

/// T5: one signature has one spelling.
#[test]
fn other_spellings_are_refused() {
    let good = good();
    let public = signer().public();
    check(good.as_bytes(), &public).expect("valid");
    let (first, rest) = good.split_once('\n').expect("lines");
    let unwrapped = rest.replacen('\n', "", 1);
    for bad in [
        good.replace('\n', "\r\n"),
        good.replacen('\n', "\r\n", 1),
        good.replace('\n', "\r"),
        format!("\n{good}"),
        format!(" {good}"),
        format!("junk\n{good}"),
        format!("{good}\n"),
        format!("{good}junk"),
        format!("{good}\0"),
        format!("{good}{good}"),
        good.trim_end().to_owned(),
        format!("{first}\n\n{rest}"),
        format!("{first}\n {rest}"),
        format!("{first}\n{unwrapped}"),
        format!("\u{feff}{good}"),
        good.replace("SSH SIGNATURE", "SSH  SIGNATURE"),
        good.replace("SSH SIGNATURE", "OPENSSH PRIVATE KEY"),
        String::new(),
    ] {
        let found = check(bad.as_bytes(), &public);
        assert!(matches!(found, Err(SigError::Format { .. })), "{bad:?}: {found:?}");
    }
    let long = "A".repeat(MAX_SIGNATURE + 1);
    assert!(matches!(check(long.as_bytes(), &public), Err(SigError::TooLarge { .. })));
}

#[test]
fn bytes_behind_the_last_field_are_refused() {
    let blob: String = good().lines().filter(|line| !line.starts_with('-')).collect();
    let mut blob = BASE64.decode(blob).expect("base64");
    for _ in 0..4 {
        blob.push(0);
        let text = BASE64.encode(&blob);
        let lines: Vec<_> = text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).expect("base64")).collect();
        let bad = format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"));
        assert!(matches!(check(bad.as_bytes(), &signer().public()), Err(SigError::Format { .. })));
    }
}

#[test]
fn secrets_do_not_print() {
    let text = signer().to_openssh().expect("key");
    let secret: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let shown = format!("{:?}", signer());
    assert_eq!(shown, format!("Signer({})", signer().public().fingerprint()));
    assert!(!shown.contains(&secret[60..80]) && !shown.contains("0707"));
    let again = Signer::from_openssh(text.as_bytes()).expect("our own text");
    assert_eq!(again.public(), signer().public());
}

#[test]
fn public_keys_have_one_text() {
    let key = signer().public();
    let text = key.to_string();
    assert_eq!(PublicKey::parse(&text).as_ref(), Ok(&key));
    assert_eq!(PublicKey::parse(&format!("{text} root@host\n")).as_ref(), Ok(&key));
    let json = serde_json::to_string(&key).expect("text");
    assert_eq!(serde_json::from_str::<PublicKey>(&json).expect("text"), key);
    for bad in [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        &format!(" {text}"),
        &format!("{text}\n\n"),
        &format!("{text}\r\n"),
        &text.replace(' ', "  "),
    ] {
        assert!(PublicKey::parse(bad).is_err(), "{bad:?}");
    }
    // Unused bits at the end of the base64, which some readers ignore.
    let blob = strings(&[b"ecdsa-sha2-nistp256", b"nistp256", &GENERATOR]);
    let text = format!("ecdsa-sha2-nistp256 {}", BASE64.encode(blob));
    assert_eq!(PublicKey::parse(&text).expect("a key").to_string(), text);
    let (front, last) = text.split_at(text.len() - 2);
    let slack = (last.as_bytes()[0] + 1) as char;
    assert!(PublicKey::parse(&format!("{front}{slack}=")).is_err());
}

#[test]
fn allowed_signers_are_found_by_principal_and_namespace() {
    let (old, new) = (signer().public(), Signer::generate([8; 32]).public());
    let text = format!(
        "# keys of t-1042\n\n{}\n{} since 2026\nh-2 namespaces=\"oediag-file-v1,oediag-later-v9\" {old}\n",
        allowed_line("h-1", Namespace::HOST, &old),
        allowed_line("h-1", &[Namespace::File, Namespace::Bundle], &new),
    );
    let allowed = AllowedSigners::parse(text.as_bytes()).expect("well-formed");
    let keys = |principal, namespace| allowed.keys(principal, namespace).cloned().collect::<Vec<_>>();
    assert_eq!(keys("h-1", Namespace::File), [old.clone(), new]);
    assert_eq!(keys("h-1", Namespace::Consent), std::slice::from_ref(&old));
    assert_eq!(keys("h-1", Namespace::Ack), []);
    assert_eq!(keys("h-2", Namespace::File), [old]);
    assert_eq!(keys("h-3", Namespace::File), []);
}

#[test]
fn allowed_signers_of_other_forms_are_refused() {
    let key = signer().public();
    let good = allowed_line("h-1", &[Namespace::File], &key);
    for (bad, line) in [
        (format!("h-1 {key}"), 1),
        (format!("* namespaces=\"oediag-file-v1\" {key}"), 1),
        (format!("h-1,h-2 namespaces=\"oediag-file-v1\" {key}"), 1),
        (format!("h-1 namespaces=\"oediag-*\" {key}"), 1),
        (format!("h-1 namespaces=\"\" {key}"), 1),
        (format!("{good}\nh-1 cert-authority,namespaces=\"oediag-file-v1\" {key}"), 2),
        (format!("{good}\nh-1 namespaces=\"oediag-file-v1\",valid-after=\"2026\" {key}"), 2),
        (format!("h-1  namespaces=\"oediag-file-v1\" {key}"), 1),
        (format!(" {good}"), 1),
        ("h-1".to_owned(), 1),
    ] {
        assert_eq!(AllowedSigners::parse(bad.as_bytes()), Err(AllowedError::Line { line }), "{bad}");
    }
    for bad in [good.replace("AAAAC3", "AAAAC4"), good.replace('\n', "") + "\r\n", good.replace("ssh-ed25519", "ssh-rsa")] {
        assert!(matches!(AllowedSigners::parse(bad.as_bytes()), Err(AllowedError::Key { line: 1, .. })), "{bad}");
    }
    assert_eq!(AllowedSigners::parse(b"\xff"), Err(AllowedError::Text));
}

#[cfg(unix)]
fn write_private(path: &std::path::Path, bytes: &[u8]) {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).expect("creating");
    file.write_all(bytes).expect("writing");
}
