//! What says that four numbers are a version and no address.
//!
//! In: text and the place of the numbers. Out: a judgement from what stands before them in their line. In doubt they are an
//! address: a version that is lost can be asked for, an address that has left cannot be taken back.

use crate::redact::{escape, value::line_start};

/// So far back the words are looked for.
const REACH: usize = 40;

/// Words behind which four numbers are a version.
const WORDS: [&[u8]; 21] = [
    b"record",
    b"ver",
    b"version",
    b"version_id",
    b"versions",
    b"firmware",
    b"release",
    b"fw",
    b"rev",
    b"revision",
    b"kernel",
    b"driver",
    b"schema",
    b"upgrade from",
    b"update from",
    b"bios",
    b"api",
    b"build",
    b"oid",
    b"objectid",
    b"section",
];
/// The same in Chinese: version, firmware, kernel, driver, upgraded to.
const WIDE: [&str; 7] = ["版本", "固件", "内核", "驱动", "升级到", "升级至", "更新到"];
/// Programs that have versions of four numbers.
const PRODUCTS: [&[u8]; 15] = [
    b"oracle",
    b"weblogic",
    b"websphere",
    b"linux",
    b"qemu",
    b"qemu-kvm",
    b"dpkg",
    b"chrome",
    b"chromium",
    b"edge",
    b"ofed",
    b"jdk",
    b"gaussdb",
    b"opengauss",
    b"kingbase",
];
/// Between a package and its version.
const OPERATORS: [&[u8]; 5] = [b">=", b"<=", b"==", b"~=", b"!="];
/// What is compared with an address has one of these in its name: `ip.src == 10.1.2.3`.
const NETWORK: [&[u8]; 9] = [b"ip", b"addr", b"host", b"src", b"dst", b"peer", b"net", b"server", b"gateway"];

/// Whether what stands before `start` says that the numbers there are a version.
pub(super) fn is_announced(t: &[u8], start: usize, address: [u8; 4]) -> bool {
    let start = escape::begin(t, start);
    let line = &t[line_start(t, start, REACH)..start];
    // A colon behind `kernel` is that of a log's line, unless it is a kernel's number that follows.
    let logged = || line.ends_with(b"kernel: ") && address[0] > 9;
    let announced = || {
        let lead = without_signs(line);
        ends_with_any(lead, &WORDS) || ends_with_word(lead, b"to") && has_grade(lead)
    };
    // These blocks are addresses' in any case.
    let site = matches!(address, [192, 168, ..] | [172, 16..=31, ..]);
    announced() && !logged() || !site && is_versioned(line)
}

/// Weaker signs: an operator of packages, a program's name, an upgrade, a word in Chinese.
fn is_versioned(line: &[u8]) -> bool {
    let plain = line.trim_ascii_end();
    if let Some(lead) = OPERATORS.iter().find_map(|sign| plain.strip_suffix(*sign)) {
        let lead = lead.trim_ascii_end();
        let name = lead.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')).count();
        let name = &lead[lead.len() - name..];
        return !name.is_empty() && !NETWORK.iter().any(|word| has(name, word));
    }
    if line.ends_with(b" ") && ends_with_any(plain, &PRODUCTS) {
        return true;
    }
    // `Upgraded openssl 1.1.1.5`, `Upgraded: openssl 1.1.1.5 -> 1.1.1.7`
    let mut words = plain.rsplit(|b| *b == b' ').filter(|word| *word != b"->");
    let mut name = words.next().unwrap_or_default();
    if plain.ends_with(b"->") {
        name = words.next().unwrap_or_default();
    }
    let link = [&b"by"[..], b"on", b"at", b"for", b"in", b"with", b"host", b"node", b"peer", b"server"];
    if words.next().is_some_and(|verb| has(verb, b"grade") || has(verb, b"grading")) && !link.contains(&name) {
        return true;
    }
    let mut lead = without_signs(line);
    for sign in ["：", "＝", "为", "是", "号"] {
        lead = without_signs(lead.strip_suffix(sign.as_bytes()).unwrap_or(lead));
    }
    WIDE.iter().any(|word| lead.ends_with(word.as_bytes()))
}

fn without_signs(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b':' | b'=' | b'"' | b'\'' | b'(' | b'.' | b'>' | b'\\'] = line {
        line = rest;
    }
    line
}

/// Whether one of the words, which are in lower case, stands at the end. Two letters rule out most of them.
fn ends_with_any(line: &[u8], words: &[&[u8]]) -> bool {
    let Some(end) = line.last_chunk::<2>().map(|end| end.map(|b| b.to_ascii_lowercase())) else { return false };
    words.iter().any(|word| word.last_chunk() == Some(&end) && ends_with_word(line, word))
}

/// Whether the word stands at the end, in any case: alone, or as the last of joined words (`FirmwareVersion`).
fn ends_with_word(line: &[u8], word: &[u8]) -> bool {
    let Some(start) = line.len().checked_sub(word.len()) else { return false };
    line[start..].eq_ignore_ascii_case(word)
        && start.checked_sub(1).is_none_or(|i| {
            !line[i].is_ascii_alphanumeric()
                || line[i].is_ascii_lowercase() && line[start].is_ascii_uppercase()
                || escape::before(line, start).is_some()
        })
}

/// Whether it speaks of an upgrade, an update, a version.
fn has_grade(line: &[u8]) -> bool {
    [&b"grade"[..], b"versi", b"updat"].iter().any(|part| has(line, part))
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|p| p.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_addresses() {
        for (line, version) in [
            ("版本：", true),
            ("内核版本为 ", true),
            ("固件 ", true),
            ("升级到 ", true),
            ("服务器 ", false),
            ("FirmwareVersion=", true),
            ("\"FirmwareRevision\": \"", true),
            ("\"BiosVersion\" : \"", true),
            ("VERSION_ID=", true),
            ("Requires: libfoo >= ", true),
            ("foo==", true),
            ("ip.src == ", false),
            ("src_host==", false),
            ("Upgraded foo ", true),
            ("Upgraded foo 1.2.3.4 -> ", true),
            ("updated by ", false),
            ("upgrade from ", true),
            ("Oracle ", true),
            ("qemu-kvm ", true),
            ("Linux ", true),
            ("OID: ", true),
            ("kernel ", true),
            ("kernel: ", true),
            ("driver ", true),
            ("peer ", false),
            ("cleaver ", false),
            ("connect to ", false),
        ] {
            assert_eq!(is_announced(line.as_bytes(), line.len(), [4, 19, 90, 1]), version, "{line}");
        }
        assert!(!is_announced(b"kernel: ", 8, [10, 20, 30, 40]), "a line of the log");
        assert!(!is_announced(b"foo >= ", 7, [192, 168, 1, 2]));
        assert!(!is_announced("升级到 ".as_bytes(), 10, [192, 168, 1, 2]));
    }
}
