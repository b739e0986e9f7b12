//! Identities that their key announces: numbers of hardware, telephones, cards, places, names of people.
//!
//! In: text and the place of a key. Out: the place of the value and how it is replaced. Every look ends after a few dozen
//! bytes and within the line. A key alone proves little, hence each value has to have the shape of its kind.

use std::ops::Range;

use super::{
    escape,
    judge::{is_no_secret, is_path},
    rows::lines_below,
    scan::begins_word,
    span::Form,
    tokens::{is_card, is_mobile},
    value::{at, is_name, line_end, line_start},
};

/// What has to stand behind the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// A serial number, behind a sign.
    Serial,
    /// 32 hexadecimal digits, with or without dashes.
    Uuid,
    /// As `Uuid`, if the spelling of the key or the line says that it is a machine's and no file system's.
    UuidOfMachine,
    /// 12 hexadecimal digits.
    Mac,
    /// 12 hexadecimal digits without anything between, as in names of interfaces.
    MacInName,
    /// The literal and a sign before it belong to the address: `eth0_5254003a91c2`.
    MacItself,
    /// The bytes by which a DHCP client names itself: their last six are its hardware address.
    ClientId,
    /// 64 bits that name a port or a disk, or what begins with `naa.` or `eui.`.
    Wwn,
    /// The second column of `nvme list`.
    SerialOfNvme,
    /// Behind the last `_` of a link to a disk.
    SerialOfLink,
    /// 16 hexadecimal digits: the address of an InfiniBand port.
    Guid,
    /// A Chinese mobile number, perhaps in groups.
    Phone,
    /// The number of a bank card, perhaps in groups.
    Card,
    /// One or two numbers with many decimals.
    Degrees,
    /// The sign of degrees between degrees and minutes: `30°14'51.2"N`.
    Minutes,
    /// The position in a sentence of NMEA 0183.
    Nmea,
    /// Han characters in base64, as LDAP writes them.
    NameInBase64,
}

