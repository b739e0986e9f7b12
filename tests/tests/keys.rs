//! The installation's own keys: made once, private, never replaced silently.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
    process::Stdio,
};

use oediag_tests::{HOSTS, bundles, command, folder, root, run};

/// A small collect; gives the exit status and what was said.
fn collect(state: &Path, out: &Path) -> (i32, String) {
    let root = root(HOSTS[0]);
    let arguments =
        ["collect", "--root", root.to_str().expect("UTF-8"), "--source", "kernel.version", "-o", out.to_str().expect("UTF-8")];
    let output = run(state, &arguments);
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn t26_keys_that_others_could_know_are_refused() {
    type Harm = fn(&Path);
    let harms: [(&str, &str, Harm); 10] = [
        ("key-mode", "etc/keys/host_ed25519", |path| mode(path, 0o644)),
        ("folder-mode", "etc/keys", |path| mode(path, 0o755)),
        ("data-folder-mode", "../state", |path| mode(path, 0o775)),
        ("config-folder-mode", "etc", |path| mode(path, 0o707)),
        ("lock-link", "lock", |path| {
            fs::remove_file(path).expect("the lock can be removed");
            symlink("elsewhere", path).expect("a link can be made");
        }),
        ("redaction-key-mode", "redact.key", |path| mode(path, 0o640)),
        ("link", "etc/keys/host_ed25519", |path| {
            let elsewhere = path.with_file_name("elsewhere");
            fs::rename(path, &elsewhere).expect("the key can be moved");
            symlink(elsewhere, path).expect("a link can be made");
        }),
        ("cut-short", "etc/keys/host_ed25519", |path| {
            let text = fs::read(path).expect("the key can be read");
            fs::write(path, &text[..text.len() / 2]).expect("the key can be written");
        }),
        ("redaction-key-cut-short", "redact.key", |path| fs::write(path, b"short").expect("the key can be written")),
        ("id-lost", "etc/host_id", |path| fs::remove_file(path).expect("the id can be removed")),
    ];
    for (name, file, harm) in harms {
        let work = folder(&format!("t26-{name}"));
        let (state, out) = (work.join("state"), work.join("out"));
        fs::create_dir(&out).expect("the folder can be made");
        let (code, said) = collect(&state, &out);
        assert!(matches!(code, 0 | 1), "{name}: {said}");
        harm(&state.join(file));
        let before = fs::read(state.join("etc/keys/host_ed25519")).ok();
        let made = bundles(&out).len();
        let (code, said) = collect(&state, &out);
        assert_eq!(code, 6, "{name}: {said}");
        assert!(said.contains(file.rsplit('/').next().expect("a name")), "{name} is named: {said}");
        assert_eq!(bundles(&out).len(), made, "{name}: no bundle was made");
        assert_eq!(fs::read(state.join("etc/keys/host_ed25519")).ok(), before, "{name}: the key was left as it was");
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

#[test]
fn one_run_at_a_time_works_in_a_state() {
    let work = folder("busy");
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir(&out).expect("the folder can be made");
    assert!(matches!(collect(&state, &out).0, 0 | 1));
    let lock = fs::File::options().write(true).open(state.join("lock")).expect("the lock can be opened");
    lock.lock().expect("the lock can be taken");
    let (code, said) = collect(&state, &out);
    assert_eq!(code, 6, "{said}");
    assert!(said.contains("another run"), "{said}");
}

#[test]
fn a_run_removes_drafts_of_its_own_and_nothing_of_the_customer() {
    let work = folder("drafts");
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir(&out).expect("the folder can be made");
    assert!(matches!(collect(&state, &out).0, 0 | 1));
    // No process has a pid this large; the last of these is what a killed run leaves.
    let (etc, pid) = (state.join("etc"), 1_u32 << 22);
    let theirs = [
        "agent.toml.new.20251130".to_owned(),
        format!("host_id.new.{pid}"),
        format!(".oediag-draft.{pid}"),
        format!(".oediag-draft.host_id.{}", pid + 1),
        ".oediag-draft.host_id.+4194304".to_owned(),
        format!(".oediag-draft.host_id.{pid}.bak"),
    ];
    for name in &theirs {
        fs::write(etc.join(name), "theirs").expect("the file can be written");
    }
    let link = etc.join(format!(".oediag-draft.link.{pid}"));
    std::os::unix::fs::symlink("host_id", &link).expect("the link can be made");
    let ours = [etc.join(format!(".oediag-draft.host_id.{pid}")), state.join(format!(".oediag-draft.redact.key.{pid}"))];
    for path in &ours {
        fs::write(path, "half").expect("the file can be written");
    }
    assert!(matches!(collect(&state, &out).0, 0 | 1));
    assert!(theirs.iter().all(|name| etc.join(name).exists()), "{:?}", theirs.map(|name| etc.join(name).exists()));
    assert!(link.is_symlink());
    assert!(ours.iter().all(|path| !path.exists()));
}

#[test]
fn t26_folders_of_others_are_refused_and_may_be_read_by_them() {
    let work = folder("t26-folders");
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir_all(state.join("etc")).expect("the folders can be made");
    fs::create_dir(&out).expect("the folder can be made");
    for path in [&state, &state.join("etc")] {
        mode(path, 0o755);
    }
    let (code, said) = collect(&state, &out);
    assert!(matches!(code, 0 | 1), "{said}");
    let lock = fs::metadata(state.join("lock")).expect("the lock is there");
    assert_eq!(lock.permissions().mode() & 0o777, 0o600);
    if !nix::unistd::geteuid().is_root() {
        println!("needs root to give a folder away; the rest was not run");
        return;
    }
    let other = work.join("other");
    fs::create_dir(&other).expect("the folder can be made");
    chown(&other, Some(65534), Some(65534)).expect("the folder can be given away");
    let (code, said) = collect(&other, &out);
    assert_eq!(code, 6, "{said}");
    assert!(said.contains("belongs to uid 65534"), "{said}");
    assert_eq!(fs::read_dir(&other).expect("the folder can be read").count(), 0, "nothing was made in it");
}

#[test]
fn first_runs_at_once_make_one_redaction_key() {
    for round in 0..3 {
        let work = folder(&format!("first-runs-{round}"));
        let (state, log, names) = (work.join("state"), work.join("log"), work.join("names.json"));
        fs::write(&log, "connection from 203.0.113.77 by alice\n").expect("the log can be written");
        fs::write(&names, r#"{"users":["alice"]}"#).expect("the names can be written");
        let arguments = ["redact", "--context", names.to_str().expect("UTF-8"), log.to_str().expect("UTF-8")];
        let runs: Vec<_> = (0..6)
            .map(|_| command(&state, &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("oediag starts"))
            .collect();
        let outputs: Vec<_> = runs.into_iter().map(|run| run.wait_with_output().expect("oediag ends")).collect();
        for output in &outputs {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.stdout, outputs[0].stdout, "all have the same key");
        }
        assert!(!String::from_utf8_lossy(&outputs[0].stdout).contains("alice"));
        let drafts = fs::read_dir(&state).expect("the state can be read").filter_map(Result::ok);
        assert!(drafts.filter(|entry| entry.file_name().to_string_lossy().contains("draft")).count() == 0, "no drafts stay");
    }
}
