//! Hostile bytes: every parser returns, and what it accepts is what we would write.

use std::io::{Cursor, Read};

use oediag_protocol::{
    ack::Ack,
    bundle::{
        manifest::{BundleJson, Manifest},
        name::{BundleName, is_member_path, long_path, member_path, segment},
        reader::{Reader, open_at},
        sums, ustar,
        verify::{Trust, verify},
    },
    consent::Consent,
    digest::Sha256,
    document,
    enroll::{EnrollRequest, Enrolled, Token},
    envelope::Envelope,
    id::{BundleId, HostId},
    json,
    keyset::Keyset,
    policy::file::Policy,
    request::{cancel::Cancel, paper::Request, verify},
    sealed::{Frame, Identity, Opener, Recipient},
    signed::Signed,
    sshsig::{AllowedSigners, Namespace, Prehash, PublicKey, Signer, allowed_line},
    time::Time,
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    common::{archive, end, gzip, header, members, sign_file, signer},
    papers::{GIVEN, ciphertext, head, identity, key, keyset},
    policy::SAMPLE as POLICY,
    request_papers::{MADE, asked, at, keys, request, wrapped},
};

/// Everything at once, on the same bytes.
fn feed(bytes: &[u8]) {
    let key = signer().public();
    if let Ok(value) = json::parse::<serde_json::Value>(bytes, 1 << 20) {
        let again = json::to_bytes(&value).expect("it was JSON");
        assert_eq!(json::parse::<serde_json::Value>(&again, usize::MAX), Ok(value));
    }
    json::parse::<Manifest>(bytes, 1 << 20).ok();
    json::parse::<BundleJson>(bytes, 1 << 20).ok();
    oediag_protocol::sshsig::verify(bytes, Namespace::File, &key, Prehash::of(b"")).expect_err("not signed");
    AllowedSigners::parse(bytes).ok();
    Signer::from_openssh(bytes).ok();
    if let Ok(listed) = sums::parse(bytes) {
        assert_eq!(sums::format(listed).as_bytes(), bytes);
    }
    if let Some(block) = bytes.first_chunk()
        && let Ok(entry) = ustar::parse(block)
    {
        assert_eq!(ustar::header(&entry.path, entry.size, entry.mtime).as_ref(), Ok(block));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(key) = PublicKey::parse(text) {
            assert_eq!(PublicKey::parse(&key.to_string()), Ok(key));
        }
        assert!(BundleName::parse(text).is_none_or(|name| name.to_string() == text));
        assert!(Time::parse(text).is_none_or(|time| time.to_string() == text));
        assert!(Time::parse_compact(text).is_none_or(|time| time.compact() == text));
        assert!(HostId::parse(text).is_none_or(|id| id.to_string() == text));
        assert!(BundleId::parse(text).is_none_or(|id| id.to_string() == text));
        assert!(Sha256::parse(text).is_none_or(|digest| digest.to_string() == text));
        is_member_path(text);
    }
    for name in [member_path(bytes), long_path(bytes), segment(bytes)] {
        assert!(bytes.is_empty() || is_member_path(&name), "{name:?}");
    }
    papers(bytes);
    read(bytes);
    let report = verify(Cursor::new(bytes), Some(bytes), Trust::Key(&key), None);
    assert!(!report.ok);
}

/// The signed documents, their wrapper, and the sealed file.
fn papers(bytes: &[u8]) {
    document::parse::<Consent>(bytes).ok();
    document::parse::<Envelope>(bytes).ok();
    document::parse::<Ack>(bytes).ok();
    document::parse::<Request>(bytes).ok();
    document::parse::<Cancel>(bytes).ok();
    asked(&keys(), |host| {
        // What is damaged keeps its signature in the rarest case only, and then it is what was signed.
        if let Ok(found) = verify::request(bytes, host, at(MADE)) {
            assert_eq!(found.request, request());
        }
        verify::cancel(bytes, host).expect_err("nobody signed one");
    });
    if let Ok(signed) = Signed::parse(bytes) {
        assert_eq!(Signed::parse(&signed.to_bytes().expect("it was JSON")).as_ref(), Ok(&signed));
        signed.open::<Keyset>(&[signer().public()], 1).ok();
        EnrollRequest::open(&signed).ok();
    }
    Enrolled::parse(bytes).ok();
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(Token::parse(text).is_none_or(|token| *token.to_text() == text));
        assert!(Recipient::parse(text).is_none_or(|recipient| recipient.to_string() == text));
        Identity::parse(text);
        Policy::parse(text).ok();
    }
    if let Ok(mut opener) = Opener::new(bytes, &[identity(1)]) {
        opener.read_to_end(&mut Vec::new()).ok();
    }
    if let Ok(reader) = oediag_protocol::sealed::Reader::new(bytes) {
        let head = reader.head().clone();
        let verified = reader.verify(&[signer().public()], GIVEN);
        let mut payload = reader.into_payload();
        let mut content = Vec::new();
        payload.read_to_end(&mut content).ok();
        // What is accepted is what we would write.
        if verified.is_ok_and(|(envelope, _)| payload.finish(&envelope).is_ok()) {
            let frame = Frame::new(&head, content.len() as u64).expect("it was read");
            assert_eq!([&frame.front[..], &content, &frame.back].concat(), bytes);
        }
    }
}

