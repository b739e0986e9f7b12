//! T43: what is left out is not in the bytes that are sent, and the bundle is another one.

use std::{collections::BTreeMap, fs, path::Path};

use oediag_protocol::bundle::reader::Reader;

use crate::{center::Center, host::Host};

/// The content of every member, one after the other, and their paths.
fn contents(bundle: &[u8]) -> (Vec<String>, Vec<u8>) {
    let (mut reader, mut paths, mut all) = (Reader::new(bundle), Vec::new(), Vec::new());
    while let Some(entry) = reader.next_entry().expect("a bundle") {
        paths.push(entry.path);
        std::io::Read::read_to_end(&mut reader, &mut all).expect("a member");
    }
    (paths, all)
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn t43_what_is_left_out_is_in_no_byte_that_is_sent() {
    let center = Center::honest();
    let host = Host::enrolled("t43", &center);
    let root = host.folder.join("root");
    for (path, text) in [
        ("etc/os-release", "ID=openEuler\nVERSION=\"22.03\"\n"),
        ("etc/sysctl.conf", "vm.swappiness = 4141\n"),
        (
            "var/log/messages",
            "Nov 23 01:02:03 h kernel: Out of memory: Killed process 4242 (canarynine) total-vm:1kB, anon-rss:1kB\n",
        ),
    ] {
        fs::create_dir_all(root.join(path).parent().expect("a folder")).expect("the folder can be made");
        fs::write(root.join(path), text).expect("it can be written");
    }
    let old = host.collect(&root, &["--topic", "logs,kernel"]);
    let before = fs::read(&old).expect("the bundle");
    let (paths, all) = contents(&before);
    assert!(paths.contains(&"var/log/messages".to_owned()), "{paths:?}");
    assert!(holds(&all, "canarynine"));

    let old = old.to_str().expect("UTF-8");
    let preview = host.run(&["upload", old, "--without", "logs.messages", "--preview", "--json"]).ends(0).json();
    let new = preview["bundle"].as_str().expect("a path").to_owned();
    assert_ne!(new, old);
    assert_eq!(fs::read(old).expect("the bundle"), before, "the old one is as it was");
    host.run(&["verify", &new]).ends(0);
    host.upload(new.as_ref(), &[]).ends(0);

    let sent = center.known().bundles[0].clone();
    assert_eq!(sent, fs::read(&new).expect("the new bundle"));
    let (paths, all) = contents(&sent);
    assert!(!paths.contains(&"var/log/messages".to_owned()) && paths.contains(&"etc/sysctl.conf".to_owned()), "{paths:?}");
    // Neither the text nor what was concluded from it.
    assert!(!holds(&all, "canarynine") && !holds(&all, "out_of_memory"), "{}", String::from_utf8_lossy(&all));
    let show = host.run(&["show", &new, "--json"]).ends(0).json();
    let manifest = &show["manifest"];
    let derived = manifest["derived_from"].as_str().expect("it names the old one");
    assert!(derived.starts_with(&Host::digits(old.as_ref())) && manifest["bundle_id"] != derived);
    assert_eq!(show["alerts"].as_array().map(Vec::len), Some(0), "{show:#}");
    let rows = manifest["items"].as_array().expect("rows");
    let gone: Vec<_> = rows.iter().filter(|row| row["id"] == "logs.messages").collect();
    assert_eq!(gone.len(), 1);
    assert_eq!((gone[0]["outcome"].as_str(), gone[0]["reason"].as_str()), (Some("skipped"), Some("left_out")));
}

#[test]
fn t43_what_stays_is_unchanged() {
    let center = Center::honest();
    let host = Host::enrolled("t43-stays", &center);
    // Members of all kinds: a large one, small ones, a compressed log, commands with their records.
    let old = host.large_bundle(4);
    let log = host.folder.join("root/var/log");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, b"Nov 20 01:02:03 h kernel: EXT4-fs error (device sda1): bad\n").expect("memory");
    fs::write(log.join("messages-20261120.gz"), packed.finish().expect("memory")).expect("it can be written");
    fs::remove_file(&old).expect("it can be removed");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/roots/openeuler-22.03-sp3-aarch64");
    for (name, root, gone) in [
        ("large", host.folder.join("root"), "/etc/os-release"),
        ("fixture", fixture, "kernel.cmdline"),
        ("member", host.folder.join("root"), "var/log/messages-20261120.gz"),
    ] {
        let old = host.collect(&root, &[]);
        let before = host.run(&["show", old.to_str().expect("UTF-8"), "--json"]).ends(0).json();
        let run = host.run(&["upload", old.to_str().expect("UTF-8"), "--without", gone, "--preview", "--json"]).ends(0);
        let new = run.json()["bundle"].as_str().expect("a path").to_owned();
        host.run(&["verify", &new]).ends(0);
        let after = host.run(&["show", &new, "--json"]).ends(0).json();
        let members = |show: &serde_json::Value| -> BTreeMap<String, String> {
            let items = show["manifest"]["items"].as_array().expect("items").iter();
            let row = |item: &serde_json::Value| Some((item["path"].as_str()?.to_owned(), item["sha256"].as_str()?.to_owned()));
            let anew = ["README.txt", "oediag/bundle.json", "oediag/facts.json", "oediag/alerts.json", "oediag/operations.json"];
            items.filter_map(row).filter(|(path, _)| !anew.contains(&path.as_str())).collect()
        };
        let (before_members, after_members) = (members(&before), members(&after));
        assert!(!after_members.is_empty() && after_members.len() < before_members.len(), "{name}");
        for (path, sha256) in &after_members {
            assert_eq!(before_members.get(path), Some(sha256), "{name}: {path}");
        }
        let rows = |show: &serde_json::Value| show["manifest"]["items"].as_array().map(Vec::len);
        assert_eq!(rows(&before), rows(&after), "{name}: every row is still there");
        if name == "large" {
            // Nothing that was left out told anything, so the conclusions are the same, of the compressed log too.
            assert!(before["alerts"].as_array().is_some_and(|alerts| !alerts.is_empty()), "{before:#}");
            assert_eq!(before["alerts"], after["alerts"], "{name}");
        }
    }
    // What is not there cannot be left out.
    let run = host.run(&["upload", old_path(&host).as_str(), "--without", "nothing.such", "--preview"]).ends(2);
    assert!(run.err.contains("nothing.such"), "{run:#?}");
}

/// Some bundle of the host.
fn old_path(host: &Host) -> String {
    host.bundle().to_str().expect("UTF-8").to_owned()
}
