//! The sealed file: round trips, stock tar and age, every rule broken once.

use std::{
    fs,
    io::{self, Cursor, Read as _, Seek as _, SeekFrom, Write as _},
    process::{Command, Stdio},
};

use oediag_protocol::{
    bundle::ustar::{BLOCK, END},
    consent::NotCovered,
    document::{self, DocumentError},
    envelope::{Envelope, EnvelopeError},
    sealed::{
        AgeError, CONSENT, ENVELOPE, Frame, Head, Identity, Opener, PAYLOAD, Reader, Recipient, Sealed, SealedError, Sealer,
        SeekOpener, Writer,
    },
    sshsig::Namespace,
    time::Time,
};

use crate::{
    common::{folder, run, signer},
    papers::{BUNDLE, GIVEN, ciphertext, head, head_with, identity, key, public, recipient},
};

fn seal(plain: &[u8], recipients: &[Recipient]) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), recipients).expect("recipients");
    plain.chunks(10_007).for_each(|piece| sealer.write_all(piece).expect("memory"));
    let (bytes, sealed) = sealer.finish().expect("memory");
    let expected = Sealed { bytes: bytes.len() as u64, sha256: oediag_protocol::digest::Sha256::of(&bytes) };
    assert_eq!(sealed, expected);
    bytes
}

fn unseal(bytes: &[u8], identities: &[Identity]) -> Result<Vec<u8>, AgeError> {
    let mut plain = Vec::new();
    Opener::new(bytes, identities)?.read_to_end(&mut plain)?;
    Ok(plain)
}

fn file(head: &Head, payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), head, payload.len() as u64).expect("a good head");
    writer.write_all(payload).expect("memory");
    writer.finish().expect("all was written")
}

/// Reads a file to its end as a receiver does.
fn receive(bytes: &[u8]) -> Result<Vec<u8>, SealedError> {
    let reader = Reader::new(bytes)?;
    let (envelope, _) = reader.verify(&[signer().public()], GIVEN)?;
    let mut payload = reader.into_payload();
    let mut content = Vec::new();
    payload.read_to_end(&mut content)?;
    payload.finish(&envelope)?;
    Ok(content)
}

#[test]
fn encryption_round_trips_at_every_chunk_edge() {
    let to = [recipient(1), recipient(2)];
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 300_001] {
        let plain: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let bytes = seal(&plain, &to);
        assert_eq!(unseal(&bytes, &[identity(1)]).expect("ours"), plain);
        assert_eq!(unseal(&bytes, &[identity(9), identity(2)]).expect("ours"), plain);
        assert!(matches!(unseal(&bytes, &[identity(9)]), Err(AgeError::NotForUs)));
        assert!(matches!(unseal(&bytes, &[]), Err(AgeError::NotForUs)));
    }
}

/// Counts what is read from it.
struct Counted<'a>(Cursor<Vec<u8>>, &'a std::cell::Cell<usize>);

impl io::Read for Counted<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf).inspect(|count| self.1.set(self.1.get() + count))
    }
}

impl io::Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn seeking_reads_what_reading_through_reads() {
    for size in [0_usize, 1, 65_535, 65_536, 65_537, 131_072, 300_001] {
        let plain: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let bytes = seal(&plain, &[recipient(1)]);
        let mut opener = SeekOpener::new(Cursor::new(bytes), &[identity(1)]).expect("ours");
        assert_eq!(opener.size(), size as u64);
        // Forwards, backwards, at every edge, beyond the end, and again after the end was met.
        for at in [size, 0, 65_535, 65_536, 65_537, 1, 131_071, 131_072, size + 1, size.saturating_sub(1), 70_000, 0] {
            assert_eq!(opener.seek(SeekFrom::Start(at as u64)).expect("any place"), at as u64);
            let mut some = Vec::new();
            opener.by_ref().take(70_000).read_to_end(&mut some).expect("authentic");
            let from = at.min(size);
            assert!(some == plain[from..size.min(from + 70_000)], "{size} at {at}");
        }
        assert_eq!(opener.seek(SeekFrom::End(0)).expect("the end"), size as u64);
        opener.seek(SeekFrom::Start(0)).expect("the beginning");
        opener.seek(SeekFrom::Current(-1)).expect_err("before the beginning");
    }
}

