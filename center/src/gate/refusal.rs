//! Why the gate says no. In: a reason. Out: a status and one sentence that says what to do; faults of ours go to the log only.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use oediag_protocol::{
    consent::NotCovered,
    http_signature::HttpSignatureError,
    id::{HostId, TenantId},
};
use serde::Serialize;
use tracing::error;

use super::headers::json;
use crate::{signer::SignError, store::StoreError};

/// The version of tus that is spoken.
pub(super) const VERSION: &str = "1.0.0";

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("sign the request as an enrolled host, or send a valid token: Authorization: Bearer oedt_...")]
    NoToken,
    #[error("{error}; this center answers to {authority}")]
    Signature { error: HttpSignatureError, authority: String },
    #[error("{0}")]
    Stale(HttpSignatureError),
    #[error("sign the request as an enrolled host")]
    Unsigned,
    #[error("no enrolled host has this key")]
    UnknownKey,
    #[error("this request came before: sign it anew")]
    Replayed,
    #[error("the body is not the one that content-digest names")]
    Digest,
    #[error("this host was revoked: enrol again")]
    Revoked,
    #[error("the enrolment token is unknown, used up or expired: ask for a new one")]
    EnrolToken,
    #[error("this host id or transport key is known with other keys: make new ones")]
    KnownHost,
    #[error(
        "no host {0} is admitted here: first admit it by its admission file (oediag-center host admit, or the page of carried files)"
    )]
    NotAdmitted(HostId),
    #[error("this is not the fingerprint of the key in the admission: compare it with what the host shows")]
    OtherFingerprint,
    #[error("the admission is to {0}, not to this tenant: the host has another tenant's kit")]
    OtherKit(TenantId),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("not all bytes are here: ask with HEAD and send the rest")]
    Incomplete,
    #[error("the bytes are not those of the receipt, and were deleted: {0}")]
    Mismatch(String),
    #[error("this host told another history before: its ledger was changed, set back, or another host has its keys")]
    LedgerConflict,
    #[error("{0} names another host than the one that signed the request")]
    OtherHost(&'static str),
    #[error("another event of this request has this number")]
    OtherEvent,
    #[error("the center has not told that this case is solved")]
    NotResolved,
    #[error("there is nothing here of this name, or it is not yours")]
    NoSuch,
    #[error("there is no such upload, or it is not yours")]
    NotFound,
    #[error("the upload has expired: make a new one")]
    Expired,
    #[error("speak tus {VERSION}: Tus-Resumable: {VERSION}")]
    Version,
    #[error("{0}")]
    Bad(String),
    #[error("at most {0} bytes are taken here")]
    TooLarge(u64),
    #[error("send Content-Type: application/offset+octet-stream")]
    ContentType,
    #[error("Upload-Offset is not where the upload is: ask with HEAD")]
    Place,
    #[error("another request is writing this upload")]
    Busy,
    #[error("the bytes are not those of Upload-Checksum: send them again")]
    Checksum,
    #[error("too many unfinished uploads: finish or delete one")]
    TooManyOpen,
    #[error("too many receipts wait for their bundle, or came today: send a bundle, or wait")]
    TooManyReceipts,
    #[error("too many requests in ten minutes")]
    TooManyRequests,
    #[error("the quota of this day is used up")]
    TooMuchToday,
    #[error("no room on the center's disk")]
    NoRoom,
    #[error("a fault of the center; its log says more")]
    Fault(#[from] Fault),
}

/// Why consent does not let these bytes come in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Denied {
    #[error("no receipt of this id: send the consent first, and name it: Upload-Metadata: receipt BASE64")]
    NoReceipt,
    #[error(transparent)]
    NotCovered(#[from] NotCovered),
    #[error("the receipt is for a file of another length")]
    OtherLength,
    #[error("another receipt has this id, or belongs to this envelope")]
    OtherReceipt,
    #[error("the documents name another tenant")]
    OtherTenant,
    #[error("the file is not encrypted to the present keys: fetch the keyset and seal again")]
    OldKeys,
    #[error("this bundle is stored here already, with other bytes or under another receipt")]
    StoredOtherwise,
    #[error("the center took back the request that this answers")]
    Cancelled,
    #[error("a document is not good: {0}")]
    Document(String),
}

impl Denied {
    const fn reason(&self) -> &'static str {
        match self {
            Self::NoReceipt => "no_receipt",
            Self::NotCovered(NotCovered::Withdrawn) => "withdrawn",
            Self::NotCovered(NotCovered::OtherHost) => "other_host",
            Self::NotCovered(NotCovered::OtherBundle) => "other_bundle",
            Self::NotCovered(NotCovered::OtherRequest) => "other_request",
            Self::NotCovered(NotCovered::NotYet) => "not_yet",
            Self::NotCovered(NotCovered::Expired) => "expired",
            Self::NotCovered(NotCovered::RuleExpired) => "rule_expired",
            Self::OtherLength => "other_length",
            Self::OtherReceipt => "other_receipt",
            Self::OtherTenant => "other_tenant",
            Self::OldKeys => "old_keys",
            Self::StoredOtherwise => "stored_otherwise",
            Self::Cancelled => "cancelled",
            Self::Document(_) => "document",
        }
    }
}

