//! `GET /v1/hosts/{host}/inbox`: what waits for a host, as hints. In: the tag of what the host saw last. Out: 304, or ids.
//! Never: touches the disk for a 304.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use oediag_protocol::{
    audit::{Head, Schema as HeadSchema},
    inbox::{Inbox, MAX_LIST, Schema},
    json,
    signed::Signed,
    time::Time,
};

use super::{
    Gate,
    asker::Asker,
    headers::{self, text, with_headers},
    refusal::{Fault, Refusal},
};
use crate::{clock, keys::Role};

/// Tells when to ask again, where there is no body to say it.
const NEXT: &str = "oediag-next-poll";
/// Seconds between polls of a host of which something is under way.
const BRISK: u64 = 10;
/// Seconds for which a deletion is told.
const DELETIONS: i64 = 7 * 24 * 3600;

/// Answers a poll.
pub(super) async fn get(State(gate): State<Gate>, Path(host): Path<String>, asker: Asker) -> Result<Response, Refusal> {
    if host != asker.host.to_string() {
        return Err(Refusal::OtherHost("the path"));
    }
    let now = clock::now();
    let next = next_poll(gate.limits.poll.as_secs(), asker.known.brisk, now);
    // As it was when the host was read: what changed since has another tag, and is told again.
    let tag = format!("\"{}\"", asker.known.generation);
    if text(&asker.headers, header::IF_NONE_MATCH.as_str())? == Some(tag.as_str()) {
        return Ok(with_headers(StatusCode::NOT_MODIFIED, [(NEXT, next.to_string()), ("etag", tag)]));
    }
    let (requests, cancels) = gate.store.waiting(asker.host, now, MAX_LIST).await?;
    let inbox = Inbox {
        schema: Schema::V1,
        next_poll_s: next,
        requests,
        cancels,
        keyset_version: gate.signer.newest(&gate.store, asker.tenant(), now).await?.version,
        deletions: gate.store.deleted(asker.host, Time(now.0 - DELETIONS), MAX_LIST).await?,
        wants_catalogue: !gate.store.has_catalogue(asker.host).await?,
        log: log(&gate, None, now).await?,
    };
    let inbox = json::to_bytes(&inbox).map_err(|error| Refusal::Bad(error.to_string()))?;
    let mut reply = headers::json(StatusCode::OK, inbox);
    // Digits and quotes are always a header's value.
    reply.headers_mut().extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    Ok(reply)
}

/// Seconds after which a host asks again: soon while something of its is under way, else the usual.
const fn next_poll(usual: u64, brisk: Time, now: Time) -> u64 {
    if now.0 < brisk.0 && usual > BRISK { BRISK } else { usual }
}

/// The signed head of the audit log at a number of its lines, the last where none is given.
pub(super) async fn log(gate: &Gate, seq: Option<u64>, now: Time) -> Result<Option<Signed>, Refusal> {
    let Some(head) = gate.store.audit_head(seq).await? else { return Ok(None) };
    let signed = gate.signer.sign(Role::Ack, &Head { schema: HeadSchema::V1, at: now, head })?;
    Ok(Some(Signed::parse(&signed).map_err(|error| Fault::Sign(error.into()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_asks_soon_only_while_something_is_under_way() {
        assert_eq!(next_poll(300, Time(100), Time(99)), BRISK);
        assert_eq!(next_poll(300, Time(100), Time(100)), 300);
        assert_eq!(next_poll(5, Time(100), Time(99)), 5, "never later than usual");
        assert_eq!(next_poll(300, Time(0), Time(99)), 300);
    }
}
