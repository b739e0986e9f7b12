//! tus 1.0.0: core, creation, expiration, checksum (sha256), termination.
//!
//! In: OPTIONS, POST, HEAD, PATCH, DELETE. Out: bytes on the disk, then the new place in the database, then the reply.
//! Never: moves the place before the bytes are on the disk, keeps a byte of a chunk whose checksum is wrong.

use std::{
    fmt::Display,
    fs::{self, TryLockError},
    io,
    time::{Duration, SystemTime},
};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::BodyExt as _;
use nix::sys::statvfs::statvfs;
use oediag_protocol::time::Time;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::{
    Gate, Metadata,
    refusal::{Fault, Refusal, VERSION},
    sender::{self, Sender},
};
use crate::{
    clock,
    store::{
        audit::Entry,
        uploads::{Made, New, Quota, Upload},
    },
};

const CHUNK_TYPE: &str = "application/offset+octet-stream";
const EXTENSIONS: &str = "creation,expiration,checksum,termination";

/// `OPTIONS`: what is spoken here. The only request that needs neither token nor version.
pub(super) async fn options(State(gate): State<Gate>) -> Response {
    let headers = [
        ("tus-version", VERSION.to_owned()),
        ("tus-extension", EXTENSIONS.to_owned()),
        ("tus-max-size", gate.limits.upload_bytes.to_string()),
        ("tus-checksum-algorithm", "sha256".to_owned()),
    ];
    with_headers(StatusCode::NO_CONTENT, headers)
}

/// `POST /v1/uploads`: a new, empty upload.
pub(super) async fn create(State(gate): State<Gate>, headers: HeaderMap) -> Result<Response, Refusal> {
    let now = clock::now();
    let sender = admitted(&gate, &headers, now).await?;
    let bytes = number(&headers, "upload-length")?
        .ok_or_else(|| Refusal::Bad("send Upload-Length: a length that is told later is not taken".to_owned()))?;
    if bytes > gate.limits.upload_bytes {
        return Err(Refusal::TooLarge(gate.limits.upload_bytes));
    }
    let metadata = text(&headers, "upload-metadata")?.unwrap_or_default();
    Metadata::parse(metadata).map_err(|error| Refusal::Bad(error.to_string()))?;
    let folder = gate.store.upload_folder();
    let free = statvfs(&folder).map(|disk| disk.blocks_available() * disk.fragment_size());
    if free.is_ok_and(|free| free < bytes.saturating_add(gate.limits.free_bytes)) {
        return Err(Refusal::NoRoom);
    }
    let expires = Time(now.0 + gate.limits.expiry.as_secs() as i64);
    let new = New { tenant: &sender.tenant, sender: &sender.name, bytes, metadata, now, expires };
    let quota = Quota { open: gate.limits.open_uploads, day_bytes: gate.limits.day_bytes };
    let id = match gate.store.new_upload(new, quota).await? {
        Made::As(id) => id,
        Made::TooManyOpen => return Err(Refusal::TooManyOpen),
        Made::TooMuchToday => return Err(Refusal::TooMuchToday),
    };
    let entry = Entry { event: "upload_created", actor: &sender.name, tenant: Some(&sender.tenant), object: Some(&id) };
    gate.store.audit(now, entry).await?;
    let headers = [("location", format!("/v1/uploads/{id}")), ("upload-expires", date(expires))];
    Ok(with_headers(StatusCode::CREATED, headers))
}

/// `HEAD`: how far the upload is.
pub(super) async fn head(State(gate): State<Gate>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let now = clock::now();
    let sender = admitted(&gate, &headers, now).await?;
    let upload = found(&gate, &id, &sender, now).await?;
    let mut headers = vec![
        ("upload-offset", upload.place.to_string()),
        ("upload-length", upload.bytes.to_string()),
        ("upload-expires", date(upload.expires)),
        ("cache-control", "no-store".to_owned()),
    ];
    if !upload.metadata.is_empty() {
        headers.push(("upload-metadata", upload.metadata));
    }
    Ok(with_headers(StatusCode::OK, headers))
}

