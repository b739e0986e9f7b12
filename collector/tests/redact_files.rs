//! Files whose form hides a value from a rule for one line: what has to go goes, all else stays, in any chunks. Each row is a path,
//! a text, what must not be there any more and what must.

use oediag_collector::{
    leak::{About, Gate, Known, StandIns},
    redact::{Encoding, Harvest, Key, Level, RedactError, Redactor, Scratch},
};

fn redactor() -> Redactor {
    let mut harvest = Harvest::default();
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com");
    Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts")
}

fn redact(redactor: &Redactor, path: &str, text: &[u8], chunk: usize) -> Result<Vec<u8>, RedactError> {
    let mut out = Vec::new();
    for raw in redactor.reader(text, path.as_bytes()).with_chunk_size(chunk) {
        out.extend(redactor.clean(raw?, &mut Scratch::default())?.0.into_bytes());
    }
    Ok(out)
}

type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "/var/log/fields.log",
        "-----BEGIN PRIVATE KEY-----\n3MkcZlLz5BmLVgPQ9kdM2XsieB4mGY025cTT\nMESSAGE=dM2XsieB4mGY025cTTqq\n",
        &["3MkcZlLz5BmLVg", "dM2XsieB4mGY025c"],
        &["MESSAGE=OEr-key-"],
    ),
    (
        "/sys/class/dmi/id/product_serial",
        "2102351QLA10H1000045\nCN-0X8DXD-SR9\n",
        &["2102351QLA10H1000045", "CN-0X8DXD-SR9"],
        &["OEr-serial-"],
    ),
    (
        "/etc/shadow",
        "ops:$6$abc$defghijklmnopqrstuvwxyz:19000:0:::\nold:abJnggxhB/yUI:19000:0:::\nlck:!abJnggxhB/yUI:1::\nsys:!!:1::\n",
        &["defghij", "abJnggxh"],
        &["ops:", ":19000:0:::", "lck:!", "sys:!!:1::"],
    ),
    ("/etc/gshadow", "wheel:abJnggxhB/yUI::ops\nusers:!::\n", &["abJngg"], &["wheel:", "::ops", "users:!::"]),
    (
        "/etc/httpd/.htpasswd",
        "ops:$apr1$abc$defghijklmnopq\nold:abJnggxhB/yUI\nsha:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n",
        &["defghij", "abJngg", "W6ph5"],
        &["ops:", "old:", "sha:"],
    ),
    (
        "/etc/httpd/web.htdigest",
        "bob:private area:1db1ac8ef0d8a1c1d7ae54b0e6d5b3f0\n",
        &["1db1ac8e", "d5b3f0"],
        &["bob:private area:"],
    ),
    (
        "/etc/ipsec.secrets",
        "%any %any : PSK \"n0w you see\"\n: RSA key.pem \"passw 1\"\nbob : EAP \"bobspw\"\nbob : XAUTH bobspw2\n: RSA a.pem\ninclude /etc/ipsec.d/*.secrets\n",
        &["you see", "passw 1", "bobspw"],
        &["%any %any : PSK \"", "key.pem", ": RSA a.pem\n", "include /etc/ipsec.d/*.secrets"],
    ),
    (
        "/root/.netrc",
        "machine git.example.net login bob password n0wYouSee\nmachine x\n  login bob2\n  password n0w2See\ndefault login anonymous password user@site\n",
        &["n0wYou", "n0w2"],
        &["machine git.example.net login bob password OEr-", "machine x\n", "default login anonymous password "],
    ),
    (
        "/etc/postfix/sasl_passwd",
        "# host user:password\n[smtp.example.net]:465 noreply:mX8^relay-out\n",
        &["mX8^"],
        &["# host user:password\n[smtp.example.net]:465 noreply:OEr-"],
    ),
    ("/etc/racoon/psk.txt", "vpn.example.net rac00n-peerB\n", &["rac00n"], &["vpn.example.net OEr-"]),
    (
        "/var/log/app.log",
        "k=\"-----BEGIN PRIVATE KEY-----\\\\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASC\\\\nabcdEvgIBADANBgkqhkiG9w0BAQEFAASC\\\\n-----END PRIVATE KEY-----\\\\n\"\n",
        &["MIIEvg", "abcdEvg"],
        &["-----BEGIN PRIVATE KEY-----\\\\nOEr-key-", "\\\\n-----END PRIVATE KEY-----\\\\n\"\n"],
    ),
    (
        "/var/log/app.log",
        "q=-----BEGIN%20RSA%20PRIVATE%20KEY-----%0AMIIEvgIBADANBgkqhkiG9w0BAQEFAASC%0AabcdEvgIBADANBgkqhkiG9w0BAQEFAASC%0A-----END%20RSA%20PRIVATE%20KEY-----%0A&x=1\n",
        &["MIIEvg", "abcdEvg"],
        &["-----BEGIN%20RSA%20PRIVATE%20KEY-----%0AOEr-key-", "%0A-----END%20RSA", "&x=1\n"],
    ),
    (
        "/root/key",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"mine\"\nP2/56wAAAgkAAAAmZGwtbW9kcHtzaWdue2RzYS1uaXN0LXNoYTF9LGRoe3BsYWlu\nfX0AAAAIM2Rlcy1jYmMAAAHQ\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n",
        &["P2/56w", "fX0AAA"],
        &["Comment: \"mine\"", "---- END SSH2"],
    ),
    (
        "/root/key.pub",
        "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAABIwAAAIEA1on8gxCGJJWSRT4uOrR13mUaUk0hRf4RzxSZ1zRb\n---- END SSH2 PUBLIC KEY ----\n",
        &[],
        &["AAAAB3NzaC1yc2EAAAABIwAAAIEA1on8gxCGJJWSRT4uOrR13mUaUk0hRf4RzxSZ1zRb"],
    ),
    (
        "/var/log/audit.json",
        "{\"apiVersion\":\"v1\",\"data\":{\"a.cfg\":\"bjB3WW91U2Vl\",\"x\":\"//79/Pv6\"},\"kind\":\"Secret\",\"m\":{\"last\":\"{\\\"data\\\":{\\\"x\\\":\\\"bjB3WW91U2Vl\\\"},\\\"kind\\\":\\\"Secret\\\"}\"}}\n{\"kind\":\"ConfigMap\",\"data\":{\"mode\":\"informat\"}}\n",
        &["bjB3WW91", "//79/Pv6"],
        &["{\"a.cfg\":\"OEr-", "{\\\"x\\\":\\\"OEr-", "\\\"},\\\"kind\\\":\\\"Secret\\\"}\"}}\n", "{\"mode\":\"informat\"}"],
    ),
    (
        "/var/lib/cloud/instance/user-data.txt",
        "env:\n- value: n0wYouSee\n  name: DB_PASSWORD\n- value: plainly\n  name: MODE\nchpasswd:\n  list: |\n    root:n0wYouSee2\n    ops:RANDOM\n  expire: False\n",
        &["n0wYou"],
        &["- value: plainly\n  name: MODE", "    root:", "    ops:RANDOM\n", "  expire: False\n"],
    ),
    (
        "/var/log/audit/audit.log",
        "saddr=02000016C0A81F0B0000000000000000 a\nsaddr=0A000050000000002001067C000000000000000000000007 b\nsaddr=0100 c\ntype=EXECVE msg=audit(1:2): argc=19 a0=\"x\" a17=\"--password=n0wYouSee\" a18=2D2D70617373776F72643D6E3077596F75536565\n",
        &["C0A81F0B", "2001067C000000000000000000000007", "n0wYou", "6E3077596F75"],
        &["saddr=02000016C0A8", "0000000000000000 a", "saddr=0A00005000000000", "saddr=0100 c", "a17=\"--password="],
    ),
    (
        "chrony_tracking",
        "Reference ID    : CB007109 (ntp.example.net)\nReference ID    : 47505300 (GPS)\nReference ID    : 7F7F0101 ()\n",
        &["CB007109"],
        &["(ntp.example.net)", "47505300 (GPS)", "7F7F0101 ()"],
    ),
    (
        "/root/j.json",
        "{\n\t\"MESSAGE\" : [\n\t\t112,\n\t\t97,\n\t\t115,\n\t\t115,\n\t\t61,\n\t\t97,\n\t\t98,\n\t\t99,\n\t\t49,\n\t\t98,\n\t\t99\n\t]\n}\n",
        &["61,\n\t\t97,"],
        &["\t\t115,\n\t\t61,\n\t\t79,", "]\n}\n"],
    ),
    (
        "/etc/app.yaml",
        "content: |\n  REJfSE9TVD1sb2NhbGhvc3QKREJf\n  VVNFUj1hcHAKREJfUEFTU1dPUkQ9\n  V3IxdGUtZmlsZXMh\nnext: 1\n",
        &["V3IxdGUt", "VVNFUj1hcHAKREJfUEFTU1dPUkQ9"],
        &["content: |\n  OEr-", "next: 1\n"],
    ),
];

