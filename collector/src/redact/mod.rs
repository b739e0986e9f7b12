//! The one way from bytes of the host to bytes that may be in a bundle.
//!
//! In: raw bytes (files, output of commands, paths, arguments) and a [`Harvest`] of who this host is.
//! Out: [`Clean`] bytes and [`Text`], with credentials removed and identities replaced by keyed stand-ins,
//! and counts per kind. Nothing else in the workspace can make a `Clean`, and nothing outside this module
//! can look into a [`Raw`]. Never here: files, sockets, clocks, a log of any value.
//!
//! The flow: `harvest` → `names` (dictionary) → `chunks` (cutter) → `scan` (literals, scan A) and `tokens` (shapes, scan B)
//! and `files`, `columns`, `structure` and `pem` (keys over many lines) → `span` (overlaps, one copy).

mod account;
mod address;
mod below;
mod blocks;
mod by_path;
mod chunks;
mod columns;
mod commands;
mod counts;
mod credentials;
mod encoded;
mod escape;
mod files;
mod given;
mod harvest;
mod identity;
mod judge;
mod key;
mod keyed;
mod kinds;
mod listed;
mod listing;
mod lists;
mod mask;
mod names;
mod nested;
mod pem;
mod people;
mod person;
mod phrase;
mod placed;
mod prefixes;
mod rare;
mod raw;
mod review;
mod rows;
mod rules;
mod scalar;
mod scan;
mod settings;
mod shapes;
mod sign;
mod site;
mod span;
mod spoken;
mod starts;
mod structure;
mod system;
mod tables;
mod tag;
mod token;
mod tokens;
mod unquoted;
mod value;
mod wide;

use std::{
    cell::{Cell, RefCell},
    io,
    sync::{Mutex, PoisonError},
};

use self::{
    address::Addresses,
    columns::Columns,
    files::File,
    kinds::Kind,
    names::Names,
    pem::State,
    review::Seen,
    scan::Literals,
    site::Site,
    span::{Form, Span, Writer},
    starts::Starts,
    structure::{binary, export, gb18030, hex, secret::Document},
    tag::{Prf, TagCache},
    tokens::Words,
    wide::Wide,
};
pub use self::{
    chunks::{Chunks, Encoding},
    counts::Counts,
    given::{Given, Map, Meaning},
    harvest::Harvest,
    key::Key,
    listing::{CounterExample, Example, Form as ListedForm, KindRow, Way, kinds},
    mask::{Mask, Written},
    names::stands_for_itself,
    raw::{Clean, Raw, Text},
    review::{Found, Review},
    settings::{Binary, Choice, ChoiceError, Correlate, Ip, KeepError, Level, Mac, Settings},
    site::{SiteProblem, SiteRules, SiteSize, SiteWhy},
    token::{Token, in_token, token_at},
};

/// Scans take turns over so many bytes, which stay in the cache.
const WINDOW: usize = 64 << 10;

