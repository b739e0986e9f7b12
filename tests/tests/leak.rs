//! The leak gate in whole runs: it finds nothing on the fixture hosts and leaves nothing out, masks and names what a redactor missed
//! (T12), and looks again before `verify --redaction` says that a bundle is clean and before anything is sent.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use oediag_collector::{
    bundle::{self, Destination, Rules, deflate},
    catalogue,
    cost::{self, Costs},
    gather::{self, Finished, Job},
    host::{Cancel, Host},
    leak::Gate,
    plan::{Plan, Request},
    redact::{Harvest, Key, Level, Redactor},
    start,
    state::{Home, State},
};
use oediag_protocol::{
    bundle::manifest::{Estimate, Limits, Manifest, Outcome, Reason, Window},
    digest::Sha256,
};
use oediag_tests::{HOSTS, Run, bundles, center::Center, collect, collect_fixture, folder, run};
use serde_json::Value;

const UTF8: &str = "test paths are UTF-8";
const NOW: &str = "2026-11-23T09:00:00Z";
/// A name that no rule knows by its place in these texts.
const NAME: &str = "zhengzhouledger";
/// A credential that its issuer's beginning gives away.
const TOKEN: &str = "ghp_Q7xkW2mZ9vTb4RnYc8LdJf3HsUa6PeGo1iXt";
/// How the host's logs are packed, and by which program.
const PACKED: [(&str, &str); 4] = [("gz", "gzip"), ("xz", "xz"), ("zst", "zstd"), ("bz2", "bzip2")];

#[test]
fn t12_the_fixture_hosts_pass_the_gate() {
    for host in HOSTS {
        let run_of = collect_fixture(&format!("leak-{host}"), host);
        let manifest = run_of.manifest();
        assert_eq!(manifest["redaction"]["leaks"], Value::Null, "{host}");
        let items = manifest["items"].as_array().expect("items");
        let held: Vec<_> = items.iter().filter(|item| item["reason"] == "leak" || !item["leaks"].is_null()).collect();
        assert!(held.is_empty(), "{host}: {held:#?}");
        let bundle = run_of.bundle();
        let checked = run(&run_of.state, &["verify", "--redaction", "--json", bundle.to_str().expect(UTF8)]);
        let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
        assert_eq!(
            (checked.status.code(), &found["ok"], &found["map"]),
            (Some(0), &Value::Bool(true), &Value::Bool(true)),
            "{host}: {found:#}"
        );
    }
}

/// A host with these logs.
fn host(work: &Path, logs: &[(&str, &[u8])]) -> PathBuf {
    let root = work.join("root");
    fs::create_dir_all(root.join("var/log")).expect("the root can be made");
    fs::create_dir_all(root.join("etc")).expect("the root can be made");
    fs::write(root.join("etc/os-release"), "ID=openEuler\n").expect("the file can be written");
    for (name, text) in logs {
        fs::write(root.join("var/log").join(name), text).expect("the log can be written");
    }
    root
}

/// Collects the logs of a host with a redactor that knows no name, and a gate that knows one.
fn missed(name: &str, logs: &[(&str, &[u8])]) -> Finished {
    let work = folder(name);
    let state = State::open(Some(&work.join("state")), &Home::User(None)).expect("a state");
    let identity = state.identity().expect("an identity");
    let host = Host::at(&host(&work, logs), None).expect("a host");
    let request = Request {
        presets: Vec::new(),
        topics: Vec::new(),
        sources: vec!["logs.messages".to_owned()],
        skip: Vec::new(),
        window: Window::default(),
        limits: Limits { bytes: 1 << 30, item_bytes: 64 << 20, seconds: 600 },
        perf_seconds: 0,
    };
    let rows: Vec<_> = catalogue::all().collect();
    let plan = Plan::new(&request, &rows, &host).expect("a plan");
    let id = start::bundle_id(&[7; 32], None);
    let redactor = Redactor::new(&Harvest::default(), &Key::for_bundle(&[7; 32], &id.0), Level::Standard).expect("it starts");
    let redactor = redactor.with_map();
    let mut known = Harvest::default();
    known.learn_fqdn(NAME);
    // 203.0.113.0/24, in the byte order of the host.
    known.learn_routes(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nens1\t007100CB\t00000000\t0001\t0\t0\t100\t00FFFFFF\n",
    );
    let gate = Gate::new(&known, []);
    let estimate = Estimate { ms: 0, packed: 0, topics: Vec::new() };
    let started = host.now().into();
    let start =
        start::start(&host, &identity, &request, &redactor, id, started, start::About::default(), Sha256([0; 32]), estimate);
    let tasks = plan.tasks.iter().map(|task| task.source.id.to_owned()).collect();
    let level = deflate::Level::Fast;
    let opened = bundle::begin(&Destination::Folder(work.clone()), start, Rules::of(&redactor), tasks, &identity, level)
        .expect("a bundle is begun");
    let costs = cost::of_tasks(&plan, &Costs::default());
    let abandon = || panic!("a read hangs");
    let job = Job {
        plan,
        host: &host,
        identity: &identity,
        redactor: &redactor,
        gate: &gate,
        opened,
        costs: &costs,
        level,
        fixed: None,
        abandon,
        map: None,
        ledger: None,
    };
    gather::collect(job, &|_| (), &Cancel::new(None)).expect("a bundle")
}

