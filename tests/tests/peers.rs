//! The official tus programs beside ours: our uploader against the server of tus, the clients of tus against our center.
//! `cargo xtask test` installs them and names their folder in `OEDIAG_PEERS`; without it there is nothing to test against.

#![expect(clippy::print_stdout, reason = "a test that is left out says so")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use oediag_protocol::{consent::Consent, document, envelope::Envelope, sealed::Reader};
use oediag_tests::{HOSTS, bundles, center::Center, collect_fixture, folder, run};

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended before.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn peers() -> Option<PathBuf> {
    let folder = std::env::var_os("OEDIAG_PEERS").map(PathBuf::from);
    if folder.is_none() {
        println!("left out: OEDIAG_PEERS names no folder with the official tus programs; cargo xtask test installs them");
    }
    folder
}

fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Sends a sealed file with one of the official clients, under a token of the tenant; gives the path of the upload.
fn carried(center: &Center, client: &mut Command, file: &Path) -> String {
    let token = center.token("upload");
    let sealed = fs::read(file).expect("the sealed file");
    let reader = Reader::new(sealed.as_slice()).expect("a sealed file");
    let consent: Consent = document::parse(&reader.head().consent).expect("a receipt");
    let front = front(&sealed);
    let bearer = format!("Authorization: Bearer {token}");
    let reply = center.request("POST", "/v1/consents", &[&bearer], &sealed[..front]);
    assert_eq!(reply.status, 201, "{}", reply.text());
    let endpoint = format!("{}/v1/uploads", center.url());
    let output = client.arg(endpoint).arg(file).arg(&token).arg(consent.receipt_id.to_string()).output().expect("it starts");
    assert!(output.status.success(), "{}", said(&output));
    let url = String::from_utf8(output.stdout).expect("a URL").trim().to_owned();
    let path = url.strip_prefix(center.url()).unwrap_or(&url).to_owned();
    let ack = center.request("POST", &format!("{path}/finish"), &[&bearer], b"");
    assert_eq!(ack.status, 200, "{}", ack.text());
    assert!(ack.text().contains("oediag-ack-v1"), "{}", ack.text());
    path
}

/// Bytes of a sealed file before its payload.
fn front(sealed: &[u8]) -> usize {
    let mut left = sealed;
    Reader::new(&mut left).expect("a sealed file");
    sealed.len() - left.len()
}

#[test]
fn official_tus_programs_and_ours_understand_each_other() {
    let Some(peers) = peers() else { return };
    let work = folder("peers");
    let mut center = Center::start(&work);
    let [one, two] = HOSTS.map(|host| collect_fixture(&format!("peers-{host}"), host));
    for host in [&one, &two] {
        let output = center.enrol(&host.state);
        assert!(output.status.success(), "{}", said(&output));
    }
    center.kill();

    // The official server in the center's place: it takes every byte, and what it says in place of an ack is refused.
    let files = work.join("files");
    let mut server = Command::new("node");
    server.arg(peers.join("server.mjs")).arg(center.port().to_string()).arg(&files).stdout(Stdio::piped());
    let mut server = Running(server.spawn().expect("node starts"));
    let mut ready = String::new();
    BufReader::new(server.0.stdout.take().expect("its output")).read_line(&mut ready).expect("a line");
    assert_eq!(ready, "ready\n");
    let mut sealed = Vec::new();
    for host in [&one, &two] {
        let before = names(&files);
        let bundle = bundles(&host.out).remove(0);
        let path = bundle.to_str().expect("UTF-8");
        let short = path.rsplit('-').next().and_then(|end| end.get(..8)).expect("a name ends in the id");
        let output = run(&host.state, &["upload", path, "--consent", short, "--patience", "5"]);
        assert_eq!(output.status.code(), Some(4), "an ack that nobody signed: {}", said(&output));
        let file = names(&files).into_iter().find(|name| !before.contains(name)).expect("a file came in");
        let bytes = fs::read(&file).expect("the file");
        let reader = Reader::new(bytes.as_slice()).expect("a sealed file");
        let envelope: Envelope = document::parse(&reader.head().envelope).expect("an envelope");
        reader.into_payload().finish(&envelope).expect("every byte as it was sealed");
        sealed.push(file);
    }
    drop(server);

    // The same files, carried by the official clients to the center that they are for.
    drop(center.restart());
    carried(&center, Command::new("node").arg(peers.join("upload.mjs")), &sealed[0]);
    carried(&center, Command::new(peers.join("venv/bin/python")).arg(peers.join("upload.py")), &sealed[1]);

    // T38: the host asks again, and gets the ack of what was carried; nothing is stored twice.
    let bundle = bundles(&one.out).remove(0);
    let output = run(&one.state, &["upload", bundle.to_str().expect("UTF-8"), "--patience", "30"]);
    assert!(output.status.success(), "{}", said(&output));
}

/// The uploads of the official server: files with a note of JSON beside them.
fn names(files: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(files).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_none()).collect()
}
