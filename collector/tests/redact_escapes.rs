//! Words behind escapes and colour codes: what must go, that the text around it is whole, and that the leak gate, which reads
//! by itself, sees the same.

use oediag_collector::{
    leak::{About, Gate, Known, StandIns},
    redact::{Harvest, Key, Level, Redactor, Scratch},
};

fn harvest() -> Harvest {
    let mut harvest = Harvest::from_context(
        br#"{"hostname":"euler-db01","domain":"corp.yunhe.internal","hosts":["gw-core"],"users":["zhangwei"],"names":[],"keywords":[]}"#,
    )
    .expect("a context");
    harvest.learn_passwd("ops_admin:x:1000:1000::/home/ops_admin:/bin/bash\n");
    harvest
}

fn redactor() -> Redactor {
    Redactor::new(&harvest(), &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("the self-test passes")
}

fn redact(text: &str, chunk: usize) -> String {
    let redactor = redactor();
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    for raw in redactor.reader(text.as_bytes(), b"/var/log/any").with_chunk_size(chunk) {
        let (clean, _) = redactor.clean(raw.expect("text"), &mut scratch).expect("clean");
        out.extend_from_slice(clean.as_bytes());
    }
    String::from_utf8(out).expect("still UTF-8")
}

/// How a character that ends a word may be written before the next one.
const ESCAPES: &[&str] = &[
    "\\n",
    "\\t",
    "\\\\n",
    "\\u003c",
    "\\u0020",
    "\\x0a",
    "\\011",
    "#012",
    "#011",
    "\x1b[32m",
    "\x1b[01;31m\x1b[K",
    "#033[1;32m",
    "\\u001b[0m",
    "\\x1b[38;5;196m",
    "\\033[m",
    "\\e[31m",
    "\x1b(B",
    "%3D",
    "%2C",
    "%20",
    "%252F",
];

/// Who somebody is, and what of it must be gone.
const IDENTITIES: &[(&str, &str)] = &[
    ("10.20.30.40", "10.20.30.40"),
    ("euler-db01", "euler-db01"),
    ("db7.corp.yunhe.internal", "db7.corp"),
    ("zhangwei", "zhangwei"),
    ("00:16:3e:aa:bb:cc", "aa:bb:cc"),
    ("00-16-3e-aa-bb-cc", "aa-bb-cc"),
    ("fd00:1:2::a", "fd00:1:2::a"),
    ("110199189902140032", "110199189902140032"),
    ("li.ming@example.net", "li.ming"),
];

#[test]
fn identities_behind_escapes_go_and_the_escapes_stay() {
    for escape in ESCAPES {
        for (identity, gone) in IDENTITIES {
            let clean = redact(&format!("app: conn{escape}{identity} lost\n"), 1 << 20);
            assert!(!clean.contains(gone), "{escape:?} {clean:?}");
            assert!(clean.starts_with(&format!("app: conn{escape}")) && clean.ends_with(" lost\n"), "{clean:?}");
            // The same stand-in as without an escape.
            let plain = redact(&format!("app: conn {identity} lost\n"), 1 << 20);
            assert_eq!(clean[9 + escape.len()..], plain[10..], "{escape:?} {identity}");
        }
    }
}

#[test]
fn the_gate_sees_what_stands_behind_escapes() {
    let none = StandIns::default();
    let gate = Gate::new(&harvest(), []);
    let find = |text: &str| gate.find(text.as_bytes(), &About { known: Known::Listed(&none), versions: false });
    let seen = ["10.20.30.40:80", "euler-db01", "zhangwei", "00:16:3e:aa:bb:cc", "fd00:1:2::a", "110199189902140032"];
    for escape in ESCAPES {
        for identity in seen {
            assert_eq!(find(&format!("conn{escape}{identity} lost\n")).len(), 1, "{escape:?} {identity}");
        }
    }
    let mac = "MAC=52:54:00:1a:34:56:00:16:3e:aa:bb:cc:08:00 SRC=x\n";
    assert_eq!(find(mac).len(), 2);
}

/// Text, and what must be gone; what is before and behind it must be there.
const GO: &[(&str, &str)] = &[
    // Colours around keys and values.
    ("\x1b[36mpassword\x1b[0m: \x1b[33mHunter2secret9\x1b[0m\n", "Hunter2secret9"),
    ("{\x1b[94m\"password\"\x1b[0m: \x1b[32m\"Hunter2secret9\"\x1b[0m}", "Hunter2secret9"),
    ("\x1b[0m{\x1b[34;1m\"password\"\x1b[0m:\x1b[0;32m\"Hunter2secret9\"\x1b[0m}", "Hunter2secret9"),
    ("\x1b[01;31m\x1b[Kpassword\x1b[m\x1b[K = Hunter2secret9", "Hunter2secret9"),
    ("\x1b[01;31m\x1b[Kpassword\x1b[m\x1b[K=Hunter2secret9", "Hunter2secret9"),
    ("password=Hunter2secret\x1b[0m x", "Hunter2secret"),
    ("app: password=Hunter2secret#033[0m x", "Hunter2secret"),
    ("app: password=Hunter2secret#012next", "Hunter2secret"),
    ("#033[36mpassword#033[0m: #033[33mHunter2secret9#033[0m", "Hunter2secret9"),
    ("\"\\u001b[36mpassword\\u001b[0m: \\u001b[33mHunter2secret9\\u001b[0m\"", "Hunter2secret9"),
    ("user=\x1b[31mwanghua\x1b[0m x", "wanghua"),
    ("Authorization: \x1b[33mBearer n0wYouSee77aa\x1b[0m", "n0wYouSee77aa"),
    // Escapes that a value begins behind.
    ("{\"user\":\"\\twanghua\"}", "wanghua"),
    ("{\"user\":\"\\u0077anghua\"}", "\\u0077anghua"),
    ("{\"authorization\":\"\\tBearer n0wYouSee77aa\"}", "n0wYouSee77aa"),
    ("{\"serial\":\"\\tS3Z9NB0K123456\"}", "S3Z9NB0K123456"),
    ("\"password=Hunter2secret\\\\nserver.port\"", "Hunter2secret"),
    ("{\"log\":\"a\\t13812345678\"}", "13812345678"),
];

#[test]
fn values_between_escapes_go_and_the_escapes_stay() {
    for (text, gone) in GO {
        let (before, behind) = text.split_once(gone).expect("it is there");
        let clean = redact(text, 1 << 20);
        assert!(!clean.contains(gone), "{clean:?}");
        assert!(clean.starts_with(before) && clean.ends_with(behind), "{text:?} {clean:?}");
        assert!(clean[before.len()..].starts_with("OEr-"), "{clean:?}");
        assert_eq!(redact(&clean, 1 << 20), clean);
        assert_eq!(redact(text, 16), clean);
    }
}

#[test]
fn a_key_in_colour_is_a_key() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDk3Xu9ylr7xXxh";
    for (on, off) in [("\x1b[32m", "\x1b[0m"), ("#033[32m", "#033[0m"), ("Nov 23 h app: \x1b[1m", "\x1b[m\x1b[K")] {
        let lines = ["-----BEGIN PRIVATE KEY-----", body, body, "aGVsbG8=", "-----END PRIVATE KEY-----", "done"];
        let text: String = lines.map(|line| format!("{on}{line}{off}\n")).concat();
        let clean = redact(&text, 1 << 20);
        assert!(!clean.contains("MII") && !clean.contains("aGVs"), "{clean:?}");
        assert!(clean.lines().all(|line| line.starts_with(on) && line.ends_with(off)), "{clean:?}");
        assert!(clean.contains("done"));
        assert_eq!(redact(&clean, 1 << 20), clean);
    }
}

