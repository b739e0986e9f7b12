//! What goes out: the agent is told what to send, and tells what became of it.
//!
//! In: the book, the ledger, sealed files. Out: letters and uploads in their order; acks that were verified. Never: hands out a byte
//! that is not signed or sealed already, or believes that something arrived because the agent says so, where the center signs for it.

use std::{collections::btree_map, fs::File};

use oediag_collector::{
    config, ledger as book_of_host,
    state::{self, StateError},
};
use oediag_protocol::{
    ack::Ack,
    bundle::manifest::LedgerHead,
    consent::{BundleDigest, BundleRef},
    document::MAX_BYTES,
    id::{ReceiptId, RequestId},
    json,
    ledger::Reason,
    request::life::{Move, State},
    signed::Signed,
    sshsig::PublicKey,
    time::Time,
};

use super::{
    Broker, Kept, Trouble,
    book::{Entry, Step},
    notify, offer,
    policy::Standing,
    take::raise_floor,
    wire::{Answer, Center, Hello, Kind, Letter, Method, Upload},
};
use crate::{
    enrolment::Enrolment,
    release::{outbox, receipt::Receipt, withdraw},
    way::Way,
};

/// The ledger head that the center has.
const TOLD: &str = "ledger.told";
/// The letter with the ledger's head.
const LEDGER: &str = "ledger";
/// The letter with the catalogue.
const CATALOGUE: &str = "catalogue";
/// What the names of letters with events, and with withdrawals, begin with.
const EVENT: &str = "event/";
const WITHDRAWAL: &str = "withdrawal/";
/// Most letters and most uploads told at once: they have to fit into an answer.
const MAX_LETTERS: usize = 20;
const MAX_UPLOADS: usize = 4;
/// Seconds for which a request at work keeps the agent asking often.
const FAST: i64 = 60;
/// Longest path of a slot.
const MAX_SLOT: usize = 300;

impl Broker {
    pub(super) fn hello(&self, kept: &Kept) -> Result<Answer, Trouble> {
        let now = self.hand().now;
        let standing = Standing::read(&self.state);
        let center = Enrolment::load(&self.state)?.map(|center| self.center(center)).transpose()?;
        let works = |entry: &Entry| entry.is_open() && !matches!(entry.row.state, State::Pending | State::Preview);
        let busy = kept.book.entries().any(works).then_some(Time(now.0.saturating_add(FAST)));
        Ok(Answer::Hello(Box::new(Hello {
            center,
            remote: standing.policy.remote.enabled,
            ledger: book_of_host::head(&self.state)?,
            fast_until: kept.session.filter(|until| now < *until).max(busy),
        })))
    }

    /// The center, and how this host's settings say that it is reached.
    fn center(&self, center: Enrolment) -> Result<Center, Trouble> {
        let way = config::load(&self.state.policy())?;
        let way = Way::to(&center.url, &way.network).map_err(|_| Trouble::No("proxy_credentials"))?;
        Ok(Center {
            url: center.url,
            ca: center.ca,
            way,
            host_id: center.host_id,
            tenant_id: center.tenant,
            keyset_version: center.keyset.version,
        })
    }

