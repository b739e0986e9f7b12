//! What holds for any text: the cut does not matter, nor the order of workers; lines stay lines; redacted text stays as
//! it is; no bytes make it panic.

use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};
use proptest::{collection::vec, prelude::*, sample::select};

fn redactor() -> Redactor {
    let mut harvest = Harvest::default();
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com bjdc-db-003");
    harvest.learn_passwd("ops_admin:x:1000:1000:Li Ming:/home/ops_admin:/bin/bash\n");
    Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts")
}

fn redact(redactor: &Redactor, text: &[u8], chunk: usize) -> Vec<u8> {
    let chunks: Result<Vec<_>, _> = redactor.reader(text, b"/var/log/any").with_chunk_size(chunk).collect();
    // Last chunk first, each with buffers of its own: as workers do.
    let Ok(chunks) = chunks else { return Vec::new() };
    let mut parts: Vec<Vec<u8>> =
        chunks.into_iter().rev().map(|raw| redactor.clean(raw, &mut Scratch::default()).expect("clean").0.into_bytes()).collect();
    parts.reverse();
    parts.concat()
}

/// Pieces of lines, with secrets and without. Addresses are apart: their stand-ins are addresses again.
const PIECES: &[&str] = &[
    "Jan 18 23:31:41 bjdc-app-017 app[1]: ",
    "password=n0wYou-See ",
    "\"passwd\": \"a b, c\", ",
    "user=guest77&passwd=x%20y&z=1 ",
    "mysql -uroot -pn0wYouSee db ",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "-----END RSA PRIVATE KEY-----\n",
    "vESkHofnWtkKckKCEQFzeG7omLVQcvMDPmiJFYKbEN7fvHnN1OulbsKBG9dQ64HH\n",
    "<name>x.Password</name>\n",
    "  <value>n0wYouSee</value>\n",
    "Authorization: Bearer n0wYouSee77aabbcc ",
    "li.ming@mail.example.net ",
    "http://yum.prod.corp.example.com/OS/ ",
    "of user ops_admin. ",
    "110199189902140032 ",
    "mobile=13800138063 ",
    "密码：n0w#2019！",
    "用户 meter_web ",
    "proctitle=73736870617373002D70004365706840446570 ",
    "root:$6$Qx8rT2vL$cZGdzDJVrJUjqcVSze.yIQ6766:1 ",
    "token: ",
    "= ",
    "\"",
    "'",
    "\\\"",
    ",",
    ";",
    "\n",
    "\n\n",
    "\t",
    "\0",
    "  ",
    "\r\n",
    "Password",
    "pass ",
    "secret : {",
    "[1.2] ",
    "kernel: Call Trace: ",
    "\u{feff}",
    "BJDC-DB-003 ",
    "Li Ming ",
    "com2sec a b c-Rw-1\n",
    "联系人：吴志强，",
    "用户李雪梅登录",
    "电话 159 2237 0481 ",
    "Serial Number: 2102KXQ7P10\n",
    "Product Serial=",
    "machine-id ",
    "gps=30.24771,120.15531 ",
    "口令重置为 n0w#See ",
    "kinit x <<E\n",
    "\"tokens\": {\n",
    "agent = \"6e0c1b7d-2f95-4a3e-8bd1-90c7f4a5e263\"\n",
    "- redis-cli\n- -a\n- n0wYouSee\n",
    "| password |\n| n0wYou1 |\n",
    "expect \"assword\"\nsend \"n0wYouSee\\r\"\n",
    "sshpass -p n0wYouSee x\nsend \"others1\\r\"\n",
    "addent -password\nn0w you\n",
    "&db_password x1y2z ",
    "key = a b c\n",
    "insert into t (id,password) values (1,'n0w1');\n",
];
const ADDRESSES: &[&str] =
    &["203.0.113.9 ", "10.20.31.17:22 ", "fe80::5054:ff:fe3a:91c2 ", "28:53:4e:0f:5b:7a ", "2001:db8::17 "];