/// Other spellings and lists: text, and the parts that must be gone.
const SPELLINGS: &[(&str, &[&str])] = &[
    ("FINAL_REJECT: IN=eth0 MAC=52:54:00:12:34:56:00:16:3e:aa:bb:cc:08:00 SRC=x", &["12:34:56", "aa:bb:cc"]),
    ("/dev/mapper/vg_euler--db01-root", &["euler"]),
    ("mnt-euler\\x2ddb01.mount", &["euler"]),
    ("ou=people,dc=corp,dc=yunhe,dc=internal", &["corp", "yunhe", "dc=internal"]),
    ("10.20.30.40->10.20.30.41", &["10.20.30.40", "10.20.30.41"]),
    ("[http-nio-10.20.30.40-8080-exec-3]", &["10.20.30.40"]),
    ("BP-18765-10.20.30.40-16000", &["10.20.30.40"]),
    ("kernel: 10.20.30.40 sent an invalid ICMP type 3", &["10.20.30.40"]),
    ("10.20.30.40.nip.io", &["10.20.30.40"]),
    ("http%3A%2F%2Feuler-db01%3A80%2F%3Fu%3Dzhangwei%26ip%3D10.20.30.40", &["euler", "zhangwei", "10.20.30.40"]),
    ("{\"login\": \"curl -u bob:ChPcBxrzmDyu85 http://x\"}", &["ChPcBxrzmDyu85"]),
];

