//! Why the gate says no. In: a reason. Out: a status and one sentence that says what to do; faults of ours go to the log only.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tracing::error;

use crate::store::StoreError;

/// The version of tus that is spoken.
pub(super) const VERSION: &str = "1.0.0";

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("send a valid token: Authorization: Bearer oedt_...")]
    NoToken,
    #[error("there is no such upload, or it is not yours")]
    NotFound,
    #[error("the upload has expired: make a new one")]
    Expired,
    #[error("speak tus {VERSION}: Tus-Resumable: {VERSION}")]
    Version,
    #[error("{0}")]
    Bad(String),
    #[error("an upload may have at most {0} bytes")]
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
    #[error("the quota of this day is used up")]
    TooMuchToday,
    #[error("no room on the center's disk")]
    NoRoom,
    #[error("a fault of the center; its log says more")]
    Fault(#[from] Fault),
}

/// A fault of the center itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("writing upload {id}")]
    Write { id: String, source: std::io::Error },
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Expired => StatusCode::GONE,
            Self::Version => StatusCode::PRECONDITION_FAILED,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Place => StatusCode::CONFLICT,
            Self::Busy => StatusCode::LOCKED,
            // tus 1.0.0, checksum extension; the number is registered nowhere else.
            Self::Checksum => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
            Self::TooManyOpen | Self::TooMuchToday => StatusCode::TOO_MANY_REQUESTS,
            Self::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds it is worth asking again.
    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Busy => Some(1),
            Self::TooManyOpen | Self::NoRoom => Some(600),
            Self::TooMuchToday => Some(3600),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Self::Fault(fault) = &self {
            let source = std::error::Error::source(fault).map(ToString::to_string);
            error!(%fault, source, "a request failed");
        }
        let mut reply = (self.status(), format!("{self}\n")).into_response();
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
