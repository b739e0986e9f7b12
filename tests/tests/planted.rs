//! No value planted on the fixture hosts is anywhere in their bundles, in any encoding, and what must stay is there: for the presets
//! that take most, and for rows of the customer's own that name every file something is planted in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use oediag_tests::{
    HOSTS, Run, collected_at, folder,
    forms::{self, Text},
    root, rows, run,
};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";
/// Always the same one, so that no stand-in of one run is by chance an address that was planted.
const KEY: [u8; 32] = [7; 32];
/// Why a file that the customer's own rows name may have stayed on the host.
const STAYED: [&str; 2] = ["never_collected", "binary"];

/// A value that must be gone.
struct Planted {
    value: String,
    kinds: BTreeSet<String>,
    paths: BTreeSet<String>,
}

/// The planted values, each once.
fn planted(host: &str) -> Vec<Planted> {
    let mut values: BTreeMap<String, Planted> = BTreeMap::new();
    for row in rows(host, "planted.tsv") {
        let [path, _, kind, value, ..] = row.as_slice() else { panic!("{row:?} has too few cells") };
        let new = || Planted { value: value.clone(), kinds: BTreeSet::new(), paths: BTreeSet::new() };
        let planted = values.entry(value.clone()).or_insert_with(new);
        planted.kinds.insert(kind.clone());
        planted.paths.insert(path.clone());
    }
    values.into_values().collect()
}

