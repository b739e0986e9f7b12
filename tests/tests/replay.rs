//! A bundle unpacked is a host again: collecting from it gives the same files, commands and journals, byte for byte but for
//! the pseudonyms, which are made anew.

#![expect(clippy::print_stdout, reason = "the figures are what a person runs these tests for")]

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Command,
};

use oediag_tests::{HOSTS, bundles, collect, collected_at, folder, root, run};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";

/// Row, member path and content, addresses masked, of all that was collected. A row's
/// record of its arguments and our own records are about the run, not about the host.
fn artifacts(state: &Path, bundle: &Path, work: &Path) -> BTreeMap<(String, String), Vec<u8>> {
    if work.exists() {
        fs::remove_dir_all(work).expect("an old folder can be removed");
    }
    fs::create_dir_all(work).expect("the folder can be made");
    let tar = Command::new("tar").arg("-xzf").arg(bundle).arg("-C").arg(work).arg("--strip-components=1").status();
    assert!(tar.expect("tar runs").success());
    let listed = run(state, &["ls", bundle.to_str().expect(UTF8), "--json"]);
    let items: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let items = items.as_array().expect("a list");
    let taken = items.iter().filter(|item| item["outcome"] == "collected" && item["id"] != "oediag");
    let artifact = |item: &Value| {
        let (id, path) = (item["id"].as_str()?, item["path"].as_str()?);
        let mut content = fs::read(work.join(path)).expect("a member that is named is there");
        if Path::new(path).extension().is_some_and(|end| end == "gz") {
            let mut text = Vec::new();
            flate2::read::MultiGzDecoder::new(content.as_slice()).read_to_end(&mut text).expect("it inflates");
            content = text;
        }
        Some(((id.to_owned(), masked(path.as_bytes())), masked(&content).into_bytes()))
    };
    taken.filter_map(artifact).collect()
}

/// Text with addresses and MACs masked, whoever made them, and the blanks that fill a column after them: they are mapped anew
/// each time. Other stand-ins stay.
fn masked(text: &[u8]) -> String {
    static RULES: std::sync::OnceLock<Vec<(regex_automata::meta::Regex, &'static str)>> = std::sync::OnceLock::new();
    let rules = RULES.get_or_init(|| {
        [
            (r"(?i)\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b *", "MAC "),
            (r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b *", "IP4 "),
            (r"(?i)\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}\b *", "IP6 "),
            // /proc/net/if_inet6 and the like: addresses in hexadecimal without colons.
            (r"\b[0-9a-f]{32}\b", "IP6"),
            (r"\b[0-9A-F]{8}\b", "IP4"),
        ]
        .into_iter()
        .map(|(rule, mask)| (regex_automata::meta::Regex::new(rule).expect("a rule"), mask))
        .collect()
    });
    let mut text = String::from_utf8_lossy(text).into_owned();
    for (rule, mask) in rules {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for found in rule.find_iter(&text) {
            out.push_str(&text[at..found.start()]);
            out.push_str(mask);
            at = found.end();
        }
        out.push_str(&text[at..]);
        text = out;
    }
    text
}

/// Compares a bundle with the one made from it; gives how many artifacts are the same.
fn same(name: &str, first: (&Path, &Path), second: (&Path, &Path), work: &Path) -> usize {
    let one = artifacts(first.0, first.1, &work.join("first"));
    let two = artifacts(second.0, second.1, &work.join("second"));
    let lost: Vec<_> = one.keys().filter(|key| !two.contains_key(*key)).collect();
    let new: Vec<_> = two.keys().filter(|key| !one.contains_key(*key)).collect();
    let differ: Vec<String> = one
        .iter()
        .filter_map(|(key, content)| {
            let other = two.get(key)?;
            (other != content).then(|| format!("{key:?}: {}", difference(content, other)))
        })
        .collect();
    for line in
        lost.iter().map(|key| format!("lost {key:?}")).chain(new.iter().map(|key| format!("new {key:?}"))).chain(differ.clone())
    {
        println!("{line}");
    }
    println!("{name}: {} artifacts, {} lost, {} new, {} differ", one.len(), lost.len(), new.len(), differ.len());
    assert!(lost.is_empty() && new.is_empty() && differ.is_empty(), "{name}");
    one.len()
}

/// The first line that differs.
fn difference(one: &[u8], other: &[u8]) -> String {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let mut pairs = one.lines().zip(other.lines());
    pairs.find(|(a, b)| a != b).map_or("length".to_owned(), |(a, b)| format!("{a:?} became {b:?}"))
}

#[test]
fn a_fixture_s_bundle_unpacked_gives_the_same_again() {
    for host in HOSTS {
        let first = collect(&format!("again-first-{host}"), &root(host), &collected_at(host), &["--preset", "deep"]);
        let again = collect(&format!("again-{host}"), &first.unpack(), &collected_at(host), &["--preset", "deep"]);
        assert!(matches!(again.code(), 0 | 1), "{}", String::from_utf8_lossy(&again.output.stderr));
        let work = folder(&format!("again-work-{host}"));
        let count = same(host, (&first.state, &first.bundle()), (&again.state, &again.bundle()), &work);
        assert!(count > 150, "{count}");
    }
}

#[test]
fn a_live_bundle_unpacked_gives_the_same_again() {
    let work = folder("again-live");
    let (state, out, unpacked) = (work.join("state"), work.join("out"), work.join("unpacked"));
    for folder in [&out, &unpacked] {
        fs::create_dir(folder).expect("the folder can be made");
    }
    let output = run(&state, &["collect", "--perf-seconds", "2", "-o", out.to_str().expect(UTF8)]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let bundle: PathBuf = bundles(&out)[0].clone();
    let tar = Command::new("tar").arg("-xzf").arg(&bundle).arg("-C").arg(&unpacked).arg("--strip-components=1").status();
    assert!(tar.expect("tar runs").success());
    let manifest: Value =
        serde_json::from_slice(&fs::read(unpacked.join("oediag/manifest.json")).expect("it is there")).expect("JSON");
    let now = manifest["ended"].as_str().expect("a time").to_owned();
    let again = collect("again-live-second", &unpacked, &now, &[]);
    assert!(matches!(again.code(), 0 | 1), "{}", String::from_utf8_lossy(&again.output.stderr));
    let count = same("this machine", (&state, &bundle), (&again.state, &again.bundle()), &work.join("work"));
    assert!(count > 100, "{count}");
}
