//! Third parties: `verify.sh` from the README, with stock ssh-keygen, sha256sum and tar (T1, T3, T4, T7).

use std::{
    fs,
    path::{Path, PathBuf},
};

use oediag_protocol::{
    bundle::{
        name::README,
        readme::{SCRIPT_BEGIN, SCRIPT_END, verify_sh},
    },
    sshsig::{Namespace, Signer, allowed_line},
};

use crate::common::{Members, archive, bundle_name, folder, has_ssh_keygen, host, run, sign_file, signer, some_files};

/// What an attacker does to the members, and whether the inner checks of verify.sh notice it.
type Edit = (&'static str, fn(&mut Members), bool);

/// A folder with everything that verify.sh needs.
fn prepared(test: &str, bundle: &[u8], signature: &[u8]) -> PathBuf {
    let folder = folder(test);
    let name = bundle_name();
    fs::write(folder.join(format!("{name}.tar.gz")), bundle).expect("writing");
    fs::write(folder.join(format!("{name}.tar.gz.sig")), signature).expect("writing");
    fs::write(folder.join("verify.sh"), verify_sh()).expect("writing");
    let line = allowed_line(&host().to_string(), Namespace::HOST, &signer().public());
    fs::write(folder.join("allowed_signers"), line + "\n").expect("writing");
    folder
}

fn verify_sh_in(folder: &Path) -> (bool, String) {
    run(folder, "sh", &["verify.sh", &bundle_name().to_string(), &host().to_string()], b"")
}

#[test]
fn verify_sh_accepts_an_honest_bundle() {
    if !has_ssh_keygen() {
        return;
    }
    let bundle = archive(&some_files());
    let folder = prepared("verify_sh_accepts", &bundle, &sign_file(&bundle));
    let (ok, text) = verify_sh_in(&folder);
    assert!(ok, "{text}");
    assert!(text.contains("is whole and signed by"), "{text}");
    // What tar unpacked is what our reader yields.
    for (path, content) in some_files() {
        assert_eq!(fs::read(folder.join(bundle_name().to_string()).join(&path)).expect("unpacked"), content, "{path}");
    }
    let (ok, text) = verify_sh_in(&folder);
    assert!(!ok && text.contains("exists already"), "{text}");
}

#[test]
fn verify_sh_can_be_cut_out_of_the_readme() {
    let readme = String::from_utf8(some_files()[0].1.clone()).expect("UTF-8");
    let folder = folder("verify_sh_is_cut_out");
    fs::write(folder.join(README), &readme).expect("writing");
    let commands: Vec<_> = readme.lines().map(str::trim).filter(|line| line.starts_with("sed ")).collect();
    assert_eq!(commands.len(), 2, "one in each language");
    for command in commands {
        let (ok, text) = run(&folder, "sh", &["-c", command], b"");
        assert!(ok, "{text}");
        let cut = fs::read_to_string(folder.join("verify.sh")).expect("cut out");
        assert_eq!(cut, format!("{SCRIPT_BEGIN}\n{}{SCRIPT_END}\n", verify_sh()));
    }
    for needed in
        [&host().to_string(), &signer().public().fingerprint(), &bundle_name().to_string(), &signer().public().to_string()]
    {
        assert!(readme.contains(needed), "{needed}");
    }
    assert!(readme.find("诊断包") < readme.find("What this is"), "Chinese first");
}

/// T3 and T4 for verify.sh. `resigned`: the attacker can sign the file, but not the sums.
#[test]
fn verify_sh_refuses_changed_bundles() {
    if !has_ssh_keygen() {
        return;
    }
    let honest = sign_file(&archive(&some_files()));
    let edits: &[Edit] = &[
        ("added", |members| members.insert(3, ("etc/added".into(), b"x".to_vec())), true),
        ("removed", |members| drop(members.remove(3)), true),
        ("renamed", |members| members[3].0 = "proc/other".into(), true),
        ("duplicated", |members| members.insert(3, members[2].clone()), true),
        ("changed", |members| members[2].1[0] ^= 1, true),
        // Neither unpacked files nor sums have an order: only the signature over the file and `oediag verify` notice.
        ("reordered", |members| members.swap(2, 3), false),
    ];
    for (what, edit, inner_notices) in edits {
        let mut members = some_files();
        edit(&mut members);
        let bundle = archive(&members);
        let (ok, text) = verify_sh_in(&prepared(&format!("verify_sh_{what}"), &bundle, &honest));
        assert!(!ok && text.contains("signature over oediag-"), "{what}: {text}");
        let (ok, text) = verify_sh_in(&prepared(&format!("verify_sh_{what}_resigned"), &bundle, &sign_file(&bundle)));
        assert_eq!(ok, !inner_notices, "{what}: {text}");
    }

    let bundle = archive(&some_files());
    let wrong_namespace = signer().sign(Namespace::Bundle, &bundle).expect("signing");
    let wrong_key = Signer::generate([9; 32]).sign(Namespace::File, &bundle).expect("signing");
    for (what, signature) in [("namespace", wrong_namespace), ("key", wrong_key)] {
        let (ok, text) = verify_sh_in(&prepared(&format!("verify_sh_wrong_{what}"), &bundle, signature.as_bytes()));
        assert!(!ok, "{what}: {text}");
    }
}

#[test]
fn verify_sh_unpacks_no_links() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = folder("verify_sh_links_source");
    let name = bundle_name().to_string();
    fs::create_dir(folder.join(&name)).expect("folder");
    std::os::unix::fs::symlink("/etc", folder.join(&name).join("etc")).expect("link");
    let (ok, text) = run(&folder, "tar", &["--owner=0", "--group=0", "--numeric-owner", "-czf", "bad.tar.gz", &name], b"");
    assert!(ok, "{text}");
    let bundle = fs::read(folder.join("bad.tar.gz")).expect("made");
    let folder = prepared("verify_sh_links", &bundle, &sign_file(&bundle));
    let (ok, text) = verify_sh_in(&folder);
    assert!(!ok && text.contains("something else than plain files"), "{text}");
    assert!(!folder.join(&name).exists());
}

#[test]
fn stock_gzip_and_the_tar_crate_read_the_same() {
    let members = some_files();
    let bundle = archive(&members);
    let folder = prepared("stock_gzip", &bundle, b"");
    let (ok, text) = run(&folder, "gzip", &["-t", &format!("{}.tar.gz", bundle_name())], b"");
    assert!(ok, "{text}");
    let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(&bundle[..]));
    let found: Members = archive
        .entries()
        .expect("tar")
        .map(|entry| {
            let mut entry = entry.expect("entry");
            let path = String::from_utf8(entry.path_bytes().into_owned()).expect("ASCII");
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).expect("content");
            (path.split_once('/').expect("top folder").1.to_owned(), content)
        })
        .collect();
    assert_eq!(found, members);
}
