//! One HTTP request at a time to one center, signed, and its reply, bounded in bytes and time.
//!
//! In: method, path, headers and body of a request. Out: status, the few headers that are looked at, and a small body; or why there
//! is none. Never: follows a redirect, uses a proxy of the environment, shows a proxy's credentials, waits for a byte longer than it was
//! told to.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    http_signature::{HOST, LEDGER, NO_LEDGER, Parts, content_digest, sign},
    id::HostId,
    sshsig::Signer,
    time::Time,
};
use reqwest::{Body, Certificate, Method, Proxy, redirect::Policy};
use tokio::{sync::mpsc, time::timeout};

use super::{
    Line,
    pace::Bucket,
    wire::{Fault, Who},
};
use crate::address::Address;

/// Most time for a connection, TLS included.
const CONNECT: Duration = Duration::from_secs(10);
/// Most time without a byte from or to the center.
const IDLE: Duration = Duration::from_mins(1);
/// Seconds that clocks differ without being the reason for a refusal.
pub(super) const CLOCK: u64 = 60;
/// Most bytes of a reply's body where nothing more is expected.
pub(super) const MAX_REPLY: usize = 64 << 10;
/// Longest name of a version that is kept, in bytes.
const MAX_ETAG: usize = 128;
/// Fewest bytes per second at which a body is sent: half of the least limit that can be set.
const SLOWEST: u64 = 512;
/// What is handed to the connection at once.
const PIECE: usize = 16 << 10;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoReply {
    /// The connection.
    #[error("{}", chain(.0))]
    Http(#[from] reqwest::Error),
    /// Nothing came or went for too long.
    #[error("nothing was heard for {} s", .0.as_secs())]
    Idle(Duration),
    /// Something came or went all the time, but too little.
    #[error("less than {SLOWEST} bytes/s were taken for {} s", .0.as_secs())]
    Slow(Duration),
    /// More than a reply may have.
    #[error("the reply has more than {0} bytes")]
    TooLong(usize),
    /// This host cannot make the request.
    #[error("{0}")]
    Local(String),
}

/// The library's own words name the URL and stop at "error sending request": what is beneath says why.
fn chain(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        words.push(source.to_string());
        next = source.source();
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Most bytes of the reply's body.
    pub(super) most: usize,
}

/// A reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) offset: Option<u64>,
    pub(super) length: Option<u64>,
    pub(super) retry_after: Option<u64>,
    /// The name of this version of what was asked for: short, visible ASCII.
    pub(super) etag: Option<String>,
    /// Seconds until the center wants to be asked again.
    pub(super) next_poll: Option<u64>,
    pub(super) date: Option<Time>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Seconds that the center's clock is ahead of ours, where it tells.
    pub(super) fn ahead(&self) -> Option<i64> {
        self.date.map(|date| date.0.saturating_sub(jiff::Timestamp::now().as_second()))
    }
}

/// Who signs requests.
pub(super) struct Hand {
    pub(super) host: HostId,
    pub(super) key: Signer,
    /// The head of its ledger, as the header tells it.
    pub(super) ledger: String,
    /// Seconds that the center's clock is ahead of ours, as far as it told.
    pub(super) ahead: i64,
}

impl Hand {
    /// The hand of a host whose clock is right as far as is known.
    pub(super) fn new(host: HostId, key: Signer, ledger: Option<&LedgerHead>) -> Self {
        Self { host, key, ledger: ledger_header(ledger), ahead: 0 }
    }
}

impl TryFrom<&Who> for Hand {
    type Error = Fault;

    fn try_from(who: &Who) -> Result<Self, Fault> {
        let key = Signer::from_openssh(who.key.as_bytes()).map_err(|error| Fault::Local(error.to_string()))?;
        Ok(Self::new(who.host, key, who.ledger.as_ref()))
    }
}

/// The head of a ledger as the header [`LEDGER`] tells it.
pub(super) fn ledger_header(head: Option<&LedgerHead>) -> String {
    head.map_or_else(|| NO_LEDGER.to_owned(), |head| format!("{}:{}", head.seq, head.hash))
}

/// The connection to a center.
pub(super) struct Client {
    http: reqwest::Client,
    url: Address,
    idle: Duration,
    bucket: Option<Bucket>,
    begun: Instant,
    pub(super) hand: Option<Hand>,
}

impl Client {
    /// Sets TLS and the proxy up. The line's patience bounds each wait, its limit what is sent.
    pub(super) fn new(line: &Line, hand: Option<Hand>) -> Result<Self, NoReply> {
        let Line { url, ca, way, patience } = line;
        let patience = Duration::from_secs(*patience);
        // Only fails when one is installed already, which is the same one.
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT.min(patience))
            .tcp_nodelay(true)
            .user_agent(concat!("oediag/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &way.proxy {
            let proxy = Proxy::https(proxy.to_string())?;
            builder = builder.proxy(match &way.credentials {
                Some(credentials) => {
                    let (user, password) = credentials.pair();
                    proxy.basic_auth(user, password)
                }
                None => proxy,
            });
        }
        match ca {
            Some(pem) => {
                let named = Certificate::from_pem_bundle(pem.as_bytes())?;
                builder = if way.system_roots { builder.tls_certs_merge(named) } else { builder.tls_certs_only(named) };
            }
            // Without TLS no authority is needed, and a host may have none.
            None if url.is_plain() => builder = builder.tls_certs_only([]),
            None => {}
        }
        let begun = Instant::now();
        let bucket = way.kib_s.map(|rate| Bucket::new(rate << 10, Duration::ZERO));
        Ok(Self { http: builder.build()?, url: url.clone(), idle: IDLE.min(patience), bucket, begun, hand })
    }

