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

/// What a file of the host became in the bundle.
type Member = (String, String);

/// The rows that yielded something, each with what its files became. A member whose name is encoded or redacted has no file of
/// that name on the host: its row is there without it.
fn yields(run: &Run, host: &Path) -> BTreeMap<String, Vec<Member>> {
    let unpacked = run.unpack();
    let manifest = run.manifest();
    let mut yields: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for item in manifest["items"].as_array().expect("items") {
        let (Some(id), Some(path)) = (item["id"].as_str(), item["path"].as_str()) else { continue };
        if item["outcome"] != "collected" || item["kind"] == "record" {
            continue;
        }
        let members = yields.entry(id.to_owned()).or_default();
        if let (Ok(before), Ok(after)) = (fs::read_to_string(host.join(path)), fs::read_to_string(unpacked.join(path))) {
            members.push((before, after));
        }
    }
    yields
}

/// Rows whose members bear names of people or of things in them: what comes out is under another name.
const RENAMED: &[&str] = &["operations.user_histories", "storage.iscsi_nodes"];

/// Whether there is a file that can be compared, and in each all lines are there with most words as they went in: the redactor
/// hides a few.
fn is_itself(id: &str, members: &[Member]) -> bool {
    let words =
        |text: &str| text.split([' ', '\t', '\n', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let whole = |(before, after): &Member| {
        let (before_words, after_words) = (words(before), words(after));
        let kept = before_words.iter().zip(&after_words).filter(|(before, after)| before == after).count();
        before.lines().count() == after.lines().count() && !before_words.is_empty() && kept * 2 >= before_words.len()
    };
    members.iter().all(whole) && (!members.is_empty() || RENAMED.contains(&id))
}

#[test]
fn every_row_of_the_catalogue_is_replayed_from_a_host_of_the_tests() {
    let recorded = recorded();
    let mut seen = BTreeSet::new();
    // In `deep`, a row that takes a whole folder takes what is another row's in `standard`.
    for preset in ["standard", "deep"] {
        let run = collect(&format!("rows-{preset}"), &recorded, NOW, &["--preset", preset, "--perf-seconds", "0"]);
        assert!(matches!(run.code(), 0 | 1), "{}", String::from_utf8_lossy(&run.output.stderr));
        let yields = yields(&run, &recorded);
        let changed: Vec<_> = yields.iter().filter(|(id, members)| !is_itself(id, members)).collect();
        assert!(
            changed.is_empty(),
            "records that cannot be compared, or came out with other lines or few words as they went in: {changed:#?}"
        );
        seen.extend(yields.into_keys());
    }
    for host in HOSTS {
        let run =
            collect(&format!("rows-{host}"), &root(host), &collected_at(host), &["--preset", "deep", "--perf-seconds", "0"]);
        assert!(matches!(run.code(), 0 | 1), "{}", String::from_utf8_lossy(&run.output.stderr));
        seen.extend(yields(&run, &root(host)).into_keys());
    }
    let silent: Vec<&str> = catalogue::all().map(|row| row.id).filter(|id| !seen.contains(*id)).collect();
    assert!(silent.is_empty(), "rows that yielded nothing from any host: {silent:#?}");
}
