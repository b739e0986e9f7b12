//! The leak gate: the last look at what leaves, by code that shares nothing with the redactor's scans.
//!
//! In: clean bytes and who the host is. Out: the same bytes, with what should not be in them masked as `OEr-leak-TAG`, and where it
//! was. What cannot be masked is an error, and the item is left out. Each chunk is looked at alone: chunks end at line ends,
//! longer lines between words, so a number or a name without blanks is never cut; a key body is known by either of its labels.
//! Never here: a value in a report, state between chunks.
//!
//! `names` (the harvest in every encoding) and `credentials` (beginnings that issuers give) are found through `grams`; `keys`,
//! `numbers` and `addresses` walk on their own; `row` looks at the strings of a manifest's row.

mod addresses;
mod check;
mod credentials;
mod escapes;
mod found;
mod grams;
mod keys;
mod kinds;
mod names;
mod numbers;
mod row;

use std::ops::Range;

pub(crate) use self::row::{add, name};
use self::{addresses::Subnet, credentials::Walk, grams::Grams, keys::Walked, names::Form, names::Name};
pub use self::{
    check::{CheckError, Checked, Doubt, Spot, Why, check},
    found::{Found, Leaked},
    kinds::Kind,
    row::{LastLook, row},
};
use crate::redact::{Clean, Encoding, Given, Harvest, Ip, Mask, Redactor, Settings, Written};

/// Bytes to be found, in this case or in any.
struct Literal {
    bytes: Vec<u8>,
    any_case: bool,
}

/// What a literal begins.
enum Row {
    Name(Name),
    Credential(usize),
    KeyLabel,
    PuttyBody,
}

/// A place where something is that should not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The bytes to be masked.
    pub range: Range<usize>,
    /// What they are.
    pub kind: Kind,
    /// How they are written.
    pub written: Written,
}

/// Which addresses are stand-ins.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// Those that a worker has written.
    Given(&'a Given),
    /// Those that a map on this host lists.
    Listed(&'a StandIns),
    /// Nobody knows: addresses are not looked for.
    Unknown,
}

/// Stand-ins of addresses, from a map.
#[derive(Debug, Clone, Default)]
pub struct StandIns {
    /// IPv4.
    pub v4: std::collections::HashSet<[u8; 4]>,
    /// IPv6.
    pub v6: std::collections::HashSet<[u8; 16]>,
    /// Hardware addresses.
    pub mac: std::collections::HashSet<[u8; 6]>,
}

impl StandIns {
    /// Adds an address as a map writes it; other stand-ins are passed over.
    pub fn add(&mut self, token: &str) {
        if let Ok(address) = token.parse::<std::net::Ipv4Addr>() {
            self.v4.insert(address.octets());
        } else if let Ok(address) = token.parse::<std::net::Ipv6Addr>() {
            self.v6.insert(address.octets());
            self.v4.extend(address.to_ipv4_mapped().map(|v4| v4.octets()));
        } else if token.len() == 17 {
            let byte = |n: usize| u8::from_str_radix(token.get(n * 3..n * 3 + 2)?, 16).ok();
            let bytes: Option<Vec<u8>> = (0..6).map(byte).collect();
            self.mac.extend(bytes.and_then(|bytes| <[u8; 6]>::try_from(bytes).ok()));
        }
    }
}

impl Known<'_> {
    fn v4(&self, address: [u8; 4]) -> bool {
        let [a, b, c, d] = address;
        match self {
            Known::Given(given) => given.gave_v4(address),
            // Reverse names have them in the opposite order.
            Known::Listed(listed) => listed.v4.contains(&address) || listed.v4.contains(&[d, c, b, a]),
            Known::Unknown => true,
        }
    }

    fn v6(&self, address: [u8; 16]) -> bool {
        match self {
            Known::Given(given) => given.gave_v6(address),
            Known::Listed(listed) => listed.v6.contains(&address),
            Known::Unknown => true,
        }
    }

    fn mac(&self, address: [u8; 6]) -> bool {
        match self {
            Known::Given(given) => given.gave_mac(address),
            Known::Listed(listed) => listed.mac.contains(&address),
            Known::Unknown => true,
        }
    }
}

/// What is known of the text that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Which addresses are stand-ins.
    pub known: Known<'a>,
    /// A list of packages: four numbers are a version.
    pub versions: bool,
}

/// Whether the file of this path, of the host or of the bundle, lists packages: four numbers are a version there.
pub fn lists_versions(path: &[u8]) -> bool {
    ["rpm", "package", "nvme_list", "dnf", "yum"].iter().any(|word| memchr::memmem::find(path, word.as_bytes()).is_some())
}

/// The names of the kinds that these settings let stay.
pub fn stays(settings: &Settings) -> Vec<&'static str> {
    let addresses = if settings.ip == Ip::Keep { &["ipv4", "ipv6"][..] } else { &[] };
    settings.kept().chain(addresses.iter().copied()).collect()
}

/// The detectors of one run, frozen.
pub struct Gate {
    literals: Vec<(Literal, Row)>,
    grams: Grams,
    subnets: Vec<Subnet>,
    /// What stays as it is because somebody chose so.
    stays: Vec<Kind>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

impl Gate {
    /// The detectors for a host of which this was learned; without a harvest those that need none. `stays` are the names of
    /// kinds that are kept by choice.
    pub fn new<'a>(harvest: &Harvest, stays: impl IntoIterator<Item = &'a str>) -> Gate {
        let fixed = |text: &[u8], row| (Literal { bytes: text.to_vec(), any_case: false }, row);
        let mut literals = vec![fixed(keys::LABEL, Row::KeyLabel), fixed(keys::PUTTY, Row::PuttyBody)];
        let rows = credentials::ROWS.iter().enumerate();
        literals.extend(rows.map(|(number, (text, ..))| fixed(text.as_bytes(), Row::Credential(number))));
        literals.extend(names::literals(harvest).into_iter().map(|(literal, name)| (literal, Row::Name(name))));
        let grams = Grams::new(literals.iter().map(|(literal, _)| literal.bytes.as_slice()));
        Gate {
            literals,
            grams,
            subnets: harvest.subnets.iter().copied().collect(),
            stays: stays.into_iter().filter_map(Kind::named).collect(),
        }
    }

