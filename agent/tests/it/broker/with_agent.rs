//! A request on its whole way: the real broker, the real agent, a center of our own. Both processes are killed in the middle.
//! In: a signed request in an inbox. Out: the bundle at the center, once.

use oediag_protocol::inbox::{self, Inbox};

use super::*;

pub(super) fn agent(broker: &Broker) -> Child {
    let socket = broker.socket.to_str().expect("UTF-8");
    let log = fs::File::options().create(true).append(true).open(broker.host.folder.join("agent.log")).expect("a log");
    let mut command = broker.host.command(&["agent", "--socket", socket, "--first-poll-within", "0"]);
    command.stdout(Stdio::null()).stderr(log).spawn().expect("the agent starts")
}

pub(super) fn end(mut agent: Child, signal: Signal) {
    kill(Pid::from_raw(agent.id().cast_signed()), signal).expect("it runs");
    agent.wait().expect("it ends");
}

pub(super) fn wait(broker: &Broker, what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        let log = || fs::read_to_string(broker.host.folder.join("agent.log")).unwrap_or_default();
        assert!(begun.elapsed() < LONG, "{what} did not come\n{}\n{}", log(), broker.log());
        thread::sleep(Duration::from_millis(20));
    }
}

fn news(next_poll_s: u64, requests: Vec<RequestId>) -> Inbox {
    Inbox {
        schema: inbox::Schema::V1,
        next_poll_s,
        requests,
        cancels: Vec::new(),
        keyset_version: 1,
        deletions: Vec::<ReceiptId>::new(),
        wants_catalogue: false,
        log: None,
    }
}

#[test]
fn a_session_makes_an_agent_ask_that_was_to_wait() {
    let center = Center::new(|_, _| None, |_, _| None, &[keys(1)]);
    let broker = Broker::enrolled("agent-session", &center);
    let offer = |seed: u8, generation: u64| {
        let request = broker.request(seed);
        let id = request.request_id;
        center.known().papers.insert(format!("/v1/requests/{id}"), by(&request, &[20]).to_bytes().expect("JSON"));
        center.known().inbox = (generation, Some(news(3600, vec![id])));
        id
    };
    let first = offer(1, 1);
    let process = agent(&broker);
    wait(&broker, "the first request", || broker.rows().iter().any(|row| row.id == first));
    let pending = || center.known().letters.iter().any(|(path, _)| path.ends_with("/events"));
    wait(&broker, "its event", pending);
    // By itself it would ask the center in an hour, and the broker in a minute and a half.
    let second = offer(2, 2);
    let begun = Instant::now();
    broker.done(&Ask::Session { minutes: 10 });
    wait(&broker, "the second request", || broker.rows().iter().any(|row| row.id == second));
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    end(process, Signal::SIGTERM);
}

#[test]
fn a_request_goes_from_the_inbox_to_the_ack() {
    let center = Center::new(|_, _| None, |_, _| None, &[keys(1)]);
    let mut broker = Broker::enrolled("agent-story", &center);
    let request = broker.request(1);
    let id = request.request_id;
    center.known().inbox = (1, Some(news(5, vec![id])));
    center.known().papers.insert(format!("/v1/requests/{id}"), by(&request, &[20]).to_bytes().expect("JSON"));

    // Somebody waits: the agent asks often.
    broker.done(&Ask::Session { minutes: 10 });
    let first = agent(&broker);
    wait(&broker, "the request", || broker.rows().iter().any(|row| row.id == id));
    end(first, Signal::SIGKILL);
    broker.end(Signal::SIGKILL);
    broker.start();
    broker.collected(id);
    let receipt = broker.released(id);
    broker.becomes(id, State::Uploading);
    broker.done(&Ask::Session { minutes: 10 });
    let second = agent(&broker);
    wait(&broker, "the ack", || broker.state(id) == State::Stored);
    assert_eq!(center.known().receipts.iter().map(|consent| consent.receipt_id).collect::<Vec<_>>(), [receipt]);
    assert_eq!(broker.bundles(id), 1);
    // The center is told each step, in order and signed by the host.
    let identity = Place::open(Some(&broker.host.state()), &Home::Root).and_then(|place| place.identity());
    let key = identity.expect("an identity").signer.public();
    let told = || -> Vec<State> {
        let events = center.known().letters.iter().filter(|(path, _)| path.ends_with("/events")).cloned().collect::<Vec<_>>();
        let state = |body: &[u8]| {
            let signed = Signed::parse(body).expect("signed");
            signed.open::<StatusEvent>(std::slice::from_ref(&key), 1).expect("an event").state
        };
        events.iter().map(|(_, body)| state(body)).collect()
    };
    wait(&broker, "the last event", || told().last() == Some(&State::Stored));
    let mut once = told();
    once.dedup();
    assert_eq!(once.first(), Some(&State::Pending));
    assert!(once.windows(2).all(|pair| pair[0] != pair[1]) && once.len() >= 8, "{once:?}");
    end(second, Signal::SIGTERM);
}