/// Why something could not be redacted. Holds no bytes of the host: the caller knows which file it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedactError {
    /// The automata for Chinese words or of the customer's rules cannot be built.
    #[error("the redactor's tables cannot be built: {0}")]
    Tables(String),
    /// A rule does not do what it should: the redactor must not start.
    #[error("the redactor's self-test failed at the rule for {0}")]
    SelfTest(&'static str),
    /// A rule panicked.
    #[error("a rule panicked: a fault of this program")]
    Panicked,
    /// Binary content of no kind that can be redacted: the file is left out.
    #[error("binary content that cannot be redacted")]
    Binary,
    /// The text is not in the encoding its start promised: the file is left out.
    #[error("text that is not in the encoding its start promised")]
    Encoding,
    /// Reading the input failed.
    #[error("reading failed: {0}")]
    Read(#[from] io::Error),
}

/// One worker's buffers and cache of tags. Holds values of the host, hence never printed.
#[derive(Default)]
pub struct Scratch {
    cache: TagCache,
    spans: Vec<Span>,
    settled: Vec<Span>,
    arena: Vec<u8>,
    /// What was replaced, where somebody wants to look at it.
    seen: Option<Vec<Seen>>,
}

impl Scratch {
    /// The addresses this worker has written, at least all of the chunk it redacted last.
    pub fn given(&self) -> &Given {
        &self.cache.given
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scratch")
    }
}

/// The rules, the host's names and the key, frozen: the result depends on nothing else.
pub struct Redactor {
    starts: Starts,
    wide: Wide,
    names: Names,
    site: Site,
    prf: Prf,
    addresses: Addresses,
    settings: Settings,
    /// What the stand-ins mean, if that is to be known.
    map: Option<Mutex<Map>>,
    ruleset: (&'static str, [u8; 32]),
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

/// A piece of text and what is known about it.
struct Piece<'a> {
    text: &'a [u8],
    /// The bytes that are written where nothing is replaced: of binary content `text` holds only the strings.
    bytes: &'a [u8],
    skip: usize,
    /// Behind it is what follows in a line that was cut.
    end: usize,
    first_line: usize,
    state: State,
    document: Document,
    file: File,
    columns: Option<Columns>,
    open_end: bool,
    /// The text is GB18030.
    gb: bool,
    depth: u8,
}

impl<'a> Piece<'a> {
    /// A short text of its own.
    fn whole(text: &'a [u8], file: File, depth: u8) -> Piece<'a> {
        Piece {
            text,
            bytes: text,
            skip: 0,
            end: text.len(),
            first_line: 0,
            state: State::Outside,
            document: Document::default(),
            file,
            columns: None,
            open_end: false,
            gb: false,
            depth,
        }
    }
}

/// Commands in hexadecimal are decoded so deep.
const DEPTH: u8 = 2;

impl Redactor {
    /// Builds the tables and proves them on a few canaries.
    ///
    /// # Errors
    /// `Tables` if an automaton cannot be built, `SelfTest` if a canary survives.
    pub fn new(harvest: &Harvest, key: &Key, settings: impl Into<Settings>) -> Result<Redactor, RedactError> {
        let settings = settings.into();
        let redactor = Redactor::build(harvest, key, settings.clone())?;
        match redactor.tested() {
            // A name of this host or a word of the customer's may stand in a canary: what is tried are the rules.
            Err(_) if redactor.has_names() => Redactor::build(&Harvest::default(), key, settings)?.tested()?,
            other => other?,
        }
        Ok(redactor)
    }

    fn build(harvest: &Harvest, key: &Key, settings: Settings) -> Result<Redactor, RedactError> {
        let prf = Prf::new(key, b"tag");
        let (names, patterns) = Names::new(harvest, &prf);
        Ok(Redactor {
            starts: Starts::new(patterns.iter().map(Vec::as_slice)),
            wide: Wide::new().map_err(|e| RedactError::Tables(e.to_string()))?,
            names,
            site: Site::new(&harvest.rules, &prf)?,
            prf,
            addresses: Addresses::new(key, settings.mac == Mac::Full, harvest.subnets.iter().copied().collect()),
            settings,
            map: None,
            ruleset: ruleset(&harvest.rules, key),
        })
    }

    /// A rule that panics on a canary must not end the program in any other way than one that misses it.
    fn tested(&self) -> Result<(), RedactError> {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.self_test()))
            .unwrap_or(Err(RedactError::SelfTest("a panic")))
    }

    /// From now on remembers what the stand-ins mean.
    #[must_use]
    pub fn with_map(mut self) -> Redactor {
        self.map = Some(Mutex::default());
        self
    }

    /// Gives what the stand-ins mean that were made so far; none where that is not remembered.
    pub fn take_map(&self) -> Option<Map> {
        self.map.as_ref().map(|map| std::mem::take(&mut *map.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// What was chosen.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Name and digest of the rules: SHA-256 of the built-in table; with rules of the customer's a keyed digest of both,
    /// from which nobody without the key can guess a word.
    pub fn ruleset(&self) -> (&'static str, [u8; 32]) {
        self.ruleset
    }

    /// Cuts `input` into chunks for [`Redactor::clean`]. `path` is the host path: it picks what is special to some files.
    pub fn reader<R: io::Read>(&self, input: R, path: &[u8]) -> Chunks<R> {
        Chunks::new(input, path, self.settings.binary)
    }

    /// Redacts one chunk. Pure: any worker, any order.
    ///
    /// # Errors
    /// `Encoding` if the result cannot be written in the encoding of the input.
    #[expect(clippy::needless_pass_by_value, reason = "raw bytes end here: nobody is to keep them")]
    pub fn clean(&self, raw: Raw, scratch: &mut Scratch) -> Result<(Clean, Counts), RedactError> {
        let mut counts = Counts::default();
        let mut out = Vec::with_capacity(raw.end - raw.skip + 1024);
        let strings = (raw.encoding == Encoding::Strings).then(|| binary::strings(&raw.bytes));
        let piece = Piece::of(&raw, strings.as_deref());
        scratch.cache.begin_chunk();
        scratch.cache.given.enter(raw.member.clone());
        self.pass(&piece, scratch, &mut counts, &mut out);
        let bytes = match raw.encoding {
            Encoding::Utf16Le => utf16(&out, u16::to_le_bytes)?,
            Encoding::Utf16Be => utf16(&out, u16::to_be_bytes)?,
            Encoding::Export => export::encode(&out, &raw.fields).ok_or(RedactError::Encoding)?,
            Encoding::Utf8 | Encoding::Gb18030 | Encoding::Bytes | Encoding::Strings => out,
        };
        Ok((Clean(bytes), counts))
    }

    /// Redacts a short string: an error text, a device name.
    pub fn text(&self, bytes: &[u8], counts: &mut Counts) -> Text {
        let out = self.short(bytes, File::Text, counts);
        Text(String::from_utf8_lossy(&out).into_owned())
    }

    /// Redacts the arguments of a command, seen as one command line.
    pub fn argv(&self, argv: &[&[u8]], counts: &mut Counts) -> Vec<Text> {
        let out = self.short(&argv.join(&0), File::Text, counts);
        out.split(|b| *b == 0).map(|a| Text(String::from_utf8_lossy(a).into_owned())).take(argv.len()).collect()
    }

    /// Redacts a host path, component by component.
    pub fn path(&self, path: &[u8], counts: &mut Counts) -> Vec<u8> {
        let mut out = Vec::with_capacity(path.len());
        let mut home = false;
        for (i, component) in path.split(|b| *b == b'/').enumerate() {
            if i > 0 {
                out.push(b'/');
            }
            if home && account::is_account(component) && !self.settings.keeps(Kind::Username) {
                let mut cache = TagCache::default();
                cache.push(&self.prf, Kind::Username, component, &mut out);
                self.remember(&mut cache.given);
                counts.one(Kind::Username);
            } else {
                out.extend_from_slice(&self.short(component, File::Path, counts));
            }
            home = component == b"home" && i <= 1;
        }
        out
    }

    fn short(&self, bytes: &[u8], file: File, counts: &mut Counts) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 32);
        self.pass(&Piece::whole(bytes, file, DEPTH), &mut Scratch::default(), counts, &mut out);
        out
    }

    /// Redacts a text that was found inside of another, and tells whether a credential was in it.
    fn decoded(&self, bytes: &[u8], depth: u8, given: &RefCell<Given>) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(bytes.len() + 32);
        let mut counts = Counts::default();
        let mut scratch = Scratch::default();
        scratch.cache.given.enter(given.borrow().file());
        self.pass(&Piece::whole(bytes, File::Text, depth), &mut scratch, &mut counts, &mut out);
        given.borrow_mut().absorb(&mut scratch.cache.given);
        (out, counts.has_credential())
    }

    fn pass(&self, piece: &Piece<'_>, scratch: &mut Scratch, counts: &mut Counts, out: &mut Vec<u8>) {
        let Scratch { cache, spans, settled, arena, seen } = scratch;
        let text = piece.text;
        spans.clear();
        arena.clear();
        cache.given.note(self.map.is_some());
        pem::walk(text, piece.first_line, piece.state, &mut |line| spans.push(Span::new(&line, Kind::PrivateKey, Form::Tag)));
        let inner = RefCell::new(Given::default());
        inner.borrow_mut().enter(cache.given.file());
        self.blocks(piece, &inner, spans, arena);
        let literals = Literals {
            redactor: self,
            text,
            open_end: piece.open_end,
            depth: piece.depth,
            given: &inner,
            table: Cell::default(),
            wide_table: Cell::default(),
        };
        let words = Words { redactor: self, text, ascii: text.is_ascii(), file: piece.file };
        let (mut from, mut written) = (0, piece.skip);
        while from < text.len() {
            let to = memchr::memchr(b'\n', &text[text.len().min(from + WINDOW)..]).map_or(text.len(), |n| from + WINDOW + n + 1);
            literals.scan(from, to, spans, arena);
            words.scan(from, to, spans);
            piece.file.fields(text, from, to, spans);
            hex::walk(text, from, to, spans);
            self.site.scan(&literals, from, to, spans, arena);
            if let Some(columns) = piece.columns {
                columns.fields(text, from, to, spans);
            }
            if !self.settings.keeps_nothing() {
                spans.retain(|s| !self.settings.keeps(s.kind));
            }
            if from < piece.skip {
                begin_at(piece.skip, spans);
            }
            span::settle(spans, settled);
            settled.truncate(settled.partition_point(|s| (s.start as usize) < piece.end));
            if piece.gb {
                gb18030::widen(text, from, settled);
            }
            // A value on the line after its key may already belong to the next window.
            let here = settled.partition_point(|s| (s.start as usize) < to);
            spans.extend_from_slice(&settled[here..]);
            if to > piece.skip {
                let writer = Writer {
                    prf: &self.prf,
                    addresses: &self.addresses,
                    tokens: self.settings.ip == Ip::Tokens,
                    named: &self.names.tokens,
                    arena,
                    text,
                    bytes: piece.bytes,
                    gb: piece.gb,
                    until: piece.end,
                    in_place: !std::ptr::eq(piece.bytes, text),
                };
                written = writer.write(written..to.min(piece.end), &settled[..here], cache, counts, seen.as_mut(), out);
            }
            cache.given.absorb(&mut inner.borrow_mut());
            self.remember(&mut cache.given);
            from = to;
        }
    }

    fn remember(&self, given: &mut Given) {
        match &self.map {
            Some(map) if given.has_fresh() => map.lock().unwrap_or_else(PoisonError::into_inner).take(given),
            _ => given.forget_fresh(),
        }
    }

    fn has_names(&self) -> bool {
        !(self.names.tokens.is_empty() && self.site.is_empty())
    }

    /// Lines that hold one canary each: it must not survive, and its neighbour must.
    fn self_test(&self) -> Result<(), RedactError> {
        for (kind, line, canary, stays) in CANARIES {
            let out = self.short(line.as_bytes(), File::Text, &mut Counts::default());
            let gone = memchr::memmem::find(&out, canary.as_bytes()).is_none();
            let kept = memchr::memmem::find(&out, stays.as_bytes()).is_some();
            let wanted = Kind::named(kind).is_some_and(|kind| self.settings.keeps(kind));
            if !(kept && (gone || wanted)) {
                return Err(RedactError::SelfTest(kind));
            }
        }
        Ok(())
    }
}

fn ruleset(site: &SiteRules, key: &Key) -> (&'static str, [u8; 32]) {
    let built_in = rules::digest();
    if site.is_empty() {
        return (rules::NAME, built_in);
    }
    (rules::NAME_WITH_SITE, Prf::new(key, b"ruleset").of(&[&built_in, &site.canonical()]))
}

/// Kind, line, what must go, what must stay.
const CANARIES: &[(&str, &str, &str, &str)] = &[
    ("password_kv", "pool.password = cnry-Kq81!xV\n", "cnry-Kq81!xV", "pool.password = "),
    ("password_json", "{\"password\":\"cnry-Kq81!xV\",\"port\":1}\n", "cnry-Kq81!xV", "\"port\":1}"),
    ("password_cli", "sshpass -p cnry-Kq81!xV ssh\n", "cnry-Kq81!xV", "sshpass -p "),
    ("url_userinfo", "proxy=http://px:cnry-Kq81@192.0.2.1:3128\n", "cnry-Kq81", ":3128"),
    ("auth_bearer", "Authorization: Bearer cnryKq81xVmmPp09\n", "cnryKq81xVmmPp09", "Bearer "),
    ("private_key", "-----BEGIN PRIVATE KEY-----\ncnryKq81xVmmPp09\n-----END PRIVATE KEY-----\n", "cnryKq81", "-----END"),
    ("pw_hash", "root:$6$cnryKq81$cnryKq81xVmmPp09cnryKq81xVmmPp09:1\n", "cnryKq81xVmm", "root:"),
    ("email", "to=<cnry.person@mail.example.net> ok\n", "cnry.person", "> ok"),
    ("ipv4", "peer 198.51.100.23 up\n", "198.51.100.23", " up"),
    ("mac", "link 52:54:00:3a:91:c2 up\n", "3a:91:c2", " up"),
    ("cn_id", "id 110199189902140032 ok\n", "110199189902140032", " ok"),
    ("audit_hex", "proctitle=73736870617373002D7000636E72792D4B713831\n", "636E72792D4B713831", "7373687061737300"),
];

/// Takes away what lies before `skip`, and the start of what crosses it: the chunk before has replaced it.
fn begin_at(skip: usize, spans: &mut Vec<Span>) {
    spans.retain(|s| s.end as usize > skip);
    for span in spans {
        if (span.start as usize) < skip {
            *span = Span { start: skip as u32, form: Form::Nothing, ..*span };
        }
    }
}

fn utf16(text: &[u8], bytes: fn(u16) -> [u8; 2]) -> Result<Vec<u8>, RedactError> {
    let text = std::str::from_utf8(text).map_err(|_| RedactError::Encoding)?;
    Ok(text.encode_utf16().flat_map(bytes).collect())
}
