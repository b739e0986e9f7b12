//! Places to be replaced, and the one copy that replaces them.
//!
//! In: text and the spans that the scans found, in any order, perhaps overlapping. Out: the text with the winners
//! replaced: credentials win over identities, then the longer span. What of a loser sticks out is replaced too.

use std::{borrow::Cow, ops::Range};

use encoding_rs::GB18030;

use super::{
    address::Addresses,
    counts::Counts,
    kinds::Kind,
    review::Seen,
    tag::{Prf, TagCache},
};

/// How a span is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// By the token of the value.
    Tag,
    /// By the prepared token of a name in the dictionary.
    Named(u32),
    /// By two tokens around the `@` at this offset.
    Email(u32),
    /// By the stand-in of an address in dotted form, perhaps reversed.
    Ip4 { address: [u8; 4], reversed: bool, separator: u8 },
    /// By the stand-in in 8 hexadecimal digits, in the byte order of the host or of the network.
    Ip4Hex { address: [u8; 4], network: bool },
    /// By the stand-in in the usual form.
    Ip6([u8; 16]),
    /// By the stand-in in 32 hexadecimal digits, as one number or as four words of the host.
    Ip6Hex { address: [u8; 16], words: bool },
    /// By the stand-in, separators and case as before.
    Mac([u8; 6]),
    /// By bytes made before, in the arena.
    Made(u32, u32),
    /// By nothing: the rest of a value that the chunk before has replaced.
    Nothing,
}

/// One place to be replaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) kind: Kind,
    pub(super) form: Form,
}

impl Span {
    pub(super) fn new(range: &Range<usize>, kind: Kind, form: Form) -> Span {
        Span { start: range.start as u32, end: range.end as u32, kind, form }
    }

    fn beats(&self, other: &Span) -> bool {
        let rank = |s: &Span| (s.kind.is_credential(), s.end - s.start, std::cmp::Reverse(s.start));
        rank(self) > rank(other)
    }
}

/// Sorts the spans and takes out overlaps: `kept` gets the winners in order, `spans` is empty afterwards. What looks like an
/// e-mail address and has lost a part is none: of `user:password@host` the host stays.
pub(super) fn settle(spans: &mut Vec<Span>, kept: &mut Vec<Span>) {
    // The scans give sorted runs, which a stable sort only merges.
    spans.sort_by_key(|s| (u64::from(s.start) << 32 | u64::from(!s.end), s.kind));
    kept.clear();
    for next in spans.drain(..) {
        let Some(last) = kept.last_mut().filter(|last| next.start < last.end) else {
            kept.push(next);
            continue;
        };
        let loser = *last;
        if next.beats(&loser) {
            // The start of the loser stays replaced, and so does its end.
            if loser.start < next.start {
                *last = Span { end: next.start, form: Form::Tag, ..loser };
                kept.push(next);
            } else {
                *last = next;
            }
            if loser.end > next.end && loser.kind != Kind::Email {
                kept.push(Span { start: next.end, form: Form::Tag, ..loser });
            }
        } else if next.end > loser.end && next.kind != Kind::Email {
            kept.push(Span { start: loser.end, form: Form::Tag, ..next });
        }
    }
}

/// What is needed to write stand-ins.
pub(super) struct Writer<'a> {
    pub(super) prf: &'a Prf,
    pub(super) addresses: &'a Addresses,
    /// IP addresses become opaque tokens.
    pub(super) tokens: bool,
    /// Prepared tokens of the dictionary.
    pub(super) named: &'a [Vec<u8>],
    pub(super) arena: &'a [u8],
    pub(super) text: &'a [u8],
    /// What is written where nothing is replaced, as long as the text.
    pub(super) bytes: &'a [u8],
    /// The text is GB18030.
    pub(super) gb: bool,
    /// Where the piece ends.
    pub(super) until: usize,
    /// What is replaced keeps its length: offsets in binary content have to hold.
    pub(super) in_place: bool,
}

