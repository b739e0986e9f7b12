//! Files whose structure says what their fields are.
//!
//! In: a host path, then lines. Out: which reader the file needs, and the spans of its fields.

use super::{
    account::is_account,
    address::{v4_is_public_knowledge, v6_names_a_host},
    columns,
    identity::person,
    judge::is_no_secret,
    kinds::Kind,
    span::{Form, Span},
    tables::{self, Columns},
};

/// What kind of file it is, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    /// Any text.
    Text,
    /// Lists of packages and firmware: four numbers are a version.
    NoAddresses,
    /// YAML or JSON, perhaps of Kubernetes.
    Manifest,
    /// Records of logins: addresses in them are no text.
    Logins,
    /// A path, not a content.
    Path,
    /// IPv4 addresses in hexadecimal with a port: `/proc/net/{tcp,udp,raw}`.
    Hex4Port,
    /// IPv4 addresses in hexadecimal: `/proc/net/route`.
    Hex4,
    /// IPv6 addresses as four words: `/proc/net/{tcp6,udp6,raw6}`.
    Hex6Words,
    /// IPv6 addresses as one number: `/proc/net/{if_inet6,ipv6_route}`.
    Hex6,
    /// Accounts, with the names of their holders.
    Passwd,
    /// `client server secret addresses`.
    ChapSecrets,
    /// The secret has its place in the line: the number of a row.
    Columns(u8),
    /// Comma-separated values, and what its columns hold.
    Csv(Columns),
    /// One value and nothing else.
    Whole(Kind),
}

impl File {
    /// The reader for a host path or the name of a command's output.
    pub(super) fn of(path: &[u8]) -> File {
        let mut parts = path.rsplit(|b| *b == b'/');
        let name = parts.next().unwrap_or(b"");
        let parent = parts.next().unwrap_or(b"");
        let below = |dir: &[u8]| memchr::memmem::find(path, dir).is_some();
        match (parent, name) {
            (b"net", b"tcp" | b"udp" | b"udplite" | b"raw" | b"icmp") if below(b"proc/") => File::Hex4Port,
            (b"net", b"route") if below(b"proc/") => File::Hex4,
            (b"net", b"tcp6" | b"udp6" | b"udplite6" | b"raw6" | b"icmp6") if below(b"proc/") => File::Hex6Words,
            (b"net", b"if_inet6" | b"ipv6_route") if below(b"proc/") => File::Hex6,
            (_, b"passwd" | b"passwd-" | b"getent_passwd") => File::Passwd,
            (_, b"chap-secrets" | b"pap-secrets") => File::ChapSecrets,
            _ if let Some(row) = columns::of(path) => File::Columns(row),
            _ if name.ends_with(b".csv") => File::Csv(Columns::default()),
            (_, b"wtmp" | b"btmp" | b"utmp" | b"lastlog" | b"wtmp.1" | b"btmp.1") => File::Logins,
            _ if name.starts_with(b"wtmp-") || name.starts_with(b"btmp-") || below(b"faillock/") => File::Logins,
            (_, b"machine-id" | b"product_uuid") => File::Whole(Kind::SystemUuid),
            (b"id", b"product_serial" | b"board_serial" | b"chassis_serial" | b"chassis_asset_tag") => {
                File::Whole(Kind::SerialNumber)
            }
            (_, b"serial") if below(b"sys/block/") || below(b"/nvme") || below(b"sys/devices/") => {
                File::Whole(Kind::SerialNumber)
            }
            _ if name.ends_with(b"domuuid") || name.ends_with(b"system-uuid") => File::Whole(Kind::SystemUuid),
            _ if below(b"rpm") || below(b"nvme_list") || below(b"packages") => File::NoAddresses,
            _ if [&b".yaml"[..], b".yml", b".json", b"_yaml", b"_json"].iter().any(|end| name.ends_with(end)) => File::Manifest,
            _ if memchr::memmem::find(name, b"kubectl").is_some() => File::Manifest,
            _ => File::Text,
        }
    }

    /// Finds the fields of this file in `text[from..to]`, which is whole lines.
    pub(super) fn fields(self, text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
        match self {
            File::Text | File::NoAddresses | File::Manifest | File::Logins | File::Path => {}
            File::Hex4 => words(text, from, to, |start, end| hex4(text, start, end, false, spans)),
            File::Hex4Port => words(text, from, to, |start, end| hex4(text, start, end, true, spans)),
            File::Hex6Words => words(text, from, to, |start, end| hex6(text, start, end, true, spans)),
            File::Hex6 => words(text, from, to, |start, end| hex6(text, start, end, false, spans)),
            File::Passwd => passwd(text, from, to, spans),
            File::ChapSecrets => chap(text, from, to, spans),
            File::Columns(row) => columns::fields(row, text, from, to, &mut |value, kind| {
                spans.push(Span::new(&value, kind, Form::Tag));
            }),
            File::Csv(columns) => tables::csv(text, from, to, &columns, &mut |value, kind| {
                spans.push(Span::new(&value, kind, Form::Tag));
            }),
            File::Whole(kind) => whole(text, from, to, kind, spans),
        }
    }
}