/// `DELETE`: the upload and its bytes are gone.
pub(super) async fn delete(State(gate): State<Gate>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let now = clock::now();
    let sender = admitted(&gate, &headers, now).await?;
    let upload = found(&gate, &id, &sender, now).await?;
    gate.store.end_upload(&upload.id, now).await?;
    let entry = Entry { event: "upload_deleted", actor: &sender.name, tenant: Some(&sender.tenant), object: Some(&id) };
    gate.store.audit(now, entry).await?;
    Ok(with_headers::<String>(StatusCode::NO_CONTENT, []))
}

/// `POST` with `X-HTTP-Method-Override`, for proxies that let no PATCH or DELETE through.
pub(super) async fn overridden(
    state: State<Gate>,
    path: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    match text(&headers, "x-http-method-override")? {
        Some("PATCH") => patch(state, path, headers, body).await,
        Some("DELETE") => delete(state, path, headers).await,
        Some("HEAD") => head(state, path, headers).await,
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
}

/// `PATCH`: more bytes of the upload.
pub(super) async fn patch(
    State(gate): State<Gate>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let sender = admitted(&gate, &headers, now).await?;
    if text(&headers, "content-type")? != Some(CHUNK_TYPE) {
        return Err(Refusal::ContentType);
    }
    let place = number(&headers, "upload-offset")?.ok_or_else(|| Refusal::Bad("send Upload-Offset".to_owned()))?;
    let sum = text(&headers, "upload-checksum")?.map(checksum).transpose()?;
    // Whoever takes too long to be told is told early; the lock below decides.
    found(&gate, &id, &sender, now).await?;
    let file = locked(&gate, &id)?;
    let upload = found(&gate, &id, &sender, now).await?;
    if upload.place != place {
        return Err(Refusal::Place);
    }
    let left = upload.bytes - upload.place;
    if number(&headers, "content-length")?.is_some_and(|length| length > left) {
        return Err(Refusal::Bad(format!("this upload has {left} bytes left")));
    }
    let expires = upload.expires;
    // A task of its own: a client that goes away ends this function, but what it sent must still be written down.
    let chunk = Chunk { gate, upload, file, sum };
    let place = match tokio::spawn(chunk.take(body)).await {
        Ok(place) => place?,
        Err(error) => return Err(Fault::Write { id, source: io::Error::other(error) }.into()),
    };
    let headers = [("upload-offset", place.to_string()), ("upload-expires", date(expires))];
    Ok(with_headers(StatusCode::NO_CONTENT, headers))
}

/// The sender, after the version was checked.
async fn admitted(gate: &Gate, headers: &HeaderMap, now: Time) -> Result<Sender, Refusal> {
    if text(headers, "tus-resumable")? != Some(VERSION) {
        return Err(Refusal::Version);
    }
    sender::of(headers, &gate.store, now).await
}

async fn found(gate: &Gate, id: &str, sender: &Sender, now: Time) -> Result<Upload, Refusal> {
    let upload = gate.store.upload(id, &sender.name).await?.ok_or(Refusal::NotFound)?;
    if upload.expires <= now { Err(Refusal::Expired) } else { Ok(upload) }
}

/// The upload's file, for one request at a time. The lock ends with the file, also when the program is killed.
fn locked(gate: &Gate, id: &str) -> Result<fs::File, Refusal> {
    let fault = |source| Refusal::from(Fault::Write { id: id.to_owned(), source });
    let file = fs::File::options().write(true).open(gate.store.upload_path(id)).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Refusal::Busy),
        Err(TryLockError::Error(source)) => Err(fault(source)),
    }
}

/// A chunk on its way to the disk.
struct Chunk {
    gate: Gate,
    upload: Upload,
    file: fs::File,
    sum: Option<[u8; 32]>,
}

