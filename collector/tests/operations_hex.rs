//! No secret gets into the operation records by way of hex: what the records decode, the redactor has looked into.
//!
//! In: audit lines with secrets in hexadecimal. Out: they are redacted, read for operations, and the secret is not there.

use std::fmt::Write as _;

use oediag_analysis::{Conclusion, Context, conclude, tap};
use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};
use proptest::{collection::vec, prelude::*, sample::select};

const SECRET: &str = "Hunt3r#Two";

fn redactor() -> Redactor {
    let mut harvest = Harvest::default();
    harvest.learn_passwd("ops_admin:x:1000:1000:Li Ming:/home/ops_admin:/bin/bash\n");
    Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts")
}

fn operations(redactor: &Redactor, text: &str) -> Conclusion {
    let path = "var/log/audit/audit.log";
    let context =
        Context { latest: "2026-01-02T09:45:30+08:00".parse().expect("a time"), zone: jiff::tz::TimeZone::UTC, booted: None };
    let mut tap = tap(path, &context).expect("a path that is read");
    let chunks: Vec<_> = redactor.reader(text.as_bytes(), b"/var/log/audit/audit.log").collect::<Result<_, _>>().expect("text");
    for raw in chunks {
        tap.feed(redactor.clean(raw, &mut Scratch::default()).expect("clean").0.as_bytes());
    }
    conclude(vec![tap.finish()])
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02X}").expect("memory");
        out
    })
}

#[test]
fn what_the_fixtures_hide_in_hex_stays_hidden() {
    let text = "type=USER_CMD msg=audit(1762848300.412:4495): pid=71301 uid=1000 auid=1000 ses=4 subj=u:r:t:s0 msg='cwd=\"/home/ops_admin\" cmd=6D7973716C202D7520726F6F74202D70523030742344625F3139 exe=\"/usr/bin/sudo\" terminal=pts/3 res=success'\n\
        type=SYSCALL msg=audit(1762848360.512:4496): arch=c000003e syscall=59 success=yes exit=0 items=2 ppid=71300 pid=71312 auid=1000 uid=0 tty=pts3 ses=4 comm=\"curl\" exe=\"/usr/bin/curl\" key=\"rootcmd\"\n\
        type=PROCTITLE msg=audit(1762848360.512:4496): proctitle=6375726C002D4800582D417574682D546F6B656E3A20674141414141426C375178334558414D504C45\n\
        type=USER_CMD msg=audit(1767225900.412:4539): pid=81301 uid=1000 auid=1000 ses=4 subj=u:r:t:s0 msg='cwd=\"/root\" cmd=73736870617373202D702043657068404465706C6F7923343220737368 exe=\"/usr/bin/sudo\" terminal=pts/3 res=success'\n";
    let found = operations(&redactor(), text).operations;
    let what: Vec<&str> = found.iter().map(|operation| operation.what.as_str()).collect();
    assert_eq!(what.len(), 3, "{what:?}");
    assert!(what[0].starts_with("mysql -u root -p") && what[1].starts_with("curl -H X-Auth-Token: "), "{what:?}");
    assert!(what[2].starts_with("sshpass -p "), "{what:?}");
    for secret in ["R00t#Db_19", "gAAAAABl7Qx3EXAMPLE", "Ceph@Deploy#42"] {
        assert!(!what.iter().any(|what| what.contains(secret)), "{what:?}");
    }
}

#[test]
fn every_argument_that_is_decoded_was_looked_into() {
    let redactor = redactor();
    for at in 0..40 {
        let mut arguments = String::new();
        for argument in 0..at {
            write!(arguments, " a{argument}={}", hex("ls -l some where")).expect("memory");
        }
        let secret = hex(&format!("--password={SECRET} x"));
        let text = format!(
            "type=SYSCALL msg=audit(1767225900.412:9): arch=c000003e syscall=59 success=yes auid=1000 tty=pts3\n\
             type=EXECVE msg=audit(1767225900.412:9): argc={}{arguments} a{at}={secret}\n",
            at + 1
        );
        let found = operations(&redactor, &text).operations;
        assert_eq!(found.len(), 1);
        assert!(!found[0].what.contains(SECRET), "a{at}: {}", found[0].what);
    }
}

/// Pieces of audit lines, among them words that make the redactor look at what follows.
const PIECES: &[&str] = &[
    " comm=\"mysql\"",
    " exe=\"/usr/bin/mysql\"",
    " acct=\"ops_admin\"",
    " pid=1",
    " password=x",
    " token: ",
    " a0=\"sshpass\"",
    " a1=\"-p\"",
    " cmd=",
    " a1=",
    " a2=",
    " a3=",
    " a7=",
    " a12=",
    " proctitle=",
    " data=",
    "\"",
    "'",
    ",",
    ";",
    " ",
    "=",
    "  ",
    " argc=2",
    " curl -u ",
    " -pabc",
    " addr=10.1.2.3",
    "\u{1d}UID=\"root\"",
    " key=(null)",
    "\\",
    "(",
    "http://a:b@c/",
    "-----BEGIN RSA PRIVATE KEY-----",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_secret_is_decoded_whatever_stands_around_it(
        kind in select(&["EXECVE", "PROCTITLE", "USER_CMD", "SYSCALL"][..]),
        before in vec(select(PIECES), 0..12),
        key in select(&[" a0=", " a1=", " a2=", " a3=", " a9=", " a15=", " a16=", " cmd=", " proctitle=", "cmd=", "xcmd="][..]),
        form in select(&["mysql -uroot -pSECRET", "x --password=SECRET", "curl -u a:SECRET http://h/", "sshpass -p SECRET ssh h", "export PASSWORD=SECRET"][..]),
        after in vec(select(PIECES), 0..6),
    ) {
        let redactor = redactor();
        let line = format!("{}{key}{}{}", before.concat(), hex(&form.replace("SECRET", SECRET)), after.concat());
        let text = format!(
            "type=SYSCALL msg=audit(1767225900.412:9): arch=c000003e syscall=59 success=yes auid=1000 tty=pts3\n\
             type={kind} msg=audit(1767225900.412:9):{line}\n"
        );
        for operation in operations(&redactor, &text).operations {
            prop_assert!(!operation.what.contains(SECRET), "{} of {}", operation.what, line);
        }
    }
}
