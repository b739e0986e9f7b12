//! The ledger: its lines have one form (T14), and a change anywhere is found and named (T45).

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    document::{self, DocumentError},
    id::{HostId, RequestId},
    ledger::{
        Entry, Event, Head, LineError, MAX_LINE, NOTHING, Note, Reason, Schema,
        chain::{Anchors, ChainError, Flaw, walk},
    },
    time::Time,
};
use proptest::{option, prelude::*, sample::select};

use crate::common::{host, signer};

/// A ledger of so many lines, and the head behind each.
fn ledger(lines: u64) -> (Vec<Vec<u8>>, Vec<LedgerHead>) {
    let (mut all, mut heads) = (Vec::new(), Vec::<LedgerHead>::new());
    for number in 0..lines {
        let note = Note::of(Event::ALL[number as usize % Event::ALL.len()], Sha256::of(&number.to_le_bytes()));
        // The clock goes back now and then.
        let entry = Entry::after(heads.last(), Time(1_795_396_181 - number as i64 % 3), note);
        let line = entry.line().expect("a line");
        heads.push(entry.head(&line));
        all.push(line);
    }
    (all, heads)
}

fn read(lines: &[Vec<u8>], anchors: &[LedgerHead]) -> Result<Option<LedgerHead>, (u64, Flaw)> {
    let mut seen = 0;
    let read = walk(lines.concat().as_slice(), &anchors.iter().cloned().collect(), |entry| {
        seen += 1;
        assert_eq!(entry.seq, seen);
    });
    match read {
        Ok(head) => Ok(head),
        Err(ChainError::Bad { seq, flaw }) => Err((seq, flaw)),
        Err(error @ ChainError::Io(_)) => panic!("{error}"),
    }
}

fn edited(line: &[u8], edit: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let mut entry = Entry::parse(line).expect("a line");
    edit(&mut entry);
    entry.line().expect("a line")
}

