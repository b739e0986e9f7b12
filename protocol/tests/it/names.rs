//! Names of members: unique, harmless, and within ustar, whatever a host's files are called (T8).

use std::collections::HashMap;

use oediag_protocol::{
    bundle::{
        name::{BundleName, README, SUMS, SUMS_SIG, is_member_path, long_path, member_path, of_segment, segment},
        ustar,
    },
    id::{BundleId, HostId},
    time::Time,
};
use proptest::{collection::vec, prelude::*};

use crate::common::{bundle_name, start};

fn check(path: &[u8]) -> String {
    let name = member_path(path);
    assert!(is_member_path(&name), "{name:?}");
    let full = format!("{}/{name}", bundle_name());
    let block = ustar::header(&full, 7, start().started).expect("within ustar");
    let entry = ustar::parse(&block).expect("our own header");
    assert_eq!((entry.path, entry.size, entry.mtime), (full, 7, start().started));
    name
}

#[test]
fn plain_paths_keep_their_form() {
    for path in
        ["etc/os-release", "var/log/messages-20261123.gz", "proc/1/mountinfo", "sys/class/net/eth0:1/x", "etc/a@b,c=d+e_f"]
    {
        assert_eq!(check(format!("/{path}").as_bytes()), path);
        assert_eq!(check(path.as_bytes()), path);
    }
}

#[test]
fn other_bytes_are_encoded() {
    for (path, name) in [
        (&b"/a b"[..], "a%20b"),
        (b"/a%20b", "a%2520b"),
        (b"/a~b", "a%7Eb"),
        (b"/etc/-rf", "etc/%2Drf"),
        (b"/etc/a-rf", "etc/a-rf"),
        (b"/etc/./x", "etc/%2E/x"),
        (b"/etc/../x", "etc/%2E%2E/x"),
        (b"/etc/...", "etc/..."),
        (b"/etc/.x", "etc/.x"),
        (b"/a\nb", "a%0Ab"),
        (b"/\xff", "%FF"),
        ("/日志".as_bytes(), "%E6%97%A5%E5%BF%97"),
        (b"//a", "%2Fa"),
        (b"/a//b", "a/%2Fb"),
        (b"/a/", "a%2F"),
        (b"/", "%2F"),
    ] {
        assert_eq!(check(path), name);
    }
}

#[test]
fn our_own_names_are_never_a_host_files() {
    for (path, name) in [
        ("/oediag", "%6Fediag"),
        ("/oediag/manifest.json", "%6Fediag/manifest.json"),
        ("/oediag2/x", "oediag2/x"),
        ("/var/oediag/x", "var/oediag/x"),
        ("/README.txt", "%52EADME.txt"),
        ("/README.txt/x", "%52EADME.txt/x"),
        ("/SHA256SUMS", "%53HA256SUMS"),
        ("/SHA256SUMS.sig", "%53HA256SUMS.sig"),
        ("/%6Fediag", "%256Fediag"),
    ] {
        assert_eq!(check(path.as_bytes()), name);
    }
}

#[test]
fn a_segment_tells_what_it_was_made_of() {
    for bytes in [&b"sda"[..], b"cciss!c0d0", b"50%", b"%25", b"..", b"-x", b"a/b", b"\xff\x00", b"\xe4\xb8\xad"] {
        assert_eq!(of_segment(&segment(bytes)).as_deref(), Some(bytes));
    }
    for not_ours in [segment(&[b'x'; 255]).as_str(), "%", "%2", "%zz", "%ff", "%41", "a b", "..", "%\u{e9}", "a/b"] {
        assert_eq!(of_segment(not_ours), None, "{not_ours}");
    }
}

#[test]
fn long_segments_and_paths_are_cut() {
    let long = "x".repeat(255);
    let name = segment(long.as_bytes());
    assert_eq!(name.len(), 80);
    assert_eq!(name, format!("{}~{}", "x".repeat(71), &oediag_protocol::digest::Sha256::of(long.as_bytes()).to_string()[..8]));
    assert_eq!(segment("x".repeat(80).as_bytes()), "x".repeat(80));
    // No cut inside a `%XX`.
    for front in 0..4 {
        let name = segment(&[vec![b'a'; front], vec![0xff; 60]].concat());
        assert!(is_member_path(&name) && name.len() <= 80, "{name}");
    }

    let deep = format!("/var/{}/access.log", vec!["directory"; 30].join("/"));
    let name = check(deep.as_bytes());
    assert!(name.starts_with("oediag/long/") && name.ends_with("~access.log"), "{name}");
    assert_eq!(name, long_path(deep.as_bytes()));
    let path4000 = format!("/{}", vec!["0123456789"; 363].join("/"));
    check(path4000.as_bytes());
    for front in 0..8 {
        let tail = [vec![b'a'; front], vec![b'\xe4'; 40]].concat();
        let name = long_path(&[b"/x/", &tail[..]].concat());
        assert!(is_member_path(&name), "{name}");
    }
}

