//! One signed request of a host and the center's answer. In: method, path, JSON. Out: status and a bounded body, or why there is none.
//! Never: asks twice, but when the center says by its clock that the first signature was made at the wrong time.

use oediag_protocol::time::Time;
use reqwest::Method;

use super::{
    client::{Client, NoReply, Reply, Request},
    tus::{LATEST, said},
    wire::{self, Answer, Exchange, Fault},
};

/// Most bytes of an answer.
const MAX_ANSWER: usize = 2 << 20;

/// Asks, and asks once more by the center's clock where that is why it refused.
pub(super) async fn ask(client: &mut Client, request: Request<'_>) -> Result<Reply, NoReply> {
    let reply = client.send(request.clone()).await?;
    if reply.status == 401 && client.corrected(&reply) { client.send(request).await } else { Ok(reply) }
}

/// Does one exchange.
pub(super) async fn exchange(client: &mut Client, asked: Exchange) -> Result<Answer, Fault> {
    let Exchange { method, path, body, .. } = asked;
    let method = match method {
        wire::Method::Get => Method::GET,
        wire::Method::Put => Method::PUT,
        wire::Method::Post => Method::POST,
    };
    let request = Request { method, path: &path, headers: json(&body), body: body.into_bytes(), most: MAX_ANSWER };
    answer(&ask(client, request).await.map_err(no_reply)?)
}

/// The headers of a body of JSON, or of none.
pub(super) fn json(body: &str) -> Vec<(&'static str, String)> {
    if body.is_empty() { Vec::new() } else { vec![("content-type", "application/json".to_owned())] }
}

/// What there being no reply means.
pub(super) fn no_reply(error: NoReply) -> Fault {
    match error {
        NoReply::TooLong(_) => Fault::NotACenter(error.to_string()),
        NoReply::Local(why) => Fault::Local(why),
        error => Fault::Network(error.to_string()),
    }
}

/// What a reply means whatever was asked for: a center that wants to be asked later, a host it does not know, something that is none.
pub(super) fn answer(reply: &Reply) -> Result<Answer, Fault> {
    match (reply.status, reply.retry_after) {
        (429 | 503, Some(seconds)) => {
            let at = Time(jiff::Timestamp::now().as_second().saturating_add_unsigned(seconds.min(LATEST)));
            Err(Fault::Later { at, why: said(reply) })
        }
        (401, _) => Err(Fault::Unknown { why: said(reply), ahead: None }),
        (429 | 500..=599, _) => Err(Fault::Network(said(reply))),
        (300..=399, _) => Err(Fault::NotACenter(format!("status {}", reply.status))),
        (status, _) => match std::str::from_utf8(&reply.body) {
            Ok(body) => Ok(Answer { status, body: body.to_owned() }),
            Err(_) => Err(Fault::NotACenter("its answer is not text".to_owned())),
        },
    }
}