#[test]
fn a_ledger_is_read_to_its_head() {
    assert_eq!(read(&[], &[]), Ok(None));
    for count in [1, 2, 40] {
        let (lines, heads) = ledger(count);
        assert_eq!(read(&lines, &heads), Ok(heads.last().cloned()));
        assert_eq!(read(&lines, &[]), Ok(heads.last().cloned()));
    }
    let (lines, _) = ledger(1);
    assert!(
        lines[0]
            .starts_with(br#"{"seq":1,"prev":"0000000000000000000000000000000000000000000000000000000000000000","at":"2026-"#)
    );
}

/// With the signed head, as hosts keep it, whatever is done to one line is seen and that line is named.
#[test]
fn t45_the_first_bad_line_is_named() {
    let (lines, heads) = ledger(7);
    let signed = &heads[6..];
    for at in 0..7 {
        let seq = at as u64 + 1;
        let edit = |how: &dyn Fn(&mut Entry)| {
            let mut lines = lines.clone();
            lines[at] = edited(&lines[at], how);
            read(&lines, signed).expect_err("edited")
        };
        let named = |found: (u64, Flaw)| assert_eq!(found.0, seq, "{found:?}");
        named(edit(&|entry| entry.at.0 += 1));
        named(edit(&|entry| entry.obj = None));
        named(edit(&|entry| entry.ev = Event::Recovered));
        named(edit(&|entry| entry.seq += 1));
        named(edit(&|entry| entry.seq += 100));
        named(edit(&|entry| entry.prev = Sha256([7; 32])));
        if seq > 1 {
            named(edit(&|entry| entry.seq -= 1));
        }
        let mut deleted = lines.clone();
        deleted.remove(at);
        assert_eq!(read(&deleted, signed), Err((seq, if seq == 7 { Flaw::Truncated } else { Flaw::Deleted })));
        assert_eq!(read(&lines[..at], signed), Err((seq, Flaw::Truncated)));
        let mut torn = lines[..=at].to_vec();
        torn[at].truncate(20);
        assert_eq!(read(&torn, signed), Err((seq, Flaw::Truncated)));
        for other in at + 1..7 {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            assert_eq!(read(&swapped, signed), Err((seq, Flaw::Reordered)), "{at} and {other}");
        }
        let mut twice = lines.clone();
        twice.insert(at, lines[at].clone());
        assert_eq!(read(&twice, signed), Err((seq + 1, Flaw::Reordered)));
        let mut strange = lines.clone();
        strange.insert(at, b"\n".to_vec());
        assert_eq!(read(&strange, signed), Err((seq, Flaw::Edited)));
    }
    // All was written anew from the fourth line on: the first line of which another one is known is named.
    let mut anew = lines.clone();
    let mut head = heads[2].clone();
    for line in &mut anew[3..] {
        let entry = Entry::after(Some(&head), Time(0), Note::of(Event::Denied, NOTHING));
        *line = entry.line().expect("a line");
        head = entry.head(line);
    }
    assert_eq!(read(&anew, &heads[4..]), Err((5, Flaw::Rewritten)));
    assert_eq!(read(&anew, &heads[..3]), Ok(Some(head)), "nobody holds a head of these lines");
    // Two heads of one line: it cannot be both.
    let fork = LedgerHead { seq: 3, hash: NOTHING };
    assert_eq!(read(&lines, &[heads[2].clone(), fork]), Err((3, Flaw::Rewritten)));
}

#[test]
fn an_end_without_a_line_feed_is_told_apart() {
    let (mut lines, heads) = ledger(3);
    lines[2].pop();
    assert_eq!(read(&lines, &heads[..2]), Err((3, Flaw::Torn)));
    lines[2] = vec![b'x'; 10_000];
    assert_eq!(read(&lines, &heads[..2]), Err((3, Flaw::Edited)), "longer than any line");
    let (mut lines, _) = ledger(3);
    lines[1] = edited(&lines[1], |entry| entry.seq = 5);
    assert_eq!(read(&lines, &[]), Err((2, Flaw::Gap)));
}

#[test]
fn lines_have_one_spelling() {
    let (lines, _) = ledger(1);
    let text = String::from_utf8(lines[0].clone()).expect("UTF-8");
    for (wrong, why) in [
        (text.replace(',', ", "), "spaces"),
        (text.replace('\n', "\r\n"), "CR"),
        (text.replace('\n', ""), "no line feed"),
        (text.replace("\"ev\"", "\"rid\":null,\"ev\""), "an explicit null"),
        (text.replace("{\"seq\":1", "{\"seq\":0"), "numbered from 1"),
        (text.replace("{\"seq\":1", "{\"seq\":9007199254740992"), "2^53"),
        (text.replace("\"enrolled\"", "\"arrived\""), "an unknown event"),
        (text.replace("{\"seq\"", "{\"more\":1,\"seq\""), "an unknown field"),
        (text.replace("{\"seq\"", "{\"seq\":1,\"seq\""), "a field twice"),
        (text.replace("\"ev\"", "\"why\":\"Not one word\",\"ev\""), "a reason is a word"),
    ] {
        assert_ne!(wrong, text, "{why}");
        Entry::parse(wrong.as_bytes()).expect_err(why);
    }
    assert_eq!(Entry::parse(text.replace(',', ", ").as_bytes()), Err(LineError::Spelling));
}

#[test]
fn a_head_is_signed_by_its_host() {
    let head = Head { schema: Schema::V1, host_id: host(), at: Time(0), head: LedgerHead { seq: 1, hash: NOTHING } };
    let (bytes, signature) = document::sign(&head, &signer()).expect("signing");
    let read = document::open::<Head>(&bytes, signature.as_bytes(), &[signer().public()]);
    assert_eq!(read, Ok(head.clone()));
    let text = String::from_utf8(bytes).expect("UTF-8").replacen('{', "{\"more\":1,", 1);
    document::parse::<Head>(text.as_bytes()).expect_err("an unknown field");
    let none = Head { head: LedgerHead { seq: 0, hash: NOTHING }, ..head };
    assert!(matches!(document::to_bytes(&none), Err(DocumentError::Rule { .. })));
}

prop_compose! {
    fn entries()(
        seq in 1..1_u64 << 53,
        digests in any::<([u8; 32], Option<[u8; 32]>)>(),
        at in 0..4_000_000_000_i64,
        ev in select(Event::ALL),
        rid in option::of(any::<[u8; 16]>()),
        why in option::of("[a-z0-9_]{1,32}"),
    ) -> Entry {
        let why = why.map(|why| Reason::parse(&why).expect("a reason"));
        Entry { seq, prev: Sha256(digests.0), at: Time(at), ev, obj: digests.1.map(Sha256), rid: rid.map(RequestId), why }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// T14 for ledger lines.
    #[test]
    fn lines_round_trip(entry in entries()) {
        let line = entry.line().expect("a line");
        prop_assert!(line.len() <= MAX_LINE);
        prop_assert_eq!(Entry::parse(&line), Ok(entry));
    }

    /// T14 for ledger heads.
    #[test]
    fn heads_round_trip(id in any::<[u8; 16]>(), at in 0..4_000_000_000_i64, seq in 1..1_u64 << 53, hash in any::<[u8; 32]>()) {
        let head = Head { schema: Schema::V1, host_id: HostId(id), at: Time(at), head: LedgerHead { seq, hash: Sha256(hash) } };
        let bytes = document::to_bytes(&head).expect("JSON");
        prop_assert_eq!(document::parse::<Head>(&bytes), Ok(head));
    }

    /// Whatever stands there, reading ends with a verdict.
    #[test]
    fn any_bytes_get_a_verdict(bytes in proptest::collection::vec(any::<u8>(), 0..2000), cut in 0..3000_usize, at in 0..3000_usize) {
        drop(walk(bytes.as_slice(), &Anchors::default(), |_| {}));
        let (lines, heads) = ledger(5);
        let mut all = lines.concat();
        all.truncate(cut);
        if at < all.len() {
            all.splice(at..=at, bytes);
        }
        let whole = lines.concat() == all;
        let anchors = heads[4..].iter().cloned().collect();
        prop_assert_eq!(walk(all.as_slice(), &anchors, |_| {}).is_ok(), whole);
    }
}
