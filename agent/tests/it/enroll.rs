//! Enrolment: what is stored, and when nothing is (T25).

use std::{fs, os::unix::fs::PermissionsExt as _};

use oediag_protocol::{
    enroll::Token,
    keyset::{Keyset, RootPin},
    time::Time,
};

use crate::{
    center::{Center, Lie, keyset, now, refusal, tenant},
    host::Host,
    http::Action,
};

fn stored(host: &Host) -> bool {
    host.state().join("etc/center.json").exists()
}

#[test]
fn an_enrolled_host_knows_its_center() {
    let center = Center::honest();
    let host = Host::new("enroll");
    let run = host.run(&["status"]).ends(0);
    assert!(run.out.contains("not enrolled"), "{run:#?}");
    host.run(&["consent", "list"]).ends(0);
    assert!(!host.state().exists(), "looking makes nothing");
    // A place that cannot be used is a matter of usage.
    fs::write(host.state(), "no folder").expect("it can be written");
    host.enroll(&center, &[]).ends(2);
    fs::remove_file(host.state()).expect("it can be removed");
    let run = host.enroll(&center, &["--json"]).ends(0);
    assert_eq!((run.json()["keyset_version"].as_u64(), run.err.as_str()), (Some(2), ""));
    for file in ["etc/center.json", "agent/transport_ed25519"] {
        let mode = fs::metadata(host.state().join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let secret = center.token.to_text();
    let text = fs::read_to_string(host.state().join("etc/center.json")).expect("text");
    assert!(!text.contains(secret.split('.').nth(2).expect("the secret")), "the token's secret is kept nowhere");
    let status = host.run(&["status", "--json"]).ends(0).json();
    assert_eq!(status["center"]["name"], "support.example.cn");
    assert_eq!(status["center"]["tenant_id"], "t-1042");
    // Enrolling again with the same center is no question.
    let transport = fs::read(host.state().join("agent/transport_ed25519")).expect("the key");
    host.enroll(&center, &[]).ends(0);
    assert_eq!(fs::read(host.state().join("agent/transport_ed25519")).expect("the key"), transport);
}

#[test]
fn another_center_needs_a_word() {
    let (first, mut roots) = (Center::honest(), keyset(1));
    roots.root.keys.swap(0, 1);
    let second = Center::new(|_, _| None, |_, _| None, &[roots]);
    let host = Host::enrolled("enroll-other", &first);
    let before = fs::read(host.state().join("etc/center.json")).expect("stored");
    let run = host.enroll(&second, &[]).ends(2);
    assert!(run.err.contains("--replace") && second.known().log.is_empty(), "{run:#?}");
    assert_eq!(fs::read(host.state().join("etc/center.json")).expect("stored"), before);
    host.enroll(&second, &["--replace"]).ends(0);
    assert_ne!(fs::read(host.state().join("etc/center.json")).expect("stored"), before);
}

/// The same center cannot go back to keys that it has replaced.
#[test]
fn t25_an_older_keyset_is_not_stored() {
    let newest = Center::honest();
    let older = Center::new(|_, _| None, |_, _| None, &[keyset(1)]);
    let host = Host::enrolled("enroll-older", &newest);
    let before = fs::read(host.state().join("etc/center.json")).expect("stored");
    let run = host.enroll(&older, &[]).ends(4);
    assert!(run.err.contains("older"), "{run:#?}");
    assert_eq!(fs::read(host.state().join("etc/center.json")).expect("stored"), before);
    host.enroll(&older, &["--replace"]).ends(0);
}

#[test]
fn t25_what_the_token_does_not_vouch_for_is_not_stored() {
    type Change = fn(&mut Keyset);
    let changes: [(&str, Change, i32); 3] = [
        ("expired", |keyset| keyset.expires = Time(now().0 - 3600), 4),
        ("clock", |keyset| (keyset.issued, keyset.expires) = (Time(now().0 + 7200), Time(now().0 + 9000)), 4),
        ("no-vault", |keyset| keyset.vault.clear(), 4),
    ];
    for (name, change, code) in changes {
        let mut changed = keyset(1);
        change(&mut changed);
        let center = Center::new(|_, _| None, |_, _| None, &[changed]);
        let host = Host::new(&format!("t25-{name}"));
        let run = host.enroll(&center, &[]).ends(code);
        assert!(!stored(&host) && run.err.lines().count() <= 5, "{name}: {run:#?}");
    }
    // Who answers in the center's place has other root keys.
    let mut center = Center::honest();
    center.token = Token::new(tenant(), [0xa5; 16], RootPin([7; 10]));
    let host = Host::new("t25-pin");
    let run = host.enroll(&center, &[]).ends(4);
    assert!(!stored(&host) && run.err.contains("root keys"), "{run:#?}");
    // A token that the center does not know.
    center.token = Token::new(tenant(), [1; 16], keyset(1).root.pin());
    let run = host.enroll(&center, &[]).ends(4);
    assert!(!stored(&host) && run.err.contains("token"), "{run:#?}");
}

#[test]
fn a_reply_that_is_none_is_not_stored() {
    let replies: [(&str, Action, i32); 5] = [
        ("junk", Action::Reply(200, Vec::new(), b"<html>Sign in</html>".to_vec()), 4),
        ("fault", Action::Reply(502, Vec::new(), Vec::new()), 5),
        ("elsewhere", Action::Reply(302, vec![("location", "http://127.0.0.1:1/v1/enroll".to_owned())], Vec::new()), 5),
        ("hang", Action::Hang, 5),
        ("conflict", refusal(409, "this host id is known with another key"), 4),
    ];
    for (name, action, code) in replies {
        let center = Center::lying(move |_, _| Some(Lie::Instead(action.clone())));
        let host = Host::new(&format!("enroll-{name}"));
        let run = host.enroll(&center, &[]).ends(code);
        assert!(!stored(&host), "{name}: {run:#?}");
        assert_eq!(center.count("enroll"), 1, "{name}: asked once");
    }
}

#[test]
fn words_that_are_wrong_are_found_before_anything_is_sent() {
    let center = Center::honest();
    let host = Host::new("enroll-words");
    let (url, token) = (center.url(), center.token.to_text().to_string());
    let no_certificate = host.folder.join("ca.pem");
    fs::write(&no_certificate, "nothing").expect("it can be written");
    let no_certificate = no_certificate.to_str().expect("UTF-8");
    for arguments in [
        &["--url", "http://support.example.cn", "--token", &token][..],
        &["--url", "https://support.example.cn/path", "--token", &token],
        &["--url", &url, "--token", "oed1.t-1042.short"],
        &["--url", &url, "--token-file", "/nothing/there"],
        &["--url", &url],
        &["--url", &url, "--token", &token, "--ca", no_certificate],
        &["--url", &url, "--token", &token, "--country", "China"],
    ] {
        let run = host.run(&[&["enroll"], arguments].concat()).ends(2);
        assert!(!run.err.contains("short") && !stored(&host), "{run:#?}");
    }
    assert!(center.known().log.is_empty());
    let run = host.run(&["enroll", "--url", &url, "--token", &token]).ends(0);
    assert!(run.err.contains("can be seen"), "{run:#?}");
    // Nobody there.
    let host = Host::new("enroll-nobody");
    let run = host.run(&["enroll", "--url", "http://127.0.0.1:1", "--token", &token, "--patience", "5"]).ends(5);
    assert!(!stored(&host), "{run:#?}");
}
