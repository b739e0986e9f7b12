//! A small bundle writer for tests, with every knob an attacker has, and helpers around stock tools.
//!
//! In: members. Out: the bytes of a `NAME.tar.gz`. It is no model for the collector's writer: all in memory, flate2.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, Crc, write::DeflateEncoder};
use oediag_protocol::{
    bundle::{
        gzip::MEMBER_HEADER,
        manifest::{
            Agent, BUNDLE_SCHEMA, BundleJson, Clock, Item, ItemKind, Limits, Manifest, Os, Outcome, Redaction, SCHEMA, Start,
            Window,
        },
        name::{self, BundleName},
        readme::readme,
        sums, ustar,
    },
    digest::Sha256,
    id::{BundleId, HostId},
    json,
    sshsig::{Namespace, Signer},
    time::Time,
};

/// Contents are cut into gzip members of this size: small, so that a few KiB already make many.
pub(crate) const CHUNK: usize = 1000;

pub(crate) fn signer() -> Signer {
    Signer::generate([7; 32])
}

pub(crate) fn host() -> HostId {
    HostId([0xab; 16])
}

pub(crate) fn start() -> Start {
    Start {
        bundle_id: BundleId([0x1c; 16]),
        host_id: host(),
        tenant_id: Some("t-1042".to_owned()),
        agent: Agent { name: "oediag".to_owned(), version: "1.0.0".to_owned(), catalogue_sha256: Sha256([1; 32]) },
        os: Os {
            id: "openEuler".to_owned(),
            version: "22.03 (LTS-SP3)".to_owned(),
            kernel: "5.10.0-182.0.0".to_owned(),
            arch: "aarch64".to_owned(),
        },
        started: Time(1_795_395_723),
        clock: Clock { synced: Some(true), boot_id: None, zone: Some("Asia/Shanghai".to_owned()) },
        request_id: None,
        case: None,
        severity: None,
        preset: "quick".to_owned(),
        window: Window::default(),
        limits: Limits { bytes: 1 << 29, item_bytes: 1 << 26, seconds: 900 },
        derived_from: None,
        estimate: None,
    }
}

pub(crate) fn bundle_name() -> BundleName {
    let start = start();
    BundleName::new(start.host_id, start.started, start.bundle_id)
}

pub(crate) fn item(id: &str, kind: ItemKind, path: Option<&str>, outcome: Outcome) -> Item {
    Item { path: path.map(str::to_owned), outcome, ..Item::new(id, kind) }
}

pub(crate) fn manifest(items: Vec<Item>) -> Manifest {
    Manifest {
        schema: SCHEMA.to_owned(),
        start: start(),
        ended: Time(start().started.0 + 60),
        complete: true,
        incomplete_reason: None,
        redaction: Redaction {
            ruleset: "default-7".to_owned(),
            ruleset_sha256: Sha256([2; 32]),
            level: "standard".to_owned(),
            total: 3,
            counts: [("ipv4".to_owned(), 3)].into(),
            leaks: std::collections::BTreeMap::new(),
            map_kept_on_host: true,
            map_left_out: 0,
            settings: None,
        },
        ledger_head: None,
        items,
    }
}

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    gzip_with(MEMBER_HEADER, bytes)
}

