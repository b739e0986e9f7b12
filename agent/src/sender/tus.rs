//! Sending a sealed file by tus 1.0.0: announce the receipt, get a slot, send chunks, ask for the ack.
//!
//! In: the frame of the file and its open payload. Out: events; at last the ack's bytes, unchecked, or a fault.
//! Never: sends a byte before the parent has stored where to; asks again sooner than the center said; goes on for ever with a
//! center that gets it nowhere.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_protocol::{digest::Sha256, time::Time};
use reqwest::Method;

use super::{
    client::{CLOCK, Client, MAX_REPLY, NoReply, Reply, Request},
    pace::{self, Chunk},
    wire::{Event, Fault, Upload},
};

/// Most failures in a row, however quickly they come.
const TRIES: u32 = 20;
/// A center that says to come back later than this is taken to say this.
pub(crate) const LATEST: u64 = 86_400;

/// What the parent is told, and asked.
pub(super) trait Parent {
    /// Tells it something.
    fn tell(&mut self, event: Event) -> Result<(), Fault>;
    /// Tells it the slot, and waits until it is on the disk.
    fn store(&mut self, slot: &str) -> Result<(), Fault>;
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Consent,
    Create,
    Ask(String),
    Send(String, u64),
    Finish(String),
    Done(String),
}

/// What a failure of one step means.
enum Trouble {
    /// Try again, perhaps no sooner than after so many seconds, at this step.
    Again(String, Option<u64>, Step),
    /// Give up.
    End(Fault),
}

/// One upload under way.
pub(super) struct Sending<'a, P> {
    pub(super) client: &'a mut Client,
    pub(super) upload: &'a Upload,
    pub(super) payload: File,
    pub(super) patience: Duration,
    pub(super) kib_s: Option<u64>,
    pub(super) parent: &'a mut P,
    /// Whether the step under way was tried again with a new signature.
    pub(super) signed_anew: bool,
}

