//! One look into the inbox, and what follows from it. In: a center's replies, as hostile as can be. Out: signed papers, unverified, for
//! the broker to judge. Never: takes the inbox for more than a hint, fetches more than so many papers at once, or any that is too large.

use std::collections::BTreeSet;

use oediag_protocol::{id::HostId, inbox::Inbox, signed::Signed};
use reqwest::Method;

use super::{
    client::{Client, Request},
    exchange::{answer, ask, no_reply},
    wire::Fault,
};
use crate::broker::wire::Kind;

/// Most papers fetched after one look.
const MOST: usize = 16;
/// Most bytes of a signed paper on the wire: its payload has at most 64 KiB before base64.
pub(super) const MAX_PAPER: usize = 128 << 10;
/// Most names of papers that are kept in memory.
const MAX_KNOWN: usize = 1000;

/// What a look gave.
#[derive(Debug)]
pub(super) enum Look {
    /// Nothing has changed; seconds until the next one, where the center says.
    Same(Option<u64>),
    /// An inbox, and the name of this version.
    News(Box<Inbox>, Option<String>),
}

/// Looks into the inbox.
pub(super) async fn look(client: &mut Client, host: HostId, etag: Option<&str>) -> Result<Look, Fault> {
    let path = format!("/v1/hosts/{host}/inbox");
    let headers = etag.map(|etag| ("if-none-match", etag.to_owned())).into_iter().collect();
    let most = oediag_protocol::inbox::MAX_BYTES;
    let request = Request { method: Method::GET, path: &path, headers, body: Vec::new(), most };
    let reply = ask(client, request).await.map_err(no_reply)?;
    match reply.status {
        304 if etag.is_some() => Ok(Look::Same(reply.next_poll)),
        200 => match Inbox::parse(&reply.body) {
            Ok(inbox) => Ok(Look::News(Box::new(inbox), reply.etag)),
            Err(error) => Err(Fault::NotACenter(error.to_string())),
        },
        // What all replies have in common goes first; no other status means anything here.
        _ => answer(&reply).and_then(|answer| Err(Fault::NotACenter(format!("status {}", answer.status)))),
    }
}

/// A paper that the inbox names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What it is said to be.
    pub(super) kind: Kind,
    /// Its name, for people.
    pub(super) name: String,
    /// Where it lies.
    pub(super) path: String,
}

/// Which papers were handed over since this process began: they are not fetched again.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeSet<String>);

impl Known {
    /// Keeps a name. When there are too many all are forgotten: the broker knows what it took.
    pub(super) fn keep(&mut self, wanted: &Wanted) {
        if self.0.len() >= MAX_KNOWN {
            self.0.clear();
        }
        self.0.insert(wanted.path.clone());
    }
}

/// What to fetch, in this order: keysets one by one, since the rest may be signed by keys that they name; then what ends something,
/// then what begins something. Whether that is all there is.
pub(super) fn wanted(inbox: &Inbox, keyset: u64, known: &Known) -> (Vec<Wanted>, bool) {
    let row = |kind, name: String, path| Wanted { kind, name, path };
    let versions = (keyset + 1..=inbox.keyset_version.max(keyset)).take(MOST);
    let keysets = versions.map(|version| row(Kind::Keyset, version.to_string(), format!("/v1/keysets/{version}")));
    let cancels = inbox.cancels.iter().map(|id| row(Kind::Cancel, id.to_string(), format!("/v1/requests/{id}/cancel")));
    let deletions = inbox.deletions.iter().map(|id| row(Kind::Deletion, id.to_string(), format!("/v1/deletions/{id}")));
    let requests = inbox.requests.iter().map(|id| row(Kind::Request, id.to_string(), format!("/v1/requests/{id}")));
    let news = cancels.chain(deletions).chain(requests).filter(|wanted| !known.0.contains(&wanted.path));
    let mut wanted: Vec<Wanted> = keysets.chain(news).take(MOST + 1).collect();
    let whole = wanted.len() <= MOST && inbox.keyset_version.saturating_sub(keyset) <= MOST as u64;
    wanted.truncate(MOST);
    (wanted, whole)
}

/// Fetches a paper; none where the center has none.
pub(super) async fn fetch(client: &mut Client, path: &str) -> Result<Option<Signed>, Fault> {
    let request = Request { method: Method::GET, path, headers: Vec::new(), body: Vec::new(), most: MAX_PAPER };
    let answer = answer(&ask(client, request).await.map_err(no_reply)?)?;
    match answer.status {
        200 => Signed::parse(answer.body.as_bytes()).map(Some).map_err(|error| Fault::NotACenter(error.to_string())),
        404 | 410 => Ok(None),
        status => Err(Fault::NotACenter(format!("status {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use oediag_protocol::{
        id::{ReceiptId, RequestId},
        inbox::Schema,
    };

    use super::*;

    fn inbox() -> Inbox {
        Inbox {
            schema: Schema::V1,
            next_poll_s: 300,
            requests: vec![RequestId([1; 16]), RequestId([2; 16])],
            cancels: vec![RequestId([3; 16])],
            keyset_version: 3,
            deletions: vec![ReceiptId([4; 16])],
            wants_catalogue: false,
            log: None,
        }
    }

    #[test]
    fn keysets_come_first_and_known_papers_not_again() {
        let mut known = Known::default();
        let (all, whole) = wanted(&inbox(), 1, &known);
        let kinds: Vec<Kind> = all.iter().map(|wanted| wanted.kind).collect();
        assert_eq!(kinds, [Kind::Keyset, Kind::Keyset, Kind::Cancel, Kind::Deletion, Kind::Request, Kind::Request]);
        assert_eq!((all[0].path.as_str(), all[1].path.as_str(), whole), ("/v1/keysets/2", "/v1/keysets/3", true));
        for wanted in &all {
            known.keep(wanted);
        }
        assert_eq!(wanted(&inbox(), 3, &known), (Vec::new(), true));
    }

    #[test]
    fn however_much_is_named_little_is_fetched_at_once() {
        let requests = (0..100_u8).map(|id| RequestId([id; 16])).collect();
        let (some, whole) = wanted(&Inbox { requests, ..inbox() }, 3, &Known::default());
        assert_eq!((some.len(), whole), (MOST, false));
        let (some, whole) = wanted(&Inbox { keyset_version: u64::MAX, ..inbox() }, 3, &Known::default());
        assert_eq!((some.len(), whole, some[MOST - 1].path.as_str()), (MOST, false, "/v1/keysets/19"));
        // An older keyset is nothing to fetch.
        let (some, _) = wanted(&Inbox { keyset_version: 0, ..inbox() }, 3, &Known::default());
        assert!(some.iter().all(|wanted| wanted.kind != Kind::Keyset));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = Known::default();
        for number in 0..5000 {
            known.keep(&Wanted { kind: Kind::Request, name: String::new(), path: number.to_string() });
            assert!(known.0.len() <= MAX_KNOWN);
        }
    }
}