    /// What should not be in this text: sorted, apart from each other.
    pub fn find(&self, text: &[u8], about: &About<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.literal_hits(text, &mut hits);
        let mut plain = |range, kind| hits.push(Hit { range, kind, written: Written::Plain });
        numbers::find(text, &mut plain);
        if !matches!(about.known, Known::Unknown) {
            let search = addresses::Search { text, known: about.known, subnets: &self.subnets, versions: about.versions };
            search.run(&mut plain);
        }
        hits.retain(|hit| !self.stays.contains(&hit.kind));
        apart(hits)
    }

    fn literal_hits(&self, text: &[u8], hits: &mut Vec<Hit>) {
        let (mut walked, mut credentials) = (Walked::default(), Walk::new(text));
        // The run of base64 that was masked last; a credential is no longer looked at where one was found.
        let (mut masked, mut ended) = (0, 0);
        self.grams.each(text, |start, number| {
            let (literal, row) = &self.literals[number];
            let end = start + literal.bytes.len();
            let Some(bytes) = text.get(start..end) else { return };
            if !(bytes == literal.bytes || literal.any_case && bytes.eq_ignore_ascii_case(&literal.bytes)) {
                return;
            }
            let mut key = |range| hits.push(Hit { range, kind: Kind::PrivateKey, written: Written::Plain });
            match row {
                Row::KeyLabel => walked.label(text, start, end, &mut key),
                Row::PuttyBody => walked.putty(text, end, &mut key),
                Row::Credential(_) if start < ended => {}
                Row::Credential(number) => {
                    let (_, kind, check) = &credentials::ROWS[*number];
                    if let Some(end) = check(&mut credentials, start, end) {
                        ended = end;
                        hits.push(Hit { range: start..end, kind: *kind, written: Written::Plain });
                    }
                }
                Row::Name(name) if matches!(name.form, Form::Base64(_)) && start < masked => {}
                Row::Name(name) => {
                    if let Some((start, end)) = name.stands(text, start, end) {
                        if matches!(name.form, Form::Base64(_)) {
                            masked = end;
                        }
                        hits.push(Hit { range: start..end, kind: name.kind, written: name.form.written() });
                    }
                }
            }
        });
    }

    /// The same for text in any encoding: of UTF-16 the ASCII characters are looked at as such.
    fn find_in(&self, bytes: &[u8], encoding: Encoding, about: &About<'_>) -> Vec<Hit> {
        let mut hits = self.find(bytes, about);
        let (low, written) = match encoding {
            Encoding::Utf16Le => (0, Written::Utf16Le),
            Encoding::Utf16Be => (1, Written::Utf16Be),
            _ => return hits,
        };
        // One order of the bytes looks like the other from the middle of a character.
        hits.retain(|hit| hit.written == written && hit.range.start % 2 == 0);
        let (units, _) = bytes.as_chunks::<2>();
        let narrow: Vec<u8> = units.iter().map(|unit| if unit[1 - low] == 0 { unit[low] } else { 0xff }).collect();
        hits.extend(self.find(&narrow, about).into_iter().map(|hit| Hit {
            range: hit.range.start * 2..hit.range.end * 2,
            written,
            ..hit
        }));
        apart(hits)
    }

    /// The same, and where there are NULs also in UTF-16 of either order that begins anywhere: for what nobody has made sure of.
    fn find_anywhere(&self, bytes: &[u8], encoding: Encoding, about: &About<'_>) -> Vec<Hit> {
        let mut hits = self.find_in(bytes, encoding, about);
        if memchr::memchr(0, bytes).is_none() {
            return hits;
        }
        // One order is the other from the byte behind it on.
        for shift in 0..2.min(bytes.len()) {
            hits.extend(
                self.find_in(&bytes[shift..], Encoding::Utf16Le, about)
                    .into_iter()
                    .map(|hit| Hit { range: hit.range.start + shift..hit.range.end + shift, ..hit }),
            );
        }
        apart(hits)
    }

    /// Lets a chunk through, masked where something should not be in it.
    ///
    /// # Errors
    /// What was found, if it cannot be masked: in binary content each byte has its place.
    pub fn pass(
        &self,
        clean: Clean,
        encoding: Encoding,
        about: &About<'_>,
        redactor: &Redactor,
    ) -> Result<(Clean, Found), Leaked> {
        let hits = self.find_anywhere(clean.as_bytes(), encoding, about);
        let found = Found::of(clean.as_bytes(), &hits);
        if hits.is_empty() {
            return Ok((clean, found));
        }
        if encoding == Encoding::Strings {
            return Err(Leaked(found));
        }
        let masks: Vec<Mask> = hits.into_iter().map(|hit| Mask { range: hit.range, written: hit.written }).collect();
        Ok((redactor.mask(&clean, &masks), found))
    }
}

/// Sorted, and of those that overlap one for all.
fn apart(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end)));
    let mut kept: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match kept.last_mut().filter(|last| hit.range.start < last.range.end) {
            Some(last) if hit.range.end > last.range.end => {
                last.range.end = hit.range.end;
                if last.written != hit.written {
                    last.written = Written::Plain;
                }
            }
            Some(_) => {}
            None => kept.push(hit),
        }
    }
    kept
}