impl<P: Parent> Sending<'_, P> {
    fn total(&self) -> u64 {
        self.upload.front.len() as u64 + self.upload.payload + self.upload.back
    }

    /// Sends all of it; gives what the center says is its ack.
    pub(super) async fn run(mut self) -> Result<String, Fault> {
        let mut step = self.upload.slot.clone().map_or(Step::Consent, Step::Ask);
        let mut chunk = Chunk::first(self.kib_s.map(|rate| rate << 10));
        // How far the center ever was, when it last got further, and the failures since.
        let (mut furthest, mut since, mut tries) = (None, Instant::now(), 0);
        loop {
            let taken = match &step {
                Step::Done(ack) => return Ok(ack.clone()),
                Step::Consent => self.consent().await,
                Step::Create => self.create().await,
                Step::Ask(slot) => self.ask(slot).await,
                Step::Send(slot, at) => self.send(slot, *at, &mut chunk).await,
                Step::Finish(slot) => self.finish(slot).await,
            };
            let (why, after, next) = match taken {
                Ok(next) => {
                    self.signed_anew = false;
                    let begins = matches!(&step, Step::Ask(_)) && next == Step::Consent;
                    let place = match &next {
                        Step::Send(_, at) => Some(*at),
                        Step::Finish(_) => Some(self.total()),
                        _ => None,
                    };
                    if further(place, furthest, self.total()) {
                        furthest = place;
                        (since, tries) = (Instant::now(), 0);
                    }
                    if let Some(at) = place {
                        self.parent.tell(Event::At(at))?;
                    }
                    if !begins && step != next {
                        step = next;
                        continue;
                    }
                    ("the center does not know the upload any more".to_owned(), None, next)
                }
                Err(Trouble::Again(why, after, next)) => (why, after, next),
                Err(Trouble::End(fault)) => return Err(fault),
            };
            tries += 1;
            chunk.failed();
            let wait = match after {
                Some(seconds) => pace::told(seconds.min(LATEST), random()?),
                None => pace::backoff(tries, random()?),
            };
            let left = self.patience.saturating_sub(since.elapsed());
            if let Some(seconds) = after.filter(|_| wait > left) {
                let at = Time(jiff::Timestamp::now().as_second().saturating_add_unsigned(seconds.min(LATEST)));
                return Err(Fault::Later { at, why });
            }
            if wait > left || tries >= TRIES {
                return Err(Fault::Network(why));
            }
            self.parent.tell(Event::Waiting(wait.as_secs_f64().ceil() as u64, why))?;
            tokio::time::sleep(wait).await;
            step = next;
        }
    }

    async fn consent(&mut self) -> Result<Step, Trouble> {
        let reply = self
            .request(
                Method::POST,
                "/v1/consents",
                vec![("content-type", "application/x-tar".to_owned())],
                self.upload.front.clone().into_bytes(),
                &Step::Consent,
            )
            .await?;
        match reply.status {
            201 => Ok(Step::Create),
            200 => Ok(ack(&reply)),
            _ => Err(self.unexpected(&reply, Step::Consent)),
        }
    }

    async fn create(&mut self) -> Result<Step, Trouble> {
        let receipt = BASE64.encode(self.upload.receipt.to_string());
        let headers = vec![("upload-length", self.total().to_string()), ("upload-metadata", format!("receipt {receipt}"))];
        let reply = self.request(Method::POST, "/v1/uploads", headers, Vec::new(), &Step::Create).await?;
        if reply.status != 201 {
            return Err(self.unexpected(&reply, Step::Create));
        }
        let slot =
            reply.location.and_then(|location| slot(&location)).ok_or_else(|| lie("it made an upload and did not say where"))?;
        self.parent.store(&slot).map_err(Trouble::End)?;
        Ok(Step::Send(slot, 0))
    }

    async fn ask(&mut self, slot: &str) -> Result<Step, Trouble> {
        let again = Step::Ask(slot.to_owned());
        let reply = self.request(Method::HEAD, slot, Vec::new(), Vec::new(), &again).await?;
        match reply.status {
            200 | 204 => {}
            404 | 410 => return Ok(Step::Consent),
            _ => return Err(self.unexpected(&reply, again)),
        }
        let total = self.total();
        if reply.length.is_some_and(|length| length != total) {
            return Err(lie("its upload has another length than the file"));
        }
        let at = reply
            .offset
            .filter(|at| *at <= total)
            .ok_or_else(|| lie("it does not say how far the upload is, or further than the file goes"))?;
        Ok(self.onwards(slot, at))
    }

    async fn send(&mut self, slot: &str, at: u64, chunk: &mut Chunk) -> Result<Step, Trouble> {
        let bytes = self.bytes(at, chunk.bytes()).map_err(|error| Trouble::End(Fault::Local(error.to_string())))?;
        let length = bytes.len() as u64;
        let headers = vec![
            ("content-type", "application/offset+octet-stream".to_owned()),
            ("upload-offset", at.to_string()),
            ("upload-checksum", format!("sha256 {}", BASE64.encode(Sha256::of(&bytes).0))),
        ];
        let ask = Step::Ask(slot.to_owned());
        let begun = Instant::now();
        let reply = self.request(Method::PATCH, slot, headers, bytes, &ask).await?;
        match reply.status {
            204 if reply.offset == Some(at + length) => {
                chunk.took(length, begun.elapsed());
                Ok(self.onwards(slot, at + length))
            }
            204 => Err(lie("it took a chunk and says that the upload is elsewhere than behind it")),
            // The bytes were damaged on the way: the same again.
            460 => Err(Trouble::Again(said(&reply), None, Step::Send(slot.to_owned(), at))),
            404 | 409 | 410 => Err(Trouble::Again(said(&reply), None, ask)),
            _ => Err(self.unexpected(&reply, ask)),
        }
    }

    async fn finish(&mut self, slot: &str) -> Result<Step, Trouble> {
        let ask = Step::Ask(slot.to_owned());
        let reply = self.request(Method::POST, &format!("{slot}/finish"), Vec::new(), Vec::new(), &ask).await?;
        match reply.status {
            200 => Ok(ack(&reply)),
            404 | 409 | 410 => Err(Trouble::Again(said(&reply), None, ask)),
            422 => Err(Trouble::End(Fault::OtherBytes(said(&reply)))),
            _ => Err(self.unexpected(&reply, ask)),
        }
    }

    fn onwards(&self, slot: &str, at: u64) -> Step {
        if at == self.total() { Step::Finish(slot.to_owned()) } else { Step::Send(slot.to_owned(), at) }
    }

    /// Sends one request of tus; a broken connection is worth another try at `again`.
    async fn request(
        &mut self,
        method: Method,
        path: &str,
        mut headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
        again: &Step,
    ) -> Result<Reply, Trouble> {
        headers.push(("tus-resumable", "1.0.0".to_owned()));
        match self.client.send(Request { method, path, headers, body, most: MAX_REPLY }).await {
            Ok(reply) => Ok(reply),
            Err(NoReply::Local(why)) => Err(Trouble::End(Fault::Local(why))),
            Err(error @ NoReply::TooLong(_)) => Err(lie(&error.to_string())),
            Err(error) => Err(Trouble::Again(error.to_string(), None, again.clone())),
        }
    }

    /// A status that no step knows how to go on from.
    fn unexpected(&mut self, reply: &Reply, again: Step) -> Trouble {
        match reply.status {
            401 => self.unknown(reply, again),
            403 => Trouble::End(Fault::Refused(said(reply))),
            423 | 429 | 503 | 507 => Trouble::Again(said(reply), reply.retry_after, again),
            408 | 500 | 502 | 504 => Trouble::Again(said(reply), None, again),
            300..=399 => lie(&format!("it sends elsewhere with status {}; that is never followed", reply.status)),
            status => lie(&format!("status {status}: {}", said(reply))),
        }
    }

    /// The center does not take the signature: perhaps because the clocks differ, which its reply tells; then once more by its clock.
    fn unknown(&mut self, reply: &Reply, again: Step) -> Trouble {
        if self.client.corrected(reply) {
            return Trouble::Again(said(reply), None, again);
        }
        // Something between the two may have sent one request twice; the center takes each signature once.
        if !std::mem::replace(&mut self.signed_anew, true) {
            return Trouble::Again(said(reply), None, again);
        }
        Trouble::End(Fault::Unknown { why: said(reply), ahead: reply.ahead().filter(|ahead| ahead.unsigned_abs() > CLOCK) })
    }

    /// At most `most` bytes of the file from `at` on.
    fn bytes(&self, at: u64, most: u64) -> std::io::Result<Vec<u8>> {
        let Upload { front, payload, .. } = self.upload;
        let mut bytes = vec![0; most.min(self.total() - at) as usize];
        let begin = (front.len() as u64).saturating_sub(at).min(bytes.len() as u64) as usize;
        if begin > 0 {
            bytes[..begin].copy_from_slice(&front.as_bytes()[at as usize..at as usize + begin]);
        }
        let inside = (at + begin as u64) - front.len() as u64;
        let count = payload.saturating_sub(inside).min((bytes.len() - begin) as u64) as usize;
        self.payload.read_exact_at(&mut bytes[begin..begin + count], inside.min(*payload))?;
        // What is left is the back, and that is zeros.
        Ok(bytes)
    }
}

