//! Runs that are killed, and disks that are full: what is left is one valid signed bundle or nothing.

#![expect(clippy::print_stdout, reason = "the figures are what a person runs these tests for")]

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use oediag_tests::{HOSTS, bundles, collected_at, command, folder, root, run, verify, verify_sh};

/// How many moments the kill is tried at; `cargo xtask test --long` asks for 500.
fn rounds() -> u32 {
    if std::env::var_os("OEDIAG_LONG").is_some() { 500 } else { 50 }
}

/// Whether the journal of the run in a folder has more than its opening.
fn journal_tells(out: &Path) -> bool {
    let journal = names(out).into_iter().find(|name| name.ends_with(".journal"));
    // Gone between the two looks: the run has ended.
    journal.and_then(|name| fs::read(out.join(name)).ok()).is_some_and(|text| text.split(|byte| *byte == b'\n').count() > 2)
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn t10_a_kill_at_any_moment_leaves_one_valid_bundle_or_nothing() {
    let work = folder("t10");
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir(&out).expect("the folder can be made");
    // Enough rotated logs that a run takes longer than the journal waits between two lines.
    let (host, now) = (work.join("root"), collected_at(HOSTS[0]));
    fs::create_dir_all(host.join("var/log")).expect("the root can be made");
    let log = fs::read(root(HOSTS[0]).join("var/log/messages")).expect("the fixture has a log");
    for day in 0..8 {
        fs::write(host.join(format!("var/log/messages-202510{day:02}")), log.repeat(25)).expect("a log can be written");
    }
    let (root, target) = (host.to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    let collect = ["collect", "--root", root, "--now", &now, "-o", target, "--source", "logs.messages"];
    // How long a whole run takes here tells over which time to spread the kills.
    let started = std::time::Instant::now();
    assert!(matches!(run(&state, &collect).status.code(), Some(0 | 1)), "a run that is left alone ends well");
    let whole = started.elapsed();
    let (mut partial, mut finished, mut nothing) = (0, 0, 0);
    for round in 0..rounds() {
        for name in names(&out) {
            fs::remove_file(out.join(name)).expect("the file can be removed");
        }
        let mut child = command(&state, &collect).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("oediag starts");
        match round {
            // Not a moment but a state: as soon as the journal tells of a finished item, and after the end.
            0 => while child.try_wait().expect("the child can be asked").is_none() && !journal_tells(&out) {},
            1 => drop(child.wait().expect("the child can be waited for")),
            _ => thread::sleep(whole.mul_f64(f64::from(round) / f64::from(rounds()) * 1.1)),
        }
        // Gone already is one of the moments, too.
        child.kill().ok();
        child.wait().expect("the child can be waited for");
        // The next start ends what was left; it has nothing else to do here.
        let next = run(&state, &["collect", "--root", root, "--now", &now, "-o", target, "--source", "services.failed"]);
        assert!(matches!(next.status.code(), Some(0 | 1)), "the next run: {}", String::from_utf8_lossy(&next.stderr));
        let signers = state.join("etc/keys/allowed_signers");
        let found = bundles(&out);
        assert!((1..=2).contains(&found.len()), "round {round}: {:?}", names(&out));
        for bundle in &found {
            let verdict = verify(bundle, &signers, &state);
            assert!(verdict.status.success(), "round {round}: {}", String::from_utf8_lossy(&verdict.stdout));
        }
        for name in names(&out) {
            assert!(name.ends_with(".tar.gz") || name.ends_with(".tar.gz.sig"), "round {round}: stray {name}");
        }
        let complete = found.iter().filter(|bundle| is_complete(bundle, &state)).count();
        match (found.len(), complete) {
            // The one there is comes from the run after the kill.
            (1, _) => nothing += 1,
            (_, 2) => finished += 1,
            _ => partial += 1,
        }
    }
    println!(
        "t10: {} kills over {whole:?}: {nothing} left nothing, {partial} a partial bundle, {finished} a finished one",
        rounds()
    );
    assert!(partial > 0 && finished > 0, "the kills met every state of a run");
    fs::remove_dir_all(&host).expect("the logs can be removed");
}

fn is_complete(bundle: &Path, state: &Path) -> bool {
    let shown = run(state, &["cat", bundle.to_str().expect("UTF-8"), "oediag/manifest.json"]);
    let manifest: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("the manifest is JSON");
    manifest["complete"].as_bool().expect("it says whether it is complete")
}

#[test]
fn t11_a_small_file_system_is_never_filled_and_the_exit_status_says_so() {
    if !nix::unistd::geteuid().is_root() {
        println!("t11: needs root to mount a file system; not run");
        return;
    }
    let work = folder("t11");
    let (image, mount) = (work.join("disk.img"), work.join("mnt"));
    fs::create_dir(&mount).expect("the mount point can be made");
    let file = fs::File::create(&image).expect("the image can be made");
    file.set_len(12 << 20).expect("it can have 12 MiB");
    let done = |program: &str, arguments: &[&std::ffi::OsStr]| {
        Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    let mkfs = done("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), "-m0".as_ref(), image.as_os_str()]);
    assert!(mkfs.expect("mkfs.ext4 is installed").success(), "the file system is made");
    let mounted = done("mount", &["-o".as_ref(), "loop".as_ref(), image.as_os_str(), mount.as_os_str()]);
    if !mounted.expect("mount is installed").success() {
        println!("t11: this machine cannot mount a loop device; not run");
        return;
    }
    let result = std::panic::catch_unwind(|| on_small_disk(&work, &mount));
    assert!(done("umount", &[mount.as_os_str()]).expect("umount is installed").success(), "the disk is let go");
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

fn on_small_disk(work: &Path, mount: &Path) {
    let state = work.join("state");
    // Noise does not compress: 24 MiB of it do not fit.
    let root = work.join("root");
    fs::create_dir_all(root.join("var/log")).expect("the root can be made");
    let mut noise = Vec::new();
    let mut x: u64 = 88_172_645_463_325_252;
    for _ in 0..1_500_000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        writeln!(noise, "{x:016x}").expect("memory can be written");
    }
    fs::write(root.join("var/log/messages"), noise).expect("the log can be written");
    let target = mount.to_str().expect("UTF-8");
    let output = run(&state, &["collect", "--root", root.to_str().expect("UTF-8"), "-o", target]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_ne!(output.status.code(), Some(0), "{said}");
    let stat = nix::sys::statvfs::statvfs(mount).expect("the disk can be asked");
    let free = stat.blocks_available() as u64 * stat.fragment_size() as u64;
    assert!(free >= stat.blocks() as u64 * stat.fragment_size() as u64 / 10, "a tenth stays free, {free} bytes are");
    let signers = state.join("etc/keys/allowed_signers");
    for bundle in bundles(mount) {
        assert!(verify(&bundle, &signers, &state).status.success(), "the partial bundle verifies");
        assert!(verify_sh(&bundle, &signers, &work.join("check")), "verify.sh agrees");
        assert!(!is_complete(&bundle, &state), "a bundle that met a full disk is not complete");
    }
    println!("t11: exit {:?}, {} bundle(s), {free} bytes free; {said}", output.status.code(), bundles(mount).len());
    thread::sleep(Duration::from_millis(100));
}

/// A disk that another program fills while small members are written: a write fails half-way, without a warning before.
#[test]
fn t11_a_disk_filled_by_another_leaves_a_valid_bundle_or_none() {
    if !nix::unistd::geteuid().is_root() {
        println!("t11: needs root to mount a file system; not run");
        return;
    }
    let work = folder("t11-race");
    let mount = work.join("mnt");
    fs::create_dir(&mount).expect("the mount point can be made");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(&mount).status();
    if !mounted.expect("mount is installed").success() {
        println!("t11: this machine cannot mount a tmpfs; not run");
        return;
    }
    let result = std::panic::catch_unwind(|| race_for_the_disk(&work, &mount));
    assert!(Command::new("umount").arg(&mount).status().expect("umount is installed").success(), "the disk is let go");
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

fn race_for_the_disk(work: &Path, mount: &Path) {
    let (state, root) = (work.join("state"), work.join("root"));
    // Many small members that do not compress well: each is one write.
    let logs = root.join("var/log/sysmonitor");
    fs::create_dir_all(&logs).expect("the root can be made");
    fs::create_dir_all(state.join("etc/sources.d")).expect("the folder can be made");
    let row = "[[source]]\nid = \"site.noise\"\ntopic = \"logs\"\nen = \"noise\"\nzh = \"噪声\"\nprivacy = \"facts\"\nnewest = 4000\nglob = \"/var/log/sysmonitor/*.log\"\n";
    fs::write(state.join("etc/sources.d/noise.toml"), row).expect("the row can be written");
    for path in [state.clone(), state.join("etc"), state.join("etc/sources.d")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("the mode can be set");
    }
    let mut x: u64 = 88_172_645_463_325_252;
    for number in 0..1500 {
        let mut text = Vec::new();
        for _ in 0..1000 {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            writeln!(text, "{x:016x}").expect("memory can be written");
        }
        fs::write(logs.join(format!("{number}.log")), text).expect("the log can be written");
    }
    let (root, target) = (root.to_str().expect("UTF-8"), mount.to_str().expect("UTF-8"));
    let (mut partial, mut refused) = (0, 0);
    for round in 0..6 {
        let mut child = command(&state, &["collect", "--root", root, "-o", target, "--source", "site.noise"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("oediag starts");
        let grown = |bytes: u64| {
            let entries = fs::read_dir(mount).expect("the disk can be read").filter_map(Result::ok);
            entries.filter_map(|entry| entry.metadata().ok()).any(|meta| meta.len() > bytes)
        };
        while child.try_wait().expect("the child can be asked").is_none() && !grown((2 + round) << 20) {}
        let filler = mount.join("filler");
        let mut file = fs::File::create(&filler).expect("the filler can be made");
        while file.write_all(&[0x5a; 4096]).is_ok() {}
        let status = child.wait().expect("the child ends");
        drop(file);
        fs::remove_file(filler).expect("the filler can be removed");
        // What a run without any room left is ended by the next one.
        run(&state, &["collect", "--root", root, "-o", target, "--source", "services.failed"]);
        assert_ne!(status.code(), Some(0), "round {round}");
        for bundle in bundles(mount) {
            let verdict = verify(&bundle, &state.join("etc/keys/allowed_signers"), &state);
            assert!(verdict.status.success(), "round {round}: {}", String::from_utf8_lossy(&verdict.stdout));
        }
        if status.code() == Some(1) {
            partial += 1;
        } else {
            refused += 1;
        }
        for name in names(mount) {
            assert!(name.ends_with(".tar.gz") || name.ends_with(".tar.gz.sig"), "round {round}: stray {name}");
            fs::remove_file(mount.join(name)).expect("the file can be removed");
        }
    }
    println!("t11: a disk filled by another program, 6 times: {partial} signed partial bundles, {refused} refusals");
}

/// Whoever can write to the output folder must not be able to have us sign, rename or remove anything.
#[test]
fn a_journal_that_others_could_have_written_is_left_alone() {
    let work = folder("planted");
    let (state, out) = (work.join("state"), work.join("out"));
    fs::create_dir(&out).expect("the folder can be made");
    let fixture = root(HOSTS[0]);
    let arguments =
        ["collect", "--root", fixture.to_str().expect("UTF-8"), "-o", out.to_str().expect("UTF-8"), "--source", "kernel.version"];
    assert!(matches!(run(&state, &arguments).status.code(), Some(0 | 1)));
    let bundle = bundles(&out)[0].clone();
    let name = bundle.file_name().and_then(|name| name.to_str()).expect("UTF-8").trim_end_matches(".tar.gz").to_owned();
    let manifest = run(&state, &["cat", bundle.to_str().expect("UTF-8"), "oediag/bundle.json"]);
    let mut start: serde_json::Value = serde_json::from_slice(&manifest.stdout).expect("bundle.json is JSON");
    start.as_object_mut().expect("an object").remove("schema");
    let opening = |start: &serde_json::Value| {
        serde_json::json!({"name": name, "start": start, "tasks": ["kernel.version"], "opened": 0, "items": [],
            "ruleset": "x", "ruleset_sha256": "0".repeat(64)})
        .to_string()
    };
    let entry = r#"{"offset":0,"task":0,"items":[{"id":"kernel.version","kind":"file","path":null,"offset":null,"outcome":"skipped","bytes_seen":0,"bytes":0,"sha256":null}]}"#;
    let mut foreign = start.clone();
    foreign["host_id"] = "h-00000000000000000000000000000000".into();
    for (what, mode, start) in [("a mode that lets others in", 0o666, &start), ("another installation's", 0o600, &foreign)] {
        let (journal, partial) = (out.join(format!("{name}.journal")), out.join(format!("{name}.partial")));
        fs::write(&journal, format!("{}\n{entry}\n", opening(start))).expect("the journal can be planted");
        fs::write(&partial, b"planted").expect("the file can be planted");
        for path in [&journal, &partial] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
        }
        let before = fs::read(&bundle).expect("the bundle can be read");
        assert!(matches!(run(&state, &arguments).status.code(), Some(0 | 1)));
        assert_eq!(fs::read(&partial).expect("it is still there"), b"planted", "{what}");
        assert!(journal.exists(), "{what}");
        assert_eq!(fs::read(&bundle).expect("the bundle can be read"), before, "{what}");
    }
}
