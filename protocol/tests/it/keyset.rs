//! Keysets: rollback, change, gap, expiry (T16), who must sign (T17), revoked keys (T18).

use oediag_protocol::{
    document::{self, DocumentError},
    keyset::{Freshness, Keyset, KeysetError, RootPin},
    signed::{Signed, SignedError},
    time::Time,
};

use crate::papers::{GIVEN, key, keyset, line, public, recipient, tenant};

fn signed(keyset: &Keyset, seeds: &[u8]) -> Signed {
    let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
    Signed::new(keyset, &keys.iter().collect::<Vec<_>>()).expect("signing")
}

fn with_roots(version: u64, threshold: u64, seeds: &[u8]) -> Keyset {
    let mut keyset = keyset(version);
    keyset.root.threshold = threshold;
    keyset.root.keys = public(seeds);
    keyset
}

fn too_few(found: usize, needed: usize) -> KeysetError {
    KeysetError::Signed(SignedError::TooFew { found, needed })
}

#[test]
fn the_first_keyset_is_pinned() {
    let first = keyset(1);
    let pin = first.root.pin();
    assert_eq!(RootPin::parse(&pin.to_string()), Some(pin));
    assert_eq!(pin.to_string().len(), 20);
    assert_eq!(Keyset::first(&signed(&first, &[10, 12]), pin), Ok(first.clone()));
    assert_eq!(Keyset::first(&signed(&first, &[10, 20]), pin), Err(too_few(1, 2)));
    // Who makes an own keyset has other roots; order and threshold are pinned with the keys.
    for other in [with_roots(1, 2, &[50, 51, 52]), with_roots(1, 3, &[10, 11, 12]), with_roots(1, 2, &[11, 10, 12])] {
        assert_eq!(Keyset::first(&signed(&other, &[10, 11, 12, 50, 51, 52]), pin), Err(KeysetError::Pin));
    }
    let single = with_roots(1, 1, &[10]);
    assert_eq!(Keyset::first(&signed(&single, &[10]), single.root.pin()), Ok(single));
}

#[test]
fn steps_are_signed_by_old_and_new_roots() {
    let mut have = keyset(1);
    // Each root is replaced, one step after the other (T17).
    for (version, roots, signers) in
        [(2, [13, 11, 12], [11, 12, 13]), (3, [13, 14, 12], [12, 13, 14]), (4, [13, 14, 15], [13, 14, 15])]
    {
        let next = with_roots(version, 2, &roots);
        assert_eq!(have.next(&signed(&next, &signers)).as_ref(), Ok(&next), "{version}");
        have = next;
    }
    let all_new = with_roots(5, 2, &[60, 61, 62]);
    assert_eq!(have.next(&signed(&all_new, &[60, 61, 62])), Err(too_few(0, 2)));
    assert_eq!(have.next(&signed(&all_new, &[13, 60, 61])), Err(too_few(1, 2)));
    assert_eq!(have.next(&signed(&all_new, &[13, 14, 60])), Err(too_few(1, 2)), "not by its own roots");
    assert_eq!(have.next(&signed(&all_new, &[13, 14, 60, 61])), Ok(all_new));
}

#[test]
fn versions_only_grow_by_one() {
    let have = keyset(5);
    let step = |version| signed(&keyset(version), &[10, 11]);
    assert_eq!(have.next(&step(6)), Ok(keyset(6)));
    assert_eq!(have.next(&step(4)), Err(KeysetError::Rollback { have: 5, found: 4 }));
    assert_eq!(have.next(&step(5)), Err(KeysetError::Skipped { have: 5, found: 5 }));
    assert_eq!(have.next(&step(7)), Err(KeysetError::Skipped { have: 5, found: 7 }));
    let mut changed = keyset(5);
    changed.center = line("evil.example.cn");
    assert_eq!(have.next(&signed(&changed, &[10, 11])), Err(KeysetError::Changed { version: 5 }));
}

#[test]
fn all_steps_or_none() {
    let have = keyset(1);
    let now = GIVEN;
    let step = |version| signed(&keyset(version), &[10, 11]);
    assert_eq!(have.forward(&[], now), Ok(keyset(1)));
    assert_eq!(have.forward(&[step(2), step(3)], now), Ok(keyset(3)));
    assert_eq!(have.forward(&[step(2), step(4)], now), Err(KeysetError::Skipped { have: 2, found: 4 }));
    let late = keyset(1).expires;
    assert_eq!(have.forward(&[step(2)], late), Err(KeysetError::Expired { version: 2 }));
    // Only the newest one must be good for now.
    let mut newest = keyset(3);
    (newest.issued, newest.expires) = (late, Time(late.0 + 1));
    assert_eq!(have.forward(&[step(2), signed(&newest, &[10, 11])], late), Ok(newest));
    let hundred: Vec<_> = (2..=101).map(step).collect();
    assert_eq!(have.forward(&hundred, now), Ok(keyset(101)));
    let more = [&hundred[..], &[step(102)]].concat();
    assert_eq!(have.forward(&more, now), Err(KeysetError::Gap { steps: 101 }));
}

#[test]
fn freshness_and_roles() {
    let mut keys = keyset(1);
    assert_eq!(keys.freshness(Time(GIVEN.0 - 1)), Freshness::ClockBehind);
    assert_eq!(keys.freshness(GIVEN), Freshness::Current);
    assert_eq!(keys.freshness(keys.expires), Freshness::Expired);
    assert_eq!(keys.recipients(&tenant()), Some(vec![recipient(1), recipient(2)]));
    assert_eq!(keys.recipients(&oediag_protocol::id::TenantId::parse("t-9").expect("a tenant")), None);
    assert_eq!((keys.ack_keys().len(), keys.request_keys().count()), (1, 1));
    for seed in [20, 30] {
        let keyid = line(&key(seed).public().fingerprint());
        keys.revoked.push(oediag_protocol::keyset::Revoked { keyid, since: GIVEN });
    }
    assert_eq!((keys.ack_keys().len(), keys.request_keys().count()), (0, 0), "revoked");
}

#[test]
fn every_rule_is_kept() {
    let edits: &[fn(&mut Keyset)] = &[
        |keys| keys.version = 0,
        |keys| keys.expires = keys.issued,
        |keys| keys.root.threshold = 0,
        |keys| keys.root.threshold = 1,
        |keys| keys.root.threshold = 4,
        |keys| keys.root.keys.clear(),
        |keys| keys.root.keys = public(&[10, 10, 11]),
        |keys| keys.root.keys = public(&(100..117).collect::<Vec<_>>()),
        |keys| keys.request.threshold = 0,
        |keys| keys.request.threshold = 2,
        |keys| keys.ack.keys.clear(),
        |keys| keys.ack.keys = public(&[20]),
        |keys| keys.ack.keys = public(&[10]),
        |keys| drop(keys.vault.insert(tenant(), Vec::new())),
        |keys| keys.recovery = vec![recipient(1); 17],
        |keys| {
            let keyid = line(&key(10).public().fingerprint());
            keys.revoked.push(oediag_protocol::keyset::Revoked { keyid, since: GIVEN });
        },
    ];
    for (number, edit) in edits.iter().enumerate() {
        let mut keys = keyset(1);
        edit(&mut keys);
        let found = document::to_bytes(&keys);
        assert!(matches!(found, Err(DocumentError::Rule { .. })), "edit {number}: {found:?}");
    }
}
