//! What was chosen about the redactor, from the option to the receipt; and the map on the host, from the run to what people ask.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use oediag_tests::{Run, collect, command, folder, run};
use serde_json::Value;

const NOW: &str = "2026-11-23T09:00:00Z";

/// A host with one log.
fn host(name: &str) -> PathBuf {
    let root = folder(name).join("root");
    for (path, text) in [
        ("etc/hostname", "bjdc-pay-db07\n"),
        ("etc/os-release", "ID=openEuler\nVERSION=\"22.03 (LTS-SP3)\"\n"),
        (
            "var/log/messages",
            "Nov 23 08:59:01 bjdc-pay-db07 sshd[77]: Accepted password for zhanglei from 203.0.113.9 port 5022 ssh2\n\
             Nov 23 08:59:02 bjdc-pay-db07 app[78]: login password=Kq81xVmmPp09 mail to=<li.na@mail.example.net> ok\n",
        ),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
    root
}

fn examined(name: &str, more: &[&str]) -> Run {
    collect(name, &host(&format!("{name}-host")), NOW, &[&["--source", "logs.messages"], more].concat())
}

fn maps(state: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state.join("maps")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == "map")).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn reveal_text(state: &Path, input: &[u8]) -> Output {
    let mut command = command(state, &["reveal"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_map_stays_on_the_host_and_says_what_stand_ins_mean() {
    let made = examined("map-kept", &[]);
    assert_eq!(made.manifest()["redaction"]["map_kept_on_host"], true);
    let found = maps(&made.state);
    let id = made.manifest()["bundle_id"].as_str().expect("an id").to_owned();
    assert_eq!(found, [made.state.join("maps").join(format!("{id}.map"))]);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&found[0]), mode(&made.state.join("maps"))), (0o600, 0o700));
    let map = fs::read_to_string(&found[0]).expect("text");
    for value in ["bjdc-pay-db07", "zhanglei", "203.0.113.9", "li.na", "mail.example.net"] {
        assert!(map.contains(&format!("\"value\":\"{value}\"")), "{value}: {map}");
    }
    assert!(!map.contains("Kq81xVmmPp09") && !map.contains("password"), "{map}");
    // A text comes back as it was, but for the credential.
    let log = made.cat("var/log/messages");
    let back = reveal_text(&made.state, &log);
    assert_eq!(back.status.code(), Some(0), "{}", text(&back.stderr));
    let back = text(&back.stdout);
    assert!(back.contains("bjdc-pay-db07 sshd[77]: Accepted password for zhanglei from 203.0.113.9 port 5022"), "{back}");
    assert!(back.contains("to=<li.na@mail.example.net>") && back.contains("password=OEr-password-kv-"), "{back}");
    // One stand-in, as people and as programs see it.
    let row: Value = serde_json::from_str(map.lines().find(|line| line.contains("\"zhanglei\"")).expect("a row")).expect("JSON");
    let token = row["token"].as_str().expect("a token");
    let said = run(&made.state, &["reveal", token]);
    assert_eq!(said.status.code(), Some(0));
    assert!(text(&said.stdout).contains("zhanglei") && text(&said.stdout).contains("var/log/messages"));
    let json: Value =
        serde_json::from_slice(&run(&made.state, &["reveal", token, "--json", "--bundle", &id[..8]]).stdout).expect("JSON");
    assert_eq!(
        (&json[0]["value"], &json[0]["kind"], &json[0]["bundle_id"]),
        (&"zhanglei".into(), &"username".into(), &id.into())
    );
    // What no map has is one sentence.
    let unknown = run(&made.state, &["reveal", "OEr-user-aaaaaaaaaaaa"]);
    assert_eq!((unknown.status.code(), text(&unknown.stdout).as_str()), (Some(2), ""));
    assert!(text(&unknown.stderr).contains("no map on this host"), "{}", text(&unknown.stderr));
    let credential = run(&made.state, &["reveal", "--lang", "zh", "OEr-password-kv-aaaaaaaaaaaa"]);
    assert_eq!(credential.status.code(), Some(2));
    assert!(text(&credential.stderr).contains("凭据"), "{}", text(&credential.stderr));
    let elsewhere = run(&made.state, &["reveal", token, "--bundle", "00000000"]);
    assert_eq!(elsewhere.status.code(), Some(2), "{}", text(&elsewhere.stderr));
}

