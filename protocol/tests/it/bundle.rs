//! Verification and reading: honest bundles, and those whose parts do not fit each other (T2, T3).

use std::io::{Cursor, Read};

use oediag_protocol::{
    bundle::{
        manifest::{ItemKind, Manifest, Outcome},
        name::{ALERTS, BUNDLE_JSON, BundleName, FACTS, MANIFEST, README, SUMS, SUMS_SIG},
        reader::{ReadError, Reader, open_at},
        sums,
        verify::{CheckName, Report, Trust, verify, verify_detached},
    },
    digest::Sha256,
    id::HostId,
    json,
    sshsig::{AllowedSigners, Namespace, Signer, allowed_line},
};

use crate::common::{
    Members, archive, bundle_name, close, host, item, members, members_with, sign_file, signer, some_files, start,
};

/// Verifies with a fresh and right detached signature: what the inner checks find by themselves.
pub(crate) fn inner(bundle: &[u8]) -> Report {
    let report = verify(Cursor::new(bundle), Some(&sign_file(bundle)), Trust::Key(&signer().public()), None);
    assert!(report.checks[0].ok, "{:?}", report.checks[0]);
    assert_eq!(report.ok, report.checks.iter().all(|check| check.ok));
    report
}

pub(crate) fn failed(report: &Report) -> Vec<CheckName> {
    report.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect()
}

pub(crate) fn read_all(bundle: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
    let mut reader = Reader::new(bundle);
    let mut found = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        let mut buffer = [0; 700];
        loop {
            match reader.content(&mut buffer)? {
                0 => break,
                count => content.extend(&buffer[..count]),
            }
        }
        assert_eq!(content.len() as u64, entry.size);
        found.push((entry.path, content));
    }
    Ok(found)
}

#[test]
fn an_honest_bundle_passes_every_check() {
    let members = some_files();
    let bundle = archive(&members);
    let report = inner(&bundle);
    assert!(report.ok, "{:#?}", report.checks);
    assert_eq!(report.checks.len(), 8);
    assert_eq!(report.name, Some(bundle_name().to_string()));
    assert_eq!((report.host_id, report.bundle_id), (Some(host()), Some(start().bundle_id)));
    assert!(report.complete);
    assert_eq!(report.items, members.len() as u64);
    assert_eq!(report.bytes, members.iter().map(|(_, content)| content.len() as u64).sum::<u64>());
    let json = serde_json::to_value(&report).expect("a report is JSON");
    assert_eq!(
        json["checks"][4],
        serde_json::json!({"name": "inner_signature", "ok": true, "detail": signer().public().fingerprint()})
    );
    assert_eq!(json["manifest"]["items"].as_array().map(Vec::len), Some(members.len() - 3 + 1));
}

#[test]
fn the_reader_yields_what_was_packed() {
    let members = some_files();
    assert_eq!(read_all(&archive(&members)).expect("honest"), members);
}

#[test]
fn unread_content_is_skipped_and_checked() {
    let bundle = archive(&some_files());
    let mut reader = Reader::new(&bundle[..]);
    let mut paths = Vec::new();
    while let Some(entry) = reader.next_entry().expect("honest") {
        paths.push(entry.path);
    }
    assert_eq!(paths.len(), some_files().len());
    assert_eq!(paths[..2], [README, BUNDLE_JSON]);
    assert_eq!(paths[paths.len() - 5..], [FACTS, ALERTS, MANIFEST, SUMS, SUMS_SIG]);
}

#[test]
fn one_member_is_read_at_the_offset_in_the_manifest() {
    let bundle = archive(&some_files());
    let manifest = inner(&bundle).manifest.expect("honest");
    for item in manifest.items.iter().filter(|item| item.path.is_some()) {
        let (path, offset) = (item.path.as_deref().expect("filtered"), item.offset.expect("has a member"));
        // What lies before it is gone: only the member's own bytes may be needed.
        let mut holed = bundle.clone();
        holed[..offset as usize].fill(0);
        let mut content = Vec::new();
        let mut opened = open_at(Cursor::new(&holed), offset, path).expect(path);
        assert_eq!(opened.size(), item.bytes);
        opened.read_to_end(&mut content).expect(path);
        assert_eq!(Some(Sha256::of(&content)), item.sha256, "{path}");

        let other = open_at(Cursor::new(&bundle), offset, "etc/shadow");
        assert!(matches!(other, Err(ReadError::Other { .. })), "{other:?}");
        assert!(open_at(Cursor::new(&bundle), offset + 1, path).is_err());
    }
    assert!(open_at(Cursor::new(&bundle), bundle.len() as u64 + 10, README).is_err());
}