/// A fault of the center itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("writing upload {id}")]
    Write { id: String, source: std::io::Error },
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<SignError> for Refusal {
    fn from(error: SignError) -> Self {
        Self::Fault(error.into())
    }
}

impl Refusal {
    /// The status, and the word by which programs know the reason.
    fn told(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoToken | Self::Unsigned => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Self::Signature { .. } => (StatusCode::UNAUTHORIZED, "signature"),
            Self::Stale(_) => (StatusCode::UNAUTHORIZED, "stale"),
            Self::UnknownKey => (StatusCode::UNAUTHORIZED, "unknown_key"),
            Self::Replayed => (StatusCode::UNAUTHORIZED, "replayed"),
            Self::Digest => (StatusCode::UNAUTHORIZED, "digest"),
            Self::Revoked => (StatusCode::FORBIDDEN, "revoked"),
            Self::EnrolToken => (StatusCode::FORBIDDEN, "token"),
            Self::KnownHost => (StatusCode::CONFLICT, "known"),
            Self::NotAdmitted(_) => (StatusCode::FORBIDDEN, "not_admitted"),
            Self::OtherFingerprint => (StatusCode::FORBIDDEN, "other_fingerprint"),
            Self::OtherKit(_) => (StatusCode::FORBIDDEN, "other_tenant"),
            Self::Denied(denied) => (StatusCode::FORBIDDEN, denied.reason()),
            Self::Incomplete => (StatusCode::CONFLICT, "incomplete"),
            Self::Mismatch(_) => (StatusCode::UNPROCESSABLE_ENTITY, "mismatch"),
            Self::LedgerConflict => (StatusCode::CONFLICT, "ledger_conflict"),
            Self::OtherEvent => (StatusCode::CONFLICT, "event"),
            Self::NotResolved => (StatusCode::CONFLICT, "not_resolved"),
            Self::OtherHost(_) => (StatusCode::FORBIDDEN, "other_host"),
            Self::NoSuch | Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Expired => (StatusCode::GONE, "upload_expired"),
            Self::Version => (StatusCode::PRECONDITION_FAILED, "version"),
            Self::Bad(_) => (StatusCode::BAD_REQUEST, "bad"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::ContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type"),
            Self::Place => (StatusCode::CONFLICT, "offset"),
            Self::Busy => (StatusCode::LOCKED, "busy"),
            // tus 1.0.0, checksum extension; the number is registered nowhere else.
            Self::Checksum => (StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST), "checksum"),
            Self::TooManyOpen => (StatusCode::TOO_MANY_REQUESTS, "uploads"),
            Self::TooManyReceipts => (StatusCode::TOO_MANY_REQUESTS, "receipts"),
            Self::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "requests"),
            Self::TooMuchToday => (StatusCode::TOO_MANY_REQUESTS, "quota"),
            Self::NoRoom => (StatusCode::INSUFFICIENT_STORAGE, "no_room"),
            Self::Fault(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
        }
    }

    /// After how many seconds it is worth asking again.
    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Busy => Some(1),
            Self::TooManyOpen | Self::TooManyReceipts | Self::TooManyRequests | Self::NoRoom => Some(600),
            Self::TooMuchToday => Some(3600),
            _ => None,
        }
    }
}

/// A refusal as programs read it.
#[derive(Serialize)]
struct Told {
    error: String,
    reason: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Fault(fault) = &self {
            let source = std::error::Error::source(fault).map(ToString::to_string);
            error!(%fault, source, "a request failed");
        }
        let (status, reason) = self.told();
        let told = serde_json::to_vec(&Told { error: self.to_string(), reason }).unwrap_or_default();
        let mut reply = json(status, told);
        let headers = reply.headers_mut();
        headers.insert(HeaderName::from_static("tus-resumable"), HeaderValue::from_static(VERSION));
        if matches!(self, Self::Version) {
            headers.insert(HeaderName::from_static("tus-version"), HeaderValue::from_static(VERSION));
        }
        if matches!(self, Self::NoToken) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        reply
    }
}
