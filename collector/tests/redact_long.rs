//! What is longer than a rule looks: a secret goes to its own end, a list to its last row, a key in every form of its lines.

use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};

fn redact(text: &str, chunk: usize) -> String {
    let redactor = Redactor::new(&Harvest::default(), &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts");
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    for raw in redactor.reader(text.as_bytes(), b"/var/log/any").with_chunk_size(chunk) {
        let (clean, _) = redactor.clean(raw.expect("readable"), &mut scratch).expect("clean");
        out.extend_from_slice(clean.as_bytes());
    }
    String::from_utf8(out).expect("UTF-8")
}

/// A secret of this length: letters and digits, no part of it twice.
fn secret(length: usize) -> String {
    let mut out = String::new();
    let mut n = 0_u64;
    while out.len() < length {
        n += 1;
        out.extend(format!("q{:x}W", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).chars());
    }
    out.truncate(length);
    out
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32, n: u32| char::from(LETTERS[(bits >> (18 - 6 * n) & 63) as usize]);
    text.as_bytes()
        .chunks_exact(3)
        .map(|b| u32::from_be_bytes([0, b[0], b[1], b[2]]))
        .flat_map(|bits| (0..4).map(move |n| digit(bits, n)))
        .collect()
}

/// No part of the secret is left, and what stands behind it is.
fn gone(name: &str, text: &str, secret: &str) {
    let out = redact(text, 1 << 20);
    for part in [0, secret.len() / 2, secret.len() - 24] {
        assert!(!out.contains(&secret[part..part + 24]), "{name}: {} of {} bytes are left", out.len(), text.len());
    }
    assert!(out.contains("the end"), "{name}: {out}");
    assert_eq!(redact(&out, 1 << 20), out, "{name}: again");
    assert!(redact(text, 999) == out, "{name}: cut otherwise");
}

#[test]
fn a_long_secret_goes_to_its_end() {
    for length in [200, 700, 5_000, 70_000] {
        let s = secret(length);
        for (name, text) in [
            ("userinfo", format!("clone https://x-token-auth:{s}@git.example.net/r the end\n")),
            ("token before a host", format!("index https://{s}@host.example.net/r the end\n")),
            ("element", format!("<a><password>{s}</password></a> the end\n")),
            ("data", format!("<password><![CDATA[{s}]]></password> the end\n")),
            ("bearer", format!("curl -H 'Authorization: Bearer {s}' the end\n")),
            ("header", format!("Authorization: {s} the end\n")),
            ("option", format!("mysql -uroot -p{s} the end\n")),
            ("next option", format!("sshpass -p {s} ssh h the end\n")),
            ("quoted option", format!("sshpass -p '{s} x' ssh h the end\n")),
            ("token", format!("json eyJhbGciOiJIUzI1NiJ9.{s}.{s} the end\n")),
            ("provider's", format!("use glpat-{s} the end\n")),
        ] {
            gone(&format!("{name}, {length}"), &text, &s);
        }
        let hex = format!("mysql\0-p{s}").bytes().map(|b| format!("{b:02X}")).collect::<Vec<_>>().concat();
        let text = format!("type=PROCTITLE msg=audit(1.2:3): proctitle={hex} the end\n");
        gone(&format!("hexadecimal, {length}"), &text, &hex[hex.len() - 2 * length..]);
    }
    // A file in one line: only what is secret in it goes.
    let file = format!("{}\npassword = {}\n", "a line of words\n".repeat(20_000), secret(40));
    let coded = base64(&file);
    let out = redact(&format!("data: {coded} the end\n"), 1 << 20);
    assert!(!out.contains(&coded[coded.len() - 40..coded.len() - 8]) && out.contains("the end"));
}

#[test]
fn a_long_list_goes_to_its_last_row() {
    let each = |n: usize| format!("F9r{n:04}VH4rGn!x");
    for count in [3, 12, 400] {
        for (name, head, row, foot) in [
            ("heredoc", "chpasswd <<EOF\n", &(|n| format!("user{n}:{}\n", each(n))) as &dyn Fn(usize) -> String, "EOF\n"),
            ("fed by cat", "cat <<'EOF' | sudo chpasswd\n", &|n| format!("user{n}:{}\n", each(n)), "EOF\n"),
            ("table", "| user | password |\n|---|---|\n", &|n| format!("| u{n} | {} |\n", each(n)), ""),
            (
                "table of a client",
                "+--+--+\n| user | password |\n+--+--+\n",
                &|n| format!("| u{n} | {} |\n", each(n)),
                "+--+--+\n",
            ),
            ("Chinese table", "| 用户 | 密码 |\n|---|---|\n", &|n| format!("| u{n} | {} |\n", each(n)), ""),
            ("list", "tokens:\n", &|n| format!("  - F9rVH4rGnMmt83x{n:05}\n"), "other: y\n"),
        ] {
            let body: String = (0..count).map(row).collect();
            let text = format!("before\n{head}{body}{foot}the end\n");
            let out = redact(&text, 1 << 20);
            assert!(!out.contains("F9r") && out.contains("the end"), "{name}, {count}: {out}");
            assert_eq!(out.lines().count(), text.lines().count(), "{name}, {count}");
            assert!(redact(&text, 300) == out, "{name}, {count}: cut otherwise");
            assert!(redact(&out, 1 << 20) == out, "{name}, {count}: again");
        }
    }
}

#[test]
fn a_key_goes_in_every_form_of_its_lines() {
    let body = secret(192);
    let lines: Vec<&str> = (0..3).map(|n| &body[64 * n..64 * (n + 1)]).collect();
    let joined = |before: &str, behind: &str| {
        lines.iter().map(|line| format!("    {before}\"{line}{behind}\n")).collect::<Vec<_>>().concat()
    };
    for (name, text) in [
        ("one line", format!("KEY=\"-----BEGIN PRIVATE KEY-----{body}-----END PRIVATE KEY-----\"\nthe end\n")),
        (
            "joined",
            format!(
                "String k = \"-----BEGIN RSA PRIVATE KEY-----\\n\" +\n{}    \"-----END RSA PRIVATE KEY-----\";\nthe end\n",
                joined("", "\\n\" +")
            ),
        ),
        (
            "joined before",
            format!(
                "k = '-----BEGIN EC PRIVATE KEY-----'\n{}    + \"-----END EC PRIVATE KEY-----\"\nthe end\n",
                joined("+ ", "\\r\\n\"")
            ),
        ),
        (
            "joined with dots",
            format!(
                "$k = \"-----BEGIN PRIVATE KEY-----\\n\" .\n{}\"-----END PRIVATE KEY-----\";\nthe end\n",
                joined("", "\\n\" .")
            ),
        ),
        (
            "side by side",
            format!("k = (\"-----BEGIN PRIVATE KEY-----\\n\"\n{}\"-----END PRIVATE KEY-----\")\nthe end\n", joined("", "\\n\"")),
        ),
    ] {
        let out = redact(&text, 1 << 20);
        for line in &lines {
            assert!(!out.contains(&line[8..40]) && !out.contains(&line[56..]), "{name}: {out}");
        }
        assert_eq!(out.matches(['"', '\'']).count(), text.matches(['"', '\'']).count(), "{name}: {out}");
        assert!(out.contains("BEGIN") && out.contains("END") && out.contains("the end"), "{name}: {out}");
        assert_eq!(redact(&out, 1 << 20), out, "{name}: again");
    }
}