#[test]
fn what_is_not_asked_for_is_not_read() {
    let plain = vec![7; 5_000_000];
    let read = std::cell::Cell::new(0);
    let file = Counted(Cursor::new(seal(&plain, &[recipient(1)])), &read);
    let mut opener = SeekOpener::new(file, &[identity(1)]).expect("ours");
    opener.seek(SeekFrom::Start(3_000_000)).expect("a place");
    opener.read_exact(&mut [0; 1000]).expect("there");
    assert!(read.get() < 400_000, "{} bytes were read", read.get());
}

#[test]
fn seeking_notices_what_was_cut_or_changed() {
    let plain = vec![7; 300_000];
    let bytes = seal(&plain, &[recipient(1)]);
    let open = |bytes: &[u8]| SeekOpener::new(Cursor::new(bytes.to_vec()), &[identity(1)]);
    for cut in [0, 10, 150, bytes.len() - 65_552, bytes.len() - 1] {
        open(&bytes[..cut]).expect_err("cut");
    }
    assert!(matches!(SeekOpener::new(Cursor::new(bytes.clone()), &[identity(9)]), Err(AgeError::NotForUs)));
    let mut changed = bytes.clone();
    changed[150_000] ^= 1;
    let mut opener = open(&changed).expect("its last chunk is whole");
    opener.seek(SeekFrom::Start(290_000)).expect("a place");
    opener.read_exact(&mut [0; 1000]).expect("a chunk that nobody changed");
    opener.seek(SeekFrom::Start(140_000)).expect("a place");
    let error = opener.read(&mut [0; 10]).expect_err("a changed chunk");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    // A failure is no end, and stays one.
    opener.read(&mut [0; 10]).expect_err("still changed");
    opener.seek(SeekFrom::Start(0)).expect("a place");
    opener.read(&mut [0; 10]).expect_err("failed before");
    let header = [b"age-encryption.org/v1\n".to_vec(), vec![b'a'; 20_000]].concat();
    assert!(matches!(open(&header), Err(AgeError::Format)));
}

#[test]
fn what_was_cut_or_changed_does_not_open() {
    let plain = vec![7; 140_000];
    let bytes = seal(&plain, &[recipient(1)]);
    let header = bytes.windows(4).position(|four| four == b"\n---").expect("a header") + 49;
    for cut in [0, 10, header - 20, header, header + 15, header + 17, bytes.len() - 65_552, bytes.len() - 1] {
        unseal(&bytes[..cut], &[identity(1)]).expect_err("cut");
    }
    // Exactly at the edge of a chunk.
    unseal(&bytes[..bytes.len() - (140_000 - 131_072 + 16)], &[identity(1)]).expect_err("cut between chunks");
    for at in (0..bytes.len()).step_by(1009).chain(0..header) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        unseal(&changed, &[identity(1)]).expect_err("changed");
    }
    unseal(&[&bytes[..], b"x"].concat(), &[identity(1)]).expect_err("longer");
}

#[test]
fn headers_are_bounded() {
    let mut long = b"age-encryption.org/v1\n".to_vec();
    long.extend(b"-> X25519 x\n\n".repeat(1_000_000));
    assert!(matches!(unseal(&long, &[identity(1)]), Err(AgeError::Format)));
    assert!(matches!(unseal(&vec![b'a'; 1 << 20], &[identity(1)]), Err(AgeError::Format)));
    assert!(matches!(Sealer::new(Vec::new(), &[]), Err(AgeError::NoRecipient)));
}

