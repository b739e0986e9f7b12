//! tus 1.0.0: core, creation, expiration, checksum (sha256), termination.
//!
//! In: OPTIONS, POST, HEAD, PATCH, DELETE. Out: bytes on the disk, then the new place in the database, then the reply.
//! Never: moves the place before the bytes are on the disk, keeps a byte of a chunk whose checksum is wrong.

use std::{
    fs::{self, TryLockError},
    io,
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt as _;
use nix::sys::statvfs::statvfs;
use oediag_protocol::{digest::Sha256, id::ReceiptId, time::Time};
use sha2::{Digest as _, Sha256 as Hasher};
use tokio::io::AsyncWriteExt as _;

use super::{
    Gate, Metadata,
    caller::{Caller, Sender},
    finish::permitted,
    headers::{date, number, text, with_headers},
    refusal::{Denied, Fault, Refusal, VERSION},
    values::checksum,
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
pub(super) async fn create(State(gate): State<Gate>, caller: Caller) -> Result<Response, Refusal> {
    let now = clock::now();
    versioned(&caller)?;
    caller.nothing_sent()?;
    let Caller { sender, headers, .. } = caller;
    let bytes = number(&headers, "upload-length")?
        .ok_or_else(|| Refusal::Bad("send Upload-Length: a length that is told later is not taken".to_owned()))?;
    if bytes > gate.limits.upload_bytes {
        return Err(Refusal::TooLarge(gate.limits.upload_bytes));
    }
    let metadata = text(&headers, "upload-metadata")?.unwrap_or_default();
    let told = Metadata::parse(metadata).map_err(|error| Refusal::Bad(error.to_string()))?;
    let receipt = told.get("receipt").and_then(|id| std::str::from_utf8(id).ok()).and_then(ReceiptId::parse);
    let receipt = receipt.ok_or(Denied::NoReceipt)?;
    let expires = Time(now.0 + gate.limits.expiry.as_secs() as i64);
    let new = New { tenant: sender.tenant.as_str(), sender: &sender.name, bytes, metadata, receipt, now, expires };
    let id = begin(&gate, &sender, new).await?;
    let headers = [("location", format!("/v1/uploads/{id}")), ("upload-expires", date(expires))];
    Ok(with_headers(StatusCode::CREATED, headers))
}

/// Makes the slot, where a receipt allows it and the sender's quota does.
pub(super) async fn begin(gate: &Gate, sender: &Sender, new: New<'_>) -> Result<String, Refusal> {
    if new.bytes > gate.limits.upload_bytes {
        return Err(Refusal::TooLarge(gate.limits.upload_bytes));
    }
    if permitted(gate, sender, new.receipt).await?.0.bytes != new.bytes {
        return Err(Denied::OtherLength.into());
    }
    let quota = Quota { open: gate.limits.open_uploads, day_bytes: gate.limits.day_bytes, disk_bytes: room(gate) };
    match gate.store.new_upload(new, quota).await? {
        Made::As(id) => Ok(id),
        Made::TooManyOpen => Err(Refusal::TooManyOpen),
        Made::TooMuchToday => Err(Refusal::TooMuchToday),
        Made::NoRoom => Err(Refusal::NoRoom),
    }
}

/// Bytes that may be written to the disk before it is as full as it may get.
pub(super) fn room(gate: &Gate) -> u64 {
    let free = statvfs(&gate.store.upload_folder()).map(|disk| disk.blocks_available() * disk.fragment_size());
    free.map_or(u64::MAX, |free| free.saturating_sub(gate.limits.free_bytes))
}

/// Why bytes were not written. A full disk is no fault: there will be room again.
pub(super) fn unwritten(id: &str, source: io::Error) -> Refusal {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Refusal::NoRoom,
        _ => Fault::Write { id: id.to_owned(), source }.into(),
    }
}

/// `HEAD`: how far the upload is.
pub(super) async fn head(State(gate): State<Gate>, Path(id): Path<String>, caller: Caller) -> Result<Response, Refusal> {
    let now = clock::now();
    versioned(&caller)?;
    caller.nothing_sent()?;
    let sender = caller.sender;
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
pub(super) async fn delete(State(gate): State<Gate>, Path(id): Path<String>, caller: Caller) -> Result<Response, Refusal> {
    let now = clock::now();
    versioned(&caller)?;
    caller.nothing_sent()?;
    let sender = caller.sender;
    let upload = found(&gate, &id, &sender, now).await?;
    // A task of its own: a client that goes away does not stop it between the row and the bytes.
    let ended = tokio::spawn(async move {
        let (actor, tenant) = (sender.name.as_str(), Some(sender.tenant.as_str()));
        let entry = Entry { event: "upload_deleted", actor, tenant, object: Some(&upload.id) };
        gate.store.end_upload(&upload.id, now, entry).await
    });
    match ended.await {
        Ok(Ok(true)) => Ok(with_headers::<String>(StatusCode::NO_CONTENT, [])),
        Ok(Ok(false)) => Err(Refusal::NotFound),
        Ok(Err(error)) => Err(error.into()),
        Err(error) => Err(Fault::Write { id, source: io::Error::other(error) }.into()),
    }
}

/// `POST` with `X-HTTP-Method-Override`, for proxies that let no PATCH or DELETE through.
pub(super) async fn overridden(state: State<Gate>, path: Path<String>, caller: Caller, body: Body) -> Result<Response, Refusal> {
    match text(&caller.headers, "x-http-method-override")? {
        Some("PATCH") => patch(state, path, caller, body).await,
        Some("DELETE") => delete(state, path, caller).await,
        Some("HEAD") => head(state, path, caller).await,
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    }
}

/// `PATCH`: more bytes of the upload.
pub(super) async fn patch(
    State(gate): State<Gate>,
    Path(id): Path<String>,
    caller: Caller,
    body: Body,
) -> Result<Response, Refusal> {
    let now = clock::now();
    versioned(&caller)?;
    let signed = caller.digest();
    let Caller { sender, headers, .. } = caller;
    if text(&headers, "content-type")? != Some(CHUNK_TYPE) {
        return Err(Refusal::ContentType);
    }
    let place = number(&headers, "upload-offset")?.ok_or_else(|| Refusal::Bad("send Upload-Offset".to_owned()))?;
    let bad_sum = || Refusal::Bad("Upload-Checksum is not: sha256 BASE64".to_owned());
    let sum = text(&headers, "upload-checksum")?.map(|sum| checksum(sum).ok_or_else(bad_sum)).transpose()?;
    // Whoever takes too long to be told is told early; the lock below decides.
    found(&gate, &id, &sender, now).await?;
    let file = locked(&gate, &id)?;
    let upload = found(&gate, &id, &sender, now).await?;
    if upload.place != place {
        return Err(Refusal::Place);
    }
    let left = upload.bytes - upload.place;
    let length = number(&headers, "content-length")?;
    if length.is_some_and(|length| length > left) {
        return Err(Refusal::Bad(format!("this upload has {left} bytes left")));
    }
    // Others write to the disk as well.
    if room(&gate) < length.unwrap_or(left) {
        return Err(Refusal::NoRoom);
    }
    let expires = upload.expires;
    // A task of its own: a client that goes away ends this function, but what it sent must still be written down.
    let chunk = Chunk { gate, upload, file, sum, signed };
    let place = match tokio::spawn(chunk.take(body)).await {
        Ok(place) => place?,
        Err(error) => return Err(Fault::Write { id, source: io::Error::other(error) }.into()),
    };
    let headers = [("upload-offset", place.to_string()), ("upload-expires", date(expires))];
    Ok(with_headers(StatusCode::NO_CONTENT, headers))
}

fn versioned(caller: &Caller) -> Result<(), Refusal> {
    if text(&caller.headers, "tus-resumable")? == Some(VERSION) { Ok(()) } else { Err(Refusal::Version) }
}

/// The sender's upload, unless its time is over.
pub(super) async fn found(gate: &Gate, id: &str, sender: &Sender, now: Time) -> Result<Upload, Refusal> {
    let upload = gate.store.upload(id, &sender.name).await?.ok_or(Refusal::NotFound)?;
    if upload.expires <= now { Err(Refusal::Expired) } else { Ok(upload) }
}

/// The upload's file, for one request at a time. The lock ends with the file, also when the program is killed.
pub(super) fn locked(gate: &Gate, id: &str) -> Result<fs::File, Refusal> {
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
    /// What a host signed that the chunk is.
    signed: Option<Sha256>,
}

impl Chunk {
    /// Writes the body behind what is there, and moves the upload's place. Gives the new place.
    async fn take(self, body: Body) -> Result<u64, Refusal> {
        let Self { gate, upload, file, sum, signed } = self;
        let fault = |source| unwritten(&upload.id, source);
        let mut file = tokio::fs::File::from_std(file);
        let length = file.metadata().await.map_err(fault)?.len();
        if length < upload.place {
            return Err(fault(io::Error::other("the file is shorter than the database says")));
        }
        file.set_len(upload.place).await.map_err(fault)?;
        tokio::io::AsyncSeekExt::seek(&mut file, io::SeekFrom::Start(upload.place)).await.map_err(fault)?;
        let left = upload.bytes - upload.place;
        let received = receive(body, &mut file, left, gate.limits.idle).await;
        let received = match (received, file.flush().await) {
            (Ok(received), Ok(())) => received,
            (Err(error), _) | (_, Err(error)) => {
                // What does not count must not keep the disk full.
                file.set_len(upload.place).await.map_err(fault)?;
                return Err(fault(error));
            }
        };
        let refused = match sum {
            _ if received.too_long => Some(Refusal::Bad(format!("this upload has {left} bytes left"))),
            Some(sum) if !received.whole || received.sum != sum => Some(Refusal::Checksum),
            _ if signed.is_some_and(|signed| !received.whole || signed.0 != received.sum) => Some(Refusal::Digest),
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
    let mut hasher = Hasher::new();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_no_fault() {
        let full = fs::File::options().write(true).open("/dev/full").and_then(|mut file| io::Write::write_all(&mut file, b"x"));
        assert!(matches!(unwritten("a", full.expect_err("it is full")), Refusal::NoRoom));
        assert!(matches!(unwritten("a", io::Error::from_raw_os_error(5)), Refusal::Fault(_)));
    }
}
