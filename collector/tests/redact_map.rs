//! What stand-ins mean: the map of a run, and the addresses a worker has given out.

use std::collections::BTreeMap;

use oediag_collector::redact::{Counts, Harvest, Key, Level, Redactor, Scratch};

fn redactor() -> Redactor {
    let harvest = Harvest::from_context(br#"{"hostname":"db-kerne-07","domain":"kerne.example","users":["wangxm"]}"#);
    let key = Key::for_bundle(&[1; 32], &[2; 16]);
    Redactor::new(&harvest.expect("a context"), &key, Level::Standard).expect("starts").with_map()
}

fn clean(redactor: &Redactor, member: &str, text: &str, scratch: &mut Scratch) -> String {
    let mut out = Vec::new();
    for raw in redactor.reader(text.as_bytes(), b"/var/log/any").with_member(member) {
        out.extend_from_slice(redactor.clean(raw.expect("reads"), scratch).expect("redacts").0.as_bytes());
    }
    String::from_utf8(out).expect("text")
}

fn meanings(redactor: &Redactor) -> BTreeMap<String, (String, String, Option<String>)> {
    let map = redactor.take_map().expect("it is remembered");
    assert_eq!(map.lost(), 0);
    map.iter()
        .map(|(token, meaning)| {
            (meaning.value.clone(), (token.to_owned(), meaning.kind.to_owned(), meaning.file.as_deref().map(str::to_owned)))
        })
        .collect()
}

#[test]
fn every_identity_in_the_text_is_in_the_map_and_no_credential() {
    let redactor = redactor();
    let mut scratch = Scratch::default();
    let text = "Mar  1 00:00:01 DB-KERNE-07 sshd[1]: Accepted password for wangxm from 203.0.113.9 port 2\n\
        to=<Li.Na@mail.example.net> 13800138000 link 52:54:00:3a:91:c2 peer 2001:db8::17 mobile: 13912345678\n\
        pool.password = cnry-Kq81!xV\n\
        proctitle=73736870617373002D7000636E72792D4B7138310061646D696E403139382E35312E3130302E37\n\
        proxy=http://px:cnry-Kq81@192.0.2.1:3128\n";
    let out = clean(&redactor, "files/var/log/any", text, &mut scratch);
    let mut counts = Counts::default();
    let path = redactor.path(b"/home/zhanglei/x", &mut counts);
    let found = meanings(&redactor);
    for (value, kind) in [
        ("db-kerne-07", "hostname"),
        ("wangxm", "username"),
        ("203.0.113.9", "ipv4"),
        ("192.0.2.1", "ipv4"),
        ("li.na", "username"),
        ("mail.example.net", "domain"),
        ("52:54:00:3a:91:c2", "mac"),
        ("2001:db8::17", "ipv6"),
        ("13912345678", "cn_mobile"),
    ] {
        let (token, of, file) = found.get(value).unwrap_or_else(|| panic!("{value} in {found:?}\n{out}"));
        assert_eq!((of.as_str(), file.as_deref()), (kind, Some("files/var/log/any")), "{value}");
        assert!(out.to_lowercase().contains(&token.to_lowercase()), "{token} in {out}");
    }
    let (token, _, file) = &found["zhanglei"];
    assert!(String::from_utf8_lossy(&path).contains(token) && file.is_none());
    assert!(!found.keys().any(|value| value.contains("cnry")), "{found:?}");
    assert!(found.values().all(|(_, kind, _)| !kind.contains("password") && kind != "audit_hex" && kind != "url_userinfo"));
}

#[test]
fn a_worker_knows_the_addresses_of_its_last_chunk() {
    let redactor = redactor();
    let mut scratch = Scratch::default();
    let given = |word: &str, scratch: &Scratch| {
        let address: std::net::Ipv4Addr = word.parse().expect("an address");
        scratch.given().gave_v4(address.octets())
    };
    // More than a worker remembers, then others: of what it wrote last all is known.
    for round in 1..4_u32 {
        let text: String =
            (0..70_000_u32).map(|n| format!("peer 198.{}.{}.{}\n", round, n >> 8 & 255, n & 255)).collect::<Vec<_>>().concat();
        let out = clean(&redactor, "files/a", &text, &mut scratch);
        let last = out.lines().last().expect("lines");
        assert!(given(last.strip_prefix("peer ").expect("a line"), &scratch), "{last}");
    }
    let inside =
        clean(&redactor, "files/b", "q=ip%3D203.0.113.9%26x\nproctitle=70696E67003230332E302E3131332E3737\n", &mut scratch);
    let hex = inside.rsplit_once("70696E6700").expect("the same command").1.trim();
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")).collect();
    assert!(given(&String::from_utf8(bytes).expect("text"), &scratch));
    assert!(!given("203.0.113.77", &scratch));
}

#[test]
fn without_a_map_nothing_is_remembered() {
    let harvest = Harvest::default();
    let redactor = Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts");
    assert!(redactor.take_map().is_none());
}