#[test]
fn only_safe_recipients_of_one_spelling() {
    let good = recipient(1).to_string();
    assert_eq!(Recipient::parse(&good), Some(recipient(1)));
    assert_eq!(Identity::parse(&identity(1).to_text()).and_then(|identity| identity.recipient()), Some(recipient(1)));
    assert!(!format!("{:?}", identity(1)).contains("SECRET"));
    let encoded =
        |hrp: &str, bytes: &[u8]| bech32::encode::<bech32::Bech32>(bech32::Hrp::parse(hrp).expect("hrp"), bytes).expect("bech32");
    // The low-order points whose u is 0, 1 and p-1 (RFC 7748, section 7, and its references): everybody knows the secret.
    let mut below = [0xff; 32];
    (below[0], below[31]) = (0xec, 0x7f);
    let mut one = [0; 32];
    one[0] = 1;
    for low in [[0; 32], one, below] {
        assert_eq!(Recipient::parse(&encoded("age", &low)), None);
    }
    assert_eq!(Recipient::parse(&encoded("age", &[9; 31])), None);
    assert_eq!(Recipient::parse(&encoded("age1tag", &[9; 32])), None);
    for bad in [&good.to_uppercase(), &good[..good.len() - 1], "", "age1", &format!(" {good}"), "ssh-ed25519 AAAA"] {
        assert_eq!(Recipient::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_sealed_file_round_trips() {
    let payload = ciphertext();
    let plain_head = head(&payload);
    let approver = key(40).sign(Namespace::Consent, &plain_head.consent).expect("signing").into_bytes();
    let approved = Head { approver_sig: Some(approver), ..plain_head.clone() };
    for head in [plain_head, approved] {
        let bytes = file(&head, &payload);
        let frame = Frame::new(&head, payload.len() as u64).expect("a good head");
        assert_eq!([&frame.front[..], &payload, &frame.back].concat(), bytes);
        assert_eq!(frame.bytes(), bytes.len() as u64);
        assert_eq!(bytes.len() % BLOCK, 0);
        assert_eq!(Reader::new(&bytes[..]).expect("good").head(), &head);
        let content = receive(&bytes).expect("good");
        assert_eq!(unseal(&content, &[identity(1)]).expect("ours"), BUNDLE);
        if let Some(signature) = &head.approver_sig {
            document::signed_by(&head.consent, signature, Namespace::Consent, &public(&[40])).expect("approved");
            document::signed_by(&head.consent, signature, Namespace::Consent, &public(&[41])).expect_err("another approver");
        }
    }
}

#[test]
fn every_changed_byte_and_every_cut_is_noticed() {
    let payload = ciphertext();
    let bytes = file(&head(&payload), &payload);
    for at in (0..bytes.len()).step_by(7).chain(bytes.len() - 1100..bytes.len()) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(receive(&changed).is_err(), "byte {at}");
    }
    for len in (0..bytes.len()).step_by(97).chain(bytes.len() - 3..bytes.len()) {
        assert!(receive(&bytes[..len]).is_err(), "cut to {len}");
    }
    let longer = [&bytes[..], b"\0"].concat();
    assert!(matches!(receive(&longer), Err(SealedError::Trailing { member: PAYLOAD })));
}

/// A tar member with any name and time.
fn member(path: &str, mtime: Time, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    // Not by the library, which would refuse or mend some of these.
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(content.len() as u64);
    header.set_mtime(mtime.0.unsigned_abs());
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(content);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    out
}

#[test]
fn order_names_times_and_sizes_are_fixed() {
    let payload = ciphertext();
    let head = head(&payload);
    let at = head.created;
    let names = [ENVELOPE, "envelope.json.sig", CONSENT, "consent.json.sig", PAYLOAD];
    let contents = [&head.envelope, &head.envelope_sig, &head.consent, &head.consent_sig, &payload];
    let parts: Vec<_> = names.iter().zip(contents).map(|(name, content)| member(name, at, content)).collect();
    let archive = |parts: &[Vec<u8>]| [&parts.concat()[..], &END].concat();
    assert_eq!(receive(&archive(&parts)).expect("the same as ours"), payload);

    let with = |index: usize, part: Vec<u8>| {
        let mut parts = parts.clone();
        parts[index] = part;
        receive(&archive(&parts)).expect_err("changed")
    };
    let later = Time(at.0 + 1);
    assert!(matches!(with(2, member(CONSENT, later, &head.consent)), SealedError::Time { member: CONSENT }));
    assert!(matches!(with(4, member(PAYLOAD, later, &payload)), SealedError::Time { member: PAYLOAD }));
    assert!(matches!(with(2, member("./consent.json", at, &head.consent)), SealedError::Header { .. }));
    assert!(matches!(with(2, member("../consent.json", at, b"x")), SealedError::Header { .. }));
    assert!(matches!(with(2, member("consent.json", at, b"")), SealedError::Size { .. }));
    assert!(matches!(with(2, member("consent.json", at, &vec![b' '; 65_537])), SealedError::Size { .. }));
    assert!(matches!(with(1, member("envelope.json.sig", at, &vec![b' '; 16_385])), SealedError::Size { .. }));
    assert!(matches!(with(4, member(PAYLOAD, at, b"")), SealedError::Size { .. }));
    assert!(matches!(with(4, member(PAYLOAD, at, b"other")), SealedError::Length { .. }));
    let mut other = payload.clone();
    other[300] ^= 1;
    assert!(matches!(with(4, member(PAYLOAD, at, &other)), SealedError::OtherPayload));

    for (first, second) in [(0, 1), (0, 2), (2, 3), (3, 4)] {
        let mut swapped = parts.clone();
        swapped.swap(first, second);
        assert!(matches!(receive(&archive(&swapped)), Err(SealedError::Order { .. })));
    }
    for index in 0..parts.len() {
        let mut fewer = parts.clone();
        fewer.remove(index);
        receive(&archive(&fewer)).expect_err("a member is missing");
        let mut more = parts.clone();
        more.insert(index, parts[index].clone());
        receive(&archive(&more)).expect_err("a member is there twice");
    }
    let mut dirty = parts.clone();
    *dirty[1].last_mut().expect("padding") = 1;
    assert!(matches!(receive(&archive(&dirty)), Err(SealedError::Trailing { .. })));
    // All of one time, but not of the envelope's.
    let moved = file(&Head { created: later, ..head.clone() }, &payload);
    assert!(matches!(receive(&moved), Err(SealedError::Time { member: ENVELOPE })));
}

#[test]
fn documents_must_be_signed_and_agree() {
    let payload = ciphertext();
    let good = head(&payload);
    let refused = |head: Head| receive(&file(&head, &payload)).expect_err("refused");
    let swapped = Head { envelope_sig: good.consent_sig.clone(), consent_sig: good.envelope_sig.clone(), ..good.clone() };
    assert!(matches!(refused(swapped), SealedError::Document { member: ENVELOPE, .. }));
    let foreign = key(9).sign(Namespace::Consent, &good.consent).expect("signing").into_bytes();
    let foreign = Head { consent_sig: foreign, ..good.clone() };
    assert!(matches!(refused(foreign), SealedError::Document { member: CONSENT, source: DocumentError::Signature(_) }));
    // A receipt that the same host signed for other bytes.
    let other = head_with(&payload, |consent| consent.bundle.bytes += 1, |_| {});
    let other_receipt = Head { consent: other.consent.clone(), consent_sig: other.consent_sig.clone(), ..good };
    assert!(matches!(refused(other_receipt), SealedError::Disagree(EnvelopeError::OtherReceipt)));
    let not_covered = SealedError::Disagree(EnvelopeError::NotCovered(NotCovered::OtherBundle));
    assert_eq!(refused(other).to_string(), not_covered.to_string());
    let longer = head_with(&payload, |_| {}, |envelope: &mut Envelope| envelope.payload.bytes += 1);
    assert!(matches!(refused(longer), SealedError::Length { .. }));
    let expired = Reader::new(&file(&head(&payload), &payload)[..]).expect("good").verify(&[signer().public()], Time(1 << 40));
    assert!(matches!(expired, Err(SealedError::Disagree(EnvelopeError::NotCovered(NotCovered::Expired)))));
}

#[test]
fn the_writer_keeps_to_what_it_announced() {
    let head = head(&ciphertext());
    let mut writer = Writer::begin(Vec::new(), &head, 10).expect("a good head");
    writer.write_all(b"12345").expect("less than announced");
    writer.write_all(b"123456").expect_err("more than announced");
    assert!(matches!(writer.finish(), Err(SealedError::Length { found: 5, expected: 10 })));
    assert!(matches!(Frame::new(&head, 0), Err(SealedError::Size { .. })));
    assert!(matches!(Frame::new(&head, 3 << 30), Err(SealedError::Size { .. })));
    let early = Head { created: Time(-1), ..head };
    assert!(matches!(Frame::new(&early, 1), Err(SealedError::Header { .. })));
}

/// Whether stock age is there; says so when not.
#[expect(clippy::print_stderr, reason = "a skipped test must be heard of")]
fn has_age() -> bool {
    let found = Command::new("age").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("!!! SKIPPED: age is not installed, so nothing here was compared with it !!!");
    }
    found
}

#[test]
fn stock_tar_and_age_open_what_we_seal() {
    let folder = folder("stock_tar_and_age");
    let plain: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let payload = seal(&plain, &[recipient(1), recipient(2)]);
    let head = head(&payload);
    fs::write(folder.join("x.oeb.tar"), file(&head, &payload)).expect("writing");
    let (ok, text) = run(&folder, "tar", &["-xvf", "x.oeb.tar"], b"");
    assert!(ok, "{text}");
    let listed = "envelope.json\nenvelope.json.sig\nconsent.json\nconsent.json.sig\nbundle.tar.gz.age\n";
    assert_eq!(text, listed);
    assert_eq!(fs::read(folder.join(CONSENT)).expect("unpacked"), head.consent);
    assert_eq!(fs::read(folder.join(PAYLOAD)).expect("unpacked"), payload);
    if !has_age() {
        return;
    }
    fs::write(folder.join("key"), format!("{}\n", *identity(2).to_text())).expect("writing");
    let (ok, text) = run(&folder, "age", &["-d", "-i", "key", "-o", "plain", PAYLOAD], b"");
    assert!(ok, "{text}");
    assert_eq!(fs::read(folder.join("plain")).expect("decrypted"), plain);
    let (ok, _) = run(&folder, "age", &["-d", "-i", "key", "-o", "cut"], &payload[..payload.len() - 1]);
    assert!(!ok, "age notices a cut too");
}

#[test]
fn we_open_what_stock_age_seals() {
    if !has_age() {
        return;
    }
    let folder = folder("stock_age_seals");
    let plain = vec![42; 200_000];
    let (ok, text) = run(&folder, "age", &["-r", &recipient(1).to_string(), "-o", "sealed"], &plain);
    assert!(ok, "{text}");
    let bytes = fs::read(folder.join("sealed")).expect("sealed");
    assert_eq!(unseal(&bytes, &[identity(1)]).expect("ours"), plain);
    // A key that age itself made.
    let (ok, text) = run(&folder, "age-keygen", &["-o", "key"], b"");
    assert!(ok, "{text}");
    let text = fs::read_to_string(folder.join("key")).expect("key");
    let secret = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).expect("a key");
    let theirs = Identity::parse(secret).expect("a key");
    let named = theirs.recipient().expect("a recipient");
    assert!(text.contains(&format!("# public key: {named}")), "{text}");
    assert_eq!(unseal(&seal(&plain, &[named]), &[theirs]).expect("ours"), plain);
}
