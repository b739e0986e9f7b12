//! Stand-ins in a text: where they are, and the text with their meanings in place of them. In: a text, and rows of maps. Out: what to
//! look for in the maps; the text. Pure. A stand-in of an address looks like any address: only a map can tell.

use std::{
    collections::{BTreeMap, HashSet},
    net::{Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use oediag_collector::redact::token_at;

/// What stands behind the token of a domain.
const ENDING: &[u8] = b".invalid";

/// What may be a stand-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// Where it is.
    pub place: Range<usize>,
    /// Its name in maps, in lower case.
    pub name: String,
    /// It says itself that it is one, and not only a map.
    pub certain: bool,
    /// It stands for a credential, which no map has.
    pub credential: bool,
}

/// Everything in the text that may be a stand-in, in order.
pub fn find(text: &[u8]) -> Vec<StandIn> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if let Some(token) = token_at(&text[at..]) {
            let place = at..at + token.len;
            let name = String::from_utf8_lossy(&text[place.clone()]).to_ascii_lowercase();
            at = place.end;
            found.push(StandIn { place, name, certain: true, credential: token.credential });
            continue;
        }
        let begins = at == 0 || !is_word(text[at - 1]);
        match begins.then(|| address(&text[at..])).flatten() {
            Some((len, name)) => {
                found.push(StandIn { place: at..at + len, name, certain: false, credential: false });
                at += len;
            }
            None => at += 1,
        }
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'_')
}

/// The address with which the text begins, and how maps write it.
fn address(text: &[u8]) -> Option<(usize, String)> {
    let run = |limit: usize, fits: fn(&u8) -> bool| {
        let len = text.iter().take(limit).take_while(|byte| fits(byte)).count();
        std::str::from_utf8(&text[..len]).unwrap_or_default()
    };
    let hardware = run(18, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'-'));
    if let Some(name) = mac(hardware) {
        return Some((hardware.len(), name));
    }
    let six = run(46, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    let six = [six, six.trim_end_matches('.'), six.trim_end_matches(':')].into_iter().find_map(|word| {
        let address: Ipv6Addr = word.parse().ok()?;
        Some((word.len(), address.to_string()))
    });
    six.or_else(|| {
        let word = run(16, |byte| byte.is_ascii_digit() || *byte == b'.').trim_end_matches('.');
        let address: Ipv4Addr = word.parse().ok()?;
        let part = text.get(word.len()).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
        (!part).then(|| (word.len(), address.to_string()))
    })
}

fn mac(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split([':', '-']).collect();
    (parts.len() == 6 && parts.iter().all(|part| part.len() == 2)).then(|| word.replace('-', ":").to_ascii_lowercase())
}

/// What a stand-in means in all maps that were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// One value.
    One(String),
    /// Different values in different bundles.
    Several,
}

/// The text with meanings in place of stand-ins, and the certain ones without a meaning and those with several.
pub fn replace(text: &[u8], found: &[StandIn], meanings: &BTreeMap<String, Meaning>) -> (Vec<u8>, Left) {
    let mut out = Vec::with_capacity(text.len());
    let mut left = Left::default();
    let mut done = 0;
    for one in found {
        match meanings.get(&one.name) {
            Some(Meaning::One(value)) => {
                out.extend_from_slice(&text[done..one.place.start]);
                let written = &text[one.place.clone()];
                let capitals = one.certain && !written.iter().any(u8::is_ascii_lowercase);
                out.extend_from_slice(if capitals { value.to_uppercase() } else { value.clone() }.as_bytes());
                done = one.place.end;
                // The ending belongs to the stand-in.
                let domain = one.name.starts_with("oer-dom-");
                if domain && text[done..].get(..ENDING.len()).is_some_and(|end| end.eq_ignore_ascii_case(ENDING)) {
                    done += ENDING.len();
                }
            }
            Some(Meaning::Several) => drop(left.several.insert(one.name.clone())),
            None if one.certain && !one.credential => drop(left.unknown.insert(one.name.clone())),
            None => {}
        }
    }
    out.extend_from_slice(&text[done..]);
    (out, left)
}

/// Stand-ins that stay in the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// No map has them.
    pub unknown: HashSet<String>,
    /// They mean different values in different bundles.
    pub several: HashSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_found_where_they_stand() {
        let text = b"a OEr-host-abcdefgh2345:80 to=<OEr-user-bbbbbbbbbbbb@OEr-dom-cccccccccccc.invalid> 198.51.100.7:443 \
            [2001:DB8::1]:22 peer 10.1.2.3. mac 52-54-00-AA-bb-cc v1.2.3.4.5 x10.1.2.3 00:11:22 OEr-password-kv-dddddddddddd fe80::1: up";
        let names: Vec<String> = find(text).into_iter().map(|one| one.name).collect();
        assert_eq!(
            names,
            [
                "oer-host-abcdefgh2345",
                "oer-user-bbbbbbbbbbbb",
                "oer-dom-cccccccccccc",
                "198.51.100.7",
                "2001:db8::1",
                "10.1.2.3",
                "52:54:00:aa:bb:cc",
                "oer-password-kv-dddddddddddd",
                "fe80::1",
            ]
        );
    }

    #[test]
    fn meanings_take_the_place_of_stand_ins() {
        let one = |value: &str| Meaning::One(value.to_owned());
        let meanings = [
            ("oer-user-bbbbbbbbbbbb", one("li.na")),
            ("oer-dom-cccccccccccc", one("example.net")),
            ("oer-host-abcdefgh2345", one("db-1")),
            ("198.51.100.7", one("203.0.113.9")),
            ("198.51.100.8", Meaning::Several),
        ];
        let meanings = meanings.into_iter().map(|(name, meaning)| (name.to_owned(), meaning)).collect();
        let text = b"<OEr-user-bbbbbbbbbbbb@OEr-dom-cccccccccccc.invalid> OER-HOST-ABCDEFGH2345 198.51.100.7:1 198.51.100.8 \
            OEr-serial-eeeeeeeeeeee OEr-password-kv-dddddddddddd\n";
        let (out, left) = replace(text, &find(text), &meanings);
        let out = String::from_utf8(out).expect("text");
        assert_eq!(
            out,
            "<li.na@example.net> DB-1 203.0.113.9:1 198.51.100.8 OEr-serial-eeeeeeeeeeee OEr-password-kv-dddddddddddd\n"
        );
        assert_eq!(left.unknown, HashSet::from(["oer-serial-eeeeeeeeeeee".to_owned()]));
        assert_eq!(left.several, HashSet::from(["198.51.100.8".to_owned()]));
    }

    #[test]
    fn a_long_text_of_almost_addresses_is_read_in_linear_time() {
        let text = "1:".repeat(200_000);
        assert!(find(text.as_bytes()).len() < 200_000);
    }
}
