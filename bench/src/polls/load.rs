//! Hosts that ask: one task each, which waits, asks over a connection of its own, and waits again. In: the hosts, the center's address.
//! Out: what became of each question.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use oediag::interval;
use oediag_protocol::{
    digest::Sha256,
    http_signature::{HOST, LEDGER, NO_LEDGER, Parts, content_digest, sign},
    time::Time,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::hosts::{Host, Hosts};

/// Longest wait for a reply.
const PATIENCE: Duration = Duration::from_mins(1);
/// Seconds within which hosts ask for the first time.
const FIRST: u64 = interval::USUAL;

/// One question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// When it began.
    pub(crate) at: Instant,
    /// How long it took.
    pub(crate) took: Duration,
    /// The status; none where there was no reply.
    pub(crate) status: Option<u16>,
    /// Bytes that went and came, without those of TCP.
    pub(crate) bytes: (usize, usize),
}

/// The questions since they were last taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load(Arc<Mutex<Vec<Asked>>>);

/// A reply, as far as a host looks at it here.
struct Reply {
    status: u16,
    etag: Option<String>,
    next: Option<u64>,
    retry_after: Option<u64>,
    bytes: (usize, usize),
}

impl Load {
    /// Lets all hosts begin.
    pub(crate) fn start(hosts: Hosts, center: SocketAddr) -> Self {
        let load = Self::default();
        for host in hosts.0 {
            tokio::spawn(live(host, center, load.clone()));
        }
        load
    }

    /// Takes what was seen.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, asked: Asked) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    }
}

async fn live(host: Host, center: SocketAddr, load: Load) {
    let (mut etag, mut failures) = (None, 0);
    sleep(interval::first(FIRST, random())).await;
    loop {
        let at = Instant::now();
        let reply =
            timeout(PATIENCE, ask(&host, center, etag.as_deref())).await.unwrap_or_else(|_| Err(anyhow!("no reply in time")));
        let took = at.elapsed();
        let (status, bytes) = reply.as_ref().map_or((None, (0, 0)), |reply| (Some(reply.status), reply.bytes));
        load.note(Asked { at, took, status, bytes });
        let wait = match reply {
            Ok(Reply { status: 200 | 304, etag: fresh, next, .. }) => {
                failures = 0;
                etag = fresh.or(etag);
                interval::interval(next.unwrap_or(interval::USUAL), random())
            }
            other => {
                failures += 1;
                let least = other.ok().and_then(|reply| reply.retry_after).map_or(Duration::ZERO, Duration::from_secs);
                interval::failed(failures, random()).max(least)
            }
        };
        sleep(wait).await;
    }
}

async fn ask(host: &Host, center: SocketAddr, etag: Option<&str>) -> Result<Reply> {
    let (authority, id) = (center.to_string(), host.id.to_string());
    let (path, digest) = (format!("/v1/hosts/{id}/inbox"), content_digest(Sha256::of(b"")));
    let parts = Parts {
        method: "GET",
        authority: &authority,
        path: &path,
        query: None,
        content_digest: &digest,
        host: &id,
        ledger: NO_LEDGER,
        upload_offset: None,
    };
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| anyhow!("{error}"))?;
    let now = Time(i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())?);
    let signed = sign(&parts, &host.key, now, nonce)?;
    let etag = etag.map(|etag| format!("if-none-match: {etag}\r\n")).unwrap_or_default();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {authority}\r\ncontent-digest: {digest}\r\n{HOST}: {id}\r\n{LEDGER}: {NO_LEDGER}\r\n\
         signature-input: {}\r\nsignature: {}\r\n{etag}connection: close\r\n\r\n",
        signed.input, signed.signature
    );
    let mut stream = TcpStream::connect(center).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    parse(head.len(), &reply)
}

fn parse(sent: usize, reply: &[u8]) -> Result<Reply> {
    let text = String::from_utf8_lossy(reply);
    let (head, _) = text.split_once("\r\n\r\n").context("no whole head")?;
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    let header = |name: &str| {
        let line = head.lines().find(|line| line.split(':').next().is_some_and(|found| found.eq_ignore_ascii_case(name)));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    let number = |name: &str| header(name).and_then(|value| value.parse().ok());
    let (next, retry_after) = (number("oediag-next-poll"), number("retry-after"));
    Ok(Reply { status, etag: header("etag"), next, retry_after, bytes: (sent, reply.len()) })
}

fn random() -> u16 {
    let mut bytes = [0; 2];
    // Without random numbers all hosts wait for the same time, which the figures show.
    getrandom::fill(&mut bytes).unwrap_or_default();
    u16::from_ne_bytes(bytes)
}
