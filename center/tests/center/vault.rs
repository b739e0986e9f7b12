//! T69: no byte without a receipt that counts now, the host's good name, and the very bytes that came in; and every try is
//! written down before it is answered.

use oediag_center::{
    keys::Keys,
    store::{Store, bundles::Bundle as Row},
    vault::{Closed, Reach, Vault, VaultError, Who},
};
use oediag_protocol::time::Time;

use crate::{
    bundle::{self, File},
    common::Center,
    host::{Host, now},
    ingest::{audit, checked},
    pages::{get, log_in},
};

/// Opens the bundle and reads all of it.
fn read(center: &Center, row: &Row, at: Time) -> Result<Vec<u8>, VaultError> {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let store = Store::open(center.data()).await.expect("the store");
        let vault = Vault::new(store, Keys::open(center.data()).expect("the keys"));
        let mut plain = vault.open(row, Who { name: "li", reach: Reach::Tenant }, None, at).await?;
        let read = move || {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut plain, &mut bytes).map(|_| bytes)
        };
        Ok(tokio::task::spawn_blocking(read).await.expect("read")?)
    })
}

fn closed(center: &Center, row: &Row, at: Time) -> Closed {
    match read(center, row, at) {
        Err(VaultError::Closed(closed)) => closed,
        other => panic!("it must stay closed: {:?}", other.map(|bytes| bytes.len())),
    }
}

#[test]
fn t69_a_bundle_opens_only_while_its_receipt_and_its_host_count() {
    let center = Center::start("vault");
    let host = Host::enrol(&center, "t-1");
    let bundle = bundle::real(&host);
    let sealed = bundle.seal(&host);
    host.ack(&host.upload(&center, &sealed), &sealed);
    let row = checked(&center, bundle.id);
    assert!(read(&center, &row, now()).expect("it may be read") == bundle.bytes);
    assert!(audit(&center).lines().any(|line| line.contains("bundle_opened") && line.contains("\"actor\":\"li\"")));

    let end = sealed.consent.delete_by;
    assert!(matches!(closed(&center, &row, end), Closed::NotCovered(_)));
    assert!(read(&center, &row, Time(end.0 - 1)).is_ok());
    let steps = [("receipts SET withdrawn = 1", Closed::Withdrawn), ("hosts SET revoked = 1", Closed::Revoked)];
    for (change, expected) in steps {
        center.change(&format!("UPDATE {change}"));
        assert_eq!(closed(&center, &row, now()), expected);
        let cookie = log_in(&center, "admin", center.password());
        let page = get(&center, &cookie, &format!("/bundles/{}", bundle.id));
        assert!(!page.body.contains("openEuler"), "{}", page.body);
        center.change(&format!("UPDATE {}", change.replace("= 1", "= NULL")));
    }
    // A receipt that was changed in the database is not the one that the host signed.
    center.change("UPDATE receipts SET front = replace(front, substr(front, 801, 4), 'AAAA')");
    assert!(matches!(closed(&center, &row, now()), Closed::NotCovered(_)));
    assert_eq!(audit(&center).matches("open_refused").count(), 6);
}

/// The list tells what was found inside: as little as the bundle's page, where that may not be read.
#[test]
fn t69_the_list_tells_nothing_of_what_may_not_be_read() {
    let center = Center::start("vault-list");
    let host = Host::enrol(&center, "t-1");
    let bundle = bundle::real(&host);
    let sealed = bundle.seal(&host);
    host.ack(&host.upload(&center, &sealed), &sealed);
    checked(&center, bundle.id);
    let cookie = log_in(&center, "admin", center.password());
    let list = || get(&center, &cookie, "/").body;
    let (system, alerts) = ("<td class=\"system\">openEuler", "<span class=\"tag high\">");
    assert!(list().contains(system) && list().contains(alerts), "{}", list());
    let end = sealed.consent.delete_by.0;
    for (change, back) in [
        ("receipts SET withdrawn = 1", "receipts SET withdrawn = NULL".to_owned()),
        ("receipts SET delete_by = 1", format!("receipts SET delete_by = {end}")),
        ("hosts SET revoked = 1", "hosts SET revoked = NULL".to_owned()),
        ("bundles SET state = 'rejected'", "bundles SET state = 'ready'".to_owned()),
    ] {
        center.change(&format!("UPDATE {change}"));
        let page = list();
        assert!(page.contains(&bundle.id.to_string()), "{change}: {page}");
        assert!(!page.contains(system) && !page.contains(alerts) && !page.contains("no alerts"), "{change}: {page}");
        center.change(&format!("UPDATE {back}"));
        assert!(list().contains(system), "{back}");
    }
}

/// A disk that hangs holds some pages; not the center.
#[test]
fn pages_that_wait_for_the_disk_hold_up_nothing_else() {
    let center = Center::start("vault-hung");
    let host = Host::enrol(&center, "t-1");
    let bundle = bundle::real(&host);
    let sealed = bundle.seal(&host);
    host.ack(&host.upload(&center, &sealed), &sealed);
    let row = checked(&center, bundle.id);
    let cookie = log_in(&center, "admin", center.password());
    // Whoever opens this waits for somebody who writes.
    let object = center.data().join("objects").join(&row.sealed.object);
    std::fs::remove_file(&object).expect("the object");
    nix::unistd::mkfifo(&object, nix::sys::stat::Mode::S_IRUSR).expect("a pipe");
    // Each would take two threads, and there are 512.
    let page = format!("/bundles/{}", bundle.id);
    let waiting: Vec<_> = (0..300).map(|_| center.half_as(None, "GET", &page, &[("Cookie", cookie.as_str())], b"", 0)).collect();
    let opened = || audit(&center).lines().filter(|line| line.contains("bundle_opened") && line.contains("\"admin\"")).count();
    for _ in 0..600 {
        if opened() >= 8 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    // Time for all the others, were there room for them.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(opened(), 8);
    let (sealed, user) = (host.seal_some(100_000), center.user("li", "t-1"));
    host.ack(&host.upload(&center, &sealed), &sealed);
    log_in(&center, "li", &user);
    drop(waiting);
}

#[test]
fn t69_stored_bytes_that_were_changed_do_not_open() {
    let center = Center::start("vault-bytes");
    let host = Host::enrol(&center, "t-1");
    let bundles = [0, 1].map(|_| bundle::with(&host, &[File::Repeated("var/log/large", &vec![b'x'; 512 << 10], 200)]));
    let rows = bundles.each_ref().map(|bundle| {
        let sealed = bundle.seal(&host);
        host.ack(&host.upload(&center, &sealed), &sealed);
        checked(&center, bundle.id)
    });
    let path = |row: &Row| center.data().join("objects").join(&row.sealed.object);
    let mut bytes = std::fs::read(path(&rows[0])).expect("the object");
    // In the middle: it opens, and the reading ends there.
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path(&rows[0]), &bytes).expect("a changed object");
    assert!(matches!(read(&center, &rows[0], now()), Err(VaultError::Read(_))));
    // Another bundle's file in its place: as well encrypted, but not the one that came in.
    std::fs::copy(path(&rows[1]), path(&rows[0])).expect("another object");
    assert!(matches!(closed(&center, &rows[0], now()), Closed::Changed(_)));
    assert!(read(&center, &rows[1], now()).is_ok());
}
