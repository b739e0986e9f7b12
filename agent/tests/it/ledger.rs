//! The ledger of a real host: what is written when, what happens when it cannot be, and what becomes visible of changes (T45).

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use oediag_collector::{
    ledger::{self, LedgerError},
    state::{Home, State},
};
use oediag_protocol::{
    digest::Sha256,
    ledger::{Entry, Event, NOTHING, Note},
    time::Time,
};
use serde_json::json;

use crate::{center::Center, host::Host};

const AT: Time = Time(1_795_396_181);

fn file(host: &Host) -> PathBuf {
    host.state().join("ledger.jsonl")
}

fn lines(host: &Host) -> Vec<String> {
    let text = fs::read_to_string(file(host)).expect("a ledger");
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn events(host: &Host) -> Vec<Event> {
    lines(host).iter().map(|line| Entry::parse(line.as_bytes()).expect("a line").ev).collect()
}

fn state(host: &Host) -> State {
    State::open(Some(&host.state()), &Home::User(None)).expect("a state")
}

/// A host with so many lines.
fn written(test: &str, count: u8) -> Host {
    let host = Host::new(test);
    let state = state(&host);
    let identity = state.identity().expect("a key");
    for number in 0..count {
        ledger::append(&state, &identity, AT, Note::of(Event::Released, Sha256([number; 32]))).expect("a line");
    }
    host
}

#[test]
fn an_upload_leaves_its_lines_and_its_heads() {
    let center = Center::honest();
    let host = Host::enrolled("ledger-upload", &center);
    assert_eq!(events(&host), [Event::Keyset, Event::Enrolled]);
    let bundle = host.bundle();
    let manifest = host.run(&["show", bundle.to_str().expect("UTF-8"), "--json"]).ends(0);
    let second = Sha256::of(lines(&host)[1].as_bytes());
    assert!(manifest.out.contains(&second.to_string()), "the manifest names the head: {manifest:#?}");
    host.upload(&bundle, &[]).ends(0);
    assert_eq!(events(&host)[2..], [Event::Released, Event::Stored]);
    let lines = lines(&host);
    let receipts = fs::read_dir(host.state().join("consents")).expect("receipts");
    let receipt = receipts.map(|entry| entry.expect("an entry").path()).next().expect("a receipt");
    let consent = fs::read(receipt.join("consent.json")).expect("a receipt");
    let released = Entry::parse(lines[2].as_bytes()).expect("a line");
    assert_eq!(released.obj, Some(Sha256::of(&consent)), "the line names the receipt");
    let of = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(receipt.join(name)).expect("a document")).expect("JSON")
    };
    let head = |seq: usize| json!({"seq": seq, "hash": Sha256::of(lines[seq - 1].as_bytes()).to_string()});
    assert_eq!(of("consent.json")["prev_ledger"], head(2), "the head before the consent");
    assert_eq!(of("envelope.json")["ledger_head"], head(3), "the head with the consent in it");
    let verdict = host.run(&["ledger", "verify", "--json"]).ends(0).json();
    assert_eq!(verdict, json!({"ok": true, "head": head(4), "vouched": 3, "first_bad": null}));
    // Sent before: nothing happens, and nothing is written.
    host.upload(&bundle, &[]).ends(0);
    assert_eq!(self::lines(&host).len(), 4);
    let mode = fs::metadata(file(&host)).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn no_token_is_spent_on_a_host_whose_ledger_is_of_no_use() {
    let center = Center::honest();
    let host = Host::new("ledger-enroll");
    fs::create_dir_all(file(&host)).expect("a folder in its place");
    fs::set_permissions(host.state(), fs::Permissions::from_mode(0o700)).expect("it is ours");
    host.enroll(&center, &[]).ends(2);
    assert!(center.known().log.is_empty(), "nothing was asked");
    fs::remove_dir(file(&host)).expect("it can be removed");
    host.enroll(&center, &[]).ends(0);
}

#[test]
fn without_its_line_nothing_is_released() {
    let center = Center::honest();
    let host = Host::enrolled("ledger-closed", &center);
    let bundle = host.bundle();
    let sent = || center.known().log.iter().filter(|(step, _)| *step != "enroll").count();
    // Open to others: what stands there may be anybody's.
    fs::set_permissions(file(&host), fs::Permissions::from_mode(0o644)).expect("it is ours");
    let run = host.upload(&bundle, &[]).ends(2);
    assert!(run.err.contains("ledger"), "{run:#?}");
    fs::set_permissions(file(&host), fs::Permissions::from_mode(0o600)).expect("it is ours");
    // A link, a folder, an older copy.
    let good = fs::read(file(&host)).expect("a ledger");
    let aside = host.folder.join("aside");
    fs::rename(file(&host), &aside).expect("it can be moved");
    std::os::unix::fs::symlink(&aside, file(&host)).expect("a link");
    host.upload(&bundle, &[]).ends(2);
    fs::remove_file(file(&host)).expect("a link");
    fs::create_dir(file(&host)).expect("a folder");
    host.upload(&bundle, &[]).ends(2);
    fs::remove_dir(file(&host)).expect("a folder");
    host.upload(&bundle, &[]).ends(4);
    fs::remove_file(file(&host)).unwrap_or_default();
    fs::write(file(&host), &good[..=good.iter().position(|byte| *byte == b'\n').expect("a line")]).expect("it is written");
    fs::set_permissions(file(&host), fs::Permissions::from_mode(0o600)).expect("it is ours");
    let run = host.upload(&bundle, &[]).ends(4);
    assert!(run.err.contains("ledger verify"), "{run:#?}");
    assert_eq!(sent(), 0);
    let consents = host.run(&["consent", "list", "--json"]).ends(0);
    assert_eq!(consents.json(), json!([]), "no receipt came of it");
    fs::write(file(&host), &good).expect("it is written");
    host.upload(&bundle, &[]).ends(0);
}

