//! Headers of requests and replies. In: names. Out: values that are plain and there once; replies with ours.

use std::{
    fmt::Display,
    time::{Duration, SystemTime},
};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};
use oediag_protocol::time::Time;

use super::{
    refusal::{Refusal, VERSION},
    values::whole_number,
};

/// A header that may be there at most once.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let bad = || Refusal::Bad(format!("{name} is there twice, or is not plain text"));
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| bad()),
        _ => Err(bad()),
    }
}

/// A header of decimal digits, nothing else.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Refusal> {
    let Some(text) = text(headers, name)? else { return Ok(None) };
    whole_number(text).map(Some).ok_or_else(|| Refusal::Bad(format!("{name} is not a whole number")))
}

/// A moment as HTTP writes it.
pub(super) fn date(time: Time) -> String {
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(time.0.max(0) as u64))
}

/// A reply without a body. Every reply names the version.
pub(super) fn with_headers<V: Display>(status: StatusCode, headers: impl IntoIterator<Item = (&'static str, V)>) -> Response {
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

/// A reply that is a JSON document of ours.
pub(super) fn json(status: StatusCode, document: impl Into<Vec<u8>>) -> Response {
    let mut reply = (status, document.into()).into_response();
    reply.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    reply.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    reply
}