#[test]
fn a_map_for_one_recipient_is_read_with_their_key_alone() {
    let [reader, other] = [[5; 32], [6; 32]].map(|seed| oediag_protocol::sealed::Identity::generate(seed).expect("a key"));
    let recipient = reader.recipient().expect("a recipient");
    let name = "map-sealed";
    let root = host(&format!("{name}-host"));
    let work = folder(name);
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir_all(state.join("etc")).expect("the folder can be made");
    for folder in [&state, &state.join("etc")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("the mode can be set");
    }
    fs::create_dir_all(&out).expect("the folder can be made");
    let settings = state.join("etc/oediag.toml");
    fs::write(&settings, format!("map_recipient = \"{recipient}\"\n")).expect("the settings can be written");
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    let utf8 = "test paths are UTF-8";
    let (from, to) = (root.to_str().expect(utf8), out.to_str().expect(utf8));
    let made = run(&state, &["collect", "--root", from, "--now", NOW, "-o", to, "--source", "logs.messages"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let map = fs::read(&maps(&state)[0]).expect("the map");
    assert!(map.starts_with(b"age-encryption.org/v1\n") && !text(&map).contains("zhanglei"));
    let bundle = oediag_tests::bundles(&out).remove(0);
    let log = run(&state, &["cat", bundle.to_str().expect(utf8), "var/log/messages"]).stdout;
    let log = text(&log);
    let token = log.split("password for ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a stand-in");
    assert!(token.starts_with("OEr-user-"), "{log}");
    let (right, wrong) = (work.join("key"), work.join("other"));
    fs::write(&right, &*reader.to_text()).expect("the key can be written");
    fs::write(&wrong, &*other.to_text()).expect("the key can be written");
    for key in [&right, &wrong] {
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    }
    let said = run(&state, &["reveal", token, "--identity", right.to_str().expect(utf8)]);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    assert!(text(&said.stdout).contains("zhanglei"), "{}", text(&said.stdout));
    for more in [&[][..], &["--identity", wrong.to_str().expect(utf8)]] {
        let said = run(&state, &[&["reveal", token], more].concat());
        assert_eq!((said.status.code(), text(&said.stdout).as_str()), (Some(2), ""), "{more:?}");
        assert!(!text(&said.stderr).contains("zhanglei") && !said.stderr.is_empty(), "{}", text(&said.stderr));
    }
}

#[test]
fn a_hostile_map_does_not_reach_the_terminal_and_one_open_to_others_is_refused() {
    let state = folder("map-hostile").join("state");
    let folder = state.join("maps");
    fs::create_dir_all(&folder).expect("the folder can be made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("the mode can be set");
    let path = folder.join("b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7.map");
    let row = r#"{"token":"OEr-user-aaaaaaaaaaaa","kind":"username","value":"a\u001b[2Jb\u202ec","file":"\u001b]0;x"}"#;
    fs::write(&path, format!("{row}\n")).expect("the map can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    for output in [run(&state, &["reveal", "OEr-user-aaaaaaaaaaaa"]), reveal_text(&state, b"by OEr-user-aaaaaaaaaaaa\n")] {
        let shown = text(&output.stdout);
        assert!(output.status.success() && shown.contains("[2Jb"), "{shown}{}", text(&output.stderr));
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    }
    fs::write(&path, "{\"token\":1}\n").expect("the map can be written");
    let damaged = run(&state, &["reveal", "OEr-user-aaaaaaaaaaaa"]);
    assert_eq!(damaged.status.code(), Some(2));
    assert!(text(&damaged.stderr).contains("line 1"), "{}", text(&damaged.stderr));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("the mode can be set");
    let open = run(&state, &["reveal", "OEr-user-aaaaaaaaaaaa"]);
    assert_eq!(open.status.code(), Some(2));
    assert!(text(&open.stderr).contains("lets others in"), "{}", text(&open.stderr));
}

#[test]
fn old_maps_go_and_a_map_that_cannot_be_kept_costs_nothing_else() {
    let made = examined("map-old", &[]);
    let map = maps(&made.state).pop().expect("a map");
    let old = std::time::SystemTime::now() - std::time::Duration::from_hours(31 * 24);
    fs::File::options().write(true).open(&map).expect("it opens").set_modified(old).expect("its time can be set");
    let asked = run(&made.state, &["reveal", "OEr-user-aaaaaaaaaaaa"]);
    assert_eq!((asked.status.code(), map.exists()), (Some(2), false));
    assert!(text(&asked.stderr).contains("30 days"), "{}", text(&asked.stderr));
    // `status` looks after them too; a map of the future begins its time now.
    let again = made.state.join("maps/b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7b7.map");
    for (when, stays) in [(old, false), (std::time::SystemTime::now() + std::time::Duration::from_hours(9999), true)] {
        fs::write(&again, "").expect("the map can be written");
        fs::set_permissions(&again, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
        fs::File::options().write(true).open(&again).expect("it opens").set_modified(when).expect("its time can be set");
        assert_eq!((run(&made.state, &["status"]).status.code(), again.exists()), (Some(0), stays));
    }
    let modified = fs::metadata(&again).and_then(|meta| meta.modified()).expect("it has a time");
    assert!(modified <= std::time::SystemTime::now(), "{modified:?}");
    // A file where the folder should be.
    fs::remove_dir_all(made.state.join("maps")).expect("it can be removed");
    fs::write(made.state.join("maps"), "").expect("the file can be written");
    let root = host("map-old-again");
    let root = root.to_str().expect("UTF-8");
    let again = run(&made.state, &["collect", "--root", root, "--now", NOW, "--source", "logs.messages", "--json"]);
    assert!(again.status.success() || again.status.code() == Some(1), "{}", text(&again.stderr));
    let json: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(json["manifest"]["redaction"]["map_kept_on_host"], false);
    assert!(text(&again.stderr).contains("the map of this bundle could not be kept"), "{}", text(&again.stderr));
}

#[test]
fn what_is_chosen_is_recorded_and_no_option_goes_below_the_floor() {
    let made =
        examined("settings-recorded", &["--keep-kind", "hostname", "--ip", "keep", "--mac", "full", "--correlate", "host"]);
    let redaction = made.manifest()["redaction"].clone();
    assert_eq!(redaction["level"], "reduced");
    let wanted = serde_json::json!({"ip": "keep", "mac": "full", "binary": "strings", "correlate": "host", "kept": ["hostname"]});
    assert_eq!(redaction["settings"], wanted);
    let log = text(&made.cat("var/log/messages"));
    assert!(log.contains("bjdc-pay-db07") && log.contains("203.0.113.9") && !log.contains("Kq81xVmmPp09"), "{log}");
    assert!(!log.contains("zhanglei"), "{log}");
    let card = run(&made.state, &["show", made.bundle().to_str().expect("UTF-8")]);
    assert!(text(&card.stdout).contains("stays readable by choice"), "{}", text(&card.stdout));

    let state = folder("settings-floor").join("state");
    fs::create_dir_all(state.join("etc")).expect("the folder can be made");
    for folder in [&state, &state.join("etc")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("the mode can be set");
    }
    let settings = state.join("etc/oediag.toml");
    fs::write(&settings, "map_keep_days = 0\n[redaction]\nfloor = \"standard\"\nip = \"tokens\"\n").expect("it can be written");
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    let root = host("settings-floor-host");
    let again = |more: &[&str]| {
        let root = root.to_str().expect("UTF-8");
        run(&state, &[&["collect", "--root", root, "--now", NOW, "--source", "logs.messages", "--json"], more].concat())
    };
    for less in [["--ip", "keep"], ["--keep-kind", "hostname"]] {
        let refused = again(&less);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{less:?}");
        assert!(text(&refused.stderr).contains("below the level standard"), "{}", text(&refused.stderr));
    }
    for (kind, sentence) in [("password_kv", "credentials are always removed"), ("colour", "no kind of value named colour")] {
        let refused = again(&["--keep-kind", kind]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains(sentence), "{}", text(&refused.stderr));
    }
    let json: Value = serde_json::from_slice(&again(&[]).stdout).expect("JSON");
    let redaction = &json["manifest"]["redaction"];
    assert_eq!((&redaction["settings"]["ip"], &redaction["map_kept_on_host"]), (&"tokens".into(), &false.into()));
    assert!(maps(&state).is_empty());
    fs::write(&settings, "[redaction]\nflor = \"strict\"\n").expect("it can be written");
    let misspelt = again(&[]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(text(&misspelt.stderr).contains("flor"), "{}", text(&misspelt.stderr));
}

#[test]
fn no_source_reaches_the_key_or_a_map() {
    let root = host("map-never-host");
    let inside = root.join("srv/state");
    for (path, content) in
        [("redact.key", "0123456789abcdefghijklmnopqrstuv"), ("maps/b7b7b7b7.map", "{\"value\":\"zhanglei\"}\n")]
    {
        fs::create_dir_all(inside.join(path).parent().expect("it has a folder")).expect("the folder can be made");
        fs::write(inside.join(path), content).expect("the file can be written");
    }
    let state = folder("map-never").join("state");
    let rows = state.join("etc/sources.d");
    fs::create_dir_all(&rows).expect("the folder can be made");
    let row = |id: &str, what: &str| {
        format!("[[source]]\nid = \"site.{id}\"\ntopic = \"logs\"\nen = \"x\"\nzh = \"x\"\nprivacy = \"facts\"\n{what}\n")
    };
    let text = [
        row("key", "file = \"/srv/state/redact.key\""),
        row("map", "file = \"/srv/state/maps/b7b7b7b7.map\""),
        row("maps", "glob = \"/srv/state/maps/*\""),
        row("all", "glob = \"/srv/state/*\""),
    ];
    fs::write(rows.join("site.toml"), text.concat()).expect("the rows can be written");
    for path in [&state, &state.join("etc"), &rows] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("the mode can be set");
    }
    fs::set_permissions(rows.join("site.toml"), fs::Permissions::from_mode(0o600)).expect("the mode can be set");
    let sources = "site.key,site.map,site.maps,site.all";
    let output = run(&state, &["collect", "--root", root.to_str().expect("UTF-8"), "--now", NOW, "--source", sources, "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let items: Vec<&Value> = json["manifest"]["items"].as_array().expect("a list").iter().collect();
    let ours: Vec<&&Value> = items.iter().filter(|item| item["id"].as_str().is_some_and(|id| id.starts_with("site."))).collect();
    assert!(ours.len() >= 4, "{items:#?}");
    assert!(ours.iter().all(|item| item["path"].is_null()), "{ours:#?}");
    for id in ["site.key", "site.map"] {
        assert!(ours.iter().any(|item| item["id"] == id && item["reason"] == "never_collected"), "{id}: {ours:#?}");
    }
}