/// A file system of its own that is really full.
#[test]
fn a_full_disk_stops_what_needs_a_line() {
    if !nix::unistd::geteuid().is_root() {
        println!("only root can mount a file system; not run");
        return;
    }
    let host = Host::new("ledger-full");
    let mount = host.state();
    fs::create_dir_all(&mount).expect("the folder can be made");
    let run = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).arg(&mount).status().is_ok_and(|status| status.success())
    };
    if !run("mount", &["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs"]) {
        println!("this machine cannot mount a tmpfs; not run");
        return;
    }
    let state = state(&host);
    let identity = state.identity().expect("a key");
    let note = || Note::of(Event::Released, NOTHING);
    let first = ledger::append(&state, &identity, AT, note());
    let filled = fs::write(mount.join("filler"), vec![0; 1 << 20]);
    // What is left of the last page of the ledger takes some lines yet.
    let failed = (0..100).map(|_| ledger::append(&state, &identity, AT, note())).find_map(Result::err);
    fs::remove_file(mount.join("filler")).expect("it can be removed");
    let after = ledger::append(&state, &identity, AT, note());
    let verdict = host.run(&["ledger", "verify"]);
    assert!(run("umount", &[]), "{} can be unmounted", mount.display());
    first.expect("there was room");
    filled.expect_err("the disk is full");
    assert!(matches!(failed, Some(LedgerError::Io { .. } | LedgerError::State(_))), "{failed:?}");
    after.expect("there is room again");
    verdict.ends(0);
}

#[test]
fn t45_whatever_is_done_to_a_line_is_named() {
    let host = written("ledger-t45", 5);
    let good = lines(&host);
    let verify = |lines: &[String]| {
        fs::write(file(&host), lines.concat()).expect("it is written");
        let run = host.run(&["ledger", "verify", "--json"]).ends(4);
        let first = run.json()["first_bad"].clone();
        assert!(run.err.starts_with(&format!("error: Line {} of the ledger", first["seq"])), "{run:#?}");
        (first["seq"].as_u64().expect("a number"), first["flaw"].as_str().expect("a word").to_owned())
    };
    for at in 0..5 {
        let seq = at as u64 + 1;
        let mut edited = good.clone();
        edited[at] = edited[at].replace("released", "declined");
        assert_eq!(verify(&edited), (seq, if at == 4 { "rewritten" } else { "edited" }.to_owned()));
        let mut deleted = good.clone();
        deleted.remove(at);
        assert_eq!(verify(&deleted), (seq, if at == 4 { "truncated" } else { "deleted" }.to_owned()));
        assert_eq!(verify(&good[..at]), (seq, "truncated".to_owned()));
        let mut cut = good[..=at].to_vec();
        cut[at].truncate(30);
        assert_eq!(verify(&cut), (seq, "truncated".to_owned()));
        if at < 4 {
            let mut swapped = good.clone();
            swapped.swap(at, at + 1);
            assert_eq!(verify(&swapped), (seq, "reordered".to_owned()));
        }
    }
    // Written anew from the second line on with the host's own key: receipts elsewhere know better, this host's files do not; but a
    // head that another key signed is none.
    fs::write(file(&host), good.concat()).expect("it is written");
    host.run(&["ledger", "verify"]).ends(0);
    let other = written("ledger-t45-other", 5);
    fs::copy(other.state().join("ledger.head"), host.state().join("ledger.head")).expect("it is written");
    host.run(&["ledger", "verify"]).ends(4);
}