/// The value behind the key at `hit`.
pub(super) fn find(t: &[u8], field: Field, hit: Range<usize>) -> Option<(Range<usize>, Form)> {
    let word = &t[hit.clone()];
    // Some literals hold their sign or quote.
    let end = hit.start + word.iter().rposition(|b| b.is_ascii_alphanumeric() || !b.is_ascii()).map_or(word.len(), |n| n + 1);
    let begins = begins_word(t, hit.start);
    let tag = |range| (range, Form::Tag);
    match field {
        Field::Serial if begins => serial(t, end).map(tag),
        Field::Uuid if begins => {
            let start = if word.ends_with(b"-") { hit.end } else { value_start(t, end).0 };
            // A command's name, and its output in the next line.
            let below = || lines_below(t, end).next().filter(|_| at(t, start) == b'\n');
            uuid(t, start).or_else(|| below().and_then(|line| uuid(t, line.start).filter(|found| *found == line))).map(tag)
        }
        Field::UuidOfMachine => {
            let from = line_start(t, hit.start, 512);
            let says = |part: &[u8]| memchr::memmem::find(&t[from..hit.start], part).is_some();
            // libvirt's tools fill up its name to a column that no tool of file systems has.
            let column = word.ends_with(b" ") && (hit.start == 0 || t[hit.start - 1] == b'\n');
            let line = word == b"uuid=" && begins && (says(b"chassis=") || says(b"smbios"));
            let machine = column || line || word == b"\"UUID\"";
            if machine { uuid(t, value_start(t, end).0).map(tag) } else { None }
        }
        Field::Mac if begins => {
            let end = suffix(t, end, &[b"_address", b"-address", b" address", b"address", b"_addr", b"-addr", b"addr"]);
            if is_name(at(t, end)) { None } else { mac(t, value_start(t, end).0) }
        }
        Field::MacInName if begins => mac(t, hit.end),
        Field::MacItself => mac(t, hit.start + 1),
        Field::ClientId if !is_name(at(t, end)) => client_id(t, value_start(t, end).0),
        Field::Wwn if begins && !is_name(at(t, end)) => wwn(t, end).map(tag),
        Field::Wwn if begins && at(t, end) == b'-' => wwn(t, end + 1).map(tag),
        Field::SerialOfNvme => serial_of_nvme(t, hit.end).map(tag),
        Field::SerialOfLink => serial_of_link(t, hit.end).map(tag),
        Field::Guid if begins && !is_name(at(t, end)) => guid(t, value_start(t, end).0).map(tag),
        Field::Phone => {
            let start = if word == b"+86" { hit.start } else { number_start(t, end) };
            phone(t, start).map(tag)
        }
        Field::Card if begins => card(t, number_start(t, end)).map(tag),
        Field::Degrees if begins => degrees(t, end, word).map(tag),
        Field::Minutes => minutes(t, &hit).map(tag),
        Field::Nmea => nmea(t, hit.start).map(tag),
        Field::NameInBase64 => {
            let run = run(t, hit.end, 40, |b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
            // The first byte of a Han character is E4 to E9.
            let han = matches!(at(t, hit.end), b'5' | b'6') && run >= 8;
            han.then(|| tag(hit.end..hit.end + run))
        }
        _ => None,
    }
}

/// Items of one list that are looked at.
pub(super) const LIST_MOST: usize = 64;

/// The item behind this one of a list of numbers: `[13800138000,13900139000]`, `[[120.15,30.24],[120.16,30.25]]`.
pub(super) fn next_of_list(t: &[u8], field: Field, last: &Range<usize>) -> Option<Range<usize>> {
    let listed = last.start > 0 && matches!(t[last.start - 1], b'[' | b',' | b' ');
    let gap = run(t, last.end, 8, |b| matches!(b, b',' | b' ' | b'[' | b']'));
    let next = last.end + gap;
    if !listed || !t[last.end..next].contains(&b',') || !at(t, next).is_ascii_digit() && at(t, next) != b'-' {
        return None;
    }
    match field {
        Field::Phone => phone(t, next),
        Field::Card => card(t, next),
        Field::Degrees => pair(t, next).ok(),
        _ => None,
    }
}

fn run(t: &[u8], i: usize, limit: usize, set: impl Fn(u8) -> bool) -> usize {
    t[i.min(t.len())..].iter().take(limit).take_while(|b| set(**b)).count()
}

/// Goes over the first of the endings that is there, in any case.
fn suffix(t: &[u8], i: usize, endings: &[&[u8]]) -> usize {
    let rest = &t[i.min(t.len())..];
    endings.iter().find(|e| rest.get(..e.len()).is_some_and(|r| r.eq_ignore_ascii_case(e))).map_or(i, |e| i + e.len())
}

/// Where the value behind the key that ends at `i` begins, and whether a sign announces it: closing quote, blanks, sign,
/// opening quote.
fn value_start(t: &[u8], i: usize) -> (usize, bool) {
    let mut i = escape::colours(t, i);
    i = escape::colours(t, i + run(t, i, 3, |b| matches!(b, b'"' | b'\'' | b'\\' | b']')));
    let mut signed = false;
    for _ in 0..48 {
        match at(t, i) {
            b':' | b'=' | b'>' | b'|' => signed = true,
            b' ' | b'\t' | b'.' => {}
            0xef if t[i..].starts_with("：".as_bytes()) => {
                signed = true;
                i += 2;
            }
            _ => break,
        }
        i += 1;
    }
    i = escape::colours(t, i);
    let start = i + run(t, i, 3, |b| matches!(b, b'"' | b'\'' | b'\\'));
    (escape::colours(t, escape::past(t, start)), signed)
}

/// Where a number behind a key may begin: `phone_number: `, `手机号码为 `.
fn number_start(t: &[u8], i: usize) -> usize {
    const FILLERS: [&[u8]; 11] = [
        "号".as_bytes(),
        "码".as_bytes(),
        "是".as_bytes(),
        "为".as_bytes(),
        "（".as_bytes(),
        b"(",
        b"[",
        // In GB18030.
        &[0xba, 0xc5],
        &[0xc2, 0xeb],
        &[0xca, 0xc7],
        &[0xa3, 0xba],
    ];
    let mut i = i + run(t, i, 16, |b| b.is_ascii_alphabetic() || b == b'_');
    for _ in 0..4 {
        i = value_start(t, i).0;
        let Some(filler) = FILLERS.iter().find(|f| t[i.min(t.len())..].starts_with(f)) else { break };
        i += filler.len();
    }
    i
}

fn serial(t: &[u8], end: usize) -> Option<Range<usize>> {
    const NUMBER: [&[u8]; 9] = [b" number", b"_number", b"-number", b"number", b" no", b"_no", b"no", b"_short", b" num"];
    let numbered = suffix(t, end, &NUMBER);
    if is_name(at(t, numbered)) && at(t, numbered) != b'.' {
        return None;
    }
    let (start, signed) = value_start(t, numbered);
    let mut end = start + run(t, start, 64, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b'+' | b'.'));
    while end > start && matches!(t[end - 1], b'.' | b'-' | b'/') {
        end -= 1;
    }
    let v = t.get(start..end)?;
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = v.iter().filter(|b| b.is_ascii_alphabetic()).count();
    // openssl writes the number of a certificate as `serial=4F2A..`, or as a number with its hexadecimal form behind.
    let certificate = at(t, start.wrapping_sub(1)) == b'=' && v.len() >= 14 && v.iter().all(u8::is_ascii_hexdigit)
        || digits == v.len() && v.len() > 20
        || v.len() >= 32 && v.iter().all(u8::is_ascii_hexdigit);
    let alone = matches!(at(t, end), b'\n' | b'\r' | b'"' | b'\'' | b'<' | b',' | b'|');
    let shape = if letters > 0 { v.len() >= 6 && digits > 0 } else { digits >= 8 && digits == v.len() && alone };
    // keytool writes the number of a certificate so, a disk its own in capitals.
    let certificate = certificate
        || letters > 0
            && t[..start].ends_with(b"Serial number: ")
            && v.iter().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
    let fits = signed
        && shape
        && !certificate
        && at(t, end) != b':'
        && !v.starts_with(b"tty")
        && !v.iter().all(|b| matches!(b, b'0' | b'x' | b'-'))
        && !is_path(v)
        && !is_no_secret(v);
    fits.then_some(start..end)
}

