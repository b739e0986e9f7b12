//! Scan B: values that are known by their shape: addresses, hardware addresses, numbers of people and cards.
//!
//! In: text. Out: spans. From each `.`, `:` or `-` that joins digits, the word around it (`[0-9A-Za-z_.:-]`) is counted by a
//! table of classes; only words whose counts allow it are looked at by a validator. Long numbers are found by their length. Every validator is plain code, linear in the word.

use super::{
    Redactor,
    address::{v4_is_public_knowledge, v6_names_a_host},
    files::File,
    kinds::Kind,
    span::{Form, Span},
    value::{at, line_start},
};

const DIGIT: u64 = 1;
const DOT: u64 = 1 << 12;
const COLON: u64 = 1 << 24;
const DASH: u64 = 1 << 36;
const LETTER: u64 = 1 << 48;
const MASK: u64 = 0xfff;
/// Counters hold so much; a longer word is looked at in any case.
const COUNTED: usize = 4000;

const CLASS: [u64; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'0'..=b'9' => DIGIT,
            b'.' => DOT,
            b':' => COLON,
            b'-' => DASH,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => LETTER,
            _ => 0,
        };
        b += 1;
    }
    table
};

/// What scan B looks at.
pub(super) struct Words<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) text: &'a [u8],
    pub(super) file: File,
}

