//! What a request becomes when all goes well; what else the center says. In: papers. Out: verdicts.

use super::*;

#[test]
fn a_request_is_answered_from_the_taking_to_the_ack() {
    let broker = Broker::new("broker-story");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    // The same again is no news.
    broker.done(&Broker::take(&request));
    assert_eq!((broker.rows().len(), broker.state(id)), (1, State::Pending));
    broker.refuses(&Ask::Preview { id, lang: Lang::En, columns: 80 }, "not_now");
    broker.collected(id);
    broker.refuses(&Ask::Approve { id, sudo_uid: None }, "not_now");

    let seen = broker.preview(id);
    assert!(seen.notice.contains("INC-20391") && seen.notice.contains("Li Wei"), "{}", seen.notice);
    assert_eq!(Sha256::of(seen.notice.as_bytes()), seen.notice_sha256);
    let wrong = Preview { digits: "00000000".to_owned(), ..seen.clone() };
    broker.refuses(&Broker::release(id, &wrong), "other_digits");
    let other = Preview { notice_sha256: Sha256([1; 32]), ..seen.clone() };
    broker.refuses(&Broker::release(id, &other), "not_shown");
    // Without a source it is another bundle, which has to be shown.
    broker.refuses(&Ask::Without { id, names: vec!["no.such".to_owned()] }, "no_such_member");
    broker.done(&Ask::Without { id, names: vec!["kernel.cmdline".to_owned()] });
    broker.refuses(&Broker::release(id, &seen), "not_shown");
    let receipt = broker.released(id);
    broker.becomes(id, State::Uploading);
    assert_eq!(broker.bundles(id), 1);

    let (letters, uploads) = broker.outgoing();
    let host = Place::open(Some(&broker.host.state()), &Home::Root).and_then(|place| place.identity()).expect("an identity");
    let states: Vec<State> = letters
        .iter()
        .filter(|letter| letter.path.ends_with("/events"))
        .map(|letter| {
            let signed = Signed::parse(letter.body.as_bytes()).expect("signed");
            signed.open::<StatusEvent>(&[host.signer.public()], 1).expect("an event").state
        })
        .collect();
    let all = [
        State::Pending,
        State::Approved,
        State::Collecting,
        State::Collected,
        State::Preview,
        State::Released,
        State::Sealing,
        State::Uploading,
    ];
    assert_eq!(states, all);
    for letter in &letters {
        broker.done(&Ask::Sent { id: letter.id.clone(), status: 204, body: None });
    }
    let (letters, _) = broker.outgoing();
    assert_eq!(letters, []);

    let [upload] = &uploads[..] else { panic!("{uploads:?}") };
    assert_eq!(upload.receipt, receipt);
    let (answer, file) = client::ask(&broker.socket, &Ask::Payload { receipt }).expect("the payload");
    let mut payload = Vec::new();
    file.expect("an open file").read_to_end(&mut payload).expect("it can be read");
    assert_eq!(answer, Answer::Payload { bytes: payload.len() as u64 });
    assert_eq!(payload.len() as u64, upload.payload);
    broker.refuses(&Ask::Slot { receipt, slot: "/v1/uploads/../x".to_owned() }, "no_slot");
    broker.done(&Ask::Slot { receipt, slot: "/v1/uploads/5d0e".to_owned() });
    let word = Reason::parse("network").expect("a word");
    broker.done(&Ask::UploadFailed { receipt, word, not_before: Some(Time(now().0 + 60)) });
    assert_eq!(broker.outgoing().1[0].slot.as_deref(), Some("/v1/uploads/5d0e"));

    let good = ack(upload, &payload, &broker);
    let forged = by(&good, &[31]);
    broker.refuses(&Ask::Ack { receipt, object: forged }, "bad_sig");
    let other = Ack { receipt_id: ReceiptId([1; 16]), ..good.clone() };
    broker.refuses(&Ask::Ack { receipt, object: by(&other, &[30]) }, "other_receipt");
    broker.done(&Ask::Ack { receipt, object: by(&good, &[30]) });
    broker.done(&Ask::Ack { receipt, object: by(&good, &[30]) });
    assert_eq!(broker.state(id), State::Stored);
    assert_eq!(broker.host.outbox(), Vec::<String>::new());
    broker.refuses(&Ask::Payload { receipt }, "unknown_receipt");
    // A withdrawal that somebody signed goes out until the center's signature says that all is gone.
    let place = Place::open(Some(&broker.host.state()), &Home::Root).expect("a state");
    let found = Receipt::read(&place, receipt, &host.signer.public()).expect("it is read").expect("it is there");
    withdraw::withdraw(&found, None, &place, &host, now()).expect("it is taken back");
    let letter = |broker: &Broker| broker.outgoing().0.into_iter().find(|letter| letter.path == "/v1/withdrawals");
    let told = letter(&broker).expect("it goes out").id;
    assert_eq!(broker.state(id), State::Withdrawn);
    broker.done(&Ask::Sent { id: told.clone(), status: 202, body: None });
    let deletion = |receipt_id: ReceiptId| Deletion {
        schema: deletion::Schema::V1,
        receipt_id,
        bundle_id: good.bundle_id,
        host_id: broker.host_id,
        tenant_id: tenant(),
        trigger: deletion::Trigger::Withdrawn,
        deleted_at: now(),
        stores: vec![deletion::Store::Object],
        backups_gone_by: now(),
        kept: vec![deletion::Store::Receipt],
        log_index: 8,
    };
    let take = |object: Signed| Ask::Take { kind: Kind::Deletion, object };
    broker.refuses(&take(by(&deletion(receipt), &[20])), "bad_sig");
    broker.refuses(&take(by(&deletion(ReceiptId([3; 16])), &[30])), "unknown_receipt");
    assert!(letter(&broker).is_some());
    broker.done(&Ask::Sent { id: told, status: 200, body: Some(by(&deletion(receipt), &[30])) });
    broker.done(&take(by(&deletion(receipt), &[30])));
    assert_eq!((broker.state(id), letter(&broker)), (State::DeletionConfirmed, None));
    // Each step has its one line, all of this request.
    let lines: Vec<Event> = broker.ledger().iter().filter(|entry| entry.rid == Some(id)).map(|entry| entry.ev).collect();
    let expected = [
        Event::Received,
        Event::Pending,
        Event::Approved,
        Event::Collecting,
        Event::Collected,
        Event::Previewed,
        Event::Collected,
        Event::Released,
        Event::Sealing,
        Event::Uploading,
        Event::Stored,
        Event::Withdrawn,
        Event::DeletionConfirmed,
    ];
    assert_eq!(lines, expected);
    broker.host.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn a_rule_agrees_within_its_bounds_and_no_further() {
    let mut broker = Broker::new("broker-policy");
    let policy = broker.host.state().join("etc/policy.toml");
    let rule = |per_day: u32| {
        format!(
            "[[auto]]\nname = \"p2\"\nseverity = [\"P2\"]\nlevel = \"basic\"\npresets = []\n\
             sources = [\"kernel.cmdline\", \"logs.messages\"]\nmax_bytes = \"256M\"\nper_day = {per_day}\n\
             collect = \"approve\"\nrelease = \"approve\"\nvalid_until = \"{}\"\n",
            &Time(now().0 + 30 * 86_400).to_string()[..10]
        )
    };
    fs::write(&policy, rule(1)).expect("it can be written");
    let request = broker.request(1);
    broker.done(&Broker::take(&request));
    broker.becomes(request.request_id, State::Uploading);
    assert_eq!(broker.outgoing().1.len(), 1);
    // Its uses of the day are over, also for a broker that begins anew.
    broker.end(Signal::SIGTERM);
    broker.start();
    let second = broker.request(2);
    broker.done(&Broker::take(&second));
    assert_eq!(broker.state(second.request_id), State::Pending);
    // One that cannot be read lets nothing pass, and says so.
    fs::write(&policy, rule(9).replace("per_day", "per_hour")).expect("it can be written");
    let third = broker.request(3);
    broker.done(&Broker::take(&third));
    assert_eq!(broker.state(third.request_id), State::Pending);
    let Answer::Requests { policy: why, .. } = broker.ask(&Ask::List) else { panic!("a list") };
    assert!(why.is_some_and(|why| why.contains("per_hour")));
    fs::write(&policy, "[remote]\nenabled = false\n").expect("it can be written");
    let fourth = broker.request(4);
    broker.done(&Broker::take(&fourth));
    assert_eq!(broker.state(fourth.request_id), State::Rejected);
    let Answer::Hello(hello) = broker.ask(&Ask::Hello) else { panic!("hello") };
    assert!(!hello.remote);
}

#[test]
fn keysets_go_forward_and_a_log_is_not_rewritten() {
    let mut broker = Broker::new("broker-keyset");
    let version = |broker: &Broker| match broker.ask(&Ask::Hello) {
        Answer::Hello(hello) => hello.center.expect("a center").keyset_version,
        other => panic!("{other:?}"),
    };
    let keyset = |keyset: &Keyset, seeds: &[u8]| Ask::Take { kind: Kind::Keyset, object: by(keyset, seeds) };
    broker.refuses(&keyset(&keys(3), &[10, 11]), "keyset");
    broker.refuses(&keyset(&keys(2), &[10]), "keyset");
    assert_eq!(version(&broker), 1);
    let second = keyset(&keys(2), &[10, 12]);
    broker.done(&second);
    broker.done(&second);
    assert_eq!((version(&broker), broker.count(Event::Keyset)), (2, 1));
    broker.end(Signal::SIGTERM);
    broker.start();
    assert_eq!(version(&broker), 2);

    let head = |seq: u64, byte: u8| audit::Head {
        schema: audit::Schema::V1,
        at: now(),
        head: LedgerHead { seq, hash: Sha256([byte; 32]) },
    };
    let log = |head: audit::Head| Ask::Take { kind: Kind::Log, object: by(&head, &[30]) };
    broker.done(&log(head(5, 1)));
    broker.done(&log(head(5, 1)));
    broker.done(&log(head(9, 2)));
    broker.refuses(&log(head(9, 3)), "log_conflict");
    broker.refuses(&log(head(4, 1)), "log_conflict");
    assert_eq!(broker.count(Event::CenterHead), 2);

    // A moment far ahead is a mistake or an attack: it does not shut out what comes after it.
    let ahead = Time(now().0 + 365 * 86_400);
    broker.done(&log(audit::Head { at: ahead, ..head(10, 4) }));
    broker.done(&Broker::take(&broker.request(1)));
    // A clock that was set back, behind what the center signed at its time, opens nothing.
    fs::write(broker.host.state().join("floor.json"), format!("{{\"floor\":\"{ahead}\"}}")).expect("it can be written");
    broker.refuses(&Broker::take(&broker.request(2)), "clock");
}
