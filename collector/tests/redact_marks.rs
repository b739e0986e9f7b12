//! Values that look as if they were replaced, values before the ending of a file's name, names that stand in the lines of the
//! self-test: what is a secret goes, what was replaced stays.

use oediag_collector::redact::{Counts, Harvest, Key, Level, Redactor, Scratch, SiteRules};

fn redactor(harvest: &Harvest) -> Redactor {
    Redactor::new(harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("the self-test passes")
}

fn host() -> Redactor {
    let mut harvest = Harvest::default().with_keywords(["ProjectTaishan".to_owned()]);
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com");
    harvest.learn_passwd("ops_admin:x:1000:1000:Li Ming:/home/ops_admin:/bin/bash\n");
    harvest.subnets.insert(([10, 31, 1, 0], 24));
    harvest.rules.add("keywords = [\"falcon\"]").expect("a rule");
    redactor(&harvest)
}

fn line(redactor: &Redactor, text: &str) -> String {
    let mut scratch = Scratch::default();
    let raw = redactor.reader(text.as_bytes(), b"/var/log/any").next().expect("a chunk").expect("text");
    String::from_utf8(redactor.clean(raw, &mut scratch).expect("clean").0.into_bytes()).expect("UTF-8")
}

/// Line, what must be gone.
const GO: &[(&str, &str)] = &[
    ("password=OEr-MyRealSecret123", "MyRealSecret123"),
    ("password: \"OEr-Zz9secret\"", "Zz9secret"),
    ("https://u:OEr-Zz9secret@h/", "Zz9secret"),
    ("密码：OEr-Zz9secret", "Zz9secret"),
    ("token=OEr-password-kv-abcdefghijkl-RealSecret9876", "RealSecret9876"),
    ("password=OEr-password-kv-abcdefghijkl-RealSecret9876", "RealSecret9876"),
    ("api_key=OEr-colour-abcdefgh2345Xy77", "Xy77"),
    ("X-Auth-Token: OEr-n0wYouSee77aa", "n0wYouSee77aa"),
    ("up OEr-bjdc-app-017 now", "bjdc-app-017"),
    ("by OEr-ops_admin now", "ops_admin"),
    ("of OEr-ProjectTaishan now", "ProjectTaishan"),
    ("of OEr-falcon now", "falcon"),
    ("to=<OEr-li.ming@mail.example.net>", "li.ming"),
    ("Failed password for invalid user OEr-liujie88 from x", "liujie88"),
    ("/idcard/110199189902140032.jpg", "110199189902140032"),
    ("/idcard/11010519491231002X.jpg", "11010519491231002X"),
    ("/etc/sysctl.d/10.31.1.20.conf", "10.31.1.20"),
];

/// Lines that stay as they are.
const STAY: &[&str] = &[
    "password=OEr-password-kv-abcdefghijkl token=OEr-key-abcdefgh2345OEr-jwt-abcdefgh2345 up",
    "password: \"OEr-leak-abcdefghijkl\", secret: OEr-journal-bin",
    "https://OEr-user-abcdefgh2345:OEr-url-userinfo-abcdefgh2345@OEr-host-abcdefgh2345.OEr-dom-abcdefgh2345.invalid/",
    "to=<OEr-user-abcdefgh2345@OEr-dom-abcdefgh2345.invalid>, OER-HOST-ABCDEFGH2345 up",
    "user OEr-user-abcdefgh2345 of OEr-keyword-falconfalcon logged in",
    "密码：OEr-zh-password-abcdefghijkl，请重试",
    "at 1700000000123456789.5 of 138001380001.jpg, 110199189902140033.jpg, libfoo-10.31.2.20.so",
];

#[test]
fn only_whole_stand_ins_are_passed_over() {
    let redactor = host();
    for (text, secret) in GO {
        let once = line(&redactor, text);
        assert!(!once.contains(secret), "{text}\n{once}");
        assert_eq!(line(&redactor, &once).replace("10.31.1.", ""), once.replace("10.31.1.", ""), "{text}");
    }
    for text in STAY {
        assert_eq!(line(&redactor, text), *text);
    }
}

#[test]
fn an_ending_hides_nothing_in_the_name_of_a_member() {
    let redactor = host();
    let mut counts = Counts::default();
    for (path, gone) in [
        ("/etc/sysctl.d/110199189902140032.conf", "110199189902140032"),
        ("/etc/sysctl.d/10.31.1.20.conf", "10.31.1.20"),
        ("/etc/sysctl.d/192.168.7.20.conf", "192.168.7.20"),
    ] {
        let out = String::from_utf8(redactor.path(path.as_bytes(), &mut counts)).expect("UTF-8");
        assert!(!out.contains(gone) && out.starts_with("/etc/sysctl.d/") && out.rsplit('.').next() == Some("conf"), "{out}");
    }
    assert_eq!(counts.total(), 3);
    let path = b"/usr/lib/libfoo.so.4.19.90.1.debug";
    assert_eq!(redactor.path(path, &mut counts), path);
}

#[test]
fn names_and_words_of_the_self_test_do_not_stop_it() {
    for word in ["pool", "port", "root", "password", "Bearer", "sshpass", "3128", "pool.password", "proxy", "mail.example.net"] {
        let mut host = Harvest::default();
        host.learn_fqdn(word);
        host.learn_passwd(&format!("{word}:x:1000:1000::/home/{word}:/bin/bash\n"));
        let mut rules = SiteRules::default();
        rules.add(&format!("keywords = [\"{word}\"]")).expect("a rule");
        let words = Harvest::default().with_keywords([word.to_owned()]);
        for harvest in [host, words, Harvest { rules, ..Harvest::default() }] {
            assert!(!line(&redactor(&harvest), "password = n0wYou!See\n").contains("n0wYou!See"), "{word}");
        }
    }
}

/// A text between lines of another, as programs of other systems append it.
fn between(inner: &str, width: usize, big: bool) -> Vec<u8> {
    let mut text = b"Nov 23 15:04:01 app[1]: plain line with words\n".repeat(20);
    for character in inner.chars() {
        let number = (character as u32).to_le_bytes();
        text.extend((0..width).map(|n| number[if big { width - 1 - n } else { n }]));
    }
    text.extend_from_slice(b"last line\n");
    text
}

fn all(redactor: &Redactor, text: &[u8], size: usize) -> Vec<u8> {
    let mut scratch = Scratch::default();
    let chunks = redactor.reader(text, b"/var/log/any").with_chunk_size(size);
    chunks.flat_map(|raw| redactor.clean(raw.expect("text"), &mut scratch).expect("clean").0.into_bytes()).collect()
}

fn narrow(text: &[u8]) -> String {
    String::from_utf8_lossy(&text.iter().copied().filter(|b| *b != 0).collect::<Vec<_>>()).into_owned()
}

#[test]
fn wide_characters_between_lines_are_read() {
    let redactor = host();
    let inner = "password=Hunter2xyz phone=13800138000\nuser OEr-ops_admin on bjdc-app-017 up\n口令：Zx81Secret done\n";
    for (width, big) in [(2, false), (2, true), (4, false), (4, true)] {
        for far in [false, true] {
            let mut text = if far { b"a line of a log that is long enough\n".repeat(4000) } else { Vec::new() };
            text.extend_from_slice(&between(inner, width, big));
            let out = all(&redactor, &text, 1 << 20);
            let shown = narrow(&out[out.len() - 900.min(out.len())..]);
            for gone in ["Hunter2xyz", "13800138000", "ops_admin", "bjdc-app-017", "Zx81Secret"] {
                assert!(!shown.contains(gone), "{width} {big} {far} {gone}: {shown}");
            }
            for stays in ["password=", " done", "last line\n", "plain line with words"] {
                assert!(shown.contains(stays), "{width} {big} {far}: {shown}");
            }
            assert_eq!(all(&redactor, &out, 1 << 20), out, "redacting twice is redacting once");
            assert!([7, 100, 4096].iter().all(|size| all(&redactor, &text, *size) == out), "{width} {big}");
        }
    }
    let zeros = [b"power was lost\n".as_slice(), &[0; 9000], b"A=1\0B=2\0PATH=/usr/bin\0\nup again\n"].concat();
    assert_eq!(all(&redactor, &zeros, 1 << 20), zeros);
}

#[test]
fn escaped_characters_of_json_are_read() {
    let redactor = host();
    for (text, gone, stays) in [
        (
            r#"{"msg":"\u5bc6\u7801\uff1aZx81Secret \u8054\u7cfb\u4eba\uff1a\u5f20\u4e09\u4e30 \u624b\u673a\uff1a13800138000","n":1}"#,
            &["Zx81Secret", r"\u5f20\u4e09\u4e30", "13800138000"][..],
            &[r#"{"msg":"\u5bc6\u7801\uff1aOEr-zh-password-"#, r#"","n":1}"#, r" \u624b\u673a\uff1aOEr-"][..],
        ),
        (
            r#"log={\"msg\":\"\\u5bc6\\u7801\\uff1aZx81Secret\",\"n\":1}"#,
            &["Zx81Secret"],
            &[r#"log={\"msg\":\"\\u5bc6\\u7801\\uff1aOEr-"#, r#"\",\"n\":1}"#],
        ),
        (r#"{"password":"a\u5bc6b1","n":1}"#, &[r"a\u5bc6b1"], &[r#"{"password":"OEr-password-json-"#, r#"","n":1}"#]),
        (r#"{"msg":"\u5bc6\u7801\u9519\u8bef","path":"C:\\users\\u1"}"#, &[], &[r#"\u9519\u8bef","path":"C:\\users\\u1"}"#]),
    ] {
        let out = line(&redactor, text);
        assert!(gone.iter().all(|part| !out.contains(part)), "{text}\n{out}");
        assert!(stays.iter().all(|part| out.contains(part)), "{text}\n{out}");
        assert_eq!(line(&redactor, &out), out);
    }
    let escaped = line(&redactor, r#"{"password":"a\u5bc6b1"}"#);
    assert_eq!(escaped, line(&redactor, r#"{"password":"a密b1"}"#), "one value, one stand-in");
}

#[test]
fn beginnings_of_a_pattern_cost_no_more_than_their_line() {
    let mut rules = SiteRules::default();
    let rule =
        "[[pattern]]\nname = \"x\"\nregex = 'aaa[a-z-]{0,900}0[0-9]'\nexamples = [\"aaab01\"]\ncounter_examples = [\"ab01\"]\n";
    rules.add(rule).expect("a rule");
    let redactor = redactor(&Harvest { rules, ..Harvest::default() });
    let hostile = [b"-aaa".repeat(1 << 14), b"b01 x\n".to_vec()].concat();
    for (text, goes) in
        [(b"a".repeat(1 << 16), false), (hostile, true), (b"aaa-b01 ".repeat(1000), true), (b"aaa-b1 ".repeat(15), false)]
    {
        let out = all(&redactor, &text, 1 << 20);
        assert_eq!(out != text, goes, "{}", String::from_utf8_lossy(&text[..40]));
        assert!(!goes || memchr::memmem::find(&out, b"aaa-b01").is_none() && memchr::memmem::find(&out, b"aaab01").is_none());
    }
}