    pub(super) fn outgoing(&self, kept: &mut Kept, catalogue: bool) -> Result<Answer, Trouble> {
        // What takes something back goes first, and leaves room for the rest.
        let mut letters = self.withdrawals(kept)?;
        letters.truncate(MAX_LETTERS / 2);
        'requests: for entry in kept.book.entries() {
            let id = entry.row.id;
            for (name, event) in kept.book.waiting(id) {
                if letters.len() >= MAX_LETTERS {
                    break 'requests;
                }
                let body = text(event.to_bytes()?);
                let path = format!("/v1/requests/{id}/events");
                letters.push(Letter { id: format!("{EVENT}{id}/{name}"), method: Method::Post, path, body });
            }
        }
        let signed = book_of_host::signed_head(&self.state, &self.identity.signer.public())?;
        let told = self.told_head()?;
        if let Some(signed) = signed.filter(|signed| told.as_ref() != Some(&signed.head)) {
            let bytes = state::saved(&book_of_host::head_path(&self.state), MAX_BYTES as u64)?.unwrap_or_default();
            let (id, path) = (LEDGER.to_owned(), "/v1/ledger/head".to_owned());
            letters.push(Letter { id, method: Method::Post, path, body: text(bytes) });
            kept.offered = Some(signed.head);
        }
        if catalogue {
            let body = text(json::to_bytes(&offer::offer(&self.rows))?);
            let (id, path) = (CATALOGUE.to_owned(), "/v1/catalogue".to_owned());
            letters.push(Letter { id, method: Method::Put, path, body });
        }
        let sending: Vec<ReceiptId> = kept
            .book
            .entries()
            .filter(|entry| entry.row.state == State::Uploading && !entry.carried())
            .filter_map(|entry| entry.receipt)
            .take(MAX_UPLOADS)
            .collect();
        let mut uploads = Vec::new();
        for receipt in sending {
            match self.upload(kept, receipt) {
                Ok(upload) => uploads.push(upload),
                // Whoever ended the consent did not have to tell the broker.
                Err(Trouble::No("not_covered")) => {
                    let id = of(kept, receipt)?;
                    self.end(kept, id, Step { why: Reason::parse("not_covered"), ..Move::Cancel.into() }, |_| {})?;
                }
                Err(error) => notify::trouble(&error),
            }
        }
        Ok(Answer::Outgoing { letters, uploads })
    }

    /// Withdrawals that the center has not confirmed; it is told again until it does.
    fn withdrawals(&self, kept: &mut Kept) -> Result<Vec<Letter>, Trouble> {
        let key = self.identity.signer.public();
        let mut letters = Vec::new();
        for found in Receipt::all(&self.state, &key)? {
            let Some((withdrawal, _)) =
                withdraw::withdrawal(&found, &key)?.filter(|_| withdraw::waits(&found, &key).unwrap_or(true))
            else {
                continue;
            };
            let receipt = found.consent.receipt_id;
            self.withdrawn(kept, receipt)?;
            let (id, path) = (format!("{WITHDRAWAL}{receipt}"), "/v1/withdrawals".to_owned());
            letters.push(Letter { id, method: Method::Post, path, body: text(withdrawal.to_bytes()?) });
        }
        Ok(letters)
    }

    /// Moves the request on whose receipt was taken back.
    pub(super) fn withdrawn(&self, kept: &mut Kept, receipt: ReceiptId) -> Result<(), Trouble> {
        let entry = kept.book.entries().find(|entry| entry.receipt == Some(receipt)).map(|entry| (entry.row.id, entry.row.state));
        match entry {
            // Who withdrew wrote the line.
            Some((id, state)) if state.after(Move::Withdraw).is_some() => {
                kept.book.step(id, Step { written: true, ..Move::Withdraw.into() }, self.hand(), |_| {})?;
            }
            Some((id, state)) if state.after(Move::Cancel).is_some() => {
                self.end(kept, id, Step { why: Reason::parse("withdrawn"), ..Move::Cancel.into() }, |_| {})?;
            }
            _ => {}
        }
        Ok(())
    }

    fn upload(&self, kept: &mut Kept, receipt: ReceiptId) -> Result<Upload, Trouble> {
        let (found, center) = self.agreed(receipt)?;
        let frame = match kept.frames.entry(receipt) {
            btree_map::Entry::Occupied(known) => known.into_mut(),
            btree_map::Entry::Vacant(place) => {
                // After a start: what lies there is digested once more.
                let parcel = outbox::sealed(&found, &center, &self.state, &self.identity.signer.public());
                place.insert(parcel.ok_or(Trouble::No("no_payload"))?.frame)
            }
        };
        let sending = found.sending();
        Ok(Upload {
            receipt,
            front: text(frame.front.clone()),
            payload: frame.payload,
            back: frame.back.len() as u64,
            slot: sending.as_ref().and_then(|sending| sending.slot.clone()),
            not_before: sending.and_then(|sending| sending.not_before),
        })
    }

    pub(super) fn payload(&self, kept: &Kept, receipt: ReceiptId) -> Result<(Answer, File), Trouble> {
        of(kept, receipt)?;
        self.agreed(receipt)?;
        let file = File::open(outbox::place(&self.state, receipt))?;
        let bytes = file.metadata()?.len();
        Ok((Answer::Payload { bytes }, file))
    }

    pub(super) fn sent(&self, kept: &mut Kept, id: &str, status: u16, body: Option<&Signed>) -> Result<(), Trouble> {
        let taken = (200..300).contains(&status);
        // Told to come again, or not known who asks: it waits.
        let refused = (400..500).contains(&status) && ![401, 408, 409, 425, 429].contains(&status);
        if id == LEDGER {
            if status == 409 {
                notify::trouble(&Trouble::No("ledger_conflict"));
            }
            if taken || status == 409 {
                let told = kept.offered.take().ok_or(Trouble::No("unknown_letter"))?;
                state::save(&self.state.data().join(TOLD), &json::to_bytes(&told)?)?;
            }
        } else if let Some((request, name)) = id.strip_prefix(EVENT).and_then(|rest| rest.split_once('/')) {
            let request = RequestId::parse(request).ok_or(Trouble::No("unknown_letter"))?;
            if taken || refused {
                kept.book.entry(request)?;
                kept.book.told(request, name);
            }
        } else if id.starts_with(WITHDRAWAL) {
            // Only the center's signature says that it is gone.
            if let Some(deletion) = body.filter(|_| taken) {
                self.take(kept, Kind::Deletion, deletion)?;
            }
        } else if id != CATALOGUE {
            return Err(Trouble::No("unknown_letter"));
        }
        Ok(())
    }

    pub(super) fn slot(&self, kept: &Kept, receipt: ReceiptId, slot: String) -> Result<(), Trouble> {
        of(kept, receipt)?;
        // It becomes part of a URL: one that is none could lead elsewhere.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
        if !(slot.starts_with("/v1/uploads/") && slot.len() <= MAX_SLOT && slot.bytes().all(plain)) {
            return Err(Trouble::No("no_slot"));
        }
        let (found, _) = self.agreed(receipt)?;
        if let Some(mut sending) = found.sending() {
            (sending.slot, sending.at) = (Some(slot), 0);
            found.note(&sending)?;
        }
        Ok(())
    }

    /// Only the center's signature says that it has the file.
    pub(super) fn ack(&self, kept: &mut Kept, receipt: ReceiptId, object: &Signed) -> Result<(), Trouble> {
        let found = self.receipt(receipt)?;
        let key = self.identity.signer.public();
        if found.ack(&key).is_some() && of(kept, receipt).is_err() {
            return Ok(());
        }
        let id = of(kept, receipt)?;
        let center = Enrolment::load(&self.state)?.ok_or(Trouble::No("not_enrolled"))?;
        let keys = center.keyset.ack_keys();
        let by = |key: &PublicKey| object.open::<Ack>(std::slice::from_ref(key), 1).ok().map(|ack| (ack, key.clone()));
        let (ack, signer) = keys.iter().find_map(by).ok_or(Trouble::No("bad_sig"))?;
        let (envelope, ..) = found.envelope(&key).ok_or(Trouble::No("no_payload"))?;
        ack.answers(&envelope, receipt).map_err(|_| Trouble::No("other_receipt"))?;
        raise_floor(&self.state, ack.stored_at, self.hand().now)?;
        found.acknowledge(&object.to_bytes()?, &signer)?;
        kept.book.step(id, Step { obj: Some(object.digest()), ..Move::Store.into() }, self.hand(), |_| {})?;
        kept.frames.remove(&receipt);
        // A sealed file that cannot be removed now does no harm.
        outbox::discard(&self.state, receipt).unwrap_or_default();
        Ok(())
    }

    pub(super) fn upload_failed(
        &self,
        kept: &mut Kept,
        receipt: ReceiptId,
        word: Reason,
        not_before: Option<Time>,
    ) -> Result<(), Trouble> {
        let id = of(kept, receipt)?;
        if self.hand().now >= kept.book.entry(id)?.row.expires {
            return self.end(kept, id, Step { why: Some(word), ..Move::Fail.into() }, |_| {});
        }
        let found = self.receipt(receipt)?;
        if let Some(mut sending) = found.sending() {
            sending.not_before = not_before;
            // The center has thrown its copy away: it is sent from the first byte.
            if word.as_str() == "other_bytes" {
                sending.slot = None;
            }
            found.note(&sending)?;
        }
        Ok(())
    }

    /// A receipt under which bytes may leave at this moment, and the center that it was given for.
    fn agreed(&self, receipt: ReceiptId) -> Result<(Receipt, Enrolment), Trouble> {
        let found = self.receipt(receipt)?;
        let center = Enrolment::load(&self.state)?.ok_or(Trouble::No("not_enrolled"))?;
        if covers(&found, &center, self.hand().now) { Ok((found, center)) } else { Err(Trouble::No("not_covered")) }
    }

    fn receipt(&self, receipt: ReceiptId) -> Result<Receipt, Trouble> {
        Receipt::read(&self.state, receipt, &self.identity.signer.public())?.ok_or(Trouble::No("unknown_receipt"))
    }

    fn told_head(&self) -> Result<Option<LedgerHead>, StateError> {
        let bytes = state::saved(&self.state.data().join(TOLD), MAX_BYTES as u64)?;
        Ok(bytes.and_then(|bytes| json::parse(&bytes, MAX_BYTES).ok()))
    }
}

fn covers(found: &Receipt, center: &Enrolment, now: Time) -> bool {
    let BundleRef { bundle_id, sha256, bytes, .. } = found.consent.bundle;
    let request = found.consent.request.map(|request| request.request_id);
    found.covers(&BundleDigest { bundle_id, sha256, bytes }, center, request, now)
}

/// The request whose sealed file goes under a receipt.
fn of(kept: &Kept, receipt: ReceiptId) -> Result<RequestId, Trouble> {
    let goes = |entry: &&Entry| entry.receipt == Some(receipt) && entry.row.state == State::Uploading;
    kept.book.entries().find(goes).map(|entry| entry.row.id).ok_or(Trouble::No("unknown_receipt"))
}

/// Documents and zeros: text by construction.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}