#[test]
fn the_detached_signature_is_needed_and_checked_first() {
    let bundle = archive(&some_files());
    let key = signer().public();
    let detached = |signature: Option<&[u8]>| {
        let report = verify(Cursor::new(&bundle), signature, Trust::Key(&key), None);
        assert_eq!(report.checks[0].name, CheckName::DetachedSignature);
        assert_eq!(verify_detached(&bundle[..], signature, Trust::Key(&key)).is_ok(), report.checks[0].ok);
        failed(&report)
    };
    assert_eq!(detached(Some(&sign_file(&bundle))), []);
    assert_eq!(detached(None), [CheckName::DetachedSignature]);
    assert_eq!(detached(Some(b"")), [CheckName::DetachedSignature]);
    assert_eq!(detached(Some(&sign_file(b"another file"))), [CheckName::DetachedSignature]);
    let wrong_namespace = signer().sign(Namespace::Bundle, &bundle).expect("signing");
    assert_eq!(detached(Some(wrong_namespace.as_bytes())), [CheckName::DetachedSignature]);
    let wrong_key = Signer::generate([9; 32]).sign(Namespace::File, &bundle).expect("signing");
    assert_eq!(detached(Some(wrong_key.as_bytes())), [CheckName::DetachedSignature]);
}

#[test]
fn another_key_fails_both_signatures() {
    let bundle = archive(&some_files());
    let report = verify(Cursor::new(&bundle), Some(&sign_file(&bundle)), Trust::Key(&Signer::generate([9; 32]).public()), None);
    assert_eq!(failed(&report), [CheckName::DetachedSignature, CheckName::InnerSignature]);
}

#[test]
fn allowed_signers_choose_the_key_by_host_and_namespace() {
    let bundle = archive(&some_files());
    let sig = sign_file(&bundle);
    let (key, other) = (signer().public(), Signer::generate([9; 32]).public());
    let check = |lines: &[String], host: HostId| {
        let allowed = AllowedSigners::parse(lines.join("\n").as_bytes()).expect("well-formed");
        failed(&verify(Cursor::new(&bundle), Some(&sig), Trust::Signers(&allowed, host), None))
    };
    let id = host().to_string();
    let both = [CheckName::DetachedSignature, CheckName::InnerSignature];
    assert_eq!(check(&[allowed_line(&id, Namespace::HOST, &key)], host()), []);
    assert_eq!(check(&[allowed_line(&id, Namespace::HOST, &other), allowed_line(&id, Namespace::HOST, &key)], host()), []);
    assert_eq!(check(&[allowed_line(&id, &[Namespace::File], &key)], host()), [CheckName::InnerSignature]);
    assert_eq!(check(&[allowed_line(&id, Namespace::HOST, &other)], host()), both);
    assert_eq!(check(&[], host()), both);
    // The key is good, but it is another host's.
    let foreign = HostId([1; 16]);
    assert_eq!(check(&[allowed_line(&foreign.to_string(), Namespace::HOST, &key)], foreign), [CheckName::Name]);
}

#[test]
fn another_name_than_expected_fails() {
    let bundle = archive(&some_files());
    let expect =
        |name| failed(&verify(Cursor::new(&bundle), Some(&sign_file(&bundle)), Trust::Key(&signer().public()), Some(name)));
    assert_eq!(expect(bundle_name()), []);
    assert_eq!(expect(BundleName::new(HostId([1; 16]), start().started, start().bundle_id)), [CheckName::Name]);
}

/// T2, with the report never claiming more than the first check allows.
#[test]
fn every_flipped_bit_is_noticed() {
    let bundle = archive(&members(&[(b"/etc/os-release", b"ID=openEuler\n")]));
    let (sig, key) = (sign_file(&bundle), signer().public());
    let mut state: u64 = 1;
    for _ in 0..1000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bit = (state >> 16) as usize % (bundle.len() * 8);
        let mut bad = bundle.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let report = verify(Cursor::new(&bad), Some(&sig), Trust::Key(&key), None);
        assert!(!report.ok && !report.checks[0].ok, "bit {bit}");
    }
}

