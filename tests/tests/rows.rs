//! Every row of the catalogue yields something: collected from the recorded host of `tests/records`, or from a fixture host.
//!
//! The records are blocks, `== path` and then the content: files of the host, and under `oediag/` what a bundle keeps of commands,
//! journals, native rows and samples. What comes out has the lines that went in, but for what the redactor hides.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use oediag_collector::catalogue;
use oediag_tests::{HOSTS, Run, collect, collected_at, folder, root};

/// When the recorded host was recorded.
const NOW: &str = "2025-12-31T05:41:09+08:00";
/// Rows whose few recorded lines are all hidden or made anew: identifiers of the host.
const ALL_HIDDEN: [&str; 0] = [];

/// The recorded host, unpacked.
fn recorded() -> PathBuf {
    let host = folder("rows-host");
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("records");
    for entry in fs::read_dir(records).expect("the records are there") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("records are text");
        for block in text.split("\n== ").skip(1) {
            let (path, content) = block.split_once('\n').expect("a block begins with its path");
            let path = host.join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
            fs::write(path, content).expect("it can be written");
        }
    }
    host
}

/// What each row yielded: the host's own file and what became of it in the bundle.
fn yields(run: &Run, host: &Path) -> BTreeMap<String, Vec<(Vec<u8>, Vec<u8>)>> {
    let unpacked = run.unpack();
    let manifest = run.manifest();
    let mut yields: BTreeMap<String, Vec<(Vec<u8>, Vec<u8>)>> = BTreeMap::new();
    for item in manifest["items"].as_array().expect("items") {
        let (Some(id), Some(path)) = (item["id"].as_str(), item["path"].as_str()) else { continue };
        let collected = item["outcome"] == "collected" && item["kind"] != "record";
        if let (true, Ok(before), Ok(after)) = (collected, fs::read(host.join(path)), fs::read(unpacked.join(path))) {
            yields.entry(id.to_owned()).or_default().push((before, after));
        }
    }
    yields
}

#[test]
fn every_row_of_the_catalogue_is_replayed_from_a_host_of_the_tests() {
    let recorded = recorded();
    let mut hosts = vec![("rows".to_owned(), recorded, NOW.to_owned())];
    hosts.extend(HOSTS.map(|host| (format!("rows-{host}"), root(host), collected_at(host))));
    let (mut seen, mut changed) = (BTreeSet::new(), Vec::new());
    for (name, host, now) in hosts {
        let run = collect(&name, &host, &now, &["--preset", "deep", "--perf-seconds", "0"]);
        assert!(matches!(run.code(), 0 | 1), "{name}: {}", String::from_utf8_lossy(&run.output.stderr));
        for (id, members) in yields(&run, &host) {
            let lines = |text: &[u8]| text.split(|byte| *byte == b'\n').count();
            let words = |text: &[u8]| {
                String::from_utf8_lossy(text).split([' ', '\t', '\n', ',', ':']).map(str::to_owned).collect::<Vec<_>>()
            };
            if name == "rows" {
                let whole = members.iter().all(|(before, after)| lines(before) == lines(after));
                let kept = members
                    .iter()
                    .any(|(before, after)| words(before).iter().zip(words(after)).any(|(a, b)| !a.is_empty() && *a == b));
                if !whole || !kept && !ALL_HIDDEN.contains(&id.as_str()) {
                    changed.push((id.clone(), members));
                }
            }
            seen.insert(id);
        }
    }
    let text = |(before, after): &(Vec<u8>, Vec<u8>)| {
        (String::from_utf8_lossy(before).into_owned(), String::from_utf8_lossy(after).into_owned())
    };
    let changed: Vec<_> = changed.iter().map(|(id, members)| (id, members.iter().map(text).collect::<Vec<_>>())).collect();
    assert!(changed.is_empty(), "rows whose records came out with other lines, or with no word as it went in: {changed:#?}");
    let silent: Vec<&str> = catalogue::all().map(|row| row.id).filter(|id| !seen.contains(*id)).collect();
    assert!(silent.is_empty(), "rows that yielded nothing from any host: {silent:#?}");
}