pub(crate) fn gzip_with(header: [u8; 10], bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(header.to_vec(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory");
    let mut out = encoder.finish().expect("writing to memory");
    let mut crc = Crc::new();
    crc.update(bytes);
    out.extend(crc.sum().to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

/// A tar member as gzip members: header, content, padding.
pub(crate) fn packed(header: &[u8; 512], content: &[u8]) -> Vec<u8> {
    let mut tar = header.to_vec();
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
    tar.chunks(CHUNK).flat_map(gzip).collect()
}

/// `path` is inside `NAME/`.
pub(crate) fn header(path: &str, content: &[u8]) -> [u8; 512] {
    let path = format!("{}/{path}", bundle_name());
    ustar::header(&path, content.len() as u64, start().started).expect("a path of the profile")
}

pub(crate) fn end() -> Vec<u8> {
    gzip(&ustar::END)
}

/// The members of a bundle, by path and content, in order.
pub(crate) type Members = Vec<(String, Vec<u8>)>;

/// An archive of these members: nothing is added, left out or put in order.
pub(crate) fn archive(members: &Members) -> Vec<u8> {
    let mut out: Vec<u8> = members.iter().flat_map(|(path, content)| packed(&header(path, content), content)).collect();
    out.extend(end());
    out
}

/// All members of an honest bundle that holds these files of a host.
pub(crate) fn members(files: &[(&[u8], &[u8])]) -> Members {
    members_with(files, |_| {})
}

/// The same with a manifest that `edit` has changed; sums and signature fit the changed manifest.
pub(crate) fn members_with(files: &[(&[u8], &[u8])], edit: impl FnOnce(&mut Manifest)) -> Members {
    let key = signer();
    let begun = BundleJson { schema: BUNDLE_SCHEMA.to_owned(), start: start() };
    let mut members: Members = vec![
        (name::README.to_owned(), readme(bundle_name(), host(), &key.public()).into_bytes()),
        (name::BUNDLE_JSON.to_owned(), json::to_bytes(&begun).expect("bundle.json")),
    ];
    members.extend(files.iter().map(|(path, content)| (name::member_path(path), content.to_vec())));
    members.push((name::FACTS.to_owned(), b"{}\n".to_vec()));
    members.push((name::ALERTS.to_owned(), b"[]\n".to_vec()));

    let mut offset = 0;
    let mut items = vec![item("logs.absent", ItemKind::File, None, Outcome::Skipped)];
    for (path, content) in &members {
        items.push(Item {
            offset: Some(offset),
            bytes: content.len() as u64,
            bytes_seen: content.len() as u64,
            sha256: Some(Sha256::of(content)),
            ..item("oediag", ItemKind::Record, Some(path), Outcome::Collected)
        });
        offset += packed(&header(path, content), content).len() as u64;
    }
    let mut manifest = manifest(items);
    edit(&mut manifest);
    members.push((name::MANIFEST.to_owned(), json::to_bytes(&manifest).expect("manifest.json")));
    close(members)
}

/// Puts fresh sums and their signature behind these members.
pub(crate) fn close(mut members: Members) -> Members {
    let sums = sums::format(members.iter().map(|(path, content)| (path.as_str(), Sha256::of(content))));
    let sig = signer().sign(Namespace::Bundle, sums.as_bytes()).expect("signing");
    members.push((name::SUMS.to_owned(), sums.into_bytes()));
    members.push((name::SUMS_SIG.to_owned(), sig.into_bytes()));
    members
}

/// Some files, one longer than several gzip members and one empty.
pub(crate) fn some_files() -> Members {
    let messages: Vec<u8> =
        (0..200).flat_map(|n| format!("Nov 23 01:02:{:02} host kernel: line {n}\n", n % 60).into_bytes()).collect();
    members(&[
        (b"/etc/os-release", b"ID=openEuler\n"),
        (b"/proc/cmdline", b""),
        (b"/var/log/messages", &messages),
        (b"/var/log/\xe4\xb8\xad\xe6\x96\x87 -rf\n.log", b"name with bytes of all kinds\n"),
    ])
}

/// The detached signature of a bundle's bytes.
pub(crate) fn sign_file(bundle: &[u8]) -> Vec<u8> {
    signer().sign(Namespace::File, bundle).expect("signing").into_bytes()
}

/// An empty folder for one test.
pub(crate) fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if path.exists() {
        fs::remove_dir_all(&path).expect("clearing the test's folder");
    }
    fs::create_dir_all(&path).expect("making the test's folder");
    path
}

/// Whether stock ssh-keygen is there. Without it the tests that need it are not worth their name, so they say so.
#[expect(clippy::print_stderr, reason = "a skipped test must be heard of")]
pub(crate) fn has_ssh_keygen() -> bool {
    let found = Command::new("ssh-keygen").arg("-?").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("!!! SKIPPED: ssh-keygen is not installed, so nothing here was compared with it !!!");
    }
    found
}

/// Runs a program in `folder` with `input` on stdin; tells whether it ended with status 0, and all that it printed.
pub(crate) fn run(folder: &Path, program: &str, args: &[&str], input: &[u8]) -> (bool, String) {
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(program);
    // A program that refuses its input early closes the pipe; its status tells the rest.
    child.stdin.take().expect("piped").write_all(input).ok();
    let output = child.wait_with_output().expect(program);
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}