impl Chunk {
    /// Writes the body behind what is there, and moves the upload's place. Gives the new place.
    async fn take(self, body: Body) -> Result<u64, Refusal> {
        let Self { gate, upload, file, sum } = self;
        let fault = |source| Refusal::from(Fault::Write { id: upload.id.clone(), source });
        let mut file = tokio::fs::File::from_std(file);
        let length = file.metadata().await.map_err(fault)?.len();
        if length < upload.place {
            return Err(fault(io::Error::other("the file is shorter than the database says")));
        }
        file.set_len(upload.place).await.map_err(fault)?;
        tokio::io::AsyncSeekExt::seek(&mut file, io::SeekFrom::Start(upload.place)).await.map_err(fault)?;
        let left = upload.bytes - upload.place;
        let received = receive(body, &mut file, left, gate.limits.idle).await;
        file.flush().await.map_err(fault)?;
        let received = received.map_err(fault)?;
        let refused = match sum {
            _ if received.too_long => Some(Refusal::Bad(format!("this upload has {left} bytes left"))),
            Some(sum) if !received.whole || received.sum != sum => Some(Refusal::Checksum),
            _ => None,
        };
        if let Some(refusal) = refused {
            file.set_len(upload.place).await.map_err(fault)?;
            return Err(refusal);
        }
        if received.bytes == 0 {
            return Ok(upload.place);
        }
        file.sync_data().await.map_err(fault)?;
        let place = upload.place + received.bytes;
        if gate.store.move_upload(&upload.id, upload.place, place).await? { Ok(place) } else { Err(Refusal::NotFound) }
    }
}

/// What came of a body.
struct Received {
    bytes: u64,
    sum: [u8; 32],
    /// Whether the body was read to its end.
    whole: bool,
    too_long: bool,
}

/// Copies a body to the file. An error is the file's; a body that breaks off or stands still is just not whole.
async fn receive(mut body: Body, file: &mut tokio::fs::File, left: u64, idle: Duration) -> io::Result<Received> {
    let mut hasher = Sha256::new();
    let mut received = Received { bytes: 0, sum: [0; 32], whole: false, too_long: false };
    while let Ok(next) = tokio::time::timeout(idle, body.frame()).await {
        let data = match next {
            None => {
                received.whole = true;
                break;
            }
            Some(Err(_)) => break,
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
        };
        if data.len() as u64 > left - received.bytes {
            received.too_long = true;
            break;
        }
        file.write_all(&data).await?;
        hasher.update(&data);
        received.bytes += data.len() as u64;
    }
    received.sum = hasher.finalize().into();
    Ok(received)
}

/// Reads `sha256 BASE64`.
fn checksum(text: &str) -> Result<[u8; 32], Refusal> {
    let sum = text.strip_prefix("sha256 ").and_then(|sum| STANDARD.decode(sum).ok());
    sum.and_then(|sum| sum.try_into().ok()).ok_or_else(|| Refusal::Bad("Upload-Checksum is not: sha256 BASE64".to_owned()))
}

/// A header that may be there at most once.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let bad = || Refusal::Bad(format!("{name} is there twice, or is not plain text"));
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| bad()),
        _ => Err(bad()),
    }
}

/// A header of decimal digits, nothing else.
fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && i64::try_from(*number).is_ok());
    number.map(Some).ok_or_else(|| Refusal::Bad(format!("{name} is not a whole number")))
}

/// A moment as HTTP writes it.
fn date(time: Time) -> String {
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.0.max(0) as u64))
}

/// A reply without a body. Every reply names the version.
fn with_headers<V: Display>(status: StatusCode, headers: impl IntoIterator<Item = (&'static str, V)>) -> Response {
    let mut reply = status.into_response();
    let all = reply.headers_mut();
    all.insert(HeaderName::from_static("tus-resumable"), HeaderValue::from_static(VERSION));
    for (name, value) in headers {
        // All values are our own digits and words, or a header that came in as plain text.
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            all.insert(HeaderName::from_static(name), value);
        }
    }
    reply
}