#[test]
fn every_truncation_is_noticed_from_inside_too() {
    let bundle = archive(&members(&[(b"/etc/os-release", b"ID=openEuler\n")]));
    for len in (0..bundle.len()).step_by(13) {
        let report = inner(&bundle[..len]);
        assert!(failed(&report).contains(&CheckName::Profile), "{len}");
    }
}

/// T3, by someone who can sign the file again but not the sums: the inner checks alone must notice.
#[test]
fn added_removed_renamed_duplicated_reordered_members_are_noticed() {
    let honest = some_files();
    let change = |edit: &dyn Fn(&mut Members)| {
        let mut members = honest.clone();
        edit(&mut members);
        failed(&inner(&archive(&members)))
    };
    assert_eq!(change(&|_| {}), []);
    assert_eq!(change(&|members| members.insert(4, ("etc/added".into(), b"x".to_vec()))), [CheckName::Sums, CheckName::Members]);
    assert_eq!(change(&|members| members.insert(4, ("etc/empty".into(), b"".to_vec()))), [CheckName::Sums, CheckName::Members]);
    assert_eq!(change(&|members| drop(members.remove(3))), [CheckName::Sums, CheckName::Members]);
    assert_eq!(change(&|members| members[3].0 = "proc/other".into()), [CheckName::Sums, CheckName::Members]);
    assert_eq!(change(&|members| members[2].1[0] ^= 1), [CheckName::Sums, CheckName::Members]);
    assert_eq!(change(&|members| members.swap(2, 3)), [CheckName::Members]);
    let duplicated = change(&|members| members.insert(3, members[2].clone()));
    assert!(duplicated.contains(&CheckName::Profile), "{duplicated:?}");

    for at in 0..honest.len() {
        let removed = change(&|members| drop(members.remove(at)));
        assert!(!removed.is_empty(), "{}", honest[at].0);
        for other in 0..at {
            let swapped = change(&|members| members.swap(at, other));
            assert!(!swapped.is_empty(), "{} {}", honest[at].0, honest[other].0);
        }
    }
    let behind = change(&|members| members.push(("etc/behind".into(), b"x".to_vec())));
    assert!(behind.contains(&CheckName::Profile), "{behind:?}");
}

/// A host that signs lies: sums and signatures fit, but the records contradict each other.
#[test]
fn a_manifest_that_does_not_tell_the_truth_is_noticed() {
    let files: &[(&[u8], &[u8])] = &[(b"/etc/os-release", b"ID=openEuler\n"), (b"/proc/cmdline", b"quiet\n")];
    let lie = |edit: &dyn Fn(&mut Manifest)| failed(&inner(&archive(&members_with(files, edit))));
    let members = [CheckName::Members];
    assert_eq!(lie(&|_| {}), []);
    assert_eq!(lie(&|manifest| drop(manifest.items.remove(3))), members);
    assert_eq!(lie(&|manifest| drop(manifest.items.pop())), members);
    assert_eq!(lie(&|manifest| manifest.items.swap(3, 4)), members);
    assert_eq!(lie(&|manifest| manifest.items.push(manifest.items[3].clone())), members);
    assert_eq!(lie(&|manifest| manifest.items.push(item("x", ItemKind::File, Some("etc/none"), Outcome::Collected))), members);
    assert_eq!(lie(&|manifest| manifest.items[3].path = None), members);
    assert_eq!(lie(&|manifest| manifest.items[3].path = Some("etc/other".into())), members);
    assert_eq!(lie(&|manifest| manifest.items[3].offset = Some(0)), members);
    assert_eq!(lie(&|manifest| manifest.items[3].offset = None), members);
    assert_eq!(lie(&|manifest| manifest.items[3].bytes += 1), members);
    assert_eq!(lie(&|manifest| manifest.items[3].sha256 = None), members);
    assert_eq!(lie(&|manifest| manifest.items[0].bytes = 1), members);
    assert_eq!(lie(&|manifest| manifest.start.preset = vec!["deep".into()]), [CheckName::BundleJson]);
    assert_eq!(lie(&|manifest| manifest.start.host_id = HostId([1; 16])), [CheckName::Name, CheckName::BundleJson]);
    assert_eq!(lie(&|manifest| manifest.start.started.0 += 1), [CheckName::Name, CheckName::BundleJson]);
    let unreadable = [CheckName::Manifest, CheckName::Name, CheckName::Members, CheckName::BundleJson];
    assert_eq!(lie(&|manifest| manifest.schema = "oediag.manifest/2".into()), unreadable);
}