fn text(pieces: Vec<&'static str>) -> impl Strategy<Value = String> {
    vec(select(pieces), 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same(text in text([PIECES, ADDRESSES].concat()), size in 1_usize..600) {
        let redactor = redactor();
        let whole = redact(&redactor, text.as_bytes(), 1 << 20);
        let cut = redact(&redactor, text.as_bytes(), size);
        prop_assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&cut));
        let lines = |bytes: &[u8]| bytes.split(|b| *b == b'\n').count();
        prop_assert!(whole.is_empty() || lines(&whole) == lines(text.as_bytes()));
    }

    #[test]
    fn redacted_text_stays_as_it_is(text in text(PIECES.to_vec())) {
        let redactor = redactor();
        let once = redact(&redactor, text.as_bytes(), 1 << 20);
        let twice = redact(&redactor, &once, 1 << 20);
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..2_000), size in 1_usize..600) {
        let redactor = redactor();
        redact(&redactor, &bytes, size);
        let printable: Vec<u8> = bytes.iter().map(|b| if *b < 9 || *b == 127 { b'=' } else { *b }).collect();
        redact(&redactor, &printable, size);
        redactor.text(&bytes, &mut oediag_collector::redact::Counts::default());
        redactor.path(&bytes, &mut oediag_collector::redact::Counts::default());
    }
}

/// A longer line is cut.
const LIMIT: usize = 1 << 20;

#[test]
fn a_secret_in_a_line_that_is_cut_does_not_survive() {
    let redactor = redactor();
    for secret in [
        "passphrase=\"delta comet orbit 51 delta\" ",
        "password=n0wYouSeeMe,x=1 ",
        "peer 203.0.113.199 ",
        "sshpass -p n0wYouSeeMe ssh ",
    ] {
        for back in (0..secret.len() + 8).step_by(3) {
            let mut line = "word ".repeat(LIMIT / 5 + 1);
            line.truncate(LIMIT - back - 1);
            line.push(' ');
            line.push_str(secret);
            line.push_str(&"more ".repeat(100));
            line.push('\n');
            let out = String::from_utf8(redact(&redactor, line.as_bytes(), LIMIT)).expect("text");
            for gone in ["delta", "comet", "orbit", "YouSee", "0.113.199", "3.199"] {
                assert!(!out.contains(gone), "{secret} {back}: {gone}");
            }
            assert!(out.ends_with("more more \n"));
            assert_eq!(out, String::from_utf8(redact(&redactor, line.as_bytes(), 5_000)).expect("text"));
        }
    }
}

#[test]
fn hostile_text_takes_no_longer_than_other_text() {
    let redactor = redactor();
    let time = |unit: &str| {
        let text = unit.repeat((1 << 20) / unit.len());
        let start = std::time::Instant::now();
        redact(&redactor, text.as_bytes(), 1 << 20);
        start.elapsed()
    };
    let normal = time("Jan 18 23:31:41 bjdc-app-017 systemd[1]: Started Session 811 of user ops_admin from 203.0.113.9.\n");
    for unit in [
        ":",
        "1.1.1.",
        "password=",
        "password=\"",
        "password='x",
        "mysql ",
        "://",
        "a@",
        "-----BEGIN ",
        "eyJ",
        "$6$",
        "{ssha}",
        "user=",
        "token=",
        "secret: ",
        "authorization: ",
        "?key=",
        "AKIA-",
        "x.password=",
        "11:",
        "1-",
        "密码",
        " argc=",
        "type=EXECVE a1=",
        "\":[1,",
        "%3A%2F%2F",
        "pass%3D",
        "pass a=\"",
        "name: password value",
        "REJfUEFTU1dPUkQ9",
        "REJfUEFTU1dPUkQ9d3JhcHBlZA== ",
        "Private-Lines: ",
        "tokens[",
        "| password |",
        "insert into (",
        "a:b1@c:1 ",
        "passwd <<E\n",
        "\tTRUE\t",
        "cookie: a=b;",
        "- redis-cli\n",
    ] {
        let took = time(unit);
        assert!(took < normal * 20 + std::time::Duration::from_secs(5), "{unit:?} took {took:?}, other text {normal:?}");
    }
}