fn uuid(t: &[u8], start: usize) -> Option<Range<usize>> {
    // `42 3a 1b 2c 3d 4e 5f 60-71 82 93 a4 b5 c6 d7 e8`, as VMware writes it.
    let pairs = t.get(start..start + 47).filter(|v| v[23] == b'-' && v[2] == b' ');
    if let Some(v) = pairs {
        let shape = v.iter().enumerate().all(|(i, b)| if i % 3 == 2 { matches!(b, b' ' | b'-') } else { b.is_ascii_hexdigit() });
        return shape.then_some(start..start + 47);
    }
    let run = run(t, start, 40, |b| b.is_ascii_hexdigit() || b == b'-');
    let v = t.get(start..start + run)?;
    let shape = match v.len() {
        32 => !v.contains(&b'-'),
        36 => v.iter().enumerate().all(|(i, b)| matches!(i, 8 | 13 | 18 | 23) == (*b == b'-')),
        _ => false,
    };
    let set = v.iter().any(|b| !matches!(b, b'0' | b'-' | b'f' | b'F'));
    (shape && set && !at(t, start + run).is_ascii_alphanumeric()).then_some(start..start + run)
}

/// A hardware address without separators that fills its field.
pub(super) fn bare_mac(t: &[u8], range: Range<usize>) -> Option<Form> {
    mac(t, range.start).filter(|(found, _)| found.end == range.end).map(|(_, form)| form)
}

fn mac(t: &[u8], start: usize) -> Option<(Range<usize>, Form)> {
    let start = suffix(t, start, &[b"0x"]);
    if let Some(v) = t.get(start..start + 17).filter(|v| matches!(v[2], b' ' | b'_')) {
        let shape = v.iter().enumerate().all(|(i, b)| if i % 3 == 2 { *b == v[2] } else { b.is_ascii_hexdigit() });
        let mut address = [0_u8; 6];
        for (i, b) in v.iter().filter(|b| b.is_ascii_hexdigit()).enumerate().take(12) {
            address[i / 2] = address[i / 2] << 4 | (*b as char).to_digit(16)? as u8;
        }
        let one = shape && address[0] & 1 == 0 && address != [0; 6] && !t.get(start + 17).is_some_and(u8::is_ascii_alphanumeric);
        return one.then_some((start..start + 17, Form::Mac(address)));
    }
    let v = t.get(start..start + 12)?;
    let mut address = [0_u8; 6];
    for (i, b) in v.iter().enumerate() {
        address[i / 2] = address[i / 2] << 4 | (*b as char).to_digit(16)? as u8;
    }
    let word = v[0] == b'0' || v.iter().any(u8::is_ascii_alphabetic) && v.iter().any(u8::is_ascii_digit);
    let one = address[0] & 1 == 0 && address != [0; 6];
    (word && one && !is_name(at(t, start + 12))).then_some((start..start + 12, Form::Mac(address)))
}