/// Calls `each` with the place of every word.
fn words(text: &[u8], from: usize, to: usize, mut each: impl FnMut(usize, usize)) {
    let mut i = from;
    while i < to {
        let length = text[i..to].iter().take_while(|b| !b.is_ascii_whitespace()).count();
        if length > 0 {
            each(i, i + length);
        }
        i += length + 1;
    }
}

fn hex(t: &[u8]) -> Option<u128> {
    t.iter()
        .all(u8::is_ascii_hexdigit)
        .then(|| t.iter().fold(0, |n, b| n << 4 | u128::from((*b as char).to_digit(16).unwrap_or(0))))
}

/// `011F140A` in the routing table, `111F140A:0016` in the tables of sockets.
fn hex4(text: &[u8], start: usize, end: usize, port: bool, spans: &mut Vec<Span>) {
    let word = &text[start..end];
    let shape = if port { word.len() == 13 && word[8] == b':' } else { word.len() == 8 };
    if let Some(value) = word.get(..8).filter(|_| shape).and_then(hex) {
        let address = (value as u32).to_le_bytes();
        if !v4_is_public_knowledge(address) {
            spans.push(Span::new(&(start..start + 8), Kind::Ipv4, Form::Ip4Hex(address)));
        }
    }
}

fn hex6(text: &[u8], start: usize, end: usize, in_words: bool, spans: &mut Vec<Span>) {
    let word = &text[start..end];
    if word.len() < 32 || (word.len() > 32 && word[32] != b':') {
        return;
    }
    if let Some(value) = hex(&word[..32]) {
        let mut address = value.to_be_bytes();
        if in_words {
            address.chunks_mut(4).for_each(<[u8]>::reverse);
        }
        if v6_names_a_host(address) {
            spans.push(Span::new(&(start..start + 32), Kind::Ipv6, Form::Ip6Hex { address, words: in_words }));
        }
    }
}

/// The account in the first field and its holder in the fifth, of accounts that are not the system's.
fn passwd(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    let mut start = from;
    while start < to {
        let end = memchr::memchr(b'\n', &text[start..to]).map_or(to, |n| start + n);
        let mut fields = text[start..end].split(|b| *b == b':');
        let fields: [&[u8]; 5] = std::array::from_fn(|_| fields.next().unwrap_or(b""));
        let uid = std::str::from_utf8(fields[2]).ok().and_then(|uid| uid.parse::<u32>().ok());
        if uid.is_some_and(|uid| uid >= 1000 && uid != 65534 && uid != u32::MAX) {
            if is_account(fields[0]) {
                spans.push(Span::new(&(start..start + fields[0].len()), Kind::Username, Form::Tag));
            }
            let holder = start + fields[..4].iter().map(|f| f.len() + 1).sum::<usize>();
            if let Some(range) = person(text, holder, true, true, "姓名") {
                spans.push(Span::new(&range, Kind::PersonName, Form::Tag));
            }
        }
        start = end + 1;
    }
}

/// The third field of a line is the secret, the first the name of an account.
fn chap(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    let mut start = from;
    while start < to {
        let end = memchr::memchr(b'\n', &text[start..to]).map_or(to, |n| start + n);
        if !text[start..end].trim_ascii_start().starts_with(b"#") {
            let mut field = 0;
            words(text, start, end, |a, b| {
                field += 1;
                let range = a + usize::from(text[a] == b'"')..b - usize::from(b > a + 1 && text[b - 1] == b'"');
                if field == 3 && !is_no_secret(&text[range.clone()]) {
                    spans.push(Span::new(&range, Kind::VpnSecret, Form::Tag));
                } else if field == 1 && !is_no_secret(&text[range.clone()]) {
                    spans.push(Span::new(&range, Kind::Username, Form::Tag));
                }
            });
        }
        start = end + 1;
    }
}

/// The content of a file of one line, unless the firmware left it unset.
fn whole(text: &[u8], from: usize, to: usize, kind: Kind, spans: &mut Vec<Span>) {
    let line = &text[from..to];
    let value = line.trim_ascii();
    let start = from + line.len() - line.trim_ascii_start().len();
    let set = value.len() >= 5
        && value.iter().any(u8::is_ascii_digit)
        && !value.contains(&b' ')
        && !value.iter().all(|b| matches!(b, b'0' | b'-' | b'f' | b'F'))
        && !is_no_secret(value);
    if set {
        spans.push(Span::new(&(start..start + value.len()), kind, Form::Tag));
    }
}
