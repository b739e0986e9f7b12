//! Addresses of networks in text: which dotted quads are no version, IPv6 in its forms.
//!
//! In: a word. Out: spans.

use super::{Words, push, signs::is_of_word, version};
use crate::redact::{
    address::{v4_is_public_knowledge, v6_names_a_host},
    escape,
    files::File,
    kinds::Kind,
    span::{Form, Span},
    value::at,
};

impl Words<'_> {
    /// Dotted quads in a word.
    pub(super) fn ipv4(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut i = start;
        while i < end {
            if !t[i].is_ascii_digit() {
                i += 1;
                continue;
            }
            let run = t[i..end].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
            let mut stop = i + run;
            while stop > i && t[stop - 1] == b'.' {
                stop -= 1;
            }
            // `IP 10.1.2.3.51822 > 10.1.2.9.8080:`, as a capture writes a port.
            if memchr::memchr_iter(b'.', &t[i..stop]).count() == 4
                && let Some(port) = memchr::memrchr(b'.', &t[i..stop]).map(|n| i + n)
                && stop - port <= 6
                && is_captured(t, i, stop)
                && let Some(address) = quad(&t[i..port])
                && !v4_is_public_knowledge(address)
            {
                push(i, port, Kind::Ipv4, Form::Ip4 { address, reversed: false, separator: b'.' }, spans);
            }
            if let Some(address) = quad(&t[i..stop])
                && !v4_is_public_knowledge(address)
            {
                let reversed = t[i + run..end].len() >= 12 && t[stop..].starts_with(b".in-addr.arpa");
                if reversed {
                    let mut address = address;
                    address.reverse();
                    push(i, stop, Kind::Ipv4, Form::Ip4 { address, reversed, separator: b'.' }, spans);
                } else if self.ipv4_stands_alone(address, start, i, stop, stop == i + run) {
                    push(i, stop, Kind::Ipv4, Form::Ip4 { address, reversed: false, separator: b'.' }, spans);
                }
            }
            i += run;
        }
    }

    /// Whether a quad is an address by its surroundings, and not a version.
    pub(super) fn ipv4_stands_alone(&self, address: [u8; 4], word: usize, start: usize, end: usize, whole: bool) -> bool {
        let t = self.text;
        let ours = self.redactor.addresses.is_ours(address);
        let before = if start == 0 || escape::before(t, start).is_some() { b' ' } else { t[start - 1] };
        let after = at(t, end);
        if before.is_ascii_alphanumeric() || before == b'.' || after.is_ascii_alphanumeric() {
            return false;
        }
        let private = matches!(address, [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..]);
        if !whole && at(t, end + 1).is_ascii_alphanumeric() {
            // `db-10.1.2.3.log` is a file of a host in one's own network, `libx-1.2.3.4.so` and `1.2.3.4.5` are none.
            let wildcard = WILDCARD_ZONES.iter().any(|zone| t[end..].starts_with(zone));
            return wildcard || at(t, end + 1).is_ascii_alphabetic() && (ours || self.file == File::Path && private);
        }
        if self.file == File::Path || ours {
            return true;
        }
        // In these blocks no version is, and hardly one has a port: `sshd@3-10.1.2.3:22-10.1.2.9:5122.service`.
        let port = after == b':' && at(t, end + 1).is_ascii_digit();
        let site = matches!(address, [192, 168, ..] | [172, 16..=31, ..]);
        let arrow = after == b'-' && at(t, end + 1) == b'>';
        if matches!(before, b'-' | b'_') || matches!(after, b'-' | b'_') && !arrow {
            let range = after == b'-' && quad_follows(t, end + 1) || before == b'-' && quad_precedes(t, start - 1);
            return range || site || port || in_thread(&t[word..start]);
        }
        // `Edg/118.0.2088.61` is a version; `//10.1.2.3` and `via/10.1.2.3/24` in one's own networks are not.
        let slash = if t[start.saturating_sub(1)] == b'/' { start - 1 } else { escape::begin(t, start) };
        if before == b'/' && slash > 0 && t[slash - 1].is_ascii_alphanumeric() && escape::before(t, slash).is_none() {
            // `db-3.example.com/10.1.2.3:9092` and `node-7/10.1.2.3` name a host and its address.
            let name = t[..slash].iter().rev().take(64).take_while(|b| is_of_word(**b)).count();
            let name = &t[slash - name..slash];
            // A proxy writes where it went: `HIER_DIRECT/203.0.113.9`.
            if name.contains(&b'_') && (name.ends_with(b"DIRECT") || name.ends_with(b"PARENT") || name.ends_with(b"DST")) {
                return true;
            }
            return port || private && (site || name.first().is_some_and(u8::is_ascii_lowercase));
        }
        // The kernel says so of an address.
        t[end..].starts_with(b" sent an invalid ICMP") || !version::is_announced(t, word, address)
    }

    /// `ip-10-1-2-3`, as clouds name their hosts.
    pub(super) fn ipv4_in_name(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let word = &t[start..end];
        // Pods are named so without the word: `10-244-1-5.web.pod.cluster.local`.
        let from = match memchr::memmem::find(word, b"ip-") {
            Some(n) if n == 0 || matches!(word[n - 1], b'.' | b'-') => n + 3,
            _ if word[0].is_ascii_digit() && memchr::memmem::find(word, b".pod").is_some() => 0,
            // `node-10-1-2-3` if it is an address of this host's networks.
            _ => match word.iter().position(u8::is_ascii_digit) {
                Some(n) if dashed(&word[n..]).is_some_and(|(address, _)| self.redactor.addresses.is_ours(address)) => n,
                _ => return,
            },
        };
        let (start, word) = (start + from, &word[from..]);
        if let Some((address, run)) = dashed(word)
            && !v4_is_public_knowledge(address)
        {
            push(start, start + run, Kind::Ipv4, Form::Ip4 { address, reversed: false, separator: b'-' }, spans);
        }
    }

    /// IPv6 addresses: the whole word, or what follows a `name:` in it.
    pub(super) fn ipv6(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut from = start;
        let mut to = end;
        while to > from && matches!(t[to - 1], b'.' | b'-') || to > from + 2 && t[to - 1] == b':' && t[to - 2] != b':' {
            to -= 1;
        }
        for _ in 0..3 {
            if to - from > 64 {
                // Nothing so long is an address; a list may begin with one that a name announces.
                return;
            }
            // Times have colons as well, but neither two together nor seven.
            let colons = memchr::memchr_iter(b':', &t[from..to]).count();
            let shape = colons >= 7 || t[from..to].windows(2).any(|w| w == b"::");
            if !shape {
                return;
            }
            // A capture writes the port behind a dot.
            if let Some(dot) = memchr::memrchr(b'.', &t[from..to]).map(|n| from + n)
                && is_captured(t, start, end)
                && t[dot + 1..to].iter().all(u8::is_ascii_digit)
                && parse_v6(&t[from..to]).is_none()
            {
                to = dot;
            }
            if let Some(address) = parse_v6(&t[from..to]) {
                let ours = v6_names_a_host(address) && t[from..to].iter().any(u8::is_ascii_digit);
                if ours {
                    push(from, to, Kind::Ipv6, Form::Ip6(address), spans);
                }
                return;
            }
            let Some(colon) = memchr::memchr(b':', &t[from..to]) else { return };
            if t[from..from + colon].iter().all(u8::is_ascii_hexdigit) && colon > 0 {
                return;
            }
            from += colon + 1;
        }
    }

    /// The 32 digits before `.ip6.arpa`.
    pub(super) fn ipv6_reversed(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let word = &self.text[start..end];
        if let Some(zone) = memchr::memmem::find(word, b".ip6.arpa")
            && zone >= 63
        {
            let digits = &word[zone - 63..zone];
            let shape = digits.iter().enumerate().all(|(i, b)| if i % 2 == 1 { *b == b'.' } else { b.is_ascii_hexdigit() });
            if shape {
                push(start + zone - 63, start + zone, Kind::Ipv6, Form::Tag, spans);
            }
        }
    }
}

