//! Uploads that come to their end, at once or after being stopped.

use std::fs;

use crate::{center::Center, host::Host};

#[test]
fn t38_a_bundle_is_sent_once_and_acked() {
    let center = Center::honest();
    let host = Host::enrolled("t38", &center);
    let bundle = host.bundle();
    let run = host.upload(&bundle, &["--json"]).ends(0);
    let told = run.json();
    assert_eq!(told["already"], false);
    let url = format!("{}/bundles/{}", center.url(), told["bundle_id"].as_str().expect("an id"));
    assert_eq!(told["page"], url.as_str());
    assert_eq!(center.known().bundles, [fs::read(&bundle).expect("the bundle is still there")]);
    assert_eq!(center.known().receipts[0].receipt_id.to_string(), told["receipt_id"]);
    assert_eq!(host.outbox(), Vec::<String>::new(), "nothing waits any more");

    let requests = center.known().log.len();
    let again = host.upload(&bundle, &[]).ends(0);
    assert!(again.out.contains("already"), "{again:#?}");
    assert_eq!(center.known().log.len(), requests, "nothing was sent again");
    assert_eq!(host.receipts(), 1);
}