#[test]
fn what_has_to_go_goes_and_all_else_stays() {
    let redactor = redactor();
    for (path, text, gone, stays) in ROWS {
        let out = redact(&redactor, path, text.as_bytes(), 1 << 20).expect("text");
        let shown = String::from_utf8_lossy(&out);
        for part in *gone {
            assert!(text.contains(part) && !shown.contains(part), "{path}: {part} in {shown}");
        }
        for part in *stays {
            assert!(shown.contains(part), "{path}: no {part} in {shown}");
        }
        assert_eq!(text.lines().count(), shown.lines().count(), "{path}");
        if std::path::Path::new(path).extension().is_some_and(|end| end == "json") && text.starts_with("{\n") {
            serde_json::from_str::<serde_json::Value>(&shown).expect("still JSON");
        }
        for chunk in [1, 7, 33, 90] {
            let cut = redact(&redactor, path, text.as_bytes(), chunk).expect("text");
            assert_eq!(String::from_utf8_lossy(&cut), shown, "{path} {chunk}");
        }
    }
}

/// Fields of an export, binary where they have line ends.
fn export(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = b"__CURSOR=s=1\n".to_vec();
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        if value.contains('\n') {
            out.push(b'\n');
            out.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            out.push(b'=');
        }
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

/// The fields as a reader of the format sees them.
fn fields(mut export: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut fields = Vec::new();
    while let Some(end) = export.iter().position(|b| *b == b'\n') {
        let line = &export[..end];
        export = &export[end + 1..];
        if let Some(sign) = line.iter().position(|b| *b == b'=') {
            fields.push((String::from_utf8_lossy(&line[..sign]).into_owned(), line[sign + 1..].to_vec()));
        } else if !line.is_empty() {
            let length: [u8; 8] = export[..8].try_into().expect("eight bytes");
            let length = usize::try_from(u64::from_le_bytes(length)).expect("a length");
            fields.push((String::from_utf8_lossy(line).into_owned(), export[8..8 + length].to_vec()));
            assert_eq!(export[8 + length], b'\n');
            export = &export[9 + length..];
        }
    }
    fields
}

#[test]
fn binary_fields_of_the_journal_keep_their_form() {
    let redactor = redactor();
    let long = format!("line one\npassword: Jrnl+Bin-Towhee7\n{}\nfrom 198.51.100.23\n", "word ".repeat(700));
    // A message of ten bytes has a line end in its length.
    let text = export(&[
        ("MESSAGE", &long),
        ("PRIORITY", "6"),
        ("SHORT", "0123\n56789"),
        ("APP_PASSWORD", "n0wYouSee\n"),
        ("_CMDLINE", "/opt/x --token=fa4e58cae07c21d5331d53855ee0da8c"),
    ]);
    let mut text = [text.clone(), text].concat();
    let out = redact(&redactor, "journal.export", &text, 1 << 20).expect("an export");
    for chunk in [1, 13, 200, 4_000] {
        assert_eq!(redact(&redactor, "journal.export", &text, chunk).expect("an export"), out, "{chunk}");
    }
    let (before, after) = (fields(&text), fields(&out));
    assert_eq!(before.len(), after.len());
    for ((name, was), (still, is)) in before.iter().zip(&after) {
        let shown = String::from_utf8_lossy(is);
        assert_eq!(name, still);
        match name.as_str() {
            "MESSAGE" => {
                assert!(
                    shown.starts_with("line one\npassword: OEr-") && shown.contains("\nfrom ") && shown.ends_with('\n'),
                    "{shown}"
                );
                assert!(!shown.contains("Towhee") && !shown.contains("198.51.100.23"), "{shown}");
            }
            "APP_PASSWORD" => assert!(shown.starts_with("OEr-password") && shown.ends_with('\n'), "{shown}"),
            "_CMDLINE" => assert!(shown.starts_with("/opt/x --token=OEr-"), "{shown}"),
            _ => assert_eq!(was, is),
        }
    }
    let mut chunks = redactor.reader(&text[..], b"any");
    chunks.next();
    assert_eq!(chunks.encoding(), Some(Encoding::Export));
    // What is no text has a mark; what is cut off is left out.
    let core = export(&[("CORE", "\u{7f}ELF\u{1}\n\u{2}")]);
    assert_eq!(fields(&redact(&redactor, "any", &core, 1 << 20).expect("an export"))[1].1, b"OEr-journal-bin");
    text.truncate(text.len() - 4_000);
    assert!(matches!(redact(&redactor, "any", &text, 1 << 20), Err(RedactError::Encoding)));
}

#[test]
fn packed_and_broken_content_is_left_out() {
    let redactor = redactor();
    let mut tar = vec![b'x'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    tar[300] = 0;
    for (what, bytes) in [
        ("a nested archive", &b"\x1f\x8b\x08\x08abcd\x02\x03name\x01password=n0wYouSee xyzxyzxyzxyz"[..]),
        ("a tar file", &tar),
        ("a nested xz", b"\xfd7zXZ\0\0\x04password=n0wYouSee"),
    ] {
        assert!(matches!(redact(&redactor, "/var/log/x", bytes, 1 << 20), Err(RedactError::Binary)), "{what}");
    }
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut odd = wide("\u{feff}password=n0wYouSee\r\n");
    odd.push(b'x');
    let mut unpaired = wide("\u{feff}password=n0wYouSee\r\n");
    unpaired.extend_from_slice(&[0x00, 0xd8, 0x41, 0x00]);
    for bytes in [odd, unpaired] {
        assert!(matches!(redact(&redactor, "/var/log/x", &bytes, 1 << 20), Err(RedactError::Encoding)));
    }
    // Without a mark, and hardly a letter of ASCII.
    let out = redact(&redactor, "/var/log/x", &wide("密码：Pw#Heron8，野鸭八号鸟巢二零零八，野鸭八号鸟巢二零零八\r\n"), 1 << 20)
        .expect("text");
    let text: Vec<u16> = out.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    let text = String::from_utf16(&text).expect("UTF-16");
    assert!(text.starts_with("密码：OEr-") && text.ends_with("\r\n"), "{text}");
}

#[test]
fn in_binary_content_a_stand_in_is_whole_or_none() {
    let redactor = redactor();
    let text = b"\x01\x02\0\xde\xadpeer 198.51.100.23 up\0\0from 9.8.7.6 password=abc\0on bjdc-app-017 there\0\xbe\xef, and much more text\0";
    let out = redact(&redactor, "/var/crash/x", text, 1 << 20).expect("strings");
    assert_eq!(out.len(), text.len());
    let shown = String::from_utf8_lossy(&out);
    assert!(!shown.contains("198.51.100.23") && !shown.contains("password=abc") && !shown.contains("bjdc-app"), "{shown}");
    assert!(shown.contains("password=...\0on ............ there"), "{shown}");
    // Never a part of an address: that would be another host's.
    for word in shown.split(['\0', ' ']).filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        let octets = word.trim_end_matches('.').split('.').count();
        assert_eq!(octets, 4, "{word} in {shown}");
    }
}

#[test]
fn a_text_in_gb18030_is_redacted_as_the_same_text_in_utf8_is() {
    let redactor = redactor();
    let text = "{\"realName\":\"褚雪梅\",\"a\":1}\n联系人：欧阳明月\n负责人：高峰，已通知\n用户李雪梅登录系统成功\n姓名,电话\n张伟,13912345678\n\
        初始口令为 n0w中See5，已过期\n用户 权限不足，负责人：未知，状态：正常\n";
    let wide = encoding_rs::GB18030.encode(text).0;
    let wide = redact(&redactor, "/x.log", &wide, 1 << 20).expect("GB18030");
    let clean = redact(&redactor, "/x.log", text.as_bytes(), 1 << 20).expect("UTF-8");
    let clean = String::from_utf8(clean).expect("still UTF-8");
    assert_eq!(encoding_rs::GB18030.decode(&wide).0, clean);
    assert_eq!(clean.matches("OEr-name-").count(), 5, "{clean}");
}

#[test]
fn a_value_that_a_cut_goes_through_is_replaced_once() {
    let redactor = redactor();
    let numbers = "{\"MESSAGE\":[112,97,115,115,119,111,114,100,61,110,48,119,83,101,101]}";
    for (line, secret) in [
        ("password=\"delta comet orbit 51\" cipher=aes", "delta comet orbit 51"),
        ("卡号 6228 4877 1234 5679 元", "6228 4877 1234 5679"),
        ("phone_number: 138 0013 8044, x", "138 0013 8044"),
        (numbers, "110,48,119,83,101,101"),
    ] {
        let alone = redact(&redactor, "/x.log", line.as_bytes(), 1 << 20).expect("text");
        let at = line.find(secret).expect("it is in the line");
        // Every cut from before the value to behind it, in a line of text and in binary content.
        for within in at.saturating_sub(1)..=at + secret.len() + 1 {
            let filler = "all is well ".repeat((1 << 20) / 12 + 1);
            let (before, after) = (&filler[..(1 << 20) - within - 1], "all is well\n");
            let text = format!("{before} {line} {after}");
            let clean = redact(&redactor, "/x.log", text.as_bytes(), 1 << 20).expect("text");
            assert!(clean == [before.as_bytes(), b" ", &alone, b" ", after.as_bytes()].concat(), "{line} cut at {within}");
        }
        // Strings in binary content are ASCII.
        if !line.is_ascii() {
            continue;
        }
        let within = at + secret.len() / 2;
        let filler = b"\0\x01\x02 all is well\0".repeat((1 << 20) / 16 + 1);
        let (before, after) = (&filler[..(1 << 20) - within - 1], &b"\0\x01\x02\0"[..]);
        let bytes = [before, b" ", line.as_bytes(), after].concat();
        let clean = redact(&redactor, "/x.core", &bytes, 1 << 20).expect("strings");
        let holds = |part: &[u8]| clean.windows(part.len()).any(|window| window == part);
        assert!(clean.len() == bytes.len() && clean.starts_with(before) && clean.ends_with(after), "{line}");
        let half = &secret.as_bytes()[..secret.len() / 2];
        assert!(!holds(half) && !holds(&secret.as_bytes()[half.len()..]), "{line}");
    }
}

#[test]
fn names_and_addresses_behind_an_escaped_control_character_are_found() {
    let mut harvest = Harvest::default();
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com");
    harvest.learn_passwd("ops_admin:x:1000:1000:Li Ming:/home/ops_admin:/bin/bash\n");
    let redactor = Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts");
    let blind = Redactor::new(&Harvest::default(), &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts");
    let gate = Gate::new(&harvest, []);
    for escape in ["\\n", "\\t", "\\r", "\\x0a", "\\u000a", "\\012", "#012", "#011", "%0A", "%2F"] {
        for value in ["bjdc-app-017", "ops_admin", "198.51.100.23", "2001:db8:4f:17::2a", "52:54:00:3a:91:c2"] {
            let text = format!("{{\"stdout\":\"first{escape}{value} last\"}}\n");
            let clean = redact(&redactor, "/x.log", text.as_bytes(), 1 << 20).expect("text");
            let clean = String::from_utf8(clean).expect("still UTF-8");
            let expected = clean.starts_with(&format!("{{\"stdout\":\"first{escape}")) && clean.ends_with(" last\"}\n");
            assert!(expected && !clean.contains(value), "{text}{clean}");
        }
        // The gate sees what a redactor that knows no names leaves there.
        for value in ["bjdc-app-017", "ops_admin"] {
            let text = format!("{{\"stdout\":\"first{escape}{value} last\"}}\n");
            let clean = redact(&blind, "/x.log", text.as_bytes(), 1 << 20).expect("text");
            let about = About { known: Known::Unknown, versions: false };
            assert_eq!(gate.find(&clean, &about).len(), 1, "{text}");
        }
        for address in ["198.51.100.23", "52:54:00:3a:91:c2"] {
            let text = format!("first{escape}{address} last\n");
            let none = StandIns::default();
            assert_eq!(gate.find(text.as_bytes(), &About { known: Known::Listed(&none), versions: false }).len(), 1, "{text}");
        }
    }
    for text in ["build #0123 of libx-1.2.3.4.so\n", "C:\\net\\1.2.3.4-5\n", "rate 100%10 of #042\n"] {
        let clean = redact(&redactor, "/x.log", text.as_bytes(), 1 << 20).expect("text");
        assert_eq!(String::from_utf8(clean).expect("UTF-8"), text);
    }
}

#[test]
fn ascii_behind_the_mark_of_utf16_is_redacted_or_left_out() {
    let redactor = redactor();
    for mark in [&b"\xff\xfe"[..], b"\xfe\xff"] {
        let text = b"level=info user=app password=n0wYouSee77 code=5\nnext line\n";
        let clean = redact(&redactor, "/x.log", &[mark, text].concat(), 1 << 20).expect("text");
        assert!(clean.starts_with(mark) && clean.ends_with(b" code=5\nnext line\n"), "{}", clean.escape_ascii());
        assert!(!clean.windows(8).any(|part| part == b"n0wYouSe"), "{}", clean.escape_ascii());
        // UTF-16 at first, and then somebody appended lines of another encoding.
        let big = mark[0] == 0xfe;
        let wide = |text: &str| text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect();
        let first: Vec<u8> = wide("一切正常 all is well\n");
        for lines in [1, 4000] {
            let mixed = [mark, &first.repeat(lines), text].concat();
            assert!(matches!(redact(&redactor, "/x.log", &mixed, 1 << 20), Err(RedactError::Encoding)), "{lines}");
        }
        let chinese: Vec<u8> = wide(&"生产环境数据库连接池已满，请稍候再试。\n".repeat(500));
        assert_eq!(redact(&redactor, "/x.log", &[mark, &chinese].concat(), 1 << 20).expect("text"), [mark, &chinese].concat());
    }
}