impl Writer<'_> {
    /// Copies this range of the text, replacing the spans, which are settled and begin in it. Gives where to go on: the last one
    /// may end behind the range.
    pub(super) fn write(
        &self,
        Range { start: from, end: to }: Range<usize>,
        spans: &[Span],
        cache: &mut TagCache,
        counts: &mut Counts,
        seen: Option<&mut Vec<Seen>>,
        out: &mut Vec<u8>,
    ) -> usize {
        let mut seen = seen;
        let text = self.text;
        let mut done = from;
        for span in spans {
            let (start, end) = (span.start as usize, span.end as usize);
            if start < done {
                continue;
            }
            out.extend_from_slice(&self.bytes[done..start]);
            let before = out.len();
            // The stand-in of an address is one again, and where a number was there was no address.
            let token = (span.kind.is_credential() || span.form == Form::Tag) && span.form != Form::Nothing;
            let quote = if token { bare_number(text, start, end) } else { b"" };
            out.extend_from_slice(quote);
            self.stand_in(&text[start..end], span, cache, out);
            out.extend_from_slice(quote);
            done = end;
            if span.form != Form::Nothing {
                counts.one(span.kind);
            }
            if self.in_place {
                // The end of a value that was cut is in the next piece.
                let room = end.min(self.until) - start;
                // What is cut to fit would be the stand-in of something else: then there is none.
                if out.len() - before > room {
                    out.truncate(before);
                }
                out.resize(before + room, b'.');
            }
            if span.form != Form::Nothing
                && let Some(seen) = &mut seen
            {
                seen.push(Seen { start, end, kind: span.kind, written: before, written_end: out.len() });
            }
            if !self.in_place && !span.kind.is_credential() && end <= to {
                done += align(&text[end..to], end - start, out.len() - before, out);
            }
        }
        out.extend_from_slice(&self.bytes[done.min(to)..to]);
        done.max(to)
    }

    fn stand_in(&self, value: &[u8], span: &Span, cache: &mut TagCache, out: &mut Vec<u8>) {
        match span.form {
            Form::Tag => {
                let before = out.len();
                // A value has one stand-in, whatever encoding it is written in.
                let decoded = if self.gb { GB18030.decode_without_bom_handling(value).0 } else { Cow::default() };
                let value = if self.gb { decoded.as_bytes() } else { value };
                cache.push(self.prf, span.kind, value, out);
                if span.kind == Kind::Domain {
                    out.extend_from_slice(b".invalid");
                }
                if matches!(span.kind, Kind::Hostname | Kind::Domain) {
                    follow_case(value, &mut out[before..]);
                }
            }
            Form::Named(index) => {
                let before = out.len();
                let token = &self.named[index as usize];
                out.extend_from_slice(token);
                cache.given.name(index as usize, span.kind, token, value);
                if matches!(span.kind, Kind::Hostname | Kind::Domain) {
                    follow_case(value, &mut out[before..]);
                }
            }
            Form::Email(at) => {
                let at = at as usize - span.start as usize;
                cache.push(self.prf, Kind::Username, &value[..at], out);
                out.push(b'@');
                cache.push(self.prf, Kind::Domain, &value[at + 1..], out);
                out.extend_from_slice(b".invalid");
            }
            Form::Ip4 { .. } | Form::Ip4Hex { .. } | Form::Ip6(_) | Form::Ip6Hex { .. } if self.tokens => {
                cache.push(self.prf, span.kind, value, out);
            }
            Form::Ip4 { address, reversed, separator } => {
                let mut octets = cache.address(4, address, || self.addresses.v4(address));
                if reversed {
                    octets.reverse();
                }
                for (i, octet) in octets.iter().enumerate() {
                    if i > 0 {
                        out.push(separator);
                    }
                    push_decimal(*octet, out);
                }
            }
            Form::Ip4Hex { address, network } => {
                let mut octets = cache.address(4, address, || self.addresses.v4(address));
                if !network {
                    octets.reverse();
                }
                push_hex(octets.iter(), value, out);
            }
            Form::Ip6(address) => {
                let stand_in = std::net::Ipv6Addr::from(cache.address(6, address, || self.addresses.v6(address))).to_string();
                out.extend_from_slice(stand_in.as_bytes());
            }
            Form::Ip6Hex { address, words } => {
                let mut bytes = cache.address(6, address, || self.addresses.v6(address));
                if words {
                    bytes.chunks_mut(4).for_each(<[u8]>::reverse);
                }
                push_hex(bytes.iter(), value, out);
            }
            Form::Mac(address) => {
                let mac = cache.address(48, address, || self.addresses.mac(address));
                let upper = value.iter().any(u8::is_ascii_uppercase);
                let mut digits = mac.iter().flat_map(|b| [b >> 4, b & 15]);
                for &b in value {
                    out.push(if b.is_ascii_hexdigit() { hex_digit(digits.next().unwrap_or(0), upper) } else { b });
                }
            }
            Form::Made(start, end) => out.extend_from_slice(&self.arena[start as usize..end as usize]),
            Form::Nothing => {}
        }
    }
}