#[test]
fn other_spellings_go() {
    for (text, gone) in SPELLINGS {
        let clean = redact(text, 1 << 20);
        assert!(gone.iter().all(|part| !clean.contains(part)), "{clean}");
    }
    assert!(redact(SPELLINGS[10].0, 1 << 20).contains("\"curl -u bob:OEr-"));
}

/// Lists of numbers, all of which go.
const LISTS: &[&str] = &[
    "{\"phones\":[13812345678,13912345678,13712345678]}",
    "{\"cards\":[6228480402564890018, 4111111111111111]}",
    "{\"coordinates\":[111.528615,24.181706]}",
    "{\"coordinates\":[[111.528615,24.181706],[111.528616,24.181707]]}",
    "{\"mail\":\"mail:\\nbob@x.corp\\tli@y.corp\"}",
    "{\"user\":\"\\twanghua\",\"phone\":[13812345678]}",
];

#[test]
fn json_stays_json() {
    for text in LISTS {
        let clean = redact(text, 1 << 20);
        let value: serde_json::Value = serde_json::from_str(&clean).unwrap_or_else(|error| panic!("{error}: {clean}"));
        assert!(value.is_object());
        for part in ["12345678", "6228480", "411111", "528615", "181706", "181707", "bob@", "li@", "wanghua"] {
            assert!(!clean.contains(part), "{clean}");
        }
        assert_eq!(redact(&clean, 1 << 20), clean);
    }
}

/// Texts of which no byte may change.
const STAY: &[&str] = &[
    "C:\\new\\tools\\bin and \\\\tserver",
    "kernel\\t4.19.90.1 {\\\"version\\\": \\\"8.1.2.128\\\"}",
    "\x1b[1;31mversion 8.0.31.7\x1b[0m",
    "retry: [5m, 10m] every [30s]",
    "| Key | Value |\n|---|---|\n| vm.swappiness | 10 |\n| kernel.panic_on_oops | 1 |",
    "| WARNING: your password must be changed |\n| Authorized users only. |",
    "device identified by UUID 1234, disk identified by label=DATA1",
    "color[32mm] #0121 100%20",
    "at%2012:30:11%20",
    "password\\npassword\\tuser\\n",
    "{\"user\":\"\\n\\n\"}",
    "\x1b[1mPassword\x1b[0m: \x1b[33m***\x1b[0m",
];

#[test]
fn what_is_no_identity_stays() {
    for text in STAY {
        assert_eq!(redact(text, 1 << 20), *text);
    }
}