fn lie(why: &str) -> Trouble {
    Trouble::End(Fault::NotACenter(why.to_owned()))
}

/// What is said to be an ack. It is checked where the keys are; what is no text fails there.
fn ack(reply: &Reply) -> Step {
    Step::Done(String::from_utf8_lossy(&reply.body).into_owned())
}

/// The center's own sentence, else the status. It is shown to people: one line, and not long.
pub(super) fn said(reply: &Reply) -> String {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    let words = serde_json::from_slice::<Refusal>(&reply.body).map(|refusal| refusal.error);
    let words = words.unwrap_or_else(|_| format!("status {}", reply.status));
    words.chars().take(300).collect()
}

/// The path of an upload, from a Location that may be a whole URL. Only plain paths of our own kind: it goes into requests.
fn slot(location: &str) -> Option<String> {
    let path = match location.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => location,
    };
    let id = path.strip_prefix("/v1/uploads/")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    ((1..=128).contains(&id.len()) && id.bytes().all(plain)).then(|| path.to_owned())
}

/// Whether that is progress: a center that moves on by a byte at a time would hold a run for years.
fn further(place: Option<u64>, furthest: Option<u64>, total: u64) -> bool {
    match (place, furthest) {
        (Some(at), Some(before)) => at > before && (at == total || at - before >= pace::LEAST),
        (place, None) => place.is_some(),
        (None, Some(_)) => false,
    }
}

/// Whether this is the path of an upload and nothing else.
pub(crate) fn is_slot(path: &str) -> bool {
    slot(path).as_deref() == Some(path)
}

pub(super) fn random() -> Result<u16, Fault> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(|error| Fault::Local(error.to_string()))?;
    Ok(u16::from_be_bytes(bytes))
}
