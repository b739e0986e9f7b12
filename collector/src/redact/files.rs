//! Files whose structure says what their fields are.
//!
//! In: a host path, then lines. Out: which reader the file needs, and the spans of its fields.

use super::{
    account::is_account,
    address::{v4_is_public_knowledge, v6_names_a_host},
    by_path,
    credentials::{self, words},
    judge::is_no_secret,
    kinds::Kind,
    person,
    span::{Form, Span},
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
    /// IPv4 addresses in hexadecimal, first octet first: `/proc/net/ip_vs`, `/proc/fs/nfsfs/servers`.
    Hex4Network,
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
    /// Accounts and groups with hashes in the second field.
    Shadow,
    /// Secrets of tunnels, with a type before them.
    Ipsec,
    /// Words in pairs: `machine`, `login`, `password`.
    Netrc,
    /// The secret has its place in the line: the number of a row.
    Placed(u8),
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
            (b"net", b"ip_vs" | b"ip_vs_conn" | b"ip_vs_conn_sync") | (b"nfsfs", b"servers" | b"volumes") if below(b"proc/") => {
                File::Hex4Network
            }
            (b"net", b"route") if below(b"proc/") => File::Hex4,
            (b"net", b"tcp6" | b"udp6" | b"udplite6" | b"raw6" | b"icmp6") if below(b"proc/") => File::Hex6Words,
            (b"net", b"if_inet6" | b"ipv6_route") if below(b"proc/") => File::Hex6,
            (_, b"passwd" | b"passwd-" | b"getent_passwd") => File::Passwd,
            (_, b"chap-secrets" | b"pap-secrets" | b"l2tp-secrets") => File::ChapSecrets,
            (_, b"shadow" | b"shadow-" | b"gshadow" | b"gshadow-" | b"opasswd") => File::Shadow,
            _ if name.ends_with(b"htpasswd") || name.ends_with(b"htdigest") => File::Shadow,
            _ if name == b"ipsec.secrets" || name.ends_with(b".secrets") && below(b"ipsec.d/") => File::Ipsec,
            (_, b".netrc" | b"netrc" | b"_netrc") => File::Netrc,
            _ if let Some(row) = by_path::of(path) => File::Placed(row),
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
            // What a cloud gives a new machine, whatever its name ends in.
            _ if name.starts_with(b"user-data")
                || name.starts_with(b"cloud-config")
                || name == b"cloud.cfg"
                || parent == b"cloud.cfg.d" =>
            {
                File::Manifest
            }
            _ => File::Text,
        }
    }

    /// Finds the fields of this file in `text[from..to]`, which is whole lines.
    pub(super) fn fields(self, text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
        match self {
            File::Text | File::NoAddresses | File::Manifest | File::Logins | File::Path => {}
            File::Hex4 => words(text, from, to, |start, end| hex4(text, start, end, Hex::Alone, spans)),
            File::Hex4Port => words(text, from, to, |start, end| hex4(text, start, end, Hex::Port, spans)),
            File::Hex4Network => words(text, from, to, |start, end| hex4(text, start, end, Hex::Network, spans)),
            File::Hex6Words => words(text, from, to, |start, end| hex6(text, start, end, true, spans)),
            File::Hex6 => words(text, from, to, |start, end| hex6(text, start, end, false, spans)),
            File::Passwd => passwd(text, from, to, spans),
            File::ChapSecrets => credentials::chap(text, from, to, spans),
            File::Shadow => credentials::hashes(text, from, to, spans),
            File::Ipsec => credentials::ipsec(text, from, to, spans),
            File::Netrc => credentials::netrc(text, from, to, spans),
            File::Placed(row) => by_path::fields(row, text, from, to, &mut |value, kind| {
                spans.push(Span::new(&value, kind, Form::Tag));
            }),
            File::Whole(kind) => whole(text, from, to, kind, spans),
        }
    }
}

fn hex(t: &[u8]) -> Option<u128> {
    t.iter()
        .all(u8::is_ascii_hexdigit)
        .then(|| t.iter().fold(0, |n, b| n << 4 | u128::from((*b as char).to_digit(16).unwrap_or(0))))
}

/// What stands beside an address in hexadecimal, and which octet is first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hex {
    Alone,
    Port,
    Network,
}

/// `011F140A` in the routing table, `111F140A:0016` in the tables of sockets, `0A141F01:0050` in those of balancers.
fn hex4(text: &[u8], start: usize, end: usize, form: Hex, spans: &mut Vec<Span>) {
    let word = &text[start..end];
    let port = word.len() == 13 && word[8] == b':';
    let shape = port && form != Hex::Alone || word.len() == 8 && form != Hex::Port;
    if let Some(value) = word.get(..8).filter(|_| shape).and_then(hex) {
        let network = form == Hex::Network;
        let address = if network { (value as u32).to_be_bytes() } else { (value as u32).to_le_bytes() };
        if !v4_is_public_knowledge(address) {
            spans.push(Span::new(&(start..start + 8), Kind::Ipv4, Form::Ip4Hex { address, network }));
        }
    }
}

/// `111F140A:0016 0804630A:C822`: two columns of a table of sockets, wherever it was printed. `i` is at the first.
pub(super) fn socket_pair(text: &[u8], i: usize, spans: &mut Vec<Span>) {
    let column = |at: usize| {
        text.get(at..at + 13).is_some_and(|w| {
            w[8] == b':' && w.iter().enumerate().all(|(n, b)| n == 8 || b.is_ascii_digit() || matches!(b, b'A'..=b'F'))
        })
    };
    if (i == 0 || !super::value::is_name(text[i - 1]))
        && column(i)
        && text.get(i + 13) == Some(&b' ')
        && column(i + 14)
        && text.get(i + 27) == Some(&b' ')
    {
        hex4(text, i, i + 13, Hex::Port, spans);
        hex4(text, i + 14, i + 27, Hex::Port, spans);
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
            if let Some(range) = person::behind_key(text, holder, true, true, "姓名") {
                spans.push(Span::new(&range, Kind::PersonName, Form::Tag));
            }
        }
        start = end + 1;
    }
}

/// The content of a file of one line, unless the firmware left it unset; of more lines each.
fn whole(text: &[u8], from: usize, to: usize, kind: Kind, spans: &mut Vec<Span>) {
    let mut start = memchr::memrchr(b'\n', &text[..from]).map_or(0, |n| n + 1);
    while start < to {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |n| start + n);
        let line = &text[start..end];
        let value = line.trim_ascii();
        let begin = start + line.len() - line.trim_ascii_start().len();
        let set = value.len() >= 5
            && value.iter().any(u8::is_ascii_digit)
            && !value.contains(&b' ')
            && !value.iter().all(|b| matches!(b, b'0' | b'-' | b'f' | b'F'))
            && !is_no_secret(value);
        if set {
            spans.push(Span::new(&(begin..begin + value.len()), kind, Form::Tag));
        }
        start = end + 1;
    }
}