#[test]
fn a_damaged_record_is_told_and_the_rest_is_checked_all_the_same() {
    let change = |path: &str, content: &[u8]| {
        let mut members = some_files();
        members.truncate(members.len() - 2);
        let at = members.iter().position(|member| member.0 == path).expect("there");
        members[at].1 = content.to_vec();
        failed(&inner(&archive(&close(members))))
    };
    assert_eq!(change(MANIFEST, b"{"), [CheckName::Manifest, CheckName::Name, CheckName::Members, CheckName::BundleJson]);
    assert_eq!(change(BUNDLE_JSON, b"{}"), [CheckName::Members, CheckName::BundleJson]);

    let mut members = some_files();
    let last = members.len() - 1;
    members[last].1 = b"no signature\n".to_vec();
    assert_eq!(failed(&inner(&archive(&members))), [CheckName::InnerSignature]);
    // Signed, but not spelt as sums are: CRLF, no line feed at the end, a comment.
    let sums = String::from_utf8(members[last - 1].1.clone()).expect("sums");
    for text in [sums.replace('\n', "\r\n"), sums.trim_end().to_owned(), format!("# sums\n{sums}"), String::new()] {
        members[last].1 = signer().sign(Namespace::Bundle, text.as_bytes()).expect("signing").into_bytes();
        members[last - 1].1 = text.into_bytes();
        assert_eq!(failed(&inner(&archive(&members))), [CheckName::Sums]);
    }
}

#[test]
fn what_a_report_repeats_of_a_hostile_bundle_is_harmless() {
    let report = |manifest: &[u8]| {
        let mut members = some_files();
        members.truncate(members.len() - 2);
        members.last_mut().expect("manifest").1 = manifest.to_vec();
        inner(&archive(&close(members)))
    };
    for manifest in ["{\"\u{1b}[31m\u{202e}\":1,\"\u{1b}[31m\u{202e}\":1}", "{\"schema\":\"\u{1b}]0;x\u{7}\"}", "\u{1b}[2J"] {
        for check in report(manifest.as_bytes()).checks {
            assert!(check.detail.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{check:?}");
        }
    }
}

#[test]
fn sums_are_written_and_read_in_one_form() {
    let digest = Sha256::of(b"x");
    let text = sums::format([("b", digest), ("a/b", digest), ("a.b", digest), ("B", digest)]);
    assert_eq!(text, format!("{digest}  B\n{digest}  a.b\n{digest}  a/b\n{digest}  b\n"));
    assert_eq!(sums::parse(text.as_bytes()).expect("our own").len(), 4);
    let line = format!("{digest}  b\n");
    for (bad, at) in [
        (String::new(), 1),
        (format!("{line}{line}"), 2),
        (format!("{line}{digest}  a\n"), 2),
        (format!("{line}{digest}  c"), 2),
        (format!("{line}\n"), 2),
        (format!("{digest} *b\n"), 1),
        (format!("{digest} b\n"), 1),
        (format!("{digest}  ../b\n"), 1),
        (format!("{digest}  /b\n"), 1),
        (format!("{digest}  SHA256SUMS\n"), 1),
        (format!("{digest}  SHA256SUMS.sig\n"), 1),
        (format!("\\{digest}  b\n"), 1),
        (digest.to_string().to_uppercase() + "  b\n", 1),
        (line.replace('\n', "\r\n"), 1),
    ] {
        assert_eq!(sums::parse(bad.as_bytes()).map_err(|error| error.line), Err(at), "{bad:?}");
    }
}

#[test]
fn a_manifest_from_the_reader_is_the_one_that_was_written() {
    let members = some_files();
    let written = &members.iter().find(|member| member.0 == MANIFEST).expect("there").1;
    let manifest = inner(&archive(&members)).manifest.expect("honest");
    assert_eq!(&json::to_bytes(&manifest).expect("JSON"), written);
}
