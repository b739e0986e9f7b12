//! Canaries (T12): secrets and identities of many kinds, in English and Chinese lines, that stand over every edge of what is read and
//! redacted together. None may be in the bundle in any encoding, and the counts are exact.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use oediag_tests::{Run, collect, folder, forms};
use serde_json::Value;

const NOW: &str = "2026-11-23T09:00:00Z";
/// A longer line is cut (`redaction.md` §8).
const LINE_MAX: usize = 1 << 20;
/// Words that mean nothing.
const FILLER: &str = "all is well here ";

/// A row of the table: kind, what must go, the line it is in.
struct Canary {
    kind: &'static str,
    secret: &'static str,
    line: &'static str,
}

fn canaries() -> Vec<Canary> {
    let table = include_str!("data/canaries.tsv");
    let row = |row: &'static str| {
        let mut cells = row.splitn(3, '\t');
        let mut cell = || cells.next().expect("three cells");
        Canary { kind: cell(), secret: cell(), line: cell() }
    };
    let canaries: Vec<Canary> = table.lines().skip(1).map(row).collect();
    let kinds: std::collections::BTreeSet<_> = canaries.iter().map(|canary| canary.kind).collect();
    assert!(kinds.len() >= 40, "{} kinds", kinds.len());
    let chinese = canaries.iter().filter(|canary| !canary.line.is_ascii()).count();
    assert!(chinese >= 10, "{chinese} in Chinese");
    canaries
}

/// Collects these logs of a host that knows its name.
fn examined(name: &str, logs: &[(&str, Vec<u8>)]) -> Run {
    let root = folder(&format!("{name}-host"));
    for (path, text) in
        [("etc/hostname", "bjdc-pay-db07.pay.shop.internal\n"), ("etc/os-release", "ID=openEuler\nVERSION=\"22.03 (LTS-SP3)\"\n")]
    {
        fs::create_dir_all(root.join(path).parent().expect("it has a folder")).expect("the folder can be made");
        fs::write(root.join(path), text).expect("the file can be written");
    }
    fs::create_dir_all(root.join("var/log")).expect("the folder can be made");
    for (log, text) in logs {
        fs::write(root.join("var/log").join(log), text).expect("the log can be written");
    }
    let run = collect(name, &root, NOW, &["--source", "logs.messages"]);
    assert_eq!(run.code(), 0, "{}", String::from_utf8_lossy(&run.output.stderr));
    run
}

/// No secret is anywhere in the bundle.
fn none_is_left(run: &Run, canaries: &[Canary]) {
    let texts = forms::texts(&run.unpack());
    for canary in canaries {
        for form in forms::of(canary.secret, true) {
            let left: Vec<_> = texts.iter().filter(|text| text.find(&form).is_some()).map(|text| &text.path).collect();
            assert!(left.is_empty(), "{} {:?} as {}: {left:?}", canary.kind, canary.secret, form.name);
        }
    }
}

/// How often each kind was replaced in a member.
fn counts(run: &Run, log: &str) -> BTreeMap<String, u64> {
    let manifest = run.manifest();
    let items = manifest["items"].as_array().expect("items");
    let src = Value::from(format!("/var/log/{log}"));
    let item = items.iter().find(|item| item["src"] == src).unwrap_or_else(|| panic!("{log} has a row"));
    serde_json::from_value(item["redactions"].clone()).expect("counts")
}

fn expected(canaries: &[Canary], times: u64) -> BTreeMap<String, u64> {
    let mut expected = BTreeMap::new();
    for canary in canaries {
        *expected.entry(canary.kind.to_owned()).or_default() += times;
    }
    expected
}

fn pack(program: &str, text: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the tool starts");
    let (mut input, text) = (child.stdin.take().expect("a pipe"), text.to_vec());
    let writer = std::thread::spawn(move || input.write_all(&text).expect("it reads"));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it wrote");
    output.stdout
}

#[test]
fn t12_canaries_over_the_edges_of_windows_and_chunks_are_gone_and_counted() {
    let canaries = canaries();
    // So many that chunks and windows end in the middle of lines of every kind.
    let times = 400;
    // Each line is another: what packs too well is taken for a bomb.
    let line = |(number, canary): (usize, &Canary)| {
        format!("Nov 23 08:{:02}:{:02} app[{number}]: {}\n", number / 60 % 60, number % 60, canary.line)
    };
    let text: String = (0..times).flat_map(|_| &canaries).enumerate().map(line).collect();
    assert!(text.len() > 3 << 19, "only {} bytes", text.len());
    let wide = |bytes: fn(u16) -> [u8; 2]| "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect();
    let packed = |program| pack(program, text.as_bytes());
    let logs: [(&str, Vec<u8>); 8] = [
        ("messages", text.clone().into_bytes()),
        ("messages-le", wide(u16::to_le_bytes)),
        ("messages-be", wide(u16::to_be_bytes)),
        ("messages-gb", encoding_rs::GB18030.encode(&text).0.into_owned()),
        ("messages-1.gz", packed("gzip")),
        ("messages-2.xz", packed("xz")),
        ("messages-3.zst", packed("zstd")),
        ("messages-4.bz2", packed("bzip2")),
    ];
    let run = examined("canaries", &logs);
    for (log, _) in &logs {
        assert_eq!(counts(&run, log), expected(&canaries, times as u64), "{log}");
    }
    none_is_left(&run, &canaries);
}

#[test]
fn t12_canaries_over_the_cuts_of_endless_lines_are_gone_and_counted() {
    let canaries = canaries();
    let edge = |canary: &Canary, before: usize| {
        let room = LINE_MAX - before;
        let filler = FILLER.repeat(room / FILLER.len() + 1);
        // The filler ends in a blank, as do lines of logs before what programs say.
        format!("{} {} {}\n", &filler[..room - 1], canary.line, FILLER.repeat(3))
    };
    let at = |canary: &Canary| canary.line.find(canary.secret).expect("the secret is in the line");
    // Before the secret, in the middle of it, behind it.
    let logs = [
        ("messages", canaries.iter().map(|canary| edge(canary, at(canary))).collect::<String>().into_bytes()),
        (
            "messages-1",
            canaries.iter().map(|canary| edge(canary, at(canary) + canary.secret.len() * 2 / 3)).collect::<String>().into_bytes(),
        ),
        (
            "messages-2",
            canaries.iter().map(|canary| edge(canary, at(canary) + canary.secret.len() + 1)).collect::<String>().into_bytes(),
        ),
    ];
    let run = examined("canaries-endless", &logs);
    for (log, _) in &logs {
        assert_eq!(counts(&run, log), expected(&canaries, 1), "{log}");
    }
    none_is_left(&run, &canaries);
}