fn guid(t: &[u8], start: usize) -> Option<Range<usize>> {
    let start = suffix(t, start, &[b"0x"]);
    let run = run(t, start, 24, |b| b.is_ascii_hexdigit() || b == b':');
    let v = t.get(start..start + run)?;
    let shape = match v.len() {
        16 => !v.contains(&b':'),
        19 => v.iter().enumerate().all(|(i, b)| matches!(i, 4 | 9 | 14) == (*b == b':')),
        23 => v.iter().enumerate().all(|(i, b)| (i % 3 == 2) == (*b == b':')),
        _ => false,
    };
    let set = v.iter().any(|b| !matches!(b, b'0' | b':' | b'f' | b'F'));
    (shape && set && !is_name(at(t, start + run))).then_some(start..start + run)
}

/// `ff:00:3a:91:c2:00:01:00:01:2c:..:52:54:00:3a:91:c2` or `01:52:54:..`: the last six bytes.
fn client_id(t: &[u8], start: usize) -> Option<(Range<usize>, Form)> {
    let run = run(t, start, 96, |b| b.is_ascii_hexdigit() || matches!(b, b':' | b'-'));
    let v = t.get(start..start + run)?;
    let separator = if v.len() > 20 || v.len() == 20 { at(v, 2) } else { return None };
    let shape = v.iter().enumerate().all(|(i, b)| if i % 3 == 2 { *b == separator } else { b.is_ascii_hexdigit() });
    if !matches!(separator, b':' | b'-') || !shape || v.len() % 3 != 2 {
        return None;
    }
    let from = start + run - 17;
    let mut address = [0_u8; 6];
    for (i, b) in t[from..start + run].iter().filter(|b| b.is_ascii_hexdigit()).enumerate() {
        address[i / 2] = address[i / 2] << 4 | (*b as char).to_digit(16)? as u8;
    }
    (address != [0; 6]).then_some((from..start + run, Form::Mac(address)))
}

/// `0x5000c500a1b2c3d4`, `5000c500a1b2c3d4`, `50:00:c5:..`, `5 000c50 0a1b2c3d4` as smartctl writes it, `naa.5000..`.
fn wwn(t: &[u8], key_end: usize) -> Option<Range<usize>> {
    let start = suffix(t, value_start(t, key_end).0, &[b"0x", b"naa.", b"eui.", b"wwn-0x"]);
    let run = run(t, start, 40, |b| b.is_ascii_hexdigit() || matches!(b, b':' | b' '));
    let mut end = start + run;
    while end > start && !t[end - 1].is_ascii_hexdigit() {
        end -= 1;
    }
    let v = t.get(start..end)?;
    let digits = v.iter().filter(|b| b.is_ascii_hexdigit()).count();
    let signs = v.len() - digits;
    let shape =
        matches!(digits, 16 | 32) && (signs == 0 || signs == 7 && v[2] == b':' || signs == 2 && v[1] == b' ' && v[8] == b' ');
    let set = v.iter().any(|b| !matches!(b, b'0' | b':' | b' ' | b'f' | b'F'));
    (shape && set && !is_name(at(t, end))).then_some(start..end)
}

