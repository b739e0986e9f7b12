//! The redactor as a filter: private outputs that replace nothing, a bounded context, and the truth about a stream that fails.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Stdio,
    time::Duration,
};

use nix::{sys::signal, unistd::Pid};
use oediag_collector::packed::{self, Packing};
use oediag_tests::{command, folder, run};

const UTF8: &str = "test paths are UTF-8";

/// Runs `oediag redact` without the names of this machine; gives the exit status, what was written, and what was said.
fn redact(work: &Path, more: &[&Path]) -> (i32, String, String) {
    let names = work.join("names.json");
    if !names.exists() {
        fs::write(&names, r#"{"users":["alice"]}"#).expect("the names can be written");
    }
    let mut arguments = vec!["redact", "--context", names.to_str().expect(UTF8)];
    arguments.extend(more.iter().map(|path| path.to_str().expect(UTF8)));
    let output = run(&work.join("state"), &arguments);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn outputs_are_private_and_replace_nothing() {
    let work = folder("redact-private");
    let (input, out) = (work.join("in"), work.join("out"));
    fs::create_dir_all(input.join("deep")).expect("the folder can be made");
    fs::write(input.join("deep/log"), "session of alice\n").expect("the log can be written");
    fs::write(input.join("broken"), [b"\x7fELF".as_slice(), &[0; 4096]].concat()).expect("the file can be written");
    let run = || redact(&work, &[Path::new("--in"), &input, Path::new("--out"), &out]);
    let (code, _, said) = run();
    assert_eq!(code, 1, "one file of two cannot be redacted: {said}");
    assert!(said.contains("nothing of it was written"), "{said}");
    assert_eq!((mode(&out), mode(&out.join("deep")), mode(&out.join("deep/log"))), (0o700, 0o700, 0o600));
    assert!(!fs::read_to_string(out.join("deep/log")).expect("it can be read").contains("alice"));
    assert_eq!(fs::read_dir(&out).expect("it can be read").count(), 1, "nothing of the broken file is there");
    let (code, _, said) = run();
    assert_eq!(code, 2, "a folder that is there is not written to: {said}");
}

#[test]
fn a_compressed_log_is_read_as_its_text_and_compressed_again() {
    let work = folder("redact-packed");
    let (input, out) = (work.join("in"), work.join("out"));
    fs::create_dir_all(&input).expect("the folder can be made");
    let text = "session of alice\n".repeat(90_000);
    for (name, bytes) in [
        ("log.gz", packed::gzip(text.as_bytes())),
        ("log.xz", packed::xz(text.as_bytes())),
        ("log.zst", packed::zstd(text.as_bytes())),
        ("log.bz2", packed::bzip2(text.as_bytes())),
        ("none.gz", packed::gzip(b"")),
        ("broken.gz", Ok(b"\x1f\x8bno such format".to_vec())),
    ] {
        fs::write(input.join(name), bytes.expect("packed")).expect("the log can be written");
    }
    let (code, _, said) = redact(&work, &[Path::new("--in"), &input, Path::new("--out"), &out]);
    assert!(code == 1 && said.contains("broken.gz"), "{said}");
    assert_eq!(fs::read_dir(&out).expect("it can be read").count(), 5, "nothing of the broken one is there");
    for name in ["log.gz", "log.xz", "log.zst", "log.bz2", "none.gz"] {
        let file = fs::File::open(out.join(name)).expect("it is there");
        let packing = Packing::of(Path::new(name)).expect("a packing");
        let mut clean = String::new();
        packing.reader(file).and_then(|mut reader| reader.read_to_string(&mut clean)).expect("it is as it was packed");
        assert_eq!(clean.lines().count(), if name == "none.gz" { 0 } else { 90_000 }, "{name}");
        assert!(!clean.contains("alice"), "{name}");
    }
    let (code, written, said) = redact(&work, &[&input.join("log.xz")]);
    assert!(code == 0 && written.lines().count() == 90_000 && !written.contains("alice"), "{said}");
}

#[test]
fn a_stream_that_fails_says_what_stays_written() {
    let work = folder("redact-stream");
    // UTF-16 that breaks off in the middle of a character, long after its first piece was written.
    let mut bytes = vec![0xff, 0xfe];
    for unit in "session of alice\n".repeat(200_000).encode_utf16() {
        bytes.extend(unit.to_le_bytes());
    }
    bytes.extend([0x00, 0xd8, 0x41, 0x00]);
    let log = work.join("log");
    fs::write(&log, &bytes).expect("the log can be written");
    let (code, written, said) = redact(&work, &[&log]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("stays written"), "{said}");
    assert!(!written.is_empty() && !written.contains("alice"));
    // Where nothing was written, that is said.
    let (code, written, said) = redact(&work, &[&work]);
    assert_eq!((code, written.as_str()), (2, ""), "{said}");
    assert!(said.contains("nothing of it was written"), "{said}");
}

#[test]
fn a_context_is_read_up_to_its_cap() {
    let work = folder("redact-context");
    fs::write(work.join("names.json"), vec![b' '; (4 << 20) + 1]).expect("the names can be written");
    let log = work.join("log");
    fs::write(&log, "text\n").expect("the log can be written");
    let (code, written, said) = redact(&work, &[&log]);
    assert_eq!((code, written.as_str()), (2, ""));
    assert!(said.contains("longer than 4194304 bytes"), "{said}");
}

#[test]
fn links_and_pipes_are_named_and_names_of_files_are_redacted() {
    let work = folder("redact-names");
    let (input, out) = (work.join("in"), work.join("out"));
    fs::create_dir_all(input.join("alice")).expect("the folder can be made");
    fs::write(input.join("alice/alice.log"), "session of alice\n").expect("the log can be written");
    fs::write(input.join("plain.log"), "text\n").expect("the log can be written");
    symlink("plain.log", input.join("link.log")).expect("linked");
    nix::unistd::mkfifo(&input.join("pipe"), nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    let (code, done, said) = redact(&work, &[Path::new("--in"), &input, Path::new("--out"), &out]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("link.log is a link") && said.contains("pipe is no regular file"), "{said}");
    assert!(done.contains("2 files written"), "{done}");
    let mut names = Vec::new();
    for entry in fs::read_dir(&out).expect("it can be read").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            names.extend(fs::read_dir(&entry).expect("it can be read").map(|entry| entry.expect("an entry").path()));
        } else {
            names.push(entry);
        }
    }
    names.sort();
    let names: Vec<_> = names.iter().map(|path| path.strip_prefix(&out).expect("below").to_str().expect(UTF8)).collect();
    assert!(names.len() == 2 && names[0].contains("OEr-user-") && names[1] == "plain.log", "{names:?}");
    assert!(!names[0].contains("alice"), "{names:?}");
    let (code, _, said) = redact(&work, &[Path::new("--review"), Path::new("--in"), &input]);
    assert!(code == 1 && said.contains("link.log is a link"), "{code} {said}");
}

#[test]
fn one_input_that_fails_does_not_keep_the_others() {
    let work = folder("redact-several");
    let (good, bad) = (work.join("good"), work.join("bad"));
    fs::write(&good, "session of alice\n").expect("the log can be written");
    fs::write(&bad, [b"\x7fELF".as_slice(), &[0; 4096]].concat()).expect("the file can be written");
    let (code, written, said) = redact(&work, &[&bad, &good]);
    assert!(code == 1 && written.starts_with("session of OEr-user-") && said.contains("bad"), "{code} {written} {said}");
    let (code, written, said) = redact(&work, &[&bad, &work.join("none")]);
    assert!(code == 2 && written.is_empty() && said.contains("bad") && said.contains("none"), "{code} {said}");
    let (code, written, said) = redact(&work, &[Path::new("--json"), &good]);
    assert!(code == 2 && written.is_empty() && said.contains("--json"), "{code} {written} {said}");
}

#[test]
fn a_signal_leaves_no_half_of_a_file() {
    let work = folder("redact-signal");
    let (input, out) = (work.join("in"), work.join("out"));
    fs::create_dir_all(&input).expect("the folder can be made");
    fs::write(work.join("names.json"), r#"{"users":["alice"]}"#).expect("the names can be written");
    fs::write(input.join("a.log"), "session of alice\n").expect("the log can be written");
    fs::write(input.join("b.log"), "a session of alice at 203.0.113.9, password=x1y2z3w4\n".repeat(4_000_000)).expect("written");
    let names = work.join("names.json");
    let text = |path: &Path| path.to_str().expect(UTF8).to_owned();
    let (names, from, to) = (text(&names), text(&input), text(&out));
    let mut child = command(&work.join("state"), &["redact", "--context", &names, "--in", &from, "--out", &to])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    while !out.join("b.log.partial").exists() {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    signal::kill(pid, signal::Signal::SIGINT).expect("it is there");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("does not hold all files"), "{output:?}");
    let left: Vec<_> = fs::read_dir(&out).expect("it is there").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left, ["a.log"], "{said}");
}

#[test]
fn a_pipe_in_the_place_of_the_key_is_refused_and_not_waited_for() {
    let work = folder("redact-key-pipe");
    let state = work.join("state");
    fs::create_dir_all(&state).expect("the folder can be made");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("the mode can be set");
    let mode = nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR;
    nix::unistd::mkfifo(&state.join("redact.key"), mode).expect("a FIFO");
    let log = work.join("log");
    fs::write(&log, "text\n").expect("the log can be written");
    let (code, written, said) = redact(&work, &[&log]);
    assert!(code == 6 && written.is_empty() && said.contains("redact.key: is not a regular file"), "{code} {said}");
}