impl Planted {
    /// Whether the host has the same word in files where it is no secret: `billing` is an account, and also a folder.
    fn is_common(&self, host: &Path, files: &[Text]) -> bool {
        let plain = &forms::of(&self.value, false)[0];
        let letter = |at: Option<usize>, text: &Text| at.and_then(|at| text.bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let word = |text: &Text| {
            let found = memchr::memmem::find_iter(&text.bytes, &plain.bytes);
            found.into_iter().any(|at| !letter(at.checked_sub(1), text) && !letter(Some(at + plain.bytes.len()), text))
        };
        let other = |text: &Text| !self.paths.contains(&text.path) && host.join(&text.path).is_file();
        files.iter().any(|text| other(text) && word(text))
    }

    /// Names of accounts tell large letters from small ones, as do our own words: `Administrator`.
    fn any_case(&self) -> bool {
        !self.kinds.contains("username")
    }
}

/// A run with a key that is known, and rows of the customer's own.
fn collect(name: &str, host: &str, own: &str, more: &[&str]) -> Run {
    let folder = folder(name);
    let (out, state) = (folder.join("out"), folder.join("state"));
    fs::create_dir_all(state.join("etc/sources.d")).expect("the folders can be made");
    fs::create_dir(&out).expect("the folder can be made");
    fs::write(state.join("redact.key"), KEY).expect("the key can be written");
    fs::write(state.join("etc/sources.d/site.toml"), own).expect("the rows can be written");
    for (path, mode) in
        [("", 0o700), ("etc", 0o700), ("etc/sources.d", 0o700), ("etc/sources.d/site.toml", 0o600), ("redact.key", 0o600)]
    {
        fs::set_permissions(state.join(path), fs::Permissions::from_mode(mode)).expect("the mode can be set");
    }
    let (root, now) = (root(host), collected_at(host));
    let mut arguments = vec!["collect", "--root", root.to_str().expect(UTF8), "--now", &now, "--correlate", "host"];
    arguments.extend(["-o", out.to_str().expect(UTF8)]);
    arguments.extend(more);
    let output = run(&state, &arguments);
    Run { output, out, state }
}

/// A row of the customer's own for each file.
fn own_rows(files: &BTreeSet<String>) -> String {
    let row = |(number, file): (usize, &String)| {
        let file = Value::from(format!("/{file}"));
        format!(
            "[[source]]\nid = \"site.f{number}\"\ntopic = \"logs\"\nen = \"a file\"\nzh = \"文件\"\nprivacy = \"credentials\"\nfile = {file}\n"
        )
    };
    files.iter().enumerate().map(row).collect()
}

/// Nothing planted is left in the bundle, and its gate had nothing to do.
fn nothing_is_left(host: &str, run: &Run, texts: &[Text]) {
    assert!(matches!(run.code(), 0 | 1), "exit {}: {}", run.code(), String::from_utf8_lossy(&run.output.stderr));
    let manifest = run.manifest();
    let items = manifest["items"].as_array().expect("items");
    let held: Vec<_> = items.iter().filter(|item| item["reason"] == "leak" || !item["leaks"].is_null()).collect();
    assert!(held.is_empty() && manifest["redaction"]["leaks"].is_null(), "{host}: the gate found {held:#?}");
    let files = forms::texts(&root(host));
    let mut left = Vec::new();
    for planted in planted(host) {
        let common = planted.is_common(&root(host), &files);
        // A public key gives nothing away; a source of ours takes none.
        let public = planted.kinds.contains("ssh_pubkey");
        for form in forms::of(&planted.value, planted.any_case()) {
            let here = |text: &&Text| {
                let key = Path::new(&text.path).extension().is_some_and(|end| end == "pub");
                if public { !common && !key } else { !common || planted.paths.contains(&text.path) }
            };
            for text in texts.iter().filter(here) {
                if let Some(at) = text.find(&form) {
                    let around = &text.bytes[at.saturating_sub(60)..(at + 80).min(text.bytes.len())];
                    let around = String::from_utf8_lossy(around).into_owned();
                    left.push(format!("{:?} {:?} as {} in {}: {around}", planted.kinds, planted.value, form.name, text.path));
                }
            }
        }
    }
    assert!(left.is_empty(), "{host}: {} left\n{}", left.len(), left.join("\n"));
}

/// What must stay is in each file that was taken; gives how many rows were looked at.
fn what_must_stay_is_there(host: &str, texts: &[Text]) -> usize {
    let mut seen = 0;
    for row in rows(host, "keep.tsv") {
        let members: Vec<&Text> = texts.iter().filter(|text| text.path == row[0]).collect();
        let kept = members.iter().any(|text| memchr::memmem::find(&text.bytes, row[1].as_bytes()).is_some());
        assert!(members.is_empty() || kept, "{host} {}: {} was not kept", row[0], row[1]);
        seen += usize::from(kept);
    }
    seen
}

#[test]
fn planted_values_are_gone_and_kept_texts_stay() {
    for (host, preset) in HOSTS.into_iter().flat_map(|host| [(host, "standard"), (host, "deep")]) {
        let run = collect(&format!("planted-{preset}-{host}"), host, "source = []\n", &["--preset", preset]);
        let texts = forms::texts(&run.unpack());
        nothing_is_left(host, &run, &texts);
        assert!(what_must_stay_is_there(host, &texts) >= 7, "{host} {preset}");
    }
}

#[test]
fn every_file_with_something_planted_can_be_asked_for() {
    for host in HOSTS {
        let named = |table| rows(host, table).into_iter().map(|row| row[0].clone());
        let files: BTreeSet<String> = named("planted.tsv").chain(named("keep.tsv")).collect();
        let ids: Vec<String> = (0..files.len()).map(|number| format!("site.f{number}")).collect();
        let run = collect(&format!("planted-own-{host}"), host, &own_rows(&files), &["--source", &ids.join(",")]);
        let texts = forms::texts(&run.unpack());
        nothing_is_left(host, &run, &texts);
        assert_eq!(what_must_stay_is_there(host, &texts), rows(host, "keep.tsv").len(), "{host}");
        let manifest = run.manifest();
        let items = manifest["items"].as_array().expect("items");
        for (id, file) in ids.iter().zip(&files) {
            let item = items.iter().find(|item| item["id"] == id.as_str()).expect("it has a row");
            let stayed = item["reason"].as_str().is_some_and(|reason| STAYED.contains(&reason));
            assert!(stayed || item["outcome"] == "collected", "{host} {file}: {item:#}");
        }
    }
}