#[test]
fn the_limit_of_ustar_is_met_exactly() {
    // One segment of each length at every depth: the name is kept as long as a header can hold it.
    for depth in 0..14 {
        for last in 1..=80 {
            let path = format!("{}{}", "0123456789abcde/".repeat(depth), "z".repeat(last));
            let full = format!("{}/{path}", bundle_name());
            let fits = tar::Header::new_ustar().set_path(&full).is_ok();
            assert_eq!(check(path.as_bytes()) == path, fits, "{depth} {last}");
        }
    }
}

#[test]
fn bundle_names_are_strict() {
    let name = bundle_name();
    let text = name.to_string();
    assert_eq!(text, "oediag-abababab-20261123T010203Z-1c1c1c1c");
    assert_eq!(text.len(), BundleName::LEN);
    assert_eq!(BundleName::parse(&text), Some(name));
    for bad in [
        "",
        "oediag-",
        "oediag-abababab-20261123T010203Z-1c1c1c1c-",
        "oediag-abababab-20261123T010203Z-1c1c1c1c.tar.gz",
        "oediag-abababab-20261123T010203Z-1c1c1c1",
        "oediag-ABABABAB-20261123T010203Z-1c1c1c1c",
        "oediag-abababab-20261323T010203Z-1c1c1c1c",
        "oediag-abababab-20261123T010260Z-1c1c1c1c",
        "oediag-abababab-20261123T010203z-1c1c1c1c",
        "oediag-abababab-20261123 010203Z-1c1c1c1c",
        "oediag-abababab-2026112\u{e9}T01020Z-1c1c1c1c",
        "Oediag-abababab-20261123T010203Z-1c1c1c1c",
        "../oediag-abababab-20261123T010203Z-1c1c1c1c",
    ] {
        assert_eq!(BundleName::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn sizes_and_times_outside_ustar_are_refused() {
    let path = format!("{}/etc/x", bundle_name());
    assert!(ustar::header(&path, 4 << 30, Time(0)).is_ok());
    assert!(ustar::header(&path, (4 << 30) + 1, Time(0)).is_err());
    assert!(ustar::header(&path, 0, Time(0o777_7777_7777)).is_ok());
    assert!(ustar::header(&path, 0, Time(0o1000_0000_0000)).is_err());
    assert!(ustar::header(&path, 0, Time(-1)).is_err());
    assert!(ustar::header("etc/x", 0, Time(0)).is_err());
}

/// Paths made of the pieces that are easily confused with each other.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"/".to_vec()),
        Just(b".".to_vec()),
        Just(b"-".to_vec()),
        Just(b"%".to_vec()),
        Just(b"~".to_vec()),
        Just(b"2F".to_vec()),
        Just(b"oediag".to_vec()),
        Just(README.as_bytes().to_vec()),
        Just(SUMS.as_bytes().to_vec()),
        Just(SUMS_SIG.as_bytes().to_vec()),
        Just(b"/long/".to_vec()),
        Just(vec![b'x'; 90]),
        Just(vec![0xe4; 30]),
        vec(any::<u8>(), 1..4),
    ];
    vec(piece, 1..12).prop_map(|pieces| [b"/x"[..1].to_vec(), pieces.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_path_gets_a_harmless_name(path in vec(any::<u8>(), 0..400)) {
        check(&path);
    }

    #[test]
    fn different_paths_get_different_names(paths in vec(tricky(), 2..40)) {
        let mut names: HashMap<String, &[u8]> = HashMap::new();
        // `//` and `/` are both the root folder, which no file is.
        for path in paths.iter().filter(|path| path.as_slice() != b"//") {
            let name = check(path);
            prop_assert_eq!(*names.entry(name).or_insert(path), path.as_slice());
        }
    }

    #[test]
    fn bundle_names_round_trip(host: [u8; 16], bundle: [u8; 16], second in 0..253_402_207_200_i64) {
        let name = BundleName::new(HostId(host), Time(second), BundleId(bundle));
        let text = name.to_string();
        prop_assert_eq!(text.len(), BundleName::LEN);
        prop_assert_eq!(BundleName::parse(&text), Some(name));
    }
}
