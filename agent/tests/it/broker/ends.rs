//! What is done once and not again, and how a request ends before its time (T19, T27). In: kills and cancels. Out: verdicts.

use super::*;

#[test]
fn t19_a_request_is_executed_once_across_restarts() {
    let mut broker = Broker::new("broker-replay");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    // The same id with other bytes, or another id with the same nonce, is no new request.
    let other = Request { case: line("INC-1"), ..request.clone() };
    let again = Request { request_id: RequestId([2; 16]), ..request.clone() };
    for round in 0..2 {
        broker.done(&Broker::take(&request));
        broker.refuses(&Broker::take(&other), "replay");
        broker.refuses(&Broker::take(&again), "replay");
        assert_eq!((broker.state(id), broker.rows().len()), (State::Preview, 1), "{round}");
        broker.end(if round == 0 { Signal::SIGTERM } else { Signal::SIGKILL });
        broker.start();
    }
    assert_eq!(broker.count(Event::Collecting), 1);
    broker.done(&Ask::Decline { id, reason: None });
    assert_eq!((broker.state(id), broker.bundles(id)), (State::Declined, 0));
    broker.done(&Broker::take(&request));
    assert_eq!((broker.state(id), broker.count(Event::Collecting)), (State::Declined, 1));
    // A denial in silence looks like nothing at all.
    let quiet = broker.request(3);
    broker.done(&Broker::take(&quiet));
    broker.done(&Ask::Deny { id: quiet.request_id, reason: None, silent: true });
    assert_eq!(broker.state(quiet.request_id), State::Denied);
    let told = |letters: &[Letter]| letters.iter().filter(|letter| letter.path.contains(&quiet.request_id.to_string())).count();
    assert_eq!(told(&broker.outgoing().0), 1, "that it came was told before");
}

#[test]
fn t19_a_kill_while_collecting_leads_to_no_second_run() {
    let mut broker = Broker::slow("broker-killed");
    let mut request = broker.request(1);
    request.scope.sources = vec![source("logs.messages")];
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.done(&Ask::Approve { id, sudo_uid: None });
    broker.becomes(id, State::Collecting);
    broker.end(Signal::SIGKILL);
    broker.start();
    // With what there was, or with nothing; never from the beginning.
    let state = broker.state(id);
    assert!(matches!(state, State::Preview | State::Failed), "{state:?}");
    assert_eq!(broker.bundles(id), usize::from(state == State::Preview));
    thread::sleep(Duration::from_secs(1));
    assert_eq!((broker.state(id), broker.count(Event::Collecting)), (state, 1));
    broker.host.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn t19_a_kill_between_the_ledger_and_the_state_leaves_one_line() {
    let mut broker = Broker::slow("broker-cut-short");
    let mut request = broker.request(1);
    request.scope.sources = vec![source("logs.messages")];
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.done(&Ask::Approve { id, sudo_uid: None });
    broker.becomes(id, State::Collecting);
    broker.end(Signal::SIGKILL);
    // As it is when the line is on the disk and the state is not: nothing was begun.
    let folder = broker.host.state().join("requests").join(id.to_string());
    let state = fs::read_to_string(folder.join("state.json")).expect("its state");
    fs::write(folder.join("state.json"), state.replace("\"collecting\"", "\"approved\"")).expect("it can be written");
    fs::remove_dir_all(folder.join("bundles")).unwrap_or_default();
    broker.start();
    broker.becomes(id, State::Preview);
    assert_eq!((broker.count(Event::Collecting), broker.bundles(id)), (1, 1));
    broker.host.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn t27_a_cancel_reaches_its_state_wherever_the_request_is() {
    let broker = Broker::slow("broker-cancel");
    let mut requests: Vec<Request> = (1..=4).map(|seed| broker.request(seed)).collect();
    for request in &mut requests {
        request.scope.sources = vec![source("logs.messages")];
    }
    requests[1].scope.sources = vec![source("kernel.cmdline")];
    let [pending, preview, collecting, _] = &requests[..] else { panic!("four") };
    for request in [pending, preview, collecting] {
        broker.done(&Broker::take(request));
    }
    broker.refuses(&broker.cancel(requests[3].request_id), "unknown_request");
    let gone = |request: &Request| {
        let id = request.request_id;
        let paper = broker.cancel(id);
        broker.done(&paper);
        broker.done(&paper);
        assert_eq!(broker.state(id), State::Cancelled);
        let begun = Instant::now();
        while broker.bundles(id) > 0 || broker.host.state().join("requests").join(id.to_string()).join("bundles").exists() {
            assert!(begun.elapsed() < LONG, "{}", broker.log());
            thread::sleep(Duration::from_millis(20));
        }
        broker.refuses(&Ask::Approve { id, sudo_uid: None }, "not_now");
    };
    gone(pending);
    broker.done(&Ask::Approve { id: collecting.request_id, sudo_uid: None });
    broker.becomes(collecting.request_id, State::Collecting);
    gone(collecting);
    broker.collected(preview.request_id);
    gone(preview);
    assert_eq!(broker.outgoing().1, []);
}

#[test]
fn t27_a_cancel_stops_what_is_on_its_way() {
    let broker = Broker::new("broker-cancel-late");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    let receipt = broker.released(id);
    broker.becomes(id, State::Uploading);
    broker.done(&broker.cancel(id));
    assert_eq!((broker.state(id), broker.host.outbox(), broker.bundles(id)), (State::Cancelled, Vec::new(), 0));
    broker.refuses(&Ask::Payload { receipt }, "unknown_receipt");
}

#[test]
fn what_was_agreed_to_is_not_sent_when_the_consent_was_dropped() {
    let broker = Broker::new("broker-dropped");
    let request = broker.request(1);
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    let receipt = broker.released(id);
    broker.becomes(id, State::Uploading);
    assert_eq!(broker.outgoing().1.len(), 1);
    broker.host.run(&["consent", "drop", &receipt.to_string()]).ends(0);
    broker.refuses(&Ask::Payload { receipt }, "not_covered");
    broker.refuses(&Ask::Slot { receipt, slot: "/v1/uploads/1".to_owned() }, "not_covered");
    assert!(broker.outgoing().1.is_empty());
    assert_eq!(broker.state(id), State::Cancelled);
    assert_eq!(broker.host.outbox(), Vec::<String>::new());
}
