//! The leak gate: what is planted in clean text is found in every form (T12), and what has to stay is never a hit.

#![expect(clippy::disallowed_methods, reason = "the tests read the fixtures, not the host")]

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use oediag_collector::{
    leak::{About, Gate, Kind, Known, LastLook, StandIns, lists_versions},
    redact::{Counts, Encoding, Harvest, Key, Level, RedactError, Redactor, Scratch, Written},
};
use serde::Deserialize;

/// A file of a corpus.
#[derive(Deserialize)]
struct Case {
    id: String,
    path: String,
    text: String,
    secrets: Vec<Secret>,
    must_keep: Vec<String>,
    #[serde(default)]
    negative: bool,
}

#[derive(Deserialize)]
struct Secret {
    kind: String,
    value: String,
}

fn cases(data: &str) -> Vec<Case> {
    data.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

fn redactor(harvest: &Harvest) -> Redactor {
    Redactor::new(harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("it starts")
}

/// What the gate finds in the redacted file: kind, line and what was there.
fn found(redactor: &Redactor, gate: &Gate, path: &str, bytes: &[u8]) -> Result<Vec<(Kind, String, String)>, RedactError> {
    let mut scratch = Scratch::default();
    let mut found = Vec::new();
    for raw in redactor.reader(bytes, path.as_bytes()) {
        let clean = redactor.clean(raw?, &mut scratch)?.0;
        let text = clean.as_bytes();
        let about = About { known: Known::Given(scratch.given()), versions: lists_versions(path.as_bytes()) };
        for hit in gate.find(text, &about) {
            let line = text[..hit.range.start].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
            let end = text[line..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| line + n);
            let show = |range: std::ops::Range<usize>| String::from_utf8_lossy(&text[range]).into_owned();
            found.push((hit.kind, show(hit.range.clone()), show(line..end)));
        }
    }
    Ok(found)
}

/// Who a fixture host is.
fn harvest() -> Harvest {
    Harvest::from_context(
        r#"{"hostname":"euler-db01","domain":"corp.yunhe.internal","hosts":["gw-core"],
            "users":["zhangwei","lee"],"names":["张伟"],"keywords":["ProjectKunpengX"]}"#
            .as_bytes(),
    )
    .expect("a context")
}

fn about() -> About<'static> {
    static NONE: std::sync::OnceLock<StandIns> = std::sync::OnceLock::new();
    About { known: Known::Listed(NONE.get_or_init(StandIns::default)), versions: false }
}

