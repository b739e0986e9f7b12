//! The second half of `oediag upload`: from a receipt to the center's ack. Each step is on the disk before the next begins.

use std::path::{Path, PathBuf};

use oediag_collector::ledger;
use oediag_protocol::{
    ack::Ack,
    digest::Sha256,
    ledger::{Event, Note},
    signed::Signed,
    sshsig::PublicKey,
};
use serde::Serialize;

use super::{Desk, now};
use crate::{
    failure::{self, Failure, Kind, exit},
    progress::Transfer,
    release::{
        outbox::{self, Parcel},
        own::Own,
        receipt::{Receipt, Sending},
    },
    sender::{self, Caller, Consignment, Fault, Line, Progress},
    term, text, view, way,
};

impl Desk<'_> {
    /// Seals where that is not done, sends, and keeps the ack.
    pub(super) fn deliver(&self, own: &Own, receipt: &Receipt) -> Result<u8, Failure> {
        let key = self.identity.signer.public();
        if let Some(ack) = receipt.ack(&key) {
            let stored = self.stored(Some(&own.path), ack, true);
            self.given.show(&stored, |page| self.lines(&stored, page))?;
            return Ok(exit::OK);
        }
        let mut sending = self.sending(receipt)?;
        let parcel = if let Some(parcel) = outbox::sealed(receipt, &self.center, &self.state, &key) {
            parcel
        } else {
            // On the disk before there are other bytes: the old slot holds some of the former ones.
            sending = Sending { slot: None, total: None, at: 0, ..sending };
            receipt.note(&sending).map_err(|error| self.receipts(error))?;
            self.seal(own, receipt)?
        };
        let ack = self.hand_over(receipt, &parcel, sending)?;
        let stored = self.stored(Some(&own.path), ack, false);
        self.given.show(&stored, |page| self.lines(&stored, page))?;
        Ok(exit::OK)
    }

    /// How far an earlier run has sent it to this center; the center may have said when to come again.
    pub(super) fn sending(&self, receipt: &Receipt) -> Result<Sending, Failure> {
        let texts = &self.given.texts;
        let sending = receipt.sending().filter(|sending| sending.url == self.center.url).unwrap_or(Sending {
            url: self.center.url.clone(),
            pin: self.center.pin.to_string(),
            slot: None,
            total: None,
            at: 0,
            not_before: None,
        });
        // The process that sends told it, and that is believed no more than a center is.
        let slot = sending.slot.filter(|slot| sender::is_slot(slot));
        let sending = Sending { slot, ..sending };
        // No center is waited for longer; what says so was written by a clock that was wrong.
        let latest = now().0.saturating_add_unsigned(sender::LATEST);
        match sending.not_before.filter(|at| now() < *at && at.0 <= latest) {
            Some(at) => {
                let fault = Fault::Later { at, why: text!(texts, "why-told-before") };
                Err(failure::from_fault(fault, Some(receipt.consent.receipt_id), texts))
            }
            None => Ok(sending),
        }
    }

    /// Sends a sealed file, and keeps the ack.
    pub(super) fn hand_over(&self, receipt: &Receipt, parcel: &Parcel, mut sending: Sending) -> Result<Ack, Failure> {
        let total = parcel.frame.bytes();
        sending.total = Some(total);
        receipt.note(&sending).map_err(|error| self.receipts(error))?;
        let body = self.send(receipt, parcel, sending)?;
        let (ack, signer, ack_digest) = self.check(&body, receipt, parcel)?;
        // Only what was verified is kept; only then does the sealed file go. A run that ends here is told the same again.
        let stored = Note::of(Event::Stored, ack_digest);
        ledger::append(&self.state, &self.identity, now(), stored).map_err(|error| failure::ledger(error, &self.given.texts))?;
        receipt.acknowledge(body.as_bytes(), &signer).map_err(|error| self.receipts(error))?;
        // A sealed file that cannot be removed now does no harm.
        std::fs::remove_file(outbox::place(&self.state, receipt.consent.receipt_id)).unwrap_or_default();
        Ok(ack)
    }

    fn seal(&self, own: &Own, receipt: &Receipt) -> Result<Parcel, Failure> {
        let bar = Transfer::new(text!(self.given.texts, "progress-encrypting"), own.bundle.bytes, self.given.progress);
        let sealed = outbox::seal(own, receipt, &self.center, &self.state, &self.identity, now(), |done| bar.at(done));
        bar.done();
        sealed.map_err(|error| self.seal_failed(error))
    }

    /// Sends a parcel; gives what the center says is its ack.
    fn send(&self, receipt: &Receipt, parcel: &Parcel, sending: Sending) -> Result<String, Failure> {
        let texts = &self.given.texts;
        let key = self.state.transport_key().map_err(|error| failure::state(error, texts))?;
        let payload =
            parcel.payload.try_clone().map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-sender")).because(error))?;
        let (options, center) = (self.options, &self.center);
        let mut way = way::configured(&center.url, &self.state, self.given)?;
        way.kib_s = options.limit_kib_s.or(way.kib_s);
        let line = Line { url: center.url.clone(), ca: center.ca.clone(), way, patience: options.patience };
        let ledger = ledger::head(&self.state).map_err(|error| failure::ledger(error, texts))?;
        let consignment = Consignment {
            caller: Caller { host: self.identity.host_id, key: &key, ledger },
            receipt: receipt.consent.receipt_id,
            frame: &parcel.frame,
            payload,
            slot: sending.slot.clone(),
        };
        let bar = Transfer::new(text!(texts, "progress-sending"), parcel.frame.bytes(), self.given.progress);
        let noted = std::cell::RefCell::new(sending);
        let keep = |edit: &dyn Fn(&mut Sending)| {
            let mut noted = noted.borrow_mut();
            edit(&mut noted);
            receipt.note(&noted)
        };
        let store = |slot: &str| {
            let stored = keep(&|sending| {
                sending.slot = Some(slot.to_owned());
                sending.at = 0;
            });
            stored.map_err(|error| error.to_string())
        };
        let told = sender::upload(line, consignment, store, |progress| match progress {
            Progress::At(bytes) => {
                bar.at(bytes);
                // Only for `status`: where to go on is asked of the center.
                keep(&|sending| sending.at = bytes).unwrap_or_default();
            }
            Progress::Waiting(seconds, why) => {
                bar.note(&text!(texts, "note-waiting", seconds = seconds, why = term::escape(&why)));
            }
        });
        bar.done();
        told.map_err(|fault| {
            let (not_before, lost) = match &fault {
                Fault::Later { at, .. } => (Some(*at), false),
                // The center has thrown its copy away.
                Fault::OtherBytes(_) => (None, true),
                _ => (None, false),
            };
            let kept = keep(&|sending| {
                sending.not_before = not_before;
                if lost {
                    sending.slot = None;
                }
            });
            if let Err(error) = kept {
                term::note(&term::escape(&error.to_string()));
            }
            failure::from_fault(fault, Some(receipt.consent.receipt_id), texts)
        })
    }

    /// An ack counts when a key of the center's signed it, and when it is about what was sent.
    fn check(&self, body: &str, receipt: &Receipt, parcel: &Parcel) -> Result<(Ack, PublicKey, Sha256), Failure> {
        let invalid = |cause: anyhow::Error| {
            let failure = Failure::new(Kind::Verification, text!(self.given.texts, "error-ack")).because(cause);
            failure.hint(text!(self.given.texts, "hint-ack"))
        };
        let signed = Signed::parse(body.as_bytes()).map_err(|error| invalid(error.into()))?;
        let keys = self.center.keyset.ack_keys();
        // All keys at once for the error that tells most; then the one that it was.
        let ack: Ack = signed.open(&keys, 1).map_err(|error| invalid(error.into()))?;
        ack.answers(&parcel.envelope, receipt.consent.receipt_id).map_err(|error| invalid(error.into()))?;
        let signer = keys.into_iter().find(|key| signed.open::<Ack>(std::slice::from_ref(key), 1).is_ok());
        signer
            .map(|signer| (ack, signer, signed.digest()))
            .ok_or_else(|| invalid(anyhow::anyhow!("no key of the center's signed it")))
    }

    /// What is told of a stored bundle.
    pub(super) fn stored(&self, bundle: Option<&Path>, ack: Ack, already: bool) -> Stored {
        Stored {
            already,
            bundle: bundle.map(Path::to_owned),
            bundle_id: ack.bundle_id.to_string(),
            receipt_id: ack.receipt_id.to_string(),
            page: self.center.url.join(&format!("/bundles/{}", ack.bundle_id)),
            ack,
        }
    }

    pub(super) fn lines(&self, stored: &Stored, page: &view::Page<'_>) -> Vec<String> {
        view::consent::stored(&stored.ack, &self.center, &stored.page, stored.already, page)
    }
}

/// `upload --json`; with `--unfinished` a list of these, which do not know the bundle's path.
#[derive(Serialize)]
pub(super) struct Stored {
    already: bool,
    bundle: Option<PathBuf>,
    bundle_id: String,
    receipt_id: String,
    page: String,
    ack: Ack,
}