/// All bytes of a bundle, unpacked.
fn plain(bundle: &Path) -> Vec<u8> {
    let mut plain = Vec::new();
    let file = fs::File::open(bundle).expect("the bundle is there");
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut plain).expect("it unpacks");
    plain
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

#[test]
fn t12_what_the_redactor_misses_is_masked_counted_and_named() {
    let line = "Nov 23 08:59:02 app[78]: all is well\n";
    // The second so long that the pool's threads do it, chunk by chunk.
    let (first, long) = (format!("{line}Nov 23 08:59:03 app[78]: we asked {NAME} twice\n"), line.repeat(90_000));
    let second = format!("{long}Nov 23 08:59:03 app[78]: and {} again\n{line}", NAME.to_uppercase());
    let made = missed("leak-missed", &[("messages", first.as_bytes()), ("messages-1", second.as_bytes())]);
    let (manifest, bytes) = (&made.manifest, plain(&made.path));
    assert!(!holds(&bytes, NAME) && holds(&bytes, "we asked OEr-leak-"), "masked in its place");
    assert_eq!(manifest.redaction.leaks.values().sum::<u64>(), 2, "{:?}", manifest.redaction.leaks);
    for (path, line) in [("var/log/messages", 2), ("var/log/messages-1", 90_001)] {
        let item = manifest.items.iter().find(|item| item.path.as_deref() == Some(path)).expect("it is there");
        let places: Vec<_> = item.leaks.places.iter().map(|place| (place.line, place.kind.as_str())).collect();
        assert_eq!((item.outcome, places), (Outcome::Collected, vec![(Some(line), "hostname")]), "{path}");
    }
}

#[test]
fn t12_where_each_byte_has_its_place_a_leak_leaves_the_item_out() {
    let mut records = Vec::new();
    for number in 0..400_u16 {
        records.extend([&number.to_le_bytes()[..], &[0; 6], b"a record of the application", &[0; 5]].concat());
    }
    let middle = records.len() / 40 / 2 * 40 + 8;
    records[middle..middle + NAME.len()].copy_from_slice(NAME.as_bytes());
    let made = missed("leak-binary", &[("messages", b"Nov 23 08:59:02 app[78]: ok\n"), ("messages.db", &records)]);
    let item = made.manifest.items.iter().find(|item| item.src.as_deref() == Some("/var/log/messages.db")).expect("it is named");
    assert_eq!((item.outcome, item.reason, &item.path), (Outcome::Failed, Some(Reason::Leak), &None), "{item:?}");
    assert_eq!(item.leaks.counts.values().sum::<u64>(), 1, "{:?}", item.leaks);
    let bytes = plain(&made.path);
    assert!(!holds(&bytes, NAME) && holds(&bytes, "app[78]: ok"), "the other log is there");
}

#[test]
fn t12_an_address_in_a_name_is_masked_before_the_member_has_it() {
    // No address by its neighbours alone; only who knows the subnet can tell.
    let made = missed("leak-address", &[("messages-203.0.113.9.log", b"Nov 23 08:59:02 app[78]: ok\n")]);
    let item = made.manifest.items.iter().find(|item| item.bytes == 28).expect("it was taken");
    assert_eq!(item.leaks.counts.keys().map(String::as_str).collect::<Vec<_>>(), ["ipv4"], "{item:#?}");
    assert!(item.path.as_deref().is_some_and(|path| path.contains("OEr-leak-")), "{item:#?}");
    assert!(item.src.as_deref().is_some_and(|src| src.contains("OEr-leak-")), "{item:#?}");
    assert!(!holds(&plain(&made.path), "203.0.113.9"));
}

