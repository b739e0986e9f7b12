//! A small center that checks everything a real one checks, and can be told to misbehave. In: requests. Out: what `docs/center-api.md`
//! says, unless a lie was ordered. It keeps what it was sent, so that tests can look at it.

use std::{
    collections::BTreeMap,
    io::Read as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_protocol::{
    ack::{self, Ack, Stored},
    bundle::manifest::LedgerHead,
    consent::Consent,
    digest::Sha256,
    document,
    enroll::{EnrollRequest, Enrolled, ReplySchema, Token},
    envelope::Envelope,
    http_signature::{Claim, HOST, LEDGER, Parts, content_digest},
    id::TenantId,
    inbox::Inbox,
    json,
    keyset::{self, AckRole, EngineerRole, Keyset, RequestKey, RequestRole, Root, Severity},
    sealed::{Identity, Opener, Reader},
    signed::Signed,
    sshsig::{PublicKey, Signer},
    text::Line,
    time::Time,
};

use crate::http::{Action, Request, Server};

/// What a test orders for a request.
pub(crate) enum Lie {
    /// Another answer; nothing is done.
    Instead(Action),
    /// What was asked is done, and then this is answered.
    After(Action),
}

/// A host that enrolled.
#[derive(Clone)]
struct Host {
    key: PublicKey,
    transport: PublicKey,
}

/// An upload.
struct Upload {
    length: u64,
    bytes: Vec<u8>,
}

/// What the center knows.
#[derive(Default)]
pub(crate) struct Known {
    hosts: BTreeMap<String, Host>,
    heads: BTreeMap<String, (Envelope, Consent)>,
    uploads: BTreeMap<String, Upload>,
    nonces: Vec<String>,
    acks: BTreeMap<String, Vec<u8>>,
    /// Each request so far: its step and the bytes of its body.
    pub(crate) log: Vec<(&'static str, usize)>,
    /// Decrypted bundles.
    pub(crate) bundles: Vec<Vec<u8>>,
    /// Their receipts.
    pub(crate) receipts: Vec<Consent>,
    /// Forget all uploads before the next request.
    pub(crate) forget: bool,
    /// Seconds that this center's clock is ahead.
    pub(crate) ahead: i64,
    /// What the inbox of every host says; its number is the version.
    pub(crate) inbox: (u64, Option<Inbox>),
    /// Signed papers by path.
    pub(crate) papers: BTreeMap<String, Vec<u8>>,
    /// Letters that came, by path.
    pub(crate) letters: Vec<(String, Vec<u8>)>,
    /// The heads of ledgers that requests told.
    pub(crate) heads_told: Vec<String>,
}

/// The center.
pub(crate) struct Center {
    known: Arc<Mutex<Known>>,
    server: Server,
    pub(crate) token: Token,
}

pub(crate) fn key(seed: u8) -> Signer {
    Signer::generate([seed; 32])
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("t-1042").expect("a tenant")
}

fn vault() -> Identity {
    Identity::generate([1; 32]).expect("an identity")
}

pub(crate) fn now() -> Time {
    jiff::Timestamp::now().into()
}

pub(crate) fn keyset(version: u64) -> Keyset {
    let recipient = |seed| Identity::generate([seed; 32]).and_then(|identity| identity.recipient()).expect("a recipient");
    Keyset {
        schema: keyset::Schema::V1,
        version,
        issued: Time(now().0 - 86_400),
        expires: Time(now().0 + 86_400),
        center: Line::parse("support.example.cn").expect("a line"),
        root: Root { threshold: 2, keys: [10, 11, 12].map(|seed| key(seed).public()).to_vec() },
        request: RequestRole {
            threshold: 1,
            keys: vec![RequestKey { key: key(20).public(), max_severity: Severity::P1, scopes: Vec::new() }],
        },
        engineer: EngineerRole { keys: Vec::new() },
        ack: AckRole { keys: vec![key(30).public()] },
        vault: [(tenant(), vec![recipient(1)])].into(),
        recovery: vec![recipient(2)],
        revoked: Vec::new(),
        spki_pins: Vec::new(),
    }
}

impl Known {
    /// Hosts that enrolled at another center of ours.
    pub(crate) fn hosts_of(&mut self, other: &Self) {
        self.hosts.clone_from(&other.hosts);
    }
}

impl Center {
    pub(crate) fn honest() -> Self {
        Self::lying(|_, _| None)
    }

    /// `lie` sees each request and how many of its step there were before.
    pub(crate) fn lying(lie: impl Fn(&Request, usize) -> Option<Lie> + Send + Sync + 'static) -> Self {
        Self::new(|_, _| None, lie, &[keyset(1), keyset(2)])
    }

    pub(crate) fn new(
        cut: impl Fn(&Request, usize) -> Option<usize> + Send + Sync + 'static,
        lie: impl Fn(&Request, usize) -> Option<Lie> + Send + Sync + 'static,
        keysets: &[Keyset],
    ) -> Self {
        let token = Token::new(tenant(), [0xa5; 16], keysets[0].root.pin());
        let signed: Vec<Signed> =
            keysets.iter().map(|keyset| Signed::new(keyset, &[&key(10), &key(11)]).expect("signing")).collect();
        let known = Arc::new(Mutex::new(Known::default()));
        let before = |known: &Arc<Mutex<Known>>| {
            let known = Arc::clone(known);
            move |step: &'static str| lock(&known).log.iter().filter(|(of, _)| *of == step).count()
        };
        let (seen, theirs) = (before(&known), Arc::clone(&known));
        let cut = move |request: &Request| {
            let most = cut(request, seen(request.step()))?;
            lock(&theirs).log.push((request.step(), most));
            Some(most)
        };
        let (seen, theirs, verifier) = (before(&known), Arc::clone(&known), token.verifier());
        let answer = move |request: Request| {
            let ordered = lie(&request, seen(request.step()));
            let mut known = lock(&theirs);
            known.log.push((request.step(), request.body.len()));
            match ordered {
                Some(Lie::Instead(action)) => action,
                Some(Lie::After(action)) => {
                    drop(honest(&mut known, &request, &verifier, &signed));
                    action
                }
                None => honest(&mut known, &request, &verifier, &signed),
            }
        };
        let server = Server::start(Arc::new(cut), Arc::new(answer));
        Self { known, server, token }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.server.address
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }

    /// How many requests of a step there were.
    pub(crate) fn count(&self, step: &str) -> usize {
        self.known().log.iter().filter(|(of, _)| *of == step).count()
    }

    /// Bytes that came in chunks, whole or cut.
    pub(crate) fn sent(&self) -> usize {
        self.known().log.iter().filter(|(of, _)| *of == "send").map(|(_, bytes)| bytes).sum()
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A refusal in the words of the contract.
pub(crate) fn refusal(status: u16, error: &str) -> Action {
    Action::Reply(status, Vec::new(), format!(r#"{{"error":"{error}","reason":"test"}}"#).into_bytes())
}

fn honest(known: &mut Known, request: &Request, verifier: &oediag_protocol::enroll::Verifier, keysets: &[Signed]) -> Action {
    if std::mem::take(&mut known.forget) {
        known.uploads.clear();
    }
    if request.step() == "enroll" {
        return enroll(known, request, verifier, keysets);
    }
    let host = match signed(known, request) {
        Ok(host) => host,
        Err(why) => {
            let date = jiff::Timestamp::from_second(now().0 + known.ahead).expect("a date");
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).expect("a date");
            let body = format!(r#"{{"error":"{why}","reason":"signature"}}"#).into_bytes();
            return Action::Reply(401, vec![("date", date)], body);
        }
    };
    match request.step() {
        "consent" => consent(known, request, &host),
        "create" => create(known, request),
        "ask" => match known.uploads.get(&request.path) {
            Some(upload) => Action::Reply(
                200,
                vec![("upload-offset", upload.bytes.len().to_string()), ("upload-length", upload.length.to_string())],
                Vec::new(),
            ),
            None => refusal(404, "no such upload"),
        },
        "send" => send(known, request),
        "finish" => finish(known, request, &host),
        "inbox" => inbox(known, request),
        "fetch" => match known.papers.get(&request.path) {
            Some(paper) => Action::Reply(200, Vec::new(), paper.clone()),
            None => refusal(404, "no such paper"),
        },
        "letter" => {
            known.letters.push((request.path.clone(), request.body.clone()));
            Action::Reply(204, Vec::new(), Vec::new())
        }
        _ => refusal(404, "no such path"),
    }
}

fn enroll(known: &mut Known, request: &Request, verifier: &oediag_protocol::enroll::Verifier, keysets: &[Signed]) -> Action {
    let asked = Signed::parse(&request.body).ok().and_then(|signed| EnrollRequest::open(&signed).ok());
    let Some(asked) = asked.filter(|asked| verifier.accepts(asked)) else {
        return refusal(403, "the token is unknown, used up or expired");
    };
    let host = Host { key: asked.host_key, transport: asked.transport_key };
    known.hosts.insert(asked.host_id.to_string(), host);
    let reply = Enrolled { schema: ReplySchema::V1, host_id: asked.host_id, tenant_id: tenant(), keysets: keysets.to_vec() };
    Action::Reply(200, Vec::new(), json::to_bytes(&reply).expect("JSON"))
}

/// The host that signed a request; the error says what is wrong with it.
fn signed(known: &mut Known, request: &Request) -> Result<Host, String> {
    let offset = request.headers.get("upload-offset").map(String::as_str);
    let parts = Parts {
        method: &request.method,
        authority: request.header("host"),
        path: &request.path,
        query: None,
        content_digest: request.header("content-digest"),
        host: request.header(HOST),
        ledger: request.header(LEDGER),
        upload_offset: offset,
    };
    if content_digest(Sha256::of(&request.body)) != parts.content_digest {
        return Err("content-digest".to_owned());
    }
    let host = known.hosts.get(parts.host).cloned().ok_or("unknown host")?;
    let claim = Claim::parse(request.header("signature-input"), &parts).map_err(|error| error.to_string())?;
    let now = Time(now().0 + known.ahead);
    claim.verify(&parts, request.header("signature"), &host.transport, now).map_err(|error| error.to_string())?;
    if known.nonces.contains(&claim.nonce) {
        return Err("replayed".to_owned());
    }
    known.nonces.push(claim.nonce);
    known.heads_told.push(parts.ledger.to_owned());
    if !matches!(request.step(), "inbox" | "fetch" | "letter") && request.header("tus-resumable") != "1.0.0" {
        return Err("tus".to_owned());
    }
    Ok(host)
}

fn inbox(known: &Known, request: &Request) -> Action {
    let (version, inbox) = &known.inbox;
    let (tag, Some(inbox)) = (format!("\"{version}\""), inbox) else { return refusal(404, "no inbox") };
    if request.header("if-none-match") == tag {
        return Action::Reply(304, vec![("etag", tag), ("oediag-next-poll", inbox.next_poll_s.to_string())], Vec::new());
    }
    Action::Reply(200, vec![("etag", tag)], json::to_bytes(inbox).expect("JSON"))
}

fn consent(known: &mut Known, request: &Request, host: &Host) -> Action {
    assert!(request.body.len() <= 256 << 10, "a front of {} bytes", request.body.len());
    let head = match Reader::new(&request.body[..]) {
        Ok(reader) => reader.head().clone(),
        Err(error) => return refusal(400, &error.to_string()),
    };
    let (envelope, consent) = match head.verify(std::slice::from_ref(&host.key), Time(now().0 + known.ahead)) {
        Ok(verified) => verified,
        Err(error) => return refusal(403, &error.to_string()),
    };
    let receipt = consent.receipt_id.to_string();
    if let Some(ack) = known.acks.get(&receipt) {
        return Action::Reply(200, Vec::new(), ack.clone());
    }
    known.heads.insert(receipt, (envelope, consent));
    Action::Reply(201, Vec::new(), Vec::new())
}

fn create(known: &mut Known, request: &Request) -> Action {
    let receipt = request.header("upload-metadata").strip_prefix("receipt ").and_then(|text| BASE64.decode(text).ok());
    let receipt = String::from_utf8(receipt.unwrap_or_default()).unwrap_or_default();
    if !known.heads.contains_key(&receipt) {
        return refusal(403, "no such receipt");
    }
    let id = format!("/v1/uploads/{}", known.log.len());
    let length = request.header("upload-length").parse().expect("a length");
    known.uploads.insert(id.clone(), Upload { length, bytes: Vec::new() });
    Action::Reply(201, vec![("location", id)], Vec::new())
}

fn send(known: &mut Known, request: &Request) -> Action {
    let Some(upload) = known.uploads.get_mut(&request.path) else { return refusal(404, "no such upload") };
    let sum = format!("sha256 {}", BASE64.encode(Sha256::of(&request.body).0));
    if request.header("upload-checksum") != sum {
        return refusal(460, "checksum");
    }
    if request.header("upload-offset") != upload.bytes.len().to_string() {
        return refusal(409, "offset");
    }
    upload.bytes.extend(&request.body);
    assert!(upload.bytes.len() as u64 <= upload.length, "more than announced");
    Action::Reply(204, vec![("upload-offset", upload.bytes.len().to_string())], Vec::new())
}

fn finish(known: &mut Known, request: &Request, host: &Host) -> Action {
    let path = request.path.trim_end_matches("/finish");
    let Some(upload) = known.uploads.get(path) else { return refusal(404, "no such upload") };
    if (upload.bytes.len() as u64) < upload.length {
        return refusal(409, "not all is there");
    }
    let opened = open(&upload.bytes, host);
    let Ok((envelope, consent, bundle)) = opened else { return refusal(422, "not the bytes of the receipt") };
    let receipt = consent.receipt_id.to_string();
    let ack = known.acks.get(&receipt).cloned().unwrap_or_else(|| sign_ack(&ack(&envelope, &consent), 30));
    if known.acks.insert(receipt, ack.clone()).is_none() {
        known.bundles.push(bundle);
        known.receipts.push(consent);
    }
    Action::Reply(200, Vec::new(), ack)
}

fn open(file: &[u8], host: &Host) -> Result<(Envelope, Consent, Vec<u8>), Box<dyn std::error::Error>> {
    let reader = Reader::new(file)?;
    let (envelope, consent) = reader.verify(std::slice::from_ref(&host.key), now())?;
    let mut payload = reader.into_payload();
    let mut bundle = Vec::new();
    Opener::new(&mut payload, &[vault()])?.read_to_end(&mut bundle)?;
    payload.finish(&envelope)?;
    if Sha256::of(&bundle) == consent.bundle.sha256 { Ok((envelope, consent, bundle)) } else { Err("another bundle".into()) }
}

/// The ack of an honest center.
pub(crate) fn ack(envelope: &Envelope, consent: &Consent) -> Ack {
    Ack {
        schema: ack::Schema::V1,
        bundle_id: envelope.bundle_id,
        host_id: envelope.host_id,
        tenant_id: envelope.tenant_id.clone(),
        receipt_id: consent.receipt_id,
        payload: Stored { sha256: envelope.payload.sha256, bytes: envelope.payload.bytes },
        stored_at: now(),
        audit: LedgerHead { seq: 1, hash: Sha256([7; 32]) },
    }
}

pub(crate) fn sign_ack(ack: &Ack, seed: u8) -> Vec<u8> {
    Signed::new(ack, &[&key(seed)]).and_then(|signed| signed.to_bytes()).expect("signing")
}

/// The envelope and the receipt at the front of a file, not verified.
pub(crate) fn documents(front: &[u8]) -> (Envelope, Consent) {
    let reader = Reader::new(front).expect("a sealed file");
    let head = reader.head();
    (document::parse(&head.envelope).expect("an envelope"), document::parse(&head.consent).expect("a receipt"))
}
