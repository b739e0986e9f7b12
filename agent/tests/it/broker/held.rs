//! Index first: a list goes, the bundle stays, single items of it are asked for afterwards. In: papers. Out: what leaves, and refusals.

use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Manifest, Reason as Why},
    request::paper::Held,
};

use super::*;

/// A bundle as it lies there.
fn own(broker: &Broker, path: &str) -> Own {
    let host = Place::open(Some(&broker.host.state()), &Home::Root).and_then(|place| place.identity()).expect("an identity");
    Own::open(path.as_ref(), &host).expect("a bundle of this host")
}

/// Sends what was released, and has the center say that it is there.
fn stored(broker: &Broker, id: RequestId) {
    let receipt = broker.released(id);
    broker.becomes(id, State::Uploading);
    let (_, uploads) = broker.outgoing();
    let upload = uploads.iter().find(|upload| upload.receipt == receipt).expect("it waits");
    let (_, file) = client::ask(&broker.socket, &Ask::Payload { receipt }).expect("the payload");
    let mut payload = Vec::new();
    file.expect("an open file").read_to_end(&mut payload).expect("it can be read");
    broker.done(&Ask::Ack { receipt, object: by(&ack(upload, &payload, broker), &[30]) });
    assert_eq!(broker.state(id), State::Stored);
}

/// Asks for an index and has it sent; gives what the center has.
fn indexed(broker: &Broker, seed: u8) -> (RequestId, Manifest, Held) {
    let mut request = broker.request(seed);
    request.scope.ask = Wanted::Index;
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    let index = own(broker, &broker.preview(id).path);
    stored(broker, id);
    let (bundle_id, manifest_sha256) = (index.bundle.bundle_id, index.bundle.manifest_sha256);
    (id, index.manifest, Held { bundle_id, manifest_sha256, items: Vec::new() })
}

/// Places of what the bundle has and the index has not.
fn places(index: &Manifest) -> Vec<u64> {
    let there = |(_, item): &(usize, &Item)| item.reason == Some(Why::LeftOut);
    index.items.iter().enumerate().filter(there).map(|(place, _)| place as u64).collect()
}

fn asking(broker: &Broker, seed: u8, held: Held) -> Request {
    let request = broker.request(seed);
    let scope = Scope { ask: Wanted::Items, sources: Vec::new(), held: Some(held), ..request.scope.clone() };
    Request { scope, ..request }
}

#[track_caller]
fn rejected(broker: &Broker, request: &Request, word: &str) {
    broker.done(&Broker::take(request));
    let row = broker.rows().into_iter().find(|row| row.id == request.request_id).expect("it is there");
    assert_eq!((row.state, row.why.as_ref().map(Reason::as_str)), (State::Rejected, Some(word)));
}

#[test]
fn a_list_is_sent_and_then_two_of_its_items() {
    let broker = Broker::new("broker-index");
    let (first, index, held) = indexed(&broker, 1);
    let members = |manifest: &Manifest| -> Vec<String> {
        let host = manifest.items.iter().filter(|item| item.kind != ItemKind::Record);
        host.filter_map(|item| item.path.clone()).collect()
    };
    assert_eq!(members(&index), Vec::<String>::new());
    let items = places(&index);
    assert!(items.len() >= 2, "{:?}", index.items);
    // What was not sent is still here.
    let whole = broker.host.state().join("requests").join(first.to_string()).join("whole");
    let found = || fs::read_dir(&whole).into_iter().flatten().filter_map(Result::ok);
    assert_eq!(found().filter(|entry| entry.file_name().to_string_lossy().ends_with(".tar.gz")).count(), 1);

    let two = asking(&broker, 2, Held { items: items[..2].to_vec(), ..held.clone() });
    broker.done(&Broker::take(&two));
    assert_eq!(broker.state(two.request_id), State::Pending);
    broker.collected(two.request_id);
    let seen = broker.preview(two.request_id);
    let sent = own(&broker, &seen.path).manifest;
    let sources: Vec<&str> = items[..2].iter().map(|place| index.items[*place as usize].id.as_str()).collect();
    let got: Vec<&str> = sent
        .items
        .iter()
        .filter(|item| item.kind != ItemKind::Record && item.path.is_some())
        .map(|item| item.id.as_str())
        .collect();
    assert_eq!(got, sources);
    stored(&broker, two.request_id);

    let other = Held { bundle_id: BundleId([9; 16]), ..held.clone() };
    rejected(&broker, &asking(&broker, 3, Held { items: items.clone(), ..other }), "unknown_bundle");
    let changed = Held { manifest_sha256: Sha256([9; 32]), ..held.clone() };
    rejected(&broker, &asking(&broker, 4, Held { items: items.clone(), ..changed }), "unknown_bundle");
    let beyond = index.items.len() as u64;
    rejected(&broker, &asking(&broker, 5, Held { items: vec![items[0], beyond], ..held.clone() }), "out_of_range");
    let record = index.items.iter().position(|item| item.kind == ItemKind::Record).expect("our own record") as u64;
    rejected(&broker, &asking(&broker, 6, Held { items: vec![record], ..held.clone() }), "out_of_range");
    // One that goes meanwhile is found gone when it is needed, and one that is gone is not waited for.
    let late = asking(&broker, 7, Held { items: items[..1].to_vec(), ..held.clone() });
    broker.done(&Broker::take(&late));
    fs::remove_dir_all(&whole).expect("it can be removed");
    broker.done(&Ask::Approve { id: late.request_id, sudo_uid: None });
    broker.becomes(late.request_id, State::Failed);
    rejected(&broker, &asking(&broker, 8, Held { items, ..held }), "unknown_bundle");
}

#[test]
fn a_bundle_whose_list_is_not_sent_is_not_kept() {
    let mut broker = Broker::new("broker-index-no");
    let mut request = broker.request(1);
    request.scope.ask = Wanted::Index;
    let id = request.request_id;
    broker.done(&Broker::take(&request));
    broker.collected(id);
    // Also after a start.
    broker.end(Signal::SIGKILL);
    broker.start();
    let index = own(&broker, &broker.preview(id).path);
    let held =
        Held { bundle_id: index.bundle.bundle_id, manifest_sha256: index.bundle.manifest_sha256, items: places(&index.manifest) };
    // The center cannot know it yet.
    rejected(&broker, &asking(&broker, 2, held), "unknown_bundle");
    broker.done(&Ask::Decline { id, reason: None });
    let folder = broker.host.state().join("requests").join(id.to_string());
    assert!(!folder.join("whole").exists() && !folder.join("bundles").exists());
    assert_eq!(broker.count(Event::Deleted), 2);
}