/// Packs a text with the stock tool.
fn pack(program: &str, text: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the tool starts");
    child.stdin.take().expect("a pipe").write_all(text).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{program}");
    output.stdout
}

/// The bundle of a run with other contents of these members, signed by the same host: what a redactor that failed would have made.
fn planted(made: &Run, contents: &[(String, Vec<u8>)]) -> PathBuf {
    let mut manifest: Manifest = serde_json::from_value(made.manifest()).expect("a manifest");
    let file = rewritten(made, contents, &mut manifest);
    resigned(made, &file, &manifest)
}

/// The archive of a run with other contents of these members; the manifest learns of them, the one in the archive does not.
fn rewritten(made: &Run, contents: &[(String, Vec<u8>)], manifest: &mut Manifest) -> PathBuf {
    let mut bytes = Vec::new();
    let old = plain(&made.bundle());
    let mut archive = tar::Archive::new(old.as_slice());
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").to_str().expect(UTF8).to_owned();
        let path = path.split_once('/').expect("it is in the top folder").1;
        let (mut header, mut content) = (entry.header().clone(), Vec::new());
        entry.read_to_end(&mut content).expect("it can be read");
        if let Some((_, other)) = contents.iter().find(|(name, _)| name == path) {
            content.clone_from(other);
            header.set_size(content.len() as u64);
            header.set_cksum();
            let item = manifest.items.iter_mut().find(|item| item.path.as_deref() == Some(path)).expect("it has a row");
            (item.bytes, item.sha256) = (content.len() as u64, Some(Sha256::of(&content)));
        }
        content.resize(content.len().next_multiple_of(512), 0);
        bytes.extend(gzip(&[header.as_bytes(), content.as_slice()].concat()));
    }
    bytes.extend(gzip(&[0; 1024]));
    let work = made.out.with_file_name("planted");
    fs::create_dir_all(&work).expect("the folder can be made");
    let file = work.join("old");
    fs::write(&file, bytes).expect("it can be written");
    file
}