/// The address that the word is or begins with, written with dashes, and its length.
fn dashed(word: &[u8]) -> Option<([u8; 4], usize)> {
    let run = word.iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'-').count();
    let dotted: Vec<u8> = word[..run].iter().map(|b| if *b == b'-' { b'.' } else { *b }).collect();
    quad(&dotted).map(|address| (address, run))
}

/// Whether four numbers begin at `i`.
fn quad_follows(t: &[u8], i: usize) -> bool {
    let run = t[i.min(t.len())..].iter().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let stop = i + run - usize::from(run > 0 && t[i + run - 1] == b'.');
    t.get(i..stop).is_some_and(|part| quad(part).is_some())
}

/// Whether four numbers end at `end`.
fn quad_precedes(t: &[u8], end: usize) -> bool {
    let run = t[..end].iter().rev().take(16).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    quad(&t[end - run..end]).is_some()
}

/// Whether the word is the one side of ` > ` in a line of a capture.
fn is_captured(t: &[u8], start: usize, end: usize) -> bool {
    let end = end + usize::from(at(t, end) == b':');
    let sent = t[end.min(t.len())..].starts_with(b" > ");
    let lead = &t[..start];
    sent && (lead.ends_with(b"IP ") || lead.ends_with(b"IP6 ") || lead.ends_with(b" ")) || lead.ends_with(b" > ")
}

/// Zones of names that hold the address itself.
const WILDCARD_ZONES: [&[u8]; 3] = [b".nip.io", b".sslip.io", b".xip.io"];

/// Whether this stands before an address in the name of a thread or of a storage pool: `http-nio-`, `BP-1876-`.
fn in_thread(lead: &[u8]) -> bool {
    lead.ends_with(b"-nio-")
        || lead.ends_with(b"-bio-")
        || lead.ends_with(b"-apr-")
        || lead.starts_with(b"BP-")
        || lead.starts_with(b"DS-")
}

/// Four octets without leading zeros.
pub(in crate::redact) fn quad(t: &[u8]) -> Option<[u8; 4]> {
    if t.len() > 15 {
        return None;
    }
    let mut parts = t.split(|b| *b == b'.');
    let mut address = [0; 4];
    for octet in &mut address {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || (part.len() > 1 && part[0] == b'0') {
            return None;
        }
        let value = part.iter().fold(0_u32, |n, b| n * 10 + u32::from(b.wrapping_sub(b'0')));
        *octet = u8::try_from(value).ok()?;
    }
    parts.next().is_none().then_some(address)
}

fn parse_v6(t: &[u8]) -> Option<[u8; 16]> {
    if t.len() > 45 {
        return None;
    }
    std::str::from_utf8(t).ok()?.parse::<std::net::Ipv6Addr>().ok().map(|a| a.octets())
}