/// The text as it is, in hexadecimal, in base64 at each offset, with percent signs, and in UTF-16.
fn encoded(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = format!("k={value} ").into_bytes();
    let written = |before: &str| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{before}{byte:02X}").expect("a string takes all");
            text
        })
    };
    let (hex, percent) = (written(""), written("%"));
    let base64 = |before: &str| BASE64_STANDARD.encode([before.as_bytes(), &bytes].concat()).into_bytes();
    vec![
        ("plain", bytes.clone()),
        ("capitals", value.to_uppercase().into_bytes()),
        ("hex", hex.into_bytes()),
        ("percent", percent.into_bytes()),
        ("base64 at 0", base64("")),
        ("base64 at 1", base64("a")),
        ("base64 at 2", base64("ab")),
        ("utf-16le", value.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("utf-16be", value.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ]
}

#[test]
fn t12_names_are_found_in_every_form() {
    let gate = Gate::new(&harvest(), []);
    let names = [
        ("euler-db01", Kind::Hostname),
        ("corp.yunhe.internal", Kind::Domain),
        ("zhangwei", Kind::Username),
        ("projectkunpengx", Kind::Keyword),
        ("张伟", Kind::PersonName),
    ];
    for (name, kind) in names {
        for (form, bytes) in encoded(name) {
            let text = [b"first line\nvalue ", bytes.as_slice(), b" rest\nlast line\n"].concat();
            let hits = gate.find(&text, &about());
            // Two characters are too few for base64 or hexadecimal digits to mean something.
            if name != "张伟" || !form.starts_with("base64") {
                assert!(hits.iter().any(|hit| hit.kind == kind), "{name} {form}: {hits:?}");
            }
        }
    }
    // Characters of GB18030 are whole ones, and none of UTF-8.
    let gb = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    for (text, wanted) in [("值班 张伟 已到", 1), ("值班张伟已到", 1), ("name=张伟,", 1), ("值班李雪梅已到", 0)]
    {
        assert_eq!(gate.find(&gb(text), &about()).len(), wanted, "{text}");
    }
    let shifted = [b"\xb0", gb("张伟").as_slice(), b"\xa1"].concat();
    assert_eq!(gate.find(&shifted, &about()), [], "half a character stands before it");
    // A short name is looked for as a word.
    for (text, wanted) in [("user lee logged in", true), ("(lee)", true), ("sleep 5", false), ("lee-way lee_1", false)] {
        assert_eq!(!gate.find(text.as_bytes(), &about()).is_empty(), wanted, "{text}");
    }
    for text in ["OEr-euler-db01", "OEr-zhangwei", "OEr-host-euler-db01"] {
        assert_eq!(gate.find(text.as_bytes(), &about()).len(), 1, "{text}");
    }
    for text in ["OEr-user-zhangwei2345", "OEr-host-abcdefgh2345", "euler-db013", "xzhangwei", "zhangwei_x", "gw-core1"] {
        assert_eq!(gate.find(text.as_bytes(), &about()), [], "{text}");
    }
}

#[test]
fn t12_records_are_masked_and_stay_json() {
    let harvest = harvest();
    let gate = Gate::new(&harvest, []);
    let redactor = redactor(&Harvest::default()).with_map();
    // What the run gave out is known, other addresses are none of its stand-ins.
    let given = redactor.text(b"peer 198.51.100.23 up", &mut Counts::default()).into_string();
    let map = redactor.take_map().expect("it remembers");
    let look = LastLook::new(&gate, &redactor, Some(&map));
    let record = |text: &str| look.record(format!("{{\"what\":\"{text}\",\"count\":2}}").into_bytes());
    for text in ["ping euler-db01 ok", "by zhangwei", "from 198.51.100.77 port 22", "ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"] {
        let (clean, found) = record(text).expect("it is masked");
        let clean: serde_json::Value = serde_json::from_slice(&clean).expect("JSON");
        assert_eq!(found.leaks().counts.values().sum::<u64>(), 1, "{text}");
        assert!(clean["what"].as_str().is_some_and(|what| what.contains("OEr-leak-")) && clean["count"] == 2, "{clean}");
    }
    let (same, found) = record(&given).expect("nothing is in it");
    assert!(found.leaks().is_empty() && String::from_utf8(same).expect("UTF-8").contains(&given));
    // A number cannot become a word.
    assert!(look.record(b"{\"phone\": 13912345678}".to_vec()).is_err());
    // Without the stand-ins addresses are not judged.
    let (_, found) = LastLook::new(&gate, &redactor, None).record(b"{\"a\":\"198.51.100.77\"}".to_vec()).expect("masked");
    assert!(found.leaks().is_empty());
}

/// Values that no rule of a host's needs, and lines that look like them.
const PLANTED: &[(Kind, &str)] = &[
    (Kind::ProviderToken, "key AKIAQ3EGRIVOX7F2M5TN end"),
    (Kind::ProviderToken, "id=LTAI5tQ7fKz3VbNw9RcXyM2e"),
    (Kind::ProviderToken, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"),
    (Kind::ProviderToken, "AIzaSyD3x9Kq7LmN0pR2tV5wY8zB1cE4fG6hJ9k"),
    (Kind::ProviderToken, "ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"),
    (Kind::ProviderToken, "github_pat_11ABCDEFG0aB3dE5fG7hI9_jK1lM3nO5pQ7rS9tU1vW3xY5"),
    (Kind::ProviderToken, "glpat-aB3dE5fG7hI9jK1lM3nO"),
    (Kind::ProviderToken, "xoxb-123456789012-aB3dE5fG7hI9jK1l"),
    (Kind::ProviderToken, "sk-proj-aB3dE5fG7hI9_jK1lM3nO5pQ7"),
    (Kind::ProviderToken, "hvs.CAESIaB3dE5fG7hI9jK1lM3nO5pQ7"),
    (Kind::ProviderToken, "npm_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"),
    (Kind::ProviderToken, "pypi-AgEIcHlwaS5vcmcCJDEyMzQ1Njc4LTEyMzQtMTIzNC0xMjM0LTEyMzQ1Njc4OTAxMg"),
    (Kind::ProviderToken, "SG.aB3dE5fG7hI9jK1lM3nO5p.aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9d"),
    (Kind::ProviderToken, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvcGVyMDEifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1r"),
    (Kind::PrivateKey, "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx3k9Q7LmN0pR2tV5wY8z\nB1cE4fG6hJ9kx3k9Q7LmN0pR2tV5\n"),
    (Kind::PrivateKey, "B1cE4fG6hJ9kx3k9Q7LmN0pR2tV5wY8z\n-----END OPENSSH PRIVATE KEY-----\n"),
    (Kind::PrivateKey, "\"-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEAx3k9Q7LmN0pR2tV5wY8z\\n\""),
    (Kind::PrivateKey, "Private-Lines: 1\nAAAAgQDx3k9Q7LmN0pR2tV5wY8zB1cE4fG6\nPrivate-MAC: 00\n"),
    (
        Kind::PwHash,
        "root:$6$aB3dE5fG$hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK7lM9nO1pQ3rS5tU7vW9xY1zA3bC5dE7fG9hI1jK3l0:19000",
    ),
    (Kind::PwHash, "$2b$12$aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK"),
    (Kind::PwHash, "{SSHA}aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW"),
    (Kind::PwHash, "grub.pbkdf2.sha512.10000.AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12CD34.00"),
    (Kind::CnId, "身份证 110199189902140032"),
    (Kind::CnId, "x,11010519491231002X,y"),
    (Kind::CnId, "/idcard/110199189902140032.jpg"),
    (Kind::BankCard, "card_no=6222021234567894"),
    (Kind::BankCard, "6222-0212-3456-7894"),
    (Kind::CnMobile, "phone=13812345678"),
    (Kind::CnMobile, "手机：13812345678"),
    (Kind::CnMobile, "call +8613812345678"),
    (Kind::CnMobile, "138-1234-5678"),
    (Kind::Ipv4, "from 192.168.31.7 port 22"),
    (Kind::Ipv4, "peer=10.20.31.200:5432"),
    (Kind::Ipv4, "client 203.0.113.45 closed"),
    (Kind::Ipv6, "addr 2408:8207:18a0:5d10::1a"),
    (Kind::Ipv6, "inet6 fe80::5054:ff:fe3a:91c2/64"),
    (Kind::Mac, "link/ether 52:54:00:3a:91:c2 brd"),
];

/// Lines that have to stay as they are.
const NOTHING: &[&str] = &[
    "kernel-4.19.90-2109.1.0.0108.oe1 version: 4.19.90.1 firmware 16.31.1014.22",
    "chrome/118.0.5993.88 Edg/118.0.2088.61 driver 172.16.3.1 release 192.168.1.2",
    ".1.3.6.1.4.1.2021 1.2.840.113549.1.1.11 12:34:56.789 +0800 0.12 0.34 0.56",
    "0000:7d:00.0 [19e5:1822] 2:0:0:0 ffff8000101b2c3d a0=ffffff9c std::vec abc::def::f0 ::1 ::",
    "127.0.0.1 0.0.0.0 255.255.255.0 224.0.0.1 ff02::1 fe80:: fd00::/8",
    "33:33:00:00:00:01 00:00:00:00:00:00 ff:ff:ff:ff:ff:ff 01:00:5e:00:00:fb",
    "SHA256:aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9d MD5 52:54:00:3a:91:c2:11:22:33:44:55:66:77:88:99:aa",
    "UUID=3e6be9de-8139-11d1-9106-a43f08d823a6 boot 0c2ad9f6e2b64f3c9d1e5a7b8c9d0e1f",
    "1700000000000 13812345678 counters 6222021234567894 trace=110199189902140033",
    "6222 0212 3456 7895 1234 5678 9012 3456",
    "-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEAx3k9Q7LmN0pR2tV5wY8zB1cE4fG6hJ9k\n-----END CERTIFICATE-----\n",
    "-----BEGIN PRIVATE KEY-----\nOEr-key-abcdefgh2345\nOEr-key-abcdefgh2346\n-----END PRIVATE KEY-----\n",
    "root:$6$OEr-pw-hash-abcdefgh2345:19000 task-0123456789abcdef0123456789abcdef eyJhbGciOiJub25lIn0",
];

#[test]
fn t12_values_are_found_by_their_shape_alone() {
    let gate = Gate::new(&Harvest::default(), []);
    let mut missed = Vec::new();
    for (kind, line) in PLANTED {
        for text in [format!("{line}\n"), format!("first\n  {line}\nlast\n"), line.to_string()] {
            let hits = gate.find(text.as_bytes(), &about());
            if !hits.iter().any(|hit| hit.kind == *kind) {
                missed.push(format!("{kind:?} {text}: {hits:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    for line in NOTHING {
        let hits = gate.find(line.as_bytes(), &about());
        let shown: Vec<_> =
            hits.iter().map(|hit| (hit.kind, String::from_utf8_lossy(&line.as_bytes()[hit.range.clone()]))).collect();
        assert!(shown.is_empty(), "{line}: {shown:?}");
    }
}

#[test]
fn an_address_in_a_subnet_of_the_host_is_always_one() {
    let mut harvest = Harvest::default();
    harvest.subnets.insert(([10, 20, 31, 0], 24));
    let gate = Gate::new(&harvest, []);
    for text in ["version 10.20.31.7", "fw=10.20.31.7", "x-10.20.31.7"] {
        assert_eq!(gate.find(text.as_bytes(), &about()).len(), 1, "{text}");
    }
    assert_eq!(gate.find(b"version 10.20.32.7 110.20.31.7 10.20.31.7.1", &about()), []);
    let given = StandIns { v4: [[10, 20, 31, 7]].into(), ..StandIns::default() };
    assert_eq!(gate.find(b"version 10.20.31.7", &About { known: Known::Listed(&given), versions: false }), []);
}

#[test]
fn a_hit_is_masked_in_the_form_it_has() {
    // The redactor knows no names: what is left is the gate's.
    let (redactor, gate) = (redactor(&Harvest::default()), Gate::new(&harvest(), []));
    let pass = |bytes: &[u8]| {
        let mut scratch = Scratch::default();
        let raw = redactor.reader(bytes, b"/var/log/app").next().expect("a chunk").expect("text");
        let encoding = raw.encoding();
        let clean = redactor.clean(raw, &mut scratch).expect("it can be redacted").0;
        let about = About { known: Known::Given(scratch.given()), versions: false };
        gate.pass(clean, encoding, &about, &redactor)
    };
    let masked = |bytes: &[u8]| {
        let (clean, found) = pass(bytes).expect("it can be masked");
        assert!(!found.leaks().is_empty());
        clean.into_bytes()
    };
    let token = b"OEr-leak-";
    let holds = |bytes: &[u8], part: &[u8]| memchr::memmem::find(bytes, part).is_some();
    let plain = masked(b"one\nhost euler-db01 is up\n");
    assert!(plain.starts_with(b"one\nhost OEr-leak-") && plain.ends_with(b" is up\n"), "{}", String::from_utf8_lossy(&plain));
    let hex = masked(b"data: 0065756c65722d64623031ff\n");
    assert!(holds(&hex, b"00") && holds(&hex, b"4f45722d6c65616b2d") && hex.ends_with(b"ff\n"));
    let line = format!("x {}\n", BASE64_STANDARD.encode("see euler-db01 there"));
    let base64 = masked(line.as_bytes());
    let run = base64[2..].trim_ascii_end();
    assert!(BASE64_STANDARD.decode(run).expect("base64").starts_with(token));
    let path = masked(format!("/data/in/{}/file.log\n", BASE64_STANDARD.encode("host euler-db01 up")).as_bytes());
    assert!(path.starts_with(b"/data/in/T0VyLWxlYWst") && path.ends_with(b"/file.log\n"), "a mask takes no path with it");
    let wide: Vec<u8> = "\u{feff}log of euler-db01, 张伟\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let out = masked(&wide);
    let units: Vec<u16> = out.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    let text = String::from_utf16(&units).expect("UTF-16");
    assert!(text.contains("log of OEr-leak-") && !text.contains("euler") && !text.contains("张伟"), "{text}");
    // In binary content each byte has its place.
    let binary = [
        &[0x7f, 0, 1, 2],
        b"text of the program euler-db01 here\0".as_slice(),
        &[0, 1, 2, 3, 0, 0, 0, 5],
        b"another text of it\0",
    ]
    .concat();
    if let Some(Ok(raw)) = redactor.reader(binary.as_slice(), b"/var/lib/x").next()
        && raw.encoding() == Encoding::Strings
    {
        assert!(pass(&binary).is_err());
    }
    assert_eq!(gate.find(b"host euler-db01", &about())[0].written, Written::Plain);
}

#[test]
fn places_are_lines_over_all_chunks() {
    let (redactor, gate) = (redactor(&Harvest::default()), Gate::new(&harvest(), []));
    let text = "line\nhost euler-db01\n\nline\n".repeat(3);
    let mut all = oediag_collector::leak::Found::default();
    let mut scratch = Scratch::default();
    for raw in redactor.reader(text.as_bytes(), b"/x").with_chunk_size(7) {
        let clean = redactor.clean(raw.expect("text"), &mut scratch).expect("clean").0;
        all.append(&gate.pass(clean, Encoding::Utf8, &about(), &redactor).expect("masked").1);
    }
    let lines: Vec<_> = all.leaks().places.iter().filter_map(|place| place.line).collect();
    assert_eq!((lines, all.leaks().counts["hostname"]), (vec![2, 6, 10], 3));
}

#[test]
fn nothing_that_stays_is_a_hit() {
    let context = Harvest::from_context(include_bytes!("data/redact/context.json")).expect("a context");
    let mut by_kind: BTreeMap<Kind, u32> = BTreeMap::new();
    let corpora = [
        (include_str!("data/redact/cases.jsonl"), Some(context)),
        (include_str!("data/redact/host-2003.jsonl"), None),
        (include_str!("data/redact/host-2203.jsonl"), None),
    ];
    let mut wrong = Vec::new();
    for (data, context) in corpora {
        let cases = cases(data);
        let harvest = context.unwrap_or_else(|| {
            Harvest::of(&mut |path| cases.iter().find(|c| c.path == path).map(|c| c.text.clone().into_bytes()))
        });
        let (redactor, gate) = (redactor(&harvest), Gate::new(&harvest, []));
        for case in &cases {
            let Ok(hits) = found(&redactor, &gate, &case.path, case.text.as_bytes()) else { continue };
            for (kind, value, line) in hits {
                *by_kind.entry(kind).or_default() += 1;
                if case.negative || case.must_keep.iter().any(|keep| keep.contains(&value)) {
                    wrong.push(format!("{} {kind:?} {value}: {line}", case.id));
                } else {
                    println!("caught in {}: {kind:?} {value}", case.id);
                }
            }
        }
    }
    println!("{by_kind:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Without a redactor before it the gate finds most identities, and still nothing of what has to stay.
#[test]
fn plain_text_is_judged_as_narrowly() {
    let harvest = Harvest::from_context(include_bytes!("data/redact/context.json")).expect("a context");
    let gate = Gate::new(&harvest, []);
    let mut wrong = Vec::new();
    let mut tally: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for case in cases(include_str!("data/redact/cases.jsonl")) {
        let about = About { versions: lists_versions(case.path.as_bytes()), ..about() };
        let hits = gate.find(case.text.as_bytes(), &about);
        for secret in &case.secrets {
            let Some(at) = case.text.find(&secret.value) else { continue };
            let (found, all) = tally.entry(secret.kind.clone()).or_default();
            *all += 1;
            *found += u32::from(hits.iter().any(|hit| hit.range.start < at + secret.value.len() && hit.range.end > at));
        }
        for hit in &hits {
            let value = case.text.get(hit.range.clone()).unwrap_or_default();
            if case.negative || case.must_keep.iter().any(|keep| keep.contains(value)) {
                wrong.push(format!("{} {:?} {value}", case.id, hit.kind));
            }
        }
    }
    println!("{tally:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_fixture_hosts_have_no_hit() {
    for host in ["openeuler-20.03-sp4-x86_64", "openeuler-22.03-sp3-aarch64"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/roots").join(host);
        let harvest = Harvest::of(&mut |path| std::fs::read(root.join(path.trim_start_matches('/'))).ok());
        let (redactor, gate) = (redactor(&harvest), Gate::new(&harvest, []));
        let mut files = Vec::new();
        walk(&root, &mut files);
        let mut wrong = Vec::new();
        for file in &files {
            let path = format!("/{}", file.strip_prefix(&root).expect("below").display());
            let Ok(bytes) = std::fs::read(file) else { continue };
            if let Ok(hits) = found(&redactor, &gate, &path, &bytes) {
                wrong.extend(hits.into_iter().map(|hit| format!("{path}: {hit:?}")));
            }
        }
        assert!(files.len() > 100);
        assert!(wrong.is_empty(), "{host}: {} hits\n{}", wrong.len(), wrong.join("\n"));
    }
}

fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

/// One line of each kind that a log has: name, address, version, number, path.
fn messages(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 256);
    let mut n = 0_u64;
    while text.len() < bytes {
        let (second, pid) = (n % 60, 1000 + n % 30_000);
        let line = match n % 3 {
            0 => format!(
                "Nov 23 15:04:{second:02} OEr-host-abcdefgh2345 sshd[{pid}]: Accepted publickey for root from 10.131.7.{} port {pid} ssh2: RSA SHA256:Zk3d9Q\n",
                n % 250
            ),
            1 => format!(
                "Nov 23 15:04:{second:02} OEr-host-abcdefgh2345 systemd[1]: Started Session {n} of user root, kernel 4.19.90-2109.1.0.0108.oe1\n"
            ),
            _ => format!(
                "Nov 23 15:04:{second:02} OEr-host-abcdefgh2345 kernel: [{n}.{pid}] nvme nvme0: I/O {pid} QID 3 timeout, completion polled /dev/nvme0n1p2\n"
            ),
        };
        text.extend_from_slice(line.as_bytes());
        n += 1;
    }
    text
}

/// Figures for a person: `cargo test --release --test leak -- --ignored --nocapture`.
#[test]
#[ignore = "a figure, no judgement: it depends on the machine"]
fn speed() {
    let gate = Gate::new(&harvest(), []);
    let given = StandIns { v4: (0..=255).map(|n| [10, 131, 7, n]).collect(), ..StandIns::default() };
    let about = About { known: Known::Listed(&given), versions: false };
    for (name, text) in [
        ("messages", messages(64 << 20)),
        ("colons", vec![b':'; 64 << 20]),
        ("numbers", b"1.1.1.".repeat(10 << 20)),
        ("digits", b"1234 ".repeat(12 << 20)),
        ("labels", b"-----BEGIN PRIVATE KEY-----\n".repeat(2 << 20)),
        ("tokens", [b"eyJ".repeat(2666), b"\n".to_vec()].concat().repeat(64)),
        ("tokens with dashes", b"-eyJ".repeat(1 << 20)),
        ("beginnings", b"-glpat-sk-ant-eyJ_github_pat_$1$".repeat(1 << 18)),
        ("labels in base64", b"LS0tLS1CRUdJTi".repeat(1 << 18)),
    ] {
        let start = std::time::Instant::now();
        let hits: usize = text.chunks(1 << 20).map(|chunk| gate.find(chunk, &about).len()).sum();
        let rate = text.len() as f64 / start.elapsed().as_secs_f64() / 1e6;
        println!("{name}: {rate:.0} MB/s, {hits} hits");
    }
}