/// The bundle that a host makes of an archive by this manifest.
fn resigned(made: &Run, file: &Path, manifest: &Manifest) -> PathBuf {
    let state = State::open(Some(&made.state), &Home::User(None)).expect("a state");
    let identity = state.identity().expect("an identity");
    let source = fs::File::open(file).expect("it is there");
    let work = file.parent().expect("it lies in a folder").to_owned();
    let made = bundle::without(&source, manifest, |_| false, &Destination::Folder(work), &identity);
    made.expect("a bundle of the same host").path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn what_is_left_in_a_bundle_is_found_in_every_compression_and_never_sent() {
    let work = folder("leak-planted-host");
    let line = "Nov 23 08:59:02 app[78]: all is well\n";
    let names: Vec<_> = PACKED.iter().map(|(end, program)| (format!("messages-1.{end}"), *program)).collect();
    let logs: Vec<(&str, Vec<u8>)> =
        names.iter().map(|(name, program)| (name.as_str(), pack(program, line.as_bytes()))).collect();
    let logs: Vec<(&str, &[u8])> =
        logs.iter().map(|(name, text)| (*name, text.as_slice())).chain([("messages", line.as_bytes())]).collect();
    let made = collect("leak-planted", &host(&work, &logs), NOW, &["--source", "logs.messages"]);
    assert_eq!(made.code(), 0, "{}", String::from_utf8_lossy(&made.output.stderr));
    let leaking = format!("{line}{line}Nov 23 08:59:03 app[78]: pushed with {TOKEN} to the mirror\n").into_bytes();
    let mut contents: Vec<(String, Vec<u8>)> =
        names.iter().map(|(name, program)| (format!("var/log/{name}"), pack(program, &leaking))).collect();
    contents.push(("var/log/messages".to_owned(), leaking));
    let leaking = planted(&made, &contents);
    let path = leaking.to_str().expect(UTF8);
    // Its signature is in order: only the look into it finds out.
    let signers = made.allowed_signers();
    let verified = run(&made.state, &["verify", path, "--allowed-signers", signers.to_str().expect(UTF8)]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
    let checked = run(&made.state, &["verify", "--redaction", "--json", path]);
    let found: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let mut places: Vec<_> = found["places"]
        .as_array()
        .expect("places")
        .iter()
        .map(|place| (place["path"].as_str(), place["line"].as_u64()))
        .collect();
    places.sort_unstable();
    let mut wanted: Vec<_> = contents.iter().map(|(path, _)| (Some(path.as_str()), Some(3))).collect();
    wanted.sort_unstable();
    assert_eq!((checked.status.code(), &found["ok"], places), (Some(4), &Value::Bool(false), wanted), "{found:#}");
    for (lang, said) in [("en", "line 3"), ("zh", "第 3 行")] {
        let shown = run(&made.state, &["verify", "--redaction", "--lang", lang, path]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains("var/log/messages-1.xz") && shown.contains(said) && !shown.contains(TOKEN), "{shown}");
    }
    refused_by_upload(&work, &made, &leaking);
}

/// Nothing of it leaves the host, whatever is agreed to; the bundle that was in order does.
fn refused_by_upload(work: &Path, made: &Run, leaking: &Path) {
    let center = Center::start(work);
    assert!(center.enrol(&made.state).status.success());
    let short = |bundle: &Path| {
        let name = bundle.file_name().and_then(|name| name.to_str()).expect(UTF8);
        name.rsplit('-').next().and_then(|end| end.get(..8)).expect("a name ends in the id").to_owned()
    };
    let before = center.log();
    for more in [&["--consent", &short(leaking)][..], &["--preview"]] {
        let output = run(&made.state, &[&["upload", leaking.to_str().expect(UTF8)], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{said}");
        assert!(said.contains("5 places") && said.contains("verify --redaction") && !said.contains(TOKEN), "{said}");
    }
    assert_eq!(center.log(), before, "the center heard nothing");
    for folder in ["consents", "outbox"] {
        // The lock is empty.
        let files = fs::read_dir(made.state.join(folder)).into_iter().flatten().map(|file| file.expect("a file"));
        let bytes: u64 = files.map(|file| file.metadata().expect("it is there").len()).sum();
        assert_eq!(bytes, 0, "nothing in {folder}");
    }
    let clean = bundles(&made.out).remove(0);
    let sent = run(&made.state, &["upload", clean.to_str().expect(UTF8), "--consent", &short(&clean)]);
    assert_eq!(sent.status.code(), Some(0), "{}", String::from_utf8_lossy(&sent.stderr));
}

/// What `verify --redaction --json` says.
fn checked(made: &Run, bundle: &Path) -> (Option<i32>, Value) {
    let output = run(&made.state, &["verify", "--redaction", "--json", bundle.to_str().expect(UTF8)]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}")))
}

#[test]
fn what_cannot_be_judged_is_named_and_not_sent() {
    let work = folder("leak-doubts-host");
    let line = b"Nov 23 08:59:02 app[78]: all is well\n";
    let packed = pack("gzip", line);
    let made = collect(
        "leak-doubts",
        &host(&work, &[("messages", line), ("messages-1.gz", &packed)]),
        NOW,
        &["--source", "logs.messages"],
    );
    assert_eq!(made.code(), 0, "{}", String::from_utf8_lossy(&made.output.stderr));
    let leak = format!("pushed with {TOKEN} to the mirror\n");
    let wide: Vec<u8> = leak.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let member = |name: &str| format!("var/log/{name}");
    let packed_member = member("messages-1.gz");
    let cases = [
        (member("messages"), [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], leak.as_bytes()].concat(), Some("broken")),
        (packed_member.clone(), packed[..packed.len() - 9].to_vec(), Some("broken")),
        (packed_member.clone(), [&packed[..], leak.as_bytes()].concat(), Some("broken")),
        (packed_member, pack("gzip", &pack("xz", leak.as_bytes())), Some("nested")),
        // Text of either order behind plain text, and behind the mark of the other order.
        (member("messages"), [line, wide.as_slice()].concat(), None),
        (member("messages"), [&[0xff, 0xfe][..], wide.as_slice()].concat(), None),
        (
            member("messages"),
            [&line[..9], leak.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice()].concat(),
            None,
        ),
    ];
    for (path, content, why) in &cases {
        let mut manifest: Manifest = serde_json::from_value(made.manifest()).expect("a manifest");
        // As an archive whose manifest knows nothing of it: there is always a doubt, and no bundle of ours is like that.
        let file = rewritten(&made, &[(path.clone(), content.clone())], &mut manifest);
        let (code, found) = checked(&made, &file);
        let doubts: Vec<_> = found["doubts"].as_array().expect("doubts").iter().map(|one| one["why"].as_str()).collect();
        assert!(code == Some(4) && doubts.contains(&Some("changed")), "{path}: {found:#}");
        assert_eq!(*why, doubts.iter().flatten().copied().find(|why| *why != "changed"), "{path}: {found:#}");
        if why.is_none() {
            assert_eq!(found["counts"]["provider_token"], 1, "{path}: {found:#}");
        }
    }
    // Signed by the host all the same: nothing of it leaves.
    let bundle = planted(&made, &[cases[2].clone()].map(|(path, content, _)| (path, content)));
    let center = Center::start(&work);
    assert!(center.enrol(&made.state).status.success());
    let output = run(&made.state, &["upload", bundle.to_str().expect(UTF8), "--preview"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(3) && said.contains("1 of its members cannot be judged"), "{said}");
    for (lang, sentence) in [("en", "does not unpack to its end"), ("zh", "无法完整解压")] {
        let shown = run(&made.state, &["verify", "--redaction", "--lang", lang, bundle.to_str().expect(UTF8)]);
        assert!(String::from_utf8_lossy(&shown.stdout).contains(sentence), "{lang}");
    }
}

#[test]
fn no_manifest_keeps_credentials_and_what_is_kept_is_said() {
    let work = folder("leak-kept-host");
    let line = b"Nov 23 08:59:02 app[78]: all is well\n";
    let made = collect("leak-kept", &host(&work, &[("messages", line)]), NOW, &["--source", "logs.messages"]);
    let leaking = format!("pushed with {TOKEN}, phone=13800138000\n").into_bytes();
    let mut manifest: Manifest = serde_json::from_value(made.manifest()).expect("a manifest");
    let file = rewritten(&made, &[("var/log/messages".to_owned(), leaking)], &mut manifest);
    let settings = manifest.redaction.settings.as_mut().expect("what was chosen");
    settings.kept = ["provider_token", "private_key", "cn_mobile"].map(str::to_owned).to_vec();
    let bundle = resigned(&made, &file, &manifest);
    let (code, found) = checked(&made, &bundle);
    assert_eq!(code, Some(4));
    assert_eq!(
        (&found["counts"], &found["kept"]),
        (&serde_json::json!({"provider_token": 1}), &serde_json::json!(["cn_mobile"]))
    );
    for (lang, sentence) in [("en", "stay by choice: phone numbers"), ("zh", "已选择保留")] {
        let shown = run(&made.state, &["verify", "--redaction", "--lang", lang, bundle.to_str().expect(UTF8)]);
        assert!(String::from_utf8_lossy(&shown.stdout).contains(sentence), "{lang}");
    }
}

#[test]
fn the_names_of_the_map_are_looked_for_where_the_host_is_another() {
    let work = folder("leak-map-names-host");
    let root = host(&work, &[("messages", format!("Nov 23 08:59:02 {NAME} app[78]: for user deploybot\n").as_bytes())]);
    fs::write(root.join("etc/hostname"), format!("{NAME}\n")).expect("the name can be written");
    let made = collect("leak-map-names", &root, NOW, &["--source", "logs.messages"]);
    assert_eq!(made.code(), 0, "{}", String::from_utf8_lossy(&made.output.stderr));
    let (code, found) = checked(&made, &made.bundle());
    assert_eq!((code, &found["names"], found["mapped_names"].as_u64()), (Some(0), &Value::Bool(false), Some(1)), "{found:#}");
    // A name that only its place told is no name everywhere.
    let text = format!("{} asked; deploybot answered\n", NAME.to_uppercase());
    let (code, found) = checked(&made, &planted(&made, &[("var/log/messages".to_owned(), text.into_bytes())]));
    assert_eq!((code, &found["counts"]), (Some(4), &serde_json::json!({"hostname": 1})), "{found:#}");
}