impl Words<'_> {
    /// Finds spans in `text[from..to]`; both ends are between words.
    pub(super) fn scan(&self, from: usize, to: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut done = from;
        if self.file != File::NoAddresses {
            // All addresses have two of their characters around one of three signs.
            for sign in memchr::memchr3_iter(b'.', b':', b'-', &t[from..to]) {
                let i = from + sign;
                if i < done || !joins(t, i) {
                    continue;
                }
                let start = i - t[done..i].iter().rev().take_while(|b| CLASS[**b as usize] != 0).count();
                let mut counts = 0_u64;
                done = to;
                for (n, b) in t[start..to].iter().enumerate() {
                    let class = CLASS[*b as usize];
                    if class == 0 {
                        done = start + n;
                        break;
                    }
                    // Of a word too long to count only the length matters.
                    counts = counts.wrapping_add(class);
                }
                if done - start >= 7 {
                    self.word(start, done, counts, spans);
                }
            }
        }
        // Eleven digits in a row have one in every eleventh place.
        let mut i = from + 10;
        while i < to {
            if t[i].is_ascii_digit() {
                let start = i - t[from..i].iter().rev().take_while(|b| b.is_ascii_digit()).count();
                let end = i + t[i..to].iter().take_while(|b| b.is_ascii_digit()).count();
                if end - start >= 11 {
                    self.number(start, end - start, spans);
                }
                i = end.max(i);
            }
            i += 11;
        }
    }

    fn word(&self, start: usize, end: usize, counts: u64, spans: &mut Vec<Span>) {
        let length = end - start;
        let (digits, dots, colons, dashes) = if length > COUNTED {
            (MASK, MASK, MASK, MASK)
        } else {
            (counts & MASK, (counts / DOT) & MASK, (counts / COLON) & MASK, (counts / DASH) & MASK)
        };
        if dots >= 3 && digits >= 4 {
            self.ipv4(start, end, spans);
        }
        if colons >= 2 && digits >= 1 {
            if colons >= 5 {
                self.mac(start, end, b':', spans);
            }
            self.ipv6(start, end, spans);
        }
        if dashes >= 5 && length >= 17 {
            self.mac(start, end, b'-', spans);
        }
        if (dots == 2 || dashes == 2) && (14..=16).contains(&length) {
            self.mac_in_threes(start, end, spans);
        }
        if dots >= 33 && length >= 72 {
            self.ipv6_reversed(start, end, spans);
        }
        if dashes == 3 && (16..=19).contains(&digits) && length < 24 {
            self.card_in_parts(start, end, spans);
        }
        if dashes >= 4 && digits >= 4 && length >= 10 {
            self.ipv4_in_name(start, end, spans);
        }
        if dashes >= 2 && digits >= 11 {
            self.mobile_in_parts(start, end, spans);
        }
    }

    /// Dotted quads in a word.
    fn ipv4(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
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
    fn ipv4_stands_alone(&self, address: [u8; 4], word: usize, start: usize, end: usize, whole: bool) -> bool {
        let t = self.text;
        let ours = self.redactor.addresses.is_ours(address);
        let before = if start == 0 { b' ' } else { t[start - 1] };
        let after = at(t, end);
        if before.is_ascii_alphanumeric()
            || before == b'.'
            || after.is_ascii_alphanumeric()
            || (!whole && at(t, end + 1).is_ascii_alphanumeric())
        {
            return false;
        }
        if self.file == File::Path || ours {
            return true;
        }
        // In these blocks no version is, and hardly one has a port: `sshd@3-10.1.2.3:22-10.1.2.9:5122.service`.
        let port = after == b':' && at(t, end + 1).is_ascii_digit();
        let site = matches!(address, [192, 168, ..] | [172, 16..=31, ..]);
        if matches!(before, b'-' | b'_') || matches!(after, b'-' | b'_') {
            let range = after == b'-' && quad_follows(t, end + 1) || before == b'-' && quad_precedes(t, start - 1);
            return range || site || port;
        }
        // `Edg/118.0.2088.61` is a version; `//10.1.2.3` and `via/10.1.2.3/24` in one's own networks are not.
        if before == b'/' && start >= 2 && t[start - 2].is_ascii_alphanumeric() {
            // `db-3.example.com/10.1.2.3:9092` and `node-7/10.1.2.3` name a host and its address.
            let name = t[..start - 1].iter().rev().take(64).take_while(|b| CLASS[**b as usize] != 0).count();
            let name = &t[start - 1 - name..start - 1];
            let private = site || address[0] == 10 || address[0] == 100 && address[1] & 0xc0 == 64;
            return port || private && (site || name.first().is_some_and(u8::is_ascii_lowercase));
        }
        !follows_version_word(t, word)
    }

    /// `ip-10-1-2-3`, as clouds name their hosts.
    fn ipv4_in_name(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let word = &t[start..end];
        // Pods are named so without the word: `10-244-1-5.web.pod.cluster.local`.
        let from = match memchr::memmem::find(word, b"ip-") {
            Some(n) if n == 0 || matches!(word[n - 1], b'.' | b'-') => n + 3,
            _ if word[0].is_ascii_digit() && memchr::memmem::find(word, b".pod").is_some() => 0,
            _ => return,
        };
        let (start, word) = (start + from, &word[from..]);
        let run = word.iter().take_while(|b| b.is_ascii_digit() || **b == b'-').count();
        let dotted: Vec<u8> = word[..run.min(16)].iter().map(|b| if *b == b'-' { b'.' } else { *b }).collect();
        if let Some(address) = quad(&dotted)
            && !v4_is_public_knowledge(address)
        {
            push(start, start + run, Kind::Ipv4, Form::Ip4 { address, reversed: false, separator: b'-' }, spans);
        }
    }

    /// IPv6 addresses: the whole word, or what follows a `name:` in it.
    fn ipv6(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
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

    /// Hardware addresses of six groups of two digits.
    fn mac(&self, start: usize, end: usize, separator: u8, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut i = start;
        while i + 17 <= end {
            let fits = |from: usize| {
                (0..17).all(|n| if n % 3 == 2 { t[from + n] == separator } else { t[from + n].is_ascii_hexdigit() })
            };
            let free = i == start
                || !(t[i - 1].is_ascii_alphanumeric() || t[i - 1] == separator && i >= start + 2 && t[i - 2].is_ascii_hexdigit());
            if free && fits(i) {
                let mut stop = i + 17;
                // More groups: a fingerprint or the address of another kind of port.
                while stop + 2 < end && t[stop] == separator && t[stop + 1].is_ascii_hexdigit() && t[stop + 2].is_ascii_hexdigit()
                {
                    stop += 3;
                }
                if !at(t, stop).is_ascii_alphanumeric() {
                    if stop == i + 17 {
                        self.push_mac(i, stop, spans);
                    } else {
                        self.push_long_mac(i, stop, spans);
                    }
                }
                i = stop;
            }
            i += 1;
        }
    }

    /// `2853.4e0e.9100` and `2853-4e0e-9100`, as switches write it.
    fn mac_in_threes(&self, start: usize, mut end: usize, spans: &mut Vec<Span>) {
        while end > start + 14 && matches!(self.text[end - 1], b'.' | b':' | b'-') {
            end -= 1;
        }
        let word = &self.text[start..end];
        let sign = if word.len() == 14 { word[4] } else { return };
        let shape = word.iter().enumerate().all(|(i, b)| if i % 5 == 4 { *b == sign } else { b.is_ascii_hexdigit() });
        let letters = word.iter().any(u8::is_ascii_alphabetic);
        // Keys of licences are in groups as well, but in capitals.
        let fits = match sign {
            b'.' => letters || word.starts_with(b"00"),
            b'-' => letters && word.iter().any(u8::is_ascii_digit) && !word.iter().any(u8::is_ascii_uppercase),
            _ => false,
        };
        if shape && fits {
            self.push_mac(start, end, spans);
        }
    }

    /// An address of 64 bits, or the 20 bytes of an InfiniBand interface, of which the last 8 name the port.
    fn push_long_mac(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let word = &self.text[start..end];
        match word.len() {
            // Other eight bytes are as well the number of a certificate; the padding in the middle is the mark.
            23 if word[9..14].eq_ignore_ascii_case(b"ff:fe") || &word[9..14] == b"03:00" => {
                push(start, end, Kind::Mac, Form::Tag, spans);
            }
            59 if word[12..17].eq_ignore_ascii_case(b"fe:80") => push(end - 23, end, Kind::Mac, Form::Tag, spans),
            // The first byte is the type of the network where a boot loader asks for its file.
            20 if word.starts_with(b"01-") => self.push_mac(start + 3, end, spans),
            _ => {}
        }
    }

    /// The 32 digits before `.ip6.arpa`.
    fn ipv6_reversed(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
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

    /// `6228-4878-5759-2515`: a grouped number with an issuer's prefix and a right check digit.
    fn card_in_parts(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let word = &self.text[start..end];
        let shape = word.iter().enumerate().all(|(i, b)| if matches!(i, 4 | 9 | 14) { *b == b'-' } else { b.is_ascii_digit() });
        let digits: Vec<u8> = word.iter().copied().filter(u8::is_ascii_digit).collect();
        if shape && matches!(digits[0], b'3'..=b'6') && is_card(&digits) {
            push(start, end, Kind::BankCard, Form::Tag, spans);
        }
    }

    fn push_mac(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let mut address = [0_u8; 6];
        let digits = self.text[start..end].iter().filter_map(|b| (*b as char).to_digit(16));
        for (i, digit) in digits.enumerate().take(12) {
            address[i / 2] = address[i / 2] << 4 | digit as u8;
        }
        let zero = address == [0; 6];
        // An odd first byte is a group of receivers, broadcast included.
        if !zero && address[0] & 1 == 0 {
            push(start, end, Kind::Mac, Form::Mac(address), spans);
        }
    }

    /// `138-0013-8044`, perhaps behind `+86 `.
    fn mobile_in_parts(&self, start: usize, end: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let mut i = start;
        while i + 13 <= end {
            let word = &t[i..i + 13];
            let fits = word.iter().enumerate().all(|(n, b)| if matches!(n, 3 | 8) { *b == b'-' } else { b.is_ascii_digit() });
            let country = i >= start + 3 && &t[i - 3..i] == b"86-";
            let free = i == start || country || !(t[i - 1].is_ascii_alphanumeric() || matches!(t[i - 1], b'-' | b'.' | b'_'));
            if fits && free && !matches!(at(t, i + 13), b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') {
                let digits: Vec<u8> = word.iter().copied().filter(u8::is_ascii_digit).collect();
                if is_mobile(&digits) {
                    let from = if i >= 4 && matches!(&t[i - 4..i], b"+86 " | b"+86-") { i - 4 } else { i };
                    push(from, i + 13, Kind::CnMobile, Form::Tag, spans);
                }
            }
            i += 1;
        }
    }

    /// A run of digits: the number of a person, a telephone or a card.
    fn number(&self, i: usize, digits: usize, spans: &mut Vec<Span>) {
        let t = self.text;
        let before = if i == 0 { b' ' } else { t[i - 1] };
        if before.is_ascii_alphanumeric() || matches!(before, b'.' | b'_' | b'-') {
            return;
        }
        let after = at(t, i + digits);
        let joined = after.is_ascii_alphanumeric()
            || matches!(after, b'_' | b'-')
            || after == b'.' && at(t, i + digits + 1).is_ascii_alphanumeric();
        let checked = digits == 17 && matches!(after, b'X' | b'x') && !at(t, i + 18).is_ascii_alphanumeric();
        if (checked || digits == 18 && !joined) && is_citizen(&t[i..i + 18]) {
            push(i, i + 18, Kind::CnId, Form::Tag, spans);
        } else if (digits == 11 || digits == 13) && !joined && is_mobile(&t[i..i + digits]) {
            let prefix = i > 0 && t[i - 1] == b'+';
            if (prefix && digits == 13) || self.telephone_stands_here(i, i + digits) {
                push(i - usize::from(prefix), i + digits, Kind::CnMobile, Form::Tag, spans);
            } else if i >= 4 && &t[i - 4..i] == b"+86 " {
                push(i - 4, i + digits, Kind::CnMobile, Form::Tag, spans);
            }
        } else if (13..=19).contains(&digits)
            && !joined
            && is_card(&t[i..i + digits])
            && (self.follows(i, &CARD_WORDS)
                || t[i..].starts_with(b"62") && matches!(digits, 16 | 19) && self.is_field(i, i + digits))
        {
            push(i, i + digits, Kind::BankCard, Form::Tag, spans);
        }
    }

    /// Bare digits are a telephone number only behind a key, in quotes or alone in a field.
    fn telephone_stands_here(&self, start: usize, end: usize) -> bool {
        let t = self.text;
        if self.follows(start, &TELEPHONE_WORDS) {
            return true;
        }
        let before = if start == 0 { b'\n' } else { t[start - 1] };
        let after = at(t, end);
        let quoted = matches!(before, b'"' | b'\'') && before == after;
        // Behind a name in Chinese; a measure word behind it makes it a count.
        if !before.is_ascii() && after.is_ascii() && after != b' ' {
            return true;
        }
        // A colon also stands between the key and a counter, hence on both sides or not at all; a number beside it is a counter.
        let separates = |b: u8| matches!(b, b',' | b';' | b'|' | b'\t');
        let field = (separates(before) && (separates(after) || matches!(after, b':' | b'\n')) || before == b':' && after == b':')
            && !(start >= 2 && t[start - 2].is_ascii_digit())
            && !at(t, end + 1).is_ascii_digit();
        quoted || field
    }

    /// Whether the number is alone between quotes, tabs, commas or bars.
    fn is_field(&self, start: usize, end: usize) -> bool {
        let separates = |b: u8| matches!(b, b'"' | b'\'' | b',' | b'|' | b'\t');
        start > 0 && separates(self.text[start - 1]) && (separates(at(self.text, end)) || at(self.text, end) == b'\n')
    }

    /// Whether one of the words stands in the 24 bytes before.
    fn follows(&self, start: usize, words: &[&[u8]]) -> bool {
        let from = line_start(self.text, start, 24);
        let window = &self.text[from..start];
        words.iter().any(|w| window.windows(w.len()).any(|part| part.eq_ignore_ascii_case(w)))
    }
}

/// Whether the sign at `i` stands between two characters of an address.
fn joins(t: &[u8], i: usize) -> bool {
    let before = if i == 0 { b' ' } else { t[i - 1] };
    let after = at(t, i + 1);
    if t[i] == b':' {
        return (before == b':' || before.is_ascii_hexdigit() || after == b':') && (after == b':' || after.is_ascii_hexdigit());
    }
    before.is_ascii_hexdigit() && after.is_ascii_hexdigit()
}

fn push(start: usize, end: usize, kind: Kind, form: Form, spans: &mut Vec<Span>) {
    spans.push(Span::new(&(start..end), kind, form));
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

const TELEPHONE_WORDS: [&[u8]; 32] = [
    b"user=",
    b"login=",
    b"account=",
    b"to=",
    "用户".as_bytes(),
    "账号".as_bytes(),
    "客户".as_bytes(),
    "通知".as_bytes(),
    "发送".as_bytes(),
    "预留".as_bytes(),
    "机主".as_bytes(),
    b"mob",
    b"callee",
    b"receiver",
    "致电".as_bytes(),
    "拨打".as_bytes(),
    "短信".as_bytes(),
    b"phone",
    b"mobile",
    b"tel",
    b"sms",
    b"sent to",
    b"call",
    b"contact",
    b"msisdn",
    b"cell",
    b"+86",
    "手机".as_bytes(),
    "电话".as_bytes(),
    "联系".as_bytes(),
    &[0xca, 0xd6, 0xbb, 0xfa],
    &[0xb5, 0xe7, 0xbb, 0xb0],
];
const CARD_WORDS: [&[u8]; 8] =
    [b"card", b"pan", "卡".as_bytes(), b"acct", b"bank", b"unionpay", "账号".as_bytes(), &[0xbf, 0xa8]];

/// Words behind which four numbers are a version.
const VERSION_WORDS: [&[u8]; 16] = [
    b"ver",
    b"version",
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
];

/// Whether a version word stands directly before, within 24 bytes.
fn follows_version_word(t: &[u8], start: usize) -> bool {
    let from = line_start(t, start, 24);
    let mut window = &t[from..start];
    while let [rest @ .., b' ' | b'\t' | b':' | b'=' | b'"' | b'\'' | b'(' | b'.'] = window {
        window = rest;
    }
    let ends = |w: &[u8]| {
        window.len() >= w.len()
            && window[window.len() - w.len()..].eq_ignore_ascii_case(w)
            && window.len().checked_sub(w.len() + 1).is_none_or(|i| !window[i].is_ascii_alphanumeric())
    };
    let grade = |part: &[u8]| {
        part.len() >= 5 && part.windows(5).any(|p| p.eq_ignore_ascii_case(b"grade") || p.eq_ignore_ascii_case(b"versi"))
    };
    VERSION_WORDS.iter().any(|w| ends(w)) || (ends(b"to") && grade(window))
}

/// Four octets without leading zeros.
pub(super) fn quad(t: &[u8]) -> Option<[u8; 4]> {
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

/// Eleven digits from 13 on, or the same behind 86.
pub(super) fn is_mobile(t: &[u8]) -> bool {
    let t = if t.len() == 13 { t.strip_prefix(b"86") } else { Some(t) };
    t.is_some_and(|t| t.len() == 11 && t[0] == b'1' && (b'3'..=b'9').contains(&t[1]))
}

/// Region, a real date of birth and the check character of GB 11643 (ISO 7064, MOD 11-2).
fn is_citizen(t: &[u8]) -> bool {
    let number = |range: std::ops::Range<usize>| t[range].iter().fold(0_u32, |n, b| n * 10 + u32::from(b.wrapping_sub(b'0')));
    let (year, month, day) = (number(6..10), number(10..12), number(12..14));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    };
    if !(b'1'..=b'9').contains(&t[0])
        || !(1880..=2100).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=days).contains(&day)
    {
        return false;
    }
    let check = t[..17].iter().fold(0_u32, |n, b| (n + u32::from(b - b'0')) * 2 % 11);
    let expected = (12 - check) % 11;
    match t[17] {
        b'X' | b'x' => expected == 10,
        b => u32::from(b.wrapping_sub(b'0')) == expected,
    }
}

/// Luhn's check digit.
pub(super) fn is_card(t: &[u8]) -> bool {
    let sum = t.iter().rev().enumerate().fold(0_u32, |sum, (i, b)| {
        let digit = u32::from(b - b'0');
        sum + if i % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
    });
    sum.is_multiple_of(10) && t[0] != b'0'
}