    /// Sends a request and reads its reply.
    pub(super) async fn send(&mut self, request: Request<'_>) -> Result<Reply, NoReply> {
        let Request { method, path, mut headers, body, most } = request;
        let sha256 = Sha256::of(&body);
        if let Some(hand) = &self.hand {
            let offset = headers.iter().find(|(name, _)| *name == "upload-offset").map(|(_, value)| value.clone());
            headers.extend(self.signed(hand, method.as_str(), path, offset.as_deref(), sha256)?);
        }
        // A length is told beforehand, although the body is handed over in pieces.
        headers.push(("content-length", body.len().to_string()));
        let mut made = self.http.request(method, self.url.join(path));
        for (name, value) in headers {
            made = made.header(name, value);
        }
        let (sender, pieces) = mpsc::channel(1);
        let made = if body.is_empty() { made } else { made.body(Body::wrap_stream(Pieces(pieces))) };
        let idle = self.idle;
        // Whoever takes a piece just before each wait is over could hold a chunk for hours.
        let most_time = idle * 2 + Duration::from_secs(body.len() as u64 / SLOWEST);
        let mut answer = pin!(made.send());
        let mut fed = pin!(feed(body, sender, &mut self.bucket, self.begun, idle));
        let all = async {
            tokio::select! {
                // A reply may come before all was sent: the center has seen enough.
                response = &mut answer => Ok::<_, NoReply>(response?),
                whole = &mut fed => {
                    whole?;
                    Ok(timeout(idle, answer).await.map_err(|_| NoReply::Idle(idle))??)
                }
            }
        };
        let response = timeout(most_time, all).await.map_err(|_| NoReply::Slow(most_time))??;
        read(response, most, idle).await
    }

    /// After a refused signature: takes over the center's clock where its reply tells that it differs; whether it did.
    pub(super) fn corrected(&mut self, reply: &Reply) -> bool {
        match (&mut self.hand, reply.ahead()) {
            (Some(hand), Some(ahead)) if hand.ahead.abs_diff(ahead) > CLOCK => {
                hand.ahead = ahead;
                true
            }
            _ => false,
        }
    }

    fn signed(
        &self,
        hand: &Hand,
        method: &str,
        path: &str,
        offset: Option<&str>,
        body: Sha256,
    ) -> Result<Vec<(&'static str, String)>, NoReply> {
        let local = |why: String| NoReply::Local(why);
        let (authority, digest, host) = (self.url.authority(), content_digest(body), hand.host.to_string());
        let parts = Parts {
            method,
            authority: &authority,
            path,
            query: None,
            content_digest: &digest,
            host: &host,
            ledger: &hand.ledger,
            upload_offset: offset,
        };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| local(error.to_string()))?;
        let created = Time(jiff::Timestamp::now().as_second() + hand.ahead);
        let made = sign(&parts, &hand.key, created, nonce).map_err(|error| local(error.to_string()))?;
        Ok(vec![
            ("content-digest", digest.clone()),
            (HOST, host.clone()),
            (LEDGER, hand.ledger.clone()),
            ("signature-input", made.input),
            ("signature", made.signature),
        ])
    }
}

/// Hands a body over piece by piece, no faster than the bucket lets it. An end before the last piece is no failure: the reply says why.
async fn feed(
    body: Vec<u8>,
    sender: mpsc::Sender<Vec<u8>>,
    bucket: &mut Option<Bucket>,
    begun: Instant,
    idle: Duration,
) -> Result<(), NoReply> {
    for piece in body.chunks(PIECE) {
        let wait = bucket.as_mut().map_or(Duration::ZERO, |bucket| bucket.take(piece.len(), begun.elapsed()));
        // The timer counts whole milliseconds: even a wait of nothing would cost one for each piece.
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        match timeout(idle, sender.send(piece.to_vec())).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => break,
            Err(_) => return Err(NoReply::Idle(idle)),
        }
    }
    Ok(())
}

/// The pieces of a body on their way.
struct Pieces(mpsc::Receiver<Vec<u8>>);

impl futures_core::Stream for Pieces {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| piece.map(Ok))
    }
}

/// Reads a reply of at most `most` bytes. Whoever sends it byte by byte has twice the idle time for all of it.
async fn read(mut response: reqwest::Response, most: usize, idle: Duration) -> Result<Reply, NoReply> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let number = |name: &str| header(name)?.parse().ok();
    let date = header("date").and_then(|date| jiff::fmt::rfc2822::parse(&date).ok());
    let mut reply = Reply {
        status: response.status().as_u16(),
        location: header("location"),
        offset: number("upload-offset"),
        length: number("upload-length"),
        retry_after: number("retry-after"),
        etag: header("etag").filter(|tag| tag.len() <= MAX_ETAG && tag.bytes().all(|byte| byte.is_ascii_graphic())),
        next_poll: number("oediag-next-poll"),
        date: date.map(|date| date.timestamp().into()),
        body: Vec::new(),
    };
    let body = async {
        while let Some(piece) = timeout(idle, response.chunk()).await.map_err(|_| NoReply::Idle(idle))?? {
            if reply.body.len() + piece.len() > most {
                return Err(NoReply::TooLong(most));
            }
            reply.body.extend_from_slice(&piece);
        }
        Ok(())
    };
    timeout(idle * 2, body).await.map_err(|_| NoReply::Idle(idle * 2))??;
    Ok(reply)
}
