//! The second half of `oediag upload`: from a receipt to the center's ack. Each step is on the disk before the next begins.

use std::path::{Path, PathBuf};

use oediag_collector::ledger;
use oediag_protocol::{ack::Ack, signed::Signed};
use serde::Serialize;

use super::{Desk, now};
use crate::{
    cli::Upload,
    failure::{self, Failure, Kind, exit},
    progress::Transfer,
    release::{
        outbox::{self, Parcel},
        own::Own,
        receipt::{Receipt, Sending},
        stored,
    },
    sender::{self, Caller, Consignment, Fault, Line, Progress},
    term, text,
    texts::Texts,
    view, way,
};

impl Desk<'_> {
    /// Seals where that is not done, sends, and keeps the ack.
    pub(super) fn deliver(&self, own: &Own, receipt: &Receipt, options: &Upload) -> Result<u8, Failure> {
        if self.told_before(own, receipt)? {
            return Ok(exit::OK);
        }
        self.in_time(&self.sending(receipt), receipt)?;
        let (parcel, sending) = self.parcel(own, receipt)?;
        let ack = self.hand_over(receipt, &parcel, sending, options)?;
        let stored = self.stored(Some(&own.path), ack, false);
        self.given.show(&stored, |page| self.lines(&stored, page))?;
        Ok(exit::OK)
    }

    /// Whether the center has it already; tells so.
    pub(super) fn told_before(&self, own: &Own, receipt: &Receipt) -> Result<bool, Failure> {
        let Some(ack) = receipt.ack(&self.identity.signer.public()) else { return Ok(false) };
        let stored = self.stored(Some(&own.path), ack, true);
        self.given.show(&stored, |page| self.lines(&stored, page))?;
        Ok(true)
    }

    /// The sealed file, made where that is not done; and how far it was sent.
    pub(super) fn parcel(&self, own: &Own, receipt: &Receipt) -> Result<(Parcel, Sending), Failure> {
        let sending = self.sending(receipt);
        if let Some(parcel) = outbox::sealed(receipt, &self.center, &self.state, &self.identity.signer.public()) {
            return Ok((parcel, sending));
        }
        // On the disk before there are other bytes: the old slot holds some of the former ones.
        let sending = Sending { slot: None, total: None, at: 0, ..sending };
        receipt.note(&sending).map_err(|error| self.receipts(error))?;
        Ok((self.seal(own, receipt)?, sending))
    }

    /// How far an earlier run has sent it to this center.
    pub(super) fn sending(&self, receipt: &Receipt) -> Sending {
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
        Sending { slot, ..sending }
    }

    /// Refuses to send before the moment that the center may have said.
    pub(super) fn in_time(&self, sending: &Sending, receipt: &Receipt) -> Result<(), Failure> {
        let texts = &self.given.texts;
        // No center is waited for longer; what says so was written by a clock that was wrong.
        let latest = now().0.saturating_add_unsigned(sender::LATEST);
        match sending.not_before.filter(|at| now() < *at && at.0 <= latest) {
            Some(at) => {
                let fault = Fault::Later { at, why: text!(texts, "why-told-before") };
                Err(failure::from_fault(fault, Some(receipt.consent.receipt_id), texts))
            }
            None => Ok(()),
        }
    }

    /// Sends a sealed file, and keeps the ack.
    pub(super) fn hand_over(
        &self,
        receipt: &Receipt,
        parcel: &Parcel,
        mut sending: Sending,
        options: &Upload,
    ) -> Result<Ack, Failure> {
        let total = parcel.frame.bytes();
        sending.total = Some(total);
        receipt.note(&sending).map_err(|error| self.receipts(error))?;
        let body = self.send(receipt, parcel, sending, options)?;
        let texts = &self.given.texts;
        let signed = Signed::parse(body.as_bytes()).map_err(|error| no_ack(error, texts))?;
        let verified = stored::verify(&signed, receipt, &parcel.envelope, &self.center.keyset.ack_keys());
        let verified = verified.map_err(|error| no_ack(error, texts))?;
        // A run that ends here is told the same again.
        let kept = stored::keep(body.as_bytes(), &verified, receipt, &self.state, &self.identity, now());
        kept.map_err(|error| self.receipts(error))?;
        Ok(verified.ack)
    }

    fn seal(&self, own: &Own, receipt: &Receipt) -> Result<Parcel, Failure> {
        let bar = Transfer::new(text!(self.given.texts, "progress-encrypting"), own.bundle.bytes, self.given.progress);
        let sealed = outbox::seal(own, receipt, &self.center, &self.state, &self.identity, now(), |done| bar.at(done));
        bar.done();
        sealed.map_err(|error| self.seal_failed(error))
    }

    /// Sends a parcel; gives what the center says is its ack.
    fn send(&self, receipt: &Receipt, parcel: &Parcel, sending: Sending, options: &Upload) -> Result<String, Failure> {
        let texts = &self.given.texts;
        let key = self.state.transport_key().map_err(|error| failure::state(error, texts))?;
        let payload =
            parcel.payload.try_clone().map_err(|error| Failure::new(Kind::Usage, text!(texts, "error-sender")).because(error))?;
        let center = &self.center;
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

/// What came back is no ack of what was sent.
pub(in crate::cmd) fn no_ack(cause: impl Into<anyhow::Error>, texts: &Texts) -> Failure {
    Failure::new(Kind::Verification, text!(texts, "error-ack")).because(cause).hint(text!(texts, "hint-ack"))
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