/// `/dev/nvme0n1     S4YPNE0DH0TGR2       SAMSUNG ..`: two blanks or more around it.
fn serial_of_nvme(t: &[u8], i: usize) -> Option<Range<usize>> {
    let name = run(t, i, 8, |b| b.is_ascii_digit() || b == b'n');
    let mut start = i + name + run(t, i + name, 40, |b| b == b' ');
    let gap = start - i - name;
    // Newer ones have a column with the generic device before it.
    if t[start.min(t.len())..].starts_with(b"/dev/ng") {
        let generic = run(t, start, 24, |b| b.is_ascii_graphic());
        start += generic + run(t, start + generic, 40, |b| b == b' ');
    }
    let length = run(t, start, 21, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let v = t.get(start..start + length)?;
    let fits = gap >= 1 && length >= 8 && v.iter().any(u8::is_ascii_digit) && v.iter().any(u8::is_ascii_uppercase);
    (fits && !v.iter().any(u8::is_ascii_lowercase) && at(t, start + length) == b' ').then_some(start..start + length)
}

/// `/by-id/ata-MODEL_WITH_PARTS_S3Z9NB0K123456-part1`
fn serial_of_link(t: &[u8], i: usize) -> Option<Range<usize>> {
    let name = run(t, i, 96, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    let mut end = i + name;
    if let Some(part) = memchr::memmem::find(&t[i..end], b"-part") {
        end = i + part;
    }
    if let Some(port) = memchr::memmem::find(&t[i..end], b"-0:") {
        end = i + port;
    }
    let start = i + memchr::memrchr(b'_', &t[i..end])? + 1;
    let v = &t[start..end];
    (v.len() >= 6 && v.iter().filter(|b| b.is_ascii_digit()).count() >= 2 && !is_no_secret(v)).then_some(start..end)
}

/// Digits from `start` on, single blanks or dashes between them: where they end, how many, and which.
fn grouped<const N: usize>(t: &[u8], start: usize) -> (usize, usize, [u8; N]) {
    let mut digits = [0; N];
    let mut count = 0;
    let mut i = start;
    while count < N {
        let b = at(t, i);
        if b.is_ascii_digit() {
            digits[count] = b;
            count += 1;
            i += 1;
        } else if count > 0 && matches!(b, b' ' | b'-') && at(t, i + 1).is_ascii_digit() {
            i += 1;
        } else {
            break;
        }
    }
    (i, count, digits)
}

fn phone(t: &[u8], start: usize) -> Option<Range<usize>> {
    let mut i = suffix(t, start, &[b"+86", b"0086", b"86", b"(+86)", b"(86)"]);
    if i > start {
        i += run(t, i, 1, |b| matches!(b, b' ' | b'-'));
    }
    let (end, count, digits) = grouped::<11>(t, i);
    (count == 11 && is_mobile(&digits) && !at(t, end).is_ascii_alphanumeric()).then_some(start..end)
}

fn card(t: &[u8], start: usize) -> Option<Range<usize>> {
    let (end, count, digits) = grouped::<19>(t, start);
    let issuer = matches!(digits[0], b'3'..=b'6' | b'9');
    (count >= 13 && issuer && is_card(&digits[..count]) && !at(t, end).is_ascii_alphanumeric()).then_some(start..end)
}

/// `lat: 30.24771`, `gps=30.24771,120.15531`, `"coordinates":[120.15531,30.24771]`.
fn degrees(t: &[u8], key_end: usize, word: &[u8]) -> Option<Range<usize>> {
    // Of a place only one number is enough where the key says which of the two it is.
    let one = !word[0].is_ascii() || word.len() <= 5 && word[0].eq_ignore_ascii_case(&b'l');
    if is_name(at(t, key_end)) {
        return None;
    }
    let mut start = value_start(t, key_end).0;
    start += run(t, start, 2, |b| matches!(b, b'[' | b'(' | b' '));
    match pair(t, start) {
        Ok(pair) => Some(pair),
        Err(first) => first.filter(|_| one).map(|first| start..first),
    }
}

/// Two numbers of degrees that begin at `start`; else the end of the one that is there.
fn pair(t: &[u8], start: usize) -> Result<Range<usize>, Option<usize>> {
    let first = decimal(t, start).ok_or(None)?;
    let gap = run(t, first, 4, |b| matches!(b, b',' | b' ' | b';' | b'/' | b'N' | b'S' | b'E' | b'W'));
    let second = if gap > 0 { decimal(t, first + gap) } else { None };
    second.map(|second| start..second).ok_or(Some(first))
}

/// `30°14'51.2"N`, `30°14.853′N`, `30 deg 14' 51.20" N` around its sign of degrees.
fn minutes(t: &[u8], sign: &Range<usize>) -> Option<Range<usize>> {
    const MARKS: [&[u8]; 8] =
        [b"'", b"\"", b"\\\"", "′".as_bytes(), "″".as_bytes(), "’".as_bytes(), "”".as_bytes(), &[0xa1, 0xe4]];
    let whole = t[..sign.start].iter().rev().take(4).take_while(|b| b.is_ascii_digit()).count();
    let start = sign.start - whole;
    let mut i = sign.end;
    let mut parts = 0;
    for _ in 0..3 {
        i += run(t, i, 2, |b| b == b' ');
        let digits = run(t, i, 12, |b| b.is_ascii_digit() || b == b'.');
        let Some(mark) = MARKS.iter().find(|m| digits > 0 && t[i + digits..].starts_with(m)) else { break };
        i += digits + mark.len();
        parts += 1;
    }
    let letter = run(t, i, 1, |b| b == b' ');
    let end = if matches!(at(t, i + letter), b'N' | b'S' | b'E' | b'W') { i + letter + 1 } else { i };
    (parts > 0 && (1..=3).contains(&whole)).then_some(start..end)
}

/// The end of a number of at most 180 with at least four decimals.
fn decimal(t: &[u8], start: usize) -> Option<usize> {
    let i = start + run(t, start, 1, |b| matches!(b, b'-' | b'+'));
    let whole = run(t, i, 4, |b| b.is_ascii_digit());
    let decimals = run(t, i + whole + 1, 16, |b| b.is_ascii_digit());
    let end = i + whole + 1 + decimals;
    let fits = (1..=3).contains(&whole) && at(t, i + whole) == b'.' && decimals >= 4 && at(t, end) != b'.';
    let value = t.get(i..i + whole)?.iter().fold(0_u32, |n, b| n * 10 + u32::from(b - b'0'));
    (fits && value <= 180).then_some(end)
}

/// `$GNRMC,031455.00,A,3015.84721,N,12009.32188,E,...`: both numbers with their letters.
fn nmea(t: &[u8], start: usize) -> Option<Range<usize>> {
    if start < 3 || t[start - 3] != b'$' {
        return None;
    }
    let limit = line_end(t, start).min(start + 80);
    let mut i = start;
    while let Some(comma) = memchr::memchr(b',', &t[i..limit]) {
        i += comma + 1;
        let number = |i: usize| run(t, i, 16, |b| b.is_ascii_digit() || b == b'.');
        let first = i + number(i);
        if first >= i + 4 && at(t, first) == b',' && matches!(at(t, first + 1), b'N' | b'S') && at(t, first + 2) == b',' {
            let second = first + 3 + number(first + 3);
            let fits = second >= first + 7 && at(t, second) == b',' && matches!(at(t, second + 1), b'E' | b'W');
            return fits.then_some(i..second + 2);
        }
    }
    None
}

/// Whether this, behind a key in Chinese, is a secret and not a number of it, its method or the place where it is.
pub(super) fn is_spoken_secret(v: &[u8], signed: bool) -> bool {
    const METHODS: [&str; 23] = [
        "crc", "0x", "oauth", "jwt", "bearer", "totp", "ukey", "md5", "sha", "base64", "bcrypt", "scrypt", "aes", "sm2", "sm3",
        "sm4", "rsa", "utf-8", "ascii", "ldap", "ssh", "root", "admin",
    ];
    const FILES: [&str; 8] = [".key", ".pem", ".crt", ".jks", ".p12", ".pfx", ".pub", ".txt"];
    let lower = v.get(..8).unwrap_or(v).to_ascii_lowercase();
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let lowercase = v.iter().filter(|b| b.is_ascii_lowercase()).count();
    let method = v.len() <= 7 && METHODS.iter().any(|m| lower.starts_with(m.as_bytes()));
    let file = FILES.iter().any(|f| v.ends_with(f.as_bytes()));
    let shown = signed || digits >= 4 || lowercase < v.len() && digits < v.len() && (digits > 0 || v.len() >= 8);
    // `8-16`位, the start of the next attribute.
    let range = v.len() <= 5 && v.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'~'));
    let range = range && v.iter().any(|b| !b.is_ascii_digit()) || v.starts_with(b" ") || v.ends_with(b"=");
    // Behind words that do not say that it is one, a date is none.
    let date = !signed && v.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'/' | b':' | b'.')) && digits < v.len();
    v.len() >= 4
        && shown
        && !range
        && !date
        && !method
        && !file
        && !is_no_secret(v)
        && !is_path(v)
        && memchr::memmem::find(v, b"://").is_none()
}