#[test]
fn a_torn_line_is_cut_off_and_written_down() {
    for (test, whole) in [("ledger-torn", 3), ("ledger-torn-first", 0)] {
        let host = written(test, whole);
        let torn = br#"{"seq":4,"prev":"00"#;
        let mut all = if whole == 0 { Vec::new() } else { fs::read(file(&host)).expect("a ledger") };
        all.extend(torn);
        fs::write(file(&host), &all).expect("it is written");
        fs::set_permissions(file(&host), fs::Permissions::from_mode(0o600)).expect("it is ours");
        let run = host.run(&["ledger", "verify", "--json"]).ends(4);
        assert_eq!(run.json()["first_bad"], json!({"seq": whole + 1, "flaw": "torn"}));
        let state = state(&host);
        assert_eq!(ledger::head(&state).expect("readable").map_or(0, |head| head.seq), u64::from(whole));
        let identity = state.identity().expect("a key");
        ledger::append(&state, &identity, AT, Note::of(Event::Stored, NOTHING)).expect("a line");
        let last = lines(&host).split_off(usize::from(whole));
        let entries: Vec<_> = last.iter().map(|line| Entry::parse(line.as_bytes()).expect("a line")).collect();
        assert_eq!((entries[0].ev, entries[0].obj), (Event::Recovered, Some(Sha256::of(torn))));
        assert_eq!((entries[1].ev, entries.len()), (Event::Stored, 2));
        host.run(&["ledger", "verify"]).ends(0);
        // More than any line can have is not a line that was begun.
        all.extend([b'x'; 1000]);
        fs::write(file(&host), &all).expect("it is written");
        let refused = ledger::append(&state, &identity, AT, Note::of(Event::Stored, NOTHING));
        assert!(matches!(refused, Err(LedgerError::Changed { .. })), "{refused:?}");
        assert_eq!(fs::read(file(&host)).expect("a ledger"), all, "it is left as it is");
    }
}

/// A run that was killed between its line and the head.
#[test]
fn a_head_that_lags_behind_is_caught_up() {
    let host = written("ledger-lag", 2);
    let head = host.state().join("ledger.head");
    let older = fs::read(&head).expect("a head");
    let state = state(&host);
    let identity = state.identity().expect("a key");
    let append = || ledger::append(&state, &identity, AT, Note::of(Event::Stored, NOTHING)).expect("a line");
    append();
    fs::write(&head, older).expect("it is written");
    host.run(&["ledger", "verify"]).ends(0);
    let last = append();
    let signed = ledger::signed_head(&state, &identity.signer.public()).expect("a head").expect("a head");
    assert_eq!((signed.head, last.seq), (last.clone(), 4));
    host.run(&["ledger", "verify"]).ends(0);
}

/// This test starts itself again with this set, to write from several processes.
const WRITER: &str = "OEDIAG_TEST_LEDGER";

#[test]
fn processes_may_write_at_once() {
    if let Some(folder) = std::env::var_os(WRITER) {
        let state = State::open(Some(folder.as_ref()), &Home::User(None)).expect("a state");
        let identity = state.identity().expect("a key");
        for _ in 0..10 {
            ledger::append(&state, &identity, AT, Note::of(Event::Stored, NOTHING)).expect("a line");
        }
        return;
    }
    let host = written("ledger-processes", 1);
    let this = std::env::current_exe().expect("this program");
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let mut command = Command::new(&this);
            command.args(["--exact", "ledger::processes_may_write_at_once"]).env(WRITER, host.state());
            command.stdout(Stdio::null()).spawn().expect("it starts")
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().expect("it ends").success());
    }
    assert_eq!(lines(&host).len(), 41);
    host.run(&["ledger", "verify"]).ends(0);
}

#[test]
fn the_last_lines_are_shown() {
    let host = Host::new("ledger-show");
    let none = host.run(&["ledger", "show"]).ends(0);
    assert_eq!(none.out, "There is no line in the ledger of this host yet.\n");
    host.run(&["ledger", "verify"]).ends(0);
    assert!(!host.state().exists(), "nothing is made for who only looks");
    let host = written("ledger-show", 5);
    let shown = host.run(&["ledger", "show", "--last", "2"]).ends(0).out;
    let about = |number: u8| Sha256([number; 32]);
    let expected = [
        "LINE  TIME                  EVENT          ABOUT".to_owned(),
        format!("   4  {AT}  consent given  {}", about(3)),
        format!("   5  {AT}  consent given  {}\n", about(4)),
    ];
    assert_eq!(shown, expected.join("\n"));
    let chinese = host.run(&["ledger", "show", "--lang", "zh-CN"]).ends(0).out;
    assert!(chinese.contains("同意发送") && chinese.lines().count() == 6, "{chinese}");
    let json = host.run(&["ledger", "show", "--json", "--last", "1"]).ends(0).json();
    assert_eq!((&json[0]["seq"], &json[0]["ev"]), (&json!(5), &json!("released")));
    host.run(&["ledger", "show", "--last", "0"]).ends(2);
    // What is good is shown, and the exit code tells of the rest.
    let mut lines = lines(&host);
    lines[3] = "{}\n".to_owned();
    fs::write(file(&host), lines.concat()).expect("it is written");
    let run = host.run(&["ledger", "show"]).ends(4);
    assert_eq!(run.out.lines().count(), 4, "{run:#?}");
}