/// A number is looked for in a list whose key is at most this far before it.
const LIST_REACH: usize = 1024;

/// The quotes that a stand-in needs where a number had none: as in `"password":12345`, which has to stay JSON. Two numbers
/// of one place are one stand-in.
fn bare_number(text: &[u8], start: usize, end: usize) -> &[u8] {
    let number = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E' | b',' | b' ');
    let commas = memchr::memchr_iter(b',', &text[start..end]).take(2).count();
    if commas > 1 || !text[start..end].iter().all(number) {
        return b"";
    }
    let near = text[start.saturating_sub(32)..start].trim_ascii_end();
    let Some(key) = near.strip_suffix(b":").or_else(|| key_of_list(&text[start.saturating_sub(LIST_REACH)..start])) else {
        return b"";
    };
    let key = key.trim_ascii_end();
    match key {
        [rest @ .., b'"'] => &key[rest.len() - rest.iter().rev().take_while(|b| **b == b'\\').count()..],
        [.., b'\''] => &key[key.len() - 1..],
        _ => b"",
    }
}

/// The key, up to its sign, of the list in the same line that is still open at the end of this text.
fn key_of_list(before: &[u8]) -> Option<&[u8]> {
    let sign = memchr::memrchr3(b':', b'}', b'\n', before).filter(|sign| before[*sign] == b':')?;
    let list = before[sign + 1..].trim_ascii_start();
    let count = |sign: u8| memchr::memchr_iter(sign, list).count();
    let begins = matches!(list.trim_ascii_end().last(), Some(b'[' | b',')) && count(b'"').is_multiple_of(2);
    (begins && list.starts_with(b"[") && count(b'[') > count(b']')).then_some(&before[..sign])
}

/// In columns a shorter stand-in is filled up, a longer one takes the blanks behind it but one. Gives the blanks taken.
fn align(rest: &[u8], old: usize, new: usize, out: &mut Vec<u8>) -> usize {
    let blanks = rest.iter().take(256).take_while(|b| **b == b' ').count();
    if blanks < 2 || rest.get(blanks).is_none_or(|b| *b == b'\n') {
        return 0;
    }
    if new < old {
        out.resize(out.len() + old - new, b' ');
        0
    } else {
        (new - old).min(blanks - 1)
    }
}

/// A name in capitals (NetBIOS, SAP) stays one.
fn follow_case(value: &[u8], token: &mut [u8]) {
    if value.iter().any(u8::is_ascii_uppercase) && !value.iter().any(u8::is_ascii_lowercase) {
        token.make_ascii_uppercase();
    }
}

fn push_decimal(octet: u8, out: &mut Vec<u8>) {
    if octet >= 100 {
        out.push(b'0' + octet / 100);
    }
    if octet >= 10 {
        out.push(b'0' + octet / 10 % 10);
    }
    out.push(b'0' + octet % 10);
}

fn hex_digit(value: u8, upper: bool) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ if upper => b'A' + value - 10,
        _ => b'a' + value - 10,
    }
}

fn push_hex<'a>(bytes: impl Iterator<Item = &'a u8>, like: &[u8], out: &mut Vec<u8>) {
    let upper = !like.iter().any(u8::is_ascii_lowercase);
    for b in bytes {
        out.push(hex_digit(b >> 4, upper));
        out.push(hex_digit(b & 15, upper));
    }
}