fn read(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let mut content = Vec::new();
    while let Ok(Some(entry)) = reader.next_entry() {
        content.clear();
        if reader.read_to_end(&mut content).is_ok() {
            assert_eq!(content.len() as u64, entry.size);
        }
        open_at(Cursor::new(bytes), entry.offset, &entry.path).expect("just read");
    }
    open_at(Cursor::new(bytes), 1, "etc/x").ok();
}

/// Texts and bytes of the right kind, to be damaged.
fn seeds() -> Vec<Vec<u8>> {
    let bundle = archive(&members(&[(b"/etc/os-release", b"ID=openEuler\n")]));
    let mut seeds: Vec<Vec<u8>> = members(&[(b"/etc/x", b"x")]).into_iter().map(|member| member.1).collect();
    seeds.push(sign_file(b"another message"));
    seeds.push(signer().to_openssh().expect("key").as_bytes().to_vec());
    seeds.push(signer().public().to_string().into_bytes());
    seeds.push(allowed_line("h-1", Namespace::HOST, &signer().public()).into_bytes());
    seeds.push(header("etc/x", b"x").to_vec());
    seeds.push(crate::common::bundle_name().to_string().into_bytes());
    seeds.push(b"2026-11-23T01:02:03Z".to_vec());
    seeds.push(b"20261123T010203Z".to_vec());
    let payload = ciphertext();
    let head = head(&payload);
    let frame = Frame::new(&head, payload.len() as u64).expect("a good head");
    seeds.extend([head.envelope, head.consent, [&frame.front[..], &payload, &frame.back].concat(), payload]);
    seeds.push(Signed::new(&keyset(1), &[&key(10)]).and_then(|signed| signed.to_bytes()).expect("signing"));
    seeds.push(document::to_bytes(&request()).expect("good"));
    seeds.push(wrapped(&request(), &[20]));
    seeds.push(POLICY.as_bytes().to_vec());
    seeds.push(bundle);
    seeds
}

#[test]
fn undamaged_seeds_are_survived_too() {
    for seed in seeds() {
        feed(&seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in vec(any::<u8>(), 0..2000)) {
        feed(&bytes);
    }

    #[test]
    fn random_text(text in ".{0,300}") {
        feed(text.as_bytes());
    }

    #[test]
    fn json_like_text(text in r#"[\[\]{}",:0-9a\\u \.eE+-]{0,60}"#) {
        feed(text.as_bytes());
    }

    #[test]
    fn damaged_seeds(seed: Index, edits in vec((any::<Index>(), any::<u8>(), 0..4_u8), 1..6)) {
        let seeds = seeds();
        let mut bytes = seed.get(&seeds).clone();
        for (at, byte, how) in edits {
            let at = at.index(bytes.len() + 1).min(bytes.len().saturating_sub(1));
            match how {
                0 if !bytes.is_empty() => bytes[at] = byte,
                1 if !bytes.is_empty() => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(bytes.len() - bytes.len().min(byte as usize)),
            }
        }
        feed(&bytes);
    }

    /// The tar level is behind check sums: damage it there, so that it is reached.
    #[test]
    fn damaged_tar(edits in vec((any::<Index>(), any::<u8>()), 1..4), cut: Index, fix: bool) {
        let mut tar: Vec<u8> = [&header("etc/x", b"xy")[..], b"xy", &[0; 510], &header("etc/y", b"")].concat();
        for (at, byte) in edits {
            let at = at.index(tar.len());
            tar[at] = byte;
        }
        if fix {
            tar[148..156].fill(b' ');
            let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
            tar[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
        }
        let cut = cut.index(tar.len()).max(1);
        read(&[gzip(&tar[..cut]), gzip(&tar[cut..]), end()].concat());
        read(&[gzip(&tar[..1024]), gzip(&tar[1024..]), end()].concat());
    }
}
