//! A large bundle: its page is there while its checks go on, and one of its files is opened without the rest.
//!
//! With `OEDIAG_LONG` set it has 500 MB and 2.8 GB of text, else a tenth of that.

use std::time::{Duration, Instant};

use oediag_center::{
    keys::Keys,
    store::{Store, bundles::State},
    vault::{Reach, Vault, Who},
};
use oediag_protocol::bundle::reader::open_at;

use crate::{
    bundle::{self, File},
    common::Center,
    host::{Host, now},
    ingest::checked,
    pages::{get, log_in},
};

/// Text that deflates to about a quarter, as logs do.
fn log(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 200);
    let mut state = 1_u64;
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let line = format!("Nov 23 01:02:03 host kernel: [ 1234.567890] task {state:016x} waits for more than 120 seconds\n");
        text.extend(line.as_bytes());
    }
    text.truncate(bytes);
    text
}

#[test]
fn a_large_bundle_has_its_page_at_once_and_its_files_one_by_one() {
    let chunks = if std::env::var_os("OEDIAG_LONG").is_some() { 5632 } else { 563 };
    let center = Center::start("large");
    let host = Host::enrol(&center, "t-1");
    let bundle = bundle::with(&host, &[File::Repeated("var/log/large", &log(512 << 10), chunks)]);
    let sealed = bundle.seal(&host);
    let cookie = log_in(&center, "admin", center.password());
    let url = host.slot(&center, &sealed);
    let mut place = 0;
    let begin = Instant::now();
    for chunk in sealed.bytes.chunks(8 << 20) {
        assert_eq!(host.patch(&center, &url, place, chunk).status, 204);
        place += chunk.len();
    }
    let (sent, last) = (begin.elapsed(), Instant::now());
    host.ack(&host.finish(&center, &url), &sealed);
    let acked = last.elapsed();
    let page = format!("/bundles/{}", bundle.id);
    let shown = loop {
        assert!(last.elapsed() < Duration::from_mins(2), "there is no page");
        let page = get(&center, &cookie, &page).body;
        if page.contains("var/log/large") {
            // On a machine that checks faster than it shows, this is the page of a bundle that is ready.
            assert!(page.contains("The checks of the whole bundle go on") || page.contains("state-ready"), "{page}");
            break last.elapsed();
        }
    };
    let row = checked(&center, bundle.id);
    let ready = last.elapsed();
    assert_eq!(row.state, State::Ready);
    println!(
        "{} MiB packed, {} MiB of text: sent in {sent:?}; after the last chunk: ack {acked:?}, page {shown:?}, all checks {ready:?}",
        bundle.bytes.len() >> 20,
        chunks / 2,
    );

    // One small file, from the other end of the bundle than its manifest.
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let store = Store::open(center.data()).await.expect("the store");
        let vault = Vault::new(store, Keys::open(center.data()).expect("the keys"));
        let plain = vault
            .open(&row, Who { name: "test", reach: Reach::Tenant }, Some("oediag/bundle.json"), now())
            .await
            .expect("it may be read");
        let fetched = plain.fetched();
        let read = move || {
            let mut plain = plain;
            let opened = oediag_center::ingest::Opened::of(&mut plain, row.manifest_at.expect("a manifest")).expect("documents");
            let offset = opened.item("oediag/bundle.json").and_then(|item| item.offset).expect("its place");
            std::io::read_to_string(open_at(plain, offset, "oediag/bundle.json").expect("the member")).expect("text")
        };
        let text = tokio::task::spawn_blocking(read).await.expect("read");
        assert!(text.contains("oediag.bundle/1"));
        println!("one file: {} KiB fetched of {} MiB", fetched.bytes() >> 10, sealed.bytes.len() >> 20);
        assert!(fetched.bytes() < 4 << 20, "{} bytes were fetched", fetched.bytes());
    });
}
